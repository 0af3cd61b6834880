"""One account's keys, groups, limits and usage in memory, as read under the account's lock.

This is limits' part of the guard: load what is missing, decide, move usage, hand over the rows to write. It is good
for as long as nobody else writes the account's rows; whoever keeps it (between batches) discards it when the account's
version or revision is not the one it was read at, and after a transaction that did not commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from counterfoil.limits.model import (
    AccountDuplicates,
    Applicable,
    Ask,
    Counted,
    Decision,
    Group,
    Key,
    Limit,
    Problem,
    Usage,
    UsageDelta,
    UsageKey,
    UsedAndHeld,
    WalletView,
    Windows,
)
from counterfoil.limits.rules import admit, compile_applicable, decide, windows_at
from counterfoil.limits.usage import count_hold, hold_usage, release_usage, settle_usage

# The columns of the usage statements, in their order: account, limit, window start, used, held.
UsageColumns = tuple[list[UUID], list[UUID], list[int], list[int], list[int]]


_NEVER = 2**63 - 1


def usage_columns() -> UsageColumns:
    """Empty columns for `take_writes` to fill."""
    return [], [], [], [], []


class AccountLimits:
    """What limits one account's keys, with a working copy of their usage."""

    __slots__ = (
        "_applicable",
        "_changed",
        "_keys",
        "_limits",
        "_not_before",
        "_raised_until",
        "_unread",
        "_windows",
        "account_id",
        "time_zone",
        "usages",
    )

    def __init__(self, *, account_id: UUID, time_zone: str) -> None:
        self.account_id = account_id
        self.time_zone = time_zone
        self.usages: dict[UsageKey, UsedAndHeld] = {}
        self._keys: dict[UUID, tuple[Key, Group | None, AccountDuplicates]] = {}
        self._limits: dict[UUID, dict[UUID, Limit]] = {}
        self._applicable: dict[UUID, Applicable] = {}
        # When the first of the limits that are raised no longer is: what was compiled is good until then.
        self._raised_until = _NEVER
        self._changed: set[UsageKey] = set()
        # Movements of rows that were never read: windows gone by, limits since removed, keys not seen here.
        self._unread: dict[UsageKey, UsedAndHeld] = {}
        self._windows: Windows | None = None
        # Windows only move on: usage of those gone by is dropped, and a row that is not here must not exist.
        self._not_before = 0

    def knows(self, key_id: UUID) -> bool:
        """Whether everything about that key has been loaded."""
        return key_id in self._keys

    def load(
        self,
        *,
        keys: Iterable[tuple[Key, Group | None, AccountDuplicates]],
        limits: Iterable[tuple[Limit, Usage | None]],
        read_at: int,
    ) -> None:
        """Take in rows that were read under the lock: whole keys, with every limit and current usage that is theirs.

        `read_at` is the time that the statement's window floors were made from (`store.window_floors`).
        """
        if read_at > self._not_before:
            self._not_before = read_at
            self._windows = None
        for key, group, duplicates in keys:
            self._keys[key.key_id] = (key, group, duplicates)
        for limit, usage in limits:
            self._limits.setdefault(limit.scope_id, {})[limit.limit_id] = limit
            if limit.raised_until is not None and limit.raised_until < self._raised_until:
                self._raised_until = limit.raised_until
            if usage is not None:
                self._load_usage(usage)

    def _load_usage(self, usage: Usage) -> None:
        found = (usage.limit_id, usage.window_start)
        if found in self._changed:
            return
        used, held = usage.used, usage.held
        unread = self._unread.pop(found, None)
        if unread is not None:
            used, held = used + unread[0], held + unread[1]
            self._changed.add(found)
        self.usages[found] = (used, held)

    def applicable(self, key_id: UUID, now: int) -> Applicable:
        """What limits that key at that time; raises `KeyError` where it was not loaded."""
        if now >= self._raised_until:
            self._applicable.clear()
            self._raised_until = self._next_raised_until(now)
        known = self._applicable.get(key_id)
        if known is None:
            key, group, duplicates = self._keys[key_id]
            scopes = [self.account_id, key_id] if group is None else [self.account_id, group.group_id, key_id]
            limits = [limit for scope_id in scopes for limit in self._limits.get(scope_id, {}).values()]
            known = self._applicable[key_id] = compile_applicable(
                key=key, group=group, limits=limits, at=now, duplicates=duplicates
            )
        return known

    def _next_raised_until(self, now: int) -> int:
        ends = [limit.raised_until for limits in self._limits.values() for limit in limits.values()]
        return min((end for end in ends if end is not None and end > now), default=_NEVER)

    def windows(self, now: int) -> Windows:
        """The windows of that moment in the account's time zone; never earlier ones than before."""
        windows = self._windows
        if windows is None or now >= windows.valid_until:
            windows = self._windows = windows_at(max(now, self._not_before), self.time_zone)
            self._not_before = windows.starts[1]
            if not self._changed:
                # Usage of windows gone by is not asked again; holds that end later move those rows unread.
                starts = windows.starts
                self.usages = {found: row for found, row in self.usages.items() if found[1] in starts}
        return windows

    def admit(
        self,
        ask: Ask,
        *,
        wallet: WalletView,
        key_id: UUID,
        model: str,
        client_address: str,
        token_hash: bytes | None,
        now: int,
    ) -> tuple[int, int] | None:
        """`rules.admit` with what is loaded here."""
        return admit(
            ask,
            wallet=wallet,
            applicable=self.applicable(key_id, now),
            usages=self.usages,
            windows=self.windows(now),
            model=model,
            client_address=client_address,
            token_hash=token_hash,
            now=now,
        )

    def decide(
        self,
        ask: Ask | None,
        *,
        wallet: WalletView,
        key_id: UUID,
        model: str | None,
        client_address: str,
        token_hash: bytes | None,
        now: int,
        problems: tuple[Problem, ...] = (),
    ) -> Decision:
        """`rules.decide` with what is loaded here."""
        return decide(
            ask,
            wallet=wallet,
            applicable=self.applicable(key_id, now),
            usages=self.usages,
            windows=self.windows(now),
            model=model,
            client_address=client_address,
            token_hash=token_hash,
            now=now,
            problems=problems,
        )

    def hold(self, *, key_id: UUID, needed_nanos: int, needed_tokens: int, now: int) -> tuple[Counted, ...]:
        """Count a hold that was decided here; the answer is to be kept with the hold."""
        counted = count_hold(
            self.applicable(key_id, now),
            windows=self.windows(now),
            needed_nanos=needed_nanos,
            needed_tokens=needed_tokens,
        )
        usages, changed = self.usages, self._changed
        for limit_id, start, used, held in hold_usage(counted):
            # A row that was not read does not exist yet: this key's limits and current windows are all loaded.
            found = (limit_id, start)
            before = usages.get(found)
            usages[found] = (used, held) if before is None else (before[0] + used, before[1] + held)
            changed.add(found)
        return counted

    def settle(self, counted: Iterable[Counted], *, charged_nanos: int, actual_tokens: int) -> None:
        """Move usage for a captured hold."""
        self.apply(settle_usage(counted, charged_nanos=charged_nanos, actual_tokens=actual_tokens))

    def release(self, counted: Iterable[Counted]) -> None:
        """Move usage for a voided or expired hold."""
        self.apply(release_usage(counted))

    def apply(self, deltas: Iterable[UsageDelta]) -> None:
        """Move usage of holds made earlier, wherever they were counted."""
        usages, changed = self.usages, self._changed
        for limit_id, start, used, held in deltas:
            found = (limit_id, start)
            before = usages.get(found)
            if before is not None:
                usages[found] = (before[0] + used, before[1] + held)
                changed.add(found)
            else:
                before = self._unread.get(found, (0, 0))
                self._unread[found] = (before[0] + used, before[1] + held)

    def take_writes(self, *, totals: UsageColumns, additions: UsageColumns) -> None:
        """Append the rows to write: totals for `store.SET_USAGES`, then additions for `store.ADD_TO_USAGES`."""
        usages = self.usages
        for found in self._changed:
            used, held = usages[found]
            _append(totals, self.account_id, found, used, held)
        for found, (used, held) in self._unread.items():
            _append(additions, self.account_id, found, used, held)
        self._changed.clear()
        self._unread.clear()


def _append(columns: UsageColumns, account_id: UUID, found: UsageKey, used: int, held: int) -> None:
    columns[0].append(account_id)
    columns[1].append(found[0])
    columns[2].append(found[1])
    columns[3].append(used)
    columns[4].append(held)
