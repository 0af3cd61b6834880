"""What the pages are made from, and what is injected into them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from counterfoil.evidence.service import Evidence
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.votes import Votes
from counterfoil.support.intake import Intake

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# A person pastes a handful of errors a minute; more is a program, which has the API.
LOOK_UPS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNumbers:
    """What an installation with demo money is doing. Amounts in nanos of `currency`, `read_at` UTC microseconds.

    `refused` counts by code. None means "not known yet". `progress` is how many calls of a replay have been made, of
    how many; None where none is under way.
    """

    read_at: int
    currency: str
    requests: int
    served: int
    refused: Mapping[str, int]
    failed: int = 0
    in_flight: int = 0
    charged_nanos: int = 0
    held_nanos: int = 0
    upstream_billed_nanos: int | None = None
    our_cost_nanos: int | None = None
    open_holds: int | None = None
    negative_wallets: int | None = None
    ledger_verified: bool | None = None
    progress: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """What to try with demo money: commands for a terminal, and by refusal code a request id that met it."""

    served_call: str
    refused_call: str
    request_ids: Mapping[str, str] = field(default_factory=dict)


def peer_address(scope: Scope) -> str:
    """The address that the connection came from."""
    client = scope.get("client")
    return str(client[0]) if client else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the pages need. `statuses` are the HTTP statuses of refusal codes.

    `live_numbers` and `examples` are shown only where `demo` is set: their amounts are demo money. `client_address`
    tells who asks, for the limit of look-ups per minute. `handbook` gives the articles as they are now, the same object
    until one of them changes; `votes` counts whether they were the answer.
    """

    evidence: Evidence
    intake: Intake
    handbook: Callable[[], Awaitable[Catalogue]]
    votes: Votes
    public_url: str
    operator_name: str = "Counterfoil"
    default_language: Language = Language.EN
    statuses: Mapping[str, int] = field(default_factory=dict)
    demo: bool = False
    live_numbers: Callable[[], Awaitable[LiveNumbers]] | None = None
    examples: Callable[[], Awaitable[Examples | None]] | None = None
    client_address: Callable[[Scope], str] = peer_address
    look_ups_per_minute: int = LOOK_UPS_PER_MINUTE
