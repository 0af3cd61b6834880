"""The handbook as it is served: the same bytes as its copy, and what only a server can do with them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx2
import psycopg
import pytest
import structlog.testing

from counterfoil.foundation.vocabulary import Kind, Language, entries, text
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.search import search
from counterfoil.knowledge.search_index import build_index
from counterfoil.knowledge.votes import Votes
from counterfoil.knowledge.votes_model import Verdict
from counterfoil.site.answers import BODY_BYTES_MAX
from counterfoil.site.help import HITS_SHOWN, VOTES_PER_MINUTE
from counterfoil.storage.database import Database
from evidence.desk import STAGED, Desk

Visit = Callable[..., httpx2.AsyncClient]
REQUEST = "req_0191a2b3c4d57e8f90a1b2c3d4e5f607"
SECRET = "sk-" + "q7W3e9R2" * 5


def heading(code: str, language: Language = Language.EN) -> str:
    return text(Kind.PAGE, code, language)


def address_of(path: str) -> str:
    """The address at which a server of files answers with a file."""
    return "/" + path.removesuffix(".html").removesuffix("/index")


async def counted(votes: Votes, slug: str) -> dict[tuple[Language, Verdict], int]:
    return {(one.language, one.verdict): one.count for one in await votes.read(first_day=0, last_day=10**6, slug=slug)}


async def test_every_file_of_the_copy_is_served_with_the_same_bytes(
    browser: httpx2.AsyncClient, copy: Mapping[str, bytes]
) -> None:
    for path, body in copy.items():
        answer = await browser.get(address_of(path))
        assert answer.status_code == 200, path
        assert answer.content == body, path
        head = await browser.head(address_of(path))
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/help/en/key-invalid", "text/html; charset=utf-8"),
        ("/help/en/key-invalid.md", "text/markdown; charset=utf-8"),
        ("/help/zh/feed.xml", "application/atom+xml; charset=utf-8"),
        ("/help/zh/feed.json", "application/feed+json; charset=utf-8"),
        ("/help/zh/search-index.json", "application/json; charset=utf-8"),
        ("/sitemap.xml", "application/xml; charset=utf-8"),
        ("/llms.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_files_say_what_they_are(browser: httpx2.AsyncClient, path: str, kind: str) -> None:
    answer = await browser.get(path)
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accept", "path", "target"),
    [
        ("zh-CN,zh;q=0.9", "/help/key-invalid", "/help/zh/key-invalid"),
        ("fr", "/help/key-invalid", "/help/en/key-invalid"),
        ("zh", f"/help/key-invalid?request={REQUEST}", f"/help/zh/key-invalid?request={REQUEST}"),
        ("zh", "/help/key-invalid?lang=en", "/help/en/key-invalid"),
        ("zh", "/help/search?q=402", "/help/zh/search?q=402"),
        ("en", "/help/key-invalid?utm_source=x", "/help/en/key-invalid"),
    ],
)
async def test_an_address_without_a_language_leads_to_the_readers(
    browser: httpx2.AsyncClient, accept: str, path: str, target: str
) -> None:
    answer = await browser.get(path, headers={"accept-language": accept})
    assert (answer.status_code, answer.headers["location"]) == (303, target)
    assert answer.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize("kind", [Kind.REFUSAL, Kind.CAUSE, Kind.TASK_STATE, Kind.ORDER_STATE])
async def test_a_codes_own_page_names_the_code(browser: httpx2.AsyncClient, kind: Kind) -> None:
    for one in entries(kind):
        for language in Language:
            led = await browser.get(one.article, headers={"accept-language": language.value})
            page = await browser.get(led.headers["location"])
            assert page.status_code == 200
            assert f"<code>{one.code}</code>" in page.text


@pytest.mark.parametrize(
    ("path", "target"),
    [("/help/en/key-invalid.html", "/help/en/key-invalid"), ("/help/zh/index.html", "/help/zh")],
)
async def test_names_of_files_lead_to_clean_addresses(browser: httpx2.AsyncClient, path: str, target: str) -> None:
    answer = await browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (308, target)


@pytest.mark.parametrize(
    "path",
    [
        "/help/en/no-such-page", "/help/no-such-page", "/help/en/key-invalid/more", "/help/fr/key-invalid",
        "/help/en/../../etc/passwd", "/help/en/key-invalid.exe", "/help/en/.md", "/help/key-invalid/answered",
        "/help/en/no-such-page/answered", "/help/en/<script>alert(1)</script>",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_said_and_not_repeated(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert heading("page_not_found") in answer.text
    assert "no-such-page" not in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/help/en/key-invalid", "GET, HEAD"),
        ("PUT", "/help/en/error-meaning", "GET, HEAD, POST"),
        ("DELETE", "/help", "GET, HEAD"),
        ("POST", "/sitemap.xml", "GET, HEAD"),
        ("POST", "/help/key-invalid", "GET, HEAD"),
        ("GET", "/help/en/key-invalid/answered", "POST"),
    ],
)
async def test_methods(browser: httpx2.AsyncClient, method: str, path: str, allowed: str) -> None:
    answer = await browser.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_scripts_run_where_there_is_one_and_load_only_the_index(browser: httpx2.AsyncClient) -> None:
    for path, has_script, fetches in [
        ("/help/en/key-invalid", False, False),
        ("/help/en", False, False),
        ("/help/en/error-meaning", False, False),
        ("/help/en/safe-to-send", True, False),
        ("/help/en/search", True, True),
        ("/help/en/search?q=402", True, True),
    ]:
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert ("script-src 'self'" in policy) is has_script, path
        assert ("connect-src" in policy) is fetches, path
        assert ("<script src=" in answer.text) is has_script, path


# One's own request.


async def test_a_refusals_link_shows_the_page_with_ones_own_case_one_click_away(browser: httpx2.AsyncClient) -> None:
    page = await browser.get(f"/help/en/key-limit?request={REQUEST}")
    assert page.status_code == 200
    assert heading("help_own_case") in page.text
    assert f'href="/why/{REQUEST}?lang=en"' in page.text
    assert f'href="/console/go?q={REQUEST}"' in page.text
    assert f'href="/help/zh/key-limit?request={REQUEST}"' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert '<link rel="canonical" href="https://shop.test/help/en/key-limit">' in page.text


@pytest.mark.parametrize("given", ["", "req_1", "<script>", f"{REQUEST}x", "task_0191a2b3c4d57e8f90a1b2c3d4e5f607"])
async def test_what_is_no_request_of_ours_changes_nothing(
    browser: httpx2.AsyncClient, copy: Mapping[str, bytes], given: str
) -> None:
    page = await browser.get("/help/en/key-limit", params={"request": given})
    assert page.content == copy["help/en/key-limit.html"]


async def test_a_page_about_a_request_tells_nothing_of_it(visit: Visit, desk: Desk) -> None:
    """Nothing is looked up: it is the same for a request that exists, for one that does not, and for anybody's."""
    browser = visit()
    shown = []
    for request_id in (await STAGED["key_limit"](desk), REQUEST):
        page = (await browser.get(f"/help/en/key-limit?request={request_id}")).text
        shown.append(re.sub(r"<code class=.id.>.*?</code>", "", page).replace(request_id, "…"))
    assert shown[0] == shown[1]


# Searching without a script.


@pytest.mark.parametrize(("language", "question"), [(Language.EN, "402 but I have money"), (Language.ZH, "充值没到账")])
async def test_the_server_searches_as_the_index_does(
    browser: httpx2.AsyncClient, catalogue: Catalogue, language: Language, question: str
) -> None:
    page = await browser.get(f"/help/{language}/search", params={"q": question})
    shown = re.findall(rf'<li><a href="/help/{language}/([0-9a-z-]+)"><strong>', page.text)
    hits = search(build_index(catalogue, language), question, most=HITS_SHOWN)
    assert shown == [one.document.slug for one in hits] != []
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"


async def test_a_search_that_finds_nothing_says_what_to_do(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/help/en/search", params={"q": "<zzqx>"})
    assert page.status_code == 200
    assert "<span data-none>" in page.text
    assert "/help/en/error-meaning" in page.text
    assert "<zzqx>" not in page.text
    assert "&lt;zzqx&gt;" in page.text


# What does this error mean?


@pytest.mark.parametrize("language", Language)
async def test_a_pasted_error_leads_to_its_page_and_to_ones_own_case(
    browser: httpx2.AsyncClient, language: Language
) -> None:
    pasted = f'openai.APIStatusError: 402 - {{"error": {{"code": "group_quota", "request_id": "{REQUEST}"}}}}'
    page = await browser.post(f"/help/{language}/error-meaning", data={"q": pasted})
    assert page.status_code == 200
    first = page.text.index(f'href="/help/{language}/group-quota?request={REQUEST}"')
    assert heading("help_meanings", language) in page.text[:first]
    assert f'href="/why/{REQUEST}?lang={language}"' in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_nothing_of_what_was_pasted_is_repeated_kept_or_logged(
    browser: httpx2.AsyncClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    pasted = f"Authorization: Bearer {SECRET} my-own-prompt <script>alert(1)</script> key_invalid"
    with structlog.testing.capture_logs() as logged:
        page = await browser.post("/help/en/error-meaning", data={"q": pasted})
    assert "/help/en/key-invalid" in page.text
    for private in (SECRET, "my-own-prompt", "alert(1)"):
        assert private not in page.text
        assert private not in str(logged) + caplog.text


async def test_an_error_that_is_not_recognised_is_said_so(browser: httpx2.AsyncClient) -> None:
    page = await browser.post("/help/en/error-meaning", data={"q": "…"})
    assert heading("help_meanings_none") in page.text


async def test_empty_and_endless_texts(browser: httpx2.AsyncClient) -> None:
    empty = await browser.post("/help/en/error-meaning", data={"q": "  "})
    assert (empty.status_code, empty.headers["location"]) == (303, "/help/en/error-meaning")
    assert (await browser.post("/help/en/error-meaning", data={"q": "x" * BODY_BYTES_MAX})).status_code == 413
    long = await browser.post("/help/en/error-meaning", data={"q": "key_invalid " + "x " * 60_000})
    assert "/help/en/key-invalid" in long.text


async def test_errors_are_looked_up_no_more_often_than_requests(visit: Visit) -> None:
    browser = visit(look_ups_per_minute=2)
    statuses = [(await browser.post("/help/en/error-meaning", data={"q": "402"})).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


# Was this the answer?


@pytest.mark.parametrize("verdict", Verdict)
async def test_a_reader_says_whether_it_was_the_answer(
    browser: httpx2.AsyncClient, votes: Votes, verdict: Verdict
) -> None:
    for _ in range(2):
        answer = await browser.post("/help/zh/key-invalid/answered", data={"verdict": verdict})
        assert answer.headers["location"] == f"/help/zh/key-invalid?answered={verdict}#help-said"
    thanks = await browser.get(answer.headers["location"])
    assert heading(f"help_answered_{verdict}", Language.ZH) in thanks.text
    assert ("/help/zh/error-meaning" in thanks.text[: thanks.text.index("help-four")]) is (verdict is Verdict.NO)
    assert await counted(votes, "key-invalid") == {(Language.ZH, verdict): 2}


async def test_all_that_is_kept_is_a_count(browser: httpx2.AsyncClient, database_url: str) -> None:
    await browser.post(
        "/help/en/key-limit/answered", data={"verdict": "no", "note": SECRET}, headers={"user-agent": "Someone 1.0"}
    )
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        cursor = await connection.execute("SELECT * FROM article_votes")
        rows, columns = await cursor.fetchall(), [one.name for one in cursor.description or ()]
    assert columns == ["day", "slug", "language", "verdict", "count"]
    assert [row[1:] for row in rows] == [("key-limit", "en", "no", 1)]


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"verdict": "no", "website": "http://spam.example"}, {}),
        ({"verdict": "no"}, {"sec-fetch-site": "cross-site"}),
        ({"verdict": "perhaps"}, {}),
        ({}, {}),
    ],
    ids=["fills in the trap", "another site's page", "says something else", "says nothing"],
)
async def test_programs_and_other_sites_do_not_count(
    browser: httpx2.AsyncClient, votes: Votes, fields: dict[str, Any], headers: dict[str, str]
) -> None:
    answer = await browser.post("/help/en/key-limit/answered", data=fields, headers=headers)
    assert answer.status_code == 303
    assert await counted(votes, "key-limit") == {}


async def test_whoever_answers_too_often_is_not_counted(browser: httpx2.AsyncClient, votes: Votes) -> None:
    answers = [
        await browser.post("/help/en/key-limit/answered", data={"verdict": "no"}) for _ in range(VOTES_PER_MINUTE + 3)
    ]
    assert [one.headers["location"].partition("?")[2] for one in answers[VOTES_PER_MINUTE:]] == [
        "answered=late#help-said"
    ] * 3
    assert (await counted(votes, "key-limit"))[(Language.EN, Verdict.NO)] == VOTES_PER_MINUTE
    late = await browser.get("/help/en/key-limit?answered=late")
    assert heading("help_answered_too_often") in late.text


async def test_votes_of_many_at_once_are_all_counted(database: Database, votes: Votes) -> None:
    await asyncio.gather(*(votes.add("key-limit", Language.EN, Verdict.YES) for _ in range(20)))
    assert await counted(votes, "key-limit") == {(Language.EN, Verdict.YES): 20}


async def test_counts_stay_as_they_are(database: Database, votes: Votes, database_url: str) -> None:
    await votes.add("key-limit", Language.EN, Verdict.YES)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("SET ROLE counterfoil_runtime")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("DELETE FROM article_votes")


# Where people find it.


@pytest.mark.parametrize("path", ["/", "/why", "/support", "/support/balance_fell", "/why/key_limit"])
@pytest.mark.parametrize("language", Language)
async def test_the_handbook_is_linked_from_everywhere(
    browser: httpx2.AsyncClient, path: str, language: Language
) -> None:
    page = await browser.get(path, headers={"accept-language": language.value})
    assert f'<a href="/help/{language}">{heading("help", language)}</a>' in page.text


async def test_another_handbook_takes_the_place_of_the_one_before(visit: Visit, catalogue: Catalogue) -> None:
    shown = catalogue

    async def handbook() -> Catalogue:
        return shown

    browser = visit(handbook=handbook)
    before = await browser.get("/help/en/key-invalid")
    shown = catalogue.replaced([replace(catalogue.article("key-invalid", Language.EN), title="Another title")])
    after = await browser.get("/help/en/key-invalid")
    assert "Another title" in after.text
    assert "Another title" not in before.text
    assert "Another title" in (await browser.get("/llms.txt")).text
