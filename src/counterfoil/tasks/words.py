"""An upstream's words as they may be kept: redacted, short, and without what they quote of the content. Pure."""

from __future__ import annotations

from counterfoil.redaction.rules import redact
from counterfoil.spend.records import storable
from counterfoil.spend.upstream_errors import ERROR_CHARACTERS_MAX
from counterfoil.tasks.rules import without_quotations

NAME_CHARACTERS_MAX = 80
UPSTREAM_ID_CHARACTERS_MAX = 500
# As much of an error as is looked at.
_WORDS_READ_MAX = 4_000


def kept_reason(words: str | None) -> str | None:
    """Why an upstream says that a task failed."""
    if not words:
        return None
    # Cut once it is redacted: half a secret looks like none.
    return storable(redact(without_quotations(words[:_WORDS_READ_MAX])))[:ERROR_CHARACTERS_MAX] or None


def kept_name(name: str | None) -> str | None:
    """A name such as a state or a code, which is short and of one line."""
    if not name:
        return None
    shown = "".join(sign for sign in name[:_WORDS_READ_MAX] if sign.isprintable())
    return storable(redact(shown))[:NAME_CHARACTERS_MAX] or None


def readable_id(upstream_task_id: str | None) -> str | None:
    """An upstream's id of a task, or None for one that could not be kept or asked for."""
    if upstream_task_id is None or not 1 <= len(upstream_task_id) <= UPSTREAM_ID_CHARACTERS_MAX:
        return None
    return upstream_task_id if upstream_task_id.isascii() and upstream_task_id.isprintable() else None
