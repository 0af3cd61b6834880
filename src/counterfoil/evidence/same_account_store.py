"""The SQL of the same-account check: accounts by their names, their ids, and the masks of their keys. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from counterfoil.storage.database import Connection


async def accounts_named(connection: Connection, name: str, *, most: int) -> list[UUID]:
    """Every account of just that name, oldest first."""
    cursor = await connection.execute(
        "SELECT account_id FROM accounts WHERE name = %s ORDER BY account_id LIMIT %s", (name, most)
    )
    return [row[0] for row in await cursor.fetchall()]


async def names_of(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The names of those of these accounts that exist."""
    cursor = await connection.execute(
        "SELECT account_id, name FROM accounts WHERE account_id = ANY(%s)", (list(account_ids),)
    )
    return dict(await cursor.fetchall())


async def accounts_of_mask(connection: Connection, mask: str, *, most: int) -> list[UUID]:
    """Every account with a key of that mask: several keys may end alike.

    It reads all keys, which a question from the desk of support may and a call may not.
    """
    cursor = await connection.execute(
        "SELECT DISTINCT account_id FROM api_keys WHERE mask = %s ORDER BY account_id LIMIT %s", (mask, most)
    )
    return [row[0] for row in await cursor.fetchall()]
