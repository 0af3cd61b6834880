"""Accounts that do everything that can be done to a wallet, through the services that do it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from counterfoil.evidence.waterfall import Waterfall
from counterfoil.evidence.waterfall_service import Waterfalls
from counterfoil.foundation.errors import Conflict, CounterfoilError
from counterfoil.ledger.model import (
    Adjust,
    Credit,
    EndGrant,
    Freeze,
    GrantKind,
    GrantSpec,
    RefundCash,
    RestoreCash,
    Unfreeze,
)
from counterfoil.limits.model import GroupSettings
from counterfoil.spend.model import Admission, Charge, Endpoint
from spend.market import NANOS, TOKEN, Customer, Market, Till

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MICROS = 1_000_000


@dataclass(kw_only=True)
class Spender:
    """One account, with a key in a group and one without."""

    market: Market
    till: Till
    keys: tuple[Customer, Customer]
    sources: int = 0
    open: list[Admission] = field(default_factory=list)
    charged: list[UUID] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    returned: list[tuple[str, str]] = field(default_factory=list)
    # Before the first of all, and after each step.
    times: list[int] = field(default_factory=list)

    @classmethod
    async def open_account(cls, market: Market, till: Till, *, credit: int = 0, time_zone: str = "UTC") -> Spender:
        first = await market.customer(credit=credit, group=GroupSettings(name="Crew"), time_zone=time_zone)
        second = await market.another_key(first.account_id)
        return cls(market=market, till=till, keys=(first, second), times=[market.clock.now()])

    @property
    def account_id(self) -> UUID:
        return self.keys[0].account_id

    @property
    def now(self) -> int:
        return self.market.clock.now()

    def source(self) -> str:
        self.sources += 1
        return f"source {self.sources}"

    def pass_time(self, seconds: int) -> None:
        self.market.clock.advance(seconds=seconds)

    # -- money -------------------------------------------------------------------------------------------------

    async def credit(
        self,
        nanos: int,
        *,
        kind: GrantKind = GrantKind.PAID,
        source_kind: str = "order",
        seconds: int | None = None,
        bonus: int = 0,
    ) -> str:
        """Credit, which ends after so many seconds; with an order, a bonus may come along."""
        source = self.source()
        origin = "clearing:test" if kind is GrantKind.PAID else "promotions"
        expires_at = None if seconds is None else self.now + seconds * MICROS
        grants = [GrantSpec(kind=kind, amount=nanos, origin=origin, expires_at=expires_at)]
        if bonus:
            grants.append(GrantSpec(kind=GrantKind.PROMOTIONAL, amount=bonus, origin="promotions"))
        await self.market.ledger.operate(
            Credit(
                account_id=self.account_id, source_kind=source_kind, source_id=source, grants=tuple(grants)
            )
        )  # fmt: skip
        if source_kind == "order":
            self.orders.append(source)
        return source

    async def adjust(self, nanos: int) -> None:
        await self.market.ledger.operate(Adjust(account_id=self.account_id, source_id=self.source(), amount=nanos))

    async def refund_cash(self, nanos: int, *, order: int = 0, already_returned: bool = False) -> None:
        source, order_id = self.source(), self.orders[order % len(self.orders)]
        await self.market.ledger.operate(
            RefundCash(
                account_id=self.account_id, source_id=source, source_kind="order", order_id=order_id, amount=nanos,
                already_returned=already_returned,
            )
        )  # fmt: skip
        self.returned.append((source, order_id))

    async def restore_cash(self) -> None:
        source, order_id = self.returned.pop()
        await self.market.ledger.operate(
            RestoreCash(account_id=self.account_id, source_id=source, source_kind="order", order_id=order_id)
        )

    async def on_grant(self, number: int, what: Callable[[UUID], Any]) -> None:
        """A command on one of the account's grants."""
        grants = await self.market.ledger.grants(self.account_id)
        if grants:
            await self.market.ledger.operate(what(grants[number % len(grants)].grant_id))

    # -- calls -------------------------------------------------------------------------------------------------

    async def call(self, tokens: int = 400, *, key: int = 0, over: bool = False, **fields: Any) -> Admission | None:
        """A call that is served at a thousandth a token, or refused; `over`: it costs more than was held."""
        answer = await self.till.call(self.keys[key], cap=tokens // 2 if over else tokens, **fields)
        if not isinstance(answer, Admission):
            return None
        await self.deliver(answer, tokens)
        return answer

    async def deliver(self, admission: Admission, tokens: int) -> Charge:
        charge = await self.till.deliver(admission, tokens)
        if charge.charged:
            self.charged.append(admission.request_id)
        return charge

    async def task(self, tokens: int = 400, **fields: Any) -> Admission | None:
        """Work that goes on as a task."""
        return await self.call(tokens, endpoint=Endpoint.IMAGE_GENERATIONS, is_task=True, **fields)

    async def refund(self, number: int, *, part: int | None = None) -> None:
        """Give back a charge, or so many nanos of it."""
        if self.charged:
            request_id = self.charged[number % len(self.charged)]
            await self.till.spend.refund(request_id, source_id=self.source(), amount=part, reason="broken")

    # -- a random history --------------------------------------------------------------------------------------

    async def step(self, name: str, number: int) -> None:
        """One of everything; what cannot be done is not."""
        fingerprint = {"fingerprint": bytes([number % 3]) * 32}
        with contextlib.suppress(CounterfoilError):
            match name:
                case "recharge":
                    await self.credit(number * TOKEN, bonus=number % 3 * NANOS // 7)
                case "promote":
                    await self.credit(
                        number * TOKEN, kind=GrantKind.PROMOTIONAL, source_kind=("code", "grant", "refund")[number % 3],
                        seconds=number * MINUTE + 1,
                    )  # fmt: skip
                case "call":
                    await self.call(number, key=number % 2, model=("plain", "metered", "per-call")[number % 3])
                case "copy":
                    await self.call(number, retry_count=number % 2, **fingerprint)
                case "task":
                    await self.task(number, **fingerprint)
                case "over":
                    await self.call(number, over=True)
                case "begin":
                    answer = await self.till.call(self.keys[number % 2], cap=number)
                    if isinstance(answer, Admission):
                        self.open.append(answer)
                case "end" if self.open:
                    await self.deliver(self.open.pop(number % len(self.open)), number)
                case "fail" if self.open:
                    await self.till.fail(self.open.pop())
                case "refund":
                    await self.refund(number, part=None if number % 2 else number)
                case "adjust":
                    await self.adjust((number - 500) * TOKEN or 1)
                case "cash" if self.orders:
                    await self.refund_cash(number * TOKEN // 3 + 1, order=number, already_returned=number % 2 == 0)
                case "restore" if self.returned:
                    await self.restore_cash()
                case "end_grant":
                    destination = ("promotions", "breakage")[number % 2]
                    await self.on_grant(number, lambda grant: EndGrant(
                        account_id=self.account_id, grant_id=grant, destination=destination))  # fmt: skip
                case "freeze":
                    source = self.source()
                    await self.on_grant(number, lambda grant: Freeze(
                        account_id=self.account_id, grant_id=grant, source_id=source))  # fmt: skip
                case "unfreeze":
                    source = self.source()
                    await self.on_grant(number, lambda grant: Unfreeze(
                        account_id=self.account_id, grant_id=grant, source_id=source))  # fmt: skip
                case "wait":
                    self.pass_time(number * MINUTE)
                case "sweep":
                    await self.market.ledger.end_due_grants()
                    with contextlib.suppress(Conflict):
                        await self.market.ledger.expire_overdue()
        self.market.clock.advance(micros=number % 3)
        self.times.append(self.now)

    # -- asking ------------------------------------------------------------------------------------------------

    async def waterfall(self, start: int, end: int) -> Waterfall:
        asking = Waterfalls(self.market.database, ledger=self.market.ledger, clock=self.market.clock)
        return await asking.of(self.account_id, start=start, end=end)
