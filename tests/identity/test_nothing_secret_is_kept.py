"""No password, token, link, code or second factor lies in any table or any line of the log."""

from __future__ import annotations

import io
import logging

import pyotp
import pytest
import structlog
from psycopg import AsyncConnection

from counterfoil.foundation.errors import CounterfoilError
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role, Staff, StaffRole
from counterfoil.observability import configure_logging
from counterfoil.redaction.rules import redact, redact_value
from identity.lobby import OPERATOR, Lobby

ADA = "ada@example.com"
BOB = "bob@example.com"
FIRST = "first password of ada"
SECOND = "second password of ada"
WRONG = "a password that is wrong"


async def _everything(connection: AsyncConnection[tuple[object, ...]]) -> str:
    cursor = await connection.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    )
    rows: list[str] = []
    for (name,) in await cursor.fetchall():
        found = await connection.execute(f"SELECT t::text FROM {name} t")
        rows += [str(row[0]) for row in await found.fetchall()]
    return "\n".join(rows)


async def _live(lobby: Lobby) -> list[str]:
    """A life with every secret there is; gives them."""
    people, sessions = lobby.identity.people, lobby.identity.sessions
    secrets = [FIRST, SECOND, WRONG]
    await people.register(ADA, FIRST, None, Language.EN)
    await lobby.identity.mails.wait()
    secrets.append(lobby.box.token(ADA))
    await people.verify_email(secrets[-1])
    with pytest.raises(CounterfoilError):
        await lobby.sign_in(ADA, WRONG)
    new = await lobby.sign_in(ADA, FIRST)
    secrets += [new.token, new.session.csrf]
    secret, address = await people.start_totp(new.session)
    totp = pyotp.parse_uri(address)
    codes = await people.confirm_totp(new.session, totp.at(lobby.clock.now() // 1_000_000))
    secrets += [secret, *codes, *(code.replace("-", "") for code in codes)]
    lobby.clock.advance(seconds=30)
    await sessions.confirm(new.session, totp=codes[0])
    await people.ask_password_reset(ADA, Language.EN)
    await lobby.identity.mails.wait()
    secrets.append(lobby.box.token(ADA))
    await people.ask_password_reset(ADA, Language.EN)
    await lobby.identity.mails.wait()
    secrets.append(lobby.box.token(ADA))
    await people.reset_password(secrets[-1], SECOND)
    staff = await lobby.staff(BOB, StaffRole.ADMINISTRATOR)
    secrets.append(lobby.box.token(BOB))
    secrets.append((await people.reset_link(OPERATOR, staff.person_id)).rpartition("/")[2])
    secrets.append((await lobby.identity.tokens.create(staff, "script", [Staff.ACCOUNTS_READ])).token)
    await people.invite(OPERATOR, await lobby.open_account(), "cleo@example.com", Role.ADMIN, Language.ZH)
    secrets.append(lobby.box.token("cleo@example.com"))
    lobby.box.takes = False
    with pytest.raises(CounterfoilError):
        await people.invite_staff(OPERATOR, "dan@example.com", [StaffRole.EDITOR], Language.EN)
    return secrets


async def test_secrets_are_in_no_table_and_no_line_of_the_log(lobby: Lobby) -> None:
    stream = io.StringIO()
    configure_logging(level="debug", log_format="json", redact=redact, redact_fields=redact_value, stream=stream)
    try:
        link = await lobby.identity.people.first_administrator_link()
        secrets = [*await _live(lobby), str(link).rpartition("/")[2]]
        structlog.get_logger().info("the_log_is_read")
    finally:
        logging.getLogger().handlers.clear()
    async with lobby.database.reading() as connection:
        tables = await _everything(connection)
    log = stream.getvalue()
    assert ADA in tables
    assert "the_log_is_read" in log
    assert "mail_not_sent" in log
    for secret in secrets:
        assert len(secret) > 10
        assert secret not in tables
        assert secret not in log
        # Nor as the bytes that a bytea shows.
        assert secret.encode().hex() not in tables
    assert ADA not in log
