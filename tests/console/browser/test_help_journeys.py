"""The handbook in a browser: from a refusal to its page to one's own explanation, its search and tools, for everybody."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from demo_console import Demo, Look, prefer
from playwright.sync_api import Page, expect

from console.browser.conftest import Open
from counterfoil.bootstrap.knowledge import handbook
from counterfoil.foundation.vocabulary import Kind, Language, text
from counterfoil.knowledge.model import ArticleKind
from counterfoil.knowledge.search import search
from counterfoil.knowledge.search_index import build_index
from counterfoil.settings import Settings
from counterfoil.site.help import HITS_SHOWN

AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
DESK_EN, PHONE_ZH = Look("en"), Look("zh", phone=True)
ACCOUNT = "Acme Robotics"


def said(kind: Kind, code: str, look: Look) -> str:
    return text(kind, code, Language(look.language))


def refused_in_curl(demo: Demo) -> dict[str, str]:
    """The error that the demo's own command for a terminal gets: its code, its request and its link."""
    known = json.loads((demo.data_dir / "demo.json").read_text(encoding="utf-8"))
    command = shlex.split(known["refused_call"].replace("\\\n", " "))
    assert command[0] == "curl"
    answer = subprocess.run([*command, "--silent"], capture_output=True, check=True, timeout=60)
    error = json.loads(answer.stdout)["error"]
    return {"code": error["code"], "request_id": error["request_id"], "article": error["decision"]["article"]}


# From a refusal in a terminal to the right page to one's own explanation.


@pytest.mark.parametrize("look", [DESK_EN, PHONE_ZH], ids=str)
def test_from_a_refusal_in_curl_to_its_page_to_ones_own_explanation(visit: Open, demo: Demo, look: Look) -> None:
    error = refused_in_curl(demo)
    page = visit(look=look)
    page.goto(error["article"])
    # The page of the code, in the reader's language.
    assert page.locator("html").get_attribute("lang") == ("zh-CN" if look.language == "zh" else "en")
    expect(page.locator(".help-head code")).to_have_text(error["code"])
    expect(page.locator(".help-four")).to_be_visible()
    own = page.locator(".help-own")
    expect(own).to_contain_text(error["request_id"])
    # Without signing in: the decision, and no amount.
    own.locator("a").first.click()
    page.wait_for_url(re.compile(rf"/why/{error['request_id']}"))
    expect(page.locator("main")).to_contain_text(said(Kind.PAGE, "why_amounts_hidden", look))
    page.go_back()
    # After signing in: the same request, with everything.
    own.locator("a").last.click()
    page.wait_for_url(re.compile("/console/sign-in"))
    page.locator(".door").filter(has_text=ACCOUNT).first.click()
    page.wait_for_url(re.compile(rf"/console/accounts/[^/]+/requests/{error['request_id']}"))
    # Whoever this is may have read in the other language before.
    own_request = page.url
    prefer(page, look.language)
    page.goto(own_request)
    expect(page.locator("main")).to_contain_text(said(Kind.REFUSAL, error["code"], look))
    # And from there to the page that explains the code.
    page.locator(f'main a[href^="/help/"][href*="{error["code"].replace("_", "-")}"]').first.click()
    page.wait_for_url(re.compile(r"/help/(?:zh|en)/"))
    expect(page.locator(".help-head code")).to_have_text(error["code"])


@pytest.mark.parametrize("look", [DESK_EN, PHONE_ZH], ids=str)
def test_a_pasted_error_leads_to_the_page_and_to_ones_own_case(visit: Open, demo: Demo, look: Look) -> None:
    error = refused_in_curl(demo)
    page = visit(look=look)
    page.goto(f"/help/{look.language}/error-meaning")
    page.fill("#help-error", json.dumps({"error": {"code": error["code"], "request_id": error["request_id"]}}))
    page.locator("main form.look-up button").click()
    page.wait_for_load_state()
    expect(page.locator("#help-error")).to_have_value("")
    page.locator("#help-result a").first.click()
    page.wait_for_url(re.compile(re.escape(error["request_id"])))
    expect(page.locator(".help-head code")).to_have_text(error["code"])
    expect(page.locator(".help-own")).to_be_visible()


@pytest.mark.parametrize("look", [DESK_EN, PHONE_ZH], ids=str)
def test_the_console_leads_to_the_handbook(visit: Open, look: Look) -> None:
    page = visit("Owner", account=ACCOUNT, look=look)
    fold = page.locator(".menu-fold")
    if not page.locator(".menu-fold a").first.is_visible():
        fold.locator("summary").click()
    fold.locator('a[href^="/help/"]').click()
    page.wait_for_url(re.compile(f"/help/{look.language}$"))
    expect(page.locator("h1")).to_have_text(said(Kind.PAGE, "help", look))
    page.goto("/console/accounts/account_00000000000000000000000000000000/overview")
    page.locator('main a[href^="/help/"]').click()
    page.wait_for_url(re.compile(f"/help/{look.language}/"))


def test_a_reader_says_whether_it_was_the_answer(visit: Open) -> None:
    page = visit(look=DESK_EN)
    page.goto("/help/en/key-invalid")
    page.locator('.help-answered button[value="no"]').click()
    page.wait_for_url(re.compile("answered=no"))
    expect(page.get_by_role("status").first).to_contain_text(said(Kind.PAGE, "help_answered_no", DESK_EN))
    expect(page.locator("#help-said a").first).to_be_visible()


# The search: the script finds what Python finds.


@pytest.mark.parametrize("language", Language)
def test_script_and_server_find_the_same_in_the_same_order(visit: Open, language: Language) -> None:
    index = build_index(handbook(Settings.load({})), language)
    asked = [one["text"] for one in _questions() if one["language"] == language]
    assert len(asked) == 30
    # Short of words, misspelled, full-width, and what is a name of something in scripts.
    asked += ["４０２ 余额", "ballance exausted", "constructor toString", "key_invalid", "KEY-INVALID", "é ß ǅ", "zzqx"]
    page = visit(look=Look(language.value))
    page.goto(f"/help/{language}/search")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url))
    differ = []
    for question in asked:
        page.fill("#help-question", question)
        page.locator("form.help-search button").click()
        # Says for which question it shows what it shows.
        expect(page.locator("#help-results")).to_have_attribute("data-asked", question)
        found = [one.document.slug for one in search(index, question, most=HITS_SHOWN)]
        shown = page.locator("#help-results li a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        if shown != [f"/help/{language}/{slug}" for slug in found]:
            differ.append((question, shown, found))
    assert differ == []
    # The index is loaded once, and no question leaves the browser.
    assert [one.rpartition("/")[2] for one in sent if not one.endswith(".svg")] == ["search-index.json"]
    assert page.url.endswith("/search")


def test_the_search_works_without_scripts(visit: Open, demo: Demo) -> None:
    page = visit(look=DESK_EN)
    bare = page.context.browser
    assert bare is not None
    context = bare.new_context(base_url=demo.address, java_script_enabled=False)
    plain = context.new_page()
    plain.goto("/help/en")
    plain.fill("#help-question", "402 but I have money")
    plain.locator("form.help-search button").click()
    expect(plain.locator("#help-results li").first).to_be_visible()
    plain.goto("/help/en/safe-to-send")
    expect(plain.locator("noscript p")).to_contain_text(said(Kind.PAGE, "help_needs_script", DESK_EN))
    context.close()


def _questions() -> list[dict[str, str]]:
    body = files("counterfoil.knowledge").joinpath("questions.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(body)["questions"])


# Is this safe to send?


@pytest.mark.parametrize(
    ("typed", "classes"),
    [
        ("My key is sk-" + "q7W3e9R2" * 5, {"api_key"}),
        ("Authorization: Bearer " + "abcd1234" * 5, {"authorization"}),
        ("Cookie: session=abc", {"cookie"}),
        ("密码是 hunter22", {"password"}),
        ("card 4242 4242 4242 4242", {"card"}),
        ("call me at 13800138000", {"phone"}),
        ("order 4200002379202611241234567890", {"order_number"}),
        ("code ABCD-EFGH-JKLM-NPQR", {"code"}),
        ('{"messages": [{"role": "user"}]}', {"request_body"}),
        ("\n".join("line" for _ in range(20)), {"log_dump"}),
        ("req_0191a2b3c4d57e8f90a1b2c3d4e5f607 402 sk-…3fA9 2026-11-24 16:30 +08:00", set()),
        ("The balance fell by 12.50 yesterday between 14:00 and 15:00.", set()),
    ],
)  # fmt: skip
def test_the_browser_says_what_must_not_be_sent_and_sends_nothing(visit: Open, typed: str, classes: set[str]) -> None:
    page = visit(look=DESK_EN)
    page.goto("/help/en/safe-to-send")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url))
    page.fill("#help-safe", typed)
    shown = page.locator("#help-safe-found li:not([hidden])")
    expect(page.locator("#help-safe-found")).to_be_visible(visible=bool(classes))
    expect(page.locator("#help-safe-clean")).to_be_visible(visible=not classes)
    assert set(shown.evaluate_all("all => all.map(one => one.dataset.class)")) == classes
    page.fill("#help-safe", "")
    expect(page.locator("#help-safe-found")).to_be_hidden()
    expect(page.locator("#help-safe-clean")).to_be_hidden()
    assert [one for one in sent if not one.endswith(".svg")] == []
    assert page.evaluate("document.querySelector('#help-safe').form") is None


# For everybody's eyes.


def _one_of_each_kind() -> list[str]:
    catalogue = handbook(Settings.load({}))
    slugs = [catalogue.of_kind(kind, Language.EN)[0].slug for kind in ArticleKind]
    return ["", "/search?q=402", "/error-meaning", "/safe-to-send", "/codes", "/key-invalid?answered=no",
            f"/key-limit?request=req_{'0' * 32}", *(f"/{slug}" for slug in slugs)]  # fmt: skip


@pytest.mark.parametrize("look", [Look("en"), Look("zh", dark=True, phone=True)], ids=str)
def test_nobody_is_kept_from_reading_a_page(visit: Open, look: Look) -> None:
    """axe-core finds nothing on a page of each kind, and none is wider than the screen."""
    source = AXE.read_text(encoding="utf-8")
    page = visit(look=look)
    found = []
    for rest in ["chooser", *_one_of_each_kind()]:
        page.goto("/help" if rest == "chooser" else f"/help/{look.language}{rest}", wait_until="load")
        page.evaluate(source)
        violations = page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations']})).violations.map(one => [one.id,"
            " one.nodes.slice(0, 3).map(node => node.html.slice(0, 200) + ' // ' + node.failureSummary.slice(0, 300))])"
        )
        found += [(rest, violation) for violation in violations]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append((rest, ["wider than the screen", [f"by {wide} pixels"]]))
    assert found == []


def test_every_page_works_without_a_mouse(visit: Open) -> None:
    page = visit(look=DESK_EN)
    found = []
    for rest in _one_of_each_kind():
        page.goto(f"/help/en{rest}")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", rest
        found += page.evaluate(
            "[...document.querySelectorAll('a[href], button, input, textarea, summary')]"
            ".filter(one => one.checkVisibility() && one.tabIndex !== 0 && !one.closest('[aria-hidden]')).map(one => one.outerHTML)"
        )
    assert found == []


def test_a_page_is_printed_without_what_can_be_pressed(visit: Open) -> None:
    page: Page = visit(look=DESK_EN)
    page.goto("/help/en/key-invalid")
    page.emulate_media(media="print")
    for part in (".help-answered", ".crumbs", ".help-contents", ".masthead nav", ".foot"):
        expect(page.locator(part).first).to_be_hidden()
    for part in ("h1", ".help-four", ".prose", ".help-record"):
        expect(page.locator(part).first).to_be_visible()
