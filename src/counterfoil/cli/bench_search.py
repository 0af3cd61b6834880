"""`counterfoil bench search`: how often the handbook's search has the answer first, and among its first three hits.

The questions were written before the articles, as people type them: `knowledge/questions.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.search import search
from counterfoil.knowledge.search_index import build_index

_LOOKED_AT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question in somebody's words, and the pages that answer it."""

    language: Language
    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Counts of questions; `missed` are those without an answer among the first three, with what came instead."""

    questions: int
    top1: int
    top3: int
    missed: Sequence[tuple[Question, tuple[str, ...]]]

    def to_json(self) -> dict[str, Any]:
        return {
            "questions": self.questions,
            "top1": self.top1,
            "top3": self.top3,
            "missed": [
                {"language": one.language.value, "question": one.text, "wanted": one.answers, "found": found}
                for one, found in self.missed
            ],
        }


def read_questions() -> tuple[Question, ...]:
    text = files("counterfoil.knowledge").joinpath("questions.toml").read_text(encoding="utf-8")
    return tuple(
        Question(language=Language(one["language"]), text=one["text"], answers=tuple(one["answers"]))
        for one in tomllib.loads(text)["questions"]
    )


def measure(catalogue: Catalogue, questions: Sequence[Question]) -> Measured:
    indexes = {language: build_index(catalogue, language) for language in Language}
    top1 = top3 = 0
    missed = []
    for one in questions:
        found = tuple(hit.document.slug for hit in search(indexes[one.language], one.text, most=_LOOKED_AT))
        top1 += bool(found) and found[0] in one.answers
        if set(found) & set(one.answers):
            top3 += 1
        else:
            missed.append((one, found))
    return Measured(questions=len(questions), top1=top1, top3=top3, missed=missed)
