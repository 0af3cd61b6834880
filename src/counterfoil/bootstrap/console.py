"""The console's use cases, filled in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import Scope

from counterfoil.bootstrap.services import (
    Services,
    bundles_of,
    checkpoints_of,
    connected_services,
    probes_of,
    same_account_of,
    search_of,
    statements_of,
    timelines_of,
)
from counterfoil.console.application import Application, build_application
from counterfoil.console.security import SESSION_COOKIE
from counterfoil.console.services import DemoPerson, nobody
from counterfoil.console.services import Services as ConsoleServices
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import StaffRole
from counterfoil.identity.joining import Newcomer
from counterfoil.settings import Settings
from counterfoil.support.own_cases import OwnCases

_NO_ADDRESS = "https://127.0.0.1"


def console_application(
    services: Services,
    *,
    public_url: str,
    client_address: Callable[[Scope], str],
    is_demo: bool = False,
    demo_people: Callable[[], Awaitable[Sequence[DemoPerson]]] = nobody,
) -> Application:
    """The console on all of its use cases."""
    return build_application(
        ConsoleServices(
            public_url=public_url,
            default_language=Language(services.settings.default_language),
            operator_name=services.settings.operator_name,
            client_address=client_address,
            clock=services.clock,
            people=services.people,
            sessions=services.sessions,
            tokens=services.tokens,
            oidc=services.oidc,
            audit=services.audit,
            approvals=services.approvals,
            ledger=services.ledger,
            proofs=services.proofs,
            checkpoints=checkpoints_of(services),
            statements=statements_of(services),
            limits=services.limits,
            limit_asks=services.limit_asks,
            members=services.members,
            notify=services.notify,
            codes=services.codes,
            orders=services.recharge.orders,
            notices=services.recharge.notices,
            order_refunds=services.recharge.order_refunds,
            corrections=services.recharge.corrections,
            payment_providers=services.recharge.payment_providers,
            recharge_terms=services.recharge.recharge_terms,
            receipts=services.recharge.receipts,
            invoices=services.recharge.invoices,
            prices=services.prices,
            spend=services.spend,
            spending=services.spending,
            submissions=services.submissions,
            same_account=same_account_of(services),
            evidence=services.evidence,
            bundles=bundles_of(services),
            timelines=timelines_of(services),
            search=search_of(services),
            tasks=services.tasks,
            upstreams=services.upstreams,
            upstream_records=services.upstream_records,
            test_upstream=probes_of(services).test,
            reconcile=services.reconcile,
            intake=services.intake,
            own_cases=OwnCases(services.database, clock=services.clock, intake=services.intake),
            cases=services.desk.cases,
            replies=services.desk.replies,
            case_settling=services.desk.settling,
            case_metrics=services.desk.metrics,
            case_purging=services.desk.purging,
            diagnosis=services.desk.diagnosis,
            handbook=services.knowledge.handbook,
            editing=services.knowledge.editing,
            signals=services.knowledge.signals,
            is_demo=is_demo,
            demo_people=demo_people,
        )
    )


@asynccontextmanager
async def open_for_measuring(settings: Settings) -> AsyncIterator[Callable[[str], Awaitable[tuple[int, int]]]]:
    """Pages of the console by their path, without a server, seen by an administrator who is made for it."""
    assert settings.database_url is not None
    async with connected_services(settings, settings.database_url, with_engine=False) as services:
        application = console_application(services, public_url=_NO_ADDRESS, client_address=lambda scope: "127.0.0.1")
        person = await services.people.add(
            Newcomer(email="bench@example.com", nickname=None, password_hash=None, language=None, verified=True),
            staff_roles=[StaffRole.ADMINISTRATOR],
        )
        new = await services.sessions.begin(person.person_id, client_address="127.0.0.1", user_agent="bench")

        async def visit(path: str) -> tuple[int, int]:
            before, _, query = path.partition("?")
            scope = {
                "type": "http", "http_version": "1.1", "method": "GET", "scheme": "https", "server": ("127.0.0.1", 443),
                "client": ("127.0.0.1", 1), "root_path": "/console", "path": "/console" + before,
                "raw_path": ("/console" + before).encode(), "query_string": query.encode(),
                "headers": [(b"host", b"127.0.0.1"), (b"cookie", f"{SESSION_COOKIE}={new.token}".encode())],
            }  # fmt: skip
            status, size = 0, 0

            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: MutableMapping[str, Any]) -> None:
                nonlocal status, size
                status = message.get("status", status)
                size += len(message.get("body", b""))

            await application(scope, receive, send)
            return status, size

        yield visit
