"""Errors: problem documents in the caller's language, with one table of statuses."""

from __future__ import annotations

from uuid import UUID

import httpx2
import psycopg
import pytest
from starlette.applications import Starlette

from api.conftest import PREFIX, Desk
from api.wiring import Office
from counterfoil.api.problems import STATUSES, status_of, words_of
from counterfoil.foundation import errors
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.foundation.vocabulary import Kind, Language, entries


async def test_a_problem_says_what_happened_what_is_true_now_and_what_to_do(desk: Desk) -> None:
    problem = await desk.ask("GET", f"/accounts/acct_{'0' * 32}", status=404)
    assert problem["code"] == "account_not_found"
    assert problem["status"] == 404
    assert problem["title"] == "Account not found"
    assert problem["type"] == "/help/codes#account_not_found"
    assert "There is no account of this id or name." in problem["detail"]
    assert problem["now"]


async def test_problems_are_told_in_the_callers_language(desk: Desk) -> None:
    path = f"{PREFIX}/accounts/acct_{'0' * 32}"
    response = await desk.client.get(path, headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert response.headers["content-language"] == "zh"
    assert response.json()["title"] == "没有这个账户"
    assert (await desk.client.get(path)).headers["content-language"] == "en"


@pytest.mark.parametrize("path", ["/accounts/acme", "/accounts/key_" + "0" * 32, "/requests/req_zz", "/members/7"])
async def test_an_id_of_another_kind_or_form_is_named(desk: Desk, path: str) -> None:
    problem = await desk.ask("GET", path, status=400)
    assert problem["code"] == "id_unreadable"


async def test_what_is_wrong_with_a_body_is_named_by_field_and_never_repeated(desk: Desk) -> None:
    body = {"name": "up", "base_url": "http://h", "models": [], "secret": 12345678987654321, "sekret": "planted-secret"}
    problem = await desk.ask("POST", "/upstreams", body, status=400)
    assert problem["code"] == "bad_request"
    assert {error["field"] for error in problem["errors"]} == {"body.secret", "body.sekret"}
    assert "planted-secret" not in str(problem)
    assert "12345678987654321" not in str(problem)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b'{"name": NaN, "currency": 1}', "application/json"),
        (b'{"name": "\xff"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"name": ' + b"9" * 5_000 + b"}", "application/json"),
        (b'{"name": "\\u0000"}', "application/json"),
        (b'{"name": "\\ud800"}', "application/json"),
        (b"name=Acme", "application/x-www-form-urlencoded"),
        (b'{"name": "Acme"}', "text/plain"),
        (b"", "application/json"),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_problem_and_changes_nothing(
    desk: Desk, content: bytes, content_type: str
) -> None:
    response = await desk.client.post(f"{PREFIX}/accounts", content=content, headers={"Content-Type": content_type})
    assert response.status_code in (400, 415), response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert (await desk.ask("GET", "/accounts"))["items"] == []


@pytest.mark.parametrize(
    "path",
    ["/accounts?name=%00", "/members?who=%00", "/requests?code=%00", "/accounts?limit=0", "/accounts?limit=9999",
     "/accounts?cursor=nonsense", "/requests?state=lost"],
)  # fmt: skip
async def test_a_query_that_cannot_be_read_is_no_servers_error(desk: Desk, path: str) -> None:
    response = await desk.client.get(PREFIX + path)
    assert response.status_code < 500, response.text


async def test_routes_that_do_not_exist_and_methods_that_do_not_fit(desk: Desk) -> None:
    assert (await desk.ask("GET", "/nothing", status=404))["code"] == "not_found"
    response = await desk.client.put(f"{PREFIX}/accounts")
    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert "POST" in response.headers["allow"]


async def test_what_nobody_expected_is_answered_and_logged_under_one_name(
    office: Office, management: Starlette, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> object:
        raise RuntimeError("planted-detail")

    async def gone(*_: object, **__: object) -> object:
        raise psycopg.OperationalError("planted-address")

    token = {"Authorization": f"Bearer {office.data_directory.operator_token}"}
    transport = httpx2.ASGITransport(app=management)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=token) as client:
        monkeypatch.setattr(type(office.ledger), "sums", broken)
        response = await client.get(f"{PREFIX}/ledger/sums")
        assert response.status_code == 500
        assert response.json()["code"] == "internal_error"
        assert response.json()["instance"].startswith("urn:uuid:")
        assert "planted-detail" not in response.text
        assert response.json()["instance"] in caplog.text
        monkeypatch.setattr(type(office.ledger), "sums", gone)
        response = await client.get(f"{PREFIX}/ledger/sums")
        assert response.status_code == 503
        assert response.headers["retry-after"]
        assert "planted-address" not in response.text


def test_every_kind_of_error_has_a_status_and_words() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CounterfoilError)]
    assert len(kinds) > 8
    for kind in kinds:
        assert status_of(kind()) in range(400, 600), kind
        assert words_of(kind()).code != "internal_error" or kind is CounterfoilError, kind


def test_an_error_without_a_status_or_words_of_its_own_has_those_of_its_kind() -> None:
    refused = errors.LedgerRefused(code="a_code_that_nobody_has_described")
    assert status_of(refused) == STATUSES["ledger_refused"]
    assert words_of(refused).code == "ledger_refused"


def test_the_table_of_statuses_names_only_codes_that_have_words() -> None:
    known = {entry.code for kind in (Kind.ERROR, Kind.REFUSAL, Kind.INPUT_PROBLEM) for entry in entries(kind)}
    assert set(STATUSES) <= known
    assert all(words_of(CounterfoilError(code=code)).label[Language.ZH] for code in STATUSES)


async def test_another_accounts_things_are_not_found(desk: Desk) -> None:
    mine, other = await desk.open_account("Mine"), await desk.open_account("Other")
    key = await desk.make_key(mine)
    await desk.ask("GET", f"/accounts/{other}/keys/{key['key_id']}", status=404)
    await desk.ask("POST", f"/accounts/{other}/keys/{key['key_id']}/disable", status=404)
    assert UUID(hex=key["key_id"].removeprefix("key_"))
