"""What doors show of recharge orders, payment providers, rates and bonus rules, as plain JSON."""

from __future__ import annotations

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import Json, amount, identifier, time
from counterfoil.recharge.model import Dispute, Notice, Order, OrderEvent, OrderRefund
from counterfoil.recharge.providers_service import PaymentProviders
from counterfoil.recharge.providers_store import ProviderRow
from counterfoil.recharge.service import OrderView
from counterfoil.recharge.terms import BonusRule, Rate, show_rate, show_share


def order_json(order: Order) -> Json:
    """An order as a list shows it; of the provider's number and the payer, only their masks."""
    terms = order.terms
    return {
        "order_id": show_id("order", order.order_id),
        "account_id": show_id("account", order.account_id),
        "provider": order.provider,
        "provider_kind": order.provider_kind,
        "state": order.state,
        **amount("amount", order.amount),
        "currency": order.currency,
        **amount("credited", terms.credited),
        **amount("bonus", terms.bonus),
        "wallet_currency": terms.wallet_currency,
        "rate": show_rate(terms.rate),
        "ratio": show_rate(terms.ratio),
        "bonus_rule": terms.bonus_rule,
        "bonus_days": terms.bonus_days,
        **amount("refunded", order.refunded),
        **amount("taken_back", order.taken_back),
        "intention_id": show_id("order", order.intention_id),
        "created_by": order.created_by,
        "created_at": time(order.created_at),
        "expires_at": time(order.expires_at),
        "paid_at": time(order.paid_at),
        "number_mask": order.number_mask,
        "payer_mask": order.payer_mask,
        "attention": order.attention,
        "queries": order.queries,
        "next_query_at": time(order.next_query_at),
    }


def order_in_full(view: OrderView) -> Json:
    """An order with all that is known of it, and the other orders of the same intention."""
    return {
        **order_json(view.order),
        "events": [event_json(event) for event in view.events],
        "notices": [notice_json(notice) for notice in view.notices],
        "refunds": [refund_json(refund, view.order) for refund in view.refunds],
        "disputes": [dispute_json(dispute, view.order) for dispute in view.disputes],
        "siblings": [order_json(sibling) for sibling in view.siblings],
    }


def event_json(event: OrderEvent) -> Json:
    return {
        "number": event.number,
        "at": time(event.at),
        "state": event.state,
        "source": event.source,
        "what": event.what,
        "by": event.by,
        "facts": event.facts,
    }


def notice_json(notice: Notice) -> Json:
    return {
        "notice_id": show_id("notice", notice.notice_id),
        "provider": notice.provider,
        "order_id": identifier("order", notice.order_id),
        "account_id": identifier("account", notice.account_id),
        "first_at": time(notice.first_at),
        "last_at": time(notice.last_at),
        "arrivals": notice.arrivals,
        "said": notice.said,
        "outcome": notice.outcome,
        "accepted": notice.accepted,
        "facts": notice.facts,
    }


def refund_json(refund: OrderRefund, order: Order) -> Json:
    """A refund: `amount` in the order's currency, `taken` in its wallet's."""
    return {
        "refund_id": show_id("refund", refund.refund_id),
        "order_id": show_id("order", refund.order_id),
        "state": refund.state,
        **amount("amount", refund.amount),
        "currency": order.currency,
        **amount("taken", refund.taken),
        "wallet_currency": order.terms.wallet_currency,
        "external": refund.external,
        "reason": refund.reason,
        "requested_by": refund.requested_by,
        "approval_id": identifier("approval", refund.approval_id),
        "created_at": time(refund.created_at),
        "ended_at": time(refund.ended_at),
        "number_mask": refund.number_mask,
        "tries": refund.tries,
        "next_try_at": time(refund.next_try_at),
        "failure": refund.failure,
    }


def dispute_json(dispute: Dispute, order: Order) -> Json:
    return {
        "dispute_id": show_id("dispute", dispute.dispute_id),
        "order_id": show_id("order", dispute.order_id),
        "state": dispute.state,
        **amount("amount", dispute.amount),
        "currency": order.currency,
        "number_mask": dispute.number_mask,
        "opened_at": time(dispute.opened_at),
        "ended_at": time(dispute.ended_at),
    }


def provider_json(row: ProviderRow, providers: PaymentProviders) -> Json:
    """A payment provider; of its secrets only where they are kept."""
    return {
        "provider_id": show_id("payment_provider", row.provider_id),
        "name": row.name,
        "kind": row.kind,
        "status": row.status,
        "merchant": row.merchant,
        "currencies": list(row.currencies),
        "base_url": row.base_url,
        "callback_path": f"/callbacks/{row.name}",
        "settings": dict(row.settings),
        "secrets": providers.secret_sources(row),
        "created_at": time(row.created_at),
    }


def rate_json(rate: Rate) -> Json:
    return {
        "paid_currency": rate.paid_currency,
        "wallet_currency": rate.wallet_currency,
        "rate": show_rate(rate.rate),
        "ratio": show_rate(rate.ratio),
        "starts_at": time(rate.starts_at),
        "set_by": rate.set_by,
    }


def bonus_json(rule: BonusRule) -> Json:
    return {
        "rule_id": show_id("bonus_rule", rule.rule_id),
        "name": rule.name,
        "wallet_currency": rule.wallet_currency,
        **amount("least", rule.least),
        "share_percent": show_share(rule.share_millionths),
        **amount("fixed", rule.fixed),
        "days": rule.days,
        "starts_at": time(rule.starts_at),
        "ends_at": time(rule.ends_at),
    }
