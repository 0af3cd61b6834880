"""Signing in over REST, oneself, tokens for programs, people and invitations."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest

from api.conftest import PREFIX, Desk
from api.town import House, as_, enrol, hire, session_of
from counterfoil.identity.access import Role, StaffRole
from counterfoil.identity.people_service import Newcomer

PASSWORD, NEW_PASSWORD = "a long enough one", "another long enough one"
EMAIL = "ada@desk.example"


async def ask(desk: Desk, token: str | None, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = await desk.client.request(method, PREFIX + path, json=body, headers=as_(token))
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture
async def ada(desk: Desk) -> str:
    """An administrator with a password; gives the token of a session."""
    link = await desk.office.entry.people.first_administrator_link()
    assert link is not None
    await desk.office.entry.people.accept_first_link(link.rpartition("/")[2], EMAIL, PASSWORD, "Ada")
    signed_in = await ask(desk, None, "POST", "/session", {"email": EMAIL, "password": PASSWORD}, 201)
    token: str = signed_in["token"]
    return token


async def test_whoever_signs_in_is_told_who_they_are(desk: Desk, ada: str) -> None:
    me = await ask(desk, ada, "GET", "/me")
    assert (me["name"], me["email"], me["nickname"], me["staff_roles"]) == (EMAIL, EMAIL, "Ada", ["administrator"])
    assert "people.write" in me["staff_permissions"]
    assert (me["own_permissions"], me["account_id"]) == ([], None)
    changed = await ask(desk, ada, "PATCH", "/me", {"nickname": "Countess", "language": "zh", "theme": "dark"})
    assert (changed["nickname"], changed["language"], changed["theme"]) == ("Countess", "zh", "dark")
    kept = await ask(desk, ada, "PATCH", "/me", {"language": None})
    assert (kept["nickname"], kept["language"], kept["theme"]) == ("Countess", None, "dark")
    operator = await desk.ask("GET", "/me")
    assert (operator["name"], operator["person_id"]) == ("operator", None)


async def test_a_wrong_password_and_an_unknown_address_read_the_same(desk: Desk, ada: str) -> None:
    wrong = await ask(desk, None, "POST", "/session", {"email": EMAIL, "password": "wrong"}, 401)
    unknown = await ask(desk, None, "POST", "/session", {"email": "nobody@desk.example", "password": "wrong"}, 401)
    assert wrong == unknown
    assert wrong["code"] == "sign_in_refused"


async def test_signing_out_ends_a_session_and_no_other(desk: Desk, ada: str) -> None:
    other = (await ask(desk, None, "POST", "/session", {"email": EMAIL, "password": PASSWORD}, 201))["token"]
    sessions = (await ask(desk, ada, "GET", "/me/sessions"))["items"]
    assert [one["is_this"] for one in sessions] == [False, True]
    await ask(desk, other, "DELETE", "/session")
    assert (await ask(desk, other, "GET", "/me", status=401))["code"] == "unauthenticated"
    await ask(desk, ada, "GET", "/me")
    third = (await ask(desk, None, "POST", "/session", {"email": EMAIL, "password": PASSWORD}, 201))["token"]
    assert await ask(desk, third, "DELETE", "/me/sessions") == {"ended": 1}
    await ask(desk, ada, "GET", "/me", status=401)


async def test_a_token_does_what_its_scopes_say_until_it_is_revoked(desk: Desk, ada: str) -> None:
    account = await desk.open_account()
    made = await ask(desk, ada, "POST", "/me/tokens", {"name": "a script", "scopes": ["accounts.read"]}, 201)
    token = made["token"]
    assert made["mask"] == f"cft_…{token[-4:]}"
    await ask(desk, token, "GET", f"/accounts/{account}")
    refused = await ask(desk, token, "PATCH", f"/accounts/{account}", {"name": "x"}, 403)
    assert refused["parameters"] == {"permission": "accounts.write"}
    assert (await ask(desk, token, "GET", "/me"))["staff_permissions"] == ["accounts.read"]
    # A token makes no other tokens, and changes nothing of whoever it stands for.
    more = {"name": "more", "scopes": ["accounts.write"]}
    for method, path, body in (
        ("POST", "/me/tokens", more),
        ("PATCH", "/me", {"nickname": "x"}),
        ("GET", "/me/sessions", None),
        ("PUT", "/me/password", {"current": PASSWORD, "new": NEW_PASSWORD}),
    ):
        assert (await ask(desk, token, method, path, body, 403))["code"] == "session_required"
    listed = (await ask(desk, ada, "GET", "/me/tokens"))["items"]
    assert [(one["token_id"], one["scopes"], "token" in one) for one in listed] == [
        (made["token_id"], ["accounts.read"], False)
    ]
    revoked = await ask(desk, ada, "DELETE", f"/me/tokens/{made['token_id']}")
    assert revoked["revoked_at"] is not None
    await ask(desk, token, "GET", f"/accounts/{account}", status=401)


async def test_a_scope_that_one_does_not_have_cannot_be_given_on(desk: Desk) -> None:
    editor = await hire(desk, "ed@desk.example", StaffRole.EDITOR)
    token = await session_of(desk, editor.person_id)
    body = {"name": "more than mine", "scopes": ["accounts.read"]}
    assert (await ask(desk, token, "POST", "/me/tokens", body, 400))["code"] == "scopes_unfit"


async def test_a_new_password_and_a_second_factor(desk: Desk, ada: str) -> None:
    await ask(desk, ada, "PUT", "/me/password", {"current": "wrong", "new": NEW_PASSWORD}, 403)
    await ask(desk, ada, "PUT", "/me/password", {"current": PASSWORD, "new": NEW_PASSWORD})
    await ask(desk, None, "POST", "/session", {"email": EMAIL, "password": PASSWORD}, 401)
    begun = await ask(desk, ada, "POST", "/me/totp", status=201)
    assert begun["otpauth_uri"].startswith("otpauth://totp/")
    code = pyotp.TOTP(begun["secret"]).now()
    codes = (await ask(desk, ada, "POST", "/me/totp/confirm", {"code": code}))["codes"]
    assert len(codes) == 10
    credentials = {"email": EMAIL, "password": NEW_PASSWORD}
    assert (await ask(desk, None, "POST", "/session", credentials, 401))["code"] == "totp_required"
    await ask(desk, None, "POST", "/session", {**credentials, "code": codes[0]}, 201)
    assert (await ask(desk, None, "POST", "/session", {**credentials, "code": codes[0]}, 401))["code"] == "totp_wrong"
    assert (await ask(desk, ada, "POST", "/me/confirm", {"password": NEW_PASSWORD}))["is_this"] is True


async def test_an_invitation_is_made_looked_at_and_accepted(desk: Desk, ada: str) -> None:
    account = await desk.open_account()
    path = f"/accounts/{account}/invitations"
    made = await ask(desk, ada, "POST", path, {"email": "new@acme.example", "role": "admin"}, 201)
    # There is no mail server: the link is told to whoever has invited.
    link = made["link"].rpartition("/")[2]
    listed = (await ask(desk, ada, "GET", path))["items"]
    assert [(one["state"], one["role"], "link" in one) for one in listed] == [("open", "admin", False)]
    looked = await ask(desk, None, "POST", "/invitations/look", {"token": link})
    assert (looked["account_name"], looked["role"], looked["is_known"]) == ("Acme", "admin", False)
    accepted = await ask(
        desk, None, "POST", "/invitations/accept", {"token": link, "password": PASSWORD, "nickname": "New"}, 201
    )
    assert accepted["account_id"] == account
    again = await ask(desk, None, "POST", "/invitations/accept", {"token": link, "password": PASSWORD}, 404)
    assert again["code"] == "link_not_valid"
    session = await ask(desk, None, "POST", "/session", {"email": "new@acme.example", "password": PASSWORD}, 201)
    me = await ask(desk, session["token"], "GET", "/me")
    assert (me["role"], me["account_id"]) == ("admin", account)
    revoked = await ask(desk, ada, "POST", path, {"email": "other@acme.example", "role": "developer"}, 201)
    gone = await ask(desk, ada, "DELETE", f"{path}/{revoked['invitation_id']}")
    assert gone["state"] == "revoked"
    await ask(desk, None, "POST", "/invitations/look", {"token": revoked["link"].rpartition("/")[2]}, 404)


async def test_people_are_found_given_roles_and_kept_out(desk: Desk, ada: str) -> None:
    house = House("acme", await desk.open_account())
    owner = await enrol(desk, house, Role.OWNER)
    theirs, path = await session_of(desk, owner.person_id), f"/people/prsn_{owner.person_id.hex}"
    (found,) = (await ask(desk, ada, "GET", f"/people?who={owner.email}"))["items"]
    assert (found["role"], found["account_id"], found["status"]) == ("owner", house.account_id, "active")
    assert len((await ask(desk, ada, "GET", "/people"))["items"]) == 2
    roles = await ask(desk, ada, "PUT", f"{path}/staff-roles", {"staff_roles": ["support"]})
    assert roles["staff_roles"] == ["support"]
    assert len((await ask(desk, ada, "GET", f"{path}/sessions"))["items"]) == 1
    disabled = await ask(desk, ada, "POST", f"{path}/disable", {"reason": "left"})
    assert disabled["status"] == "disabled"
    await ask(desk, theirs, "GET", "/me", status=401)
    assert (await ask(desk, ada, "POST", f"{path}/enable"))["status"] == "active"
    me = (await ask(desk, ada, "GET", "/me"))["person_id"]
    last = await ask(desk, ada, "PUT", f"/people/{me}/staff-roles", {"staff_roles": []}, 409)
    assert last["code"] == "last_administrator_stays"
    member = f"/members/mem_{owner.membership.member_id.hex}/role" if owner.membership else ""
    assert (await ask(desk, ada, "PUT", member, {"role": "developer"}, 409))["code"] == "last_owner_stays"


async def test_without_a_mail_server_registering_says_so(desk: Desk) -> None:
    body = {"email": "new@acme.example", "password": PASSWORD}
    assert (await ask(desk, None, "POST", "/registrations", body, 403))["code"] == "registration_closed"
    problem = await ask(desk, None, "POST", "/password-resets", {"email": EMAIL}, 503)
    assert problem["code"] == "mail_not_configured"


async def test_a_person_whom_somebody_disabled_has_tokens_that_rest(desk: Desk, ada: str) -> None:
    newcomer = Newcomer(email="s@desk.example", nickname=None, password_hash=None, language=None, verified=True)
    person = await desk.office.entry.people.add(newcomer, staff_roles=[StaffRole.SUPPORT])
    token = (await desk.office.entry.tokens.create(person, "a script", ["accounts.read"])).token
    await ask(desk, token, "GET", "/accounts")
    await ask(desk, ada, "POST", f"/people/prsn_{person.person_id.hex}/disable")
    assert (await ask(desk, token, "GET", "/accounts", status=401))["code"] == "unauthenticated"
