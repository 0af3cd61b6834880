"""`counterfoil bench console`: how long the console's pages take where millions of requests are stored.

The tables are those of `bench explain`. Pages are asked for as a browser does, through the whole console, by somebody who
may see everything; each is asked for in turn, with what makes it another question each time, and the first times of each
are not counted.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from counterfoil.cli import bench_explain_store as store
from counterfoil.cli.bench_ledger import tune_collector
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import Broken
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time

# Asks for a page below `/console`; gives its status and how many bytes it has.
Visit = Callable[[str], Awaitable[tuple[int, int]]]

WARM_UP = 2
EACH = 30
_DAY = 86_400_000_000
_SPAN_DAYS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Milliseconds of every page, by its name, with the size of the largest answer."""

    stored: int
    took_ms: Mapping[str, Sequence[float]]
    most_bytes: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        return {
            "stored": self.stored,
            "pages": {
                name: {
                    "p50_ms": _percentile(times, 0.5),
                    "p95_ms": _percentile(times, 0.95),
                    "kilobytes": self.most_bytes[name] // 1000,
                }
                for name, times in self.took_ms.items()
            },
        }

    def lines(self) -> list[str]:
        lines = [f"{self.stored:,} requests stored"]
        for name, page in self.to_json()["pages"].items():
            lines.append(f"  {name}: p50 {page['p50_ms']} ms, p95 {page['p95_ms']} ms, {page['kilobytes']} kB")
        return lines


def pages(owner_url: str, *, seed: int) -> dict[str, list[str]]:
    """The addresses to ask for, by page: half of them of the account that calls most, half of any."""
    rng, now = random.Random(seed), SystemClock().now()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        accounts = store.accounts(connection)
    asked: dict[str, list[str]] = {}
    for name, path in _PAGES.items():
        asked[name] = [_address(path, rng, accounts, now=now) for _ in range(WARM_UP + EACH)]
    return asked


_PAGES = {
    "overview": "/accounts/{account}/overview",
    "requests": "/accounts/{account}/requests",
    "requests of a day": "/accounts/{account}/requests?since={since}&until={until}",
    "refused requests": "/accounts/{account}/requests?state=refused",
    "requests by code": "/accounts/{account}/requests?state=refused&code=account_balance",
    "requests of a model": "/accounts/{account}/requests?model=gpt-4o-mini",
    "tasks": "/accounts/{account}/tasks",
    "submissions": "/accounts/{account}/submissions",
    "statement": "/accounts/{account}/statement",
    "keys": "/accounts/{account}/keys",
    "groups": "/accounts/{account}/groups",
    "orders": "/orders",
    "accounts": "/accounts",
    "breaks": "/reconcile/breaks",
}


def _address(path: str, rng: random.Random, accounts: Sequence[UUID], *, now: int) -> str:
    account = accounts[0] if rng.random() < 0.5 else rng.choice(accounts)
    since = now - rng.randrange(1, _SPAN_DAYS) * _DAY
    return path.format(
        account=show_id("account", account), since=show_time(since)[:16], until=show_time(since + _DAY)[:16]
    )


async def measure(
    visit: Visit, asked: Mapping[str, Sequence[str]], *, stored: int, progress: Callable[[str], None]
) -> Measured:
    """Ask for everything, the pages in turn. Raises `Broken` where a page does not come."""
    took: dict[str, list[float]] = {name: [] for name in asked}
    sizes = dict.fromkeys(asked, 0)
    progress(f"{len(asked)} pages, {EACH} times each")
    tune_collector()
    for turn in range(WARM_UP + EACH):
        for name, addresses in asked.items():
            started = time.perf_counter()
            status, size = await visit(addresses[turn])
            elapsed = (time.perf_counter() - started) * 1e3
            if status != 200:
                raise Broken(code="internal_error", page=name, status=status)
            sizes[name] = max(sizes[name], size)
            if turn >= WARM_UP:
                took[name].append(elapsed)
    return Measured(stored=stored, took_ms=took, most_bytes=sizes)


def _percentile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) if ordered else 0.0
