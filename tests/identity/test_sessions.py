"""Signing in and out: who gets a session, how long it lasts, and how it ends everywhere."""

from __future__ import annotations

import asyncio

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Forbidden, NotFound
from counterfoil.identity.access import StaffRole
from counterfoil.identity.people_rules import (
    CONFIRMED_MICROS,
    SESSION_IDLE_MICROS,
    SESSION_MICROS_MAX,
    csrf_of,
    device_of,
    hash_token,
)
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from identity.lobby import CHROME, OPERATOR, PASSWORD, Lobby, open_lobby

ADA = "ada@example.com"
HERE = "192.0.2.7"


async def _refused(lobby: Lobby, email: str, password: str = PASSWORD, **more: str) -> Forbidden:
    with pytest.raises(Forbidden) as refused:
        await lobby.sign_in(email, password, **more)
    return refused.value


async def test_a_session_begins_and_is_found_by_its_token_alone(lobby: Lobby) -> None:
    person = await lobby.register(ADA)
    new = await lobby.sign_in(" ADA@example.com ")
    found = await lobby.identity.sessions.session(new.token, client_address=HERE)
    assert found == new.session
    assert found.person == person
    assert found.device == "Chrome on Linux"
    assert found.csrf == csrf_of(new.token)
    assert new.token not in repr(new)
    assert found.csrf not in repr(found)
    assert await lobby.identity.sessions.session(new.token[:-1] + "x", client_address=HERE) is None
    assert await lobby.identity.sessions.session("", client_address=HERE) is None


async def test_unknown_wrong_and_disabled_are_one_answer_after_one_verification(lobby: Lobby) -> None:
    await lobby.register(ADA)
    disabled = await lobby.staff("bob@example.com", StaffRole.SUPPORT)
    await lobby.identity.people.disable(OPERATOR, disabled.person_id)
    without = await lobby.add("cleo@example.com", StaffRole.SUPPORT)
    cases = [(ADA, "wrong password"), ("nobody@example.com", PASSWORD), (disabled.email, PASSWORD),
             (without.email, ""), ("no\x00body", PASSWORD), (ADA, "x" * 10_000), (ADA, "\ud800")]  # fmt: skip
    for email, password in cases:
        before = lobby.passwords.verified
        refused = await _refused(lobby, email, password)
        assert (refused.code, refused.parameters) == ("sign_in_refused", {}), email
        assert lobby.passwords.verified - before == 1, email


async def test_signing_in_never_takes_a_token_that_was_there_before(lobby: Lobby) -> None:
    await lobby.register(ADA)
    first, second = await lobby.sign_in(ADA), await lobby.sign_in(ADA)
    assert first.token != second.token
    assert first.session.session_id != second.session.session_id
    assert first.session.csrf != second.session.csrf


async def test_a_session_ends_when_it_is_not_used(lobby: Lobby) -> None:
    await lobby.register(ADA)
    new = await lobby.sign_in(ADA)
    lobby.clock.advance(micros=SESSION_IDLE_MICROS - 1)
    used = await lobby.identity.sessions.session(new.token, client_address=HERE)
    assert used is not None
    lobby.clock.advance(micros=SESSION_IDLE_MICROS - 1)
    assert await lobby.identity.sessions.session(new.token, client_address=HERE) is not None
    lobby.clock.advance(micros=SESSION_IDLE_MICROS)
    assert await lobby.identity.sessions.session(new.token, client_address=HERE) is None
    assert await lobby.identity.sessions.of_person(new.session.person.person_id) == []
    assert await lobby.identity.sessions.clean() == 1


async def test_a_session_ends_after_ninety_days_however_often_it_is_used(lobby: Lobby) -> None:
    await lobby.register(ADA)
    new = await lobby.sign_in(ADA)
    for _ in range(9):
        lobby.clock.advance(micros=SESSION_MICROS_MAX // 9 - 1)
        used = await lobby.identity.sessions.session(new.token, client_address=HERE)
        assert used is not None
        assert used.expires_at <= new.session.created_at + SESSION_MICROS_MAX
    lobby.clock.advance(seconds=1)
    assert await lobby.identity.sessions.session(new.token, client_address=HERE) is None


async def test_using_a_session_is_written_at_most_once_a_minute(lobby: Lobby) -> None:
    await lobby.register(ADA)
    new = await lobby.sign_in(ADA)
    for seconds, expected in ((59, 0), (1, 60), (30, 60), (30, 120)):
        lobby.clock.advance(seconds=seconds)
        await lobby.identity.sessions.session(new.token, client_address="198.51.100.9")
        (kept,) = await lobby.identity.sessions.of_person(new.session.person.person_id)
        assert kept.last_used_at - new.session.created_at == expected * 1_000_000


async def test_a_session_that_was_ended_is_worth_nothing(lobby: Lobby) -> None:
    await lobby.register(ADA)
    sessions = lobby.identity.sessions
    here, there, elsewhere = [await lobby.sign_in(ADA) for _ in range(3)]
    await sessions.end(here.session.session_id)
    assert await sessions.session(here.token, client_address=HERE) is None
    person_id = there.session.person.person_id
    assert await sessions.end_all(person_id, but=there.session.session_id) == 1
    assert await sessions.session(elsewhere.token, client_address=HERE) is None
    assert await sessions.session(there.token, client_address=HERE) is not None
    assert [one.session_id for one in await sessions.of_person(person_id)] == [there.session.session_id]
    await sessions.end(here.session.session_id)


async def test_a_disabled_person_is_out_everywhere_at_once(lobby: Lobby) -> None:
    person = await lobby.staff(ADA, StaffRole.SUPPORT)
    new = await lobby.sign_in(ADA)
    token = await lobby.identity.tokens.create(new.session, "script", ["accounts.read"])
    await lobby.identity.people.disable(OPERATOR, person.person_id, why="left")
    assert await lobby.identity.sessions.session(new.token, client_address=HERE) is None
    assert await lobby.identity.tokens.principal(token.token) is None
    with pytest.raises(Forbidden):
        await lobby.begin(person.person_id)
    await lobby.identity.people.enable(OPERATOR, person.person_id)
    # What has ended stays ended; the token was only resting.
    assert await lobby.identity.sessions.session(new.token, client_address=HERE) is None
    assert await lobby.identity.tokens.principal(token.token) is not None


async def test_a_person_has_fifty_sessions_at_most(lobby: Lobby) -> None:
    person = await lobby.add(ADA, StaffRole.SUPPORT)
    first = await lobby.begin(person.person_id)
    for _ in range(50):
        lobby.clock.advance(seconds=1)
        await lobby.begin(person.person_id)
    assert len(await lobby.identity.sessions.of_person(person.person_id)) == 50
    assert await lobby.identity.sessions.session(first.token, client_address=HERE) is None


async def test_a_session_follows_what_its_person_has_become(lobby: Lobby) -> None:
    person = await lobby.staff(ADA, StaffRole.SUPPORT)
    new = await lobby.sign_in(ADA)
    await lobby.identity.people.set_staff_roles(OPERATOR, person.person_id, [StaffRole.FINANCE])
    found = await lobby.identity.sessions.session(new.token, client_address=HERE)
    assert found is not None
    assert found.person.staff_roles == {StaffRole.FINANCE}


async def test_what_is_dangerous_asks_again_who_is_there(lobby: Lobby) -> None:
    await lobby.register(ADA)
    sessions = lobby.identity.sessions
    new = await lobby.sign_in(ADA)
    lobby.clock.advance(micros=CONFIRMED_MICROS + 1)
    with pytest.raises(Forbidden) as refused:
        await lobby.identity.people.start_totp(new.session)
    assert refused.value.code == "confirmation_needed"
    with pytest.raises(Forbidden) as refused:
        await sessions.confirm(new.session, password="not the password")
    assert refused.value.code == "confirmation_refused"
    await sessions.confirm(new.session, password=PASSWORD)
    confirmed = await sessions.session(new.token, client_address=HERE)
    assert confirmed is not None
    assert confirmed.confirmed_at == lobby.clock.now()
    await lobby.identity.people.start_totp(confirmed)
    await sessions.end(new.session.session_id)
    with pytest.raises(NotFound):
        await sessions.confirm(new.session, password=PASSWORD)


async def test_the_table_holds_no_token(lobby: Lobby) -> None:
    await lobby.register(ADA)
    new = await lobby.sign_in(ADA)
    async with lobby.database.reading() as connection:
        cursor = await connection.execute("SELECT token_hash FROM sessions")
        assert [bytes(row[0]) for row in await cursor.fetchall()] == [hash_token(new.token)]


# Throttling.


async def test_whoever_fails_often_waits_longer_and_longer(lobby: Lobby) -> None:
    await lobby.register(ADA)
    waits = []
    for _ in range(14):
        refused = await _refused(lobby, ADA, "wrong password")
        while refused.code == "sign_in_throttled":
            waits.append(refused.parameters["seconds"])
            verified = lobby.passwords.verified
            lobby.clock.advance(seconds=refused.parameters["seconds"])
            refused = await _refused(lobby, ADA, "wrong password")
            assert lobby.passwords.verified - verified <= 1
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512]


async def test_while_somebody_waits_even_the_right_password_is_not_looked_at(lobby: Lobby) -> None:
    await lobby.register(ADA)
    for _ in range(5):
        assert (await _refused(lobby, ADA, "wrong password")).code == "sign_in_refused"
    verified = lobby.passwords.verified
    assert (await _refused(lobby, ADA)).code == "sign_in_throttled"
    assert lobby.passwords.verified == verified
    lobby.clock.advance(seconds=2)
    await lobby.sign_in(ADA)
    # Whoever has shown who they are begins anew.
    for _ in range(4):
        assert (await _refused(lobby, ADA, "wrong password")).code == "sign_in_refused"


async def test_an_unknown_address_is_throttled_like_a_known_one(lobby: Lobby) -> None:
    await lobby.register(ADA)
    answers = []
    for email, address in ((ADA, "198.51.100.1"), ("nobody@example.com", "198.51.100.2")):
        answers.append([(await _refused(lobby, email, "wrong", address=address)).code for _ in range(7)])
    assert answers[0] == answers[1]
    assert "sign_in_throttled" in answers[0]


async def test_one_address_that_tries_many_people_is_throttled(lobby: Lobby) -> None:
    await lobby.register(ADA)
    codes = [(await _refused(lobby, f"n{number}@example.com", address="2001:db8::1")).code for number in range(31)]
    assert codes == ["sign_in_refused"] * 30 + ["sign_in_throttled"]
    # Of IPv6, everybody has a whole network.
    assert (await _refused(lobby, ADA, address="2001:db8::ffff")).code == "sign_in_throttled"
    await lobby.sign_in(ADA, address="2001:db8:1::1")


async def test_an_account_of_ones_own_does_not_clear_the_address_for_guessing(lobby: Lobby) -> None:
    await lobby.register("mallory@example.com")
    codes = []
    for number in range(40):
        codes.append((await _refused(lobby, f"n{number}@example.com")).code)
        if "sign_in_throttled" not in codes and number % 5 == 0:
            await lobby.sign_in("mallory@example.com")
    assert codes.index("sign_in_throttled") <= 31


async def test_tries_are_counted_whichever_process_they_come_to(
    lobby: Lobby, database_url: str, clock: ManualClock, data_directory: DataDirectory
) -> None:
    await lobby.register(ADA)
    async with await Database.open(database_url) as another, open_lobby(another, clock, data_directory) as beside:
        tries = [_refused(one, ADA, "wrong password") for _ in range(10) for one in (lobby, beside)]
        codes = [refused.code for refused in await asyncio.gather(*tries)]
    # Counted before they are made: twenty at once are no twenty free ones.
    assert codes.count("sign_in_refused") == 5
    assert codes.count("sign_in_throttled") == 15


async def test_tries_are_forgotten_after_a_day(lobby: Lobby) -> None:
    await lobby.register(ADA)
    for _ in range(4):
        await _refused(lobby, ADA, "wrong password")
    lobby.clock.advance(seconds=86_401)
    for _ in range(4):
        assert (await _refused(lobby, ADA, "wrong password")).code == "sign_in_refused"
    lobby.clock.advance(seconds=86_401)
    await lobby.identity.people.clean()
    async with lobby.database.reading() as connection:
        cursor = await connection.execute("SELECT count(*) FROM sign_in_throttles")
        assert await cursor.fetchone() == (0,)


async def test_the_table_of_throttles_tells_nobodys_address(lobby: Lobby) -> None:
    await _refused(lobby, "nobody@example.com")
    async with lobby.database.reading() as connection:
        cursor = await connection.execute("SELECT s::text FROM sign_in_throttles s")
        rows = " ".join(row[0] for row in await cursor.fetchall())
    assert rows
    assert "nobody" not in rows
    assert HERE not in rows


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (CHROME, "Chrome on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126 Mobile MicroMessenger/8.0", "WeChat on Android"),
        ("curl/8", ""), ("", ""), ("<script>alert(1)</script>", ""),
    ],
)  # fmt: skip
def test_of_a_browser_only_its_kind_is_kept(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device
