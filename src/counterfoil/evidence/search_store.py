"""The SQL of searches from the desk: what ends so, and whose it is. Reads only."""

from __future__ import annotations

from uuid import UUID

from counterfoil.storage.database import Connection


async def codes_ending_in(connection: Connection, last_four: str, *, most: int) -> list[tuple[UUID, UUID | None]]:
    """Codes that end so, with the account that has redeemed them; redeemed ones first.

    It reads all codes, which a question from the desk of support may and a redemption may not.
    """
    cursor = await connection.execute(
        "SELECT code_id, redeemed_by FROM codes WHERE last_four = %s ORDER BY redeemed_by IS NULL, code_id DESC LIMIT %s",
        (last_four, most),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def accounts_like(connection: Connection, name: str, *, most: int) -> list[UUID]:
    """Accounts whose name has a text in it, oldest first."""
    cursor = await connection.execute(
        "SELECT account_id FROM accounts WHERE position(lower(%s) IN lower(name)) > 0 ORDER BY account_id LIMIT %s",
        (name, most),
    )
    return [row[0] for row in await cursor.fetchall()]
