"""Proof that the ledger is what was posted: the chains, the balances, the holds, and the signed checkpoints."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.ids import show_id
from counterfoil.ledger import history_store, sums_store
from counterfoil.ledger.chain import link
from counterfoil.ledger.checkpoints import Checkpoint
from counterfoil.ledger.model import EMPTY_HASH, WALLET, Transfer

# One tampered account can break many rows; the first of each kind says enough.
_FINDINGS_MAX = 100
# Whoever waits is told how far the walk has come.
HEARD_EVERY = 20_000
_TURN_EVERY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not hold. `kind` tells what: `edit`, `insert`, `delete`, `reorder`, `truncation` and `missing_account` of the chain (L9),
    `balance`, `hold` and `event` of what must follow from it."""

    kind: str
    account: str
    version: int | None
    message: str


@dataclass(slots=True)
class Report:
    accounts: int = 0
    transfers: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)
    # Per currency: the sum over all named accounts, which is zero (L1).
    sums: dict[str, int] = field(default_factory=dict)

    @property
    def verified(self) -> bool:
        return not self.findings

    def add(self, kind: str, account_id: UUID, version: int | None, message: str) -> None:
        if len(self.findings) < _FINDINGS_MAX:
            shown = show_id("account", account_id)
            self.findings.append(Finding(kind=kind, account=shown, version=version, message=message))


@dataclass(slots=True)
class _Walk:
    """One account's chain as far as it has been followed."""

    version: int = 0
    event_no: int = 0
    created_at: int = 0
    hash: bytes = EMPTY_HASH
    posted: int = 0
    grants: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))


async def verify(
    connection: AsyncConnection[Any],
    checkpoints: Sequence[Checkpoint],
    *,
    heard: Callable[[int], Awaitable[None]] | None = None,
) -> Report:
    """Walk every row in one repeatable-read transaction and compare it with itself and with the checkpoints.

    `checkpoints` are those whose signatures and order have been checked, oldest first; `heard` is told now and then how
    many rows have been walked.
    """
    report = Report(checkpoints=len(checkpoints))
    expected: dict[tuple[UUID, int], bytes] = {}
    for checkpoint in checkpoints:
        for account_id, version, head in checkpoint.accounts:
            expected[account_id, version] = head
    accounts = {account.account_id: account for account in await history_store.all_accounts(connection)}
    walks: dict[UUID, _Walk] = {account_id: _Walk() for account_id in accounts}
    reached: set[tuple[UUID, int]] = set()
    async for transfer in history_store.walk_transfers(connection):
        report.transfers += 1
        if heard is not None:
            if report.transfers % _TURN_EVERY == 0:
                # Calls are served on the same loop.
                await asyncio.sleep(0)
            if report.transfers % HEARD_EVERY == 0:
                await heard(report.transfers)
        walk = walks.get(transfer.account_id)
        if walk is None:
            report.add("missing_account", transfer.account_id, transfer.version, "transfers of an account that is gone")
            walk = walks[transfer.account_id] = _Walk()
        _follow(report, walk, transfer)
        position = (transfer.account_id, transfer.version)
        if position in expected:
            reached.add(position)
            if expected[position] != transfer.hash:
                report.add("edit", transfer.account_id, transfer.version, "differs from the signed checkpoint")
    _check_reached(report, expected, reached, accounts)
    await _check_balances(report, connection, accounts, walks)
    report.accounts = len(accounts)
    for currency, _, amount in await history_store.sums_by_name(connection):
        report.sums[currency] = report.sums.get(currency, 0) + amount
    return report


def _follow(report: Report, walk: _Walk, transfer: Transfer) -> None:
    """L9: gap-free versions, each hash over the one before."""
    account_id, version = transfer.account_id, transfer.version
    if version != walk.version + 1:
        report.add("delete", account_id, version, f"version {walk.version + 1} is missing before version {version}")
    elif transfer.prev_hash != walk.hash:
        report.add("insert", account_id, version, "does not continue the row before it")
    fields = {name: getattr(transfer, name) for name in Transfer._fields if name != "hash"}
    if link(**fields) != transfer.hash:
        report.add("edit", account_id, version, "the row is not the one that was hashed")
    if transfer.event_no < walk.event_no or transfer.created_at < walk.created_at:
        report.add("reorder", account_id, version, "an event or time runs backwards")
    walk.version, walk.event_no, walk.created_at, walk.hash = (
        version,
        transfer.event_no,
        transfer.created_at,
        transfer.hash,
    )
    moved = transfer.amount * ((transfer.credit == WALLET) - (transfer.debit == WALLET))
    walk.posted += moved
    if moved and transfer.grant_id is not None:
        walk.grants[transfer.grant_id] += moved


def _check_reached(
    report: Report,
    expected: dict[tuple[UUID, int], bytes],
    reached: set[tuple[UUID, int]],
    accounts: dict[UUID, history_store.Account],
) -> None:
    for account_id, version in expected:
        if account_id not in accounts:
            report.add("missing_account", account_id, version, "a checkpoint names this account, the database does not")
        elif version and (account_id, version) not in reached:
            report.add("truncation", account_id, version, "a checkpoint saw this version, the database has lost it")


async def _check_balances(
    report: Report,
    connection: AsyncConnection[Any],
    accounts: dict[UUID, history_store.Account],
    walks: dict[UUID, _Walk],
) -> None:
    """Recompute posted and grants from transfers, and held from holds; compare with what the accounts say."""
    held_by_account = await history_store.held_by_account(connection)
    held_by_grant = await history_store.held_by_grant(connection)
    grants: dict[UUID, dict[UUID, tuple[int, int, str]]] = defaultdict(dict)
    for account_id, grant_id, remaining, held, state in await history_store.grant_rows(connection):
        grants[account_id][grant_id] = (remaining, held, state)
    for account_id, account in accounts.items():
        walk = walks[account_id]
        held = held_by_account.get(account_id, 0)
        if (account.version, account.head_hash) != (walk.version, walk.hash):
            _check_head(report, account, walk)
        if account.posted != walk.posted:
            report.add("balance", account_id, None, f"posted is {account.posted}, transfers add up to {walk.posted}")
        if account.held != held:
            report.add("hold", account_id, None, f"held is {account.held}, open holds add up to {held}")
        if account.posted - account.held < 0:
            report.add("balance", account_id, None, "the wallet is overspent")
        _check_grants(report, account, walk, grants[account_id], held_by_grant)
    for account_id, hold_id, message in await history_store.unbalanced_holds(connection):
        report.add("hold", account_id, None, f"hold {hold_id.hex}: {message}")
    for account_id, event_no, message in await history_store.misnumbered_events(connection):
        report.add("event", account_id, None, f"event {event_no}: {message}")
    for account_id, span, stretch in await sums_store.differing(connection):
        message = f"what versions {stretch * span + 1} to {(stretch + 1) * span} were added up to is not what they are"
        report.add("balance", account_id, None, message)


def _check_head(report: Report, account: history_store.Account, walk: _Walk) -> None:
    """L9: the account names its last row."""
    if account.version == walk.version:
        report.add("edit", account.account_id, account.version, "the account's hash is not that of its last row")
        return
    kind = "truncation" if account.version > walk.version else "insert"
    message = f"the account says version {account.version}, its rows end at {walk.version}"
    report.add(kind, account.account_id, account.version, message)


def _check_grants(
    report: Report,
    account: history_store.Account,
    walk: _Walk,
    grants: dict[UUID, tuple[int, int, str]],
    held_by_grant: dict[UUID, int],
) -> None:
    """L6: each grant's rest follows from its transfers; together they are what is posted."""
    for grant_id, (remaining, held, _) in grants.items():
        if remaining != walk.grants.get(grant_id, 0):
            message = f"grant {grant_id.hex} has {remaining}, its transfers add up to {walk.grants.get(grant_id, 0)}"
            report.add("balance", account.account_id, None, message)
        if held != held_by_grant.get(grant_id, 0):
            message = f"grant {grant_id.hex} reserves {held}, open holds add up to {held_by_grant.get(grant_id, 0)}"
            report.add("hold", account.account_id, None, message)
    for grant_id in walk.grants.keys() - grants.keys():
        report.add("balance", account.account_id, None, f"grant {grant_id.hex} is gone")
    total = sum(remaining for remaining, _, _ in grants.values())
    if total != account.posted:
        report.add("balance", account.account_id, None, f"grants add up to {total}, posted is {account.posted}")
