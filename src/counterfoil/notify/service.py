"""The use cases of telling people: channels, what accounts want to hear, the log, and what goes on in the background."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from psycopg.errors import ForeignKeyViolation

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import NIL, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger import history_store
from counterfoil.notify import rules, store, targets
from counterfoil.notify.courier import Courier
from counterfoil.notify.model import (
    AlertRules,
    Channel,
    ChannelKind,
    ChannelStatus,
    Delivery,
    DeliveryState,
    NewChannel,
    Sent,
    Target,
    Thresholds,
    Worked,
)
from counterfoil.notify.people import LimitsThatRefused, Nobody, People, UpstreamsOutOfMoney
from counterfoil.notify.senders.port import Mailer, Sender
from counterfoil.notify.sending import Sealer, Sending, SendingSettings
from counterfoil.notify.watch import Watch
from counterfoil.storage.database import Database

CHANNELS_MAX = 20
PAGE_MAX = 500
# A quarter: as long as anybody asks whether they were told.
LOG_KEPT_SECONDS = 90 * 24 * 3600
_CLEANED_MAX = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """What the installation says. `mail_url` is an Apprise address of the mail server that members get mail over."""

    public_url: str
    thresholds: Thresholds
    default_language: Language = Language.EN
    mail_url: str | None = field(repr=False, default=None)
    plain_hosts: Collection[str] = ()


class Notifications:
    """Telling people what happened."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        sealer: Sealer,
        settings: NotifySettings,
        senders: Mapping[ChannelKind, Sender],
        mailer: Mailer,
        limits_that_refused: LimitsThatRefused,
        upstreams_out_of_money: UpstreamsOutOfMoney,
        people: People | None = None,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        people = people or Nobody()
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._settings = settings
        self._random_bytes = random_bytes
        self._sending = Sending(
            database, clock=clock, sealer=sealer, people=people, senders=senders, mailer=mailer,
            settings=SendingSettings(
                public_url=settings.public_url, default_language=settings.default_language, mail_url=settings.mail_url,
                plain_hosts=settings.plain_hosts,
            ),
        )  # fmt: skip
        self._courier = Courier(
            database, clock=clock, sending=self._sending, people=people, mails_members=settings.mail_url is not None
        )
        self._watch = Watch(
            database, clock=clock, defaults=settings.thresholds, limits_that_refused=limits_that_refused,
            upstreams_out_of_money=upstreams_out_of_money,
        )  # fmt: skip

    # -- channels --------------------------------------------------------------------------------------------------

    async def add_channel(
        self,
        *,
        kind: ChannelKind,
        url: str,
        account_id: UUID | None = None,
        language: Language | None = None,
        kinds: Iterable[str] | None = None,
        secret: str | None = None,
        public_only: bool = False,
    ) -> NewChannel:
        """Add a channel of an account (None: of operations); a webhook without a `secret` is given one.

        `public_only`: entered by a customer, who must not have the operator's own network written to.
        `kinds` of None is everything that is meant for its readers. Raises `InputError`, which repeats neither the address
        nor the secret, `NotFound` without the account, `Conflict` where there are too many.
        """
        target = await self._read(kind, url)
        if public_only:
            targets.check_public(target)
        wanted = rules.check_kinds(kinds, of_account=account_id is not None)
        secret = self._secret_for(kind, secret)
        channel_id = self._clock.new_id()
        channel = Channel(
            channel_id=channel_id, account_id=account_id, kind=kind, mask=target.mask,
            url_sealed=self._seal(channel_id, url), secret_sealed=None if secret is None else self._seal(channel_id, secret),
            language=language or self._settings.default_language, kinds=wanted, status=ChannelStatus.ACTIVE,
            created_at=self._clock.now(),
        )  # fmt: skip
        try:
            async with self._database.unit_of_work() as connection:
                if await store.count_channels(connection, account_id) >= CHANNELS_MAX:
                    raise Conflict(code="channels_too_many", most=CHANNELS_MAX)
                await store.insert_channel(connection, channel)
        except ForeignKeyViolation as error:
            assert account_id is not None
            raise NotFound(code="account_not_found", account=show_id("account", account_id)) from error
        return NewChannel(channel=channel, secret=secret)

    async def _read(self, kind: ChannelKind, url: str) -> Target:
        if kind is ChannelKind.WEBHOOK:
            return targets.read_webhook(url, plain_hosts=self._settings.plain_hosts)
        target = targets.read_apprise(url, plain_hosts=self._settings.plain_hosts)
        # Imported here: Apprise takes a second, which no other command should wait for.
        from counterfoil.notify.senders.apprise_sender import open_service

        if await asyncio.to_thread(open_service, url) is None:
            raise InputError(code="channel_url_unreadable", service=target.mask.partition("://")[0])
        return target

    def _secret_for(self, kind: ChannelKind, given: str | None) -> str | None:
        if kind is not ChannelKind.WEBHOOK:
            if given is not None:
                raise InputError(code="channel_not_signed")
            return None
        secret = given or rules.make_secret(self._random_bytes(rules.SECRET_BYTES))
        rules.secret_key(secret)
        return secret

    def _seal(self, channel_id: UUID, text: str) -> bytes:
        return self._sealer.seal(text.encode(), context=channel_id.bytes)

    async def channels(self, account_id: UUID | None) -> list[Channel]:
        """Channels of an account (None: of operations)."""
        async with self._database.reading() as connection:
            return await store.channels_of(connection, account_id)

    async def every_channel(self, *, after: UUID | None = None, most: int = 100) -> list[Channel]:
        """Channels of everybody by id; `after` is the last of the page before."""
        async with self._database.reading() as connection:
            return await store.every_channel(connection, after=after or NIL, most=max(1, min(most, PAGE_MAX)))

    async def channel(self, channel_id: UUID) -> Channel:
        """The channel of that id; raises `NotFound`."""
        async with self._database.reading() as connection:
            return _known(await store.find_channel(connection, channel_id), channel_id)

    async def enable(self, channel_id: UUID) -> Channel:
        return await self._change(channel_id, lambda channel: replace(channel, status=ChannelStatus.ACTIVE))

    async def disable(self, channel_id: UUID) -> Channel:
        """Send nothing more to a channel; what waits for it is dropped when its turn comes."""
        return await self._change(channel_id, lambda channel: replace(channel, status=ChannelStatus.DISABLED))

    async def rotate_secret(self, channel_id: UUID) -> NewChannel:
        """Give a webhook another secret; for a day the former one signs too. Raises `NotFound`, `InputError`."""
        secret = rules.make_secret(self._random_bytes(rules.SECRET_BYTES))
        until = self._clock.now() + rules.ROTATION_SECONDS * MICROS_PER_SECOND

        def rotate(channel: Channel) -> Channel:
            if channel.kind is not ChannelKind.WEBHOOK:
                raise InputError(code="channel_not_signed")
            return replace(
                channel, secret_sealed=self._seal(channel_id, secret), former_secret_sealed=channel.secret_sealed,
                former_until=until,
            )  # fmt: skip

        return NewChannel(channel=await self._change(channel_id, rotate), secret=secret)

    async def _change(self, channel_id: UUID, change: Callable[[Channel], Channel]) -> Channel:
        async with self._database.unit_of_work() as connection:
            changed = change(_known(await store.lock_channel(connection, channel_id), channel_id))
            await store.update_channel(connection, changed)
        return changed

    async def remove_channel(self, channel_id: UUID) -> None:
        """Forget a channel's address and secrets; raises `NotFound`."""
        async with self._database.unit_of_work() as connection:
            _known(await store.lock_channel(connection, channel_id), channel_id)
            await store.remove_channel(connection, channel_id, at=self._clock.now())

    async def test(self, channel_id: UUID) -> Sent:
        """Send a test message now, and say what came of it; raises `NotFound`."""
        return await self._sending.test(await self.channel(channel_id))

    # -- what accounts want ----------------------------------------------------------------------------------------

    async def rules_of(self, account_id: UUID) -> AlertRules:
        """What an account wants otherwise than the settings say; raises `NotFound`."""
        async with self._database.reading() as connection:
            if await history_store.read_account(connection, account_id) is None:
                raise NotFound(code="account_not_found", account=show_id("account", account_id))
            return (await store.rules_of(connection, [account_id])).get(account_id, AlertRules())

    def thresholds_of(self, wanted: AlertRules) -> Thresholds:
        """When an account with these rules is warned; 0 is never."""
        return rules.thresholds_of(wanted, self._settings.thresholds)

    @property
    def mails_members(self) -> bool:
        """Whether members can be written to: a mail server is set."""
        return self._settings.mail_url is not None

    @property
    def default_language(self) -> Language:
        return self._settings.default_language

    async def set_rules(self, account_id: UUID, wanted: AlertRules) -> AlertRules:
        """Set what an account wants; raises `InputError` naming the field, `NotFound`."""
        checked = rules.check_rules(wanted)
        try:
            async with self._database.unit_of_work() as connection:
                await store.set_rules(connection, account_id, checked)
        except ForeignKeyViolation as error:
            raise NotFound(code="account_not_found", account=show_id("account", account_id)) from error
        return checked

    # -- the log ---------------------------------------------------------------------------------------------------

    async def log(
        self,
        *,
        account_id: UUID | None = None,
        channel_id: UUID | None = None,
        state: DeliveryState | None = None,
        before: UUID | None = None,
        most: int = 50,
    ) -> list[Delivery]:
        """Deliveries, newest first; `before` is the last id of the page before."""
        async with self._database.reading() as connection:
            return await store.deliveries(
                connection, account_id=account_id, channel_id=channel_id, state=state, before=before,
                most=max(1, min(most, PAGE_MAX)),
            )  # fmt: skip

    # -- background work -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Go on handing out and sending until cancelled; every serving process may."""
        await self._courier.run()

    async def work_off(self) -> Worked:
        """Hand out everything that was announced, and send what is due now."""
        return await self._courier.work_off()

    async def watch_accounts(self) -> int:
        """Announce what accounts should know of their balances, limits and spending, and what operations should."""
        return await self._watch.watch_accounts() + await self._watch.watch_upstreams()

    async def watch_credit(self) -> int:
        """Announce credit that expires soon."""
        return await self._watch.watch_credit()

    async def clean(self) -> int:
        """Delete what ended long ago; gives how many rows."""
        before = self._clock.now() - LOG_KEPT_SECONDS * MICROS_PER_SECOND
        async with self._database.unit_of_work() as connection:
            deleted = await store.delete_old_deliveries(connection, ended_before=before, most=_CLEANED_MAX)
        return deleted + await self._watch.forget_hours()


def _known(channel: Channel | None, channel_id: UUID) -> Channel:
    if channel is None:
        raise NotFound(code="channel_not_found", channel=show_id("channel", channel_id))
    return channel
