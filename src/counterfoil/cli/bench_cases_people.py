"""The people of the generated month, and those whose records look like theirs.

Nicknames are shared, as they are; before and after an incident others do the same: the same kind of thing goes wrong for
them on the same day, and orders of the same amount are made within the hour.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from uuid import UUID

from counterfoil.cli.bench_cases_alikes import ORDERS, REFUSED, TASKS, Hurried, HurriedCashier, Made
from counterfoil.cli.bench_cases_model import Reporter
from counterfoil.cli.bench_incidents_customers import MILLI, Customer
from counterfoil.cli.bench_incidents_drops import SCRIPTS as DROPS
from counterfoil.cli.bench_incidents_model import Question, Scene, Script
from counterfoil.cli.bench_incidents_time import MINUTE
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.model import MemberSettings
from counterfoil.recharge.model import Order

_NICKNAMES = (
    "小明", "阿杰", "大刘", "老王", "晓雨", "子涵", "一诺", "阿May", "星河", "北极熊", "阿狸", "木子", "小鱼", "橙子", "海盐", "十七",
    "kevin", "Lucy", "mike_dev", "sunny", "Nina", "joe", "anna.k", "raven", "Tomas", "bluefox", "echo", "zed", "max", "Ivy",
)  # fmt: skip
_FIRST_MONEY = 3_000 * MILLI
# How often others meet with the same on the same day.
_TWINS = 0.35
_NEIGHBOURS = 0.6
# How often somebody does it more than once within minutes.
_HURRIED = 0.6
# A day's fall is held against many days before it: nobody else has just the same.
_ALONE = frozenset(script.name for script in DROPS)


@dataclass(slots=True)
class People:
    """Everybody's membership, made as soon as somebody is met."""

    known: dict[UUID, Reporter] = field(default_factory=dict)
    # What looks like a record and is of the same account, by the record's id.
    alikes: dict[UUID, tuple[Made, ...]] = field(default_factory=dict)

    async def meet(self, customer: Customer) -> Reporter:
        """Who a customer is; the first time, they become a member of their account."""
        found = self.known.get(customer.key_id)
        if found is not None:
            return found
        rng = random.Random(customer.email)
        nickname = rng.choice(_NICKNAMES) + ("" if rng.random() < 0.5 else str(rng.randrange(10, 99)))
        member = await customer.stage.members.add(
            account_id=customer.account_id, settings=MemberSettings(email=customer.email, nickname=nickname)
        )
        in_china = customer.time_zone == "Asia/Shanghai"
        language = Language.ZH if rng.random() < (0.9 if in_china else 0.3) else Language.EN
        account = await customer.stage.ledger.account(customer.account_id)
        reporter = Reporter(
            account_id=customer.account_id, account_name=account.name, email=member.email, nickname=nickname,
            user_number=member.user_number, key_mask=customer.mask, group="team", time_zone=customer.time_zone,
            client=customer.client, language=language,
        )  # fmt: skip
        self.known[customer.key_id] = reporter
        return reporter

    def among_others(self, script: Script) -> Script:
        """The same incident, with people around it to whom something alike happens."""

        async def scene(customer: Customer, rng: random.Random) -> Question:
            await self.meet(customer)
            seed = rng.getrandbits(64)
            others = random.Random(rng.getrandbits(64))
            if others.random() < _TWINS and script.name not in _ALONE:
                await self._twin(customer, script.scene, seed)
            question = await self._staged(customer, script, seed, others)
            if question.asked is not None and question.asked.kind == "order" and others.random() < _NEIGHBOURS:
                await self._neighbours(customer, question.asked.about, others)
            return question

        return replace(script, scene=scene)

    async def _staged(self, customer: Customer, script: Script, seed: int, rng: random.Random) -> Question:
        """The incident itself, often of somebody in a hurry."""
        dice = random.Random(rng.getrandbits(64))
        if dice.random() >= _HURRIED:
            return await script.scene(customer, random.Random(seed))
        if script.name in REFUSED | TASKS:
            hurried = Hurried.of(customer, dice, name=script.name)
            question = await script.scene(hurried, random.Random(seed))
            hurried.calm_down(customer)
            made = tuple(hurried.made)
        elif script.name in ORDERS:
            stage, orders = customer.stage, dict[UUID, Order]()
            customer.stage = replace(stage, cashier=HurriedCashier.of(stage, abandoned=orders, dice=dice))
            question = await script.scene(customer, random.Random(seed))
            customer.stage = stage
            about = None if question.asked is None else orders.get(question.asked.about)
            made = () if about is None else (Made(kind="order", record_id=about.order_id),)
        else:
            return await script.scene(customer, random.Random(seed))
        if question.asked is not None:
            self.alikes[question.asked.about] = made
        return question

    async def _twin(self, customer: Customer, scene: Scene, seed: int) -> None:
        """Somebody else, to whom just the same happens shortly before: the same amounts, the same model."""
        twin = await Customer.open(customer.stage)
        await self.meet(twin)
        await twin.recharge(_FIRST_MONEY)
        await scene(twin, random.Random(seed))
        await customer.stage.agenda.wait(5 * MINUTE)

    async def _neighbours(self, customer: Customer, order_id: UUID, rng: random.Random) -> None:
        """Others pay as much within the hour."""
        order = await customer.stage.orders.order(order_id)
        for _ in range(rng.randint(1, 2)):
            await customer.stage.agenda.wait(rng.randint(1, 9) * MINUTE)
            neighbour = await Customer.open(customer.stage)
            await self.meet(neighbour)
            await neighbour.recharge(order.amount)
