"""`counterfoil bench redaction`: both kinds of error, counted on the corpus, and the time for a megabyte."""

from __future__ import annotations

import pytest

from cli.conftest import Terminal
from counterfoil.cli import bench_redaction


def test_it_counts_both_kinds_of_error_and_reads_a_megabyte(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_redaction, "READINGS", 1)
    measured = terminal.ask("bench", "redaction")
    assert set(measured) == {
        "positives", "missed", "look_alikes", "false_alarms", "mb_per_second", "seconds_per_mb",
    }  # fmt: skip
    assert measured["positives"] >= 400
    assert measured["look_alikes"] >= 400
    assert (measured["missed"], measured["false_alarms"]) == (0, 0)
    assert measured["seconds_per_mb"] > 0


def test_an_error_is_counted_and_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_redaction, "READINGS", 1)
    monkeypatch.setattr(bench_redaction, "scan", lambda text: [])
    text = terminal.say("bench", "redaction")
    assert "missed: card.visa" in text
    assert "false alarm" not in text


def test_the_megabyte_is_one_and_the_same_each_time() -> None:
    text = bench_redaction.megabyte()
    assert 0.99 * bench_redaction.MEGABYTE < len(text.encode()) <= bench_redaction.MEGABYTE
    assert bench_redaction.megabyte() == text
