"""How attempts and an upstream's lines are held against each other: what the specification and the engines share.

A line that names a request of the upstream's is held against the attempt with that response id (`BY_ID`). Other lines are
sums: all of a model in a bucket of time, against what was attempted in it (`BY_BUCKET`). What nobody knows the outcome of has
no response id: such an attempt and a line that is nobody's are held together by model and time (`BY_TIME`).
"""

from __future__ import annotations

import re

from counterfoil.foundation.currencies import from_minor, minor_digits
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import BreakClass

BY_ID = "upstream_id"
BY_BUCKET = "upstream_bucket"
BY_TIME = "upstream_time"
RULE_VERSION = 1

SUCCEEDED = "succeeded"
UNKNOWN = "unknown"
# What has never reached the upstream cannot be on its bill.
NOT_CONNECTED = "not_connected"

USAGE = "usage"
COST = "cost"
TOKENS = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")

MINUTE = 60 * 1_000_000
DAY = 86_400 * 1_000_000
# How far the upstream's time of a request may lie from when we sent it.
TIME_SLACK = 5 * MINUTE
# So much before and after a day is read, since a call of its last moment is on the bill of the next.
MARGIN = TIME_SLACK

# Breaks of these classes count tokens, not money: their currency is None.
COUNTED_IN_TOKENS = frozenset({BreakClass.UPSTREAM_USAGE_DIFFERS})

# `openai/gpt-4o-mini-2024-07-18:free` is `gpt-4o-mini`: bills write a model with its date, its maker or its variant.
MODEL_NOISE = (r"^.*/", r":.*$", r"[-@]([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})$")


def plain_model(name: str | None) -> str:
    """The name of a model without what bills add to it; empty where a line names none."""
    plain = (name or "").lower()
    for pattern in MODEL_NOISE:
        plain = re.sub(pattern, "", plain)
    return plain


def is_of_day(at: int, terms: Terms) -> bool:
    """Whether a time is in the day that is held."""
    return terms.start <= at < terms.end


def tolerances(terms: Terms) -> dict[str, int]:
    """Currency -> how far amounts may differ, in nanos, where they may."""
    return {name: from_minor(units, minor_digits(name)) for name, units in terms.tolerance.items() if units}
