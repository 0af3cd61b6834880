"""Redemption codes: batches, codes, tries to redeem one, and what comes of a try.

Amounts are nanos, times UTC microseconds. A code itself is in `NewCodes`, which is given out once, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from counterfoil.foundation.code_form import mask_code
from counterfoil.ledger.model import GrantKind


class CodeState(StrEnum):
    """Where a code is. `expired` is never recorded: a new code is that from its batch's expiry on."""

    NEW = "new"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    VOIDED = "voided"


class TryOutcome(StrEnum):
    """What a try was answered with: the code of the message."""

    REDEEMED = "code_redeemed"
    TRIES_EXCEEDED = "code_tries_exceeded"
    MISTYPED = "code_mistyped"
    ACCOUNT_INACTIVE = "code_account_inactive"
    UNKNOWN = "code_unknown"
    USED_BY_YOU = "code_used_by_you"
    USED_ELSEWHERE = "code_used_elsewhere"
    VOIDED = "code_voided"
    EXPIRED = "code_expired"
    CURRENCY_WRONG = "code_currency_wrong"
    NOT_FOR_GROUP = "code_not_for_group"
    BATCH_LIMIT = "code_batch_limit"

    @property
    def is_guess(self) -> bool:
        """Whether somebody who tries one code after the other would be answered so."""
        return self in _GUESSES


_GUESSES = frozenset({TryOutcome.UNKNOWN, TryOutcome.USED_ELSEWHERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """What is chosen for a batch. `value` is what each of its `count` codes credits, in `currency`.

    `grant_days` is how long the credit lives once redeemed (None: for ever), `per_account_limit` how many codes of the
    batch one account may redeem (None: all), `allowed_groups` are names of groups (none: everybody may redeem), and from
    `expires_at` on no code is redeemed (None: never).
    """

    name: str
    value: int
    currency: str
    count: int
    kind: GrantKind = GrantKind.PROMOTIONAL
    grant_priority: int = 100
    grant_days: int | None = None
    per_account_limit: int | None = None
    allowed_groups: tuple[str, ...] = ()
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Codes that were made together, all on the same terms, which never change."""

    batch_id: UUID
    settings: BatchSettings
    created_by: str
    created_at: int
    voided_at: int | None = None
    voided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """A batch with how many of its codes are in each state; every state is there."""

    batch: Batch
    counts: Mapping[CodeState, int]

    def total(self, state: CodeState) -> int:
        """What the codes of that state are worth together."""
        return self.counts[state] * self.batch.settings.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code as recorded; its state there is never `expired`. `redeemed_by` is an account, `redeemer` who typed it."""

    code_id: UUID
    batch_id: UUID
    last_four: str
    state: CodeState
    redeemed_by: UUID | None = None
    redeemed_at: int | None = None
    redeemer: str | None = None
    voided_at: int | None = None
    voided_by: str | None = None

    @property
    def mask(self) -> str:
        return mask_code(self.last_four)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeView:
    """A code with its batch, and its state at the time of asking."""

    code: Code
    batch: Batch
    state: CodeState


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCodes:
    """A batch that was just made, with its codes: given out once."""

    view: BatchView
    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A try to redeem a code, or several in one minute that were refused alike.

    `last_four` is of what was typed, where that had the form of a code; `code_id` where there is such a code.
    """

    account_id: UUID
    try_id: UUID
    first_at: int
    last_at: int
    times: int
    tried_by: str
    client_address: str | None
    last_four: str | None
    code_id: UUID | None
    outcome: TryOutcome

    @property
    def mask(self) -> str | None:
        return None if self.last_four is None else mask_code(self.last_four)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A try that came to nothing, and what of it may be shown."""

    outcome: TryOutcome
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A code that an account has just redeemed, and the grant that it brought."""

    view: CodeView
    account_id: UUID
    grant_id: UUID
    grant_expires_at: int | None
    redeemed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemer:
    """Which account has redeemed a code, who typed it, and when."""

    code_id: UUID
    mask: str
    account_id: UUID
    by: str
    at: int
