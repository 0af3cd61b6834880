"""Sending one message: its words, its address, its signature. Addresses and secrets are opened here and nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import CounterfoilError, InputError
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger import history_store
from counterfoil.limits import store as limits_store
from counterfoil.notify import messages, rules, targets
from counterfoil.notify.model import (
    AlertKind,
    Channel,
    ChannelKind,
    ChannelStatus,
    Claim,
    Outcome,
    Posted,
    Sent,
    Told,
)
from counterfoil.notify.people import People
from counterfoil.notify.senders.port import Mailer, Sender
from counterfoil.observability import log
from counterfoil.storage.database import Database


class Sealer(Protocol):
    def seal(self, plain: bytes, *, context: bytes = b"") -> bytes: ...

    def unseal(self, sealed: bytes, *, context: bytes = b"") -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingSettings:
    """Where links lead, in which language members are written to, over which mail server, and where plain text may go."""

    public_url: str
    default_language: Language = Language.EN
    mail_url: str | None = field(repr=False, default=None)
    plain_hosts: Collection[str] = ()


class Sending:
    """Makes a message of an announcement and sends it once."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        sealer: Sealer,
        people: People,
        senders: Mapping[ChannelKind, Sender],
        mailer: Mailer,
        settings: SendingSettings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._people = people
        self._senders = senders
        self._mailer = mailer
        self._settings = settings

    async def send(self, claim: Claim) -> Sent:
        """Send what was claimed; whatever keeps it from being sent is its outcome."""
        if claim.channel is not None:
            return await self._to_channel(claim.channel, claim.posted)
        address = None if claim.member_id is None else await self._people.address_of(claim.member_id)
        if address is None or self._settings.mail_url is None:
            return Sent(outcome=Outcome.NO_READER)
        told = await self._told(claim.posted, claim.language or self._settings.default_language)
        return await self._mailer.mail(targets.mail_server(self._settings.mail_url), told, to=address)

    async def test(self, channel: Channel) -> Sent:
        """Send a test message to a channel, whether it is enabled or not."""
        posted = Posted(
            announcement_id=self._clock.new_id(), kind=AlertKind.CHANNEL_TEST, account_id=channel.account_id, facts={},
            created_at=self._clock.now(),
        )  # fmt: skip
        return await self._send(channel, posted)

    async def _to_channel(self, channel: Channel, posted: Posted) -> Sent:
        if channel.status is not ChannelStatus.ACTIVE:
            return Sent(outcome=Outcome.NOT_ACTIVE)
        return await self._send(channel, posted)

    async def _send(self, channel: Channel, posted: Posted) -> Sent:
        now = self._clock.now()
        try:
            url, keys = self._open(channel, now=now)
        except (CounterfoilError, UnicodeDecodeError) as error:
            log.error(
                "channel_unusable", channel=show_id("channel", channel.channel_id), error=getattr(error, "code", "seal")
            )
            return Sent(outcome=Outcome.UNUSABLE)
        told = await self._told(posted, channel.language)
        return await self._senders[channel.kind].send(url, told, keys=keys, now=now)

    def _open(self, channel: Channel, *, now: int) -> tuple[str, Sequence[bytes]]:
        """A channel's address, as the settings of today allow it, and what signs its messages."""
        if channel.url_sealed is None:
            raise InputError(code="channel_not_found")
        url = self._sealer.unseal(channel.url_sealed, context=channel.channel_id.bytes).decode()
        read = targets.read_webhook if channel.kind is ChannelKind.WEBHOOK else targets.read_apprise
        target = read(url, plain_hosts=self._settings.plain_hosts)
        secrets = [channel.secret_sealed]
        if channel.former_until is not None and now < channel.former_until:
            secrets.append(channel.former_secret_sealed)
        return target.url, [
            rules.secret_key(self._sealer.unseal(secret, context=channel.channel_id.bytes).decode())
            for secret in secrets
            if secret is not None
        ]

    async def _told(self, posted: Posted, language: Language) -> Told:
        account = None if posted.account_id is None else show_id("account", posted.account_id)
        facts = {name: value for name, value in posted.facts.items() if name in messages.places(posted.kind)}
        shown = facts if account is None else {"account": account, **facts}
        link = messages.link_of(self._settings.public_url, posted.kind, shown)
        names = await self._names(posted.account_id, messages.ids_to_name(shown))
        return Told(
            message_id=rules.message_id(posted.announcement_id), kind=posted.kind, created_at=posted.created_at,
            account=account, language=language, facts=facts, link=link,
            message=messages.render(posted.kind, shown, language=language, link=link, names=names),
        )  # fmt: skip

    async def _names(self, account_id: UUID | None, ids: Sequence[str]) -> dict[str, str]:
        """What people call the things of these ids; what has gone is left out."""
        found: dict[str, str] = {}
        if account_id is None or not ids:
            return found
        async with self._database.reading() as connection:
            for shown in ids:
                known = read_any_id(shown)
                assert known is not None
                kind, thing_id = known
                if kind == "account":
                    account = await history_store.read_account(connection, thing_id)
                    found[shown] = account.name if account is not None else ""
                elif kind == "group":
                    group = await limits_store.find_group(connection, account_id, thing_id)
                    found[shown] = group.name if group is not None else ""
                elif kind == "member":
                    found[shown] = await self._people.address_of(thing_id) or ""
                elif kind == "key":
                    key = await limits_store.find_key(connection, account_id, thing_id)
                    found[shown] = f"{key.name} ({key.mask})" if key is not None else ""
        return found
