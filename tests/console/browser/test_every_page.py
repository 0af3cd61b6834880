"""Every page of the console in a browser: for everybody's eyes, without a mouse, light enough, and from nowhere else."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import demo_console
import pytest
from demo_console import GET_PATHS, Demo, Look, Opener
from playwright.sync_api import Page, expect

from console.browser.conftest import Open

LOOKS = [Look("en"), Look("zh", dark=True, phone=True)]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one page was like for somebody who looks at it."""

    path: str
    violations: list[Any]
    too_wide: int
    not_reached: list[str]
    first_stop: str
    begins_elsewhere: bool
    loaded: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A way through every page."""

    sights: list[Sight]
    complaints: list[str]
    other_hosts: list[str]


class Walks:
    """Goes to every page as somebody who may do things there, once for each way of looking at them."""

    def __init__(self, opened: Opener, demo: Demo, addresses: Mapping[str, str]) -> None:
        self._opened, self._demo, self._addresses = opened, demo, addresses
        self._walked: dict[Look, Walk] = {}

    def walk(self, look: Look) -> Walk:
        if look not in self._walked:
            complaints = demo_console.Seen()
            with ExitStack() as stack:
                pages = {
                    role: self._visitor(stack, complaints, role, account, look)
                    for role, account in (("Owner", ACCOUNT), ("Administrator", None), (None, None))
                }
                sights = list(self._sights(pages))
            self._walked[look] = Walk(
                sights=sights, complaints=complaints.complaints, other_hosts=complaints.other_hosts
            )
        return self._walked[look]

    def sights(self, look: Look) -> list[Sight]:
        return self.walk(look).sights

    def _sights(self, pages: Mapping[str | None, Page]) -> Iterator[Sight]:
        for path in GET_PATHS:
            outside = LINKED_FROM_OUTSIDE.get(path)
            address = outside or self._addresses.get(path)
            if address is None:
                continue
            page = pages[None if outside else demo_console.role_for(path)]
            response = page.goto(address, wait_until="load")
            assert response is not None
            assert response.status == 200 or (outside and response.status == 404), (path, address, response.status)
            yield _look_at(path, page)

    def _visitor(
        self, stack: ExitStack, complaints: demo_console.Seen, role: str | None, account: str | None, look: Look
    ) -> Page:
        made, seen = stack.enter_context(demo_console.context(self._opened, self._demo, look))
        stack.callback(complaints.complaints.extend, seen.complaints)
        stack.callback(complaints.other_hosts.extend, seen.other_hosts)
        page = made.new_page()
        if role is not None:
            demo_console.sign_in(page, role, account=account)
            demo_console.prefer(page, look.language, "dark" if look.dark else "light")
        return page


def _look_at(path: str, page: Page) -> Sight:
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').filter(one => ['script', 'link', 'css'].includes(one.initiatorType)).map(one => one.name)"
    )
    page.evaluate(AXE.read_text(encoding="utf-8"))
    violations = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations.filter(one =>"
        " ['serious', 'critical'].includes(one.impact)).map(one => [one.id, one.nodes.slice(0, 3).map(node =>"
        " node.html.slice(0, 200) + ' // ' + node.failureSummary.slice(0, 300))])"
    )
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    not_reached = page.evaluate(
        "[...document.querySelectorAll('main a[href], main button, main input:not([type=hidden]), main select,"
        " main textarea, main summary, header a[href], header input, header summary, nav a[href]')]"
        ".filter(one => one.checkVisibility() && !one.disabled && one.tabIndex !== 0)"
        ".concat([...document.querySelectorAll('[tabindex]')].filter(one => one.tabIndex > 0))"
        ".map(one => one.outerHTML.slice(0, 200))"
    )
    begins_elsewhere = page.evaluate("document.querySelector('[autofocus]') !== null")
    page.keyboard.press("Tab")
    return Sight(
        path=path, violations=violations, too_wide=too_wide, not_reached=not_reached, loaded=loaded,
        begins_elsewhere=begins_elsewhere, first_stop=page.evaluate("document.activeElement.className"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def walks(opened: Opener, demo: Demo, addresses: Mapping[str, str]) -> Walks:
    return Walks(opened, demo, addresses)


def test_links_lead_to_every_page(addresses: Mapping[str, str]) -> None:
    assert set(GET_PATHS) - set(addresses) - set(LINKED_FROM_OUTSIDE) == NOT_IN_THE_DEMO


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_nobody_is_kept_from_reading_a_page(walks: Walks, look: Look) -> None:
    """axe-core finds nothing serious on any page; what a page without its link says is checked as well."""
    found = [(one.path, violation) for one in walks.sights(look) for violation in one.violations]
    found += [
        (one.path, f"wider than the screen by {one.too_wide} pixels") for one in walks.sights(look) if one.too_wide > 0
    ]
    assert found == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_works_without_a_mouse(walks: Walks, look: Look) -> None:
    """Whatever can be pressed can be reached with the tabulator, in the order in which it stands there."""
    seen = walks.sights(look)
    assert [(one.path, each) for one in seen for each in one.not_reached] == []
    # A receipt is a document of its own, and where there is one thing to type into, one begins there.
    menus = [one for one in seen if not one.path.endswith("/receipt") and not one.begins_elsewhere]
    assert len(menus) > len(seen) // 2
    # The first stop is the way past the menu.
    assert [(one.path, one.first_stop) for one in menus if one.first_stop != "skip"] == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_page_is_light_and_comes_from_here(walks: Walks, demo: Demo, look: Look) -> None:
    seen = walks.sights(look)
    assert (walks.walk(look).complaints, walks.walk(look).other_hosts) == ([], [])
    addresses = {address for one in seen for address in one.loaded}
    assert addresses
    assert all(address.startswith(demo.address) for address in addresses)
    weights = {address: len(gzip.compress(urlopen(address, timeout=30).read(), 6)) for address in addresses}
    assert [one.path for one in seen if sum(weights[each] for each in set(one.loaded)) > BYTES_MAX] == []


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
    expect(page).to_have_url(re.compile(r"/requests/req_[0-9a-f]{32}"))


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
