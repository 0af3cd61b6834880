"""What `charges_specification` says, as queries for an engine.

Two steps, since nearly every request is charged once and rightly. The first joins each request with what was charged for it
and drops the pairs that are right as they stand; it reads few columns, and no row is grouped. The second judges what is left,
exactly as the specification does. A request that was charged at another moment than the ledger ended its hold is never right
as it stands, and no two rows of a request have the same moment: so no second charge slips through the first step.

Requests and their charges have the same id, and ids begin with their time: a large book is joined slice by slice of time, each
as large as memory holds, without anything being written to the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any
from uuid import UUID

import ibis
from ibis import ir

from counterfoil.reconcile.books.usage import join_id
from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching.charges_specification import (
    CHARGED_STATES,
    FAILED_TASK_STATES,
    RULE,
    SERVED_NOT_CHARGED,
    UNKNOWN,
)
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.streams import Kept
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak

# Joined at once: the smaller side's ids and amounts fill about 100 bytes a row.
SLICE_ROWS = 4_000_000
_ID = ("request_high", "request_low")
# What stands for an amount where there is none that the other side could have.
_NEVER_RIGHT = -1
_REFUND = -2
_ODD = -3
# What a request tells beside its id.
_TOLD = ("account_id", "currency", "state", "settled_at", "held", "charged", "uncollected", "expected")


def run(engine: Engine, tables: Mapping[str, ir.Table], terms: Terms, *, slice_rows: int = SLICE_ROWS) -> Outcome:
    """What does not fit among `requests`, `tasks` and `charges`; breaks are read from the engine as they are asked for."""
    requests, tasks, charges = tables["requests"], tables["tasks"], tables["charges"]
    tasks = tasks.rename(request_high="task_high", request_low="task_low")
    counts, bounds = _measure(engine, requests, tasks, charges)
    doubtful = _doubtful(engine, requests, tasks, charges, _slices(counts, bounds, slice_rows))
    judged = Kept(engine, _judged(tasks, charges, doubtful))
    return Outcome(breaks=_Breaks(judged), counts=counts)


def _measure(engine: Engine, *tables: ir.Table) -> tuple[dict[str, int], tuple[int, int]]:
    """How many rows there are of each, and the first and last high half of their ids."""
    measured = [
        engine.rows(table.aggregate(rows=table.count(), first=table.request_high.min(), last=table.request_high.max()))[
            0
        ]
        for table in tables
    ]
    counts = dict(zip(("requests", "tasks", "charges"), (int(each["rows"]) for each in measured), strict=True))
    firsts = [each["first"] for each in measured if each["first"] is not None]
    lasts = [each["last"] for each in measured if each["last"] is not None]
    return counts, (min(firsts, default=0), max(lasts, default=0))


def _slices(counts: Mapping[str, int], bounds: tuple[int, int], slice_rows: int) -> list[tuple[int, int] | None]:
    """Bounds of equal stretches of time, inclusive; None for all at once."""
    slices = -(-max(counts.values()) // slice_rows)
    first, last = bounds
    if slices <= 1 or last - first < slices:
        return [None]
    edges = [first + (last - first) * place // slices for place in range(slices)]
    return list(zip(edges, [*(edge - 1 for edge in edges[1:]), last], strict=True))


def _doubtful(
    engine: Engine, requests: ir.Table, tasks: ir.Table, charges: ir.Table, slices: list[tuple[int, int] | None]
) -> ir.Table:
    """What has to be looked at, with what its request tells: every break is among it, and little else."""
    found = [
        engine.keep(f"charges_doubtful_{place}", _not_right(_within(requests, each), _within(charges, each)))
        for place, each in enumerate(slices)
    ]
    found.append(engine.keep("charges_doubtful_tasks", _tasks_not_right(requests, tasks)))
    return engine.keep("charges_doubtful", reduce(lambda one, other: one.union(other), found).distinct())


def _within(table: ir.Table, bounds: tuple[int, int] | None) -> ir.Table:
    return table if bounds is None else table.filter(table.request_high.between(*bounds))


def _not_right(requests: ir.Table, charges: ir.Table) -> ir.Table:
    """Requests beside a charge, or one without the other, that are not right as they stand; see `_doubtful`.

    Each side says in one number what the other has to say; to compare those is all that is done with every pair.
    """
    cost = ibis.coalesce(requests.expected, requests.charged + requests.uncollected)
    ours = requests.select(
        *_ID,
        *_TOLD,
        due=ibis.cases(
            (requests.state.isin((SERVED_NOT_CHARGED, UNKNOWN)), _NEVER_RIGHT),
            (~requests.state.isin(CHARGED_STATES), 0),
            (requests.charged == cost, cost),
            # Right only without a charge, and there only where nothing was due.
            else_=ibis.ifelse(cost <= 0, 0, _NEVER_RIGHT),
        ),
    )
    theirs = charges.select(
        *_ID,
        at=charges.at,
        paid=ibis.cases(
            (
                (charges.operations == 1)
                & (charges.refunded == 0)
                & (charges.uncollected == 0)
                & (charges.charged > 0),
                charges.charged,
            ),
            (
                (charges.operations == 0)
                & (charges.charged == 0)
                & (charges.uncollected == 0)
                & ibis.coalesce((charges.charged_ever > 0) & (charges.refunded_ever <= charges.charged_ever), False),
                _REFUND,
            ),
            else_=_ODD,
        ),
    )
    pairs = ours.outer_join(theirs, list(_ID))
    right = ibis.cases(
        # What another day has charged may be refunded on this one.
        (pairs.request_high.isnull(), pairs.paid == _REFUND),
        (pairs.request_high_right.isnull(), pairs.due == 0),
        else_=((pairs.paid == pairs.due) & (pairs.at == pairs.settled_at))
        | ((pairs.paid == _REFUND) & (pairs.due != _NEVER_RIGHT)),
    )
    return _told(pairs.filter(~right))


def _tasks_not_right(requests: ir.Table, tasks: ir.Table) -> ir.Table:
    """The same of tasks without a request, and of failed ones: there are few tasks beside the requests."""
    ours = tasks.select(*_ID, is_failed=tasks.state.isin(FAILED_TASK_STATES))
    pairs = requests.select(*_ID, *_TOLD).right_join(ours, list(_ID))
    return _told(pairs.filter(pairs.is_failed | pairs.request_high.isnull()))


def _told(pairs: ir.Table) -> ir.Table:
    """The id of either side, with what the request tells."""
    return pairs.select(
        *_TOLD,
        has_request=pairs.request_high.notnull(),
        request_high=ibis.coalesce(pairs.request_high, pairs.request_high_right),
        request_low=ibis.coalesce(pairs.request_low, pairs.request_low_right),
    )


def _judged(tasks: ir.Table, charges: ir.Table, doubtful: ir.Table) -> ir.Table:
    """The doubtful ids with all that is known of them, and a flag for each class that they are breaks of."""
    paid = charges.semi_join(doubtful, list(_ID)).mutate(
        exceeds=ibis.coalesce(charges.refunded_ever > charges.charged_ever, False),
    )
    summed = paid.group_by(list(_ID)).aggregate(
        operations=paid.operations.sum(),
        paid=paid.charged.sum(),
        unpaid=paid.uncollected.sum(),
        refunded=paid.refunded.sum(),
        charge_currency=paid.currency.min(),
        charge_account=paid.account_id.min(),
        charge_at=paid.at.min(),
        exceeds=paid.exceeds.any(),
        charged_ever=paid.charged_ever.max(where=paid.exceeds),
        refunded_ever=paid.refunded_ever.max(where=paid.exceeds),
        moments=paid.at.collect(),
        known_charged=paid.charged_ever.max(),
    )
    done = tasks.semi_join(doubtful, list(_ID)).select(
        *_ID, task_account="account_id", task_state="state", task_settled_at="settled_at", has_task=True
    )
    pairs = doubtful.left_join(done, list(_ID)).drop("request_high_right", "request_low_right")
    pairs = pairs.left_join(summed, list(_ID)).drop("request_high_right", "request_low_right")
    return _flagged(pairs.mutate(
        has_task=pairs.has_task.fill_null(False),
        operations=pairs.operations.fill_null(0), paid=pairs.paid.fill_null(0), unpaid=pairs.unpaid.fill_null(0),
        refunded=pairs.refunded.fill_null(0), exceeds=pairs.exceeds.fill_null(False),
        state=pairs.state.fill_null(""), task_state=pairs.task_state.fill_null(""),
        cost=ibis.coalesce(pairs.expected, pairs.charged + pairs.uncollected),
    ))  # fmt: skip


def _flagged(pairs: ir.Table) -> ir.Table:
    late = (pairs.state == SERVED_NOT_CHARGED) & (pairs.paid == 0)
    owes = pairs.state.isin((*CHARGED_STATES, SERVED_NOT_CHARGED)) & pairs.task_state.notin(FAILED_TASK_STATES)
    total = pairs.paid + pairs.unpaid
    flags = {
        BreakClass.REFUND_EXCEEDS_CREDIT: pairs.exceeds,
        BreakClass.TASK_WITHOUT_REQUEST: ~pairs.has_request & (pairs.has_task | (pairs.operations > 0)),
        BreakClass.SERVED_NOT_CHARGED: pairs.has_request & late,
        BreakClass.REQUEST_WITHOUT_CHARGE: pairs.has_request
        & owes
        & ~late
        & (pairs.operations == 0)
        & (pairs.cost > 0)
        & ~ibis.coalesce(pairs.known_charged > 0, False),
        BreakClass.FAILED_BUT_CHARGED: pairs.has_request & ~owes & (pairs.paid > pairs.refunded),
        BreakClass.CHARGED_TWICE: pairs.has_request & (pairs.operations > 1),
        BreakClass.CHARGE_DIFFERS_FROM_PRICE: pairs.has_request
        & owes
        & (pairs.operations == 1)
        & ((pairs.cost != total) | (pairs.charged != pairs.paid)),
        BreakClass.UNCOLLECTED: pairs.has_request & ~late & (pairs.unpaid > 0),
        BreakClass.OUTCOME_UNKNOWN: pairs.has_request & (pairs.state == UNKNOWN),
    }
    flagged = pairs.mutate(**{f"is_{name}": flag.fill_null(False) for name, flag in flags.items()})
    return flagged.filter(reduce(lambda one, other: one | other, [flagged[f"is_{name}"] for name in flags]))


class _Breaks:
    """The breaks, read from the engine each time they are gone through."""

    def __init__(self, judged: Kept) -> None:
        self._judged = judged

    def __iter__(self) -> Iterator[FoundBreak]:
        for row in self._judged:
            yield from _breaks_of(row)


def _breaks_of(row: Mapping[str, Any]) -> Iterator[FoundBreak]:
    shown = join_id(row["request_high"], row["request_low"]).hex
    ours = [f"request:{shown}"] if row["has_request"] else []
    ours += [f"task:{shown}"] if row["has_task"] else []
    total = row["paid"] + row["unpaid"]
    numbers: dict[BreakClass, tuple[int | None, int | None]] = {
        BreakClass.REFUND_EXCEEDS_CREDIT: (row["charged_ever"], row["refunded_ever"]),
        BreakClass.TASK_WITHOUT_REQUEST: (None, total if row["operations"] else None),
        BreakClass.SERVED_NOT_CHARGED: (row["cost"], 0),
        BreakClass.REQUEST_WITHOUT_CHARGE: (row["cost"], None),
        BreakClass.FAILED_BUT_CHARGED: (0, row["paid"] - row["refunded"]),
        BreakClass.CHARGED_TWICE: (row["cost"], total),
        BreakClass.CHARGE_DIFFERS_FROM_PRICE: (row["cost"], total),
        BreakClass.UNCOLLECTED: (row["cost"], row["paid"]),
        BreakClass.OUTCOME_UNKNOWN: (row["held"], None),
    }
    for break_class, (expected, found) in numbers.items():
        if row[f"is_{break_class}"]:
            yield FoundBreak(
                book=Book.CHARGES, break_class=break_class, ours=tuple(ours),
                theirs=tuple(sorted(f"charge:{shown}:{at}" for at in row["moments"] or ())), source=None,
                account_id=UUID(_first(row["account_id"], row["task_account"], row["charge_account"])),
                currency=_first(row["currency"], row["charge_currency"]), expected=expected, found=found,
                at=_first(row["settled_at"], row["task_settled_at"], row["charge_at"]), rule=RULE,
            )  # fmt: skip


def _first(*values: Any) -> Any:
    """The first that is there."""
    return next((value for value in values if value is not None), None)
