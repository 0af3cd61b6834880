"""Staging incidents: hundreds of customers go about their work, and to each something happens one day.

What an incident's answer must name is decided by how it was staged, here and nowhere else: this module and those beside it
know nothing of the desk of evidence but the names of what can be found.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from counterfoil.cli.bench_incidents_customers import MILLI, Customer
from counterfoil.cli.bench_incidents_drops import SCRIPTS as DROPS
from counterfoil.cli.bench_incidents_limits import SCRIPTS as LIMITS
from counterfoil.cli.bench_incidents_model import Question, Script
from counterfoil.cli.bench_incidents_recharges import SCRIPTS as RECHARGES
from counterfoil.cli.bench_incidents_refusals import SCRIPTS as REFUSALS
from counterfoil.cli.bench_incidents_stage import BEGINS_AT, Stage
from counterfoil.cli.bench_incidents_tasks import SCRIPTS as TASKS
from counterfoil.cli.bench_incidents_time import DAY, HOUR, MINUTE, Actor
from counterfoil.foundation.clock import MICROS_PER_SECOND
from counterfoil.spend.model import Admission

# Hands on what is asked about an incident of a customer, when it is asked.
Ask = Callable[[Customer, Question], Awaitable[None]]

SCRIPTS: tuple[Script, ...] = (*REFUSALS, *LIMITS, *RECHARGES, *DROPS, *TASKS)
# So many incidents begin in a day, so that the longest ones overlap with many others.
_A_DAY = 40
_ROUND_HOURS = 4
# Who has less than this recharges before the next round.
_LOW, _RECHARGE = 1_200 * MILLI, 3_000 * MILLI
_AT_ONCE = 8


@dataclass(slots=True)
class _World:
    """Everybody on the stage."""

    stage: Stage
    ask: Ask
    customers: list[Customer] = field(default_factory=list)
    unfinished: int = 0
    asked: int = 0

    async def live(self, script: Script, rng: random.Random) -> None:
        """One customer: some days of work, the incident, and work again."""
        customer = await Customer.open(self.stage)
        script.prepare(customer)
        await customer.recharge(_RECHARGE)
        self.customers.append(customer)
        customer.at_work = True
        await self.stage.agenda.wait(script.days * DAY + rng.randint(0, 12 * HOUR))
        customer.at_work = False
        await self.stage.agenda.wait(rng.randint(5, 30) * MINUTE)
        question = await script.scene(customer, rng)
        await self.stage.agenda.wait(rng.randint(1, 30) * MINUTE)
        if not question.is_late:
            await self.ask(customer, question)
        # Whatever was missing then is there now, and nothing is in the way.
        await customer.lift_limits()
        await customer.recharge(_RECHARGE)
        customer.at_work = True
        await self.stage.agenda.wait(DAY)
        customer.at_work = False
        if question.is_late:
            await self.ask(customer, question)
        self.unfinished -= 1
        self.asked += 1

    async def work(self) -> None:
        """What everybody usually does, round after round."""
        while self.unfinished:
            await self._round()
            await self.stage.agenda.wait(_ROUND_HOURS * HOUR)

    async def _round(self) -> None:
        at_once = asyncio.Semaphore(_AT_ONCE)
        active = [customer for customer in self.customers if customer.at_work]
        chosen = [customer for customer in active if customer.rng.random() < customer.diligence]

        async def refill(customer: Customer) -> None:
            async with at_once:
                if await customer.spendable() < _LOW:
                    await customer.recharge(_RECHARGE)

        await asyncio.gather(*[refill(customer) for customer in chosen])
        self.stage.clock.advance(seconds=20)
        admitted = await asyncio.gather(*[customer.call(customer.usual()) for customer in chosen])
        self.stage.clock.advance(seconds=20)
        ends = []
        for customer, admission in zip(chosen, admitted, strict=True):
            assert isinstance(admission, Admission), admission
            used = customer.rng.randint(60, 100) * (admission.output_cap or 0) // 100 * MILLI
            customer.note(used)
            ends.append(customer.settle(admission, used))
        await asyncio.gather(*ends)


async def stage_incidents(
    stage: Stage,
    *,
    cases: int,
    ask: Ask,
    progress: Callable[[str], None],
    scripts: Sequence[Script] = SCRIPTS,
    a_day: int = _A_DAY,
) -> None:
    """Stage so many incidents, `a_day` of them a day, and everything around them; `ask` is called with what is asked about
    each."""
    world = _World(stage, ask, unfinished=cases)
    chosen = _choose(stage.rng, scripts, cases)
    actors: list[Actor] = [(BEGINS_AT, world.work)]
    for number, script in enumerate(chosen):
        begins = BEGINS_AT + (number * DAY // a_day + stage.rng.randint(0, HOUR)) * MICROS_PER_SECOND
        rng = random.Random(stage.rng.getrandbits(64))
        actors.append((begins, _actor(world, number, script, rng)))
    actors.append((BEGINS_AT, lambda: _tell(world, cases, progress)))
    await stage.agenda.run(actors)


def _choose(rng: random.Random, scripts: Sequence[Script], cases: int) -> list[Script]:
    """Each script as often as its weight says, mixed; of few cases, those that weigh most."""
    deck: list[Script] = []
    while len(deck) < cases:
        hand = [script for script in scripts for _ in range(script.weight)]
        rng.shuffle(hand)
        deck += hand
    return deck[:cases]


def _actor(world: _World, number: int, script: Script, rng: random.Random) -> Callable[[], Awaitable[None]]:
    async def act() -> None:
        try:
            await world.live(script, rng)
        except Exception as error:
            error.add_note(f"incident {number}: {script.name}")
            raise

    return act


async def _tell(world: _World, cases: int, progress: Callable[[str], None]) -> None:
    """Say now and then how far it is."""
    while world.unfinished:
        await world.stage.agenda.wait(2 * DAY)
        progress(f"{world.asked:,} of {cases:,} incidents staged and asked about")
