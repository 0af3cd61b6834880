"""An order from its making to its money, at every provider that the sandbox plays."""

from __future__ import annotations

import pytest

from counterfoil.foundation.errors import Conflict, InputError, NotFound, OperationKeyReused
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.recharge.model import OrderState, ProviderKind
from counterfoil.recharge.providers.port import PayBy
from counterfoil.sandbox.payments.process import PaymentsProcess
from recharge.till import KINDS, Till

each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


@each_kind
async def test_a_paid_order_is_a_credited_order(till: Till, payments: PaymentsProcess, kind: ProviderKind) -> None:
    account = await till.account()
    order = await till.order(account, kind, "100")
    assert order.state is OrderState.CREATED
    payment = await till.open(order)
    assert payment.pay_by is (PayBy.QR_CODE if kind is ProviderKind.WECHAT else PayBy.LINK)
    assert (await till.orders.order(order.order_id)).state is OrderState.PROCESSING
    payments.pay(kind, order.number, payer="buyer@example.com")
    (notice,) = payments.notify(kind, order.number, send=False)[:1]
    reply = await till.deliver(kind, notice)
    assert reply.status in (200, 204)
    paid = await till.orders.order(order.order_id)
    assert (paid.state, paid.paid_at, paid.attention) == (OrderState.PAID, till.clock.now(), None)
    # 100 × 0.13812345 × 1.05
    assert await till.balance(account) == "14.50296225" == format_nanos(paid.terms.credited)
    assert await till.name_of(f"clearing:{kind}") == -paid.terms.credited
    await till.verified()


@each_kind
async def test_where_no_notice_comes_the_provider_is_asked_within_a_minute(
    till: Till, payments: PaymentsProcess, kind: ProviderKind
) -> None:
    account = await till.account()
    order = await till.begun(account, kind)
    assert await till.notices.ask_due() == 0
    payments.pay(kind, order.number)
    till.clock.advance(seconds=59)
    payments.use_clock(till.clock.now())
    assert await till.notices.ask_due() == 1
    found = await till.orders.order(order.order_id)
    assert (found.state, found.next_query_at) == (OrderState.PAID, None)
    # And the notice that comes after all finds it so.
    (notice,) = payments.notify(kind, order.number, send=False)[:1]
    assert (await till.deliver(kind, notice)).status in (200, 204)
    assert await till.transfers_of(order) == 1
    await till.verified()


@each_kind
async def test_an_order_whose_time_is_over_is_closed_and_still_credited_when_money_comes(
    till: Till, payments: PaymentsProcess, kind: ProviderKind
) -> None:
    account = await till.account()
    order = await till.begun(account, kind)
    while (await till.orders.order(order.order_id)).state is OrderState.PROCESSING:
        till.clock.advance(seconds=300)
        payments.use_clock(till.clock.now())
        await till.notices.ask_due()
    assert (await till.orders.order(order.order_id)).state is OrderState.EXPIRED
    with pytest.raises(Conflict) as error:
        await till.orders.pay(order.order_id)
    assert error.value.code == "order_not_payable"
    payments.pay(kind, order.number, even_if_closed=True)
    (notice,) = payments.notify(kind, order.number, send=False)[:1]
    assert (await till.deliver(kind, notice)).status in (200, 204)
    assert (await till.orders.order(order.order_id)).state is OrderState.PAID
    await till.verified()


async def test_the_same_intention_key_is_the_same_order(till: Till) -> None:
    account = await till.account()
    first = await till.order(account, "bank", intention_key="once")
    assert await till.order(account, "bank", intention_key="once") == first
    with pytest.raises(OperationKeyReused) as error:
        await till.order(account, "bank", "11", intention_key="once")
    assert error.value.parameters == {"field": "amount"}
    assert (await till.order(await till.account(), "bank", intention_key="once")).order_id != first.order_id


async def test_orders_of_one_intention_are_shown_together(till: Till) -> None:
    account = await till.account()
    first, second = await till.order(account, "bank"), await till.order(account, "bank")
    other = await till.order(account, "bank", "11")
    till.clock.advance(seconds=601)
    later = await till.order(account, "bank")
    shown = await till.orders.view(first.order_id)
    assert [one.order_id for one in shown.siblings] == [second.order_id]
    assert {one.intention_id for one in (other, later)}.isdisjoint({first.intention_id})


async def test_what_an_order_credits_is_fixed_when_it_is_made(till: Till, payments: PaymentsProcess) -> None:
    account = await till.account()
    await till.terms.add_bonus(name="ten percent", wallet_currency="USD", least=0, share_millionths=100_000, days=30)
    order = await till.begun(account, "epay", "100")
    await till.terms.end_bonus("ten percent")
    till.clock.advance(seconds=1)
    await till.terms.set_rate(paid_currency="CNY", wallet_currency="USD", rate=parse_nanos("1"), by="t")
    payments.pay("epay", order.number)
    await till.deliver("epay", payments.notify("epay", order.number, send=False)[0])
    assert await till.balance(account) == "15.953258475"
    grants = {str(one.kind): one for one in await till.ledger.grants(account)}
    assert grants["promotional"].amount == parse_nanos("1.450296225")
    assert grants["promotional"].expires_at == till.clock.now() + 30 * 24 * 3600 * 1_000_000
    assert grants["paid"].expires_at is None


async def test_a_bad_order_is_refused_and_names_what_is_wrong(till: Till) -> None:
    account = await till.account()
    for wrong, error, code in (
        ({"amount": "0"}, InputError, "amount_not_positive"),
        ({"amount": "-1"}, InputError, "amount_not_positive"),
        ({"amount": "0.001"}, InputError, "amount_unreadable"),
        ({"amount": "900000000.01"}, InputError, "order_too_large"),
        ({"currency": "EUR"}, Conflict, "rate_missing"),
        ({"kind": "nobody"}, NotFound, "provider_not_found"),
        ({"kind": "epay", "currency": "USD"}, Conflict, "provider_currency"),
    ):
        given = {"kind": "bank", "amount": "10", "currency": "CNY", **wrong}
        with pytest.raises(error) as raised:
            await till.order(account, **given)
        assert raised.value.code == code
    with pytest.raises(NotFound):
        await till.order(till.clock.new_id(), "bank")
    await till.providers.set_status("bank", "disabled")
    with pytest.raises(Conflict) as disabled:
        await till.order(account, "bank")
    assert disabled.value.code == "provider_disabled"
    assert await till.orders.orders() == []


@pytest.mark.parametrize(
    ("currency", "amount", "credited"),
    [("JPY", "1", "0.006789"), ("JPY", "900000000", "6110100"), ("KWD", "0.001", "0.0032501"), ("USD", "0.01", "0.01"),
     ("USD", "999999.99", "999999.99")],
)  # fmt: skip
async def test_currencies_of_no_and_of_three_decimals_are_exact_at_stripe(
    till: Till, payments: PaymentsProcess, currency: str, amount: str, credited: str
) -> None:
    await till.terms.set_rate(paid_currency="JPY", wallet_currency="USD", rate=parse_nanos("0.006789"), by="t")
    await till.terms.set_rate(paid_currency="KWD", wallet_currency="USD", rate=parse_nanos("3.2501"), by="t")
    if currency == "KWD":
        amount, credited = "0.010", "0.032501"  # Stripe takes three-decimal currencies in steps of ten
    account = await till.account()
    order = await till.begun(account, "stripe", amount, currency)
    payments.pay("stripe", order.number)
    for notice in payments.notify("stripe", order.number, send=False):
        assert (await till.deliver("stripe", notice)).status == 200
    assert await till.balance(account) == credited if "." in credited else credited + ".00"
    assert await till.transfers_of(order) == 1
    await till.verified()
