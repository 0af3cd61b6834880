"""Asking an admin for more: whoever has met a limit asks; whoever may change limits raises it, for a time or for good, or
declines. Whoever may not answer sees their own asks here, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.limits_shown import field_name, time_field, typed_time
from counterfoil.console.pages.overview import measure
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Id, Instant, Mark, Meter, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import CounterfoilError, InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.limits.asks_model import AskState, NewAsk, ShownAsk
from counterfoil.limits.model import Limit, Scope, Unit

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
_ASK = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_WRITE)
_ANSWER = Need(own=Own.LIMITS_WRITE, staff=Staff.ACCOUNTS_WRITE)
_TONES = {AskState.OPEN: "info", AskState.RAISED: "good", AskState.DECLINED: "quiet"}
_WHOLE_DIGITS_MAX = 18
_OPEN_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAsk:
    """An ask that waits: what it is about, and what one click would do."""

    ask_id: str
    asked_by: str
    asked_at: int
    limit: str
    limit_href: str | None
    meter: Meter
    used: str
    amount: str
    needed: str | None
    suggested: str
    suggested_typed: str
    note: str | None
    request_id: str | None
    is_in_force: bool
    raised_until: str | None


def _answers(visit: Visit) -> bool:
    return visit.may(own=Own.LIMITS_WRITE, staff=Staff.ACCOUNTS_WRITE)


@pages.get("/accounts/{account_id}/asks", need=_READ)
async def asks(visit: Visit) -> View:
    account, most = visit.of_account, visit.most_rows
    sees_all = visit.as_staff or visit.may(own=Own.LIMITS_WRITE)
    asked_by = None if sees_all else visit.principal.name
    waiting = await visit.services.limit_asks.list(
        account_id=account.account_id, time_zone=account.time_zone, asked_by=asked_by, state=AskState.OPEN,
        at_most=_OPEN_MOST,
    )  # fmt: skip
    found = await visit.services.limit_asks.list(
        account_id=account.account_id, time_zone=account.time_zone, asked_by=asked_by,
        before=visit.id_asked("limit_ask", "before"), at_most=most + 1,
    )  # fmt: skip
    shown = found[:most]
    names = await _names(visit)
    table = Table(
        name="asks",
        caption="asks_listed",
        empty="asks_none",
        columns=(
            Column(code="ask_time"), Column(code="ask_by"), Column(code="ask_limit"),
            Column(code="ask_needed_amount", numeric=True, wide=True), Column(code="ask_state"), Column(code="ask_result"),
 Column(code="ask_request", wide=True),
        ),
        rows=[_row(visit, one, names) for one in shown],
        more=visit.here(before=show_id("limit_ask", shown[-1].ask.ask_id)) if len(found) > most else None,
    )  # fmt: skip
    usual_end = visit.services.limit_asks.usual_end(account.time_zone)
    return View(
        template="asks.html",
        title="page_asks",
        values={
            "waiting": [_open(visit, one, names) for one in waiting],
            "answers": _answers(visit),
            "sees_all": sees_all,
            "usual_end": usual_end,
            "usual_end_field": time_field(visit, usual_end),
        },
        tables=(table,),
    )


async def _names(visit: Visit) -> Mapping[UUID, str]:
    groups = await visit.services.limits.list_groups(account_id=visit.account_id)
    keys = await visit.services.limits.list_keys(account_id=visit.account_id)
    return {
        **{one.group_id: one.name for one in groups},
        **{one.key_id: f"{one.name} ({one.mask})" for one in keys},
        visit.account_id: visit.of_account.name,
    }


def _limit_name(visit: Visit, limit: Limit, names: Mapping[UUID, str]) -> str:
    scope = visit.w.word("of_account" if limit.scope is Scope.ACCOUNT else f"spend_{limit.scope.value}")
    return f"{scope} {names.get(limit.scope_id, '')} · {visit.w.word(field_name(limit.unit, limit.window))}"


def _exactly(visit: Visit, unit: Unit, number: int) -> str:
    """A number of a limit to the last digit: what one click sets is what is said beside it."""
    return visit.shown.money(number, visit.of_account.currency) if unit is Unit.MONEY else measure(visit, unit, number)


def _limit_href(visit: Visit, limit: Limit) -> str | None:
    if limit.scope is Scope.ACCOUNT:
        return visit.link("/groups") + "#account-limits"
    return visit.link(f"/{limit.scope.value}s/{show_id(limit.scope.value, limit.scope_id)}")


def _open(visit: Visit, shown: ShownAsk, names: Mapping[UUID, str]) -> OpenAsk:
    ask, limit = shown.ask, shown.limit
    return OpenAsk(
        ask_id=show_id("limit_ask", ask.ask_id),
        asked_by=ask.asked_by,
        asked_at=ask.asked_at,
        limit=_limit_name(visit, limit, names),
        limit_href=_limit_href(visit, limit),
        meter=Meter(shown.used, shown.held, limit.amount),
        used=measure(visit, limit.unit, shown.used + shown.held),
        amount=measure(visit, limit.unit, limit.amount),
        needed=None if ask.needed is None else _exactly(visit, limit.unit, ask.needed),
        suggested=_exactly(visit, limit.unit, shown.suggested),
        suggested_typed=format_nanos(shown.suggested) if limit.unit is Unit.MONEY else str(shown.suggested),
        note=ask.note,
        request_id=None if ask.request_id is None else show_id("request", ask.request_id),
        is_in_force=shown.is_in_force,
        raised_until=None if limit.raised_from is None else visit.shown.time(limit.raised_until),
    )


def _row(visit: Visit, shown: ShownAsk, names: Mapping[UUID, str]) -> Sequence[Cell]:
    ask, limit = shown.ask, shown.limit
    request = None if ask.request_id is None else show_id("request", ask.request_id)
    return (
        Instant(ask.asked_at),
        Note(ask.asked_by, ask.note or ""),
        Note(names.get(limit.scope_id, ""), visit.w.word(field_name(limit.unit, limit.window)), _limit_href(visit, limit)),
        None if ask.needed is None else _exactly(visit, limit.unit, ask.needed),
        Mark(visit.w.label("limit_ask_state", ask.state), _TONES[ask.state], visit.w.explanation("limit_ask_state", ask.state)),
        _result(visit, shown),
        None if request is None else Id(request, visit.link(f"/requests/{request}")),
    )  # fmt: skip


def _result(visit: Visit, shown: ShownAsk) -> Cell:
    """To what it was raised and until when; below it who has decided, and their word."""
    ask = shown.ask
    if ask.answered_by is None:
        return ""
    said = f"{ask.answered_by}: {ask.answer}" if ask.answer else ask.answered_by
    if ask.raised_to is None:
        return Note(visit.w.word("as_before"), said)
    until = visit.w.word("for_good")
    if ask.raised_until is not None:
        until = visit.w.word("raised_until_when", when=visit.shown.time(ask.raised_until)[:16])
    return Note(f"{_exactly(visit, shown.limit.unit, ask.raised_to)} · {until}", said)


# Asking.


@pages.post("/accounts/{account_id}/asks", need=_ASK, shows=asks)
async def ask_for_more(visit: Visit) -> Response:
    principal, request = visit.principal, visit.typed("request_id")
    request_id = read_id("request", request) if request else None
    if request_id is not None:
        await visit.services.spend.request(request_id, account_id=visit.account_id)
    await visit.services.limit_asks.ask(
        account_id=visit.account_id, by=visit.by,
        member_id=principal.member_id if principal.account_id == visit.account_id else None,
        new=NewAsk(
            limit_id=read_id("limit", visit.typed("limit_id")), needed=_needed(visit), request_id=request_id,
            note=visit.typed("note") or None,
        ),
    )  # fmt: skip
    return visit.done(visit.link("/asks"), "done_ask_sent")


def _needed(visit: Visit) -> int | None:
    """What the call took, in the limit's smallest unit, as the page of the request has it."""
    text = visit.typed("needed")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _WHOLE_DIGITS_MAX):
        raise InputError(field="needed", expected="a whole number")
    return int(text)


# Answering.


@pages.post("/accounts/{account_id}/asks/{ask_id}/raise", need=_ANSWER, shows=asks)
async def raise_asked_limit(visit: Visit) -> Response:
    account = visit.of_account
    ask_id = visit.id_in_path("limit_ask", "ask_id")
    shown = await visit.services.limit_asks.find(
        account_id=account.account_id, ask_id=ask_id, time_zone=account.time_zone
    )
    until = typed_time(visit, "until") or visit.services.limit_asks.usual_end(account.time_zone)
    await visit.services.limit_asks.raise_limit(
        account_id=account.account_id, ask_id=ask_id, by=visit.by,
        amount=_amount(visit, shown.limit.unit) or shown.suggested,
        until=None if visit.ticked("for_good") else until, word=visit.typed("word") or None,
    )  # fmt: skip
    return visit.done(visit.link("/asks"), "done_limit_raised")


def _amount(visit: Visit, unit: Unit) -> int | None:
    text = visit.typed("amount")
    if not text:
        return None
    if unit is not Unit.MONEY:
        if not (text.isascii() and text.isdecimal() and len(text) <= _WHOLE_DIGITS_MAX):
            raise InputError(field="amount", expected="a whole number")
        return int(text)
    try:
        return parse_nanos(text)
    except CounterfoilError:
        raise InputError(field="amount", expected="12.34") from None


@pages.post("/accounts/{account_id}/asks/{ask_id}/decline", need=_ANSWER, shows=asks)
async def decline_ask(visit: Visit) -> Response:
    await visit.services.limit_asks.decline(
        account_id=visit.account_id, ask_id=visit.id_in_path("limit_ask", "ask_id"), by=visit.by,
        word=visit.typed("word") or None,
    )  # fmt: skip
    return visit.done(visit.link("/asks"), "done_ask_declined")
