"""The hashed form of a transfer is frozen: every row ever posted depends on it (L9)."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from counterfoil.ledger.chain import link

_ROW: dict[str, Any] = {
    "prev_hash": bytes(range(32)),
    "account_id": UUID(int=0x0199AAAA000070008000000000000001),
    "version": 7,
    "event_no": 9,
    "transfer_id": UUID(int=0x0199AAAA000070008000000000000002),
    "debit": "wallet",
    "credit": "revenue",
    "amount": 1_234_567_890,
    "code": "charge",
    "cause_kind": "request",
    "cause_id": "0199aaaa",
    "operation_key": "capture:0199",
    "leg": 2,
    "hold_id": UUID(int=0x0199AAAA000070008000000000000003),
    "grant_id": UUID(int=0x0199AAAA000070008000000000000004),
    "created_at": 1_700_000_000_000_000,
}
_ORDER = (
    "prev_hash", "account_id", "version", "event_no", "transfer_id", "debit", "credit", "code", "cause_kind",
    "cause_id", "operation_key", "amount", "leg", "hold_id", "grant_id", "created_at",
)  # fmt: skip


def by_the_book(row: dict[str, Any]) -> bytes:
    """The form as the module's docstring describes it, field by field."""
    out = b""
    for name in _ORDER:
        value = row[name]
        if value is None:
            part = b""
        elif isinstance(value, UUID):
            part = value.bytes
        elif isinstance(value, int):
            part = value.to_bytes(8, "big", signed=True)
        elif isinstance(value, str):
            part = value.encode()
        else:
            part = value
        out += len(part).to_bytes(4, "big") + part
    return sha256(out).digest()


@pytest.mark.parametrize("absent", [(), ("hold_id",), ("grant_id",), ("hold_id", "grant_id")])
def test_l9_the_hash_covers_every_field_length_prefixed_in_this_order(absent: tuple[str, ...]) -> None:
    row = {**_ROW, **dict.fromkeys(absent)}
    assert link(**row) == by_the_book(row)


def test_l9_the_hash_of_a_known_row_never_changes() -> None:
    assert link(**_ROW).hex() == "213ea9eef9500abd1931433bbc934e76f1419c8ad02f0242e95e0574262c08cc"


@pytest.mark.parametrize("name", _ORDER)
def test_l9_no_field_can_change_unnoticed(name: str) -> None:
    value = _ROW[name]
    if isinstance(value, UUID):
        other: Any = UUID(int=value.int + 1)
    elif isinstance(value, int):
        other = value + 1
    else:
        other = value[:-1] + (b"\xff" if isinstance(value, bytes) else "#")
    assert link(**{**_ROW, name: other}) != link(**_ROW)


def test_l9_text_cannot_move_from_one_field_to_the_next() -> None:
    assert link(**{**_ROW, "debit": "wallet2", "credit": "x"}) != link(**{**_ROW, "debit": "wallet", "credit": "2x"})
