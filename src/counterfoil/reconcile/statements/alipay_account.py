"""Alipay, merchant: 账务明细 (`signcustomer`), every movement of the account, older and newer columns in any order.

The running balance is not checked: Alipay does not keep it continuous.
"""

from __future__ import annotations

import re

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.alipay_trade import has_end, is_remark
from counterfoil.reconcile.statements.cells import CHINA, CellUnreadable
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.footers import read_preamble
from counterfoil.reconcile.statements.headers import Record, Table, find_header, read_table, reject
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, Reject, RejectReason, Statement, Total

_NEEDED = ("账务流水号", "业务流水号", "收入金额（+元）", "支出金额（-元）", "发生时间")
_SHOWN_TOTALS = re.compile(r"#*(支出|收入)合计[:：](\d{1,12})笔[,，]共(-?[\d.,]+)元")
_DIRECTIONS = {"收入": 1, "支出": -1}
# A word in 业务类型 or 业务描述 -> kind; the first that occurs. Other movements are adjustments.
_KINDS = (
    ("退费", LineKind.FEE),
    ("收费", LineKind.FEE),
    ("服务费", LineKind.FEE),
    ("手续费", LineKind.FEE),
    ("退款", LineKind.REFUND),
    ("提现", LineKind.PAYOUT),
    ("转账", LineKind.TRANSFER),
    ("分账", LineKind.TRANSFER),
    ("充值", LineKind.TRANSFER),
    ("在线支付", LineKind.PAYMENT),
    ("交易付款", LineKind.PAYMENT),
    ("交易", LineKind.PAYMENT),
)


class AlipayAccount:
    name = "alipay_account"
    version = 1

    def identify(self, document: Document) -> bool:
        return find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        header = find_header(document.rows(), *_NEEDED)
        if header is None:
            raise StatementUnreadable
        preamble = read_preamble(document.head, header.number, time_zone=CHINA)
        table = read_table(document.rows(), header, _line, is_end=is_remark)
        totals, rejects = _totals(table)
        return Statement(
            importer=self.name,
            version=self.version,
            lines=table.lines,
            rejects=table.rejects + rejects,
            totals=totals,
            is_truncated=not has_end(table.footer),
            begins=preamble.begins,
            ends=preamble.ends,
            owner=preamble.owner,
        )


def _totals(table: Table) -> tuple[tuple[Total, ...], tuple[Reject, ...]]:
    totals: list[Total] = []
    rejects: list[Reject] = []
    for row in table.footer:
        # Of a row with commas only the first cell was cut off at its comma.
        text = ",".join(row.cells).rstrip(", \t")
        if not is_remark(row):
            rejects.append(reject(row, RejectReason.CELL_UNKNOWN))
        elif found := _SHOWN_TOTALS.match(text):
            moved = [line.amount for line in table.lines if line.direction == _DIRECTIONS[found[1]]]
            totals.append(Total(name=f"{found[1]}合计笔数", stated=int(found[2]), found=len(moved), is_count=True))
            try:
                totals.append(Total(name=f"{found[1]}合计", stated=abs(cells.nanos(found[3])), found=sum(moved)))
            except CellUnreadable as error:
                rejects.append(reject(row, error.reason))
    return tuple(totals), tuple(rejects)


def _kind(record: Record, direction: int) -> LineKind:
    for text in (record.text("业务类型"), record.text("业务描述")):
        for word, kind in _KINDS:
            if word in text:
                # What the operator paid, or was refunded, as a buyer is no customer's payment or refund.
                is_own = (kind is LineKind.PAYMENT and direction < 0) or (kind is LineKind.REFUND and direction > 0)
                return LineKind.ADJUSTMENT if is_own else kind
    return LineKind.ADJUSTMENT


def _line(record: Record) -> Line:
    income = abs(record.amount_or_zero("收入金额（+元）"))
    expense = abs(record.amount_or_zero("支出金额（-元）"))
    if bool(income) == bool(expense):
        # Both, or neither: which way the money went cannot be told.
        raise record.fail(RejectReason.AMOUNT_UNREADABLE, "收入金额（+元）")
    direction = 1 if income else -1
    kind = _kind(record, direction)
    flow = record.needed_id("账务流水号")
    business = record.id("业务流水号")
    return Line(
        number=record.row.number,
        natural_key=flow,
        kind=kind,
        direction=direction,
        amount=income or expense,
        currency="CNY",
        at=record.time("发生时间", time_zone=CHINA),
        trade_number=record.id("业务基础订单号") or business,
        order_number=record.id("商户订单号"),
        payout_number=(business or flow) if kind is LineKind.PAYOUT else None,
        payer=record.id("对方账号"),
        description=record.text("商品名称") or record.text("备注") or None,
        raw=record.raw,
    )
