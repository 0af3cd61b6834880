"""`counterfoil bench diagnosis`: incidents are staged, `evidence.explain` is asked about each, and its answers are counted.

What is right is known by construction (`bench_incidents`): what was staged. Of a refusal the causes that an answer names
are the fewest that together explain it, all of them and no other; of anything else, its first finding.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from counterfoil.cli.bench_incidents import SCRIPTS, stage_incidents
from counterfoil.cli.bench_incidents_customers import Customer
from counterfoil.cli.bench_incidents_model import Named, Question, Script
from counterfoil.cli.bench_incidents_stage import Stage, open_stage
from counterfoil.evidence.findings import FindingCode
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.evidence.service import Evidence
from counterfoil.foundation.errors import CounterfoilError

# Misses that are shown; they are counted in any case.
MISSES_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """An answer that did not name what was staged; `found` are codes of findings, or that of an error."""

    subject: str
    expected: tuple[str, ...]
    found: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {"subject": self.subject, "expected": list(self.expected), "found": list(self.found)}


@dataclass(slots=True, kw_only=True)
class Measured:
    """How many incidents were explained rightly, in all and by what was staged."""

    cases: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    misses: list[Miss] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "cases": self.cases.total(),
            "correct": self.right.total(),
            "by_cause": {
                cause: {"cases": count, "correct": self.right[cause]} for cause, count in sorted(self.cases.items())
            },
            "missed": [miss.to_json() for miss in self.misses[:MISSES_SHOWN]],
            "seconds": round(self.seconds, 1),
        }

    def lines(self) -> list[str]:
        """For people: the counts, each cause on a line, and what was missed."""
        told = [f"{self.right.total():,} of {self.cases.total():,} incidents explained as staged"]
        told += [f"  {cause}: {self.right[cause]} of {count}" for cause, count in sorted(self.cases.items())]
        for miss in self.misses[:MISSES_SHOWN]:
            told.append(f"missed: {miss.subject}: staged {', '.join(miss.expected)}; found {', '.join(miss.found)}")
        return told


async def measure(
    url: str,
    folder: Path,
    *,
    build_evidence: Callable[..., Evidence],
    cases: int,
    seed: int,
    progress: Callable[[str], None],
    scripts: Sequence[Script] = SCRIPTS,
) -> Measured:
    """Stage so many incidents on an empty, migrated database and have each explained, by somebody who sees everything."""
    measured, started = Measured(), time.monotonic()
    async with open_stage(url, folder, seed=seed) as stage:
        evidence = _evidence_of(stage, build_evidence)

        async def ask(_: Customer, question: Question) -> None:
            _count(measured, question, await _named(evidence, question))

        await stage_incidents(stage, cases=cases, ask=ask, progress=progress, scripts=scripts)
    measured.seconds = time.monotonic() - started
    return measured


def _evidence_of(stage: Stage, build_evidence: Callable[..., Evidence]) -> Evidence:
    return build_evidence(
        database=stage.database, clock=stage.clock, ledger=stage.ledger, spend=stage.spend, tasks=stage.tasks,
        orders=stage.orders, codes=stage.codes, members=stage.members, directory=stage.directory, limits=stage.limits,
        statuses={},
    )  # fmt: skip


async def _named(evidence: Evidence, question: Question) -> tuple[str, ...]:
    """What the answer to a question names: codes of findings, or the code of its error."""
    try:
        told = await evidence.explain(question.subject, audience=Audience.OPERATOR, account_id=question.asking)
    except CounterfoilError as error:
        return (error.code,)
    return tuple(str(code) for code in _codes(told, question.named))


def _codes(told: Explanation, named: Named) -> Sequence[FindingCode]:
    if named is Named.TOGETHER:
        return [finding.code for finding in told.findings if finding.enough_together]
    return [finding.code for finding in told.findings[:1]]


def _count(measured: Measured, question: Question, found: Sequence[str]) -> None:
    measured.cases[question.cause] += 1
    expected = tuple(sorted(str(code) for code in question.expected))
    if tuple(sorted(found)) == expected:
        measured.right[question.cause] += 1
    else:
        measured.misses.append(Miss(subject=question.subject, expected=expected, found=tuple(found)))
