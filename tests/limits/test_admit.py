"""The hot path says yes exactly when the whole decision does, and to the same amount."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.limits.model import Ask, Limit, Policy, Scope, WalletView
from counterfoil.limits.validation import WINDOWS_OF
from limits.examples import BREAK, Call, limit

_ACCESS = (
    "key_invalid", "key_disabled", "key_expired", "ip_not_allowed", "account_suspended", "model_not_permitted",
)  # fmt: skip

asks = st.builds(
    Ask,
    base_nanos=st.integers(0, 3000),
    output_nanos_per_million=st.sampled_from([0, 1, 333_333, 1_000_000, 2_500_000]),
    input_tokens=st.integers(0, 1000),
    outputs=st.integers(1, 3),
    floor_cap=st.integers(0, 500),
    asked_cap=st.integers(0, 2000),
    policy=st.sampled_from(Policy),
)


@st.composite
def limits(draw: st.DrawFn) -> Limit:
    scope = draw(st.sampled_from([Scope.ACCOUNT, Scope.GROUP, Scope.KEY]))
    unit = draw(st.sampled_from(list(WINDOWS_OF)))
    window = draw(st.sampled_from(WINDOWS_OF[unit]))
    return limit(draw(st.integers(0, 10**6)), scope, draw(st.integers(0, 8000)), unit=unit, window=window)


@settings(max_examples=400)
@given(
    ask=asks,
    spendable=st.integers(0, 10_000),
    limited=st.lists(st.tuples(limits(), st.integers(0, 6000), st.integers(0, 3000)), max_size=6),
    broken=st.sets(st.sampled_from(_ACCESS), max_size=1) | st.just(set[str]()),
)
def test_admit_agrees_with_decide_on_everything(
    ask: Ask, spendable: int, limited: list[tuple[Limit, int, int]], broken: set[str]
) -> None:
    call = Call(ask=ask, wallet=WalletView(spendable=spendable, currency="USD", account_status="active"))
    for each, used, held in limited:
        call = call.with_limit(each, used=used, held=held)
    for code in broken:
        call = BREAK[code](call)
    admitted, decision = call.admit(), call.decide()
    if decision.passed:
        assert admitted == (decision.output_cap, decision.needed_nanos)
    else:
        assert admitted is None


def test_a_call_in_order_is_admitted() -> None:
    assert Call().admit() == (4096, 50_960_000)
