"""What a corpus is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from counterfoil.cli.redaction_corpus.signs import Signs


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A secret with the words that belong to it: `password: ` before it, or a header's name."""

    secret: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Positive:
    """A text with one secret at `start` to `end` (exclusive). `classes` are the names it may be found under."""

    name: str
    classes: frozenset[str]
    text: str
    start: int
    end: int

    @property
    def secret(self) -> str:
        return self.text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlike:
    """A text in which nothing may be found."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes one kind of secret; `is_block` where it has lines of its own and stands in no sentence."""

    name: str
    classes: tuple[str, ...]
    make: Callable[[Signs], Planted]
    is_block: bool = False
