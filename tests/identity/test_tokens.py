"""REST tokens: never more than their person may do, and nothing once they have ended."""

from __future__ import annotations

import pytest

from counterfoil.foundation.errors import Conflict, Forbidden, InputError, NotFound
from counterfoil.identity.access import Need, Own, Role, Staff, StaffRole, decide, own_permissions
from counterfoil.identity.people_rules import CONFIRMED_MICROS
from identity.lobby import OPERATOR, Lobby

ADA = "ada@example.com"
DAY = 86_400_000_000


async def test_a_token_may_do_what_its_scopes_say(lobby: Lobby) -> None:
    person = await lobby.member(ADA, Role.ADMIN)
    assert person.membership is not None
    new = await lobby.identity.tokens.create(person, " nightly ", [Own.USAGE_READ])
    assert new.token.startswith("cft_")
    assert len(new.token) > 43
    assert new.token not in repr(new)
    assert (new.rest_token.name, new.rest_token.mask) == ("nightly", f"cft_…{new.token[-4:]}")
    principal = await lobby.identity.tokens.principal(new.token)
    assert principal is not None
    assert (principal.name, principal.person_id, principal.scopes) == (ADA, person.person_id, {"usage.read"})
    account_id = person.membership.account_id
    assert decide(principal, Need(own=Own.USAGE_READ), account_id=account_id).allowed
    assert not decide(principal, Need(own=Own.KEYS_WRITE), account_id=account_id).allowed
    assert not decide(principal, Need(own=Own.USAGE_READ), account_id=lobby.clock.new_id()).allowed


async def test_a_token_never_exceeds_what_its_person_may_do(lobby: Lobby) -> None:
    person = await lobby.member(ADA, Role.DEVELOPER)
    for scopes in ([], [Own.MONEY_READ], [Staff.ACCOUNTS_READ], ["everything"], [Own.USAGE_READ, "x"]):
        with pytest.raises(InputError) as refused:
            await lobby.identity.tokens.create(person, "script", scopes)
        assert refused.value.code == "scopes_unfit"
    assert await lobby.identity.tokens.list(person.person_id) == []


async def test_a_token_shrinks_with_its_person(lobby: Lobby) -> None:
    account_id = await lobby.open_account()
    person = await lobby.member(ADA, Role.ADMIN, account_id=account_id)
    assert person.membership is not None
    new = await lobby.identity.tokens.create(person, "script", [Own.MEMBERS_WRITE, Own.USAGE_READ])
    await lobby.identity.people.set_role(OPERATOR, person.membership.member_id, Role.DEVELOPER)
    principal = await lobby.identity.tokens.principal(new.token)
    assert principal is not None
    assert own_permissions(principal) == {Own.USAGE_READ}
    await lobby.members.remove(person.membership.member_id)
    principal = await lobby.identity.tokens.principal(new.token)
    assert principal is not None
    assert own_permissions(principal) == set()


async def test_a_token_ends_when_it_is_revoked_or_expires(lobby: Lobby) -> None:
    person = await lobby.staff(ADA, StaffRole.SUPPORT)
    tokens, now = lobby.identity.tokens, lobby.clock.now()
    first = await tokens.create(person, "first", [Staff.ACCOUNTS_READ])
    second = await tokens.create(person, "second", [Staff.ACCOUNTS_READ], now + DAY)
    for _ in range(2):
        revoked = await tokens.revoke(first.rest_token.token_id, by=person.principal())
        assert revoked.revoked_at == now
    assert await tokens.principal(first.token) is None
    lobby.clock.advance(micros=DAY - 1)
    assert await tokens.principal(second.token) is not None
    lobby.clock.advance(micros=1)
    assert await tokens.principal(second.token) is None
    assert {one.name for one in await tokens.list(person.person_id)} == {"first", "second"}


async def test_what_is_no_token_is_nobodys(lobby: Lobby) -> None:
    person = await lobby.staff(ADA, StaffRole.SUPPORT)
    new = await lobby.identity.tokens.create(person, "script", [Staff.ACCOUNTS_READ])
    session = await lobby.begin(person.person_id)
    for token in ("", "cft_", new.token[:-1], new.token + "x", "cft_" + session.token, session.token, "cft_\ud800"):
        assert await lobby.identity.tokens.principal(token) is None
    assert await lobby.identity.sessions.session(new.token, client_address="192.0.2.7") is None


async def test_anothers_token_is_not_found(lobby: Lobby) -> None:
    ada, bob = [await lobby.staff(email, StaffRole.SUPPORT) for email in (ADA, "bob@example.com")]
    new = await lobby.identity.tokens.create(ada, "script", [Staff.ACCOUNTS_READ])
    with pytest.raises(NotFound):
        await lobby.identity.tokens.revoke(new.rest_token.token_id, by=bob.principal(), person_id=bob.person_id)
    assert await lobby.identity.tokens.principal(new.token) is not None
    assert await lobby.identity.tokens.list(bob.person_id) == []


async def test_making_one_in_an_old_session_asks_again_who_is_there(lobby: Lobby) -> None:
    person = await lobby.staff(ADA, StaffRole.SUPPORT)
    new = await lobby.begin(person.person_id)
    await lobby.identity.tokens.create(new.session, "script", [Staff.ACCOUNTS_READ])
    lobby.clock.advance(micros=CONFIRMED_MICROS + 1)
    with pytest.raises(Forbidden) as refused:
        await lobby.identity.tokens.create(new.session, "script", [Staff.ACCOUNTS_READ])
    assert refused.value.code == "confirmation_needed"


async def test_names_and_times_are_checked_and_tokens_are_not_endless(lobby: Lobby) -> None:
    person = await lobby.staff(ADA, StaffRole.SUPPORT)
    tokens = lobby.identity.tokens
    for name, expires_at in (("", None), ("x" * 121, None), ("a\nb", None), ("script", lobby.clock.now())):
        with pytest.raises(InputError):
            await tokens.create(person, name, [Staff.ACCOUNTS_READ], expires_at)
    for number in range(100):
        lobby.clock.advance(micros=1)
        await tokens.create(person, f"n{number}", [Staff.ACCOUNTS_READ])
    with pytest.raises(Conflict) as refused:
        await tokens.create(person, "one more", [Staff.ACCOUNTS_READ])
    assert refused.value.code == "tokens_too_many"
    page = await tokens.list(person.person_id, at_most=60)
    rest = await tokens.list(person.person_id, before=page[-1].token_id)
    assert [one.name for one in [*page, *rest]] == [f"n{number}" for number in reversed(range(100))]


async def test_the_day_of_its_last_use_is_kept(lobby: Lobby) -> None:
    person = await lobby.staff(ADA, StaffRole.SUPPORT)
    new = await lobby.identity.tokens.create(person, "script", [Staff.ACCOUNTS_READ])
    for _ in range(2):
        await lobby.identity.tokens.principal(new.token)
        (kept,) = await lobby.identity.tokens.list(person.person_id)
        assert kept.last_used_at == lobby.clock.now() // DAY * DAY
        lobby.clock.advance(micros=DAY)
