"""What counts as delivered, and what it is charged as."""

from __future__ import annotations

import json
from typing import Any

import pytest

from counterfoil.gateway.answers import AttemptFailed
from counterfoil.gateway.media_answers import MediaAnswer, read_media_answer
from counterfoil.gateway.media_model import MediaCall
from counterfoil.gateway.media_parsing import parse_media
from counterfoil.pricing.model import Rates
from counterfoil.spend.model import Endpoint
from counterfoil.spend.upstream_errors import Meaning
from gateway.media import form, picture, speech, wav

ONE = {"b64_json": "aGVsbG8="}
RATES: Rates = {
    "image:1024x1024:low": 10_000, "image:1024x1024:medium": 40_000, "image:1024x1024:high": 160_000, "input": 5,
    "image_input": 10,
}  # fmt: skip
UNITS = frozenset(name for name in RATES if name.startswith("image:"))


def images(**fields: Any) -> MediaCall:
    found = parse_media(
        Endpoint.IMAGE_GENERATIONS, json.dumps(picture(**fields)).encode(), None, units_of=lambda _: UNITS
    )
    assert isinstance(found, MediaCall)
    return found


def read(call: MediaCall, body: Any, *, content_type: str = "application/json", rates: Rates = RATES) -> MediaAnswer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_media_answer(call, raw, content_type=content_type, rates=rates, upstream_model="upstream-picture")


# Pictures.


@pytest.mark.parametrize(
    ("data", "delivered"),
    [
        ([ONE] * 4, 4),
        ([ONE, {"url": "https://example.com/1.png"}, ONE], 3),
        ([ONE, {"b64_json": ""}, {"b64_json": None}, {}, None, "x"], 1),
        # More than was asked for is a present.
        ([ONE] * 9, 4),
    ],
)
def test_only_the_pictures_that_are_there_are_charged(data: list[Any], delivered: int) -> None:
    answer = read(images(n=4, size="1024x1024", quality="low"), {"data": data})
    assert answer.delivered == delivered
    assert dict(answer.usage.counts) == {"image:1024x1024:low": delivered}
    assert not answer.usage.estimated


@pytest.mark.parametrize("body", [{"data": []}, {"data": None}, {}, {"data": [{}]}, [], b"", b"<html>", b"\xff"])
def test_no_picture_is_no_answer(body: Any) -> None:
    with pytest.raises(AttemptFailed) as raised:
        read(images(), body)
    assert raised.value.error.meaning is Meaning.UNREADABLE


def test_an_error_with_status_200_is_an_error() -> None:
    with pytest.raises(AttemptFailed) as raised:
        read(images(), {"error": {"message": "Your request was rejected", "code": "moderation_blocked"}})
    assert raised.value.error.meaning is Meaning.CALLERS_FAULT


@pytest.mark.parametrize(
    ("asked", "said", "unit", "estimated"),
    [
        # What `auto` turned out to be is charged, never dearer than what was held.
        ({}, {"size": "1024x1024", "quality": "low"}, "image:1024x1024:low", False),
        ({"quality": "low"}, {"size": "1024x1024", "quality": "high"}, "image:1024x1024:low", False),
        ({"quality": "high"}, {"size": "1024x1024", "quality": "low"}, "image:1024x1024:low", False),
        # Something that has no price, or nothing: what was held for, and where it was not told by the call, estimated.
        ({}, {"size": "9x9", "quality": "low"}, "image:1024x1024:high", True),
        ({}, {}, "image:1024x1024:high", True),
        ({"size": "1024x1024", "quality": "medium"}, {}, "image:1024x1024:medium", False),
        ({}, {"size": 5, "quality": ["low"]}, "image:1024x1024:high", True),
    ],
)
def test_pictures_are_charged_as_what_they_are(
    asked: dict[str, Any], said: dict[str, Any], unit: str, estimated: bool
) -> None:
    answer = read(images(**asked), {"data": [ONE], **said})
    assert (dict(answer.usage.counts), answer.usage.estimated) == ({unit: 1}, estimated)


def test_tokens_are_charged_where_the_price_has_them() -> None:
    usage = {"input_tokens": 400, "input_tokens_details": {"text_tokens": 77, "image_tokens": 323},
             "output_tokens": 4160, "total_tokens": 4560}  # fmt: skip
    call = images(size="1024x1024", quality="low")
    answer = read(call, {"data": [ONE], "usage": usage})
    assert dict(answer.usage.counts) == {"input": 77, "image_input": 323, "image:1024x1024:low": 1}
    by_the_piece = {name: rate for name, rate in RATES.items() if name.startswith("image:")}
    assert dict(read(call, {"data": [ONE], "usage": usage}, rates=by_the_piece).usage.counts) == {
        "image:1024x1024:low": 1
    }
    for nonsense in ("x", {"input_tokens": -1}, {"input_tokens": 1e9}, {"input_tokens_details": {"image_tokens": 5}}):
        assert dict(read(call, {"data": [ONE], "usage": nonsense}).usage.counts) == {"image:1024x1024:low": 1}


def test_the_upstreams_name_of_a_model_is_not_told() -> None:
    answer = read(images(), {"data": [ONE], "model": "upstream-picture"})
    assert json.loads(answer.body)["model"] == "picture"


# Sounds.


def voice() -> MediaCall:
    found = parse_media(Endpoint.SPEECH, json.dumps(speech()).encode(), None, units_of=lambda _: None)
    assert isinstance(found, MediaCall)
    return found


def talk(seconds: int = 7) -> MediaCall:
    raw, headers = form({"model": "scribe"}, ("file", "talk.wav", wav(seconds)))
    found = parse_media(Endpoint.TRANSCRIPTIONS, raw, headers["Content-Type"].encode(), units_of=lambda _: None)
    assert isinstance(found, MediaCall)
    return found


def test_speech() -> None:
    answer = read(voice(), b"ID3", content_type="audio/mpeg; rate=24000")
    assert (answer.content_type, dict(answer.usage.counts)) == ("audio/mpeg", {"character": 12})
    assert read(voice(), b"pcm", content_type="").content_type == "application/octet-stream"
    for body, content_type in ((b"", "audio/mpeg"), (b"{}", "application/json"), (b"<html>", "text/html")):
        with pytest.raises(AttemptFailed):
            read(voice(), body, content_type=content_type)


@pytest.mark.parametrize(
    ("body", "seconds", "estimated"),
    [
        ({"text": "Hello", "usage": {"type": "duration", "seconds": 6}}, 6, False),
        ({"text": "Hello", "duration": 6.4}, 7, False),
        ({"text": "Hello", "duration": "6.4"}, 7, False),
        ({"text": "Hello", "usage": {"type": "tokens", "input_tokens": 90, "output_tokens": 5}}, 7, True),
        ({"text": "Hello", "duration": "long"}, 7, True),
        # No sound of that size is a year long.
        ({"text": "Hello", "duration": 31_536_000}, 7, True),
        ({"text": "", "duration": True}, 7, True),
    ],
)
def test_transcriptions(body: dict[str, Any], seconds: int, estimated: bool) -> None:
    answer = read(talk(), body, rates={"second:audio": 100})
    assert (dict(answer.usage.counts), answer.usage.estimated) == ({"second:audio": seconds}, estimated)
    assert answer.delivered == seconds


def test_transcripts_as_text_are_estimated() -> None:
    answer = read(talk(), b"Hello", content_type="text/plain; charset=utf-8", rates={})
    assert (answer.content_type, dict(answer.usage.counts)) == ("text/plain; charset=utf-8", {"second:audio": 7})
    assert answer.usage.estimated
    for body, content_type in ((b"<html>", "text/html"), (b"{}", "application/json"), (b"", "text/plain")):
        with pytest.raises(AttemptFailed):
            read(talk(), body, content_type=content_type, rates={})
