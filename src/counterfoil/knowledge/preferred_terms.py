"""The one list of agreed terms: what is said for a thing, and what is not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from counterfoil.foundation.vocabulary import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term, what must not be said for it, and wordings in which those words mean something else."""

    language: Language
    preferred: str
    banned: tuple[str, ...]
    allowed: tuple[str, ...] = ()


@cache
def preferred_terms() -> tuple[Term, ...]:
    """The list, as `preferred_terms.toml` has it."""
    text = files("counterfoil.knowledge").joinpath("preferred_terms.toml").read_text(encoding="utf-8")
    return tuple(
        Term(
            language=Language(one["language"]),
            preferred=one["preferred"],
            banned=tuple(one["banned"]),
            allowed=tuple(one.get("allowed", ())),
        )
        for one in tomllib.loads(text)["terms"]
    )


def banned_in(text: str, language: Language, terms: tuple[Term, ...]) -> Iterator[tuple[str, Term]]:
    """Every banned word of a text, as it is written there, with the term it stands for."""
    for term in terms:
        if term.language is not language:
            continue
        read = text
        for allowed in term.allowed:
            read = re.sub(re.escape(allowed), " ", read, flags=re.IGNORECASE)
        for banned in term.banned:
            for match in _pattern(banned).finditer(read):
                yield match[0], term


@cache
def _pattern(banned: str) -> re.Pattern[str]:
    # Chinese has no spaces to tell words apart by.
    edge = "" if banned[0] >= "\u3400" else r"\b"
    return re.compile(f"{edge}{re.escape(banned)}{edge}", re.IGNORECASE)
