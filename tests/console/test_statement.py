"""The statement: what the records say, line by line, and for whom."""

from __future__ import annotations

import csv
import io

import pytest

from console.visitors import House, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.ledger.model import Adjust, Authorize, Capture, Credit, GrantKind, GrantSpec, Hold

_UNIT = 1_000_000_000


async def _charge(house: House, account: Account, nanos: int) -> str:
    """A request that is served and charged; its id as shown."""
    request_id = house.services.clock.new_id()
    held = await house.services.plain_ledger.apply(
        Authorize(
            account_id=account.account_id, hold_id=request_id, floor=nanos, asked=nanos, expires_in=60_000_000,
            cause_kind="request", cause_id=request_id, intent="asked=1",
        )
    )  # fmt: skip
    assert isinstance(held, Hold)
    await house.services.plain_ledger.apply(
        Capture(account_id=account.account_id, hold_id=request_id, cost=nanos, intent="cost=1")
    )
    return show_id("request", request_id)


async def test_a_month_is_stated_with_every_lines_balance(house: House) -> None:
    account = await house.open_account(credit=100)
    for cents in (1, 2, 3):
        await _charge(house, account, cents * _UNIT // 100)
    visitor = await house.member(account, Role.BILLING_VIEWER)
    page = await visitor.get(of_account(account, "/statement"))
    assert "3 charges" in page
    assert "-$0.06" in page
    assert "Recharge" in page
    assert "+$100.00" in page
    assert page.count("$99.94") >= 2
    assert "Recharges" in page


async def test_a_folded_line_opens_into_its_requests(house: House) -> None:
    account = await house.open_account(credit=5)
    ids = [await _charge(house, account, _UNIT // 4) for _ in range(3)]
    visitor = await house.member(account)
    page = await visitor.get(of_account(account, "/statement"))
    href = next(
        part.split('"')[0] for part in page.split('href="') if "/statement/charges" in part and "above=" in part
    )
    unfolded = await visitor.get(href)
    assert all(of_account(account, f"/requests/{one}") in unfolded for one in ids)
    assert "+$5.00" not in unfolded


async def test_a_recharge_and_a_correction_name_their_cause(house: House) -> None:
    account = await house.open_account()
    order_id = house.services.clock.new_id()
    grants = (
        GrantSpec(kind=GrantKind.PAID, amount=20 * _UNIT, origin="clearing:bank"),
        GrantSpec(kind=GrantKind.PROMOTIONAL, amount=3 * _UNIT, origin="promotions"),
    )
    shown = show_id("order", order_id)
    await house.services.ledger.operate(
        Credit(account_id=account.account_id, source_kind="order", source_id=shown, grants=grants)
    )
    await house.services.ledger.operate(Adjust(account_id=account.account_id, source_id="ticket-7", amount=-_UNIT))
    visitor = await house.member(account)
    page = await visitor.get(of_account(account, "/statement"))
    assert of_account(account, f"/recharge/orders/{shown}") in page
    assert "of it $3.00 bonus" in page
    assert "ticket-7" in page
    assert "-$1.00" in page


async def test_the_file_holds_exact_amounts_that_add_up(house: House) -> None:
    account = await house.open_account(credit=10)
    await _charge(house, account, 1)
    visitor = await house.member(account)
    text = await visitor.get(of_account(account, "/statement"), csv="statement")
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert rows[0][:2] == ["Time", "What for"]
    assert [row[2:4] for row in rows[1:]] == [["-0.000000001", "9.999999999"], ["10.00", "10.00"]]


async def test_a_long_month_is_paged(house: House) -> None:
    account = await house.open_account(credit=1)
    for number in range(60):
        await house.services.ledger.operate(
            Adjust(account_id=account.account_id, source_id=f"number-{number}-", amount=_UNIT)
        )
    visitor = await house.member(account)
    first = await visitor.get(of_account(account, "/statement"))
    assert "number-59-" in first
    assert "number-5-" not in first
    href = first.split('rel="next" href="')[1].split('"')[0]
    second = await visitor.get(href)
    assert "number-5-" in second
    assert "number-59-" not in second
    printed = await visitor.get(of_account(account, "/statement/print"))
    assert "number-59-" in printed
    assert "number-5-" in printed
    assert account.name in printed
    assert show_id("account", account.account_id) in printed


async def test_an_earlier_month_is_empty_and_says_so(house: House) -> None:
    account = await house.open_account(credit=1)
    visitor = await house.member(account)
    assert "Nothing moved in this month" in await visitor.get(of_account(account, "/statement"), month="2020-02")


@pytest.mark.parametrize("month", ["2026-13", "yesterday", "0000-00"])
async def test_a_month_that_cannot_be_read_is_refused(house: House, month: str) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    page = await visitor.get(of_account(account, "/statement"), month=month, status=422)
    assert "<code>bad_request</code>" in page


async def test_who_may_see_a_statement(house: House) -> None:
    account, other = await house.open_account(credit=1), await house.open_account("Other", credit=7)
    developer = await house.member(account, Role.DEVELOPER)
    await developer.get(of_account(account, "/statement"), status=403)
    owner = await house.member(account)
    for path in ("/statement", "/statement/charges", "/statement/sums", "/statement/print"):
        await owner.get(of_account(account, path))
        await owner.get(of_account(other, path), status=404)
    support = await house.staff(StaffRole.SUPPORT)
    assert "$7.00" in await support.get(of_account(other, "/statement"))
