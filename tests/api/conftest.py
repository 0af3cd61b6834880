"""The management API over ASGI, mounted where the wiring mounts it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from api.served import application_on
from api.wiring import Office, open_office
from counterfoil.api.services import Services
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger.proofs import Proofs
from counterfoil.redaction.rules import redact
from counterfoil.spend.upstream_records import UpstreamRecords
from counterfoil.storage.data_directory import DataDirectory

PREFIX = "/manage/v1"


@dataclass(frozen=True, slots=True)
class Desk:
    """An operator at the management API."""

    client: httpx2.AsyncClient
    office: Office

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The parsed answer; fails unless it has the status (any below 300 where none is given)."""
        response = await self.client.request(method, PREFIX + path, json=body, headers=headers)
        if status is None:
            assert response.status_code < 300, response.text
        else:
            assert response.status_code == status, response.text
        return response.json()

    async def open_account(self, name: str = "Acme", **fields: Any) -> str:
        account_id: str = (await self.ask("POST", "/accounts", {"name": name, **fields}))["account_id"]
        return account_id

    async def credit(self, account_id: str, amount: str, source_id: str = "first order") -> Any:
        grants = [{"amount": amount}]
        body = {"source_kind": "order", "source_id": source_id, "grants": grants}
        return await self.ask("POST", f"/accounts/{account_id}/credits", body)

    async def make_key(self, account_id: str, **fields: Any) -> Any:
        return await self.ask("POST", f"/accounts/{account_id}/keys", {"name": "a key", **fields})


@pytest.fixture
async def office(database_url: str, data_directory: DataDirectory) -> AsyncIterator[Office]:
    async with open_office(database_url, data_directory, environment={"BACKEND_SECRET": "sandbox-key"}) as opened:
        yield opened


def services_on(office: Office) -> Services:
    """What the management API asks for, on these use cases."""
    return Services(
        is_operator=office.data_directory.is_operator_token,
        client_address=lambda scope: scope["client"][0] if scope.get("client") else "",
        people=office.entry.people,
        sessions=office.entry.sessions,
        tokens=office.entry.tokens,
        audit=office.entry.audit,
        idempotency=office.entry.idempotency,
        default_language=Language.EN,
        clock=office.clock,
        approvals=office.approvals,
        ledger=office.ledger,
        proofs=Proofs(office.database, clock=office.clock, checkpoints=office.checkpoints, redact=redact),
        checkpoints=office.checkpoints,
        limits=office.limits,
        limit_asks=office.limit_asks,
        members=office.members,
        notify=office.notify,
        codes=office.codes,
        orders=office.recharge.orders,
        notices=office.recharge.notices,
        order_refunds=office.recharge.order_refunds,
        corrections=office.recharge.corrections,
        payment_providers=office.recharge.payment_providers,
        recharge_terms=office.recharge.recharge_terms,
        receipts=office.recharge.receipts,
        invoices=office.recharge.invoices,
        prices=office.prices,
        spend=office.spend,
        submissions=office.submissions,
        same_account=office.same_account,
        evidence=office.evidence,
        bundles=office.bundles,
        statements=office.statements,
        waterfalls=office.waterfalls,
        timelines=office.timelines,
        search=office.search,
        tasks=office.tasks,
        upstreams=office.upstreams,
        upstream_records=UpstreamRecords(office.database, prices=office.prices),
        reconcile=office.reconcile,
        intake=office.intake,
        cases=office.cases.cases,
        replies=office.cases.replies,
        case_settling=office.cases.settling,
        case_metrics=office.cases.metrics,
        case_purging=office.cases.purging,
        diagnosis=office.cases.diagnosis,
        test_upstream=office.probes.test,
    )


@pytest.fixture
def management(office: Office) -> Starlette:
    """The management API where it is served."""
    return Starlette(routes=[Mount(PREFIX, app=application_on(services_on(office)))])


@pytest.fixture
async def desk(office: Office, management: Starlette) -> AsyncIterator[Desk]:
    headers = {"Authorization": f"Bearer {office.data_directory.operator_token}"}
    transport = httpx2.ASGITransport(app=management)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield Desk(client, office)
