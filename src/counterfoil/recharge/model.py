"""A recharge: the order, what providers say of its payment, what is sent back, and who disputes it.

Amounts are nanos, times UTC microseconds. `amount` and `refunded` are in the currency that was paid; `credited`, `bonus`
and `taken_back` in the wallet's. Providers' own numbers are in here only as long as nobody prints them: they are kept as
a keyed hash, sealed, and as a mask (L12).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

# Rates and ratios are kept in billionths: a rate with eight decimals is exact.
RATE_ONE = 1_000_000_000


class ProviderKind(StrEnum):
    STRIPE = "stripe"
    EPAY = "epay"
    ALIPAY = "alipay"
    WECHAT = "wechat"
    BANK = "bank"


class OrderState(StrEnum):
    """Where an order is. `paid` is `credited`: they commit together."""

    CREATED = "created"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"

    @property
    def is_credited(self) -> bool:
        return self in _CREDITED


_CREDITED = frozenset({OrderState.PAID, OrderState.PARTLY_REFUNDED, OrderState.REFUNDED, OrderState.DISPUTED})


class OrderSource(StrEnum):
    """Who told us of a change of an order."""

    CUSTOMER = "customer"
    NOTICE = "notice"
    QUERY = "query"
    STAFF = "staff"
    EXPIRY = "expiry"


class Said(StrEnum):
    """What a provider says of an order's payment, in our words."""

    PAID = "paid"
    # Known there and not paid yet.
    PENDING = "pending"
    # Will not be paid any more: closed, expired, cancelled there.
    CLOSED = "closed"
    # This try to pay has failed; another may follow.
    FAILED = "failed"
    # The provider has never heard of it.
    ABSENT = "absent"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    # An event that is none of ours, or that changes nothing.
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a provider says, whose signature (of a notice) or answer (to a query) has been checked.

    `amount` and `currency` are of the payment (PAID), of this one refund (REFUNDED, REFUND_FAILED) or of the dispute;
    `refunded_total` is what has gone back of the order in all, for providers that say only that. `refund_id` is ours where
    the provider repeats it. Numbers are the provider's own, never shown.
    """

    said: Said
    order_id: UUID | None = None
    merchant: str | None = None
    amount: int | None = None
    currency: str | None = None
    number: str | None = field(default=None, repr=False)
    payer: str | None = field(default=None, repr=False)
    refund_id: UUID | None = None
    refund_number: str | None = field(default=None, repr=False)
    refunded_total: int | None = None
    dispute_number: str | None = field(default=None, repr=False)
    # The provider's own word for it, such as `TRADE_SUCCESS`.
    raw: str = ""
    # Names the event where the provider does; sent again it has the same one.
    event_id: str | None = field(default=None, repr=False)
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an order will credit, fixed when it is made: `credited = amount × rate × ratio`, rounded half-even once."""

    wallet_currency: str
    rate: int
    ratio: int
    credited: int
    bonus: int = 0
    bonus_days: int | None = None
    bonus_rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A recharge order as recorded. Its id, as 32 hexadecimal digits, is the order number that providers get."""

    order_id: UUID
    account_id: UUID
    provider: str
    provider_kind: ProviderKind
    state: OrderState
    amount: int
    currency: str
    terms: Terms
    intention_id: UUID
    created_by: str
    created_at: int
    expires_at: int
    paid_at: int | None = None
    number_mask: str | None = None
    payer_mask: str | None = None
    # Of `amount`: what has gone back or is on its way back.
    refunded: int = 0
    # Of `terms.credited`: what was taken out of the wallet for that, or is somebody's loss.
    taken_back: int = 0
    # What somebody should look at: a code of the vocabulary.
    attention: str | None = None
    events: int = 0
    queries: int = 0
    next_query_at: int | None = None

    @property
    def number(self) -> str:
        """What the provider knows the order as."""
        return self.order_id.hex


class RefundState(StrEnum):
    """Where a refund is.

    `waiting`: told of before the payment was; `sending`: out of the wallet, to be asked of the provider; `sent`: the provider
    has it; `unknown`: it may have it; `failed`: it refused, and the money is in the wallet again.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefund:
    """Money of an order that goes back to who paid it. `amount` is in the paid currency, `taken` in the wallet's."""

    refund_id: UUID
    order_id: UUID
    account_id: UUID
    state: RefundState
    amount: int
    taken: int
    # True where the provider told us of it: the cash was gone before the ledger knew.
    external: bool
    reason: str
    requested_by: str
    approval_id: UUID | None
    created_at: int
    ended_at: int | None = None
    number_mask: str | None = None
    tries: int = 0
    next_try_at: int | None = None
    failure: str | None = None


class DisputeState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A payment that its payer has taken back at the bank. Until it is decided, the order's grants are frozen."""

    dispute_id: UUID
    order_id: UUID
    account_id: UUID
    state: DisputeState
    amount: int
    number_mask: str
    opened_at: int
    ended_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """A change of an order: what it became, who told, and what of it may be shown."""

    number: int
    at: int
    state: OrderState
    source: OrderSource
    # A code of the vocabulary: what happened.
    what: str
    by: str | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice as kept: nothing of its text, only what is known to be harmless."""

    notice_id: UUID
    provider: str
    order_id: UUID | None
    account_id: UUID | None
    first_at: int
    last_at: int
    arrivals: int
    said: Said | None
    # A code of the vocabulary: what became of it.
    outcome: str
    accepted: bool
    facts: dict[str, Any]
