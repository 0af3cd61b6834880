"""One account's submissions and Idempotency-Keys in memory, as read under the account's lock: spend's part of the guard.

Good for as long as the engine's cache entry is. What has been looked for and is not there is remembered as None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from counterfoil.limits.model import DuplicateRule
from counterfoil.spend import store
from counterfoil.spend.model import Arrival, Caller, ChargeMark, RequestState
from counterfoil.spend.submissions import LOOK_BACK_MICROS, Binding, Copy, Judgement, Submission, judge
from counterfoil.storage.pipeline import Call, Rows

# Beyond this many, what is remembered of an account is read again when it is needed.
_REMEMBERED_MAX = 2_000


class AccountCopies:
    """What one account has sent, as far as it was asked for."""

    __slots__ = ("_bindings", "_bound", "_changed", "_open", "_submissions")

    def __init__(self) -> None:
        self._submissions: dict[bytes, Submission | None] = {}
        self._bindings: dict[bytes, Binding | None] = {}
        # Copies whose hold is open: their end changes how the next one is judged.
        self._open: dict[UUID, Copy] = {}
        self._changed: dict[UUID, Submission] = {}
        self._bound: dict[bytes, Binding] = {}

    def unknown(self, arrival: Arrival) -> tuple[bytes | None, bytes | None]:
        """The fingerprint and the Idempotency-Key's hash that have to be looked for first."""
        key_hash, fingerprint = arrival.idempotency_key, arrival.fingerprint
        return (
            fingerprint if fingerprint is not None and fingerprint not in self._submissions else None,
            key_hash if key_hash is not None and key_hash not in self._bindings else None,
        )

    def trim(self) -> None:
        """Forget what would grow without end; between batches everything here is in the database too."""
        if len(self._submissions) + len(self._bindings) + len(self._open) > _REMEMBERED_MAX:
            self._submissions.clear()
            self._bindings.clear()
            self._open.clear()

    def load_submission(self, fingerprint: bytes, row: Sequence[Any] | None) -> None:
        """A row of `store.SUBMISSIONS` after account and fingerprint; None where there is none."""
        if row is None:
            self._submissions.setdefault(fingerprint, None)
            return
        found = _read_submission((row[0], fingerprint, *row[1:7]))
        if row[7] is not None:
            found.blocker = self._copy(row[7:13])
        self._submissions[fingerprint] = found

    def load_binding(self, key_hash: bytes, row: Sequence[Any] | None) -> None:
        """A row of `store.BINDINGS` after account and hash; None where there is none."""
        if row is None:
            self._bindings.setdefault(key_hash, None)
            return
        fingerprint = None if row[0] is None else bytes(row[0])
        submission = None
        if row[7] is not None:
            known = self._submissions.get(bytes(row[8]))
            same = known is not None and known.submission_id == row[7]
            submission = known if same else _read_submission(row[7:15])
        self._bindings[key_hash] = Binding(copy=self._copy(row[1:7]), submission=submission, fingerprint=fingerprint)

    def _copy(self, row: Sequence[Any]) -> Copy:
        request_id, endpoint, state, charge_mark, charged_nanos, decided_at = row
        known = self._open.get(request_id)
        if known is not None:
            return known
        copy = Copy(
            request_id=request_id, endpoint=endpoint, state=state, charge_mark=charge_mark,
            charged_nanos=charged_nanos, decided_at=decided_at,
        )  # fmt: skip
        if copy.in_progress:
            self._open[request_id] = copy
        return copy

    def judge(self, arrival: Arrival, *, rule: DuplicateRule, now: int) -> Judgement | None:
        """`submissions.judge` with what is loaded here."""
        bound = known = None
        if arrival.idempotency_key is not None:
            bound = self._bindings.get(arrival.idempotency_key)
        if arrival.fingerprint is not None:
            known = self._submissions.get(arrival.fingerprint)
        return judge(arrival, rule=rule, known=known, bound=bound, now=now)

    def enter(
        self, arrival: Arrival, caller: Caller, judgement: Judgement, *, state: RequestState, now: int
    ) -> UUID | None:
        """Take in a copy as it was decided; returns its submission, None where it belongs to none."""
        request_id, fingerprint = arrival.request_id, arrival.fingerprint
        if judgement.code == "idempotency_key_reused" or fingerprint is None:
            return None
        copy = Copy(
            request_id=request_id, endpoint=arrival.endpoint, state=state, charged_nanos=0, decided_at=now,
            charge_mark=ChargeMark.HELD if state is RequestState.HELD else ChargeMark.NOT_CHARGED,
        )  # fmt: skip
        submission = judgement.submission
        if submission is None:
            submission = Submission(
                submission_id=request_id, fingerprint=fingerprint, key_id=caller.key_id, endpoint=arrival.endpoint,
                model=arrival.model, first_at=now, last_at=now, copies=0, is_new=True,
            )  # fmt: skip
            self._submissions[fingerprint] = submission
        submission.copies += 1
        submission.added += 1
        submission.last_at = now
        self._changed[submission.submission_id] = submission
        if copy.in_progress:
            self._open[request_id] = copy
            if submission.blocker is None or not submission.blocker.stands:
                submission.blocker = copy
        if arrival.idempotency_key is not None and judgement.against is None:
            binding = Binding(copy=copy, submission=submission, fingerprint=fingerprint)
            self._bindings[arrival.idempotency_key] = self._bound[arrival.idempotency_key] = binding
        return submission.submission_id

    def ended(self, request_id: UUID, *, state: str, charge_mark: str, charged_nanos: int) -> None:
        """A copy's hold has ended."""
        copy = self._open.pop(request_id, None)
        if copy is not None:
            copy.state, copy.charge_mark, copy.charged_nanos = state, charge_mark, charged_nanos

    def take_writes(self, account_id: UUID, rows: CopyRows) -> None:
        """Append what has changed, once."""
        for submission in self._changed.values():
            blocker_id = submission.blocker.request_id if submission.blocker is not None else None
            if submission.is_new:
                rows.new.append(
                    (
                        account_id, submission.submission_id, submission.fingerprint, submission.key_id,
                        submission.endpoint, submission.model, submission.first_at, submission.last_at,
                        submission.copies, blocker_id,
                    )
                )  # fmt: skip
            else:
                rows.more.append(
                    (account_id, submission.submission_id, submission.added, submission.last_at, blocker_id)
                )
            submission.is_new, submission.added = False, 0
        for key_hash, binding in self._bound.items():
            rows.bound.append(
                (
                    account_id, key_hash, binding.copy.request_id,
                    binding.submission.submission_id if binding.submission is not None else None,
                    binding.fingerprint, binding.copy.decided_at,
                )
            )  # fmt: skip
        self._changed.clear()
        self._bound.clear()


class CopyRows:
    """Rows to write, over all accounts of a batch."""

    __slots__ = ("bound", "more", "new")

    def __init__(self) -> None:
        self.new: list[tuple[Any, ...]] = []
        self.more: list[tuple[Any, ...]] = []
        self.bound: list[tuple[Any, ...]] = []

    def calls(self) -> list[Call]:
        return [
            (statement, list(zip(*rows, strict=True)))
            for statement, rows in (
                (store.INSERT_SUBMISSIONS, self.new),
                (store.ADD_TO_SUBMISSIONS, self.more),
                (store.BIND_KEYS, self.bound),
            )
            if rows
        ]


class CopyReads:
    """What a batch has to look for, and where the rows go."""

    __slots__ = ("_fingerprints", "_keys")

    def __init__(self) -> None:
        self._fingerprints: dict[tuple[UUID, bytes], None] = {}
        self._keys: dict[tuple[UUID, bytes], None] = {}

    def want(self, account_id: UUID, arrival: Arrival, copies: AccountCopies | None) -> None:
        fingerprint, key_hash = (
            (arrival.fingerprint, arrival.idempotency_key) if copies is None else copies.unknown(arrival)
        )
        if fingerprint is not None:
            self._fingerprints[account_id, fingerprint] = None
        if key_hash is not None:
            self._keys[account_id, key_hash] = None

    def calls(self, *, now: int) -> list[Call]:
        calls: list[Call] = []
        if self._fingerprints:
            accounts, hashes = _columns(self._fingerprints)
            calls.append((store.SUBMISSIONS, (accounts, hashes, [now - LOOK_BACK_MICROS] * len(hashes))))
        if self._keys:
            calls.append((store.BINDINGS, _columns(self._keys)))
        return calls

    @property
    def accounts(self) -> set[UUID]:
        return {account_id for account_id, _ in (*self._fingerprints, *self._keys)}

    def absorb(self, rows: list[Rows], copies_of: dict[UUID, AccountCopies]) -> None:
        """Take the rows of `calls` off the front of `rows`."""
        if self._fingerprints:
            found = {(row[0], bytes(row[1])): row[2:] for row in rows.pop(0)}
            for account_id, fingerprint in self._fingerprints:
                if account_id in copies_of:
                    copies_of[account_id].load_submission(fingerprint, found.get((account_id, fingerprint)))
        if self._keys:
            found = {(row[0], bytes(row[1])): row[2:] for row in rows.pop(0)}
            for account_id, key_hash in self._keys:
                if account_id in copies_of:
                    copies_of[account_id].load_binding(key_hash, found.get((account_id, key_hash)))


def _columns(wanted: Iterable[tuple[UUID, bytes]]) -> tuple[list[UUID], list[bytes]]:
    pairs = list(wanted)
    return [account_id for account_id, _ in pairs], [value for _, value in pairs]


def _read_submission(row: Sequence[Any]) -> Submission:
    submission_id, fingerprint, key_id, endpoint, model, first_at, last_at, copies = row
    return Submission(
        submission_id=submission_id, fingerprint=bytes(fingerprint), key_id=key_id, endpoint=endpoint, model=model,
        first_at=first_at, last_at=last_at, copies=copies,
    )  # fmt: skip
