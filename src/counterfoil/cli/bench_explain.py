"""`counterfoil bench explain`: how long an answer takes where millions of requests are stored.

The tables are filled by `bench_explain_store` and explained by the use case that every door calls, with the settings that
an embedded PostgreSQL has in service. Questions of every kind come in turn, each about another record; the first of each
kind are not counted.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from counterfoil.cli import bench_explain_store as store
from counterfoil.cli.bench_explain_store import Sample
from counterfoil.cli.bench_ledger import tune_collector
from counterfoil.cli.services import Explain
from counterfoil.foundation.clock import MICROS_PER_SECOND, SystemClock
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Language

_SPAN_SECONDS = 90 * 24 * 3600
_HOUR = 3_600 * MICROS_PER_SECOND
WARM_UP = 3
# Questions of each kind.
EACH = 100
# Whole tables are written without a log; PostgreSQL must not stop for a checkpoint in between.
WHILE_FILLING = {"max_wal_size": "16GB", "autovacuum": "off"}
# Of so many rows, some hundreds of each kind are among a hundredth.
_SAMPLED_OF = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Milliseconds of every answer, by what was asked about."""

    stored: int
    took_ms: Mapping[str, Sequence[float]]

    def to_json(self) -> dict[str, Any]:
        together = [one for times in self.took_ms.values() for one in times]
        return {
            "stored": self.stored,
            "questions": len(together),
            "p50_ms": _percentile(together, 0.5),
            "p99_ms": _percentile(together, 0.99),
            "by_subject": {
                name: {"p50_ms": _percentile(times, 0.5), "p99_ms": _percentile(times, 0.99)}
                for name, times in self.took_ms.items()
            },
        }

    def lines(self) -> list[str]:
        told = self.to_json()
        lines = [
            f"{told['questions']:,} questions with {self.stored:,} requests stored:"
            f" p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms"
        ]
        for name, times in told["by_subject"].items():
            lines.append(f"  {name}: p50 {times['p50_ms']} ms, p99 {times['p99_ms']} ms")
        return lines


def fill(owner_url: str, *, stored: int, progress: Callable[[str], None]) -> int:
    """Fill a migrated, empty database; the last calls were made a moment ago. Returns how many requests it has."""
    clock = SystemClock()
    span = _SPAN_SECONDS * MICROS_PER_SECOND
    begins = clock.now() - span - 10 * MICROS_PER_SECOND
    return store.fill(owner_url, stored=stored, begins=begins, span=span, price=clock.new_id(), progress=progress)


def questions(owner_url: str, *, stored: int, seed: int, each: int = EACH) -> dict[str, list[str]]:
    """What is asked, by kind: `each` of it and what is asked to warm up, all about other records."""
    percent = min(100.0, 100.0 * _SAMPLED_OF / stored)
    rng, most = random.Random(seed), each + WARM_UP
    with psycopg.connect(owner_url, autocommit=True) as connection:
        refused, served, tasks, submissions = [
            store.sample_requests(connection, kind, percent=percent, seed=seed, most=most)
            for kind in ("refused", "served", "task", "submission")
        ]
        orders = store.sample_orders(connection, most=most)
        accounts = store.accounts(connection)
    asked = {
        "refused_request": [show_id("request", one.id) for one in refused],
        "served_request": [show_id("request", one.id) for one in served],
        "task": [show_id("task", one.id) for one in tasks],
        "submission": [show_id("submission", one.id) for one in submissions],
        "order": [show_id("order", one.id) for one in orders],
        "pasted_error": [_pasted(one) for one in reversed(refused)],
        "key_and_time": [f"{one.mask} {show_time(one.at)}" for one in served],
        "account_hour": [_hour(rng, accounts, at=one.at) for one in reversed(served)],
    }
    return {name: found[:most] for name, found in asked.items()}


def _pasted(refused: Sample) -> str:
    shown = show_id("request", refused.id)
    error = {"message": f"The balance is not enough. ({shown})", "code": "account_balance", "request_id": shown}
    return f"openai.APIStatusError: Error code: 402 - {json.dumps({'error': error})}"


def _hour(rng: random.Random, accounts: Sequence[UUID], *, at: int) -> str:
    """An hour of some account; every other time of the one that calls most."""
    account = accounts[0] if rng.random() < 0.5 else rng.choice(accounts)
    return f"{show_id('account', account)} {show_time(at)} {show_time(at + _HOUR)}"


async def measure(
    explain: Explain, asked: Mapping[str, Sequence[str]], *, stored: int, progress: Callable[[str], None]
) -> Measured:
    """Ask everything, one after the other, the kinds in turn."""
    took: dict[str, list[float]] = {name: [] for name in asked}
    for name, found in asked.items():
        for subject in found[:WARM_UP]:
            await explain(subject, Language.EN)
        progress(f"asking about {name}: {len(found) - WARM_UP} questions")
    tune_collector()
    for name, subject in _in_turn({name: found[WARM_UP:] for name, found in asked.items()}):
        started = time.perf_counter()
        await explain(subject, Language.EN)
        took[name].append((time.perf_counter() - started) * 1e3)
    return Measured(stored=stored, took_ms=took)


def _in_turn(asked: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    for place in range(max((len(found) for found in asked.values()), default=0)):
        for name, found in asked.items():
            if place < len(found):
                yield name, found[place]


def _percentile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) if ordered else 0.0
