"""Alipay, merchant: what the lines of 业务明细 and 账务明细 come to."""

from __future__ import annotations

import pytest

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import LineKind, RejectReason, Statement
from counterfoil.reconcile.statements.registry import read_statement
from reconcile.statements.reading import by_key
from reconcile.statements.samples_cn import BILLS

YUAN = 1_000_000_000
FIRST = "2026110322001400000000000001"


def bill(name: str, *replaced: tuple[str, str]) -> Statement:
    text = (BILLS / name).read_bytes().decode("gb18030")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return read_statement(Document(name=name, content=text.encode("gb18030")), Reading())


def test_the_public_sample_is_read_with_every_total() -> None:
    statement = bill("alipay-merchant-trade.csv")
    assert statement.rejects == ()
    assert [(line.natural_key, line.kind, line.direction, line.amount, line.at) for line in statement.lines] == [
        ("2019091622001458860515315453:交易:", "payment", 1, 10_000_000, 1_568_602_523_000_000),
        ("2019091622001458860515315453:退款:re_test_1568602607356", "refund", -1, 10_000_000, 1_568_602_608_000_000),
        ("2019091622001458860513822558:交易:", "payment", 1, 10_000_000, 1_568_603_229_000_000),
        ("2019091622001465870515233238:交易:", "payment", 1, 10_000_000, 1_568_624_338_000_000),
    ]
    assert {total.name: (total.stated, total.found) for total in statement.totals} == {
        "交易合计笔数": (3, 3),
        "交易合计商家实收": (30_000_000, 30_000_000),
        "交易合计商家优惠": (0, 0),
        "退款合计笔数": (1, 1),
        "退款合计商家实收": (-10_000_000, -10_000_000),
        "退款合计商家优惠": (0, 0),
    }
    assert statement.owner == "20880211096256330156"
    # From 2019-09-16 to 2019-09-17 in Shanghai.
    assert (statement.begins, statement.ends) == (1_568_563_200_000_000, 1_568_649_600_000_000)
    assert not statement.is_truncated


def test_fees_and_the_merchants_discount_are_kept_from_a_payment() -> None:
    lines = by_key(bill("alipay-trade-fees.csv"))
    plain, discounted = lines[f"{FIRST}:交易:"], lines["2026110322001400000000000002:交易:"]
    assert (plain.amount, plain.fee) == (100 * YUAN, 600_000_000)
    assert (discounted.amount, discounted.fee) == (1_200_500_000_000, 17_140_000_000)


def test_refunds_share_the_payments_number_and_differ_by_their_own() -> None:
    lines = bill("alipay-trade-fees.csv").lines
    refunds = [line for line in lines if line.kind is LineKind.REFUND]
    assert {line.trade_number for line in refunds} == {FIRST}
    assert [line.merchant_refund_number for line in refunds] == [
        "01995b7c2a1e7d30a8f4c0de0000f011",
        "01995b7c2a1e7d30a8f4c0de0000f012",
    ]


def test_a_refund_is_one_whichever_sign_it_has() -> None:
    negative, positive = (line for line in bill("alipay-trade-fees.csv").lines if line.kind is LineKind.REFUND)
    assert (negative.direction, negative.amount, negative.fee) == (-1, 30 * YUAN, -180_000_000)
    assert (positive.direction, positive.amount, positive.fee) == (-1, 20 * YUAN, -120_000_000)


def test_a_kind_of_business_that_nobody_knows_is_a_reject() -> None:
    statement = bill("alipay-merchant-trade.csv", ("\t,退款\t,", "\t,预授权\t,"))
    assert [(one.number, one.column, one.reason) for one in statement.rejects] == [
        (7, "业务类型", RejectReason.CELL_UNKNOWN)
    ]


def test_a_line_below_the_end_is_a_reject() -> None:
    text = (BILLS / "alipay-trade-fees.csv").read_bytes()
    stray = text.split(b"\r\n")[5]
    statement = read_statement(Document(name="file", content=text + stray), Reading())
    assert [one.reason for one in statement.rejects] == [RejectReason.CELL_UNKNOWN]


@pytest.mark.parametrize(
    "cut", ["#-----------------------------------------业务明细列表结束", "#导出时间", "04日 09:05"]
)
def test_a_file_without_its_very_end_is_truncated(cut: str) -> None:
    text = (BILLS / "alipay-trade-fees.csv").read_bytes()
    content = text[: text.rindex(cut.encode("gb18030"))]
    statement = read_statement(Document(name="file", content=content), Reading())
    assert statement.is_truncated
    assert len(statement.lines) == 4


def test_movements_of_the_account_are_told_apart_by_their_kind() -> None:
    statement = bill("alipay-account.csv")
    assert [(line.kind, line.direction, line.amount) for line in statement.lines] == [
        (LineKind.PAYMENT, 1, 100 * YUAN),
        (LineKind.FEE, -1, 600_000_000),
        (LineKind.REFUND, -1, 30 * YUAN),
        (LineKind.PAYOUT, -1, 1000 * YUAN),
    ]
    assert [total.holds for total in statement.totals] == [True] * 4
    assert statement.lines[3].payout_number == "2026110400005000000000000009"


def test_newer_exports_say_the_same_in_other_columns() -> None:
    older, newer = bill("alipay-account.csv"), bill("alipay-account-new.csv")
    assert [total.holds for total in newer.totals] == [True] * 4
    for line in newer.lines:
        same = by_key(older)[line.natural_key]
        assert (line.kind, line.direction, line.amount, line.at) == (same.kind, same.direction, same.amount, same.at)
        # 业务流水号 is the refund's own there; 业务基础订单号 is the payment's.
        assert line.trade_number == same.trade_number == FIRST


def test_what_the_operator_pays_as_a_buyer_is_no_customers_payment() -> None:
    statement = bill("alipay-account.csv", ("0.00,-1000.00,69.40,支付宝,提现,", "0.00,-1000.00,69.40,支付宝,在线支付,"))
    assert statement.lines[3].kind is LineKind.ADJUSTMENT


@pytest.mark.parametrize("amounts", ["0.00,0.00", "100.00,1.00", ","])
def test_an_amount_that_went_both_ways_or_none_is_a_reject(amounts: str) -> None:
    statement = bill("alipay-account.csv", ("100.00,0.00,1100.00", f"{amounts},1100.00"))
    assert [(one.number, one.column, one.reason) for one in statement.rejects] == [
        (6, "收入金额（+元）", RejectReason.AMOUNT_UNREADABLE)
    ]


def test_a_summed_column_that_is_no_amount_makes_its_line_a_reject() -> None:
    statement = bill("alipay-trade-fees.csv", ("0.00,0.00,0.00,10.00,", "0.00,0.00,0.00,1O.00,"))
    assert [(one.number, one.column) for one in statement.rejects] == [(7, "商家优惠（元）")]
    assert len(statement.lines) == 3


def test_the_running_balance_decides_nothing() -> None:
    statement = bill("alipay-account.csv", (",1069.40,", ",-,"))
    assert statement.rejects == ()
    assert len(statement.lines) == 4


def test_the_summary_beside_a_statement_adds_nothing() -> None:
    statement = bill("alipay-summary.csv")
    assert statement.importer == "alipay_summary"
    assert (statement.lines, statement.rejects, statement.totals, statement.is_truncated) == ((), (), (), False)
