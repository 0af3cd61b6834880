"""Reading what providers send, strictly: JSON, forms, amounts, times and order numbers.

Whatever is not just what it should be raises `Unreadable`; nothing is guessed, rounded or repaired. A notice of that kind is
an `InputError`, an answer of that kind says nothing (`Unavailable`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

import orjson

from counterfoil.foundation.currencies import from_minor, to_minor
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.money import LARGEST_NANOS, parse_nanos
from counterfoil.recharge.providers.calls import unavailable
from counterfoil.recharge.providers.port import NOTICE_BYTES_MAX, RawNotice

# The largest real notice has about thirty.
FORM_FIELDS_MAX = 100
_PAIR = re.compile(r"(?:[^%&=]|%[0-9A-Fa-f]{2})+=(?:[^%&]|%[0-9A-Fa-f]{2})*\Z")
_ORDER_NUMBER = re.compile(r"[0-9a-f]{32}\Z")
_NUMBER = re.compile(r"[!-~]{1,255}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_YUAN = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?\Z")
# Alipay and epay write local times of China, which has had no summer time since 1991.
CHINA = timezone(timedelta(hours=8))
_CHINA_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,6})?\Z")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})\Z"
)
_SECONDS_MAX = 10**11
_MICROS = 1_000_000
_PAYER_CHARACTERS_MAX = 200


class Unreadable(Exception):
    """Something is not what it should be; `reason` is a word of ours, with nothing of what came."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@contextmanager
def reading_notice() -> Iterator[None]:
    """Inside, what is unreadable is the sender's fault."""
    try:
        yield
    except Unreadable as error:
        raise InputError(code="notice_unreadable", reason=error.reason) from None


@contextmanager
def reading_answer(provider: str) -> Iterator[None]:
    """Inside, what is unreadable says nothing of what the provider has done."""
    try:
        yield
    except Unreadable:
        raise unavailable(provider, "unreadable") from None


# -- bodies ------------------------------------------------------------------------------------------------------


def bound_notice(notice: RawNotice) -> None:
    """Nothing is done with a notice that is too long to be one, not even checking its signature."""
    if len(notice.body) > NOTICE_BYTES_MAX or len(notice.query) > NOTICE_BYTES_MAX:
        raise InputError(code="notice_unreadable", reason="too_long", most=NOTICE_BYTES_MAX)


def read_json(body: bytes) -> dict[str, Any]:
    """A JSON object without repeated names, NaN, broken characters or depths; numbers with a point are `Decimal`."""
    try:
        # It refuses more than the standard library, but takes the last of two equal names.
        orjson.loads(body)
        found = json.loads(body, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        raise Unreadable("no_json") from None
    if not isinstance(found, dict):
        raise Unreadable("no_json")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("field_repeated")
    return found


def _no_constant(_: str) -> None:
    raise Unreadable("no_json")


def read_form(encoded: str) -> dict[str, str]:
    """The fields of a form or query, which must be UTF-8; none may come twice: which one was signed?"""
    if not encoded:
        return {}
    pairs = encoded.split("&")
    if len(pairs) > FORM_FIELDS_MAX:
        raise Unreadable("too_many_fields")
    found: dict[str, str] = {}
    for pair in pairs:
        if not pair.isascii() or not _PAIR.match(pair):
            raise Unreadable("no_form")
        name, _, value = pair.partition("=")
        name = _decoded(name)
        if name in found:
            raise Unreadable("field_repeated")
        found[name] = _decoded(value)
    return found


def _decoded(text: str) -> str:
    try:
        found = unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("wrong_encoding") from None
    if "\0" in found:
        raise Unreadable("no_form")
    return found


def form_of(notice: RawNotice) -> dict[str, str]:
    """The fields of a notice that comes as a GET with a query, or as a POST with a form: in one place, not in both."""
    if notice.method == "GET" and not notice.body:
        return read_form(notice.query)
    if notice.method != "POST" or notice.query:
        raise Unreadable("no_form")
    try:
        return read_form(notice.body.decode("ascii"))
    except UnicodeDecodeError:
        raise Unreadable("wrong_encoding") from None


# -- what is in them ---------------------------------------------------------------------------------------------


def part_of(source: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object inside another."""
    found = source.get(name)
    if not isinstance(found, dict):
        raise Unreadable(f"no_{name}")
    return found


def word_of(source: Mapping[str, Any], name: str) -> str:
    """A provider's word or number: printable ASCII without spaces, not longer than 255."""
    found = source.get(name)
    if not isinstance(found, str) or not _NUMBER.match(found):
        raise Unreadable(f"no_{name}")
    return found


def word_if_any(source: Mapping[str, Any], name: str) -> str | None:
    """The same where it may be missing, null or empty."""
    return word_of(source, name) if source.get(name) not in (None, "") else None


def order_id_of(number: object) -> UUID | None:
    """Our order or refund of that number; None where it is none of ours."""
    return UUID(hex=number) if isinstance(number, str) and _ORDER_NUMBER.match(number) else None


def payer_of(source: Mapping[str, Any], *names: str) -> str | None:
    """Who paid, by the first of these that is there; it decides nothing, so an odd one is left out."""
    for name in names:
        found = source.get(name)
        if isinstance(found, str) and found.isprintable() and 1 <= len(found) <= _PAYER_CHARACTERS_MAX:
            return found
    return None


def currency_of(source: Mapping[str, Any], name: str = "currency") -> str:
    """A currency's code as we write it."""
    found = source.get(name)
    if not isinstance(found, str) or not _CURRENCY.match(found.upper()):
        raise Unreadable("no_currency")
    return found.upper()


# -- amounts -----------------------------------------------------------------------------------------------------


def units_of(source: Mapping[str, Any], name: str, *, digits: int) -> int:
    """An amount in smallest units of that many decimals, in nanos."""
    found = source.get(name)
    if type(found) is not int or found < 0:
        raise Unreadable("no_amount")
    nanos = from_minor(found, digits)
    if nanos > LARGEST_NANOS:
        raise Unreadable("no_amount")
    return nanos


def yuan_of(source: Mapping[str, Any], name: str) -> int:
    """A plain decimal amount of yuan, in nanos; JSON that writes it as a number is read exactly, too."""
    found = source.get(name)
    if type(found) is int or isinstance(found, Decimal):
        found = str(found)
    if not isinstance(found, str) or not _YUAN.match(found):
        raise Unreadable("no_amount")
    nanos = _nanos_within(found)
    if nanos is None:
        raise Unreadable("no_amount")
    return nanos


def _nanos_within(text: str) -> int | None:
    """Nanos of a decimal that has the right form; None where it is more than can be kept."""
    try:
        return parse_nanos(text)
    except InputError:
        return None


def write_yuan(nanos: int) -> str:
    """`12.30`; raises `AmountUnreadable` for parts of a fen."""
    fen = to_minor(nanos, 2)
    return f"{fen // 100}.{fen % 100:02d}"


# -- times -------------------------------------------------------------------------------------------------------


def china_time_of(source: Mapping[str, Any], *names: str) -> int | None:
    """The first of these local times of China that is there, in microseconds; it decides nothing, so it may be missing."""
    for name in names:
        found = source.get(name)
        matched = _CHINA_TIME.match(found) if isinstance(found, str) else None
        if matched is not None:
            try:
                parsed = datetime.strptime(matched[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
            except ValueError:
                continue
            return _micros(parsed)
    return None


def rfc3339_time_of(source: Mapping[str, Any], name: str) -> int | None:
    """A time such as `2018-06-08T10:34:56+08:00`, in microseconds, where there is one."""
    found = source.get(name)
    if not isinstance(found, str) or not _RFC3339.match(found):
        return None
    try:
        return _micros(datetime.fromisoformat(found))
    except (ValueError, OverflowError):
        return None


def seconds_of(source: Mapping[str, Any], name: str) -> int | None:
    """A time in seconds since the epoch, in microseconds, where there is one."""
    found = source.get(name)
    return found * _MICROS if type(found) is int and 0 <= found < _SECONDS_MAX else None


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def in_china(micros: int) -> datetime:
    """A time as a clock in China shows it, without parts of a second."""
    return datetime.fromtimestamp(micros // _MICROS, tz=CHINA)
