"""The whole ledger against a plain book in memory, after every step, on a real database.

Two engines (as two processes would have them) and units of work take turns on one account, so that what either engine
remembers is stale half the time. Holds L1, L2, L3, L4, L6, L8's consequence (rows only ever added), L9 and L10.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.ledger.chain import link
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.model import (
    BREAKAGE,
    EMPTY_HASH,
    PROMOTIONS,
    Adjust,
    Authorize,
    Capture,
    Command,
    Credit,
    EndGrant,
    Expire,
    Freeze,
    GrantKind,
    HoldCommand,
    Outcome,
    PostUncollected,
    RefundCash,
    RefundCharge,
    RestoreCash,
    Unfreeze,
    Void,
)
from counterfoil.ledger.service import Ledger
from counterfoil.storage.database import Database
from ledger.book import Book, Refusal
from ledger.examples import DAY, MINUTE, STRIPE, as_dict, authorize, bonus, ids_in, paid

T = TypeVar("T")

_CHANNELS = st.sampled_from(["first engine", "second engine", "unit of work"])
_AMOUNTS = st.integers(1, 40)


class World:
    """The database, two engines and a connection that sees everything; shared by all examples of the test."""

    def __init__(self, runtime_url: str, owner_url: str) -> None:
        self._runner = asyncio.Runner()
        self.clock = ManualClock()
        self.owner = psycopg.connect(owner_url, autocommit=True)
        self._url = runtime_url
        self.run(self._open())

    async def _open(self) -> None:
        self.database = await Database.open(self._url)
        self.ledger = Ledger(self.database, clock=self.clock, guard_factory=NoGuard)
        # A cache of one account: the second example already finds the first one's entry pushed out.
        options = EngineSettings(lanes=1, cached_accounts=1)
        self.engines = [Engine(self._url, clock=self.clock, guard_factory=NoGuard, settings=options) for _ in range(2)]
        for engine in self.engines:
            await engine.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def submit(self, channel: str, command: Command) -> Coroutine[Any, Any, Outcome]:
        if channel == "unit of work" or not isinstance(command, Authorize | Capture | Void | Expire):
            return self.ledger.apply(command)
        return self.engines[channel == "second engine"].submit(command)

    async def _close(self) -> None:
        for engine in self.engines:
            await engine.close()
        await self.database.close()

    def close(self) -> None:
        self.run(self._close())
        self._runner.close()
        self.owner.close()


@pytest.fixture
def world(database_url: str, owner_url: str) -> Iterator[World]:
    opened = World(database_url, owner_url)
    yield opened
    opened.close()


class LedgerMachine(RuleBasedStateMachine):
    """One account's life. Rules choose by position from what exists, so that they shrink well."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.book = Book()
        self.past: list[Command] = []
        self.hold_ids: list[UUID] = []
        self.grant_ids: list[UUID] = []
        self.orders: list[str] = []
        self.sources = iter(range(1, 1_000_000))
        self.head = EMPTY_HASH
        self.version = 0
        self.event_no = 0

    @initialize(amount=st.integers(50, 150))
    def open_account(self, amount: int) -> None:
        self.account_id = self.world.run(self.world.ledger.open_account(name="model")).account_id
        self.credit(amount, 0, 0, None, None)

    # -- doing and comparing -----------------------------------------------------------------------------------

    def do(self, channel: str, *commands: Command) -> None:
        """Apply the commands at once (in this order), and have the book say the same of each."""
        results = self.world.run(self._together(channel, commands))
        clock = self.world.clock.now()
        for command, result in zip(commands, results, strict=True):
            self._compare(command, result, clock)

    async def _together(self, channel: str, commands: tuple[Command, ...]) -> list[Outcome | BaseException]:
        work = [self.world.submit(channel, command) for command in commands]
        return await asyncio.gather(*work, return_exceptions=True)

    def _compare(self, command: Command, result: Outcome | BaseException, clock: int) -> None:
        if isinstance(result, BaseException) and not isinstance(result, CounterfoilError):
            raise result
        outcome = None if isinstance(result, BaseException) else result
        new_ids = [id_ for id_ in ids_in(outcome) if id_ not in self.book.buckets]
        try:
            expected: dict[str, Any] | Refusal = self.book.apply(command, clock=clock, new_ids=iter(new_ids))
        except Refusal as refusal:
            expected = refusal
        if isinstance(expected, Refusal):
            assert isinstance(result, CounterfoilError), (command, result, expected)
            assert (result.code, result.parameters.get("field")) == (expected.code, expected.field), command
            return
        assert outcome is not None, (command, result)
        assert as_dict(outcome) == expected, command
        again = replace(command, fresh=False) if isinstance(command, Authorize) else command
        if again not in self.past:
            self.past.append(again)
        self.grant_ids += new_ids

    def source(self) -> str:
        return f"s{next(self.sources)}"

    def hold(self, position: int) -> UUID:
        return self.hold_ids[-1 - position % len(self.hold_ids)]

    def grant(self, position: int) -> UUID:
        return self.grant_ids[-1 - position % len(self.grant_ids)]

    # -- rules -------------------------------------------------------------------------------------------------

    @rule(
        amount=_AMOUNTS,
        extra=st.integers(0, 15),
        priority=st.integers(0, 2),
        paid_days=st.sampled_from([None, None, 1, 2]),
        bonus_days=st.sampled_from([None, 1, 2]),
    )
    def credit(self, amount: int, extra: int, priority: int, paid_days: int | None, bonus_days: int | None) -> None:
        now = max(self.world.clock.now(), self.book.now)
        expiries = [None if days is None else now + days * DAY for days in (paid_days, bonus_days)]
        specs = [paid(amount, priority=100 + priority, expires_at=expiries[0])]
        if extra:
            specs.append(bonus(extra, expires_at=expiries[1]))
        order = self.source()
        self.orders.append(order)
        self.do("", Credit(account_id=self.account_id, source_kind="order", source_id=order, grants=tuple(specs)))

    def authorization(self, floor: int, more: int, minutes: int) -> Authorize:
        hold_id = self.world.clock.new_id()
        self.hold_ids.append(hold_id)
        return authorize(
            floor + more, floor=floor, account_id=self.account_id, hold_id=hold_id, expires_in=minutes * MINUTE,
            fresh=True,
        )  # fmt: skip

    @rule(floor=st.integers(0, 60), more=st.integers(0, 60), minutes=st.integers(0, 10), channel=_CHANNELS)
    def authorize(self, floor: int, more: int, minutes: int, channel: str) -> None:
        self.do(channel, self.authorization(floor, more, minutes))

    def resolution(self, verb: str, position: int, cost: int) -> HoldCommand:
        hold_id = self.hold(position)
        known = self.book.holds.get(hold_id)
        amount = known.amount if known is not None else 10
        if verb == "void":
            return Void(account_id=self.account_id, hold_id=hold_id, reason="upstream_error")
        if verb == "expire":
            return Expire(account_id=self.account_id, hold_id=hold_id)
        costs = {"less": min(cost, amount), "equal": amount, "more": amount + cost, "much more": amount + 1000}
        cost = costs[verb]
        return Capture(account_id=self.account_id, hold_id=hold_id, cost=cost, intent=f"cost={cost}")

    _VERBS = st.sampled_from(["less", "equal", "more", "much more", "void", "expire"])

    @precondition(lambda self: self.hold_ids)
    @rule(verb=_VERBS, position=st.integers(0, 6), cost=st.integers(0, 30), channel=_CHANNELS)
    def resolve(self, verb: str, position: int, cost: int, channel: str) -> None:
        self.do(channel, self.resolution(verb, position, cost))

    @rule(
        steps=st.lists(
            st.tuples(st.sampled_from(["hold", "hold", "less", "equal", "more", "void", "expire"]), st.integers(0, 50)),
            min_size=2,
            max_size=8,
        ),
        channel=st.sampled_from(["first engine", "second engine"]),
    )
    def burst(self, steps: list[tuple[str, int]], channel: str) -> None:
        """Several commands in one batch, resolutions of holds that the same batch makes among them."""
        commands: list[Command] = []
        for verb, number in steps:
            if verb == "hold":
                commands.append(self.authorization(number // 2, number // 3, 3))
            elif self.hold_ids:
                commands.append(self.resolution(verb, number // 10, number // 4))
        self.do(channel, *commands)

    @rule(
        position=st.integers(0, 50),
        destination=st.sampled_from([BREAKAGE, PROMOTIONS, STRIPE]),
        known=st.integers(0, 9),
    )
    def end_grant(self, position: int, destination: str, known: int) -> None:
        grant_id = self.grant(position) if known else self.world.clock.new_id()
        self.do("", EndGrant(account_id=self.account_id, grant_id=grant_id, destination=destination))

    @rule(position=st.integers(0, 50), command=st.sampled_from([Freeze, Freeze, Unfreeze]))
    def freeze_or_unfreeze(self, position: int, command: Any) -> None:
        self.do("", command(account_id=self.account_id, grant_id=self.grant(position), source_id=self.source()))

    @precondition(lambda self: any(hold.paid for hold in self.book.holds.values()))
    @rule(position=st.integers(0, 50), amount=st.sampled_from([None, 1, 3, 8, 1000]))
    def refund_charge(self, position: int, amount: int | None) -> None:
        charged = [hold_id for hold_id in self.hold_ids if hold_id in self.book.holds and self.book.holds[hold_id].paid]
        command = RefundCharge(
            account_id=self.account_id, source_id=self.source(), hold_id=charged[-1 - position % len(charged)],
            amount=amount, reason="bad_answer",
        )  # fmt: skip
        self.do("", command)

    _FATES = st.sampled_from(["nothing", "freeze", "unfreeze", "end", "expire", "cash refund", "cash returned"])

    @rule(
        extra=st.integers(0, 9),
        channel=_CHANNELS,
        while_reserved=_FATES,
        verb=_VERBS,
        cost=st.integers(1, 30),
        before_refund=_FATES,
        amount=st.sampled_from([None, 2]),
        after_refund=_FATES,
    )
    def a_grants_fate(
        self,
        extra: int,
        channel: str,
        while_reserved: str,
        verb: str,
        cost: int,
        before_refund: str,
        amount: int | None,
        after_refund: str,
    ) -> None:
        """An order, most of it reserved; what becomes of its grants before the hold ends, before a refund and after."""
        self.credit(30, extra, 0, 1, 1)
        self.do(channel, self.authorization(20, 9, 5))
        self._befall(while_reserved)
        if verb == "expire":
            self.world.clock.advance(micros=6 * MINUTE)
        self.do(channel, self.resolution(verb, 0, cost))
        self._befall(before_refund)
        command = RefundCharge(
            account_id=self.account_id, source_id=self.source(), hold_id=self.hold_ids[-1], amount=amount, reason="bad"
        )
        self.do("", command)
        self._befall(after_refund)

    def _befall(self, fate: str) -> None:
        if fate == "expire":
            self.world.clock.advance(micros=DAY)
        elif fate.startswith("cash"):
            self.refund_cash(0, 12, returned=fate == "cash returned")
        elif fate != "nothing":
            order = ("order", self.orders[-1])
            for grant_id in [id_ for id_, bucket in self.book.buckets.items() if bucket.source == order]:
                target: dict[str, Any] = {"account_id": self.account_id, "grant_id": grant_id}
                if fate == "end":
                    self.do("", EndGrant(**target, destination=STRIPE))
                else:
                    self.do("", (Freeze if fate == "freeze" else Unfreeze)(**target, source_id=self.source()))

    @rule(position=st.integers(0, 50), amount=st.integers(1, 60), returned=st.booleans())
    def refund_cash(self, position: int, amount: int, returned: bool) -> None:
        order = self.orders[-1 - position % len(self.orders)]
        command = RefundCash(
            account_id=self.account_id, source_id=self.source(), source_kind="order", order_id=order, amount=amount,
            already_returned=returned,
        )  # fmt: skip
        self.do("", command)

    @precondition(lambda self: any(isinstance(one, RefundCash) and not one.already_returned for one in self.past))
    @rule(position=st.integers(0, 50))
    def restore_cash(self, position: int) -> None:
        """A refund that the provider has refused: what it took is the customer's again, once."""
        refunds = [one for one in self.past if isinstance(one, RefundCash) and not one.already_returned]
        refund = refunds[-1 - position % len(refunds)]
        self.do(
            "",
            RestoreCash(
                account_id=self.account_id, source_id=refund.source_id, source_kind="order", order_id=refund.order_id
            ),
        )

    @rule(amount=st.integers(-20, 20).filter(bool), days=st.sampled_from([None, 1]), kind=st.sampled_from(GrantKind))
    def adjust(self, amount: int, days: int | None, kind: GrantKind) -> None:
        now = max(self.world.clock.now(), self.book.now)
        expires_at = None if days is None else now + days * DAY
        self.do(
            "",
            Adjust(
                account_id=self.account_id, source_id=self.source(), amount=amount, kind=kind, expires_at=expires_at
            ),
        )

    @precondition(lambda self: self.hold_ids)
    @rule(position=st.integers(0, 50), amount=_AMOUNTS)
    def post_uncollected(self, position: int, amount: int) -> None:
        self.do("", PostUncollected(account_id=self.account_id, hold_id=self.hold(position), amount=amount))

    @rule(micros=st.sampled_from([1, MINUTE, 4 * MINUTE, DAY // 2, DAY, -MINUTE, -DAY]))
    def time_moves(self, micros: int) -> None:
        self.world.clock.advance(micros=micros)

    @rule()
    def end_due_grants(self) -> None:
        async def sweep() -> int:
            async with self.world.database.unit_of_work() as connection:
                return await self.world.ledger.session(connection).end_due_grants(self.account_id)

        due = self.book.sweep(clock=self.world.clock.now())
        assert self.world.run(sweep()) == due

    @precondition(lambda self: self.past)
    @rule(position=st.integers(0, 500), channel=_CHANNELS, times=st.integers(1, 3))
    def repeat(self, position: int, channel: str, times: int) -> None:
        """L4: an old command gets its first answer, whatever has changed since."""
        self.do(channel, *[self.past[position % len(self.past)]] * times)

    @precondition(lambda self: self.past)
    @rule(position=st.integers(0, 500), channel=_CHANNELS)
    def repeat_with_another_intent(self, position: int, channel: str) -> None:
        command: Any = self.past[position % len(self.past)]
        changes: dict[type, Callable[[], Any]] = {
            Authorize: lambda: replace(command, intent=command.intent.replace("asked=", "asked=1")),
            Capture: lambda: replace(command, intent=command.intent + "1"),
            Credit: lambda: replace(command, grants=(*command.grants, bonus(1))),
            EndGrant: lambda: replace(command, destination="clearing:other"),
            RefundCharge: lambda: replace(command, reason="another"),
            RefundCash: lambda: replace(command, amount=command.amount + 1),
            RestoreCash: lambda: replace(command, order_id=command.order_id + "x"),
            Adjust: lambda: replace(command, amount=command.amount - 100),
            PostUncollected: lambda: replace(command, amount=command.amount + 1),
        }
        change = changes.get(type(command))
        if change is not None:
            self.do(channel, change())

    # -- after every step --------------------------------------------------------------------------------------

    @invariant()
    def agrees_with_the_book(self) -> None:
        if not hasattr(self, "account_id"):
            return
        fetch = self.world.owner.execute
        row = fetch(
            "SELECT posted, held, version, event_no, last_at, head_hash FROM accounts WHERE account_id = %s",
            (self.account_id,),
        ).fetchone()
        assert row is not None
        posted, held, version, event_no, last_at, head = row
        grants = fetch(
            "SELECT grant_id, remaining, held, state, destination, expires_at FROM grants WHERE account_id = %s",
            (self.account_id,),
        ).fetchall()
        assert (posted, held) == (self.book.posted, self.book.held)  # L6, L3
        assert 0 <= held <= posted  # L2
        assert last_at == self.book.now
        assert event_no >= self.event_no
        self.event_no = event_no
        # A grant that is used up is not looked at when it falls due.
        found = {
            id_: (remaining, reserved, state, destination)
            if remaining or state != "open" or expires_at is None or expires_at > last_at
            else (0, 0, "ended", BREAKAGE)
            for id_, remaining, reserved, state, destination, expires_at in grants
        }
        buckets = self.book.buckets.values()
        assert found == {b.id: (b.remaining, b.held, b.state, b.destination) for b in buckets}
        self._follow_the_chain(version, bytes(head))

    def _follow_the_chain(self, version: int, head: bytes) -> None:
        columns = (
            "account_id, version, event_no, transfer_id, debit, credit, amount, code, cause_kind, cause_id,"
            " operation_key, leg, hold_id, grant_id, created_at, prev_hash, hash"
        )
        rows = self.world.owner.execute(
            f"SELECT {columns} FROM transfers WHERE account_id = %s AND version > %s ORDER BY version",
            (self.account_id, self.version),
        ).fetchall()
        for values in rows:
            row = dict(zip(columns.split(", "), values, strict=True))
            self.version += 1
            assert row["version"] == self.version
            assert row["prev_hash"] == self.head
            self.head = row.pop("hash")
            assert self.head == link(**row)
        assert (version, head) == (self.version, self.head)

    def teardown(self) -> None:
        if not hasattr(self, "account_id"):
            return
        names: dict[str, int] = {}
        rows = self.world.owner.execute(
            "SELECT debit, credit, amount FROM transfers WHERE account_id = %s", (self.account_id,)
        )
        for debit, credit, amount in rows:
            names[debit] = names.get(debit, 0) - amount
            names[credit] = names.get(credit, 0) + amount
        assert {n: v for n, v in names.items() if v} == {n: v for n, v in self.book.names.items() if v}
        assert sum(names.values()) == 0  # L1


def test_l1_to_l10_the_ledger_and_a_plain_book_agree_after_every_step(world: World) -> None:
    """Invariants L1, L2, L3, L4, L6, L9, L10; then the whole database verifies."""
    run_state_machine_as_test(
        lambda: LedgerMachine(world),
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            report_multiple_bugs=False,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    report = world.run(world.ledger.verify([]))
    assert report.findings == []
    assert report.sums == {"USD": 0}
    assert report.transfers > 100
