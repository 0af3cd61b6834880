"""The SQL of matches: rows that belong together, each in at most one standing match of what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg.errors import UniqueViolation

from counterfoil.reconcile.desk_model import Match
from counterfoil.reconcile.model import Book
from counterfoil.storage.database import Connection

_MATCH: LiteralString = (
    "match_id, book, rule, rule_version, currency, variance, is_suggested, run_id, made_by, made_at, ended_at, ended_by"
)
_ROWS: LiteralString = (
    "(SELECT coalesce(array_agg(r.row_name ORDER BY r.row_name), '{}') FROM reconcile_match_rows r"
    " WHERE r.match_id = m.match_id AND r.side = 'ours'),"
    " (SELECT coalesce(array_agg(r.row_name ORDER BY r.row_name), '{}') FROM reconcile_match_rows r"
    " WHERE r.match_id = m.match_id AND r.side = 'theirs')"
)


async def standing_of_rows(connection: Connection, book: Book, rows: Sequence[str]) -> list[tuple[bytes, Match]]:
    """Standing matches that one of these rows is in, suggestions too, with their identities."""
    cursor = await connection.execute(
        f"SELECT m.identity, {_columns('m')}, {_ROWS} FROM reconcile_matches m WHERE m.ended_at IS NULL AND m.match_id IN"  # noqa: S608
        " (SELECT match_id FROM reconcile_match_rows WHERE book = %s AND is_active AND row_name = ANY(%s))"
        " ORDER BY m.match_id",
        (book, list(rows)),
    )
    return [(bytes(row[0]), _read(row[1:])) for row in await cursor.fetchall()]


async def insert_matches(
    connection: Connection, matches: Sequence[tuple[bytes, Match]], *, about: Mapping[UUID, str]
) -> None:
    """Add matches; raises `UniqueViolation` where a row stands in another match of what this one is about."""
    if not matches:
        return
    async with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY reconcile_matches (identity, {_MATCH}) FROM STDIN") as copy,
    ):
        for identity, one in matches:
            await copy.write_row((
                identity, one.match_id, one.book, one.rule, one.rule_version, one.currency, one.variance,
                one.is_suggested, one.run_id, one.made_by, one.made_at, one.ended_at, one.ended_by,
            ))  # fmt: skip
    async with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY reconcile_match_rows (match_id, book, row_name, side, about, is_suggested, is_active) FROM STDIN"
        ) as copy,
    ):
        for _, one in matches:
            for side, names in (("ours", one.ours), ("theirs", one.theirs)):
                for name in names:
                    await copy.write_row(
                        (one.match_id, one.book, name, side, about[one.match_id], one.is_suggested, True)
                    )


async def insert_match(connection: Connection, identity: bytes, match: Match, *, about: str) -> bool:
    """Add one match; False where a row stands in another one. The transaction is to be given up then."""
    try:
        await insert_matches(connection, [(identity, match)], about={match.match_id: about})
    except UniqueViolation:
        return False
    return True


async def end_matches(connection: Connection, match_ids: Sequence[UUID], *, at: int, by: str) -> None:
    if not match_ids:
        return
    await connection.execute(
        "UPDATE reconcile_matches SET ended_at = %s, ended_by = %s WHERE match_id = ANY(%s) AND ended_at IS NULL",
        (at, by, list(match_ids)),
    )
    await connection.execute(
        "UPDATE reconcile_match_rows SET is_active = false WHERE match_id = ANY(%s) AND is_active", (list(match_ids),)
    )


async def read_matches(
    connection: Connection,
    *,
    book: Book | None,
    row: str | None,
    suggested: bool,
    standing: bool,
    before: UUID | None,
    most: int,
) -> list[Match]:
    """Matches, or suggestions, newest first; those of one row where it is given."""
    cursor = await connection.execute(
        f"SELECT {_columns('m')}, {_ROWS} FROM reconcile_matches m WHERE m.is_suggested = %(suggested)s"  # noqa: S608
        " AND (NOT %(standing)s OR m.ended_at IS NULL)"
        " AND (%(book)s::text IS NULL OR m.book = %(book)s)"
        " AND (%(row)s::text IS NULL OR m.match_id IN (SELECT match_id FROM reconcile_match_rows WHERE row_name = %(row)s))"
        " AND (%(before)s::uuid IS NULL OR m.match_id < %(before)s) ORDER BY m.match_id DESC LIMIT %(most)s",
        {"book": book, "row": row, "suggested": suggested, "standing": standing, "before": before, "most": most},
    )
    return [_read(found) for found in await cursor.fetchall()]


def _columns(alias: LiteralString) -> str:
    return ", ".join(f"{alias}.{name.strip()}" for name in _MATCH.split(","))


def _read(row: tuple[Any, ...]) -> Match:
    return Match(
        match_id=row[0], book=Book(row[1]), rule=row[2], rule_version=row[3], currency=row[4], variance=row[5],
        is_suggested=row[6], run_id=row[7], made_by=row[8], made_at=row[9], ended_at=row[10], ended_by=row[11],
        ours=tuple(row[12]), theirs=tuple(row[13]),
    )  # fmt: skip
