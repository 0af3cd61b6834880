"""The SQL of statements: files as they were read, their lines, rejects and totals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from counterfoil.reconcile.desk_model import KeptLine, KeptReject, KeptStatement, KeptTotal
from counterfoil.storage.database import Connection

_STATEMENT: LiteralString = (
    "statement_id, source, file_hash, importer, importer_version, name, begins, ends, period_is_stated, is_truncated,"
    " lines, lines_new, lines_changed, rejects, totals, totals_wrong, imported_at, imported_by, set_aside_at,"
    " set_aside_by, set_aside_reason"
)
_LINE: LiteralString = (
    "line_id, revision, source, statement_id, importer, number, natural_key, content, kind, status, direction, amount,"
    " fee, currency, at, trade_key, trade_mask, order_id, refund_key, refund_mask, refund_id, payout_key, payer_key,"
    " payer_mask, description, starts_at, ends_at, upstream_id, model, key_name, requests, input_tokens, cached_tokens,"
    " cache_write_tokens, output_tokens, failed, raw"
)
_LINE_NAMES = tuple(name.strip() for name in _LINE.split(","))


async def insert_statement(connection: Connection, kept: KeptStatement) -> None:
    await connection.execute(
        f"INSERT INTO statements ({_STATEMENT}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"  # noqa: S608
        " %s, %s, %s, %s, %s, %s)",
        tuple(getattr(kept, name.strip()) for name in _STATEMENT.split(",")),
    )


async def find_statement(
    connection: Connection, *, source: str, file_hash: bytes, importer: str, version: int
) -> KeptStatement | None:
    """The statement that these bytes are already, read by that version of that importer."""
    cursor = await connection.execute(
        f"SELECT {_STATEMENT} FROM statements WHERE source = %s AND file_hash = %s AND importer = %s"  # noqa: S608
        " AND importer_version = %s",
        (source, file_hash, importer, version),
    )
    row = await cursor.fetchone()
    return None if row is None else read_statement_row(row)


async def sources_of_file(connection: Connection, file_hash: bytes) -> list[str]:
    """The sources that these bytes have been imported for."""
    cursor = await connection.execute(
        "SELECT DISTINCT source FROM statements WHERE file_hash = %s ORDER BY source", (file_hash,)
    )
    return [row[0] for row in await cursor.fetchall()]


async def known_lines(
    connection: Connection, *, source: str, natural_keys: Sequence[bytes]
) -> dict[bytes, tuple[UUID, int, bytes]]:
    """Of these lines those that are there: their ids, highest revisions and contents."""
    cursor = await connection.execute(
        "SELECT DISTINCT ON (natural_key) natural_key, line_id, revision, content FROM statement_lines"
        " WHERE source = %s AND natural_key = ANY(%s) ORDER BY natural_key, revision DESC",
        (source, list(natural_keys)),
    )
    return {
        bytes(key): (line_id, revision, bytes(content)) for key, line_id, revision, content in await cursor.fetchall()
    }


async def orders_by_reference(connection: Connection, references: Sequence[str]) -> dict[str, UUID]:
    """The orders that transfers name by these references (in lower case); what two orders share names neither."""
    cursor = await connection.execute(
        "SELECT right(order_id::text, 12), (array_agg(order_id))[1] FROM orders"
        " WHERE provider_kind = 'bank' AND right(order_id::text, 12) = ANY(%s) GROUP BY 1 HAVING count(*) = 1",
        (list(references),),
    )
    return dict(await cursor.fetchall())


async def copy_lines(connection: Connection, lines: Iterable[KeptLine]) -> None:
    async with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY statement_lines ({_LINE}) FROM STDIN") as copy,
    ):
        for line in lines:
            values = [getattr(line, name) for name in _LINE_NAMES]
            values[-1] = Jsonb(dict(line.raw))
            await copy.write_row(values)


async def insert_rejects(connection: Connection, statement_id: UUID, rejects: Sequence[KeptReject]) -> None:
    async with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY statement_rejects (statement_id, place, number, column_name, reason, raw) FROM STDIN"
        ) as copy,
    ):
        for one in rejects:
            await copy.write_row((statement_id, one.place, one.number, one.column, one.reason, one.raw))


async def insert_totals(connection: Connection, statement_id: UUID, totals: Sequence[KeptTotal]) -> None:
    for one in totals:
        await connection.execute(
            "INSERT INTO statement_totals (statement_id, place, name, stated, found, is_count)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (statement_id, one.place, one.name, one.stated, one.found, one.is_count),
        )


async def read_statement(connection: Connection, statement_id: UUID) -> KeptStatement | None:
    cursor = await connection.execute(
        f"SELECT {_STATEMENT} FROM statements WHERE statement_id = %s",  # noqa: S608
        (statement_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else read_statement_row(row)


async def lock_statement(connection: Connection, statement_id: UUID) -> KeptStatement | None:
    cursor = await connection.execute(
        f"SELECT {_STATEMENT} FROM statements WHERE statement_id = %s FOR NO KEY UPDATE",  # noqa: S608
        (statement_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else read_statement_row(row)


async def set_aside(connection: Connection, statement_id: UUID, *, at: int, by: str, reason: str) -> None:
    await connection.execute(
        "UPDATE statements SET set_aside_at = %s, set_aside_by = %s, set_aside_reason = %s WHERE statement_id = %s",
        (at, by, reason, statement_id),
    )


async def read_statements(
    connection: Connection, *, source: str | None, faulty: bool, before: UUID | None, most: int
) -> list[KeptStatement]:
    """Statements, newest first; `faulty` only those that keep a day from being conclusive."""
    cursor = await connection.execute(
        f"SELECT {_STATEMENT} FROM statements WHERE (%(source)s::text IS NULL OR source = %(source)s)"  # noqa: S608
        " AND (NOT %(faulty)s OR (set_aside_at IS NULL AND (is_truncated OR rejects > 0 OR totals_wrong > 0)))"
        " AND (%(before)s::uuid IS NULL OR statement_id < %(before)s) ORDER BY statement_id DESC LIMIT %(most)s",
        {"source": source, "faulty": faulty, "before": before, "most": most},
    )
    return [read_statement_row(row) for row in await cursor.fetchall()]


async def latest_statements(connection: Connection) -> list[KeptStatement]:
    """The last statement of each source, by when it was imported."""
    cursor = await connection.execute(
        f"SELECT DISTINCT ON (source) {_STATEMENT} FROM statements ORDER BY source, statement_id DESC"  # noqa: S608
    )
    return [read_statement_row(row) for row in await cursor.fetchall()]


async def statements_covering(connection: Connection, *, begins: int, ends: int) -> list[KeptStatement]:
    """Every statement that covers a part of that time, by source and beginning."""
    cursor = await connection.execute(
        f"SELECT {_STATEMENT} FROM statements WHERE begins < %s AND ends > %s"  # noqa: S608
        " ORDER BY source, begins, statement_id",
        (ends, begins),
    )
    return [read_statement_row(row) for row in await cursor.fetchall()]


async def read_rejects(connection: Connection, statement_id: UUID, *, most: int) -> list[KeptReject]:
    cursor = await connection.execute(
        "SELECT place, number, column_name, reason, raw FROM statement_rejects WHERE statement_id = %s"
        " ORDER BY place LIMIT %s",
        (statement_id, most),
    )
    return [
        KeptReject(place=row[0], number=row[1], column=row[2], reason=row[3], raw=row[4])
        for row in await cursor.fetchall()
    ]


async def read_totals(connection: Connection, statement_id: UUID) -> list[KeptTotal]:
    cursor = await connection.execute(
        "SELECT place, name, stated, found, is_count FROM statement_totals WHERE statement_id = %s ORDER BY place",
        (statement_id,),
    )
    return [
        KeptTotal(place=row[0], name=row[1], stated=int(row[2]), found=int(row[3]), is_count=row[4])
        for row in await cursor.fetchall()
    ]


async def read_lines(connection: Connection, line_ids: Sequence[UUID]) -> list[KeptLine]:
    """These lines as their latest revision tells them."""
    cursor = await connection.execute(
        f"SELECT DISTINCT ON (line_id) {_LINE} FROM statement_lines WHERE line_id = ANY(%s)"  # noqa: S608
        " ORDER BY line_id, revision DESC",
        (list(line_ids),),
    )
    return [_read_line(row) for row in await cursor.fetchall()]


async def lines_of_statement(connection: Connection, statement_id: UUID, *, after: int, most: int) -> list[KeptLine]:
    """Lines that a statement has brought, by their numbers."""
    cursor = await connection.execute(
        f"SELECT {_LINE} FROM statement_lines WHERE statement_id = %s AND number > %s"  # noqa: S608
        " ORDER BY number, line_id LIMIT %s",
        (statement_id, after, most),
    )
    return [_read_line(row) for row in await cursor.fetchall()]


def read_statement_row(row: tuple[Any, ...]) -> KeptStatement:
    return KeptStatement(
        statement_id=row[0], source=row[1], file_hash=bytes(row[2]), importer=row[3], importer_version=row[4],
        name=row[5], begins=row[6], ends=row[7], period_is_stated=row[8], is_truncated=row[9], lines=row[10],
        lines_new=row[11], lines_changed=row[12], rejects=row[13], totals=row[14], totals_wrong=row[15],
        imported_at=row[16], imported_by=row[17], set_aside_at=row[18], set_aside_by=row[19], set_aside_reason=row[20],
    )  # fmt: skip


def _read_line(row: tuple[Any, ...]) -> KeptLine:
    return KeptLine(**dict(zip(_LINE_NAMES, row, strict=True)))
