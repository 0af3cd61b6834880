"""Who decides what, and whether two names are one person. Pure: times and ids are passed in."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from counterfoil.approvals.model import Approval, ApprovalPolicy, ApprovalSettings, ApprovalState
from counterfoil.foundation.errors import Conflict, Forbidden, InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time

PERSON_LENGTH_MAX = 100
REASON_LENGTH_MAX = 500
SUBJECT_LENGTH_MAX = 200
# What a flow needs is a few ids and amounts; more is content, which is kept nowhere.
PAYLOAD_CHARACTERS_MAX = 10_000


def check_person(by: str) -> str:
    """The name without surrounding space; raises `InputError` where it is none."""
    cleaned = by.strip()
    if not (1 <= len(cleaned) <= PERSON_LENGTH_MAX and cleaned.isprintable()):
        raise InputError(field="by", expected=f"who does this: 1 to {PERSON_LENGTH_MAX} printable characters")
    return cleaned


def check_reason(reason: str | None) -> str:
    """The reason without surrounding space, which may be empty; raises `InputError` for a book or for control signs."""
    cleaned = (reason or "").strip()
    if len(cleaned) > REASON_LENGTH_MAX or not cleaned.isprintable():
        raise InputError(field="reason", expected=f"at most {REASON_LENGTH_MAX} printable characters")
    return cleaned


def check_subject(subject: str) -> str:
    cleaned = subject.strip()
    if not (1 <= len(cleaned) <= SUBJECT_LENGTH_MAX and cleaned.isprintable()):
        raise InputError(field="subject", expected=f"1 to {SUBJECT_LENGTH_MAX} printable characters")
    return cleaned


def check_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload as it will be read back; raises `TypeError` or `ValueError` where it is no plain JSON."""
    text = json.dumps(dict(payload), allow_nan=False)
    if len(text) > PAYLOAD_CHARACTERS_MAX:
        raise InputError(field="payload", expected=f"at most {PAYLOAD_CHARACTERS_MAX} characters of JSON")
    read: dict[str, Any] = json.loads(text)
    return read


def same_person(one: str, other: str) -> bool:
    """Whether two names mean one person: however they are typed, spaced or capitalised."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    # Folding case can undo the normal form, so it is restored.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def policy_for(settings: ApprovalSettings, amount: int | None) -> ApprovalPolicy:
    """The policy for an amount: what one person may not do alone takes two."""
    alone = settings.policy is ApprovalPolicy.SINGLE_WITH_REASON and abs(amount or 0) <= settings.single_cap
    return ApprovalPolicy.SINGLE_WITH_REASON if alone else ApprovalPolicy.TWO_PEOPLE


def check_proposal(approval: Approval) -> Approval:
    """The proposal, which must be able to stand on record; raises `InputError`."""
    if (approval.amount is None) is not (approval.currency is None):
        raise InputError(field="amount", expected="an amount with its currency, or neither")
    if approval.policy is ApprovalPolicy.SINGLE_WITH_REASON and not approval.reason:
        raise InputError(code="approval_reason_missing", field="reason")
    return approval


def fingerprint(approval: Approval) -> bytes:
    """What makes two proposals of one action and subject the same: account, amount, currency and payload."""
    account = None if approval.account_id is None else approval.account_id.hex
    content = [account, approval.amount, approval.currency, approval.payload]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).digest()


def decide(approval: Approval, state: ApprovalState, *, by: str, at: int, reason: str | None) -> Approval:
    """The approval as decided.

    Raises `Conflict` (`approval_decided`) where it has been decided, `Forbidden` where `by` may not: approving takes
    another person than the proposer unless one may do it alone, withdrawing takes the proposer.
    """
    if approval.state is not ApprovalState.PROPOSED:
        raise already_decided(approval)
    is_proposer = same_person(by, approval.proposed_by)
    shown = show_id("approval", approval.approval_id)
    if state is ApprovalState.APPROVED and is_proposer and approval.policy is ApprovalPolicy.TWO_PEOPLE:
        raise Forbidden(code="approval_same_person", approval=shown, proposed_by=approval.proposed_by)
    if state is ApprovalState.WITHDRAWN and not is_proposer:
        raise Forbidden(code="approval_not_proposer", approval=shown, proposed_by=approval.proposed_by)
    return replace(
        approval, state=state, decided_by=by, decided_at=max(at, approval.proposed_at), decision_reason=reason or None
    )


def already_decided(approval: Approval) -> Conflict:
    """The error that says how it ended."""
    return Conflict(
        code="approval_decided",
        approval=show_id("approval", approval.approval_id),
        state=approval.state.value,
        by=approval.decided_by,
        at=None if approval.decided_at is None else show_time(approval.decided_at),
    )
