"""A process that does nothing but send, to be killed: `courier_process.py DATABASE_URL DATA_DIRECTORY LEASE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp

from counterfoil.foundation.clock import SystemClock
from counterfoil.notify import courier
from counterfoil.notify.model import ChannelKind
from counterfoil.notify.senders.apprise_sender import AppriseSender
from counterfoil.notify.senders.webhook import WebhookSender
from counterfoil.notify.service import Notifications, NotifySettings
from counterfoil.spend.store import limits_that_refused, upstreams_out_of_money
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from notify.desk import PUBLIC_URL, THRESHOLDS


async def main(url: str, folder: Path, lease_seconds: int) -> None:
    courier._LEASE = lease_seconds * 1_000_000
    courier.IDLE_SECONDS_MAX = 0.1
    async with await Database.open(url) as database, aiohttp.ClientSession() as session:
        apprise = AppriseSender()
        notify = Notifications(
            database, clock=SystemClock(), sealer=DataDirectory(folder), mailer=apprise,
            settings=NotifySettings(public_url=PUBLIC_URL, thresholds=THRESHOLDS),
            senders={ChannelKind.WEBHOOK: WebhookSender(session), ChannelKind.APPRISE: apprise},
            limits_that_refused=limits_that_refused, upstreams_out_of_money=upstreams_out_of_money,
        )  # fmt: skip
        await notify.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
