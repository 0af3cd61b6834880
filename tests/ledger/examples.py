"""Customers with money, and the commands that move it. Amounts are small: a nano here is as good as a dollar."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.ids import make_id
from counterfoil.ledger.draft import burn_order, earliest_expiry
from counterfoil.ledger.engine import Engine
from counterfoil.ledger.model import (
    EMPTY_HASH,
    PROMOTIONS,
    WALLET,
    Authorize,
    Capture,
    Change,
    Credit,
    Expire,
    Grant,
    GrantKind,
    GrantSpec,
    GrantState,
    Hold,
    HoldEnd,
    Operation,
    Outcome,
    Refused,
    Transfer,
    Void,
    Wallet,
)
from counterfoil.ledger.service import Ledger
from counterfoil.ledger.verify import Report

MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
NOW = 1_700_000_000_000_000
ACCOUNT = UUID(int=1)
STRIPE = "clearing:stripe"

_random = random.Random(7)


def new_id() -> UUID:
    return make_id(NOW, _random.getrandbits(62))


def grant(remaining: int, **fields: Any) -> Grant:
    """An open paid grant that nothing has touched, unless told otherwise."""
    fields.setdefault("amount", remaining)
    defaults: dict[str, Any] = {
        "grant_id": new_id(), "kind": GrantKind.PAID, "priority": 100, "expires_at": None, "created_at": NOW,
        "origin": STRIPE, "source_kind": "order", "source_id": "o1", "held": 0, "state": GrantState.OPEN,
    }  # fmt: skip
    return Grant(remaining=remaining, **{**defaults, **fields})


def wallet(*grants: Grant, **fields: Any) -> Wallet:
    """A wallet of these grants, with everything that they hold reserved."""
    ordered = tuple(sorted((each for each in grants if each.remaining), key=burn_order))
    values: dict[str, Any] = {
        "account_id": ACCOUNT, "currency": "USD", "time_zone": "UTC", "status": "active", "revision": 5, "version": 3,
        "event_no": 4, "last_at": NOW, "posted": sum(g.remaining for g in ordered),
        "held": sum(g.held for g in ordered), "head_hash": EMPTY_HASH, "grants": ordered,
        "next_expiry": earliest_expiry(ordered),
    }  # fmt: skip
    return Wallet(**{**values, **fields})


def moved(transfers: tuple[Transfer, ...]) -> dict[str, int]:
    names: dict[str, int] = {}
    for row in transfers:
        names[row.debit] = names.get(row.debit, 0) - row.amount
        names[row.credit] = names.get(row.credit, 0) + row.amount
    return names


def assert_whole(before: Wallet, change: Change) -> None:
    """What holds after every command, whatever it was (L1, L2, L6, L9)."""
    after = change.wallet
    assert all(row.amount > 0 and row.debit != row.credit for row in change.transfers)
    assert sum(moved(change.transfers).values()) == 0
    assert moved(change.transfers).get(WALLET, 0) == after.posted - before.posted
    assert 0 <= after.held <= after.posted
    assert 0 <= after.spendable <= after.posted - after.held
    assert sum(each.remaining for each in after.grants) == after.posted
    assert sum(each.held for each in after.grants) == after.held
    assert all(0 <= each.held <= each.remaining for each in change.grants)
    assert list(after.grants) == sorted(after.grants, key=burn_order)
    versions = [row.version for row in change.transfers]
    assert versions == list(range(before.version + 1, after.version + 1))
    assert [row.prev_hash for row in change.transfers] == [before.head_hash, *[r.hash for r in change.transfers]][:-1]
    assert after.last_at >= before.last_at
    assert after.event_no > before.event_no


def hold_of(*reservations: tuple[Grant, int], expires_at: int = NOW + 5 * MINUTE, **fields: Any) -> Hold:
    parts = tuple((each.grant_id, amount) for each, amount in reservations)
    values: dict[str, Any] = {
        "account_id": ACCOUNT, "hold_id": new_id(), "event_no": 2, "amount": sum(amount for _, amount in parts),
        "created_at": NOW, "cause_kind": "request", "cause_id": new_id(), "intent": "request=1",
    }  # fmt: skip
    return Hold(reservations=parts, expires_at=expires_at, **{**values, **fields})


def authorize(
    amount: int, *, account_id: UUID = ACCOUNT, hold_id: UUID | None = None, floor: int | None = None, **fields: Any
) -> Authorize:
    hold_id = hold_id or new_id()
    floor = amount if floor is None else floor
    values: dict[str, Any] = {
        "expires_in": 5 * MINUTE, "cause_kind": "request", "cause_id": hold_id, "intent": f"asked={amount};floor={floor}"
    }  # fmt: skip
    return Authorize(account_id=account_id, hold_id=hold_id, floor=floor, asked=amount, **{**values, **fields})


def capture(hold: Hold, cost: int) -> Capture:
    return Capture(account_id=hold.account_id, hold_id=hold.hold_id, cost=cost, intent=f"cost={cost}")


def void(hold: Hold) -> Void:
    return Void(account_id=hold.account_id, hold_id=hold.hold_id, reason="upstream_error")


def expire(hold: Hold) -> Expire:
    return Expire(account_id=hold.account_id, hold_id=hold.hold_id)


def paid(amount: int, **fields: Any) -> GrantSpec:
    return GrantSpec(**{"kind": GrantKind.PAID, "amount": amount, "origin": STRIPE, **fields})


def bonus(amount: int, **fields: Any) -> GrantSpec:
    return GrantSpec(**{"kind": GrantKind.PROMOTIONAL, "amount": amount, "origin": PROMOTIONS, **fields})


def credit(*specs: GrantSpec, account_id: UUID = ACCOUNT, order: str = "o1") -> Credit:
    return Credit(account_id=account_id, source_kind="order", source_id=order, grants=specs)


def with_other_intent(command: Any) -> Any:
    return replace(command, intent=command.intent + ";other=1")


@dataclass(frozen=True, kw_only=True)
class Bank:
    """The ledger and its engine, with answers of the kind that was expected."""

    ledger: Ledger
    engine: Engine
    clock: ManualClock

    async def customer(self, *amounts: int) -> UUID:
        """A new account with one paid grant per amount."""
        account = await self.ledger.open_account(name="customer")
        for number, amount in enumerate(amounts):
            await self.ledger.operate(credit(paid(amount), account_id=account.account_id, order=f"o{number}"))
        return account.account_id

    async def hold(self, account_id: UUID, amount: int, **fields: Any) -> Hold:
        outcome = await self.engine.submit(self.authorize(account_id, amount, **fields))
        assert isinstance(outcome, Hold), outcome
        return outcome

    def authorize(self, account_id: UUID, amount: int, **fields: Any) -> Authorize:
        fields.setdefault("hold_id", self.clock.new_id())
        return authorize(amount, account_id=account_id, **fields)

    async def capture(self, hold: Hold, cost: int) -> HoldEnd:
        outcome = await self.engine.submit(capture(hold, cost))
        assert isinstance(outcome, HoldEnd), outcome
        return outcome

    async def void(self, hold: Hold) -> HoldEnd:
        outcome = await self.engine.submit(void(hold))
        assert isinstance(outcome, HoldEnd), outcome
        return outcome

    async def money(self, account_id: UUID) -> tuple[int, int]:
        """Posted and held."""
        account = await self.ledger.account(account_id)
        return account.posted, account.held

    async def verified(self) -> Report:
        """The whole ledger, proved."""
        report = await self.ledger.verify([])
        assert report.findings == []
        assert all(total == 0 for total in report.sums.values())
        return report


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """What the book says of the same command."""
    match outcome:
        case Hold():
            return {"held": outcome.amount, "parts": list(outcome.reservations)}
        case HoldEnd():
            names = ("captured", "released", "overage", "uncollected")
            return {"verb": str(outcome.verb), **{name: getattr(outcome, name) for name in names}}
        case Refused():
            return {"refused": outcome.code, "needed": outcome.needed, "spendable": outcome.spendable}
        case Operation():
            return outcome.answer
    raise AssertionError(outcome)


def ids_in(outcome: Outcome | None) -> Iterator[UUID]:
    """The ids of the grants that a command made, in order."""
    if not isinstance(outcome, Operation):
        return iter(())
    shown = outcome.answer.get("grants", [part["grant"] for part in outcome.answer.get("parts", ())])
    return iter([UUID(hex=each) for each in shown])
