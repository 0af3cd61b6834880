"""Pictures and sounds as they come in: what they really are, by their first bytes, and how long a sound may be. Pure.

A name's ending and a declared type are the sender's words; only the content decides what is sent on.
"""

from __future__ import annotations

import base64
import binascii
import io
import math

from tinytag import TinyTag, TinyTagException

from counterfoil.gateway.parsing import bad

# OpenAI's largest sound is 25 MB, its largest picture 50; the body's own limit (32 MiB) is below that.
FILE_BYTES_MAX = 25 * 2**20
PICTURES = ("png", "jpeg", "webp", "gif")
SOUNDS = ("mp3", "wav", "ogg", "flac", "m4a", "webm", "aac", "aiff")
CONTENT_TYPES = {
    "png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "mp3": "audio/mpeg",
    "wav": "audio/wav", "ogg": "audio/ogg", "flac": "audio/flac", "m4a": "audio/mp4", "webm": "audio/webm",
    "aac": "audio/aac", "aiff": "audio/aiff",
}  # fmt: skip

# The longest sound that is taken: what a price of one second may be multiplied with (`pricing.model.PARTS_MAX`).
SOUND_SECONDS_MAX = 10_000
# A sound whose header cannot be read is held for as if it were the quietest that is in use: 8 kbit/s, the least an MP3
# can have, a speech codec's usual floor.
_QUIETEST_BYTES_PER_SECOND = 1_000
# No sound needs more than so many bytes a second, so one of that size lasts at least so long, whatever its header says:
# eight channels of 96,000 samples of 32 bits where it is not compressed, 512 kbit/s where it is.
_LOUDEST_BYTES_PER_SECOND = {"wav": 3_072_000, "aiff": 3_072_000, "flac": 3_072_000}
_LOUDEST_COMPRESSED_BYTES_PER_SECOND = 64_000
# An upstream may measure a little more than the header says; what it says beyond this is its mistake.
_MEASURED_BYTES_PER_SECOND = 500
# A file made to be read slowly is given up, and held for by its size; real headers take a few hundred reads.
_READS_MAX = 50_000
_DATA_URL_HEAD_MAX = 200


def picture_kind(content: bytes, *, field: str) -> str:
    """The kind of a picture; raises `InputError` (`file_kind_wrong`, `file_too_large`, `field_empty`)."""
    _check_size(content, field)
    kind = None
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = "png"
    elif content.startswith(b"\xff\xd8\xff"):
        kind = "jpeg"
    elif content.startswith((b"GIF87a", b"GIF89a")):
        kind = "gif"
    elif content.startswith(b"RIFF") and content.startswith(b"WEBP", 8):
        kind = "webp"
    if kind is None:
        raise bad("file_kind_wrong", field=field, allowed=", ".join(PICTURES))
    return kind


def sound_kind(content: bytes, *, field: str) -> str:
    """The kind of a sound; raises `InputError` like `picture_kind`."""
    _check_size(content, field)
    kind = _sound_kind(content)
    if kind is None:
        raise bad("file_kind_wrong", field=field, allowed=", ".join(SOUNDS))
    return kind


def _sound_kind(content: bytes) -> str | None:
    for kind, first in (("mp3", b"ID3"), ("flac", b"fLaC"), ("ogg", b"OggS"), ("webm", b"\x1a\x45\xdf\xa3")):
        if content.startswith(first):
            return kind
    if content.startswith(b"RIFF") and content.startswith(b"WAVE", 8):
        return "wav"
    if content.startswith(b"FORM") and content.startswith((b"AIFF", b"AIFC"), 8):
        return "aiff"
    if content.startswith(b"ftyp", 4):
        return "m4a"
    if len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0:
        # An MPEG frame; the layer 0 is AAC's.
        return "aac" if content[1] & 0xF6 == 0xF0 else "mp3"
    return None


def _check_size(content: bytes, field: str) -> None:
    if not content:
        raise bad("field_empty", field=field)
    if len(content) > FILE_BYTES_MAX:
        raise bad("file_too_large", field=field, most=FILE_BYTES_MAX)


def check_data_url(url: str, *, field: str) -> None:
    """See that a picture in a data URL is one; raises `InputError`. Other addresses are the upstream's to fetch."""
    if not url.startswith("data:"):
        if not url.startswith(("https://", "http://")):
            raise bad("field_wrong_type", field=field, expected="URL")
        return
    head, comma, payload = url.partition(",")
    if not comma or len(head) > _DATA_URL_HEAD_MAX or not head.endswith(";base64"):
        raise bad("file_kind_wrong", field=field, allowed=", ".join(PICTURES))
    if len(payload) > FILE_BYTES_MAX * 4 // 3 + 4:
        raise bad("file_too_large", field=field, most=FILE_BYTES_MAX)
    try:
        content = base64.b64decode(payload[:64], validate=True)
    except (binascii.Error, ValueError):
        content = b"?"
    picture_kind(content, field=field)


def sound_seconds_most(content: bytes, kind: str, *, field: str) -> int:
    """The most seconds that a sound is held for, at least 1; raises `InputError` for one that is too long.

    By its header, but never so few that its bytes could not fit; by its bytes alone where the header cannot be read.
    """
    told = _told_seconds(content)
    loudest = _LOUDEST_BYTES_PER_SECOND.get(kind, _LOUDEST_COMPRESSED_BYTES_PER_SECOND)
    if told is None:
        seconds = -(-len(content) // _QUIETEST_BYTES_PER_SECOND)
    else:
        seconds = max(math.ceil(told), -(-len(content) // loudest))
    if seconds > SOUND_SECONDS_MAX:
        if told is None:
            raise bad("file_too_large", field=field, most=SOUND_SECONDS_MAX * _QUIETEST_BYTES_PER_SECOND)
        raise bad("field_too_large", field=f"{field}.seconds", most=SOUND_SECONDS_MAX)
    return max(1, seconds)


def believable_seconds(seconds: float, content_bytes: int) -> int | None:
    """What an upstream says that it has heard, in whole seconds; None where no sound of that size can be so long."""
    if not 0 < seconds <= max(60, content_bytes / _MEASURED_BYTES_PER_SECOND):
        return None
    return math.ceil(seconds)


def _told_seconds(content: bytes) -> float | None:
    try:
        told = TinyTag.get(file_obj=_FewReads(content), tags=False).duration
    except TinyTagException:
        return None
    if told is None or not math.isfinite(told) or told <= 0:
        return None
    return told


class _FewReads(io.BytesIO):
    """A file that can be read so often and no more."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._left = _READS_MAX

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            # Which the reader of headers takes for a file that it cannot read.
            raise ValueError("read too often")
        return super().read(size)
