"""Same account? What people name, looked up in what is on record; and what a customer, and the log, may not learn."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from counterfoil.evidence.same_account import ClaimKind, SameAccountAnswer, SameAccountVerdict
from counterfoil.evidence.same_account_service import CLAIMS_MAX, Given, SameAccount
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.model import MemberSettings
from counterfoil.identity.service import Members
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.model import KeySettings
from counterfoil.recharge.codes_model import BatchSettings
from counterfoil.recharge.codes_service import Codes
from counterfoil.storage.database import Database
from evidence.desk import NANOS, Customer, Desk
from tasks.studio import Studio, open_studio

SAME, DIFFERENT, UNKNOWN = SameAccountVerdict
MISSING = "0" * 32


@dataclass(slots=True)
class OrderBook:
    """Orders as far as this check asks for them: for whom, and by whom they were paid."""

    clock: ManualClock
    accounts: dict[UUID, UUID] = field(default_factory=dict)
    payers: dict[UUID, str] = field(default_factory=dict)

    def add(self, account_id: UUID, payer: str | None = None) -> str:
        order_id = self.clock.new_id()
        self.accounts[order_id] = account_id
        if payer is not None:
            self.payers[order_id] = payer
        return show_id("order", order_id)

    async def account_of(self, order_id: UUID) -> UUID | None:
        return self.accounts.get(order_id)

    async def accounts_of_payer(self, order_id: UUID) -> list[UUID]:
        payer = self.payers.get(order_id)
        return [self.accounts[other] for other, paid_by in self.payers.items() if paid_by == payer]


@dataclass(slots=True)
class Till:
    """A desk that can be asked whether things belong together, two customers, and what they own."""

    desk: Desk
    members: Members
    orders: OrderBook
    codes: Codes
    check: SameAccount
    acme: Customer
    other: Customer

    async def ask(
        self, account_id: UUID | None = None, language: Language = Language.EN, **named: str
    ) -> SameAccountAnswer:
        given = [Given(kind=ClaimKind(kind), text=text) for kind, text in named.items()]
        return await self.check.check(given, language=language, account_id=account_id)

    async def verdict(self, **named: str) -> SameAccountVerdict:
        return (await self.ask(**named)).verdict

    async def member(self, customer: Customer, email: str, nickname: str | None = None) -> str:
        settings = MemberSettings(email=email, nickname=nickname)
        return str((await self.members.add(account_id=customer.account_id, settings=settings)).user_number)

    async def codes_of(self, customer: Customer | None, count: int = 1) -> tuple[str, str]:
        """A code in full, and its id; redeemed by the customer, if one is given."""
        settings = BatchSettings(name="spring", value=NANOS, currency="USD", count=count)
        made = await self.codes.create(settings, by="Ada")
        code = made.codes[0]
        if customer is not None:
            await self.codes.redeem(customer.account_id, code, by="a member")
        return code, show_id("code", (await self.codes.find(code)).code.code_id)


@pytest.fixture
async def till(desk: Desk, database: Database, clock: ManualClock) -> Till:
    members, orders = Members(database, clock=clock), OrderBook(clock)
    codes = Codes(database, ledger=desk.ledger, clock=clock, secret=bytes(32))
    check = SameAccount(
        database, members=members, tokens=KeyDirectory(database, clock), keys=desk.limits, requests=desk.spend,
        orders=orders, codes=codes,
    )  # fmt: skip
    return Till(desk, members, orders, codes, check, await desk.customer(), await desk.customer())


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        yield opened


async def test_everything_that_one_customer_has_leads_to_its_account(till: Till) -> None:
    number = await till.member(till.acme, "ada@example.com", "小艾")
    account = show_id("account", till.acme.account_id)
    code, code_id = await till.codes_of(till.acme)
    order = till.orders.add(till.acme.account_id, payer="wallet 1")
    answer = await till.ask(
        account=account, member="ADA@example.com", order=order, payer=order, code=code, key=till.acme.token,
        request=await till.desk.served(till.acme),
    )  # fmt: skip
    assert answer.verdict is SAME
    assert answer.details == ()
    assert {claim.accounts for claim in answer.claims} == {((till.acme.account_id, "Acme Secret Projects"),)}
    for named in (
        {"member": "小艾"}, {"member": f"#{number}"}, {"code": code_id}, {"key": show_id("key", till.acme.key_id)},
        {"key": f"sk-…{till.acme.token[-4:]}"}, {"key": f"sk-...{till.acme.token[-4:]}"},
        {"key": f"sk-****{till.acme.token[-4:]}"},
    ):  # fmt: skip
        assert await till.verdict(account=account, **named) is SAME, named


async def test_paid_for_one_account_and_called_with_another_is_found(till: Till) -> None:
    await till.member(till.other, "ada@example.com")
    order = till.orders.add(till.acme.account_id)
    answer = await till.ask(member="ada@example.com", order=order, key=till.other.token)
    assert answer.verdict is DIFFERENT
    assert answer.to_dict()["differs"] == ["order"]
    assert answer.details == (f"Of another account: Order {order}",)


async def test_a_code_redeemed_elsewhere_is_found(till: Till) -> None:
    code, code_id = await till.codes_of(till.other)
    for named in (code, code.lower().replace("-", " "), code_id):
        assert await till.verdict(code=named, key=till.acme.token) is DIFFERENT


async def test_whoever_paid_for_two_accounts_is_told(till: Till) -> None:
    order = till.orders.add(till.acme.account_id, payer="wallet 1")
    assert await till.verdict(payer=order, key=till.acme.token) is SAME
    elsewhere = till.orders.add(till.other.account_id, payer="wallet 1")
    till.orders.add((await till.desk.customer()).account_id, payer="wallet 2")
    answer = await till.ask(payer=elsewhere, key=till.acme.token)
    assert (answer.verdict, answer.to_dict()["several"]) == (UNKNOWN, ["payer"])
    assert {account for account, _ in answer.claims[0].accounts} == {till.acme.account_id, till.other.account_id}
    assert await till.verdict(order=elsewhere, payer=order, key=till.acme.token) is DIFFERENT


async def test_a_shared_nickname_leaves_it_unknown_with_its_candidates(till: Till) -> None:
    await till.member(till.acme, "a@example.com", "Sam")
    await till.member(till.other, "b@example.com", "sam")
    answer = await till.ask(member="SAM", key=till.acme.token)
    assert answer.verdict is UNKNOWN
    assert {account for account, _ in answer.claims[0].accounts} == {till.acme.account_id, till.other.account_id}
    assert "nickname" in answer.next_steps[1]


async def test_two_people_of_one_nickname_on_one_account_are_no_question(till: Till) -> None:
    await till.member(till.acme, "a@example.com", "Sam")
    await till.member(till.acme, "b@example.com", "sam")
    assert await till.verdict(member="Sam", key=till.acme.token) is SAME


async def test_a_mask_that_keys_of_two_accounts_have_leaves_it_unknown(till: Till) -> None:
    for customer, content in ((till.acme, b"a"), (till.other, b"b"), (till.acme, b"c")):
        await till.desk.limits.adopt_key(
            account_id=customer.account_id,
            settings=KeySettings(name="adopted"),
            token_hash=content * 32,
            mask="sk-…3fA9",
        )
    answer = await till.ask(key="sk-...3fA9", request=await till.desk.served(till.acme))
    assert (answer.verdict, answer.to_dict()["several"]) == (UNKNOWN, ["key"])
    assert {account for account, _ in answer.claims[0].accounts} == {till.acme.account_id, till.other.account_id}


async def test_accounts_of_one_name_leave_it_unknown(till: Till) -> None:
    # Both customers are called so.
    answer = await till.ask(account="Acme Secret Projects", key=till.acme.token)
    assert (answer.verdict, answer.to_dict()["several"]) == (UNKNOWN, ["account"])
    account = await till.desk.ledger.open_account(name="Only One")
    assert await till.verdict(account="Only One", order=till.orders.add(account.account_id)) is SAME


async def test_a_task_and_a_submission_lead_where_their_request_leads(till: Till, studio: Studio) -> None:
    await till.desk.serve_films(studio.url)
    task: Any = await till.desk.ask_for_film(till.acme)
    task_id = show_id("task", task.task.task_id)
    for shown in (task_id, task_id.replace("task_", "req_"), task_id.replace("task_", "sub_")):
        assert await till.verdict(request=shown, key=till.acme.token) is SAME
        assert await till.verdict(request=shown, key=till.other.token) is DIFFERENT
    call = await till.desk.served(till.acme)
    assert await till.verdict(request=call.replace("req_", "task_"), key=till.acme.token) is UNKNOWN


@pytest.mark.parametrize(
    "named",
    [
        {"member": "nobody@example.com"}, {"member": "nobody"}, {"member": "99999"}, {"order": f"ord_{MISSING}"},
        {"payer": f"ord_{MISSING}"}, {"code": f"code_{MISSING}"}, {"key": f"key_{MISSING}"}, {"key": "sk-…none"},
        {"key": "sk-cf-" + "x" * 43}, {"request": f"req_{MISSING}"}, {"account": f"acct_{MISSING}"}, {"account": "nobody"},
    ],
    ids=lambda named: "-".join(next(iter(named.items())))[:20],
)  # fmt: skip
async def test_what_is_not_on_record_leaves_it_unknown_and_is_named(till: Till, named: dict[str, str]) -> None:
    order = till.orders.add(till.acme.account_id)
    given = [Given(kind=ClaimKind.ORDER, text=order), *(Given(kind=ClaimKind(k), text=v) for k, v in named.items())]
    answer = await till.check.check(given)
    assert answer.verdict is UNKNOWN
    assert answer.to_dict()["not_found"] == [next(iter(named))]
    assert answer.details[0].startswith("Not found: ")


async def test_a_code_that_nobody_has_redeemed_leads_nowhere(till: Till) -> None:
    code, code_id = await till.codes_of(None)
    for named in (code, code_id):
        assert await till.verdict(code=named, key=till.acme.token) is UNKNOWN


async def test_a_customer_cannot_tell_what_is_others_from_what_does_not_exist(till: Till, studio: Studio) -> None:
    await till.desk.serve_films(studio.url)
    await till.member(till.other, "bob@example.com", "Bob")
    code, code_id = await till.codes_of(till.other)
    order = till.orders.add(till.other.account_id, payer="wallet 1")
    pairs = [
        ("member", "bob@example.com", "eve@example.com"), ("member", "Bob", "Eve"), ("order", order, f"ord_{MISSING}"),
        ("payer", order, f"ord_{MISSING}"), ("code", code_id, f"code_{MISSING}"),
        ("key", show_id("key", till.other.key_id), f"key_{MISSING}"), ("key", till.other.token, "sk-cf-" + "x" * 43),
        ("key", f"sk-…{till.other.token[-4:]}", "sk-…none"),
        ("request", await till.desk.served(till.other), f"req_{MISSING}"),
        ("account", show_id("account", till.other.account_id), f"acct_{MISSING}"),
    ]  # fmt: skip
    for kind, existing, missing in pairs:
        answers = [
            await till.ask(till.acme.account_id, **{kind: text, "key" if kind == "request" else "request": own})
            for text, own in ((existing, await _own(till, kind)), (missing, await _own(till, kind)))
        ]
        told = [_without_given(answer) for answer in answers]
        assert told[0] == told[1], kind
        assert answers[0].verdict is UNKNOWN
        assert "other" not in str(told[0]["claims"]).lower()
        assert show_id("account", till.other.account_id) not in str(answers[0].to_dict()).replace(existing, "")
    alone = await till.ask(till.acme.account_id, code=code)
    assert (alone.verdict, alone.claims[0].accounts) == (UNKNOWN, ())


async def _own(till: Till, kind: str) -> str:
    return till.acme.token if kind == "request" else await till.desk.served(till.acme)


def _without_given(answer: SameAccountAnswer) -> dict[str, Any]:
    told = answer.to_dict()
    del told["details"]
    for claim in told["claims"]:
        del claim["given"]
    return told


async def test_a_customer_learns_what_is_its_own(till: Till) -> None:
    order = till.orders.add(till.acme.account_id, payer="wallet 1")
    till.orders.add(till.other.account_id, payer="wallet 1")
    await till.member(till.acme, "a@example.com", "Sam")
    await till.member(till.other, "b@example.com", "Sam")
    assert (await till.ask(till.acme.account_id, order=order)).verdict is SAME
    # What else the payer has paid for, and who else is called so, is not for this customer.
    answer = await till.ask(till.acme.account_id, payer=order, member="Sam", key=till.acme.token)
    assert answer.verdict is SAME
    assert {claim.accounts for claim in answer.claims} == {((till.acme.account_id, "Acme Secret Projects"),)}


async def test_whole_keys_and_codes_are_neither_shown_nor_logged(
    till: Till, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    code, _ = await till.codes_of(till.acme)
    unknown = "sk-cf-" + "Y" * 43
    answer = await till.ask(key=till.acme.token, code=code, member=till.other.token, account=unknown)
    said = [str(answer.to_dict()), str(answer), caplog.text, *capfd.readouterr()]
    said.append(repr(Given(kind=ClaimKind.KEY, text=till.acme.token)))
    for secret in (till.acme.token, code, code.replace("-", ""), till.other.token, unknown):
        assert [text for text in said if secret in text] == []
    shown = {claim.kind: claim.given for claim in answer.claims}
    assert shown[ClaimKind.KEY] == f"sk-…{till.acme.token[-4:]}"
    assert shown[ClaimKind.CODE] == f"CF-…{code[-4:]}"


@pytest.mark.parametrize(
    "named",
    [
        {"order": "4711"}, {"order": "req_" + MISSING}, {"payer": "me"}, {"key": "key_1"}, {"request": "ord_" + MISSING},
        {"request": "hello"}, {"code": "ABC"}, {"member": " "}, {"member": "a\x00b"}, {"key": "a" * 501},
    ],
    ids=lambda named: "-".join(next(iter(named.items())))[:20],
)  # fmt: skip
async def test_what_cannot_be_what_it_is_said_to_be_is_refused(till: Till, named: dict[str, str]) -> None:
    with pytest.raises(InputError):
        await till.ask(account="Acme Secret Projects", **named)


async def test_one_thing_alone_is_no_question_and_a_list_of_everything_neither(till: Till) -> None:
    for count in (0, 1, CLAIMS_MAX + 1):
        with pytest.raises(InputError) as refused:
            await till.check.check([Given(kind=ClaimKind.KEY, text=till.acme.token)] * count)
        assert refused.value.parameters["field"] == "claims"
    with pytest.raises(InputError):
        await till.check.check([], account_id=till.acme.account_id)
