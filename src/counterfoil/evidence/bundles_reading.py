"""What a bundle is made of, read in one view of the database: the records that an answer names, and their ledger rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import UUID

from counterfoil.evidence import bundles_store as store
from counterfoil.evidence.bundle_records import Record, record_of
from counterfoil.evidence.bundles import RECORDS_MAX, ROWS_MAX, View
from counterfoil.evidence.model import About, Explanation
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.periods import read_time
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger.model import HoldVerb, Transfer
from counterfoil.ledger.rules import operation_key

# Of one record there are few rows in the ledger; of all that an answer names, no more than a bundle carries.
_ROWS_OF_RECORDS_MAX = ROWS_MAX
# Before a decision that moved nothing, the last movements say how the balance came about.
_ROWS_BEFORE = 5
_ATTEMPTS_MAX = 500
# An id is dated by the clock of the process that made it, a row by that of the one that posted it.
_SKEW_MICROS = 3_600 * 1_000_000
_OF_A_REQUEST = frozenset({"request", "task", "submission", "hold"})
_TRANSFER = "transfer"
_WINDOW = ("window_start", "window_end")


@dataclass(frozen=True, slots=True)
class Named:
    """A record that an answer names: what it is, its id, and when it was, where that is said."""

    kind: str
    id: UUID
    at: int | None = None


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What was read. `wanted` are the versions of the rows that matter; `head` is the account's last version."""

    account_id: UUID | None = None
    account: Mapping[str, Any] | None = None
    records: list[Record] = field(default_factory=list)
    wanted: set[int] = field(default_factory=set)
    head: int = 0
    of_others: int = 0
    too_many: int = 0


def named_in(explanation: Explanation) -> list[Named]:
    """Every record that an explanation names, the subject first, each once."""
    # An account's window is written behind its id.
    shown: list[tuple[str | None, str, int | None]] = [(None, explanation.subject.partition(" ")[0], None)]
    if explanation.first is not None:
        shown.append((None, explanation.first.subject, None))
    shown += [(None, copy.subject, None) for copy in explanation.copies]
    shown += [(row.kind, row.id, row.at) for finding in explanation.findings for row in finding.rows]
    found: dict[tuple[str, UUID], Named] = {}
    for kind, text, at in shown:
        read = read_any_id(text)
        if read is not None:
            # A hold is shown by the id of its request.
            what = "hold" if kind == "hold" else read[0]
            found.setdefault((what, read[1]), Named(what, read[1], at))
            if what == "task":
                # What a task has cost is told by its request, which has the same id.
                found.setdefault(("request", read[1]), Named("request", read[1], at))
    return list(found.values())


async def owner_of(
    connection: store.Connection, named: Sequence[Named], account_id: UUID | None
) -> tuple[UUID | None, int]:
    """The account that an answer is about, which is that of the first record where the answer does not say; and how many
    of the records belong to others."""
    owners: dict[tuple[str, UUID], UUID] = {}
    for kind, ids in _ids_by_kind(named).items():
        found = await store.owners_of(connection, kind, ids)
        owners.update({(kind, one): owner for one, owner in found.items()})
    first = next((owners[one.kind, one.id] for one in named if (one.kind, one.id) in owners), None)
    owner = account_id or first
    return owner, len({key for key, other in owners.items() if other != owner})


async def gather(
    connection: store.Connection,
    explanation: Explanation,
    named: Sequence[Named],
    *,
    account_id: UUID,
    view: View,
    language: Language,
) -> Gathered:
    """The records of one account among those named, and where in its ledger the rows behind them are."""
    gathered = Gathered(account_id=account_id, account=await store.account_of(connection, account_id))
    if gathered.account is None:
        return gathered
    gathered.head = gathered.account["version"]
    rows = await _records(connection, gathered, named, view=view, language=language)
    await _find_rows(connection, gathered, named, rows)
    await _add_surroundings(connection, gathered, explanation, rows)
    return gathered


async def rows_of(connection: store.Connection, account_id: UUID, first: int, last: int) -> list[Transfer]:
    return await store.rows_between(connection, account_id=account_id, first=first, last=last)


async def _records(
    connection: store.Connection, gathered: Gathered, named: Sequence[Named], *, view: View, language: Language
) -> dict[str, list[store.Row]]:
    """Read and word the records, kind by kind; gives their rows for whoever looks for the movements behind them."""
    assert gathered.account_id is not None
    ids = _ids_by_kind(named)
    orders, room, rows = ids.get("order", []), RECORDS_MAX, dict[str, list[store.Row]]()
    for kind in store.RECORD_KINDS:
        wanted = ids.get(kind, [])
        if not wanted and not (orders and kind in ("notice", "refund", "dispute")):
            continue
        # One more than there is room for tells that there are more.
        found = await store.records_of(
            connection, kind, account_id=gathered.account_id, ids=wanted, orders=orders, most=room + 1
        )
        rows[kind] = found[:room]
        gathered.too_many += len(found) - len(rows[kind])
        room -= len(rows[kind])
    attempts = defaultdict(list)
    if view is View.STAFF and rows.get("request"):
        for attempt in await store.attempts_of(
            connection, account_id=gathered.account_id, ids=[row["request_id"] for row in rows["request"]],
            most=_ATTEMPTS_MAX,
        ):  # fmt: skip
            attempts[attempt["request_id"]].append(attempt)
    gathered.records = [
        record_of(kind, row, language=language, view=view, attempts=attempts.get(row.get("request_id"), ()))
        for kind, found in rows.items()
        for row in found
    ]
    return rows


async def _find_rows(
    connection: store.Connection, gathered: Gathered, named: Sequence[Named], rows: Mapping[str, Sequence[store.Row]]
) -> None:
    """The versions of the rows that the records have posted: by their commands' keys, which are unique in an account."""
    account_id = gathered.account_id
    assert account_id is not None
    holds = list({one.id for one in named if one.kind in _OF_A_REQUEST})
    keys = [operation_key(verb, hold_id) for hold_id in holds for verb in HoldVerb]
    keys += [f"late:{hold_id.hex}" for hold_id in holds]
    keys += [f"credit:order:{show_id('order', row['order_id'])}" for row in rows.get("order", ())]
    for row in rows.get("refund", ()):
        keys += [f"refund_cash:{row['refund_id'].hex}", f"restore_cash:{row['refund_id'].hex}"]
    keys += [f"credit:code:{row['code_id'].hex}" for row in rows.get("code", ())]
    for row in rows.get("grant", ()):
        keys += [f"end:{row['grant_id'].hex}", f"end_grant:{row['grant_id'].hex}"]
        keys += [f"credit:{row['source_kind']}:{row['source_id']}", f"refund_charge:{row['source_id']}"]
    most = _ROWS_OF_RECORDS_MAX
    gathered.wanted |= set(await store.versions_of_operations(connection, account_id=account_id, keys=keys, most=most))
    if holds:
        since = min((hold_id.int >> 80) * 1_000 for hold_id in holds) - _SKEW_MICROS
        gathered.wanted |= set(
            await store.versions_of_refunds(connection, account_id=account_id, hold_ids=holds, since=since, most=most)
        )
    await _find_transfers(connection, gathered, [one for one in named if one.kind == _TRANSFER and one.at is not None])


async def _find_transfers(connection: store.Connection, gathered: Gathered, named: Sequence[Named]) -> None:
    """The versions of transfers that are named themselves: at their time, and there by their ids."""
    assert gathered.account_id is not None
    by_time: dict[int, set[UUID]] = defaultdict(set)
    for one in named[:RECORDS_MAX]:
        by_time[one.at or 0].add(one.id)
    for at, ids in by_time.items():
        first = await _first_after(connection, gathered, "created_at", at - 1)
        # Whatever one command posts has one time; a thousand rows of one microsecond there are not.
        found = await rows_of(connection, gathered.account_id, first, first + 1_000)
        gathered.wanted |= {row.version for row in found if row.created_at == at and row.transfer_id in ids}


async def _add_surroundings(
    connection: store.Connection,
    gathered: Gathered,
    explanation: Explanation,
    rows: Mapping[str, Sequence[store.Row]],
) -> None:
    """What shows the balance where the question's own records have moved nothing, or where it is about a time.

    Of a window, every row in it, the newest where they are too many. Before a refusal, the last movements. Of an order that
    was not credited, all from when it was made until now: that none of them names it is the point.
    """
    if not gathered.head:
        return
    if explanation.about is About.ACCOUNT:
        await _add_window(connection, gathered, explanation)
        return
    if gathered.wanted:
        return
    subject = read_any_id(explanation.subject)
    decided = [row for row in rows.get("request", ()) if subject is not None and row["request_id"] == subject[1]]
    ordered = [row for row in rows.get("order", ()) if subject is not None and row["order_id"] == subject[1]]
    if decided:
        last = await _first_after(connection, gathered, "event_no", decided[0]["event_no"])
        gathered.wanted = set(range(max(1, last - _ROWS_BEFORE), last))
    elif ordered:
        first = await _first_after(connection, gathered, "created_at", ordered[0]["created_at"])
        gathered.wanted = {max(1, first - 1), gathered.head}


async def _add_window(connection: store.Connection, gathered: Gathered, explanation: Explanation) -> None:
    at = {fact.name: read_time(str(fact.value)) for fact in explanation.facts if fact.name in _WINDOW}
    if len(at) < len(_WINDOW):
        return
    first = await _first_after(connection, gathered, "created_at", at["window_start"] - 1)
    last = await _first_after(connection, gathered, "created_at", at["window_end"] - 1) - 1
    # The row before the window is where its opening balance comes from.
    first = max(1, first - 1)
    gathered.wanted |= set(range(max(first, last - ROWS_MAX + 1), last + 1))


async def _first_after(connection: store.Connection, gathered: Gathered, column: LiteralString, value: int) -> int:
    assert gathered.account_id is not None
    return await store.version_after(
        connection, account_id=gathered.account_id, column=column, value=value, head=gathered.head
    )


def _ids_by_kind(named: Iterable[Named]) -> dict[str, list[UUID]]:
    found: dict[str, list[UUID]] = {}
    for one in named:
        found.setdefault(one.kind, []).append(one.id)
    return found
