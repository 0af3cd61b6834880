"""Incidents of the third kind: somebody has recharged, or has a code, and the money is not there, or seems not to be."""

from __future__ import annotations

import random
from uuid import UUID

from counterfoil.cli.bench_incidents_customers import MILLI, Customer
from counterfoil.cli.bench_incidents_model import Asked, Question, Scene, Script, matter
from counterfoil.cli.bench_incidents_stage import CURRENCY
from counterfoil.cli.bench_incidents_till import CENT
from counterfoil.cli.bench_incidents_time import DAY, HOUR, MINUTE
from counterfoil.evidence.findings import FindingCode
from counterfoil.foundation.clock import MICROS_PER_SECOND
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.foundation.ids import show_id
from counterfoil.recharge.codes_model import BatchSettings
from counterfoil.recharge.model import DisputeState, Order, OrderState

# A channel's notice comes within seconds of the payment, and the payment within minutes of the order.
_PAYING = (20, 600)
_DECLINED = "WAIT_BUYER_PAY"


def _amount(rng: random.Random) -> int:
    return rng.randint(300, 2_000) * CENT


def _ask(rng: random.Random, order: Order) -> Asked:
    return Asked(text=_words(rng, order), kind="order", about=order.order_id)


def _words(rng: random.Random, order: Order) -> str:
    shown = show_id("order", order.order_id)
    match rng.randrange(3):
        case 0:
            return f"充值成功了但是没到账，订单 {shown}"
        case 1:
            return f"I paid {shown} and there is nothing in my account"
        case _:
            return shown


async def _paying(customer: Customer, rng: random.Random, amount: int | None = None) -> Order:
    """An order that somebody is at the channel's page for."""
    order = await customer.stage.cashier.begin(customer.account_id, amount or _amount(rng))
    await customer.stage.agenda.wait(rng.randint(*_PAYING))
    return order


async def _state(customer: Customer, order: Order) -> OrderState:
    return (await customer.stage.orders.order(order.order_id)).state


async def not_begun(customer: Customer, rng: random.Random) -> Question:
    """Nobody has gone to pay it; an earlier order of the account was paid."""
    await customer.recharge(_amount(rng))
    await customer.stage.agenda.wait(HOUR)
    order = await customer.stage.cashier.order(customer.account_id, _amount(rng))
    await customer.stage.agenda.wait(rng.randint(5, 90) * MINUTE)
    return matter(_ask(rng, order), FindingCode.ORDER_NOT_BEGUN)


async def not_paid(customer: Customer, rng: random.Random) -> Question:
    """Somebody has gone to pay it, and has not; the channel may have said that it waits."""
    order = await _paying(customer, rng)
    if rng.random() < 0.4:
        await customer.stage.cashier.tell(order, trade_status=_DECLINED)
    await customer.stage.agenda.wait(rng.randint(5, 90) * MINUTE)
    assert not (await _state(customer, order)).is_credited
    return matter(_ask(rng, order), FindingCode.ORDER_NOT_PAID)


async def not_paid_while_others_forge(customer: Customer, rng: random.Random) -> Question:
    """Nobody has paid it; hours later somebody tries his luck with notices that the channel never sent."""
    order = await _paying(customer, rng)
    await customer.stage.agenda.wait(rng.randint(3, 10) * HOUR)
    await customer.stage.cashier.tell(order, nanos=_amount(rng), is_signed=False)
    await customer.stage.agenda.wait(rng.randint(5, 60) * MINUTE)
    return matter(_ask(rng, order), FindingCode.ORDER_NOT_PAID)


async def wrong_amount(customer: Customer, rng: random.Random) -> Question:
    """Another amount was paid than the order's."""
    order = await _paying(customer, rng)
    await customer.stage.cashier.tell(order, nanos=order.amount - rng.randint(1, 200) * CENT)
    return matter(_ask(rng, order), FindingCode.AMOUNT_DIFFERS)


async def wrong_then_right(customer: Customer, rng: random.Random) -> Question:
    """A notice with a wrong amount came first, the right one after it."""
    order = await _paying(customer, rng)
    await customer.stage.cashier.tell(order, nanos=order.amount + rng.randint(1, 200) * CENT)
    await customer.stage.agenda.wait(rng.randint(30, 300))
    await customer.stage.cashier.tell(order)
    return matter(_ask(rng, order), FindingCode.ORDER_CREDITED)


async def credited_and_spent(customer: Customer, rng: random.Random) -> Question:
    """It was credited, and has been used since; notices of it came several times, and forged ones before."""
    order = await _paying(customer, rng, rng.randint(60, 120) * CENT)
    if rng.random() < 0.5:
        await customer.stage.cashier.tell(order, is_signed=False)
    number = customer.stage.cashier.number()
    for _ in range(rng.randint(1, 3)):
        await customer.stage.cashier.tell(order, number=number)
        await customer.stage.agenda.wait(rng.randint(5, 120))
    for _ in range(rng.randint(1, 4)):
        await customer.stage.agenda.wait(rng.randint(1, 20) * MINUTE)
        needed = customer.usual()
        await customer.ensure(needed)
        await customer.serve(needed)
    return matter(_ask(rng, order), FindingCode.ORDER_CREDITED)


async def paid_twice(customer: Customer, rng: random.Random) -> Question:
    """It was paid twice: the second payment was credited to nobody."""
    order = await _paying(customer, rng)
    await customer.stage.cashier.tell(order)
    await customer.stage.agenda.wait(rng.randint(30, 900))
    await customer.stage.cashier.tell(order)
    return matter(_ask(rng, order), FindingCode.PAID_TWICE)


async def twin_paid(customer: Customer, rng: random.Random) -> Question:
    """Two orders were made for one recharge, one after the other; the other one was paid."""
    amount = _amount(rng)
    first = await _paying(customer, rng, amount)
    await customer.stage.agenda.wait(rng.randint(10, 100))
    second = await customer.stage.cashier.begin(customer.account_id, amount)
    asked, paid = (first, second) if rng.random() < 0.5 else (second, first)
    await customer.stage.agenda.wait(rng.randint(*_PAYING))
    await customer.stage.cashier.tell(paid)
    return matter(_ask(rng, asked), FindingCode.ORDER_CREDITED)


async def given_back(customer: Customer, rng: random.Random) -> Question:
    """It was credited, and the channel has given all or a part of it back."""
    order = await _paying(customer, rng)
    number = customer.stage.cashier.number()
    await customer.stage.cashier.tell(order, number=number)
    await customer.stage.agenda.wait(rng.randint(1, 20) * HOUR)
    amount = order.amount if rng.random() < 0.5 else order.amount // (3 * CENT) * CENT
    await customer.stage.cashier.tell_refunded(order, number=number, nanos=amount)
    assert await _state(customer, order) in (OrderState.REFUNDED, OrderState.PARTLY_REFUNDED)
    return matter(_ask(rng, order), FindingCode.ORDER_REFUNDED)


async def disputed(customer: Customer, rng: random.Random) -> Question:
    """It was credited, and its payer has taken the payment back at the bank."""
    order = await _paying(customer, rng)
    await customer.stage.cashier.tell(order)
    await customer.stage.agenda.wait(rng.randint(1, 20) * HOUR)
    await _dispute(customer, order, DisputeState.OPEN)
    return matter(_ask(rng, order), FindingCode.ORDER_DISPUTED)


async def another_disputed(customer: Customer, rng: random.Random) -> Question:
    """It was credited; what is frozen is the credit of another order of the account."""
    other = await customer.recharge(_amount(rng))
    order = await _paying(customer, rng)
    await customer.stage.cashier.tell(order)
    await customer.stage.agenda.wait(rng.randint(1, 5) * HOUR)
    await _dispute(customer, other, DisputeState.OPEN)
    return matter(_ask(rng, order), FindingCode.ORDER_CREDITED)


async def won_dispute(customer: Customer, rng: random.Random) -> Question:
    """It was credited, disputed, and the dispute was decided for the customer."""
    order = await _paying(customer, rng)
    await customer.stage.cashier.tell(order)
    await _dispute(customer, order, DisputeState.OPEN)
    await customer.stage.agenda.wait(rng.randint(1, 20) * HOUR)
    await _dispute(customer, order, DisputeState.WON)
    return matter(_ask(rng, order), FindingCode.ORDER_CREDITED)


async def _dispute(customer: Customer, order: Order, state: DisputeState) -> None:
    await customer.stage.refunds.propose_dispute(order.order_id, state=state, reason="as the bank says", by="finance")


async def number_taken(customer: Customer, rng: random.Random) -> Question:
    """The notice names a payment that has paid another order."""
    number = customer.stage.cashier.number()
    earlier = await _paying(customer, rng)
    await customer.stage.cashier.tell(earlier, number=number)
    await customer.stage.agenda.wait(rng.randint(1, 5) * HOUR)
    order = await _paying(customer, rng)
    await customer.stage.cashier.tell(order, number=number)
    return matter(_ask(rng, order), FindingCode.NOTICE_REFUSED)


async def not_believed(customer: Customer, rng: random.Random) -> Question:
    """It was paid, and the channel signs with another key than the one that was configured for it."""
    channel = await customer.stage.cashier.mistaken()
    order = await channel.begin(customer.account_id, _amount(rng))
    await customer.stage.agenda.wait(rng.randint(*_PAYING))
    for _ in range(rng.randint(1, 3)):
        await channel.tell(order)
        await customer.stage.agenda.wait(rng.randint(60, 400))
    return matter(_ask(rng, order), FindingCode.NOTICE_REFUSED)


async def to_another_account(customer: Customer, rng: random.Random) -> Question:
    """The order was made for the person's other account; this one is asked about."""
    other = await Customer.open(customer.stage)
    order = await _paying(other, rng)
    await customer.stage.cashier.tell(order)
    await customer.stage.agenda.wait(rng.randint(5, 60) * MINUTE)
    return matter(_ask(rng, order), FindingCode.CREDITED_TO_ANOTHER_ACCOUNT, asking=customer.account_id)


async def own_account_of_two(customer: Customer, rng: random.Random) -> Question:
    """Both accounts of a person have orders; the one asked about was credited to the one that it is asked for."""
    other = await Customer.open(customer.stage)
    payer = f"2088{rng.randrange(10**12):012}"
    await other.recharge(_amount(rng), payer=payer)
    order = await _paying(customer, rng)
    await customer.stage.cashier.tell(order, payer=payer)
    await customer.stage.agenda.wait(rng.randint(5, 60) * MINUTE)
    return matter(_ask(rng, order), FindingCode.ORDER_CREDITED, asking=customer.account_id)


async def neighbour_unpaid(customer: Customer, rng: random.Random) -> Question:
    """Nobody has paid the order; the person's other account has one of the same amount that was paid."""
    other = await Customer.open(customer.stage)
    payer = f"2088{rng.randrange(10**12):012}"
    amount = _amount(rng)
    await customer.recharge(_amount(rng), payer=payer)
    await customer.stage.agenda.wait(2 * HOUR)
    await other.recharge(amount, payer=payer)
    order = await _paying(customer, rng, amount)
    await customer.stage.agenda.wait(rng.randint(5, 60) * MINUTE)
    return matter(_ask(rng, order), FindingCode.ORDER_NOT_PAID)


# -- codes -----------------------------------------------------------------------------------------------------------------


async def _code(customer: Customer, rng: random.Random, **settings: object) -> tuple[str, UUID, UUID]:
    """A code as it was given out, its id, and that of its batch."""
    made = await customer.stage.codes.create(
        BatchSettings(
            name=f"campaign {rng.randrange(10**6)}", value=rng.randint(2, 9) * 100 * MILLI, currency=CURRENCY, count=1,
            **settings,  # type: ignore[arg-type]
        ),
        by="marketing",
    )  # fmt: skip
    batch_id = made.view.batch.batch_id
    (view,) = await customer.stage.codes.codes(batch_id)
    return made.codes[0], view.code.code_id, batch_id


def _ask_code(rng: random.Random, code: str, code_id: UUID) -> Asked:
    return Asked(text=_words_of_code(rng, code, code_id), kind="code", about=code_id)


def _words_of_code(rng: random.Random, code: str, code_id: UUID) -> str:
    match rng.randrange(3):
        case 0:
            return f"这个兑换码用不了：{code}"
        case 1:
            return code
        case _:
            return show_id("code", code_id)


async def _try(customer: Customer, code: str) -> None:
    try:
        await customer.stage.codes.redeem(customer.account_id, code, by=customer.email)
    except CounterfoilError:
        return


def _mistyped(code: str) -> str:
    return code[:-1] + ("7" if code[-1] != "7" else "8")


async def code_used(customer: Customer, rng: random.Random) -> Question:
    """It was redeemed, and its credit has been used since."""
    code, code_id, _ = await _code(customer, rng)
    await _try(customer, _mistyped(code))
    await customer.stage.codes.redeem(customer.account_id, code, by=customer.email)
    await customer.stage.agenda.wait(rng.randint(5, 60) * MINUTE)
    await customer.serve(customer.usual())
    await _try(customer, code)
    return matter(_ask_code(rng, code, code_id), FindingCode.CODE_REDEEMED)


async def code_used_elsewhere(customer: Customer, rng: random.Random) -> Question:
    """Somebody else has redeemed it before."""
    other = await Customer.open(customer.stage)
    code, code_id, _ = await _code(customer, rng)
    await customer.stage.codes.redeem(other.account_id, code, by=other.email)
    await customer.stage.agenda.wait(rng.randint(1, 30) * HOUR)
    await _try(customer, code)
    asking = rng.choice((None, customer.account_id))
    return matter(_ask_code(rng, code, code_id), FindingCode.CODE_REDEEMED_ELSEWHERE, asking=asking)


async def code_unused(customer: Customer, rng: random.Random) -> Question:
    """Nobody has redeemed it; it was mistyped, or is for others."""
    groups = ("partners",) if rng.random() < 0.5 else ()
    code, code_id, _ = await _code(customer, rng, allowed_groups=groups)
    if groups:
        await _try(customer, code)
    else:
        await _try(customer, _mistyped(code))
    return matter(_ask_code(rng, code, code_id), FindingCode.CODE_NOT_REDEEMED)


async def code_over(customer: Customer, rng: random.Random) -> Question:
    """Its time is over."""
    ends = customer.stage.clock.now() + 2 * HOUR * MICROS_PER_SECOND
    code, code_id, _ = await _code(customer, rng, expires_at=ends)
    await customer.stage.agenda.wait(rng.randint(3, 30) * HOUR)
    await _try(customer, code)
    return matter(_ask_code(rng, code, code_id), FindingCode.CODE_EXPIRED)


async def code_void(customer: Customer, rng: random.Random) -> Question:
    """It was voided, alone or with its batch."""
    code, code_id, batch_id = await _code(customer, rng)
    if rng.random() < 0.5:
        await customer.stage.codes.void_code(code_id, by="marketing")
    else:
        await customer.stage.codes.void_batch(batch_id, by="marketing")
    await customer.stage.agenda.wait(rng.randint(1, 30) * HOUR)
    await _try(customer, code)
    return matter(_ask_code(rng, code, code_id), FindingCode.CODE_VOIDED)


async def code_credit_over(customer: Customer, rng: random.Random) -> Question:
    """It was redeemed, and what it brought has ended unused."""
    code, code_id, _ = await _code(customer, rng, grant_days=1)
    await customer.stage.codes.redeem(customer.account_id, code, by=customer.email)
    await customer.stage.agenda.wait(DAY + rng.randint(1, 10) * HOUR)
    await customer.stage.ledger.end_due_grants()
    return matter(_ask_code(rng, code, code_id), FindingCode.CREDIT_EXPIRED)


_SCENES: tuple[tuple[str, int, Scene], ...] = (
    ("an order nobody has begun to pay", 2, not_begun),
    ("an order nobody has paid", 4, not_paid),
    ("an order nobody has paid, and forged notices later", 2, not_paid_while_others_forge),
    ("a payment of another amount", 4, wrong_amount),
    ("a wrong notice, then the right one", 2, wrong_then_right),
    ("credited and spent", 4, credited_and_spent),
    ("paid twice", 4, paid_twice),
    ("the other order of the same recharge was paid", 3, twin_paid),
    ("given back by the channel", 4, given_back),
    ("disputed", 4, disputed),
    ("another order is disputed", 2, another_disputed),
    ("a dispute that was won", 2, won_dispute),
    ("a payment that has paid another order", 3, number_taken),
    ("notices that were not believed", 3, not_believed),
    ("credited to the other account", 4, to_another_account),
    ("credited to the right one of two accounts", 2, own_account_of_two),
    ("unpaid, and the other account has paid", 2, neighbour_unpaid),
    ("a code that was used", 3, code_used),
    ("a code that somebody else has used", 3, code_used_elsewhere),
    ("a code that nobody has used", 3, code_unused),
    ("a code whose time is over", 2, code_over),
    ("a code that was voided", 2, code_void),
    ("a code whose credit has ended", 3, code_credit_over),
)
SCRIPTS = tuple(Script(name=name, weight=weight, scene=scene, days=2) for name, weight, scene in _SCENES)
