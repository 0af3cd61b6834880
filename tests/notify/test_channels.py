"""Channels: kept sealed, shown by a mask, and gone when they are removed."""

from __future__ import annotations

import logging
from uuid import UUID

import pytest

from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.vocabulary import Language
from counterfoil.notify.model import AlertRules, ChannelKind, ChannelStatus, Outcome
from counterfoil.notify.service import CHANNELS_MAX, Notifications
from notify.desk import UNIT, Desk, Receiver

TOKEN = "planted0token0planted0token"
URL = f"https://hooks.example.com/{TOKEN}"


async def test_a_channel_is_added_listed_disabled_enabled_and_removed(desk: Desk, notify: Notifications) -> None:
    account_id = await desk.open_account()
    added = await notify.add_channel(kind=ChannelKind.WEBHOOK, url=URL, account_id=account_id, kinds=["balance_low"])
    channel = added.channel
    assert (channel.mask, channel.kinds, channel.language) == (
        "https://hooks.example.com",
        ("balance_low",),
        Language.EN,
    )
    desk.clock.advance(seconds=1)
    own = await notify.add_channel(kind=ChannelKind.APPRISE, url=f"feishu://{TOKEN}", language=Language.ZH)
    assert (own.secret, own.channel.account_id, own.channel.kinds) == (None, None, None)
    assert await notify.channels(account_id) == [channel]
    assert await notify.channels(None) == [own.channel]
    assert await notify.every_channel(most=1) == [channel]
    assert await notify.every_channel(after=channel.channel_id) == [own.channel]
    assert (await notify.disable(channel.channel_id)).status is ChannelStatus.DISABLED
    assert (await notify.enable(channel.channel_id)) == await notify.channel(channel.channel_id) == channel
    await notify.remove_channel(channel.channel_id)
    assert await notify.channels(account_id) == []
    for use in (
        notify.channel,
        notify.enable,
        notify.disable,
        notify.test,
        notify.remove_channel,
        notify.rotate_secret,
    ):
        with pytest.raises(NotFound) as missing:
            await use(channel.channel_id)
        assert missing.value.code == "channel_not_found"


async def test_addresses_and_secrets_are_in_no_table_in_no_answer_and_in_no_log(
    desk: Desk, notify: Notifications, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """L12, with the log at its most talkative."""
    caplog.set_level(logging.DEBUG)
    hook = await desk.webhook(notify, receiver, url=receiver.url(f"/{TOKEN}"))
    relay = await notify.add_channel(
        kind=ChannelKind.APPRISE, url=f"json://user:{TOKEN}@127.0.0.1:{receiver.port}/{TOKEN}?+X-Token={TOKEN}"
    )
    nowhere = await notify.add_channel(kind=ChannelKind.APPRISE, url=f"json://127.0.0.1:1/{TOKEN}")
    assert hook.secret is not None
    shown = repr(hook) + repr(relay) + repr(await notify.channels(None))
    for status in (204, 500):
        receiver.status = status
        for added in (hook, relay, nowhere):
            shown += repr(await notify.test(added.channel.channel_id))
    await desk.announce("order_attention", order="ord_1", what="refund_failed")
    shown += repr(await notify.work_off()) + repr(await notify.log())
    await notify.rotate_secret(hook.channel.channel_id)
    await notify.remove_channel(relay.channel.channel_id)
    assert any(TOKEN in one.path for one in receiver.received)
    for text in (shown, caplog.text, await desk.everything_kept()):
        assert TOKEN not in text
        assert hook.secret not in text


async def test_a_removed_channels_address_is_not_kept_sealed_either(
    desk: Desk, notify: Notifications, receiver: Receiver
) -> None:
    added = await desk.webhook(notify, receiver)
    await notify.rotate_secret(added.channel.channel_id)
    await notify.remove_channel(added.channel.channel_id)
    (row,) = await desk.rows("SELECT url_sealed, secret_sealed, former_secret_sealed, mask, status FROM alert_channels")
    assert row == {
        "url_sealed": None, "secret_sealed": None, "former_secret_sealed": None, "status": "removed",
        "mask": f"http://127.0.0.1:{receiver.port}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "url", "fields", "code"),
    [
        (ChannelKind.WEBHOOK, f"http://hooks.example.com/{TOKEN}", {}, "channel_not_encrypted"),
        (ChannelKind.APPRISE, f"exec://{TOKEN}", {}, "channel_service_refused"),
        (ChannelKind.APPRISE, f"slack://{TOKEN}", {}, "channel_url_unreadable"),
        (ChannelKind.WEBHOOK, URL, {"secret": TOKEN}, "channel_secret_unreadable"),
        (ChannelKind.APPRISE, "feishu://" + TOKEN, {"secret": "whsec_" + "A" * 32}, "channel_not_signed"),
        (ChannelKind.WEBHOOK, URL, {"kinds": ["rumour"]}, "notification_kind_unknown"),
    ],
)
async def test_a_channel_that_cannot_be_used_is_refused_and_its_address_not_repeated(
    notify: Notifications, desk: Desk, kind: ChannelKind, url: str, fields: dict[str, str], code: str
) -> None:
    with pytest.raises(InputError) as refused:
        await notify.add_channel(kind=kind, url=url, **fields)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert TOKEN not in str(refused.value)
    assert await notify.channels(None) == []


async def test_hosts_that_may_be_written_to_in_plain_are_a_setting_that_counts_when_a_message_goes(
    desk: Desk, receiver: Receiver
) -> None:
    url = f"http://relay.internal/{TOKEN}"
    added = await desk.process(plain_hosts=("relay.internal",)).add_channel(kind=ChannelKind.WEBHOOK, url=url)
    sent = await desk.process().test(added.channel.channel_id)
    assert sent.outcome is Outcome.UNUSABLE


async def test_an_account_that_does_not_exist_has_no_channels(notify: Notifications) -> None:
    with pytest.raises(NotFound) as missing:
        await notify.add_channel(kind=ChannelKind.WEBHOOK, url=URL, account_id=UUID(int=7))
    assert missing.value.code == "account_not_found"
    with pytest.raises(NotFound):
        await notify.rules_of(UUID(int=7))
    with pytest.raises(NotFound):
        await notify.set_rules(UUID(int=7), AlertRules())


async def test_there_are_only_so_many_channels(notify: Notifications) -> None:
    for _ in range(CHANNELS_MAX):
        last = await notify.add_channel(kind=ChannelKind.WEBHOOK, url=URL)
    with pytest.raises(Conflict) as refused:
        await notify.add_channel(kind=ChannelKind.WEBHOOK, url=URL)
    assert refused.value.code == "channels_too_many"
    await notify.remove_channel(last.channel.channel_id)
    await notify.add_channel(kind=ChannelKind.WEBHOOK, url=URL)


async def test_only_a_webhook_has_a_secret_to_rotate(notify: Notifications) -> None:
    added = await notify.add_channel(kind=ChannelKind.APPRISE, url=f"feishu://{TOKEN}")
    with pytest.raises(InputError) as refused:
        await notify.rotate_secret(added.channel.channel_id)
    assert refused.value.code == "channel_not_signed"


async def test_what_an_account_wants_is_kept_and_what_it_does_not_say_is_as_the_settings_say(
    desk: Desk, notify: Notifications
) -> None:
    account_id = await desk.open_account()
    assert await notify.rules_of(account_id) == AlertRules()
    wanted = AlertRules(low_balance=7 * UNIT, mail_members=False, language=Language.ZH, off=("spend_spike",))
    assert await notify.set_rules(account_id, wanted) == wanted == await notify.rules_of(account_id)
    in_force = notify.thresholds_of(wanted)
    assert (in_force.low_balance, in_force.lasts_days, in_force.spike_times) == (7 * UNIT, 3, 0)
    await notify.set_rules(account_id, AlertRules())
    assert await notify.rules_of(account_id) == AlertRules()
