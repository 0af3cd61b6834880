"""Finding what else a text tells of: orders, redemption codes, keys, accounts, and times. Pure.

These are explained to those who may know of them only. A whole key or code is looked up by its hash; it is never shown,
kept or logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from counterfoil.evidence.model import FoundId
from counterfoil.evidence.subjects import IDS_MAX, clean, is_ours
from counterfoil.foundation.code_form import read_code, read_mask
from counterfoil.foundation.ids import PREFIXES
from counterfoil.foundation.periods import MICROS_PER_SECOND, from_datetime, read_time_zone

# A window has two ends; further times are somebody's log.
MOMENTS_MAX = 2
NAME_CHARACTERS_MAX = 200

_KINDS = ("order", "code", "key", "account")
_KINDS_BY_PREFIX = {PREFIXES[kind]: kind for kind in _KINDS}
_ID = re.compile(rf"(?<![a-z0-9_])({'|'.join(_KINDS_BY_PREFIX)})_([0-9a-f]{{32}})(?![0-9a-z_])")
_REDEMPTION_CODE = re.compile(
    r"(?<![0-9A-Za-z])CF(?:[\s\u2010-\u2015-]{0,3}[0-9A-Za-z]){20}(?![0-9A-Za-z])", re.IGNORECASE
)
_CODE_MASK = re.compile(r"(?<![0-9A-Za-z])CF-?(?:…|\.{2,3}|\*{1,20})[0-9A-Za-z]{4}(?![0-9A-Za-z])", re.IGNORECASE)
_KEY_MASK = re.compile(
    r"(?<![0-9A-Za-z])(?:sk-)[0-9A-Za-z_-]{0,12}(?:…|\.{2,6}|\*{2,60})([0-9A-Za-z_-]{4})(?![0-9A-Za-z_-])"
)
_TOKEN = re.compile(r"(?<![0-9A-Za-z])sk-[0-9A-Za-z_-]{16,200}(?![0-9A-Za-z_-])")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONE = r"\s{0,2}(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
# 2026-11-24T08:30:05.123+08:00, 2026/11/24 08:30, 2026年11月24日8时30分, 2026-11-24.
_WRITTEN = re.compile(
    r"(?<!\d)(?P<year>20\d\d)(?:[-/.]|年)(?P<month>\d{1,2})(?:[-/.]|月)(?P<day>\d{1,2})(?:日)?"
    r"(?:[T\s]{1,3}|(?<=日))?"
    r"(?:(?P<hour>\d{1,2})(?::|时|点)(?P<minute>\d{2})分?(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,6})\d{0,6})?秒?)?"
    + _ZONE
    + r")?(?!\d)",
    re.IGNORECASE,
)
# Tue, 24 Nov 2026 08:30:05 GMT, as a Date header has it.
_HEADER = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})\s(?P<name>{'|'.join(_MONTHS)})[a-z]{{0,6}}\s(?P<year>20\d\d)"
    r"\s(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?" + _ZONE,
    re.IGNORECASE,
)
_DAY, _MINUTE = 86_400 * MICROS_PER_SECOND, 60 * MICROS_PER_SECOND
# What stands between a name and a time, and around both.
_AROUND = " \t\r\n,;:.、，。；：@/|()（）[]【】\"'“”「」—–-~～…"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTime:
    """A time as it was written: a day, a minute or a second (`length`, microseconds). `local` has a zone only where the text
    names one."""

    local: datetime
    length: int

    def start(self, time_zone: str) -> int:
        """Where it begins (UTC microseconds); without a zone of its own it is read in this one."""
        moment = self.local
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=read_time_zone(time_zone))
        return from_datetime(moment)

    def end(self, time_zone: str) -> int:
        """Where it ends: a day has 23 to 25 hours in its own zone."""
        if self.length == _DAY and self.local.tzinfo is None:
            return from_datetime((self.local + timedelta(days=1)).replace(tzinfo=read_time_zone(time_zone)))
        return self.start(time_zone) + self.length

    @property
    def is_day(self) -> bool:
        return self.length == _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What a text names besides requests, tasks and submissions. `name` is what stands before a time, or all of a short
    line: it may be an account's."""

    ids: tuple[FoundId, ...] = ()
    redemption_code: str | None = field(default=None, repr=False)
    code_last_four: str | None = None
    token: str | None = field(default=None, repr=False)
    key_mask: str | None = None
    times: tuple[WrittenTime, ...] = ()
    name: str | None = None

    def first(self, kind: str) -> UUID | None:
        """The first id of a kind."""
        return next((one.value for one in self.ids if one.kind == kind), None)

    @property
    def names_key(self) -> bool:
        return self.token is not None or self.key_mask is not None or self.first("key") is not None

    @property
    def names_something(self) -> bool:
        """Whether there is anything in it that can be looked up without guessing."""
        return bool(self.ids or self.redemption_code or self.code_last_four or self.names_key)


def find_clues(text: str, *, now: int) -> Clues:
    """What else the text names. `now` (UTC microseconds) dates ids."""
    cleaned = clean(text)
    found = list(_times(cleaned))
    token = _TOKEN.search(cleaned)
    mask = _KEY_MASK.search(cleaned)
    code_mask = _CODE_MASK.search(cleaned)
    return Clues(
        ids=_ids(cleaned, now),
        redemption_code=_redemption_code(cleaned),
        code_last_four=None if code_mask is None else read_mask(code_mask[0]),
        token=None if token is None else token[0],
        key_mask=None if mask is None else f"sk-…{mask[1]}",
        times=tuple(time for _, time in found[:MOMENTS_MAX]),
        name=_name(cleaned, [place for place, _ in found]),
    )


def _ids(text: str, now: int) -> tuple[FoundId, ...]:
    found = dict.fromkeys(
        FoundId(_KINDS_BY_PREFIX[match[1]], UUID(hex=match[2]))
        for match in _ID.finditer(text.lower())
        if is_ours(UUID(hex=match[2]), now)
    )
    return tuple(sorted(found, key=lambda one: _KINDS.index(one.kind)))[:IDS_MAX]


def _redemption_code(text: str) -> str | None:
    """The first thing that has the form of a code and no typing error in it."""
    for match in _REDEMPTION_CODE.finditer(text):
        typed = read_code(match[0])
        if typed is not None and typed.is_right:
            return match[0]
    return None


def _times(text: str) -> Iterator[tuple[int, WrittenTime]]:
    """Every time with its place, in the order in which they stand."""
    found = [(match.start(), _read(match)) for match in _WRITTEN.finditer(text)]
    found += [(match.start(), _read(match)) for match in _HEADER.finditer(text)]
    yield from sorted(((place, time) for place, time in found if time is not None), key=lambda one: one[0])


def _read(match: re.Match[str]) -> WrittenTime | None:
    """The time that a match is; None for the 31st of February."""
    parts = match.groupdict()
    month = int(parts["month"]) if "month" in parts else _MONTHS.index(parts["name"][:3].lower()) + 1
    fraction = (parts.get("fraction") or "").ljust(6, "0")
    try:
        local = datetime(
            int(parts["year"]), month, int(parts["day"]), int(parts["hour"] or 0), int(parts["minute"] or 0),
            int(parts["second"] or 0), int(fraction), tzinfo=_zone(parts["zone"]),
        )  # fmt: skip
    except ValueError:
        return None
    length = _DAY if parts["hour"] is None else _MINUTE if parts["second"] is None else MICROS_PER_SECOND
    return WrittenTime(local=local, length=length)


def _zone(written: str | None) -> timezone | None:
    if written is None:
        return None
    if written.upper() in ("Z", "UTC", "GMT"):
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if written[0] == "-" else offset)


def _name(text: str, places: list[int]) -> str | None:
    """What stands before the first time, or all of the text."""
    name = text[: places[0]] if places else text
    name = name.strip(_AROUND)
    return name if 1 <= len(name) <= NAME_CHARACTERS_MAX and name.isprintable() else None
