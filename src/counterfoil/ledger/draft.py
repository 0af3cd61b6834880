"""A command's working copy of one wallet: what it posts, reserves and releases, until it becomes a `Change`."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from counterfoil.foundation.errors import Broken, InputError
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.ledger.chain import link
from counterfoil.ledger.model import (
    BREAKAGE,
    WALLET,
    Change,
    Grant,
    GrantKind,
    GrantState,
    NewId,
    Outcome,
    Transfer,
    TransferCode,
    Wallet,
)

_NEVER = 2**63
_KIND_ORDER = {GrantKind.PROMOTIONAL: 0, GrantKind.COMPENSATION: 1, GrantKind.PAID: 2}
_OPEN, _ENDED = GrantState.OPEN, GrantState.ENDED


def burn_order(grant: Grant) -> tuple[int, int, int, int, int]:
    """L6: priority, expiry, kind (promotional first), creation, id."""
    expiry = _NEVER if grant.expires_at is None else grant.expires_at
    return (grant.priority, expiry, _KIND_ORDER[grant.kind], grant.created_at, grant.grant_id.int)


def earliest_expiry(grants: Iterable[Grant]) -> int | None:
    """When the first of the open grants is due to end."""
    return min((g.expires_at for g in grants if g.expires_at is not None and g.state is _OPEN), default=None)


class Draft:
    """Collects the rows of one command against one wallet. Command time never runs backwards."""

    __slots__ = ("_changed", "_hash", "_legs", "_reordered", "_version", "event_no", "grants", "held", "new_id", "now",
                 "posted", "transfers", "wallet")  # fmt: skip

    def __init__(self, wallet: Wallet, *, clock_now: int, new_id: NewId) -> None:
        self.wallet = wallet
        self.now = clock_now if clock_now > wallet.last_at else wallet.last_at
        self.new_id = new_id
        self.event_no = wallet.event_no
        self.posted = wallet.posted
        self.held = wallet.held
        self.grants: dict[UUID, Grant] = {grant.grant_id: grant for grant in wallet.grants}
        self.transfers: list[Transfer] = []
        self._version = wallet.version
        self._hash = wallet.head_hash
        self._changed: dict[UUID, Grant] = {}
        self._reordered = False
        self._legs = 0
        if wallet.next_expiry is not None and wallet.next_expiry <= self.now:
            self._end_due_grants()

    # -- grants ------------------------------------------------------------------------------------------------

    def put(self, grant: Grant) -> None:
        """Replace a grant by its next state, or add a new one."""
        # A new grant has to find its place in the burn order, another state may change when the next is due.
        self._reordered = True
        self.grants[grant.grant_id] = self._changed[grant.grant_id] = grant

    def set(self, grant: Grant, *, remaining: int, held: int) -> None:
        """Change what remains in a grant and what of it is reserved, and nothing else."""
        grant_id = grant.grant_id
        if grant_id not in self.grants:
            self._reordered = True
        self.grants[grant_id] = self._changed[grant_id] = Grant(
            grant_id, grant.kind, grant.priority, grant.expires_at, grant.created_at, grant.origin, grant.source_kind,
            grant.source_id, grant.amount, remaining, held, grant.state, grant.destination,
        )  # fmt: skip

    def end(self, grant: Grant, *, destination: str, code: TransferCode, operation_key: str) -> int:
        """End a grant: its unreserved rest goes to `destination` now, what holds release goes there later."""
        rest = grant.remaining - grant.held
        if rest:
            self.post(
                debit=WALLET, credit=destination, amount=rest, code=code, cause_kind="grant",
                cause_id=grant.grant_id.hex, operation_key=operation_key, grant_id=grant.grant_id,
            )  # fmt: skip
        self.put(grant._replace(remaining=grant.held, state=_ENDED, destination=destination))
        return rest

    def _end_due_grants(self) -> None:
        for grant in list(self.grants.values()):
            if grant.state is _OPEN and grant.expires_at is not None and grant.expires_at <= self.now:
                self.next_event()
                key = f"end:{grant.grant_id.hex}"
                self.end(grant, destination=BREAKAGE, code=TransferCode.BREAKAGE, operation_key=key)

    def spendable(self) -> int:
        total = 0
        for grant in self.grants.values():
            if grant.state is _OPEN:
                total += grant.remaining - grant.held
        return total

    def reserve(self, amount: int) -> tuple[tuple[UUID, int], ...]:
        """Reserve an amount from the open grants in burn order; the caller has checked that it is there."""
        left = amount
        reservations = []
        for grant in list(self.grants.values()):
            if not left:
                break
            if grant.state is not _OPEN:
                continue
            take = min(left, grant.remaining - grant.held)
            if take:
                self.set(grant, remaining=grant.remaining, held=grant.held + take)
                reservations.append((grant.grant_id, take))
                left -= take
        if left:
            raise Broken(code="reservation_short", missing_nanos=left)
        self.held += amount
        return tuple(reservations)

    # -- transfers ---------------------------------------------------------------------------------------------

    def next_event(self) -> int:
        self.event_no += 1
        self._legs = 0
        return self.event_no

    def post(
        self,
        *,
        debit: str,
        credit: str,
        amount: int,
        code: TransferCode,
        cause_kind: str,
        cause_id: str,
        operation_key: str,
        hold_id: UUID | None = None,
        grant_id: UUID | None = None,
    ) -> None:
        """Append one transfer to the account's chain."""
        self._version += 1
        self._legs += 1
        transfer_id = self.new_id()
        prev_hash = self._hash
        self._hash = link(
            prev_hash=prev_hash, account_id=self.wallet.account_id, version=self._version, event_no=self.event_no,
            transfer_id=transfer_id, debit=debit, credit=credit, amount=amount, code=code, cause_kind=cause_kind,
            cause_id=cause_id, operation_key=operation_key, leg=self._legs, hold_id=hold_id, grant_id=grant_id,
            created_at=self.now,
        )  # fmt: skip
        self.transfers.append(
            Transfer(
                account_id=self.wallet.account_id,
                version=self._version,
                event_no=self.event_no,
                transfer_id=transfer_id,
                debit=debit,
                credit=credit,
                amount=amount,
                code=code,
                cause_kind=cause_kind,
                cause_id=cause_id,
                operation_key=operation_key,
                leg=self._legs,
                hold_id=hold_id,
                grant_id=grant_id,
                created_at=self.now,
                prev_hash=prev_hash,
                hash=self._hash,
            )
        )
        if debit == WALLET:
            self.posted -= amount
        elif credit == WALLET:
            self.posted += amount
            if self.posted > LARGEST_NANOS:
                raise InputError(code="amount_unreadable", amount=str(self.posted))

    # -- the end -----------------------------------------------------------------------------------------------

    def finish(self, outcome: Outcome) -> Change:
        wallet = self.wallet
        grants, next_expiry = wallet.grants, wallet.next_expiry
        if self._changed:
            grants = tuple([grant for grant in self.grants.values() if grant.remaining])
            if self._reordered:
                grants = tuple(sorted(grants, key=burn_order))
                next_expiry = earliest_expiry(grants)
        after = Wallet(
            account_id=wallet.account_id, currency=wallet.currency, time_zone=wallet.time_zone, status=wallet.status,
            revision=wallet.revision + 1, version=self._version, event_no=self.event_no,
            last_at=self.now if self.event_no != wallet.event_no else wallet.last_at,
            posted=self.posted, held=self.held, head_hash=self._hash, grants=grants, next_expiry=next_expiry,
        )  # fmt: skip
        if self.posted < self.held:
            raise Broken(code="wallet_negative", posted=self.posted, held=self.held)
        return Change(
            wallet=after, outcome=outcome, transfers=tuple(self.transfers), grants=tuple(self._changed.values())
        )
