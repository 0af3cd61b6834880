"""The SQL of what readers say of articles."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection

from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.votes_model import Verdict, VoteCount

Connection = AsyncConnection[tuple[Any, ...]]


async def add_one(connection: Connection, *, day: int, slug: str, language: Language, verdict: Verdict) -> None:
    await connection.execute(
        "INSERT INTO article_votes AS v (day, slug, language, verdict, count) VALUES (%s, %s, %s, %s, 1)"
        " ON CONFLICT (day, slug, language, verdict) DO UPDATE SET count = v.count + 1",
        (day, slug, language.value, verdict.value),
    )


async def read_counts(
    connection: Connection, *, first_day: int, last_day: int, slug: str | None = None
) -> list[VoteCount]:
    """The counts of these days, both included; of one article where a slug is given."""
    cursor = await connection.execute(
        "SELECT day, slug, language, verdict, count FROM article_votes"
        " WHERE day BETWEEN %(first)s AND %(last)s AND (%(slug)s::text IS NULL OR slug = %(slug)s)"
        " ORDER BY day, slug, language, verdict",
        {"first": first_day, "last": last_day, "slug": slug},
    )
    return [
        VoteCount(day=row[0], slug=row[1], language=Language(row[2]), verdict=Verdict(row[3]), count=row[4])
        for row in await cursor.fetchall()
    ]
