"""Recharged, not credited: what became of orders and codes, in the order of what is true of the money now."""

from __future__ import annotations

import pytest

from counterfoil.evidence.findings import Confidence, FindingCode, Problem
from counterfoil.evidence.model import About
from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.recharge.model import DisputeState, Order
from evidence.house import NANOS, House


def shown(order: Order) -> str:
    return show_id("order", order.order_id)


# -- orders ----------------------------------------------------------------------------------------------------------


async def test_a_credited_order_says_when_what_and_what_is_left(house: House) -> None:
    account = await house.account("Payer")
    order = await house.credited(account)
    credited = order.terms.credited
    await house.till.spend(account, "0.5")
    told = await house.ask(f"I paid {shown(order)} and see nothing")
    assert (told.about, told.subject, told.problem) == (About.ORDER, shown(order), Problem.NOT_CREDITED)
    (found,) = told.findings
    assert (found.code, found.confidence, found.nanos) == (FindingCode.ORDER_CREDITED, Confidence.CERTAIN, credited)
    assert found.numbers["left_nanos"] == credited - NANOS // 2
    assert {row.kind for row in found.rows} == {"order", "transfer", "grant"}
    assert sum(row.nanos or 0 for row in found.rows if row.kind == "transfer") == credited
    assert shown(order) in found.text
    assert found.text == told.answer
    assert (
        told.money
        == "The payment is confirmed and was credited in the same step to the account that the order is for; it can be spent."
    )
    await house.till.spend(account, "0.95")
    await house.found(shown(order))


async def test_an_order_of_another_account_is_where_the_money_is(house: House) -> None:
    payer, asker = await house.account("Ada at work"), await house.account("Ada at home")
    order = await house.credited(payer)
    assert await house.found(shown(order), asking=asker) == [FindingCode.CREDITED_TO_ANOTHER_ACCOUNT]
    (found,) = (await house.ask(shown(order), asking=asker)).findings
    assert "Ada at work" in found.text
    assert "Ada at home" in found.text
    assert found.would_have == "Ordered with the account that asks, the credit would be here."
    assert await house.found(shown(order), asking=payer) == [FindingCode.ORDER_CREDITED]
    # To the customer it is an order that does not exist.
    with pytest.raises(NotFound):
        await house.customer_asks(asker, shown(order))


async def test_an_order_that_nobody_has_begun_to_pay(house: House) -> None:
    order = await house.till.order(await house.account("Payer"), "epay")
    assert await house.found(shown(order)) == [FindingCode.ORDER_NOT_BEGUN]
    await house.till.orders.cancel(order.order_id, by="Ann")
    told = await house.ask(shown(order))
    assert told.findings[0].code is FindingCode.ORDER_NOT_BEGUN
    assert "Cancelled" in told.findings[0].text


async def test_an_order_whose_payment_is_not_confirmed(house: House) -> None:
    order = await house.begun(await house.account("Payer"))
    assert await house.found(shown(order)) == [FindingCode.ORDER_NOT_PAID]
    told = await house.ask(shown(order))
    assert "10.00 CNY" in told.answer
    assert told.findings[0].would_have == "A payment confirmed by the provider would have been credited at once."
    assert next(step.label for step in told.history) == "Order made"


async def test_a_payment_of_another_amount(house: House) -> None:
    order = await house.begun(await house.account("Payer"))
    house.payments.pay("epay", order.number, amount="9.50")
    await house.deliver(house.payments.notify("epay", order.number, send=False))
    assert await house.found(shown(order)) == [FindingCode.AMOUNT_DIFFERS]
    (found,) = (await house.ask(shown(order))).findings
    assert (found.nanos, found.currency) == (9_500_000_000, "CNY")
    assert "9.50 CNY" in found.text
    assert "10.00 CNY" in found.text
    assert "notice" in {row.kind for row in found.rows}
    assert found.owner == "finance"


async def test_a_notice_with_a_wrong_signature_is_probably_the_payments(house: House) -> None:
    account = await house.account("Payer")
    before = await house.begun(account, amount="20")
    house.clock.advance(seconds=3_600)
    order = await house.begun(account)
    await house.deliver(house.paid(order, key="wrong"))
    told = await house.ask(shown(order))
    assert [one.code for one in told.findings] == [FindingCode.NOTICE_REFUSED, FindingCode.ORDER_NOT_PAID]
    first = told.findings[0]
    assert (first.confidence, first.owner) == (Confidence.LIKELY, "operations")
    assert first.numbers["notices"] == 1
    # What came to nothing long before the notice is not explained by it.
    assert await house.found(shown(before)) == [FindingCode.ORDER_NOT_PAID]


async def test_where_other_notices_were_believed_a_wrong_signature_is_a_forgers(house: House) -> None:
    order = await house.begun(await house.account("Payer"))
    await house.deliver(house.paid(order, key="wrong"))
    await house.credited(await house.account("Somebody else"))
    told = await house.ask(shown(order))
    assert [one.code for one in told.findings] == [FindingCode.ORDER_NOT_PAID, FindingCode.NOTICE_REFUSED]
    assert told.findings[1].confidence is Confidence.LIKELY


async def test_paid_twice_tells_of_the_second_payment(house: House) -> None:
    account = await house.account("Payer")
    order, other = await house.credited(account), await house.begun(account)
    await house.deliver(house.paid(other, order_number_override=order.number))
    assert await house.found(shown(order)) == [FindingCode.PAID_TWICE, FindingCode.ORDER_CREDITED]
    found = (await house.ask(shown(order))).findings[0]
    assert (found.nanos, found.currency, found.numbers["payments"]) == (10 * NANOS, "CNY", 2)


async def test_a_payment_that_is_on_record_for_another_order_of_the_recharge(house: House) -> None:
    account = await house.account("Payer")
    order, other = await house.credited(account), await house.begun(account)
    await house.deliver(house.payments.notify("epay", order.number, send=False, order_number_override=other.number))
    assert await house.found(shown(other)) == [FindingCode.ORDER_CREDITED, FindingCode.NOTICE_REFUSED]
    assert shown(order) in (await house.ask(shown(other))).answer


async def test_what_went_back_is_told_before_what_was_credited(house: House) -> None:
    order = await house.credited(await house.account("Payer"), "alipay")
    await house.till.refund(order, "4")
    assert "on its way back" in (await house.ask(shown(order))).answer
    await house.till.refunds.send_due()
    assert await house.found(shown(order)) == [FindingCode.ORDER_REFUNDED, FindingCode.ORDER_CREDITED]
    (found, _) = (await house.ask(shown(order))).findings
    assert "4.00 CNY" in found.text
    assert "the rest can be spent" in found.text


async def test_a_disputed_payment_freezes_what_is_left(house: House) -> None:
    account = await house.account("Payer")
    order = await house.credited(account)
    await house.till.refunds.propose_dispute(order.order_id, state=DisputeState.OPEN, reason="the bank says", by="Ann")
    assert (await house.found(shown(order)))[0] is FindingCode.ORDER_DISPUTED
    found = (await house.ask(shown(order))).findings[0]
    assert found.nanos == order.terms.credited
    assert found.owner == "finance"


async def test_another_order_of_the_same_recharge_was_paid(house: House) -> None:
    account = await house.account("Payer")
    first = await house.begun(account)
    second = await house.credited(account)
    told = await house.ask(shown(first))
    assert [one.code for one in told.findings] == [FindingCode.ORDER_CREDITED]
    assert shown(second) in told.answer


async def test_an_order_of_the_same_amount_that_was_paid_while_this_one_could_be_is_probably_meant(
    house: House,
) -> None:
    account = await house.account("Payer")
    first = await house.begun(account)
    # Too late for one recharge, and the first is still open.
    house.clock.advance(seconds=700)
    second = await house.credited(account)
    assert await house.found(shown(first)) == [FindingCode.ORDER_CREDITED, FindingCode.ORDER_NOT_PAID]
    probably, _ = (await house.ask(shown(first))).findings
    assert probably.confidence is Confidence.LIKELY
    assert shown(second) in probably.text
    # It can be seen by the customer: both are his.
    assert (await house.customer_asks(account, shown(first))).findings[0].code is FindingCode.ORDER_CREDITED


async def test_orders_that_were_paid_at_another_time_or_are_another_matter_are_not_meant(house: House) -> None:
    account, other = await house.account("Payer"), await house.account("Somebody else")
    await house.credited(account)
    house.clock.advance(seconds=700)
    order = await house.begun(account)
    await house.credited(account, amount="20")
    await house.credited(other)
    house.clock.advance(seconds=700)
    await house.credited(account, "alipay")
    assert await house.found(shown(order)) == [FindingCode.ORDER_NOT_PAID]
    house.clock.advance(micros=order.expires_at - house.clock.now())
    await house.credited(account)
    assert await house.found(shown(order)) == [FindingCode.ORDER_NOT_PAID]


async def test_who_pays_the_same_amount_again_and_again_may_mean_any(house: House) -> None:
    account = await house.account("Payer")
    order = await house.begun(account)
    for _ in range(2):
        house.clock.advance(seconds=700)
        await house.credited(account)
    assert await house.found(shown(order)) == [FindingCode.ORDER_NOT_PAID]


# -- codes -----------------------------------------------------------------------------------------------------------


async def test_a_redeemed_code_by_itself_by_its_id_and_by_its_mask(house: House) -> None:
    account, code = await house.account("Ada"), await house.code()
    await house.codes.redeem(account, code, by="Ada")
    code_id = await house.code_id(code)
    for subject in (code, code.lower().replace("-", " "), code_id, f"CF-…{code[-4:]} {show_id('account', account)}"):
        told = await house.ask(subject)
        assert (told.about, told.subject) == (About.REDEMPTION_CODE, code_id)
        assert [one.code for one in told.findings] == [FindingCode.CODE_REDEEMED]
        assert code not in str(told.to_dict())
        assert code not in "\n".join(told.lines())
    assert (await house.customer_asks(account, f"my code CF-…{code[-4:]}")).subject == code_id
    assert await house.found(code, asking=account) == [FindingCode.CODE_REDEEMED]


async def test_a_code_that_another_account_has(house: House) -> None:
    has, misses, code = await house.account("Has It"), await house.account("Misses It"), await house.code()
    await house.codes.redeem(has, code, by="Ada")
    with pytest.raises(Conflict):
        await house.codes.redeem(misses, code, by="Bob")
    assert await house.found(code, asking=misses) == [FindingCode.CODE_REDEEMED_ELSEWHERE]
    # Nobody has said who asks: whoever was told that it is used is whoever misses it.
    told = await house.ask(code)
    assert [one.code for one in told.findings] == [FindingCode.CODE_REDEEMED_ELSEWHERE, FindingCode.CODE_REDEEMED]
    assert told.findings[0].confidence is Confidence.LIKELY
    assert "Misses It" in told.findings[0].text
    for language in Language:
        mine = await house.customer_asks(misses, code, language=language)
        assert [one.code for one in mine.findings] == [FindingCode.CODE_REDEEMED_ELSEWHERE]
        said = str(mine.to_dict()) + "\n".join(mine.lines())
        assert "Has It" not in said
        assert has.hex not in said


async def test_a_code_that_nobody_has_redeemed_says_what_the_last_try_was_told(house: House) -> None:
    account, code = await house.account("Ada"), await house.code(allowed_groups=("Team",))
    assert await house.found(code) == [FindingCode.CODE_NOT_REDEEMED]
    with pytest.raises(Conflict):
        await house.codes.redeem(account, code, by="Ada")
    (found,) = (await house.ask(code, asking=account)).findings
    assert found.code is FindingCode.CODE_NOT_REDEEMED
    assert "Not for this group" in found.text
    assert "code_try" in {row.kind for row in found.rows}


async def test_a_code_that_has_expired_or_was_voided(house: House) -> None:
    expiring = await house.code(expires_at=house.clock.now() + 60_000_000)
    voided = await house.code()
    await house.codes.void_code((await house.codes.find(voided)).code.code_id, by="Ann")
    house.clock.advance(seconds=120)
    assert await house.found(expiring) == [FindingCode.CODE_EXPIRED]
    assert await house.found(voided) == [FindingCode.CODE_VOIDED]


async def test_credit_that_has_expired_since_is_why_it_does_not_show(house: House) -> None:
    account, code = await house.account("Ada"), await house.code(grant_days=1)
    await house.codes.redeem(account, code, by="Ada")
    house.clock.advance(seconds=2 * 86_400)
    await house.desk.ledger.end_due_grants()
    assert await house.found(code) == [FindingCode.CREDIT_EXPIRED, FindingCode.CODE_REDEEMED]


async def test_a_code_that_does_not_exist_or_is_not_the_customers(house: House) -> None:
    account, code = await house.account("Ada"), await house.code()
    with pytest.raises(NotFound):
        await house.ask("CF-00000-00000-00000-00000")
    with pytest.raises(NotFound):
        await house.customer_asks(account, await house.code_id(code))
    # Whoever has it whole may know how it stands.
    assert (await house.customer_asks(account, code)).findings[0].code is FindingCode.CODE_NOT_REDEEMED
