"""Use case of evidence: do a member, an order, its payer, a code, a key, a request belong to one account? Reads only."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

from counterfoil.evidence import same_account_store as store
from counterfoil.evidence.same_account import Claim, ClaimKind, SameAccountAnswer, as_seen_by, word
from counterfoil.foundation.code_form import mask_code, read_code
from counterfoil.foundation.errors import IdUnreadable, InputError, NotFound
from counterfoil.foundation.ids import PREFIXES, read_any_id, read_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.model import Member
from counterfoil.limits.model import KeyAddress
from counterfoil.limits.tokens import hash_token
from counterfoil.redaction.rules import mask_key, redact
from counterfoil.spend.model import TASK_ENDPOINTS, RequestView
from counterfoil.storage.database import Database

# A person can name every kind of thing twice and more; a longer list is a script's.
CLAIMS_MAX = 20
# A nickname or the mask of a key that leads to more accounts than this is no clue.
ACCOUNTS_MAX = 1_000
CLAIM_CHARACTERS_MAX = 500
_SHOWN_CHARACTERS_MAX = 100

# A key's mask as people copy it: `sk-…3fA9`, `sk-...3fA9`, `sk-****3fA9`.
_MASK = re.compile(r"(.{0,20}?)(?:…|\.{2,}|\*{2,})(.{0,20})")
_TASK_IDS = ("request", "task", "submission")


class FindsMembers(Protocol):
    """Where people are found (`identity.service.Members`)."""

    async def find(self, text: str) -> list[Member]: ...


class FindsTokens(Protocol):
    """Where a token's key lives (`limits.directory.KeyDirectory`)."""

    async def find(self, token_hash: bytes) -> KeyAddress | None: ...


class FindsKeys(Protocol):
    """Where keys are found by their ids (`limits.service.LimitsService`)."""

    async def account_of(self, kind: Literal["group", "key", "limit"], thing_id: UUID) -> UUID: ...


class FindsRequests(Protocol):
    """Where requests are found (`spend.service.Spend`); tasks and submissions have the ids of theirs."""

    async def request(self, request_id: UUID, *, account_id: UUID | None = None) -> RequestView: ...


class FindsOrders(Protocol):
    """Where orders are found, and whoever paid them."""

    async def account_of(self, order_id: UUID) -> UUID | None: ...

    async def accounts_of_payer(self, order_id: UUID) -> list[UUID]: ...


class Redeemed(Protocol):
    @property
    def account_id(self) -> UUID: ...


class FindsCodes(Protocol):
    """Who has redeemed a code, given by its id or in full: None where nobody has; raises `NotFound` or `InputError`."""

    async def redeemer_of(self, code: str) -> Redeemed | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One thing as somebody named it. It may be a whole key or code, so it is never shown, kept or logged."""

    kind: ClaimKind
    text: str = field(repr=False)


class SameAccount:
    """Finds the account behind each claim, and says whether it is one."""

    def __init__(
        self,
        database: Database,
        *,
        members: FindsMembers,
        tokens: FindsTokens,
        keys: FindsKeys,
        requests: FindsRequests,
        orders: FindsOrders,
        codes: FindsCodes,
    ) -> None:
        self._database = database
        self._members = members
        self._tokens = tokens
        self._keys = keys
        self._requests = requests
        self._orders = orders
        self._codes = codes
        self._finders: Mapping[ClaimKind, Callable[[str], Awaitable[Claim]]] = {
            ClaimKind.ACCOUNT: self._account,
            ClaimKind.MEMBER: self._member,
            ClaimKind.ORDER: self._order,
            ClaimKind.PAYER: self._payer,
            ClaimKind.CODE: self._code,
            ClaimKind.KEY: self._key,
            ClaimKind.REQUEST: self._request,
        }

    async def check(
        self, given: Sequence[Given], *, language: Language = Language.EN, account_id: UUID | None = None
    ) -> SameAccountAnswer:
        """Whether what was given belongs to one account; `account_id` is that of the customer who asks, if it is one.

        A customer learns of each claim whether it is theirs, and nothing else: what belongs to others looks like what does
        not exist. Raises `InputError` for fewer than two claims (of a customer: none), for too many, and for a text that
        cannot be what it is said to be.
        """
        least = 2 if account_id is None else 1
        if not least <= len(given) <= CLAIMS_MAX:
            raise InputError(field="claims", expected=f"{least} to {CLAIMS_MAX} things to compare")
        claims = [await self._finders[one.kind](_checked(one)) for one in given]
        if account_id is not None:
            claims = as_seen_by(account_id, claims)
        async with self._database.reading() as connection:
            names = await store.names_of(connection, list({id_ for claim in claims for id_ in claim.accounts}))
        return word(claims, names=names, language=language, to_customer=account_id is not None)

    async def _account(self, text: str) -> Claim:
        shown = read_any_id(text)
        async with self._database.reading() as connection:
            if shown is not None and shown[0] == "account":
                known = await store.names_of(connection, [shown[1]])
                return _claim(ClaimKind.ACCOUNT, show_id("account", shown[1]), known)
            named = await store.accounts_named(connection, text, most=ACCOUNTS_MAX)
        return _claim(ClaimKind.ACCOUNT, _shown(text), named)

    async def _member(self, text: str) -> Claim:
        found = await self._members.find(text)
        return _claim(ClaimKind.MEMBER, _shown(text), [member.account_id for member in found])

    async def _order(self, text: str) -> Claim:
        order_id = read_id("order", text)
        found = await self._orders.account_of(order_id)
        return _claim(ClaimKind.ORDER, show_id("order", order_id), [] if found is None else [found])

    async def _payer(self, text: str) -> Claim:
        order_id = read_id("order", text)
        found = await self._orders.accounts_of_payer(order_id)
        return _claim(ClaimKind.PAYER, show_id("order", order_id), found)

    async def _code(self, text: str) -> Claim:
        try:
            redeemed = await self._codes.redeemer_of(text)
        except NotFound:
            redeemed = None
        return _claim(ClaimKind.CODE, _shown_code(text), [] if redeemed is None else [redeemed.account_id])

    async def _key(self, text: str) -> Claim:
        if text.startswith(f"{PREFIXES['key']}_"):
            key_id = read_id("key", text)
            try:
                account_id = await self._keys.account_of("key", key_id)
            except NotFound:
                return _claim(ClaimKind.KEY, show_id("key", key_id), [])
            return _claim(ClaimKind.KEY, show_id("key", key_id), [account_id])
        masked = _MASK.fullmatch(text)
        if masked is not None:
            mask = f"{masked[1]}…{masked[2]}"
            async with self._database.reading() as connection:
                found = await store.accounts_of_mask(connection, mask, most=ACCOUNTS_MAX)
            return _claim(ClaimKind.KEY, _shown(mask), found)
        address = await self._tokens.find(hash_token(text))
        return _claim(ClaimKind.KEY, mask_key(text), [] if address is None else [address.account_id])

    async def _request(self, text: str) -> Claim:
        found = read_any_id(text)
        if found is None or found[0] not in _TASK_IDS:
            raise IdUnreadable(expected="req_, task_ or sub_ and 32 hexadecimal digits", kind="request")
        kind, request_id = found
        try:
            view = await self._requests.request(request_id)
        except NotFound:
            return _claim(ClaimKind.REQUEST, show_id(kind, request_id), [])
        # A request that is no task has no task's id.
        is_there = kind != "task" or view.endpoint in TASK_ENDPOINTS
        return _claim(ClaimKind.REQUEST, show_id(kind, request_id), [view.account_id] if is_there else [])


def _checked(given: Given) -> str:
    cleaned = given.text.strip()
    if not (1 <= len(cleaned) <= CLAIM_CHARACTERS_MAX and cleaned.isprintable()):
        raise InputError(field=str(given.kind), expected=f"1 to {CLAIM_CHARACTERS_MAX} printable characters")
    return cleaned


def _claim(kind: ClaimKind, given: str, accounts: Sequence[UUID] | Mapping[UUID, str]) -> Claim:
    """The claim with each account once, in an order that does not depend on who found it."""
    return Claim(kind=kind, given=given, accounts=tuple(sorted(set(accounts))))


def _shown(text: str) -> str:
    """What a person typed, short and without secrets: somebody may paste a key where a name belongs."""
    return redact(text)[:_SHOWN_CHARACTERS_MAX]


def _shown_code(text: str) -> str:
    shown, typed = read_any_id(text), read_code(text)
    if shown is not None:
        return show_id(*shown)
    return mask_code("" if typed is None else typed.last_four)
