"""Look-alikes by the same hand: what the reporter did once more within minutes, with the same model and for the same money.

A call that was refused is tried again; an order is begun twice and one is left lying; before something fails, the same thing
was done once and went well, or failed as well. Only what the ticket tells can say which one is meant.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from counterfoil.cli.bench_incidents_customers import FILM_SECOND, PICTURE_EACH, Customer
from counterfoil.cli.bench_incidents_limits import SCRIPTS as _LIMITS
from counterfoil.cli.bench_incidents_recharges import SCRIPTS as _RECHARGES
from counterfoil.cli.bench_incidents_refusals import SCRIPTS as _REFUSALS
from counterfoil.cli.bench_incidents_stage import Stage
from counterfoil.cli.bench_incidents_tasks import SCRIPTS as _TASKS
from counterfoil.cli.bench_incidents_till import Cashier
from counterfoil.cli.bench_incidents_time import Agenda
from counterfoil.recharge.model import Order
from counterfoil.spend.model import Admission, RefusedCall
from counterfoil.tasks.model import NotSubmitted, Submitted, TaskState

REFUSED = frozenset(script.name for script in (*_REFUSALS, *_LIMITS))
TASKS = frozenset(script.name for script in _TASKS)
# It makes its two orders itself.
ORDERS = frozenset(script.name for script in _RECHARGES) - {"the other order of the same recharge was paid"}
# Further apart than a minute, so that a time to the minute tells them apart, and all of it within a few.
_APART = (65, 110)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Something alike: its kind and id."""

    kind: str
    record_id: UUID


@dataclass(kw_only=True)
class Hurried(Customer):
    """A customer who does it more than once. What was made beside the incident is in `made`."""

    tries_again: bool = False
    does_before: bool = False
    made: list[Made] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(0))

    @classmethod
    def of(cls, customer: Customer, rng: random.Random, *, name: str) -> Hurried:
        """The customer of an incident of that name, in a hurry."""
        known: dict[str, Any] = {one.name: getattr(customer, one.name) for one in fields(Customer)}
        return cls(**known, tries_again=name in REFUSED, does_before=name in TASKS, dice=rng)

    def calm_down(self, customer: Customer) -> None:
        """What has become of this one is the customer's."""
        for name in ("requests", "refused_at", "model", "diligence", "at_work"):
            setattr(customer, name, getattr(self, name))

    async def refused(self, nanos: int, *, code: str | None = None, **arguments: Any) -> UUID:
        request_id = await super().refused(nanos, code=code, **arguments)
        if self.tries_again and code is not None:
            self.tries_again = False
            refused_at = self.refused_at
            for _ in range(self.dice.randint(1, 2)):
                await self._wait()
                answer = await self.call(nanos, **arguments)
                if isinstance(answer, Admission):
                    await self.fail(answer)
                self.made.append(Made(kind="request", record_id=answer.request_id))
            self.refused_at = refused_at
        return request_id

    async def hold(self, nanos: int, **arguments: Any) -> Admission:
        if self._takes_turn():
            await self.recharge(2 * nanos)
            for _ in range(self.dice.randint(1, 2)):
                admission = await super().hold(nanos)
                if self.dice.random() < 0.5:
                    await self.settle(admission, nanos)
                else:
                    await self.fail(admission)
                self.made.append(Made(kind="request", record_id=admission.request_id))
                await self._wait()
        return await super().hold(nanos, **arguments)

    async def ask_for_film(
        self, seconds: int, *, content: bytes | None = None, **arguments: Any
    ) -> Submitted | RefusedCall | NotSubmitted:
        if self._takes_turn():
            await self.recharge(2 * seconds * FILM_SECOND)
            for _ in range(self.dice.randint(1, 2)):
                answer = await super().ask_for_film(seconds)
                if isinstance(answer, Submitted):
                    await self.tell(answer.task, self.dice.choice((TaskState.SUCCEEDED, TaskState.FAILED)))
                if not isinstance(answer, RefusedCall):
                    self.made.append(Made(kind="request", record_id=answer.task.task_id))
                await self._wait()
        return await super().ask_for_film(seconds, content=content, **arguments)

    async def picture(self, count: int, *, content: bytes | None = None, fails: bool = False) -> UUID:
        if self._takes_turn():
            await self.recharge(count * PICTURE_EACH)
            task_id = await super().picture(count, fails=self.dice.random() < 0.5)
            self.made.append(Made(kind="request", record_id=task_id))
            await self._wait()
        return await super().picture(count, content=content, fails=fails)

    def _takes_turn(self) -> bool:
        takes, self.does_before = self.does_before, False
        return takes

    async def _wait(self) -> None:
        await self.stage.agenda.wait(self.dice.randint(*_APART))


@dataclass(frozen=True, slots=True, kw_only=True)
class HurriedCashier(Cashier):
    """A cashier whose customers begin an order of the same amount shortly before, which nobody pays; `abandoned` holds it by
    the id of the one after it."""

    agenda: Agenda
    abandoned: dict[UUID, Order]
    dice: random.Random

    @classmethod
    def of(cls, stage: Stage, *, abandoned: dict[UUID, Order], dice: random.Random) -> HurriedCashier:
        known: dict[str, Any] = {one.name: getattr(stage.cashier, one.name) for one in fields(Cashier)}
        return cls(**known, agenda=stage.agenda, abandoned=abandoned, dice=dice)

    async def order(self, account_id: UUID, nanos: int) -> Order:
        abandoned = await Cashier.order(self, account_id, nanos)
        if self.dice.random() < 0.5:
            await self.orders.pay(abandoned.order_id)
        await self.agenda.wait(self.dice.randint(*_APART))
        order = await Cashier.order(self, account_id, nanos)
        self.abandoned[order.order_id] = abandoned
        return order
