"""Balance endpoints that clients already know: OpenAI's old dashboard and OpenRouter's. Pure: numbers in, JSON out.

These formats have numbers where ours have decimal text; they are made from exact decimals at the very end, for showing.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import NANOS_PER_UNIT
from counterfoil.foundation.periods import to_datetime
from counterfoil.limits.model import Check, Scope, Unit
from counterfoil.spend.model import RequestView, Standing

# A budget that resets: OpenRouter's clients show these words.
_RESETS = {"day": "daily", "month": "monthly"}
_TOKEN_KINDS_IN = ("input", "cached_read", "cache_write_5m", "cache_write_1h", "audio_input", "image_input")
_TOKEN_KINDS_OUT = ("output", "reasoning", "audio_output", "image_output")


def number(nanos: int) -> float:
    """An amount as these formats have it."""
    return float(Decimal(nanos) / NANOS_PER_UNIT)


def subscription(standing: Standing) -> dict[str, Any]:
    """`hard_limit_usd` less the usage of all time is what is left, as desktop clients compute it."""
    total = number(standing.spendable + standing.held + standing.charged)
    return {
        "object": "billing_subscription",
        "has_payment_method": True,
        "canceled": False,
        "soft_limit_usd": total,
        "hard_limit_usd": total,
        "system_hard_limit_usd": total,
        "access_until": 0,
        "currency": standing.currency,
    }


def usage(days: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """What was charged by UTC day; the total is in hundredths of the currency's unit."""
    return {
        "object": "list",
        "total_usage": number(sum(nanos for _, nanos in days) * 100),
        "daily_costs": [
            {"timestamp": start // 1_000_000, "line_items": [{"name": "requests", "cost": number(nanos * 100)}]}
            for start, nanos in days
        ],
    }


def credit(standing: Standing) -> dict[str, Any]:
    return {
        "data": {
            "total_credits": number(standing.spendable + standing.held + standing.charged),
            "total_usage": number(standing.charged),
            "reserved": number(standing.held),
            "available": number(standing.spendable),
            "currency": standing.currency,
        }
    }


def key(checks: Sequence[Check], *, currency: str) -> dict[str, Any]:
    """The key's own money limit, the one with the least left where it has several; nothing of its group or account."""
    limits = [
        check
        for check in checks
        if check.scope is Scope.KEY and check.unit is Unit.MONEY and check.amount is not None and check.used is not None
        and check.window != "request"
    ]  # fmt: skip
    data: dict[str, Any] = {
        "label": "",
        "limit": None,
        "limit_remaining": None,
        "limit_reset": None,
        "usage": None,
        "is_free_tier": False,
        "currency": currency,
    }
    if limits:
        tightest = min(limits, key=lambda check: check.remaining or 0)
        data["limit"] = number(tightest.amount or 0)
        data["limit_remaining"] = number(tightest.remaining or 0)
        data["limit_reset"] = _RESETS.get(str(tightest.window))
        data["usage"] = number(tightest.used or 0)
        data["reserved"] = number(tightest.held or 0)
    return {"data": data}


def generation(view: RequestView, tokens: dict[str, int]) -> dict[str, Any]:
    """One call's cost, as OpenRouter describes a generation."""
    served_by = view.attempts[-1] if view.attempts else None
    ended = view.ended_at or view.decided_at
    return {
        "data": {
            "id": show_id("request", view.request_id),
            "upstream_id": served_by.response_id if served_by is not None else None,
            "model": view.model,
            "streamed": view.stream,
            "created_at": to_datetime(view.received_at).isoformat(),
            "total_cost": number(view.charged_nanos - view.refunded_nanos),
            "currency": view.currency,
            "tokens_prompt": sum(tokens.get(kind, 0) for kind in _TOKEN_KINDS_IN),
            "tokens_completion": sum(tokens.get(kind, 0) for kind in _TOKEN_KINDS_OUT),
            "latency": (view.first_byte_at - view.received_at) // 1000 if view.first_byte_at is not None else None,
            "generation_time": (ended - view.received_at) // 1000,
            "cancelled": view.state == "client_gone",
            "state": view.state,
            "code": view.code,
            "charge_mark": view.charge_mark,
            "estimated": view.estimated,
        }
    }
