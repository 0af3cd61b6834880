"""An explanation as plain lines, for terminals: the answer first, then the checks, the next steps and the facts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.vocabulary import Kind, entry, find_entry, text

if TYPE_CHECKING:
    from counterfoil.evidence.model import (
        Explanation,
        Fact,
        ShownAttempt,
        ShownCheck,
        ShownCopy,
        ShownFinding,
        ShownStep,
    )

_PASSED, _FAILED = "✓", "✗"
_GAP = "  "
# Records of a finding that are listed; all of them are in the JSON.
_ROWS_SHOWN = 5


def lines(explanation: Explanation) -> list[str]:
    """Every line, without its end; no line carries colour."""
    shown = [*_head(explanation), ""]
    if explanation.findings:
        shown += [_heading(explanation, "why_findings"), *_findings(explanation), ""]
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
        heading = "why_order_history" if explanation.about == "order" else "why_task_history"
        shown += ["", _heading(explanation, heading), *_history(explanation.history)]
    if explanation.copies:
        shown += ["", _heading(explanation, "why_submission"), *_copies(explanation.copies)]
    if explanation.also:
        shown += ["", f"{_word(explanation, 'also_found')}: {', '.join(explanation.also)}"]
    return shown


def _head(explanation: Explanation) -> list[str]:
    marks = [part for part in (str(explanation.status or ""), explanation.code or "") if part]
    first = explanation.title + (f" ({' '.join(marks)})" if marks else "")
    return [first, explanation.answer, *([explanation.money] if explanation.money else [])]


def _findings(explanation: Explanation) -> list[str]:
    """Each finding: what it is and how sure, what is so, what would have helped, who acts, and the records behind it."""
    shown: list[str] = []
    words = [_word(explanation, code) for code in ("next_step_here", "who_can_act", "evidence_rows")]
    width = max(map(_width, words))
    steps, owner, records = (word + " " * (width - _width(word)) for word in words)
    for number, finding in enumerate(explanation.findings, start=1):
        indent = _GAP + " " * len(f"{number}. ")
        shown.append(f"{_GAP}{number}. {finding.label} ({finding.confidence_label})")
        shown += [f"{indent}{said}" for said in (finding.text, finding.would_have) if said]
        shown.append(f"{indent}{steps}{_GAP}{finding.next_steps[0]}")
        shown.append(f"{indent}{owner}{_GAP}{finding.owner_label}")
        shown += [
            f"{indent}{records if first else ' ' * width}{_GAP}{row}"
            for first, row in zip([True] + [False] * _ROWS_SHOWN, _rows(explanation, finding), strict=False)
        ]
    return shown


def _rows(explanation: Explanation, finding: ShownFinding) -> list[str]:
    """The first records of a finding, and how many more there are."""
    shown = []
    for row in finding.rows[:_ROWS_SHOWN]:
        kind = find_entry(Kind.WORD, f"row_{row.kind}")
        parts = [row.kind if kind is None else kind.label[explanation.language], row.id]
        if row.at is not None:
            parts.append(f"{to_datetime(row.at):%Y-%m-%d %H:%M:%S} UTC")
        if row.nanos is not None:
            parts.append(format_nanos(row.nanos) + (f" {finding.currency}" if finding.currency else ""))
        shown.append(_GAP.join(parts))
    more = len(finding.rows) - _ROWS_SHOWN
    if more > 0:
        shown.append(text(Kind.WORD, "more_rows", explanation.language, count=more))
    return shown


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
