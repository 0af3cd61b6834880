"""The ledger's proof of itself: verify, checkpoint, sums."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.fields import By, Cursor, Input, Limit, Output, Page, optional_id, page
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import amount, time
from counterfoil.ledger import proofs_model
from counterfoil.ledger.proofs_model import VerificationState

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


class Verification(Output):
    """When somebody had the ledger prove itself, and how it ended."""

    verification_id: str
    state: VerificationState = Field(
        description="`failed` came to no end and proves nothing; `differs` found something."
    )
    started_by: str
    started_at: str | None
    ended_at: str | None
    transfers: int
    transfers_expected: int
    accounts: int
    checkpoints: int
    findings: list[Finding]
    failure: str | None

    @classmethod
    def of(cls, one: proofs_model.Verification) -> Verification:
        return cls(
            verification_id=show_id("verification", one.verification_id), state=one.state, started_by=one.started_by,
            started_at=time(one.started_at), ended_at=time(one.ended_at), transfers=one.transfers,
            transfers_expected=one.transfers_expected, accounts=one.accounts, checkpoints=one.checkpoints,
            findings=[
                Finding(kind=found.kind, account_id=found.account, version=found.version, message=found.message)
                for found in one.findings
            ],
            failure=one.failure,
        )  # fmt: skip


class NewVerification(Input):
    """Who asks for it."""

    by: By | None = None


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


@router.post(
    "/verifications", status_code=202, summary="Begin to verify the ledger in the background, and keep the result"
)
async def start_verification(services: UseCases, caller: Caller, body: NewVerification) -> Verification:
    return Verification.of(await services.proofs.start(by=caller.named(body.by)))


@router.get("/verifications", summary="List verifications, newest first")
async def list_verifications(services: UseCases, limit: Limit = 50, cursor: Cursor = None) -> Page[Verification]:
    rows = await services.proofs.list(before=optional_id("verification", cursor), most=limit + 1)
    return page(
        rows, limit=limit, item=Verification.of, cursor=lambda row: show_id("verification", row.verification_id)
    )


@router.get("/verifications/{verification_id}", summary="Get a verification, running or ended")
async def get_verification(
    services: UseCases,
    verification_id: Annotated[str, Path(description="The verification's id (vrfy_…).", max_length=60)],
) -> Verification:
    return Verification.of(await services.proofs.find(read_id("verification", verification_id)))


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
