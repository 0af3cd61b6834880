"""How many decimals a currency's smallest unit has (ISO 4217): what a payment can be made in."""

from __future__ import annotations

from counterfoil.foundation.errors import AmountUnreadable
from counterfoil.foundation.money import format_nanos

_NANO_DIGITS = 9
# Everything that is not two (ISO 4217, list one). Providers have lists of their own where they differ.
_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip


def minor_digits(currency: str) -> int:
    """Decimals of a currency's smallest unit: 2 for USD and CNY, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, 2)


def _nanos_of_smallest(digits: int) -> int:
    return int(10 ** (_NANO_DIGITS - digits))


def to_minor(nanos: int, digits: int) -> int:
    """An amount in smallest units of that many decimals; raises `AmountUnreadable` where it is no whole number of them."""
    units, rest = divmod(nanos, _nanos_of_smallest(digits))
    if rest:
        raise AmountUnreadable(text=format_nanos(nanos), expected=f"at most {digits} decimals")
    return units


def from_minor(units: int, digits: int) -> int:
    """Nanos of so many smallest units."""
    return units * _nanos_of_smallest(digits)


def floor_to_minor(nanos: int, digits: int) -> int:
    """The largest amount in whole smallest units that is not more."""
    return nanos - nanos % _nanos_of_smallest(digits)
