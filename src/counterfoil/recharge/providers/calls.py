"""One call of a provider and its answer, bounded in time and size; no redirect is followed.

What goes wrong is `Unavailable` with `provider_unavailable`, and its `reason` is one of ours (`timed_out`, `cut`,
`redirected`, `too_long`, `unreadable`, `not_signed`, `not_configured`, …) or a code of the provider's. Only with
`not_connected` and `not_configured` nothing has been sent. Nothing else of the answer is in an error (L12).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from counterfoil import __version__
from counterfoil.foundation.errors import Unavailable
from counterfoil.recharge.providers.port import CALL_TIMEOUT_SECONDS, Rejected

# A page of a hundred of the largest objects (Stripe's) has about that size.
ANSWER_BYTES_MAX = 256 * 2**10
CONNECT_SECONDS_MAX = 5
# Whatever has more digits in a row is a number of something.
_CODE = re.compile(r"(?!.*[0-9]{6})[A-Za-z0-9_.\-]{1,80}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What has come back; `headers` are found in any case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


def unavailable(provider: str, reason: str) -> Unavailable:
    """No answer, or one that says nothing: whether it took effect is not known."""
    return Unavailable(code="provider_unavailable", provider=provider, reason=reason)


def rejected(provider: str, reason: str) -> Rejected:
    """The provider has definitely not done it."""
    return Rejected(provider=provider, reason=reason)


def code_of(value: object, *, default: str) -> str:
    """A provider's own code as it may be shown: short, and no words."""
    return value if isinstance(value, str) and _CODE.match(value) else default


def address(base_url: str, path: str) -> str:
    """A path at a provider; a base URL may have a path of its own."""
    return base_url.rstrip("/") + path


class Caller:
    """Calls one provider. The session is somebody else's to close."""

    def __init__(self, session: aiohttp.ClientSession, *, provider: str) -> None:
        self._session = session
        self._provider = provider

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """The whole answer, whatever its status but a redirect; raises `Unavailable`.

        `url` is sent exactly as it is given: signatures may cover it.
        """
        # Nothing packed: a small answer could unpack to any size.
        sent = {"User-Agent": f"counterfoil/{__version__}", **(headers or {}), "Accept-Encoding": "identity"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS_MAX)
        # Not chained: aiohttp's errors name the address, and epay's holds the key.
        try:
            async with (
                asyncio.timeout(CALL_TIMEOUT_SECONDS),
                self._session.request(
                    method,
                    URL(url, encoded=True),
                    data=body,
                    headers=sent,
                    allow_redirects=False,
                    timeout=timeout,
                    auto_decompress=False,
                ) as response,
            ):
                return await self._finish(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise unavailable(self._provider, "not_connected") from None
        except TimeoutError:
            raise unavailable(self._provider, "timed_out") from None
        except (aiohttp.InvalidURL, ValueError):
            # Neither an address nor a header that can be sent.
            raise unavailable(self._provider, "not_configured") from None
        except aiohttp.ClientError:
            raise unavailable(self._provider, "cut") from None

    async def _finish(self, response: aiohttp.ClientResponse) -> Answer:
        if 300 <= response.status < 400:
            raise unavailable(self._provider, "redirected")
        chunks: list[bytes] = []
        size = 0
        while chunk := await response.content.read(ANSWER_BYTES_MAX + 1 - size):
            chunks.append(chunk)
            size += len(chunk)
            if size > ANSWER_BYTES_MAX:
                response.close()
                raise unavailable(self._provider, "too_long")
        return Answer(status=response.status, headers=response.headers, body=b"".join(chunks))
