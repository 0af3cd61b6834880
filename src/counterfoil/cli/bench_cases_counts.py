"""What is counted of the month's tickets, in all and by kind. Nothing here does I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from counterfoil.cli.bench_cases_model import Ticket, Truth

# Misses that are shown; they are counted in any case.
MISSES_SHOWN = 60
# Where the record of an ambiguous ticket has to be.
FIRST_THREE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A case that was not read as it was meant. `found` is the first candidate, `place` where the right one stood (None: not
    among them)."""

    ticket: Ticket
    truth: Truth
    found: str | None
    place: int | None
    causes: tuple[str, ...]

    @property
    def record(self) -> str | None:
        """The record, or the first of several, by the digits of its id."""
        return None if self.truth.records is None else min(self.truth.records).hex

    def to_json(self) -> dict[str, object]:
        return {
            "class": self.ticket.problem, "belongs_to": self.truth.problem, "values": dict(self.ticket.values),
            "way": self.ticket.way, "wording": self.ticket.wording, "messes": sorted(self.ticket.messes),
            "record": self.record, "found": self.found, "place": self.place,
            "causes": sorted(self.truth.causes), "causes_found": list(self.causes),
        }  # fmt: skip


@dataclass(slots=True)
class _Counted:
    """How many cases of a kind there were, and how many of them were read as they were meant."""

    cases: int = 0
    with_record: int = 0
    found: int = 0
    among: int = 0
    right: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "record_found_share": _share(self.found, self.with_record),
            "record_among_candidates_share": _share(self.among, self.with_record),
            "cause_right_share": _share(self.right, self.cases),
        }


@dataclass(slots=True)
class _Ambiguous:
    """Tickets that fit several records alike: how many, and of how many the record was among the first three and nothing
    was confirmed."""

    cases: int = 0
    right: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"cases": self.cases, "right": self.right, "right_share": _share(self.right, self.cases)}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


@dataclass(slots=True, kw_only=True)
class Measured:
    """What became of the month's tickets."""

    all: _Counted = field(default_factory=_Counted)
    by_class: dict[str, _Counted] = field(default_factory=dict)
    by_mess: dict[str, _Counted] = field(default_factory=dict)
    by_language: dict[str, _Counted] = field(default_factory=dict)
    by_way: dict[str, _Counted] = field(default_factory=dict)
    by_wording: dict[str, _Counted] = field(default_factory=dict)
    ambiguous: _Ambiguous = field(default_factory=_Ambiguous)
    wrongly_confirmed: int = 0
    confirmed_by_itself: int = 0
    # Tickets that the intake gave back once: whole numbers that became masks, and what was taken for a secret.
    masked: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    misses: list[Miss] = field(default_factory=list)
    diagnosing_seconds: float = 0.0
    seconds: float = 0.0

    def count(
        self, ticket: Ticket, truth: Truth, *, place: int | None, is_right: bool, is_confirmed: bool = False
    ) -> None:
        if truth.is_ambiguous:
            self.ambiguous.cases += 1
            self.ambiguous.right += place is not None and place < FIRST_THREE and not is_confirmed
            return
        kinds = [
            self.all,
            self.by_class.setdefault(truth.problem, _Counted()),
            self.by_language.setdefault(ticket.language.value, _Counted()),
            self.by_way.setdefault(ticket.way.value, _Counted()),
            self.by_wording.setdefault(ticket.wording.value, _Counted()),
            *(self.by_mess.setdefault(mess, _Counted()) for mess in sorted(ticket.messes) or ("none",)),
        ]
        for one in kinds:
            one.cases += 1
            one.with_record += truth.records is not None
            one.found += truth.records is not None and place == 0
            one.among += truth.records is not None and place is not None
            one.right += is_right

    def to_json(self) -> dict[str, Any]:
        whole = self.all.to_json()
        return {
            **whole,
            "by_wording": _sorted(self.by_wording),
            "ambiguous": self.ambiguous.to_json(),
            "wrongly_confirmed": self.wrongly_confirmed,
            "masked": self.masked,
            "refused": dict(sorted(self.refused.items())),
            "by_class": _sorted(self.by_class),
            "by_mess": _sorted(self.by_mess),
            "by_language": _sorted(self.by_language),
            "by_way": _sorted(self.by_way),
            "missed": [miss.to_json() for miss in self.misses[:MISSES_SHOWN]],
            "milliseconds_a_case": round(1000 * self.diagnosing_seconds / max(1, self.all.cases), 1),
            "seconds": round(self.seconds, 1),
        }

    def lines(self) -> list[str]:
        """For people: the shares, each class and each kind of mess on a line, and what was missed."""
        whole = self.all
        told = [
            f"{whole.found:,} of {whole.with_record:,} records found first, {whole.right:,} of {whole.cases:,} causes right,"
            f" {self.wrongly_confirmed} wrongly confirmed",
            f"  ambiguous: {self.ambiguous.right} of {self.ambiguous.cases} records among the first {FIRST_THREE}",
        ]
        for title, counted in (
            ("wording", self.by_wording),
            ("class", self.by_class),
            ("mess", self.by_mess),
            ("way", self.by_way),
        ):
            told += [
                f"  {title} {name}: {one.found} of {one.with_record} records, {one.right} of {one.cases} causes"
                for name, one in sorted(counted.items())
            ]
        for miss in self.misses[:MISSES_SHOWN]:
            told.append(
                f"missed: {miss.truth.problem}: {miss.record} {'+'.join(sorted(miss.truth.causes))}; found {miss.found}"
                f" {'+'.join(miss.causes)}"
            )
        return told


def _sorted(counted: Mapping[str, _Counted]) -> dict[str, Any]:
    return {name: one.to_json() for name, one in sorted(counted.items())}
