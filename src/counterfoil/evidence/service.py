"""Use cases of evidence: explain a request id, an error text or a code. Reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from counterfoil.evidence import store
from counterfoil.evidence.model import Audience, Explanation, Subject
from counterfoil.evidence.rules import explain_code, explain_elsewhere, explain_request
from counterfoil.evidence.subjects import recognise
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.spend.model import RequestView
from counterfoil.storage.database import Database

_NO_STATUSES: Mapping[str, int] = MappingProxyType({})


class Requests(Protocol):
    """Where requests are found (`spend.service.Spend`)."""

    async def request(self, request_id: UUID, *, account_id: UUID | None = None) -> RequestView: ...


class Evidence:
    """Answers "why" from what is on record.

    `statuses` are the HTTP statuses of refusal codes, which the gateway knows; refused requests do not record one.
    """

    def __init__(
        self, spend: Requests, database: Database, clock: Clock, *, statuses: Mapping[str, int] = _NO_STATUSES
    ) -> None:
        self._spend = spend
        self._database = database
        self._clock = clock
        self._statuses = statuses

    async def explain(
        self, subject: str, *, language: Language = Language.EN, audience: Audience = Audience.PUBLIC
    ) -> Explanation:
        """Explain a request id, or whatever error text holds one; without one, our code or another service's error.

        Raises `NotFound`: `request_not_found` for an id that is not on record, `subject_not_recognised` for a text that
        names nothing.
        """
        found = recognise(subject, now=self._clock.now())
        for place, request_id in enumerate(found.request_ids):
            try:
                view = await self._spend.request(request_id)
            except NotFound:
                continue
            others = [one for number, one in enumerate(found.request_ids) if number != place]
            return await self._explain_request(view, others, language=language, audience=audience)
        return self._explain_without_request(found, language=language, audience=audience)

    async def _explain_request(
        self, view: RequestView, others: list[UUID], *, language: Language, audience: Audience
    ) -> Explanation:
        async with self._database.reading() as connection:
            around = await store.surroundings_of(
                connection, account_id=view.account_id, request_id=view.request_id, limit_ids=_limit_ids(view)
            )
        if around is None:
            raise NotFound(code="request_not_found", id=show_id("request", view.request_id))
        return explain_request(
            view, around, statuses=self._statuses, language=language, audience=audience,
            also=tuple(show_id("request", one) for one in others),
        )  # fmt: skip

    def _explain_without_request(self, found: Subject, *, language: Language, audience: Audience) -> Explanation:
        if found.code is not None:
            # A call with an unknown key has an id and no record; its code still says what to do.
            return explain_code(found.code, statuses=self._statuses, language=language, audience=audience)
        if found.words is not None:
            return explain_elsewhere(found, language=language, audience=audience)
        if found.request_ids or found.unknown_id:
            shown = found.unknown_id or show_id("request", found.request_ids[0])
            raise NotFound(code="request_not_found", id=shown)
        raise NotFound(code="subject_not_recognised")


def _limit_ids(view: RequestView) -> list[UUID]:
    """The limits that an admitted request's record names by id; a refusal's record says everything itself."""
    return [UUID(hex=limit[0]) for limit in json.loads(view.checks).get("limits", ())]
