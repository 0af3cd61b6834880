"""Ending a hold inside somebody's unit of work: a task's last state and its charge are one transaction.

The caller has locked its own row; here the account is locked, and then the hold's end is looked at, so that nothing that
can be expected is an error: an end that is there already is given again, a success after the expiry is recorded as what
nobody paid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.errors import HoldNotFound
from counterfoil.ledger import store as ledger_store
from counterfoil.ledger.model import Capture, Expire, HoldEnd, HoldVerb, PostUncollected, Void
from counterfoil.ledger.service import Ledger
from counterfoil.ledger.session import Session
from counterfoil.pricing.model import PriceMissing, Rated, Usage
from counterfoil.pricing.rules import rate
from counterfoil.pricing.service import PriceBooks
from counterfoil.pricing.usage import to_json as usage_json
from counterfoil.spend import store
from counterfoil.spend.model import Attempt, ChargeMark, Delivery, Failure, RequestState, Settled
from counterfoil.spend.records import Delivered, Failed, attempt_row
from counterfoil.storage.pipeline import run_in

Connection = AsyncConnection[Any]
CostsOf = Callable[[Sequence[Attempt]], tuple[int | None, ...]]
_WHOLE = 1000


@dataclass(frozen=True, slots=True)
class Settling:
    """Captures, voids and expiries for units of work."""

    ledger: Ledger
    prices: PriceBooks
    costs_of: CostsOf

    async def capture(
        self, connection: Connection, *, account_id: UUID, request_id: UUID, delivery: Delivery, share_millis: int
    ) -> Settled:
        """Charge what was delivered, or a share of its price, by the price and tier of the authorization."""
        session, end = await self._lock(connection, account_id, request_id)
        if end is not None and end.verb is not HoldVerb.EXPIRED:
            return _again(end)
        rated = await self._rate(connection, account_id, request_id, delivery.usage, share_millis=share_millis)
        counts = usage_json(delivery.usage)
        share = "" if share_millis == _WHOLE else f";share={share_millis}"
        detail = Delivered(
            delivery=delivery, tokens=delivery.usage.tokens, counts=counts, arithmetic=rated.to_json(),
            costs=self.costs_of(delivery.attempts),
        )  # fmt: skip
        if end is not None:
            return await self._late(connection, session, end, detail, cost=rated.amount_nanos)
        outcome = await session.apply(
            Capture(
                account_id=account_id, hold_id=request_id, cost=rated.amount_nanos, intent=f"usage={counts}{share}",
                guarded=detail,
            )
        )  # fmt: skip
        assert isinstance(outcome, HoldEnd)
        return _settled(outcome)

    async def void(self, connection: Connection, *, account_id: UUID, request_id: UUID, failure: Failure) -> Settled:
        """Charge nothing: release the hold and record why."""
        session, end = await self._lock(connection, account_id, request_id)
        detail = Failed(failure=failure, costs=self.costs_of(failure.attempts))
        if end is not None:
            if end.verb is HoldVerb.EXPIRED:
                await _write_end(connection, end, detail.row(end), failure.attempts, detail.costs)
            return _again(end)
        outcome = await session.apply(
            Void(account_id=account_id, hold_id=request_id, reason=failure.code, guarded=detail)
        )
        assert isinstance(outcome, HoldEnd)
        return _settled(outcome)

    async def expire(self, connection: Connection, *, account_id: UUID, request_id: UUID, reason: str) -> Settled:
        """Release a hold whose time is up, its outcome unknown; raises `Conflict` `hold_not_due` before that."""
        session, end = await self._lock(connection, account_id, request_id)
        if end is not None:
            return _again(end)
        outcome = await session.apply(Expire(account_id=account_id, hold_id=request_id, reason=reason))
        assert isinstance(outcome, HoldEnd)
        return _settled(outcome)

    async def _lock(self, connection: Connection, account_id: UUID, request_id: UUID) -> tuple[Session, HoldEnd | None]:
        session = self.ledger.session(connection)
        await session.lock(account_id)
        (rows,) = await run_in(connection, [(ledger_store.HOLDS, ([account_id], [request_id]))])
        if not rows:
            raise HoldNotFound(hold=request_id.hex)
        return session, ledger_store.read_hold(rows[0])[1]

    async def _rate(
        self, connection: Connection, account_id: UUID, request_id: UUID, usage: Usage, *, share_millis: int
    ) -> Rated:
        terms = await store.terms_of_request(connection, account_id=account_id, request_id=request_id)
        price = self.prices.version(terms[0]) if terms is not None and terms[0] is not None else None
        if price is None and terms is not None and terms[0] is not None:
            # Another process has imported it a moment ago.
            await self.prices.refresh()
            price = self.prices.version(terms[0])
        if terms is None or price is None:
            raise PriceMissing(request=request_id.hex)
        return rate(price, usage, multiplier_millis=terms[1] * share_millis // _WHOLE)

    async def _late(
        self, connection: Connection, session: Session, end: HoldEnd, detail: Delivered, *, cost: int
    ) -> Settled:
        """A success after the expiry: nothing is charged, and what it would have cost is on record."""
        if cost:
            await session.operate(PostUncollected(account_id=end.account_id, hold_id=end.hold_id, amount=cost))
        row = detail.row(end)
        row = (*row[:2], RequestState.SERVED_NOT_CHARGED, ChargeMark.NOT_CHARGED, *row[4:9], cost, *row[10:])
        await _write_end(connection, end, row, detail.delivery.attempts, detail.costs)
        return Settled(verb=end.verb, charged=0, released=end.released, uncollected=cost, late=True)


async def _write_end(
    connection: Connection,
    end: HoldEnd,
    row: tuple[Any, ...],
    attempts: Sequence[Attempt],
    costs: Sequence[int | None],
) -> None:
    calls = [(store.END_REQUESTS, [[value] for value in row])]
    rows = [
        attempt_row(end.account_id, end.hold_id, attempt, cost) for attempt, cost in zip(attempts, costs, strict=True)
    ]
    if rows:
        calls.append((store.INSERT_ATTEMPTS, list(map(list, zip(*rows, strict=True)))))
    await run_in(connection, calls)


def _settled(end: HoldEnd) -> Settled:
    return Settled(verb=end.verb, charged=end.charged, released=end.released, uncollected=end.uncollected)


def _again(end: HoldEnd) -> Settled:
    return Settled(verb=end.verb, charged=end.charged, released=end.released, uncollected=end.uncollected, again=True)
