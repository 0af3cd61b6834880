"""What becomes of grants: credit, end, freeze, refunds and adjustments. Pure: time and ids are passed in.

Each rule returns the change and the answer that is kept under the operation key (L4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from counterfoil.foundation.errors import Conflict, InputError, LedgerRefused, NotFound, OperationKeyReused
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.ledger.draft import Draft
from counterfoil.ledger.model import (
    ADJUSTMENTS,
    BREAKAGE,
    CLEARING_PREFIX,
    COMPENSATION,
    COMPENSATION_MICROS,
    PROMOTIONS,
    REVENUE,
    UNCOLLECTED,
    WALLET,
    Adjust,
    Change,
    ChargeLeg,
    Credit,
    EndGrant,
    Freeze,
    Grant,
    GrantCommand,
    GrantKind,
    GrantState,
    NewId,
    Operation,
    PostUncollected,
    RefundCash,
    RefundCharge,
    RestoreCash,
    TransferCode,
    Unfreeze,
    Wallet,
)

_NAMED = frozenset({PROMOTIONS, BREAKAGE, COMPENSATION, UNCOLLECTED, ADJUSTMENTS, REVENUE})
# L11: what a credit may name.
_SOURCES = frozenset({"order", "code", "grant", "refund", "adjustment"})
_PRIORITY_MAX = 1_000_000
# A source's id is part of a unique key; an index entry holds less than 2,700 bytes.
_SOURCE_ID_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a grant command needs besides the wallet, read under the account's lock."""

    # Grants that the command may touch although nothing remains in them.
    grants: Mapping[UUID, Grant] = field(default_factory=dict)
    # The earlier transfers of the hold that is refunded, oldest first.
    legs: Sequence[ChargeLeg] = ()
    # What left each grant without being spent (breakage, ended) or came back to its origin, so that what was spent can
    # be told.
    unspent: Mapping[UUID, int] = field(default_factory=dict)
    # Of the order whose cash is refunded: the cash that has gone back before, and what refunds of charges have put
    # into clearing that no cash refund has used up yet.
    cash_returned: int = 0
    in_clearing: int = 0
    # The answer to the cash refund that is to be undone; None where there was none.
    undone: Mapping[str, Any] | None = None
    cause_kind: str = "request"
    cause_id: str = ""


def operation_key(command: GrantCommand) -> str:
    """L4: the source's id, with the verb so that one source may do several things."""
    match command:
        case Credit():
            return f"credit:{command.source_kind}:{command.source_id}"
        case EndGrant():
            return f"end_grant:{command.grant_id.hex}"
        case Freeze():
            return f"freeze:{command.source_id}:{command.grant_id.hex}"
        case Unfreeze():
            return f"unfreeze:{command.source_id}:{command.grant_id.hex}"
        case RefundCharge():
            return f"refund_charge:{command.source_id}"
        case RefundCash():
            return f"refund_cash:{command.source_id}"
        case RestoreCash():
            return f"restore_cash:{command.source_id}"
        case Adjust():
            return f"adjust:{command.source_id}"
        case PostUncollected():
            return f"late:{command.hold_id.hex}"


def intent_of(command: GrantCommand) -> str:
    """The command's own fields as canonical JSON: what L4 compares."""
    fields: dict[str, Any] = {"command": type(command).__name__}
    for name in command.__slots__:
        value = getattr(command, name)
        if name == "grants":
            value = [{part: getattr(spec, part) for part in spec.__slots__} for spec in value]
        fields[name] = value
    return json.dumps(fields, sort_keys=True, default=lambda value: value.hex, separators=(",", ":"))


def repeat(wallet: Wallet, command: GrantCommand, known: Operation) -> Change:
    """L4: the first answer again, whatever has changed since, or `operation_key_reused` naming the field."""
    given = intent_of(command)
    if given != known.intent:
        before, after = json.loads(known.intent), json.loads(given)
        names = [name for name in sorted({**before, **after}) if before.get(name) != after.get(name)]
        raise OperationKeyReused(field=names[0] if names else "intent")
    return Change(wallet=wallet, outcome=known, replayed=True)


def decide(wallet: Wallet, command: GrantCommand, facts: Facts, *, clock_now: int, new_id: NewId) -> Change:
    """Apply one command; raises `LedgerRefused`, `Conflict`, `NotFound` or `InputError` and then changes nothing."""
    for name in ("source_id", "order_id"):
        source = getattr(command, name, "-")
        if not (1 <= len(source) <= _SOURCE_ID_MAX and source.isprintable()):
            raise InputError(field=name, value=source[:40])
    draft = Draft(wallet, clock_now=clock_now, new_id=new_id)
    key = operation_key(command)
    event_no = draft.next_event()
    answer = _ACTS[type(command)](draft, command, facts, key)
    return draft.finish(
        Operation(
            account_id=wallet.account_id, operation_key=key, event_no=event_no, intent=intent_of(command),
            answer=answer, created_at=draft.now,
        )
    )  # fmt: skip


def _check_amount(amount: int) -> None:
    if amount <= 0:
        raise InputError(code="amount_not_positive")
    if amount > LARGEST_NANOS:
        raise InputError(code="amount_unreadable", amount=str(amount)[:40])


def _check_named(name: str) -> None:
    """An operator-side account: one of the fixed names, or clearing of a provider."""
    clearing = name.startswith(CLEARING_PREFIX) and len(name) <= _SOURCE_ID_MAX and name.isprintable()
    if name not in _NAMED and not (clearing and name != CLEARING_PREFIX):
        raise InputError(code="origin_unknown", origin=name[:40])


def _check_expiry(draft: Draft, expires_at: int | None) -> None:
    if expires_at is not None and not draft.now < expires_at <= LARGEST_NANOS:
        raise InputError(code="expiry_in_the_past")


def _credit(draft: Draft, command: Credit, facts: Facts, key: str) -> dict[str, Any]:
    if not command.grants:
        raise InputError(code="amount_not_positive")
    if command.source_kind not in _SOURCES:
        raise InputError(field="source_kind", value=command.source_kind[:40])
    grant_ids = []
    for spec in command.grants:
        _check_amount(spec.amount)
        _check_named(spec.origin)
        _check_expiry(draft, spec.expires_at)
        if not 0 <= spec.priority <= _PRIORITY_MAX:
            raise InputError(field="priority", value=spec.priority)
        grant = _new_grant(
            draft, kind=spec.kind, amount=spec.amount, origin=spec.origin, priority=spec.priority,
            expires_at=spec.expires_at, source_kind=command.source_kind, source_id=command.source_id,
        )  # fmt: skip
        draft.post(
            debit=spec.origin, credit=WALLET, amount=spec.amount, code=TransferCode.CREDIT,
            cause_kind=command.source_kind, cause_id=command.source_id, operation_key=key, grant_id=grant.grant_id,
        )  # fmt: skip
        grant_ids.append(grant.grant_id.hex)
    return {"grants": grant_ids, "credited": sum(spec.amount for spec in command.grants)}


def _new_grant(
    draft: Draft,
    *,
    kind: GrantKind,
    amount: int,
    origin: str,
    priority: int,
    expires_at: int | None,
    source_kind: str,
    source_id: str,
) -> Grant:
    grant = Grant(
        grant_id=draft.new_id(), kind=kind, priority=priority, expires_at=expires_at, created_at=draft.now,
        origin=origin, source_kind=source_kind, source_id=source_id, amount=amount, remaining=amount, held=0,
        state=GrantState.OPEN,
    )  # fmt: skip
    draft.put(grant)
    return grant


def _find(draft: Draft, facts: Facts, grant_id: UUID) -> Grant:
    grant = draft.grants.get(grant_id) or facts.grants.get(grant_id)
    if grant is None:
        raise NotFound(code="grant_not_found", grant=grant_id.hex)
    if grant.state is GrantState.OPEN and grant.expires_at is not None and grant.expires_at <= draft.now:
        # The wallet does not carry a grant that is used up, so its end had to wait for somebody to ask.
        draft.end(grant, destination=BREAKAGE, code=TransferCode.BREAKAGE, operation_key=f"end:{grant_id.hex}")
        return draft.grants[grant_id]
    return grant


def _end_grant(draft: Draft, command: EndGrant, facts: Facts, key: str) -> dict[str, Any]:
    _check_named(command.destination)
    grant = _find(draft, facts, command.grant_id)
    if grant.state is GrantState.ENDED:
        raise Conflict(code="grant_ended", grant=grant.grant_id.hex)
    code = TransferCode.BREAKAGE if command.destination == BREAKAGE else TransferCode.GRANT_ENDED
    ended = draft.end(grant, destination=command.destination, code=code, operation_key=key)
    return {"ended": ended, "reserved": grant.held}


def _freeze_or_unfreeze(draft: Draft, command: Freeze | Unfreeze, facts: Facts, key: str) -> dict[str, Any]:
    grant = _find(draft, facts, command.grant_id)
    if grant.state is GrantState.ENDED:
        raise Conflict(code="grant_ended", grant=grant.grant_id.hex)
    state = GrantState.FROZEN if isinstance(command, Freeze) else GrantState.OPEN
    if grant.state is state:
        raise Conflict(code=f"grant_{state}_already", grant=grant.grant_id.hex)
    thawed = grant._replace(state=state)
    draft.put(thawed)
    answer = {"state": str(state), "remaining": grant.remaining, "reserved": grant.held}
    if state is GrantState.OPEN and grant.expires_at is not None and grant.expires_at <= draft.now:
        # It fell due while it was frozen.
        draft.end(thawed, destination=BREAKAGE, code=TransferCode.BREAKAGE, operation_key=key)
        answer["state"] = str(GrantState.ENDED)
    return answer


def _refund_charge(draft: Draft, command: RefundCharge, facts: Facts, key: str) -> dict[str, Any]:
    """Give back to the grants that paid, last consumed first (DESIGN §5, "Grants end")."""
    charged = [leg for leg in facts.legs if leg.code in (TransferCode.CHARGE, TransferCode.OVERAGE) and leg.grant_id]
    refunded = sum(
        leg.amount for leg in facts.legs if leg.code in (TransferCode.REFUND, TransferCode.REFUND_TO_CLEARING)
    )
    refundable = sum(leg.amount for leg in charged) - refunded
    amount = refundable if command.amount is None else command.amount
    if amount < 0 or command.amount == 0:
        raise InputError(code="amount_not_positive")
    if amount == 0:
        raise LedgerRefused(code="nothing_to_refund", refundable_nanos=refundable)
    if amount > refundable:
        raise LedgerRefused(code="refund_exceeds_charge", refundable_nanos=refundable, asked_nanos=amount)
    left, skip, parts = amount, refunded, []
    for leg in reversed(charged):
        skipped = min(skip, leg.amount)
        skip -= skipped
        part = min(left, leg.amount - skipped)
        if part and leg.grant_id is not None:
            parts.append(_refund_part(draft, command, facts, leg.grant_id, part, key))
            left -= part
    return {"refunded": amount, "parts": parts}


def _refund_part(
    draft: Draft, command: RefundCharge, facts: Facts, grant_id: UUID, amount: int, key: str
) -> dict[str, Any]:
    grant = _find(draft, facts, grant_id)
    credit, code = WALLET, TransferCode.REFUND
    if grant.state is GrantState.FROZEN:
        # Disputed money goes back to where the provider took it from, not to the customer twice. A grant that was
        # itself a refund came from revenue, where this money still is: it goes to compensation instead.
        credit = COMPENSATION if grant.origin == REVENUE else grant.origin
        code = TransferCode.REFUND_TO_CLEARING
    elif grant.state is GrantState.ENDED:
        grant = _new_grant(
            draft, kind=GrantKind.COMPENSATION, amount=amount, origin=REVENUE, priority=grant.priority,
            expires_at=draft.now + COMPENSATION_MICROS, source_kind="refund", source_id=command.source_id,
        )  # fmt: skip
    else:
        draft.set(grant, remaining=grant.remaining + amount, held=grant.held)
    draft.post(
        debit=REVENUE, credit=credit, amount=amount, code=code, cause_kind=facts.cause_kind, cause_id=facts.cause_id,
        operation_key=key, hold_id=command.hold_id, grant_id=grant.grant_id,
    )  # fmt: skip
    return {"grant": grant.grant_id.hex, "amount": amount, "to": credit}


def _refund_cash(draft: Draft, command: RefundCash, facts: Facts, key: str) -> dict[str, Any]:
    """Take an order's money back out of the wallet; see DESIGN §5, "Grants end", for how much may go."""
    _check_amount(command.amount)
    order = _order_grants(draft, facts, source_kind=command.source_kind, order_id=command.order_id)
    paid, covered = order.paid, 0
    if command.already_returned:
        # The cash is gone. What a refunded charge has put into clearing pays for it first, then whatever is still
        # unspent; the rest is a loss with a name.
        covered = min(command.amount, facts.in_clearing)
        taken = min(command.amount - covered, order.rest)
    else:
        taken, allowed = command.amount, order.refundable
        if taken > allowed:
            raise LedgerRefused(code="refund_exceeds_credit", refundable_nanos=allowed, asked_nanos=command.amount)
    shortfall = command.amount - covered - taken
    cause: dict[str, Any] = {"cause_kind": "refund", "cause_id": command.source_id, "operation_key": key}
    if taken:
        draft.post(
            debit=WALLET, credit=paid.origin, amount=taken, code=TransferCode.CASH_REFUND, grant_id=paid.grant_id,
            **cause,
        )  # fmt: skip
        paid = paid._replace(remaining=paid.remaining - taken)
        draft.put(paid)
    if shortfall:
        draft.post(
            debit=UNCOLLECTED, credit=paid.origin, amount=shortfall, code=TransferCode.CASH_SHORTFALL,
            grant_id=paid.grant_id, **cause,
        )  # fmt: skip
    if paid.state is not GrantState.ENDED and facts.cash_returned + command.amount >= order.cash:
        # All of its cash has gone back, and clearing has all of it: what holds still release repays the shortfall,
        # which is never less. Until then the grant stays: what is released or refunded into it is the customer's.
        draft.end(paid, destination=UNCOLLECTED, code=TransferCode.GRANT_ENDED, operation_key=key)
    returned = 0
    for bonus in order.bonuses:
        if bonus.state is not GrantState.ENDED:
            returned += draft.end(bonus, destination=PROMOTIONS, code=TransferCode.GRANT_ENDED, operation_key=key)
    return {"taken": taken, "covered": covered, "shortfall": shortfall, "bonus_returned": returned}


@dataclass(frozen=True, slots=True, kw_only=True)
class _OrderGrants:
    """An order's grants: `cash` is what was paid in all, `rest` what is there of it and not reserved."""

    paid: Grant
    bonuses: Sequence[Grant]
    cash: int
    rest: int
    bonus_spent: int

    @property
    def refundable(self) -> int:
        return max(0, self.rest - self.bonus_spent)


def _order_grants(draft: Draft, facts: Facts, *, source_kind: str, order_id: str) -> _OrderGrants:
    everything = {**facts.grants, **draft.grants}
    grants = [
        _find(draft, facts, grant.grant_id)
        for grant in everything.values()
        if (grant.source_kind, grant.source_id) == (source_kind, order_id)
    ]
    # One that is open stands for the order; another may have ended with a refund that was undone since.
    paid = sorted(
        (grant for grant in grants if grant.kind is GrantKind.PAID), key=lambda one: one.state is GrantState.ENDED
    )
    if not paid:
        raise NotFound(code="order_not_credited", order=order_id)
    bonuses = [grant for grant in grants if grant.kind is not GrantKind.PAID]
    return _OrderGrants(
        paid=paid[0],
        bonuses=bonuses,
        cash=max(grant.amount for grant in paid),
        rest=0 if paid[0].state is GrantState.ENDED else paid[0].remaining - paid[0].held,
        bonus_spent=sum(grant.amount - grant.remaining - _left_unspent(draft, facts, grant) for grant in bonuses),
    )


def refundable(wallet: Wallet, facts: Facts, *, source_kind: str, order_id: str, now: int, new_id: NewId) -> int:
    """How much of an order's cash could be refunded now; raises `NotFound` where it was never credited."""
    draft = Draft(wallet, clock_now=now, new_id=new_id)
    return _order_grants(draft, facts, source_kind=source_kind, order_id=order_id).refundable


def _restore_cash(draft: Draft, command: RestoreCash, facts: Facts, key: str) -> dict[str, Any]:
    """What a cash refund took goes back to where it was, or into a grant like it where that has ended."""
    if facts.undone is None or not facts.undone["taken"]:
        raise NotFound(code="cash_refund_not_found", refund=command.source_id)
    order = _order_grants(draft, facts, source_kind=command.source_kind, order_id=command.order_id)
    taken, bonus = facts.undone["taken"], facts.undone["bonus_returned"]
    paid, new = order.paid, []
    if paid.state is GrantState.ENDED:
        paid = _like(draft, paid, amount=taken)
        new.append(paid.grant_id.hex)
    else:
        draft.set(paid, remaining=paid.remaining + taken, held=paid.held)
    cause: dict[str, Any] = {"cause_kind": "refund", "cause_id": command.source_id, "operation_key": key}
    draft.post(
        debit=paid.origin, credit=WALLET, amount=taken, code=TransferCode.CASH_RESTORED, grant_id=paid.grant_id, **cause
    )
    if bonus:
        again = _like(draft, order.bonuses[0], amount=bonus)
        new.append(again.grant_id.hex)
        draft.post(
            debit=PROMOTIONS, credit=WALLET, amount=bonus, code=TransferCode.CASH_RESTORED, grant_id=again.grant_id,
            **cause,
        )  # fmt: skip
    return {"restored": taken, "bonus_restored": bonus, "grants": new}


def _like(draft: Draft, ended: Grant, *, amount: int) -> Grant:
    """A new grant of the same order; one that has fallen due meanwhile gets the time of a compensation."""
    expires_at = ended.expires_at
    if expires_at is not None and expires_at <= draft.now:
        expires_at = draft.now + COMPENSATION_MICROS
    return _new_grant(
        draft, kind=ended.kind, amount=amount, origin=ended.origin, priority=ended.priority, expires_at=expires_at,
        source_kind=ended.source_kind, source_id=ended.source_id,
    )  # fmt: skip


def _left_unspent(draft: Draft, facts: Facts, grant: Grant) -> int:
    """What left the grant unspent by its end, before this command and (a grant that just fell due) in it."""
    ends = (TransferCode.BREAKAGE, TransferCode.GRANT_ENDED)
    now = sum(row.amount for row in draft.transfers if row.grant_id == grant.grant_id and row.code in ends)
    return facts.unspent.get(grant.grant_id, 0) + now


def _adjust(draft: Draft, command: Adjust, facts: Facts, key: str) -> dict[str, Any]:
    _check_amount(abs(command.amount))
    _check_named(command.counterpart)
    _check_expiry(draft, command.expires_at)
    cause: dict[str, Any] = {"cause_kind": "adjustment", "cause_id": command.source_id, "operation_key": key}
    if command.amount > 0:
        grant = _new_grant(
            draft, kind=command.kind, amount=command.amount, origin=command.counterpart, priority=100,
            expires_at=command.expires_at, source_kind="adjustment", source_id=command.source_id,
        )  # fmt: skip
        draft.post(
            debit=command.counterpart, credit=WALLET, amount=command.amount, code=TransferCode.ADJUSTMENT,
            grant_id=grant.grant_id, **cause,
        )  # fmt: skip
        return {"adjusted": command.amount, "grants": [grant.grant_id.hex]}
    left = -command.amount
    spendable = draft.spendable()
    if left > spendable:
        raise LedgerRefused(code="adjustment_exceeds_balance", spendable_nanos=spendable, asked_nanos=left)
    touched = []
    for grant in list(draft.grants.values()):
        if not left:
            break
        take = min(left, grant.remaining - grant.held) if grant.state is GrantState.OPEN else 0
        if take:
            draft.post(
                debit=WALLET, credit=command.counterpart, amount=take, code=TransferCode.ADJUSTMENT,
                grant_id=grant.grant_id, **cause,
            )  # fmt: skip
            draft.set(grant, remaining=grant.remaining - take, held=grant.held)
            touched.append(grant.grant_id.hex)
            left -= take
    return {"adjusted": command.amount, "grants": touched}


def _post_uncollected(draft: Draft, command: PostUncollected, facts: Facts, key: str) -> dict[str, Any]:
    _check_amount(command.amount)
    draft.post(
        debit=UNCOLLECTED, credit=REVENUE, amount=command.amount, code=TransferCode.UNCOLLECTED,
        cause_kind=facts.cause_kind, cause_id=facts.cause_id, operation_key=key, hold_id=command.hold_id,
    )  # fmt: skip
    return {"uncollected": command.amount}


# Each act takes its own command; `decide` picks it by the command's type.
_ACTS: dict[type, Callable[[Draft, Any, Facts, str], dict[str, Any]]] = {
    Credit: _credit,
    EndGrant: _end_grant,
    Freeze: _freeze_or_unfreeze,
    Unfreeze: _freeze_or_unfreeze,
    RefundCharge: _refund_charge,
    RefundCash: _refund_cash,
    RestoreCash: _restore_cash,
    Adjust: _adjust,
    PostUncollected: _post_uncollected,
}
