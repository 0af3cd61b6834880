"""The official `stripe` package over our own connections, and its errors as ours.

The package tries nothing again (whoever calls does), follows no redirect and reads no answer without bound; its log lines,
which hold payment numbers and at level debug whole answers, are switched off, and so is its telemetry, which writes a file
into the home directory.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Any

import stripe

from counterfoil.foundation.errors import Unavailable
from counterfoil.recharge.providers.calls import Caller, code_of, rejected, unavailable
from counterfoil.recharge.providers.port import Rejected
from counterfoil.recharge.providers.reading import read_json, reading_answer

stripe.enable_telemetry = False
logging.getLogger("stripe").setLevel(logging.CRITICAL)

# Not refusals of what was asked: a key in use, a timeout, too many at once.
_SAYS_NOTHING = frozenset({408, 409, 425, 429})


class _Http(stripe.HTTPClient):
    """What the package sends with."""

    name = "aiohttp"

    def __init__(self, caller: Caller, *, provider: str) -> None:
        super().__init__()
        self._caller = caller
        self._provider = provider

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        body = post_data.encode() if isinstance(post_data, str) else post_data
        answer = await self._caller.call(method.upper(), url, headers=headers, body=body)
        with reading_answer(self._provider):
            read_json(answer.body)
        # Without the headers: one of them is a text that the package would print.
        return answer.body, answer.status, {}


def stripe_client(caller: Caller, *, provider: str, api_key: str, base_url: str) -> stripe.StripeClient:
    """A client of one account, at Stripe or at something that speaks like it."""
    return stripe.StripeClient(
        api_key,
        base_addresses={"api": base_url.rstrip("/")},
        http_client=_Http(caller, provider=provider),
        max_network_retries=0,
    )


async def answered(provider: str, asked: Awaitable[stripe.StripeObject]) -> dict[str, Any]:
    """What Stripe answers, as plain objects; raises `Unavailable` and `Rejected`."""
    try:
        found = await asked
    except stripe.StripeError as error:
        raise _translated(provider, error) from None
    return found.to_dict()


async def answered_if_there(provider: str, asked: Awaitable[stripe.StripeObject]) -> dict[str, Any] | None:
    """The same; None where Stripe says that there is no such thing."""
    try:
        found = await asked
    except stripe.StripeError as error:
        if error.http_status == HTTPStatus.NOT_FOUND:
            return None
        raise _translated(provider, error) from None
    return found.to_dict()


def _translated(provider: str, error: stripe.StripeError) -> Unavailable | Rejected:
    """An error of the package as ours. It holds the whole answer, so it is not chained."""
    status = error.http_status
    told = error.json_body.get("error") if isinstance(error.json_body, dict) else None
    told = told if isinstance(told, dict) else {}
    reason = code_of(told.get("code"), default=code_of(told.get("type"), default=f"status_{status}"))
    # An idempotency error is about the same key for something else: what was done under it is another question.
    is_open = isinstance(error, stripe.IdempotencyError | stripe.RateLimitError)
    if is_open or status is None or status in _SAYS_NOTHING or status >= 500:
        return unavailable(provider, reason)
    return rejected(provider, reason)
