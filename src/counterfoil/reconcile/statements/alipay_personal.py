"""Alipay, a person's own bill: GB18030, two dozen lines of preamble, amounts without a sign.

The file says itself that its sums are made by other rules than its lines: only the number of lines is checked.
"""

from __future__ import annotations

from counterfoil.reconcile.statements import cells, personal
from counterfoil.reconcile.statements.cells import CHINA
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.footers import read_preamble
from counterfoil.reconcile.statements.headers import Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, Statement

_NEEDED = ("交易时间", "交易分类", "收/支", "金额", "交易状态", "交易订单号")
_DIRECTIONS = {"收入": 1, "支出": -1, "不计收支": 0, "其他": 0, "": 0}
# Among what is counted as neither: words of money that comes back to the account or leaves it.
_COMING = ("退款", "卖出", "收益", "充值", "转入", "赎回")


class AlipayPersonal:
    name = "alipay_personal"
    version = 1

    def identify(self, document: Document) -> bool:
        return find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        header = find_header(document.rows(), *_NEEDED)
        if header is None:
            raise StatementUnreadable
        preamble = read_preamble(document.head, header.number, time_zone=CHINA)
        table = read_table(document.rows(), header, _line)
        stated = personal.stated_count(document.head, header.number)
        return Statement(
            importer=self.name,
            version=self.version,
            lines=table.lines,
            rejects=table.rejects,
            totals=tuple(personal.count_totals(document.head, header.number, table)),
            is_truncated=table.is_cut or (stated is not None and len(table.lines) + len(table.rejects) < stated),
            begins=preamble.begins,
            ends=preamble.ends,
            owner=preamble.owner,
        )


def _kind(record: Record, direction: int) -> tuple[LineKind, int]:
    about = f"{record.text('交易分类')} {record.text('商品说明')} {record.text('交易状态')}"
    if direction > 0:
        return LineKind.PAYMENT, 1
    if direction < 0:
        return (LineKind.REFUND if "退款" in about else LineKind.TRANSFER), -1
    if "提现" in about:
        return LineKind.PAYOUT, -1
    return LineKind.TRANSFER, 1 if any(word in about for word in _COMING) else -1


def _line(record: Record) -> Line:
    kind, direction = _kind(record, record.choice(_DIRECTIONS, "收/支"))
    trade = record.needed_id("交易订单号")
    at = record.time("交易时间", time_zone=CHINA)
    described = _described(record)
    return Line(
        number=record.row.number,
        natural_key=f"{trade}:{record.text('交易分类')}:{record.text('收/支')}:{at}",
        kind=kind,
        status=personal.status_of(record, "交易状态"),
        direction=direction,
        amount=abs(record.amount("金额")),
        currency="CNY",
        at=at,
        trade_number=trade,
        order_number=cells.written_order(described or "") or record.id("商家订单号"),
        payout_number=trade if kind is LineKind.PAYOUT else None,
        payer=record.id("对方账号") or record.id("交易对方"),
        description=described,
        raw=record.raw,
    )


def _described(record: Record) -> str | None:
    """What the payer wrote: where a collecting account's payments carry an order's number, it stands there."""
    parts = [record.text(column) for column in ("商品说明", "备注")]
    return " ".join(part for part in parts if part not in ("", "/")) or None
