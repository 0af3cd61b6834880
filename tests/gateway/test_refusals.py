"""Refusals as clients meet them: what is told to whom, in which language, and the row behind it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from counterfoil.foundation.ids import read_id
from counterfoil.limits.model import GroupSettings, Scope, Unit, Window
from gateway.shop import NANOS, Customer, Shop, chat, message


async def limit(shop: Shop, customer: Customer, scope: Scope, unit: Unit, window: Window, amount: int) -> None:
    ids = {Scope.ACCOUNT: customer.account_id, Scope.GROUP: customer.group_id, Scope.KEY: customer.key_id}
    scope_id = ids[scope]
    assert scope_id is not None
    await shop.services.limits.set_limit(
        account_id=customer.account_id, scope=scope, scope_id=scope_id, unit=unit, window=window, amount=amount
    )


async def test_each_limit_of_money(shop: Shop) -> None:
    for scope, window, code in (
        (Scope.KEY, Window.LIFETIME, "key_limit"),
        (Scope.KEY, Window.DAY, "key_limit"),
        (Scope.GROUP, Window.MONTH, "group_quota"),
        (Scope.ACCOUNT, Window.DAY, "account_balance"),
        (Scope.KEY, Window.REQUEST, "request_ceiling"),
        (Scope.GROUP, Window.REQUEST, "request_ceiling"),
    ):
        customer = await shop.customer(group=GroupSettings(name="team"))
        await limit(shop, customer, scope, Unit.MONEY, window, 123_456)
        answer = await shop.call(customer, chat("output-only", max_tokens=100))
        assert (answer.status, answer.error["code"]) == (402, code), (scope, window)
        assert answer.headers["x-should-retry"] == "false"
        # The key's own number is told; the group's and the account's are not.
        assert ("0.000123456" in answer.body.decode()) == (scope is Scope.KEY), (scope, window)
        view = await shop.view(answer.request_id)
        assert (view.state, view.code) == ("refused", code)
        assert "123456" in view.checks


async def test_the_message_names_every_scope_that_failed(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=0, group=GroupSettings(name="team"))
    await limit(shop, customer, Scope.GROUP, Unit.MONEY, Window.DAY, 1)
    await limit(shop, customer, Scope.KEY, Unit.MONEY, Window.DAY, 1)
    answer = await shop.call(customer, chat("output-only"))
    assert answer.error["code"] == "key_limit"
    message = answer.error["message"]
    assert message.index("account balance") < message.index("group") < message.index("key's")
    failing = [check["code"] for check in answer.error["decision"]["checks"] if check["verdict"] == "not_passed"]
    assert failing == ["account_balance", "group_quota", "key_limit"]


async def test_a_key_that_may_see_the_balance_is_told_the_numbers(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=5_000_000, show_balance=True)
    answer = await shop.call(customer, chat("output-only", max_tokens=100))
    [check] = [check for check in answer.error["decision"]["checks"] if check["code"] == "account_balance"]
    assert (check["remaining"], check["needed"], check["currency"]) == ("0.005", "0.10", "USD")


async def test_a_refusal_speaks_the_callers_language(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=0)
    chinese = await shop.call(customer, chat(), headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert "账户余额" in chinese.error["message"]
    assert "没有扣费" in chinese.error["message"]
    assert "充值" in "".join(chinese.error["decision"]["next_steps"])
    english = await shop.call(customer, chat(), headers={"Accept-Language": "fr, en;q=0.5"})
    assert "account balance" in english.error["message"]
    assert (await shop.call(customer, chat())).error["message"].startswith("The account balance")


async def test_a_refusal_leads_to_its_page(shop: Shop) -> None:
    answer = await shop.call(await shop.customer(credit_nanos=0), chat())
    shown = answer.headers["x-request-id"]
    assert answer.error["request_id"] == shown
    assert answer.error["decision"]["article"] == f"http://shop.test/help/account-balance?request={shown}"


@pytest.mark.parametrize(("unit", "code"), [(Unit.REQUESTS, "rate_limited"), (Unit.IN_FLIGHT, "too_many_in_flight")])
async def test_paces_are_told_with_the_time_to_wait(shop: Shop, unit: Unit, code: str) -> None:
    customer = await shop.customer()
    window = Window.MINUTE if unit is Unit.REQUESTS else Window.LIFETIME
    # Both calls have to fall into one minute.
    seconds_left = 60 - shop.services.clock.now() // 1_000_000 % 60
    await asyncio.sleep(seconds_left if seconds_left <= 5 else 0)
    await limit(shop, customer, Scope.KEY, unit, window, 1)
    slow = chat(sandbox_output_tokens=1, sandbox_latency_ms=1_500)
    first = asyncio.create_task(shop.call(customer, slow))
    while not await shop.views(customer):
        await asyncio.sleep(0.01)
    second = await shop.call(customer, chat())
    assert (second.status, second.error["code"]) == (429, code)
    assert 1 <= int(second.headers["retry-after"]) <= 60
    assert "x-should-retry" not in second.headers
    assert (await first).status == 200


async def test_identical_429s_share_a_row_and_its_id(shop: Shop) -> None:
    customer = await shop.customer()
    await limit(shop, customer, Scope.KEY, Unit.REQUESTS, Window.DAY, 1)
    assert (await shop.call(customer, chat(sandbox_output_tokens=1))).status == 200
    answers = [await shop.call(customer, chat()) for _ in range(3)]
    rows = {view.request_id: view.repeats for view in await shop.views(customer) if view.state == "refused"}
    # Where a minute ends in between, there are two rows.
    assert sum(rows.values()) == 3
    assert {answer.request_id for answer in answers} == rows.keys()
    assert all(read_id("request", answer.error["request_id"]) in rows for answer in answers)


async def test_permissions_are_never_about_money(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=0, allowed_models=("gpt-*",))
    answer = await shop.call(customer, chat())
    assert (answer.status, answer.error["code"]) == (403, "model_not_permitted")
    elsewhere = await shop.customer(allowed_addresses=("203.0.113.0/24",))
    answer = await shop.call(elsewhere, chat())
    assert (answer.status, answer.error["code"]) == (403, "ip_not_allowed")
    expired = await shop.customer()
    await shop.services.limits.disable_key(account_id=expired.account_id, key_id=expired.key_id)
    answer = await shop.call(expired, chat())
    assert (answer.status, answer.error["code"]) == (401, "key_disabled")


async def test_an_address_behind_a_trusted_proxy(open_shop: Any) -> None:
    shop = await open_shop(trusted_proxies="127.0.0.0/8")
    customer = await shop.customer(allowed_addresses=("203.0.113.0/24",))
    body = chat(sandbox_output_tokens=1)
    inside = await shop.call(customer, body, headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
    assert inside.status == 200
    assert (await shop.view(inside.request_id)).client_address == "203.0.113.7"
    outside = await shop.call(customer, body, headers={"X-Forwarded-For": "203.0.113.7, 198.51.100.1"})
    assert outside.status == 403


async def test_an_anthropic_refusal_has_the_same_decision(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=0)
    answer = await shop.call(customer, message(), path="/v1/messages", headers={"x-api-key": customer.token})
    assert answer.json["type"] == "error"
    assert answer.error["type"] == "billing_error"
    assert answer.error["decision"]["checks"]
    assert answer.headers["request-id"] == answer.headers["x-request-id"] == answer.json["request_id"]


async def test_the_checks_of_a_served_call_are_on_record(shop: Shop) -> None:
    customer = await shop.customer()
    await limit(shop, customer, Scope.KEY, Unit.MONEY, Window.DAY, 5 * NANOS)
    answer = await shop.call(customer, chat(sandbox_output_tokens=1))
    checks = json.loads((await shop.view(answer.request_id)).checks)
    assert checks["spendable"] == 10 * NANOS
    assert checks["limits"][0][2] == 5 * NANOS
