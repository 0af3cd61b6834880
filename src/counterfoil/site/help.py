"""The handbook, served: its pages as they are published, and what only a server can do with them.

Every file of the static copy is answered with the same bytes. Beyond them: the reader's language, a search without
scripts, what a pasted error means, the reader's own request beside a page, and whether a page was the answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

import psycopg

from counterfoil.foundation.errors import Unavailable
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge import publishing
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.error_meaning import Meanings, what_it_means
from counterfoil.knowledge.model import Article, article_address
from counterfoil.knowledge.search import Hit, Index, search
from counterfoil.knowledge.search_index import build_index
from counterfoil.knowledge.votes_model import Verdict
from counterfoil.observability import log
from counterfoil.site.answers import (
    KEEP_BRIEFLY,
    NEVER_KEEP,
    Answer,
    read_form,
    read_header,
    read_query,
    see_other,
)
from counterfoil.site.help_pages import ERROR_MEANING, SAFE_TO_SEND, FoundPages, HelpPages, Variant
from counterfoil.site.look_ups import LookUps
from counterfoil.site.model import Receive, Scope, Site
from counterfoil.site.pages import Pages
from counterfoil.site.visits import NOT_INDEXED, headers_of, language_of, message

HOME = "/help"
# Files of the whole site, which the handbook makes.
ROOT_FILES = frozenset({"/sitemap.xml", "/robots.txt", "/llms.txt", "/llms-full.txt"})
# A reader says it of one page after another; more is a program, and programs are not asked.
VOTES_PER_MINUTE = 6
_QUESTION_CHARACTERS_MAX = 300
# As many as the script shows.
HITS_SHOWN = 10
_TYPES = {
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
}
_FEEDS = {"feed.xml": "application/atom+xml; charset=utf-8", "feed.json": "application/feed+json; charset=utf-8"}
_REQUEST_ID = re.compile(r"req_[0-9a-f]{32}")
_SAID = {"yes": "help_answered_yes", "no": "help_answered_no", "late": "help_answered_too_often"}

Headers = tuple[tuple[str, str], ...]


class Shelf:
    """The handbook of one moment: its files, each made when it is first asked for and kept, and its search.

    Made in a thread: a large file takes longer than other callers of the same process should wait.
    """

    def __init__(self, catalogue: Catalogue, context: publishing.Context) -> None:
        self.catalogue = catalogue
        self.context = context
        self._makers = publishing.makers(catalogue, context)
        self._files: dict[str, bytes] = {}
        self._indexes: dict[Language, Index] = {}
        self._lock = asyncio.Lock()

    def has(self, path: str) -> bool:
        return path in self._makers

    async def file(self, path: str) -> bytes:
        """A file of the static copy, by its path."""
        async with self._lock:
            if path not in self._files:
                self._files[path] = await asyncio.to_thread(self._makers[path])
            return self._files[path]

    async def page(self, article: Article, variant: Variant, renderer: HelpPages) -> bytes:
        """The page of an article for one reader; it is not kept."""

        def make() -> bytes:
            page = publishing.article_page(self.catalogue, self.context, article)
            after = self.catalogue.find(ERROR_MEANING, article.language)
            return renderer.article_for(page, variant, error_meaning=after)

        async with self._lock:
            return await asyncio.to_thread(make)

    async def search(self, question: str, language: Language) -> list[Hit]:
        index = await self._index(language)
        return await asyncio.to_thread(search, index, question, most=HITS_SHOWN)

    async def meanings(self, text: str, language: Language) -> Meanings:
        index = await self._index(language)
        async with self._lock:
            return await asyncio.to_thread(what_it_means, self.catalogue, index, text)

    async def _index(self, language: Language) -> Index:
        async with self._lock:
            if language not in self._indexes:
                self._indexes[language] = await asyncio.to_thread(build_index, self.catalogue, language)
            return self._indexes[language]


class Help:
    """Everything under `/help`, and the files of the whole site that the handbook makes."""

    def __init__(self, site: Site, pages: Pages, look_ups: LookUps, assets: Mapping[str, bytes]) -> None:
        self._site = site
        self._pages = pages
        self._look_ups = look_ups
        self._votes = LookUps(VOTES_PER_MINUTE)
        self._renderer = HelpPages(
            statuses=site.statuses, public_url=site.public_url.rstrip("/"), operator_name=site.operator_name
        )
        self._context = publishing.Context(
            public_url=site.public_url.rstrip("/"),
            operator_name=site.operator_name,
            renderer=self._renderer,
            assets=assets,
        )
        self._kept: Shelf | None = None

    async def answer(self, scope: Scope, receive: Receive, path: str) -> Answer:
        """The answer to whatever is asked there."""
        shelf = await self._shelf()
        if path in ROOT_FILES:
            return await self._read_only(scope, lambda: self._file(shelf, path.removeprefix("/")))
        parts = path.removeprefix(HOME).strip("/").split("/")
        if parts == [""]:
            return await self._read_only(scope, lambda: self._file(shelf, "help/index.html"))
        if parts[0] not in tuple(Language):
            return await self._read_only(scope, lambda: self._to_language(scope, shelf, parts))
        language = Language(parts[0])
        if len(parts) == 1:
            return await self._read_only(scope, lambda: self._file(shelf, f"help/{language}/index.html", language))
        article = shelf.catalogue.find(parts[1], language)
        if len(parts) == 3 and parts[2] == "answered" and article is not None:
            return await self._answered(scope, receive, article)
        if len(parts) != 2:
            return self._message(scope, "page_not_found", status=404)
        if article is not None and article.slug == ERROR_MEANING and scope["method"] == "POST":
            return await self._meaning(scope, receive, shelf, article)
        return await self._read_only(
            scope, lambda: self._page(scope, shelf, parts[1], article, language), posts=parts[1] == ERROR_MEANING
        )

    async def _shelf(self) -> Shelf:
        """The handbook as it is now; another one where a revision has been published since."""
        catalogue = await self._site.handbook()
        if self._kept is None or self._kept.catalogue is not catalogue:
            self._kept = Shelf(catalogue, self._context)
        return self._kept

    async def _read_only(self, scope: Scope, answer: Callable[[], Awaitable[Answer]], *, posts: bool = False) -> Answer:
        if scope["method"] not in ("GET", "HEAD"):
            allowed = "GET, HEAD, POST" if posts else "GET, HEAD"
            return self._message(scope, "page_method", status=405, headers=(("allow", allowed),))
        return await answer()

    async def _page(self, scope: Scope, shelf: Shelf, name: str, article: Article | None, language: Language) -> Answer:
        """A page or a file of a language, by what stands in its address."""
        query = read_query(scope)
        if name == "search" and query.get("q", "").strip():
            return await self._found(shelf, query["q"].strip(), language)
        if article is not None:
            asked = query.get("request", "")
            request_id = asked if _REQUEST_ID.fullmatch(asked) else None
            said = _SAID.get(query.get("answered", ""), "")
            if request_id is not None or said:
                return await self._for_one(shelf, article, Variant(request_id=request_id, said=said))
        stem, dot, ending = name.rpartition(".")
        if dot and ending == "html" and shelf.has(f"help/{language}/{name}"):
            # Where files are served by their names; here they have none.
            where = HOME + f"/{language}" + ("" if stem == "index" else f"/{stem}")
            return Answer(status=308, headers=(("location", where),), content_type="text/plain; charset=utf-8")
        for path in (f"help/{language}/{name}.html", f"help/{language}/{name}"):
            if shelf.has(path):
                return await self._file(shelf, path, language)
        return self._message(scope, "page_not_found", status=404)

    async def _file(self, shelf: Shelf, path: str, language: Language | None = None) -> Answer:
        name = path.rpartition("/")[2]
        return Answer(
            body=await shelf.file(path),
            content_type=_FEEDS.get(name) or _TYPES[name.rpartition(".")[2]],
            cache=KEEP_BRIEFLY,
            headers=() if language is None else headers_of(language),
            has_script=name in ("search.html", f"{SAFE_TO_SEND}.html"),
            fetches=name == "search.html",
        )

    async def _to_language(self, scope: Scope, shelf: Shelf, parts: list[str]) -> Answer:
        """`/help/SLUG` in the reader's language, with what else the address asks for."""
        language = language_of(self._site, scope)
        slug = parts[0].removesuffix(".html")
        known = slug == "search" or shelf.catalogue.find(slug, language) is not None
        if len(parts) != 1 or not known:
            return self._message(scope, "page_not_found", status=404)
        query = {name: value for name, value in read_query(scope).items() if name in ("request", "q")}
        address = article_address(language, slug) + (f"?{urlencode(query)}" if query else "")
        return Answer(
            status=303,
            headers=(("location", address), ("vary", "Accept-Language")),
            content_type="text/plain; charset=utf-8",
        )

    async def _for_one(self, shelf: Shelf, article: Article, variant: Variant, *, status: int = 200) -> Answer:
        return Answer(
            body=await shelf.page(article, variant, self._renderer),
            status=status,
            cache=NEVER_KEEP,
            headers=(*headers_of(article.language), *NOT_INDEXED),
            has_script=article.slug == SAFE_TO_SEND,
        )

    async def _found(self, shelf: Shelf, question: str, language: Language) -> Answer:
        asked = question[:_QUESTION_CHARACTERS_MAX]
        hits = await shelf.search(asked, language)
        page = publishing.search_page(self._context, language)
        after = shelf.catalogue.find(ERROR_MEANING, language)
        return Answer(
            body=self._renderer.search_for(page, asked, hits, after),
            headers=(*headers_of(language), *NOT_INDEXED),
            has_script=True,
            fetches=True,
        )

    async def _meaning(self, scope: Scope, receive: Receive, shelf: Shelf, article: Article) -> Answer:
        """What a pasted error means. The text goes into no address, no log and no record."""
        if not self._look_ups.allow(self._site.client_address(scope), asyncio.get_running_loop().time()):
            return self._message(scope, "why_too_often", status=429, headers=(("retry-after", "60"),))
        form = await read_form(receive)
        if form is None:
            return self._message(scope, "why_too_long", status=413)
        text = form.get("q", "").strip()
        if not text:
            return see_other(article.address)
        meanings = await shelf.meanings(text, article.language)
        variant = Variant(request_id=meanings.request_id, meanings=FoundPages.of(meanings))
        return await self._for_one(shelf, article, variant)

    async def _answered(self, scope: Scope, receive: Receive, article: Article) -> Answer:
        """Count whether a page was the answer, and thank for it. Programs and other people's pages do not count."""
        if scope["method"] != "POST":
            return self._message(scope, "page_method", status=405, headers=(("allow", "POST"),))
        form = await read_form(receive) or {}
        verdict = form.get("verdict", "")
        if verdict not in tuple(Verdict):
            return see_other(article.address)
        is_ours = read_header(scope, b"sec-fetch-site") in (None, "same-origin", "none")
        if is_ours and not form.get("website"):
            if not self._votes.allow(self._site.client_address(scope), asyncio.get_running_loop().time()):
                return see_other(f"{article.address}?answered=late#help-said")
            try:
                await self._site.votes.add(article.slug, article.language, Verdict(verdict))
            except (Unavailable, psycopg.OperationalError) as error:
                # Somebody who was helped is not told of a count that failed.
                log.warning("vote_not_counted", error=getattr(error, "code", type(error).__name__))
        return see_other(f"{article.address}?answered={verdict}#help-said")

    def _message(self, scope: Scope, part: str, *, status: int, headers: Headers = ()) -> Answer:
        return message(self._site, self._pages, scope, part, status=status, headers=headers)
