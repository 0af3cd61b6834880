"""People, wired: who signs in, by what, in which sessions, and the record of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.audit import Audit
from counterfoil.identity.desk import PeopleSettings
from counterfoil.identity.factors import SecondFactors
from counterfoil.identity.mails import Mailer, Mails
from counterfoil.identity.oidc import OidcSettings, OpenIdConnect
from counterfoil.identity.passwords import Passwords
from counterfoil.identity.people_service import People
from counterfoil.identity.sessions import Sessions
from counterfoil.identity.throttle import Throttle
from counterfoil.identity.tokens import Tokens
from counterfoil.ledger.service import Ledger
from counterfoil.notify import targets
from counterfoil.notify.model import Message, Outcome, Told
from counterfoil.notify.senders.apprise_sender import AppriseSender
from counterfoil.redaction.rules import redact
from counterfoil.settings import Settings
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The use cases of people. `oidc` is None where no provider is configured."""

    people: People
    sessions: Sessions
    tokens: Tokens
    audit: Audit
    oidc: OpenIdConnect | None
    mails: Mails


class MailsByApprise:
    """Sends what people asked for over the mail server that members are told over, and keeps nothing of it."""

    def __init__(self, mail_url: str, *, clock: Clock) -> None:
        self._url = targets.mail_server(mail_url)
        self._clock = clock
        self._sender = AppriseSender()

    async def send(self, email: str, title: str, lines: Sequence[str]) -> bool:
        told = Told(
            message_id=self._clock.new_id().hex, kind="sign_in", created_at=self._clock.now(), account=None,
            language=Language.EN, facts={}, link="", message=Message(title=title, lines=tuple(lines)),
        )  # fmt: skip
        return (await self._sender.mail(self._url, told, to=email)).outcome is Outcome.DELIVERED


def build_identity(
    *,
    database: Database,
    clock: Clock,
    ledger: Ledger,
    data_directory: DataDirectory,
    settings: Settings,
    public_url: str,
    session: aiohttp.ClientSession,
    mailer: Mailer | None = None,
    passwords: Passwords | None = None,
) -> Identity:
    """People as the settings say; `session` is what a provider of sign-in is called with."""
    if mailer is None and settings.mail_url is not None:
        mailer = MailsByApprise(settings.mail_url, clock=clock)
    passwords = passwords or Passwords()
    audit = Audit(database, clock=clock, redact=redact)
    throttle = Throttle(database, clock=clock, secret=data_directory.derive(b"sign-in throttles"))
    factors = SecondFactors(database, clock=clock, sealer=data_directory, issuer=settings.operator_name)
    mails = Mails(mailer, operator_name=settings.operator_name)
    people = People(
        database, clock=clock, ledger=ledger, passwords=passwords, factors=factors, throttle=throttle, mails=mails,
        audit=audit, settings=_people_settings(settings, public_url), folder=data_directory.path,
    )  # fmt: skip
    return Identity(
        people=people,
        sessions=Sessions(
            database, clock=clock, passwords=passwords, factors=factors, throttle=throttle, audit=audit
        ),
        tokens=Tokens(database, clock=clock, audit=audit),
        audit=audit,
        oidc=_oidc(
            settings, clock=clock, data_directory=data_directory, session=session, people=people, public_url=public_url
        ),
        mails=mails,
    )  # fmt: skip


def _people_settings(settings: Settings, public_url: str) -> PeopleSettings:
    return PeopleSettings(
        public_url=public_url,
        operator_name=settings.operator_name,
        default_language=Language(settings.default_language),
        registration=settings.registration == "on",
        trial_nanos=parse_nanos(settings.trial_credit),
        time_zone=settings.operator_time_zone,
    )


def _oidc(
    settings: Settings,
    *,
    clock: Clock,
    data_directory: DataDirectory,
    session: aiohttp.ClientSession,
    people: People,
    public_url: str,
) -> OpenIdConnect | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    return OpenIdConnect(
        OidcSettings(
            issuer=settings.oidc_issuer, client_id=settings.oidc_client_id, client_secret=settings.oidc_client_secret,
            name=settings.oidc_name, public_url=public_url,
        ),
        clock=clock, sealer=data_directory, session=session, arrive=people.arrive,
    )  # fmt: skip
