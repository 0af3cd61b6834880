"""What a file says of itself above and below its lines: totals to check, the period, whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.cells import CellUnreadable
from counterfoil.reconcile.statements.document import Row
from counterfoil.reconcile.statements.headers import RAW_SHOWN, Record, Table, header_of, normalise, reject
from counterfoil.reconcile.statements.model import Line, LineKind, Reject, RejectReason, Total

_PERIOD = re.compile(
    r"(?:起始日期|起始时间|开始时间)[:：]?\[?([^\]]+?)\]?\s*(?:终止日期|终止时间|结束时间)[:：]?\[?([^\]]+?)\]?\s*\Z"
)
_OWNER = re.compile(r"#?\s*(?:支付宝账户|账号|账户|微信昵称)[:：]\s*\[?([^\]]*?)\]?\s*\Z")
_LONGEST_REMARK = 300
_LAST_SECOND = "23:59:59"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """Totals that a footer states, and the rows of it that are no totals. `is_whole` where nothing of it is missing."""

    totals: tuple[Total, ...]
    rejects: tuple[Reject, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preamble:
    """What stands above the header. `begins` is inclusive, `ends` exclusive (UTC microseconds)."""

    begins: int | None = None
    ends: int | None = None
    owner: str | None = None


def read_footer(
    rows: Iterable[Row], *, first: str, found: Mapping[str, Callable[[], int]], counts: frozenset[str]
) -> Footer:
    """A footer as WeChat Pay writes it: a row of names that begins with `first`, and a row of figures below it.

    `found` gives for each name what the lines come to; a name that is not in it is not checked. Files put together have
    several footers, which add up. Any other row is a reject: a line that stands below the end is not dropped.
    """
    stated: dict[str, int] = {}
    rejects: list[Reject] = []
    names: Row | None = None
    is_whole = False
    for row in rows:
        if normalise(row.cells[0]) == normalise(first):
            names, is_whole = row, False
            continue
        if names is None:
            rejects.append(reject(row, RejectReason.CELL_UNKNOWN))
            continue
        try:
            figures = _figures(names, row, found, counts)
        except CellUnreadable as error:
            rejects.append(reject(row, error.reason, error.column))
        else:
            is_whole = True
            for name, figure in figures.items():
                stated[name] = stated.get(name, 0) + figure
        names = None
    totals = tuple(
        Total(name=name, stated=figure, found=found[name](), is_count=name in counts) for name, figure in stated.items()
    )
    return Footer(totals=totals, rejects=tuple(rejects), is_whole=is_whole)


def _figures(names: Row, row: Row, found: Mapping[str, Callable[[], int]], counts: frozenset[str]) -> dict[str, int]:
    header = header_of(names)
    if row.problem is not None or len(row.cells) < len([name for name in header.names if name]):
        raise CellUnreadable(row.problem or RejectReason.TOO_FEW_CELLS)
    record = Record(header=header, row=row)
    return {
        name: (record.count(name) or 0) if name in counts else record.amount(name)
        for name in found
        if header.position(name) is not None
    }


def read_preamble(rows: Iterable[Row], header_number: int, *, time_zone: str) -> Preamble:
    """The period and the account's name above the header, where the file states them."""
    begins = ends = owner = None
    for row in rows:
        if row.number >= header_number:
            break
        text = row.raw.strip().strip("#, ;\t").strip()
        if len(text) > _LONGEST_REMARK:
            continue
        if found := _PERIOD.match(text):
            begins, ends = _instant(found[1], time_zone), _instant(found[2], time_zone)
            if ends is not None and found[2].strip().endswith(_LAST_SECOND):
                ends += 1_000_000
        elif found := _OWNER.match(text):
            owner = owner or cells.clean_id(found[1])
    return Preamble(begins=begins, ends=ends, owner=owner)


def _instant(text: str, time_zone: str) -> int | None:
    try:
        return cells.micros(text.strip(), time_zone=time_zone)
    except CellUnreadable:
        return None


def with_readable_sums(table: Table, columns: Sequence[str]) -> Table:
    """The table without lines that have, in a column that a total sums, something that is no amount: they are rejects.

    The other columns of such a line may be readable; but nothing unreadable is ever counted as nothing.
    """
    lines: list[Line] = []
    rejects = list(table.rejects)
    for line in table.lines:
        column = next((one for one in columns if not _is_amount(line.raw.get(one, ""))), None)
        if column is None:
            lines.append(line)
        else:
            raw = ",".join(line.raw.values())[:RAW_SHOWN]
            rejects.append(Reject(number=line.number, column=column, reason=RejectReason.AMOUNT_UNREADABLE, raw=raw))
    return replace(table, lines=tuple(lines), rejects=tuple(sorted(rejects, key=lambda one: one.number)))


def _is_amount(text: str) -> bool:
    cleaned = cells.clean(text)
    try:
        return not cleaned or cells.nanos(cleaned) is not None
    except CellUnreadable:
        return False


def sum_of(lines: Iterable[Line], column: str, *, kind: LineKind | None = None) -> int:
    """What a column of the lines' own text comes to, in nanos; an empty cell is nothing (see `with_readable_sums`)."""
    total = 0
    for line in lines:
        if kind is None or line.kind is kind:
            text = cells.clean(line.raw.get(column, ""))
            total += cells.nanos(text) if text else 0
    return total


def one_owner(lines: Iterable[Line], column: str) -> str | None:
    """The merchant that all lines name, or None where they name none, or several."""
    owners = {cells.clean(line.raw.get(column, "")) for line in lines}
    return owners.pop() or None if len(owners) == 1 else None
