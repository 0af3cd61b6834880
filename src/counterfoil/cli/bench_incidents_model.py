"""What an incident is: something that is staged, what somebody asks about it, and what the right answer names."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from counterfoil.cli.bench_incidents_customers import Customer
from counterfoil.evidence.findings import FindingCode


class Named(StrEnum):
    """Which findings of an answer are held against what was staged: the fewest causes that together explain a refusal, or
    the first of all."""

    TOGETHER = "together"
    FIRST = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody asks (`subject`, as they would write it), and what the answer must name, by how it was staged."""

    subject: str
    expected: frozenset[FindingCode]
    named: Named
    # The account of the customer who has asked, where whoever explains knows it.
    asking: UUID | None = None
    # Whether it is asked a day later, when much has happened since; else at once.
    is_late: bool = False

    @property
    def cause(self) -> str:
        """The staged cause, or causes with a plus between them."""
        return "+".join(sorted(self.expected))


def refusal(subject: str, *expected: FindingCode) -> Question:
    """What is asked about a refusal, a day later."""
    return Question(subject=subject, expected=frozenset(expected), named=Named.TOGETHER, is_late=True)


def matter(subject: str, expected: FindingCode, *, asking: UUID | None = None) -> Question:
    """What is asked about how something stands now."""
    return Question(subject=subject, expected=frozenset({expected}), named=Named.FIRST, asking=asking)


# Stages an incident of a customer that has been at work for some days, and says what is asked.
Scene = Callable[[Customer, random.Random], Awaitable[Question]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One way in which things go wrong. `weight` is how often it is staged in comparison with the others; `days` how long
    its customer has been at work before."""

    name: str
    weight: int
    scene: Scene
    days: int = 8
    # What is different about its customer from the first day on.
    prepare: Callable[[Customer], None] = lambda _: None
