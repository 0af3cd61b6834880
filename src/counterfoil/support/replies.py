"""Use cases of answering: a draft from what was found, the check of what is to go out, and sending it, to one or to many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from counterfoil.evidence.model import Audience, Explanation
from counterfoil.evidence.search import EMAILS_MAX, Found
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, NotFound, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.vocabulary import Kind, Language, entry, text
from counterfoil.identity.access import Principal
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Connection, Database
from counterfoil.storage.outbox import Announcement, announce
from counterfoil.support import cases_store, intake_store, observed, rules, search_store
from counterfoil.support.cases_service import TOGETHER_MAX, Cases
from counterfoil.support.desk_model import CaseSettlement, SettlementState
from counterfoil.support.diagnosis import Explains
from counterfoil.support.model import Case, CaseEvent
from counterfoil.support.replies_rules import (
    Allowed,
    Frame,
    Objection,
    Told,
    check_outgoing,
    draft,
    emails_of,
    fill,
    places_of,
)
from counterfoil.support.rules import CaseError, Verb

# What the account's people are told by mail and on their page (`AlertKind` of the notify room).
CASE_ANSWERED = "case_answered"
# Of ids and addresses in one search: it reads no more of either.
_AT_ONCE = EMAILS_MAX
# Where a call came from is nobody's business in a mail; whoever may know it reads it in the console.
_NOT_WRITTEN = frozenset({"client_address"})
_ID = re.compile(r"(?<![a-z0-9_])[a-z]{2,6}_[0-9a-f]{32}(?![0-9a-z_])")


class KnowsUpstreams(Protocol):
    """The names of upstreams, which no customer ever reads."""

    async def names(self) -> Sequence[str]: ...


class FindsOwners(Protocol):
    """Whose a thing is (`evidence.search_service.Search`)."""

    async def find(self, text: str) -> Found: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of one of many answers: sent, objected to, or refused with a code."""

    case_id: UUID
    objections: tuple[Objection, ...] = ()
    code: str | None = None

    @property
    def is_sent(self) -> bool:
        return not self.objections and self.code is None


class Replies:
    """Writes to whoever reported a case."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        cases: Cases,
        evidence: Explains,
        upstreams: KnowsUpstreams,
        owners: FindsOwners,
    ) -> None:
        self._database = database
        self._clock = clock
        self._cases = cases
        self._evidence = evidence
        self._upstreams = upstreams
        self._owners = owners

    async def draft(self, case_id: UUID, *, principal: Principal) -> str:
        """An answer in the case's language, from the explanation of its record, with the numbers that its reporter may see:
        none where nobody knows which account that is. Raises `NotFound`."""
        case = await self._cases.case(case_id, principal=principal)
        told = await self._explanation(case)
        async with self._database.reading() as connection:
            settled = await cases_store.settlements_of(connection, [case_id])
        return draft(_told(case, told, settled), _frame(case), language=case.language)

    async def facts(self, case_id: UUID, *, principal: Principal) -> dict[str, str]:
        """What may stand in a snippet's places for a case, by name. Raises `NotFound`."""
        case = await self._cases.case(case_id, principal=principal)
        return await self._facts(case)

    async def check(self, case_id: UUID, words: str, *, principal: Principal) -> tuple[Objection, ...]:
        """What must not go out of a text to a case's reporter; empty where it may be sent. Raises `NotFound`, `InputError`."""
        case = await self._cases.case(case_id, principal=principal)
        return await self._objections(case, rules.check_text("text", words))

    async def send(self, case_id: UUID, words: str, *, principal: Principal) -> Case:
        """Answer a case. The account's people are told that there is an answer.

        Raises `NotFound`, `InputError`, `Conflict` (`case_reply_objected` with what is objected to, `case_is_over`).
        """
        written = rules.check_text("text", words)
        case = await self._cases.case(case_id, principal=principal)
        objections = await self._objections(case, written)
        if objections:
            raise Conflict(
                code=CaseError.REPLY_OBJECTED, case=case.number,
                objections=", ".join(f"{one.kind.value}: {one.words}" for one in objections),
            )  # fmt: skip
        return await self._write(case, written, by=principal.name)

    async def send_to_many(self, case_ids: Sequence[UUID], snippet: str, *, principal: Principal) -> list[Answered]:
        """Answer several cases with one snippet, each with its own facts and checked for itself. One that cannot be sent
        keeps nobody else from an answer. Raises `InputError` for a snippet with unreadable places, or more than 200 cases."""
        written = rules.check_text("snippet", snippet)
        answered: list[Answered] = []
        places_of(written)
        if len(case_ids) > TOGETHER_MAX:
            raise InputError(field="cases", expected=f"at most {TOGETHER_MAX} cases")
        for case_id in dict.fromkeys(case_ids):
            try:
                case = await self._cases.case(case_id, principal=principal)
                filled = fill(written, await self._facts(case))
                objections = await self._objections(case, filled)
                if not objections:
                    await self._write(case, filled, by=principal.name)
                answered.append(Answered(case_id=case_id, objections=objections))
            except Unavailable:
                raise
            except CounterfoilError as error:
                answered.append(Answered(case_id=case_id, code=str(error.code)))
        return answered

    async def _write(self, case: Case, words: str, *, by: str) -> Case:
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            locked = await intake_store.lock_case(connection, case.case_id)
            if locked is None:
                raise NotFound(code=CaseError.NOT_FOUND)
            step = rules.step(
                locked[0], Verb.REPLY, number=locked[1] + 1, at=now, by=by, text=redact(words),
                facts={"cause": locked[0].cause or ""},
            )  # fmt: skip
            is_first = not await cases_store.was_answered(connection, case.case_id)
            await cases_store.write_step(connection, step)
            if step.after.account_id is not None:
                await announce(
                    connection, _told_of(step.after, step.event), announcement_id=self._clock.new_id(), now=now
                )
        if is_first:
            observed.count_first_answered(step)
        return step.after

    async def _explanation(self, case: Case) -> Explanation | None:
        """What may be told of a case's record: with the account's numbers where the case is the account's."""
        if case.subject is None:
            return None
        audience = Audience.PUBLIC if case.account_id is None else Audience.CUSTOMER
        try:
            return await self._evidence.explain(
                case.subject, language=case.language, audience=audience, account_id=case.account_id
            )
        except Unavailable:
            raise
        except CounterfoilError:
            return None

    async def _facts(self, case: Case) -> dict[str, str]:
        told = await self._explanation(case)
        facts = {"case": case.number, "problem": entry(Kind.PROBLEM_CLASS, case.problem).label[case.language]}
        if told is not None:
            facts["record"] = case.subject or ""
            facts |= {fact.name: fact.text for fact in told.facts if fact.name not in _NOT_WRITTEN} | {
                "answer": told.answer,
                "article": told.article,
            }
            if told.money is not None:
                facts["money"] = told.money
        return {name: value for name, value in facts.items() if value}

    async def _objections(self, case: Case, words: str) -> tuple[Objection, ...]:
        named = sorted({*_ID.findall(words.lower()), *emails_of(words)})
        own_ids: set[str] = set()
        own_emails: set[str] = set()
        # As many at once as a search reads.
        for start in range(0, len(named), _AT_ONCE):
            found = await self._owners.find(" ".join(named[start : start + _AT_ONCE]))
            for fit in found.accounts:
                if case.account_id is not None and fit.account_id == case.account_id:
                    own_ids |= {hit.shown for hit in fit.hits if "@" not in hit.shown}
                    own_emails |= {hit.shown for hit in fit.hits if "@" in hit.shown}
        own_ids.add(show_id("case", case.case_id))
        told = await self._explanation(case)
        if told is not None:
            # What an explanation names to this account's people is theirs; nobody is told of another's record.
            own_ids |= set(_ID.findall(draft(_told(case, told, ()), _frame(case), language=case.language)))
            own_ids |= (
                {case.subject.split(" ")[0]} if case.subject is not None and case.account_id is not None else set()
            )
        # What somebody has named themselves is no news to them.
        own_ids |= {one for value in case.values.values() for one in _ID.findall(value.lower())}
        own_emails |= set(emails_of(case.values.get("account_email", "")))
        async with self._database.reading() as connection:
            settled = await cases_store.settlements_of(connection, [case.case_id])
            others = await self._other_names(connection, case)
        return check_outgoing(
            words,
            Allowed(
                ids=frozenset(own_ids), emails=frozenset(own_emails), upstreams=tuple(await self._upstreams.names()),
                other_names=others, is_settled=any(one.state is SettlementState.DONE for one in settled),
            ),
        )  # fmt: skip

    async def _other_names(self, connection: Connection, case: Case) -> tuple[str, ...]:
        """The names of accounts whose records were candidates too: what somebody at the desk has just read."""
        search = await cases_store.last_search(connection, case.case_id)
        found = {one.account_id for one in (search.candidates if search is not None else ()) if one.account_id}
        known = await search_store.contexts_of(connection, sorted(found))
        own = known.pop(case.account_id).name if case.account_id in known else None
        return tuple(sorted({one.name for one in known.values()} - {own}))


def _told_of(case: Case, event: CaseEvent) -> Announcement:
    return Announcement(
        kind=CASE_ANSWERED, key=f"{CASE_ANSWERED}:{case.case_id.hex}:{event.event_no}", account_id=case.account_id,
        facts={"case": case.number},
    )  # fmt: skip


def _frame(case: Case) -> Frame:
    def say(code: str) -> str:
        return text(Kind.WORD, code, case.language, case=case.number)

    return Frame(
        greeting=say("case_reply_greeting"), found=say("case_reply_found"), facts=say("case_reply_facts"),
        next_steps=say("case_reply_next"), closing=say("case_reply_closing"),
    )  # fmt: skip


def _told(case: Case, told: Explanation | None, settled: Sequence[CaseSettlement]) -> Told:
    done = [_settled(one, case.language) for one in settled if one.state is SettlementState.DONE]
    if told is None:
        words = entry(Kind.PROBLEM_CLASS, case.problem)
        return Told(
            answer=text(Kind.WORD, "case_reply_not_found", case.language), findings=tuple(done),
            next_steps=(words.next_step.what_to_change[case.language],),
        )  # fmt: skip
    return Told(
        answer=told.answer,
        money=told.money,
        findings=(*done, *(finding.text for finding in told.findings)),
        facts=tuple((fact.label, fact.text) for fact in told.facts if fact.name not in _NOT_WRITTEN),
        next_steps=told.next_steps,
        how_to_go_back=told.how_to_go_back,
    )


def _settled(one: CaseSettlement, language: Language) -> str:
    amount = f"{format_nanos(one.amount)} {one.currency}"
    return text(Kind.WORD, f"case_settled_{one.kind.value}", language, amount=amount)
