"""A customer's key with everything in order, and ways to put single things out of order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from counterfoil.foundation.periods import Window, read_time
from counterfoil.limits.model import (
    WINDOW_INDEX,
    Ask,
    Decision,
    Group,
    Key,
    Limit,
    Problem,
    Scope,
    Status,
    Unit,
    UsageKey,
    UsedAndHeld,
    WalletView,
)
from counterfoil.limits.rules import admit, compile_applicable, decide, windows_at
from counterfoil.limits.tokens import hash_token

OpenAccount = Callable[[], Awaitable[UUID]]

UNIT = 1_000_000_000
NOON = read_time("2026-03-15T12:00:20Z")
ACCOUNT = UUID(int=1)
GROUP = Group(group_id=UUID(int=2), name="research")
KEY = Key(
    key_id=UUID(int=3), group_id=GROUP.group_id, name="laptop", token_hash=hash_token("sk-cf-mine"), mask="sk-…mine"
)
SCOPE_IDS = {Scope.ACCOUNT: ACCOUNT, Scope.GROUP: GROUP.group_id, Scope.KEY: KEY.key_id}


def limit(number: int, scope: Scope, amount: int, *, unit: Unit = Unit.MONEY, window: Window = Window.MONTH) -> Limit:
    return Limit(
        limit_id=UUID(int=100 + number), scope=scope, scope_id=SCOPE_IDS[scope], unit=unit, window=window, amount=amount
    )


ASK = Ask(base_nanos=UNIT // 100, output_nanos_per_million=10 * UNIT, input_tokens=500, floor_cap=1024, asked_cap=4096)
WALLET = WalletView(spendable=10 * UNIT, currency="USD", account_status="active")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call and everything that decides it; served unless something is changed."""

    ask: Ask | None = ASK
    wallet: WalletView = WALLET
    key: Key = KEY
    group: Group | None = GROUP
    limits: tuple[Limit, ...] = ()
    usages: dict[UsageKey, UsedAndHeld] = field(default_factory=dict)
    model: str = "gpt-5"
    client_address: str = "192.0.2.7"
    token_hash: bytes | None = KEY.token_hash
    now: int = NOON
    time_zone: str = "UTC"
    problems: tuple[Problem, ...] = ()

    def but(self, **changes: Any) -> Call:
        return replace(self, **changes)

    def with_limit(self, added: Limit, *, used: int = 0, held: int = 0) -> Call:
        usages = dict(self.usages)
        if added.window is not Window.REQUEST:
            start = windows_at(self.now, self.time_zone).starts[WINDOW_INDEX[added.window]]
            usages[added.limit_id, start] = (used, held)
        return replace(self, limits=(*self.limits, added), usages=usages)

    def _arguments(self) -> dict[str, Any]:
        return {
            "wallet": self.wallet,
            "applicable": compile_applicable(key=self.key, group=self.group, limits=self.limits, at=self.now),
            "usages": self.usages,
            "windows": windows_at(self.now, self.time_zone),
            "model": self.model,
            "client_address": self.client_address,
            "token_hash": self.token_hash,
            "now": self.now,
        }

    def decide(self) -> Decision:
        return decide(self.ask, **self._arguments(), problems=self.problems)

    def admit(self) -> tuple[int, int] | None:
        assert self.ask is not None
        return admit(self.ask, **self._arguments())


def _problem(code: str, retry_after: int | None = None) -> Callable[[Call], Call]:
    return lambda call: call.but(problems=(*call.problems, Problem(code=code, retry_after=retry_after)))


# For every code, what makes a call fail with it. Each change leaves the others' effect alone.
BREAK: dict[str, Callable[[Call], Call]] = {
    "key_invalid": lambda call: call.but(token_hash=hash_token("sk-cf-replaced")),
    "key_disabled": lambda call: call.but(key=replace(call.key, status=Status.DISABLED)),
    "key_expired": lambda call: call.but(key=replace(call.key, expires_at=call.now)),
    "ip_not_allowed": lambda call: call.but(key=replace(call.key, allowed_addresses=("198.51.100.0/24",))),
    "account_suspended": lambda call: call.but(wallet=replace(call.wallet, account_status="suspended")),
    "model_not_permitted": lambda call: call.but(key=replace(call.key, allowed_models=("claude-*",))),
    "bad_request": _problem("bad_request"),
    "model_not_found": _problem("model_not_found"),
    "idempotency_key_reused": _problem("idempotency_key_reused"),
    "duplicate_submission": _problem("duplicate_submission"),
    "too_many_in_flight": lambda call: call.with_limit(
        limit(1, Scope.KEY, 2, unit=Unit.IN_FLIGHT, window=Window.LIFETIME), held=2
    ),
    "rate_limited": lambda call: call.with_limit(
        limit(2, Scope.KEY, 60, unit=Unit.REQUESTS, window=Window.MINUTE), used=60
    ),
    "cost_unbounded": _problem("cost_unbounded"),
    "request_ceiling": lambda call: call.with_limit(limit(3, Scope.GROUP, 1, window=Window.REQUEST)),
    "key_limit": lambda call: call.with_limit(limit(4, Scope.KEY, UNIT, window=Window.DAY), used=UNIT),
    "group_quota": lambda call: call.with_limit(limit(5, Scope.GROUP, UNIT, window=Window.MONTH), held=UNIT),
    "account_balance": lambda call: call.but(wallet=replace(call.wallet, spendable=0)),
    "price_missing": _problem("price_missing"),
    "overloaded": _problem("overloaded", retry_after=1),
    "upstream_unavailable": _problem("upstream_unavailable", retry_after=5),
    "upstream_error": _problem("upstream_error"),
    "upstream_timeout": _problem("upstream_timeout"),
}
