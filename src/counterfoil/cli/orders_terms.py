"""What recharges are worth, at the terminal: exchange rates and bonus rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from counterfoil.cli.command import Answer, Call, Commands
from counterfoil.cli.order_decisions import By
from counterfoil.cli.output import Column, moment, money, table
from counterfoil.foundation.money import parse_nanos
from counterfoil.recharge.orders_shown import bonus_json, rate_json
from counterfoil.recharge.terms import BonusRule, Rate, read_rate, read_share, show_rate, show_share


async def list_rates(call: Call) -> Answer:
    """List exchange rates; of the same currencies, the newest holds."""
    async with call.services() as services:
        found = await services.recharge_terms.rates()
    return Answer(data={"rates": [rate_json(rate) for rate in found]}, lines=_rate_lines(found))


async def set_rate(
    call: Call,
    paid: Annotated[str, typer.Argument(metavar="PAID", help="The currency that is paid in, such as CNY.")],
    wallet: Annotated[str, typer.Argument(metavar="WALLET", help="The wallet's currency, such as USD.")],
    rate: Annotated[
        str, typer.Argument(metavar="RATE", help="What one unit paid is worth, with at most nine decimals.")
    ],
    by: By,
    ratio: Annotated[
        str, typer.Option("--ratio", metavar="RATIO", help="What the operator makes of it, such as 0.98.")
    ] = "1",
) -> Answer:
    """Set what one unit of a paid currency credits from now on: rate × ratio. Orders made before keep theirs."""
    billionths, share = read_rate(rate), read_rate(ratio)
    async with call.services() as services:
        made = await services.recharge_terms.set_rate(
            paid_currency=paid, wallet_currency=wallet, rate=billionths, ratio=share, by=by
        )
    return Answer(data=rate_json(made), lines=_rate_lines([made]))


async def list_bonuses(call: Call) -> Answer:
    """List bonus rules, ended ones too; of those that apply to a recharge, the one that brings most holds."""
    async with call.services() as services:
        found = await services.recharge_terms.bonuses()
    return Answer(data={"bonuses": [bonus_json(rule) for rule in found]}, lines=_bonus_lines(found))


async def add_bonus(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people, told with the credit.")],
    currency: Annotated[str, typer.Option("--currency", metavar="CODE", help="The wallets' currency.")] = "USD",
    least: Annotated[
        str, typer.Option("--least", metavar="AMOUNT", help="From a recharge that credits this much on.")
    ] = "0",
    percent: Annotated[
        str, typer.Option("--percent", metavar="PERCENT", help="So much of it on top; at most four decimals.")
    ] = "0",
    fixed: Annotated[str, typer.Option("--fixed", metavar="AMOUNT", help="So much on top, besides.")] = "0",
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="How long the bonus can be spent; not given: without an end.")
    ] = None,
) -> Answer:
    """Add a bonus rule that holds from now on."""
    threshold, share, extra = parse_nanos(least), read_share(percent), parse_nanos(fixed)
    async with call.services() as services:
        rule = await services.recharge_terms.add_bonus(
            name=name, wallet_currency=currency, least=threshold, share_millionths=share, fixed=extra, days=days
        )
    return Answer(data=bonus_json(rule), lines=_bonus_lines([rule]))


async def end_bonus(
    call: Call, name: Annotated[str, typer.Argument(metavar="NAME", help="The bonus rule's name.")]
) -> Answer:
    """End a bonus rule; orders that were made under it keep their bonus."""
    async with call.services() as services:
        await services.recharge_terms.end_bonus(name)
    return Answer(data={"ended": name.strip()}, lines=[f"Ended {name.strip()}."])


def _rate_lines(rates: Sequence[Rate]) -> list[str]:
    columns = ("paid", "wallet", Column(name="rate", right=True), Column(name="ratio", right=True), "since", "set by")
    rows = [
        (
            one.paid_currency, one.wallet_currency, show_rate(one.rate), show_rate(one.ratio), moment(one.starts_at),
            one.set_by,
        )
        for one in rates
    ]  # fmt: skip
    return table(columns, rows, empty="No rates yet: a wallet is recharged in its own currency, one to one.")


def _bonus_lines(rules: Sequence[BonusRule]) -> list[str]:
    columns = (
        "name", Column(name="from", right=True), Column(name="percent", right=True), Column(name="fixed", right=True),
        Column(name="days", right=True), "since", "ended",
    )  # fmt: skip
    rows = [
        (
            one.name, money(one.least, one.wallet_currency), show_share(one.share_millionths),
            money(one.fixed, one.wallet_currency), one.days, moment(one.starts_at), moment(one.ends_at),
        )
        for one in rules
    ]  # fmt: skip
    return table(
        columns, rows, empty="No bonus rules yet: counterfoil orders add-bonus NAME --least AMOUNT --percent PERCENT"
    )


def add_to(commands: Commands) -> None:
    commands.add("rates", list_rates)
    commands.add("set-rate", set_rate)
    commands.add("bonuses", list_bonuses)
    commands.add("add-bonus", add_bonus)
    commands.add("end-bonus", end_bonus)
