"""Use cases of approvals: propose, approve, reject, withdraw. What is approved is carried out in the same transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from counterfoil.approvals import rules, store
from counterfoil.approvals.model import (
    Approval,
    ApprovalAction,
    ApprovalEvent,
    ApprovalPolicy,
    ApprovalSettings,
    ApprovalState,
)
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Broken, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.storage.database import Connection, Database

# A file of a list has so many rows.
PAGE_MAX = 10_000

# Does what was approved, within the decision's transaction: the approval's row is locked, next come the order's or code's
# row and then the account. Whatever it raises undoes the decision.
CarryOut = Callable[[Connection, Approval], Awaitable[None]]
_NO_CARRIERS: Mapping[ApprovalAction, CarryOut] = MappingProxyType({})


class Approvals:
    """Who may do what takes a decision. People are named by text; what they write goes through `redact`."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        settings: ApprovalSettings,
        redact: Callable[[str], str],
        carriers: Mapping[ApprovalAction, CarryOut] = _NO_CARRIERS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._redact = redact
        self._carriers = dict(carriers)

    def register(self, action: ApprovalAction, carry_out: CarryOut) -> None:
        """Say who carries out an action: flows and approvals are built one after the other."""
        self._carriers[action] = carry_out

    async def propose(
        self,
        *,
        action: ApprovalAction,
        subject: str,
        account_id: UUID | None,
        amount: int | None,
        currency: str | None,
        reason: str,
        payload: Mapping[str, Any],
        by: str,
    ) -> Approval:
        """Propose an action; what one person may do alone is decided and carried out at once.

        The same again (action, subject, account, amount, payload) while one is open gives the open one. `payload` holds
        nothing that a person typed. Raises `InputError` (`approval_reason_missing` where one person decides), `NotFound`
        without the account, and whatever carrying out raises, which leaves nothing on record.
        """
        proposed = rules.check_proposal(
            Approval(
                approval_id=self._clock.new_id(),
                action=action,
                subject=rules.check_subject(subject),
                account_id=account_id,
                amount=amount,
                currency=currency,
                reason=self._redact(rules.check_reason(reason)),
                payload=rules.check_payload(payload),
                proposed_by=self._redact(rules.check_person(by)),
                proposed_at=self._clock.now(),
                policy=rules.policy_for(self._settings, amount),
            )
        )
        async with self._database.unit_of_work() as connection:
            entered = await self._enter(connection, proposed)
            if entered is not proposed or proposed.policy is ApprovalPolicy.TWO_PEOPLE:
                return entered
            return await self._end(connection, proposed, ApprovalState.APPROVED, by=proposed.proposed_by, reason=None)

    async def approve(self, approval_id: UUID, *, by: str, reason: str | None = None) -> Approval:
        """Approve and carry out, together or not at all.

        Raises `NotFound`, `Forbidden` (`approval_same_person`) for the proposer, `Conflict` (`approval_decided`) where it
        has been decided, and whatever carrying out raises, which leaves it proposed.
        """
        return await self._decide(approval_id, ApprovalState.APPROVED, by=by, reason=reason)

    async def reject(self, approval_id: UUID, *, by: str, reason: str | None = None) -> Approval:
        """Decide against a proposal; raises `NotFound` or `Conflict` (`approval_decided`)."""
        return await self._decide(approval_id, ApprovalState.REJECTED, by=by, reason=reason)

    async def withdraw(self, approval_id: UUID, *, by: str, reason: str | None = None) -> Approval:
        """Take back one's own proposal; raises as `reject`, and `Forbidden` (`approval_not_proposer`) for others."""
        return await self._decide(approval_id, ApprovalState.WITHDRAWN, by=by, reason=reason)

    async def find(self, approval_id: UUID) -> Approval:
        """The approval of that id; raises `NotFound`."""
        async with self._database.reading() as connection:
            approval = await store.find_approval(connection, approval_id)
        if approval is None:
            raise _not_found(approval_id)
        return approval

    async def events(self, approval_id: UUID) -> list[ApprovalEvent]:
        """Every step of an approval, the proposal first; none where there is no such approval."""
        async with self._database.reading() as connection:
            return await store.events_of(connection, approval_id)

    async def list(
        self,
        *,
        state: ApprovalState | None = None,
        action: ApprovalAction | None = None,
        account_id: UUID | None = None,
        subject: str | None = None,
        before: UUID | None = None,
        most: int = 50,
    ) -> list[Approval]:
        """Approvals that match every condition given, newest first; `before` is the last of the page before."""
        async with self._database.reading() as connection:
            return await store.approvals_of(
                connection, state=state, action=action, account_id=account_id, subject=subject, before=before,
                most=max(1, min(most, PAGE_MAX)),
            )  # fmt: skip

    async def _enter(self, connection: Connection, proposed: Approval) -> Approval:
        """Enter a proposal; gives the open one where the same is open."""
        fingerprint = rules.fingerprint(proposed)
        # Each further turn means that somebody has decided the open one in between, so it ends.
        while not await store.insert_proposed(connection, proposed, fingerprint=fingerprint):
            known = await store.find_open(
                connection, action=proposed.action, subject=proposed.subject, fingerprint=fingerprint
            )
            if known is not None:
                return known
        event = ApprovalEvent(
            number=1, at=proposed.proposed_at, state=ApprovalState.PROPOSED, by=proposed.proposed_by,
            reason=proposed.reason or None,
        )  # fmt: skip
        await store.insert_event(connection, proposed.approval_id, event)
        return proposed

    async def _decide(self, approval_id: UUID, state: ApprovalState, *, by: str, reason: str | None) -> Approval:
        person, words = self._redact(rules.check_person(by)), self._redact(rules.check_reason(reason))
        async with self._database.unit_of_work() as connection:
            approval = await store.lock_approval(connection, approval_id)
            if approval is None:
                raise _not_found(approval_id)
            return await self._end(connection, approval, state, by=person, reason=words)

    async def _end(
        self, connection: Connection, approval: Approval, state: ApprovalState, *, by: str, reason: str | None
    ) -> Approval:
        """Record a decision, and carry out what was approved."""
        decided = rules.decide(approval, state, by=by, at=self._clock.now(), reason=reason)
        if not await store.write_decision(connection, decided):
            raise Broken(reason="a locked proposal was decided by somebody else")
        assert decided.decided_at is not None
        event = ApprovalEvent(number=2, at=decided.decided_at, state=state, by=by, reason=decided.decision_reason)
        await store.insert_event(connection, decided.approval_id, event)
        if state is ApprovalState.APPROVED:
            carry_out = self._carriers.get(decided.action)
            if carry_out is None:
                raise Broken(reason="nobody carries this out", action=decided.action.value)
            await carry_out(connection, decided)
        return decided


def _not_found(approval_id: UUID) -> NotFound:
    return NotFound(code="approval_not_found", approval=show_id("approval", approval_id))
