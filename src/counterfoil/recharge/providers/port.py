"""The port that every payment provider is behind.

    read_notice     checks the signature, then reads; no I/O, so that a forged one costs nothing
    reply           what the provider wants to hear, once the credit has committed, or when it has not
    start           begins a payment: where the customer is sent, or what is shown as a QR code
    query           asks how an order stands
    close           makes an order unpayable there
    refund          sends money back; `query_refund` asks what became of it

An adapter knows the provider's words, numbers and signatures, and nothing of orders' states, of the ledger or of the
database. Nothing of what was received is in an error, neither of the headers nor of the body (L12).

Errors of `read_notice`: `Forbidden` with `notice_not_configured` (no secret: nothing is believed), `notice_signature_wrong`,
`notice_stale`, `notice_other_merchant`; `InputError` with `notice_unreadable`.

Errors of the calls: `Unavailable` with `provider_unavailable` (no answer, or one that says nothing: whether it took effect
is not known; only with the reasons `not_connected` and `not_configured` nothing was sent), `Rejected` where the provider has
definitely not done it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from counterfoil.foundation.errors import Conflict
from counterfoil.recharge.model import ProviderKind, Report

# Longer ones are none: the largest real one (a WeChat notice with its sealed resource) is below eight.
NOTICE_BYTES_MAX = 64 * 1024
CALL_TIMEOUT_SECONDS = 15


class Rejected(Conflict):
    """The provider has definitely refused: nothing was done there. `reason` is its own code, never its words."""

    code = "provider_rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawNotice:
    """A notice as it came: `headers` by lower-case name, `query` undecoded."""

    method: str
    headers: Mapping[str, str] = field(repr=False)
    query: str = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a provider is answered."""

    status: int
    content_type: str
    body: bytes


class PayBy(StrEnum):
    """How a customer pays: by opening an address, by scanning a code, by transferring to a bank account."""

    LINK = "link"
    QR_CODE = "qr_code"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment that was begun. `content` is the address, what the QR code says, or the bank's details; it is never kept."""

    pay_by: PayBy
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayRequest:
    """An order as a provider needs it. `amount` is in nanos of `currency`; `number` is our order number there."""

    order_id: UUID
    amount: int
    currency: str
    title: str
    notify_url: str
    return_url: str
    created_at: int
    expires_at: int
    # The provider's own number, once it is known (Stripe's session or intent).
    provider_number: str | None = field(default=None, repr=False)

    @property
    def number(self) -> str:
        return self.order_id.hex


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """A refund as a provider needs it. `refund_id` makes it the same one, however often it is asked."""

    refund_id: UUID
    order_id: UUID
    amount: int
    order_amount: int
    currency: str
    notify_url: str
    provider_number: str | None = field(default=None, repr=False)
    # The provider's number of the refund, once it is known.
    refund_number: str | None = field(default=None, repr=False)


class RefundOutcome(StrEnum):
    SUCCEEDED = "succeeded"
    # Taken on; the outcome follows.
    PENDING = "pending"
    FAILED = "failed"
    # Not known there, or not yet: of a refund that may still be on its way this is no proof that it will not come. Where
    # refunds are repeated safely, asking for it once more decides.
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """What a provider says of a refund. `refund_number` is its own."""

    outcome: RefundOutcome
    refund_number: str | None = field(default=None, repr=False)
    # The provider's code where it failed.
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """How a provider was set up. `settings` are what is no secret; `secrets` live here and nowhere else in memory."""

    name: str
    kind: ProviderKind
    merchant: str
    currencies: tuple[str, ...]
    base_url: str
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class Provider(Protocol):
    """One configured provider."""

    @property
    def config(self) -> ProviderConfig: ...

    @property
    def can_query(self) -> bool:
        """Whether it can be asked how an order stands (a bank account cannot)."""

    @property
    def repeats_refunds_safely(self) -> bool:
        """Whether asking for the same refund again is still one refund."""

    def read_notice(self, notice: RawNotice, *, now: int) -> Report: ...

    def reply(self, *, accepted: bool) -> Reply: ...

    async def start(self, request: PayRequest) -> tuple[Payment, str | None]:
        """Begin, or go on with, the payment of an order; and the provider's own number for it where it has one by now."""

    async def query(self, request: PayRequest) -> Report: ...

    async def close(self, request: PayRequest) -> None: ...

    async def refund(self, request: RefundRequest) -> RefundAnswer: ...

    async def query_refund(self, request: RefundRequest) -> RefundAnswer: ...
