"""Use cases of evidence: explain a request, a task, a submission, an error text or a code. Reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from counterfoil.evidence import store
from counterfoil.evidence.copies import explain_submission
from counterfoil.evidence.model import Audience, Earlier, Explanation, Subject
from counterfoil.evidence.rules import explain_code, explain_elsewhere, explain_request
from counterfoil.evidence.subjects import recognise
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.spend.model import TASK_ENDPOINTS, RequestView
from counterfoil.spend.submission_history import Submissions
from counterfoil.storage.database import Database
from counterfoil.tasks.model import TaskView

_NO_STATUSES: Mapping[str, int] = MappingProxyType({})


class Requests(Protocol):
    """Where requests are found (`spend.service.Spend`)."""

    async def request(self, request_id: UUID, *, account_id: UUID | None = None) -> RequestView: ...


class FoundTasks(Protocol):
    """Where tasks are found (`tasks.service.Tasks`)."""

    async def find(self, task_id: UUID, *, account_id: UUID | None = None, key_id: UUID | None = None) -> TaskView: ...


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
    ) -> None:
        self._spend = spend
        self._tasks = tasks
        self._submissions = Submissions(database, clock=clock)
        self._database = database
        self._clock = clock
        self._statuses = statuses

    async def explain(
        self, subject: str, *, language: Language = Language.EN, audience: Audience = Audience.PUBLIC
    ) -> Explanation:
        """Explain a request, a task or a submission by its id, or whatever error text holds one; without one, our code or
        another service's error.

        Raises `NotFound`: `request_not_found`, `task_not_found` or `submission_not_found` for an id that is not on record,
        `subject_not_recognised` for a text that names nothing.
        """
        found = recognise(subject, now=self._clock.now())
        for one in found.ids:
            also = tuple(other.shown for other in found.ids if other is not one)
            try:
                if one.kind == "submission":
                    submission = await self._submissions.find(one.value)
                    return explain_submission(submission, language=language, audience=audience, also=also)
                view = await self._spend.request(one.value)
            except NotFound:
                continue
            task = await self._task_of(view)
            if one.kind == "task" and task is None and view.endpoint not in TASK_ENDPOINTS:
                continue
            return await self._explain_request(view, task, also, language=language, audience=audience)
        return self._explain_without_record(found, language=language, audience=audience)

    async def _explain_request(
        self,
        view: RequestView,
        task: TaskView | None,
        also: tuple[str, ...],
        *,
        language: Language,
        audience: Audience,
    ) -> Explanation:
        async with self._database.reading() as connection:
            around = await store.surroundings_of(
                connection, account_id=view.account_id, request_id=view.request_id, limit_ids=_limit_ids(view)
            )
        if around is None:
            raise NotFound(code="request_not_found", id=show_id("request", view.request_id))
        return explain_request(
            view, around, statuses=self._statuses, language=language, audience=audience, task=task,
            earlier=await self._earlier_than(view), also=also,
        )  # fmt: skip

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

    def _explain_without_record(self, found: Subject, *, language: Language, audience: Audience) -> Explanation:
        if found.code is not None:
            # A call with an unknown key has an id and no record; its code still says what to do.
            return explain_code(found.code, statuses=self._statuses, language=language, audience=audience)
        if found.words is not None:
            return explain_elsewhere(found, language=language, audience=audience)
        if found.ids:
            raise NotFound(code=f"{found.ids[0].kind}_not_found", id=found.ids[0].shown)
        if found.unknown_id:
            raise NotFound(code="request_not_found", id=found.unknown_id)
        raise NotFound(code="subject_not_recognised")


def _limit_ids(view: RequestView) -> list[UUID]:
    """The limits that an admitted request's record names by id; a refusal's record says everything itself."""
    return [UUID(hex=limit[0]) for limit in json.loads(view.checks).get("limits", ())]
