"""The board of breaks: what does not match, whose it is, and what to do about it, one by one or several at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.responses import Response

from counterfoil.console.desk import account_links, choices, did, read_moment
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit, with_query
from counterfoil.foundation.errors import CounterfoilError, InputError, Unavailable
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.periods import from_datetime
from counterfoil.foundation.vocabulary import Kind, Owner, find_entry
from counterfoil.identity.access import Need, Staff
from counterfoil.reconcile.desk_model import Break, BreakState
from counterfoil.reconcile.model import Book, BreakClass

pages = Pages()
_READ = Need(staff=Staff.RECONCILE_READ)
_WRITE = Need(staff=Staff.RECONCILE_WRITE)
# A page of the board and some more: whatever can be ticked.
_BULK_MAX = 200
_TONES = {"open": "warn", "expected": "info", "settled": "good", "closed_by_itself": "good"}
_AGES = (1, 3, 7, 30)
_OWNERS = (Owner.FINANCE, Owner.OPERATIONS, Owner.SUPPORT)
_EVERY_STATE = "all"


@pages.get("/reconcile/breaks", need=_READ)
async def breaks(visit: Visit) -> View:
    desk, most, state = visit.services.reconcile, visit.most_rows, visit.asked("state")
    found = await desk.breaks.list(
        state=BreakState(state) if state in tuple(BreakState) else None,
        standing=state not in (*BreakState, _EVERY_STATE),
        book=_book(visit), break_class=_class(visit),
        owner=visit.asked("owner") or None, source=visit.asked("source") or None,
        account_id=visit.id_asked("account", "account"), older_than_days=_whole(visit, "older"),
        least=_least(visit), assignee=_assignee(visit), before=visit.id_asked("break", "before"), most=most + 1,
    )  # fmt: skip
    rows = found[:most]
    counts = await desk.breaks.counts()
    return View(
        template="breaks.html",
        title="page_breaks",
        values={
            "filters": await _filters(visit),
            "tabs": _tabs(visit, ambiguous=sum(one.count for one in counts if one.break_class == BreakClass.AMBIGUOUS),
                          standing=sum(one.count for one in counts)),
            "may_write": visit.may(staff=Staff.RECONCILE_WRITE),
            "left": _left(visit),
            "back": visit.here(before=None),
        },
        tables=(
            await breaks_table(
                visit, rows, keys=True,
                more=visit.here(before=show_id("break", rows[-1].break_id)) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip


async def breaks_table(
    visit: Visit, rows: Sequence[Break], *, more: str | None = None, keys: bool = False, caption: str = "breaks_found"
) -> Table:
    """Breaks, each leading to its page."""
    links = await account_links(visit, (one.account_id for one in rows)) if visit.may(staff=Staff.ACCOUNTS_READ) else {}
    return Table(
        name="breaks",
        caption=caption,
        empty="breaks_none",
        columns=(
            Column(code="rec_class"), Column(code="rec_break_state"), Column(code="rec_difference", numeric=True),
            Column(code="rec_expected", numeric=True, wide=True), Column(code="rec_found", numeric=True, wide=True),
            Column(code="rec_account", wide=True), Column(code="rec_age", numeric=True), Column(code="rec_assignee"),
            Column(code="rec_break_id", wide=True),
        ),
        rows=[_row(visit, one, links) for one in rows],
        keys=[show_id("break", one.break_id) for one in rows] if keys else None,
        more=more,
    )  # fmt: skip


def _row(visit: Visit, one: Break, links: dict[UUID, Link]) -> tuple[Cell, ...]:
    address = break_address(visit, one.break_id)
    where = " · ".join(part for part in (visit.w.label("book", one.book), one.source) if part)
    account = None if one.account_id is None else links.get(one.account_id, Id(show_id("account", one.account_id)))
    return (
        Note(visit.w.label("break_class", one.break_class), where, address),
        break_mark(visit, one),
        break_amount(one, one.difference, signed=True),
        break_amount(one, one.expected),
        break_amount(one, one.found),
        account,
        visit.services.reconcile.breaks.age_days(one),
        one.assignee or visit.w.label("owner", one.owner),
        Id(show_id("break", one.break_id), address),
    )


def break_address(visit: Visit, break_id: UUID) -> str:
    return visit.staff_link(f"/reconcile/breaks/{show_id('break', break_id)}")


def break_mark(visit: Visit, one: Break) -> Mark:
    return Mark(
        visit.w.label("break_state", one.state), _TONES.get(one.state, "quiet"),
        visit.w.explanation("break_state", one.state),
    )  # fmt: skip


def break_amount(one: Break, nanos: int | None, *, signed: bool = False) -> Cell:
    """An amount of a break; without a currency it is a number of units."""
    if nanos is None:
        return None
    return Amount(nanos, one.currency, signed=signed) if one.currency else nanos


# -- filters -----------------------------------------------------------------------------------------------------------


async def _filters(visit: Visit) -> list[tuple[str, str, object]]:
    sources = await visit.services.reconcile.sources.list()
    return [
        ("state", "rec_break_state", [*choices(visit, "break_state", BreakState), (_EVERY_STATE, visit.w.word("rec_every_state"))]),
        ("class", "rec_class", choices(visit, "break_class", BreakClass)),
        ("book", "rec_book", choices(visit, "book", Book)),
        ("source", "rec_source", [(one.name, one.name) for one in sources]),
        ("owner", "rec_owner", choices(visit, "owner", _OWNERS)),
        ("assignee", "rec_assignee", [("me", visit.w.word("rec_me")), ("nobody", visit.w.word("rec_nobody"))]),
        ("older", "rec_older", [(str(days), visit.w.word("rec_days", count=days)) for days in _AGES]),
        ("least", "rec_least", None),
    ]  # fmt: skip


def _tabs(visit: Visit, *, ambiguous: int, standing: int) -> list[tuple[str, str, bool]]:
    """What people look at most: everything that stands, their own, what nobody has, and where a pair is to be chosen."""
    here, address = dict(visit.request.query_params), visit.staff_link("/reconcile/breaks")
    tabs: list[tuple[str, dict[str, str]]] = [
        (visit.w.word("rec_tab_standing", count=standing), {}),
        (visit.w.word("rec_tab_mine"), {"assignee": "me"}),
        (visit.w.word("rec_tab_nobodys"), {"assignee": "nobody"}),
        (visit.w.word("rec_tab_ambiguous", count=ambiguous), {"class": BreakClass.AMBIGUOUS.value}),
    ]
    asked = {name: here.get(name, "") for name in ("assignee", "class")}
    return [
        (label, with_query(address, query), all(asked[name] == query.get(name, "") for name in asked))
        for label, query in tabs
    ]


def _book(visit: Visit) -> Book | None:
    given = visit.asked("book")
    return Book(given) if given in tuple(Book) else None


def _class(visit: Visit) -> BreakClass | None:
    given = visit.asked("class")
    return BreakClass(given) if given in tuple(BreakClass) else None


def _whole(visit: Visit, name: str) -> int | None:
    given = visit.asked(name)
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 5 else None


def _least(visit: Visit) -> int | None:
    given = visit.asked("least")
    try:
        return abs(parse_nanos(given)) if given else None
    except InputError as error:
        error.parameters["field"] = "least"
        raise


def _assignee(visit: Visit) -> str | None:
    return {"me": visit.by, "nobody": ""}.get(visit.asked("assignee"))


# -- several at once ---------------------------------------------------------------------------------------------------


@pages.post("/reconcile/breaks", need=_WRITE, shows=breaks)
async def act_on_breaks(visit: Visit) -> Response:
    """The same for every break that was chosen; those for which it cannot be done are named afterwards, with why."""
    chosen = [read_id("break", one) for one in dict.fromkeys(visit.typed_all("row"))]
    if not 0 < len(chosen) <= _BULK_MAX:
        raise InputError(code="no_rows_chosen", field="row", expected=f"1 … {_BULK_MAX}")
    act = _act_of(visit)
    left: list[tuple[UUID, str]] = []
    for break_id in chosen:
        try:
            await act(break_id)
        except Unavailable:
            raise
        except CounterfoilError as error:
            # What is wrong with the form is wrong for each of them.
            if isinstance(error, InputError) and error.parameters.get("field") in ("until", "reason", "text", "by"):
                raise
            left.append((break_id, error.code))
    await did(visit, None, f"breaks_{visit.typed('do')}", subject=str(len(chosen) - len(left)))
    address = _board_address(visit)
    if not left:
        return visit.done(address, "done_breaks")
    named = ",".join(show_id("break", break_id) for break_id, _ in left[:20])
    separator = "&" if "?" in address else "?"
    return visit.go(with_query(address, {}) + f"{separator}left={named}&why={left[0][1]}")


def _act_of(visit: Visit) -> Callable[[UUID], Awaitable[object]]:
    settling, reason = visit.services.reconcile.settling, visit.typed("reason")
    match visit.typed("do"):
        case "take":
            return lambda break_id: settling.assign(break_id, visit.by, by=visit.by)
        case "assign":
            to = visit.typed("assignee")
            return lambda break_id: settling.assign(break_id, to or None, by=visit.by)
        case "remark":
            return lambda break_id: settling.remark(break_id, reason, by=visit.by)
        case "ignore":
            return lambda break_id: settling.ignore(break_id, by=visit.by, reason=reason)
        case "expect":
            until = until_typed(visit)
            return lambda break_id: settling.expect(break_id, until=until, by=visit.by, reason=reason)
        case "write_off":
            money = visit.services.reconcile.money_settling
            return lambda break_id: money.write_off(break_id, by=visit.by, reason=reason)
    raise InputError(field="do", expected="one of the buttons")


def _board_address(visit: Visit) -> str:
    """The board with the filters that it was left with."""
    board = visit.staff_link("/reconcile/breaks")
    back = visit.typed("back")
    # Nothing but a query of ours is ever gone back to.
    _, found, query = back.partition("?")
    kept = query if found and query.isascii() and query.isprintable() and len(query) < 1000 else ""
    parts = [one for one in kept.split("&") if one and not one.startswith(("left=", "why=", "done=", "csv=", "xlsx="))]
    return board + ("?" + "&".join(parts) if parts else "")


def _left(visit: Visit) -> dict[str, object] | None:
    """For which breaks an action could not be done, and why; only words that we know are ever shown."""
    found = find_entry(Kind.ERROR, visit.asked("why")) if visit.asked("left") else None
    if found is None:
        return None
    links = []
    for text in visit.asked("left").split(",")[:20]:
        try:
            break_id = read_id("break", text)
        except InputError:
            continue
        links.append((show_id("break", break_id), break_address(visit, break_id)))
    return {"links": links, "why": visit.w.of(found), "said": visit.w.said(found)}


def until_typed(visit: Visit, name: str = "until") -> int:
    """Until the end of the day that was chosen, or until the very moment where one was."""
    given = visit.typed(name)
    at = read_moment(visit, name)
    if at is None:
        raise InputError(field=name, expected="2026-11-29")
    if len(given) > len("2026-11-29"):
        return at
    day = datetime.fromisoformat(given).replace(tzinfo=ZoneInfo(visit.time_zone)) + timedelta(days=1)
    return from_datetime(day)
