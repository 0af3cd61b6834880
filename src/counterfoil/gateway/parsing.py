"""Reading a call's body: what is asked for and how large it is, never what it says. Pure.

The body is read once and written once: what the upstream gets is what was checked here, so a field given twice or an odd
encoding cannot mean one thing to the check and another to the upstream.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import orjson

from counterfoil.foundation.errors import InputError
from counterfoil.gateway.hosted_tools import TOOLS_MAX, count_tool_uses, refuse_unbounded
from counterfoil.gateway.model import Misunderstood, ParsedCall
from counterfoil.gateway.parts import Parts, count_parts
from counterfoil.gateway.submissions import digest_of
from counterfoil.pricing.model import WorkShape
from counterfoil.spend.model import Endpoint

# Ten million tokens are above what any model writes; a larger number is a mistake, not a wish.
OUTPUT_CAP_MAX = 10_000_000
OUTPUTS_MAX = 128
EMBEDDING_INPUTS_MAX = 2_048
# What an encoder nests at most; a deeper body could be read and not be sent on.
DEPTH_MAX = 254
_MODEL = re.compile(r"[\w.:/@+()\[\]-]{1,200}\Z")

Body = dict[str, Any]


class Cache(StrEnum):
    """How long the upstream may keep what it reads, which costs more to write."""

    NONE = "none"
    SHORT = "short"
    LONG = "long"


def parse_call(endpoint: Endpoint, raw: bytes) -> ParsedCall | Misunderstood:
    """Understand a body, or say what is wrong with it."""
    model: str | None = None
    stream = False
    try:
        body = read_object(raw)
        model = read_model(body)
        stream = _flag(body, "stream")
        return _PARSERS[endpoint](body, model, stream)
    except InputError as error:
        return misunderstood(error, model=model, stream=stream)


def misunderstood(error: InputError, *, model: str | None = None, stream: bool = False) -> Misunderstood:
    """What an `InputError` of this room says, as a value."""
    parameters = dict(error.parameters)
    return Misunderstood(
        code=error.code,
        problem=parameters.pop("problem", None),
        feature=parameters.pop("feature", None),
        parameters=parameters,
        model=model,
        stream=stream,
    )


def read_object(raw: bytes) -> Body:
    """The JSON object of a body; raises `InputError`."""
    if not raw or raw.isspace():
        raise bad("body_empty")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise bad("body_not_json" if _is_utf8(raw) else "body_not_utf8") from None
    if not isinstance(body, dict):
        raise bad("body_not_object")
    return body


def bad(problem: str, **parameters: str | int) -> InputError:
    """A `bad_request` with its input problem."""
    return InputError(code="bad_request", problem=problem, **parameters)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


# Each endpoint.


def _chat(body: Body, model: str, stream: bool) -> ParsedCall:
    cap, fields = _cap(body, "max_completion_tokens", "max_tokens")
    outputs = _whole(body, "n", most=OUTPUTS_MAX) or 1
    options = body.pop("stream_options", None)
    if options is not None and not isinstance(options, dict):
        raise bad("field_wrong_type", field="stream_options", expected="object")
    include_usage = _flag(options or {}, "include_usage", within="stream_options")
    messages = _list(body, "messages", required=True)
    refuse_unbounded(Endpoint.CHAT_COMPLETIONS, body)
    uses = count_tool_uses(Endpoint.CHAT_COMPLETIONS, body)
    if len(_list(body, "functions")) > TOOLS_MAX:
        raise bad("field_too_many", field="functions", most=TOOLS_MAX)
    parts = count_parts(messages)
    rest = _encode(body)
    text_bytes = len(rest) - parts.media_bytes
    return ParsedCall(
        endpoint=Endpoint.CHAT_COMPLETIONS, model=model, stream=stream, asked_cap=cap, cap_fields=fields,
        include_usage=include_usage,
        stream_options=orjson.dumps({**(options or {}), "include_usage": True}) if stream else None,
        shape=_shape(body, text_bytes, parts, len(messages), cap=cap, outputs=outputs, uses=uses),
        text_bytes=text_bytes, rest=rest, digest=digest_of(body, model=model, cap=cap),
    )  # fmt: skip


def _responses(body: Body, model: str, stream: bool) -> ParsedCall:
    cap, fields = _cap(body, "max_output_tokens")
    refuse_unbounded(Endpoint.RESPONSES, body)
    given = body.get("input")
    if given is None:
        raise bad("field_missing", field="input")
    items = given if isinstance(given, list) else []
    if not isinstance(given, str | list):
        raise bad("field_wrong_type", field="input", expected="string or array")
    uses = count_tool_uses(Endpoint.RESPONSES, body)
    parts = count_parts(items)
    rest = _encode(body)
    text_bytes = len(rest) - parts.media_bytes
    return ParsedCall(
        endpoint=Endpoint.RESPONSES, model=model, stream=stream, asked_cap=cap, cap_fields=fields, include_usage=True,
        shape=_shape(body, text_bytes, parts, max(1, len(items)), cap=cap, uses=uses), text_bytes=text_bytes, rest=rest,
        digest=digest_of(body, model=model, cap=cap),
    )  # fmt: skip


def _messages(body: Body, model: str, stream: bool) -> ParsedCall:
    cap, fields = _cap(body, "max_tokens")
    messages = _list(body, "messages", required=True)
    system = body.get("system")
    if not isinstance(system, str | list | None):
        raise bad("field_wrong_type", field="system", expected="string or array")
    refuse_unbounded(Endpoint.MESSAGES, body)
    uses = count_tool_uses(Endpoint.MESSAGES, body)
    thinking = body.get("thinking")
    budget = 0
    if thinking is not None:
        if not isinstance(thinking, dict):
            raise bad("field_wrong_type", field="thinking", expected="object")
        budget = _whole(thinking, "budget_tokens", within="thinking", most=OUTPUT_CAP_MAX) or 0
    parts = count_parts(messages)
    if isinstance(system, list):
        parts += count_parts(system)
    rest = _encode(body)
    text_bytes = len(rest) - parts.media_bytes
    return ParsedCall(
        endpoint=Endpoint.MESSAGES, model=model, stream=stream, asked_cap=cap, cap_fields=fields, include_usage=True,
        shape=_shape(body, text_bytes, parts, len(messages), cap=cap, thinking=budget, uses=uses, cache=_cache_of(rest)),
        text_bytes=text_bytes, rest=rest, digest=digest_of(body, model=model, cap=cap),
    )  # fmt: skip


def _embeddings(body: Body, model: str, stream: bool) -> ParsedCall:
    if stream:
        raise bad("field_not_supported", field="stream")
    given = body.get("input")
    if given is None:
        raise bad("field_missing", field="input")
    if not isinstance(given, str | list):
        raise bad("field_wrong_type", field="input", expected="string or array")
    if not given:
        raise bad("field_empty", field="input")
    # Many texts, or many lists of token numbers; a list of plain numbers is one text.
    inputs = len(given) if isinstance(given, list) and not isinstance(given[0], int) else 1
    if inputs > EMBEDDING_INPUTS_MAX:
        raise bad("field_too_many", field="input", most=EMBEDDING_INPUTS_MAX)
    refuse_unbounded(Endpoint.EMBEDDINGS, body)
    rest = _encode(body)
    return ParsedCall(
        endpoint=Endpoint.EMBEDDINGS, model=model, stream=False, asked_cap=None, cap_fields=(), include_usage=True,
        shape=WorkShape(input_bytes=len(rest), messages=inputs, produces_output=False),
        text_bytes=len(rest), rest=rest, digest=digest_of(body, model=model, cap=None),
    )  # fmt: skip


_PARSERS: Mapping[Endpoint, Callable[[Body, str, bool], ParsedCall]] = {
    Endpoint.CHAT_COMPLETIONS: _chat,
    Endpoint.RESPONSES: _responses,
    Endpoint.MESSAGES: _messages,
    Endpoint.EMBEDDINGS: _embeddings,
}


def _length(body: Body, field: str) -> int:
    """Of what a field lists; 0 where it lists nothing, as in a field that its endpoint does not have."""
    given = body.get(field)
    return len(given) if isinstance(given, list) else 0


def _shape(
    body: Body,
    text_bytes: int,
    parts: Parts,
    messages: int,
    *,
    cap: int | None,
    outputs: int = 1,
    thinking: int = 0,
    uses: Mapping[str, int],
    cache: Cache = Cache.LONG,
) -> WorkShape:
    modalities = body.get("modalities")
    return WorkShape(
        input_bytes=text_bytes, messages=messages, image_parts=parts.images, audio_parts=parts.sounds,
        file_parts=parts.files, tool_count=_length(body, "tools") + _length(body, "functions"),
        tool_uses_most=uses, asked_cap=cap, thinking_budget=thinking, outputs=outputs,
        cacheable=cache is not Cache.NONE, short_cache_only=cache is Cache.SHORT,
        audio_output=isinstance(modalities, list) and "audio" in modalities,
    )  # fmt: skip


def _cache_of(rest: bytes) -> Cache:
    """What a message asks to be kept. Inside a text these bytes cannot be: its quotes are escaped."""
    if b'"cache_control"' not in rest:
        return Cache.NONE
    return Cache.LONG if b'"1h"' in rest else Cache.SHORT


# Fields.


def read_model(body: Body) -> str:
    """The model that is asked for, taken out; raises `InputError`."""
    model = body.pop("model", None)
    if model is None:
        raise bad("field_missing", field="model")
    if not isinstance(model, str):
        raise bad("field_wrong_type", field="model", expected="string")
    if not model:
        raise bad("field_empty", field="model")
    if len(model) > 200:
        raise bad("field_too_long", field="model", most=200)
    if not _MODEL.match(model):
        # Whatever it is, it is not repeated: it may be the prompt in the wrong place.
        raise bad("field_wrong_type", field="model", expected="model name")
    return model


def _cap(body: Body, *names: str) -> tuple[int | None, tuple[str, ...]]:
    """The output cap that was asked for and the fields that named it, which are taken out; the smaller of two."""
    cap: int | None = None
    fields: tuple[str, ...] = ()
    for name in names:
        asked = _whole(body, name, most=OUTPUT_CAP_MAX)
        body.pop(name, None)
        if asked is not None:
            cap = asked if cap is None else min(cap, asked)
            fields += (name,)
    return cap, fields


def _whole(body: Body, name: str, *, most: int, within: str = "") -> int | None:
    """A whole number of at least 1; None where it is absent or null."""
    value = body.get(name)
    if value is None:
        return None
    field = f"{within}.{name}" if within else name
    if type(value) is not int:
        raise bad("field_wrong_type", field=field, expected="integer")
    if value < 1:
        raise bad("field_too_small", field=field, least=1)
    if value > most:
        raise bad("field_too_large", field=field, most=most)
    return value


def _flag(body: Body, name: str, *, within: str = "") -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise bad("field_wrong_type", field=f"{within}.{name}" if within else name, expected="boolean")
    return value is True


def _list(body: Body, name: str, *, required: bool = False) -> list[Any]:
    """A list of objects."""
    value = body.get(name)
    if value is None:
        if required:
            raise bad("field_missing", field=name)
        return []
    if not isinstance(value, list):
        raise bad("field_wrong_type", field=name, expected="array")
    if required and not value:
        raise bad("field_empty", field=name)
    for item in value:
        if type(item) is not dict:
            raise bad("field_wrong_type", field=name, expected="array of objects")
    return value


def _encode(body: Body) -> bytes:
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        raise bad("body_too_deep", most=DEPTH_MAX) from None
