"""What the personal bills of Alipay and WeChat have in common: words for states, and totals above the table.

They are for a small operator's own collecting account. Money that came in is a customer's payment; what went out is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.cells import CellUnreadable
from counterfoil.reconcile.statements.document import Row
from counterfoil.reconcile.statements.headers import Record, Table, reject
from counterfoil.reconcile.statements.model import LineStatus, Reject, RejectReason, Total

_ALL = re.compile(r"共(\d{1,12})笔记录")
_SOME = re.compile(r"(收入|支出|中性交易|不计收支)[:：](\d{1,12})笔([\d.,]+)元")
# The first word that occurs in the state decides; a state with none of them is not guessed.
_STATUSES = (
    ("失败", LineStatus.FAILED),
    ("撤销", LineStatus.FAILED),
    ("关闭", LineStatus.CLOSED),
    ("等待", LineStatus.PENDING),
    ("处理中", LineStatus.PENDING),
    ("进行中", LineStatus.PENDING),
    ("待", LineStatus.PENDING),
    ("成功", LineStatus.SUCCEEDED),
    ("完成", LineStatus.SUCCEEDED),
    ("已", LineStatus.SUCCEEDED),
)


def status_of(record: Record, column: str) -> LineStatus:
    """How far the line's payment has come; raises `CellUnreadable` for a word that nobody knows."""
    text = record.needed(column)
    for word, status in _STATUSES:
        if word in text:
            return status
    raise record.fail(RejectReason.CELL_UNKNOWN, column)


def stated_count(rows: Iterable[Row], header_number: int) -> int | None:
    """How many lines the file says that it has, or None where it does not say."""
    for row in rows:
        if row.number < header_number and (found := _ALL.search("".join(row.cells))):
            return int(found[1])
    return None


def count_totals(rows: Iterable[Row], header_number: int, table: Table) -> list[Total]:
    """The number of lines above the table against its lines."""
    stated = stated_count(rows, header_number)
    return [] if stated is None else [Total(name="共计笔数", stated=stated, found=len(table.lines), is_count=True)]


def sum_totals(
    rows: Iterable[Row], header_number: int, table: Table, column: str
) -> tuple[list[Total], tuple[Reject, ...]]:
    """The numbers and sums above the table by the word in the column 收/支 ("/" and 不计收支 are neutral)."""
    totals: list[Total] = []
    rejects: list[Reject] = []
    for row in rows:
        found = _SOME.match("".join("".join(row.cells).split())) if row.number < header_number else None
        if found is None:
            continue
        name = found[1]
        moved = [line.amount for line in table.lines if _word(line.raw.get(column, "")) == _word(name)]
        totals.append(Total(name=f"{name}笔数", stated=int(found[2]), found=len(moved), is_count=True))
        try:
            totals.append(Total(name=f"{name}金额", stated=cells.nanos(found[3]), found=sum(moved)))
        except CellUnreadable as error:
            rejects.append(reject(row, error.reason))
    return totals, tuple(rejects)


def _word(text: str) -> str:
    cleaned = cells.clean(text)
    return cleaned if cleaned in ("收入", "支出") else ""
