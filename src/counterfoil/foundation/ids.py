"""Ids: UUIDv7 inside, a prefix and 32 hexadecimal digits outside (`req_0199…`)."""

from __future__ import annotations

import re
from uuid import UUID

from counterfoil.foundation.errors import IdUnreadable

PREFIXES = {
    "account": "acct",
    "member": "mem",
    "group": "grp",
    "key": "key",
    "limit": "lim",
    "request": "req",
    "attempt": "att",
    "submission": "sub",
    "task": "task",
    "order": "ord",
    "notice": "ntc",
    "dispute": "dsp",
    "invoice": "inv",
    "payment_provider": "prov",
    "bonus_rule": "bonus",
    "grant": "grant",
    "transfer": "tr",
    "refund": "ref",
    "adjustment": "adj",
    "upstream": "ups",
    "price_book": "pb",
    "channel": "chan",
    "announcement": "msg",
    "delivery": "dlv",
    "code": "code",
    "code_batch": "batch",
    "code_try": "try",
    "approval": "appr",
    "statement": "stmt",
    "import": "imp",
    "line": "line",
    "run": "run",
    "match": "mtch",
    "break": "brk",
    "settlement": "setl",
    "person": "prsn",
    "session": "sess",
    "invitation": "invt",
    "token": "rtok",
    "audit_event": "aud",
    "limit_ask": "ask",
    "verification": "vrfy",
    "case": "case",
    "case_group": "cgrp",
    "case_search": "csrch",
    "draft": "drft",
}
_KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}
_SHOWN = re.compile(r"([a-z]{2,6})_([0-9a-f]{32})\Z")
NIL = UUID(int=0)


def make_id(unix_micros: int, random_bits: int) -> UUID:
    """A UUIDv7 (RFC 9562) of a time in microseconds and 62 or more random bits.

    The 12 bits after the milliseconds hold the microseconds' fraction, so that ids of one process sort by time.
    """
    millis, micros = divmod(unix_micros, 1000)
    fraction = micros * 4096 // 1000
    value = (millis & (2**48 - 1)) << 80 | 7 << 76 | fraction << 64 | 2 << 62 | random_bits & (2**62 - 1)
    return UUID(int=value)


def show_id(kind: str, value: UUID) -> str:
    """The form a person sees: the kind's prefix and the UUID's 32 digits."""
    return f"{PREFIXES[kind]}_{value.hex}"


def read_id(kind: str, text: str) -> UUID:
    """Read a shown id of one kind; raises `IdUnreadable` for another kind or a broken one."""
    found = _SHOWN.match(text.strip())
    if found is None or found[1] != PREFIXES[kind]:
        raise IdUnreadable(expected=f"{PREFIXES[kind]}_ and 32 hexadecimal digits", kind=kind)
    return UUID(hex=found[2])


def read_any_id(text: str) -> tuple[str, UUID] | None:
    """Read a shown id of any kind, or None."""
    found = _SHOWN.match(text.strip())
    if found is None or found[1] not in _KINDS:
        return None
    return _KINDS[found[1]], UUID(hex=found[2])
