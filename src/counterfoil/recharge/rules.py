"""What follows from what a provider says of an order. Pure: the order, what is known of it, and the report go in.

A report is compared with the order first; what is true is kept as a fact (a payment, a refund, a dispute), whatever came
before it; and what the facts make necessary is done then. So the order in which notices come does not matter: a refund or a
dispute that is told of before the payment waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from counterfoil.foundation.money import round_half_even
from counterfoil.recharge.model import (
    Dispute,
    DisputeState,
    Order,
    OrderRefund,
    OrderState,
    RefundState,
    Report,
    Said,
)


class Outcome(StrEnum):
    """What became of a report: codes of the vocabulary (`Kind.NOTICE_OUTCOME`)."""

    CREDITED = "credited"
    REPEATED = "repeated"
    NOTED = "noted"
    WAITING = "waiting"
    REFUND_RECORDED = "refund_recorded"
    REFUND_UNDONE = "refund_undone"
    DISPUTE_RECORDED = "dispute_recorded"
    IGNORED = "ignored"
    # From here on nothing was done, and the provider is told so.
    ORDER_UNKNOWN = "order_unknown"
    OTHER_PROVIDER = "other_provider"
    OTHER_MERCHANT = "other_merchant"
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    NUMBER_TAKEN = "number_taken"
    PAID_TWICE = "paid_twice"
    REFUND_EXCEEDS_PAYMENT = "refund_exceeds_payment"
    UNREADABLE = "unreadable"

    @property
    def is_accepted(self) -> bool:
        """Whether what the report says is recorded for good, so that its sender need not say it again."""
        return self in _ACCEPTED

    @property
    def needs_attention(self) -> bool:
        """Whether money may be where the books say it is not."""
        return self in _ATTENTION


_ACCEPTED = frozenset({
    Outcome.CREDITED, Outcome.REPEATED, Outcome.NOTED, Outcome.WAITING, Outcome.REFUND_RECORDED, Outcome.REFUND_UNDONE,
    Outcome.DISPUTE_RECORDED, Outcome.IGNORED,
})  # fmt: skip
_ATTENTION = frozenset({
    Outcome.AMOUNT_DIFFERS, Outcome.CURRENCY_DIFFERS, Outcome.NUMBER_TAKEN, Outcome.PAID_TWICE,
    Outcome.REFUND_EXCEEDS_PAYMENT, Outcome.UNREADABLE,
})  # fmt: skip

# Why money goes back that nobody here has sent: the provider has sent it, or a bank has taken it.
BY_PROVIDER = "by_provider"
DISPUTE_LOST = "dispute_lost"

_OPEN_STATES = frozenset({OrderState.CREATED, OrderState.PROCESSING})
# What has been asked for, or done, and not taken back.
_STANDING = frozenset({RefundState.SENDING, RefundState.SENT, RefundState.UNKNOWN, RefundState.SUCCEEDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is recorded of an order, read under its lock. `paid_by_number`: this very payment has paid this order."""

    paid_by_number: bool = False
    # The payment of this number is another order's.
    number_is_taken: bool = False
    # It is a second payment of this order, which was credited to nobody.
    number_is_uncredited: bool = False
    refunds: Sequence[OrderRefund] = ()
    disputes: Sequence[Dispute] = ()
    # The one of `refunds`, `disputes` that the report names.
    refund: OrderRefund | None = None
    dispute: Dispute | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about a report. Each field that is set is one thing to do; all of them together are one transaction."""

    outcome: Outcome
    # The order's state where it changes and nothing of money does.
    state: OrderState | None = None
    credit: bool = False
    # A refund that is done: ours, or one that the provider has made by itself, of so much (in the paid currency).
    finish_refund: OrderRefund | None = None
    undo_refund: OrderRefund | None = None
    external_refund: int | None = None
    # A refund known by its amount alone, of which the report names all or a part.
    name_refund: OrderRefund | None = None
    open_dispute: bool = False
    close_dispute: DisputeState | None = None


def judge(order: Order, report: Report, known: Known, *, merchant: str, now: int) -> Decision:
    """What a report, checked to be its provider's, means for an order that it names.

    `merchant` is ours at that provider. The order is of that provider.
    """
    if report.said is Said.NOTHING:
        return Decision(outcome=Outcome.IGNORED)
    if report.merchant is not None and report.merchant != merchant:
        return Decision(outcome=Outcome.OTHER_MERCHANT)
    if report.currency is not None and report.currency != order.currency:
        return Decision(outcome=Outcome.CURRENCY_DIFFERS)
    match report.said:
        case Said.PAID:
            return _judge_payment(order, report, known)
        case Said.REFUNDED | Said.REFUND_FAILED:
            return _judge_refund(order, report, known)
        case Said.DISPUTE_OPENED | Said.DISPUTE_WON | Said.DISPUTE_LOST:
            return _judge_dispute(report, known)
        case _:
            return _judge_progress(order, report, now=now)


def _judge_payment(order: Order, report: Report, known: Known) -> Decision:
    if report.number is None or report.amount is None or report.currency is None:
        return Decision(outcome=Outcome.UNREADABLE)
    if known.number_is_taken:
        return Decision(outcome=Outcome.NUMBER_TAKEN)
    if report.amount != order.amount:
        return Decision(outcome=Outcome.AMOUNT_DIFFERS)
    if order.state.is_credited and not known.paid_by_number:
        return Decision(outcome=Outcome.PAID_TWICE)
    # Whoever is asked about a payment may know of refunds that nobody has told us of.
    gone_back = max(0, (report.refunded_total or 0) - _refunded_there(known.refunds))
    if known.paid_by_number:
        outcome = Outcome.REFUND_RECORDED if gone_back else Outcome.REPEATED
        return Decision(outcome=outcome, external_refund=gone_back or None)
    # Also of an order that was cancelled, has failed or is long past its time: the money is there.
    return Decision(outcome=Outcome.CREDITED, credit=True, external_refund=gone_back or None)


def _judge_refund(order: Order, report: Report, known: Known) -> Decision:
    found = known.refund
    if known.number_is_uncredited:
        # Money that nobody was credited for goes back: nothing has to be taken from anybody.
        return Decision(outcome=Outcome.NOTED)
    if report.said is Said.REFUND_FAILED:
        if found is None or found.external or found.state is RefundState.FAILED:
            return Decision(outcome=Outcome.NOTED)
        return Decision(outcome=Outcome.REFUND_UNDONE, undo_refund=found)
    if found is not None and found.state is not RefundState.FAILED:
        return _judge_known_refund(order, report, known, found)
    external = _external_amount(report, known.refunds)
    is_named = found is not None or report.refund_number is not None or report.refunded_total is not None
    if external is None or not is_named:
        # One that cannot be told from another would be counted twice.
        return Decision(outcome=Outcome.UNREADABLE)
    if external <= 0:
        return Decision(outcome=Outcome.REPEATED)
    unnamed = _unnamed(report, known.refunds)
    if unnamed is not None:
        return Decision(outcome=Outcome.REPEATED, name_refund=unnamed)
    if standing(known.refunds) + external > order.amount:
        return Decision(outcome=Outcome.REFUND_EXCEEDS_PAYMENT)
    outcome = Outcome.REFUND_RECORDED if order.state.is_credited else Outcome.WAITING
    return Decision(outcome=outcome, external_refund=external)


def _judge_known_refund(order: Order, report: Report, known: Known, found: OrderRefund) -> Decision:
    """One that we know of. The total that comes with it may tell of others."""
    others = max(0, (report.refunded_total or 0) - _refunded_there(known.refunds))
    if standing(known.refunds) + others > order.amount:
        return Decision(outcome=Outcome.REFUND_EXCEEDS_PAYMENT)
    if found.state in (RefundState.SUCCEEDED, RefundState.WAITING):
        outcome = Outcome.REFUND_RECORDED if others else Outcome.REPEATED
        return Decision(outcome=outcome, external_refund=others or None)
    return Decision(outcome=Outcome.REFUND_RECORDED, finish_refund=found, external_refund=others or None)


def _unnamed(report: Report, refunds: Sequence[OrderRefund]) -> OrderRefund | None:
    """A refund that was recorded from a total and may be the one that the report names."""
    if report.refunded_total is not None or report.amount is None:
        return None
    return next(
        (
            one
            for one in refunds
            if one.external and one.number_mask is None and one.reason == BY_PROVIDER and one.amount >= report.amount
        ),
        None,
    )


def _external_amount(report: Report, refunds: Sequence[OrderRefund]) -> int | None:
    """How much the provider has given back that nobody here has asked for."""
    if report.refunded_total is not None:
        return report.refunded_total - _refunded_there(refunds)
    return report.amount


def _refunded_there(refunds: Sequence[OrderRefund]) -> int:
    """What the provider counts as refunded, as far as we know of it: what a bank has taken in a dispute is no refund."""
    return standing([one for one in refunds if one.reason != DISPUTE_LOST])


def standing(refunds: Sequence[OrderRefund]) -> int:
    """What has gone back of an order or is on its way, waiting ones included."""
    return sum(one.amount for one in refunds if one.state in _STANDING or one.state is RefundState.WAITING)


def _judge_dispute(report: Report, known: Known) -> Decision:
    if report.dispute_number is None or report.amount is None:
        return Decision(outcome=Outcome.UNREADABLE)
    found = known.dispute
    if known.number_is_uncredited:
        return Decision(outcome=Outcome.NOTED)
    if report.said is Said.DISPUTE_OPENED:
        # Told late: how it ended is known already.
        repeated = Decision(outcome=Outcome.REPEATED)
        return repeated if found is not None else Decision(outcome=Outcome.DISPUTE_RECORDED, open_dispute=True)
    if found is not None and found.state is not DisputeState.OPEN:
        return Decision(outcome=Outcome.REPEATED)
    ended = DisputeState.WON if report.said is Said.DISPUTE_WON else DisputeState.LOST
    return Decision(outcome=Outcome.DISPUTE_RECORDED, open_dispute=found is None, close_dispute=ended)


def _judge_progress(order: Order, report: Report, *, now: int) -> Decision:
    """Nothing of money: how far a payment is that has not been made."""
    if order.state not in _OPEN_STATES:
        return Decision(outcome=Outcome.NOTED)
    over = now >= order.expires_at
    match report.said:
        case Said.CLOSED:
            state = OrderState.EXPIRED if over else OrderState.CANCELLED
        case Said.PENDING | Said.ABSENT | Said.FAILED if over:
            state = OrderState.EXPIRED
        case Said.FAILED:
            state = OrderState.FAILED
        case Said.PENDING:
            state = OrderState.PROCESSING
        case _:
            state = order.state
    return Decision(outcome=Outcome.NOTED, state=None if state is order.state else state)


def credited_state(order: Order, refunds: Sequence[OrderRefund], disputes: Sequence[Dispute]) -> OrderState:
    """The state of an order that has been credited, from what has become of its money since."""
    if any(one.state is DisputeState.OPEN for one in disputes):
        return OrderState.DISPUTED
    returned = sum(one.amount for one in refunds if one.state is RefundState.SUCCEEDED)
    if returned >= order.amount:
        return OrderState.REFUNDED
    return OrderState.PARTLY_REFUNDED if returned else OrderState.PAID


def to_take_back(order: Order, amount: int) -> int:
    """What leaves the wallet where `amount` of the paid currency goes back: the same share of what was credited.

    Counted from what has gone back in all, so that rounding never adds up: when all has gone, all was taken.
    """
    share = Fraction(order.terms.credited * min(order.refunded + amount, order.amount), order.amount)
    return max(0, round_half_even(share) - order.taken_back)


def to_give_back(order: Order, refundable: int) -> int:
    """How much of the paid currency `refundable` of the wallet's is worth, rounded down: nanos."""
    if refundable >= order.terms.credited - order.taken_back:
        return order.amount - order.refunded
    return min(order.amount - order.refunded, refundable * order.amount // order.terms.credited)


# When a payment that was begun is asked about, in seconds after the question before: soon, so that a notice that never
# comes is not missed for a minute, then less and less often.
QUERY_AFTER_SECONDS = (15, 20, 30, 60, 120, 300, 600)
# And after its time is over: late payments without a notice are rare, and are still found.
QUERY_AFTER_EXPIRY_SECONDS = (600, 3_600, 6 * 3_600, 24 * 3_600)
_SECOND = 1_000_000


def next_query(order: Order, *, now: int) -> int | None:
    """When to ask about an order again; None when there is nothing more to be learnt."""
    if order.state.is_credited:
        return None
    if now < order.expires_at:
        if order.state is OrderState.CREATED:
            # Nobody has begun to pay it: only its time can end.
            return order.expires_at
        after = QUERY_AFTER_SECONDS[min(order.queries, len(QUERY_AFTER_SECONDS) - 1)]
        return min(now + after * _SECOND, order.expires_at)
    late = (order.expires_at + after * _SECOND for after in QUERY_AFTER_EXPIRY_SECONDS)
    return next((at for at in late if at > now), None)


# How long a refund waits for its next try, in seconds, by how often it was tried.
_REFUND_RETRY_SECONDS = (10, 30, 120, 600, 3_600)


def next_refund_try(tries: int, *, now: int) -> int:
    return now + _REFUND_RETRY_SECONDS[min(tries, len(_REFUND_RETRY_SECONDS)) - 1] * _SECOND
