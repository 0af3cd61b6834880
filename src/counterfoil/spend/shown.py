"""What doors show of requests and submissions, as plain JSON: the call, its decision, its attempts, its copies.

All that is known: what somebody may not see, their door leaves out.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import Json, amount, identifier, parsed, time
from counterfoil.spend.model import AttemptView, KeyBurst, RequestView, SubmissionView

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
        "tokens": parsed(request.tokens),
        "estimated": request.estimated,
    }


def request_in_full(request: RequestView) -> Json:
    """A request with its arithmetic, its decision and every attempt."""
    return {
        **request_json(request),
        "arithmetic": parsed(request.arithmetic),
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


def submission_json(submission: SubmissionView) -> Json:
    """A submission without its copies: how many there were, and what they cost together."""
    return {
        "submission_id": show_id("submission", submission.submission_id),
        "account_id": show_id("account", submission.account_id),
        "key_id": show_id("key", submission.key_id),
        "key_mask": submission.key_mask,
        "endpoint": submission.endpoint,
        "model": submission.model,
        "first_at": time(submission.first_at),
        "last_at": time(submission.last_at),
        "copies": submission.copies,
        "retries": submission.retries,
        "duplicates": submission.duplicates,
        "blocked": submission.blocked,
        "repeated": submission.repeated,
        "charged_copies": submission.charged_copies,
        "open_copies": submission.open_copies,
        "currency": submission.currency,
        **amount("held", submission.held_nanos),
        **amount("charged", submission.charged_nanos),
    }


def submission_in_full(submission: SubmissionView) -> Json:
    """A submission with its copies, the first first."""
    return {**submission_json(submission), "requests": [request_json(one) for one in submission.requests]}


def burst_json(burst: KeyBurst, currency: str) -> Json:
    return {
        "key_id": show_id("key", burst.key_id),
        "key_mask": burst.key_mask,
        "endpoint": burst.endpoint,
        "model": burst.model,
        "minute_at": time(burst.minute_at),
        "first_calls": burst.first_calls,
        "calls": burst.calls,
        "currency": currency,
        **amount("charged", burst.charged_nanos),
    }


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
