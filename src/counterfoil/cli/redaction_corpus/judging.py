"""Whether what was found is what was planted."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.cli.redaction_corpus.model import Positive
from counterfoil.redaction.model import Finding


def is_caught(positive: Positive, found: Sequence[Finding]) -> bool:
    """Whether findings cover every letter and digit of the secret, and one of them has a class that fits."""
    covering = [one for one in found if one.start < positive.end and one.end > positive.start]
    if not any(one.kind.value in positive.classes for one in covering):
        return False
    position = positive.start
    for one in covering:
        if _has_signs(positive.text[position : one.start]):
            return False
        position = max(position, one.end)
    return not _has_signs(positive.text[position : positive.end])


def _has_signs(text: str) -> bool:
    return any(map(str.isalnum, text))
