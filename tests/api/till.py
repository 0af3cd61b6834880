"""A till: payment providers, rates and a bonus over REST, and what an epay channel sends."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from api.conftest import Desk
from api.wiring import Office
from counterfoil.foundation.ids import read_id
from counterfoil.recharge.providers.epay import sign
from counterfoil.recharge.providers.port import RawNotice, Reply

EPAY_KEY = "planted-epay-key-0123456789"
MERCHANT = "1001"
TRADE = "planted-trade-2026110122001"
BANK = {
    "name": "bank", "kind": "bank", "merchant": "Counterfoil Ltd", "currencies": ["USD", "CNY", "JPY", "KWD"],
    "settings": {"instructions": "IBAN DE00 1234, write {reference}"},
}  # fmt: skip
EPAY = {
    "name": "cashier", "kind": "epay", "merchant": MERCHANT, "base_url": "http://127.0.0.1:9",
    "secrets": {"key": EPAY_KEY},
}  # fmt: skip
RATE = {"paid_currency": "CNY", "wallet_currency": "USD", "rate": "0.138888889", "by": "Ada"}
BONUS = {"name": "summer", "wallet_currency": "USD", "least": "10", "share_percent": "10", "days": 30}


def notice_of(order_id: str, *, trade_no: str, money: str = "100.00", key: str = EPAY_KEY, **fields: str) -> RawNotice:
    """What the channel sends when an order has been paid."""
    form = {
        "pid": MERCHANT, "trade_no": trade_no, "out_trade_no": read_id("order", order_id).hex, "type": "alipay",
        "name": "recharge", "money": money, "trade_status": "TRADE_SUCCESS", **fields,
    }  # fmt: skip
    query = urlencode({**form, "sign": sign(form, key), "sign_type": "MD5"})
    return RawNotice(method="GET", headers={}, query=query, body=b"")


async def notify(office: Office, order_id: str, **fields: Any) -> Reply:
    return await office.recharge.notices.accept("cashier", notice_of(order_id, **fields))


async def open_shop(desk: Desk) -> str:
    """An account in US dollars, at a desk that takes yuan by epay and anything by bank transfer."""
    for provider in (BANK, EPAY):
        await desk.ask("POST", "/payment-providers", provider)
    await desk.ask("POST", "/exchange-rates", RATE)
    await desk.ask("POST", "/bonus-rules", BONUS)
    return await desk.open_account()


async def make_order(desk: Desk, account: str, amount: str = "100", **fields: Any) -> Any:
    body = {"account_id": account, "provider": "bank", "currency": "USD", "amount": amount, "by": "Ada", **fields}
    return await desk.ask("POST", "/orders", body)


async def make_epay_order(desk: Desk, account: str, **fields: Any) -> str:
    order = await make_order(desk, account, provider="cashier", currency="CNY", **fields)
    order_id: str = order["order_id"]
    return order_id


async def pay_order(desk: Desk, account: str, amount: str = "100", number: str = TRADE) -> str:
    order_id: str = (await make_order(desk, account, amount))["order_id"]
    body = {"number": number, "reason": "seen at the bank", "by": "Ada"}
    assert (await desk.ask("POST", f"/orders/{order_id}/confirmations", body))["state"] == "approved"
    return order_id


async def balance_of(desk: Desk, account: str) -> str:
    balance: str = (await desk.ask("GET", f"/accounts/{account}"))["posted"]
    return balance
