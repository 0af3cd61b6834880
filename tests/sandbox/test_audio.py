"""Speech, and the text of sounds."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from typing import Any

import openai
import pytest

from counterfoil.sandbox.media_files import mp3, pcm, wav
from counterfoil.sandbox.process import SandboxProcess

SPEECH: dict[str, Any] = {"model": "sandbox-speech", "input": "Guten Tag, 世界", "voice": "alloy"}
SOUND = ("file", "sound.wav", "audio/wav", wav())


def silence(seconds: float) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(int(seconds * 8000) * 2))
    return content.getvalue()


def test_openais_client_gets_a_sound(sandbox: SandboxProcess, openai_client: openai.OpenAI) -> None:
    spoken = openai_client.audio.speech.create(
        **SPEECH, response_format="wav", extra_headers={"x-client-request-id": "task_2"}
    )

    with wave.open(io.BytesIO(spoken.read()), "rb") as sound:
        assert sound.getnframes() > 0
    (row,) = sandbox.bill()["rows"]
    assert (row["endpoint"], row["unit"], row["units"]) == ("speech", "character", len("Guten Tag, 世界"))
    assert (row["request_id"], row["cost_nanos"]) == ("task_2", 13 * 10_500)


@pytest.mark.parametrize(
    ("response_format", "content_type", "sound"),
    [
        (None, "audio/mpeg", mp3()),
        ("mp3", "audio/mpeg", mp3()),
        ("wav", "audio/wav", wav()),
        ("pcm", "audio/pcm", pcm()),
    ],
)
def test_a_sound_has_the_asked_format(
    call: Callable[..., Any], response_format: str | None, content_type: str, sound: bytes
) -> None:
    answer = call("POST", "/v1/audio/speech", {**SPEECH, "response_format": response_format})

    assert answer.status == 200
    assert answer.headers["content-type"] == content_type
    assert answer.body == sound


def test_an_mp3_is_whole_frames() -> None:
    # MPEG-2 layer III, 8 kbit/s at 24 kHz: 72 * 8000 / 24000 bytes each.
    frames = [mp3()[place : place + 24] for place in range(0, len(mp3()), 24)]
    assert len(frames) > 5
    assert {frame[:4] for frame in frames} == {b"\xff\xf3\x14\xc4"}
    assert {len(frame) for frame in frames} == {24}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": None}, "model"),
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": 5}, "input"),
        ({"input": "x" * 4097}, "input"),
        ({"voice": None}, "voice"),
        ({"voice": 5}, "voice"),
        ({"response_format": "opus"}, "response_format"),
        ({"stream_format": "sse"}, "stream_format"),
        ({"metadata": {"sandbox_images": "1"}}, "sandbox_images"),
    ],
)
def test_a_speech_that_cannot_be_made_is_refused(
    sandbox: SandboxProcess, call: Callable[..., Any], change: dict[str, Any], param: str
) -> None:
    answer = call("POST", "/v1/audio/speech", {**SPEECH, **change})

    assert (answer.status, answer.json["error"]["param"]) == (400, param)
    assert sandbox.bill()["rows"] == []


def test_a_speech_fails_as_others_do(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    assert call("POST", "/v1/audio/speech", {**SPEECH, "input": "[sandbox fail=status:500]"}).status == 500
    assert call("POST", "/v1/audio/speech", SPEECH, x_sandbox_fail="empty").body == b""
    assert [row["status"] for row in sandbox.bill()["rows"]] == ["empty"]


@pytest.mark.parametrize("response_format", ["json", "verbose_json"])
def test_openais_client_gets_a_text_with_its_duration(
    sandbox: SandboxProcess, openai_client: openai.OpenAI, response_format: Any
) -> None:
    heard = openai_client.audio.transcriptions.create(
        model="sandbox-transcribe",
        file=("sound.wav", silence(2.5)),
        response_format=response_format,
        extra_headers={"x-client-request-id": "task_3"},
    )

    assert heard.text.startswith("This text comes from the sandbox")
    assert heard.usage is not None
    assert heard.usage.type == "duration"
    assert heard.usage.seconds == 3
    if response_format == "verbose_json":
        assert heard.duration == 3.0
    (row,) = sandbox.bill()["rows"]
    assert (row["endpoint"], row["unit"], row["units"]) == ("transcriptions", "second:audio", 3)
    assert (row["request_id"], row["cost_nanos"]) == ("task_3", 3 * 70_000)


@pytest.mark.parametrize(
    ("response_format", "start"),
    [("text", "This text"), ("srt", "1\n00:00:00,000 --> 01:01:05,000"), ("vtt", "WEBVTT")],
)
def test_a_transcript_may_be_plain_text(send_form: Callable[..., Any], response_format: str, start: str) -> None:
    fields = {"model": "m", "response_format": response_format, "prompt": "[sandbox seconds=3665]"}
    answer = send_form("/v1/audio/transcriptions", fields, [SOUND])

    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body.decode().startswith(start)


def test_the_seconds_of_a_sound_that_is_no_wav_follow_from_its_size(
    sandbox: SandboxProcess, send_form: Callable[..., Any]
) -> None:
    sound = ("file", "sound.mp3", "audio/mpeg", b"\xff" * 40_000)
    assert send_form("/v1/audio/transcriptions", {"model": "m"}, [sound]).json["usage"]["seconds"] == 3
    assert send_form("/v1/audio/transcriptions", {"model": "m"}, [SOUND]).json["usage"]["seconds"] == 1
    asked = send_form("/v1/audio/transcriptions", {"model": "m", "metadata[sandbox_seconds]": "90"}, [sound])
    assert asked.json["usage"]["seconds"] == 90
    assert sandbox.bill()["units"] == {"m": {"second:audio": 94}}


@pytest.mark.parametrize(
    ("fields", "files", "param"),
    [
        ({}, [SOUND], "model"),
        ({"model": "m"}, [], "file"),
        ({"model": "m", "response_format": "docx"}, [SOUND], "response_format"),
        ({"model": "m", "stream": "true"}, [SOUND], "stream"),
        ({"model": "m", "metadata": "{"}, [SOUND], None),
        ({"model": "m", "metadata": "5"}, [SOUND], "metadata"),
    ],
)
def test_a_transcript_that_cannot_be_made_is_refused(
    sandbox: SandboxProcess, send_form: Callable[..., Any], fields: dict[str, str], files: list[Any], param: str | None
) -> None:
    answer = send_form("/v1/audio/transcriptions", fields, files)

    assert (answer.status, answer.json["error"]["param"]) == (400, param)
    assert sandbox.bill()["rows"] == []


def test_usage_can_be_missing_from_a_transcript(sandbox: SandboxProcess, send_form: Callable[..., Any]) -> None:
    answer = send_form("/v1/audio/transcriptions", {"model": "m"}, [SOUND], x_sandbox_fail="no_usage")

    assert "usage" not in answer.json
    assert [row["status"] for row in sandbox.bill()["rows"]] == ["no_usage"]
