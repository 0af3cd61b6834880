"""What recharges are worth: exchange rates and bonus rules. A change touches only orders that are made later."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.fields import (
    PAGE_MAX,
    By,
    Cursor,
    Input,
    Limit,
    Output,
    Page,
    Text,
    Whole,
    paged,
    without,
)
from counterfoil.api.services import UseCases
from counterfoil.foundation.money import parse_nanos
from counterfoil.recharge import terms
from counterfoil.recharge.orders_shown import bonus_json, rate_json
from counterfoil.recharge.terms import read_rate, read_share

router = APIRouter(tags=["recharge terms"])

Currency = Annotated[Text, Field(max_length=3, description="Three letters, such as CNY.")]
Decimal = Annotated[str, Field(max_length=40)]
BonusName = Annotated[Text, Field(min_length=1, max_length=100, description="A name for people, told with the credit.")]


class NewRate(Input):
    """What one unit of the paid currency credits from now on: rate × ratio."""

    paid_currency: Currency
    wallet_currency: Currency
    rate: Annotated[Decimal, Field(description="A decimal such as 0.13888889, with at most nine decimals.")]
    ratio: Annotated[Decimal, Field(description="What the operator makes of it, such as 0.98.")] = "1"
    by: By | None = None


class Rate(Output):
    """An exchange rate; of the same currencies, the newest holds."""

    paid_currency: str
    wallet_currency: str
    rate: str
    ratio: str
    starts_at: str | None
    set_by: str | None = Field(description="For staff.")

    @classmethod
    def of(cls, rate: terms.Rate) -> Rate:
        return cls.model_validate(rate_json(rate))


class NewBonus(Input):
    """What comes on top of a recharge that credits `least` or more: a share of it, a fixed amount, or both."""

    name: BonusName
    wallet_currency: Currency
    least: Annotated[Decimal, Field(description="From this much of the wallet's currency on.")] = "0"
    share_percent: Annotated[Decimal, Field(description="Percent with at most four decimals, such as 12.5.")] = "0"
    fixed: Annotated[Decimal, Field(description="So much of the wallet's currency, besides.")] = "0"
    days: Annotated[Whole, Field(ge=1, description="How long the bonus can be spent; null: without an end.")] | None = (
        None
    )


class Bonus(Output):
    """A bonus rule. Of those that apply to a recharge, the one that brings most holds."""

    rule_id: str
    name: str
    wallet_currency: str
    least_nanos: int
    least: str
    share_percent: str
    fixed_nanos: int
    fixed: str
    days: int | None
    starts_at: str | None
    ends_at: str | None

    @classmethod
    def of(cls, rule: terms.BonusRule) -> Bonus:
        return cls.model_validate(bonus_json(rule))


class EndBonus(Input):
    """A name may hold any sign, so it is in the body and not in the address."""

    name: BonusName


class Ended(Output):
    ended: str


@router.get("/exchange-rates", summary="List exchange rates, those of the same currencies newest first")
async def list_exchange_rates(
    services: UseCases, caller: Caller, limit: Limit = PAGE_MAX, cursor: Cursor = None
) -> Page[Rate]:
    rates = [Rate.of(rate) for rate in await services.recharge_terms.rates()]
    shown = rates if caller.is_staff else [without(rate, "set_by") for rate in rates]
    return paged(shown, limit=limit, cursor=cursor, name=_name_of)


@router.post("/exchange-rates", status_code=201, summary="Set what one unit of a paid currency credits from now on")
async def set_exchange_rate(services: UseCases, caller: Caller, body: NewRate) -> Rate:
    rate = await services.recharge_terms.set_rate(
        paid_currency=body.paid_currency, wallet_currency=body.wallet_currency, rate=read_rate(body.rate),
        ratio=read_rate(body.ratio), by=caller.named(body.by),
    )  # fmt: skip
    return Rate.of(rate)


@router.get("/bonus-rules", summary="List bonus rules, ended ones too")
async def list_bonus_rules(services: UseCases, limit: Limit = PAGE_MAX, cursor: Cursor = None) -> Page[Bonus]:
    rules = [Bonus.of(rule) for rule in await services.recharge_terms.bonuses()]
    return paged(rules, limit=limit, cursor=cursor, name=lambda rule: rule.rule_id)


@router.post("/bonus-rules", status_code=201, summary="Add a bonus rule that holds from now on")
async def add_bonus_rule(services: UseCases, body: NewBonus) -> Bonus:
    rule = await services.recharge_terms.add_bonus(
        name=body.name, wallet_currency=body.wallet_currency, least=parse_nanos(body.least),
        share_millionths=read_share(body.share_percent), fixed=parse_nanos(body.fixed), days=body.days,
    )  # fmt: skip
    return Bonus.of(rule)


@router.post("/bonus-rules/end", summary="End a bonus rule; orders made under it keep their bonus")
async def end_bonus_rule(services: UseCases, body: EndBonus) -> Ended:
    await services.recharge_terms.end_bonus(body.name)
    return Ended(ended=body.name.strip())


def _name_of(rate: Rate) -> str:
    return f"{rate.paid_currency}-{rate.wallet_currency}-{rate.starts_at}"
