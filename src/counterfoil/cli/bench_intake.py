"""`counterfoil bench intake`: cases come in at a set pace, over the form and the API of a serving process, and none is lost.

The serving process, PostgreSQL and this load generator share the machine. It sends at set times whether or not earlier
answers have come, and a case's time runs from when it was due to be sent. What was accepted has to be in the database, and
is to be searched and explained afterwards.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from counterfoil.cli.bench_gateway import KeptAlive, percentile_ms
from counterfoil.foundation.ids import make_id, show_id
from counterfoil.support.desk_model import QueueCount
from counterfoil.support.model import CaseState

# The page, and the API, answer so when a case was kept.
_KEPT = frozenset({200, 201})
_CONNECTIONS_FIRST = 16
_CONNECTIONS_MAX = 400
WARM_UP_SECONDS = 1.0
# How long is waited for the last answers, and for the last diagnosis.
_ANSWERS_SECONDS = 60.0
_DIAGNOSED_SECONDS = 600.0
_LOOK_SECONDS = 0.5
_TOLD_EVERY = 250


class CountsCases(Protocol):
    """How many open cases there are (`support.cases_service.Cases`)."""

    async def counts(self) -> list[QueueCount]: ...


@dataclass(slots=True, kw_only=True)
class Measured:
    """What became of what was sent. Seconds of diagnosis run from the last sending."""

    rate: int
    seconds: int
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failed: int = 0
    stored: int = 0
    diagnosed: int = 0
    took: list[float] = field(default_factory=list)
    sending_seconds: float = 0.0
    diagnosed_after_seconds: float = 0.0

    @property
    def accepted(self) -> int:
        return sum(count for status, count in self.statuses.items() if status in _KEPT)

    @property
    def lost(self) -> int:
        """Accepted and not there. What was not accepted was told so, and is not lost."""
        return max(0, self.accepted - self.stored)

    @property
    def is_whole(self) -> bool:
        """Whether all that was sent is there and was searched."""
        return self.sent == self.accepted == self.stored == self.diagnosed

    def to_json(self) -> dict[str, object]:
        return {
            "rate": self.rate,
            "seconds": self.seconds,
            "sent": self.sent,
            "accepted": self.accepted,
            "lost": self.lost,
            "stored": self.stored,
            "diagnosed": self.diagnosed,
            "p50_ms": round(percentile_ms(self.took, 0.5), 1),
            "p95_ms": round(percentile_ms(self.took, 0.95), 1),
            "p99_ms": round(percentile_ms(self.took, 0.99), 1),
            "max_ms": round(percentile_ms(self.took, 1.0), 1),
            "sending_seconds": round(self.sending_seconds, 2),
            "diagnosed_after_seconds": round(self.diagnosed_after_seconds, 1),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "unanswered": self.failed,
        }


async def measure(
    url: str, cases: CountsCases, *, rate: int, seconds: int, seed: int, progress: Callable[[str], None]
) -> Measured:
    """Send so many cases a second for so long; then wait until all are searched."""
    measured = Measured(rate=rate, seconds=seconds)
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    host, port = parts.hostname, parts.port
    rng = random.Random(seed)
    before = await _count(cases)
    progress("warming up")
    # As many ways as a chat tool or a proxy keeps open.
    pool = _Pool(host, port)
    await pool.open(_CONNECTIONS_FIRST)
    warm = Measured(rate=rate, seconds=1)
    await _send(pool, _requests(parts.netloc, rng, int(rate * WARM_UP_SECONDS)), warm)
    progress(f"sending {rate} cases a second for {seconds} s")
    started = time.perf_counter()
    await _send(pool, _requests(parts.netloc, rng, rate * seconds), measured)
    measured.sending_seconds = time.perf_counter() - started
    pool.close()
    progress(
        f"{measured.accepted:,} of {measured.sent:,} accepted, half of them within"
        f" {percentile_ms(measured.took, 0.5):.0f} ms; waiting until all are searched"
    )
    await _wait_until_searched(cases, measured, before + warm.accepted, progress)
    measured.diagnosed_after_seconds = time.perf_counter() - started - measured.sending_seconds
    return measured


async def _send(pool: _Pool, requests: Sequence[bytes], measured: Measured) -> None:
    started = time.perf_counter()

    async def one(request: bytes, due: float) -> None:
        try:
            status = await pool.call(request)
        except (OSError, ValueError):
            measured.failed += 1
            return
        measured.took.append(time.perf_counter() - due)
        measured.statuses[status] += 1

    sending = set()
    for number, request in enumerate(requests):
        due = started + number / measured.rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        sending.add(asyncio.create_task(one(request, due)))
        measured.sent += 1
    _, late = await asyncio.wait(sending, timeout=_ANSWERS_SECONDS)
    for task in late:
        task.cancel()
    measured.failed += len(late)


async def _count(cases: CountsCases, *, but: frozenset[CaseState] = frozenset()) -> int:
    return sum(one.count for one in await cases.counts() if one.state not in but)


async def _wait_until_searched(
    cases: CountsCases, measured: Measured, before: int, progress: Callable[[str], None]
) -> None:
    until = time.perf_counter() + _DIAGNOSED_SECONDS
    told = 0
    while True:
        measured.stored = await _count(cases) - before
        measured.diagnosed = await _count(cases, but=frozenset({CaseState.NEW})) - before
        if measured.diagnosed >= measured.stored or time.perf_counter() > until:
            return
        if measured.diagnosed - told >= _TOLD_EVERY:
            told = measured.diagnosed
            progress(f"{told:,} of {measured.stored:,} searched")
        await asyncio.sleep(_LOOK_SECONDS)


class _Pool:
    """Kept-alive connections; another is opened where none is free."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._free: list[KeptAlive] = []
        self._all: list[KeptAlive] = []
        self._waiting = asyncio.Semaphore(_CONNECTIONS_MAX)

    async def open(self, count: int) -> None:
        self._free += [await self._new() for _ in range(count)]

    async def call(self, request: bytes) -> int:
        async with self._waiting:
            connection = self._free.pop() if self._free else await self._new()
            status = await connection.call(request)
            # One that has failed is not used again.
            self._free.append(connection)
            return status

    async def _new(self) -> KeptAlive:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(KeptAlive, self._host, self._port)
        self._all.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._all:
            connection.close()


# -- what is sent ------------------------------------------------------------------------------------------------------

Write = Callable[[random.Random, UUID], dict[str, str]]


def _not_enough(rng: random.Random, an_id: UUID) -> dict[str, str]:
    return {
        "request_id": show_id("request", an_id), "request_time": f"2026-11-24 16:{rng.randrange(60):02} +08:00",
        "model": "gpt-4o", "status_code": "402", "key_mask": f"sk-…{rng.randrange(10_000):04}",
        "error_text": f"账户可用余额不够这次请求。本次没有扣费。（{show_id('request', an_id)}）",
    }  # fmt: skip


def _not_credited(rng: random.Random, an_id: UUID) -> dict[str, str]:
    return {
        "account_email": f"person{rng.randrange(10_000)}@example.com", "payment_method": "支付宝",
        "order_time": f"2026-11-24 09:{rng.randrange(60):02}", "amount": f"{rng.randrange(10, 200)} 元",
        "order_mask": f"…{an_id.hex[-4:]}",
    }  # fmt: skip


def _fell(rng: random.Random, _: UUID) -> dict[str, str]:
    return {
        "time_window": "2026-11-23", "caller": f"openai-python/2.3.0, person{rng.randrange(10_000)}@example.com",
        "key_mask": f"sk-…{rng.randrange(10_000):04}", "concurrency": "10", "retry_policy": "the SDK's default",
    }  # fmt: skip


def _failed(rng: random.Random, an_id: UUID) -> dict[str, str]:
    return {
        "task_id": show_id("task", an_id), "request_id": show_id("request", an_id), "model": "sora-2", "task_type": "video",
        "failure_reason": "It failed after two minutes without a reason", "charge_shown": "yes",
        "request_time": f"2026-11-24 16:{rng.randrange(60):02} UTC",
    }  # fmt: skip


_KINDS: tuple[tuple[str, Write], ...] = (
    ("balance_not_enough", _not_enough),
    ("recharged_not_credited", _not_credited),
    ("balance_fell", _fell),
    ("failed_perhaps_charged", _failed),
)


def _requests(host: str, rng: random.Random, count: int) -> list[bytes]:
    """The bytes of each sending, made before the first of them: by turns over the form and over the API, in both languages."""
    made = []
    now = time.time_ns() // 1000
    for number in range(count):
        problem, write = _KINDS[number // 2 % len(_KINDS)]
        fields = write(rng, make_id(now - rng.randrange(10**11), rng.getrandbits(74)))
        language = ("zh", "en")[number % 3 % 2]
        made.append(_form(host, problem, fields, language) if number % 2 else _api(host, problem, fields, language))
    return made


def _form(host: str, problem: str, fields: dict[str, str], language: str) -> bytes:
    body = urlencode({**fields, "submission_key": f"{random.getrandbits(128):032x}"}).encode()
    return _request(host, f"/support/{problem}", body, "application/x-www-form-urlencoded", language)


def _api(host: str, problem: str, fields: dict[str, str], language: str) -> bytes:
    body = json.dumps({"problem": problem, "language": language, "fields": fields}, ensure_ascii=False).encode()
    return _request(host, "/support/cases", body, "application/json", language)


def _request(host: str, path: str, body: bytes, content_type: str, language: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {host}\r\naccept-language: {language}\r\nuser-agent: bench\r\n"
        f"content-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
