"""Members, groups and keys over REST."""

from __future__ import annotations

from hashlib import sha256

import pytest

from api.conftest import Desk


async def test_a_member_is_added_found_changed_and_disabled(desk: Desk) -> None:
    account = await desk.open_account()
    member = await desk.ask("POST", f"/accounts/{account}/members", {"email": "Ada@Example.com", "nickname": "Ada"})
    assert (member["email"], member["status"]) == ("Ada@example.com", "active")
    for who in ("ada@example.com", str(member["user_number"]), "ada", member["member_id"]):
        assert (await desk.ask("GET", f"/members?who={who}"))["items"] == [member]
    path = f"/members/{member['member_id']}"
    assert (await desk.ask("PATCH", path, {"email": "ada@example.org"}))["nickname"] == "Ada"
    assert (await desk.ask("PATCH", path, {"nickname": None}))["nickname"] is None
    assert (await desk.ask("POST", f"{path}/disable"))["status"] == "disabled"
    assert (await desk.ask("POST", f"{path}/enable"))["status"] == "active"
    assert [one["member_id"] for one in (await desk.ask("GET", f"/accounts/{account}/members"))["items"]] == [
        member["member_id"]
    ]
    taken = await desk.ask("POST", f"/accounts/{account}/members", {"email": "ADA@example.org"}, status=409)
    assert taken["code"] == "already_exists"


async def test_a_group_is_created_changed_and_disabled(desk: Desk) -> None:
    account = await desk.open_account()
    path = f"/accounts/{account}/groups"
    group = await desk.ask(
        "POST", path, {"name": "research", "allowed_models": ["gpt-5*"], "duplicate_policy": "block"}
    )
    assert (group["price_tier_millis"], group["allowed_models"]) == (1000, ["gpt-5*"])
    own = f"{path}/{group['group_id']}"
    changed = await desk.ask("PATCH", own, {"price_tier_millis": 800, "duplicate_policy": None})
    assert (changed["price_tier_millis"], changed["duplicate_policy"], changed["name"]) == (800, None, "research")
    assert changed["allowed_models"] == ["gpt-5*"]
    assert (await desk.ask("PATCH", own, {"allowed_models": []}))["allowed_models"] == []
    assert (await desk.ask("POST", f"{own}/disable"))["status"] == "disabled"
    assert (await desk.ask("POST", f"{own}/enable"))["status"] == "active"
    assert (await desk.ask("GET", path))["items"] == [await desk.ask("GET", own)]
    await desk.ask("POST", path, {"name": "research"}, status=409)
    await desk.ask("PATCH", own, {"price_tier_millis": 0}, status=400)
    await desk.ask("PATCH", own, {"price_tier_millis": True}, status=400)


async def test_a_token_is_shown_once_and_works(desk: Desk) -> None:
    account = await desk.open_account()
    made = await desk.make_key(account, show_balance=True)
    token = made["token"]
    assert token.startswith("sk-cf-")
    assert made["mask"] == "sk-…" + token[-4:]
    assert await desk.office.spend.identify(token, "192.0.2.1") is not None
    path = f"/accounts/{account}/keys/{made['key_id']}"
    for shown in (await desk.ask("GET", path), (await desk.ask("GET", f"/accounts/{account}/keys"))["items"][0]):
        assert "token" not in shown
        assert token not in str(shown)
    rotated = await desk.ask("POST", f"{path}/rotate")
    assert rotated["token"] != token
    assert (rotated["key_id"], rotated["show_balance"]) == (made["key_id"], True)


async def test_a_key_is_disabled_and_enabled(desk: Desk) -> None:
    account = await desk.open_account()
    path = f"/accounts/{account}/keys/{(await desk.make_key(account))['key_id']}"
    assert (await desk.ask("POST", f"{path}/disable"))["status"] == "disabled"
    assert (await desk.ask("POST", f"{path}/enable"))["status"] == "active"


async def test_changing_a_key_leaves_what_is_not_given_and_takes_away_what_is_null(desk: Desk) -> None:
    account = await desk.open_account()
    group = (await desk.ask("POST", f"/accounts/{account}/groups", {"name": "research"}))["group_id"]
    key = await desk.make_key(
        account,
        group_id=group,
        expires_at="2099-01-01T00:00:00Z",
        allowed_addresses=["192.0.2.0/24"],
        allowed_models=["gpt-5*"],
    )
    path = f"/accounts/{account}/keys/{key['key_id']}"
    renamed = await desk.ask("PATCH", path, {"name": "another"})
    assert renamed == {**{name: value for name, value in key.items() if name != "token"}, "name": "another"}
    freed = await desk.ask("PATCH", path, {"group_id": None, "expires_at": None, "allowed_addresses": []})
    assert (freed["group_id"], freed["expires_at"], freed["allowed_addresses"]) == (None, None, [])
    assert freed["allowed_models"] == ["gpt-5*"]


async def test_a_keys_member_must_be_of_its_account(desk: Desk) -> None:
    mine, other = await desk.open_account("Mine"), await desk.open_account("Other")
    member = (await desk.ask("POST", f"/accounts/{other}/members", {"email": "ada@example.com"}))["member_id"]
    await desk.ask("POST", f"/accounts/{mine}/keys", {"name": "k", "member_id": member}, status=404)
    key = await desk.make_key(other, member_id=member)
    assert key["member_id"] == member
    key = await desk.make_key(mine)
    await desk.ask("PATCH", f"/accounts/{mine}/keys/{key['key_id']}", {"member_id": member}, status=404)


async def test_a_key_of_another_gateway_is_adopted_by_its_hash(desk: Desk) -> None:
    account = await desk.open_account()
    token = "sk-" + "q" * 48
    body = {"name": "theirs", "token_sha256": sha256(token.encode()).hexdigest(), "mask": "sk-…qqqq"}
    key = await desk.ask("POST", f"/accounts/{account}/keys/adopt", body)
    caller = await desk.office.spend.identify(token, "192.0.2.1")
    assert caller is not None
    assert key["key_id"] == f"key_{caller.key_id.hex}"
    await desk.ask("POST", f"/accounts/{account}/keys/adopt", body, status=409)


@pytest.mark.parametrize(
    "fields", [{"token_sha256": "zz"}, {"mask": "sk-" + "q" * 48}, {"mask": "no ellipsis"}, {"token": "sk-secret"}]
)
async def test_whoever_adopts_a_key_does_not_give_the_token(desk: Desk, fields: dict[str, str]) -> None:
    account = await desk.open_account()
    body = {"name": "theirs", "token_sha256": "0" * 64, "mask": "sk-…qqqq", **fields}
    problem = await desk.ask("POST", f"/accounts/{account}/keys/adopt", body, status=400)
    assert "q" * 48 not in str(problem)
    assert "sk-secret" not in str(problem)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"unit": "money", "window": "day", "amount": "5.00"}, ("money", "day", "5.00", 5 * 10**9)),
        ({"unit": "money", "window": "request", "amount_nanos": 1}, ("money", "request", "0.000000001", 1)),
        ({"unit": "requests", "window": "minute", "count": 60}, ("requests", "minute", "60", None)),
        ({"unit": "tokens", "window": "day", "count": 0}, ("tokens", "day", "0", None)),
        ({"unit": "in_flight", "window": "lifetime", "count": 3}, ("in_flight", "lifetime", "3", None)),
    ],
)
async def test_a_limit_is_put_listed_with_its_usage_and_removed(
    desk: Desk, body: dict[str, object], shown: tuple[object, ...]
) -> None:
    account = await desk.open_account()
    path = f"/accounts/{account}/limits"
    limit = await desk.ask("PUT", path, {"scope_id": account, **body})
    assert (limit["unit"], limit["window"], limit["amount"], limit["amount_nanos"]) == shown
    (standing,) = (await desk.ask("GET", path))["items"]
    assert {**limit, **standing} == standing
    assert (standing["used"], standing["held"]) == (("0.00", "0.00") if body["unit"] == "money" else ("0", "0"))
    assert standing["remaining"] == limit["amount"]
    assert await desk.ask("DELETE", f"{path}/{limit['limit_id']}") == limit
    assert (await desk.ask("GET", path))["items"] == []
    await desk.ask("DELETE", f"{path}/{limit['limit_id']}", status=404)


async def test_putting_a_limit_again_changes_its_amount(desk: Desk) -> None:
    account = await desk.open_account()
    key = (await desk.make_key(account))["key_id"]
    path, body = f"/accounts/{account}/limits", {"scope_id": key, "unit": "money", "window": "month"}
    first = await desk.ask("PUT", path, {**body, "amount": "1"})
    second = await desk.ask("PUT", path, {**body, "amount": "2"})
    assert (first["limit_id"], first["scope"]) == (second["limit_id"], "key")
    (standing,) = (await desk.ask("GET", f"{path}?scope_id={key}"))["items"]
    assert standing["amount"] == "2.00"
    assert (await desk.ask("GET", f"{path}?scope_id={account}"))["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"unit": "money", "window": "minute", "amount": "1"},
        {"unit": "tokens", "window": "month", "count": 1},
        {"unit": "money", "window": "day", "count": 1},
        {"unit": "requests", "window": "day", "amount": "1"},
        {"unit": "requests", "window": "day"},
        {"unit": "requests", "window": "day", "count": -1},
        {"unit": "requests", "window": "day", "count": "1"},
        {"unit": "money", "window": "day", "amount": "-1"},
        {"unit": "money", "window": "day", "amount": "1", "scope_id": "req_" + "0" * 32},
    ],
)
async def test_a_limit_that_cannot_be_is_refused(desk: Desk, body: dict[str, object]) -> None:
    account = await desk.open_account()
    await desk.ask("PUT", f"/accounts/{account}/limits", {"scope_id": account, **body}, status=400)
    assert (await desk.ask("GET", f"/accounts/{account}/limits"))["items"] == []
