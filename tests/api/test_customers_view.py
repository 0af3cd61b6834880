"""What a customer is told of their own account: nothing of the operator's side, and nothing that they could set themselves."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.conftest import PREFIX, Desk
from api.town import House, as_, enrol, furnish, hire, open_shop, session_of
from api.wiring import MODEL
from counterfoil.api.access_rules import RULES
from counterfoil.api.application import ROUTERS
from counterfoil.identity.access import Role, StaffRole
from tasks.studio import Studio, open_studio

# Names of upstreams, what they call models, tasks and answers; and who of the operator's people did something.
OPERATORS_OWN = ("backend", "its-own-name", "studio", "film-v1", "video_1", "chatcmpl-1", '"by":"Ada"', "too much")


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        yield opened


@pytest.fixture
async def house(desk: Desk, studio: Studio) -> House:
    await open_shop(desk, studio)
    return await furnish(desk, studio, "acme")


async def ask(desk: Desk, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = await desk.client.request(method, PREFIX + path, json=body, headers=as_(token))
    return answer.status_code, answer.json()


async def test_a_customer_is_told_nothing_of_the_operators_side_on_any_route(desk: Desk, house: House) -> None:
    token = await session_of(desk, (await enrol(desk, house, Role.OWNER)).person_id)
    places = {**house.things, "account_id": house.account_id, "book": "customer"}
    said = []
    for router in ROUTERS:
        for route in router.routes:
            rule = RULES[route.name]  # type: ignore[attr-defined]
            if "GET" not in route.methods or rule.need.own is None:  # type: ignore[attr-defined]
                continue
            filled = re.sub(r"{(\w+)}", lambda found: places[found[1]], route.path)  # type: ignore[attr-defined]
            answer = await desk.client.get(
                f"{PREFIX}{filled}?account_id={house.account_id}&account={house.account_id}"
                f"&amount_paid=10&currency=USD&model={MODEL}",
                headers=as_(token),
            )
            assert answer.status_code == 200, (route.path, answer.text)  # type: ignore[attr-defined]
            said.append((filled, answer.text))
    for subject in ("request_id", "task_id", "order_id", "submission_id", "code_id"):
        for path in ("/explain", "/evidence/bundles"):
            answer = await desk.client.post(PREFIX + path, json={"subject": house.things[subject]}, headers=as_(token))
            assert answer.status_code == 200, (path, subject, answer.text)
            said.append((f"{path} of {subject}", answer.text))
    assert len(said) > 40
    assert [(where, word) for where, text in said for word in OPERATORS_OWN if word in text] == []


async def test_staff_is_told_all_of_it(desk: Desk, house: House) -> None:
    token = await session_of(desk, (await hire(desk, "eng@desk.example", StaffRole.ENGINEERING)).person_id)
    status, request = await ask(desk, token, "GET", f"/requests/{house.things['request_id']}")
    assert (status, request["attempts"][0]["upstream"]) == (200, "backend")
    _, task = await ask(desk, token, "GET", f"/tasks/{house.things['task_id']}")
    assert (task["upstream"], task["polls"]) == ("studio", 0)


async def test_the_operators_view_is_not_to_be_had_by_asking_for_it(desk: Desk, house: House) -> None:
    token = await session_of(desk, (await enrol(desk, house, Role.OWNER)).person_id)
    account, request = f"/accounts/{house.account_id}", house.things["request_id"]
    for method, path, body, permission in (
        ("POST", "/explain", {"subject": request, "audience": "operator"}, "evidence"),
        ("POST", "/evidence/bundles", {"subject": request, "view": "staff"}, "evidence"),
        ("POST", "/evidence/bundles", {"subject": request, "checkpoint": True}, "evidence"),
        ("GET", f"{account}/waterfall?view=staff", None, "accounts.read"),
        ("GET", "/prices/books/upstream:backend", None, "prices.read"),
        ("GET", "/requests", None, "accounts.read"),
        ("GET", "/alerts/channels?account=operations", None, "notifications.write"),
        ("POST", "/alerts/channels", {"kind": "webhook", "url": "https://example.com/x"}, "notifications.write"),
        ("PATCH", account, {"status": "active"}, "accounts.write"),
        ("POST", f"{account}/groups", {"name": "cheap", "price_tier_millis": 0}, "accounts.write"),
        ("PATCH", f"{account}/groups/{house.things['group_id']}", {"price_tier_millis": 1}, "accounts.write"),
    ):
        status, problem = await ask(desk, token, method, path, body)
        assert (status, problem["code"]) == (403, "permission_missing"), (path, problem)
        assert problem["parameters"] == {"permission": permission}, path
    group = await desk.ask("GET", f"{account}/groups/{house.things['group_id']}")
    assert group["price_tier_millis"] == 1000


async def test_records_say_who_has_signed_in_and_not_who_they_say_they_are(desk: Desk, house: House) -> None:
    owner = await enrol(desk, house, Role.OWNER)
    token = await session_of(desk, owner.person_id)
    order = {"account_id": house.account_id, "provider": "bank", "currency": "USD", "amount": "5"}
    status, problem = await ask(desk, token, "POST", "/orders", {**order, "by": "operator"})
    assert (status, problem["parameters"]["field"]) == (400, "body.by")
    status, made = await ask(desk, token, "POST", "/orders", order)
    assert (status, made["created_by"]) == (201, owner.email)


async def test_two_people_are_two_people(desk: Desk, house: House) -> None:
    """Finance proposes above what one person may decide; saying another name does not make them another person."""
    finance = await session_of(desk, (await hire(desk, "fin@desk.example", StaffRole.FINANCE)).person_id)
    other = await session_of(desk, (await hire(desk, "other@desk.example", StaffRole.FINANCE)).person_id)
    body = {"account_id": house.account_id, "provider": "bank", "currency": "USD", "amount": "5000"}
    order = (await desk.ask("POST", "/orders", {**body, "by": "Ada"}))["order_id"]
    seen = {"number": "a large payment", "reason": "seen at the bank"}
    status, proposal = await ask(desk, finance, "POST", f"/orders/{order}/confirmations", seen)
    assert (status, proposal["state"], proposal["proposed_by"]) == (201, "proposed", "fin@desk.example")
    approve = f"/approvals/{proposal['approval_id']}/approve"
    status, problem = await ask(desk, finance, "POST", approve, {"reason": "yes"})
    assert (status, problem["code"]) == (403, "approval_same_person")
    assert (await ask(desk, finance, "POST", approve, {"by": "somebody else", "reason": "yes"}))[0] == 400
    status, decided = await ask(desk, other, "POST", approve, {"reason": "yes"})
    assert (status, decided["state"], decided["decided_by"]) == (200, "approved", "other@desk.example")


async def test_a_developer_has_keys_of_their_own_only(desk: Desk, house: House) -> None:
    developer = await enrol(desk, house, Role.DEVELOPER)
    token, keys = await session_of(desk, developer.person_id), f"/accounts/{house.account_id}/keys"
    assert developer.membership is not None
    own = f"mem_{developer.membership.member_id.hex}"
    status, made = await ask(desk, token, "POST", keys, {"name": "mine"})
    assert (status, made["member_id"]) == (201, own)
    assert [one["key_id"] for one in (await ask(desk, token, "GET", keys))[1]["items"]] == [made["key_id"]]
    theirs = f"{keys}/{house.things['key_id']}"
    for method, path, body in (
        ("GET", theirs, None),
        ("PATCH", theirs, {"name": "taken over"}),
        ("POST", f"{theirs}/rotate", None),
        ("POST", f"{theirs}/disable", None),
    ):
        assert (await ask(desk, token, method, path, body))[0] == 404, path
    for method, path in (("POST", keys), ("PATCH", f"{keys}/{made['key_id']}")):
        status, problem = await ask(desk, token, method, path, {"name": "x", "member_id": house.things["member_id"]})
        assert (status, problem["parameters"]) == (403, {"permission": "limits.write"})


async def test_a_customers_channel_does_not_lead_into_the_operators_network(desk: Desk, house: House) -> None:
    token = await session_of(desk, (await enrol(desk, house, Role.OWNER)).person_id)
    channel = {"account_id": house.account_id, "kind": "webhook"}
    for host in ("127.0.0.1:9", "10.0.0.7", "169.254.169.254", "[::1]", "localhost", "db", "db.internal", "2130706433"):
        status, problem = await ask(desk, token, "POST", "/alerts/channels", {**channel, "url": f"https://{host}/hook"})
        assert (status, problem["code"]) == (400, "channel_address_private"), host
    status, _ = await ask(desk, token, "POST", "/alerts/channels", {**channel, "url": "https://hooks.example.com/x"})
    assert status == 201


async def test_an_admin_does_not_take_an_account_over(desk: Desk, house: House) -> None:
    owner = await enrol(desk, house, Role.OWNER)
    token = await session_of(desk, (await enrol(desk, house, Role.ADMIN)).person_id)
    assert owner.membership is not None
    path = f"/members/mem_{owner.membership.member_id.hex}"
    for method, target, body in (
        ("PATCH", path, {"email": "admin@acme.example"}),
        ("POST", f"{path}/disable", None),
        ("PUT", f"{path}/role", {"role": "developer"}),
        ("PUT", f"/members/{house.things['member_id']}/role", {"role": "owner"}),
        ("POST", f"/accounts/{house.account_id}/invitations", {"email": "x@acme.example", "role": "owner"}),
    ):
        status, problem = await ask(desk, token, method, target, body)
        assert (status, problem["code"]) == (403, "permission_missing"), target
        assert problem["parameters"] == {"permission": "account.write"}, target
