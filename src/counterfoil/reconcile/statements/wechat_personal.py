"""WeChat, a person's own bill, as CSV or XLSX: a preamble with totals, amounts with `¥` and without a sign."""

from __future__ import annotations

import re

from counterfoil.reconcile.statements import cells, personal
from counterfoil.reconcile.statements.cells import CHINA
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.footers import read_preamble
from counterfoil.reconcile.statements.headers import Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, Statement

_NEEDED = ("交易时间", "交易类型", "收/支", "金额(元)", "当前状态", "交易单号")
_DIRECTIONS = {"收入": 1, "支出": -1, "/": 0, "中性交易": 0, "": 0}
_FEE = re.compile(r"服务费[¥￥]?(\d+(?:\.\d+)?)")


class WechatPersonal:
    name = "wechat_personal"
    version = 1

    def identify(self, document: Document) -> bool:
        return find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        header = find_header(document.rows(), *_NEEDED)
        if header is None:
            raise StatementUnreadable
        preamble = read_preamble(document.head, header.number, time_zone=CHINA)
        table = read_table(document.rows(), header, _line)
        sums, unread = personal.sum_totals(document.head, header.number, table, "收/支")
        stated = personal.stated_count(document.head, header.number)
        return Statement(
            importer=self.name,
            version=self.version,
            lines=table.lines,
            rejects=unread + table.rejects,
            totals=(*personal.count_totals(document.head, header.number, table), *sums),
            is_truncated=table.is_cut or (stated is not None and len(table.lines) + len(table.rejects) < stated),
            begins=preamble.begins,
            ends=preamble.ends,
            owner=preamble.owner,
        )


def _kind(record: Record, direction: int) -> tuple[LineKind, int]:
    about = record.text("交易类型")
    if direction > 0:
        return LineKind.PAYMENT, 1
    if direction < 0:
        return (LineKind.REFUND if "退款" in about else LineKind.TRANSFER), -1
    if "提现" in about:
        return LineKind.PAYOUT, -1
    # 零钱 and 零钱通 are pockets of one account: to 零钱 from outside is in, from it to a bank or a fund is out.
    is_coming = "充值" in about or "退款" in about or about.endswith("到零钱")
    is_coming = is_coming or (about.startswith("转入零钱通") and not about.endswith("零钱"))
    return LineKind.TRANSFER, 1 if is_coming else -1


def _line(record: Record) -> Line:
    kind, direction = _kind(record, record.choice(_DIRECTIONS, "收/支"))
    trade = record.needed_id("交易单号")
    at = record.time("交易时间", time_zone=CHINA)
    described = _described(record)
    fee = _FEE.search(record.text("备注"))
    return Line(
        number=record.row.number,
        natural_key=f"{trade}:{record.text('交易类型')}:{record.text('收/支')}:{at}",
        kind=kind,
        status=personal.status_of(record, "当前状态"),
        direction=direction,
        amount=abs(record.amount("金额(元)")),
        fee=cells.nanos(fee[1]) if fee else 0,
        currency="CNY",
        at=at,
        trade_number=trade,
        order_number=cells.written_order(described or "") or record.id("商户单号"),
        payout_number=trade if kind is LineKind.PAYOUT else None,
        payer=record.id("交易对方"),
        description=described,
        raw=record.raw,
    )


def _described(record: Record) -> str | None:
    """What the payer wrote: where a collecting account's payments carry an order's number, it stands there."""
    parts = [record.text(column) for column in ("商品", "备注")]
    return " ".join(part for part in parts if part not in ("", "/")) or None
