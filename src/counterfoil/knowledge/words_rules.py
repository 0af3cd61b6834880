"""Checks of words: the agreed terms and no others, and nothing typed by hand that a macro inserts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from counterfoil.foundation.vocabulary import Entry, Kind, Language, entries
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.macros import KNOWN_CODES, PLACEHOLDER
from counterfoil.knowledge.model import Article, ArticleKind, Finding
from counterfoil.knowledge.preferred_terms import Term, banned_in
from counterfoil.knowledge.typed import found, prose_lines, typed_lines

# Kinds whose codes programs get: typed by hand they would outlive a change.
_CODES = (
    Kind.REFUSAL, Kind.CAUSE, Kind.ERROR, Kind.INPUT_PROBLEM, Kind.REQUEST_STATE, Kind.CHARGE_MARK, Kind.TASK_STATE,
    Kind.ORDER_STATE, Kind.DOWNLOAD_STATE, Kind.VERDICT, Kind.PROBLEM_CLASS,
)  # fmt: skip
# Kinds whose labels stand on screens, and the macro that inserts each.
_LABELS: Mapping[Kind, str] = {
    Kind.BUTTON: "button",
    Kind.PAGE: "page",
    Kind.REFUSAL: "label",
    Kind.CAUSE: "label",
    Kind.TASK_STATE: "label",
    Kind.ORDER_STATE: "label",
    Kind.CHARGE_MARK: "label",
    Kind.EVIDENCE_FIELD: "field",
}
# Names of fields in answers that are codes as well.
_FIELDS_TOO = frozenset({"held"})
_INLINE_CODE = re.compile(r"`([^`\n]+)`")
_SNAKE = re.compile(r"(?<![\w/.-])[a-z]+(?:_[a-z]+)+(?![\w/.-])")
_CODE_IN_JSON = re.compile(r'"code"\s*:\s*"([^"\s]+)"')
_QUOTED = re.compile(r"「([^」\n]+)」|“([^”\n]+)”|\"([^\"\n]+)\"")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_STATUS = re.compile(r"(?<![\w.,:/#-])([45][0-9]{2})(?![\w.,:%-]*[0-9])")
_HAN = re.compile(r"[\u3400-\u9fff]")


def check_words(catalogue: Catalogue, article: Article, terms: tuple[Term, ...]) -> Iterator[Finding]:
    """Terms, codes, labels and statuses of one article."""
    yield from _terms(catalogue, article, terms)
    yield from _codes(catalogue, article)
    yield from _labels(catalogue, article)
    yield from _statuses(catalogue, article)


def _terms(catalogue: Catalogue, article: Article, terms: tuple[Term, ...]) -> Iterator[Finding]:
    for line in prose_lines(catalogue, article):
        for written, term in banned_in(line.prose, article.language, terms):
            yield found(article, line.number, "term_banned", term=written, preferred=term.preferred)


def _codes(catalogue: Catalogue, article: Article) -> Iterator[Finding]:
    for line in typed_lines(catalogue, article):
        for match in _CODE_IN_JSON.finditer(line.text):
            if PLACEHOLDER not in match[1] and match[1] not in KNOWN_CODES:
                yield found(article, line.number, "code_unknown", code=match[1])
        if line.is_code:
            continue
        written = [match[1].strip() for match in _INLINE_CODE.finditer(line.text)]
        written += [match[0] for match in _SNAKE.finditer(line.prose)]
        for code in dict.fromkeys(written):
            if code in _codes_of_programs():
                yield found(article, line.number, "code_typed", code=code)


def _labels(catalogue: Catalogue, article: Article) -> Iterator[Finding]:
    labels = _labels_of(article.language)
    for line in typed_lines(catalogue, article):
        if line.is_code:
            continue
        quoted = [next(filter(None, match.groups())) for match in _QUOTED.finditer(line.prose)]
        # A list of words has each of them in bold letters, as what it explains.
        if article.kind is not ArticleKind.GLOSSARY:
            quoted += [match[1] for match in _BOLD.finditer(line.prose)]
        for each in quoted:
            words = each.strip("：: ，,。.")
            one = labels.get(words)
            if one is not None:
                macro = f'{_LABELS[one.kind]}("{one.code}")'
                if _LABELS[one.kind] == "label":
                    macro = f'label("{one.kind}", "{one.code}")'
                yield found(article, line.number, "label_typed", label=words, macro=macro)


def _statuses(catalogue: Catalogue, article: Article) -> Iterator[Finding]:
    known = {str(status) for status in catalogue.ports.statuses.values()}
    for line in typed_lines(catalogue, article):
        if line.is_code:
            continue
        for match in _STATUS.finditer(line.prose):
            if match[1] in known:
                yield found(article, line.number, "status_typed", status=match[1])


@cache
def _codes_of_programs() -> frozenset[str]:
    return frozenset(one.code for kind in _CODES for one in entries(kind)) - _FIELDS_TOO


@cache
def _labels_of(language: Language) -> Mapping[str, Entry]:
    """Labels that are unmistakably those of the product: a single short word is anybody's."""
    labels: dict[str, Entry] = {}
    for kind in _LABELS:
        for one in entries(kind):
            label = one.label[language]
            if "{" not in label and _is_long(label, language):
                labels.setdefault(label, one)
    return labels


def _is_long(label: str, language: Language) -> bool:
    return len(_HAN.findall(label)) >= 4 if language is Language.ZH else label.count(" ") >= 1
