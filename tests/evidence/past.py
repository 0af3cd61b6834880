"""Refusals decided again from every row of an account, by brute force and with the plain ledger of the ledger's tests.

It shares no code with what it is held against: the money is gone through from the account's first credit, whatever is left
out, usage is counted anew, and what counts as a copy or a burst is said here once more.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

from counterfoil.foundation.periods import Window, window_bounds
from counterfoil.ledger.model import (
    Adjust,
    Authorize,
    Capture,
    Command,
    Credit,
    EndGrant,
    Expire,
    Freeze,
    GrantKind,
    GrantSpec,
    RefundCharge,
    Unfreeze,
    Void,
)
from counterfoil.limits.usage import unpack_counted
from ledger.book import Book, Refusal
from spend.market import Market

SECOND = 1_000_000
DAY = 86_400 * SECOND
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Left:
    """What is left out of the past: requests as the wallet and as limits see them, freezes and expiries of grants; and what
    the request would need."""

    of_wallet: frozenset[UUID] = frozenset()
    of_limits: frozenset[UUID] = frozenset()
    freezes: frozenset[str] = frozenset()
    lasting: frozenset[UUID] = frozenset()
    checks: frozenset[int] = frozenset()
    usual: int | None = None

    def __or__(self, other: Left) -> Left:
        return Left(
            of_wallet=self.of_wallet | other.of_wallet, of_limits=self.of_limits | other.of_limits,
            freezes=self.freezes | other.freezes, lasting=self.lasting | other.lasting,
            checks=self.checks | other.checks, usual=self.usual if self.usual is not None else other.usual,
        )  # fmt: skip


@dataclass(kw_only=True)
class Past:
    """Every row of one account."""

    requests: dict[UUID, Row] = field(default_factory=dict)
    holds: dict[UUID, Row] = field(default_factory=dict)
    ends: dict[UUID, Row] = field(default_factory=dict)
    operations: list[Row] = field(default_factory=list)
    grants: dict[UUID, Row] = field(default_factory=dict)
    refunds: list[Row] = field(default_factory=list)

    @classmethod
    async def of(cls, market: Market, account_id: UUID) -> Past:
        async def rows(table: str) -> list[Row]:
            return await market.rows(f"SELECT * FROM {table} WHERE account_id = %s", account_id)

        transfers = await rows("transfers")
        return cls(
            requests={row["request_id"]: row for row in await rows("requests")},
            holds={row["hold_id"]: row for row in await rows("holds")},
            ends={row["hold_id"]: row for row in await rows("hold_ends")},
            operations=await rows("operations"), grants={row["grant_id"]: row for row in await rows("grants")},
            refunds=[row for row in transfers if row["code"] in ("refund", "refund_to_clearing")],
        )  # fmt: skip

    # -- what a request had taken ------------------------------------------------------------------------------

    def is_open(self, request_id: UUID, event_no: int) -> bool:
        end = self.ends.get(request_id)
        return request_id in self.holds and (end is None or end["event_no"] > event_no)

    def taken(self, request_id: UUID, event_no: int) -> int:
        hold, end = self.holds.get(request_id), self.ends.get(request_id)
        if hold is None or hold["event_no"] > event_no:
            return 0
        if end is None or end["event_no"] > event_no:
            return int(hold["amount"])
        back = [one for one in self.refunds if one["hold_id"] == request_id and one["event_no"] < event_no]
        return int(end["captured"] + end["overage"] - sum(one["amount"] for one in back))

    # -- the wallet --------------------------------------------------------------------------------------------

    def spendable(self, event_no: int, at: int, left: Left) -> int | None:
        """What could have been spent; None where something else could not have happened as it did."""
        book, made = Book(), iter(())
        events: list[tuple[int, int, Command, Iterator[UUID]]] = []
        for hold_id, hold in self.holds.items():
            if hold_id not in left.of_wallet:
                command: Command = Authorize(
                    account_id=hold["account_id"], hold_id=hold_id, floor=hold["amount"], asked=hold["amount"],
                    expires_in=hold["expires_at"] - hold["created_at"], cause_kind="request", cause_id=hold_id, intent="",
                )  # fmt: skip
                events.append((hold["event_no"], hold["created_at"], command, made))
        for hold_id, end in self.ends.items():
            if hold_id not in left.of_wallet:
                events.append((end["event_no"], end["created_at"], _end(end), made))
        for row in self.operations:
            operation = self._operation(row, left, at)
            if operation is not None:
                events.append((row["event_no"], row["created_at"], operation, self._made(row)))
        try:
            for number, clock, command, ids in sorted(events, key=lambda event: event[0]):
                if number < event_no:
                    answer = book._apply(command, clock=clock, new_ids=ids)
                    if "refused" in answer:
                        return None
        except Refusal:
            return None
        book.sweep(clock=at)
        return book.spendable

    def _made(self, row: Row) -> Iterator[UUID]:
        """The grants that an operation has made, then ids that nobody knows."""
        answer = row["answer"]
        yield from (UUID(hex=one) for one in answer.get("grants", ()))
        for part in answer.get("parts", ()):
            if self.grants[UUID(hex=part["grant"])]["created_at"] == row["created_at"]:
                yield UUID(hex=part["grant"])
        while True:
            yield uuid4()

    def _operation(self, row: Row, left: Left, at: int) -> Command | None:
        intent = json.loads(row["intent"])
        account_id = row["account_id"]
        match intent["command"]:
            case "Credit":
                ids = [UUID(hex=one) for one in row["answer"]["grants"]]
                specs = [
                    self._spec(given, grant_id, left, at) for given, grant_id in zip(intent["grants"], ids, strict=True)
                ]
                return Credit(
                    account_id=account_id, source_kind="order", source_id=intent["source_id"], grants=tuple(specs)
                )
            case "Adjust":
                return Adjust(account_id=account_id, source_id=intent["source_id"], amount=intent["amount"])
            case "Freeze":
                if row["operation_key"] in left.freezes:
                    return None
                return Freeze(
                    account_id=account_id, grant_id=UUID(hex=intent["grant_id"]), source_id=intent["source_id"]
                )
            case "Unfreeze":
                return Unfreeze(
                    account_id=account_id, grant_id=UUID(hex=intent["grant_id"]), source_id=intent["source_id"]
                )
            case "EndGrant":
                if UUID(hex=intent["grant_id"]) in left.lasting and intent["destination"] == "breakage":
                    return None
                return EndGrant(
                    account_id=account_id, grant_id=UUID(hex=intent["grant_id"]), destination=intent["destination"]
                )
            case "RefundCharge":
                hold_id = UUID(hex=intent["hold_id"])
                if hold_id in left.of_wallet:
                    return None
                return RefundCharge(
                    account_id=account_id, source_id=intent["source_id"], hold_id=hold_id,
                    amount=row["answer"]["refunded"], reason="",
                )  # fmt: skip
        raise AssertionError(intent)

    def _spec(self, given: Row, grant_id: UUID, left: Left, at: int) -> GrantSpec:
        expires_at = given["expires_at"]
        if grant_id in left.lasting and expires_at is not None:
            # Burnt in its turn still, but there at the end.
            earlier = [one for one in left.lasting if (self.grants[one]["expires_at"] or 0) < expires_at]
            expires_at = at + 1 + len(earlier)
        return GrantSpec(
            kind=GrantKind(given["kind"]), amount=given["amount"], origin=given["origin"], priority=given["priority"],
            expires_at=expires_at,
        )  # fmt: skip

    # -- limits ------------------------------------------------------------------------------------------------

    def counted(self, limit_id: UUID, window: Window, at: int, event_no: int, left: Left) -> int:
        """Used and held of a limit of money, in the window of that time."""
        start, _ = window_bounds(window, at, "UTC")
        return sum(
            self.taken(request_id, event_no)
            for request_id, row in self.requests.items()
            if request_id not in left.of_limits
            for one in unpack_counted(bytes(row["counted"]))
            if one.limit_id == limit_id and one.window_start == start
        )


@dataclass(kw_only=True)
class Refused:
    """One refusal of the past, and what could have been different."""

    past: Past
    row: Row
    known: dict[Left, int | None] = field(default_factory=dict)

    @property
    def event_no(self) -> int:
        return int(self.row["event_no"])

    @property
    def at(self) -> int:
        return int(self.row["decided_at"])

    @property
    def failing(self) -> list[Row]:
        return [check for check in json.loads(self.row["checks"])["checks"] if not check["passed"]]

    def passes(self, left: Left) -> bool:
        return all(self._passes(place, check, left) for place, check in enumerate(self.failing))

    def _passes(self, place: int, check: Row, left: Left) -> bool:
        if place in left.checks:
            return True
        if check.get("unit") != "money":
            return False
        needed = check["needed"] if left.usual is None else left.usual
        if "limit_id" not in check:
            of_wallet = Left(of_wallet=left.of_wallet, freezes=left.freezes, lasting=left.lasting)
            if of_wallet not in self.known:
                self.known[of_wallet] = self.past.spendable(self.event_no, self.at, left)
            spendable = self.known[of_wallet]
            return spendable is not None and spendable >= needed
        if check["window"] == "request":
            return bool(needed <= check["amount"])
        window = Window(check["window"])
        counted = self.past.counted(UUID(hex=check["limit_id"]), window, self.at, self.event_no, left)
        return bool(counted + needed <= check["amount"])

    # -- causes ------------------------------------------------------------------------------------------------

    def causes(self) -> dict[str, Left]:
        """Every cause that there can be, and what is different without it; those of checks by code and place."""
        found = {
            f"{check['code']}:{place}": Left(checks=frozenset({place})) for place, check in enumerate(self.failing)
        }
        copies, retries = self._sent_again()
        in_flight = {one for one in self.past.requests if self._had(one) and self.past.is_open(one, self.event_no)}
        found["duplicate_submissions"] = self._without(copies)
        found["retry_spike"] = self._without(retries)
        found["held_in_flight"] = self._without(in_flight - copies - retries)
        found["credit_expired"] = Left(lasting=self._expired())
        found["credit_frozen"] = Left(freezes=self._freezes())
        usual = self._usual()
        if usual is not None:
            found["high_cost_task"] = Left(usual=usual)
        return found

    def _had(self, request_id: UUID) -> bool:
        return self.past.taken(request_id, self.event_no) > 0

    def _without(self, requests: Collection[UUID]) -> Left:
        rows = {one: self.past.requests[one] for one in requests}
        return Left(
            of_limits=frozenset(rows),
            of_wallet=frozenset(
                one
                for one, row in rows.items()
                if row["decided_at"] >= self.at - DAY or self.past.is_open(one, self.event_no)
            ),
        )

    def _sent_again(self) -> tuple[set[UUID], set[UUID]]:
        """Copies and retries in bursts that were one too many."""
        earlier = {one: row for one, row in self.past.requests.items() if row["event_no"] < self.event_no}
        kept = set()
        for submission_id in {row["submission_id"] for row in earlier.values() if row["submission_id"]}:
            members = [
                row
                for row in earlier.values()
                if row["submission_id"] == submission_id and self._had(row["request_id"])
            ]
            if members:
                # The first that came to something, and that is the original wherever that did.
                kept.add(min(members, key=lambda row: (row["verdict"] != "original", row["event_no"]))["request_id"])
        copies = {
            one for one, row in earlier.items() if row["verdict"] == "duplicate" and self._had(one) and one not in kept
        }
        retries = {
            one: row["decided_at"]
            for one, row in earlier.items()
            if row["state"] != "refused"
            and ((row["verdict"] == "retry" and one not in kept) or (row["retry_count"] and row["verdict"] != "retry"))
        }
        times = sorted(retries.values())
        starts = [at for at in times if sum(at <= other <= at + 600 * SECOND for other in times) >= 5]
        bursts = {
            one for one, at in retries.items() if self._had(one) and any(s <= at <= s + 600 * SECOND for s in starts)
        }
        return copies, bursts

    def _orders(self) -> dict[UUID, list[Row]]:
        """What was done to each grant by then: freezes, releases, ends."""
        found: dict[UUID, list[Row]] = {}
        for row in sorted(self.past.operations, key=lambda row: row["event_no"]):
            if row["event_no"] < self.event_no and row["operation_key"].split(":")[0] in (
                "freeze", "unfreeze", "end_grant",
            ):  # fmt: skip
                found.setdefault(UUID(hex=json.loads(row["intent"])["grant_id"]), []).append(row)
        return found

    def _expired(self) -> frozenset[UUID]:
        """Grants whose time came to an end, or which somebody ended so; not those that were frozen when they were ended."""
        orders = self._orders()
        found = {
            grant_id
            for grant_id, row in self.past.grants.items()
            if row["expires_at"] is not None and self.at - 30 * DAY <= row["expires_at"] <= self.at
        }
        for grant_id, rows in orders.items():
            last = rows[-1]
            if last["operation_key"].startswith("end_grant:"):
                frozen = len(rows) > 1 and rows[-2]["operation_key"].startswith("freeze:")
                if frozen:
                    found.discard(grant_id)
                elif (
                    json.loads(last["intent"])["destination"] == "breakage" and last["created_at"] >= self.at - 30 * DAY
                ):
                    found.add(grant_id)
        return frozenset(found)

    def _freezes(self) -> frozenset[str]:
        """The last freeze of each grant that was frozen then."""
        last = [rows[-1]["operation_key"] for rows in self._orders().values()]
        return frozenset(key for key in last if key.startswith("freeze:"))

    def _usual(self) -> int | None:
        """The median of what requests held, where this one needs five times as much and the usual one would fit."""
        holds = sorted(
            row["held_nanos"]
            for row in self.past.requests.values()
            if row["event_no"] < self.event_no and row["held_nanos"] and row["key_id"] == self.row["key_id"]
        )
        if len(holds) < 5:
            return None
        usual = int(holds[len(holds) // 2])
        money = frozenset(place for place, check in enumerate(self.failing) if check.get("unit") == "money")
        others = frozenset(range(len(self.failing))) - money
        dear = max((self.failing[place]["needed"] for place in money), default=0) >= 5 * usual
        return usual if dear and money and self.passes(Left(usual=usual, checks=others)) else None

    def fewest(self, causes: dict[str, Left]) -> int:
        """How many causes it takes at least; that the wallet is used up is one only where nothing else explains it."""
        wallet = [name for name in causes if name.startswith("account_balance:") and self._is_wallet(name)]
        everything = Left()
        for name, left in causes.items():
            if name not in wallet:
                everything = everything | left
        allowed = {
            name: left
            for name, left in causes.items()
            if name not in wallet
            or not self._passes(int(name.split(":")[1]), self.failing[int(name.split(":")[1])], everything)
        }
        for size in range(1, len(allowed) + 1):
            for chosen in combinations(allowed.values(), size):
                left = Left()
                for one in chosen:
                    left = left | one
                if self.passes(left):
                    return size
        raise AssertionError("nothing explains it")

    def _is_wallet(self, name: str) -> bool:
        return "limit_id" not in self.failing[int(name.split(":")[1])]


def _end(end: Row) -> Command:
    ids: Any = {"account_id": end["account_id"], "hold_id": end["hold_id"]}
    if end["verb"] == "captured":
        return Capture(**ids, cost=end["captured"] + end["overage"], intent="")
    return Void(**ids, reason="") if end["verb"] == "voided" else Expire(**ids)
