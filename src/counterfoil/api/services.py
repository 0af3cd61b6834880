"""The use cases that routes call, filled in by the wiring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request
from starlette.types import Scope

from counterfoil.approvals.service import Approvals
from counterfoil.evidence.bundles_service import Bundles
from counterfoil.evidence.same_account_service import SameAccount
from counterfoil.evidence.search_service import Search
from counterfoil.evidence.service import Evidence
from counterfoil.evidence.timeline_service import Timelines
from counterfoil.evidence.waterfall_service import Waterfalls
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.audit import Audit
from counterfoil.identity.people_service import People
from counterfoil.identity.service import Members
from counterfoil.identity.sessions import Sessions
from counterfoil.identity.tokens import Tokens
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.proofs import Proofs
from counterfoil.ledger.service import Ledger
from counterfoil.ledger.statements import Statements
from counterfoil.limits.asks import LimitAsks
from counterfoil.limits.service import LimitsService
from counterfoil.notify.service import Notifications
from counterfoil.pricing.service import PriceBooks
from counterfoil.recharge.codes_service import Codes
from counterfoil.recharge.corrections import Corrections
from counterfoil.recharge.invoices import Invoices
from counterfoil.recharge.notices import Notices
from counterfoil.recharge.providers_service import PaymentProviders
from counterfoil.recharge.receipts import Receipts
from counterfoil.recharge.refunds import Refunds
from counterfoil.recharge.service import Orders
from counterfoil.recharge.terms_service import RechargeTerms
from counterfoil.reconcile.desk import Reconciliation
from counterfoil.spend.service import Spend
from counterfoil.spend.submission_history import Submissions
from counterfoil.spend.upstream_probe import UpstreamProbe
from counterfoil.spend.upstream_records import UpstreamRecords
from counterfoil.spend.upstreams import Upstreams
from counterfoil.storage.idempotency import IdempotencyKeys
from counterfoil.support.cases_service import Cases
from counterfoil.support.diagnosis import Diagnosis
from counterfoil.support.intake import Intake
from counterfoil.support.metrics import CaseMetrics
from counterfoil.support.purging import Purging
from counterfoil.support.replies import Replies
from counterfoil.support.settling import CaseSettling
from counterfoil.tasks.service import Tasks


class TestUpstream(Protocol):
    async def __call__(self, name: str) -> UpstreamProbe:
        """Make one tiny call at an upstream, with its secret; raises `NotFound` where there is no such upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a route may ask for.

    `is_operator` compares a presented token in constant time; `client_address` knows which proxies are believed.
    """

    is_operator: Callable[[str], bool]
    client_address: Callable[[Scope], str]
    people: People
    sessions: Sessions
    tokens: Tokens
    audit: Audit
    idempotency: IdempotencyKeys
    default_language: Language
    clock: Clock
    approvals: Approvals
    ledger: Ledger
    statements: Statements
    proofs: Proofs
    checkpoints: CheckpointFolder
    limits: LimitsService
    limit_asks: LimitAsks
    members: Members
    notify: Notifications
    codes: Codes
    orders: Orders
    notices: Notices
    order_refunds: Refunds
    corrections: Corrections
    payment_providers: PaymentProviders
    recharge_terms: RechargeTerms
    receipts: Receipts
    invoices: Invoices
    prices: PriceBooks
    spend: Spend
    submissions: Submissions
    same_account: SameAccount
    evidence: Evidence
    bundles: Bundles
    waterfalls: Waterfalls
    timelines: Timelines
    search: Search
    tasks: Tasks
    upstreams: Upstreams
    upstream_records: UpstreamRecords
    reconcile: Reconciliation
    intake: Intake
    cases: Cases
    replies: Replies
    case_settling: CaseSettling
    case_metrics: CaseMetrics
    case_purging: Purging
    diagnosis: Diagnosis
    test_upstream: TestUpstream


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


UseCases = Annotated[Services, Depends(services_of)]
