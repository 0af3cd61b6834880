"""A Spark cluster of its own: a master and two workers, each a process, on this machine and reachable from nowhere else."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

_HOST = "127.0.0.1"
_DEADLINE_SECONDS = 120
WORKERS = 2


def is_missing() -> str | None:
    """What Spark needs and is not here."""
    if find_spec("pyspark") is None:
        return "pyspark"
    return None if shutil.which("java") else "Java"


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Start master and workers, give the master's address, and stop them again; `folder` gets their logs and files."""
    port, ports = _free_port(), [_free_port() for _ in range(WORKERS)]
    url = f"spark://{_HOST}:{port}"
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.append(
            _start(folder, "master", ["Master", "--host", _HOST, "--port", str(port), "--webui-port", "0"])
        )
        _await(folder / "master.log", "New state: ALIVE", processes)
        for number, worker_port in enumerate(ports):
            options = [
                "--host",
                _HOST,
                "--port",
                str(worker_port),
                "--webui-port",
                "0",
                "--cores",
                "1",
                "--memory",
                "1g",
            ]
            work = ["--work-dir", str(folder / f"work{number}")]
            processes.append(_start(folder, f"worker{number}", ["Worker", *options, *work, url]))
        for number in range(WORKERS):
            _await(folder / f"worker{number}.log", "Successfully registered with master", processes)
        yield url
    finally:
        for process in reversed(processes):
            _stop(process)


def _start(folder: Path, name: str, command: list[str]) -> subprocess.Popen[bytes]:
    home = Path(find_spec("pyspark").origin or "").parent  # type: ignore[union-attr]
    environment = {
        **os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": _HOST, "SPARK_NO_DAEMONIZE": "1",
        "SPARK_LOCAL_DIRS": str(folder / "spill"), "SPARK_DAEMON_MEMORY": "256m",
        # No second door on a port of its own.
        "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
    }  # fmt: skip
    kind, *options = command
    starter = home / "bin" / "spark-class"
    log = (folder / f"{name}.log").open("wb")
    with log:
        return subprocess.Popen(
            [str(starter), f"org.apache.spark.deploy.{kind.lower()}.{kind}", *options],
            stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
        )  # fmt: skip


def _await(log: Path, words: str, processes: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while words not in log.read_text(errors="replace"):
        if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
            raise RuntimeError(f"Spark did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End one process that we have started, and the executors that it has: they are of its session."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
