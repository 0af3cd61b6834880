"""`counterfoil accounts same`: asked in a terminal, answered with the exit status too."""

from __future__ import annotations

from typing import Any

import pytest

from api.wiring import Office
from cli.conftest import Terminal
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.recharge.codes_model import BatchSettings


@pytest.fixture
def accounts(terminal: Terminal) -> tuple[str, str]:
    """Acme with Ada, and Other."""
    acme, other = (terminal.ask("accounts", "create", name)["account_id"] for name in ("Acme", "Other"))
    terminal.ask("members", "add", "Acme", "ada@example.com", "--nickname", "Ada")
    return acme, other


def make_key(terminal: Terminal, account: str) -> Any:
    return terminal.ask("keys", "create", "--account", account, "--name", "ci")


def redeemed(terminal: Terminal, account: str) -> tuple[str, str]:
    """A code that the account has redeemed, and its id."""

    async def redeem(office: Office) -> tuple[str, str]:
        settings = BatchSettings(name="spring", value=1_000_000_000, currency="USD", count=1)
        code = (await office.codes.create(settings, by="Ada")).codes[0]
        done = await office.codes.redeem(read_id("account", account), code, by="a member")
        return code, show_id("code", done.view.code.code_id)

    return terminal.office(redeem)


def test_one_account_is_the_exit_status_0_and_two_are_1(terminal: Terminal, accounts: tuple[str, str]) -> None:
    acme, _ = accounts
    key, foreign = make_key(terminal, "Acme"), make_key(terminal, "Other")
    code, code_id = redeemed(terminal, acme)
    own = ("--member", "ada@example.com", "--account", "Acme", "--code", code_id)
    told = terminal.ask("accounts", "same", *own, "--key", key["key_id"], "--code", code)
    assert (told["verdict"], [claim["kind"] for claim in told["claims"]]) == (
        "same", ["account", "member", "code", "code", "key"],
    )  # fmt: skip
    said = terminal.say("accounts", "same", *own, "--key", key["token"])
    assert said.splitlines()[0] == "Same account"
    assert f"Acme ({acme})" in said

    said = terminal.say("accounts", "same", *own, "--key", foreign["token"], status=1)
    assert said.splitlines()[:3] == [
        "Different accounts",
        "What was given belongs to different accounts; this is the commonest reason why a recharge or a code does not show.",
        f"Of another account: API key sk-…{foreign['token'][-4:]}",
    ]
    assert said.count("✗") == 1
    assert foreign["token"] not in said
    assert code not in said
    assert "不是同一个账户" in terminal.say(
        "accounts", "same", *own, "--key", foreign["token"], "--language", "zh", status=1
    )


def test_what_cannot_be_told_is_not_done(terminal: Terminal, accounts: tuple[str, str]) -> None:
    terminal.ask("members", "add", "Other", "ada@other.example", "--nickname", "ADA")
    said = terminal.say("accounts", "same", "--member", "Ada", "--account", "Acme", status=1)
    assert "Of more than one account: Member Ada" in said
    assert said.count("?") == 1
    told = terminal.ask("accounts", "same", "--order", "ord_" + "0" * 32, "--account", "Acme", status=1)
    assert (told["verdict"], told["not_found"]) == ("unknown", ["order"])


def test_a_key_or_code_can_be_typed_instead_of_left_in_the_history(
    terminal: Terminal, accounts: tuple[str, str]
) -> None:
    acme, _ = accounts
    token, (code, _) = make_key(terminal, "Acme")["token"], redeemed(terminal, acme)
    told = terminal.ask("accounts", "same", "--account", acme, "--code", "-", "--key", "-", stdin=f"{code}\n{token}\n")
    assert told["verdict"] == "same"
    assert "bad_request" in terminal.complain("accounts", "same", "--account", acme, "--key", "-", stdin="", status=2)


def test_a_customer_is_answered_without_what_is_others(terminal: Terminal, accounts: tuple[str, str]) -> None:
    foreign = make_key(terminal, "Other")["key_id"]
    told = terminal.ask("accounts", "same", "--key", foreign, "--customer", "Acme", status=1)
    assert (told["verdict"], told["claims"][0]["accounts"]) == ("unknown", [])
    assert terminal.ask("accounts", "same", "--key", foreign, "--customer", "Other")["verdict"] == "same"


def test_too_little_to_compare_is_bad_usage(terminal: Terminal, accounts: tuple[str, str]) -> None:
    for options in ((), ("--account", "Acme")):
        assert "claims" in terminal.complain("accounts", "same", *options, status=2)
    assert "id_unreadable" in terminal.complain("accounts", "same", "--account", "Acme", "--order", "4711", status=2)
