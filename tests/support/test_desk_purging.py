"""What people wrote for a case is taken out for good; its steps stay, and the audit trail says who did it and why."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.identity.audit_model import AuditKind
from counterfoil.support.model import CaseEventKind, CaseState, Priority
from counterfoil.support.purging import PURGED
from counterfoil.support.rules import CaseError
from support.desk import KIM, LEE, SENDER, SupportDesk

_SAID = ("mosquito-grey", "heron-white", "otter-brown", "lynx-amber", "stoat-red", "finch-green")


async def _closed(support: SupportDesk) -> tuple[UUID, str]:
    """A closed case with words of everybody in it."""
    field, answer, note, question, reply, reason = _SAID
    view, receipt = await support.diagnosed("something_else", error_text=f"it says {field}", model="plain")
    case_id, cases = view.case.case_id, support.desk.cases
    await cases.note(case_id, f"I think of {note}", principal=KIM)
    await cases.ask(case_id, ("message_shown",), f"What does {question} say?", principal=KIM)
    await support.answer(receipt, message_shown=f"only {answer}")
    await support.desk.diagnosis.diagnose_due()
    await support.desk.replies.send(case_id, f"It is about {reply}.", principal=KIM)
    await cases.close(case_id, principal=KIM)
    await cases.reopen(case_id, f"because of {reason}", principal=KIM)
    await cases.close(case_id, principal=KIM)
    return case_id, receipt.token


async def test_what_was_written_is_in_no_table_any_more(support: SupportDesk) -> None:
    case_id, token = await _closed(support)
    before = await support.everything()
    assert all(word in before for word in _SAID)
    steps = await support.events(case_id)
    case = await support.desk.purging.purge(case_id, by=LEE, why="the customer asked for it")
    assert (case.values, case.state, case.purged_at is not None) == ({}, CaseState.CLOSED, True)
    after = await support.everything()
    assert [word for word in _SAID if word in after] == []
    view = await support.view(case.case_id)
    assert [one.kind for one in view.events] == [*steps, CaseEventKind.PURGED]
    assert all(one.text is None for one in view.events)
    assert view.search is None
    # Its link is worth nothing any more.
    for call in (
        support.services.intake.look(token),
        support.services.intake.answer(token, [("answer", "hello")], SENDER),
        support.services.intake.reopen(token, [("answer", "hello")], SENDER),
    ):
        with pytest.raises(NotFound):
            await call


async def test_the_audit_trail_has_the_tombstone(support: SupportDesk) -> None:
    case_id, _ = await _closed(support)
    await support.desk.purging.purge(case_id, by=LEE, why="the customer asked for it")
    (event,) = await support.services.audit.list(what=PURGED)
    number = (await support.view(case_id)).case.number
    assert (event.kind, event.by, event.subject, event.why) == (
        AuditKind.DID, LEE.name, number, "the customer asked for it"
    )  # fmt: skip


async def test_a_purged_case_takes_no_further_step_but_a_note(support: SupportDesk) -> None:
    case_id, _ = await _closed(support)
    purging, cases = support.desk.purging, support.desk.cases
    await purging.purge(case_id, by=LEE, why="asked")
    for call in (
        purging.purge(case_id, by=LEE, why="again"), cases.reopen(case_id, "x", principal=KIM),
        cases.search_again(case_id, principal=KIM), cases.set_priority(case_id, Priority.LOW, principal=KIM),
        cases.confirm(case_id, "req_x", principal=KIM), support.desk.replies.send(case_id, "Hello.", principal=KIM),
    ):  # fmt: skip
        with pytest.raises((Conflict, InputError)) as raised:
            await call
        assert raised.value.code in (CaseError.PURGED, CaseError.NOT_A_CANDIDATE)
    assert (await cases.note(case_id, "purged on request", principal=KIM)).purged_at is not None
    assert await support.desk.diagnosis.diagnose_due() == 0


async def test_only_a_closed_case_is_purged_and_only_with_a_reason(support: SupportDesk) -> None:
    view, _ = await support.diagnosed("something_else", error_text="it says mosquito-grey")
    with pytest.raises(Conflict) as raised:
        await support.desk.purging.purge(view.case.case_id, by=LEE, why="asked")
    assert raised.value.code == CaseError.IS_OPEN
    await support.desk.cases.close(view.case.case_id, principal=KIM)
    with pytest.raises(InputError):
        await support.desk.purging.purge(view.case.case_id, by=LEE, why=" ")
    assert "mosquito-grey" in await support.everything()
    assert await support.services.audit.list(what=PURGED) == []


async def test_of_two_who_purge_at_once_one_has_and_the_trail_says_so_once(support: SupportDesk) -> None:
    case_id, _ = await _closed(support)
    answers = await asyncio.gather(
        *(support.desk.purging.purge(case_id, by=one, why="asked") for one in (KIM, LEE)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in answers) == ["Case", "Conflict"]
    assert len(await support.services.audit.list(what=PURGED)) == 1


async def test_a_search_that_is_under_way_brings_nothing_back(
    support: SupportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, _ = await support.diagnosed("something_else", error_text="it says mosquito-grey")
    case_id = view.case.case_id
    await support.desk.cases.search_again(case_id, principal=KIM)
    search = support.desk.diagnosis._search.search

    async def meanwhile(case: object) -> object:
        found = await search(case)  # type: ignore[arg-type]
        await support.desk.cases.close(case_id, principal=KIM)
        await support.desk.purging.purge(case_id, by=LEE, why="asked")
        return found

    monkeypatch.setattr(support.desk.diagnosis._search, "search", meanwhile)
    await support.desk.diagnosis.diagnose_due()
    assert "mosquito-grey" not in await support.everything()
    assert await support.rows("SELECT count(*) FROM case_searches") == [(0,)]
