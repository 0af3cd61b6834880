"""A batch of hold commands, without I/O: what to read, what to decide, what to write.

The engine runs it over a pipelined connection, a unit of work over its own transaction. Steps: `reads` and `absorb`
until nothing is missing, `decide`, `writes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from counterfoil.foundation.errors import CounterfoilError, NotFound
from counterfoil.ledger import rules, store
from counterfoil.ledger.draft import Draft
from counterfoil.ledger.guard import Denial, Entry, Guard
from counterfoil.ledger.model import (
    Authorize,
    Capture,
    Change,
    Expire,
    Grant,
    Hold,
    HoldCommand,
    HoldEnd,
    NewId,
    Refused,
    Transfer,
    Void,
)
from counterfoil.storage.pipeline import Call, Rows, Statement

Answer = Change | CounterfoilError


class Batch:
    """Commands of one lane, decided in arrival order against the locked state.

    `cache` holds what is known of accounts; entries are changed in place, so whoever runs the batch must drop the
    entries of `accounts` when it fails. `recheck` makes even fresh authorizations look for an earlier row of theirs (a
    rerun whose first COMMIT may have taken effect).
    """

    def __init__(
        self,
        commands: Sequence[HoldCommand],
        *,
        cache: Mapping[UUID, Entry],
        guard: Guard,
        recheck: bool,
        waiting: bool,
    ) -> None:
        self.commands = commands
        self.entries: dict[UUID, Entry] = {}
        # Accounts that somebody else has locked (or that do not exist, where the lock waited).
        self.absent: set[UUID] = set()
        self._by_account: dict[UUID, list[HoldCommand]] = {}
        for command in commands:
            self._by_account.setdefault(command.account_id, []).append(command)
        self._cache = cache
        self._guard = guard
        self._recheck = recheck
        self._lock = store.LOCK_WAITING if waiting else store.LOCK
        self._asked: list[tuple[Statement, list[UUID]]] = []
        self._guard_calls = 0
        self._locked: dict[UUID, tuple[object, ...]] = {}
        self._grants: dict[UUID, list[Grant]] = {}
        self._known: dict[UUID, Hold | Refused] = {}
        self._ends: dict[UUID, HoldEnd] = {}
        self._looked_up: set[UUID] = set()
        self._dirty: set[UUID] = set()
        self._holds: list[Hold] = []
        self._hold_ends: list[HoldEnd] = []
        self._refusals: list[Refused] = []
        self._transfers: list[Transfer] = []
        self._changed_grants: dict[tuple[UUID, UUID], Grant] = {}

    @property
    def accounts(self) -> list[UUID]:
        return list(self._by_account)

    # -- reading -----------------------------------------------------------------------------------------------

    def first_reads(self) -> list[Call]:
        """The lock, and beside it everything that the cache does not know."""
        accounts = sorted(self._by_account)
        calls: list[Call] = [(self._lock, (accounts,))]
        unknown = [account_id for account_id in accounts if account_id not in self._cache]
        return calls + self._reads_for(unknown, accounts, self._cache)

    def _reads_for(
        self, unknown: Sequence[UUID], accounts: Sequence[UUID], entries: Mapping[UUID, Entry]
    ) -> list[Call]:
        calls: list[Call] = []
        if unknown:
            calls.append((store.GRANTS, (unknown,)))
        calls += self._hold_reads(accounts, entries)
        guard_calls = self._guard.reads(
            [(account_id, entries.get(account_id), self._by_account[account_id]) for account_id in accounts]
        )
        self._asked = [(statement, list(columns[0])) for statement, columns in calls]
        self._guard_calls = len(guard_calls)
        return calls + guard_calls

    def _hold_reads(self, accounts: Sequence[UUID], entries: Mapping[UUID, Entry]) -> list[Call]:
        holds: list[HoldCommand] = []
        authorizations: list[HoldCommand] = []
        for account_id in accounts:
            entry = entries.get(account_id)
            for command in self._by_account[account_id]:
                if isinstance(command, Authorize):
                    if self._recheck or not command.fresh:
                        holds.append(command)
                        authorizations.append(command)
                elif entry is None or command.hold_id not in entry.holds:
                    holds.append(command)
        calls: list[Call] = []
        for statement, wanted in ((store.HOLDS, holds), (store.REFUSALS, authorizations)):
            if wanted:
                self._looked_up.update(command.hold_id for command in wanted)
                calls.append((statement, ([c.account_id for c in wanted], [c.hold_id for c in wanted])))
        return calls

    def absorb_first(self, rows: Sequence[Rows]) -> list[Call]:
        """Take in the lock's rows and the rest; what the cache knew wrongly is to be read again."""
        for row in rows[0]:
            self._locked[row[0]] = row
        self.absent = {account_id for account_id in self._by_account if account_id not in self._locked}
        stale: list[UUID] = []
        loaded = {account_id for statement, ids in self._asked if statement is store.GRANTS for account_id in ids}
        self._absorb_ledger(rows[1:])
        for account_id, row in self._locked.items():
            cached = self._cache.get(account_id)
            if cached is not None and cached.wallet.revision == row[4]:
                self.entries[account_id] = cached
            elif account_id in loaded:
                self._enter(account_id)
            else:
                stale.append(account_id)
        self._absorb_guard(rows[1:])
        if not stale:
            return self._more_for_guard()
        for account_id in stale:
            self.entries[account_id] = Entry(wallet=store.read_wallet(self._locked[account_id], ()))
        return self._reads_for(stale, sorted(self.entries), self.entries)

    def absorb_more(self, rows: Sequence[Rows]) -> list[Call]:
        loaded = {account_id for statement, ids in self._asked if statement is store.GRANTS for account_id in ids}
        self._absorb_ledger(rows)
        for account_id in loaded:
            self._enter(account_id)
        self._absorb_guard(rows)
        return self._more_for_guard()

    def _more_for_guard(self) -> list[Call]:
        self._asked = []
        calls = self._guard.reads([(id_, entry, self._by_account[id_]) for id_, entry in self.entries.items()])
        self._guard_calls = len(calls)
        return calls

    def _enter(self, account_id: UUID) -> None:
        wallet = store.read_wallet(self._locked[account_id], self._grants.get(account_id, ()))
        entry = Entry(wallet=wallet)
        for command in self._by_account[account_id]:
            known = self._known.get(command.hold_id)
            if isinstance(known, Hold) and command.hold_id not in self._ends:
                entry.holds[command.hold_id] = known
        self.entries[account_id] = entry

    def _absorb_ledger(self, rows: Sequence[Rows]) -> None:
        for (statement, _), answer in zip(self._asked, rows, strict=False):
            if statement is store.GRANTS:
                for row in answer:
                    self._grants.setdefault(row[0], []).append(store.read_grant(row))
            elif statement is store.HOLDS:
                for row in answer:
                    hold, end = store.read_hold(row)
                    self._known[hold.hold_id] = hold
                    if end is not None:
                        self._ends[hold.hold_id] = end
            else:
                for row in answer:
                    refusal = store.read_refusal(row)
                    self._known[refusal.refusal_id] = refusal

    def _absorb_guard(self, rows: Sequence[Rows]) -> None:
        # A hold that was looked up for an account whose cache was right belongs to its entry too.
        for hold_id, known in self._known.items():
            entry = self.entries.get(known.account_id)
            if entry is not None and isinstance(known, Hold) and hold_id not in self._ends:
                entry.holds.setdefault(hold_id, known)
        if self._guard_calls:
            self._guard.absorb(rows[len(rows) - self._guard_calls :], self.entries)

    # -- deciding ----------------------------------------------------------------------------------------------

    def decide(self, *, clock_now: int, new_id: NewId) -> list[Answer | None]:
        """Decide every command in order; None for those whose account is locked elsewhere."""
        answers: list[Answer | None] = []
        for command in self.commands:
            entry = self.entries.get(command.account_id)
            if entry is None:
                answers.append(None)
                continue
            try:
                if isinstance(command, Authorize):
                    change = self._authorize(entry, command, clock_now, new_id)
                else:
                    change = self._resolve(entry, command, clock_now, new_id)
            except CounterfoilError as error:
                answers.append(error)
                continue
            answers.append(change)
        return answers

    def _authorize(self, entry: Entry, command: Authorize, clock_now: int, new_id: NewId) -> Change:
        known = self._known.get(command.hold_id) or entry.holds.get(command.hold_id)
        if known is not None:
            return rules.repeat_authorize(entry.wallet, command, known)
        draft = Draft(entry.wallet, clock_now=clock_now, new_id=new_id)
        verdict = self._guard.authorize(
            entry, command, spendable=draft.spendable(), now=draft.now, event_no=draft.event_no + 1
        )
        if isinstance(verdict, Denial):
            change = rules.refuse(
                draft, command, code=verdict.code, needed=verdict.needed, recorded=verdict.recorded,
                detail=verdict.detail,
            )  # fmt: skip
            if verdict.recorded:
                self._refusals.append(change.outcome)  # type: ignore[arg-type]  # refuse() answers with a Refused
                self._known[command.hold_id] = change.outcome  # type: ignore[assignment]
        else:
            change = rules.hold(draft, command, verdict.amount)
            held: Hold = change.outcome  # type: ignore[assignment]
            self._holds.append(held)
            entry.holds[command.hold_id] = held
        self._take(entry, change)
        return change

    def _resolve(self, entry: Entry, command: Capture | Void | Expire, clock_now: int, new_id: NewId) -> Change:
        held = entry.holds.get(command.hold_id)
        if held is None:
            end = self._ends.get(command.hold_id)
            if end is None:
                raise rules.not_found(command)
            self._guard.ended(entry, command, None, end, clock_now)
            return rules.repeat_end(entry.wallet, command, end)
        change = rules.resolve(entry.wallet, command, held, clock_now=clock_now, new_id=new_id)
        end = change.outcome  # type: ignore[assignment]  # resolve() answers with a HoldEnd
        assert isinstance(end, HoldEnd)
        del entry.holds[command.hold_id]
        self._ends[command.hold_id] = end
        self._hold_ends.append(end)
        self._guard.ended(entry, command, held, end, change.wallet.last_at)
        self._take(entry, change)
        return change

    def _take(self, entry: Entry, change: Change) -> None:
        account_id = entry.wallet.account_id
        if change.wallet.event_no != entry.wallet.event_no:
            entry.wallet = change.wallet
            self._dirty.add(account_id)
        self._transfers += change.transfers
        for grant in change.grants:
            self._changed_grants[account_id, grant.grant_id] = grant

    # -- writing -----------------------------------------------------------------------------------------------

    def writes(self) -> list[Call]:
        calls: list[Call] = []
        if self._dirty:
            calls.append(store.update_accounts([self.entries[account_id].wallet for account_id in sorted(self._dirty)]))
        if self._changed_grants:
            calls.append(store.update_grants([(key[0], grant) for key, grant in self._changed_grants.items()]))
        if self._holds:
            calls.append(store.insert_holds(self._holds))
        if self._hold_ends:
            calls.append(store.insert_hold_ends(self._hold_ends))
        if self._refusals:
            calls.append(store.insert_refusals(self._refusals))
        if self._transfers:
            calls.append(store.insert_transfers(self._transfers))
        return calls + self._guard.writes()

    def missing_account(self, command: HoldCommand) -> NotFound:
        return NotFound(code="account_not_found", account=command.account_id.hex)
