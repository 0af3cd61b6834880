"""What the counterparts of payment providers have in common: notices, and the ways in which they can be wrong.

Amounts are in each provider's own units: an `int` of smallest units for Stripe and WeChat Pay, a text such as `"10.00"`
for epay and Alipay. Times of this package are Unix seconds, as all four providers have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

Amount = int | str


class Kind(StrEnum):
    """The providers, by the names that the control door and `PaymentsProcess.providers` use."""

    STRIPE = "stripe"
    EPAY = "epay"
    ALIPAY = "alipay"
    WECHAT = "wechat"


class Happening(StrEnum):
    """What a notice tells, in words that are the same for all providers."""

    PAID = "paid"
    # The payer has done their part, the money is on its way (Stripe's delayed methods).
    PROCESSING = "processing"
    FAILED = "failed"
    CLOSED = "closed"
    # Alipay's second word for a paid trade: refunds are over.
    FINISHED = "finished"
    REFUND_CREATED = "refund_created"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


class RefundOutcome(StrEnum):
    SUCCEEDED = "succeeded"
    # Taken on, and undecided until `settle_refund`.
    PENDING = "pending"
    FAILED = "failed"


class Refused(Exception):
    """Something that cannot be staged: an unknown order, a refund of what was not paid. `status` is HTTP's."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an order, with what its notice says. Sent again, it has the same id."""

    event_id: str
    # The provider's own word: `checkout.session.completed`, `TRADE_SUCCESS`, `REFUND.SUCCESS`.
    name: str
    happening: Happening
    order_number: str
    url: str
    at: int
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentNotice:
    """A notice as it goes over the wire. `headers` have lower-case names; `url` carries the query of a GET."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    event: str
    event_id: str = field(repr=False)

    @property
    def query(self) -> str:
        return urlsplit(self.url).query


class SigningKey(StrEnum):
    """What a notice is signed with: the provider's key, a key that is not the provider's, or no key at all."""

    RIGHT = "right"
    WRONG = "wrong"
    # An empty secret (Stripe, epay): what a receiver without a configured one would accept. RSA has none: an empty signature.
    EMPTY = "empty"


class Tamper(StrEnum):
    """What is changed after signing."""

    NOTHING = "nothing"
    # The amount.
    CONTENT = "content"
    SIGNATURE = "signature"
    # Sent without any signature.
    UNSIGNED = "unsigned"
    # WeChat Pay only: rightly signed, but sealed under another key.
    SEAL = "seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """How a notice differs from an honest one. All but `key`, `tamper` and `stale_seconds` is properly signed.

    `amount`, `currency`, `order_number` and `merchant` replace what the order has; `extra` is merged into the content, over
    anything that it has. `stale_seconds` makes the signed time older, where the provider signs one (epay does not).
    """

    key: SigningKey = SigningKey.RIGHT
    tamper: Tamper = Tamper.NOTHING
    stale_seconds: int = 0
    amount: Amount | None = None
    currency: str | None = None
    order_number: str | None = None
    merchant: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


HONEST = Forgery()


def merge(content: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with `extra` over it, nested mappings too."""
    merged = dict(content)
    for name, value in extra.items():
        there = merged.get(name)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            merged[name] = merge(there, value)
        else:
            merged[name] = value
    return merged
