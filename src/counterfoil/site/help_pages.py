"""Rendering of the handbook's pages: from what `knowledge.publishing` puts together to the bytes of a page.

The same page always gives the same bytes: they are what the static copy holds. Pages that answer somebody (`Variant`) are
served alone, and say that they are not to be indexed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.foundation.vocabulary.support_intake import UNSAFE
from counterfoil.knowledge.error_meaning import PASTED_CHARACTERS_MAX, Meaning, Meanings
from counterfoil.knowledge.feeds import TAGS, first_day
from counterfoil.knowledge.model import Article, ArticleKind, article_address
from counterfoil.knowledge.publishing import ArticlePage, ChooserPage, HomePage, SearchPage
from counterfoil.knowledge.search import Hit
from counterfoil.site.assets import HELP_STYLE, ICON, SAFE_SCRIPT, SEARCH_SCRIPT, STYLE, Asset
from counterfoil.site.pages import Address, Pages

# The two pages that are tools as well: what stands on them above the article.
ERROR_MEANING, SAFE_TO_SEND = "error-meaning", "safe-to-send"
_TOOLS = {ERROR_MEANING: "help_tool_error.html", SAFE_TO_SEND: "help_tool_safe.html"}
# Everything that its pages load, by its path in the static copy.
ASSETS: Mapping[str, bytes] = {
    one.path.removeprefix("/"): one.body for one in (STYLE, HELP_STYLE, ICON, SEARCH_SCRIPT, SAFE_SCRIPT)
}
_SCRIPTS: Mapping[str, Asset] = {"search_script": SEARCH_SCRIPT, "safe_script": SAFE_SCRIPT}
_COLON = {Language.ZH: "：", Language.EN: ": "}
_COMMA = {Language.ZH: "、", Language.EN: ", "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page that explains what was pasted, as it is listed."""

    title: str
    summary: str
    found: str
    what: str
    address: str

    @classmethod
    def of(cls, one: Meaning) -> Found:
        article = one.article
        return cls(
            title=article.title, summary=article.summary, found=one.found.value, what=one.what, address=one.address
        )

    def address_of(self, request_id: str | None) -> str:
        """Where it is, with the request that was named beside it: its own record is then one click away."""
        before, hash_sign, place = self.address.partition("#")
        return before + (f"?request={request_id}" if request_id else "") + hash_sign + place


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPages:
    pages: Sequence[Found]
    request_id: str | None

    @classmethod
    def of(cls, meanings: Meanings) -> FoundPages:
        return cls(pages=[Found.of(one) for one in meanings.pages], request_id=meanings.request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What a page shows for one reader: their request, the answer to what they sent. `said` is a `page` entry."""

    request_id: str | None = None
    said: str = ""
    meanings: FoundPages | None = None


_PLAIN = Variant()


class HelpPages:
    """The handbook's pages as bytes, served and published alike; a `publishing.Renderer`."""

    def __init__(self, *, statuses: Mapping[str, int], public_url: str, operator_name: str) -> None:
        # A demo says so on pages with numbers of its own; a page of the handbook is the same everywhere.
        self._pages = Pages(statuses=statuses, demo=False)
        self._public_url = public_url
        self._operator_name = operator_name

    def article(self, page: ArticlePage) -> bytes:
        """The page of an article."""
        return self.article_for(page, _PLAIN)

    def article_for(self, page: ArticlePage, variant: Variant, *, error_meaning: Article | None = None) -> bytes:
        """The page of an article as one reader gets it; `error_meaning` is the page to go on to where it did not help."""
        article = page.article
        language = article.language
        query = f"?request={variant.request_id}" if variant.request_id else ""
        return self._render(
            "help_article.html", language, page=page, article=article, variant=variant, is_variant=variant != _PLAIN,
            title=article.title, description=article.summary, structured=page.structured,
            paths={one: article_address(one, article.slug) + query for one in page.alternates},
            published=first_day(article).isoformat(), action_owner=entry(Kind.OWNER, article.action_owner).label[language],
            evidence=[entry(Kind.EVIDENCE_FIELD, code).label[language] for code in article.evidence],
            contents=[one for one in page.rendered.headings if one.level == 2],
            tool=_TOOLS.get(article.slug), error_max=PASTED_CHARACTERS_MAX, unsafe=UNSAFE, error_meaning=error_meaning,
        )  # fmt: skip

    def home(self, page: HomePage) -> bytes:
        """The first page of a language: the search, the tools, and every page by its kind."""
        heading = entry(Kind.PAGE, "help")
        tools = next((articles for kind, articles in page.sections if kind is ArticleKind.TOOL), ())
        return self._render(
            "help_home.html", page.language, page=page, title=heading.label[page.language],
            description=heading.explanation[page.language], structured=page.structured, tools=tools,
            paths={one: f"/help/{one}" for one in page.alternates},
            sections=[(kind, entry(Kind.ARTICLE_KIND, kind), articles) for kind, articles in page.sections],
        )  # fmt: skip

    def search(self, page: SearchPage) -> bytes:
        """The page to search on, before anything was asked."""
        return self._search(page, "", ())

    def search_for(self, page: SearchPage, question: str, hits: Sequence[Hit], error_meaning: Article | None) -> bytes:
        """The same with what was asked, for browsers without scripts."""
        return self._search(page, question, hits, error_meaning=error_meaning)

    def _search(
        self, page: SearchPage, question: str, hits: Sequence[Hit], *, error_meaning: Article | None = None
    ) -> bytes:
        heading = entry(Kind.PAGE, "help_search")
        return self._render(
            "help_search.html", page.language, page=page, title=heading.label[page.language],
            description=heading.explanation[page.language], is_variant=bool(question), question=question,
            hits=[one.document for one in hits], error_meaning=error_meaning,
            paths={one: f"/help/{one}/search" for one in page.alternates},
        )  # fmt: skip

    def chooser(self, page: ChooserPage) -> bytes:
        """The page on which a reader chooses a language, in both."""
        heading = entry(Kind.PAGE, "help")
        return self._render(
            "help_chooser.html", Language.EN, page=page, title=" · ".join(heading.label[one] for one in Language),
            description=heading.explanation[Language.EN], is_chooser=True, default_address=page.canonical,
            paths={one: f"/help/{one}" for one in page.alternates},
        )  # fmt: skip

    def _render(self, template: str, language: Language, **values: Any) -> bytes:
        page = values["page"]
        shown = {
            "is_variant": False, "is_chooser": False, "article": None, "structured": "", "tags": TAGS,
            # Where a reader's language is neither: the English page.
            "default_address": page.alternates.get(Language.EN, page.canonical), "home": f"/help/{language}",
            "operator_name": self._operator_name, "help_style": HELP_STYLE, "colon": _COLON[language],
            "comma": _COMMA[language], **_SCRIPTS,
        }  # fmt: skip
        address = Address(public_url=self._public_url, path="/help", query={}, language=language)
        return self._pages.render(template, address, language, **(shown | values))
