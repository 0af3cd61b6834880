"""PayPal's activity, in four languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.money import NANOS_PER_UNIT
from counterfoil.foundation.periods import read_time
from counterfoil.reconcile.statements.decimal_signs import COMMA, POINT, decimal_sign
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import LineKind, LineStatus, RejectReason
from counterfoil.reconcile.statements.registry import read_statement
from reconcile.statements.reading import by_key, read
from reconcile.statements.samples_intl import ORDER_1, ORDER_2, PAYPAL, PAYPAL_DE, PAYPAL_ZH

HEADER = (
    '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","Transaction ID","Balance Impact"\n'
)


def row(**cells: str) -> str:
    told = {
        "date": "11/28/2026", "time": "06:53:17", "zone": "PST", "name": "Ann", "type": "Website Payment",
        "status": "Completed", "currency": "USD", "gross": "10.00", "fee": "-0.60", "net": "9.40", "id": "8AB",
        "impact": "Credit", **cells,
    }  # fmt: skip
    return ",".join(f'"{cell}"' for cell in told.values()) + "\n"


def test_a_payment_has_its_number_order_payer_and_fee() -> None:
    line = by_key(read(PAYPAL, importer="paypal"))["8AB12345CD678901E"]
    assert (line.kind, line.status, line.direction) == (LineKind.PAYMENT, LineStatus.SUCCEEDED, 1)
    assert (line.amount, line.fee, line.currency) == (1234 * NANOS_PER_UNIT, 43_560_000_000, "USD")
    assert (line.trade_number, line.order_number, line.payer) == ("8AB12345CD678901E", ORDER_1, "ann@example.com")
    assert line.at == read_time("2026-11-28T14:53:17Z")


def test_a_refund_names_its_payment_and_gives_back_a_part_of_the_fee() -> None:
    line = by_key(read(PAYPAL, importer="paypal"))["8AB12345CD678902E"]
    assert (line.kind, line.direction, line.amount, line.fee) == (
        LineKind.REFUND,
        -1,
        100 * NANOS_PER_UNIT,
        -3_000_000_000,
    )
    assert (line.trade_number, line.refund_number) == ("8AB12345CD678901E", "8AB12345CD678902E")


def test_a_row_that_moves_nothing_has_not_succeeded() -> None:
    line = by_key(read(PAYPAL, importer="paypal"))["8AB12345CD678903E"]
    assert (line.kind, line.status, line.order_number) == (LineKind.PAYMENT, LineStatus.PENDING, ORDER_2)
    memo = HEADER + row(type="Authorization", impact="Memo")
    assert read(memo, importer="paypal").lines[0].status is LineStatus.CLOSED


def test_withdrawals_are_payouts_and_fees_are_fees() -> None:
    lines = by_key(read(PAYPAL, importer="paypal"))
    payout, fee = lines["8AB12345CD678904E"], lines["8AB12345CD678905E"]
    assert (payout.kind, payout.direction, payout.payout_number) == (LineKind.PAYOUT, -1, "8AB12345CD678904E")
    assert (fee.kind, fee.direction, fee.amount) == (LineKind.FEE, -1, 20 * NANOS_PER_UNIT)
    assert fee.trade_number == "8AB12345CD678901E"


def test_the_balance_goes_on_by_what_the_lines_say() -> None:
    lines = [one for one in read(PAYPAL, importer="paypal").lines if one.status is LineStatus.SUCCEEDED]
    assert sum(one.amount * one.direction - one.fee for one in lines) == 573_440_000_000


def test_german_columns_words_and_decimals() -> None:
    lines = by_key(read(PAYPAL_DE, importer="paypal"))
    payment, refund, payout = (lines[f"8AB12345CD67891{n}E"] for n in (1, 2, 3))
    assert (payment.kind, payment.amount, payment.fee) == (LineKind.PAYMENT, 1234 * NANOS_PER_UNIT, 43_560_000_000)
    assert (payment.currency, payment.order_number) == ("EUR", ORDER_1)
    # The third of November, not the eleventh of March.
    assert payment.at == read_time("2026-11-03T08:53:17Z")
    assert (refund.kind, refund.direction, refund.trade_number) == (LineKind.REFUND, -1, "8AB12345CD678911E")
    assert (payout.kind, payout.status) == (LineKind.PAYOUT, LineStatus.PENDING)


def test_chinese_columns_words_and_zone() -> None:
    lines = by_key(read(PAYPAL_ZH, importer="paypal"))
    payment, refund, payout = (lines[f"8AB12345CD67892{n}E"] for n in (1, 2, 3))
    assert (payment.kind, payment.amount, payment.fee) == (LineKind.PAYMENT, 100 * NANOS_PER_UNIT, 4_700_000_000)
    assert payment.at == read_time("2026-11-28T06:53:17Z")
    assert (refund.kind, refund.trade_number, refund.order_number) == (LineKind.REFUND, "8AB12345CD678921E", ORDER_1)
    assert (payout.kind, payout.direction) == (LineKind.PAYOUT, -1)


def test_french_columns() -> None:
    text = (
        '"Date","Heure","Fuseau horaire","Nom","Type","État","Devise","Avant commission","Commission","Net",'
        '"De l\'adresse email","Numéro de transaction","Numéro de la transaction de référence","Nº de facture"\n'
        '"28/11/2026","09:53:17","CET","Ann","Paiement Express Checkout","Terminé","EUR","1\u202f234,50","-40,00","1\u202f194,50",'
        f'"ann@example.com","8AB","","{ORDER_1}"\n'
    )
    (line,) = read(text, importer="paypal").lines
    assert (line.kind, line.amount, line.fee) == (LineKind.PAYMENT, 1_234_500_000_000, 40 * NANOS_PER_UNIT)
    assert (line.at, line.order_number) == (read_time("2026-11-28T08:53:17Z"), ORDER_1)


@pytest.mark.parametrize(
    ("told", "kind", "direction"),
    [
        ("Payment Refund", LineKind.REFUND, -1),
        ("Mass Pay Payment", LineKind.TRANSFER, -1),
        ("Payment Reversal", LineKind.ADJUSTMENT, -1),
        ("Chargeback", LineKind.ADJUSTMENT, -1),
        ("General Currency Conversion", LineKind.TRANSFER, -1),
        ("Account Hold for Open Authorization", LineKind.TRANSFER, -1),
        ("Reversal of General Account Hold", LineKind.TRANSFER, 1),
        ("Bank Deposit to PP Account ", LineKind.TRANSFER, 1),
        ("Subscription Payment", LineKind.PAYMENT, 1),
        ("User Initiated Withdrawal", LineKind.PAYOUT, -1),
    ],
)
def test_types_are_told_by_their_words(told: str, kind: LineKind, direction: int) -> None:
    amount = "10.00" if direction > 0 else "-10.00"
    text = HEADER + row(type=told, gross=amount, fee="0.00", net=amount)
    (line,) = read(text, importer="paypal").lines
    assert (line.kind, line.direction) == (kind, direction)


def test_event_codes_are_believed_before_words() -> None:
    header = HEADER.replace('"Balance Impact"', '"Balance Impact","Transaction Event Code"')
    cells = row(type="Something new", gross="-10.00", fee="0.00", net="-10.00")
    (line,) = read(header + cells.rstrip() + ',"T1107"\n', importer="paypal").lines
    assert line.kind is LineKind.REFUND


def test_items_of_a_cart_only_detail_the_payment_above() -> None:
    text = HEADER + row() + row(type="Shopping Cart Item", gross="10.00", fee="", net="10.00", impact="Memo")
    statement = read(text, importer="paypal")
    assert len(statement.lines) == 1
    assert statement.rejects == ()


@pytest.mark.parametrize(("column", "word"), [("type", "Zaubern"), ("status", "Perhaps")])
def test_an_unknown_word_is_a_reject_that_shows_it(column: str, word: str) -> None:
    statement = read(HEADER + row(**{column: word}), importer="paypal")
    (one,) = statement.rejects
    assert (one.reason, one.column) == (RejectReason.CELL_UNKNOWN, column.capitalize())
    assert word in one.raw


def test_days_before_months_are_found_by_days_after_the_twelfth() -> None:
    text = HEADER + row(date="05/11/2026", zone="UTC") + row(date="28/11/2026", zone="UTC", id="8AC")
    first, _ = read(text, importer="paypal").lines
    assert first.at == read_time("2026-11-05T06:53:17Z")


def test_where_no_day_shows_it_the_zone_does() -> None:
    american = read(HEADER + row(date="05/11/2026", zone="EDT"), importer="paypal").lines[0]
    british = read(
        HEADER + row(date="05/11/2026", zone="GMT"), Reading(time_zone="Europe/London"), importer="paypal"
    ).lines[0]
    assert american.at == read_time("2026-05-11T10:53:17Z")
    assert british.at == read_time("2026-11-05T06:53:17Z")


def test_a_date_that_could_be_two_is_not_guessed() -> None:
    statement = read(HEADER + row(date="05/11/2026", zone="UTC"), importer="paypal")
    (one,) = statement.rejects
    assert (one.reason, one.column) == (RejectReason.TIME_UNREADABLE, "Date")
    assert read(HEADER + row(date="11/11/2026", zone="UTC"), importer="paypal").rejects == ()


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("PDT", "13:53:17"), ("CST", "12:53:17"), ("GMT-05:00", "11:53:17"), ("UTC+1", "05:53:17"),
        ("Asia/Shanghai", "22:53:17"), ("MESZ", "04:53:17"),
    ],
)  # fmt: skip
def test_zones_are_abbreviations_offsets_or_names(zone: str, expected: str) -> None:
    (line,) = read(HEADER + row(date="2026-11-28", zone=zone), importer="paypal").lines
    day = "27" if zone == "Asia/Shanghai" else "28"
    assert line.at == read_time(f"2026-11-{day}T{expected}Z")


def test_an_unknown_zone_is_a_reject() -> None:
    statement = read(HEADER + row(zone="Moon/Tranquility"), importer="paypal")
    assert [one.reason for one in statement.rejects] == [RejectReason.TIME_UNREADABLE]


def test_a_row_that_does_not_add_up_is_not_believed() -> None:
    statement = read(HEADER + row(net="9.50"), importer="paypal")
    assert [(one.reason, one.column) for one in statement.rejects] == [(RejectReason.AMOUNT_UNREADABLE, "Net")]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.sampled_from((POINT, COMMA)))
def test_amounts_with_two_decimals_always_show_the_sign(cents: list[int], sign: str) -> None:
    other = COMMA if sign == POINT else POINT
    written = [f"{amount / 100:,.2f}".translate({ord(","): other, ord("."): sign}) for amount in cents]
    assert decimal_sign(written, otherwise=other) == sign


def test_thousands_alone_show_nothing() -> None:
    assert decimal_sign(["1.000", "25", ""], otherwise=COMMA) == COMMA
    assert decimal_sign(["1.000.000"], otherwise=POINT) == COMMA


def test_the_download_may_be_separated_by_tabs() -> None:
    assert (
        by_key(read(PAYPAL.replace('","', '"\t"'), importer="paypal")).keys()
        == by_key(read(PAYPAL, importer="paypal")).keys()
    )


def test_a_statement_of_the_balance_has_descriptions_and_no_statuses() -> None:
    text = (
        '"Date","Time","Time Zone","Description","Currency","Gross ","Fee ","Net","Balance","Transaction ID",'
        '"From Email Address","Name","Bank Name","Bank Account","Sales Tax","Invoice ID","Reference Txn ID"\n'
        '"28/11/2026","06:53:17","Europe/London","Express Checkout Payment","GBP","10.00","-0.60","9.40","9.40","8AB",'
        f'"ann@example.com","Ann","","","0.00","{ORDER_1}",""\n'
    )
    (line,) = read(text, importer="paypal").lines
    assert (line.kind, line.status, line.order_number) == (LineKind.PAYMENT, LineStatus.SUCCEEDED, ORDER_1)
    assert line.at == read_time("2026-11-28T06:53:17Z")


def test_a_german_download_of_older_encoding_is_read_alike() -> None:
    old = read_statement(Document(name="alt.csv", content=PAYPAL_DE.encode("cp1252")), Reading())
    assert by_key(old).keys() == by_key(read(PAYPAL_DE, importer="paypal")).keys()
