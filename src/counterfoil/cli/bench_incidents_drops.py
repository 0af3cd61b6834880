"""Incidents of the last kind: on one day the balance falls by more than it usually does, and somebody asks why."""

from __future__ import annotations

import random
from dataclasses import replace
from zoneinfo import ZoneInfo

from counterfoil.cli.bench_incidents_customers import FILM_SECOND, MILLI, Customer
from counterfoil.cli.bench_incidents_mishaps import RefundedCopies
from counterfoil.cli.bench_incidents_model import Asked, Question, Scene, Script, matter
from counterfoil.cli.bench_incidents_stage import LARGE, book
from counterfoil.cli.bench_incidents_till import CENT
from counterfoil.cli.bench_incidents_time import DAY, HOUR, MINUTE
from counterfoil.evidence.findings import FindingCode
from counterfoil.foundation.clock import MICROS_PER_SECOND
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time, to_datetime
from counterfoil.ledger.model import Adjust
from counterfoil.recharge.model import DisputeState, Order
from counterfoil.tasks.model import TaskState

# Enough for whatever happens on that day.
_PLENTY = 60_000 * MILLI
_DAYS_OF_HABIT = 10


async def _midnight(customer: Customer, *, rests: bool = False) -> int:
    """Work on until the next day of the account's calendar begins; that is the day which is asked about. Who `rests` does
    then only what the scene says."""
    customer.at_work = True
    _, start = customer.day()
    await customer.stage.agenda.wait_until(start - HOUR * MICROS_PER_SECOND)
    await customer.recharge(_PLENTY)
    customer.at_work = not rests
    await customer.stage.agenda.wait_until(start + customer.rng.randint(1, 59) * MINUTE * MICROS_PER_SECOND)
    return start


async def _ask(customer: Customer, rng: random.Random, start: int, expected: FindingCode) -> Question:
    """Asked when the day is over, as a day or as a window."""
    _, end = customer.day(start)
    await customer.stage.agenda.wait_until(end + rng.randint(1, 120) * MINUTE * MICROS_PER_SECOND)
    customer.at_work = False
    account = show_id("account", customer.account_id)
    day = to_datetime(start).astimezone(ZoneInfo(customer.time_zone)).date().isoformat()
    match rng.randrange(3):
        case 0:
            asked = f"{account} {show_time(start)} {show_time(end)}"
        case 1:
            asked = f"{account} 余额突然少了很多 {day}"
        case _:
            asked = f"{account} {day}"
    about = Asked(text=asked, kind="account", about=customer.account_id, window=(start, end))
    return matter(about, expected)


async def _copies(customer: Customer, rng: random.Random, *, by_client: bool) -> int:
    """Several things are sent again and again, all of it charged; what the copies cost."""
    cost = 0
    for _ in range(rng.randint(3, 5)):
        await customer.stage.agenda.wait(rng.randint(5, 90) * MINUTE)
        content, each = customer.content(), rng.randint(200, 350) * MILLI
        first = await customer.hold(each, content=content)
        for number in range(1, rng.randint(4, 6)):
            await customer.stage.agenda.wait(rng.randint(2, 20))
            await customer.serve(each, content=content, retry_count=number if by_client else None)
            cost += each
        await customer.settle(first, each)
    return cost


async def duplicates(customer: Customer, rng: random.Random) -> Question:
    start = await _midnight(customer)
    await _copies(customer, rng, by_client=False)
    return await _ask(customer, rng, start, FindingCode.DUPLICATE_SUBMISSIONS)


async def retries(customer: Customer, rng: random.Random) -> Question:
    start = await _midnight(customer)
    await _copies(customer, rng, by_client=True)
    return await _ask(customer, rng, start, FindingCode.RETRY_SPIKE)


async def _films(customer: Customer, rng: random.Random) -> int:
    """Videos, of which the first fails and costs nothing; what they cost."""
    cost = 0
    for number in range(rng.randint(3, 5)):
        await customer.stage.agenda.wait(rng.randint(5, 120) * MINUTE)
        seconds = rng.randint(15, 40)
        task = await customer.film(seconds)
        await customer.stage.agenda.wait(rng.randint(60, 600))
        await customer.tell(task, TaskState.SUCCEEDED if number else TaskState.FAILED)
        cost += seconds * FILM_SECOND if number else 0
    return cost


async def films(customer: Customer, rng: random.Random) -> Question:
    """Videos were made that are not usual."""
    start = await _midnight(customer)
    await _films(customer, rng)
    return await _ask(customer, rng, start, FindingCode.TASKS_SPENT)


async def _loop(customer: Customer, rng: random.Random) -> int:
    """Calls without end for some minutes: something else each time, or always the same; what they cost."""
    cost, same = 0, customer.content() if rng.random() < 0.4 else None
    for _ in range(rng.randint(60, 90)):
        await customer.stage.agenda.wait(rng.randint(1, 2))
        each = rng.randint(50, 90) * MILLI if same is None else 60 * MILLI
        await customer.serve(each, content=same)
        cost += each
    return cost


async def loop(customer: Customer, rng: random.Random) -> Question:
    """A script called without end."""
    start = await _midnight(customer)
    await customer.stage.agenda.wait(rng.randint(1, 15) * HOUR)
    await _loop(customer, rng)
    return await _ask(customer, rng, start, FindingCode.SCRIPT_LOOP)


async def two_at_once(customer: Customer, rng: random.Random) -> Question:
    """Two things on one day, of which one weighs more than the other."""
    start = await _midnight(customer)
    await customer.stage.agenda.wait(rng.randint(1, 5) * HOUR)
    match rng.randrange(4):
        case 0:
            cause, cost = FindingCode.DUPLICATE_SUBMISSIONS, await _copies(customer, rng, by_client=False)
        case 1:
            cause, cost = FindingCode.RETRY_SPIKE, await _copies(customer, rng, by_client=True)
        case 2:
            cause, cost = FindingCode.TASKS_SPENT, await _films(customer, rng)
        case _:
            cause, cost = FindingCode.SCRIPT_LOOP, await _loop(customer, rng)
    weighs_more = rng.random() < 0.5
    other = cost * 2 if weighs_more else cost // 2
    await customer.stage.agenda.wait(HOUR)
    if rng.random() < 0.5:
        other_cause = FindingCode.BALANCE_ADJUSTED
        await _adjust(customer, -other)
    else:
        other_cause = FindingCode.CREDIT_EXPIRED
        customer.at_work = False
        await customer.give(other, seconds=HOUR)
        await customer.stage.agenda.wait(HOUR + MINUTE)
        await customer.stage.ledger.end_due_grants()
        customer.at_work = True
    return await _ask(customer, rng, start, other_cause if weighs_more else cause)


def _take_unraised(customer: Customer) -> None:
    customer.model = next(customer.stage.unraised)
    customer.diligence = 0.8


async def dearer_price(customer: Customer, rng: random.Random) -> Question:
    """The model that the account uses costs several times as much from that day on."""
    start = await _midnight(customer)
    await customer.stage.prices.import_book(book({customer.model: str(rng.choice((3_000, 4_000, 5_000)))}))
    return await _ask(customer, rng, start, FindingCode.PRICE_RAISED)


def _work_hard(customer: Customer) -> None:
    customer.diligence = 0.8


async def dearer_tier(customer: Customer, rng: random.Random) -> Question:
    """The group pays a higher price tier from that day on."""
    start = await _midnight(customer)
    millis = rng.choice((2_500, 3_000, 4_000))
    await customer.stage.limits.change_group(
        account_id=customer.account_id, group_id=customer.group_id,
        change=lambda present: replace(present, price_tier_millis=millis),
    )  # fmt: skip
    return await _ask(customer, rng, start, FindingCode.TIER_RAISED)


async def dearer_model(customer: Customer, rng: random.Random) -> Question:
    """The same work was done with a model that costs eight times as much."""
    start = await _midnight(customer)
    customer.at_work = False
    for _ in range(rng.randint(3, 5)):
        await customer.stage.agenda.wait(rng.randint(30, 240) * MINUTE)
        await customer.serve(8 * customer.usual(), model=LARGE)
    return await _ask(customer, rng, start, FindingCode.DEARER_MODEL)


async def more_use(customer: Customer, rng: random.Random) -> Question:
    """It was simply used more, all day long."""
    start = await _midnight(customer)
    for _ in range(rng.randint(20, 30)):
        await customer.stage.agenda.wait(rng.randint(5, 40) * MINUTE)
        await customer.serve(customer.usual())
    return await _ask(customer, rng, start, FindingCode.MORE_USE)


async def expired(customer: Customer, rng: random.Random) -> Question:
    """A gift ended that had never been used; other gifts went on."""
    customer.at_work = False
    await customer.stage.agenda.wait(HOUR)
    start = await _midnight(customer)
    customer.at_work = False
    await customer.give(rng.randint(2_000, 6_000) * MILLI, seconds=2 * HOUR)
    await customer.give(500 * MILLI, seconds=60 * DAY)
    await customer.stage.agenda.wait(3 * HOUR)
    customer.at_work = True
    await customer.stage.ledger.end_due_grants()
    return await _ask(customer, rng, start, FindingCode.CREDIT_EXPIRED)


async def cash_back(customer: Customer, rng: random.Random) -> Question:
    """The channel gave a payment back, and with it the credit went."""
    number = customer.stage.cashier.number()
    order = await customer.stage.cashier.begin(customer.account_id, rng.randint(500, 900) * CENT)
    await customer.stage.cashier.tell(order, number=number)
    start = await _midnight(customer)
    await customer.stage.agenda.wait(rng.randint(1, 20) * HOUR)
    await customer.stage.cashier.tell_refunded(order, number=number, nanos=order.amount // (2 * CENT) * CENT)
    return await _ask(customer, rng, start, FindingCode.CASH_REFUNDED)


async def adjusted(customer: Customer, rng: random.Random) -> Question:
    """The operator has corrected the balance downwards."""
    start = await _midnight(customer)
    await customer.stage.agenda.wait(rng.randint(1, 20) * HOUR)
    await _adjust(customer, -rng.randint(2_000, 6_000) * MILLI)
    return await _ask(customer, rng, start, FindingCode.BALANCE_ADJUSTED)


async def _adjust(customer: Customer, nanos: int) -> None:
    await customer.stage.ledger.operate(
        Adjust(account_id=customer.account_id, source_id=customer.stage.clock.new_id().hex, amount=nanos)
    )


async def lost_dispute(customer: Customer, rng: random.Random) -> Question:
    """A disputed payment was lost to its payer: the credit of it went back."""
    order = await customer.recharge(rng.randint(500, 900) * CENT)
    await _dispute(customer, order, DisputeState.OPEN)
    start = await _midnight(customer)
    await customer.stage.agenda.wait(rng.randint(1, 20) * HOUR)
    await _dispute(customer, order, DisputeState.LOST)
    return await _ask(customer, rng, start, FindingCode.CASH_REFUNDED)


async def _dispute(customer: Customer, order: Order, state: DisputeState) -> None:
    await customer.stage.refunds.propose_dispute(order.order_id, state=state, reason="as the bank says", by="finance")


async def _repeat_a_day(customer: Customer, rng: random.Random, *, done: int = 0) -> None:
    """Do what was done on a day before, at other hours: left to chance, the day that is asked about may be the busiest of
    all, and then it is no day like any other. The first `done` of its calls are done already."""
    # The first day was not a whole one.
    _, *days = customer.days.values()
    for cost in rng.choice(days)[done:]:
        await customer.stage.agenda.wait(rng.randint(10, 90) * MINUTE)
        await customer.serve(cost)


async def as_usual(customer: Customer, rng: random.Random) -> Question:
    """Nothing happened but what always does; copies were sent, and all but one of them given back at once."""
    start = await _midnight(customer, rests=True)
    has_copies = rng.random() < 0.6
    if has_copies:
        await RefundedCopies.of(rng).early(customer)
    await _repeat_a_day(customer, rng, done=1 if has_copies else 0)
    return await _ask(customer, rng, start, FindingCode.USE_AS_USUAL)


async def films_as_usual(customer: Customer, rng: random.Random) -> Question:
    """Videos are made every day, and copies are sent every day: that is usual here."""
    customer.at_work = True
    has_copies = rng.random() < 0.5
    await customer.recharge(_PLENTY)
    start, _ = customer.day()
    for day in range(_DAYS_OF_HABIT):
        _, end = customer.day()
        if day == _DAYS_OF_HABIT - 1:
            await customer.stage.agenda.wait_until(end - HOUR * MICROS_PER_SECOND)
            customer.at_work = False
        await customer.stage.agenda.wait_until(end + rng.randint(1, 600) * MINUTE * MICROS_PER_SECOND)
        start, _ = customer.day()
        task = await customer.film(40 if day < _DAYS_OF_HABIT - 1 else 38)
        await customer.tell(task, TaskState.SUCCEEDED)
        if has_copies:
            content = customer.content()
            for _ in range(4 if day < _DAYS_OF_HABIT - 1 else 3):
                await customer.serve(300 * MILLI, content=content)
    await _repeat_a_day(customer, rng)
    return await _ask(customer, rng, start, FindingCode.USE_AS_USUAL)


_SCENES: tuple[tuple[str, int, Scene], ...] = (
    ("copies on one day", 4, duplicates),
    ("retries on one day", 4, retries),
    ("videos on one day", 4, films),
    ("a script in a loop", 4, loop),
    ("a dearer model", 4, dearer_model),
    ("more use", 4, more_use),
    ("a gift that ended", 4, expired),
    ("a payment that went back", 3, cash_back),
    ("a correction", 2, adjusted),
    ("a lost dispute", 2, lost_dispute),
    ("a day like any other", 4, as_usual),
    ("two things on one day", 5, two_at_once),
)
SCRIPTS = (
    *(Script(name=name, weight=weight, scene=scene) for name, weight, scene in _SCENES),
    Script(name="a day with what is usual here", weight=3, scene=films_as_usual, days=0),
    Script(name="a raised price", weight=4, scene=dearer_price, prepare=_take_unraised),
    Script(name="a raised tier", weight=4, scene=dearer_tier, prepare=_work_hard),
)
