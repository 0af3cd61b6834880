"""`counterfoil replay` against a real HTTP server: the sandbox, which is all that a gateway is to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Terminal
from counterfoil.sandbox.process import SandboxProcess

KEY = "sandbox-key"
HEAD = "TIMESTAMP,ContextTokens,GeneratedTokens\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture(autouse=True)
def empty_bill(sandbox: SandboxProcess) -> None:
    sandbox.reset()
    sandbox.use_rules([])


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Ten calls in one second."""
    path = tmp_path / "trace.csv"
    lines = [f"2023-11-16 18:17:03.{n}00000,{100 + n},{n}\n" for n in range(10)]
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    return path


def replay(terminal: Terminal, sandbox: SandboxProcess, path: Path, *options: str, status: int = 0) -> Any:
    return terminal.ask(
        "replay", str(path), "--url", sandbox.url, "--token", KEY, "--model", "gpt-5", "--speed", "max", *options,
        status=status,
    )  # fmt: skip


def test_every_call_of_a_trace_is_sent_with_its_counts(
    terminal: Terminal, sandbox: SandboxProcess, trace: Path
) -> None:
    answer = replay(terminal, sandbox, trace)
    assert (answer["requests"], answer["served"], answer["refused"], answer["failed"]) == (10, 10, {}, {})
    assert (answer["input_tokens"], answer["output_tokens"]) == (1045, 45)
    assert answer["latency_p50_ms"] <= answer["latency_p99_ms"]
    rows = sandbox.bill()["rows"]
    assert sorted((row["input_tokens"], row["output_tokens"]) for row in rows) == [(100 + n, n) for n in range(10)]


def test_calls_are_sent_in_the_order_of_the_trace(terminal: Terminal, sandbox: SandboxProcess, trace: Path) -> None:
    replay(terminal, sandbox, trace, "--concurrency", "1", "--speed", "1000")
    assert [row["output_tokens"] for row in sandbox.bill()["rows"]] == list(range(10))


def test_a_part_of_a_trace(terminal: Terminal, sandbox: SandboxProcess, trace: Path) -> None:
    answer = replay(terminal, sandbox, trace, "--skip", "2", "--limit", "3", "--concurrency", "1")
    assert answer["next_skip"] == 5
    assert [row["output_tokens"] for row in sandbox.bill()["rows"]] == [2, 3, 4]


def test_images_and_videos_go_along_by_turns(terminal: Terminal, sandbox: SandboxProcess, trace: Path) -> None:
    answer = replay(terminal, sandbox, trace, "--tasks-every", "3")
    assert answer["tasks"] == {"submitted": {"image": 2, "video": 1}, "refused": {}}
    assert answer["served"] == 10
    assert len(sandbox.tasks()) == 1
    sandbox.use_rules([{"fail": "status:503", "endpoint": "videos"}])
    refused = replay(terminal, sandbox, trace, "--tasks-every", "5", status=1)
    assert refused["tasks"]["submitted"] == {"image": 1}
    assert sum(refused["tasks"]["refused"].values()) == 1


def test_the_model_is_the_first_that_the_gateway_lists(
    terminal: Terminal, sandbox: SandboxProcess, trace: Path
) -> None:
    answer = terminal.ask("replay", str(trace), "--url", f"{sandbox.base_url}/", "--token", KEY, "--speed", "max")
    assert answer["served"] == 10
    assert {row["model"] for row in sandbox.bill()["rows"]} == {answer["model"]}


def test_what_is_refused_is_counted_by_its_code(terminal: Terminal, sandbox: SandboxProcess, trace: Path) -> None:
    sandbox.use_rules([{"fail": "out_of_money:openai", "times": 4}])
    answer = replay(terminal, sandbox, trace, status=1)
    assert (answer["served"], answer["refused"]) == (6, {"insufficient_quota": 4})


def test_answers_that_break_off_have_failed(terminal: Terminal, sandbox: SandboxProcess, trace: Path) -> None:
    sandbox.use_rules([{"fail": "cut:50", "times": 2}, {"fail": "garbage", "times": 1}])
    answer = replay(terminal, sandbox, trace, status=1)
    assert answer["served"] == 7
    assert answer["failed"] == {"answer_unreadable": 1, "connection_lost": 2}


def test_bad_lines_are_reported_and_the_rest_is_sent(
    terminal: Terminal, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(HEAD + "2023-11-16 18:17:03,5,5\nnonsense\n2023-11-16 18:17:04,5,5\n", encoding="utf-8")
    answer = replay(terminal, sandbox, path, status=1)
    assert (answer["served"], answer["rejected_lines"]) == (2, 1)
    assert answer["rejects"] == [{"line": 3, "reason": "columns_missing"}]


def test_a_person_reads_the_summary_and_the_rejects(
    terminal: Terminal, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(HEAD + "2023-11-16 18:17:03,5,5\nnonsense\n", encoding="utf-8")
    text = terminal.say("replay", str(path), "--url", sandbox.url, "--token", KEY, "--language", "zh", status=1)
    assert "已完成" in text
    assert "缺少列" in text


def test_an_empty_trace_sends_nothing(terminal: Terminal, sandbox: SandboxProcess, tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(HEAD, encoding="utf-8")
    answer = replay(terminal, sandbox, path)
    assert (answer["requests"], answer["latency_p50_ms"]) == (0, None)


@pytest.mark.parametrize(
    "options",
    [
        ("--speed", "fast"),
        ("--speed", "0"),
        ("--speed", "nan"),
        ("--limit", "0"),
        ("--concurrency", "0"),
        ("--url", "ftp://x"),
    ],
)
def test_bad_usage_is_said_before_anything_is_sent(
    terminal: Terminal, sandbox: SandboxProcess, trace: Path, options: tuple[str, ...]
) -> None:
    terminal.complain("replay", str(trace), "--url", sandbox.url, "--token", KEY, *options, status=2)
    assert sandbox.bill()["totals"]["requests"] == 0


def test_a_file_that_is_no_trace_is_bad_usage(terminal: Terminal, sandbox: SandboxProcess, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0")
    text = terminal.complain("replay", str(path), "--url", sandbox.url, "--token", KEY, status=2)
    assert "trace_unreadable" in text


def test_where_no_gateway_is_nothing_is_tried(terminal: Terminal, trace: Path) -> None:
    text = terminal.complain("replay", str(trace), "--url", "http://127.0.0.1:9", "--token", KEY)
    assert "gateway_unreachable" in text


def test_a_key_that_lists_no_models_needs_a_model(terminal: Terminal, sandbox: SandboxProcess, trace: Path) -> None:
    text = terminal.complain("replay", str(trace), "--url", sandbox.url, "--token", "wrong", status=2)
    assert "replay_model_unknown" in text
    assert "401" in text


def test_the_token_is_nowhere_in_what_is_said(terminal: Terminal, sandbox: SandboxProcess, trace: Path) -> None:
    result = terminal.run("replay", str(trace), "--url", sandbox.url, "--token", KEY, "--speed", "max")
    assert KEY not in result.stdout + result.stderr


def test_ctrl_c_gives_the_summary_so_far_and_where_to_go_on(sandbox: SandboxProcess, tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(
        HEAD + "2023-11-16 18:00:00,5,5\n2023-11-16 18:00:00,6,6\n2023-11-16 23:00:00,7,7\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "counterfoil", "replay", str(path), "--url", sandbox.url, "--token", KEY, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ})
    while process.poll() is None and sandbox.bill()["totals"]["requests"] < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    answer = json.loads(said)
    assert process.returncode == 130
    assert (answer["served"], answer["interrupted"], answer["next_skip"]) == (2, True, 2)
