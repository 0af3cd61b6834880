"""The serving processes of a demo: `counterfoil serve` as a child, with its log in the demo's folder."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from counterfoil.cli.demo_folder import open_private
from counterfoil.foundation.errors import InputError, Unavailable
from counterfoil.settings import SETTINGS

HOST = "127.0.0.1"
START_SECONDS_MAX = 90
# Longer than the serving process gives its calls to end.
STOP_SECONDS_MAX = 45
_POLL_SECONDS = 0.05
_LOG_END_CHARACTERS = 600
# The serving process ends by itself when the one that is named here has gone.
_PARENT_VARIABLE = "COUNTERFOIL_PARENT_PROCESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A process that serves."""

    process: subprocess.Popen[bytes]
    address: str
    log_path: Path


def choose_port(asked: int | None, *, preferred: int) -> int:
    """The port that was asked for, or else the usual one if it is free, or else any; raises `InputError`."""
    if asked:
        if not _is_free(asked):
            raise InputError(code="port_taken", port=asked)
        return asked
    if asked is None and _is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A connection that has just ended does not keep a server from its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


@asynccontextmanager
async def serving(
    environment: Mapping[str, str], *, data_dir: Path, port: int, log_name: str = "serve.log", **settings: object
) -> AsyncIterator[Serving]:
    """Start `counterfoil serve` on that folder and port, and stop it at the end; it may not answer yet."""
    log_path = data_dir / log_name
    command = [sys.executable, "-m", "counterfoil", "serve", "--data-dir", str(data_dir), "--port", str(port)]
    with open_private(log_path) as log:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - returns at once
            command,
            env=_child_environment(environment, settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C is for the demo, which stops its children in their order.
            start_new_session=True,
        )
    try:
        yield Serving(process=process, address=f"http://{HOST}:{port}", log_path=log_path)
    finally:
        await asyncio.shield(_stop(process))


async def wait_until_served(serving_process: Serving, session: aiohttp.ClientSession) -> None:
    """Wait until it answers; raises `Unavailable` with the end of its log where it does not."""
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until and serving_process.process.poll() is None:
        try:
            async with session.get(f"{serving_process.address}/healthz") as response:
                if response.status == 200:
                    return
        except (aiohttp.ClientError, OSError):
            pass
        await asyncio.sleep(_POLL_SECONDS)
    said = serving_process.log_path.read_text(encoding="utf-8", errors="replace")[-_LOG_END_CHARACTERS:]
    raise Unavailable(code="demo_not_served", log=str(serving_process.log_path), said=said)


def _child_environment(environment: Mapping[str, str], settings: Mapping[str, object]) -> dict[str, str]:
    """Without our settings: nothing of a real installation, its database or secrets, may reach a demo."""
    ours = {setting.variable for setting in SETTINGS}
    kept = {name: value for name, value in environment.items() if name not in ours}
    given = {f"COUNTERFOIL_{name.upper()}": str(value) for name, value in settings.items()}
    return {**kept, **given, "COUNTERFOIL_HOST": HOST, _PARENT_VARIABLE: str(os.getpid())}


async def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.to_thread(process.wait, STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        await asyncio.to_thread(process.wait)
