"""What tells copies of one idea apart from another: the request without what may differ, and the Idempotency-Key. Pure.

The content is hashed here at once, and kept nowhere; `spend.submissions` keys the hash with a secret of the account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

# Who asks, how the answer is sent and what it is filed under: not what is asked. A client sends them differently when it
# tries again.
VOLATILE = frozenset(
    {
        "user", "metadata", "safety_identifier", "prompt_cache_key", "stream", "stream_options", "store", "service_tier",
    }
)  # fmt: skip
# Longer ones are refused, as Stripe and the IETF draft have it.
IDEMPOTENCY_KEY = re.compile(rb"[\x21-\x7e]{1,255}\Z")


def without_volatile(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in VOLATILE}


def digest_of(body: Mapping[str, Any], *, model: str, cap: int | None) -> bytes:
    """The SHA-256 of a request in one order of its fields; `cap` is its output cap, under whichever name it came."""
    canonical = orjson.dumps(without_volatile(body), option=orjson.OPT_SORT_KEYS)
    return sha256(b"%s\n%d\n%s" % (model.encode(), cap or 0, canonical)).digest()
