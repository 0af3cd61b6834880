"""A copyable text for chats and mail, one for each problem class and language, and reading it back. Pure.

What comes back has been through chats and mail: quoted, with bullets and bold letters, in the other language, with lines
missing, and with more text around it. Labels decide what is what; the rest is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, Language, entries, entry
from counterfoil.foundation.vocabulary.support_intake import HINT_MASK, HINT_TIME, NEVER, TEMPLATE
from counterfoil.support.intake_rules import FORMS, FieldInput, form_of

# A template that is filled in, quoted twice, with a signature below.
PASTED_CHARACTERS_MAX = 16 * 1024

_OPEN, _CLOSE = "（(【[", "）)】]"
# What chats and mail put in front of a line.
_BEFORE = re.compile(r"[\s>＞|*•·●▪◦○#_`~–—-]*(?:[0-9]{1,2}[.)、）][\s*_]*)?")
_BEHIND = re.compile(r"(?:\*\*|__)?\s*")
_QUOTE = re.compile(r"[>＞|\s]*")
_COLON = re.compile(r"[:：﹕︰]")
_IN_BRACKETS = re.compile(r"[（(【\[][^）)】\]]{0,80}[）)】\]]")
_NOT_OF_LABELS = re.compile(r"[\s*_`~\"'’‘“”「」-]+")
# The longest label is far shorter.
_LABEL_CHARACTERS_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadField:
    """A field of a pasted text: its code, what was written, and where in the text that is."""

    code: str
    value: str = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTemplate:
    """What a pasted text says. `problem` is None where nothing of it belongs to a template."""

    problem: str | None
    fields: tuple[ReadField, ...]

    def at(self, position: int) -> str | None:
        """The code of the field that is at this place of the text."""
        return next((one.code for one in self.fields if one.start <= position < one.end), None)


def template_text(problem: str, language: Language) -> str:
    """The template of a problem class; raises `KeyError` for a class that there is none of."""
    zh = language is Language.ZH
    title = TEMPLATE.label[language]
    label = entry(Kind.PROBLEM_CLASS, problem).label[language]
    lines = [f"【{title}】{label}" if zh else f"[{title}] {label}", _bracketed(TEMPLATE.explanation[language], zh=zh)]
    for code in FIELDS_OF_PROBLEM[problem]:
        hint = _hint(code, language)
        lines.append(entry(Kind.EVIDENCE_FIELD, code).label[language] + hint + ("：" if zh else ": "))
    never = NEVER.label[language] + ("：" if zh else ": ") + NEVER.explanation[language]
    return "\n".join([*lines, _bracketed(never, zh=zh)]) + "\n"


def _bracketed(text: str, *, zh: bool) -> str:
    return f"（{text}）" if zh else f"({text})"


def _hint(code: str, language: Language) -> str:
    zh = language is Language.ZH
    if form_of(code).input is FieldInput.TIME:
        return _bracketed(HINT_TIME.label[language], zh=zh) if zh else f" ({HINT_TIME.label[language]})"
    if code == "order_mask":
        return _bracketed(HINT_MASK.label[language], zh=zh) if zh else f" ({HINT_MASK.label[language]})"
    return ""


# Reading.


def read_template(text: str) -> ReadTemplate:
    """What a pasted text says, by the labels in it; what is beyond `PASTED_CHARACTERS_MAX` is not read."""
    found: dict[str, ReadField] = {}
    problem: str | None = None
    current: str | None = None
    for start, line in _lines(text[:PASTED_CHARACTERS_MAX]):
        labelled = _labelled(line)
        if labelled is not None:
            code, offset = labelled
            # Who fills in the same line twice has quoted the empty template below.
            is_new = code not in found or not found[code].value
            current = code if is_new else None
            if is_new:
                found[code] = _field(code, line, start, offset)
            continue
        named = _problem_in(line)
        if named is not None or _is_boilerplate(line):
            problem = problem or named
            current = None
        elif current is not None and _goes_on(found[current], line):
            found[current] = _longer(text, found[current], start, line)
    fields = tuple(one for one in found.values() if one.value)
    return ReadTemplate(problem=problem or _closest_problem(found), fields=fields)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    position = 0
    for line in text.splitlines(keepends=True):
        yield position, line.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
        position += len(line)


def _labelled(line: str) -> tuple[str, int] | None:
    """The field that a line names, and where its value begins."""
    begin = _BEFORE.match(line)
    start = begin.end() if begin is not None else 0
    for colon in _COLON.finditer(line, start, start + _LABEL_CHARACTERS_MAX):
        code = _CODES.get(_folded(_IN_BRACKETS.sub("", line[start : colon.start()])))
        if code is not None:
            # `**Request id:** req_…` closes its bold letters behind the colon.
            behind = _BEHIND.match(line, colon.end())
            return code, behind.end() if behind is not None else colon.end()
    return None


def _field(code: str, line: str, start: int, offset: int) -> ReadField:
    value = line[offset:].rstrip()
    return ReadField(code=code, value=value, start=start + offset, end=start + offset + len(value))


def _goes_on(one: ReadField, line: str) -> bool:
    """Whether the next line is more of it: of a text in several lines, or where the label's own line was left empty."""
    if not line.strip():
        return False
    return not one.value or FORMS[one.code].input is FieldInput.TEXT


def _longer(text: str, one: ReadField, start: int, line: str) -> ReadField:
    quote = _QUOTE.match(line)
    offset = quote.end() if quote is not None else 0
    begin, end = (one.start, start + len(line.rstrip())) if one.value else (start + offset, start + len(line.rstrip()))
    value = "\n".join([one.value, line[offset:].rstrip()]) if one.value else text[begin:end]
    return ReadField(code=one.code, value=value, start=begin, end=end)


def _is_boilerplate(line: str) -> bool:
    """Whether it is a line of the template itself that asks for nothing, or the beginning of a signature."""
    if line.strip() in ("--", "—", "——"):
        return True
    begin = _BEFORE.match(line)
    stripped = line[begin.end() if begin is not None else 0 :].rstrip(" \t*_")
    if not stripped or stripped[0] not in _OPEN:
        return False
    inner = _folded(stripped.strip(_OPEN + _CLOSE))
    return any(inner.startswith(known) for known in _BOILERPLATE)


def _problem_in(line: str) -> str | None:
    """The problem class whose title the line is."""
    folded = _folded(_IN_BRACKETS.sub("", line[:200]))
    has_title = any(mark in _folded(line[:200]) for mark in _TITLES)
    for label, code in _PROBLEMS.items():
        if folded == label or (has_title and label in folded):
            return code
    return None


def _closest_problem(found: dict[str, ReadField]) -> str | None:
    """The class that asks for most of what is filled in, or else for most of what is named."""
    filled = [code for code, one in found.items() if one.value] or list(found)
    if not filled:
        return None
    return max(FIELDS_OF_PROBLEM, key=lambda one: sum(code in FIELDS_OF_PROBLEM[one] for code in filled))


def _folded(text: str) -> str:
    return _NOT_OF_LABELS.sub("", unicodedata.normalize("NFKC", text)).casefold()


_CODES = {
    _folded(name): one.code for one in entries(Kind.EVIDENCE_FIELD) for name in (one.label.zh, one.label.en, one.code)
}
_PROBLEMS = {
    _folded(_IN_BRACKETS.sub("", one.label[language])): one.code
    for one in entries(Kind.PROBLEM_CLASS)
    for language in Language
}
_TITLES = tuple(_folded(mark) for mark in ("【" + TEMPLATE.label.zh + "】", "[" + TEMPLATE.label.en + "]"))
_BOILERPLATE = tuple(
    _folded(words)[:12]
    for language in Language
    for words in (TEMPLATE.explanation[language], NEVER.label[language] + ":")
)
