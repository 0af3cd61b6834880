"""Every page of the console in a browser: for everybody's eyes, without a mouse, light enough, and from nowhere else."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import demo_console
import pytest
from demo_console import GET_PATHS, Demo, Look, Opener
from playwright.sync_api import Page

from console.browser.conftest import Open

AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
ACCOUNT = "Acme Robotics"
# Script and style of a page, compressed as they are sent.
BYTES_MAX = 150 * 1024
# Addresses that nobody is linked to: the links of mails, and where a provider of sign-in sends people.
LINKED_FROM_OUTSIDE = {
    "/": None, "/oidc/begin": None, "/oidc/callback": None, "/go": None,
    "/verify/{token}": "/console/verify/from-a-mail", "/reset/{token}": "/console/reset/from-a-mail",
    "/invitation/{token}": "/console/invitation/from-a-mail", "/welcome/{token}": "/console/welcome/from-the-terminal",
    "/register": "/console/register", "/forgotten": "/console/forgotten", "/sign-in": "/console/sign-in", "/confirm": None,
    "/support/{number}": None, "/accounts/{account_id}/keys/{key_id}/rotate": None,
    # Where editors have written something, and where a case is over.
    "/knowledge/drafts/{draft_id}": None, "/knowledge/articles/{slug}/revisions/{number}": None,
    "/knowledge/from-case/{case_id}": None,
}  # fmt: skip
# Files, what somebody must have asked for first, and a page of accounts with more movements than a demo has.
NOT_IN_THE_DEMO = {
    "/accounts/{account_id}/evidence/{subject}", "/ledger/verifications/{verification_id}",
    "/reconcile/imports/{import_id}", "/accounts/{account_id}/statement/sums",
}  # fmt: skip


@pytest.fixture(scope="module")
def addresses(opened: Opener, demo: Demo) -> Mapping[str, str]:
    """An address of each page, found by following links as an administrator, and then as a customer."""
    found: dict[str, str] = {}
    for role, account in (("Owner", ACCOUNT), ("Administrator", None)):
        with demo_console.context(opened, demo) as (made, _):
            page = made.new_page()
            demo_console.sign_in(page, role, account=account)
            start = page.url.removeprefix(demo.address)
            fetched = demo_console.crawl(
                demo_console.fetcher(made, demo), [start, "/console/profile", "/console/accounts"]
            )
            found = {**fetched, **found}
    return found


@pytest.fixture
def walk(visit: Open, addresses: Mapping[str, str], demo: Demo) -> Any:
    """Goes to every page as somebody who may do things there, and gives each with its declared path."""

    def walk(look: Look = Look()) -> Iterator[tuple[str, Page]]:
        pages = {
            "Owner": visit("Owner", account=ACCOUNT, look=look), "Administrator": visit("Administrator", look=look),
            "nobody": visit(look=look),
        }  # fmt: skip
        for path in GET_PATHS:
            outside = LINKED_FROM_OUTSIDE.get(path)
            address = outside or addresses.get(path)
            if address is None:
                continue
            page = pages["nobody" if outside else demo_console.role_for(path)]
            response = page.goto(address, wait_until="load")
            assert response is not None
            assert response.status == 200 or (outside and response.status == 404), (path, address, response.status)
            yield path, page

    return walk


def test_links_lead_to_every_page(addresses: Mapping[str, str]) -> None:
    assert set(GET_PATHS) - set(addresses) - set(LINKED_FROM_OUTSIDE) == NOT_IN_THE_DEMO


@pytest.mark.parametrize("look", [Look("en"), Look("zh", dark=True, phone=True)], ids=str)
def test_nobody_is_kept_from_reading_a_page(walk: Any, look: Look) -> None:
    """axe-core finds nothing serious on any page; what a page without its link says is checked as well."""
    source = AXE.read_text(encoding="utf-8")
    found = []
    for path, page in walk(look):
        page.evaluate(source)
        violations = page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations']})).violations.filter(one =>"
            " ['serious', 'critical'].includes(one.impact)).map(one => [one.id, one.nodes.slice(0, 3).map(node =>"
            " node.html.slice(0, 200) + ' // ' + node.failureSummary.slice(0, 300))])"
        )
        found += [(path, violation) for violation in violations]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append((path, ["wider than the screen", [f"by {wide} pixels"]]))
    assert found == []


def test_every_page_works_without_a_mouse(walk: Any) -> None:
    """Whatever can be pressed can be reached with the tabulator, in the order in which it stands there."""
    found = []
    for path, page in walk():
        left_out = page.evaluate(
            "[...document.querySelectorAll('main a[href], main button, main input:not([type=hidden]), main select,"
            " main textarea, main summary, header a[href], header input, header summary, nav a[href]')]"
            ".filter(one => one.checkVisibility() && !one.disabled && one.tabIndex !== 0).map(one => one.outerHTML.slice(0, 200))"
        )
        unnatural = page.evaluate(
            "[...document.querySelectorAll('[tabindex]')].filter(one => one.tabIndex > 0).map(one => one.outerHTML.slice(0, 200))"
        )
        found += [(path, one) for one in left_out + unnatural]
        # A receipt is a document of its own, and where there is one thing to type into, one begins there.
        if path.endswith("/receipt") or page.evaluate("document.querySelector('[autofocus]') !== null"):
            continue
        page.keyboard.press("Tab")
        first = page.evaluate("document.activeElement.className")
        if first != "skip":
            found.append((path, f"the first stop is {first!r}, not the way past the menu"))
    assert found == []


def test_a_page_is_light_and_comes_from_here(walk: Any, demo: Demo) -> None:
    weights: dict[str, int] = {}
    heavy = []
    for path, page in walk():
        loaded = page.evaluate(
            "performance.getEntriesByType('resource').filter(one => ['script', 'link', 'css'].includes(one.initiatorType)).map(one => one.name)"
        )
        for address in loaded:
            if address not in weights:
                body = page.request.get(address).body()
                weights[address] = len(gzip.compress(body, 6))
        total = sum(weights[address] for address in set(loaded))
        if total > BYTES_MAX:
            heavy.append((path, total))
        assert all(address.startswith(demo.address) for address in loaded)
    assert heavy == []
    assert weights


def test_the_palette_opens_with_a_key_and_goes_where_one_types(visit: Open) -> None:
    page = visit("Owner", account=ACCOUNT)
    page.keyboard.press("Control+k")
    page.keyboard.type("Statem")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/statement$"))
    page.keyboard.press("Control+k")
    assert page.evaluate("document.querySelector('dialog.palette').open")
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('dialog.palette').open")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "go"


def test_a_list_is_read_and_a_row_opened_by_keyboard_alone(visit: Open) -> None:
    page = visit("Owner", account=ACCOUNT)
    page.goto(page.url.replace("/profile", ""))
    page.keyboard.press("Control+k")
    page.keyboard.type("Requests")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/requests$"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/requests/req_[0-9a-f]{32}"))


def test_without_script_everything_is_still_there(opened: Any, demo: Demo) -> None:
    """Signing in, choosing a language, and a table as a file: forms and links are enough."""
    made = opened.new_context(base_url=demo.address, java_script_enabled=False, viewport=demo_console.PHONE)
    page = made.new_page()
    demo_console.sign_in(page, "Owner", account=ACCOUNT)
    demo_console.prefer(page, "en")
    page.locator(".menu-fold a", has_text="Statement").click()
    page.wait_for_url(re.compile("/statement"))
    with page.expect_download() as download:
        page.locator(".files a", has_text="CSV").first.click()
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbf")
    page.locator(".me summary").click()
    page.locator(".me button[type=submit]").last.click()
    page.wait_for_url(re.compile("/sign-in"))
    made.close()
