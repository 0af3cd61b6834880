"""Why, on the page that everybody may see: the causes in words, without an amount."""

from __future__ import annotations

import re

import httpx2
import pytest

from counterfoil.foundation.ids import make_id, show_id
from evidence.desk import NANOS, Desk


@pytest.mark.parametrize(
    ("lang", "heading", "cause"), [("zh", "原因", "重复提交"), ("en", "Why", "Duplicate submissions")]
)
async def test_the_causes_of_a_refusal_stand_on_its_page(
    desk: Desk, browser: httpx2.AsyncClient, lang: str, heading: str, cause: str
) -> None:
    customer = await desk.customer(credit=25 * NANOS // 10)
    for _ in range(2):
        await desk.admitted(customer, fingerprint=b"a" * 32, retry_count=0)
    page = (await browser.get(f"/why/{await desk.refused(customer)}?lang={lang}")).text
    section = page[page.index('id="page-findings"') : page.index('id="page-checks"')]
    assert heading in section
    assert cause in section
    assert f'href="/help/duplicate-submissions?lang={lang}"' in section
    assert not re.search(r"USD|\d\.\d|Acme|sk-", section)


async def test_what_the_answer_has_said_is_not_said_again(desk: Desk, browser: httpx2.AsyncClient) -> None:
    page = (await browser.get(f"/why/{await desk.refused(await desk.customer(), model='no-such-model')}?lang=en")).text
    assert page.count("There is no model") == 1


async def test_an_order_is_not_shown_in_public(desk: Desk, browser: httpx2.AsyncClient) -> None:
    order = show_id("order", make_id(desk.clock.now(), 1))
    page = await browser.get(f"/why/{order}?lang=en")
    assert page.status_code == 404
    assert "This can be seen after sign-in" in page.text
    assert "登录后才能查看" in (await browser.get(f"/why/{order}?lang=zh")).text
