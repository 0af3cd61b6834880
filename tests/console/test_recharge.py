"""Recharging: quotes, orders and their payments, codes and invoices, as people see them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from hashlib import sha256

import pytest

from console.visitors import House, Visitor, of_account
from counterfoil.console.pages.recharge_orders import qr_code
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.recharge.codes_model import BatchSettings
from counterfoil.recharge.model import Order, ProviderKind
from counterfoil.sandbox.payments.process import PaymentsProcess
from recharge.till import KINDS, configured, raw_of

_CODE_OF_NOBODY = "WKMH-7Q2Z-3CVN-P8RD-5T4K"


@pytest.fixture(scope="module")
def payments() -> Iterator[PaymentsProcess]:
    with PaymentsProcess({"hold": [kind.value for kind in KINDS]}) as process:
        yield process


async def _set_up(house: House, *kinds: ProviderKind, payments: PaymentsProcess | None = None) -> None:
    """Ways to pay, a rate with a ratio, and a bonus from 10 on."""
    services = house.services.recharge
    for kind in kinds or (ProviderKind.BANK,):
        given = {} if payments is None else payments.providers.get(kind.value, {})
        await services.payment_providers.add(configured(kind, given))
    await services.recharge_terms.set_rate(
        paid_currency="CNY", wallet_currency="USD", rate=parse_nanos("0.14"), ratio=parse_nanos("1.05"), by="op"
    )
    await services.recharge_terms.add_bonus(
        name="Ten and more", wallet_currency="USD", least=parse_nanos("10"), share_millionths=100_000, fixed=0, days=30
    )


async def _order(
    house: House, visitor: Visitor, account: Account, *, amount: str = "100", way: str = "bank/CNY"
) -> str:
    """The page of a new order, made through the forms; its address below `/console`."""
    quoted = await visitor.get(of_account(account, "/recharge"), amount=amount, pay_with=way)
    intention = quoted.split('name="intention" value="')[1].split('"')[0]
    made = await visitor.post(
        of_account(account, "/recharge/orders"), {"amount": amount, "pay_with": way, "intention": intention}
    )
    return made.headers["location"].partition("?")[0]


async def _orders(house: House, account: Account) -> list[Order]:
    return await house.services.recharge.orders.orders(account_id=account.account_id)


async def test_what_a_payment_credits_is_shown_before_an_order_is_made(house: House) -> None:
    await _set_up(house)
    account = await house.open_account()
    visitor = await house.member(account)
    page = await visitor.get(of_account(account, "/recharge"), amount="100", pay_with="bank/CNY")
    for said in ("1 CNY = 0.14 USD", "× 1.05", "$14.70", "$1.47", "$16.17", "valid for 30 days", "Ten and more"):
        assert said in page
    assert await _orders(house, account) == []


async def test_an_order_is_made_once_however_often_its_button_is_pressed(house: House) -> None:
    await _set_up(house)
    account = await house.open_account()
    visitor = await house.member(account, Role.BILLING_VIEWER)
    fields = {"amount": "100", "pay_with": "bank/CNY", "intention": "one click"}
    places = {
        (await visitor.post(of_account(account, "/recharge/orders"), fields)).headers["location"] for _ in range(3)
    }
    assert len(places) == 1
    (order,) = await _orders(house, account)
    assert visitor.person is not None
    assert order.created_by == visitor.person.email
    page = await visitor.get(places.pop())
    assert "The order is made" in page
    assert "Awaiting payment" in page
    assert "It is credited" in page
    assert "still to come" in page
    assert 'hx-trigger="every 2s"' in page


@pytest.mark.parametrize(
    ("amount", "way"), [("ten", "bank/CNY"), ("0", "bank/CNY"), ("10.001", "bank/CNY"), ("10", "bank/JPY"), ("10", "")]
)
async def test_an_order_that_cannot_be_is_refused_with_what_was_typed(house: House, amount: str, way: str) -> None:
    await _set_up(house)
    account = await house.open_account()
    visitor = await house.member(account)
    answer = await visitor.post(
        of_account(account, "/recharge/orders"), {"amount": amount, "pay_with": way}, status=422
    )
    assert f'value="{amount}"' in answer.text
    assert await _orders(house, account) == []
    page = await visitor.get(of_account(account, "/recharge"), amount=amount, pay_with=way)
    assert amount == "10.001" or 'role="alert"' in page


async def test_a_currency_without_a_rate_is_told_and_not_guessed(house: House) -> None:
    await _set_up(house)
    account = await house.open_account()
    visitor = await house.member(account)
    page = await visitor.get(of_account(account, "/recharge"), amount="10", pay_with="bank/EUR")
    assert 'role="alert"' in page
    assert 'name="intention"' not in page


async def test_a_bank_transfer_shows_its_facts_and_arrives_by_itself(house: House) -> None:
    await _set_up(house)
    account = await house.open_account()
    visitor = await house.member(account)
    address = await _order(house, visitor, account)
    paying = await visitor.post(address + "/pay", status=200)
    assert "Pay to account 1, reference:" in paying.text
    page = await visitor.get(address)
    assert "Payment being confirmed" in page
    assert "Pay to account 1" not in page


async def test_a_paid_order_says_so_and_has_a_receipt_and_an_invoice(house: House, payments: PaymentsProcess) -> None:
    await _set_up(house, ProviderKind.EPAY, payments=payments)
    account = await house.open_account()
    visitor = await house.member(account)
    address = await _order(house, visitor, account, way="epay/CNY")
    await visitor.get(address + "/receipt", status=409)
    paying = await visitor.post(address + "/pay", status=200)
    link = re.search(r'class="button" href="(http[^"]+)"', paying.text)
    assert link is not None
    assert payments.open(link[1].replace("&amp;", "&")).status in (200, 302)
    (order,) = await _orders(house, account)
    payments.pay("epay", order.number, send=False)
    for notice in payments.notify("epay", order.number, send=False):
        await house.services.recharge.notices.accept("epay", raw_of(notice))
    page = await visitor.get(address)
    assert "Paid and credited" in page
    assert "still to come" not in page
    assert 'id="pay"' not in page
    assert 'hx-trigger="every 2s"' not in page
    assert "$16.17" in await visitor.get(of_account(account, "/recharge"))

    receipt = await visitor.client.get(f"https://desk.test{address}/receipt")
    style = re.search(r"<style>(.*?)</style>", receipt.text, re.DOTALL)
    assert style is not None
    named = base64.b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"'sha256-{named}'" in receipt.headers["content-security-policy"]
    assert "unsafe-inline" not in receipt.headers["content-security-policy"]

    wrong = await visitor.post(address + "/invoice", {"legal_name": "Acme Ltd", "tax_id": "?"}, status=422)
    assert 'value="Acme Ltd"' in wrong.text
    asked = await visitor.post(address + "/invoice", {"legal_name": "Acme Ltd", "tax_id": "91310000-MA1FL-1234X"})
    after = await visitor.follow(asked)
    assert "91310000MA1FL1234X" in after
    assert 'name="legal_name"' not in after


async def test_a_code_to_scan_is_drawn_and_never_an_address_to_follow(house: House, payments: PaymentsProcess) -> None:
    await _set_up(house, ProviderKind.WECHAT, payments=payments)
    account = await house.open_account()
    visitor = await house.member(account)
    address = await _order(house, visitor, account, way="wechat/CNY")
    paying = await visitor.post(address + "/pay", status=200)
    assert 'class="pay-qr-dark" d="M' in paying.text
    assert "weixin:" not in paying.text
    assert "Pay in the demo" not in paying.text


def test_a_drawn_code_has_just_its_dark_modules() -> None:
    import segno

    drawn = qr_code("weixin://wxpay/bizpayurl?pr=abc")
    rows = [[bool(one) for one in row] for row in segno.make_qr("weixin://wxpay/bizpayurl?pr=abc", error="m").matrix]
    dark = set()
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", drawn.path):
        dark |= {(int(x) + step - 4, int(y) - 4) for step in range(int(width))}
    assert dark == {(x, y) for y, row in enumerate(rows) for x, one in enumerate(row) if one}
    assert drawn.side == len(rows) + 8


async def test_an_order_is_called_off(house: House) -> None:
    await _set_up(house)
    account = await house.open_account()
    visitor = await house.member(account)
    address = await _order(house, visitor, account)
    assert "The order is cancelled" in await visitor.follow(await visitor.post(address + "/cancel"))
    await visitor.post(address + "/pay", status=409)


async def _code(house: House, currency: str = "USD") -> str:
    made = await house.services.codes.create(
        BatchSettings(name="Spring", value=parse_nanos("5"), currency=currency, count=1), by="op"
    )
    return made.codes[0]


async def test_a_code_is_redeemed_once_and_shown_by_its_mask(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    code = await _code(house)
    page = await visitor.follow(await visitor.post(of_account(account, "/recharge/redeem"), {"code": code.lower()}))
    assert "Redeemed" in page
    assert "$5.00" in page
    assert code not in page
    assert code[-4:] in page
    again = await visitor.post(of_account(account, "/recharge/redeem"), {"code": code}, status=409)
    assert code not in again.text


async def test_each_thing_that_is_wrong_with_a_code_has_its_own_words(house: House) -> None:
    account, other = await house.open_account(), await house.open_account("Other")
    visitor, stranger = await house.member(account), await house.member(other)
    used = await _code(house)
    await stranger.post(of_account(other, "/recharge/redeem"), {"code": used})
    said = set()
    for typed, status in (("hello", 422), (used, 409), (await _code(house, "EUR"), 409)):
        answer = await visitor.post(of_account(account, "/recharge/redeem"), {"code": typed}, status=status)
        assert typed not in answer.text or typed == "hello"
        assert 'value="hello"' not in answer.text
        said.add(answer.text.split('class="notice-title">')[1].split("<")[0])
    assert len(said) == 3
    tries = await visitor.get(of_account(account, "/recharge"))
    assert all(one in tries for one in said)


async def test_another_accounts_order_does_not_exist_here(house: House) -> None:
    await _set_up(house)
    account, other = await house.open_account(), await house.open_account("Other")
    visitor, stranger = await house.member(account), await house.member(other)
    address = await _order(house, visitor, account)
    (order,) = await _orders(house, account)
    theirs = of_account(other, f"/recharge/orders/{show_id('order', order.order_id)}")
    for path in (address, theirs, theirs + "/receipt"):
        await stranger.get(path, status=404)
    for verb in ("/pay", "/cancel", "/invoice"):
        await stranger.post(theirs + verb, {"legal_name": "X", "tax_id": "123456"}, status=404)
    assert (await _orders(house, account))[0].state == "created"


async def test_who_may_recharge(house: House) -> None:
    await _set_up(house)
    account = await house.open_account()
    developer, support = await house.member(account, Role.DEVELOPER), await house.staff(StaffRole.SUPPORT)
    await developer.get(of_account(account, "/recharge"), status=403)
    page = await support.get(of_account(account, "/recharge"))
    assert 'id="recharge-new"' not in page
    for visitor in (developer, support):
        await visitor.post(of_account(account, "/recharge/orders"), {"amount": "1", "pay_with": "bank/CNY"}, status=403)
        await visitor.post(of_account(account, "/recharge/redeem"), {"code": _CODE_OF_NOBODY}, status=403)
    assert await _orders(house, account) == []
