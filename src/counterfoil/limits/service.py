"""Use cases of administrators: groups, keys and limits. Each is one transaction under the account's lock.

`lock_accounts` is the ledger's: it locks the accounts' rows, raises their revision (so that every process reads the
account's limits anew) and gives those that exist.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window
from counterfoil.limits import store
from counterfoil.limits.account_limits import AccountLimits
from counterfoil.limits.model import (
    WINDOW_INDEX,
    AccountDuplicates,
    Group,
    GroupSettings,
    Key,
    KeyAddress,
    KeySettings,
    Limit,
    LimitStanding,
    NewToken,
    Scope,
    Status,
    Unit,
)
from counterfoil.limits.rules import limit_at, standing_of, windows_at
from counterfoil.limits.tokens import RANDOM_BYTES, hash_token, make_token, mask_token
from counterfoil.limits.validation import check_adopted, check_duplicate_window, check_group, check_key, check_limit
from counterfoil.storage.database import Database
from counterfoil.storage.pipeline import run_in

LockAccounts = Callable[[AsyncConnection[Any], Sequence[UUID]], Awaitable[Sequence[UUID]]]

PAGE_MAX = 500
# A minute's usage decides nothing once the minute is over; a day is left for questions about it.
MINUTES_KEPT_SECONDS = 24 * 3600
# One transaction of the clean-up holds an account's lock no longer than this many rows take.
CLEANED_ROWS_MAX = 2_000
CLEANED_ACCOUNTS_MAX = 100


class LimitsService:
    """Groups, keys and limits of accounts."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        lock_accounts: LockAccounts,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._database = database
        self._clock = clock
        self._lock_accounts = lock_accounts
        self._random_bytes = random_bytes

    @asynccontextmanager
    async def _changing(self, account_id: UUID) -> AsyncIterator[AsyncConnection[Any]]:
        async with self._database.unit_of_work() as connection:
            if not await self._lock_accounts(connection, [account_id]):
                raise NotFound(what="account", id=show_id("account", account_id))
            yield connection

    # Duplicates.

    async def duplicates(self, account_id: UUID) -> AccountDuplicates:
        """What an account does with duplicates where neither group nor key says otherwise."""
        async with self._database.reading() as connection:
            return await store.find_duplicates(connection, account_id)

    async def set_duplicates(self, *, account_id: UUID, duplicates: AccountDuplicates) -> AccountDuplicates:
        """Set what an account does with duplicates; raises `InputError` for a window out of range."""
        check_duplicate_window(duplicates.window_seconds)
        async with self._changing(account_id) as connection:
            await store.set_duplicates(connection, account_id, duplicates)
            return await store.find_duplicates(connection, account_id)

    # Groups.

    async def create_group(self, *, account_id: UUID, settings: GroupSettings) -> Group:
        """Add a group; raises `Conflict` where the account has one of that name."""
        checked = check_group(settings)
        group = Group(
            group_id=self._clock.new_id(),
            name=checked.name,
            price_tier_millis=checked.price_tier_millis,
            allowed_models=checked.allowed_models,
            duplicate_policy=checked.duplicate_policy,
            duplicate_window_seconds=checked.duplicate_window_seconds,
            created_at=self._clock.now(),
        )
        async with self._changing(account_id) as connection:
            if not await store.insert_group(connection, account_id, group):
                raise Conflict(code="already_exists", what="group", name=group.name)
        return group

    async def change_group(
        self, *, account_id: UUID, group_id: UUID, change: Callable[[GroupSettings], GroupSettings]
    ) -> Group:
        """Give a group the settings that `change` makes of its present ones, read under the lock."""
        async with self._changing(account_id) as connection:
            group = await _group(connection, account_id, group_id)
            present = GroupSettings(
                name=group.name,
                price_tier_millis=group.price_tier_millis,
                allowed_models=group.allowed_models,
                duplicate_policy=group.duplicate_policy,
                duplicate_window_seconds=group.duplicate_window_seconds,
            )
            checked = check_group(change(present))
            same_name = await store.find_group_named(connection, account_id, checked.name)
            if same_name is not None and same_name.group_id != group_id:
                raise Conflict(code="already_exists", what="group", name=checked.name)
            changed = replace(
                group,
                name=checked.name,
                price_tier_millis=checked.price_tier_millis,
                allowed_models=checked.allowed_models,
                duplicate_policy=checked.duplicate_policy,
                duplicate_window_seconds=checked.duplicate_window_seconds,
            )
            await store.update_group(connection, account_id, changed)
        return changed

    async def disable_group(self, *, account_id: UUID, group_id: UUID) -> Group:
        """Stop serving every key of the group."""
        return await self._set_group_status(account_id, group_id, Status.DISABLED)

    async def enable_group(self, *, account_id: UUID, group_id: UUID) -> Group:
        return await self._set_group_status(account_id, group_id, Status.ACTIVE)

    async def _set_group_status(self, account_id: UUID, group_id: UUID, status: Status) -> Group:
        async with self._changing(account_id) as connection:
            changed = replace(await _group(connection, account_id, group_id), status=status)
            await store.update_group(connection, account_id, changed)
        return changed

    async def find_group(self, *, account_id: UUID, group_id: UUID) -> Group:
        async with self._database.reading() as connection:
            return await _group(connection, account_id, group_id)

    async def list_groups(self, *, account_id: UUID, after: UUID | None = None, at_most: int = PAGE_MAX) -> list[Group]:
        """Groups by id; `after` is the last of the page before."""
        async with self._database.reading() as connection:
            return await store.groups_of(connection, account_id, after=after, at_most=_page(at_most))

    # Keys.

    async def create_key(self, *, account_id: UUID, settings: KeySettings) -> NewToken:
        """Make a key with a new token. The token is in the answer and nowhere else."""
        token = make_token(self._random_bytes(RANDOM_BYTES))
        key = await self._add_key(account_id, settings, token_hash=hash_token(token), mask=mask_token(token))
        return NewToken(key=key, token=token)

    async def adopt_key(self, *, account_id: UUID, settings: KeySettings, token_hash: bytes, mask: str) -> Key:
        """Make a key for a token of another gateway, known by its SHA-256; raises `Conflict` where it is in use."""
        check_adopted(token_hash=token_hash, mask=mask)
        return await self._add_key(account_id, settings, token_hash=token_hash, mask=mask)

    async def _add_key(self, account_id: UUID, settings: KeySettings, *, token_hash: bytes, mask: str) -> Key:
        checked = check_key(settings)
        key = _with_settings(
            Key(
                key_id=self._clock.new_id(),
                group_id=None,
                name=checked.name,
                token_hash=token_hash,
                mask=mask,
                created_at=self._clock.now(),
            ),
            checked,
        )
        async with self._changing(account_id) as connection:
            if key.group_id is not None:
                await _group(connection, account_id, key.group_id)
            await _enter_token(connection, account_id, key)
            await store.insert_key(connection, account_id, key)
        return key

    async def rotate_key(self, *, account_id: UUID, key_id: UUID) -> NewToken:
        """Replace a key's token. The old one is refused from now on; limits, usage and settings stay."""
        token = make_token(self._random_bytes(RANDOM_BYTES))
        async with self._changing(account_id) as connection:
            key = await _key(connection, account_id, key_id)
            changed = replace(key, token_hash=hash_token(token), mask=mask_token(token))
            await _enter_token(connection, account_id, changed)
            await store.update_key(connection, account_id, changed)
        return NewToken(key=changed, token=token)

    async def change_key(self, *, account_id: UUID, key_id: UUID, change: Callable[[KeySettings], KeySettings]) -> Key:
        """Give a key the settings that `change` makes of its present ones, read under the lock.

        A key that moves to another group counts there from now on; what it has open still ends where it was counted.
        """
        async with self._changing(account_id) as connection:
            key = await _key(connection, account_id, key_id)
            checked = check_key(change(_settings(key)))
            if checked.group_id is not None and checked.group_id != key.group_id:
                await _group(connection, account_id, checked.group_id)
            changed = _with_settings(key, checked)
            await store.update_key(connection, account_id, changed)
        return changed

    async def disable_key(self, *, account_id: UUID, key_id: UUID) -> Key:
        """Refuse every call of the key from now on; calls in flight end as they would."""
        return await self._set_key_status(account_id, key_id, Status.DISABLED)

    async def enable_key(self, *, account_id: UUID, key_id: UUID) -> Key:
        return await self._set_key_status(account_id, key_id, Status.ACTIVE)

    async def _set_key_status(self, account_id: UUID, key_id: UUID, status: Status) -> Key:
        async with self._changing(account_id) as connection:
            changed = replace(await _key(connection, account_id, key_id), status=status)
            await store.update_key(connection, account_id, changed)
        return changed

    async def find_key(self, *, account_id: UUID, key_id: UUID) -> Key:
        async with self._database.reading() as connection:
            return await _key(connection, account_id, key_id)

    async def list_keys(
        self,
        *,
        account_id: UUID,
        group_id: UUID | None = None,
        member_id: UUID | None = None,
        after: UUID | None = None,
        at_most: int = PAGE_MAX,
    ) -> list[Key]:
        """Keys by id, of one group or member or all; `after` is the last of the page before."""
        async with self._database.reading() as connection:
            return await store.keys_of(
                connection, account_id, group_id=group_id, member_id=member_id, after=after, at_most=_page(at_most)
            )

    # Limits.

    async def set_limit(
        self, *, account_id: UUID, scope: Scope, scope_id: UUID, unit: Unit, window: Window, amount: int
    ) -> Limit:
        """Put a limit in force, or change the amount of the one that is; its usage goes on, and it is no longer raised.

        `scope_id` is the account's, group's or key's id. An amount below what is used only blocks what comes. A new
        limit counts from now on.
        """
        check_limit(scope=scope, unit=unit, window=window, amount=amount)
        async with self._changing(account_id) as connection:
            if scope is Scope.GROUP:
                await _group(connection, account_id, scope_id)
            elif scope is Scope.KEY:
                await _key(connection, account_id, scope_id)
            elif scope_id != account_id:
                raise NotFound(what="account", id=show_id("account", scope_id))
            present = await store.find_limit(connection, account_id, scope_id=scope_id, unit=unit, window=window)
            if present is not None:
                await store.update_limit_amount(connection, account_id, present.limit_id, amount)
                return replace(present, amount=amount, raised_amount=None, raised_until=None)
            limit = Limit(
                limit_id=self._clock.new_id(),
                scope=scope,
                scope_id=scope_id,
                unit=unit,
                window=window,
                amount=amount,
                created_at=self._clock.now(),
            )
            await store.insert_limit(connection, account_id, limit)
        return limit

    async def remove_limit(self, *, account_id: UUID, limit_id: UUID) -> Limit:
        """Take a limit out of force. Its usage stays on record; setting the limit again starts another."""
        async with self._changing(account_id) as connection:
            limit = await store.retire_limit(connection, account_id, limit_id, at=self._clock.now())
            if limit is None:
                raise NotFound(what="limit", id=show_id("limit", limit_id))
        return limit

    async def list_limits(
        self,
        *,
        account_id: UUID,
        time_zone: str,
        scope_id: UUID | None = None,
        after: UUID | None = None,
        at_most: int = PAGE_MAX,
    ) -> list[LimitStanding]:
        """Limits in force by id, of one account, group or key or all, each with its usage now.

        `time_zone` is the account's; `after` is the last of the page before.
        """
        now = self._clock.now()
        windows = windows_at(now, time_zone)
        async with self._database.reading() as connection:
            limits = await store.limits_of(
                connection, account_id, scope_id=scope_id, after=after, at_most=_page(at_most)
            )
            current = [
                (limit.limit_id, windows.starts[WINDOW_INDEX[limit.window]])
                for limit in limits
                if limit.window is not Window.REQUEST
            ]
            rows = await store.usages_of(connection, account_id, current)
        usages = {(row.limit_id, row.window_start): (row.used, row.held) for row in rows}
        return [standing_of(limit_at(limit, now), usages=usages, windows=windows) for limit in limits]

    async def limit(self, *, account_id: UUID, limit_id: UUID) -> Limit:
        """A limit in force, as it is now; raises `NotFound`."""
        async with self._database.reading() as connection:
            found = await store.find_limit_in_force(connection, account_id, limit_id)
        if found is None:
            raise NotFound(what="limit", id=show_id("limit", limit_id))
        return limit_at(found, self._clock.now())

    async def view(self, *, account_id: UUID, key_id: UUID, time_zone: str) -> AccountLimits:
        """What limits a key at this moment, without a lock: for estimates and balances, where nothing is held."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            keys, limits = await run_in(connection, store.reads([(account_id, key_id)], at=now))
        if not keys:
            raise NotFound(what="key", id=show_id("key", key_id))
        view = AccountLimits(account_id=account_id, time_zone=time_zone)
        view.load(
            keys=[store.read_key_and_group(row)[1:] for row in keys],
            limits=[store.read_limit_and_usage(row)[1:] for row in limits],
            read_at=now,
        )
        return view

    # Background work.

    async def account_of(self, kind: Literal["group", "key", "limit"], thing_id: UUID) -> UUID:
        """The account that a group, key or limit belongs to; raises `NotFound`."""
        async with self._database.reading() as connection:
            found = await store.account_of(connection, kind, thing_id)
        if found is None:
            raise NotFound(what=kind, id=show_id(kind, thing_id))
        return found

    async def clean_minutes(self) -> int:
        """Delete usage of minutes long gone; gives how many rows. More may be left when that is not 0."""
        before = self._clock.now() - MINUTES_KEPT_SECONDS * MICROS_PER_SECOND
        async with self._database.reading() as connection:
            accounts = await store.accounts_with_old_minutes(connection, before=before, at_most=CLEANED_ACCOUNTS_MAX)
        deleted = 0
        for account_id in accounts:
            async with self._changing(account_id) as connection:
                deleted += await store.delete_old_minutes(
                    connection, account_id, before=before, at_most=CLEANED_ROWS_MAX
                )
        return deleted


async def _group(connection: AsyncConnection[Any], account_id: UUID, group_id: UUID) -> Group:
    group = await store.find_group(connection, account_id, group_id)
    if group is None:
        raise NotFound(what="group", id=show_id("group", group_id))
    return group


async def _key(connection: AsyncConnection[Any], account_id: UUID, key_id: UUID) -> Key:
    key = await store.find_key(connection, account_id, key_id)
    if key is None:
        raise NotFound(what="key", id=show_id("key", key_id))
    return key


async def _enter_token(connection: AsyncConnection[Any], account_id: UUID, key: Key) -> None:
    address = KeyAddress(account_id=account_id, key_id=key.key_id)
    if not await store.insert_key_address(connection, key.token_hash, address):
        raise Conflict(code="already_exists", what="key", mask=key.mask)


def _settings(key: Key) -> KeySettings:
    return KeySettings(
        name=key.name,
        group_id=key.group_id,
        member_id=key.member_id,
        expires_at=key.expires_at,
        allowed_addresses=key.allowed_addresses,
        allowed_models=key.allowed_models,
        show_balance=key.show_balance,
        duplicate_policy=key.duplicate_policy,
        duplicate_window_seconds=key.duplicate_window_seconds,
    )


def _with_settings(key: Key, settings: KeySettings) -> Key:
    return replace(
        key,
        name=settings.name,
        group_id=settings.group_id,
        member_id=settings.member_id,
        expires_at=settings.expires_at,
        allowed_addresses=settings.allowed_addresses,
        allowed_models=settings.allowed_models,
        show_balance=settings.show_balance,
        duplicate_policy=settings.duplicate_policy,
        duplicate_window_seconds=settings.duplicate_window_seconds,
    )


def _page(at_most: int) -> int:
    return max(1, min(at_most, PAGE_MAX))
