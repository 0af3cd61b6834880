"""What recharges are worth, over REST: exchange rates and bonus rules."""

from __future__ import annotations

import pytest

from api.conftest import Desk
from api.till import BONUS, RATE


async def test_a_rate_is_exact_and_the_newest_comes_first(desk: Desk) -> None:
    first = await desk.ask("POST", "/exchange-rates", RATE)
    assert (first["rate"], first["ratio"], first["paid_currency"], first["wallet_currency"], first["set_by"]) == (
        "0.138888889", "1", "CNY", "USD", "Ada",
    )  # fmt: skip
    second = await desk.ask("POST", "/exchange-rates", {**RATE, "rate": "7", "ratio": "0.98"})
    assert (second["rate"], second["ratio"]) == ("7", "0.98")
    assert (await desk.ask("GET", "/exchange-rates"))["items"] == [second, first]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rate": "0"}, "amount_not_positive"),
        ({"rate": "-1"}, "amount_not_positive"),
        ({"ratio": "0"}, "amount_not_positive"),
        ({"rate": "0.1234567890"}, "amount_unreadable"),
        ({"rate": "1e9"}, "amount_unreadable"),
        ({"rate": "NaN"}, "amount_unreadable"),
        ({"rate": "9999999999999"}, "amount_unreadable"),
        ({"rate": 7}, "bad_request"),
        ({"rate": "1" * 41}, "bad_request"),
        ({"paid_currency": "yuan"}, "bad_request"),
        ({"paid_currency": "cny"}, "currency_unreadable"),
        ({"wallet_currency": "U\x00"}, "bad_request"),
        ({"by": ""}, "bad_request"),
        ({"by": "  "}, "bad_request"),
        ({"starts_at": "2020-01-01T00:00:00Z"}, "bad_request"),
    ],
)
async def test_a_rate_that_cannot_be_is_refused(desk: Desk, fields: dict[str, object], code: str) -> None:
    assert (await desk.ask("POST", "/exchange-rates", {**RATE, **fields}, status=400))["code"] == code
    assert (await desk.ask("GET", "/exchange-rates"))["items"] == []


async def test_a_bonus_rule_is_added_and_ended_once(desk: Desk) -> None:
    rule = await desk.ask("POST", "/bonus-rules", {**BONUS, "share_percent": "12.3456", "fixed": "0.5"})
    assert rule["rule_id"].startswith("bonus_")
    assert (rule["name"], rule["least"], rule["share_percent"], rule["fixed_nanos"], rule["days"], rule["ends_at"]) == (
        "summer", "10.00", "12.3456", 500_000_000, 30, None,
    )  # fmt: skip
    assert (await desk.ask("POST", "/bonus-rules", BONUS, status=409))["code"] == "already_exists"
    assert await desk.ask("POST", "/bonus-rules/end", {"name": "summer"}) == {"ended": "summer"}
    [ended] = (await desk.ask("GET", "/bonus-rules"))["items"]
    assert ended["ends_at"] is not None
    for name in ("summer", "winter"):
        assert (await desk.ask("POST", "/bonus-rules/end", {"name": name}, status=404))["code"] == "not_found"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"share_percent": "0"}, "amount_not_positive"),
        ({"share_percent": "-1", "fixed": "5"}, "bad_request"),
        ({"share_percent": "1000.0001"}, "bad_request"),
        ({"share_percent": "1.23456"}, "bad_request"),
        ({"share_percent": "ten"}, "amount_unreadable"),
        ({"least": "-1"}, "amount_not_positive"),
        ({"fixed": "-1"}, "amount_not_positive"),
        ({"days": 0}, "bad_request"),
        ({"days": 3661}, "bad_request"),
        ({"days": "30"}, "bad_request"),
        ({"name": ""}, "bad_request"),
        ({"name": " "}, "name_unreadable"),
        ({"name": "a\x00"}, "bad_request"),
        ({"name": "n" * 101}, "bad_request"),
        ({"wallet_currency": "us"}, "currency_unreadable"),
    ],
)
async def test_a_bonus_rule_that_cannot_be_is_refused(desk: Desk, fields: dict[str, object], code: str) -> None:
    assert (await desk.ask("POST", "/bonus-rules", {**BONUS, **fields}, status=400))["code"] == code
    assert (await desk.ask("GET", "/bonus-rules"))["items"] == []
