"""What a key may ask beside calls: which models there are, what a call would cost, how its money stands."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Set
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import orjson

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import read_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import read_time
from counterfoil.foundation.vocabulary import Amounts
from counterfoil.gateway import balance
from counterfoil.gateway.arrivals import arrival_of, read_body
from counterfoil.gateway.errors import Problem, show_checks
from counterfoil.gateway.exchange import Exchange
from counterfoil.gateway.media_model import MEDIA, MediaCall
from counterfoil.gateway.media_parsing import UnitsOf, parse_media
from counterfoil.gateway.model import GatewaySettings, Headers, Misunderstood, ParsedCall
from counterfoil.gateway.parsing import DEPTH_MAX, bad, misunderstood, parse_call, read_object
from counterfoil.spend.model import Arrival, Caller, Dialect, Endpoint
from counterfoil.spend.service import KeyAccess, Spend
from counterfoil.spend.upstreams import Routes

Question = Callable[[Exchange, Caller], Awaitable[None]]
Refuse = Callable[[Exchange, Problem], Awaitable[None]]

_MODELS = "/v1/models"
_MODEL_NAME_MAX = 200
_OWNER = "counterfoil"
_DAY_MICROS = 86_400 * MICROS_PER_SECOND
# The longest window of the usage endpoint: OpenAI's own was 100 days.
_USAGE_DAYS_MAX = 100
_ENDPOINTS = {
    "/v1/chat/completions": Endpoint.CHAT_COMPLETIONS,
    "/v1/responses": Endpoint.RESPONSES,
    "/v1/embeddings": Endpoint.EMBEDDINGS,
    "/v1/messages": Endpoint.MESSAGES,
    "/v1/images/generations": Endpoint.IMAGE_GENERATIONS,
    "/v1/videos": Endpoint.VIDEOS,
    "/v1/audio/speech": Endpoint.SPEECH,
}
# What an estimate that names none is answered as.
_ANY_ENDPOINT = Endpoint.CHAT_COMPLETIONS
_JSON: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class Questions:
    """The addresses that hold and charge nothing."""

    def __init__(
        self, *, spend: Spend, routes: Routes, clock: Clock, settings: GatewaySettings, refuse: Refuse
    ) -> None:
        self._spend = spend
        self._routes = routes
        self._clock = clock
        self._settings = settings
        self._refuse = refuse
        self._answers: dict[str, Question] = {
            _MODELS: self._models,
            "/v1/dashboard/billing/subscription": self._subscription,
            "/v1/dashboard/billing/usage": self._usage,
            "/dashboard/billing/subscription": self._subscription,
            "/dashboard/billing/usage": self._usage,
            "/api/v1/credits": self._credits,
            "/api/v1/key": self._key,
            "/api/v1/generation": self._generation,
        }

    def find(self, path: str) -> Mapping[str, Question] | None:
        """What answers a path, by method; None where there is nothing."""
        if path == "/v1/estimate":
            return {"POST": self._estimate}
        answer = self._answers.get(path)
        if answer is None and path.startswith(_MODELS + "/") and len(path) <= len(_MODELS) + 1 + _MODEL_NAME_MAX:
            answer = self._model
        return {"GET": answer, "HEAD": answer} if answer is not None else None

    # -- estimates ---------------------------------------------------------------------------------------------

    async def _estimate(self, exchange: Exchange, caller: Caller) -> None:
        """What the call may cost at most and how every check would go; nothing is held or recorded."""
        raw = await read_body(exchange, self._settings)
        units_of = partial(self._units_of, exchange.received_at)
        endpoint, parsed = (
            (_ANY_ENDPOINT, raw) if isinstance(raw, Misunderstood) else _read_estimate(exchange, raw, units_of)
        )
        if isinstance(parsed, Misunderstood):
            problem = Problem(code=parsed.code, request_id=exchange.shown_id, misunderstood=parsed, model=parsed.model)
            await self._refuse(exchange, problem)
            return
        arrival = arrival_of(exchange, endpoint, parsed)
        decision, show_balance = await self._spend.estimate(caller, arrival)
        amounts = Amounts.ALL if show_balance else Amounts.OWN
        body: dict[str, Any] = {
            "object": "estimate",
            "endpoint": arrival.endpoint,
            "model": arrival.model,
            "would_pass": decision.passed,
            "code": decision.code,
            "upper_bound": format_nanos(decision.needed_nanos) if decision.needed_nanos is not None else None,
            "currency": decision.currency,
            "tokens_most": decision.needed_tokens,
            "output_cap_asked": parsed.asked_cap,
            "output_cap": decision.output_cap,
            "passing_output_cap": decision.passing_cap,
            "checks": show_checks(decision, amounts=amounts, code=decision.code),
        }
        await self._answer(exchange, body)

    def _units_of(self, at: int, model: str) -> Set[str] | None:
        return self._spend.price_units(model, at)

    # -- models ------------------------------------------------------------------------------------------------

    async def _models(self, exchange: Exchange, caller: Caller) -> None:
        access = await self._access(exchange, caller)
        if access is None:
            return
        names = [name for name in self._routes.models() if access.permits(name)]
        if exchange.dialect is Dialect.ANTHROPIC:
            served = [name for name in names if self._routes.serves(name, Dialect.ANTHROPIC)]
            await self._answer(
                exchange,
                {
                    "data": [_anthropic_model(name) for name in served],
                    "has_more": False,
                    "first_id": served[0] if served else None,
                    "last_id": served[-1] if served else None,
                },
            )
            return
        await self._answer(exchange, {"object": "list", "data": [_openai_model(name) for name in names]})

    async def _model(self, exchange: Exchange, caller: Caller) -> None:
        access = await self._access(exchange, caller)
        if access is None:
            return
        name = exchange.path[len(_MODELS) + 1 :]
        is_served = name in self._routes.models()
        if not (is_served and access.permits(name)):
            code = "model_not_permitted" if is_served else "model_not_found"
            await self._refuse(exchange, Problem(code=code, request_id=exchange.shown_id, model=name))
            return
        as_anthropic = exchange.dialect is Dialect.ANTHROPIC
        await self._answer(exchange, _anthropic_model(name) if as_anthropic else _openai_model(name))

    # -- money -------------------------------------------------------------------------------------------------

    async def _subscription(self, exchange: Exchange, caller: Caller) -> None:
        if await self._may_see_balance(exchange, caller):
            await self._answer(exchange, balance.subscription(await self._spend.standing(caller)))

    async def _credits(self, exchange: Exchange, caller: Caller) -> None:
        if await self._may_see_balance(exchange, caller):
            await self._answer(exchange, balance.credit(await self._spend.standing(caller)))

    async def _usage(self, exchange: Exchange, caller: Caller) -> None:
        if not await self._may_see_balance(exchange, caller):
            return
        try:
            start, end = self._window(exchange)
        except InputError as error:
            problem = Problem(code="bad_request", request_id=exchange.shown_id, misunderstood=misunderstood(error))
            await self._refuse(exchange, problem)
            return
        days = await self._spend.charged_by_day(caller.account_id, start=start, end=end)
        await self._answer(exchange, balance.usage(days))

    async def _key(self, exchange: Exchange, caller: Caller) -> None:
        """The key's own limit: its own numbers need no `show_balance`."""
        if not await self.may_ask(exchange, caller):
            return
        arrival = Arrival(
            request_id=exchange.request_id, received_at=exchange.received_at, endpoint=Endpoint.CHAT_COMPLETIONS,
            model=None, stream=False, client_address=exchange.client_address, client="",
        )  # fmt: skip
        decision, _ = await self._spend.estimate(caller, arrival)
        await self._answer(exchange, balance.key(decision.checks, currency=decision.currency))

    async def _generation(self, exchange: Exchange, caller: Caller) -> None:
        """One call's cost, for the key that made it, and for keys that may see the account's money."""
        access = await self._access(exchange, caller)
        if access is None:
            return
        query = parse_qs(exchange.scope.get("query_string", b"").decode("latin-1"))
        try:
            view = await self._spend.request(
                read_id("request", query.get("id", [""])[-1]), account_id=caller.account_id
            )
            if view.key_id != caller.key_id and not access.may_see_balance:
                raise NotFound(code="not_found")
        except (InputError, NotFound):
            await self._refuse(exchange, Problem(code="not_found", request_id=exchange.shown_id))
            return
        tokens: dict[str, int] = json.loads(view.tokens) if view.tokens else {}
        await self._answer(exchange, balance.generation(view, tokens))

    def _window(self, exchange: Exchange) -> tuple[int, int]:
        """Start and end (exclusive) from `start_date` and `end_date`, which are days in UTC; else the last 100 days."""
        query = parse_qs(exchange.scope.get("query_string", b"").decode("latin-1"))
        now = self._clock.now()
        end = _read_day(query, "end_date") or now - now % _DAY_MICROS + _DAY_MICROS
        start = _read_day(query, "start_date") or end - _USAGE_DAYS_MAX * _DAY_MICROS
        if end - start > _USAGE_DAYS_MAX * _DAY_MICROS:
            raise bad("field_too_large", field="end_date", most=f"start_date + {_USAGE_DAYS_MAX} days")
        return start, end

    # -- who may -----------------------------------------------------------------------------------------------

    async def _access(self, exchange: Exchange, caller: Caller) -> KeyAccess | None:
        access = await self._spend.access(caller, exchange.client_address)
        code = access.decision.code
        if code is None:
            return access
        await self._refuse(exchange, Problem(code=code, request_id=exchange.shown_id, decision=access.decision))
        return None

    async def may_ask(self, exchange: Exchange, caller: Caller) -> bool:
        """Whether the key may be used at all; where not, that has been answered."""
        return await self._access(exchange, caller) is not None

    async def _may_see_balance(self, exchange: Exchange, caller: Caller) -> bool:
        access = await self._access(exchange, caller)
        if access is None:
            return False
        if not access.may_see_balance:
            await self._refuse(exchange, Problem(code="balance_hidden", request_id=exchange.shown_id))
        return access.may_see_balance

    async def _answer(self, exchange: Exchange, body: dict[str, Any]) -> None:
        await exchange.answer(200, _JSON, orjson.dumps(body))


def _read_estimate(
    exchange: Exchange, raw: bytes, units_of: UnitsOf
) -> tuple[Endpoint, ParsedCall | MediaCall | Misunderstood]:
    """Which call is meant: `{"endpoint", "request"}`, or the call's own body with `?endpoint=`. Forms cannot be asked of."""
    query = parse_qs(exchange.scope.get("query_string", b"").decode("latin-1"))
    try:
        named: object = query["endpoint"][-1] if "endpoint" in query else None
        if named is None:
            body = read_object(raw)
            named, request = body.get("endpoint"), body.get("request")
            if named is None or request is None:
                raise bad("field_missing", field="endpoint" if named is None else "request")
            if not isinstance(request, dict):
                raise bad("field_wrong_type", field="request", expected="object")
            raw = orjson.dumps(request)
        if not isinstance(named, str) or named not in _ENDPOINTS:
            raise bad("field_unknown_value", field="endpoint", allowed=", ".join(_ENDPOINTS))
    except InputError as error:
        return _ANY_ENDPOINT, misunderstood(error)
    except orjson.JSONEncodeError:
        return _ANY_ENDPOINT, misunderstood(bad("body_too_deep", most=DEPTH_MAX))
    endpoint = _ENDPOINTS[named]
    if endpoint in MEDIA.values():
        return endpoint, parse_media(endpoint, raw, None, units_of=units_of)
    return endpoint, parse_call(endpoint, raw)


def _read_day(query: dict[str, list[str]], name: str) -> int | None:
    given = query.get(name, [""])[-1].strip()
    if not given:
        return None
    try:
        return read_time(given if len(given) > 10 else f"{given}T00:00:00Z")
    except InputError:
        raise bad("field_wrong_type", field=name, expected="YYYY-MM-DD") from None


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": _OWNER}


def _anthropic_model(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"}
