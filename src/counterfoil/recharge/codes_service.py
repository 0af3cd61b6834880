"""Redemption codes: made in batches, shown once, redeemed once, voided, and found again by their masks.

A redemption is one unit of work: the turn of the account (and of the client's address) to try, then the code's row, then
the account's. A refused try is written and committed before its error is raised.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.code_form import RANDOM_BITS, make_code, mask_code, read_code, read_mask
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, NotFound
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.money import Money
from counterfoil.ledger import history_store
from counterfoil.ledger.model import Credit, GrantSpec, Wallet
from counterfoil.ledger.service import Ledger
from counterfoil.ledger.session import Session
from counterfoil.limits import store as limits_store
from counterfoil.limits.model import Status
from counterfoil.observability import log
from counterfoil.recharge import codes_rules as rules
from counterfoil.recharge import codes_store as store
from counterfoil.recharge.codes_model import (
    Batch,
    BatchSettings,
    BatchView,
    Code,
    CodeState,
    CodeView,
    NewCodes,
    Redeemer,
    Redemption,
    Refusal,
    Try,
    TryOutcome,
)
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Database
from counterfoil.storage.outbox import Announcement, announce

# A file of a list has so many rows.
PAGE_MAX = 10_000
_ACTOR_CHARACTERS_MAX = 200
_GROUP_CHARACTERS_MAX = 200
_RECORDED = (CodeState.NEW, CodeState.REDEEMED, CodeState.VOIDED)
# A refusal contradicts what is recorded, unless it is one of these.
_ERRORS: Mapping[TryOutcome, type[CounterfoilError]] = {
    TryOutcome.MISTYPED: InputError,
    TryOutcome.UNKNOWN: NotFound,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """A try on its way: whose it is, from where, and what was typed as far as it is known to be harmless."""

    account_id: UUID
    by: str
    client_address: str | None
    group: str | None
    symbols: str | None
    last_four: str | None
    at: int


class Codes:
    """Redemption codes. `secret` keys their hashes: with another one, no code that was given out is known any more."""

    def __init__(
        self,
        database: Database,
        *,
        ledger: Ledger,
        clock: Clock,
        secret: bytes,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._secret = secret
        self._random_bits = random_bits

    # Batches.

    async def create(self, settings: BatchSettings, *, by: str) -> NewCodes:
        """Make a batch; its codes are in the answer and nowhere else. Raises `InputError`."""
        now, actor = self._clock.now(), _read_actor(by)
        checked = rules.check_batch(settings, now=now)
        checked = replace(checked, name=_redacted(checked.name, rules.NAME_CHARACTERS_MAX))
        batch = Batch(batch_id=self._clock.new_id(), settings=checked, created_by=actor, created_at=now)
        codes = [make_code(self._random_bits(RANDOM_BITS)) for _ in range(checked.count)]
        typed = [read_code(code) for code in codes]
        async with self._database.unit_of_work() as connection:
            await store.insert_batch(connection, batch)
            await store.insert_codes(
                connection, batch.batch_id,
                code_ids=[self._clock.new_id() for _ in codes],
                hashes=[rules.hash_code(self._secret, one.symbols) for one in typed if one is not None],
                last_fours=[one.last_four for one in typed if one is not None],
            )  # fmt: skip
        log.info("code_batch_created", batch=show_id("code_batch", batch.batch_id), codes=checked.count)
        return NewCodes(view=_batch_view(batch, {CodeState.NEW: checked.count}, now=now), codes=tuple(codes))

    async def batches(self, *, before: UUID | None = None, most: int = 50) -> list[BatchView]:
        """Batches with what has become of their codes, newest first; `before` is the last of the page before."""
        async with self._database.reading() as connection:
            found = await store.read_batches(connection, before=before, most=min(most, PAGE_MAX))
            counts = await store.count_states(connection, [batch.batch_id for batch in found])
        now = self._clock.now()
        return [_batch_view(batch, counts.get(batch.batch_id, {}), now=now) for batch in found]

    async def batch(self, batch_id: UUID) -> BatchView:
        """A batch with what has become of its codes; raises `NotFound`."""
        async with self._database.reading() as connection:
            batch = await store.read_batch(connection, batch_id)
            if batch is None:
                raise _no_batch(batch_id)
            counts = await store.count_states(connection, [batch_id])
        return _batch_view(batch, counts.get(batch_id, {}), now=self._clock.now())

    async def void_batch(self, batch_id: UUID, *, by: str) -> BatchView:
        """Void what nobody has redeemed of a batch; once is as good as twice. Raises `NotFound`."""
        actor = _read_actor(by)
        async with self._database.unit_of_work() as connection:
            batch = await store.lock_batch(connection, batch_id)
            if batch is None:
                raise _no_batch(batch_id)
            if batch.voided_at is None:
                await store.void_batch(connection, batch_id, by=actor, now=self._clock.now())
        log.info("code_batch_voided", batch=show_id("code_batch", batch_id))
        return await self.batch(batch_id)

    # Codes.

    async def codes(
        self, batch_id: UUID, *, state: CodeState | None = None, after: UUID | None = None, most: int = 100
    ) -> list[CodeView]:
        """Codes of a batch by their masks; `after` is the last of the page before. Raises `NotFound`."""
        async with self._database.reading() as connection:
            batch = await store.read_batch(connection, batch_id)
            if batch is None:
                raise _no_batch(batch_id)
            found = await store.read_codes(
                connection, batch_id, states=_recorded_as(state, batch, now=self._clock.now()), after=after,
                most=min(most, PAGE_MAX),
            )  # fmt: skip
        return [self._view(code, batch) for code in found]

    async def code(self, code_id: UUID) -> CodeView:
        """A code by its id; raises `NotFound`."""
        async with self._database.reading() as connection:
            return await self._read_view(connection, code_id)

    async def find(self, typed: str) -> CodeView:
        """The code that was typed in full: for support, who are not answered as those who redeem.

        Raises `InputError` (`code_mistyped`) or `NotFound` (`code_not_found`).
        """
        code = read_code(typed)
        if code is None or not code.is_right:
            raise InputError(code="code_mistyped")
        async with self._database.reading() as connection:
            code_id = await store.find_code_id(connection, rules.hash_code(self._secret, code.symbols))
            if code_id is None:
                raise NotFound(code="code_not_found", redemption_code=mask_code(code.last_four))
            return await self._read_view(connection, code_id)

    async def find_masked(
        self, mask: str, *, batch_id: UUID | None = None, account_id: UUID | None = None
    ) -> list[CodeView]:
        """Codes that end in a mask's four symbols, of a batch or redeemed by an account; raises `InputError`."""
        last_four = read_mask(mask)
        if last_four is None:
            raise InputError(field="mask", expected=f"the last four symbols, such as {mask_code('7K2M')}")
        if batch_id is None and account_id is None:
            raise InputError(field="mask", expected="a batch or an account as well: many codes end alike")
        async with self._database.reading() as connection:
            found = await store.find_by_last_four(
                connection, last_four, batch_id=batch_id, account_id=account_id, most=PAGE_MAX
            )
            batches = await store.read_batches_by_id(connection, {code.batch_id for code in found})
        return [self._view(code, batches[code.batch_id]) for code in found]

    async def redeemer_of(self, code: str | UUID) -> Redeemer | None:
        """Which account has redeemed a code, given by its id or typed in full; None where none has.

        Raises `NotFound` for a code that does not exist, `InputError` for what is none.
        """
        if isinstance(code, str):
            shown = read_any_id(code)
            view = await (self.find(code) if shown is None or shown[0] != "code" else self.code(shown[1]))
        else:
            view = await self.code(code)
        found = view.code
        if found.redeemed_by is None or found.redeemed_at is None or found.redeemer is None:
            return None
        return Redeemer(
            code_id=found.code_id, mask=found.mask, account_id=found.redeemed_by, by=found.redeemer,
            at=found.redeemed_at,
        )  # fmt: skip

    async def void_code(self, code_id: UUID, *, by: str) -> CodeView:
        """Void a code that nobody has redeemed; once is as good as twice.

        Raises `NotFound`, or `Conflict` (`code_not_voidable`) where it has been redeemed.
        """
        actor = _read_actor(by)
        async with self._database.unit_of_work() as connection:
            code = await store.lock_code(connection, code_id)
            if code is None:
                raise _no_code(code_id)
            if code.state is CodeState.REDEEMED:
                raise Conflict(code="code_not_voidable", redemption_code=code.mask)
            if code.state is CodeState.NEW:
                await store.mark_voided(connection, code_id, by=actor, now=self._clock.now())
        log.info("code_voided", redemption_code=show_id("code", code_id))
        return await self.code(code_id)

    # Redeeming.

    async def redeem(
        self, account_id: UUID, code: str, *, by: str, group: str | None = None, client_address: str | None = None
    ) -> Redemption:
        """Credit an account with a code, once and for all; the try is kept whatever comes of it.

        `by` is who typed it, `group` (a name or shown id) the group it is redeemed for, `client_address` where it was
        typed, if that is known. Raises `InputError` (`code_mistyped`), `NotFound` (`code_unknown`, `account_not_found`) or
        `Conflict` with the code of what is wrong; after too many guesses, whatever is typed, `code_tries_exceeded`.
        """
        typed = read_code(code)
        attempt = _Attempt(
            account_id=account_id, by=_read_actor(by), group=group, at=self._clock.now(),
            client_address=None if client_address is None else rules.read_address(client_address),
            symbols=typed.symbols if typed is not None and typed.is_right else None,
            last_four=None if typed is None else typed.last_four,
        )  # fmt: skip
        async with self._database.unit_of_work() as connection:
            answer = await self._try(connection, attempt)
        if isinstance(answer, Refusal):
            log.info("code_refused", account=show_id("account", account_id), outcome=answer.outcome)
            kind = _ERRORS.get(answer.outcome, Conflict)
            raise kind(code=str(answer.outcome), **answer.parameters)
        log.info(
            "code_redeemed", account=show_id("account", account_id), redemption_code=show_id("code", answer.view.code.code_id)
        )  # fmt: skip
        return answer

    async def _try(self, connection: AsyncConnection[Any], attempt: _Attempt) -> Redemption | Refusal:
        if await history_store.read_account(connection, attempt.account_id) is None:
            raise NotFound(code="account_not_found", account=show_id("account", attempt.account_id))
        await store.take_turn(connection, rules.turn_of(f"account {attempt.account_id.hex}"))
        if attempt.client_address is not None:
            await store.take_turn(connection, rules.turn_of(f"address {attempt.client_address}"))
        attempt = replace(attempt, at=self._clock.now())
        seconds = await self._seconds_to_wait(connection, attempt)
        if seconds:
            # Nothing was looked up: a code that exists is answered as one that does not, and as fast. What was typed is
            # not kept either, so that all of these of a minute share a row.
            refusal = Refusal(outcome=TryOutcome.TRIES_EXCEEDED, parameters={"retry_after_seconds": seconds})
            await self._keep(connection, replace(attempt, last_four=None), refusal.outcome, code_id=None)
            return refusal
        if attempt.symbols is None:
            await self._keep(connection, attempt, TryOutcome.MISTYPED, code_id=None)
            return Refusal(outcome=TryOutcome.MISTYPED)
        return await self._look_up_and_decide(connection, attempt, rules.hash_code(self._secret, attempt.symbols))

    async def _seconds_to_wait(self, connection: AsyncConnection[Any], attempt: _Attempt) -> int:
        now, since = attempt.at, attempt.at - rules.WINDOW
        guesses = await store.guesses_of_account(connection, attempt.account_id, since=since)
        seconds = rules.seconds_to_wait(guesses, most=rules.GUESSES_OF_ACCOUNT_MAX, now=now)
        if attempt.client_address is None:
            return seconds
        guesses = await store.guesses_of_address(connection, attempt.client_address, since=since)
        return max(seconds, rules.seconds_to_wait(guesses, most=rules.GUESSES_OF_ADDRESS_MAX, now=now))

    async def _look_up_and_decide(
        self, connection: AsyncConnection[Any], attempt: _Attempt, code_hash: bytes
    ) -> Redemption | Refusal:
        """The code's row first, the account second (DESIGN §5); then the decision, and what it does."""
        code_id = await store.find_code_id(connection, code_hash)
        code = None if code_id is None else await store.lock_code(connection, code_id)
        session = self._ledger.session(connection)
        wallet = await session.lock(attempt.account_id)
        facts = await _facts(connection, attempt, wallet, code)
        now = max(self._clock.now(), wallet.last_at)
        decision = rules.decide(facts, now=now)
        if isinstance(decision, Refusal):
            await self._keep(connection, attempt, decision.outcome, code_id=code_id)
            return decision
        assert code is not None
        assert facts.batch is not None
        return await self._credit(connection, session, attempt, code, facts.batch, decision, now=now)

    async def _credit(
        self,
        connection: AsyncConnection[Any],
        session: Session,
        attempt: _Attempt,
        code: Code,
        batch: Batch,
        grant: GrantSpec,
        *,
        now: int,
    ) -> Redemption:
        account_id, code_id = attempt.account_id, code.code_id
        operated = await session.operate(
            Credit(account_id=account_id, source_kind="code", source_id=code_id.hex, grants=(grant,))
        )
        await store.mark_redeemed(connection, code_id, account_id=account_id, by=attempt.by, now=now)
        await self._keep(connection, attempt, TryOutcome.REDEEMED, code_id=code_id)
        credited = Money(batch.settings.value, batch.settings.currency)
        announcement = Announcement(
            kind="code_redeemed", key=f"code_redeemed:{code_id.hex}", account_id=account_id,
            facts={"code": code.mask, "credited": str(credited), "account": show_id("account", account_id)},
        )  # fmt: skip
        await announce(connection, announcement, announcement_id=self._clock.new_id(), now=now)
        redeemed = replace(code, state=CodeState.REDEEMED, redeemed_by=account_id, redeemed_at=now, redeemer=attempt.by)
        return Redemption(
            view=CodeView(code=redeemed, batch=batch, state=CodeState.REDEEMED), account_id=account_id,
            grant_id=UUID(hex=operated.operation.answer["grants"][0]), grant_expires_at=grant.expires_at,
            redeemed_at=now,
        )  # fmt: skip

    async def _keep(
        self, connection: AsyncConnection[Any], attempt: _Attempt, outcome: TryOutcome, *, code_id: UUID | None
    ) -> None:
        minute = attempt.at - attempt.at % rules.MINUTE
        rows = await store.read_tries_since(connection, attempt.account_id, first_at=minute)
        fresh = Try(
            account_id=attempt.account_id, try_id=self._clock.new_id(), first_at=attempt.at, last_at=attempt.at,
            times=1, tried_by=attempt.by, client_address=attempt.client_address, last_four=attempt.last_four,
            code_id=code_id, outcome=outcome,
        )  # fmt: skip
        await store.write_try(connection, rules.row_of(fresh, rows))

    async def tries(
        self,
        *,
        account_id: UUID | None = None,
        code_id: UUID | None = None,
        before: UUID | None = None,
        most: int = 50,
    ) -> list[Try]:
        """Tries of an account, of a code, or of all, newest first; `before` is the last of the page before."""
        async with self._database.reading() as connection:
            return await store.read_tries(
                connection, account_id=account_id, code_id=code_id, before=before, most=min(most, PAGE_MAX)
            )

    async def _read_view(self, connection: AsyncConnection[Any], code_id: UUID) -> CodeView:
        code = await store.read_code(connection, code_id)
        batch = None if code is None else await store.read_batch(connection, code.batch_id)
        if code is None or batch is None:
            raise _no_code(code_id)
        return self._view(code, batch)

    def _view(self, code: Code, batch: Batch) -> CodeView:
        return CodeView(code=code, batch=batch, state=rules.state_of(code, batch, now=self._clock.now()))


async def _facts(connection: AsyncConnection[Any], attempt: _Attempt, wallet: Wallet, code: Code | None) -> rules.Facts:
    """What the decision needs, read under the locks of code and account."""
    batch = None if code is None else await store.read_batch(connection, code.batch_id)
    facts = rules.Facts(
        account_id=attempt.account_id, account_status=wallet.status, currency=wallet.currency, code=code, batch=batch
    )
    if batch is None:
        return facts
    return replace(
        facts,
        groups=await _active_groups(connection, attempt, batch.settings.allowed_groups),
        redeemed_of_batch=await store.count_redeemed(
            connection, batch_id=batch.batch_id, account_id=attempt.account_id
        ),
    )


async def _active_groups(connection: AsyncConnection[Any], attempt: _Attempt, allowed: Sequence[str]) -> frozenset[str]:
    """The name of the active group that was given, or of one that the batch allows; nothing where there is none."""
    if attempt.group is not None:
        text = attempt.group.strip()
        shown = read_any_id(text)
        if shown is not None and shown[0] == "group":
            group = await limits_store.find_group(connection, attempt.account_id, shown[1])
        elif len(text) <= _GROUP_CHARACTERS_MAX and text.isprintable():
            group = await limits_store.find_group_named(connection, attempt.account_id, text)
        else:
            group = None
        return frozenset() if group is None or group.status is not Status.ACTIVE else frozenset({group.name})
    for name in allowed:
        group = await limits_store.find_group_named(connection, attempt.account_id, name)
        if group is not None and group.status is Status.ACTIVE:
            return frozenset({name})
    return frozenset()


def _read_actor(by: str) -> str:
    """Who does it, as it may be kept."""
    trimmed = by.strip()
    if not (1 <= len(trimmed) <= _ACTOR_CHARACTERS_MAX and trimmed.isprintable()):
        raise InputError(field="by", expected=f"1 to {_ACTOR_CHARACTERS_MAX} printable characters")
    return _redacted(trimmed, _ACTOR_CHARACTERS_MAX)


def _redacted(text: str, characters: int) -> str:
    return redact(text)[:characters]


def _recorded_as(state: CodeState | None, batch: Batch, *, now: int) -> Sequence[CodeState]:
    """The recorded states that a state at this time may have."""
    if state is None:
        return _RECORDED
    expires_at = batch.settings.expires_at
    is_over = expires_at is not None and expires_at <= now
    if state in (CodeState.NEW, CodeState.EXPIRED):
        return (CodeState.NEW,) if is_over is (state is CodeState.EXPIRED) else ()
    return (state,)


def _batch_view(batch: Batch, recorded: Mapping[CodeState, int], *, now: int) -> BatchView:
    counts = {state: recorded.get(state, 0) for state in CodeState}
    expires_at = batch.settings.expires_at
    if expires_at is not None and expires_at <= now:
        counts[CodeState.EXPIRED], counts[CodeState.NEW] = counts[CodeState.NEW], 0
    return BatchView(batch=batch, counts=counts)


def _no_batch(batch_id: UUID) -> NotFound:
    return NotFound(code="code_batch_not_found", batch=show_id("code_batch", batch_id))


def _no_code(code_id: UUID) -> NotFound:
    return NotFound(code="code_not_found", redemption_code=show_id("code", code_id))
