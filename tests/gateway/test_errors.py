"""How each code is answered: status, retrying, words, and what numbers a reader may see."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from counterfoil.foundation.periods import Window
from counterfoil.foundation.vocabulary import Kind, Language, entries
from counterfoil.gateway.errors import ANSWERS, Problem, Rendered, render, stream_event
from counterfoil.gateway.model import Misunderstood
from counterfoil.limits.model import Check, Decision, Scope, Unit
from counterfoil.limits.rules import PRECEDENCE
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstream_errors import CONSEQUENCES

NANOS = 1_000_000_000
REQUEST = "req_0123456789abcdef0123456789abcdef"


def money(scope: Scope, code: str, *, passed: bool = False, amount: int | None = 50, **fields: Any) -> Check:
    return Check(
        scope=scope, code=code, passed=passed, limit_id=UUID(int=1) if amount else None, unit=Unit.MONEY,
        window=Window.DAY if amount else None, amount=amount * NANOS if amount else None, used=41 * NANOS,
        held=3 * NANOS, remaining=6 * NANOS, needed=7 * NANOS, resets_at=1_764_000_000_000_000, **fields,
    )  # fmt: skip


BALANCE = money(Scope.ACCOUNT, "account_balance", amount=None)
GROUP = money(Scope.GROUP, "group_quota")
KEY = money(Scope.KEY, "key_limit")
PACE = Check(
    scope=Scope.KEY, code="rate_limited", passed=False, unit=Unit.REQUESTS, window=Window.MINUTE, amount=60,
    retry_after=12, curable=True,
)  # fmt: skip


def decision(code: str, *checks: Check, **fields: Any) -> Decision:
    return Decision(code=code, currency="USD", checks=checks, **fields)


def answer(problem: Problem, *, dialect: Dialect = Dialect.OPENAI, language: Language = Language.EN) -> Rendered:
    return render(problem, dialect=dialect, language=language, public_url="https://shop.test")


def refusal(code: str, *checks: Check, show_balance: bool = False, **fields: Any) -> Rendered:
    problem = Problem(
        code=code, request_id=REQUEST, decision=decision(code, *checks, **fields), show_balance=show_balance
    )
    return answer(problem)


def test_every_code_is_in_the_table() -> None:
    codes = {entry.code for entry in entries(Kind.REFUSAL)} | set(PRECEDENCE)
    codes |= {consequence.code for consequence in CONSEQUENCES.values()}
    assert codes <= ANSWERS.keys()


@pytest.mark.parametrize("code", sorted(ANSWERS))
@pytest.mark.parametrize("dialect", Dialect)
def test_every_code_has_a_body_in_both_dialects_and_languages(code: str, dialect: Dialect) -> None:
    messages = set()
    for language in Language:
        rendered = answer(Problem(code=code, request_id=REQUEST), dialect=dialect, language=language)
        body = json.loads(rendered.body)
        error = body["error"]
        assert error["code"] == code
        assert error["request_id"] == REQUEST
        assert REQUEST in error["message"]
        assert error["decision"]["next_steps"]
        assert error["decision"]["article"].startswith("https://shop.test/help/")
        messages.add(error["message"])
        if dialect is Dialect.ANTHROPIC:
            assert body["type"] == "error"
            assert body["request_id"] == REQUEST
    assert len(messages) == 2


def test_a_recorded_decision_links_to_its_code_and_names_its_request() -> None:
    rendered = answer(Problem(code="key_limit", request_id=REQUEST, recorded=True))
    assert (
        json.loads(rendered.body)["error"]["decision"]["article"]
        == f"https://shop.test/help/key-limit?request={REQUEST}"
    )


def test_waiting_is_only_advised_where_it_helps() -> None:
    def retry(rendered: Rendered) -> tuple[bytes | None, bytes | None]:
        headers = dict(rendered.headers)
        return headers.get(b"x-should-retry"), headers.get(b"retry-after")

    assert retry(refusal("account_balance", BALANCE)) == (b"false", None)
    assert retry(refusal("rate_limited", PACE, curable=True, retry_after=12)) == (None, b"12")
    # Waiting cures the pace and not the limit beside it.
    assert retry(refusal("rate_limited", PACE, KEY, curable=False, retry_after=12)) == (b"false", None)
    # SDKs do not wait longer than a minute: they would come back in seconds.
    assert retry(refusal("rate_limited", PACE, curable=True, retry_after=3_000)) == (b"false", b"3000")
    assert retry(answer(Problem(code="overloaded", request_id=REQUEST))) == (None, b"1")
    assert retry(answer(Problem(code="upstream_unavailable", request_id=REQUEST, retry_after=30))) == (None, b"30")
    assert retry(answer(Problem(code="price_missing", request_id=REQUEST))) == (b"false", None)


def test_a_key_sees_its_own_numbers_and_nobody_elses() -> None:
    rendered = refusal("key_limit", BALANCE, GROUP, KEY)
    checks = {check["code"]: check for check in json.loads(rendered.body)["error"]["decision"]["checks"]}
    assert checks["account_balance"] == {"scope": "account", "code": "account_balance", "verdict": "not_passed"}
    assert checks["group_quota"] == {"scope": "group", "code": "group_quota", "verdict": "not_passed"}
    assert checks["key_limit"] == {
        "scope": "key", "code": "key_limit", "verdict": "not_passed", "unit": "money", "window": "day",
        "amount": "50.00", "used": "41.00", "held": "3.00", "remaining": "6.00", "needed": "7.00", "currency": "USD",
        "resets_at": 1_764_000_000,
    }  # fmt: skip
    # The message names every failing scope.
    message = json.loads(rendered.body)["error"]["message"]
    assert "account balance" in message
    assert "group" in message
    assert "key" in message


def test_the_groups_and_accounts_numbers_need_show_balance() -> None:
    numbers = (b"50.00", b"41.00", b"6.00")
    hidden = refusal("group_quota", BALANCE, GROUP).body
    assert not any(number in hidden for number in numbers)
    shown = refusal("group_quota", BALANCE, GROUP, show_balance=True).body
    assert all(number in shown for number in numbers)


@pytest.mark.parametrize("code", ["key_disabled", "key_expired", "ip_not_allowed", "account_suspended"])
def test_who_may_not_call_learns_nothing_of_limits(code: str) -> None:
    access = Check(scope=Scope.KEY, code=code, passed=False)
    rendered = refusal(code, access, BALANCE, money(Scope.KEY, "key_limit", passed=True), show_balance=True)
    checks = json.loads(rendered.body)["error"]["decision"]["checks"]
    assert [check["code"] for check in checks] == [code]


def test_a_refusal_under_strict_names_the_cap_that_would_pass() -> None:
    body = json.loads(refusal("account_balance", BALANCE, passing_cap=1500).body)["error"]
    assert body["decision"]["passing_output_cap"] == 1500
    assert "1,500" in body["message"]


def test_types_are_those_that_clients_know() -> None:
    def kind(code: str, dialect: Dialect) -> tuple[int, str]:
        rendered = answer(Problem(code=code, request_id=REQUEST), dialect=dialect)
        return rendered.status, json.loads(rendered.body)["error"]["type"]

    assert kind("account_balance", Dialect.OPENAI) == (402, "insufficient_quota")
    assert kind("account_balance", Dialect.ANTHROPIC) == (402, "billing_error")
    assert kind("key_invalid", Dialect.ANTHROPIC) == (401, "authentication_error")
    assert kind("model_not_permitted", Dialect.ANTHROPIC) == (403, "permission_error")
    assert kind("model_not_found", Dialect.ANTHROPIC) == (404, "not_found_error")
    assert kind("rate_limited", Dialect.ANTHROPIC) == (429, "rate_limit_error")
    assert kind("bad_request", Dialect.ANTHROPIC) == (400, "invalid_request_error")
    assert kind("upstream_error", Dialect.ANTHROPIC) == (502, "api_error")


def test_a_bad_request_names_its_field_in_both_languages() -> None:
    wrong = Misunderstood(code="bad_request", problem="field_too_small", parameters={"field": "max_tokens", "least": 1})
    problem = Problem(code="bad_request", request_id=REQUEST, misunderstood=wrong)
    english = json.loads(answer(problem).body)["error"]
    chinese = json.loads(answer(problem, language=Language.ZH).body)["error"]
    assert english["param"] == chinese["param"] == "max_tokens"
    assert "max_tokens must be at least 1" in english["message"]
    assert "Nothing was charged" in english["message"]
    assert "max_tokens 不能小于 1" in chinese["message"]
    assert "没有扣费" in chinese["message"]


def test_a_streams_error_is_one_event() -> None:
    problem = Problem(code="upstream_error", request_id=REQUEST, charge_mark="charged")
    event = stream_event(problem, dialect=Dialect.OPENAI, language=Language.EN, public_url="")
    assert event.startswith(b"event: error\ndata: {")
    assert event.endswith(b"}\n\n")
    assert "has been charged" in json.loads(event.partition(b"data: ")[2])["error"]["message"]
