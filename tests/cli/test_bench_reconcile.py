"""`counterfoil bench reconcile`: what was put into a book is found, whatever its seed, and nothing else is."""

from __future__ import annotations

from cli.conftest import Terminal


def test_it_finds_what_was_planted_and_says_how_long_it_took(terminal: Terminal) -> None:
    measured = terminal.ask("bench", "reconcile", "--rows", "60000", "--seed", "7")

    assert (measured["rows"], measured["missed"], measured["false"]) == (60_000, 0, 0)
    assert measured["breaks"] == measured["planted"] > 17
    assert measured["seconds"] > 0
    assert measured["raw_join_seconds"] > 0
    assert measured["ratio"] > 0
    assert measured["peak_mb"] > 50
