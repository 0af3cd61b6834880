"""Use case of evidence: the causes of a refusal, from the records of the moment in which it was decided. Reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from counterfoil.evidence import causes_store as store
from counterfoil.evidence.causes import Case, failing_of, findings_of, turned_since
from counterfoil.evidence.causes_model import Expired, Failing, Frozen, Moment, Taken, Turn, TurnAt, Usual
from counterfoil.evidence.causes_replay import Ordered, Past, Replay
from counterfoil.evidence.causes_suspects import (
    DAY,
    EXPIRED_LOOK_BACK,
    USUAL_REQUESTS_LEAST,
    WALLET_LOOK_BACK,
    is_money,
    is_wallet,
    look_back_of,
)
from counterfoil.evidence.findings import Finding
from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.ledger.model import Hold, HoldEnd
from counterfoil.limits.model import Check
from counterfoil.spend.model import RequestState, RequestView
from counterfoil.spend.submissions import Verdict
from counterfoil.storage.database import Connection, Database

_MINUTE = 60 * MICROS_PER_SECOND
# More would take longer to read than a person waits for an answer.
HOLDS_LOOKED_AT_MAX = 5_000
# Most accounts have few requests in flight, all among the last ones.
_LAST_HOLDS = 100
# Where open holds are looked for until they add up to what was held: how long ago, whether only those of tasks, and
# among how many. A call's hold lives eleven minutes unless the settings say otherwise, a task's up to a month.
_CALLS = (15 * _MINUTE, False, HOLDS_LOOKED_AT_MAX)
_TASKS = (31 * DAY, True, HOLDS_LOOKED_AT_MAX)
_SPANS = (
    (15 * _MINUTE, False, _LAST_HOLDS), (DAY, True, _LAST_HOLDS), _CALLS, (DAY, True, HOLDS_LOOKED_AT_MAX),
    (120 * _MINUTE, False, HOLDS_LOOKED_AT_MAX), (8 * DAY, True, HOLDS_LOOKED_AT_MAX), (DAY, False, HOLDS_LOOKED_AT_MAX),
    _TASKS,
)  # fmt: skip
SENT_AGAIN_MAX = 2_000
GRANTS_MAX = 500
ORDERS_MAX = 200
USUAL_REQUESTS_MAX = 500
# How far an account's money is gone through again.
REPLAY_EVENTS_MAX = 1_000
# Beyond the number of any event.
_NOW = 2**62


@dataclass(frozen=True, slots=True)
class _Then:
    """A moment of one account: everything before an event."""

    connection: Connection
    account_id: UUID
    event_no: int
    at: int


class Causes:
    """Finds why a request was refused, by deciding it again without each cause."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of_refusal(self, view: RequestView, checks: Sequence[Check]) -> list[Finding]:
        """What explains a refusal, the fewest causes that together do first; empty for what was not refused.

        `checks` are those of its record, in the order people check them.
        """
        if view.state != RequestState.REFUSED:
            return []
        moment = Moment(at=view.decided_at, currency=view.currency, model=view.model, checks=tuple(checks))
        failing = failing_of(checks)
        if not any(is_money(one.check) for one in failing):
            return findings_of(Case(moment))
        async with self._database.snapshot() as connection:
            then = _Then(connection, view.account_id, view.event_no, view.decided_at)
            moment = await _read(then, moment, failing, view)
            case = Case(moment)
            since = turned_since(case)
            replay = None if since is None else await self._replay(then, moment, since)
        return findings_of(case, replay)

    async def _replay(self, then: _Then, moment: Moment, since: int) -> Replay | None:
        """The account's money from its records, as far back as it can be gone through again; None where that is not as far
        as `since`, so that it would tell nothing."""
        account_id, event_no = then.account_id, then.event_no
        wallet = _wallet(moment)
        begin, begin_at = await store.begin_of_newest(then.connection, account_id=account_id, most=REPLAY_EVENTS_MAX)
        if begin_at >= since:
            return None
        moved = await store.newest_transfers(then.connection, account_id=account_id, most=REPLAY_EVENTS_MAX)
        holds = await store.newest_holds(then.connection, account_id=account_id, most=REPLAY_EVENTS_MAX)
        if begin:
            holds += await _open_at_begin(_Then(then.connection, account_id, begin + 1, begin_at), holds)
        past = Past(
            account_id=account_id, currency=moment.currency, begin=begin, begin_at=begin_at, at=then.at,
            event_no=event_no, spendable=wallet.remaining or 0, held=wallet.held or 0,
            grants=tuple(await store.grants_of(then.connection, account_id=account_id, most=GRANTS_MAX)),
            moved=tuple(moved), holds=tuple(holds),
            ordered=tuple(await _orders(replace(then, event_no=_NOW))),
        )  # fmt: skip
        return Replay(past, new_id=self._clock.new_id)


async def _read(then: _Then, moment: Moment, failing: Sequence[Failing], view: RequestView) -> Moment:
    """The moment with what other records say of it, as far as it can matter to the checks that failed."""
    in_flight: list[Taken] = []
    all_in_flight = True
    sent_again: list[Taken] = []
    read = 0
    since = look_back_of(failing, then.at)
    if since is not None:
        held = _wallet(moment).held or 0
        is_open: set[UUID] | None = None if held else set()
        if any(one.check.held for one in failing):
            in_flight, all_in_flight = await _in_flight(then, held)
            is_open = {one.request_id for one in in_flight} if all_in_flight else None
        sent_again = await store.sent_again(
            then.connection, account_id=then.account_id, event_no=then.event_no, first=since, last=then.at,
            is_open=is_open, most=SENT_AGAIN_MAX,
        )  # fmt: skip
        read = len(sent_again)
    known = {one.request_id for one in sent_again if one.is_open}
    others = [one.request_id for one in in_flight if _is_again(one) and one.request_id not in known]
    if others:
        # Sent long before, and in flight still.
        sent_again += await store.again_by_id(
            then.connection, account_id=then.account_id, event_no=then.event_no, request_ids=others
        )
    moment = replace(
        moment, in_flight=tuple(in_flight), all_in_flight=all_in_flight,
        sent_again=tuple(await _less_refunds(then, sent_again)), all_sent_again=read < SENT_AGAIN_MAX,
        usual=await _usual(then, view),
    )  # fmt: skip
    if any(is_wallet(one.check) for one in failing):
        moment = await _read_grants(then, moment)
    return moment


def _wallet(moment: Moment) -> Check:
    return next(check for check in moment.checks if is_wallet(check))


async def _open_at_begin(
    then: _Then, known: Sequence[tuple[Hold, HoldEnd | None]]
) -> list[tuple[Hold, HoldEnd | None]]:
    """Holds that were open then and are not among the known ones. How much was held is not on record: what the replay
    then gives tells whether it was all."""
    found = await _open_holds(then, _CALLS) + await _open_holds(then, _TASKS)
    ids = {one.request_id for one in found} - {hold.hold_id for hold, _ in known}
    return await store.holds_by_id(then.connection, account_id=then.account_id, hold_ids=ids)


def _is_again(one: Taken) -> bool:
    return one.verdict not in (None, Verdict.ORIGINAL) or one.retry_count > 0


async def _open_holds(then: _Then, span: tuple[int, bool, int]) -> list[Taken]:
    long, tasks_only, looked_at = span
    return await store.open_holds(
        then.connection, account_id=then.account_id, event_no=then.event_no, first=then.at - long, last=then.at,
        tasks_only=tasks_only, looked_at=looked_at,
    )  # fmt: skip


async def _look_for_open_holds(then: _Then) -> AsyncIterator[dict[UUID, Taken]]:
    """The requests whose holds were open then, looked for further and further back: all that have been found so far."""
    found: dict[UUID, Taken] = {}
    for span in _SPANS:
        found.update((one.request_id, one) for one in await _open_holds(then, span))
        yield found


async def _in_flight(then: _Then, held: int) -> tuple[list[Taken], bool]:
    """The requests that held what was held then, and whether that is all of it."""
    found: dict[UUID, Taken] = {}
    async for found in _look_for_open_holds(then):
        if sum(one.nanos for one in found.values()) == held:
            return list(found.values()), True
    return list(found.values()), False


async def _less_refunds(then: _Then, taken: list[Taken]) -> list[Taken]:
    """What they, and the first requests of their submissions, had taken less what had been given back by then."""
    since = [one.given_back_since for one in taken if one.given_back_since is not None]
    if not since:
        return taken
    concerned = [one for one in taken if one.given_back_since is not None]
    back = await store.refunded(
        then.connection, account_id=then.account_id, event_no=then.event_no, first=min(since), last=then.at,
        hold_ids={found for one in concerned for found in (one.request_id, one.submission_id) if found is not None},
    )  # fmt: skip

    def left(one: Taken) -> Taken:
        of_original = 0 if one.submission_id is None else back.get(one.submission_id, 0)
        return one._replace(nanos=one.nanos - back.get(one.request_id, 0), original=one.original - of_original)

    return [one if one.given_back_since is None else left(one) for one in taken]


async def _usual(then: _Then, view: RequestView) -> Usual | None:
    """What requests of this key usually hold; where it has made few, those of the account."""
    of_key, of_account = await store.usual_holds(
        then.connection, account_id=then.account_id, event_no=then.event_no, last=then.at, key_id=view.key_id,
        looked_at=USUAL_REQUESTS_MAX,
    )  # fmt: skip
    usual = of_key if of_key.requests >= USUAL_REQUESTS_LEAST else of_account
    return usual if usual.requests >= USUAL_REQUESTS_LEAST else None


# Grants.


async def _orders(then: _Then) -> list[Ordered]:
    return await store.orders_on_grants(
        then.connection, account_id=then.account_id, event_no=then.event_no, most=ORDERS_MAX
    )


async def _read_grants(then: _Then, moment: Moment) -> Moment:
    """What had expired and what was frozen, and every turn since the first of what may have to be left out."""
    lost = await store.lost_by_expiry(
        then.connection, account_id=then.account_id, event_no=then.event_no, first=then.at - EXPIRED_LOOK_BACK,
        last=then.at, most=GRANTS_MAX,
    )  # fmt: skip
    orders = await _orders(then)
    frozen_still = _ended_while_frozen(orders)
    expired = tuple(
        Expired(grant_id=grant_id, at=at, nanos=nanos) for grant_id, at, nanos in lost if grant_id not in frozen_still
    )
    frozen = await _frozen(then, orders)
    since = then.at - WALLET_LOOK_BACK
    begun = [one.at for one in (*moment.in_flight, *moment.sent_again) if one.is_open or one.at >= since]
    begun += [one.at for one in expired] + [one.at for one in frozen]
    turns: list[TurnAt] = []
    if begun:
        first = min(*begun, then.at - EXPIRED_LOOK_BACK)
        turns = await _turns(then, first, orders, frozen_still)
    return replace(moment, expired=expired, frozen=tuple(frozen), turns=tuple(turns))


def _ended_while_frozen(orders: Iterable[Ordered]) -> set[UUID | None]:
    """Grants that somebody has ended while they were frozen: without that they could not have been spent either."""
    last: dict[UUID | None, str] = {}
    ended = set()
    for one in orders:
        if one.verb == "end_grant" and last.get(one.grant_id) == "freeze":
            ended.add(one.grant_id)
        last[one.grant_id] = one.verb
    return ended


async def _turns(
    then: _Then, first: int, orders: Sequence[Ordered], frozen_still: Collection[UUID | None]
) -> list[TurnAt]:
    ends = await store.expiries(then.connection, account_id=then.account_id, first=first, last=then.at, most=GRANTS_MAX)
    turns = [
        TurnAt(turn=Turn.EXPIRY, at=at, grant_id=grant_id) for grant_id, at in ends if grant_id not in frozen_still
    ]
    for one in orders:
        turn = Turn.FREEZE if one.verb == "freeze" else Turn.OTHER
        if one.is_expiry and one.grant_id not in frozen_still:
            turn = Turn.EXPIRY
        turns.append(TurnAt(turn=turn, at=one.at, grant_id=one.grant_id, event_no=one.event_no))
    if any(one.verb == "freeze" for one in orders):
        cleared = await store.last_refund_to_clearing(
            then.connection, account_id=then.account_id, event_no=then.event_no, first=first, last=then.at
        )
        if cleared is not None:
            turns.append(TurnAt(turn=Turn.OTHER, at=cleared))
    return turns


async def _frozen(then: _Then, orders: Sequence[Ordered]) -> list[Frozen]:
    """Grants that were frozen then, with what could not be spent of each."""
    last = {one.grant_id: one for one in orders if one.grant_id is not None}
    freezes = {grant_id: one for grant_id, one in last.items() if one.verb == "freeze"}
    if not freezes:
        return []
    taken = await store.taken_from_grants(
        then.connection, account_id=then.account_id, event_no=then.event_no,
        first=min(one.at for one in freezes.values()), last=then.at, grant_ids=freezes,
    )  # fmt: skip
    found = []
    for grant_id, one in freezes.items():
        gone = sum(nanos for taken_of, event_no, nanos in taken if taken_of == grant_id and event_no > one.event_no)
        released, whole = await _released(then, grant_id, one)
        nanos = max(0, one.remaining - one.reserved + released - gone)
        found.append(Frozen(grant_id=grant_id, at=one.at, event_no=one.event_no, nanos=nanos, whole=whole))
    return found


async def _released(then: _Then, grant_id: UUID, freeze: Ordered) -> tuple[int, bool]:
    """What holds have released into a frozen grant, and whether all of them are known."""
    if not freeze.reserved:
        return 0, True
    released = 0
    async for found in _look_for_open_holds(_Then(then.connection, then.account_id, freeze.event_no, freeze.at)):
        holds = await store.holds_by_id(then.connection, account_id=then.account_id, hold_ids=found)
        parts = [(_parts(hold.reservations, grant_id, end), end) for hold, end in holds]
        released = sum(free for (_, free), end in parts if end is not None and end.event_no < then.event_no)
        if sum(reserved for (reserved, _), _ in parts) == freeze.reserved:
            return released, True
    return released, False


def _parts(reservations: Sequence[tuple[UUID, int]], grant_id: UUID, end: HoldEnd | None) -> tuple[int, int]:
    """What a hold has reserved of a grant, and what of that its end has released: it consumes in order."""
    left = 0 if end is None else end.captured
    of_grant = free = 0
    for reserved_of, amount in reservations:
        take = min(left, amount)
        left -= take
        if reserved_of == grant_id:
            of_grant += amount
            free += amount - take
    return of_grant, free
