"""Notifications from the terminal: an address is never an argument, and neither it nor a secret is shown again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import psycopg
import pytest

from cli.conftest import Terminal
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.ids import read_id
from counterfoil.notify.model import ANNOUNCED
from counterfoil.storage.outbox import Announcement, announce
from notify.desk import Receiver, open_receiver

TOKEN = "planted0token0planted0token"
URL = f"https://hooks.example.com/{TOKEN}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver in a thread of its own: every command has an event loop of its own."""
    opened: Future[Receiver] = Future()
    stop = threading.Event()

    async def serve() -> None:
        async with open_receiver() as found:
            opened.set_result(found)
            while not stop.is_set():
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield opened.result(timeout=30)
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def account(terminal: Terminal) -> str:
    account_id: str = terminal.ask("accounts", "create", "Acme")["account_id"]
    return account_id


def announced(account_id: str, owner_url: str) -> None:
    async def post() -> None:
        clock = SystemClock()
        announcement = Announcement(
            kind="code_redeemed", key="code_redeemed:1", account_id=read_id("account", account_id),
            facts={"code": "…3FA9", "credited": "14.00 USD"},
        )  # fmt: skip
        async with await psycopg.AsyncConnection.connect(owner_url) as connection:
            await announce(connection, announcement, announcement_id=clock.new_id(), now=clock.now())

    asyncio.run(post())


def test_a_channel_is_added_listed_changed_and_removed(terminal: Terminal, account: str) -> None:
    added = terminal.ask(
        "alerts", "add-channel", "webhook", "--account", "Acme", "--kind", "balance_low", "--in", "zh", stdin=URL + "\n"
    )
    assert added.pop("secret").startswith("whsec_")
    assert (added["account_id"], added["kinds"], added["language"]) == (account, ["balance_low"], "zh")
    own = terminal.ask("alerts", "add-channel", "apprise", stdin=f"dingtalk://{TOKEN}\n")
    assert own.pop("secret") is None
    assert terminal.ask("alerts", "channels")["channels"] == [added, own]
    assert terminal.ask("alerts", "channels", "--account", "Acme")["channels"] == [added]
    assert terminal.ask("alerts", "channels", "--operations")["channels"] == [own]
    assert terminal.ask("alerts", "channels", "--most", "1")["next"] == added["channel_id"]
    assert terminal.ask("alerts", "channels", "--after", added["channel_id"])["channels"] == [own]
    terminal.complain("alerts", "channels", "--operations", "--account", "Acme", status=2)
    assert terminal.ask("alerts", "disable", added["channel_id"])["status"] == "disabled"
    assert terminal.ask("alerts", "enable", added["channel_id"])["status"] == "active"
    assert terminal.ask("alerts", "rotate-secret", added["channel_id"])["secret"].startswith("whsec_")
    text = terminal.say("alerts", "channels")
    assert "https://hooks.example.com" in text
    assert "dingtalk://…" in text
    assert terminal.ask("alerts", "remove-channel", added["channel_id"]) == {"removed": added["channel_id"]}
    assert "channel_not_found" in terminal.complain("alerts", "enable", added["channel_id"])


def test_addresses_and_secrets_are_shown_once_at_most(terminal: Terminal, receiver: Receiver) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    given = terminal.run(
        "alerts", "add-channel", "webhook", "--ask-secret", "--json", stdin=f"{receiver.url('/' + TOKEN)}\n{secret}\n"
    )
    channel_id = json.loads(given.stdout)["channel_id"]
    results = [
        terminal.run("alerts", "channels"),
        terminal.run("alerts", "channels", "--json"),
        terminal.run("alerts", "test", channel_id),
        terminal.run("alerts", "log"),
        terminal.run("alerts", "add-channel", "webhook", stdin=f"http://hooks.example.com/{TOKEN}\n"),
        terminal.run("alerts", "add-channel", "apprise", stdin=f"exec://{TOKEN}\n"),
        terminal.run("alerts", "add-channel", "webhook", "--ask-secret", stdin=f"{URL}\n{TOKEN}\n"),
        terminal.run("alerts", "add-channel", "webhook", stdin="\n"),
    ]
    assert [result.exit_code for result in results] == [0, 0, 0, 0, 2, 2, 2, 2]
    said = "".join(result.output for result in results)
    assert TOKEN not in said + given.output
    assert secret not in said
    assert receiver.received[0].signed_with(secret)


def test_a_test_and_the_log_say_what_came_of_it(
    terminal: Terminal, account: str, receiver: Receiver, owner_url: str
) -> None:
    added = terminal.ask("alerts", "add-channel", "webhook", "--account", "Acme", stdin=receiver.url() + "\n")
    assert terminal.ask("alerts", "test", added["channel_id"])["passed"] is True
    announced(account, owner_url)
    receiver.status = 503
    assert terminal.ask("alerts", "test", added["channel_id"], status=1)["detail"] == "HTTP 503"
    assert "HTTP 503" in terminal.say("alerts", "test", added["channel_id"], status=1)
    assert terminal.ask("alerts", "send", status=1) == {"dispatched": 1, "sent": 0, "not_sent": 1}
    assert terminal.ask("alerts", "send") == {"dispatched": 0, "sent": 0, "not_sent": 0}
    (line,) = terminal.ask("alerts", "log", "--channel", added["channel_id"])["deliveries"]
    assert (line["kind"], line["state"], line["outcome"]) == ("code_redeemed", "waiting", "refused")
    assert terminal.ask("alerts", "log", "--account", "Acme", "--state", "sent")["deliveries"] == []
    text = terminal.say("alerts", "log", "--language", "zh")
    assert "接收方拒绝 HTTP 503" in text
    assert "等待投递" in text


def test_when_an_account_is_warned_is_changed_piece_by_piece_and_back(terminal: Terminal, account: str) -> None:
    before = terminal.ask("alerts", "rules", "Acme")
    changed = terminal.ask(
        "alerts", "set", "Acme", "--low-balance", "12.50", "--lasts-days", "0", "--spike-times", "9", "--mail-members",
        "off", "--in", "zh", "--off", "task_refunded", "--off", "code_redeemed",
    )  # fmt: skip
    assert (changed["low_balance"], changed["lasts_days"], changed["spike_times"]) == ("12.50", 0, 9)
    assert (changed["mail_members"], changed["language"], changed["off"]) == (
        False,
        "zh",
        ["code_redeemed", "task_refunded"],
    )
    assert terminal.ask("alerts", "set", "Acme", "--on", "code_redeemed")["off"] == ["task_refunded"]
    text = terminal.say("alerts", "rules", "Acme")
    assert "12.50 USD" in text
    assert "never" in text
    back = terminal.ask(
        "alerts", "set", "Acme", "--low-balance", "default", "--lasts-days", "default", "--spike-times", "default",
        "--mail-members", "default", "--in", "default", "--on", "task_refunded",
    )  # fmt: skip
    assert back == before
    for wrong in (("--lasts-days", "soon"), ("--spike-times", "1"), ("--low-balance", "-1"), ("--off", "rumour")):
        terminal.complain("alerts", "set", "Acme", *wrong, status=2)


def test_what_can_be_announced_is_listed(terminal: Terminal) -> None:
    assert [one["kind"] for one in terminal.ask("alerts", "kinds")["kinds"]] == list(ANNOUNCED)
    assert "每个订单一次" in terminal.say("alerts", "kinds", "--language", "zh")


def test_no_command_waits_for_apprise_at_its_start() -> None:
    """It takes a second to import, and no other command needs it."""
    code = (
        "import sys, counterfoil.bootstrap.commands, counterfoil.cli.application;"
        "print([name for name in sys.modules if name.split('.')[0] in ('apprise', 'requests')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
