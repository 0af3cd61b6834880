"""Lists of an account's requests: filters, pages, and how far a page looks."""

from __future__ import annotations

from uuid import UUID

import pytest

from counterfoil.spend import request_lists_store, service
from counterfoil.spend.model import ChargeMark, RequestState
from counterfoil.spend.request_lists import RequestFilter
from spend.market import NANOS, Market, Till


async def pages_of(till: Till, account_id: UUID, wanted: RequestFilter, *, most: int) -> list[list[UUID]]:
    """Every page of a list, to its end."""
    pages: list[list[UUID]] = []
    before = None
    while True:
        page = await till.spend.request_page(account_id, wanted, before=before, most=most)
        pages.append([one.request_id for one in page.requests])
        if page.before is None:
            return pages
        before = page.before
        assert len(pages) < 100


async def test_pages_follow_each_other_without_a_gap(market: Market, till: Till) -> None:
    customer = await market.customer()
    ids = []
    for _ in range(5):
        market.clock.advance(seconds=1)
        admission = await till.admitted(customer)
        await till.deliver(admission, 10)
        ids.append(admission.request_id)
    pages = await pages_of(till, customer.account_id, RequestFilter(), most=2)
    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]


async def test_each_filter_keeps_what_it_names(market: Market, till: Till) -> None:
    customer = await market.customer()
    other = await market.another_key(customer.account_id)
    served = await till.admitted(customer)
    await till.deliver(served, 10)
    failed = await till.admitted(other)
    await till.fail(failed)
    refused = await till.refused(customer, model="nothing")
    elsewhere = await market.customer()
    await till.serve(elsewhere, 10)

    async def listed(**wanted: object) -> set[UUID]:
        page = await till.spend.request_page(customer.account_id, RequestFilter(**wanted))  # type: ignore[arg-type]
        return {one.request_id for one in page.requests}

    assert await listed() == {served.request_id, failed.request_id, refused.request_id}
    assert await listed(state=RequestState.REFUSED) == {refused.request_id}
    assert await listed(code=refused.code) == {refused.request_id}
    assert await listed(code="upstream_error") == {failed.request_id}
    assert await listed(charge_mark=ChargeMark.CHARGED) == {served.request_id}
    assert await listed(key_id=other.key_id) == {failed.request_id}
    assert await listed(model="metered") == set()
    now = market.clock.now()
    assert await listed(since=now + 1_000_000) == set()
    assert await listed(until=now + 1_000_000) == {served.request_id, failed.request_id, refused.request_id}


async def test_a_page_that_stops_looking_says_how_far_and_goes_on(
    market: Market, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LOOKED_THROUGH", 3)
    monkeypatch.setattr(service, "LOOKING_SECONDS", -1.0)
    customer = await market.customer()
    failed = await till.admitted(customer)
    await till.fail(failed)
    for _ in range(7):
        market.clock.advance(seconds=1)
        await till.serve(customer, 10)
    wanted = RequestFilter(state=RequestState.FAILED)
    first = await till.spend.request_page(customer.account_id, wanted, most=2)
    assert first.requests == ()
    assert first.before is not None
    assert first.looked_until is not None
    pages = await pages_of(till, customer.account_id, wanted, most=2)
    assert [one for page in pages for one in page] == [failed.request_id]
    assert len(pages) == 3


async def test_refusals_are_found_by_their_own_index(market: Market, till: Till) -> None:
    """Whatever was served in between, it is not looked through."""
    customer = await market.customer(credit=NANOS)
    refused = await till.refused(customer, cap=10_000_000)
    for wanted in (RequestFilter(state=RequestState.REFUSED), RequestFilter(code="account_balance")):
        assert wanted.held_nothing
        async with market.database.reading() as connection:
            await connection.execute("SET enable_seqscan = off")
            cursor = await connection.execute(
                "EXPLAIN SELECT request_id FROM requests r WHERE r.account_id = %s AND r.held_nanos = 0"
                " ORDER BY request_id DESC LIMIT 51",
                (customer.account_id,),
            )
            plan = "\n".join(row[0] for row in await cursor.fetchall())
            await connection.execute("RESET enable_seqscan")
            found = await request_lists_store.page_of_requests(
                connection, account_id=customer.account_id, wanted=wanted, before=None, most=5, look_through=5
            )
        assert "requests_not_held" in plan
        assert [one.request_id for one in found] == [refused.request_id]


@pytest.mark.parametrize("code", ["upstream_error", "bad_request", "price_missing"])
def test_a_code_that_admitted_calls_may_end_with_is_looked_for_among_all(code: str) -> None:
    assert not RequestFilter(code=code).held_nothing
