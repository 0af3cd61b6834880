"""The upstreams of the demo: one sandbox process under several keys, two that work and two that fail in their ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from counterfoil.cli.launchers import RunningSandbox
from counterfoil.cli.services import Services
from counterfoil.foundation.money import parse_nanos
from counterfoil.pricing.documents import shipped_document
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstreams_model import ServedModel

SMALL = "sandbox-small"
LARGE = "sandbox-large"
# Served by nobody but an upstream that never answers it in time.
STALLING_MODEL = "sandbox-reasoning"
# Served, and in no customers' book.
UNPRICED_MODEL = "sandbox-preview"
IMAGE = "sandbox-image"
VIDEO = "sandbox-video"

# No healthy call of the sandbox takes this long, and whoever waits for one that stalls does not wait for long.
_STALLING_TIMEOUT_SECONDS = 4
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUpstream:
    """One upstream. `name` is also what the sandbox's bill calls its key. Lower priority is tried first."""

    name: str
    priority: int
    models: tuple[str, ...]
    timeout_seconds: int = _TIMEOUT_SECONDS
    dialect: Dialect = Dialect.OPENAI
    weight: int = 1

    @property
    def secret(self) -> str:
        return f"demo-key-of-{self.name}"


UPSTREAMS = (
    DemoUpstream(
        name="steady", priority=10, weight=2, models=(SMALL, LARGE, UNPRICED_MODEL, "sandbox-embedding", IMAGE, VIDEO)
    ),
    DemoUpstream(name="flaky", priority=10, models=(SMALL, LARGE)),
    DemoUpstream(
        name="stalling", priority=10, models=(SMALL, STALLING_MODEL), timeout_seconds=_STALLING_TIMEOUT_SECONDS
    ),
    DemoUpstream(name="spare", priority=20, models=(SMALL, LARGE)),
    DemoUpstream(name="steady-messages", priority=10, models=(SMALL, LARGE), dialect=Dialect.ANTHROPIC),
)
# The first that fires decides a call. A stalled and a cut answer were generated: an upstream bills them.
_RULES: tuple[Mapping[str, Any], ...] = (
    {"fail": "timeout:600000", "key": "stalling", "model": STALLING_MODEL},
    {"fail": "timeout:600000", "key": "stalling", "every": 500},
    {"fail": "cut:50", "key": "stalling", "every": 60},
    {"fail": "status:500", "key": "flaky", "every": 12},
    {"fail": "status:529", "key": "flaky", "every": 31},
)


def sandbox_configuration() -> dict[str, Any]:
    """What the sandbox plays: our upstreams' keys, the costs of its price book, and the failures."""
    costs = {
        price["model"]: {
            "input_tokens": parse_nanos(rates["input"]),
            "cached_tokens": parse_nanos(rates.get("cached_read", rates["input"])),
            "output_tokens": parse_nanos(rates.get("output", "0")),
        }
        for price in shipped_document("sandbox-upstream")["prices"]
        # Images and videos cost what the sandbox says itself: the same as its price book.
        for rates in (price.get("rates", {}),)
        if "input" in rates
    }
    keys = {upstream.secret: {"name": upstream.name} for upstream in UPSTREAMS}
    return {"keys": keys, "costs": costs, "rules": list(_RULES)}


async def import_prices(services: Services) -> None:
    """What customers pay for the sandbox's models, and what each upstream bills us for them."""
    await services.prices.import_book(shipped_document("sandbox"))
    costs = shipped_document("sandbox-upstream")
    for upstream in UPSTREAMS:
        await services.prices.import_book({**costs, "book": f"upstream:{upstream.name}"})


async def add_upstreams(services: Services, sandbox: RunningSandbox) -> None:
    """The upstreams with their secrets, which are sealed as any other's."""
    for upstream in UPSTREAMS:
        await services.upstreams.add(
            name=upstream.name,
            dialect=upstream.dialect,
            base_url=sandbox.url if upstream.dialect is Dialect.ANTHROPIC else sandbox.base_url,
            secret=upstream.secret,
            timeout_seconds=upstream.timeout_seconds,
            models=[
                ServedModel(
                    public_model=model, upstream_model=model, priority=upstream.priority, weight=upstream.weight
                )
                for model in upstream.models
            ],
        )
