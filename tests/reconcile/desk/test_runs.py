"""A day is held against its statements: matched, or a break with an owner; never "OK" where something was missing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from counterfoil.foundation.errors import Conflict, Unavailable
from counterfoil.recharge.codes_model import BatchSettings
from counterfoil.recharge.codes_service import Codes
from counterfoil.reconcile.desk_model import BreakEventKind, BreakState, InconclusiveReason, RunState
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak
from counterfoil.reconcile.runs_service import Matcher, Runs
from counterfoil.storage.leases import hold_lease
from reconcile.house import House, NoEngines, Row


async def test_a_day_on_which_every_line_matches_is_closed_without_a_break(house: House) -> None:
    await house.add_source()
    day = house.day
    orders = [await house.paid_order(f"T{number}") for number in range(3)]
    await house.import_rows(*(Row(trade=f"T{number}", order=order.number) for number, order in enumerate(orders)))
    house.next_day()
    (run,) = await house.desk.runs.run(day, books=[Book.PAYMENTS], by="Ada")
    assert (run.state, run.reasons) == (RunState.CLOSED, ())
    assert await house.standing() == []
    matches = await house.desk.breaks.matches(book=Book.PAYMENTS, most=100)
    rows = sorted(row for match in matches for row in match.ours if row.startswith("order:"))
    assert rows == sorted(f"order:{one.order_id.hex}" for one in orders)
    assert all(len(match.theirs) == 1 for match in matches)


async def test_the_same_day_again_finds_the_same_and_adds_nothing(house: House) -> None:
    await house.add_source()
    day = house.day
    order = await house.paid_order("T1")
    await house.import_rows(Row(trade="T1", order=order.number), Row(trade="T2"))
    house.next_day()
    first = await house.run(day)
    counted = [house.count(table) for table in ("reconcile_matches", "reconcile_breaks", "reconcile_break_events")]
    assert await house.run(day) == [
        one for one in await house.standing() if one.break_id in {each.break_id for each in first}
    ]
    assert counted == [
        house.count(table) for table in ("reconcile_matches", "reconcile_breaks", "reconcile_break_events")
    ]


async def test_a_payment_that_was_not_credited_is_a_break_of_finance(house: House) -> None:
    await house.add_source()
    day = house.day
    await house.import_rows(Row(trade="T1", amount="25.50"))
    house.next_day()
    (one,) = await house.run(day)
    assert (one.break_class, one.owner, one.state) == (BreakClass.MISSING_INTERNAL, "finance", BreakState.OPEN)
    assert (one.source, one.found, one.currency) == ("bank", 25_500_000_000, "CNY")
    view = await house.desk.breaks.view(one.break_id)
    assert [event.what for event in view.events] == [BreakEventKind.FOUND]
    assert [line.amount for line in view.lines] == [25_500_000_000]


async def test_a_break_ages_and_closes_itself_when_the_late_line_comes(house: House) -> None:
    await house.add_source(settling_seconds=0)
    day = house.day
    order = await house.paid_order("T1")
    await house.import_rows(Row(trade="T0", amount="3.00"), name="first.csv")
    house.next_day()
    found = {one.break_class: one for one in await house.run(day)}
    missing = found[BreakClass.MISSING_EXTERNAL]
    house.next_day()
    assert house.desk.breaks.age_days(missing) == 2
    await house.import_rows(Row(trade="T1", order=order.number, at=order.paid_at), name="late.csv")
    await house.import_rows(Row(trade="T7", amount="3.00", at=house.clock.now() - 43_200_000_000), name="next.csv")
    await house.run(to_day(house, -1))
    view = await house.desk.breaks.view(missing.break_id)
    assert view.found.state is BreakState.CLOSED_BY_ITSELF
    last = view.events[-1]
    assert (last.what, last.by) == (BreakEventKind.LATE_LINE_CAME, None)
    assert any(row.startswith("line:") for row in last.facts["matched_with"])


async def test_a_pending_break_becomes_a_missing_one_and_keeps_its_age(house: House) -> None:
    await house.add_source(settling_seconds=86_400)
    day = house.day
    house.clock.advance(seconds=3_600)
    await house.paid_order("T1")
    await house.import_rows(Row(trade="T0", amount="3.00"))
    house.next_day()
    pending = {one.break_class: one for one in await house.run(day)}[BreakClass.PENDING_WITHIN_WINDOW]
    house.next_day()
    await house.import_rows(Row(trade="T9", amount="3.00", at=house.clock.now() - 43_200_000_000), name="next.csv")
    house.next_day()
    await house.import_rows(
        Row(trade="T10", amount="3.00", at=house.clock.now() - 43_200_000_000), name="next-but-one.csv"
    )
    await house.run(to_day(house, -1))
    (missing,) = await house.desk.breaks.list(standing=True, break_class=BreakClass.MISSING_EXTERNAL)
    assert (missing.first_day, missing.last_day) == (day, to_day(house, -1))
    before = await house.desk.breaks.view(pending.break_id)
    assert before.found.state is BreakState.CLOSED_BY_ITSELF
    assert before.events[-1].what is BreakEventKind.BECAME


async def test_a_day_without_its_statement_is_inconclusive_and_says_whose_is_missing(house: House) -> None:
    await house.add_source()
    await house.add_source("other")
    day = house.day
    order = await house.paid_order("T1")
    await house.import_rows(Row(trade="T1", order=order.number))
    house.next_day()
    (run,) = await house.desk.runs.run(day, books=[Book.PAYMENTS], by="Ada")
    assert run.state is RunState.INCONCLUSIVE
    assert [(one.code, one.source) for one in run.reasons] == [(InconclusiveReason.SOURCE_MISSING, "other")]
    (stale,) = await house.standing()
    assert (stale.break_class, stale.source, stale.owner) == (BreakClass.STALE_SOURCE, "other", "operations")

    await house.import_rows(Row(trade="X1", kind="fee", at=house.at(day)), source="other")
    (run,) = await house.desk.runs.run(day, books=[Book.PAYMENTS], by="Ada")
    assert run.state is RunState.CLOSED
    assert await house.standing() == []


async def test_breaks_of_a_source_that_is_missing_are_neither_found_nor_closed(house: House) -> None:
    await house.add_source(settling_seconds=0)
    day = house.day
    await house.paid_order("T1")
    house.next_day()
    found = await house.run(day)
    assert [one.break_class for one in found] == [BreakClass.STALE_SOURCE]


async def test_a_provider_that_took_payments_and_is_no_source_makes_the_day_inconclusive(house: House) -> None:
    day = house.day
    await house.paid_order("T1")
    house.next_day()
    (run,) = await house.desk.runs.run(day, books=[Book.PAYMENTS], by="Ada")
    assert (run.state, [(one.source, one.detail) for one in run.reasons]) == (
        RunState.INCONCLUSIVE, [("bank", "not_configured")],
    )  # fmt: skip


async def test_rejected_lines_keep_a_day_inconclusive_until_somebody_has_seen_to_them(house: House) -> None:
    await house.add_source()
    day = house.day
    order = await house.paid_order("T1")
    imported = await house.import_rows(Row(trade="T1", order=order.number), Row(trade="T2", amount="ten"))
    assert imported.statement is not None
    house.next_day()
    (run,) = await house.desk.runs.run(day, books=[Book.PAYMENTS], by="Ada")
    assert [one.code for one in run.reasons] == [InconclusiveReason.STATEMENT_REJECTS]
    await house.desk.imports.set_aside(imported.statement.statement_id, by="Ada", reason="a heading, no payment")
    (run,) = await house.desk.runs.run(day, books=[Book.PAYMENTS], by="Ada")
    assert run.state is RunState.CLOSED


async def test_a_day_that_is_not_over_is_inconclusive(house: House) -> None:
    await house.add_source()
    order = await house.paid_order("T1")
    await house.import_rows(Row(trade="T1", order=order.number))
    (run,) = await house.desk.runs.run(house.day, books=[Book.PAYMENTS], by="Ada")
    assert InconclusiveReason.DAY_NOT_OVER in [one.code for one in run.reasons]


async def test_two_do_not_run_at_once(house: House) -> None:
    await house.add_source()
    async with hold_lease(house.till.database, name="reconcile", clock=house.clock) as lease:
        assert lease is not None
        with pytest.raises(Conflict) as refused:
            await house.desk.runs.run(house.day, by="Ada")
    assert refused.value.code == "run_in_progress"
    assert house.count("reconcile_runs") == 0


async def test_a_day_is_closed_once_every_book_is_conclusive_and_else_says_why_not(house: House) -> None:
    await house.add_source()
    day = house.day
    order = await house.paid_order("T1")
    house.next_day()
    with pytest.raises(Conflict) as refused:
        await house.desk.runs.close_day(day, by="Ada")
    assert refused.value.code == "day_not_closable"
    assert "payments book_not_run" in refused.value.parameters["reasons"]

    await house.desk.runs.run(day, books=[Book.PAYMENTS], by="Ada")
    view = await house.desk.runs.day(day)
    assert InconclusiveReason.SOURCE_MISSING in [one.code for one in view.obstacles]
    house.clock.advance(seconds=1)
    await house.import_rows(Row(trade="T1", order=order.number, at=house.at(day, 23)))
    obstacles = (await house.desk.runs.day(day)).obstacles
    assert (InconclusiveReason.STATEMENT_SINCE, Book.PAYMENTS) in [(one.code, one.book) for one in obstacles]

    await house.desk.runs.run(day, by="Ada")
    closed = await house.desk.runs.close_day(day, by="Ada")
    assert closed.closed is not None
    assert (closed.closed.closed_by, closed.obstacles) == ("Ada", [])
    again = await house.desk.runs.close_day(day, by="Bob")
    assert again.closed == closed.closed


def to_day(house: House, days: int) -> date:
    return house.day + timedelta(days=days)


async def test_a_redeemed_code_matches_its_credit(house: House) -> None:
    codes = Codes(house.till.database, ledger=house.till.ledger, clock=house.clock, secret=bytes(32))
    account = await house.till.account("Mei")
    settings = BatchSettings(name="spring", count=2, value=5_000_000_000, currency="USD")
    made = await codes.create(settings, by="Ada")
    await codes.redeem(account, made.codes[0], by="Mei")
    day = house.day
    house.next_day()
    (run,) = await house.desk.runs.run(day, books=[Book.CODES], by="Ada")
    assert (run.state, run.counts["breaks"], run.counts["matches"]) == (RunState.CLOSED, 0, 1)
    (match,) = await house.desk.breaks.matches(book=Book.CODES)
    assert [row.partition(":")[0] for row in (*match.ours, *match.theirs)] == ["code", "credit"]


async def test_calls_that_were_not_archived_are_inconclusive_and_close_nothing(house: House) -> None:
    day = house.day
    row = FoundBreak(
        book=Book.CHARGES, break_class=BreakClass.SERVED_NOT_CHARGED, ours=("request:" + "0" * 32,), theirs=(), source=None,
        account_id=None, currency="USD", expected=5, found=None, at=house.clock.now(), rule="request_charge",
    )  # fmt: skip

    def runs(matcher: Matcher) -> Runs:
        return Runs(house.till.database, clock=house.clock, engines=NoEngines(), matchers={Book.CHARGES: matcher})

    def missing(*_: object) -> Outcome:
        raise Unavailable(code="archive_missing")

    house.next_day()
    await runs(lambda *_: Outcome(breaks=[row])).run(day, by="Ada")
    (run,) = await runs(missing).run(day, by="Ada")
    assert (run.state, [one.code for one in run.reasons]) == (
        RunState.INCONCLUSIVE, [InconclusiveReason.ARCHIVE_MISSING],
    )  # fmt: skip
    (still,) = await house.standing()
    (run,) = await runs(lambda *_: Outcome(breaks=[])).run(day, by="Ada")
    assert run.counts["breaks_closed"] == 1
    closed = await house.desk.breaks.find(still.break_id)
    assert closed.state is BreakState.CLOSED_BY_ITSELF


async def test_a_run_that_fails_says_so_and_writes_nothing(house: House) -> None:
    def broken(*_: object) -> Outcome:
        raise RuntimeError("the engine has gone")

    runs = Runs(house.till.database, clock=house.clock, engines=NoEngines(), matchers={Book.CODES: broken})
    with pytest.raises(RuntimeError):
        await runs.run(house.day, by="Ada")
    (run,) = await runs.list()
    assert (run.state, [(one.code, one.detail) for one in run.reasons]) == (
        RunState.FAILED, [(InconclusiveReason.RUN_FAILED, "RuntimeError")],
    )  # fmt: skip
    assert house.count("reconcile_breaks") == 0
