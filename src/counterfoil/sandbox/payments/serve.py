"""Serves the payments sandbox on 127.0.0.1, until it is told to stop or its parent has gone."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress

import uvloop
from aiohttp import web

from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.payments.application import PaymentsSandbox
from counterfoil.sandbox.payments.configuration import PaymentsConfiguration
from counterfoil.sandbox.process import HOST

PORT_MAX = 65_535
PARENT_POLL_SECONDS = 0.2
# Calls that "time out" do not end for minutes.
STOP_GRACE_SECONDS = 0.5
BACKLOG = 1024


def serve_payments(*, port: int, configuration: PaymentsConfiguration, parent_pid: int | None) -> None:
    """Serve until SIGTERM, SIGINT or the death of `parent_pid`; raises `InputError` for a port that is taken.

    One process and no more: what the providers know is in its memory.
    """
    if not 1 <= port <= PORT_MAX:
        raise InputError(field="port", reason=f"a port from 1 to {PORT_MAX} is needed")
    if _is_taken(port):
        raise InputError(field="port", reason=f"something else answers on {port}")
    uvloop.run(_serve(port, configuration, parent_pid))


async def _serve(port: int, configuration: PaymentsConfiguration, parent_pid: int | None) -> None:
    sandbox = PaymentsSandbox(configuration, SystemClock(), url=f"http://{HOST}:{port}")
    # No log of requests: none may hold what they say.
    runner = web.ServerRunner(web.Server(sandbox.handle, access_log=None))
    await runner.setup()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    # Shared with the launcher's socket, which holds the port until this one listens.
    site = web.TCPSite(runner, HOST, port, backlog=BACKLOG, reuse_port=True, shutdown_timeout=STOP_GRACE_SECONDS)
    await site.start()
    await _wait_for_end(stopping, parent_pid)
    await sandbox.close()
    await runner.cleanup()


async def _wait_for_end(stopping: asyncio.Event, parent_pid: int | None) -> None:
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), PARENT_POLL_SECONDS)
        if parent_pid is not None and os.getppid() != parent_pid:
            return


def _is_taken(port: int) -> bool:
    # The port may be shared by whoever allows it: two servers on one would get half the calls each.
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
