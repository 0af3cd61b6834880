"""POST /callbacks/upstreams/{name}: what upstreams tell us of tasks without being asked.

No key is needed: the signature says who it is, and is checked before anything is read. An upstream is told that it has
been heard once what it said has committed, and nothing of what it sent is repeated to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson

from counterfoil.foundation.errors import CounterfoilError, InputError, Unavailable
from counterfoil.gateway.errors import ANSWERS, Problem
from counterfoil.gateway.exchange import BodyTooLarge, BodyTooSlow, Exchange
from counterfoil.gateway.model import GatewaySettings, Headers
from counterfoil.gateway.parsing import bad, misunderstood
from counterfoil.tasks.callbacks import BODY_BYTES_MAX
from counterfoil.tasks.service import Tasks

Refuse = Callable[[Exchange, Problem], Awaitable[None]]

PREFIX = "/callbacks/upstreams/"
_NAME_CHARACTERS_MAX = 60
_JSON: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class Callbacks:
    def __init__(self, *, tasks: Tasks, settings: GatewaySettings, refuse: Refuse) -> None:
        self._tasks = tasks
        self._settings = settings
        self._refuse = refuse

    @staticmethod
    def is_one(path: str) -> bool:
        name = path.removeprefix(PREFIX)
        return name != path and 0 < len(name) <= _NAME_CHARACTERS_MAX and "/" not in name

    async def accept(self, exchange: Exchange) -> None:
        """Check and carry out a callback, then say so."""
        try:
            body = await self._body(exchange)
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in exchange.headers.items()}
            await self._tasks.accept_callback(exchange.path.removeprefix(PREFIX), headers, body)
        except CounterfoilError as error:
            await self._refuse(exchange, _problem_of(error, exchange))
            return
        await exchange.answer(200, _JSON, orjson.dumps({"received": True}))

    async def _body(self, exchange: Exchange) -> bytes:
        try:
            return await exchange.read_body(bytes_max=BODY_BYTES_MAX, seconds_max=self._settings.body_seconds_max)
        except BodyTooLarge:
            raise bad("body_too_large", most=BODY_BYTES_MAX) from None
        except BodyTooSlow:
            raise InputError from None


def _problem_of(error: CounterfoilError, exchange: Exchange) -> Problem:
    """An error of ours by its code; whatever else it is, the upstream sends again."""
    code = error.code
    if code not in ANSWERS:
        code = "unavailable" if isinstance(error, Unavailable) else "internal_error"
    wrong = misunderstood(error) if isinstance(error, InputError) and code == InputError.code else None
    return Problem(code=code, request_id=exchange.shown_id, misunderstood=wrong)
