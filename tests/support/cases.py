"""Cases for the tests of the desk's rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from counterfoil.foundation.ids import make_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.support.model import Case, CaseState, Channel, Priority

# 2026-11-24 08:30:00 UTC.
NOON = 1_795_509_000_000_000
MINUTE = 60_000_000
HOUR = 60 * MINUTE
ACCOUNT, OTHER = make_id(NOON - 99 * HOUR, 1), make_id(NOON - 98 * HOUR, 2)


def an_id(number: int, at: int = NOON) -> UUID:
    return make_id(at, number)


def a_case(**changes: Any) -> Case:
    settings: dict[str, Any] = {
        "case_id": an_id(7), "number": "CS-2222-2222", "problem": "balance_not_enough", "state": CaseState.NEW,
        "priority": Priority.NORMAL, "language": Language.ZH, "channel": Channel.FORM, "values": {"status_code": "402"},
        "person_id": None, "account_id": None, "subject": None, "cause": None, "owner": None, "due_at": NOON + HOUR,
        "group_id": None, "resolution": None, "created_at": NOON, "changed_at": NOON,
    }  # fmt: skip
    return Case(**{**settings, **changes})
