"""Redemption codes from the terminal: into a file that only its owner can read, redeemed, voided, and looked up."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Terminal
from recharge.code_counter import mistyped, never_issued

CREATE = ("codes", "create", "--name", "spring", "--value", "10")


@pytest.fixture
def account(terminal: Terminal) -> str:
    account_id: str = terminal.ask("accounts", "create", "Acme")["account_id"]
    return account_id


def test_codes_are_written_to_a_new_file_of_their_owner(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "codes.txt"
    said = terminal.run(*CREATE, "--count", "3", "--output", str(file))
    assert said.exit_code == 0, said.stderr
    codes = file.read_text().splitlines()
    assert len(set(codes)) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "3 codes are in" in said.stdout
    assert not any(code in said.stdout + said.stderr for code in codes)
    told = terminal.ask(*CREATE, "--count", "2", "--output", str(tmp_path / "more.txt"))
    assert "codes" not in told
    assert (told["output"], told["count"]) == (str(tmp_path / "more.txt"), 2)


def test_a_file_that_is_there_is_never_overwritten(terminal: Terminal, tmp_path: Path) -> None:
    file, link = tmp_path / "codes.txt", tmp_path / "link.txt"
    file.write_text("precious\n")
    link.symlink_to(tmp_path / "elsewhere.txt")
    for path in (file, link, tmp_path, tmp_path / "missing" / "codes.txt"):
        assert "codes_file_unwritable" in terminal.complain(*CREATE, "--output", str(path))
    assert file.read_text() == "precious\n"
    assert not (tmp_path / "elsewhere.txt").exists()
    assert terminal.ask("codes", "list")["batches"] == []


def test_a_batch_that_cannot_be_leaves_no_file(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "codes.txt"
    complaint = terminal.complain(*CREATE, "--currency", "dollars", "--output", str(file), status=2)
    assert "currency_unreadable" in complaint
    assert not file.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_codes_that_cannot_be_written_are_voided(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # fmt: skip
    """The disk is full: what could not be handed out cannot be redeemed."""
    real, file = os.open, tmp_path / "codes.txt"

    def full(path: Any, flags: int, *mode: int) -> int:
        if path == file:
            real_descriptor = real(path, flags, *mode)
            os.close(real_descriptor)
            return real("/dev/full", os.O_WRONLY)
        return real(path, flags, *mode)

    monkeypatch.setattr(os, "open", full)
    assert "codes_file_unwritable" in terminal.complain(*CREATE, "--count", "2", "--output", str(file))
    (batch,) = terminal.ask("codes", "list")["batches"]
    assert {state: one["count"] for state, one in batch["states"].items()} == {
        "new": 0, "redeemed": 0, "expired": 0, "voided": 2,
    }  # fmt: skip
    assert not file.exists()


def test_codes_are_shown_once_where_no_file_is_given(terminal: Terminal) -> None:
    said = terminal.say(*CREATE, "--count", "2")
    codes = [line for line in said.splitlines() if line.startswith("CF-") and "…" not in line]
    assert len(codes) == 2
    assert "shown once" in said
    batch = terminal.ask("codes", "list")["batches"][0]["batch_id"]
    for again in (terminal.say("codes", "show", batch), terminal.say("codes", "list", batch)):
        assert not any(code in again for code in codes)


def test_a_code_is_redeemed_from_the_terminal(terminal: Terminal, account: str) -> None:
    made = terminal.ask(*CREATE, "--count", "2", "--kind", "compensation", "--grant-days", "30", "--priority", "7")
    first, second = made["codes"]
    told = terminal.ask("codes", "redeem", "Acme", first, "--by", "Ada")
    assert (told["account_id"], told["state"], told["redeemed_by"]) == (account, "redeemed", "Ada")
    (grant,) = terminal.ask("ledger", "grants", "Acme")["grants"]
    assert (grant["grant_id"], grant["kind"], grant["priority"]) == (told["grant_id"], "compensation", 7)
    # From a pipe, so that no shell keeps it.
    said = terminal.say("codes", "redeem", "Acme", stdin=second.lower() + "\n")
    assert "Code redeemed" in said
    assert second not in said
    assert terminal.ask("ledger", "balance", "Acme")["posted"] == "20.00"


def test_a_refusal_says_what_is_wrong(terminal: Terminal, account: str) -> None:
    code = terminal.ask(*CREATE)["codes"][0]
    terminal.ask("accounts", "create", "Other")
    assert "code_mistyped" in terminal.complain("codes", "redeem", "Acme", mistyped(code), status=2)
    assert "code_unknown" in terminal.complain("codes", "redeem", "Acme", never_issued())
    terminal.ask("codes", "redeem", "Acme", code)
    complaint = terminal.complain("codes", "redeem", "Acme", code, "--language", "zh")
    assert "这个账户已经兑换过 (code_used_by_you)" in complaint
    assert "redeemed_at" in complaint
    complaint = terminal.complain("codes", "redeem", "Other", code)
    assert "Redeemed by another account (code_used_elsewhere)" in complaint
    assert account not in complaint
    assert code not in complaint


def test_terms_are_kept_and_shown(terminal: Terminal, account: str) -> None:
    made = terminal.ask(
        *CREATE, "--currency", "CNY", "--per-account", "1", "--group", "research", "--group", "研究",
        "--expires-at", "2099-01-01T00:00:00Z", "--by", "Ada",
    )  # fmt: skip
    assert (made["currency"], made["per_account_limit"], made["allowed_groups"], made["created_by"]) == (
        "CNY", 1, ["research", "研究"], "Ada",
    )  # fmt: skip
    said = terminal.say("codes", "show", made["batch_id"])
    for shown in ("10.00 CNY", "research, 研究", "2099-01-01T00:00:00Z", "Ada"):
        assert shown in said
    terminal.ask("accounts", "create", "Yuan", "--currency", "CNY")
    assert "code_not_for_group" in terminal.complain("codes", "redeem", "Yuan", made["codes"][0])
    terminal.ask("groups", "create", "Yuan", "research")
    terminal.ask("codes", "redeem", "Yuan", made["codes"][0], "--group", "research")


def test_a_code_is_shown_by_id_mask_and_card(terminal: Terminal, account: str) -> None:
    made = terminal.ask(*CREATE)
    code = made["codes"][0]
    redeemed = terminal.ask("codes", "redeem", "Acme", code)
    shown = terminal.ask("codes", "show", redeemed["code_id"])
    assert (shown["account_id"], shown["state"], shown["mask"]) == (account, "redeemed", "CF-…" + code[-4:])
    assert terminal.ask("codes", "show", code[-4:], "--batch", made["batch_id"]) == shown
    assert terminal.ask("codes", "show", "CF-…" + code[-4:], "--account", "Acme") == shown
    assert terminal.ask("codes", "show", stdin=code + "\n") == shown
    assert terminal.ask("codes", "show", code) == shown
    said = terminal.say("codes", "show", redeemed["code_id"])
    assert "Redeemed" in said
    assert code not in said
    other = "0000" if code[-4:] != "0000" else "1111"
    assert "code_not_found" in terminal.complain("codes", "show", other, "--batch", made["batch_id"])
    assert "code_mistyped" in terminal.complain("codes", "show", "nonsense", status=2)
    assert "id_unreadable" in terminal.complain("codes", "show", account, status=2)


def test_a_code_or_a_batch_is_voided(terminal: Terminal, account: str) -> None:
    made = terminal.ask(*CREATE, "--count", "3")
    first, second, _ = made["codes"]
    terminal.ask("codes", "redeem", "Acme", first)
    shown = terminal.ask("codes", "show", second)
    voided = terminal.ask("codes", "void", shown["code_id"], "--by", "Ada")
    assert (voided["state"], voided["voided_by"]) == ("voided", "Ada")
    redeemed = terminal.ask("codes", "show", first)
    assert "code_not_voidable" in terminal.complain("codes", "void", redeemed["code_id"])
    assert "id_unreadable" in terminal.complain("codes", "void", second[-4:], status=2)
    batch = terminal.ask("codes", "void", made["batch_id"])
    assert [batch["states"][state]["count"] for state in ("new", "redeemed", "voided")] == [0, 1, 2]
    listed = terminal.ask("codes", "list", made["batch_id"], "--state", "voided")
    assert {one["mask"] for one in listed["codes"]} == {"CF-…" + code[-4:] for code in made["codes"][1:]}


def test_a_code_is_voided_by_its_mask_where_that_is_one(terminal: Terminal) -> None:
    made = terminal.ask(*CREATE, "--count", "4")
    ends = [code[-4:] for code in made["codes"]]
    for end in set(ends):
        if ends.count(end) == 1:
            assert terminal.ask("codes", "void", end, "--batch", made["batch_id"])["state"] == "voided"
        else:
            assert "code_mask_ambiguous" in terminal.complain("codes", "void", end, "--batch", made["batch_id"])
    missing = next(end for end in ("0000", "1111", "2222", "3333", "4444") if end not in ends)
    assert "code_not_found" in terminal.complain("codes", "void", missing, "--batch", made["batch_id"])


def test_lists_come_in_pages(terminal: Terminal) -> None:
    made = [terminal.ask(*CREATE, "--count", "3")["batch_id"] for _ in range(3)]
    page = terminal.ask("codes", "list", "--most", "2")
    assert [one["batch_id"] for one in page["batches"]] == made[:0:-1]
    assert terminal.ask("codes", "list", "--after", page["next"])["batches"][0]["batch_id"] == made[0]
    codes = terminal.ask("codes", "list", made[0], "--most", "2")
    rest = terminal.ask("codes", "list", made[0], "--after", codes["next"])
    assert (len(codes["codes"]), len(rest["codes"]), rest["next"]) == (2, 1, None)
    assert made[0] in terminal.say("codes", "list")
    assert "--state takes a batch" in terminal.complain("codes", "list", "--state", "new", status=2)


def test_tries_are_listed_with_what_was_said(terminal: Terminal, account: str) -> None:
    assert terminal.say("codes", "tries") == "No such tries.\n"
    code = terminal.ask(*CREATE)["codes"][0]
    terminal.complain("codes", "redeem", "Acme", never_issued(), "--by", "Bob")
    redeemed = terminal.ask("codes", "redeem", "Acme", code)
    tries = terminal.ask("codes", "tries", "--account", "Acme")["tries"]
    assert [(one["outcome"], one["by"], one["times"]) for one in tries] == [
        ("code_redeemed", "operator", 1), ("code_unknown", "Bob", 1),
    ]  # fmt: skip
    assert terminal.ask("codes", "tries", "--code", redeemed["code_id"])["tries"] == tries[:1]
    page = terminal.ask("codes", "tries", "--most", "1")
    assert terminal.ask("codes", "tries", "--before", page["next"])["tries"] == tries[1:]
    said = terminal.say("codes", "tries", "--language", "zh")
    assert "没有这个兑换码" in said
    assert "兑换成功" in said
    assert code not in said
