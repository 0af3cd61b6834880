"""The SQL of verifications: when the ledger was last made to prove itself, and how that ended."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from counterfoil.ledger.proofs_model import Verification, VerificationState
from counterfoil.ledger.verify import Finding

Connection = AsyncConnection[Any]

_VERIFICATION: LiteralString = (
    "verification_id, started_by, started_at, heard_at, ended_at, state, transfers_expected, transfers, accounts,"
    " checkpoints, findings, failure"
)


async def expected_transfers(connection: Connection) -> int:
    """How many rows there are to walk, as far as the accounts say."""
    cursor = await connection.execute("SELECT coalesce(sum(version), 0)::bigint FROM accounts")
    row = await cursor.fetchone()
    assert row is not None
    expected: int = row[0]
    return expected


async def end_silent(connection: Connection, *, heard_before: int, now: int) -> None:
    """End those whose process has not been heard of for too long: it was killed."""
    await connection.execute(
        "UPDATE ledger_verifications SET state = 'failed', failure = 'verification_stopped', ended_at = %s"
        " WHERE state = 'running' AND heard_at < %s",
        (now, heard_before),
    )


async def insert(connection: Connection, verification: Verification) -> bool:
    """Enter one that begins; False where another is running."""
    cursor = await connection.execute(
        "INSERT INTO ledger_verifications (verification_id, started_by, started_at, heard_at, state, transfers_expected)"
        " VALUES (%s, %s, %s, %s, 'running', %s) ON CONFLICT DO NOTHING",
        (
            verification.verification_id, verification.started_by, verification.started_at, verification.heard_at,
            verification.transfers_expected,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def write_progress(connection: Connection, verification_id: UUID, *, transfers: int, now: int) -> None:
    await connection.execute(
        "UPDATE ledger_verifications SET transfers = %s, heard_at = %s WHERE verification_id = %s AND state = 'running'",
        (transfers, now, verification_id),
    )


async def write_end(connection: Connection, verification: Verification) -> None:
    await connection.execute(
        "UPDATE ledger_verifications SET state = %s, ended_at = %s, heard_at = %s, transfers = %s, accounts = %s,"
        " checkpoints = %s, findings = %s, failure = %s WHERE verification_id = %s",
        (
            str(verification.state), verification.ended_at, verification.heard_at, verification.transfers,
            verification.accounts, verification.checkpoints, Jsonb([_written(one) for one in verification.findings]),
            verification.failure, verification.verification_id,
        ),
    )  # fmt: skip


async def read(connection: Connection, verification_id: UUID) -> Verification | None:
    cursor = await connection.execute(
        f"SELECT {_VERIFICATION} FROM ledger_verifications WHERE verification_id = %s",  # noqa: S608
        (verification_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def read_latest(connection: Connection, *, before: UUID | None, most: int) -> list[Verification]:
    """The newest first; `before` is the last of the page before."""
    cursor = await connection.execute(
        f"SELECT {_VERIFICATION} FROM ledger_verifications"  # noqa: S608
        " WHERE (%(before)s::uuid IS NULL OR verification_id < %(before)s) ORDER BY verification_id DESC LIMIT %(most)s",
        {"before": before, "most": most},
    )
    return [_read(row) for row in await cursor.fetchall()]


def _read(row: tuple[Any, ...]) -> Verification:
    return Verification(
        verification_id=row[0], started_by=row[1], started_at=row[2], heard_at=row[3], ended_at=row[4],
        state=VerificationState(row[5]), transfers_expected=row[6], transfers=row[7], accounts=row[8],
        checkpoints=row[9], findings=tuple(Finding(**one) for one in row[10]), failure=row[11],
    )  # fmt: skip


def _written(one: Finding) -> dict[str, Any]:
    return {"kind": one.kind, "account": one.account, "version": one.version, "message": one.message}
