"""Our own records of money, written as the flows write them: an order with its payment and its credit, a refund with what it
took. What a break needs otherwise is changed by whoever plants it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

from counterfoil.cli.bench_month.files import ALIPAY, BANK, EPAY, PAYPAL, STRIPE, WECHAT, day_of_file
from counterfoil.cli.bench_month.model import CENT, DAY, MINUTE, NEVER, UNIT, Month, Row, Told
from counterfoil.foundation.money import round_half_even
from counterfoil.recharge.numbers import Numbers
from counterfoil.reconcile.model import Book, BreakClass

_MILLION = 1_000_000
# Wallets are in dollars; demo yuan, not today's.
_CNY_IN_USD = Fraction(14, 100)
_BONUS_FROM = 50 * UNIT
SETTLING: Mapping[str, int] = {STRIPE: DAY, WECHAT: DAY, ALIPAY: 2 * DAY, EPAY: DAY, PAYPAL: DAY}
CHANNELS = tuple(SETTLING)
CURRENCIES: Mapping[str, str] = {STRIPE: "USD", WECHAT: "CNY", ALIPAY: "CNY", EPAY: "CNY", PAYPAL: "USD"}
# Millionths of a payment, and so much beside it.
FEES: Mapping[str, tuple[int, int]] = {
    STRIPE: (29_000, 300_000_000),
    WECHAT: (6_000, 0),
    ALIPAY: (6_000, 0),
    EPAY: (30_000, 0),
    PAYPAL: (34_900, 490_000_000),
}
# A payout is on its way for up to so long.
PAYOUT_WINDOW = 5 * DAY


@dataclass(slots=True, kw_only=True)
class Sold:
    """An order as both sides know it. The line is kept aside, to be told as it is, otherwise, or not at all."""

    order: Row
    credit: Row
    line: Told

    @property
    def name(self) -> str:
        return "order:" + str(self.order["order_id"])

    @property
    def credit_name(self) -> str:
        return "credit:" + str(self.credit["transfer_id"])


@dataclass(slots=True, kw_only=True)
class Returned:
    """A refund as both sides know it."""

    refund: Row
    credit: Row
    line: Told

    @property
    def name(self) -> str:
        return "refund:" + str(self.refund["refund_id"])


class Books:
    """Writes orders, refunds and codes into a month."""

    def __init__(self, month: Month, numbers: Numbers) -> None:
        self.month = month
        self._numbers = numbers
        self._counter = 0
        self._amounts: set[tuple[str, int]] = set()
        self.accounts = [month.uuid(0).hex for _ in range(40)]

    # -- numbers -------------------------------------------------------------------------------------------------------

    def amount(self, source: str, least: int = 1_000, most: int = 90_000) -> int:
        """An amount that nothing else of that source has: what fits by amount alone is planted."""
        while True:
            amount = self.month.random.randrange(least, most) * CENT
            if (source, amount) not in self._amounts:
                self._amounts.add((source, amount))
                return amount

    def number(self, source: str, at: int, kind: str = "payment") -> str:
        """A number as the channel gives them."""
        self._counter += 1
        place = f"{at // 1_000_000}{self._counter:08d}"
        marks = {STRIPE: {"payment": "pi_3", "refund": "re_3", "payout": "po_1"}.get(kind, "xx_3"), WECHAT: "420000",
                 ALIPAY: "2026", EPAY: "2026", PAYPAL: "8AB", BANK: "FT"}  # fmt: skip
        return ("50" if source == WECHAT and kind == "refund" else "") + marks[source] + place

    def key(self, purpose: str, source: str, number: str) -> str:
        return self._numbers.hash(purpose, source, number).hex()

    def fee(self, source: str, amount: int) -> int:
        """What the channel keeps, rounded as it rounds."""
        share, fixed = FEES[source]
        step = CENT // 1000 if source == WECHAT else CENT
        return (amount * share + _MILLION * step // 2) // (_MILLION * step) * step + fixed

    # -- orders --------------------------------------------------------------------------------------------------------

    def sell(
        self, source: str, at: int, *, amount: int | None = None, account: str | None = None, **order: Any
    ) -> Sold:
        """An order that was paid and credited at a time; its line is not told yet."""
        month, currency = self.month, CURRENCIES[source]
        amount = self.amount(source) if amount is None else amount
        credited = _in_dollars(amount, currency)
        bonus = credited // 50 if credited >= _BONUS_FROM else 0
        row: Row = {
            "order_id": month.uuid(at - 5 * MINUTE).hex, "account_id": account or month.random.choice(self.accounts),
            "provider": source, "state": "paid", "amount": amount, "currency": currency, "credited": credited,
            "bonus": bonus, "wallet_currency": "USD", "created_at": at - 5 * MINUTE, "paid_at": at, **order,
        }  # fmt: skip
        month.orders.append(row)
        trade = self.number(source, at)
        month.payments.append({"trade_key": self.key("payment", source, trade), "order_id": row["order_id"],
                               "credited": True})  # fmt: skip
        credit = self.credit(row, credited, at=at)
        if bonus:
            self.credit(row, bonus, at=at, is_bonus=True)
        line = Told(
            source=source, kind="payment", at=at - 2_000_000, told_at=at - 2_000_000, trade=trade, amount=amount,
            currency=currency, fee=self.fee(source, amount), order=row["order_id"],
        )  # fmt: skip
        return Sold(order=row, credit=credit, line=line)

    def credit(self, order: Row, amount: int, *, at: int, is_bonus: bool = False, account: str | None = None) -> Row:
        return self.transfer(
            "credit",
            "order",
            order["order_id"],
            amount,
            at=at,
            is_bonus=is_bonus,
            account=account or order["account_id"],
        )

    def transfer(
        self, code: str, cause: str, cause_id: str, amount: int, *, at: int, account: str, is_bonus: bool = False
    ) -> Row:
        row: Row = {
            "transfer_id": self.month.uuid(at).hex, "account_id": account, "code": code, "cause_kind": cause,
            "cause_id": cause_id, "is_bonus": is_bonus, "amount": amount, "currency": "USD", "at": at,
        }  # fmt: skip
        self.month.credits.append(row)
        return row

    def take_back(self, order: Row) -> None:
        """As if the order had never been paid, on our side."""
        month = self.month
        order |= {"state": "expired", "paid_at": None}
        month.payments[:] = [row for row in month.payments if row["order_id"] != order["order_id"]]
        month.credits[:] = [row for row in month.credits if row["cause_id"] != order["order_id"]]

    # -- refunds -------------------------------------------------------------------------------------------------------

    def give_back(self, sold: Sold, at: int, amount: int, **refund: Any) -> Returned:
        """A refund that has succeeded; its line is not told yet. Only of orders without a bonus."""
        month, source, order = self.month, sold.line.source, sold.order
        order["state"] = "refunded" if amount == order["amount"] else "partly_refunded"
        taken = _in_dollars(amount, order["currency"])
        number = "" if source == EPAY else self.number(source, at, "refund")
        refund_id = month.uuid(at - MINUTE).hex
        row: Row = {
            "refund_id": refund_id, "order_id": order["order_id"], "account_id": order["account_id"], "provider": source,
            "state": "succeeded", "amount": amount, "currency": order["currency"], "taken": taken,
            "refund_key": self.key("refund", source, refund_id if source == ALIPAY else number) if number else None,
            "created_at": at - MINUTE, "ended_at": at, **refund,
        }  # fmt: skip
        month.refunds.append(row)
        credit = self.transfer("cash_refund", "refund", refund_id, taken, at=at - MINUTE, account=order["account_id"])
        line = Told(
            source=source, kind="refund", at=at + 3_000_000, told_at=at + 3_000_000, trade=sold.line.trade, amount=amount,
            currency=order["currency"], fee=-self.fee(source, amount) if source in (WECHAT, ALIPAY) else 0, direction=-1,
            order=order["order_id"], refund=refund_id if source == ALIPAY else number,
            our_refund="" if source in (PAYPAL, EPAY) else refund_id, of=sold.line,
        )  # fmt: skip
        return Returned(refund=row, credit=credit, line=line)

    # -- codes ---------------------------------------------------------------------------------------------------------

    def redeem(self, at: int) -> tuple[Row, Row]:
        """A redeemed code and its credit."""
        code: Row = {
            "code_id": self.month.uuid(at - DAY).hex, "account_id": self.month.random.choice(self.accounts),
            "value": self.month.random.randrange(1, 50) * UNIT, "currency": "USD", "redeemed_at": at,
        }  # fmt: skip
        self.month.redemptions.append(code)
        return code, self.transfer("credit", "code", code["code_id"], code["value"], at=at, account=code["account_id"])

    # -- what does not fit ---------------------------------------------------------------------------------------------

    def known_from(self, told: Told) -> int:
        """The first closing that a line is known at."""
        begins, known_from = day_of_file(told.source, told.told_at)
        return known_from + (DAY if (told.source, begins) in self.month.withheld else 0)

    def tell(self, *lines: Told) -> None:
        self.month.told.extend(lines)

    def plant(self, break_class: BreakClass, *ours: str, theirs: tuple[Told, ...] = (), since: int | None = None,
              until: int = NEVER, needs: str | None = None, book: Book = Book.PAYMENTS) -> None:  # fmt: skip
        """A break that is there from when all of its lines are known and of days that are closed, or from `since` on."""
        if since is None:
            since = max(max(self.known_from(told), told.at + 1) for told in theirs)
        self.month.plant(
            book, break_class, ours=tuple(sorted(ours)), theirs=tuple(told.reference for told in theirs),
            since=since, until=until, needs=needs,
        )  # fmt: skip

    def plant_absence(self, name: str, source: str, at: int, window: int, known_from: int = NEVER) -> None:
        """Ours from a time, theirs known only from a closing on: pending at first, then missing."""
        plant = partial(self.month.plant, Book.PAYMENTS, ours=(name,), needs=source)
        due = at + window
        if min(due, known_from) > at:
            plant(BreakClass.PENDING_WITHIN_WINDOW, since=at + 1, until=min(due, known_from))
        if due < known_from:
            plant(BreakClass.MISSING_EXTERNAL, since=due, until=known_from)


def later(told: Told, by: int, **what: Any) -> Told:
    """The same line at a later time, in that time's file."""
    return replace(told, at=told.at + by, told_at=told.told_at + by, **what)


def _in_dollars(amount: int, currency: str) -> int:
    return amount if currency == "USD" else round_half_even(amount * _CNY_IN_USD)
