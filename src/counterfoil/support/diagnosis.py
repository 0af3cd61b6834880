"""Background work of the desk: search the records of what has come in, explain the likeliest, put it with its like.

Leased, and safe to do twice: a case is taken for some minutes, and whoever dies over it leaves it to the next. It confirms
no record: that is a person's to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from counterfoil.evidence.model import Audience, Explanation
from counterfoil.evidence.same_account import ClaimKind, SameAccountAnswer
from counterfoil.evidence.same_account_service import Given
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Broken, CounterfoilError, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import MICROS_PER_SECOND, show_time
from counterfoil.foundation.vocabulary import Language
from counterfoil.observability import BACKGROUND_ERRORS, log
from counterfoil.storage.database import Database
from counterfoil.support import cases_store, intake_store, observed, rules
from counterfoil.support.desk_model import CaseSearch
from counterfoil.support.grouping_rules import find_group, structured_key
from counterfoil.support.model import Candidate, Case
from counterfoil.support.rules import OVER, Verb
from counterfoil.support.search import RecordSearch, Searched
from counterfoil.support.told import says_several

# By whom the events of this work are.
BY = "counterfoil"
# The lease's name.
WORK = "case_diagnosis"
# Cases of one round; a burst of two thousand is through within some minutes.
ROUND_MAX = 50
# Nobody else takes a case for so long; a search takes well below a second.
TAKEN_MICROS = 5 * 60 * MICROS_PER_SECOND
# The longest that is waited between two cases for what cannot wait.
STANDS_BACK_SECONDS_MAX = 0.5
# How long a group takes in more: what comes later is a new outbreak.
GROUP_MICROS = 7 * 86_400 * MICROS_PER_SECOND
GROUPS_MAX = 500
# The best of the candidates that are explained, so that each is shown with its cause.
EXPLAINED_MAX = 3


class Explains(Protocol):
    """Why something is so (`evidence.service.Evidence`)."""

    async def explain(
        self, subject: str, *, language: Language = ..., audience: Audience = ..., account_id: UUID | None = None
    ) -> Explanation: ...


class ComparesAccounts(Protocol):
    """Whether things belong to one account (`evidence.same_account_service.SameAccount`)."""

    async def check(
        self, given: Sequence[Given], *, language: Language = ..., account_id: UUID | None = None
    ) -> SameAccountAnswer: ...


class Diagnosis:
    """Searches and explains cases that are due."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        search: RecordSearch,
        evidence: Explains,
        same_account: ComparesAccounts,
    ) -> None:
        self._database = database
        self._clock = clock
        self._search = search
        self._evidence = evidence
        self._same_account = same_account

    async def diagnose_due(self) -> int:
        """Do what is due, one round of it; returns how many cases that were. A case that fails comes again later."""
        now = self._clock.now()
        taken_until = now + TAKEN_MICROS
        async with self._database.unit_of_work() as connection:
            due = await cases_store.take_due(connection, now=now, again_at=taken_until, most=ROUND_MAX)
        done = 0
        for case in due:
            began = self._clock.now()
            try:
                await self._diagnose(case, taken_until)
                done += 1
            except Unavailable:
                # The database is away: the others would fare no better.
                raise
            except Exception:  # noqa: BLE001 - one case keeps no other waiting, and comes again
                BACKGROUND_ERRORS.labels(work=WORK).inc()
                log.exception("case_not_diagnosed", case=case.number)
            # Calls and new cases come first: where they make a case take longer, the next one waits as long again.
            took = (self._clock.now() - began) / MICROS_PER_SECOND
            await asyncio.sleep(min(max(took, 0.0), STANDS_BACK_SECONDS_MAX))
        return done

    async def _diagnose(self, case: Case, taken_until: int) -> None:
        searched = await self._search.search(case)
        candidates, best = await self._explained(case, searched)
        verdict = await self._verdict(case, candidates)
        cause = None if best is None else cause_of(best)
        async with self._database.unit_of_work() as connection:
            locked = await intake_store.lock_case(connection, case.case_id)
            if locked is None:
                raise Broken(reason="a case has gone")
            case, last_no = locked
            if case.purged_at is not None or case.state in OVER:
                await cases_store.end_search(connection, case.case_id, taken_until=taken_until)
                return
            now = self._clock.now()
            last = await cases_store.last_search(connection, case.case_id)
            await cases_store.insert_search(
                connection,
                CaseSearch(
                    case_id=case.case_id, search_no=1 if last is None else last.search_no + 1, at=now,
                    candidates=candidates, explanation=None if best is None else best.to_dict(), same_account=verdict,
                ),
            )  # fmt: skip
            step = rules.step(case, Verb.SEARCH, number=last_no + 1, at=now, by=BY, facts=_found(candidates, verdict))
            await cases_store.write_step(connection, step)
            # Until somebody confirms the record, the cause is the likeliest one's: the queue is sorted and grouped by it.
            is_of_case = case.subject is None or any(one.subject == case.subject for one in candidates)
            changes: dict[str, Any] = {"cause": cause} if is_of_case else {}
            step = rules.step(
                step.after, Verb.DIAGNOSE, number=last_no + 2, at=now, by=BY,
                facts={"cause": cause or "", "explained": "1" if best is not None else "0"}, changes=changes,
            )  # fmt: skip
            await cases_store.write_step(connection, step)
        if last is None:
            observed.count_diagnosed(step)
        await self._group(case.case_id, taken_until)

    async def _explained(self, case: Case, searched: Searched) -> tuple[tuple[Candidate, ...], Explanation | None]:
        """The candidates, the first few with their causes, and the explanation of the best."""
        # Whoever asks for an account's record later asks for its window too.
        candidates = [replace(one, subject=subject_of(one, searched)) for one in searched.candidates]
        # What a person has confirmed is what is explained, whatever would be likelier.
        chosen = next((place for place, one in enumerate(candidates) if one.subject == case.subject), 0)
        best: Explanation | None = None
        for place in sorted({chosen, *range(min(EXPLAINED_MAX, len(candidates)))} if candidates else ()):
            candidate = candidates[place]
            told = await self._explain(case, asked_about(candidate, searched), asker_of(candidate, searched))
            if told is None:
                continue
            candidates[place] = replace(candidate, cause=cause_of(told))
            best = told if place == chosen else best
        if not candidates:
            # No record: what the error's text says in general is still an answer.
            text = case.values.get("error_text") or case.values.get("message_shown")
            best = None if text is None else await self._explain(case, text, case.account_id)
        return tuple(candidates), best

    async def _explain(self, case: Case, subject: str, account_id: UUID | None) -> Explanation | None:
        try:
            return await self._evidence.explain(
                subject, language=case.language, audience=Audience.OPERATOR, account_id=account_id
            )
        except Unavailable:
            raise
        except CounterfoilError:
            # What cannot be explained is still a candidate.
            return None

    async def _verdict(self, case: Case, candidates: Sequence[Candidate]) -> str | None:
        """Whether what was named belongs to one account; None where there is nothing to compare."""
        given = claims_of(case.values, candidates)
        if len(given) < 2:
            return None
        try:
            return str((await self._same_account.check(given, language=case.language)).verdict)
        except Unavailable:
            raise
        except CounterfoilError:
            return None

    async def _group(self, case_id: UUID, taken_until: int) -> None:
        """Put a case with its like: into the group that it belongs to, or into one of its own where records give it a key.
        Only then its search is done: whoever dies before leaves it to the next.
        """
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            locked = await intake_store.lock_case(connection, case_id)
            await cases_store.end_search(connection, case_id, taken_until=taken_until)
            if locked is None or locked[0].group_id is not None or locked[0].state in OVER:
                return
            case, last_no = locked
            search = await cases_store.last_search(connection, case_id)
            report = cases_store.report_of(case, best_of(search))
            # Words alone make a group too: the next one that is like it finds it by its first case.
            key = structured_key(report) or f"case:{case.case_id.hex}"
            group_id = await cases_store.find_group(connection, key)
            if group_id is None:
                standing = await cases_store.standing_groups(
                    connection, case.problem, since=now - GROUP_MICROS, most=GROUPS_MAX
                )
                group_id = find_group(report, standing)
            if group_id is None:
                group_id = await cases_store.insert_group(
                    connection, group_id=self._clock.new_id(), key=key, problem=case.problem, cause=case.cause, now=now
                )
            await cases_store.count_in_group(connection, group_id, joined=1, now=now)
            step = rules.step(
                case, Verb.GROUP, number=last_no + 1, at=now, by=BY, facts={"group": show_id("case_group", group_id)},
                changes={"group_id": group_id},
            )  # fmt: skip
            await cases_store.write_step(connection, step)


def _found(candidates: Sequence[Candidate], verdict: str | None) -> dict[str, str]:
    facts = {"candidates": str(len(candidates)), "same_account": verdict or ""}
    if candidates:
        facts |= {"best": candidates[0].subject, "score": str(candidates[0].score)}
    return facts


def best_of(search: CaseSearch | None) -> Candidate | None:
    """The likeliest of what a search has found."""
    return search.candidates[0] if search is not None and search.candidates else None


def cause_of(told: Explanation) -> str | None:
    """What an explanation comes down to: its weightiest finding, else the code."""
    return str(told.findings[0].code) if told.findings else told.code


def subject_of(candidate: Candidate, searched: Searched) -> str:
    """What `evidence` is asked about a candidate: its id, with the window where it is an account."""
    if candidate.kind != "account":
        return candidate.subject
    times = searched.said.times.get("time_window", ())
    zone = searched.reading.account_zone or searched.reading.zones(searched.said.language)[0]
    if not times:
        return candidate.subject
    end = times[-1].end(zone) if times[-1].is_day else times[-1].start(zone)
    whole = (times[0].start(zone),) if len(times) == 1 and not times[0].is_day else (times[0].start(zone), end)
    return " ".join([candidate.subject, *(show_time(at) for at in whole)])


def asked_about(candidate: Candidate, searched: Searched) -> str:
    """What `evidence` is asked about a candidate. Who names a submission, or says how often they have sent it, asks about all
    its copies."""
    said = searched.said
    submission_id = searched.submissions.get(candidate.subject)
    if submission_id is None:
        return candidate.subject
    submission = show_id("submission", submission_id)
    is_named = any(submission in said.values.get(name, "").lower() for name in ("request_id", "task_id"))
    return (
        submission
        if is_named or said.is_several or says_several(said.values.get("resubmitted", ""))
        else candidate.subject
    )


def asker_of(candidate: Candidate, searched: Searched) -> UUID | None:
    """For whose account a candidate is explained. Whoever reports an order or a code is of its account if they may be; if they
    are of others only, it is theirs that have nothing; nobody who is not known is of any."""
    if candidate.kind not in ("order", "code") or candidate.account_id in searched.accounts:
        return candidate.account_id
    return next(iter(searched.accounts), None)


def claims_of(values: Mapping[str, str], candidates: Sequence[Candidate]) -> list[Given]:
    """What a case names that has an account behind it: the person, the key, and the best record of each kind."""
    given: list[Given] = []
    person = next((values[name] for name in ("account_email", "user_number", "nickname") if values.get(name)), None)
    if person is not None:
        given.append(Given(kind=ClaimKind.MEMBER, text=person))
    if values.get("account"):
        given.append(Given(kind=ClaimKind.ACCOUNT, text=values["account"]))
    if values.get("key_mask"):
        given.append(Given(kind=ClaimKind.KEY, text=values["key_mask"]))
    kinds = {
        "order": ClaimKind.ORDER, "code": ClaimKind.CODE, "request": ClaimKind.REQUEST, "task": ClaimKind.REQUEST
    }  # fmt: skip
    seen: set[ClaimKind] = set()
    for one in candidates:
        kind = kinds.get(one.kind)
        if kind is not None and kind not in seen:
            seen.add(kind)
            given.append(Given(kind=kind, text=one.subject))
    return given
