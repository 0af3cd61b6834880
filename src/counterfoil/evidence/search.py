"""Finding whose a thing is, from whatever somebody has pasted: what each clue leads to, and the accounts that fit. Pure.

A whole key, code or token is looked up by its hash: it is never shown, kept or logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from counterfoil.evidence.subjects import clean

EMAILS_MAX = 5
NUMBERS_MAX = 5
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}(?![\w-])")
_USER_NUMBER = re.compile(r"(?<![\w#])#(\d{1,9})(?!\w)")
# What channels and statements call a payment or an order: long, with digits, and no id of ours.
_NUMBER = re.compile(r"(?<![\w-])(?=[\w-]*\d)[A-Za-z0-9][A-Za-z0-9_-]{9,63}(?![\w-])")
_BARE_ID = re.compile(r"(?<![0-9A-Za-z_])[0-9a-f]{32}(?![0-9A-Za-z_])", re.IGNORECASE)
_KINDS_OF_NUMBER = re.compile(r"(?:[a-z]{2,6}_[0-9a-f]{32}|sk-.*)\Z", re.IGNORECASE)


class Clue(StrEnum):
    """By what an account was found."""

    REQUEST = "request"
    TASK = "task"
    SUBMISSION = "submission"
    ORDER = "order"
    # The order's number, as providers and payers know it.
    ORDER_NUMBER = "order_number"
    # The provider's own number of a payment.
    PAYMENT = "payment"
    CODE = "code"
    CODE_MASK = "code_mask"
    KEY = "key"
    KEY_MASK = "key_mask"
    TOKEN = "token"  # noqa: S105 - a kind of clue
    EMAIL = "email"
    USER_NUMBER = "user_number"
    NICKNAME = "nickname"
    ACCOUNT = "account"
    ACCOUNT_NAME = "account_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A clue with what it leads to. `shown` is what may be shown of it; `account_id` None where it is nobody's."""

    clue: Clue
    shown: str
    subject_kind: str | None = None
    subject_id: UUID | None = None
    account_id: UUID | None = None

    @property
    def is_found(self) -> bool:
        return self.subject_id is not None or self.account_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """An account with the clues that lead to it."""

    account_id: UUID
    name: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search has come to. `accounts`: those that most clues lead to first; `alone`: what is there and nobody's;
    `missing`: what was recognised, and is not on record."""

    accounts: tuple[Fit, ...]
    alone: tuple[Hit, ...]
    missing: tuple[Hit, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.accounts or self.alone or self.missing)


def arrange(hits: Iterable[Hit], names: Mapping[UUID, str]) -> Found:
    """Hits by account. Accounts that several kinds of clue lead to come first."""
    unique = tuple(dict.fromkeys(hits))
    by_account: dict[UUID, list[Hit]] = {}
    for hit in unique:
        if hit.account_id is not None:
            by_account.setdefault(hit.account_id, []).append(hit)
    fits = [
        Fit(account_id=account_id, name=names.get(account_id, ""), hits=tuple(found))
        for account_id, found in by_account.items()
    ]
    fits.sort(key=lambda fit: (-len({hit.clue for hit in fit.hits}), -len(fit.hits), fit.name, fit.account_id))
    return Found(
        accounts=tuple(fits),
        alone=tuple(hit for hit in unique if hit.account_id is None and hit.is_found),
        missing=tuple(hit for hit in unique if not hit.is_found),
    )


def emails_in(text: str) -> list[str]:
    return list(dict.fromkeys(match[0].lower() for match in _EMAIL.finditer(clean(text))))[:EMAILS_MAX]


def user_numbers_in(text: str) -> list[str]:
    """User numbers as people write them: `#1042`, or the number alone."""
    cleaned = clean(text)
    alone = cleaned.strip()
    if alone.isascii() and alone.isdecimal() and len(alone) <= 9:
        return [alone]
    return list(dict.fromkeys(match[1] for match in _USER_NUMBER.finditer(cleaned)))[:NUMBERS_MAX]


def order_numbers_in(text: str) -> list[UUID]:
    """Ids of ours without their prefix: the number of an order, as providers print it."""
    return list(dict.fromkeys(UUID(hex=match[0]) for match in _BARE_ID.finditer(clean(text))))[:NUMBERS_MAX]


def payment_numbers_in(text: str) -> list[str]:
    """What may be a provider's own number."""
    found = (match[0] for match in _NUMBER.finditer(clean(text)))
    return list(dict.fromkeys(one for one in found if _KINDS_OF_NUMBER.fullmatch(one) is None))[:NUMBERS_MAX]


def mask_number(number: str) -> str:
    """What is shown of a provider's own number."""
    return f"…{number[-4:]}"
