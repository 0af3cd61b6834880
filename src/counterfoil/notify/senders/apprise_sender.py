"""Everything that Apprise knows: mail, DingTalk, Feishu, WeCom, Slack and more.

Which of its services may be used is decided by `targets`; here it is kept from what is none of its business: files,
configurations from elsewhere, redirects, retries of its own, and the log, into which it would write addresses.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from counterfoil.notify.model import Outcome, Sent, Told

if TYPE_CHECKING:
    from apprise import Apprise, AppriseAsset

# A mail server may take its time over each of a handful of steps.
TIMEOUT_SECONDS = 30
# When Apprise itself has not kept to its time.
_PATIENCE_SECONDS = 5
_HTTP_ERROR = re.compile(r"\berror=(\d{3})\b")
# What writes addresses into the log, tokens included: Apprise itself and the HTTP client below it.
_TALKATIVE = ("apprise", "urllib3")


class AppriseSender:
    """Sends with Apprise, in threads of its own: its services wait for their servers."""

    def __init__(self, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds

    async def send(self, url: str, told: Told, *, keys: Sequence[bytes], now: int) -> Sent:
        """Apprise's addresses carry their own credentials: nothing is signed."""
        # The first import of Apprise and of each of its services takes a moment that no call should wait for.
        apprise = await asyncio.to_thread(open_service, url)
        return Sent(outcome=Outcome.UNUSABLE) if apprise is None else await self._notify(apprise, told)

    async def mail(self, url: str, told: Told, *, to: str) -> Sent:
        """Over a mail server's address without readers."""
        apprise = await asyncio.to_thread(open_mail, url, to)
        return Sent(outcome=Outcome.UNUSABLE) if apprise is None else await self._notify(apprise, told)

    async def _notify(self, apprise: Apprise, told: Told) -> Sent:
        try:
            async with asyncio.timeout(self._timeout_seconds + _PATIENCE_SECONDS):
                result = await apprise.async_notify(
                    title=told.message.title, body=told.message.body, body_format="text",
                    timeout=self._timeout_seconds,
                )  # fmt: skip
        except TimeoutError:
            return Sent(outcome=Outcome.TIMED_OUT)
        except Exception:  # noqa: BLE001 - a service that fails in its own way has not told anybody
            return Sent(outcome=Outcome.FAILED)
        if result:
            return Sent(outcome=Outcome.DELIVERED)
        if result.status.name == "TIMEOUT":
            return Sent(outcome=Outcome.TIMED_OUT)
        status = _http_status(result)
        return (
            Sent(outcome=Outcome.FAILED) if status is None else Sent(outcome=Outcome.REFUSED, detail=f"HTTP {status}")
        )


def open_service(url: str) -> Apprise | None:
    """The one service of an address, which follows no redirects and checks certificates; None where it is none.

    Imports Apprise, which takes a second the first time.
    """
    _quieten()
    from apprise import Apprise

    asset = _asset()
    try:
        service = Apprise.instantiate(url, asset=asset)
    except Exception:  # noqa: BLE001 - whatever an address makes it do, it is no address then
        return None
    if service is None or service.redirects or not service.verify_certificate:
        return None
    apprise = Apprise(asset=asset)
    apprise.add(service)
    return apprise


def open_mail(url: str, to: str) -> Apprise | None:
    """The mail server of an address, to write to one reader; None where it is none.

    The reader is no part of the address: what Apprise makes of `o'brien@…` in one is another person's.
    """
    apprise = open_service(url)
    if apprise is None:
        return None
    from apprise.plugins.email import NotifyEmail

    (service,) = apprise.services
    if not isinstance(service, NotifyEmail):
        return None
    service.targets = [(False, to)]
    service.cc, service.bcc = set(), set()
    return apprise


@cache
def _quieten() -> None:
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        # Apprise tells the HTTP status of a failure in a warning, and nowhere else.
        logger.setLevel(logging.WARNING)


@cache
def _asset() -> AppriseAsset:
    from apprise import AppriseAsset

    return AppriseAsset(
        app_id="Counterfoil", app_desc="Counterfoil", app_url="",
        # Nothing is written to disk, nothing is read from it, and no picture is fetched by whoever reads a message.
        storage_mode="memory", pgp_autogen=False, pem_autogen=False, allow_templates=False, secure_logging=True,
        image_url_mask="", image_url_logo="", image_path_mask=False,
        # When to try again, and where to go, is decided here.
        http_redirects=False, default_service_retry=0, service_timeout=TIMEOUT_SECONDS, interpret_escapes=False,
        interpret_emojis=False,
    )  # fmt: skip


def _http_status(result: object) -> int | None:
    """The HTTP status among what a service has logged, of which nothing else is kept."""
    for service in result:  # type: ignore[attr-defined]
        for line in service.logs():
            found = _HTTP_ERROR.search(line.message)
            if found is not None:
                return int(found[1])
    return None
