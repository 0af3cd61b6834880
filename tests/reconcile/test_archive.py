"""Closed days as Parquet: what is in them, that they are whole or not there, and that books are held against each other
from them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as parquet
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, Unavailable
from counterfoil.foundation.periods import to_datetime
from counterfoil.limits.model import GroupSettings
from counterfoil.pricing.model import Usage
from counterfoil.reconcile import archive_store
from counterfoil.reconcile.archive import Archive, bounds_of
from counterfoil.reconcile.archived_books import match_charges, match_upstream
from counterfoil.reconcile.books.usage import join_id
from counterfoil.reconcile.engines import connect
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import BreakClass
from counterfoil.spend.model import AttemptOutcome
from spend.market import TOKEN, Market, Till, open_market

DAY_SECONDS = 86_400


@pytest.fixture
async def market(database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Market]:
    async with open_market(
        database_url=database_url, owner_url=owner_url, clock=clock, folder=tmp_path / "data"
    ) as opened:
        yield opened


@pytest.fixture
async def till(market: Market) -> AsyncIterator[Till]:
    async with market.till() as opened:
        yield opened


@pytest.fixture
def archive(market: Market, tmp_path: Path) -> Archive:
    return Archive(market.database, prices=market.prices, clock=market.clock, folder=tmp_path / "archive")


def today(clock: ManualClock) -> date:
    return to_datetime(clock.now()).date()


def pass_days(clock: ManualClock, days: int = 1) -> None:
    clock.advance(seconds=days * DAY_SECONDS)


def rows_of(archive: Archive, table: str, day: date) -> list[dict[str, Any]]:
    (file,) = archive.files(table, *bounds_of(day)) or ()
    return parquet.ParquetFile(file).read().to_pylist()


async def test_a_day_has_its_requests_with_what_they_should_have_cost(
    market: Market, till: Till, archive: Archive
) -> None:
    customer = await market.customer(group=GroupSettings(name="dear", price_tier_millis=1_500))
    served = await till.admitted(customer)
    await till.deliver(served, 400)
    failed = await till.admitted(customer)
    await till.fail(failed)
    refused = await till.refused(customer, cap=100_000_000, model="nobody's")
    held = await till.admitted(customer)
    day = today(market.clock)
    pass_days(market.clock)

    archived = await archive.archive(day)

    found = {join_id(row["request_high"], row["request_low"]): row for row in rows_of(archive, "requests", day)}
    assert set(found) == {served.request_id, failed.request_id, refused.request_id}
    assert held.request_id not in found
    assert archived.rows["requests"] == 3
    assert not archived.is_final
    cost = 400 * TOKEN * 3 // 2
    assert (found[served.request_id]["expected"], found[served.request_id]["charged"]) == (cost, cost)
    assert found[served.request_id]["account_id"] == customer.account_id.hex
    assert (found[failed.request_id]["state"], found[failed.request_id]["expected"]) == ("failed", None)
    (charge,) = rows_of(archive, "charges", day)
    assert join_id(charge["request_high"], charge["request_low"]) == served.request_id
    assert (charge["at"], charge["charged"]) == (found[served.request_id]["settled_at"], cost)
    assert (charge["operations"], charge["refunded"], charge["charged_ever"]) == (1, 0, None)
    assert {row["outcome"] for row in rows_of(archive, "attempts", day)} == {"succeeded", "rejected"}


async def test_a_refund_is_of_its_own_day_and_knows_the_charge(market: Market, till: Till, archive: Archive) -> None:
    customer = await market.customer()
    served = await till.admitted(customer)
    await till.deliver(served, 400)
    pass_days(market.clock)
    day = today(market.clock)
    await till.spend.refund(served.request_id, source_id="a", amount=100 * TOKEN, reason="slow")
    market.clock.advance(seconds=1)
    await till.spend.refund(served.request_id, source_id="b", amount=50 * TOKEN, reason="slow")
    pass_days(market.clock)

    await archive.archive(day)

    assert [
        (row["operations"], row["refunded"], row["charged_ever"], row["refunded_ever"])
        for row in rows_of(archive, "charges", day)
    ] == [(0, 100 * TOKEN, 400 * TOKEN, 100 * TOKEN), (0, 50 * TOKEN, 400 * TOKEN, 150 * TOKEN)]
    assert rows_of(archive, "requests", day) == []


async def test_a_request_that_ended_after_midnight_is_of_the_day_of_its_charge(
    market: Market, till: Till, archive: Archive
) -> None:
    customer = await market.customer()
    start, end = bounds_of(today(market.clock) + timedelta(days=1))
    market.clock.advance(seconds=(end - market.clock.now()) // 1_000_000 - 60)
    served = await till.admitted(customer)
    market.clock.advance(seconds=120)
    await till.deliver(served, 400)
    pass_days(market.clock, 2)
    before, after = to_datetime(start).date(), to_datetime(end).date()

    await archive.archive(before)
    await archive.archive(after)

    assert rows_of(archive, "requests", before) == rows_of(archive, "charges", before) == []
    assert len(rows_of(archive, "requests", after)) == len(rows_of(archive, "charges", after)) == 1


async def test_a_day_that_is_archived_again_has_the_same_bytes(market: Market, till: Till, archive: Archive) -> None:
    customer = await market.customer()
    for tokens in (10, 20, 30):
        await till.serve(customer, tokens)
    day = today(market.clock)
    pass_days(market.clock)
    tables = [table.name for table in archive_store.TABLES]

    first = await archive.archive(day)
    written = [archive.files(name, *bounds_of(day))[0].read_bytes() for name in tables]  # type: ignore[index]
    second = await archive.archive(day)

    assert first == second
    assert written == [archive.files(name, *bounds_of(day))[0].read_bytes() for name in tables]  # type: ignore[index]
    assert first.is_final


async def test_a_day_that_was_left_half_done_does_not_count_and_is_done_by_the_next(
    market: Market, till: Till, archive: Archive, tmp_path: Path
) -> None:
    customer = await market.customer()
    await till.serve(customer, 10)
    day = today(market.clock)
    pass_days(market.clock)

    class Killed(BaseException):
        """The process is no more."""

    def die(_: date, table: str, rows: int) -> None:
        if table == "charges":
            raise Killed

    with pytest.raises(Killed):
        await archive.archive(day, progress=die)
    assert archive.find(day) is None
    assert archive.files("requests", *bounds_of(day)) is None
    assert list((tmp_path / "archive").rglob("*.parquet")) == []
    assert await archive.pending() == [day]

    await archive.archive(day)

    assert await archive.pending() == []
    assert len(rows_of(archive, "requests", day)) == 1
    assert [path.name for path in (tmp_path / "archive").rglob("*.unfinished")] == []


async def test_a_day_with_an_open_hold_is_archived_again(market: Market, till: Till, archive: Archive) -> None:
    customer = await market.customer()
    held = await till.admitted(customer)
    day = today(market.clock)
    pass_days(market.clock)
    await archive.archive(day)
    assert await archive.pending() == [day]

    await till.deliver(held, 10)
    await archive.archive(day)

    assert await archive.pending() == []


async def test_a_day_that_is_not_over_is_not_archived(market: Market, archive: Archive) -> None:
    with pytest.raises(Conflict, match="day_not_over"):
        await archive.archive(today(market.clock))


async def test_the_books_of_a_day_are_held_against_each_other(market: Market, till: Till, archive: Archive) -> None:
    customer = await market.customer()
    usage = Usage(counts={"output": 400})
    right = await till.admitted(customer)
    await till.deliver(right, 400, attempts=(till.attempt(usage=usage, response_id="gen-1"),))
    wrong = await till.admitted(customer)
    await till.deliver(wrong, 400, attempts=(till.attempt(usage=usage, response_id="gen-2"),))
    lost = await till.admitted(customer)
    await till.fail(lost, attempts=(till.attempt(AttemptOutcome.UNKNOWN, response_id=None),))
    # Somebody has changed a row by hand.
    await market.execute("UPDATE requests SET tokens = '{\"output\":300}' WHERE request_id = %s", wrong.request_id)
    day = today(market.clock)
    pass_days(market.clock)
    await archive.archive(day)
    start, end = bounds_of(day)
    terms = Terms(start=start, end=end, now=market.clock.now(), sources=frozenset({"first"}))
    line = {
        "line_id": "a", "source": "first", "importer": "test", "number": 1, "kind": "cost", "starts_at": start,
        "ends_at": start, "upstream_id": "gen-1", "model": "theirs", "output_tokens": 400, "failed": False,
        "amount": 200 * TOKEN, "currency": "USD",
    }  # fmt: skip

    with connect(threads=1) as engine:
        (found,) = match_charges(archive, engine, {}, terms).breaks
        bill = match_upstream(archive, engine, {"lines": [line]}, terms)
        (missing,) = bill.breaks

    assert (found.break_class, found.expected, found.found) == (
        BreakClass.CHARGE_DIFFERS_FROM_PRICE, 300 * TOKEN, 400 * TOKEN,
    )  # fmt: skip
    assert found.ours == (f"request:{wrong.request_id.hex}",)
    assert found.account_id == UUID(hex=customer.account_id.hex)
    assert (missing.break_class, missing.expected) == (BreakClass.MISSING_EXTERNAL, 200 * TOKEN)


async def test_a_day_that_is_not_archived_is_not_held(market: Market, archive: Archive) -> None:
    start, end = bounds_of(today(market.clock))
    terms = Terms(start=start, end=end, now=end)
    with connect(threads=1) as engine, pytest.raises(Unavailable, match="archive_missing"):
        match_charges(archive, engine, {}, terms)
