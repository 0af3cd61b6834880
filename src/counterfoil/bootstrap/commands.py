"""What the command line is given: its launchers, and the use cases of its commands."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager

from counterfoil.bootstrap.evidence import build_evidence
from counterfoil.bootstrap.knowledge import handbook_ports, publishing_context
from counterfoil.bootstrap.safekeeping import back_up, restore
from counterfoil.bootstrap.services import (
    STATUSES,
    bundles_of,
    checkpoints_of,
    connected_services,
    log_as_set,
    probes_of,
    running_postgres,
    same_account_of,
    statements_of,
    waterfalls_of,
)
from counterfoil.cli.application import build_application
from counterfoil.cli.launchers import Launchers, RunningPayments
from counterfoil.cli.services import Explanation as CommandExplanation
from counterfoil.cli.services import Services as CommandServices
from counterfoil.evidence.model import Audience
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.sandbox.process import SandboxProcess
from counterfoil.settings import Settings


def main() -> None:
    """The command `counterfoil`."""
    build_application(
        Launchers(
            open_services=open_command_services,
            serve=serve,
            start_sandbox=SandboxProcess,
            start_payments=start_payments,
            back_up=back_up,
            restore=restore,
            build_evidence=build_evidence,
            statuses=STATUSES,
            configure_logging=log_as_set,
            open_console=open_console,
            handbook_ports=handbook_ports,
            open_handbook=open_handbook,
            publishing_context=publishing_context,
            environment=os.environ,
        )
    )()


def serve(settings: Settings) -> int:
    """Serve until told to stop; gives the exit status."""
    # Imported here: the doors take half a second, which no other command should wait for.
    from counterfoil.bootstrap import serving

    return serving.serve(settings)


@asynccontextmanager
async def open_console(settings: Settings) -> AsyncIterator[Callable[[str], Awaitable[tuple[int, int]]]]:
    """The console without a server, for benchmarks: for somebody who may see everything."""
    from counterfoil.bootstrap.console import open_for_measuring

    async with open_for_measuring(settings) as visit:
        yield visit


@asynccontextmanager
async def open_handbook(settings: Settings) -> AsyncIterator[Callable[[], Awaitable[Catalogue]]]:
    """The handbook as an installation serves it, with what its editors have published."""
    with running_postgres(settings) as url:
        async with connected_services(settings, url, with_engine=False) as services:
            yield services.knowledge.handbook


def start_payments() -> AbstractContextManager[RunningPayments]:
    """The payments sandbox; only the demo needs it."""
    from counterfoil.sandbox.payments.process import PaymentsProcess

    return PaymentsProcess()


@asynccontextmanager
async def open_command_services(settings: Settings) -> AsyncIterator[CommandServices]:
    """The use cases of commands, on PostgreSQL started or attached to; works beside a running `serve`."""
    with running_postgres(settings) as url:
        async with connected_services(settings, url, with_engine=False) as services:

            async def explain(subject: str, language: Language) -> CommandExplanation:
                return await services.evidence.explain(subject, language=language, audience=Audience.OPERATOR)

            yield CommandServices(
                clock=services.clock,
                approvals=services.approvals,
                ledger=services.ledger,
                plain_ledger=services.plain_ledger,
                checkpoints=checkpoints_of(services),
                account_of=services.limits.account_of,
                limits=services.limits,
                limit_asks=services.limit_asks,
                orders=services.recharge.orders,
                notices=services.recharge.notices,
                order_refunds=services.recharge.order_refunds,
                payment_providers=services.recharge.payment_providers,
                recharge_terms=services.recharge.recharge_terms,
                receipts=services.recharge.receipts,
                invoices=services.recharge.invoices,
                members=services.members,
                people=services.people,
                sessions=services.sessions,
                tokens=services.tokens,
                audit=services.audit,
                notify=services.notify,
                codes=services.codes,
                prices=services.prices,
                spend=services.spend,
                spending=services.spending,
                statements=statements_of(services),
                submissions=services.submissions,
                same_account=same_account_of(services),
                bundles=bundles_of(services),
                waterfalls=waterfalls_of(services),
                tasks=services.tasks,
                upstreams=services.upstreams,
                reconcile=services.reconcile,
                intake=services.intake,
                cases=services.desk.cases,
                replies=services.desk.replies,
                case_settling=services.desk.settling,
                case_metrics=services.desk.metrics,
                case_purging=services.desk.purging,
                diagnosis=services.desk.diagnosis,
                editing=services.knowledge.editing,
                archive=services.archive,
                test_upstream=probes_of(services).test,
                explain=explain,
            )
