"""Rows of orders, credits, refunds, codes and lines as a case tells of them, and what it expects to be found.

Every case has names and sources of its own, so that many can be joined and matched in one run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from counterfoil.foundation.money import NANOS_PER_UNIT
from counterfoil.reconcile.books.lines import PAYMENT_LINES
from counterfoil.reconcile.books.payments import CREDITS, ORDER_REFUNDS, ORDERS, PAYMENTS, REDEMPTIONS
from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching.outcome import Outcome, sort_breaks, sort_matches
from counterfoil.reconcile.matching.terms import FeeRate, Terms

MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# 2026-03-02, UTC; the cases happen in its morning unless they say otherwise.
START = 1_772_409_600_000_000
END = START + DAY
NOON = START + 12 * HOUR
CENT = 10_000_000

TABLES: Mapping[str, Mapping[str, str]] = {
    "orders": ORDERS,
    "payments": PAYMENTS,
    "order_refunds": ORDER_REFUNDS,
    "credits": CREDITS,
    "redemptions": REDEMPTIONS,
    "lines": PAYMENT_LINES,
}
Rows = dict[str, list[dict[str, Any]]]
Row = dict[str, Any]
# A break as a case expects it: class, rows of ours, rows of theirs.
Expected = tuple[str, tuple[str, ...], tuple[str, ...]]


def yuan(amount: float) -> int:
    return round(amount * NANOS_PER_UNIT)


def row_of(row: Row) -> str:
    """A row as matches and breaks name it."""
    for column, kind in (
        ("line_id", "line"), ("transfer_id", "credit"), ("refund_id", "refund"), ("order_id", "order"),
        ("code_id", "code"),
    ):  # fmt: skip
        if column in row and (column != "refund_id" or "taken" in row):
            return f"{kind}:{row[column]}"
    raise KeyError(sorted(row))


def expect(break_class: str, *, ours: Iterable[Row] = (), theirs: Iterable[Row] = ()) -> Expected:
    return (break_class, tuple(sorted(map(row_of, ours))), tuple(sorted(map(row_of, theirs))))


@dataclass
class World:
    """One case's rows and terms."""

    name: str
    rows: Rows = field(default_factory=lambda: {table: [] for table in TABLES})
    fees: dict[str, FeeRate] = field(default_factory=dict)
    payouts_to: dict[str, str] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    _numbers: int = 0

    def source(self, name: str = "wechat") -> str:
        return f"{self.name}-{name}"

    def id(self, name: str) -> str:
        return uuid5(NAMESPACE_OID, f"{self.name}/{name}").hex

    def _next(self, kind: str) -> str:
        self._numbers += 1
        return self.id(f"{kind}{self._numbers}")

    def _add(self, table: str, row: Row) -> Row:
        self.rows[table].append(row)
        return row

    def order(self, amount: int = yuan(100), *, state: str = "paid", at: int = NOON, **other: Any) -> Row:
        """An order that was paid unless it says otherwise, with the number of its payment; neither credit nor line."""
        order_id = self._next("order")
        is_paid = state in ("paid", "partly_refunded", "refunded", "disputed")
        order: Row = {
            "order_id": order_id, "account_id": self.id(other.pop("account", "anna")),
            "provider": self.source(other.pop("provider", "wechat")), "state": state, "amount": amount,
            "currency": "CNY", "credited": amount // 7, "bonus": 0, "wallet_currency": "USD",
            "created_at": at - MINUTE, "paid_at": at if is_paid else None, **other,
        }  # fmt: skip
        if is_paid:
            self._add("payments", {"trade_key": f"{self.name}/{order_id}", "order_id": order_id, "credited": True})
        return self._add("orders", order)

    def credit(self, order: Row, **other: Any) -> Row:
        account = other.pop("account", None)
        return self._add(
            "credits",
            {
                "transfer_id": self._next("credit"),
                "account_id": order["account_id"] if account is None else self.id(account), "code": "credit",
                "cause_kind": "order", "cause_id": order["order_id"], "is_bonus": False, "amount": order["credited"],
                "currency": order["wallet_currency"], "at": order["paid_at"] or order["created_at"], **other,
            },
        )  # fmt: skip

    def line(self, order: Row | None = None, **other: Any) -> Row:
        """A line of the order's payment, as the channel's number names it."""
        if order is not None:
            other = {
                "source": order["provider"].removeprefix(f"{self.name}-"), "amount": order["amount"], "currency": order["currency"],
                "at": order["paid_at"] or order["created_at"], "trade_key": order["order_id"],
                "order_id": order["order_id"], **other,
            }  # fmt: skip
        if "source" in other:
            other["source"] = self.source(other["source"])
        for key in ("trade_key", "payout_key"):
            # As the real ones, keys of different cases are different.
            if other.get(key) is not None:
                other[key] = f"{self.name}/{other[key]}"
        return self._add(
            "lines",
            {
                "line_id": self._next("line"), "source": self.source(), "importer": "wechat_trade",
                "number": self._numbers, "kind": "payment", "status": "succeeded", "direction": 1, "amount": yuan(100),
                "fee": 0, "currency": "CNY", "at": NOON, "trade_key": None, "order_id": None, "refund_key": None,
                "refund_id": None, "payout_key": None, "payer_key": None, **other,
            },
        )  # fmt: skip

    def paid(self, amount: int = yuan(100), **other: Any) -> tuple[Row, Row, Row]:
        """An order with its credit and its line, all of them right."""
        order = self.order(amount, **other)
        return order, self.credit(order), self.line(order)

    def refund(self, order: Row, amount: int | None = None, *, state: str = "succeeded", **other: Any) -> Row:
        """A refund with what it took from the wallet; no line."""
        amount = order["amount"] if amount is None else amount
        refund_id = self._next("refund")
        taken = other.pop("taken", amount // 7)
        refund = self._add(
            "order_refunds",
            {
                "refund_id": refund_id, "order_id": order["order_id"], "account_id": order["account_id"],
                "provider": order["provider"], "state": state, "amount": amount, "currency": order["currency"],
                "taken": taken, "refund_key": f"refund-{refund_id}", "created_at": NOON + HOUR,
                "ended_at": NOON + 2 * HOUR, **other,
            },
        )  # fmt: skip
        self.leg(refund, amount=taken)
        return refund

    def leg(self, refund: Row, code: str = "cash_refund", **other: Any) -> Row:
        return self._add(
            "credits",
            {
                "transfer_id": self._next("credit"), "account_id": refund["account_id"], "code": code,
                "cause_kind": "refund", "cause_id": refund["refund_id"], "is_bonus": False, "amount": refund["taken"],
                "currency": "USD", "at": refund["created_at"], **other,
            },
        )  # fmt: skip

    def refund_line(self, refund: Row, **other: Any) -> Row:
        return self.line(
            **{
                "kind": "refund", "direction": -1, "amount": refund["amount"], "currency": refund["currency"],
                "at": refund["ended_at"], "trade_key": refund["order_id"], "order_id": refund["order_id"],
                "refund_key": refund["refund_key"], **other,
            }
        )  # fmt: skip

    def redeemed(self, value: int = yuan(10), **other: Any) -> Row:
        """A code that was redeemed; no credit."""
        account = self.id(other.pop("account", "anna"))
        code: Row = {"code_id": self._next("code"), "account_id": account, "value": value, "currency": "USD"}
        return self._add("redemptions", {**code, "redeemed_at": NOON, **other})

    def code_credit(self, code: Row, **other: Any) -> Row:
        account = other.pop("account", None)
        return self._add(
            "credits",
            {
                "transfer_id": self._next("credit"),
                "account_id": code["account_id"] if account is None else self.id(account), "code": "credit",
                "cause_kind": "code", "cause_id": code["code_id"], "is_bonus": False, "amount": code["value"],
                "currency": code["currency"], "at": code["redeemed_at"], **other,
            },
        )  # fmt: skip

    @property
    def terms(self) -> Terms:
        return terms_of([self])


def terms_of(worlds: Sequence[World]) -> Terms:
    """The terms of all cases together: dollars and yen may differ by their smallest unit, yuan may not."""
    sources = {row["source"] for world in worlds for row in world.rows["lines"]}
    sources |= {row["provider"] for world in worlds for row in world.rows["orders"]}
    absent = set[str]().union(*(world.absent for world in worlds))
    return Terms(
        start=START, end=END, now=END + 9 * HOUR, sources=frozenset(sources - absent) if absent else None,
        settling_otherwise=2 * HOUR, tolerance={"USD": 1, "JPY": 1}, window=HOUR,
        fees={source: rate for world in worlds for source, rate in world.fees.items()},
        payouts_to={source: bank for world in worlds for source, bank in world.payouts_to.items()},
    )  # fmt: skip


def join(worlds: Iterable[World]) -> Rows:
    joined: Rows = {table: [] for table in TABLES}
    for world in worlds:
        for table, rows in world.rows.items():
            joined[table] += rows
    return joined


def shuffled(rows: Rows, seed: int) -> Rows:
    """The same rows in another order."""
    chance = random.Random(seed)
    return {table: chance.sample(kept, k=len(kept)) for table, kept in rows.items()}


def found(outcome: Outcome) -> list[Expected]:
    """What was found, as cases expect it."""
    return sorted((str(one.break_class), one.ours, one.theirs) for one in outcome.breaks)


def assert_same(one: Outcome, other: Outcome) -> None:
    assert sort_breaks(one.breaks) == sort_breaks(other.breaks)
    assert sort_matches(one.matches) == sort_matches(other.matches)
    assert dict(one.counts) == dict(other.counts)


def run_on(engine: Engine, program: Callable[..., Outcome], rows: Rows, terms: Terms) -> Outcome:
    """Hand rows to an engine and match them there."""
    tables = {name: engine.load_rows(f"given_{name}", columns, rows[name]) for name, columns in TABLES.items()}
    return program(engine, tables, terms)
