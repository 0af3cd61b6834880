"""Bank transfers: people say what has happened, nobody else."""

from __future__ import annotations

import pytest

from counterfoil.foundation.errors import Forbidden
from counterfoil.recharge.model import Said
from counterfoil.recharge.providers.bank import reference_of
from counterfoil.recharge.providers.port import PayBy, RawNotice, RefundOutcome
from recharge.providers.desk import (
    NOW,
    ORDER,
    bank_config,
    form_notice,
    offline,
    pay_request,
    refund_request,
    signed_for_epay,
)


async def test_a_customer_is_shown_where_to_transfer_to_and_what_to_write() -> None:
    payment, number = await offline(bank_config()).start(pay_request())
    assert (payment.pay_by, number) == (PayBy.TRANSFER, None)
    assert payment.content == "Acme Ltd\nNL00 BANK 0123\n0000000000AA"
    text = "转账时请附言 {reference}，{金额} 不变。"
    placed, _ = await offline(bank_config(settings={"instructions": text})).start(pay_request())
    assert placed.content == "转账时请附言 0000000000AA，{金额} 不变。"


def test_a_reference_is_the_end_of_the_orders_number() -> None:
    assert reference_of(ORDER) == "0000000000AA"
    assert ORDER.hex.upper().endswith(reference_of(ORDER))


@pytest.mark.parametrize("notice", [form_notice({}), form_notice(signed_for_epay({"out_trade_no": ORDER.hex}))])
def test_no_notice_is_believed(notice: RawNotice) -> None:
    with pytest.raises(Forbidden) as caught:
        offline(bank_config()).read_notice(notice, now=NOW)
    assert caught.value.code == "notice_not_configured"


async def test_nothing_is_asked_and_refunds_are_left_to_people() -> None:
    provider = offline(bank_config())
    assert (provider.can_query, provider.repeats_refunds_safely) == (False, False)
    assert (await provider.query(pay_request())).said is Said.NOTHING
    await provider.close(pay_request())
    assert (await provider.refund(refund_request())).outcome is RefundOutcome.PENDING
    assert (await provider.query_refund(refund_request())).outcome is RefundOutcome.PENDING
    assert (provider.reply(accepted=True).status, provider.reply(accepted=False).status) == (200, 400)
