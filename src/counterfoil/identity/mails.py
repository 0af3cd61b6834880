"""Mails to people about their sign-in. Links in them are secrets: they go out at once and are kept nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from counterfoil.foundation.errors import Unavailable
from counterfoil.foundation.vocabulary import Kind, Language, entry, text
from counterfoil.observability import log

# Beyond that, what is asked for is not sent: somebody is making us send mails.
_ON_THEIR_WAY_MAX = 200


class MailKind(StrEnum):
    VERIFICATION = "verification"
    KNOWN_ADDRESS = "known_address"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a mail
    INVITATION = "invitation"
    STAFF_INVITATION = "staff_invitation"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105


class Mailer(Protocol):
    async def send(self, email: str, title: str, lines: Sequence[str]) -> bool:
        """Send plain text to one address, once; whether the mail server took it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to be written. `link` None: it has none."""

    kind: MailKind
    email: str
    language: Language
    link: str | None = None


class Mails:
    """Writes mails in the reader's language. Without a mailer there is no mail server: see `check`."""

    def __init__(self, mailer: Mailer | None, *, operator_name: str) -> None:
        self._mailer = mailer
        self._operator_name = operator_name
        self._on_their_way: set[asyncio.Task[bool]] = set()

    @property
    def can_send(self) -> bool:
        return self._mailer is not None

    def check(self) -> None:
        """Raise `Unavailable` (`mail_not_configured`) where mails cannot be sent at all."""
        if self._mailer is None:
            raise Unavailable(code="mail_not_configured")

    async def send(self, mail: Mail) -> bool:
        """Send it and wait for the mail server; whether it took it."""
        if self._mailer is None:
            return False
        title, lines = written(mail, operator_name=self._operator_name)
        sent = await self._mailer.send(mail.email, title, lines)
        if not sent:
            # Without the address: whose mail it was is nobody's business in a log.
            log.warning("mail_not_sent", mail=mail.kind)
        return sent

    def send_later(self, mail: Mail) -> None:
        """Send it without anybody waiting: how long that takes must not tell who is known here."""
        if len(self._on_their_way) >= _ON_THEIR_WAY_MAX:
            log.warning("mail_not_sent", mail=mail.kind, reason="too many on their way")
            return
        task = asyncio.get_running_loop().create_task(self.send(mail))
        self._on_their_way.add(task)
        task.add_done_callback(self._on_their_way.discard)

    async def wait(self) -> None:
        """Until every mail that is on its way has been taken or refused."""
        while self._on_their_way:
            await asyncio.gather(*self._on_their_way, return_exceptions=True)


def written(mail: Mail, *, operator_name: str) -> tuple[str, list[str]]:
    """The subject line and the lines of a mail."""
    words = entry(Kind.MAIL, mail.kind)
    language = mail.language
    lines = [words.explanation[language], ""]
    if mail.link is not None:
        lines += [mail.link, ""]
    lines += [words.next_step.what_to_change[language], words.next_step.how_to_go_back[language], "", operator_name]
    return text(Kind.MAIL, mail.kind, language, operator=operator_name), lines
