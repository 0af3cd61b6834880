"""The desk's numbers as plain JSON, and as rows of one table for files. Pure. Durations are whole seconds here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from counterfoil.foundation.periods import MICROS_PER_SECOND, show_time
from counterfoil.support.metrics_rules import Metrics, Times

# What a row of the table says: which number, of what (a class, a desk, a cause), which field, which kind of secret.
COLUMNS = ("metric", "of", "field", "secret", "value")
Row = tuple[str, str, str, str, int | None]


def metrics_json(metrics: Metrics, *, start: int, end: int, problem: str | None) -> dict[str, Any]:
    """The numbers of the cases that arrived from `start` until `end`."""
    return {
        "since": show_time(start),
        "until": show_time(end),
        "problem": problem,
        "cases": metrics.cases,
        "resolved": metrics.resolved,
        "reopened": metrics.reopened,
        "self_service": metrics.self_service,
        "complete_first": metrics.complete_first,
        "first_answer": _times(metrics.first_answer),
        "diagnosis": _times(metrics.diagnosis),
        "resolution": _times(metrics.resolution),
        "hand_overs": [{"to": one.to, "count": one.count, "lasted": _times(one.lasted)} for one in metrics.hand_overs],
        "repeated": [
            {"cause": cause, "article": article, "count": count} for cause, article, count in metrics.repeated
        ],
        "asked_again": [
            {"problem": each, "field": field, "count": count} for each, field, count in metrics.asked_again
        ],
        "unsafe": [
            {"problem": each, "field": field, "secret": secret, "count": count}
            for each, field, secret, count in metrics.unsafe
        ],
    }


def metrics_rows(metrics: Metrics) -> Iterator[Row]:
    """The same, one number a row."""
    yield from (
        ("cases", "", "", "", metrics.cases),
        ("resolved", "", "", "", metrics.resolved),
        ("reopened", "", "", "", metrics.reopened),
        ("self_service", "", "", "", metrics.self_service),
        ("complete_first", "", "", "", metrics.complete_first),
    )
    for name, times in (
        ("first_answer", metrics.first_answer), ("diagnosis", metrics.diagnosis), ("resolution", metrics.resolution),
    ):  # fmt: skip
        yield f"{name}_count", "", "", "", times.count
        yield from _rows_of(name, "", times)
    for one in metrics.hand_overs:
        yield "hand_overs", one.to, "", "", one.count
        yield "hand_overs_ended", one.to, "", "", one.lasted.count
        yield from _rows_of("hand_over", one.to, one.lasted)
    for cause, _, count in metrics.repeated:
        yield "repeated", cause, "", "", count
    for problem, field, count in metrics.asked_again:
        yield "asked_again", problem, field, "", count
    for problem, field, secret, count in metrics.unsafe:
        yield "unsafe", problem, field, secret, count


def metrics_csv(metrics: Metrics) -> str:
    """The rows as a CSV file (RFC 4180). Its cells are codes and numbers: nothing that a spreadsheet would run."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    rows.writerows(metrics_rows(metrics))
    return written.getvalue()


def _times(times: Times) -> dict[str, int | None]:
    """How many, the one in the middle, and that which nine of ten stay below."""
    return {
        "count": times.count,
        "median_seconds": _seconds(times.median),
        "ninth_seconds": _seconds(times.ninth),
    }


def _rows_of(name: str, of: str, times: Times) -> Iterator[Row]:
    yield f"{name}_median_seconds", of, "", "", _seconds(times.median)
    yield f"{name}_ninth_seconds", of, "", "", _seconds(times.ninth)


def _seconds(micros: int | None) -> int | None:
    return None if micros is None else micros // MICROS_PER_SECOND
