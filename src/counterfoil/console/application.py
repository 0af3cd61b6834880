"""The console as one ASGI application, mounted at `/console`: who comes in, to which page, and what every answer carries."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from urllib.parse import urlsplit

import psycopg
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from counterfoil.console import assets
from counterfoil.console.bodies import BodyTooLarge, read_body
from counterfoil.console.problems import Problem, problem_of
from counterfoil.console.register import ALL_PAGES
from counterfoil.console.rendering import Renderer
from counterfoil.console.routes import Page
from counterfoil.console.security import SESSION_COOKIE, is_same_origin, with_security
from counterfoil.console.services import Services
from counterfoil.console.visits import ROOT, View, Visit, with_query
from counterfoil.foundation.errors import CounterfoilError, Forbidden, InputError, NotFound, Unavailable
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.vocabulary import Language, pick_language
from counterfoil.identity.access import OPEN, Need, Own, Principal, decide
from counterfoil.identity.people_model import Session, Theme
from counterfoil.ledger.history_store import Account
from counterfoil.observability import log

_LANGUAGE_COOKIE = "counterfoil-language"
_RETRY_SECONDS = 5
_YEAR_SECONDS = 365 * 86_400
_ANONYMOUS = Principal(name="")
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def build_application(services: Services, pages: Iterable[Page] = ALL_PAGES) -> Application:
    """Every page, on these use cases. The wiring mounts it at `/console`."""
    console = _Console(services)
    routes = [Route(page.path, console.endpoint(page), methods=[page.method], name=page.name) for page in pages]
    routes.append(Route("/assets/{name:path}", assets.answer, methods=["GET"], name="asset"))
    routes.append(Route("/{path:path}", console.not_found, methods=["GET", "POST"], name="not_found"))
    return Starlette(routes=routes)


class _Console:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._renderer = Renderer(services)

    def endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """What answers one method of one path, whatever happens in it."""

        async def answer(request: Request) -> Response:
            return await self._answer(request, page)

        return answer

    async def not_found(self, request: Request) -> Response:
        async def refuse(visit: Visit) -> View:
            raise NotFound(code="page_not_found")

        return await self._answer(request, Page(method="GET", path="", name="not_found", need=OPEN, handler=refuse))

    async def _answer(self, request: Request, page: Page) -> Response:
        visit = self._stranger(request)
        try:
            visit = await self._visit(request)
            response = await self._admitted(visit, page)
        except CounterfoilError as error:
            response = self._refused(visit, error)
        except psycopg.OperationalError:
            log.exception("page_unavailable", page=page.name)
            response = self._refused(visit, Unavailable(code="database_unavailable"))
        except Exception:  # noqa: BLE001 - whatever it is, the reader gets a page
            # The traceback names no address: a path may hold anything that somebody typed.
            log.exception("console_page_failed", page=page.name)
            response = self._refused(visit, CounterfoilError(code="internal_error"))
        self._remember_language(visit, response)
        if "{token}" in page.path:
            # The address is a secret: no other page is told it.
            response.headers["referrer-policy"] = "no-referrer"
        return with_security(response, is_encrypted=self._services.public_url.startswith("https:"))

    def _stranger(self, request: Request) -> Visit:
        """A visit of which nothing is known yet: what an error page is drawn for."""
        asked = request.query_params.get("lang") or request.cookies.get(_LANGUAGE_COOKIE, "")
        language = (
            Language(asked)
            if asked in tuple(Language)
            else pick_language(request.headers.get("accept-language"), self._services.default_language)
        )
        return Visit(
            request=request, services=self._services, language=language, time_zone="UTC", theme=Theme.SYSTEM,
            now=self._services.clock.now(), client_address=self._services.client_address(request.scope),
            principal=_ANONYMOUS,
        )  # fmt: skip

    async def _visit(self, request: Request) -> Visit:
        visit = self._stranger(request)
        token = request.cookies.get(SESSION_COOKIE, "")
        session = await self._session(token, visit.client_address) if token else None
        if session is None:
            return visit
        person = session.person
        asked = request.query_params.get("lang", "")
        return replace(
            visit,
            session=session,
            principal=person.principal(),
            language=Language(asked) if asked in tuple(Language) else person.language or visit.language,
            time_zone=person.time_zone or visit.time_zone,
            theme=person.theme,
        )

    async def _session(self, token: str, client_address: str) -> Session | None:
        return await self._services.sessions.session(token, client_address=client_address)

    async def _admitted(self, visit: Visit, page: Page) -> Response:
        """Decide access, read the form, run the page's function, draw what it gives."""
        if visit.session is None and not page.need.open:
            return _to_sign_in(visit)
        account = await self._account(visit)
        access = decide(visit.principal, page.need, account_id=account.account_id if account else None)
        if not access.allowed:
            raise self._refusal(visit, page, account)
        if account is not None:
            visit = self._at(visit, account, as_staff=access.as_staff)
        if page.method == "POST":
            visit = await self._with_form(visit, page)
        if access.as_staff and account is not None:
            await self._record(visit, page, account)
        try:
            answer = await page.handler(visit)
        except CounterfoilError as error:
            if page.shows is None or isinstance(error, Unavailable):
                raise
            visit.problem = problem_of(error, visit.language)
            answer = await page.shows(visit)
            if isinstance(answer, View):
                answer = replace(
                    answer, status=visit.problem.status, headers={**answer.headers, **_waiting(visit.problem)}
                )
        return self._renderer.response(visit, answer) if isinstance(answer, View) else answer

    async def _account(self, visit: Visit) -> Account | None:
        shown = visit.request.path_params.get("account_id")
        if shown is None:
            return None
        try:
            return await self._services.ledger.account(read_id("account", shown))
        except InputError:
            raise NotFound(code="page_not_found") from None
        except NotFound:
            # Somebody else's account and none at all are the same to whoever may see neither.
            raise NotFound(code="page_not_found") from None

    def _refusal(self, visit: Visit, page: Page, account: Account | None) -> CounterfoilError:
        if account is not None and not visit.is_staff and account.account_id != visit.principal.account_id:
            return NotFound(code="page_not_found")
        wanted = page.need.own if account is not None and not visit.is_staff else page.need.staff or page.need.own
        return Forbidden(code="permission_missing", permission=wanted.value if wanted is not None else "")

    def _at(self, visit: Visit, account: Account, *, as_staff: bool) -> Visit:
        zone = visit.session.person.time_zone if visit.session else None
        return replace(visit, account=account, as_staff=as_staff, time_zone=zone or account.time_zone)

    async def _with_form(self, visit: Visit, page: Page) -> Visit:
        request = visit.request
        if not is_same_origin(request, self._services.public_url):
            raise Forbidden(code="form_from_elsewhere")
        try:
            form = await read_body(request, most_bytes=page.most_bytes)
        except BodyTooLarge:
            raise CounterfoilError(code="body_too_large", most_bytes=page.most_bytes) from None
        if visit.session is not None and not _is_right(form, visit.session):
            raise Forbidden(code="form_out_of_date")
        return replace(visit, form=form)

    async def _record(self, visit: Visit, page: Page, account: Account) -> None:
        audit, why = self._services.audit, visit.asked("why")[:200] or None
        if page.method == "GET":
            await audit.saw(
                visit.principal, account.account_id, page.name, why=why, client_address=visit.client_address
            )
        else:
            await audit.did(
                visit.principal, page.name, account_id=account.account_id, why=why,
                client_address=visit.client_address,
            )  # fmt: skip

    def _refused(self, visit: Visit, error: CounterfoilError) -> Response:
        problem = problem_of(error, visit.language)
        visit.problem = problem
        view = View(
            template="problem.html", title="console_problem", status=problem.status,
            values={"ask_href": _where_to_ask(visit)},
        )  # fmt: skip
        response = self._renderer.response(visit, view)
        response.headers.update(_waiting(problem))
        return response

    def _remember_language(self, visit: Visit, response: Response) -> None:
        if visit.request.query_params.get("lang") in tuple(Language):
            response.set_cookie(
                _LANGUAGE_COOKIE, visit.language.value, max_age=_YEAR_SECONDS, path="/", secure=True, httponly=True,
                samesite="lax",
            )  # fmt: skip


def _waiting(problem: Problem) -> dict[str, str]:
    """In how many seconds it is worth trying again, where that is known."""
    if problem.seconds is not None:
        return {"retry-after": str(problem.seconds)}
    return {"retry-after": str(_RETRY_SECONDS)} if problem.status == 503 else {}


def _where_to_ask(visit: Visit) -> str:
    """The way to support: a member's own, or the public one."""
    account_id = visit.principal.account_id
    if account_id is None or not decide(visit.principal, Need(own=Own.USAGE_READ), account_id=account_id).allowed:
        return "/support"
    return f"{ROOT}/accounts/{show_id('account', account_id)}/support/new"


def _to_sign_in(visit: Visit) -> Response:
    """Sign in first; a page that only shows something is where the visitor goes on afterwards."""
    request = visit.request
    target = ""
    if request.method == "GET":
        parts = urlsplit(str(request.url))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
    return RedirectResponse(with_query(ROOT + "/sign-in", {"next": target}), status_code=303)


def _is_right(form: FormData, session: Session) -> bool:
    given = form.get("csrf")
    return isinstance(given, str) and hmac.compare_digest(given.encode(), session.csrf.encode())
