"""Stripe's own rules for smallest units (https://docs.stripe.com/currencies#special-cases). Pure.

They are not ISO 4217's: ISK and UGX have no decimals, and are sent as if they had two, which must be `00`; of three decimals
the last must be `0`.
"""

from __future__ import annotations

from counterfoil.foundation.currencies import to_minor

_NO_DECIMALS = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
})  # fmt: skip
_THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_WHOLE_WITH_TWO = frozenset({"ISK", "UGX"})


def stripe_digits(currency: str) -> int:
    """Decimals of the smallest unit that Stripe's interface counts in."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def to_stripe(nanos: int, currency: str) -> int:
    """An amount as Stripe wants it; raises `AmountUnreadable` where it cannot be paid there exactly."""
    if currency in _WHOLE_WITH_TWO:
        return to_minor(nanos, 0) * 100
    if currency in _THREE_DECIMALS:
        return to_minor(nanos, 2) * 10
    return to_minor(nanos, stripe_digits(currency))
