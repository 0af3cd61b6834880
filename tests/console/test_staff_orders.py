"""Orders, notices, refunds, disputes and codes, as operations and finance see and settle them."""

from __future__ import annotations

import csv
import io

from console.visitors import House, Visitor, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.recharge.codes_model import CodeState
from counterfoil.recharge.model import Order, OrderState, ProviderKind, RefundState
from recharge.till import configured

NUMBER = "62170011223344556677"


async def _bank_order(house: House, account: Account, amount: str = "700") -> Order:
    services = house.services.recharge
    if not await services.payment_providers.list():
        await services.payment_providers.add(configured(ProviderKind.BANK, {}))
        await services.recharge_terms.set_rate(
            paid_currency="CNY", wallet_currency="USD", rate=parse_nanos("0.14"), ratio=parse_nanos("1"), by="op"
        )
    return await services.orders.create(
        account_id=account.account_id, provider="bank", amount=parse_nanos(amount), currency="CNY", by="customer"
    )


def _page(order: Order, path: str = "") -> str:
    return f"/orders/{show_id('order', order.order_id)}{path}"


async def _approved(visitor: Visitor, location: str) -> None:
    await visitor.post(location.partition("?")[0] + "/approve", {"reason": "checked"})


async def _paid_order(house: House, account: Account, amount: str = "700") -> Order:
    order = await _bank_order(house, account, amount)
    refunds = house.services.recharge.order_refunds
    approval = await refunds.propose_confirmation(order.order_id, number=NUMBER, reason="seen", by="one@desk")
    if approval.decided_at is None:
        await house.services.approvals.approve(approval.approval_id, by="two@desk")
    return await house.services.recharge.orders.order(order.order_id)


async def test_orders_are_listed_with_filters_and_taken_away_as_a_file(house: House) -> None:
    acme, other = await house.open_account("Acme"), await house.open_account("Bolt")
    open_order, paid = await _bank_order(house, acme, "650"), await _paid_order(house, other, "800")
    staff = await house.staff(StaffRole.SUPPORT)
    page = await staff.get("/orders")
    assert "CN¥650.00" in page
    assert "CN¥800.00" in page
    only = await staff.get("/orders", state="paid")
    assert "Bolt" in only
    assert "Acme" not in only
    assert "Acme" not in await staff.get("/orders", account=show_id("account", other.account_id))
    assert "No such order" in await staff.get("/orders", until="2020-01-01")
    assert "Acme" in await staff.get("/orders", since="2020-01-01")
    await staff.get("/orders", since="yesterday", status=422)
    rows = list(csv.reader(io.StringIO((await staff.get("/orders", csv="orders")).lstrip("\ufeff"))))
    assert {row[0] for row in rows[1:]} == {show_id("order", one.order_id) for one in (open_order, paid)}


async def test_a_bank_transfer_is_confirmed_by_two_people_and_credited_once(house: House) -> None:
    account = await house.open_account("Acme")
    order = await _bank_order(house, account)
    operations, finance = await house.staff(StaffRole.OPERATIONS), await house.staff(StaffRole.FINANCE)
    made = await operations.post(
        _page(order, "/confirm"), {"confirm_number": NUMBER, "confirm_reason": "on the statement"}
    )
    assert NUMBER not in await operations.follow(made)
    assert "CN¥700.00" in await finance.get("/approvals")
    await _approved(finance, made.headers["location"])
    page = await operations.get(_page(order))
    assert "Paid and credited" in page
    assert NUMBER not in page
    assert (await house.services.ledger.balance(account.account_id)).posted == parse_nanos("98")
    again = await operations.post(
        _page(order, "/confirm"), {"confirm_number": NUMBER, "confirm_reason": "x"}, status=409
    )
    assert NUMBER not in again.text
    receipt = await operations.get(_page(order, "/receipt"))
    assert "98.00" in receipt


async def test_an_order_is_found_by_the_number_it_was_paid_with_which_no_page_repeats(house: House) -> None:
    order = await _paid_order(house, await house.open_account("Acme"))
    staff = await house.staff(StaffRole.SUPPORT)
    found = await staff.post("/orders/find", {"find_number": f" {NUMBER} "})
    assert found.headers["location"].endswith(_page(order))
    by_id = await staff.post("/orders/find", {"find_number": order.order_id.hex.upper()})
    assert by_id.headers["location"].endswith(_page(order))
    nothing = await staff.post("/orders/find", {"find_number": NUMBER[::-1]}, status=200)
    assert NUMBER[::-1] not in nothing.text
    assert "No such order" in nothing.text


async def test_a_refund_is_proposed_with_what_may_go_and_stands_on_the_board(house: House) -> None:
    account = await house.open_account("Acme")
    order = await _paid_order(house, account)
    support, finance = await house.staff(StaffRole.SUPPORT), await house.staff(StaffRole.FINANCE)
    assert "Up to CN¥700.00 can be refunded now" in await support.get(_page(order))
    fields = {"refund_amount": "800", "refund_source_id": "case-1", "refund_reason": "changed their mind"}
    refused = await support.post(_page(order, "/refund"), fields, status=409)
    assert 'value="changed their mind"' in refused.text
    made = await support.post(_page(order, "/refund"), fields | {"refund_amount": "600"})
    assert "No such refund" in await finance.get("/refunds")
    await _approved(finance, made.headers["location"])
    board = await finance.get("/refunds", state="open")
    assert "CN¥600.00" in board
    assert "changed their mind" in board
    (refund,) = await house.services.recharge.order_refunds.refunds()
    assert refund.state is RefundState.SENDING
    # Nobody can ask a bank: once it is out, staff says how it went.
    await house.services.recharge.order_refunds.send_due()
    board = await finance.get("/refunds")
    assert "It went through" in board
    outcome = f"/refunds/{show_id('refund', refund.refund_id)}/outcome"
    await support.post(outcome, {"state": "succeeded"}, status=403)
    await finance.post(outcome, {"state": "succeeded"})
    await finance.post(outcome, {"state": "failed"}, status=409)
    assert "Partly refunded" in await support.get(_page(order))


async def test_a_dispute_is_recorded_by_approval_and_stands_on_the_board(house: House) -> None:
    account = await house.open_account("Acme")
    order = await _paid_order(house, account)
    operations, finance = await house.staff(StaffRole.OPERATIONS), await house.staff(StaffRole.FINANCE)
    made = await operations.post(
        _page(order, "/dispute"), {"dispute_state": "open", "dispute_reason": "the bank called"}
    )
    await _approved(finance, made.headers["location"])
    board = await finance.get("/disputes", state="open")
    assert "Acme" in board
    assert "CN¥700.00" in board
    assert "No disputes" in await finance.get("/disputes", state="won")
    assert (await house.services.recharge.orders.order(order.order_id)).state is OrderState.DISPUTED
    await operations.post(_page(order, "/dispute"), {"dispute_state": "maybe", "dispute_reason": "x"}, status=422)


async def test_an_order_is_called_off_with_its_consequence_said(house: House) -> None:
    order = await _bank_order(house, await house.open_account("Acme"))
    staff = await house.staff(StaffRole.OPERATIONS)
    assert "money already on its way is credited all the same" in await staff.get(_page(order))
    assert "called off" in await staff.follow(await staff.post(_page(order, "/cancel")))
    assert (await house.services.recharge.orders.order(order.order_id)).state is OrderState.CANCELLED


async def test_notices_are_listed_with_what_came_of_them(house: House) -> None:
    await _bank_order(house, await house.open_account("Acme"))
    staff = await house.staff(StaffRole.OPERATIONS)
    assert "No notices" in await staff.get("/notices")
    assert "No notices" in await staff.get("/notices", refused="1", provider="bank")


async def test_codes_are_shown_once_as_a_file_and_by_their_masks_afterwards(house: House) -> None:
    staff = await house.staff(StaffRole.OPERATIONS)
    fields = {
        "batch_name": "Spring", "batch_value": "10", "batch_currency": "usd", "batch_count": "3",
        "batch_kind": "promotional", "batch_grant_days": "30", "batch_per_account_limit": "1",
        "batch_allowed_groups": "", "batch_expires_at": "2030-01-01T00:00",
    }  # fmt: skip
    made = await staff.post("/codes", fields, status=200)
    assert made.headers["content-disposition"].startswith("attachment")
    assert made.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(made.text.lstrip("\ufeff"))))[1:]
    codes = [row[0] for row in rows]
    assert len(codes) == 3
    (view,) = await house.services.codes.batches()
    batch = f"/codes/batches/{show_id('code_batch', view.batch.batch_id)}"
    page = await staff.get(batch)
    assert "Spring" in await staff.get("/codes")
    assert not any(code in page for code in codes)
    assert f"…{codes[0][-4:]}" in page or codes[0][-4:] in page

    # Found by the whole code, which goes no further than the form.
    found = await staff.post("/codes/find", {"code": codes[0].lower()})
    assert codes[0] not in found.headers["location"]
    shown = await staff.follow(found)
    assert codes[0] not in shown
    wrong = await staff.post("/codes/find", {"code": codes[0][:-1] + "?"}, status=422)
    assert codes[0][:-1] not in wrong.text

    account = await house.open_account("Acme")
    await house.services.codes.redeem(account.account_id, codes[1], by="somebody@example.com")
    redeemed = await staff.get(batch, mask=codes[1][-4:])
    assert "Acme" in redeemed
    tries = await staff.get("/codes/tries")
    assert "somebody@example.com" in tries
    assert "Acme" not in await staff.get(batch, state="new")

    await staff.post(found.headers["location"] + "/void")
    counts = (await house.services.codes.batch(view.batch.batch_id)).counts
    assert (counts[CodeState.VOIDED], counts[CodeState.REDEEMED], counts[CodeState.NEW]) == (1, 1, 1)
    await staff.post(f"{batch}/void")
    counts = (await house.services.codes.batch(view.batch.batch_id)).counts
    assert (counts[CodeState.VOIDED], counts[CodeState.REDEEMED]) == (2, 1)


async def test_a_batch_that_cannot_be_is_refused_with_what_was_typed(house: House) -> None:
    staff = await house.staff(StaffRole.OPERATIONS)
    fields = {"batch_name": "Spring", "batch_value": "ten", "batch_count": "3", "batch_kind": "promotional"}
    refused = await staff.post("/codes", fields, status=422)
    assert 'value="Spring"' in refused.text
    await staff.post("/codes", fields | {"batch_value": "10", "batch_count": "0"}, status=422)
    await staff.post("/codes", fields | {"batch_value": "10", "batch_kind": "free"}, status=422)
    await staff.post("/codes", fields | {"batch_value": "10", "batch_expires_at": "soon"}, status=422)
    assert await house.services.codes.batches() == []


async def test_support_reads_codes_and_orders_and_changes_none(house: House) -> None:
    order = await _bank_order(house, await house.open_account("Acme"))
    support = await house.staff(StaffRole.SUPPORT)
    page = await support.get("/codes")
    assert "batch_value" not in page
    await support.post("/codes", {"batch_name": "x"}, status=403)
    await support.post(_page(order, "/cancel"), status=403)
    await support.post(_page(order, "/ask"), status=403)


async def test_customers_and_engineers_see_no_orders_of_the_desk(house: House) -> None:
    account = await house.open_account("Acme")
    order = await _bank_order(house, account)
    for visitor in (await house.member(account, Role.OWNER), await house.staff(StaffRole.ENGINEERING)):
        for path in ("/orders", _page(order), "/notices", "/refunds", "/disputes", "/codes", "/codes/tries"):
            assert "<code>permission_missing</code>" in await visitor.get(path, status=403), path
    admin = await house.member(account, Role.ADMIN)
    assert "<code>permission_missing</code>" in await admin.get(of_account(account, "/administration"), status=403)


async def test_looking_at_an_order_is_on_the_customers_trail(house: House) -> None:
    account = await house.open_account("Acme")
    order = await _bank_order(house, account)
    staff = await house.staff(StaffRole.SUPPORT)
    await staff.get(_page(order))
    events = await house.services.audit.list(account_id=account.account_id)
    assert [(one.what, one.kind) for one in events] == [("order", "saw")]
