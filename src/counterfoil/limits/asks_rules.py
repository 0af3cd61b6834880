"""What may be asked and answered about limits. Pure: times are passed in."""

from __future__ import annotations

from counterfoil.foundation.errors import Conflict, InputError
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.foundation.periods import Window, window_bounds
from counterfoil.limits.asks_model import AskState, LimitAsk
from counterfoil.limits.model import Limit, Unit

NOTE_LENGTH_MAX = 500
# A limit that is raised until some later year is one that nobody will lower: that is said by raising it for good.
RAISED_DAYS_MAX = 366
_DAY = 86_400_000_000
_FIGURES = 3


def check_note(text: str | None) -> str | None:
    """The note on one line's worth of printable text, None where it is empty; raises `InputError`."""
    if text is None:
        return None
    cleaned = " ".join(text.split())
    if not cleaned:
        return None
    if len(cleaned) > NOTE_LENGTH_MAX or not cleaned.isprintable():
        raise InputError(field="note", expected=f"at most {NOTE_LENGTH_MAX} printable characters")
    return cleaned


def check_needed(needed: int | None) -> int | None:
    if needed is not None and not 1 <= needed <= LARGEST_NANOS:
        raise InputError(field="needed", expected="more than 0")
    return needed


def check_open(ask: LimitAsk) -> None:
    """Raises `Conflict` where somebody has answered already."""
    if ask.state is not AskState.OPEN:
        raise Conflict(code="limit_ask_answered_already", state=ask.state.value)


def check_raise(limit: Limit, *, amount: int, until: int | None, now: int) -> None:
    """Raises `InputError` for a raise that would be none, or that ends in the past or too far away.

    `limit` is as stored: what it is raised to now does not matter.
    """
    if not limit.amount < amount <= LARGEST_NANOS:
        raise InputError(field="amount", expected="more than the limit is now")
    if until is not None and not now < until <= now + RAISED_DAYS_MAX * _DAY:
        raise InputError(field="until", expected=f"a time to come, within {RAISED_DAYS_MAX} days")


def end_of_tomorrow(now: int, time_zone: str) -> int:
    """Until when a limit is raised where nobody says otherwise: today is nearly over, and next week is too long."""
    _, today_ends = window_bounds(Window.DAY, now, time_zone)
    assert today_ends is not None
    _, tomorrow_ends = window_bounds(Window.DAY, today_ends, time_zone)
    assert tomorrow_ends is not None
    return tomorrow_ends


def suggested_amount(limit: Limit, *, used: int, held: int, needed: int | None) -> int:
    """The smallest round amount with which the call would pass now; a quarter more where what it took is not known."""
    if needed is None:
        return max(_rounded_up(limit, limit.amount + max(1, limit.amount // 4)), used + held)
    return _rounded_up(limit, max(limit.amount + 1, used + held + needed))


def _rounded_up(limit: Limit, amount: int) -> int:
    """Money to three figures that count: what people would say."""
    if limit.unit is not Unit.MONEY:
        return amount
    step: int = 10 ** max(0, len(str(amount)) - _FIGURES)
    return min(-(-amount // step) * step, LARGEST_NANOS)
