"""The console's map: which pages stand in the menu and in the command palette, and for whom.

A page appears for whoever may open it. `{account}` in a path is the account that is looked at, or one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.console.visits import ROOT, Visit
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Own, Staff, decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page in the menu; `code` is its `page` entry."""

    code: str
    path: str
    need: Need
    icon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Places under a heading (a `word` entry)."""

    code: str
    places: Sequence[Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    code: str
    href: str
    icon: str
    is_here: bool


_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
# Staff have a desk of their own.
_OWN = Need(own=Own.USAGE_READ)
_MONEY = Need(own=Own.MONEY_READ, staff=Staff.ACCOUNTS_READ)
_MEMBERS = Need(own=Own.MEMBERS_READ, staff=Staff.ACCOUNTS_READ)
_LIMITS = Need(own=Own.LIMITS_WRITE, staff=Staff.ACCOUNTS_READ)


def _of_account(code: str, path: str, need: Need, icon: str) -> Place:
    return Place(code=code, path="/accounts/{account}" + path, need=need, icon=icon)


def _of_staff(code: str, path: str, staff: Staff, icon: str) -> Place:
    return Place(code=code, path=path, need=Need(staff=staff), icon=icon)


_ACCOUNT_SECTIONS = (
    Section(
        code="menu_usage",
        places=(
            _of_account("page_overview", "/overview", _READ, "gauge"),
            _of_account("page_requests", "/requests", _READ, "list"),
            _of_account("page_tasks", "/tasks", _READ, "film"),
            _of_account("page_submissions", "/submissions", _READ, "copies"),
            _of_account("page_why", "/why", _READ, "question"),
            _of_account("page_support", "/support", _OWN, "inbox"),
        ),
    ),
    Section(
        code="menu_money",
        places=(
            _of_account("page_statement", "/statement", _MONEY, "book"),
            _of_account("page_recharge", "/recharge", _MONEY, "wallet"),
            _of_account("page_prices", "/prices", _READ, "tag"),
        ),
    ),
    Section(
        code="menu_team",
        places=(
            _of_account("page_spend", "/spend", _MONEY, "chart"),
            _of_account("page_keys", "/keys", _READ, "key"),
            _of_account("page_groups", "/groups", _READ, "group"),
            _of_account("page_members", "/members", _MEMBERS, "people"),
            _of_account("page_asks", "/asks", _LIMITS, "hand"),
            _of_account("page_alerts", "/alerts", _READ, "bell"),
        ),
    ),
)
_STAFF_SECTIONS = (
    Section(
        code="menu_desk",
        places=(
            Place(code="page_staff_home", path="/staff", need=Need(staff=Staff.ACCOUNTS_READ), icon="door"),
            _of_staff("page_search", "/search", Staff.ACCOUNTS_READ, "search"),
            _of_staff("page_accounts", "/accounts", Staff.ACCOUNTS_READ, "people"),
            _of_staff("page_cases", "/cases", Staff.CASES, "inbox"),
            _of_staff("page_case_metrics", "/cases/metrics", Staff.CASES, "chart"),
            _of_staff("page_approvals", "/approvals", Staff.PROPOSE, "check"),
        ),
    ),
    Section(
        code="menu_handbook",
        places=(
            _of_staff("page_knowledge", "/knowledge", Staff.ARTICLES_WRITE, "book"),
            _of_staff("page_knowledge_signals", "/knowledge/signals", Staff.ARTICLES_WRITE, "flag"),
            _of_staff("page_knowledge_drafts", "/knowledge/drafts", Staff.ARTICLES_WRITE, "list"),
        ),
    ),
    Section(
        code="menu_operations",
        places=(
            _of_staff("page_orders", "/orders", Staff.ORDERS_READ, "wallet"),
            _of_staff("page_notices", "/notices", Staff.ORDERS_READ, "inbox"),
            _of_staff("page_codes", "/codes", Staff.CODES_READ, "ticket"),
            _of_staff("page_refunds", "/refunds", Staff.ORDERS_READ, "undo"),
            _of_staff("page_disputes", "/disputes", Staff.ORDERS_READ, "flag"),
            _of_staff("page_price_books", "/price-books", Staff.PRICES_READ, "tag"),
            _of_staff("page_upstreams", "/upstreams", Staff.UPSTREAMS_READ, "plug"),
        ),
    ),
    Section(
        code="menu_finance",
        places=(
            _of_staff("page_reconcile", "/reconcile", Staff.RECONCILE_READ, "scales"),
            _of_staff("page_breaks", "/reconcile/breaks", Staff.RECONCILE_READ, "flag"),
            _of_staff("page_sources", "/reconcile/sources", Staff.RECONCILE_READ, "inbox"),
            _of_staff("page_day_close", "/reconcile/close", Staff.RECONCILE_READ, "check"),
            _of_staff("page_ledger", "/ledger", Staff.LEDGER_READ, "book"),
        ),
    ),
    Section(
        code="menu_administration",
        places=(
            _of_staff("page_people", "/people", Staff.PEOPLE_WRITE, "people"),
            _of_staff("page_audit", "/audit", Staff.AUDIT_READ, "eye"),
        ),
    ),
)


def sections_for(visit: Visit) -> list[tuple[str, list[Shown]]]:
    """The menu of one visit: the account's part where there is an account, then the staff's."""
    account_id = visit.account.account_id if visit.account is not None else visit.principal.account_id
    found = []
    if account_id is not None:
        found += _drawn(visit, _ACCOUNT_SECTIONS, account=show_id("account", account_id))
    return found + _drawn(visit, _STAFF_SECTIONS, account="")


def home_of(visit: Visit) -> str:
    """Where somebody who has just signed in begins."""
    account_id = visit.principal.account_id
    if account_id is not None and not visit.is_staff:
        return f"{ROOT}/accounts/{show_id('account', account_id)}/overview"
    return f"{ROOT}/staff" if visit.is_staff else f"{ROOT}/profile"


def _drawn(visit: Visit, sections: Sequence[Section], *, account: str) -> list[tuple[str, list[Shown]]]:
    account_id = visit.account.account_id if visit.account is not None else visit.principal.account_id
    here = visit.request.scope["path"].removeprefix(visit.request.scope.get("root_path", ""))
    drawn = []
    for section in sections:
        places = [
            Shown(code=place.code, href=ROOT + path, icon=place.icon, is_here=here == path)
            for place in section.places
            if decide(visit.principal, place.need, account_id=account_id).allowed
            for path in (place.path.format(account=account),)
        ]
        if places:
            drawn.append((section.code, places))
    return drawn
