"""What the pages of a demo show beside the form."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import orjson

from counterfoil.bootstrap.services import Services
from counterfoil.console.services import DemoPerson
from counterfoil.site.model import Examples, LiveNumbers
from counterfoil.spend.model import RequestState

# Set by `counterfoil demo` for the process that serves it.
DEMO_VARIABLE = "COUNTERFOIL_DEMO"


def demo_parts(services: Services) -> dict[str, Any]:
    """What a demo's pages show beside the form; nothing unless `counterfoil demo` started this process.

    The demo writes what only it knows to `demo.json` in its data directory: `served_call`, `refused_call`,
    `request_ids` (by code), `progress` ([done, total]), `upstream_billed_nanos` and `ledger_verified`.
    """
    if not os.environ.get(DEMO_VARIABLE):
        return {}
    path = services.settings.data_dir / "demo.json"

    def said() -> dict[str, Any]:
        try:
            known: dict[str, Any] = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return {}
        return known

    async def examples() -> Examples | None:
        known = said()
        if "served_call" not in known:
            return None
        return Examples(
            served_call=known["served_call"],
            refused_call=known["refused_call"],
            request_ids=known.get("request_ids", {}),
        )

    async def live_numbers() -> LiveNumbers:
        return await _live_numbers(services, said())

    return {"demo": True, "live_numbers": live_numbers, "examples": examples}


async def _live_numbers(services: Services, known: Mapping[str, Any]) -> LiveNumbers:
    counts: dict[str, int] = {}
    refused: dict[str, int] = {}
    charged = 0
    for state, code, count, charged_nanos, _ in await services.spend.totals():
        counts[state] = counts.get(state, 0) + count
        charged += charged_nanos
        if state == RequestState.REFUSED and code is not None:
            refused[code] = refused.get(code, 0) + count
    overview = await services.ledger.overview()
    progress = known.get("progress")
    return LiveNumbers(
        read_at=services.clock.now(),
        currency="USD",
        requests=sum(counts.values()),
        served=counts.get(RequestState.SERVED, 0) + counts.get(RequestState.CLIENT_GONE, 0),
        refused=refused,
        failed=counts.get(RequestState.FAILED, 0),
        in_flight=counts.get(RequestState.HELD, 0),
        charged_nanos=charged,
        held_nanos=overview.held,
        upstream_billed_nanos=known.get("upstream_billed_nanos"),
        our_cost_nanos=await services.spend.attempted_cost(),
        open_holds=overview.open_holds,
        negative_wallets=overview.negative_wallets,
        ledger_verified=known.get("ledger_verified"),
        progress=(progress[0], progress[1]) if progress else None,
    )


# Names that belong to nobody (RFC 2606).
_DEMO_ADDRESSES = ("@example.com", ".example")


def demo_people_of(services: Services) -> dict[str, Any]:
    """Whom a demo lets anybody be in the console: its own people, who have no passwords; nobody elsewhere."""
    if not os.environ.get(DEMO_VARIABLE):
        return {}

    async def people() -> list[DemoPerson]:
        found = []
        for person in await services.people.list(after=None, at_most=100):
            if person.has_password:
                continue
            membership = person.membership
            if membership is not None:
                account = await services.ledger.account(membership.account_id)
                kind, code, name = "role", str(membership.role), account.name
            elif person.staff_roles:
                kind, code, name = "staff_role", str(min(person.staff_roles)), None
            else:
                continue
            found.append(
                DemoPerson(person_id=person.person_id, email=person.email, kind=kind, code=code, account_name=name)
            )
        return found

    return {"is_demo": True, "demo_people": people}
