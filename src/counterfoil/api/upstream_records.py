"""How upstreams do, from the attempts on record: health in a recent stretch of time, cost and margin in a period."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from counterfoil.api.fields import PAGE_MAX, Cursor, Limit, Output, Page, optional_time, paged
from counterfoil.api.services import UseCases
from counterfoil.foundation.clock import MICROS_PER_SECOND
from counterfoil.foundation.shown import amount, time
from counterfoil.spend.model import AttemptOutcome
from counterfoil.spend.upstream_records import UpstreamHealth, UpstreamMargin

router = APIRouter(tags=["upstreams"])
_DAY = 86_400 * MICROS_PER_SECOND


class Health(Output):
    """Attempts at one upstream since a time; the times taken are of those that were answered."""

    upstream: str
    attempts: int
    answered: int
    out_of_money: int
    outcomes: dict[AttemptOutcome, int]
    last_at: str | None
    median_ms: int | None = Field(description="What half of the answered attempts took at most.")
    p95_ms: int | None = Field(description="What 95 in a hundred of the answered attempts took at most.")

    @classmethod
    def of(cls, health: UpstreamHealth) -> Health:
        return cls(
            upstream=health.upstream, attempts=health.attempts, answered=health.answered,
            out_of_money=health.out_of_money, outcomes=dict(health.outcomes), last_at=time(health.last_at),
            median_ms=None if health.median_micros is None else health.median_micros // 1000,
            p95_ms=None if health.slow_micros is None else health.slow_micros // 1000,
        )  # fmt: skip


class Margin(Output):
    """What one model at one upstream brought and cost. `charged` is in `currency`, `cost` in `cost_currency`."""

    upstream: str
    model: str
    attempts: int
    currency: str
    charged_nanos: int = Field(description="What customers were charged, less what was returned.")
    charged: str
    cost_nanos: int
    cost: str
    cost_currency: str | None = Field(description="Null where the upstream has no price book.")
    cost_unknown: int = Field(description="Answered attempts whose cost is not known.")
    margin_nanos: int | None = Field(description="Null where a cost is not known, or the currencies differ.")
    margin: str | None

    @classmethod
    def of(cls, one: UpstreamMargin) -> Margin:
        fields: dict[str, Any] = {
            "upstream": one.upstream, "model": one.model, "attempts": one.attempts, "currency": one.currency,
            **amount("charged", one.charged), **amount("cost", one.cost), "cost_currency": one.cost_currency,
            "cost_unknown": one.cost_unknown, **amount("margin", one.margin),
        }  # fmt: skip
        return cls.model_validate(fields)


@router.get("/upstream-health", summary="List how upstreams have done lately")
async def list_upstream_health(
    services: UseCases,
    limit: Limit = PAGE_MAX,
    cursor: Cursor = None,
    seconds: Annotated[int, Query(ge=60, le=86_400, description="How far to look back, in seconds.")] = 3_600,
) -> Page[Health]:
    since = services.clock.now() - seconds * MICROS_PER_SECOND
    found = await services.upstream_records.health(since=since)
    items = [Health.of(found[name]) for name in sorted(found)]
    return paged(items, limit=limit, cursor=cursor, name=lambda one: one.upstream)


@router.get("/upstream-margins", summary="List charges and costs by upstream and model, the highest charges first")
async def list_upstream_margins(
    services: UseCases,
    limit: Limit = PAGE_MAX,
    cursor: Cursor = None,
    start: Annotated[str | None, Query(max_length=40, description="RFC 3339; by default a day ago.")] = None,
    end: Annotated[str | None, Query(max_length=40, description="RFC 3339; by default now. At most 93 days.")] = None,
) -> Page[Margin]:
    now = services.clock.now()
    until = optional_time(end) or now + 1
    found = await services.upstream_records.margins(start=optional_time(start) or until - _DAY, end=until)
    return paged(
        [Margin.of(one) for one in found], limit=limit, cursor=cursor,
        name=lambda one: f"{one.upstream} {one.currency} {one.model}"[:100],
    )  # fmt: skip
