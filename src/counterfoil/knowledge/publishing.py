"""The handbook as files: pages, twins in Markdown, feeds, the map of the site, what machines read, and the search's index.

A pure function of the catalogue and of where it is published: the static copy writes these bytes, and the served site
answers with the same. How a page looks is the site's matter, by `Renderer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge import feeds, llms, structured, twins
from counterfoil.knowledge.catalogue import Catalogue, Crumb
from counterfoil.knowledge.front_matter import ArticleUnreadable
from counterfoil.knowledge.model import Article, ArticleKind, Rendered
from counterfoil.knowledge.search_index import build_index, write_index

# What robots stay away from: private cases and look-ups.
_KEPT_FROM_ROBOTS = ("/why/", "/why?", "/support/case/", "/console/")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage:
    """Everything that is on the page of an article.

    `canonical` and `alternates` are whole addresses, `alternates` with both languages where there is a twin. `structured`
    is JSON-LD, safe to stand in a script element. `markdown_address` is that of its twin in Markdown.
    """

    article: Article
    rendered: Rendered
    crumbs: tuple[Crumb, ...]
    related: tuple[Article, ...]
    next: Article | None
    canonical: str
    alternates: Mapping[Language, str]
    markdown_address: str
    structured: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """The first page of a language: every article by its kind, in the kinds' order."""

    language: Language
    sections: tuple[tuple[ArticleKind, tuple[Article, ...]], ...]
    canonical: str
    alternates: Mapping[Language, str]
    structured: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """The page to search on; `index_address` is that of the index its script loads."""

    language: Language
    canonical: str
    alternates: Mapping[Language, str]
    index_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooserPage:
    """The page that leads to a language: `/help`."""

    canonical: str
    alternates: Mapping[Language, str]


class Renderer(Protocol):
    """How pages look. Each gives the bytes of one HTML document, the same for the same page."""

    def article(self, page: ArticlePage) -> bytes:
        """The page of an article, whatever its kind."""

    def home(self, page: HomePage) -> bytes:
        """The first page of a language."""

    def search(self, page: SearchPage) -> bytes:
        """The page to search on."""

    def chooser(self, page: ChooserPage) -> bytes:
        """The page on which a reader chooses a language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where and by whom the handbook is published. `public_url` has no slash at its end; `assets` are files by path."""

    public_url: str
    operator_name: str
    renderer: Renderer
    assets: Mapping[str, bytes] = field(default_factory=dict)


def pages(catalogue: Catalogue, context: Context) -> Mapping[str, bytes]:
    """Every file of the static copy, by its path: `help/en/key-invalid.html`."""
    return {path: make() for path, make in makers(catalogue, context).items()}


def makers(catalogue: Catalogue, context: Context) -> Mapping[str, Callable[[], bytes]]:
    """The same, each made when it is asked for."""
    found: dict[str, Callable[[], bytes]] = {
        "help/index.html": partial(_chooser, context),
        "sitemap.xml": partial(feeds.sitemap, catalogue, context.public_url),
        "robots.txt": partial(robots, context.public_url),
        "llms.txt": partial(llms.short, catalogue, context.public_url, context.operator_name),
        "llms-full.txt": partial(llms.full, catalogue, context.public_url, context.operator_name),
    }
    for language in Language:
        found[f"help/{language}/index.html"] = partial(_home, catalogue, context, language)
        found[f"help/{language}/index.md"] = partial(twins.home, catalogue, language, context.public_url)
        found[f"help/{language}/search.html"] = partial(_search, context, language)
        found[f"help/{language}/search-index.json"] = partial(search_index, catalogue, language)
        found[f"help/{language}/feed.xml"] = partial(
            feeds.atom, catalogue, language, context.public_url, context.operator_name
        )
        found[f"help/{language}/feed.json"] = partial(
            feeds.json_feed, catalogue, language, context.public_url, context.operator_name
        )
        for article in catalogue.articles(language):
            found[f"help/{language}/{article.slug}.html"] = partial(_article, catalogue, context, article)
            found[f"help/{language}/{article.slug}.md"] = partial(twins.article, catalogue, article, context.public_url)
    found |= {path: partial(bytes, body) for path, body in context.assets.items()}
    return found


def require_sound(catalogue: Catalogue) -> None:
    """Raise `ArticleUnreadable` for the first macro that cannot be filled in: such a page must not be published."""
    for flaw in catalogue.flaws():
        raise ArticleUnreadable(file=flaw.file, line=flaw.line, problem=flaw.reason(Language.EN))


def article_page(catalogue: Catalogue, context: Context, article: Article) -> ArticlePage:
    """What is on the page of an article: for the site, which shows drafts and published revisions alike."""
    rendered = catalogue.rendered(article)
    crumbs = catalogue.breadcrumbs(article)
    canonical = context.public_url + article.address
    twin = catalogue.twin(article)
    shown = (article,) if twin is None else (article, twin)
    return ArticlePage(
        article=article,
        rendered=rendered,
        crumbs=crumbs,
        related=catalogue.related(article),
        next=catalogue.next_of(article),
        canonical=canonical,
        alternates={one.language: context.public_url + one.address for one in shown},
        markdown_address=f"{article.address}.md",
        structured=structured.of_article(
            article, rendered, crumbs, public_url=context.public_url, operator=context.operator_name
        ),
    )


def home_page(catalogue: Catalogue, context: Context, language: Language) -> HomePage:
    sections = ((kind, catalogue.of_kind(kind, language)) for kind in ArticleKind)
    return HomePage(
        language=language,
        sections=tuple((kind, articles) for kind, articles in sections if articles),
        canonical=f"{context.public_url}/help/{language}",
        alternates=_alternates(context, ""),
        structured=structured.of_home(language, public_url=context.public_url, operator=context.operator_name),
    )


def search_page(context: Context, language: Language) -> SearchPage:
    return SearchPage(
        language=language,
        canonical=f"{context.public_url}/help/{language}/search",
        alternates=_alternates(context, "/search"),
        index_address=f"/help/{language}/search-index.json",
    )


def search_index(catalogue: Catalogue, language: Language) -> bytes:
    """The search's index of a language as the script loads it."""
    return write_index(build_index(catalogue, language))


def robots(public_url: str) -> bytes:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _KEPT_FROM_ROBOTS)]
    return "\n".join([*lines, "", f"Sitemap: {public_url}/sitemap.xml", ""]).encode()


def _alternates(context: Context, rest: str) -> Mapping[Language, str]:
    return {language: f"{context.public_url}/help/{language}{rest}" for language in Language}


def _article(catalogue: Catalogue, context: Context, article: Article) -> bytes:
    return context.renderer.article(article_page(catalogue, context, article))


def _home(catalogue: Catalogue, context: Context, language: Language) -> bytes:
    return context.renderer.home(home_page(catalogue, context, language))


def _search(context: Context, language: Language) -> bytes:
    return context.renderer.search(search_page(context, language))


def _chooser(context: Context) -> bytes:
    return context.renderer.chooser(
        ChooserPage(canonical=f"{context.public_url}/help", alternates=_alternates(context, ""))
    )
