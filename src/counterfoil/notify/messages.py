"""Messages from announcements: the vocabulary's words, filled in with facts. Pure.

A fact is text in no language: an amount, a time, an id, a mask, or a code of the vocabulary. What a message has no fact
for is shown as a dash, so that a notification that says less is sent all the same.
"""

from __future__ import annotations

import string
from collections.abc import Mapping

from counterfoil.foundation.ids import read_any_id
from counterfoil.foundation.vocabulary import Kind, Language, entry, find_entry
from counterfoil.notify.model import Message
from counterfoil.redaction.rules import redact

_MISSING = "—"
_FACT_CHARACTERS_MAX = 120
_TITLE_CHARACTERS_MAX = 200
# Facts that are codes, and the list that each is from.
_CODES = {
    "window": Kind.LIMIT_WINDOW, "unit": Kind.LIMIT_UNIT, "resets": Kind.WORD, "what": Kind.ORDER_ATTENTION,
    "invoice_state": Kind.INVOICE_STATE, "answer": Kind.LIMIT_ASK_STATE, "until": Kind.WORD,
}  # fmt: skip
_NAMED = ("account", "group", "key", "asked_by")


def places(kind: str) -> frozenset[str]:
    """The facts that a kind's words have places for."""
    found: set[str] = set()
    for words in (entry(Kind.NOTIFICATION, kind).label, entry(Kind.NOTIFICATION_TEXT, kind).label):
        found |= {name for _, name, _, _ in string.Formatter().parse(words[Language.EN]) if name is not None}
    return frozenset(found)


def ids_to_name(facts: Mapping[str, str]) -> tuple[str, ...]:
    """The ids among the facts that people know by a name."""
    return tuple(facts[name] for name in _NAMED if name in facts and read_any_id(facts[name]) is not None)


def render(kind: str, facts: Mapping[str, str], *, language: Language, link: str, names: Mapping[str, str]) -> Message:
    """The message of an announcement, whose kind is in the vocabulary. `names` are of shown ids; people typed them."""
    subject, text = entry(Kind.NOTIFICATION, kind), entry(Kind.NOTIFICATION_TEXT, kind)
    values = {name: _shown(name, facts.get(name), language=language, names=names) for name in places(kind)}
    return Message(
        title=subject.label[language].format_map(values)[:_TITLE_CHARACTERS_MAX],
        lines=(
            text.label[language].format_map(values),
            subject.next_step.what_to_change[language],
            link,
        ),
    )


def link_of(public_url: str, facts: Mapping[str, str]) -> str:
    """Where more is told: the page of the task, or the first page."""
    task = facts.get("task", "")
    known = read_any_id(task)
    return f"{public_url}/why/{task}" if known is not None and known[0] == "task" else public_url


def _shown(name: str, value: str | None, *, language: Language, names: Mapping[str, str]) -> str:
    if value is None:
        return _MISSING
    found = find_entry(_CODES[name], value) if name in _CODES else None
    if found is not None:
        return found.label[language]
    return _cleaned(names.get(value) or value)


def _cleaned(text: str) -> str:
    """On one line and without secrets: names are typed by people."""
    line = "".join(sign if sign.isprintable() else " " for sign in redact(text)).strip()
    return line if len(line) <= _FACT_CHARACTERS_MAX else line[: _FACT_CHARACTERS_MAX - 1] + "…"
