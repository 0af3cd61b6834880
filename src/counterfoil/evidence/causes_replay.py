"""An account's money once more, from its records and by the ledger's own rules, with some of it left out. Pure.

Everything else is as it was: others hold and cost what they did, and what was refused stays refused. What it gives is
trusted only where the same without leaving anything out gives what is on record: the reservations of every hold, what
was left in each grant, what could be spent and what was held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

from counterfoil.evidence.causes_model import Without
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.ledger import grant_rules, rules
from counterfoil.ledger.draft import Draft, burn_order, earliest_expiry
from counterfoil.ledger.model import (
    BREAKAGE,
    EMPTY_HASH,
    WALLET,
    Adjust,
    Capture,
    Change,
    ChargeLeg,
    EndGrant,
    Expire,
    Freeze,
    Grant,
    GrantCommand,
    GrantState,
    Hold,
    HoldEnd,
    HoldVerb,
    NewId,
    RefundCharge,
    Swept,
    TransferCode,
    Unfreeze,
    Void,
    Wallet,
)

_LEGS = frozenset({TransferCode.CHARGE, TransferCode.OVERAGE, TransferCode.REFUND, TransferCode.REFUND_TO_CLEARING})
# Nothing is posted here that anybody keeps: any text that a source may have.
_SOURCE = "again"
_COMPENSATION_SOURCE = "refund"


class _Differs(Exception):
    """Gone through again, it does not come out as it is on record, or it cannot be gone through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A transfer besides charges, or a charge, as far as it tells what became of grants."""

    event_no: int
    at: int
    debit: str
    credit: str
    amount: int
    code: str
    operation_key: str
    hold_id: UUID | None
    grant_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A freeze, an unfreeze, an end of a grant, or cash that went back (`verb` as in the operation's key)."""

    verb: str
    event_no: int
    at: int
    grant_id: UUID | None
    # Where an ended grant's rest went; what a freeze found in the grant.
    destination: str | None = None
    remaining: int = 0
    reserved: int = 0

    @property
    def is_expiry(self) -> bool:
        """Somebody may end a grant as its time would have."""
        return self.verb == "end_grant" and self.destination == BREAKAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What an account's records say of the time after the event `begin` (0: from its beginning), which was `begin_at`.

    `grants`, `moved` (newest first) and `ordered` are all until now; `holds` are those since, with their ends, and those that were
    open at the beginning. `spendable` and `held` are what the refusal of event `event_no` found.
    """

    account_id: UUID
    currency: str
    begin: int = 0
    begin_at: int = -1
    at: int
    event_no: int
    spendable: int
    held: int
    grants: tuple[Grant, ...]
    moved: tuple[Moved, ...]
    holds: tuple[tuple[Hold, HoldEnd | None], ...]
    ordered: tuple[Ordered, ...]


@dataclass(frozen=True, slots=True)
class _Event:
    event_no: int
    at: int
    what: Hold | HoldEnd | Grant | GrantCommand
    # The grants that a refund has made, in order: later events name them.
    made: tuple[UUID, ...] = ()


@dataclass(slots=True)
class _World:
    """The account at one time; `grants` are all that there have been."""

    wallet: Wallet
    grants: dict[UUID, Grant]
    holds: dict[UUID, Hold]
    legs: dict[UUID, list[ChargeLeg]] = field(default_factory=dict)

    def take(self, change: Change) -> None:
        self.wallet = change.wallet
        self.grants.update((grant.grant_id, grant) for grant in change.grants)
        for one in change.transfers:
            if one.hold_id is not None and one.code in _LEGS:
                leg = ChargeLeg(code=one.code, amount=one.amount, grant_id=one.grant_id)
                self.legs.setdefault(one.hold_id, []).append(leg)


class Replay:
    """Goes through a past again; made anew for each."""

    def __init__(self, past: Past, *, new_id: NewId) -> None:
        self._past = past
        self._new_id = new_id
        expiring = [(grant.expires_at, grant.grant_id) for grant in past.grants if grant.expires_at is not None]
        self._order_of_expiry = {grant_id: place for place, (_, grant_id) in enumerate(sorted(expiring))}
        self._events: list[_Event] = []
        self.trusted = self._is_as_recorded()
        self.spendable_without = cache(self._spendable_without)

    def reaches(self, at: int) -> bool:
        """Whether all that happened since that time is known."""
        return self.trusted and at > self._past.begin_at

    def _spendable_without(self, without: Without) -> int | None:
        """What could have been spent; None where something could not have happened as it did."""
        try:
            world = self._run(without)
            return Draft(world.wallet, clock_now=self._past.at, new_id=self._new_id).spendable()
        except (CounterfoilError, _Differs):
            return None

    def _is_as_recorded(self) -> bool:
        past = self._past
        try:
            self._events = sorted(_events(past), key=lambda event: event.event_no)
            world = self._run(Without(), recorded=True)
            draft = Draft(world.wallet, clock_now=past.at, new_id=self._new_id)
        except (CounterfoilError, _Differs):
            return False
        grants = {**world.grants, **draft.grants}
        left = _left_before(past, lambda moved: moved.event_no > past.event_no)
        return (draft.spendable(), draft.held) == (past.spendable, past.held) and all(
            grants[grant_id].remaining == remaining if grant_id in grants else remaining == 0
            for grant_id, remaining in left.items()
        )

    def _run(self, without: Without, *, recorded: bool = False) -> _World:
        world = _world_at_begin(self._past)
        world.grants = {grant_id: self._lasting(grant, without) for grant_id, grant in world.grants.items()}
        world.wallet = _with_grants(world.wallet, world.grants.values())
        for event in self._events:
            self._apply(world, event, without, recorded=recorded)
        return world

    def _apply(self, world: _World, event: _Event, without: Without, *, recorded: bool) -> None:
        what = event.what
        match what:
            case Hold() | HoldEnd() | RefundCharge() if what.hold_id in without.requests:
                return
            case Freeze() if event.event_no in without.freezes:
                return
            case EndGrant() if what.grant_id in without.expiries and what.destination == BREAKAGE:
                return
            case Hold():
                self._hold(world, event, what, recorded=recorded)
            case HoldEnd():
                self._end(world, event, what)
            case Grant():
                self._credit(world, event, self._lasting(what, without))
            case _:
                legs = world.legs.get(what.hold_id, ()) if isinstance(what, RefundCharge) else ()
                facts = grant_rules.Facts(grants=world.grants, legs=legs)
                change = grant_rules.decide(world.wallet, what, facts, clock_now=event.at, new_id=self._new_id)
                world.take(_renamed(change, event.made, known=world.grants) if event.made else change)

    def _lasting(self, grant: Grant, without: Without) -> Grant:
        """A grant that is not to expire keeps its place in the order of burning: before all that expire later."""
        if grant.grant_id not in without.expiries or grant.expires_at is None:
            return grant
        place = self._order_of_expiry[grant.grant_id]
        return grant._replace(expires_at=self._past.at + 1 + place)

    def _hold(self, world: _World, event: _Event, what: Hold, *, recorded: bool) -> None:
        draft = Draft(world.wallet, clock_now=event.at, new_id=self._new_id)
        held = what._replace(reservations=draft.reserve(what.amount))
        if recorded and held.reservations != what.reservations:
            raise _Differs
        world.holds[what.hold_id] = held
        world.take(draft.finish(held))

    def _end(self, world: _World, event: _Event, what: HoldEnd) -> None:
        held = world.holds.pop(what.hold_id, None)
        if held is None:
            raise _Differs
        command: Capture | Void | Expire
        if what.verb is HoldVerb.CAPTURED:
            command = Capture(account_id=what.account_id, hold_id=what.hold_id, cost=what.charged, intent="")
        elif what.verb is HoldVerb.VOIDED:
            command = Void(account_id=what.account_id, hold_id=what.hold_id, reason="")
        else:
            command = Expire(account_id=what.account_id, hold_id=what.hold_id)
        world.take(rules.resolve(world.wallet, command, held, clock_now=event.at, new_id=self._new_id))

    def _credit(self, world: _World, event: _Event, grant: Grant) -> None:
        draft = Draft(world.wallet, clock_now=event.at, new_id=self._new_id)
        draft.put(grant)
        draft.post(
            debit=grant.origin, credit=WALLET, amount=grant.remaining, code=TransferCode.CREDIT, cause_kind="grant",
            cause_id=_SOURCE, operation_key=_SOURCE, grant_id=grant.grant_id,
        )  # fmt: skip
        world.take(draft.finish(Swept(account_id=world.wallet.account_id)))


def _renamed(change: Change, made: Sequence[UUID], *, known: Mapping[UUID, Grant]) -> Change:
    """With the ids that the grants it makes have on record."""
    new = [grant.grant_id for grant in change.grants if grant.grant_id not in known]
    names = dict(zip(new, made, strict=False))

    def rename(grant: Grant) -> Grant:
        return grant._replace(grant_id=names.get(grant.grant_id, grant.grant_id))

    grants = tuple(sorted(map(rename, change.wallet.grants), key=burn_order))
    return change._replace(
        wallet=change.wallet._replace(grants=grants), grants=tuple(map(rename, change.grants)),
        transfers=tuple(
            one._replace(grant_id=names.get(one.grant_id, one.grant_id)) if one.grant_id is not None else one
            for one in change.transfers
        ),
    )  # fmt: skip


def _with_grants(wallet: Wallet, grants: Iterable[Grant]) -> Wallet:
    ordered = tuple(sorted((grant for grant in grants if grant.remaining), key=burn_order))
    return wallet._replace(
        grants=ordered, next_expiry=earliest_expiry(ordered), posted=sum(grant.remaining for grant in ordered),
        held=sum(grant.held for grant in ordered),
    )  # fmt: skip


# What there was, and what happened.


def _left_before(past: Past, later: Callable[[Moved], bool]) -> dict[UUID, int]:
    """What was left in each grant before the transfers that are `later`."""
    left = {grant.grant_id: grant.remaining for grant in past.grants}
    for moved in past.moved:
        if moved.grant_id in left and later(moved):
            if moved.credit == WALLET:
                left[moved.grant_id] -= moved.amount
            elif moved.debit == WALLET:
                left[moved.grant_id] += moved.amount
    return left


def _world_at_begin(past: Past) -> _World:
    wallet = Wallet(
        account_id=past.account_id, currency=past.currency, time_zone="UTC", status="active", revision=0, version=0,
        event_no=0, last_at=0, posted=0, held=0, head_hash=EMPTY_HASH, grants=(), next_expiry=None,
    )  # fmt: skip
    if not past.begin:
        return _World(wallet, {}, {})
    left = _left_before(past, lambda moved: moved.event_no > past.begin)
    holds = {
        hold.hold_id: hold
        for hold, end in past.holds
        if hold.event_no <= past.begin and (end is None or end.event_no > past.begin)
    }
    held: dict[UUID, int] = {}
    for hold in holds.values():
        for grant_id, amount in hold.reservations:
            held[grant_id] = held.get(grant_id, 0) + amount
    grants = {}
    for grant in past.grants:
        if grant.created_at <= past.begin_at:
            state = _state_at_begin(grant, past)
            grants[grant.grant_id] = grant._replace(
                remaining=left[grant.grant_id], held=held.get(grant.grant_id, 0), state=state,
                destination=(grant.destination or BREAKAGE) if state is GrantState.ENDED else None,
            )  # fmt: skip
    return _World(wallet, grants, holds)


def _state_at_begin(grant: Grant, past: Past) -> GrantState:
    orders = [one for one in past.ordered if one.grant_id == grant.grant_id]
    before = [one.verb for one in orders if one.event_no <= past.begin]
    if "end_grant" in before:
        return GrantState.ENDED
    if before and before[-1] == "freeze":
        return GrantState.FROZEN
    if grant.expires_at is not None and grant.expires_at <= past.begin_at:
        return GrantState.ENDED
    # Cash that went back may have ended any grant of its order.
    ended_since = grant.expires_at is not None or any(
        one.verb == "end_grant" or (one.verb == "refund_cash" and one.event_no > past.begin)
        for one in (*orders, *(one for one in past.ordered if one.grant_id is None))
    )
    return GrantState.ENDED if grant.state is GrantState.ENDED and not ended_since else GrantState.OPEN


def _events(past: Past) -> Iterable[_Event]:
    """Everything between the beginning and the refusal."""

    def within(event_no: int) -> bool:
        return past.begin < event_no < past.event_no

    for hold, end in past.holds:
        if within(hold.event_no):
            yield _Event(hold.event_no, hold.created_at, hold)
        if end is not None and within(end.event_no):
            yield _Event(end.event_no, end.created_at, end)
    grants = {grant.grant_id: grant for grant in past.grants}
    for one in past.ordered:
        if within(one.event_no):
            yield _Event(one.event_no, one.at, _command_of(one, past.account_id, grants))
    operations: dict[str, list[Moved]] = {}
    for moved in past.moved:
        if within(moved.event_no):
            operations.setdefault(moved.operation_key, []).append(moved)
    for legs in operations.values():
        yield from _events_of(legs, past.account_id, grants)


def _command_of(one: Ordered, account_id: UUID, grants: Mapping[UUID, Grant]) -> GrantCommand:
    if one.grant_id is None or one.grant_id not in grants:
        # Cash that went back depends on the whole of its order: not gone through again.
        raise _Differs
    if one.verb == "end_grant":
        return EndGrant(account_id=account_id, grant_id=one.grant_id, destination=one.destination or BREAKAGE)
    kind = Freeze if one.verb == "freeze" else Unfreeze
    return kind(account_id=account_id, grant_id=one.grant_id, source_id=_SOURCE)


def _events_of(legs: Sequence[Moved], account_id: UUID, grants: Mapping[UUID, Grant]) -> Iterable[_Event]:
    """What one operation did that is told by its transfers alone: credits, adjustments, refunds of charges."""
    first = legs[0]
    total = sum(leg.amount for leg in legs)
    if first.code in (TransferCode.REFUND, TransferCode.REFUND_TO_CLEARING):
        assert first.hold_id is not None
        refund = RefundCharge(account_id=account_id, source_id=_SOURCE, hold_id=first.hold_id, amount=total, reason="")
        paid = [(leg, grants.get(leg.grant_id)) for leg in reversed(legs) if leg.grant_id is not None]
        made = tuple(grant.grant_id for leg, grant in paid if grant is not None and _made_by_refund(grant, leg))
        yield _Event(first.event_no, first.at, refund, made)
    elif first.code == TransferCode.ADJUSTMENT and first.debit == WALLET:
        taken = Adjust(account_id=account_id, source_id=_SOURCE, amount=-total, counterpart=first.credit)
        yield _Event(first.event_no, first.at, taken)
    elif first.code in (TransferCode.CREDIT, TransferCode.ADJUSTMENT):
        for leg in reversed(legs):
            new = None if leg.grant_id is None else grants.get(leg.grant_id)
            if new is None:
                raise _Differs
            as_it_came = new._replace(remaining=leg.amount, held=0, state=GrantState.OPEN, destination=None)
            yield _Event(leg.event_no, leg.at, as_it_came)


def _made_by_refund(grant: Grant, leg: Moved) -> bool:
    """Money that comes back to a grant that has ended makes a new one."""
    return grant.source_kind == _COMPENSATION_SOURCE and grant.created_at == leg.at
