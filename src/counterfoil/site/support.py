"""Asking for help: the forms, what becomes of them, and the page behind a case's private link."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg

from counterfoil.foundation.errors import Conflict, Forbidden, InputError, NotFound, Unavailable
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Language
from counterfoil.observability import log
from counterfoil.site.answers import KEEP_BRIEFLY, NEVER_KEEP, Answer, read_body, read_header, read_query, see_other
from counterfoil.site.look_ups import LookUps
from counterfoil.site.model import Receive, Scope, Site
from counterfoil.site.pages import Pages
from counterfoil.site.support_pages import FILLED, KEY, OTHER_CLASS, PASTED, PROBLEM, TRAP, SupportPages
from counterfoil.site.visits import NOT_INDEXED, address_of, headers_of, language_of, message
from counterfoil.support.intake import new_submission_key, own_submission_key
from counterfoil.support.intake_bodies import Body, Pairs, read_pairs
from counterfoil.support.intake_bodies import read_body as read_fields
from counterfoil.support.intake_model import Around, Judged, LinkView, Outcome, Receipt, Sender, Submission
from counterfoil.support.model import Channel

_HOME = "/support"
_CASE = "/support/case/"
_DONE = {"answer": "support_answered", "reopen": "support_reopened"}
# A longer form is not read a second time where it was one too many: its sender has to wait, not we.
_READ_AGAIN_CHARACTERS_MAX = 2 * 1024
_RETRY_SECONDS = 60

Headers = tuple[tuple[str, str], ...]
Act = Callable[[str, Pairs, Sender, Around], Awaitable[LinkView | Judged]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a form is given back: with what status, under which heading, and with which key of its sending."""

    part: str
    status: int
    key: str = ""
    headers: Headers = ()


class Support:
    """Everything under `/support`."""

    def __init__(self, site: Site, pages: Pages, look_ups: LookUps) -> None:
        self._site = site
        self._pages = pages
        self._support_pages = SupportPages(pages, demo=site.demo)
        self._look_ups = look_ups

    async def answer(self, scope: Scope, receive: Receive, path: str) -> Answer:
        """The answer to whatever is asked there; raises `Unavailable` where a case cannot be read."""
        if path == _HOME:
            return await self._either(scope, receive, get=self._home, post=self._pasted)
        if path.startswith(_CASE):
            return await self._case(scope, receive, path.removeprefix(_CASE))
        problem = path.removeprefix(_HOME + "/")
        if problem not in FIELDS_OF_PROBLEM:
            return self._message(scope, "page_not_found", status=404)

        async def empty(scope: Scope) -> Answer:
            return self._form(scope, problem, None, _Form(part="", status=200))

        async def sent(scope: Scope, receive: Receive) -> Answer:
            return await self._sent(scope, receive, problem)

        return await self._either(scope, receive, get=empty, post=sent)

    async def _either(
        self,
        scope: Scope,
        receive: Receive,
        *,
        get: Callable[[Scope], Awaitable[Answer]],
        post: Callable[[Scope, Receive], Awaitable[Answer]],
    ) -> Answer:
        if scope["method"] in ("GET", "HEAD"):
            return await get(scope)
        if scope["method"] == "POST":
            return await post(scope, receive)
        return self._message(scope, "page_method", status=405, headers=(("allow", "GET, HEAD, POST"),))

    # The forms.

    async def _home(self, scope: Scope) -> Answer:
        return self._start(scope, part="", status=200)

    def _start(self, scope: Scope, *, part: str, status: int, headers: Headers = ()) -> Answer:
        """The page on which one chooses what it is about, or pastes a template."""
        language = self._language(scope)
        return Answer(
            body=self._support_pages.home(address_of(self._site, scope, path=_HOME), language, part=part),
            status=status,
            cache=NEVER_KEEP if status != 200 or self._site.demo else KEEP_BRIEFLY,
            headers=(*headers_of(language), ("vary", "Accept-Language"), *headers),
        )

    def _form(self, scope: Scope, problem: str, judged: Judged | None, form: _Form, *, filled: bool = False) -> Answer:
        language = self._language(scope)
        return Answer(
            body=self._support_pages.form(
                address_of(self._site, scope, path=f"{_HOME}/{problem}"), language, problem=problem, judged=judged,
                part=form.part, key=form.key or new_submission_key(), filled=filled,
            ),
            status=form.status,
            headers=(*headers_of(language), ("vary", "Accept-Language"), *form.headers),
            has_script=True,
        )  # fmt: skip

    async def _pasted(self, scope: Scope, receive: Receive) -> Answer:
        """Fill in the form from a template that was pasted; nothing is sent yet."""
        body = await _body(scope, receive)
        if body is None:
            return self._message(scope, "why_too_long", status=413)
        try:
            problem, judged = self._site.intake.read_pasted(
                body.first(PASTED), body.first(PROBLEM) or None, self._sender(scope)
            )
        except Forbidden as error:
            return self._start(scope, part="support_too_often", status=429, headers=_wait(error))
        except InputError as error:
            if error.parameters.get("field") == "pasted":
                return self._message(scope, "why_too_long", status=413)
            return self._start(scope, part="support_not_read", status=422)
        is_refused = judged.outcome is Outcome.REFUSED
        form = _Form(part="support_refused" if is_refused else "support_filled", status=422 if is_refused else 200)
        return self._form(scope, problem, judged, form, filled=True)

    async def _sent(self, scope: Scope, receive: Receive, problem: str) -> Answer:
        """Keep what was sent, or give the form back with what is wrong."""
        body = await _body(scope, receive)
        if body is None:
            return self._message(scope, "why_too_long", status=413)
        filled, key = body.first(FILLED) == "1", own_submission_key(body.first(KEY))
        submission = Submission(
            problem=problem, language=self._language(scope), channel=Channel.TEMPLATE if filled else Channel.FORM,
            fields=body.without(KEY, TRAP, FILLED, OTHER_CLASS), query=_query(scope),
            user_agent=read_header(scope, b"user-agent") or "", file_names=body.file_names, trap=body.first(TRAP),
        )  # fmt: skip
        try:
            if body.first(OTHER_CLASS):
                judged = self._site.intake.judge(submission, self._sender(scope))
                form = _Form(part="support_refused" if judged.refused else "", status=200, key=key)
                return self._form(scope, problem, judged, form, filled=filled)
            return await self._kept(scope, submission, key, filled=filled)
        except Forbidden as error:
            form = _Form(part="support_too_often", status=429, key=key, headers=_wait(error))
        except (Unavailable, psycopg.OperationalError) as error:
            log.warning("case_not_kept", error=getattr(error, "code", type(error).__name__))
            form = _Form(
                part="support_unavailable", status=503, key=key, headers=(("retry-after", str(_RETRY_SECONDS)),)
            )
        is_short = sum(len(name) + len(value) for name, value in submission.fields) <= _READ_AGAIN_CHARACTERS_MAX
        judged_again = self._site.intake.look_over(submission) if is_short else None
        return self._form(scope, problem, judged_again, form, filled=filled)

    async def _kept(self, scope: Scope, submission: Submission, key: str, *, filled: bool) -> Answer:
        sender = self._sender(scope)
        try:
            found = await self._site.intake.send(submission, sender, submission_key=key)
        except Conflict:
            # Somebody went back, changed something and sent it once more: another case, in their eyes and ours.
            key = new_submission_key()
            found = await self._site.intake.send(submission, sender, submission_key=key)
        if isinstance(found, Receipt):
            return self._received(scope, found, submission.problem)
        return self._form(
            scope, submission.problem, found, _Form(part=_part_of(found), status=422, key=key), filled=filled
        )

    def _received(self, scope: Scope, receipt: Receipt, problem: str) -> Answer:
        language = self._language(scope)
        return Answer(
            body=self._support_pages.received(
                address_of(self._site, scope, path=f"{_HOME}/{problem}"), language, receipt=receipt, problem=problem,
                link=self._site.public_url.rstrip("/") + _CASE + receipt.token,
            ),
            headers=(*headers_of(language), *NOT_INDEXED),
        )  # fmt: skip

    # The private link.

    async def _case(self, scope: Scope, receive: Receive, rest: str) -> Answer:
        token, _, verb = rest.partition("/")
        acts: dict[str, Act] = {"answer": self._site.intake.answer, "reopen": self._site.intake.reopen}
        if verb and verb not in acts:
            return self._message(scope, "page_not_found", status=404)
        method = scope["method"]
        if method not in (("POST",) if verb else ("GET", "HEAD")):
            allowed = "POST" if verb else "GET, HEAD"
            return self._message(scope, "page_method", status=405, headers=(("allow", allowed),))
        try:
            if verb:
                return await self._act(scope, receive, token, verb, acts[verb])
            if not self._look_ups.allow(self._site.client_address(scope), asyncio.get_running_loop().time()):
                return self._message(scope, "support_too_often", status=429, headers=(("retry-after", "60"),))
            view = await self._site.intake.look(token)
        except NotFound:
            return self._message(scope, "support_link_unknown", status=404)
        except psycopg.OperationalError as error:
            raise Unavailable(code="database_unavailable") from error
        done = _DONE.get(read_query(scope).get("done", ""), "")
        return self._shown(scope, token, view, None, _Form(part=done, status=200))

    async def _act(self, scope: Scope, receive: Receive, token: str, verb: str, act: Act) -> Answer:
        body = await _body(scope, receive)
        if body is None:
            return self._message(scope, "why_too_long", status=413)
        try:
            around = Around(
                query=_query(scope), user_agent=read_header(scope, b"user-agent") or "", file_names=body.file_names
            )
            found = await act(token, body.fields, self._sender(scope), around)
        except Forbidden as error:
            return self._message(scope, "support_too_often", status=429, headers=_wait(error))
        except Conflict:
            # It has moved on meanwhile: the page says where it is.
            return see_other(address_of(self._site, scope, path="").link(_CASE + token))
        if isinstance(found, LinkView):
            address = address_of(self._site, scope, path="")
            lang = {} if address.language is None else {"lang": address.language.value}
            query = "&".join(f"{name}={value}" for name, value in {"done": verb, **lang}.items())
            return see_other(f"{_CASE}{token}?{query}")
        view = await self._site.intake.look(token)
        return self._shown(scope, token, view, found, _Form(part=_part_of(found), status=422), verb=verb)

    def _shown(
        self, scope: Scope, token: str, view: LinkView, judged: Judged | None, form: _Form, *, verb: str = ""
    ) -> Answer:
        language = self._language(scope)
        return Answer(
            body=self._support_pages.case(
                address_of(self._site, scope, path=_CASE + token), language, view=view, part=form.part,
                judged=judged, verb=verb, path=_CASE + token,
            ),
            status=form.status,
            headers=(*headers_of(language), *NOT_INDEXED),
            has_script=True,
        )  # fmt: skip

    def _language(self, scope: Scope) -> Language:
        return language_of(self._site, scope)

    def _sender(self, scope: Scope) -> Sender:
        return Sender(address=self._site.client_address(scope))

    def _message(self, scope: Scope, part: str, *, status: int, headers: Headers = ()) -> Answer:
        return message(self._site, self._pages, scope, part, status=status, headers=headers)


def _part_of(judged: Judged) -> str:
    """Under which heading a form comes back."""
    if judged.refused:
        return "support_refused"
    if judged.is_trapped:
        return "support_trap"
    return "submission_incomplete" if judged.problems else "support_offered"


def _query(scope: Scope) -> Pairs:
    """What the address asks for beside its language: judged like everything that comes in."""
    return tuple(
        (name, value)
        for name, value in read_pairs(scope.get("query_string", b""))
        if not (name == "lang" and value in tuple(Language))
    )


async def _body(scope: Scope, receive: Receive) -> Body | None:
    """What a form holds; None where it is too long. A form that cannot be read holds nothing."""
    raw = await read_body(receive)
    if raw is None:
        return None
    try:
        return read_fields(raw, read_header(scope, b"content-type") or "")
    except InputError:
        return Body(fields=())


def _wait(error: Forbidden) -> Headers:
    return (("retry-after", str(error.parameters["seconds"])),)
