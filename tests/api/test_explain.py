"""Why, over REST: one answer with findings for whatever is on record, as its audience may see it."""

from __future__ import annotations

from typing import Any

import pytest

from api.conftest import Desk
from api.till import BANK
from api.wiring import MODEL
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.ledger.model import GrantKind
from counterfoil.recharge.codes_model import BatchSettings

FIELDS = {
    "code", "confidence", "label", "text", "would_have", "nanos", "currency", "numbers", "names", "enough_alone",
    "enough_together", "owner", "next_steps", "how_to_go_back", "article", "rows",
}  # fmt: skip


async def _refused(desk: Desk, name: str = "Acme") -> tuple[str, dict[str, Any], str]:
    """An account with too little money, its key, and a request that was refused for that."""
    account = await desk.open_account(name)
    await desk.credit(account, "0.05")
    key = await desk.make_key(account)
    if not await _is_sold(desk):
        await desk.office.sell()
    return account, key, show_id("request", await desk.office.call(key["token"], output_tokens=100))


async def _is_sold(desk: Desk) -> bool:
    return MODEL in str(await desk.ask("GET", "/upstreams"))


async def _explain(desk: Desk, subject: str, **fields: Any) -> Any:
    return await desk.ask("POST", "/explain", {"subject": subject, **fields})


async def test_a_refusal_is_answered_with_its_cause_and_the_numbers(desk: Desk) -> None:
    account, _, request_id = await _refused(desk)
    told = await _explain(desk, f"Error code: 402 - ({request_id})")
    assert (told["about"], told["subject"], told["problem"]) == ("request", request_id, "balance_not_enough")
    assert (told["audience"], told["language"], told["code"]) == ("operator", "en", "account_balance")
    first = told["findings"][0]
    assert first.keys() == FIELDS
    assert (first["code"], first["confidence"], first["enough_together"]) == ("balance_exhausted", "certain", True)
    assert first["currency"] == "USD"
    assert first["text"].startswith("0.10 USD needed, 0.05 USD available")
    assert first["would_have"] == "With 0.05 USD more in the balance this request would have passed."
    assert first["owner"] == "customer"
    assert len(first["next_steps"]) == 2
    assert told["facts"]["account"] == account
    chinese = await _explain(desk, request_id, language="zh")
    assert chinese["findings"][0]["text"].startswith("需要 0.10 USD，可用 0.05 USD")


async def test_the_language_is_that_of_the_caller_unless_it_is_said(desk: Desk) -> None:
    _, _, request_id = await _refused(desk)
    answer = await desk.ask("POST", "/explain", {"subject": request_id}, headers={"Accept-Language": "zh-CN"})
    assert answer["language"] == "zh"


async def test_a_customer_sees_the_own_account_and_the_public_no_amount(desk: Desk) -> None:
    account, _, request_id = await _refused(desk)
    other, _, of_other = await _refused(desk, "Rival Works")
    mine = await _explain(desk, request_id, audience="customer", account_id=account)
    assert mine["audience"] == "customer"
    assert mine["attempts"] == []
    assert mine["findings"][0]["numbers"]["available"] == 50_000_000
    body = {"subject": of_other, "audience": "customer", "account_id": account}
    missing = await desk.ask("POST", "/explain", body, status=404)
    assert missing["code"] == "request_not_found"
    assert other not in str(missing)
    public = await _explain(desk, request_id, audience="public")
    assert public["findings"][0]["nanos"] is None
    assert "USD" not in str(public)
    await desk.ask("POST", "/explain", {"subject": request_id, "audience": "customer"}, status=400)


async def test_an_order_and_a_code_are_explained(desk: Desk) -> None:
    account, asker = await desk.open_account("Payer"), await desk.open_account("Asker")
    await desk.ask("POST", "/payment-providers", BANK)
    order = {"account_id": account, "provider": "bank", "currency": "USD", "amount": "100", "by": "Ada"}
    order_id = (await desk.ask("POST", "/orders", order))["order_id"]
    told = await _explain(desk, order_id)
    assert (told["about"], told["problem"]) == ("order", "recharged_not_credited")
    assert told["findings"][0]["code"] == "order_not_begun"
    settings = BatchSettings(name="spring", value=1_000_000_000, currency="USD", count=1, kind=GrantKind.PROMOTIONAL)
    code = (await desk.office.codes.create(settings, by="Ada")).codes[0]
    await desk.office.codes.redeem(read_id("account", account), code, by="a member")
    told = await _explain(desk, code, account_id=asker)
    assert told["findings"][0]["code"] == "code_redeemed_elsewhere"
    assert code not in str(told)


async def test_a_whole_key_with_a_time_is_looked_up_and_not_repeated(desk: Desk) -> None:
    _, key, request_id = await _refused(desk)
    at = (await desk.ask("GET", f"/requests/{request_id}"))["received_at"]
    told = await _explain(desk, f"{key['token']} {at}")
    assert told["subject"] == request_id
    assert key["token"] not in str(told)
    wrong = await desk.ask("POST", "/explain", {"subject": key["token"]}, status=400)
    assert (wrong["code"], key["token"] in str(wrong)) == ("subject_without_time", False)


async def test_an_account_with_a_window(desk: Desk) -> None:
    account, _, _ = await _refused(desk)
    told = await _explain(desk, account)
    assert (told["about"], told["problem"]) == ("account", "balance_fell")
    assert told["findings"]


@pytest.mark.parametrize("subject", ["nothing at all", "\x00", "x" * 900_000, "<b>", "'; DROP TABLE requests; --"])
async def test_what_names_nothing_is_told_so(desk: Desk, subject: str) -> None:
    answer = await desk.ask("POST", "/explain", {"subject": subject}, status=404)
    assert answer["code"] == "subject_not_recognised"
    assert len(str(answer)) < 3_000


async def test_what_cannot_be_a_subject_is_refused(desk: Desk) -> None:
    for body in ({"subject": ""}, {"subject": "x", "audience": "staff"}, {"subject": "x", "more": 1}, {}):
        await desk.ask("POST", "/explain", body, status=400)
    surrogate = b'{"subject": "\\ud800"}'
    response = await desk.client.post(
        "/manage/v1/explain", content=surrogate, headers={"content-type": "application/json"}
    )
    assert response.status_code in (400, 404)
    too_long = await desk.client.post("/manage/v1/explain", json={"subject": "x" * 1_100_000})
    assert too_long.status_code in (400, 413)
