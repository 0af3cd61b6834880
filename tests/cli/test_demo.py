"""The demo from an empty folder to its end: every number adds up, every refusal is met, nothing stays behind."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Terminal
from counterfoil.bootstrap.commands import open_command_services
from counterfoil.cli.demo_summary import Difference, differences_of
from counterfoil.cli.demo_upstreams import UPSTREAMS, sandbox_configuration
from counterfoil.foundation.ids import read_id
from counterfoil.foundation.vocabulary import Kind, entries
from counterfoil.sandbox.configuration import read_configuration
from counterfoil.settings import Settings

HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
CALLS = 120
SECONDS_MAX = 240
# What would lead a demo astray if it listened to it.
REAL_INSTALLATION = {
    "COUNTERFOIL_DATABASE_URL": "postgresql://real:secret@127.0.0.1:9/production",
    "COUNTERFOIL_OPERATOR_TOKEN": "too short",
    "COUNTERFOIL_SIGNING_KEY": "not a key",
}


def write_trace(folder: Path) -> Path:
    path = folder / "trace.csv"
    lines = [f"2023-11-16 18:17:{n // 10:02d}.{n % 10}00000,{50 + 7 * n},{3 + n}\n" for n in range(CALLS)]
    path.write_text(HEAD + "".join(lines) + "not a call\n", encoding="utf-8")
    return path


def start_demo(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "counterfoil", "demo", "--trace", str(write_trace(folder)), "--port", "0"]
    with (folder / "said.txt").open("w") as said:
        return subprocess.Popen(
            [*command, "--data-dir", str(folder / "data"), "--json", *options],
            stdout=subprocess.PIPE, stderr=said, text=True, cwd=folder, env={**os.environ, **REAL_INSTALLATION},
        )  # fmt: skip


@dataclass(frozen=True)
class Finished:
    """A demo that has ended: what it gave, what it said, and its exit status."""

    answer: dict[str, Any]
    said: str
    status: int
    folder: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One demo for all workers of a test run: the first that needs it runs it, the others wait."""
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "one-demo"
    folder.mkdir(exist_ok=True)
    given = folder / "given.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not given.exists():
            process = start_demo(folder, "--no-serve")
            answer, _ = process.communicate(timeout=SECONDS_MAX)
            given.write_text(f"{process.returncode}\n{answer}", encoding="utf-8")
    said = (folder / "said.txt").read_text(encoding="utf-8")
    status, _, answer = given.read_text(encoding="utf-8").partition("\n")
    assert answer, said
    return Finished(answer=json.loads(answer), said=said, status=int(status), folder=folder / "data")


def test_the_whole_trace_is_served(demo: Finished) -> None:
    assert demo.status == 0, demo.said
    replay = demo.answer["replay"]
    assert (replay["requests"], replay["served"], replay["refused"], replay["failed"]) == (CALLS, CALLS, {}, {})
    assert (replay["lines"], replay["rejected_lines"]) == (CALLS + 1, 1)


def test_every_request_is_served_refused_with_a_code_or_a_task_that_goes_on(demo: Finished) -> None:
    answer = demo.answer
    # And one task is still going on.
    assert answer["requests"] == answer["served"] + sum(answer["refused"].values()) + answer["open_tasks"]
    assert answer["served"] >= CALLS


def test_every_refusal_that_exists_has_been_met(demo: Finished) -> None:
    expected = {entry.code for entry in entries(Kind.REFUSAL)}
    assert demo.answer["refusals_not_met"] == []
    assert {code for code, count in demo.answer["refused"].items() if count} == expected
    for code, request_id in demo.answer["examples"].items():
        assert read_id("request", request_id), code


def test_money_is_never_overspent_and_nothing_stays_reserved(demo: Finished) -> None:
    answer = demo.answer
    assert answer["negative_wallets"] == 0
    # But for the task that is there to show what is stuck.
    assert (answer["open_holds"], answer["held_nanos"]) == (1, 480_000_000)
    assert (answer["open_tasks"], answer["open_tasks_nanos"]) == (1, 480_000_000)
    assert answer["ledger_verified"] is True
    assert answer["findings"] == []
    assert answer["checkpoints"] == 1


def test_tasks_succeed_fail_are_stuck_sent_twice_and_refunded(demo: Finished) -> None:
    tasks = demo.answer["tasks"]
    assert {name: (task["state"], task["charge_mark"]) for name, task in tasks.items() if name != "copies_blocked"} == {
        "succeeded": ("succeeded", "charged"), "failed": ("failed", "not_charged"), "stuck": ("running", "held"),
        "duplicated": ("succeeded", "charged"), "refunded": ("succeeded", "refunded"),
    }  # fmt: skip
    assert tasks["copies_blocked"] == 4
    assert demo.answer["replay_tasks"] == {"submitted": {"image": 10, "video": 10}, "refused": {}}
    assert f"{tasks['failed']['task_id']} failed: 0.48 USD reserved, then released, not charged" in demo.said


def test_what_was_charged_covers_what_the_answers_of_the_replay_said(demo: Finished) -> None:
    assert 0 < demo.answer["replay"]["charged_nanos"]["USD"] < demo.answer["charged_nanos"]
    assert demo.answer["replay"]["served_without_charge_header"] == 0


def test_the_upstreams_bill_is_ours_but_for_named_differences(demo: Finished) -> None:
    answer = demo.answer
    named = sum(difference["nanos"] for difference in answer["upstream_differences"].values())
    assert answer["upstream_billed_nanos"] == answer["upstream_expected_nanos"] + named
    assert answer["upstream_unexplained_nanos"] == 0
    # Staged on purpose: a call that its upstream answers too late.
    assert answer["upstream_differences"]["stalled"]["calls"] >= 1
    assert answer["upstream_expected_nanos"] > 0


def test_the_day_closes_with_its_staged_breaks_and_with_none_after_they_are_settled(demo: Finished) -> None:
    day = demo.answer["day"]
    assert day["closed"] is True
    assert set(day["books"].values()) == {"closed"}
    of_money = {name: count for name, count in day["breaks"].items() if name.startswith("payments.")}
    assert of_money == {"payments.amount_under": 1, "payments.fee_mismatch": 1, "payments.missing_internal": 1}
    assert (day["approved"], day["left"]) == (3, 0)
    assert day["statements"] >= 7
    assert f"{day['statements']} statements with {day['lines']} lines" in demo.said
    assert "Fee differs from the agreement (payments.fee_mismatch): 4.00 CNY apart" in demo.said
    assert "held again, 0 are left" in demo.said


def test_its_statements_can_be_imported_again_and_add_nothing(demo: Finished) -> None:
    command = [
        sys.executable, "-m", "counterfoil", "reconcile", "import", str(demo.folder / "statements" / "stripe.csv"),
        "--by", "Ada", "--data-dir", str(demo.folder), "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS_MAX)
    (file,) = json.loads(done.stdout)["files"]
    assert file["outcome"] == "known"


def test_a_person_sees_the_address_and_both_calls_with_what_comes_of_them(demo: Finished) -> None:
    said = demo.said
    assert said.count("demo money, nothing leaves this machine") == 2
    address = demo.answer["address"]
    assert f"Open {address}" in said
    assert said.count(f"curl {address}/v1/chat/completions") == 2
    assert "→ 200, charged 0.00" in said
    assert "→ 402  key_limit  " in said
    assert f"{address}/why/req_" in said
    assert said.index("→ 402") < said.index("replayed") < said.index("What happened")
    assert "upstreams add" in said


def test_it_has_left_the_real_installation_alone_and_keeps_no_key(demo: Finished) -> None:
    assert str(demo.folder) == demo.answer["data_dir"]
    kept = [path for path in demo.folder.rglob("*") if path.is_file() and "postgres" not in path.parts]
    assert not [path.name for path in kept if b"sk-cf-" in path.read_bytes()]


def test_what_it_recorded_can_be_looked_at_afterwards(demo: Finished) -> None:
    def ask(*arguments: str) -> Any:
        command = [sys.executable, "-m", "counterfoil", *arguments, "--data-dir", str(demo.folder), "--json"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS_MAX)
        return json.loads(done.stdout)

    assert ask("ledger", "verify")["verified"] is True
    explained = json.dumps(ask("explain", demo.answer["examples"]["group_quota"]))
    assert "group_quota" in explained


async def test_where_money_went_closes_to_the_nano_on_every_account(demo: Finished) -> None:
    async with open_command_services(Settings.load({}, data_dir=demo.folder)) as services:
        accounts = await services.ledger.accounts(most=1_000)
        charged = 0
        for account in accounts:
            start, end = account.created_at - 1, services.clock.now() + 1
            third = (end - start) // 3
            cuts = [start, start + third, start + 2 * third, end]
            whole = await services.waterfalls.of(account.account_id, start=start, end=end)
            parts = [
                await services.waterfalls.of(account.account_id, start=begin, end=stop)
                for begin, stop in pairwise(cuts)
            ]
            assert (whole.opening, whole.closing, whole.held) == (0, account.posted, account.held)
            assert [part.opening for part in parts] == [0, *(part.closing for part in parts[:-1])]
            assert whole.closing == sum(step.nanos for part in parts for step in part.steps)
            charged += whole.charged
    assert len(accounts) >= 3
    assert charged == demo.answer["charged_nanos"]


# -- serving -------------------------------------------------------------------------------------------------------


def processes_of(demo_process: int, folder: Path) -> set[int]:
    """The demo's processes, PostgreSQL with them: by their parents, and by the folder that they work in."""
    parents: dict[int, int] = {}
    found = {demo_process}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if os.readlink(entry / "cwd").startswith(str(folder / "data")):
                found.add(int(entry.name))
        except (OSError, PermissionError):
            continue
    while more := {process for process, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def is_running(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def serving_demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = start_demo(tmp_path)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=SECONDS_MAX)


def post(url: str, token: str) -> tuple[int, Any]:
    body = {"model": "sandbox-small", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_it_serves_until_ctrl_c_and_leaves_no_process_behind(
    serving_demo: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert serving_demo.stdout is not None
    answer = json.loads(serving_demo.stdout.readline())
    page = json.loads((tmp_path / "data" / "demo.json").read_bytes())
    token = page["served_call"].partition("Bearer ")[2].partition("'")[0]
    assert post(f"{answer['address']}/v1/chat/completions", token)[0] == 200
    with urllib.request.urlopen(f"{answer['address']}/why/{answer['examples']['key_limit']}", timeout=30) as shown:
        assert b"key_limit" in shown.read()

    processes = processes_of(serving_demo.pid, tmp_path)
    # The demo, the sandbox, the serving process, its worker, PostgreSQL.
    assert len(processes) >= 5
    serving_demo.send_signal(signal.SIGINT)
    assert serving_demo.wait(timeout=SECONDS_MAX) == 0
    until = time.monotonic() + SECONDS_MAX
    while any(is_running(process) for process in processes) and time.monotonic() < until:
        time.sleep(0.1)
    assert [process for process in processes if is_running(process)] == []
    assert "nothing is left running" in (tmp_path / "said.txt").read_text(encoding="utf-8")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_ctrl_c_in_the_middle_ends_everything_too(serving_demo: subprocess.Popen[str], tmp_path: Path) -> None:
    said = tmp_path / "said.txt"
    while serving_demo.poll() is None and "✓ Starting the sandbox" not in said.read_text(encoding="utf-8"):
        time.sleep(0.05)
    processes = processes_of(serving_demo.pid, tmp_path)
    serving_demo.send_signal(signal.SIGINT)
    assert serving_demo.wait(timeout=SECONDS_MAX) == 130
    until = time.monotonic() + SECONDS_MAX
    while any(is_running(process) for process in processes) and time.monotonic() < until:
        time.sleep(0.1)
    assert [process for process in processes if is_running(process)] == []


# -- pieces --------------------------------------------------------------------------------------------------------


def test_a_trace_that_is_none_is_found_before_anything_is_started(terminal: Terminal, tmp_path: Path) -> None:
    text = terminal.complain("demo", "--trace", str(tmp_path / "missing.csv"), status=2)
    assert "trace_unreadable" in text
    assert not (tmp_path / "data" / "demo").exists()


def test_the_sandbox_charges_what_the_upstreams_price_books_say() -> None:
    configuration = read_configuration(sandbox_configuration())
    assert {key.name for key in configuration.keys.values()} == {upstream.name for upstream in UPSTREAMS}
    assert configuration.costs["sandbox-small"].input_tokens == 105_000_000
    assert configuration.costs["sandbox-small"].output_tokens == 420_000_000


def test_only_what_the_bill_has_beyond_whole_answers_is_a_difference() -> None:
    statuses = {"served": 1, "timeout": 20, "cut": 300, "client_left": 4_000, "no_usage": 50_000}
    rows = [{"status": status, "cost_nanos": nanos} for status, nanos in statuses.items()] * 2
    assert differences_of({"rows": rows}) == {
        "cut": Difference(calls=2, nanos=600),
        "left": Difference(calls=2, nanos=8_000),
        "stalled": Difference(calls=2, nanos=40),
    }
