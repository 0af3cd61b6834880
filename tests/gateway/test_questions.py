"""Estimates, models and balances: asked for nothing, and told only to whom it concerns."""

from __future__ import annotations

from typing import Any

import pytest

from counterfoil.limits.model import Scope, Unit, Window
from gateway.media import film, picture, speech
from gateway.shop import NANOS, Shop, chat, message

BALANCES = (
    "/v1/dashboard/billing/subscription",
    "/v1/dashboard/billing/usage",
    "/api/v1/credits",
)


async def test_an_estimate_gives_the_upper_bound_and_every_check_and_holds_nothing(shop: Shop) -> None:
    customer = await shop.customer()
    await shop.services.limits.set_limit(
        account_id=customer.account_id, scope=Scope.KEY, scope_id=customer.key_id, unit=Unit.MONEY, window=Window.DAY,
        amount=5 * NANOS,
    )  # fmt: skip
    wrapped = {"endpoint": "/v1/chat/completions", "request": chat("output-only", max_tokens=500)}
    answer = await shop.call(customer, wrapped, path="/v1/estimate")
    assert answer.status == 200, answer.body
    found = answer.json
    assert (found["would_pass"], found["code"], found["upper_bound"]) == (True, None, "0.50")
    assert (found["currency"], found["output_cap"], found["model"]) == ("USD", 500, "output-only")
    checks = {check["code"]: check for check in found["checks"]}
    assert checks["key_limit"]["needed"] == "0.50"
    assert "remaining" not in checks["account_balance"]
    assert await shop.views(customer) == []
    assert await shop.balance(customer) == (10 * NANOS, 0)


async def test_an_estimate_takes_the_body_itself_too(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=0)
    answer = await shop.call(customer, message("output-only"), path="/v1/estimate?endpoint=/v1/messages")
    assert (answer.json["would_pass"], answer.json["code"]) == (False, "account_balance")
    assert answer.json["upper_bound"] == "0.10"


async def test_an_estimate_of_a_picture_and_a_video(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=NANOS // 2)
    wrapped = {"endpoint": "/v1/videos", "request": film()}
    video = (await shop.call(customer, wrapped, path="/v1/estimate")).json
    assert (video["upper_bound"], video["code"], video["output_cap_asked"]) == ("0.80", "account_balance", None)
    spoken = (await shop.call(customer, speech(), path="/v1/estimate?endpoint=/v1/audio/speech")).json
    assert (spoken["upper_bound"], spoken["would_pass"]) == ("0.00018", True)
    wrong = {"endpoint": "/v1/images/generations", "request": picture(size="1x1")}
    answer = await shop.call(customer, wrapped | wrong, path="/v1/estimate")
    assert (answer.status, answer.error["param"]) == (400, "size")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"request": chat()}, "endpoint"),
        ({"endpoint": "/v1/chat/completions"}, "request"),
        ({"endpoint": "/v1/chat/completions", "request": []}, "request"),
        ({"endpoint": "/v1/images", "request": chat()}, "endpoint"),
        ({"endpoint": "/v1/chat/completions", "request": chat(max_tokens=-1)}, "max_tokens"),
        (b"not json", None),
    ],
)
async def test_an_estimate_that_cannot_be_understood(shop: Shop, body: Any, param: str | None) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, body, path="/v1/estimate")
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "bad_request", param)


async def test_an_estimate_of_what_is_refused_says_why(shop: Shop) -> None:
    customer = await shop.customer()
    for model, code in (("nothing", "model_not_found"), ("unpriced", "price_missing")):
        wrapped = {"endpoint": "/v1/chat/completions", "request": chat(model)}
        answer = await shop.call(customer, wrapped, path="/v1/estimate")
        assert (answer.status, answer.json["code"]) == (200, code)


async def test_models_in_both_dialects(shop: Shop) -> None:
    customer = await shop.customer()
    openai_list = (await shop.call(customer, path="/v1/models", method="GET")).json
    assert {"id": "plain", "object": "model", "created": 0, "owned_by": "counterfoil"} in openai_list["data"]
    headers = {"anthropic-version": "2023-06-01"}
    anthropic_list = (await shop.call(customer, path="/v1/models", method="GET", headers=headers)).json
    assert anthropic_list["has_more"] is False
    assert "plain" in [model["id"] for model in anthropic_list["data"]]
    assert (await shop.call(None, path="/v1/models", method="GET")).status == 401


@pytest.mark.parametrize("path", BALANCES)
async def test_balances_are_for_keys_that_may_see_them(shop: Shop, path: str) -> None:
    answer = await shop.call(await shop.customer(), path=path, method="GET")
    assert (answer.status, answer.error["code"]) == (403, "balance_hidden")
    assert answer.error["decision"]["next_steps"]
    assert (await shop.call(await shop.customer(show_balance=True), path=path, method="GET")).status == 200


async def test_balances_add_up(shop: Shop) -> None:
    customer = await shop.customer(show_balance=True)
    await shop.call(customer, chat(sandbox_input_tokens=1_000_000, sandbox_output_tokens=500))
    subscription = (await shop.call(customer, path=BALANCES[0], method="GET")).json
    usage = (await shop.call(customer, path=BALANCES[1], method="GET")).json
    # Desktop clients show the limit less the usage, which is in hundredths.
    assert subscription["hard_limit_usd"] == 10
    assert usage["total_usage"] == pytest.approx(100.1)
    credit = (await shop.call(customer, path=BALANCES[2], method="GET")).json["data"]
    assert credit["total_credits"] == 10
    assert credit["total_usage"] == pytest.approx(1.001)
    assert credit["available"] == pytest.approx(8.999)


@pytest.mark.parametrize("query", ["start_date=yesterday", "start_date=2020-01-01&end_date=2026-01-01"])
async def test_a_usage_window_that_cannot_be_read(shop: Shop, query: str) -> None:
    customer = await shop.customer(show_balance=True)
    answer = await shop.call(customer, path=f"{BALANCES[1]}?{query}", method="GET")
    assert (answer.status, answer.error["code"]) == (400, "bad_request")


async def test_a_key_sees_its_own_limit_without_more(shop: Shop) -> None:
    customer = await shop.customer()
    assert (await shop.call(customer, path="/api/v1/key", method="GET")).json["data"]["limit"] is None
    await shop.services.limits.set_limit(
        account_id=customer.account_id, scope=Scope.KEY, scope_id=customer.key_id, unit=Unit.MONEY, window=Window.DAY,
        amount=2 * NANOS,
    )  # fmt: skip
    await shop.call(customer, chat(sandbox_input_tokens=500_000, sandbox_output_tokens=0))
    data = (await shop.call(customer, path="/api/v1/key", method="GET")).json["data"]
    assert (data["limit"], data["usage"], data["limit_remaining"], data["limit_reset"]) == (2, 0.5, 1.5, "daily")
    assert "10" not in str(data.values())


async def test_a_generation_is_told_to_the_key_that_made_it(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, chat(sandbox_input_tokens=1000, sandbox_output_tokens=10))
    shown = answer.headers["x-request-id"]
    data = (await shop.call(customer, path=f"/api/v1/generation?id={shown}", method="GET")).json["data"]
    assert (data["id"], data["model"], data["tokens_prompt"], data["tokens_completion"]) == (shown, "plain", 1000, 10)
    assert data["total_cost"] == pytest.approx(0.00102)
    stranger = await shop.customer(show_balance=True)
    for path in (f"/api/v1/generation?id={shown}", "/api/v1/generation", "/api/v1/generation?id=chatcmpl-1"):
        asked = stranger if shown in path else customer
        assert (await shop.call(asked, path=path, method="GET")).status == 404


async def test_a_key_is_told_only_of_models_that_it_may_call(shop: Shop) -> None:
    customer = await shop.customer(allowed_models=("plain",))
    listed = (await shop.call(customer, path="/v1/models", method="GET")).json
    assert [model["id"] for model in listed["data"]] == ["plain"]
    assert (await shop.call(customer, path="/v1/models/plain", method="GET")).status == 200
    other = await shop.call(customer, path="/v1/models/unpriced", method="GET")
    assert (other.status, other.error["code"]) == (403, "model_not_permitted")
    unknown = await shop.call(customer, path="/v1/models/nothing", method="GET")
    assert (unknown.status, unknown.error["code"]) == (404, "model_not_found")
