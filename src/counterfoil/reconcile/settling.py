"""What people do about breaks without moving money: link, ignore, expect, remark, reopen. Each is a step of the break's
history, and every one can be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.observability import log
from counterfoil.reconcile import breaks_store, gather_store, matches_store, settling_rules
from counterfoil.reconcile.desk_model import (
    Break,
    BreakEventKind,
    Match,
    Settlement,
    SettlementAction,
)
from counterfoil.reconcile.people import check_person, check_reason
from counterfoil.reconcile.runs_rules import MANUAL_RULE, about_of
from counterfoil.storage.database import Connection, Database

_EXPECT_MICROS_MAX = 366 * 86_400 * 1_000_000


class Settling:
    """Settles breaks where no money moves."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def link(self, break_id: UUID, rows: Sequence[str], *, by: str, reason: str) -> Break:
        """Take these rows and the break's own as one; other breaks of only these rows are settled with it.

        Raises `NotFound`, `Conflict` (`break_not_open`, `break_row_matched`), `InputError` (`break_rows_unknown`).
        """
        person, why = check_person(by), check_reason(reason)
        async with self._database.unit_of_work() as connection:
            ours, theirs = settling_rules.sides(await _found(connection, break_id), rows)
            one, others = await self._lock_together(connection, break_id, (*ours, *theirs))
            missing = await gather_store.missing_rows(connection, [row for row in rows if row.strip() not in one.rows])
            if missing:
                raise InputError(code="break_rows_unknown", row=missing[0][:60], expected="a row that exists")
            match = await self._match(connection, one, ours, theirs, by=person)
            facts = {"match": match.match_id.hex, "ours": list(ours), "theirs": list(theirs)}
            for each in (one, *others):
                settled = await self._settle(
                    connection, each, SettlementAction.LINK, by=person, reason=why, facts=facts
                )
                one = settled if each.break_id == break_id else one
        return one

    async def ignore(self, break_id: UUID, *, by: str, reason: str) -> Break:
        """Leave it at that, and say why; raises `NotFound`, `Conflict` (`break_not_open`)."""
        return await self._simply(break_id, SettlementAction.IGNORE, by=by, reason=reason, facts={})

    async def expect(self, break_id: UUID, *, until: int, by: str, reason: str) -> Break:
        """Expect the other row by a time, after which it is open again; raises as `ignore`, and `InputError`."""
        now = self._clock.now()
        if not now < until <= now + _EXPECT_MICROS_MAX:
            raise InputError(field="until", expected="a time within the coming year")
        return await self._simply(
            break_id, SettlementAction.EXPECT, by=by, reason=reason, facts={"until": until}, until=until
        )

    async def remark(self, break_id: UUID, text: str, *, by: str) -> Break:
        """Write a remark beside a break; its state stays. Raises `NotFound`."""
        person, words = check_person(by), check_reason(text)
        async with self._database.unit_of_work() as connection:
            one = await _locked(connection, break_id)
            step = settling_rules.remark_of(
                one, BreakEventKind.REMARKED, at=self._clock.now(), by=person, remark=words, facts={}
            )
            await breaks_store.write_steps(connection, [step])
        return step.after

    async def assign(self, break_id: UUID, to: str | None, *, by: str) -> Break:
        """Say who has taken it on (None: nobody any more); its state stays. Raises `NotFound`, `Conflict`, `InputError`."""
        person, assignee = check_person(by), None if to is None else check_person(to)
        async with self._database.unit_of_work() as connection:
            one = await _locked(connection, break_id)
            settling_rules.check_standing(one)
            if one.assignee == assignee:
                return one
            step = settling_rules.assigned(one, assignee, at=self._clock.now(), by=person)
            await breaks_store.write_steps(connection, [step])
        return step.after

    async def reopen(self, break_id: UUID, *, by: str, reason: str) -> Break:
        """Open a break again; what was linked with it comes apart, and the other breaks of that link are open too.

        Raises `NotFound`, `Conflict` (`break_not_reopenable`).
        """
        person, why = check_person(by), check_reason(reason)
        async with self._database.unit_of_work() as connection:
            linked = await breaks_store.breaks_linked_with(connection, break_id)
            together = [await _locked(connection, each) for each in sorted({break_id, *linked})]
            one = next(each for each in together if each.break_id == break_id)
            settlements = await breaks_store.settlements_of(connection, break_id)
            settling_rules.check_reopenable(one, settlements)
            match_id = _standing_link(settlements)
            now = self._clock.now()
            if match_id is not None:
                await matches_store.end_matches(connection, [match_id], at=now, by=person)
            for each in together:
                if each.break_id != break_id and (each.state.is_standing or match_id is None):
                    continue
                opened = await self._settle(connection, each, SettlementAction.REOPEN, by=person, reason=why, facts={})
                one = opened if each.break_id == break_id else one
        return one

    async def _simply(
        self,
        break_id: UUID,
        action: SettlementAction,
        *,
        by: str,
        reason: str,
        facts: dict[str, Any],
        until: int | None = None,
    ) -> Break:
        person, why = check_person(by), check_reason(reason)
        async with self._database.unit_of_work() as connection:
            one = await _locked(connection, break_id)
            settling_rules.check_standing(one)
            return await self._settle(connection, one, action, by=person, reason=why, facts=facts, until=until)

    async def _settle(
        self,
        connection: Connection,
        one: Break,
        action: SettlementAction,
        *,
        by: str,
        reason: str,
        facts: dict[str, Any],
        until: int | None = None,
    ) -> Break:
        now = self._clock.now()
        known = await breaks_store.settlements_of(connection, one.break_id)
        made = Settlement(
            settlement_id=self._clock.new_id(), break_id=one.break_id, number=len(known) + 1, action=action,
            account_id=None, amount=None, currency=None, facts=facts, reason=reason, by=by, at=now,
        )  # fmt: skip
        await breaks_store.insert_settlement(connection, made)
        step = settling_rules.step_of(
            one, action, at=now, by=by, remark=reason, expected_until=until,
            facts={**facts, "settlement": made.settlement_id.hex},
        )  # fmt: skip
        await breaks_store.write_steps(connection, [step])
        log.info("break_settled", break_id=show_id("break", one.break_id), action=action)
        return step.after

    async def _lock_together(
        self, connection: Connection, break_id: UUID, rows: Sequence[str]
    ) -> tuple[Break, list[Break]]:
        """A break and the other standing ones of these rows, locked in the order of their ids, as runs lock them."""
        found = await _found(connection, break_id)
        together = await breaks_store.lock_standing_of_rows(connection, found.book, rows)
        one = next((each for each in together if each.break_id == break_id), None)
        if one is None:
            settling_rules.check_standing(await _locked(connection, break_id))
            raise Conflict(code="break_not_open", break_id=show_id("break", break_id), state=found.state.value)
        return one, [each for each in together if each.break_id != break_id]

    async def _match(
        self, connection: Connection, one: Break, ours: tuple[str, ...], theirs: tuple[str, ...], *, by: str
    ) -> Match:
        now, about = self._clock.now(), about_of(MANUAL_RULE)
        standing = await matches_store.standing_of_rows(connection, one.book, (*ours, *theirs))
        taken = [match for _, match in standing if not match.is_suggested and about_of(match.rule) == about]
        # A break of rows that the engine has matched, and found different, is linked over the engine's head.
        own = [match for match in taken if match.made_by is None and {*match.ours, *match.theirs} <= {*ours, *theirs}]
        others = [match for match in taken if match not in own]
        if others:
            row = next(each for each in (*others[0].ours, *others[0].theirs) if each in (*ours, *theirs))
            raise Conflict(code="break_row_matched", row=row, match=show_id("match", others[0].match_id))
        suggested = [match for _, match in standing if match.is_suggested]
        await matches_store.end_matches(connection, [match.match_id for match in (*own, *suggested)], at=now, by=by)
        match = Match(
            match_id=self._clock.new_id(), book=one.book, rule=MANUAL_RULE, rule_version=1, ours=ours, theirs=theirs,
            currency=one.currency, variance=one.difference or 0, is_suggested=False, run_id=None, made_by=by, made_at=now,
        )  # fmt: skip
        identity = settling_rules.manual_identity(one.book, ours, theirs)
        if not await matches_store.insert_match(connection, identity, match, about=about):
            raise Conflict(code="break_row_matched", row=ours[0])
        return match


def _standing_link(settlements: Sequence[Settlement]) -> UUID | None:
    """The match that the last link has made, unless it has come apart since."""
    for each in reversed(settlements):
        if each.action is SettlementAction.REOPEN:
            return None
        if each.action is SettlementAction.LINK:
            return UUID(hex=each.facts["match"])
    return None


async def _found(connection: Connection, break_id: UUID) -> Break:
    one = await breaks_store.read_break(connection, break_id)
    if one is None:
        raise no_break(break_id)
    return one


async def _locked(connection: Connection, break_id: UUID) -> Break:
    one = await breaks_store.lock_break(connection, break_id)
    if one is None:
        raise no_break(break_id)
    return one


def no_break(break_id: UUID) -> NotFound:
    return NotFound(code="break_not_found", break_id=show_id("break", break_id))
