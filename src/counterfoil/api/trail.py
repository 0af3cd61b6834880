"""The audit trail of the management API: what staff saw or did is on record before they are told what came of it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterfoil.api.access import Asking
from counterfoil.api.services import Services

# What it was for, such as a ticket's number; percent-encoded where it is not ASCII.
WHY_HEADER = "X-Counterfoil-Why"
_WHY_CHARACTERS_MAX = 2_000
_ERRORS_FROM = 400


class Trail:
    """Records what a route let somebody do as staff, by the route's name; never what was sent or answered."""

    def __init__(self, application: ASGIApp, *, services: Callable[[], Services]) -> None:
        self._application = application
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < _ERRORS_FROM:
                await self._record(scope)
            await send(message)

        await self._application(scope, receive, recorded)

    async def _record(self, scope: Scope) -> None:
        state = scope.get("state", {})
        asking: Asking | None = state.get("asking")
        if asking is None or not asking.as_staff or asking.room_records:
            return
        services, address, why = self._services(), state.get("client_address"), _why(scope)
        accounts: list[UUID] = [asking.account_id] if asking.account_id is not None else state.get("seen_accounts", [])
        if asking.reads:
            for account_id in accounts:
                await services.audit.saw(asking.principal, account_id, asking.route, why=why, client_address=address)
            return
        await services.audit.did(
            asking.principal, asking.route, account_id=asking.account_id, subject=asking.subject, why=why,
            client_address=address,
        )  # fmt: skip


def _why(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == WHY_HEADER.lower().encode():
            return unquote(value.decode("latin-1"))[:_WHY_CHARACTERS_MAX].strip() or None
    return None
