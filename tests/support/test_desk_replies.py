"""What is written to whoever reported a case: drafted from the records, checked before it goes, told once; and many at once."""

from __future__ import annotations

import asyncio

import pytest

from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.people_model import Person
from counterfoil.support.desk_model import CaseQuery, CaseView
from counterfoil.support.intake_model import Sender
from counterfoil.support.model import CaseEventKind, CaseState, Resolution
from counterfoil.support.replies import CASE_ANSWERED
from counterfoil.support.replies_rules import ObjectionKind
from counterfoil.support.rules import CaseError
from support.desk import KIM, LEE, SupportDesk, minute, shown


async def _objected(support: SupportDesk, view: CaseView, text: str) -> set[ObjectionKind]:
    return {one.kind for one in await support.desk.replies.check(view.case.case_id, text, principal=KIM)}


# -- one answer --------------------------------------------------------------------------------------------------------


async def test_a_draft_says_what_happened_with_the_numbers_in_the_case_s_language(support: SupportDesk) -> None:
    _, refused = await support.refused()
    for language, words in ((Language.EN, "Hello, about your case"), (Language.ZH, "您好，关于工单")):
        view = await support.confirmed("balance_not_enough", refused, request_id=refused, language=language)
        draft = await support.desk.replies.draft(view.case.case_id, principal=KIM)
        assert draft.startswith(f"{words} {view.case.number}")
        assert refused in draft
        # The quota was one dollar; the account's own people may read it.
        assert "1" in draft
        assert await support.desk.replies.check(view.case.case_id, draft, principal=KIM) == ()


async def test_a_draft_for_nobody_in_particular_has_no_numbers_of_an_account(support: SupportDesk) -> None:
    _, refused = await support.refused()
    view, _ = await support.diagnosed(request_id=refused)
    draft = await support.desk.replies.draft(view.case.case_id, principal=KIM)
    assert refused not in draft
    assert "Skunkworks" not in draft
    assert "USD" not in draft


async def test_every_draft_of_a_confirmed_record_passes_its_own_check(support: SupportDesk) -> None:
    customer, refused = await support.refused()
    assert support.shop is not None
    charged = await support.charged("Bolt", email="zoe@example.org")
    failed = await support.shop.failed(charged[0])
    order = await support.bank_order(customer.account_id)
    paid = await support.paid_order(customer.account_id, "300")
    now = support.services.clock.now()
    mask = (await support.services.limits.find_key(account_id=charged[0].account_id, key_id=charged[0].key_id)).mask
    for problem, subject, fields in (
        ("balance_not_enough", refused, {"request_id": refused}),
        ("failed_perhaps_charged", failed, {"request_id": failed}),
        ("something_else", charged[1], {"request_id": charged[1]}),
        ("recharged_not_credited", shown(order), {"order_mask": f"…{order.order_id.hex[-4:]}", "account_email": "lin@example.com"}),
        ("recharged_not_credited", shown(paid), {"order_mask": f"…{paid.order_id.hex[-4:]}", "account_email": "lin@example.com"}),
        ("balance_fell", None, {"time_window": f"{minute(now - 3_600_000_000)} - {minute(now + 60_000_000)}", "key_mask": mask}),
    ):  # fmt: skip
        for language in Language:
            view, _ = await support.diagnosed(problem, language=language, **fields)
            assert view.search is not None, problem
            chosen = subject or view.search.candidates[0].subject
            await support.desk.cases.confirm(view.case.case_id, chosen, principal=KIM)
            draft = await support.desk.replies.draft(view.case.case_id, principal=KIM)
            objections = await support.desk.replies.check(view.case.case_id, draft, principal=KIM)
            assert objections == (), (problem, language, draft)
            sent = await support.desk.replies.send(view.case.case_id, draft, principal=KIM)
            assert sent.number == view.case.number


async def test_an_answer_is_kept_and_the_account_s_people_are_told_once(support: SupportDesk) -> None:
    customer, refused = await support.refused()
    view = await support.confirmed("balance_not_enough", refused, request_id=refused)
    text = f"Hello, {refused} was refused by the group's own quota."
    case = await support.desk.replies.send(view.case.case_id, text, principal=LEE)
    assert case.state is CaseState.DIAGNOSED
    replied = (await support.view(case.case_id)).events[-1]
    assert (replied.kind, replied.by, replied.text, replied.is_public) == (CaseEventKind.REPLIED, LEE.name, text, True)
    assert await support.told(CASE_ANSWERED) == [(customer.account_id, {"case": case.number})]
    await support.desk.replies.send(view.case.case_id, "One thing more: raise it on the Groups page.", principal=LEE)
    assert len(await support.told(CASE_ANSWERED)) == 2


async def test_nobody_is_told_of_an_answer_to_a_case_of_no_account(support: SupportDesk) -> None:
    view, receipt = await support.diagnosed("something_else", model="plain")
    await support.desk.replies.send(view.case.case_id, "Please look at the status page.", principal=KIM)
    assert await support.told(CASE_ANSWERED) == []
    # The link shows where the case is, and not what was written.
    assert "status page" not in repr(await support.services.intake.look(receipt.token))


async def test_what_must_not_go_out_is_objected_to_and_not_sent(support: SupportDesk) -> None:
    customer, refused = await support.refused()
    other, elsewhere = await support.refused("Bolt Industries", email="zoe@example.org")
    view = await support.confirmed("balance_not_enough", refused, request_id=refused)
    other_account = show_id("account", other.account_id)
    for text, kind in (
        (f"use {customer.token} again", ObjectionKind.SECRET),
        (f"the same as {elsewhere}", ObjectionKind.OTHER_ACCOUNT),
        (f"the same as {elsewhere.upper()}", ObjectionKind.OTHER_ACCOUNT),
        (f"account {other_account} has it too", ObjectionKind.OTHER_ACCOUNT),
        ("zoe@example.org has it too", ObjectionKind.OTHER_ACCOUNT),
        ("nobody@nowhere.example has it too", ObjectionKind.OTHER_ACCOUNT),
        (f"req_{support.services.clock.new_id().hex} has it too", ObjectionKind.OTHER_ACCOUNT),
        ("it was sent to WHOLESALE_7", ObjectionKind.UPSTREAM),
        ("the upstream was slow", ObjectionKind.ROUTING),
        ("we guarantee that", ObjectionKind.PROMISE),
        ("we will refund you", ObjectionKind.PROMISE),
    ):
        # Its name is a word for routing as well.
        words = {ObjectionKind.ROUTING} if kind is ObjectionKind.UPSTREAM else set()
        assert await _objected(support, view, text) - words == {kind}, text
        with pytest.raises(Conflict) as raised:
            await support.desk.replies.send(view.case.case_id, text, principal=KIM)
        assert raised.value.code == CaseError.REPLY_OBJECTED
        assert customer.token not in repr(raised.value.__dict__)
    assert CaseEventKind.REPLIED not in await support.events(view.case.case_id)
    assert await support.told(CASE_ANSWERED) == []
    account = show_id("account", customer.account_id)
    key = show_id("key", customer.key_id)
    own = f"{refused} of lin@example.com on {account}, key {key}, case {show_id('case', view.case.case_id)}"
    assert await _objected(support, view, own) == set()


async def test_the_account_of_another_candidate_is_named_to_nobody(support: SupportDesk) -> None:
    _, refused = await support.refused("Acme")
    await support.refused("Bolt Industries", email="zoe@example.org")
    view, _ = await support.diagnosed(request_time=minute(support.services.clock.now()), nickname="lin", model="plain")
    assert view.search is not None
    assert len({one.account_id for one in view.search.candidates}) == 2
    await support.desk.cases.confirm(view.case.case_id, refused, principal=KIM)
    assert await _objected(support, view, "Bolt industries has it too") == {ObjectionKind.OTHER_ACCOUNT}
    assert await _objected(support, view, "Acme's own quota refused it") == set()


async def test_what_is_found_for_somebody_else_is_named_only_if_they_have_named_it(support: SupportDesk) -> None:
    mine, (_, theirs) = await support.account("Bolt", email="zoe@example.org"), await support.refused()
    visitor = await support.house.member(mine)
    assert visitor.person is not None
    sender = Sender(
        address="198.51.100.7", person_id=visitor.person.person_id, account_id=mine.account_id, name="zoe@example.org"
    )
    named = await support.confirmed("balance_not_enough", theirs, request_id=theirs, sender=sender)
    at = minute(support.services.clock.now())
    guessed = await support.confirmed(
        "balance_not_enough", theirs, request_time=at, account="lin", model="plain", sender=sender
    )
    text = f"It was {theirs}."
    assert await _objected(support, named, text) == set()
    assert await _objected(support, guessed, text) == {ObjectionKind.OTHER_ACCOUNT}


async def test_an_answer_is_a_page_of_text_and_to_a_case_that_is_open(support: SupportDesk) -> None:
    view, _ = await support.diagnosed("something_else", model="plain")
    for text in ("", "  ", "x" * 8_001, "a\x00b"):
        with pytest.raises(InputError):
            await support.desk.replies.send(view.case.case_id, text, principal=KIM)
    await support.desk.cases.close(view.case.case_id, principal=KIM)
    with pytest.raises(Conflict) as raised:
        await support.desk.replies.send(view.case.case_id, "Hello.", principal=KIM)
    assert raised.value.code == CaseError.IS_OVER


# -- many at once ------------------------------------------------------------------------------------------------------


async def test_reports_of_one_cause_are_a_group_and_a_person_may_say_otherwise(support: SupportDesk) -> None:
    _, refused = await support.refused()
    _, elsewhere = await support.refused("Bolt", email="zoe@example.org")
    first, second, other = [
        (await support.diagnosed(request_id=one))[0] for one in (refused, refused, elsewhere)
    ]  # fmt: skip
    group = first.case.group_id
    assert group is not None
    assert (second.case.group_id, other.case.group_id == group) == (group, False)
    joined = await support.desk.cases.group(other.case.case_id, group, principal=KIM)
    assert joined.group_id == group
    assert {one.case_id for one in (await support.view(first.case.case_id)).together} == {
        second.case.case_id, other.case.case_id
    }  # fmt: skip
    assert (await support.desk.cases.ungroup(other.case.case_id, principal=KIM)).group_id is None
    assert (await support.desk.cases.ungroup(other.case.case_id, principal=KIM)).group_id is None
    alone = await support.desk.cases.group(other.case.case_id, None, principal=KIM)
    assert alone.group_id not in (None, group)
    with pytest.raises(NotFound) as raised:
        await support.desk.cases.group(first.case.case_id, support.services.clock.new_id(), principal=KIM)
    assert raised.value.code == CaseError.GROUP_NOT_FOUND
    assert (await support.view(first.case.case_id)).case.group_id == group
    counted = await support.rows("SELECT cases FROM case_groups ORDER BY cases")
    assert counted == [(0,), (1,), (2,)]


async def test_cases_that_change_groups_at_once_wait_for_each_other_in_one_order(support: SupportDesk) -> None:
    views = [(await support.diagnosed("something_else", model=f"plain-{number}"))[0] for number in range(2)]
    groups = [one.case.group_id for one in views]
    for turn in range(10):
        moved = zip(views, groups if turn % 2 else reversed(groups), strict=True)
        await asyncio.gather(*(support.desk.cases.group(one.case.case_id, to, principal=KIM) for one, to in moved))
    assert await support.rows("SELECT cases FROM case_groups") == [(1,), (1,)]


async def test_what_two_people_write_of_one_outage_is_a_group_in_either_language(support: SupportDesk) -> None:
    for one, other in (
        ("任务失败了，提示模型服务暂时不可用，请稍后重试", "提示模型服务暂时不可用，请稍后再试，任务失败"),
        ("video task failed: the service cannot be reached, try again later",
         "Video tasks failing - service cannot be reached. Try again later!"),
    ):  # fmt: skip
        first, _ = await support.diagnosed(
            "failed_perhaps_charged", failure_reason=one, request_time="2026-01-02 10:00"
        )
        second, _ = await support.diagnosed(
            "failed_perhaps_charged", failure_reason=other, request_time="2026-01-02 10:09"
        )
        assert first.case.group_id is not None
        assert second.case.group_id == first.case.group_id


async def test_many_are_answered_with_one_snippet_each_with_its_own_facts(support: SupportDesk) -> None:
    one_customer, refused = await support.refused()
    other_customer, elsewhere = await support.refused("Bolt", email="zoe@example.org")
    views = [
        await support.confirmed("balance_not_enough", one, request_id=one) for one in (refused, elsewhere)
    ]  # fmt: skip
    nobody, _ = await support.diagnosed("something_else", model="plain")
    over, _ = await support.diagnosed("something_else", model="plain", caller="n8n")
    await support.desk.cases.resolve(over.case.case_id, Resolution.ANSWERED, principal=KIM)
    ids = [*(one.case.case_id for one in views), nobody.case.case_id, over.case.case_id, views[0].case.case_id]
    sent = await support.desk.replies.send_to_many(ids, "About {case}: {record} was refused.", principal=KIM)
    assert [(one.is_sent, one.code) for one in sent] == [
        (True, None), (True, None), (False, CaseError.FACT_MISSING), (False, CaseError.FACT_MISSING),
    ]  # fmt: skip
    assert [(await support.view(one.case.case_id)).events[-1].text for one in views] == [
        f"About {one.case.number}: {subject} was refused." for one, subject in zip(views, (refused, elsewhere), strict=True)
    ]  # fmt: skip
    assert [account for account, _ in await support.told(CASE_ANSWERED)] == [
        one_customer.account_id, other_customer.account_id
    ]  # fmt: skip
    # What may not go out to one may go out to another: each is checked for itself.
    sent = await support.desk.replies.send_to_many(ids[:2], f"It is {refused}.", principal=KIM)
    assert [one.is_sent for one in sent] == [True, False]
    assert {one.kind for one in sent[1].objections} == {ObjectionKind.OTHER_ACCOUNT}
    again = await support.desk.replies.send_to_many([over.case.case_id], "Hello {case}.", principal=KIM)
    assert [(one.is_sent, one.code) for one in again] == [(False, CaseError.IS_OVER)]


async def test_a_snippet_that_cannot_be_read_goes_to_nobody(support: SupportDesk) -> None:
    view, _ = await support.diagnosed("something_else", model="plain")
    for snippet in ("Hello {case", "Hello {case.number}", " "):
        with pytest.raises(InputError):
            await support.desk.replies.send_to_many([view.case.case_id], snippet, principal=KIM)
    with pytest.raises(InputError):
        await support.desk.replies.send_to_many([view.case.case_id] * 201, "Hello {case}.", principal=KIM)
    assert CaseEventKind.REPLIED not in await support.events(view.case.case_id)


# -- saved searches ----------------------------------------------------------------------------------------------------


async def test_a_search_of_the_queue_is_kept_under_a_name_by_its_owner(support: SupportDesk) -> None:
    kim, lee = [await _person(support, name) for name in ("kim", "lee")]
    query = CaseQuery(states=(CaseState.NEW,), problem="balance_fell", owner="", is_open=True)
    cases = support.desk.cases
    mine = await cases.save_search("Late ones", query, person_id=kim.person_id, is_shared=False)
    shared = await cases.save_search("All", CaseQuery(), person_id=lee.person_id, is_shared=True)
    assert [(one.name, one.query) for one in await cases.saved_searches(kim.person_id)] == [
        ("All", CaseQuery()), ("Late ones", query)
    ]  # fmt: skip
    assert [one.name for one in await cases.saved_searches(lee.person_id)] == ["All"]
    await cases.save_search("Late ones", CaseQuery(cause="x"), person_id=kim.person_id, is_shared=False)
    assert [one.query for one in await cases.saved_searches(kim.person_id) if one.name == "Late ones"] == [
        CaseQuery(cause="x")
    ]
    with pytest.raises(NotFound) as raised:
        await cases.forget_search(shared.search_id, person_id=kim.person_id)
    assert raised.value.code == CaseError.SEARCH_NOT_FOUND
    await cases.forget_search(mine.search_id, person_id=kim.person_id)
    assert [one.name for one in await cases.saved_searches(kim.person_id)] == ["All"]


async def _person(support: SupportDesk, name: str) -> Person:
    visitor = await support.house.staff()
    assert visitor.person is not None, name
    return visitor.person
