"""The SQL of redemption codes: batches, codes, the directory of their hashes, and tries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.ledger.model import GrantKind
from counterfoil.recharge.codes_model import Batch, BatchSettings, Code, CodeState, Try, TryOutcome

Connection = AsyncConnection[tuple[Any, ...]]

_BATCH: LiteralString = (
    "batch_id, name, value, currency, count, kind, grant_priority, grant_days, per_account_limit, allowed_groups,"
    " expires_at, created_by, created_at, voided_at, voided_by"
)
_CODE: LiteralString = "code_id, batch_id, last_four, state, redeemed_by, redeemed_at, redeemer, voided_at, voided_by"
_TRY: LiteralString = (
    "account_id, try_id, first_at, last_at, times, tried_by, client_address, last_four, code_id, outcome"
)
_GUESSES = [str(outcome) for outcome in TryOutcome if outcome.is_guess]


# Batches and their codes.


async def insert_batch(connection: Connection, batch: Batch) -> None:
    settings = batch.settings
    await connection.execute(
        f"INSERT INTO code_batches ({_BATCH})"  # noqa: S608
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            batch.batch_id, settings.name, settings.value, settings.currency, settings.count, str(settings.kind),
            settings.grant_priority, settings.grant_days, settings.per_account_limit, list(settings.allowed_groups),
            settings.expires_at, batch.created_by, batch.created_at, batch.voided_at, batch.voided_by,
        ),
    )  # fmt: skip


async def insert_codes(
    connection: Connection, batch_id: UUID, *, code_ids: Sequence[UUID], hashes: Sequence[bytes], last_fours: Sequence[str]
) -> None:  # fmt: skip
    await connection.execute(
        "INSERT INTO codes (code_id, batch_id, last_four)"
        " SELECT v.code_id, %s, v.last_four FROM unnest(%s::uuid[], %s::text[]) AS v(code_id, last_four)",
        (batch_id, list(code_ids), list(last_fours)),
    )
    await connection.execute(
        "INSERT INTO code_directory (code_hash, code_id) SELECT * FROM unnest(%s::bytea[], %s::uuid[])",
        (list(hashes), list(code_ids)),
    )


async def read_batch(connection: Connection, batch_id: UUID) -> Batch | None:
    cursor = await connection.execute(f"SELECT {_BATCH} FROM code_batches WHERE batch_id = %s", (batch_id,))  # noqa: S608
    row = await cursor.fetchone()
    return None if row is None else _read_batch(row)


async def read_batches_by_id(connection: Connection, batch_ids: Collection[UUID]) -> dict[UUID, Batch]:
    cursor = await connection.execute(
        f"SELECT {_BATCH} FROM code_batches WHERE batch_id = ANY(%s)",  # noqa: S608
        (list(batch_ids),),
    )
    return {row[0]: _read_batch(row) for row in await cursor.fetchall()}


async def lock_batch(connection: Connection, batch_id: UUID) -> Batch | None:
    cursor = await connection.execute(
        f"SELECT {_BATCH} FROM code_batches WHERE batch_id = %s FOR NO KEY UPDATE",  # noqa: S608
        (batch_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read_batch(row)


async def read_batches(connection: Connection, *, before: UUID | None, most: int) -> list[Batch]:
    """Batches, newest first."""
    cursor = await connection.execute(
        f"SELECT {_BATCH} FROM code_batches WHERE (%s::uuid IS NULL OR batch_id < %s)"  # noqa: S608
        " ORDER BY batch_id DESC LIMIT %s",
        (before, before, most),
    )
    return [_read_batch(row) for row in await cursor.fetchall()]


async def count_states(connection: Connection, batch_ids: Collection[UUID]) -> Mapping[UUID, Mapping[CodeState, int]]:
    """How many codes of each batch are in each recorded state."""
    cursor = await connection.execute(
        "SELECT batch_id, state, count(*) FROM codes WHERE batch_id = ANY(%s) GROUP BY batch_id, state",
        (list(batch_ids),),
    )
    counts: dict[UUID, dict[CodeState, int]] = {}
    for batch_id, state, count in await cursor.fetchall():
        counts.setdefault(batch_id, {})[CodeState(state)] = count
    return counts


async def void_batch(connection: Connection, batch_id: UUID, *, by: str, now: int) -> None:
    """Void what is left of a batch; a redemption that has its code locked comes first."""
    await connection.execute(
        "UPDATE codes SET state = 'voided', voided_at = %s, voided_by = %s WHERE batch_id = %s AND state = 'new'",
        (now, by, batch_id),
    )
    await connection.execute(
        "UPDATE code_batches SET voided_at = %s, voided_by = %s WHERE batch_id = %s", (now, by, batch_id)
    )


# Codes.


async def find_code_id(connection: Connection, code_hash: bytes) -> UUID | None:
    cursor = await connection.execute("SELECT code_id FROM code_directory WHERE code_hash = %s", (code_hash,))
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def lock_code(connection: Connection, code_id: UUID) -> Code | None:
    cursor = await connection.execute(
        f"SELECT {_CODE} FROM codes WHERE code_id = %s FOR NO KEY UPDATE",  # noqa: S608
        (code_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read_code(row)


async def read_code(connection: Connection, code_id: UUID) -> Code | None:
    cursor = await connection.execute(f"SELECT {_CODE} FROM codes WHERE code_id = %s", (code_id,))  # noqa: S608
    row = await cursor.fetchone()
    return None if row is None else _read_code(row)


async def read_codes(
    connection: Connection, batch_id: UUID, *, states: Collection[CodeState], after: UUID | None, most: int
) -> list[Code]:
    """Codes of a batch in one of these recorded states, by id."""
    cursor = await connection.execute(
        f"SELECT {_CODE} FROM codes WHERE batch_id = %s AND state = ANY(%s)"  # noqa: S608
        " AND (%s::uuid IS NULL OR code_id > %s) ORDER BY code_id LIMIT %s",
        (batch_id, [str(state) for state in states], after, after, most),
    )
    return [_read_code(row) for row in await cursor.fetchall()]


async def find_by_last_four(
    connection: Connection, last_four: str, *, batch_id: UUID | None, account_id: UUID | None, most: int
) -> list[Code]:
    """Codes that end so, of a batch, redeemed by an account, or both; newest first."""
    cursor = await connection.execute(
        f"SELECT {_CODE} FROM codes WHERE last_four = %(last_four)s"  # noqa: S608
        " AND (%(batch)s::uuid IS NULL OR batch_id = %(batch)s)"
        " AND (%(account)s::uuid IS NULL OR redeemed_by = %(account)s) ORDER BY code_id DESC LIMIT %(most)s",
        {"last_four": last_four, "batch": batch_id, "account": account_id, "most": most},
    )
    return [_read_code(row) for row in await cursor.fetchall()]


async def count_redeemed(connection: Connection, *, batch_id: UUID, account_id: UUID) -> int:
    cursor = await connection.execute(
        "SELECT count(*) FROM codes WHERE redeemed_by = %s AND batch_id = %s", (account_id, batch_id)
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def mark_redeemed(connection: Connection, code_id: UUID, *, account_id: UUID, by: str, now: int) -> None:
    await connection.execute(
        "UPDATE codes SET state = 'redeemed', redeemed_by = %s, redeemed_at = %s, redeemer = %s WHERE code_id = %s",
        (account_id, now, by, code_id),
    )


async def mark_voided(connection: Connection, code_id: UUID, *, by: str, now: int) -> None:
    await connection.execute(
        "UPDATE codes SET state = 'voided', voided_at = %s, voided_by = %s WHERE code_id = %s", (now, by, code_id)
    )


# Tries.


async def take_turn(connection: Connection, key: int) -> None:
    """Let one transaction at a time count and write the tries of one account or address.

    An account's own row is no place to wait for that: its live calls would wait too, and an address has no row.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (key,))


async def guesses_of_account(connection: Connection, account_id: UUID, *, since: int) -> list[tuple[int, int]]:
    """When the tries of an account that look like guesses were last made, and how often, after a time."""
    cursor = await connection.execute(
        "SELECT last_at, times FROM code_tries WHERE account_id = %s AND last_at > %s AND outcome = ANY(%s)",
        (account_id, since, _GUESSES),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def guesses_of_address(connection: Connection, client_address: str, *, since: int) -> list[tuple[int, int]]:
    """The same of every account that was tried for from an address."""
    cursor = await connection.execute(
        "SELECT last_at, times FROM code_tries WHERE client_address = %s AND last_at > %s AND outcome = ANY(%s)",
        (client_address, since, _GUESSES),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def read_tries_since(connection: Connection, account_id: UUID, *, first_at: int) -> list[Try]:
    """An account's rows that were begun at a time or later."""
    cursor = await connection.execute(
        f"SELECT {_TRY} FROM code_tries WHERE account_id = %s AND last_at >= %s AND first_at >= %s",  # noqa: S608
        (account_id, first_at, first_at),
    )
    return [_read_try(row) for row in await cursor.fetchall()]


async def write_try(connection: Connection, one: Try) -> None:
    """Write a try, or count it in the row that it is."""
    await connection.execute(
        f"INSERT INTO code_tries ({_TRY}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608
        " ON CONFLICT (account_id, try_id) DO UPDATE SET times = excluded.times, last_at = excluded.last_at",
        (
            one.account_id, one.try_id, one.first_at, one.last_at, one.times, one.tried_by, one.client_address,
            one.last_four, one.code_id, str(one.outcome),
        ),
    )  # fmt: skip


async def read_tries(
    connection: Connection, *, account_id: UUID | None, code_id: UUID | None, before: UUID | None, most: int
) -> list[Try]:
    """Tries, newest first."""
    cursor = await connection.execute(
        f"SELECT {_TRY} FROM code_tries WHERE (%(account)s::uuid IS NULL OR account_id = %(account)s)"  # noqa: S608
        " AND (%(code)s::uuid IS NULL OR code_id = %(code)s) AND (%(before)s::uuid IS NULL OR try_id < %(before)s)"
        " ORDER BY try_id DESC LIMIT %(most)s",
        {"account": account_id, "code": code_id, "before": before, "most": most},
    )
    return [_read_try(row) for row in await cursor.fetchall()]


def _read_batch(row: tuple[Any, ...]) -> Batch:
    return Batch(
        batch_id=row[0],
        settings=BatchSettings(
            name=row[1], value=row[2], currency=row[3], count=row[4], kind=GrantKind(row[5]), grant_priority=row[6],
            grant_days=row[7], per_account_limit=row[8], allowed_groups=tuple(row[9]), expires_at=row[10],
        ),
        created_by=row[11], created_at=row[12], voided_at=row[13], voided_by=row[14],
    )  # fmt: skip


def _read_code(row: tuple[Any, ...]) -> Code:
    return Code(
        code_id=row[0], batch_id=row[1], last_four=row[2], state=CodeState(row[3]), redeemed_by=row[4],
        redeemed_at=row[5], redeemer=row[6], voided_at=row[7], voided_by=row[8],
    )  # fmt: skip


def _read_try(row: tuple[Any, ...]) -> Try:
    return Try(
        account_id=row[0], try_id=row[1], first_at=row[2], last_at=row[3], times=row[4], tried_by=row[5],
        client_address=row[6], last_four=row[7], code_id=row[8], outcome=TryOutcome(row[9]),
    )  # fmt: skip
