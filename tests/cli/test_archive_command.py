"""`counterfoil archive`: closed days as files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cli.conftest import Terminal

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


def test_a_day_is_archived_and_what_is_there_is_told(terminal: Terminal) -> None:
    (made,) = terminal.ask("archive", "--day", YESTERDAY.isoformat())["days"]

    assert (made["day"], made["final"]) == (YESTERDAY.isoformat(), True)
    assert made["rows"] == dict.fromkeys(
        ("requests", "tasks", "charges", "attempts", "payment_lines", "upstream_lines"), 0
    )
    assert YESTERDAY.isoformat() in terminal.say("archive", "--day", YESTERDAY.isoformat())


def test_every_day_that_is_over_is_archived_unless_one_is_named(terminal: Terminal) -> None:
    terminal.ask("accounts", "create", "Acme")

    # Opened today: no day of it is over.
    assert terminal.ask("archive") == {"days": []}
    assert "Every day that is over is archived." in terminal.say("archive")


def test_today_is_not_archived(terminal: Terminal) -> None:
    assert "not over" in terminal.complain("archive", "--day", datetime.now(UTC).date().isoformat())


def test_a_day_that_does_not_exist_is_refused(terminal: Terminal) -> None:
    assert "2027-02-30" in terminal.complain("archive", "--day", "2027-02-30", status=2)
