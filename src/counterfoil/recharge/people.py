"""What people write beside an order: who they are, and why they do it."""

from __future__ import annotations

from counterfoil.foundation.errors import InputError
from counterfoil.redaction.rules import redact

# An e-mail address.
_PERSON_MAX = 254
_REASON_MAX = 500


def check_person(by: str) -> str:
    """Who does something, as far as anybody says, redacted before it is kept; raises `InputError`."""
    by = by.strip()
    if not (1 <= len(by) <= _PERSON_MAX and by.isprintable()):
        raise InputError(field="by", expected=f"1 to {_PERSON_MAX} printable characters")
    return redact(by)


def check_reason(reason: str) -> str:
    """Why somebody does something, redacted before it is kept; raises `InputError`."""
    reason = reason.strip()
    if not (1 <= len(reason) <= _REASON_MAX and reason.isprintable()):
        raise InputError(field="reason", expected=f"1 to {_REASON_MAX} printable characters")
    return redact(reason)
