"""The desk's numbers for monitoring: what is open, and how long steps took, by class of problem and nothing narrower."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from prometheus_client import Histogram

from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM
from counterfoil.observability import (
    CASE_DIAGNOSIS_SECONDS,
    CASE_FIRST_ANSWER_SECONDS,
    CASE_RESOLUTION_SECONDS,
    CASES_LATE,
    CASES_OPEN,
)
from counterfoil.support.desk_model import QueueCount
from counterfoil.support.rules import Step


def show_open(counts: Iterable[QueueCount]) -> None:
    """Open and late cases of every class, as they are now; a class without any has none."""
    is_open, late = Counter[str](), Counter[str]()
    for one in counts:
        is_open[one.problem] += one.count
        late[one.problem] += one.late
    for problem in FIELDS_OF_PROBLEM:
        CASES_OPEN.labels(problem=problem).set(is_open[problem])
        CASES_LATE.labels(problem=problem).set(late[problem])


def count_diagnosed(step: Step) -> None:
    """A case was searched and explained for the first time."""
    _count(CASE_DIAGNOSIS_SECONDS, step)


def count_first_answered(step: Step) -> None:
    """A person has answered a case, or asked for more, for the first time."""
    _count(CASE_FIRST_ANSWER_SECONDS, step)


def count_resolved(step: Step) -> None:
    """A case was resolved, perhaps once more."""
    _count(CASE_RESOLUTION_SECONDS, step)


def _count(histogram: Histogram, step: Step) -> None:
    seconds = max(0, step.event.at - step.after.created_at) / MICROS_PER_SECOND
    histogram.labels(problem=step.after.problem).observe(seconds)
