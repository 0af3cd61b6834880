"""What commands give to programs about requests: the call, its decision, its attempts."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from counterfoil.cli.views import Json, amount, identifier, time
from counterfoil.foundation.ids import show_id
from counterfoil.spend.model import AttemptView, RequestView

_AMOUNTS_OF_A_CHECK = ("amount", "used", "held", "remaining", "needed")


def request_json(request: RequestView) -> Json:
    """A request without its decision and attempts, as a list shows it."""
    return {
        "request_id": show_id("request", request.request_id),
        "account_id": show_id("account", request.account_id),
        "event_no": request.event_no,
        "key_id": show_id("key", request.key_id),
        "key_mask": request.key_mask,
        "group_id": identifier("group", request.group_id),
        "group_name": request.group_name,
        "member_id": identifier("member", request.member_id),
        "endpoint": request.endpoint,
        "model": request.model,
        "model_tier": request.model_tier,
        "stream": request.stream,
        "client": request.client,
        "client_address": request.client_address,
        "retry_count": request.retry_count,
        "in_flight": request.in_flight,
        "received_at": time(request.received_at),
        "decided_at": time(request.decided_at),
        "first_byte_at": time(request.first_byte_at),
        "ended_at": time(request.ended_at),
        "state": request.state,
        "charge_mark": request.charge_mark,
        "status_code": request.status_code,
        "code": request.code,
        "error_text": request.error_text,
        "repeats": request.repeats,
        "submission_id": identifier("submission", request.submission_id),
        "verdict": request.verdict,
        "first_request_id": identifier("request", request.first_request_id),
        "output_cap": request.output_cap,
        "currency": request.currency,
        **amount("needed", request.needed_nanos),
        **amount("held", request.held_nanos),
        **amount("charged", request.charged_nanos),
        **amount("uncollected", request.uncollected_nanos),
        **amount("refunded", request.refunded_nanos),
        "price_version": identifier("price_book", request.price_version),
        "multiplier_millis": request.multiplier_millis,
        "tokens": _parsed(request.tokens),
        "estimated": request.estimated,
    }


def request_in_full(request: RequestView) -> Json:
    """A request with its arithmetic, its decision and every attempt."""
    return {
        **request_json(request),
        "arithmetic": _parsed(request.arithmetic),
        "decision": decision_json(request.checks),
        "attempts": [attempt_json(attempt) for attempt in request.attempts],
    }


def attempt_json(attempt: AttemptView) -> Json:
    return {
        "number": attempt.number,
        "upstream": attempt.upstream,
        "upstream_model": attempt.upstream_model,
        "started_at": time(attempt.started_at),
        "ended_at": time(attempt.ended_at),
        "outcome": attempt.outcome,
        "status_code": attempt.status_code,
        "response_id": attempt.response_id,
        "error_text": attempt.error_text,
        **amount("cost", attempt.cost_nanos),
    }


def decision_json(checks: str) -> Json:
    """The decision as recorded: every check of a refusal, or how wallet and limits stood before a served call."""
    recorded = json.loads(checks) if checks else {}
    if "checks" in recorded:
        return {**recorded, "checks": [_check(check) for check in recorded["checks"]]}
    return {
        **amount("spendable", recorded.get("spendable")),
        "limits": [
            {"limit_id": show_id("limit", UUID(hex=limit_id)), "window_start": time(start), "amount": most,
             "used": used, "held": held}
            for limit_id, start, most, used, held in recorded.get("limits", ())
        ],
    }  # fmt: skip


def _check(check: dict[str, Any]) -> Json:
    """A check with its id and times as shown, and money in both forms."""
    found: Json = dict(check)
    if "limit_id" in found:
        found["limit_id"] = show_id("limit", UUID(hex=found["limit_id"]))
    if "resets_at" in found:
        found["resets_at"] = time(found["resets_at"])
    for name in _AMOUNTS_OF_A_CHECK:
        if name in found:
            value = found.pop(name)
            found |= amount(name, value) if check.get("unit") == "money" else {name: str(value)}
    return found


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)
