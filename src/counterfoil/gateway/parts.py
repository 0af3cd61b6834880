"""Images, sounds and files inside a call, counted and measured: their bytes are no text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from counterfoil.foundation.errors import InputError

# Content lies in messages, tool results and documents inside each other; no dialect nests deeper.
_DEPTH_MAX = 8

_IMAGES = frozenset({"image", "image_url", "input_image", "computer_screenshot"})
_SOUNDS = frozenset({"input_audio", "audio"})
_FILES = frozenset({"file", "input_file", "document"})
# What the upstream would fetch or look up, of a size that nobody knows beforehand.
_UNBOUNDED = frozenset({"video", "video_url", "input_video", "item_reference", "container_upload"})
# Where content may lie inside content.
_NESTING = ("content", "output", "source")
# Texts inside a part that are the thing itself, in base64 or as a data URL.
_PAYLOADS = frozenset({"data", "url", "image_url", "file_data", "file_url"})


@dataclass(frozen=True, slots=True)
class Parts:
    """How many there are of each; `media_bytes` are what they take in the body."""

    images: int = 0
    sounds: int = 0
    files: int = 0
    media_bytes: int = 0

    def __add__(self, other: Parts) -> Parts:
        return Parts(
            self.images + other.images,
            self.sounds + other.sounds,
            self.files + other.files,
            self.media_bytes + other.media_bytes,
        )


_NOTHING = Parts()


def count_parts(items: Sequence[Any]) -> Parts:
    """Count the parts in a list of messages, input items or content blocks; raises `InputError`."""
    counts = [0, 0, 0, 0]
    for item in items:
        # Nearly every message is plain text; those cost one look.
        if type(item) is dict and not (type(item.get("content")) is str and "type" not in item and "audio" not in item):
            _count(item, counts, 0)
    return Parts(*counts) if any(counts) else _NOTHING


def _count(item: dict[str, Any], counts: list[int], depth: int) -> None:
    kind = item.get("type")
    if kind == "text" or kind == "input_text" or kind == "output_text":
        return
    if isinstance(kind, str):
        if kind in _UNBOUNDED:
            raise InputError(code="cost_unbounded", feature=kind)
        if kind in _IMAGES:
            counts[0] += 1
        elif kind in _SOUNDS:
            counts[1] += 1
        elif kind in _FILES and not _is_plain_text(item):
            counts[2] += 1
        else:
            kind = None
        if kind is not None:
            counts[3] += _payload_bytes(item, 0)
            return
    elif isinstance(item.get("audio"), dict):
        # An assistant's earlier sound, which the upstream still has.
        counts[1] += 1
    if depth >= _DEPTH_MAX:
        raise InputError(problem="body_too_deep", most=_DEPTH_MAX)
    for name in _NESTING:
        inner = item.get(name)
        if type(inner) is dict:
            _count(inner, counts, depth + 1)
        elif type(inner) is list:
            for each in inner:
                if type(each) is dict:
                    _count(each, counts, depth + 1)


def _is_plain_text(document: dict[str, Any]) -> bool:
    """Whether a document is text in the body itself, or blocks of it, which are counted like any other content."""
    source = document.get("source")
    return isinstance(source, dict) and source.get("type") in ("text", "content")


def _payload_bytes(part: dict[str, Any], depth: int) -> int:
    """The bytes of what the part carries itself. A plain address stays text: it is short, and costs as text."""
    total = 0
    for name, value in part.items():
        if type(value) is str:
            if name in _PAYLOADS and (name in ("data", "file_data") or value.startswith("data:")):
                total += len(value)
        elif type(value) is dict and depth < 2:
            total += _payload_bytes(value, depth + 1)
    return total
