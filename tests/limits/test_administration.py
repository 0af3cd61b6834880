"""Groups, keys and limits as administrators make, change and remove them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.periods import Window
from counterfoil.limits import store
from counterfoil.limits.model import DuplicatePolicy, GroupSettings, KeySettings, Limit, Scope, Status, Unit
from counterfoil.limits.rules import windows_at
from counterfoil.limits.service import LimitsService
from counterfoil.limits.tokens import hash_token
from counterfoil.storage.database import Database
from counterfoil.storage.pipeline import run_in
from limits.examples import OpenAccount

NOBODY = UUID(int=9)
UNIT = 1_000_000_000


async def revision(database: Database, account_id: UUID) -> int:
    async with database.reading() as connection:
        cursor = await connection.execute("SELECT revision FROM accounts WHERE account_id = %s", (account_id,))
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_a_group_is_kept_as_it_was_chosen(limits: LimitsService, account_id: UUID) -> None:
    settings = GroupSettings(
        name=" research ", price_tier_millis=850, allowed_models=("gpt-5*",), duplicate_policy=DuplicatePolicy.BLOCK
    )
    group = await limits.create_group(account_id=account_id, settings=settings)
    assert (group.name, group.price_tier_millis, group.status) == ("research", 850, Status.ACTIVE)
    assert await limits.find_group(account_id=account_id, group_id=group.group_id) == group
    assert await limits.list_groups(account_id=account_id) == [group]


async def test_two_groups_of_one_account_cannot_share_a_name(limits: LimitsService, account_id: UUID) -> None:
    await limits.create_group(account_id=account_id, settings=GroupSettings(name="a"))
    other = await limits.create_group(account_id=account_id, settings=GroupSettings(name="b"))
    with pytest.raises(Conflict):
        await limits.create_group(account_id=account_id, settings=GroupSettings(name="a"))
    with pytest.raises(Conflict):
        await limits.change_group(
            account_id=account_id, group_id=other.group_id, change=lambda present: replace(present, name="a")
        )


async def test_a_change_of_a_group_leaves_the_rest_as_it_is(limits: LimitsService, account_id: UUID) -> None:
    group = await limits.create_group(account_id=account_id, settings=GroupSettings(name="a", allowed_models=("x",)))
    changed = await limits.change_group(
        account_id=account_id, group_id=group.group_id, change=lambda present: replace(present, price_tier_millis=2000)
    )
    assert changed == replace(group, price_tier_millis=2000)
    disabled = await limits.disable_group(account_id=account_id, group_id=group.group_id)
    assert await limits.find_group(account_id=account_id, group_id=group.group_id) == disabled
    assert disabled.status is Status.DISABLED
    assert (await limits.enable_group(account_id=account_id, group_id=group.group_id)).status is Status.ACTIVE


async def test_a_keys_token_is_shown_once_and_never_stored(
    limits: LimitsService, account_id: UUID, owner_url: str
) -> None:
    made = await limits.create_key(account_id=account_id, settings=KeySettings(name="laptop"))
    assert made.token.startswith("sk-cf-")
    assert made.key.mask == "sk-…" + made.token[-4:]
    assert made.key.token_hash == hash_token(made.token)
    assert made.token not in repr(made)
    with psycopg.connect(owner_url) as connection:
        for table in ("api_keys", "key_directory"):
            for row in connection.execute(f"SELECT t::text FROM {table} t").fetchall():
                assert made.token[6:] not in row[0]


async def test_a_key_is_kept_as_it_was_chosen(limits: LimitsService, account_id: UUID, clock: ManualClock) -> None:
    group = await limits.create_group(account_id=account_id, settings=GroupSettings(name="a"))
    settings = KeySettings(
        name="server",
        group_id=group.group_id,
        member_id=clock.new_id(),
        expires_at=clock.now() + 1,
        allowed_addresses=("192.0.2.9/24", "::ffff:198.51.100.7", "192.0.2.0/24"),
        allowed_models=("gpt-5*", "claude-*"),
        show_balance=True,
        duplicate_policy=DuplicatePolicy.OFF,
    )
    key = (await limits.create_key(account_id=account_id, settings=settings)).key
    assert key.allowed_addresses == ("192.0.2.0/24", "198.51.100.7/32")
    assert (key.member_id, key.expires_at, key.show_balance) == (settings.member_id, settings.expires_at, True)
    assert await limits.find_key(account_id=account_id, key_id=key.key_id) == key
    changed = await limits.change_key(
        account_id=account_id, key_id=key.key_id, change=lambda present: replace(present, group_id=None)
    )
    assert changed == replace(key, group_id=None)
    assert await limits.list_keys(account_id=account_id, group_id=group.group_id) == []


async def test_keys_come_in_pages(limits: LimitsService, account_id: UUID, clock: ManualClock) -> None:
    made = []
    for number in range(5):
        clock.advance(seconds=1)
        made.append((await limits.create_key(account_id=account_id, settings=KeySettings(name=f"key {number}"))).key)
    first = await limits.list_keys(account_id=account_id, at_most=2)
    rest = await limits.list_keys(account_id=account_id, after=first[-1].key_id)
    assert first + rest == made


async def test_a_key_is_disabled_and_enabled_again(limits: LimitsService, account_id: UUID) -> None:
    key = (await limits.create_key(account_id=account_id, settings=KeySettings(name="a"))).key
    assert (await limits.disable_key(account_id=account_id, key_id=key.key_id)).status is Status.DISABLED
    assert (await limits.find_key(account_id=account_id, key_id=key.key_id)).status is Status.DISABLED
    assert await limits.enable_key(account_id=account_id, key_id=key.key_id) == key


async def test_a_rotated_key_has_another_token_and_is_otherwise_the_same(
    limits: LimitsService, account_id: UUID
) -> None:
    before = await limits.create_key(account_id=account_id, settings=KeySettings(name="a", show_balance=True))
    after = await limits.rotate_key(account_id=account_id, key_id=before.key.key_id)
    assert after.token != before.token
    assert after.key == replace(before.key, token_hash=hash_token(after.token), mask=after.key.mask)
    assert await limits.find_key(account_id=account_id, key_id=before.key.key_id) == after.key


async def test_a_key_of_another_gateway_is_adopted_once(
    limits: LimitsService, account_id: UUID, open_account: OpenAccount
) -> None:
    token_hash = hash_token("sk-of-another-gateway")
    key = await limits.adopt_key(
        account_id=account_id, settings=KeySettings(name="old"), token_hash=token_hash, mask="sk-…eway"
    )
    assert (key.token_hash, key.mask) == (token_hash, "sk-…eway")
    other = await open_account()
    with pytest.raises(Conflict):
        await limits.adopt_key(
            account_id=other, settings=KeySettings(name="stolen"), token_hash=token_hash, mask="sk-…eway"
        )
    assert await limits.list_keys(account_id=other) == []


async def test_what_is_not_there_is_not_found(
    limits: LimitsService, account_id: UUID, open_account: OpenAccount
) -> None:
    other = await open_account()
    key = (await limits.create_key(account_id=other, settings=KeySettings(name="theirs"))).key
    group = await limits.create_group(account_id=other, settings=GroupSettings(name="theirs"))
    limit = await limits.set_limit(
        account_id=other, scope=Scope.KEY, scope_id=key.key_id, unit=Unit.MONEY, window=Window.DAY, amount=1
    )
    calls = [
        limits.create_key(account_id=NOBODY, settings=KeySettings(name="a")),
        limits.create_key(account_id=account_id, settings=KeySettings(name="a", group_id=group.group_id)),
        limits.rotate_key(account_id=account_id, key_id=key.key_id),
        limits.disable_key(account_id=account_id, key_id=key.key_id),
        limits.find_key(account_id=account_id, key_id=key.key_id),
        limits.find_group(account_id=account_id, group_id=group.group_id),
        limits.remove_limit(account_id=account_id, limit_id=limit.limit_id),
        limits.view(account_id=account_id, key_id=key.key_id, time_zone="UTC"),
    ]
    for scope, scope_id in [(Scope.ACCOUNT, other), (Scope.GROUP, group.group_id), (Scope.KEY, key.key_id)]:
        calls.append(
            limits.set_limit(
                account_id=account_id, scope=scope, scope_id=scope_id, unit=Unit.MONEY, window=Window.DAY, amount=1
            )
        )
    for call in calls:
        with pytest.raises(NotFound):
            await call


async def test_every_change_makes_cached_limits_stale(
    limits: LimitsService, account_id: UUID, database: Database
) -> None:
    before = await revision(database, account_id)
    key = (await limits.create_key(account_id=account_id, settings=KeySettings(name="a"))).key
    limit = await limits.set_limit(
        account_id=account_id, scope=Scope.KEY, scope_id=key.key_id, unit=Unit.MONEY, window=Window.DAY, amount=1
    )
    await limits.remove_limit(account_id=account_id, limit_id=limit.limit_id)
    await limits.disable_key(account_id=account_id, key_id=key.key_id)
    assert await revision(database, account_id) == before + 4


async def test_a_changed_limit_keeps_its_usage_and_a_removed_one_starts_anew(
    limits: LimitsService, account_id: UUID, database: Database, clock: ManualClock
) -> None:
    async def set_monthly(amount: int) -> Limit:
        return await limits.set_limit(
            account_id=account_id,
            scope=Scope.ACCOUNT,
            scope_id=account_id,
            unit=Unit.MONEY,
            window=Window.MONTH,
            amount=amount,
        )

    limit = await set_monthly(5 * UNIT)
    start = windows_at(clock.now(), "Asia/Shanghai").starts[3]
    async with database.unit_of_work() as connection:
        totals = ([account_id], [limit.limit_id], [start], [2 * UNIT], [UNIT])
        await run_in(connection, [(store.SET_USAGES, totals)])
        await store.add_to_usages(connection, account_id, [(limit.limit_id, start, -UNIT, 0)])

    lowered = await set_monthly(UNIT)
    assert lowered == replace(limit, amount=UNIT)
    (standing,) = await limits.list_limits(account_id=account_id, time_zone="Asia/Shanghai")
    assert (standing.usage.used, standing.usage.held, standing.remaining) == (UNIT, UNIT, 0)
    assert standing.resets_at == windows_at(clock.now(), "Asia/Shanghai").ends[3]

    assert await limits.remove_limit(account_id=account_id, limit_id=limit.limit_id) == lowered
    with pytest.raises(NotFound):
        await limits.remove_limit(account_id=account_id, limit_id=limit.limit_id)
    again = await set_monthly(UNIT)
    assert again.limit_id != limit.limit_id
    (standing,) = await limits.list_limits(account_id=account_id, time_zone="Asia/Shanghai")
    assert (standing.usage.used, standing.remaining) == (0, UNIT)


async def test_of_several_at_once_one_limit_is_put_in_force(limits: LimitsService, account_id: UUID) -> None:
    made = await asyncio.gather(
        *(
            limits.set_limit(
                account_id=account_id,
                scope=Scope.ACCOUNT,
                scope_id=account_id,
                unit=Unit.MONEY,
                window=Window.DAY,
                amount=amount,
            )
            for amount in range(1, 6)
        )
    )
    assert len({limit.limit_id for limit in made}) == 1


@pytest.mark.parametrize(
    "settings",
    [
        KeySettings(name=""),
        KeySettings(name="x" * 121),
        KeySettings(name="a\x00b"),
        KeySettings(name="a", allowed_addresses=("192.0.2.300",)),
        KeySettings(name="a", allowed_addresses=("192.0.2.1",) * 201),
        KeySettings(name="a", allowed_models=("",)),
        KeySettings(name="a", allowed_models=("x" * 201,)),
        KeySettings(name="a", allowed_models=tuple(f"model-{number}" for number in range(201))),
        KeySettings(name="a", expires_at=-1),
    ],
)
async def test_a_key_that_cannot_be_is_refused_naming_the_field(
    limits: LimitsService, account_id: UUID, settings: KeySettings
) -> None:
    with pytest.raises(InputError) as refused:
        await limits.create_key(account_id=account_id, settings=settings)
    assert refused.value.parameters["field"] in {"name", "allowed_addresses", "allowed_models", "expires_at"}


@pytest.mark.parametrize("tier", [0, -1, 1_000_001])
async def test_a_price_tier_is_never_free(limits: LimitsService, account_id: UUID, tier: int) -> None:
    with pytest.raises(InputError):
        await limits.create_group(account_id=account_id, settings=GroupSettings(name="a", price_tier_millis=tier))


@pytest.mark.parametrize(
    ("scope", "unit", "window", "amount"),
    [
        (Scope.MODEL, Unit.MONEY, Window.DAY, 1),
        (Scope.ACCOUNT, Unit.MONEY, Window.MINUTE, 1),
        (Scope.ACCOUNT, Unit.IN_FLIGHT, Window.DAY, 1),
        (Scope.ACCOUNT, Unit.REQUESTS, Window.LIFETIME, 1),
        (Scope.ACCOUNT, Unit.MONEY, Window.DAY, -1),
        (Scope.ACCOUNT, Unit.MONEY, Window.DAY, 2**63),
    ],
)
async def test_a_limit_that_cannot_be_is_refused(
    limits: LimitsService, account_id: UUID, scope: Scope, unit: Unit, window: Window, amount: int
) -> None:
    with pytest.raises(InputError):
        await limits.set_limit(
            account_id=account_id, scope=scope, scope_id=account_id, unit=unit, window=window, amount=amount
        )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO limits VALUES ({id}, {id}, 'account', {id}, 'money', 'minute', 1, 0, NULL)",
        "INSERT INTO limits VALUES ({id}, {id}, 'account', {id}, 'money', 'day', -1, 0, NULL)",
        "INSERT INTO limits VALUES ({id}, {id}, 'model', {id}, 'money', 'day', 1, 0, NULL)",
        "INSERT INTO limits VALUES ({id}, {id}, 'account', gen_random_uuid(), 'money', 'day', 1, 0, NULL)",
        "INSERT INTO usages VALUES ({id}, {id}, 0, -1, 0)",
        "INSERT INTO usages VALUES ({id}, {id}, 0, 0, -1)",
        "INSERT INTO groups (account_id, group_id, name, price_tier_millis, created_at) VALUES ({id}, {id}, 'a', 0, 0)",
        "INSERT INTO api_keys (account_id, key_id, name, token_hash, mask, created_at)"
        " VALUES ({id}, {id}, 'a', 'short', 'm', 0)",
        "INSERT INTO api_keys (account_id, key_id, name, token_hash, mask, status, created_at)"
        " VALUES ({id}, {id}, 'a', sha256('a'), 'm', 'sleeping', 0)",
    ],
)
async def test_the_database_refuses_what_the_rules_refuse(owner_url: str, statement: str) -> None:
    with psycopg.connect(owner_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(statement.format(id=f"'{NOBODY}'"))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE key_directory SET key_id = account_id", "DELETE FROM key_directory", "TRUNCATE key_directory"],
)
async def test_the_key_directory_is_never_changed(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)
