"""What a payment credits: the exchange rate, the ratio, and what comes on top. Pure, and exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from counterfoil.foundation.errors import AmountUnreadable, InputError
from counterfoil.foundation.money import LARGEST_NANOS, format_nanos, parse_nanos, round_half_even
from counterfoil.recharge.model import RATE_ONE, Terms

_MILLIONTHS = 1_000_000
# Nano-percent in a millionth: people write shares in percent, with at most four decimals.
_NANO_PERCENT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one unit of the paid currency is worth in the wallet's, in billionths; `ratio` is what the operator makes of it."""

    paid_currency: str
    wallet_currency: str
    rate: int
    ratio: int
    starts_at: int
    set_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusRule:
    """From `least` on (nanos of the wallet's currency) a recharge brings so many millionths of it, and `fixed`, on top.

    The bonus lives for `days`; None: as long as the account.
    """

    rule_id: UUID
    name: str
    wallet_currency: str
    least: int
    share_millionths: int
    fixed: int
    days: int | None
    starts_at: int
    ends_at: int | None = None

    def bonus_of(self, credited: int) -> int:
        return round_half_even(Fraction(credited * self.share_millionths, _MILLIONTHS)) + self.fixed


def same_currency(currency: str) -> Rate:
    """A wallet's own currency is worth itself."""
    return Rate(
        paid_currency=currency,
        wallet_currency=currency,
        rate=RATE_ONE,
        ratio=RATE_ONE,
        starts_at=0,
        set_by="counterfoil",
    )


def terms_of(amount: int, rate: Rate, rules: Sequence[BonusRule], *, now: int) -> Terms:
    """What an order of `amount` (nanos of the paid currency) will credit; raises `AmountUnreadable` where that is nothing.

    Of the bonus rules that apply, the one that brings most holds; of equal ones the one with the higher threshold.
    """
    credited = round_half_even(Fraction(amount * rate.rate * rate.ratio, RATE_ONE * RATE_ONE))
    if not 0 < credited <= LARGEST_NANOS:
        raise AmountUnreadable(text=format_nanos(amount))
    applying = [
        rule
        for rule in rules
        if rule.wallet_currency == rate.wallet_currency
        and rule.least <= credited
        and rule.starts_at <= now
        and (rule.ends_at is None or now < rule.ends_at)
    ]
    best = max(applying, key=lambda rule: (rule.bonus_of(credited), rule.least, rule.rule_id.int), default=None)
    bonus = best.bonus_of(credited) if best is not None else 0
    if credited + bonus > LARGEST_NANOS:
        raise AmountUnreadable(text=format_nanos(amount))
    return Terms(
        wallet_currency=rate.wallet_currency, rate=rate.rate, ratio=rate.ratio, credited=credited, bonus=bonus,
        bonus_days=best.days if best is not None and bonus else None,
        bonus_rule=best.name if best is not None and bonus else None,
    )  # fmt: skip


def read_rate(text: str) -> int:
    """Read a rate or ratio such as 0.13888889 as billionths; raises `AmountUnreadable` beyond nine decimals."""
    return parse_nanos(text)


def show_rate(billionths: int) -> str:
    return format_nanos(billionths, least_decimals=0)


def read_share(text: str) -> int:
    """Read a percentage such as 12.5 as millionths; raises `InputError` beyond four decimals."""
    millionths, rest = divmod(parse_nanos(text), _NANO_PERCENT)
    if rest:
        raise InputError(field="share", given=text[:40], expected="a percentage with at most four decimals")
    return millionths


def show_share(millionths: int) -> str:
    """Millionths in percent, without the sign."""
    return format_nanos(millionths * _NANO_PERCENT, least_decimals=0)
