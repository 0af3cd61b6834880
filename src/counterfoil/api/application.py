"""The management API, put together. The wiring mounts it at `/manage/v1`."""

from __future__ import annotations

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.middleware import Middleware

import counterfoil
from counterfoil.api import (
    accounts,
    alerts,
    approvals,
    codes,
    evidence,
    explain,
    groups,
    invoices,
    keys,
    ledger,
    limits,
    members,
    money,
    order_decisions,
    orders,
    payment_providers,
    prices,
    recharge_terms,
    reconcile,
    reconcile_breaks,
    requests,
    same_account,
    submissions,
    tasks,
    upstreams,
    waterfall,
)
from counterfoil.api.entrance import Entrance
from counterfoil.api.problems import RESPONSES, LastResort, install
from counterfoil.api.reference import reference_page
from counterfoil.api.services import Services

_SUMMARY = """Accounts, money, recharges, people, keys, limits, prices, upstreams, requests and tasks.

Amounts are given twice: exactly as `…_nanos` (1e-9 of the currency's unit) and as decimal text. Times are RFC 3339, ids
have a prefix. Whatever moves money takes a `source_id`: the same again is answered as the first time and does nothing
again. Errors are problem documents (RFC 9457) in the language of `Accept-Language`."""

ROUTERS = (
    accounts.router,
    money.router,
    waterfall.router,
    orders.router,
    order_decisions.router,
    invoices.router,
    payment_providers.router,
    recharge_terms.router,
    approvals.router,
    codes.router,
    reconcile.router,
    reconcile_breaks.router,
    members.router,
    groups.router,
    keys.router,
    limits.router,
    prices.router,
    upstreams.router,
    alerts.router,
    requests.router,
    submissions.router,
    same_account.router,
    evidence.router,
    explain.router,
    tasks.router,
    ledger.router,
)


def build_application(services: Services) -> FastAPI:
    """Every route, on these use cases. It wants to be mounted, and has no start or stop of its own."""
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
            Middleware(LastResort, default_language=services.default_language),
            Middleware(Entrance, is_operator=services.is_operator, default_language=services.default_language),
        ],
        # For the description only: the entrance decides.
        dependencies=[Depends(HTTPBearer(auto_error=False, description="The operator's token."))],
        responses=RESPONSES,
    )
    application.state.services = services
    install(application, default_language=services.default_language)
    for router in ROUTERS:
        application.include_router(router)

    @application.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return reference_page(application.openapi(), prefix=request.scope.get("root_path", ""))

    return application


def _name_of(route: APIRoute) -> str:
    return route.name
