"""`counterfoil evidence`: a bundle is written, handed on, and verified where there is no installation at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Terminal
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.ids import show_id


@pytest.fixture
def refused(terminal: Terminal) -> str:
    """A refused request after two that were served."""
    terminal.ask("accounts", "create", "Acme")
    terminal.ask("ledger", "credit", "Acme", "0.25", "--source-id", "order 1")
    token = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]
    terminal.office(lambda office: office.sell())
    ids = [terminal.office(lambda office: office.call(token, output_tokens=100)) for _ in range(3)]
    return show_id("request", ids[-1])


@pytest.fixture
def public_key(terminal: Terminal) -> str:
    key: str = terminal.ask("evidence", "key")["public_key"]
    return key


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_bundle_is_written_and_verified(
    terminal: Terminal, refused: str, public_key: str, tmp_path: Path, form: str
) -> None:
    file = tmp_path / f"bundle.{form}"
    more = ("--html",) if form == "html" else ()
    made = terminal.ask("evidence", "bundle", refused, "--output", str(file), "--checkpoint", *more)
    assert (made["subject"], made["view"], made["public_key"]) == (refused, "customer", public_key)
    assert made["movements"] == 3
    assert file.stat().st_mode & 0o777 == 0o600
    told = terminal.ask("evidence", "verify", str(file), "--public-key", public_key)
    assert (told["verified"], told["trusted"], told["form"]) == (True, True, "page" if form == "html" else "bundle")
    assert (told["subject"], told["rows"]) == (refused, 3)
    said = terminal.say("evidence", "verify", str(file), "--public-key", public_key)
    assert "Verified: nothing was changed" in said
    assert "What it cannot prove" in said
    assert refused in said


def test_standard_output_is_the_very_file(terminal: Terminal, refused: str, tmp_path: Path) -> None:
    for more in ((), ("--html",), ("--view", "staff"), ("--lang", "zh"), ("--html", "--language", "zh")):
        file = tmp_path / "piped"
        file.write_bytes(terminal.run("evidence", "bundle", refused, *more).stdout_bytes)
        assert terminal.ask("evidence", "verify", str(file))["verified"], more
    assert terminal.ask("evidence", "bundle", refused)["bundle"]["about"]["subject"] == refused
    assert terminal.ask("evidence", "bundle", refused, "--html")["html"].startswith("<!doctype html>")


def test_a_bundle_says_what_a_later_one_can_do_better(terminal: Terminal, refused: str, tmp_path: Path) -> None:
    said = terminal.say("evidence", "bundle", refused, "--output", str(tmp_path / "one"))
    assert "not yet under a checkpoint" in said
    said = terminal.say("evidence", "bundle", refused, "--output", str(tmp_path / "two"), "--checkpoint")
    assert "not yet under a checkpoint" not in said


def test_a_changed_file_is_the_exit_status_1_and_named(terminal: Terminal, refused: str, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    terminal.ask("evidence", "bundle", refused, "--output", str(file))
    file.write_bytes(file.read_bytes().replace(b'"amount":100000000', b'"amount":200000000', 1))
    said = terminal.say("evidence", "verify", str(file), status=1)
    assert said.splitlines()[0] == "Not verified: this file is not as it was issued"
    assert "Movements, no. 2: changed after it was issued" in said
    assert "核对不通过" in terminal.say("evidence", "verify", str(file), "--lang", "zh", status=1)
    told = terminal.ask("evidence", "verify", str(file), status=1)
    assert {"code": "hash_wrong", "part": "transfers", "row": 2} in [
        {name: fault[name] for name in ("code", "part", "row")} for fault in told["faults"]
    ]
    file.write_bytes(file.read_bytes()[:1_000])
    assert "cut off" in terminal.say("evidence", "verify", str(file), status=1)


def test_another_key_is_the_exit_status_1(terminal: Terminal, refused: str, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    terminal.ask("evidence", "bundle", refused, "--output", str(file))
    other = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # RFC 8032's first
    told = terminal.ask("evidence", "verify", str(file), "--public-key", other, status=1)
    assert [fault["code"] for fault in told["faults"]] == ["key_not_trusted"]


def test_what_cannot_be_asked_is_the_exit_status_2(terminal: Terminal, refused: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert "bundle_file_unreadable" in terminal.complain("evidence", "verify", missing, status=2)
    key = ("--public-key", "abc")
    assert "public_key_unreadable" in terminal.complain("evidence", "verify", missing, *key, status=2)


def test_a_file_that_exists_is_not_written_over(terminal: Terminal, refused: str, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    file.write_text("mine")
    assert "bundle_file_unwritable" in terminal.complain("evidence", "bundle", refused, "--output", str(file))
    assert file.read_text() == "mine"


def test_a_bundle_is_for_one_account(terminal: Terminal, refused: str) -> None:
    terminal.ask("accounts", "create", "Other")
    assert "request_not_found" in terminal.complain("evidence", "bundle", refused, "--account", "Other")
    assert terminal.ask("evidence", "bundle", refused, "--account", "Acme")["subject"] == refused
    missing = show_id("request", SystemClock().new_id())
    assert "request_not_found" in terminal.complain("evidence", "bundle", missing)
    pasted = f"openai.APIStatusError: Error code: 402 ({refused})"
    assert terminal.ask("evidence", "bundle", "-", stdin=pasted)["subject"] == refused


def test_verifying_needs_no_installation(terminal: Terminal, refused: str, tmp_path: Path) -> None:
    """The real command, where no data directory can be made and nothing answers as a database."""
    file = tmp_path / "bundle.html"
    terminal.ask("evidence", "bundle", refused, "--html", "--output", str(file))
    command = [sys.executable, "-c", "from counterfoil.bootstrap import main; main()", "evidence", "verify"]
    environment = {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8",
        "COUNTERFOIL_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
        "COUNTERFOIL_DATA_DIR": "/dev/null/nowhere",
    }  # fmt: skip
    run = subprocess.run(
        [*command, str(file), "--json"], capture_output=True, env=environment, check=False, timeout=120
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert json.loads(run.stdout)["verified"] is True
    piped = subprocess.run(
        [*command, "-", "--json"], input=file.read_bytes().replace(b"Acme", b"Acne", 1), capture_output=True,
        env=environment, check=False, timeout=120,
    )  # fmt: skip
    assert piped.returncode == 1
    assert json.loads(piped.stdout)["verified"] is False
    assert not (tmp_path / "counterfoil-data").exists()
