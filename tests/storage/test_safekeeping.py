"""A backup holds everything that proves who paid what, and nothing is restored over something."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Broken, Conflict, NotFound
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.ledger.service import Ledger
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import migrate
from counterfoil.storage.safekeeping import Backup, read_backup, restore_backup, write_backup

NOW = 1_700_000_000_000_000


@pytest.fixture
def backed_up(
    database: Database, owner_url: str, data_directory: DataDirectory, tmp_path: Path, clock: ManualClock
) -> Any:
    """An installation with money and a checkpoint; gives a function that backs it up."""

    async def make(name: str = "one.tar", **options: bool) -> tuple[Path, Backup]:
        ledger = Ledger(database, clock=clock, guard_factory=NoGuard)
        account = await ledger.open_account(name="Acme", currency="USD", time_zone="UTC")
        paid = GrantSpec(kind=GrantKind.PAID, amount=12, origin="clearing:test")
        await ledger.operate(
            Credit(account_id=account.account_id, source_kind="order", source_id="first", grants=(paid,))
        )
        await ledger.checkpoint(CheckpointFolder(data_directory.checkpoints, data_directory.signing_key))
        _ = data_directory.sealer
        target = tmp_path / name
        made = write_backup(target, owner_url=owner_url, data_dir=data_directory.path, created_at=NOW, **options)
        return target, made

    return make


@pytest.fixture
def empty_url(shared_postgres: EmbeddedPostgres, make_database: Callable[[], Any]) -> str:
    """A database without any table."""
    url: str = make_database().owner
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


async def test_what_was_backed_up_is_there_again_and_proves_itself(
    backed_up: Any, empty_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    target, made = await backed_up(with_keys=True)
    elsewhere = DataDirectory(tmp_path / "elsewhere")

    restored = restore_backup(target, owner_url=empty_url, data_dir=elsewhere.path)

    assert restored == made
    assert migrate(empty_url) == []
    async with await Database.open(empty_url) as database:
        ledger = Ledger(database, clock=clock, guard_factory=NoGuard)
        checkpoints = CheckpointFolder(elsewhere.checkpoints, elsewhere.signing_key).read()
        report = await ledger.verify(checkpoints)
    assert (report.verified, report.accounts, report.transfers, len(checkpoints)) == (True, 1, 1, 1)
    with psycopg.connect(empty_url) as connection:
        rights = connection.execute(
            "SELECT has_table_privilege('counterfoil_runtime', 'transfers', 'INSERT'),"
            " has_table_privilege('counterfoil_runtime', 'transfers', 'UPDATE')"
        ).fetchone()
    assert rights == (True, False)


async def test_keys_are_only_in_it_where_asked_for(backed_up: Any) -> None:
    target, made = await backed_up()
    assert not made.has_keys
    with tarfile.open(target) as archive:
        names = archive.getnames()
    assert names[0] == "manifest.json"
    assert not [name for name in names if name.startswith("keys/")]
    assert target.stat().st_mode & 0o077 == 0


async def test_nothing_is_overwritten(backed_up: Any, owner_url: str, data_directory: DataDirectory) -> None:
    target, _ = await backed_up()
    with pytest.raises(Conflict, match="backup_exists"):
        write_backup(target, owner_url=owner_url, data_dir=data_directory.path, created_at=NOW)
    before = target.read_bytes()
    with pytest.raises(Conflict, match="restore_not_empty"):
        restore_backup(target, owner_url=owner_url, data_dir=data_directory.path)
    assert target.read_bytes() == before


async def test_a_damaged_backup_is_found_before_anything_is_restored(
    backed_up: Any, empty_url: str, tmp_path: Path
) -> None:
    target, _ = await backed_up()
    content = bytearray(target.read_bytes())
    content[-20_000] ^= 1
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(content)
    for path, error in ((damaged, Broken), (tmp_path / "none.tar", NotFound)):
        with pytest.raises(error):
            restore_backup(path, owner_url=empty_url, data_dir=tmp_path)
    (tmp_path / "cut.tar").write_bytes(target.read_bytes()[:2_000])
    (tmp_path / "text.tar").write_text("no archive")
    for name in ("cut.tar", "text.tar"):
        with pytest.raises(Broken, match="backup_broken"):
            read_backup(tmp_path / name)
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
