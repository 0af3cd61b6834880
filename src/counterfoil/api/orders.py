"""Recharge orders: made, paid, asked about, called off; and the notices that providers sent.

Providers' own numbers and payers are told by their masks only: nothing else of them is kept readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import Field

from counterfoil.api.access import Asking, Caller, note_account
from counterfoil.api.fields import (
    AmountInput,
    By,
    Cursor,
    Input,
    Limit,
    Output,
    Page,
    Text,
    optional_id,
    optional_time,
    page,
    without,
)
from counterfoil.api.services import UseCases
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.periods import show_time
from counterfoil.recharge import model
from counterfoil.recharge.model import OrderState
from counterfoil.recharge.orders_shown import (
    dispute_json,
    event_json,
    notice_json,
    order_in_full,
    order_json,
    refund_json,
)

router = APIRouter(tags=["orders"])

_OF_STAFF = ("attention", "queries", "next_query_at")
_OF_STAFF_OF_A_REFUND = ("reason", "requested_by", "approval_id", "tries", "next_try_at", "failure")
OrderId = Annotated[str, Path(description="The order's id (ord_…).", max_length=60)]
Why = Annotated[Text, Field(min_length=1, description="Why; kept, redacted.")]
Number = Annotated[
    Text,
    Field(min_length=1, max_length=100, description="The payment's number, as the provider or the bank shows it."),
]


class NewOrder(AmountInput):
    """How much is to be paid, and with whom. What it credits is fixed when it is made."""

    account_id: Annotated[Text, Field(max_length=60)]
    provider: Annotated[Text, Field(max_length=40, description="The payment provider's name.")]
    currency: Annotated[Text, Field(max_length=3, description="What is paid in, such as CNY.")]
    by: By | None = None
    intention_key: Annotated[
        Text | None,
        Field(
            min_length=1,
            max_length=255,
            description="Names what the customer wants once: the same again is the same order. Also as Idempotency-Key.",
        ),
    ] = None


class Actor(Input):
    by: By | None = None


class FindByNumber(Input):
    """A number in the body, and not in an address, which logs would keep."""

    number: Number


class Order(Output):
    """An order as recorded. `amount` and `refunded` are in `currency`; what is credited and taken back in `wallet_currency`."""

    order_id: str
    account_id: str
    provider: str
    provider_kind: str
    state: str
    amount_nanos: int
    amount: str
    currency: str
    credited_nanos: int = Field(description="What it credits once it is paid: amount × rate × ratio.")
    credited: str
    bonus_nanos: int = Field(description="What comes on top of that.")
    bonus: str
    wallet_currency: str
    rate: str
    ratio: str
    bonus_rule: str | None
    bonus_days: int | None
    refunded_nanos: int = Field(description="What has gone back, or is on its way.")
    refunded: str
    taken_back_nanos: int
    taken_back: str
    intention_id: str = Field(description="The first order of this intention.")
    created_by: str
    created_at: str | None
    expires_at: str | None
    paid_at: str | None
    number_mask: str | None
    payer_mask: str | None
    attention: str | None = Field(description="What somebody should look at; for staff.")
    queries: int | None = Field(description="How often its provider was asked; for staff.")
    next_query_at: str | None

    @classmethod
    def of(cls, order: model.Order) -> Order:
        return cls.model_validate(order_json(order))


class Event(Output):
    """A change of an order: what it became, what happened, and who told. Who of the staff did it is for the staff."""

    number: int
    at: str | None
    state: str
    source: str
    what: str
    by: str | None
    facts: dict[str, Any]

    @classmethod
    def of(cls, event: model.OrderEvent) -> Event:
        return cls.model_validate(event_json(event))


class Notice(Output):
    """A notice as kept, without its text. The same bytes again are another arrival of it."""

    notice_id: str
    provider: str
    order_id: str | None
    account_id: str | None
    first_at: str | None
    last_at: str | None
    arrivals: int
    said: str | None = Field(description="What it says, in our words; null where it was not believed.")
    outcome: str
    accepted: bool = Field(description="Whether its sender was told that it has been taken in.")
    facts: dict[str, Any]

    @classmethod
    def of(cls, notice: model.Notice) -> Notice:
        return cls.model_validate(notice_json(notice))


class Refund(Output):
    """Money of an order that goes back: `amount` in the order's `currency`, `taken` in its `wallet_currency`."""

    refund_id: str
    order_id: str
    state: str
    amount_nanos: int
    amount: str
    currency: str
    taken_nanos: int
    taken: str
    wallet_currency: str
    external: bool = Field(description="Whether the provider did it by itself, before anybody here knew.")
    reason: str | None = Field(description="For staff, as are the next two.")
    requested_by: str | None
    approval_id: str | None
    created_at: str | None
    ended_at: str | None
    number_mask: str | None
    tries: int | None
    next_try_at: str | None
    failure: str | None

    @classmethod
    def of(cls, refund: model.OrderRefund, order: model.Order) -> Refund:
        return cls.model_validate(refund_json(refund, order))


class Dispute(Output):
    """A payment that its payer has taken back at the bank."""

    dispute_id: str
    order_id: str
    state: str
    amount_nanos: int
    amount: str
    currency: str
    number_mask: str
    opened_at: str | None
    ended_at: str | None

    @classmethod
    def of(cls, dispute: model.Dispute, order: model.Order) -> Dispute:
        return cls.model_validate(dispute_json(dispute, order))


class OrderInFull(Order):
    """An order with all that is known of it, and the other orders of the same intention. Notices are for staff."""

    events: list[Event]
    notices: list[Notice]
    refunds: list[Refund]
    disputes: list[Dispute]
    siblings: list[Order]


class Orders(Output):
    items: list[Order]


class Payment(Output):
    """Where to pay. It is told now and kept nowhere."""

    order_id: str
    pay_by: str = Field(
        description="link: an address to open; qr_code: what the code says; transfer: the bank's details."
    )
    content: str


class Asked(Output):
    """What the provider's answer led to, and the order as it is now."""

    outcome: str
    order: OrderInFull


@router.post("/orders", status_code=201, summary="Make an order; the same intention key again is the same order")
async def create_order(
    services: UseCases,
    caller: Caller,
    body: NewOrder,
    idempotency_key: Annotated[
        str | None, Header(max_length=255, description="The same as `intention_key`; one of them is enough.")
    ] = None,
) -> Order:
    if idempotency_key is not None and body.intention_key not in (None, idempotency_key):
        raise InputError(field="intention_key", expected="the same as the header Idempotency-Key, or only one of them")
    order = await services.orders.create(
        account_id=read_id("account", body.account_id), provider=body.provider, amount=body.nanos(),
        currency=body.currency, by=caller.named(body.by), intention_key=idempotency_key or body.intention_key,
    )  # fmt: skip
    return shown(order, caller)


@router.get("/orders", summary="List orders, newest first")
async def list_orders(
    services: UseCases,
    caller: Caller,
    limit: Limit = 50,
    cursor: Cursor = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only this account's.")] = None,
    state: Annotated[OrderState | None, Query(description="Only those in this state.")] = None,
    provider: Annotated[str | None, Query(max_length=40, description="Only this provider's.")] = None,
    attention: Annotated[bool, Query(description="Only those that somebody should look at.")] = False,
    since: Annotated[str | None, Query(max_length=40, description="Only those made from then on (RFC 3339).")] = None,
    until: Annotated[str | None, Query(max_length=40, description="Only those made before then (RFC 3339).")] = None,
) -> Page[Order]:
    rows = await services.orders.orders(
        account_id=optional_id("account", account_id), state=state, provider=provider, attention=attention,
        since=optional_time(since), until=optional_time(until), before=optional_id("order", cursor), most=limit + 1,
    )  # fmt: skip
    return page(
        rows, limit=limit, item=lambda row: shown(row, caller), cursor=lambda row: show_id("order", row.order_id)
    )


@router.post("/orders/find-by-number", summary="Find the orders that a payment of this number has paid")
async def find_orders_by_number(services: UseCases, request: Request, body: FindByNumber) -> Orders:
    found = await services.orders.find_by_number(body.number)
    for order in found:
        note_account(request, order.account_id)
    return Orders(items=[Order.of(order) for order in found])


@router.get("/orders/{order_id}", summary="Get an order with its events, notices, refunds and disputes")
async def get_order(services: UseCases, caller: Caller, order_id: OrderId) -> OrderInFull:
    return await in_full(services, caller, order_id)


@router.post("/orders/{order_id}/pay", summary="Begin to pay an order, or go on with it: where to pay")
async def pay_order(services: UseCases, order_id: OrderId) -> Payment:
    payment = await services.orders.pay(read_id("order", order_id))
    return Payment(order_id=order_id, pay_by=payment.pay_by, content=payment.content)


@router.post("/orders/{order_id}/cancel", summary="Call an order off; money that comes all the same is credited")
async def cancel_order(services: UseCases, caller: Caller, order_id: OrderId, body: Actor) -> OrderInFull:
    await services.orders.cancel(read_id("order", order_id), by=caller.named(body.by))
    return await in_full(services, caller, order_id)


@router.post("/orders/{order_id}/ask", summary="Ask an order's provider now how it stands")
async def ask_about_order(services: UseCases, caller: Caller, order_id: OrderId) -> Asked:
    outcome = await services.notices.ask(await services.orders.order(read_id("order", order_id)))
    return Asked(outcome=outcome, order=await in_full(services, caller, order_id))


@router.get("/notices", summary="List the notices that providers sent, latest first")
async def list_notices(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    provider: Annotated[str | None, Query(max_length=40, description="Only this provider's.")] = None,
    refused: Annotated[bool, Query(description="Only those that were not accepted.")] = False,
) -> Page[Notice]:
    rows: Sequence[model.Notice] = await services.notices.notices(
        provider=provider, refused=refused, before=optional_time(cursor), most=limit + 1
    )
    return page(rows, limit=limit, item=Notice.of, cursor=lambda row: show_time(row.last_at))


def shown(order: model.Order, caller: Asking) -> Order:
    """An order as whoever asks may see it."""
    return Order.of(order) if caller.is_staff else without(Order.of(order), *_OF_STAFF)


async def in_full(services: UseCases, caller: Asking, order_id: str) -> OrderInFull:
    """The order of a shown id as it is now, with all of it that whoever asks may see."""
    whole = await _in_full(services, order_id)
    if caller.is_staff:
        return whole
    return without(whole, *_OF_STAFF).model_copy(
        update={
            "events": [without(event, "by").model_copy(update={"facts": {}}) for event in whole.events],
            "notices": [],
            "refunds": [without(refund, *_OF_STAFF_OF_A_REFUND) for refund in whole.refunds],
            "siblings": [without(sibling, *_OF_STAFF) for sibling in whole.siblings],
        }
    )


async def _in_full(services: UseCases, order_id: str) -> OrderInFull:
    return OrderInFull.model_validate(order_in_full(await services.orders.view(read_id("order", order_id))))
