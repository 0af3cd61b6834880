"""Upstreams over REST: their secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from api.conftest import Desk
from counterfoil.sandbox.process import SandboxProcess

SECRET = "planted-upstream-secret"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess({"models": ["gpt-4o-mini"]}) as running:
        yield running


def _body(**fields: object) -> dict[str, object]:
    models = [{"public_model": "fast", "upstream_model": "gpt-4o-mini", "priority": 10, "weight": 3}]
    return {"name": "backend", "base_url": "http://127.0.0.1:9/v1", "models": models, **fields}


async def test_an_upstream_is_added_shown_and_removed(desk: Desk) -> None:
    added = await desk.ask("POST", "/upstreams", _body(secret_env="BACKEND_SECRET"))
    assert added["secret"] == "environment variable BACKEND_SECRET"
    assert added["models"] == [{"public_model": "fast", "upstream_model": "gpt-4o-mini", "priority": 10, "weight": 3}]
    assert await desk.ask("GET", "/upstreams/backend") == added
    assert (await desk.ask("GET", "/upstreams"))["items"] == [added]
    assert (await desk.ask("POST", "/upstreams/backend/disable"))["status"] == "disabled"
    assert (await desk.ask("POST", "/upstreams/backend/enable"))["status"] == "active"
    served = [{"public_model": "other", "upstream_model": "other"}]
    assert (await desk.ask("PUT", "/upstreams/backend/models", {"models": served}))["models"][0]["weight"] == 1
    assert await desk.ask("DELETE", "/upstreams/backend") == {"removed": "backend"}
    await desk.ask("GET", "/upstreams/backend", status=404)


async def test_a_secret_is_kept_sealed_and_never_shown(desk: Desk, owner_url: str) -> None:
    shown = [await desk.ask("POST", "/upstreams", _body(secret=SECRET))]
    shown.append(await desk.ask("PUT", "/upstreams/backend/secret", {"secret": SECRET + "-2"}))
    shown.append(await desk.ask("GET", "/upstreams"))
    shown.append(await desk.ask("POST", "/upstreams", _body(secret=SECRET), status=409))
    shown.append(await desk.ask("POST", "/upstreams", _body(secret=SECRET, secret_env=SECRET), status=400))
    shown.append(await desk.ask("PUT", "/upstreams/backend/secret", {"secret_env": SECRET}, status=400))
    shown.append(await desk.ask("POST", "/upstreams/backend/test"))
    assert shown[0]["secret"] == "sealed"
    assert SECRET not in str(shown)
    with psycopg.connect(owner_url) as connection:
        assert SECRET not in str(connection.execute("SELECT upstreams::text FROM upstreams").fetchall())


async def test_what_callbacks_are_signed_with_goes_in_and_never_comes_out(desk: Desk, owner_url: str) -> None:
    await desk.ask("POST", "/upstreams", _body())
    assert (await desk.ask("GET", "/upstreams/backend"))["callback_secret"] == "none"
    shown = [await desk.ask("PUT", "/upstreams/backend/callback-secret", {"secret": SECRET})]
    assert shown[0]["callback_secret"] == "sealed"
    named = await desk.ask("PUT", "/upstreams/backend/callback-secret", {"secret_env": "BACKEND_CALLBACKS"})
    assert named["callback_secret"] == "environment variable BACKEND_CALLBACKS"
    shown.append(await desk.ask("PUT", "/upstreams/backend/callback-secret", {"secret": SECRET + " "}))
    with psycopg.connect(owner_url) as connection:
        assert SECRET not in str(connection.execute("SELECT upstreams::text FROM upstreams").fetchall())
    shown.append(await desk.ask("DELETE", "/upstreams/backend/callback-secret"))
    assert shown[-1]["callback_secret"] == "none"
    assert SECRET not in str(shown)


async def test_an_upstream_is_tested_with_its_secret(desk: Desk, sandbox: SandboxProcess) -> None:
    await desk.ask("POST", "/upstreams", _body(base_url=sandbox.base_url, secret_env="BACKEND_SECRET"))
    probe = await desk.ask("POST", "/upstreams/backend/test")
    assert (probe["passed"], probe["outcome"], probe["status_code"]) == (True, "ok", 200)
    assert (probe["listed_models"], probe["missing_models"]) == (1, [])


async def test_a_test_says_what_an_upstream_does_not_list(desk: Desk, sandbox: SandboxProcess) -> None:
    served = [{"public_model": "fast", "upstream_model": "gpt-9"}]
    body = _body(base_url=sandbox.url, dialect="anthropic", models=served, secret="sandbox-key")
    await desk.ask("POST", "/upstreams", body)
    probe = await desk.ask("POST", "/upstreams/backend/test")
    assert (probe["outcome"], probe["passed"], probe["missing_models"]) == ("ok", False, ["gpt-9"])


async def test_a_wrong_secret_is_told_apart_from_an_upstream_that_is_not_there(
    desk: Desk, sandbox: SandboxProcess
) -> None:
    await desk.ask("POST", "/upstreams", _body(base_url=sandbox.base_url, secret=SECRET))
    probe = await desk.ask("POST", "/upstreams/backend/test")
    assert (probe["outcome"], probe["status_code"]) == ("secret_refused", 401)
    assert SECRET not in str(probe)
    await desk.ask("POST", "/upstreams", _body(name="nowhere", secret=SECRET))
    probe = await desk.ask("POST", "/upstreams/nowhere/test")
    assert (probe["outcome"], probe["status_code"], probe["passed"]) == ("not_connected", None, False)


async def test_an_upstream_whose_secret_is_not_in_the_environment_cannot_be_tested(desk: Desk) -> None:
    await desk.ask("POST", "/upstreams", _body(secret_env="NOT_SET_HERE"))
    problem = await desk.ask("POST", "/upstreams/backend/test", status=503)
    assert problem["parameters"]["variable"] == "NOT_SET_HERE"
    await desk.ask("POST", "/upstreams/nobody/test", status=404)
