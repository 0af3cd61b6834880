"""What a member may be called. Pure; each function gives the cleaned value or raises `InputError` naming the field."""

from __future__ import annotations

import re
from dataclasses import replace

from counterfoil.foundation.errors import InputError
from counterfoil.identity.model import MemberSettings

# RFC 5321: a path is at most 256 characters with its brackets.
EMAIL_LENGTH_MAX = 254
LOCAL_PART_LENGTH_MAX = 64
NICKNAME_LENGTH_MAX = 120

_LOCAL_PART = re.compile(r"[^\s@<>\"(),:;\[\]\\]+\Z")
_DOMAIN = re.compile(r"[^\W_]([\w-]*[^\W_])?(\.[^\W_]([\w-]*[^\W_])?)*\Z")


def check_settings(settings: MemberSettings) -> MemberSettings:
    """The settings with a normalised address and a trimmed nickname."""
    return replace(settings, email=normalise_email(settings.email), nickname=check_nickname(settings.nickname))


def normalise_email(email: str) -> str:
    """The address without surrounding space and with its domain in lower case."""
    cleaned = email.strip()
    local_part, _, domain = cleaned.rpartition("@")
    readable = (
        len(cleaned) <= EMAIL_LENGTH_MAX
        and cleaned.isprintable()
        and len(local_part) <= LOCAL_PART_LENGTH_MAX
        and _LOCAL_PART.match(local_part)
        and _DOMAIN.match(domain)
    )
    if not readable:
        raise InputError(field="email", expected="an address such as name@example.com")
    return f"{local_part}@{domain.lower()}"


def check_nickname(nickname: str | None) -> str | None:
    cleaned = (nickname or "").strip()
    if len(cleaned) > NICKNAME_LENGTH_MAX or not cleaned.isprintable():
        raise InputError(field="nickname", expected=f"at most {NICKNAME_LENGTH_MAX} printable characters")
    return cleaned or None
