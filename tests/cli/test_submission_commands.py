"""Submissions from the terminal: copies, loops, bursts, and what is done with duplicates."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from api.wiring import Office
from cli.conftest import Terminal
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.ids import show_id

ASKED, OTHER = b"a" * 32, b"b" * 32


@pytest.fixture
def token(terminal: Terminal) -> str:
    """A key of Acme, which has 10.00; a call costs 0.01."""
    terminal.ask("accounts", "create", "Acme")
    terminal.ask("ledger", "credit", "Acme", "10.00", "--source-id", "order 1")
    terminal.office(lambda office: office.sell())
    made: str = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]
    return made


def send(terminal: Terminal, token: str, *, times: int, fingerprint: bytes | None = ASKED) -> list[UUID]:
    async def call(office: Office) -> list[UUID]:
        return [await office.call(token, output_tokens=10, fingerprint=fingerprint) for _ in range(times)]

    return terminal.office(call)


def test_what_was_sent_again_is_listed_and_shown_as_one_thing(terminal: Terminal, token: str) -> None:
    first, *_ = send(terminal, token, times=2)
    often, *_ = send(terminal, token, times=3, fingerprint=OTHER)
    send(terminal, token, times=1, fingerprint=b"c" * 32)

    def listed(*options: str) -> list[str]:
        return [one["submission_id"] for one in terminal.ask("submissions", "list", *options)["submissions"]]

    shown, shown_often = show_id("submission", first), show_id("submission", often)
    assert listed("--account", "Acme") == [shown_often, shown]
    assert listed("--copies", "3") == [shown_often]
    page = terminal.ask("submissions", "list", "--most", "1")
    assert listed("--before", page["next"]) == [shown]
    found = terminal.ask("submissions", "show", shown)
    assert listed("--key", found["key_id"], "--most", "1") == [shown_often]
    assert (found["copies"], found["duplicates"], found["charged"], found["held"]) == (2, 1, "0.02", "0.00")
    assert [(one["verdict"], one["charge_mark"]) for one in found["requests"]] == [
        ("original", "charged"), ("duplicate", "charged"),
    ]  # fmt: skip
    said = terminal.say("submissions", "show", shown)
    assert show_id("request", first) in said
    assert "charged together  0.02 USD" in said
    assert shown in terminal.say("submissions", "list")
    assert terminal.ask("explain", shown)["about"] == "submission"
    missing = show_id("submission", SystemClock().new_id())
    assert "submission_not_found" in terminal.complain("submissions", "show", missing)


def test_a_script_in_a_loop_is_listed(terminal: Terminal, token: str) -> None:
    assert terminal.say("submissions", "loops") == "No loops.\n"
    send(terminal, token, times=10)
    (loop,) = terminal.ask("submissions", "loops", "--account", "Acme")["submissions"]
    assert (loop["copies"], loop["charged"]) == (10, "0.10")


def test_calls_that_rise_minute_after_minute_are_listed(
    terminal: Terminal, token: str, environment: dict[str, str]
) -> None:
    assert terminal.say("submissions", "bursts", "Acme") == "No bursts.\n"
    minute = 60_000_000
    start = SystemClock().now() // minute * minute - 3_600_000_000
    with psycopg.connect(environment["COUNTERFOIL_MIGRATION_URL"], autocommit=True) as connection:
        for place, calls in enumerate((5, 10, 20)):
            sent = send(terminal, token, times=calls, fingerprint=None)
            connection.execute(
                "UPDATE requests SET decided_at = %s WHERE request_id = ANY(%s)", (start + place * minute, sent)
            )
    (burst,) = terminal.ask("submissions", "bursts", "Acme")["bursts"]
    assert (burst["first_calls"], burst["calls"], burst["charged"], burst["currency"]) == (5, 20, "0.20", "USD")
    assert "0.20 USD" in terminal.say("submissions", "bursts", "Acme")
    assert terminal.ask("submissions", "bursts", "Acme", "--since", "2099-01-01T00:00:00Z")["bursts"] == []


def test_an_account_says_what_is_done_with_duplicates(terminal: Terminal, token: str) -> None:
    duplicates = ("accounts", "duplicates", "Acme")
    assert (terminal.ask(*duplicates)["policy"], terminal.ask(*duplicates)["window_seconds"]) == (None, None)
    assert "flag (the default)" in terminal.say(*duplicates)
    assert "600 s (the default)" in terminal.say(*duplicates)
    assert terminal.ask(*duplicates, "--window", "60")["window_seconds"] == 60
    changed = terminal.ask(*duplicates, "--policy", "block")
    assert (changed["policy"], changed["window_seconds"]) == ("block", 60)
    first, blocked = (show_id("request", one) for one in send(terminal, token, times=2))
    shown = terminal.ask("requests", "show", blocked)
    assert (shown["code"], shown["first_request_id"], shown["verdict"]) == ("duplicate_submission", first, "duplicate")
    assert first in terminal.say("requests", "show", blocked)
    assert terminal.ask(*duplicates, "--window", "0", "--policy", "off")["window_seconds"] is None
    assert send(terminal, token, times=1)
    assert "86400" in terminal.complain(*duplicates, "--window", "86401", status=2)


def test_groups_and_keys_have_windows_of_their_own(terminal: Terminal) -> None:
    terminal.ask("accounts", "create", "Acme")
    group = terminal.ask("groups", "create", "Acme", "research", "--duplicate-window", "30")
    assert group["duplicate_window_seconds"] == 30
    assert "30 s" in terminal.say("groups", "list", "Acme")
    changed = terminal.ask("groups", "update", "Acme", "research", "--duplicate-policy", "block")
    assert (changed["duplicate_policy"], changed["duplicate_window_seconds"]) == ("block", 30)
    changed = terminal.ask("groups", "update", "Acme", "research", "--duplicate-window", "0")
    assert changed["duplicate_window_seconds"] is None
    key = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci", "--duplicate-window", "45")["key_id"]
    assert "45 s" in terminal.say("keys", "show", key)
    assert terminal.ask("keys", "change", key, "--name", "cd")["duplicate_window_seconds"] == 45
    assert terminal.ask("keys", "change", key, "--duplicate-window", "0")["duplicate_window_seconds"] is None
