"""Refunds against their lines and against what they took from the wallet, in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from counterfoil.ledger.model import TransferCode
from counterfoil.recharge.model import RefundState
from counterfoil.reconcile.matching import rules
from counterfoil.reconcile.matching.comparison import Comparison, Open, compare
from counterfoil.reconcile.matching.payment_rows import (
    PaymentBook,
    PaymentLine,
    Row,
    credit_rows,
    refund_row,
    time_of,
)
from counterfoil.reconcile.matching.rules import Rule
from counterfoil.reconcile.model import BreakClass

# What is wrong with a refund only because more has gone back than had come: that is one break of the order.
_TOLD_BY_EXCESS = frozenset({BreakClass.AMOUNT_OVER, BreakClass.SPLIT_MISMATCH})


def hold_refunds(book: PaymentBook) -> None:
    """Every refund against what its channel says; what lines are left is in `book.left`."""
    refund_lines = [line for line in book.lines if line.is_refund and line.row not in book.aside and not line.is_echo]
    lines, paired = _pair_alike(book, refund_lines)
    exceeded, told = _find_exceeded(book, lines)
    book.left += [line for line in lines if line.refund is None and line.counts and line.row not in told]
    for refund in book.refunds.values():
        own = [line for line in lines if line.refund == refund["refund_id"]]
        rule = rules.REFUND_OF_ORDER if refund["refund_id"] in paired else rules.REFUND_NUMBER
        moved = [line for line in own if line.counts]
        if moved:
            _hold_refund(book, refund, moved, rule, told=told if refund["order_id"] in exceeded else frozenset())
        elif refund["state"] == RefundState.SUCCEEDED and own:
            book.break_refund(refund, BreakClass.STATUS_MISMATCH, rule, theirs=own)
        elif refund["state"] == RefundState.SUCCEEDED and book.terms.is_here(refund["provider"]):
            _leave_open(book, refund)


def _leave_open(book: PaymentBook, refund: Row) -> None:
    at, window = time_of(refund), book.terms.window
    missing = book.not_yet(at, book.terms.settling_of(refund["provider"]), BreakClass.MISSING_EXTERNAL)
    left = Open(
        row=refund_row(refund), source=refund["provider"], flow=-1, amount=refund["amount"],
        currency=refund["currency"], at=at, since=at - window, until=at + window,
        tolerance=book.terms.tolerance_of(refund["currency"]),
    )  # fmt: skip
    book.open.append((left, book.broken_refund(refund, missing, rules.AMOUNT_AND_TIME)))


def _pair_alike(book: PaymentBook, lines: Sequence[PaymentLine]) -> tuple[list[PaymentLine], Collection[str]]:
    """Refunds and lines of the same order and amount, in the order of their times."""
    named = {line.refund for line in lines}
    ours: dict[tuple[str, int, str], list[tuple[int, str]]] = defaultdict(list)
    for refund in book.refunds.values():
        if refund["state"] != RefundState.FAILED and refund["refund_id"] not in named:
            key = (refund["order_id"], refund["amount"], refund["currency"])
            ours[key].append((refund["created_at"], refund["refund_id"]))
    theirs: dict[tuple[str | None, int, str], list[PaymentLine]] = defaultdict(list)
    for line in lines:
        if line.refund is None and line.counts:
            theirs[line.order, -line.came, line.currency].append(line)
    paired: dict[str, str] = {}
    for key, refunds in ours.items():
        alike = sorted(theirs[key], key=lambda line: (line.at, line.row))
        paired |= {line.row: refund for line, (_, refund) in zip(alike, sorted(refunds), strict=False)}
    return [replace(line, refund=paired.get(line.row, line.refund)) for line in lines], set(paired.values())


def _find_exceeded(book: PaymentBook, lines: Sequence[PaymentLine]) -> tuple[set[str], set[str]]:
    """Orders of which more has gone back than ever came, and the lines that say so."""
    of_order: dict[str, list[PaymentLine]] = defaultdict(list)
    for line in lines:
        order_id = line.order if line.refund is None else book.refunds[line.refund]["order_id"]
        order = book.orders.get(order_id or "")
        if order is not None and line.counts and line.currency == order["currency"]:
            of_order[order["order_id"]].append(line)
    exceeded, told = set[str](), set[str]()
    for order_id, refunds in of_order.items():
        order, back = book.orders[order_id], -sum(line.came for line in refunds)
        paid = sum(line.came for line in book.payments_of(order_id) if line.currency == order["currency"])
        paid = max(paid, order["amount"] if book.is_credited(order_id) else 0)
        if back > paid + book.terms.tolerance_of(order["currency"]):
            exceeded.add(order_id)
            told |= {line.row for line in refunds}
            book.break_order(
                order, BreakClass.REFUND_EXCEEDS_CREDIT, rules.REFUND_OF_ORDER, theirs=refunds, expected=paid,
                found=back, at=max(line.at for line in refunds),
            )  # fmt: skip
    return exceeded, told


def _hold_refund(
    book: PaymentBook, refund: Row, lines: Sequence[PaymentLine], rule: Rule, *, told: Collection[str]
) -> None:
    back = -sum(line.came for line in lines)
    is_failed, is_done = refund["state"] == RefundState.FAILED, refund["state"] == RefundState.SUCCEEDED
    if (is_failed and back != 0) or (is_done and back == 0):
        book.break_refund(refund, BreakClass.STATUS_MISMATCH, rule, theirs=lines, found=back)
        return
    if back == 0:
        # Sent and taken back again, as we know.
        _match(book, refund, rule, [line.row for line in lines], variance=0)
        return
    of_row = {line.row: line for line in lines}
    parts = [replace(book.part(line), amount=-line.came, is_preferred=False) for line in lines]
    tolerance = book.terms.tolerance_of(refund["currency"])
    held = compare(parts, expected=refund["amount"], currency=refund["currency"], tolerance=tolerance)
    kept = [of_row[part.row] for part in held.kept]
    if held.break_class is None:
        _look_closer(book, refund, held, kept, rule)
    elif not (told and held.break_class in _TOLD_BY_EXCESS):
        book.break_refund(refund, held.break_class, rule, theirs=kept, found=held.found)
    for part in (part for part in held.again if part.row not in told):
        again = [of_row[part.row]]
        book.break_refund(
            refund, BreakClass.DUPLICATE_EXTERNAL, rule, theirs=again, expected=0, found=part.amount, at=part.at
        )
    _match(book, refund, rule, held.rows, variance=0 if held.break_class else held.found - refund["amount"])


def _match(book: PaymentBook, refund: Row, rule: Rule, lines: Sequence[str], *, variance: int) -> None:
    echoes = [line.row for line in book.lines if line.is_echo and line.has_moved and line.refund == refund["refund_id"]]
    legs = book.credits["refund", refund["refund_id"]]
    book.match(
        rule, ours=[refund_row(refund), *credit_rows(legs)], theirs=[*lines, *echoes], currency=refund["currency"],
        variance=variance,
    )  # fmt: skip


def _look_closer(book: PaymentBook, refund: Row, held: Comparison, kept: Sequence[PaymentLine], rule: Rule) -> None:
    """The amount is right: what of the rest is not?"""
    settling = book.terms.settling_of(refund["provider"])
    if held.found != refund["amount"]:
        book.break_refund(refund, BreakClass.ROUNDING_WITHIN_TOLERANCE, rule, theirs=kept, found=held.found)
    if refund["state"] == RefundState.UNKNOWN:
        book.break_refund(refund, BreakClass.STATUS_MISMATCH, rule, theirs=kept, found=held.found)
    elif refund["state"] in rules.REFUNDS_ON_THE_WAY:
        break_class = book.not_yet(held.last_at, settling, BreakClass.STATUS_MISMATCH)
        book.break_refund(refund, break_class, rule, theirs=kept, found=held.found)
    elif abs(held.last_at - time_of(refund)) > settling:
        book.break_refund(refund, BreakClass.LATE, rule, theirs=kept, found=held.found)


def hold_refund_credits(book: PaymentBook) -> None:
    """What refunds took from wallets, and gave back where they failed."""
    for refund in book.refunds.values():
        legs = book.credits["refund", refund["refund_id"]]
        foreign = [leg for leg in legs if leg["account_id"] != refund["account_id"]]
        taken = sum(_SIGN[leg["code"]] * leg["amount"] for leg in legs if not leg["is_bonus"])
        due = 0 if refund["state"] == RefundState.FAILED else refund["taken"]
        what = {"expected": due, "currency": min((leg["currency"] for leg in legs), default=None)}
        if foreign:
            book.break_refund(
                refund, BreakClass.WRONG_ACCOUNT, rules.REFUND_CREDIT, more=credit_rows(foreign), found=taken, **what
            )
        elif refund["state"] == RefundState.FAILED and taken != 0:
            book.break_refund(
                refund, BreakClass.STATUS_MISMATCH, rules.REFUND_CREDIT, more=credit_rows(legs), found=taken, **what
            )
        elif taken > due:
            # Less is possible: what a refunded charge had put into clearing pays first.
            book.break_refund(
                refund, BreakClass.AMOUNT_OVER, rules.REFUND_CREDIT, more=credit_rows(legs), found=taken, **what
            )


_SIGN = {TransferCode.CASH_REFUND: 1, TransferCode.CASH_SHORTFALL: 1, TransferCode.CASH_RESTORED: -1}
