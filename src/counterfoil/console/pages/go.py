"""Where the search field and the command palette lead: to the page of an id, of a page's name, or to the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from uuid import UUID

from starlette.responses import Response

from counterfoil.console.asking import answered, page_of_answer, shown_again
from counterfoil.console.navigation import home_of, sections_for
from counterfoil.console.pages.cases import case_address, case_of_number
from counterfoil.console.pages.search import search
from counterfoil.console.pages.why import why_form
from counterfoil.console.places import OF_ACCOUNTS, OF_STAFF
from counterfoil.console.problems import problem_of
from counterfoil.console.routes import Pages
from counterfoil.console.visits import ROOT, View, Visit, with_query
from counterfoil.foundation.errors import CounterfoilError, NotFound, Unavailable
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.identity.access import SIGNED_IN, Need, Own, Staff, decide
from counterfoil.support.case_numbers import read_number

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
# What goes on in an address: one short line with nothing secret in it.
_LINE_CHARACTERS_MAX = 120


@pages.get("/go", need=SIGNED_IN)
async def go(visit: Visit) -> View | Response:
    """`?q=` with an id or the name of a page: a link that can be shared."""
    return await _lead(visit, visit.asked("q"))


@pages.post("/go", need=SIGNED_IN)
async def go_to(visit: Visit) -> View | Response:
    """The same for what is typed or pasted, which goes into no address."""
    return await _lead(visit, visit.typed("q"))


async def _lead(visit: Visit, text: str) -> View | Response:
    if not text:
        return visit.go(home_of(visit))
    found = await _of_id(visit, text.lower()) or await _of_case(visit, text) or _of_name(visit, text)
    return visit.go(found) if found is not None else await _of_text(visit, text)


async def _of_id(visit: Visit, text: str) -> str | None:
    """The page of an id that the visitor may see; an id of what they may not see is as one that does not exist."""
    read = read_any_id(text)
    if read is None:
        return None
    kind, value = read
    if kind in OF_STAFF:
        staff, path = OF_STAFF[kind]
        if decide(visit.principal, Need(staff=staff), account_id=None).allowed:
            return ROOT + path.format(id=text)
    account_id = await _account_of(visit, kind, value)
    if account_id is None or not decide(visit.principal, _READ, account_id=account_id).allowed:
        return None
    path = "/overview" if kind == "account" else OF_ACCOUNTS[kind].format(id=text)
    return f"{ROOT}/accounts/{show_id('account', account_id)}{path}"


async def _of_case(visit: Visit, text: str) -> str | None:
    """The page of a case by the number that people read out: at the desk, or a member's own."""
    if not decide(visit.principal, Need(staff=Staff.CASES), account_id=None).allowed:
        number = read_number(text)
        return None if number is None or not visit.is_member else f"{ROOT}/support/{number}"
    case = await case_of_number(visit, text)
    return None if case is None else case_address(visit, case.case_id)


async def _account_of(visit: Visit, kind: str, value: UUID) -> UUID | None:
    """Whose a thing is; None where there is none, or it has no page."""
    services = visit.services

    async def of_request() -> UUID:
        return (await services.spend.request(value)).account_id

    async def of_submission() -> UUID:
        return (await services.submissions.find(value)).account_id

    async def of_account() -> UUID:
        return (await services.ledger.account(value)).account_id

    async def of_order() -> UUID:
        return (await services.orders.order(value)).account_id

    async def of_key() -> UUID:
        return await services.limits.account_of("key", value)

    async def of_group() -> UUID:
        return await services.limits.account_of("group", value)

    async def of_member() -> UUID:
        return (await services.members.member(value)).account_id

    ways: Mapping[str, Callable[[], Awaitable[UUID]]] = {
        "account": of_account, "request": of_request, "task": of_request, "submission": of_submission, "order": of_order,
        "key": of_key, "group": of_group, "member": of_member,
    }  # fmt: skip
    if kind not in ways or (kind != "account" and kind not in OF_ACCOUNTS):
        return None
    try:
        return await ways[kind]()
    except NotFound:
        return None


def _of_name(visit: Visit, text: str) -> str | None:
    """The page of the menu that is called so, in either language; the beginning of a name is enough."""
    wanted = text.casefold()
    places = [place for _, section in sections_for(visit) for place in section]
    named = [
        (entry(Kind.PAGE, place.code).label[language].casefold(), place.href)
        for place in places
        for language in Language
    ]
    for fits in (str.__eq__, str.startswith):
        for name, href in named:
            if fits(name, wanted):
                return href
    return None


async def _of_text(visit: Visit, text: str) -> View | Response:
    """Staff look it up on the desk; members get the one answer, or the form that says what can be asked."""
    if decide(visit.principal, Need(staff=Staff.ACCOUNTS_READ), account_id=None).allowed:
        if visit.form:
            # The desk's own page, at once: what was pasted is not carried on in an address.
            return await search(visit)
        fits = len(text) <= _LINE_CHARACTERS_MAX and text.isprintable() and shown_again(text) == text
        return visit.go(with_query(f"{ROOT}/search", {"q": text if fits else ""}))
    account_id = visit.principal.account_id
    if account_id is None or not decide(visit.principal, _READ, account_id=account_id).allowed:
        raise NotFound(code="page_not_found")
    try:
        asked = await answered(visit, text, account_id=account_id, as_staff=False)
    except Unavailable:
        raise
    except CounterfoilError as error:
        # The page that says what can be asked, with what was wrong.
        visit.account = await visit.services.ledger.account(account_id)
        visit.problem = problem_of(error, visit.language)
        return replace(await why_form(visit), status=visit.problem.status)
    address = page_of_answer(asked.explanation, account_id=account_id)
    return visit.done(address, "done_secret_left_out") if asked.had_secret else visit.go(address)
