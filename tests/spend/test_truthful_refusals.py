"""A key with money left is never refused falsely: a plain model of wallet and limits predicts every decision.

Calls, their ends, expiries, refunds, credits and edits in any order, over two serving processes that are started again
now and then.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.periods import Window
from counterfoil.limits.model import GroupSettings, Scope, Unit
from counterfoil.spend.model import Admission
from spend.market import TOKEN, Customer, Market, Till, open_market

FLOOR = 1_024
CAPS = st.sampled_from([1, 10, 500, 1_024, 1_500, 32_000])
STEP = st.one_of(
    st.tuples(st.just("call"), CAPS),
    st.tuples(st.just("call"), CAPS),
    st.tuples(st.just("deliver"), st.integers(0, 2_000)),
    st.tuples(st.just("fail"), st.just(0)),
    st.tuples(st.just("expire"), st.just(0)),
    st.tuples(st.just("refund"), st.integers(1, 600)),
    st.tuples(st.just("credit"), st.integers(1, 3_000)),
    st.tuples(st.just("limit"), st.integers(0, 6_000)),
    st.tuples(st.just("places"), st.integers(0, 3)),
    st.tuples(st.just("restart"), st.just(0)),
)
# What, at which process, with which of the two keys.
STEPS = st.lists(st.tuples(STEP, st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=25)
Steps = list[tuple[tuple[str, int], int, int]]


@dataclass(slots=True)
class Model:
    """All amounts in tokens. The limit is the group's, the places in flight are the first key's."""

    posted: int
    limit: int
    places: int
    held: int = 0
    used: int = 0
    open: list[tuple[Admission, int, int]] = field(default_factory=list)
    charged: list[tuple[Admission, int]] = field(default_factory=list)

    def cap_of(self, asked: int, key: int) -> int | None:
        """The cap that a call is admitted with, or None."""
        if key == 0 and sum(each == 0 for _, _, each in self.open) >= self.places:
            return None
        room = min(self.posted - self.held, self.limit - self.used - self.held)
        cap = min(asked, room)
        return cap if cap >= min(asked, FLOOR) else None


@dataclass(slots=True, kw_only=True)
class Run:
    """One example: an account of its own against the model."""

    market: Market
    tills: list[Till]
    stacks: list[AsyncExitStack]

    async def play(self, steps: Steps, posted: int, limit: int) -> None:
        market = self.market
        first = await market.customer(credit=posted * TOKEN, group=GroupSettings(name="research"))
        keys = (first, await market.another_key(first.account_id, first.group_id))
        limit_id = await market.limit(first, Scope.GROUP, limit * TOKEN, window=Window.LIFETIME)
        await market.limit(first, Scope.KEY, 2, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
        model = Model(posted=posted, limit=limit, places=2)
        for number, ((verb, argument), which, key) in enumerate(steps):
            if verb == "call":
                await self._call(model, keys[key], argument, which, key)
            else:
                await getattr(self, "_" + verb)(model, first, argument, which, number)
            assert await market.balance(first) == (model.posted * TOKEN, model.held * TOKEN)
            assert await market.usage_now(limit_id) == (model.used * TOKEN, model.held * TOKEN)

    async def _call(self, model: Model, customer: Customer, asked: int, which: int, key: int) -> None:
        expected = model.cap_of(asked, key)
        outcome = await self.tills[which].call(customer, cap=asked)
        if expected is None:
            assert not isinstance(outcome, Admission), f"admitted against the model with {outcome.output_cap}"
            return
        assert isinstance(outcome, Admission), f"refused falsely with {outcome.decision}"
        assert outcome.output_cap == expected
        model.held += expected
        model.open.append((outcome, expected, key))

    async def _deliver(self, model: Model, customer: Customer, tokens: int, which: int, number: int) -> None:
        if not model.open:
            return
        admission, held, _ = model.open.pop(0)
        charge = await self.tills[which].deliver(admission, tokens)
        overage = min(max(0, tokens - held), model.posted - model.held)
        cost = min(tokens, held) + overage
        assert (charge.charged, charge.uncollected) == (cost * TOKEN, (tokens - cost) * TOKEN)
        model.held -= held
        model.posted -= cost
        model.used += cost
        model.charged.append((admission, cost))

    async def _fail(self, model: Model, customer: Customer, argument: int, which: int, number: int) -> None:
        if model.open:
            admission, held, _ = model.open.pop()
            await self.tills[which].fail(admission)
            model.held -= held

    async def _expire(self, model: Model, customer: Customer, argument: int, which: int, number: int) -> None:
        self.market.clock.advance(seconds=700)
        await self.market.ledger.expire_overdue()
        model.held = 0
        model.open.clear()

    async def _refund(self, model: Model, customer: Customer, tokens: int, which: int, number: int) -> None:
        if not model.charged:
            return
        admission, left = model.charged.pop()
        part = min(tokens, left)
        if part:
            await self.tills[which].spend.refund(
                admission.request_id, source_id=f"case-{number}", amount=part * TOKEN, reason="poor answer"
            )
            model.posted += part
            model.used -= part
            model.charged.append((admission, left - part))

    async def _credit(self, model: Model, customer: Customer, tokens: int, which: int, number: int) -> None:
        await self.market.credit(customer.account_id, tokens * TOKEN)
        model.posted += tokens

    async def _limit(self, model: Model, customer: Customer, tokens: int, which: int, number: int) -> None:
        await self.market.limit(customer, Scope.GROUP, tokens * TOKEN, window=Window.LIFETIME)
        model.limit = tokens

    async def _places(self, model: Model, customer: Customer, places: int, which: int, number: int) -> None:
        await self.market.limit(customer, Scope.KEY, places, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
        model.places = places

    async def _restart(self, model: Model, customer: Customer, argument: int, which: int, number: int) -> None:
        await self.stacks[which].aclose()
        self.tills[which] = await self.stacks[which].enter_async_context(self.market.till())


def test_every_decision_is_the_models(database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opened: Any = open_market(database_url=database_url, owner_url=owner_url, clock=clock, folder=tmp_path / "data")
        market: Market = runner.run(stack.enter_async_context(opened))
        stacks = [AsyncExitStack(), AsyncExitStack()]
        tills = [runner.run(each.enter_async_context(market.till())) for each in stacks]
        run = Run(market=market, tills=tills, stacks=stacks)

        @given(steps=STEPS, posted=st.integers(0, 5_000), limit=st.integers(0, 8_000))
        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        def check(steps: Steps, posted: int, limit: int) -> None:
            runner.run(run.play(steps, posted, limit))

        check()
        assert runner.run(market.ledger.verify([])).transfers > 0
        for each in stacks:
            runner.run(each.aclose())
        # Its books are checked as it closes.
        runner.run(stack.aclose())


async def test_a_settled_hold_never_stands_in_the_way(market: Market, till: Till) -> None:
    """Two hundred calls one after another, each for all that is left, until it is gone."""
    customer = await market.customer(credit=600 * TOKEN)
    await market.limit(customer, Scope.KEY, 400 * TOKEN, window=Window.LIFETIME)
    for number in range(200):
        left = 400 - 2 * number
        admission = await till.admitted(customer, cap=left)
        assert admission.hold.amount == left * TOKEN
        if number % 2:
            await till.fail(admission)
            admission = await till.admitted(customer, cap=left)
        await till.deliver(admission, 2)
    assert (await till.refused(customer, cap=1)).code == "key_limit"
