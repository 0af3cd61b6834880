"""Asking for more than a limit allows, and answering."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from counterfoil.api.access import Asking, Caller
from counterfoil.api.fields import (
    AccountId,
    AmountInput,
    By,
    Cursor,
    Flag,
    Input,
    Limit,
    Output,
    Page,
    Text,
    Time,
    Whole,
    optional_id,
    optional_time,
    page,
)
from counterfoil.api.limits import PlainLimit, quantity
from counterfoil.api.services import UseCases
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import identifier, time
from counterfoil.identity.access import Own, Staff, own_permissions, staff_permissions
from counterfoil.limits import asks_model, model

router = APIRouter(prefix="/accounts/{account_id}/limit-asks", tags=["limits"])

AskId = Annotated[str, Path(description="The ask's id (ask_…).", max_length=60)]
Id = Annotated[str, Field(max_length=60)]


class QuantityInput(AmountInput):
    """How much, in the limit's unit: `amount` or `amount_nanos` for money, `count` for the others."""

    count: Annotated[Whole | None, Field(description="For units other than money.")] = None

    def optional_quantity(self, unit: model.Unit) -> int | None:
        nanos = self.optional_nanos()
        wrong = self.count if unit is model.Unit.MONEY else nanos
        if wrong is not None:
            raise InputError(field="count", expected="amount for money, count for requests, tokens and in_flight")
        return nanos if unit is model.Unit.MONEY else self.count


class NewLimitAsk(QuantityInput):
    """What somebody who has met a limit says; the quantity is what their call needed, as its refusal says."""

    limit_id: Id
    request_id: Id | None = None
    note: Annotated[Text | None, Field(description="Secrets in it are taken out before it is kept.")] = None


class Raise(QuantityInput):
    """The new amount of the limit, and until when; it then goes back by itself. Without `until`: the end of tomorrow."""

    until: Time | None = None
    for_good: Annotated[Flag, Field(description="It does not go back by itself.")] = False
    word: Annotated[Text | None, Field(description="For whoever has asked.")] = None
    by: By | None = None


class Decline(Input):
    word: Annotated[Text | None, Field(description="For whoever has asked: why not.")] = None
    by: By | None = None


class LimitAsk(Output):
    """That somebody asks for more. Quantities are text in the limit's unit; money also in nanos."""

    ask_id: str
    account_id: str
    state: str
    asked_by: str
    member_id: str | None
    asked_at: str | None
    request_id: str | None
    note: str | None
    needed_nanos: int | None
    needed: str | None
    suggested_nanos: int | None
    suggested: str | None
    limit: PlainLimit
    in_force: bool
    answered_by: str | None
    answered_at: str | None
    answer: str | None
    raised_to_nanos: int | None
    raised_to: str | None
    raised_until: str | None

    @classmethod
    def of(cls, account_id: str, shown: asks_model.ShownAsk) -> LimitAsk:
        ask, unit = shown.ask, shown.limit.unit
        return cls(
            ask_id=show_id("limit_ask", ask.ask_id),
            account_id=account_id,
            state=ask.state,
            asked_by=ask.asked_by,
            member_id=identifier("member", ask.member_id),
            asked_at=time(ask.asked_at),
            request_id=identifier("request", ask.request_id),
            note=ask.note,
            limit=PlainLimit.of(account_id, shown.limit),
            in_force=shown.is_in_force,
            answered_by=ask.answered_by,
            answered_at=time(ask.answered_at),
            answer=ask.answer,
            raised_until=time(ask.raised_until),
            **quantity(unit, "needed", ask.needed),
            **quantity(unit, "suggested", shown.suggested),
            **quantity(unit, "raised_to", ask.raised_to),
        )


def _sees_all(asking: Asking) -> bool:
    """Whoever may answer sees what everybody asks; others see their own."""
    mine = own_permissions(asking.principal) if asking.principal.account_id == asking.account_id else frozenset[Own]()
    return Own.LIMITS_WRITE in mine or Staff.ACCOUNTS_READ in staff_permissions(asking.principal)


@router.post("", status_code=201, summary="Ask for more than a limit allows")
async def ask_for_more(services: UseCases, asking: Caller, account_id: AccountId, body: NewLimitAsk) -> LimitAsk:
    account = await services.ledger.account(read_id("account", account_id))
    limit = await services.limits.limit(account_id=account.account_id, limit_id=read_id("limit", body.limit_id))
    request_id = optional_id("request", body.request_id)
    if request_id is not None:
        await services.spend.request(request_id, account_id=account.account_id)
    principal = asking.principal
    ask = await services.limit_asks.ask(
        account_id=account.account_id, by=principal.name,
        member_id=principal.member_id if principal.account_id == account.account_id else None,
        new=asks_model.NewAsk(
            limit_id=limit.limit_id, needed=body.optional_quantity(limit.unit), request_id=request_id, note=body.note
        ),
    )  # fmt: skip
    shown = await services.limit_asks.find(
        account_id=account.account_id, ask_id=ask.ask_id, time_zone=account.time_zone
    )
    return LimitAsk.of(account_id, shown)


@router.get("", summary="List who asked for more, the latest first; without the right to change limits, one's own")
async def list_limit_asks(
    services: UseCases,
    asking: Caller,
    account_id: AccountId,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[asks_model.AskState | None, Query(description="Only those in this state.")] = None,
) -> Page[LimitAsk]:
    account = await services.ledger.account(read_id("account", account_id))
    rows = await services.limit_asks.list(
        account_id=account.account_id, time_zone=account.time_zone, state=state,
        asked_by=None if _sees_all(asking) else asking.principal.name, before=optional_id("limit_ask", cursor),
        at_most=limit + 1,
    )  # fmt: skip
    return page(
        rows,
        limit=limit,
        item=lambda row: LimitAsk.of(account_id, row),
        cursor=lambda row: show_id("limit_ask", row.ask.ask_id),
    )


@router.post("/{ask_id}/raise", summary="Raise the limit that was asked about, until a time or for good")
async def raise_asked_limit(
    services: UseCases, asking: Caller, account_id: AccountId, ask_id: AskId, body: Raise
) -> LimitAsk:
    account = await services.ledger.account(read_id("account", account_id))
    wanted = read_id("limit_ask", ask_id)
    shown = await services.limit_asks.find(account_id=account.account_id, ask_id=wanted, time_zone=account.time_zone)
    if body.for_good and body.until is not None:
        raise InputError(field="until", expected="a time, or for_good, not both")
    until = optional_time(body.until) or services.limit_asks.usual_end(account.time_zone)
    amount = body.optional_quantity(shown.limit.unit)
    await services.limit_asks.raise_limit(
        account_id=account.account_id, ask_id=wanted, by=asking.named(body.by), word=body.word,
        amount=shown.suggested if amount is None else amount, until=None if body.for_good else until,
    )  # fmt: skip
    return LimitAsk.of(
        account_id,
        await services.limit_asks.find(account_id=account.account_id, ask_id=wanted, time_zone=account.time_zone),
    )


@router.post("/{ask_id}/decline", summary="Leave the limit as it is, and say why")
async def decline_limit_ask(
    services: UseCases, asking: Caller, account_id: AccountId, ask_id: AskId, body: Decline
) -> LimitAsk:
    account = await services.ledger.account(read_id("account", account_id))
    wanted = read_id("limit_ask", ask_id)
    await services.limit_asks.decline(
        account_id=account.account_id, ask_id=wanted, by=asking.named(body.by), word=body.word
    )
    return LimitAsk.of(
        account_id,
        await services.limit_asks.find(account_id=account.account_id, ask_id=wanted, time_zone=account.time_zone),
    )
