"""Building the index that `search.py` describes: BM25 over weighted fields, with everything worked out beforehand."""

from __future__ import annotations

import json
import math
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from counterfoil.foundation.vocabulary import Language, entry
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.model import Article
from counterfoil.knowledge.search import Document, Index, fold, tokens

# How often a word of a field counts as if it stood in the text. Readers look for what a page is called, for codes, and
# in the words of the question that the page was written for.
_TITLE, _CODE, _QUESTION, _SUMMARY, _HEADING, _TEXT = 8, 10, 4, 4, 2, 1
# The usual constants of BM25; texts are short and of much the same length.
_SATURATION, _LENGTH = 1.2, 0.6
# Who pastes an error names one code among many words: the page of that code is what they want.
_OWN_CODE = 3.0
# A single Chinese character says little beside the pairs it stands in.
_CHARACTER = 0.25
_SCALE = 100
# What every question is made of and no page is about. They stay in the index without documents, so that none of them is
# taken for a slip of the finger.
_SAID_BY_ALL = frozenset(
    tokens(
        "a about am an and any are as at be been but by can cannot could did do does don for from get getting got had has "
        "have he her here him his how i if in into is it its just me mean means my no not now of on or our out should so some than "
        "that the their them then there these they this to too up us was we were what when where which while who why will "
        "with would you your s t didnt doesnt dont cant isnt wont"
    )
)
# Lists of every code there is: they hold every word, and are seldom what was asked for.
_LISTS = frozenset({"codes", "glossary", "handbook", "facts"})
_OF_LISTS = 0.5


def build_index(catalogue: Catalogue, language: Language) -> Index:
    """The index of every article of a language."""
    articles = catalogue.articles(language)
    counts = [_counts(catalogue, one) for one in articles]
    lengths = [sum(one.values()) for one in counts]
    average = sum(lengths) / len(lengths) if lengths else 1.0
    documents_with = Counter(token for one in counts for token in one)
    terms: dict[str, list[int]] = defaultdict(list)
    for place, found in enumerate(counts):
        of_list = _OF_LISTS if articles[place].slug in _LISTS else 1.0
        for token, count in found.items():
            if token in _SAID_BY_ALL:
                continue
            rarity = math.log(1 + (len(articles) - documents_with[token] + 0.5) / (documents_with[token] + 0.5))
            damping = _SATURATION * (1 - _LENGTH + _LENGTH * lengths[place] / average)
            weight = rarity * count * (_SATURATION + 1) / (count + damping) * of_list
            if any(token == one.code for one in articles[place].codes):
                weight *= _OWN_CODE
            if _is_character(token):
                weight *= _CHARACTER
            if round(weight * _SCALE):
                terms[token] += [place, round(weight * _SCALE)]
    return Index(
        language=language.value,
        documents=tuple(
            Document(slug=one.slug, title=one.title, summary=one.summary, kind=one.kind.value) for one in articles
        ),
        terms={token: terms.get(token, []) for token in sorted({*terms, *_SAID_BY_ALL})},
        said=_said(terms, language),
    )


def _is_character(token: str) -> bool:
    return len(token) == 1 and token >= "\u3400"  # noqa: S105 - a token of a text


def _counts(catalogue: Catalogue, article: Article) -> Counter[str]:
    counts: Counter[str] = Counter()
    for weight, text in _fields(catalogue, article):
        for token in tokens(text):
            # Of a text's body, pairs are enough: every character of it would be most of the index.
            if weight > _TEXT or not _is_character(token):
                counts[token] += weight
    return counts


def _fields(catalogue: Catalogue, article: Article) -> Iterator[tuple[int, str]]:
    rendered = catalogue.rendered(article)
    yield _TITLE, article.title
    yield _TITLE, article.slug.replace("-", " ")
    yield _SUMMARY, article.summary
    yield _SUMMARY, article.action
    for revision in article.revisions:
        yield _QUESTION, revision.source_question
    for one in article.codes:
        yield _CODE, one.code
        label = entry(one.kind, one.code).label
        yield _SUMMARY, label.zh
        yield _SUMMARY, label.en
        if one.code in catalogue.ports.statuses:
            yield _SUMMARY, str(catalogue.ports.statuses[one.code])
    for heading in rendered.headings:
        yield _HEADING, heading.text
    yield _TEXT, rendered.text


def _said(terms: Mapping[str, object], language: Language) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What people say, with the tokens that this language's index has for it.

    English pages have Chinese only in the labels of their codes: those would win over every page that has none.
    """
    found = []
    for phrases, stands_for in _sayings():
        meant = (token for token in dict.fromkeys(tokens(stands_for)) if language is Language.ZH or token.isascii())
        known = tuple(token for token in meant if token in terms)
        found += [(fold(phrase), known) for phrase in phrases if known]
    return tuple(found)


@cache
def _sayings() -> tuple[tuple[tuple[str, ...], str], ...]:
    text = files("counterfoil.knowledge").joinpath("sayings.toml").read_text(encoding="utf-8")
    return tuple((tuple(one["said"]), one["means"]) for one in tomllib.loads(text)["sayings"])


def write_index(index: Index) -> bytes:
    """The index as it is served and loaded."""
    document = {
        "version": 1,
        "language": index.language,
        "documents": [
            {"slug": one.slug, "title": one.title, "summary": one.summary, "kind": one.kind} for one in index.documents
        ],
        "terms": index.terms,
        "said": index.said,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def read_index(body: bytes) -> Index:
    """An index as `write_index` wrote it."""
    document = json.loads(body)
    said: Sequence[tuple[str, Sequence[str]]] = [(phrase, tuple(known)) for phrase, known in document["said"]]
    return Index(
        language=document["language"],
        documents=tuple(Document(**one) for one in document["documents"]),
        terms=document["terms"],
        said=said,
    )
