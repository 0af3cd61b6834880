"""Orders against their credits and their payment lines, in plain Python."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.reconcile.matching import rules
from counterfoil.reconcile.matching.comparison import Comparison, Open, compare
from counterfoil.reconcile.matching.payment_rows import (
    PaymentBook,
    PaymentLine,
    Row,
    credit_part,
    credit_rows,
    order_row,
    rule_of,
    time_of,
)
from counterfoil.reconcile.matching.rules import Rule
from counterfoil.reconcile.model import BreakClass
from counterfoil.reconcile.statements.model import LineKind


def hold_orders(book: PaymentBook) -> None:
    """Every order against what it credited and what its channel says."""
    for order in book.orders.values():
        lines = book.payments_of(order["order_id"])
        posted = book.credits["order", order["order_id"]]
        if book.is_credited(order["order_id"]):
            _hold_credits(book, order, posted, lines)
            _hold_lines(book, order, posted, lines)
        elif posted:
            _break_uncredited(book, order, posted, lines)
        elif lines:
            at = min(line.at for line in lines)
            book.break_order(
                order, book.not_yet(at, book.terms.crediting, BreakClass.MISSING_INTERNAL), rule_of(lines),
                theirs=lines, found=sum(line.came for line in lines), at=at,
            )  # fmt: skip


def _break_uncredited(book: PaymentBook, order: Row, posted: Sequence[Row], lines: Sequence[PaymentLine]) -> None:
    """An order that says that it was not paid, and was credited all the same."""
    rows = credit_rows(posted)
    if lines:
        book.break_order(
            order, BreakClass.STATUS_MISMATCH, rules.ORDER_CREDIT, more=rows, theirs=lines,
            found=sum(line.came for line in lines),
        )  # fmt: skip
    else:
        book.break_order(
            order, BreakClass.MISSING_EXTERNAL, rules.ORDER_CREDIT, more=rows,
            expected=sum(row["amount"] for row in posted), currency=order["wallet_currency"],
        )  # fmt: skip


def _hold_credits(book: PaymentBook, order: Row, posted: Sequence[Row], lines: Sequence[PaymentLine]) -> None:
    wallet = {"currency": order["wallet_currency"], "expected": order["credited"]}
    rule = rules.ORDER_CREDIT
    paid = [row for row in posted if not row["is_bonus"]]
    foreign = [row for row in posted if row["account_id"] != order["account_id"]]
    if foreign:
        found = sum(row["amount"] for row in foreign)
        book.break_order(order, BreakClass.WRONG_ACCOUNT, rule, more=credit_rows(foreign), found=found, **wallet)
        return
    if not paid:
        book.break_order(order, BreakClass.MISSING_INTERNAL, rule, theirs=lines, **wallet)
        return
    parts = [credit_part(row) for row in paid]
    held = compare(parts, expected=order["credited"], currency=order["wallet_currency"], tolerance=0)
    if held.break_class is not None:
        book.break_order(order, held.break_class, rule, more=held.rows, found=held.found, **wallet)
    for part in held.again:
        book.break_order(
            order, BreakClass.DUPLICATE_INTERNAL, rule, more=(part.row,), at=part.at, found=part.amount, expected=0,
            currency=order["wallet_currency"],
        )  # fmt: skip
    bonus = [row for row in posted if row["is_bonus"]]
    extra = sum(row["amount"] for row in bonus)
    if extra != order["bonus"]:
        book.break_order(
            order, BreakClass.AMOUNT_OVER if extra > order["bonus"] else BreakClass.AMOUNT_UNDER, rule,
            more=credit_rows(bonus), expected=order["bonus"], found=extra, currency=order["wallet_currency"],
        )  # fmt: skip


def _hold_lines(book: PaymentBook, order: Row, posted: Sequence[Row], lines: Sequence[PaymentLine]) -> None:
    if lines:
        _hold_payment(book, order, posted, lines)
        return
    tried = [
        line
        for line in book.lines
        if line.order == order["order_id"] and line.kind == LineKind.PAYMENT and not line.has_moved
    ]
    if tried:
        book.break_order(order, BreakClass.STATUS_MISMATCH, rule_of(tried), theirs=tried)
    elif any(not row["is_bonus"] for row in posted) and book.terms.is_here(order["provider"]):
        at, window = time_of(order), book.terms.window
        missing = book.not_yet(at, book.terms.settling_of(order["provider"]), BreakClass.MISSING_EXTERNAL)
        left = Open(
            row=order_row(order), source=order["provider"], flow=1, amount=order["amount"],
            currency=order["currency"], at=at, since=at - window, until=at + window,
            tolerance=book.terms.tolerance_of(order["currency"]),
        )  # fmt: skip
        book.open.append((left, book.broken_order(order, missing, rules.AMOUNT_AND_TIME)))


def _hold_payment(book: PaymentBook, order: Row, posted: Sequence[Row], lines: Sequence[PaymentLine]) -> None:
    of_row = {line.row: line for line in lines}
    tolerance = book.terms.tolerance_of(order["currency"])
    parts = [book.part(line) for line in lines]
    held = compare(parts, expected=order["amount"], currency=order["currency"], tolerance=tolerance)
    kept = [of_row[part.row] for part in held.kept]
    rule = rule_of(kept)
    foreign = [line for line in kept if _names_another_account(book, line, order)]
    if foreign:
        found = sum(line.came for line in foreign)
        book.break_order(order, BreakClass.WRONG_ACCOUNT, rule, theirs=foreign, found=found)
    elif held.break_class is not None:
        book.break_order(order, held.break_class, rule, theirs=kept, found=held.found)
    else:
        _look_closer(book, order, held, kept, rule)
    for part in held.again:
        book.break_order(
            order, BreakClass.DUPLICATE_EXTERNAL, rule, theirs=[of_row[part.row]], expected=0, found=part.amount,
            at=part.at,
        )  # fmt: skip
    echoes = [
        line.row
        for line in book.lines
        if line.is_echo and line.has_moved and line.kind == LineKind.PAYMENT and line.order == order["order_id"]
    ]
    book.match(
        rule, ours=[order_row(order), *credit_rows(posted)], theirs=[*held.rows, *echoes],
        currency=order["currency"], variance=0 if held.break_class else held.found - order["amount"],
    )  # fmt: skip


def _names_another_account(book: PaymentBook, line: PaymentLine, order: Row) -> bool:
    named = line.named_order
    return named is not None and book.orders[named]["account_id"] != order["account_id"]


def _look_closer(book: PaymentBook, order: Row, held: Comparison, kept: Sequence[PaymentLine], rule: Rule) -> None:
    """The amount is right: what of the rest is not?"""
    if held.found != order["amount"]:
        book.break_order(order, BreakClass.ROUNDING_WITHIN_TOLERANCE, rule, theirs=kept, found=held.found)
    if abs(held.last_at - time_of(order)) > book.terms.settling_of(order["provider"]):
        book.break_order(order, BreakClass.LATE, rule, theirs=kept, found=held.found)
    rate = book.terms.fees.get(min(line.source for line in kept))
    if rate is None or held.again:
        return
    fee = sum(line.fee for line in kept) + sum(
        line.amount
        for line in book.lines
        if line.kind == LineKind.FEE and line.counts and line.direction < 0 and line.order == order["order_id"]
    )
    if not rate.is_kept(held.found, fee, payments=len(kept)):
        expected = rate.fee_of(held.found, payments=len(kept))
        book.break_order(order, BreakClass.FEE_MISMATCH, rule, theirs=kept, found=fee, expected=expected)
