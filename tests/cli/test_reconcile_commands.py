"""Reconciliation from the terminal: import, run, look, settle."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.conftest import Terminal

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
HEAD = "time,kind,trade,amount"


def bill(*amounts: str, start: int = 0) -> str:
    rows = [f"{YESTERDAY} 12:00:0{place},payment,T{place + start},{amount}" for place, amount in enumerate(amounts)]
    return "\n".join([HEAD, *rows, ""])


@pytest.fixture
def shop(terminal: Terminal) -> str:
    made = terminal.ask(
        "reconcile", "sources", "add", "shop", "--what", "provider", "--importer", "generic", "--time-zone", "UTC",
        "--currency", "USD", "--by", "Ada", "--column", "time=time", "--column", "kind=kind", "--column", "amount=amount",
        "--column", "trade_number=trade", "--fee-rate", "0.6", "--tolerance", "USD=1",
    )  # fmt: skip
    assert (made["fee_millionths"], made["tolerance"], made["settling_seconds"]) == (6_000, {"USD": 1}, 86_400)
    return "shop"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bill.csv"
    path.write_text(bill("25.50"))
    return path


def test_a_folder_and_an_archive_are_imported_and_the_same_again_says_so(
    terminal: Terminal, shop: str, tmp_path: Path
) -> None:
    folder = tmp_path / "bills"
    folder.mkdir()
    (folder / "a.csv").write_text(bill("1.00"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("b.csv", bill("2.00", "ten", start=5))
    (folder / "b.zip").write_bytes(packed.getvalue())
    arguments = ("reconcile", "import", str(folder), "--source", shop, "--by", "Ada")
    found = terminal.ask(*arguments)["files"]
    assert [(one["outcome"], one["statement"]["lines"], len(one["rejected"])) for one in found] == [
        ("imported", 1, 0), ("imported", 1, 1),
    ]  # fmt: skip
    said = terminal.say(*arguments)
    assert said.count("known already, nothing added") == 2
    assert "Amount not readable" in said
    assert "金额无法识别" in terminal.say(*arguments, "--language", "zh")
    (faulty,) = terminal.ask("reconcile", "statements", "--faulty")["statements"]
    assert faulty["rejects"] == 1
    assert "ten" in terminal.say("reconcile", "statements", faulty["statement_id"])
    terminal.ask("reconcile", "set-aside", faulty["statement_id"], "--by", "Ada", "--reason", "a heading")
    assert terminal.ask("reconcile", "statements", "--faulty")["statements"] == []


def test_a_file_that_nobody_knows_is_said_and_is_no_success(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("just some words\n")
    result = terminal.ask("reconcile", "import", str(path), "--by", "Ada", status=1)
    assert result["files"][0]["error"] == "statement_not_recognised"
    terminal.complain("reconcile", "import", str(tmp_path / "nothing"), "--by", "Ada", status=2)


def test_a_day_is_run_and_its_break_credited_by_the_terminal(terminal: Terminal, shop: str, file: Path) -> None:
    terminal.ask("reconcile", "import", str(file), "--source", shop, "--by", "Ada")
    run = terminal.ask("reconcile", "run", "--day", str(YESTERDAY), "--book", "payments", "--by", "Ada")
    assert [(one["state"], one["counts"]["breaks"]) for one in run["runs"]] == [("closed", 1)]
    (found,) = terminal.ask("reconcile", "breaks")["breaks"]
    assert (found["class"], found["owner"], found["found"]) == ("missing_internal", "finance", "25.50")
    shown = found["break_id"]
    said = terminal.say("reconcile", "show", shown)
    assert "On the statement, not in our books" in said
    assert "对方有，我方没有" in terminal.say("reconcile", "show", shown, "--language", "zh")

    terminal.ask("accounts", "create", "Acme")
    who = ("--by", "Ada", "--reason", "hers")
    missing = terminal.complain("reconcile", "settle", "credit", shown, *who, status=2)
    assert "break_account_missing" in missing
    approval = terminal.ask("reconcile", "settle", "credit", shown, "--account", "Acme", *who)
    assert (approval["state"], approval["subject"]) == ("approved", shown)
    assert terminal.ask("accounts", "show", "Acme")["posted"] == "25.50"
    assert terminal.say("reconcile", "breaks") == "Nothing stands open.\n"
    terminal.ask("reconcile", "undo", shown, *who)
    assert terminal.ask("accounts", "show", "Acme")["posted"] == "0.00"
    assert terminal.ask("reconcile", "settle", "ignore", shown, *who)["state"] == "ignored"
    assert terminal.ask("reconcile", "reopen", shown, *who)["state"] == "open"

    day = terminal.ask("reconcile", "day", str(YESTERDAY), status=1)
    assert ("codes", "book_not_run") in [(one["book"], one["code"]) for one in day["obstacles"]]
    assert "day_not_closable" in terminal.complain("reconcile", "day", str(YESTERDAY), "--close", "--by", "Ada")
    assert len(terminal.ask("reconcile", "runs", "--day", str(YESTERDAY))["runs"]) == 1


def test_a_day_without_its_statement_is_inconclusive_and_no_success(terminal: Terminal, shop: str) -> None:
    arguments = ("reconcile", "run", "--day", str(YESTERDAY), "--book", "payments", "--by", "Ada")
    run = terminal.ask(*arguments, status=1)
    assert [(one["state"], [each["code"] for each in one["reasons"]]) for one in run["runs"]] == [
        ("inconclusive", ["source_missing"]),
    ]  # fmt: skip
    assert "Statement missing (source_missing): shop" in terminal.say(*arguments, status=1)


def test_a_source_is_changed_where_it_is_told_and_nowhere_else(terminal: Terminal, shop: str) -> None:
    before = terminal.ask("reconcile", "sources", "list")["sources"]
    changed = terminal.ask("reconcile", "sources", "change", shop, "--not-daily", "--settling-hours", "72")
    assert [changed] == [{**before[0], "expected_daily": False, "settling_seconds": 259_200}]
    assert "alipay_trade" in terminal.ask("reconcile", "sources", "importers")["importers"]
    terminal.complain("reconcile", "sources", "change", "nobody", "--not-daily")
    terminal.complain("reconcile", "sources", "change", shop, "--tolerance", "USD", status=2)


def test_a_whole_day_is_archived_held_and_closed(terminal: Terminal, shop: str, file: Path) -> None:
    terminal.ask("reconcile", "import", str(file), "--source", shop, "--by", "Ada")
    terminal.ask("archive", "--day", str(YESTERDAY))
    runs = terminal.ask("reconcile", "run", "--day", str(YESTERDAY), "--by", "Ada")["runs"]
    assert [(one["book"], one["state"]) for one in runs] == [
        ("payments", "closed"), ("codes", "closed"), ("charges", "closed"), ("upstream", "closed"),
    ]  # fmt: skip
    assert "can be closed" in terminal.say("reconcile", "day", str(YESTERDAY))
    day = terminal.ask("reconcile", "day", str(YESTERDAY), "--close", "--by", "Ada")
    assert (day["state"], day["closed_by"], [one["class"] for one in day["standing"]]) == (
        "closed", "Ada", ["missing_internal"],
    )  # fmt: skip
