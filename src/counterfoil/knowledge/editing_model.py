"""Drafts, what whoever approves them writes down, and published revisions. No I/O. Times are UTC microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from counterfoil.approvals.model import ApprovalPolicy
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.model import Article, Finding


class DraftState(StrEnum):
    """Where a draft is. The last two are final."""

    WRITING = "writing"
    # Its author says that it can be approved; whatever is changed then makes it `writing` again.
    READY = "ready"
    PUBLISHED = "published"
    DISCARDED = "discarded"


class Origin(StrEnum):
    """What a draft began with."""

    SCRATCH = "scratch"
    ARTICLE = "article"
    CASE = "case"
    # An earlier revision, to go back to.
    REVISION = "revision"


OPEN_STATES = frozenset({DraftState.WRITING, DraftState.READY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An article that is being written: the whole files of both languages, as they were saved last.

    `notes` are what a resolved case has left of itself, for whoever writes; `based_on` is the revision it was begun on (0:
    the package's, or none); `version` counts its savings.
    """

    draft_id: UUID
    slug: str
    state: DraftState
    origin: Origin
    texts: Mapping[Language, str] = field(repr=False)
    reason: str
    source_question: str
    notes: str = field(repr=False)
    authors: tuple[str, ...]
    based_on: int
    version: int
    created_at: int
    changed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The four things that a stranger finds at once, as whoever approves has written them down from reading the pages."""

    action: Mapping[Language, str]
    action_owner: str
    evidence: frozenset[str]
    stopping_point: Mapping[Language, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which a statement and the draft are not the same; `language` where it is about one of them."""

    field: str
    language: Language | None
    draft: str
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A statement on record: of which version, by whom, and in what it differed. One without differences was published."""

    number: int
    version: int
    by: str
    at: int
    statement: Statement
    differs: tuple[Difference, ...]
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A revision that was published: whole files, and who stands for it."""

    slug: str
    number: int
    draft_id: UUID
    published_at: int
    texts: Mapping[Language, str] = field(repr=False)
    reason: str
    source_question: str
    authors: tuple[str, ...]
    approved_by: str
    policy: ApprovalPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A draft as it would be published today: its pages (of the languages that can be read), what the checks find, and
    what of that keeps it from being published."""

    articles: Mapping[Language, Article]
    findings: tuple[Finding, ...]
    blocking: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What approving came to: the revision, or what differs."""

    published: Published | None
    differs: tuple[Difference, ...] = ()
