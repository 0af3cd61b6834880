"""What an upstream has really delivered of a picture or sound, and what that is charged as. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from counterfoil.gateway.answers import AttemptFailed, read_response_id
from counterfoil.gateway.media_files import believable_seconds
from counterfoil.gateway.media_model import MediaCall
from counterfoil.pricing.model import COUNT_MAX, Kind, Rates, Usage, UsageName, image_key, usage_name
from counterfoil.spend.model import Endpoint
from counterfoil.spend.upstream_errors import Meaning, UpstreamError, error_inside, read_error_inside

_JSON = "application/json"
_TEXTS = frozenset({"text/plain", "text/vtt", "text/srt", "application/x-subrip"})
_BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaAnswer:
    """An answer to be charged and given. `delivered` is pictures, or seconds of sound; None for speech."""

    body: bytes = field(repr=False)
    content_type: str
    usage: Usage
    delivered: int | None
    response_id: str | None = None


def read_media_answer(
    call: MediaCall, raw: bytes, *, content_type: str, rates: Rates, upstream_model: str
) -> MediaAnswer:
    """Read an answer with status 200; raises `AttemptFailed` where it is an error, or nothing was delivered.

    `rates` are those of the price that the call was admitted with.
    """
    kind = content_type.partition(";")[0].strip().lower()
    parsed = _parsed(raw, kind, upstream_model) if kind == _JSON or call.images is not None else None
    if call.images is not None:
        return _images(call, raw, parsed or {}, rates)
    if not raw:
        raise _no_answer()
    if call.endpoint is Endpoint.SPEECH:
        return _speech(call, raw, kind, parsed)
    return _transcript(call, raw, kind, parsed, rates)


def _parsed(raw: bytes, kind: str, upstream_model: str) -> dict[str, Any]:
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise _no_answer() from None
    if not isinstance(parsed, dict):
        raise _no_answer()
    error = error_inside(parsed)
    if error is not None:
        raise AttemptFailed(read_error_inside(error, upstream_model=upstream_model))
    return parsed


def _no_answer() -> AttemptFailed:
    return AttemptFailed(UpstreamError(meaning=Meaning.UNREADABLE, status=200))


# Pictures.


def _images(call: MediaCall, raw: bytes, parsed: dict[str, Any], rates: Rates) -> MediaAnswer:
    """Only what is really there is charged: three of four pictures are three."""
    made = parsed.get("data")
    delivered = sum(1 for each in made if _is_picture(each)) if isinstance(made, list) else 0
    if not delivered:
        raise _no_answer()
    # More than was asked for is a present.
    delivered = min(delivered, call.spec.count)
    unit, sure = _image_unit(call, parsed, rates)
    counts: dict[UsageName, int] = {unit: delivered, **_input_tokens(parsed.get("usage"), rates)}
    body = raw
    if isinstance(parsed.get("model"), str) and parsed["model"] != call.model:
        body = orjson.dumps({**parsed, "model": call.model})
    return MediaAnswer(
        body=body, content_type=_JSON, usage=Usage(counts=counts, estimated=not sure), delivered=delivered,
        response_id=read_response_id(parsed),
    )  # fmt: skip


def _is_picture(each: object) -> bool:
    if not isinstance(each, Mapping):
        return False
    return any(isinstance(each.get(name), str) and each[name] for name in ("b64_json", "url"))


def _image_unit(call: MediaCall, parsed: Mapping[str, Any], rates: Rates) -> tuple[UsageName, bool]:
    """What each picture is charged as, and whether that is known: as the answer says, never dearer than was held."""
    units = call.images
    assert units is not None
    size, quality = parsed.get("size"), parsed.get("quality")
    if isinstance(size, str):
        for key in (image_key(size=size, quality=quality) if isinstance(quality, str) else size, size):
            said = usage_name(Kind.IMAGE, key)
            if said in rates:
                return (said if rates[said] <= rates.get(units.held, 0) else units.held), True
    return units.silent, units.told


def _input_tokens(usage: object, rates: Rates) -> dict[UsageName, int]:
    """Tokens of the prompt and of reference pictures, where the price has them. The picture's own are in its price."""
    if not isinstance(usage, Mapping):
        return {}
    total = _count(usage.get("input_tokens"))
    details = usage.get("input_tokens_details")
    of_images = _count(details.get("image_tokens")) if isinstance(details, Mapping) else 0
    of_images = min(of_images, total)
    counts: dict[UsageName, int] = {}
    if Kind.IMAGE_INPUT in rates:
        counts[Kind.IMAGE_INPUT] = of_images
        total -= of_images
    if Kind.INPUT in rates:
        counts[Kind.INPUT] = total
    return counts


# Sounds.


def _speech(call: MediaCall, raw: bytes, kind: str, parsed: dict[str, Any] | None) -> MediaAnswer:
    """Paid by what was to be spoken."""
    if parsed is not None or kind.startswith("text/"):
        # A sound is no JSON and no page of text, whatever the status says.
        raise _no_answer()
    content_type = kind if kind.startswith("audio/") else _BYTES
    return MediaAnswer(body=raw, content_type=content_type, usage=Usage(counts=dict(call.shape.media)), delivered=None)


def _transcript(call: MediaCall, raw: bytes, kind: str, parsed: dict[str, Any] | None, rates: Rates) -> MediaAnswer:
    """Paid by the seconds that the upstream has heard; by what was held for, as an estimate, where it does not say."""
    if parsed is None and kind not in _TEXTS:
        raise _no_answer()
    if parsed is not None and not isinstance(parsed.get("text"), str):
        raise _no_answer()
    seconds = _heard(parsed or {}, call.sound_bytes)
    counts: dict[UsageName, int] = dict(call.shape.media)
    if seconds is not None:
        counts = dict.fromkeys(counts, seconds)
    if parsed is not None:
        counts |= {name: count for name, count in _input_tokens(parsed.get("usage"), rates).items() if count}
    return MediaAnswer(
        body=raw, content_type=kind if parsed is not None else f"{kind}; charset=utf-8",
        usage=Usage(counts=counts, estimated=seconds is None),
        delivered=seconds if seconds is not None else call.spec.duration_seconds,
        response_id=read_response_id(parsed) if parsed is not None else None,
    )  # fmt: skip


def _heard(parsed: Mapping[str, Any], sound_bytes: int) -> int | None:
    usage = parsed.get("usage")
    told = usage.get("seconds") if isinstance(usage, Mapping) else None
    for value in (told, parsed.get("duration")):
        if isinstance(value, str):
            # OpenAI's verbose form had its duration as text for years.
            try:
                value = float(value[:20])
            except ValueError:
                continue
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = believable_seconds(value, sound_bytes)
            if seconds is not None:
                return seconds
    return None


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value <= COUNT_MAX else 0
