"""One's own profile: name and language, sign-in, sessions, tokens."""

from __future__ import annotations

import re

import pyotp

from console.visitors import OPERATOR, House, Visitor
from counterfoil.identity.access import Role, StaffRole

PASSWORD = "five chestnuts by the river"
QUARTER_OF_AN_HOUR = 16 * 60 * 1_000_000


async def test_name_language_and_zone_are_kept_and_used(house: House) -> None:
    owner = await house.member(await house.open_account())
    response = await owner.post(
        "/profile", {"nickname": "Lin", "language": "zh", "time_zone": "Asia/Shanghai", "theme": "dark"}
    )
    page = await owner.follow(response)
    assert "已保存" in page
    assert 'data-theme="dark"' in page
    assert "中国标准时间" in page
    assert 'value="Lin"' in page


async def test_what_is_wrong_stays_typed_and_changes_nothing(house: House) -> None:
    owner = await house.member(await house.open_account())
    page = (
        await owner.post("/profile", {"nickname": "Lin", "time_zone": "Mars/Base", "theme": "dark"}, status=422)
    ).text
    assert 'value="Lin"' in page
    assert owner.person is not None
    kept = await house.services.people.person(owner.person.person_id)
    assert (kept.nickname, kept.time_zone, kept.theme) == (owner.person.nickname, None, owner.person.theme)


async def test_a_first_password_is_set_and_changing_it_takes_the_present_one(house: House) -> None:
    owner = await house.member(await house.open_account())
    assert owner.person is not None
    elsewhere = await house.sign_in(owner.person)
    response = await owner.post("/profile/password", {"password": PASSWORD})
    assert "Password changed" in await owner.follow(response)
    assert (await elsewhere.client.get("/console/profile")).status_code == 303
    await owner.post("/profile/password", {"current": "wrong by far", "password": "quite another one"}, status=403)
    await owner.post("/profile/password", {"current": PASSWORD, "password": "quite another one"})
    await house.stranger().post("/sign-in", {"email": owner.person.email, "password": "quite another one"})


async def test_a_second_factor_is_drawn_confirmed_and_removed(house: House) -> None:
    owner = await house.member(await house.open_account())
    await owner.post("/profile/password", {"password": PASSWORD})
    scan = await owner.post("/profile/second-factor", status=200)
    assert scan.headers["cache-control"] == "no-store"
    assert re.search(r'<svg class="qr" viewBox="-4 -4 \d+ \d+" role="img"[^>]*><path d="M0 0h7v1h-7z', scan.text)
    address = re.search(r'name="address" value="([^"]+)"', scan.text)
    assert address is not None
    totp = pyotp.parse_uri(address[1].replace("&amp;", "&"))
    await owner.post("/profile/second-factor/confirm", {"code": totp.now()}, status=200)
    assert "On" in await owner.get("/profile/security")
    assert (await owner.client.get("/console/profile/second-factor")).status_code == 303
    await owner.post("/profile/second-factor/remove", {"password": "no", "code": totp.now()}, status=403)
    assert owner.person is not None
    assert (await house.services.people.person(owner.person.person_id)).has_totp


async def test_what_a_wrong_code_brings_back_is_drawn_only_if_it_is_a_secret_for_an_app(house: House) -> None:
    owner = await house.member(await house.open_account())
    await owner.post("/profile/second-factor", status=200)
    page = await owner.post(
        "/profile/second-factor/confirm", {"code": "000000", "address": "https://elsewhere.example/"}, status=403
    )
    assert "elsewhere.example" not in page.text


async def test_sessions_are_listed_and_ended_by_their_owner_alone(house: House) -> None:
    account = await house.open_account()
    owner, other = await house.member(account), await house.member(account, Role.DEVELOPER)
    assert owner.person is not None
    elsewhere = await house.sign_in(owner.person)
    page = await owner.get("/profile/sessions")
    assert "this browser" in page
    assert "192.0.2.7" in page
    [wanted] = re.findall(r"/console/profile/sessions/(sess_[0-9a-f]{32})/end", page)
    await other.post(f"/profile/sessions/{wanted}/end", status=404)
    await elsewhere.get("/profile")
    await owner.post(f"/profile/sessions/{wanted}/end")
    assert (await elsewhere.client.get("/console/profile")).status_code == 303
    third = await house.sign_in(owner.person)
    await owner.post("/profile/sessions/others/end")
    assert (await third.client.get("/console/profile")).status_code == 303
    await owner.get("/profile")


async def test_a_token_is_shown_once_may_what_was_ticked_and_is_revoked(house: House) -> None:
    account = await house.open_account()
    owner, other = await house.member(account), await house.member(account, Role.DEVELOPER)
    form = await owner.get("/profile/tokens")
    assert 'value="money.read"' in form
    assert 'value="orders.write"' not in form
    made = await owner.post(
        "/profile/tokens", {"name": "Monthly report", "days": "30", "scope": ["usage.read", "money.read"]}, status=200
    )
    [token] = re.findall(r'<code id="once">(cft_[\w-]+)</code>', made.text)
    principal = await house.services.tokens.principal(token)
    assert principal is not None
    assert principal.scopes == {"usage.read", "money.read"}
    page = await owner.get("/profile/tokens")
    assert token not in page
    assert "Monthly report" in page
    [path] = re.findall(r'action="(/console/profile/tokens/rtok_[0-9a-f]{32}/revoke)"', page)
    await other.post(path, status=404)
    assert await house.services.tokens.principal(token) is not None
    await owner.post(path)
    assert await house.services.tokens.principal(token) is None


async def test_a_token_may_no_more_than_its_owner(house: House) -> None:
    developer = await house.member(await house.open_account(), Role.DEVELOPER)
    page = await developer.post(
        "/profile/tokens", {"name": "Too much", "days": "30", "scope": "money.read"}, status=422
    )
    assert 'value="Too much"' in page.text
    await developer.post("/profile/tokens", {"name": "For ever", "days": "7", "scope": "usage.read"}, status=422)
    assert developer.person is not None
    assert await house.services.tokens.list(developer.person.person_id) == []


async def test_what_is_dangerous_asks_who_is_sitting_there(house: House) -> None:
    """A session that was confirmed long ago shows the way, and its forms are refused."""
    owner = await house.member(await house.open_account())
    await owner.post("/profile/password", {"password": PASSWORD})
    assert owner.person is not None
    [session] = await house.services.sessions.of_person(owner.person.person_id)
    async with house.services.database.unit_of_work() as connection:
        await connection.execute(
            "UPDATE sessions SET confirmed_at = confirmed_at - %s WHERE session_id = %s",
            (QUARTER_OF_AN_HOUR, session.session_id),
        )
    assert "Before a token is made" in await owner.get("/profile/tokens")
    await owner.post("/profile/tokens", {"name": "Sneaked", "days": "30", "scope": "usage.read"}, status=403)
    await owner.post("/profile/second-factor", status=303)
    response = await owner.client.get("/console/profile/second-factor")
    assert response.headers["location"] == "/console/confirm?next=%2Fconsole%2Fprofile%2Fsecond-factor"
    assert "Confirm that it is you" in await owner.get(response.headers["location"])
    await owner.post("/confirm", {"password": "wrong by far", "next": "/console/profile/tokens"}, status=403)
    going_on = await owner.post("/confirm", {"password": PASSWORD, "next": "/console/profile/tokens"})
    assert going_on.headers["location"] == "/console/profile/tokens"
    assert 'name="scope"' in await owner.get("/profile/tokens")


async def test_an_editor_without_an_account_has_a_profile_too(house: House) -> None:
    editor = await house.staff(StaffRole.EDITOR)
    page = await editor.get("/profile")
    assert editor.person is not None
    assert editor.person.email in page
    assert "articles.write" in await editor.get("/profile/tokens")


async def test_a_disabled_person_is_out_at_once(house: House) -> None:
    owner: Visitor = await house.member(await house.open_account())
    assert owner.person is not None
    await house.services.people.disable(OPERATOR, owner.person.person_id)
    assert (await owner.client.get("/console/profile")).status_code == 303
