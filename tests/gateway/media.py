"""Pictures, videos and sounds for the gateway's tests: bodies, forms and small files."""

from __future__ import annotations

import io
import wave
import zipfile
from collections.abc import Sequence
from typing import Any

from counterfoil.sandbox.media_files import jpeg, png, webp

PICTURES = "/v1/images/generations"
EDITS = "/v1/images/edits"
FILMS = "/v1/videos"
SPEECH = "/v1/audio/speech"
TRANSCRIPTIONS = "/v1/audio/transcriptions"

PNG, JPEG, WEBP = png(), jpeg(), webp()
GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
# A film of eight seconds costs 0.80.
FILM_NANOS = 800_000_000

File = tuple[str, str, bytes]


def picture(**fields: Any) -> dict[str, Any]:
    return {"model": "picture", "prompt": "A lighthouse in the fog", **fields}


def film(directives: str = "", **fields: Any) -> dict[str, Any]:
    """A video of eight seconds; `directives` tell the sandbox what becomes of it."""
    asked = f" [sandbox {directives}]" if directives else ""
    return {
        "model": "film", "prompt": "Waves at night" + asked, "seconds": "8", "size": "720x1280", **fields,
    }  # fmt: skip


def speech(**fields: Any) -> dict[str, Any]:
    return {"model": "voice", "input": "Good morning", "voice": "alloy", **fields}


def wav(seconds: int, *, rate: int = 8_000) -> bytes:
    """Silence of that length."""
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate)
        sound.writeframes(b"\x80" * (rate * seconds))
    return made.getvalue()


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("picture.png", PNG)
    return made.getvalue()


def form(fields: dict[str, str] | Sequence[tuple[str, str]], *files: File) -> tuple[bytes, dict[str, str]]:
    """A form and the header that goes with it; a file is a field's name, its own name and its content."""
    boundary = "------------------------d74496d66958873e"
    pairs = list(fields.items()) if isinstance(fields, dict) else fields
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in pairs]
    for name, file_name, content in files:
        head = (
            f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: image/png\r\n\r\n'
        )
        parts.append(head.encode() + content)
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
