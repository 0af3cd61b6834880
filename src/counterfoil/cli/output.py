"""Answers for people: aligned plain tables and lists of fields, which neither wrap nor cut what somebody will copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time

_GAP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table. Numbers stand at the right."""

    name: str
    right: bool = False


def table(columns: Sequence[str | Column], rows: Iterable[Sequence[object]], *, empty: str = "") -> list[str]:
    """The lines of a table with its heads; `empty` is said instead where there are no rows."""
    heads = [column if isinstance(column, Column) else Column(name=column) for column in columns]
    cells = [[cell(value) for value in row] for row in rows]
    if not cells and empty:
        return [empty]
    lines = [[head.name.upper() for head in heads], *cells]
    # Chinese characters are two cells wide.
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(heads))]
    return [_GAP.join(_pad(text, width, head.right) for text, width, head in zip(line, widths, heads, strict=True)).rstrip()
            for line in lines]  # fmt: skip


def fields(values: Mapping[str, object]) -> list[str]:
    """One `name  value` line each, values aligned."""
    width = max((cell_len(name) for name in values), default=0)
    return [f"{_pad(name, width, False)}{_GAP}{cell(value)}".rstrip() for name, value in values.items()]


def cell(value: object) -> str:
    """A value on one line: nothing is a dash, a list is joined by commas."""
    if value is None or value == "" or value == ():
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(cell(each) for each in value)
    return "".join(sign if sign.isprintable() else " " for sign in str(value))


def money(nanos: int | None, currency: str) -> str | None:
    """An amount with its currency."""
    return None if nanos is None else f"{format_nanos(nanos)} {currency}"


def moment(at: int | None) -> str | None:
    """A time to the second, in UTC."""
    return None if at is None else show_time(at)[:19] + "Z"


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if right else text + space
