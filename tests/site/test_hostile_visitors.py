"""What nobody should get out of the pages, whatever they put in."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import httpx2
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterfoil.evidence.subjects import SUBJECT_CHARACTERS_MAX
from counterfoil.foundation.ids import show_id
from counterfoil.site.answers import BODY_BYTES_MAX
from counterfoil.storage.database import Database
from evidence.desk import STAGED, Desk

Visit = Callable[..., httpx2.AsyncClient]

SECRET = "sk-" + "q7W3e9R2" * 5
HOSTILE = [
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% for x in ().__class__ %}",
    "../../../etc/passwd",
    "%00%0d%0aSet-Cookie: a=b",
    "\x00\x07\u202e\ud7ff",
    "' OR 1=1; DROP TABLE requests; --",
    "req_" + "0" * 32,
    "req_" + "z" * 5_000,
    "[]()**![x](javascript:alert(1))",
]


def assert_harmless(answer: httpx2.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"
    )
    assert "frame-ancestors" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] in ("DENY", "SAMEORIGIN")
    assert "set-cookie" not in answer.headers
    lowered = answer.text.lower()
    for dangerous in ("<script", "javascript:", "onerror", " style=", "http://shop", "//cdn", "7*7", "49{"):
        assert dangerous not in lowered
    assert not re.search(r"\son[a-z]+=", lowered)


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_input_is_neither_run_nor_repeated(browser: httpx2.AsyncClient, text: str) -> None:
    for answer in (
        await browser.post("/why", data={"q": text}),
        await browser.get("/why", params={"q": text}),
        await browser.get("/why", params={"q": "req_", "lang": text}),
        await browser.get("/why/" + "".join(f"%{byte:02x}" for byte in text.encode())),
        await browser.get("/", headers={"accept-language": text.encode("utf-8")}),
    ):
        assert answer.status_code in (200, 404)
        assert_harmless(answer)
        assert text not in answer.text


async def test_a_hostile_model_name_is_shown_as_text(desk: Desk, browser: httpx2.AsyncClient) -> None:
    request_id = await desk.refused(await desk.customer(), model="<script>alert('x')</script>")
    page = await browser.get(f"/why/{request_id}")
    assert_harmless(page)
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page.text


async def test_a_text_that_is_too_long_is_not_read(desk: Desk, browser: httpx2.AsyncClient) -> None:
    request_id = await STAGED["key_limit"](desk)
    for length in (SUBJECT_CHARACTERS_MAX, BODY_BYTES_MAX):
        answer = await browser.post("/why", data={"q": request_id + " " + "x" * length})
        assert answer.status_code == 413
        assert "This text is too long" in answer.text
        assert_harmless(answer)


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\x00", b"q", b"q=%ff%fe", b"&&&==", b"q=1&" * 50_000, b'{"q": "req_"}', b"q=" + b"%" * 100],
)
async def test_a_form_that_is_none_is_answered_all_the_same(browser: httpx2.AsyncClient, body: bytes) -> None:
    answer = await browser.post("/why", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code in (303, 404)
    assert_harmless(answer)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=200))
async def test_any_text_gets_a_page(visit: Visit, text: str) -> None:
    browser = visit(look_ups_per_minute=10**9)
    answer = await browser.post("/why", data={"q": text.encode("utf-8", "replace").decode()})
    assert answer.status_code in (303, 404)
    assert_harmless(answer)


async def test_what_is_pasted_is_neither_stored_nor_logged(
    desk: Desk, browser: httpx2.AsyncClient, owner_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await STAGED["account_balance"](desk)
    with caplog.at_level(logging.DEBUG, logger="counterfoil"):
        for text in (f"{request_id} {SECRET}", SECRET, f"key_limit {SECRET}"):
            answer = await browser.post("/why", data={"q": text})
            assert SECRET not in answer.text + str(answer.headers)
    assert SECRET not in caplog.text
    assert SECRET not in await _everything(owner_url)


async def _everything(owner_url: str) -> str:
    """Every row of every table, as text."""
    rows: list[Any] = []
    async with await psycopg.AsyncConnection.connect(owner_url) as connection:
        tables = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in await tables.fetchall():
            rows += await (await connection.execute(f'SELECT t::text FROM "{table}" t')).fetchall()  # type: ignore[arg-type]
    return "\n".join(row[0] for row in rows)


async def test_too_many_look_ups_of_one_address_have_to_wait(desk: Desk, visit: Visit) -> None:
    request_id = await STAGED["key_limit"](desk)
    addresses = iter(["192.0.2.1"] * 4 + ["192.0.2.2"])
    browser = visit(look_ups_per_minute=3, client_address=lambda scope: next(addresses))
    answers = [await browser.get(f"/why/{request_id}") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].headers["retry-after"] == "60"
    assert "Too many look-ups" in answers[3].text
    assert (await browser.get("/why")).status_code == 200
    assert (await browser.get(f"/why/{request_id}")).status_code == 200


async def test_without_a_database_the_page_says_so(desk: Desk, database: Database, browser: httpx2.AsyncClient) -> None:
    request_id = show_id("request", desk.clock.new_id())
    await database.close()
    answer = await browser.get(f"/why/{request_id}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "The records cannot be read right now" in answer.text
    assert_harmless(answer)
    assert (await browser.get("/why/key_limit")).status_code == 200


async def test_a_defect_gets_a_page_and_a_log_line_without_the_address(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    async def defective() -> Any:
        raise RuntimeError("of our own making")

    browser = visit(demo=True, live_numbers=defective)
    answer = await browser.get(f"/?note={SECRET}")
    assert answer.status_code == 500
    assert "This page cannot be shown right now" in answer.text
    assert "of our own making" not in answer.text
    assert_harmless(answer)
    # What the client of this test says of its own request is not ours.
    said = "\n".join(caplog.handler.format(one) for one in caplog.records if one.name.startswith("counterfoil"))
    assert "page_failed" in said
    assert SECRET not in said
