"""What upstreams' bills have in common: a line of usage or cost, and the period that a file covers.

A cost is what left: direction -1; what an upstream takes back (a correction) has direction +1. Costs come with more decimals
than nanos and are rounded once, half to even; the exact number stays in `raw`.
"""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.reconcile.statements.headers import Record
from counterfoil.reconcile.statements.model import Line, LineKind, RejectReason, UpstreamUse

DOLLARS = "USD"


def upstream_line(
    record: Record, *, key: Sequence[str], use: UpstreamUse, cost: int | None = None, currency: str = DOLLARS
) -> Line:
    """A line of cost (nanos, negative where it was taken back), or of usage where the file tells no cost."""
    amount = cost or 0
    return Line(
        number=record.row.number, natural_key="|".join(key), kind=LineKind.USAGE if cost is None else LineKind.COST,
        direction=1 if amount < 0 else -1, amount=abs(amount), currency=currency, at=use.starts_at, use=use,
        raw=record.raw,
    )  # fmt: skip


def is_idle(record: Record, *columns: Sequence[str]) -> bool:
    """Whether a row says nothing in any of these columns (each by its names): its bucket is empty."""
    return not any(record.text(*names) for names in columns)


def without(record: Record, whole: int | None, *parts: int | None, column: str) -> int | None:
    """What is left of a count that includes others; raises `CellUnreadable` where they are more than it."""
    if whole is None:
        return None
    rest = whole - sum(part or 0 for part in parts)
    if rest < 0:
        raise record.fail(RejectReason.AMOUNT_UNREADABLE, column)
    return rest


def total(*counts: int | None) -> int | None:
    """A sum of those that the file tells; None where it tells none."""
    told = [count for count in counts if count is not None]
    return sum(told) if told else None


class Period:
    """From the first to the last bucket that a file has, idle ones too."""

    def __init__(self) -> None:
        self.begins: int | None = None
        self.ends: int | None = None

    def add(self, begins: int, ends: int) -> None:
        self.begins = begins if self.begins is None else min(self.begins, begins)
        self.ends = ends if self.ends is None else max(self.ends, ends)
