"""`counterfoil orders`: recharges, from the order to what was credited and what went back."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli import invoices, order_decisions, orders_providers, orders_terms
from counterfoil.cli.command import MONEY, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import (
    AccountArgument,
    Most,
    OfAccount,
    account_id_of,
    find_account,
    read_optional_id,
    read_optional_time,
)
from counterfoil.cli.order_decisions import By, NumberOption, OrderArgument, read_number
from counterfoil.cli.order_lines import notices_table, order_fields, order_lines, orders_table, words
from counterfoil.cli.services import Services
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Kind, Language
from counterfoil.recharge.model import Order, OrderState
from counterfoil.recharge.orders_shown import notice_json, order_in_full, order_json
from counterfoil.recharge.providers.port import PayBy

OfProvider = Annotated[str | None, typer.Option("--provider", metavar="NAME", help="Only this provider's.")]

_HOW_TO_PAY = {
    PayBy.LINK: "Open this address to pay:",
    PayBy.QR_CODE: "Pay by scanning a QR code of this:",
    PayBy.TRANSFER: "Transfer the amount to this account, and name the order:",
}


async def create(
    call: Call,
    account: AccountArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="How much is to be paid, such as 100 or 12.34.")],
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="Who takes the payment.")],
    by: By,
    currency: Annotated[
        str | None,
        typer.Option("--currency", metavar="CODE", help="What is paid in, such as CNY; not given: the account's own."),
    ] = None,
    intention_key: Annotated[
        str | None,
        typer.Option(
            "--intention-key",
            metavar="TEXT",
            help="Names what the customer wants once: the same again is the same order.",
        ),
    ] = None,
) -> Answer:
    """Make an order. What it will credit (rate, ratio, bonus) is fixed now."""
    nanos = parse_nanos(amount)
    async with call.services() as services:
        found = await find_account(services, account)
        order = await services.orders.create(
            account_id=found.account_id, provider=provider, amount=nanos, currency=currency or found.currency, by=by,
            intention_key=intention_key,
        )  # fmt: skip
    return Answer(
        data=order_json(order),
        lines=[
            *order_fields(order, call.language),
            "",
            f"To pay it: counterfoil orders pay {show_id('order', order.order_id)}",
        ],
    )


async def list_orders(
    call: Call,
    account: OfAccount = None,
    state: Annotated[OrderState | None, typer.Option("--state", help="Only those in this state.")] = None,
    provider: OfProvider = None,
    attention: Annotated[bool, typer.Option("--attention", help="Only those that somebody should look at.")] = False,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one (ord_…).")] = None,
) -> Answer:
    """List orders, newest first."""
    last = read_optional_id("order", before)
    async with call.services() as services:
        found = await services.orders.orders(
            account_id=await account_id_of(services, account), state=state, provider=provider, attention=attention,
            before=last, most=most + 1,
        )  # fmt: skip
    page = found[:most]
    return Answer(
        data={
            "orders": [order_json(order) for order in page],
            "next": show_id("order", page[-1].order_id) if len(found) > most else None,
        },
        lines=orders_table(page, empty="No such orders."),
    )


async def show(call: Call, order: OrderArgument) -> Answer:
    """Show an order: what was paid and credited, what happened, what went back, and its siblings."""
    async with call.services() as services:
        return await _answer(services, order, call.language)


async def pay(call: Call, order: OrderArgument) -> Answer:
    """Begin to pay an order, or go on with it: prints where to pay, which is kept nowhere."""
    async with call.services() as services:
        payment = await services.orders.pay(read_id("order", order))
    call.progress(_HOW_TO_PAY[payment.pay_by])
    return Answer(
        data={"order_id": order, "pay_by": payment.pay_by, "content": payment.content},
        lines=[_printable(line) for line in payment.content.splitlines()],
    )


async def ask(call: Call, order: OrderArgument) -> Answer:
    """Ask an order's provider now how it stands, and do what follows from its answer."""
    async with call.services() as services:
        outcome = await services.notices.ask(await services.orders.order(read_id("order", order)))
        answer = await _answer(services, order, call.language)
    said = words(outcome, Kind.NOTICE_OUTCOME, call.language)
    return Answer(data={"outcome": outcome, "order": answer.data}, lines=[f"{said} ({outcome})", "", *answer.lines])


async def cancel(call: Call, order: OrderArgument, by: By) -> Answer:
    """Call an order off; money that comes for it all the same is credited."""
    async with call.services() as services:
        await services.orders.cancel(read_id("order", order), by=by)
        return await _answer(services, order, call.language)


async def find(call: Call, number: NumberOption = None) -> Answer:
    """Find the orders that a payment of this number (the provider's or the bank's) has paid."""
    wanted = read_number(number)
    async with call.services() as services:
        found: list[Order] = await services.orders.find_by_number(wanted)
    return Answer(
        data={"orders": [order_json(order) for order in found]},
        lines=orders_table(found, empty="No payment of this number has paid an order here."),
    )


async def list_notices(
    call: Call,
    provider: OfProvider = None,
    refused: Annotated[bool, typer.Option("--refused", help="Only those that were not accepted.")] = False,
    most: Most = 50,
    before: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only those that came last before then, such as 2027-01-01T00:00:00Z."),
    ] = None,
) -> Answer:
    """List the notices that providers sent, latest first; the same bytes again are one of them."""
    until = read_optional_time(before)
    async with call.services() as services:
        found = await services.notices.notices(provider=provider, refused=refused, before=until, most=most + 1)
    page = found[:most]
    return Answer(
        data={
            "notices": [notice_json(notice) for notice in page],
            "next": show_time(page[-1].last_at) if len(found) > most else None,
        },
        lines=notices_table(page, call.language),
    )


def _printable(line: str) -> str:
    """A line that comes from outside, without what a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in line)


async def _answer(services: Services, order: str, language: Language) -> Answer:
    view = await services.orders.view(read_id("order", order))
    return Answer(data=order_in_full(view), lines=order_lines(view, language))


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application,
        launchers,
        name="orders",
        panel=MONEY,
        summary="Recharges: orders, what providers say of them, refunds, rates and bonuses.",
    )
    commands.add("create", create)
    commands.add("list", list_orders)
    commands.add("show", show)
    commands.add("pay", pay)
    commands.add("ask", ask)
    commands.add("cancel", cancel)
    order_decisions.add_to(commands)
    commands.add("find", find)
    commands.add("notices", list_notices)
    invoices.add_to(commands)
    orders_providers.add_to(commands)
    orders_terms.add_to(commands)
