"""The use cases that commands call, filled in by the wiring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from counterfoil.approvals.service import Approvals
from counterfoil.evidence.bundles_service import Bundles
from counterfoil.evidence.same_account_service import SameAccount
from counterfoil.evidence.waterfall_service import Waterfalls
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.audit import Audit
from counterfoil.identity.people_service import People
from counterfoil.identity.service import Members
from counterfoil.identity.sessions import Sessions
from counterfoil.identity.tokens import Tokens
from counterfoil.knowledge.editing import Editing
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.service import Ledger
from counterfoil.ledger.statements import Statements
from counterfoil.limits.asks import LimitAsks
from counterfoil.limits.service import LimitsService
from counterfoil.notify.service import Notifications
from counterfoil.pricing.service import PriceBooks
from counterfoil.recharge.codes_service import Codes
from counterfoil.recharge.invoices import Invoices
from counterfoil.recharge.notices import Notices
from counterfoil.recharge.providers_service import PaymentProviders
from counterfoil.recharge.receipts import Receipts
from counterfoil.recharge.refunds import Refunds
from counterfoil.recharge.service import Orders
from counterfoil.recharge.terms_service import RechargeTerms
from counterfoil.reconcile.archive import Archive
from counterfoil.reconcile.desk import Reconciliation
from counterfoil.spend.service import Spend
from counterfoil.spend.spending import Spending
from counterfoil.spend.submission_history import Submissions
from counterfoil.spend.upstream_probe import UpstreamProbe
from counterfoil.spend.upstreams import Upstreams
from counterfoil.support.cases_service import Cases
from counterfoil.support.diagnosis import Diagnosis
from counterfoil.support.intake import Intake
from counterfoil.support.metrics import CaseMetrics
from counterfoil.support.purging import Purging
from counterfoil.support.replies import Replies
from counterfoil.support.settling import CaseSettling
from counterfoil.tasks.service import Tasks


class FindAccountOf(Protocol):
    async def __call__(self, kind: Literal["group", "key", "limit"], thing_id: UUID) -> UUID:
        """The account that a group, key or limit belongs to; raises `NotFound`."""


class TestUpstream(Protocol):
    async def __call__(self, name: str) -> UpstreamProbe:
        """Make one tiny call at an upstream, with its secret; raises `NotFound` where there is no such upstream."""


class Explanation(Protocol):
    """Why something happened, as the desk of evidence tells it."""

    def to_dict(self) -> dict[str, Any]:
        """The decision, its checks and its causes as plain JSON."""

    def lines(self) -> Sequence[str]:
        """The same for a person, line by line."""


class Explain(Protocol):
    async def __call__(self, subject: str, language: Language) -> Explanation:
        """Explain a request, a task or a submission by its id, or an error text; raises `NotFound` or `InputError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a command may ask for.

    `ledger` knows limits and requests (its holds are those of calls); `plain_ledger` asks nobody but the wallet, for
    holds that an operator makes by hand.
    """

    clock: Clock
    approvals: Approvals
    ledger: Ledger
    plain_ledger: Ledger
    checkpoints: CheckpointFolder
    account_of: FindAccountOf
    limits: LimitsService
    limit_asks: LimitAsks
    members: Members
    people: People
    sessions: Sessions
    tokens: Tokens
    audit: Audit
    notify: Notifications
    codes: Codes
    orders: Orders
    notices: Notices
    order_refunds: Refunds
    payment_providers: PaymentProviders
    recharge_terms: RechargeTerms
    receipts: Receipts
    invoices: Invoices
    prices: PriceBooks
    spend: Spend
    spending: Spending
    statements: Statements
    submissions: Submissions
    same_account: SameAccount
    bundles: Bundles
    waterfalls: Waterfalls
    tasks: Tasks
    upstreams: Upstreams
    reconcile: Reconciliation
    intake: Intake
    cases: Cases
    replies: Replies
    case_settling: CaseSettling
    case_metrics: CaseMetrics
    case_purging: Purging
    diagnosis: Diagnosis
    editing: Editing
    archive: Archive
    test_upstream: TestUpstream
    explain: Explain
