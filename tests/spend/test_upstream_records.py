"""What attempts on record say of their upstreams: how they ended, how long they took, what they cost and brought."""

from __future__ import annotations

from typing import Any

import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.pricing.model import Usage
from counterfoil.spend.model import AttemptOutcome
from counterfoil.spend.upstream_records import PERIOD_MICROS_MAX, UpstreamRecords
from spend.market import NANOS, Market, Till

SECOND = 1_000_000


@pytest.fixture
def records(market: Market) -> UpstreamRecords:
    return UpstreamRecords(market.database, prices=market.prices)


async def _served(till: Till, customer: Any, *, tokens: int = 100, tries: tuple[Any, ...] = ()) -> int:
    """A call that was served by the last of its attempts; what it was charged."""
    admission = await till.admitted(customer)
    usage = Usage(counts={"output": tokens})
    now = till.clock.now()
    last = till.attempt(
        usage=usage, number=len(tries) + 1, upstream="second", upstream_model="theirs", started_at=now,
        ended_at=now + 2 * SECOND,
    )  # fmt: skip
    charge = await till.spend.capture(admission, till.delivery(tokens, attempts=(*tries, last)))
    return charge.charged


async def test_health_counts_attempts_by_how_they_ended_from_the_moment_on(
    market: Market, till: Till, records: UpstreamRecords
) -> None:
    customer = await market.customer(credit=100 * NANOS)
    assert await records.health(since=0) == {}
    broke = till.attempt(
        AttemptOutcome.OUT_OF_MONEY, number=1, upstream="first", upstream_model="theirs", status_code=402,
        response_id=None,
    )  # fmt: skip
    await _served(till, customer, tries=(broke,))
    at = till.clock.now()
    till.clock.advance(seconds=60)
    await _served(till, customer)
    health = await records.health(since=0)
    assert health["first"].outcomes == {AttemptOutcome.OUT_OF_MONEY: 1}
    assert (health["first"].out_of_money, health["first"].answered, health["first"].median_micros) == (1, 0, None)
    assert (health["second"].attempts, health["second"].answered) == (2, 2)
    assert (health["second"].median_micros, health["second"].slow_micros) == (2 * SECOND, 2 * SECOND)
    assert health["second"].last_at == till.clock.now()
    assert (await records.health(since=at))["second"].attempts == 2, "its own moment is in"
    assert set(await records.health(since=at + 1)) == {"second"}
    assert (await records.health(since=at + 1))["second"].attempts == 1


async def test_a_charge_counts_once_for_the_attempt_that_served_it(
    market: Market, till: Till, records: UpstreamRecords
) -> None:
    await market.prices.import_book(
        {"book": "upstream:second", "currency": "USD", "prices": [{"model": "theirs", "rates": {"output": "500"}}]}
    )
    customer = await market.customer(credit=100 * NANOS)
    failed = till.attempt(
        AttemptOutcome.REJECTED, number=1, upstream="first", upstream_model="theirs", status_code=500, response_id=None
    )
    charged = await _served(till, customer, tries=(failed,))
    assert charged > 0
    end = till.clock.now() + 1
    rows = {row.upstream: row for row in await records.margins(start=end - PERIOD_MICROS_MAX, end=end)}
    assert (rows["first"].charged, rows["first"].cost, rows["first"].cost_unknown) == (0, 0, 0)
    assert rows["first"].margin == 0
    assert (rows["second"].charged, rows["second"].attempts) == (charged, 1)
    # 100 tokens at 500 a million.
    assert (rows["second"].cost, rows["second"].cost_currency) == (NANOS * 500 * 100 // 1_000_000, "USD")
    assert rows["second"].margin == charged - rows["second"].cost
    assert [row.upstream for row in await records.margins(start=end - 1, end=end, upstreams=["second"])] == ["second"]
    assert await records.margins(start=end - 2, end=end - 1) == []


async def test_what_was_returned_is_no_income_and_another_currency_no_margin(
    market: Market, till: Till, records: UpstreamRecords
) -> None:
    await market.prices.import_book(
        {"book": "upstream:second", "currency": "CNY", "prices": [{"model": "theirs", "rates": {"output": "500"}}]}
    )
    customer = await market.customer(credit=100 * NANOS)
    charged = await _served(till, customer)
    (request,) = await till.spend.requests(customer.account_id)
    await till.spend.refund(request.request_id, source_id="case", amount=charged // 2, reason="sorry")
    (row,) = await records.margins(start=till.clock.now() - SECOND, end=till.clock.now() + 1)
    assert row.charged == charged - charged // 2
    assert (row.cost_currency, row.margin) == ("CNY", None)


async def test_a_period_is_forwards_and_no_longer_than_it_may_be(records: UpstreamRecords) -> None:
    for start, end in ((10, 10), (10, 5), (0, PERIOD_MICROS_MAX + 1)):
        with pytest.raises(InputError):
            await records.margins(start=start, end=end)
    assert await records.margins(start=0, end=PERIOD_MICROS_MAX) == []
