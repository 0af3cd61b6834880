"""One question to an upstream and its answer, and what it means where there is none.

What goes wrong is an `UpstreamFailed`, and of a submission it says whether the upstream has the task for certain not:

    for certain not     no connection, or nothing sent yet; any 4xx but those below; 3xx; 501; 429; a 503 or 529 with an
                        error that can be read; whatever says that money, permission or the content was the reason
    nobody knows        timed out or cut after sending; 500, 502, 504 and a bare 503; 408; a 409 about the
                        Idempotency-Key; a 200 that cannot be read

A 4xx, a 429 and an overloaded server's own 503 are decided at the door, before there is a task. 500 is what a server says
that fell over at any place, perhaps after it had written the task down; 502, 504 and a bare 503 come from a proxy that
may have passed the call on, and does not know what became of it; a 408 may mean either. For those the task is looked for
(`find`) before anybody is told that it does not exist, since a second one would cost the operator twice.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from counterfoil.foundation.clock import Clock
from counterfoil.spend.upstream_errors import Meaning, UpstreamError, read_error
from counterfoil.spend.upstreams_model import Route
from counterfoil.tasks.verdicts import told_error

CONNECT_SECONDS_MAX = 10
# A download may take long, but not say nothing for long.
SILENCE_SECONDS_MAX = 60
ERROR_BYTES_MAX = 64 * 2**10
# Minutes of video in 4K.
CONTENT_BYTES_MAX = 4 * 2**30
CHUNK_BYTES = 256 * 2**10
RETRY_AFTER_SECONDS_MAX = 3_600

_SAYS_NO = frozenset({Meaning.OUT_OF_MONEY, Meaning.NOT_ALLOWED, Meaning.MISCONFIGURED, Meaning.CALLERS_FAULT})
# Refused at the door, if it is the upstream itself that says so.
_BUSY_STATUSES = frozenset({503, 529})


class UpstreamFailed(Exception):
    """An upstream that gave no answer to go by. `is_definite`: what it was asked for it has not done for certain."""

    def __init__(self, error: UpstreamError, *, is_definite: bool, retry_after: float | None = None) -> None:
        super().__init__(error.meaning)
        self.error = error
        self.is_definite = is_definite
        # Seconds for which the upstream wants to be left alone, where it has said so.
        self.retry_after = retry_after

    @property
    def words(self) -> str | None:
        """Its words (or code) as they may be kept, also where the task's content is not at hand to compare with."""
        return told_error(self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What has come back. `wait` is for how many seconds the upstream wants to be left alone."""

    status: int
    body: bytes = field(repr=False)
    wait: float | None

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


class Exchange:
    """One question and its answer, within one time from the first byte to the last."""

    def __init__(self, session: aiohttp.ClientSession, *, seconds: float) -> None:
        self._session = session
        self._until = asyncio.get_running_loop().time() + seconds
        # Every question has its own deadline around it; here only what aiohttp alone can tell apart.
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=min(CONNECT_SECONDS_MAX, seconds))

    async def open(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        """The head of the answer. It is for the caller to close; a redirect is an answer like any other."""
        try:
            async with asyncio.timeout_at(self._until):
                return await self._session.request(
                    method, url, data=body, headers=headers, allow_redirects=False, timeout=self._timeout
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise broken(Meaning.NOT_CONNECTED) from error
        except TimeoutError as error:
            raise broken(Meaning.TIMED_OUT) from error
        except aiohttp.ClientConnectionError as error:
            raise broken(Meaning.CUT) from error
        except (aiohttp.ClientError, ValueError) as error:
            # An answer that is no HTTP, or an address that cannot be asked.
            unreadable = isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError)
            raise broken(Meaning.UNREADABLE if unreadable else Meaning.MISCONFIGURED) from error

    async def finish(self, response: aiohttp.ClientResponse, clock: Clock, *, most: int) -> Answer:
        """The whole answer. The body of one that is no good is read as far as it comes: its status has said it all."""
        status = response.status
        good = 200 <= status < 300
        body = b""
        try:
            async with asyncio.timeout_at(self._until):
                body = await _read_at_most(response, (most if good else ERROR_BYTES_MAX) + 1)
        except (TimeoutError, aiohttp.ClientError) as error:
            response.close()
            if good:
                cut = isinstance(error, aiohttp.ClientError)
                raise broken(Meaning.CUT if cut else Meaning.TIMED_OUT, status=status) from error
        if good and len(body) > most:
            response.close()
            raise broken(Meaning.UNREADABLE, status=status)
        response.release()
        return Answer(status=status, body=body, wait=_wait_of(response.headers, clock))


async def _read_at_most(response: aiohttp.ClientResponse, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while size < most and (chunk := await response.content.read(most - size)):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


async def chunks_of(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """What comes in, piece by piece; raises `UpstreamFailed` where it breaks off."""
    size = 0
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS_MAX):
                chunk = await response.content.read(CHUNK_BYTES)
        except (TimeoutError, aiohttp.ClientError) as error:
            silent = isinstance(error, TimeoutError)
            raise broken(Meaning.TIMED_OUT if silent else Meaning.CUT, status=response.status) from error
        if not chunk:
            return
        size += len(chunk)
        if size > CONTENT_BYTES_MAX:
            raise broken(Meaning.UNREADABLE, status=response.status)
        yield chunk


def _wait_of(headers: Mapping[str, str], clock: Clock) -> float | None:
    """For how many seconds the upstream wants to be left alone, in whichever way it says so."""
    for name, per_second in (("openai-poll-after-ms", 1_000), ("retry-after-ms", 1_000), ("Retry-After", 1)):
        text = headers.get(name, "").strip()
        if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 20:
            return min(float(text) / per_second, RETRY_AFTER_SECONDS_MAX)
    try:
        until = parsedate_to_datetime(headers["Retry-After"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None
    return min(max(until - clock.now() / 1_000_000, 0.0), RETRY_AFTER_SECONDS_MAX)


# -- what goes wrong ------------------------------------------------------------------------------------------------


def broken(meaning: Meaning, *, status: int | None = None) -> UpstreamFailed:
    """A failure on the way. Of a submission, only where nothing was sent is it sure that nothing has come of it."""
    nothing_sent = meaning in (Meaning.NOT_CONNECTED, Meaning.MISCONFIGURED)
    return UpstreamFailed(UpstreamError(meaning=meaning, status=status), is_definite=nothing_sent)


def failed_answer(answer: Answer, error: UpstreamError) -> UpstreamFailed:
    """A failure that the upstream itself has told."""
    return UpstreamFailed(error, is_definite=says_no(error), retry_after=answer.wait)


def error_of(route: Route, answer: Answer) -> UpstreamError:
    """What an answer with a status that is no good says."""
    wait = None if answer.wait is None else str(math.ceil(answer.wait))
    return read_error(answer.status, answer.body, upstream_model=route.upstream_model, retry_after=wait)


def says_no(error: UpstreamError) -> bool:
    """Whether an error that an upstream has answered with means for certain that it has not done what it was asked for.

    The reasons are in the table above.
    """
    status = error.status or 0
    if status == 409 and "idempot" in f"{error.code} {error.kind} {error.words}".lower():
        return False
    if error.meaning in _SAYS_NO:
        return True
    if status in _BUSY_STATUSES:
        return bool(error.words or error.code or error.kind)
    return (300 <= status < 500 and status != 408) or status == 501
