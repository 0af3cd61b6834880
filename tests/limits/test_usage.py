"""L7: an authorization passes only within every limit, and everything of a hold counts in its authorization's window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from counterfoil.foundation.errors import Broken
from counterfoil.foundation.periods import Window, window_bounds
from counterfoil.limits.account_limits import AccountLimits, usage_columns
from counterfoil.limits.model import (
    AccountDuplicates,
    Ask,
    Counted,
    Limit,
    Scope,
    Unit,
    Usage,
    UsageDelta,
    UsageKey,
    UsedAndHeld,
    WalletView,
)
from counterfoil.limits.rules import compile_applicable, windows_at
from counterfoil.limits.store import window_floors
from counterfoil.limits.usage import (
    count_hold,
    counting_in,
    hold_usage,
    pack_counted,
    refund_usage,
    release_usage,
    settle_usage,
    unpack_counted,
)
from limits.examples import ACCOUNT, GROUP, KEY, NOON, limit

ZONE = "America/New_York"
MONTHLY = limit(1, Scope.GROUP, 1000)
PER_MINUTE = limit(2, Scope.KEY, 3, unit=Unit.REQUESTS, window=Window.MINUTE)
TOKENS = limit(3, Scope.KEY, 500, unit=Unit.TOKENS, window=Window.MINUTE)
IN_FLIGHT = limit(4, Scope.ACCOUNT, 2, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
CEILING = limit(5, Scope.KEY, 400, window=Window.REQUEST)
DAILY = limit(6, Scope.ACCOUNT, 800, window=Window.DAY)


def counted_by_one_call() -> tuple[Counted, ...]:
    applicable = compile_applicable(
        key=KEY, group=GROUP, limits=(MONTHLY, PER_MINUTE, TOKENS, IN_FLIGHT, CEILING), at=0
    )
    return count_hold(applicable, windows=windows_at(NOON, ZONE), needed_nanos=300, needed_tokens=120)


def by_limit(deltas: list[UsageDelta]) -> dict[UUID, UsedAndHeld]:
    return {limit_id: (used, held) for limit_id, _, used, held in deltas}


def test_a_hold_counts_money_tokens_and_its_place_and_uses_up_its_request() -> None:
    assert by_limit(hold_usage(counted_by_one_call())) == {
        MONTHLY.limit_id: (0, 300),
        TOKENS.limit_id: (0, 120),
        IN_FLIGHT.limit_id: (0, 1),
        PER_MINUTE.limit_id: (1, 0),
    }


def test_a_capture_turns_what_was_held_into_what_was_charged_and_taken() -> None:
    assert by_limit(settle_usage(counted_by_one_call(), charged_nanos=310, actual_tokens=90)) == {
        MONTHLY.limit_id: (310, -300),
        TOKENS.limit_id: (90, -120),
        IN_FLIGHT.limit_id: (0, -1),
    }


def test_a_void_gives_back_everything_but_the_request() -> None:
    assert by_limit(release_usage(counted_by_one_call())) == {
        MONTHLY.limit_id: (0, -300),
        TOKENS.limit_id: (0, -120),
        IN_FLIGHT.limit_id: (0, -1),
    }


def test_a_refund_gives_back_money_only_in_the_window_of_its_authorization() -> None:
    month = windows_at(NOON, ZONE).starts[3]
    assert refund_usage(counted_by_one_call(), refunded_nanos=40) == [(MONTHLY.limit_id, month, -40, 0)]


def test_what_a_hold_counted_survives_being_kept() -> None:
    counted = counted_by_one_call()
    assert unpack_counted(pack_counted(counted)) == counted
    assert unpack_counted(b"") == ()
    for broken in (b"\x00", pack_counted(counted)[:-1], bytes(33)):
        with pytest.raises(Broken):
            unpack_counted(broken)


def test_which_window_a_hold_counted_in_is_told_without_unpacking_it() -> None:
    counted = counted_by_one_call()
    packed = pack_counted(counted)
    for limit_id, start, _, _ in counted:
        assert counting_in(limit_id, first=start, last=start)(packed)
        assert counting_in(limit_id, first=-1, last=start + 1)(packed)
        assert not counting_in(limit_id, first=start + 1, last=start + 2)(packed)
        assert not start or not counting_in(limit_id, first=0, last=start - 1)(packed)
        assert not counting_in(limit_id, first=0, last=2**62)(b"")
    assert not counting_in(DAILY.limit_id, first=0, last=2**62)(packed)


@dataclass(kw_only=True)
class Taken:
    """A hold as the model sees it: when, under which limits, how much, and what became of it."""

    at: int
    limits: tuple[Limit, ...]
    counted: tuple[Counted, ...]
    nanos: int
    tokens: int
    state: str = "open"
    charged: int = 0
    taken_tokens: int = 0


class UsageMachine(RuleBasedStateMachine):
    """Calls on two keys of one account, their ends, refunds, edits and time; rows written as the engine writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.rows: dict[UsageKey, UsedAndHeld] = {}
        self.keys = [KEY, replace(KEY, key_id=UUID(int=33), name="server")]
        self.in_force: dict[UUID, Limit] = {}
        self.taken: list[Taken] = []
        self.state = self._fresh()

    @initialize(chosen=st.sets(st.sampled_from([MONTHLY, PER_MINUTE, TOKENS, IN_FLIGHT, CEILING, DAILY])))
    def limits(self, chosen: set[Limit]) -> None:
        self.in_force = {each.limit_id: each for each in sorted(chosen, key=lambda each: each.limit_id)}
        self.state = self._fresh()

    def _fresh(self) -> AccountLimits:
        return AccountLimits(account_id=ACCOUNT, time_zone=ZONE)

    def _read(self, number: int) -> None:
        """Load what `LIMITS_AND_USAGES` would give for one key."""
        key = self.keys[number]
        if self.state.knows(key.key_id):
            return
        minute, day, month = (floor for (floor,) in window_floors(self.now))
        floors = {Window.MINUTE: minute, Window.DAY: day, Window.MONTH: month}
        found: list[tuple[Limit, Usage | None]] = []
        for each in self._limits_of(number):
            found.append((each, None))
            for (limit_id, start), (used, held) in self.rows.items():
                if limit_id == each.limit_id and start >= floors.get(each.window, 0):
                    found.append((each, Usage(limit_id=limit_id, window_start=start, used=used, held=held)))
        self.state.load(keys=[(key, GROUP, AccountDuplicates())], limits=found, read_at=self.now)

    def _limits_of(self, number: int) -> tuple[Limit, ...]:
        scopes = {ACCOUNT, GROUP.group_id, self.keys[number].key_id}
        return tuple(each for each in self.in_force.values() if each.scope_id in scopes)

    @rule()
    def commit(self) -> None:
        """End a batch: every row is then what its holds make it."""
        totals, additions = usage_columns(), usage_columns()
        self.state.take_writes(totals=totals, additions=additions)
        for _, limit_id, start, used, held in zip(*totals, strict=True):
            self.rows[limit_id, start] = (used, held)
        for _, limit_id, start, used, held in zip(*additions, strict=True):
            before = self.rows[limit_id, start]
            self.rows[limit_id, start] = (before[0] + used, before[1] + held)
        assert self.rows == self._expected()

    def teardown(self) -> None:
        self.commit()

    def _expected(self) -> dict[UsageKey, UsedAndHeld]:
        """The usage rows, recomputed from what happened."""
        rows: dict[UsageKey, UsedAndHeld] = {}
        for each in self.taken:
            for applied in each.limits:
                if applied.window is Window.REQUEST:
                    continue
                start, _ = window_bounds(applied.window, each.at, ZONE)
                used, held = {
                    Unit.MONEY: (each.charged, each.nanos),
                    Unit.TOKENS: (each.taken_tokens, each.tokens),
                    Unit.REQUESTS: (1, 0),
                    Unit.IN_FLIGHT: (0, 1),
                }[applied.unit]
                before = rows.get((applied.limit_id, start), (0, 0))
                held = held if each.state == "open" else 0
                rows[applied.limit_id, start] = (before[0] + used, before[1] + held)
        return rows

    @rule(number=st.integers(0, 1), base=st.integers(0, 500), floor=st.integers(0, 50), asked=st.integers(0, 300))
    def authorize(self, number: int, base: int, floor: int, asked: int) -> None:
        self._read(number)
        key_id = self.keys[number].key_id
        ask = Ask(base_nanos=base, output_nanos_per_million=10**6, input_tokens=10, floor_cap=floor, asked_cap=asked)
        admitted = self.state.admit(
            ask,
            wallet=WalletView(spendable=10**9, currency="USD", account_status="active"),
            key_id=key_id,
            model="gpt-5",
            client_address="192.0.2.7",
            token_hash=None,
            now=self.now,
        )
        before = self._expected()
        cap, nanos = admitted or (ask.least_cap, ask.money(ask.least_cap))
        needs = {Unit.MONEY: nanos, Unit.TOKENS: ask.tokens(cap), Unit.REQUESTS: 1, Unit.IN_FLIGHT: 1}
        within = []
        for each in self._limits_of(number):
            used, held = before.get((each.limit_id, window_bounds(each.window, self.now, ZONE)[0]), (0, 0))
            within.append(used + held + needs[each.unit] <= each.amount)
        # L7: both ways, for nobody is refused by a limit that has room.
        assert all(within) is (admitted is not None)
        if admitted is None:
            return
        counted = self.state.hold(key_id=key_id, needed_nanos=nanos, needed_tokens=ask.tokens(cap), now=self.now)
        self.taken.append(
            Taken(at=self.now, limits=self._limits_of(number), counted=counted, nanos=nanos, tokens=ask.tokens(cap))
        )

    def _open(self, data: st.DataObject) -> Taken:
        return data.draw(st.sampled_from([each for each in self.taken if each.state == "open"]))

    @precondition(lambda self: any(each.state == "open" for each in self.taken))
    @rule(data=st.data(), charged=st.integers(0, 900), tokens=st.integers(0, 600))
    def capture(self, data: st.DataObject, charged: int, tokens: int) -> None:
        each = self._open(data)
        each.state, each.charged, each.taken_tokens = "captured", charged, tokens
        self.state.settle(each.counted, charged_nanos=charged, actual_tokens=tokens)

    @precondition(lambda self: any(each.state == "open" for each in self.taken))
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        each = self._open(data)
        each.state = "voided"
        self.state.release(each.counted)

    @precondition(lambda self: any(each.charged for each in self.taken))
    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        each = data.draw(st.sampled_from([each for each in self.taken if each.charged]))
        amount = data.draw(st.integers(1, each.charged))
        each.charged -= amount
        self.state.apply(refund_usage(each.counted, refunded_nanos=amount))

    @precondition(lambda self: self.in_force)
    @rule(data=st.data(), amount=st.integers(0, 1500))
    def change_a_limit(self, data: st.DataObject, amount: int) -> None:
        limit_id = data.draw(st.sampled_from(list(self.in_force)))
        self.commit()
        self.in_force[limit_id] = replace(self.in_force[limit_id], amount=amount)
        self.state = self._fresh()

    @precondition(lambda self: self.in_force)
    @rule(data=st.data())
    def remove_a_limit(self, data: st.DataObject) -> None:
        self.commit()
        del self.in_force[data.draw(st.sampled_from(list(self.in_force)))]
        self.state = self._fresh()

    @rule()
    def another_process_writes(self) -> None:
        self.commit()
        self.state = self._fresh()

    @rule(seconds=st.sampled_from([1, 20, 60, 3600, 86_400, 20 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * 1_000_000


TestUsage = UsageMachine.TestCase
TestUsage.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_usage_counted_before_its_row_was_read_is_not_lost_when_it_is() -> None:
    state = AccountLimits(account_id=ACCOUNT, time_zone=ZONE)
    start = windows_at(NOON, ZONE).starts[3]
    state.release([Counted(MONTHLY.limit_id, start, Unit.MONEY, 300)])
    row = Usage(limit_id=MONTHLY.limit_id, window_start=start, used=5, held=300)
    state.load(keys=[(KEY, GROUP, AccountDuplicates())], limits=[(MONTHLY, row)], read_at=NOON)
    assert state.usages == {(MONTHLY.limit_id, start): (5, 0)}
    totals, additions = usage_columns(), usage_columns()
    state.take_writes(totals=totals, additions=additions)
    assert list(zip(*totals, strict=True)) == [(ACCOUNT, MONTHLY.limit_id, start, 5, 0)]
    assert list(zip(*additions, strict=True)) == []


def test_windows_never_go_back_so_that_a_dropped_row_is_not_taken_for_a_new_one() -> None:
    state = AccountLimits(account_id=ACCOUNT, time_zone=ZONE)
    state.load(keys=[(KEY, GROUP, AccountDuplicates())], limits=[(PER_MINUTE, None)], read_at=NOON)
    later = state.windows(NOON + 60_000_000)
    assert state.windows(NOON) is later


def test_a_clock_that_was_set_back_does_not_ask_for_minutes_that_were_not_read() -> None:
    state = AccountLimits(account_id=ACCOUNT, time_zone=ZONE)
    state.load(keys=[(KEY, GROUP, AccountDuplicates())], limits=[(PER_MINUTE, None)], read_at=NOON + 60_000_000)
    assert state.windows(NOON).starts == windows_at(NOON + 60_000_000, ZONE).starts
