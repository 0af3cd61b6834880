"""Deciding whether a call is served, how much to hold for it, and why not.

`decide` asks every check and reports each one; `admit` gives the same yes on the hot path, without the report. Pure:
the wallet, the usages and the moment are passed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import translate
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from counterfoil.foundation.periods import MICROS_PER_SECOND, Window, window_bounds
from counterfoil.limits.model import (
    WINDOW_INDEX,
    AccountDuplicates,
    Applicable,
    Ask,
    Check,
    Decision,
    DuplicateRule,
    Group,
    HotLimit,
    Key,
    Limit,
    LimitStanding,
    ModelPatterns,
    Network,
    Problem,
    Scope,
    Status,
    Unit,
    Usage,
    UsageKey,
    UsedAndHeld,
    WalletView,
    Windows,
)

# Of several failing checks the first here gives the refusal its code; within one line the order is the same.
PRECEDENCE = (
    "key_invalid", "key_disabled", "key_expired",
    "ip_not_allowed", "account_suspended", "model_not_permitted",
    "bad_request", "model_not_found",
    "idempotency_key_reused", "duplicate_submission",
    "too_many_in_flight", "rate_limited",
    "cost_unbounded",
    "request_ceiling",
    "key_limit",
    "group_quota",
    "account_balance",
    "price_missing", "overloaded", "upstream_unavailable", "upstream_error", "upstream_timeout",
)  # fmt: skip
_RANK = {code: rank for rank, code in enumerate(PRECEDENCE)}

_SCOPE_RANK = {scope: rank for rank, scope in enumerate(Scope)}
_PROBLEM_SCOPES = {
    "key_invalid": Scope.KEY,
    "model_not_found": Scope.MODEL,
    "price_missing": Scope.MODEL,
    "cost_unbounded": Scope.COST,
}
_QUOTA_CODES = {Scope.ACCOUNT: "account_balance", Scope.GROUP: "group_quota", Scope.KEY: "key_limit"}

ACTIVE_ACCOUNT = "active"
# Calls last seconds, so a place in flight is free again soon; asking sooner than this only adds load.
IN_FLIGHT_RETRY_SECONDS = 2

Usages = Mapping[UsageKey, UsedAndHeld]
_NONE: UsedAndHeld = (0, 0)


def limit_code(limit: Limit) -> str:
    """The code of a refusal by that limit."""
    if limit.unit is Unit.IN_FLIGHT:
        return "too_many_in_flight"
    if limit.unit is not Unit.MONEY:
        return "rate_limited"
    return "request_ceiling" if limit.window is Window.REQUEST else _QUOTA_CODES[limit.scope]


def limit_at(limit: Limit, at: int) -> Limit:
    """The limit as it holds at the instant `at`: raised until its time, and by itself what it was from then on."""
    if limit.raised_amount is None or limit.raised_until is None or limit.raised_from is not None:
        return limit
    if at >= limit.raised_until or limit.raised_amount <= limit.amount:
        return replace(limit, raised_amount=None, raised_until=None)
    return replace(limit, amount=limit.raised_amount, raised_from=limit.amount)


def windows_at(at: int, time_zone: str) -> Windows:
    """The windows of every length that hold the instant `at`."""
    minute_start, minute_end = window_bounds(Window.MINUTE, at, time_zone)
    day_start, day_end = window_bounds(Window.DAY, at, time_zone)
    month_start, month_end = window_bounds(Window.MONTH, at, time_zone)
    assert minute_end is not None
    assert day_end is not None
    assert month_end is not None
    return Windows(
        starts=(0, minute_start, day_start, month_start),
        ends=(None, minute_end, day_end, month_end),
        valid_until=min(minute_end, day_end, month_end),
    )


def standing_of(limit: Limit, *, usages: Usages, windows: Windows) -> LimitStanding:
    """The limit with its usage in the current window."""
    place = WINDOW_INDEX.get(limit.window, 0)
    used, held = usages.get((limit.limit_id, windows.starts[place]), _NONE)
    usage = Usage(limit_id=limit.limit_id, window_start=windows.starts[place], used=used, held=held)
    return LimitStanding(limit=limit, usage=usage, resets_at=windows.ends[place])


def duplicate_rule_of(key: Key, group: Group | None, account: AccountDuplicates | None = None) -> DuplicateRule:
    """The policy that applies to a key: its own, else its group's, else the account's, else `flag`."""
    found = DuplicateRule()
    return DuplicateRule(
        policy=key.duplicate_policy
        or (group.duplicate_policy if group else None)
        or (account.policy if account else None)
        or found.policy,
        window_seconds=key.duplicate_window_seconds
        or (group.duplicate_window_seconds if group else None)
        or (account.window_seconds if account else None)
        or found.window_seconds,
    )


# Addresses and models.


def read_network(text: str) -> Network:
    """An address or network in CIDR form; raises `ValueError`. IPv4 inside IPv6 is read as IPv4."""
    network = ip_network(text.strip(), strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - 96))
    return network


@lru_cache(maxsize=4096)
def _read_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def address_permitted(networks: Sequence[Network], client_address: str) -> bool:
    """Whether the address lies in one of the networks; with no networks every address does."""
    if not networks:
        return True
    address = _read_address(client_address)
    return address is not None and any(address in network for network in networks)


@lru_cache(maxsize=1024)
def compile_patterns(patterns: tuple[str, ...]) -> ModelPatterns:
    """Model patterns (`*`, `?`, `[…]`), ready to be asked; case matters, as it does in model names."""
    plain = frozenset(pattern for pattern in patterns if not any(sign in pattern for sign in "*?["))
    rest = tuple(re.compile(translate(pattern)) for pattern in patterns if pattern not in plain)
    return ModelPatterns(names=plain, patterns=rest)


def compile_applicable(
    *, key: Key, group: Group | None, limits: Iterable[Limit], at: int, duplicates: AccountDuplicates | None = None
) -> Applicable:
    """Everything that limits the key at that time. `limits` may be of the whole account: others' are left out.

    It is good until the next moment at which one of them is no longer raised.
    """
    scopes = {(Scope.KEY, key.key_id)}
    if group is not None:
        scopes.add((Scope.GROUP, group.group_id))
    own = sorted(
        (
            limit_at(limit, at)
            for limit in limits
            if limit.scope is Scope.ACCOUNT or (limit.scope, limit.scope_id) in scopes
        ),
        key=lambda limit: (_SCOPE_RANK[limit.scope], _RANK[limit_code(limit)], limit.limit_id),
    )
    counted = [limit for limit in own if limit.window is not Window.REQUEST]
    ceilings = [limit.amount for limit in own if limit.window is Window.REQUEST]

    def hot(*units: Unit) -> tuple[HotLimit, ...]:
        return tuple(
            (limit.limit_id, WINDOW_INDEX[limit.window], limit.amount) for limit in counted if limit.unit in units
        )

    return Applicable(
        key=key,
        group=group,
        limits=tuple(own),
        duplicates=duplicate_rule_of(key, group, duplicates),
        enabled=key.status is Status.ACTIVE and (group is None or group.status is Status.ACTIVE),
        networks=tuple(read_network(text) for text in key.allowed_addresses),
        key_models=compile_patterns(key.allowed_models),
        group_models=compile_patterns(group.allowed_models if group is not None else ()),
        ceiling=min(ceilings, default=None),
        money=hot(Unit.MONEY),
        tokens=hot(Unit.TOKENS),
        ones=hot(Unit.REQUESTS, Unit.IN_FLIGHT),
        moved=tuple((limit.limit_id, WINDOW_INDEX[limit.window], limit.unit) for limit in counted),
    )


# The hot path.


def admit(
    ask: Ask,
    *,
    wallet: WalletView,
    applicable: Applicable,
    usages: Usages,
    windows: Windows,
    model: str,
    client_address: str,
    token_hash: bytes | None,
    now: int,
) -> tuple[int, int] | None:
    """The output cap and nanos to hold for a call that passes every check; None when `decide` has a reason to refuse.

    `windows` are those of `now`. `token_hash` is that of the presented token (None: the call was not made with one).
    """
    key = applicable.key
    if not applicable.enabled or wallet.account_status != ACTIVE_ACCOUNT:
        return None
    if token_hash is not None and token_hash != key.token_hash:
        return None
    if key.expires_at is not None and now >= key.expires_at:
        return None
    if applicable.networks and not address_permitted(applicable.networks, client_address):
        return None
    if key.allowed_models and not applicable.key_models.permits(model):
        return None
    if not applicable.group_models.permits(model):
        return None

    starts = windows.starts
    nanos = wallet.spendable
    if applicable.ceiling is not None and applicable.ceiling < nanos:
        nanos = applicable.ceiling
    for limit_id, place, amount in applicable.money:
        used, held = usages.get((limit_id, starts[place]), _NONE)
        room = amount - used - held
        if room < nanos:
            nanos = room
    for limit_id, place, amount in applicable.ones:
        used, held = usages.get((limit_id, starts[place]), _NONE)
        if used + held >= amount:
            return None

    cap = ask.largest_cap_for_money(nanos)
    for limit_id, place, amount in applicable.tokens:
        used, held = usages.get((limit_id, starts[place]), _NONE)
        allowed = ask.largest_cap_for_tokens(amount - used - held)
        if allowed < cap:
            cap = allowed
    if cap < ask.least_cap:
        return None
    return cap, ask.money(cap)


# The whole decision.


def decide(
    ask: Ask | None,
    *,
    wallet: WalletView,
    applicable: Applicable,
    usages: Usages,
    windows: Windows,
    model: str | None,
    client_address: str,
    token_hash: bytes | None,
    now: int,
    problems: Sequence[Problem] = (),
) -> Decision:
    """Ask every check of a call and give it one code, by `PRECEDENCE`, or a cap to hold for.

    `ask` is None where the cost is unknown (a bad request, a missing price): checks of amounts then fail only where
    a limit is exceeded already. `model` None asks nothing of models. `problems` are found earlier by the caller.
    """
    checks = _access_checks(applicable, wallet, client_address=client_address, token_hash=token_hash, now=now)
    if model is not None:
        checks += _model_checks(applicable, model)
    checks += [
        Check(
            scope=_PROBLEM_SCOPES.get(problem.code, Scope.REQUEST),
            code=problem.code,
            passed=False,
            retry_after=problem.retry_after,
            curable=problem.retry_after is not None,
        )
        for problem in problems
    ]
    standings = [standing_of(limit, usages=usages, windows=windows) for limit in applicable.limits]
    fitting = cap = None
    if ask is not None:
        fitting = _largest_cap(ask, wallet, standings)
        cap = max(fitting, ask.least_cap)
    nanos = ask.money(cap) if ask is not None and cap is not None else None
    tokens = ask.tokens(cap) if ask is not None and cap is not None else None
    checks.append(_wallet_check(wallet, nanos))
    needs = {Unit.MONEY: nanos, Unit.TOKENS: tokens, Unit.REQUESTS: 1, Unit.IN_FLIGHT: 1}
    checks += [_limit_check(standing, needed=needs[standing.limit.unit], now=now) for standing in standings]
    checks.sort(key=lambda check: _SCOPE_RANK[check.scope])
    decision = _conclude(checks, wallet.currency)
    return replace(
        decision,
        output_cap=cap if decision.passed else None,
        needed_nanos=nanos,
        needed_tokens=tokens,
        passing_cap=_passing_cap(ask, fitting, decision.failing),
    )


def decide_access(
    *, wallet: WalletView, applicable: Applicable, client_address: str, token_hash: bytes | None, now: int
) -> Decision:
    """Whether the key may be used at all: for addresses that cost nothing, such as the list of models."""
    checks = _access_checks(applicable, wallet, client_address=client_address, token_hash=token_hash, now=now)
    checks.sort(key=lambda check: _SCOPE_RANK[check.scope])
    return _conclude(checks, wallet.currency)


def _conclude(checks: Sequence[Check], currency: str) -> Decision:
    """One code for all that failed, and whether waiting cures it."""
    failing = [check for check in checks if not check.passed]
    if not failing:
        return Decision(code=None, currency=currency, checks=tuple(checks))
    code = min((check.code for check in failing), key=_RANK.__getitem__)
    waits = [check.retry_after for check in failing if check.code == code and check.retry_after is not None]
    return Decision(
        code=code,
        currency=currency,
        checks=tuple(checks),
        retry_after=max(waits, default=None),
        curable=all(check.curable for check in failing),
    )


def _access_checks(
    applicable: Applicable, wallet: WalletView, *, client_address: str, token_hash: bytes | None, now: int
) -> list[Check]:
    key, group = applicable.key, applicable.group
    checks = [
        Check(scope=Scope.ACCOUNT, code="account_suspended", passed=wallet.account_status == ACTIVE_ACCOUNT),
        Check(scope=Scope.KEY, code="key_disabled", passed=key.status is Status.ACTIVE),
    ]
    if token_hash is not None:
        # A token that was replaced still leads to its key, so that the refusal has an account to be recorded under.
        checks.append(Check(scope=Scope.KEY, code="key_invalid", passed=token_hash == key.token_hash))
    if group is not None:
        checks.append(Check(scope=Scope.GROUP, code="key_disabled", passed=group.status is Status.ACTIVE))
    if key.expires_at is not None:
        checks.append(Check(scope=Scope.KEY, code="key_expired", passed=now < key.expires_at))
    if applicable.networks:
        permitted = address_permitted(applicable.networks, client_address)
        checks.append(Check(scope=Scope.KEY, code="ip_not_allowed", passed=permitted))
    return checks


def permits_model(applicable: Applicable, model: str) -> bool:
    """Whether a key may call a model, by its own list and its group's."""
    return all(check.passed for check in _model_checks(applicable, model))


def _model_checks(applicable: Applicable, model: str) -> list[Check]:
    checks = []
    group = applicable.group
    if group is not None and group.allowed_models:
        passed = applicable.group_models.permits(model)
        checks.append(Check(scope=Scope.GROUP, code="model_not_permitted", passed=passed))
    if applicable.key.allowed_models:
        passed = applicable.key_models.permits(model)
        checks.append(Check(scope=Scope.KEY, code="model_not_permitted", passed=passed))
    return checks


def _room(standing: LimitStanding) -> int:
    """What is left; below zero where the amount was lowered after it was used, or a charge exceeded its hold."""
    return standing.limit.amount - standing.usage.used - standing.usage.held


def _largest_cap(ask: Ask, wallet: WalletView, standings: Sequence[LimitStanding]) -> int:
    caps = [ask.largest_cap_for_money(wallet.spendable)]
    for standing in standings:
        if standing.limit.unit is Unit.MONEY:
            caps.append(ask.largest_cap_for_money(_room(standing)))
        elif standing.limit.unit is Unit.TOKENS:
            caps.append(ask.largest_cap_for_tokens(_room(standing)))
    return min(caps)


def _passing_cap(ask: Ask | None, fitting: int | None, failing: Sequence[Check]) -> int | None:
    """The cap to name in a refusal: only where less output is all that it takes."""
    if ask is None or fitting is None or not 1 <= fitting < ask.least_cap:
        return None
    return fitting if all(check.unit in (Unit.MONEY, Unit.TOKENS) for check in failing) else None


def _wallet_check(wallet: WalletView, needed: int | None) -> Check:
    return Check(
        scope=Scope.ACCOUNT,
        code="account_balance",
        passed=wallet.spendable >= (needed or 0),
        unit=Unit.MONEY,
        held=wallet.held,
        remaining=wallet.spendable,
        needed=needed,
    )


def _limit_check(standing: LimitStanding, *, needed: int | None, now: int) -> Check:
    """L7: `used + held + needed <= amount`."""
    limit, usage = standing.limit, standing.usage
    passed = usage.used + usage.held + (needed or 0) <= limit.amount
    curable = False
    retry_after = None
    if not passed and limit.unit is not Unit.MONEY and (needed or 0) <= limit.amount:
        curable = True
        retry_after = IN_FLIGHT_RETRY_SECONDS
        if limit.unit is not Unit.IN_FLIGHT and standing.resets_at is not None:
            retry_after = max(1, -((now - standing.resets_at) // MICROS_PER_SECOND))
    return Check(
        scope=limit.scope,
        code=limit_code(limit),
        passed=passed,
        limit_id=limit.limit_id,
        unit=limit.unit,
        window=limit.window,
        amount=limit.amount,
        used=usage.used,
        held=usage.held,
        remaining=standing.remaining,
        needed=needed,
        resets_at=standing.resets_at,
        retry_after=retry_after,
        curable=curable,
    )
