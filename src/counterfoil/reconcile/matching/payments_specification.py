"""Orders, payment lines, credits and payouts, held against each other in plain Python: what the queries must agree with.

Written to be read beside the rules, not to be fast. Rows are mappings with the columns of `books.payments` and
`books.lines`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from counterfoil.recharge.model import OrderState
from counterfoil.reconcile.matching import rules
from counterfoil.reconcile.matching.comparison import Open, pair
from counterfoil.reconcile.matching.orders_specification import hold_orders
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.payment_rows import PaymentBook, PaymentLine, Row, credit_row
from counterfoil.reconcile.matching.refunds_specification import hold_refund_credits, hold_refunds
from counterfoil.reconcile.matching.terms import BANK_EARLY, Terms
from counterfoil.reconcile.model import BreakClass, FoundBreak
from counterfoil.reconcile.statements.model import LineKind

TABLES = ("orders", "payments", "order_refunds", "credits", "lines")


def specify(rows: Mapping[str, Sequence[Row]], terms: Terms) -> Outcome:
    """Match `orders`, `payments`, `order_refunds`, `credits` and `lines`."""
    book = PaymentBook(rows, terms)
    hold_orders(book)
    hold_refunds(book)
    hold_refund_credits(book)
    _set_returned_aside(book)
    _hold_payouts(book)
    _pair_the_rest(book)
    _look_for_causes(book)
    counts = {name: len(rows[name]) for name in TABLES}
    counts["echoes"] = sum(line.is_echo for line in book.lines)
    return Outcome(breaks=book.breaks, matches=book.matches, counts=counts)


def _set_returned_aside(book: PaymentBook) -> None:
    """Payouts that the bank has refused: what left the channel's balance has come back to it."""
    sides: dict[tuple[str, str, int, str], tuple[list[PaymentLine], list[PaymentLine]]] = defaultdict(lambda: ([], []))
    for line in book.lines:
        if line.kind == LineKind.PAYOUT and line.counts and line.payout_key is not None:
            sides[line.source, line.payout_key, line.amount, line.currency][line.direction > 0].append(line)
    for sent, back in sides.values():
        in_time = [sorted(side, key=lambda line: (line.at, line.row)) for side in (sent, back)]
        for our, their in zip(*in_time, strict=False):
            book.aside |= {our.row, their.row}
            book.match(rules.PAYOUT_RETURNED, ours=[our.row], theirs=[their.row], currency=our.currency)


def _hold_payouts(book: PaymentBook) -> None:
    """Payouts against the lines that they pay out; against the bank they are paired by amount and time."""
    for line in book.lines:
        is_payout = line.kind == LineKind.PAYOUT and line.counts and line.direction < 0
        if not is_payout or line.row in book.aside:
            continue
        parts = [
            one
            for one in book.lines
            if one.payout_key == line.payout_key
            and one.payout_key is not None
            and one.source == line.source
            and one.kind != LineKind.PAYOUT
            and one.counts
        ]
        due = sum(one.came - one.fee for one in parts)
        if parts and due != line.amount:
            is_near = abs(due - line.amount) <= book.terms.tolerance_of(line.currency)
            break_class = BreakClass.ROUNDING_WITHIN_TOLERANCE if is_near else BreakClass.SPLIT_MISMATCH
            book.breaks.append(_of_line(book, line, break_class, rules.PAYOUT_LINES, expected=due, found=line.amount))
        bank = book.terms.payouts_to.get(line.source)
        if bank is not None and book.terms.is_here(bank):
            left = Open(
                row=line.row, source=bank, flow=1, amount=line.amount, currency=line.currency, at=line.at,
                since=line.at - BANK_EARLY, until=line.at + book.terms.payout_window,
                tolerance=book.terms.tolerance_of(line.currency),
            )  # fmt: skip
            missing = book.not_yet(line.at, book.terms.payout_window, BreakClass.MISSING_EXTERNAL)
            broken = _of_line(book, line, missing, rules.PAYOUT_TO_BANK, expected=line.amount)
            book.open.append((left, broken))


def _of_line(
    book: PaymentBook,
    line: PaymentLine,
    break_class: BreakClass,
    rule: rules.Rule,
    *,
    expected: int | None = None,
    found: int | None = None,
) -> FoundBreak:
    """A break between lines: the channel's own stands for ours."""
    return book.broken(
        break_class, rule, ours=(line.row,), source=line.source, currency=line.currency, at=line.at,
        expected=expected, found=found,
    )  # fmt: skip


def _pair_the_rest(book: PaymentBook) -> None:
    """By amount and time, what no key has matched on either side; what is still alone is a break."""
    theirs = [line for line in book.lines if _is_nobodys(book, line)]
    theirs += [line for line in book.left if line.kind == LineKind.REFUND and line.order is None]
    opens = [
        Open(
            row=line.row,
            source=line.source,
            flow=line.direction,
            amount=line.amount,
            currency=line.currency,
            at=line.at,
        )
        for line in theirs
    ]
    sure, unsure = pair([left for left, _ in book.open], opens)
    missing = {left.row: broken for left, broken in book.open}
    spoken_for = {their.row for _, their in sure} | {their.row for found in unsure.values() for their in found}
    for our, their in sure:
        rule = rules.RULES[missing[our.row].rule]
        book.match(rule, ours=[our.row], theirs=[their.row], currency=our.currency, variance=their.amount - our.amount)
        if their.amount != our.amount:
            book.breaks.append(
                _changed(
                    missing[our.row], BreakClass.ROUNDING_WITHIN_TOLERANCE, theirs=(their.row,), found=their.amount
                )
            )
    for row, found in unsure.items():
        alternatives = tuple(sorted(their.row for their in found))
        book.breaks.append(_changed(missing[row], BreakClass.AMBIGUOUS, alternatives=alternatives))
        for their in found:
            book.suggest(rules.RULES[missing[row].rule], row, their.row, currency=their.currency)
    alone = set(missing) - {our.row for our, _ in sure} - set(unsure)
    book.breaks += [missing[row] for row in alone]
    # A transfer that is nobody's is the operator's own affair.
    nobodys = [line for line in theirs if line.row not in spoken_for and line.kind != LineKind.TRANSFER]
    unassigned = [line for line in book.left if line.order is not None]
    loose = [line for line in book.lines if _is_loose(book, line)]
    for line in (*nobodys, *unassigned, *loose):
        book.breaks.append(_unknown(book, line))


def _is_nobodys(book: PaymentBook, line: PaymentLine) -> bool:
    if not line.counts or line.row in book.aside or line.order is not None:
        return False
    if line.kind == LineKind.TRANSFER:
        return not line.is_refund
    return line.kind == LineKind.PAYMENT or _is_arrival(book, line)


def _is_loose(book: PaymentBook, line: PaymentLine) -> bool:
    """What a channel has done to its balance and nobody can explain."""
    if not line.counts or line.row in book.aside:
        return False
    returned = line.kind == LineKind.PAYOUT and line.direction > 0 and line.source in book.terms.payouts_to
    return (returned and not _is_arrival(book, line)) or (line.kind == LineKind.ADJUSTMENT and not line.is_refund)


def _is_arrival(book: PaymentBook, line: PaymentLine) -> bool:
    """Whether a bank says that a channel has paid out, and is the one that channels pay out to."""
    return line.kind == LineKind.PAYOUT and line.direction > 0 and line.source in book.terms.payouts_to.values()


def _unknown(book: PaymentBook, line: PaymentLine) -> FoundBreak:
    """A line that we know nothing of; one that a dispute has taken is known when it is decided."""
    order = None if line.order is None else book.orders[line.order]
    break_class = book.not_yet(line.at, book.terms.crediting, BreakClass.MISSING_INTERNAL)
    if line.kind == LineKind.ADJUSTMENT and order is not None and order["state"] == OrderState.DISPUTED:
        break_class = BreakClass.PENDING_WITHIN_WINDOW
    rule = rules.REFUND_OF_ORDER if order is not None else rules.AMOUNT_AND_TIME
    return book.broken(
        break_class, rule, theirs=(line.row,), source=line.source, currency=line.currency, found=line.amount,
        at=line.at, account=None if order is None else order["account_id"],
    )  # fmt: skip


def _changed(
    broken: FoundBreak,
    break_class: BreakClass,
    *,
    theirs: tuple[str, ...] = (),
    found: int | None = None,
    alternatives: tuple[str, ...] = (),
) -> FoundBreak:
    return replace(broken, break_class=break_class, theirs=theirs, found=found, alternatives=alternatives)


def _look_for_causes(book: PaymentBook) -> None:
    """Credits and cash refunds that name an order or a refund that there is not."""
    for (kind, cause), posted in book.credits.items():
        known = book.orders if kind == "order" else book.refunds
        if kind not in ("order", "refund") or cause in known:
            continue
        rule = rules.ORDER_CREDIT if kind == "order" else rules.REFUND_CREDIT
        for credit in posted:
            book.breaks.append(
                book.broken(
                    BreakClass.MISSING_EXTERNAL, rule, ours=(credit_row(credit),), currency=credit["currency"],
                    account=credit["account_id"], expected=credit["amount"], at=credit["at"],
                )
            )  # fmt: skip
