"""The management API, put together. The wiring mounts it at `/manage/v1`."""

from __future__ import annotations

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.middleware import Middleware

import counterfoil
from counterfoil.api import (
    account_statements,
    accounts,
    alerts,
    approvals,
    audit,
    case_answers,
    cases,
    codes,
    corrections,
    doorstep,
    evidence,
    explain,
    groups,
    invoices,
    keys,
    ledger,
    limit_asks,
    limits,
    me,
    members,
    money,
    order_boards,
    order_decisions,
    orders,
    payment_providers,
    people,
    prices,
    recharge_terms,
    reconcile,
    reconcile_breaks,
    requests,
    same_account,
    search,
    submissions,
    tasks,
    timeline,
    upstream_records,
    upstreams,
    waterfall,
)
from counterfoil.api.access import check_access, check_rules
from counterfoil.api.access_rules import RULES
from counterfoil.api.description import describe
from counterfoil.api.entrance import Entrance
from counterfoil.api.problems import RESPONSES, LastResort, install
from counterfoil.api.reference import reference_page
from counterfoil.api.repeats import Repeats
from counterfoil.api.services import Services
from counterfoil.api.trail import Trail

_SUMMARY = """Accounts, money, recharges, people, keys, limits, prices, upstreams, requests and tasks.

Amounts are given twice: exactly as `…_nanos` (1e-9 of the currency's unit) and as decimal text. Times are RFC 3339, ids
have a prefix. Whatever moves money takes a `source_id`: the same again is answered as the first time and does nothing
again. Any write may carry an `Idempotency-Key`: the same request again within a day is answered as the first time. Lists
come in pages: `next` of one is the `cursor` of the following. Errors are problem documents (RFC 9457) in the language of
`Accept-Language`.

Whoever has the operator's token may do everything. Whoever has signed in (`POST /session`), or sends a token of theirs
(`POST /me/tokens`), may do what their roles allow: as a member on their own account, as staff on every account. What is
another account's does not exist for a member."""

ROUTERS = (
    doorstep.router,
    me.router,
    people.router,
    audit.router,
    accounts.router,
    money.router,
    corrections.router,
    waterfall.router,
    account_statements.router,
    timeline.router,
    search.router,
    orders.router,
    order_decisions.router,
    order_boards.router,
    invoices.router,
    payment_providers.router,
    payment_providers.ways_router,
    recharge_terms.router,
    approvals.router,
    codes.router,
    reconcile.router,
    reconcile_breaks.router,
    members.router,
    groups.router,
    keys.router,
    limits.router,
    limit_asks.router,
    prices.router,
    upstreams.router,
    upstream_records.router,
    alerts.router,
    requests.router,
    submissions.router,
    same_account.router,
    evidence.router,
    explain.router,
    tasks.router,
    # Before what takes any word for a case.
    case_answers.router,
    cases.router,
    ledger.router,
)


def build_application(services: Services) -> FastAPI:
    """Every route, on these use cases. It wants to be mounted, and has no start or stop of its own."""

    def now() -> Services:
        current: Services = application.state.services
        return current

    language = services.default_language
    application = FastAPI(
        title="Counterfoil management",
        version=counterfoil.__version__,
        description=_SUMMARY,
        # FastAPI's own pages load their scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        # A path with a slash too many is a mistake, and a redirect would lose the body.
        redirect_slashes=False,
        generate_unique_id_function=_name_of,
        middleware=[
            Middleware(LastResort, default_language=language),
            Middleware(Entrance, services=now, open_paths=_OPEN_PATHS, default_language=language),
            Middleware(Repeats, services=now, default_language=language),
            Middleware(Trail, services=now),
        ],
        # The first is for the description only: the entrance reads the token.
        dependencies=[
            Depends(HTTPBearer(auto_error=False, description="The operator's token, a session's, or a REST token.")),
            Depends(check_access),
        ],
        responses=RESPONSES,
    )
    application.state.services = services
    install(application, default_language=services.default_language)
    for router in ROUTERS:
        application.include_router(router)
    check_rules(ROUTERS)
    application.openapi = lambda: describe(application)  # type: ignore[method-assign]

    @application.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return reference_page(application.openapi(), prefix=request.scope.get("root_path", ""))

    return application


_OPEN_PATHS = frozenset(
    route.path
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.name in RULES and RULES[route.name].need.open
)


def _name_of(route: APIRoute) -> str:
    return route.name
