"""Alerts: thresholds, channels and what was sent, as members may read and admins may change them."""

from __future__ import annotations

import re

import pytest

from console.visitors import House, Visitor, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.vocabulary import Kind, find_entry
from counterfoil.identity.access import Role, StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.notify.model import ANNOUNCED, FOR_ACCOUNTS, AlertKind, Channel, ChannelKind, ChannelStatus

_URL = "https://hooks.example/very-secret-path"
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{20,}")


async def _channel(house: House, account: Account | None, url: str = _URL) -> Channel:
    added = await house.services.notify.add_channel(
        kind=ChannelKind.WEBHOOK, url=url, account_id=None if account is None else account.account_id
    )
    return added.channel


async def _channels(house: House, account: Account) -> list[Channel]:
    return await house.services.notify.channels(account.account_id)


async def _save(visitor: Visitor, account: Account, **fields: object) -> str:
    everything = {"wanted": [str(kind) for kind in FOR_ACCOUNTS]}
    return await visitor.follow(await visitor.post(of_account(account, "/alerts"), everything | fields))


@pytest.mark.parametrize("kind", ANNOUNCED)
def test_every_kind_has_a_short_name(kind: AlertKind) -> None:
    assert find_entry(Kind.WORD, f"alert_kind_{kind}") is not None


async def test_thresholds_are_kept_as_they_are_typed(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account, Role.ADMIN)
    page = await _save(
        visitor, account, low_balance="12.5", lasts_days="0", spike_times="", mail_members="no", language="zh"
    )
    rules = await house.services.notify.rules_of(account.account_id)
    assert (rules.low_balance, rules.lasts_days, rules.spike_times) == (parse_nanos("12.5"), 0, None)
    assert (rules.mail_members, rules.language, rules.off) == (False, "zh", ())
    assert "Alerts saved" in page
    assert "$12.50" in page
    assert "never" in page


async def test_what_is_not_ticked_is_switched_off(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    await _save(visitor, account, wanted=["order_credited", "balance_low"])
    off = (await house.services.notify.rules_of(account.account_id)).off
    assert set(off) == {str(kind) for kind in FOR_ACCOUNTS} - {"order_credited", "balance_low"}


@pytest.mark.parametrize(
    ("field", "typed"), [("low_balance", "little"), ("lasts_days", "-1"), ("lasts_days", "9999"), ("spike_times", "1")]
)
async def test_a_threshold_that_makes_no_sense_is_shown_where_it_was_typed(
    house: House, field: str, typed: str
) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    answer = await visitor.post(of_account(account, "/alerts"), {field: typed}, status=422)
    assert re.search(rf'<p class="field is-wrong">\s*<label for="field-{field}"', answer.text)
    assert f'value="{typed}"' in answer.text
    assert (await house.services.notify.rules_of(account.account_id)).low_balance is None


async def test_a_webhooks_secret_is_shown_once_and_its_address_never(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    added = await visitor.post(
        of_account(account, "/alerts/channels"),
        {"kind": "webhook", "url": _URL, "channel_language": "en", "channel_kinds": ["order_credited"]}, status=200,
    )  # fmt: skip
    secret = _SECRET.search(added.text)
    assert secret is not None
    (channel,) = await _channels(house, account)
    assert channel.kinds == ("order_credited",)
    page = await visitor.get(of_account(account, "/alerts"))
    assert "hooks.example" in page
    assert "Recharge credited" in page
    for text in (added.text, page):
        assert "very-secret-path" not in text
    assert _SECRET.search(page) is None

    address = of_account(account, f"/alerts/channels/{show_id('channel', channel.channel_id)}")
    rotated = await visitor.post(address + "/rotate", status=200)
    another = _SECRET.search(rotated.text)
    assert another is not None
    assert another[0] != secret[0]
    assert "Former secret until" in rotated.text


async def test_an_address_that_is_refused_is_not_sent_back(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    for url in ("http://hooks.example/very-secret-path", "very-secret-path"):
        answer = await visitor.post(
            of_account(account, "/alerts/channels"), {"kind": "webhook", "url": url}, status=422
        )
        assert "very-secret-path" not in answer.text
    assert await _channels(house, account) == []


async def test_a_channel_is_disabled_enabled_and_removed(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    channel = await _channel(house, account)
    address = of_account(account, f"/alerts/channels/{show_id('channel', channel.channel_id)}")
    assert "Channel disabled" in await visitor.follow(await visitor.post(address + "/disable"))
    assert [one.status for one in await _channels(house, account)] == [ChannelStatus.DISABLED]
    assert "Channel enabled" in await visitor.follow(await visitor.post(address + "/enable"))
    assert "Channel removed" in await visitor.follow(await visitor.post(address + "/remove"))
    assert await _channels(house, account) == []


async def test_a_test_says_what_came_of_it(house: House) -> None:
    account = await house.open_account()
    visitor = await house.member(account)
    # Nobody listens there.
    channel = await _channel(house, account, url="https://127.0.0.1:9/hook")
    address = of_account(account, f"/alerts/channels/{show_id('channel', channel.channel_id)}")
    tested = await visitor.post(address + "/test")
    page = await visitor.get(tested.headers["location"].partition("#")[0])
    assert "The test: Unreachable" in page
    # Nothing that somebody else has put into the address is ever said.
    assert "The test:" not in await visitor.get(of_account(account, "/alerts"), tested="hello")


async def test_members_may_read_and_only_some_may_change(house: House) -> None:
    account = await house.open_account()
    channel = await _channel(house, account)
    address = of_account(account, f"/alerts/channels/{show_id('channel', channel.channel_id)}")
    for visitor in (
        await house.member(account, Role.DEVELOPER),
        await house.member(account, Role.BILLING_VIEWER),
        await house.staff(StaffRole.SUPPORT),
    ):
        page = await visitor.get(of_account(account, "/alerts"))
        assert "You can look" in page
        assert '<form class="form form-wide"' not in page
        await visitor.post(of_account(account, "/alerts"), {"low_balance": "1"}, status=403)
        for verb in ("test", "disable", "enable", "rotate", "remove"):
            await visitor.post(f"{address}/{verb}", status=403)
    assert [one.status for one in await _channels(house, account)] == [ChannelStatus.ACTIVE]
    operations = await house.staff(StaffRole.OPERATIONS)
    await operations.post(address + "/disable")


async def test_channels_of_others_do_not_exist_here(house: House) -> None:
    account, other = await house.open_account(), await house.open_account("Other")
    visitor = await house.member(account)
    for channel in (await _channel(house, other), await _channel(house, None)):
        for verb in ("test", "disable", "enable", "rotate", "remove"):
            await visitor.post(
                of_account(account, f"/alerts/channels/{show_id('channel', channel.channel_id)}/{verb}"), status=404
            )
        assert (await house.services.notify.channel(channel.channel_id)).status is ChannelStatus.ACTIVE
    await visitor.get(of_account(other, "/alerts"), status=404)


async def test_the_log_tells_what_went_where(house: House) -> None:
    account = await house.open_account(credit=1)
    await _channel(house, account, url="https://127.0.0.1:9/hook")
    code = (await house.services.codes.create(_batch(), by="op")).codes[0]
    await house.services.codes.redeem(account.account_id, code, by="somebody")
    await house.services.notify.work_off()
    visitor = await house.member(account)
    page = await visitor.get(of_account(account, "/alerts"))
    log = page.split('id="table-log"')[1]
    assert "Code was redeemed" in log
    assert "127.0.0.1" in log
    assert "Waiting" in log
    assert "Unreachable" in log


def _batch() -> object:
    from counterfoil.recharge.codes_model import BatchSettings

    return BatchSettings(name="Spring", value=parse_nanos("5"), currency="USD", count=1)
