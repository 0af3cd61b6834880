"""WeChat Pay, merchant: 资金账单, every movement of the merchant's balance. Amounts have no sign; 收支类型 says which way."""

from __future__ import annotations

from collections.abc import Iterable

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.cells import CHINA
from counterfoil.reconcile.statements.document import Document, Row
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.footers import read_footer
from counterfoil.reconcile.statements.headers import Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, Statement

_NEEDED = ("记账时间", "微信支付业务单号", "资金流水单号", "业务类型", "收支类型")
_AMOUNT = ("收支金额(元)", "收支金额")
_FOOTER = "资金流水总笔数"
_COUNTS = frozenset({_FOOTER, "收入笔数", "支出笔数"})
_DIRECTIONS = {"收入": 1, "支出": -1}
# A word in 业务类型 or 业务名称 -> kind; the first that occurs. Other movements are adjustments.
_KINDS = (
    ("手续费", LineKind.FEE),
    ("服务费", LineKind.FEE),
    ("退款", LineKind.REFUND),
    ("提现", LineKind.PAYOUT),
    ("转账", LineKind.TRANSFER),
    ("分账", LineKind.TRANSFER),
    ("付款", LineKind.TRANSFER),
    ("红包", LineKind.TRANSFER),
    ("充值", LineKind.TRANSFER),
    ("交易", LineKind.PAYMENT),
)


class WechatFund:
    name = "wechat_fund"
    version = 1

    def identify(self, document: Document) -> bool:
        return find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        header = find_header(document.rows(), *_NEEDED)
        if header is None:
            raise StatementUnreadable
        table = read_table(document.rows(), header, _line, is_end=_is_footer)
        footer = read_footer(
            table.footer,
            first=_FOOTER,
            found={
                _FOOTER: lambda: len(table.lines),
                "收入笔数": lambda: len(_moving(table.lines, 1)),
                "收入金额": lambda: sum(_moving(table.lines, 1)),
                "支出笔数": lambda: len(_moving(table.lines, -1)),
                "支出金额": lambda: sum(_moving(table.lines, -1)),
            },
            counts=_COUNTS,
        )
        return Statement(
            importer=self.name,
            version=self.version,
            lines=table.lines,
            rejects=table.rejects + footer.rejects,
            totals=footer.totals,
            is_truncated=not footer.is_whole,
        )


def _is_footer(row: Row) -> bool:
    return cells.clean(row.cells[0]) == _FOOTER


def _moving(lines: Iterable[Line], direction: int) -> list[int]:
    return [line.amount for line in lines if line.direction == direction]


def _kind(record: Record) -> LineKind:
    for text in (record.needed("业务类型"), record.text("业务名称")):
        for word, kind in _KINDS:
            if word in text:
                return kind
    return LineKind.ADJUSTMENT


def _line(record: Record) -> Line:
    kind = _kind(record)
    direction = record.choice(_DIRECTIONS, "收支类型")
    business, flow = record.needed_id("微信支付业务单号"), record.needed_id("资金流水单号")
    voucher = record.id("业务凭证号")
    is_refund, is_payment = kind is LineKind.REFUND, kind in (LineKind.PAYMENT, LineKind.FEE)
    return Line(
        number=record.row.number,
        # Several refunds of one payment share its 资金流水单号, a payment and its fee share both numbers.
        natural_key=f"{business}:{flow}:{record.text('业务类型')}:{direction}",
        kind=kind,
        direction=direction,
        amount=abs(record.amount(*_AMOUNT)),
        currency="CNY",
        at=record.time("记账时间", time_zone=CHINA),
        trade_number=business if is_payment else None,
        order_number=voucher if is_payment else None,
        refund_number=business if is_refund else None,
        merchant_refund_number=voucher if is_refund else None,
        payout_number=business if kind is LineKind.PAYOUT else None,
        description=record.text("备注") or record.text("业务名称") or None,
        raw=record.raw,
    )
