"""Finding what a text is about that names no request: a key with a time, an account with a window. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from counterfoil.evidence import same_account_store, store
from counterfoil.evidence.asking import Asker
from counterfoil.evidence.clues import Clues, WrittenTime
from counterfoil.evidence.model import AccountFacts
from counterfoil.evidence.store import Nearby
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.limits.model import KeyAddress
from counterfoil.limits.tokens import hash_token
from counterfoil.spend.model import RequestState
from counterfoil.storage.database import Database

MINUTE = 60 * MICROS_PER_SECOND
DAY = 24 * 60 * MINUTE
# A clock that is wrong, and the minutes until somebody has written it down.
MARGIN = 15 * MINUTE
WINDOW_MAX = 366 * DAY
# Requests of one time that are named beside the one that is explained.
ALSO_MAX = 5
_SEVERAL = 5
# What people ask about.
_ASKED_ABOUT = frozenset({RequestState.REFUSED, RequestState.FAILED, RequestState.UNKNOWN})


class FindsTokens(Protocol):
    """Where a token's key lives (`limits.directory.KeyDirectory`)."""

    async def find(self, token_hash: bytes) -> KeyAddress | None: ...


class FindsKeys(Protocol):
    """Where keys are found by their ids (`limits.service.LimitsService`)."""

    async def account_of(self, kind: Literal["group", "key", "limit"], thing_id: UUID) -> UUID: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlace:
    """A key and its account."""

    account_id: UUID
    key_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AtThatTime:
    """The request that is most likely meant, and others around it. `is_asked_about`: it was refused, has failed, or nobody
    knows how it ended."""

    request_id: UUID
    is_asked_about: bool
    others: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time as it is looked through (UTC microseconds). `is_point`: one moment was named, not a window."""

    start: int
    end: int
    is_point: bool


class LookUps:
    def __init__(self, database: Database, *, tokens: FindsTokens, keys: FindsKeys) -> None:
        self._database = database
        self._tokens = tokens
        self._keys = keys

    async def key(self, clues: Clues, asker: Asker) -> KeyPlace | None:
        """The key that is named by its token, its id or its mask; None where none is, or it is not the asker's.

        Raises `Conflict` where several keys have that mask.
        """
        found = await self._key(clues, asker)
        return found if found is not None and asker.may_see(found.account_id) else None

    async def _key(self, clues: Clues, asker: Asker) -> KeyPlace | None:
        if clues.token is not None:
            address = await self._tokens.find(hash_token(clues.token))
            if address is not None:
                return KeyPlace(account_id=address.account_id, key_id=address.key_id)
        key_id = clues.first("key")
        if key_id is not None:
            try:
                return KeyPlace(account_id=await self._keys.account_of("key", key_id), key_id=key_id)
            except NotFound:
                return None
        if clues.key_mask is None:
            return None
        within = asker.account_id or clues.first("account")
        async with self._database.reading() as connection:
            found = await store.keys_of_mask(connection, clues.key_mask, account_id=within, most=_SEVERAL)
        if len(found) > 1:
            raise Conflict(code="subject_ambiguous", found=", ".join(show_id("key", key) for _, key in found))
        return KeyPlace(account_id=found[0][0], key_id=found[0][1]) if found else None

    async def account(self, clues: Clues, asker: Asker) -> AccountFacts | None:
        """The account that is named by its id, or by its name before a time, or that asks; None where none is.

        Raises `Conflict` where several accounts have that name.
        """
        account_id = clues.first("account")
        async with self._database.reading() as connection:
            if account_id is None and clues.name is not None and asker.only is None:
                named = await same_account_store.accounts_named(connection, clues.name, most=_SEVERAL)
                if len(named) > 1:
                    raise Conflict(code="subject_ambiguous", found=", ".join(show_id("account", one) for one in named))
                account_id = named[0] if named else None
            if account_id is None and clues.times:
                account_id = asker.account_id
            if account_id is None or not asker.may_see(account_id):
                return None
            return await store.account_facts(connection, account_id)

    async def time_zone(self, account_id: UUID) -> str:
        async with self._database.reading() as connection:
            account = await store.account_facts(connection, account_id)
        return "UTC" if account is None else account.time_zone

    async def at_that_time(
        self, account_id: UUID, span: Span, *, key_id: UUID | None = None, code: str | None = None
    ) -> AtThatTime | None:
        """The request of an account, or of one key, that is most likely meant: with that code, refused or failed, near."""
        async with self._database.reading() as connection:
            found = await store.requests_around(
                connection, account_id=account_id, key_id=key_id, start=span.start, end=span.end, margin=MARGIN
            )
        if not found:
            return None
        best, *rest = sorted(found, key=lambda one: _likeness(one, span, code))
        others = tuple(one.request_id for one in rest if one.state in _ASKED_ABOUT)[:ALSO_MAX]
        return AtThatTime(request_id=best.request_id, is_asked_about=best.state in _ASKED_ABOUT, others=others)


def _likeness(one: Nearby, span: Span, code: str | None) -> tuple[bool, bool, int, bool, UUID]:
    """How little a request is like what is asked about: another code, nothing to ask about, far off; a refusal is asked
    about before a failure of the same time."""
    before, after = span.start - one.received_at, one.received_at - span.end + 1
    return (
        code is not None and one.code != code,
        one.state not in _ASKED_ABOUT,
        max(0, before, after),
        one.state != RequestState.REFUSED,
        one.request_id,
    )


def span_of(times: Sequence[WrittenTime], *, time_zone: str, now: int) -> Span:
    """The window that times name: from one to another, a day, or a moment; without any, the last day.

    Raises `InputError` for a window that ends before it begins, or is longer than a year.
    """
    if not times:
        return Span(start=max(0, now - DAY), end=now, is_point=False)
    first, last = times[0], times[-1]
    start, end = first.start(time_zone), last.end(time_zone) if last.is_day else last.start(time_zone)
    if len(times) == 1:
        return Span(start=start, end=first.end(time_zone), is_point=not first.is_day)
    if not start < end <= start + WINDOW_MAX:
        raise InputError(code="window_too_long")
    return Span(start=start, end=end, is_point=False)
