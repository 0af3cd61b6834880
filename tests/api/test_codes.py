"""Redemption codes over REST: batches, redeeming with one clear answer, voiding, finding, and every try."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.conftest import PREFIX, Desk
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.recharge.codes_rules import CODES_PER_BATCH_MAX, GUESSES_OF_ACCOUNT_MAX
from recharge.code_counter import mistyped, never_issued

MISSING = "0" * 32


async def _make(desk: Desk, **fields: Any) -> Any:
    return await desk.ask("POST", "/code-batches", {"name": "spring", "value": "10", "count": 1, **fields}, status=201)


async def _redeem(desk: Desk, account: str, code: str, *, status: int = 200, **fields: Any) -> Any:
    body = {"account_id": account, "code": code, **fields}
    return await desk.ask("POST", "/codes/redeem", body, status=status)


async def test_a_batch_shows_its_codes_once(desk: Desk) -> None:
    terms = {
        "currency": "CNY", "kind": "paid", "grant_priority": 7, "grant_days": 30, "per_account_limit": 2,
        "allowed_groups": ["research"],
    }  # fmt: skip
    made = await _make(desk, count=3, expires_at="2099-01-01T00:00:00Z", by="Ada", **terms)
    codes = made.pop("codes")
    assert len(set(codes)) == 3
    assert made["batch_id"].startswith("batch_")
    assert {name: made[name] for name in terms} == terms
    assert (made["value"], made["value_nanos"], made["count"]) == ("10.00", 10_000_000_000, 3)
    assert (made["created_by"], made["expires_at"]) == ("Ada", "2099-01-01T00:00:00.000000Z")
    assert made["states"] == {
        "new": {"count": 3, "value_nanos": 30_000_000_000, "value": "30.00"},
        **{state: {"count": 0, "value_nanos": 0, "value": "0.00"} for state in ("redeemed", "expired", "voided")},
    }
    assert await desk.ask("GET", f"/code-batches/{made['batch_id']}") == made
    assert (await desk.ask("GET", "/code-batches"))["items"] == [made]
    listed = await desk.ask("GET", f"/code-batches/{made['batch_id']}/codes")
    assert {one["mask"] for one in listed["items"]} == {"CF-…" + code[-4:] for code in codes}
    everything = str(listed) + str(made)
    assert not any(code in everything for code in codes)


async def test_batches_and_codes_come_in_pages(desk: Desk) -> None:
    made = [(await _make(desk, name=f"batch {n}", count=3))["batch_id"] for n in range(3)]
    page = await desk.ask("GET", "/code-batches?limit=2")
    rest = await desk.ask("GET", f"/code-batches?limit=2&cursor={page['next']}")
    assert [one["batch_id"] for one in page["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    first = await desk.ask("GET", f"/code-batches/{made[0]}/codes?limit=2")
    second = await desk.ask("GET", f"/code-batches/{made[0]}/codes?limit=2&cursor={first['next']}")
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"value": "0"}, "amount_not_positive"),
        ({"value": "ten"}, "amount_unreadable"),
        ({"value": None}, "bad_request"),
        ({"value_nanos": 1}, "bad_request"),
        ({"count": 0}, "bad_request"),
        ({"count": CODES_PER_BATCH_MAX + 1}, "bad_request"),
        ({"count": True}, "bad_request"),
        ({"currency": "dollars"}, "currency_unreadable"),
        ({"kind": "free"}, "bad_request"),
        ({"grant_days": 0}, "bad_request"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expiry_in_the_past"),
        ({"name": ""}, "bad_request"),
        ({"codes": ["CF-1"]}, "bad_request"),
        ({"by": ""}, "bad_request"),
    ],
)
async def test_a_batch_that_cannot_be_is_refused(desk: Desk, fields: dict[str, Any], code: str) -> None:
    body = {"name": "spring", "value": "10", "count": 1, **fields}
    problem = await desk.ask("POST", "/code-batches", body, status=400)
    assert problem["code"] == code
    assert (await desk.ask("GET", "/code-batches"))["items"] == []


async def test_a_code_is_redeemed_once(desk: Desk) -> None:
    account, other = await desk.open_account(), await desk.open_account("Other")
    made = await _make(desk, grant_days=30)
    code = made["codes"][0]
    told = await _redeem(desk, account, code.lower(), by="ada@example.com")
    assert (told["state"], told["account_id"], told["redeemed_by"]) == ("redeemed", account, "ada@example.com")
    (grant,) = (await desk.ask("GET", f"/accounts/{account}/grants"))["items"]
    assert (grant["grant_id"], grant["amount"], grant["kind"]) == (told["grant_id"], "10.00", "promotional")
    assert grant["expires_at"] == told["grant_expires_at"]
    again = await _redeem(desk, account, code, status=409)
    assert (again["code"], again["parameters"]["redeemed_at"]) == ("code_used_by_you", told["redeemed_at"])
    elsewhere = await _redeem(desk, other, code, status=409)
    assert elsewhere["code"] == "code_used_elsewhere"
    assert account not in str(elsewhere)
    assert (await _redeem(desk, account, mistyped(code), status=400))["code"] == "code_mistyped"
    assert (await _redeem(desk, account, never_issued(), status=404))["code"] == "code_unknown"
    assert (await desk.ask("GET", f"/accounts/{account}/balance"))["posted"] == "10.00"


async def test_every_refusal_says_what_is_wrong_in_both_languages(desk: Desk) -> None:
    account = await desk.open_account(currency="CNY")
    expected = {
        "code_currency_wrong": {},
        "code_not_for_group": {"currency": "CNY", "allowed_groups": ["research"]},
    }
    for code, fields in expected.items():
        made = await _make(desk, **fields)
        for language in Language:
            body = {"account_id": account, "code": made["codes"][0]}
            problem = await desk.ask(
                "POST", "/codes/redeem", body, status=409, headers={"Accept-Language": language.value}
            )
            words = entry(Kind.ERROR, code)
            assert (problem["code"], problem["title"]) == (code, words.label[language])
            assert problem["now"] == words.next_step.how_to_go_back[language]
    limited = await _make(desk, count=2, currency="CNY", per_account_limit=1)
    await _redeem(desk, account, limited["codes"][0])
    assert (await _redeem(desk, account, limited["codes"][1], status=409))["code"] == "code_batch_limit"
    await desk.ask("PATCH", f"/accounts/{account}", {"status": "suspended"})
    assert (await _redeem(desk, account, limited["codes"][1], status=409))["code"] == "code_account_inactive"


async def test_after_too_many_guesses_the_answer_says_how_long_to_wait(desk: Desk) -> None:
    account, code = await desk.open_account(), (await _make(desk))["codes"][0]
    for number in range(GUESSES_OF_ACCOUNT_MAX):
        await _redeem(desk, account, never_issued(number), status=404, client_address="192.0.2.7")
    body = {"account_id": account, "code": code}
    response = await desk.client.post(PREFIX + "/codes/redeem", json=body)
    assert (response.status_code, response.json()["code"]) == (429, "code_tries_exceeded")
    seconds = response.headers["retry-after"]
    assert 0 < int(seconds) <= 600
    assert response.json()["parameters"] == {"retry_after_seconds": seconds}


async def test_the_group_is_given_by_name_or_id(desk: Desk) -> None:
    account = await desk.open_account()
    made = await _make(desk, count=2, allowed_groups=["research"])
    group = await desk.ask("POST", f"/accounts/{account}/groups", {"name": "research"})
    sales = await desk.ask("POST", f"/accounts/{account}/groups", {"name": "sales"})
    refused = await _redeem(desk, account, made["codes"][0], group=sales["group_id"], status=409)
    assert (refused["code"], refused["parameters"]["groups"]) == ("code_not_for_group", "research")
    await _redeem(desk, account, made["codes"][0], group=group["group_id"])
    await _redeem(desk, account, made["codes"][1], group="research")


async def test_a_code_or_a_whole_batch_is_voided(desk: Desk) -> None:
    account, made = await desk.open_account(), await _make(desk, count=3)
    redeemed = await _redeem(desk, account, made["codes"][0])
    found = (await desk.ask("POST", "/codes/find", {"code": made["codes"][1]}))["items"][0]
    voided = await desk.ask("POST", f"/codes/{found['code_id']}/void", {"by": "Ada"})
    assert (voided["state"], voided["voided_by"]) == ("voided", "Ada")
    assert (await _redeem(desk, account, made["codes"][1], status=409))["code"] == "code_voided"
    refused = await desk.ask("POST", f"/codes/{redeemed['code_id']}/void", status=409)
    assert refused["code"] == "code_not_voidable"
    batch = await desk.ask("POST", f"/code-batches/{made['batch_id']}/void")
    assert {state: one["count"] for state, one in batch["states"].items()} == {
        "new": 0, "redeemed": 1, "expired": 0, "voided": 2,
    }  # fmt: skip
    listed = await desk.ask("GET", f"/code-batches/{made['batch_id']}/codes?state=redeemed")
    assert [one["code_id"] for one in listed["items"]] == [redeemed["code_id"]]


async def test_a_code_is_found_by_card_by_mask_and_by_id(desk: Desk) -> None:
    account, made = await desk.open_account(), await _make(desk)
    code, batch = made["codes"][0], made["batch_id"]
    redeemed = await _redeem(desk, account, code, by="Bob")
    by_id = await desk.ask("GET", f"/codes/{redeemed['code_id']}")
    assert (by_id["account_id"], by_id["redeemed_by"]) == (account, "Bob")
    for body in (
        {"code": code}, {"mask": code[-4:], "batch_id": batch}, {"mask": "CF-…" + code[-4:], "account_id": account},
    ):  # fmt: skip
        assert await desk.ask("POST", "/codes/find", body) == {"items": [by_id]}
    assert await desk.ask("POST", "/codes/find", {"mask": "0000", "account_id": account}) == {"items": []}
    for body, status, problem in (
        ({}, 400, "bad_request"),
        ({"code": code, "mask": "0000"}, 400, "bad_request"),
        ({"mask": "0000"}, 400, "bad_request"),
        ({"mask": code, "batch_id": batch}, 400, "bad_request"),
        ({"code": "x"}, 400, "code_mistyped"),
        ({"code": never_issued()}, 404, "code_not_found"),
    ):
        assert (await desk.ask("POST", "/codes/find", body, status=status))["code"] == problem


async def test_tries_are_listed_with_the_message_that_was_shown(desk: Desk) -> None:
    account, other, code = await desk.open_account(), await desk.open_account("Other"), (await _make(desk))["codes"][0]
    redeemed = await _redeem(desk, account, code, by="Ada", client_address="192.0.2.7")
    await _redeem(desk, other, code, status=409, by="Bob")
    await _redeem(desk, other, code, status=409, by="Bob")
    tries = (await desk.ask("GET", "/code-tries"))["items"]
    assert [(one["outcome"], one["times"], one["by"], one["mask"]) for one in tries] == [
        ("code_used_elsewhere", 2, "Bob", "CF-…" + code[-4:]), ("code_redeemed", 1, "Ada", "CF-…" + code[-4:]),
    ]  # fmt: skip
    assert (await desk.ask("GET", f"/code-tries?account_id={account}"))["items"] == tries[1:]
    assert (await desk.ask("GET", f"/code-tries?code_id={redeemed['code_id']}"))["items"] == tries
    page = await desk.ask("GET", "/code-tries?limit=1")
    assert (await desk.ask("GET", f"/code-tries?limit=1&cursor={page['next']}"))["items"] == tries[1:]
    assert code not in str(tries)


@pytest.mark.parametrize("typed", ["", "\0", "\ud800", "CF-\0", "兑换码" * 100, "x" * 1_000, "CF" + "١" * 20])
async def test_whatever_is_typed_is_no_more_than_a_mistake(desk: Desk, typed: str) -> None:
    account = await desk.open_account()
    # Half characters are no UTF-8; JSON can name them.
    body = json.dumps({"account_id": account, "code": typed})
    headers = {"Content-Type": "application/json"}
    response = await desk.client.post(PREFIX + "/codes/redeem", content=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["code"] == ("bad_request" if typed == "\ud800" else "code_mistyped")
    assert len(typed) < 5 or typed not in response.text


async def test_a_code_is_not_repeated_where_the_body_is_wrong(desk: Desk) -> None:
    account, code = await desk.open_account(), (await _make(desk))["codes"][0]
    for body in (
        {"account_id": account, "code": [code]},
        {"account_id": account, "code": code, "also": code},
        {"account_id": code, "code": code},
        {"account_id": account, "code": code + "x" * 2_000},
        {"account_id": account, "code": code, "client_address": code},
    ):
        problem = await desk.ask("POST", "/codes/redeem", body, status=400)
        assert code[3:8] not in str(problem)
    assert (await desk.ask("GET", "/code-tries"))["items"] == []


async def test_what_does_not_exist_is_not_found(desk: Desk) -> None:
    for method, path, code in (
        ("GET", f"/code-batches/batch_{MISSING}", "code_batch_not_found"),
        ("GET", f"/code-batches/batch_{MISSING}/codes", "code_batch_not_found"),
        ("POST", f"/code-batches/batch_{MISSING}/void", "code_batch_not_found"),
        ("GET", f"/codes/code_{MISSING}", "code_not_found"),
        ("POST", f"/codes/code_{MISSING}/void", "code_not_found"),
    ):
        assert (await desk.ask(method, path, status=404))["code"] == code
    code = (await _make(desk))["codes"][0]
    assert (await _redeem(desk, f"acct_{MISSING}", code, status=404))["code"] == "account_not_found"
    assert (await desk.ask("GET", f"/codes/batch_{MISSING}", status=400))["code"] == "id_unreadable"
