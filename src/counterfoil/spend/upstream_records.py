"""How upstreams do, from the attempts on record: health in a recent stretch of time, cost and margin in a period.

Times are UTC microseconds, amounts nanos. What customers were charged is in their currencies, what an upstream costs in that
of its price book: a margin is told only where the two are one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from counterfoil.foundation.errors import InputError
from counterfoil.pricing.service import PriceBooks
from counterfoil.spend import upstream_records_store as store
from counterfoil.spend.model import AttemptOutcome
from counterfoil.storage.database import Database

ROWS_MAX = 2_000
# A longer one reads so many attempts that it is a report's business.
PERIOD_MICROS_MAX = 93 * 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamHealth:
    """An upstream's attempts since a time, by how they ended; `median` and `slow` (95 in 100) are of the answered ones."""

    upstream: str
    outcomes: Mapping[AttemptOutcome, int] = field(default_factory=dict)
    last_at: int | None = None
    median_micros: int | None = None
    slow_micros: int | None = None

    @property
    def attempts(self) -> int:
        return sum(self.outcomes.values())

    @property
    def answered(self) -> int:
        return self.outcomes.get(AttemptOutcome.SUCCEEDED, 0)

    @property
    def out_of_money(self) -> int:
        return self.outcomes.get(AttemptOutcome.OUT_OF_MONEY, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamMargin:
    """What one model at one upstream brought (refunds deducted) and cost in a period.

    `cost_currency` is None where its prices are not known; `cost_unknown` counts answered attempts without a cost.
    """

    upstream: str
    model: str
    currency: str
    attempts: int
    charged: int
    cost: int
    cost_currency: str | None
    cost_unknown: int

    @property
    def margin(self) -> int | None:
        """What is left of the charges; None where it cannot be told."""
        if self.cost_currency != self.currency or self.cost_unknown:
            return None
        return self.charged - self.cost


class UpstreamRecords:
    """Reads what the attempts on record say of their upstreams."""

    def __init__(self, database: Database, *, prices: PriceBooks) -> None:
        self._database = database
        self._prices = prices

    async def health(self, *, since: int) -> dict[str, UpstreamHealth]:
        """Every upstream that was tried since a time, by name; also those that have been removed since."""
        async with self._database.reading() as connection:
            rows = await store.outcomes_since(connection, since=since)
            times = await store.times_since(connection, since=since)
        outcomes: dict[str, dict[AttemptOutcome, int]] = {}
        latest: dict[str, int] = {}
        for upstream, outcome, count, last_at in rows:
            outcomes.setdefault(upstream, {})[AttemptOutcome(outcome)] = count
            latest[upstream] = max(last_at, latest.get(upstream, 0))
        return {
            name: UpstreamHealth(
                upstream=name, outcomes=found, last_at=latest[name],
                median_micros=times[name][0] if name in times else None,
                slow_micros=times[name][1] if name in times else None,
            )
            for name, found in outcomes.items()
        }  # fmt: skip

    async def margins(self, *, start: int, end: int, upstreams: Sequence[str] | None = None) -> list[UpstreamMargin]:
        """Charges and costs of a period by upstream, model and currency, the highest charges first.

        Raises `InputError` for a period that ends before it starts, or is too long.
        """
        if not 0 < end - start <= PERIOD_MICROS_MAX:
            raise InputError(field="end", expected="a period of at most 93 days")
        async with self._database.reading() as connection:
            rows = await store.margins_between(connection, start=start, end=end, upstreams=upstreams, most=ROWS_MAX)
        currencies = {name: self._cost_currency(name) for name in {row.upstream for row in rows}}
        return [
            UpstreamMargin(
                upstream=row.upstream, model=row.model, currency=row.currency, attempts=row.attempts,
                charged=row.charged, cost=row.cost, cost_currency=currencies[row.upstream],
                cost_unknown=row.cost_unknown,
            )
            for row in rows
        ]  # fmt: skip

    def _cost_currency(self, upstream: str) -> str | None:
        prices = self._prices.show(f"upstream:{upstream}")
        return prices[0].currency if prices else None
