"""Use cases of the desk: look at cases, and take each a step further. One verb, one transaction; every step is an event.

What people write is checked and redacted before it is kept. Whoever has only the role of engineering finds only what was
handed over: another case is not there for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.identity.access import Principal
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Connection, Database
from counterfoil.support import cases_store, intake_store, observed, rules
from counterfoil.support.desk_model import (
    CaseQuery,
    CaseSearch,
    CaseView,
    HandOver,
    QueueCount,
    SavedSearch,
    SettlementState,
)
from counterfoil.support.model import Candidate, Case, Priority, Resolution
from counterfoil.support.rules import CaseError, Verb

PAGE_MAX = 500
# Cases that are answered together; more than that is an announcement.
TOGETHER_MAX = 200
SAVED_MAX = 100
FIELDS_ASKED_MAX = 12
CHECKED_MAX = 20
_PERSON_MAX = 254
_NAME_MAX = 120
_UNTIL_MICROS_MAX = 90 * 86_400 * MICROS_PER_SECOND


class Cases:
    """The desk's cases. People are named by `principal.name`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # -- looking -----------------------------------------------------------------------------------------------------

    async def view(self, case_id: UUID, *, principal: Principal) -> CaseView:
        """A case with its events, what was last found for it, its settlements and the cases of its group.

        What a person typed is redacted once more, by whatever is known for a secret today. Raises `NotFound`.
        """
        async with self._database.snapshot() as connection:
            case = await self._seen(connection, case_id, principal)
            events = await intake_store.read_events(connection, case_id)
            search = await cases_store.last_search(connection, case_id)
            settlements = await cases_store.settlements_of(connection, [case_id])
            together: list[Case] = []
            if case.group_id is not None and not _is_engineer_only(principal):
                together = await cases_store.cases_of_group(connection, case.group_id, most=TOGETHER_MAX)
        return CaseView(
            case=redacted(case),
            events=tuple(rules.redacted_event(event, redact) for event in events),
            search=None if search is None else redacted_search(search),
            settlements=tuple(settlements),
            together=tuple(redacted(one) for one in together if one.case_id != case_id),
        )

    async def case(self, case_id: UUID, *, principal: Principal) -> Case:
        """A case as it stands; raises `NotFound`."""
        async with self._database.reading() as connection:
            return redacted(await self._seen(connection, case_id, principal))

    async def queue(
        self, query: CaseQuery, *, principal: Principal, after: tuple[int, UUID] | None = None, most: int = 100
    ) -> list[Case]:
        """Cases that meet the query, what is due first first; `after` is (due_at, case_id) of the page before."""
        if query.is_late:
            query = replace(query, is_open=True, due_before=self._clock.now())
        async with self._database.reading() as connection:
            found = await cases_store.read_queue(
                connection, query, only_handed_over=_is_engineer_only(principal), after=after,
                most=max(1, min(most, PAGE_MAX)),
            )  # fmt: skip
        return [redacted(case) for case in found]

    async def counts(self) -> list[QueueCount]:
        """Open cases by state and class, and how many are late."""
        async with self._database.reading() as connection:
            return await cases_store.count_open(connection, now=self._clock.now())

    # -- what is beside the state ------------------------------------------------------------------------------------

    async def note(self, case_id: UUID, text: str, *, principal: Principal) -> Case:
        """Write a private remark, which nobody outside ever sees; raises `NotFound`, `InputError`."""
        words = redact(rules.check_text("text", text))
        return await self._do(case_id, Verb.NOTE, principal=principal, text=words)

    async def assign(self, case_id: UUID, to: str | None, *, principal: Principal) -> Case:
        """Say who has taken a case on, None: nobody any more; raises `NotFound`, `Conflict`, `InputError`."""
        owner = None if to is None else _check_name("owner", to, _PERSON_MAX)
        return await self._do(
            case_id, Verb.ASSIGN, principal=principal, facts={"to": owner or ""}, changes={"owner": owner}
        )

    async def set_priority(self, case_id: UUID, priority: Priority, *, principal: Principal) -> Case:
        """Say how urgent a case is; its deadline moves with it, counted from when it came in."""
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, case_id, principal)
            due_at = rules.due_at(case.problem, priority, since=case.created_at)
            step = rules.step(
                case, Verb.PRIORITISE, number=last_no + 1, at=self._clock.now(), by=principal.name,
                facts={"priority": priority.value, "due_at": str(due_at)},
                changes={"priority": priority, "due_at": due_at},
            )  # fmt: skip
            await cases_store.write_step(connection, step)
        return step.after

    async def confirm(self, case_id: UUID, subject: str, *, principal: Principal) -> Case:
        """Say which record a case is about: one of its candidates. Its cause becomes the case's, and so does its account unless
        somebody signed in has sent the case: they are told nothing of another's record. A cause that is not known yet is found
        in the background.

        Raises `NotFound`, `Conflict` (`case_is_over`), `InputError` (`case_not_a_candidate`).
        """
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, case_id, principal)
            chosen = await self._candidate(connection, case_id, subject)
            step = rules.step(
                case, Verb.CONFIRM, number=last_no + 1, at=self._clock.now(), by=principal.name,
                facts={"subject": chosen.subject, "kind": chosen.kind, "score": str(chosen.score)},
                changes={
                    "subject": chosen.subject, "cause": chosen.cause,
                    # The account of somebody who was signed in is theirs, whatever the case is about.
                    "account_id": case.account_id if case.person_id is not None else chosen.account_id or case.account_id,
                },
            )  # fmt: skip
            await cases_store.write_step(
                connection, step, search_due_at=step.event.at if chosen.cause is None else None
            )
        return step.after

    async def reject(self, case_id: UUID, subject: str, *, principal: Principal) -> Case:
        """Say that a case is not about a candidate; where it was confirmed, it is so no more. Raises as `confirm`."""
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, case_id, principal)
            chosen = await self._candidate(connection, case_id, subject)
            was_confirmed = case.subject == chosen.subject
            # The account of somebody who was signed in is theirs, whatever the case is about.
            changes: dict[str, Any] = {"subject": None, "cause": None} if was_confirmed else {}
            if was_confirmed and case.person_id is None:
                changes["account_id"] = None
            step = rules.step(
                case, Verb.REJECT, number=last_no + 1, at=self._clock.now(), by=principal.name,
                facts={"subject": chosen.subject, "kind": chosen.kind}, changes=changes,
            )  # fmt: skip
            await cases_store.write_step(connection, step)
        return step.after

    async def search_again(self, case_id: UUID, *, principal: Principal) -> Case:
        """Have the records searched once more, in the background; raises `NotFound`, `Conflict`."""
        return await self._do(case_id, Verb.NOTE, principal=principal, facts={"search_again": "1"}, searches=True)

    # -- where it is -------------------------------------------------------------------------------------------------

    async def ask(self, case_id: UUID, fields: Sequence[str], text: str | None, *, principal: Principal) -> Case:
        """Ask the reporter for fields, with a sentence beside them; the private link shows it. Raises as `note`."""
        names = tuple(dict.fromkeys(fields))
        if not names and text is None:
            raise InputError(field="fields", expected="a field to ask for, or a question")
        if len(names) > FIELDS_ASKED_MAX or not all(rules.is_field(name) for name in names):
            raise InputError(field="fields", expected=f"at most {FIELDS_ASKED_MAX} evidence fields")
        words = None if text is None else redact(rules.check_text("text", text))
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, case_id, principal)
            step = rules.step(
                case, Verb.ASK, number=last_no + 1, at=self._clock.now(), by=principal.name,
                facts={"fields": ",".join(names)}, text=words,
            )  # fmt: skip
            is_first = not await cases_store.was_answered(connection, case_id)
            await cases_store.write_step(connection, step)
        if is_first:
            observed.count_first_answered(step)
        return step.after

    async def hand_over(self, case_id: UUID, what: HandOver, *, principal: Principal) -> Case:
        """Hand a case to another desk with what was checked, what is asked, by when, and the bundle.

        Raises `NotFound`, `Conflict` (`case_already_there`, `case_is_over`), `InputError`.
        """
        verb, now = rules.hand_over_verb(what.to), self._clock.now()
        if not now < what.until <= now + _UNTIL_MICROS_MAX:
            raise InputError(field="until", expected="a time within the coming 90 days")
        if len(what.checked) > CHECKED_MAX or not all(rules.is_code(one) for one in what.checked):
            raise InputError(field="checked", expected=f"at most {CHECKED_MAX} names of what was checked")
        facts = {"until": str(what.until), "checked": ",".join(what.checked)}
        if what.bundle is not None:
            facts["bundle"] = _check_name("bundle", what.bundle, _NAME_MAX)
        # The case's own deadline stays: it is the customer's.
        words = redact(rules.check_text("asks", what.asks))
        return await self._do(case_id, verb, principal=principal, facts=facts, text=words)

    async def hand_back(self, case_id: UUID, text: str, *, principal: Principal) -> Case:
        """Give a case back to support with what has come of it; raises `NotFound`, `Conflict` (`case_with_support`)."""
        words = redact(rules.check_text("text", text))
        return await self._do(case_id, Verb.HAND_BACK, principal=principal, text=words)

    async def resolve(self, case_id: UUID, resolution: Resolution, *, principal: Principal) -> Case:
        """Say how a case was settled. What moves money is said only where an approval has moved it.

        Raises `NotFound`, `Conflict` (`case_is_over`, `case_settled_by_money`).
        """
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, case_id, principal)
            settled = await cases_store.settlements_of(connection, [case_id])
            done = {Resolution(one.kind.value) for one in settled if one.state is SettlementState.DONE}
            rules.check_resolution(resolution, settled=done)
            step = rules.step(
                case, Verb.RESOLVE, number=last_no + 1, at=self._clock.now(), by=principal.name,
                facts={"resolution": resolution.value}, changes={"resolution": resolution},
            )  # fmt: skip
            await cases_store.write_step(connection, step)
        observed.count_resolved(step)
        return step.after

    async def close(self, case_id: UUID, *, principal: Principal) -> Case:
        """Close a case; raises `NotFound`, `Conflict` (`case_is_closed`)."""
        return await self._do(case_id, Verb.CLOSE, principal=principal)

    async def reopen(self, case_id: UUID, reason: str, *, principal: Principal) -> Case:
        """Open a case again, with a new deadline, and have the records searched once more.

        Raises `NotFound`, `Conflict` (`case_is_open`, `case_purged`).
        """
        words, now = redact(rules.check_text("reason", reason)), self._clock.now()
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, case_id, principal)
            due_at = rules.due_at(case.problem, case.priority, since=now)
            step = rules.step(
                case, Verb.REOPEN, number=last_no + 1, at=now, by=principal.name, text=words,
                facts={"due_at": str(due_at)}, changes={"due_at": due_at, "resolution": None},
            )  # fmt: skip
            await cases_store.write_step(connection, rules.kept_private(step), search_due_at=now)
        return step.after

    # -- groups ------------------------------------------------------------------------------------------------------

    async def group(self, case_id: UUID, group_id: UUID | None, *, principal: Principal) -> Case:
        """Put a case into a group (None: a new one of its own); raises `NotFound`, `Conflict`."""
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, case_id, principal)
            if case.group_id is not None and case.group_id == group_id:
                return case
            await cases_store.lock_groups(connection, [one for one in (case.group_id, group_id) if one is not None])
            await self._leave(connection, case, now)
            joined = group_id
            if joined is None:
                # One of its own, whatever its records have in common with others': a person says so.
                key = f"case:{case.case_id.hex}"
                joined = await cases_store.insert_group(
                    connection, group_id=self._clock.new_id(), key=key, problem=case.problem, cause=case.cause, now=now
                )
            if not await cases_store.count_in_group(connection, joined, joined=1, now=now):
                raise NotFound(code=CaseError.GROUP_NOT_FOUND)
            step = rules.step(
                case, Verb.GROUP, number=last_no + 1, at=now, by=principal.name,
                facts={"group": show_id("case_group", joined)}, changes={"group_id": joined},
            )  # fmt: skip
            await cases_store.write_step(connection, step)
        return step.after

    async def ungroup(self, case_id: UUID, *, principal: Principal) -> Case:
        """Take a case out of its group; raises `NotFound`, `Conflict` (`case_is_over`)."""
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, case_id, principal)
            if case.group_id is None:
                return case
            await self._leave(connection, case, now)
            step = rules.step(
                case, Verb.UNGROUP, number=last_no + 1, at=now, by=principal.name,
                facts={"group": show_id("case_group", case.group_id)}, changes={"group_id": None},
            )  # fmt: skip
            await cases_store.write_step(connection, step)
        return step.after

    async def _leave(self, connection: Connection, case: Case, now: int) -> None:
        if case.group_id is not None:
            await cases_store.count_in_group(connection, case.group_id, joined=-1, now=now)

    # -- saved searches ----------------------------------------------------------------------------------------------

    async def save_search(self, name: str, query: CaseQuery, *, person_id: UUID, is_shared: bool) -> SavedSearch:
        """Keep a query under a name, for oneself or for everybody at the desk; raises `InputError`."""
        saved = SavedSearch(
            search_id=self._clock.new_id(), person_id=person_id, name=_check_name("name", name, _NAME_MAX),
            is_shared=is_shared, query=query, created_at=self._clock.now(),
        )  # fmt: skip
        async with self._database.unit_of_work() as connection:
            await cases_store.upsert_saved(connection, saved)
        return saved

    async def saved_searches(self, person_id: UUID) -> list[SavedSearch]:
        """One's own saved searches and the shared ones, by name."""
        async with self._database.reading() as connection:
            return await cases_store.saved_for(connection, person_id, most=SAVED_MAX)

    async def forget_search(self, search_id: UUID, *, person_id: UUID) -> None:
        """Forget one of one's own; raises `NotFound`."""
        async with self._database.unit_of_work() as connection:
            if not await cases_store.delete_saved(connection, search_id, person_id=person_id):
                raise NotFound(code=CaseError.SEARCH_NOT_FOUND)

    # -- inside ------------------------------------------------------------------------------------------------------

    async def _do(
        self,
        case_id: UUID,
        verb: Verb,
        *,
        principal: Principal,
        facts: Mapping[str, str] | None = None,
        text: str | None = None,
        changes: Mapping[str, Any] | None = None,
        searches: bool = False,
    ) -> Case:
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            case, last_no = await self._locked(connection, case_id, principal)
            if searches and case.purged_at is not None:
                raise Conflict(code=CaseError.PURGED, case=case.number)
            step = rules.step(
                case, verb, number=last_no + 1, at=now, by=principal.name, facts=facts or {}, text=text, changes=changes
            )
            await cases_store.write_step(connection, step, search_due_at=now if searches else None)
        return step.after

    async def _locked(self, connection: Connection, case_id: UUID, principal: Principal) -> tuple[Case, int]:
        found = await intake_store.lock_case(connection, case_id)
        if found is None:
            raise _not_found()
        await self._check_seen(connection, found[0], principal)
        return found

    async def _seen(self, connection: Connection, case_id: UUID, principal: Principal) -> Case:
        case = await intake_store.find_case(connection, case_id)
        if case is None:
            raise _not_found()
        await self._check_seen(connection, case, principal)
        return case

    async def _check_seen(self, connection: Connection, case: Case, principal: Principal) -> None:
        if not _is_engineer_only(principal):
            return
        if not await cases_store.was_handed_to_engineering(connection, case.case_id):
            raise _not_found()

    async def _candidate(self, connection: Connection, case_id: UUID, subject: str) -> Candidate:
        search = await cases_store.last_search(connection, case_id)
        for one in () if search is None else search.candidates:
            if one.subject == subject.strip():
                return one
        raise InputError(code=CaseError.NOT_A_CANDIDATE, subject=subject[:_NAME_MAX])


def redacted(case: Case) -> Case:
    """A case as it is shown: its fields redacted once more."""
    return rules.redacted_case(case, redact)


def redacted_search(search: CaseSearch) -> CaseSearch:
    """What was found, with what was said redacted once more."""
    return replace(
        search, candidates=tuple(
            replace(one, fields=tuple(replace(field, said=redact(field.said)) for field in one.fields))
            for one in search.candidates
        ),
    )  # fmt: skip


def _is_engineer_only(principal: Principal) -> bool:
    return not principal.is_operator and rules.sees_only_handed_over(principal.staff_roles)


def _check_name(field: str, text: str, most: int) -> str:
    cleaned = text.strip()
    if not (1 <= len(cleaned) <= most and cleaned.isprintable()):
        raise InputError(field=field, expected=f"1 to {most} printable characters")
    return redact(cleaned)


def _not_found() -> NotFound:
    return NotFound(code=CaseError.NOT_FOUND)
