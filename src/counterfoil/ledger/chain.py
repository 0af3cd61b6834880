"""The hash chain: the binary form of a transfer, length-prefixed, and the SHA-256 that links it to the one before.

The form is frozen. Every field is preceded by its length as four bytes, big-endian; integers are eight bytes, ids
sixteen, texts UTF-8; an absent id has the length zero.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

_HEAD = struct.Struct(">I32sI16sIqIqI16s")
_NUMBER = struct.Struct(">Iq")
_TAIL = struct.Struct(">IqI16sI16sIq")


def link(
    *,
    prev_hash: bytes,
    account_id: UUID,
    version: int,
    event_no: int,
    transfer_id: UUID,
    debit: str,
    credit: str,
    amount: int,
    code: str,
    cause_kind: str,
    cause_id: str,
    operation_key: str,
    leg: int,
    hold_id: UUID | None,
    grant_id: UUID | None,
    created_at: int,
) -> bytes:
    """The 32-byte hash of a transfer that follows `prev_hash`."""
    cause, key = cause_id.encode(), operation_key.encode()
    texts = b"".join(
        (
            _names(debit, credit, code, cause_kind),
            len(cause).to_bytes(4, "big"), cause, len(key).to_bytes(4, "big"), key,
        )
    )  # fmt: skip
    head = _HEAD.pack(32, prev_hash, 16, account_id.bytes, 8, version, 8, event_no, 16, transfer_id.bytes)
    if hold_id is not None and grant_id is not None:
        tail = _TAIL.pack(8, leg, 16, hold_id.bytes, 16, grant_id.bytes, 8, created_at)
    else:
        tail = _NUMBER.pack(8, leg) + _optional(hold_id) + _optional(grant_id) + _NUMBER.pack(8, created_at)
    return sha256(head + texts + _NUMBER.pack(8, amount) + tail).digest()


@lru_cache(maxsize=4096)
def _names(debit: str, credit: str, code: str, cause_kind: str) -> bytes:
    """The texts of which there are few combinations."""
    parts = (debit.encode(), credit.encode(), code.encode(), cause_kind.encode())
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def _optional(value: UUID | None) -> bytes:
    return b"\x00\x00\x00\x00" if value is None else b"\x00\x00\x00\x10" + value.bytes
