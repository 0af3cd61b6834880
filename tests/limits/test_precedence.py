"""One code of several, by the table; and every failing scope in the report."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.periods import Window
from counterfoil.limits.model import Group, Scope, Status, Unit
from counterfoil.limits.rules import PRECEDENCE
from limits.examples import BREAK, GROUP, KEY, UNIT, Call, limit


def test_every_code_of_the_table_can_be_the_answer() -> None:
    assert set(BREAK) == set(PRECEDENCE)


@pytest.mark.parametrize("code", PRECEDENCE)
def test_a_call_with_one_thing_wrong_is_refused_for_that(code: str) -> None:
    decision = BREAK[code](Call()).decide()
    assert decision.code == code
    assert [check.code for check in decision.failing] == [code]
    assert decision.output_cap is None


def test_a_call_with_nothing_wrong_is_served_in_full() -> None:
    decision = Call().decide()
    assert decision.passed
    assert (decision.output_cap, decision.needed_nanos, decision.needed_tokens) == (4096, 50_960_000, 4596)
    assert decision.failing == ()


@given(codes=st.sets(st.sampled_from(PRECEDENCE), min_size=1))
def test_of_several_failing_checks_the_first_of_the_table_gives_the_code_and_all_are_reported(codes: set[str]) -> None:
    call = Call()
    for code in codes:
        call = BREAK[code](call)
    decision = call.decide()
    assert decision.code == next(code for code in PRECEDENCE if code in codes)
    assert {check.code for check in decision.failing} == codes


def test_failing_checks_come_in_the_order_people_check_them() -> None:
    call = Call()
    for code in ("model_not_found", "key_limit", "group_quota", "account_balance", "cost_unbounded", "bad_request"):
        call = BREAK[code](call)
    scopes = [check.scope for check in call.decide().failing]
    assert scopes == [Scope.ACCOUNT, Scope.GROUP, Scope.KEY, Scope.MODEL, Scope.COST, Scope.REQUEST]


def test_a_limit_that_passes_is_reported_with_its_numbers_too() -> None:
    monthly = limit(1, Scope.GROUP, 5 * UNIT)
    decision = Call().with_limit(monthly, used=2 * UNIT, held=UNIT).decide()
    (check,) = [check for check in decision.checks if check.limit_id == monthly.limit_id]
    assert check.passed
    assert (check.code, check.unit, check.window) == ("group_quota", Unit.MONEY, Window.MONTH)
    assert (check.amount, check.used, check.held, check.remaining) == (5 * UNIT, 2 * UNIT, UNIT, 2 * UNIT)
    assert check.needed == decision.needed_nanos


def test_the_wallet_is_a_check_of_the_account_without_a_limit() -> None:
    decision = BREAK["account_balance"](Call()).decide()
    (check,) = decision.failing
    assert (check.scope, check.limit_id, check.amount, check.remaining) == (Scope.ACCOUNT, None, None, 0)
    assert check.needed == 20_240_000


def test_a_limit_of_the_account_refuses_as_its_balance_does_and_names_itself() -> None:
    daily = limit(1, Scope.ACCOUNT, UNIT, window=Window.DAY)
    decision = Call().with_limit(daily, used=UNIT).decide()
    assert decision.code == "account_balance"
    assert [check.limit_id for check in decision.failing] == [daily.limit_id]


@pytest.mark.parametrize("scope", [Scope.ACCOUNT, Scope.GROUP, Scope.KEY])
def test_a_request_ceiling_may_be_the_accounts_the_groups_or_the_keys(scope: Scope) -> None:
    decision = Call().with_limit(limit(1, scope, 20_000_000, window=Window.REQUEST)).decide()
    assert decision.code == "request_ceiling"
    assert [check.scope for check in decision.failing] == [scope]


def test_a_disabled_group_disables_its_keys_and_is_named() -> None:
    decision = Call(group=Group(group_id=GROUP.group_id, name="research", status=Status.DISABLED)).decide()
    assert decision.code == "key_disabled"
    assert [check.scope for check in decision.failing] == [Scope.GROUP]


def test_limits_of_other_keys_and_groups_do_not_apply() -> None:
    others = (
        replace(limit(1, Scope.KEY, 0), scope_id=GROUP.group_id),
        replace(limit(2, Scope.GROUP, 0), scope_id=KEY.key_id),
    )
    assert Call(limits=others).decide().passed


def test_a_key_without_a_group_has_no_group_checks() -> None:
    call = Call(key=replace(KEY, group_id=None), group=None).with_limit(limit(1, Scope.GROUP, 0))
    assert call.decide().passed
    assert {check.scope for check in call.decide().checks} == {Scope.ACCOUNT, Scope.KEY}


def test_without_a_known_cost_every_other_check_is_still_asked() -> None:
    call = Call(ask=None).with_limit(limit(1, Scope.KEY, UNIT), used=2 * UNIT)
    decision = BREAK["bad_request"](call).decide()
    assert decision.code == "bad_request"
    assert [check.code for check in decision.failing] == ["key_limit", "bad_request"]
    assert decision.needed_nanos is None
    assert all(check.needed is None for check in decision.checks if check.unit is Unit.MONEY)


def test_an_exhausted_limit_does_not_hide_a_missing_price() -> None:
    call = Call(ask=None).with_limit(limit(1, Scope.KEY, UNIT), used=UNIT)
    assert BREAK["price_missing"](call).decide().code == "price_missing"
