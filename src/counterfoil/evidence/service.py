"""Use case of evidence: explain a request, a task, a submission, a recharge, a code, a key at a time, an account's window,
or the error text that somebody pastes. Reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from counterfoil.evidence import store
from counterfoil.evidence.asking import Asker
from counterfoil.evidence.checks import recorded_checks
from counterfoil.evidence.clues import Clues, find_clues
from counterfoil.evidence.copies import explain_submission
from counterfoil.evidence.course import CourseStep, course_of
from counterfoil.evidence.credits_service import RechargeQuestions
from counterfoil.evidence.failures import what_became
from counterfoil.evidence.findings import Finding, FindingCode, Problem
from counterfoil.evidence.look_ups import LookUps, span_of
from counterfoil.evidence.model import AccountFacts, Audience, Earlier, Explanation, Subject, Surroundings
from counterfoil.evidence.money_explanations import explain_window
from counterfoil.evidence.rules import explain_code, explain_elsewhere, explain_request
from counterfoil.evidence.subjects import recognise
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.foundation.vocabulary import Language
from counterfoil.limits.model import Check
from counterfoil.spend.model import TASK_ENDPOINTS, RequestState, RequestView
from counterfoil.spend.submission_history import Submissions
from counterfoil.storage.database import Database
from counterfoil.tasks.model import TaskView

_NO_STATUSES: Mapping[str, int] = MappingProxyType({})
_HOUR = 3_600 * MICROS_PER_SECOND


class Requests(Protocol):
    """Where requests are found (`spend.service.Spend`)."""

    async def request(self, request_id: UUID, *, account_id: UUID | None = None) -> RequestView: ...


class FoundTasks(Protocol):
    """Where tasks are found (`tasks.service.Tasks`)."""

    async def find(self, task_id: UUID, *, account_id: UUID | None = None, key_id: UUID | None = None) -> TaskView: ...


class RefusalCauses(Protocol):
    """Why a request was refused: each cause tested by deciding again without it."""

    async def of_refusal(self, view: RequestView, checks: Sequence[Check]) -> Sequence[Finding]: ...


class BalanceDrops(Protocol):
    """Why a balance fell in a window; never nothing. Raises `NotFound` and `InputError`."""

    async def findings(self, account_id: UUID, *, start: int, end: int) -> Sequence[Finding]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """What is asked about money beyond requests; without one of them, its questions are not answered."""

    causes: RefusalCauses | None = None
    drops: BalanceDrops | None = None
    recharges: RechargeQuestions | None = None
    look_ups: LookUps | None = None


class Evidence:
    """Answers "why" from what is on record.

    `statuses` are the HTTP statuses of refusal codes, which the gateway knows; refused requests do not record one. Without
    `tasks`, a task is explained as the request that it came from.
    """

    def __init__(
        self,
        spend: Requests,
        database: Database,
        clock: Clock,
        *,
        tasks: FoundTasks | None = None,
        statuses: Mapping[str, int] = _NO_STATUSES,
        desks: Desks | None = None,
    ) -> None:
        self._spend = spend
        self._tasks = tasks
        self._submissions = Submissions(database, clock=clock)
        self._database = database
        self._clock = clock
        self._statuses = statuses
        self._desks = Desks() if desks is None else desks

    async def explain(
        self,
        subject: str,
        *,
        language: Language = Language.EN,
        audience: Audience = Audience.PUBLIC,
        account_id: UUID | None = None,
    ) -> Explanation:
        """Explain what a text names: a request, a task or a submission by its id; an order; a redemption code (whole, by its
        id, or by its mask and an account); a key (by its id or mask) with a time; an account with a window; or whatever error
        text holds one of these. Without a record, our code or another service's error in general.

        `account_id` is the account of whoever asks: of a customer required, and all that may be seen; of an operator the
        account of the customer who has asked him. Raises `NotFound`: `request_not_found` and its like for what is not on
        record, `subject_private` for what is not shown in public, `subject_not_recognised` for a text that names nothing;
        `Conflict` `subject_ambiguous`; `InputError` for a key without a time, or a window that is too long.
        """
        asker = Asker(language=language, audience=audience, account_id=account_id)
        found = recognise(subject, now=self._clock.now())
        for one in found.ids:
            also = tuple(other.shown for other in found.ids if other is not one)
            try:
                if one.kind == "submission":
                    return await self._submission(one.value, asker, also)
                view = await self._spend.request(one.value, account_id=asker.only)
            except NotFound:
                continue
            task = await self._task_of(view)
            if one.kind == "task" and task is None and view.endpoint not in TASK_ENDPOINTS:
                continue
            return await self._request(view, task, asker, also)
        clues = find_clues(subject, now=self._clock.now())
        if audience is not Audience.PUBLIC and (found.words is None or clues.ids):
            told = await self._by_clues(clues, found, asker)
            if told is not None:
                return told
        return self._without_record(found, clues, asker)

    async def course(self, view: RequestView, *, task: TaskView | None, audience: Audience) -> tuple[CourseStep, ...]:
        """What happened to a request (with its attempts) and to the task that it began, step by step."""
        async with self._database.reading() as connection:
            ledgered = await store.ledger_of(
                connection, account_id=view.account_id, request_id=view.request_id, since=view.received_at
            )
        return course_of(view, ledgered, task=task, audience=audience)

    # -- requests ------------------------------------------------------------------------------------------------

    async def _request(
        self, view: RequestView, task: TaskView | None, asker: Asker, also: tuple[str, ...]
    ) -> Explanation:
        async with self._database.reading() as connection:
            around = await store.surroundings_of(
                connection, account_id=view.account_id, request_id=view.request_id, limit_ids=_limit_ids(view)
            )
        if around is None:
            raise NotFound(code="request_not_found", id=show_id("request", view.request_id))
        earlier = await self._earlier_than(view)
        return explain_request(
            view, around, statuses=self._statuses, asker=asker, task=task, earlier=earlier, also=also,
            findings=await self._findings(view, around, task, earlier),
        )  # fmt: skip

    async def _findings(
        self, view: RequestView, around: Surroundings, task: TaskView | None, earlier: Earlier | None
    ) -> Sequence[Finding]:
        if view.state == RequestState.REFUSED:
            causes = self._desks.causes
            found = () if causes is None else await causes.of_refusal(view, recorded_checks(view, around))
            # Where no cause can be named, the code says what stood in the way.
            return found or [Finding(code=FindingCode.REFUSED_FOR_ITS_CODE, names={"code": view.code or ""})]
        async with self._database.reading() as connection:
            ledgered = await store.ledger_of(
                connection, account_id=view.account_id, request_id=view.request_id, since=view.received_at
            )
        copies = () if ledgered.charged else await self._copies_of(view)
        return [what_became(view, task, ledgered, copies=copies, earlier=earlier)]

    async def _copies_of(self, view: RequestView) -> Sequence[RequestView]:
        """The other requests of the same submission; one that was sent once has none."""
        if view.submission_id is None:
            return ()
        try:
            return (await self._submissions.find(view.submission_id, account_id=view.account_id)).requests
        except NotFound:
            return ()

    async def _submission(self, submission_id: UUID, asker: Asker, also: tuple[str, ...]) -> Explanation:
        view = await self._submissions.find(submission_id, account_id=asker.only)
        async with self._database.reading() as connection:
            account = await store.account_facts(connection, view.account_id)
        time_zone = "UTC" if account is None else account.time_zone
        reader = asker.reader(currency=view.currency, time_zone=time_zone)
        return explain_submission(view, reader=reader, audience=asker.audience, also=also)

    async def _task_of(self, view: RequestView) -> TaskView | None:
        """The task that a request began; a refused one has begun none."""
        if self._tasks is None or view.endpoint not in TASK_ENDPOINTS:
            return None
        try:
            return await self._tasks.find(view.request_id, account_id=view.account_id)
        except NotFound:
            return None

    async def _earlier_than(self, view: RequestView) -> Earlier | None:
        """The copy that a request was held against, as it stands now."""
        if view.first_request_id is None:
            return None
        try:
            request = await self._spend.request(view.first_request_id, account_id=view.account_id)
        except NotFound:
            return None
        return Earlier(request=request, task=await self._task_of(request))

    # -- what is not for the public ------------------------------------------------------------------------------

    async def _by_clues(self, clues: Clues, found: Subject, asker: Asker) -> Explanation | None:
        """What else the text names, the surest first; None where it is nothing of that."""
        also = tuple(one.shown for one in clues.ids)
        recharges, look_ups = self._desks.recharges, self._desks.look_ups
        order_id, code_id = clues.first("order"), clues.first("code")
        if recharges is not None:
            if order_id is not None:
                return await recharges.order(order_id, asker, also=_without(also, show_id("order", order_id)))
            if clues.redemption_code is not None:
                return await recharges.typed_code(clues.redemption_code, asker, also=also)
            if code_id is not None:
                return await recharges.code(code_id, asker, also=_without(also, show_id("code", code_id)))
        if look_ups is None:
            return None
        key = await look_ups.key(clues, asker)
        if key is not None:
            if not clues.times:
                raise InputError(code="subject_without_time")
            return await self._at_a_time(clues, found, asker, account_id=key.account_id, key_id=key.key_id)
        if clues.names_key and clues.first("account") is None:
            # A key that is nobody's here, or not the asker's: its time is no window of the asker's account.
            if clues.times and found.code is None:
                raise NotFound(code="nothing_at_that_time")
            return None
        account = await look_ups.account(clues, asker)
        if recharges is not None and clues.code_last_four is not None:
            owner = asker.account_id if account is None else account.account_id
            if owner is not None:
                return await recharges.masked_code(clues.code_last_four, owner, asker, also=also)
        return None if account is None else await self._account(account, clues, found, asker)

    async def _at_a_time(
        self, clues: Clues, found: Subject, asker: Asker, *, account_id: UUID, key_id: UUID
    ) -> Explanation:
        """The request of a key around a time. Raises `NotFound`."""
        look_ups = self._desks.look_ups
        assert look_ups is not None
        time_zone = await look_ups.time_zone(account_id)
        span = span_of(clues.times, time_zone=time_zone, now=self._clock.now())
        near = await look_ups.at_that_time(account_id, span, key_id=key_id, code=found.code)
        if near is None:
            raise NotFound(code="nothing_at_that_time")
        return await self._found(near.request_id, near.others, account_id, asker)

    async def _account(self, account: AccountFacts, clues: Clues, found: Subject, asker: Asker) -> Explanation | None:
        """An account's window; at one moment, the request that was refused or failed then, if there is one."""
        look_ups, drops = self._desks.look_ups, self._desks.drops
        assert look_ups is not None
        now = self._clock.now()
        span = span_of(clues.times, time_zone=account.time_zone, now=now)
        start, end = span.start, span.end
        if span.is_point:
            near = await look_ups.at_that_time(account.account_id, span, code=found.code)
            if near is not None and (near.is_asked_about or drops is None):
                return await self._found(near.request_id, near.others, account.account_id, asker)
            # The hour around it: what else may be meant fell then.
            start -= start % _HOUR
            end = start + _HOUR
        if drops is None:
            return None
        findings = list(await drops.findings(account.account_id, start=start, end=end))
        problem = Problem.FELL
        recharges = self._desks.recharges
        if recharges is not None and all(one.code is FindingCode.USE_AS_USUAL for one in findings):
            # Nothing fell; what did not arrive may be what is missed.
            missing = await recharges.uncredited(account.account_id, asker, start=start, end=end)
            problem = Problem.NOT_CREDITED if missing else problem
            findings = [*missing, *findings]
        reader = asker.reader(currency=account.currency, time_zone=account.time_zone)
        return explain_window(
            account, findings, start=start, end=end, problem=problem, reader=reader, audience=asker.audience
        )

    async def _found(self, request_id: UUID, others: Sequence[UUID], account_id: UUID, asker: Asker) -> Explanation:
        view = await self._spend.request(request_id, account_id=account_id)
        also = tuple(show_id("request", one) for one in others)
        return await self._request(view, await self._task_of(view), asker, also)

    # -- without a record ----------------------------------------------------------------------------------------

    def _without_record(self, found: Subject, clues: Clues, asker: Asker) -> Explanation:
        if found.code is not None:
            # A call with an unknown key has an id and no record; its code still says what to do.
            return explain_code(found.code, statuses=self._statuses, language=asker.language, audience=asker.audience)
        if found.words is not None:
            return explain_elsewhere(found, language=asker.language, audience=asker.audience)
        if found.ids:
            raise NotFound(code=f"{found.ids[0].kind}_not_found", id=found.ids[0].shown)
        if found.unknown_id:
            raise NotFound(code="request_not_found", id=found.unknown_id)
        if asker.audience is Audience.PUBLIC and clues.names_something:
            raise NotFound(code="subject_private")
        raise NotFound(code="subject_not_recognised")


def _without(shown: tuple[str, ...], one: str) -> tuple[str, ...]:
    return tuple(each for each in shown if each != one)


def _limit_ids(view: RequestView) -> list[UUID]:
    """The limits that an admitted request's record names by id; a refusal's record says everything itself."""
    return [UUID(hex=limit[0]) for limit in json.loads(view.checks).get("limits", ())]
