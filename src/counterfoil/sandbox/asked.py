"""Reads what a call asks for: its own parameters, and the directives to the sandbox.

A directive is a header (`x-sandbox-output-tokens: 40`) or, because a gateway forwards no unknown header, an entry of
the body's `metadata` (`"sandbox_output_tokens": "40"`); the header wins. The names are

    input_tokens, output_tokens (of one choice), cached_tokens, reasoning_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, accepted_prediction_tokens, rejected_prediction_tokens,
    latency_ms, token_interval_ms, fail

`input_tokens` is what the reply shows under that name: with OpenAI it includes what is read from and written to the
cache, with Anthropic it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from counterfoil.sandbox.directives import (
    INPUT_TOKENS_MAX,
    OUTPUT_TOKENS_MAX,
    given_directives,
    read_failure_directive,
    read_number,
)
from counterfoil.sandbox.errors import Rejected
from counterfoil.sandbox.model import DELAY_MS_MAX, Asked, Endpoint, Failure, FailureKind, TokenUsage
from counterfoil.sandbox.parameters import missing, read_model, read_whole, wrong_type
from counterfoil.sandbox.text import BYTES_PER_TOKEN

# Where neither a directive nor a cap says how much: enough to see a stream, little enough to be quick.
OUTPUT_TOKENS_DEFAULT = 16
CHOICES_MAX = 128
EMBEDDING_INPUTS_MAX = 2048
EMBEDDING_DIMENSIONS_DEFAULT = 1536
EMBEDDING_DIMENSIONS_MAX = 4096

_MOST_TOKENS: Mapping[str, int] = {
    "input_tokens": INPUT_TOKENS_MAX,
    "output_tokens": OUTPUT_TOKENS_MAX,
    "cached_tokens": INPUT_TOKENS_MAX,
    "cache_write_5m_tokens": INPUT_TOKENS_MAX,
    "cache_write_1h_tokens": INPUT_TOKENS_MAX,
    "reasoning_tokens": OUTPUT_TOKENS_MAX,
    "accepted_prediction_tokens": OUTPUT_TOKENS_MAX,
    "rejected_prediction_tokens": OUTPUT_TOKENS_MAX,
}
# Parts of a message that are no text: names of kinds, and files as base64 or addresses.
_NOT_TEXT = frozenset({"role", "type", "id", "image_url", "source", "file", "input_audio", "cache_control"})
_NO_TOKENS: Mapping[str, int] = {}


def read_asked(endpoint: Endpoint, body: bytes, headers: Mapping[bytes, bytes]) -> Asked:
    """Read one call's body and headers; raises `Rejected` for what the real provider would not accept."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Rejected(400, "We could not parse the JSON body of your request.") from None
    if not isinstance(data, dict):
        raise Rejected(400, "We could not parse the JSON body of your request: an object is needed.")
    model = read_model(data.get("model"))
    directives = given_directives(data.get("metadata"), headers)
    return _READERS[endpoint](data, model, directives, _read_tokens(directives))


def count_usage(asked: Asked, failure: Failure | None) -> tuple[TokenUsage, int, bool]:
    """The call's usage, the tokens of one choice that are text, and whether the cap has ended it."""
    tokens = asked.tokens
    cached = tokens.get("cached_tokens", 0)
    write_5m = tokens.get("cache_write_5m_tokens", 0)
    write_1h = tokens.get("cache_write_1h_tokens", 0)
    counted = tokens.get("input_tokens", -(-asked.input_bytes // BYTES_PER_TOKEN))
    if asked.endpoint is Endpoint.MESSAGES:
        counted += cached + write_5m + write_1h
    else:
        cached = min(cached, counted)
        write_5m = min(write_5m, counted - cached)
        write_1h = min(write_1h, counted - cached - write_5m)
    output, capped = _output_of_one_choice(asked, failure)
    reasoning = min(tokens.get("reasoning_tokens", 0), output)
    rejected = min(tokens.get("rejected_prediction_tokens", 0), output - reasoning)
    text = output - reasoning - rejected
    accepted = min(tokens.get("accepted_prediction_tokens", 0), text)
    usage = TokenUsage(
        input_tokens=counted,
        cached_tokens=cached,
        cache_write_5m_tokens=write_5m,
        cache_write_1h_tokens=write_1h,
        output_tokens=output * asked.choices,
        reasoning_tokens=reasoning * asked.choices,
        accepted_prediction_tokens=accepted * asked.choices,
        rejected_prediction_tokens=rejected * asked.choices,
    )
    return usage, text, capped


def _output_of_one_choice(asked: Asked, failure: Failure | None) -> tuple[int, bool]:
    if asked.endpoint is Endpoint.EMBEDDINGS:
        return 0, False
    wanted = asked.tokens.get("output_tokens", OUTPUT_TOKENS_DEFAULT)
    cap = asked.output_cap
    if failure is not None and failure.kind is FailureKind.OVERCOUNT:
        return max(wanted, (wanted if cap is None else cap) + failure.argument), cap is not None
    if cap is not None and wanted > cap:
        return cap, True
    return wanted, False


def _read_chat(data: dict[str, Any], model: str, directives: Mapping[str, str], tokens: Mapping[str, int]) -> Asked:
    messages = _messages(data)
    options = data.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise wrong_type("stream_options", "an object")
    cap_name = "max_tokens" if data.get("max_completion_tokens") is None else "max_completion_tokens"
    choices = read_whole(data, "n", most=CHOICES_MAX) or 1
    if tokens.get("output_tokens", 0) * choices > OUTPUT_TOKENS_MAX:
        raise Rejected(400, f"'n' choices have at most {OUTPUT_TOKENS_MAX} tokens together.", param="n")
    return _asked(
        Endpoint.CHAT,
        model=model,
        data=data,
        directives=directives,
        tokens=tokens,
        texts=[messages, data.get("tools")],
        include_usage=options is not None and options.get("include_usage") is True,
        choices=choices,
        output_cap=read_whole(data, cap_name),
    )


def _read_responses(
    data: dict[str, Any], model: str, directives: Mapping[str, str], tokens: Mapping[str, int]
) -> Asked:
    given = data.get("input")
    if given is None:
        raise missing("input")
    if not isinstance(given, str | list):
        raise wrong_type("input", "a string or an array")
    return _asked(
        Endpoint.RESPONSES,
        model=model,
        data=data,
        directives=directives,
        tokens=tokens,
        texts=[given, data.get("instructions"), data.get("tools")],
        output_cap=read_whole(data, "max_output_tokens"),
    )


def _read_messages(data: dict[str, Any], model: str, directives: Mapping[str, str], tokens: Mapping[str, int]) -> Asked:
    messages = _messages(data)
    cap = read_whole(data, "max_tokens")
    if cap is None:
        raise Rejected(400, "max_tokens: Field required", param="max_tokens")
    return _asked(
        Endpoint.MESSAGES,
        model=model,
        data=data,
        directives=directives,
        tokens=tokens,
        texts=[messages, data.get("system"), data.get("tools")],
        output_cap=cap,
    )


def _read_embeddings(
    data: dict[str, Any], model: str, directives: Mapping[str, str], tokens: Mapping[str, int]
) -> Asked:
    given = data.get("input")
    if given is None or given == "" or given == []:
        raise missing("input")
    if not isinstance(given, str | list):
        raise wrong_type("input", "a string or an array")
    # One text, or one text as its token numbers, or many of either.
    inputs = 1 if isinstance(given, str) or isinstance(given[0], int) else len(given)
    if inputs > EMBEDDING_INPUTS_MAX:
        raise Rejected(400, f"'input' must have at most {EMBEDDING_INPUTS_MAX} items.", param="input")
    if data.get("encoding_format") not in (None, "float", "base64"):
        raise Rejected(400, "'encoding_format' must be 'float' or 'base64'.", param="encoding_format")
    return _asked(
        Endpoint.EMBEDDINGS,
        model=model,
        data={},
        directives=directives,
        tokens=tokens,
        texts=[given],
        inputs=inputs,
        dimensions=read_whole(data, "dimensions", most=EMBEDDING_DIMENSIONS_MAX) or EMBEDDING_DIMENSIONS_DEFAULT,
        base64=data.get("encoding_format") == "base64",
    )


_READERS: Mapping[Endpoint, Callable[[dict[str, Any], str, Mapping[str, str], Mapping[str, int]], Asked]] = {
    Endpoint.CHAT: _read_chat,
    Endpoint.RESPONSES: _read_responses,
    Endpoint.MESSAGES: _read_messages,
    Endpoint.EMBEDDINGS: _read_embeddings,
}


def _asked(
    endpoint: Endpoint,
    *,
    model: str,
    data: dict[str, Any],
    directives: Mapping[str, str],
    tokens: Mapping[str, int],
    texts: list[Any],
    include_usage: bool = False,
    choices: int = 1,
    output_cap: int | None = None,
    inputs: int = 0,
    dimensions: int = 0,
    base64: bool = False,
) -> Asked:
    stream = data.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise wrong_type("stream", "a boolean")
    return Asked(
        endpoint=endpoint,
        model=model,
        stream=stream is True,
        include_usage=include_usage,
        choices=choices,
        output_cap=output_cap,
        input_bytes=0 if "input_tokens" in tokens else _count_text_bytes(texts),
        inputs=inputs,
        dimensions=dimensions,
        base64=base64,
        tokens=tokens,
        latency_ms=read_number(directives, "latency_ms", DELAY_MS_MAX),
        token_interval_ms=read_number(directives, "token_interval_ms", DELAY_MS_MAX),
        failure=read_failure_directive(directives),
    )


def _messages(data: dict[str, Any]) -> list[Any]:
    messages = data.get("messages")
    if messages is None:
        raise missing("messages")
    if not isinstance(messages, list):
        raise wrong_type("messages", "an array of objects")
    for each in messages:
        if not isinstance(each, dict):
            raise wrong_type("messages", "an array of objects")
    if not messages:
        raise Rejected(400, "Invalid 'messages': empty array.", param="messages", code="empty_array")
    return messages


def _read_tokens(directives: Mapping[str, str]) -> Mapping[str, int]:
    if not directives:
        return _NO_TOKENS
    tokens = {}
    for name in directives:
        if name in _MOST_TOKENS:
            tokens[name] = read_number(directives, name, _MOST_TOKENS[name])
        elif name not in ("latency_ms", "token_interval_ms", "fail"):
            raise Rejected(400, f"There is no directive 'sandbox_{name[:40]}'.", param=f"sandbox_{name[:40]}")
    return tokens


def _count_text_bytes(texts: list[Any]) -> int:
    """The UTF-8 bytes of all text inside; four bytes per number, for input that is already tokens."""
    total = 0
    left = texts
    while left:
        value = left.pop()
        if isinstance(value, str):
            total += len(value) if value.isascii() else len(value.encode())
        elif isinstance(value, list):
            left.extend(value)
        elif isinstance(value, dict):
            left.extend(inner for name, inner in value.items() if name not in _NOT_TEXT)
        elif isinstance(value, int):
            total += BYTES_PER_TOKEN
    return total
