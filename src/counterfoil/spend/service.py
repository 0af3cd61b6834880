"""A call's money: who calls, may it be served, what is it charged. One call of a door is one verb here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import HoldEnded, HoldNotFound, NotFound, Unavailable
from counterfoil.ledger import store as ledger_store
from counterfoil.ledger.engine import Engine
from counterfoil.ledger.model import (
    Authorize,
    Capture,
    Hold,
    HoldEnd,
    HoldVerb,
    RefundCharge,
    Refused,
    Void,
)
from counterfoil.ledger.service import Ledger
from counterfoil.limits import store as limits_store
from counterfoil.limits.account_limits import AccountLimits
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.model import Decision, Problem, UsageDelta, WalletView
from counterfoil.limits.rules import decide_access, permits_model
from counterfoil.limits.usage import refund_usage, unpack_counted
from counterfoil.observability import UNKNOWN_KEYS
from counterfoil.pricing.model import TOKEN_KINDS, Price, PriceMissing
from counterfoil.pricing.rules import bound, rate
from counterfoil.pricing.service import PriceBooks
from counterfoil.pricing.usage import to_json as usage_json
from counterfoil.spend import request_lists_store, store
from counterfoil.spend.estimates import CallSize, CostEstimate, estimate
from counterfoil.spend.guard import Along
from counterfoil.spend.model import (
    Admission,
    Arrival,
    Attempt,
    Caller,
    Charge,
    Delivery,
    Failure,
    RefusedCall,
    Repeated,
    RequestView,
    Settled,
    Standing,
    Ticket,
)
from counterfoil.spend.records import Delivered, Failed, ask_of, storable, storable_arrival, task_refunded
from counterfoil.spend.request_lists import LOOKED_THROUGH, LOOKING_SECONDS, RequestFilter, RequestPage
from counterfoil.spend.settling import Settling
from counterfoil.spend.submissions import Fingerprints
from counterfoil.spend.upstreams import Routes
from counterfoil.storage.database import Database
from counterfoil.storage.outbox import announce
from counterfoil.storage.pipeline import run_in

_MINUTE = 60_000_000
# Addresses remembered between two writes of the counts of unknown keys; beyond them they are counted together.
_UNKNOWN_ADDRESSES_MAX = 10_000
CUSTOMER_BOOK = "customer"
# The longest page of requests, which is what goes into a file.
REQUESTS_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendSettings:
    """`fingerprint_secret` is what fingerprints are keyed with; hosts that share a database share it."""

    fingerprint_secret: bytes = field(repr=False)
    hold_seconds: int = 660
    strict_bound: bool = False
    fit: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAccess:
    """What a key may do without a call: whether it may be used (`decision.code` is None), see its account's money, and
    which models it may name."""

    decision: Decision
    may_see_balance: bool
    permits: Callable[[str], bool]


class Spend:
    def __init__(
        self,
        *,
        engine: Engine,
        ledger: Ledger,
        database: Database,
        directory: KeyDirectory,
        prices: PriceBooks,
        routes: Routes,
        clock: Clock,
        settings: SpendSettings,
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._database = database
        self._directory = directory
        self._prices = prices
        self._routes = routes
        self._clock = clock
        self._settings = settings
        self.fingerprints = Fingerprints(settings.fingerprint_secret)
        self._settling = Settling(ledger, prices, self._costs_of)
        self._unknown: dict[tuple[int, str], int] = {}

    # -- a call ------------------------------------------------------------------------------------------------

    async def identify(self, token: str, client_address: str) -> Caller | None:
        """The key that a token belongs to; None (and counted) where there is none."""
        token_hash = sha256(token.encode("utf-8", "surrogatepass")).digest()
        address = self._directory.known(token_hash)
        if address is None:
            with _unavailable():
                address = await self._directory.find(token_hash)
        if address is None:
            self._count_unknown(client_address)
            return None
        return Caller(account_id=address.account_id, key_id=address.key_id, token_hash=token_hash)

    async def authorize(
        self, caller: Caller, arrival: Arrival, *, along: Along | None = None
    ) -> Admission | RefusedCall | Repeated:
        """Decide whether a call is served and hold the most it may cost; either answer has been recorded.

        `along` is a row of another room that is written together with the hold. Raises `Overloaded` or `Unavailable`;
        then nothing has been decided.
        """
        arrival = storable_arrival(arrival)
        ticket = self._ticket(caller, arrival)
        ticket.along = along
        hold_seconds = arrival.hold_seconds or self._settings.hold_seconds
        shape = arrival.shape
        asked = f"{shape.asked_cap}x{shape.outputs}" if shape is not None else ""
        outcome = await self._engine.submit(
            Authorize(
                account_id=caller.account_id, hold_id=arrival.request_id, floor=0, asked=0,
                expires_in=hold_seconds * MICROS_PER_SECOND, cause_kind="task" if arrival.is_task else "request",
                cause_id=arrival.request_id,
                intent=f"key={caller.key_id.hex};endpoint={arrival.endpoint};model={arrival.model};asked={asked}",
                guarded=ticket, fresh=True,
            )
        )  # fmt: skip
        if isinstance(outcome, Refused):
            if ticket.repeated is not None:
                return ticket.repeated
            assert ticket.refused is not None
            return ticket.refused
        assert isinstance(outcome, Hold)
        assert ticket.price is not None
        return Admission(
            request_id=arrival.request_id, caller=caller, arrival=arrival, hold=outcome, output_cap=ticket.output_cap,
            price=ticket.price, multiplier_millis=ticket.multiplier_millis, show_balance=ticket.show_balance,
            spendable=ticket.spendable,
        )  # fmt: skip

    def _ticket(self, caller: Caller, arrival: Arrival) -> Ticket:
        problems, price, upper = list(arrival.problems), None, None
        if arrival.model is not None and not arrival.problems:
            price = self._prices.price_for(CUSTOMER_BOOK, arrival.model, arrival.received_at)
            problem = self._problem_of(arrival, price)
            if problem is not None:
                problems.append(problem)
            elif price is not None and arrival.shape is not None:
                try:
                    upper = bound(price, arrival.shape, multiplier_millis=1000, strict=self._settings.strict_bound)
                except PriceMissing:
                    problems.append(Problem(code="price_missing"))
        return Ticket(
            caller=caller, arrival=arrival, price=price, problems=tuple(problems), bound=upper,
            strict_bound=self._settings.strict_bound, fit=self._settings.fit,
        )  # fmt: skip

    def _problem_of(self, arrival: Arrival, price: Price | None) -> Problem | None:
        model = arrival.model or ""
        if self._routes.serves(model, arrival.endpoint.dialect):
            return None if price is not None else Problem(code="price_missing")
        if self._routes.is_configured(model) and price is not None and not self._routes.serves_at_all(model):
            return Problem(code="upstream_unavailable", retry_after=30)
        return Problem(code="model_not_found")

    async def capture(self, admission: Admission, delivery: Delivery, *, along: Sequence[Along] = ()) -> Charge:
        """Charge what was delivered, by the price and tier of the authorization; `along` is written with it.

        Raises `PriceMissing` for a kind of use that the price does not know; the hold is then still open.
        """
        price, usage = admission.price, delivery.usage
        rated = rate(price, usage, multiplier_millis=admission.multiplier_millis)
        counts = usage_json(usage)
        command = Capture(
            account_id=admission.caller.account_id, hold_id=admission.hold.hold_id, cost=rated.amount_nanos,
            # What a capture means is the usage, never the price.
            intent="usage=" + counts,
            guarded=Delivered(
                delivery=delivery, tokens=usage.tokens, counts=counts, arithmetic=rated.to_json(),
                costs=self._costs_of(delivery.attempts), along=tuple(along),
            ),
        )  # fmt: skip
        try:
            end = await self._engine.submit(command)
        except HoldEnded as error:
            if error.code != f"hold_{HoldVerb.EXPIRED}":
                raise
            return Charge(charged=0, uncollected=0, currency=price.currency, estimated=usage.estimated, settled=False)
        assert isinstance(end, HoldEnd)
        return Charge(
            charged=end.charged, uncollected=end.uncollected, currency=price.currency, estimated=usage.estimated
        )

    async def void(self, admission: Admission, failure: Failure, *, along: Sequence[Along] = ()) -> None:
        """Charge nothing: release the hold and record why. A hold that has ended meanwhile stays as it ended."""
        command = Void(
            account_id=admission.caller.account_id, hold_id=admission.hold.hold_id, reason=failure.code,
            guarded=Failed(failure=failure, costs=self._costs_of(failure.attempts), along=tuple(along)),
        )  # fmt: skip
        try:
            await self._engine.submit(command)
        except (HoldEnded, HoldNotFound):
            return

    async def capture_within(
        self,
        connection: AsyncConnection[Any],
        *,
        account_id: UUID,
        request_id: UUID,
        delivery: Delivery,
        share_millis: int = 1000,
    ) -> Settled:
        """`capture` inside a unit of work; `share_millis` of the price where only a part is owed."""
        return await self._settling.capture(
            connection, account_id=account_id, request_id=request_id, delivery=delivery, share_millis=share_millis
        )

    async def void_within(
        self, connection: AsyncConnection[Any], *, account_id: UUID, request_id: UUID, failure: Failure
    ) -> Settled:
        """`void` inside a unit of work."""
        return await self._settling.void(connection, account_id=account_id, request_id=request_id, failure=failure)

    async def expire_within(
        self, connection: AsyncConnection[Any], *, account_id: UUID, request_id: UUID, reason: str = "outcome_unknown"
    ) -> Settled:
        """End a hold whose time is up inside a unit of work; raises `Conflict` `hold_not_due` before that."""
        return await self._settling.expire(connection, account_id=account_id, request_id=request_id, reason=reason)

    def served_models(self) -> tuple[str, ...]:
        """The models that some upstream serves now."""
        return self._routes.models()

    def cost_of(self, model: str, size: CallSize, *, multiplier_millis: int) -> CostEstimate:
        """What a call of that size would have reserved for it now, and would cost; nothing is recorded.

        Raises `PriceMissing`, and `InputError` naming the field.
        """
        price = self._prices.price_for(CUSTOMER_BOOK, model, self._clock.now())
        if price is None:
            raise PriceMissing(book=CUSTOMER_BOOK, model=model)
        return estimate(
            price, size, multiplier_millis=multiplier_millis, strict_bound=self._settings.strict_bound,
            lowers_caps=self._settings.fit,
        )  # fmt: skip

    def price_units(self, model: str, at: int) -> frozenset[str] | None:
        """What the customers' book prices by the piece for a model: `image:1024x1024:high`, `second:720x1280`; None
        where it has no price."""
        price = self._prices.price_for(CUSTOMER_BOOK, model, at)
        return None if price is None else frozenset(name for name in price.rates if name not in TOKEN_KINDS)

    def cancel_share(self, model: str, at: int, state: str) -> int:
        """The thousandths of its price that a task costs which was cancelled while `queued` or `running`."""
        price = self._prices.price_for(CUSTOMER_BOOK, model, at)
        if price is None:
            return 0
        return 10 * (price.cancelled_queued_percent if state == "queued" else price.cancelled_running_percent)

    def _costs_of(self, attempts: Sequence[Attempt]) -> tuple[int | None, ...]:
        """What each attempt will cost on its upstream's bill; None where that upstream's prices are not known."""
        return tuple([self._cost_of(attempt) for attempt in attempts])

    def _cost_of(self, attempt: Attempt) -> int | None:
        if attempt.usage is None:
            return None
        price = self._prices.price_for(f"upstream:{attempt.upstream}", attempt.upstream_model, attempt.started_at)
        if price is None:
            return None
        try:
            return rate(price, attempt.usage, multiplier_millis=1000).amount_nanos
        except PriceMissing:
            return None

    # -- questions ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection[Any]]:
        with _unavailable():
            async with self._database.reading() as connection:
                yield connection

    async def estimate(self, caller: Caller, arrival: Arrival) -> tuple[Decision, bool]:
        """What `authorize` would decide now, with every check; nothing is held or recorded."""
        ticket = self._ticket(caller, arrival)
        limits, wallet = await self._load(caller)
        applicable = limits.applicable(caller.key_id, self._clock.now())
        ask, problems = ask_of(ticket, applicable, wallet.currency)
        decision = limits.decide(
            ask, wallet=wallet, key_id=caller.key_id, model=arrival.model,
            client_address=arrival.client_address, token_hash=caller.token_hash, now=self._clock.now(),
            problems=problems,
        )  # fmt: skip
        return decision, applicable.key.show_balance

    async def access(self, caller: Caller, client_address: str) -> KeyAccess:
        """What the key may do without a call: for addresses that cost nothing."""
        limits, wallet = await self._load(caller)
        applicable = limits.applicable(caller.key_id, self._clock.now())
        decision = decide_access(
            wallet=wallet, applicable=applicable, client_address=client_address, token_hash=caller.token_hash,
            now=self._clock.now(),
        )  # fmt: skip
        return KeyAccess(
            decision=decision,
            may_see_balance=applicable.key.show_balance,
            permits=partial(permits_model, applicable),
        )

    async def _load(self, caller: Caller) -> tuple[AccountLimits, WalletView]:
        """The account as it is now, without a lock."""
        now = self._clock.now()
        async with self._reading() as connection:
            accounts, grants, keys, rows = await run_in(
                connection,
                [
                    (ledger_store.ACCOUNTS, ([caller.account_id],)),
                    (ledger_store.GRANTS, ([caller.account_id],)),
                    *limits_store.reads([(caller.account_id, caller.key_id)], at=now),
                ],
            )
        if not accounts or not keys:
            raise NotFound(code="key_invalid")
        wallet = ledger_store.read_wallet(accounts[0], [ledger_store.read_grant(row) for row in grants])
        limits = AccountLimits(account_id=caller.account_id, time_zone=wallet.time_zone)
        limits.load(
            keys=[limits_store.read_key_and_group(row)[1:] for row in keys],
            limits=[limits_store.read_limit_and_usage(row)[1:] for row in rows],
            read_at=now,
        )
        view = WalletView(
            spendable=wallet.spendable_at(now), currency=wallet.currency, account_status=wallet.status, held=wallet.held
        )
        return limits, view

    async def standing(self, caller: Caller) -> Standing:
        """The account's money at a glance, for balance endpoints."""
        access = await self.access(caller, "")
        async with self._reading() as connection:
            standing = await store.standing_of(connection, account_id=caller.account_id, now=self._clock.now())
        if standing is None:
            raise NotFound(code="account_not_found")
        return replace(standing, show_balance=access.may_see_balance)

    async def models_of(self, account_id: UUID, request_ids: Sequence[UUID]) -> dict[UUID, str]:
        """The models that these requests (or tasks) of an account asked for; those without one are left out."""
        async with self._reading() as connection:
            return await store.models_of(connection, account_id=account_id, request_ids=request_ids)

    async def charged_by_day(self, account_id: UUID, *, start: int, end: int) -> list[tuple[int, int]]:
        """UTC days (their start) of a window with what was charged, refunds deducted."""
        async with self._reading() as connection:
            return await store.charged_between(connection, account_id=account_id, start=start, end=end)

    async def request(self, request_id: UUID, *, account_id: UUID | None = None) -> RequestView:
        """A request with its attempts; raises `NotFound`, also for another account's."""
        async with self._reading() as connection:
            found = await store.find_request(connection, request_id)
            if found is None or account_id not in (None, found.account_id):
                raise NotFound(code="request_not_found")
            attempts = await store.attempts_of(connection, account_id=found.account_id, request_id=request_id)
        return replace(found, attempts=attempts)

    async def requests(
        self,
        account_id: UUID | None,
        *,
        before: UUID | None = None,
        most: int = 50,
        state: str | None = None,
        code: str | None = None,
    ) -> list[RequestView]:
        """Requests of an account (None: of all), newest first, without their attempts."""
        async with self._reading() as connection:
            return await store.requests_of(
                connection, account_id=account_id, before=before, most=min(most, REQUESTS_MOST), state=state, code=code
            )

    async def request_page(
        self, account_id: UUID, wanted: RequestFilter, *, before: UUID | None = None, most: int = 50
    ) -> RequestPage:
        """A page of an account's requests, newest first, without their attempts.

        Where few of them are meant, not all are looked through for one page: a short one says how far, and where to go on.
        """
        most = max(1, min(most, REQUESTS_MOST))
        look = max(LOOKED_THROUGH, most + 1) if wanted.narrows else most + 1
        until = asyncio.get_running_loop().time() + LOOKING_SECONDS
        found, looked_until = list[RequestView](), None
        async with self._reading() as connection:
            while True:
                found += await request_lists_store.page_of_requests(
                    connection, account_id=account_id, wanted=wanted, before=before, most=most + 1 - len(found),
                    look_through=look,
                )  # fmt: skip
                if len(found) > most:
                    return RequestPage(requests=tuple(found[:most]), before=found[most - 1].request_id)
                end = None
                if wanted.narrows:
                    end = await request_lists_store.end_of_look(
                        connection, account_id=account_id, wanted=wanted, before=before, look_through=look
                    )
                before, looked_until = (None, None) if end is None else end
                if before is None or asyncio.get_running_loop().time() > until:
                    return RequestPage(requests=tuple(found), before=before, looked_until=looked_until)

    async def totals(self) -> list[tuple[str, str | None, int, int, int]]:
        """State, code, number of requests, charged and uncollected nanos, over everything recorded."""
        async with self._reading() as connection:
            return await store.totals(connection)

    async def attempted_cost(self) -> int:
        """What all attempts cost us by the upstreams' price books, in nanos: to be held against their bills."""
        async with self._reading() as connection:
            return await store.attempted_cost(connection)

    # -- after the call ----------------------------------------------------------------------------------------

    async def refund(self, request_id: UUID, *, source_id: str, amount: int | None, reason: str) -> int:
        """Give back a charge or a part of it; counts in the window of the authorization (L7). Returns the nanos.

        That of a task is announced, whoever asks for it.
        """
        request = await self.request(request_id)
        async with self._database.unit_of_work() as connection:
            return await self.refund_within(connection, request, source_id=source_id, amount=amount, reason=reason)

    async def refund_within(
        self, connection: AsyncConnection[Any], request: RequestView, *, source_id: str, amount: int | None, reason: str
    ) -> int:
        """The same in the caller's unit of work, for a request that was read before it."""
        request_id = request.request_id
        session = self._ledger.session(connection)
        answered = await session.operate(
            RefundCharge(
                account_id=request.account_id, source_id=source_id, hold_id=request_id, amount=amount, reason=reason
            )
        )
        refunded: int = answered.operation.answer["refunded"]
        if answered.replayed:
            return refunded
        counted = await store.set_refunded(
            connection, account_id=request.account_id, request_id=request_id, refunded=refunded
        )
        deltas: list[UsageDelta] = list(refund_usage(unpack_counted(counted or b""), refunded_nanos=refunded))
        if deltas:
            await limits_store.add_to_usages(connection, request.account_id, deltas)
        (rows,) = await run_in(connection, [(ledger_store.HOLDS, ([request.account_id], [request_id]))])
        if ledger_store.read_hold(rows[0])[0].cause_kind == "task":
            told = task_refunded(request, refunded=refunded, source_id=source_id)
            await announce(connection, told, announcement_id=self._clock.new_id(), now=self._clock.now())
        return refunded

    # -- unknown keys ------------------------------------------------------------------------------------------

    def _count_unknown(self, client_address: str) -> None:
        UNKNOWN_KEYS.inc()
        now = self._clock.now()
        if len(self._unknown) >= _UNKNOWN_ADDRESSES_MAX:
            client_address = "others"
        found = (now - now % _MINUTE, storable(client_address))
        self._unknown[found] = self._unknown.get(found, 0) + 1

    async def write_unknown_keys(self) -> None:
        """Write down the counts of unknown keys; background work calls it."""
        counts, self._unknown = self._unknown, {}
        if not counts:
            return
        try:
            async with self._database.unit_of_work() as connection:
                await store.add_unknown_keys(connection, counts)
        except BaseException:
            for found, count in counts.items():
                self._unknown[found] = self._unknown.get(found, 0) + count
            raise


@contextmanager
def _unavailable() -> Iterator[None]:
    """A connection that breaks in the middle of an answer is the operator's side, like one that cannot be had."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise Unavailable(code="database_unavailable", reason=type(error).__name__) from error
