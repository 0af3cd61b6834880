"""What an administrator may choose for groups, keys and limits. Pure; each function gives the cleaned value or raises
`InputError` naming the field."""

from __future__ import annotations

import re
from dataclasses import replace

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.foundation.periods import Window
from counterfoil.limits.model import (
    DUPLICATE_WINDOW_SECONDS_MAX,
    LIMIT_SCOPES,
    GroupSettings,
    KeySettings,
    Scope,
    Unit,
)
from counterfoil.limits.rules import read_network
from counterfoil.limits.tokens import HASH_BYTES

NAME_LENGTH_MAX = 120
# Each pattern or network is asked on every call of its key.
LIST_LENGTH_MAX = 200
PATTERN_LENGTH_MAX = 200
MASK_LENGTH_MAX = 20
PRICE_TIER_MILLIS_MAX = 1_000_000

# Repeated in the table `limits`.
WINDOWS_OF = {
    Unit.MONEY: (Window.REQUEST, Window.DAY, Window.MONTH, Window.LIFETIME),
    Unit.REQUESTS: (Window.MINUTE, Window.DAY),
    Unit.TOKENS: (Window.MINUTE, Window.DAY),
    Unit.IN_FLIGHT: (Window.LIFETIME,),
}

_PATTERN = re.compile(r"[^\s\x00-\x1f]+\Z")
_MASK = re.compile(r"[!-~]{0,8}…[!-~]{1,4}\Z")


def check_group(settings: GroupSettings) -> GroupSettings:
    """The settings with trimmed text."""
    if not 1 <= settings.price_tier_millis <= PRICE_TIER_MILLIS_MAX:
        raise InputError(field="price_tier_millis", expected=f"1 to {PRICE_TIER_MILLIS_MAX}; 1000 is the plain price")
    check_duplicate_window(settings.duplicate_window_seconds)
    return replace(
        settings,
        name=check_name(settings.name),
        allowed_models=_check_models(settings.allowed_models),
    )


def check_key(settings: KeySettings) -> KeySettings:
    """The settings with trimmed text and networks in their usual form."""
    if settings.expires_at is not None and not 0 <= settings.expires_at <= LARGEST_NANOS:
        raise InputError(field="expires_at", expected="a time")
    check_duplicate_window(settings.duplicate_window_seconds)
    if len(settings.allowed_addresses) > LIST_LENGTH_MAX:
        raise InputError(field="allowed_addresses", expected=f"at most {LIST_LENGTH_MAX}")
    networks = []
    for text in settings.allowed_addresses:
        try:
            networks.append(str(read_network(text)))
        except ValueError as error:
            raise InputError(
                field="allowed_addresses", given=text[:60], expected="an address or network such as 192.0.2.0/24"
            ) from error
    return replace(
        settings,
        name=check_name(settings.name),
        allowed_addresses=tuple(dict.fromkeys(networks)),
        allowed_models=_check_models(settings.allowed_models),
    )


def check_duplicate_window(seconds: int | None) -> None:
    """Raises `InputError` for a window that is no time, or longer than copies are looked for."""
    if seconds is not None and not 1 <= seconds <= DUPLICATE_WINDOW_SECONDS_MAX:
        raise InputError(
            field="duplicate_window_seconds", expected=f"1 to {DUPLICATE_WINDOW_SECONDS_MAX} seconds", given=seconds
        )


def check_name(name: str) -> str:
    cleaned = name.strip()
    if not 1 <= len(cleaned) <= NAME_LENGTH_MAX or not cleaned.isprintable():
        raise InputError(field="name", expected=f"1 to {NAME_LENGTH_MAX} printable characters")
    return cleaned


def check_limit(*, scope: Scope, unit: Unit, window: Window, amount: int) -> None:
    """Raises `InputError` for a limit that cannot be."""
    if scope not in LIMIT_SCOPES:
        raise InputError(field="scope", expected=", ".join(LIMIT_SCOPES))
    if window not in WINDOWS_OF[unit]:
        raise InputError(field="window", unit=unit.value, expected=", ".join(WINDOWS_OF[unit]))
    if not 0 <= amount <= LARGEST_NANOS:
        raise InputError(field="amount", expected=f"0 to {LARGEST_NANOS}")


def check_adopted(*, token_hash: bytes, mask: str) -> None:
    """Raises `InputError` unless the hash is a SHA-256 and the mask shows no more of the token than a mask may."""
    if len(token_hash) != HASH_BYTES:
        raise InputError(field="token_hash", expected="a SHA-256: 32 bytes")
    if not _MASK.match(mask):
        raise InputError(field="mask", expected="the token's first characters (at most 8), …, its last (at most 4)")


def _check_models(patterns: tuple[str, ...]) -> tuple[str, ...]:
    cleaned = tuple(dict.fromkeys(pattern.strip() for pattern in patterns))
    if len(cleaned) > LIST_LENGTH_MAX:
        raise InputError(field="allowed_models", expected=f"at most {LIST_LENGTH_MAX}")
    for pattern in cleaned:
        if len(pattern) > PATTERN_LENGTH_MAX or not _PATTERN.match(pattern):
            raise InputError(
                field="allowed_models", given=pattern[:60], expected="model names or patterns such as gpt-5*"
            )
    return cleaned
