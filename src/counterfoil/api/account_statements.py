"""An account's statement, month by month; what a recharge would credit; what a call would cost. All of them only read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from counterfoil.api.fields import AccountId, Cursor, Limit, Output
from counterfoil.api.services import Services, UseCases
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import read_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.periods import month_bounds
from counterfoil.foundation.shown import amount, identifier, time
from counterfoil.ledger.history_store import Account
from counterfoil.ledger.model import WALLET
from counterfoil.ledger.statement import StatementLine
from counterfoil.recharge.terms import show_rate
from counterfoil.spend.estimates import TOKENS_MAX, CallSize

router = APIRouter(prefix="/accounts/{account_id}", tags=["money"])

Month = Annotated[
    str | None,
    Query(max_length=7, description="Such as 2026-11, in the account's time zone. Not given: the present one."),
]


class Line(Output):
    """A movement, or all charges of a day that have no other movement between them (`charges` of them)."""

    at: str | None
    first_at: str | None
    code: str
    cause_kind: str | None = Field(description="Null for charges that are folded.")
    cause_id: str | None
    request_id: str | None = Field(description="Of a charge by itself: the request or task.")
    amount_nanos: int
    amount: str
    extra_nanos: int = Field(description="Of `amount`: what further accounts add, such as a bonus.")
    extra: str
    balance_nanos: int = Field(description="What was posted after it.")
    balance: str
    charges: int
    from_version: int
    through_version: int

    @classmethod
    def of(cls, line: StatementLine) -> Line:
        return cls(
            at=time(line.last_at), first_at=time(line.first_at), code=line.code, cause_kind=line.cause_kind or None,
            cause_id=line.cause_id or None, request_id=identifier("request", line.hold_id),
            **amount("amount", line.amount), **amount("extra", line.extra), **amount("balance", line.balance),
            charges=line.charges, from_version=line.first_version, through_version=line.last_version,
        )  # fmt: skip


class Lines(Output):
    """A page of a month's lines, newest first; `next` is the cursor of the next page."""

    account_id: str
    currency: str
    start: str | None
    end: str | None
    items: list[Line]
    next: str | None


class Sum(Output):
    """What movements of one code, cause and accounts come to."""

    code: str
    cause_kind: str
    debit: str
    credit: str
    amount_nanos: int
    amount: str
    transfers: int


class MonthSums(Output):
    """A month as a whole: the opening balance and what moved the wallet make the closing balance."""

    account_id: str
    currency: str
    start: str | None
    end: str | None
    opening_nanos: int
    opening: str
    closing_nanos: int
    closing: str
    transfers: int
    movements: list[Sum]


class RechargeQuote(Output):
    """What a payment would credit if its order was made now."""

    wallet_currency: str
    credited_nanos: int
    credited: str
    bonus_nanos: int
    bonus: str
    bonus_rule: str | None
    bonus_days: int | None
    rate: str
    ratio: str


class Estimate(Output):
    """What a call would have reserved for it, and would cost."""

    model: str
    currency: str
    multiplier_millis: int
    output_cap: int
    most_nanos: int = Field(description="Reserved at most.")
    most: str
    least_output_cap: int
    least_nanos: int = Field(description="Reserved with the lowest output cap that would still be served.")
    least: str
    usual_nanos: int = Field(description="Charged for this input and an answer of the usual length.")
    usual: str
    full_nanos: int | None = Field(description="Charged for an answer as long as its cap; null where there is none.")
    full: str | None


@router.get("/statement", summary="Page through a month's statement, newest first, each line with the balance after it")
async def get_account_statement(
    services: UseCases,
    account_id: AccountId,
    month: Month = None,
    folded: Annotated[bool, Query(description="Whether charges of a day are one line.")] = True,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Lines:
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise InputError(field="cursor", expected="`next` of the page before")
    account, start, end = await _period(services, account_id, month)
    found = await services.statements.lines(
        account.account_id, start=start, end=end, time_zone=account.time_zone, folded=folded, most=limit,
        before=None if cursor is None else int(cursor),
    )  # fmt: skip
    return Lines(
        account_id=account_id, currency=account.currency, start=time(start), end=time(end),
        items=[Line.of(line) for line in found.lines], next=None if found.before is None else str(found.before),
    )  # fmt: skip


@router.get("/statement/sums", summary="Get a month in sum: opening, what moved, closing")
async def get_account_statement_sums(services: UseCases, account_id: AccountId, month: Month = None) -> MonthSums:
    account, start, end = await _period(services, account_id, month)
    sums = await services.statements.sums(account.account_id, start=start, end=end)
    return MonthSums(
        account_id=account_id, currency=account.currency, start=time(start), end=time(end),
        **amount("opening", sums.opening), **amount("closing", sums.closing), transfers=sums.transfers,
        movements=[
            Sum(code=code, cause_kind=cause, debit=debit, credit=credit, **amount("amount", nanos), transfers=count)
            for code, cause, debit, credit, nanos, count in sums.movements
            if WALLET in (debit, credit)
        ],
    )  # fmt: skip


@router.get("/recharge-quote", summary="Get what a payment would credit if its order was made now")
async def get_recharge_quote(
    services: UseCases,
    account_id: AccountId,
    amount_paid: Annotated[str, Query(max_length=40, description="A decimal such as 100 or 49.90.")],
    currency: Annotated[str, Query(pattern="^[A-Z]{3}$", description="What is paid in, such as CNY.")],
) -> RechargeQuote:
    account = await services.ledger.account(read_id("account", account_id))
    nanos = parse_nanos(amount_paid)
    if nanos <= 0:
        raise InputError(code="amount_not_positive")
    terms = await services.recharge_terms.terms(amount=nanos, paid_currency=currency, wallet_currency=account.currency)
    return RechargeQuote(
        wallet_currency=terms.wallet_currency, **amount("credited", terms.credited), **amount("bonus", terms.bonus),
        bonus_rule=terms.bonus_rule, bonus_days=terms.bonus_days, rate=show_rate(terms.rate), ratio=show_rate(terms.ratio),
    )  # fmt: skip


@router.get("/estimate", summary="Estimate a call: what it would have reserved for it, and would cost")
async def get_cost_estimate(
    services: UseCases,
    account_id: AccountId,
    model: Annotated[str, Query(min_length=1, max_length=200, description="As customers name it.")],
    group_id: Annotated[str | None, Query(max_length=60, description="With this group's price tier.")] = None,
    input_tokens: Annotated[int, Query(ge=0, le=TOKENS_MAX, description="Tokens of the input.")] = 1_000,
    output_cap: Annotated[int | None, Query(ge=1, le=TOKENS_MAX, description="Not given: the price's default.")] = None,
    usual_output: Annotated[int, Query(ge=0, le=TOKENS_MAX, description="Tokens that the answer usually has.")] = 500,
    unit: Annotated[
        str | None, Query(max_length=100, description="What is made, such as image:1024x1024:high or second:720x1280.")
    ] = None,
    count: Annotated[int, Query(ge=1, le=10_000, description="How many of it.")] = 1,
) -> Estimate:
    account = await services.ledger.account(read_id("account", account_id))
    millis = 1_000
    if group_id is not None:
        group = await services.limits.find_group(account_id=account.account_id, group_id=read_id("group", group_id))
        millis = group.price_tier_millis
    if model not in services.prices.models("customer"):
        raise NotFound(code="price_not_found", book="customer", model=model)
    size = CallSize(input_tokens=input_tokens, output_cap=output_cap, usual_output=usual_output, unit=unit, count=count)
    found = services.spend.cost_of(model, size, multiplier_millis=millis)
    return Estimate(
        model=model, currency=found.currency, multiplier_millis=millis, output_cap=found.cap,
        **amount("most", found.most), least_output_cap=found.least_cap, **amount("least", found.least),
        **amount("usual", found.usual.amount_nanos), **amount("full", found.full),
    )  # fmt: skip


async def _period(services: Services, account_id: str, month: str | None) -> tuple[Account, int, int]:
    account = await services.ledger.account(read_id("account", account_id))
    start, end = month_bounds(month, now=services.clock.now(), time_zone=account.time_zone)
    return account, start, end
