"""A gateway on a real database, served by granian in the test's own loop, with a sandbox behind it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from counterfoil.gateway.application import open_gateway
from counterfoil.gateway.model import GatewaySettings
from counterfoil.sandbox.process import SandboxProcess
from counterfoil.settings import Settings
from counterfoil.spend.service import Spend
from gateway.shop import OpenShop, Shop
from gateway.wiring import connected

SANDBOX_KEYS = {name: name.removesuffix("-key") for name in ("first-key", "second-key", "third-key")}


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess({"keys": SANDBOX_KEYS}) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    sandbox_process.use_rules([])
    sandbox_process.use_callbacks(None)
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
async def open_shop(
    database_url: str, owner_url: str, tmp_path: Path, sandbox: SandboxProcess
) -> AsyncIterator[OpenShop]:
    """Opens the shop with these settings: services, gateway, server, one upstream that serves every model."""
    async with AsyncExitStack() as stack:

        async def open_shop(
            *, upstream: bool = True, polls: bool = False, spend_class: type[Spend] = Spend, **overrides: Any
        ) -> Shop:
            settings = Settings.load({}, data_dir=tmp_path / "data", public_url="http://shop.test", **overrides)
            services = await stack.enter_async_context(connected(settings, database_url, spend_class=spend_class))
            gateway_settings = GatewaySettings.of(settings)
            gateway = await stack.enter_async_context(
                open_gateway(
                    spend=services.spend,
                    tasks=services.tasks,
                    notices=services.recharge.notices,
                    routes=services.routes,
                    clock=services.clock,
                    settings=gateway_settings,
                )
            )
            address = await stack.enter_async_context(_Served(gateway))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            shop = Shop(
                services=services, gateway=gateway, address=address, session=session, sandbox=sandbox,
                owner_url=owner_url,
            )  # fmt: skip
            await shop.import_prices()
            if upstream:
                await shop.add_upstream("first")
            if polls:
                await stack.enter_async_context(_in_background(services.tasks.run_poller()))
            return shop

        yield open_shop


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    return await open_shop()


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Served:
    """An ASGI application on a port of its own."""

    def __init__(self, application: Any) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self._server = Server(
            application, address="127.0.0.1", port=self._port, interface=Interfaces.ASGINL, log_enabled=False,
            websockets=False, backlog=1024,
        )  # fmt: skip

    async def __aenter__(self) -> str:
        self._task = asyncio.create_task(self._server.serve())
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return f"http://127.0.0.1:{self._port}"

    async def __aexit__(self, *exception: object) -> None:
        self._server.stop()
        await self._task
