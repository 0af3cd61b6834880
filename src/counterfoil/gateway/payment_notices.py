"""GET and POST /callbacks/{provider}: what payment providers tell us of orders.

No key is needed: the signature says who it is, and is checked before anything is believed. A provider hears its own word for
"success" once what it said has committed; in every other case it hears that it has to send again. Nothing of what it sent is
repeated to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from counterfoil.foundation.errors import CounterfoilError, InputError, NotFound
from counterfoil.gateway.errors import ANSWERS, Problem
from counterfoil.gateway.exchange import BodyTooLarge, BodyTooSlow, Exchange
from counterfoil.gateway.model import GatewaySettings
from counterfoil.gateway.parsing import bad
from counterfoil.recharge.notices import Notices
from counterfoil.recharge.providers.port import NOTICE_BYTES_MAX, RawNotice, Reply

Refuse = Callable[[Exchange, Problem], Awaitable[None]]

PREFIX = "/callbacks/"
METHODS = ("GET", "POST")
_NAME_CHARACTERS_MAX = 40


class PaymentNotices:
    def __init__(self, *, notices: Notices, settings: GatewaySettings, refuse: Refuse) -> None:
        self._notices = notices
        self._settings = settings
        self._refuse = refuse

    @staticmethod
    def is_one(path: str) -> bool:
        name = path.removeprefix(PREFIX)
        return name != path and 0 < len(name) <= _NAME_CHARACTERS_MAX and "/" not in name

    async def accept(self, exchange: Exchange) -> None:
        """Take in a notice and answer as its provider wants to be answered."""
        try:
            reply = await self._reply(exchange)
        except CounterfoilError as error:
            code = "not_found" if isinstance(error, NotFound) else error.code
            known = code if code in ANSWERS else "unavailable"
            await self._refuse(exchange, Problem(code=known, request_id=exchange.shown_id))
            return
        headers = [(b"content-type", reply.content_type.encode()), (b"cache-control", b"no-store")]
        await exchange.answer(reply.status, headers, reply.body)

    async def _reply(self, exchange: Exchange) -> Reply:
        try:
            body = await exchange.read_body(bytes_max=NOTICE_BYTES_MAX, seconds_max=self._settings.body_seconds_max)
        except BodyTooLarge:
            raise bad("body_too_large", most=NOTICE_BYTES_MAX) from None
        except BodyTooSlow:
            raise InputError from None
        query: bytes = exchange.scope.get("query_string", b"")
        if len(query) > NOTICE_BYTES_MAX:
            raise bad("body_too_large", most=NOTICE_BYTES_MAX)
        raw = RawNotice(
            method=exchange.method,
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in exchange.headers.items()},
            query=query.decode("latin-1"),
            body=body,
        )
        return await self._notices.accept(exchange.path.removeprefix(PREFIX), raw)
