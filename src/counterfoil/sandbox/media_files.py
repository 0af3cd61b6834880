"""Pictures, sounds and films: as small as their formats allow, and made here."""

from __future__ import annotations

import base64
import io
import struct
import wave
import zlib
from functools import lru_cache

from counterfoil.sandbox.multipart import Part

SOUND_RATE = 24_000
# A quarter of a second of silence.
SOUND_SAMPLES = SOUND_RATE // 4
# What sound in an unknown format is taken to have: MP3 with 128 kbit/s.
SOUND_BYTES_PER_SECOND = 16_000

_FILM_TIMESCALE = 1000
# One white pixel, as VP8L within RIFF.
_WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")


@lru_cache(maxsize=1)
def png() -> bytes:
    """A picture of one grey pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")
    )


@lru_cache(maxsize=1)
def jpeg() -> bytes:
    """A picture of eight by eight grey pixels: one block, whose only codes are "no difference" and "end of block"."""

    def segment(marker: int, content: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content

    one_code = bytes([1] + [0] * 15) + b"\0"
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + segment(0xDB, b"\0" + b"\1" * 64)
        + segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 1) + b"\1\x11\0")
        + segment(0xC4, b"\0" + one_code)
        + segment(0xC4, b"\x10" + one_code)
        + segment(0xDA, b"\1\1\0\0\x3f\0")
        + b"\x3f\xff\xd9"
    )


def webp() -> bytes:
    """A picture of one white pixel."""
    return _WEBP


@lru_cache(maxsize=1)
def wav() -> bytes:
    """Silence, 16 bits in one channel."""
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SOUND_RATE)
        sound.writeframes(pcm())
    return content.getvalue()


def pcm() -> bytes:
    """The same silence without a header."""
    return bytes(2 * SOUND_SAMPLES)


def mp3() -> bytes:
    """The same silence: frames of MPEG-2 layer III in one channel with 8 kbit/s, 24 bytes and 24 ms each."""
    frame = b"\xff\xf3\x14\xc4" + bytes(20)
    return frame * (SOUND_SAMPLES * 1000 // SOUND_RATE // 24)


@lru_cache(maxsize=64)
def mp4(seconds: int) -> bytes:
    """A film of that length with no tracks: what a player shows of it is nothing."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content) + 8) + kind + content

    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = struct.pack(">IIIII", 0, 0, 0, _FILM_TIMESCALE, seconds * _FILM_TIMESCALE)
    header += struct.pack(">IH10x", 0x10000, 0x100) + matrix + bytes(24) + struct.pack(">I", 1)
    return (
        box(b"ftyp", b"isom\0\0\2\0isommp41")
        + box(b"mdat", b"This film comes from the sandbox.")
        + box(b"moov", box(b"mvhd", header))
    )


def seconds_of(sound: Part) -> int:
    """How long a sound lasts, in seconds begun: as it says if it is WAV, else by its size."""
    try:
        with wave.open(io.BytesIO(sound.content), "rb") as read:
            return max(1, -(-read.getnframes() // max(1, read.getframerate())))
    except (wave.Error, EOFError):
        return max(1, -(-len(sound.content) // SOUND_BYTES_PER_SECOND))
