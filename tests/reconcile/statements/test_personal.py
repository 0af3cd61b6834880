"""Bills of a person's own account: an operator's who collects with one."""

from __future__ import annotations

import pytest

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import LineKind, LineStatus, RejectReason, Statement
from counterfoil.reconcile.statements.opening import open_statement
from counterfoil.reconcile.statements.registry import read_statement
from reconcile.statements.samples_cn import BILLS

YUAN = 1_000_000_000


def bill(name: str, encoding: str, *replaced: tuple[str, str]) -> Statement:
    text = (BILLS / name).read_bytes().decode(encoding)
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return read_statement(Document(name=name, content=text.encode(encoding)), Reading())


def test_the_public_alipay_sample_is_read_and_said_to_be_short() -> None:
    statement = bill("alipay-personal.csv", "gb18030")
    assert statement.rejects == ()
    assert len(statement.lines) == 10
    # Ten of sixty-six lines are left of it.
    assert [(total.name, total.stated, total.found) for total in statement.totals] == [("共计笔数", 66, 10)]
    assert statement.is_truncated
    assert statement.owner == "xx@gmail.com"
    # From 2023-02-10 to the end of 2023-02-13 in Shanghai.
    assert (statement.begins, statement.ends) == (1_675_958_400_000_000, 1_676_304_000_000_000)


@pytest.mark.parametrize(
    ("number", "kind", "status", "direction", "amount"),
    [
        (26, LineKind.TRANSFER, LineStatus.SUCCEEDED, -1, 49_740_000_000),
        (27, LineKind.TRANSFER, LineStatus.PENDING, -1, 20 * YUAN),
        (28, LineKind.TRANSFER, LineStatus.SUCCEEDED, 1, 16_030_000_000),
        (29, LineKind.TRANSFER, LineStatus.SUCCEEDED, 1, 99_340_000_000),
        (30, LineKind.PAYMENT, LineStatus.SUCCEEDED, 1, 222_228_500_000_000),
        (31, LineKind.TRANSFER, LineStatus.CLOSED, -1, 82 * YUAN),
        (33, LineKind.TRANSFER, LineStatus.CLOSED, -1, 50 * YUAN),
    ],
)
def test_only_what_came_in_is_a_customers_payment(
    number: int, kind: LineKind, status: LineStatus, direction: int, amount: int
) -> None:
    statement = bill("alipay-personal.csv", "gb18030")
    line = next(line for line in statement.lines if line.number == number)
    assert (line.kind, line.status, line.direction, line.amount) == (kind, status, direction, amount)


def test_the_public_wechat_samples_are_read_and_their_totals_told() -> None:
    documents = [
        *open_statement(name="a", content=(BILLS / "wechat-personal.csv").read_bytes()),
        *open_statement(name="b", content=(BILLS / "wechat-personal.xlsx").read_bytes()),
    ]
    statements = [read_statement(one, Reading()) for one in documents]
    assert [(len(one.lines), len(one.rejects)) for one in statements] == [(27, 0)] * 3
    # A CSV, a workbook with texts and one with numbers: the same lines.
    keys = [[line.natural_key for line in one.lines] for one in statements]
    assert keys[0] == keys[1] == keys[2]
    assert [[line.amount for line in one.lines] for one in statements].count(
        [line.amount for line in statements[0].lines]
    ) == 3
    # They were put together by hand: 43 and 10 lines are stated.
    assert [one.totals[0].stated for one in statements] == [43, 43, 10]
    assert [one.is_truncated for one in statements] == [True, True, False]
    assert not any(total.holds for one in statements for total in one.totals)


def test_a_withdrawal_carries_its_fee() -> None:
    statement = bill("wechat-personal-whole.csv", "utf-8-sig")
    payout = statement.lines[3]
    assert (payout.kind, payout.direction, payout.amount, payout.fee) == (
        LineKind.PAYOUT,
        -1,
        100_100_000_000,
        100_000_000,
    )
    assert payout.payout_number == "207261103100077148235523883175"


def test_what_went_back_is_a_refund_of_the_payment_with_the_same_number() -> None:
    _, paid, refunded, _ = bill("wechat-personal-whole.csv", "utf-8-sig").lines
    assert (paid.kind, refunded.kind) == (LineKind.PAYMENT, LineKind.REFUND)
    assert paid.trade_number == refunded.trade_number
    assert paid.natural_key != refunded.natural_key


def test_totals_of_a_whole_bill_hold_and_a_missing_line_shows() -> None:
    whole = bill("wechat-personal-whole.csv", "utf-8-sig")
    assert len(whole.totals) == 7
    assert all(total.holds for total in whole.totals)
    text = (BILLS / "wechat-personal-whole.csv").read_bytes().decode("utf-8-sig").split("\n")
    del text[15]
    short = read_statement(Document(name="file", content="\n".join(text).encode()), Reading())
    assert short.is_truncated
    assert [total.name for total in short.totals if not total.holds] == ["共计笔数", "收入笔数", "收入金额"]


def test_the_order_that_the_payer_wrote_is_found() -> None:
    first, second, *_ = bill("alipay-personal-whole.csv", "gb18030").lines
    assert (first.description, first.order_number) == ("充值 C0DE00000061", "C0DE00000061")
    assert (second.description, second.order_number) == ("转账 c0de00000062", "C0DE00000062")
    paid, *_ = bill("wechat-personal-whole.csv", "utf-8-sig").lines
    assert paid.order_number == "C0DE00000071"


def test_a_state_that_nobody_knows_is_a_reject() -> None:
    statement = bill("alipay-personal.csv", "gb18030", ("等待确认收货", "在路上"))
    assert [(one.number, one.column, one.reason) for one in statement.rejects] == [
        (27, "交易状态", RejectReason.CELL_UNKNOWN)
    ]


def test_a_new_state_of_a_line_does_not_make_another_line_of_it() -> None:
    before = bill("alipay-personal.csv", "gb18030")
    after = bill("alipay-personal.csv", "gb18030", ("等待确认收货", "交易成功"))
    assert [line.natural_key for line in before.lines] == [line.natural_key for line in after.lines]
    assert before.lines[1].status is not after.lines[1].status


def test_a_total_that_is_no_number_is_a_reject() -> None:
    statement = bill("wechat-personal-whole.csv", "utf-8-sig", ("2笔 123.00元", "2笔 1.2.3元"))
    assert [(one.number, one.reason) for one in statement.rejects] == [(8, RejectReason.AMOUNT_UNREADABLE)]
    assert len(statement.lines) == 4


def test_a_number_of_lines_without_end_is_none() -> None:
    statement = bill("wechat-personal-whole.csv", "utf-8-sig", ("共4笔记录", f"共{'9' * 5000}笔记录"))
    assert len(statement.lines) == 4
