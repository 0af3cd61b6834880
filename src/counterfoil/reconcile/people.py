"""What people write at this desk: who they are and why they do it, redacted before it is kept."""

from __future__ import annotations

from counterfoil.foundation.errors import InputError
from counterfoil.redaction.rules import redact

# An e-mail address.
PERSON_MAX = 254
REASON_MAX = 500


def check_person(by: str) -> str:
    """Who does something, as far as anybody says; raises `InputError`."""
    by = by.strip()
    if not (1 <= len(by) <= PERSON_MAX and by.isprintable()):
        raise InputError(field="by", expected=f"1 to {PERSON_MAX} printable characters")
    return redact(by)


def check_reason(reason: str) -> str:
    """Why somebody does something; raises `InputError`."""
    reason = reason.strip()
    if not (1 <= len(reason) <= REASON_MAX and reason.isprintable()):
        raise InputError(field="reason", expected=f"1 to {REASON_MAX} printable characters")
    return redact(reason)
