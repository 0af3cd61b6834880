"""Who hears what, when a delivery is tried again, and how a webhook is signed. Pure.

Webhooks are signed in the Standard Webhooks way (https://www.standardwebhooks.com):

    webhook-id           names the message; sent again, it has the same one
    webhook-timestamp    seconds since the epoch, of this try
    webhook-signature    `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`; two with a space between them
                         while the secret is being replaced
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.notify.model import (
    ANNOUNCED,
    FOR_ACCOUNTS,
    FOR_ADMINS,
    FOR_ONE_MEMBER,
    FOR_OPERATIONS,
    AlertKind,
    AlertRules,
    Channel,
    ChannelStatus,
    DeliveryState,
    Outcome,
    Posted,
    Sent,
    Thresholds,
)

_SECOND = 1_000_000
# After each try that failed; a receiver that is down over a weekend is somebody's to mend, and then to ask for.
WAITS_SECONDS = (30, 120, 600, 3_600, 21_600)
TRIES_MAX = len(WAITS_SECONDS) + 1
# How long the former secret goes on signing: a working day for every receiver to learn the new one.
ROTATION_SECONDS = 24 * 3600
SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret starts with
SECRET_BYTES = 32
# Bounds of Standard Webhooks.
SECRET_BYTES_LEAST, SECRET_BYTES_MAX = 24, 64
LASTS_DAYS_MAX = 365
SPIKE_TIMES_MAX = 1_000

# Of these the channel itself is the reason, so that its other deliveries would fare no better.
_CHANNEL_IS_DOWN = frozenset({Outcome.TIMED_OUT, Outcome.UNREACHABLE})
# Trying again cannot help: nobody is there to hear it.
_DROPPED = frozenset({Outcome.NOT_ACTIVE, Outcome.NO_READER})


def hears(channel: Channel, posted: Posted) -> bool:
    """Whether a channel is told of an announcement.

    An account's channel hears what is of its account and meant for accounts. One of operations hears what is meant for
    operations, or just the kinds that it names, of whichever account.
    """
    if channel.status is not ChannelStatus.ACTIVE:
        return False
    if channel.account_id is not None:
        if posted.account_id != channel.account_id or posted.kind not in FOR_ACCOUNTS:
            return False
        return channel.kinds is None or posted.kind in channel.kinds
    return posted.kind in (FOR_OPERATIONS if channel.kinds is None else channel.kinds)


def members_hear(posted: Posted, rules: AlertRules) -> bool:
    """Whether the members of the announcement's account get mail of it."""
    return (
        posted.account_id is not None
        and posted.kind in FOR_ACCOUNTS
        and posted.kind not in rules.off
        and rules.mail_members is not False
    )


def members_told(posted: Posted, *, members: Sequence[UUID], admins: Sequence[UUID]) -> Sequence[UUID]:
    """Which of an account's members an announcement is for: mostly all, or those who may answer, or the one it answers."""
    if posted.kind in FOR_ADMINS:
        return admins
    if posted.kind in FOR_ONE_MEMBER:
        return [one for one in members if show_id("member", one) == posted.facts.get("member")]
    return members


def check_kinds(kinds: Iterable[str] | None, *, of_account: bool) -> tuple[str, ...] | None:
    """The kinds that a channel wants, in the order of the table; None is everything. Raises `InputError`."""
    if kinds is None:
        return None
    known = FOR_ACCOUNTS if of_account else ANNOUNCED
    wanted = set(kinds)
    unknown = sorted(kind for kind in wanted if kind not in known)
    if unknown or not wanted:
        raise InputError(code="notification_kind_unknown", kind=unknown[0][:60] if unknown else "")
    return tuple(str(kind) for kind in known if kind in wanted)


def check_rules(rules: AlertRules) -> AlertRules:
    """The rules with known kinds and numbers in range; raises `InputError` naming the field."""
    for field, value, most in (
        ("low_balance", rules.low_balance, 2**63 - 1),
        ("lasts_days", rules.lasts_days, LASTS_DAYS_MAX),
        ("spike_times", rules.spike_times, SPIKE_TIMES_MAX),
    ):
        if value is not None and not 0 <= value <= most:
            raise InputError(field=field, expected=f"from 0 (off) to {most}")
    if rules.spike_times == 1:
        raise InputError(
            field="spike_times", expected="0 (off), or 2 and more: every second hour is above the usual one"
        )
    off = check_kinds(rules.off, of_account=True) if rules.off else ()
    return replace(rules, off=off or ())


def thresholds_of(rules: AlertRules, defaults: Thresholds) -> Thresholds:
    """When an account is warned: as it wants, else as the settings say; what it has switched off is 0."""
    chosen = replace(
        defaults,
        low_balance=defaults.low_balance if rules.low_balance is None else rules.low_balance,
        lasts_days=defaults.lasts_days if rules.lasts_days is None else rules.lasts_days,
        spike_times=defaults.spike_times if rules.spike_times is None else rules.spike_times,
    )
    return replace(
        chosen,
        low_balance=0 if AlertKind.BALANCE_LOW in rules.off else chosen.low_balance,
        lasts_days=0 if AlertKind.BALANCE_LASTS_DAYS in rules.off else chosen.lasts_days,
        spike_times=0 if AlertKind.SPEND_SPIKE in rules.off else chosen.spike_times,
    )


def after_try(sent: Sent, *, tries: int, now: int) -> tuple[DeliveryState, int | None]:
    """What a delivery is after a try, and when it is tried next."""
    if sent.outcome is Outcome.DELIVERED:
        return DeliveryState.SENT, None
    if sent.outcome in _DROPPED:
        return DeliveryState.DROPPED, None
    if sent.is_gone or tries >= TRIES_MAX:
        return DeliveryState.GIVEN_UP, None
    return DeliveryState.WAITING, now + WAITS_SECONDS[max(1, tries) - 1] * _SECOND


def is_down(sent: Sent) -> bool:
    """Whether a channel is left alone for a while, with everything else that waits for it."""
    return sent.outcome in _CHANNEL_IS_DOWN


def message_id(announcement_id: UUID) -> str:
    """What names a message to its receivers."""
    return f"msg_{announcement_id.hex}"


def make_secret(random_bytes: bytes) -> str:
    """A signing secret in the form that receivers' libraries read."""
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode()


def secret_key(secret: str) -> bytes:
    """The key of a signing secret; raises `InputError`, without the secret, for one that cannot be used."""
    key = b""
    if secret.startswith(SECRET_PREFIX) and secret.isascii():
        encoded = secret.removeprefix(SECRET_PREFIX).rstrip("=")
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""
    if not SECRET_BYTES_LEAST <= len(key) <= SECRET_BYTES_MAX:
        raise InputError(
            code="channel_secret_unreadable",
            expected=f"{SECRET_PREFIX} and {SECRET_BYTES_LEAST} to {SECRET_BYTES_MAX} bytes in base64",
        )
    return key


def signature(body: bytes, *, message_id: str, timestamp: int, keys: Sequence[bytes]) -> str:
    """The header of a webhook's signature; `timestamp` in seconds. Several keys while one replaces another."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys)
