"""Asking for more: somebody has met a limit, and whoever may raise it answers. Nothing here does I/O.

Amounts are in the limit's unit (nanos of the account's currency for money), times are UTC microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from counterfoil.limits.model import Limit


class AskState(StrEnum):
    OPEN = "open"
    RAISED = "raised"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitAsk:
    """That somebody asks for more. `needed` is what their call took, where that is known.

    Once answered: `raised_to` is the amount that it was raised to, `raised_until` until when (None: for good), `answer`
    the word that went with it.
    """

    ask_id: UUID
    limit_id: UUID
    asked_by: str
    member_id: UUID | None
    needed: int | None
    request_id: UUID | None
    note: str | None
    asked_at: int
    state: AskState = AskState.OPEN
    answered_by: str | None = None
    answered_at: int | None = None
    answer: str | None = None
    raised_to: int | None = None
    raised_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAsk:
    """An ask with its limit as it is now, and what the limit has seen in its present window."""

    ask: LimitAsk
    limit: Limit
    is_in_force: bool
    used: int
    held: int
    # What the limit would have to be for the call that met it to pass now.
    suggested: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAsk:
    """What somebody who asks says."""

    limit_id: UUID
    needed: int | None = None
    request_id: UUID | None = None
    note: str | None = None
