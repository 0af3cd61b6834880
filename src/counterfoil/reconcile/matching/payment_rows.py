"""The rows of book (a) as the specification sees them, and what has been found of them so far. In plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from counterfoil.reconcile.matching import rules
from counterfoil.reconcile.matching.comparison import Open, Part, in_place
from counterfoil.reconcile.matching.rules import Rule
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak, FoundMatch
from counterfoil.reconcile.statements.model import LineKind, LineStatus

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLine:
    """A line with what its keys say: the order and the refund that it is about."""

    row: str
    source: str
    importer: str
    kind: str
    has_moved: bool
    direction: int
    amount: int
    fee: int
    currency: str
    at: int
    trade_key: str | None
    payout_key: str | None
    named_order: str | None
    order: str | None
    by_trade: bool
    refund: str | None
    refund_key: str | None
    is_echo: bool = False

    @property
    def came(self) -> int:
        """What it brought: negative where it took."""
        return self.direction * self.amount

    @property
    def counts(self) -> bool:
        return self.has_moved and not self.is_echo

    @property
    def is_refund(self) -> bool:
        """What takes from an order is a refund too: the bank has decided a dispute, or staff has sent the money."""
        took = self.kind in (LineKind.ADJUSTMENT, LineKind.TRANSFER) and self.direction < 0
        return self.kind == LineKind.REFUND or (took and (self.order or self.refund) is not None)


class PaymentBook:
    """One book being closed. `breaks` and `matches` are what has been found so far."""

    def __init__(self, rows: Mapping[str, Sequence[Row]], terms: Terms) -> None:
        self.breaks: list[FoundBreak] = []
        self.matches: list[FoundMatch] = []
        self.terms = terms
        self.orders = {row["order_id"]: row for row in rows["orders"]}
        self.refunds = {row["refund_id"]: row for row in rows["order_refunds"]}
        self.credits: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows["credits"]:
            self.credits[row["cause_kind"], row["cause_id"]].append(row)
        # Our rows that no key has matched, each with the break that it is unless a pair is found.
        self.open: list[tuple[Open, FoundBreak]] = []
        # Lines that are about no refund of ours.
        self.left: list[PaymentLine] = []
        self._paid_order = {row["trade_key"]: row["order_id"] for row in rows["payments"]}
        self._credited_keys = {row["trade_key"] for row in rows["payments"] if row["credited"]}
        self.lines = _mark_echoes([self._read_line(row) for row in rows["lines"]])
        self.aside: set[str] = set()
        self._set_paid_back_aside()

    # -- reading -----------------------------------------------------------------------------------------------------

    def _read_line(self, row: Row) -> PaymentLine:
        paid_order = self._paid_order.get(row["trade_key"])
        by_trade = paid_order in self.orders
        named = row["order_id"] if row["order_id"] in self.orders else None
        refund = row["refund_id"] if row["refund_id"] in self.refunds else None
        if refund is None and row["refund_key"] is not None:
            of_key = [one["refund_id"] for one in self.refunds.values() if one["refund_key"] == row["refund_key"]]
            refund = min(of_key, default=None)
        return PaymentLine(
            row="line:" + row["line_id"], source=row["source"], importer=row["importer"], kind=row["kind"],
            has_moved=row["status"] == LineStatus.SUCCEEDED, direction=row["direction"], amount=row["amount"],
            fee=row["fee"], currency=row["currency"], at=row["at"], trade_key=row["trade_key"],
            payout_key=row["payout_key"], named_order=named, order=paid_order if by_trade else named,
            by_trade=by_trade, refund=refund, refund_key=row["refund_key"],
        )  # fmt: skip

    def payments_of(self, order_id: str) -> list[PaymentLine]:
        return [
            line
            for line in self.lines
            if line.order == order_id and line.kind == LineKind.PAYMENT and line.counts and line.row not in self.aside
        ]

    def is_credited(self, order_id: str | None) -> bool:
        return order_id is not None and self.orders[order_id]["state"] in rules.CREDITED_STATES

    def part(self, line: PaymentLine) -> Part:
        is_preferred = line.trade_key in self._credited_keys
        return Part(row=line.row, amount=line.came, currency=line.currency, at=line.at, is_preferred=is_preferred)

    def _set_paid_back_aside(self) -> None:
        """Payments that nobody was credited for and that have gone back whole: there is nothing to do about them."""
        own_keys, spare = set(self._credited_keys), list[PaymentLine]()
        for line in self.lines:
            if line.kind == LineKind.PAYMENT and line.counts and not self.is_credited(line.order):
                spare.append(line)
        for order_id in filter(self.is_credited, self.orders):
            placed = self._in_place(order_id)
            own_keys |= {line.trade_key for line in placed[:1] if line.trade_key}
            spare += placed[1:]
        back = [line for line in self.lines if line.kind == LineKind.REFUND and line.counts and line.refund is None]
        for key in sorted({line.trade_key for line in spare if line.trade_key} - own_keys):
            group = [line for line in (*spare, *back) if line.trade_key == key]
            alike = {(line.source, line.currency) for line in group}
            if len(alike) == 1 and sum(line.came for line in group) == 0:
                self.aside |= {line.row for line in group}
                self.match(rules.PAID_BACK, ours=(), theirs=[line.row for line in group], currency=group[0].currency)

    def _in_place(self, order_id: str) -> list[PaymentLine]:
        order, lines = self.orders[order_id], {line.row: line for line in self.payments_of(order_id)}
        placed = in_place(
            [self.part(line) for line in lines.values()],
            expected=order["amount"],
            currency=order["currency"],
            tolerance=self.terms.tolerance_of(order["currency"]),
        )
        return [lines[part.row] for part in placed]

    # -- what is found -----------------------------------------------------------------------------------------------

    def not_yet(self, at: int, within: int, otherwise: BreakClass) -> BreakClass:
        """Whether it is too early at the day's end to say so."""
        return BreakClass.PENDING_WITHIN_WINDOW if at + within > self.terms.end else otherwise

    def match(
        self, rule: Rule, *, ours: Iterable[str], theirs: Iterable[str], currency: str | None, variance: int = 0
    ) -> None:
        self.matches.append(
            FoundMatch(
                book=Book.PAYMENTS, rule=rule.name, rule_version=rule.version, ours=tuple(sorted(ours)),
                theirs=tuple(sorted(theirs)), currency=currency, variance=variance,
            )
        )  # fmt: skip

    def suggest(self, rule: Rule, our: str, their: str, *, currency: str) -> None:
        self.matches.append(
            FoundMatch(
                book=Book.PAYMENTS, rule=rule.name, rule_version=rule.version, ours=(our,), theirs=(their,),
                currency=currency, is_suggested=True,
            )
        )  # fmt: skip

    def broken(self, break_class: BreakClass, rule: Rule, **what: Any) -> FoundBreak:
        """A break; what is not given is None or empty."""
        return FoundBreak(
            book=Book.PAYMENTS, break_class=break_class, rule=rule.name,
            ours=tuple(sorted(what.get("ours", ()))), theirs=tuple(sorted(what.get("theirs", ()))),
            source=what.get("source"), account_id=None if what.get("account") is None else UUID(hex=what["account"]),
            currency=what.get("currency"), expected=what.get("expected"), found=what.get("found"), at=what["at"],
            alternatives=tuple(sorted(what.get("alternatives", ()))),
        )  # fmt: skip

    def broken_order(
        self,
        order: Row,
        break_class: BreakClass,
        rule: Rule,
        *,
        more: Iterable[str] = (),
        theirs: Iterable[PaymentLine] = (),
        **what: Any,
    ) -> FoundBreak:
        """A break of an order, and of `more` rows of ours: expected is its amount unless told otherwise."""
        known = {"expected": order["amount"], "currency": order["currency"], "at": time_of(order)}
        return self.broken(
            break_class, rule, **known | what, ours=(order_row(order), *more), theirs=[line.row for line in theirs],
            source=order["provider"], account=order["account_id"],
        )  # fmt: skip

    def break_order(self, order: Row, break_class: BreakClass, rule: Rule, **what: Any) -> None:
        self.breaks.append(self.broken_order(order, break_class, rule, **what))

    def broken_refund(
        self,
        refund: Row,
        break_class: BreakClass,
        rule: Rule,
        *,
        more: Iterable[str] = (),
        theirs: Iterable[PaymentLine] = (),
        **what: Any,
    ) -> FoundBreak:
        """A break of a refund: expected is its amount unless told otherwise."""
        known = {"expected": refund["amount"], "currency": refund["currency"], "at": time_of(refund)}
        return self.broken(
            break_class, rule, **known | what, ours=(refund_row(refund), *more), theirs=[line.row for line in theirs],
            source=refund["provider"], account=refund["account_id"],
        )  # fmt: skip

    def break_refund(self, refund: Row, break_class: BreakClass, rule: Rule, **what: Any) -> None:
        self.breaks.append(self.broken_refund(refund, break_class, rule, **what))


def _mark_echoes(lines: Sequence[PaymentLine]) -> list[PaymentLine]:
    """Of a payment or refund that two kinds of statement tell, one counts."""
    best: dict[tuple[str, ...], str] = {}
    for line in lines:
        if line.has_moved and line.kind != LineKind.FEE:
            for key in _told(line):
                best[key] = min(best.get(key, "2"), rules.view_of(line.importer))
    marked = []
    for line in lines:
        # A refund that has no number of its own is the one of its payment that has its amount.
        keys = _told(line)[:1]
        is_echo = any(best.get(key, "2") < rules.view_of(line.importer) for key in keys)
        marked.append(replace(line, is_echo=is_echo))
    return marked


def _told(line: PaymentLine) -> list[tuple[str, ...]]:
    """What a line tells of, the surest first; a separate fee goes with its payment."""
    if line.kind == LineKind.REFUND:
        number, key = line.refund or line.refund_key, line.trade_key
        by_number = [] if number is None else [("refund", line.source, number)]
        return by_number + ([] if key is None else [("part", line.source, key, str(line.amount))])
    if line.kind in (LineKind.PAYMENT, LineKind.FEE) and line.trade_key is not None:
        return [("payment", line.source, line.trade_key)]
    return []


def order_row(order: Row) -> str:
    return "order:" + str(order["order_id"])


def refund_row(refund: Row) -> str:
    return "refund:" + str(refund["refund_id"])


def credit_row(credit: Row) -> str:
    return "credit:" + str(credit["transfer_id"])


def credit_rows(posted: Iterable[Row]) -> tuple[str, ...]:
    return tuple(credit_row(credit) for credit in posted)


def credit_part(credit: Row) -> Part:
    return Part(row=credit_row(credit), amount=credit["amount"], currency=credit["currency"], at=credit["at"])


def time_of(row: Row) -> int:
    """When an order was paid or a refund was done, or when it was asked for."""
    done = row["paid_at"] if "paid_at" in row else row["ended_at"]
    return int(row["created_at"] if done is None else done)


def rule_of(lines: Iterable[PaymentLine]) -> Rule:
    return rules.TRADE_NUMBER if any(line.by_trade for line in lines) else rules.ORDER_NUMBER
