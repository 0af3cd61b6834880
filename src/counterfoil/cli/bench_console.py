"""`counterfoil bench console`: how long the console's pages take where millions of requests are stored.

The tables are those of `bench explain`. Pages are asked for as a browser does, through the whole console, by somebody who
may see everything; each is asked for in turn, with what makes it another question each time, and the first times of each
are not counted.

An installation in operation adds its transfers up in the background, minute by minute. So what was filled in is added up
first, by the same use cases; before that, each page is asked for once of the account that calls most, which is what somebody
waits for who comes before the background has.
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
from counterfoil.foundation.periods import Window, show_time, window_bounds

# Asks for a page below `/console`; gives its status and how many bytes it has.
Visit = Callable[[str], Awaitable[tuple[int, int]]]

WARM_UP = 2
EACH = 30
_DAY = 86_400_000_000
_SPAN_DAYS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Milliseconds of every page, by its name, with the size of the largest answer; and of each once, `before_ms` anything
    was added up."""

    stored: int
    took_ms: Mapping[str, Sequence[float]]
    most_bytes: Mapping[str, int]
    before_ms: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        return {
            "stored": self.stored,
            "pages": {
                name: {
                    "p50_ms": _percentile(times, 0.5),
                    "p95_ms": _percentile(times, 0.95),
                    "kilobytes": self.most_bytes[name] // 1000,
                    "before_added_up_ms": round(self.before_ms[name], 2),
                }
                for name, times in self.took_ms.items()
            },
        }

    def lines(self) -> list[str]:
        lines = [f"{self.stored:,} requests stored"]
        for name, page in self.to_json()["pages"].items():
            lines.append(
                f"  {name}: p50 {page['p50_ms']} ms, p95 {page['p95_ms']} ms, {page['kilobytes']} kB;"
                f" once before anything was added up {page['before_added_up_ms']} ms"
            )
        return lines


def pages(owner_url: str, *, seed: int) -> dict[str, list[str]]:
    """The addresses to ask for, by page: half of them of the account that calls most, half of any."""
    rng, now = random.Random(seed), SystemClock().now()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        accounts = store.accounts(connection)
    asked: dict[str, list[str]] = {}
    for name, path in _PAGES.items():
        asked[name] = [
            _address(path, accounts[0] if rng.random() < 0.5 else rng.choice(accounts), rng, now=now)
            for _ in range(WARM_UP + EACH)
        ]
    return asked


def pages_asked_before(owner_url: str, *, seed: int) -> dict[str, list[str]]:
    """The address of every page for the account that calls most, after that for another, which warms it up."""
    rng, now = random.Random(seed), SystemClock().now()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        accounts = store.accounts(connection)
    return {
        name: [_address(path, account, rng, now=now) for account in (accounts[-1], accounts[0])]
        for name, path in _PAGES.items()
    }


def tidy(owner_url: str) -> None:
    """What PostgreSQL does by itself within a minute: vacuum and analyze what was added up."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        store.tidy(connection)


_PAGES = {
    "overview": "/accounts/{account}/overview",
    "month of the overview": "/accounts/{account}/overview/month",
    "requests": "/accounts/{account}/requests",
    "requests of a day": "/accounts/{account}/requests?since={since}&until={until}",
    "refused requests": "/accounts/{account}/requests?state=refused",
    "requests by code": "/accounts/{account}/requests?state=refused&code=account_balance",
    "requests of a model": "/accounts/{account}/requests?model=gpt-4o-mini",
    "tasks": "/accounts/{account}/tasks",
    "submissions": "/accounts/{account}/submissions",
    "statement": "/accounts/{account}/statement",
    "statement of last month": "/accounts/{account}/statement?month={last_month}",
    "spending": "/accounts/{account}/spend",
    "keys": "/accounts/{account}/keys",
    "groups": "/accounts/{account}/groups",
    "orders": "/orders",
    "accounts": "/accounts",
    "breaks": "/reconcile/breaks",
}


def _address(path: str, account: UUID, rng: random.Random, *, now: int) -> str:
    since = now - rng.randrange(1, _SPAN_DAYS) * _DAY
    start, _ = window_bounds(Window.MONTH, now, "UTC")
    return path.format(
        account=show_id("account", account), since=show_time(since)[:16], until=show_time(since + _DAY)[:16],
        last_month=show_time(start - 1)[:7],
    )  # fmt: skip


async def ask_before(visit: Visit, asked: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Milliseconds of each page's last address, once."""
    return {name: [(await _timed(visit, name, one))[0] for one in addresses][-1] for name, addresses in asked.items()}


async def measure(
    visit: Visit,
    asked: Mapping[str, Sequence[str]],
    *,
    stored: int,
    before_ms: Mapping[str, float],
    progress: Callable[[str], None],
) -> Measured:
    """Ask for everything, the pages in turn. Raises `Broken` where a page does not come."""
    took: dict[str, list[float]] = {name: [] for name in asked}
    sizes = dict.fromkeys(asked, 0)
    progress(f"{len(asked)} pages, {EACH} times each")
    tune_collector()
    for turn in range(WARM_UP + EACH):
        for name, addresses in asked.items():
            elapsed, size = await _timed(visit, name, addresses[turn])
            sizes[name] = max(sizes[name], size)
            if turn >= WARM_UP:
                took[name].append(elapsed)
    return Measured(stored=stored, took_ms=took, most_bytes=sizes, before_ms=before_ms)


async def _timed(visit: Visit, name: str, address: str) -> tuple[float, int]:
    started = time.perf_counter()
    status, size = await visit(address)
    elapsed = (time.perf_counter() - started) * 1e3
    if status != 200:
        raise Broken(code="internal_error", page=name, status=status)
    return elapsed, size


def _percentile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) if ordered else 0.0
