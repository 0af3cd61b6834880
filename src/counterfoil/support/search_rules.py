"""Which record a case is most likely about: where to look, how well it all agrees, and in which order. Pure.

Nothing here confirms anything: candidates are ordered for a person to look at. Better agreement of a field never lowers a
score, and a record that contradicts what names records exactly is no candidate at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from counterfoil.evidence.clues import WrittenTime
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.foundation.vocabulary import Language
from counterfoil.support.agreement_fields import WEIGHTS, is_charge_said
from counterfoil.support.agreement_measures import (
    NEAR_MICROS,
    PARTS,
    SURE_MICROS,
    clock_distance,
    in_other_zones,
    time_distance,
)
from counterfoil.support.agreement_model import Reading, Record, Said
from counterfoil.support.agreement_rules import compare
from counterfoil.support.model import Agreement, Candidate, FieldAgreement
from counterfoil.support.said_ends import read_tail
from counterfoil.support.told import BALANCE, FAILED, FELL, RECHARGE

CANDIDATES_MAX = 10
MINUTE_MICROS = 60 * MICROS_PER_SECOND
SCORE_MAX = 1_000
# A whole id names one record, and a mask is copied from a screen: a record that has another is another record. What says
# who somebody is does not exclude: that payment and call are of different accounts is the commonest cause of all.
NAMING = frozenset({"request_id", "task_id"})
EXACT_FIELDS = NAMING | {"order_mask", "code_last_four", "key_mask"}


def windows(said: Said, reading: Reading) -> list[tuple[int, int]]:
    """Where records are looked for: spans (UTC microseconds) that the times may mean, in every zone; joined, in order."""
    spans: list[tuple[int, int]] = []
    for times in said.times.values():
        spans += _window_of(times, said.language, reading)
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((max(0, start), end))
    return joined


def _window_of(times: Sequence[WrittenTime], language: Language, reading: Reading) -> list[tuple[int, int]]:
    if not times:
        return []
    first, last = times[0], times[-1]
    spans = []
    for zone in reading.zones(language):
        start, end = first.start(zone), last.end(zone)
        if end > start:
            spans.append((start - NEAR_MICROS, end + NEAR_MICROS))
    if len(times) == 1 and not first.is_day:
        spans += [(start - SURE_MICROS, end + SURE_MICROS) for start, end in in_other_zones(first)]
    return spans


def is_excluded(fields: Sequence[FieldAgreement]) -> bool:
    """Whether a field that names records speaks of another one. A whole id that fits outweighs a mask that does not."""
    met = {one.field: one.agreement for one in fields}
    if any(met.get(name) is Agreement.EXACT for name in NAMING):
        return False
    return any(met.get(name) is Agreement.DIFFERENT for name in EXACT_FIELDS)


def score(fields: Sequence[FieldAgreement], *, fits: bool) -> int:
    """How well it all agrees, 0 to 1000; `fits` whether it is a record of what the case complains of.

    0 where a naming field excludes it. Never lower for a better agreement of any field.
    """
    if is_excluded(fields):
        return 0
    weights = sum(WEIGHTS[one.field] for one in fields)
    met = sum(WEIGHTS[one.field] * PARTS[one.agreement] for one in fields)
    agreed = 0 if weights == 0 else met * 10 // weights
    whole = (9 * agreed + (SCORE_MAX if fits else 0)) // 10
    return 9 * SCORE_MAX // 10 + whole // 10 if _is_named(fields) else whole


def _is_named(fields: Sequence[FieldAgreement]) -> bool:
    return any(one.field in NAMING and one.agreement is Agreement.EXACT for one in fields)


# Of which kinds a class of problem complains.
_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "balance_not_enough": ("request", "task"),
        "recharged_not_credited": ("order", "code"),
        "balance_fell": ("account",),
        "failed_perhaps_charged": ("task", "request"),
        "something_else": ("request", "task"),
    }
)


# What says that it is about a code, and what that it is about an order.
_OF_CODES = ("code_last_four", "redemption_time")
_OF_ORDERS = ("order_mask", "order_time")


def fits(said: Said, record: Record, problem: str | None = None) -> bool:
    """Whether a case can be about such a record: its kind, and that something was wrong with it. `problem` None: as what it is
    most likely about."""
    problem = problem or next(iter(said.problems), said.problem)
    if record.kind not in _KINDS.get(problem, ()):
        return False
    if problem == RECHARGE:
        if is_astray(said, record):
            return True
        says_code, says_order = (
            any(name in said.values and name not in said.strayed for name in names) for names in (_OF_CODES, _OF_ORDERS)
        )
        return says_code == says_order or record.kind == ("code" if says_code else "order")
    if problem == FAILED and is_charge_said(said):
        # Who saw a charge asks about what was charged, whatever became of it.
        return record.is_trouble or record.charge_mark != "not_charged"
    if problem == BALANCE and "status_code" in said.values:
        # Who names the status of a refusal: what was charged was not refused.
        return record.is_trouble and record.charge_mark in (None, "not_charged")
    return record.is_trouble or problem == FELL


def is_astray(said: Said, record: Record) -> bool:
    """Whether the end of an order or a code stands in the field for the other: what is on record decides which it is."""
    if record.kind == "code":
        tail = read_tail(said.values["code_last_four"]) if "code_last_four" in said.strayed else None
        return tail is not None and tail.upper() == record.code_last_four
    tail = read_tail(said.values["order_mask"]) if "order_mask" in said.strayed else None
    return tail is not None and any(one.lower().endswith(tail.lower()) for one in record.numbers)


def rank(said: Said, records: Iterable[Record], reading: Reading, *, most: int = CANDIDATES_MAX) -> list[Candidate]:
    """The records that a case may be about, the likeliest first; of equals the one of whoever is signed in, the one that
    is in trouble, then the nearest.

    One that agrees in nothing is no candidate.
    """
    found = []
    unique = {(one.kind, one.id): one for one in records}
    for record in unique.values():
        fields = compare(said, record, reading)
        points = score(fields, fits=fits(said, record))
        if not any(fits(said, record, problem) for problem in said.problems) and not _is_named(fields):
            # Neither the one problem nor the other: it only happens to be of the same time, or of the same person.
            points = points * 9 // 10
        if points == 0 or not any(one.agreement in (Agreement.EXACT, Agreement.CLOSE) for one in fields):
            continue
        is_own = reading.account_id is None or record.account_id == reading.account_id
        distance = _distance(said, record, reading)
        # Who names the minute means the record of that minute.
        minutes = distance // MINUTE_MICROS if _names_minute(said) else 0
        order = (-points, not is_own, minutes, not record.is_trouble, distance, record.kind, record.id)
        found.append((order, _candidate(record, points, fields)))
    found.sort(key=lambda one: one[0])
    return [candidate for _, candidate in found[:most]]


def _candidate(record: Record, points: int, fields: tuple[FieldAgreement, ...]) -> Candidate:
    return Candidate(
        subject=show_id(record.kind, record.id), kind=record.kind, account_id=record.account_id,
        at=record.times[0] if record.times else 0, score=points, fields=fields,
    )  # fmt: skip


def _names_minute(said: Said) -> bool:
    return any(one.length <= MINUTE_MICROS for times in said.times.values() for one in times)


def _distance(said: Said, record: Record, reading: Reading) -> int:
    zones = reading.zones(said.language)
    distances = [
        min(time_distance(times, at, zones), clock_distance(times, at))
        for times in said.times.values() if times
        for at in record.times
    ]  # fmt: skip
    # Without a time, what happened last before it was reported.
    return min(distances) if distances else min((abs(said.now - at) for at in record.times), default=0)
