"""Cases in the console: the queue, one case from its diagnosis to its end, answers to several, and the desk in numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from console.callers import Customer, Desk, open_shop, with_key
from console.visitors import OPERATOR, House, Visitor
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.support.cases_service import Cases
from counterfoil.support.desk_model import CaseQuery
from counterfoil.support.intake_model import Receipt, Sender, Submission
from counterfoil.support.model import Case, CaseState, Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A house with a customer who can call, and with staff."""

    house: House
    desk: Desk
    account: Account
    customer: Customer
    support: Visitor
    finance: Visitor

    async def arrives(
        self, problem: str = "failed_perhaps_charged", language: Language = Language.EN, **said: str
    ) -> Case:
        """A case that somebody has sent without signing in, diagnosed."""
        return await arrives(self.house, problem, said, language=language)


async def arrives(
    house: House,
    problem: str,
    said: Mapping[str, str],
    *,
    language: Language = Language.EN,
    sender: Sender | None = None,
) -> Case:
    case = await sent(house, problem, said, language=language, sender=sender)
    await diagnosed(house)
    return case


async def sent(
    house: House,
    problem: str,
    said: Mapping[str, str],
    *,
    language: Language = Language.EN,
    sender: Sender | None = None,
) -> Case:
    submission = Submission(problem=problem, language=language, channel=Channel.FORM, fields=tuple(said.items()))
    receipt = await house.services.intake.send(submission, sender or Sender(address="192.0.2.99"))
    assert isinstance(receipt, Receipt), receipt
    [case] = await cases_of(house).queue(CaseQuery(text=receipt.number), principal=OPERATOR)
    return case


def cases_of(house: House) -> Cases:
    return house.services.desk.cases


async def diagnosed(house: House) -> None:
    while await house.services.desk.diagnosis.diagnose_due():
        pass


def path_of(case: Case, rest: str = "") -> str:
    return f"/cases/{show_id('case', case.case_id)}{rest}"


@pytest.fixture
async def shop(house: House) -> Shop:
    account = await house.open_account(credit=100)
    return Shop(
        house=house, desk=await open_shop(house), account=account, customer=await with_key(house, account),
        support=await house.staff(StaffRole.SUPPORT), finance=await house.staff(StaffRole.FINANCE),
    )  # fmt: skip


def as_browsers_send(text: str) -> str:
    return text.replace("\n", "\r\n")


async def state_of(house: House, case: Case) -> Case:
    return await cases_of(house).case(case.case_id, principal=OPERATOR)


async def confirmed(shop: Shop, case: Case, subject: str) -> str:
    return await shop.support.follow(await shop.support.post(path_of(case, "/confirm"), {"subject": subject}))


async def balance_of(house: House, account: Account) -> int:
    return (await house.services.ledger.balance(account.account_id)).posted


# -- the whole way -----------------------------------------------------------------------------------------------------


async def test_a_case_is_confirmed_answered_refunded_by_two_people_resolved_and_opened_again(shop: Shop) -> None:
    request_id = await shop.desk.served(shop.customer)
    before = await balance_of(shop.house, shop.account)
    case = await shop.arrives(request_id=request_id, charge_shown="yes")
    page = await shop.support.get(path_of(case))
    assert case.number in page
    assert request_id in page
    assert 'data-key="1"' in page
    # Before anybody confirms it, no account is the case's, and money has nowhere to go.
    assert "It is not known which account it is" in page

    page = await confirmed(shop, case, request_id)
    assert "Record confirmed" in page
    assert (await state_of(shop.house, case)).account_id == shop.account.account_id
    draft = re.search(r'name="reply_text"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert draft is not None
    assert case.number in draft[1]
    assert "Answer sent" in await shop.support.follow(
        await shop.support.post(path_of(case, "/reply"), {"reply_text": as_browsers_send(draft[1])})
    )

    page = await shop.support.follow(
        await shop.support.post(
            path_of(case, "/settle"),
            {"settle_kind": "compensation", "settle_amount": "750", "settle_reason": "It was lost three times"},
        )
    )
    assert "Proposed, and waits for approval" in page
    [approval] = set(re.findall(r"/console/approvals/([a-z]+_[0-9a-f]{32})", page))
    assert await balance_of(shop.house, shop.account) == before
    decision = await shop.finance.get(f"/approvals/{approval}")
    assert f"/console{path_of(case)}" in decision
    await shop.finance.post(f"/approvals/{approval}/approve", {"reason": "It was"})
    assert await balance_of(shop.house, shop.account) == before + 750_000_000_000

    page = await shop.support.get(path_of(case))
    assert "Settlement done" in page
    assert "waits for approval" not in page
    page = await shop.support.follow(await shop.support.post(path_of(case, "/resolve"), {"resolution": "compensation"}))
    assert "Resolved" in page
    assert 'name="reply_text"' not in page
    page = await shop.support.follow(
        await shop.support.post(path_of(case, "/reopen"), {"reopen_reason": "It happened once more"})
    )
    assert "It happened once more" in page
    assert (await state_of(shop.house, case)).state is CaseState.DIAGNOSED


async def test_a_charge_that_one_person_may_give_back_alone_is_back_at_once(shop: Shop) -> None:
    request_id = await shop.desk.served(shop.customer)
    before = await balance_of(shop.house, shop.account)
    case = await shop.arrives(request_id=request_id)
    await confirmed(shop, case, request_id)
    page = await shop.support.follow(
        await shop.support.post(
            path_of(case, "/settle"), {"settle_kind": "refund", "settle_amount": "", "settle_reason": "It had failed"}
        )
    )
    assert "Settled and posted to the ledger" in page
    assert await balance_of(shop.house, shop.account) == before + 400_000_000


async def test_same_account_is_answered_on_top_of_everything(shop: Shop) -> None:
    await shop.house.open_account("Bolt")
    request_id = await shop.desk.served(shop.customer)
    alone, same, different = [
        await shop.arrives("balance_not_enough", request_id=request_id, status_code="402", **said)
        for said in ({}, {"account": "Acme"}, {"account": "Bolt"})
    ]
    for case, verdict in ((alone, "Nothing to compare"), (same, "Same account"), (different, "Different accounts")):
        page = await shop.support.get(path_of(case))
        top = page[page.index("Same account?") : page.index("What was said")]
        assert f">{verdict}</span>" in top
        assert page.index("What was said") < page.index("Records it may be about") < page.index("Answer</h2>")


async def test_whoever_opens_a_case_stands_in_the_trail_of_its_account(shop: Shop) -> None:
    request_id = await shop.desk.served(shop.customer)
    case = await shop.arrives(request_id=request_id)
    await shop.support.get(path_of(case))
    assert shop.support.person is not None
    [seen] = await shop.house.services.audit.list(account_id=shop.account.account_id, what="case_page")
    assert seen.by == shop.support.person.email


# -- the answer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "objection"),
    [
        ("Your key sk-cf-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG is fine.", "A secret"),
        ("The other customer is kim@example.com.", "Another account's"),
        ("wholesale-7 was slow today.", "An upstream's name"),
        ("Our supplier had failed.", "Internal routing"),
        ("We guarantee that it never happens again.", "A promise"),
    ],
)
async def test_an_answer_that_must_not_go_out_is_kept_in_the_form_with_what_is_objected_to(
    shop: Shop, words: str, objection: str
) -> None:
    case = await shop.arrives(request_id=await shop.desk.served(shop.customer))
    page = (await shop.support.post(path_of(case, "/check"), {"reply_text": words}, status=200)).text
    assert f"<strong>{objection}</strong>" in page.replace("&#39;", "'")
    refused = await shop.support.post(path_of(case, "/reply"), {"reply_text": words}, status=409)
    assert "It must not go out like this" in refused.text
    assert words in refused.text
    view = await cases_of(shop.house).view(case.case_id, principal=OPERATOR)
    assert [event for event in view.events if event.kind == "replied"] == []


async def test_checking_an_answer_that_may_go_sends_nothing(shop: Shop) -> None:
    case = await shop.arrives(request_id=await shop.desk.served(shop.customer))
    page = await shop.support.post(path_of(case, "/check"), {"reply_text": "It was charged once."}, status=200)
    assert "Nothing is objected to" in page.text
    view = await cases_of(shop.house).view(case.case_id, principal=OPERATOR)
    assert [event.kind for event in view.events if event.kind == "replied"] == []


async def test_what_is_missing_is_asked_for_and_notes_stay_inside(shop: Shop) -> None:
    receipt_case = await shop.arrives("something_else", message_shown="It is all broken")
    page = await shop.support.follow(
        await shop.support.post(
            path_of(receipt_case, "/ask"), {"ask_fields": ["request_id", "request_time"], "ask_text": "When was it?"}
        )
    )
    assert "Waiting for the customer" in page
    page = await shop.support.follow(
        await shop.support.post(path_of(receipt_case, "/note"), {"note_text": "Looks like last week's outage"})
    )
    assert "Looks like last week's outage" in page
    assert "Private: staff only" in page
    view = await cases_of(shop.house).view(receipt_case.case_id, principal=OPERATOR)
    assert [event.is_public for event in view.events if event.text == "Looks like last week's outage"] == [False]


# -- whose it is -------------------------------------------------------------------------------------------------------


async def test_engineering_sees_what_was_handed_over_and_hands_it_back(shop: Shop) -> None:
    request_id = await shop.desk.served(shop.customer)
    case, other = await shop.arrives(request_id=request_id), await shop.arrives(message_shown="x", task_type="video")
    engineer = await shop.house.staff(StaffRole.ENGINEERING)
    await engineer.get(path_of(case), status=404)
    assert case.number not in await engineer.get("/cases")
    led = await engineer.client.get("/console/go", params={"q": case.number})
    assert path_of(case) not in led.headers.get("location", "")
    await confirmed(shop, case, request_id)
    page = await shop.support.follow(
        await shop.support.post(
            path_of(case, "/hand-over"),
            {
                "hand_to": "with_engineering", "hand_asks": "Did the model stop early?", "hand_until": tomorrow(shop.house),
                "hand_checked": ["charge", "same_account"], "hand_bundle": "1",
            },
        )
    )  # fmt: skip
    assert "With engineering" in page
    assert "the charge mark" in page
    page = await engineer.get(path_of(case))
    assert "Did the model stop early?" in page
    assert f"/evidence/{request_id}" in page
    assert case.number in await engineer.get("/cases")
    assert other.number not in await engineer.get("/cases", state="all")
    await engineer.get(path_of(other), status=404)
    # Engineering proposes no money.
    assert 'name="settle_kind"' not in page
    page = await engineer.follow(await engineer.post(path_of(case, "/hand-back"), {"back_text": "It did"}))
    assert "It did" in page
    assert (await state_of(shop.house, case)).state is CaseState.DIAGNOSED


def tomorrow(house: House) -> str:
    return show_time(house.services.clock.now() + 86_400_000_000)[:16]


async def test_a_case_is_taken_on_and_its_deadline_goes_with_its_priority(shop: Shop) -> None:
    case = await shop.arrives(message_shown="x", request_time="2026-11-24 08:30 +00:00")
    page = await shop.support.follow(await shop.support.post(path_of(case, "/assign"), {"to_me": "1"}))
    assert "Owner changed" in page
    assert case.number in await shop.support.get("/cases", owner="me")
    assert case.number not in await shop.finance.get("/cases", owner="me")
    assert case.number not in await shop.support.get("/cases", owner="nobody")
    await shop.support.post(path_of(case, "/priority"), {"priority": "urgent"})
    assert (await state_of(shop.house, case)).due_at == case.created_at + (case.due_at - case.created_at) // 4
    await shop.support.post(path_of(case, "/priority"), {"priority": "yesterday"}, status=422)


# -- the queue ---------------------------------------------------------------------------------------------------------


async def test_the_queue_is_narrowed_saved_shared_and_taken_away(shop: Shop) -> None:
    early = await shop.arrives("recharged_not_credited", account_email="a@example.com", order_mask="…1234")
    late = await shop.arrives("something_else", message_shown="It is all broken")
    page = await shop.support.get("/cases")
    assert page.index(early.number) < page.index(late.number)
    only = await shop.support.get("/cases", **{"class": "something_else"})
    assert late.number in only
    assert early.number not in only
    assert early.number in await shop.support.get("/cases", q=early.number.lower())
    assert early.number not in await shop.support.get("/cases", late="1")
    assert early.number in await shop.support.get("/cases", csv="cases")
    saved = await shop.support.post(
        "/cases/searches?class=something_else&late=1&owner=me", {"name": "Mine and late", "shared": "1"}
    )
    page = await shop.support.follow(saved)
    assert "Mine and late" in page
    assert "owner=me" in saved.headers["location"]
    theirs = await shop.finance.get("/cases")
    assert "Mine and late" in theirs
    # Only whoever has kept it can forget it.
    [forget] = re.findall(r"/console(/cases/searches/[0-9a-f]{32}/forget)", page)
    assert "/forget" not in theirs
    await shop.finance.post(forget, status=404)
    await shop.support.post(forget)
    assert "Mine and late" not in await shop.support.get("/cases")


async def test_a_number_leads_to_its_case_for_staff_alone(shop: Shop) -> None:
    case = await shop.arrives("something_else", message_shown="It is all broken")
    led = await shop.support.client.get("/console/go", params={"q": case.number.replace("-", " ").lower()})
    assert led.headers["location"] == f"/console{path_of(case)}"
    owner = await shop.house.member(shop.account)
    other = await owner.client.get("/console/go", params={"q": case.number})
    assert path_of(case) not in other.headers.get("location", "")


async def test_several_cases_are_answered_at_once_and_what_may_not_go_stays(shop: Shop) -> None:
    first_id, second_id = await shop.desk.served(shop.customer), await shop.desk.served(shop.customer)
    first, second = await shop.arrives(request_id=first_id), await shop.arrives(request_id=second_id)
    nameless = await shop.arrives("something_else", message_shown="It is all broken")
    for case, subject in ((first, first_id), (second, second_id)):
        await confirmed(shop, case, subject)
    rows = [show_id("case", one.case_id) for one in (first, second, nameless)]
    page = (await shop.support.post("/cases/answer", {"row": rows}, status=200)).text
    as_of = re.search(r'name="as_of" value="(\d+)"', page)
    assert as_of is not None
    assert "Send the 2 that may go" in page
    assert "The case does not have this" in page
    form = {"row": rows, "snippet": as_browsers_send("About {record}:\n{answer}"), "as_of": as_of[1]}
    page = (await shop.support.post("/cases/answer/send", form, status=200)).text
    assert "Answered together" in page
    assert nameless.number in page
    for case, subject in ((first, first_id), (second, second_id)):
        view = await cases_of(shop.house).view(case.case_id, principal=OPERATOR)
        [replied] = [event for event in view.events if event.kind == "replied"]
        assert replied.text is not None
        assert replied.text.startswith(f"About {subject}:")
    # The same form once more, as a page that is loaded again sends it, answers nobody twice.
    page = (await shop.support.post("/cases/answer/send", form, status=200)).text
    assert "The case has changed meanwhile" in page
    for case in (first, second):
        view = await cases_of(shop.house).view(case.case_id, principal=OPERATOR)
        assert len([event for event in view.events if event.kind == "replied"]) == 1
    await shop.support.post("/cases/answer", {}, status=422)


async def test_two_cases_of_one_cause_are_put_together_and_taken_apart(shop: Shop) -> None:
    first = await shop.arrives("something_else", message_shown="It is all broken since this morning")
    second = await shop.arrives("balance_fell", time_window="2026-11-24", caller="cron")
    page = await shop.support.follow(await shop.support.post(path_of(first, "/group"), {"group_with": second.number}))
    assert "Cases of the same cause" in page
    assert second.number in page
    await shop.support.post(path_of(first, "/group"), {"group_with": "CS-2222-2222"}, status=422)
    page = await shop.support.follow(await shop.support.post(path_of(first, "/ungroup")))
    assert second.number not in page


# -- the end -----------------------------------------------------------------------------------------------------------


async def test_a_closed_case_is_purged_by_an_administrator_with_a_reason_and_leaves_a_tombstone(shop: Shop) -> None:
    case = await shop.arrives("something_else", message_shown="It is all broken")
    administrator = await shop.house.staff(StaffRole.ADMINISTRATOR)
    await administrator.post(path_of(case, "/purge"), {"purge_why": "They asked us to"}, status=409)
    await shop.support.post(path_of(case, "/close"))
    await shop.support.post(path_of(case, "/purge"), {"purge_why": "They asked us to"}, status=403)
    await administrator.post(path_of(case, "/purge"), {"purge_why": ""}, status=422)
    page = await administrator.follow(
        await administrator.post(path_of(case, "/purge"), {"purge_why": "They asked us to"})
    )
    assert "Its words are gone" in page
    assert "It is all broken" not in page
    [tombstone] = await shop.house.services.audit.list(what="case_purged")
    assert (tombstone.subject, tombstone.why) == (case.number, "They asked us to")


async def test_a_result_that_moves_money_is_not_claimed_before_money_has_moved(shop: Shop) -> None:
    case = await shop.arrives(request_id=await shop.desk.served(shop.customer))
    page = await shop.support.get(path_of(case))
    assert 'value="key_rotation"' in page
    assert 'name="resolution" value="refund"' not in page
    await shop.support.post(path_of(case, "/resolve"), {"resolution": "refund"}, status=409)
    await shop.support.post(path_of(case, "/resolve"), {"resolution": "lost"}, status=422)
    page = await shop.support.follow(await shop.support.post(path_of(case, "/resolve"), {"resolution": "key_rotation"}))
    assert "Key to be rotated" in page


async def test_compensation_says_how_much_and_a_credit_needs_its_order(shop: Shop) -> None:
    request_id = await shop.desk.served(shop.customer)
    case = await shop.arrives(request_id=request_id)
    form = {"settle_kind": "compensation", "settle_amount": "600", "settle_reason": "For the trouble"}
    await shop.support.post(path_of(case, "/settle"), form, status=409)
    await confirmed(shop, case, request_id)
    await shop.support.post(path_of(case, "/settle"), {**form, "settle_amount": ""}, status=422)
    await shop.support.post(path_of(case, "/settle"), {**form, "settle_reason": ""}, status=422)
    await shop.support.post(path_of(case, "/settle"), {**form, "settle_kind": "credit_again"}, status=409)
    page = await shop.support.follow(await shop.support.post(path_of(case, "/settle"), form))
    assert "Compensation of $600.00 waits for approval" in page


# -- the desk in numbers -----------------------------------------------------------------------------------------------


async def test_the_numbers_are_those_of_the_cases_of_the_time_and_can_be_taken_away(shop: Shop) -> None:
    case = await shop.arrives("something_else", message_shown="It is all broken")
    await shop.support.post(path_of(case, "/ask"), {"ask_fields": ["request_id"], "ask_text": ""})
    page = await shop.support.get("/cases/metrics")
    assert "The desk in numbers" in page
    asked = await shop.support.get("/cases/metrics", csv="asked")
    assert "Something else,Request id,1" in asked
    assert "Request id" not in await shop.support.get("/cases/metrics", since="2020-01-01", until="2020-02-01")
    await shop.support.get("/cases/metrics", since="yesterday", status=422)
    assert "工单" in await shop.support.get("/cases/metrics", lang="zh")


async def test_what_is_typed_is_text_wherever_a_case_shows_it(shop: Shop) -> None:
    hostile = "<script>alert(1)</script> {{ 7 * 7 }}"
    case = await shop.arrives("something_else", message_shown=hostile)
    await shop.support.post(path_of(case, "/note"), {"note_text": hostile})
    await shop.support.post(path_of(case, "/assign"), {"assign_owner": '"><img src=x>'})
    for path in (path_of(case), "/cases"):
        page = (await shop.support.client.get(f"/console{path}")).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "49" not in re.findall(r"alert\(1\)[^<]{0,40}", page)
