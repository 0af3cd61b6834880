"""An upstream's whole answer: what it used, what it is called, and the same under the public model's name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from counterfoil.pricing.model import Kind, Usage, UsageUnreadable, usage_name
from counterfoil.pricing.usage import from_anthropic, from_openai
from counterfoil.spend.model import Endpoint
from counterfoil.spend.upstream_errors import Meaning, UpstreamError, error_inside, read_error_inside

# Where each endpoint's answer has what was asked for; without it, it is no answer.
_SUBSTANCE = {
    Endpoint.CHAT_COMPLETIONS: "choices",
    Endpoint.RESPONSES: "output",
    Endpoint.MESSAGES: "content",
    Endpoint.EMBEDDINGS: "data",
}
# Items of a response's output that the caller runs; other calls were the upstream's own tools.
_OWN_CALLS = frozenset(
    {"function_call", "custom_tool_call", "computer_call", "local_shell_call", "apply_patch_call", "shell_call"}
)
# Names of strings in an answer that are no output of the model.
_NO_TEXT = frozenset(
    {
        "id",
        "type",
        "role",
        "name",
        "status",
        "object",
        "finish_reason",
        "call_id",
        "signature",
        "data",
        "encrypted_content",
    }
)
_ID_CHARACTERS_MAX = 200


class AttemptFailed(Exception):
    """An attempt at one upstream that gave no answer, with what follows from it."""

    def __init__(self, error: UpstreamError) -> None:
        super().__init__(error.meaning)
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainAnswer:
    """A whole answer. `usage` None: the upstream did not say, or nothing that can be believed."""

    body: bytes = field(repr=False)
    usage: Usage | None
    response_id: str | None
    text_bytes: int
    # The upstream itself says that it has failed, in an answer with status 200 (a response's `failed`).
    failed: bool = False


def read_answer(endpoint: Endpoint, raw: bytes, *, public_model: str, upstream_model: str) -> PlainAnswer:
    """Read an answer with status 200; raises `AttemptFailed` where it is an error or no answer."""
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise AttemptFailed(UpstreamError(meaning=Meaning.UNREADABLE, status=200)) from None
    if not isinstance(parsed, dict):
        raise AttemptFailed(UpstreamError(meaning=Meaning.UNREADABLE, status=200))
    error = error_inside(parsed)
    if error is not None:
        raise AttemptFailed(read_error_inside(error, upstream_model=upstream_model))
    substance = parsed.get(_SUBSTANCE[endpoint])
    if not isinstance(substance, list):
        raise AttemptFailed(UpstreamError(meaning=Meaning.UNREADABLE, status=200))
    usage = read_usage(endpoint, parsed.get("usage"))
    if endpoint is Endpoint.RESPONSES and usage is not None:
        usage = with_tool_uses(usage, substance)
    return PlainAnswer(
        body=_with_model(endpoint, raw, parsed, public_model),
        usage=usage,
        response_id=read_response_id(parsed),
        # Only where it is needed: it walks through everything.
        text_bytes=0 if usage is not None or endpoint is Endpoint.EMBEDDINGS else count_text_bytes(substance),
        failed=endpoint is Endpoint.RESPONSES and parsed.get("status") == "failed",
    )


def read_usage(endpoint: Endpoint, raw: object) -> Usage | None:
    """Usage in disjoint kinds; None where there is none, or where its numbers contradict themselves."""
    if not isinstance(raw, Mapping):
        return None
    try:
        return from_anthropic(raw) if endpoint is Endpoint.MESSAGES else from_openai(raw)
    except UsageUnreadable:
        return None


def with_tool_uses(usage: Usage, output: object) -> Usage:
    """The same with the hosted tools that a response's output shows: OpenAI's usage does not count them."""
    counts = dict(usage.counts)
    for item in output if isinstance(output, list) else ():
        kind = item.get("type") if isinstance(item, Mapping) else None
        if isinstance(kind, str) and kind.endswith("_call") and kind not in _OWN_CALLS:
            name = usage_name(Kind.TOOL_USE, kind.removesuffix("_call"))
            counts[name] = counts.get(name, 0) + 1
    return usage if len(counts) == len(usage.counts) else Usage(counts=counts, estimated=usage.estimated)


def read_response_id(parsed: Mapping[str, Any]) -> str | None:
    """The upstream's own name for what it did."""
    found = parsed.get("id")
    if not isinstance(found, str) or not found.isprintable() or len(found) > _ID_CHARACTERS_MAX:
        return None
    return found or None


def count_text_bytes(value: object) -> int:
    """The UTF-8 bytes of all text that the model wrote, anywhere inside."""
    total = 0
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, str):
            total += len(found) if found.isascii() else len(found.encode("utf-8", "surrogatepass"))
        elif isinstance(found, list):
            left.extend(found)
        elif isinstance(found, dict):
            left.extend(inner for name, inner in found.items() if name not in _NO_TEXT)
    return total


def _with_model(endpoint: Endpoint, raw: bytes, parsed: dict[str, Any], public_model: str) -> bytes:
    """The answer under the public model's name; untouched where that is the upstream's too."""
    named = parsed.get("model")
    if named == public_model or not isinstance(named, str):
        return raw
    if endpoint is Endpoint.EMBEDDINGS:
        # Vectors are large and hold no objects: the name can be replaced where it stands.
        for between in (b":", b": "):
            former = b'"model"' + between + orjson.dumps(named)
            place = raw.rfind(former)
            if place >= 0:
                return raw[:place] + b'"model":' + orjson.dumps(public_model) + raw[place + len(former) :]
    parsed["model"] = public_model
    return orjson.dumps(parsed)
