"""What the staff's pages share: how their forms are read, how states are marked, whose account it is, and the trail of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from counterfoil.approvals.model import Approval, ApprovalAction
from counterfoil.console.tables import Amount, Link, Mark
from counterfoil.console.visits import ROOT, Visit, with_query
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.periods import from_datetime
from counterfoil.identity.access import Staff

# What a state means at a glance; what is in no row is neither good nor bad.
_TONES: Mapping[str, Mapping[str, str]] = {
    "account_state": {"active": "good", "suspended": "warn", "closed": "quiet"},
    "approval_state": {"proposed": "warn", "approved": "good", "rejected": "bad"},
    "order_state": {
        "paid": "good", "processing": "info", "failed": "bad", "partly_refunded": "info", "refunded": "info",
        "disputed": "bad",
    },
    "refund_state": {"succeeded": "good", "failed": "bad", "unknown": "bad", "sending": "info", "sent": "info", "waiting": "warn"},
    "dispute_state": {"open": "warn", "won": "good", "lost": "bad"},
    "code_state": {"new": "info", "redeemed": "good", "voided": "bad"},
    "grant_state": {"open": "good", "frozen": "warn"},
    "group_state": {"active": "good", "disabled": "quiet"},
}  # fmt: skip


def state_mark(visit: Visit, kind: str, code: str) -> Mark:
    """A state in its words, with its meaning as the hint."""
    tone = _TONES.get(kind, {}).get(code, "quiet")
    return Mark(visit.w.label(kind, code), tone, visit.w.explanation(kind, code))


def choices(visit: Visit, kind: str, codes: Iterable[str]) -> list[tuple[str, str]]:
    """The options of a select: codes of a kind with their labels."""
    return [(str(code), visit.w.label(kind, str(code))) for code in codes]


# Forms. Several of them may stand on a page: each has a prefix, so that no two inputs share a name.


@contextmanager
def form(prefix: str) -> Iterator[None]:
    """A problem with a field of the use case is shown at the form's input for it."""
    try:
        yield
    except InputError as error:
        field = error.parameters.get("field")
        if isinstance(field, str) and not field.startswith(f"{prefix}_"):
            error.parameters["field"] = f"{prefix}_{field}"
        raise


def read_money(visit: Visit, name: str) -> int:
    """A decimal amount in nanos; raises `InputError` at the field."""
    return _at(name, lambda: parse_nanos(visit.typed(name)))


def read_optional_money(visit: Visit, name: str) -> int | None:
    return read_money(visit, name) if visit.typed(name) else None


def read_whole(visit: Visit, name: str, *, default: int | None = None) -> int:
    """A whole number; raises `InputError` at the field where it is none, or missing without a default."""
    text = visit.typed(name)
    if not text and default is not None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise InputError(field=name, expected="0, 1, 2, …")
    return int(text)


def read_optional_whole(visit: Visit, name: str) -> int | None:
    return read_whole(visit, name) if visit.typed(name) else None


def read_moment(visit: Visit, name: str, text: str | None = None) -> int | None:
    """A date, or a date and time, in the reader's zone; None where nothing was given. Raises `InputError` at the field."""
    given = visit.typed(name) if text is None else text
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise InputError(code="time_unreadable", field=name, expected="2026-11-29 08:00") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(visit.time_zone))
    return from_datetime(moment)


def _at(name: str, read: Callable[[], int]) -> int:
    try:
        return read()
    except InputError as error:
        error.parameters["field"] = name
        raise


# Approvals.

# What moves a wallet by the approval's own amount: its sign says which way.
OF_WALLET = (ApprovalAction.CREDIT, ApprovalAction.ADJUSTMENT, ApprovalAction.GRANT_END)


def amount_of(approval: Approval) -> Amount | None:
    """How much an approval is about; with its sign where that says which way the balance goes."""
    if approval.amount is None or approval.currency is None:
        return None
    return Amount(approval.amount, approval.currency, signed=approval.action in OF_WALLET)


# Whose it is.


async def account_links(
    visit: Visit, account_ids: Iterable[UUID | None], path: str = "/administration"
) -> dict[UUID, Link]:
    """The names of accounts, each leading to a page about it."""
    wanted = {one for one in account_ids if one is not None}
    names = await visit.services.ledger.names(wanted)
    return {one: Link(names.get(one, show_id("account", one)), account_page(one, path)) for one in wanted}


def account_page(account_id: UUID, path: str = "/administration", **query: object) -> str:
    """The address of a page about an account, for staff."""
    return with_query(f"{ROOT}/accounts/{show_id('account', account_id)}{path}", query)


def may_read_accounts(visit: Visit) -> bool:
    return visit.may(staff=Staff.ACCOUNTS_READ)


# The trail. Pages with the account in their address are recorded by the console itself; these have it behind an id.


async def saw(visit: Visit, account_id: UUID | None, what: str) -> None:
    """Staff looks at something of an account's."""
    if account_id is not None and account_id != visit.principal.account_id:
        await visit.services.audit.saw(visit.principal, account_id, what, client_address=visit.client_address)


async def did(visit: Visit, account_id: UUID | None, what: str, *, subject: str | None = None) -> None:
    """Staff does something to an account, or to the installation."""
    await visit.services.audit.did(
        visit.principal, what, account_id=account_id, subject=subject, client_address=visit.client_address
    )
