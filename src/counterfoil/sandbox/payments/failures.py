"""Calls that fail on purpose, so that outcomes which nobody knows can be staged.

{"provider": "wechat",   left out: all
 "endpoint": "refund",   start, query, close, refund, query_refund, other; left out: all
 "fail": "drop",         drop: no answer, the connection is cut
                         timeout:5000   nothing for so many milliseconds, then as `drop` (before) or the answer (after)
                         status:502     an error with that status
                         busy           the provider's own word for "I do not know"
                         reject:CODE    the provider refuses with that code of its own
                         garbage        200 with a page that nobody can read
                         forged         the answer signed by somebody else (Alipay, WeChat Pay)
 "when": "after",        before (default): nothing was done; after: it was done
 "times": 1}             how many calls; left out: all
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.payments.counterpart import ENDPOINTS
from counterfoil.sandbox.payments.model import Kind

TIMEOUT_MS_MAX = 120_000
RULES_MAX = 100
_FIELDS = {"provider", "endpoint", "fail", "when", "times"}


class How(StrEnum):
    DROP = "drop"
    TIMEOUT = "timeout"
    STATUS = "status"
    BUSY = "busy"
    REJECT = "reject"
    GARBAGE = "garbage"
    FORGED = "forged"


class When(StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRule:
    """`number` is the status or the milliseconds, `code` the provider's own."""

    how: How
    number: int = 0
    code: str = ""
    when: When = When.BEFORE
    provider: Kind | None = None
    endpoint: str | None = None
    times: int | None = None


class FailureRules:
    """The rules with what they have left; the first that fits decides a call."""

    def __init__(self, rules: Sequence[FailureRule] = ()) -> None:
        self._rules = [(rule, [rule.times]) for rule in rules]

    def choose(self, provider: Kind, endpoint: str) -> FailureRule | None:
        for rule, left in self._rules:
            if rule.provider not in (None, provider) or rule.endpoint not in (None, endpoint) or left[0] == 0:
                continue
            if left[0] is not None:
                left[0] -= 1
            return rule
        return None


def read_rules(data: object) -> list[FailureRule]:
    """Rules as in the module's words; raises `InputError`."""
    if not isinstance(data, list) or len(data) > RULES_MAX:
        raise InputError(field="rules", reason=f"a list of at most {RULES_MAX} is needed")
    return [_read_rule(each) for each in data]


def _read_rule(data: object) -> FailureRule:
    if not isinstance(data, Mapping) or not data.keys() <= _FIELDS:
        raise InputError(field="rules", reason="objects are needed, with " + ", ".join(sorted(_FIELDS)))
    how, number, code = _read_fail(data.get("fail"))
    when, provider, endpoint = data.get("when", When.BEFORE), data.get("provider"), data.get("endpoint")
    if when not in list(When):
        raise InputError(field="when", reason="before or after is needed")
    if provider is not None and provider not in list(Kind):
        raise InputError(field="provider", reason="one of " + ", ".join(Kind))
    if endpoint is not None and endpoint not in ENDPOINTS:
        raise InputError(field="endpoint", reason="one of " + ", ".join(ENDPOINTS))
    times = data.get("times")
    if times is not None and (type(times) is not int or times < 1):
        raise InputError(field="times", reason="a whole number from 1 is needed")
    if how is How.FORGED and provider not in (Kind.ALIPAY, Kind.WECHAT):
        raise InputError(field="provider", reason="only alipay and wechat sign their answers")
    return FailureRule(
        how=how,
        number=number,
        code=code,
        # A forged answer is an answer: what was asked was done.
        when=When.AFTER if how is How.FORGED else When(when),
        provider=None if provider is None else Kind(provider),
        endpoint=endpoint,
        times=times,
    )


def _read_fail(text: object) -> tuple[How, int, str]:
    name, _, value = text.partition(":") if isinstance(text, str) else ("", "", "")
    if name in (How.DROP, How.BUSY, How.GARBAGE, How.FORGED) and not value:
        return How(name), 0, ""
    if name == How.REJECT and 1 <= len(value) <= 80:
        return How.REJECT, 0, value
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 9 else -1
    if name == How.STATUS and 400 <= number <= 599:
        return How.STATUS, number, ""
    if name == How.TIMEOUT and 0 <= number <= TIMEOUT_MS_MAX:
        return How.TIMEOUT, number, ""
    raise InputError(
        field="fail",
        reason=f"drop, busy, garbage, forged, reject:CODE, status:400 to status:599, timeout:0 to timeout:{TIMEOUT_MS_MAX}",
    )
