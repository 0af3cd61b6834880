"""One table: what each failure of an upstream means, who pays for it, and what the customer is told. Pure.

    meaning         how it is recognised                        next upstream   when all have failed          operator
    out_of_money    its 402, or its own words (below)           yes             503 upstream_unavailable      alerted
    not_allowed     401, 403                                    yes             503 upstream_unavailable      alerted
    misconfigured   404 about the model, 3xx, 405, 415          yes             503 upstream_unavailable      alerted
    not_connected   no connection                               yes             503 upstream_unavailable
    busy            408, 429, 503, 529                          yes             503 upstream_unavailable
    failed          any other 5xx or 4xx, an error inside a 200 yes             502 upstream_error
    unreadable      an answer that is no answer                 yes             502 upstream_error
    cut             the connection ended before the answer      yes             502 upstream_error
    timed_out       no answer in time                           yes             504 upstream_timeout
    callers_fault   400, 404, 409, 413, 422, content policy     no              its status, its words redacted

The hold is voided and nothing is charged in every row; what a timed-out or cut attempt has cost is the operator's. After
the first byte has been sent to the client there is no next upstream: what was delivered is charged, and the stream ends
with an error event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from counterfoil.spend.model import AttemptOutcome

# As much of an error's text as is shown and kept.
ERROR_CHARACTERS_MAX = 1_000


class Meaning(StrEnum):
    OUT_OF_MONEY = "out_of_money"
    NOT_ALLOWED = "not_allowed"
    MISCONFIGURED = "misconfigured"
    NOT_CONNECTED = "not_connected"
    BUSY = "busy"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    CUT = "cut"
    TIMED_OUT = "timed_out"
    CALLERS_FAULT = "callers_fault"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from a meaning: our code, the attempt's outcome, whether another upstream may be asked."""

    code: str
    outcome: AttemptOutcome
    fails_over: bool = True
    alerts: bool = False


CONSEQUENCES: Mapping[Meaning, Consequence] = {
    Meaning.OUT_OF_MONEY: Consequence("upstream_unavailable", AttemptOutcome.OUT_OF_MONEY, alerts=True),
    Meaning.NOT_ALLOWED: Consequence("upstream_unavailable", AttemptOutcome.REJECTED, alerts=True),
    Meaning.MISCONFIGURED: Consequence("upstream_unavailable", AttemptOutcome.REJECTED, alerts=True),
    Meaning.NOT_CONNECTED: Consequence("upstream_unavailable", AttemptOutcome.NOT_CONNECTED),
    Meaning.BUSY: Consequence("upstream_unavailable", AttemptOutcome.REJECTED),
    Meaning.FAILED: Consequence("upstream_error", AttemptOutcome.REJECTED),
    Meaning.UNREADABLE: Consequence("upstream_error", AttemptOutcome.UNREADABLE),
    Meaning.CUT: Consequence("upstream_error", AttemptOutcome.CUT),
    Meaning.TIMED_OUT: Consequence("upstream_timeout", AttemptOutcome.UNKNOWN),
    Meaning.CALLERS_FAULT: Consequence("upstream_rejected", AttemptOutcome.REJECTED, fails_over=False),
}

# Codes and types that mean "no money", whatever the status.
_MONEY_CODES = frozenset(
    {
        "insufficient_quota", "insufficient_user_quota", "budget_exceeded", "billing_error", "enforced_spend_limit_reached",
        "billing_hard_limit_reached", "billing_not_active", "insufficient_balance", "insufficient_credits",
        "pre_consume_token_quota_failed",
    }
)  # fmt: skip
# Words that mean the same where there is no such code.
_MONEY_WORDS = (
    "credit balance is too low", "insufficient balance", "insufficient credits", "insufficient quota",
    "prepayment credits are depleted", "exceeded your current quota", "budget has been exceeded", "exceeded budget",
    "额度不足", "余额不足", "欠费",
)  # fmt: skip
_CONTENT_CODES = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "moderation_blocked",
        "data_inspection_failed",
        "sensitive_words_detected",
    }
)
_CALLERS_STATUSES = frozenset({400, 404, 409, 413, 422})
_BUSY_STATUSES = frozenset({408, 429, 503, 529})
_MISCONFIGURED_STATUSES = frozenset({405, 415})
_RETRY_AFTER_MAX_SECONDS = 3_600
# What errors inside a 200 or a stream would have been as a status of their own.
_STATUSES: Mapping[str, int] = {
    "authentication_error": 401, "billing_error": 402, "invalid_prompt": 400, "invalid_request_error": 400,
    "overloaded_error": 529, "permission_error": 403, "rate_limit_error": 429, "rate_limit_exceeded": 429,
    "request_too_large": 413, "timeout_error": 504,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamError:
    """One upstream's failure as read. `words` are its own, not redacted yet; `kind` and `code` what it calls it."""

    meaning: Meaning
    status: int | None = None
    words: str = ""
    kind: str | None = None
    code: str | None = None
    param: str | None = None
    retry_after: int | None = None

    @property
    def consequence(self) -> Consequence:
        return CONSEQUENCES[self.meaning]


def read_error(status: int, body: bytes, *, upstream_model: str, retry_after: str | None = None) -> UpstreamError:
    """Read the error that an upstream has answered with, in whichever dialect and shape."""
    error, words = _error_of(body)
    kind, code, param = (_short(error.get(name)) for name in ("type", "code", "param"))
    meaning = _meaning(status, error, words, kind=kind, code=code, upstream_model=upstream_model)
    return UpstreamError(
        meaning=meaning, status=status, words=words, kind=kind, code=code, param=param,
        retry_after=_read_retry_after(retry_after),
    )  # fmt: skip


def error_inside(parsed: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error that an answer with status 200, or an event of a stream, really is; None where it is none."""
    error = parsed.get("error")
    if isinstance(error, Mapping) and error and "choices" not in parsed and "output" not in parsed:
        return error
    if isinstance(error, str) and error and len(parsed) <= 4:
        return {"message": error}
    return None


def read_error_inside(error: Mapping[str, Any], *, upstream_model: str) -> UpstreamError:
    """The same for an error inside an answer; its code or type stands for the status that it would have had."""
    code = error.get("code")
    if type(code) is int and 400 <= code <= 599:
        status = code
    else:
        names = [name for name in (code, error.get("type")) if isinstance(name, str)]
        status = next((_STATUSES[name] for name in names if name in _STATUSES), 500)
    return read_error(status, orjson.dumps({"error": dict(error)}), upstream_model=upstream_model)


def _meaning(
    status: int, error: Mapping[str, Any], words: str, *, kind: str | None, code: str | None, upstream_model: str
) -> Meaning:
    if _is_money(status, error, words, kind=kind, code=code):
        return Meaning.OUT_OF_MONEY
    metadata = error.get("metadata")
    moderated = isinstance(metadata, Mapping) and "reasons" in metadata
    if code in _CONTENT_CODES or kind in _CONTENT_CODES or moderated:
        return Meaning.CALLERS_FAULT
    if status in (401, 402, 403):
        return Meaning.NOT_ALLOWED
    if status == 404 and (
        code == "model_not_found" or "model" in words.lower() or upstream_model in words or not words
    ):
        return Meaning.MISCONFIGURED
    if status < 400 or status in _MISCONFIGURED_STATUSES:
        return Meaning.MISCONFIGURED
    if status in _BUSY_STATUSES:
        return Meaning.BUSY
    return Meaning.CALLERS_FAULT if status in _CALLERS_STATUSES else Meaning.FAILED


def _is_money(status: int, error: Mapping[str, Any], words: str, *, kind: str | None, code: str | None) -> bool:
    if status == 402 or code in _MONEY_CODES or kind in _MONEY_CODES:
        return True
    details = error.get("details")
    if isinstance(details, Mapping) and details.get("error_code") in _MONEY_CODES:
        return True
    lowered = words.lower()
    return any(words_of_money in lowered for words_of_money in _MONEY_WORDS)


def _error_of(body: bytes) -> tuple[Mapping[str, Any], str]:
    """The error object of a body and its message; of a body that is no JSON, nothing: it may be a page of anything."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}, ""
    if isinstance(parsed, list) and parsed:
        # Gemini's OpenAI-compatible address wraps its error in a list.
        parsed = parsed[0]
    if not isinstance(parsed, Mapping):
        return {}, ""
    error = parsed.get("error", parsed)
    if isinstance(error, str):
        return parsed, error[:ERROR_CHARACTERS_MAX]
    if not isinstance(error, Mapping):
        return {}, ""
    for name in ("message", "detail", "msg"):
        words = error.get(name)
        if isinstance(words, str):
            return error, words[:ERROR_CHARACTERS_MAX]
    return error, ""


def _short(value: object) -> str | None:
    """A name such as a code: short plain text, or nothing."""
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not 1 <= len(value) <= 80 or not value.isprintable():
        return None
    return value


def _read_retry_after(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return min(int(text[:9]), _RETRY_AFTER_MAX_SECONDS)
