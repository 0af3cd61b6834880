"""What redaction finds: classes of secrets and private content, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SecretKind(StrEnum):
    """What must not be stored, logged or shown. The values are the classes that people and programs are told."""

    API_KEY = "api_key"
    AUTHORIZATION = "authorization"
    # Raw headers too: what is in them beside the cookies is nobody's business either.
    COOKIE = "cookie"
    PASSWORD = "password"  # noqa: S105  a kind, not one
    CARD = "card"
    BANK = "bank"
    ID = "id"
    PHONE = "phone"
    ORDER_NUMBER = "order_number"
    PAYMENT_LINK = "payment_link"
    REDEMPTION_CODE = "code"
    REQUEST_BODY = "request_body"
    LOG_DUMP = "log_dump"
    IMAGE = "image"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One secret: characters `start` to `end` (exclusive) of the text, and what is shown instead."""

    kind: SecretKind
    start: int
    end: int
    mask: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFinding:
    """A finding in a value of many parts: `place` is a JSON pointer (`/messages/0/content`) or a header's name.

    Its offsets are those of the text at that place, or of the name itself where `in_name`.
    """

    place: str
    finding: Finding
    in_name: bool = False
