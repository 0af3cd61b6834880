"""Same account? Asked over REST, of what is really on record."""

from __future__ import annotations

from typing import Any

import pytest

from api.conftest import Desk
from api.till import BANK
from counterfoil.foundation.ids import read_id
from counterfoil.ledger.model import GrantKind
from counterfoil.recharge.codes_model import BatchSettings

MISSING = "0" * 32


async def _order(desk: Desk, account: str) -> str:
    if not (await desk.ask("GET", "/payment-providers"))["items"]:
        await desk.ask("POST", "/payment-providers", BANK)
    body = {"account_id": account, "provider": "bank", "currency": "USD", "amount": "100", "by": "Ada"}
    order_id: str = (await desk.ask("POST", "/orders", body))["order_id"]
    return order_id


async def _redeemed(desk: Desk, account: str) -> str:
    settings = BatchSettings(name="spring", value=1_000_000_000, currency="USD", count=1, kind=GrantKind.PROMOTIONAL)
    code = (await desk.office.codes.create(settings, by="Ada")).codes[0]
    await desk.office.codes.redeem(read_id("account", account), code, by="a member")
    return code


async def _ask(desk: Desk, *claims: tuple[str, str], **fields: Any) -> Any:
    body = {"claims": [{"kind": kind, "text": text} for kind, text in claims], **fields}
    return await desk.ask("POST", "/same-account", body)


async def test_what_belongs_together_is_told_and_so_is_what_does_not(desk: Desk) -> None:
    acme, other = await desk.open_account("Acme"), await desk.open_account("Other")
    await desk.ask("POST", f"/accounts/{acme}/members", {"email": "ada@example.com", "nickname": "Ada"})
    order, code = await _order(desk, acme), await _redeemed(desk, acme)
    key, foreign = await desk.make_key(acme), await desk.make_key(other)
    own = (("member", "ada"), ("order", order), ("code", code), ("key", key["token"]), ("account", "Acme"))
    told = await _ask(desk, *own)
    assert (told["verdict"], told["details"], told["differs"], told["not_found"]) == ("same", [], [], [])
    assert [claim["accounts"] for claim in told["claims"]] == [[{"account_id": acme, "name": "Acme"}]] * 5

    told = await _ask(desk, *own[:3], ("key", foreign["token"]))
    assert (told["verdict"], told["differs"], told["label"]) == ("different", ["key"], "Different accounts")
    assert told["details"] == [f"Of another account: API key sk-…{foreign['token'][-4:]}"]
    (differing,) = [claim for claim in told["claims"] if claim["differs"]]
    assert differing["accounts"] == [{"account_id": other, "name": "Other"}]
    for secret in (code, key["token"], foreign["token"]):
        assert secret not in str(told)

    told = await _ask(desk, ("order", order), ("request", f"req_{MISSING}"))
    assert (told["verdict"], told["not_found"]) == ("unknown", ["request"])
    assert len(told["next_steps"]) == 2


async def test_whoever_has_paid_an_order_of_another_account_is_found(desk: Desk) -> None:
    acme, other = await desk.open_account("Acme"), await desk.open_account("Other")
    order, foreign = await _order(desk, acme), await _order(desk, other)
    assert (await _ask(desk, ("order", order), ("order", foreign)))["verdict"] == "different"
    # Nobody has paid yet, so no account is a payer's.
    assert (await _ask(desk, ("order", order), ("payer", order)))["not_found"] == ["payer"]


async def test_a_customer_is_answered_without_what_is_others(desk: Desk) -> None:
    acme, other = await desk.open_account("Acme"), await desk.open_account("Other")
    order = await _order(desk, other)
    there = await _ask(desk, ("order", order), customer=acme)
    nowhere = await _ask(desk, ("order", f"ord_{MISSING}"), customer=acme)
    assert (there["verdict"], there["claims"][0]["accounts"]) == ("unknown", [])
    assert there["details"] == [f"Not there, or not of your account: Order {order}"]
    assert str(there).replace(order, "") == str(nowhere).replace(f"ord_{MISSING}", "")
    assert (await _ask(desk, ("order", order), customer=other))["verdict"] == "same"


async def test_it_answers_in_the_callers_language(desk: Desk) -> None:
    acme, other = await desk.open_account("Acme"), await desk.open_account("Other")
    body = {"claims": [{"kind": "account", "text": acme}, {"kind": "account", "text": other}]}
    told = await desk.ask("POST", "/same-account", body, headers={"Accept-Language": "zh-CN"})
    assert (told["language"], told["label"]) == ("zh", "不是同一个账户")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"claims": []}, {"claims": [{"kind": "key", "text": "planted-secret-1"}]},
        {"claims": [{"kind": "cookie", "text": "planted-secret-1"}] * 2},
        {"claims": [{"kind": "order", "text": "planted-secret-1"}] * 2},
        {"claims": [{"kind": "key", "text": "planted-secret-1" * 40}] * 2},
        {"claims": [{"kind": "key", "text": "planted-secret-1"}] * 21},
        {"claims": [{"kind": "key", "text": "planted-secret-1"}] * 2, "customer": "acct_1"},
    ],
)  # fmt: skip
async def test_what_cannot_be_compared_is_refused_and_not_repeated(desk: Desk, body: object) -> None:
    problem = await desk.ask("POST", "/same-account", body, status=400)
    assert "planted-secret" not in str(problem)
