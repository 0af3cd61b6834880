"""The SQL of groups, keys, limits and usage.

Engine statements take whole columns as arrays, `account_id` first, and name the account in every join; with one account
in `$1` each is a single-account statement in Citus' sense. They run under the account's lock, which the caller holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.periods import MICROS_PER_SECOND, Window
from counterfoil.limits.model import (
    AccountDuplicates,
    DuplicatePolicy,
    DuplicateRule,
    Group,
    Key,
    KeyAddress,
    Limit,
    Scope,
    Status,
    Unit,
    Usage,
    UsageDelta,
)
from counterfoil.limits.rules import limit_at
from counterfoil.storage.pipeline import Call, Statement, run_in

Connection = AsyncConnection[tuple[Any, ...]]

_MINUTE = 60 * MICROS_PER_SECOND
_DAY = 24 * 60 * _MINUTE
# The longest that a day or month of any time zone can have lasted already, with a day's margin for zones that jump.
_LONGEST_DAY = 2 * _DAY
_LONGEST_MONTH = 33 * _DAY

_GROUP_COLUMNS: LiteralString = (
    "g.group_id, g.name, g.price_tier_millis, g.allowed_models, g.duplicate_policy,"
    " g.duplicate_window_seconds, g.status, g.created_at"
)
_KEY_COLUMNS: LiteralString = (
    "k.key_id, k.group_id, k.member_id, k.name, k.token_hash, k.mask, k.status, k.expires_at, k.allowed_addresses,"
    " k.allowed_models, k.show_balance, k.duplicate_policy, k.duplicate_window_seconds, k.created_at"
)
_LIMIT_COLUMNS: LiteralString = (
    'l.limit_id, l.scope, l.scope_id, l.unit, l."window", l.amount, l.created_at, l.raised_amount, l.raised_until'
)
_KEY_WIDTH = 14
_GROUP_WIDTH = 8
_LIMIT_WIDTH = 9

# Floors of the current windows: a lifetime starts at 0; days and months start where the account's zone says, so the
# earliest possible start is asked for and what is older is left to the caller.
_CURRENT: LiteralString = (
    """ u.window_start >= CASE l."window" WHEN 'minute' THEN ($3::int8[])[1] WHEN 'day' THEN ($4::int8[])[1]"""
    " WHEN 'month' THEN ($5::int8[])[1] ELSE 0 END"
)

KEYS_AND_GROUPS = Statement(
    "limits_keys_and_groups",
    f"SELECT w.account_id, {_KEY_COLUMNS}, {_GROUP_COLUMNS}, d.policy, d.window_seconds"  # noqa: S608
    " FROM unnest($1::uuid[], $2::uuid[]) AS w(account_id, key_id)"
    " JOIN api_keys k ON k.account_id = w.account_id AND k.key_id = w.key_id"
    " LEFT JOIN groups g ON g.account_id = w.account_id AND g.group_id = k.group_id"
    " LEFT JOIN duplicate_policies d ON d.account_id = w.account_id",
)
# Every limit of the accounts, groups and keys of ($1, $2), each with the usage of its current windows.
LIMITS_AND_USAGES = Statement(
    "limits_limits_and_usages",
    f"SELECT s.account_id, {_LIMIT_COLUMNS}, u.window_start, u.used, u.held FROM ("  # noqa: S608
    "SELECT w.account_id, w.account_id AS scope_id FROM unnest($1::uuid[], $2::uuid[]) AS w(account_id, key_id)"
    " UNION SELECT w.account_id, w.key_id FROM unnest($1::uuid[], $2::uuid[]) AS w(account_id, key_id)"
    " UNION SELECT w.account_id, k.group_id FROM unnest($1::uuid[], $2::uuid[]) AS w(account_id, key_id)"
    " JOIN api_keys k ON k.account_id = w.account_id AND k.key_id = w.key_id"
    ") AS s JOIN limits l ON l.account_id = s.account_id AND l.scope_id = s.scope_id AND l.retired_at IS NULL"
    f" LEFT JOIN usages u ON u.account_id = l.account_id AND u.limit_id = l.limit_id AND {_CURRENT}"
    " AND u.account_id = ANY($1::uuid[]) WHERE l.account_id = ANY($1::uuid[])",
)
# Rows that were read (or do not exist yet) are written as totals: the lock is held, nobody else moved them.
SET_USAGES = Statement(
    "limits_set_usages",
    "INSERT INTO usages (account_id, limit_id, window_start, used, held)"
    " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int8[], $4::int8[], $5::int8[])"
    " ON CONFLICT (account_id, limit_id, window_start) DO UPDATE SET used = excluded.used, held = excluded.held",
)
# Rows that were not read (of windows gone by) exist since their hold; one that was cleaned away needs nothing more.
ADD_TO_USAGES = Statement(
    "limits_add_to_usages",
    "UPDATE usages u SET used = u.used + v.used, held = u.held + v.held"
    " FROM unnest($1::uuid[], $2::uuid[], $3::int8[], $4::int8[], $5::int8[])"
    " AS v(account_id, limit_id, window_start, used, held)"
    " WHERE u.account_id = v.account_id AND u.limit_id = v.limit_id AND u.window_start = v.window_start",
)
ENGINE_STATEMENTS = (KEYS_AND_GROUPS, LIMITS_AND_USAGES, SET_USAGES, ADD_TO_USAGES)


def reads(wanted: Sequence[tuple[UUID, UUID]], *, at: int) -> list[Call]:
    """`KEYS_AND_GROUPS` and `LIMITS_AND_USAGES` for (account, key) pairs at that time."""
    accounts = [account_id for account_id, _ in wanted]
    keys = [key_id for _, key_id in wanted]
    return [(KEYS_AND_GROUPS, (accounts, keys)), (LIMITS_AND_USAGES, (accounts, keys, *window_floors(at)))]


def window_floors(at: int) -> tuple[list[int], list[int], list[int]]:
    """The earliest start that the current minute, day and month can have in any time zone."""
    return [at - at % _MINUTE], [at - _LONGEST_DAY], [at - _LONGEST_MONTH]


# Rows.


def read_key_and_group(row: tuple[Any, ...]) -> tuple[UUID, Key, Group | None, AccountDuplicates]:
    """A row of `KEYS_AND_GROUPS`: the account, the key, its group, what the account does with duplicates."""
    width = 1 + _KEY_WIDTH
    group = row[width : width + _GROUP_WIDTH]
    return (
        row[0],
        _read_key(row[1:width]),
        _read_group(group) if group[0] is not None else None,
        _read_duplicates(row[width + _GROUP_WIDTH :]),
    )


def _read_duplicates(row: tuple[Any, ...]) -> AccountDuplicates:
    policy, window_seconds = row
    return AccountDuplicates(policy=DuplicatePolicy(policy) if policy else None, window_seconds=window_seconds)


def read_limit_and_usage(row: tuple[Any, ...]) -> tuple[UUID, Limit, Usage | None]:
    """A row of `LIMITS_AND_USAGES`: the account, a limit, and its usage in one window if there is any yet."""
    width = 1 + _LIMIT_WIDTH
    limit = read_limit(row[1:width])
    window_start, used, held = row[width:]
    if window_start is None:
        return row[0], limit, None
    return row[0], limit, Usage(limit_id=limit.limit_id, window_start=window_start, used=used, held=held)


def _read_group(row: tuple[Any, ...]) -> Group:
    group_id, name, price_tier_millis, allowed_models, duplicate_policy, window_seconds, status, created_at = row
    return Group(
        group_id=group_id,
        name=name,
        price_tier_millis=price_tier_millis,
        allowed_models=tuple(allowed_models),
        duplicate_policy=DuplicatePolicy(duplicate_policy) if duplicate_policy else None,
        duplicate_window_seconds=window_seconds,
        status=Status(status),
        created_at=created_at,
    )


def _read_key(row: tuple[Any, ...]) -> Key:
    (
        key_id, group_id, member_id, name, token_hash, mask, status, expires_at, allowed_addresses, allowed_models,
        show_balance, duplicate_policy, window_seconds, created_at,
    ) = row  # fmt: skip
    return Key(
        key_id=key_id,
        group_id=group_id,
        member_id=member_id,
        name=name,
        token_hash=bytes(token_hash),
        mask=mask,
        status=Status(status),
        expires_at=expires_at,
        allowed_addresses=tuple(allowed_addresses),
        allowed_models=tuple(allowed_models),
        show_balance=show_balance,
        duplicate_policy=DuplicatePolicy(duplicate_policy) if duplicate_policy else None,
        duplicate_window_seconds=window_seconds,
        created_at=created_at,
    )


def read_limit(row: tuple[Any, ...]) -> Limit:
    limit_id, scope, scope_id, unit, window, amount, created_at, raised_amount, raised_until = row
    return Limit(
        limit_id=limit_id,
        scope=Scope(scope),
        scope_id=scope_id,
        unit=Unit(unit),
        window=Window(window),
        amount=amount,
        created_at=created_at,
        raised_amount=raised_amount,
        raised_until=raised_until,
    )


# What an account does with duplicates.


async def find_duplicates(connection: Connection, account_id: UUID) -> AccountDuplicates:
    cursor = await connection.execute(
        "SELECT policy, window_seconds FROM duplicate_policies WHERE account_id = %s", (account_id,)
    )
    row = await cursor.fetchone()
    return AccountDuplicates() if row is None else _read_duplicates(row)


async def set_duplicates(connection: Connection, account_id: UUID, duplicates: AccountDuplicates) -> None:
    policy = duplicates.policy or DuplicateRule().policy
    await connection.execute(
        "INSERT INTO duplicate_policies (account_id, policy, window_seconds) VALUES (%s, %s, %s)"
        " ON CONFLICT (account_id) DO UPDATE SET policy = excluded.policy, window_seconds = excluded.window_seconds",
        (account_id, policy, duplicates.window_seconds),
    )


# Groups.


async def insert_group(connection: Connection, account_id: UUID, group: Group) -> bool:
    """Add a group; False where the account has one of that name."""
    cursor = await connection.execute(
        "INSERT INTO groups (account_id, group_id, name, price_tier_millis, allowed_models, duplicate_policy,"
        " duplicate_window_seconds, status, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (account_id, name) DO NOTHING",
        (
            account_id, group.group_id, group.name, group.price_tier_millis, list(group.allowed_models),
            group.duplicate_policy, group.duplicate_window_seconds, group.status, group.created_at,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def update_group(connection: Connection, account_id: UUID, group: Group) -> None:
    await connection.execute(
        "UPDATE groups SET name = %s, price_tier_millis = %s, allowed_models = %s, duplicate_policy = %s,"
        " duplicate_window_seconds = %s, status = %s"
        " WHERE account_id = %s AND group_id = %s",
        (
            group.name, group.price_tier_millis, list(group.allowed_models), group.duplicate_policy,
            group.duplicate_window_seconds, group.status, account_id, group.group_id,
        ),
    )  # fmt: skip


async def find_group(connection: Connection, account_id: UUID, group_id: UUID) -> Group | None:
    cursor = await connection.execute(
        f"SELECT {_GROUP_COLUMNS} FROM groups g WHERE g.account_id = %s AND g.group_id = %s",  # noqa: S608
        (account_id, group_id),
    )
    row = await cursor.fetchone()
    return None if row is None else _read_group(row)


async def find_group_named(connection: Connection, account_id: UUID, name: str) -> Group | None:
    cursor = await connection.execute(
        f"SELECT {_GROUP_COLUMNS} FROM groups g WHERE g.account_id = %s AND g.name = %s",  # noqa: S608
        (account_id, name),
    )
    row = await cursor.fetchone()
    return None if row is None else _read_group(row)


async def groups_of(connection: Connection, account_id: UUID, *, after: UUID | None, at_most: int) -> list[Group]:
    cursor = await connection.execute(
        f"SELECT {_GROUP_COLUMNS} FROM groups g"  # noqa: S608
        " WHERE g.account_id = %s AND (%s::uuid IS NULL OR g.group_id > %s) ORDER BY g.group_id LIMIT %s",
        (account_id, after, after, at_most),
    )
    return [_read_group(row) for row in await cursor.fetchall()]


# Keys.


async def insert_key(connection: Connection, account_id: UUID, key: Key) -> None:
    await connection.execute(
        "INSERT INTO api_keys (account_id, key_id, group_id, member_id, name, token_hash, mask, status, expires_at,"
        " allowed_addresses, allowed_models, show_balance, duplicate_policy, duplicate_window_seconds,"
        " created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            account_id, key.key_id, key.group_id, key.member_id, key.name, key.token_hash, key.mask, key.status,
            key.expires_at, list(key.allowed_addresses), list(key.allowed_models), key.show_balance,
            key.duplicate_policy, key.duplicate_window_seconds, key.created_at,
        ),
    )  # fmt: skip


async def update_key(connection: Connection, account_id: UUID, key: Key) -> None:
    await connection.execute(
        "UPDATE api_keys SET group_id = %s, member_id = %s, name = %s, token_hash = %s, mask = %s, status = %s,"
        " expires_at = %s, allowed_addresses = %s, allowed_models = %s, show_balance = %s, duplicate_policy = %s,"
        " duplicate_window_seconds = %s"
        " WHERE account_id = %s AND key_id = %s",
        (
            key.group_id, key.member_id, key.name, key.token_hash, key.mask, key.status, key.expires_at,
            list(key.allowed_addresses), list(key.allowed_models), key.show_balance, key.duplicate_policy,
            key.duplicate_window_seconds, account_id, key.key_id,
        ),
    )  # fmt: skip


async def find_key(connection: Connection, account_id: UUID, key_id: UUID) -> Key | None:
    cursor = await connection.execute(
        f"SELECT {_KEY_COLUMNS} FROM api_keys k WHERE k.account_id = %s AND k.key_id = %s",  # noqa: S608
        (account_id, key_id),
    )
    row = await cursor.fetchone()
    return None if row is None else _read_key(row)


async def keys_of(
    connection: Connection,
    account_id: UUID,
    *,
    group_id: UUID | None,
    member_id: UUID | None = None,
    after: UUID | None,
    at_most: int,
) -> list[Key]:
    cursor = await connection.execute(
        f"SELECT {_KEY_COLUMNS} FROM api_keys k WHERE k.account_id = %s"  # noqa: S608
        " AND (%s::uuid IS NULL OR k.group_id = %s) AND (%s::uuid IS NULL OR k.member_id = %s)"
        " AND (%s::uuid IS NULL OR k.key_id > %s) ORDER BY k.key_id LIMIT %s",
        (account_id, group_id, group_id, member_id, member_id, after, after, at_most),
    )
    return [_read_key(row) for row in await cursor.fetchall()]


async def insert_key_address(connection: Connection, token_hash: bytes, address: KeyAddress) -> bool:
    """Enter a token into the directory; False where it is known already."""
    cursor = await connection.execute(
        "INSERT INTO key_directory (token_hash, account_id, key_id) VALUES (%s, %s, %s)"
        " ON CONFLICT (token_hash) DO NOTHING",
        (token_hash, address.account_id, address.key_id),
    )
    return cursor.rowcount == 1


async def find_key_address(connection: Connection, token_hash: bytes) -> KeyAddress | None:
    cursor = await connection.execute(
        "SELECT account_id, key_id FROM key_directory WHERE token_hash = %s", (token_hash,)
    )
    row = await cursor.fetchone()
    return None if row is None else KeyAddress(account_id=row[0], key_id=row[1])


# Limits and usage.


async def insert_limit(connection: Connection, account_id: UUID, limit: Limit) -> None:
    await connection.execute(
        'INSERT INTO limits (account_id, limit_id, scope, scope_id, unit, "window", amount, created_at)'
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            account_id, limit.limit_id, limit.scope, limit.scope_id, limit.unit, limit.window, limit.amount,
            limit.created_at,
        ),
    )  # fmt: skip


async def update_limit_amount(connection: Connection, account_id: UUID, limit_id: UUID, amount: int) -> None:
    """Give a limit another amount for good; it is no longer raised."""
    await connection.execute(
        "UPDATE limits SET amount = %s, raised_amount = NULL, raised_until = NULL"
        " WHERE account_id = %s AND limit_id = %s",
        (amount, account_id, limit_id),
    )


async def find_limit_in_force(connection: Connection, account_id: UUID, limit_id: UUID) -> Limit | None:
    cursor = await connection.execute(
        f"SELECT {_LIMIT_COLUMNS} FROM limits l WHERE l.account_id = %s AND l.limit_id = %s AND l.retired_at IS NULL",  # noqa: S608
        (account_id, limit_id),
    )
    row = await cursor.fetchone()
    return None if row is None else read_limit(row)


async def retire_limit(connection: Connection, account_id: UUID, limit_id: UUID, *, at: int) -> Limit | None:
    """Take a limit out of force; None where it is not in force."""
    cursor = await connection.execute(
        "UPDATE limits l SET retired_at = %s WHERE l.account_id = %s AND l.limit_id = %s AND l.retired_at IS NULL"  # noqa: S608
        f" RETURNING {_LIMIT_COLUMNS}",
        (at, account_id, limit_id),
    )
    row = await cursor.fetchone()
    return None if row is None else read_limit(row)


async def find_limit(
    connection: Connection, account_id: UUID, *, scope_id: UUID, unit: Unit, window: Window
) -> Limit | None:
    """The limit in force on that scope, unit and window."""
    cursor = await connection.execute(
        f"SELECT {_LIMIT_COLUMNS} FROM limits l WHERE l.account_id = %s AND l.scope_id = %s AND l.unit = %s"  # noqa: S608
        ' AND l."window" = %s AND l.retired_at IS NULL',
        (account_id, scope_id, unit, window),
    )
    row = await cursor.fetchone()
    return None if row is None else read_limit(row)


async def limits_of(
    connection: Connection, account_id: UUID, *, scope_id: UUID | None, after: UUID | None, at_most: int
) -> list[Limit]:
    """Limits in force, by id."""
    cursor = await connection.execute(
        f"SELECT {_LIMIT_COLUMNS} FROM limits l WHERE l.account_id = %s AND l.retired_at IS NULL"  # noqa: S608
        " AND (%s::uuid IS NULL OR l.scope_id = %s) AND (%s::uuid IS NULL OR l.limit_id > %s)"
        " ORDER BY l.limit_id LIMIT %s",
        (account_id, scope_id, scope_id, after, after, at_most),
    )
    return [read_limit(row) for row in await cursor.fetchall()]


async def usages_of(connection: Connection, account_id: UUID, rows: Iterable[tuple[UUID, int]]) -> list[Usage]:
    """The usage rows of these (limit, window start) pairs that exist."""
    wanted = list(rows)
    cursor = await connection.execute(
        "SELECT u.limit_id, u.window_start, u.used, u.held FROM unnest(%s::uuid[], %s::int8[])"
        " AS w(limit_id, window_start) JOIN usages u ON u.account_id = %s AND u.limit_id = w.limit_id"
        " AND u.window_start = w.window_start",
        ([limit_id for limit_id, _ in wanted], [start for _, start in wanted], account_id),
    )
    return [
        Usage(limit_id=limit_id, window_start=window_start, used=used, held=held)
        for limit_id, window_start, used, held in await cursor.fetchall()
    ]


async def nearly_used(
    connection: Connection, wanted: Sequence[tuple[UUID, int, int]], *, at: int
) -> list[tuple[UUID, Limit, int, int]]:
    """Limits in force of which four fifths and more are used: account, limit, start of the window, used.

    `wanted` are accounts with the starts of their day and month at the time `at`. Limits per minute and of calls in flight are none that
    anybody could act on in time.
    """
    cursor = await connection.execute(
        # OFFSET 0: the start and the amount are worked out first, so that of each limit's windows just that one is read.
        f"SELECT l.account_id, {_LIMIT_COLUMNS}, l.start, u.used FROM (SELECT w.account_id,"  # noqa: S608
        ' l.limit_id, l.scope, l.scope_id, l.unit, l."window", l.amount, l.created_at, l.raised_amount, l.raised_until,'
        " CASE l.\"window\" WHEN 'day' THEN w.day WHEN 'month' THEN w.month ELSE 0 END AS start,"
        " CASE WHEN l.raised_until > %s THEN greatest(l.amount, l.raised_amount) ELSE l.amount END AS present"
        " FROM unnest(%s::uuid[], %s::int8[], %s::int8[]) AS w(account_id, day, month)"
        " JOIN limits l ON l.account_id = w.account_id AND l.retired_at IS NULL"
        " AND l.unit <> 'in_flight' AND l.\"window\" IN ('day', 'month', 'lifetime') OFFSET 0) l"
        " JOIN usages u ON u.account_id = l.account_id AND u.limit_id = l.limit_id AND u.window_start = l.start"
        " WHERE l.present > 0 AND u.used >= l.present - l.present / 5",
        (at, [row[0] for row in wanted], [row[1] for row in wanted], [row[2] for row in wanted]),
    )
    return [(row[0], limit_at(read_limit(row[1:-2]), at), row[-2], row[-1]) for row in await cursor.fetchall()]


async def add_to_usages(connection: Connection, account_id: UUID, deltas: Sequence[UsageDelta]) -> None:
    """Move usage inside a unit of work that holds the account's lock (a refund, say)."""
    columns = (
        [account_id] * len(deltas),
        [limit_id for limit_id, _, _, _ in deltas],
        [start for _, start, _, _ in deltas],
        [used for _, _, used, _ in deltas],
        [held for _, _, _, held in deltas],
    )
    await run_in(connection, [(ADD_TO_USAGES, columns)])


async def accounts_with_old_minutes(connection: Connection, *, before: int, at_most: int) -> list[UUID]:
    """Accounts that have settled usage of minutes that began before that time."""
    cursor = await connection.execute(
        "SELECT DISTINCT l.account_id FROM limits l WHERE l.\"window\" = 'minute' AND EXISTS ("
        "SELECT 1 FROM usages u WHERE u.account_id = l.account_id AND u.limit_id = l.limit_id AND u.window_start < %s"
        " AND u.held = 0) LIMIT %s",
        (before, at_most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def delete_old_minutes(connection: Connection, account_id: UUID, *, before: int, at_most: int) -> int:
    """Delete settled usage of minutes that began before that time; gives how many rows."""
    cursor = await connection.execute(
        "DELETE FROM usages d USING (SELECT u.limit_id, u.window_start FROM limits l JOIN usages u"
        " ON u.account_id = l.account_id AND u.limit_id = l.limit_id WHERE l.account_id = %s"
        " AND l.\"window\" = 'minute' AND u.window_start < %s AND u.held = 0 LIMIT %s) AS old"
        " WHERE d.account_id = %s AND d.limit_id = old.limit_id AND d.window_start = old.window_start",
        (account_id, before, at_most, account_id),
    )
    return cursor.rowcount


_TABLES: dict[str, LiteralString] = {
    "group": "SELECT account_id FROM groups WHERE group_id = %s",
    "key": "SELECT account_id FROM api_keys WHERE key_id = %s",
    "limit": "SELECT account_id FROM limits WHERE limit_id = %s",
}


async def account_of(connection: Connection, kind: str, thing_id: UUID) -> UUID | None:
    """The account of a group, key or limit; for people, who come with one id."""
    cursor = await connection.execute(_TABLES[kind], (thing_id,))
    row = await cursor.fetchone()
    return None if row is None else row[0]
