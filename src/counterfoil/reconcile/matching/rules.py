"""The rules of matching as data: what is held against what, by which keys, in this order.

A rule's version goes up whenever it would match the same rows otherwise; matches and breaks keep it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from counterfoil.recharge.model import OrderState, RefundState
from counterfoil.reconcile.model import Book


class Cardinality(StrEnum):
    ONE_TO_ONE = "one_to_one"
    ONE_TO_MANY = "one_to_many"
    MANY_TO_ONE = "many_to_one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One way in which rows belong together. Without keys it goes by amount and time."""

    name: str
    version: int
    book: Book
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    cardinality: Cardinality
    # Whether amounts may differ by the currency's tolerance.
    tolerates: bool = True


# A payment line by the number that its notice named; then by our order's number; a refund's likewise.
TRADE_NUMBER = Rule(
    name="trade_number", version=1, book=Book.PAYMENTS, ours=("trade_key",), theirs=("trade_key",),
    cardinality=Cardinality.ONE_TO_MANY,
)  # fmt: skip
ORDER_NUMBER = Rule(
    name="order_number", version=1, book=Book.PAYMENTS, ours=("order_id",), theirs=("order_id",),
    cardinality=Cardinality.ONE_TO_MANY,
)  # fmt: skip
REFUND_NUMBER = Rule(
    name="refund_number", version=1, book=Book.PAYMENTS, ours=("refund_id", "refund_key"),
    theirs=("refund_id", "refund_key"), cardinality=Cardinality.ONE_TO_MANY,
)  # fmt: skip
# Several refunds of one order of the same amount are alike: they are paired in the order of their times.
REFUND_OF_ORDER = Rule(
    name="refund_of_order", version=1, book=Book.PAYMENTS, ours=("order_id", "amount", "currency"),
    theirs=("order_id", "amount", "currency"), cardinality=Cardinality.ONE_TO_ONE, tolerates=False,
)  # fmt: skip
# A payment that nobody was credited for, and that has gone back whole.
PAID_BACK = Rule(
    name="paid_back", version=1, book=Book.PAYMENTS, ours=(), theirs=("trade_key",),
    cardinality=Cardinality.MANY_TO_ONE, tolerates=False,
)  # fmt: skip
AMOUNT_AND_TIME = Rule(
    name="amount_and_time", version=1, book=Book.PAYMENTS, ours=(), theirs=(), cardinality=Cardinality.ONE_TO_ONE,
)  # fmt: skip
PAYOUT_TO_BANK = Rule(
    name="payout_to_bank", version=1, book=Book.PAYMENTS, ours=(), theirs=(), cardinality=Cardinality.ONE_TO_ONE,
)  # fmt: skip
PAYOUT_LINES = Rule(
    name="payout_lines", version=1, book=Book.PAYMENTS, ours=("payout_key",), theirs=("payout_key",),
    cardinality=Cardinality.MANY_TO_ONE,
)  # fmt: skip
# A payout that the bank has refused is in the channel's balance again.
PAYOUT_RETURNED = Rule(
    name="payout_returned",
    version=1,
    book=Book.PAYMENTS,
    ours=("payout_key", "amount", "currency"),
    theirs=("payout_key", "amount", "currency"),
    cardinality=Cardinality.ONE_TO_ONE,
    tolerates=False,
)
ORDER_CREDIT = Rule(
    name="order_credit", version=1, book=Book.PAYMENTS, ours=("order_id",), theirs=("cause_id",),
    cardinality=Cardinality.ONE_TO_MANY, tolerates=False,
)  # fmt: skip
REFUND_CREDIT = Rule(
    name="refund_credit", version=1, book=Book.PAYMENTS, ours=("refund_id",), theirs=("cause_id",),
    cardinality=Cardinality.ONE_TO_MANY, tolerates=False,
)  # fmt: skip
CODE_CREDIT = Rule(
    name="code_credit", version=1, book=Book.CODES, ours=("code_id",), theirs=("cause_id",),
    cardinality=Cardinality.ONE_TO_MANY, tolerates=False,
)  # fmt: skip

RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        TRADE_NUMBER,
        ORDER_NUMBER,
        REFUND_NUMBER,
        REFUND_OF_ORDER,
        PAID_BACK,
        AMOUNT_AND_TIME,
        PAYOUT_TO_BANK,
        PAYOUT_LINES,
        PAYOUT_RETURNED,
        ORDER_CREDIT,
        REFUND_CREDIT,
        CODE_CREDIT,
    )
}

# Some channels tell of the same payment in two kinds of statement; what is told again by one of these is an echo, matched
# along and not counted. Among the others the first by name counts.
SECOND_VIEWS = frozenset({"wechat_fund", "alipay_account"})

CREDITED_STATES = tuple(sorted(state for state in OrderState if state.is_credited))
# The provider has the refund, or may have it.
REFUNDS_ON_THE_WAY = tuple(sorted((RefundState.WAITING, RefundState.SENDING, RefundState.SENT, RefundState.UNKNOWN)))


def view_of(importer: str) -> str:
    """Where an importer stands among those that tell of the same payment: the smallest counts."""
    return ("1" if importer in SECOND_VIEWS else "0") + importer
