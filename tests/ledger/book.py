"""A second, plain ledger in memory: DESIGN's sentences once more, to hold the real one against.

It shares no code with the rules: buckets are changed in place, posted is a sum, and a command that fails is forgotten
by working on a copy.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from counterfoil.ledger.grant_rules import operation_key
from counterfoil.ledger.model import (
    Adjust,
    Authorize,
    Capture,
    Command,
    Credit,
    EndGrant,
    Expire,
    Freeze,
    GrantSpec,
    PostUncollected,
    RefundCash,
    RefundCharge,
    RestoreCash,
    Unfreeze,
    Void,
)

THIRTY_DAYS = 30 * 24 * 3600 * 1_000_000
_KINDS = ["promotional", "compensation", "paid"]
_ENDINGS = {Capture: "captured", Void: "voided", Expire: "expired"}


class Refusal(Exception):
    """What the ledger should have answered instead of an outcome."""

    def __init__(self, code: str, field_name: str | None = None) -> None:
        super().__init__(code, field_name)
        self.code = code
        self.field = field_name


@dataclass
class Bucket:
    id: UUID
    kind: str
    priority: int
    expires_at: int | None
    created_at: int
    origin: str
    source: tuple[str, str]
    amount: int
    remaining: int
    held: int = 0
    state: str = "open"
    destination: str | None = None
    # What has left it for good, by charge or correction, and has not been given back.
    spent: int = 0

    @property
    def free(self) -> int:
        return self.remaining - self.held


@dataclass
class Reservation:
    """A hold, how it ended, and who paid for it."""

    command: Authorize
    amount: int
    parts: list[tuple[UUID, int]]
    expires_at: int
    verb: str | None = None
    intent: str = ""
    end: dict[str, Any] = field(default_factory=dict)
    # Bucket, charged, refunded; in the order of consumption.
    paid: list[list[Any]] = field(default_factory=list)


@dataclass
class Book:
    now: int = 0
    buckets: dict[UUID, Bucket] = field(default_factory=dict)
    holds: dict[UUID, Reservation] = field(default_factory=dict)
    refused: dict[UUID, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    answers: dict[str, tuple[Command, dict[str, Any]]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    # Per order: cash returned, and what lies in clearing from refunded charges.
    returned: dict[tuple[str, str], int] = field(default_factory=dict)
    in_clearing: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def posted(self) -> int:
        return sum(bucket.remaining for bucket in self.buckets.values())

    @property
    def held(self) -> int:
        return sum(hold.amount for hold in self.holds.values() if hold.verb is None)

    @property
    def spendable(self) -> int:
        return sum(bucket.free for bucket in self.buckets.values() if bucket.state == "open")

    def apply(self, command: Command, *, clock: int, new_ids: Iterator[UUID]) -> dict[str, Any]:
        """The outcome as a dictionary; raises `Refusal`, after which nothing has changed."""
        trial = copy.deepcopy(self)
        answer = trial._apply(command, clock, new_ids)
        self.__dict__.update(trial.__dict__)
        return answer

    def sweep(self, *, clock: int) -> int:
        """End what is due and has something left; how many."""
        due = [
            bucket
            for bucket in self.buckets.values()
            if bucket.state == "open" and bucket.expires_at is not None and bucket.expires_at <= max(self.now, clock)
        ]
        ended = sum(bucket.remaining > 0 for bucket in due)
        if ended:
            self.now = max(self.now, clock)
            for bucket in due:
                self._end(bucket, "breakage")
        return ended

    def _apply(self, command: Command, clock: int, new_ids: Iterator[UUID]) -> dict[str, Any]:
        known = self._known(command)
        if known is not None:
            return known
        self.now = max(self.now, clock)
        for bucket in self.buckets.values():
            if bucket.state == "open" and bucket.expires_at is not None and bucket.expires_at <= self.now:
                self._end(bucket, "breakage")
        match command:
            case Authorize():
                return self._authorize(command)
            case Capture() | Void() | Expire():
                return self._resolve(command)
        answer = self._operate(command, new_ids)
        self.answers[operation_key(command)] = (command, answer)
        return answer

    def _known(self, command: Command) -> dict[str, Any] | None:
        """L4, and what a second resolver is told (L3)."""
        if isinstance(command, Authorize):
            if command.hold_id in self.refused:
                intent, answer = self.refused[command.hold_id]
                self._same(intent, command.intent)
                return answer
            if command.hold_id in self.holds:
                hold = self.holds[command.hold_id]
                self._same(hold.command.intent, command.intent)
                return {"held": hold.amount, "parts": hold.parts}
            return None
        if isinstance(command, Capture | Void | Expire):
            known = self.holds.get(command.hold_id)
            if known is None:
                raise Refusal("hold_not_found")
            if known.verb is None:
                return None
            if known.verb != _ENDINGS[type(command)]:
                raise Refusal(f"hold_{known.verb}")
            self._same(known.intent, command.intent)
            return known.end
        if operation_key(command) not in self.answers:
            return None
        first, answer = self.answers[operation_key(command)]
        for name in sorted({*first.__slots__, *command.__slots__}):
            if getattr(first, name) != getattr(command, name):
                raise Refusal("operation_key_reused", name)
        return answer

    def _same(self, first: str, second: str) -> None:
        if first != second:
            raise Refusal("operation_key_reused", "asked" if "asked" in first else "cost")

    def _move(self, debit: str, credit: str, amount: int) -> None:
        self.names[debit] = self.names.get(debit, 0) - amount
        self.names[credit] = self.names.get(credit, 0) + amount

    def _end(self, bucket: Bucket, destination: str) -> int:
        rest = bucket.free
        self._move("wallet", destination, rest)
        bucket.remaining, bucket.state, bucket.destination = bucket.held, "ended", destination
        return rest

    def _burning(self) -> list[Bucket]:
        def position(bucket: Bucket) -> tuple[Any, ...]:
            never = bucket.expires_at is None
            kind = _KINDS.index(bucket.kind)
            return (bucket.priority, never, bucket.expires_at or 0, kind, bucket.created_at, bucket.id.int)

        return sorted((b for b in self.buckets.values() if b.state == "open" and b.free), key=position)

    # -- holds -------------------------------------------------------------------------------------------------

    def _authorize(self, command: Authorize) -> dict[str, Any]:
        amount = min(command.asked, self.spendable)
        if amount < command.floor:
            answer = {"refused": "account_balance", "needed": command.floor, "spendable": self.spendable}
            self.refused[command.hold_id] = (command.intent, answer)
            return answer
        left, parts = amount, []
        for bucket in self._burning():
            take = min(left, bucket.free)
            if take:
                bucket.held += take
                parts.append((bucket.id, take))
            left -= take
        expires_at = self.now + command.expires_in
        self.holds[command.hold_id] = Reservation(command, amount, parts, expires_at)
        return {"held": amount, "parts": parts}

    def _resolve(self, command: Capture | Void | Expire) -> dict[str, Any]:
        hold = self.holds[command.hold_id]
        if isinstance(command, Expire) and self.now < hold.expires_at:
            raise Refusal("hold_not_due")
        cost = command.cost if isinstance(command, Capture) else 0
        left = captured = min(cost, hold.amount)
        for bucket_id, reserved in hold.parts:
            bucket = self.buckets[bucket_id]
            take = min(left, reserved)
            left -= take
            bucket.held -= reserved
            self._charge(hold, bucket, take)
            if bucket.state == "ended" and reserved - take:
                bucket.remaining -= reserved - take
                self._move("wallet", bucket.destination or "", reserved - take)
        beyond, overage = cost - captured, 0
        for bucket in self._burning() if beyond else []:
            take = min(beyond - overage, bucket.free)
            self._charge(hold, bucket, take)
            overage += take
        self._move("uncollected", "revenue", beyond - overage)
        hold.verb, hold.intent = _ENDINGS[type(command)], command.intent
        hold.end = {
            "verb": hold.verb, "captured": captured, "released": hold.amount - captured, "overage": overage,
            "uncollected": beyond - overage,
        }  # fmt: skip
        return hold.end

    def _charge(self, hold: Reservation, bucket: Bucket, amount: int) -> None:
        if amount:
            bucket.remaining -= amount
            bucket.spent += amount
            self._move("wallet", "revenue", amount)
            hold.paid.append([bucket.id, amount, 0])

    # -- grants ------------------------------------------------------------------------------------------------

    def _operate(self, command: Command, new_ids: Iterator[UUID]) -> dict[str, Any]:
        match command:
            case Credit():
                ids = [self._new(spec, (command.source_kind, command.source_id), new_ids) for spec in command.grants]
                return {"grants": [id_.hex for id_ in ids], "credited": sum(spec.amount for spec in command.grants)}
            case EndGrant():
                bucket = self._alive(command.grant_id)
                reserved = bucket.held
                return {"ended": self._end(bucket, command.destination), "reserved": reserved}
            case Freeze() | Unfreeze():
                return self._freeze(command)
            case RefundCharge():
                return self._refund_charge(command, new_ids)
            case RefundCash():
                return self._refund_cash(command)
            case RestoreCash():
                return self._restore_cash(command, new_ids)
            case Adjust():
                return self._adjust(command, new_ids)
            case PostUncollected():
                if command.hold_id not in self.holds:
                    raise Refusal("hold_not_found")
                self._move("uncollected", "revenue", command.amount)
                return {"uncollected": command.amount}
        raise AssertionError(command)

    def _new(self, spec: Any, source: tuple[str, str], new_ids: Iterator[UUID]) -> UUID:
        id_ = next(new_ids)
        self.buckets[id_] = Bucket(
            id=id_, kind=str(spec.kind), priority=spec.priority, expires_at=spec.expires_at, created_at=self.now,
            origin=spec.origin, source=source, amount=spec.amount, remaining=spec.amount,
        )  # fmt: skip
        self._move(spec.origin, "wallet", spec.amount)
        return id_

    def _alive(self, grant_id: UUID) -> Bucket:
        if grant_id not in self.buckets:
            raise Refusal("grant_not_found")
        if self.buckets[grant_id].state == "ended":
            raise Refusal("grant_ended")
        return self.buckets[grant_id]

    def _freeze(self, command: Freeze | Unfreeze) -> dict[str, Any]:
        bucket = self._alive(command.grant_id)
        wanted = "frozen" if isinstance(command, Freeze) else "open"
        if bucket.state == wanted:
            raise Refusal(f"grant_{wanted}_already")
        bucket.state = wanted
        answer = {"state": wanted, "remaining": bucket.remaining, "reserved": bucket.held}
        if wanted == "open" and bucket.expires_at is not None and bucket.expires_at <= self.now:
            self._end(bucket, "breakage")
            answer["state"] = "ended"
        return answer

    def _refund_charge(self, command: RefundCharge, new_ids: Iterator[UUID]) -> dict[str, Any]:
        if command.hold_id not in self.holds:
            raise Refusal("hold_not_found")
        paid = self.holds[command.hold_id].paid
        refundable = sum(charged - refunded for _, charged, refunded in paid)
        amount = refundable if command.amount is None else command.amount
        if not amount:
            raise Refusal("nothing_to_refund")
        if amount > refundable:
            raise Refusal("refund_exceeds_charge")
        left, parts = amount, []
        for leg in reversed(paid):
            part = min(left, leg[1] - leg[2])
            if part:
                parts.append(self._give_back(self.buckets[leg[0]], part, command, new_ids))
                leg[2] += part
                left -= part
        return {"refunded": amount, "parts": parts}

    def _give_back(self, bucket: Bucket, amount: int, command: RefundCharge, new_ids: Iterator[UUID]) -> dict[str, Any]:
        if bucket.state == "frozen":
            to = "compensation" if bucket.origin == "revenue" else bucket.origin
            bucket.spent -= amount
            self._move("revenue", to, amount)
            if bucket.kind == "paid":
                self.in_clearing[bucket.source] = self.in_clearing.get(bucket.source, 0) + amount
            return {"grant": bucket.id.hex, "amount": amount, "to": to}
        self._move("revenue", "wallet", amount)
        if bucket.state == "ended":
            id_ = next(new_ids)
            bucket = Bucket(
                id=id_, kind="compensation", priority=bucket.priority, expires_at=self.now + THIRTY_DAYS,
                created_at=self.now, origin="revenue", source=("refund", command.source_id), amount=amount, remaining=0,
                spent=amount,
            )  # fmt: skip
            self.buckets[id_] = bucket
        bucket.remaining += amount
        bucket.spent -= amount
        return {"grant": bucket.id.hex, "amount": amount, "to": "wallet"}

    def _refund_cash(self, command: RefundCash) -> dict[str, Any]:
        order = (command.source_kind, command.order_id)
        grants = [bucket for bucket in self.buckets.values() if bucket.source == order]
        all_paid = [bucket for bucket in grants if bucket.kind == "paid"]
        if not all_paid:
            raise Refusal("order_not_credited")
        paid = next((bucket for bucket in all_paid if bucket.state != "ended"), all_paid[0])
        bonuses = [bucket for bucket in grants if bucket.kind != "paid"]
        rest = 0 if paid.state == "ended" else paid.free
        covered = 0
        if command.already_returned:
            covered = min(command.amount, self.in_clearing.get(order, 0))
            taken = min(command.amount - covered, rest)
        else:
            taken = command.amount
            if taken > max(0, rest - sum(bonus.spent for bonus in bonuses)):
                raise Refusal("refund_exceeds_credit")
        shortfall = command.amount - covered - taken
        self._move("wallet", paid.origin, taken)
        paid.remaining -= taken
        self._move("uncollected", paid.origin, shortfall)
        self.in_clearing[order] = self.in_clearing.get(order, 0) - covered
        self.returned[order] = self.returned.get(order, 0) + command.amount
        if paid.state != "ended" and self.returned[order] >= max(bucket.amount for bucket in all_paid):
            self._end(paid, "uncollected")
        unspent = sum(self._end(bonus, "promotions") for bonus in bonuses if bonus.state != "ended")
        return {"taken": taken, "covered": covered, "shortfall": shortfall, "bonus_returned": unspent}

    def _restore_cash(self, command: RestoreCash, new_ids: Iterator[UUID]) -> dict[str, Any]:
        _, refund = self.answers.get(f"refund_cash:{command.source_id}", (None, {"taken": 0}))
        if not refund["taken"]:
            raise Refusal("cash_refund_not_found")
        order = (command.source_kind, command.order_id)
        grants = [bucket for bucket in self.buckets.values() if bucket.source == order]
        paid = next((one for one in grants if one.kind == "paid" and one.state != "ended"), None)
        new: list[str] = []
        amounts = {"paid": refund["taken"], "bonus": refund["bonus_returned"]}
        if paid is not None:
            paid.remaining += refund["taken"]
            self._move(paid.origin, "wallet", refund["taken"])
            del amounts["paid"]
        for what, amount in amounts.items():
            if amount:
                like = next(one for one in grants if (one.kind == "paid") == (what == "paid"))
                over = like.expires_at is not None and like.expires_at <= self.now
                id_ = next(new_ids)
                self.buckets[id_] = Bucket(
                    id=id_, kind=like.kind, priority=like.priority, created_at=self.now, origin=like.origin,
                    expires_at=self.now + THIRTY_DAYS if over else like.expires_at, source=order, amount=amount,
                    remaining=amount,
                )  # fmt: skip
                self._move(like.origin if what == "paid" else "promotions", "wallet", amount)
                new.append(id_.hex)
        self.returned[order] -= refund["taken"]
        return {"restored": refund["taken"], "bonus_restored": refund["bonus_returned"], "grants": new}

    def _adjust(self, command: Adjust, new_ids: Iterator[UUID]) -> dict[str, Any]:
        if command.amount > 0:
            spec = GrantSpec(
                kind=command.kind, amount=command.amount, origin=command.counterpart, expires_at=command.expires_at
            )
            id_ = self._new(spec, ("adjustment", command.source_id), new_ids)
            return {"adjusted": command.amount, "grants": [id_.hex]}
        left = -command.amount
        if left > self.spendable:
            raise Refusal("adjustment_exceeds_balance")
        touched = []
        for bucket in self._burning():
            take = min(left, bucket.free)
            if take:
                bucket.remaining -= take
                bucket.spent += take
                self._move("wallet", command.counterpart, take)
                touched.append(bucket.id.hex)
                left -= take
        return {"adjusted": command.amount, "grants": touched}
