"""The doors of a serving process, each with its use cases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from counterfoil.api.application import build_application as build_management
from counterfoil.api.services import Services as ManagementServices
from counterfoil.api.support_intake import SupportIntake, support_intake
from counterfoil.bootstrap.console import console_application
from counterfoil.bootstrap.demo_pages import demo_parts, demo_people_of
from counterfoil.bootstrap.services import (
    Services,
    bundles_of,
    checkpoints_of,
    probes_of,
    same_account_of,
    search_of,
    statements_of,
    timelines_of,
    waterfalls_of,
)
from counterfoil.foundation.vocabulary import Language
from counterfoil.gateway.application import open_gateway
from counterfoil.gateway.callers import client_address
from counterfoil.gateway.errors import ANSWERS
from counterfoil.gateway.model import GatewaySettings
from counterfoil.site.application import application as site_application
from counterfoil.site.model import Site
from counterfoil.storage.idempotency import IdempotencyKeys

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The gateway, the management API, the console, cases sent by programs, and the public pages."""

    gateway: Application
    manage: Application
    console: Application
    support: Application
    site: Application


@asynccontextmanager
async def open_doors(services: Services) -> AsyncIterator[Doors]:
    """The doors of a serving process."""
    settings = GatewaySettings.of(services.settings)
    async with open_gateway(
        spend=services.spend,
        tasks=services.tasks,
        notices=services.recharge.notices,
        routes=services.routes,
        clock=services.clock,
        settings=settings,
    ) as gateway:
        pages = site_application(
            Site(
                evidence=services.evidence,
                intake=services.intake,
                handbook=services.knowledge.handbook,
                votes=services.knowledge.votes,
                public_url=settings.public_url,
                operator_name=services.settings.operator_name,
                default_language=settings.default_language,
                statuses={code: answer.status for code, answer in ANSWERS.items()},
                client_address=lambda scope: _address_of(scope, settings),
                **demo_parts(services),
            )
        )
        console = console_application(
            services,
            public_url=settings.public_url,
            client_address=lambda scope: _address_of(scope, settings),
            **demo_people_of(services),
        )
        manage = _mounted(management_application(services), "/manage/v1")
        support = support_intake(
            SupportIntake(
                intake=services.intake,
                public_url=settings.public_url,
                default_language=Language(settings.default_language),
                client_address=lambda scope: _address_of(scope, settings),
            )
        )
        yield Doors(gateway=gateway, manage=manage, console=_mounted(console, "/console"), support=support, site=pages)


def _address_of(scope: Scope, settings: GatewaySettings) -> str:
    peer = scope.get("client")
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return client_address(str(peer[0]) if peer else "", forwarded, settings.trusted_proxies)


def management_application(services: Services) -> Application:
    """The management API on all of its use cases."""
    gateway_settings = GatewaySettings.of(services.settings)
    return build_management(
        ManagementServices(
            is_operator=services.data_directory.is_operator_token,
            client_address=lambda scope: _address_of(scope, gateway_settings),
            people=services.people,
            sessions=services.sessions,
            tokens=services.tokens,
            audit=services.audit,
            idempotency=IdempotencyKeys(services.database, clock=services.clock, sealing=services.data_directory),
            default_language=Language(services.settings.default_language),
            clock=services.clock,
            approvals=services.approvals,
            ledger=services.ledger,
            proofs=services.proofs,
            checkpoints=checkpoints_of(services),
            limits=services.limits,
            limit_asks=services.limit_asks,
            orders=services.recharge.orders,
            notices=services.recharge.notices,
            order_refunds=services.recharge.order_refunds,
            corrections=services.recharge.corrections,
            payment_providers=services.recharge.payment_providers,
            recharge_terms=services.recharge.recharge_terms,
            receipts=services.recharge.receipts,
            invoices=services.recharge.invoices,
            members=services.members,
            notify=services.notify,
            codes=services.codes,
            prices=services.prices,
            spend=services.spend,
            submissions=services.submissions,
            same_account=same_account_of(services),
            evidence=services.evidence,
            bundles=bundles_of(services),
            statements=statements_of(services),
            waterfalls=waterfalls_of(services),
            timelines=timelines_of(services),
            search=search_of(services),
            tasks=services.tasks,
            upstreams=services.upstreams,
            upstream_records=services.upstream_records,
            reconcile=services.reconcile,
            intake=services.intake,
            cases=services.desk.cases,
            replies=services.desk.replies,
            case_settling=services.desk.settling,
            case_metrics=services.desk.metrics,
            case_purging=services.desk.purging,
            diagnosis=services.desk.diagnosis,
            test_upstream=probes_of(services).test,
        )
    )


def _mounted(application: Application, prefix: str) -> Application:
    """The application with the prefix taken for granted, as Starlette's `Mount` does it."""

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        inner = dict(scope)
        inner["root_path"] = scope.get("root_path", "") + prefix
        await application(inner, receive, send)

    return mounted
