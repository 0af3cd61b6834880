"""Telling people, wired to the rooms beside it: members' addresses, what calls were refused for, what upstreams refuse."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import aiohttp

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import OF_ROLE, Own
from counterfoil.identity.model import Member, MemberStatus
from counterfoil.identity.service import PAGE_MAX, Members
from counterfoil.notify.model import ChannelKind, Thresholds
from counterfoil.notify.senders.apprise_sender import AppriseSender
from counterfoil.notify.senders.webhook import WebhookSender
from counterfoil.notify.service import Notifications, NotifySettings
from counterfoil.notify.targets import check_mail_url
from counterfoil.settings import Settings
from counterfoil.spend.store import limits_that_refused, upstreams_out_of_money
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database


class MembersAsReaders:
    """The active members of accounts, as telling people asks for them."""

    def __init__(self, members: Members) -> None:
        self._members = members

    async def readers_of(self, account_id: UUID) -> Sequence[UUID]:
        return [member.member_id for member in await self._active(account_id)]

    async def admins_of(self, account_id: UUID) -> Sequence[UUID]:
        return [one.member_id for one in await self._active(account_id) if Own.LIMITS_WRITE in OF_ROLE[one.role]]

    async def _active(self, account_id: UUID) -> Sequence[Member]:
        found: list[Member] = []
        after: UUID | None = None
        while page := await self._members.list(account_id=account_id, after=after):
            found += [member for member in page if member.status is MemberStatus.ACTIVE]
            if len(page) < PAGE_MAX:
                break
            after = page[-1].member_id
        return found

    async def address_of(self, member_id: UUID) -> str | None:
        try:
            member = await self._members.member(member_id)
        except NotFound:
            return None
        return member.email if member.status is MemberStatus.ACTIVE else None


def _check_mail_url(mail_url: str | None) -> None:
    if mail_url is None:
        return
    try:
        check_mail_url(mail_url)
    except InputError as error:
        raise InputError(code="setting_invalid", setting="COUNTERFOIL_MAIL_URL", **error.parameters) from None


def notifications(
    settings: Settings,
    *,
    database: Database,
    clock: Clock,
    data_directory: DataDirectory,
    members: Members,
    session: aiohttp.ClientSession,
    public_url: str,
) -> Notifications:
    """Telling people, as the settings say. Raises `InputError` for a mail server's address that cannot be used."""
    _check_mail_url(settings.mail_url)
    apprise = AppriseSender()
    return Notifications(
        database,
        clock=clock,
        sealer=data_directory,
        settings=NotifySettings(
            public_url=public_url,
            thresholds=Thresholds(
                low_balance=parse_nanos(settings.alert_low_balance),
                lasts_days=settings.alert_lasts_days,
                spike_times=settings.alert_spike_times,
                spike_floor=parse_nanos(settings.alert_spike_floor),
            ),
            default_language=Language(settings.default_language),
            mail_url=settings.mail_url,
            plain_hosts=settings.alert_plain_hosts,
        ),
        senders={ChannelKind.WEBHOOK: WebhookSender(session), ChannelKind.APPRISE: apprise},
        mailer=apprise,
        limits_that_refused=limits_that_refused,
        upstreams_out_of_money=upstreams_out_of_money,
        people=MembersAsReaders(members),
    )
