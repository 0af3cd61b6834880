"""The SQL of price books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from counterfoil.pricing.documents import body_of, terms_of
from counterfoil.pricing.model import PriceVersion

Connection = AsyncConnection[Any]


class BookRow(NamedTuple):
    book: str
    currency: str
    revision: int


async def books(connection: Connection) -> list[BookRow]:
    cursor = await connection.execute("SELECT book, currency, revision FROM price_books ORDER BY book")
    return [BookRow(*row) for row in await cursor.fetchall()]


async def lock_book(connection: Connection, *, book: str, currency: str, now: int) -> BookRow:
    """The book's row, made where there is none, and locked: one import at a time, since numbers and dates follow from
    those before."""
    await connection.execute(
        "INSERT INTO price_books (book, currency, created_at) VALUES (%s, %s, %s) ON CONFLICT (book) DO NOTHING",
        (book, currency, now),
    )
    cursor = await connection.execute(
        "SELECT book, currency, revision FROM price_books WHERE book = %s FOR UPDATE", (book,)
    )
    row = await cursor.fetchone()
    assert row is not None
    return BookRow(*row)


async def set_revision(connection: Connection, *, book: str, revision: int) -> None:
    await connection.execute("UPDATE price_books SET revision = %s WHERE book = %s", (revision, book))


async def insert_versions(connection: Connection, versions: Sequence[PriceVersion]) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO price_versions (version_id, book, model, number, revision, valid_from, created_at, body)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    version.version_id, version.book, version.model, version.number, version.revision,
                    version.valid_from, version.created_at,
                    None if version.terms is None else Jsonb(body_of(version.terms)),
                )
                for version in versions
            ],
        )  # fmt: skip


async def versions_after(connection: Connection, revisions: Mapping[str, tuple[int, int]]) -> list[PriceVersion]:
    """Versions of those books that came after the first revision given for each, up to the second, by number."""
    cursor = await connection.execute(
        "SELECT v.version_id, v.book, v.model, v.number, v.revision, v.valid_from, v.created_at, v.body"
        " FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS w(book, known, newest)"
        " JOIN price_versions v ON v.book = w.book AND v.revision > w.known AND v.revision <= w.newest"
        " ORDER BY v.book, v.model, v.number",
        (
            list(revisions),
            [known for known, _ in revisions.values()],
            [newest for _, newest in revisions.values()],
        ),
    )
    return [
        PriceVersion(
            version_id=row[0], book=row[1], model=row[2], number=row[3], revision=row[4], valid_from=row[5],
            created_at=row[6], terms=None if row[7] is None else terms_of(row[2], row[7]),
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip
