"""What everybody writes alike in plain JSON: amounts exactly and as people write them, times in RFC 3339, ids as shown."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time

Json = dict[str, Any]


def amount(name: str, nanos: int | None) -> Json:
    """An amount exactly, and as people write it."""
    return {f"{name}_nanos": nanos, name: None if nanos is None else format_nanos(nanos)}


def time(at: int | None) -> str | None:
    """A time of UTC microseconds."""
    return None if at is None else show_time(at)


def identifier(kind: str, value: UUID | None) -> str | None:
    """An id with its kind's prefix."""
    return None if value is None else show_id(kind, value)


def parsed(text: str | None) -> Any:
    """What was kept as JSON text."""
    return None if text is None else json.loads(text)
