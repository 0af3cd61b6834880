"""What an article is: its words and everything that stands in front of them; and what a check finds in it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from counterfoil.foundation.vocabulary import Kind, Language, Owner, entry

# The home, the search and the files beside the pages; no article may be called so.
RESERVED_SLUGS = frozenset({"index", "search", "feed", "en", "zh"})


class ArticleKind(StrEnum):
    """What a page is for."""

    GUIDE = "guide"
    ANSWER = "answer"
    USE_CASE = "use_case"
    CHECKLIST = "checklist"
    EXAMPLE = "example"
    TEMPLATE = "template"
    GLOSSARY = "glossary"
    FACTS = "facts"
    POLICY = "policy"
    TOOL = "tool"
    CODE = "code"


class Audience(StrEnum):
    """Whom a page is for."""

    CUSTOMER = "customer"
    DEVELOPER = "developer"
    TEAM_ADMIN = "team_admin"
    SUPPORT = "support"
    OPERATIONS = "operations"
    FINANCE = "finance"
    MACHINE = "machine"


class Keeper(StrEnum):
    """Who keeps a page true."""

    SUPPORT = "support"
    OPERATIONS = "operations"
    FINANCE = "finance"
    EDITORS = "editors"


class Part(StrEnum):
    """A part of the product that a page is about."""

    GATEWAY = "gateway"
    CONSOLE = "console"
    RECHARGE = "recharge"
    TASKS = "tasks"
    LEDGER = "ledger"
    SUPPORT = "support"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One change of an article. `author` and `approver` are roles, never names of people."""

    at: date
    reason: str
    source_question: str
    author: str
    approver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOf:
    """A word of the vocabulary that a page is the page of: `refusal/key_invalid`."""

    kind: Kind
    code: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A page of the handbook in one language, before its macros are filled in.

    `file` is where it was read from, and `body_line` the line of it on which `body` begins.
    """

    slug: str
    language: Language
    title: str
    summary: str
    kind: ArticleKind
    audience: tuple[Audience, ...]
    problem_class: str | None
    codes: tuple[CodeOf, ...]
    owner: Keeper
    applies_to: tuple[Part, ...]
    updated: date
    reviewed: date
    review_by: date
    byline: str
    action: str
    action_owner: Owner
    evidence: tuple[str, ...]
    stopping_point: str
    related: tuple[str, ...]
    next: str
    sources: tuple[str, ...]
    revisions: tuple[Revision, ...]
    body: str = field(repr=False)
    file: str
    body_line: int = 1
    # On which line of the file each field stands.
    lines: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    @property
    def address(self) -> str:
        return article_address(self.language, self.slug)

    @property
    def last_revision(self) -> Revision:
        return max(self.revisions, key=lambda one: one.at)


def article_address(language: Language, slug: str) -> str:
    """The address of a page, without a host: `/help/en/key-invalid`."""
    return f"/help/{language}/{slug}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a check found: where, which rule, and what it is about.

    What it says and what to do about it are words of the vocabulary (`Kind.ARTICLE_RULE`), filled in with `facts`.
    """

    file: str
    line: int
    rule: str
    slug: str = ""
    language: Language | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    def reason(self, language: Language) -> str:
        """What is wrong, in one sentence."""
        return entry(Kind.ARTICLE_RULE, self.rule).label[language].format_map(self.facts)

    def what_to_do(self, language: Language) -> str:
        return entry(Kind.ARTICLE_RULE, self.rule).next_step.what_to_change[language]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading of a page: its level (2 and below), its words and its anchor."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link on a page and the line of its source."""

    target: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A word of the vocabulary that an article shows by a macro, and where."""

    kind: Kind
    code: str
    macro: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An article with its macros filled in: the Markdown of its twin's body, the HTML, and what is in it.

    `text` is what a reader sees, without marks; `steps` is how many items its ordered lists have.
    """

    markdown: str = field(repr=False)
    html: str = field(repr=False)
    text: str = field(repr=False)
    headings: tuple[Heading, ...]
    anchors: frozenset[str]
    links: tuple[Link, ...]
    codes: tuple[str, ...]
    steps: int
    uses: tuple[Used, ...]
    # What stands before the first heading, and what lists of words explain: each word with its explanation.
    lead: str = ""
    terms: tuple[tuple[str, str], ...] = ()
