"""What readers and cases say of the handbook, each with its remedy; and how an article did before and after its last
revision. Pure: days are counted since 1970-01-01 in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from counterfoil.foundation.vocabulary import Kind, Language, find_entry
from counterfoil.knowledge.model import Article
from counterfoil.knowledge.votes_model import Verdict, VoteCount

# One "no" is somebody's bad day.
VOTES_LEAST = 2
# Longer ago, other things have changed as well.
COMPARED_DAYS_MAX = 90
WHAT_TO_SEND = "what-to-send"
_ORDINAL_OF_1970 = date(1970, 1, 1).toordinal()


class Remedy(StrEnum):
    """What helps: each signal has its own."""

    # People ask where: say the way, from the page they are on.
    PATH = "path"
    # They were there, and it was not the answer.
    ANSWER = "answer"
    # People send what must not be sent.
    BOUNDARY = "boundary"
    # Support asks again for what a template should have asked for.
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseSeen:
    """A cause that came up in a case on a day; `page` is the address of what explains it."""

    day: int
    cause: str
    page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCounts:
    """What the desk counts of a stretch of time.

    `repeated`: causes with the address of their page and how many cases; `asked_again`: class of problem, field, how often;
    `unsafe`: class of problem, what was refused, how often.
    """

    repeated: tuple[tuple[str, str | None, int], ...] = ()
    asked_again: tuple[tuple[str, str, int], ...] = ()
    unsafe: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that the handbook could do better: which remedy helps, on which page, and how often it came up.

    `code` is the cause, the field or what was refused; `slug` is None where no page explains it yet; `of` is what `count`
    is a part of, where there is a whole.
    """

    remedy: Remedy
    count: int
    slug: str | None
    code: str = ""
    problem: str | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """How an article did on some days: cases of its codes, and readers whom it answered or did not."""

    cases: int
    answered: int
    not_answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An article before and after its last revision, over as many days each."""

    days: int
    before: Did
    after: Did


def slug_of(address: str | None) -> str | None:
    """The slug in the address of a page: `/help/key-invalid#place`."""
    if address is None:
        return None
    return address.partition("#")[0].rpartition("/")[2] or None


def day_number(day: date) -> int:
    return day.toordinal() - _ORDINAL_OF_1970


def signals(counts: DeskCounts, votes: Iterable[VoteCount], slugs: frozenset[str]) -> tuple[Signal, ...]:
    """Every signal, the most frequent first within its remedy."""
    found = [
        Signal(remedy=Remedy.PATH, code=cause, slug=_known(slug_of(page), slugs), count=count)
        for cause, page, count in counts.repeated
    ]
    found += _not_the_answer(votes, slugs)
    found += [
        Signal(remedy=Remedy.BOUNDARY, code=what, slug=_template_of(problem, slugs), problem=problem, count=count)
        for problem, what, count in _summed(counts.unsafe)
    ]
    found += [
        Signal(remedy=Remedy.TEMPLATE, code=code, slug=_template_of(problem, slugs), problem=problem, count=count)
        for problem, code, count in counts.asked_again
    ]
    order = tuple(Remedy)
    return tuple(sorted(found, key=lambda one: (order.index(one.remedy), -one.count, one.code, one.slug or "")))


def _not_the_answer(votes: Iterable[VoteCount], slugs: frozenset[str]) -> list[Signal]:
    said: dict[str, dict[Verdict, int]] = {}
    for one in votes:
        counts = said.setdefault(one.slug, dict.fromkeys(Verdict, 0))
        counts[one.verdict] += one.count
    return [
        Signal(remedy=Remedy.ANSWER, slug=slug, count=counts[Verdict.NO], of=sum(counts.values()))
        for slug, counts in said.items()
        if slug in slugs and counts[Verdict.NO] >= VOTES_LEAST
    ]


def _summed(unsafe: Iterable[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    counts: dict[tuple[str, str], int] = {}
    for problem, what, count in unsafe:
        counts[problem, what] = counts.get((problem, what), 0) + count
    return [(problem, what, count) for (problem, what), count in counts.items()]


def _template_of(problem: str, slugs: frozenset[str]) -> str | None:
    """The page with what to send of a class of problem, or the one for all."""
    own = f"send-{problem.replace('_', '-')}"
    return _known(own, slugs) or _known(WHAT_TO_SEND, slugs)


def _known(slug: str | None, slugs: frozenset[str]) -> str | None:
    return slug if slug in slugs else None


def compare(
    slug: str, revised: date, *, today: date, causes: Iterable[CauseSeen], votes: Iterable[VoteCount]
) -> Comparison:
    """An article before and after its last revision: the day of the revision is the first of those after it."""
    first = day_number(revised)
    days = max(1, min(day_number(today) - first + 1, COMPARED_DAYS_MAX))
    of_page = [one for one in causes if slug_of(one.page) == slug]
    of_slug = [one for one in votes if one.slug == slug]

    def did(start: int) -> Did:
        within = range(start, start + days)
        return Did(
            cases=sum(one.day in within for one in of_page),
            answered=sum(one.count for one in of_slug if one.day in within and one.verdict is Verdict.YES),
            not_answered=sum(one.count for one in of_slug if one.day in within and one.verdict is Verdict.NO),
        )

    return Comparison(days=days, before=did(first - days), after=did(first))


def remedy_question(signal: Signal, titles: Mapping[str, str], language: Language) -> str:
    """The question that a draft begins with, in words: what came up, and nobody's own words."""
    words = next(
        (
            found.label[language]
            for kind in _KINDS[signal.remedy]
            if (found := find_entry(kind, signal.code)) is not None
        ),
        "",
    )
    return words or titles.get(signal.slug or "", "")


_KINDS: Mapping[Remedy, tuple[Kind, ...]] = {
    Remedy.PATH: (Kind.FINDING, Kind.REFUSAL),
    Remedy.ANSWER: (),
    Remedy.BOUNDARY: (),
    Remedy.TEMPLATE: (Kind.EVIDENCE_FIELD,),
}


def in_order_of_review(articles: Iterable[Article]) -> list[Article]:
    """Articles by the day by which they are to be looked at again, the earliest first."""
    return sorted(articles, key=lambda one: (one.review_by, one.slug))
