"""Everything that is held of articles before they are published, by `counterfoil knowledge check` and in the console.

Each finding names file, line, rule, reason and what to do; the rules are words of the vocabulary (`Kind.ARTICLE_RULE`), and
the decisions are in the files that end in `_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.front_matter import ArticleUnreadable
from counterfoil.knowledge.links_rules import check_links, check_neighbours, check_orphans
from counterfoil.knowledge.model import Article, Finding
from counterfoil.knowledge.preferred_terms import preferred_terms
from counterfoil.knowledge.safety_rules import check_claims, check_safety
from counterfoil.knowledge.twins_rules import check_twins
from counterfoil.knowledge.upkeep_rules import (
    check_codes,
    check_dates,
    check_evidence,
    check_examples,
    check_form,
    check_length,
)
from counterfoil.knowledge.words_rules import check_words
from counterfoil.redaction.scanner import scan


def check(catalogue: Catalogue, *, today: date, unreadable: Iterable[ArticleUnreadable] = ()) -> tuple[Finding, ...]:
    """Everything that is wrong with the articles, by file and line."""
    findings = [_unreadable(one) for one in unreadable]
    for article in catalogue.all():
        findings += check_article(catalogue, article, today=today)
    findings += check_codes(catalogue)
    findings += check_examples(catalogue)
    for language in Language:
        findings += check_orphans(catalogue, language)
    return _in_order(findings)


def check_article(catalogue: Catalogue, article: Article, *, today: date) -> tuple[Finding, ...]:
    """Everything that is wrong with one article among the others: also for a draft, which `catalogue` holds already."""
    return _in_order(_of_article(catalogue, article, today))


def _of_article(catalogue: Catalogue, article: Article, today: date) -> Iterator[Finding]:
    yield from catalogue.expanded(article).flaws
    yield from check_words(catalogue, article, preferred_terms())
    yield from check_twins(catalogue, article)
    yield from check_links(catalogue, article)
    yield from check_neighbours(catalogue, article)
    yield from check_safety(catalogue, article, scan)
    yield from check_claims(catalogue, article)
    yield from check_dates(article, today)
    yield from check_evidence(article)
    yield from check_length(catalogue, article)
    yield from check_form(catalogue, article)


def _unreadable(error: ArticleUnreadable) -> Finding:
    return Finding(file=error.file, line=error.line, rule="article_unreadable", facts={"problem": error.problem})


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: (one.file, one.line, one.rule, *one.facts.values())))
