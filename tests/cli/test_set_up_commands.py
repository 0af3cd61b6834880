"""Setting up an operator from the terminal: accounts, members, groups, keys, limits."""

from __future__ import annotations

from hashlib import sha256

import pytest

from cli.conftest import Terminal


@pytest.fixture
def acme(terminal: Terminal) -> str:
    account_id: str = terminal.ask("accounts", "create", "Acme")["account_id"]
    return account_id


def test_an_account_is_opened_shown_changed_and_suspended(terminal: Terminal) -> None:
    account = terminal.ask("accounts", "create", "极光", "--currency", "cny", "--time-zone", "Asia/Shanghai")
    assert (account["name"], account["currency"], account["available"]) == ("极光", "CNY", "0.00")
    assert (
        terminal.ask("accounts", "show", "极光") == terminal.ask("accounts", "show", account["account_id"]) == account
    )
    assert terminal.ask("accounts", "change", "极光", "--name", "Aurora")["name"] == "Aurora"
    assert terminal.ask("accounts", "suspend", "Aurora")["status"] == "suspended"
    assert terminal.ask("accounts", "activate", "Aurora")["status"] == "active"


def test_accounts_are_listed_page_by_page(terminal: Terminal) -> None:
    made = {terminal.ask("accounts", "create", f"Account {number}")["account_id"] for number in range(3)}
    first = terminal.ask("accounts", "list", "--most", "2")
    rest = terminal.ask("accounts", "list", "--after", first["next"])
    assert {account["account_id"] for account in (*first["accounts"], *rest["accounts"])} == made
    assert rest["next"] is None


def test_two_accounts_of_one_name_must_be_told_apart_by_id(terminal: Terminal, acme: str) -> None:
    terminal.ask("accounts", "create", "Acme")
    assert "account_name_ambiguous" in terminal.complain("accounts", "show", "Acme")
    assert terminal.ask("accounts", "show", acme)["account_id"] == acme


def test_a_member_is_found_by_what_people_know_of_themselves(terminal: Terminal, acme: str) -> None:
    member = terminal.ask("members", "add", "Acme", "Ada@Example.com", "--nickname", "Ada")
    for who in ("ada@example.com", str(member["user_number"]), "ADA", member["member_id"]):
        assert terminal.ask("members", "show", who) == member
    assert terminal.ask("members", "list", "--account", acme)["members"] == [member]
    assert terminal.ask("members", "change", "Ada", "--nickname", "")["nickname"] is None
    assert terminal.ask("members", "remove", "ada@example.com")["status"] == "disabled"
    assert terminal.ask("members", "restore", "ada@example.com")["status"] == "active"
    assert "not_found" in terminal.complain("members", "show", "bob@example.com")


def test_a_shared_nickname_shows_everybody_and_changes_nobody(terminal: Terminal, acme: str) -> None:
    for email in ("a@example.com", "b@example.com"):
        terminal.ask("members", "add", acme, email, "--nickname", "Sam")
    assert len(terminal.ask("members", "show", "sam")["members"]) == 2
    assert "conflict" in terminal.complain("members", "remove", "sam")


def test_a_group_has_a_price_tier_and_models(terminal: Terminal, acme: str) -> None:
    group = terminal.ask("groups", "create", "Acme", "research", "--price-tier", "0.8", "--model", "gpt-5*")
    assert (group["price_tier_millis"], group["allowed_models"]) == (800, ["gpt-5*"])
    update = ("groups", "update", "Acme", "research")
    assert terminal.ask(*update, "--price-tier", "1.25")["allowed_models"] == ["gpt-5*"]
    assert terminal.ask(*update, "--every-model", "--duplicate-policy", "block")["allowed_models"] == []
    assert terminal.ask(*update, "--duplicate-policy", "inherit")["duplicate_policy"] is None
    assert terminal.ask("groups", "disable", acme, group["group_id"])["status"] == "disabled"
    assert terminal.ask("groups", "enable", acme, "research")["status"] == "active"
    assert len(terminal.ask("groups", "list", "Acme")["groups"]) == 1
    terminal.complain(*update, "--price-tier", "0.0001", status=2)
    terminal.complain("groups", "update", "Acme", "nobody", "--name", "x")


def test_a_token_is_shown_when_it_is_made_and_never_again(terminal: Terminal, acme: str) -> None:
    made = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")
    token, key = made["token"], made["key_id"]
    shown = [
        terminal.say("keys", "show", key),
        terminal.say("keys", "list", "Acme"),
        terminal.say("keys", "disable", key),
    ]
    assert made["mask"] in shown[0]
    assert token not in "".join(shown)
    assert terminal.ask("keys", "enable", key)["status"] == "active"
    rotated = terminal.say("keys", "rotate", key)
    assert "sk-cf-" in rotated
    assert token not in rotated


def test_a_key_belongs_to_a_group_and_a_member_of_its_account(terminal: Terminal, acme: str) -> None:
    terminal.ask("accounts", "create", "Other")
    group = terminal.ask("groups", "create", "Acme", "research")
    member = terminal.ask("members", "add", "Acme", "ada@example.com")
    terminal.ask("members", "add", "Other", "eve@example.com")
    create = ("keys", "create", "--account", "Acme", "--name", "ci")
    key = terminal.ask(*create, "--group", "research", "--member", "ada@example.com")
    assert (key["group_id"], key["member_id"]) == (group["group_id"], member["member_id"])
    terminal.complain(*create, "--member", "eve@example.com")
    terminal.complain(*create, "--group", "sales")
    assert len(terminal.ask("keys", "list", "Acme", "--group", "research")["keys"]) == 1
    assert terminal.ask("keys", "change", key["key_id"], "--no-group")["group_id"] is None
    assert terminal.ask("keys", "list", "Acme", "--group", "research")["keys"] == []


def test_changing_a_key_leaves_what_is_not_named(terminal: Terminal, acme: str) -> None:
    expiry = ("--expires-at", "2099-01-01T00:00:00Z")
    made = terminal.ask("keys", "create", "--account", acme, "--name", "ci", *expiry, "--address", "192.0.2.0/24",
                        "--model", "gpt-5*")  # fmt: skip
    change = ("keys", "change", made["key_id"])
    changed = terminal.ask(*change, "--name", "batch", "--show-balance")
    assert changed == {**{k: v for k, v in made.items() if k != "token"}, "name": "batch", "show_balance": True}
    freed = terminal.ask(*change, "--no-expiry", "--any-address", "--every-model", "--hide-balance")
    assert (freed["expires_at"], freed["allowed_addresses"], freed["allowed_models"]) == (None, [], [])
    assert freed["show_balance"] is False


def test_a_key_is_adopted_by_its_hash_and_never_by_its_token(terminal: Terminal, acme: str) -> None:
    token = "sk-" + "q" * 48
    adopt = ("keys", "adopt", "--account", acme, "--name", "theirs", "--mask", "sk-...qqqq", "--hash")
    key = terminal.ask(*adopt, sha256(token.encode()).hexdigest())
    assert key["mask"] == "sk-…qqqq"
    result = terminal.run(*adopt, token)
    assert result.exit_code == 2
    assert token not in result.output


def test_limits_are_set_on_a_key_without_naming_its_account(terminal: Terminal, acme: str) -> None:
    key = terminal.ask("keys", "create", "--account", acme, "--name", "ci")["key_id"]
    set_on_key = ("limits", "set", "--key", key)
    (limit,) = terminal.ask(*set_on_key, "--window", "day", "--money", "5.00")["limits"]
    assert (limit["scope"], limit["unit"], limit["window"], limit["amount_nanos"]) == ("key", "money", "day", 5 * 10**9)
    terminal.ask(*set_on_key, "--window", "minute", "--requests", "60", "--tokens", "10000", "--in-flight", "4")
    listed = terminal.ask("limits", "list", "--key", key)["limits"]
    assert {(one["unit"], one["window"], one["remaining"]) for one in listed} == {
        ("money", "day", "5.00"), ("requests", "minute", "60"), ("tokens", "minute", "10000"),
        ("in_flight", "lifetime", "4"),
    }  # fmt: skip
    assert terminal.ask("limits", "remove", limit["limit_id"])["removed"]["limit_id"] == limit["limit_id"]
    assert len(terminal.ask("limits", "list", "--account", "Acme")["limits"]) == 3


def test_limits_of_groups_and_accounts(terminal: Terminal, acme: str) -> None:
    group = terminal.ask("groups", "create", "Acme", "research")["group_id"]
    by_name = terminal.ask("limits", "set", "--account", "Acme", "--group", "research", "--money", "9")["limits"][0]
    by_id = terminal.ask("limits", "set", "--group", group, "--money", "8")["limits"][0]
    assert by_name["limit_id"] == by_id["limit_id"]
    ceiling = terminal.ask("limits", "set", "--account", acme, "--window", "request", "--money", "0.5")["limits"][0]
    assert (ceiling["scope"], ceiling["scope_id"]) == ("account", acme)
    text = terminal.say("limits", "list", "--account", "Acme")
    assert "8.00" in text
    assert "request" in text


def test_a_command_that_sets_several_limits_sets_all_or_none(terminal: Terminal, acme: str) -> None:
    terminal.complain(
        "limits", "set", "--account", acme, "--window", "month", "--money", "5", "--tokens", "9", status=2
    )
    assert terminal.ask("limits", "list", "--account", acme)["limits"] == []


@pytest.mark.parametrize(
    "arguments",
    [(), ("--money", "1"), ("--account", "Acme"), ("--account", "Acme", "--key", "key_" + "0" * 32, "--money", "1"),
     ("--account", "Acme", "--money", "many"), ("--account", "Acme", "--money", "-1")],
)  # fmt: skip
def test_a_limit_that_is_not_clear_is_bad_usage(terminal: Terminal, acme: str, arguments: tuple[str, ...]) -> None:
    assert terminal.complain("limits", "set", *arguments, status=2)
    assert terminal.ask("limits", "list", "--account", acme)["limits"] == []
