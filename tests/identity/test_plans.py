"""How people, sessions and what is on record of them are found among many: by an index, never by walking over all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from counterfoil.identity import (
    audit_store,
    invitations_store,
    links_store,
    people_store,
    sessions_store,
    throttle_store,
    tokens_store,
)

SOMEBODY = UUID(int=7)
HASH = b"\x07" * 32
_ID = "lpad(to_hex(n), 32, '0')::uuid"
_HASH = "decode(lpad(to_hex(n), 64, '0'), 'hex')"
MANY = (
    "INSERT INTO accounts (account_id, name, currency, time_zone, created_at, last_at)"
    f" SELECT {_ID}, 'a' || n, 'USD', 'UTC', 1, 0 FROM generate_series(1, 2000) n",
    "INSERT INTO members (member_id, account_id, email, created_at)"
    f" SELECT {_ID}, lpad(to_hex(1 + n % 2000), 32, '0')::uuid, n || '@example.com', 1 FROM generate_series(1, 20000) n",
    "INSERT INTO people (person_id, user_number, email, member_id, created_at, staff_roles)"
    f" SELECT {_ID}, n, n || '@example.com', {_ID}, 1, CASE WHEN n < 5 THEN ARRAY['administrator'] ELSE '{{}}' END"
    " FROM generate_series(1, 20000) n",
    "INSERT INTO sessions SELECT"
    f" {_ID}, {_HASH}, {_ID}, 1, n, n + 10, 1, '', '' FROM generate_series(1, 20000) n",
    "INSERT INTO rest_tokens (token_id, token_hash, person_id, name, mask, scopes, created_at)"
    f" SELECT {_ID}, {_HASH}, {_ID}, 'n', 'm', ARRAY['x'], 1 FROM generate_series(1, 20000) n",
    f"INSERT INTO oidc_identities SELECT 'https://id.example', n::text, {_ID}, 1 FROM generate_series(1, 20000) n",
    f"INSERT INTO registrations SELECT {_HASH}, n || '@example.com', '$argon2id$', NULL, 'en', 1, n"
    " FROM generate_series(1, 20000) n",
    f"INSERT INTO password_resets SELECT {_HASH}, {_ID}, true, 1, n FROM generate_series(1, 20000) n",
    "INSERT INTO invitations (invitation_id, token_hash, email, account_id, role, language, mailed, invited_by,"
    f" created_at, expires_at) SELECT {_ID}, {_HASH}, n || '@example.com', lpad(to_hex(1 + n % 2000), 32, '0')::uuid,"
    " 'admin', 'en', true, 'x', 1, n FROM generate_series(1, 20000) n",
    f"INSERT INTO sign_in_throttles SELECT {_HASH}, 1, n, 0 FROM generate_series(1, 20000) n",
    "INSERT INTO audit_events (event_id, at, kind, what, by_name, person_id, account_id, seen_hash, seen_hour)"
    f" SELECT {_ID}, n, 'saw', 'x', 'y', {_ID}, lpad(to_hex(1 + n % 2000), 32, '0')::uuid, {_HASH}, n"
    " FROM generate_series(1, 20000) n",
)  # fmt: skip
EVERY: dict[str, Any] = {
    "account_id": None, "person_id": None, "what": None, "kind": None, "since": None, "until": None, "before": None,
    "at_most": 50,
}  # fmt: skip
Call = Callable[[Any], Awaitable[Any]]
CALLS: dict[str, tuple[str, Call]] = {
    "a session": ("sessions_token_hash_key", lambda c: sessions_store.find_by_hash(c, HASH)),
    "a person's sessions": ("sessions_by_person", lambda c: sessions_store.sessions_of(c, SOMEBODY, at_most=50)),
    "a token": ("rest_tokens_token_hash_key", lambda c: tokens_store.find_by_hash(c, HASH)),
    "a person's tokens": (
        "rest_tokens_by_person", lambda c: tokens_store.tokens_of(c, SOMEBODY, before=None, at_most=50),
    ),
    "a person by address": ("people_by_email", lambda c: people_store.find_by_email(c, "7@example.com")),
    "a person by nickname": ("people_by_nickname", lambda c: people_store.find_by_nickname(c, "x", at_most=5)),
    "a person by subject": (
        "oidc_identities_pkey", lambda c: people_store.find_by_subject(c, issuer="https://id.example", subject="7"),
    ),
    "people of an account": (
        "members_by_account",
        lambda c: people_store.read_people(c, after=None, at_most=500, account_id=SOMEBODY, staff=False),
    ),
    "the staff": (
        "people_staff",
        lambda c: people_store.read_people(c, after=None, at_most=500, account_id=None, staff=True),
    ),
    "administrators": ("people_administrators", people_store.lock_administrators),
    "owners": ("members_owners", lambda c: people_store.lock_owners(c, SOMEBODY)),
    "a registration": ("registrations_by_email", lambda c: links_store.lock_registrations_of(c, "7@example.com")),
    "what of a person's resets is dropped": (
        "password_resets_by_person", lambda c: links_store.delete_resets_of(c, SOMEBODY),
    ),
    "an invitation": ("invitations_token_hash_key", lambda c: invitations_store.find_by_hash(c, HASH)),
    "an address's invitations": (
        "invitations_open_by_email", lambda c: invitations_store.lock_open_of(c, "7@example.com", now=1),
    ),
    "an account's invitations": (
        "invitations_by_account",
        lambda c: invitations_store.read_invitations(c, account_id=SOMEBODY, before=None, at_most=50),
    ),
    "the staff's invitations": (
        "invitations_by_account",
        lambda c: invitations_store.read_invitations(c, account_id=None, before=None, at_most=50),
    ),
    "sessions that nobody uses": (
        "sessions_by_use", lambda c: sessions_store.delete_unused(c, used_before=50, at_most=10),
    ),
    "who has given up trying": (
        "sign_in_throttles_by_time", lambda c: throttle_store.forget_keys(c, before=50, at_most=10),
    ),
    "what was seen": ("audit_events_seen", lambda c: audit_store.was_seen(c, HASH, hours=[1, 2], since=0)),
    "an account's trail": (
        "audit_events_by_account", lambda c: audit_store.read_events(c, **{**EVERY, "account_id": SOMEBODY}),
    ),
    "a person's trail": (
        "audit_events_by_person", lambda c: audit_store.read_events(c, **{**EVERY, "person_id": SOMEBODY}),
    ),
    "the trail of one doing": (
        "audit_events_by_what", lambda c: audit_store.read_events(c, **{**EVERY, "what": "rare"}),
    ),
    "the trail of a time": (
        "audit_events_pkey", lambda c: audit_store.read_events(c, **{**EVERY, "since": 5, "until": 9}),
    ),
    "the trail": ("audit_events_pkey", lambda c: audit_store.read_events(c, **EVERY)),
}  # fmt: skip
TABLES = (
    "people p", "members", "sessions s", "rest_tokens", "oidc_identities", "registrations", "password_resets", "invitations",
    "sign_in_throttles", "audit_events",
)  # fmt: skip


class Recorded(Exception):
    """The statement that was to be run."""


class Recorder:
    """A connection that runs nothing."""

    async def execute(self, query: str, parameters: Any = None) -> None:
        raise Recorded(query, parameters)


@pytest.fixture
async def many(owner_url: str) -> str:
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as connection:
        for statement in MANY:
            await connection.execute(statement.encode())
        await connection.execute("ANALYZE")
    return owner_url


async def test_nothing_about_people_is_found_by_walking_over_all(many: str) -> None:
    async with await psycopg.AsyncConnection.connect(many) as connection:
        for what, (index, call) in CALLS.items():
            with pytest.raises(Recorded) as recorded:
                await call(Recorder())
            query, parameters = recorded.value.args
            cursor = await connection.execute("EXPLAIN " + query, parameters)
            plan = "\n".join(row[0] for row in await cursor.fetchall())
            assert index in plan, (what, plan)
            for table in TABLES:
                assert f"Seq Scan on {table}" not in plan, (what, plan)
