"""Requests, tasks and charges held against each other: by the specification, and by an engine alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from counterfoil.foundation.ids import make_id
from counterfoil.reconcile.books.usage import CHARGES, REQUESTS, TASKS, join_id, split_id
from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching import charges_program
from counterfoil.reconcile.matching.charges_specification import specify
from counterfoil.reconcile.matching.outcome import Outcome, sort_breaks
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import BreakClass
from reconcile.usage_rows import DAY, charge, charge_books, refund, request, task, together

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
TERMS = Terms(start=DAY, end=DAY + 86_400_000_000, now=DAY + 90_000_000_000)


def by_engine(engine: Engine, rows: Rows, *, slice_rows: int = charges_program.SLICE_ROWS) -> Outcome:
    columns = {"requests": REQUESTS, "tasks": TASKS, "charges": CHARGES}
    tables = {name: engine.load_rows(name, columns[name], rows[name]) for name in columns}
    return charges_program.run(engine, tables, TERMS, slice_rows=slice_rows)


def book(requests: Sequence[Any] = (), tasks: Sequence[Any] = (), charges: Sequence[Any] = ()) -> Rows:
    return {"requests": requests, "tasks": tasks, "charges": charges}


CASES: list[tuple[Rows, list[tuple[BreakClass, int | None, int | None]]]] = [
    (book([request(1)], charges=[charge(1)]), []),
    (book([request(1)]), [(BreakClass.REQUEST_WITHOUT_CHARGE, 100, None)]),
    (book([request(1, expected=0, charged=0)]), []),
    (book(charges=[charge(1)]), [(BreakClass.TASK_WITHOUT_REQUEST, None, 100)]),
    (book(tasks=[task(1)]), [(BreakClass.TASK_WITHOUT_REQUEST, None, None)]),
    (book([request(1, state="failed", charged=0)]), []),
    (book([request(1, state="failed", charged=0)], charges=[charge(1)]), [(BreakClass.FAILED_BUT_CHARGED, 0, 100)]),
    (book([request(1, state="failed", charged=0)], charges=[charge(1), refund(1)]), []),
    (
        book([request(1)], [task(1, state="failed")], [charge(1), refund(1, 40)]),
        [(BreakClass.FAILED_BUT_CHARGED, 0, 60)],
    ),
    (book([request(1)], [task(1, state="failed")], [charge(1), refund(1)]), []),
    (book([request(1)], [task(1, state="cancelled")], [charge(1)]), []),
    (book([request(1)], charges=[charge(1), charge(1, at=DAY + 50)]), [(BreakClass.CHARGED_TWICE, 100, 200)]),
    (book([request(1)], charges=[charge(1, operations=2, charged=200)]), [(BreakClass.CHARGED_TWICE, 100, 200)]),
    (book([request(1, expected=90)], charges=[charge(1)]), [(BreakClass.CHARGE_DIFFERS_FROM_PRICE, 90, 100)]),
    (book([request(1, expected=None)], charges=[charge(1)]), []),
    (
        book([request(1, charged=90, expected=None)], charges=[charge(1)]),
        [(BreakClass.CHARGE_DIFFERS_FROM_PRICE, 90, 100)],
    ),
    (
        book([request(1, charged=60, uncollected=40)], charges=[charge(1, charged=60, uncollected=40)]),
        [(BreakClass.UNCOLLECTED, 100, 60)],
    ),
    (
        book([request(1, state="served_not_charged", charged=0, uncollected=100)]),
        [(BreakClass.SERVED_NOT_CHARGED, 100, 0)],
    ),
    (book([request(1, state="unknown", charged=0)]), [(BreakClass.OUTCOME_UNKNOWN, 500, None)]),
    (book([request(1)], charges=[charge(1), refund(1, 130)]), [(BreakClass.REFUND_EXCEEDS_CREDIT, 100, 130)]),
    # Charged on a day that is not looked at: only what the refund itself knows counts.
    (book(charges=[refund(1)]), []),
    (book(charges=[refund(1, 130)]), [(BreakClass.REFUND_EXCEEDS_CREDIT, 100, 130)]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), CASES)
def test_a_request_is_charged_once_by_its_price(
    duckdb: Engine, rows: Rows, expected: list[tuple[BreakClass, int | None, int | None]]
) -> None:
    by_hand = specify(rows, TERMS)

    assert [(one.break_class, one.expected, one.found) for one in by_hand.breaks] == expected
    assert sort_breaks(by_engine(duckdb, rows).breaks) == sort_breaks(by_hand.breaks)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=charge_books())
def test_an_engine_finds_what_the_specification_finds(duckdb: Engine, rows: Rows) -> None:
    by_hand, found = specify(rows, TERMS), by_engine(duckdb, rows)

    assert sort_breaks(found.breaks) == sort_breaks(by_hand.breaks)
    assert found.counts == by_hand.counts


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=charge_books())
def test_a_book_that_is_joined_in_slices_has_the_same_breaks(duckdb: Engine, rows: Rows) -> None:
    assert sort_breaks(by_engine(duckdb, rows, slice_rows=2).breaks) == sort_breaks(specify(rows, TERMS).breaks)


def test_spark_finds_what_duckdb_finds(duckdb: Engine, spark_cluster: Engine) -> None:
    rows = together([rows for rows, _ in CASES])
    expected = sort_breaks(specify(rows, TERMS).breaks)

    assert len(expected) == sum(len(found) for _, found in CASES)
    assert sort_breaks(by_engine(duckdb, rows).breaks) == expected
    assert sort_breaks(by_engine(spark_cluster, rows).breaks) == expected


def test_an_id_comes_back_from_its_halves() -> None:
    made = make_id(DAY, 2**62 - 1)

    assert join_id(*split_id(made)) == made
