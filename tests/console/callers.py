"""Callers of an account in the console: real calls, refusals, failures and videos, on the wiring's own services."""

from __future__ import annotations

from console.visitors import House
from counterfoil.ledger.history_store import Account
from counterfoil.limits.model import GroupSettings, KeySettings
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstreams_model import ServedModel
from evidence.desk import COSTS, PRICES, Customer, Desk

__all__ = ["Customer", "Desk", "open_shop", "with_key"]


async def open_shop(house: House) -> Desk:
    """A model, its price and an upstream that serves it; `desk.served(customer)` and its like make the calls."""
    services = house.services
    for document in (PRICES, COSTS):
        await services.prices.import_book(document)
    await services.upstreams.add(
        name="wholesale-7", dialect=Dialect.OPENAI, base_url="http://upstream.test", secret="upstream-secret",
        models=[ServedModel(public_model="plain", upstream_model="theirs")],
    )  # fmt: skip
    await services.routes.refresh()
    return Desk(
        clock=services.clock,  # type: ignore[arg-type]
        spend=services.spend, ledger=services.ledger, limits=services.limits, upstreams=services.upstreams,
        routes=services.routes, tasks=services.tasks, evidence=services.evidence,
    )  # fmt: skip


async def with_key(house: House, account: Account, name: str = "laptop", group: str = "Skunkworks") -> Customer:
    """A key of the account, in a group of its own."""
    limits = house.services.limits
    made = await limits.create_group(account_id=account.account_id, settings=GroupSettings(name=group))
    new = await limits.create_key(
        account_id=account.account_id, settings=KeySettings(name=name, group_id=made.group_id)
    )
    return Customer(account_id=account.account_id, group_id=made.group_id, key_id=new.key.key_id, token=new.token)
