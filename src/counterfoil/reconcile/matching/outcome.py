"""What matching gives, whoever did it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from counterfoil.reconcile.model import FoundBreak, FoundMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Breaks and matches in no particular order (`sort_breaks`, `sort_matches` give one), and how many rows were looked at.

    Where a book is too large for its matches to leave the engine, `matches` is empty and only `counts` tells of them.
    """

    breaks: Iterable[FoundBreak]
    matches: Iterable[FoundMatch] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


def sort_breaks(breaks: Iterable[FoundBreak]) -> list[FoundBreak]:
    """The same breaks in the same order, however they were found."""
    return sorted(breaks, key=lambda one: (one.identity, one.rule))


def sort_matches(matches: Iterable[FoundMatch]) -> list[FoundMatch]:
    """The same matches in the same order, however they were found."""
    return sorted(matches, key=lambda one: (one.rule, one.is_suggested, one.ours, one.theirs))
