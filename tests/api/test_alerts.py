"""Notifications over REST: channels whose addresses go in and never come out, rules, the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from api.conftest import Desk
from counterfoil.foundation.ids import read_id
from counterfoil.notify.model import ANNOUNCED
from counterfoil.storage.outbox import Announcement, announce
from notify.desk import Receiver, open_receiver

TOKEN = "planted0token0planted0token"
URL = f"https://hooks.example.com/{TOKEN}"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as opened:
        yield opened


def webhook(url: str = URL, **fields: Any) -> dict[str, Any]:
    return {"kind": "webhook", "url": url, **fields}


async def announced(desk: Desk, account_id: str, owner_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(owner_url) as connection:
        announcement = Announcement(
            kind="code_redeemed", key="code_redeemed:1", account_id=read_id("account", account_id),
            facts={"code": "…3FA9", "credited": "14.00 USD"},
        )  # fmt: skip
        clock = desk.office.clock
        await announce(connection, announcement, announcement_id=clock.new_id(), now=clock.now())


async def test_a_channel_is_added_listed_changed_and_removed(desk: Desk) -> None:
    account_id = await desk.open_account()
    added = await desk.ask(
        "POST", "/alerts/channels", webhook(account_id=account_id, kinds=["balance_low"], language="zh")
    )
    assert added.pop("secret").startswith("whsec_")
    assert (added["address"], added["status"], added["language"], added["kinds"]) == (
        "https://hooks.example.com", "active", "zh", ["balance_low"],
    )  # fmt: skip
    own = await desk.ask("POST", "/alerts/channels", {"kind": "apprise", "url": f"feishu://{TOKEN}"})
    assert (own.pop("secret"), own["account_id"], own["kinds"], own["address"]) == (None, None, None, "feishu://…")
    path = f"/alerts/channels/{added['channel_id']}"
    assert await desk.ask("GET", path) == added
    assert (await desk.ask("GET", "/alerts/channels"))["items"] == [added, own]
    assert (await desk.ask("GET", f"/alerts/channels?account={account_id}"))["items"] == [added]
    assert (await desk.ask("GET", "/alerts/channels?account=operations"))["items"] == [own]
    first = await desk.ask("GET", "/alerts/channels?limit=1")
    assert (await desk.ask("GET", f"/alerts/channels?cursor={first['next']}"))["items"] == [own]
    assert (await desk.ask("POST", f"{path}/disable"))["status"] == "disabled"
    assert (await desk.ask("POST", f"{path}/enable"))["status"] == "active"
    rotated = await desk.ask("POST", f"{path}/rotate-secret")
    assert rotated["secret"].startswith("whsec_")
    assert rotated["former_secret_until"] is not None
    assert await desk.ask("DELETE", path) == {"removed": added["channel_id"]}
    assert (await desk.ask("GET", path, status=404))["code"] == "channel_not_found"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (webhook(f"http://hooks.example.com/{TOKEN}"), "channel_not_encrypted"),
        (webhook(f"nonsense {TOKEN}"), "channel_url_unreadable"),
        ({"kind": "apprise", "url": f"exec://{TOKEN}"}, "channel_service_refused"),
        ({"kind": "apprise", "url": f"jsons://h.example/?verify=no&x={TOKEN}"}, "channel_option_refused"),
        (webhook(secret=TOKEN), "channel_secret_unreadable"),
        (webhook(kinds=["rumour"]), "notification_kind_unknown"),
        (webhook(kinds=[]), "notification_kind_unknown"),
        (webhook(url=""), "bad_request"),
        (webhook(TOKEN * 100), "bad_request"),
        ({**webhook(), "token": TOKEN}, "bad_request"),
    ],
)
async def test_what_is_wrong_with_a_channel_is_told_without_repeating_it(
    desk: Desk, body: dict[str, Any], code: str
) -> None:
    problem = await desk.ask("POST", "/alerts/channels", body, status=400)
    assert problem["code"] == code
    assert TOKEN not in str(problem)
    assert (await desk.ask("GET", "/alerts/channels"))["items"] == []


async def test_what_is_announced_arrives_and_is_in_the_log(desk: Desk, receiver: Receiver, owner_url: str) -> None:
    account_id = await desk.open_account()
    added = await desk.ask("POST", "/alerts/channels", webhook(receiver.url(f"/{TOKEN}"), account_id=account_id))
    await announced(desk, account_id, owner_url)
    receiver.status = 500
    assert await desk.ask("POST", "/alerts/send") == {"dispatched": 1, "sent": 0, "not_sent": 1}
    (line,) = (await desk.ask("GET", "/alerts/deliveries"))["items"]
    assert (line["kind"], line["state"], line["outcome"], line["detail"], line["tries"]) == (
        "code_redeemed", "waiting", "refused", "HTTP 500", 1,
    )  # fmt: skip
    assert line["message_id"] == receiver.received[0].message_id
    assert line["address"] == f"http://127.0.0.1:{receiver.port}"
    assert receiver.received[0].signed_with(added["secret"])
    for filters, found in (
        (f"account={account_id}", 1), (f"channel={added['channel_id']}", 1), ("state=sent", 0), ("state=waiting", 1),
    ):  # fmt: skip
        assert len((await desk.ask("GET", f"/alerts/deliveries?{filters}"))["items"]) == found
    assert TOKEN not in str(await desk.ask("GET", "/alerts/deliveries"))


async def test_a_test_says_what_came_of_it(desk: Desk, receiver: Receiver) -> None:
    added = await desk.ask("POST", "/alerts/channels", webhook(receiver.url()))
    path = f"/alerts/channels/{added['channel_id']}/test"
    assert await desk.ask("POST", path) == {"passed": True, "outcome": "delivered", "detail": "HTTP 204"}
    receiver.status = 302
    assert await desk.ask("POST", path) == {"passed": False, "outcome": "redirected", "detail": "HTTP 302"}
    assert receiver.kinds == ["channel_test", "channel_test"]


async def test_when_an_account_is_warned_is_set_and_shown_with_what_holds(desk: Desk) -> None:
    account_id = await desk.open_account()
    path = f"/accounts/{account_id}/alerts"
    rules = await desk.ask("GET", path)
    assert (rules["low_balance"], rules["off"], rules["in_force"]["low_balance"]) == (None, [], "5.00")
    changed = await desk.ask("PUT", path, {"low_balance": "12.50", "spike_times": 0, "off": ["task_refunded"]})
    assert (changed["low_balance_nanos"], changed["spike_times"], changed["off"]) == (
        12_500_000_000,
        0,
        ["task_refunded"],
    )
    assert (changed["in_force"]["low_balance"], changed["in_force"]["lasts_days"]) == ("12.50", 3)
    assert await desk.ask("GET", path) == changed
    assert (await desk.ask("PUT", path, {}))["in_force"] == rules["in_force"]
    for wrong in (
        {"low_balance": "-1"},
        {"lasts_days": 999},
        {"spike_times": 1},
        {"off": ["rumour"]},
        {"low_balance": "1", "low_balance_nanos": 1},
    ):
        await desk.ask("PUT", path, wrong, status=400)
    await desk.ask("GET", f"/accounts/acct_{7:032x}/alerts", status=404)


async def test_what_can_be_announced_is_listed_in_both_languages(desk: Desk) -> None:
    items = (await desk.ask("GET", "/alerts/kinds"))["items"]
    assert [one["kind"] for one in items] == list(ANNOUNCED)
    low = next(one for one in items if one["kind"] == "balance_low")
    assert (low["for_accounts"], low["for_operations"], low["facts"]) == (
        True,
        False,
        ["account", "balance", "threshold"],
    )
    assert all(set(one["title"]) == set(one["sent"]) == {"zh", "en"} for one in items)
