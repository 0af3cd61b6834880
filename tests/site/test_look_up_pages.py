"""The look-up pages as a browser meets them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import httpx2
import pytest

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import ALL_ENTRIES, Kind, Language, entries, find_entry
from counterfoil.limits.model import Scope
from counterfoil.site.words import glossary, refusals
from evidence.desk import NANOS, STAGED, STATUSES, Desk

Visit = Callable[..., httpx2.AsyncClient]

FOREIGN = '{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}'


def said(page: httpx2.Response) -> str:
    """What a reader reads, without markup."""
    body = re.sub(r"<(head|svg|style)\b.*?</\1>", " ", page.text, flags=re.DOTALL)
    return re.sub(
        r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<(p|div|li|td|th|h\d|dt|dd|tr)\b", r" <\1", body)))
    )


# -- home -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/why", "/why/"])
async def test_the_home_page_has_one_form_that_is_posted(browser: httpx2.AsyncClient, path: str) -> None:
    page = await browser.get(path)
    assert page.status_code == 200
    assert page.text.count("<form") == 1
    assert re.search(r'<form [^>]*method="post" action="/why"', page.text)
    assert re.search(r'<label for="page-subject">.*<textarea id="page-subject" name="q"', page.text, re.DOTALL)
    assert "Why was this call refused?" in said(page)
    assert "Never paste these" in said(page)


@pytest.mark.parametrize(
    ("address", "accepted", "tag", "heading"),
    [
        ("/", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "这次调用为什么被拒绝？"),
        ("/", "en-GB", "en", "Why was this call refused?"),
        ("/", "fr", "en", "Why was this call refused?"),
        ("/?lang=zh", "en", "zh-CN", "这次调用为什么被拒绝？"),
        ("/why?lang=en", "zh", "en", "Why was this call refused?"),
        ("/why?lang=<script>", "zh", "zh-CN", "这次调用为什么被拒绝？"),
    ],
)
async def test_the_language_is_the_chosen_one_else_the_browsers(
    browser: httpx2.AsyncClient, address: str, accepted: str, tag: str, heading: str
) -> None:
    page = await browser.get(address, headers={"accept-language": accepted})
    assert f'<html lang="{tag}">' in page.text
    assert page.headers["content-language"] == tag
    assert page.headers["vary"] == "Accept-Language"
    assert heading in said(page)


async def test_the_default_language_is_the_installations(visit: Visit) -> None:
    assert '<html lang="zh-CN">' in (await visit(default_language=Language.ZH).get("/")).text


async def test_each_page_names_its_other_language(desk: Desk, browser: httpx2.AsyncClient) -> None:
    request_id = await STAGED["key_limit"](desk)
    page = await browser.get(f"/why/{request_id}?lang=zh")
    for tag, lang in (("zh-CN", "zh"), ("en", "en")):
        address = f"https://shop.test/why/{request_id}?lang={lang}"
        assert f'<link rel="alternate" hreflang="{tag}" href="{address}">' in page.text
    assert f'hreflang="x-default" href="https://shop.test/why/{request_id}">' in page.text
    assert f'<link rel="canonical" href="https://shop.test/why/{request_id}?lang=zh">' in page.text
    # The choice sticks.
    assert 'action="/why?lang=zh"' in page.text
    assert 'href="/help/key-limit?lang=zh"' in page.text


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_word_that_is_listed_has_its_place(browser: httpx2.AsyncClient, lang: str) -> None:
    page = await browser.get(f"/why?lang={lang}")
    places = re.findall(r'id="([^"]+)"', page.text)
    assert len(places) == len(set(places))
    public = {one.code for one in refusals()} | {code for code, _ in glossary()}
    assert public - set(places) == set()
    # What is not public is not there.
    hidden = {one.code for one in ALL_ENTRIES if not one.public} - {one.code for one in ALL_ENTRIES if one.public}
    assert hidden & set(places) == set()


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_refusal_is_explained_on_the_home_page(browser: httpx2.AsyncClient, lang: str) -> None:
    page = said(await browser.get(f"/?lang={lang}"))
    for one in entries(Kind.REFUSAL):
        for words in (one.label, one.explanation, one.next_step.what_to_change, one.next_step.how_to_go_back):
            assert (words.zh if lang == "zh" else words.en) in page


# -- looking up -------------------------------------------------------------------------------------------------------


async def test_a_pasted_error_leads_to_the_page_of_its_request(desk: Desk, browser: httpx2.AsyncClient) -> None:
    request_id = await STAGED["group_quota"](desk)
    pasted = f'Error: {{"error": {{"message": "…({request_id})"}}}} sent with Bearer sk-secret'
    answer = await browser.post("/why", data={"q": pasted})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/why/{request_id}")
    answer = await browser.post("/?lang=zh", data={"q": pasted})
    assert answer.headers["location"] == f"/why/{request_id}?lang=zh"


async def test_a_code_and_anothers_error_have_addresses_too(browser: httpx2.AsyncClient) -> None:
    assert (await browser.post("/why", data={"q": "Error code key_limit"})).headers["location"] == "/why/key_limit"
    location = (await browser.post("/why?lang=en", data={"q": FOREIGN})).headers["location"]
    assert location == "/why?q=insufficient_quota&lang=en"
    page = await browser.get(location)
    assert "This error was not made here" in said(page)
    assert "OpenAI" in said(page)
    assert 'href="https://shop.test/why?q=insufficient_quota&amp;lang=zh"' in page.text


async def test_an_empty_form_leads_back_to_itself(browser: httpx2.AsyncClient) -> None:
    for data in ({}, {"q": "  \n "}, {"other": "x"}):
        answer = await browser.post("/why", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, "/why")


@pytest.mark.parametrize("address", ["/why/{}", "/why?q={}", "/why?q=see+({})", "/why/{}/", "/?q={}"])
async def test_a_request_is_found_by_its_address(desk: Desk, browser: httpx2.AsyncClient, address: str) -> None:
    request_id = await STAGED["account_balance"](desk)
    page = await browser.get(address.format(request_id))
    assert page.status_code == 200
    assert "The account balance is too low for this request." in said(page)


async def test_the_answer_comes_first_then_checks_then_next_steps_then_facts(
    desk: Desk, browser: httpx2.AsyncClient
) -> None:
    customer = await desk.customer()
    await desk.limit(customer, Scope.GROUP, NANOS // 10)
    await desk.limit(customer, Scope.ACCOUNT, 50 * NANOS)
    page = said(await browser.get(f"/why/{await desk.refused(customer)}"))
    parts = [
        "This request was refused · Group quota reached",
        "The group's monthly quota is too low for this request (it resets at 2023-12-01 00:00 UTC).",
        "This request or task was not charged; whatever was reserved for it has been released.",
        "What was checked 1 did not pass · 6 passed",
        "Account balance passed",
        "Account limit, monthly passed",
        "Group quota, monthly Resets at 2023-12-01 00:00 UTC did not pass",
        "Amounts are not shown here",
        "What to do next Ask your team admin to raise the group's quota, or wait for the reset.",
        "Who can act Your team admin",
        "How to go back A raised quota can be lowered again",
        "What is on record",
        "Endpoint /v1/chat/completions",
        "Look up another request",
    ]
    places = [page.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


async def test_the_same_in_chinese(desk: Desk, browser: httpx2.AsyncClient) -> None:
    page = said(await browser.get(f"/why/{await STAGED['group_quota'](desk)}?lang=zh"))
    for part in (
        "这次请求被拒绝了 · 分组额度不够",
        "分组额度（每月）不够这次请求（2023-12-01 00:00 UTC 重置）。",
        "检查了什么 1 项未通过 · 5 项通过",
        "分组额度（每月） 重置时间 2023-12-01 00:00 UTC 未通过",
        "下一步 请让团队管理员提高分组额度，或等额度重置。",
        "由谁处理 团队管理员",
        "扣费标记 未扣费",
    ):
        assert part in page


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("code", STAGED)
async def test_a_page_of_any_code_shows_no_amount_and_no_name(
    desk: Desk, browser: httpx2.AsyncClient, code: str, lang: str
) -> None:
    page = await browser.get(f"/why/{await STAGED[code](desk)}?lang={lang}")
    assert page.status_code == 200
    words = said(page)
    assert code in words
    assert str(STATUSES[code]) in words
    found = find_entry(Kind.REFUSAL, code)
    assert found is not None
    assert (found.label.zh if lang == "zh" else found.label.en) in words
    for secret in ("USD", "Acme", "Skunkworks", "192.0.2", "openai-python", "gpu-17", "wholesale-7", "chatcmpl"):
        assert secret not in page.text
    assert not re.search(r"\d\.\d", words)


async def test_a_served_request_says_charged_and_not_how_much(desk: Desk, browser: httpx2.AsyncClient) -> None:
    page = said(await browser.get(f"/why/{await desk.served(await desk.customer())}"))
    assert "This request was not refused" in page
    assert "Charge mark Charged" in page
    assert "USD" not in page
    assert "0.4" not in page


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_an_unknown_id_is_said_to_be_unknown(desk: Desk, browser: httpx2.AsyncClient, lang: str) -> None:
    page = await browser.get(f"/why/{show_id('request', desk.clock.new_id())}?lang={lang}")
    assert page.status_code == 404
    assert ("没有这个请求编号的记录" if lang == "zh" else "No record of this request id") in said(page)
    # Nobody is left alone: the form, and every code.
    assert "<form" in page.text
    assert 'href="/why/key_limit?lang=' in page.text


# -- what surrounds them ------------------------------------------------------------------------------------------------


async def test_files_are_named_by_their_content_and_kept_for_good(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/")
    addresses = re.findall(r'<link rel="(?:stylesheet|icon)"[^>]*href="(/assets/[^"]+)"', page.text)
    assert len(addresses) == 2
    for address in addresses:
        file = await browser.get(address)
        assert file.status_code == 200
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert (await browser.get(address.replace(".", ".0", 1))).status_code == 404
    assert (await browser.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"


async def test_decisions_are_kept_by_nobody_and_indexed_by_nobody(desk: Desk, browser: httpx2.AsyncClient) -> None:
    page = await browser.get(f"/why/{await STAGED['key_limit'](desk)}")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in page.text
    home = await browser.get("/")
    assert home.headers["cache-control"] == "public, max-age=300"
    assert "noindex" not in home.text
    robots = await browser.get("/robots.txt")
    assert "Disallow: /why/" in robots.text


@pytest.mark.parametrize("path", ["/", "/why", "/why/key_limit", "/robots.txt", "/no-such-page", "/favicon.ico"])
async def test_head_has_the_headers_of_get_and_no_body(browser: httpx2.AsyncClient, path: str) -> None:
    got, asked = await browser.get(path), await browser.head(path)
    assert asked.content == b""
    assert (asked.status_code, asked.headers) == (got.status_code, got.headers)
    assert int(got.headers["content-length"]) == len(got.content)


async def test_another_page_is_not_found_and_says_where_to_start(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/wp-login.php")
    assert page.status_code == 404
    assert "No such page" in said(page)
    assert 'href="/why"' in page.text
    assert "wp-login" not in page.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/why", "GET, HEAD, POST"),
        ("POST", "/why/key_limit", "GET, HEAD"),
        ("PUT", "/robots.txt", "GET, HEAD"),
    ],
)
async def test_another_method_is_refused(browser: httpx2.AsyncClient, method: str, path: str, allowed: str) -> None:
    answer = await browser.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_a_submission_is_looked_at_as_one_thing(desk: Desk, browser: httpx2.AsyncClient) -> None:
    customer = await desk.customer()
    copies = [await desk.admitted(customer, fingerprint=b"a" * 32, retry_count=None) for _ in range(2)]
    page = said(await browser.get("/why/" + show_id("submission", copies[0].request_id)))
    for copy, verdict in zip(copies, ("Original", "Duplicate"), strict=True):
        assert f"{show_id('request', copy.request_id)} {verdict} · In progress · Reserved" in page
    assert "Not ours" not in page
