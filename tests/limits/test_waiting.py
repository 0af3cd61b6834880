"""Rates and calls in flight: how long to wait, and whether waiting cures anything."""

from __future__ import annotations

from dataclasses import replace

from counterfoil.foundation.periods import Window, read_time, show_time
from counterfoil.limits.model import Ask, Policy, Scope, Unit
from counterfoil.limits.rules import IN_FLIGHT_RETRY_SECONDS, windows_at
from limits.examples import BREAK, NOON, Call, limit

PER_MINUTE = limit(1, Scope.KEY, 3, unit=Unit.REQUESTS, window=Window.MINUTE)
TOKENS = limit(2, Scope.GROUP, 5000, unit=Unit.TOKENS, window=Window.MINUTE)


def test_requests_per_minute_wait_for_the_minutes_end() -> None:
    decision = Call().with_limit(PER_MINUTE, used=3).decide()
    assert (decision.code, decision.retry_after, decision.curable) == ("rate_limited", 40, True)
    assert decision.failing[0].resets_at == read_time("2026-03-15T12:01:00Z")


def test_a_wait_is_never_shorter_than_the_window() -> None:
    call = Call(now=read_time("2026-03-15T12:00:59.999999Z")).with_limit(PER_MINUTE, used=3)
    assert call.decide().retry_after == 1
    assert Call(now=read_time("2026-03-15T12:00:00.000001Z")).with_limit(PER_MINUTE, used=3).decide().retry_after == 60


def test_the_next_minute_starts_from_nothing() -> None:
    call = Call().with_limit(PER_MINUTE, used=3)
    assert call.but(now=NOON + 40_000_000).decide().passed


def test_a_held_request_counts_as_much_as_a_used_one() -> None:
    assert Call().with_limit(TOKENS, used=2000, held=2000).decide().code == "rate_limited"


def test_a_call_larger_than_the_tokens_of_a_whole_minute_is_not_cured_by_waiting() -> None:
    large = Ask(base_nanos=0, input_tokens=4000, floor_cap=1024, asked_cap=1024)
    decision = Call(ask=large).with_limit(TOKENS).decide()
    assert (decision.code, decision.curable, decision.retry_after) == ("rate_limited", False, None)
    assert decision.passing_cap == 1000
    fitting = replace(large, floor_cap=1000, policy=Policy.FIT)
    assert Call(ask=fitting).with_limit(TOKENS).decide().output_cap == 1000


def test_calls_in_flight_wait_a_moment() -> None:
    decision = BREAK["too_many_in_flight"](Call()).decide()
    assert (decision.retry_after, decision.curable) == (IN_FLIGHT_RETRY_SECONDS, True)


def test_a_key_that_may_have_no_call_in_flight_is_not_cured_by_waiting() -> None:
    none = limit(1, Scope.KEY, 0, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    assert not Call().with_limit(none).decide().curable


def test_waiting_does_not_cure_a_rate_while_the_money_is_missing_too() -> None:
    decision = BREAK["account_balance"](BREAK["rate_limited"](Call())).decide()
    assert decision.code == "rate_limited"
    assert not decision.curable


def test_money_limits_say_when_they_reset_but_not_to_wait() -> None:
    decision = BREAK["key_limit"](Call()).decide()
    assert (decision.retry_after, decision.curable) == (None, False)
    assert decision.failing[0].resets_at == read_time("2026-03-16T00:00:00Z")


def test_a_problem_with_a_wait_keeps_it() -> None:
    decision = BREAK["upstream_unavailable"](Call()).decide()
    assert (decision.retry_after, decision.curable) == (5, True)


def test_days_and_months_are_those_of_the_accounts_zone() -> None:
    windows = windows_at(read_time("2026-03-31T17:30:00Z"), "Asia/Shanghai")
    assert [show_time(start) for start in windows.starts[1:]] == [
        "2026-03-31T17:30:00.000000Z",
        "2026-03-31T16:00:00.000000Z",
        "2026-03-31T16:00:00.000000Z",
    ]
    assert [show_time(end) for end in windows.ends[1:]] == [
        "2026-03-31T17:31:00.000000Z",
        "2026-04-01T16:00:00.000000Z",
        "2026-04-30T16:00:00.000000Z",
    ]
    assert windows.valid_until == windows.ends[1]
