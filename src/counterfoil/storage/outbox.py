"""The outbox: what people are to be told, written in the transaction of what it is about.

A flow posts an announcement and knows nothing of mail or webhooks; `notify` reads the outbox and tells whoever wants to
hear it. The same `key` is announced once, however often the flow runs again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Something that happened. `kind` is in the vocabulary (`Kind.NOTIFICATION`).

    `account_id` is None where it concerns operations alone. `facts` are what its text is filled in with: ids as shown,
    amounts as decimal text, masks; never a secret, never anything that a person typed.
    """

    kind: str
    key: str
    account_id: UUID | None
    facts: Mapping[str, str] = field(default_factory=dict)


async def announce(
    connection: AsyncConnection[Any], announcement: Announcement, *, announcement_id: UUID, now: int
) -> None:
    """Post an announcement within the caller's transaction; one of the same key is already there: nothing happens."""
    await connection.execute(
        "INSERT INTO outbox (announcement_id, kind, key, account_id, facts, created_at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (key) DO NOTHING",
        (
            announcement_id, announcement.kind, announcement.key, announcement.account_id,
            Jsonb(dict(announcement.facts)), now,
        ),
    )  # fmt: skip
