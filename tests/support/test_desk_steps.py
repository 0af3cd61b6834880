"""A case from its arrival until it is settled, step by step: each is an event, and two at once are two."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import psycopg
import pytest

from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, NotFound
from counterfoil.foundation.vocabulary import Kind, find_entry
from counterfoil.identity.access import Principal, StaffRole
from counterfoil.support import rules
from counterfoil.support.desk_model import CaseQuery, HandOver
from counterfoil.support.intake_model import LinkView, Sender
from counterfoil.support.model import Case, CaseEventKind, CaseState, Priority, Resolution
from counterfoil.support.rules import CaseError
from support.desk import ENGINEER, KIM, LEE, SENDER, SupportDesk

_HOUR = 3_600_000_000


def _to(support: SupportDesk, state: CaseState, **more: object) -> HandOver:
    until = support.services.clock.now() + 4 * _HOUR
    return HandOver(to=state, asks="is the charge right?", until=until, checked=("charge_mark",), **more)  # type: ignore[arg-type]


# -- which record it is ------------------------------------------------------------------------------------------------


async def test_a_person_confirms_the_record_and_its_account_becomes_the_case_s(support: SupportDesk) -> None:
    customer, refused = await support.refused()
    view = await support.confirmed("balance_not_enough", refused, request_id=refused)
    assert (view.case.subject, view.case.account_id, view.case.cause) == (
        refused, customer.account_id, "group_quota_reached",
    )  # fmt: skip
    assert view.events[-1].kind is CaseEventKind.RECORD_CONFIRMED
    assert (view.events[-1].by, view.events[-1].facts["subject"]) == (KIM.name, refused)


async def test_only_what_was_found_can_be_confirmed(support: SupportDesk) -> None:
    _, refused = await support.refused()
    _, elsewhere = await support.refused("Bolt", email="zoe@example.org")
    view, _ = await support.diagnosed(request_id=refused)
    for subject in (elsewhere, "req_nothing", "' OR 1=1"):
        with pytest.raises(InputError) as raised:
            await support.desk.cases.confirm(view.case.case_id, subject, principal=KIM)
        assert raised.value.code == CaseError.NOT_A_CANDIDATE


async def test_a_rejected_record_is_the_case_s_no_more(support: SupportDesk) -> None:
    _, refused = await support.refused()
    view = await support.confirmed("balance_not_enough", refused, request_id=refused)
    case = await support.desk.cases.reject(view.case.case_id, refused, principal=LEE)
    assert (case.subject, case.account_id, case.cause) == (None, None, None)
    assert (await support.events(case.case_id))[-1] is CaseEventKind.RECORD_REJECTED


async def test_whoever_was_signed_in_keeps_their_account_and_hears_nothing_of_another_s_record(
    support: SupportDesk,
) -> None:
    mine, (_, theirs) = await support.account("Bolt", email="zoe@example.org"), await support.refused()
    visitor = await support.house.member(mine)
    assert visitor.person is not None
    sender = Sender(
        address="198.51.100.7", person_id=visitor.person.person_id, account_id=mine.account_id, name="zoe@example.org"
    )
    view = await support.confirmed("balance_not_enough", theirs, request_id=theirs, sender=sender)
    assert (view.case.subject, view.case.account_id) == (theirs, mine.account_id)
    draft = await support.desk.replies.draft(view.case.case_id, principal=KIM)
    assert "no record was found" in draft
    for secret in (theirs, "Skunkworks", "Acme"):
        assert secret not in draft
    facts = await support.desk.replies.facts(view.case.case_id, principal=KIM)
    assert facts.keys() == {"case", "problem"}
    with pytest.raises(CounterfoilError):
        await support.desk.settling.refund(view.case.case_id, reason="x", principal=KIM)
    rejected = await support.desk.cases.reject(view.case.case_id, theirs, principal=KIM)
    assert (rejected.subject, rejected.account_id) == (None, mine.account_id)


async def test_of_two_colleagues_who_confirm_at_once_both_are_on_record(support: SupportDesk) -> None:
    _, refused = await support.refused()
    view, _ = await support.diagnosed(request_id=refused)
    await asyncio.gather(*(support.desk.cases.confirm(view.case.case_id, refused, principal=one) for one in (KIM, LEE)))
    events = (await support.view(view.case.case_id)).events
    assert [one.event_no for one in events] == list(range(1, len(events) + 1))
    assert {one.by for one in events if one.kind is CaseEventKind.RECORD_CONFIRMED} == {KIM.name, LEE.name}


# -- beside the state --------------------------------------------------------------------------------------------------


async def test_a_note_is_kept_without_its_secret_and_shown_to_nobody_outside(support: SupportDesk) -> None:
    customer, refused = await support.refused()
    view, receipt = await support.diagnosed(request_id=refused)
    await support.desk.cases.note(view.case.case_id, f"their key is {customer.token}, look", principal=KIM)
    noted = (await support.view(view.case.case_id)).events[-1]
    assert (noted.kind, noted.is_public) == (CaseEventKind.NOTED, False)
    assert noted.text is not None
    assert noted.text.endswith(", look")
    assert customer.token not in await support.everything()
    looked = await support.services.intake.look(receipt.token)
    assert "look" not in repr(looked)


async def test_somebody_takes_a_case_on_and_gives_it_up(support: SupportDesk) -> None:
    view, _ = await support.diagnosed(request_id=f"req_{support.services.clock.new_id().hex}")
    case_id = view.case.case_id
    assert (await support.desk.cases.assign(case_id, KIM.name, principal=KIM)).owner == KIM.name
    mine = await support.desk.cases.queue(CaseQuery(owner=KIM.name), principal=KIM)
    assert [one.case_id for one in mine] == [case_id]
    assert (await support.desk.cases.assign(case_id, None, principal=LEE)).owner is None
    nobody = await support.desk.cases.queue(CaseQuery(owner=""), principal=KIM)
    assert [one.case_id for one in nobody] == [case_id]


async def test_the_deadline_moves_with_the_priority_and_the_queue_is_in_its_order(support: SupportDesk) -> None:
    first, _ = await support.sent(request_id=f"req_{support.services.clock.new_id().hex}")
    second, _ = await support.sent(request_id=f"req_{support.services.clock.new_id().hex}")
    assert first.due_at - first.created_at == 12 * _HOUR
    changed = await support.desk.cases.set_priority(second.case_id, Priority.URGENT, principal=KIM)
    assert changed.due_at - second.created_at == 3 * _HOUR
    queue = await support.desk.cases.queue(CaseQuery(is_open=True), principal=KIM)
    assert [one.case_id for one in queue] == [second.case_id, first.case_id]
    page = await support.desk.cases.queue(
        CaseQuery(is_open=True), principal=KIM, after=(queue[0].due_at, queue[0].case_id)
    )
    assert [one.case_id for one in page] == [first.case_id]
    late = CaseQuery(due_before=second.created_at + 4 * _HOUR)
    assert [one.case_id for one in await support.desk.cases.queue(late, principal=KIM)] == [second.case_id]


async def test_the_queue_is_narrowed_by_each_thing_that_can_be_asked(support: SupportDesk) -> None:
    customer, refused = await support.refused()
    view = await support.confirmed("balance_not_enough", refused, request_id=refused)
    await support.diagnosed("balance_fell", time_window="2026-01-01 10:00", caller="n8n")
    case = view.case
    for query in (
        CaseQuery(states=(CaseState.DIAGNOSED,), problem="balance_not_enough"), CaseQuery(cause="group_quota_reached"),
        CaseQuery(account_id=customer.account_id), CaseQuery(group_id=case.group_id), CaseQuery(text=case.number.lower()),
        CaseQuery(text=case.number[:7]), CaseQuery(text=refused), CaseQuery(priority=Priority.NORMAL, cause="group_quota_reached"),
    ):  # fmt: skip
        found = await support.desk.cases.queue(query, principal=KIM)
        assert [one.case_id for one in found] == [case.case_id], query
    assert await support.desk.cases.queue(CaseQuery(priority=Priority.LOW), principal=KIM) == []
    assert len(await support.desk.cases.queue(CaseQuery(), principal=KIM)) == 2


async def test_what_is_counted_is_what_is_open(support: SupportDesk) -> None:
    for _ in range(2):
        await support.sent(request_id=f"req_{support.services.clock.new_id().hex}")
    view, _ = await support.diagnosed("something_else", model="plain")
    await support.desk.cases.close(view.case.case_id, principal=KIM)
    counts = await support.desk.cases.counts()
    assert [(one.state, one.problem, one.count, one.late) for one in counts] == [
        (CaseState.DIAGNOSED, "balance_not_enough", 2, 0)
    ]


# -- asked and answered ------------------------------------------------------------------------------------------------


async def test_a_question_goes_to_the_link_and_its_answer_back_to_the_queue(support: SupportDesk) -> None:
    _, refused = await support.refused()
    view, receipt = await support.diagnosed("balance_not_enough", model="plain", key_mask="sk-…0000")
    case = await support.desk.cases.ask(
        view.case.case_id, ("request_id", "request_id"), "Which call was it?", principal=KIM
    )
    assert case.state is CaseState.WAITING_FOR_CUSTOMER
    looked = await support.services.intake.look(receipt.token)
    assert [one.fields for one in looked.questions][-1] == ("request_id",)
    assert looked.questions[-1].text == "Which call was it?"
    answered = await support.answer(receipt, request_id=refused)
    assert (answered.state, answered.questions) == (CaseState.NEW, ())
    assert await support.desk.diagnosis.diagnose_due() == 1
    found = await support.view(case.case_id)
    assert found.case.state is CaseState.DIAGNOSED
    assert found.search is not None
    assert found.search.candidates[0].subject == refused
    # What was said at first is still there, beside what was added.
    assert found.case.values == {"model": "plain", "key_mask": "sk-…0000", "request_id": refused}


async def test_an_answer_to_what_intake_asked_makes_it_new_until_it_was_searched(support: SupportDesk) -> None:
    await support.account()
    case, receipt = await support.sent("recharged_not_credited", amount="700 CNY", payment_method="bank")
    assert case.state is CaseState.WAITING_FOR_CUSTOMER
    view = await support.answer(receipt, account_email="lin@example.com", order_time="2026-11-24 10:00")
    assert view.state is CaseState.NEW
    await support.desk.diagnosis.diagnose_due()
    assert (await support.view(case.case_id)).case.state is CaseState.DIAGNOSED


@pytest.mark.parametrize(
    ("fields", "text"), [((), None), (("password",), None), (("request_id",) * 2 + ("no_such_field",), "x"), ((), " ")]
)
async def test_only_fields_of_evidence_are_asked_for(
    support: SupportDesk, fields: tuple[str, ...], text: str | None
) -> None:
    view, _ = await support.diagnosed("something_else", model="plain")
    with pytest.raises(InputError):
        await support.desk.cases.ask(view.case.case_id, fields, text, principal=KIM)


# -- other desks -------------------------------------------------------------------------------------------------------


async def test_a_case_is_handed_over_with_what_was_checked_and_comes_back(support: SupportDesk) -> None:
    view, _ = await support.diagnosed("something_else", model="plain")
    case_id = view.case.case_id
    over = _to(support, CaseState.WITH_FINANCE, bundle="bundle-2026-11")
    case = await support.desk.cases.hand_over(case_id, over, principal=KIM)
    assert case.state is CaseState.WITH_FINANCE
    assert case.due_at == view.case.due_at
    handed = (await support.view(case_id)).events[-1]
    assert (handed.kind, handed.text, handed.is_public) == (CaseEventKind.HANDED_OVER, over.asks, False)
    assert handed.facts == {
        "until": str(over.until), "checked": "charge_mark", "bundle": "bundle-2026-11", "state": "with_finance"
    }  # fmt: skip
    with pytest.raises(Conflict) as raised:
        await support.desk.cases.hand_over(case_id, _to(support, CaseState.WITH_FINANCE), principal=KIM)
    assert raised.value.code == CaseError.ALREADY_THERE
    back = await support.desk.cases.hand_back(case_id, "paid twice", principal=LEE)
    assert back.state is CaseState.DIAGNOSED
    with pytest.raises(Conflict) as raised:
        await support.desk.cases.hand_back(case_id, "again", principal=LEE)
    assert raised.value.code == CaseError.WITH_SUPPORT


async def test_a_hand_over_says_by_when_and_what_was_checked(support: SupportDesk) -> None:
    view, _ = await support.diagnosed("something_else", model="plain")
    now = support.services.clock.now()
    for broken in (
        HandOver(to=CaseState.WITH_FINANCE, asks="?", until=now - 1),
        HandOver(to=CaseState.WITH_FINANCE, asks="?", until=now + 91 * 24 * _HOUR),
        HandOver(to=CaseState.WITH_FINANCE, asks="?", until=now + _HOUR, checked=("a sentence",)),
        HandOver(to=CaseState.WITH_FINANCE, asks=" ", until=now + _HOUR),
        HandOver(to=CaseState.DIAGNOSED, asks="?", until=now + _HOUR),
    ):
        with pytest.raises(InputError):
            await support.desk.cases.hand_over(view.case.case_id, broken, principal=KIM)
    assert (await support.view(view.case.case_id)).case == view.case


async def test_engineering_sees_what_was_handed_to_it_and_nothing_else(support: SupportDesk) -> None:
    _, refused = await support.refused()
    views = [(await support.diagnosed(request_id=refused))[0] for _ in range(2)]
    handed, kept = (one.case.case_id for one in views)
    cases = support.desk.cases
    calls: tuple[Callable[[UUID], Awaitable[object]], ...] = (
        lambda one: cases.view(one, principal=ENGINEER),
        lambda one: cases.note(one, "seen", principal=ENGINEER),
        lambda one: cases.hand_back(one, "it is mended", principal=ENGINEER),
        lambda one: support.desk.replies.draft(one, principal=ENGINEER),
        lambda one: support.desk.settling.compensate(one, amount=1, reason="x", principal=ENGINEER),
    )
    for call in calls:
        for one in (handed, kept):
            with pytest.raises(NotFound) as raised:
                await call(one)
            assert raised.value.code == CaseError.NOT_FOUND
    assert await cases.queue(CaseQuery(), principal=ENGINEER) == []
    await cases.hand_over(handed, _to(support, CaseState.WITH_ENGINEERING), principal=KIM)
    seen = await cases.view(handed, principal=ENGINEER)
    # The other case of its group was not handed over.
    assert (seen.case.group_id, seen.together) == (views[1].case.group_id, ())
    assert [one.case_id for one in (await support.view(handed)).together] == [kept]
    assert [one.case_id for one in await cases.queue(CaseQuery(), principal=ENGINEER)] == [handed]
    await cases.hand_back(handed, "it is mended", principal=ENGINEER)
    assert (await cases.case(handed, principal=ENGINEER)).state is CaseState.DIAGNOSED
    with pytest.raises(NotFound):
        await cases.view(kept, principal=ENGINEER)
    both = Principal(name="x", staff_roles=frozenset({StaffRole.ENGINEERING, StaffRole.SUPPORT}))
    assert await cases.view(kept, principal=both)


# -- the end -----------------------------------------------------------------------------------------------------------


async def test_a_case_is_resolved_closed_and_opened_again(support: SupportDesk) -> None:
    _, refused = await support.refused()
    view, receipt = await support.diagnosed(request_id=refused)
    cases, case_id = support.desk.cases, view.case.case_id
    resolved = await cases.resolve(case_id, Resolution.WORKS_AS_INTENDED, principal=KIM)
    assert (resolved.state, resolved.resolution) == (CaseState.RESOLVED, Resolution.WORKS_AS_INTENDED)
    for refusing in (
        cases.resolve(case_id, Resolution.ANSWERED, principal=KIM), cases.assign(case_id, "kim", principal=KIM),
        cases.ask(case_id, ("model",), None, principal=KIM), cases.confirm(case_id, refused, principal=KIM),
        cases.ungroup(case_id, principal=KIM),
    ):  # fmt: skip
        with pytest.raises(Conflict) as raised:
            await refusing
        assert raised.value.code == CaseError.IS_OVER
    # Whoever reported it says by their link that it is not.
    opened = await support.services.intake.reopen(receipt.token, [("answer", "it happened again")], SENDER)
    assert isinstance(opened, LinkView)
    assert opened.state is CaseState.DIAGNOSED
    with pytest.raises(Conflict) as raised:
        await cases.reopen(case_id, "still", principal=KIM)
    assert raised.value.code == CaseError.IS_OPEN
    await cases.resolve(case_id, Resolution.DUPLICATE, principal=KIM)
    assert (await cases.close(case_id, principal=KIM)).state is CaseState.CLOSED
    with pytest.raises(Conflict) as raised:
        await cases.close(case_id, principal=KIM)
    assert raised.value.code == CaseError.IS_CLOSED
    again = await cases.reopen(case_id, "a colleague called", principal=LEE)
    assert (again.state, again.resolution) == (CaseState.DIAGNOSED, None)
    assert again.due_at > view.case.due_at
    assert await support.desk.diagnosis.diagnose_due() == 1
    # What staff wrote on opening it is theirs; what the customer wrote is not hidden from them.
    reopened = [one for one in (await support.view(case_id)).events if one.kind is CaseEventKind.REOPENED]
    assert [(one.by, one.is_public) for one in reopened] == [("customer", True), (LEE.name, False)]


@pytest.mark.parametrize("resolution", sorted(rules.BY_MONEY))
async def test_nothing_is_called_paid_that_no_approval_has_posted(support: SupportDesk, resolution: Resolution) -> None:
    view, _ = await support.diagnosed("something_else", model="plain")
    with pytest.raises(Conflict) as raised:
        await support.desk.cases.resolve(view.case.case_id, resolution, principal=KIM)
    assert raised.value.code == CaseError.SETTLED_BY_MONEY


async def test_of_two_who_resolve_at_once_one_has(support: SupportDesk) -> None:
    view, _ = await support.diagnosed("something_else", model="plain")
    answers = await asyncio.gather(
        *(
            support.desk.cases.resolve(view.case.case_id, one, principal=KIM)
            for one in (Resolution.ANSWERED, Resolution.NOT_REPRODUCIBLE)
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in answers) == ["Case", "Conflict"]
    done = next(one for one in answers if isinstance(one, Case))
    assert (await support.view(view.case.case_id)).case.resolution is done.resolution
    assert (await support.events(view.case.case_id)).count(CaseEventKind.RESOLVED) == 1


async def test_a_step_that_is_cut_off_leaves_nothing_behind(
    support: SupportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, _ = await support.diagnosed("something_else", model="plain")
    with monkeypatch.context() as patched:

        async def cut(*_: object, **__: object) -> None:
            raise psycopg.OperationalError("the server has gone")

        patched.setattr("counterfoil.support.cases_store.insert_event", cut)
        with pytest.raises(Exception, match=r"gone|unavailable|database"):
            await support.desk.cases.resolve(view.case.case_id, Resolution.ANSWERED, principal=KIM)
    after = await support.view(view.case.case_id)
    assert (after.case, after.events) == (view.case, view.events)


async def test_a_case_that_is_not_there_is_not_found_by_any_step(support: SupportDesk) -> None:
    cases, nothing = support.desk.cases, UUID(int=7)
    for call in (
        cases.view(nothing, principal=KIM), cases.case(nothing, principal=KIM), cases.note(nothing, "x", principal=KIM),
        cases.confirm(nothing, "req_x", principal=KIM), cases.resolve(nothing, Resolution.ANSWERED, principal=KIM),
        cases.group(nothing, None, principal=KIM), cases.set_priority(nothing, Priority.LOW, principal=KIM),
        support.desk.replies.send(nothing, "hello", principal=KIM), support.desk.purging.purge(nothing, by=KIM, why="asked"),
    ):  # fmt: skip
        with pytest.raises(NotFound) as raised:
            await call
        assert raised.value.code == CaseError.NOT_FOUND


def test_every_refusal_has_its_words() -> None:
    assert [one for one in CaseError if find_entry(Kind.ERROR, one.value) is None] == []
