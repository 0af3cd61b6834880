"""The SQL of members."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation, UniqueViolation

from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Role
from counterfoil.identity.model import Member, MemberStatus

Connection = AsyncConnection[tuple[Any, ...]]

_COLUMNS: LiteralString = "member_id, account_id, user_number, email, nickname, status, created_at, role"


async def insert_member(
    connection: Connection, *, member_id: UUID, account_id: UUID, email: str, nickname: str | None, created_at: int
) -> Member:
    """Add a member; raises `Conflict` where the address is taken, `NotFound` where there is no such account."""
    try:
        cursor = await connection.execute(
            "INSERT INTO members (member_id, account_id, email, nickname, created_at)"  # noqa: S608
            f" VALUES (%s, %s, %s, %s, %s) RETURNING {_COLUMNS}",
            (member_id, account_id, email, nickname, created_at),
        )
    except UniqueViolation as error:
        raise Conflict(code="already_exists", what="member", email=email) from error
    except ForeignKeyViolation as error:
        raise NotFound(code="account_not_found", account=show_id("account", account_id)) from error
    return _read(await cursor.fetchone())


async def lock_member(connection: Connection, member_id: UUID) -> Member | None:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM members WHERE member_id = %s FOR NO KEY UPDATE",  # noqa: S608
        (member_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def update_member(connection: Connection, member: Member) -> None:
    """Write what may change; raises `Conflict` where the address is another member's."""
    try:
        await connection.execute(
            "UPDATE members SET email = %s, nickname = %s, status = %s WHERE member_id = %s",
            (member.email, member.nickname, member.status, member.member_id),
        )
        await connection.execute(
            "UPDATE people SET nickname = %s WHERE member_id = %s AND nickname IS DISTINCT FROM %s",
            (member.nickname, member.member_id, member.nickname),
        )
    except UniqueViolation as error:
        raise Conflict(code="already_exists", what="member", email=member.email) from error


async def set_status(connection: Connection, member_id: UUID, status: MemberStatus) -> None:
    await connection.execute("UPDATE members SET status = %s WHERE member_id = %s", (status, member_id))


async def find_member(connection: Connection, member_id: UUID) -> Member | None:
    return await _find_one(connection, "member_id = %s", member_id)


async def find_by_email(connection: Connection, email: str) -> Member | None:
    return await _find_one(connection, "lower(email) = lower(%s)", email)


async def find_by_user_number(connection: Connection, user_number: int) -> Member | None:
    return await _find_one(connection, "user_number = %s", user_number)


async def find_by_nickname(connection: Connection, nickname: str, *, at_most: int) -> list[Member]:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM members WHERE lower(nickname) = lower(%s) ORDER BY user_number LIMIT %s",  # noqa: S608
        (nickname, at_most),
    )
    return [_read(row) for row in await cursor.fetchall()]


async def members_of(
    connection: Connection, *, account_id: UUID | None, after: UUID | None, at_most: int
) -> list[Member]:
    """Members of an account (None: of all) by id."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM members WHERE (%(account)s::uuid IS NULL OR account_id = %(account)s)"  # noqa: S608
        " AND (%(after)s::uuid IS NULL OR member_id > %(after)s) ORDER BY member_id LIMIT %(at_most)s",
        {"account": account_id, "after": after, "at_most": at_most},
    )
    return [_read(row) for row in await cursor.fetchall()]


async def _find_one(connection: Connection, condition: LiteralString, value: object) -> Member | None:
    cursor = await connection.execute(f"SELECT {_COLUMNS} FROM members WHERE {condition}", (value,))  # noqa: S608
    row = await cursor.fetchone()
    return None if row is None else _read(row)


def _read(row: tuple[Any, ...] | None) -> Member:
    assert row is not None
    member_id, account_id, user_number, email, nickname, status, created_at, role = row
    return Member(
        member_id=member_id,
        account_id=account_id,
        user_number=user_number,
        email=email,
        nickname=nickname,
        status=MemberStatus(status),
        created_at=created_at,
        role=Role(role),
    )
