"""Sign-in with an OpenID provider: who is let in, and which answers are not believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Forbidden, InputError, Unavailable
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role, StaffRole
from counterfoil.identity.oidc import CALLBACK_PATH, OpenIdConnect, is_safe_address
from counterfoil.identity.people_model import Person
from counterfoil.settings import Settings
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from identity.lobby import OPERATOR, PASSWORD, PUBLIC_URL, Lobby, open_lobby
from identity.provider import CLIENT_ID, CLIENT_SECRET, Provider, open_provider

ADA = "ada@example.com"


@pytest.fixture
async def provider(clock: ManualClock) -> AsyncIterator[Provider]:
    async with open_provider(clock) as opened:
        yield opened


@pytest.fixture
async def lobby(
    database: Database, clock: ManualClock, data_directory: DataDirectory, provider: Provider
) -> AsyncIterator[Lobby]:
    chosen = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}
    async with open_lobby(database, clock, data_directory, oidc_name="Acme ID", trial_credit="1", **chosen) as opened:
        yield opened


def _oidc(lobby: Lobby) -> OpenIdConnect:
    assert lobby.identity.oidc is not None
    return lobby.identity.oidc


async def _sign_in(lobby: Lobby, provider: Provider) -> Person:
    url, cookie = await _oidc(lobby).begin()
    return await _oidc(lobby).finish(provider.visit(url), cookie)


async def _refused(lobby: Lobby, provider: Provider) -> str:
    with pytest.raises(Forbidden) as refused:
        await _sign_in(lobby, provider)
    return refused.value.code


# Who is let in.


async def test_a_stranger_gets_an_account_where_registration_is_open(lobby: Lobby, provider: Provider) -> None:
    person = await _sign_in(lobby, provider)
    assert person.membership is not None
    assert (person.email, person.nickname, person.membership.role) == (ADA, "Ada", Role.OWNER)
    assert not person.has_password
    assert person.email_verified_at is not None
    assert (await lobby.ledger.balance(person.membership.account_id)).posted == 1_000_000_000
    assert (await _sign_in(lobby, provider)).person_id == person.person_id
    assert len(await lobby.ledger.accounts()) == 1
    assert _oidc(lobby).name == "Acme ID"


async def test_a_stranger_is_refused_where_registration_is_closed(
    database: Database, clock: ManualClock, data_directory: DataDirectory, provider: Provider
) -> None:
    chosen = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}
    async with open_lobby(database, clock, data_directory, registration="off", **chosen) as lobby:
        assert await _refused(lobby, provider) == "oidc_not_invited"
        assert await lobby.identity.people.list() == []
        account_id = await lobby.open_account()
        await lobby.identity.people.invite(OPERATOR, account_id, ADA, Role.DEVELOPER, Language.EN)
        person = await _sign_in(lobby, provider)
        assert person.membership is not None
        assert (person.membership.account_id, person.membership.role) == (account_id, Role.DEVELOPER)
        (invitation,) = await lobby.identity.people.invitations(account_id)
        assert invitation.accepted_at is not None


async def test_somebody_known_is_linked_by_the_verified_address_once(lobby: Lobby, provider: Provider) -> None:
    person = await lobby.register("ADA@example.com")
    assert (await _sign_in(lobby, provider)).person_id == person.person_id
    # From then on by the subject: what the address becomes over there is nothing to us.
    provider.claims |= {"email": "other@example.com", "email_verified": False}
    assert (await _sign_in(lobby, provider)).person_id == person.person_id
    # The password that they had shown to be theirs stays.
    await lobby.sign_in(ADA)
    provider.claims = {"sub": "somebody-else", "email": ADA, "email_verified": False}
    assert await _refused(lobby, provider) == "oidc_email_unverified"
    provider.claims = {"sub": "somebody-else"}
    provider.info = {"sub": "somebody-else"}
    assert await _refused(lobby, provider) == "oidc_email_unverified"


async def test_what_somebody_has_set_up_on_an_address_that_was_not_theirs_is_gone(
    lobby: Lobby, provider: Provider
) -> None:
    mallory = await lobby.member(ADA, Role.OWNER)
    await lobby.identity.people.change_email(OPERATOR, mallory.person_id, "x@example.com")
    await lobby.identity.people.change_email(OPERATOR, mallory.person_id, ADA)
    new = await lobby.sign_in(ADA)
    await _sign_in(lobby, provider)
    assert await lobby.identity.sessions.session(new.token, client_address="192.0.2.7") is None
    with pytest.raises(Forbidden):
        await lobby.sign_in(ADA)


async def test_a_disabled_person_is_not_let_in(lobby: Lobby, provider: Provider) -> None:
    person = await _sign_in(lobby, provider)
    await lobby.identity.people.disable(OPERATOR, person.person_id)
    assert await _refused(lobby, provider) == "sign_in_refused"


async def test_two_arrivals_of_a_stranger_at_once_make_one_person(lobby: Lobby, provider: Provider) -> None:
    people = await asyncio.gather(*(_sign_in(lobby, provider) for _ in range(4)))
    assert len({person.person_id for person in people}) == 1
    (account,) = await lobby.ledger.accounts()
    assert (await lobby.ledger.balance(account.account_id)).posted == 1_000_000_000


async def test_the_address_may_come_from_the_user_info(lobby: Lobby, provider: Provider) -> None:
    provider.claims = {"sub": "ada-1"}
    provider.info = {"sub": "ada-1", "email": ADA, "email_verified": True}
    assert (await _sign_in(lobby, provider)).email == ADA
    provider.claims = {"sub": "bob-1"}
    assert await _refused(lobby, provider) == "oidc_refused"


async def test_an_administrator_by_a_provider_is_one_who_can_sign_in(lobby: Lobby, provider: Provider) -> None:
    person = await lobby.add(ADA, StaffRole.ADMINISTRATOR)
    assert await lobby.identity.people.first_administrator_link() is not None
    assert (await _sign_in(lobby, provider)).person_id == person.person_id
    assert await lobby.identity.people.first_administrator_link() is None


# Which answers are not believed.


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"}, {"aud": "another-client"}, {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"exp": 1_600_000_000}, {"nonce": "another sign-in's"}, {"nonce": None}, {"exp": None}, {"sub": None},
        {"nbf": 1_900_000_000}, {"at_hash": "of another token"},
    ],
    ids=str,
)  # fmt: skip
async def test_what_the_provider_has_signed_for_others_or_another_time_is_refused(
    lobby: Lobby, provider: Provider, change: dict[str, Any]
) -> None:
    provider.change = change
    assert await _refused(lobby, provider) == "oidc_refused"
    assert await lobby.identity.people.list() == []


async def test_what_others_have_signed_is_refused(lobby: Lobby, provider: Provider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "first"})
    assert await _refused(lobby, provider) == "oidc_refused"
    # With the public key, or the client's secret, as if it were a shared one; or with nothing at all.
    for secret in (provider.key.as_pem(private=False), CLIENT_SECRET.encode()):
        provider.shared, provider.algorithm = secret, "HS256"
        assert await _refused(lobby, provider) == "oidc_refused"
    provider.algorithm = "none"
    assert await _refused(lobby, provider) == "oidc_refused"


async def test_an_answer_for_another_browser_is_refused(lobby: Lobby, provider: Provider) -> None:
    oidc = _oidc(lobby)
    url, cookie = await oidc.begin()
    other_url, other_cookie = await oidc.begin()
    query, other = provider.visit(url), provider.visit(other_url)
    for asked, brought in (
        (query, other_cookie), (other, cookie), (query, ""), (query, "x" * 100), (query, cookie[:-4]),
        (query, "é"), (query, "x" * 5_000), ({**query, "state": ""}, cookie), ({"code": query["code"]}, cookie),
        ({**query, "iss": "https://evil.example"}, cookie), ({"error": "access_denied", "state": query["state"]}, cookie),
        ({**query, "code": other["code"]}, cookie), ({**query, "code": "x" * 5_000}, cookie),
    ):  # fmt: skip
        with pytest.raises(Forbidden) as refused:
            await oidc.finish(asked, brought)
        assert refused.value.code == "oidc_refused"
    assert (await oidc.finish(query, cookie)).email == ADA
    with pytest.raises(Forbidden):
        await oidc.finish(query, cookie)


async def test_who_takes_more_than_ten_minutes_begins_again(lobby: Lobby, provider: Provider) -> None:
    url, cookie = await _oidc(lobby).begin()
    query = provider.visit(url)
    lobby.clock.advance(seconds=601)
    with pytest.raises(Forbidden):
        await _oidc(lobby).finish(query, cookie)


async def test_the_cookie_tells_nothing_and_the_address_no_secret(lobby: Lobby, provider: Provider) -> None:
    url, cookie = await _oidc(lobby).begin()
    asked = parse_qs(urlsplit(url).query)
    assert asked["redirect_uri"] == [PUBLIC_URL + CALLBACK_PATH]
    assert asked["state"][0] not in cookie
    assert CLIENT_SECRET not in url
    assert asked["code_challenge"][0] not in cookie


# The provider.


async def test_the_provider_is_asked_about_itself_once_an_hour_and_for_new_keys(
    lobby: Lobby, provider: Provider
) -> None:
    for _ in range(3):
        await _sign_in(lobby, provider)
    assert provider.asked.count("discovery") == 1
    provider.key = RSAKey.generate_key(2048, {"kid": "second"})
    assert await _refused(lobby, provider) == "oidc_refused"
    lobby.clock.advance(seconds=61)
    await _sign_in(lobby, provider)
    assert provider.asked.count("keys") == 2
    lobby.clock.advance(seconds=3_601)
    await _sign_in(lobby, provider)
    assert provider.asked.count("discovery") == 3


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}, {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"}, {"userinfo_endpoint": "http://evil.example/me"},
    ],
    ids=str,
)  # fmt: skip
async def test_a_provider_that_describes_itself_wrongly_is_not_used(
    lobby: Lobby, provider: Provider, described: dict[str, Any]
) -> None:
    provider.described = described
    with pytest.raises(Unavailable) as refused:
        await _oidc(lobby).begin()
    assert refused.value.code == "oidc_unavailable"


async def test_a_provider_that_has_gone_is_said_to_have(
    database: Database, clock: ManualClock, data_directory: DataDirectory
) -> None:
    chosen = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": CLIENT_ID}
    async with open_lobby(database, clock, data_directory, **chosen) as lobby:
        with pytest.raises(Unavailable):
            await _oidc(lobby).begin()


async def test_without_a_provider_there_is_none(
    database: Database, clock: ManualClock, data_directory: DataDirectory
) -> None:
    async with open_lobby(database, clock, data_directory) as lobby:
        assert lobby.identity.oidc is None


def test_a_provider_must_be_reached_encrypted() -> None:
    for issuer in ("http://id.example", "ftp://id.example", "https://", "https://id.example/?x=1"):
        with pytest.raises(InputError):
            Settings.load({}, oidc_issuer=issuer, oidc_client_id="x")
    with pytest.raises(InputError):
        Settings.load({}, oidc_issuer="https://id.example")
    assert not is_safe_address("https://")
    assert not is_safe_address("http://[")
    assert is_safe_address("https://id.example/token")


async def test_the_password_of_a_person_is_not_needed_by_the_provider(lobby: Lobby, provider: Provider) -> None:
    person = await _sign_in(lobby, provider)
    new = await lobby.begin(person.person_id)
    assert not new.session.person.has_password
    await lobby.identity.people.change_password(new.session, "", PASSWORD)
    assert (await lobby.identity.people.person(person.person_id)).has_password
    await lobby.sign_in(ADA)
