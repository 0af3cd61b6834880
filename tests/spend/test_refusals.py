"""Every refusal names one code and leaves a row that can be looked up (L5), and changes nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from counterfoil.foundation.periods import Window
from counterfoil.ledger.engine import Engine
from counterfoil.limits.model import GroupSettings, Problem, Scope, Unit
from counterfoil.spend.model import Admission, RefusedCall
from counterfoil.storage.pipeline import COMMIT, Call, ConnectionLost, PipelineConnection, Rows
from spend.market import NANOS, TOKEN, Customer, Market, Till, checks_of

# How each code comes about: set the customer up, and say what the call is like.
Arranged = tuple[Customer, dict[str, Any]]
Arrange = Callable[[Market, Till], Awaitable[Arranged]]
GROUP = GroupSettings(name="research")


async def _disabled_key(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await market.limits.disable_key(account_id=customer.account_id, key_id=customer.key_id)
    return customer, {}


async def _disabled_group(market: Market, till: Till) -> Arranged:
    customer = await market.customer(group=GROUP)
    assert customer.group_id is not None
    await market.limits.disable_group(account_id=customer.account_id, group_id=customer.group_id)
    return customer, {}


async def _rotated_key(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await market.limits.rotate_key(account_id=customer.account_id, key_id=customer.key_id)
    return customer, {}


async def _vanished_key(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await market.execute("DELETE FROM api_keys WHERE key_id = %s", customer.key_id)
    return customer, {}


async def _expired_key(market: Market, till: Till) -> Arranged:
    customer = await market.customer(expires_at=market.clock.now() + 1_000_000)
    await till.serve(customer, 1)
    market.clock.advance(seconds=1)
    return customer, {}


async def _foreign_address(market: Market, till: Till) -> Arranged:
    return await market.customer(allowed_addresses=("198.51.100.0/24",)), {"address": "192.0.2.7"}


async def _suspended(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await till.serve(customer, 1)
    await market.ledger.change_account(customer.account_id, status="suspended")
    return customer, {}


async def _closed(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await market.ledger.change_account(customer.account_id, status="closed")
    return customer, {}


async def _foreign_model(market: Market, till: Till) -> Arranged:
    return await market.customer(allowed_models=("gpt-*",)), {}


async def _models_of_the_group(market: Market, till: Till) -> Arranged:
    return await market.customer(group=GroupSettings(name="research", allowed_models=("gpt-*",))), {}


async def _bad_request(market: Market, till: Till) -> Arranged:
    return await market.customer(), {"problems": (Problem(code="bad_request"),)}


async def _bad_request_without_model(market: Market, till: Till) -> Arranged:
    return await market.customer(), {"problems": (Problem(code="bad_request"),), "model": None}


async def _unknown_model(market: Market, till: Till) -> Arranged:
    return await market.customer(), {"model": "never-heard-of"}


async def _unbounded(market: Market, till: Till) -> Arranged:
    return await market.customer(), {"problems": (Problem(code="cost_unbounded"),)}


async def _unpriced(market: Market, till: Till) -> Arranged:
    return await market.customer(), {"model": "unpriced"}


async def _other_currency(market: Market, till: Till) -> Arranged:
    return await market.customer(currency="CNY"), {}


async def _asleep(market: Market, till: Till) -> Arranged:
    return await market.customer(), {"model": "asleep"}


async def _in_flight(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 1, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    await till.admitted(customer)
    return customer, {}


async def _too_many_requests(market: Market, till: Till) -> Arranged:
    customer = await market.customer(group=GROUP)
    await market.limit(customer, Scope.GROUP, 2, unit=Unit.REQUESTS, window=Window.MINUTE)
    await till.serve(customer, 1)
    await till.serve(customer, 1)
    return customer, {}


async def _too_many_tokens(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 2_000, unit=Unit.TOKENS, window=Window.MINUTE)
    await till.serve(customer, 1_500)
    return customer, {}


async def _ceiling(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await market.limit(customer, Scope.ACCOUNT, NANOS - 1, window=Window.REQUEST)
    return customer, {}


async def _key_limit(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 2 * NANOS, window=Window.DAY)
    await till.serve(customer, 1_001, cap=1_001)
    return customer, {}


async def _group_quota(market: Market, till: Till) -> Arranged:
    customer = await market.customer(group=GROUP)
    await market.limit(customer, Scope.GROUP, 2 * NANOS, window=Window.MONTH)
    await till.serve(customer, 1_001, cap=1_001)
    return customer, {}


async def _account_limit(market: Market, till: Till) -> Arranged:
    customer = await market.customer()
    await market.limit(customer, Scope.ACCOUNT, 2 * NANOS, window=Window.LIFETIME)
    await till.serve(customer, 1_001, cap=1_001)
    return customer, {}


async def _empty_wallet(market: Market, till: Till) -> Arranged:
    return await market.customer(credit=NANOS - 1), {}


async def _no_money_ever(market: Market, till: Till) -> Arranged:
    return await market.customer(credit=0), {}


ARRANGEMENTS: list[tuple[str, Arrange]] = [
    ("key_disabled", _disabled_key),
    ("key_disabled", _disabled_group),
    ("key_invalid", _rotated_key),
    ("key_invalid", _vanished_key),
    ("key_expired", _expired_key),
    ("ip_not_allowed", _foreign_address),
    ("account_suspended", _suspended),
    ("account_suspended", _closed),
    ("model_not_permitted", _foreign_model),
    ("model_not_permitted", _models_of_the_group),
    ("bad_request", _bad_request),
    ("bad_request", _bad_request_without_model),
    ("model_not_found", _unknown_model),
    ("cost_unbounded", _unbounded),
    ("price_missing", _unpriced),
    ("price_missing", _other_currency),
    ("upstream_unavailable", _asleep),
    ("too_many_in_flight", _in_flight),
    ("rate_limited", _too_many_requests),
    ("rate_limited", _too_many_tokens),
    ("request_ceiling", _ceiling),
    ("key_limit", _key_limit),
    ("group_quota", _group_quota),
    ("account_balance", _account_limit),
    ("account_balance", _empty_wallet),
    ("account_balance", _no_money_ever),
]


@pytest.mark.parametrize(("code", "arrange"), ARRANGEMENTS, ids=[f.__name__.strip("_") for _, f in ARRANGEMENTS])
async def test_a_refusal_is_recorded_under_its_code_and_moves_nothing(
    code: str, arrange: Arrange, market: Market, till: Till
) -> None:
    customer, call = await arrange(market, till)
    before = await market.balance(customer), await market.rows("SELECT * FROM usages ORDER BY 1, 2, 3")

    refused = await till.refused(customer, **call)

    assert refused.code == code
    assert any(check.code == code for check in refused.decision.failing)
    view = await till.spend.request(refused.request_id, account_id=customer.account_id)
    assert (view.state, view.charge_mark, view.code) == ("refused", "not_charged", code)
    assert (view.held_nanos, view.charged_nanos, view.output_cap, view.repeats) == (0, 0, None, 1)
    assert [check["code"] for check in checks_of(view)["checks"] if not check["passed"]] == [
        check.code for check in refused.decision.failing
    ]
    assert (await market.balance(customer), await market.rows("SELECT * FROM usages ORDER BY 1, 2, 3")) == before


async def test_a_customer_in_another_currency_is_never_charged_in_this_one(market: Market, till: Till) -> None:
    customer = await market.customer(currency="CNY")
    assert (await till.refused(customer)).code == "price_missing"
    decision, _ = await till.spend.estimate(await till.caller(customer), till.arrival())
    assert decision.code == "price_missing"
    assert await market.balance(customer) == (100 * NANOS, 0)


async def test_one_code_is_chosen_and_every_check_is_told(market: Market, till: Till) -> None:
    customer = await market.customer(credit=1, group=GroupSettings(name="research", allowed_models=("gpt-*",)))
    await market.limit(customer, Scope.KEY, 1)
    await market.limit(customer, Scope.GROUP, 1)
    refused = await till.refused(customer)
    assert refused.code == "model_not_permitted"
    assert [(check.scope, check.code) for check in refused.decision.failing] == [
        (Scope.ACCOUNT, "account_balance"),
        (Scope.GROUP, "model_not_permitted"),
        (Scope.GROUP, "group_quota"),
        (Scope.KEY, "key_limit"),
    ]


async def test_identical_429s_of_a_minute_share_a_row(market: Market, till: Till) -> None:
    customer, _ = await _in_flight(market, till)
    refusals = [await till.refused(customer) for _ in range(5)]
    assert {refused.code for refused in refusals} == {"too_many_in_flight"}
    assert len({refused.request_id for refused in refusals}) == 1
    view = await till.spend.request(refusals[0].request_id)
    assert view.repeats == 5

    market.clock.advance(seconds=60)
    later = await till.refused(customer)
    assert later.request_id != refusals[0].request_id
    assert (await till.spend.request(later.request_id)).repeats == 1
    assert ("refused", "too_many_in_flight", 6, 0, 0) in await till.spend.totals()


async def test_429s_in_one_batch_share_a_row_too(market: Market, till: Till) -> None:
    customer, _ = await _too_many_requests(market, till)
    refusals = await asyncio.gather(*(till.refused(customer) for _ in range(30)))
    (request_id,) = {refused.request_id for refused in refusals}
    assert (await till.spend.request(request_id)).repeats == 30
    assert len(await market.rows("SELECT 1 FROM refusals")) == 1


async def test_429s_of_different_keys_and_codes_do_not_share(market: Market, till: Till) -> None:
    customer, _ = await _in_flight(market, till)
    other = await market.another_key(customer.account_id)
    await market.limit(other, Scope.KEY, 0, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    await market.limit(customer, Scope.ACCOUNT, 1, unit=Unit.REQUESTS, window=Window.MINUTE)
    codes = [(await till.refused(each)).code for each in (customer, other, customer, other)]
    assert codes == ["too_many_in_flight"] * 4
    assert len(await till.spend.requests(customer.account_id, state="refused")) == 2


async def test_a_402_is_never_shared(market: Market, till: Till) -> None:
    customer = await market.customer(credit=0)
    refusals = await asyncio.gather(*(till.refused(customer) for _ in range(20)))
    assert len({refused.request_id for refused in refusals}) == 20
    for refused in refusals:
        assert (await till.spend.request(refused.request_id)).code == "account_balance"


async def test_unknown_keys_are_counted_per_minute_and_address(market: Market, till: Till) -> None:
    for address, times in (("192.0.2.1", 3), ("192.0.2.2", 1)):
        for _ in range(times):
            assert await till.spend.identify("sk-nobody", address) is None
    await till.spend.write_unknown_keys()
    market.clock.advance(seconds=60)
    assert await till.spend.identify("sk-nobody", "192.0.2.1") is None
    assert await till.spend.identify("", "192.0.2.1") is None
    assert await till.spend.identify("\udcff", "192.0.2.1") is None
    await till.spend.write_unknown_keys()
    await till.spend.write_unknown_keys()

    minute = market.clock.now() - market.clock.now() % 60_000_000
    rows = await market.rows("SELECT minute, client_address, count FROM unknown_keys ORDER BY 1, 2")
    assert [(row["minute"], row["client_address"], row["count"]) for row in rows] == [
        (minute - 60_000_000, "192.0.2.1", 3),
        (minute - 60_000_000, "192.0.2.2", 1),
        (minute, "192.0.2.1", 3),
    ]
    assert await till.spend.requests(None) == []


async def test_unknown_keys_are_not_lost_where_they_cannot_be_written(market: Market, till: Till) -> None:
    assert await till.spend.identify("sk-nobody", "192.0.2.1") is None
    await market.execute("ALTER TABLE unknown_keys RENAME TO elsewhere")
    with pytest.raises(Exception, match="unknown_keys"):
        await till.spend.write_unknown_keys()
    await market.execute("ALTER TABLE elsewhere RENAME TO unknown_keys")
    assert await till.spend.identify("sk-nobody", "192.0.2.1") is None
    await till.spend.write_unknown_keys()
    assert [row["count"] for row in await market.rows("SELECT count FROM unknown_keys")] == [2]


async def test_a_new_key_works_within_a_second_of_being_guessed(market: Market, till: Till) -> None:
    customer = await market.customer()
    assert await till.spend.identify(customer.token + "x", "192.0.2.1") is None
    assert await till.spend.identify(customer.token, "192.0.2.1") is not None


# A client may put anything into the fields that are kept.


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "nul\x00byte"},
        {"model": "half\ud800pair"},
        {"client": "Agent\x00/1"},
        {"client": "Agent\udcff/1"},
        {"retry_count": 2**70},
        {"client_address": "\x00"},
    ],
    ids=["nul in model", "surrogate in model", "nul in client", "surrogate in client", "retries", "nul in address"],
)
async def test_what_does_not_fit_a_column_harms_nobody_else(fields: dict[str, Any], market: Market, till: Till) -> None:
    customer, neighbour = await market.customer(), await market.customer()
    address = fields.pop("client_address", "192.0.2.7")
    odd = till.call(customer, address=address, **fields)
    others = [till.call(neighbour) for _ in range(5)]
    first, *rest = await asyncio.gather(odd, *others, return_exceptions=True)
    assert all(isinstance(each, Admission) for each in rest), rest
    assert isinstance(first, Admission | RefusedCall), first
    assert (await till.spend.request(first.request_id)).account_id == customer.account_id


class _LostAfterCommit(PipelineConnection):
    """Loses the connection once, just after a COMMIT that took effect."""

    armed = False

    async def round_trip(self, calls: Any) -> list[Rows]:
        given: list[Call] = list(calls)
        rows = await super().round_trip(given)
        if type(self).armed and any(call[0] is COMMIT for call in given):
            type(self).armed = False
            self.close()
            raise ConnectionLost("the answer to COMMIT never came")
        return rows


async def test_an_answer_lost_after_commit_is_given_again_with_its_decision(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterfoil.ledger.engine.PipelineConnection", _LostAfterCommit)
    async with market.till(engine=Engine) as till:
        poor, rich = await market.customer(credit=1), await market.customer()
        _LostAfterCommit.armed = True
        refused = await till.refused(poor)
        assert refused.code == "account_balance"
        assert [check.needed for check in refused.decision.failing] == [NANOS]
        _LostAfterCommit.armed = True
        admission = await till.admitted(rich)
        _LostAfterCommit.armed = True
        assert (await till.deliver(admission, 10)).charged == 10 * TOKEN
        assert not _LostAfterCommit.armed
    assert await market.balance(rich) == (100 * NANOS - 10 * TOKEN, 0)
    assert len(await market.rows("SELECT 1 FROM requests")) == 2
