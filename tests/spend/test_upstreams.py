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
from counterfoil.spend.upstreams_model import ServedModel, api_address
from counterfoil.storage.data_directory import DataDirectory
from spend.market import Market, Till

SECRET = "sk-of-the-upstream-itself"
CALLBACK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


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
        market.upstreams.set_callback_secret("nobody", secret=CALLBACK_SECRET),
        market.upstreams.remove_callback_secret("nobody"),
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


async def test_a_route_by_name_is_there_for_what_runs_already(market: Market) -> None:
    await add(market, "films", "film", "short-film")
    await market.routes.refresh()
    (served,) = market.routes.plan("film", Dialect.OPENAI)
    assert market.routes.by_name("films", "theirs") == served
    await market.upstreams.set_models("films", [ServedModel(public_model="film", upstream_model="newer")])
    await market.upstreams.set_status("films", "disabled")
    await market.routes.refresh()
    assert market.routes.plan("film", Dialect.OPENAI) == ()
    kept = market.routes.by_name("films", "theirs")
    assert kept is not None
    assert (kept.upstream_model, kept.secret, kept.base_url) == ("theirs", SECRET, "http://upstream.test")
    whichever = market.routes.by_name("films")
    assert whichever is not None
    assert whichever.upstream_model == "newer"
    await market.upstreams.remove("films")
    await market.routes.refresh()
    assert market.routes.by_name("films") is None
    assert market.routes.by_name("nobody", "theirs") is None


async def test_there_is_no_way_to_an_upstream_whose_secret_is_not_here(market: Market, tmp_path: Path) -> None:
    await add(market, "by-environment", "m", secret=None, secret_env="UPSTREAM_KEY")
    await add(market, "without-models")
    here = await routes_with(market, {"UPSTREAM_KEY": SECRET}, tmp_path / "data")
    found = {name: here.by_name(name) for name in ("by-environment", "without-models")}
    assert {name: route and route.upstream_model for name, route in found.items()} == {
        "by-environment": "theirs",
        "without-models": "without-models",
    }
    assert (await routes_with(market, {}, tmp_path / "data")).by_name("by-environment") is None


async def test_a_callback_secret_is_sealed_shown_to_nobody_and_can_be_taken_back(market: Market) -> None:
    await add(market, "films", "film")
    await market.routes.refresh()
    (route,) = market.routes.plan("film", Dialect.OPENAI)
    assert (route.callback_secret, route.callback_secrets) == ("", ())
    both = f"{CALLBACK_SECRET} an-older-one-of-plain-text"
    await market.upstreams.set_callback_secret("films", secret=both)
    await market.routes.refresh()
    (route,) = market.routes.plan("film", Dialect.OPENAI)
    assert route.callback_secrets == (CALLBACK_SECRET, "an-older-one-of-plain-text")
    assert route.secret == SECRET
    upstream = await market.upstreams.find("films")
    assert (upstream.callback_secret_source, upstream.secret_source) == ("sealed", "sealed")
    assert CALLBACK_SECRET not in repr(route) + repr(upstream)
    rows = await market.rows("SELECT callback_secret_sealed AS sealed, upstreams::text AS everything FROM upstreams")
    assert not any(CALLBACK_SECRET in row["everything"] for row in rows)
    assert not any(CALLBACK_SECRET.encode() in bytes(row["sealed"]) for row in rows if row["sealed"])
    await market.upstreams.remove_callback_secret("films")
    await market.routes.refresh()
    assert market.routes.plan("film", Dialect.OPENAI)[0].callback_secret == ""


async def test_a_callback_secret_that_is_not_here_leaves_the_upstream_serving(market: Market, tmp_path: Path) -> None:
    await add(market, "films", "film")
    await market.upstreams.set_callback_secret("films", secret_env="CALLBACK_KEY")
    assert (await market.upstreams.find("films")).callback_secret_source == "environment variable CALLBACK_KEY"
    given = await routes_with(market, {"CALLBACK_KEY": CALLBACK_SECRET}, tmp_path / "data")
    without = await routes_with(market, {}, tmp_path / "data")
    assert given.plan("film", Dialect.OPENAI)[0].callback_secret == CALLBACK_SECRET
    assert without.plan("film", Dialect.OPENAI)[0].callback_secret == ""
    await market.upstreams.set_callback_secret("films", secret=CALLBACK_SECRET)
    await market.upstreams.set_secret("films", secret_env="UPSTREAM_KEY")
    # Sealed under the key of another host.
    elsewhere = await routes_with(market, {"UPSTREAM_KEY": SECRET}, tmp_path / "elsewhere")
    await elsewhere.refresh()
    assert elsewhere.plan("film", Dialect.OPENAI)[0].callback_secret == ""


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "secret_missing"),
        ({"secret": ""}, "secret_missing"),
        ({"secret": CALLBACK_SECRET, "secret_env": "CALLBACK_KEY"}, "secret_given_twice"),
        ({"secret_env": CALLBACK_SECRET}, "secret_env_unreadable"),
        ({"secret": "short"}, "callback_secret_unreadable"),
        ({"secret": "whsec_c2hvcnQ="}, "callback_secret_unreadable"),
        ({"secret": "whsec_this is no base64 at all, however long"}, "callback_secret_unreadable"),
        ({"secret": "whsec_§§§§§§§§§§§§§§§§§§§§§§§§"}, "callback_secret_unreadable"),
        ({"secret": f"{CALLBACK_SECRET} {CALLBACK_SECRET} {CALLBACK_SECRET}"}, "callback_secret_unreadable"),
        ({"secret": "x" * 1_001}, "callback_secret_unreadable"),
        ({"secret": "   "}, "callback_secret_unreadable"),
    ],
)
async def test_what_could_be_guessed_or_not_be_used_is_no_callback_secret(
    given: dict[str, Any], code: str, market: Market
) -> None:
    before = await market.upstreams.list()
    with pytest.raises(InputError) as refused:
        await market.upstreams.set_callback_secret("first", **given)
    assert refused.value.code == code
    assert not any(value and value in str(refused.value) for value in given.values())
    assert await market.upstreams.list() == before


@pytest.mark.parametrize(
    ("base_url", "dialect", "address"),
    [
        ("https://api.openai.com", Dialect.OPENAI, "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", Dialect.OPENAI, "https://api.openai.com/v1"),
        ("https://films.test/openai/v1", Dialect.OPENAI, "https://films.test/openai/v1"),
        ("https://api.anthropic.com", Dialect.ANTHROPIC, "https://api.anthropic.com/v1"),
        ("https://api.anthropic.com/v1", Dialect.ANTHROPIC, "https://api.anthropic.com/v1"),
        ("https://proxy.test/anthropic", Dialect.ANTHROPIC, "https://proxy.test/anthropic/v1"),
    ],
)
def test_a_base_url_is_understood_with_and_without_its_version(base_url: str, dialect: Dialect, address: str) -> None:
    assert api_address(base_url, dialect) == address
