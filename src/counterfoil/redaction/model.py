"""What redaction finds: kinds of secrets and private content, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SecretKind(StrEnum):
    """What must not be stored, logged or shown."""

    API_KEY = "api_key"
    AUTHORIZATION = "authorization"
    COOKIE = "cookie"
    PASSWORD = "password"  # noqa: S105  a kind, not one
    CARD = "card"
    ID = "id"
    PHONE = "phone"
    ORDER_NUMBER = "order_number"
    NUMBER = "number"
    IMAGE = "image"
    REQUEST_BODY = "request_body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One secret: characters `start` to `end` (exclusive) of the text, and what is shown instead."""

    kind: SecretKind
    start: int
    end: int
    mask: str
