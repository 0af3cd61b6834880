"""Alipay, merchant: 业务明细 (`trade`), payments and refunds with fees. GB18030; `#` lines around the table.

A refund has the 支付宝交易号 of its payment, and a negative amount nearly always. The 汇总 file beside it in the archive is
`alipay_summary`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.cells import CHINA, CellUnreadable
from counterfoil.reconcile.statements.document import Document, Row
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.footers import read_preamble, sum_of, with_readable_sums
from counterfoil.reconcile.statements.headers import Header, Record, Table, find_header, read_table, reject
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, Reject, RejectReason, Statement, Total

_NEEDED = ("支付宝交易号", "商户订单号", "业务类型", "订单金额（元）")
_KINDS = {"交易": LineKind.PAYMENT, "退款": LineKind.REFUND}
_SHOWN_TOTALS = re.compile(r"#*(交易|退款)合计[:：](\d{1,12})笔(.*)")
_RECEIVED = re.compile(r"商家实收(?:退款)?共(-?[\d.,]+)元")
_DISCOUNT = re.compile(r"商家优惠(?:退款)?共(-?[\d.,]+)元")
_END = "列表结束"
_WRITTEN_AT = re.compile(r"#导出时间[:：]\[[^\]]+\]")


class AlipayTrade:
    name = "alipay_trade"
    version = 1

    def identify(self, document: Document) -> bool:
        return find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        header = find_header(document.rows(), *_NEEDED)
        if header is None:
            raise StatementUnreadable
        preamble = read_preamble(document.head, header.number, time_zone=CHINA)
        table = read_table(document.rows(), header, _line, is_end=is_remark)
        summed = (header.position(column) for column in ("商家实收（元）", "商家优惠（元）"))
        table = with_readable_sums(table, [header.names[position] for position in summed if position is not None])
        totals, rejects = _totals(table, header)
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


def is_remark(row: Row) -> bool:
    """Whether the row is one of the `#` lines around Alipay's tables."""
    return cells.clean(row.cells[0]).startswith("#")


def has_end(footer: Sequence[Row]) -> bool:
    """Whether the end mark is there, and the line that stands last: when the file was made."""
    return any(_END in row.raw for row in footer) and any(_WRITTEN_AT.search(row.raw) for row in footer)


def _totals(table: Table, header: Header) -> tuple[tuple[Total, ...], tuple[Reject, ...]]:
    totals: list[Total] = []
    rejects: list[Reject] = []
    for row in table.footer:
        if not is_remark(row):
            # A line below the end mark is not dropped.
            rejects.append(reject(row, RejectReason.CELL_UNKNOWN))
        elif found := _SHOWN_TOTALS.match(cells.clean(row.cells[0])):
            try:
                totals.extend(_totals_of(found, table, header))
            except CellUnreadable as error:
                rejects.append(reject(row, error.reason))
    return tuple(totals), tuple(rejects)


def _totals_of(found: re.Match[str], table: Table, header: Header) -> list[Total]:
    word, count, rest = found.groups()
    kind = _KINDS[word]
    number = sum(1 for line in table.lines if line.kind is kind)
    totals = [Total(name=f"{word}合计笔数", stated=int(count), found=number, is_count=True)]
    for column, pattern in (("商家实收（元）", _RECEIVED), ("商家优惠（元）", _DISCOUNT)):
        stated, position = pattern.search(rest), header.position(column)
        if stated is not None and position is not None:
            totals.append(
                Total(
                    name=f"{word}合计{column.removesuffix('（元）')}",
                    stated=cells.nanos(stated[1]),
                    found=sum_of(table.lines, header.names[position], kind=kind),
                )
            )
    return totals


def _line(record: Record) -> Line:
    kind = record.choice(_KINDS, "业务类型")
    is_refund = kind is LineKind.REFUND
    trade, request = record.needed_id("支付宝交易号"), record.id("退款批次号/请求号")
    amount = abs(record.amount("订单金额（元）"))
    # What does not arrive: the service fee, shares of others, and the merchant's own discount. The signs of fees differ
    # between exports; of a payment they are taken, of a refund given back.
    received = record.amount("商家实收（元）") if record.header.has("商家实收（元）") else amount
    kept = (
        abs(record.amount_or_zero("服务费（元）")) + abs(record.amount_or_zero("分润（元）")) + amount - abs(received)
    )
    return Line(
        number=record.row.number,
        natural_key=f"{trade}:{record.text('业务类型')}:{request or ''}",
        kind=kind,
        direction=-1 if is_refund else 1,
        amount=amount,
        fee=-kept if is_refund else kept,
        currency="CNY",
        at=record.time("完成时间" if record.text("完成时间") else "创建时间", time_zone=CHINA),
        trade_number=trade,
        order_number=record.id("商户订单号"),
        refund_number=request if is_refund else None,
        merchant_refund_number=request if is_refund else None,
        payer=record.id("对方账户"),
        description=record.text("商品名称") or None,
        raw=record.raw,
    )
