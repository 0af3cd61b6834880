"""Orders' use cases: make one, begin to pay it, call it off, look at it.

What providers say of orders is in `notices.py`, what goes back in `refunds.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.currencies import minor_digits, to_minor
from counterfoil.foundation.errors import (
    Conflict,
    CounterfoilError,
    InputError,
    NotFound,
    OperationKeyReused,
)
from counterfoil.foundation.ids import make_id, show_id
from counterfoil.ledger.service import Ledger
from counterfoil.observability import log
from counterfoil.recharge import refunds_store, rules, store
from counterfoil.recharge.model import (
    Dispute,
    Notice,
    Order,
    OrderEvent,
    OrderRefund,
    OrderSource,
    OrderState,
    ProviderKind,
)
from counterfoil.recharge.numbers import Numbers
from counterfoil.recharge.people import check_person, check_reason
from counterfoil.recharge.providers.port import Payment, PayRequest
from counterfoil.recharge.providers_service import PaymentProviders
from counterfoil.recharge.settlement import Settlement
from counterfoil.recharge.terms_service import RechargeTerms
from counterfoil.storage.database import Database

# Two orders of the same amount within this time are one intention: somebody has clicked twice or started anew.
INTENTION_SECONDS = 600
# Ten of these fill a wallet; a larger one is a mistake, and is found before anybody pays.
LARGEST_ORDER_NANOS = 900_000_000 * 1_000_000_000
# A bank takes days.
BANK_ORDER_SECONDS = 7 * 24 * 3600
_KEY_MAX = 255
_SHOWN_MAX = 500
_OPEN = frozenset({OrderState.CREATED, OrderState.PROCESSING, OrderState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RechargeSettings:
    """`public_url` is where providers reach us and customers return to; `order_seconds` how long an order can be paid."""

    public_url: str
    order_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order with all that is known of it, and the other orders of the same intention."""

    order: Order
    events: Sequence[OrderEvent]
    notices: Sequence[Notice]
    refunds: Sequence[OrderRefund]
    disputes: Sequence[Dispute]
    siblings: Sequence[Order]


class Orders:
    """Recharge orders. None of this is on the path of a call."""

    def __init__(
        self,
        database: Database,
        *,
        ledger: Ledger,
        clock: Clock,
        providers: PaymentProviders,
        terms: RechargeTerms,
        numbers: Numbers,
        settings: RechargeSettings,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._providers = providers
        self._terms = terms
        self._numbers = numbers
        self._settings = settings
        self._settlement = Settlement(ledger, clock=clock, numbers=numbers)

    async def create(
        self,
        *,
        account_id: UUID,
        provider: str,
        amount: int,
        currency: str,
        by: str,
        intention_key: str | None = None,
    ) -> Order:
        """Make an order of `amount` nanos of `currency`; what it will credit is fixed now.

        The same `intention_key` again is the same order, or `OperationKeyReused` naming what differs. Raises `NotFound`
        for an account or provider, `InputError` for an amount, `Conflict` where the provider takes no orders or another
        currency, or where there is no exchange rate.
        """
        row = await self._providers.find(provider)
        if row.status != "active":
            raise Conflict(code="provider_disabled", provider=provider)
        if row.currencies and currency not in row.currencies:
            raise Conflict(code="provider_currency", provider=provider, currencies=", ".join(row.currencies))
        _check_amount(amount, currency)
        account = await self._ledger.account(account_id)
        if account.status == "closed":
            raise Conflict(code="account_closed", account=show_id("account", account_id))
        terms = await self._terms.terms(amount=amount, paid_currency=currency, wallet_currency=account.currency)
        now, order_id = self._clock.now(), self._clock.new_id()
        seconds = BANK_ORDER_SECONDS if row.kind is ProviderKind.BANK else self._settings.order_seconds
        order = Order(
            order_id=order_id, account_id=account_id, provider=provider, provider_kind=row.kind,
            state=OrderState.CREATED, amount=amount, currency=currency, terms=terms, intention_id=order_id,
            created_by=check_person(by), created_at=now, expires_at=now + seconds * MICROS_PER_SECOND,
        )  # fmt: skip
        key_hash = None if intention_key is None else self._intention_hash(account_id, intention_key)
        async with self._database.unit_of_work() as connection:
            if key_hash is None:
                alike = await store.read_latest_alike(
                    connection, order, since=now - INTENTION_SECONDS * MICROS_PER_SECOND
                )
                order = order if alike is None else replace(order, intention_id=alike.intention_id)
            if await store.insert_order(connection, order, intention_key=key_hash):
                work = await self._settlement.work_on(
                    connection, order, source=OrderSource.CUSTOMER, by=order.created_by
                )
                await work.write("created", {"amount_nanos": amount, "currency": currency})
                return work.order
            assert key_hash is not None
            found = await store.read_order_of_key(connection, account_id=account_id, intention_key=key_hash)
        assert found is not None
        for field, given, kept in (
            ("provider", provider, found.provider), ("currency", currency, found.currency), ("amount", amount, found.amount),
        ):  # fmt: skip
            if given != kept:
                raise OperationKeyReused(field=field)
        return found

    async def pay(self, order_id: UUID, *, return_path: str = "/") -> Payment:
        """Begin the payment of an order, or go on with it; where to pay is told now and kept nowhere.

        `return_path` is the page of ours to which the provider sends the customer afterwards. Raises `NotFound`, `Conflict` (`order_not_payable`), and what the provider's adapter raises.
        """
        async with self._database.unit_of_work() as connection:
            order = await self._locked(connection, order_id)
            now = self._clock.now()
            if order.state not in _OPEN or now >= order.expires_at:
                raise Conflict(code="order_not_payable", order=show_id("order", order_id), state=str(order.state))
            # Before the provider hears of it: whatever happens next, somebody will ask how it stands.
            started = replace(order, state=OrderState.PROCESSING, queries=0)
            started = replace(started, next_query_at=rules.next_query(started, now=now))
            work = await self._settlement.work_on(connection, started, source=OrderSource.CUSTOMER, by=None)
            await work.write("payment_begun", {})
            sealed = await store.read_number(connection, order_id)
        adapter = await self._providers.adapter(order.provider)
        request = self.pay_request(order, self._numbers.unseal("payment", sealed))
        payment, number = await adapter.start(replace(request, return_url=self._settings.public_url + return_path))
        if number is not None:
            kept = self._numbers.payment(order.provider, number)
            async with self._database.unit_of_work() as connection:
                await self._keep_started_number(connection, order_id, hash_=kept.hash, sealed=kept.sealed)
        return payment

    async def cancel(self, order_id: UUID, *, by: str) -> Order:
        """Call an order off; money that comes for it all the same is credited."""
        async with self._database.unit_of_work() as connection:
            order = await self._locked(connection, order_id)
            if order.state is OrderState.CANCELLED:
                return order
            if order.state not in _OPEN:
                raise Conflict(code="order_not_payable", order=show_id("order", order_id), state=str(order.state))
            work = await self._settlement.work_on(
                connection, replace(order, state=OrderState.CANCELLED), source=OrderSource.CUSTOMER, by=check_person(by)
            )
            await work.write("cancelled", {})
            sealed = await store.read_number(connection, order_id)
        await self.close_at_provider(order, self._numbers.unseal("payment", sealed))
        return work.order

    async def settle_attention(self, order_id: UUID, *, by: str, reason: str) -> Order:
        """Somebody has looked at an order and has done what was to be done; who, and what they say, is kept."""
        reason = check_reason(reason)
        async with self._database.unit_of_work() as connection:
            order = await self._locked(connection, order_id)
            if order.attention is None:
                return order
            work = await self._settlement.work_on(
                connection, replace(order, attention=None), source=OrderSource.STAFF, by=check_person(by)
            )
            await work.write("looked_at", {"attention": order.attention, "reason": reason})
        log.info("order_looked_at", order=show_id("order", order_id), attention=order.attention)
        return work.order

    # -- reading -----------------------------------------------------------------------------------------------------

    async def order(self, order_id: UUID) -> Order:
        """The order as it is now; raises `NotFound`."""
        async with self._database.reading() as connection:
            order = await store.read_order(connection, order_id)
        if order is None:
            raise NotFound(code="order_not_found", order=show_id("order", order_id))
        return order

    async def view(self, order_id: UUID) -> OrderView:
        """An order with its history; raises `NotFound`."""
        order = await self.order(order_id)
        async with self._database.reading() as connection:
            alike = await store.read_intention(connection, order.intention_id, most=_SHOWN_MAX)
            return OrderView(
                order=order,
                events=await store.read_events(connection, order_id, most=_SHOWN_MAX),
                notices=await store.read_notices(
                    connection, order_id=order_id, provider=None, refused=False, before=2**63 - 1, most=_SHOWN_MAX
                ),
                refunds=await refunds_store.read_refunds(connection, order_id),
                disputes=await refunds_store.read_disputes(connection, order_id),
                siblings=[one for one in alike if one.order_id != order_id],
            )

    async def orders(
        self,
        *,
        account_id: UUID | None = None,
        state: OrderState | None = None,
        provider: str | None = None,
        attention: bool = False,
        since: int | None = None,
        until: int | None = None,
        before: UUID | None = None,
        most: int = 100,
    ) -> list[Order]:
        """Orders, newest first; of those made from `since` on and before `until`, and before the order `before`."""
        # An id says when it was made.
        latest = [one for one in (before, None if until is None else make_id(until, 0)) if one is not None]
        async with self._database.reading() as connection:
            return await store.read_orders(
                connection, account_id=account_id, state=state, provider=provider, attention=attention,
                before=min(latest, default=None), since=None if since is None else make_id(since, 0),
                most=min(most, 10_000),
            )  # fmt: skip

    async def find_by_number(self, number: str) -> list[Order]:
        """Orders that a payment of this number, as a provider shows it, has paid. The number is not kept."""
        hashes = [self._numbers.hash("payment", row.name, number.strip()) for row in await self._providers.list()]
        async with self._database.reading() as connection:
            ids = await store.find_by_payment(connection, hashes, most=_SHOWN_MAX)
        return [await self.order(order_id) for order_id in ids]

    async def account_of(self, order_id: UUID) -> UUID | None:
        """The account that an order is for; None where there is no such order."""
        async with self._database.reading() as connection:
            order = await store.read_order(connection, order_id)
        return None if order is None else order.account_id

    async def accounts_of_payer(self, order_id: UUID) -> list[UUID]:
        """Every account that whoever paid this order has paid for."""
        async with self._database.reading() as connection:
            return await store.accounts_of_payer(connection, order_id, most=_SHOWN_MAX)

    # -- for the other parts of this room ----------------------------------------------------------------------------

    def pay_request(self, order: Order, provider_number: str | None) -> PayRequest:
        """An order as its provider needs it."""
        return PayRequest(
            order_id=order.order_id, amount=order.amount, currency=order.currency,
            title=f"Counterfoil {show_id('order', order.order_id)[:12]}",
            notify_url=notify_url(self._settings.public_url, order.provider), return_url=self._settings.public_url + "/",
            created_at=order.created_at, expires_at=order.expires_at, provider_number=provider_number,
        )  # fmt: skip

    async def _locked(self, connection: AsyncConnection[Any], order_id: UUID) -> Order:
        order = await store.lock_order(connection, order_id)
        if order is None:
            raise NotFound(code="order_not_found", order=show_id("order", order_id))
        return order

    async def _keep_started_number(
        self, connection: AsyncConnection[Any], order_id: UUID, *, hash_: bytes, sealed: bytes | None
    ) -> None:
        order = await self._locked(connection, order_id)
        # A notice may have come first, with the payment's own number.
        if not order.state.is_credited and sealed is not None:
            await store.keep_number(connection, order_id, number_hash=hash_, number_sealed=sealed)

    async def close_at_provider(self, order: Order, number: str | None) -> None:
        """Make it unpayable there too, as far as that can be had: money that comes is credited in any case."""
        try:
            await (await self._providers.adapter(order.provider)).close(self.pay_request(order, number))
        except CounterfoilError as error:
            log.info("order_not_closed", order=show_id("order", order.order_id), error=error.code)

    def _intention_hash(self, account_id: UUID, key: str) -> bytes:
        if not (1 <= len(key) <= _KEY_MAX and key.isprintable()):
            raise InputError(field="intention_key", expected=f"1 to {_KEY_MAX} printable characters")
        return self._numbers.hash("intention", account_id.hex, key)


def notify_url(public_url: str, provider: str) -> str:
    """Where a provider calls back."""
    return f"{public_url}/callbacks/{provider}"


def _check_amount(amount: int, currency: str) -> None:
    if amount <= 0:
        raise InputError(code="amount_not_positive")
    if amount > LARGEST_ORDER_NANOS:
        raise InputError(code="order_too_large")
    # Nobody can pay a part of a currency's smallest unit.
    to_minor(amount, minor_digits(currency))
