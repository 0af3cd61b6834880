"""Submissions: what a customer meant once, however often it was sent. Pure.

Copies are recognised by a fingerprint, an HMAC of the canonical request under a secret of the account, or by the
Idempotency-Key that they came with. Recognise first, then judge: a copy is the original, a retry (nothing is there from
the ones before, or the client says so) or a duplicate; what stands in the way of it is the copy that is in progress or
was delivered. Times are UTC microseconds.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.limits.model import DUPLICATE_WINDOW_SECONDS_MAX, DuplicatePolicy, DuplicateRule
from counterfoil.spend.model import POLLED_ENDPOINTS, TASK_ENDPOINTS, Arrival, ChargeMark, RequestState

# How far back copies are looked for: no window is longer.
LOOK_BACK_MICROS = DUPLICATE_WINDOW_SECONDS_MAX * MICROS_PER_SECOND
# A submission with so many copies is a script in a loop.
LOOP_COPIES = 10
# How long a client waits before it asks again for a copy that is in progress.
RETRY_AFTER_SECONDS = 2
# What an Idempotency-Key may be (Stripe's and the IETF draft's length).
IDEMPOTENCY_KEY_CHARACTERS_MAX = 255
IDEMPOTENCY_DAYS = 30

_IN_PROGRESS = frozenset({RequestState.HELD})
# What was delivered stands in the way; a refusal, a failure and an answer that nobody got do not.
_DELIVERED = frozenset({RequestState.SERVED})


class Verdict(StrEnum):
    """What a copy is within its submission."""

    ORIGINAL = "original"
    RETRY = "retry"
    DUPLICATE = "duplicate"


class Fingerprints:
    """Keyed hashes of what was asked; without `secret` nobody can tell from a hash what it was.

    The key of an account is derived, so that the same request of two accounts has two fingerprints.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._account_keys: dict[UUID, bytes] = {}

    def of(self, account_id: UUID, key_id: UUID, endpoint: str, canonical: bytes) -> bytes:
        """The fingerprint (32 bytes) of a canonical request.

        Each API key has a space of its own: keys of one account may belong to strangers, and none is told what another
        has sent.
        """
        made = hmac.new(self._key_of(account_id), key_id.bytes + endpoint.encode() + b"\0", sha256)
        made.update(canonical)
        return made.digest()

    def of_key(self, account_id: UUID, key_id: UUID, header: str) -> bytes:
        """The hash (32 bytes) of an Idempotency-Key: each API key has a space of its own."""
        return hmac.digest(self._key_of(account_id), b"idempotency\0" + key_id.bytes + header.encode(), "sha256")

    def _key_of(self, account_id: UUID) -> bytes:
        found = self._account_keys.get(account_id)
        if found is None:
            if len(self._account_keys) >= 10_000:
                self._account_keys.clear()
            found = hmac.digest(self._secret, b"fingerprint\0" + account_id.bytes, "sha256")
            self._account_keys[account_id] = found
        return found


@dataclass(slots=True, kw_only=True)
class Copy:
    """A request as far as others are held against it; the guard keeps its state current."""

    request_id: UUID
    endpoint: str
    state: str
    charge_mark: str
    charged_nanos: int
    decided_at: int

    @property
    def in_progress(self) -> bool:
        return self.state in _IN_PROGRESS

    @property
    def stands(self) -> bool:
        """Whether it is in progress or was delivered, so that another copy would be one too many."""
        return self.in_progress or (self.state in _DELIVERED and self.charge_mark != ChargeMark.REFUNDED)

    @property
    def is_task(self) -> bool:
        return self.endpoint in TASK_ENDPOINTS

    @property
    def is_polled(self) -> bool:
        return self.endpoint in POLLED_ENDPOINTS


@dataclass(slots=True, kw_only=True)
class Submission:
    """A submission as the guard keeps it. `blocker` is the first copy that stands, if one does.

    `added` copies are not written yet; where `is_new`, the submission itself is not.
    """

    submission_id: UUID
    fingerprint: bytes
    key_id: UUID
    endpoint: str
    model: str | None
    first_at: int
    last_at: int
    copies: int
    blocker: Copy | None = None
    added: int = 0
    is_new: bool = False


@dataclass(slots=True, kw_only=True)
class Binding:
    """What an Idempotency-Key names: a submission, and the last request that came with it."""

    copy: Copy
    submission: Submission | None
    fingerprint: bytes | None

    @property
    def holds(self) -> bool:
        """Whether the key is bound; a refusal, an uncharged failure and an undelivered answer release it."""
        return self.copy.stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an arrival is, before any limit is asked. `submission` is the one it joins; None begins a new one.

    `code` refuses it (`duplicate_submission`, `idempotency_key_reused`) because of the copy `against`. With `repeats`,
    that copy is a task that is given again. `retry_after` (seconds) where it is still in progress.
    """

    verdict: Verdict
    submission: Submission | None = None
    code: str | None = None
    against: Copy | None = None
    retry_after: int | None = None
    repeats: bool = False


def judge(
    arrival: Arrival, *, rule: DuplicateRule, known: Submission | None, bound: Binding | None, now: int
) -> Judgement | None:
    """Recognise a copy and judge it; None where nobody wants to know.

    `known` is the last submission of the same fingerprint, `bound` what the arrival's Idempotency-Key names. Whoever
    sends such a key says by it what is the same and what is another, so fingerprints are not asked then.
    """
    if arrival.idempotency_key is not None:
        return _judge_named(arrival, bound)
    if arrival.fingerprint is None or rule.policy is DuplicatePolicy.OFF:
        return None
    window = rule.window_seconds * MICROS_PER_SECOND
    if known is None or now - known.last_at >= window:
        return Judgement(verdict=Verdict.ORIGINAL)
    blocker = known.blocker if known.blocker is not None and known.blocker.stands else None
    verdict = Verdict.RETRY if arrival.retry_count or blocker is None else Verdict.DUPLICATE
    if rule.policy is DuplicatePolicy.BLOCK and blocker is not None and now - blocker.decided_at < window:
        return _refused(blocker, verdict=verdict, joins=known)
    return Judgement(verdict=verdict, submission=known)


def _judge_named(arrival: Arrival, bound: Binding | None) -> Judgement:
    if bound is None:
        return Judgement(verdict=Verdict.ORIGINAL)
    if not bound.holds:
        same = arrival.fingerprint == bound.fingerprint
        return Judgement(
            verdict=Verdict.RETRY if same else Verdict.ORIGINAL, submission=bound.submission if same else None
        )
    verdict = Verdict.RETRY if arrival.retry_count else Verdict.DUPLICATE
    if arrival.fingerprint != bound.fingerprint:
        # Other content is no copy: it belongs to no submission.
        return Judgement(verdict=Verdict.ORIGINAL, code="idempotency_key_reused", against=bound.copy)
    if bound.copy.is_polled:
        return Judgement(verdict=verdict, submission=bound.submission, against=bound.copy, repeats=True)
    return _refused(bound.copy, verdict=verdict, joins=bound.submission)


def _refused(copy: Copy, *, verdict: Verdict, joins: Submission | None) -> Judgement:
    return Judgement(
        verdict=verdict, submission=joins, code="duplicate_submission", against=copy,
        retry_after=RETRY_AFTER_SECONDS if copy.in_progress else None,
    )  # fmt: skip


def is_loop(copies: int) -> bool:
    """Whether so many copies of one submission are a script's."""
    return copies >= LOOP_COPIES
