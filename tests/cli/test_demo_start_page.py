"""docs/start: every command on the page is run, in its order, with a sandbox as the upstream."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SECONDS_MAX = 120
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(page: str) -> list[str]:
    return BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Reader:
    """Somebody who follows the page in a folder of their own; `known` is what they have been shown to keep."""

    folder: Path
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    known: dict[str, str] = field(default_factory=dict)
    left_open: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERFOIL_")}
        return {**ours, **self.known, "COUNTERFOIL_PORT": str(self.port), "LANG": "en_US.UTF-8"}

    def typed(self, block: str) -> str:
        """The block with this machine's paths and ports, and with what was kept instead of `…`."""
        programs = {"python": sys.executable, "counterfoil": f"{sys.executable} -m counterfoil"}
        block = re.sub(r"\.venv/bin/(\w+)", lambda found: programs[found[1]], block)
        block = block.replace("8787", str(self.port)).replace("8100", str(self.sandbox_port))
        block = block.replace("src/counterfoil/cli/data", str(ROOT / "src/counterfoil/cli/data"))
        return re.sub(
            r"^(KEY|REQUEST|ORDER)=.*$", lambda found: f"{found[1]}={self.known[found[1]]}", block, flags=re.MULTILINE
        )

    def run(self, block: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["bash", "-euc", self.typed(block)], input=stdin, capture_output=True, text=True, cwd=self.folder,
            env=self.environment(), timeout=SECONDS_MAX, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (block, done.stdout, done.stderr)
        for name, pattern in (("KEY", r"sk-cf-[\w-]+"), ("REQUEST", r"req_[0-9a-f]{32}"),
                              ("ORDER", r"ord_[0-9a-f]{32}")):  # fmt: skip
            found = re.search(pattern, done.stdout)
            if found is not None:
                self.known[name] = found[0]
        return done.stdout

    def leave_open(self, block: str, address: str) -> None:
        with (self.folder / f"log-{len(self.left_open)}.txt").open("wb") as log:
            process = subprocess.Popen(
                ["bash", "-euc", "exec " + self.typed(block)], stdout=log, stderr=log, cwd=self.folder,
                env=self.environment(),
            )  # fmt: skip
        self.left_open.append(process)
        until = time.monotonic() + SECONDS_MAX
        while process.poll() is None and time.monotonic() < until:
            try:
                with urllib.request.urlopen(address, timeout=5):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("it does not answer")

    def close(self) -> None:
        for process in reversed(self.left_open):
            process.send_signal(signal.SIGTERM)
        for process in self.left_open:
            process.wait(timeout=SECONDS_MAX)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    somebody = Reader(tmp_path)
    yield somebody
    somebody.close()


def test_following_the_page_ends_in_a_call_of_ones_own(reader: Reader) -> None:
    said = []
    for block in blocks_of("start.md"):
        if block.startswith("make run"):
            continue
        if block.endswith("counterfoil serve\n"):
            reader.leave_open(block, f"http://127.0.0.1:{reader.port}/healthz")
        elif "counterfoil.sandbox.payments" in block:
            # From here on the reader pays in a browser.
            break
        elif "counterfoil.sandbox" in block:
            reader.leave_open(block, f"http://127.0.0.1:{reader.sandbox_port}/sandbox/health")
        elif "api.openai.com" in block:
            # Added as the page says, and taken away again: a test asks no outside service.
            reader.run(block, stdin="sk-not-a-real-one\n")
            reader.run(".venv/bin/counterfoil upstreams remove openai")
        elif block.startswith("KEY="):
            reader.run(block)
            # The serving process hears of upstreams and prices within two seconds.
            time.sleep(3)
        else:
            said.append(reader.run(block))
    together = "".join(said)
    assert together.index("HTTP/1.1 200") < together.index("HTTP/1.1 402")
    assert "x-counterfoil-charge: 0.0000132 USD" in together, "charged by the imported price"
    assert "account_balance" in together
    assert re.search(r"^verified +yes$", together, re.MULTILINE)
    assert "20.00 USD" in together
    assert (reader.folder / "receipt.html").is_file()


def test_both_languages_show_the_same_commands() -> None:
    assert blocks_of("start.md") == blocks_of("start.zh-CN.md")


def test_the_demo_shows_the_commands_that_the_page_explains() -> None:
    from counterfoil.cli.demo_report import own_lines
    from counterfoil.cli.demo_terminal import Terminal
    from counterfoil.foundation.vocabulary import Language

    page = (DOCS / "start.md").read_text(encoding="utf-8")
    shown = [line.strip() for line in own_lines(Terminal(Language.EN, as_json=False))]
    commands = [line.partition(" ")[2] for line in shown if line.startswith(("counterfoil ", "/"))]
    assert len(commands) == 6
    for command in commands:
        assert f".venv/bin/counterfoil {command}" in page
