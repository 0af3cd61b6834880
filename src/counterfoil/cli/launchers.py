"""What the command line can start. The wiring fills it in: this door builds no services and knows no other door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from counterfoil.cli.services import Services
from counterfoil.evidence.service import Evidence
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.macros import Ports
from counterfoil.knowledge.publishing import Context
from counterfoil.ledger.verify import Report
from counterfoil.settings import Settings
from counterfoil.storage.safekeeping import Backup


class RunningSandbox(Protocol):
    """A sandbox upstream in a process of its own, with the bill it keeps."""

    @property
    def url(self) -> str:
        """The address without `/v1`, as Anthropic's clients want it."""

    @property
    def base_url(self) -> str:
        """The address with `/v1`, as OpenAI's clients want it."""

    def bill(self, *, key: str | None = None, rows: int | None = None) -> dict[str, Any]:
        """The bill with its totals."""

    def usage_csv(self, bucket_width: str = "1m", *, key: str | None = None) -> str:
        """The bill as OpenAI's usage export."""

    def use_rules(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Replace the rules by which calls fail."""

    def reset(self) -> None:
        """Empty the bill."""


class RunningPayments(Protocol):
    """The other side of every payment provider, in a process of its own: signs, sends notices, can be asked."""

    @property
    def providers(self) -> dict[str, dict[str, str]]:
        """By provider, all that a merchant configures."""

    def open(self, url: str) -> object:
        """Open a page where somebody pays, as a browser does."""

    def pay(self, provider: str, order_number: str, *, payer: str | None = None) -> object:
        """The customer pays; the provider's notice follows."""

    def orders(self, provider: str | None = None, order_number: str | None = None) -> list[dict[str, Any]]:
        """What the providers know of orders, with their own numbers of them."""

    def use_webhook(self, url: str | None) -> None:
        """Where Stripe's events go; the others are told with each order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A backup that was restored, and what verifying its ledger has found."""

    backup: Backup
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Launchers:
    """What commands need from the wiring.

    `open_services` starts PostgreSQL or attaches to it, migrates, and yields every use case; it works beside a running
    `serve`. `serve` runs until it is told to stop and gives the exit status. `start_sandbox` takes what
    `sandbox/configuration.py` reads. `configure_logging` is called once, before a command does anything.
    """

    open_services: Callable[[Settings], AbstractAsyncContextManager[Services]]
    serve: Callable[[Settings], int]
    start_sandbox: Callable[[Mapping[str, Any] | None], AbstractContextManager[RunningSandbox]]
    start_payments: Callable[[], AbstractContextManager[RunningPayments]]
    # Writes a backup of an installation to a file; with its keys where the last argument says so.
    back_up: Callable[[Settings, Path, bool], Backup]
    # Restores one into an empty installation, and proves its ledger.
    restore: Callable[[Settings, Path], Restored]
    # Puts the desk of evidence together from other use cases than those of an installation: benchmarks have their own.
    build_evidence: Callable[..., Evidence]
    # The HTTP statuses of codes that calls are answered with, which the gateway knows.
    statuses: Mapping[str, int]
    configure_logging: Callable[[Settings], None]
    # The console without a server, for somebody who may see everything: asks for a page below `/console`, and gives its
    # status and size. For benchmarks.
    open_console: Callable[[Settings], AbstractAsyncContextManager[Callable[[str], Awaitable[tuple[int, int]]]]]
    # What the handbook's articles take from other rooms.
    handbook_ports: Callable[[Settings], Ports]
    # What reads the handbook as an installation serves it.
    open_handbook: Callable[[Settings], AbstractAsyncContextManager[Callable[[], Awaitable[Catalogue]]]]
    # How a static copy of the handbook looks, for an address.
    publishing_context: Callable[[Settings, str], Context]
    # Secrets may be in it, so it is not part of the representation.
    environment: Mapping[str, str] = field(repr=False)
