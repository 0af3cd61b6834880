"""What only an installation with demo money shows: its numbers, what to try, and refusals to look at."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

import httpx2

from counterfoil.foundation.errors import Unavailable
from counterfoil.site.model import Examples, LiveNumbers
from evidence.desk import NANOS, STAGED, Desk

Visit = Callable[..., httpx2.AsyncClient]

NUMBERS = LiveNumbers(
    read_at=1_700_000_000_000_000, currency="USD", requests=8_959, served=8_779, refused={"key_limit": 3, "rate_limited": 41},
    failed=12, charged_nanos=41_287_331_250, held_nanos=0, upstream_billed_nanos=20 * NANOS, our_cost_nanos=20 * NANOS + 5,
    open_holds=0, negative_wallets=0, ledger_verified=True, progress=(8_819, 8_819),
)  # fmt: skip
UNDER_WAY = replace(NUMBERS, progress=(2_000, 8_819), ledger_verified=None, in_flight=17)


def numbers(*answers: LiveNumbers) -> tuple[Callable[[], object], list[int]]:
    """A callable that gives these one after another, and the number of times it was asked."""
    asked = [0]

    async def read() -> LiveNumbers:
        asked[0] += 1
        return answers[min(asked[0], len(answers)) - 1]

    return read, asked


async def read_numbers() -> LiveNumbers:
    return NUMBERS


async def test_amounts_of_real_money_are_never_public(visit: Visit) -> None:
    read, asked = numbers(NUMBERS)
    page = await visit(demo=False, live_numbers=read, examples=read).get("/")
    assert asked == [0]
    assert not re.search(r"\d USD|8,959", page.text)
    assert "Demo money" not in page.text
    assert (await visit(demo=False, live_numbers=read).get("/why/live")).status_code == 404


async def test_a_demo_shows_where_the_money_went(visit: Visit) -> None:
    page = (await visit(demo=True, live_numbers=read_numbers).get("/")).text
    assert "Demo money, nothing leaves this machine" in page
    for label, shown in (
        ("Requests", "8,959"),
        ("Served", "8,779"),
        ("Refused", "44"),
        ("Charged", "41.287331250 USD"),
        ("The model service&#39;s bill", "20.000000000 USD"),
        ("Difference", "-0.000000005 USD"),
        ("Negative wallets", "0"),
    ):
        assert re.search(rf'<th scope="row">{label}</th><td>{re.escape(shown)}</td>', page), label
    assert re.search(r"Ledger verified</th><td>\s*<span class=\"verdict good\">.*yes</span>", page, re.DOTALL)
    assert "As of 2023-11-14 22:13:20 UTC" in page
    assert page.index("Too many requests or tokens") < page.index("Key limit reached")
    assert "http-equiv" not in page


async def test_while_a_replay_is_under_way_the_numbers_renew_themselves_and_the_form_does_not(visit: Visit) -> None:
    read, _ = numbers(UNDER_WAY)
    browser = visit(demo=True, live_numbers=read)
    page = await browser.get("/?lang=zh")
    assert '<iframe class="live" src="/why/live?lang=zh"' in page.text
    assert "http-equiv" not in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    frame = await browser.get("/why/live?lang=zh")
    assert '<meta http-equiv="refresh" content="4">' in frame.text
    assert "重放真实流量（2,000 / 8,819）" in frame.text
    assert '<progress id="page-progress" value="2000" max="8819">' in frame.text
    assert "尚未核对" in frame.text
    assert frame.headers["content-security-policy"].endswith("frame-ancestors 'self'")
    assert frame.headers["x-frame-options"] == "SAMEORIGIN"
    assert "<form" not in frame.text
    # Links leave the frame.
    assert all('target="_top"' in link for link in re.findall(r"<a [^>]*>", frame.text))


async def test_when_the_replay_is_done_the_frame_stops(visit: Visit) -> None:
    frame = await visit(demo=True, live_numbers=read_numbers).get("/why/live")
    assert "http-equiv" not in frame.text
    assert "<progress" not in frame.text


async def test_many_visitors_are_one_reader(visit: Visit) -> None:
    read, asked = numbers(NUMBERS)
    browser = visit(demo=True, live_numbers=read)
    pages = await asyncio.gather(*(browser.get("/") for _ in range(20)))
    assert {page.status_code for page in pages} == {200}
    assert asked[0] <= 2


async def test_without_its_numbers_the_page_is_still_of_use(visit: Visit) -> None:
    async def unavailable() -> LiveNumbers:
        raise Unavailable

    browser = visit(demo=True, live_numbers=unavailable)
    page = await browser.get("/")
    assert page.status_code == 200
    assert "<form" in page.text
    assert "The numbers right now" not in page.text
    assert (await browser.get("/why/live")).status_code == 503


async def test_there_is_something_to_try_and_refusals_that_happened(desk: Desk, visit: Visit) -> None:
    request_id = await STAGED["key_limit"](desk)

    async def examples() -> Examples:
        return Examples(
            served_call="curl -H 'Authorization: Bearer sk-rich' <url>", refused_call="curl -H 'Authorization: Bearer sk-poor'",
            request_ids={"key_limit": request_id},
        )  # fmt: skip

    browser = visit(demo=True, live_numbers=read_numbers, examples=examples)
    page = (await browser.get("/")).text
    assert "Bearer sk-rich&#39; &lt;url&gt;" in page
    assert "Bearer sk-poor" in page
    links = re.findall(rf'href="(/why/{request_id})"', page)
    assert len(links) == 2
    assert (await browser.get(links[0])).status_code == 200
    # A code without an example leads to what it means.
    assert 'href="/why/rate_limited"' in page


async def test_examples_are_not_there_before_they_were_staged(visit: Visit) -> None:
    async def nothing_yet() -> None:
        return None

    page = await visit(demo=True, live_numbers=read_numbers, examples=nothing_yet).get("/")
    assert page.status_code == 200
    assert "Try it" not in page.text
