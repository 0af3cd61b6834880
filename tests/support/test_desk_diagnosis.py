"""What has come in is searched, explained and put with its like; nothing is confirmed by itself."""

from __future__ import annotations

import asyncio

import pytest

from counterfoil.support import diagnosis as diagnosis_module
from counterfoil.support import search_store
from counterfoil.support.model import Agreement, CaseEventKind, CaseState
from support.desk import KIM, SupportDesk, minute, shown


async def test_a_refused_call_is_found_by_its_id_and_explained(support: SupportDesk) -> None:
    _, refused = await support.refused()
    view, _ = await support.diagnosed(request_id=refused, status_code="402")
    assert view.case.state is CaseState.DIAGNOSED
    assert view.case.cause == "group_quota_reached"
    assert view.case.subject is None
    assert view.case.account_id is None
    assert view.search is not None
    best = view.search.candidates[0]
    assert (best.subject, best.cause) == (refused, "group_quota_reached")
    assert {one.field: one.agreement for one in best.fields} == {
        "request_id": Agreement.EXACT, "status_code": Agreement.EXACT
    }  # fmt: skip
    assert view.search.explanation is not None
    assert view.search.explanation["code"] == "group_quota"
    assert [one.kind for one in view.events] == [
        CaseEventKind.ARRIVED, CaseEventKind.SEARCHED, CaseEventKind.DIAGNOSED, CaseEventKind.GROUPED,
    ]  # fmt: skip
    assert not any(one.is_public for one in view.events)


async def test_without_an_id_who_when_and_what_are_enough(support: SupportDesk) -> None:
    _, refused = await support.refused()
    await support.refused("Bolt", email="zoe@example.org")
    at = minute(support.services.clock.now())
    view, _ = await support.diagnosed(request_time=at, nickname="lin", model="plain", status_code="402")
    assert view.search is not None
    assert view.search.candidates[0].subject == refused


async def test_an_order_that_was_not_credited_is_found_by_its_mask_and_amount(support: SupportDesk) -> None:
    account, other = await support.account(), await support.account("Bolt", email="zoe@example.org")
    order = await support.bank_order(account.account_id)
    await support.bank_order(other.account_id)
    view, _ = await support.diagnosed(
        "recharged_not_credited", account_email="lin@example.com", amount="700 CNY",
        order_time=minute(order.created_at), order_mask=f"…{order.order_id.hex[-4:]}",
    )  # fmt: skip
    assert view.search is not None
    best = view.search.candidates[0]
    assert (best.subject, best.kind, best.account_id) == (shown(order), "order", account.account_id)
    assert {one.agreement for one in best.fields} == {Agreement.EXACT}
    # Somebody named a person and an order: whether both are of one account is answered at once.
    assert view.search.same_account == "same"


async def test_whoever_names_a_person_and_another_s_order_is_told_apart(support: SupportDesk) -> None:
    account, _ = await support.account(), await support.account("Bolt", email="zoe@example.org")
    order = await support.bank_order(account.account_id)
    view, _ = await support.diagnosed(
        "recharged_not_credited", account_email="zoe@example.org", amount="700 CNY",
        order_time=minute(order.created_at), order_mask=f"…{order.order_id.hex[-4:]}",
    )  # fmt: skip
    assert view.search is not None
    assert view.search.candidates[0].subject == shown(order)
    assert view.search.same_account == "different"


@pytest.mark.parametrize("digits", [16, 20])
async def test_half_an_id_finds_its_call_by_either_half(support: SupportDesk, digits: int) -> None:
    _, refused = await support.refused()
    first, second = refused[: 4 + digits], refused[-digits:]
    at = minute(support.services.clock.now())
    for fields in (
        {"request_id": f"{first} (cut off)"}, {"error_text": f"记录 {first}（没复制全）"}, {"request_id": f"…{second}", "request_time": at},
        {"error_text": f"{refused[:20]} {refused[20:]}"},
    ):  # fmt: skip
        view, _ = await support.diagnosed(status_code="402", **fields)
        assert view.search is not None
        assert view.search.candidates[0].subject == refused


async def test_of_a_time_with_very_many_calls_the_last_are_looked_through(
    support: SupportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, refused = await support.refused()
    _, later = await support.refused("Bolt", email="zoe@example.org")
    monkeypatch.setattr(search_store, "LOOKED_THROUGH", 1)
    now = support.services.clock.now()
    async with support.services.database.reading() as connection:
        found = {
            shown_id: await search_store.requests_ending(
                connection, account_ids=[], start=0, end=now + 1_000_000, tail=shown_id[-16:], most=5
            )
            for shown_id in (refused, later)
        }
    assert [one.id.hex for one in found[later]] == [later.removeprefix("req_")]
    assert found[refused] == []


async def test_the_end_of_a_key_is_found_in_small_letters_and_among_words(support: SupportDesk) -> None:
    customer, refused = await support.refused()
    await support.refused("Bolt", email="zoe@example.org")
    end = customer.token[-4:]
    for fields in ({"key_mask": f"…{end.lower()}"}, {"error_text": f"用的sk-…{end}，怎么又断了"}):
        view, _ = await support.diagnosed(status_code="402", model="plain", **fields)
        assert view.search is not None
        assert view.search.candidates[0].subject == refused, fields


async def test_the_end_of_an_order_in_the_field_for_a_code_finds_the_order(support: SupportDesk) -> None:
    account = await support.account()
    order = await support.bank_order(account.account_id)
    await support.bank_order(account.account_id)
    view, _ = await support.diagnosed(
        "recharged_not_credited", user_number="1", code_last_four=f"尾号{order.order_id.hex[-4:]}", amount="700 CNY"
    )
    assert view.search is not None
    assert view.search.candidates[0].subject == shown(order)


async def test_whoever_speaks_of_a_day_and_no_call_finds_their_account(support: SupportDesk) -> None:
    customer, _ = await support.charged()
    view, _ = await support.diagnosed(
        "something_else", account="lin", message_shown="lin@example.com 不太对劲，今天一整天"
    )
    assert view.search is not None
    best = view.search.candidates[0]
    assert (best.kind, best.account_id) == ("account", customer.account_id)


async def test_what_nobody_has_leaves_a_case_without_candidates_but_diagnosed(support: SupportDesk) -> None:
    view, _ = await support.diagnosed(request_id=f"req_{support.services.clock.new_id().hex}", model="plain")
    assert view.case.state is CaseState.DIAGNOSED
    assert view.search is not None
    assert (view.search.candidates, view.search.explanation, view.case.cause) == ((), None, None)


async def test_an_error_text_alone_is_explained_in_general(support: SupportDesk) -> None:
    view, _ = await support.diagnosed(
        "something_else", error_text="Error code: 402 - {'error': {'code': 'group_quota'}}"
    )
    assert view.search is not None
    assert view.search.candidates == ()
    assert view.search.explanation is not None
    assert view.case.cause == "group_quota"


async def test_a_case_that_waits_for_its_customer_stays_there_while_it_is_searched(support: SupportDesk) -> None:
    await support.account()
    view, receipt = await support.diagnosed("recharged_not_credited", amount="700 CNY", payment_method="bank")
    assert receipt.questions
    assert view.case.state is CaseState.WAITING_FOR_CUSTOMER
    assert CaseEventKind.SEARCHED in [one.kind for one in view.events]


async def test_nothing_is_searched_twice_unless_something_was_added(support: SupportDesk) -> None:
    _, refused = await support.refused()
    view, _ = await support.diagnosed(request_id=refused)
    assert await support.desk.diagnosis.diagnose_due() == 0
    await support.desk.cases.search_again(view.case.case_id, principal=KIM)
    assert await support.desk.diagnosis.diagnose_due() == 1
    again = await support.view(view.case.case_id)
    assert again.search is not None
    assert again.search.search_no == 2
    assert [one.kind for one in again.events].count(CaseEventKind.DIAGNOSED) == 2


async def test_two_workers_at_once_search_each_case_once(support: SupportDesk) -> None:
    _, refused = await support.refused()
    for _ in range(6):
        await support.sent(request_id=refused)
    done = await asyncio.gather(*(support.desk.diagnosis.diagnose_due() for _ in range(3)))
    assert sum(done) == 6
    assert await support.rows("SELECT count(*), count(DISTINCT case_id), max(search_no) FROM case_searches") == [
        (6, 6, 1)
    ]
    # All six report one record.
    assert await support.rows("SELECT cases FROM case_groups") == [(6,)]


async def test_a_worker_that_dies_leaves_its_case_to_the_next(
    support: SupportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, refused = await support.refused()
    case, _ = await support.sent(request_id=refused)
    with monkeypatch.context() as patched:

        async def killed(*_: object) -> None:
            raise asyncio.CancelledError

        patched.setattr(diagnosis_module.Diagnosis, "_diagnose", killed)
        with pytest.raises(asyncio.CancelledError):
            await support.desk.diagnosis.diagnose_due()
    assert await support.desk.diagnosis.diagnose_due() == 0
    # As if the minutes had passed for which nobody else takes it.
    async with support.services.database.unit_of_work() as connection:
        await connection.execute("UPDATE cases SET search_due_at = 1")
    assert await support.desk.diagnosis.diagnose_due() == 1
    assert (await support.view(case.case_id)).case.state is CaseState.DIAGNOSED


async def test_a_case_that_cannot_be_searched_keeps_no_other_waiting(
    support: SupportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, refused = await support.refused()
    broken, _ = await support.sent(request_id=refused)
    fine, _ = await support.sent(request_id=refused)
    search = support.desk.diagnosis._search.search

    async def breaks(case: object) -> object:
        if getattr(case, "case_id", None) == broken.case_id:
            raise RuntimeError("cannot be read")
        return await search(case)  # type: ignore[arg-type]

    monkeypatch.setattr(support.desk.diagnosis._search, "search", breaks)
    assert await support.desk.diagnosis.diagnose_due() == 1
    assert (await support.view(fine.case_id)).case.state is CaseState.DIAGNOSED
    assert (await support.view(broken.case_id)).case.state is CaseState.NEW
    assert await support.rows("SELECT search_due_at IS NOT NULL FROM cases WHERE case_id = %s", broken.case_id) == [
        (True,)
    ]
