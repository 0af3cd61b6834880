"""Limits on the pages of keys and groups: as bars with what is used of them, and as a form with a field for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from counterfoil.console.pages.overview import measure
from counterfoil.console.tables import Meter
from counterfoil.console.visits import Visit
from counterfoil.foundation.errors import CounterfoilError, InputError
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.foundation.periods import Window, from_datetime, read_time_zone, to_datetime
from counterfoil.limits.model import DuplicatePolicy, LimitStanding, Scope, Unit
from counterfoil.limits.validation import WINDOWS_OF, check_limit

_WHOLE_DIGITS_MAX = 18
# Models and addresses are typed one a line, or with commas between.
_LIST_CHARACTERS_MAX = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLimit:
    """A limit as a bar. `raised`: until when it is raised, and what it then is again."""

    limit_id: UUID
    name: str
    meter: Meter | None
    used: str
    amount: str
    remaining: str
    resets: str | None
    raised_until: str | None
    raised_from: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitField:
    """A field of the form: what it is set to, and what it was when the page was drawn."""

    name: str
    unit: Unit
    window: Window
    value: str

    @property
    def was(self) -> str:
        return f"{self.name}_was"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLimit:
    """A field that was changed: the new amount, or None to take the limit out of force."""

    field: str
    unit: Unit
    window: Window
    amount: int | None


async def standings_by_scope(visit: Visit) -> dict[UUID, list[LimitStanding]]:
    """Every limit of the account in force, by what it is put on."""
    found: dict[UUID, list[LimitStanding]] = {}
    after: UUID | None = None
    account = visit.of_account
    while page := await visit.services.limits.list_limits(
        account_id=account.account_id, time_zone=account.time_zone, after=after
    ):
        for one in page:
            found.setdefault(one.limit.scope_id, []).append(one)
        after = page[-1].limit.limit_id
    return found


async def standings_of(visit: Visit, scope_id: UUID) -> list[LimitStanding]:
    account = visit.of_account
    return await visit.services.limits.list_limits(
        account_id=account.account_id, time_zone=account.time_zone, scope_id=scope_id
    )


def shown_limits(visit: Visit, standings: Iterable[LimitStanding]) -> list[ShownLimit]:
    """The limits as bars, the fullest first. A ceiling uses nothing up, and has no bar."""
    return [_shown(visit, one) for one in sorted(standings, key=fullness, reverse=True)]


def _shown(visit: Visit, one: LimitStanding) -> ShownLimit:
    limit, usage = one.limit, one.usage
    is_ceiling = limit.window is Window.REQUEST
    return ShownLimit(
        limit_id=limit.limit_id,
        name=visit.w.word(field_name(limit.unit, limit.window)),
        meter=None if is_ceiling else Meter(usage.used, usage.held, limit.amount),
        used=_used(visit, limit.unit, usage.used + usage.held),
        amount=measure(visit, limit.unit, limit.amount),
        remaining=measure(visit, limit.unit, one.remaining),
        resets=None if one.resets_at is None else visit.shown.time(one.resets_at),
        raised_until=None if limit.raised_from is None else visit.shown.time(limit.raised_until),
        raised_from=None if limit.raised_from is None else measure(visit, limit.unit, limit.raised_from),
    )


def _used(visit: Visit, unit: Unit, number: int) -> str:
    """What is used, beside an amount that says of what."""
    return measure(visit, unit, number) if unit is Unit.MONEY else visit.shown.count(number)


def fullness(one: LimitStanding) -> int:
    """How much of a limit is used and reserved, in thousandths."""
    if one.limit.window is Window.REQUEST:
        return -1
    return 1000 * (one.usage.used + one.usage.held) // max(1, one.limit.amount)


def fullest(standings: Iterable[LimitStanding]) -> LimitStanding | None:
    """The limit that will be met first, as far as that can be told."""
    counted = [one for one in standings if one.limit.window is not Window.REQUEST]
    return max(counted, key=fullness, default=None)


# The form.


def field_name(unit: Unit, window: Window) -> str:
    """What a limit's field is called, and the word for it."""
    return f"limit_{unit.value}_{window.value}"


def limit_fields(standings: Iterable[LimitStanding] = ()) -> list[LimitField]:
    """A field for every limit that there can be; a raised one shows what it is set to, not what it is raised to."""
    present = {(one.limit.unit, one.limit.window): one.limit for one in standings}
    fields = []
    for unit, windows in WINDOWS_OF.items():
        for window in windows:
            limit = present.get((unit, window))
            amount = None if limit is None else limit.amount if limit.raised_from is None else limit.raised_from
            fields.append(
                LimitField(name=field_name(unit, window), unit=unit, window=window, value=_written(unit, amount))
            )
    return fields


def _written(unit: Unit, amount: int | None) -> str:
    if amount is None:
        return ""
    return format_nanos(amount) if unit is Unit.MONEY else str(amount)


def wanted_limits(visit: Visit, scope: Scope) -> list[WantedLimit]:
    """What was changed in the form, checked as a whole before any of it is done; raises `InputError` naming the field."""
    wanted = []
    for field in limit_fields():
        typed = visit.typed(field.name)
        if typed == visit.typed(field.was):
            continue
        amount = None if not typed else _read_amount(field, typed)
        if amount is not None:
            check_limit(scope=scope, unit=field.unit, window=field.window, amount=amount)
        wanted.append(WantedLimit(field=field.name, unit=field.unit, window=field.window, amount=amount))
    return wanted


def _read_amount(field: LimitField, typed: str) -> int:
    if field.unit is not Unit.MONEY:
        if not (typed.isascii() and typed.isdecimal() and len(typed) <= _WHOLE_DIGITS_MAX):
            raise InputError(field=field.name, expected="60")
        return int(typed)
    try:
        amount = parse_nanos(typed)
    except CounterfoilError:
        amount = -1
    if amount < 0:
        raise InputError(field=field.name, expected="12.34")
    return amount


async def apply_limits(visit: Visit, wanted: Iterable[WantedLimit], *, scope: Scope, scope_id: UUID) -> None:
    """Set and remove what was changed."""
    changes = list(wanted)
    present: Mapping[tuple[Unit, Window], UUID] = {}
    if any(one.amount is None for one in changes):
        standings = await standings_of(visit, scope_id)
        present = {(one.limit.unit, one.limit.window): one.limit.limit_id for one in standings}
    limits = visit.services.limits
    for one in changes:
        if one.amount is not None:
            await limits.set_limit(
                account_id=visit.account_id, scope=scope, scope_id=scope_id, unit=one.unit, window=one.window,
                amount=one.amount,
            )  # fmt: skip
        elif (one.unit, one.window) in present:
            await limits.remove_limit(account_id=visit.account_id, limit_id=present[one.unit, one.window])


# Other fields of keys and groups.


def typed_list(visit: Visit, name: str) -> tuple[str, ...]:
    """What was typed one a line, or with commas between."""
    text = visit.typed(name)
    if len(text) > _LIST_CHARACTERS_MAX:
        raise InputError(field=name, expected=f"at most {_LIST_CHARACTERS_MAX} characters")
    return tuple(part.strip() for part in text.replace(",", "\n").replace("，", "\n").splitlines() if part.strip())


def typed_policy(visit: Visit) -> tuple[DuplicatePolicy | None, int | None]:
    """What is done with copies, and within how many seconds; None leaves it to whoever is above."""
    policy, seconds = visit.typed("duplicate_policy"), visit.typed("duplicate_window_seconds")
    if policy not in ("", *DuplicatePolicy):
        raise InputError(field="duplicate_policy", expected=", ".join(DuplicatePolicy))
    if seconds and not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 9):
        raise InputError(field="duplicate_window_seconds", expected="600")
    return DuplicatePolicy(policy) if policy else None, int(seconds) if seconds else None


def typed_time(visit: Visit, name: str) -> int | None:
    """A time as a browser's field gives it, in the reader's zone; None where none was typed."""
    text = visit.typed(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=read_time_zone(visit.time_zone))
        return from_datetime(moment)
    except (ValueError, OverflowError):
        raise InputError(field=name, expected="2027-01-31T18:00") from None


def time_field(visit: Visit, at: int | None) -> str:
    """A time as a browser's field takes it, in the reader's zone."""
    return "" if at is None else to_datetime(at).astimezone(visit.shown.zone).strftime("%Y-%m-%dT%H:%M")


def policy_options(visit: Visit) -> list[tuple[str, str]]:
    return [
        ("", visit.w.word("as_above")),
        *((one.value, visit.w.label("duplicate_policy", one)) for one in DuplicatePolicy),
    ]
