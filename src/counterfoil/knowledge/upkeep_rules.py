"""Checks of upkeep: every code has its page, dates are kept, and pages and sentences are of a length to be read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from counterfoil.foundation.vocabulary import ALL_ENTRIES, Kind, Language, entries, find_entry
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.macros import PLACEHOLDER
from counterfoil.knowledge.model import Article, ArticleKind, Finding
from counterfoil.knowledge.typed import found, typed_lines

# Kinds of which every public code has a page of its own.
WITH_PAGES = (Kind.REFUSAL, Kind.CAUSE, Kind.TASK_STATE, Kind.ORDER_STATE)
_FOLDER = "articles/{language}"
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z0-9][\w'’-]*")
_UNITS = {Language.EN: "words", Language.ZH: "字"}
# Least and most: words in English, characters in Chinese, of what readers read as sentences.
_LENGTHS: Mapping[ArticleKind, Mapping[Language, tuple[int, int]]] = {
    ArticleKind.CODE: {Language.EN: (90, 420), Language.ZH: (140, 760)},
    ArticleKind.TEMPLATE: {Language.EN: (60, 600), Language.ZH: (90, 1000)},
    ArticleKind.TOOL: {Language.EN: (60, 500), Language.ZH: (90, 900)},
    ArticleKind.GLOSSARY: {Language.EN: (60, 12_000), Language.ZH: (90, 24_000)},
    ArticleKind.FACTS: {Language.EN: (120, 1200), Language.ZH: (180, 2200)},
    ArticleKind.POLICY: {Language.EN: (80, 1000), Language.ZH: (120, 1800)},
    ArticleKind.EXAMPLE: {Language.EN: (90, 600), Language.ZH: (140, 1000)},
}
_LENGTH = {Language.EN: (130, 700), Language.ZH: (220, 1200)}
_SENTENCE_MAX = {Language.EN: 48, Language.ZH: 120}
_SENTENCE_END = {Language.EN: re.compile(r"[.!?;:](?:\s|$)"), Language.ZH: re.compile(r"[。！？；：]")}
_BEGINNING_CHARACTERS = 24
_HTML = re.compile(
    r"</?(?:a|b|i|p|br|hr|div|span|img|table|tr|td|script|style|details|summary|h[1-6]|ul|ol|li|strong|em|code|pre|sub|sup|kbd)\b[^>]*>",
    re.IGNORECASE,
)


def check_codes(catalogue: Catalogue) -> Iterator[Finding]:
    """Every public word leads to a page and a place that exist, in both languages; codes have their own page."""
    claimed: dict[tuple[Kind, str, Language], str] = {}
    for article in catalogue.all():
        for one in article.codes:
            held = claimed.setdefault((one.kind, one.code, article.language), article.slug)
            if held != article.slug:
                yield found(article, "codes", "page_twice", code=str(one), slug=held)
            wanted = find_entry(one.kind, one.code)
            slug = "" if wanted is None else _slug_and_place(wanted.article)[0]
            if one.kind in WITH_PAGES and slug != article.slug:
                yield found(article, "codes", "page_elsewhere", code=str(one), slug=slug)
    for language in Language:
        for kind in WITH_PAGES:
            for each in entries(kind):
                if each.public and (kind, each.code, language) not in claimed:
                    yield _missing(language, f"{kind}/{each.code}")
        yield from _places(catalogue, language)


def _places(catalogue: Catalogue, language: Language) -> Iterator[Finding]:
    missing: dict[str, str] = {}
    for one in ALL_ENTRIES:
        slug, place = _slug_and_place(one.article)
        if not one.public or one.kind in WITH_PAGES:
            continue
        article = catalogue.find(slug, language)
        if article is None:
            missing.setdefault(slug, f"{one.kind}/{one.code} ({slug})")
        elif place and place not in catalogue.rendered(article).anchors:
            missing.setdefault(f"{slug}#{place}", f"{one.kind}/{one.code} ({slug}#{place})")
    for said in missing.values():
        yield _missing(language, said)


def _missing(language: Language, code: str) -> Finding:
    folder = _FOLDER.format(language=language)
    return Finding(
        file=folder, line=0, rule="page_missing", language=language, facts={"code": code, "language": language.value}
    )


def _slug_and_place(address: str) -> tuple[str, str]:
    slug, _, place = address.removeprefix("/help/").partition("#")
    return slug, place


def check_dates(article: Article, today: date) -> Iterator[Finding]:
    """Whether it is time to look again, and whether the dates can be true."""
    if article.review_by < today:
        yield found(article, "review_by", "review_due", date=article.review_by.isoformat())
    last = article.last_revision.at
    for name, problem in (
        ("updated", f"updated {article.updated} ≠ {last}" if article.updated != last else ""),
        ("updated", f"updated {article.updated} > {today}" if article.updated > today else ""),
        ("reviewed", f"reviewed {article.reviewed} < {article.updated}" if article.reviewed < article.updated else ""),
        (
            "review_by",
            f"review_by {article.review_by} ≤ {article.reviewed}" if article.review_by <= article.reviewed else "",
        ),
    ):
        if problem:
            yield found(article, name, "dates_wrong", problem=problem)
    for one in article.revisions:
        if one.author.casefold() == one.approver.casefold():
            yield found(article, "revisions", "approver_is_author", role=one.author)


def check_evidence(article: Article) -> Iterator[Finding]:
    """Whether what may be shared in public are fields that there are, and public ones."""
    for code in article.evidence:
        one = find_entry(Kind.EVIDENCE_FIELD, code)
        if one is None:
            yield found(article, "evidence", "word_unknown", word=f"evidence_field/{code}")
        elif not one.public:
            yield found(article, "evidence", "word_private", word=f"evidence_field/{code}")


def check_length(catalogue: Catalogue, article: Article) -> Iterator[Finding]:
    """Whether a page and its sentences are of a length to be read."""
    language = article.language
    least, most = _LENGTHS.get(article.kind, _LENGTH)[language]
    count = _count(catalogue.rendered(article).text, language)
    unit = _UNITS[language]
    if count < least:
        yield found(article, article.body_line, "too_short", count=str(count), unit=unit, least=str(least))
    if count > most:
        yield found(article, article.body_line, "too_long", count=str(count), unit=unit, most=str(most))
    for line in typed_lines(catalogue, article):
        for sentence in _SENTENCE_END[language].split(line.prose):
            words = _count(sentence, language)
            if words > _SENTENCE_MAX[language] and "|" not in line.prose:
                beginning = sentence.strip()[:_BEGINNING_CHARACTERS].replace(PLACEHOLDER, "□")
                yield found(article, line.number, "sentence_long", count=str(words), unit=unit, beginning=beginning)


def _count(text: str, language: Language) -> int:
    if language is Language.EN:
        return len(_WORD.findall(text))
    return len(_HAN.findall(text)) + len(_WORD.findall(text))


def check_form(catalogue: Catalogue, article: Article) -> Iterator[Finding]:
    """Headings in their order, no HTML, and examples with an output."""
    above = 1
    rendered = catalogue.rendered(article)
    for heading in rendered.headings:
        if heading.level < 2 or heading.level > above + 1:
            yield found(article, article.body_line, "heading_level", heading=heading.text)
        above = max(heading.level, 2)
    for line in typed_lines(catalogue, article):
        for match in _HTML.finditer(line.prose):
            yield found(article, line.number, "html_typed", tag=match[0])


def check_examples(catalogue: Catalogue) -> Iterator[Finding]:
    """Whether each example has what its test got."""
    for name, example in catalogue.ports.examples.items():
        if not example.output.strip():
            yield Finding(file=f"example_files/{name}", line=1, rule="example_without_output", facts={"name": name})
