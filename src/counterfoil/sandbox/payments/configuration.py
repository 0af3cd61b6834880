"""The configuration of the payments sandbox, as JSON; every part may be left out.

{"keys": {...},                  what `write_keys` gives; left out: made new
 "webhook_url": "http://…",      where Stripe's events go
 "hold": ["stripe"],             whose notices are not sent by themselves
 "retry_seconds": [0.1, 0.3],    waits before a notice is sent again
 "now": 1700000000000000}        UTC microseconds at which the time stands still
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.payments.delivery import RETRY_SECONDS
from counterfoil.sandbox.payments.keys import Keys, new_keys, read_keys
from counterfoil.sandbox.payments.model import Kind

RETRIES_MAX = 50
RETRY_SECONDS_MAX = 600.0
_FIELDS = {"keys", "webhook_url", "hold", "retry_seconds", "now"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsConfiguration:
    keys: Keys
    webhook_url: str = ""
    held: frozenset[Kind] = frozenset()
    retry_seconds: tuple[float, ...] = RETRY_SECONDS
    now: int | None = None


def read_configuration(data: object) -> PaymentsConfiguration:
    """Raises `InputError`."""
    if not isinstance(data, Mapping) or not data.keys() <= _FIELDS:
        raise InputError(field="configuration", reason="an object is needed, with " + ", ".join(sorted(_FIELDS)))
    webhook_url = data.get("webhook_url") or ""
    if not isinstance(webhook_url, str):
        raise InputError(field="webhook_url", reason="an address is needed")
    held, retry_seconds = data.get("hold", []), data.get("retry_seconds", RETRY_SECONDS)
    if not isinstance(held, list) or any(each not in list(Kind) for each in held):
        raise InputError(field="hold", reason="a list of " + ", ".join(Kind))
    if not isinstance(retry_seconds, list | tuple) or len(retry_seconds) > RETRIES_MAX:
        raise InputError(field="retry_seconds", reason=f"a list of at most {RETRIES_MAX} waits is needed")
    if any(type(each) not in (int, float) or not 0 <= each <= RETRY_SECONDS_MAX for each in retry_seconds):
        raise InputError(field="retry_seconds", reason=f"waits are from 0 to {RETRY_SECONDS_MAX:.0f} seconds")
    now = data.get("now")
    if now is not None and (type(now) is not int or now < 0):
        raise InputError(field="now", reason="microseconds since 1970 are needed")
    return PaymentsConfiguration(
        keys=read_keys(data["keys"]) if "keys" in data else new_keys(),
        webhook_url=webhook_url,
        held=frozenset(Kind(each) for each in held),
        retry_seconds=tuple(retry_seconds),
        now=now,
    )
