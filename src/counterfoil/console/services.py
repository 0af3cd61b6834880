"""The use cases that pages call, filled in by the wiring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from starlette.types import Scope

from counterfoil.approvals.service import Approvals
from counterfoil.evidence.bundles_service import Bundles
from counterfoil.evidence.same_account_service import SameAccount
from counterfoil.evidence.search_service import Search
from counterfoil.evidence.service import Evidence
from counterfoil.evidence.timeline_service import Timelines
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.audit import Audit
from counterfoil.identity.oidc import OpenIdConnect
from counterfoil.identity.people_service import People
from counterfoil.identity.service import Members
from counterfoil.identity.sessions import Sessions
from counterfoil.identity.tokens import Tokens
from counterfoil.knowledge.current import CurrentHandbook
from counterfoil.knowledge.editing import Editing
from counterfoil.knowledge.signals import Signals
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
from counterfoil.spend.spending import Spending
from counterfoil.spend.submission_history import Submissions
from counterfoil.spend.upstream_probe import UpstreamProbe
from counterfoil.spend.upstream_records import UpstreamRecords
from counterfoil.spend.upstreams import Upstreams
from counterfoil.support.cases_service import Cases
from counterfoil.support.diagnosis import Diagnosis
from counterfoil.support.intake import Intake
from counterfoil.support.metrics import CaseMetrics
from counterfoil.support.own_cases import OwnCases
from counterfoil.support.purging import Purging
from counterfoil.support.replies import Replies
from counterfoil.support.settling import CaseSettling
from counterfoil.tasks.service import Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """Somebody whom a demo lets anybody be: a `staff_role` or `role` entry, and whose session it begins."""

    person_id: UUID
    email: str
    kind: str
    code: str
    account_name: str | None = None


async def nobody() -> Sequence[DemoPerson]:
    """Outside a demo, nobody signs in without a password."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a page may ask for. `client_address` tells who asks; `demo_people` are empty outside a demo."""

    public_url: str
    default_language: Language
    operator_name: str
    client_address: Callable[[Scope], str]
    clock: Clock
    people: People
    sessions: Sessions
    tokens: Tokens
    oidc: OpenIdConnect | None
    audit: Audit
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
    spending: Spending
    submissions: Submissions
    same_account: SameAccount
    evidence: Evidence
    bundles: Bundles
    timelines: Timelines
    search: Search
    tasks: Tasks
    upstreams: Upstreams
    upstream_records: UpstreamRecords
    # One tiny call at an upstream, with its secret.
    test_upstream: Callable[[str], Awaitable[UpstreamProbe]]
    reconcile: Reconciliation
    intake: Intake
    own_cases: OwnCases
    cases: Cases
    replies: Replies
    case_settling: CaseSettling
    case_metrics: CaseMetrics
    case_purging: Purging
    diagnosis: Diagnosis
    handbook: CurrentHandbook
    editing: Editing
    signals: Signals
    is_demo: bool = False
    demo_people: Callable[[], Awaitable[Sequence[DemoPerson]]] = field(default=nobody)
