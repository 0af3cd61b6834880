"""Recharged, not credited: what is true of the money of an order now, and what stood in its way. Pure.

It is told from the order's state, what its provider's notices said and what became of them, its payments, and what is left
of its grants. Amounts are nanos, times UTC microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

from counterfoil.evidence.failures import TransferRow, transfer_row
from counterfoil.evidence.findings import Confidence, Finding, FindingCode, Row
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.ledger.model import GrantState, TransferCode
from counterfoil.recharge.model import (
    Dispute,
    DisputeState,
    Notice,
    Order,
    OrderEvent,
    OrderRefund,
    OrderSource,
    OrderState,
    RefundState,
    Said,
)
from counterfoil.recharge.rules import Outcome

# A payment is told of at once: a notice that first comes later than this after the order's time limit is another's.
NOTICE_MARGIN = 600 * 1_000_000
# Within this time of a notice that was not believed, another that was says that our key is the right one.
KEY_MARGIN = 60 * 1_000_000

_OVER = frozenset({OrderState.CANCELLED, OrderState.EXPIRED})
# What a provider answers of an order that nobody has paid. That it knows of none is also said for one that cannot be asked.
_DENIALS = frozenset({Said.PENDING, Said.CLOSED, Said.FAILED})
# Refunds whose money has left the wallet.
_TAKEN = frozenset({RefundState.SENDING, RefundState.SENT, RefundState.UNKNOWN, RefundState.SUCCEEDED})
_DIFFERING = frozenset({Outcome.AMOUNT_DIFFERS, Outcome.CURRENCY_DIFFERS})


class PaymentRow(NamedTuple):
    """A payment that came for an order; not credited where it came a second time."""

    credited: bool
    amount: int
    currency: str
    at: int


class GrantRow(NamedTuple):
    """Credit that an order or code has brought, as it is now."""

    grant_id: UUID
    kind: str
    amount: int
    remaining: int
    state: str
    created_at: int
    expires_at: int | None
    destination: str | None


class RefusedNotice(NamedTuple):
    """A notice of which nothing was believed, not even which order it is about. `at` is when it came last."""

    notice_id: UUID
    outcome: str
    first_at: int
    at: int
    arrivals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecords:
    """Everything on record of an order that bears on its credit. `asking` is the account of whoever asks, if it is known;
    `alike` are other orders of the account, of the same amount and provider, that were paid while this one could have been;
    `payers_accounts` are those that whoever paid has paid for. `others_believed`: other notices of the provider passed their
    checks at the time of those that did not."""

    order: Order
    events: Sequence[OrderEvent] = ()
    notices: Sequence[Notice] = ()
    not_believed: Sequence[RefusedNotice] = ()
    others_believed: bool = False
    refunds: Sequence[OrderRefund] = ()
    disputes: Sequence[Dispute] = ()
    siblings: Sequence[Order] = ()
    alike: Sequence[Order] = ()
    payments: Sequence[PaymentRow] = ()
    grants: Sequence[GrantRow] = ()
    transfers: Sequence[TransferRow] = ()
    asking: UUID | None = None
    payers_accounts: Sequence[UUID] = ()
    account_names: Mapping[UUID, str] = field(default_factory=dict)

    @property
    def denied_at(self) -> int | None:
        """When the provider, asked by us, last said that it was not paid."""
        times = [
            event.at
            for event in self.events
            if event.source is OrderSource.QUERY and event.facts.get("said") in _DENIALS
        ]
        return max(times, default=None)

    @property
    def begun_at(self) -> int | None:
        """When somebody began to pay it."""
        return next((event.at for event in self.events if event.what == "payment_begun"), None)


def show_account(account_id: UUID, names: Mapping[UUID, str]) -> str:
    """An account by its name, where that is known, and its id."""
    shown, known = show_id("account", account_id), names.get(account_id)
    return f"{known} ({shown})" if known else shown


def of_order(records: OrderRecords) -> list[Finding]:
    """What became of a recharge, the weightiest first; never nothing."""
    return _of_credited(records) if records.order.state.is_credited else _of_uncredited(records)


# -- credited --------------------------------------------------------------------------------------------------------


def _of_credited(records: OrderRecords) -> list[Finding]:
    order = records.order
    elsewhere = records.asking is not None and records.asking != order.account_id
    if elsewhere:
        return [_to_another_account(records)]
    found = []
    again = [one for one in records.payments if not one.credited]
    if again:
        found.append(_paid_twice(records, again))
    if order.state is OrderState.DISPUTED:
        found.append(_disputed(records))
    elif any(one.state in _TAKEN for one in records.refunds):
        found.append(_refunded(records))
    found += with_expired(_credited(records), records.grants, records.transfers)
    if len(records.payers_accounts) > 1 and records.asking is None:
        found.append(_payer_of_several(records))
    return found


def _payer_of_several(records: OrderRecords) -> Finding:
    """Whoever paid has paid for other accounts as well, and may look at one of those."""
    return Finding(
        code=FindingCode.CREDITED_TO_ANOTHER_ACCOUNT, confidence=Confidence.LIKELY,
        currency=records.order.terms.wallet_currency, numbers={"accounts": len(records.payers_accounts)},
        rows=(_order_row(records.order),), text="credited_to_another_account_payer",
    )  # fmt: skip


def _credited(records: OrderRecords) -> Finding:
    order, left = records.order, left_of(records.grants)
    credited = order.terms.credited + order.terms.bonus
    return Finding(
        code=FindingCode.ORDER_CREDITED, nanos=credited, currency=order.terms.wallet_currency,
        numbers={
            "credited_nanos": credited, "bonus_nanos": order.terms.bonus, "left_nanos": left, "paid_at": _paid_at(order),
        },
        names=_order_names(order), rows=(_order_row(order), *credit_rows(records.grants, records.transfers)),
        text=None if left else "order_credited_spent",
    )  # fmt: skip


def _to_another_account(records: OrderRecords) -> Finding:
    order = records.order
    assert records.asking is not None
    credited = order.terms.credited + order.terms.bonus
    return Finding(
        code=FindingCode.CREDITED_TO_ANOTHER_ACCOUNT, nanos=credited, currency=order.terms.wallet_currency,
        numbers={"credited_nanos": credited, "paid_at": _paid_at(order)},
        names={
            **_order_names(order), "account": show_account(order.account_id, records.account_names),
            "asking_account": show_account(records.asking, records.account_names),
        },
        rows=(_order_row(order), *credit_rows(records.grants, records.transfers)),
    )  # fmt: skip


def _paid_twice(records: OrderRecords, again: Sequence[PaymentRow]) -> Finding:
    order, last = records.order, again[-1]
    return Finding(
        code=FindingCode.PAID_TWICE, nanos=sum(one.amount for one in again), currency=last.currency,
        numbers={"payments": len(records.payments), "paid_again_at": last.at}, names=_order_names(order),
        rows=(
            _order_row(order),
            *(Row(kind="payment", id=_shown(order), at=one.at, nanos=one.amount) for one in records.payments),
            *_notice_rows(one for one in records.notices if one.outcome == Outcome.PAID_TWICE),
        ),
    )  # fmt: skip


def _disputed(records: OrderRecords) -> Finding:
    order = records.order
    opened = [one for one in records.disputes if one.state is DisputeState.OPEN]
    frozen = [one for one in records.grants if one.state == GrantState.FROZEN]
    return Finding(
        code=FindingCode.ORDER_DISPUTED, nanos=sum(one.remaining for one in frozen), currency=order.terms.wallet_currency,
        numbers={"disputed_at": min((one.opened_at for one in opened), default=_paid_at(order))},
        names=_order_names(order),
        rows=(
            _order_row(order),
            *(Row(kind="dispute", id=show_id("dispute", one.dispute_id), at=one.opened_at) for one in records.disputes),
            *grant_rows(frozen),
        ),
    )  # fmt: skip


def _refunded(records: OrderRecords) -> Finding:
    """What has gone back, or is on its way: it has left the wallet either way."""
    order = records.order
    taken = [one for one in records.refunds if one.state in _TAKEN]
    done = [one for one in taken if one.state is RefundState.SUCCEEDED]
    told = done or taken
    returned = sum(one.amount for one in told)
    text = None if returned >= order.amount else "order_refunded_partly"
    return Finding(
        code=FindingCode.ORDER_REFUNDED, nanos=sum(one.taken for one in told), currency=order.terms.wallet_currency,
        numbers={"refunds": len(taken), "refunded_at": max(one.ended_at or one.created_at for one in told)},
        names={**_order_names(order), "refunded": _money(returned, order.currency)},
        rows=(
            _order_row(order),
            *(
                Row(kind="refund", id=show_id("refund", one.refund_id), at=one.ended_at, nanos=-one.taken)
                for one in taken
            ),
            *credit_rows(records.grants, records.transfers),
        ),
        text=text if done else "order_refunded_under_way",
    )  # fmt: skip


def with_expired(
    credited: Finding, grants: Sequence[GrantRow], transfers: Sequence[TransferRow]
) -> tuple[Finding, ...]:
    """What was credited, and what of it was lost because it was not used in time: that first where it was most of it."""
    lost = [one for one in transfers if one.code == TransferCode.BREAKAGE]
    if not lost:
        return (credited,)
    ids = {one.grant_id for one in lost}
    ended = [one for one in grants if one.grant_id in ids]
    at = max((one.expires_at for one in ended if one.expires_at is not None), default=lost[-1].at)
    expired = Finding(
        code=FindingCode.CREDIT_EXPIRED, nanos=sum(one.amount for one in lost), currency=credited.currency,
        numbers={"expired_at": at}, rows=(*grant_rows(ended), *(transfer_row(one) for one in lost)),
        text="credit_expired_since",
    )  # fmt: skip
    return (expired, credited) if 2 * expired.nanos >= credited.nanos else (credited, expired)


# -- not credited ----------------------------------------------------------------------------------------------------


def _of_uncredited(records: OrderRecords) -> list[Finding]:
    """Why an order was not credited: what was certainly in its way, what probably was, and else that nobody has paid."""
    refused = list(_not_accepted(records))
    siblings = [_sibling_credited(records, one) for one in records.siblings if one.state.is_credited]
    certain = [*_differing(records), *refused, *siblings]
    if certain:
        taken = [one for one in refused if one.names.get("notice_outcome") == Outcome.NUMBER_TAKEN]
        # A payment that is another order's is where that order is.
        return [*siblings, *(one for one in certain if one not in siblings)] if taken else certain
    unpaid, suspected = _not_paid(records), list(_not_believed(records))
    # Where other notices were believed our key is right, and those that were not are forged: anybody can send them.
    rest = [unpaid, *suspected] if records.others_believed else [*suspected, unpaid]
    # Who has two orders of one amount open and pays once has most likely meant this payment; who pays such orders one after
    # the other may have meant any.
    alike = [_alike_credited(records, one) for one in records.alike] if len(records.alike) == 1 else []
    return [*alike, *rest]


def _differing(records: OrderRecords) -> Iterable[Finding]:
    """The latest payment that does not fit the order; told by notices or, where the provider was asked, by the history."""
    order = records.order
    told = [(one.last_at, one.outcome, one.facts) for one in records.notices if one.outcome in _DIFFERING]
    told += [(event.at, event.what, event.facts) for event in records.events if event.what in _DIFFERING]
    if not told:
        return
    at, outcome, facts = max(told, key=lambda one: one[0])
    paid, currency = facts.get("amount_nanos"), facts.get("currency") or order.currency
    names = {**_order_names(order), "due": _money(order.amount, order.currency)}
    if isinstance(paid, int):
        names["paid"] = _money(paid, currency)
    yield Finding(
        code=FindingCode.AMOUNT_DIFFERS, nanos=paid if isinstance(paid, int) else 0, currency=currency,
        numbers={"due_nanos": order.amount, "received_at": at}, names=names,
        rows=(_order_row(order), *_notice_rows(one for one in records.notices if one.outcome in _DIFFERING)),
        text="amount_differs_currency" if outcome == Outcome.CURRENCY_DIFFERS else None,
    )  # fmt: skip


def _not_accepted(records: OrderRecords) -> Iterable[Finding]:
    """The latest genuine notice of this order that was not accepted for another reason than its amount."""
    others = [one for one in records.notices if not one.accepted and one.outcome not in _DIFFERING]
    if not others:
        return
    last = max(others, key=lambda one: one.last_at)
    yield Finding(
        code=FindingCode.NOTICE_REFUSED, nanos=records.order.amount, currency=records.order.currency,
        numbers={"received_at": last.last_at, "arrivals": sum(one.arrivals for one in others)},
        names={**_order_names(records.order), "notice_outcome": last.outcome},
        rows=(_order_row(records.order), *_notice_rows(others)),
    )  # fmt: skip


def _sibling_credited(records: OrderRecords, sibling: Order) -> Finding:
    """Another order of the same recharge was paid: that is where the money is."""
    credited = sibling.terms.credited + sibling.terms.bonus
    return Finding(
        code=FindingCode.ORDER_CREDITED, nanos=credited, currency=sibling.terms.wallet_currency,
        numbers={"credited_nanos": credited, "paid_at": _paid_at(sibling)},
        names={**_order_names(records.order), "sibling": _shown(sibling)},
        rows=(_order_row(records.order), _order_row(sibling)), text="order_credited_sibling",
    )  # fmt: skip


def _alike_credited(records: OrderRecords, other: Order) -> Finding:
    """Another order of the same amount was paid while this one waited: probably that is where the money is."""
    found = _sibling_credited(records, other)
    return replace(found, confidence=Confidence.LIKELY, text="order_credited_alike")


def _not_believed(records: OrderRecords) -> Iterable[Finding]:
    """Notices of the provider that came while the order awaited its payment, and of which nothing was believed; unless
    the provider said afterwards that it was not paid."""
    if not records.not_believed:
        return
    last = max(records.not_believed, key=lambda one: one.at)
    if records.denied_at is not None and records.denied_at >= last.at:
        return
    yield Finding(
        code=FindingCode.NOTICE_REFUSED, confidence=Confidence.LIKELY, nanos=records.order.amount,
        currency=records.order.currency,
        numbers={
            "notices": len(records.not_believed), "received_at": last.at,
            "arrivals": sum(one.arrivals for one in records.not_believed),
        },
        names={**_order_names(records.order), "notice_outcome": last.outcome},
        rows=(
            _order_row(records.order),
            *(Row(kind="notice", id=show_id("notice", one.notice_id), at=one.at) for one in records.not_believed),
        ),
        text="notice_refused_unnamed",
    )  # fmt: skip


def _not_paid(records: OrderRecords) -> Finding:
    order, begun_at = records.order, records.begun_at
    names = {
        **_order_names(order), "due": _money(order.amount, order.currency), "order_state": str(order.state),
    }  # fmt: skip
    numbers = {"created_at": order.created_at, "time_limit_at": order.expires_at}
    over = order.state in _OVER
    if begun_at is None:
        return Finding(
            code=FindingCode.ORDER_NOT_BEGUN, nanos=order.amount, currency=order.currency, numbers=numbers, names=names,
            rows=(_order_row(order),), text="order_not_begun_over" if over else None,
        )  # fmt: skip
    text = "order_not_paid_over" if over else "order_not_paid_failed" if order.state is OrderState.FAILED else None
    return Finding(
        code=FindingCode.ORDER_NOT_PAID, nanos=order.amount, currency=order.currency,
        numbers={**numbers, "begun_at": begun_at}, names=names,
        rows=(_order_row(order), *_notice_rows(records.notices)), text=text,
    )  # fmt: skip


# -- rows ------------------------------------------------------------------------------------------------------------


def left_of(grants: Sequence[GrantRow]) -> int:
    return sum(one.remaining for one in grants if one.state != GrantState.ENDED)


def _paid_at(order: Order) -> int:
    return order.paid_at if order.paid_at is not None else order.created_at


def _shown(order: Order) -> str:
    return show_id("order", order.order_id)


def _order_names(order: Order) -> dict[str, str]:
    return {"order": _shown(order), "provider_kind": str(order.provider_kind)}


def _money(nanos: int, currency: str) -> str:
    """An amount in another currency than the finding's."""
    return f"{format_nanos(nanos)} {currency}"


def _order_row(order: Order) -> Row:
    return Row(kind="order", id=_shown(order), at=order.created_at)


def _notice_rows(notices: Iterable[Notice]) -> Iterable[Row]:
    return (Row(kind="notice", id=show_id("notice", one.notice_id), at=one.last_at) for one in notices)


def grant_rows(grants: Iterable[GrantRow]) -> Iterable[Row]:
    return (
        Row(kind="grant", id=show_id("grant", one.grant_id), at=one.created_at, nanos=one.remaining) for one in grants
    )


def credit_rows(grants: Iterable[GrantRow], transfers: Iterable[TransferRow]) -> Iterable[Row]:
    yield from (transfer_row(one) for one in transfers)
    yield from grant_rows(grants)
