"""A desk that tells people: a receiver that checks signatures for itself, and as many processes as a test wants."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
import psycopg
from aiohttp import web
from psycopg.rows import dict_row

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.service import Ledger
from counterfoil.notify.model import ChannelKind, NewChannel, Thresholds
from counterfoil.notify.people import People
from counterfoil.notify.senders.apprise_sender import AppriseSender
from counterfoil.notify.senders.webhook import WebhookSender
from counterfoil.notify.service import Notifications, NotifySettings
from counterfoil.spend.store import limits_that_refused, upstreams_out_of_money
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.storage.outbox import Announcement, announce

UNIT = 1_000_000_000
SECOND = 1_000_000
THRESHOLDS = Thresholds(low_balance=5 * UNIT, lasts_days=3, spike_times=5, spike_floor=UNIT)
PUBLIC_URL = "https://desk.example"


@dataclass(slots=True, kw_only=True)
class Received:
    """What came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    def signed_with(self, secret: str) -> bool:
        """Whether one of its signatures was made with the secret, by nothing but the standard's own rule."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


@dataclass(slots=True, kw_only=True)
class Receiver:
    """Somebody's server. It answers with `status`, after `before_answer`."""

    port: int = 0
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    received: list[Received] = field(default_factory=list)
    before_answer: Callable[[], Any] | None = None
    # How many requests were being answered at once, at the most, by message id.
    at_once: dict[str, int] = field(default_factory=dict)
    _now: dict[str, int] = field(default_factory=dict)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def kinds(self) -> list[str]:
        return [one.json["type"] for one in self.received]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        one = Received(
            path=request.path_qs,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        self.received.append(one)
        name = one.headers.get("webhook-id", "")
        self._now[name] = self._now.get(name, 0) + 1
        self.at_once[name] = max(self.at_once.get(name, 0), self._now[name])
        try:
            if self.before_answer is not None:
                await self.before_answer()
        finally:
            self._now[name] -= 1
        return web.Response(status=self.status, headers=self.headers, body=self.body)


@asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()


@dataclass(slots=True, kw_only=True)
class MailServer:
    """A server that takes every mail, with whom it is for."""

    port: int = 0
    taken: list[tuple[str, str]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader_of_mail = ""
        writer.write(b"220 mail.test\r\n")
        while line := (await reader.readline()).decode().strip():
            command = line.upper()
            if command.startswith("RCPT TO:"):
                reader_of_mail = line.partition("<")[2].partition(">")[0]
            if command == "DATA":
                writer.write(b"354 go on\r\n")
                text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.taken.append((reader_of_mail, text))
            writer.write(b"221 bye\r\n" if command == "QUIT" else b"250 ok\r\n")
            if command == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def open_mail_server() -> AsyncIterator[MailServer]:
    mail = MailServer()
    server = await asyncio.start_server(mail.serve, "127.0.0.1", 0)
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail
    finally:
        server.close()


@dataclass(slots=True)
class Members:
    """Members of accounts with their addresses."""

    addresses: dict[UUID, dict[UUID, str]] = field(default_factory=dict)
    admins: dict[UUID, Sequence[UUID]] = field(default_factory=dict)

    async def readers_of(self, account_id: UUID) -> Sequence[UUID]:
        return tuple(self.addresses.get(account_id, {}))

    async def admins_of(self, account_id: UUID) -> Sequence[UUID]:
        return tuple(self.admins.get(account_id, ()))

    async def address_of(self, member_id: UUID) -> str | None:
        return next((found[member_id] for found in self.addresses.values() if member_id in found), None)


@dataclass(slots=True, kw_only=True)
class Desk:
    """An installation that tells people."""

    clock: ManualClock
    database: Database
    owner_url: str
    data_directory: DataDirectory
    ledger: Ledger
    session: aiohttp.ClientSession
    members: Members = field(default_factory=Members)
    numbers: int = 0

    def process(self, *, webhook_seconds: float = 10, people: People | None = None, **settings: Any) -> Notifications:
        """A process: what it knows, it knows from the database."""
        values: dict[str, Any] = {"public_url": PUBLIC_URL, "thresholds": THRESHOLDS}
        return Notifications(
            self.database, clock=self.clock, sealer=self.data_directory, people=people or self.members,
            settings=NotifySettings(**{**values, **settings}),
            senders={
                ChannelKind.WEBHOOK: WebhookSender(self.session, timeout_seconds=webhook_seconds),
                ChannelKind.APPRISE: AppriseSender(timeout_seconds=5),
            },
            mailer=AppriseSender(timeout_seconds=5),
            limits_that_refused=limits_that_refused, upstreams_out_of_money=upstreams_out_of_money,
        )  # fmt: skip

    async def open_account(self, name: str = "Acme") -> UUID:
        return (await self.ledger.open_account(name=name)).account_id

    async def webhook(
        self, notify: Notifications, receiver: Receiver, account_id: UUID | None = None, **fields: Any
    ) -> NewChannel:
        values: dict[str, Any] = {"kind": ChannelKind.WEBHOOK, "url": receiver.url(), "language": Language.EN}
        return await notify.add_channel(account_id=account_id, **{**values, **fields})

    async def announce(self, kind: str = "order_credited", account_id: UUID | None = None, **facts: str) -> str:
        """Announce something; gives its key."""
        self.numbers += 1
        key = f"{kind}:{self.numbers}"
        async with self.database.unit_of_work() as connection:
            await announce(
                connection, Announcement(kind=kind, key=key, account_id=account_id, facts=facts),
                announcement_id=self.clock.new_id(), now=self.clock.now(),
            )  # fmt: skip
        return key

    async def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        async with await psycopg.AsyncConnection.connect(self.owner_url, row_factory=dict_row) as connection:
            return await (await connection.execute(query, parameters)).fetchall()

    async def everything_kept(self) -> str:
        """Every row of every table, as text."""
        tables = await self.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        kept = [str(await self.rows(f'SELECT t::text AS row FROM "{table["table_name"]}" t')) for table in tables]
        return "\n".join(kept)


@asynccontextmanager
async def open_desk(
    database: Database, owner_url: str, clock: ManualClock, directory: DataDirectory
) -> AsyncIterator[Desk]:
    async with aiohttp.ClientSession() as session:
        yield Desk(
            clock=clock, database=database, owner_url=owner_url, data_directory=directory,
            ledger=Ledger(database, clock=clock, guard_factory=NoGuard), session=session,
        )  # fmt: skip
