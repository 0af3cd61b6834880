"""Our own side of calls as the engines read it: requests, tasks, charges and attempts, as they are archived by day.

Column name -> type (`string`, `int64`). Amounts are nanos, times UTC microseconds. An id of ours that is joined on is two
numbers, the UUID's high and low 64 bits, signed: joining on them takes half the time and memory that text takes. The high
half of a UUIDv7 is its time, so rows that are sorted by it lie together.

A request, its task and its charges are of the day on which the request's hold ended, which is when the ledger wrote them; a
refund is of the day on which it was made, an attempt of the day on which it began.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

_LOW = 2**64 - 1
_SIGN = 2**63

REQUESTS: Mapping[str, str] = {
    "request_high": "int64",
    "request_low": "int64",
    "account_id": "string",
    "group_id": "string",
    "key_id": "string",
    "endpoint": "string",
    "model": "string",
    "currency": "string",
    "state": "string",
    "charge_mark": "string",
    "received_at": "int64",
    # When the ledger ended its hold; when it was decided, where there was none.
    "settled_at": "int64",
    "held": "int64",
    "charged": "int64",
    "uncollected": "int64",
    # What the recorded usage costs by the recorded price version and price tier, computed anew; null where that cannot be.
    "expected": "int64",
}

TASKS: Mapping[str, str] = {
    # A task has the id of its request.
    "task_high": "int64",
    "task_low": "int64",
    "account_id": "string",
    "kind": "string",
    "model": "string",
    "upstream": "string",
    "state": "string",
    "settled_at": "int64",
}

# One row per request and moment: what the ledger moved for it then. So no request has two rows of the same `at`, and both
# together are a row's name.
CHARGES: Mapping[str, str] = {
    "request_high": "int64",
    "request_low": "int64",
    "account_id": "string",
    "currency": "string",
    "at": "int64",
    # How many operations of the ledger charged for it; 0 for a refund.
    "operations": "int64",
    "charged": "int64",
    "uncollected": "int64",
    "refunded": "int64",
    # With a refund: what the request has been charged and refunded until then, this refund included; else null.
    "charged_ever": "int64",
    "refunded_ever": "int64",
}

ATTEMPTS: Mapping[str, str] = {
    "request_high": "int64",
    "request_low": "int64",
    "number": "int64",
    "account_id": "string",
    "upstream": "string",
    "model": "string",
    "started_at": "int64",
    "ended_at": "int64",
    "outcome": "string",
    "response_id": "string",
    # Disjoint kinds, as in the statements' lines; null where the upstream did not say.
    "input_tokens": "int64",
    "cached_tokens": "int64",
    "cache_write_tokens": "int64",
    "output_tokens": "int64",
    # What it costs by the upstream's price book, in that book's currency.
    "cost": "int64",
    "currency": "string",
}


def split_id(value: UUID) -> tuple[int, int]:
    """The high and low 64 bits, signed."""
    return _signed(value.int >> 64), _signed(value.int & _LOW)


def join_id(high: int, low: int) -> UUID:
    """What `split_id` took apart."""
    return UUID(int=(high & _LOW) << 64 | (low & _LOW))


def _signed(half: int) -> int:
    return half - 2**64 if half & _SIGN else half
