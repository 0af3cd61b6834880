"""The desk in numbers: how long it takes, what comes again and again, what is asked for twice, what is refused at the door."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from counterfoil.console import charts
from counterfoil.console.desk import choices, read_moment
from counterfoil.console.pages.cases import CASES, cause_label
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Count, Link, Note, Share, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM
from counterfoil.support.metrics_rules import HandOvers, Metrics, Times

pages = Pages()
_DAY = 86_400_000_000
_SPANS = (1, 7, 30, 90)
_USUAL = 30
_SHOWN_MAX = 12


@pages.get("/cases/metrics", need=CASES)
async def case_metrics(visit: Visit) -> View:
    start, end, days = _window(visit)
    asked = visit.asked("class")
    problem = asked if asked in FIELDS_OF_PROBLEM else None
    measured = await visit.services.case_metrics.measure(start=start, end=end, problem=problem)
    classes = (problem,) if problem is not None else tuple(FIELDS_OF_PROBLEM)
    by_class = [
        (one, measured if problem else await visit.services.case_metrics.measure(start=start, end=end, problem=one))
        for one in classes
    ]
    return View(
        template="cases_metrics.html",
        title="page_case_metrics",
        values={
            "spans": [
                (visit.w.word("timeline_day") if one == 1 else visit.w.word("timeline_days", count=one), visit.here(days=one, since=None, until=None), days == one)
                for one in _SPANS
            ],
            "window": f"{visit.shown.time(start)} – {visit.shown.time(end - 1)}",
            "filters": [
                ("since", "case_since", "date"), ("until", "case_before", "date"),
                ("class", "case_class", choices(visit, "problem_class", FIELDS_OF_PROBLEM)),
            ],
            "metrics": measured,
            "figures": _figures(visit, measured),
            "class_chart": _class_chart(visit, by_class),
            "repeated_chart": _repeated_chart(visit, measured),
            "unsafe_chart": _unsafe_chart(visit, measured),
        },
        tables=(
            _times_table(visit, measured), _classes_table(visit, by_class), _hand_overs_table(visit, measured.hand_overs),
            _repeated_table(visit, measured), _asked_table(visit, measured), _unsafe_table(visit, measured),
        ),
    )  # fmt: skip


def _window(visit: Visit) -> tuple[int, int, int | None]:
    """From when until when: the days that were chosen, both included, or so many days back from now."""
    since = read_moment(visit, "since", visit.asked("since"))
    until = read_moment(visit, "until", visit.asked("until"))
    text = visit.asked("days")
    days = int(text) if text in {str(one) for one in _SPANS} else _USUAL
    # A day that was chosen is wanted to its end.
    end = visit.now + 1 if until is None else until + (_DAY if len(visit.asked("until")) == len("2026-11-30") else 0)
    if since is not None:
        return since, end, None
    return max(0, end - days * _DAY), end, days if until is None else None


def _figures(visit: Visit, one: Metrics) -> list[tuple[str, str, str]]:
    """What matters most: a word, the number, and what it is of."""
    shown, w = visit.shown, visit.w

    def time(times: Times) -> tuple[str, str]:
        below = "" if times.ninth is None else w.word("case_nine_of_ten", time=shown.duration(times.ninth))
        return shown.duration(times.median), below

    def share(part: int, whole: int) -> tuple[str, str]:
        return shown.percent(part, whole), w.word("case_of_cases", part=shown.count(part), whole=shown.count(whole))

    return [
        ("case_count", shown.count(one.cases), w.word("case_resolved_of", count=shown.count(one.resolved))),
        ("case_first_answer", *time(one.first_answer)),
        ("case_to_diagnosis", *time(one.diagnosis)),
        ("case_to_resolution", *time(one.resolution)),
        ("case_self_service", *share(one.self_service, one.cases)),
        ("case_complete", *share(one.complete_first, one.cases)),
        ("case_reopened", *share(one.reopened, one.resolved)),
        ("case_handed_over", shown.count(sum(each.count for each in one.hand_overs)), ""),
    ]


def _lasted(visit: Visit, micros: int | None) -> Cell:
    """A length of time in words; in files with its seconds."""
    return None if micros is None else Note(visit.shown.duration(micros), "", whole=f"{micros // 1_000_000} s")


def _times_table(visit: Visit, one: Metrics) -> Table:
    rows = (
        ("case_first_answer", one.first_answer), ("case_to_diagnosis", one.diagnosis), ("case_to_resolution", one.resolution),
    )  # fmt: skip
    return Table(
        name="times",
        caption="case_times",
        columns=(
            Column(code="case_measure"), Column(code="case_measured", numeric=True), Column(code="case_median", numeric=True),
            Column(code="case_ninth", numeric=True),
        ),
        rows=[
            (visit.w.word(code), Count(times.count), _lasted(visit, times.median), _lasted(visit, times.ninth))
            for code, times in rows
        ],
    )  # fmt: skip


def _classes_table(visit: Visit, by_class: Sequence[tuple[str, Metrics]]) -> Table:
    def row(problem: str, one: Metrics) -> tuple[Cell, ...]:
        return (
            Link(visit.w.label("problem_class", problem), visit.here(**{"class": problem})),
            Count(one.cases), Count(one.resolved), _lasted(visit, one.first_answer.median),
            _lasted(visit, one.resolution.median), Share(one.self_service, one.cases),
            Share(one.complete_first, one.cases), Share(one.reopened, one.resolved),
        )  # fmt: skip

    return Table(
        name="classes",
        caption="case_by_class",
        columns=(
            Column(code="case_class"), Column(code="case_count", numeric=True), Column(code="case_resolved_count", numeric=True),
            Column(code="case_first_answer", numeric=True), Column(code="case_to_resolution", numeric=True),
            Column(code="case_self_service", wide=True), Column(code="case_complete", wide=True),
            Column(code="case_reopened", wide=True),
        ),
        rows=[row(problem, one) for problem, one in by_class],
    )  # fmt: skip


def _hand_overs_table(visit: Visit, every: Sequence[HandOvers]) -> Table:
    return Table(
        name="handed",
        caption="case_hand_overs",
        empty="case_hand_overs_none",
        columns=(
            Column(code="case_handed_to"), Column(code="case_times_handed", numeric=True),
            Column(code="case_there_median", numeric=True), Column(code="case_there_ninth", numeric=True),
        ),
        rows=[
            (
                visit.w.label("case_state", one.to), Count(one.count), _lasted(visit, one.lasted.median),
                _lasted(visit, one.lasted.ninth),
            )
            for one in every
        ],
    )  # fmt: skip


def _repeated_table(visit: Visit, one: Metrics) -> Table:
    return Table(
        name="repeated",
        caption="case_repeated",
        empty="case_repeated_none",
        columns=(Column(code="case_cause"), Column(code="case_article"), Column(code="case_count", numeric=True)),
        rows=[
            (
                Link(cause_label(visit, cause), visit.staff_link("/cases", cause=cause, state="all")),
                None if article is None else Link(article, article), Count(count),
            )
            for cause, article, count in one.repeated
        ],
    )  # fmt: skip


def _asked_table(visit: Visit, one: Metrics) -> Table:
    return Table(
        name="asked",
        caption="case_asked_again",
        empty="case_asked_again_none",
        columns=(Column(code="case_class"), Column(code="case_field"), Column(code="case_times_asked", numeric=True)),
        rows=[
            (visit.w.label("problem_class", problem), visit.w.label("evidence_field", field), Count(count))
            for problem, field, count in one.asked_again
        ],
    )  # fmt: skip


def _unsafe_table(visit: Visit, one: Metrics) -> Table:
    return Table(
        name="unsafe",
        caption="case_unsafe",
        empty="case_unsafe_none",
        columns=(
            Column(code="case_class"), Column(code="case_field"), Column(code="case_refused"),
            Column(code="case_times_refused", numeric=True),
        ),
        rows=[
            (visit.w.label("problem_class", problem), _place(visit, field), _unsafe(visit, kind), Count(count))
            for problem, field, kind, count in one.unsafe
        ],
    )  # fmt: skip


def _place(visit: Visit, field: str) -> str:
    """A field of a form, or where else it was found."""
    words = visit.w.entry("evidence_field", field) or visit.w.entry("word", f"place_{field}")
    return field if words is None else visit.w.of(words)


def _unsafe(visit: Visit, kind: str) -> str:
    words = visit.w.entry("word", f"unsafe_{kind}")
    return kind if words is None else visit.w.of(words)


# -- charts ------------------------------------------------------------------------------------------------------------


def _class_chart(visit: Visit, by_class: Sequence[tuple[str, Metrics]]) -> charts.Chart:
    points = [
        charts.Point(label=visit.w.word(f"case_class_{problem}"), value=one.cases, text=visit.shown.count(one.cases))
        for problem, one in by_class
        if one.cases
    ]
    return charts.bars(points, caption="case_by_class")


def _repeated_chart(visit: Visit, one: Metrics) -> charts.Chart:
    points = [
        charts.Point(label=cause_label(visit, cause), value=count, text=visit.shown.count(count))
        for cause, _, count in one.repeated[:_SHOWN_MAX]
    ]
    return charts.bars(points, caption="case_repeated", most_labels=4)


def _unsafe_chart(visit: Visit, one: Metrics) -> charts.Chart:
    counts: Counter[str] = Counter()
    for _, _, kind, count in one.unsafe:
        counts[kind] += count
    points = [
        charts.Point(label=_unsafe(visit, kind), value=count, text=visit.shown.count(count), tone="bad")
        for kind, count in counts.most_common(_SHOWN_MAX)
    ]
    return charts.bars(points, caption="case_unsafe", most_labels=5)
