"""`counterfoil people`: everything about who signs in, from the terminal."""

from __future__ import annotations

import re

import pytest

from api.wiring import PUBLIC_URL, Office
from cli.conftest import Terminal
from counterfoil.foundation.ids import read_id
from counterfoil.identity.access import Staff, StaffRole

PASSWORD = "correct horse battery"


def _join(terminal: Terminal, link: str) -> None:
    async def accept(office: Office) -> None:
        await office.entry.people.accept_invitation(link.rpartition("/")[2], PASSWORD, None)

    terminal.office(accept)


@pytest.fixture
def ada(terminal: Terminal) -> str:
    """An administrator."""
    link = terminal.ask("people", "administrator-link")["link"]
    assert link.startswith(f"{PUBLIC_URL}/console/welcome/")

    async def accept(office: Office) -> None:
        await office.entry.people.accept_first_link(link.rpartition("/")[2], "ada@example.com", PASSWORD, "Ada")

    terminal.office(accept)
    return "ada@example.com"


def test_the_administrators_link_is_there_until_it_is_used(terminal: Terminal) -> None:
    link = terminal.ask("people", "administrator-link")["link"]
    assert terminal.say("people", "administrator-link").strip() == link

    async def accept(office: Office) -> None:
        await office.entry.people.accept_first_link(link.rpartition("/")[2], "ada@example.com", PASSWORD, None)

    terminal.office(accept)
    assert terminal.ask("people", "administrator-link") == {"link": None}
    assert "already" in terminal.say("people", "administrator-link")


def test_people_are_listed_and_shown(terminal: Terminal, ada: str) -> None:
    shown = terminal.ask("people", "show", ada)
    assert (shown["email"], shown["staff_roles"], shown["has_password"]) == (ada, ["administrator"], True)
    assert terminal.ask("people", "list") == {"people": [shown], "next": None}
    assert terminal.ask("people", "list", "--staff")["people"] == [shown]
    assert terminal.ask("people", "show", shown["person_id"]) == shown
    assert ada in terminal.say("people", "list")
    assert "person_not_found" in terminal.run("people", "show", "nobody@example.com", "--json").stdout


def test_somebody_is_invited_by_a_link_to_hand_on(terminal: Terminal) -> None:
    terminal.ask("accounts", "create", "Acme")
    made = terminal.ask("people", "invite", "bob@example.com", "--account", "Acme", "--role", "owner")
    assert re.fullmatch(rf"{PUBLIC_URL}/console/invitation/[\w-]+", made["link"])
    (listed,) = terminal.ask("people", "invitations", "--account", "Acme")["invitations"]
    assert listed == {name: value for name, value in made.items() if name != "link"}
    assert listed["state"] == "open"
    _join(terminal, made["link"])
    shown = terminal.ask("people", "show", "bob@example.com")
    assert (shown["role"], shown["account_id"]) == ("owner", listed["account_id"])
    assert terminal.ask("people", "list", "--account", "Acme")["people"] == [shown]
    assert "last_owner_stays" in terminal.run("people", "set-role", "bob@example.com", "admin", "--json").stdout
    terminal.ask("members", "add", "Acme", "cleo@example.com")
    assert terminal.ask("people", "set-role", "cleo@example.com", "owner")["role"] == "owner"
    assert terminal.ask("people", "set-role", "bob@example.com", "developer")["role"] == "developer"


def test_an_invitation_is_revoked(terminal: Terminal) -> None:
    made = terminal.ask("people", "invite", "bob@example.com", "--staff", "support", "--staff", "finance")
    assert made["staff_roles"] == ["finance", "support"]
    assert terminal.ask("people", "revoke-invitation", made["invitation_id"])["state"] == "revoked"
    assert "revoked" in terminal.say("people", "invitations")


@pytest.mark.parametrize("options", [(), ("--account", "Acme", "--staff", "support")])
def test_an_invitation_is_to_an_account_or_to_the_staff(terminal: Terminal, options: tuple[str, ...]) -> None:
    terminal.ask("accounts", "create", "Acme")
    complaint = terminal.complain("people", "invite", "bob@example.com", *options, status=2)
    assert "--account" in complaint
    assert "--staff" in complaint
    assert terminal.ask("people", "invitations")["invitations"] == []


def test_staff_roles_are_set_and_the_last_administrator_stays(terminal: Terminal, ada: str) -> None:
    made = terminal.ask("people", "invite", "bob@example.com", "--staff", "support")
    _join(terminal, made["link"])
    changed = terminal.ask("people", "set-roles", "bob@example.com", "finance", "administrator")
    assert changed["staff_roles"] == ["administrator", "finance"]
    assert terminal.ask("people", "set-roles", ada)["staff_roles"] == []
    assert "last_administrator_stays" in terminal.run("people", "set-roles", "bob@example.com", "--json").stdout


def test_somebody_is_disabled_and_enabled(terminal: Terminal, ada: str) -> None:
    link = terminal.ask("people", "invite", "bob@example.com", "--staff", "support")["link"]
    _join(terminal, link)
    assert terminal.ask("people", "disable", "bob@example.com", "--reason", "left")["status"] == "disabled"
    assert terminal.ask("people", "enable", "bob@example.com")["status"] == "active"
    events = terminal.ask("people", "audit")["events"]
    assert [(one["what"], one["by"], one["why"]) for one in events[:2]] == [
        ("person_enabled", "operator", None),
        ("person_disabled", "operator", "left"),
    ]
    said = terminal.say("people", "audit", "--language", "zh")
    assert "停用" in said
    assert terminal.ask("people", "audit", "--person", ada)["events"][-1]["what"] == "administrator_made"
    assert terminal.ask("people", "audit", "--most", "1")["next"] == events[0]["event_id"]


def test_a_reset_link_chooses_a_new_password(terminal: Terminal, ada: str) -> None:
    link = terminal.say("people", "reset-link", ada).strip()
    assert link.startswith(f"{PUBLIC_URL}/console/reset/")

    async def reset(office: Office) -> None:
        await office.entry.people.reset_password(link.rpartition("/")[2], "another one of hers")

    terminal.office(reset)
    assert terminal.ask("people", "remove-second-factor", ada)["has_totp"] is False
    assert terminal.ask("people", "change-email", ada, "ada.l@example.com")["email"] == "ada.l@example.com"


def test_sessions_and_tokens_are_seen_and_ended(terminal: Terminal, ada: str) -> None:
    async def begin(office: Office) -> str:
        (person,) = await office.entry.people.find(ada)
        new = await office.entry.sessions.begin(person.person_id, client_address="192.0.2.7", user_agent="Firefox/1")
        made = await office.entry.tokens.create(new.session, "nightly", [Staff.ACCOUNTS_READ])
        return made.token

    secret = terminal.office(begin)
    (session,) = terminal.ask("people", "sessions", ada)["sessions"]
    assert (session["device"], session["client_address"]) == ("Firefox", "192.0.2.7")
    assert terminal.ask("people", "end-sessions", ada) == {"ended": 1}
    assert terminal.ask("people", "sessions", ada)["sessions"] == []
    (token,) = terminal.ask("people", "tokens", ada)["tokens"]
    assert (token["name"], token["scopes"], token["mask"]) == ("nightly", ["accounts.read"], f"cft_…{secret[-4:]}")
    assert secret not in terminal.say("people", "tokens", ada)
    assert read_id("token", token["token_id"])
    assert terminal.ask("people", "revoke-token", token["token_id"])["revoked_at"] is not None
    assert "ended" in terminal.say("people", "tokens", ada)


def test_every_staff_role_can_be_given(terminal: Terminal, ada: str) -> None:
    everything = sorted(StaffRole)
    assert terminal.ask("people", "set-roles", ada, *everything)["staff_roles"] == everything
