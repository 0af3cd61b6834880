"""From a token's hash to its key: remembered for good when it is known, for a moment when it is not."""

from __future__ import annotations

from uuid import UUID

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.limits import directory as directory_module
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.model import KeyAddress, KeySettings
from counterfoil.limits.service import LimitsService
from counterfoil.limits.tokens import hash_token
from counterfoil.storage.database import Database


async def test_a_key_is_found_by_its_hash_and_then_without_waiting(
    limits: LimitsService, account_id: UUID, database: Database, clock: ManualClock
) -> None:
    made = await limits.create_key(account_id=account_id, settings=KeySettings(name="a"))
    directory = KeyDirectory(database, clock)
    address = KeyAddress(account_id=account_id, key_id=made.key.key_id)
    assert directory.known(made.key.token_hash) is None
    assert await directory.find(made.key.token_hash) == address
    assert directory.known(made.key.token_hash) == address


async def test_a_replaced_token_still_leads_to_its_key(
    limits: LimitsService, account_id: UUID, database: Database, clock: ManualClock
) -> None:
    before = await limits.create_key(account_id=account_id, settings=KeySettings(name="a"))
    after = await limits.rotate_key(account_id=account_id, key_id=before.key.key_id)
    directory = KeyDirectory(database, clock)
    found = [await directory.find(made.key.token_hash) for made in (before, after)]
    assert found == [KeyAddress(account_id=account_id, key_id=before.key.key_id)] * 2


async def test_a_key_that_was_just_made_is_found_a_second_later(
    limits: LimitsService, account_id: UUID, database: Database, clock: ManualClock
) -> None:
    directory = KeyDirectory(database, clock)
    token_hash = hash_token("sk-of-another-gateway")
    assert await directory.find(token_hash) is None
    await limits.adopt_key(
        account_id=account_id, settings=KeySettings(name="a"), token_hash=token_hash, mask="sk-…eway"
    )
    assert await directory.find(token_hash) is None
    clock.advance(seconds=1)
    assert await directory.find(token_hash) is not None


async def test_guesses_take_a_bounded_place_and_push_no_key_out(
    limits: LimitsService, account_id: UUID, database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_module, "UNKNOWN_MAX", 3)
    made = await limits.create_key(account_id=account_id, settings=KeySettings(name="a"))
    directory = KeyDirectory(database, clock)
    await directory.find(made.key.token_hash)
    for number in range(10):
        assert await directory.find(hash_token(f"guess {number}")) is None
    assert len(directory._unknown) == 3
    assert directory.known(made.key.token_hash) is not None
