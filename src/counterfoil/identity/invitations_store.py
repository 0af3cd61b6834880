"""The SQL of invitations."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation

from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role, StaffRole
from counterfoil.identity.invitations_model import Invitation

Connection = AsyncConnection[tuple[Any, ...]]

_COLUMNS: LiteralString = (
    "invitation_id, email, account_id, role, staff_roles, language, mailed, invited_by, created_at, expires_at,"
    " accepted_at, revoked_at"
)
# Not IS NOT DISTINCT FROM, which no index answers.
_OF_ACCOUNT: LiteralString = "(account_id = %(account)s::uuid OR (%(account)s::uuid IS NULL AND account_id IS NULL))"


async def insert_invitation(connection: Connection, invitation: Invitation, *, token_hash: bytes) -> None:
    """Add an invitation; raises `NotFound` where there is no such account."""
    try:
        await connection.execute(
            "INSERT INTO invitations (invitation_id, token_hash, email, account_id, role, staff_roles, language, mailed,"
            " invited_by, created_at, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                invitation.invitation_id, token_hash, invitation.email, invitation.account_id, invitation.role,
                sorted(str(role) for role in invitation.staff_roles), invitation.language, invitation.mailed,
                invitation.invited_by, invitation.created_at, invitation.expires_at,
            ),
        )  # fmt: skip
    except ForeignKeyViolation as error:
        account = "" if invitation.account_id is None else show_id("account", invitation.account_id)
        raise NotFound(code="account_not_found", account=account) from error


async def lock_by_hash(connection: Connection, token_hash: bytes) -> Invitation | None:
    return await _find_one(connection, "token_hash = %s FOR UPDATE", token_hash)


async def lock_by_id(connection: Connection, invitation_id: UUID) -> Invitation | None:
    return await _find_one(connection, "invitation_id = %s FOR UPDATE", invitation_id)


async def find_by_hash(connection: Connection, token_hash: bytes) -> Invitation | None:
    return await _find_one(connection, "token_hash = %s", token_hash)


async def find_by_id(connection: Connection, invitation_id: UUID) -> Invitation | None:
    return await _find_one(connection, "invitation_id = %s", invitation_id)


async def lock_open_of(connection: Connection, email: str, *, now: int) -> list[Invitation]:
    """The invitations of an address that can still be accepted, oldest first."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM invitations WHERE lower(email) = lower(%s) AND accepted_at IS NULL"  # noqa: S608
        " AND revoked_at IS NULL AND expires_at > %s ORDER BY invitation_id FOR UPDATE",
        (email, now),
    )
    return [_read(row) for row in await cursor.fetchall()]


async def read_invitations(
    connection: Connection, *, account_id: UUID | None, before: UUID | None, at_most: int
) -> list[Invitation]:
    """Invitations to an account, or (None) to the staff, newest first."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM invitations WHERE {_OF_ACCOUNT}"  # noqa: S608
        " AND (%(before)s::uuid IS NULL OR invitation_id < %(before)s) ORDER BY invitation_id DESC LIMIT %(at_most)s",
        {"account": account_id, "before": before, "at_most": at_most},
    )
    return [_read(row) for row in await cursor.fetchall()]


async def count_open(connection: Connection, *, account_id: UUID | None, now: int) -> int:
    cursor = await connection.execute(
        f"SELECT count(*) FROM invitations WHERE {_OF_ACCOUNT} AND accepted_at IS NULL"  # noqa: S608
        " AND revoked_at IS NULL AND expires_at > %(now)s",
        {"account": account_id, "now": now},
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def set_accepted(connection: Connection, invitation_id: UUID, *, by: UUID, at: int) -> None:
    await connection.execute(
        "UPDATE invitations SET accepted_at = %s, accepted_by = %s WHERE invitation_id = %s", (at, by, invitation_id)
    )


async def set_revoked(connection: Connection, invitation_id: UUID, *, by: str, at: int) -> None:
    await connection.execute(
        "UPDATE invitations SET revoked_at = %s, revoked_by = %s WHERE invitation_id = %s", (at, by, invitation_id)
    )


async def _find_one(connection: Connection, condition: LiteralString, value: object) -> Invitation | None:
    cursor = await connection.execute(f"SELECT {_COLUMNS} FROM invitations WHERE {condition}", (value,))  # noqa: S608
    row = await cursor.fetchone()
    return None if row is None else _read(row)


def _read(row: tuple[Any, ...]) -> Invitation:
    return Invitation(
        invitation_id=row[0], email=row[1], account_id=row[2], role=None if row[3] is None else Role(row[3]),
        staff_roles=frozenset(StaffRole(one) for one in row[4]), language=Language(row[5]), mailed=row[6],
        invited_by=row[7], created_at=row[8], expires_at=row[9], accepted_at=row[10], revoked_at=row[11],
    )  # fmt: skip
