"""How far a moment and an amount are from what was written. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from counterfoil.evidence.clues import WrittenTime
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.support.model import Agreement
from counterfoil.support.said import SaidAmount

_MINUTE = 60 * MICROS_PER_SECOND
_HOUR = 60 * _MINUTE
# A clock that is off, and the time until somebody has looked at it.
SURE_MICROS = 3 * _MINUTE
# What people remember.
NEAR_MICROS = 30 * _MINUTE
# Zones that people forget to name, or name wrongly, in minutes east of UTC.
OFFSETS_MINUTES = (0, 480, 540, 420, 330, 60, 120, 180, 600, 660, -300, -240, -360, -480, -420)

# How much of a field's weight each agreement is worth.
PARTS: Mapping[Agreement, int] = MappingProxyType(
    {Agreement.DIFFERENT: 0, Agreement.UNKNOWN: 25, Agreement.CLOSE: 65, Agreement.EXACT: 100}
)

# -- times -------------------------------------------------------------------------------------------------------------


def in_other_zones(time: WrittenTime) -> list[tuple[int, int]]:
    """The same face of the clock in the zones that people take for theirs, whatever zone is written beside it."""
    face = WrittenTime(local=time.local.replace(tzinfo=None), length=time.length).start("UTC")
    return [(face - minutes * _MINUTE, face - minutes * _MINUTE + time.length) for minutes in OFFSETS_MINUTES]


def time_distance(times: Sequence[WrittenTime], at: int, zones: Sequence[str]) -> int:
    """How far (microseconds) a moment is from what was written, read in the zone in which it is nearest."""
    first, last = times[0], times[-1]
    return min(_outside(first.start(zone), last.end(zone), at) for zone in zones)


def _outside(start: int, end: int, at: int) -> int:
    return max(start - at, at - end, 0)


def clock_distance(times: Sequence[WrittenTime], at: int) -> int:
    """How far a moment is from the same face of the clock in the zone, of all that people take for theirs, in which it is
    nearest; beyond everything for days and windows."""
    if len(times) != 1 or times[0].is_day:
        return 2**63
    return min(_outside(start, end, at) for start, end in in_other_zones(times[0]))


def agree_time(times: Sequence[WrittenTime], at: int, zones: Sequence[str]) -> Agreement:
    """A moment against what was written: exact within a few minutes in a zone that is likely, close within half an hour or
    by the face of a clock of another zone."""
    if not times:
        return Agreement.UNKNOWN
    distance = time_distance(times, at, zones)
    if distance <= SURE_MICROS:
        return Agreement.EXACT
    if distance <= NEAR_MICROS:
        return Agreement.CLOSE
    return Agreement.CLOSE if clock_distance(times, at) <= SURE_MICROS else Agreement.DIFFERENT


# -- amounts -----------------------------------------------------------------------------------------------------------


def agree_amount(said: SaidAmount, nanos: int, currency: str) -> Agreement:
    """An amount against what was written: exact, or close where rounding it up, down or half makes what was written."""
    if said.currency is not None and said.currency != currency:
        return Agreement.DIFFERENT
    off = abs(said.nanos - nanos)
    if off == 0:
        return Agreement.EXACT
    if off < said.last_digit or 2 * off <= said.step:
        return Agreement.CLOSE
    if said.is_about and 10 * off <= max(said.nanos, nanos):
        return Agreement.CLOSE
    return Agreement.DIFFERENT
