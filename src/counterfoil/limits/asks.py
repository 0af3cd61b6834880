"""Use cases of asking for more. Whoever has met a limit asks; whoever may change limits raises it, for a time or for good,
or declines. Both are told through the outbox, in the transaction of what they are told of."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import Window, show_time
from counterfoil.limits import asks_store, store
from counterfoil.limits.asks_model import AskState, LimitAsk, NewAsk, ShownAsk
from counterfoil.limits.asks_rules import (
    check_needed,
    check_note,
    check_open,
    check_raise,
    end_of_tomorrow,
    suggested_amount,
)
from counterfoil.limits.model import WINDOW_INDEX, Limit, Scope, Unit
from counterfoil.limits.rules import limit_at, windows_at
from counterfoil.limits.service import LockAccounts
from counterfoil.storage.database import Database
from counterfoil.storage.outbox import Announcement, announce

PAGE_MAX = 500
ASKED, ANSWERED = "limit_asked", "limit_ask_answered"
# Words of the vocabulary.
_FOR_GOOD, _AS_BEFORE = "for_good", "as_before"
_SUBJECTS = {Scope.GROUP: "group", Scope.KEY: "key"}


class LimitAsks:
    """Asks of members for more than a limit allows, and their answers.

    `redact` takes secrets out of what people write: notes are shown to others, and are pasted from error messages.
    """

    def __init__(
        self, database: Database, *, clock: Clock, lock_accounts: LockAccounts, redact: Callable[[str], str]
    ) -> None:
        self._database = database
        self._clock = clock
        self._lock_accounts = lock_accounts
        self._redact = redact

    async def ask(self, *, account_id: UUID, by: str, member_id: UUID | None, new: NewAsk) -> LimitAsk:
        """Ask for more than a limit allows; raises `NotFound` where it is not in force.

        Who asks again before there is an answer adds to what they have asked for, and nobody is told twice.
        """
        note = check_note(new.note)
        ask = LimitAsk(
            ask_id=self._clock.new_id(),
            limit_id=new.limit_id,
            asked_by=by,
            member_id=member_id,
            needed=check_needed(new.needed),
            request_id=new.request_id,
            note=None if note is None else self._redact(note)[:500],
            asked_at=self._clock.now(),
        )
        async with self._database.unit_of_work() as connection:
            limit = await store.find_limit_in_force(connection, account_id, new.limit_id)
            if limit is None:
                raise NotFound(what="limit", id=show_id("limit", new.limit_id))
            kept = await asks_store.insert_or_join(connection, account_id, ask)
            if kept.ask_id == ask.ask_id:
                asked_by = show_id("member", member_id) if member_id is not None else by
                facts = _facts(limit_at(limit, ask.asked_at)) | {"asked_by": asked_by}
                await self._announce(connection, ASKED, account_id, ask, facts)
        return kept

    async def raise_limit(
        self, *, account_id: UUID, ask_id: UUID, by: str, amount: int, until: int | None, word: str | None = None
    ) -> LimitAsk:
        """Raise the limit that was asked about, until a time or (None) for good.

        Raises `InputError` for an amount that is no more than the limit is or a time that cannot be, `Conflict` where the
        ask has been answered, `NotFound` where the limit is no longer in force.
        """
        said = check_note(word)
        async with self._database.unit_of_work() as connection:
            ask = await self._locked(connection, account_id, ask_id)
            await self._lock_accounts(connection, [account_id])
            limit = await store.find_limit_in_force(connection, account_id, ask.limit_id)
            if limit is None:
                raise NotFound(what="limit", id=show_id("limit", ask.limit_id))
            now = self._clock.now()
            check_raise(limit, amount=amount, until=until, now=now)
            if until is None:
                await store.update_limit_amount(connection, account_id, limit.limit_id, amount)
            else:
                await asks_store.raise_limit(connection, account_id, limit.limit_id, amount=amount, until=until)
            answered = replace(
                ask, state=AskState.RAISED, answered_by=by, answered_at=now, raised_to=amount, raised_until=until,
                answer=None if said is None else self._redact(said)[:500],
            )  # fmt: skip
            await self._write(connection, account_id, answered, replace(limit, amount=amount))
        return answered

    async def decline(self, *, account_id: UUID, ask_id: UUID, by: str, word: str | None = None) -> LimitAsk:
        """Leave the limit as it is; raises `Conflict` where the ask has been answered."""
        said = check_note(word)
        async with self._database.unit_of_work() as connection:
            ask = await self._locked(connection, account_id, ask_id)
            found = await asks_store.find(connection, account_id, ask_id)
            assert found is not None
            answered = replace(
                ask, state=AskState.DECLINED, answered_by=by, answered_at=self._clock.now(),
                answer=None if said is None else self._redact(said)[:500],
            )  # fmt: skip
            await self._write(connection, account_id, answered, limit_at(found[1], self._clock.now()))
        return answered

    async def list(
        self,
        *,
        account_id: UUID,
        time_zone: str,
        asked_by: str | None = None,
        state: AskState | None = None,
        before: UUID | None = None,
        at_most: int = PAGE_MAX,
    ) -> list[ShownAsk]:
        """Asks of an account, the latest first; `before` is the last of the page before. `time_zone` is the account's."""
        async with self._database.reading() as connection:
            found = await asks_store.asks_of(
                connection, account_id, asked_by=asked_by, state=state, before=before,
                at_most=max(1, min(at_most, PAGE_MAX)),
            )  # fmt: skip
            return await self._shown(connection, account_id, found, time_zone)

    async def find(self, *, account_id: UUID, ask_id: UUID, time_zone: str) -> ShownAsk:
        """The ask of that id; raises `NotFound`, also for another account's."""
        async with self._database.reading() as connection:
            found = await asks_store.find(connection, account_id, ask_id)
            if found is None:
                raise _not_found(ask_id)
            return (await self._shown(connection, account_id, [found], time_zone))[0]

    async def account_of(self, ask_id: UUID) -> UUID:
        """The account that an ask is about; raises `NotFound`."""
        async with self._database.reading() as connection:
            found = await asks_store.account_of(connection, ask_id)
        if found is None:
            raise _not_found(ask_id)
        return found

    async def open_count(self, account_id: UUID) -> int:
        """How many asks wait for an answer."""
        async with self._database.reading() as connection:
            return await asks_store.open_count(connection, account_id)

    def usual_end(self, time_zone: str) -> int:
        """Until when a limit is raised where nobody says otherwise: the end of tomorrow in the account's time zone."""
        return end_of_tomorrow(self._clock.now(), time_zone)

    async def _locked(self, connection: AsyncConnection[Any], account_id: UUID, ask_id: UUID) -> LimitAsk:
        ask = await asks_store.lock_ask(connection, account_id, ask_id)
        if ask is None:
            raise _not_found(ask_id)
        check_open(ask)
        return ask

    async def _write(self, connection: AsyncConnection[Any], account_id: UUID, ask: LimitAsk, limit: Limit) -> None:
        await asks_store.answer(connection, account_id, ask)
        until = _FOR_GOOD if ask.raised_until is None else show_time(ask.raised_until)[:16] + "Z"
        if ask.state is AskState.DECLINED:
            until = _AS_BEFORE
        facts = _facts(limit) | {"answer": ask.state.value, "until": until}
        await self._announce(connection, ANSWERED, account_id, ask, facts)

    async def _announce(
        self, connection: AsyncConnection[Any], kind: str, account_id: UUID, ask: LimitAsk, facts: dict[str, str]
    ) -> None:
        if ask.member_id is not None:
            facts = {**facts, "member": show_id("member", ask.member_id)}
        await announce(
            connection,
            Announcement(kind=kind, key=f"{kind}:{ask.ask_id.hex}", account_id=account_id, facts=facts),
            announcement_id=self._clock.new_id(),
            now=self._clock.now(),
        )

    async def _shown(
        self,
        connection: AsyncConnection[Any],
        account_id: UUID,
        found: Sequence[tuple[LimitAsk, Limit, bool]],
        time_zone: str,
    ) -> builtins.list[ShownAsk]:
        now = self._clock.now()
        windows = windows_at(now, time_zone)
        limits = {limit.limit_id: limit_at(limit, now) for _, limit, _ in found}
        wanted = [
            (limit.limit_id, windows.starts[WINDOW_INDEX[limit.window]])
            for limit in limits.values()
            if limit.window is not Window.REQUEST
        ]
        usages = {row.limit_id: row for row in await store.usages_of(connection, account_id, wanted)}
        shown = []
        for ask, _, is_in_force in found:
            limit, usage = limits[ask.limit_id], usages.get(ask.limit_id)
            used, held = (0, 0) if usage is None else (usage.used, usage.held)
            shown.append(
                ShownAsk(
                    ask=ask, limit=limit, is_in_force=is_in_force, used=used, held=held,
                    suggested=suggested_amount(limit, used=used, held=held, needed=ask.needed),
                )
            )  # fmt: skip
        return shown


def _facts(limit: Limit) -> dict[str, str]:
    amount = format_nanos(limit.amount) if limit.unit is Unit.MONEY else str(limit.amount)
    facts = {"window": limit.window.value, "unit": limit.unit.value, "limit": amount}
    if limit.scope in _SUBJECTS:
        facts[_SUBJECTS[limit.scope]] = show_id(limit.scope.value, limit.scope_id)
    return facts


def _not_found(ask_id: UUID) -> NotFound:
    return NotFound(what="limit_ask", id=show_id("limit_ask", ask_id))
