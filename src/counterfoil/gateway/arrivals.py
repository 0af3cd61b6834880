"""A call on its way in: its body read within the limits, understood, and described for the decision."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.gateway.callers import client_name, is_safe_to_keep, retry_count
from counterfoil.gateway.exchange import BodyTooLarge, BodyTooSlow, Exchange
from counterfoil.gateway.model import GatewaySettings, Misunderstood, ParsedCall
from counterfoil.gateway.parsing import parse_call
from counterfoil.limits.model import Problem
from counterfoil.spend.model import Arrival, Endpoint
from counterfoil.spend.upstreams import Routes

_JSON_TYPE = "application/json"


async def read_call(
    exchange: Exchange, endpoint: Endpoint, *, settings: GatewaySettings, routes: Routes
) -> ParsedCall | Misunderstood:
    """Read a call's body and understand it, or say what is wrong; raises `ClientGone`."""
    raw = await read_body(exchange, settings)
    if isinstance(raw, Misunderstood):
        return raw
    parsed = parse_call(endpoint, raw)
    model = parsed.model
    if model is not None and not routes.is_configured(model) and not is_safe_to_keep(model):
        # Somebody has put a key there: the name is neither kept nor repeated.
        return Misunderstood(
            code="bad_request", problem="field_wrong_type", parameters={"field": "model", "expected": "model name"}
        )
    return parsed


async def read_body(exchange: Exchange, settings: GatewaySettings) -> bytes | Misunderstood:
    """The bytes of a body that may be JSON, or why they were not read; raises `ClientGone`."""
    problem = _content_problem(exchange.headers)
    if problem is not None:
        return problem
    try:
        return await exchange.read_body(bytes_max=settings.body_bytes_max, seconds_max=settings.body_seconds_max)
    except BodyTooLarge:
        return Misunderstood(code="bad_request", problem="body_too_large", parameters={"most": settings.body_bytes_max})
    except BodyTooSlow:
        return Misunderstood(code="bad_request")


def arrival_of(exchange: Exchange, endpoint: Endpoint, parsed: ParsedCall | Misunderstood) -> Arrival:
    """The call as the decision needs it, without its content."""
    headers = exchange.headers
    return Arrival(
        request_id=exchange.request_id,
        received_at=exchange.received_at,
        endpoint=endpoint,
        model=parsed.model,
        stream=parsed.stream,
        client_address=exchange.client_address,
        client=client_name(headers.get(b"user-agent")),
        retry_count=retry_count(headers.get(b"x-stainless-retry-count")),
        shape=parsed.shape if isinstance(parsed, ParsedCall) else None,
        problems=() if isinstance(parsed, ParsedCall) else (Problem(code=parsed.code),),
    )


def _content_problem(headers: Mapping[bytes, bytes]) -> Misunderstood | None:
    """What is wrong with how the body is sent, before it is read. No content type at all is taken for JSON."""
    content_type = headers.get(b"content-type")
    if content_type is not None:
        kind = content_type.partition(b";")[0].strip().lower()
        if kind != b"application/json" and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
            return Misunderstood(code="bad_request", problem="content_type_wrong", parameters={"allowed": _JSON_TYPE})
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in (b"", b"identity"):
        return Misunderstood(code="bad_request", problem="header_unreadable", parameters={"field": "Content-Encoding"})
    return None
