"""What a call makes that is answered at once: images, sound, or the text of a sound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The whole answer to a call, and what it costs: `units` of a `unit`, named as in price books."""

    model: str
    unit: str
    units: int
    content_type: bytes
    body: bytes
    body_without_usage: bytes
