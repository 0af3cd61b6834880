"""The steps of a waterfall: what each movement of a wallet is. Pure.

Amounts are nanos; a step's are signed: what comes in is positive, what goes out negative.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from counterfoil.ledger.model import BREAKAGE, CLEARING_PREFIX, WALLET, TransferCode


class StepKind(StrEnum):
    """What a movement of the wallet is, in the order in which the steps are shown."""

    RECHARGE = "recharge"
    BONUS = "bonus"
    CODE = "code"
    CREDIT = "credit"
    REFUND = "refund"
    CASH_RESTORED = "cash_restored"
    ADJUSTED_UP = "adjusted_up"
    # What a later release may post and this one does not know by name.
    OTHER_IN = "other_in"
    CHARGE = "charge"
    OVERAGE = "overage"
    EXPIRED = "expired"
    CASH_REFUND = "cash_refund"
    TAKEN_BACK = "taken_back"
    ADJUSTED_DOWN = "adjusted_down"
    OTHER_OUT = "other_out"


class Movement(NamedTuple):
    """All movements of a window that have the same code, cause and accounts, added up."""

    code: str
    cause_kind: str
    debit: str
    credit: str
    nanos: int
    transfers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step; `nanos` is signed, `transfers` counts what it is made of."""

    kind: StepKind
    nanos: int
    transfers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What was posted for the account without touching its wallet, by the transfer's code."""

    code: str
    nanos: int
    transfers: int


def steps_of(movements: Iterable[Movement]) -> tuple[Step, ...]:
    """Each movement of the wallet in its one step, steps in their order; those that nothing happened in are left out."""
    found: dict[StepKind, list[int]] = {}
    for moved in movements:
        kind = step_kind(moved)
        if kind is not None:
            sums = found.setdefault(kind, [0, 0])
            sums[0] += moved.nanos if moved.credit == WALLET else -moved.nanos
            sums[1] += moved.transfers
    return tuple(Step(kind=kind, nanos=found[kind][0], transfers=found[kind][1]) for kind in StepKind if kind in found)


def beside_of(movements: Iterable[Movement]) -> tuple[Beside, ...]:
    """What did not touch the wallet: costs that nobody paid, refunds that went to the provider."""
    found: dict[str, list[int]] = {}
    for moved in movements:
        if step_kind(moved) is None:
            sums = found.setdefault(moved.code, [0, 0])
            sums[0] += moved.nanos
            sums[1] += moved.transfers
    return tuple(Beside(code=code, nanos=sums[0], transfers=sums[1]) for code, sums in sorted(found.items()))


def step_kind(moved: Movement) -> StepKind | None:
    """The step that a movement belongs to; None where it does not touch the wallet."""
    if moved.credit == WALLET:
        return _incoming(moved)
    if moved.debit == WALLET:
        return _outgoing(moved)
    return None


def _incoming(moved: Movement) -> StepKind:
    match moved.code:
        case TransferCode.CREDIT:
            if moved.cause_kind == "order":
                return StepKind.RECHARGE if moved.debit.startswith(CLEARING_PREFIX) else StepKind.BONUS
            return StepKind.CODE if moved.cause_kind == "code" else StepKind.CREDIT
        case TransferCode.REFUND:
            return StepKind.REFUND
        case TransferCode.CASH_RESTORED:
            return StepKind.CASH_RESTORED
        case TransferCode.ADJUSTMENT:
            return StepKind.ADJUSTED_UP
    return StepKind.OTHER_IN


def _outgoing(moved: Movement) -> StepKind:
    match moved.code:
        case TransferCode.CHARGE:
            return StepKind.CHARGE
        case TransferCode.OVERAGE:
            return StepKind.OVERAGE
        case TransferCode.BREAKAGE:
            return StepKind.EXPIRED
        case TransferCode.GRANT_ENDED:
            # What a hold releases into a grant that has expired goes where the grant's rest went.
            return StepKind.EXPIRED if moved.credit == BREAKAGE else StepKind.TAKEN_BACK
        case TransferCode.CASH_REFUND:
            return StepKind.CASH_REFUND
        case TransferCode.ADJUSTMENT:
            return StepKind.ADJUSTED_DOWN
    return StepKind.OTHER_OUT
