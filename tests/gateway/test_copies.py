"""The same idea sent several times: recognised, told apart from retries, and never charged twice where it was named."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Any

import openai
import pytest

from counterfoil.limits.model import DuplicatePolicy, Scope, Unit, Window
from gateway.media import FILM_NANOS, FILMS, PICTURES, film, picture
from gateway.shop import CHAT, NANOS, Answer, Customer, OpenShop, Shop, chat, message

STUCK = film("outcome=stuck")
NAMED = {"Idempotency-Key": "order-66"}


async def at_once(
    shop: Shop, customer: Customer, body: Any, count: int, path: str = FILMS, **headers: str
) -> list[Answer]:
    calls = [shop.call(customer, body, path=path, headers=headers) for _ in range(count)]
    return list(await asyncio.gather(*calls))


# A double click.


async def test_fifty_with_one_idempotency_key_are_one_video(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=100 * NANOS)
    answers = await at_once(shop, customer, STUCK, 50, **NAMED)
    assert [answer.status for answer in answers] == [200] * 50
    assert len({answer.json["id"] for answer in answers}) == 1
    assert Counter(answer.headers.get("x-counterfoil-repeated") for answer in answers) == {"true": 49, None: 1}
    assert len({answer.request_id for answer in answers}) == 50
    assert await shop.balance(customer) == (100 * NANOS, FILM_NANOS)
    assert len(shop.sandbox.tasks()) == 1
    views = await shop.views(customer)
    assert Counter((view.state, view.verdict) for view in views) == {
        ("held", "original"): 1,
        ("repeated", "duplicate"): 49,
    }
    assert len({view.submission_id for view in views}) == 1


async def test_fifty_without_one_are_fifty_videos_of_one_submission(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=100 * NANOS)
    answers = await at_once(shop, customer, STUCK, 50)
    assert [answer.status for answer in answers] == [200] * 50
    shown = [answer.json["counterfoil"] for answer in answers]
    assert len({each["request_id"] for each in shown}) == 50
    assert len({each["submission_id"] for each in shown}) == 1
    assert Counter(each["verdict"] for each in shown) == {"original": 1, "duplicate": 49}
    (original,) = [each for each in shown if each["verdict"] == "original"]
    assert original["submission_id"].removeprefix("sub_") == original["request_id"].removeprefix("req_")
    assert await shop.balance(customer) == (100 * NANOS, 50 * FILM_NANOS)


async def test_fifty_under_block_are_one_video_and_49_times_its_name(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=100 * NANOS, duplicate_policy=DuplicatePolicy.BLOCK)
    answers = await at_once(shop, customer, STUCK, 50)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 49}
    (first,) = [answer for answer in answers if answer.status == 200]
    for answer in answers:
        if answer.status == 409:
            assert answer.error["code"] == "duplicate_submission"
            assert answer.error["first"] == {
                "id": first.json["id"], "object": "task", "state": "held", "charge_mark": "held", "charged": "0.00",
                "currency": "USD",
            }  # fmt: skip
            assert answer.headers["x-counterfoil-first"] == first.json["id"]
            assert first.json["id"] in answer.error["message"]
            assert int(answer.headers["retry-after"]) > 0
            assert (await shop.view(answer.request_id)).first_request_id == first.request_id
    assert await shop.balance(customer) == (100 * NANOS, FILM_NANOS)
    assert len(shop.sandbox.tasks()) == 1


async def test_other_words_are_another_submission(shop: Shop) -> None:
    customer = await shop.customer(duplicate_policy=DuplicatePolicy.BLOCK)
    bodies = [film("outcome=stuck"), film("outcome=stuck", seconds="4"), film("outcome=stuck", size="1280x720")]
    answers = [await shop.call(customer, body, path=FILMS) for body in bodies]
    assert [answer.status for answer in answers] == [200, 200, 200]
    # Who asks and what it is filed under make no difference.
    again = await shop.call(customer, {**bodies[0], "user": "another"}, path=FILMS)
    assert (again.status, again.error["first"]["id"]) == (409, answers[0].json["id"])


async def test_a_retry_of_the_sdk_is_a_retry(shop: Shop) -> None:
    customer = await shop.customer()
    await shop.call(customer, STUCK, path=FILMS)
    again = await shop.call(customer, STUCK, path=FILMS, headers={"x-stainless-retry-count": "1"})
    assert again.json["counterfoil"]["verdict"] == "retry"


# Calls that are answered at once.


async def test_a_named_chat_is_answered_once(shop: Shop) -> None:
    customer = await shop.customer()
    first = await shop.call(customer, chat(), headers=NAMED)
    again = await shop.call(customer, chat(), headers=NAMED)
    assert (first.status, again.status, again.error["code"]) == (200, 409, "duplicate_submission")
    named = again.error["first"]
    assert (named["id"], named["object"], named["state"]) == (first.headers["x-request-id"], "request", "served")
    assert (named["charge_mark"], f"{named['charged']} USD") == ("charged", first.headers["x-counterfoil-charge"])
    assert again.headers["x-counterfoil-first"] == named["id"]
    # Waiting does not cure that.
    assert again.headers["x-should-retry"] == "false"
    assert "retry-after" not in again.headers
    assert await shop.balance(customer) == (10 * NANOS - first.charged_nanos, 0)


async def test_a_named_chat_in_flight_is_to_be_waited_for(shop: Shop) -> None:
    customer = await shop.customer()
    answers = await at_once(shop, customer, chat(sandbox_latency_ms=700), 10, CHAT, **NAMED)
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 9}
    for answer in answers:
        if answer.status == 409:
            assert int(answer.headers["retry-after"]) > 0
            assert "x-should-retry" not in answer.headers
            assert (answer.error["first"]["state"], answer.error["first"]["charge_mark"]) == ("held", "held")


async def test_a_named_message_and_a_named_picture(shop: Shop) -> None:
    customer = await shop.customer()
    for path, body in (("/v1/messages", message()), (PICTURES, picture(size="1024x1024", quality="low"))):
        first = await shop.call(customer, body, path=path, headers={"Idempotency-Key": path})
        again = await shop.call(customer, body, path=path, headers={"Idempotency-Key": path})
        assert (first.status, again.status, again.error["code"]) == (200, 409, "duplicate_submission")
        prefix, kind = ("task_", "task") if path == PICTURES else ("req_", "request")
        assert again.error["first"]["object"] == kind
        assert again.error["first"]["id"] == prefix + first.request_id.hex


async def test_the_client_does_not_try_again_what_was_answered(shop: Shop) -> None:
    customer = await shop.customer()
    async with shop.openai(customer, default_headers=NAMED) as client:
        hello: Any = [{"role": "user", "content": "Hello"}]
        await client.chat.completions.create(model="plain", messages=hello)
        with pytest.raises(openai.ConflictError) as raised:
            await client.chat.completions.create(model="plain", messages=hello)
    assert raised.value.code == "duplicate_submission"
    assert len(await shop.views(customer)) == 2


async def test_another_content_under_the_same_name_is_refused(shop: Shop) -> None:
    customer = await shop.customer()
    first = await shop.call(customer, chat(), headers=NAMED)
    other = await shop.call(customer, chat(text="Something else"), headers=NAMED)
    assert (other.status, other.error["code"]) == (422, "idempotency_key_reused")
    assert other.error["first"]["id"] == first.headers["x-request-id"]
    assert other.headers["x-should-retry"] == "false"
    video = await shop.call(customer, STUCK, path=FILMS, headers={"Idempotency-Key": "film-1"})
    changed = await shop.call(customer, film(seconds="4"), path=FILMS, headers={"Idempotency-Key": "film-1"})
    assert (changed.status, changed.error["first"]["id"]) == (422, video.json["id"])


async def test_each_key_has_names_of_its_own(shop: Shop) -> None:
    answers = [await shop.call(await shop.customer(), chat(), headers=NAMED) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]


# What releases a name.


@pytest.mark.parametrize(
    ("path", "body"), [(CHAT, chat()), (PICTURES, picture()), (FILMS, STUCK)], ids=["chat", "picture", "video"]
)
async def test_a_refusal_then_a_recharge_then_the_same_name_is_served(shop: Shop, path: str, body: Any) -> None:
    customer = await shop.customer(credit_nanos=0)
    refused = await shop.call(customer, body, path=path, headers=NAMED)
    assert (refused.status, refused.error["code"]) == (402, "account_balance")
    await shop.credit(customer.account_id, 10 * NANOS)
    served = await shop.call(customer, body, path=path, headers=NAMED)
    assert served.status == 200
    assert "x-counterfoil-repeated" not in served.headers
    view = await shop.view(served.request_id)
    assert (view.verdict, view.submission_id) == ("retry", refused.request_id)


async def test_a_failure_releases_the_name(shop: Shop) -> None:
    customer = await shop.customer()
    failed = await shop.call(customer, chat(sandbox_fail="status:500"), headers=NAMED)
    served = await shop.call(customer, chat(), headers=NAMED)
    assert (failed.status, served.status) == (502, 200)


async def test_a_video_that_has_failed_may_be_sent_again(open_shop: OpenShop) -> None:
    shop = await open_shop(polls=True)
    customer = await shop.customer()
    body = film("outcome=failed after_ms=50")
    first = await shop.call(customer, body, path=FILMS, headers=NAMED)
    await shop.task(first.json["id"])
    second = await shop.call(customer, body, path=FILMS, headers=NAMED)
    assert second.json["id"] != first.json["id"]
    assert second.json["counterfoil"]["submission_id"] == first.json["counterfoil"]["submission_id"]


async def test_a_video_that_is_done_is_given_again(open_shop: OpenShop) -> None:
    shop = await open_shop(polls=True)
    customer = await shop.customer()
    body = film("after_ms=50")
    first = await shop.call(customer, body, path=FILMS, headers=NAMED)
    await shop.task(first.json["id"])
    again = await shop.call(customer, body, path=FILMS, headers=NAMED)
    assert (again.status, again.json["id"], again.json["status"]) == (200, first.json["id"], "completed")
    assert again.json["counterfoil"]["charged"] == "0.80"
    assert await shop.balance(customer) == (10 * NANOS - FILM_NANOS, 0)


# Names that cannot be kept.


async def test_a_name_that_is_none_is_refused(shop: Shop) -> None:
    customer = await shop.customer()
    calls = ((CHAT, chat()), (FILMS, STUCK), (PICTURES, picture()))
    for key, (path, body) in itertools.product(("", "x" * 256, "two words", "é"), calls):
        answer = await shop.call(customer, body, path=path, headers={"Idempotency-Key": key})
        assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "bad_request", "Idempotency-Key")
        assert (await shop.view(answer.request_id)).state == "refused"
    assert await shop.balance(customer) == (10 * NANOS, 0)


async def test_the_longest_name_is_kept(shop: Shop) -> None:
    customer = await shop.customer()
    headers = {"Idempotency-Key": "~" * 255}
    assert [(await shop.call(customer, chat(), headers=headers)).status for _ in range(2)] == [200, 409]
    assert "~~~" not in await shop.everything()


# Many at once.


async def test_thirty_videos_at_once_on_a_limit_for_one(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=100 * NANOS)
    await shop.services.limits.set_limit(
        account_id=customer.account_id, scope=Scope.KEY, scope_id=customer.key_id, unit=Unit.MONEY,
        window=Window.LIFETIME, amount=NANOS,
    )  # fmt: skip
    bodies = [film("outcome=stuck", prompt=f"Wave {number} [sandbox outcome=stuck]") for number in range(30)]
    answers = await asyncio.gather(*(shop.call(customer, body, path=FILMS) for body in bodies))
    assert Counter(answer.status for answer in answers) == {200: 1, 402: 29}
    assert {answer.error["code"] for answer in answers if answer.status == 402} == {"key_limit"}
    assert await shop.balance(customer) == (100 * NANOS, FILM_NANOS)
    assert len(shop.sandbox.tasks()) == 1
    assert len(await shop.tasks(customer)) == 1
