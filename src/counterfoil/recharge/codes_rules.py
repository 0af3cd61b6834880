"""Redemption codes decided: what a batch may be, what comes of a try, how many guesses are too many. Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from uuid import UUID

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.foundation.periods import show_time
from counterfoil.ledger.model import CLEARING_PREFIX, COMPENSATION, PROMOTIONS, GrantKind, GrantSpec
from counterfoil.recharge.codes_model import Batch, BatchSettings, Code, CodeState, Refusal, Try, TryOutcome

# More fit into one transaction and one answer, but not into what a person looks after.
CODES_PER_BATCH_MAX = 10_000
NAME_CHARACTERS_MAX = 120
GROUPS_MAX = 50
GRANT_DAYS_MAX = 3_660
GRANT_PRIORITY_MAX = 1_000_000

# Somebody with a crumpled card errs a few times; a code has 95 random bits, so that five guesses are nothing.
WINDOW_SECONDS = 600
GUESSES_OF_ACCOUNT_MAX = 5
# Many people share an address.
GUESSES_OF_ADDRESS_MAX = 20
# Of refusals that could be had without end; guesses end by themselves, and every redemption has taken a code.
ROWS_PER_MINUTE_MAX = 20
# A customer of IPv6 has a network of this size to choose addresses from.
_CUSTOMER_NETWORK_BITS = 64

_SECOND = 1_000_000
MINUTE = 60 * _SECOND
WINDOW = WINDOW_SECONDS * _SECOND
_DAY = 86_400 * _SECOND
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
# Where the money of a code comes from. Sold codes were paid for elsewhere: what came in there clears them.
_ORIGINS = {
    GrantKind.PAID: CLEARING_PREFIX + "codes",
    GrantKind.PROMOTIONAL: PROMOTIONS,
    GrantKind.COMPENSATION: COMPENSATION,
}


def hash_code(secret: bytes, symbols: str) -> bytes:
    """What a code is looked up by: whoever has the database and not the secret can neither read nor try codes."""
    return hmac.digest(secret, symbols.encode(), "sha256")


def turn_of(subject: str) -> int:
    """The lock (64 bits) under which the tries of an account or address are counted."""
    return int.from_bytes(sha256(f"counterfoil codes {subject}".encode()).digest()[:8], "big", signed=True)


def check_batch(settings: BatchSettings, *, now: int) -> BatchSettings:
    """The settings with trimmed names; raises `InputError`."""
    name = _check_name(settings.name, "name")
    if not _CURRENCY.match(settings.currency):
        raise InputError(code="currency_unreadable", currency=settings.currency[:10])
    if settings.value <= 0:
        raise InputError(code="amount_not_positive")
    _check_range(settings.count, "count", least=1, most=CODES_PER_BATCH_MAX)
    if settings.value * settings.count > LARGEST_NANOS:
        raise InputError(code="amount_unreadable", expected="a batch that is worth less in all")
    _check_range(settings.grant_priority, "grant_priority", least=0, most=GRANT_PRIORITY_MAX)
    if settings.grant_days is not None:
        _check_range(settings.grant_days, "grant_days", least=1, most=GRANT_DAYS_MAX)
    if settings.per_account_limit is not None:
        _check_range(settings.per_account_limit, "per_account_limit", least=1, most=CODES_PER_BATCH_MAX)
    if settings.expires_at is not None and not now < settings.expires_at <= LARGEST_NANOS:
        raise InputError(code="expiry_in_the_past")
    groups = tuple(dict.fromkeys(_check_name(group, "allowed_groups") for group in settings.allowed_groups))
    if len(groups) > GROUPS_MAX:
        raise InputError(field="allowed_groups", expected=f"at most {GROUPS_MAX}")
    return replace(settings, name=name, allowed_groups=groups)


def _check_name(text: str, field: str) -> str:
    trimmed = text.strip()
    if not (1 <= len(trimmed) <= NAME_CHARACTERS_MAX and trimmed.isprintable()):
        raise InputError(field=field, expected=f"1 to {NAME_CHARACTERS_MAX} printable characters")
    return trimmed


def _check_range(value: int, field: str, *, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InputError(field=field, expected=f"{least} to {most}")


def state_of(code: Code, batch: Batch, *, now: int) -> CodeState:
    """The state of a code at a time: a new one is expired from its batch's expiry on."""
    expires_at = batch.settings.expires_at
    if code.state is CodeState.NEW and expires_at is not None and expires_at <= now:
        return CodeState.EXPIRED
    return code.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a try is decided from, read under the locks of code and account.

    `groups` are the names of the account's active groups, or of the one that was given; `redeemed_of_batch` is how many
    codes of the batch the account has.
    """

    account_id: UUID
    account_status: str
    currency: str
    code: Code | None
    batch: Batch | None
    groups: frozenset[str] = frozenset()
    redeemed_of_batch: int = 0


def decide(facts: Facts, *, now: int) -> GrantSpec | Refusal:
    """What a try brings, or the one thing that is wrong: first the account, then the code, then its terms."""
    if facts.account_status != "active":
        # Before the code: who may not have one learns nothing of any.
        return Refusal(outcome=TryOutcome.ACCOUNT_INACTIVE, parameters={"status": facts.account_status})
    code, batch = facts.code, facts.batch
    if code is None or batch is None:
        return Refusal(outcome=TryOutcome.UNKNOWN)
    return (
        _against_state(code, batch, account_id=facts.account_id, now=now)
        or _against_terms(batch.settings, facts)
        or _grant_of(batch.settings, now=now)
    )


def _against_state(code: Code, batch: Batch, *, account_id: UUID, now: int) -> Refusal | None:
    shown = {"redemption_code": code.mask}
    state = state_of(code, batch, now=now)
    if state is CodeState.REDEEMED:
        if code.redeemed_by != account_id:
            # When and by whom is for those who have it, and for support.
            return Refusal(outcome=TryOutcome.USED_ELSEWHERE, parameters=shown)
        assert code.redeemed_at is not None
        return Refusal(outcome=TryOutcome.USED_BY_YOU, parameters={**shown, "redeemed_at": show_time(code.redeemed_at)})
    if state is CodeState.VOIDED:
        return Refusal(outcome=TryOutcome.VOIDED, parameters=shown)
    if state is CodeState.EXPIRED:
        assert batch.settings.expires_at is not None
        expired_at = show_time(batch.settings.expires_at)
        return Refusal(outcome=TryOutcome.EXPIRED, parameters={**shown, "expired_at": expired_at})
    return None


def _against_terms(settings: BatchSettings, facts: Facts) -> Refusal | None:
    if settings.currency != facts.currency:
        return Refusal(
            outcome=TryOutcome.CURRENCY_WRONG,
            parameters={"code_currency": settings.currency, "account_currency": facts.currency},
        )
    if settings.allowed_groups and facts.groups.isdisjoint(settings.allowed_groups):
        return Refusal(outcome=TryOutcome.NOT_FOR_GROUP, parameters={"groups": ", ".join(settings.allowed_groups)})
    limit = settings.per_account_limit
    if limit is not None and facts.redeemed_of_batch >= limit:
        return Refusal(outcome=TryOutcome.BATCH_LIMIT, parameters={"limit": limit})
    return None


def _grant_of(settings: BatchSettings, *, now: int) -> GrantSpec:
    days = settings.grant_days
    return GrantSpec(
        kind=settings.kind,
        amount=settings.value,
        origin=_ORIGINS[settings.kind],
        priority=settings.grant_priority,
        expires_at=None if days is None else now + days * _DAY,
    )


def seconds_to_wait(guesses: Iterable[tuple[int, int]], *, most: int, now: int) -> int:
    """How long until another try is answered; 0: it is answered now.

    `guesses` are (time of the last, how many) of the rows in the window: a row's guesses leave it together.
    """
    inside = sorted((at, times) for at, times in guesses if at > now - WINDOW)
    left = sum(times for _, times in inside)
    for at, times in inside:
        if left < most:
            break
        left -= times
        if left < most:
            return max(1, -((now - at - WINDOW) // _SECOND))
    return 0


def row_of(fresh: Try, of_minute: Sequence[Try]) -> Try:
    """The row that a try is written to, with the try counted: a new one, or an equal refusal's of this minute.

    When a minute has its rows, further kinds of refusals keep only what they were. Guesses are never folded together:
    they are counted by where they came from.
    """
    same = next((row for row in of_minute if _is_alike(row, fresh)), None)
    if same is not None:
        return replace(same, times=same.times + fresh.times, last_at=max(same.last_at, fresh.last_at))
    bounded = not fresh.outcome.is_guess and fresh.outcome is not TryOutcome.REDEEMED
    if not bounded or len(of_minute) < ROWS_PER_MINUTE_MAX or _is_plain(fresh):
        return fresh
    return row_of(replace(fresh, tried_by="…", client_address=None, last_four=None, code_id=None), of_minute)


def _is_alike(row: Try, fresh: Try) -> bool:
    if fresh.outcome is TryOutcome.REDEEMED:
        return False
    return (row.outcome, row.last_four, row.code_id, row.tried_by, row.client_address) == (
        fresh.outcome, fresh.last_four, fresh.code_id, fresh.tried_by, fresh.client_address,
    )  # fmt: skip


def _is_plain(fresh: Try) -> bool:
    return fresh.tried_by == "…" and (fresh.client_address, fresh.last_four, fresh.code_id) == (None, None, None)


def read_address(text: str) -> str:
    """The address that guesses are counted by: an IPv4 address, or the network that a customer of IPv6 has.

    Raises `InputError`.
    """
    try:
        address = ip_address(text.strip())
    except ValueError:
        raise InputError(field="client_address", expected="an IP address such as 192.0.2.7") from None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _CUSTOMER_NETWORK_BITS), strict=False))
