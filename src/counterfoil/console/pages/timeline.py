"""One timeline of an account, for whoever helps its people: every book in one order, newest first."""

from __future__ import annotations

from urllib.parse import urlencode

from counterfoil.console.desk import account_page, read_moment
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Instant, Mark, Note, Table
from counterfoil.console.visits import View, Visit, with_query
from counterfoil.evidence.timeline import TimelineKind, TimelineRow, TimelineSource
from counterfoil.evidence.timeline_view import details_of_row, label_of_row, state_of_row
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Staff

pages = Pages()
_READ = Need(staff=Staff.ACCOUNTS_READ)
_TONES = {
    TimelineKind.TROUBLE: "bad", TimelineKind.ORDERS: "good", TimelineKind.CODES: "good", TimelineKind.MONEY: "good",
    TimelineKind.REFUNDS: "info", TimelineKind.DISPUTES: "bad", TimelineKind.ENDINGS: "warn", TimelineKind.LIMITS: "warn",
    TimelineKind.APPROVALS: "info", TimelineKind.TASKS: "info",
}  # fmt: skip
# Whose amount says how much, and not that it has moved.
_SIZED = frozenset({TimelineKind.TROUBLE, TimelineKind.LIMITS})
# What has a page, and is led to by its id.
_WITH_PAGE = frozenset({"request", "task", "order", "approval", "code", "key", "group"})
_DAYS = (1, 7, 30, 90)
_DAY = 86_400_000_000


@pages.get("/accounts/{account_id}/timeline", need=_READ)
async def timeline(visit: Visit) -> View:
    asked = [one for one in visit.request.query_params.getlist("kind") if one in tuple(TimelineKind)]
    days = visit.asked("days")
    start = read_moment(visit, "start", visit.asked("start"))
    end = read_moment(visit, "end", visit.asked("end"))
    if start is None and days.isascii() and days.isdigit() and 0 < len(days) <= 3:
        start = (visit.now if end is None else end) - max(1, min(int(days), 366)) * _DAY
    page = await visit.services.timelines.of(
        visit.account_id, kinds=[TimelineKind(one) for one in asked], start=start, end=end,
        cursor=visit.asked("cursor") or None, most=min(visit.most_rows, 200),
    )  # fmt: skip
    return View(
        template="timeline.html",
        title="page_timeline",
        values={
            "page": page,
            "kinds": [
                (one.value, visit.w.word(f"timeline_{one}"), visit.w.hint(f"timeline_{one}"), one.value in asked)
                for one in TimelineKind
            ],
            "spans": [
                (visit.w.word("timeline_day") if one == 1 else visit.w.word("timeline_days", count=one), visit.here(days=one, start=None, end=None, cursor=None), days == str(one) or (not days and not visit.asked("start") and one == 7))
                for one in _DAYS
            ],
            "window": f"{visit.shown.time(page.start)} – {visit.shown.time(page.end - 1)}",
            "why": visit.asked("why"),
            "links": [
                (code, account_page(visit.account_id, path))
                for code, path in (("page_overview", "/overview"), ("page_requests", "/requests"), ("page_statement", "/statement"), ("page_why", "/why"))
            ],
        },
        tables=(
            Table(
                name="timeline",
                caption="timeline_rows",
                empty="timeline_empty",
                columns=(
                    Column(code="timeline_at"), Column(code="timeline_kind", wide=True), Column(code="timeline_what"),
                    Column(code="timeline_amount", numeric=True), Column(code="timeline_about"),
                    Column(code="timeline_by", wide=True),
                ),
                rows=[_row(visit, one, page.currency) for one in page.rows],
                more=_next(visit, page.next),
                live=bool(visit.asked("live")),
            ),
        ),
    )  # fmt: skip


def _next(visit: Visit, cursor: str | None) -> str | None:
    """The page before: kinds may be asked for several times, which `here` knows nothing of."""
    if cursor is None:
        return None
    kept = [
        (name, value)
        for name, value in visit.request.query_params.multi_items()
        if name not in ("cursor", "csv", "xlsx", "done", "live")
    ]
    return _with_pairs(visit.link("/timeline"), [*kept, ("cursor", cursor)])


def _with_pairs(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}"


def _row(visit: Visit, row: TimelineRow, currency: str) -> tuple[Cell, ...]:
    label, state = label_of_row(row, visit.language), state_of_row(row, visit.language)
    details = details_of_row(row, visit.language)
    if state is not None and state != label:
        details = [state, *details]
    details = [part for part in (_count(visit, row), _size(visit, row, currency)) if part] + details
    return (
        Instant(row.at),
        Mark(visit.w.word(f"timeline_{row.kind}"), _TONES.get(row.kind, "quiet")),
        Note(label, " · ".join(details), _calls_address(visit, row)),
        None if row.amount is None or row.kind in _SIZED
        else Amount(row.amount, row.currency or currency, signed=row.kind in (TimelineKind.CHARGES, TimelineKind.MONEY, TimelineKind.ENDINGS)),
        _subject(visit, row),
        row.by,
    )  # fmt: skip


def _count(visit: Visit, row: TimelineRow) -> str:
    if row.count is None or (row.count == 1 and row.source not in (TimelineSource.CALLS, TimelineSource.CHARGES)):
        return ""
    if row.source is TimelineSource.LIMITS:
        return visit.shown.count(row.count)
    return visit.w.word("count_of_calls", count=visit.shown.count(row.count))


def _size(visit: Visit, row: TimelineRow, currency: str) -> str:
    """What a limit allows, or a refused call would have needed: no money has moved."""
    if row.amount is None or row.kind not in _SIZED:
        return ""
    amount = visit.shown.short_money(row.amount, row.currency or currency)
    return f"{visit.w.word('needed')} {amount}" if row.kind is TimelineKind.TROUBLE else amount


def _calls_address(visit: Visit, row: TimelineRow) -> str | None:
    """The calls of an hour, one by one."""
    if row.source is not TimelineSource.CALLS or row.first_at is None:
        return None
    return visit.link("/requests", since=visit.shown.exact_time(row.first_at), until=visit.shown.exact_time(row.at + 1))


def _subject(visit: Visit, row: TimelineRow) -> Cell:
    if row.subject_kind is None or row.subject_id is None:
        return None
    shown = show_id(row.subject_kind, row.subject_id)
    href = with_query(visit.staff_link("/go"), {"q": shown}) if row.subject_kind in _WITH_PAGE else None
    return Id(shown, href)
