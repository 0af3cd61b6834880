"""Coming in and going out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest

from console.letters import LetterBox, house_with_mail
from console.visitors import OPERATOR, PUBLIC_URL, House, Visitor, csrf_in
from counterfoil.console.security import SESSION_COOKIE
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role, StaffRole
from identity.provider import CLIENT_ID, CLIENT_SECRET, open_provider

PASSWORD = "five chestnuts by the river"
ADDRESS = "lin@example.com"


@pytest.fixture
async def posted(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[House, LetterBox]]:
    async with house_with_mail(database_url, tmp_path, REGISTRATION="on", TRIAL_CREDIT="5") as opened:
        yield opened


async def sign_in(
    visitor: Visitor, *, email: str = ADDRESS, password: str = PASSWORD, status: int = 303, **more: str
) -> str:
    """Sign in by the form; gives where one is sent, or the page that says why not."""
    response = await visitor.post("/sign-in", {"email": email, "password": password, **more}, status=status)
    return response.headers["location"] if status == 303 else response.text


async def registered(house: House, box: LetterBox) -> Visitor:
    """Somebody who has registered, followed the link and signed in."""
    visitor = house.stranger()
    await visitor.post("/register", {"email": ADDRESS, "password": PASSWORD, "nickname": "Lin"})
    await house.services.people.clean()
    [link] = await links(box, ADDRESS)
    await visitor.post(link)
    await sign_in(visitor)
    visitor.csrf = csrf_in(await visitor.get("/profile"))
    return visitor


async def links(box: LetterBox, email: str, *, count: int = 1) -> list[str]:
    """The links that somebody has been sent, once there are so many: mails go out without anybody waiting."""
    for _ in range(200):
        if len(box.links_to(email)) >= count:
            break
        await asyncio.sleep(0.02)
    return box.links_to(email)


async def test_a_stranger_is_sent_to_sign_in_and_from_there_to_where_they_wanted(house: House) -> None:
    account = await house.open_account()
    path = f"/console/accounts/acct_{account.account_id.hex}/overview"
    stranger = house.stranger()
    response = await stranger.client.get(path)
    assert response.status_code == 303
    assert response.headers["location"].startswith("/console/sign-in?next=%2Fconsole%2Faccounts")
    page = await stranger.get(response.headers["location"])
    assert f'name="next" value="{path}"' in page


async def test_registering_opens_an_account_with_its_trial_once(posted: tuple[House, LetterBox]) -> None:
    house, box = posted
    visitor = house.stranger()
    response = await visitor.post("/register", {"email": ADDRESS, "password": PASSWORD, "nickname": "Lin"})
    assert "Look at your mail" in await visitor.follow(response)
    [link] = await links(box, ADDRESS)
    page = await visitor.get(link)
    assert "Confirm your address" in page
    # Mail programs open links by themselves: that alone confirms nothing.
    assert await house.services.people.find(ADDRESS) == []
    confirmed = await visitor.post(link)
    assert "Address confirmed" in await visitor.follow(confirmed)
    assert (await sign_in(visitor)).endswith("/overview")
    overview = await visitor.client.get("/console/", follow_redirects=True)
    assert "$5.00" in overview.text
    # Once followed, the link is worth nothing.
    again = house.stranger()
    assert "link" in (await again.post(link, status=404)).text
    [person] = await house.services.people.find(ADDRESS)
    assert person.membership is not None
    assert person.membership.role is Role.OWNER


async def test_a_known_address_is_answered_as_an_unknown_one(posted: tuple[House, LetterBox]) -> None:
    house, box = posted
    await registered(house, box)
    answers = []
    for address in (ADDRESS, "nobody@example.com"):
        stranger = house.stranger()
        response = await stranger.post("/register", {"email": address, "password": PASSWORD})
        answers.append((response.headers["location"], await stranger.follow(response)))
        response = await stranger.post("/forgotten", {"email": address})
        answers.append((response.headers["location"], await stranger.follow(response)))
    assert answers[:2] == answers[2:]


async def test_registering_is_closed_unless_the_operator_opens_it(house: House) -> None:
    stranger = house.stranger()
    assert "Registration is closed here" in await stranger.get("/register")
    assert "/console/register" not in await stranger.get("/sign-in")
    answer = await stranger.post("/register", {"email": ADDRESS, "password": PASSWORD}, status=403)
    assert ADDRESS not in answer.headers.get("location", "")
    assert await house.services.people.find(ADDRESS) == []


async def test_without_a_mail_server_pages_say_so_and_offer_no_form(house: House) -> None:
    stranger = house.stranger()
    page = await stranger.get("/forgotten")
    assert "No reset by e-mail here" in page
    assert 'action="/console/forgotten"' not in page
    assert (await stranger.post("/forgotten", {"email": ADDRESS}, status=503)).status_code == 503


async def test_a_lost_password_is_chosen_anew_and_every_session_ends(posted: tuple[House, LetterBox]) -> None:
    house, box = posted
    before = await registered(house, box)
    stranger = house.stranger()
    await stranger.post("/forgotten", {"email": ADDRESS})
    link = (await links(box, ADDRESS, count=2))[-1]
    page = await stranger.post(link, {"password": "short"}, status=422)
    assert 'name="password"' in page.text
    response = await stranger.post(link, {"password": "another river, other nuts"})
    assert "The new password is set" in await stranger.follow(response)
    assert (await before.client.get("/console/profile")).status_code == 303
    await sign_in(stranger, status=403)
    await sign_in(stranger, password="another river, other nuts")


async def test_pages_with_a_secret_address_send_no_referrer(posted: tuple[House, LetterBox]) -> None:
    house, _ = posted
    for path in ("verify", "reset", "invitation", "welcome"):
        response = await house.stranger().client.get(f"/console/{path}/whatever")
        assert response.headers["referrer-policy"] == "no-referrer", path


async def test_a_form_of_a_page_without_referrer_names_no_origin_and_is_taken(posted: tuple[House, LetterBox]) -> None:
    house, box = posted
    stranger = house.stranger()
    await stranger.post("/register", {"email": ADDRESS, "password": PASSWORD})
    [link] = await links(box, ADDRESS)
    await stranger.post(link, headers={"origin": "null", "sec-fetch-site": "cross-site"}, status=403)
    await stranger.post(link, headers={"origin": "null"}, status=403)
    taken = await stranger.post(link, headers={"origin": "null", "sec-fetch-site": "same-origin"})
    assert "Address confirmed" in await stranger.follow(taken)


async def test_an_invitation_to_the_account_is_accepted_with_a_password(posted: tuple[House, LetterBox]) -> None:
    house, box = posted
    account = await house.open_account("Acme")
    await house.services.people.invite(OPERATOR, account.account_id, "kim@example.com", Role.DEVELOPER, Language.EN)
    [link] = await links(box, "kim@example.com")
    visitor = house.stranger()
    page = await visitor.get(link)
    assert "kim@example.com" in page
    assert "Acme" in page
    assert "Developer" in page
    response = await visitor.post(link, {"password": PASSWORD, "nickname": "Kim"})
    assert response.headers["location"].endswith("/overview")
    assert "Acme" in await visitor.follow(response)
    assert (await house.stranger().post(link, {"password": PASSWORD}, status=404)).status_code == 404


async def test_whoever_is_known_signs_in_and_then_accepts(posted: tuple[House, LetterBox]) -> None:
    house, box = posted
    await registered(house, box)
    made = await house.services.people.invite_staff(OPERATOR, ADDRESS, [StaffRole.SUPPORT], Language.EN)
    assert made.link is None
    link = (await links(box, ADDRESS, count=2))[-1]
    stranger = house.stranger()
    page = await stranger.get(link)
    assert "Sign in first" in page
    assert 'name="password"' not in page
    somebody_else = await house.member(await house.open_account("Other"))
    assert "This invitation is for another address" in await somebody_else.get(link)
    await somebody_else.post(link, status=403)
    location = await sign_in(stranger, next=link)
    assert location == link
    stranger.csrf = csrf_in(await stranger.get(link))
    response = await stranger.post(link)
    assert "You have joined" in await stranger.follow(response)
    [person] = await house.services.people.find(ADDRESS)
    assert person.staff_roles == {StaffRole.SUPPORT}
    assert person.membership is not None


async def test_the_first_administrator_is_made_by_the_link_and_only_once(house: House) -> None:
    link = await house.services.people.first_administrator_link()
    assert link is not None
    path = "/console" + link.partition("/console")[2]
    visitor = house.stranger()
    assert "Welcome" in await visitor.get(path)
    weak = await visitor.post(path, {"email": ADDRESS, "password": "short"}, status=422)
    assert 'value="lin@example.com"' in weak.text
    response = await visitor.post(path, {"email": ADDRESS, "password": PASSWORD, "nickname": "Lin"})
    assert response.headers["location"] == "/console/staff"
    await house.stranger().get(path, status=404)
    [person] = await house.services.people.find(ADDRESS)
    assert person.staff_roles == {StaffRole.ADMINISTRATOR}


async def test_signing_in_wrongly_says_one_thing_and_then_how_long_to_wait(posted: tuple[House, LetterBox]) -> None:
    house, box = posted
    await registered(house, box)
    stranger = house.stranger()
    unknown = await sign_in(stranger, email="nobody@example.com", status=403)
    wrong = await sign_in(stranger, password="not this one at all", status=403)
    assert unknown.replace("nobody@example.com", ADDRESS) == wrong
    assert "not this one at all" not in wrong
    for _ in range(10):
        response = await stranger.client.post(
            "/console/sign-in", data={"email": ADDRESS, "password": "not this either"}, headers={"origin": PUBLIC_URL}
        )
        if response.status_code == 429:
            break
    assert response.status_code == 429
    seconds = int(response.headers["retry-after"])
    assert seconds >= 1
    assert f"Try again in {seconds} seconds" in response.text


async def test_signing_out_ends_the_session_here_and_nowhere_else(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    assert owner.person is not None
    elsewhere = await house.sign_in(owner.person)
    token = owner.client.cookies[SESSION_COOKIE]
    response = await owner.post("/sign-out")
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert await house.services.sessions.session(token, client_address="192.0.2.7") is None
    await elsewhere.get("/profile")


async def test_the_code_is_asked_for_after_the_password_and_taken_once(posted: tuple[House, LetterBox]) -> None:
    house, box = posted
    visitor = await registered(house, box)
    scan = await visitor.post("/profile/second-factor", status=200)
    address = scan.text.partition('name="address" value="')[2].partition('"')[0].replace("&amp;", "&")
    secret = pyotp.parse_uri(address).secret
    wrong = await visitor.post("/profile/second-factor/confirm", {"code": "000000", "address": address}, status=403)
    assert f'name="address" value="{address.replace("&", "&amp;")}"' in wrong.text
    done = await visitor.post(
        "/profile/second-factor/confirm", {"code": pyotp.TOTP(secret).now(), "address": address}, status=200
    )
    codes = [part.partition("<")[0] for part in done.text.split("<li><code>")[1:]]
    assert len(codes) == 10
    stranger = house.stranger()
    asked = await sign_in(stranger, status=403)
    assert 'name="totp"' in asked
    assert f'value="{ADDRESS}"' in asked
    assert SESSION_COOKIE not in stranger.client.cookies
    await sign_in(stranger, status=403, totp="123456")
    await sign_in(stranger, totp=codes[0])
    await sign_in(house.stranger(), status=403, totp=codes[0])


async def test_preferences_are_kept_and_lead_back(house: House) -> None:
    owner = await house.member(await house.open_account())
    response = await owner.post("/preferences", {"language": "zh", "next": "/console/profile"})
    assert response.headers["location"] == "/console/profile"
    assert "个人资料" in await owner.get("/profile")
    await owner.post("/preferences", {"theme": "dark"})
    assert 'data-theme="dark"' in await owner.get("/profile")
    await owner.post("/preferences", {"language": "xx"}, status=422)


async def test_in_a_demo_one_is_whom_one_chooses_and_elsewhere_nobody(house: House) -> None:
    owner = await house.member(await house.open_account())
    assert owner.person is not None
    stranger = house.stranger()
    await stranger.post("/demo-sign-in", {"person": owner.person.person_id.hex}, status=404)
    assert SESSION_COOKIE not in stranger.client.cookies


async def test_a_provider_of_sign_in_is_one_button_and_leads_back_to_where_one_wanted(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        open_provider(SystemClock()) as provider,  # type: ignore[arg-type]
        house_with_mail(
            database_url, tmp_path, REGISTRATION="on", OIDC_ISSUER=provider.issuer, OIDC_CLIENT_ID=CLIENT_ID,
            OIDC_CLIENT_SECRET=CLIENT_SECRET, OIDC_NAME="Acme ID",
        ) as (house, _),
    ):  # fmt: skip
        visitor = house.stranger()
        assert "Sign in with Acme ID" in await visitor.get("/sign-in")
        sent = await visitor.client.get("/console/oidc/begin", params={"next": "/console/profile/tokens"})
        assert sent.status_code == 303
        assert sent.headers["location"].startswith(f"{provider.issuer}/")
        query = provider.visit(sent.headers["location"])
        # Another browser, to which somebody has been sent with this answer, gets nothing by it.
        await house.stranger().get("/oidc/callback", status=403, **query)
        back = await visitor.client.get("/console/oidc/callback", params=query)
        assert back.headers["location"] == "/console/profile/tokens"
        assert "ada@example.com" in await visitor.get("/profile")
        await visitor.get("/oidc/callback", status=403, **query)
        hostile = await visitor.client.get("/console/oidc/begin", params={"next": "https://evil.example"})
        again = await visitor.client.get("/console/oidc/callback", params=provider.visit(hostile.headers["location"]))
        assert again.headers["location"].endswith("/overview")


async def test_without_a_provider_there_is_no_button_and_no_page(house: House) -> None:
    stranger = house.stranger()
    assert "/console/oidc" not in await stranger.get("/sign-in")
    await stranger.get("/oidc/begin", status=404)
    await stranger.get("/oidc/callback", status=404)
