"""Searching the handbook without a server: an index that is built beforehand, and a reading of questions that is small.

The index is one JSON object per language:

    {"version": 1, "language": "en",
     "documents": [{"slug", "title", "summary", "kind"}, …],
     "terms": {"balance": [3, 1204, 17, 866, …], …},          document, weight, document, weight, …
     "said": [["charged twice", ["duplicate", …]], …]}        what people say, and the tokens it stands for

Weights are whole numbers and hold everything that ranking needs (BM25 with weighted fields; `search_index.py`), so a search
is: fold the question, take its tokens and those of everything in `said` that it contains, add up the weights of each
document once per token, and sort by the sum and then by the document's place. `site/assets/help-search.js` does the same;
a test holds both against each other. What is done twice is kept small:

1. Fold: Unicode NFKC, lower case.
2. Tokens, in three scripts of patterns, all on the folded text:
   - Codes `[a-z0-9]+(?:[_.-][a-z0-9]+)+`: whole, with `_` for every sign between, and each part as a word.
   - Words `[a-z0-9]+`: a light stem. In this order: words of up to three letters and words with a digit stay; `ies`
     becomes `y`; `sses` loses `es`; else an `s` goes that follows none of `s`, `u`, `i`; then `ing` or `ed` goes where
     four letters or more are left, and where the rest then ends with the same letter twice, other than `l`, `s` or `z`, one goes; then a last `e` goes where three
     letters or more are left.
   - Runs of Chinese characters (U+3400 to U+9FFF): each character, and each pair of neighbours.
3. What people say: a phrase counts where the folded question contains it, with every run of spaces as one.
4. A word that the index does not have, of five letters or more, is taken for the terms of the index that differ from it by one
   letter (one more, one less, another one, or two neighbours exchanged) and begin with the same letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

HITS_MAX = 20
_TOKEN = re.compile(r"[a-z0-9]+(?:[_.-][a-z0-9]+)*|[\u3400-\u9fff]+")
_BETWEEN = re.compile(r"[_.-]")
_SPACES = re.compile(r"\s+")
_DIGIT = re.compile(r"[0-9]")
_TYPO_CHARACTERS_LEAST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a hit shows of a page."""

    slug: str
    title: str
    summary: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The index of a language. `terms` gives documents by their place and weights, in turn; `said` is what people say."""

    language: str
    documents: Sequence[Document]
    terms: Mapping[str, Sequence[int]]
    said: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A page that was found. `score` only compares hits of one search."""

    document: Document
    score: int


def fold(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text).lower())


def stem(word: str) -> str:
    """The word without its ending, so that `charges` finds `charged`."""
    if len(word) <= 3 or _DIGIT.search(word):
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("sses"):
        word = word[:-2]
    elif word.endswith("s") and word[-2] not in "sui":
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            if word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def tokens(text: str) -> list[str]:
    """The tokens of a text, in its order, each as often as it stands there."""
    found: list[str] = []
    for match in _TOKEN.finditer(fold(text)):
        piece = match[0]
        if piece[0] >= "\u3400":
            found += piece
            found += [piece[place : place + 2] for place in range(len(piece) - 1)]
            continue
        parts = _BETWEEN.split(piece)
        if len(parts) > 1:
            found.append("_".join(parts))
        found += [stem(part) for part in parts]
    return found


def search(index: Index, question: str, *, most: int = HITS_MAX) -> list[Hit]:
    """The pages that answer a question, the best first."""
    folded = fold(question)
    asked = dict.fromkeys(tokens(question))
    for phrase, stands_for in index.said:
        if phrase in folded:
            asked.update(dict.fromkeys(stands_for))
    scores: dict[int, int] = {}
    for token in _known(index, asked):
        weights = index.terms[token]
        for place in range(0, len(weights), 2):
            scores[weights[place]] = scores.get(weights[place], 0) + weights[place + 1]
    ranked = sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:most]
    return [Hit(document=index.documents[place], score=score) for place, score in ranked]


def _known(index: Index, asked: Iterable[str]) -> list[str]:
    """The tokens that the index has, each once; for a word that it does not have, those that may be meant."""
    found: dict[str, None] = {}
    for token in asked:
        if token in index.terms:
            found[token] = None
        elif len(token) >= _TYPO_CHARACTERS_LEAST and "a" <= token[0] <= "z" and "_" not in token:
            found.update(dict.fromkeys(term for term in index.terms if is_slip(token, term)))
    return list(found)


def is_slip(typed: str, term: str) -> bool:
    """Whether a term is what was typed but for one letter or two exchanged neighbours, with the same beginning."""
    if typed[0] != term[0] or abs(len(typed) - len(term)) > 1 or len(term) < _TYPO_CHARACTERS_LEAST - 1:
        return False
    same = 0
    while same < min(len(typed), len(term)) and typed[same] == term[same]:
        same += 1
    here, there = typed[same:], term[same:]
    if len(here) != len(there):
        longer, shorter = (here, there) if len(here) > len(there) else (there, here)
        return longer[1:] == shorter
    return here[1:] == there[1:] or (here[:2] == there[1::-1] and here[2:] == there[2:])
