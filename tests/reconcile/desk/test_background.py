"""Imports and runs that go on while nobody waits, and who has taken a break on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.reconcile import background as background_module
from counterfoil.reconcile.background import Background
from counterfoil.reconcile.desk_model import BreakEventKind, BreakState, RunState
from counterfoil.reconcile.import_jobs_model import DocumentOutcome, ImportState
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.runs_service import Matcher, Runs
from reconcile.house import SPECIFICATIONS, House, NoEngines, Row


def begun_in(house: House, *, matchers: Mapping[Book, Matcher] = SPECIFICATIONS) -> Background:
    runs = Runs(house.till.database, clock=house.clock, engines=NoEngines(), matchers=matchers)
    return Background(house.till.database, clock=house.clock, imports=house.desk.imports, runs=runs)


async def test_an_import_says_what_came_of_each_document(house: House) -> None:
    await house.add_source()
    background = begun_in(house)
    content = house.file([Row(trade="T1"), Row(trade="T2", amount="a lot")])
    import_id = await background.import_file(name="bill.csv", content=content, by="Ada", source="bank")
    job = await background.find_import(import_id)
    (document,) = job.documents
    assert (job.state, document.outcome, document.lines, document.rejects) == (
        ImportState.ENDED, DocumentOutcome.IMPORTED, 1, 1
    )  # fmt: skip
    assert document.statement_id is not None
    again = await background.find_import(
        await background.import_file(name="bill.csv", content=content, by="Ada", source="bank")
    )
    assert [(one.outcome, one.statement_id) for one in again.documents] == [
        (DocumentOutcome.KNOWN, document.statement_id)
    ]


async def test_an_import_that_cannot_be_begun_has_failed_with_its_reason(house: House) -> None:
    background = begun_in(house)
    job = await background.find_import(
        await background.import_file(name="bill.csv", content=b"x", by="Ada", source="nobodys")
    )
    assert (job.state, job.error, job.documents) == (ImportState.FAILED, "source_not_found", ())
    with pytest.raises(NotFound):
        await background.find_import(UUID(int=1))
    with pytest.raises(InputError):
        await background.import_file(name="bill.csv", content=b"x", by="")


async def test_an_import_whose_process_is_gone_is_lost(house: House, clock: ManualClock) -> None:
    background = begun_in(house)
    import_id = await background.import_file(name="bill.csv", content=b"x", by="Ada", source="nobodys")
    async with house.till.database.unit_of_work() as connection:
        await connection.execute("UPDATE statement_imports SET state = 'running', error = NULL")
    assert (await background.find_import(import_id)).state is ImportState.RUNNING
    clock.advance(seconds=61)
    assert (await background.find_import(import_id)).state is ImportState.LOST


async def test_a_long_run_answers_at_once_and_a_second_one_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_module, "PATIENCE_SECONDS", 0.2)
    await house.add_source()
    held = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(*given: object) -> object:
        asyncio.run_coroutine_threadsafe(held.wait(), loop).result(timeout=60)
        return SPECIFICATIONS[Book.CODES](*given)  # type: ignore[arg-type]

    background = begun_in(house, matchers={Book.CODES: slow})  # type: ignore[dict-item]
    day = house.day
    house.next_day()
    assert await background.run_day(day, by="Ada") is False
    (run,) = await house.desk.runs.list()
    assert run.state is RunState.RUNNING
    with pytest.raises(Conflict) as refused:
        await background.run_day(day, by="Bob")
    assert refused.value.code == "run_in_progress"
    held.set()
    await background.finish()
    (run,) = await house.desk.runs.list()
    assert run.state is RunState.CLOSED
    board = await begun_in(house)._runs.board(last=day, days=2)
    assert (board[0].day, set(board[0].runs), board[0].closed) == (day, {Book.CODES}, None)
    assert board[1].runs == {}


async def test_whoever_takes_a_break_on_stands_beside_it_and_in_its_history(house: House) -> None:
    await house.add_source()
    day = house.day
    await house.import_rows(Row(trade="T1"))
    house.next_day()
    (one,) = await house.run(day)
    taken = await house.desk.settling.assign(one.break_id, "Ada", by="Bob")
    assert (taken.assignee, taken.state) == ("Ada", BreakState.OPEN)
    # The same again is no further step.
    await house.desk.settling.assign(one.break_id, "Ada", by="Bob")
    (again,) = await house.run(day)
    assert again.assignee == "Ada"
    assert await house.desk.breaks.list(assignee="") == []
    await house.desk.settling.assign(one.break_id, None, by="Ada")
    events = (await house.desk.breaks.view(one.break_id)).events
    assert [(event.what, event.by, event.remark) for event in events] == [
        (BreakEventKind.FOUND, None, None), (BreakEventKind.ASSIGNED, "Bob", "Ada"), (BreakEventKind.ASSIGNED, "Ada", None)
    ]  # fmt: skip
    await house.desk.settling.ignore(one.break_id, by="Ada", reason="our own test")
    with pytest.raises(Conflict):
        await house.desk.settling.assign(one.break_id, "Ada", by="Bob")


async def test_the_last_statement_of_each_source_is_known(house: House) -> None:
    await house.add_source()
    await house.add_source("other")
    await house.import_rows(Row(trade="T1"), name="first.csv")
    house.clock.advance(seconds=1)
    await house.import_rows(Row(trade="T2"), name="second.csv")
    latest = await house.desk.imports.latest()
    assert {name: one.name for name, one in latest.items()} == {"bank": "second.csv"}
