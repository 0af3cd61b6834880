"""Sending the calls of a trace through a gateway, at the trace's own pace or as fast as it goes, and counting.

The text of a call is filler of about four bytes per token, the same on every run; the counts that the trace tells go
along as metadata, so that a sandbox upstream answers with them.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

import aiohttp
import orjson

from counterfoil.cli.replay_trace import TraceRow
from counterfoil.foundation.errors import AmountUnreadable
from counterfoil.foundation.money import parse_nanos

BYTES_PER_TOKEN = 4
# A call may take its whole deadline at the gateway.
CALL_SECONDS_MAX = 660
CONNECT_SECONDS_MAX = 10
# A gateway that has gone would "fail" the rest of the trace in a second.
FAILURES_IN_A_ROW_MAX = 100

# Plain ASCII without quotes and backslashes: it goes into JSON as it is.
_SENTENCE = b"The counterfoil stays with the issuer: it says what was paid, to whom, and why. "
_FILLER = _SENTENCE * (1 + (1 << 16) // len(_SENTENCE))


def filler(size: int) -> bytes:
    """Text of that many bytes."""
    if size <= len(_FILLER):
        return _FILLER[:size]
    return _FILLER * (size // len(_FILLER)) + _FILLER[: size % len(_FILLER)]


def chat_body(row: TraceRow, model: bytes) -> bytes:
    """The chat call that a row of a trace stands for; `model` is a JSON string."""
    return b"".join(
        (
            b'{"model":', model, b',"max_tokens":%d' % max(1, row.output_tokens),
            b',"metadata":{"sandbox_input_tokens":"%d","sandbox_output_tokens":"%d"}' % row[1:],
            b',"messages":[{"role":"user","content":"',
            filler(max(1, row.input_tokens * BYTES_PER_TOKEN)),
            b'"}]}',
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who makes a call: a key and the model it asks for."""

    token: str = field(repr=False)
    model: str
    headers: dict[str, str] = field(init=False, repr=False)
    model_json: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "model_json", orjson.dumps(self.model))


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has come of the calls so far. `refused` counts by error code, `failed` (no answer at all) by reason."""

    sent: int = 0
    served: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    # What the answers say they were charged, by currency; and how many of them do not say it.
    charged_nanos: Counter[str] = field(default_factory=Counter)
    without_charge: int = 0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    failures_in_a_row: int = 0

    @property
    def done(self) -> int:
        return self.served + self.refused.total() + self.failed.total()

    def latency_ms(self, share: float) -> float | None:
        """The answers' latency below which that share of them lies."""
        if not self.seconds:
            return None
        ordered = sorted(self.seconds)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2)


def open_session(concurrency: int) -> aiohttp.ClientSession:
    """A client with a connection for each call at once; to be opened inside the running loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency, limit_per_host=concurrency),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS_MAX, sock_connect=CONNECT_SECONDS_MAX),
        headers={"User-Agent": "counterfoil-replay", "Accept-Encoding": "identity"},
    )


class Tasks(Protocol):
    """Tasks that go along with the calls."""

    async def after(self, number: int, session: aiohttp.ClientSession, base_url: str) -> None:
        """Submit one, if it is one's turn after the call of that number."""


class Replayer:
    """Sends the rows of a trace. `speed` is how many times faster than the trace's own pace; None: no waiting.

    `sender_of` chooses who makes the call of that number. `stop` ends it after the calls under way.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        sender_of: Callable[[int], Sender],
        concurrency: int,
        speed: float | None,
        tasks: Tasks | None = None,
    ) -> None:
        self.tally = Tally()
        self._tasks = tasks
        self._base_url = base_url
        self.stop = asyncio.Event()
        # The gateway did not answer many times in a row: the rest was not tried.
        self.gave_up = False
        self._session = session
        self._url = f"{base_url}/chat/completions"
        self._sender_of = sender_of
        self._concurrency = concurrency
        self._speed = speed

    async def run(self, rows: Iterator[TraceRow]) -> None:
        """Send the rows to the end, or until stopped; raises `InputError` for a file that is no trace."""
        first = next(rows, None)
        if first is None:
            return
        numbered = enumerate(chain((first,), rows))
        started = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._concurrency):
                workers.create_task(self._work(numbered, began_at=first.at, started=started))

    async def _work(self, numbered: Iterator[tuple[int, TraceRow]], *, began_at: int, started: float) -> None:
        """Take the next row and send it when it is due: calls are sent in the trace's order."""
        loop, stop = asyncio.get_running_loop(), self.stop
        for number, row in numbered:
            if self._speed is not None:
                await self._wait_until(started + (row.at - began_at) / 1e6 / self._speed)
            if stop.is_set():
                return
            before = loop.time()
            self.tally.sent += 1
            await self._send(self._sender_of(number), row)
            self.tally.seconds.append(loop.time() - before)
            if self._tasks is not None:
                await self._tasks.after(number, self._session, self._base_url)
            if self.tally.failures_in_a_row >= FAILURES_IN_A_ROW_MAX:
                self.gave_up = True
                stop.set()

    async def _wait_until(self, due: float) -> None:
        try:
            async with asyncio.timeout_at(due):
                await self.stop.wait()
        except TimeoutError:
            return

    async def _send(self, sender: Sender, row: TraceRow) -> None:
        tally = self.tally
        try:
            async with self._session.post(
                self._url, data=chat_body(row, sender.model_json), headers=sender.headers
            ) as response:
                body = await response.read()
        except TimeoutError:
            self._fail("replay_timed_out")
        except aiohttp.ClientConnectorError:
            self._fail("replay_not_connected")
        except (aiohttp.ClientError, OSError):
            self._fail("replay_connection_lost")
        else:
            tally.failures_in_a_row = 0
            if response.status == 200:
                self._count_served(body, response.headers.get("X-Counterfoil-Charge"))
            else:
                tally.refused[error_code(body) or f"http_{response.status}"] += 1

    def _count_served(self, body: bytes, charge: str | None) -> None:
        tally = self.tally
        usage = _object(body).get("usage")
        if not isinstance(usage, dict):
            self._fail("replay_answer_unreadable")
            return
        tally.served += 1
        tally.input_tokens += _count(usage, "prompt_tokens")
        tally.output_tokens += _count(usage, "completion_tokens")
        amount, _, currency = (charge or "").partition(" ")
        try:
            tally.charged_nanos[currency[:8]] += parse_nanos(amount)
        except AmountUnreadable:
            tally.without_charge += 1

    def _fail(self, reason: str) -> None:
        self.tally.failed[reason] += 1
        self.tally.failures_in_a_row += 1


def error_code(body: bytes) -> str | None:
    """The code of an error answer in either dialect."""
    error = _object(body).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code[:60] if isinstance(code, str) and code else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _count(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if type(value) is int and value >= 0 else 0
