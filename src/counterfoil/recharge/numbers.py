"""Providers' own numbers and payers: kept as a keyed hash to find them by, sealed to use them, and a mask to show.

A full order number of a payment channel opens refunds and disputes to whoever talks to the channel's support, so none is
in a table or a log (L12).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Protocol

_LEAST_TO_SHOW = 8
_SHOWN = 4
_ADDRESS = re.compile(r"([^@\s]{1,64})@([^@\s]{1,190})\Z")


class Sealer(Protocol):
    def seal(self, plain: bytes, *, context: bytes = b"") -> bytes: ...

    def unseal(self, sealed: bytes, *, context: bytes = b"") -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNumber:
    """A provider's number of a payment, as it may be kept; `sealed` is None where only its hash is known."""

    hash: bytes
    mask: str
    sealed: bytes | None = field(default=None, repr=False)


class Numbers:
    """Hashes, seals and masks; `secret` keys the hashes and is outside the database."""

    def __init__(self, secret: bytes, sealer: Sealer) -> None:
        self._secret = secret
        self._sealer = sealer

    def hash(self, purpose: str, *parts: str) -> bytes:
        """What a number is found by: the same for the same number and purpose, and of no use to anybody else."""
        text = "\x1f".join((purpose, *parts))
        return hmac.new(self._secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()

    def hash_bytes(self, purpose: str, *parts: bytes) -> bytes:
        """The same for bytes as they came."""
        whole = b"".join(len(part).to_bytes(8, "big") + part for part in (purpose.encode(), *parts))
        return hmac.new(self._secret, whole, hashlib.sha256).digest()

    def payment(self, provider: str, number: str) -> PaymentNumber:
        """A provider's number of a payment, as it may be kept."""
        return PaymentNumber(
            hash=self.hash("payment", provider, number), mask=mask_number(number), sealed=self.seal("payment", number)
        )

    def seal(self, purpose: str, number: str) -> bytes:
        return self._sealer.seal(number.encode(), context=purpose.encode())

    def unseal(self, purpose: str, sealed: bytes | None) -> str | None:
        return None if sealed is None else self._sealer.unseal(sealed, context=purpose.encode()).decode()


def mask_number(number: str) -> str:
    """`…4711`; a number too short to hide shows nothing of itself."""
    return "…" + (number[-_SHOWN:] if len(number) >= _LEAST_TO_SHOW else "")


def mask_payer(payer: str) -> str:
    """`m…@example.com` of an address, `…4711` of anything else."""
    address = _ADDRESS.match(payer.strip())
    if address is not None:
        return f"{address[1][0]}…@{address[2]}"
    return mask_number(payer.strip())
