"""The use cases that routes call, filled in by the wiring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.service import Members
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.service import Ledger
from counterfoil.limits.service import LimitsService
from counterfoil.pricing.service import PriceBooks
from counterfoil.spend.service import Spend
from counterfoil.spend.submission_history import Submissions
from counterfoil.spend.upstream_probe import UpstreamProbe
from counterfoil.spend.upstreams import Upstreams
from counterfoil.tasks.service import Tasks


class TestUpstream(Protocol):
    async def __call__(self, name: str) -> UpstreamProbe:
        """Make one tiny call at an upstream, with its secret; raises `NotFound` where there is no such upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a route may ask for. `is_operator` compares a presented token in constant time."""

    is_operator: Callable[[str], bool]
    default_language: Language
    clock: Clock
    ledger: Ledger
    checkpoints: CheckpointFolder
    limits: LimitsService
    members: Members
    prices: PriceBooks
    spend: Spend
    submissions: Submissions
    tasks: Tasks
    upstreams: Upstreams
    test_upstream: TestUpstream


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


UseCases = Annotated[Services, Depends(services_of)]
