"""Money: integer nano-units of one currency, never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from counterfoil.foundation.errors import AmountUnreadable, CurrencyMismatch

NANOS_PER_UNIT = 1_000_000_000
# BIGINT holds 9.2e18 nanos: nine billion units. A larger amount is a mistake, not a customer.
LARGEST_NANOS = 2**63 - 1

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_AMOUNT = re.compile(r"[+-]?(\d{1,12})(\.\d{1,9})?\Z")


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency.

    `nanos` are 1e-9 of the currency's unit; `currency` is the three-letter ISO 4217 code.
    Adding or comparing two currencies raises `CurrencyMismatch`.
    """

    nanos: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.nanos) is not int:
            raise AmountUnreadable(text=repr(self.nanos))
        if not _CURRENCY.match(self.currency):
            raise AmountUnreadable(text=self.currency)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.nanos + other.nanos, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.nanos - other.nanos, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.nanos, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.nanos < other.nanos

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.nanos <= other.nanos

    def __str__(self) -> str:
        return f"{format_nanos(self.nanos)} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(expected=self.currency, given=other.currency)


def parse_nanos(text: str) -> int:
    """Read a plain decimal amount ("12.34") as nanos, exactly.

    Raises `AmountUnreadable` for anything else: exponents, separators, more than nine decimals.
    """
    cleaned = text.strip()
    if not _AMOUNT.match(cleaned):
        raise AmountUnreadable(text=cleaned[:40])
    nanos = int(Decimal(cleaned).scaleb(9))
    if abs(nanos) > LARGEST_NANOS:
        raise AmountUnreadable(text=cleaned[:40])
    return nanos


def format_nanos(nanos: int, *, least_decimals: int = 2) -> str:
    """Write nanos as a plain decimal, exact, with at least `least_decimals` decimals."""
    sign = "-" if nanos < 0 else ""
    whole, rest = divmod(abs(nanos), NANOS_PER_UNIT)
    decimals = f"{rest:09d}".rstrip("0").ljust(least_decimals, "0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def round_half_even(exact: Fraction) -> int:
    """Round an exact number of nanos once, half to even."""
    return round(exact)


def round_up(exact: Fraction) -> int:
    """Round an exact number of nanos up: for upper bounds only."""
    return -((-exact.numerator) // exact.denominator)
