"""What goes wrong with a customer's money before a call is refused: copies, retries, credit that ends, credit that is frozen.

Each mishap takes a known amount away. What it takes for good may happen early; what it only reserves happens right before
the refusal, since a reservation does not last. `after` is what becomes of it later, which no answer about the refusal may
know of.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from counterfoil.cli.bench_incidents_customers import FILM_SECOND, MILLI, USUAL, Customer
from counterfoil.cli.bench_incidents_till import to_cents
from counterfoil.cli.bench_incidents_time import HOUR, MINUTE
from counterfoil.ledger.model import Adjust, GrantKind
from counterfoil.recharge.model import DisputeState, Order
from counterfoil.spend.model import Admission
from counterfoil.tasks.model import TaskState, TaskView

_COPY_MOST = USUAL[1]


@dataclass(slots=True, kw_only=True)
class Mishap:
    """`amount` is what the customer could spend without it and cannot with it; `late_needs` is what must be there for what
    happens late."""

    amount: int
    late_needs: int = 0

    async def early(self, customer: Customer) -> None:
        return

    async def late(self, customer: Customer) -> None:
        return

    async def after(self, customer: Customer) -> None:
        return


# How many are too many: a person clicks a few times more, a client that is not held back retries many times.
_CLICKS, _RETRIES = (2, 3, 4, 5, 6), (5, 6, 7, 8)


def _shares(
    rng: random.Random, least: int, most: int, *, of: int = MILLI, counts: tuple[int, ...] = _CLICKS
) -> tuple[int, int]:
    """How many equal parts, and how much each, come to at least `least` and at most `most` nanos."""
    for count in rng.sample(counts, len(counts)):
        low, high = -(-least // (count * of)), min(most, _COPY_MOST * count) // (count * of)
        if 1 <= low <= high:
            return count, rng.randint(max(1, low), high) * of
    return counts[0], max(of, most // counts[0] // of * of)


# -- sent more than once -----------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Copies(Mishap):
    """One thing is sent again and again: the first is meant, the others (`count`) are too many. As clicks, or as a client
    that retries by itself."""

    each: int
    count: int
    open_count: int
    is_early: bool
    by_client: bool
    admissions: list[Admission] = field(default_factory=list)
    charged: list[UUID] = field(default_factory=list)

    @classmethod
    def of(cls, rng: random.Random, least: int, most: int, *, by_client: bool) -> Copies:
        count, each = _shares(rng, least, most, counts=_RETRIES if by_client else _CLICKS)
        is_early = rng.random() < 0.5
        return cls(
            amount=count * each, each=each, count=count, is_early=is_early, by_client=by_client,
            open_count=0 if is_early else rng.randint(0, count),
            late_needs=0 if is_early else (count + 1) * each,
        )  # fmt: skip

    async def early(self, customer: Customer) -> None:
        if self.is_early:
            await customer.ensure(self.each * (self.count + 1))
            await self._send(customer)

    async def late(self, customer: Customer) -> None:
        if not self.is_early:
            await self._send(customer)

    async def _send(self, customer: Customer) -> None:
        content = customer.content()
        first = await customer.hold(self.each, content=content)
        if not self.by_client:
            await customer.settle(first, self.each)
        for number in range(1, self.count + 1):
            await customer.stage.agenda.wait(customer.rng.randint(2, 15))
            retry = number if self.by_client else None
            admission = await customer.hold(self.each, content=content, retry_count=retry)
            if number > self.count - self.open_count:
                self.admissions.append(admission)
            else:
                await customer.settle(admission, self.each)
                self.charged.append(admission.request_id)
        if self.by_client:
            # The client had given up on the first; it was made all the same.
            await customer.settle(first, self.each, client_gone=True)

    async def after(self, customer: Customer) -> None:
        for admission in self.admissions:
            await customer.settle(admission, self.each)
        if customer.rng.random() < 0.4:
            # Support has seen it, and has given them back: too late for the call that was refused.
            for request_id in self.charged:
                await give_back(customer, request_id)


async def give_back(customer: Customer, request_id: UUID) -> None:
    """Refund all of a charge."""
    await customer.stage.spend.refund(
        request_id, source_id=f"ticket {request_id.hex}", amount=None, reason="sent too often"
    )


@dataclass(slots=True, kw_only=True)
class Films(Mishap):
    """A video that took long and was submitted again, `count` times."""

    seconds: int
    count: int
    tasks: list[TaskView] = field(default_factory=list)

    @classmethod
    def of(cls, rng: random.Random, least: int, most: int) -> Films:
        count, each = _shares(rng, least, most, of=FILM_SECOND)
        return cls(amount=count * each, late_needs=(count + 1) * each, seconds=each // FILM_SECOND, count=count)

    async def late(self, customer: Customer) -> None:
        content = customer.content()
        first = await customer.film(self.seconds, content=content)
        for _ in range(self.count):
            await customer.stage.agenda.wait(customer.rng.randint(5, 60))
            self.tasks.append(await customer.film(self.seconds, content=content))
        await customer.tell(first, TaskState.SUCCEEDED)
        if customer.rng.random() < 0.5:
            await customer.tell(self.tasks[0], TaskState.SUCCEEDED)

    async def after(self, customer: Customer) -> None:
        for task in self.tasks:
            await customer.tell(task, TaskState.FAILED, failure_code="moderation_blocked")


@dataclass(slots=True, kw_only=True)
class Bursts(Mishap):
    """A client's retries of several calls at once, all of them charged."""

    each: int
    calls: int
    retries: int

    @classmethod
    def of(cls, rng: random.Random, least: int, most: int) -> Bursts:
        calls, retries = rng.choice(((3, 2), (2, 3), (4, 2), (3, 3)))
        copies = calls * retries
        low, high = -(-least // (copies * MILLI)), most // (copies * MILLI)
        each = rng.randint(max(1, low), max(1, low, high)) * MILLI
        return cls(amount=copies * each, each=each, calls=calls, retries=retries)

    async def early(self, customer: Customer) -> None:
        await customer.ensure(self.each * self.calls * (self.retries + 1))
        waiting = [(content, await customer.hold(self.each, content=content)) for content in self._contents(customer)]
        for number in range(1, self.retries + 1):
            await customer.stage.agenda.wait(customer.rng.randint(2, 20))
            for content, _ in waiting:
                await customer.serve(self.each, content=content, retry_count=number)
        for _, admission in waiting:
            await customer.settle(admission, self.each, client_gone=True)

    def _contents(self, customer: Customer) -> list[bytes]:
        return [customer.content() for _ in range(self.calls)]


# -- credit that cannot be spent -----------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Expiry(Mishap):
    """Credit that ended before it was used up; a part of it may have been used."""

    async def early(self, customer: Customer) -> None:
        used = customer.rng.choice((0, 0, customer.usual()))
        hours = customer.rng.randint(1, 4)
        await customer.give(self.amount + used, seconds=hours * HOUR)
        if used:
            await customer.stage.agenda.wait(customer.rng.randint(1, 40) * MINUTE)
            await customer.serve(used)
        await customer.stage.agenda.wait(hours * HOUR + customer.rng.randint(1, 30) * MINUTE)
        await customer.stage.ledger.end_due_grants()


@dataclass(slots=True, kw_only=True)
class Dispute(Mishap):
    """A payment that its payer has taken back at the bank: its credit is frozen."""

    order: Order | None = None

    async def early(self, customer: Customer) -> None:
        self.order = await customer.recharge(self.amount)
        await customer.stage.agenda.wait(customer.rng.randint(1, 60) * MINUTE)
        await _dispute(customer, self.order, DisputeState.OPEN)

    async def after(self, customer: Customer) -> None:
        if self.order is not None and customer.rng.random() < 0.5:
            await _dispute(customer, self.order, DisputeState.WON)


async def _dispute(customer: Customer, order: Order, state: DisputeState) -> None:
    await customer.stage.refunds.propose_dispute(order.order_id, state=state, reason="as the bank says", by="finance")


@dataclass(slots=True, kw_only=True)
class EatenCredit(Mishap):
    """Copies took from credit that would have been lost in any case: what was left of it (`amount`) has expired, or is
    frozen. Without the copies alone nothing would be different; without both, all of it would be there."""

    eaten: int
    each: int
    is_gift: bool

    @classmethod
    def of(cls, rng: random.Random, *, left_over: int, eaten: int, is_gift: bool) -> EatenCredit:
        count, each = _shares(rng, eaten, eaten + 60 * MILLI)
        return cls(amount=left_over, eaten=count * each, each=each, is_gift=is_gift)

    async def early(self, customer: Customer) -> None:
        content = customer.content()
        await customer.bring_to(self.each)
        await customer.serve(self.each, content=content)
        hours = 2
        order = None
        if self.is_gift:
            await customer.give(self.amount + self.eaten, seconds=hours * HOUR)
        else:
            order = await customer.recharge(self.amount + self.eaten)
        for _ in range(self.eaten // self.each):
            await customer.stage.agenda.wait(customer.rng.randint(3, 40))
            await customer.serve(self.each, content=content)
        await customer.stage.agenda.wait(hours * HOUR + customer.rng.randint(1, 30) * MINUTE)
        if order is None:
            await customer.stage.ledger.end_due_grants()
        else:
            await _dispute(customer, order, DisputeState.OPEN)


# -- in flight -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class InFlight(Mishap):
    """Calls that were meant, each once, and are not done yet."""

    parts: tuple[int, ...]
    admissions: list[Admission] = field(default_factory=list)

    @classmethod
    def of(cls, rng: random.Random, least: int, most: int) -> InFlight:
        amount = rng.randint(-(-least // MILLI), most // MILLI) * MILLI
        count = max(-(-amount // _COPY_MOST), rng.randint(1, 3))
        share = amount // count // MILLI * MILLI
        parts = (*[share] * (count - 1), amount - share * (count - 1))
        return cls(amount=amount, late_needs=amount, parts=tuple(part for part in parts if part))

    async def late(self, customer: Customer) -> None:
        for part in self.parts:
            await customer.stage.agenda.wait(customer.rng.randint(1, 20))
            self.admissions.append(await customer.hold(part))

    async def after(self, customer: Customer) -> None:
        for admission in self.admissions:
            await customer.settle(admission, admission.hold.amount)


# -- what is no cause, however large ---------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class RefundedCopies(Mishap):
    """Copies that were charged and given back before it mattered; which of them was kept may be any."""

    each: int
    count: int

    @classmethod
    def of(cls, rng: random.Random) -> RefundedCopies:
        return cls(amount=0, each=rng.randint(100, 300) * MILLI, count=rng.randint(2, 4))

    async def early(self, customer: Customer) -> None:
        await customer.ensure(self.each * (self.count + 1))
        content = customer.content()
        copies = []
        for _ in range(self.count + 1):
            copies.append(await customer.serve(self.each, content=content))
            await customer.stage.agenda.wait(customer.rng.randint(2, 40))
        copies.pop(customer.rng.choice((0, 0, -1)))
        for request_id in copies:
            await customer.stage.agenda.wait(customer.rng.randint(20, 90))
            await give_back(customer, request_id)


@dataclass(slots=True, kw_only=True)
class FailedCalls(Mishap):
    """Calls that failed at the upstream and cost nothing; each was retried, and the retry served: that is what was meant."""

    each: int
    count: int

    @classmethod
    def of(cls, rng: random.Random) -> FailedCalls:
        return cls(amount=0, each=rng.randint(100, 300) * MILLI, count=rng.randint(2, 8))

    async def early(self, customer: Customer) -> None:
        await customer.ensure(self.each * self.count)
        for _ in range(self.count):
            content = customer.content()
            await customer.fail(await customer.hold(self.each, content=content))
            await customer.stage.agenda.wait(customer.rng.randint(2, 20))
            await customer.serve(self.each, content=content, retry_count=1)


@dataclass(slots=True, kw_only=True)
class WonDispute(Mishap):
    """A dispute that was decided in the customer's favour before it mattered."""

    credit: int

    @classmethod
    def of(cls, rng: random.Random) -> WonDispute:
        return cls(amount=0, credit=rng.randint(2, 6) * 100 * MILLI)

    async def early(self, customer: Customer) -> None:
        order = await customer.recharge(self.credit)
        await customer.stage.agenda.wait(customer.rng.randint(5, 60) * MINUTE)
        await _dispute(customer, order, DisputeState.OPEN)
        await customer.stage.agenda.wait(customer.rng.randint(5, 60) * MINUTE)
        await _dispute(customer, order, DisputeState.WON)


@dataclass(slots=True, kw_only=True)
class ReleasedCalls(Mishap):
    """Calls that had reserved much, failed or were never heard of again, and reserve nothing any more."""

    each: int
    count: int

    @classmethod
    def of(cls, rng: random.Random) -> ReleasedCalls:
        return cls(amount=0, each=rng.randint(200, 350) * MILLI, count=rng.randint(1, 3))

    async def early(self, customer: Customer) -> None:
        await customer.ensure(self.each * self.count)
        admissions = [await customer.hold(self.each) for _ in range(self.count)]
        if customer.rng.random() < 0.3:
            await customer.stage.agenda.wait(20 * MINUTE)
            await customer.stage.ledger.expire_overdue(since=admissions[0].hold.expires_at - 1)
            return
        await customer.stage.agenda.wait(customer.rng.randint(5, 60))
        for admission in admissions:
            await customer.fail(admission)


@dataclass(slots=True, kw_only=True)
class Correction(Mishap):
    """The operator has corrected the balance; that is no cause of its own, but has to be reckoned with."""

    nanos: int

    @classmethod
    def of(cls, rng: random.Random) -> Correction:
        return cls(amount=0, nanos=rng.choice((-1, 1)) * rng.randint(50, 400) * MILLI)

    async def early(self, customer: Customer) -> None:
        await customer.ensure(abs(self.nanos))
        await customer.stage.ledger.operate(
            Adjust(account_id=customer.account_id, source_id=customer.stage.clock.new_id().hex, amount=self.nanos)
        )


@dataclass(slots=True, kw_only=True)
class CopiesElsewhere(Mishap):
    """Copies that another account of the same person has paid for."""

    each: int

    @classmethod
    def of(cls, rng: random.Random) -> CopiesElsewhere:
        return cls(amount=0, each=rng.randint(100, 300) * MILLI)

    async def early(self, customer: Customer) -> None:
        other = await Customer.open(customer.stage)
        await other.recharge(self.each * 5)
        content = other.content()
        for _ in range(4):
            await customer.stage.agenda.wait(customer.rng.randint(2, 40))
            await other.serve(self.each, content=content)


@dataclass(slots=True, kw_only=True)
class SpentGift(Mishap):
    """A gift that has an end and was used up before it."""

    gift: int

    @classmethod
    def of(cls, rng: random.Random) -> SpentGift:
        return cls(amount=0, gift=rng.randint(200, 340) * MILLI)

    async def early(self, customer: Customer) -> None:
        await customer.give(self.gift, seconds=2 * HOUR, kind=GrantKind.PROMOTIONAL)
        await customer.stage.agenda.wait(customer.rng.randint(1, 30) * MINUTE)
        await customer.serve(self.gift)
        await customer.stage.agenda.wait(2 * HOUR)


HARMLESS: tuple[Callable[[random.Random], Mishap], ...] = (
    RefundedCopies.of, FailedCalls.of, WonDispute.of, ReleasedCalls.of, SpentGift.of, Correction.of, CopiesElsewhere.of,
)  # fmt: skip


def duplicates(rng: random.Random, least: int, most: int) -> Mishap:
    """Copies by hand that come to an amount from `least` to `most`; videos where that can be had."""
    if rng.random() < 0.4:
        films = Films.of(rng, least, most)
        if least <= films.amount <= most:
            return films
    return Copies.of(rng, least, most, by_client=False)


def retries(rng: random.Random, least: int, most: int) -> Mishap:
    """Copies by a client that come to an amount from `least` to `most`."""
    if rng.random() < 0.5:
        bursts = Bursts.of(rng, least, most)
        if least <= bursts.amount <= most:
            return bursts
    return Copies.of(rng, least, most, by_client=True)


def expiry(rng: random.Random, least: int, most: int) -> Mishap:
    return Expiry(amount=rng.randint(-(-least // MILLI), most // MILLI) * MILLI)


def dispute(rng: random.Random, least: int, most: int) -> Mishap:
    low = to_cents(least)
    return Dispute(amount=max(low, to_cents(rng.randint(least, max(least, most - 10 * MILLI)))))


def in_flight(rng: random.Random, least: int, most: int) -> Mishap:
    return InFlight.of(rng, least, most)
