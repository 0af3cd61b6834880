"""Who may come in, and how much they may bring."""

from __future__ import annotations

import json

import httpx2
import pytest
from starlette.applications import Starlette

from api.conftest import PREFIX, Desk
from counterfoil.api.entrance import BODY_BYTES_MAX
from counterfoil.storage.data_directory import DataDirectory


@pytest.fixture
def stranger(management: Starlette) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=management), base_url="http://test")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic b3BlcmF0b3I6", "cfop_without_a_scheme", "Bearer \xff\xfe"],
)
async def test_nobody_comes_in_without_the_operators_token(
    stranger: httpx2.AsyncClient, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    response = await stranger.get(PREFIX + "/accounts", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "unauthenticated"


async def test_the_scheme_may_be_written_in_any_case(
    stranger: httpx2.AsyncClient, data_directory: DataDirectory
) -> None:
    headers = {"Authorization": f"bearer {data_directory.operator_token}"}
    assert (await stranger.get(PREFIX + "/accounts", headers=headers)).status_code == 200


async def test_a_stranger_does_not_learn_which_routes_exist(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.get(PREFIX + "/no-such-route")).status_code == 401
    assert (await stranger.delete(PREFIX + "/accounts")).status_code == 401


async def test_a_body_that_is_too_large_is_refused_whatever_its_headers_say(desk: Desk) -> None:
    async def chunks() -> object:
        yield b'{"name": "'
        for _ in range(BODY_BYTES_MAX // 1024 + 1):
            yield b"x" * 1024
        yield b'"}'

    for content in (b'{"name": "' + b"x" * BODY_BYTES_MAX + b'"}', chunks()):
        response = await desk.client.post(
            PREFIX + "/accounts", content=content, headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 413, response.text
        assert response.json()["code"] == "body_too_large"
    assert (await desk.ask("GET", "/accounts"))["items"] == []


async def test_the_description_is_open_and_loads_nothing_from_elsewhere(stranger: httpx2.AsyncClient) -> None:
    openapi = await stranger.get(PREFIX + "/openapi.json")
    assert openapi.status_code == 200
    assert openapi.json()["servers"] == [{"url": PREFIX}]
    page = await stranger.get(PREFIX + "/docs")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "http://" not in page.text.replace("http://test", "")
    assert "https://" not in page.text.replace("https://api.openai.com/v1", "")
    assert "POST /manage/v1/accounts/{account_id}/credits" in page.text
    for path in ("/redoc", "/docs/oauth2-redirect"):
        assert (await stranger.get(PREFIX + path)).status_code == 401


async def test_the_operators_token_is_never_repeated(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    wrong = "cfop_" + "w" * 43
    response = await desk.client.get(PREFIX + "/accounts", headers={"Authorization": f"Bearer {wrong}"})
    assert wrong not in response.text
    assert wrong not in json.dumps([record.getMessage() for record in caplog.records])
