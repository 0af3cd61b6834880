"""Passwords and second factors: choosing, losing and changing them."""

from __future__ import annotations

import asyncio

import pyotp
import pytest

from counterfoil.foundation.errors import Conflict, Forbidden, InputError, NotFound
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, StaffRole
from counterfoil.identity.people_model import NewSession
from counterfoil.identity.people_rules import CONFIRMED_MICROS, RESET_MICROS, TOTP_STEP_SECONDS
from identity.lobby import OPERATOR, PASSWORD, Lobby

ADA = "ada@example.com"
HERE = "192.0.2.7"
NEW_PASSWORD = "staple gun parade"


async def _ask(lobby: Lobby, email: str = ADA) -> None:
    await lobby.identity.people.ask_password_reset(email, Language.EN)
    await lobby.identity.mails.wait()


# Passwords.


async def test_a_reset_ends_every_session(lobby: Lobby) -> None:
    await lobby.register(ADA)
    sessions = [await lobby.sign_in(ADA) for _ in range(2)]
    await _ask(lobby)
    await lobby.identity.people.reset_password(lobby.box.token(ADA), NEW_PASSWORD)
    for one in sessions:
        assert await lobby.identity.sessions.session(one.token, client_address=HERE) is None
    with pytest.raises(Forbidden):
        await lobby.sign_in(ADA)
    await lobby.sign_in(ADA, NEW_PASSWORD)
    await lobby.identity.mails.wait()
    assert "changed" in lobby.box.letters[-1][1]


async def test_a_reset_link_works_once(lobby: Lobby) -> None:
    await lobby.register(ADA)
    await _ask(lobby)
    token = lobby.box.token(ADA)
    outcomes = await asyncio.gather(
        *(lobby.identity.people.reset_password(token, f"{NEW_PASSWORD} {number}") for number in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["NotFound", "NotFound", "NotFound", "Person"]


async def test_a_reset_ends_the_links_that_were_sent_before(lobby: Lobby) -> None:
    await lobby.register(ADA)
    await _ask(lobby)
    first = lobby.box.token(ADA)
    await _ask(lobby)
    await lobby.identity.people.reset_password(lobby.box.token(ADA), NEW_PASSWORD)
    with pytest.raises(NotFound):
        await lobby.identity.people.reset_password(first, PASSWORD)


async def test_a_reset_link_ends_after_an_hour(lobby: Lobby) -> None:
    await lobby.register(ADA)
    await _ask(lobby)
    lobby.clock.advance(micros=RESET_MICROS)
    with pytest.raises(NotFound) as refused:
        await lobby.identity.people.reset_password(lobby.box.token(ADA), NEW_PASSWORD)
    assert refused.value.code == "link_not_valid"


async def test_a_bad_password_does_not_use_up_the_link(lobby: Lobby) -> None:
    await lobby.register(ADA)
    await _ask(lobby)
    with pytest.raises(InputError):
        await lobby.identity.people.reset_password(lobby.box.token(ADA), "short")
    await lobby.identity.people.reset_password(lobby.box.token(ADA), NEW_PASSWORD)


async def test_nobody_learns_from_a_reset_who_is_known(lobby: Lobby) -> None:
    await lobby.register(ADA)
    worked = (lobby.passwords.hashed, lobby.passwords.verified)
    for email in (ADA, "nobody@example.com"):
        assert await lobby.identity.people.ask_password_reset(email, Language.EN) is None
    await lobby.identity.mails.wait()
    assert (lobby.passwords.hashed, lobby.passwords.verified) == worked
    assert lobby.box.count("nobody@example.com") == 0


async def test_a_disabled_person_cannot_come_back_by_a_reset(lobby: Lobby) -> None:
    person = await lobby.register(ADA)
    await _ask(lobby)
    token = lobby.box.token(ADA)
    await lobby.identity.people.disable(OPERATOR, person.person_id)
    with pytest.raises(NotFound):
        await lobby.identity.people.reset_password(token, NEW_PASSWORD)
    sent = lobby.box.count(ADA)
    await _ask(lobby)
    assert lobby.box.count(ADA) == sent


async def test_an_administrator_hands_out_a_link(lobby: Lobby) -> None:
    person = await lobby.register(ADA)
    await lobby.identity.people.change_email(OPERATOR, person.person_id, "ada.l@example.com")
    link = await lobby.identity.people.reset_link(OPERATOR, person.person_id)
    changed = await lobby.identity.people.reset_password(link.rpartition("/")[2], NEW_PASSWORD)
    # What was handed on by hand shows nothing about the address.
    assert changed.email_verified_at is None
    with pytest.raises(Forbidden) as refused:
        await lobby.identity.people.reset_link(Principal(name="somebody"), person.person_id)
    assert refused.value.parameters["permission"] == "people.write"


async def test_a_link_that_went_to_an_earlier_address_is_worth_nothing(lobby: Lobby) -> None:
    person = await lobby.register(ADA)
    await _ask(lobby)
    await lobby.identity.people.change_email(OPERATOR, person.person_id, "ada.l@example.com")
    with pytest.raises(NotFound):
        await lobby.identity.people.reset_password(lobby.box.token(ADA), NEW_PASSWORD)


async def test_changing_the_password_ends_every_other_session(lobby: Lobby) -> None:
    await lobby.register(ADA)
    here, there = await lobby.sign_in(ADA), await lobby.sign_in(ADA)
    with pytest.raises(Forbidden) as refused:
        await lobby.identity.people.change_password(here.session, "not the password", NEW_PASSWORD)
    assert refused.value.code == "confirmation_refused"
    await lobby.identity.people.change_password(here.session, PASSWORD, NEW_PASSWORD)
    assert await lobby.identity.sessions.session(here.token, client_address=HERE) is not None
    assert await lobby.identity.sessions.session(there.token, client_address=HERE) is None
    await lobby.sign_in(ADA, NEW_PASSWORD)


async def test_guessing_the_password_in_a_session_is_throttled(lobby: Lobby) -> None:
    await lobby.register(ADA)
    here = await lobby.sign_in(ADA)
    codes = []
    for _ in range(6):
        with pytest.raises(Forbidden) as refused:
            await lobby.identity.people.change_password(here.session, "not the password", NEW_PASSWORD)
        codes.append(refused.value.code)
    assert codes == ["confirmation_refused"] * 5 + ["sign_in_throttled"]


async def test_who_has_no_password_chooses_one_in_a_fresh_session_only(lobby: Lobby) -> None:
    person = await lobby.add(ADA, StaffRole.SUPPORT)
    new = await lobby.begin(person.person_id)
    lobby.clock.advance(micros=CONFIRMED_MICROS + 1)
    with pytest.raises(Forbidden) as refused:
        await lobby.identity.people.change_password(new.session, "", NEW_PASSWORD)
    assert refused.value.code == "confirmation_needed"
    fresh = await lobby.begin(person.person_id)
    await lobby.identity.people.change_password(fresh.session, "", NEW_PASSWORD)
    await lobby.sign_in(ADA, NEW_PASSWORD)


async def test_a_password_of_older_costs_is_hashed_anew_when_it_is_used(lobby: Lobby) -> None:
    await lobby.register(ADA)
    lobby.passwords._hasher = type(lobby.passwords._hasher)(time_cost=2, memory_cost=64, parallelism=1)
    for hashed in (1, 0):
        before = lobby.passwords.hashed
        await lobby.sign_in(ADA)
        assert lobby.passwords.hashed - before == hashed


# Second factors.


class Phone:
    """An authenticator app."""

    def __init__(self, lobby: Lobby, address: str) -> None:
        self._lobby = lobby
        self._totp = pyotp.parse_uri(address)

    def code(self, *, steps: int = 0) -> str:
        seconds = self._lobby.clock.now() // 1_000_000 + steps * TOTP_STEP_SECONDS
        code: str = self._totp.at(seconds)
        return code

    def wait(self) -> None:
        self._lobby.clock.advance(seconds=TOTP_STEP_SECONDS)


async def _with_phone(lobby: Lobby) -> tuple[NewSession, Phone, list[str]]:
    await lobby.register(ADA)
    new = await lobby.sign_in(ADA)
    _, address = await lobby.identity.people.start_totp(new.session)
    phone = Phone(lobby, address)
    codes = await lobby.identity.people.confirm_totp(new.session, phone.code())
    phone.wait()
    return new, phone, codes


async def _code_of(lobby: Lobby, totp: str | None) -> str:
    with pytest.raises(Forbidden) as refused:
        await lobby.sign_in(ADA, totp=totp)
    return refused.value.code


async def test_a_second_factor_is_asked_for_after_the_password(lobby: Lobby) -> None:
    _, phone, _ = await _with_phone(lobby)
    assert await _code_of(lobby, None) == "totp_required"
    assert await _code_of(lobby, " ") == "totp_required"
    wrong = str((int(phone.code()) + 1) % 1_000_000).zfill(6)
    assert await _code_of(lobby, wrong) == "totp_wrong"
    with pytest.raises(Forbidden) as refused:
        await lobby.sign_in(ADA, "wrong password", totp=phone.code())
    assert refused.value.code == "sign_in_refused"
    new = await lobby.sign_in(ADA, totp=phone.code())
    assert new.session.person.has_totp


async def test_a_code_is_taken_once(lobby: Lobby) -> None:
    _, phone, _ = await _with_phone(lobby)
    code = phone.code()
    outcomes = await asyncio.gather(*(lobby.sign_in(ADA, totp=code) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["Forbidden"] * 3 + ["NewSession"]
    assert await _code_of(lobby, code) == "totp_wrong"
    # Nor one of an earlier step, once a later one was used.
    assert await _code_of(lobby, phone.code(steps=-1)) == "totp_wrong"
    phone.wait()
    await lobby.sign_in(ADA, totp=phone.code())


async def test_the_code_that_began_it_does_not_sign_in(lobby: Lobby) -> None:
    await lobby.register(ADA)
    new = await lobby.sign_in(ADA)
    _, address = await lobby.identity.people.start_totp(new.session)
    code = Phone(lobby, address).code()
    await lobby.identity.people.confirm_totp(new.session, code)
    assert await _code_of(lobby, code) == "totp_wrong"


async def test_codes_of_clocks_a_little_off_are_taken_and_others_not(lobby: Lobby) -> None:
    _, phone, _ = await _with_phone(lobby)
    phone.wait()
    phone.wait()
    assert await _code_of(lobby, phone.code(steps=-2)) == "totp_wrong"
    assert await _code_of(lobby, phone.code(steps=2)) == "totp_wrong"
    await lobby.sign_in(ADA, totp=phone.code(steps=-1))
    await lobby.sign_in(ADA, totp=phone.code(steps=1))


async def test_guessing_codes_is_throttled_though_the_password_is_right(lobby: Lobby) -> None:
    await _with_phone(lobby)
    codes = []
    for _ in range(8):
        codes.append(await _code_of(lobby, None))
        codes.append(await _code_of(lobby, "000000"))
    assert codes.count("totp_wrong") == 5
    assert codes[-1] == "sign_in_throttled"


async def test_a_recovery_code_stands_in_once(lobby: Lobby) -> None:
    _, _, codes = await _with_phone(lobby)
    assert len(set(codes)) == 10
    await lobby.sign_in(ADA, totp=codes[3].upper().replace("-", " "))
    assert await _code_of(lobby, codes[3]) == "totp_wrong"
    outcomes = await asyncio.gather(*(lobby.sign_in(ADA, totp=codes[4]) for _ in range(3)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["Forbidden", "Forbidden", "NewSession"]


async def test_a_second_factor_counts_only_once_it_was_confirmed(lobby: Lobby) -> None:
    await lobby.register(ADA)
    new = await lobby.sign_in(ADA)
    with pytest.raises(Conflict):
        await lobby.identity.people.confirm_totp(new.session, "123456")
    _, address = await lobby.identity.people.start_totp(new.session)
    with pytest.raises(Forbidden):
        await lobby.identity.people.confirm_totp(new.session, Phone(lobby, address).code(steps=5))
    assert not (await lobby.sign_in(ADA)).session.person.has_totp


async def test_beginning_to_use_one_ends_the_sessions_that_had_none(lobby: Lobby) -> None:
    await lobby.register(ADA)
    other = await lobby.sign_in(ADA)
    new = await lobby.sign_in(ADA)
    _, address = await lobby.identity.people.start_totp(new.session)
    await lobby.identity.people.confirm_totp(new.session, Phone(lobby, address).code())
    assert await lobby.identity.sessions.session(other.token, client_address=HERE) is None
    assert await lobby.identity.sessions.session(new.token, client_address=HERE) is not None


async def test_a_second_factor_is_removed_with_password_and_code(lobby: Lobby) -> None:
    new, phone, codes = await _with_phone(lobby)
    with pytest.raises(Conflict):
        await lobby.identity.people.start_totp(new.session)
    with pytest.raises(Forbidden):
        await lobby.identity.people.remove_totp(new.session, "not the password", phone.code())
    with pytest.raises(Forbidden):
        await lobby.identity.people.remove_totp(new.session, PASSWORD, "000000")
    await lobby.identity.people.remove_totp(new.session, PASSWORD, phone.code())
    await lobby.sign_in(ADA)
    with pytest.raises(Conflict):
        await lobby.identity.people.remove_totp(new.session, PASSWORD, codes[0])


async def test_a_reset_by_mail_does_not_get_around_the_second_factor(lobby: Lobby) -> None:
    _, phone, _ = await _with_phone(lobby)
    await _ask(lobby)
    await lobby.identity.people.reset_password(lobby.box.token(ADA), NEW_PASSWORD)
    with pytest.raises(Forbidden) as refused:
        await lobby.sign_in(ADA, NEW_PASSWORD)
    assert refused.value.code == "totp_required"
    await lobby.sign_in(ADA, NEW_PASSWORD, totp=phone.code())


async def test_an_administrator_removes_a_lost_one(lobby: Lobby) -> None:
    new, _, _ = await _with_phone(lobby)
    await lobby.identity.people.remove_second_factor(OPERATOR, new.session.person.person_id, why="phone lost")
    again = await lobby.sign_in(ADA)
    assert not again.session.person.has_totp


async def test_the_session_can_be_confirmed_with_a_code(lobby: Lobby) -> None:
    new, phone, _ = await _with_phone(lobby)
    await lobby.identity.sessions.confirm(new.session, totp=phone.code())
    with pytest.raises(Forbidden):
        await lobby.identity.sessions.confirm(new.session, totp=phone.code())
