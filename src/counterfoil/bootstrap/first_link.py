"""The one-time link of the first administrator, shown to whoever starts the service."""

from __future__ import annotations

import asyncio
import http.client
import os
import sys
import threading
import time
from dataclasses import replace

import aiohttp

from counterfoil.bootstrap.demo_pages import DEMO_VARIABLE
from counterfoil.bootstrap.identity import build_identity
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.vocabulary import Kind, Language, text
from counterfoil.gateway.model import GatewaySettings
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.service import Ledger
from counterfoil.settings import Settings
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database

_PATIENCE_SECONDS = 120
_POLL_SECONDS = 0.2
_TIMEOUT_SECONDS = 5


def show_first_link(settings: Settings, *, url: str, port: int) -> None:
    """Once it is served, write the link to standard error: there is none once an administrator can sign in.

    It is a secret, so it goes past the log. A demo shows its own.
    """
    if os.environ.get(DEMO_VARIABLE):
        return
    link = asyncio.run(_link(replace(settings, port=port), url))
    if link is None:
        return
    words = text(Kind.WORD, "administrator_link", Language(settings.default_language), link=link)

    def say() -> None:
        if _is_served(settings.host, port):
            sys.stderr.write(f"\n{words}\n\n")
            sys.stderr.flush()

    threading.Thread(target=say, name="first link", daemon=True).start()


async def _link(settings: Settings, url: str) -> str | None:
    clock = SystemClock()
    async with await Database.open(url, min_size=1, max_size=2) as database, aiohttp.ClientSession() as session:
        identity = build_identity(
            database=database, clock=clock, ledger=Ledger(database, clock=clock, guard_factory=NoGuard),
            data_directory=DataDirectory.of(settings), settings=settings,
            public_url=GatewaySettings.of(settings).public_url, session=session,
        )  # fmt: skip
        return await identity.people.first_administrator_link()


def _is_served(host: str, port: int) -> bool:
    """Wait until the service answers; False where it never does."""
    until = time.monotonic() + _PATIENCE_SECONDS
    # Every address of this machine is reached by its own.
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not listened on
    while time.monotonic() < until:
        connection = http.client.HTTPConnection(reached, port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(_POLL_SECONDS)
    return False
