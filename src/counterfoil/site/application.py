"""The pages as an ASGI application: `/` and `/why`, `/support`, `/help`, their files, and an answer to everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from counterfoil.evidence.model import About, Audience, Explanation
from counterfoil.evidence.subjects import SUBJECT_CHARACTERS_MAX
from counterfoil.foundation.errors import NotFound, Unavailable
from counterfoil.foundation.vocabulary import Language
from counterfoil.observability import log
from counterfoil.site.answers import (
    KEEP_BRIEFLY,
    KEEP_FOR_GOOD,
    NEVER_KEEP,
    Answer,
    Framing,
    read_form,
    read_query,
    see_other,
)
from counterfoil.site.assets import BY_PATH, ICON
from counterfoil.site.help import HOME, ROOT_FILES, Help
from counterfoil.site.help_pages import ASSETS
from counterfoil.site.live import Live
from counterfoil.site.look_ups import LookUps
from counterfoil.site.model import Application, Receive, Scope, Send, Site
from counterfoil.site.pages import Address, Pages, is_under_way
from counterfoil.site.support import Support
from counterfoil.site.visits import NOT_INDEXED, address_of, chosen, headers_of, language_of, message

_HOME = ("/", "/why")
_LIVE = "/why/live"
_PART_OF_ERROR = {
    "request_not_found": "why_not_found",
    "subject_not_recognised": "why_no_id",
    "subject_private": "why_private",
}


def application(site: Site) -> Application:
    """The pages as one ASGI application; it answers every path and method."""
    return _Application(site)


class _Application:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._pages = Pages(statuses=site.statuses, demo=site.demo)
        self._live = Live(site)
        self._look_ups = LookUps(site.look_ups_per_minute)
        self._support = Support(site, self._pages, self._look_ups)
        self._help = Help(site, self._pages, self._look_ups, ASSETS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _answer_lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except Unavailable as error:
            log.warning("page_unavailable", error=error.code)
            answer = self._message(scope, "why_unavailable", status=503, headers=(("retry-after", "60"),))
        except Exception:  # noqa: BLE001 - whatever it is, the reader gets a page
            # The traceback names no address: a path may hold anything that somebody typed.
            log.exception("page_failed")
            answer = self._message(scope, "page_failed", status=500)
        await answer.send(send, with_body=scope["method"] != "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if len(path) > 1:
            path = path.rstrip("/") or "/"
        if path == "/support" or path.startswith("/support/"):
            return await self._support.answer(scope, receive, path)
        if path == HOME or path.startswith(f"{HOME}/") or path in ROOT_FILES:
            return await self._help.answer(scope, receive, path)
        is_home = path in _HOME
        if method == "POST" and is_home:
            return await self._posted(scope, receive)
        known = is_home or path.startswith("/why/") or path in BY_PATH or path == "/favicon.ico"
        if known and method not in ("GET", "HEAD"):
            allowed = "GET, HEAD, POST" if is_home else "GET, HEAD"
            return self._message(scope, "page_method", status=405, headers=(("allow", allowed),))
        if path in BY_PATH:
            return Answer(body=BY_PATH[path].body, content_type=BY_PATH[path].content_type, cache=KEEP_FOR_GOOD)
        if path == "/favicon.ico":
            return Answer(body=ICON.body, content_type=ICON.content_type, cache=KEEP_BRIEFLY)
        if is_home:
            subject = read_query(scope).get("q", "").strip()
            return await self._explained(scope, subject) if subject else await self._home(scope)
        if path == _LIVE and self._live.is_shown:
            return await self._live_numbers(scope)
        if path.startswith("/why/"):
            return await self._explained(scope, path.removeprefix("/why/").strip())
        return self._message(scope, "page_not_found", status=404)

    async def _home(self, scope: Scope) -> Answer:
        live, examples = await self._live.numbers(), await self._live.examples()
        language = self._language(scope)
        return Answer(
            body=self._pages.home(self._address(scope), language, live=live, examples=examples),
            cache=NEVER_KEEP if self._site.demo else KEEP_BRIEFLY,
            headers=(*headers_of(language), ("vary", "Accept-Language")),
            framing=Framing.SHOWS_FRAMES if is_under_way(live) else Framing.NONE,
        )

    async def _live_numbers(self, scope: Scope) -> Answer:
        live, examples = await self._live.numbers(), await self._live.examples()
        if live is None:
            return self._message(scope, "why_unavailable", status=503, headers=(("retry-after", "5"),))
        language = self._language(scope)
        return Answer(
            body=self._pages.live(self._address(scope, path=_LIVE), language, live=live, examples=examples),
            headers=(*headers_of(language), *NOT_INDEXED),
            framing=Framing.IS_FRAMED,
        )

    async def _posted(self, scope: Scope, receive: Receive) -> Answer:
        """Look up what was pasted, and send the browser to the short form of it.

        A text goes into no address, and so into no history and no log: it may hold anything.
        """
        form = await read_form(receive)
        subject = (form or {}).get("q", "").strip()
        if form is None or len(subject) > SUBJECT_CHARACTERS_MAX:
            return self._message(scope, "why_too_long", status=413)
        if not subject:
            return see_other(self._address(scope).link("/why"))
        explanation = await self._look_up(scope, subject)
        if isinstance(explanation, Answer):
            return explanation
        chosen = self._chosen(scope)
        language = {"lang": chosen.value} if chosen is not None else {}
        if explanation.about is About.ELSEWHERE:
            return see_other("/why?" + urlencode({"q": explanation.subject, **language}))
        return see_other(f"/why/{explanation.subject}" + (f"?{urlencode(language)}" if language else ""))

    async def _explained(self, scope: Scope, subject: str) -> Answer:
        if len(subject) > SUBJECT_CHARACTERS_MAX:
            return self._message(scope, "why_too_long", status=413)
        explanation = await self._look_up(scope, subject)
        if isinstance(explanation, Answer):
            return explanation
        language = self._language(scope)
        if explanation.about is About.ELSEWHERE:
            address = self._address(scope, path="/why", query={"q": explanation.subject})
        else:
            address = self._address(scope, path=f"/why/{explanation.subject}")
        return Answer(
            body=self._pages.decision(address, language, explanation),
            headers=(*headers_of(language), *NOT_INDEXED, ("vary", "Accept-Language")),
        )

    async def _look_up(self, scope: Scope, subject: str) -> Explanation | Answer:
        """The explanation, or the page that says why there is none."""
        if not self._look_ups.allow(self._site.client_address(scope), asyncio.get_running_loop().time()):
            return self._message(scope, "why_too_often", status=429, headers=(("retry-after", "60"),))
        try:
            return await self._site.evidence.explain(subject, language=self._language(scope), audience=Audience.PUBLIC)
        except NotFound as error:
            return self._message(scope, _PART_OF_ERROR.get(error.code, "why_not_found"), status=404)

    def _message(self, scope: Scope, part: str, *, status: int, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        return message(self._site, self._pages, scope, part, status=status, headers=headers)

    def _address(self, scope: Scope, *, path: str = "/why", query: dict[str, str] | None = None) -> Address:
        return address_of(self._site, scope, path=path, query=query)

    def _chosen(self, scope: Scope) -> Language | None:
        return chosen(scope)

    def _language(self, scope: Scope) -> Language:
        return language_of(self._site, scope)


async def _answer_lifespan(receive: Receive, send: Callable[[dict[str, str]], Awaitable[None]]) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
