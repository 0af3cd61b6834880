"""Use case of searching the records for a case: what may be meant by what was said, ranked. Reads only; confirms nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from uuid import UUID

from counterfoil.evidence.search import user_numbers_in
from counterfoil.evidence.subjects import clean, recognise
from counterfoil.foundation.code_form import read_mask
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.storage.database import Connection, Database
from counterfoil.support import search_store as store
from counterfoil.support.agreement_model import Reading, Record, Said
from counterfoil.support.case_said import read_said
from counterfoil.support.model import Candidate, Case
from counterfoil.support.said import MaskedId
from counterfoil.support.said_ends import in_every_case, read_key_tail, read_tail
from counterfoil.support.said_times import READ_CHARACTERS_MAX
from counterfoil.support.said_words import addresses_in, local_parts_in, names_of, person_number
from counterfoil.support.search_rules import rank, windows
from counterfoil.support.search_store import AccountContext
from counterfoil.support.told import BALANCE, FAILED, FELL, RECHARGE

# Accounts that somebody may be: a nickname that more share is no clue.
ACCOUNTS_MAX = 20
# Records read of one span. Those that went wrong come first, so that a busy minute does not hide them.
RECORDS_MAX = 200
SPANS_MAX = 20
_DAY = 86_400 * MICROS_PER_SECOND
# How far back an order is looked for by the end of its number alone.
_BACK = 90 * _DAY
# An order is begun before it is paid, and a request before it has failed.
_BEFORE = 3_600 * MICROS_PER_SECOND
# Where people say who they are, by whatever they know themselves by.
_PEOPLE = ("account_email", "account", "redemption_account", "nickname", "user_number", "caller", "group")
_NO_STATUSES: Mapping[str, int] = MappingProxyType({})
_OF_REQUESTS = frozenset({BALANCE, FAILED, "something_else"})
# An id's end that says nothing without a time: as short as the console shows one, it has to be looked for somewhere.
_HEAD_ALONE = 8
# So much of a beginning is some hours, in which an end is found.
_HEAD_WITH_END = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What a search came to: candidates, best first, the accounts that the reporter may be of, and how it was read."""

    candidates: tuple[Candidate, ...]
    accounts: tuple[UUID, ...]
    said: Said
    reading: Reading
    # By the shown ids of requests and tasks.
    submissions: Mapping[str, UUID] = field(default_factory=dict)


class RecordSearch:
    """Searches requests, tasks, orders, codes and accounts by a case's fields. `statuses` are the HTTP statuses of refusal
    codes, which refused requests do not record."""

    def __init__(self, database: Database, *, statuses: Mapping[str, int] = _NO_STATUSES) -> None:
        self._database = database
        self._statuses = statuses

    async def search(self, case: Case) -> Searched:
        """The records that a case may be about."""
        said = read_said(case.problem, case.values, language=case.language, now=case.created_at)
        async with self._database.snapshot() as connection:
            accounts, masks = await self._accounts(connection, case, said)
            known = await store.contexts_of(connection, accounts)
            zones = {one.time_zone for one in known.values()}
            reading = Reading(account_zone=zones.pop() if len(zones) == 1 else None, account_id=case.account_id)
            if reading.account_zone is not None:
                # Yesterday is the reporter's.
                said = read_said(
                    case.problem, case.values, language=case.language, now=case.created_at,
                    time_zone=reading.account_zone,
                )  # fmt: skip
            records = await self._records(connection, said, reading, accounts)
            missing = {one.account_id for one in records if one.account_id is not None} - known.keys()
            known |= await store.contexts_of(connection, sorted(missing))
        if FELL in said.problems:
            records += [_window_of(known[one], said, reading, masks) for one in accounts if one in known]
        named = frozenset(one.id for one in records) & said.ids
        reading = replace(reading, known_ids=named)
        whole = [self._with_context(one, known) for one in records]
        return Searched(
            candidates=tuple(rank(said, whole, reading)), accounts=tuple(accounts), said=said, reading=reading,
            submissions={show_id(one.kind, one.id): one.submission_id for one in records if one.submission_id is not None},
        )  # fmt: skip

    async def _accounts(self, connection: Connection, case: Case, said: Said) -> tuple[list[UUID], Mapping[UUID, str]]:
        """Whose records are looked at first: the signed-in reporter's, then those of the people and keys that are named; and by
        which key's mask each was found."""
        found: dict[UUID, None] = {} if case.account_id is None else {case.account_id: None}
        values = said.values
        people = [values[name] for name in _PEOPLE if name in values]
        emails = [one for text in people for one in addresses_in(text)]
        numbers = _user_numbers(values)
        named = [text for text in people if "@" not in text.strip("@")]
        names = [*dict.fromkeys(name for text in named for name in names_of(text)), *said.names]
        found |= dict.fromkeys(
            await store.accounts_of_people(
                connection, emails=emails, nicknames=names, user_numbers=numbers, most=ACCOUNTS_MAX
            )
        )
        found |= dict.fromkeys(await store.accounts_of_names(connection, names, most=ACCOUNTS_MAX))
        by_key = await self._accounts_of_keys(connection, said)
        found |= dict.fromkeys(by_key)
        locals_ = [
            *(one.partition("@")[0] for one in emails),
            *(part for text in people for part in local_parts_in(text)),
        ]
        if not found and locals_:
            found |= dict.fromkeys(await store.accounts_of_local_parts(connection, locals_, most=ACCOUNTS_MAX))
        return list(found)[:ACCOUNTS_MAX], by_key

    async def _accounts_of_keys(self, connection: Connection, said: Said) -> dict[UUID, str]:
        """Whose keys have the ends that were named, as they were typed, else in capitals or small letters."""
        tails = [one for one in (read_key_tail(said.values.get("key_mask", "")), *said.ends) if one is not None]
        found = await store.accounts_of_keys(connection, tails, most=ACCOUNTS_MAX) if tails else {}
        if found or not tails:
            return found
        # Four signs among other words are taken as they stand: in every case there are too many that they fit.
        forms = [form for tail in tails if tail not in said.ends for form in in_every_case(tail)]
        return await store.accounts_of_keys(connection, forms, most=ACCOUNTS_MAX)

    async def _records(
        self, connection: Connection, said: Said, reading: Reading, accounts: list[UUID]
    ) -> list[Record]:
        ids = sorted(said.ids)
        found = await store.requests_of_ids(connection, ids) + await store.orders_of_ids(connection, ids)
        spans = windows(said, reading)[:SPANS_MAX]
        for masked in said.masked_ids:
            found += await self._of_masked(connection, masked, said, accounts, spans)
        if RECHARGE in said.problems or "order_mask" in said.values or "code_last_four" in said.values:
            found += await self._of_money(connection, said, accounts, spans)
        if _OF_REQUESTS.intersection(said.problems) and not is_of_another_service(said):
            found += await self._of_requests(connection, said, accounts, spans)
        return found

    async def _of_masked(
        self, connection: Connection, masked: MaskedId, said: Said, accounts: list[UUID], spans: list[tuple[int, int]]
    ) -> list[Record]:
        """Requests of which both ends of the id are known. A beginning is a time: where it is cut before the minute, the end is
        looked for at the time that was said, or among what these accounts have."""
        first, last = UUID(hex=masked.head.ljust(32, "0")), UUID(hex=masked.head.ljust(32, "f"))
        found: list[Record] = []
        if len(masked.head) >= _HEAD_ALONE:
            found = await store.requests_between(connection, first, last, most=RECORDS_MAX)
        elif len(masked.head) >= _HEAD_WITH_END:
            found = await store.requests_ending(
                connection, account_ids=[], start=_made_at(first), end=_made_at(last) + 1_000, tail=masked.tail,
                most=RECORDS_MAX,
            )  # fmt: skip
        elif masked.tail and (spans or accounts):
            for start, end in spans or [(said.now - _BACK, said.now + _DAY)]:
                found += await store.requests_ending(
                    connection, account_ids=[] if spans else accounts, start=start, end=end, tail=masked.tail,
                    most=RECORDS_MAX,
                )  # fmt: skip
        return [one for one in found if masked.fits(one.id)]

    async def _of_requests(
        self, connection: Connection, said: Said, accounts: list[UUID], spans: list[tuple[int, int]]
    ) -> list[Record]:
        found: list[Record] = []
        for start, end in spans:
            found += await store.requests_within(
                connection, account_ids=accounts, start=start - _BEFORE, end=end, trouble=True, most=RECORDS_MAX
            )
            if accounts:
                found += await store.requests_within(
                    connection, account_ids=accounts, start=start, end=end, trouble=False, most=RECORDS_MAX
                )
        if accounts and not any(one.account_id in accounts for one in found):
            # No time, or none at which these people had anything: what went wrong for them last.
            found += await store.last_requests(connection, accounts, before=said.now, trouble=True, most=RECORDS_MAX)
        return found

    async def _of_money(
        self, connection: Connection, said: Said, accounts: list[UUID], spans: list[tuple[int, int]]
    ) -> list[Record]:
        found: list[Record] = []
        tail = read_tail(said.values.get("order_mask", ""))
        back, now = said.now - _BACK, said.now + _DAY
        if tail is not None:
            found += await store.orders_within(
                connection, account_ids=[], start=back, end=now, tail=tail, most=RECORDS_MAX
            )
        if accounts:
            found += await store.orders_within(
                connection, account_ids=accounts, start=back, end=now, tail=None, most=RECORDS_MAX
            )
        for start, end in spans:
            found += await store.orders_within(
                connection, account_ids=[], start=start - _BEFORE, end=end, tail=None, most=RECORDS_MAX
            )
            found += await store.orders_paid_within(connection, start=start, end=end, most=RECORDS_MAX)
        code_tail = read_tail(said.values.get("code_last_four", ""))
        last_four = None if code_tail is None else read_mask(code_tail) or code_tail.upper()
        wants_codes = last_four is not None or "redemption_time" in said.values
        redeemed: list[tuple[int, int] | None] = [*spans] if "redemption_time" in said.values else []
        for span in (redeemed or [None]) if wants_codes else []:
            found += await store.codes_of(
                connection, ids=sorted(said.ids), account_ids=accounts, last_four=last_four, span=span, most=RECORDS_MAX
            )
        if (
            last_four is not None
            and "code_last_four" not in said.strayed
            and all(one.code_last_four != last_four for one in found)
        ):
            # Nobody has such a code: one sign was mistyped.
            found += await store.codes_nearly(connection, last_four, most=RECORDS_MAX)
        return found

    def _with_context(self, record: Record, known: Mapping[UUID, AccountContext]) -> Record:
        status = record.status_code
        if status is None and record.code is not None:
            status = self._statuses.get(record.code)
        if record.account_id is None or record.account_id not in known:
            return replace(record, status_code=status)
        context = known[record.account_id]
        return replace(
            record, status_code=status, account_name=context.name, emails=context.emails, nicknames=context.nicknames,
            user_numbers=context.user_numbers,
        )  # fmt: skip


def _made_at(value: UUID) -> int:
    """The time (UTC microseconds) that an id begins with."""
    return (value.int >> 80) * 1_000


def _user_numbers(values: Mapping[str, str]) -> list[int]:
    """The numbers that name people: in its own field with or without its sign, elsewhere with it."""
    own = re.search(r"\d{1,9}", clean(values.get("user_number", "")[:40]))
    elsewhere = [clean(values.get(name, "")[:READ_CHARACTERS_MAX]) for name in _PEOPLE]
    others = [one for text in elsewhere for one in (*user_numbers_in(text), person_number(text)) if one]
    return [*([] if own is None else [int(own[0])]), *dict.fromkeys(int(one) for one in others)]


def is_of_another_service(said: Said) -> bool:
    """Whether the error is one that another service made: none of our records is about it."""
    text = said.values.get("error_text") or said.values.get("message_shown", "")
    found = recognise(text, now=said.now)
    return found.service is not None and not said.ids and not said.masked_ids


def _window_of(context: AccountContext, said: Said, reading: Reading, masks: Mapping[UUID, str]) -> Record:
    """An account as a record: its window is the time that was named, in its own zone."""
    times = said.times.get("time_window", ())
    return Record(
        kind="account",
        id=context.account_id,
        account_id=context.account_id,
        times=tuple(one.start(context.time_zone) for one in times),
        key_mask=masks.get(context.account_id),
        is_trouble=True,
    )
