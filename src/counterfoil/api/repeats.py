"""`Idempotency-Key` on every write of the management API: the same again is answered as the first time.

Only what was done is kept, for a day and sealed, since an answer may hold a secret that is shown once. What was refused
has changed nothing: its key is free again.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterfoil.api.entrance import STATEMENT_BYTES_MAX, read_body, replay
from counterfoil.api.problems import language_of, problem_response
from counterfoil.api.services import Services
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError
from counterfoil.foundation.vocabulary import Language
from counterfoil.storage.idempotency import Answer, Begun, InFlight, Reused, fingerprint_of, key_hash_of

KEY_HEADER = "Idempotency-Key"
REPLAY_HEADER = "Idempotent-Replay"
KEY_CHARACTERS_MAX = 255
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Repeats:
    """Carries a write with a key out once, however often it is sent."""

    def __init__(self, application: ASGIApp, *, services: Callable[[], Services], default_language: Language) -> None:
        self._application = application
        self._services = services
        self._default_language = default_language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key_of(scope) if scope["type"] == "http" and scope["method"] in WRITES else None
        # A stranger has no credential by which their keys could be told from others'.
        credential: bytes | None = scope.get("state", {}).get("credential")
        if key is None or credential is None:
            await self._application(scope, receive, send)
            return
        if not (1 <= len(key) <= KEY_CHARACTERS_MAX and key.isascii() and key.isprintable()):
            await self._refuse(InputError(code="idempotency_key_unreadable"), scope, receive, send)
            return
        # The entrance has bounded it.
        body = await read_body(receive, STATEMENT_BYTES_MAX) or b""
        keys = self._services().idempotency
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        taken = await keys.begin(
            key_hash=key_hash_of(credential=credential, key=key),
            fingerprint=fingerprint_of(
                method=scope["method"], path=path, query=scope.get("query_string", b""), body=body
            ),
            route=f"{scope['method']} {path}",
        )
        if isinstance(taken, Begun):
            await self._carry_out(taken, scope, replay(body, receive), send)
        elif isinstance(taken, Answer):
            await _send(taken, send, again=True)
        else:
            await self._refuse(_refusal(taken), scope, receive, send)

    async def _carry_out(self, begun: Begun, scope: Scope, receive: Receive, send: Send) -> None:
        keys, collected = self._services().idempotency, _Collected()
        try:
            async with keys.at_work(begun):
                await self._application(scope, receive, collected)
        except Exception:
            # Nothing was done that could be told again; the error itself is told of further out, which answers it.
            await keys.release(begun)
            raise
        answer = collected.answer()
        # Kept before it is told: whoever has heard it can rely on hearing it again.
        if 200 <= answer.status < 300:
            await keys.answer(begun, answer)
        else:
            await keys.release(begun)
        await _send(answer, send, again=False)

    async def _refuse(self, error: CounterfoilError, scope: Scope, receive: Receive, send: Send) -> None:
        language = language_of(scope, self._default_language)
        await problem_response(error, language=language)(scope, receive, send)


class _Collected:
    """An answer, gathered instead of sent."""

    def __init__(self) -> None:
        self._status = 500
        self._headers: tuple[tuple[str, str], ...] = ()
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
            )
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))

    def answer(self) -> Answer:
        return Answer(status=self._status, headers=self._headers, body=b"".join(self._parts))


def _key_of(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == KEY_HEADER.lower().encode():
            text: str = value.decode("latin-1")
            return text
    return None


def _refusal(taken: InFlight | Reused) -> CounterfoilError:
    if isinstance(taken, Reused):
        return Conflict(code="idempotency_key_reused")
    return Conflict(code="idempotency_key_in_flight", retry_after_seconds=taken.retry_after_seconds)


async def _send(answer: Answer, send: Send, *, again: bool) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if again:
        headers.append((REPLAY_HEADER.lower().encode(), b"true"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
