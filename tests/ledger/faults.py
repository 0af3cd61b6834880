"""A pipelined connection that fails when told to, with PostgreSQL's own errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from counterfoil.storage.pipeline import COMMIT, Call, ConnectionLost, PipelineConnection, Rows, Statement

# Error states that no ordinary statement of ours can be made to raise.
RAISE_STATE = """
CREATE FUNCTION raise_state(state text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = state; END $$
"""
FAULTS: dict[str, Statement] = {
    "40001": Statement("raise_40001", "SELECT raise_state('40001')"),
    "40P01": Statement("raise_40P01", "SELECT raise_state('40P01')"),
    "55P03": Statement("raise_55P03", "SELECT raise_state('55P03')"),
    "connection lost": Statement("hang_up", "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(5)"),
}
AFTER_COMMIT = "connection lost after COMMIT took effect"


@dataclass(slots=True)
class Plan:
    """Which faults to inject, each before the statement of that number (counted from when the plan was laid)."""

    faults: dict[int, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    injected: list[str] = field(default_factory=list)

    def lay(self, **faults: Any) -> None:
        self.faults, self.seen, self.injected = dict(faults.get("faults", {})), [], []


class FaultyConnection(PipelineConnection):
    """Runs the plan. One plan for all connections, since a lost one is replaced by another."""

    plan = Plan()

    async def round_trip(self, calls: Sequence[Call]) -> list[Rows]:
        plan, sent, extra = self.plan, list[Call](), list[int]()
        lost_after = False
        for call in calls:
            fault = plan.faults.pop(len(plan.seen), None)
            plan.seen.append(call[0].name)
            if fault == AFTER_COMMIT and call[0] is COMMIT:
                lost_after = True
                plan.injected.append(fault)
            elif fault is not None and fault != AFTER_COMMIT:
                extra.append(len(sent))
                sent.append((FAULTS[fault], ()))
                plan.injected.append(fault)
            sent.append(call)
        rows = await super().round_trip(sent)
        if lost_after:
            self.close()
            raise ConnectionLost("the answer to COMMIT never came")
        return [row for number, row in enumerate(rows) if number not in extra]


def allow_faults(owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(RAISE_STATE)
