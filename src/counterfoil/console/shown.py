"""Amounts, times and counts as people write them, in one language and time zone.

A page writes hundreds of amounts and times. Babel says how one language writes a currency, once; digits are then put
together here, since both languages group and divide them alike. What is on a page now and then is Babel's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_datetime, format_timedelta, get_timezone_name
from babel.numbers import format_currency, format_percent

from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time, to_datetime
from counterfoil.foundation.vocabulary import Language

_LOCALES = {Language.ZH: Locale("zh", "CN", script="Hans"), Language.EN: Locale("en", "US")}
_MICROS_PER_DAY = 86_400_000_000
# Below it, a time of day says more than "3 minutes ago" would in a table; above it, the date is what counts.
_RECENT = 2 * _MICROS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How values are written for one reader. `now` is in UTC microseconds, amounts in nanos."""

    language: Language
    time_zone: str
    now: int

    @property
    def locale(self) -> Locale:
        return _LOCALES[self.language]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def zone_name(self) -> str:
        """The zone as people call it, such as "China Standard Time"."""
        return get_timezone_name(to_datetime(self.now).astimezone(self.zone), width="long", locale=self.locale)

    def money(self, nanos: int | None, currency: str) -> str:
        """An amount exactly, with its currency; at least two decimals and never a rounded one."""
        if nanos is None:
            return "—"
        return self._in_currency(format_nanos(nanos), currency)

    def short_money(self, nanos: int | None, currency: str) -> str:
        """An amount for a headline: rounded to the cent, with four decimals below one."""
        if nanos is None:
            return "—"
        places = Decimal("0.01") if abs(nanos) >= 1_000_000_000 or nanos == 0 else Decimal("0.0001")
        return self._in_currency(f"{Decimal(format_nanos(nanos)).quantize(places):f}", currency)

    def _in_currency(self, plain: str, currency: str) -> str:
        """A plain amount with its currency, its digits in groups, and at least two decimals."""
        digits = plain.removeprefix("-")
        before, after = _around(self.language, currency, is_negative=digits != plain)
        whole, _, decimals = digits.partition(".")
        decimals = decimals.rstrip("0").ljust(2, "0")
        return f"{before}{int(whole):,}.{decimals}{after}"

    def count(self, number: int | None) -> str:
        return "—" if number is None else f"{number:,}"

    def percent(self, part: int, whole: int) -> str:
        """A share to the whole per cent; "—" of nothing."""
        return "—" if whole == 0 else format_percent(Decimal(part) / Decimal(whole), locale=self.locale)

    def time(self, at: int | None) -> str:
        """Date and time to the second, in the reader's zone."""
        if at is None:
            return "—"
        return self._moment(at).isoformat(" ", "seconds")[:19]

    def day(self, at: int | None) -> str:
        if at is None:
            return "—"
        return self._moment(at).date().isoformat()

    def _moment(self, at: int) -> datetime:
        return to_datetime(at).astimezone(self.zone)

    def long_day(self, at: int) -> str:
        """Such as "November 29, 2026" or "2026年11月29日"."""
        return format_date(to_datetime(at).astimezone(self.zone).date(), "long", locale=self.locale)

    def month(self, at: int) -> str:
        pattern = "yyyy年M月" if self.language is Language.ZH else "MMMM yyyy"
        return format_datetime(to_datetime(at), pattern, tzinfo=self.zone, locale=self.locale)

    def ago(self, at: int | None) -> str:
        """How long ago, or until when; the date where that says more."""
        if at is None:
            return "—"
        if abs(at - self.now) > _RECENT:
            return self.day(at)
        return format_timedelta(
            to_datetime(at) - to_datetime(self.now), add_direction=True, granularity="second", locale=self.locale
        )

    def duration(self, micros: int | None) -> str:
        """A length of time: milliseconds below ten seconds, then words."""
        if micros is None:
            return "—"
        if micros < 10_000_000:
            return f"{micros // 1000:,} ms"
        return format_timedelta(to_datetime(micros) - to_datetime(0), granularity="second", locale=self.locale)

    def exact_time(self, at: int) -> str:
        """RFC 3339 in UTC, for `<time datetime>` and for files."""
        return show_time(at)


@cache
def _around(language: Language, currency: str, *, is_negative: bool) -> tuple[str, str]:
    """What stands before and after an amount's digits."""
    one = format_currency(Decimal(-1 if is_negative else 1), currency, locale=_LOCALES[language], currency_digits=False)
    before, _, after = one.partition("1.00")
    return before, after


def short_id(text: str) -> str:
    """The two ends of a long id: enough to tell it from its neighbours. The whole is in the title and is what is copied."""
    prefix, _, digits = text.partition("_")
    return f"{prefix}_{digits[:4]}…{digits[-6:]}" if len(digits) > 12 else text
