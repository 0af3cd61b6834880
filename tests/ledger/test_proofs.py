"""Verifications that are kept: who asked, how it ended, and that one is made at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.ledger import proofs_store, verify
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.ledger.proofs import Proofs
from counterfoil.ledger.proofs_model import Verification, VerificationState
from counterfoil.ledger.service import Ledger
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Database


@pytest.fixture
def proofs(database: Database, clock: ManualClock, folder: CheckpointFolder) -> Proofs:
    return Proofs(database, clock=clock, checkpoints=folder, redact=redact)


async def _credited(ledger: Ledger, times: int = 3) -> None:
    account = await ledger.open_account(name="Acme")
    for number in range(times):
        grant = GrantSpec(kind=GrantKind.PAID, amount=1_000, origin="clearing:bank")
        await ledger.operate(
            Credit(account_id=account.account_id, source_kind="order", source_id=f"o{number}", grants=(grant,))
        )


async def _running(database: Database, clock: ManualClock) -> Verification:
    """A verification whose process has just died."""
    now = clock.now()
    begun = Verification(
        verification_id=clock.new_id(), started_by="somebody", started_at=now, heard_at=now,
        state=VerificationState.RUNNING, transfers_expected=1,
    )  # fmt: skip
    async with database.unit_of_work() as connection:
        assert await proofs_store.insert(connection, begun)
    return begun


async def test_what_was_verified_is_kept_with_who_asked(
    ledger: Ledger, proofs: Proofs, folder: CheckpointFolder
) -> None:
    assert await proofs.last() is None
    await _credited(ledger)
    await ledger.checkpoint(folder)
    ended = await proofs.run(by=" finance@desk.example ")
    assert ended == await proofs.last()
    assert (ended.state, ended.started_by) == (VerificationState.VERIFIED, redact("finance@desk.example"))
    assert (ended.transfers, ended.transfers_expected, ended.accounts, ended.checkpoints) == (3, 3, 1, 1)
    assert await proofs.find(ended.verification_id) == ended


async def test_what_does_not_hold_is_kept_as_found(
    ledger: Ledger, proofs: Proofs, owner: psycopg.AsyncConnection[Any]
) -> None:
    await _credited(ledger)
    await owner.execute("UPDATE transfers SET amount = amount + 1 WHERE version = 2")
    ended = await proofs.run(by="finance")
    assert ended.state is VerificationState.DIFFERS
    assert {one.kind for one in ended.findings} >= {"edit", "balance"}


async def test_a_broken_checkpoint_proves_nothing(ledger: Ledger, proofs: Proofs, folder: CheckpointFolder) -> None:
    await _credited(ledger)
    await ledger.checkpoint(folder)
    (file,) = folder._paths()
    file.write_text("{}")
    ended = await proofs.run(by="finance")
    assert (ended.state, ended.failure) == (VerificationState.FAILED, "checkpoint_broken")


async def test_one_is_made_at_a_time(database: Database, proofs: Proofs, clock: ManualClock) -> None:
    await _running(database, clock)
    with pytest.raises(Conflict) as refused:
        await proofs.start(by="another")
    assert refused.value.code == "verification_running"


async def test_one_whose_process_died_is_told_as_stopped_and_stands_in_nobodys_way(
    database: Database, proofs: Proofs, clock: ManualClock
) -> None:
    begun = await _running(database, clock)
    clock.advance(seconds=120)
    last = await proofs.last()
    assert last is not None
    assert last.state is VerificationState.RUNNING, "it may still be heard of"
    clock.advance(micros=1)
    last = await proofs.last()
    assert last is not None
    assert (last.state, last.failure) == (VerificationState.FAILED, "verification_stopped")
    ended = await proofs.run(by="another")
    assert ended.state is VerificationState.VERIFIED
    assert [one.state for one in await proofs.list()] == [VerificationState.VERIFIED, VerificationState.FAILED]
    assert (await proofs.find(begun.verification_id)).ended_at is not None


async def test_one_that_is_given_up_is_on_record_as_stopped(ledger: Ledger, proofs: Proofs) -> None:
    await _credited(ledger)
    begun = await proofs.start(by="finance")
    await asyncio.sleep(0)
    await proofs.close()
    ended = await proofs.find(begun.verification_id)
    assert (ended.state, ended.failure) == (VerificationState.FAILED, "verification_stopped")


async def test_how_far_it_has_come_is_told_while_it_walks(
    ledger: Ledger, proofs: Proofs, database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "HEARD_EVERY", 2)
    await _credited(ledger, times=5)
    begun = await _running(database, clock)
    clock.advance(seconds=60)
    heard: list[int] = []

    async def hear(transfers: int) -> None:
        heard.append(transfers)
        async with database.unit_of_work() as connection:
            await proofs_store.write_progress(connection, begun.verification_id, transfers=transfers, now=clock.now())

    async with database.snapshot() as connection:
        assert (await verify.verify(connection, (), heard=hear)).verified
    assert heard == [2, 4]
    assert await proofs.find(begun.verification_id) == replace(begun, transfers=4, heard_at=clock.now())


async def test_an_unknown_one_is_not_found_and_nobody_asks_anonymously(proofs: Proofs, clock: ManualClock) -> None:
    with pytest.raises(NotFound):
        await proofs.find(clock.new_id())
    with pytest.raises(InputError):
        await proofs.run(by=" ")
