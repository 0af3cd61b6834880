"""What does this error mean? From a pasted text to the right pages; nothing of the text is kept. Pure.

Codes are looked for first: they are the same in every language and client. Then words that are known from clients and
messages, then the HTTP status, and where none of these is there, the text is searched for like a question.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from counterfoil.foundation.vocabulary import Entry, Kind, Language, entries
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.model import Article
from counterfoil.knowledge.search import Index, fold, search

# An error with its stack; what is beyond is not read.
PASTED_CHARACTERS_MAX = 16 * 1024
MEANINGS_MAX = 5
# A question that is longer finds everything, and its slips of the finger take long to tell.
_SEARCHED_CHARACTERS_MAX = 300
# Which list a code is looked up in: what a call is refused with comes first.
_KINDS = (Kind.REFUSAL, Kind.CAUSE, Kind.ERROR, Kind.INPUT_PROBLEM, Kind.TASK_STATE, Kind.ORDER_STATE)
_NAMED = re.compile(r"[\"']?(?:code|error_code|refusal|cause)[\"']?\s*[:=]\s*[\"']?([a-z][a-z0-9_]{2,60})")
_WORD = re.compile(r"(?<![A-Za-z0-9_.-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![A-Za-z0-9_])")
_ALONE = re.compile(r"\s*[\"'`]?([a-z][a-z0-9_]{2,60})[\"'`]?\s*\Z")
_STATUS = re.compile(r"(?<![\w.])([45][0-9]{2})(?![\w.]*[0-9])")
_REQUEST_ID = re.compile(r"(?<![\w])req_[0-9a-f]{32}(?![\w])")
_SOURCES_OF_402 = "402-and-its-sources"


class Found(StrEnum):
    """By what a page was found."""

    CODE = "code"
    WORDS = "words"
    STATUS = "status"
    SEARCH = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A page that explains the text. `place` is where on it, where it explains many codes; `what` is what was recognised."""

    article: Article
    found: Found
    what: str = ""
    place: str = ""

    @property
    def address(self) -> str:
        return self.article.address + (f"#{self.place}" if self.place else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanings:
    """The pages that explain a text, the surest first, and the request it names, if it names one of ours."""

    pages: tuple[Meaning, ...]
    request_id: str | None = None


def what_it_means(catalogue: Catalogue, index: Index, text: str) -> Meanings:
    """The pages that explain a pasted text, in the index's language."""
    language = Language(index.language)
    read = text[:PASTED_CHARACTERS_MAX]
    request_id = _REQUEST_ID.search(read)
    pages: dict[str, Meaning] = {}
    for meaning in _meanings(catalogue, index, language, read):
        pages.setdefault(meaning.article.slug, meaning)
        if len(pages) == MEANINGS_MAX:
            break
    return Meanings(pages=tuple(pages.values()), request_id=request_id[0] if request_id else None)


def _meanings(catalogue: Catalogue, index: Index, language: Language, text: str) -> Iterator[Meaning]:
    is_known = False
    for one in _codes(text):
        meaning = _of_entry(catalogue, one, language)
        if meaning is not None:
            is_known = True
            yield meaning
    for slug, words in (*_known_words(text), *_labels(text)):
        article = catalogue.find(slug, language)
        if article is not None:
            is_known = True
            yield Meaning(article=article, found=Found.WORDS, what=words)
    if is_known:
        return
    for status in dict.fromkeys(_STATUS.findall(text)):
        yield from _of_status(catalogue, int(status), language)
    if text.strip():
        for hit in search(index, text[:_SEARCHED_CHARACTERS_MAX], most=3):
            article = catalogue.find(hit.document.slug, language)
            if article is not None:
                yield Meaning(article=article, found=Found.SEARCH)


def _codes(text: str) -> Iterator[Entry]:
    """Every code of the vocabulary that the text names, those that are called a code first."""
    lowered = text.lower()
    alone = _ALONE.match(lowered)
    named = [*_NAMED.findall(lowered), *([alone[1]] if alone else []), *_WORD.findall(lowered)]
    known = _public_codes()
    yield from (known[code] for code in dict.fromkeys(named) if code in known)


@cache
def _public_codes() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for kind in _KINDS:
        for one in entries(kind):
            if one.public:
                found.setdefault(one.code, one)
                if kind in (Kind.TASK_STATE, Kind.ORDER_STATE):
                    found.setdefault(f"{kind.value.removesuffix('_state')}_{one.code}", one)
    return found


def _of_entry(catalogue: Catalogue, one: Entry, language: Language) -> Meaning | None:
    slug, _, place = one.article.removeprefix("/help/").partition("#")
    article = catalogue.find(slug, language)
    if article is None:
        return None
    return Meaning(article=article, found=Found.CODE, what=one.code, place=place)


def _known_words(text: str) -> Iterator[tuple[str, str]]:
    """Pages of words that clients, models and other services put into errors."""
    folded = fold(text)
    for words, slugs in _known_texts():
        if words in folded:
            yield from ((slug, words) for slug in slugs)


@cache
def _known_texts() -> Sequence[tuple[str, tuple[str, ...]]]:
    text = files("counterfoil.knowledge").joinpath("known_texts.toml").read_text(encoding="utf-8")
    return [(fold(said), tuple(one["pages"])) for one in tomllib.loads(text)["texts"] for said in one["said"]]


def _labels(text: str) -> Iterator[tuple[str, str]]:
    """Pages of refusals and causes whose label stands in the text, in either language."""
    folded = fold(text)
    for label, one in _folded_labels():
        if label in folded:
            yield one.article.removeprefix("/help/"), one.code


@cache
def _folded_labels() -> Sequence[tuple[str, Entry]]:
    return [
        (fold(one.label[language]), one)
        for kind in (Kind.REFUSAL, Kind.CAUSE)
        for one in entries(kind)
        for language in Language
        if one.public
    ]


def _of_status(catalogue: Catalogue, status: int, language: Language) -> Iterator[Meaning]:
    slugs = [_SOURCES_OF_402] if status == 402 else []
    for one in entries(Kind.REFUSAL):
        if catalogue.ports.statuses.get(one.code) == status:
            slugs.append(one.article.removeprefix("/help/"))
    for slug in slugs:
        article = catalogue.find(slug, language)
        if article is not None:
            yield Meaning(article=article, found=Found.STATUS, what=str(status))
