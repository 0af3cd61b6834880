"""Whatever happens to a wallet: every window closes to the nano, breaks down to the same total, and splits anywhere."""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfoil.evidence.drops import LEAVING
from counterfoil.evidence.waterfall import Dimension, Waterfall
from evidence.spender import Spender
from spend.market import Market, Till

EXAMPLES = int(os.environ.get("COUNTERFOIL_TEST_STORIES", "40"))
STEPS = (
    "recharge", "promote", "call", "copy", "task", "over", "begin", "end", "fail", "refund", "adjust", "cash", "restore",
    "end_grant", "freeze", "unfreeze", "wait", "sweep",
)  # fmt: skip
HISTORIES = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 999)), min_size=4, max_size=40).map(
    # Mostly there is something to spend.
    lambda steps: [("recharge", 900), ("call", 300), *steps]
)


@settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # fmt: skip
@given(history=HISTORIES, picks=st.tuples(*[st.integers(0, 99)] * 3))
async def test_any_window_of_any_history_closes_breaks_down_and_splits(
    market: Market, market_till: Till, history: list[tuple[str, int]], picks: tuple[int, int, int]
) -> None:
    spender = await Spender.open_account(market, market_till, time_zone="Australia/Lord_Howe")
    for name, number in history:
        await spender.step(name, number)
    times = sorted({*spender.times, spender.now + 1})
    start, middle, end = sorted(times[pick % len(times)] for pick in picks)
    if not start < middle < end:
        start, middle, end = times[0], times[-2], times[-1]
        if not start < middle:
            return
    whole, first, second = [
        await spender.waterfall(*window) for window in ((start, end), (start, middle), (middle, end))
    ]
    for one in (whole, first, second):
        await check(spender, one)
    assert first.closing == second.opening
    assert money_by_step(whole) == money_by_step(first) + money_by_step(second)
    for dimension in Dimension:
        assert by_name(whole, dimension) == by_name(first, dimension) + by_name(second, dimension), dimension


async def check(spender: Spender, found: Waterfall) -> None:
    """The ledger says the same of both ends, and nothing is lost on the way."""
    before = await spender.market.ledger.balance(spender.account_id, at=found.start - 1)
    after = await spender.market.ledger.balance(spender.account_id, at=found.end - 1)
    assert (found.opening, found.closing, found.held) == (before.posted, after.posted, after.held)
    assert found.opening + sum(step.nanos for step in found.steps) == found.closing
    for one in found.breakdowns:
        assert (one.charged, one.refunded) == (found.charged, found.refunded), one.by
    left = -sum(step.nanos for step in found.steps if step.kind in LEAVING)
    assert found.comparison.now == left
    assert sum(part.now for part in found.comparison.parts) == left
    assert sum(part.difference for part in found.comparison.parts) == left - found.comparison.usual
    assert found.comparison.findings


def money_by_step(found: Waterfall) -> Counter[str]:
    # Adding counters drops what is not positive.
    return Counter({step.kind.value: abs(step.nanos) for step in found.steps})


def by_name(found: Waterfall, dimension: Dimension) -> Counter[tuple[str, str | None, str]]:
    names: Counter[tuple[str, str | None, str]] = Counter()
    for one in found.by(dimension).slices:
        names.update({(one.kind, one.name, "charged"): one.charged, (one.kind, one.name, "refunded"): one.refunded})
    return +names
