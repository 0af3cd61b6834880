"""The checks of a recorded decision: read as they were made, and worded for a reader. Pure.

A refusal recorded every check with its answer. A request that was admitted recorded how the wallet and every limit
stood, from which the checks that it passed are made again.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from counterfoil.evidence.model import Audience, Fact, ShownCheck, Surroundings
from counterfoil.foundation.errors import Broken
from counterfoil.foundation.periods import Window, show_time, window_bounds
from counterfoil.foundation.vocabulary import Facts, Kind, Language, Reader, entry, text
from counterfoil.foundation.vocabulary.sentences import sentence_of_check, show_moment, show_money
from counterfoil.limits.model import Check, Limit, Scope, Unit
from counterfoil.limits.rules import limit_code
from counterfoil.limits.usage import unpack_counted
from counterfoil.spend.model import RequestView

# People check account, group, key, model and cost in this order, whatever it was recorded in.
_RANKS = {Scope.ACCOUNT: 0, Scope.GROUP: 1, Scope.KEY: 2, Scope.MODEL: 3, Scope.COST: 4, Scope.REQUEST: 5}
_RANKS_OF_CODES = {"model_not_permitted": 3, "model_not_found": 3, "price_missing": 3, "request_ceiling": 4}
# Whoever may not call at all learns nothing of limits and models here.
_ACCESS_CODES = frozenset({"key_invalid", "key_disabled", "key_expired", "ip_not_allowed", "account_suspended"})
_SERVICE_CODES = frozenset({"overloaded", "upstream_unavailable", "upstream_error", "upstream_timeout"})
_LIMIT_LABELS = {
    Scope.ACCOUNT: "check_account_limit",
    Scope.GROUP: "check_group_quota",
    Scope.KEY: "check_key_limit",
}
_UNIT_LABELS = {Unit.REQUESTS: "check_requests", Unit.TOKENS: "check_tokens", Unit.IN_FLIGHT: "check_in_flight"}
_FIGURES = ("amount", "used", "held", "remaining", "needed")


def recorded_checks(view: RequestView, around: Surroundings) -> tuple[Check, ...]:
    """Every check of the decision, in the order people check them; raises `Broken` where the record is unreadable."""
    try:
        body = json.loads(view.checks)
        found = [_read_check(one) for one in body["checks"]] if "checks" in body else _passed_checks(body, view, around)
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(what="checks of a request", id=view.request_id.hex) from error
    return tuple(sorted(found, key=_rank))


def passing_cap(view: RequestView) -> int | None:
    """The output cap that a refusal named as one that would pass."""
    cap = json.loads(view.checks).get("passing_cap")
    return cap if isinstance(cap, int) else None


def _rank(check: Check) -> int:
    return _RANKS_OF_CODES.get(check.code, _RANKS[check.scope])


def _read_check(body: dict[str, Any]) -> Check:
    return Check(
        scope=Scope(body["scope"]),
        code=body["code"],
        passed=body["passed"],
        limit_id=UUID(hex=body["limit_id"]) if "limit_id" in body else None,
        unit=Unit(body["unit"]) if "unit" in body else None,
        window=Window(body["window"]) if "window" in body else None,
        amount=body.get("amount"),
        used=body.get("used"),
        held=body.get("held"),
        remaining=body.get("remaining"),
        needed=body.get("needed"),
        resets_at=body.get("resets_at"),
        retry_after=body.get("retry_after"),
    )


def _passed_checks(body: dict[str, Any], view: RequestView, around: Surroundings) -> list[Check]:
    """What an admitted request passed: access (always asked), the wallet, and every limit that was in force."""
    checks = [
        Check(scope=Scope.ACCOUNT, code="account_suspended", passed=True),
        Check(scope=Scope.KEY, code="key_disabled", passed=True),
        Check(scope=Scope.KEY, code="key_invalid", passed=True),
    ]
    if view.group_id is not None:
        checks.append(Check(scope=Scope.GROUP, code="key_disabled", passed=True))
    spendable: int = body["spendable"]
    checks.append(
        Check(
            scope=Scope.ACCOUNT, code="account_balance", passed=spendable >= (view.needed_nanos or 0), unit=Unit.MONEY,
            remaining=spendable, needed=view.needed_nanos,
        )
    )  # fmt: skip
    tokens = {counted.limit_id: counted.held for counted in unpack_counted(around.counted)}
    for limit_hex, start, amount, used, held in body["limits"]:
        limit_id = UUID(hex=limit_hex)
        name = around.limits[limit_id]
        limit = Limit(
            limit_id=limit_id, scope=name.scope, scope_id=limit_id, unit=name.unit, window=name.window, amount=amount
        )
        needed = {Unit.MONEY: view.needed_nanos, Unit.TOKENS: tokens.get(limit_id)}.get(name.unit, 1)
        # A moment inside the window says when it ends; a lifetime begins at 0 and has no end.
        _, resets_at = window_bounds(name.window, start, around.time_zone)
        checks.append(
            Check(
                scope=name.scope, code=limit_code(limit), passed=used + held + (needed or 0) <= amount,
                limit_id=limit_id, unit=name.unit, window=name.window, amount=amount, used=used, held=held,
                remaining=max(0, amount - used - held), needed=needed, resets_at=resets_at,
            )
        )  # fmt: skip
    return checks


def seen_checks(checks: tuple[Check, ...], *, code: str | None, audience: Audience) -> tuple[Check, ...]:
    """The checks that an audience may know of."""
    if audience is Audience.PUBLIC and code in _ACCESS_CODES:
        return tuple(check for check in checks if check.code == code)
    return checks


def show_check(check: Check, *, reader: Reader, facts: Facts, audience: Audience) -> ShownCheck:
    """The check in words. For the public it has no numbers but the time of its reset."""
    language = reader.language
    verdict = entry(Kind.WORD, "passed" if check.passed else "not_passed").label[language]
    figures = _amount_figures(check, reader) if audience.sees_amounts else []
    if check.resets_at is not None:
        shown = show_moment(check.resets_at, reader, seconds=check.window is Window.MINUTE)
        figures.append(_figure("resets_at", shown, show_time(check.resets_at), language))
    return ShownCheck(
        scope=check.scope,
        code=check.code,
        passed=check.passed,
        unit=check.unit,
        window=check.window,
        label=check_label(check, language),
        verdict=verdict,
        sentence=None if check.passed else sentence_of_check(check, reader=reader, facts=facts),
        figures=tuple(figures),
    )


def check_label(check: Check, language: Language) -> str:
    """What the check asks, such as "Group quota, monthly"."""
    holder = entry(Kind.WORD, f"holder_{check.scope}").label[language]
    window = entry(Kind.LIMIT_WINDOW, check.window).label[language] if check.window is not None else ""
    return text(Kind.WORD, _label_code(check), language, holder=holder, window=window)


def _label_code(check: Check) -> str:
    if check.unit is not None and check.unit is not Unit.MONEY:
        return _UNIT_LABELS[check.unit]
    if check.unit is Unit.MONEY and check.amount is not None and check.window is not Window.REQUEST:
        return _LIMIT_LABELS[check.scope]
    return "check_service" if check.code in _SERVICE_CODES else f"check_{check.code}"


def _amount_figures(check: Check, reader: Reader) -> list[Fact]:
    figures = []
    for name in _FIGURES:
        value = getattr(check, name)
        # A ceiling adds nothing up.
        if value is None or (check.window is Window.REQUEST and name in ("used", "held", "remaining")):
            continue
        if check.unit is Unit.MONEY:
            shown = show_money(value, reader.currency or "", up=name == "needed")
        else:
            shown = f"{value:,}"
        figures.append(_figure(name, shown, value, reader.language))
    return figures


def _figure(name: str, shown: str, value: int | str, language: Language) -> Fact:
    return Fact(name=name, label=entry(Kind.WORD, name).label[language], text=shown, value=value)
