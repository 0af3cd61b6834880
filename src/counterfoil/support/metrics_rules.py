"""What the desk's numbers are, from the events of cases and from nothing else. Pure. Durations are microseconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from counterfoil.support.model import CaseEvent, CaseEventKind

_Key = TypeVar("_Key", tuple[str, str], tuple[str, str, str])
_ANSWERS = frozenset({CaseEventKind.REPLIED, CaseEventKind.ASKED})
# By whom a case is answered when nobody of the staff does.
BY_ITSELF = "self_service"
# By whom is asked what a first message lacks, as it comes in.
BY_INTAKE = "intake"
# A question that came as often as this is repeated.
REPEATED_LEAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A case with its events, the first to the last; `article` is the address of the page that explains its cause."""

    problem: str
    cause: str | None
    article: str | None
    events: Sequence[CaseEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """How often something was refused at intake: by class of problem, field, and what it was."""

    problem: str
    field: str
    secret_class: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Durations of several cases: how many, the one in the middle, and that which nine of ten stay below."""

    count: int
    median: int | None
    ninth: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOvers:
    """How often cases were handed to a desk, and how long they were there until it handed them back or settled them."""

    to: str
    count: int
    lasted: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The desk's numbers over some cases. Shares are counts over counts: `…_of` is what they are a part of.

    `repeated` are causes (with their article) that came more than once; `asked_again` are fields that were asked for after
    the first message, by class; `unsafe` what was refused at intake.
    """

    cases: int
    first_answer: Times
    diagnosis: Times
    resolution: Times
    hand_overs: tuple[HandOvers, ...]
    self_service: int
    resolved: int
    reopened: int
    complete_first: int
    repeated: tuple[tuple[str, str | None, int], ...]
    asked_again: tuple[tuple[str, str, int], ...]
    unsafe: tuple[tuple[str, str, str, int], ...]


def measure(histories: Iterable[History], refused: Iterable[Refused] = ()) -> Metrics:
    """The numbers of these cases and of what was refused meanwhile."""
    known = [one for one in histories if one.events]
    asked: Counter[tuple[str, str]] = Counter()
    for one in known:
        asked.update((one.problem, field) for field in _asked_again(one.events))
    unsafe: Counter[tuple[str, str, str]] = Counter()
    for each in refused:
        unsafe[each.problem, each.field, each.secret_class] += each.count
    return Metrics(
        cases=len(known),
        first_answer=_times(_until(_after_intake(one.events), _ANSWERS) for one in known),
        diagnosis=_times(_until(one.events, {CaseEventKind.DIAGNOSED}) for one in known),
        resolution=_times(_until_resolved(one.events) for one in known),
        hand_overs=_hand_overs(known),
        self_service=sum(_is_self_service(one.events) for one in known),
        resolved=sum(_has(one.events, CaseEventKind.RESOLVED) for one in known),
        reopened=sum(_has(one.events, CaseEventKind.REOPENED) for one in known),
        complete_first=sum(_was_complete(one.events) for one in known),
        repeated=_repeated(known),
        asked_again=tuple((*key, count) for key, count in _most_first(asked)),
        unsafe=tuple((*key, count) for key, count in _most_first(unsafe)),
    )


def _most_first(counts: Counter[_Key]) -> list[tuple[_Key, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _has(events: Sequence[CaseEvent], kind: CaseEventKind) -> bool:
    return any(event.kind is kind for event in events)


def _until(events: Sequence[CaseEvent], kinds: Iterable[CaseEventKind]) -> int | None:
    """How long after it came in the first of these happened; None where none has."""
    wanted = frozenset(kinds)
    return next((event.at - events[0].at for event in events if event.kind in wanted), None)


def _after_intake(events: Sequence[CaseEvent]) -> Sequence[CaseEvent]:
    """The events without what intake has asked by itself: that is neither an answer nor a question of somebody's."""
    return [event for event in events if not (event.kind is CaseEventKind.ASKED and event.by == BY_INTAKE)]


def _until_resolved(events: Sequence[CaseEvent]) -> int | None:
    """How long until it was resolved and stayed so: from its arrival to the last time."""
    resolved: int | None = None
    for event in events:
        if event.kind is CaseEventKind.RESOLVED:
            resolved = event.at - events[0].at
        elif event.kind is CaseEventKind.REOPENED:
            resolved = None
    return resolved


def _times(durations: Iterable[int | None]) -> Times:
    known = sorted(one for one in durations if one is not None)
    return Times(count=len(known), median=_at_share(known, 50), ninth=_at_share(known, 90))


def _at_share(known: Sequence[int], percent: int) -> int | None:
    """The nearest rank: a duration that there really was."""
    return None if not known else known[max(0, -(-len(known) * percent // 100) - 1)]


def _hand_overs(known: Sequence[History]) -> tuple[HandOvers, ...]:
    lasted: dict[str, list[int | None]] = {}
    for one in known:
        for to, duration in stays(one.events):
            lasted.setdefault(to, []).append(duration)
    return tuple(HandOvers(to=to, count=len(all_), lasted=_times(all_)) for to, all_ in sorted(lasted.items()))


def stays(events: Sequence[CaseEvent]) -> list[tuple[str, int | None]]:
    """Where a case was handed to, and how long it was there (None: it still is): until any event leaves that state."""
    found: list[tuple[str, int | None]] = []
    since: tuple[str, int] | None = None
    for event in events:
        state = event.facts.get("state")
        if since is not None and state is not None and state != since[0]:
            found.append((since[0], event.at - since[1]))
            since = None
        if event.kind is CaseEventKind.HANDED_OVER and state is not None:
            since = (state, event.at)
    return found if since is None else [*found, (since[0], None)]


def _is_self_service(events: Sequence[CaseEvent]) -> bool:
    """Whether its reporter was answered by what the service found alone."""
    ended = [event for event in events if event.kind in (CaseEventKind.RESOLVED, CaseEventKind.CLOSED)]
    return bool(ended) and ended[-1].by == BY_ITSELF


def _was_complete(events: Sequence[CaseEvent]) -> bool:
    """Whether its first message said all that was needed: as intake judged it, and nobody had to ask."""
    return events[0].facts.get("complete") == "1" and not _has(events, CaseEventKind.ASKED)


def _asked_again(events: Sequence[CaseEvent]) -> list[str]:
    """The fields that were asked for after intake, each time anew."""
    found: list[str] = []
    for event in _after_intake(events):
        if event.kind is CaseEventKind.ASKED:
            found += [name for name in event.facts.get("fields", "").split(",") if name]
    return found


def _repeated(known: Sequence[History]) -> tuple[tuple[str, str | None, int], ...]:
    counts = Counter(one.cause for one in known if one.cause is not None)
    articles: Mapping[str, str | None] = {one.cause: one.article for one in known if one.cause is not None}
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple((cause, articles[cause], count) for cause, count in ordered if count >= REPEATED_LEAST)
