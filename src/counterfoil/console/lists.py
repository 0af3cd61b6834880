"""What lists have in common: times as they are typed into filters, and the tones of states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from counterfoil.console.visits import Visit
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.periods import from_datetime, read_time_zone, to_datetime
from counterfoil.foundation.vocabulary import Kind, entries

_DAY = 86_400_000_000
_HOUR = 3_600_000_000
# What is asked for most, as microseconds before now.
_SPANS: Mapping[str, int] = {"last_hour": _HOUR, "last_day": _DAY, "last_week": 7 * _DAY, "last_month": 30 * _DAY}
REQUEST_TONES: Mapping[str, str] = {
    "held": "info", "served": "good", "refused": "bad", "failed": "bad", "client_gone": "warn", "unknown": "warn",
    "served_not_charged": "warn", "repeated": "quiet",
}  # fmt: skip
TASK_TONES: Mapping[str, str] = {
    "submitted": "info", "queued": "info", "running": "info", "succeeded": "good", "failed": "bad", "cancelled": "quiet",
    "expired": "warn", "unknown": "warn",
}  # fmt: skip
CHARGE_TONES: Mapping[str, str] = {
    "charged": "quiet", "held": "info", "not_charged": "quiet", "refunded": "good", "partly_refunded": "good",
}  # fmt: skip
VERDICT_TONES: Mapping[str, str] = {"original": "quiet", "retry": "warn", "duplicate": "bad", "loop": "bad"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One field of a list's filter: a choice where there are `options`, else an input of that `type`."""

    name: str
    code: str
    options: Sequence[tuple[str, str]] | None = None
    type: str = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """A link that narrows a list to the last hour, day, week or month."""

    code: str
    href: str
    is_here: bool


def options_of(visit: Visit, kind: Kind, codes: Iterable[str] | None = None) -> list[tuple[str, str]]:
    """The codes of a kind with their labels, for a choice."""
    wanted = None if codes is None else set(codes)
    return [(one.code, visit.w.of(one)) for one in entries(kind) if wanted is None or one.code in wanted]


def chosen(visit: Visit, name: str, allowed: Iterable[str]) -> str | None:
    """A choice of the query; None where nothing was chosen. Raises `InputError` for what cannot be."""
    value = visit.asked(name)
    if not value:
        return None
    known = sorted(allowed)
    if value not in known:
        raise InputError(field=name, expected=", ".join(known))
    return value


def time_asked(visit: Visit, name: str) -> int | None:
    """A time of the query: as a browser's field gives it (`2026-11-24T08:30`, in the reader's zone), in RFC 3339, or one of
    the usual spans before now (`last_day`). Raises `InputError` for what is no time.
    """
    text = visit.asked(name)
    if not text:
        return None
    if text in _SPANS:
        return visit.now - _SPANS[text]
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=read_time_zone(visit.time_zone))
        at = from_datetime(moment)
    except (ValueError, OverflowError):
        raise InputError(field=name, expected="2026-11-24T08:30") from None
    if at < 0:
        raise InputError(field=name, expected="2026-11-24T08:30")
    return at


def field_value(visit: Visit, name: str) -> str:
    """What stands in the field of a time: as it was asked for, in the reader's zone."""
    at = time_asked(visit, name)
    return "" if at is None else to_datetime(at).astimezone(visit.shown.zone).strftime("%Y-%m-%dT%H:%M")


def quick_spans(visit: Visit) -> list[Quick]:
    """Links to the usual spans of time before now."""
    asked = visit.asked("since")
    return [
        Quick(code=code, href=visit.here(since=code, until=None, before=None), is_here=asked == code) for code in _SPANS
    ]
