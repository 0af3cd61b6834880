"""What becomes of a text that somebody wants to send: refused, or taken with masks in the place of what must not stay.

A full order number or redemption code is what people send to be helpful, and its mask serves as well: one click puts it in
the place. Anything else must not come in at all, and a person has to see that and take it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.rules import put_masks

REPLACED = frozenset({SecretKind.ORDER_NUMBER, SecretKind.REDEMPTION_CODE})


class Verdict(StrEnum):
    """Whether a text may come in as it is, with masks, or not."""

    ACCEPTED = "accepted"
    REPLACED = "replaced"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is to become of a text. `refused` must be taken out by its writer; `replaced` becomes its mask.

    `offered` is the text that may come in instead, where nothing is refused.
    """

    verdict: Verdict
    refused: tuple[Finding, ...]
    replaced: tuple[Finding, ...]
    offered: str | None

    @property
    def classes(self) -> tuple[SecretKind, ...]:
        """What was refused, each once, in the order of the text."""
        return tuple(dict.fromkeys(one.kind for one in self.refused))


def judge(text: str, found: Sequence[Finding]) -> Judgement:
    """Decide on a text by what a full scan has found in it."""
    refused = tuple(one for one in found if one.kind not in REPLACED)
    replaced = tuple(one for one in found if one.kind in REPLACED)
    if refused:
        return Judgement(verdict=Verdict.REFUSED, refused=refused, replaced=replaced, offered=None)
    verdict = Verdict.REPLACED if replaced else Verdict.ACCEPTED
    return Judgement(verdict=verdict, refused=(), replaced=replaced, offered=put_masks(text, replaced))
