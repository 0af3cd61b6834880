"""Messages from announcements: the vocabulary's words, filled in with facts. Pure.

A fact is text in no language: an amount, a time, an id, a mask, or a code of the vocabulary. What a message has no fact
for is shown as a dash, so that a notification that says less is sent all the same.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from urllib.parse import urlencode

from counterfoil.foundation.ids import read_any_id
from counterfoil.foundation.vocabulary import Kind, Language, entry, find_entry
from counterfoil.notify.model import AlertKind, Message
from counterfoil.redaction.rules import redact

_CASE_NUMBER = re.compile("CS-[2-9A-Z]{4}-[2-9A-Z]{4}")
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


def link_of(public_url: str, kind: str, facts: Mapping[str, str]) -> str:
    """Where more is told, or something can be done about it: the page of the task, of the case, on which a key is rotated;
    or the first page."""
    account, key, task = (_id_among(facts, name) for name in ("account", "key", "task"))
    if kind == AlertKind.KEY_EXPOSED and account and key:
        # Which key it was tells the page whether it has been rotated since.
        query = f"?{urlencode({'exposed': facts['key_mask']})}" if "key_mask" in facts else ""
        return f"{public_url}/console/accounts/{account}/keys/{key}/rotate{query}"
    if kind in (AlertKind.CASE_ANSWERED, AlertKind.CASE_SETTLED) and _CASE_NUMBER.fullmatch(facts.get("case", "")):
        return f"{public_url}/console/support/{facts['case']}"
    return f"{public_url}/why/{task}" if task else public_url


def _id_among(facts: Mapping[str, str], kind: str) -> str:
    """The fact of that name if it is an id of that kind, else nothing: a link is made of nothing else."""
    text = facts.get(kind, "")
    known = read_any_id(text)
    return text if known is not None and known[0] == kind else ""


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
