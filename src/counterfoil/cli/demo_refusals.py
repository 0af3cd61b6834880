"""One refusal of every kind, each met by a real call, for the reason that the code says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from counterfoil.cli.demo_operator import DemoKeys
from counterfoil.cli.demo_upstreams import LARGE, SMALL, STALLING_MODEL, UNPRICED_MODEL
from counterfoil.foundation.vocabulary import Kind, Language, entries

_CASEYS_CALLS_AT_ONCE = 10
OVERLOADING_CALLS = 24
# On a slow machine the calls may come one after another; then they are made again.
_OVERLOADS_MAX = 5
_SLOW_CALL_MS = 1_500
_TRIES_MAX = 12
_SHORT = "What is a counterfoil?"
_LONG = "Tell me a very long story about a chequebook."

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A refusal as its caller has met it."""

    code: str
    status: int
    message: str
    request_id: str


class DemoCaller:
    """Calls the gateway as a customer's program does."""

    def __init__(self, session: aiohttp.ClientSession, address: str, language: Language) -> None:
        self._session = session
        self._address = address
        self._language = language

    async def call(
        self, token: str, body: Any, *, path: str = "/v1/chat/completions", idempotency_key: str | None = None
    ) -> tuple[int, dict[str, Any], Headers]:
        """Status, JSON and headers of the answer."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        headers["Accept-Language"] = self._language.value
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        async with self._session.post(f"{self._address}{path}", data=data, headers=headers) as response:
            return response.status, orjson.loads(await response.read()), response.headers

    async def ask(self, token: str, path: str) -> tuple[int, dict[str, Any], Headers]:
        """Status, JSON and headers of a question, which costs nothing."""
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": self._language.value}
        async with self._session.get(f"{self._address}{path}", headers=headers) as response:
            return response.status, orjson.loads(await response.read()), response.headers

    async def refused(
        self, token: str, body: Any, *, path: str = "/v1/chat/completions", idempotency_key: str | None = None
    ) -> Met | None:
        """The refusal that a call meets; None where it is served."""
        status, answer, _ = await self.call(token, body, path=path, idempotency_key=idempotency_key)
        return met(status, answer)


def met(status: int, answer: Mapping[str, Any]) -> Met | None:
    """Read a refusal; None for an answer."""
    error = answer.get("error")
    if status == 200 or not isinstance(error, dict):
        return None
    return Met(
        code=str(error.get("code")),
        status=status,
        message=str(error.get("message")),
        request_id=str(error.get("request_id") or ""),
    )


def chat(model: str = SMALL, *, cap: int = 60, words: str = _SHORT, **metadata: object) -> dict[str, Any]:
    """The body of a small call; `metadata` are directives to the sandbox."""
    body: dict[str, Any] = {"model": model, "max_tokens": cap, "messages": [{"role": "user", "content": words}]}
    if metadata:
        body["metadata"] = {f"sandbox_{name}": str(value) for name, value in metadata.items()}
    return body


class Refusals:
    """Stages the refusals. `overloaded` needs a serving process of its own, which the demo gives in `overload`."""

    def __init__(self, caller: DemoCaller, keys: DemoKeys, *, overload: Callable[[], Awaitable[Met | None]]) -> None:
        # How many of Casey's calls at once were served, and how many refused.
        self.casey_served = 0
        self.casey_refused = 0
        self._caller = caller
        self._keys = keys
        self._staged: Mapping[str, Callable[[], Awaitable[Met | None]]] = {
            "key_invalid": self._plain(keys.replaced),
            "key_disabled": self._plain(keys.disabled),
            "key_expired": self._plain(keys.expired),
            "ip_not_allowed": self._plain(keys.office),
            "account_suspended": self._plain(keys.suspended),
            "model_not_permitted": self._plain(keys.intern, chat(LARGE)),
            "bad_request": self._plain(keys.pipeline, {**chat(), "max_tokens": -1}),
            "model_not_found": self._plain(keys.pipeline, chat("gpt-none")),
            "duplicate_submission": self._duplicate_submission,
            "idempotency_key_reused": self._idempotency_key_reused,
            "too_many_in_flight": self._too_many_in_flight,
            "rate_limited": self._rate_limited,
            "cost_unbounded": self._cost_unbounded,
            "request_ceiling": self._plain(keys.small_jobs, chat(cap=2_000)),
            "key_limit": self._plain(keys.intern, intern_body()),
            "group_quota": self._group_quota,
            "account_balance": self._account_balance,
            "price_missing": self._plain(keys.pipeline, chat(UNPRICED_MODEL)),
            "overloaded": overload,
            "upstream_unavailable": self._plain(keys.pipeline, chat(fail="out_of_money:openai")),
            "upstream_error": self._plain(keys.pipeline, chat(fail="status:500")),
            "upstream_timeout": self._plain(keys.pipeline, chat(STALLING_MODEL)),
        }

    async def stage(self) -> dict[str, Met | None]:
        """Meet each refusal once; None for one that could not be provoked."""
        codes = [entry.code for entry in entries(Kind.REFUSAL)]
        found = await asyncio.gather(*[self._one(code) for code in codes])
        return dict(zip(codes, found, strict=True))

    async def _one(self, code: str) -> Met | None:
        stage = self._staged.get(code)
        found = await stage() if stage is not None else None
        return found if found is not None and found.code == code else None

    def _plain(self, token: str, body: Any = None) -> Callable[[], Awaitable[Met | None]]:
        return lambda: self._caller.refused(token, chat() if body is None else body)

    async def _duplicate_submission(self) -> Met | None:
        """The same twice, with a key whose group has copies refused."""
        body = chat(words="Which scene comes first?")
        await self._caller.call(self._keys.animation, body)
        return await self._caller.refused(self._keys.animation, body)

    async def _idempotency_key_reused(self) -> Met | None:
        """Another question under the Idempotency-Key of one that was answered."""
        token, name = self._keys.pipeline, "demo-1"
        await self._caller.call(token, chat(), idempotency_key=name)
        return await self._caller.refused(token, chat(words="Another question."), idempotency_key=name)

    async def _too_many_in_flight(self) -> Met | None:
        """A second call while the key's only place is taken by a slow one."""
        token = self._keys.one_at_a_time
        slow = asyncio.ensure_future(self._caller.call(token, chat(latency_ms=_SLOW_CALL_MS)))
        found = None
        while found is None and not slow.done():
            await asyncio.sleep(0.05)
            found = await self._caller.refused(token, chat())
        status, answer, _ = await slow
        return found or met(status, answer)

    async def _rate_limited(self) -> Met | None:
        """More calls than the key may make in a minute, even where one minute ends in between."""
        return await self._until_refused(self._keys.few_a_minute, chat())

    async def _cost_unbounded(self) -> Met | None:
        body = {"model": SMALL, "input": "Work on it overnight.", "background": True}
        return await self._caller.refused(self._keys.pipeline, body, path="/v1/responses")

    async def _group_quota(self) -> Met | None:
        """Calls that are served until the group's month is used up."""
        return await self._until_refused(self._keys.design, chat(cap=1_200, output_tokens=1_100))

    async def _account_balance(self) -> Met | None:
        """Many calls at once on money for a few: those few are served, and the wallet never goes below zero."""
        body = chat(cap=1_024, output_tokens=1_000)
        calls = [self._caller.refused(self._keys.casey, body) for _ in range(_CASEYS_CALLS_AT_ONCE)]
        refused = [one for one in await asyncio.gather(*calls) if one is not None]
        self.casey_served, self.casey_refused = _CASEYS_CALLS_AT_ONCE - len(refused), len(refused)
        return refused[0] if refused else None

    async def _until_refused(self, token: str, body: Any) -> Met | None:
        for _ in range(_TRIES_MAX):
            found = await self._caller.refused(token, body)
            if found is not None:
                return found
        return None


def intern_body(words: str = _LONG) -> dict[str, Any]:
    """A call that asks for more than the intern's key may spend in a day."""
    return chat(cap=2_000, words=words)


async def overload(caller: DemoCaller, token: str) -> Met | None:
    """More calls at once than a serving process with a tiny queue takes."""
    for _ in range(_OVERLOADS_MAX):
        calls = [caller.refused(token, chat()) for _ in range(OVERLOADING_CALLS)]
        for found in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(found, Met) and found.code == "overloaded":
                return found
    return None
