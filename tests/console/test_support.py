"""An account's own cases in the console: asking from where one is, following a case, and what nobody else finds."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from console.callers import Customer, open_shop, with_key
from console.visitors import House, Visitor, of_account
from counterfoil.approvals.model import Approval, ApprovalState
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, Role, StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.limits.model import Scope
from counterfoil.notify.messages import link_of
from counterfoil.support.intake_model import Receipt, Sender, Submission
from counterfoil.support.model import Channel, Resolution
from evidence.desk import Desk

SECRET = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3
MINE = "two identical calls, one of them refused"


async def a_refusal(house: House) -> tuple[Account, Visitor, str, Customer, Desk]:
    """An account whose group quota has refused a request, and its owner."""
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    await shop.limit(customer, Scope.GROUP, 1)
    return account, await house.member(account), await shop.refused(customer), customer, shop


def fields_of(page: str) -> dict[str, str]:
    """What the form of a page would send, the last of each name."""
    form = page[page.index('id="ask"') :]
    found = dict(re.findall(r'<input [^>]*name="(\w+)"[^>]*value="([^"]*)"', form))
    found |= dict(re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', form))
    found.pop("csrf")
    return found


async def rows(house: House, statement: str) -> list[Any]:
    async with house.services.database.reading() as connection:
        return await (await connection.execute(statement)).fetchall()  # type: ignore[arg-type]


async def send(house: House, account: Account | None, visitor: Visitor | None = None, **values: str) -> UUID:
    """A case that has come in, of a member or of nobody."""
    person = None if visitor is None else visitor.person
    receipt = await house.services.intake.send(
        Submission(
            problem="something_else", language=Language.EN, channel=Channel.CONSOLE,
            fields=tuple((values or {"error_text": MINE}).items()),
        ),
        Sender(
            address="192.0.2.9", person_id=None if person is None else person.person_id,
            account_id=None if account is None else account.account_id,
            name="customer" if person is None else person.email,
        ),
    )  # fmt: skip
    assert isinstance(receipt, Receipt)
    [[case_id]] = await rows(house, f"SELECT case_id FROM cases WHERE number = '{receipt.number}'")
    return case_id


def case_path(account: Account, case_id: UUID, rest: str = "") -> str:
    return of_account(account, f"/support/{show_id('case', case_id)}{rest}")


# Asking from where one is.


async def test_every_place_where_something_may_be_wrong_leads_to_support(house: House) -> None:
    account, owner, refused, _, _ = await a_refusal(house)
    about = f"/console{of_account(account, '/support/new')}"
    for path in ("/requests", "/tasks", "/submissions", "/recharge", "/why"):
        assert f'href="{about}"' in await owner.get(of_account(account, path)), path
    assert f'href="{about}?about={refused}"' in await owner.get(of_account(account, f"/requests/{refused}"))
    assert re.search(re.escape(about) + r"\?about=20\d\d-\d\d\"", await owner.get(of_account(account, "/statement")))
    page = await owner.get(of_account(account, "/requests/req_" + "0" * 32), status=404)
    assert f'href="{about}"' in page
    assert 'href="/support"' in await house.stranger().get("/nowhere", status=404)


async def test_staff_are_not_sent_to_support(house: House) -> None:
    account, _, refused, _, _ = await a_refusal(house)
    support = await house.staff(StaffRole.SUPPORT)
    for path in ("/requests", f"/requests/{refused}", "/recharge", "/statement", "/why"):
        assert "/support/new" not in await support.get(of_account(account, path)), path


async def test_a_refused_request_is_explained_before_anything_is_sent(house: House) -> None:
    account, owner, refused, _, _ = await a_refusal(house)
    page = await owner.get(of_account(account, "/support/new"), about=refused)
    fields = fields_of(page)
    assert fields["problem"] == "balance_not_enough"
    assert fields["request_id"] == refused
    assert fields["request_time"][-6:] == "+00:00"
    assert "…" in fields["key_mask"]
    assert "Group quota" in page
    assert "This answers it" in page
    assert "Send it anyway" in page
    # Whose account it is, is known.
    assert "account_email" not in fields
    assert await rows(house, "SELECT 1 FROM cases") == []


async def test_what_the_records_explain_is_counted_as_answered_by_themselves(house: House) -> None:
    account, owner, refused, _, _ = await a_refusal(house)
    fields = fields_of(await owner.get(of_account(account, "/support/new"), about=refused))
    response = await owner.post(of_account(account, "/support/new"), {**fields, "step": "answers"})
    page = await owner.follow(response)
    assert "Glad that this answers it" in page
    assert "Answered by the records" in page
    [[state, resolution, subject, cause, due]] = await rows(
        house, "SELECT state, resolution, subject, cause, search_due_at FROM cases"
    )
    assert (state, resolution, subject, due) == ("resolved", "answered", refused, None)
    assert cause
    now = house.services.clock.now()
    measured = await house.services.desk.metrics.measure(start=now - 86_400_000_000, end=now + 1_000_000)
    assert (measured.cases, measured.self_service, measured.resolved) == (1, 1, 1)
    # It may be opened again, and then the records are searched.
    case = response.headers["location"].partition("?")[0]
    await owner.follow(await owner.post(f"{case}/reopen", {"answer": "it is refused again"}))
    [[state, due]] = await rows(house, "SELECT state, search_due_at FROM cases")
    assert (state, due is not None) == ("diagnosed", True)


async def test_what_is_sent_anyway_is_a_case_of_its_sender_and_account(house: House) -> None:
    account, owner, refused, _, _ = await a_refusal(house)
    fields = fields_of(await owner.get(of_account(account, "/support/new"), about=refused))
    response = await owner.post(of_account(account, "/support/new"), {**fields, "step": "anyway"})
    page = await owner.follow(response)
    assert "Sent the case" in page
    assert refused in page
    assert owner.person is not None
    [[state, channel, person, of, values]] = await rows(
        house, "SELECT state, channel, person_id, account_id, fields FROM cases"
    )
    assert (state, channel, person, of) == ("new", "console", owner.person.person_id, account.account_id)
    assert values["request_id"] == refused
    # Sent a second time, as by somebody who pressed twice, it is the same case.
    again = await owner.post(of_account(account, "/support/new"), {**fields, "step": "anyway"})
    assert again.headers["location"] == response.headers["location"]
    assert len(await rows(house, "SELECT 1 FROM cases")) == 1


async def test_a_typed_id_is_explained_and_a_text_that_names_nothing_is_sent_at_once(house: House) -> None:
    account, owner, refused, _, _ = await a_refusal(house)
    path = of_account(account, "/support/new")
    response = await owner.post(path, {"problem": "balance_not_enough", "request_id": refused}, status=200)
    assert "This answers it" in response.text
    assert await rows(house, "SELECT 1 FROM cases") == []
    await owner.follow(await owner.post(path, {"problem": "something_else", "message_shown": "it looks odd"}))
    assert len(await rows(house, "SELECT 1 FROM cases")) == 1


async def test_the_form_begins_with_what_it_is_about(house: House) -> None:
    account, owner, _, customer, _ = await a_refusal(house)
    path = of_account(account, "/support/new")
    key = fields_of(await owner.get(path, about=show_id("key", customer.key_id)))
    assert (key["problem"], "…" in key["key_mask"]) == ("balance_fell", True)
    month = fields_of(await owner.get(path, about="2026-02", problem="balance_fell"))
    assert month["time_window"] == "2026-02-01 ~ 2026-02-28"
    # Without anything, one chooses; what nobody of us has made leads nowhere.
    for query in ({}, {"about": "../../etc"}, {"about": SECRET}, {"problem": "none"}):
        page = await owner.get(path, **query)
        assert "What is it about?" in page
        assert SECRET not in page


async def test_another_class_keeps_what_both_ask_for(house: House) -> None:
    account, owner, refused, _, _ = await a_refusal(house)
    fields = fields_of(await owner.get(of_account(account, "/support/new"), about=refused))
    typed = {**fields, "model": "another", "other_class": "failed_perhaps_charged"}
    response = await owner.post(of_account(account, "/support/new"), typed, status=200)
    moved = fields_of(response.text)
    assert (moved["problem"], moved["model"], moved["request_id"]) == ("failed_perhaps_charged", "another", refused)
    assert await rows(house, "SELECT 1 FROM cases") == []


@pytest.mark.parametrize("step", ["", "anyway", "answers"])
async def test_a_pasted_key_is_refused_and_neither_kept_nor_shown_again(house: House, step: str) -> None:
    account, owner, refused, _, _ = await a_refusal(house)
    path = of_account(account, "/support/new")
    typed = {
        "problem": "balance_not_enough",
        "request_id": refused,
        "error_text": f"my key {SECRET} fails",
        "step": step,
    }
    response = await owner.post(path, typed, status=422)
    assert SECRET not in response.text
    assert "a whole API key" in response.text
    assert refused in response.text
    assert await rows(house, "SELECT 1 FROM cases") == []
    # In a field that is none of the form's, in a file's name, in the address, in the name of the program.
    for fields, files, query, headers in (
        ({"extra": SECRET}, None, "", {}),
        ({}, {"file": (f"{SECRET}.txt", b"x")}, "", {}),
        ({}, None, f"?x={SECRET}", {}),
        ({}, None, "", {"user-agent": SECRET}),
    ):
        response = await owner.post(
            path + query, {**typed, "error_text": "refused", **fields}, status=422, files=files, headers=headers
        )
        assert SECRET not in response.text
    assert await rows(house, "SELECT 1 FROM cases") == []


async def test_a_whole_order_number_becomes_a_mask_first(house: House) -> None:
    account, owner, _, _, _ = await a_refusal(house)
    path = of_account(account, "/support/new")
    number = "2026112422001412345678901234"
    typed = {"problem": "recharged_not_credited", "order_mask": number, "amount": "100 CNY"}
    response = await owner.post(path, typed, status=422)
    assert number not in response.text
    fields = fields_of(response.text)
    assert "1234" in fields["order_mask"]
    assert "Send with the masks" in response.text
    await owner.follow(await owner.post(path, fields))
    [[values]] = await rows(house, "SELECT fields FROM cases")
    assert values["order_mask"] == fields["order_mask"]


async def test_too_many_sendings_are_told_to_wait_with_the_form_as_it_was(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    path, typed = of_account(account, "/support/new"), {"problem": "something_else", "request_id": ""}
    for _ in range(40):
        response = await owner.client.post(
            f"/console{path}", data={**typed, "csrf": owner.csrf}, headers={"origin": "https://desk.test"}
        )
        if response.status_code != 422:
            break
    response = await owner.post(path, {**typed, "message_shown": f"odd {SECRET}", "model": "mine"}, status=403)
    assert 'value="mine"' in response.text
    assert SECRET not in response.text
    assert "retry-after" in response.headers


async def test_a_form_of_somebody_elses_page_is_refused(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    case_id = await send(house, account, owner)
    for path in (of_account(account, "/support/new"), case_path(account, case_id, "/answer"), case_path(account, case_id, "/reopen")):  # fmt: skip
        typed = {"problem": "something_else", "answer": "x"}
        another = await owner.post(path, typed, csrf="another", status=403)
        elsewhere = await owner.post(path, typed, headers={"origin": "https://evil.example"}, status=403)
        assert "<code>form_out_of_date</code>" in another.text, path
        assert "<code>form_from_elsewhere</code>" in elsewhere.text, path


# A case of one's own.

KIM = Principal(name="kim@desk.example", staff_roles=frozenset({StaffRole.SUPPORT}))
NOTE, REPLY = "they always say that", "The records show one refusal, and it was not charged."


async def approve(house: House, approval: Approval) -> None:
    """By somebody else, unless it was little enough for one person to decide."""
    if approval.state is ApprovalState.PROPOSED:
        await house.services.approvals.approve(approval.approval_id, by="finn@desk.example", reason="checked")


async def test_a_case_shows_what_was_said_and_nothing_of_the_desk(house: House) -> None:
    account = await house.open_account(credit=20)
    owner, desk = await house.member(account), house.services.desk
    case_id = await send(house, account, owner)
    await desk.cases.note(case_id, NOTE, principal=KIM)
    await desk.cases.assign(case_id, KIM.name, principal=KIM)
    await desk.replies.send(case_id, REPLY, principal=KIM)
    page = await owner.get(case_path(account, case_id))
    assert REPLY in page
    assert MINE in page
    assert NOTE not in page
    assert KIM.name not in page
    listed = await owner.get(of_account(account, "/support"))
    assert case_path(account, case_id) in listed
    assert KIM.name not in listed


async def test_what_is_asked_is_answered_on_the_page(house: House) -> None:
    account = await house.open_account(credit=20)
    owner, desk = await house.member(account), house.services.desk
    case_id = await send(house, account, owner)
    await desk.cases.ask(case_id, ["request_time", "model"], "Which call was it?", principal=KIM)
    assert "1 waiting for your answer" in await owner.get(of_account(account, "/support"))
    page = await owner.get(case_path(account, case_id))
    assert "Which call was it?" in page
    response = await owner.post(
        case_path(account, case_id, "/answer"), {"model": "plain", "answer": f"it is {SECRET}"}, status=422
    )
    assert SECRET not in response.text
    assert 'value="plain"' in response.text
    page = await owner.follow(
        await owner.post(case_path(account, case_id, "/answer"), {"model": "plain", "answer": "the second one"})
    )
    assert "the second one" in page
    assert "Which call was it?" in page
    assert 'id="questions"' not in page
    [[fields]] = await rows(house, "SELECT fields FROM cases")
    assert fields["model"] == "plain"
    # Nothing is asked any more, so nothing is taken.
    await owner.post(case_path(account, case_id, "/answer"), {"answer": "once more"}, status=409)


async def test_money_for_a_case_is_shown_with_its_line_of_the_statement(house: House) -> None:
    account = await house.open_account(credit=20)
    owner, developer = await house.member(account), await house.member(account, Role.DEVELOPER)
    case_id = await send(house, account, owner)
    approval = await house.services.desk.settling.compensate(
        case_id, amount=733_500_000_000, reason="a day of errors", principal=KIM
    )
    # What is only proposed is nobody's to see.
    assert 'id="posted"' not in await owner.get(case_path(account, case_id))
    await approve(house, approval)
    page = await owner.get(case_path(account, case_id))
    assert "$733.50" in page
    assert "a day of errors" not in page
    found = re.search(r'href="(/console[^"]*/statement/charges\?[^"]*)"', page)
    assert found is not None
    line = await owner.get(found[1])
    assert "733.50" in line
    # And the statement leads back.
    assert f'href="/console{case_path(account, case_id)}"' in line
    assert "$733.50" in await owner.get(of_account(account, "/support"))
    own_id = await send(house, account, developer)
    little = house.services.desk.settling.compensate
    await approve(house, await little(own_id, amount=1_000_000_000, reason="a day of errors", principal=KIM))
    page = await developer.get(case_path(account, own_id))
    assert "$1.00" in page
    assert "/statement/charges" not in page


async def test_a_refunded_charge_is_shown_with_its_line(house: House) -> None:
    account = await house.open_account(credit=20)
    shop, customer = await open_shop(house), await with_key(house, account)
    owner, desk = await house.member(account), house.services.desk
    served = await shop.served(customer)
    case_id = await send(house, account, owner, request_id=served)
    await desk.diagnosis.diagnose_due()
    await desk.cases.confirm(case_id, served, principal=KIM)
    approval = await desk.settling.refund(case_id, reason="it was useless", principal=KIM)
    await approve(house, approval)
    page = await owner.get(case_path(account, case_id))
    assert "The record it is about" in page
    assert served in page
    assert re.search(r'href="/console[^"]*/statement/charges\?[^"]*"', page) is not None


async def test_what_is_not_solved_is_opened_again(house: House) -> None:
    account = await house.open_account(credit=20)
    owner, desk = await house.member(account), house.services.desk
    case_id = await send(house, account, owner)
    assert 'id="reopen"' not in await owner.get(case_path(account, case_id))
    await owner.post(case_path(account, case_id, "/reopen"), {"answer": "no"}, status=409)
    await desk.cases.resolve(case_id, Resolution.WORKS_AS_INTENDED, principal=KIM)
    assert "Outcome: Works as intended" in await owner.get(case_path(account, case_id))
    response = await owner.post(case_path(account, case_id, "/reopen"), {"answer": ""}, status=422)
    assert "A field has to be corrected" in response.text
    page = await owner.follow(await owner.post(case_path(account, case_id, "/reopen"), {"answer": "no, it goes on"}))
    assert "no, it goes on" in page
    assert "The case is open again" in page
    # What a person of the desk writes on opening one again stays at the desk.
    await desk.cases.close(case_id, principal=KIM)
    await desk.cases.reopen(case_id, "closed by mistake", principal=KIM)
    assert "closed by mistake" not in await owner.get(case_path(account, case_id))


async def test_a_purged_case_has_no_words_left(house: House) -> None:
    account = await house.open_account(credit=20)
    owner, desk = await house.member(account), house.services.desk
    case_id = await send(house, account, owner)
    await desk.replies.send(case_id, REPLY, principal=KIM)
    await desk.cases.close(case_id, principal=KIM)
    await desk.purging.purge(case_id, by=KIM, why="asked to")
    page = await owner.get(case_path(account, case_id))
    assert "The words are gone" in page
    assert MINE not in page
    assert REPLY not in page


# Whose a case is.


async def test_a_case_of_others_does_not_exist(house: House) -> None:
    account, other = await house.open_account("Mine"), await house.open_account("Theirs")
    owner, stranger = await house.member(account), await house.member(other)
    case_id = await send(house, other, stranger)
    of_nobody = await send(house, None)
    [[number]] = await rows(house, f"SELECT number FROM cases WHERE case_id = '{case_id}'")
    for one in (case_id, of_nobody, UUID(int=7)):
        await owner.get(case_path(account, one), status=404)
        await owner.get(case_path(other, one), status=404)
        for rest in ("/answer", "/reopen"):
            await owner.post(case_path(account, one, rest), {"answer": "x"}, status=404)
    assert "Two identical" not in await owner.get(of_account(account, "/support"))
    pages = [await owner.get(f"/support/{one}", status=404) for one in (number, "CS-2222-2222", "none")]
    assert len({one.partition("<main")[2] for one in pages}) == 1
    # Nor do records of theirs become the beginning of a case here.
    customer = await with_key(house, other)
    await owner.get(of_account(account, "/support/new"), about=show_id("key", customer.key_id), status=404)
    await owner.post(
        of_account(account, "/support/new"),
        {"problem": "balance_fell", "about": show_id("key", customer.key_id), "key_mask": "sk-…abcd", "step": "anyway"},
        status=404,
    )


async def test_whoever_sees_no_money_sees_what_they_have_sent(house: House) -> None:
    account = await house.open_account()
    owner, developer = await house.member(account), await house.member(account, Role.DEVELOPER)
    of_owner, of_developer = await send(house, account, owner), await send(house, account, developer)
    assert case_path(account, of_owner) not in await developer.get(of_account(account, "/support"))
    await developer.get(case_path(account, of_owner), status=404)
    await developer.get(case_path(account, of_developer))
    await (await house.member(account, Role.BILLING_VIEWER)).get(case_path(account, of_developer))


async def test_a_number_leads_members_of_its_account_to_the_case(house: House) -> None:
    account = await house.open_account()
    owner = await house.member(account)
    case_id = await send(house, account, owner)
    [[number]] = await rows(house, "SELECT number FROM cases")
    response = await owner.client.get(f"/console/support/{number.lower()}")
    assert (response.status_code, response.headers["location"]) == (303, "/console" + case_path(account, case_id))
    # So does the search field, however the number is typed.
    response = await owner.post("/go", {"q": number.lower().replace("-", " ")})
    assert response.headers["location"] == f"/console/support/{number}"
    response = await house.stranger().client.get(f"/console/support/{number}")
    assert response.headers["location"].startswith("/console/sign-in?next=")


async def test_an_anonymous_case_is_its_accounts_once_support_has_found_its_record(house: House) -> None:
    account, owner, refused, _, _ = await a_refusal(house)
    desk = house.services.desk
    case_id = await send(house, None, request_id=refused)
    await owner.get(case_path(account, case_id), status=404)
    await desk.diagnosis.diagnose_due()
    await desk.cases.confirm(case_id, refused, principal=KIM)
    page = await owner.get(case_path(account, case_id))
    assert "Whoever sent it" in page
    assert "Group quota" in page
    await desk.cases.reject(case_id, refused, principal=KIM)
    await owner.get(case_path(account, case_id), status=404)


async def test_a_record_of_others_does_not_make_a_members_case_theirs(house: House) -> None:
    account, owner, refused, _, _ = await a_refusal(house)
    mine = await house.open_account("Mine")
    member = await house.member(mine)
    case_id = await send(house, mine, member, request_id=refused)
    await house.services.desk.diagnosis.diagnose_due()
    await house.services.desk.cases.confirm(case_id, refused, principal=KIM)
    await owner.get(case_path(account, case_id), status=404)
    page = await member.get(case_path(mine, case_id))
    assert 'id="told"' not in page


# A key that was pasted.


async def test_an_exposed_key_is_rotated_with_one_press_from_its_message(house: House) -> None:
    account = await house.open_account()
    owner, customer = await house.member(account), await with_key(house, account)
    intake = house.services.intake
    sent = Submission(
        problem="something_else", language=Language.EN, channel=Channel.FORM, fields=(("error_text", customer.token),)
    )
    await intake.send(sent, Sender(address="192.0.2.9"))
    assert await intake.exposed.tell() == 1
    [[facts]] = await rows(house, "SELECT facts FROM outbox WHERE kind = 'key_exposed'")
    link = link_of("", "key_exposed", {"account": show_id("account", account.account_id), **facts})
    page = await owner.get(link)
    assert "This key was pasted" in page
    assert customer.token not in page
    [action] = re.findall(r'<form method="post" action="([^"]*/rotate)"', page)
    response = await owner.post(action, {}, status=200)
    assert "sk-" in response.text
    # Whoever opens the message later has nothing to do.
    page = await owner.get(link)
    assert "It was rotated since" in page
    assert f'action="{action}"' not in page
    assert read_id("key", facts["key"]) == customer.key_id
