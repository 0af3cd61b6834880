"""Use case of searching from the desk: whatever is pasted, the accounts that it leads to and why. Reads only.

The text itself is given to nobody and kept nowhere; of what is secret in it only masks leave this room.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol
from uuid import UUID

from counterfoil.evidence import same_account_store, search_store, store
from counterfoil.evidence.clues import Clues, find_clues
from counterfoil.evidence.search import (
    Clue,
    Found,
    Hit,
    arrange,
    emails_in,
    mask_number,
    order_numbers_in,
    payment_numbers_in,
    user_numbers_in,
)
from counterfoil.evidence.subjects import SUBJECT_CHARACTERS_MAX, recognise
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.code_form import mask_code, read_code
from counterfoil.foundation.errors import CounterfoilError, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.identity.model import Member
from counterfoil.limits.model import KeyAddress
from counterfoil.limits.tokens import hash_token
from counterfoil.recharge.model import Order
from counterfoil.redaction.rules import mask_key, redact
from counterfoil.spend.model import TASK_ENDPOINTS, RequestView
from counterfoil.storage.database import Database

_MOST = 20
_SHORT_CHARACTERS = 120


class FindsMembers(Protocol):
    async def find(self, text: str) -> list[Member]: ...


class FindsTokens(Protocol):
    async def find(self, token_hash: bytes) -> KeyAddress | None: ...


class FindsKeys(Protocol):
    async def account_of(self, kind: Literal["group", "key", "limit"], thing_id: UUID) -> UUID: ...


class FindsRequests(Protocol):
    async def request(self, request_id: UUID, *, account_id: UUID | None = None) -> RequestView: ...


class FindsOrders(Protocol):
    async def account_of(self, order_id: UUID) -> UUID | None: ...

    async def find_by_number(self, number: str) -> list[Order]: ...


class FindsCodes(Protocol):
    async def find(self, typed: str) -> Any: ...

    async def code(self, code_id: UUID) -> Any: ...


class Search:
    """Finds whose a thing is."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        members: FindsMembers,
        tokens: FindsTokens,
        keys: FindsKeys,
        requests: FindsRequests,
        orders: FindsOrders,
        codes: FindsCodes,
    ) -> None:
        self._database = database
        self._clock = clock
        self._members = members
        self._tokens = tokens
        self._keys = keys
        self._requests = requests
        self._orders = orders
        self._codes = codes

    async def find(self, text: str) -> Found:
        """Everything in a text that leads somewhere, by account; raises `InputError` for no text, or too long a one."""
        if not text.strip() or len(text) > SUBJECT_CHARACTERS_MAX:
            raise InputError(field="q", expected=f"1 … {SUBJECT_CHARACTERS_MAX}")
        now = self._clock.now()
        clues = find_clues(text, now=now)
        hits = [
            *await self._of_requests(text, now),
            *await self._of_ids(clues),
            *await self._of_codes(clues),
            *await self._of_keys(clues),
            *await self._of_people(text),
            *await self._of_numbers(text, clues),
        ]
        short = text.strip()
        if not any(hit.is_found for hit in hits) and len(short) <= _SHORT_CHARACTERS and short.isprintable():
            hits += await self._of_names(short)
        async with self._database.reading() as connection:
            names = await same_account_store.names_of(
                connection, list({hit.account_id for hit in hits if hit.account_id is not None})
            )
        return arrange(hits, names)

    async def _of_requests(self, text: str, now: int) -> list[Hit]:
        hits = []
        for one in recognise(text, now=now).ids:
            clue = Clue(one.kind)
            try:
                view = await self._requests.request(one.value)
            except NotFound:
                hits.append(Hit(clue=clue, shown=one.shown))
                continue
            if clue is Clue.TASK and view.endpoint not in TASK_ENDPOINTS:
                hits.append(Hit(clue=clue, shown=one.shown))
                continue
            hits.append(
                Hit(clue=clue, shown=one.shown, subject_kind=one.kind, subject_id=one.value, account_id=view.account_id)
            )
        return hits

    async def _of_ids(self, clues: Clues) -> list[Hit]:
        hits = []
        for one in clues.ids:
            account_id = await self._account_of(one.kind, one.value)
            known = account_id is not None or (one.kind == "code" and await self._code_exists(one.value))
            hits.append(
                Hit(
                    clue=Clue(one.kind), shown=one.shown, subject_kind=one.kind if known else None,
                    subject_id=one.value if known else None, account_id=account_id,
                )
            )  # fmt: skip
        return hits

    async def _account_of(self, kind: str, value: UUID) -> UUID | None:
        try:
            if kind == "order":
                return await self._orders.account_of(value)
            if kind == "key":
                return await self._keys.account_of("key", value)
            if kind == "code":
                redeemed: UUID | None = (await self._codes.code(value)).code.redeemed_by
                return redeemed
        except NotFound:
            return None
        async with self._database.reading() as connection:
            found = await store.account_facts(connection, value)
        return None if found is None else found.account_id

    async def _code_exists(self, code_id: UUID) -> bool:
        try:
            await self._codes.code(code_id)
        except NotFound:
            return False
        return True

    async def _of_codes(self, clues: Clues) -> list[Hit]:
        hits = []
        if clues.redemption_code is not None:
            typed = read_code(clues.redemption_code)
            shown = mask_code("" if typed is None else typed.last_four)
            try:
                code = (await self._codes.find(clues.redemption_code)).code
            except CounterfoilError:
                hits.append(Hit(clue=Clue.CODE, shown=shown))
            else:
                hits.append(
                    Hit(
                        clue=Clue.CODE, shown=shown, subject_kind="code", subject_id=code.code_id,
                        account_id=code.redeemed_by,
                    )
                )  # fmt: skip
        elif clues.code_last_four is not None:
            shown = mask_code(clues.code_last_four)
            async with self._database.reading() as connection:
                found = await search_store.codes_ending_in(connection, clues.code_last_four, most=_MOST)
            hits += [
                Hit(clue=Clue.CODE_MASK, shown=shown, subject_kind="code", subject_id=code_id, account_id=account_id)
                for code_id, account_id in found
            ] or [Hit(clue=Clue.CODE_MASK, shown=shown)]
        return hits

    async def _of_keys(self, clues: Clues) -> list[Hit]:
        hits = []
        if clues.token is not None:
            shown, address = mask_key(clues.token), await self._tokens.find(hash_token(clues.token))
            hits.append(
                Hit(clue=Clue.TOKEN, shown=shown) if address is None
                else Hit(clue=Clue.TOKEN, shown=shown, subject_kind="key", subject_id=address.key_id, account_id=address.account_id)
            )  # fmt: skip
        if clues.key_mask is not None:
            async with self._database.reading() as connection:
                found = await store.keys_of_mask(connection, clues.key_mask, account_id=None, most=_MOST)
            hits += [
                Hit(
                    clue=Clue.KEY_MASK,
                    shown=clues.key_mask,
                    subject_kind="key",
                    subject_id=key_id,
                    account_id=account_id,
                )
                for account_id, key_id in found
            ] or [Hit(clue=Clue.KEY_MASK, shown=clues.key_mask)]
        return hits

    async def _of_people(self, text: str) -> list[Hit]:
        hits = []
        asked = [(Clue.EMAIL, one) for one in emails_in(text)] + [
            (Clue.USER_NUMBER, f"#{one}") for one in user_numbers_in(text)
        ]
        for clue, shown in asked:
            found = await self._members.find(shown)
            hits += [_of_member(clue, shown, member) for member in found] or [Hit(clue=clue, shown=shown)]
        return hits

    async def _of_numbers(self, text: str, clues: Clues) -> list[Hit]:
        """Orders by their own number, or by that of a payment. Whatever is not found may be anything: it is not told."""
        hits = []
        for order_id in order_numbers_in(text):
            account_id = await self._orders.account_of(order_id)
            if account_id is not None:
                hits.append(
                    Hit(
                        clue=Clue.ORDER_NUMBER, shown=show_id("order", order_id), subject_kind="order",
                        subject_id=order_id, account_id=account_id,
                    )
                )  # fmt: skip
        for number in payment_numbers_in(text):
            if clues.redemption_code is not None and number in clues.redemption_code:
                continue
            hits += [
                Hit(
                    clue=Clue.PAYMENT, shown=mask_number(number), subject_kind="order", subject_id=order.order_id,
                    account_id=order.account_id,
                )
                for order in await self._orders.find_by_number(number)
            ]  # fmt: skip
        return hits

    async def _of_names(self, text: str) -> list[Hit]:
        """Nicknames and accounts' names, where nothing surer was found."""
        shown = redact(text)
        hits = [_of_member(Clue.NICKNAME, shown, member) for member in await self._members.find(text)]
        async with self._database.reading() as connection:
            named = await search_store.accounts_like(connection, text, most=_MOST)
        hits += [
            Hit(clue=Clue.ACCOUNT_NAME, shown=shown, subject_kind="account", subject_id=one, account_id=one)
            for one in named
        ]
        return hits


def _of_member(clue: Clue, shown: str, member: Member) -> Hit:
    return Hit(clue=clue, shown=shown, subject_kind="member", subject_id=member.member_id, account_id=member.account_id)
