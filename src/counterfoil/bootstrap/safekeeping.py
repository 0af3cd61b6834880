"""Backups of an installation: which database, which folder, and the proof after a restore."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from counterfoil.bootstrap.services import migrate_own
from counterfoil.cli.launchers import Restored
from counterfoil.foundation.clock import SystemClock
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.service import Ledger
from counterfoil.ledger.verify import Report
from counterfoil.settings import Settings
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import migrate
from counterfoil.storage.safekeeping import Backup, restore_backup, write_backup


def back_up(settings: Settings, target: Path, with_keys: bool) -> Backup:
    """Write a backup; the database may be in use meanwhile."""
    DataDirectory.of(settings)
    with _owner(settings) as owner_url:
        return write_backup(
            target.absolute(), owner_url=owner_url, data_dir=settings.data_dir, created_at=SystemClock().now(),
            with_keys=with_keys,
        )  # fmt: skip


def restore(settings: Settings, source: Path) -> Restored:
    """Restore a backup into an empty installation, bring it up to date, and verify its ledger."""
    DataDirectory.of(settings)
    with _owner(settings) as owner_url:
        backup = restore_backup(source.absolute(), owner_url=owner_url, data_dir=settings.data_dir)
        if settings.database_url is not None:
            migrate_own(settings)
        else:
            migrate(owner_url)
        return Restored(backup=backup, report=asyncio.run(_verify(settings, owner_url)))


async def _verify(settings: Settings, url: str) -> Report:
    directory = DataDirectory.of(settings)
    async with await Database.open(url, min_size=1, max_size=2) as database:
        ledger = Ledger(database, clock=SystemClock(), guard_factory=NoGuard)
        return await ledger.verify(CheckpointFolder(directory.checkpoints, directory.signing_key).read())


@contextmanager
def _owner(settings: Settings) -> Iterator[str]:
    """The database as its owner: the embedded one, or the operator's own."""
    if settings.database_url is None:
        with EmbeddedPostgres(settings.data_dir) as server:
            yield server.owner_url
        return
    yield settings.migration_url or settings.database_url
