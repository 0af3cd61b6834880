"""Invoices (发票): asked for once per order, decided once, and the account is told."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.recharge.invoices import Invoices
from counterfoil.recharge.invoices_model import InvoiceRequest, InvoiceState, read_tax_id
from counterfoil.recharge.model import DisputeState, Order
from recharge.till import Till

TAX_ID = "91310000MA1FL1234X"
NAME = "上海某某科技有限公司"


@pytest.fixture
def invoices(till: Till) -> Invoices:
    return Invoices(till.database, clock=till.clock)


@pytest.fixture
async def order(till: Till) -> Order:
    """An order of 100 CNY that was paid at the bank."""
    return await paid(till)


async def paid(till: Till, number: str = "bank-4711") -> Order:
    order = await till.order(await till.account(), "bank", "100")
    await till.refunds.propose_confirmation(order.order_id, number=number, reason="seen", by="Ann")
    return await till.orders.order(order.order_id)


async def ask(invoices: Invoices, order: Order, **fields: str) -> InvoiceRequest:
    return await invoices.request(order.order_id, **{"legal_name": NAME, "tax_id": TAX_ID, "by": "Ada", **fields})


async def told(till: Till) -> list[dict[str, Any]]:
    """What was announced of invoices."""
    async with till.database.reading() as connection:
        cursor = await connection.execute(
            "SELECT account_id, facts FROM outbox WHERE kind = 'invoice_decided' ORDER BY created_at, announcement_id"
        )
        return [{"account": account, **facts} for account, facts in await cursor.fetchall()]


async def test_an_invoice_is_asked_for_and_issued_and_the_account_is_told(
    till: Till, invoices: Invoices, order: Order
) -> None:
    asked = await ask(invoices, order, legal_name=f"  {NAME} ", tax_id="91310000-ma1fl 1234x")
    assert (asked.state, asked.legal_name, asked.tax_id) == (InvoiceState.REQUESTED, NAME, TAX_ID)
    assert (asked.amount, asked.currency, asked.requested_by) == (parse_nanos("100"), "CNY", "Ada")
    assert await invoices.find(asked.invoice_id) == asked
    assert await told(till) == []

    issued = await invoices.issue(asked.invoice_id, number=" 26312000000012345678 ", by="Fin")
    assert (issued.state, issued.number, issued.decided_by, issued.decided_at) == (
        InvoiceState.ISSUED, "26312000000012345678", "Fin", till.clock.now(),
    )  # fmt: skip
    assert await invoices.find(asked.invoice_id) == issued
    # The number was typed by a person, so it is not announced.
    assert await told(till) == [
        {
            "account": order.account_id, "order": show_id("order", order.order_id), "invoice_state": "issued",
            "amount": "100.00 CNY",
        }
    ]  # fmt: skip


async def test_only_what_was_paid_and_not_sent_back_is_invoiced(till: Till, invoices: Invoices) -> None:
    unpaid = await till.order(await till.account(), "bank")
    with pytest.raises(Conflict) as refused:
        await ask(invoices, unpaid)
    assert refused.value.code == "order_not_paid"

    refunded = await paid(till, "bank-1")
    await till.refund(refunded)
    # On its way back is as good as gone.
    with pytest.raises(Conflict) as refused:
        await ask(invoices, refunded)
    assert refused.value.code == "order_not_invoiceable"

    disputed = await paid(till, "bank-2")
    await till.refunds.propose_dispute(disputed.order_id, state=DisputeState.OPEN, reason="letter", by="Ann")
    with pytest.raises(Conflict) as refused:
        await ask(invoices, disputed)
    assert (refused.value.code, refused.value.parameters["state"]) == ("order_not_invoiceable", "disputed")
    assert await invoices.list() == []
    with pytest.raises(NotFound) as unknown:
        await invoices.request(UUID(int=7), legal_name=NAME, tax_id=TAX_ID, by="Ada")
    assert unknown.value.code == "order_not_found"


async def test_an_invoice_is_for_what_is_left_of_the_payment(till: Till, invoices: Invoices, order: Order) -> None:
    asked = await ask(invoices, order)
    await till.refund(order, "30")
    assert (await invoices.find(asked.invoice_id)).amount == parse_nanos("70")
    issued = await invoices.issue(asked.invoice_id, number="1", by="Fin")
    assert issued.amount == parse_nanos("70")
    assert (await told(till))[0]["amount"] == "70.00 CNY"


async def test_what_was_refunded_since_somebody_asked_is_not_invoiced(
    till: Till, invoices: Invoices, order: Order
) -> None:
    asked = await ask(invoices, order)
    await till.refund(order)
    with pytest.raises(Conflict) as refused:
        await invoices.issue(asked.invoice_id, number="1", by="Fin")
    assert refused.value.code == "order_not_invoiceable"
    rejected = await invoices.reject(asked.invoice_id, reason="refunded meanwhile", by="Fin")
    assert rejected.state is InvoiceState.REJECTED


async def test_an_order_has_one_request_at_a_time(invoices: Invoices, order: Order) -> None:
    first = await ask(invoices, order)
    # Clicked twice: the same one.
    assert await ask(invoices, order) == first
    with pytest.raises(Conflict) as refused:
        await ask(invoices, order, tax_id="123456789012345")
    assert refused.value.code == "invoice_exists"
    assert refused.value.parameters["invoice"] == show_id("invoice", first.invoice_id)

    await invoices.reject(first.invoice_id, reason="wrong tax number", by="Fin")
    second = await ask(invoices, order, tax_id="123456789012345")
    assert second.invoice_id != first.invoice_id
    await invoices.issue(second.invoice_id, number="1", by="Fin")
    # The same again would be a second invoice for one payment.
    with pytest.raises(Conflict) as refused:
        await ask(invoices, order, tax_id="123456789012345")
    assert (refused.value.code, refused.value.parameters["state"]) == ("invoice_exists", "issued")


async def test_of_many_who_ask_at_once_one_is_heard(invoices: Invoices, order: Order) -> None:
    answers = await asyncio.gather(
        *(ask(invoices, order, legal_name=f"{NAME} {n}") for n in range(8)), return_exceptions=True
    )
    assert [type(answer) for answer in answers].count(InvoiceRequest) == 1
    assert {answer.code for answer in answers if isinstance(answer, Conflict)} == {"invoice_exists"}
    assert len(await invoices.list(order_id=order.order_id)) == 1


async def test_a_request_is_decided_once(till: Till, invoices: Invoices, order: Order) -> None:
    asked = await ask(invoices, order)
    answers = await asyncio.gather(
        invoices.issue(asked.invoice_id, number="1", by="Fin"),
        invoices.issue(asked.invoice_id, number="2", by="Flo"),
        invoices.reject(asked.invoice_id, reason="no", by="Fay"),
        return_exceptions=True,
    )
    decided = [answer for answer in answers if isinstance(answer, InvoiceRequest)]
    assert len(decided) == 1
    assert {answer.code for answer in answers if isinstance(answer, Conflict)} == {"invoice_decided"}
    assert await invoices.find(asked.invoice_id) == decided[0]
    assert len(await told(till)) == 1


async def test_the_same_decision_again_is_answered_as_the_first_time(
    till: Till, invoices: Invoices, order: Order
) -> None:
    first = await invoices.issue((await ask(invoices, order)).invoice_id, number="1", by="Fin")
    till.clock.advance(seconds=60)
    assert await invoices.issue(first.invoice_id, number="1", by="Flo") == first
    with pytest.raises(Conflict):
        await invoices.issue(first.invoice_id, number="2", by="Fin")
    other = await ask(invoices, await paid(till, "bank-2"))
    rejected = await invoices.reject(other.invoice_id, reason="not ours", by="Fin")
    assert await invoices.reject(other.invoice_id, reason="not ours", by="Fin") == rejected
    assert len(await told(till)) == 2
    with pytest.raises(NotFound) as unknown:
        await invoices.issue(UUID(int=7), number="1", by="Fin")
    assert unknown.value.code == "invoice_not_found"


async def test_requests_are_listed_newest_first_and_filtered(till: Till, invoices: Invoices, order: Order) -> None:
    other = await paid(till, "bank-2")
    first, second = await ask(invoices, order), await ask(invoices, other)
    await invoices.reject(second.invoice_id, reason="no", by="Fin")

    async def listed(**fields: Any) -> list[UUID]:
        return [one.invoice_id for one in await invoices.list(**fields)]

    assert await listed() == [second.invoice_id, first.invoice_id]
    assert await listed(most=1) == [second.invoice_id]
    assert await listed(before=second.invoice_id) == [first.invoice_id]
    assert await listed(state=InvoiceState.REQUESTED) == [first.invoice_id]
    assert await listed(account_id=other.account_id) == [second.invoice_id]
    assert await listed(order_id=order.order_id) == [first.invoice_id]


@pytest.mark.parametrize("tax_id", ["", "12345", "1" * 21, "9131 0000 MA1F;DROP", "税号123456", "12345６"])
async def test_a_tax_number_that_is_none_is_refused_and_not_repeated(
    invoices: Invoices, order: Order, tax_id: str
) -> None:
    with pytest.raises(InputError) as refused:
        await ask(invoices, order, tax_id=tax_id)
    assert refused.value.code == "tax_id_unreadable"
    assert not tax_id or tax_id not in str(refused.value)
    assert await invoices.list() == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "name_unreadable"), ("x" * 201, "name_unreadable"), ("Acme\nLtd", "name_unreadable"),
        ("Acme 4242 4242 4242 4242", "bad_request"), ("Acme sk-proj-Zx81kQv09mLr4TtYb7Wc2DeF", "bad_request"),
    ],
)  # fmt: skip
async def test_a_name_is_kept_as_it_is_or_not_at_all(till: Till, invoices: Invoices, order: Order, name: str, code: str) -> None:  # fmt: skip
    with pytest.raises(InputError) as refused:
        await ask(invoices, order, legal_name=name)
    assert refused.value.code == code
    assert "4242" not in str(refused.value)
    assert "4242 4242" not in till.everything_stored()


async def test_a_reason_is_redacted(till: Till, invoices: Invoices, order: Order) -> None:
    asked = await ask(invoices, order)
    rejected = await invoices.reject(asked.invoice_id, reason="paid by 4242 4242 4242 4242", by="Fin")
    assert rejected.reason is not None
    assert rejected.reason.startswith("paid by ")
    assert "4242 4242" not in rejected.reason
    assert "4242 4242" not in till.everything_stored()


@pytest.mark.parametrize("number", ["", " ", "1" * 61, "1\n2"])
async def test_an_invoice_has_a_number_that_can_be_read(invoices: Invoices, order: Order, number: str) -> None:
    asked = await ask(invoices, order)
    with pytest.raises(InputError):
        await invoices.issue(asked.invoice_id, number=number, by="Fin")
    assert (await invoices.find(asked.invoice_id)).state is InvoiceState.REQUESTED


def test_a_tax_number_and_a_name_are_in_no_log() -> None:
    request = InvoiceRequest(
        invoice_id=UUID(int=1), order_id=UUID(int=1), account_id=UUID(int=1), state=InvoiceState.REQUESTED,
        legal_name=NAME, tax_id=TAX_ID, amount=1, currency="CNY", requested_by="Ada", requested_at=1,
    )  # fmt: skip
    assert TAX_ID not in repr(request)
    assert NAME not in repr(request)


@given(st.text(alphabet="0123456789abcXYZ -\t税", max_size=30))
def test_a_tax_number_is_read_as_the_database_wants_it(text: str) -> None:
    try:
        read = read_tax_id(text)
    except InputError:
        cleaned = re.sub(r"[\s-]", "", text)
        assert not 6 <= len(cleaned) <= 20 or not cleaned.isascii()
        return
    assert re.fullmatch(r"[0-9A-Z]{6,20}", read)
    assert read_tax_id(read) == read
