"""Recharging: what a payment credits, orders, codes, and the credit that the balance is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.problems import problem_of
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Count, Id, Instant, Link, Mark, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import CounterfoilError, InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.ledger.model import GrantState
from counterfoil.ledger.service import GrantView
from counterfoil.recharge.codes_model import TryOutcome
from counterfoil.recharge.model import RATE_ONE, Order, OrderState, Terms
from counterfoil.recharge.terms import BonusRule, show_rate, show_share

pages = Pages()
_READ = Need(own=Own.MONEY_READ, staff=Staff.ACCOUNTS_READ)
ORDER = Need(own=Own.RECHARGE, staff=Staff.ORDERS_WRITE)
_REDEEM = Need(own=Own.RECHARGE, staff=Staff.CODES_WRITE)
_GRANTS_SHOWN = 200
ORDER_TONES = {
    OrderState.CREATED: "info", OrderState.PROCESSING: "info", OrderState.PAID: "good", OrderState.FAILED: "bad",
    OrderState.PARTLY_REFUNDED: "warn", OrderState.REFUNDED: "warn", OrderState.DISPUTED: "bad",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to pay in one currency; `value` is what the form sends."""

    value: str
    text: str
    provider: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a payment would credit now, as it is shown before an order is made."""

    amount: int
    way: Way
    terms: Terms
    rate: str | None
    ratio: str | None
    # Makes two clicks on one button one order.
    intention: str


@pages.get("/accounts/{account_id}/recharge", need=_READ)
async def recharge(visit: Visit) -> View:
    services, account = visit.services, visit.of_account
    ways = await _ways(visit)
    grants = await services.ledger.grants(account.account_id)
    return View(
        template="recharge.html",
        title="page_recharge",
        values={
            "balance": await services.ledger.balance(account.account_id),
            "ways": [(way.value, way.text) for way in ways],
            "quote": await _quote(visit, ways),
            "may_order": visit.may(own=ORDER.own, staff=ORDER.staff),
            "may_redeem": visit.may(own=_REDEEM.own, staff=_REDEEM.staff),
        },
        tables=(
            await _bonus_table(visit),
            await _orders_table(visit),
            await _redemptions_table(visit, grants),
            _grants_table(visit, grants),
        ),
    )


@pages.post("/accounts/{account_id}/recharge/orders", need=ORDER, shows=recharge)
async def recharge_order_create(visit: Visit) -> Response:
    way = _chosen(await _ways(visit), visit.typed("pay_with"))
    order = await visit.services.orders.create(
        account_id=visit.account_id, provider=way.provider, amount=_read_amount(visit.typed("amount")),
        currency=way.currency, by=visit.by, intention_key=visit.typed("intention") or None,
    )  # fmt: skip
    return visit.done(visit.link(f"/recharge/orders/{show_id('order', order.order_id)}"), "done_order_made")


@pages.post("/accounts/{account_id}/recharge/redeem", need=_REDEEM, shows=recharge)
async def recharge_redeem(visit: Visit) -> Response:
    """Credit the account with a code. What was typed is shown nowhere again, whatever comes of it."""
    await visit.services.codes.redeem(
        visit.account_id, visit.typed("code"), by=visit.by,
        # Guesses are counted by it; staff type for somebody who is elsewhere.
        client_address=None if visit.as_staff else visit.client_address,
    )  # fmt: skip
    return visit.done(visit.link("/recharge"), "done_redeemed")


# -- what a payment credits ------------------------------------------------------------------------------------------


async def _ways(visit: Visit) -> list[Way]:
    """Every active provider with each of its currencies; one that takes any is offered in the account's."""
    rows = [row for row in await visit.services.payment_providers.list() if row.status == "active"]
    ways = []
    for row in rows:
        is_alone = sum(other.kind == row.kind for other in rows) == 1
        for currency in row.currencies or (visit.of_account.currency,):
            label = visit.w.label("provider_kind", row.kind)
            text = " · ".join([label, *([] if is_alone else [row.name]), currency])
            ways.append(Way(value=f"{row.name}/{currency}", text=text, provider=row.name, currency=currency))
    return ways


def _chosen(ways: Sequence[Way], value: str) -> Way:
    for way in ways:
        if way.value == value:
            return way
    raise InputError(field="pay_with", expected="one of the ways to pay")


def _read_amount(text: str) -> int:
    try:
        return parse_nanos(text)
    except CounterfoilError as error:
        raise InputError(code=error.code, field="amount", expected="100, 49.90") from error


async def _quote(visit: Visit, ways: Sequence[Way]) -> Quote | None:
    """What was asked about; where it cannot be answered, the page says why."""
    amount, way = visit.typed("amount") or visit.asked("amount"), visit.typed("pay_with") or visit.asked("pay_with")
    if not amount or (visit.problem is not None and visit.form):
        return None
    try:
        chosen = _chosen(ways, way)
        nanos = _read_amount(amount)
        if nanos <= 0:
            raise InputError(code="amount_not_positive", field="amount")
        terms = await visit.services.recharge_terms.terms(
            amount=nanos, paid_currency=chosen.currency, wallet_currency=visit.of_account.currency
        )
    except CounterfoilError as error:
        visit.problem = problem_of(error, visit.language)
        return None
    return Quote(
        amount=nanos, way=chosen, terms=terms, intention=visit.services.clock.new_id().hex,
        rate=rate_text(visit, terms, currency=chosen.currency),
        ratio=None if terms.ratio == RATE_ONE else f"× {show_rate(terms.ratio)}",
    )  # fmt: skip


def rate_text(visit: Visit, terms: Terms, *, currency: str) -> str | None:
    """The exchange rate in words; None where there is nothing to exchange."""
    if currency == terms.wallet_currency and terms.rate == RATE_ONE:
        return None
    return visit.w.word("recharge_rate_is", paid=currency, rate=show_rate(terms.rate), wallet=terms.wallet_currency)


async def _bonus_table(visit: Visit) -> Table:
    currency = visit.of_account.currency
    rules = [
        rule
        for rule in await visit.services.recharge_terms.bonuses()
        if rule.wallet_currency == currency
        and rule.starts_at <= visit.now
        and (rule.ends_at is None or visit.now < rule.ends_at)
    ]
    return Table(
        name="bonuses",
        caption="recharge_bonuses",
        columns=(
            Column(code="recharge_bonus_from"),
            Column(code="recharge_bonus_share"),
            Column(code="recharge_bonus_life"),
        ),
        rows=[
            (Amount(rule.least, currency), _brings(visit, rule), bonus_life(visit, rule.days))
            for rule in sorted(rules, key=lambda rule: rule.least)
        ],
    )


def _brings(visit: Visit, rule: BonusRule) -> str:
    parts = [f"{show_share(rule.share_millionths)}%"] if rule.share_millionths else []
    return " + ".join([*parts, *([visit.shown.money(rule.fixed, rule.wallet_currency)] if rule.fixed else [])])


def bonus_life(visit: Visit, days: int | None) -> str:
    if days is None:
        return visit.w.word("recharge_bonus_ends_never")
    return visit.w.word("recharge_bonus_days", days=visit.shown.count(days))


# -- lists -----------------------------------------------------------------------------------------------------------


async def _orders_table(visit: Visit) -> Table:
    most = visit.most_rows
    orders: list[Order] = []
    before = visit.id_asked("order", "orders_before")
    while len(orders) <= most:
        found = await visit.services.orders.orders(
            account_id=visit.account_id, before=before, most=min(1_000, most + 1 - len(orders))
        )
        orders += found
        if not found or len(found) < 1_000:
            break
        before = found[-1].order_id
    shown = orders[:most]
    more = visit.here(orders_before=show_id("order", shown[-1].order_id)) if len(orders) > most else None
    return orders_table(visit, shown, caption="recharge_orders", empty="recharge_no_orders", more=more)


def orders_table(visit: Visit, orders: Sequence[Order], *, caption: str, empty: str, more: str | None = None) -> Table:
    return Table(
        name="orders",
        caption=caption,
        empty=empty,
        more=more,
        columns=(
            Column(code="created_at"),
            Column(code="order_id"),
            Column(code="recharge_order_state"),
            Column(code="recharge_way", wide=True),
            Column(code="recharge_you_pay", numeric=True),
            Column(code="recharge_credits", numeric=True, wide=True),
            Column(code="recharge_bonus", numeric=True, wide=True),
            Column(code="paid_at", wide=True),
        ),
        rows=[_order_row(visit, order) for order in orders],
    )


def _order_row(visit: Visit, order: Order) -> tuple[Cell, ...]:
    shown, terms = show_id("order", order.order_id), order.terms
    return (
        Instant(order.created_at),
        Id(shown, visit.link(f"/recharge/orders/{shown}")),
        order_mark(visit, order.state),
        visit.w.label("provider_kind", order.provider_kind),
        Amount(order.amount, order.currency),
        Amount(terms.credited, terms.wallet_currency),
        Amount(terms.bonus, terms.wallet_currency) if terms.bonus else None,
        Instant(order.paid_at),
    )


def order_mark(visit: Visit, state: OrderState) -> Mark:
    return Mark(
        visit.w.label("order_state", state), ORDER_TONES.get(state, "quiet"), visit.w.explanation("order_state", state)
    )


async def _redemptions_table(visit: Visit, grants: Sequence[GrantView]) -> Table:
    most = min(visit.most_rows, 500 - 1)
    tries = await visit.services.codes.tries(
        account_id=visit.account_id, before=visit.id_asked("code_try", "tries_before"), most=most + 1
    )
    worth = {grant.source_id: grant.amount for grant in grants if grant.source_kind == "code"}
    shown = tries[:most]
    return Table(
        name="redemptions",
        caption="recharge_redemptions",
        empty="recharge_no_redemptions",
        more=visit.here(tries_before=show_id("code_try", shown[-1].try_id)) if len(tries) > most else None,
        columns=(
            Column(code="time"),
            Column(code="code_mask"),
            Column(code="recharge_result"),
            Column(code="recharge_worth", numeric=True),
            Column(code="recharge_times", numeric=True, wide=True),
            Column(code="done_by", wide=True),
        ),
        rows=[
            (
                Instant(one.last_at),
                one.mask,
                _outcome(visit, one.outcome),
                _worth(visit, one.code_id if one.outcome is TryOutcome.REDEEMED else None, worth),
                Count(one.times),
                one.tried_by,
            )
            for one in shown
        ],
    )


def _outcome(visit: Visit, outcome: TryOutcome) -> Mark:
    """Credited, or which of the reasons it was not."""
    if outcome is TryOutcome.REDEEMED:
        return Mark(visit.w.label("word", outcome), "good")
    return Mark(visit.w.label("error", outcome), "warn", visit.w.explanation("error", outcome))


def _worth(visit: Visit, code_id: UUID | None, worth: dict[str, int]) -> Cell:
    if code_id is None or code_id.hex not in worth:
        return None
    return Amount(worth[code_id.hex], visit.of_account.currency)


def _grants_table(visit: Visit, grants: Sequence[GrantView]) -> Table:
    currency = visit.of_account.currency
    live = [grant for grant in grants if grant.state is not GrantState.ENDED and grant.remaining]
    return Table(
        name="grants",
        caption="recharge_grants",
        empty="recharge_no_grants",
        columns=(
            Column(code="recharge_grant_kind"),
            Column(code="recharge_grant_from", wide=True),
            Column(code="recharge_grant_amount", numeric=True, wide=True),
            Column(code="recharge_grant_left", numeric=True),
            Column(code="held", numeric=True, wide=True),
            Column(code="recharge_grant_ends"),
            Column(code="state", wide=True),
        ),
        rows=[
            (
                visit.w.label("grant_kind", grant.kind),
                _source(visit, grant),
                Amount(grant.amount, currency),
                Amount(grant.remaining, currency),
                Amount(grant.held, currency),
                Instant(grant.expires_at)
                if grant.expires_at is not None
                else visit.w.word("recharge_bonus_ends_never"),
                Mark(visit.w.label("grant_state", grant.state), "warn" if grant.state is GrantState.FROZEN else "good"),
            )
            for grant in live[:_GRANTS_SHOWN]
        ],
    )


def _source(visit: Visit, grant: GrantView) -> Cell:
    if grant.source_kind == "order" and grant.source_id.startswith("ord_"):
        return Link(visit.w.word("row_order"), visit.link(f"/recharge/orders/{grant.source_id}"))
    return (
        visit.w.label("word", f"row_{grant.source_kind}")
        if grant.source_kind in ("order", "code", "refund")
        else Id(grant.source_id)
    )
