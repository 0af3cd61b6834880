"""An account's statement: what moved its wallet, newest first, as a bank writes it. Pure.

Legs of one operation are one line. Charges can be folded: all charges of a day between two other movements are one line,
so that every line's balance is the one before it and its amount, however many calls there were.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from counterfoil.ledger.model import WALLET, TransferCode
from counterfoil.ledger.sums import Sum

CHARGE_CODES = (TransferCode.CHARGE.value, TransferCode.OVERAGE.value)


class Leg(NamedTuple):
    """A transfer of the wallet as a statement needs it; `change` is signed."""

    version: int
    operation_key: str
    code: str
    debit: str
    credit: str
    cause_kind: str
    cause_id: str
    hold_id: UUID | None
    change: int
    at: int


class Run(NamedTuple):
    """Charges of one day with no other movement between them, added up."""

    first_version: int
    last_version: int
    first_at: int
    last_at: int
    charges: int
    change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One line. `charges` counts what is folded into it; 0 is a movement by itself.

    `code`, `debit`, `credit` and the cause are of its first leg. `extra` is what further legs of other accounts add, such as
    the bonus of a recharge. `balance` is what was posted after it.
    """

    code: str
    debit: str
    credit: str
    cause_kind: str
    cause_id: str
    hold_id: UUID | None
    amount: int
    extra: int
    balance: int
    first_at: int
    last_at: int
    first_version: int
    last_version: int
    charges: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """Lines, newest first; `before` is where the next page begins (None: there is none)."""

    lines: tuple[StatementLine, ...]
    before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSums:
    """A period as a whole. `movements` are code, cause, debit, credit, nanos and how many transfers they are."""

    opening: int
    closing: int
    transfers: int
    movements: tuple[tuple[str, str, str, str, int, int], ...]


def lines_of(legs: Sequence[Leg], runs: Iterable[Run], *, balance: int) -> list[StatementLine]:
    """Lines of legs (newest first) and runs, newest first; `balance` is what was posted after the newest of them."""
    found = [_folded(run) for run in runs] + [_line(group) for group in _operations(legs)]
    found.sort(key=lambda line: line.last_version, reverse=True)
    lines = []
    for line in found:
        lines.append(replace(line, balance=balance))
        balance -= line.amount
    return lines


def runs_of(sums: Iterable[Sum]) -> list[Run]:
    """The charges among what was added up between breaks, one run a part."""
    runs: dict[int, Run] = {}
    for one in sums:
        if one.code not in CHARGE_CODES or one.debit != WALLET:
            continue
        run = Run(one.first_version, one.last_version, one.first_at, one.last_at, one.first_legs, one.change)
        there = runs.get(one.part)
        runs[one.part] = run if there is None else _one_run(there, run)
    return list(runs.values())


def _one_run(one: Run, other: Run) -> Run:
    return Run(
        min(one.first_version, other.first_version), max(one.last_version, other.last_version),
        min(one.first_at, other.first_at), max(one.last_at, other.last_at), one.charges + other.charges,
        one.change + other.change,
    )  # fmt: skip


def movements_of(sums: Iterable[Sum]) -> tuple[tuple[str, str, str, str, int, int], ...]:
    """Code, cause, debit and credit, nanos and how many transfers, of what was added up without breaks."""
    return tuple((one.code, one.cause_kind, one.debit, one.credit, one.amount, one.transfers) for one in sums)


def charged_by_part(sums: Iterable[Sum], *, parts: int) -> list[int]:
    """What each part was charged, less what was given back in it."""
    charged = [0] * parts
    for one in sums:
        if one.code in CHARGE_CODES:
            charged[one.part] += one.amount
        elif one.code == TransferCode.REFUND:
            charged[one.part] -= one.amount
    return charged


def whole_operations(legs: Sequence[Leg], *, most: int) -> tuple[Sequence[Leg], int | None]:
    """The newest of these legs that make whole operations, where more than `most` were read; and up to which version
    everything after it is among them (None: these are all)."""
    if len(legs) <= most:
        return legs, None
    last = legs[-1].operation_key
    cut = max(leg.version for leg in legs if leg.operation_key == last)
    return [leg for leg in legs if leg.operation_key != last], cut


def _operations(legs: Sequence[Leg]) -> list[list[Leg]]:
    """Neighbouring legs of one operation; what a capture charges is told apart from what else it moves."""
    groups: list[list[Leg]] = []
    for leg in legs:
        last = groups[-1][-1] if groups else None
        if last is not None and (last.operation_key, last.code in CHARGE_CODES) == (
            leg.operation_key,
            leg.code in CHARGE_CODES,
        ):
            groups[-1].append(leg)
        else:
            groups.append([leg])
    return groups


def _line(group: Sequence[Leg]) -> StatementLine:
    """A line of an operation's legs, newest first."""
    first = group[-1]
    return StatementLine(
        code=first.code, debit=first.debit, credit=first.credit, cause_kind=first.cause_kind, cause_id=first.cause_id,
        hold_id=first.hold_id, amount=sum(leg.change for leg in group),
        extra=sum(leg.change for leg in group if (leg.debit, leg.credit) != (first.debit, first.credit)), balance=0,
        first_at=first.at, last_at=group[0].at, first_version=first.version, last_version=group[0].version,
    )  # fmt: skip


def _folded(run: Run) -> StatementLine:
    return StatementLine(
        code=TransferCode.CHARGE, debit="wallet", credit="revenue", cause_kind="", cause_id="", hold_id=None,
        amount=run.change, extra=0, balance=0, first_at=run.first_at, last_at=run.last_at,
        first_version=run.first_version, last_version=run.last_version, charges=max(1, run.charges),
    )  # fmt: skip
