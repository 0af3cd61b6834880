"""How a picture or video was to be filmed: numbers and short words of a list, kept as evidence. Never a sentence. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import orjson

from counterfoil.redaction.rules import redact

# What upstreams of all kinds call them.
_NAMES = frozenset(
    {
        "angle", "aperture", "camera", "camera_angle", "camera_control", "camera_fixed", "camera_motion",
        "camera_movement", "depth_of_field", "exposure", "f_stop", "focal_length", "focus", "fov", "fps", "frame_rate",
        "iso", "lens", "motion", "motion_strength", "movement", "pan", "roll", "seed", "shot", "shot_type",
        "shutter_speed", "tilt", "zoom",
    }
)  # fmt: skip
# A value of an enumeration has this form, and no more words than these.
_WORD = re.compile(r"[A-Za-z0-9._:/+-]{1,40}(?: [A-Za-z0-9._:/+-]{1,40}){0,2}\Z")
_CHARACTERS_MAX = 40
_NUMBER_MOST = 2**53
_COUNT_MAX = 16


def camera_of(*sources: Mapping[str, Any]) -> str | None:
    """What those objects say of the camera, as compact JSON in one order; None where they say nothing."""
    found: dict[str, Any] = {}
    for source in sources:
        _collect(source, "", found)
    if not found:
        return None
    kept = dict(sorted(found.items())[:_COUNT_MAX])
    return orjson.dumps(kept).decode()


def _collect(source: Mapping[str, Any], prefix: str, found: dict[str, Any]) -> None:
    for name, value in source.items():
        if name not in _NAMES:
            continue
        if isinstance(value, Mapping):
            if not prefix:
                _collect(value, f"{name}.", found)
        elif _is_plain(value):
            found[prefix + name] = value


def _is_plain(value: object) -> bool:
    if isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return math.isfinite(value) and abs(value) <= _NUMBER_MOST
    if not isinstance(value, str) or len(value) > _CHARACTERS_MAX or not _WORD.match(value):
        return False
    return redact(value) == value
