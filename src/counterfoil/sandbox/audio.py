"""OpenAI's audio: speech from a text, and the text of a sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from counterfoil.sandbox.directives import Directives
from counterfoil.sandbox.form import Form
from counterfoil.sandbox.media_files import mp3, pcm, seconds_of, wav
from counterfoil.sandbox.parameters import missing, read_choice, read_model, read_text, wrong_type, wrong_value
from counterfoil.sandbox.work import Work

INPUT_CHARACTERS_MAX = 4096
TRANSCRIPT = "This text comes from the sandbox. Nobody has listened, and nothing left this machine."

_SOUNDS: Mapping[str, tuple[bytes, Callable[[], bytes]]] = {
    "mp3": (b"audio/mpeg", mp3),
    "wav": (b"audio/wav", wav),
    "pcm": (b"audio/pcm", pcm),
}
_TRANSCRIPT_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")


def read_speech(form: Form, directives: Directives, *, now: int, origin: str) -> Work:
    """What `POST /v1/audio/speech` asks: it costs the characters of its input. Raises `Rejected`."""
    model = read_model(form.fields.get("model"))
    text = read_text(form.fields.get("input"), "input", characters_max=INPUT_CHARACTERS_MAX)
    voice = form.fields.get("voice")
    if voice is None:
        raise missing("voice")
    if not isinstance(voice, str | dict):
        raise wrong_type("voice", "a string or an object")
    if read_choice(form.fields.get("stream_format"), "stream_format", ("audio", "sse"), "audio") == "sse":
        raise wrong_value("stream_format", "sse", "The sandbox sends sound as 'audio' only")
    content_type, sound = _SOUNDS[
        read_choice(form.fields.get("response_format"), "response_format", tuple(_SOUNDS), "mp3")
    ]
    return Work(
        model=model,
        unit="character",
        units=len(text),
        content_type=content_type,
        body=sound(),
        body_without_usage=sound(),
    )


def read_transcription(form: Form, directives: Directives, *, now: int, origin: str) -> Work:
    """What `POST /v1/audio/transcriptions` asks: it costs the seconds of its sound. Raises `Rejected`."""
    model = read_model(form.fields.get("model"))
    files = form.files_of("file")
    if not files:
        raise missing("file")
    if form.is_true("stream"):
        raise wrong_value("stream", True, "The sandbox does not stream transcripts")
    response_format = read_choice(form.fields.get("response_format"), "response_format", _TRANSCRIPT_FORMATS, "json")
    asked = directives.number("seconds")
    seconds = seconds_of(files[0]) if asked is None else asked
    content_type, body, body_without_usage = _encode(response_format, seconds)
    return Work(
        model=model,
        unit="second:audio",
        units=seconds,
        content_type=content_type,
        body=body,
        body_without_usage=body_without_usage,
    )


def _encode(response_format: str, seconds: int) -> tuple[bytes, bytes, bytes]:
    """Content type, body, and body without usage."""
    end = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    plain = {
        "text": f"{TRANSCRIPT}\n",
        "srt": f"1\n00:00:00,000 --> {end},000\n{TRANSCRIPT}\n\n",
        "vtt": f"WEBVTT\n\n00:00:00.000 --> {end}.000\n{TRANSCRIPT}\n\n",
    }
    if response_format in plain:
        body = plain[response_format].encode()
        return b"text/plain; charset=utf-8", body, body
    answer: dict[str, Any] = {"text": TRANSCRIPT}
    if response_format == "verbose_json":
        answer |= {
            "task": "transcribe",
            "language": "english",
            "duration": float(seconds),
            "segments": [_segment(seconds)],
        }
    with_usage = {**answer, "usage": {"type": "duration", "seconds": seconds}}
    return b"application/json", orjson.dumps(with_usage), orjson.dumps(answer)


def _segment(seconds: int) -> dict[str, Any]:
    return {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": float(seconds),
        "text": TRANSCRIPT,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }
