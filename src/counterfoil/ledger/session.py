"""The ledger inside somebody's unit of work: a paid order and its credit, a task and its void, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import CounterfoilError, HoldNotFound, NotFound
from counterfoil.ledger import grant_rules, history_store, store
from counterfoil.ledger.batch import Batch
from counterfoil.ledger.draft import Draft
from counterfoil.ledger.guard import Guard, GuardFactory
from counterfoil.ledger.model import (
    Authorize,
    Capture,
    Change,
    Command,
    EndGrant,
    Expire,
    Freeze,
    Grant,
    GrantCommand,
    GrantKind,
    HoldCommand,
    Operation,
    Outcome,
    PostUncollected,
    RefundCash,
    RefundCharge,
    RestoreCash,
    Swept,
    Unfreeze,
    Void,
    Wallet,
)
from counterfoil.storage.pipeline import run_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Operated:
    """The recorded answer to a grant command; `replayed` where it had been given before and nothing was done now."""

    operation: Operation
    replayed: bool


class Session:
    """Applies commands within `connection`'s transaction; the account's lock is held until that ends."""

    def __init__(self, connection: AsyncConnection[Any], *, clock: Clock, guard_factory: GuardFactory) -> None:
        self._connection = connection
        self._clock = clock
        self._guard_factory = guard_factory

    async def apply(self, command: Command) -> Outcome:
        """Apply one command; raises its error, after which the caller's transaction must be rolled back."""
        if isinstance(command, Authorize | Capture | Void | Expire):
            return await self._apply_to_hold(command)
        return (await self._apply_to_grants(command)).outcome

    async def _apply_to_hold(self, command: HoldCommand) -> Outcome:
        guard: Guard = self._guard_factory()
        batch = Batch([command], cache={}, guard=guard, recheck=True, waiting=True)
        calls = batch.absorb_first(await run_in(self._connection, batch.first_reads()))
        while calls:
            calls = batch.absorb_more(await run_in(self._connection, calls))
        answer = batch.decide(clock_now=self._clock.now(), new_id=self._clock.new_id)[0]
        await run_in(self._connection, batch.writes())
        if answer is None:
            raise batch.missing_account(command)
        if isinstance(answer, CounterfoilError):
            raise answer
        return answer.outcome

    async def operate(self, command: GrantCommand) -> Operated:
        """Apply a grant command and give its recorded answer, and whether it is an earlier one."""
        change = await self._apply_to_grants(command)
        assert isinstance(change.outcome, Operation)
        return Operated(operation=change.outcome, replayed=change.replayed)

    async def _apply_to_grants(self, command: GrantCommand) -> Change:
        wallet = await self.lock(command.account_id)
        key = grant_rules.operation_key(command)
        (known,) = await run_in(self._connection, [(store.OPERATION, ([command.account_id], [key]))])
        if known:
            return grant_rules.repeat(wallet, command, store.read_operation(known[0]))
        change = grant_rules.decide(
            wallet, command, await self._facts(command), clock_now=self._clock.now(), new_id=self._clock.new_id
        )
        await self._write(change)
        return change

    async def lock(self, account_id: UUID) -> Wallet:
        """Lock the account and read its wallet; raises `NotFound`."""
        (rows,) = await run_in(self._connection, [(store.LOCK_WAITING, ([account_id],))])
        if not rows:
            raise NotFound(code="account_not_found", account=account_id.hex)
        (grants,) = await run_in(self._connection, [(store.GRANTS, ([account_id],))])
        return store.read_wallet(rows[0], [store.read_grant(row) for row in grants])

    async def end_due_grants(self, account_id: UUID) -> int:
        """End the account's grants that are due (every command does; this is for accounts that nobody uses)."""
        wallet = await self.lock(account_id)
        draft = Draft(wallet, clock_now=self._clock.now(), new_id=self._clock.new_id)
        if draft.event_no == wallet.event_no:
            return 0
        change = draft.finish(Swept(account_id=account_id))
        await self._write(change)
        return len(change.grants)

    async def _facts(self, command: GrantCommand) -> grant_rules.Facts:
        match command:
            case EndGrant() | Freeze() | Unfreeze():
                return grant_rules.Facts(grants=await self._grants_by_id(command.account_id, [command.grant_id]))
            case RefundCharge() | PostUncollected():
                found = await history_store.read_hold_facts(
                    self._connection, account_id=command.account_id, hold_id=command.hold_id
                )
                if found is None:
                    raise HoldNotFound(hold=command.hold_id.hex)
                legs, cause_kind, cause_id = found
                ids = [leg.grant_id for leg in legs if leg.grant_id is not None]
                grants = await self._grants_by_id(command.account_id, ids)
                return grant_rules.Facts(grants=grants, legs=legs, cause_kind=cause_kind, cause_id=cause_id)
            case RefundCash():
                return await self._order_facts(
                    command.account_id, source_kind=command.source_kind, order_id=command.order_id
                )
            case RestoreCash():
                facts = await self._order_facts(
                    command.account_id, source_kind=command.source_kind, order_id=command.order_id
                )
                key = f"refund_cash:{command.source_id}"
                (rows,) = await run_in(self._connection, [(store.OPERATION, ([command.account_id], [key]))])
                return replace(facts, undone=store.read_operation(rows[0]).answer if rows else None)
            case _:
                return grant_rules.Facts()

    async def refundable(self, account_id: UUID, *, source_kind: str, order_id: str) -> int:
        """How much of an order's cash could be refunded now, under the account's lock; raises `NotFound`."""
        wallet = await self.lock(account_id)
        facts = await self._order_facts(account_id, source_kind=source_kind, order_id=order_id)
        return grant_rules.refundable(
            wallet, facts, source_kind=source_kind, order_id=order_id, now=self._clock.now(), new_id=self._clock.new_id
        )

    async def grants_of_source(self, account_id: UUID, *, source_kind: str, source_id: str) -> list[Grant]:
        """Every grant that one order, code or approval has brought, ended ones too."""
        columns = ([account_id], [source_kind], [source_id])
        (rows,) = await run_in(self._connection, [(store.GRANTS_BY_SOURCE, columns)])
        return [store.read_grant(row) for row in rows]

    async def _order_facts(self, account_id: UUID, *, source_kind: str, order_id: str) -> grant_rules.Facts:
        grants = await self.grants_of_source(account_id, source_kind=source_kind, source_id=order_id)
        by_id = {grant.grant_id: grant for grant in grants}
        (unspent,) = await run_in(self._connection, [(store.LEFT_UNSPENT, ([account_id], list(by_id)))])
        returned, in_clearing = await history_store.read_order_cash(
            self._connection, account_id=account_id, source_kind=source_kind, order_id=order_id,
            paid=[grant.grant_id for grant in grants if grant.kind is GrantKind.PAID],
        )  # fmt: skip
        return grant_rules.Facts(grants=by_id, unspent=dict(unspent), cash_returned=returned, in_clearing=in_clearing)

    async def _grants_by_id(self, account_id: UUID, grant_ids: list[UUID]) -> dict[UUID, Grant]:
        (rows,) = await run_in(self._connection, [(store.GRANTS_BY_ID, ([account_id], grant_ids))])
        return {row[1]: store.read_grant(row) for row in rows}

    async def _write(self, change: Change) -> None:
        calls = [store.update_accounts([change.wallet])]
        if change.grants:
            calls.append(store.insert_grants(change.wallet.account_id, change.grants))
        if change.transfers:
            calls.append(store.insert_transfers(change.transfers))
        if isinstance(change.outcome, Operation):
            calls.append(store.insert_operation(change.outcome))
        await run_in(self._connection, calls)
