"""Mails about signing in: what stands in them, and that they reach a real mail server whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from counterfoil.bootstrap.identity import MailsByApprise
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.mails import Mail, MailKind, Mails, written

LINK = "https://desk.test/console/reset/" + "Ab-_" * 10


class PostOffice:
    """The part of a mail server (RFC 5321) that takes one mail after another."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []
        self.refuses = False
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        readers: list[str] = []
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line[:4].upper()
            if verb == "RCPT":
                readers.append(line.partition("<")[2].partition(">")[0])
            if verb == "RCPT" and self.refuses:
                writer.write(b"550 nobody\r\n")
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                message = message_from_bytes(content.removesuffix(b".\r\n"), policy=default)
                assert isinstance(message, EmailMessage)
                self.taken.append((readers, message))
                writer.write(b"250 taken\r\n")
            elif verb == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 fine\r\n")
        writer.close()


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    opened = PostOffice()
    server = await asyncio.start_server(opened.serve, "127.0.0.1", 0)
    opened.port = server.sockets[0].getsockname()[1]
    async with server:
        yield opened


def _mails(office: PostOffice) -> Mails:
    url = f"mailto://127.0.0.1:{office.port}?from=desk@example.com&to=boss@example.com"
    return Mails(MailsByApprise(url, clock=SystemClock()), operator_name="The Desk")


@pytest.mark.parametrize(("language", "title"), [(Language.EN, "Reset your password"), (Language.ZH, "重设你在")])
async def test_a_mail_reaches_its_reader_alone_with_the_link_whole(
    office: PostOffice, language: Language, title: str
) -> None:
    mail = Mail(kind=MailKind.PASSWORD_RESET, email="o'brien@example.com", language=language, link=LINK)
    assert await _mails(office).send(mail)
    ((readers, message),) = office.taken
    assert readers == ["o'brien@example.com"]
    assert title in str(message["Subject"])
    assert "The Desk" in str(message["Subject"])
    body = message.get_body(("plain",))
    assert body is not None
    assert LINK in body.get_content().splitlines()


async def test_a_mail_that_is_not_taken_is_known_not_to_be(office: PostOffice) -> None:
    office.refuses = True
    mail = Mail(kind=MailKind.KNOWN_ADDRESS, email="ada@example.com", language=Language.EN)
    assert not await _mails(office).send(mail)
    assert office.taken == []


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(MailKind))
def test_every_mail_says_what_to_do_and_who_writes(kind: MailKind, language: Language) -> None:
    title, lines = written(Mail(kind=kind, email="a@example.com", language=language), operator_name="The Desk")
    assert "The Desk" in title
    assert "{" not in title + "".join(lines)
    assert lines[-1] == "The Desk"
    assert len([line for line in lines if line]) == 4
