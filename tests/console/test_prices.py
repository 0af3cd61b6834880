"""Prices with the group's tier, and estimates of calls."""

from __future__ import annotations

import csv
import io

from console.visitors import House, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.limits.model import Group, GroupSettings
from counterfoil.pricing.model import Kind, Price, Usage, WorkShape
from counterfoil.pricing.rules import bound, rate

_MODEL = "gpt-4o"
_IMAGES = "dall-e-3"


def _price(house: House, model: str = _MODEL) -> Price:
    found = house.services.prices.price_for("customer", model, house.services.clock.now())
    assert found is not None
    return found


async def _group(house: House, account: Account, *, millis: int, models: tuple[str, ...] = ()) -> Group:
    return await house.services.limits.create_group(
        account_id=account.account_id,
        settings=GroupSettings(name=f"Tier {millis}", price_tier_millis=millis, allowed_models=models),
    )


async def _row(house: House, account: Account, **query: str) -> list[str]:
    visitor = await house.member(account, Role.DEVELOPER, email=f"dev{house.services.clock.now()}@example.com")
    text = await visitor.get(of_account(account, "/prices"), csv="tokens", q=_MODEL, **query)
    return next(row for row in csv.reader(io.StringIO(text)) if row[0].lstrip("\ufeff") == _MODEL)


async def test_prices_are_those_of_the_book_times_the_groups_tier(house: House) -> None:
    account, rates = await house.open_account(), _price(house).rates
    assert (await _row(house, account))[2] == format_nanos(rates[Kind.INPUT])
    dear = await _group(house, account, millis=1_500)
    # The account's only group is what its prices are shown with.
    assert (await _row(house, account))[2] == format_nanos(rates[Kind.INPUT] * 3 // 2)
    cheap = await _group(house, account, millis=855)
    assert (await _row(house, account))[4] == format_nanos(rates[Kind.OUTPUT])
    assert (await _row(house, account, group=show_id("group", dear.group_id)))[4] == format_nanos(
        rates[Kind.OUTPUT] * 3 // 2
    )
    assert (await _row(house, account, group=show_id("group", cheap.group_id)))[4] == format_nanos(
        rates[Kind.OUTPUT] * 855 // 1000
    )
    assert (await _row(house, account, group="none"))[4] == format_nanos(rates[Kind.OUTPUT])


async def test_a_group_says_which_models_it_may_not_use(house: House) -> None:
    account = await house.open_account()
    await _group(house, account, millis=1_000, models=("dall-*",))
    assert (await _row(house, account))[-1] == "not permitted"


async def test_what_is_made_by_the_piece_has_its_price_each(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    page = await visitor.get(of_account(account, "/prices"), q=_IMAGES)
    assert "1024x1024 · hd" in page
    assert "$0.08" in page


async def test_an_estimate_is_the_bound_and_the_rate_of_the_rules(house: House) -> None:
    account = await house.open_account(credit=50)
    await _group(house, account, millis=1_200)
    visitor = await house.member(account)
    page = await visitor.get(
        of_account(account, "/prices/model"), model=_MODEL, input_tokens="2000", output_cap="3000", usual_output="700"
    )
    price = _price(house)
    most = bound(price, WorkShape(input_bytes=8_000, asked_cap=3_000), multiplier_millis=1_200, strict=False)
    usual = rate(price, Usage(counts={Kind.INPUT: 2_000, Kind.OUTPUT: 700}), multiplier_millis=1_200)
    for nanos in (most.money(3_000), usual.amount_nanos):
        assert format_nanos(round(nanos, -5), least_decimals=4)[:6] in page
    assert "The balance covers it" in page
    text = await visitor.get(
        of_account(account, "/prices/model"), model=_MODEL, input_tokens="2000", usual_output="700", csv="estimate"
    )
    rows = list(csv.reader(io.StringIO(text)))[1:]
    assert sum(parse_nanos(row[-1]) for row in rows) == usual.amount_nanos


async def test_an_estimate_tells_when_the_balance_is_short(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    page = await visitor.get(of_account(account, "/prices/model"), model=_MODEL)
    assert "The balance does not cover the reservation" in page


async def test_images_are_estimated_by_their_number(house: House) -> None:
    account = await house.open_account(credit=5)
    visitor = await house.member(account)
    page = await visitor.get(of_account(account, "/prices/model"), model=_IMAGES, unit="image:1024x1024:hd", count="4")
    assert "$0.32" in page


async def test_what_cannot_be_estimated_is_refused(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    address = of_account(account, "/prices/model")
    assert "<code>price_not_found</code>" in await visitor.get(address, model="no-such-model", status=404)
    for wrong in (
        {"input_tokens": "many"},
        {"output_cap": "-1"},
        {"unit": "image:1x1:best"},
        {"input_tokens": "9" * 12},
    ):
        page = await visitor.get(address, model=_MODEL, status=422, **wrong)
        assert "<code>bad_request</code>" in page, wrong


async def test_groups_of_another_account_do_not_exist_here(house: House) -> None:
    account, other = await house.open_account(), await house.open_account("Other")
    await _group(house, account, millis=2_000)
    theirs = await _group(house, other, millis=3_000)
    visitor = await house.member(account)
    await visitor.get(of_account(account, "/prices"), group=show_id("group", theirs.group_id), status=404)
    await visitor.get(of_account(other, "/prices"), status=404)
    support = await house.staff(StaffRole.SUPPORT)
    assert "Tier 3000" in await support.get(of_account(other, "/prices"))
