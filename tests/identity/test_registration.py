"""Registering oneself: the same answer for everybody, an account of one's own, and one trial."""

from __future__ import annotations

import asyncio

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Forbidden, InputError, NotFound, Unavailable
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role
from counterfoil.identity.model import MemberSettings, MemberStatus
from counterfoil.identity.people_rules import VERIFICATION_MICROS
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.service import Ledger
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from identity.lobby import PASSWORD, PUBLIC_URL, Lobby, open_lobby

ADA = "ada@example.com"
TRIAL = 2_500_000_000


async def _register(lobby: Lobby, email: str = ADA, password: str = PASSWORD) -> None:
    await lobby.identity.people.register(email, password, "Ada", Language.EN)
    await lobby.identity.mails.wait()


async def test_who_registers_owns_an_account_with_a_trial(lobby: Lobby) -> None:
    await _register(lobby)
    person = await lobby.identity.people.verify_email(lobby.box.token(ADA))
    assert person.membership is not None
    assert person.membership.role is Role.OWNER
    assert person.email_verified_at == lobby.clock.now()
    assert (await lobby.ledger.balance(person.membership.account_id)).posted == TRIAL
    (grant,) = await lobby.ledger.grants(person.membership.account_id)
    assert (str(grant.kind), grant.source_kind) == ("promotional", "grant")
    member = await lobby.members.by_email(ADA)
    assert (member.user_number, member.role) == (person.user_number, Role.OWNER)
    assert (await lobby.sign_in(ADA)).session.person == person


async def test_nothing_exists_before_the_link_is_followed(lobby: Lobby) -> None:
    await _register(lobby)
    assert await lobby.identity.people.find(ADA) == []
    assert await lobby.ledger.accounts() == []
    with pytest.raises(Forbidden):
        await lobby.sign_in(ADA)


async def test_two_who_follow_one_link_at_once_make_one_person_and_one_trial(lobby: Lobby) -> None:
    await _register(lobby)
    token = lobby.box.token(ADA)
    outcomes = await asyncio.gather(
        *(lobby.identity.people.verify_email(token) for _ in range(6)), return_exceptions=True
    )
    made = [one for one in outcomes if not isinstance(one, BaseException)]
    assert len(made) == 1
    assert {one.code for one in outcomes if isinstance(one, NotFound)} == {"link_not_valid"}
    (account,) = await lobby.ledger.accounts()
    assert (await lobby.ledger.balance(account.account_id)).posted == TRIAL


async def test_two_links_of_one_address_followed_at_once_make_one_person_and_one_trial(lobby: Lobby) -> None:
    tokens = []
    for _ in range(2):
        await _register(lobby)
        tokens.append(lobby.box.token(ADA))
    outcomes = await asyncio.gather(*map(lobby.identity.people.verify_email, tokens), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["NotFound", "Person"]
    (account,) = await lobby.ledger.accounts()
    assert (await lobby.ledger.balance(account.account_id)).posted == TRIAL
    assert len(await lobby.ledger.grants(account.account_id)) == 1


async def test_a_link_ends_after_a_day(lobby: Lobby) -> None:
    await _register(lobby)
    lobby.clock.advance(micros=VERIFICATION_MICROS)
    with pytest.raises(NotFound):
        await lobby.identity.people.verify_email(lobby.box.token(ADA))
    assert await lobby.identity.people.clean() >= 1
    assert await lobby.ledger.accounts() == []


async def test_a_known_address_is_answered_like_an_unknown_one(lobby: Lobby) -> None:
    await lobby.register(ADA)
    before = lobby.passwords.hashed
    await _register(lobby, "new@example.com")
    for_unknown = lobby.passwords.hashed - before
    before = lobby.passwords.hashed
    await _register(lobby, "ADA@example.com", "another password of hers")
    assert lobby.passwords.hashed - before == for_unknown == 1
    # Whoever has the address is told, and nobody else: there is no link that changes anything.
    to, title, lines = lobby.box.letters[-1]
    assert (to, "already" in title) == (ADA, True)
    assert PUBLIC_URL not in "\n".join(lines)
    await lobby.sign_in(ADA, PASSWORD)


async def test_an_address_is_not_flooded_with_mails(lobby: Lobby) -> None:
    for _ in range(3):
        await _register(lobby)
    with pytest.raises(Forbidden) as refused:
        await _register(lobby)
    assert refused.value.code == "sign_in_throttled"
    assert refused.value.parameters["seconds"] > 60
    assert lobby.box.count(ADA) == 3


async def test_a_member_whom_the_operator_has_added_gets_that_account_and_no_trial(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    member = await lobby.members.add(account_id=account_id, settings=MemberSettings(email=ADA, nickname="A."))
    person = await lobby.register(ADA)
    assert person.membership is not None
    assert (person.membership.member_id, person.membership.role) == (member.member_id, Role.DEVELOPER)
    assert person.user_number == member.user_number
    assert (await lobby.ledger.balance(account_id)).posted == 0


async def test_a_removed_member_does_not_come_back_by_registering(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    member = await lobby.members.add(account_id=account_id, settings=MemberSettings(email=ADA))
    await lobby.members.remove(member.member_id)
    assert (await lobby.register(ADA)).membership is None
    assert (await lobby.members.member(member.member_id)).status is MemberStatus.DISABLED


@pytest.mark.parametrize("password", ["short", "ada@example.com", "aaaaaaaaaaaa", "x" * 257, "\ud800" * 12])
async def test_a_password_that_is_no_good_is_refused(lobby: Lobby, password: str) -> None:
    with pytest.raises(InputError) as refused:
        await _register(lobby, password=password)
    assert refused.value.code == "password_unfit"
    assert lobby.box.letters == []


async def test_registration_is_closed_unless_it_was_opened(
    database: Database, clock: ManualClock, data_directory: DataDirectory
) -> None:
    async with open_lobby(database, clock, data_directory, registration="off") as lobby:
        with pytest.raises(Forbidden) as refused:
            await _register(lobby)
        assert refused.value.code == "registration_closed"


async def test_without_a_mail_server_that_is_said(lobby: Lobby) -> None:
    lobby.identity.mails._mailer = None
    with pytest.raises(Unavailable) as refused:
        await _register(lobby)
    assert refused.value.code == "mail_not_configured"
    with pytest.raises(Unavailable):
        await lobby.identity.people.ask_password_reset(ADA, Language.EN)


async def test_the_books_hold_after_a_trial(lobby: Lobby) -> None:
    await lobby.register(ADA)
    ledger = Ledger(lobby.database, clock=lobby.clock, guard_factory=NoGuard)
    assert (await ledger.verify([])).verified
