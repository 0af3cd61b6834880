"""When an account is warned: its balance, its limits, its spending against itself, its credit's end. Pure.

Each gives announcements whose key names what they are about, the window included: the same is announced once, however
often it is found. Amounts are nanos, times UTC microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from counterfoil.foundation.currencies import floor_to_minor, minor_digits
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time
from counterfoil.limits.model import Limit, Scope, Unit
from counterfoil.notify.model import AlertKind, Thresholds
from counterfoil.storage.outbox import Announcement

HOUR = 3_600_000_000
DAY = 24 * HOUR
WEEK = 7 * DAY
# Fewer hours with spending in a week say nothing of what is usual.
BASELINE_HOURS_LEAST = 6
# Between two alerts that the same upstream is out of money.
OUT_OF_MONEY_WINDOW = 6 * HOUR
_NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """An account as it is now. `hours` is what each hour was charged, by its start; `day` the start of its own day."""

    account_id: UUID
    currency: str
    spendable: int
    day: int
    hours: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearLimit:
    """A limit of which most is used, in the window of now. `has_refused`: a call was refused for it lately."""

    limit: Limit
    window_start: int
    resets_at: int | None
    used: int
    has_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringCredit:
    """What an account has of credit that expires on one day (UTC), and when the first of it does."""

    account_id: UUID
    currency: str
    day: int
    expires_at: int
    amount: int


def balance_alerts(account: Watched, thresholds: Thresholds, *, now: int) -> list[Announcement]:
    """A low balance, or one that will not last. One that nobody uses is told about no more."""
    if not _spent_since(account.hours, now - DAY):
        return []
    if account.spendable < thresholds.low_balance:
        return [
            _of_account(
                account, AlertKind.BALANCE_LOW, at=account.day, balance=_money(account.spendable, account.currency),
                threshold=_money(thresholds.low_balance, account.currency),
            )
        ]  # fmt: skip
    daily = daily_spend(account.hours, now=now)
    if daily is None or account.spendable >= thresholds.lasts_days * daily:
        return []
    tenths = account.spendable * 10 // daily
    return [
        _of_account(
            account, AlertKind.BALANCE_LASTS_DAYS, at=account.day, balance=_money(account.spendable, account.currency),
            daily=_about(daily, account.currency), days=f"{tenths // 10}.{tenths % 10}",
        )
    ]  # fmt: skip


def spike_alerts(account: Watched, thresholds: Thresholds, *, now: int) -> list[Announcement]:
    """An hour that took many times what this account's hours take. The hour before is looked at too: its last charges
    may have come after the last look."""
    if not thresholds.spike_times:
        return []
    this_hour = now - now % HOUR
    for hour in (this_hour, this_hour - HOUR):
        spent, usual = account.hours.get(hour, 0), usual_hour(account.hours, before=hour)
        if usual is not None and spent > thresholds.spike_times * usual and spent >= thresholds.spike_floor:
            return [
                _of_account(
                    account, AlertKind.SPEND_SPIKE, at=account.day, hour=show_time(hour)[:16] + "Z",
                    spent=_about(spent, account.currency), usual=_about(usual, account.currency),
                )
            ]  # fmt: skip
    return []


def daily_spend(hours: Mapping[int, int], *, now: int) -> int | None:
    """The average of a day, over the last seven or as many as there are; None before there is a whole one."""
    since = now - WEEK
    spent = {hour: amount for hour, amount in hours.items() if since <= hour <= now and amount}
    if not spent or now - min(spent) < DAY:
        return None
    return sum(spent.values()) * DAY // min(WEEK, now - min(spent)) or None


def usual_hour(hours: Mapping[int, int], *, before: int) -> int | None:
    """The median of the hours with spending in the seven days before; None where there are too few of them."""
    spent = sorted(amount for hour, amount in hours.items() if before - WEEK <= hour < before and amount)
    if len(spent) < BASELINE_HOURS_LEAST:
        return None
    return spent[(len(spent) - 1) // 2]


_LIMIT_KINDS = {
    (Scope.ACCOUNT, False): AlertKind.ACCOUNT_LIMIT_80,
    (Scope.ACCOUNT, True): AlertKind.ACCOUNT_LIMIT_100,
    (Scope.GROUP, False): AlertKind.GROUP_LIMIT_80,
    (Scope.GROUP, True): AlertKind.GROUP_LIMIT_100,
    (Scope.KEY, False): AlertKind.KEY_LIMIT_80,
    (Scope.KEY, True): AlertKind.KEY_LIMIT_100,
}
_SUBJECTS = {Scope.GROUP: "group", Scope.KEY: "key"}


def near_from(amount: int) -> int:
    """From which usage on a limit is nearly used up: four fifths, rounded up."""
    return amount - amount // 5


def limit_alerts(account_id: UUID, currency: str, near: Iterable[NearLimit]) -> list[Announcement]:
    """Limits at 80 and at 100 per cent, once per window and amount. A call that was refused for one has found its end,
    though something is left of it."""
    found = []
    for one in near:
        limit = one.limit
        if not limit.amount or one.used < near_from(limit.amount):
            continue
        kind = _LIMIT_KINDS[limit.scope, one.used >= limit.amount or one.has_refused]
        facts = {
            "window": str(limit.window), "unit": str(limit.unit), "used": _measure(one.used, limit.unit, currency),
            "limit": _measure(limit.amount, limit.unit, currency),
            "resets": _NEVER if one.resets_at is None else show_time(one.resets_at)[:16] + "Z",
        }  # fmt: skip
        if limit.scope in _SUBJECTS:
            subject = _SUBJECTS[limit.scope]
            facts[subject] = show_id(subject, limit.scope_id)
        key = f"{kind}:{limit.limit_id.hex}:{one.window_start}:{limit.amount}"
        found.append(Announcement(kind=kind, key=key, account_id=account_id, facts=facts))
    return found


def expiry_alerts(credit: Iterable[ExpiringCredit], *, now: int) -> list[Announcement]:
    """Credit that expires within seven days, or within one; what expires on one day is told together."""
    found = []
    for one in credit:
        if not now < one.expires_at <= now + WEEK or one.amount <= 0:
            continue
        kind = AlertKind.CREDIT_EXPIRING_1D if one.expires_at <= now + DAY else AlertKind.CREDIT_EXPIRING_7D
        facts = {"amount": _about(one.amount, one.currency), "expires": show_time(one.expires_at)[:16] + "Z"}
        key = f"{kind}:{one.account_id.hex}:{one.day}"
        found.append(Announcement(kind=kind, key=key, account_id=one.account_id, facts=facts))
    return found


def out_of_money_alerts(upstreams: Sequence[str], *, now: int) -> list[Announcement]:
    """Upstreams that have refused for lack of our money there."""
    kind, window = AlertKind.UPSTREAM_OUT_OF_MONEY, now - now % OUT_OF_MONEY_WINDOW
    return [
        Announcement(kind=kind, key=f"{kind}:{name}:{window}", account_id=None, facts={"upstream": name})
        for name in upstreams
    ]


def _of_account(account: Watched, kind: AlertKind, *, at: int, **facts: str) -> Announcement:
    key = f"{kind}:{account.account_id.hex}:{at}"
    return Announcement(kind=kind, key=key, account_id=account.account_id, facts=facts)


def _spent_since(hours: Mapping[int, int], since: int) -> bool:
    return any(amount and hour + HOUR > since for hour, amount in hours.items())


def _measure(amount: int, unit: Unit, currency: str) -> str:
    return _money(amount, currency) if unit is Unit.MONEY else str(amount)


def _money(nanos: int, currency: str) -> str:
    return f"{format_nanos(nanos, least_decimals=minor_digits(currency))} {currency}"


def _about(nanos: int, currency: str) -> str:
    """An amount without what is smaller than anybody pays, unless that is all there is of it."""
    return _money(floor_to_minor(nanos, minor_digits(currency)) or nanos, currency)
