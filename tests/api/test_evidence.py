"""Bundles over REST: the bytes that were signed, as JSON or as a page, for a customer or for staff."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from api.conftest import Desk
from counterfoil.evidence.bundle_verify import verify
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec

PATH = "/manage/v1/evidence/bundles"


@pytest.fixture
async def served(desk: Desk) -> str:
    account_id = read_id("account", await desk.open_account("Acme"))
    await _credit(desk, account_id)
    await desk.office.sell()
    token = (await desk.make_key(show_id("account", account_id)))["token"]
    return show_id("request", await desk.office.call(token, output_tokens=100))


async def _credit(desk: Desk, account_id: UUID) -> None:
    grant = GrantSpec(kind=GrantKind.PAID, amount=10**9, origin="clearing:test")
    await desk.office.ledger.operate(
        Credit(account_id=account_id, source_kind="order", source_id="order 1", grants=(grant,))
    )


async def _bundle(desk: Desk, headers: dict[str, str] | None = None, **body: Any) -> Any:
    return await desk.client.post(PATH, json=body, headers=headers or {})


async def _key(desk: Desk) -> bytes:
    return bytes.fromhex((await desk.ask("GET", "/evidence/key"))["public_key"])


async def test_a_bundle_comes_as_the_bytes_that_were_signed(desk: Desk, served: str) -> None:
    answer = await _bundle(desk, subject=f"why was I charged? {served}", checkpoint=True)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == f'attachment; filename="counterfoil-{served}.json"'
    assert answer.headers["cache-control"] == "no-store"
    result = verify(answer.content, trusted=[await _key(desk)])
    assert (result.verified, result.trusted) == (True, True)
    told = answer.json()
    assert (told["about"]["subject"], told["about"]["view"]) == (served, "customer")
    assert told["segments"] == [{"first": 2, "last": 2, "checkpoint": 1, "why": None}]


async def test_a_page_comes_where_one_is_asked_for(desk: Desk, served: str) -> None:
    for headers, body in (({"Accept": "text/html"}, {}), ({}, {"form": "html"})):
        answer = await _bundle(desk, headers, subject=served, **body)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert verify(answer.content, trusted=[await _key(desk)]).verified
    answer = await _bundle(desk, {"Accept": "text/html"}, subject=served, form="json")
    assert answer.headers["content-type"] == "application/json"


async def test_the_language_is_the_callers(desk: Desk, served: str) -> None:
    asked = await _bundle(desk, {"Accept-Language": "zh-CN"}, subject=served, form="html")
    assert 'lang="zh-CN"' in asked.text
    told = await _bundle(desk, {"Accept-Language": "zh-CN"}, subject=served, language="en")
    assert told.json()["about"]["language"] == "en"
    assert told.headers["content-language"] == "en"


async def test_staff_see_what_a_customer_does_not(desk: Desk, served: str) -> None:
    customer = await _bundle(desk, subject=served, checkpoint=True)
    staff = await _bundle(desk, subject=served, view="staff")
    assert "its-own-name" in staff.text
    assert "its-own-name" not in customer.text
    assert "payload" in staff.json()["checkpoints"][0]
    assert "payload" not in customer.json()["checkpoints"][0]


async def test_what_belongs_to_others_is_not_found(desk: Desk, served: str) -> None:
    other = await desk.open_account("Other")
    answer = await _bundle(desk, subject=served, customer=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "request_not_found")
    answer = await _bundle(desk, subject=show_id("request", SystemClock().new_id()))
    assert answer.status_code == 404


@pytest.mark.parametrize("body", [
    {}, {"subject": ""}, {"subject": "x" * 20_001}, {"subject": "key_limit", "view": "public"},
    {"subject": "key_limit", "form": "pdf"}, {"subject": "key_limit", "checkpoint": "yes"},
    {"subject": "key_limit", "views": "staff"}, {"subject": "key_limit", "customer": "Acme"},
])  # fmt: skip
async def test_what_cannot_be_understood_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    assert (await _bundle(desk, **body)).status_code == 400


async def test_only_operators_get_bundles(desk: Desk) -> None:
    answer = await _bundle(desk, {"Authorization": "Bearer nobody"}, subject="key_limit")
    assert answer.status_code == 401
