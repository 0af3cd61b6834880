"""When an account is warned, by pure rules: exactly at the threshold, once per window, never by a float."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.periods import Window
from counterfoil.limits.model import Limit, Scope, Unit
from counterfoil.notify.model import AlertKind, Thresholds
from counterfoil.notify.thresholds import (
    DAY,
    HOUR,
    WEEK,
    ExpiringCredit,
    NearLimit,
    Watched,
    balance_alerts,
    daily_spend,
    expiry_alerts,
    limit_alerts,
    near_from,
    out_of_money_alerts,
    spike_alerts,
    usual_hour,
)

UNIT = 1_000_000_000
# A quarter past an hour.
NOW = 500_000 * HOUR + HOUR // 4
THIS_HOUR = 500_000 * HOUR
RULES = Thresholds(low_balance=5 * UNIT, lasts_days=3, spike_times=5, spike_floor=UNIT)
ACCOUNT = UUID(int=1)


def watched(spendable: int, hours: dict[int, int], currency: str = "USD") -> Watched:
    return Watched(account_id=ACCOUNT, currency=currency, spendable=spendable, day=NOW - NOW % DAY, hours=hours)


def used(amount: int, *, hours_ago: int = 1) -> dict[int, int]:
    return {THIS_HOUR - hours_ago * HOUR: amount}


def test_a_balance_is_low_below_its_threshold_and_not_at_it() -> None:
    assert balance_alerts(watched(5 * UNIT, used(1)), RULES, now=NOW) == []
    (told,) = balance_alerts(watched(5 * UNIT - 1, used(1)), RULES, now=NOW)
    assert (told.kind, told.account_id) == (AlertKind.BALANCE_LOW, ACCOUNT)
    assert told.facts == {"balance": "4.999999999 USD", "threshold": "5.00 USD"}


def test_amounts_have_as_many_decimals_as_their_currency() -> None:
    (told,) = balance_alerts(watched(4 * UNIT, used(1), currency="JPY"), RULES, now=NOW)
    assert told.facts == {"balance": "4 JPY", "threshold": "5 JPY"}


def test_an_account_that_nobody_uses_is_not_warned_day_after_day() -> None:
    assert balance_alerts(watched(0, {}), RULES, now=NOW) == []
    assert balance_alerts(watched(0, used(UNIT, hours_ago=26)), RULES, now=NOW) == []
    assert balance_alerts(watched(0, used(UNIT, hours_ago=24)), RULES, now=NOW) != []


def test_a_warning_that_is_off_is_never_given() -> None:
    off = Thresholds(low_balance=0, lasts_days=0, spike_times=0, spike_floor=0)
    hours = {THIS_HOUR - n * HOUR: UNIT for n in range(100)} | {THIS_HOUR: 1000 * UNIT}
    assert balance_alerts(watched(0, hours), off, now=NOW) == []
    assert spike_alerts(watched(0, hours), off, now=NOW) == []


def test_how_long_a_balance_lasts_is_the_average_of_the_last_seven_days() -> None:
    # 2.40 a day for a week.
    hours = {THIS_HOUR - n * HOUR: UNIT // 10 for n in range(168)}
    assert daily_spend(hours, now=NOW) is not None
    daily = daily_spend(hours, now=NOW)
    assert daily is not None
    assert abs(daily - 24 * UNIT // 10) < UNIT // 20
    rules = replace(RULES, low_balance=0)
    assert balance_alerts(watched(3 * daily, hours), rules, now=NOW) == []
    (told,) = balance_alerts(watched(3 * daily - 1, hours), rules, now=NOW)
    assert told.kind is AlertKind.BALANCE_LASTS_DAYS
    assert told.facts["days"] == "2.9"
    assert told.facts["daily"].endswith(" USD")
    assert len(told.facts["daily"].partition(".")[2]) == len("40 USD")


def test_a_low_balance_is_told_once_and_not_as_two_things() -> None:
    hours = {THIS_HOUR - n * HOUR: UNIT for n in range(168)}
    assert [told.kind for told in balance_alerts(watched(UNIT, hours), RULES, now=NOW)] == [AlertKind.BALANCE_LOW]


def test_a_day_of_use_is_needed_before_anything_is_said_of_the_days_to_come() -> None:
    assert daily_spend(used(UNIT, hours_ago=20), now=NOW) is None
    assert daily_spend(used(UNIT, hours_ago=24), now=NOW) is not None
    assert daily_spend({}, now=NOW) is None
    # A single nano in a week is no rate that anything could be divided by.
    assert daily_spend(used(1, hours_ago=100), now=NOW) is None


@given(
    st.integers(0, 10**18),
    st.dictionaries(st.integers(0, 200), st.integers(0, 10**15), max_size=40),
    st.integers(0, 365),
)
def test_days_are_told_when_the_balance_is_below_so_many_days_exactly(
    spendable: int, ago: dict[int, int], days: int
) -> None:
    hours = {THIS_HOUR - n * HOUR: amount for n, amount in ago.items()}
    rules = replace(RULES, low_balance=0, lasts_days=days)
    told = balance_alerts(watched(spendable, hours), rules, now=NOW)
    daily = daily_spend(hours, now=NOW)
    in_use = any(amount and THIS_HOUR - n * HOUR + HOUR > NOW - DAY for n, amount in ago.items())
    assert bool(told) == (in_use and daily is not None and spendable < days * daily)


def test_a_spike_is_many_times_the_accounts_own_usual_hour() -> None:
    usual = {THIS_HOUR - n * HOUR: UNIT for n in range(2, 50)}
    assert spike_alerts(watched(0, usual | {THIS_HOUR: 5 * UNIT}), RULES, now=NOW) == []
    (told,) = spike_alerts(watched(0, usual | {THIS_HOUR: 5 * UNIT + 1}), RULES, now=NOW)
    assert told.kind is AlertKind.SPEND_SPIKE
    assert told.facts["usual"] == "1.00 USD"
    assert told.facts["hour"].endswith(":00Z")
    # What was charged at the very end of an hour is seen in the next.
    (late,) = spike_alerts(watched(0, usual | {THIS_HOUR - HOUR: 6 * UNIT}), RULES, now=NOW)
    assert late.key == told.key


def test_an_hour_below_the_floor_is_no_spike_and_a_new_account_has_no_baseline() -> None:
    little = {THIS_HOUR - n * HOUR: 1000 for n in range(2, 50)}
    assert spike_alerts(watched(0, little | {THIS_HOUR: UNIT - 1}), RULES, now=NOW) == []
    assert spike_alerts(watched(0, little | {THIS_HOUR: UNIT}), RULES, now=NOW) != []
    young = {THIS_HOUR - n * HOUR: 1000 for n in range(2, 7)}
    assert usual_hour(young, before=THIS_HOUR) is None
    assert spike_alerts(watched(0, young | {THIS_HOUR: 1000 * UNIT}), RULES, now=NOW) == []


@given(st.dictionaries(st.integers(1, 400), st.integers(0, 10**15), max_size=60))
def test_the_usual_hour_is_one_that_there_was_with_half_of_them_on_each_side(ago: dict[int, int]) -> None:
    hours = {THIS_HOUR - n * HOUR: amount for n, amount in ago.items()}
    found = usual_hour(hours, before=THIS_HOUR)
    counted = sorted(amount for n, amount in ago.items() if amount and n <= 168)
    if len(counted) < 6:
        assert found is None
        return
    assert found in counted
    assert sum(amount < found for amount in counted) <= len(counted) // 2
    assert sum(amount > found for amount in counted) <= len(counted) // 2


def limit(amount: int, scope: Scope = Scope.GROUP, unit: Unit = Unit.MONEY) -> Limit:
    return Limit(limit_id=UUID(int=5), scope=scope, scope_id=UUID(int=6), unit=unit, window=Window.DAY, amount=amount)


def near(amount: int, used: int, *, has_refused: bool = False, **fields: object) -> NearLimit:
    return NearLimit(
        limit=limit(amount, **fields), window_start=NOW - NOW % DAY, resets_at=NOW, used=used, has_refused=has_refused  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "used", "refused", "kinds"),
    [
        (100, 79, False, []),
        (100, 80, False, [AlertKind.GROUP_LIMIT_80]),
        (100, 99, False, [AlertKind.GROUP_LIMIT_80]),
        (100, 100, False, [AlertKind.GROUP_LIMIT_100]),
        (100, 150, False, [AlertKind.GROUP_LIMIT_100]),
        (100, 85, True, [AlertKind.GROUP_LIMIT_100]),
        (100, 79, True, []),
        (3, 2, False, []),
        (3, 3, False, [AlertKind.GROUP_LIMIT_100]),
        (0, 0, False, []),
    ],
)
def test_a_limit_is_told_at_eighty_and_at_a_hundred_per_cent(
    amount: int, used: int, refused: bool, kinds: list[AlertKind]
) -> None:
    told = limit_alerts(ACCOUNT, "USD", [near(amount, used, has_refused=refused)])
    assert [one.kind for one in told] == kinds


@given(st.integers(1, 2**63 - 1))
def test_eighty_per_cent_is_exact_for_every_amount(amount: int) -> None:
    assert near_from(amount) * 5 >= amount * 4
    assert (near_from(amount) - 1) * 5 < amount * 4


def test_each_window_and_each_amount_of_a_limit_is_told_of_by_itself() -> None:
    first = near(100, 80)
    keys = [
        limit_alerts(ACCOUNT, "USD", [one])[0].key
        for one in (first, near(100, 95), replace(first, window_start=first.window_start + DAY), near(110, 90))
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_a_limit_names_whose_it_is_in_its_own_unit() -> None:
    (group,) = limit_alerts(ACCOUNT, "USD", [near(10 * UNIT, 9 * UNIT)])
    assert (group.facts["group"], group.facts["used"], group.facts["limit"]) == (
        f"grp_{6:032x}", "9.00 USD", "10.00 USD",
    )  # fmt: skip
    (key,) = limit_alerts(ACCOUNT, "USD", [near(1000, 900, scope=Scope.KEY, unit=Unit.TOKENS)])
    assert (key.facts["key"], key.facts["used"], key.facts["unit"]) == (f"key_{6:032x}", "900", "tokens")
    (account,) = limit_alerts(ACCOUNT, "USD", [replace(near(10, 9, scope=Scope.ACCOUNT), resets_at=None)])
    assert (account.kind, account.facts["resets"]) == (AlertKind.ACCOUNT_LIMIT_80, "never")
    assert "group" not in account.facts


def credit(in_: int, amount: int = UNIT) -> ExpiringCredit:
    at = NOW + in_
    return ExpiringCredit(account_id=ACCOUNT, currency="USD", day=at - at % DAY, expires_at=at, amount=amount)


@pytest.mark.parametrize(
    ("in_", "kinds"),
    [
        (WEEK + 1, []), (WEEK, [AlertKind.CREDIT_EXPIRING_7D]), (DAY + 1, [AlertKind.CREDIT_EXPIRING_7D]),
        (DAY, [AlertKind.CREDIT_EXPIRING_1D]), (1, [AlertKind.CREDIT_EXPIRING_1D]), (0, []), (-DAY, []),
    ],
)  # fmt: skip
def test_credit_is_told_of_within_seven_days_and_again_within_one(in_: int, kinds: list[AlertKind]) -> None:
    assert [told.kind for told in expiry_alerts([credit(in_)], now=NOW)] == kinds


def test_credit_with_nothing_left_is_not_told_of() -> None:
    assert expiry_alerts([credit(DAY, amount=0)], now=NOW) == []
    (told,) = expiry_alerts([credit(DAY, amount=1)], now=NOW)
    assert told.facts["amount"] == "0.000000001 USD"


def test_operations_are_reminded_every_six_hours_that_an_upstream_is_out_of_money() -> None:
    keys = {told.key for n in range(24) for told in out_of_money_alerts(["backend"], now=NOW + n * HOUR)}
    assert len(keys) == 5
    (told,) = out_of_money_alerts(["backend"], now=NOW)
    assert (told.account_id, told.facts) == (None, {"upstream": "backend"})
