"""A verification of the ledger as it is kept. Times are UTC microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from counterfoil.ledger.verify import Finding


class VerificationState(StrEnum):
    """Where a verification is. `failed` came to no end, so it proves nothing; `differs` did, and found something."""

    RUNNING = "running"
    VERIFIED = "verified"
    DIFFERS = "differs"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Who made the ledger prove itself, when, and how it ended; `failure` is the code of an error."""

    verification_id: UUID
    started_by: str
    started_at: int
    heard_at: int
    state: VerificationState
    transfers_expected: int
    ended_at: int | None = None
    transfers: int = 0
    accounts: int = 0
    checkpoints: int = 0
    findings: tuple[Finding, ...] = ()
    failure: str | None = None
