"""Asking for help as a browser meets it: without script and without signing in, in zh and en."""

from __future__ import annotations

import html
import logging
import re
from typing import Any

import httpx2
import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, Language, entry
from counterfoil.identity.model import MemberSettings
from counterfoil.identity.service import Members
from counterfoil.limits.model import KeySettings
from counterfoil.limits.tokens import make_token
from counterfoil.site.answers import BODY_BYTES_MAX
from counterfoil.storage.database import Database
from counterfoil.support import intake_store as store
from counterfoil.support.intake import Intake
from counterfoil.support.intake_limits import IntakeLimits
from counterfoil.support.model import Resolution
from counterfoil.support.rules import Verb, step
from counterfoil.support.templates_text import template_text
from evidence.desk import Desk

TOKEN = make_token(bytes(range(7, 39)))
REQUEST = "req_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b"
ORDER = "4200001234202611241234567890"
CARD = "4242 4242 4242 4242"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
FINE = {"request_id": REQUEST, "model": "gpt-4o", "status_code": "402"}


def said(page: httpx2.Response) -> str:
    """What a reader reads, without markup."""
    body = re.sub(r"<(head|svg|style|script)\b.*?</\1>", " ", page.text, flags=re.DOTALL)
    return re.sub(
        r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<(p|div|li|td|th|h\d|dt|dd|tr)\b", r" <\1", body)))
    )


def value_of(page: httpx2.Response, name: str) -> str | None:
    """What stands in a field of the form."""
    found = re.search(rf'<input [^>]*name="{name}"[^>]*value="([^"]*)"', page.text)
    found = found or re.search(rf'<textarea [^>]*name="{name}"[^>]*>([^<]*)</textarea>', page.text)
    return None if found is None else html.unescape(found[1])


def link_of(page: httpx2.Response) -> str:
    found = re.search(r'href="https://shop.test(/support/case/[A-Za-z0-9_-]{43})"', page.text)
    assert found is not None
    return found[1]


async def count(database: Database, table: str = "cases") -> int:
    async with database.reading() as connection:
        cursor = await connection.execute(f"SELECT count(*) FROM {table}")  # type: ignore[arg-type]
        ((found,),) = await cursor.fetchall()
        return int(found)


async def join(desk: Desk, database: Database, email: str) -> None:
    """Make somebody a member of an account."""
    account_id = (await desk.customer()).account_id
    await Members(database, clock=desk.clock).add(account_id=account_id, settings=MemberSettings(email=email))


async def do(database: Database, verb: Verb, **said: Any) -> None:
    """What the desk does to the only case."""
    async with database.unit_of_work() as connection:
        cursor = await connection.execute("SELECT case_id FROM cases")
        ((case_id,),) = await cursor.fetchall()
        locked = await store.lock_case(connection, case_id)
        assert locked is not None
        done = step(locked[0], verb, number=locked[1] + 1, at=locked[0].changed_at, by="kim@example.com", **said)
        await store.insert_event(connection, done.event)
        await connection.execute(
            "UPDATE cases SET state = %s, resolution = %s, event_no = %s WHERE case_id = %s",
            (done.after.state, done.after.resolution, locked[1] + 1, case_id),
        )


# -- the forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", list(Language))
async def test_one_chooses_a_problem_and_gets_its_fields(browser: httpx2.AsyncClient, language: Language) -> None:
    home = await browser.get("/support", params={"lang": language.value})
    assert home.status_code == 200
    for problem, codes in FIELDS_OF_PROBLEM.items():
        assert f'href="/support/{problem}?lang={language.value}"' in home.text
        assert entry(Kind.PROBLEM_CLASS, problem).label[language] in said(home)
        page = await browser.get(f"/support/{problem}", params={"lang": language.value})
        assert page.status_code == 200
        names = re.findall(r'<(?:input|textarea) id="field-[a-z_]+" name="([a-z_]+)"', page.text)
        assert tuple(name for name in names if name != "website") == codes
        for code in codes:
            one = entry(Kind.EVIDENCE_FIELD, code)
            for words in (one.label, one.explanation, one.next_step.where_to_look):
                assert words[language] in said(page)
            assert f'<label for="field-{code}">' in page.text
        assert entry(Kind.PAGE, "support_never").explanation[language] in said(page)
        # What is sent is kept, so the promise of the look-up page is not made here.
        assert entry(Kind.PAGE, "why_promise").explanation[language] not in said(page)
        for either in Language:
            assert template_text(problem, either) in html.unescape(page.text)


async def test_only_support_pages_have_a_script_and_it_is_our_own(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/support/balance_fell")
    assert "script-src 'self'; frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "connect-src" not in page.headers["content-security-policy"]
    (address,) = re.findall(r"<script([^>]*)></script>", page.text)
    path = re.search(r'src="(/assets/support\.[0-9a-f]{16}\.js)"', address)
    assert path is not None
    script = await browser.get(path[1])
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert not re.search(r"fetch|XMLHttp|sendBeacon|import\(|eval|innerHTML", script.text)
    assert not re.search(r"\son[a-z]+=|<style| style=", page.text)
    for path_without in ("/why", "/support"):
        other = await browser.get(path_without)
        assert "script-src" not in other.headers["content-security-policy"]
        assert "<script" not in other.text


async def test_the_look_up_page_leads_to_help(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/why")
    assert 'href="/support"' in page.text
    for problem in FIELDS_OF_PROBLEM:
        assert f'href="/support/{problem}"' in page.text


@pytest.mark.parametrize("path", ["/support/weather", "/support/case", "/support/balance_fell/x", "/support/case/x/y"])
async def test_what_is_no_page_is_said(browser: httpx2.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/support", "GET, HEAD, POST"), ("DELETE", "/support/balance_fell", "GET, HEAD, POST"),
        ("POST", "/support/case/" + "x" * 43, "GET, HEAD"), ("GET", "/support/case/" + "x" * 43 + "/answer", "POST"),
    ],
)  # fmt: skip
async def test_another_method_is_not_taken(browser: httpx2.AsyncClient, method: str, path: str, allowed: str) -> None:
    answer = await browser.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


# -- sending -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", list(Language))
async def test_a_case_is_sent_and_followed_by_its_link(browser: httpx2.AsyncClient, language: Language) -> None:
    form = await browser.get("/support/balance_not_enough", params={"lang": language.value})
    key = value_of(form, "submission_key")
    assert key
    sent = await browser.post(
        f"/support/balance_not_enough?lang={language.value}", data={**FINE, "submission_key": key, "website": ""},
        headers={"user-agent": CHROME},
    )  # fmt: skip
    assert sent.status_code == 200
    assert sent.headers["cache-control"] == "no-store"
    assert sent.headers["x-robots-tag"] == "noindex"
    assert entry(Kind.PAGE, "support_received").explanation[language] in said(sent)
    case = await browser.get(link_of(sent), params={"lang": language.value})
    assert case.status_code == 200
    number = re.search(r"CS-\w{4}-\w{4}", sent.text)
    assert number is not None
    assert number[0] in case.text
    assert entry(Kind.CASE_STATE, "new").label[language] in said(case)
    # The way to the case's own page is the same for everybody: who may open it is decided there.
    assert f'href="/console/support/{number[0]}"' in case.text
    # Nothing of what was sent, and nothing of any record.
    assert REQUEST not in case.text
    assert case.headers["referrer-policy"] == "no-referrer"


async def test_sent_twice_by_the_same_form_it_is_one_case(browser: httpx2.AsyncClient, database: Database) -> None:
    key = value_of(await browser.get("/support/balance_not_enough"), "submission_key")
    first, again = [
        await browser.post("/support/balance_not_enough", data={**FINE, "submission_key": key}) for _ in range(2)
    ]
    assert link_of(first) == link_of(again)
    assert await count(database) == 1
    # Whoever goes back and corrects something sends another.
    other = await browser.post("/support/balance_not_enough", data={**FINE, "model": "o3", "submission_key": key})
    assert link_of(other) != link_of(first)
    assert await count(database) == 2


@pytest.mark.parametrize("language", list(Language))
async def test_a_pasted_key_is_stopped_and_the_rest_goes_on(
    browser: httpx2.AsyncClient, database: Database, language: Language
) -> None:
    path = f"/support/balance_not_enough?lang={language.value}"
    refused = await browser.post(path, data={**FINE, "error_text": f"Incorrect API key provided: {TOKEN}"})
    assert refused.status_code == 422
    assert TOKEN not in refused.text
    assert entry(Kind.PAGE, "support_refused").label[language] in said(refused)
    assert entry(Kind.WORD, "unsafe_api_key").label[language] in said(refused)
    assert value_of(refused, "error_text") == ""
    assert {name: value_of(refused, name) for name in FINE} == FINE
    assert await count(database) == 0
    key = value_of(refused, "submission_key")
    assert (await browser.post(path, data={**FINE, "submission_key": key})).status_code == 200
    assert await count(database) == 1


async def test_a_whole_order_number_becomes_its_mask_with_one_click(
    browser: httpx2.AsyncClient, database: Database
) -> None:
    given = {"account_email": "ada@example.com", "amount": "100 CNY", "order_time": "2026-11-24 16:30 +08:00"}
    offered = await browser.post("/support/recharged_not_credited", data={**given, "order_mask": ORDER})
    assert offered.status_code == 422
    assert ORDER not in offered.text
    assert "Send with the masks" in offered.text
    mask = value_of(offered, "order_mask")
    assert mask is not None
    assert ORDER[-4:] in mask
    assert await count(database) == 0
    fields = {name: value_of(offered, name) for name in (*given, "order_mask", "submission_key")}
    sent = await browser.post("/support/recharged_not_credited", data=fields)
    assert sent.status_code == 200
    async with database.reading() as connection:
        cursor = await connection.execute("SELECT fields, channel FROM cases")
        assert await cursor.fetchall() == [({**given, "order_mask": mask}, "form")]


async def test_files_are_refused_by_name_and_left_unread(browser: httpx2.AsyncClient, database: Database) -> None:
    answer = await browser.post(
        "/support/balance_not_enough", data=FINE, files={"shot": (f"{TOKEN}.png", b"\x89PNG" + CARD.encode())}
    )
    assert answer.status_code == 422
    assert "The name of a file" in said(answer) or "the name of a file" in said(answer)
    assert "a picture or screenshot" in said(answer)
    assert TOKEN not in answer.text
    assert {name: value_of(answer, name) for name in FINE} == FINE
    assert await count(database) == 0


@pytest.mark.parametrize(
    ("where", "label"),
    [("query", "the address of the page"), ("agent", "the name of your program"), ("name", "the name of a field")],
)
async def test_a_secret_beside_the_form_is_refused_as_well(
    browser: httpx2.AsyncClient, database: Database, where: str, label: str
) -> None:
    path = "/support/balance_not_enough" + (f"?x={TOKEN}" if where == "query" else "")
    headers = {"user-agent": f"tool {TOKEN}"} if where == "agent" else {}
    fields = {**FINE, TOKEN: ""} if where == "name" else FINE
    answer = await browser.post(path, data=fields, headers=headers)
    assert answer.status_code == 422
    assert label in said(answer)
    assert TOKEN not in answer.text + str(answer.headers)
    assert await count(database) == 0


async def test_what_programs_fill_in_is_not_sent_and_a_person_sends_once_more(
    browser: httpx2.AsyncClient, database: Database
) -> None:
    trapped = await browser.post("/support/balance_not_enough", data={**FINE, "website": "https://spam.example"})
    assert trapped.status_code == 422
    assert "spam.example" not in trapped.text
    assert value_of(trapped, "website") == ""
    assert "Press send once more" in said(trapped)
    assert await count(database) == 0
    assert (await browser.post("/support/balance_not_enough", data=FINE)).status_code == 200


async def test_an_empty_form_asks_for_something(browser: httpx2.AsyncClient, database: Database) -> None:
    for data in ({}, {"model": "  "}):
        answer = await browser.post("/support/balance_not_enough", data=data)
        assert answer.status_code == 422
        assert "A field has to be corrected" in said(answer)
    assert await count(database) == 0


async def test_another_class_keeps_what_both_ask_for(browser: httpx2.AsyncClient, database: Database) -> None:
    page = await browser.post("/support/failed_perhaps_charged", data={**FINE, "other_class": "1", "group": "team one"})
    assert page.status_code == 200
    assert value_of(page, "request_id") == REQUEST
    assert value_of(page, "model") == "gpt-4o"
    assert await count(database) == 0


async def test_a_template_comes_back_and_fills_in_the_form(browser: httpx2.AsyncClient, database: Database) -> None:
    lines = template_text("balance_not_enough", Language.ZH).replace("请求编号：", f"请求编号：{REQUEST}")
    page = await browser.post("/support?lang=zh", data={"pasted": lines})
    assert page.status_code == 200
    assert "已按粘贴的文字填写" in said(page)
    assert value_of(page, "request_id") == REQUEST
    assert value_of(page, "filled") == "1"
    assert await count(database) == 0
    sent = await browser.post("/support/balance_not_enough?lang=zh", data={"request_id": REQUEST, "filled": "1"})
    assert sent.status_code == 200
    async with database.reading() as connection:
        cursor = await connection.execute("SELECT channel, language FROM cases")
        assert await cursor.fetchall() == [("template", "zh")]


@pytest.mark.parametrize(
    ("pasted", "status"),
    [("hello", 422), (f"[Case] Something else\nModel: {TOKEN}", 422), (f"hello {TOKEN}", 422), ("x" * 20_000, 413)],
)
async def test_a_template_that_cannot_be_taken_is_not_repeated(
    browser: httpx2.AsyncClient, pasted: str, status: int
) -> None:
    answer = await browser.post("/support", data={"pasted": pasted})
    assert answer.status_code == status
    assert TOKEN not in answer.text
    assert pasted not in answer.text


@pytest.mark.parametrize("path", ["/support", "/support/balance_fell", "/support/case/" + "x" * 43 + "/answer"])
async def test_a_body_that_is_too_long_is_not_read(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.post(path, data={"model": "x" * BODY_BYTES_MAX})
    assert answer.status_code == 413


HOSTILE = [
    b"", b"\xff\xfe\x00", b"&&&==", b"model=1&" * 20_000, b"model=%ff%00%0d%0a", b'{"model": "x"}', b"=" * 1_000,
    b"model=%3Cscript%3Ealert(1)%3C/script%3E", b"model=%22%20onfocus%3D%22alert(1)", b"model=%7B%7B7*7%7D%7D",
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", ""]
)
async def test_hostile_bodies_are_answered_and_not_run(
    browser: httpx2.AsyncClient, body: bytes, content_type: str
) -> None:
    for path in ("/support", "/support/balance_fell"):
        answer = await browser.post(path, content=body, headers={"content-type": content_type} if content_type else {})
        assert answer.status_code in (200, 422)
        assert "<script>" not in answer.text
        assert not re.search(r"<[^>]*\sonfocus=", answer.text)
        # Numbers and links are random, and may hold it too; here only the template could have made it.
        assert "7*7" not in body.decode(errors="replace") or "49" not in re.sub(
            r"<[^>]+>|CS-\S+|http\S+", "", answer.text
        )


# -- when it cannot be kept ----------------------------------------------------------------------------------------


async def test_while_the_database_is_down_the_form_keeps_what_was_fine(
    browser: httpx2.AsyncClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    key = value_of(await browser.get("/support/balance_not_enough"), "submission_key")
    await database.close()
    with caplog.at_level(logging.DEBUG, logger="counterfoil"):
        down = await browser.post("/support/balance_not_enough", data={**FINE, "submission_key": key})
        refused = await browser.post("/support/balance_not_enough", data={**FINE, "error_text": TOKEN})
        link = await browser.get("/support/case/" + "x" * 43)
    assert (down.status_code, refused.status_code, link.status_code) == (503, 422, 503)
    assert down.headers["retry-after"] == "60"
    assert {name: value_of(down, name) for name in FINE} == FINE
    # The same sending, should it have arrived after all.
    assert value_of(down, "submission_key") == key
    assert TOKEN not in refused.text + caplog.text
    assert REQUEST not in caplog.text


async def test_too_much_of_one_address_has_to_wait_whoever_it_names(
    visit: Any, intake: Intake, desk: Desk, database: Database
) -> None:
    await join(desk, database, "known@example.com")
    intake._limits = IntakeLimits(per_address=3)
    addresses = iter(["192.0.2.1"] * 4 + ["192.0.2.2"] * 4)
    browser = visit(client_address=lambda scope: next(addresses))
    for email in ("known@example.com", "stranger@example.com"):
        answers = [
            await browser.post("/support/recharged_not_credited", data={"account_email": email}) for _ in range(4)
        ]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        assert value_of(answers[3], "account_email") == email
        assert "Please wait a little" in said(answers[3])


async def test_nobody_learns_from_an_answer_whether_an_address_is_known(
    browser: httpx2.AsyncClient, desk: Desk, database: Database
) -> None:
    await join(desk, database, "known@example.com")
    pages = []
    for email in ("known@example.com", "stranger@example.com"):
        sent = await browser.post("/support/recharged_not_credited", data={"account_email": email, "amount": "100"})
        case = await browser.get(link_of(sent))
        pages.append([re.sub(r"CS-\w{4}-\w{4}|/support/case/[\w-]{43}", "…", page.text) for page in (sent, case)])
    assert pages[0] == pages[1]


# -- the private link ----------------------------------------------------------------------------------------------


async def test_a_link_that_opens_nothing_is_said(browser: httpx2.AsyncClient) -> None:
    for token in ("x" * 43, "x", "x" * 3_000, "%00%ff"):
        answer = await browser.get("/support/case/" + token)
        assert answer.status_code == 404
        assert "The link does not open anything" in said(answer)
        assert answer.headers["x-robots-tag"] == "noindex"
        assert (await browser.post(f"/support/case/{token}/answer", data={"answer": "x"})).status_code == 404


async def test_a_question_is_answered_by_the_link(browser: httpx2.AsyncClient, database: Database) -> None:
    link = link_of(await browser.post("/support/balance_not_enough", data=FINE))
    assert "Nothing is asked of you now" in said(await browser.get(link))
    await do(database, Verb.ASK, facts={"fields": "key_mask"}, text=f"Which key? <b>Not</b> {TOKEN}")
    page = await browser.get(link)
    assert "Which key? <b>Not</b>" in html.unescape(page.text)
    assert "<b>" not in page.text
    assert TOKEN not in page.text
    assert f'action="{link}/answer"' in page.text
    refused = await browser.post(f"{link}/answer", data={"key_mask": TOKEN, "answer": "the nightly one"})
    assert refused.status_code == 422
    assert TOKEN not in refused.text
    assert value_of(refused, "answer") == "the nightly one"
    answered = await browser.post(f"{link}/answer?lang=en", data={"key_mask": "sk-…7bC2", "answer": "the nightly one"})
    assert answered.status_code == 303
    assert answered.headers["location"] == f"{link}?done=answer&lang=en"
    after = await browser.get(answered.headers["location"])
    assert "Your answer has arrived" in said(after)
    assert "sk-…7bC2" not in after.text
    # Sent again by whoever went back: it has moved on, and the page says where it is.
    again = await browser.post(f"{link}/answer", data={"key_mask": "sk-…7bC2"})
    assert (again.status_code, again.headers["location"]) == (303, link)


async def test_a_case_that_is_not_solved_is_opened_again_by_the_link(
    browser: httpx2.AsyncClient, database: Database
) -> None:
    link = link_of(await browser.post("/support/balance_not_enough", data=FINE))
    assert "/reopen" not in (await browser.get(link)).text
    await do(database, Verb.RESOLVE, changes={"resolution": Resolution.ANSWERED})
    page = await browser.get(link)
    assert f'action="{link}/reopen"' in page.text
    assert (await browser.post(f"{link}/reopen", data={"answer": ""})).status_code == 422
    opened = await browser.post(f"{link}/reopen", data={"answer": "it happened again"})
    assert opened.status_code == 303
    after = await browser.get(opened.headers["location"])
    assert "The case is open again" in said(after)
    assert "/reopen" not in after.text


# -- planted secrets -----------------------------------------------------------------------------------------------


async def test_secrets_planted_everywhere_are_nowhere_afterwards(
    desk: Desk, browser: httpx2.AsyncClient, intake: Intake, owner_url: str, clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    account_id = (await desk.customer()).account_id
    ours = (await desk.limits.create_key(account_id=account_id, settings=KeySettings(name="ours"))).token
    seen: list[str] = []
    with caplog.at_level(logging.DEBUG, logger="counterfoil"):
        for secret in (ours, "sk-" + "q7W3e9R2" * 5, CARD, "Bearer eyJ" + "a1B2" * 12):
            for problem, codes in FIELDS_OF_PROBLEM.items():
                for code in (*codes, "submission_key", "website", "filled", "other_class", "x"):
                    clock.advance(seconds=10)
                    answer = await browser.post(f"/support/{problem}", data={"model": "gpt-4o", code: secret})
                    seen.append(answer.text + str(answer.headers))
            for path in (
                "/support",
                f"/support/balance_fell?q={secret}",
                f"/support/{secret}",
                f"/support/case/{secret}",
            ):
                seen += [(await browser.get(path)).text, (await browser.post(path, data={"pasted": secret})).text]
            seen.append((await browser.get("/support", headers={"user-agent": secret, "referer": secret})).text)
        await intake.counts.write()
        assert await intake.exposed.tell() == 1
    everything = await _everything(owner_url)
    for secret in (ours, "q7W3e9R2q7W3e9R2", CARD, "a1B2a1B2"):
        assert secret not in everything
        assert secret not in caplog.text
        assert not any(secret in page for page in seen)


async def _everything(owner_url: str) -> str:
    """Every row of every table, as text."""
    rows: list[Any] = []
    async with await psycopg.AsyncConnection.connect(owner_url) as connection:
        tables = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in await tables.fetchall():
            rows += await (await connection.execute(f'SELECT t::text FROM "{table}" t')).fetchall()  # type: ignore[arg-type]
    return "\n".join(row[0] for row in rows)
