"""Rows of every kind by chance, so that all that can be right or wrong meets: few amounts and times, that meet often."""

from __future__ import annotations

import random

from counterfoil.reconcile.matching.terms import FeeRate
from reconcile.matching.world import CENT, DAY, END, HOUR, MINUTE, NOON, Row, World, yuan

_AMOUNTS = (yuan(50), yuan(50) + CENT, yuan(50) + 2 * CENT, yuan(100), 123_456_789_123)
_TIMES = (NOON, NOON + MINUTE, NOON - 90 * MINUTE, NOON + 5 * HOUR, NOON - 2 * DAY, END - 30 * MINUTE)
_CURRENCIES = ("CNY", "USD", "USD", "JPY")


class Chance:
    """One small world by chance; the same numbers give the same world."""

    def __init__(self, numbers: random.Random, name: str) -> None:
        self.world = World(name)
        self._numbers = numbers
        if self._now_and_then():
            self.world.fees[self.world.source("stripe")] = FeeRate(share_millionths=29_000, fixed=yuan(0.3))
        if self._now_and_then():
            self.world.payouts_to[self.world.source("stripe")] = self.world.source("bank")
        for _ in range(numbers.randint(1, 4)):
            self._order()
        for _ in range(numbers.randint(0, 4)):
            self._stray_line()
        for _ in range(numbers.randint(0, 2)):
            self._lookalike()
        for _ in range(numbers.randint(0, 2)):
            self._code()

    def _now_and_then(self, often: int = 3) -> bool:
        return self._numbers.randint(1, often) == 1

    def _order(self) -> None:
        pick = self._numbers.choice
        states = ("paid", "paid", "paid", "partly_refunded", "refunded", "disputed", "created", "expired", "failed")
        order = self.world.order(
            pick(_AMOUNTS), state=pick(states), at=pick(_TIMES), provider=pick(("wechat", "stripe")),
            account=pick(("anna", "ben")), currency=pick(_CURRENCIES), bonus=pick((0, 0, 0, yuan(2))),
        )  # fmt: skip
        for _ in range(pick((0, 1, 1, 1, 1, 1, 2))):
            self.world.credit(order, **self._credit_wrong(order))
        if order["bonus"] and not self._now_and_then():
            self.world.credit(order, is_bonus=True, amount=pick((yuan(2), yuan(1))))
        for _ in range(pick((0, 1, 1, 1, 1, 2, 3))):
            self._line(order)
        for _ in range(pick((0, 0, 1, 2))):
            self._refund(order)

    def _credit_wrong(self, order: Row) -> Row:
        pick = self._numbers.choice
        wrong: list[Row] = [
            {"account": pick(("anna", "ben"))},
            {"amount": order["credited"] + pick((-1, 1))},
            {"amount": order["credited"] // 2},
            {"currency": "CNY"},
            {"cause_id": self.world.id("nowhere")},
        ]
        return pick(wrong) if self._now_and_then(5) else {}

    def _line(self, order: Row, **other: object) -> Row:
        pick = self._numbers.choice
        line: Row = {
            "at": pick((order["created_at"], *_TIMES)),
            "importer": pick(("wechat_trade", "wechat_trade", "wechat_fund", "alipay_trade")),
            "fee": pick((0, round(order["amount"] * 0.029) + yuan(0.3))),
        }
        changes: list[Row] = [
            {"amount": pick(_AMOUNTS)},
            {"amount": order["amount"] // 2},
            {"amount": order["amount"] + pick((CENT, -CENT))},
            {"currency": pick(_CURRENCIES)},
            {"status": pick(("failed", "pending", "closed"))},
            {"direction": -1},
            {"trade_key": None},
            {"trade_key": None, "order_id": None},
            {"trade_key": pick(("second", "third"))},
            {"order_id": pick(self.world.rows["orders"])["order_id"]},
            {"payout_key": pick(("payout", "other payout"))},
            {"source": pick(("wechat", "stripe", "bank"))},
            {"kind": "refund", "direction": -1},
            {"kind": "adjustment", "direction": pick((1, -1))},
            {"kind": "fee", "direction": -1, "amount": yuan(0.3)},
        ]
        for _ in range(pick((0, 0, 1, 2))):
            line |= pick(changes)
        return self.world.line(order, **line | other)

    def _refund(self, order: Row) -> None:
        pick = self._numbers.choice
        refund = self.world.refund(
            order, pick((order["amount"], order["amount"] // 2)),
            state=pick(("succeeded", "succeeded", "succeeded", "failed", "unknown", "sent", "sending", "waiting")),
            created_at=pick(_TIMES), ended_at=pick((None, *_TIMES)),
        )  # fmt: skip
        for code in ("cash_refund", "cash_shortfall", "cash_restored"):
            if self._now_and_then(6):
                self.world.leg(refund, code, is_bonus=self._now_and_then(), account_id=self.world.id("anna"))
        for _ in range(pick((0, 1, 1, 1, 2))):
            changes: list[Row] = [
                {"amount": pick(_AMOUNTS)},
                {"amount": refund["amount"] + CENT},
                {"direction": 1},
                {"status": "pending"},
                {"refund_key": None},
                {"refund_key": None, "refund_id": refund["refund_id"]},
                {"refund_key": None, "trade_key": None, "order_id": None},
                {"refund_key": "unknown"},
                {"trade_key": "second"},
                {"kind": "adjustment"},
                {"kind": "transfer"},
                {"currency": pick(_CURRENCIES)},
                {"importer": "wechat_fund"},
                {"importer": "wechat_fund", "refund_key": None},
            ]
            line: Row = {"at": pick(_TIMES), "source": pick(("wechat", "stripe"))}
            for _ in range(pick((0, 1, 2))):
                line |= pick(changes)
            self.world.refund_line(refund, **line)

    def _stray_line(self) -> None:
        pick = self._numbers.choice
        kind = pick(("payment", "payment", "payout", "payout", "transfer", "fee", "adjustment", "refund"))
        self.world.line(
            kind=kind, source=pick(("bank", "stripe", "wechat")), amount=pick(_AMOUNTS), currency=pick(_CURRENCIES),
            at=pick(_TIMES), direction=pick((1, -1, -1, -1) if kind == "payout" else (1, -1)),
            payout_key=pick((None, "payout", "other payout")), trade_key=pick((None, "second", "unknown")),
        )  # fmt: skip

    def _lookalike(self) -> None:
        """A line that names nothing and might be some order's or refund's."""
        pick = self._numbers.choice
        order = pick(self.world.rows["orders"])
        self.world.line(
            order, trade_key=None, order_id=None, at=(order["paid_at"] or NOON) + pick((0, MINUTE, 2 * HOUR)),
            amount=order["amount"] + pick((0, 0, 0, CENT)),
            **pick(({}, {}, {"kind": "refund", "direction": -1})),
        )  # fmt: skip

    def _code(self) -> None:
        pick = self._numbers.choice
        code = self.world.redeemed(account=pick(("anna", "ben")))
        for _ in range(pick((0, 1, 1, 1, 2))):
            self.world.code_credit(
                code, account=pick((None, None, "anna")), amount=pick((code["value"], code["value"], code["value"] // 2)),
                currency=pick(("USD", "USD", "CNY")), at=pick(_TIMES),
                **pick(({}, {}, {"cause_id": self.world.id("no code")})),
            )  # fmt: skip
