"""Whether a page was the answer: what readers say of it, counted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from counterfoil.foundation.vocabulary import Language


class Verdict(StrEnum):
    """Whether a page was the answer."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteCount:
    """How often something was said of an article in one language on a day (since 1970-01-01 in UTC)."""

    day: int
    slug: str
    language: Language
    verdict: Verdict
    count: int
