"""The ledger's SQL.

Engine statements take whole columns as arrays, `account_id` always first. With one account in `$1` each of them is a
single-account statement in Citus' sense; `tests/ledger/test_statements.py` holds that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from counterfoil.ledger.draft import burn_order, earliest_expiry
from counterfoil.ledger.model import (
    Grant,
    GrantKind,
    GrantState,
    Hold,
    HoldEnd,
    HoldVerb,
    Operation,
    Refused,
    Transfer,
    Wallet,
)
from counterfoil.storage.pipeline import Call, Statement

_ACCOUNT_COLUMNS = (
    "account_id, currency, time_zone, status, revision, version, event_no, last_at, posted, held, head_hash"
)
_GRANT_COLUMNS = (
    "account_id, grant_id, kind, priority, expires_at, created_at, origin, source_kind, source_id, amount, remaining,"
    " held, state, destination"
)

# The first statement of every writer: account rows only, in one order, so that no two writers wait for each other in
# a circle and nothing is read before the lock is held.
LOCK = Statement(
    "ledger_lock",
    f"SELECT {_ACCOUNT_COLUMNS} FROM accounts WHERE account_id = ANY($1::uuid[])"  # noqa: S608
    " ORDER BY account_id FOR NO KEY UPDATE SKIP LOCKED",
)
LOCK_WAITING = Statement(
    "ledger_lock_waiting",
    f"SELECT {_ACCOUNT_COLUMNS} FROM accounts WHERE account_id = ANY($1::uuid[])"  # noqa: S608
    " ORDER BY account_id FOR NO KEY UPDATE",
)
ACCOUNTS = Statement(
    "ledger_accounts",
    f"SELECT {_ACCOUNT_COLUMNS} FROM accounts WHERE account_id = ANY($1::uuid[])",  # noqa: S608
)
GRANTS = Statement(
    "ledger_grants",
    f"SELECT {_GRANT_COLUMNS} FROM grants WHERE account_id = ANY($1::uuid[]) AND remaining > 0",  # noqa: S608
)
HOLDS = Statement(
    "ledger_holds",
    "SELECT h.account_id, h.hold_id, h.event_no, h.amount, h.reservations, h.created_at, h.expires_at, h.cause_kind,"
    " h.cause_id, h.intent, e.event_no, e.verb, e.captured, e.released, e.overage, e.uncollected, e.reason, e.intent,"
    " e.created_at"
    " FROM unnest($1::uuid[], $2::uuid[]) AS w(account_id, hold_id)"
    " JOIN holds h ON h.account_id = w.account_id AND h.hold_id = w.hold_id"
    " LEFT JOIN hold_ends e ON e.account_id = w.account_id AND e.hold_id = w.hold_id",
)
REFUSALS = Statement(
    "ledger_refusals",
    "SELECT r.account_id, r.refusal_id, r.event_no, r.code, r.needed, r.spendable, r.intent, r.created_at"
    " FROM unnest($1::uuid[], $2::uuid[]) AS w(account_id, refusal_id)"
    " JOIN refusals r ON r.account_id = w.account_id AND r.refusal_id = w.refusal_id",
)
UPDATE_ACCOUNTS = Statement(
    "ledger_update_accounts",
    "UPDATE accounts a SET revision = v.revision, version = v.version, event_no = v.event_no, last_at = v.last_at,"
    " posted = v.posted, held = v.held, head_hash = v.head_hash"
    " FROM unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::bytea[])"
    " AS v(account_id, revision, version, event_no, last_at, posted, held, head_hash)"
    " WHERE a.account_id = v.account_id",
)
UPDATE_GRANTS = Statement(
    "ledger_update_grants",
    "UPDATE grants g SET remaining = v.remaining, held = v.held, state = v.state, destination = v.destination"
    " FROM unnest($1::uuid[], $2::uuid[], $3::int8[], $4::int8[], $5::text[], $6::text[])"
    " AS v(account_id, grant_id, remaining, held, state, destination)"
    " WHERE g.account_id = v.account_id AND g.grant_id = v.grant_id",
)
INSERT_GRANTS = Statement(
    "ledger_insert_grants",
    f"INSERT INTO grants ({_GRANT_COLUMNS}) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int8[],"  # noqa: S608
    " $5::int8[], $6::int8[], $7::text[], $8::text[], $9::text[], $10::int8[], $11::int8[], $12::int8[], $13::text[],"
    " $14::text[])"
    " ON CONFLICT (account_id, grant_id) DO UPDATE SET remaining = excluded.remaining, held = excluded.held,"
    " state = excluded.state, destination = excluded.destination",
)
INSERT_HOLDS = Statement(
    "ledger_insert_holds",
    "INSERT INTO holds (account_id, hold_id, event_no, amount, reservations, created_at, expires_at, cause_kind,"
    " cause_id, intent) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int8[], $4::int8[], $5::jsonb[], $6::int8[],"
    " $7::int8[], $8::text[], $9::uuid[], $10::text[])",
)
INSERT_HOLD_ENDS = Statement(
    "ledger_insert_hold_ends",
    "INSERT INTO hold_ends (account_id, hold_id, event_no, verb, captured, released, overage, uncollected, reason,"
    " intent, created_at) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int8[], $4::text[], $5::int8[], $6::int8[],"
    " $7::int8[], $8::int8[], $9::text[], $10::text[], $11::int8[])",
)
INSERT_REFUSALS = Statement(
    "ledger_insert_refusals",
    "INSERT INTO refusals (account_id, refusal_id, event_no, code, needed, spendable, intent, created_at)"
    " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int8[], $4::text[], $5::int8[], $6::int8[], $7::text[],"
    " $8::int8[])",
)
INSERT_TRANSFERS = Statement(
    "ledger_insert_transfers",
    "INSERT INTO transfers (account_id, version, event_no, transfer_id, debit, credit, amount, code, cause_kind,"
    " cause_id, operation_key, leg, hold_id, grant_id, created_at, prev_hash, hash) SELECT * FROM"
    " unnest($1::uuid[], $2::int8[], $3::int8[], $4::uuid[], $5::text[], $6::text[], $7::int8[], $8::text[],"
    " $9::text[], $10::text[], $11::text[], $12::int2[], $13::uuid[], $14::uuid[], $15::int8[], $16::bytea[],"
    " $17::bytea[])",
)
INSERT_OPERATIONS = Statement(
    "ledger_insert_operations",
    "INSERT INTO operations (account_id, operation_key, event_no, intent, answer, created_at)"
    " SELECT * FROM unnest($1::uuid[], $2::text[], $3::int8[], $4::text[], $5::jsonb[], $6::int8[])",
)
ENGINE_STATEMENTS = (
    LOCK, LOCK_WAITING, GRANTS, HOLDS, REFUSALS, UPDATE_ACCOUNTS, UPDATE_GRANTS, INSERT_HOLDS, INSERT_HOLD_ENDS,
    INSERT_REFUSALS, INSERT_TRANSFERS,
)  # fmt: skip

# Unit-of-work statements, by operation key or cause.
OPERATION = Statement(
    "ledger_operation",
    "SELECT o.account_id, o.operation_key, o.event_no, o.intent, o.answer, o.created_at"
    " FROM unnest($1::uuid[], $2::text[]) AS w(account_id, operation_key)"
    " JOIN operations o ON o.account_id = w.account_id AND o.operation_key = w.operation_key",
)
HOLD_LEGS = Statement(
    "ledger_hold_legs",
    "SELECT t.code, t.amount, t.grant_id, t.cause_kind, t.cause_id FROM transfers t"
    " JOIN unnest($1::uuid[], $2::uuid[]) AS w(account_id, hold_id)"
    " ON t.account_id = w.account_id AND t.hold_id = w.hold_id"
    " WHERE t.account_id = ANY($1::uuid[]) ORDER BY t.version",
)
GRANTS_BY_ID = Statement(
    "ledger_grants_by_id",
    f"SELECT {_GRANT_COLUMNS} FROM grants WHERE account_id = ANY($1::uuid[]) AND grant_id = ANY($2::uuid[])",  # noqa: S608
)
GRANTS_BY_SOURCE = Statement(
    "ledger_grants_by_source",
    f"SELECT {_GRANT_COLUMNS} FROM grants WHERE account_id = ANY($1::uuid[]) AND source_kind = ANY($2::text[])"  # noqa: S608
    " AND source_id = ANY($3::text[])",
)
LEFT_UNSPENT = Statement(
    "ledger_left_unspent",
    "SELECT grant_id, sum(amount)::int8 FROM transfers WHERE account_id = ANY($1::uuid[])"
    " AND grant_id = ANY($2::uuid[]) AND code IN ('breakage', 'grant_ended', 'refund_to_clearing') GROUP BY grant_id",
)


def update_accounts(wallets: Sequence[Wallet]) -> Call:
    return UPDATE_ACCOUNTS, (
        [w.account_id for w in wallets],
        [w.revision for w in wallets],
        [w.version for w in wallets],
        [w.event_no for w in wallets],
        [w.last_at for w in wallets],
        [w.posted for w in wallets],
        [w.held for w in wallets],
        [w.head_hash for w in wallets],
    )


def update_grants(grants: Sequence[tuple[UUID, Grant]]) -> Call:
    return UPDATE_GRANTS, (
        [account_id for account_id, _ in grants],
        [g.grant_id for _, g in grants],
        [g.remaining for _, g in grants],
        [g.held for _, g in grants],
        [g.state for _, g in grants],
        [g.destination for _, g in grants],
    )


def insert_grants(account_id: UUID, grants: Sequence[Grant]) -> Call:
    return INSERT_GRANTS, (
        [account_id] * len(grants),
        [g.grant_id for g in grants],
        [str(g.kind) for g in grants],
        [g.priority for g in grants],
        [g.expires_at for g in grants],
        [g.created_at for g in grants],
        [g.origin for g in grants],
        [g.source_kind for g in grants],
        [g.source_id for g in grants],
        [g.amount for g in grants],
        [g.remaining for g in grants],
        [g.held for g in grants],
        [str(g.state) for g in grants],
        [g.destination for g in grants],
    )


def insert_holds(holds: Sequence[Hold]) -> Call:
    return INSERT_HOLDS, (
        [h.account_id for h in holds],
        [h.hold_id for h in holds],
        [h.event_no for h in holds],
        [h.amount for h in holds],
        [_reservations_json(h.reservations) for h in holds],
        [h.created_at for h in holds],
        [h.expires_at for h in holds],
        [h.cause_kind for h in holds],
        [h.cause_id for h in holds],
        [h.intent for h in holds],
    )


def insert_hold_ends(ends: Sequence[HoldEnd]) -> Call:
    return INSERT_HOLD_ENDS, (
        [e.account_id for e in ends],
        [e.hold_id for e in ends],
        [e.event_no for e in ends],
        [e.verb for e in ends],
        [e.captured for e in ends],
        [e.released for e in ends],
        [e.overage for e in ends],
        [e.uncollected for e in ends],
        [e.reason for e in ends],
        [e.intent for e in ends],
        [e.created_at for e in ends],
    )


def insert_refusals(refusals: Sequence[Refused]) -> Call:
    return INSERT_REFUSALS, (
        [r.account_id for r in refusals],
        [r.refusal_id for r in refusals],
        [r.event_no for r in refusals],
        [r.code for r in refusals],
        [r.needed for r in refusals],
        [r.spendable for r in refusals],
        [r.intent for r in refusals],
        [r.created_at for r in refusals],
    )


def insert_transfers(rows: Sequence[Transfer]) -> Call:
    return INSERT_TRANSFERS, (
        [t.account_id for t in rows],
        [t.version for t in rows],
        [t.event_no for t in rows],
        [t.transfer_id for t in rows],
        [t.debit for t in rows],
        [t.credit for t in rows],
        [t.amount for t in rows],
        [t.code for t in rows],
        [t.cause_kind for t in rows],
        [t.cause_id for t in rows],
        [t.operation_key for t in rows],
        [t.leg for t in rows],
        [t.hold_id for t in rows],
        [t.grant_id for t in rows],
        [t.created_at for t in rows],
        [t.prev_hash for t in rows],
        [t.hash for t in rows],
    )


def insert_operation(operation: Operation) -> Call:
    return INSERT_OPERATIONS, (
        [operation.account_id],
        [operation.operation_key],
        [operation.event_no],
        [operation.intent],
        [json.dumps(operation.answer, separators=(",", ":"))],
        [operation.created_at],
    )


def _reservations_json(reservations: tuple[tuple[UUID, int], ...]) -> str:
    return "[" + ",".join([f'["{grant_id.hex}",{amount}]' for grant_id, amount in reservations]) + "]"


def read_wallet(account: tuple[Any, ...], grants: Iterable[Grant]) -> Wallet:
    ordered = tuple(sorted(grants, key=burn_order))
    account_id, currency, time_zone, status, revision, version, event_no, last_at, posted, held, head_hash = account
    return Wallet(
        account_id=account_id, currency=currency, time_zone=time_zone, status=status, revision=revision,
        version=version, event_no=event_no, last_at=last_at, posted=posted, held=held, head_hash=bytes(head_hash),
        grants=ordered, next_expiry=earliest_expiry(ordered),
    )  # fmt: skip


def read_grant(row: tuple[Any, ...]) -> Grant:
    (_, grant_id, kind, priority, expires_at, created_at, origin, source_kind, source_id, amount, remaining, held,
     state, destination) = row  # fmt: skip
    return Grant(
        grant_id=grant_id, kind=GrantKind(kind), priority=priority, expires_at=expires_at, created_at=created_at,
        origin=origin, source_kind=source_kind, source_id=source_id, amount=amount, remaining=remaining, held=held,
        state=GrantState(state), destination=destination,
    )  # fmt: skip


def read_hold(row: tuple[Any, ...]) -> tuple[Hold, HoldEnd | None]:
    hold = Hold(
        account_id=row[0], hold_id=row[1], event_no=row[2], amount=row[3],
        reservations=tuple((UUID(hex=grant_id), amount) for grant_id, amount in row[4]),
        created_at=row[5], expires_at=row[6], cause_kind=row[7], cause_id=row[8], intent=row[9],
    )  # fmt: skip
    if row[10] is None:
        return hold, None
    end = HoldEnd(
        account_id=row[0], hold_id=row[1], event_no=row[10], verb=HoldVerb(row[11]), captured=row[12],
        released=row[13], overage=row[14], uncollected=row[15], reason=row[16], intent=row[17], created_at=row[18],
    )  # fmt: skip
    return hold, end


def read_refusal(row: tuple[Any, ...]) -> Refused:
    return Refused(
        account_id=row[0], refusal_id=row[1], event_no=row[2], code=row[3], needed=row[4], spendable=row[5],
        intent=row[6], created_at=row[7],
    )  # fmt: skip


def read_operation(row: tuple[Any, ...]) -> Operation:
    return Operation(
        account_id=row[0], operation_key=row[1], event_no=row[2], intent=row[3], answer=row[4], created_at=row[5]
    )
