"""A call on its way in: its body read within the limits, understood, and described for the decision."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.gateway.callers import client_name, is_safe_to_keep, retry_count
from counterfoil.gateway.exchange import BodyTooLarge, BodyTooSlow, Exchange
from counterfoil.gateway.media_model import MediaCall, RemixSource
from counterfoil.gateway.media_parsing import UnitsOf, accepted, accepts, parse_media
from counterfoil.gateway.model import GatewaySettings, Misunderstood, ParsedCall
from counterfoil.gateway.parsing import parse_call
from counterfoil.gateway.submissions import IDEMPOTENCY_KEY
from counterfoil.limits.model import Problem
from counterfoil.spend.model import Arrival, Caller, Endpoint
from counterfoil.spend.submissions import Fingerprints
from counterfoil.spend.upstreams import Routes

_JSON_TYPE = "application/json"
_IDEMPOTENCY_HEADER = b"idempotency-key"
# A hold outlives the call that it is for by this much.
_SECONDS_AFTER_DEADLINE = 60


async def read_call(
    exchange: Exchange, endpoint: Endpoint, *, settings: GatewaySettings, routes: Routes
) -> ParsedCall | Misunderstood:
    """Read a call's body and understand it, or say what is wrong; raises `ClientGone`."""
    raw = await read_body(exchange, settings)
    if isinstance(raw, Misunderstood):
        return raw
    parsed = parse_call(endpoint, raw)
    return _problem_with(exchange, parsed, routes) or parsed


async def read_media(
    exchange: Exchange,
    endpoint: Endpoint,
    *,
    settings: GatewaySettings,
    routes: Routes,
    units_of: UnitsOf,
    source: RemixSource | None = None,
) -> MediaCall | Misunderstood:
    """The same for a call for a picture, a video or a sound, which may be a form."""
    content_type = exchange.headers.get(b"content-type")
    problem = _encoding_problem(exchange.headers)
    if problem is None and not accepts(endpoint, content_type):
        problem = _wrong_type(accepted(endpoint))
    raw = problem if problem is not None else await _read_body(exchange, settings)
    if isinstance(raw, Misunderstood):
        return raw
    parsed = parse_media(endpoint, raw, content_type, units_of=units_of, source=source)
    return _problem_with(exchange, parsed, routes) or parsed


async def read_body(exchange: Exchange, settings: GatewaySettings) -> bytes | Misunderstood:
    """The bytes of a body that may be JSON, or why they were not read; raises `ClientGone`."""
    problem = _content_problem(exchange.headers)
    return problem if problem is not None else await _read_body(exchange, settings)


async def _read_body(exchange: Exchange, settings: GatewaySettings) -> bytes | Misunderstood:
    try:
        return await exchange.read_body(bytes_max=settings.body_bytes_max, seconds_max=settings.body_seconds_max)
    except BodyTooLarge:
        return Misunderstood(code="bad_request", problem="body_too_large", parameters={"most": settings.body_bytes_max})
    except BodyTooSlow:
        return Misunderstood(code="bad_request")


def _problem_with(
    exchange: Exchange, parsed: ParsedCall | MediaCall | Misunderstood, routes: Routes
) -> Misunderstood | None:
    """A model's name or an Idempotency-Key that cannot be kept."""
    model = parsed.model
    if model is not None and not routes.is_configured(model) and not is_safe_to_keep(model):
        # Somebody has put a key there: the name is neither kept nor repeated.
        return Misunderstood(
            code="bad_request", problem="field_wrong_type", parameters={"field": "model", "expected": "model name"}
        )
    key = exchange.headers.get(_IDEMPOTENCY_HEADER)
    if key is not None and not IDEMPOTENCY_KEY.match(key):
        return Misunderstood(
            code="bad_request", problem="header_unreadable", parameters={"field": "Idempotency-Key"}, model=model,
            stream=parsed.stream,
        )  # fmt: skip
    return None


def arrival_of(
    exchange: Exchange,
    endpoint: Endpoint,
    parsed: ParsedCall | MediaCall | Misunderstood,
    *,
    caller: Caller | None = None,
    fingerprints: Fingerprints | None = None,
    hold_seconds: int | None = None,
) -> Arrival:
    """The call as the decision needs it, without its content. Without `fingerprints` it is a copy of nothing."""
    headers = exchange.headers
    understood = None if isinstance(parsed, Misunderstood) else parsed
    fingerprint = key_hash = None
    if understood is not None and caller is not None and fingerprints is not None:
        fingerprint = fingerprints.of(caller.account_id, caller.key_id, endpoint, understood.digest)
        key = headers.get(_IDEMPOTENCY_HEADER)
        if key is not None:
            key_hash = fingerprints.of_key(caller.account_id, caller.key_id, key.decode("ascii"))
    return Arrival(
        request_id=exchange.request_id,
        received_at=exchange.received_at,
        endpoint=endpoint,
        model=parsed.model,
        stream=parsed.stream,
        client_address=exchange.client_address,
        client=client_name(headers.get(b"user-agent")),
        retry_count=retry_count(headers.get(b"x-stainless-retry-count")),
        shape=understood.shape if understood is not None else None,
        problems=(Problem(code=parsed.code),) if isinstance(parsed, Misunderstood) else (),
        fingerprint=fingerprint,
        idempotency_key=key_hash,
        is_task=isinstance(understood, MediaCall),
        hold_seconds=hold_seconds,
    )


def direct_hold_seconds(settings: GatewaySettings) -> int:
    """How long the hold of a task lasts that is answered in its call."""
    return settings.call_deadline_seconds + _SECONDS_AFTER_DEADLINE


def _content_problem(headers: Mapping[bytes, bytes]) -> Misunderstood | None:
    """What is wrong with how the body is sent, before it is read. No content type at all is taken for JSON."""
    content_type = headers.get(b"content-type")
    if content_type is not None:
        kind = content_type.partition(b";")[0].strip().lower()
        if kind != b"application/json" and not (kind.startswith(b"application/") and kind.endswith(b"+json")):
            return _wrong_type(_JSON_TYPE)
    return _encoding_problem(headers)


def _wrong_type(allowed: str) -> Misunderstood:
    return Misunderstood(code="bad_request", problem="content_type_wrong", parameters={"allowed": allowed})


def _encoding_problem(headers: Mapping[bytes, bytes]) -> Misunderstood | None:
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in (b"", b"identity"):
        return Misunderstood(code="bad_request", problem="header_unreadable", parameters={"field": "Content-Encoding"})
    return None
