"""What a ticket of the generated month is, and the truth that is kept beside it. Nothing here does I/O.

The truth is known by how the incident was staged. It never reaches the room: what is sent are a ticket's class and fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from counterfoil.foundation.vocabulary import Language

Phrases = Mapping[Language, tuple[str, ...]]


class Mess(StrEnum):
    """What is wrong with a ticket, as tickets are."""

    WRONG_ZONE = "wrong_zone"
    NO_ZONE = "no_zone"
    ROUNDED_TIME = "rounded_time"
    DATE_ONLY = "date_only"
    ROUNDED_AMOUNT = "rounded_amount"
    MASK_FOR_ID = "mask_for_id"
    WHOLE_NUMBER = "whole_number"
    MISTYPED_MASK = "mistyped_mask"
    NICKNAME_FOR_EMAIL = "nickname_for_email"
    MISTYPED_EMAIL = "mistyped_email"
    TWO_PROBLEMS = "two_problems"
    MISSING_FIELDS = "missing_fields"
    FULL_WIDTH = "full_width"
    SCREENSHOT_TEXT = "screenshot_text"
    WRONG_CLASS = "wrong_class"


class Wording(StrEnum):
    """Whose words a ticket is in: of whoever made the desk's rules, of somebody who did not know them, of somebody else who
    did not either, or of all in equal parts."""

    FIRST = "first"
    HELD_OUT = "held_out"
    FRESH = "fresh"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One set of wordings.

    `openers` are by the class of problem, `fragments` (told among words) and `shapes` (as it stands in a field) by the fact,
    `task_names` by the kind of task, where it is not the product's own. `joints` stand between the pieces of what is said.
    """

    wording: Wording
    openers: Mapping[str, Phrases]
    fragments: Mapping[str, Phrases]
    messes: Mapping[Mess, Phrases]
    shapes: Mapping[str, Phrases]
    paid_by: Phrases
    joints: Phrases
    write_time: Callable[..., str]
    write_window: Callable[..., str]
    write_amount: Callable[..., str]
    task_names: Mapping[str, Phrases] = field(default_factory=dict)
    # Which wrong fields a fact may be put into, and how often; how often the pieces come in any order.
    astray: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    astray_share: float = 0.0
    jumbled_share: float = 0.0


class Way(StrEnum):
    """How a ticket comes in."""

    FORM = "form"
    TEMPLATE = "template"
    SIGNED_IN = "signed_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who writes, as far as they know themselves."""

    account_id: UUID
    account_name: str
    email: str
    nickname: str
    user_number: int
    key_mask: str
    group: str
    time_zone: str
    client: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What the reporter has before their eyes: the record as the product shows it. `at` (UTC microseconds) is the time on the
    screen; what does not apply is None."""

    kind: str
    record_id: UUID
    at: int
    window: tuple[int, int] | None = None
    model: str | None = None
    task_kind: str | None = None
    status_code: int | None = None
    code: str | None = None
    failure: str | None = None
    charge_mark: str | None = None
    amount: int | None = None
    currency: str | None = None
    number: str | None = None
    payment_kind: str | None = None
    last_four: str | None = None
    times_sent: int = 1
    # Whether it is another account's: then it matters who reports it.
    is_others: bool = False
    # What the same reporter did within minutes that looks like it.
    alikes: tuple[Happened, ...] = ()

    @property
    def is_charged(self) -> bool:
        return self.charge_mark in ("charged", "refunded", "partly_refunded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket as it is sent."""

    problem: str
    language: Language
    way: Way
    values: Mapping[str, str] = field(repr=False)
    messes: frozenset[Mess]
    wording: Wording = Wording.FIRST
    # Which facts are told, where its writer keeps account of it.
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the desk ought to come to: the record (any of these; None: there is none) and the causes."""

    problem: str
    records: frozenset[UUID] | None
    causes: frozenset[str]
    # Whether nothing that is told separates the record from those that look like it.
    is_ambiguous: bool = False
