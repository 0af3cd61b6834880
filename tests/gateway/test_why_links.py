"""Every refusal and every failure links to its code's page; what is on record with the request, whose explanation it finds."""

from __future__ import annotations

import json

from counterfoil.evidence.service import Evidence
from counterfoil.foundation.vocabulary import Kind, entry, find_entry
from counterfoil.limits.model import DuplicatePolicy, GroupSettings, Scope, Unit, Window
from counterfoil.storage.database import Database
from gateway.shop import Answer, Customer, Shop, chat, message

PUBLIC_URL = "http://shop.test"


async def check_leads_to_its_own(shop: Shop, database: Database, answer: Answer, code: str) -> None:
    """The link is that of the code's page and names the request, which is on record under this code and can be explained."""
    error = answer.error
    assert error["code"] == code
    page, hash_sign, place = (find_entry(Kind.REFUSAL, code) or entry(Kind.ERROR, code)).article.partition("#")
    link = f"{PUBLIC_URL}{page}?request={error['request_id']}{hash_sign}{place}"
    assert error["decision"]["article"] == link
    assert error["request_id"] == answer.headers["x-request-id"]
    assert (await shop.view(answer.request_id)).code == code
    told = await Evidence(shop.services.spend, database, shop.services.clock).explain(error["decision"]["article"])
    assert (told.subject, told.code) == (error["request_id"], code)
    assert told.findings


async def limited(shop: Shop, scope: Scope, unit: Unit, window: Window, amount: int) -> Customer:
    customer = await shop.customer(group=GroupSettings(name="team"))
    ids = {Scope.ACCOUNT: customer.account_id, Scope.GROUP: customer.group_id, Scope.KEY: customer.key_id}
    scope_id = ids[scope]
    assert scope_id is not None
    await shop.services.limits.set_limit(
        account_id=customer.account_id, scope=scope, scope_id=scope_id, unit=unit, window=window, amount=amount
    )
    return customer


async def test_refusals_of_money_limits_and_permission(shop: Shop, database: Database) -> None:
    empty = await shop.customer(credit_nanos=0)
    for body, path in ((chat(), "/v1/chat/completions"), (message(), "/v1/messages")):
        await check_leads_to_its_own(shop, database, await shop.call(empty, body, path=path), "account_balance")
    for scope, unit, window, amount, code in (
        (Scope.KEY, Unit.MONEY, Window.DAY, 1, "key_limit"),
        (Scope.GROUP, Unit.MONEY, Window.MONTH, 1, "group_quota"),
        (Scope.KEY, Unit.MONEY, Window.REQUEST, 1, "request_ceiling"),
        (Scope.KEY, Unit.REQUESTS, Window.DAY, 0, "rate_limited"),
        (Scope.KEY, Unit.IN_FLIGHT, Window.LIFETIME, 0, "too_many_in_flight"),
    ):
        customer = await limited(shop, scope, unit, window, amount)
        await check_leads_to_its_own(shop, database, await shop.call(customer, chat()), code)
    restricted = await shop.customer(allowed_models=("gpt-*",))
    await check_leads_to_its_own(shop, database, await shop.call(restricted, chat()), "model_not_permitted")
    elsewhere = await shop.customer(allowed_addresses=("203.0.113.0/24",))
    await check_leads_to_its_own(shop, database, await shop.call(elsewhere, chat()), "ip_not_allowed")
    disabled = await shop.customer()
    await shop.services.limits.disable_key(account_id=disabled.account_id, key_id=disabled.key_id)
    await check_leads_to_its_own(shop, database, await shop.call(disabled, chat()), "key_disabled")


async def test_refusals_of_what_was_sent(shop: Shop, database: Database) -> None:
    customer = await shop.customer(duplicate_policy=DuplicatePolicy.BLOCK)
    await check_leads_to_its_own(shop, database, await shop.call(customer, chat(max_tokens="many")), "bad_request")
    await check_leads_to_its_own(shop, database, await shop.call(customer, chat("no-such-model")), "model_not_found")
    body = chat(sandbox_output_tokens=1)
    assert (await shop.call(customer, body)).status == 200
    await check_leads_to_its_own(shop, database, await shop.call(customer, body), "duplicate_submission")


async def test_what_has_no_record_links_to_its_code(shop: Shop) -> None:
    stranger = await shop.call(None, chat(), headers={"Authorization": "Bearer sk-cf-nobody"})
    assert (stranger.status, stranger.error["code"]) == (401, "key_invalid")
    assert stranger.error["decision"]["article"] == f"{PUBLIC_URL}/help/key-invalid"
    assert json.loads(stranger.body)["error"]["decision"]["next_steps"]
