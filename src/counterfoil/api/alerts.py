"""Notifications: channels, what accounts want to hear, and what came of every delivery. Addresses go in and never come out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field, SecretStr

from counterfoil.api.access import Caller
from counterfoil.api.fields import (
    AccountId,
    Cursor,
    Flag,
    Input,
    Limit,
    Output,
    Page,
    Texts,
    Whole,
    optional_id,
    page,
    paged,
)
from counterfoil.api.services import UseCases
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.shown import amount, identifier, time
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.notify import model
from counterfoil.notify.messages import places
from counterfoil.notify.service import Notifications

router = APIRouter(tags=["alerts"])

OPERATIONS = "operations"
ChannelId = Annotated[str, Path(description="The channel's id (chan_…).", max_length=60)]
OfAccount = Annotated[
    str | None,
    Query(max_length=60, description="Only this account's (acct_…), or `operations`; not given: everybody's."),
]


class KindOutput(Output):
    """Something that can be announced. Its words have places for facts."""

    kind: str
    for_accounts: bool
    for_operations: bool = Field(description="Whether operations hear it without asking for it.")
    facts: list[str]
    title: dict[str, str] = Field(description="The subject line, by language.")
    meaning: dict[str, str]
    sent: dict[str, str] = Field(description="When it is sent, and how often.")

    @classmethod
    def of(cls, kind: model.AlertKind) -> KindOutput:
        subject, text = entry(Kind.NOTIFICATION, kind), entry(Kind.NOTIFICATION_TEXT, kind)
        return cls(
            kind=kind,
            for_accounts=kind in model.FOR_ACCOUNTS,
            for_operations=kind in model.FOR_OPERATIONS,
            facts=sorted(places(kind)),
            title={language.value: subject.label[language] for language in Language},
            meaning={language.value: subject.explanation[language] for language in Language},
            sent={language.value: text.explanation[language] for language in Language},
        )


class Kinds(Output):
    items: list[KindOutput]


class NewChannel(Input):
    """A webhook (https), or any of the Apprise services that only send something to somebody."""

    account_id: Annotated[str | None, Field(max_length=60, description="Null: of operations.")] = None
    kind: model.ChannelKind
    url: Annotated[
        SecretStr, Field(min_length=1, max_length=2_000, description="Kept sealed; only its scheme and host are shown.")
    ]
    secret: Annotated[
        SecretStr | None,
        Field(max_length=200, description="Of a webhook: `whsec_` and base64; null: one is made and shown this once."),
    ] = None
    language: Annotated[Language | None, Field(description="Null: the installation's.")] = None
    kinds: Annotated[Texts | None, Field(description="Null: everything that is meant for its readers.")] = None


class ChannelOutput(Output):
    """A channel; of its address only what may be shown."""

    channel_id: str
    account_id: str | None = Field(description="Null: of operations.")
    kind: str
    address: str = Field(description="Scheme and host; … where the address itself is a secret.")
    language: str
    kinds: list[str] | None
    status: str
    former_secret_until: str | None = Field(description="Until then both secrets sign.")
    created_at: str | None

    @classmethod
    def of(cls, channel: model.Channel) -> ChannelOutput:
        return cls(
            channel_id=show_id("channel", channel.channel_id),
            account_id=identifier("account", channel.account_id),
            kind=channel.kind,
            address=channel.mask,
            language=channel.language,
            kinds=None if channel.kinds is None else list(channel.kinds),
            status=channel.status,
            former_secret_until=time(channel.former_until),
            created_at=time(channel.created_at),
        )


class AddedChannel(ChannelOutput):
    """A channel with its signing secret, which is shown this once."""

    secret: str | None

    @classmethod
    def new(cls, added: model.NewChannel) -> AddedChannel:
        return cls(**ChannelOutput.of(added.channel).model_dump(), secret=added.secret)


class Removed(Output):
    removed: str


class Tried(Output):
    """What came of a test."""

    passed: bool
    outcome: str
    detail: str | None


class RulesInput(Input):
    """What an account wants otherwise than the settings say; null: as they say, 0: never."""

    low_balance: Annotated[
        str | None, Field(max_length=40, description="A decimal such as 12.34; or use low_balance_nanos.")
    ] = None
    low_balance_nanos: Whole | None = None
    lasts_days: Whole | None = None
    spike_times: Whole | None = None
    mail_members: Flag | None = None
    language: Language | None = None
    off: Annotated[Texts, Field(description="Kinds that the account's channels and members are not told.")] = []

    def rules(self) -> model.AlertRules:
        if self.low_balance is not None and self.low_balance_nanos is not None:
            raise InputError(field="low_balance", expected="low_balance or low_balance_nanos, not both")
        return model.AlertRules(
            low_balance=self.low_balance_nanos if self.low_balance is None else parse_nanos(self.low_balance),
            lasts_days=self.lasts_days,
            spike_times=self.spike_times,
            mail_members=self.mail_members,
            language=self.language,
            off=tuple(self.off),
        )


class ThresholdsOutput(Output):
    """When an account is warned, all told; 0 is never."""

    low_balance_nanos: int
    low_balance: str
    lasts_days: int
    spike_times: int
    mail_members: bool
    language: str


class RulesOutput(Output):
    """What an account wants for itself (null: as the settings say), and what holds for it."""

    account_id: str
    low_balance_nanos: int | None
    low_balance: str | None
    lasts_days: int | None
    spike_times: int | None
    mail_members: bool | None
    language: str | None
    off: list[str]
    in_force: ThresholdsOutput

    @classmethod
    def of(cls, account_id: str, rules: model.AlertRules, notify: Notifications) -> RulesOutput:
        in_force = notify.thresholds_of(rules)
        return cls(
            account_id=account_id,
            **amount("low_balance", rules.low_balance),
            lasts_days=rules.lasts_days,
            spike_times=rules.spike_times,
            mail_members=rules.mail_members,
            language=rules.language,
            off=list(rules.off),
            in_force=ThresholdsOutput(
                **amount("low_balance", in_force.low_balance),
                lasts_days=in_force.lasts_days,
                spike_times=in_force.spike_times,
                mail_members=notify.mails_members and rules.mail_members is not False,
                language=rules.language or notify.default_language,
            ),
        )


class DeliveryOutput(Output):
    """An announcement on its way to one channel or member."""

    delivery_id: str
    message_id: str = Field(description="What a webhook's `webhook-id` says, the same at every try.")
    kind: str
    account_id: str | None
    channel_id: str | None
    address: str | None
    member_id: str | None
    state: str
    tries: int
    created_at: str | None
    next_try_at: str | None
    last_try_at: str | None
    ended_at: str | None
    outcome: str | None
    detail: str | None

    @classmethod
    def of(cls, delivery: model.Delivery) -> DeliveryOutput:
        return cls(
            delivery_id=show_id("delivery", delivery.delivery_id),
            message_id=show_id("announcement", delivery.announcement_id),
            kind=delivery.kind,
            account_id=identifier("account", delivery.account_id),
            channel_id=identifier("channel", delivery.channel_id),
            address=delivery.channel_mask,
            member_id=identifier("member", delivery.member_id),
            state=delivery.state,
            tries=delivery.tries,
            created_at=time(delivery.created_at),
            next_try_at=time(delivery.next_try_at),
            last_try_at=time(delivery.last_try_at),
            ended_at=time(delivery.ended_at),
            outcome=delivery.outcome,
            detail=delivery.detail,
        )


class Worked(Output):
    """What was handed out and sent just now."""

    dispatched: int
    sent: int
    not_sent: int


@router.get("/alerts/kinds", summary="List what can be announced")
async def list_alert_kinds() -> Kinds:
    return Kinds(items=[KindOutput.of(kind) for kind in model.ANNOUNCED])


@router.get("/alerts/channels", summary="List channels")
async def list_channels(
    services: UseCases, account: OfAccount = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[ChannelOutput]:
    if account is not None:
        found = await services.notify.channels(None if account == OPERATIONS else read_id("account", account))
        channels = [ChannelOutput.of(channel) for channel in found]
        return paged(channels, limit=limit, cursor=cursor, name=lambda channel: channel.channel_id)
    rows = await services.notify.every_channel(after=optional_id("channel", cursor), most=limit + 1)
    return page(rows, limit=limit, item=ChannelOutput.of, cursor=lambda row: show_id("channel", row.channel_id))


@router.post("/alerts/channels", status_code=201, summary="Add a channel")
async def add_channel(services: UseCases, caller: Caller, body: NewChannel) -> AddedChannel:
    added = await services.notify.add_channel(
        kind=body.kind, url=body.url.get_secret_value(), account_id=optional_id("account", body.account_id),
        language=body.language, kinds=body.kinds, secret=None if body.secret is None else body.secret.get_secret_value(),
        public_only=not caller.is_staff,
    )  # fmt: skip
    return AddedChannel.new(added)


@router.get("/alerts/channels/{channel_id}", summary="Get a channel")
async def get_channel(services: UseCases, channel_id: ChannelId) -> ChannelOutput:
    return ChannelOutput.of(await services.notify.channel(read_id("channel", channel_id)))


@router.delete("/alerts/channels/{channel_id}", summary="Remove a channel, its address and its secret")
async def remove_channel(services: UseCases, channel_id: ChannelId) -> Removed:
    await services.notify.remove_channel(read_id("channel", channel_id))
    return Removed(removed=channel_id)


@router.post("/alerts/channels/{channel_id}/disable", summary="Send nothing more to a channel")
async def disable_channel(services: UseCases, channel_id: ChannelId) -> ChannelOutput:
    return ChannelOutput.of(await services.notify.disable(read_id("channel", channel_id)))


@router.post("/alerts/channels/{channel_id}/enable", summary="Send to a channel again")
async def enable_channel(services: UseCases, channel_id: ChannelId) -> ChannelOutput:
    return ChannelOutput.of(await services.notify.enable(read_id("channel", channel_id)))


@router.post(
    "/alerts/channels/{channel_id}/rotate-secret", summary="Give a webhook another secret; both sign for a day"
)
async def rotate_channel_secret(services: UseCases, channel_id: ChannelId) -> AddedChannel:
    return AddedChannel.new(await services.notify.rotate_secret(read_id("channel", channel_id)))


@router.post("/alerts/channels/{channel_id}/test", summary="Send a test message now, and say what came of it")
async def test_channel(services: UseCases, channel_id: ChannelId) -> Tried:
    sent = await services.notify.test(read_id("channel", channel_id))
    return Tried(passed=sent.outcome is model.Outcome.DELIVERED, outcome=sent.outcome, detail=sent.detail)


@router.get("/alerts/deliveries", summary="List deliveries, newest first")
async def list_deliveries(
    services: UseCases,
    account: Annotated[str | None, Query(max_length=60, description="Only of this account (acct_…).")] = None,
    channel: Annotated[str | None, Query(max_length=60, description="Only to this channel (chan_…).")] = None,
    state: Annotated[model.DeliveryState | None, Query(description="Only in this state.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeliveryOutput]:
    rows = await services.notify.log(
        account_id=optional_id("account", account), channel_id=optional_id("channel", channel), state=state,
        before=optional_id("delivery", cursor), most=limit + 1,
    )  # fmt: skip
    return page(rows, limit=limit, item=DeliveryOutput.of, cursor=lambda row: show_id("delivery", row.delivery_id))


@router.post("/alerts/send", summary="Hand out and send now what is due")
async def send_now(services: UseCases) -> Worked:
    worked = await services.notify.work_off()
    return Worked(dispatched=worked.dispatched, sent=worked.sent, not_sent=worked.not_sent)


@router.get("/accounts/{account_id}/alerts", summary="Get when an account is warned")
async def get_alert_rules(services: UseCases, account_id: AccountId) -> RulesOutput:
    rules = await services.notify.rules_of(read_id("account", account_id))
    return RulesOutput.of(account_id, rules, services.notify)


@router.put(
    "/accounts/{account_id}/alerts", summary="Set when an account is warned; what is not given is as the settings say"
)
async def set_alert_rules(services: UseCases, account_id: AccountId, body: RulesInput) -> RulesOutput:
    rules = await services.notify.set_rules(read_id("account", account_id), body.rules())
    return RulesOutput.of(account_id, rules, services.notify)
