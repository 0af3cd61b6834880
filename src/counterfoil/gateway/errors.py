"""Every error of the gateway: one table from code to HTTP status and retrying, and bodies in both dialects.

    {"error": {"message", "type", "code", "param", "request_id", "decision": {"checks", "next_steps", "article"}}}

Anthropic's has the same inside `{"type": "error", "error": {…}, "request_id"}`. What is in it may be pasted into a chat:
numbers of groups and accounts only where the key has `show_balance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.vocabulary import (
    Amounts,
    Entry,
    Facts,
    Kind,
    Language,
    Reader,
    error_entry,
    error_message,
    find_entry,
    next_steps,
    refusal_message,
    shown_checks,
    shows_numbers,
    text,
)
from counterfoil.gateway.model import Headers, Misunderstood
from counterfoil.limits.model import Check, Decision, Unit
from counterfoil.spend.model import Dialect, FirstCopy
from counterfoil.spend.upstream_errors import Meaning, UpstreamError

# SDKs wait as long as Retry-After says, up to a minute; beyond that they retry in seconds, which cures nothing.
RETRY_AFTER_SDK_MAX_SECONDS = 60


class Retry(StrEnum):
    """Whether sending the same call again can help."""

    NEVER = "never"
    # By itself after a while; the decision may know how long.
    LATER = "later"
    # Only where every failing check is cured by waiting.
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Answer:
    """How a code is answered. `retry_after` is in seconds, for when nobody knows better."""

    status: int
    retry: Retry = Retry.NEVER
    retry_after: int | None = None


ANSWERS: dict[str, Answer] = {
    "key_invalid": Answer(401),
    "key_disabled": Answer(401),
    "key_expired": Answer(401),
    "ip_not_allowed": Answer(403),
    "account_suspended": Answer(403),
    "model_not_permitted": Answer(403),
    "balance_hidden": Answer(403),
    "bad_request": Answer(400),
    "cost_unbounded": Answer(400),
    "model_not_found": Answer(404),
    "not_found": Answer(404),
    "method_not_allowed": Answer(405),
    "duplicate_submission": Answer(409, Retry.DECISION),
    "idempotency_key_reused": Answer(422),
    "task_not_found": Answer(404),
    "task_not_finished": Answer(409),
    "task_not_cancellable": Answer(409),
    "download_expired": Answer(410),
    "callback_unreadable": Answer(400),
    "callback_signature_wrong": Answer(401),
    "callback_stale": Answer(401),
    "callback_not_configured": Answer(403),
    "callback_unknown": Answer(404),
    "too_many_in_flight": Answer(429, Retry.DECISION, 2),
    "rate_limited": Answer(429, Retry.DECISION, 5),
    "request_ceiling": Answer(402),
    "key_limit": Answer(402),
    "group_quota": Answer(402),
    "account_balance": Answer(402),
    "price_missing": Answer(503),
    "overloaded": Answer(503, Retry.LATER, 1),
    "unavailable": Answer(503, Retry.LATER, 2),
    "upstream_unavailable": Answer(503, Retry.LATER, 10),
    "upstream_error": Answer(502, Retry.LATER),
    "upstream_timeout": Answer(504, Retry.LATER),
    # The status is the upstream's own.
    "upstream_rejected": Answer(400),
    "internal_error": Answer(500, Retry.LATER),
}

_OPENAI_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
}
# Who may not call at all is told why, and nothing of limits and balances.
_ACCESS_CODES = frozenset({"key_invalid", "key_disabled", "key_expired", "ip_not_allowed", "account_suspended"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Everything that one error answer is made from.

    `recorded` says that there is a request of that id to look up. `charge_mark` is what is true of the money now. `status`
    replaces the table's where an upstream's error is relayed; `upstream_words` (redacted) then say why, `upstream_type`
    and `upstream_code` what the upstream calls it. `first` is what this call is a copy of.
    """

    code: str
    request_id: str
    recorded: bool = False
    decision: Decision | None = None
    show_balance: bool = False
    misunderstood: Misunderstood | None = None
    model: str | None = None
    retry_after: int | None = None
    charge_mark: str = "not_charged"
    status: int | None = None
    param: str | None = None
    upstream_words: str | None = None
    upstream_type: str | None = None
    upstream_code: str | None = None
    first: FirstCopy | None = None
    headers: Headers = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    status: int
    headers: Headers
    body: bytes


def upstream_problem(error: UpstreamError, *, request_id: str, model: str, words: str | None) -> Problem:
    """What a caller is told whose call every upstream has failed; `words` are the last one's own, redacted.

    Only where the caller is at fault does he get to see them.
    """
    code = error.consequence.code
    if error.meaning is not Meaning.CALLERS_FAULT:
        return Problem(code=code, request_id=request_id, recorded=True, model=model, retry_after=error.retry_after)
    return Problem(
        code=code, request_id=request_id, recorded=True, model=model, status=error.status, param=error.param,
        upstream_words=words, upstream_type=error.kind, upstream_code=error.code,
    )  # fmt: skip


def render(problem: Problem, *, dialect: Dialect, language: Language, public_url: str) -> Rendered:
    """The answer to a call that is not served."""
    answer = ANSWERS.get(problem.code, ANSWERS["internal_error"])
    status = problem.status or answer.status
    retry_headers = _retry_headers(problem, answer)
    return Rendered(
        status=status,
        headers=[
            (b"content-type", b"application/json"),
            *retry_headers,
            *_first_headers(problem.first),
            *problem.headers,
        ],
        body=_body(problem, status=status, dialect=dialect, language=language, public_url=public_url),
    )


def stream_event(problem: Problem, *, dialect: Dialect, language: Language, public_url: str) -> bytes:
    """The same as the last event of a stream that has begun, as the clients of that dialect raise it."""
    answer = ANSWERS.get(problem.code, ANSWERS["internal_error"])
    status = problem.status or answer.status
    body = _body(problem, status=status, dialect=dialect, language=language, public_url=public_url)
    # OpenAI's clients look for `error` in the data, Anthropic's for the event's name; both read this.
    return b"event: error\ndata: " + body + b"\n\n"


def _retry_headers(problem: Problem, answer: Answer) -> Headers:
    waits = problem.retry_after
    decision = problem.decision
    if decision is not None and waits is None:
        waits = decision.retry_after
    helps = answer.retry is Retry.LATER or (
        answer.retry is Retry.DECISION and decision is not None and decision.curable
    )
    if not helps:
        return [(b"x-should-retry", b"false")]
    seconds = waits if waits is not None else answer.retry_after
    headers: Headers = []
    if seconds is not None:
        headers.append((b"retry-after", b"%d" % seconds))
        if seconds > RETRY_AFTER_SDK_MAX_SECONDS:
            headers.append((b"x-should-retry", b"false"))
    return headers


def _body(problem: Problem, *, status: int, dialect: Dialect, language: Language, public_url: str) -> bytes:
    message, decision = _words(problem, language=language, public_url=public_url)
    if dialect is Dialect.ANTHROPIC:
        kind = problem.upstream_type or _ANTHROPIC_TYPES.get(status)
        kind = kind or ("api_error" if status >= 500 else "invalid_request_error")
    else:
        kind = problem.upstream_type or _OPENAI_TYPES.get(status)
        kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
    param = problem.param
    if param is None and problem.misunderstood is not None:
        param = problem.misunderstood.param
    error: dict[str, Any] = {
        "message": message,
        "type": kind,
        "code": problem.upstream_code or problem.code,
        "param": param,
        "request_id": problem.request_id,
        "decision": decision,
    }
    if problem.first is not None:
        error["first"] = show_first(problem.first)
    if dialect is Dialect.ANTHROPIC:
        return orjson.dumps({"type": "error", "error": error, "request_id": problem.request_id})
    return orjson.dumps({"error": error})


def _words(problem: Problem, *, language: Language, public_url: str) -> tuple[str, dict[str, Any]]:
    decision = problem.decision
    amounts = Amounts.ALL if problem.show_balance else Amounts.OWN
    facts = _facts(problem, language)
    checks: Sequence[Check] = decision.checks if decision is not None else ()
    found = find_entry(Kind.REFUSAL, problem.code) or error_entry(problem.code)
    if problem.upstream_words:
        message = f"{problem.upstream_words} ({problem.request_id})"
    elif found.kind is Kind.REFUSAL:
        reader = Reader(language=language, amounts=amounts, currency=decision.currency if decision else None)
        message = refusal_message(
            code=problem.code, checks=checks, reader=reader, request_id=problem.request_id, facts=facts,
            charge_mark=problem.charge_mark,
        )  # fmt: skip
    else:
        message = error_message(code=problem.code, language=language, reference=problem.request_id)
    if found.kind is Kind.REFUSAL:
        steps = next_steps(code=problem.code, checks=checks, language=language, facts=facts)
    else:
        steps = [found.next_step.what_to_change[language], found.next_step.where_to_look[language]]
    fields: dict[str, Any] = {
        "checks": show_checks(decision, amounts=amounts, code=problem.code) if decision is not None else [],
        "next_steps": steps,
        "article": public_url + _article(found, problem),
        "charge": problem.charge_mark,
    }
    if decision is not None and decision.passing_cap is not None:
        fields["passing_output_cap"] = decision.passing_cap
    return message, fields


def _article(found: Entry, problem: Problem) -> str:
    """The code's page; with the request where that is on record, so that its own explanation is one click from there."""
    if not problem.recorded:
        return found.article
    page, hash_sign, place = found.article.partition("#")
    return f"{page}?request={problem.request_id}{hash_sign}{place}"


def _facts(problem: Problem, language: Language) -> Facts:
    misunderstood, decision = problem.misunderstood, problem.decision
    detail = None
    if misunderstood is not None and misunderstood.problem is not None:
        detail = text(Kind.INPUT_PROBLEM, misunderstood.problem, language, **misunderstood.parameters)
    retry_after = problem.retry_after
    if retry_after is None and decision is not None:
        retry_after = decision.retry_after
    first = show_first(problem.first) if problem.first is not None else {}
    has_cost = problem.first is not None and problem.first.charged_nanos > 0
    return Facts(
        model=problem.model,
        detail=detail,
        first_id=first.get("id"),
        first_state=first.get("state"),
        first_charge=f"{first['charged']} {first['currency']}" if has_cost else None,
        first_mark=first.get("charge_mark"),
        feature=misunderstood.feature if misunderstood is not None else None,
        passing_cap=decision.passing_cap if decision is not None else None,
        retry_after_seconds=retry_after,
    )


def first_id(first: FirstCopy) -> str:
    """The shown id of the task or request that another is a copy of."""
    return show_id("task" if first.is_task else "request", first.request_id)


def show_first(first: FirstCopy) -> dict[str, str]:
    """What a call is a copy of, how far that is and what it has cost."""
    return {
        "id": first_id(first),
        "object": "task" if first.is_task else "request",
        "state": str(first.state),
        "charge_mark": str(first.charge_mark),
        "charged": format_nanos(first.charged_nanos),
        "currency": first.currency,
    }


def _first_headers(first: FirstCopy | None) -> Headers:
    return [] if first is None else [(b"x-counterfoil-first", first_id(first).encode())]


def show_checks(decision: Decision, *, amounts: Amounts, code: str | None) -> list[dict[str, Any]]:
    """Every check as its reader may see it; whoever may not call at all sees only why not."""
    checks: Sequence[Any] = decision.checks
    if code in _ACCESS_CODES:
        checks = shown_checks(code, checks)
    return [_show_check(check, amounts=amounts, currency=decision.currency) for check in checks]


def _show_check(check: Check, *, amounts: Amounts, currency: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "scope": str(check.scope),
        "code": check.code,
        "verdict": "passed" if check.passed else "not_passed",
    }
    if check.unit is None or not shows_numbers(check, amounts):
        return fields
    fields["unit"] = str(check.unit)
    if check.window is not None:
        fields["window"] = str(check.window)
    for name in ("amount", "used", "held", "remaining", "needed"):
        value = getattr(check, name)
        if value is not None:
            fields[name] = format_nanos(value) if check.unit is Unit.MONEY else value
    if check.unit is Unit.MONEY:
        fields["currency"] = currency
    if check.resets_at is not None:
        # Seconds since the epoch, as clients of these APIs read times.
        fields["resets_at"] = check.resets_at // 1_000_000
    return fields
