"""Who may do what: roles, permissions, and the one rule that decides. Nothing here does I/O.

Somebody acts either on the account they belong to, by their role there, or on every account, by their staff roles. Every
route, page and command names its `Need`; whoever meets either half of it is let in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from uuid import UUID


class Role(StrEnum):
    """What a member is on their account."""

    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    BILLING_VIEWER = "billing_viewer"


class StaffRole(StrEnum):
    """What somebody does for the operator; one person may hold all of them."""

    SUPPORT = "support"
    ENGINEERING = "engineering"
    OPERATIONS = "operations"
    FINANCE = "finance"
    EDITOR = "editor"
    ADMINISTRATOR = "administrator"


class Own(StrEnum):
    """What may be done to one's own account."""

    # Balance, limits, requests, tasks, submissions, prices, explanations.
    USAGE_READ = "usage.read"
    # Movements, orders, receipts, what others spent.
    MONEY_READ = "money.read"
    # Create, pay and cancel orders, redeem codes, ask for invoices.
    RECHARGE = "recharge"
    KEYS_WRITE = "keys.write"
    # Groups, limits, duplicates, and answers to those who ask for more.
    LIMITS_WRITE = "limits.write"
    MEMBERS_READ = "members.read"
    MEMBERS_WRITE = "members.write"
    ALERTS_WRITE = "alerts.write"
    # The account's name and time zone, and who owns it.
    ACCOUNT_WRITE = "account.write"


class Staff(StrEnum):
    """What may be done to every account, and to the installation."""

    ACCOUNTS_READ = "accounts.read"
    ACCOUNTS_WRITE = "accounts.write"
    ORDERS_READ = "orders.read"
    ORDERS_WRITE = "orders.write"
    CODES_READ = "codes.read"
    CODES_WRITE = "codes.write"
    # Propose what moves money, and decide what somebody else has proposed.
    PROPOSE = "propose"
    APPROVE = "approve"
    PRICES_READ = "prices.read"
    PRICES_WRITE = "prices.write"
    UPSTREAMS_READ = "upstreams.read"
    UPSTREAMS_WRITE = "upstreams.write"
    RECONCILE_READ = "reconcile.read"
    RECONCILE_WRITE = "reconcile.write"
    LEDGER_READ = "ledger.read"
    LEDGER_WRITE = "ledger.write"
    EVIDENCE = "evidence"
    NOTIFICATIONS_WRITE = "notifications.write"
    # People's staff roles, sessions and sign-in; the audit trail.
    PEOPLE_WRITE = "people.write"
    AUDIT_READ = "audit.read"
    # Cases and articles.
    CASES = "cases"
    ARTICLES_WRITE = "articles.write"


_Permission = TypeVar("_Permission", Own, Staff)

OF_ROLE: Mapping[Role, frozenset[Own]] = {
    Role.OWNER: frozenset(Own),
    Role.ADMIN: frozenset(Own) - {Own.ACCOUNT_WRITE},
    Role.DEVELOPER: frozenset({Own.USAGE_READ, Own.KEYS_WRITE, Own.MEMBERS_READ}),
    Role.BILLING_VIEWER: frozenset({Own.USAGE_READ, Own.MONEY_READ, Own.RECHARGE}),
}
OF_STAFF_ROLE: Mapping[StaffRole, frozenset[Staff]] = {
    StaffRole.SUPPORT: frozenset(
        {Staff.ACCOUNTS_READ, Staff.ORDERS_READ, Staff.CODES_READ, Staff.PRICES_READ, Staff.EVIDENCE, Staff.PROPOSE, Staff.CASES}
    ),
    StaffRole.ENGINEERING: frozenset(
        {Staff.ACCOUNTS_READ, Staff.PRICES_READ, Staff.UPSTREAMS_READ, Staff.LEDGER_READ, Staff.EVIDENCE, Staff.CASES}
    ),
    StaffRole.OPERATIONS: frozenset(
        {
            Staff.ACCOUNTS_READ, Staff.ACCOUNTS_WRITE, Staff.ORDERS_READ, Staff.ORDERS_WRITE, Staff.CODES_READ,
            Staff.CODES_WRITE, Staff.PROPOSE, Staff.PRICES_READ, Staff.PRICES_WRITE, Staff.UPSTREAMS_READ,
            Staff.UPSTREAMS_WRITE, Staff.RECONCILE_READ, Staff.LEDGER_READ, Staff.EVIDENCE,
            Staff.NOTIFICATIONS_WRITE, Staff.CASES,
        }
    ),
    StaffRole.FINANCE: frozenset(
        {
            Staff.ACCOUNTS_READ, Staff.ORDERS_READ, Staff.ORDERS_WRITE, Staff.CODES_READ, Staff.PROPOSE, Staff.APPROVE,
            Staff.PRICES_READ, Staff.UPSTREAMS_READ, Staff.RECONCILE_READ, Staff.RECONCILE_WRITE, Staff.LEDGER_READ,
            Staff.LEDGER_WRITE, Staff.EVIDENCE, Staff.CASES,
        }
    ),
    StaffRole.EDITOR: frozenset({Staff.ARTICLES_WRITE}),
    StaffRole.ADMINISTRATOR: frozenset(Staff),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a route, page or command asks for. Neither half: whoever has signed in (their own profile). `open`: everybody."""

    own: Own | None = None
    staff: Staff | None = None
    open: bool = False


OPEN = Need(open=True)
SIGNED_IN = Need()


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """On whose behalf something is done. `name` is what records say of them.

    `scopes` are those of a token (`Own` and `Staff` values); None where nothing narrows what the roles allow. The holder
    of the operator's token may do everything.
    """

    name: str
    person_id: UUID | None = None
    account_id: UUID | None = None
    member_id: UUID | None = None
    role: Role | None = None
    staff_roles: frozenset[StaffRole] = frozenset()
    scopes: frozenset[str] | None = None
    is_operator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """That somebody may, and in which capacity: `as_staff` is what the audit trail records."""

    allowed: bool
    as_staff: bool = False


def own_permissions(principal: Principal) -> frozenset[Own]:
    """What the principal may do to their own account."""
    granted = OF_ROLE[principal.role] if principal.role is not None else frozenset[Own]()
    return _narrowed(granted, principal.scopes)


def staff_permissions(principal: Principal) -> frozenset[Staff]:
    """What the principal may do to every account."""
    if principal.is_operator:
        return frozenset(Staff)
    granted = frozenset(one for role in principal.staff_roles for one in OF_STAFF_ROLE[role])
    return _narrowed(granted, principal.scopes)


def decide(principal: Principal, need: Need, *, account_id: UUID | None) -> Access:
    """Whether the principal may; `account_id` is the account that it is about, None where it is about no single one."""
    if need.open:
        return Access(allowed=True)
    if need.own is None and need.staff is None:
        return Access(allowed=True)
    is_own = account_id is not None and account_id == principal.account_id
    if is_own and need.own is not None and need.own in own_permissions(principal):
        return Access(allowed=True)
    if need.staff is not None and need.staff in staff_permissions(principal):
        return Access(allowed=True, as_staff=True)
    return Access(allowed=False)


def _narrowed(granted: Collection[_Permission], scopes: frozenset[str] | None) -> frozenset[_Permission]:
    return frozenset(one for one in granted if scopes is None or one.value in scopes)
