"""The ledger's data: wallets, grants, holds, transfers, the commands that move money and their outcomes.

Amounts are nanos, times UTC microseconds, ids UUIDv7. Nothing here does I/O. What is made several times per call is a
NamedTuple, as immutable as a frozen dataclass and four times cheaper to make; give its fields by name all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

NewId = Callable[[], UUID]

# Operator-side accounts are names; only the customer's wallet is a row that is locked.
WALLET = "wallet"
REVENUE = "revenue"
PROMOTIONS = "promotions"
BREAKAGE = "breakage"
COMPENSATION = "compensation"
UNCOLLECTED = "uncollected"
ADJUSTMENTS = "adjustments"
CLEARING_PREFIX = "clearing:"

EMPTY_HASH = bytes(32)
COMPENSATION_MICROS = 30 * 24 * 3600 * 1_000_000


class GrantKind(StrEnum):
    PAID = "paid"
    PROMOTIONAL = "promotional"
    COMPENSATION = "compensation"


class GrantState(StrEnum):
    OPEN = "open"
    FROZEN = "frozen"
    ENDED = "ended"


class HoldVerb(StrEnum):
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


class TransferCode(StrEnum):
    CREDIT = "credit"
    CHARGE = "charge"
    OVERAGE = "overage"
    UNCOLLECTED = "uncollected"
    REFUND = "refund"
    REFUND_TO_CLEARING = "refund_to_clearing"
    CASH_REFUND = "cash_refund"
    CASH_SHORTFALL = "cash_shortfall"
    CASH_RESTORED = "cash_restored"
    BREAKAGE = "breakage"
    GRANT_ENDED = "grant_ended"
    ADJUSTMENT = "adjustment"


class Grant(NamedTuple):
    """A bucket of credit. `remaining` includes what holds have reserved (`held`)."""

    grant_id: UUID
    kind: GrantKind
    priority: int
    expires_at: int | None
    created_at: int
    origin: str
    source_kind: str
    source_id: str
    amount: int
    remaining: int
    held: int
    state: GrantState
    destination: str | None = None


class Wallet(NamedTuple):
    """One account's money at one moment. `grants` hold every grant with something remaining, in burn order."""

    account_id: UUID
    currency: str
    time_zone: str
    status: str
    revision: int
    version: int
    event_no: int
    last_at: int
    posted: int
    held: int
    head_hash: bytes
    grants: tuple[Grant, ...]
    # The earliest expiry of an open grant, so that a command can tell at a glance that none is due.
    next_expiry: int | None

    @property
    def spendable(self) -> int:
        """What may be spent: the unreserved rest of the open grants."""
        total = 0
        for grant in self.grants:
            if grant.state is GrantState.OPEN:
                total += grant.remaining - grant.held
        return total

    def spendable_at(self, now: int) -> int:
        """What could be spent at a time, before the grants that are due by then have been ended."""
        return self.spendable - sum(
            grant.remaining - grant.held
            for grant in self.grants
            if grant.state is GrantState.OPEN and grant.expires_at is not None and grant.expires_at <= now
        )


class Hold(NamedTuple):
    account_id: UUID
    hold_id: UUID
    event_no: int
    amount: int
    reservations: tuple[tuple[UUID, int], ...]
    created_at: int
    expires_at: int
    cause_kind: str
    cause_id: UUID
    intent: str


class HoldEnd(NamedTuple):
    """How a hold ended, once. `captured + released` is the hold's amount; `overage` and `uncollected` are beyond it."""

    account_id: UUID
    hold_id: UUID
    event_no: int
    verb: HoldVerb
    captured: int
    released: int
    overage: int
    uncollected: int
    reason: str
    intent: str
    created_at: int

    @property
    def charged(self) -> int:
        """What left the wallet for this hold."""
        return self.captured + self.overage


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A decision not to hold. `recorded` is false only for a refusal that shares another's row."""

    account_id: UUID
    refusal_id: UUID
    event_no: int
    code: str
    needed: int
    spendable: int
    intent: str
    created_at: int
    recorded: bool = True
    detail: Any = None


class Transfer(NamedTuple):
    account_id: UUID
    version: int
    event_no: int
    transfer_id: UUID
    debit: str
    credit: str
    amount: int
    code: str
    cause_kind: str
    cause_id: str
    operation_key: str
    leg: int
    hold_id: UUID | None
    grant_id: UUID | None
    created_at: int
    prev_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a command other than a hold's answered, kept so that asking again answers the same."""

    account_id: UUID
    operation_key: str
    event_no: int
    intent: str
    answer: dict[str, Any]
    created_at: int


# Commands. `intent` is what the caller meant as `name=value;…`: never a value read from the database, never a price.


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorize:
    """Hold at least `floor` and at most `asked` nanos for a request or task. The hold's id is the operation key."""

    account_id: UUID
    hold_id: UUID
    floor: int
    asked: int
    expires_in: int
    cause_kind: str
    cause_id: UUID
    intent: str
    # What the guard needs to decide; the ledger never looks into it.
    guarded: Any = None
    # The id was made for this command a moment ago: no earlier answer is looked for unless a batch has to be rerun.
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Charge `cost` nanos against a hold; what exceeds the hold is overage."""

    account_id: UUID
    hold_id: UUID
    cost: int
    intent: str
    reason: str = "delivered"
    guarded: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    account_id: UUID
    hold_id: UUID
    reason: str
    intent: str = ""
    guarded: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    account_id: UUID
    hold_id: UUID
    reason: str = "outcome_unknown"
    intent: str = ""
    guarded: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantSpec:
    """One grant to be credited. `origin` is the operator-side account that the money comes from."""

    kind: GrantKind
    amount: int
    origin: str
    priority: int = 100
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Credit one order, code, grant or approved adjustment (L11), as one grant or several (paid and bonus)."""

    account_id: UUID
    source_kind: str
    source_id: str
    grants: tuple[GrantSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndGrant:
    account_id: UUID
    grant_id: UUID
    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Freeze a grant while its payment is disputed: what is not reserved cannot be spent."""

    account_id: UUID
    grant_id: UUID
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfreeze:
    account_id: UUID
    grant_id: UUID
    source_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCharge:
    """Give back `amount` nanos of what a hold was charged (None: all that is left of it)."""

    account_id: UUID
    source_id: str
    hold_id: UUID
    amount: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCash:
    """Take `amount` nanos of an order's paid grant out of the wallet, because the cash goes (or already went) back."""

    account_id: UUID
    source_id: str
    source_kind: str
    order_id: str
    amount: int
    already_returned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreCash:
    """Undo the cash refund of this source, because the provider has refused to pay it: the customer has it all again."""

    account_id: UUID
    source_id: str
    source_kind: str
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjust:
    """An approved correction: a positive amount is a new grant, a negative one leaves the wallet."""

    account_id: UUID
    source_id: str
    amount: int
    counterpart: str = ADJUSTMENTS
    kind: GrantKind = GrantKind.COMPENSATION
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostUncollected:
    """Record what an expired hold's late success would have cost: revenue that nobody paid."""

    account_id: UUID
    hold_id: UUID
    amount: int


HoldCommand = Authorize | Capture | Void | Expire
GrantCommand = (
    Credit | EndGrant | Freeze | Unfreeze | RefundCharge | RefundCash | RestoreCash | Adjust | PostUncollected
)
Command = HoldCommand | GrantCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """Grants that were due have been ended, and nothing else."""

    account_id: UUID


Outcome = Hold | HoldEnd | Refused | Operation | Swept


class Change(NamedTuple):
    """What one command does: the wallet after it, the rows to write, and the answer to give."""

    wallet: Wallet
    outcome: Outcome
    transfers: tuple[Transfer, ...] = ()
    grants: tuple[Grant, ...] = ()
    # Answered from what was recorded before: nothing is written.
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLeg:
    """One earlier transfer of a hold, as a refund needs it: what was taken from which grant, or given back.

    `grant_id` is None where no grant paid (uncollected).
    """

    code: str
    amount: int
    grant_id: UUID | None
