"""What a refusal can have come from: the checks themselves, and whatever had taken, or taken away, money by then. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import TypedDict
from uuid import UUID

from counterfoil.evidence.causes_model import Failing, Moment, Suspect, Taken, Turn
from counterfoil.evidence.facts import shown_model
from counterfoil.evidence.findings import FindingCode, Row
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import MICROS_PER_SECOND, Window
from counterfoil.limits.model import Check, Scope, Unit
from counterfoil.limits.usage import counting_in
from counterfoil.spend.submissions import Verdict

_HOUR = 3_600 * MICROS_PER_SECOND
DAY = 24 * _HOUR
# What copies and retries have cost is looked for this far back: in the wallet a day, in a limit's window the longest month.
WALLET_LOOK_BACK = DAY
LIMIT_LOOK_BACK = 31 * DAY
# Credit that expired longer ago is no news to anybody.
EXPIRED_LOOK_BACK = 30 * DAY
# So many retries within so long are more than the few that an SDK makes of one call.
RETRIES_LEAST = 5
RETRY_BURST = 600 * MICROS_PER_SECOND
# So many times what is usual is a costly request, where so many have been seen.
HIGH_COST_TIMES = 5
USUAL_REQUESTS_LEAST = 5
ROWS_MAX = 20

_WALLET_CODE = "account_balance"
_MODEL_CODE = "model_not_permitted"
_LIMIT_CAUSES = {
    Scope.ACCOUNT: FindingCode.ACCOUNT_LIMIT_REACHED,
    Scope.GROUP: FindingCode.GROUP_QUOTA_REACHED,
    Scope.KEY: FindingCode.KEY_LIMIT_REACHED,
}
# No window is longer than this: what was counted earlier was counted in another one.
_LONGEST = {Window.MINUTE: 60 * MICROS_PER_SECOND, Window.DAY: 26 * _HOUR, Window.MONTH: 32 * DAY}
_FIGURES = ("amount", "used", "held", "remaining", "needed", "resets_at", "retry_after")


class _Told(TypedDict):
    """How a cause is told."""

    numbers: dict[str, int]
    rows: tuple[Row, ...]


def is_wallet(check: Check) -> bool:
    return check.code == _WALLET_CODE and check.amount is None


def is_money(check: Check) -> bool:
    return check.unit is Unit.MONEY


# The checks themselves.


def own_causes(moment: Moment, failing: Sequence[Failing]) -> list[Suspect]:
    """For each check that failed, that it was asked: without it, it would not have failed. Permission is one cause however
    many asked for it."""
    causes = []
    permission = frozenset(place for place, one in enumerate(failing) if one.check.code == _MODEL_CODE)
    if permission:
        check = failing[min(permission)].check
        names = {"scope": str(check.scope), "model": shown_model(moment.model) or ""}
        causes.append(Suspect(code=FindingCode.MODEL_NOT_PERMITTED, covers=permission, names=names))
    for place, one in enumerate(failing):
        if place not in permission:
            causes.append(_own_cause(place, one.check))
    return causes


def _own_cause(place: int, check: Check) -> Suspect:
    names = {"scope": str(check.scope), "code": check.code}
    numbers = {name: value for name in _FIGURES if (value := getattr(check, name)) is not None}
    rows: tuple[Row, ...] = ()
    if check.limit_id is not None:
        shown = show_id("limit", check.limit_id)
        names |= {"limit": shown, "window": str(check.window), "unit": str(check.unit)}
        rows = (Row(kind="limit", id=shown, nanos=check.amount if is_money(check) else None),)
    if not is_money(check):
        code = FindingCode.REFUSED_FOR_ITS_CODE
    elif is_wallet(check):
        code = FindingCode.BALANCE_EXHAUSTED
    elif check.window is Window.REQUEST:
        code = FindingCode.HIGH_COST_TASK
    else:
        code = _LIMIT_CAUSES[check.scope]
    return Suspect(code=code, covers=frozenset({place}), numbers=numbers, names=names, rows=rows)


# What had taken money, or taken it away.


def look_back_of(failing: Sequence[Failing], at: int) -> int | None:
    """Since when copies and retries are looked for, and what came in one burst with the first of them; None where nothing
    has failed that requests take of."""
    since = [
        at - WALLET_LOOK_BACK if is_wallet(one.check) else max(at - LIMIT_LOOK_BACK, _window_start(one.check))
        for one in failing
        if is_money(one.check) and one.check.window is not Window.REQUEST
    ]
    return min(since) - RETRY_BURST if since else None


def _window_start(check: Check) -> int:
    """No earlier than the start of the window that a check looked at."""
    if check.resets_at is None or check.window is None:
        return 0
    return check.resets_at - _LONGEST.get(check.window, LIMIT_LOOK_BACK)


def suspects_of(moment: Moment, failing: Sequence[Failing]) -> list[Suspect]:
    """Whatever would have left the checks that failed better off; a request is counted for one cause only, copies first."""
    copies, retries = _sent_too_often(moment)
    # Hashing thousands of ids costs more than anything else here: only those that are in flight can be among these.
    known = {one.request_id for one in (*copies, *retries) if one.is_open}
    others = [one for one in moment.in_flight if one.request_id not in known]
    found = [
        _expired(moment, failing),
        _frozen(moment, failing),
        _taken(FindingCode.DUPLICATE_SUBMISSIONS, copies, moment, failing, whole=moment.all_sent_again),
        _taken(FindingCode.RETRY_SPIKE, retries, moment, failing, whole=moment.all_sent_again),
        _taken(FindingCode.HELD_IN_FLIGHT, others, moment, failing, whole=moment.all_in_flight),
        _high_cost(moment, failing),
    ]
    return [one for one in found if one is not None]


def _sent_too_often(moment: Moment) -> tuple[list[Taken], list[Taken]]:
    """Copies that were one too many, and retries that came in a burst. Where its first request has nothing of it any more,
    one copy of a submission is what the customer meant."""
    kept = _kept(moment)
    copies, retries = [], []
    for one in moment.sent_again:
        is_kept = bool(kept) and one.request_id in kept
        if one.verdict == Verdict.DUPLICATE and not is_kept:
            copies.append(one)
        elif (one.verdict == Verdict.RETRY and not is_kept) or (one.verdict != Verdict.RETRY and one.retry_count):
            retries.append(one)
    return copies, _in_bursts(retries)


def _kept(moment: Moment) -> set[UUID]:
    """The first copy of each submission of which the first request has nothing."""
    first: dict[UUID, Taken] = {}
    standing = [one for one in moment.sent_again if one.submission_id is not None and not one.original and one.nanos]
    for one in sorted(standing, key=lambda one: one.event_no):
        if one.submission_id is not None:
            first.setdefault(one.submission_id, one)
    return {one.request_id for one in first.values()}


def _in_bursts(retries: Iterable[Taken]) -> list[Taken]:
    ordered = sorted(retries, key=lambda one: (one.at, one.event_no))
    found: list[Taken] = []
    first = added = 0
    for place, one in enumerate(ordered):
        while one.at - ordered[first].at > RETRY_BURST:
            first += 1
        if place - first + 1 >= RETRIES_LEAST:
            found += ordered[max(first, added) : place + 1]
            added = place + 1
    return found


def _taken(
    code: FindingCode, taken: Sequence[Taken], moment: Moment, failing: Sequence[Failing], *, whole: bool
) -> Suspect | None:
    """Other requests with what they had taken of the wallet and of each limit."""
    relief: dict[int, int] = {}
    of_wallet: list[Taken] = []
    told = [False] * len(taken)
    for place, one in enumerate(failing):
        taken_of = _taken_of(one.check, moment)
        if taken_of is None:
            continue
        amounts = [taken_of(each) for each in taken]
        relief[place] = sum(amounts)
        told = [known or bool(nanos) for known, nanos in zip(told, amounts, strict=True)]
        if is_wallet(one.check):
            of_wallet = [each for each, nanos in zip(taken, amounts, strict=True) if nanos]
    relevant = [each for each, is_told in zip(taken, told, strict=True) if is_told]
    if not relevant:
        return None
    held = sum(one.nanos for one in relevant if one.is_open)
    numbers = {"count": len(relevant), "held": held, "charged": sum(one.nanos for one in relevant) - held}
    if code is FindingCode.DUPLICATE_SUBMISSIONS:
        numbers["submissions"] = len({one.submission_id and one.submission_id.int for one in relevant})
    return Suspect(
        code=code, relief=relief, since=min((one.at for one in of_wallet), default=None),
        taken=tuple(of_wallet), whole=whole, numbers=numbers,
        rows=_rows_of(relevant),
    )  # fmt: skip


def _taken_of(check: Check, moment: Moment) -> Callable[[Taken], int] | None:
    """How much a request had taken of what a check is about; None where nobody takes anything of it."""
    if not is_money(check) or check.window is Window.REQUEST:
        return None
    if is_wallet(check):
        since = moment.at - WALLET_LOOK_BACK
        return lambda one: one.nanos if one.is_open or one.at >= since else 0

    limit_id = check.limit_id
    if limit_id is None:
        return lambda _: 0
    # Only the window that the check looked at had begun and not ended by then.
    first = 0 if check.resets_at is None else check.resets_at - _LONGEST.get(check.window or Window.DAY, 0)
    is_counted = counting_in(limit_id, first=first, last=moment.at)
    return lambda one: one.nanos if one.nanos and is_counted(one.counted) else 0


def _expired(moment: Moment, failing: Sequence[Failing]) -> Suspect | None:
    """Credit that was lost by expiring: without that, no grant would have expired in that time.

    One that had nothing to lose may matter all the same, together with what had taken it.
    """
    place = _wallet_place(failing)
    since = moment.at - EXPIRED_LOOK_BACK
    ends = {
        turn.grant_id: turn.at
        for turn in moment.turns
        if turn.turn is Turn.EXPIRY and turn.grant_id is not None and turn.at >= since
    } | {one.grant_id: one.at for one in moment.expired}
    if place is None or not ends:
        return None
    lost = {one.grant_id: one.nanos for one in moment.expired}
    return Suspect(
        code=FindingCode.CREDIT_EXPIRED, relief={place: sum(lost.values())}, since=min(ends.values()),
        expiries=frozenset(ends), **_told_of_grants(ends, lost),
    )  # fmt: skip


def _frozen(moment: Moment, failing: Sequence[Failing]) -> Suspect | None:
    place = _wallet_place(failing)
    if place is None or not moment.frozen:
        return None
    ends = {one.grant_id: one.at for one in moment.frozen}
    lost = {one.grant_id: one.nanos for one in moment.frozen if one.nanos}
    return Suspect(
        code=FindingCode.CREDIT_FROZEN, relief={place: sum(lost.values())}, since=min(ends.values()),
        freezes=frozenset(one.event_no for one in moment.frozen),
        whole=all(one.whole for one in moment.frozen), **_told_of_grants(ends, lost),
    )  # fmt: skip


def _told_of_grants(at: Mapping[UUID, int], lost: Mapping[UUID, int]) -> _Told:
    """Those with something in them; all of them, where none had."""
    told = lost or dict.fromkeys(at, 0)
    rows = tuple(
        Row(kind="grant", id=show_id("grant", grant_id), at=at[grant_id], nanos=nanos)
        for grant_id, nanos in nsmallest(ROWS_MAX, told.items(), key=lambda one: (-one[1], one[0].int))
    )
    return {"numbers": {"count": len(told), "last_at": max(at[grant_id] for grant_id in told)}, "rows": rows}


def _high_cost(moment: Moment, failing: Sequence[Failing]) -> Suspect | None:
    """A request that costs many times what is usual, where the usual one would have fitted."""
    usual = moment.usual
    if usual is None:
        return None
    relief: Mapping[int, int] = {
        place: (one.check.needed or 0) - usual.nanos for place, one in enumerate(failing) if is_money(one.check)
    }
    needed = max((failing[place].check.needed or 0 for place in relief), default=0)
    if not relief or needed < HIGH_COST_TIMES * usual.nanos:
        return None
    if any(relief[place] < failing[place].short for place in relief):
        return None
    return Suspect(
        code=FindingCode.HIGH_COST_TASK, relief=relief,
        numbers={"usual": usual.nanos, "sample": usual.requests, "times": needed // max(1, usual.nanos)},
    )  # fmt: skip


def _wallet_place(failing: Sequence[Failing]) -> int | None:
    return next((place for place, one in enumerate(failing) if is_wallet(one.check)), None)


def _rows_of(taken: Iterable[Taken]) -> tuple[Row, ...]:
    """The biggest, as many as a reader can take in."""
    biggest = nsmallest(ROWS_MAX, taken, key=lambda one: (-one.nanos, one.is_task, one.request_id.int))
    kinds = ("task" if one.is_task else "request" for one in biggest)
    return tuple(
        Row(kind=kind, id=show_id(kind, one.request_id), at=one.at, nanos=one.nanos)
        for kind, one in zip(kinds, biggest, strict=True)
    )
