"""What becomes of holds: authorize, capture, void, expire. Pure: time and ids are passed in."""

from __future__ import annotations

from uuid import UUID

from counterfoil.foundation.errors import Conflict, HoldEnded, HoldNotFound, InputError, OperationKeyReused
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.ledger.draft import Draft
from counterfoil.ledger.model import (
    REVENUE,
    UNCOLLECTED,
    WALLET,
    Authorize,
    Capture,
    Change,
    Expire,
    GrantState,
    Hold,
    HoldCommand,
    HoldEnd,
    HoldVerb,
    NewId,
    Refused,
    TransferCode,
    Void,
    Wallet,
)

VERBS: dict[type, HoldVerb] = {Capture: HoldVerb.CAPTURED, Void: HoldVerb.VOIDED, Expire: HoldVerb.EXPIRED}
_KEY_OF_VERB = {HoldVerb.CAPTURED: "capture", HoldVerb.VOIDED: "void", HoldVerb.EXPIRED: "expire"}


def operation_key(verb: HoldVerb, hold_id: UUID) -> str:
    """L4: verb and hold id."""
    return f"{_KEY_OF_VERB[verb]}:{hold_id.hex}"


def first_difference(first: str, second: str) -> str | None:
    """The name of the first field in which two intents (`name=value;…`) differ, or None."""
    if first == second:
        return None
    fields = [dict(part.partition("=")[::2] for part in intent.split(";") if part) for intent in (first, second)]
    for name in sorted({**fields[0], **fields[1]}):
        if fields[0].get(name) != fields[1].get(name):
            return name
    return "intent"


def hold(draft: Draft, command: Authorize, amount: int) -> Change:
    """Reserve `amount` for a request that every check has let pass."""
    _check_range(amount)
    _check_range(command.expires_in, most=LARGEST_NANOS - draft.now)
    event_no = draft.next_event()
    reservations = draft.reserve(amount)
    return draft.finish(
        Hold(
            account_id=command.account_id, hold_id=command.hold_id, event_no=event_no, amount=amount,
            reservations=reservations, created_at=draft.now, expires_at=draft.now + command.expires_in,
            cause_kind=command.cause_kind, cause_id=command.cause_id, intent=command.intent,
        )
    )  # fmt: skip


def refuse(draft: Draft, command: Authorize, *, code: str, needed: int, recorded: bool, detail: object) -> Change:
    """L5: a refusal changes nothing but its own record; one that shares another's row not even that."""
    event_no = draft.next_event() if recorded else draft.event_no
    return draft.finish(
        Refused(
            account_id=command.account_id, refusal_id=command.hold_id, event_no=event_no, code=code, needed=needed,
            spendable=draft.spendable(), intent=command.intent, created_at=draft.now, recorded=recorded, detail=detail,
        )
    )  # fmt: skip


def repeat_authorize(wallet: Wallet, command: Authorize, known: Hold | Refused) -> Change:
    """L4: the first answer again, or `operation_key_reused` naming the field."""
    different = first_difference(known.intent, command.intent)
    if different is not None:
        raise OperationKeyReused(field=different)
    return Change(wallet=wallet, outcome=known, replayed=True)


def repeat_end(wallet: Wallet, command: Capture | Void | Expire, end: HoldEnd) -> Change:
    """L3, L4: the first answer to the same verb and intent; to another resolver, how the hold ended."""
    if VERBS[type(command)] is not end.verb:
        raise HoldEnded(code=f"hold_{end.verb}", hold=command.hold_id.hex)
    different = first_difference(end.intent, command.intent)
    if different is not None:
        raise OperationKeyReused(field=different)
    return Change(wallet=wallet, outcome=end, replayed=True)


def resolve(wallet: Wallet, command: Capture | Void | Expire, held: Hold, *, clock_now: int, new_id: NewId) -> Change:
    """End an open hold by capture, void or expiry.

    A capture that comes before the expiry has been recorded wins, however late. Raises `hold_not_due`.
    """
    draft = Draft(wallet, clock_now=clock_now, new_id=new_id)
    if isinstance(command, Expire) and draft.now < held.expires_at:
        raise Conflict(code="hold_not_due", hold=held.hold_id.hex)
    verb = VERBS[type(command)]
    cost = command.cost if isinstance(command, Capture) else 0
    _check_range(cost)
    event_no = draft.next_event()
    key = operation_key(verb, held.hold_id)
    captured = _consume(draft, held, min(cost, held.amount), key)
    overage, uncollected = 0, 0
    if cost > held.amount:
        overage = _take(draft, held, cost - held.amount, key)
        uncollected = cost - held.amount - overage
        if uncollected:
            draft.post(
                debit=UNCOLLECTED, credit=REVENUE, amount=uncollected, code=TransferCode.UNCOLLECTED,
                cause_kind=held.cause_kind, cause_id=held.cause_id.hex, operation_key=key, hold_id=held.hold_id,
            )  # fmt: skip
    return draft.finish(
        HoldEnd(
            account_id=held.account_id, hold_id=held.hold_id, event_no=event_no, verb=verb, captured=captured,
            released=held.amount - captured, overage=overage, uncollected=uncollected, reason=command.reason,
            intent=command.intent, created_at=draft.now,
        )
    )  # fmt: skip


def _consume(draft: Draft, held: Hold, amount: int, key: str) -> int:
    """L6: consume a hold's reservations in order and release from the end, one transfer per grant."""
    left = amount
    for grant_id, reserved in held.reservations:
        grant = draft.grants[grant_id]
        take = min(left, reserved)
        left -= take
        if take:
            _post_charge(draft, held, grant_id, take, TransferCode.CHARGE, key)
        released = reserved - take
        remaining = grant.remaining - take
        if released and grant.state is GrantState.ENDED:
            # What a hold releases into an ended grant goes where the grant's rest went.
            remaining -= released
            draft.post(
                debit=WALLET, credit=grant.destination or UNCOLLECTED, amount=released, code=TransferCode.GRANT_ENDED,
                cause_kind="grant", cause_id=grant_id.hex, operation_key=key, hold_id=held.hold_id, grant_id=grant_id,
            )  # fmt: skip
        draft.set(grant, remaining=remaining, held=grant.held - reserved)
    draft.held -= held.amount
    return amount - left


def _take(draft: Draft, held: Hold, amount: int, key: str) -> int:
    """L10: charge overage only as far as the wallet has spendable money."""
    left = amount
    for grant in list(draft.grants.values()):
        if not left:
            break
        if grant.state is not GrantState.OPEN:
            continue
        take = min(left, grant.remaining - grant.held)
        if take:
            _post_charge(draft, held, grant.grant_id, take, TransferCode.OVERAGE, key)
            draft.set(grant, remaining=grant.remaining - take, held=grant.held)
            left -= take
    return amount - left


def _post_charge(draft: Draft, held: Hold, grant_id: UUID, amount: int, code: TransferCode, key: str) -> None:
    draft.post(
        debit=WALLET, credit=REVENUE, amount=amount, code=code, cause_kind=held.cause_kind,
        cause_id=held.cause_id.hex, operation_key=key, hold_id=held.hold_id, grant_id=grant_id,
    )  # fmt: skip


def _check_range(amount: int, *, most: int = LARGEST_NANOS) -> None:
    """What does not fit a BIGINT would otherwise fail in the encoder, and with it everybody's batch."""
    if not 0 <= amount <= most:
        raise InputError(code="amount_unreadable", amount=str(amount)[:40])


def not_found(command: HoldCommand) -> HoldNotFound:
    return HoldNotFound(hold=command.hold_id.hex)
