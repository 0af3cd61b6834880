"""Serves the sandbox in this process, until it is told to stop or its parent has gone."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import os
import signal
import socket
from contextlib import suppress
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.application import SandboxApplication
from counterfoil.sandbox.model import Configuration

PORT_MAX = 65_535
PARENT_POLL_SECONDS = 0.2
# The server lets its calls end first, and those that "time out" do not end for minutes.
STOP_GRACE_SECONDS = 0.5
# Connections that wait to be accepted, and requests under way: calls that "time out" stay for minutes.
BACKLOG = 4096
# Python's own is 700 objects: less than 32 calls at once.
GARBAGE_THRESHOLD = 50_000


def serve_sandbox(*, host: str, port: int, configuration: Configuration, parent_pid: int | None) -> None:
    """Serve until SIGTERM, SIGINT or the death of `parent_pid`.

    One process and no more: the bill and the counts of failure rules are in its memory. Raises `InputError` for a
    host that is no loopback address, and for a port that is taken.
    """
    if not _is_loopback(host):
        raise InputError(field="host", reason="the sandbox is served on loopback addresses only")
    if not 1 <= port <= PORT_MAX:
        raise InputError(field="port", reason=f"a port from 1 to {PORT_MAX} is needed")
    if _is_taken(host, port):
        raise InputError(field="port", reason=f"something else answers on {port}")
    # The bill grows by objects that live on and hold no cycles: looking through them again and again costs close
    # to a tenth.
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    uvloop.run(_serve(host, port, configuration, parent_pid))


async def _serve(host: str, port: int, configuration: Configuration, parent_pid: int | None) -> None:
    application = SandboxApplication(configuration, SystemClock())
    server: Any = Server(
        application,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        # Errors only: a line per request would be slow, and no log may hold what requests say.
        log_level=LogLevels.error,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = asyncio.ensure_future(server.serve())
    watching = asyncio.ensure_future(_wait_for_end(stopping, parent_pid))
    await asyncio.wait((serving, watching), return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        server.stop()
        await asyncio.wait((serving,), timeout=STOP_GRACE_SECONDS)
    await application.close()
    if serving.done():
        serving.result()


async def _wait_for_end(stopping: asyncio.Event, parent_pid: int | None) -> None:
    """Return when the process is told to stop, or when its parent has gone."""
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), PARENT_POLL_SECONDS)
        if parent_pid is not None and os.getppid() != parent_pid:
            return


def _is_taken(host: str, port: int) -> bool:
    # The server shares its port with whoever allows it: two sandboxes on one port would get half the calls each.
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
