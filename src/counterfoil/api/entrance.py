"""The entrance of the management API: who comes in, and how much they may bring.

It stands before the routes, so that nobody unknown gets a body parsed. What they may do is decided at the route
(`access.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterfoil.api.access import OPERATOR
from counterfoil.api.problems import language_of, problem_response
from counterfoil.api.services import Services
from counterfoil.foundation.errors import CounterfoilError, Forbidden
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal
from counterfoil.identity.people_model import Session
from counterfoil.identity.tokens import TOKEN_PREFIX
from counterfoil.observability import log

# The longest list of models or networks is far below it.
BODY_BYTES_MAX = 1024 * 1024
# Five thousand prices are two megabytes.
PRICE_BOOK_BYTES_MAX = 16 * 1024 * 1024
# A busy merchant's day; what is larger is imported at the terminal.
STATEMENT_BYTES_MAX = 64 * 1024 * 1024
# An address, a password and a code.
STRANGERS_BODY_BYTES_MAX = 16 * 1024

# Descriptions of the API hold nothing that this source does not.
OPEN_PATHS = frozenset({"/openapi.json", "/docs"})
_BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Whoever a presented token belongs to."""

    principal: Principal
    session: Session | None = None


class Entrance:
    """Lets in whoever presents a token that is known, with a body of bounded size, read whole; strangers at open paths."""

    def __init__(
        self,
        application: ASGIApp,
        *,
        services: Callable[[], Services],
        open_paths: Collection[str],
        default_language: Language,
    ) -> None:
        self._application = application
        self._services = services
        self._open_paths = open_paths
        self._default_language = default_language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in OPEN_PATHS:
            await self._application(scope, receive, send)
            return
        token, address = _bearer_token(scope), self._services().client_address(scope)
        known = await self._recognise(token, address) if token else None
        is_open = path in self._open_paths
        if known is None and not is_open:
            log.warning("management_token_refused", client_address=address or None)
            await self._refuse(Forbidden(code="unauthenticated"), scope, receive, send, headers={})
            return
        most = _most_bytes(path) if known is not None else STRANGERS_BODY_BYTES_MAX
        body = await read_body(receive, most)
        if body is None:
            too_large = CounterfoilError(code="body_too_large", most_bytes=most)
            await self._refuse(too_large, scope, receive, send, headers={"Connection": "close"})
            return
        state = {**scope.get("state", {}), "client_address": address}
        if known is not None:
            state |= {
                "principal": known.principal, "session": known.session, "session_token": token,
                "credential": hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest(),
            }  # fmt: skip
        scope["state"] = state
        await self._application(scope, replay(body, receive), send)

    async def _recognise(self, token: str, address: str) -> _Known | None:
        services = self._services()
        if services.is_operator(token):
            return _Known(principal=Principal(name=OPERATOR, is_operator=True))
        if token.startswith(TOKEN_PREFIX):
            principal = await services.tokens.principal(token)
            return None if principal is None else _Known(principal=principal)
        session = await services.sessions.session(token, client_address=address)
        return None if session is None else _Known(principal=session.person.principal(), session=session)

    async def _refuse(
        self, error: CounterfoilError, scope: Scope, receive: Receive, send: Send, *, headers: dict[str, str]
    ) -> None:
        language = language_of(scope, self._default_language)
        await problem_response(error, language=language, headers=headers)(scope, receive, send)


def _most_bytes(path: str) -> int:
    if path.startswith("/prices/"):
        return PRICE_BOOK_BYTES_MAX
    return STATEMENT_BYTES_MAX if path == "/reconcile/statements" else BODY_BYTES_MAX


def _bearer_token(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            text: str = value.decode("latin-1")
            if text[: len(_BEARER)].lower() == _BEARER:
                return text[len(_BEARER) :].strip()
    return ""


async def read_body(receive: Receive, most: int) -> bytes | None:
    """The whole body; None where it is larger than `most`, of which no more is read."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            # The client has gone; what it would have said no longer matters.
            return b"".join(parts)
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """A body that was read, for whoever reads it next."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
