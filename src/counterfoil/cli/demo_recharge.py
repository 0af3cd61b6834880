"""Money of the demo: recharged at five providers, redeemed from a code, refunded, and a welcome that expires."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from counterfoil.cli.demo_terminal import Terminal
from counterfoil.cli.launchers import RunningPayments
from counterfoil.cli.services import Services
from counterfoil.foundation.errors import CounterfoilError, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.foundation.vocabulary import Kind, entry
from counterfoil.recharge.codes_model import BatchSettings
from counterfoil.recharge.model import Order, OrderState, ProviderKind
from counterfoil.recharge.providers.port import PayBy
from counterfoil.recharge.providers_service import NewProvider

_BY = "demo"
# Demo yuan, not today's.
_CNY_IN_USD = "0.14"
_WAIT_SECONDS_MAX = 30
_LOOK_SECONDS = 0.1
# Who pays how much, where. Casey's is enough for two or three small calls, and not for the rest.
_ORDERS = (
    ("acme", ProviderKind.STRIPE, "250", "USD", "ap@acme.example"),
    ("blue", ProviderKind.WECHAT, "420", "CNY", "oBlueLantern0001"),
    ("casey", ProviderKind.EPAY, "0.02", "CNY", None),
    ("crane", ProviderKind.BANK, "20", "USD", None),
)  # fmt: skip
# Paid as well, and given back the same day.
_REGRETTED = ("crane", ProviderKind.ALIPAY, "35", "CNY", "2088002000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRecharge:
    """What became of the demo's money."""

    orders: tuple[Order, ...]
    refunded: Order
    code: str
    code_credited: str
    code_again: str

    @property
    def is_as_told(self) -> bool:
        """Whether each has become what it is there to show."""
        paid = all(order.state is OrderState.PAID for order in self.orders)
        return paid and self.refunded.state is OrderState.REFUNDED and self.code_again == "code_used_elsewhere"

    def to_json(self) -> dict[str, Any]:
        return {
            "orders": [
                {
                    "order_id": show_id("order", order.order_id), "provider": order.provider, "state": str(order.state),
                    "paid": f"{format_nanos(order.amount)} {order.currency}",
                    "credited": f"{format_nanos(order.terms.credited)} {order.terms.wallet_currency}",
                    "bonus": format_nanos(order.terms.bonus),
                }
                for order in (*self.orders, self.refunded)
            ],
            "code": {"mask": self.code, "credited": self.code_credited, "second_try": self.code_again},
        }  # fmt: skip

    def lines(self, terminal: Terminal) -> list[str]:
        """One line for each, to be read as it is."""
        word = terminal.word
        lines = [
            word(
                "demo_order_credited", order=show_id("order", order.order_id), paid=_money(order.amount, order.currency),
                provider=entry(Kind.PROVIDER_KIND, str(order.provider_kind)).label[terminal.language],
                credited=_money(order.terms.credited + order.terms.bonus, order.terms.wallet_currency),
            )
            for order in self.orders
        ]  # fmt: skip
        lines.append(
            word(
                "demo_order_refunded", order=show_id("order", self.refunded.order_id),
                paid=_money(self.refunded.amount, self.refunded.currency),
            )
        )  # fmt: skip
        lines.append(word("demo_code_redeemed", mask=self.code, credited=self.code_credited))
        return ["  " + line for line in lines]


def _money(nanos: int, currency: str) -> str:
    return f"{format_nanos(nanos)} {currency}"


class DemoRecharge:
    """Recharges the accounts the way customers do: order, payment, signed notice, credit."""

    def __init__(self, services: Services, payments: RunningPayments, accounts: Mapping[str, UUID]) -> None:
        self._services = services
        self._payments = payments
        self._accounts = accounts

    async def set_up(self, *, address: str) -> None:
        """Providers, what a yuan is worth, and what larger recharges bring on top."""
        await self._services.recharge_terms.set_rate(
            paid_currency="CNY", wallet_currency="USD", rate=parse_nanos(_CNY_IN_USD), by=_BY
        )
        await self._services.recharge_terms.add_bonus(
            name="Two per cent from 50",
            wallet_currency="USD",
            least=parse_nanos("50"),
            share_millionths=20_000,
            days=14,
        )
        for kind in ProviderKind:
            await self._services.payment_providers.add(_configured(kind, self._payments.providers.get(kind.value, {})))
        self._payments.use_webhook(f"{address}/callbacks/{ProviderKind.STRIPE.value}")

    async def stage(self) -> ShownRecharge:
        """Every order paid and credited, one given back, a code redeemed once and tried again."""
        orders = await asyncio.gather(*(self._paid(*one) for one in _ORDERS))
        regretted = await self._paid(*_REGRETTED)
        await self._services.order_refunds.propose(
            regretted.order_id, source_id="demo-regret", amount=None, reason="paid by mistake", by=_BY
        )
        code, credited, again = await self._redeem()
        return ShownRecharge(
            orders=tuple(orders),
            refunded=await self._until(regretted, OrderState.REFUNDED),
            code=code,
            code_credited=credited,
            code_again=again,
        )

    async def _paid(self, account: str, kind: ProviderKind, amount: str, currency: str, payer: str | None) -> Order:
        orders = self._services.orders
        order = await orders.create(
            account_id=self._accounts[account],
            provider=kind.value,
            amount=parse_nanos(amount),
            currency=currency,
            by=_BY,
        )
        payment = await orders.pay(order.order_id)
        if payment.pay_by is PayBy.TRANSFER:
            # Nobody tells us of a transfer: somebody sees it in the bank's statement.
            await self._services.order_refunds.propose_confirmation(
                order.order_id, number=transfer_number(order), reason="seen on the statement", by=_BY
            )
        else:
            if payment.pay_by is PayBy.LINK:
                await asyncio.to_thread(self._payments.open, payment.content)
            await asyncio.to_thread(self._payments.pay, kind.value, order.number, payer=payer)
        return await self._until(order, OrderState.PAID)

    async def _until(self, order: Order, state: OrderState) -> Order:
        """The order once it is in that state; raises `Unavailable` where it does not get there."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _WAIT_SECONDS_MAX
        while True:
            found = await self._services.orders.order(order.order_id)
            if found.state is state:
                return found
            if loop.time() > until:
                raise Unavailable(
                    code="demo_not_credited", order=show_id("order", order.order_id), state=str(found.state)
                )
            await asyncio.sleep(_LOOK_SECONDS)

    async def _redeem(self) -> tuple[str, str, str]:
        """A code's mask, what it has credited, and what its second user was told."""
        codes = self._services.codes
        made = await codes.create(
            BatchSettings(name="Launch week", value=parse_nanos("5"), currency="USD", count=3, grant_days=30), by=_BY
        )
        redeemed = await codes.redeem(self._accounts["blue"], made.codes[0], by="Mei at Blue Lantern")
        again = ""
        try:
            await codes.redeem(self._accounts["acme"], made.codes[0], by="Wei at Acme")
        except CounterfoilError as error:
            again = error.code
        return redeemed.view.code.mask, _money(made.view.batch.settings.value, "USD"), again


def transfer_number(order: Order) -> str:
    """The bank's own number of the transfer that paid an order."""
    return f"demo-transfer-{order.number[-8:]}"


def _configured(kind: ProviderKind, given: Mapping[str, str]) -> NewProvider:
    """A provider as a merchant sets it up; the sandbox is at the other end."""
    secrets: Mapping[str, str] = {}
    settings: Mapping[str, str] = {}
    merchant, currencies = given.get("merchant", "Demo"), ("CNY",)
    match kind:
        case ProviderKind.STRIPE:
            secrets = {"api_key": given["api_key"], "webhook_secret": given["webhook_secret"]}
            settings, currencies = {"livemode": "false"}, ("USD",)
        case ProviderKind.EPAY:
            secrets, settings = {"key": given["key"]}, {"type": "alipay"}
        case ProviderKind.ALIPAY:
            secrets = {"private_key": given["app_private_key"], "alipay_public_key": given["alipay_public_key"]}
            settings, merchant = {"app_id": given["app_id"]}, given["seller_id"]
        case ProviderKind.WECHAT:
            secrets = {
                "private_key": given["merchant_private_key"], "platform_public_key": given["platform_public_key"],
                "apiv3_key": given["api_v3_key"],
            }  # fmt: skip
            settings = {
                "app_id": given["app_id"],
                "serial": given["merchant_serial"],
                "platform_serial": given["platform_serial"],
            }
        case ProviderKind.BANK:
            settings, currencies = {"instructions": "Demo Bank, account 1, reference {reference}"}, ("USD",)
    return NewProvider(
        name=kind.value, kind=kind, merchant=merchant, currencies=currencies, base_url=given.get("base_url"),
        settings=settings, secrets=secrets, secrets_env={},
    )  # fmt: skip
