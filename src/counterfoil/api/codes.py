"""Redemption codes: batches of them, redeeming one, and every try to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from counterfoil.api.access import OPERATOR, Caller
from counterfoil.api.fields import (
    By,
    Cursor,
    Input,
    Limit,
    Output,
    Page,
    Text,
    Texts,
    Time,
    Whole,
    optional_id,
    optional_time,
    page,
    without,
)
from counterfoil.api.services import UseCases
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.ledger.model import GrantKind
from counterfoil.recharge import codes_model as model
from counterfoil.recharge.codes_rules import CODES_PER_BATCH_MAX, GRANT_DAYS_MAX, GRANT_PRIORITY_MAX
from counterfoil.recharge.codes_shown import batch_json, code_json, redemption_json, try_json

router = APIRouter(tags=["codes"])

BatchId = Annotated[str, Path(description="The batch's id (batch_…).", max_length=60)]
CodeId = Annotated[str, Path(description="The code's id (code_…).", max_length=60)]
# A longer text is no code either; what it says is told by the use case.
Typed = Annotated[
    str, Field(max_length=1000, description="As it was typed: capitals, spaces and hyphens do not matter.")
]


class NewBatch(Input):
    """Codes on the same terms. Each credits `value` (or `value_nanos`) once."""

    name: Annotated[Text, Field(min_length=1, max_length=120)]
    value: Annotated[str | None, Field(max_length=40, description="A decimal such as 12.34; or use value_nanos.")] = (
        None
    )
    value_nanos: Annotated[Whole | None, Field(description="1e-9 of the currency's unit; or use value.")] = None
    currency: Annotated[str, Field(max_length=10)] = "USD"
    count: Annotated[
        Whole, Field(le=CODES_PER_BATCH_MAX, description=f"How many codes; at most {CODES_PER_BATCH_MAX}.")
    ]
    kind: Annotated[GrantKind, Field(description="What kind of credit it is; paid for codes that are sold.")] = (
        GrantKind.PROMOTIONAL
    )
    grant_priority: Annotated[Whole, Field(le=GRANT_PRIORITY_MAX, description="Lower is spent first.")] = 100
    grant_days: Annotated[
        Whole | None,
        Field(ge=1, le=GRANT_DAYS_MAX, description="How long the credit lives once redeemed; null: for ever."),
    ] = None
    per_account_limit: Annotated[
        Whole | None, Field(ge=1, le=CODES_PER_BATCH_MAX, description="How many one account may redeem; null: all.")
    ] = None
    allowed_groups: Annotated[
        Texts,
        Field(description="Names of groups, one of which the account must have; empty: every account may redeem."),
    ] = []
    expires_at: Annotated[Time | None, Field(description="From then on no code is redeemed; null: never.")] = None
    by: By | None = None

    def settings(self) -> model.BatchSettings:
        if (self.value is None) is (self.value_nanos is None):
            raise InputError(field="value", expected="value or value_nanos, not both")
        return model.BatchSettings(
            name=self.name,
            value=parse_nanos(self.value) if self.value is not None else self.value_nanos or 0,
            currency=self.currency,
            count=self.count,
            kind=self.kind,
            grant_priority=self.grant_priority,
            grant_days=self.grant_days,
            per_account_limit=self.per_account_limit,
            allowed_groups=tuple(self.allowed_groups),
            expires_at=optional_time(self.expires_at),
        )


class Voiding(Input):
    by: By | None = None


_BY_OPERATOR = Voiding()


class NewRedemption(Input):
    account_id: Annotated[str, Field(max_length=60)]
    code: Typed
    group: Annotated[
        Text | None, Field(description="The group it is redeemed for, by name or id, where codes are for some groups.")
    ] = None
    by: By | None = None
    client_address: Annotated[
        str | None, Field(max_length=60, description="Where it was typed: guesses are counted by it too.")
    ] = None


class Sought(Input):
    """A code in full, or a mask with a batch or an account."""

    code: Typed | None = None
    mask: Annotated[str | None, Field(max_length=60, description="Its last four symbols, or CF-… and those.")] = None
    batch_id: Annotated[str | None, Field(max_length=60)] = None
    account_id: Annotated[str | None, Field(max_length=60, description="The account that has redeemed it.")] = None


class Counted(Output):
    """How many codes there are of a kind, and what they are worth together."""

    count: int
    value_nanos: int
    value: str


class Batch(Output):
    """A batch of codes, its terms, and what has become of its codes by state."""

    batch_id: str
    name: str
    value_nanos: int
    value: str
    currency: str
    count: int
    kind: str
    grant_priority: int
    grant_days: int | None
    per_account_limit: int | None
    allowed_groups: list[str]
    expires_at: str | None
    created_by: str
    created_at: str | None
    voided_by: str | None
    voided_at: str | None
    states: dict[str, Counted]

    @classmethod
    def of(cls, view: model.BatchView) -> Batch:
        return cls.model_validate(batch_json(view))


class NewCodes(Batch):
    """A batch that was just made, with its codes."""

    codes: list[str] = Field(description="In this answer and nowhere else.")


class Code(Output):
    """A code by its mask: what it credits, and what has become of it. Its batch and who voided it are for staff."""

    code_id: str
    batch_id: str | None
    batch_name: str | None
    mask: str
    state: str
    value_nanos: int
    value: str
    currency: str
    kind: str
    expires_at: str | None
    account_id: str | None = Field(description="The account that has redeemed it.")
    redeemed_by: str | None = Field(description="Who typed it.")
    redeemed_at: str | None
    voided_by: str | None
    voided_at: str | None

    @classmethod
    def of(cls, view: model.CodeView) -> Code:
        return cls.model_validate(code_json(view))


class Redemption(Code):
    """A code that was just redeemed, and the credit that it brought."""

    grant_id: str
    grant_expires_at: str | None

    @classmethod
    def of_this(cls, redemption: model.Redemption) -> Redemption:
        return cls.model_validate(redemption_json(redemption))


class FoundCodes(Output):
    """Every code that was meant; several may end alike."""

    items: list[Code]


class Try(Output):
    """A try to redeem a code, or several within a minute that were refused alike."""

    try_id: str
    account_id: str
    first_at: str | None
    last_at: str | None
    times: int
    by: str
    client_address: str | None
    mask: str | None = Field(description="Of what was typed, where that had the form of a code.")
    code_id: str | None
    outcome: str = Field(description="The code of the message that was shown.")

    @classmethod
    def of(cls, one: model.Try) -> Try:
        return cls.model_validate(try_json(one))


@router.post(
    "/code-batches", status_code=201, summary="Make a batch of codes; they are in this answer and nowhere else"
)
async def create_code_batch(services: UseCases, caller: Caller, body: NewBatch) -> NewCodes:
    made = await services.codes.create(body.settings(), by=caller.named(body.by, otherwise=OPERATOR))
    return NewCodes.model_validate({**batch_json(made.view), "codes": list(made.codes)})


@router.get("/code-batches", summary="List batches of codes, newest first")
async def list_code_batches(services: UseCases, limit: Limit = 50, cursor: Cursor = None) -> Page[Batch]:
    rows = await services.codes.batches(before=optional_id("code_batch", cursor), most=limit + 1)
    return page(rows, limit=limit, item=Batch.of, cursor=lambda row: show_id("code_batch", row.batch.batch_id))


@router.get("/code-batches/{batch_id}", summary="Get a batch of codes with how many are in each state")
async def get_code_batch(services: UseCases, batch_id: BatchId) -> Batch:
    return Batch.of(await services.codes.batch(read_id("code_batch", batch_id)))


@router.post("/code-batches/{batch_id}/void", summary="Void what nobody has redeemed of a batch")
async def void_code_batch(services: UseCases, caller: Caller, batch_id: BatchId, body: Voiding = _BY_OPERATOR) -> Batch:
    return Batch.of(
        await services.codes.void_batch(read_id("code_batch", batch_id), by=caller.named(body.by, otherwise=OPERATOR))
    )


@router.get("/code-batches/{batch_id}/codes", summary="List the codes of a batch by their masks")
async def list_codes(
    services: UseCases,
    batch_id: BatchId,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[model.CodeState | None, Query(description="Only those in this state.")] = None,
) -> Page[Code]:
    rows = await services.codes.codes(
        read_id("code_batch", batch_id), state=state, after=optional_id("code", cursor), most=limit + 1
    )
    return page(rows, limit=limit, item=Code.of, cursor=lambda row: show_id("code", row.code.code_id))


@router.post("/codes/redeem", summary="Credit an account with a code, once and for all")
async def redeem_code(services: UseCases, caller: Caller, request: Request, body: NewRedemption) -> Redemption:
    redemption = Redemption.of_this(
        await services.codes.redeem(
            read_id("account", body.account_id),
            body.code,
            by=caller.named(body.by, otherwise=OPERATOR),
            group=body.group,
            # Guesses are counted by it: only whoever speaks for somebody else says where they are.
            client_address=body.client_address if caller.is_staff else request.state.client_address,
        )
    )
    return redemption if caller.is_staff else without(redemption, "batch_id", "batch_name", "voided_by")


@router.post("/codes/find", summary="Find a code by what is on the card, or by its last four symbols")
async def find_codes(services: UseCases, body: Sought) -> FoundCodes:
    if (body.code is None) is (body.mask is None):
        raise InputError(field="code", expected="code or mask, not both")
    if body.code is not None:
        return FoundCodes(items=[Code.of(await services.codes.find(body.code))])
    found = await services.codes.find_masked(
        body.mask or "",
        batch_id=optional_id("code_batch", body.batch_id),
        account_id=optional_id("account", body.account_id),
    )
    return FoundCodes(items=[Code.of(view) for view in found])


@router.get("/codes/{code_id}", summary="Get a code by its id")
async def get_code(services: UseCases, code_id: CodeId) -> Code:
    return Code.of(await services.codes.code(read_id("code", code_id)))


@router.post("/codes/{code_id}/void", summary="Void a code that nobody has redeemed")
async def void_code(services: UseCases, caller: Caller, code_id: CodeId, body: Voiding = _BY_OPERATOR) -> Code:
    return Code.of(
        await services.codes.void_code(read_id("code", code_id), by=caller.named(body.by, otherwise=OPERATOR))
    )


@router.get("/code-tries", summary="List tries to redeem codes, newest first")
async def list_code_tries(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only this account's.")] = None,
    code_id: Annotated[str | None, Query(max_length=60, description="Only those of this code.")] = None,
) -> Page[Try]:
    rows = await services.codes.tries(
        account_id=optional_id("account", account_id),
        code_id=optional_id("code", code_id),
        before=optional_id("code_try", cursor),
        most=limit + 1,
    )
    return page(rows, limit=limit, item=Try.of, cursor=lambda row: show_id("code_try", row.try_id))
