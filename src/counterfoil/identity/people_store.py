"""The SQL of people: who they are, how they show it, what they may."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation

from counterfoil.foundation.errors import Conflict
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role, StaffRole
from counterfoil.identity.people_model import Membership, Person, PersonStatus, Theme

Connection = AsyncConnection[tuple[Any, ...]]

# Of a member who was removed, no membership is left.
PERSON_COLUMNS: LiteralString = (
    "p.person_id, p.user_number, p.email, p.nickname, p.status, p.staff_roles, m.member_id, m.account_id, m.role,"
    " p.language, p.time_zone, p.theme, p.password_hash IS NOT NULL, p.totp_sealed IS NOT NULL, p.email_verified_at,"
    " p.created_at"
)
PERSON_COLUMN_COUNT = 16
PERSON_TABLES: LiteralString = "people p LEFT JOIN members m ON m.member_id = p.member_id AND m.status = 'active'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What somebody shows who they are with, as it is kept."""

    password_hash: str | None = field(repr=False)
    totp_sealed: bytes | None = field(repr=False)
    totp_pending_sealed: bytes | None = field(repr=False)
    totp_step: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A person to be written. `user_number` None: the next free one."""

    person_id: UUID
    email: str
    nickname: str | None
    password_hash: str | None = field(repr=False)
    created_at: int
    staff_roles: frozenset[StaffRole] = frozenset()
    member_id: UUID | None = None
    user_number: int | None = None
    language: Language | None = None
    email_verified_at: int | None = None


async def insert_person(connection: Connection, new: NewPerson) -> None:
    """Add a person; raises `Conflict` where somebody has the address, or the membership, already."""
    number: LiteralString = "coalesce(%s, nextval(pg_get_serial_sequence('members', 'user_number')))"
    try:
        await connection.execute(
            "INSERT INTO people (person_id, user_number, email, nickname, password_hash, staff_roles, member_id, language,"  # noqa: S608
            f" email_verified_at, created_at) VALUES (%s, {number}, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                new.person_id, new.user_number, new.email, new.nickname, new.password_hash, _roles(new.staff_roles),
                new.member_id, new.language, new.email_verified_at, new.created_at,
            ),
        )  # fmt: skip
    except UniqueViolation as error:
        raise Conflict(code="already_exists", what="person", email=new.email) from error


async def lock_person(connection: Connection, person_id: UUID) -> Person | None:
    """Lock a person's row, and read it."""
    cursor = await connection.execute(
        "SELECT person_id FROM people WHERE person_id = %s FOR NO KEY UPDATE", (person_id,)
    )
    return None if await cursor.fetchone() is None else await find_person(connection, person_id)


async def find_person(connection: Connection, person_id: UUID) -> Person | None:
    return await _find_one(connection, "p.person_id = %s", person_id)


async def find_by_email(connection: Connection, email: str) -> Person | None:
    return await _find_one(connection, "lower(p.email) = lower(%s)", email)


async def find_by_member(connection: Connection, member_id: UUID) -> Person | None:
    return await _find_one(connection, "p.member_id = %s", member_id)


async def find_by_user_number(connection: Connection, user_number: int) -> Person | None:
    return await _find_one(connection, "p.user_number = %s", user_number)


async def find_by_nickname(connection: Connection, nickname: str, *, at_most: int) -> list[Person]:
    cursor = await connection.execute(
        f"SELECT {PERSON_COLUMNS} FROM {PERSON_TABLES} WHERE lower(p.nickname) = lower(%s)"  # noqa: S608
        " ORDER BY p.user_number LIMIT %s",
        (nickname, at_most),
    )
    return [read_person(row) for row in await cursor.fetchall()]


async def read_people(
    connection: Connection, *, after: UUID | None, at_most: int, account_id: UUID | None, staff: bool
) -> list[Person]:
    """People by id: all, those of an account, or staff alone."""
    cursor = await connection.execute(
        f"SELECT {PERSON_COLUMNS} FROM {PERSON_TABLES} WHERE (%(after)s::uuid IS NULL OR p.person_id > %(after)s)"  # noqa: S608
        " AND (%(account)s::uuid IS NULL OR m.account_id = %(account)s)"
        " AND (NOT %(staff)s OR cardinality(p.staff_roles) > 0) ORDER BY p.person_id LIMIT %(at_most)s",
        {"after": after, "account": account_id, "staff": staff, "at_most": at_most},
    )
    return [read_person(row) for row in await cursor.fetchall()]


async def read_credentials(connection: Connection, person_id: UUID) -> Credentials:
    cursor = await connection.execute(
        "SELECT password_hash, totp_sealed, totp_pending_sealed, totp_step FROM people WHERE person_id = %s",
        (person_id,),
    )
    row = await cursor.fetchone()
    assert row is not None
    return Credentials(password_hash=row[0], totp_sealed=row[1], totp_pending_sealed=row[2], totp_step=row[3])


# Changes; whoever makes one has locked the person.


async def set_password(connection: Connection, person_id: UUID, password_hash: str | None) -> None:
    await connection.execute("UPDATE people SET password_hash = %s WHERE person_id = %s", (password_hash, person_id))


async def replace_password_hash(connection: Connection, person_id: UUID, *, before: str, after: str) -> None:
    """The same password, hashed anew; nothing happens where it has been changed meanwhile."""
    await connection.execute(
        "UPDATE people SET password_hash = %s WHERE person_id = %s AND password_hash = %s", (after, person_id, before)
    )


async def set_verified(connection: Connection, person_id: UUID, *, at: int) -> None:
    await connection.execute(
        "UPDATE people SET email_verified_at = coalesce(email_verified_at, %s) WHERE person_id = %s", (at, person_id)
    )


async def set_status(connection: Connection, person_id: UUID, status: PersonStatus) -> None:
    await connection.execute("UPDATE people SET status = %s WHERE person_id = %s", (status, person_id))


async def set_staff_roles(connection: Connection, person_id: UUID, roles: Collection[StaffRole]) -> None:
    await connection.execute("UPDATE people SET staff_roles = %s WHERE person_id = %s", (_roles(roles), person_id))


async def set_member(connection: Connection, person_id: UUID, *, member_id: UUID) -> None:
    """Join a person and a member, who have one number from then on: the member's, which people may have read out."""
    await connection.execute(
        "UPDATE people SET member_id = %s, user_number = (SELECT user_number FROM members WHERE member_id = %s)"
        " WHERE person_id = %s",
        (member_id, member_id, person_id),
    )


async def set_profile(connection: Connection, person: Person) -> None:
    await connection.execute(
        "UPDATE people SET nickname = %s, language = %s, time_zone = %s, theme = %s WHERE person_id = %s",
        (person.nickname, person.language, person.time_zone, person.theme, person.person_id),
    )
    await connection.execute(
        "UPDATE members SET nickname = %s WHERE member_id = (SELECT member_id FROM people WHERE person_id = %s)",
        (person.nickname, person.person_id),
    )


async def set_email(connection: Connection, person_id: UUID, email: str) -> None:
    """Another address, not shown yet to be theirs; raises `Conflict` where somebody has it."""
    try:
        await connection.execute(
            "UPDATE people SET email = %s, email_verified_at = NULL WHERE person_id = %s", (email, person_id)
        )
        await connection.execute(
            "UPDATE members SET email = %s WHERE member_id = (SELECT member_id FROM people WHERE person_id = %s)",
            (email, person_id),
        )
    except UniqueViolation as error:
        raise Conflict(code="already_exists", what="person", email=email) from error


async def set_trial_granted(connection: Connection, person_id: UUID, *, at: int) -> bool:
    """Mark that a person had their trial; False where they had it before."""
    cursor = await connection.execute(
        "UPDATE people SET trial_granted_at = %s WHERE person_id = %s AND trial_granted_at IS NULL", (at, person_id)
    )
    return cursor.rowcount == 1


# Roles.


async def lock_administrators(connection: Connection) -> set[UUID]:
    """Lock every administrator who is not disabled, so that two cannot both be the last but one."""
    cursor = await connection.execute(
        "SELECT person_id FROM people WHERE 'administrator' = ANY (staff_roles) AND status = 'active'"
        " ORDER BY person_id FOR NO KEY UPDATE"
    )
    return {row[0] for row in await cursor.fetchall()}


async def has_administrator(connection: Connection) -> bool:
    """Whether an administrator is there who can sign in by themselves."""
    cursor = await connection.execute(
        "SELECT EXISTS (SELECT FROM people p WHERE 'administrator' = ANY (staff_roles) AND status = 'active'"
        " AND (password_hash IS NOT NULL"
        "  OR EXISTS (SELECT FROM oidc_identities o WHERE o.person_id = p.person_id)))"
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def lock_owners(connection: Connection, account_id: UUID) -> set[UUID]:
    """Lock the members who own an account, so that two cannot both be the last but one."""
    cursor = await connection.execute(
        "SELECT member_id FROM members WHERE account_id = %s AND role = 'owner' AND status = 'active'"
        " ORDER BY member_id FOR NO KEY UPDATE",
        (account_id,),
    )
    return {row[0] for row in await cursor.fetchall()}


async def find_member_of(connection: Connection, person_id: UUID) -> UUID | None:
    """The member that a person is, removed or not."""
    cursor = await connection.execute("SELECT member_id FROM people WHERE person_id = %s", (person_id,))
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def set_member_role(connection: Connection, member_id: UUID, role: Role) -> None:
    await connection.execute("UPDATE members SET role = %s WHERE member_id = %s", (role, member_id))


# Second factors.


async def set_pending_totp(connection: Connection, person_id: UUID, sealed: bytes) -> None:
    await connection.execute("UPDATE people SET totp_pending_sealed = %s WHERE person_id = %s", (sealed, person_id))


async def use_pending_totp(connection: Connection, person_id: UUID, *, step: int) -> None:
    await connection.execute(
        "UPDATE people SET totp_sealed = totp_pending_sealed, totp_pending_sealed = NULL, totp_step = %s"
        " WHERE person_id = %s",
        (step, person_id),
    )


async def remove_totp(connection: Connection, person_id: UUID) -> None:
    await connection.execute(
        "UPDATE people SET totp_sealed = NULL, totp_pending_sealed = NULL, totp_step = NULL WHERE person_id = %s",
        (person_id,),
    )
    await connection.execute("DELETE FROM recovery_codes WHERE person_id = %s", (person_id,))


async def take_totp_step(connection: Connection, person_id: UUID, *, step: int) -> bool:
    """Use up the code of a step; False where it, or a later one, was used before."""
    cursor = await connection.execute(
        "UPDATE people SET totp_step = %s WHERE person_id = %s AND (totp_step IS NULL OR totp_step < %s)",
        (step, person_id, step),
    )
    return cursor.rowcount == 1


async def insert_recovery_codes(connection: Connection, person_id: UUID, hashes: Collection[bytes]) -> None:
    await connection.execute("DELETE FROM recovery_codes WHERE person_id = %s", (person_id,))
    await connection.execute(
        "INSERT INTO recovery_codes (person_id, code_hash) SELECT %s, unnest(%s::bytea[])", (person_id, list(hashes))
    )


async def take_recovery_code(connection: Connection, person_id: UUID, code_hash: bytes, *, at: int) -> bool:
    """Use up a recovery code; False where there is none such, or it was used before."""
    cursor = await connection.execute(
        "UPDATE recovery_codes SET used_at = %s WHERE person_id = %s AND code_hash = %s AND used_at IS NULL",
        (at, person_id, code_hash),
    )
    return cursor.rowcount == 1


# Sign-in by a provider.


async def find_by_subject(connection: Connection, *, issuer: str, subject: str) -> Person | None:
    cursor = await connection.execute(
        f"SELECT {PERSON_COLUMNS} FROM oidc_identities o JOIN {PERSON_TABLES} ON p.person_id = o.person_id"  # noqa: S608
        " WHERE o.issuer = %s AND o.subject = %s",
        (issuer, subject),
    )
    row = await cursor.fetchone()
    return None if row is None else read_person(row)


async def insert_subject(connection: Connection, person_id: UUID, *, issuer: str, subject: str, at: int) -> bool:
    """Link a subject to a person; False where it is linked already."""
    cursor = await connection.execute(
        "INSERT INTO oidc_identities (issuer, subject, person_id, linked_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (issuer, subject, person_id, at),
    )
    return cursor.rowcount == 1


def read_person(row: tuple[Any, ...]) -> Person:
    """A person from a row that begins with `PERSON_COLUMNS`."""
    (person_id, user_number, email, nickname, status, staff_roles, member_id, account_id, role, language, time_zone,
     theme, has_password, has_totp, email_verified_at, created_at) = row[:PERSON_COLUMN_COUNT]  # fmt: skip
    membership = None if member_id is None else Membership(member_id=member_id, account_id=account_id, role=Role(role))
    return Person(
        person_id=person_id, user_number=user_number, email=email, nickname=nickname, status=PersonStatus(status),
        staff_roles=frozenset(StaffRole(one) for one in staff_roles), membership=membership,
        language=None if language is None else Language(language), time_zone=time_zone, theme=Theme(theme),
        has_password=has_password, has_totp=has_totp, email_verified_at=email_verified_at, created_at=created_at,
    )  # fmt: skip


async def _find_one(connection: Connection, condition: LiteralString, value: object) -> Person | None:
    cursor = await connection.execute(
        f"SELECT {PERSON_COLUMNS} FROM {PERSON_TABLES} WHERE {condition}",  # noqa: S608
        (value,),
    )
    row = await cursor.fetchone()
    return None if row is None else read_person(row)


def _roles(roles: Collection[StaffRole]) -> list[str]:
    return sorted(str(role) for role in roles)
