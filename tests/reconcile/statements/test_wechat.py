"""WeChat Pay, merchant: what the lines of its statements come to."""

from __future__ import annotations

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, LineStatus, RejectReason, Statement
from counterfoil.reconcile.statements.registry import read_statement
from reconcile.statements.reading import by_key
from reconcile.statements.samples_cn import BILLS

YUAN = 1_000_000_000
PAID = "payment:4200002400202611030000000002"
REFUNDED = "refund:4200002400202611030000000002:50300000002026110300000000001"


def changed(name: str, *replaced: tuple[str, str]) -> Statement:
    text = (BILLS / name).read_bytes().decode("utf-8-sig")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return read_statement(Document(name=name, content=text.encode()), Reading())


def facts(line: Line) -> tuple[LineKind, LineStatus, int, int, int]:
    return line.kind, line.status, line.direction, line.amount, line.fee


def test_a_payment_is_what_the_order_was_for() -> None:
    line = by_key(changed("wechat-trade-all.csv"))["payment:4200002400202611030000000001"]
    assert facts(line) == (LineKind.PAYMENT, LineStatus.SUCCEEDED, 1, 100 * YUAN, 600_000_000)
    assert line.trade_number == "4200002400202611030000000001"
    assert line.order_number == "01995b7c2a1e7d30a8f4c0de00000001"
    assert line.payer == "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    assert line.currency == "CNY"
    # 2026-11-03 09:12:45 in Shanghai.
    assert line.at == 1_793_668_365_000_000


def test_json_with_commas_and_quotes_stays_one_cell() -> None:
    line = by_key(changed("wechat-trade-all.csv"))["payment:4200002400202611030000000001"]
    assert line.raw["商户数据包"] == '{"order":"01995b7c","note":"a, ""b"", c"}'
    assert line.raw["费率"] == "0.60%"


def test_a_file_saved_without_backticks_keeps_its_json_in_one_cell() -> None:
    whole = changed("wechat-trade-all.csv")
    text = (BILLS / "wechat-trade-all.csv").read_bytes().decode("utf-8-sig").replace("`", "").replace('"', "")
    statement = read_statement(Document(name="file", content=text.encode()), Reading())
    assert statement.rejects == ()
    assert [facts(line) for line in statement.lines] == [facts(line) for line in whole.lines]
    assert statement.lines[0].raw["商户数据包"] == "{order:01995b7c,note:a, b, c}"


def test_a_refund_gives_its_fee_back_with_five_decimals() -> None:
    line = by_key(changed("wechat-trade-all.csv", ("`45.00,`0.00,`ORIGINAL", "`50.00,`0.00,`ORIGINAL")))[REFUNDED]
    assert facts(line) == (LineKind.REFUND, LineStatus.SUCCEEDED, -1, 50 * YUAN, -270_000_000)
    assert line.refund_number == "50300000002026110300000000001"
    assert line.merchant_refund_number == "01995b7c2a1e7d30a8f4c0de0000f001"


def test_the_merchants_own_coupon_is_kept_from_it_and_given_back() -> None:
    lines = by_key(changed("wechat-trade-all.csv"))
    assert facts(lines[PAID])[3:] == (50 * YUAN, 5 * YUAN + 270_000_000)
    assert facts(lines[REFUNDED])[3:] == (50 * YUAN, -5 * YUAN - 270_000_000)


def test_a_refund_that_is_under_way_has_moved_nothing_yet() -> None:
    statement = changed("wechat-trade-all.csv")
    assert statement.lines[3].status is LineStatus.PENDING
    for word, status in (("CHANGE", LineStatus.FAILED), ("ABNORMAL", LineStatus.FAILED), ("CLOSED", LineStatus.CLOSED)):
        assert changed("wechat-trade-all.csv", ("PROCESSING", word)).lines[3].status is status


def test_the_same_line_has_the_same_key_in_every_kind_of_export() -> None:
    whole = set(by_key(changed("wechat-trade-all.csv")))
    parts = [set(by_key(changed(f"wechat-trade-{kind}.csv"))) for kind in ("success", "refund")]
    assert parts[0] | parts[1] == whole
    assert not parts[0] & parts[1]


def test_a_refund_bill_says_when_the_refund_succeeded_and_else_when_it_was_asked_for() -> None:
    first, second = changed("wechat-trade-refund.csv").lines
    # 18:30:04 and 23:59:59 in Shanghai.
    assert (first.at, second.at) == (1_793_701_804_000_000, 1_793_721_599_000_000)


def test_the_old_layout_has_other_names_and_times_with_wide_colons() -> None:
    first, second, refund = changed("wechat-trade-old.csv").lines
    assert facts(first) == (LineKind.PAYMENT, LineStatus.SUCCEEDED, 1, 10_000_000, 0)
    assert (first.at, second.at) == (1_415_608_425_000_000, 1_415_609_174_000_000)
    assert facts(refund) == (LineKind.REFUND, LineStatus.SUCCEEDED, -1, 10_000_000, 0)
    assert refund.trade_number == second.trade_number


def test_red_packets_of_companies_have_names_of_their_own() -> None:
    statement = changed(
        "wechat-trade-old.csv",
        ("代金券或立减优惠退款金额,退款类型", "企业红包退款金额,退款类型"),
        ("代金券或立减优惠金额", "企业红包金额"),
        ("总代金券或立减优惠退款金额", "总企业红包退款金额"),
    )
    assert {total.name for total in statement.totals} == {
        "总交易单数", "总交易额", "总退款金额", "总企业红包退款金额", "手续费总金额",
    }  # fmt: skip
    assert all(total.holds for total in statement.totals)


def test_a_total_that_the_lines_do_not_come_to_is_told_with_both_sides() -> None:
    statement = changed("wechat-trade-all.csv", ("`4,`145.00", "`5,`145.00"), ("`0.54000,`150.00", "`0.53000,`150.00"))
    assert {total.name: (total.stated, total.found) for total in statement.totals if not total.holds} == {
        "总交易单数": (5, 4),
        "手续费总金额": (530_000_000, 540_000_000),
    }


def test_a_rejected_line_shows_in_the_totals_as_well() -> None:
    statement = changed("wechat-trade-all.csv", ("`SUCCESS,`OTHERS,`CNY,`100.00", "`SUCCESS,`OTHERS,`CN¥,`100.00"))
    assert [(one.number, one.column, one.reason) for one in statement.rejects] == [
        (2, "货币种类", RejectReason.CURRENCY_UNKNOWN)
    ]
    assert not next(total for total in statement.totals if total.name == "总交易单数").holds


def test_a_summed_column_that_is_no_amount_makes_its_line_a_reject() -> None:
    statement = changed("wechat-trade-all.csv", ("`45.00,`0.00,`ORIGINAL", "`45.00,`O.OO,`ORIGINAL"))
    assert [(one.number, one.column, one.reason) for one in statement.rejects] == [
        (4, "充值券退款金额", RejectReason.AMOUNT_UNREADABLE)
    ]
    assert len(statement.lines) == 3


def test_a_total_that_is_no_number_is_a_reject_and_the_file_not_whole() -> None:
    statement = changed("wechat-trade-all.csv", ("`4,`145.00", "`4,`l45.00"))
    assert [(one.number, one.column) for one in statement.rejects] == [(7, "应结订单总金额")]
    assert statement.is_truncated


def test_two_days_put_together_are_read_to_the_end_with_both_totals() -> None:
    first = (BILLS / "wechat-trade-all.csv").read_bytes().decode("utf-8-sig")
    second = first.replace("2026110", "2026120")
    statement = read_statement(Document(name="file", content=(first + second).encode()), Reading())
    assert len(statement.lines) == 8
    assert statement.rejects == ()
    assert statement.totals[0].stated == 8
    assert all(total.holds for total in statement.totals)
    assert not statement.is_truncated


def test_a_line_below_the_totals_is_a_reject() -> None:
    text = (BILLS / "wechat-trade-all.csv").read_bytes().decode("utf-8-sig")
    stray = text.split("\r\n")[1]
    statement = read_statement(Document(name="file", content=(text + stray + "\r\n").encode()), Reading())
    assert [one.reason for one in statement.rejects] == [RejectReason.CELL_UNKNOWN]
    assert statement.rejects[0].raw == stray


def test_the_file_says_whose_it_is_unless_it_is_of_several() -> None:
    assert changed("wechat-trade-all.csv").owner == "1900000109"
    text = (BILLS / "wechat-trade-all.csv").read_bytes().decode("utf-8-sig").replace("1900000109", "1900000110", 1)
    assert read_statement(Document(name="file", content=text.encode()), Reading()).owner is None


def test_ids_that_a_spreadsheet_has_rounded_are_rejects() -> None:
    statement = changed("wechat-trade-all.csv", ("4200002400202611020000000009", "4.2E+27"))
    assert [(one.column, one.reason) for one in statement.rejects] == [("微信订单号", RejectReason.CELL_UNKNOWN)]


def test_movements_of_the_balance_are_told_apart_by_their_kind() -> None:
    statement = changed("wechat-fund.csv")
    assert [(line.kind, line.direction, line.amount) for line in statement.lines] == [
        (LineKind.PAYMENT, 1, 100 * YUAN),
        (LineKind.FEE, -1, 600_000_000),
        (LineKind.REFUND, -1, 44_730_000_000),
        (LineKind.REFUND, -1, YUAN),
        (LineKind.PAYOUT, -1, 1000 * YUAN),
    ]
    payment, fee, refund, again, payout = statement.lines
    assert payment.order_number == fee.order_number == "01995b7c2a1e7d30a8f4c0de00000001"
    assert payment.trade_number == fee.trade_number
    assert refund.refund_number == "50300000002026110300000000001"
    assert refund.merchant_refund_number == "01995b7c2a1e7d30a8f4c0de0000f001"
    # Two refunds of one payment carry its number both.
    assert refund.raw["资金流水单号"] == again.raw["资金流水单号"]
    assert refund.natural_key != again.natural_key
    assert payout.payout_number == "20261104000000001"


def test_an_unknown_direction_is_not_guessed() -> None:
    statement = changed("wechat-fund.csv", ("`扣除交易手续费,`支出", "`扣除交易手续费,`冻结"))
    assert [(one.number, one.column) for one in statement.rejects] == [(3, "收支类型")]
    assert [total.name for total in statement.totals if not total.holds] == ["资金流水总笔数", "支出笔数", "支出金额"]
