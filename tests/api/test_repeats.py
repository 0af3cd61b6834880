"""`Idempotency-Key` over REST: the same again is the first answer again."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx2

from api.conftest import PREFIX, Desk
from api.town import as_, hire, session_of
from counterfoil.identity.access import StaffRole
from counterfoil.storage.idempotency import Begun, fingerprint_of, key_hash_of

KEY = {"Idempotency-Key": "click 1"}


async def send(desk: Desk, method: str, path: str, content: bytes, **headers: str) -> httpx2.Response:
    sent = {"Content-Type": "application/json", **KEY, **headers}
    return await desk.client.request(method, PREFIX + path, content=content, headers=sent)


async def test_the_same_write_again_is_answered_as_the_first_time(desk: Desk) -> None:
    first = await send(desk, "POST", "/accounts", b'{"name": "Acme"}')
    second = await send(desk, "POST", "/accounts", b'{"name": "Acme"}')
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "idempotent-replay" not in first.headers
    assert second.headers["idempotent-replay"] == "true"
    assert second.headers["content-type"] == "application/json"
    assert len((await desk.ask("GET", "/accounts"))["items"]) == 1


async def test_the_key_names_one_request_only(desk: Desk) -> None:
    account = await desk.open_account()
    await send(desk, "POST", "/accounts", b'{"name": "Other"}')
    for method, path, content in (
        ("POST", "/accounts", b'{"name": "Another"}'),
        ("POST", "/accounts?x=1", b'{"name": "Other"}'),
        ("PATCH", f"/accounts/{account}", b'{"name": "Other"}'),
    ):
        answer = await send(desk, method, path, content)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert (await desk.ask("GET", f"/accounts/{account}"))["name"] == "Acme"


async def test_a_secret_that_is_shown_once_is_shown_again_to_whoever_asks_again(desk: Desk) -> None:
    path = f"/accounts/{await desk.open_account()}/keys"
    first = (await send(desk, "POST", path, b'{"name": "a key"}')).json()
    assert (await send(desk, "POST", path, b'{"name": "a key"}')).json() == first
    assert first["token"]
    assert len((await desk.ask("GET", path))["items"]) == 1


async def test_while_the_first_is_at_work_the_second_is_told_to_wait(desk: Desk) -> None:
    body = b'{"name": "Acme"}'
    token: str = desk.office.data_directory.operator_token
    keys = desk.office.entry.idempotency
    begun = await keys.begin(
        key_hash=key_hash_of(credential=_digest(token), key="click 1"),
        fingerprint=fingerprint_of(method="POST", path="/accounts", query=b"", body=body),
        route="POST /accounts",
    )
    assert isinstance(begun, Begun)
    answer = await send(desk, "POST", "/accounts", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_flight")
    assert 1 <= int(answer.headers["retry-after"]) <= 30
    await keys.release(begun)
    assert (await send(desk, "POST", "/accounts", body)).status_code == 201


async def test_what_was_refused_leaves_the_key_free(desk: Desk) -> None:
    refused = await send(desk, "POST", "/accounts", b'{"name": ""}')
    assert refused.status_code == 400
    made = await send(desk, "POST", "/accounts", b'{"name": "Acme"}')
    assert (made.status_code, made.headers.get("idempotent-replay")) == (201, None)


async def test_everybody_has_keys_of_their_own(desk: Desk) -> None:
    person = await hire(desk, "ops@desk.example", StaffRole.OPERATIONS)
    theirs = as_(await session_of(desk, person.person_id))
    await send(desk, "POST", "/accounts", b'{"name": "Acme"}')
    made = await send(desk, "POST", "/accounts", b'{"name": "Acme"}', **theirs)
    assert (made.status_code, made.headers.get("idempotent-replay")) == (201, None)
    assert len((await desk.ask("GET", "/accounts"))["items"]) == 2


async def test_a_key_that_cannot_be_one_is_refused(desk: Desk) -> None:
    for value in ("", "x" * 256, "klick\xe9"):
        headers: dict[str, Any] = {"Content-Type": "application/json", "Idempotency-Key": value.encode("latin-1")}
        answer = await desk.client.post(PREFIX + "/accounts", content=b'{"name": "Acme"}', headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_unreadable")
    assert (await desk.ask("GET", "/accounts"))["items"] == []


async def test_reading_takes_no_key(desk: Desk) -> None:
    assert (await send(desk, "GET", "/accounts", b"")).json()["items"] == []
    await desk.open_account()
    assert len((await send(desk, "GET", "/accounts", b"")).json()["items"]) == 1


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
