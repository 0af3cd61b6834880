"""Alipay, merchant: the 汇总 file that comes beside 业务明细 or 账务明细 in one archive. It repeats their sums and has no lines."""

from __future__ import annotations

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import find_header
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Statement

_OF_TRADES = ("交易订单总笔数", "退款订单总笔数")
_OF_ACCOUNTS = ("类型", "收入笔数", "支出笔数")


class AlipaySummary:
    name = "alipay_summary"
    version = 1

    def identify(self, document: Document) -> bool:
        return _is_summary(document)

    def extract(self, document: Document, reading: Reading) -> Statement:
        if not _is_summary(document):
            raise StatementUnreadable
        return Statement(importer=self.name, version=self.version, lines=(), rejects=(), totals=(), is_truncated=False)


def _is_summary(document: Document) -> bool:
    return any(find_header(document.head, *names) is not None for names in (_OF_TRADES, _OF_ACCOUNTS))
