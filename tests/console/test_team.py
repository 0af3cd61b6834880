"""Keys, groups, members and asking for more, as a team's people use them."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from console.visitors import House, Visitor, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.limits.model import Group, GroupSettings, Key, KeySettings, LimitStanding, Scope, Unit
from counterfoil.pricing.model import WorkShape
from counterfoil.spend.model import Admission, Arrival, Dialect, Endpoint, RefusedCall
from counterfoil.spend.upstreams_model import ServedModel

NANOS = 1_000_000_000
_TOKEN = re.compile(r"sk-cf-[\w-]{43}")


async def key_of(house: House, account: Account, **settings: Any) -> Key:
    new = await house.services.limits.create_key(
        account_id=account.account_id, settings=KeySettings(**{"name": "laptop", **settings})
    )
    return new.key


async def group_of(house: House, account: Account, name: str = "research") -> Group:
    return await house.services.limits.create_group(account_id=account.account_id, settings=GroupSettings(name=name))


async def limits_of(house: House, account: Account, scope_id: UUID) -> dict[tuple[Unit, Window], LimitStanding]:
    found = await house.services.limits.list_limits(
        account_id=account.account_id, time_zone=account.time_zone, scope_id=scope_id
    )
    return {(one.limit.unit, one.limit.window): one for one in found}


def member_id(visitor: Visitor) -> UUID:
    assert visitor.person is not None
    assert visitor.person.membership is not None
    return visitor.person.membership.member_id


# Keys.


async def test_a_key_is_made_with_its_limits_in_one_form_and_its_token_is_shown_once(house: House) -> None:
    account = await house.open_account(credit=20)
    owner = await house.member(account)
    group = await group_of(house, account)
    answer = await owner.post(
        of_account(account, "/keys"),
        {
            "name": "nightly", "group": show_id("group", group.group_id), "limit_money_day": "2.50",
            "limit_requests_minute": "60", "allowed_models": "gpt-5*\nclaude-*", "allowed_addresses": "192.0.2.0/24",
            "expires_at": "2099-01-31T18:00",
        },
        status=200,
    )  # fmt: skip
    (key,) = await house.services.limits.list_keys(account_id=account.account_id)
    tokens = set(_TOKEN.findall(answer.text))
    assert len(tokens) == 1
    assert "curl https://desk.test/v1/chat/completions" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert (key.name, key.group_id, key.allowed_models) == ("nightly", group.group_id, ("gpt-5*", "claude-*"))
    limits = await limits_of(house, account, key.key_id)
    assert limits[Unit.MONEY, Window.DAY].limit.amount == 2_500_000_000
    assert limits[Unit.REQUESTS, Window.MINUTE].limit.amount == 60
    for page in (await owner.get(of_account(account, "/keys")), await owner.get(_page(account, key))):
        assert not _TOKEN.search(page)
        assert "nightly" in page


def _page(account: Account, key: Key) -> str:
    return of_account(account, f"/keys/{show_id('key', key.key_id)}")


async def test_a_form_with_a_wrong_limit_makes_no_key_and_keeps_what_was_typed(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    answer = await owner.post(of_account(account, "/keys"), {"name": "nightly", "limit_money_day": "a lot"}, status=422)
    assert await house.services.limits.list_keys(account_id=account.account_id) == []
    assert 'value="nightly"' in answer.text
    assert 'value="a lot"' in answer.text
    assert "is-wrong" in answer.text


async def test_replacing_a_key_ends_the_old_one(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    key = await key_of(house, account)
    answer = await owner.post(_page(account, key) + "/rotate", status=200)
    assert len(set(_TOKEN.findall(answer.text))) == 1
    changed = await house.services.limits.find_key(account_id=account.account_id, key_id=key.key_id)
    assert changed.token_hash != key.token_hash


async def test_a_key_is_disabled_and_enabled(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    key = await key_of(house, account)
    page = await owner.follow(await owner.post(_page(account, key) + "/disable"))
    assert "The key is disabled" in page
    page = await owner.follow(await owner.post(_page(account, key) + "/enable"))
    assert "The key is enabled" in page


async def test_a_developer_sees_and_changes_their_own_keys_only(house: House) -> None:
    account = await house.open_account()
    developer = await house.member(account, Role.DEVELOPER)
    mine = await key_of(house, account, name="mine", member_id=member_id(developer))
    others = await key_of(house, account, name="somebody-elses")
    page = await developer.get(of_account(account, "/keys"))
    assert "mine" in page
    assert "somebody-elses" not in page
    await developer.get(_page(account, mine))
    for action in ("", "/rotate", "/disable", "/limits"):
        status = 403 if action == "/limits" else 404
        await developer.post(_page(account, others) + action, {"name": "x"}, status=status)
    await developer.get(_page(account, others), status=404)
    await developer.post(_page(account, mine) + "/limits", {"limit_money_day": ""}, status=403)
    unchanged = await house.services.limits.find_key(account_id=account.account_id, key_id=others.key_id)
    assert unchanged == others


async def test_a_developer_makes_keys_for_themselves_whatever_is_sent(house: House) -> None:
    account = await house.open_account()
    owner, developer = await house.member(account), await house.member(account, Role.DEVELOPER)
    group = await group_of(house, account)
    await developer.post(
        of_account(account, "/keys"), {"name": "a", "member": show_id("member", member_id(owner))}, status=200
    )
    (key,) = await house.services.limits.list_keys(account_id=account.account_id)
    assert key.member_id == member_id(developer)
    await developer.post(_page(account, key), {"name": "b", "group": show_id("group", group.group_id)})
    changed = await house.services.limits.find_key(account_id=account.account_id, key_id=key.key_id)
    assert (changed.name, changed.group_id) == ("b", None)


async def test_another_accounts_key_does_not_exist(house: House) -> None:
    mine, other = await house.open_account("Mine"), await house.open_account("Other")
    owner = await house.member(mine)
    key = await key_of(house, other, name="secret-project")
    path = of_account(mine, f"/keys/{show_id('key', key.key_id)}")
    assert "secret-project" not in await owner.get(path, status=404)
    for action in ("", "/rotate", "/disable", "/enable", "/limits"):
        await owner.post(path + action, {"name": "x"}, status=404)
    assert await house.services.limits.find_key(account_id=other.account_id, key_id=key.key_id) == key


# Groups.


async def test_a_group_quota_that_is_set_holds_from_the_next_call_on(house: House) -> None:
    """Until it is set, the call passes; once it is, the same call is refused for the group."""
    account = await house.open_account(credit=20)
    owner = await house.member(account)
    group = await group_of(house, account)
    new = await house.services.limits.create_key(
        account_id=account.account_id, settings=KeySettings(name="laptop", group_id=group.group_id)
    )
    await house.services.upstreams.add(
        name="first", dialect=Dialect.OPENAI, base_url="http://upstream.test", secret="upstream-secret",
        models=[ServedModel(public_model="gpt-5", upstream_model="theirs")],
    )  # fmt: skip
    await house.services.routes.refresh()
    path = of_account(account, f"/groups/{show_id('group', group.group_id)}")
    assert await _call(house, new.token) is None
    page = await owner.follow(await owner.post(path + "/limits", {"limit_money_month": "0.000001"}))
    assert "Limits are set" in page
    assert await _call(house, new.token) == "group_quota"
    await owner.post(path + "/limits", {"limit_money_month": "", "limit_money_month_was": "0.000001"})
    assert await _call(house, new.token) is None


async def _call(house: House, token: str) -> str | None:
    """One call with the key: the code that it is refused with, None where it is served."""
    spend, clock = house.services.spend, house.services.clock
    caller = await spend.identify(token, "192.0.2.7")
    assert caller is not None
    outcome = await spend.authorize(
        caller,
        Arrival(
            request_id=clock.new_id(), received_at=clock.now(), endpoint=Endpoint.CHAT_COMPLETIONS, model="gpt-5",
            stream=False, client_address="192.0.2.7", client="test",
            shape=WorkShape(input_bytes=400, asked_cap=1_000, outputs=1, cacheable=False),
        ),
    )  # fmt: skip
    assert isinstance(outcome, Admission | RefusedCall)
    return outcome.code if isinstance(outcome, RefusedCall) else None


async def test_only_what_was_changed_in_the_form_is_set(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    group = await group_of(house, account)
    path = of_account(account, f"/groups/{show_id('group', group.group_id)}/limits")
    await owner.post(path, {"limit_money_day": "5", "limit_money_month": "50"})
    await owner.post(
        path,
        {"limit_money_day": "5", "limit_money_day_was": "5", "limit_money_month": "", "limit_money_month_was": "50"},
    )
    limits = await limits_of(house, account, group.group_id)
    assert {window: one.limit.amount for (_, window), one in limits.items()} == {Window.DAY: 5 * NANOS}


async def test_the_price_tier_is_for_staff_to_set(house: House) -> None:
    account = await house.open_account()
    owner, staff = await house.member(account), await house.staff(StaffRole.OPERATIONS)
    group = await group_of(house, account)
    path = of_account(account, f"/groups/{show_id('group', group.group_id)}")
    assert 'name="price_tier"' not in await owner.get(path)
    await owner.post(path, {"name": "research", "price_tier": "0.001"})
    found = await house.services.limits.find_group(account_id=account.account_id, group_id=group.group_id)
    assert found.price_tier_millis == 1000
    await staff.post(path, {"name": "research", "price_tier": "1.25"})
    found = await house.services.limits.find_group(account_id=account.account_id, group_id=group.group_id)
    assert found.price_tier_millis == 1250
    assert "×1.25" in await owner.get(path)


async def test_a_developer_reads_groups_and_changes_none(house: House) -> None:
    account = await house.open_account()
    developer = await house.member(account, Role.DEVELOPER)
    group = await group_of(house, account)
    path = of_account(account, f"/groups/{show_id('group', group.group_id)}")
    assert "research" in await developer.get(of_account(account, "/groups"))
    for action in ("", "/limits", "/disable"):
        await developer.post(path + action, {"name": "mine", "limit_money_day": "1"}, status=403)
    await developer.post(of_account(account, "/duplicates"), {"duplicate_policy": "off"}, status=403)
    await developer.get(of_account(account, "/groups/new"), status=403)


async def test_what_is_done_with_copies_is_settled_for_the_account(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    await owner.post(
        of_account(account, "/duplicates"), {"duplicate_policy": "block", "duplicate_window_seconds": "60"}
    )
    found = await house.services.limits.duplicates(account.account_id)
    assert (found.policy, found.window_seconds) == ("block", 60)


# Members.


async def test_without_a_mail_server_the_invitations_link_is_shown_once(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    answer = await owner.post(
        of_account(account, "/invitations"),
        {"email": "new@example.com", "role": "developer", "language": "en"},
        status=200,
    )
    link = re.search(r"https://desk\.test/console/invitation/[\w-]+", answer.text)
    assert link is not None
    page = await owner.get(of_account(account, "/members"))
    assert link[0] not in page
    assert "new@example.com" in page
    (invitation,) = await house.services.people.invitations(account.account_id)
    await owner.post(of_account(account, f"/invitations/{show_id('invitation', invitation.invitation_id)}/revoke"))
    assert "withdrawn" in await owner.get(of_account(account, "/members"))


async def test_the_last_owner_stays(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    path = of_account(account, f"/members/{show_id('member', member_id(owner))}")
    page = (await owner.post(path + "/role", {"role": "developer"}, status=409)).text
    assert "owner" in page
    await owner.post(path + "/disable", status=409)
    assert (await house.services.members.member(member_id(owner))).role is Role.OWNER


async def test_an_admin_neither_makes_nor_removes_owners(house: House) -> None:
    account = await house.open_account()
    owner, admin = await house.member(account), await house.member(account, Role.ADMIN)
    of_owner = of_account(account, f"/members/{show_id('member', member_id(owner))}")
    of_admin = of_account(account, f"/members/{show_id('member', member_id(admin))}")
    await admin.post(of_owner + "/disable", status=403)
    await admin.post(of_owner + "/role", {"role": "developer"}, status=403)
    await admin.post(of_admin + "/role", {"role": "owner"}, status=403)
    assert 'value="owner"' not in await admin.get(of_admin)


async def test_a_role_that_is_given_holds_from_the_next_click_on(house: House) -> None:
    account = await house.open_account()
    owner, other = await house.member(account), await house.member(account, Role.DEVELOPER)
    assert "<code>permission_missing</code>" in await other.get(of_account(account, "/groups/new"), status=403)
    await owner.post(of_account(account, f"/members/{show_id('member', member_id(other))}/role"), {"role": "admin"})
    assert 'name="name"' in await other.get(of_account(account, "/groups/new"))


# Asking for more.


async def _quota(house: House, account: Account) -> str:
    limit = await house.services.limits.set_limit(
        account_id=account.account_id, scope=Scope.ACCOUNT, scope_id=account.account_id, unit=Unit.MONEY,
        window=Window.MONTH, amount=5 * NANOS,
    )  # fmt: skip
    return show_id("limit", limit.limit_id)


async def test_a_developer_asks_an_admin_raises_with_one_click_and_the_limit_says_until_when(house: House) -> None:
    account = await house.open_account(credit=20)
    owner, developer = await house.member(account), await house.member(account, Role.DEVELOPER)
    limit_id = await _quota(house, account)
    page = await developer.follow(
        await developer.post(
            of_account(account, "/asks"), {"limit_id": limit_id, "needed": str(6 * NANOS), "note": "the nightly run"}
        )
    )
    assert "Your admins have been asked" in page
    assert "Raise to" not in page
    page = await owner.get(of_account(account, "/asks"))
    assert "the nightly run" in page
    assert "Raise to $6.00 until the end of tomorrow" in page
    (shown,) = await house.services.limit_asks.list(account_id=account.account_id, time_zone=account.time_zone)
    path = of_account(account, f"/asks/{show_id('limit_ask', shown.ask.ask_id)}")
    await developer.post(path + "/raise", status=403)
    page = await owner.follow(await owner.post(path + "/raise"))
    assert "The limit is raised" in page
    ((standing),) = (await limits_of(house, account, account.account_id)).values()
    assert standing.limit.amount == 6 * NANOS
    assert standing.limit.raised_until == house.services.limit_asks.usual_end(account.time_zone)
    assert "raised until" in await developer.get(of_account(account, "/groups"))
    assert "raised until" in await developer.get(of_account(account, "/asks"))
    assert (await owner.post(path + "/decline", status=409)).text.count("has been answered") == 1


async def test_an_ask_is_declined_with_a_word_and_the_limit_stays(house: House) -> None:
    account = await house.open_account()
    owner, developer = await house.member(account), await house.member(account, Role.DEVELOPER)
    limit_id = await _quota(house, account)
    await developer.post(of_account(account, "/asks"), {"limit_id": limit_id})
    (shown,) = await house.services.limit_asks.list(account_id=account.account_id, time_zone=account.time_zone)
    path = of_account(account, f"/asks/{show_id('limit_ask', shown.ask.ask_id)}")
    await owner.post(path + "/decline", {"word": "use the cheaper model"})
    assert "use the cheaper model" in await developer.get(of_account(account, "/asks"))
    ((standing),) = (await limits_of(house, account, account.account_id)).values()
    assert standing.limit.amount == 5 * NANOS


async def test_asks_of_others_are_for_those_who_answer(house: House) -> None:
    account = await house.open_account()
    one, two = (
        await house.member(account, Role.DEVELOPER),
        await house.member(account, Role.DEVELOPER, email="two@example.com"),
    )
    await one.post(of_account(account, "/asks"), {"limit_id": await _quota(house, account), "note": "private matter"})
    assert "private matter" in await one.get(of_account(account, "/asks"))
    assert "private matter" not in await two.get(of_account(account, "/asks"))


async def test_a_limit_of_another_account_cannot_be_asked_about(house: House) -> None:
    mine, other = await house.open_account("Mine"), await house.open_account("Other")
    owner = await house.member(mine)
    await owner.post(of_account(mine, "/asks"), {"limit_id": await _quota(house, other)}, status=404)
    assert await house.services.limit_asks.open_count(other.account_id) == 0


# In both languages.


async def test_every_page_of_the_team_is_there_in_chinese(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    group = await group_of(house, account)
    key = await key_of(house, account, group_id=group.group_id)
    for path in (
        "/keys", "/keys/new", f"/keys/{show_id('key', key.key_id)}", "/groups", "/groups/new",
        f"/groups/{show_id('group', group.group_id)}", "/members", f"/members/{show_id('member', member_id(owner))}",
        "/asks", "/spend",
    ):  # fmt: skip
        page = await owner.get(of_account(account, path), lang="zh")
        assert 'lang="zh-CN"' in page
