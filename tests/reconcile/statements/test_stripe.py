"""Stripe's reports and its dashboard's export."""

from __future__ import annotations

from typing import get_args

import pytest
import stripe

from counterfoil.foundation.money import NANOS_PER_UNIT
from counterfoil.foundation.periods import read_time
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import LineKind, RejectReason
from reconcile.statements.reading import by_key, read
from reconcile.statements.samples_intl import ORDER_1, ORDER_2, ORDER_3, STRIPE_DASHBOARD, STRIPE_REPORT

HEADER = "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,description\n"


def row(text: str, header: str = HEADER) -> str:
    return header + text + "\n"


def test_every_type_that_stripe_itself_names_is_known() -> None:
    named = {word for one in get_args(stripe.BalanceTransaction.__annotations__["type"]) for word in get_args(one)}
    assert "charge" in named
    header = "id,Type,Source,Amount,Fee,Net,Currency,Created (UTC)\n"
    rows = [f"txn_{n},{word},,1.00,0.00,1.00,usd,2026-11-28 00:00\n" for n, word in enumerate(sorted(named))]
    statement = read(header + "".join(rows), importer="stripe_dashboard")
    assert statement.rejects == ()
    assert len(statement.lines) == len(named)


def test_a_charge_has_its_intent_order_fee_and_payout() -> None:
    line = by_key(read(STRIPE_REPORT, importer="stripe_report"))["txn_3A1"]
    assert (line.kind, line.direction, line.amount, line.fee, line.currency) == (
        LineKind.PAYMENT, 1, 30 * NANOS_PER_UNIT, 1_170_000_000, "USD",
    )  # fmt: skip
    assert (line.trade_number, line.order_number, line.payout_number) == ("pi_3A1", ORDER_1, "po_9")
    assert line.at == read_time("2026-11-28T09:15:02Z")
    assert line.payer == "ann@example.com"


def test_currencies_without_decimals_are_in_major_units_too() -> None:
    line = by_key(read(STRIPE_REPORT, importer="stripe_report"))["txn_3A2"]
    assert (line.amount, line.fee, line.currency) == (5000 * NANOS_PER_UNIT, 180 * NANOS_PER_UNIT, "JPY")
    assert line.order_number == ORDER_2


def test_decimals_that_a_currency_does_not_have_are_not_believed() -> None:
    statement = read(row("txn_1,2026-11-28 09:15:02,jpy,50.50,0,50.50,charge,ch_1,x"), importer="stripe_report")
    assert [(one.reason, one.column) for one in statement.rejects] == [(RejectReason.AMOUNT_UNREADABLE, "gross")]


def test_a_partial_capture_is_a_charge_and_its_reversal_which_sum_up_to_what_was_paid() -> None:
    lines = [one for one in read(STRIPE_REPORT, importer="stripe_report").lines if one.order_number == ORDER_3]
    assert {one.kind for one in lines} == {LineKind.PAYMENT}
    assert sum(one.amount * one.direction for one in lines) == 60 * NANOS_PER_UNIT
    assert sum(one.fee for one in lines) == 2_040_000_000
    assert {one.trade_number for one in lines} == {"pi_3A3"}


def test_a_refund_names_itself_its_payment_and_our_refund() -> None:
    line = by_key(read(STRIPE_REPORT, importer="stripe_report"))["txn_3A5"]
    assert (line.kind, line.direction, line.amount) == (LineKind.REFUND, -1, 10 * NANOS_PER_UNIT)
    assert (line.trade_number, line.refund_number, line.order_number) == ("pi_3A1", "re_3A1", ORDER_1)
    assert line.merchant_refund_number == "019ac1e0" + "a" * 24


def test_a_dispute_is_an_adjustment_with_its_fee() -> None:
    line = by_key(read(STRIPE_REPORT, importer="stripe_report"))["txn_3A6"]
    assert (line.kind, line.direction, line.amount, line.fee) == (
        LineKind.ADJUSTMENT, -1, 15 * NANOS_PER_UNIT, 15 * NANOS_PER_UNIT,
    )  # fmt: skip
    assert line.trade_number == "pi_3A1"


def test_fees_and_payouts_leave() -> None:
    lines = by_key(read(STRIPE_REPORT, importer="stripe_report"))
    fee, payout = lines["txn_3A7"], lines["txn_3A8"]
    assert (fee.kind, fee.direction, fee.amount) == (LineKind.FEE, -1, 2_500_000_000)
    assert (payout.kind, payout.direction, payout.payout_number) == (LineKind.PAYOUT, -1, "po_9")


def test_what_a_payout_holds_comes_to_the_payout() -> None:
    lines = read(STRIPE_REPORT, importer="stripe_report").lines
    inside = [one for one in lines if one.payout_number == "po_9" and one.kind is not LineKind.PAYOUT]
    payout = next(one for one in lines if one.kind is LineKind.PAYOUT)
    assert sum(one.amount * one.direction - one.fee for one in inside) == payout.amount


@pytest.mark.parametrize(("fee", "net"), [("1.17", "28.83"), ("-1.17", "28.83")])
def test_the_net_tells_the_sign_of_the_fee(fee: str, net: str) -> None:
    statement = read(row(f"txn_1,2026-11-28 09:15:02,usd,30.00,{fee},{net},charge,ch_1,x"), importer="stripe_report")
    assert statement.lines[0].fee == 1_170_000_000


def test_a_fee_given_back_is_negative() -> None:
    statement = read(row("txn_1,2026-11-28 09:15:02,usd,-30.00,-1.17,-28.83,refund,re_1,x"), importer="stripe_report")
    assert statement.lines[0].fee == -1_170_000_000


def test_a_line_that_does_not_add_up_is_not_believed() -> None:
    statement = read(row("txn_1,2026-11-28 09:15:02,usd,30.00,1.17,28.00,charge,ch_1,x"), importer="stripe_report")
    assert [(one.reason, one.column) for one in statement.rejects] == [(RejectReason.AMOUNT_UNREADABLE, "net")]


def test_a_fee_without_gross_is_a_fee() -> None:
    statement = read(row("txn_1,2026-11-28 09:15:02,usd,0.00,0.40,-0.40,network_cost,,x"), importer="stripe_report")
    (line,) = statement.lines
    assert (line.kind, line.direction, line.amount, line.fee) == (LineKind.FEE, -1, 400_000_000, 0)


def test_an_unknown_category_is_a_reject_that_shows_it() -> None:
    statement = read(row("txn_1,2026-11-28 09:15:02,usd,1.00,0,1.00,moon_levy,,x"), importer="stripe_report")
    (one,) = statement.rejects
    assert (one.reason, one.column, one.number) == (RejectReason.CELL_UNKNOWN, "reporting_category", 2)
    assert "moon_levy" in one.raw


def test_a_report_with_decimal_commas_is_read_alike() -> None:
    text = HEADER + 'txn_1,2026-11-28 09:15:02,usd,"30,00","1,17","28,83",charge,ch_1,x\n'
    (line,) = read(text, importer="stripe_report").lines
    assert (line.amount, line.fee) == (30 * NANOS_PER_UNIT, 1_170_000_000)


def test_times_of_a_report_without_utc_are_in_the_zone_that_was_asked_for() -> None:
    header = HEADER.replace("created_utc", "created")
    text = row("txn_1,2026-11-28 09:15:02,usd,30.00,1.17,28.83,charge,ch_1,x", header)
    (line,) = read(text, Reading(time_zone="Europe/Helsinki"), importer="stripe_report").lines
    assert line.at == read_time("2026-11-28T07:15:02Z")
    (line,) = read(text, importer="stripe_report").lines
    assert line.at == read_time("2026-11-28T09:15:02Z")


def test_the_order_can_be_in_a_column_of_its_own_name() -> None:
    header = HEADER.replace("description", "description,payment_metadata[shop_reference]")
    text = row("txn_1,2026-11-28 09:15:02,usd,30.00,1.17,28.83,charge,ch_1,x,A-17", header)
    reading = Reading(columns={"order_number": "payment_metadata[shop_reference]"})
    assert read(text, reading, importer="stripe_report").lines[0].order_number == "A-17"
    assert read(text, importer="stripe_report").lines[0].order_number is None


def test_the_payouts_report_is_read_by_its_own_columns() -> None:
    text = (
        "payout_id,effective_at_utc,currency,gross,fee,net,reporting_category,balance_transaction_id,description,"
        "payout_expected_arrival_date,payout_status\n"
        "po_7,2026-11-29 00:00:00,usd,-44.29,0.00,-44.29,payout,txn_9,STRIPE PAYOUT,2026-12-01,paid\n"
        "po_6,2026-11-29 01:00:00,usd,12.00,0.00,12.00,payout_reversal,txn_8,STRIPE PAYOUT,2026-12-01,failed\n"
    )
    paid, returned = read(text, importer="stripe_report").lines
    assert (paid.payout_number, paid.direction) == ("po_7", -1)
    assert (returned.kind, returned.payout_number, returned.direction) == (LineKind.PAYOUT, "po_6", 1)


def test_the_same_transaction_has_one_key_in_report_and_dashboard() -> None:
    report = by_key(read(STRIPE_REPORT, importer="stripe_report"))
    assert set(by_key(read(STRIPE_DASHBOARD, importer="stripe_dashboard"))) <= set(report)


def test_the_dashboards_export_has_the_older_words() -> None:
    lines = by_key(read(STRIPE_DASHBOARD, importer="stripe_dashboard"))
    charge, refund = lines["txn_3A1"], lines["txn_3A5"]
    assert (charge.kind, charge.amount, charge.fee) == (LineKind.PAYMENT, 1030 * NANOS_PER_UNIT, 30_170_000_000)
    assert (charge.trade_number, charge.order_number, charge.payout_number) == ("ch_3A1XYZ", ORDER_1, "po_9")
    assert charge.at == read_time("2026-11-28T09:15:00Z")
    assert (refund.kind, refund.direction, refund.refund_number) == (LineKind.REFUND, -1, "re_3A1")
    assert refund.merchant_refund_number == "019ac1e0" + "a" * 24


def test_a_dispute_in_the_dashboards_export_names_its_charge() -> None:
    lines = by_key(read(STRIPE_DASHBOARD, importer="stripe_dashboard"))
    dispute, payout = lines["txn_3A6"], lines["txn_3A8"]
    assert (dispute.kind, dispute.trade_number, dispute.fee) == (LineKind.ADJUSTMENT, "ch_3A1XYZ", 15 * NANOS_PER_UNIT)
    assert (payout.kind, payout.payout_number, payout.trade_number) == (LineKind.PAYOUT, "po_9", None)
