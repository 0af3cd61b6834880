"""A terminal with the command line on a database of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import typer
from typer.testing import CliRunner, Result

from api.wiring import Office, open_office
from counterfoil.bootstrap.evidence import build_evidence
from counterfoil.bootstrap.knowledge import handbook_ports, publishing_context
from counterfoil.bootstrap.safekeeping import back_up, restore
from counterfoil.bootstrap.services import STATUSES
from counterfoil.cli.application import build_application
from counterfoil.cli.launchers import Launchers, RunningPayments, RunningSandbox
from counterfoil.cli.services import Services
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.settings import Settings
from counterfoil.spend.spending import Spending
from counterfoil.storage.data_directory import DataDirectory
from knowledge.shelf import shelf
from tasks.studio import Studio, open_studio

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Terminal:
    """Runs commands as a person or a program would."""

    environment: dict[str, str]
    application: typer.Typer
    served: list[Settings] = field(default_factory=list)

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(self.application, list(arguments), input=stdin)

    def say(self, *arguments: str, status: int = 0, stdin: str | None = None) -> str:
        """What a person reads on standard output; fails unless the exit status is that."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == status, (result.stdout, result.stderr)
        return result.stdout

    def complain(self, *arguments: str, status: int = 1, stdin: str | None = None) -> str:
        """What a person reads on standard error of a command that was not done."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == status, (result.stdout, result.stderr)
        assert result.stdout == ""
        return result.stderr

    def ask(self, *arguments: str, status: int = 0, stdin: str | None = None) -> Any:
        """The one JSON object that a program gets."""
        result = self.run(*arguments, "--json", stdin=stdin)
        assert result.exit_code == status, (result.stdout, result.stderr)
        return json.loads(result.stdout)

    def office(self, work: Callable[[Office], Awaitable[Answer]]) -> Answer:
        """Do something that no command does, such as a customer's call."""

        async def run() -> Answer:
            settings = Settings.load(self.environment)
            assert settings.database_url is not None
            async with open_office(settings.database_url, DataDirectory.of(settings)) as office:
                return await work(office)

        return asyncio.run(run())


@pytest.fixture
def studio() -> Iterator[Studio]:
    """An upstream that makes videos, in a thread of its own: every command has an event loop of its own."""
    opened: Future[Studio] = Future()
    stop = threading.Event()

    async def run() -> None:
        async with open_studio() as studio:
            opened.set_result(studio)
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        yield opened.result(timeout=30)
    finally:
        stop.set()
        thread.join()


def command_services(office: Office) -> Services:
    async def explain(subject: str, language: Language) -> Explanation:
        return await office.evidence.explain(subject, language=language, audience=Audience.OPERATOR)

    return Services(
        clock=office.clock,
        approvals=office.approvals,
        ledger=office.ledger,
        plain_ledger=office.plain_ledger,
        checkpoints=office.checkpoints,
        account_of=office.limits.account_of,
        limits=office.limits,
        limit_asks=office.limit_asks,
        members=office.members,
        people=office.entry.people,
        sessions=office.entry.sessions,
        tokens=office.entry.tokens,
        audit=office.entry.audit,
        notify=office.notify,
        codes=office.codes,
        orders=office.recharge.orders,
        notices=office.recharge.notices,
        order_refunds=office.recharge.order_refunds,
        payment_providers=office.recharge.payment_providers,
        recharge_terms=office.recharge.recharge_terms,
        receipts=office.recharge.receipts,
        invoices=office.recharge.invoices,
        prices=office.prices,
        spend=office.spend,
        spending=Spending(office.database),
        statements=office.statements,
        submissions=office.submissions,
        same_account=office.same_account,
        bundles=office.bundles,
        waterfalls=office.waterfalls,
        tasks=office.tasks,
        upstreams=office.upstreams,
        reconcile=office.reconcile,
        intake=office.intake,
        cases=office.cases.cases,
        replies=office.cases.replies,
        case_settling=office.cases.settling,
        case_metrics=office.cases.metrics,
        case_purging=office.cases.purging,
        diagnosis=office.cases.diagnosis,
        editing=office.editing,
        archive=office.archive,
        test_upstream=office.probes.test,
        explain=explain,
    )


@pytest.fixture
def environment(database_url: str, owner_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "COUNTERFOIL_DATABASE_URL": database_url,
        "COUNTERFOIL_MIGRATION_URL": owner_url,
        "COUNTERFOIL_DATA_DIR": str(tmp_path / "data"),
        "LANG": "en_US.UTF-8",
    }


@pytest.fixture
def terminal(environment: dict[str, str]) -> Terminal:
    served: list[Settings] = []

    @asynccontextmanager
    async def open_services(settings: Settings) -> AsyncIterator[Services]:
        assert settings.database_url is not None
        directory = DataDirectory.of(settings)
        async with open_office(settings.database_url, directory, environment=environment, with_engine=False) as office:
            yield command_services(office)

    def serve(settings: Settings) -> int:
        served.append(settings)
        return 0

    def no_sandbox(_: object) -> AbstractContextManager[RunningSandbox]:
        raise AssertionError("no command here starts a sandbox")

    def no_payments() -> AbstractContextManager[RunningPayments]:
        raise AssertionError("no command here takes payments")

    def no_console(settings: Settings) -> Any:
        raise AssertionError("no command here measures the console")

    @asynccontextmanager
    async def open_handbook(settings: Settings) -> AsyncIterator[Callable[[], Awaitable[Catalogue]]]:
        """Two articles of the tests' own, as if they had been published."""

        async def read() -> Catalogue:
            return shelf()

        yield read

    launchers = Launchers(
        open_services=open_services,
        serve=serve,
        start_sandbox=no_sandbox,
        start_payments=no_payments,
        back_up=back_up,
        restore=restore,
        build_evidence=build_evidence,
        statuses=STATUSES,
        configure_logging=lambda _: None,
        open_console=no_console,
        handbook_ports=handbook_ports,
        open_handbook=open_handbook,
        publishing_context=publishing_context,
        environment=environment,
    )
    return Terminal(environment, build_application(launchers), served)
