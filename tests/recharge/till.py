"""A till: everything that money comes in through, on a real database, with the payments sandbox at the other end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import psycopg

from counterfoil.approvals.model import Approval, ApprovalPolicy, ApprovalSettings
from counterfoil.approvals.service import Approvals
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.currencies import minor_digits, to_minor
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.model import Authorize, Hold
from counterfoil.ledger.service import Ledger
from counterfoil.recharge.model import Order, ProviderKind
from counterfoil.recharge.notices import Notices
from counterfoil.recharge.numbers import Numbers
from counterfoil.recharge.providers import registry
from counterfoil.recharge.providers.port import PayBy, Payment, RawNotice, Reply
from counterfoil.recharge.providers_service import NewProvider, PaymentProviders
from counterfoil.recharge.refunds import Refunds
from counterfoil.recharge.service import Orders, RechargeSettings
from counterfoil.recharge.terms_service import RechargeTerms
from counterfoil.redaction.rules import redact
from counterfoil.sandbox.payments.model import SentNotice
from counterfoil.sandbox.payments.process import PaymentsProcess
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database

KINDS = (ProviderKind.STRIPE, ProviderKind.EPAY, ProviderKind.ALIPAY, ProviderKind.WECHAT)
_CURRENCIES = {ProviderKind.STRIPE: ("CNY", "USD", "JPY", "KWD", "EUR"), ProviderKind.BANK: ("CNY", "USD", "EUR")}
PUBLIC_URL = "https://pay.example"
ORDER_SECONDS = 1_800


def configured(kind: ProviderKind, given: Mapping[str, str], *, name: str | None = None) -> NewProvider:
    """How a merchant sets up what the sandbox plays."""
    settings: dict[str, str] = {}
    match kind:
        case ProviderKind.STRIPE:
            secrets = {"api_key": given["api_key"], "webhook_secret": given["webhook_secret"]}
            settings = {"livemode": "false"}
        case ProviderKind.EPAY:
            secrets, settings = {"key": given["key"]}, {"type": "alipay"}
        case ProviderKind.ALIPAY:
            secrets = {"private_key": given["app_private_key"], "alipay_public_key": given["alipay_public_key"]}
            settings = {"app_id": given["app_id"]}
            given = {**given, "merchant": given["seller_id"]}
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
            secrets, settings = {}, {"instructions": "Pay to account 1, reference:"}
    return NewProvider(
        name=name or kind.value, kind=kind, merchant=given.get("merchant", "Counterfoil"),
        currencies=_CURRENCIES.get(kind, ()), base_url=given.get("base_url"), settings=settings, secrets=secrets, secrets_env={},
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """One process's use cases of money that comes in."""

    clock: ManualClock
    database: Database
    ledger: Ledger
    approvals: Approvals
    providers: PaymentProviders
    terms: RechargeTerms
    orders: Orders
    notices: Notices
    refunds: Refunds
    owner_url: str
    payments: PaymentsProcess | None

    async def account(self, name: str = "Payer", *, currency: str = "USD") -> UUID:
        return (await self.ledger.open_account(name=name, currency=currency)).account_id

    async def order(self, account_id: UUID, kind: str, amount: str = "10", currency: str = "CNY", **more: Any) -> Order:
        return await self.orders.create(
            account_id=account_id,
            provider=str(kind),
            amount=parse_nanos(amount),
            currency=currency,
            by="tester",
            **more,
        )

    async def begun(self, account_id: UUID, kind: str, amount: str = "10", currency: str = "CNY") -> Order:
        """An order that somebody is about to pay."""
        order = await self.order(account_id, kind, amount, currency)
        await self.open(order)
        return await self.orders.order(order.order_id)

    async def open(self, order: Order) -> Payment:
        """Where to pay, opened in a browser: epay and Alipay hear of an order by that."""
        payment = await self.orders.pay(order.order_id)
        if payment.pay_by is PayBy.LINK and self.payments is not None:
            assert self.payments.open(payment.content).status in (200, 302)
        return payment

    async def deliver(self, provider: str, notice: SentNotice) -> Reply:
        """A notice, as the gateway hands it on."""
        return await self.notices.accept(str(provider), raw_of(notice))

    async def refund(
        self, order: Order, amount: str | None = None, *, by: str = "Ann", source_id: str | None = None
    ) -> Approval:
        """Propose a refund; with the policy of these tests it is approved at once."""
        nanos = None if amount is None else parse_nanos(amount)
        source_id = source_id or self.clock.new_id().hex
        return await self.refunds.propose(order.order_id, source_id=source_id, amount=nanos, reason="asked for", by=by)

    async def spend(self, account_id: UUID, amount: str) -> None:
        """Charge a call of so much."""
        from counterfoil.ledger.model import Capture

        nanos, hold_id = parse_nanos(amount), self.clock.new_id()
        held = await self.ledger.apply(
            Authorize(
                account_id=account_id, hold_id=hold_id, floor=nanos, asked=nanos, expires_in=600_000_000,
                cause_kind="request", cause_id=hold_id, intent=f"asked={nanos}",
            )
        )  # fmt: skip
        assert isinstance(held, Hold), held
        await self.ledger.apply(Capture(account_id=account_id, hold_id=hold_id, cost=nanos, intent=f"cost={nanos}"))

    async def balance(self, account_id: UUID) -> str:
        return format_nanos((await self.ledger.balance(account_id)).posted)

    async def name_of(self, name: str, currency: str = "USD") -> int:
        """What an operator-side account comes to, in nanos."""
        return (await self.ledger.sums()).get(currency, {}).get(name, 0)

    async def transfers_of(self, order: Order, code: str = "credit") -> int:
        """How many times an order was credited, or whatever the code says."""
        rows = await self.ledger.transfers(order.account_id, most=1_000)
        shown = show_id("order", order.order_id)
        return sum(row.code == code and row.cause_id == shown and row.debit.startswith("clearing:") for row in rows)

    async def verified(self) -> None:
        """The books are right: chain, balances, grants, sums."""
        report = await self.ledger.verify([])
        assert report.findings == []
        assert all(total == 0 for total in report.sums.values())

    def everything_stored(self) -> str:
        """Every row of every table, as text."""
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            names = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
            ).fetchall()
            rows = [
                str(row)
                for (name,) in names
                for row in connection.execute(f"SELECT t::text FROM {name} t").fetchall()  # type: ignore[arg-type]
            ]
        return "\n".join(rows)


def raw_of(notice: SentNotice) -> RawNotice:
    return RawNotice(method=notice.method, headers=notice.headers, query=notice.query, body=notice.body)


def units(kind: ProviderKind, amount: str, currency: str = "CNY") -> int | str:
    """An amount in the provider's own units."""
    if kind in (ProviderKind.EPAY, ProviderKind.ALIPAY):
        return amount
    return to_minor(parse_nanos(amount), minor_digits(currency))


@asynccontextmanager
async def open_till(
    database_url: str,
    owner_url: str,
    clock: ManualClock,
    data_dir: Path,
    *,
    payments: PaymentsProcess | None = None,
    policy: ApprovalPolicy = ApprovalPolicy.SINGLE_WITH_REASON,
    database_class: type[Database] = Database,
) -> AsyncIterator[Till]:
    """A till with every provider that the sandbox plays, and a bank."""
    directory = DataDirectory(data_dir)
    async with (
        await database_class.open(database_url, max_size=12) as database,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        ledger = Ledger(database, clock=clock, guard_factory=NoGuard)
        approvals = Approvals(
            database, clock=clock, settings=ApprovalSettings(policy, parse_nanos("1000000")), redact=redact
        )
        numbers = Numbers(directory.derive(b"payments"), directory)
        providers = PaymentProviders(
            database, clock=clock, sealer=directory, environment={},
            build=lambda config: registry.build(config, session, clock=clock),
        )  # fmt: skip
        terms = RechargeTerms(database, clock=clock)
        orders = Orders(
            database, ledger=ledger, clock=clock, providers=providers, terms=terms, numbers=numbers,
            settings=RechargeSettings(public_url=PUBLIC_URL, order_seconds=ORDER_SECONDS),
        )  # fmt: skip
        till = Till(
            clock=clock, database=database, ledger=ledger, approvals=approvals, providers=providers, terms=terms,
            orders=orders,
            notices=Notices(
                database, ledger=ledger, clock=clock, providers=providers, orders=orders, numbers=numbers
            ),
            refunds=Refunds(
                database, ledger=ledger, clock=clock, providers=providers, orders=orders, approvals=approvals,
                numbers=numbers,
            ),
            owner_url=owner_url, payments=payments,
        )  # fmt: skip
        if not await providers.list():
            await providers.add(configured(ProviderKind.BANK, {}))
            for kind in KINDS if payments is not None else ():
                assert payments is not None
                await providers.add(configured(kind, payments.providers[kind.value]))
            await terms.set_rate(
                paid_currency="CNY",
                wallet_currency="USD",
                rate=parse_nanos("0.13812345"),
                ratio=parse_nanos("1.05"),
                by="t",
            )
        yield till
