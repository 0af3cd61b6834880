"""Where staff begin: one door for each role they hold, with what waits behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from counterfoil.approvals.model import ApprovalState
from counterfoil.approvals.rules import same_person
from counterfoil.console.desk import account_links
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Column, Count, Instant, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import Forbidden
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import SIGNED_IN, Need, Staff, StaffRole
from counterfoil.knowledge.editing_model import DraftState
from counterfoil.notify.model import DeliveryState
from counterfoil.reconcile.desk_model import RunState
from counterfoil.support.model import CaseState

pages = Pages()
_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
# Beyond it, the number itself says nothing more.
_COUNTED_MAX = 100
_OLD_DAYS = 7
# The log gives no more at a time.
_DELIVERIES_MAX = 199
_BOARD_DAYS = 7
_ICONS = {
    StaffRole.SUPPORT: "search", StaffRole.OPERATIONS: "wallet", StaffRole.FINANCE: "scales", StaffRole.ENGINEERING: "plug",
    StaffRole.EDITOR: "book", StaffRole.ADMINISTRATOR: "people",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something that waits: how much of it, and where it is done. `tone` is warn or bad where somebody should look now."""

    code: str
    count: int
    href: str
    tone: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A role's door: its first page, and what waits behind it."""

    role: StaffRole
    href: str
    icon: str
    waiting: list[Waiting]
    links: list[tuple[str, str]]


@pages.get("/staff", need=SIGNED_IN)
async def staff_home(visit: Visit) -> View:
    """For whoever holds any staff role; members have an account to begin at."""
    if not visit.is_staff:
        raise Forbidden(code="permission_missing", permission=Staff.ACCOUNTS_READ.value)
    return View(
        template="staff_home.html",
        title="page_staff_home",
        values={"doors": [await _door(visit, role) for role in _roles(visit)]},
    )


@pages.get("/staff/deliveries", need=Need(staff=Staff.NOTIFICATIONS_WRITE))
async def failed_deliveries(visit: Visit) -> View:
    """Alerts that were given up, over all accounts: somebody has not heard of something."""
    most = min(visit.most_rows, _DELIVERIES_MAX)
    found = await visit.services.notify.log(
        state=DeliveryState.GIVEN_UP, before=visit.id_asked("delivery", "before"), most=most + 1
    )
    rows = found[:most]
    links = await account_links(visit, (one.account_id for one in rows), "/alerts")
    return View(
        template="failed_deliveries.html",
        title="page_failed_deliveries",
        tables=(
            Table(
                name="deliveries",
                caption="failed_deliveries",
                empty="failed_deliveries_none",
                columns=(
                    Column(code="failed_at"), Column(code="failed_what"), Column(code="failed_account"),
                    Column(code="failed_channel", wide=True), Column(code="failed_tries", numeric=True),
                    Column(code="failed_why"),
                ),
                rows=[
                    (
                        Instant(one.ended_at or one.created_at), visit.w.label("notification", one.kind),
                        links.get(one.account_id) if one.account_id else None, one.channel_mask, Count(one.tries),
                        Note(visit.w.label("delivery_outcome", one.outcome), one.detail or ""),
                    )
                    for one in rows
                ],
                more=visit.here(before=show_id("delivery", rows[-1].delivery_id)) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip


def _roles(visit: Visit) -> list[StaffRole]:
    held = visit.principal.staff_roles
    everything = StaffRole.ADMINISTRATOR in held or visit.principal.is_operator
    return [role for role in StaffRole if everything or role in held]


async def _door(visit: Visit, role: StaffRole) -> Door:
    first, waits, links = _DOORS[role]
    found = [one for wait in waits if (one := await wait(visit)) is not None]
    return Door(
        role=role, href=visit.staff_link(first), icon=_ICONS[role], waiting=found,
        links=[(code, visit.staff_link(path)) for code, path in links],
    )  # fmt: skip


# -- what waits --------------------------------------------------------------------------------------------------------


async def _orders(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.ORDERS_READ):
        return None
    found = await visit.services.orders.orders(attention=True, most=_COUNTED_MAX)
    return _waiting("home_orders", len(found), visit.staff_link("/orders", attention=True), tone="warn")


async def _approvals(visit: Visit) -> Waiting | None:
    """Those that this person may decide; without the right to decide, their own that wait."""
    if not visit.may(staff=Staff.PROPOSE):
        return None
    found = await visit.services.approvals.list(state=ApprovalState.PROPOSED, most=_COUNTED_MAX)
    may_decide = visit.may(staff=Staff.APPROVE)
    mine = [one for one in found if same_person(visit.by, one.proposed_by) is not may_decide]
    code = "home_approvals" if may_decide else "home_proposals"
    return _waiting(code, len(mine), visit.staff_link("/approvals"), tone="warn" if may_decide else "")


async def _breaks(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.RECONCILE_READ):
        return None
    standing = sum(one.count for one in await visit.services.reconcile.breaks.counts())
    return Waiting(
        code="home_breaks", count=standing, href=visit.staff_link("/reconcile/breaks"), tone="warn" if standing else ""
    )


async def _old_breaks(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.RECONCILE_READ):
        return None
    found = await visit.services.reconcile.breaks.list(standing=True, older_than_days=_OLD_DAYS, most=_COUNTED_MAX)
    return _waiting("home_old_breaks", len(found), visit.staff_link("/reconcile/breaks", older=_OLD_DAYS), tone="bad")


async def _runs(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.RECONCILE_READ):
        return None
    runs = visit.services.reconcile.runs
    board = await runs.board(last=runs.day_of(visit.now), days=_BOARD_DAYS)
    wrong = sum(run.state in (RunState.INCONCLUSIVE, RunState.FAILED) for day in board for run in day.runs.values())
    return _waiting("home_runs", wrong, visit.staff_link("/reconcile"), tone="warn")


async def _deliveries(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.NOTIFICATIONS_WRITE):
        return None
    found = await visit.services.notify.log(state=DeliveryState.GIVEN_UP, most=_COUNTED_MAX)
    recent = sum(one.created_at > visit.now - _DAY for one in found)
    return _waiting("home_deliveries", recent, visit.staff_link("/staff/deliveries"), tone="warn")


async def _out_of_money(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.UPSTREAMS_READ):
        return None
    health = await visit.services.upstream_records.health(since=visit.now - _HOUR)
    out = sum(one.out_of_money > 0 for one in health.values())
    return _waiting("home_out_of_money", out, visit.staff_link("/upstreams"), tone="bad")


async def _upstreams_failing(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.UPSTREAMS_READ):
        return None
    health = await visit.services.upstream_records.health(since=visit.now - _HOUR)
    failing = sum(one.attempts >= 5 and 2 * one.answered < one.attempts for one in health.values())
    return _waiting("home_upstreams_failing", failing, visit.staff_link("/upstreams"), tone="bad")


async def _invitations(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.PEOPLE_WRITE):
        return None
    found = await visit.services.people.invitations(None)
    open_ones = sum(one.accepted_at is None and one.revoked_at is None and one.expires_at > visit.now for one in found)
    return _waiting("home_invitations", open_ones, visit.staff_link("/people"))


async def _cases(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.CASES):
        return None
    count = sum(one.count for one in await visit.services.cases.counts())
    return Waiting(code="home_cases", count=count, href=visit.staff_link("/cases"))


async def _late_cases(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.CASES):
        return None
    late = sum(one.late for one in await visit.services.cases.counts())
    return Waiting(
        code="home_late_cases", count=late, href=visit.staff_link("/cases", late=1), tone="bad" if late else ""
    )


def _handed_over(state: CaseState) -> _Wait:
    """Cases that were handed to a desk."""

    async def wait(visit: Visit) -> Waiting | None:
        if not visit.may(staff=Staff.CASES):
            return None
        count = sum(one.count for one in await visit.services.cases.counts() if one.state is state)
        href = visit.staff_link("/cases", state=state.value)
        return Waiting(code="home_handed_over", count=count, href=href, tone="warn" if count else "")

    return wait


async def _due_articles(visit: Visit) -> Waiting | None:
    if not visit.may(staff=Staff.ARTICLES_WRITE):
        return None
    today = visit.services.editing.today
    articles = (await visit.services.handbook()).articles(visit.language)
    due = sum(one.review_by < today for one in articles)
    return Waiting(
        code="home_due_articles", count=due, href=visit.staff_link("/knowledge", due=1), tone="warn" if due else ""
    )


async def _ready_drafts(visit: Visit) -> Waiting | None:
    """Those that this person may approve: what they have written in waits for somebody else."""
    if not visit.may(staff=Staff.ARTICLES_WRITE):
        return None
    found = await visit.services.editing.drafts(only_open=True, most=_COUNTED_MAX)
    ready = [
        one
        for one in found
        if one.state is DraftState.READY and not any(same_person(visit.by, author) for author in one.authors)
    ]
    return _waiting("home_ready_drafts", len(ready), visit.staff_link("/knowledge/drafts"), tone="warn")


def _waiting(code: str, count: int, href: str, *, tone: str = "") -> Waiting:
    return Waiting(code=code, count=count, href=href, tone=tone if count else "", more=count >= _COUNTED_MAX)


_Wait = Callable[[Visit], Awaitable[Waiting | None]]
_DOORS: dict[StaffRole, tuple[str, tuple[_Wait, ...], tuple[tuple[str, str], ...]]] = {
    StaffRole.SUPPORT: (
        "/cases", (_cases, _late_cases, _orders, _approvals),
        (("page_cases", "/cases"), ("page_search", "/search"), ("page_accounts", "/accounts"), ("page_codes", "/codes")),
    ),
    StaffRole.OPERATIONS: (
        "/orders", (_orders, _handed_over(CaseState.WITH_OPERATIONS), _deliveries, _out_of_money, _approvals),
        (("page_orders", "/orders"), ("page_upstreams", "/upstreams"), ("page_price_books", "/price-books"), ("page_codes", "/codes")),
    ),
    StaffRole.FINANCE: (
        "/reconcile", (_approvals, _handed_over(CaseState.WITH_FINANCE), _breaks, _old_breaks, _runs),
        (("page_reconcile", "/reconcile"), ("page_breaks", "/reconcile/breaks"), ("page_day_close", "/reconcile/close"), ("page_ledger", "/ledger")),
    ),
    StaffRole.ENGINEERING: (
        "/upstreams", (_handed_over(CaseState.WITH_ENGINEERING), _upstreams_failing, _out_of_money),
        (("page_upstreams", "/upstreams"), ("page_ledger", "/ledger"), ("page_search", "/search")),
    ),
    StaffRole.EDITOR: (
        "/knowledge", (_due_articles, _ready_drafts),
        (("page_knowledge", "/knowledge"), ("page_knowledge_signals", "/knowledge/signals"), ("page_knowledge_drafts", "/knowledge/drafts")),
    ),
    StaffRole.ADMINISTRATOR: ("/people", (_invitations,), (("page_people", "/people"), ("page_audit", "/audit"))),
}  # fmt: skip
