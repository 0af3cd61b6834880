"""Two customers who have everything, staff of every role, and a token for each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from api.conftest import PREFIX, Desk
from api.till import BANK, RATE, make_order, pay_order
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, Role, StaffRole
from counterfoil.identity.people_model import Person
from counterfoil.identity.people_service import Newcomer
from counterfoil.support.intake_model import Receipt, Sender, Submission
from counterfoil.support.model import Channel
from tasks.studio import Studio

OPERATOR = Principal(name="operator", is_operator=True)
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
SOURCE = {
    "name": "shop", "what": "provider", "importers": ["generic"], "time_zone": "UTC", "currency": "USD", "by": "Ada",
    "columns": {"time": "time", "amount": "amount", "kind": "kind", "trade_number": "trade"},
}  # fmt: skip
# A port that nobody listens at.
HOOK = "https://127.0.0.1:9/hook"


@dataclass(frozen=True, slots=True)
class House:
    """An account and one of everything that belongs to it, by the names of places in addresses."""

    name: str
    account_id: str
    things: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)


async def furnish(desk: Desk, studio: Studio, name: str) -> House:
    """An account with one of everything."""
    account = await desk.open_account(name)
    await desk.credit(account, "100.00", f"first order of {name}")
    house, path = House(name, account), f"/accounts/{account}"
    things = house.things
    things["group_id"] = (await desk.ask("POST", f"{path}/groups", {"name": "team"}))["group_id"]
    member = await desk.ask("POST", f"{path}/members", {"email": f"clerk@{name}.example"})
    things["member_id"] = member["member_id"]
    key = await desk.make_key(account)
    house.tokens["key"] = key["token"]
    things["key_id"] = key["key_id"]
    limit = {"scope_id": things["group_id"], "unit": "money", "window": "day", "amount": "50"}
    things["limit_id"] = (await desk.ask("PUT", f"{path}/limits", limit))["limit_id"]
    asked = {"limit_id": things["limit_id"], "amount": "1"}
    things["ask_id"] = (await desk.ask("POST", f"{path}/limit-asks", asked))["ask_id"]
    request = await desk.office.call(key["token"], output_tokens=100, fingerprint=b"f" * 32)
    await desk.office.call(key["token"], output_tokens=100, fingerprint=b"f" * 32)
    things["request_id"] = show_id("request", request)
    things["submission_id"] = show_id("submission", request)
    things["task_id"] = show_id("task", await desk.office.film(key["token"]))
    things["order_id"] = await pay_order(desk, account, "20", number=f"payment of {name}")
    invoice = {"legal_name": name, "tax_id": "91310000MA1FL1234X", "by": "Ada"}
    asked_for = await desk.ask("POST", f"/orders/{things['order_id']}/invoice-requests", invoice)
    things["invoice_id"] = asked_for["invoice_id"]
    channel = {"kind": "webhook", "url": HOOK, "account_id": account}
    things["channel_id"] = (await desk.ask("POST", "/alerts/channels", channel))["channel_id"]
    batch = await desk.ask("POST", "/code-batches", {"name": f"for {name}", "value": "10", "count": 2, "by": "Ada"})
    things["batch_id"] = batch["batch_id"]
    redeemed = await desk.ask("POST", "/codes/redeem", {"account_id": account, "code": batch["codes"][0]})
    things["code_id"] = redeemed["code_id"]
    house.tokens["code"] = batch["codes"][1]
    refund = {"source_id": f"refund of {name}", "amount": "1", "reason": "too much", "by": "Ada"}
    things["approval_id"] = (await desk.ask("POST", f"/orders/{things['order_id']}/refunds", refund))["approval_id"]
    things["refund_id"] = (await desk.ask("GET", f"/orders/{things['order_id']}"))["refunds"][0]["refund_id"]
    things["invitation_id"] = (
        await desk.ask("POST", f"{path}/invitations", {"email": f"new@{name}.example", "role": "developer"})
    )["invitation_id"]
    things["open_order_id"] = (await make_order(desk, account, "30"))["order_id"]
    things["case_id"] = await report(desk, "something_else", request_id=things["request_id"])
    return house


async def report(desk: Desk, problem: str, *, language: Language = Language.EN, **fields: str) -> str:
    """Ask for help as anybody may, and have the records searched; gives the case's id."""
    submission = Submission(
        problem=problem, language=language, channel=Channel.API, fields=tuple(fields.items())
    )  # fmt: skip
    receipt = await desk.office.intake.send(submission, Sender(address="192.0.2.77"))
    assert isinstance(receipt, Receipt), receipt
    await desk.office.cases.diagnosis.diagnose_due()
    (case,) = (await desk.ask("GET", f"/cases?text={receipt.number}&all=true"))["items"]
    case_id: str = case["case_id"]
    return case_id


async def open_shop(desk: Desk, studio: Studio) -> None:
    """What the installation has, whoever its customers are."""
    await desk.office.sell()
    await desk.office.sell_films(studio.url)
    await desk.ask("POST", "/payment-providers", BANK)
    await desk.ask("POST", "/exchange-rates", RATE)


async def open_books(desk: Desk) -> dict[str, str]:
    """A statement of yesterday with a payment that nobody was credited for, and the run that found it."""
    await desk.ask("POST", "/reconcile/sources", SOURCE)
    content = f"time,kind,trade,amount\n{YESTERDAY} 12:00:00,payment,T1,25.50\n".encode()
    query = {"name": "bill.csv", "by": "Ada", "source": "shop"}
    sent = await desk.client.post(PREFIX + "/reconcile/statements", content=content, params=query)
    statement = sent.json()["files"][0]["statement"]["statement_id"]
    runs = await desk.ask("POST", "/reconcile/runs", {"day": str(YESTERDAY), "books": ["payments"], "by": "Ada"})
    (found,) = (await desk.ask("GET", "/reconcile/breaks"))["items"]
    return {
        "statement_id": statement, "run_id": runs["runs"][0]["run_id"], "break_id": found["break_id"],
        "day": str(YESTERDAY),
    }  # fmt: skip


async def hire(desk: Desk, email: str, *roles: StaffRole) -> Person:
    """Somebody who signs in; without roles, nobody in particular."""
    newcomer = Newcomer(email=email, nickname=None, password_hash=None, language=None, verified=True)
    return await desk.office.entry.people.add(newcomer, staff_roles=roles)


async def enrol(desk: Desk, house: House, role: Role, *, name: str | None = None) -> Person:
    """A member of the account who signs in."""
    email = f"{name or role}@{house.name}.example"
    member = await desk.ask("POST", f"/accounts/{house.account_id}/members", {"email": email})
    person = await hire(desk, email)
    await desk.office.entry.people.set_role(OPERATOR, read_id("member", member["member_id"]), role)
    return await desk.office.entry.people.person(person.person_id)


async def session_of(desk: Desk, person_id: UUID) -> str:
    """The token of a new session."""
    begun = await desk.office.entry.sessions.begin(person_id, client_address="192.0.2.9", user_agent="test/1")
    return begun.token


async def token_of(desk: Desk, person: Person, *scopes: str) -> str:
    """A REST token with these scopes only."""
    return (await desk.office.entry.tokens.create(person, "a program", scopes)).token


def as_(token: str | None) -> dict[str, str]:
    """The header of a token; None: that of nobody."""
    return {"Authorization": f"Bearer {token}"} if token is not None else {"Authorization": ""}


Answer = tuple[int, Any]
