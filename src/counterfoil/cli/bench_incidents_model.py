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
class Asked:
    """What somebody writes, and the record that it is about: its kind and id, and of an account the window (UTC
    microseconds)."""

    text: str
    kind: str
    about: UUID
    window: tuple[int, int] | None = None


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
    # The record that it is about, where there is one.
    asked: Asked | None = None

    @property
    def cause(self) -> str:
        """The staged cause, or causes with a plus between them."""
        return "+".join(sorted(self.expected))


def refusal(asked: Asked, *expected: FindingCode) -> Question:
    """What is asked about a refusal, a day later."""
    return Question(subject=asked.text, expected=frozenset(expected), named=Named.TOGETHER, is_late=True, asked=asked)


def matter(asked: Asked | str, expected: FindingCode, *, asking: UUID | None = None) -> Question:
    """What is asked about how something stands now; words alone are about no record."""
    of_record = None if isinstance(asked, str) else asked
    subject = asked if isinstance(asked, str) else asked.text
    return Question(subject=subject, expected=frozenset({expected}), named=Named.FIRST, asking=asking, asked=of_record)


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
