"""An order as a person wants to see it: what was paid, what it brought, and what happened, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Kind, Language, find_entry
from counterfoil.recharge.model import RATE_ONE, Dispute, Notice, Order, OrderEvent, OrderRefund, OrderSource, Terms
from counterfoil.recharge.service import OrderView
from counterfoil.recharge.terms import show_rate


def order_lines(view: OrderView, language: Language) -> list[str]:
    """An order for a person, with its history, refunds, disputes and siblings where there are any."""
    order = view.order
    parts = [
        order_fields(order, language),
        _explained(order, language),
        table(("time", "what happened", "told by", "state", "facts"), _timeline(view, language)),
    ]
    if view.refunds:
        parts.append(_refund_lines(view.refunds, order, language))
    if view.disputes:
        parts.append(_dispute_lines(view.disputes, order, language))
    if view.siblings:
        parts.append(["Other orders of the same intention:", *orders_table(view.siblings)])
    return [line for part in parts for line in ("", *part)][1:]


def order_fields(order: Order, language: Language) -> list[str]:
    terms = order.terms
    is_credited, is_repeated = order.state.is_credited, order.intention_id != order.order_id
    shown = {
        "order": show_id("order", order.order_id),
        "account": show_id("account", order.account_id),
        "state": labelled(order.state, Kind.ORDER_STATE, language),
        "attention": labelled(order.attention, Kind.ORDER_ATTENTION, language),
        "provider": f"{order.provider}, {labelled(order.provider_kind, Kind.PROVIDER_KIND, language)}",
        "paid" if is_credited else "to pay": money(order.amount, order.currency),
        "credited" if is_credited else "will credit": money(terms.credited, terms.wallet_currency),
        "rate": _rate(order),
        "bonus": _bonus(terms),
        "refunded": money(order.refunded, order.currency) if order.refunded else None,
        "taken back": money(order.taken_back, terms.wallet_currency) if order.taken_back else None,
        "created by": order.created_by,
        "created": moment(order.created_at),
        "can be paid until": None if is_credited else moment(order.expires_at),
        "paid at": moment(order.paid_at),
        "provider's number": order.number_mask,
        "payer": order.payer_mask,
        "asked": f"{order.queries} times" if order.queries else None,
        "asked next": moment(order.next_query_at),
        "first of its intention": show_id("order", order.intention_id) if is_repeated else None,
    }
    return fields({name: value for name, value in shown.items() if value is not None})


def orders_table(orders: Sequence[Order], *, empty: str = "") -> list[str]:
    columns = (
        "order", "created", "account", "provider", "state", Column(name="amount", right=True),
        Column(name="credits", right=True), Column(name="bonus", right=True), "attention",
    )  # fmt: skip
    rows = [
        (
            show_id("order", one.order_id), moment(one.created_at), show_id("account", one.account_id), one.provider,
            one.state, money(one.amount, one.currency), money(one.terms.credited, one.terms.wallet_currency),
            money(one.terms.bonus, one.terms.wallet_currency) if one.terms.bonus else None, one.attention,
        )
        for one in orders
    ]  # fmt: skip
    return table(columns, rows, empty=empty)


def notices_table(notices: Sequence[Notice], language: Language) -> list[str]:
    columns = ("last", "provider", Column(name="times", right=True), "said", "outcome", "accepted", "order", "facts")
    rows = [
        (
            moment(one.last_at), one.provider, one.arrivals, one.said, words(one.outcome, Kind.NOTICE_OUTCOME, language),
            one.accepted, None if one.order_id is None else show_id("order", one.order_id), _facts(one.facts),
        )
        for one in notices
    ]  # fmt: skip
    return table(columns, rows, empty="No such notices.")


def words(code: str, kind: Kind, language: Language) -> str:
    """The label of a recorded code; the code itself where a later release has left it without words."""
    found = find_entry(kind, code)
    return code if found is None else found.label[language]


def labelled(code: str | None, kind: Kind, language: Language) -> str | None:
    """A code with its label: `paid (Paid and credited)`."""
    return None if code is None else f"{code} ({words(code, kind, language)})"


def refund_label(refund: OrderRefund, language: Language) -> str | None:
    return labelled(refund.state, Kind.REFUND_STATE, language)


def _explained(order: Order, language: Language) -> list[str]:
    """What the state means and what to do; first of all, what somebody should look at."""
    known = [
        None if order.attention is None else find_entry(Kind.ORDER_ATTENTION, order.attention),
        find_entry(Kind.ORDER_STATE, order.state),
    ]
    return [
        line
        for found in known
        if found is not None
        for line in (found.explanation[language], found.next_step.what_to_change[language])
    ]


def _rate(order: Order) -> str | None:
    terms = order.terms
    if order.currency == terms.wallet_currency and terms.rate == terms.ratio == RATE_ONE:
        return None
    rate = f"1 {order.currency} = {show_rate(terms.rate)} {terms.wallet_currency}"
    return rate if terms.ratio == RATE_ONE else f"{rate}, ratio {show_rate(terms.ratio)}"


def _bonus(terms: Terms) -> str | None:
    if not terms.bonus:
        return None
    lives = "without an end" if terms.bonus_days is None else f"for {terms.bonus_days} days"
    return f"{money(terms.bonus, terms.wallet_currency)}, {lives}, by the rule {terms.bonus_rule}"


def _timeline(view: OrderView, language: Language) -> list[tuple[object, ...]]:
    """Events and notices in the order of their times."""
    rows = [(event.at, _event_row(event, language)) for event in view.events]
    rows += [(notice.first_at, _notice_row(notice, language)) for notice in view.notices]
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def _event_row(event: OrderEvent, language: Language) -> tuple[object, ...]:
    source = words(event.source, Kind.ORDER_SOURCE, language)
    told = source if event.by is None else f"{source}{_colon(language)}{event.by}"
    return (moment(event.at), words(event.what, Kind.ORDER_EVENT, language), told, event.state, _facts(event.facts))


def _notice_row(notice: Notice, language: Language) -> tuple[object, ...]:
    often = "" if notice.arrivals == 1 else f", {notice.arrivals} times, last {moment(notice.last_at)}"
    arrived = words(OrderSource.NOTICE, Kind.ORDER_SOURCE, language)
    what = f"{arrived}{_colon(language)}{words(notice.outcome, Kind.NOTICE_OUTCOME, language)}{often}"
    return (moment(notice.first_at), what, notice.provider, None, _facts(notice.facts))


def _colon(language: Language) -> str:
    return "：" if language is Language.ZH else ": "


def _facts(facts: Mapping[str, Any]) -> str | None:
    """Facts on one line, amounts as people write them."""
    told = [f"{name} {value}" for name, value in facts.items() if name not in ("amount_nanos", "currency") and value]
    if "amount_nanos" in facts:
        told.insert(0, money(facts["amount_nanos"], facts.get("currency", "")) or "")
    return ", ".join(told) or None


def _refund_lines(refunds: Sequence[OrderRefund], order: Order, language: Language) -> list[str]:
    columns = (
        "refund", "asked", "state", Column(name="amount", right=True), Column(name="taken back", right=True), "by",
        "reason", "number", Column(name="tries", right=True), "ended", "failure",
    )  # fmt: skip
    rows = [
        (
            show_id("refund", one.refund_id), moment(one.created_at), refund_label(one, language),
            money(one.amount, order.currency), money(one.taken, order.terms.wallet_currency),
            one.requested_by, one.reason, one.number_mask, one.tries, moment(one.ended_at), one.failure,
        )
        for one in refunds
    ]  # fmt: skip
    return ["Refunds:", *table(columns, rows)]


def _dispute_lines(disputes: Sequence[Dispute], order: Order, language: Language) -> list[str]:
    columns = ("dispute", "opened", "state", Column(name="amount", right=True), "number", "ended")
    rows = [
        (
            show_id("dispute", one.dispute_id), moment(one.opened_at),
            labelled(one.state, Kind.DISPUTE_STATE, language), money(one.amount, order.currency), one.number_mask,
            moment(one.ended_at),
        )
        for one in disputes
    ]  # fmt: skip
    return ["Disputes:", *table(columns, rows)]
