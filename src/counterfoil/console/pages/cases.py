"""The queue of cases: what is due first, whose it is, and how much time is left; searches of it that people keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.desk import account_links, choices, did
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit, with_query
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, entries
from counterfoil.identity.access import Need, Staff
from counterfoil.support.case_numbers import read_number
from counterfoil.support.desk_model import CaseQuery, QueueCount, SavedSearch
from counterfoil.support.model import Case, CaseState, Priority
from counterfoil.support.rules import OVER, sees_only_handed_over

pages = Pages()
CASES = Need(staff=Staff.CASES)
STATE_TONES = {
    "new": "info", "diagnosed": "info", "waiting_for_customer": "quiet", "with_operations": "warn", "with_finance": "warn",
    "with_engineering": "warn", "resolved": "good", "closed": "quiet",
}  # fmt: skip
PRIORITY_TONES = {"urgent": "bad", "high": "warn", "normal": "quiet", "low": "quiet"}
# Of the time that a case has, so much of it left is little.
_LITTLE_LEFT = 4
_EVERY_STATE = "all"
_ME, _NOBODY = "me", "nobody"
# What a case comes down to: a finding, or where nothing was found the code of the refusal.
_CAUSES = (Kind.FINDING, Kind.REFUSAL, Kind.ERROR)


@pages.get("/cases", need=CASES)
async def cases(visit: Visit) -> View:
    query, most = query_asked(visit), visit.most_rows
    found = await visit.services.cases.queue(query, principal=visit.principal, after=_after(visit), most=most + 1)
    rows = found[:most]
    saved = (
        [] if visit.principal.person_id is None else await visit.services.cases.saved_searches(visit.person.person_id)
    )
    return View(
        template="cases.html",
        title="page_cases",
        values={
            "tabs": _tabs(visit, await _counts(visit)),
            "filters": _filters(visit),
            # Asked for by a link; a filter keeps it.
            "kept": [(name, visit.asked(name)) for name in ("account", "group") if visit.asked(name)],
            "saved": [_saved(visit, one) for one in saved],
            "is_searched": query != CaseQuery(is_open=True),
            "may_save": visit.principal.person_id is not None,
            # The search that is kept is that of the form's own address.
            "save_address": address_of(visit, query).replace("/cases", "/cases/searches", 1),
        },
        tables=(
            await cases_table(
                visit, rows, keys=True,
                more=visit.here(after=f"{rows[-1].due_at}.{rows[-1].case_id.hex}") if len(found) > most else None,
            ),
        ),
    )  # fmt: skip


async def cases_table(
    visit: Visit, rows: Sequence[Case], *, name: str = "cases", caption: str = "cases_found", empty: str = "cases_none",
    keys: bool = False, more: str | None = None,
) -> Table:  # fmt: skip
    """Cases, each leading to its page."""
    links = await account_links(visit, (one.account_id for one in rows), "/timeline")
    return Table(
        name=name,
        caption=caption,
        empty=empty,
        columns=(
            Column(code="case_in_queue"), Column(code="case_due"), Column(code="case_state"), Column(code="case_priority", wide=True),
            Column(code="case_cause", wide=True), Column(code="case_account", wide=True), Column(code="case_owner", wide=True),
            Column(code="case_came", wide=True),
        ),
        rows=[_row(visit, one, links) for one in rows],
        keys=[show_id("case", one.case_id) for one in rows] if keys else None,
        more=more,
        live=bool(visit.asked("live")),
    )  # fmt: skip


def _row(visit: Visit, one: Case, links: dict[UUID, Link]) -> tuple[Cell, ...]:
    came = f"{visit.w.label('case_channel', one.channel)} · {visit.w.word(f'case_language_{one.language.value}')}"
    return (
        Note(one.number, visit.w.label("problem_class", one.problem), case_address(visit, one.case_id)),
        due_mark(visit, one),
        case_mark(visit, one.state),
        priority_mark(visit, one.priority),
        cause_label(visit, one.cause) or None,
        None if one.account_id is None else links[one.account_id],
        one.owner,
        Note(to_the_minute(visit, one.created_at), came),
    )


def case_address(visit: Visit, case_id: UUID, path: str = "") -> str:
    return visit.staff_link(f"/cases/{show_id('case', case_id)}{path}")


def case_mark(visit: Visit, state: CaseState) -> Mark:
    return Mark(visit.w.label("case_state", state), STATE_TONES[state], visit.w.explanation("case_state", state))


def priority_mark(visit: Visit, priority: Priority) -> Mark:
    return Mark(
        visit.w.label("case_priority", priority), PRIORITY_TONES[priority],
        visit.w.explanation("case_priority", priority),
    )  # fmt: skip


def due_mark(visit: Visit, one: Case) -> Mark:
    """By when a case is to be settled, and how long that is from now; one that is over is not waited for."""
    by = to_the_minute(visit, one.due_at)
    if one.state in OVER:
        return Mark(visit.w.word("case_not_due"), "quiet", by)
    left = one.due_at - visit.now
    if left < 0:
        return Mark(visit.w.word("case_late_by", time=visit.shown.duration(-left)), "bad", below=by)
    is_little = left * _LITTLE_LEFT < one.due_at - one.created_at
    return Mark(visit.w.word("case_left", time=visit.shown.duration(left)), "warn" if is_little else "quiet", below=by)


def to_the_minute(visit: Visit, at: int) -> str:
    """A moment as a desk plans by it."""
    return visit.shown.time(at)[: len("2026-11-30 08:30")]


def cause_label(visit: Visit, code: str | None) -> str:
    """What a case comes down to, in words; empty where that is not known."""
    if code is None:
        return ""
    found = next((words for kind in _CAUSES if (words := visit.w.entry(kind, code)) is not None), None)
    return code if found is None else visit.w.of(found)


def sees_everything(visit: Visit) -> bool:
    """Whether the visitor sees every case, and not only those that were handed over."""
    return visit.principal.is_operator or not sees_only_handed_over(visit.principal.staff_roles)


async def case_of_number(visit: Visit, text: str) -> Case | None:
    """The case of a number that somebody typed, as far as the visitor may see it; None where there is none."""
    number = read_number(text)
    if number is None:
        return None
    found = await visit.services.cases.queue(CaseQuery(text=number), principal=visit.principal, most=1)
    return found[0] if found else None


# -- what is asked for -------------------------------------------------------------------------------------------------


def query_asked(visit: Visit) -> CaseQuery:
    """The query of the address; what cannot be is left out, and without a state it is the open ones."""
    asked = visit.asked("state")
    states = tuple(CaseState(one) for one in asked.split(",") if one in tuple(CaseState))
    priority, problem = visit.asked("priority"), visit.asked("class")
    group = visit.asked("group")
    is_late = bool(visit.asked("late"))
    return CaseQuery(
        states=states,
        is_open=is_late or (not states and asked != _EVERY_STATE),
        is_late=is_late,
        problem=problem if problem in FIELDS_OF_PROBLEM else None,
        priority=Priority(priority) if priority in tuple(Priority) else None,
        owner=_owner(visit),
        cause=visit.asked("cause")[:60] or None,
        account_id=visit.id_asked("account", "account"),
        group_id=_hex(group) if group else None,
        text=_text(visit),
    )


def _owner(visit: Visit) -> str | None:
    given = visit.asked("owner")[:254]
    return {"": None, _ME: visit.by, _NOBODY: ""}.get(given, given)


def _text(visit: Visit) -> str | None:
    """A number as it is kept, however it was typed, or an id."""
    text = visit.asked("q")[:120]
    return read_number(text) or text or None


def _hex(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        raise NotFound(code="page_not_found") from None


def _after(visit: Visit) -> tuple[int, UUID] | None:
    text = visit.asked("after")
    due, _, last = text.partition(".")
    if not text:
        return None
    if not (due.isascii() and due.isdigit() and len(due) <= 18):
        raise NotFound(code="page_not_found")
    return int(due), _hex(last)


def _filters(visit: Visit) -> list[tuple[str, str, list[tuple[str, str]] | None]]:
    w, state, owner = visit.w, visit.asked("state"), visit.asked("owner")
    states = [*choices(visit, "case_state", CaseState), (_EVERY_STATE, w.word("case_every_state"))]
    if "," in state:
        # Several at once come from a saved search.
        states.append(
            (state, " · ".join(w.label("case_state", one) for one in state.split(",") if one in tuple(CaseState)))
        )
    owners = [(_ME, w.word("case_me")), (_NOBODY, w.word("case_nobody"))]
    if owner and owner not in (_ME, _NOBODY):
        owners.append((owner, owner))
    return [
        ("state", "case_state", states),
        ("class", "case_class", choices(visit, "problem_class", FIELDS_OF_PROBLEM)),
        ("priority", "case_priority", choices(visit, "case_priority", Priority)),
        ("owner", "case_owner", owners),
        ("late", "case_due", [("1", w.word("case_late_only"))]),
        ("cause", "case_cause", _causes(visit)),
        ("q", "case_number_or_record", None),
    ]  # fmt: skip


def _causes(visit: Visit) -> list[tuple[str, str]]:
    """Every cause that a case can come down to, by its name."""
    named = {one.code: visit.w.of(one) for kind in reversed(_CAUSES[:2]) for one in entries(kind)}
    return sorted(named.items(), key=lambda one: one[1])


async def _counts(visit: Visit) -> list[QueueCount]:
    return await visit.services.cases.counts() if sees_everything(visit) else []


def _tabs(visit: Visit, counts: Iterable[QueueCount]) -> list[tuple[str, str, bool]]:
    """What people look at most: everything that is open, what is late, their own, what nobody has, what waits for others."""
    counted, w = list(counts), visit.w
    numbers = {
        "case_tab_open": sum(one.count for one in counted),
        "case_tab_late": sum(one.late for one in counted),
        "case_tab_waiting": sum(one.count for one in counted if one.state is CaseState.WAITING_FOR_CUSTOMER),
    }
    tabs: list[tuple[str, dict[str, str]]] = [
        ("case_tab_open", {}),
        ("case_tab_late", {"late": "1"}),
        ("case_tab_mine", {"owner": _ME}),
        ("case_tab_nobodys", {"owner": _NOBODY}),
        ("case_tab_waiting", {"state": CaseState.WAITING_FOR_CUSTOMER.value}),
    ]
    asked = {name: visit.asked(name) for name in ("late", "owner", "state")}
    return [
        (
            # Whoever sees only some of the cases is told no numbers of all.
            f"{w.word(code)} {visit.shown.count(numbers[code])}" if counted and code in numbers else w.word(code),
            with_query(visit.staff_link("/cases"), query),
            all(asked[name] == query.get(name, "") for name in asked),
        )
        for code, query in tabs
    ]


# -- saved searches ----------------------------------------------------------------------------------------------------


def _saved(visit: Visit, one: SavedSearch) -> dict[str, object]:
    return {
        "name": one.name,
        "href": address_of(visit, one.query),
        "is_here": one.query == query_asked(visit),
        "is_shared": one.is_shared,
        "forget": visit.staff_link(f"/cases/searches/{one.search_id.hex}/forget") if one.person_id == visit.person.person_id else None,
    }  # fmt: skip


def address_of(visit: Visit, query: CaseQuery) -> str:
    """The queue with that query in its address."""
    owner = {None: "", "": _NOBODY, visit.by: _ME}.get(query.owner, query.owner)
    is_every_state = not query.states and not query.is_open
    return visit.staff_link(
        "/cases",
        **{
            "state": _EVERY_STATE if is_every_state else ",".join(query.states),
            "class": query.problem, "priority": query.priority, "owner": owner, "late": query.is_late, "cause": query.cause,
            "account": None if query.account_id is None else show_id("account", query.account_id),
            "group": None if query.group_id is None else query.group_id.hex, "q": query.text,
        },
    )  # fmt: skip


@pages.post("/cases/searches", need=CASES, shows=cases)
async def save_case_search(visit: Visit) -> Response:
    """Keep what the queue is narrowed to (the query of this address) under a name."""
    if visit.principal.person_id is None:
        raise InputError(field="name", expected="a person who has signed in")
    saved = await visit.services.cases.save_search(
        visit.typed("name"), query_asked(visit), person_id=visit.principal.person_id, is_shared=visit.ticked("shared")
    )
    await did(visit, None, "case_search_saved", subject=saved.name)
    return visit.done(address_of(visit, saved.query), "done_case_search_saved")


@pages.post("/cases/searches/{search_id}/forget", need=CASES)
async def forget_case_search(visit: Visit) -> Response:
    if visit.principal.person_id is None:
        raise NotFound(code="case_search_not_found")
    search_id = _hex(visit.request.path_params["search_id"])
    await visit.services.cases.forget_search(search_id, person_id=visit.principal.person_id)
    return visit.done(visit.staff_link("/cases"), "done_case_search_forgotten")
