"""The demo's day, closed: statements of every provider and upstream, what does not match, and how it is settled.

The statements are files as providers make them, of what the sandboxes have seen; three of their lines are wrong on purpose.
A day is closed when it is over, so this one is looked at from tomorrow.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from counterfoil.approvals.model import ApprovalState
from counterfoil.cli.bench_month.files import BANK_COLUMNS, write_statement
from counterfoil.cli.bench_month.model import HOUR, Told
from counterfoil.cli.demo_recharge import ShownRecharge, transfer_number
from counterfoil.cli.demo_terminal import Terminal
from counterfoil.cli.demo_upstreams import UPSTREAMS
from counterfoil.cli.launchers import RunningPayments, RunningSandbox
from counterfoil.cli.services import Services
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Unavailable
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.vocabulary import Kind, entry
from counterfoil.recharge.model import Order, ProviderKind
from counterfoil.reconcile.desk_model import Break, RunState, Source, SourceKind
from counterfoil.reconcile.model import Book, BreakClass
from counterfoil.reconcile.runs_service import DayView, Runs
from counterfoil.reconcile.statements.importer import Reading

_BY, _SECOND = "Finn in finance", "Olga in operations"
_SOURCES = {
    ProviderKind.STRIPE: "stripe_report",
    ProviderKind.WECHAT: "wechat_trade",
    ProviderKind.ALIPAY: "alipay_trade",
    ProviderKind.EPAY: "epay",
    ProviderKind.BANK: "bank",
}
# Six in a thousand, as agreed with the channel whose statement has kept more.
_AGREED_MILLIONTHS = 6_000
_KEPT_TOO_MUCH = parse_nanos("4")
_NOBODYS = parse_nanos("12")
_BANK_CHARGE = parse_nanos("0.5")
# What nobody has ordered was paid just after midnight: late in the day it might still be on its way to us.
_EARLY = 3 * 1_000_000
_BREAKS_MAX = 500


class _Tomorrow:
    """The clock of somebody who closes the day after it is over."""

    def __init__(self, clock: Clock, ends: int) -> None:
        self._clock = clock
        self._ends = ends

    def now(self) -> int:
        return max(self._clock.now(), self._ends + HOUR)

    def new_id(self) -> UUID:
        return self._clock.new_id()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDay:
    """What became of the day. `found` are the breaks with which it closed, `left` those after they were settled."""

    day: date
    statements: int
    lines: int
    books: dict[str, str]
    is_closed: bool
    found: tuple[Break, ...]
    approved: int
    left: int

    @property
    def is_as_told(self) -> bool:
        staged = {BreakClass.MISSING_INTERNAL, BreakClass.FEE_MISMATCH, BreakClass.AMOUNT_UNDER}
        classes = {one.break_class for one in self.found if one.book is Book.PAYMENTS}
        return self.is_closed and classes == staged and self.approved >= len(staged) and self.left == 0

    def to_json(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(), "statements": self.statements, "lines": self.lines, "books": self.books,
            "closed": self.is_closed, "breaks": dict(sorted(self._counts().items())), "approved": self.approved,
            "left": self.left,
        }  # fmt: skip

    def _counts(self) -> Counter[str]:
        return Counter(f"{one.book}.{one.break_class}" for one in self.found)

    def lines_for(self, terminal: Terminal) -> list[str]:
        """What a person reads: the breaks of money one by one, those of calls counted."""
        word = terminal.word
        told = [word("demo_day_closed", day=self.day.isoformat(), files=self.statements, lines=self.lines,
                     breaks=len(self.found))]  # fmt: skip
        of_money = [one for one in self.found if one.book is Book.PAYMENTS]
        for one in sorted(of_money, key=lambda each: each.break_class):
            label = entry(Kind.BREAK_CLASS, one.break_class.value).label[terminal.language]
            amount, name = f"{_amount([one])} {one.currency}", f"{one.book}.{one.break_class}"
            told.append("  " + word("demo_day_break", label=label, name=name, amount=amount))
        rest = [one for one in self.found if one.book is not Book.PAYMENTS]
        if rest:
            told.append("  " + word("demo_day_calls", count=len(rest), amount=f"{_amount(rest)} USD"))
        told.append(word("demo_day_settled", approved=self.approved, left=self.left))
        return ["  " + line for line in told]


def _amount(breaks: Sequence[Break]) -> str:
    """What the sides differ by, in all."""
    return format_nanos(sum(abs(one.difference or 0) for one in breaks))


class DemoDay:
    """Closes the day that the demo has made."""

    def __init__(
        self, services: Services, payments: RunningPayments, sandbox: RunningSandbox, folder: Path, credited: UUID
    ) -> None:
        self._services = services
        self._desk = services.reconcile
        self._payments = payments
        self._sandbox = sandbox
        self._folder = folder
        self._credited = credited

    async def close(self, recharge: ShownRecharge) -> ShownDay:
        """Import, hold, close, settle, and hold again. The day is that of the recharges."""
        day = to_datetime(recharge.refunded.paid_at or recharge.refunded.created_at).date()
        begins, ends = self._desk.runs.bounds(day)
        later = _Tomorrow(self._services.clock, ends)
        runs = self._desk.runs.by_clock(later)
        self._folder.mkdir(parents=True, exist_ok=True)
        statements, lines = await self._import(await self._write(recharge, begins))
        await self._services.archive.by_clock(later).archive(day)
        states = await self._hold(runs, day)
        view = await self._close(runs, day)
        found = await self._standing()
        approved = await self._settle(found)
        # What was settled stays settled when the rows are held again; calls were looked at, and nothing was changed.
        await runs.run(day, books=[Book.PAYMENTS], by=_BY)
        return ShownDay(
            day=day, statements=statements, lines=lines, books=states, is_closed=view.closed is not None,
            found=tuple(found), approved=approved, left=len(await self._standing()),
        )  # fmt: skip

    # -- statements ----------------------------------------------------------------------------------------------------

    async def _write(self, recharge: ShownRecharge, begins: int) -> list[tuple[str, Path]]:
        """Every source with its file."""
        told: dict[str, list[Told]] = {}
        for order in (*recharge.orders, recharge.refunded):
            told.setdefault(order.provider, []).append(await self._line(order))
        await self._add_wrong_lines(told, recharge, begins)
        files = []
        for source, lines in sorted(told.items()):
            suffix, content = write_statement(source, begins, lines)
            files.append((source, self._keep(f"{source}{suffix}", content)))
        for upstream in UPSTREAMS:
            bill = await asyncio.to_thread(self._sandbox.bill, key=upstream.name)
            if bill["rows"]:
                files.append((upstream.name, self._keep(f"{upstream.name}.json", json.dumps(bill).encode())))
        return files

    def _keep(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path

    async def _line(self, order: Order) -> Told:
        """The order as its provider knows it."""
        number = transfer_number(order)
        if order.provider_kind is not ProviderKind.BANK:
            known = await asyncio.to_thread(self._payments.orders, order.provider, order.number)
            number = str(known[-1].get("payment_intent") or known[-1]["trade_number"])
        at = order.paid_at or order.created_at
        share = _AGREED_MILLIONTHS if order.provider_kind is ProviderKind.WECHAT else 0
        return Told(
            source=order.provider, kind="payment", at=at, told_at=at, trade=number, amount=order.amount,
            currency=order.currency, fee=order.amount * share // 1_000_000, order=order.number,
        )  # fmt: skip

    async def _add_wrong_lines(self, told: dict[str, list[Told]], recharge: ShownRecharge, begins: int) -> None:
        """The refund, which is right; then a payment of nobody's, a fee that is too high, a transfer that a bank has cut."""
        regretted = told[ProviderKind.ALIPAY][0]
        known = await asyncio.to_thread(self._payments.orders, ProviderKind.ALIPAY.value, recharge.refunded.number)
        number = str(known[-1]["refunds"][0]["number"])
        told[ProviderKind.ALIPAY].append(
            replace(regretted, kind="refund", direction=-1, refund=number, at=self._services.clock.now())
        )
        stripe = told[ProviderKind.STRIPE][0]
        told[ProviderKind.STRIPE].append(
            replace(stripe, at=begins + _EARLY, trade="pi_3demoOfNobody01", order="", amount=_NOBODYS)
        )
        wechat, bank = told[ProviderKind.WECHAT], told[ProviderKind.BANK]
        wechat[0] = replace(wechat[0], fee=wechat[0].fee + _KEPT_TOO_MUCH)
        bank[0] = replace(bank[0], amount=bank[0].amount - _BANK_CHARGE)

    async def _import(self, files: Sequence[tuple[str, Path]]) -> tuple[int, int]:
        kinds = {kind.value: importer for kind, importer in _SOURCES.items()}
        lines = 0
        for name, path in files:
            is_bank = name == ProviderKind.BANK.value
            source = Source(
                name=name, what=SourceKind.PROVIDER if name in kinds else SourceKind.UPSTREAM,
                importers=(kinds.get(name, "sandbox_bill"),),
                reading=Reading(time_zone="UTC", currency="USD", columns=BANK_COLUMNS) if is_bank else Reading(),
                fee_millionths=_AGREED_MILLIONTHS if name == ProviderKind.WECHAT.value else None,
            )  # fmt: skip
            await self._desk.sources.add(source, by=_BY)
            for one in await self._desk.imports.import_file(
                name=path.name, content=path.read_bytes(), by=_BY, source=name
            ):
                if one.error is not None:
                    raise one.error
                lines += 0 if one.statement is None else one.statement.lines
        return len(files), lines

    # -- the day -------------------------------------------------------------------------------------------------------

    async def _hold(self, runs: Runs, day: date) -> dict[str, str]:
        made = await runs.run(day, by=_BY)
        return {run.book.value: run.state.value for run in made}

    async def _close(self, runs: Runs, day: date) -> DayView:
        view = await runs.day(day)
        if view.obstacles or any(run.state is not RunState.CLOSED for run in view.runs):
            raise Unavailable(code="demo_day_open", reasons=[str(one) for one in view.obstacles][:5])
        return await runs.close_day(day, by=_BY)

    async def _standing(self) -> list[Break]:
        return await self._desk.breaks.list(standing=True, most=_BREAKS_MAX)

    async def _settle(self, found: Sequence[Break]) -> int:
        """Money moves by two people; what an upstream bills of calls that failed is the operator's cost, and noted."""
        approved = 0
        for one in found:
            if one.book is not Book.PAYMENTS:
                await self._desk.settling.ignore(one.break_id, by=_BY, reason="billed for a call that failed: our cost")
                continue
            money = self._desk.money_settling
            if one.break_class is BreakClass.MISSING_INTERNAL:
                approval = await money.credit(
                    one.break_id, account_id=self._credited, amount=_NOBODYS, by=_BY, reason="Acme's second payment"
                )
            else:
                approval = await money.write_off(one.break_id, by=_BY, reason="too little to ask for it back")
            if approval.state is ApprovalState.PROPOSED:
                approval = await self._services.approvals.approve(approval.approval_id, by=_SECOND)
            approved += approval.state is ApprovalState.APPROVED
        return approved
