"""Checks of what leads where: links, places on pages, related and next pages, and pages that nothing leads to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.catalogue import MAP_SLUG, Catalogue
from counterfoil.knowledge.model import Article, Finding
from counterfoil.knowledge.typed import found, typed_lines

_TARGET = re.compile(r"\]\(\s*([^)\s]*)\s*\)")
_PAGE = re.compile(r"/help(?:/(?:(?P<language>zh|en)(?:/(?P<slug>[a-z0-9.-]+))?|(?P<bare>[a-z0-9-]+)))?/?\Z")
# Addresses of the product that are no pages of the handbook.
_ELSEWHERE = re.compile(r"/(?:why|support|console)?(?:[/?].*)?\Z")
_FILES = frozenset({"search", "feed.xml", "feed.json"})
_OF_SITE = frozenset({"/llms.txt", "/llms-full.txt", "/sitemap.xml", "/robots.txt"})


def check_links(catalogue: Catalogue, article: Article) -> Iterator[Finding]:
    """Every link of an article."""
    for line in typed_lines(catalogue, article):
        if line.is_code:
            continue
        for match in _TARGET.finditer(line.text):
            # What is no address of the web is not made a link, and would be shown as it was typed.
            if not match[1].startswith(("http://", "https://", "/", "#")):
                yield found(article, line.number, "link_broken", target=match[1] or "()")
    for link in catalogue.rendered(article).links:
        target, _, place = link.target.partition("#")
        if target.startswith("http://"):
            yield found(article, link.line, "link_plain", target=target)
        elif target.startswith("https://"):
            continue
        else:
            yield from _inside(catalogue, article, link.line, target, place)


def _inside(catalogue: Catalogue, article: Article, line: int, target: str, place: str) -> Iterator[Finding]:
    led = article if not target else _page_of(catalogue, article, target)
    if led is not None:
        if place and place not in catalogue.rendered(led).anchors:
            yield found(article, line, "anchor_missing", target=f"{target}#{place}")
    elif not _is_known(target):
        yield found(article, line, "link_broken", target=target)


def _page_of(catalogue: Catalogue, article: Article, target: str) -> Article | None:
    match = _PAGE.match(target.removesuffix(".md"))
    if match is None:
        return None
    slug = match["slug"] or match["bare"]
    language = Language(match["language"]) if match["language"] else article.language
    return None if slug is None else catalogue.find(slug, language)


def _is_known(target: str) -> bool:
    match = _PAGE.match(target)
    if match is not None:
        return (match["slug"] or match["bare"]) is None or match["slug"] in _FILES
    return target in _OF_SITE or _ELSEWHERE.match(target) is not None


def check_neighbours(catalogue: Catalogue, article: Article) -> Iterator[Finding]:
    """Whether related pages know each other, and the next page is one."""
    for slug in article.related:
        other = catalogue.find(slug, article.language)
        if slug == article.slug:
            yield found(article, "related", "related_itself", field="related")
        elif other is None:
            yield found(article, "related", "related_unknown", slug=slug)
        elif article.slug not in other.related:
            yield found(article, "related", "related_one_way", slug=slug)
    if article.next == article.slug:
        yield found(article, "next", "related_itself", field="next")
    elif catalogue.find(article.next, article.language) is None:
        yield found(article, "next", "next_unknown", slug=article.next)


def check_orphans(catalogue: Catalogue, language: Language) -> Iterator[Finding]:
    """Pages that no other page leads to, by a link, as related or as the next one."""
    led_to: set[str] = set()
    for article in catalogue.articles(language):
        targets = {link.target.partition("#")[0] for link in catalogue.rendered(article).links}
        pages = (_page_of(catalogue, article, target) for target in targets if target)
        slugs = {one.slug for one in pages if one is not None} | {*article.related, article.next}
        led_to |= slugs - {article.slug}
    for article in catalogue.articles(language):
        if article.slug not in led_to and article.slug != MAP_SLUG:
            yield found(article, "id", "orphaned")
