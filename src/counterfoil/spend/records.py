"""What the guard writes down: the ask behind a hold, the decision's checks, what was delivered, each attempt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.ledger.model import HoldEnd
from counterfoil.limits.model import (
    WINDOW_INDEX,
    Applicable,
    Ask,
    Decision,
    Policy,
    Problem,
    UsageKey,
    UsedAndHeld,
    Windows,
)
from counterfoil.pricing.rules import bound
from counterfoil.pricing.usage import to_json as usage_json
from counterfoil.spend.model import Arrival, Attempt, ChargeMark, Delivery, Failure, RequestState, RequestView, Ticket
from counterfoil.storage.outbox import Announcement

_NONE: UsedAndHeld = (0, 0)
_TIMES_ONE = 1000
_RETRY_COUNT_MAX = 1_000_000


def storable(text: str) -> str:
    """Text as PostgreSQL takes it: an upstream's words and a client's name may hold zero bytes and half characters."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def storable_arrival(arrival: Arrival) -> Arrival:
    """The arrival with fields that fit their columns. One command that PostgreSQL refuses leaves no row (L5)."""
    model, client, address = arrival.model, arrival.client, arrival.client_address
    retry_count = arrival.retry_count
    if (
        (model is None or storable(model) is model)
        and storable(client) is client
        and storable(address) is address
        and (retry_count is None or 0 <= retry_count <= _RETRY_COUNT_MAX)
    ):
        return arrival
    return replace(
        arrival, model=None if model is None else storable(model), client=storable(client),
        client_address=storable(address),
        retry_count=None if retry_count is None else max(0, min(retry_count, _RETRY_COUNT_MAX)),
    )  # fmt: skip


def multiplier_of(applicable: Applicable) -> int:
    """The price tier of the key's group, in thousandths; a key without a group pays the book's price."""
    return _TIMES_ONE if applicable.group is None else applicable.group.price_tier_millis


def ask_of(ticket: Ticket, applicable: Applicable, currency: str) -> tuple[Ask | None, tuple[Problem, ...]]:
    """What the call may cost with its group's price tier, and what speaks against it before any limit is asked.

    None where its cost cannot be known. A price in another currency than the wallet's (`currency`) is no price for it.
    """
    upper, price, shape = ticket.bound, ticket.price, ticket.arrival.shape
    if upper is None or price is None or shape is None:
        return None, ticket.problems
    if price.currency != currency:
        return None, (*ticket.problems, Problem(code="price_missing"))
    multiplier_millis = multiplier_of(applicable)
    if multiplier_millis != _TIMES_ONE:
        upper = bound(price, shape, multiplier_millis=multiplier_millis, strict=ticket.strict_bound)
    ask = Ask(
        base_nanos=upper.base_nanos, output_nanos_per_million=upper.output_nanos_per_million,
        input_tokens=upper.input_tokens, outputs=upper.outputs, floor_cap=upper.floor_cap, asked_cap=upper.asked_cap,
        policy=Policy.FIT if ticket.fit else Policy.STRICT,
    )  # fmt: skip
    return ask, ticket.problems


def standing_json(
    applicable: Applicable, usages: Mapping[UsageKey, UsedAndHeld], windows: Windows, spendable: int
) -> str:
    """How the wallet and every limit stood before a served call: the numbers of its checks, as compact JSON.

    `{"spendable": n, "limits": [[limit, window start, amount, used, held], …]}`; scope and unit are the limit's own.
    """
    starts = windows.starts
    parts = []
    for limit in applicable.limits:
        start = starts[WINDOW_INDEX.get(limit.window, 0)]
        used, held = usages.get((limit.limit_id, start), _NONE)
        parts.append(f'["{limit.limit_id.hex}",{start},{limit.amount},{used},{held}]')
    return f'{{"spendable":{spendable},"limits":[{",".join(parts)}]}}'


def checks_json(decision: Decision) -> str:
    """Every check of a refusal, as JSON."""
    checks = []
    for check in decision.checks:
        fields: dict[str, Any] = {"scope": check.scope, "code": check.code, "passed": check.passed}
        if check.limit_id is not None:
            fields["limit_id"] = check.limit_id.hex
        for name in ("unit", "window", "amount", "used", "held", "remaining", "needed", "resets_at", "retry_after"):
            value = getattr(check, name)
            if value is not None:
                fields[name] = value
        checks.append(fields)
    body = {
        "checks": checks,
        "passing_cap": decision.passing_cap,
        "retry_after": decision.retry_after,
        "curable": decision.curable,
    }
    return json.dumps(body, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A delivery with its price: what a capture writes on its request."""

    delivery: Delivery
    tokens: int
    # Counts by kind, as `pricing.usage.to_json` writes them.
    counts: str
    arithmetic: str
    # What each attempt costs us, by the upstreams' price books.
    costs: tuple[int | None, ...] = ()
    # Rows of other rooms (`guard.Along`), written in the same transaction.
    along: tuple[Any, ...] = ()

    def row(self, end: HoldEnd) -> tuple[Any, ...]:
        """The columns of `store.END_REQUESTS`."""
        delivery = self.delivery
        return (
            end.account_id, end.hold_id,
            RequestState.CLIENT_GONE if delivery.client_gone else RequestState.SERVED,
            ChargeMark.CHARGED if end.charged else ChargeMark.NOT_CHARGED,
            None, delivery.status_code, delivery.first_byte_at, delivery.ended_at, end.charged, end.uncollected,
            self.counts, self.arithmetic, delivery.usage.estimated, None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A failure with what its attempts cost us: what a void writes on its request."""

    failure: Failure
    costs: tuple[int | None, ...] = ()
    along: tuple[Any, ...] = ()

    def row(self, end: HoldEnd) -> tuple[Any, ...]:
        """The columns of `store.END_REQUESTS`."""
        failure = self.failure
        return (
            end.account_id, end.hold_id, RequestState.FAILED, ChargeMark.NOT_CHARGED, failure.code,
            failure.status_code, None, failure.ended_at, 0, 0, None, None, False, _kept(failure.error_text),
        )  # fmt: skip


def attempt_row(account_id: UUID, request_id: UUID, attempt: Attempt, cost_nanos: int | None) -> tuple[Any, ...]:
    """The columns of `store.INSERT_ATTEMPTS`. `cost_nanos` is what the upstream will bill, where its prices are known."""
    return (
        account_id, request_id, attempt.number, attempt.upstream, attempt.upstream_model, attempt.started_at,
        attempt.ended_at, attempt.outcome, attempt.status_code, _kept(attempt.response_id), _kept(attempt.error_text),
        usage_json(attempt.usage) if attempt.usage is not None else None, cost_nanos,
    )  # fmt: skip


def task_refunded(task: RequestView, *, refunded: int, source_id: str) -> Announcement:
    """What a task's people are told. Somebody has typed the source's id: here it only has to be the same again."""
    return Announcement(
        kind="task_refunded",
        key=f"task_refunded:{task.request_id.hex}:{sha256(source_id.encode()).hexdigest()}",
        account_id=task.account_id,
        facts={"task": show_id("task", task.request_id), "refunded": f"{format_nanos(refunded)} {task.currency}"},
    )


def _kept(text: str | None) -> str | None:
    return None if text is None else storable(text)
