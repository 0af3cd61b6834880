"""Money in, wired: orders, their providers and terms, notices, refunds, receipts and invoices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from counterfoil.approvals.service import Approvals
from counterfoil.foundation.clock import Clock
from counterfoil.ledger.service import Ledger
from counterfoil.recharge.corrections import Corrections
from counterfoil.recharge.invoices import Invoices
from counterfoil.recharge.notices import Notices
from counterfoil.recharge.numbers import Numbers
from counterfoil.recharge.providers import registry
from counterfoil.recharge.providers.port import Provider, ProviderConfig
from counterfoil.recharge.providers_service import PaymentProviders
from counterfoil.recharge.receipts import Receipts
from counterfoil.recharge.refunds import Refunds
from counterfoil.recharge.service import Orders, RechargeSettings
from counterfoil.recharge.terms_service import RechargeTerms
from counterfoil.settings import Settings
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Recharge:
    """The use cases of money that comes in by orders."""

    orders: Orders
    notices: Notices
    order_refunds: Refunds
    corrections: Corrections
    payment_providers: PaymentProviders
    recharge_terms: RechargeTerms
    receipts: Receipts
    invoices: Invoices


def build_recharge(
    *,
    database: Database,
    ledger: Ledger,
    approvals: Approvals,
    clock: Clock,
    data_directory: DataDirectory,
    settings: Settings,
    public_url: str,
    environment: Mapping[str, str],
    session: aiohttp.ClientSession,
) -> Recharge:
    """Orders on a ledger; `session` is what providers are called with."""

    def build(config: ProviderConfig) -> Provider:
        return registry.build(config, session, clock=clock)

    numbers = Numbers(data_directory.derive(b"payments"), data_directory)
    terms = RechargeTerms(database, clock=clock)
    providers = PaymentProviders(database, clock=clock, sealer=data_directory, environment=environment, build=build)
    orders = Orders(
        database, ledger=ledger, clock=clock, providers=providers, terms=terms, numbers=numbers,
        settings=RechargeSettings(public_url=public_url, order_seconds=settings.order_minutes * 60),
    )  # fmt: skip
    return Recharge(
        orders=orders,
        notices=Notices(
            database, ledger=ledger, clock=clock, providers=providers, orders=orders, numbers=numbers
        ),
        order_refunds=Refunds(
            database, ledger=ledger, clock=clock, providers=providers, orders=orders, approvals=approvals, numbers=numbers
        ),
        corrections=Corrections(ledger=ledger, approvals=approvals),
        payment_providers=providers,
        recharge_terms=terms,
        receipts=Receipts(database, ledger=ledger, clock=clock, operator_name=settings.operator_name),
        invoices=Invoices(database, clock=clock),
    )  # fmt: skip
