"""The guard: what else must hold for a command, read, decided and written in the ledger's own transaction.

The ledger knows no keys, limits or requests. Whoever wires it hands it a guard factory; `spend` composes one of
`limits`' part and its own. A guard is made per batch; what it keeps of an account lives in `Entry.guard` and is valid
for the account's revision, like everything else the engine caches. A batch that fails drops all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from counterfoil.ledger.model import Authorize, Capture, Expire, Hold, HoldCommand, HoldEnd, Void, Wallet
from counterfoil.storage.pipeline import Call, Rows


@dataclass(slots=True)
class Entry:
    """What the engine knows of one account: valid while the database shows the same revision."""

    wallet: Wallet
    # Open holds that have been seen; one that is missing here is looked up.
    holds: dict[UUID, Hold] = field(default_factory=dict)
    guard: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Every check lets `amount` nanos be held."""

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Not held. `recorded` is false where the refusal shares another's row."""

    code: str
    needed: int
    recorded: bool = True
    detail: Any = None


class Guard(Protocol):
    def reads(self, wanted: Sequence[tuple[UUID, Entry | None, Sequence[HoldCommand]]]) -> list[Call]:
        """Statements to run for these commands; the entry is None (or its `guard` is) where nothing is known yet.

        May be asked again after `absorb`, when the answer made more needed; an empty list ends it.
        """

    def absorb(self, rows: Sequence[Rows], entries: dict[UUID, Entry]) -> None:
        """Take in the rows of the last `reads`, in the same order, into the entries' `guard`."""

    def authorize(
        self, entry: Entry, command: Authorize, *, spendable: int, now: int, event_no: int
    ) -> Permit | Denial:
        """Decide; a permit's amount is never above `spendable`. Called once per new hold, in arrival order."""

    def ended(self, entry: Entry, command: Capture | Void | Expire, held: Hold | None, end: HoldEnd, now: int) -> None:
        """A hold has ended (`held` given), or had ended before as `end` says and this command came too late (None)."""

    def writes(self) -> list[Call]:
        """Everything to be written for what was decided."""


class NoGuard:
    """Only the wallet decides: hold as much of what was asked as is spendable, if the floor is."""

    def reads(self, wanted: Sequence[tuple[UUID, Entry | None, Sequence[HoldCommand]]]) -> list[Call]:
        return []

    def absorb(self, rows: Sequence[Rows], entries: dict[UUID, Entry]) -> None:
        return None

    def authorize(
        self, entry: Entry, command: Authorize, *, spendable: int, now: int, event_no: int
    ) -> Permit | Denial:
        amount = min(command.asked, spendable)
        if amount < command.floor:
            return Denial(code="account_balance", needed=command.floor)
        return Permit(amount=amount)

    def ended(self, entry: Entry, command: Capture | Void | Expire, held: Hold | None, end: HoldEnd, now: int) -> None:
        return None

    def writes(self) -> list[Call]:
        return []


GuardFactory = Callable[[], Guard]
