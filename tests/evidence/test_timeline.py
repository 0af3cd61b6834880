"""The timeline of an account: one order of everything, told part by part without losing or repeating anything."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.evidence import timeline_store
from counterfoil.evidence.timeline import (
    Bound,
    TimelineKind,
    TimelinePage,
    TimelineSource,
    bound_of,
    read_cursor,
    time_of,
)
from counterfoil.evidence.timeline_service import Timelines
from counterfoil.evidence.timeline_store import Reach
from counterfoil.evidence.timeline_view import details_of_row, label_of_row
from counterfoil.foundation.code_form import make_code
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import make_id, read_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal
from counterfoil.identity.audit import Audit
from counterfoil.limits.model import Scope
from counterfoil.redaction.rules import redact
from counterfoil.spend.spending import Spending
from counterfoil.storage.database import Database
from evidence.desk import NANOS, Customer, Desk
from evidence.house import House

_DAY = 86_400 * 1_000_000


@pytest.mark.parametrize("micros", [0, 1, 3, 4, 999, 1000, 1_796_000_000_123_457])
@given(random_bits=st.integers(min_value=0, max_value=2**62 - 1))
def test_an_id_tells_when_it_was_made(micros: int, random_bits: int) -> None:
    assert time_of(make_id(micros, random_bits)) == micros


@pytest.mark.parametrize(
    "text", ["", "1", "x.calls.1", "1.nothing.1", f"1.trouble.{'z' * 32}", "1.calls.1 ", "1" * 18 + ".calls.1"]
)
def test_a_cursor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_cursor(text)


def test_of_one_moment_sources_are_told_from_the_last_name_to_the_first() -> None:
    told = read_cursor("500.limits.abc")
    assert bound_of(TimelineSource.LIMITS, told) == (500, "abc")
    assert bound_of(TimelineSource.KEYS, told) == (501, "")
    assert bound_of(TimelineSource.MONEY, told) == (500, "")


async def everything(timelines: Timelines, account_id: UUID, *, most: int, **asked: object) -> list[TimelinePage]:
    pages = [await timelines.of(account_id, most=most, **asked)]  # type: ignore[arg-type]
    while pages[-1].next is not None:
        pages.append(await timelines.of(account_id, most=most, cursor=pages[-1].next, **asked))  # type: ignore[arg-type]
    return pages


async def busy_account(desk: Desk) -> Customer:
    """Two days with calls in three hours, refusals and failures between them, a limit, a return and credit that ended."""
    clock = desk.clock
    customer = await desk.customer(credit=20 * NANOS)
    for _ in range(2):
        for _ in range(3):
            await desk.served(customer, cap=500)
            clock.advance(seconds=60)
            await desk.refused(customer, model="unpriced")
        clock.advance(seconds=60)
        await desk.failed(customer)
        clock.advance(seconds=3_600)
    served = await desk.served(customer)
    clock.advance(seconds=20 * 3_600)
    await desk.served(customer)
    await desk.spend.refund(read_id("request", served), source_id="ticket", amount=None, reason="promised")
    await desk.limit(customer, Scope.KEY, 0)
    await desk.refused(customer)
    return customer


async def test_everything_is_told_once_and_in_order_however_small_the_parts(desk: Desk, database: Database) -> None:
    customer = await busy_account(desk)
    timelines = Timelines(database, clock=desk.clock)
    whole = await everything(timelines, customer.account_id, most=200)
    told = [row.place for page in whole for row in page.rows]
    assert told == sorted(told, reverse=True)
    assert len(whole) == 1
    for most in (1, 2, 7):
        pages = await everything(timelines, customer.account_id, most=most)
        assert [row.place for page in pages for row in page.rows] == told
        assert all(len(page.rows) == most for page in pages[:-1])


async def test_served_calls_are_told_by_the_hour_and_charges_by_the_day(desk: Desk, database: Database) -> None:
    customer = await busy_account(desk)
    timelines = Timelines(database, clock=desk.clock)
    rows = (await timelines.of(customer.account_id, kinds=[TimelineKind.CALLS])).rows
    # What a call was given back is not what it cost.
    assert sorted((row.count, row.amount) for row in rows) == [
        (1, 0), (1, 400_000_000), (3, 1_200_000_000), (3, 1_200_000_000)
    ]  # fmt: skip
    hour = 3_600 * 1_000_000
    assert all(row.first_at is not None and row.first_at // hour == row.at // hour for row in rows)
    charges = (await timelines.of(customer.account_id, kinds=[TimelineKind.CHARGES])).rows
    assert sum(row.count or 0 for row in charges) == 8
    assert sum(row.amount or 0 for row in charges) == -8 * 400_000_000
    assert len({row.at // _DAY for row in charges}) == len(charges) == 2
    money = (await timelines.of(customer.account_id, kinds=[TimelineKind.REFUNDS])).rows
    assert [(row.what, row.amount) for row in money] == [("refund", 400_000_000)]


async def test_charges_that_were_added_up_by_the_hour_are_told_as_those_that_were_not(
    desk: Desk, database: Database
) -> None:
    customer = await busy_account(desk)
    timelines = Timelines(database, clock=desk.clock)
    asked = {"kinds": [TimelineKind.CHARGES], "start": desk.clock.now() // _DAY * _DAY - 3 * _DAY}
    before = (await timelines.of(customer.account_id, **asked)).rows  # type: ignore[arg-type]
    spending = Spending(database)
    assert await spending.add_up() > 0
    after = (await timelines.of(customer.account_id, **asked)).rows  # type: ignore[arg-type]
    assert [(row.place, row.count, row.amount) for row in after] == [
        (row.place, row.count, row.amount) for row in before
    ]
    # It was read there: a day begins at its first full hour.
    assert {row.first_at % 3_600_000_000 for row in after[1:] if row.first_at is not None} == {0}


async def test_refusals_and_failures_are_told_by_themselves(desk: Desk, database: Database) -> None:
    customer = await busy_account(desk)
    rows = (await Timelines(database, clock=desk.clock).of(customer.account_id, kinds=[TimelineKind.TROUBLE])).rows
    assert [row.what for row in rows] == ["key_limit", *(["upstream_error", *["price_missing"] * 3] * 2)]
    assert all(row.subject_kind == "request" for row in rows)


async def test_a_window_is_kept_to(desk: Desk, database: Database) -> None:
    customer = await busy_account(desk)
    timelines = Timelines(database, clock=desk.clock)
    whole = (await timelines.of(customer.account_id, most=200)).rows
    middle = whole[len(whole) // 2].at
    later = await everything(timelines, customer.account_id, most=3, start=middle)
    earlier = await everything(timelines, customer.account_id, most=3, end=middle)
    assert all(row.at >= middle for page in later for row in page.rows)
    assert all(row.at < middle for page in earlier for row in page.rows)
    counted = {
        kind: sum(
            row.count or 0 for pages in (earlier, later) for page in pages for row in page.rows if row.kind is kind
        )
        for kind in (TimelineKind.CALLS, TimelineKind.CHARGES)
    }
    # What is added up is added up on both sides, and no call is lost or told twice.
    assert counted == {TimelineKind.CALLS: 8, TimelineKind.CHARGES: 8}
    with pytest.raises(InputError):
        await timelines.of(customer.account_id, start=middle, end=middle)
    with pytest.raises(InputError):
        await timelines.of(customer.account_id, start=middle - 400 * _DAY, end=middle)


async def test_another_accounts_rows_are_never_told(desk: Desk, database: Database) -> None:
    await busy_account(desk)
    stranger = await desk.customer(credit=0)
    timelines = Timelines(database, clock=desk.clock)
    rows = (await timelines.of(stranger.account_id)).rows
    assert {row.kind for row in rows} == {TimelineKind.KEYS}
    with pytest.raises(NotFound):
        await timelines.of(desk.clock.new_id())


async def test_orders_codes_refunds_and_the_audit_trail_stand_in_the_same_order(house: House) -> None:
    account_id = await house.account("Casey")
    order = await house.begun(account_id)
    await house.deliver(house.paid(order))
    with pytest.raises(NotFound):
        await house.codes.redeem(account_id, make_code(90), by="casey")
    house.clock.advance(seconds=1)
    audit = Audit(house.database, clock=house.clock, redact=redact)
    await audit.saw(Principal(name="sam@operator.example"), account_id, "timeline", why="a ticket")
    rows = (await Timelines(house.database, clock=house.clock).of(account_id)).rows
    whats = [(row.kind, row.what) for row in rows]
    assert (TimelineKind.ORDERS, "created") in whats
    assert (TimelineKind.ORDERS, "credited") in whats
    assert (TimelineKind.CODES, "code_unknown") in whats
    assert whats[0] == (TimelineKind.AUDIT, "timeline")
    # What an order has brought is told by the order.
    assert TimelineKind.MONEY not in {kind for kind, _ in whats}
    for language in Language:
        for row in rows:
            words = [label_of_row(row, language), *details_of_row(row, language)]
            assert all(word.strip() and "{" not in word for word in words), row


async def test_failures_are_found_without_reading_what_was_served(
    desk: Desk, database: Database, owner_url: str
) -> None:
    customer = await desk.customer()
    bound = Bound(desk.clock.now() + _DAY, "")
    reach = Reach(customer.account_id, 0, bound, 10)
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as connection:
        await connection.execute(
            "INSERT INTO requests (account_id, request_id, event_no, key_id, key_mask, endpoint, stream, client,"
            " client_address, in_flight, received_at, decided_at, held_nanos, multiplier_millis, counted, checks, state,"
            " charge_mark) SELECT %s, gen_random_uuid(), n, %s, 'sk-…1234', 'chat_completions', false, 'x', '', 0, 0, 0, 5,"
            " 1000, '', '{}', 'served', 'charged' FROM generate_series(1, 20000) n",
            (customer.account_id, customer.key_id),
        )
        await connection.execute("ANALYZE requests")
        cursor = await connection.execute(
            b"EXPLAIN (FORMAT TEXT) " + timeline_store._TROUBLE.encode(), reach.parameters
        )
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert "requests_not_held" in plan
    assert "requests_failed" in plan
