"""The numbers of a demo, read from what is on record: requests, attempts, wallets, the ledger's proof, the bill."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from counterfoil.cli.launchers import RunningSandbox
from counterfoil.cli.services import Services

# Calls whose client has gone are drained; a stalled one ends with its upstream's timeout.
SETTLE_SECONDS_MAX = 30
_NOT_SERVED = ("refused", "failed")
# How the bill calls answers that it charges although we have got none, or only a part, and our name for each.
_DIFFERENCES: Mapping[str, str] = {"timeout": "stalled", "client_left": "left", "cut": "cut"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Calls that are on the upstream's bill and that we have no usage of."""

    calls: int
    nanos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is on record. Amounts in nanos of `currency`.

    `refused` counts by code what was not served, `failed` of it what no upstream could answer; `unrecorded` are
    refusals that are counted and leave no row (an overflow is no decision).
    """

    currency: str
    requests: int
    served: int
    refused: Mapping[str, int]
    failed: int
    unrecorded: Mapping[str, int]
    charged_nanos: int
    uncollected_nanos: int
    held_nanos: int
    open_holds: int
    # Of tasks that are still going on: their holds are open on purpose.
    open_tasks: int
    open_tasks_nanos: int
    negative_wallets: int
    accounts: int
    upstream_billed_nanos: int
    upstream_expected_nanos: int
    differences: Mapping[str, Difference]
    # Times that an upstream has failed on purpose; almost all of these calls were then served by another.
    upstream_failures: int
    ledger_verified: bool
    transfers: int
    checkpoints: int
    findings: tuple[str, ...] = ()

    @property
    def difference_nanos(self) -> int:
        return self.upstream_billed_nanos - self.upstream_expected_nanos

    @property
    def unexplained_nanos(self) -> int:
        return self.difference_nanos - sum(difference.nanos for difference in self.differences.values())

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be."""
        settled = (self.open_holds, self.held_nanos) == (self.open_tasks, self.open_tasks_nanos)
        return self.ledger_verified and settled and not self.negative_wallets and self.unexplained_nanos == 0

    def to_json(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "served": self.served,
            "refused": dict(sorted(self.refused.items())),
            "failed": self.failed,
            "refused_without_row": dict(sorted(self.unrecorded.items())),
            "currency": self.currency,
            "charged_nanos": self.charged_nanos,
            "uncollected_nanos": self.uncollected_nanos,
            "held_nanos": self.held_nanos,
            "open_holds": self.open_holds,
            "open_tasks": self.open_tasks,
            "open_tasks_nanos": self.open_tasks_nanos,
            "negative_wallets": self.negative_wallets,
            "accounts": self.accounts,
            "upstream_billed_nanos": self.upstream_billed_nanos,
            "upstream_expected_nanos": self.upstream_expected_nanos,
            "upstream_differences": {
                name: {"calls": difference.calls, "nanos": difference.nanos}
                for name, difference in self.differences.items()
            },
            "upstream_unexplained_nanos": self.unexplained_nanos,
            "upstream_failures": self.upstream_failures,
            "ledger_verified": self.ledger_verified,
            "transfers": self.transfers,
            "checkpoints": self.checkpoints,
            "findings": list(self.findings),
        }


async def wait_until_settled(services: Services, *, open_tasks: int) -> None:
    """Wait until no request is under way but so many tasks; what still is then shows as an open reservation."""
    until = time.monotonic() + SETTLE_SECONDS_MAX
    while time.monotonic() < until:
        if sum(count for state, _, count, *_ in await services.spend.totals() if state == "held") <= open_tasks:
            return
        await asyncio.sleep(0.2)


async def summarise(
    services: Services, sandbox: RunningSandbox, *, unrecorded: Mapping[str, int], stuck: Sequence[UUID]
) -> Summary:
    """Sign a checkpoint, and read everything; `unrecorded` are refusals without a row, by code.

    `stuck` are the tasks that are still going on, because that is what they are there to show.
    """
    held = [await services.spend.request(task_id) for task_id in stuck]
    open_tasks = [request for request in held if request.state == "held"]
    totals = await services.spend.totals()
    refused: Counter[str] = Counter(unrecorded)
    states: Counter[str] = Counter()
    for state, code, count, _, _ in totals:
        states[state] += count
        if state in _NOT_SERVED:
            refused[code or "internal_error"] += count
    overview = await services.ledger.overview()
    currencies = await services.ledger.sums()
    bill = await asyncio.to_thread(sandbox.bill)
    await services.ledger.checkpoint(services.checkpoints)
    report = await services.ledger.verify(services.checkpoints.read())
    return Summary(
        currency=", ".join(sorted(currencies)),
        requests=states.total() + sum(unrecorded.values()),
        served=states["served"],
        refused=refused,
        failed=states["failed"],
        unrecorded=unrecorded,
        charged_nanos=sum(charged for _, _, _, charged, _ in totals),
        uncollected_nanos=sum(uncollected for *_, uncollected in totals),
        held_nanos=overview.held,
        open_holds=overview.open_holds,
        open_tasks=len(open_tasks),
        open_tasks_nanos=sum(request.held_nanos for request in open_tasks),
        negative_wallets=overview.negative_wallets,
        accounts=report.accounts,
        upstream_billed_nanos=bill["totals"]["cost_nanos"],
        upstream_expected_nanos=await services.spend.attempted_cost(),
        differences=differences_of(bill),
        upstream_failures=sum(bill["failures"].values()),
        ledger_verified=report.verified,
        transfers=report.transfers,
        checkpoints=report.checkpoints,
        findings=tuple(f"{finding.kind}: {finding.message}" for finding in report.findings[:10]),
    )


def differences_of(bill: Mapping[str, Any]) -> dict[str, Difference]:
    """What the bill holds beyond whole answers, by our name for it."""
    found: dict[str, Difference] = {}
    for row in bill["rows"]:
        name = _DIFFERENCES.get(row["status"])
        if name is not None:
            so_far = found.get(name, Difference(calls=0, nanos=0))
            found[name] = Difference(calls=so_far.calls + 1, nanos=so_far.nanos + row["cost_nanos"])
    return dict(sorted(found.items()))
