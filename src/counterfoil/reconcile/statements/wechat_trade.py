"""WeChat Pay, merchant: 交易账单 (ALL, SUCCESS, REFUND), in today's layout and the one before.

Each cell begins with a backtick and nothing is quoted: 商户数据包 may hold JSON with commas. Refunds have positive amounts
and a negative 手续费 with five decimals. A day's file ends with a row of totals.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.cells import CHINA
from counterfoil.reconcile.statements.document import Document, Row
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.footers import one_owner, read_footer, sum_of, with_readable_sums
from counterfoil.reconcile.statements.headers import Header, Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, LineStatus, Statement

_NEEDED = ("交易时间", "微信订单号", "商户订单号", "交易状态", "手续费")
_PACKAGE = "商户数据包"
_FOOTER = "总交易单数"
# What a footer sums -> the columns summed, of which a file has one.
_SUMMED = {
    "应结订单总金额": ("应结订单金额",),
    "订单总金额": ("订单金额",),
    "总交易额": ("总金额",),
    "退款总金额": ("退款金额",),
    "总退款金额": ("退款金额",),
    "充值券退款总金额": ("充值券退款金额",),
    "总代金券或立减优惠退款金额": ("代金券或立减优惠退款金额",),
    "总企业红包退款金额": ("企业红包退款金额",),
    "申请退款总金额": ("申请退款金额",),
    "手续费总金额": ("手续费",),
}
_KINDS = {"SUCCESS": LineKind.PAYMENT, "REFUND": LineKind.REFUND, "REVOKED": LineKind.REFUND}
_REFUND_STATUSES = {
    "": LineStatus.SUCCEEDED,
    "0": LineStatus.SUCCEEDED,
    "SUCCESS": LineStatus.SUCCEEDED,
    "PROCESSING": LineStatus.PENDING,
    "CLOSED": LineStatus.CLOSED,
    # The payer's bank did not take it: the money is back with the merchant.
    "CHANGE": LineStatus.FAILED,
    "FAIL": LineStatus.FAILED,
    "ABNORMAL": LineStatus.FAILED,
}


class WechatTrade:
    name = "wechat_trade"
    version = 1

    def identify(self, document: Document) -> bool:
        return find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        header = find_header(document.rows(), *_NEEDED)
        if header is None:
            raise StatementUnreadable
        summed = {
            name: header.names[position]
            for name, columns in _SUMMED.items()
            if (position := header.position(*columns)) is not None
        }
        table = read_table(_mended(document, header), header, _line, is_end=_is_footer)
        table = with_readable_sums(table, sorted(set(summed.values())))
        found = {name: partial(sum_of, table.lines, column) for name, column in summed.items()}
        footer = read_footer(
            table.footer, first=_FOOTER, found={_FOOTER: lambda: len(table.lines), **found}, counts=frozenset({_FOOTER})
        )
        return Statement(
            importer=self.name,
            version=self.version,
            lines=table.lines,
            rejects=table.rejects + footer.rejects,
            totals=footer.totals,
            is_truncated=not footer.is_whole,
            owner=one_owner(table.lines, "商户号"),
        )


def _is_footer(row: Row) -> bool:
    return cells.clean(row.cells[0]) == _FOOTER


def _mended(document: Document, header: Header) -> Iterator[Row]:
    """Rows with the commas of 商户数据包 back in one cell, for files that a program has saved without backticks."""
    package = header.position(_PACKAGE)
    for row in document.rows():
        spare = len(row.cells) - len(header.names)
        if package is None or spare <= 0 or _is_footer(row) or not any(row.cells[len(header.names) :]):
            yield row
            continue
        whole = document.delimiter.join(row.cells[package : package + spare + 1])
        yield row._replace(cells=(*row.cells[:package], whole, *row.cells[package + spare + 1 :]))


def _line(record: Record) -> Line:
    kind = record.choice(_KINDS, "交易状态")
    trade = record.needed_id("微信订单号")
    is_refund = kind is LineKind.REFUND
    refund, ours = record.id("微信退款单号"), record.id("商户退款单号")
    amount, kept = _refunded(record) if is_refund else _paid(record)
    number = (refund or ours or record.text("交易状态")) if is_refund else None
    return Line(
        number=record.row.number,
        natural_key=f"refund:{trade}:{number}" if is_refund else f"payment:{trade}",
        kind=kind,
        status=record.choice(_REFUND_STATUSES, "退款状态") if is_refund else LineStatus.SUCCEEDED,
        direction=-1 if is_refund else 1,
        amount=amount,
        fee=record.amount_or_zero("手续费") + kept,
        currency=record.currency("货币种类", default="CNY"),
        at=record.time(_time_column(record, is_refund=is_refund), time_zone=CHINA),
        trade_number=trade,
        order_number=record.id("商户订单号"),
        refund_number=refund if is_refund else None,
        merchant_refund_number=ours if is_refund else None,
        payer=record.id("用户标识"),
        description=record.text("商品名称") or None,
        raw=record.raw,
    )


def _paid(record: Record) -> tuple[int, int]:
    """What the order was for, and what of it the merchant's own coupon takes before settlement."""
    amount = record.amount("订单金额", "应结订单金额", "总金额")
    return amount, amount - record.amount("应结订单金额", "总金额")


def _refunded(record: Record) -> tuple[int, int]:
    """What went back in all, and what of it the merchant's own coupon gives back (negative)."""
    settled = record.amount("退款金额")
    amount = record.amount_or_zero("申请退款金额") or settled
    return amount, settled - amount


def _time_column(record: Record, *, is_refund: bool) -> str:
    if is_refund:
        # REFUND files give the payment's time as 交易时间, the others that of the request.
        for column in ("退款成功时间", "退款申请时间"):
            if record.text(column) not in ("", "0"):
                return column
    return "交易时间"
