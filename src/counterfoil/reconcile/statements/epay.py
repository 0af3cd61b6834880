"""epay (易支付): the orders that a merchant exports as CSV, and the list that its interface gives as JSON.

There is no line for a refund: an order that went back says so itself, or says how much. It is told here as two lines, the
payment and the refund, so that both sides can be matched. Neither form has totals or an end mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from counterfoil.reconcile.statements.cells import CHINA
from counterfoil.reconcile.statements.document import Document, Row
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Header, Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, LineStatus, Statement

_EXPORT = ("系统订单号", "商户订单号", "订单金额", "支付状态")
_API = ("trade_no", "out_trade_no", "money", "status")
_TRADE = ("系统订单号", "trade_no")
_ORDER = ("商户订单号", "out_trade_no")
_AMOUNT = ("订单金额", "money")
_STATUS = ("支付状态", "status")
_CREATED = ("创建时间", "addtime")
_PAID_AT = ("完成时间", "endtime")
_REFUNDED = ("已退款金额", "refundmoney")
_REFUNDED_AT = ("退款时间", "refundtime")
_STATUSES = {
    "未支付": LineStatus.PENDING,
    "0": LineStatus.PENDING,
    "已支付": LineStatus.SUCCEEDED,
    "1": LineStatus.SUCCEEDED,
    "TRADE_SUCCESS": LineStatus.SUCCEEDED,
    # Paid, and then gone back, in whole or in part.
    "已退款": LineStatus.SUCCEEDED,
    "2": LineStatus.SUCCEEDED,
    # Paid, but held back by the platform.
    "已冻结": LineStatus.SUCCEEDED,
    "3": LineStatus.SUCCEEDED,
    "已关闭": LineStatus.CLOSED,
}
# The platform exports no more, and does not say so.
_MOST_EXPORTED = 100_000
_GONE_BACK = frozenset({"已退款", "2"})


class Epay:
    name = "epay"
    version = 1

    def identify(self, document: Document) -> bool:
        if (listed := _listed(document)) is not None:
            return not listed or all(name in listed[0] for name in _API)
        return _header(document.head) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        listed = _listed(document)
        orders = None if listed is None else tuple(_rows(listed))
        header = _header(document.head if orders is None else orders[:1])
        if header is None:
            raise StatementUnreadable
        currency, zone = reading.currency or "CNY", reading.time_zone or CHINA
        payment = partial(_payment, currency=currency, time_zone=zone)
        refund = partial(_refund, currency=currency, time_zone=zone)
        paid = read_table(document.rows() if orders is None else orders, header, payment)
        refunded = read_table(document.rows() if orders is None else orders, header, refund)
        # A line is believed whole or not at all.
        broken = {one.number for one in paid.rejects}
        lines = paid.lines + tuple(line for line in refunded.lines if line.number not in broken)
        return Statement(
            importer=self.name,
            version=self.version,
            lines=tuple(sorted(lines, key=lambda line: line.number)),
            rejects=paid.rejects + tuple(one for one in refunded.rejects if one.number not in broken),
            totals=(),
            is_truncated=paid.is_cut or len(paid.lines) + len(paid.rejects) == _MOST_EXPORTED,
        )


def _header(rows: Sequence[Row]) -> Header | None:
    return find_header(rows, *_EXPORT) or find_header(rows, *_API)


def _listed(document: Document) -> list[Mapping[str, object]] | None:
    """The orders of an interface's answer, `{"code": 1, "msg": …, "data": […]}`, or None where the file is none."""
    answer = document.json
    if not isinstance(answer, dict) or not {"code", "data"} <= answer.keys():
        return None
    data = answer["data"]
    return data if isinstance(data, list) and all(isinstance(one, dict) for one in data) else None


def _rows(listed: list[Mapping[str, object]]) -> Iterator[Row]:
    """The same as a table, numbered from 1 like the orders in the answer."""
    names = sorted({name for one in listed for name in one}) or list(_API)
    yield Row(0, tuple(names), "")
    for number, one in enumerate(listed, start=1):
        cells = tuple("" if one.get(name) is None else str(one[name]) for name in names)
        yield Row(number, cells, ",".join(cells))


def _payment(record: Record, *, currency: str, time_zone: str) -> Line:
    trade = record.needed_id(*_TRADE)
    return Line(
        number=record.row.number,
        natural_key=f"payment:{trade}",
        kind=LineKind.PAYMENT,
        status=record.choice(_STATUSES, *_STATUS),
        direction=1,
        # The order's amount is what the notice says; the platform may add or take some cents to tell payments apart.
        amount=record.amount(*_AMOUNT),
        fee=_fee(record),
        currency=currency,
        at=record.time(*(_PAID_AT if record.text(*_PAID_AT) else _CREATED), time_zone=time_zone),
        trade_number=trade,
        order_number=record.id(*_ORDER),
        payer=record.id("支付账号", "buyer"),
        description=record.text("商品名称", "name") or None,
        raw=record.raw,
    )


def _fee(record: Record) -> int:
    """What the platform keeps: the order's amount less the merchant's share, where the export says it and it was paid."""
    share = record.text("商户分成", "getmoney")
    if not share or record.choice(_STATUSES, *_STATUS) is not LineStatus.SUCCEEDED:
        return 0
    return record.amount(*_AMOUNT) - record.amount("商户分成", "getmoney")


def _refund(record: Record, *, currency: str, time_zone: str) -> Line | None:
    stated = record.amount_or_zero(*_REFUNDED)
    if not stated and record.text(*_STATUS) not in _GONE_BACK:
        return None
    trade = record.needed_id(*_TRADE)
    when = _REFUNDED_AT if record.text(*_REFUNDED_AT) else _PAID_AT if record.text(*_PAID_AT) else _CREATED
    return Line(
        number=record.row.number,
        natural_key=f"refund:{trade}",
        kind=LineKind.REFUND,
        direction=-1,
        amount=stated or record.amount(*_AMOUNT),
        currency=currency,
        at=record.time(*when, time_zone=time_zone),
        trade_number=trade,
        order_number=record.id(*_ORDER),
        payer=record.id("支付账号", "buyer"),
        description=record.text("商品名称", "name") or None,
        raw=record.raw,
    )
