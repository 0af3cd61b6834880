"""The files of the handbook: the same each time, complete, and readable by those they are for."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.knowledge.publishing import (
    ArticlePage,
    ChooserPage,
    Context,
    HomePage,
    SearchPage,
    article_page,
    pages,
)
from counterfoil.knowledge.search_index import build_index, write_index
from knowledge.shelf import BODY, article, shelf

URL = "https://shop.test"
SPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "map": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "x": "http://www.w3.org/1999/xhtml",
}


class Plain:
    """Pages as nothing but what they are made from."""

    def article(self, page: ArticlePage) -> bytes:
        return f"{page.canonical}\n{page.rendered.html}\n{page.structured}".encode()

    def home(self, page: HomePage) -> bytes:
        return f"{page.canonical} {[kind for kind, _ in page.sections]}".encode()

    def search(self, page: SearchPage) -> bytes:
        return page.index_address.encode()

    def chooser(self, page: ChooserPage) -> bytes:
        return page.canonical.encode()


CONTEXT = Context(public_url=URL, operator_name="The <Shop>", renderer=Plain(), assets={"assets/a.css": b"body{}"})


def test_every_page_has_its_files() -> None:
    files = pages(shelf(), CONTEXT)
    expected = {"help/index.html", "sitemap.xml", "robots.txt", "llms.txt", "llms-full.txt", "assets/a.css"}
    for language in Language:
        names = ("index.html", "index.md", "search.html", "search-index.json", "feed.xml", "feed.json")
        slugs = ("first-page.html", "first-page.md", "second-page.html", "second-page.md")
        expected |= {f"help/{language}/{name}" for name in (*names, *slugs)}
    assert set(files) == expected
    assert files == pages(shelf(), CONTEXT)
    assert files["help/en/search-index.json"] == write_index(build_index(shelf(), Language.EN))


def test_the_twin_in_markdown_shows_the_same_four_things() -> None:
    for language in Language:
        one = shelf().article("first-page", language)
        twin = pages(shelf(), CONTEXT)[f"help/{language}/first-page.md"].decode()
        assert twin.startswith(f"# {one.title}\n\n{one.summary}\n")
        for words in (one.action, one.stopping_point, one.byline, "2026-11-30", f"{URL}/help/{language}/second-page"):
            assert words in twin
        assert entry(Kind.OWNER, "customer").label[language] in twin
        assert entry(Kind.EVIDENCE_FIELD, "request_id").label[language] in twin
        assert entry(Kind.WORD, "help_boundary").explanation[language] in twin
        assert "{{" not in twin
        assert "](/" not in twin


def test_feeds_can_be_read() -> None:
    files = pages(shelf(), CONTEXT)
    for language in Language:
        feed = ElementTree.fromstring(files[f"help/{language}/feed.xml"])
        assert feed.findtext("atom:title", namespaces=SPACES, default="").endswith("The <Shop>")
        entries = feed.findall("atom:entry", SPACES)
        assert {one.findtext("atom:id", namespaces=SPACES) for one in entries} == {
            f"{URL}/help/{language}/first-page", f"{URL}/help/{language}/second-page",
        }  # fmt: skip
        told = json.loads(files[f"help/{language}/feed.json"])
        assert told["version"] == "https://jsonfeed.org/version/1.1"
        assert [one["url"] for one in told["items"]] == [one.findtext("atom:id", namespaces=SPACES) for one in entries]


def test_the_map_names_every_page_with_its_twin() -> None:
    sitemap = ElementTree.fromstring(pages(shelf(), CONTEXT)["sitemap.xml"])
    urls = {one.findtext("map:loc", namespaces=SPACES): one for one in sitemap.findall("map:url", SPACES)}
    assert len(urls) == 6
    links = urls[f"{URL}/help/zh/first-page"].findall("x:link", SPACES)
    assert {one.get("hreflang"): one.get("href") for one in links} == {
        "zh-CN": f"{URL}/help/zh/first-page", "en": f"{URL}/help/en/first-page", "x-default": f"{URL}/help/en/first-page",
    }  # fmt: skip


def test_what_language_models_are_given() -> None:
    files = pages(shelf(), CONTEXT)
    short = files["llms.txt"].decode()
    assert short.startswith("# The <Shop> · ")
    links = re.findall(r"^- \[[^\]]+\]\((https://shop\.test/help/(?:en|zh)/[a-z-]+\.md)\): .+$", short, re.MULTILINE)
    assert len(links) == 4
    for link in links:
        assert files[link.removeprefix(f"{URL}/")].decode() in files["llms-full.txt"].decode()


def test_robots_are_kept_from_private_pages() -> None:
    robots = pages(shelf(), CONTEXT)["robots.txt"].decode()
    assert "Disallow: /why/" in robots
    assert f"Sitemap: {URL}/sitemap.xml" in robots


def structured_of(one_body: str, **changes: object) -> list[dict[str, object]]:
    one = article("first-page", "en", body=one_body, **changes)
    catalogue = shelf(one)
    page = article_page(catalogue, CONTEXT, one)
    assert "<" not in page.structured
    graph: list[dict[str, object]] = json.loads(page.structured)["@graph"]
    return graph


def test_an_answer_for_machines_is_the_text_that_people_read() -> None:
    graph = structured_of("It is not charged. </script>\n\n" + BODY["en"])
    by_type = {one["@type"]: one for one in graph}
    assert set(by_type) == {"Article", "BreadcrumbList", "FAQPage"}
    (question,) = by_type["FAQPage"]["mainEntity"]  # type: ignore[misc]
    said = question["acceptedAnswer"]["text"]  # type: ignore[index]
    one = article("first-page", "en", body="It is not charged. </script>\n\n" + BODY["en"])
    assert said == shelf(one).rendered(one).lead
    assert said.startswith("It is not charged. </script>")
    assert by_type["Article"]["dateModified"] == "2026-11-30"


def test_a_glossary_defines_the_words_it_shows() -> None:
    graph = structured_of("- **hold**: money set aside\n- **grant**: a credit\n", kind="glossary")
    (terms,) = [one for one in graph if one["@type"] == "DefinedTermSet"]
    names = [each["name"] for each in terms["hasDefinedTerm"]]  # type: ignore[attr-defined]
    assert names == ["hold", "grant"]
