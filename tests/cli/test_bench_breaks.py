"""`counterfoil bench breaks`: what was planted in a month is found, each with its class, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import Terminal
from counterfoil.cli import bench_breaks
from counterfoil.cli.bench_month import payments
from counterfoil.reconcile.model import BreakClass

# No natural key lets an upstream bill a call twice, and a month has few enough days that one book of codes is never late.
_CLASSES = {str(each) for each in BreakClass}


def silent(_: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> bench_breaks.Measured:
    folder = tmp_path_factory.mktemp("month")
    return bench_breaks.measure(
        engine="duckdb", days=4, seed=7, folder=folder, progress=silent, orders_per_day=15, calls_per_day=20, every=2
    )


def test_every_planted_break_is_found_and_nothing_else(measured: bench_breaks.Measured) -> None:
    assert measured.wrong == []
    assert measured.is_exact
    assert measured.found == measured.planted


def test_every_class_is_planted(measured: bench_breaks.Measured) -> None:
    # A late line takes more days than these, and one file that is late more than one closing.
    assert _CLASSES - {break_class for _, break_class in measured.planted} <= {"late", "stale_source"}


def test_the_same_line_in_another_file_adds_nothing(measured: bench_breaks.Measured) -> None:
    assert measured.lines_known_again > 0
    assert measured.lines_read > 100


def test_a_break_that_nobody_planted_is_false_and_one_that_is_not_there_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = {scene.__name__: (scene, sources) for scene, sources in payments._PLANTED if hasattr(scene, "__name__")}
    twice, sources = scenes["_paid_twice"]

    def paid_twice_and_not_planted(books: payments.Books, source: str, at: int) -> None:
        twice(books, source, at)
        books.month.planted.pop()

    def planted_and_not_there(books: payments.Books, source: str, at: int) -> None:
        sold = books.sell(source, at)
        books.tell(sold.line)
        books.plant(BreakClass.LATE, sold.name, theirs=(sold.line,))

    monkeypatch.setattr(payments, "_PLANTED", ((paid_twice_and_not_planted, sources), (planted_and_not_there, sources)))
    measured = bench_breaks.measure(
        engine="duckdb", days=2, seed=3, folder=tmp_path, progress=silent, orders_per_day=10, calls_per_day=9, every=2
    )
    assert not measured.is_exact
    assert set(measured.false) == {("payments", "duplicate_external")}
    assert set(measured.missed) == {("payments", "late")}


def test_the_command_says_what_was_planted_by_class(terminal: Terminal) -> None:
    data = terminal.ask("bench", "breaks", "--days", "2", "--every", "2", "--seed", "5")
    assert data["planted"] == data["found"] > 0
    assert (data["missed"], data["false"]) == (0, 0)
    assert sum(counts["planted"] for counts in data["by_class"].values()) == data["planted"]
