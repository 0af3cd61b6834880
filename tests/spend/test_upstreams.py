"""Where a model is served from: the order of trying, and upstreams that cannot serve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstreams import Routes
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.data_directory import DataDirectory
from spend.market import Market, Till

SECRET = "sk-of-the-upstream-itself"


async def add(market: Market, name: str, *models: str, **fields: Any) -> None:
    served = fields.pop("served", [ServedModel(public_model=model, upstream_model="theirs") for model in models])
    values: dict[str, Any] = {"dialect": Dialect.OPENAI, "base_url": "http://upstream.test", "secret": SECRET}
    await market.upstreams.add(name=name, models=served, **{**values, **fields})


async def routes_with(market: Market, environment: Mapping[str, str], folder: Path) -> Routes:
    routes = Routes(market.database, sealer=DataDirectory(folder), environment=environment)
    await routes.refresh()
    return routes


async def test_the_first_priority_comes_first_and_weights_choose_within_it(market: Market) -> None:
    for name, priority, weight in (("cheap", 1, 3), ("twin", 1, 1), ("spare", 2, 9)):
        await add(
            market, name,
            served=[ServedModel(public_model="m", upstream_model="theirs", priority=priority, weight=weight)],
        )  # fmt: skip
    await market.routes.refresh()
    plans = [market.routes.plan("m", Dialect.OPENAI, draw=draw / 100) for draw in range(100)]
    assert Counter(plan[0].name for plan in plans) == {"cheap": 75, "twin": 25}
    assert {plan[-1].name for plan in plans} == {"spare"}
    assert all(len({route.name for route in plan}) == 3 for plan in plans)


async def test_a_model_is_served_in_the_dialect_of_its_upstream_alone(market: Market, till: Till) -> None:
    assert market.routes.plan("plain", Dialect.ANTHROPIC) == ()
    assert not market.routes.serves("plain", Dialect.ANTHROPIC)
    assert market.routes.models() == ("metered", "per-call", "plain", "unpriced")


async def test_a_disabled_upstream_is_no_customers_fault(market: Market, till: Till) -> None:
    customer = await market.customer()
    await market.upstreams.set_status("first", "disabled")
    # Until the next refresh nobody knows.
    await till.serve(customer, 1)
    await market.routes.refresh()
    refused = await till.refused(customer)
    assert (refused.code, refused.decision.retry_after) == ("upstream_unavailable", 30)
    await market.upstreams.set_status("first", "active")
    await market.routes.refresh()
    await till.serve(customer, 1)
    await market.upstreams.remove("first")
    await market.routes.refresh()
    assert (await till.refused(customer)).code == "model_not_found"


async def test_an_upstream_whose_secret_is_not_here_serves_nothing_and_hinders_nobody(
    market: Market, tmp_path: Path
) -> None:
    await add(market, "by-environment", "from-environment", secret=None, secret_env="UPSTREAM_KEY")
    await add(market, "without-secret", "open", secret=None)
    # Another host, with another sealing key: what was sealed here cannot be opened there.
    elsewhere = await routes_with(market, {}, tmp_path / "elsewhere")
    assert elsewhere.models() == ("open",)
    assert elsewhere.is_configured("plain")
    await elsewhere.refresh()
    here = await routes_with(market, {"UPSTREAM_KEY": SECRET}, tmp_path / "data")
    assert here.models() == ("from-environment", "metered", "open", "per-call", "plain", "unpriced")
    assert here.plan("from-environment", Dialect.OPENAI)[0].secret == SECRET


async def test_a_secret_is_neither_shown_nor_stored(market: Market) -> None:
    await add(market, "private", "m")
    await market.routes.refresh()
    (route,) = market.routes.plan("m", Dialect.OPENAI)
    assert route.secret == SECRET
    assert SECRET not in repr(route)
    assert SECRET not in repr(await market.upstreams.find("private"))
    rows = await market.rows(
        "SELECT secret_sealed, upstreams::text AS everything FROM upstreams WHERE name = 'private'"
    )
    assert SECRET.encode() not in bytes(rows[0]["secret_sealed"])
    assert SECRET not in rows[0]["everything"]


async def test_names_are_unique_and_unknown_ones_are_told(market: Market) -> None:
    with pytest.raises(Conflict):
        await add(market, "first", "m")
    for change in (
        market.upstreams.set_status("nobody", "disabled"),
        market.upstreams.set_models("nobody", []),
        market.upstreams.set_secret("nobody", secret=SECRET),
        market.upstreams.remove("nobody"),
    ):
        with pytest.raises(NotFound):
            await change


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Upper Case"},
        {"base_url": "ftp://upstream.test"},
        {"base_url": "http://user:password@upstream.test"},
        {"base_url": "http://upstream.test?key=1"},
        {"secret": None, "secret_env": SECRET},
        {"secret_env": "UPSTREAM_KEY"},
        {"timeout_seconds": 0},
        {"served": [ServedModel(public_model="m", upstream_model="a"), ServedModel(public_model="m", upstream_model="b")]},
        {"served": [ServedModel(public_model="m", upstream_model="a", weight=0)]},
    ],
)  # fmt: skip
async def test_what_is_no_upstream_is_not_added(fields: dict[str, Any], market: Market) -> None:
    before = await market.upstreams.list()
    with pytest.raises(InputError) as refused:
        await add(market, fields.pop("name", "new"), "m", **fields)
    assert SECRET not in str(refused.value)
    assert await market.upstreams.list() == before
