"""The ledger's proof of itself: verify, checkpoint, sums."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from counterfoil.api.fields import Output, amount, time
from counterfoil.api.services import UseCases

router = APIRouter(prefix="/ledger", tags=["ledger"])


class Sum(Output):
    """What named accounts of one currency add up to."""

    amount_nanos: int
    amount: str


class Finding(Output):
    """Something that does not hold."""

    kind: str
    account_id: str
    version: int | None
    message: str


class Report(Output):
    """The ledger recomputed from what was posted."""

    verified: bool
    accounts: int
    transfers: int
    checkpoints: int
    sums: dict[str, Sum] = Field(description="Per currency, all named accounts together: zero.")
    findings: list[Finding]


class CheckpointOutput(Output):
    """A signed checkpoint, kept as a file outside the database."""

    number: int
    created_at: str | None
    accounts: int
    previous: str | None


class CurrencySums(Output):
    accounts: dict[str, Sum]
    total_nanos: int
    total: str


class Sums(Output):
    """Per currency, what every named account comes to; the total is zero."""

    sums: dict[str, CurrencySums]
    balanced: bool


@router.get("/verify", summary="Recompute everything and compare it with records and checkpoints")
async def verify_ledger(services: UseCases) -> Report:
    report = await services.ledger.verify(services.checkpoints.read())
    return Report(
        verified=report.verified,
        accounts=report.accounts,
        transfers=report.transfers,
        checkpoints=report.checkpoints,
        sums={currency: Sum(**amount("amount", nanos)) for currency, nanos in report.sums.items()},
        findings=[
            Finding(kind=one.kind, account_id=one.account, version=one.version, message=one.message)
            for one in report.findings
        ],
    )


@router.post("/checkpoint", status_code=201, summary="Sign every account's version and hash into a file")
async def make_checkpoint(services: UseCases) -> CheckpointOutput:
    made = await services.ledger.checkpoint(services.checkpoints)
    return CheckpointOutput(
        number=made.number,
        created_at=time(made.created_at),
        accounts=len(made.accounts),
        previous=made.previous or None,
    )


@router.get("/sums", summary="Get what every named account comes to")
async def get_sums(services: UseCases) -> Sums:
    found = await services.ledger.sums()
    return Sums(
        sums={
            currency: CurrencySums(
                accounts={name: Sum(**amount("amount", nanos)) for name, nanos in named.items()},
                **amount("total", sum(named.values())),
            )
            for currency, named in found.items()
        },
        balanced=not any(sum(named.values()) for named in found.values()),
    )
