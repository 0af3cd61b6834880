"""An explanation as plain lines, for terminals: the answer first, then the checks, the next steps and the facts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from counterfoil.foundation.vocabulary import Kind, entry

if TYPE_CHECKING:
    from counterfoil.evidence.model import Explanation, Fact, ShownAttempt, ShownCheck, ShownCopy, ShownStep

_PASSED, _FAILED = "✓", "✗"
_GAP = "  "


def lines(explanation: Explanation) -> list[str]:
    """Every line, without its end; no line carries colour."""
    shown = [*_head(explanation), ""]
    if explanation.checks:
        shown += [_heading(explanation, "why_checks"), *_checks(explanation.checks), ""]
    shown += [_heading(explanation, "why_next")]
    shown += [f"{_GAP}{number}. {step}" for number, step in enumerate(explanation.next_steps, start=1)]
    shown += [""]
    shown += _aligned(
        [
            (_word(explanation, "how_to_go_back"), explanation.how_to_go_back or ""),
            (_word(explanation, "who_can_act"), explanation.owner_label),
            (_word(explanation, "article"), explanation.article),
        ]
    )
    if explanation.facts:
        shown += ["", _heading(explanation, "why_facts"), *_aligned((f.label, f.text) for f in explanation.facts)]
    if explanation.attempts:
        shown += ["", _heading(explanation, "why_attempts")]
        shown += [_attempt(attempt) for attempt in explanation.attempts]
    if explanation.history:
        shown += ["", _heading(explanation, "why_task_history"), *_history(explanation.history)]
    if explanation.copies:
        shown += ["", _heading(explanation, "why_submission"), *_copies(explanation.copies)]
    if explanation.also:
        shown += ["", f"{_word(explanation, 'also_found')}: {', '.join(explanation.also)}"]
    return shown


def _head(explanation: Explanation) -> list[str]:
    marks = [part for part in (str(explanation.status or ""), explanation.code or "") if part]
    first = explanation.title + (f" ({' '.join(marks)})" if marks else "")
    return [first, explanation.answer, *([explanation.money] if explanation.money else [])]


def _checks(checks: Iterable[ShownCheck]) -> list[str]:
    rows = list(checks)
    width = max(_width(check.label) for check in rows)
    shown = []
    for check in rows:
        mark = _PASSED if check.passed else _FAILED
        label = check.label + " " * (width - _width(check.label))
        shown.append(f"{_GAP}{mark} {label}{_GAP}{check.verdict}{_figures(check.figures)}".rstrip())
        if check.sentence is not None:
            shown.append(f"{_GAP}    {check.sentence}")
    return shown


def _figures(figures: Iterable[Fact]) -> str:
    return "".join(f"{_GAP}{figure.label} {figure.text}" for figure in figures)


def _attempt(attempt: ShownAttempt) -> str:
    return f"{_GAP}{attempt.number}. {attempt.label}: {_details(attempt.facts)}"


def _history(steps: Iterable[ShownStep]) -> list[str]:
    return _columns(
        [(f"{step.number}.", step.time, step.label, step.source_label, _details(step.facts)) for step in steps]
    )


def _copies(copies: Iterable[ShownCopy]) -> list[str]:
    return _columns(
        [
            (copy.subject, copy.time, copy.verdict_label or "", copy.label, copy.mark_label, _details(copy.facts))
            for copy in copies
        ]
    )


def _details(facts: Iterable[Fact]) -> str:
    return ", ".join(f"{fact.label} {fact.text}" for fact in facts)


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows of equal length with their cells aligned."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        _GAP + _GAP.join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _aligned(pairs: Iterable[tuple[str, str]]) -> list[str]:
    rows = [(label, text) for label, text in pairs if text]
    width = max((_width(label) for label, _ in rows), default=0)
    return [f"{_GAP}{label}{' ' * (width - _width(label))}{_GAP}{text}" for label, text in rows]


def _heading(explanation: Explanation, code: str) -> str:
    return entry(Kind.PAGE, code).label[explanation.language]


def _word(explanation: Explanation, code: str) -> str:
    return entry(Kind.WORD, code).label[explanation.language]


def _width(shown: str) -> int:
    """How many columns a terminal gives the text: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in shown)
