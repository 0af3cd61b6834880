"""The entrance of the management API: who may come in, and how much they may bring.

It stands before the routes, so that nobody without the token gets a body parsed.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterfoil.api.problems import language_of, problem_response
from counterfoil.foundation.errors import CounterfoilError, Forbidden
from counterfoil.foundation.vocabulary import Language
from counterfoil.observability import log

# The longest list of models or networks is far below it.
BODY_BYTES_MAX = 1024 * 1024
# Five thousand prices are two megabytes.
PRICE_BOOK_BYTES_MAX = 16 * 1024 * 1024
# A busy merchant's day; what is larger is imported at the terminal.
STATEMENT_BYTES_MAX = 64 * 1024 * 1024

# Descriptions of the API hold nothing that this source does not.
OPEN_PATHS = frozenset({"/openapi.json", "/docs"})
_BEARER = "bearer "


class Entrance:
    """Lets in whoever presents the operator's token, with a body of bounded size, read whole."""

    def __init__(self, application: ASGIApp, *, is_operator: Callable[[str], bool], default_language: Language) -> None:
        self._application = application
        self._is_operator = is_operator
        self._default_language = default_language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in OPEN_PATHS:
            await self._application(scope, receive, send)
            return
        if not self._is_operator(_bearer_token(scope)):
            client = scope.get("client")
            log.warning("management_token_refused", client_address=client[0] if client else None)
            refused = Forbidden(code="unauthenticated")
            await self._refuse(refused, scope, receive, send, headers={"WWW-Authenticate": "Bearer"})
            return
        most = _most_bytes(path)
        body = await _read_body(receive, most)
        if body is None:
            too_large = CounterfoilError(code="body_too_large", most_bytes=most)
            await self._refuse(too_large, scope, receive, send, headers={"Connection": "close"})
            return
        await self._application(scope, _replay(body, receive), send)

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


async def _read_body(receive: Receive, most: int) -> bytes | None:
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


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
