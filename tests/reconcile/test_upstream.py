"""Attempts and upstreams' bills held against each other: by the specification, and by an engine alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfoil.reconcile.books.lines import UPSTREAM_LINES
from counterfoil.reconcile.books.usage import ATTEMPTS
from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching import upstream_program
from counterfoil.reconcile.matching.outcome import Outcome, sort_breaks
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.matching.upstream_rules import plain_model
from counterfoil.reconcile.matching.upstream_specification import specify
from counterfoil.reconcile.model import BreakClass
from reconcile.usage_rows import DAY, attempt, bucket, line, together, upstream_books

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
END = DAY + 86_400_000_000
TERMS = Terms(start=DAY, end=END, now=END, sources=frozenset({"ids", "sums"}))
# A micro-dollar is no minor unit: one cent is 10,000,000 nanos.
TOLERANT = Terms(start=DAY, end=END, now=END, sources=frozenset({"ids", "sums", "silent"}), tolerance={"USD": 1})
CENT = 10_000_000


def by_engine(engine: Engine, rows: Rows, terms: Terms) -> Outcome:
    tables = {
        "attempts": engine.load_rows("attempts", ATTEMPTS, rows["attempts"]),
        "upstream_lines": engine.load_rows("upstream_lines", UPSTREAM_LINES, rows["upstream_lines"]),
    }
    return upstream_program.run(engine, tables, terms)


def book(attempts: Sequence[Any] = (), lines: Sequence[Any] = ()) -> Rows:
    return {"attempts": attempts, "upstream_lines": lines}


def sent(number: int, **fields: Any) -> dict[str, Any]:
    """An attempt at the upstream that bills sums."""
    return attempt(number, upstream="sums", **fields)


# The bill of another call, so that the upstream is one that bills by the call.
OTHER = ([attempt(9)], [line(9)])

C = BreakClass


CASES: list[tuple[Rows, list[tuple[BreakClass, int | None, int | None]]]] = [
    (book([attempt(1)], [line(1)]), []),
    (book([attempt(1), *OTHER[0]], OTHER[1]), [(C.MISSING_EXTERNAL, 1000, None)]),
    (book(OTHER[0], [line(1), *OTHER[1]]), [(C.MISSING_INTERNAL, None, 1000)]),
    (book([attempt(1, outcome="rejected", cost=None)], [line(1)]), [(C.UPSTREAM_BILLED_FAILED_CALL, None, 1000)]),
    (book([attempt(1)], [line(1, failed=True)]), [(C.UPSTREAM_BILLED_FAILED_CALL, 1000, 1000)]),
    (book([attempt(1, outcome="rejected", cost=None)], [line(1, amount=0, input_tokens=None, output_tokens=None)]), []),
    (book([attempt(1)], [line(1, input_tokens=12)]), [(C.UPSTREAM_USAGE_DIFFERS, 15, 17)]),
    (book([attempt(1)], [line(1, amount=1001)]), [(C.AMOUNT_OVER, 1000, 1001)]),
    (book([attempt(1)], [line(1, amount=999)]), [(C.AMOUNT_UNDER, 1000, 999)]),
    (book([attempt(1)], [line(1, currency="EUR")]), [(C.CURRENCY_MISMATCH, 1000, 1000)]),
    (book([attempt(1)], [line(1), line(1, line_id="l2")]), [(C.DUPLICATE_EXTERNAL, 1000, 2000)]),
    # One line of the usage and one of the cost are no duplicate.
    (book([attempt(1)], [line(1), line(1, line_id="l2", kind="usage")]), []),
    # What timed out has no id; the line that is nobody's and of its time and model is its.
    (
        book([attempt(1, outcome="unknown", response_id=None, cost=None), *OTHER[0]], [line(1), *OTHER[1]]),
        [(C.OUTCOME_UNKNOWN, None, 1000)],
    ),
    # The bill does not have it: nothing is open.
    (book([attempt(1, outcome="unknown", response_id=None, cost=None), *OTHER[0]], OTHER[1]), []),
    (book([attempt(1, upstream="silent", outcome="unknown", cost=None)]), [(C.OUTCOME_UNKNOWN, None, None)]),
    (book([attempt(1, upstream="silent")]), []),
    # Sums.
    (book([sent(1), sent(2)], [bucket(1, amount=2000)]), []),
    (book([sent(1), sent(2)], [bucket(1, 24, amount=2000)]), []),
    (book([sent(1), sent(2)], [bucket(1, amount=500), bucket(2, amount=1500, key_name="other")]), []),
    (book([sent(1)], [bucket(1, amount=1001)]), [(C.AMOUNT_OVER, 1000, 1001)]),
    (book([sent(1)], [bucket(1, amount=999)]), [(C.AMOUNT_UNDER, 1000, 999)]),
    (book([sent(1)], [bucket(1), bucket(2, hour=3)]), [(C.MISSING_INTERNAL, None, 1000)]),
    (book([sent(1), sent(300)], [bucket(1)]), [(C.MISSING_EXTERNAL, 1000, None)]),
    (book([sent(1), sent(2, outcome="unknown", cost=None)], [bucket(1)]), []),
    (
        book([sent(1), sent(2, outcome="unknown", cost=None)], [bucket(1, amount=2000)]),
        [(C.OUTCOME_UNKNOWN, 1000, 2000)],
    ),
    (
        book([sent(1)], [bucket(1, kind="usage", input_tokens=12, output_tokens=5, requests=1)]),
        [(C.UPSTREAM_USAGE_DIFFERS, 15, 17)],
    ),
    (
        book(
            [sent(1), sent(2, outcome="rejected", cost=None)],
            [bucket(1, kind="usage", input_tokens=20, output_tokens=10, requests=2)],
        ),
        [(C.UPSTREAM_BILLED_FAILED_CALL, 15, 30)],
    ),
    # Nothing is billed at all.
    (book([sent(1), sent(2)]), [(C.MISSING_EXTERNAL, 2000, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), CASES)
def test_what_was_attempted_is_what_is_billed(
    duckdb: Engine, rows: Rows, expected: list[tuple[BreakClass, int | None, int | None]]
) -> None:
    by_hand = specify(rows, TERMS)

    assert [(one.break_class, one.expected, one.found) for one in by_hand.breaks] == expected
    assert sort_breaks(by_engine(duckdb, rows, TERMS).breaks) == sort_breaks(by_hand.breaks)


def test_variances_within_the_tolerance_are_booked_together(duckdb: Engine) -> None:
    rows = book(
        [attempt(number, cost=CENT) for number in range(1, 4)],
        [line(1, amount=CENT + 3), line(2, amount=CENT - 1), line(3, amount=CENT)],
    )

    (found,) = by_engine(duckdb, rows, TOLERANT).breaks

    assert (found.break_class, found.expected, found.found) == (C.ROUNDING_WITHIN_TOLERANCE, 2 * CENT, 2 * CENT + 2)
    assert [found] == list(specify(rows, TOLERANT).breaks)


def test_an_attempt_and_two_lines_that_may_be_its_are_left_to_a_person(duckdb: Engine) -> None:
    lost = attempt(1, outcome="unknown", response_id=None, cost=None)
    rows = book([lost, *OTHER[0]], [line(1), line(2), *OTHER[1]])

    found = sort_breaks(by_engine(duckdb, rows, TERMS).breaks)

    assert [(one.break_class, one.alternatives) for one in found] == [
        (C.MISSING_INTERNAL, found[2].ours),
        (C.MISSING_INTERNAL, found[2].ours),
        (C.OUTCOME_UNKNOWN, ("line:l1", "line:l2")),
    ]
    assert found == sort_breaks(specify(rows, TERMS).breaks)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=upstream_books(), terms=st.sampled_from((TERMS, TOLERANT)))
def test_an_engine_finds_what_the_specification_finds(duckdb: Engine, rows: Rows, terms: Terms) -> None:
    by_hand, found = specify(rows, terms), by_engine(duckdb, rows, terms)

    assert sort_breaks(found.breaks) == sort_breaks(by_hand.breaks)
    assert found.counts == by_hand.counts


def test_spark_finds_what_duckdb_finds(duckdb: Engine, spark_cluster: Engine) -> None:
    rows = together([rows for rows, _ in CASES])
    sources = frozenset(f"{name}-{place}" for name in ("ids", "sums") for place in range(len(CASES)))
    terms = replace(TERMS, sources=sources, tolerance={"USD": 1})
    expected = sort_breaks(specify(rows, terms).breaks)

    assert len(expected) > len(CASES) // 2
    assert sort_breaks(by_engine(duckdb, rows, terms).breaks) == expected
    assert sort_breaks(by_engine(spark_cluster, rows, terms).breaks) == expected


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("openai/GPT-4o-mini-2024-07-18:free", "gpt-4o-mini"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("gemini-2.5-pro@20250617", "gemini-2.5-pro"),
        (None, ""),
    ],
)
def test_a_model_is_the_same_with_its_date_or_its_maker(name: str | None, plain: str) -> None:
    assert plain_model(name) == plain


def test_a_call_of_the_last_moment_meets_its_line_of_the_next_day(duckdb: Engine) -> None:
    last = attempt(1, started_at=END - 1)
    rows = book([last, attempt(2, started_at=DAY - 1), attempt(3)], [line(1, starts_at=END + 1), line(3)])

    for terms in (TERMS, TOLERANT):
        assert list(by_engine(duckdb, rows, terms).breaks) == list(specify(rows, terms).breaks) == []
    following = replace(TERMS, start=END, end=2 * END - DAY)
    assert list(by_engine(duckdb, rows, following).breaks) == list(specify(rows, following).breaks) == []
