"""Requests, tasks and charges held against each other, row by row in plain Python: what the engines have to give.

Every request that was served is charged once, by its price; nothing else is charged. A refund gives back no more than was
charged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from counterfoil.reconcile.books.usage import join_id
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak

RULE = "charge_of_request"
RULE_VERSION = 1

# The states of a request that owe a charge; `served_not_charged` says itself that it has none.
CHARGED_STATES = ("served", "client_gone")
SERVED_NOT_CHARGED = "served_not_charged"
UNKNOWN = "unknown"
# The states of a task that owe none, whatever its request says.
FAILED_TASK_STATES = ("failed", "expired")

Row = Mapping[str, Any]
_Id = tuple[int, int]


def specify(rows: Mapping[str, Sequence[Row]], terms: Terms) -> Outcome:
    """What does not fit among `requests`, `tasks` and `charges`; the order of the rows does not matter."""
    requests = {(row["request_high"], row["request_low"]): row for row in rows["requests"]}
    tasks = {(row["task_high"], row["task_low"]): row for row in rows["tasks"]}
    charges: dict[_Id, list[Row]] = defaultdict(list)
    for row in rows["charges"]:
        charges[row["request_high"], row["request_low"]].append(row)
    breaks = [
        found
        for each in {*requests, *tasks, *charges}
        for found in _judge(each, requests.get(each), tasks.get(each), charges.get(each, []))
    ]
    counts = {"requests": len(requests), "tasks": len(tasks), "charges": len(rows["charges"])}
    return Outcome(breaks=breaks, counts=counts)


def _judge(each: _Id, request: Row | None, task: Row | None, charges: Sequence[Row]) -> Iterator[FoundBreak]:
    charged = sum(row["charged"] for row in charges)
    uncollected = sum(row["uncollected"] for row in charges)
    refunded = sum(row["refunded"] for row in charges)
    operations = sum(row["operations"] for row in charges)
    first = request or task or charges[0]
    facts: dict[str, Any] = {
        "ours": _names(each, request, task),
        "theirs": tuple(sorted(f"charge:{join_id(*each).hex}:{row['at']}" for row in charges)),
        "account_id": UUID(first["account_id"]),
        "currency": min([row["currency"] for row in ([request] if request else []) or charges], default=None),
        "at": request["settled_at"] if request else task["settled_at"] if task else min(row["at"] for row in charges),
    }
    exceeding = [
        row for row in charges if row["refunded_ever"] is not None and row["refunded_ever"] > row["charged_ever"]
    ]
    if exceeding:
        ever = max(row["charged_ever"] for row in exceeding), max(row["refunded_ever"] for row in exceeding)
        yield _found(BreakClass.REFUND_EXCEEDS_CREDIT, facts, expected=ever[0], found=ever[1])
    if request is None:
        if task is not None or operations:
            yield _found(
                BreakClass.TASK_WITHOUT_REQUEST,
                facts,
                expected=None,
                found=charged + uncollected if operations else None,
            )
        return
    state = request["state"]
    is_late = state == SERVED_NOT_CHARGED and charged == 0
    owes = state in (*CHARGED_STATES, SERVED_NOT_CHARGED) and (task is None or task["state"] not in FAILED_TASK_STATES)
    recorded = request["charged"] + request["uncollected"]
    cost = recorded if request["expected"] is None else request["expected"]
    if is_late:
        yield _found(BreakClass.SERVED_NOT_CHARGED, facts, expected=cost, found=0)
    elif owes and not operations and cost > 0 and not any(row["charged_ever"] for row in charges):
        yield _found(BreakClass.REQUEST_WITHOUT_CHARGE, facts, expected=cost, found=None)
    if not owes and charged > refunded:
        yield _found(BreakClass.FAILED_BUT_CHARGED, facts, expected=0, found=charged - refunded)
    if operations > 1:
        yield _found(BreakClass.CHARGED_TWICE, facts, expected=cost, found=charged + uncollected)
    if owes and operations == 1 and (cost != charged + uncollected or request["charged"] != charged):
        yield _found(BreakClass.CHARGE_DIFFERS_FROM_PRICE, facts, expected=cost, found=charged + uncollected)
    if uncollected > 0 and not is_late:
        yield _found(BreakClass.UNCOLLECTED, facts, expected=cost, found=charged)
    if state == UNKNOWN:
        yield _found(BreakClass.OUTCOME_UNKNOWN, facts, expected=request["held"], found=None)


def _names(each: _Id, request: Row | None, task: Row | None) -> tuple[str, ...]:
    shown = join_id(*each).hex
    names = [f"request:{shown}"] if request is not None else []
    return (*names, f"task:{shown}") if task is not None else tuple(names)


def _found(break_class: BreakClass, facts: Mapping[str, Any], *, expected: int | None, found: int | None) -> FoundBreak:
    return FoundBreak(
        book=Book.CHARGES, break_class=break_class, source=None, expected=expected, found=found, rule=RULE, **facts
    )
