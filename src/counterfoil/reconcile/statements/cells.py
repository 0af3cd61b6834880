"""Cells as values: exact amounts in nanos, times in UTC microseconds, ids without the marks that protect them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from counterfoil.foundation.money import LARGEST_NANOS, NANOS_PER_UNIT, round_half_even
from counterfoil.foundation.periods import MICROS_PER_SECOND, read_time_zone
from counterfoil.reconcile.statements.model import RejectReason

CHINA = "Asia/Shanghai"

_AROUND = " \t\r\n\ufeff\u00a0\u3000"
_MARKS = frozenset({"`", "=", '"'})

_AMOUNT = re.compile(r"[+-]?(\d{1,15}|\d{1,3}(,\d{3}){1,4})(\.\d{1,40})?\Z")
_SIGNS = re.compile(r"(?:[¥$€£元]|CNY|RMB|USD|EUR|GBP|JPY|HKD)", re.IGNORECASE)
_EXPONENT = re.compile(r"[+-]?\d{1,15}(\.\d{1,40})?[eE][+-]?\d{1,2}\Z")
# Year first, with any separators or none; WeChat Pay's older files have no space before the hour.
_TIME = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))"
    r"(?:[T ]*(\d{1,2})(?::|时)?(\d{2})(?:(?::|分)?(\d{2})秒?(?:\.(\d{1,9}))?)?)?"
    r" ?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?\Z"
)
_PLAIN_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\Z")
_PLAIN_AMOUNT = re.compile(r"(-?)(\d{1,9})(?:\.(\d{1,9}))?\Z")
# A spreadsheet has turned the number into a power of ten: its last digits are lost for good.
_ROUNDED_ID = re.compile(r"\d(\.\d+)?[eE]\+\d+\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
# What customers are told to write on a transfer: twelve hexadecimal digits, or an order's whole number.
_ORDER = re.compile(r"(?<![0-9A-Za-z])([0-9A-Fa-f]{32}|[0-9A-Fa-f]{12})(?![0-9A-Za-z])")
_NO_ID = frozenset({"", "/", "-", "--", "0", "null", "None", "无"})
# 2000 to 2100: no statement is older, and a later time is a mistake.
_EARLIEST, _LATEST = 946_684_800_000_000, 4_102_444_800_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CellUnreadable(Exception):
    """A cell that is not what its column says: becomes a reject of its line, and goes no further."""

    def __init__(self, reason: RejectReason, column: str | None = None) -> None:
        self.reason = reason
        self.column = column
        super().__init__(reason, column)


def clean(text: str) -> str:
    """The cell without what only protects it from spreadsheets: spaces and tabs around it, a leading backtick, `="…"`."""
    cleaned = text.strip(_AROUND)
    return cleaned if cleaned[:1] not in _MARKS else _unmarked(cleaned)


def _unmarked(cleaned: str) -> str:
    if cleaned[:1] == "`":
        cleaned = cleaned[1:].strip()
    if cleaned[:2] == '="' and cleaned[-1:] == '"':
        cleaned = cleaned[2:-1].strip()
    if len(cleaned) > 1 and cleaned[0] == cleaned[-1] == '"':
        cleaned = cleaned[1:-1].strip()
    return cleaned


def clean_id(text: str) -> str | None:
    """An id, or None where the cell says that there is none ("", "0", "/", "-").

    Raises `CellUnreadable` for a number that a spreadsheet has rounded (4.2E+27): two of them look the same.
    """
    cleaned = clean(text).removeprefix("'").strip()
    if "+" in cleaned and _ROUNDED_ID.match(cleaned):
        raise CellUnreadable(RejectReason.CELL_UNKNOWN)
    return None if cleaned in _NO_ID else cleaned


def written_order(text: str) -> str | None:
    """The order that somebody has written into a remark: its whole number, or the reference for transfers (in capitals)."""
    found = _ORDER.search(text)
    return found[1].upper() if found else None


@lru_cache(maxsize=8192)
def nanos(text: str, *, decimal: str = ".") -> int:
    """A signed amount in nanos, exactly; raises `CellUnreadable`. `decimal` is the file's decimal sign ("." or ",").

    Currency signs, thousands separators (where they stand right), a minus sign of any kind, behind the number too, and
    brackets for negative are understood; more than nine decimals that are not zero are not.
    """
    if decimal == "." and (plain := _PLAIN_AMOUNT.match(text)):
        sign, whole, decimals = plain.groups()
        value = int(whole) * NANOS_PER_UNIT + int((decimals or "").ljust(9, "0"))
        return -value if sign else value
    scaled = Fraction(_decimal(text, decimal=decimal)) * NANOS_PER_UNIT
    if scaled.denominator != 1:
        raise CellUnreadable(RejectReason.AMOUNT_UNREADABLE)
    return _bounded(scaled.numerator)


def nearest_nanos(text: str, *, decimal: str = ".") -> int:
    """The same, rounded once, half to even: for costs of upstreams, which come with more than nine decimals."""
    return decimal_nanos(_decimal(text, decimal=decimal))


def decimal_nanos(exact: Decimal | int) -> int:
    """A number from JSON (parsed as `Decimal`) in nanos, rounded once, half to even; raises `CellUnreadable`."""
    value = Decimal(exact)
    # JSON allows exponents and digits without end, which exact arithmetic would write out.
    if not value.is_finite() or (value and not -40 <= value.adjusted() <= 15) or len(value.as_tuple().digits) > 60:
        raise CellUnreadable(RejectReason.AMOUNT_UNREADABLE)
    return _bounded(round_half_even(Fraction(value) * NANOS_PER_UNIT))


def count(text: str) -> int:
    """A whole number of things (tokens, requests, lines), not negative; raises `CellUnreadable`."""
    exact = _decimal(text, decimal=".")
    if exact < 0 or exact != exact.to_integral_value() or exact > LARGEST_NANOS:
        raise CellUnreadable(RejectReason.AMOUNT_UNREADABLE)
    return int(exact)


@lru_cache(maxsize=256)
def currency(text: str, *, default: str | None = None) -> str:
    """A three-letter code in capitals; `default` for an empty cell. Raises `CellUnreadable`."""
    cleaned = unicodedata.normalize("NFKC", clean(text)).upper() or (default or "")
    if cleaned in {"RMB", "人民币", "CNH", "元"}:
        return "CNY"
    if not _CURRENCY.match(cleaned):
        raise CellUnreadable(RejectReason.CURRENCY_UNKNOWN)
    return cleaned


def micros(text: str, *, time_zone: str) -> int:
    """A time in UTC microseconds; `time_zone` (IANA) is for those that say none. Raises `CellUnreadable`.

    Year first. Where clocks go back, the first of the two hours is meant: no file says which.
    """
    cleaned = clean(text)
    if plain := _PLAIN_TIME.match(cleaned):
        return _plain_micros(*plain.groups(), time_zone=time_zone)
    found = _TIME.match(cleaned) or _TIME.match(unicodedata.normalize("NFKC", cleaned))
    if found is None:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE)
    year, month, day, short_month, short_day, hour, minute, second, fraction, offset = found.groups()
    month, day = month or short_month, day or short_day
    try:
        zone = _offset(offset) if offset else read_time_zone(time_zone)
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zone)
    except ValueError:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE) from None
    part = int((fraction or "0").ljust(6, "0")[:6])
    return _likely(_since_epoch(at) + part)


def _plain_micros(year: str, month: str, day: str, hour: str, minute: str, second: str, *, time_zone: str) -> int:
    try:
        # Most lines are of one hour, and the zone's offset with them.
        start = _hour_start(year, month, day, hour, time_zone)
    except ValueError:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE) from None
    minutes, seconds = int(minute), int(second)
    if minutes > 59 or seconds > 59:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE)
    return _likely(start + (minutes * 60 + seconds) * MICROS_PER_SECOND)


@lru_cache(maxsize=4096)
def _hour_start(year: str, month: str, day: str, hour: str, time_zone: str) -> int:
    return _since_epoch(datetime(int(year), int(month), int(day), int(hour), tzinfo=read_time_zone(time_zone)))


def unix_micros(seconds: int | Decimal) -> int:
    """Unix seconds in microseconds; raises `CellUnreadable` for what is no time of this century."""
    value = Decimal(seconds)
    if not value.is_finite() or value.adjusted() > 15:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE)
    return _likely(int(value * MICROS_PER_SECOND))


def _likely(micros: int) -> int:
    if not _EARLIEST <= micros < _LATEST:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE)
    return micros


def _decimal(text: str, *, decimal: str) -> Decimal:
    cleaned = unicodedata.normalize("NFKC", clean(text)).replace("\u2212", "-")
    cleaned = _SIGNS.sub("", cleaned).replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    if decimal == ",":
        cleaned = cleaned.replace(".", "\0").replace(",", ".").replace("\0", ",")
    if cleaned[:1] == "(" and cleaned[-1:] == ")":
        cleaned = f"-{cleaned[1:-1]}"
    elif cleaned[-1:] in ("-", "+"):
        cleaned = cleaned[-1] + cleaned[:-1]
    if not _AMOUNT.match(cleaned) and not _EXPONENT.match(cleaned):
        raise CellUnreadable(RejectReason.AMOUNT_UNREADABLE)
    try:
        return Decimal(cleaned.replace(",", ""))
    except InvalidOperation:
        raise CellUnreadable(RejectReason.AMOUNT_UNREADABLE) from None


def _bounded(value: int) -> int:
    if abs(value) > LARGEST_NANOS:
        raise CellUnreadable(RejectReason.AMOUNT_UNREADABLE)
    return value


def _since_epoch(at: datetime) -> int:
    passed = at - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000


@lru_cache(maxsize=64)
def _offset(text: str) -> tzinfo:
    if text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
