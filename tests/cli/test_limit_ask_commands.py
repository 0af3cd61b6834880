"""Who asks for more than a limit allows, and the answer, from the terminal."""

from __future__ import annotations

from uuid import UUID

from api.wiring import Office
from cli.conftest import Terminal
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.limits.asks_model import NewAsk


def asked(terminal: Terminal, *, needed: int | None = None) -> tuple[str, str]:
    """An account's limit of 5.00 and an ask about it: both ids."""
    account = terminal.ask("accounts", "create", "Acme")["account_id"]
    (limit,) = terminal.ask("limits", "set", "--account", "Acme", "--window", "month", "--money", "5")["limits"]
    account_id, limit_id = read_id("account", account), read_id("limit", limit["limit_id"])

    async def ask(office: Office) -> UUID:
        new = NewAsk(limit_id=limit_id, needed=needed, note="the nightly run")
        made = await office.limit_asks.ask(account_id=account_id, by="ada@example.com", member_id=None, new=new)
        return made.ask_id

    return limit["limit_id"], show_id("limit_ask", terminal.office(ask))


def test_an_ask_is_listed_and_raised_until_a_time(terminal: Terminal) -> None:
    _, ask = asked(terminal, needed=6 * 10**9)
    (listed,) = terminal.ask("limits", "asks", "--account", "Acme", "--state", "open")["asks"]
    assert (listed["ask_id"], listed["needed"], listed["suggested"]) == (ask, "6.00", "6.00")
    assert "ada@example.com" in terminal.say("limits", "asks", "--account", "Acme")
    raised = terminal.ask("limits", "raise", ask, "--by", "Ada")["ask"]
    assert (raised["state"], raised["limit"]["amount"], raised["limit"]["raised_from"]) == ("raised", "6.00", "5.00")
    (standing,) = terminal.ask("limits", "list", "--account", "Acme")["limits"]
    assert (standing["amount"], standing["raised_until"]) == ("6.00", raised["raised_until"])
    assert raised["raised_until"][:10] in terminal.say("limits", "list", "--account", "Acme")
    assert "limit_ask_answered_already" in terminal.complain("limits", "decline", ask, "--by", "Ada")


def test_an_ask_is_raised_for_good_or_declined(terminal: Terminal) -> None:
    _, ask = asked(terminal)
    terminal.complain("limits", "raise", ask, "--by", "A", "--for-good", "--until", "2030-01-01T00:00:00Z", status=2)
    terminal.complain("limits", "raise", ask, "--by", "A", "--amount", "5", "--for-good", status=2)
    raised = terminal.ask("limits", "raise", ask, "--by", "A", "--amount", "7.5", "--for-good")["ask"]
    assert (raised["raised_until"], raised["limit"]["amount"]) == (None, "7.50")


def test_declining_says_why_and_changes_nothing(terminal: Terminal) -> None:
    _, ask = asked(terminal)
    declined = terminal.ask("limits", "decline", ask, "--by", "A", "--word", "that is enough")["ask"]
    assert (declined["state"], declined["answer"], declined["limit"]["amount"]) == (
        "declined",
        "that is enough",
        "5.00",
    )
    assert "not_found" in terminal.complain("limits", "decline", "ask_" + "0" * 32, "--by", "A")
