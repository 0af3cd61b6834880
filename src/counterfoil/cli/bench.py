"""`counterfoil bench …`: speed, measured on this machine in a data directory that is made for it and removed after."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
import uvloop

from counterfoil.cli import bench_explain, bench_gateway, bench_ledger, bench_redaction, bench_search
from counterfoil.cli.bench_cases_model import Wording
from counterfoil.cli.command import RUN, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers, RunningSandbox
from counterfoil.cli.output import fields
from counterfoil.cli.services import Services
from counterfoil.foundation.errors import Unavailable
from counterfoil.knowledge.catalogue import load_catalogue
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.limits.model import GroupSettings, KeySettings
from counterfoil.pricing.documents import shipped_document
from counterfoil.settings import Settings
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import migrate

Seconds = Annotated[int, typer.Option("--seconds", metavar="N", min=1, max=120, help="How long each part runs.")]
_MODEL = "sandbox-small"
_START_SECONDS_MAX = 180


def bench_ledger_command(call: Call, seconds: Seconds = 5) -> Answer:
    """Durable authorize and capture pairs per second: group commit, the plain way, one hot account, half load."""
    with _scratch() as folder, EmbeddedPostgres(folder) as server:
        migrate(server.owner_url, runtime_password=server.runtime_password)
        measured = uvloop.run(bench_ledger.measure(server.runtime_url, seconds=seconds, progress=call.progress))
    data = measured.to_json()
    return Answer(data=data, lines=fields(data))


def bench_gateway_command(call: Call, seconds: Seconds = 8) -> Answer:
    """Chat calls per second through the gateway, and the milliseconds that it adds to an upstream's own time."""
    with _scratch() as folder, call.launchers.start_sandbox(None) as sandbox:
        settings = replace(call.settings, data_dir=folder)
        data = uvloop.run(_measure_gateway(call, settings, sandbox, seconds=seconds))
    return Answer(data=data, lines=fields(data))


def bench_redaction_command(call: Call) -> Answer:
    """What the search for secrets misses and what it takes for one, on a corpus of its own, and megabytes per second."""
    measured = bench_redaction.measure(progress=call.progress)
    data = measured.to_json()
    names = [f"missed: {name}" for name in measured.missed] + [f"false alarm: {name}" for name in measured.false_alarms]
    return Answer(data=data, lines=[*fields(data), *names])


def bench_search_command(call: Call) -> Answer:
    """How many of sixty questions the handbook's search answers with its first hit, and with its first three."""
    catalogue = load_catalogue(call.launchers.handbook_ports(call.settings))
    measured = bench_search.measure(catalogue, bench_search.read_questions())
    missed = [f"missed: {one.text} ({', '.join(found)})" for one, found in measured.missed]
    counts = {"questions": measured.questions, "top1": measured.top1, "top3": measured.top3}
    return Answer(data=measured.to_json(), lines=[*fields(counts), *missed])


def bench_diagnosis_command(
    call: Call,
    cases: Annotated[int, typer.Option("--cases", metavar="N", min=1, max=5_000, help="Incidents to stage.")] = 1_000,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed stages the same.")] = 1,
) -> Answer:
    """Incidents with known causes are staged, decoys included; how many of them `explain` explains as they were staged."""
    # Imported here: it brings a web server and every room, which no other command should wait for.
    from counterfoil.cli import bench_diagnosis

    with _scratch() as folder, EmbeddedPostgres(folder, durable=False) as server:
        migrate(server.owner_url, runtime_password=server.runtime_password)
        measured = uvloop.run(
            bench_diagnosis.measure(
                server.runtime_url, folder, build_evidence=call.launchers.build_evidence, cases=cases, seed=seed,
                progress=call.progress,
            )
        )  # fmt: skip
    return Answer(data=measured.to_json(), lines=measured.lines())


def bench_cases_command(
    call: Call,
    cases: Annotated[int, typer.Option("--cases", metavar="N", min=1, max=5_000, help="Tickets of the month.")] = 300,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed makes up the same.")] = 1,
    wording: Annotated[Wording, typer.Option("--wording", help="Whose words the tickets are in.")] = Wording.ALL,
) -> Answer:
    """A month of messy tickets about staged incidents comes in; for how many the right record is first and the cause right.

    Nothing is to be confirmed by itself: the command fails where a record was.
    """
    # Imported here: it brings a web server and every room, which no other command should wait for.
    from counterfoil.cli import bench_cases

    with _scratch() as folder, EmbeddedPostgres(folder, durable=False) as server:
        migrate(server.owner_url, runtime_password=server.runtime_password)
        measured = uvloop.run(
            bench_cases.measure(
                server.runtime_url, folder, build_evidence=call.launchers.build_evidence,
                statuses=call.launchers.statuses, cases=cases, seed=seed, progress=call.progress, wording=wording,
            )
        )  # fmt: skip
    status = ExitStatus.NOT_DONE if measured.confirmed_by_itself else ExitStatus.DONE
    return Answer(data=measured.to_json(), lines=measured.lines(), status=status)


def bench_intake_command(
    call: Call,
    rate: Annotated[int, typer.Option("--rate", metavar="N", min=1, max=5_000, help="Cases a second.")] = 200,
    seconds: Seconds = 10,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed sends the same.")] = 1,
) -> Answer:
    """Cases come in at a set pace over the form and the API of a serving process; none may be lost, all are diagnosed."""
    # Imported here: it brings the desk, which no other command should wait for.
    from counterfoil.cli import bench_intake

    async def measured(settings: Settings) -> bench_intake.Measured:
        # One address sends it all.
        async with (
            _serving(settings, COUNTERFOIL_SUPPORT_PER_ADDRESS="100000") as url,
            call.launchers.open_services(settings) as services,
        ):
            return await bench_intake.measure(
                url, services.cases, rate=rate, seconds=seconds, seed=seed, progress=call.progress
            )

    with _scratch() as folder:
        result = uvloop.run(measured(replace(call.settings, data_dir=folder)))
    data = result.to_json()
    return Answer(data=data, lines=fields(data), status=ExitStatus.DONE if result.is_whole else ExitStatus.NOT_DONE)


def bench_explain_command(
    call: Call,
    stored: Annotated[
        int, typer.Option("--stored", metavar="N", min=1_000, max=50_000_000, help="Requests to store first.")
    ] = 10_000_000,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed asks the same.")] = 1,
) -> Answer:
    """Milliseconds of an answer to "why", with ten million requests stored; that takes some minutes and 15 GB."""
    with _scratch() as folder:
        # What takes longest needs no log; it is measured with the settings of service.
        with EmbeddedPostgres(folder, durable=False, settings=bench_explain.WHILE_FILLING) as server:
            migrate(server.owner_url, runtime_password=server.runtime_password)
            there = bench_explain.fill(server.owner_url, stored=stored, progress=call.progress)
        with EmbeddedPostgres(folder) as server:
            asked = bench_explain.questions(server.owner_url, stored=there, seed=seed)
            settings = replace(
                call.settings, data_dir=folder, database_url=server.runtime_url, migration_url=server.owner_url
            )
            measured = uvloop.run(_measure_explain(call, settings, asked, stored=there))
    return Answer(data=measured.to_json(), lines=measured.lines())


def bench_console_command(
    call: Call,
    stored: Annotated[
        int, typer.Option("--stored", metavar="N", min=1_000, max=50_000_000, help="Requests to store first.")
    ] = 10_000_000,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed asks the same.")] = 1,
) -> Answer:
    """Milliseconds of the console's pages, with ten million requests stored; that takes some minutes and 15 GB."""
    # Imported here: it brings the console, which no other command should wait for.
    from counterfoil.cli import bench_console

    with _scratch() as folder:
        with EmbeddedPostgres(folder, durable=False, settings=bench_explain.WHILE_FILLING) as server:
            migrate(server.owner_url, runtime_password=server.runtime_password)
            there = bench_explain.fill(server.owner_url, stored=stored, progress=call.progress)
        with EmbeddedPostgres(folder) as server:
            asked = bench_console.pages(server.owner_url, seed=seed)
            asked_before = bench_console.pages_asked_before(server.owner_url, seed=seed)
            settings = replace(
                call.settings, data_dir=folder, database_url=server.runtime_url, migration_url=server.owner_url
            )

            async def measured() -> bench_console.Measured:
                async with call.launchers.open_console(settings) as visit:
                    before = await bench_console.ask_before(visit, asked_before)
                    async with call.launchers.open_services(settings) as services:
                        call.progress("adding up, as the background does")
                        await services.statements.add_up()
                        await services.spending.add_up()
                    bench_console.tidy(server.owner_url)
                    return await bench_console.measure(
                        visit, asked, stored=there, before_ms=before, progress=call.progress
                    )

            result = uvloop.run(measured())
    return Answer(data=result.to_json(), lines=result.lines())


def bench_reconcile_command(
    call: Call,
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", min=50_000, max=200_000_000, help="Requests, and as many charges.")
    ] = 10_000_000,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed writes the same book.")] = 1,
) -> Answer:
    """A day's requests held against its charges and an upstream's bill, beside a bare join of the same files.

    Ten million take some minutes and 1 GB of the disk. What was put into the book has to be found, and nothing else.
    """
    # Imported here: it brings DuckDB, which no other command should wait for.
    from counterfoil.cli import bench_reconcile

    with _scratch() as folder:
        measured = bench_reconcile.measure(folder, rows=rows, seed=seed, progress=call.progress)
    data = measured.to_json()
    return Answer(data=data, lines=fields(data), status=ExitStatus.DONE if measured.is_exact else ExitStatus.NOT_DONE)


def bench_breaks_command(
    call: Call,
    days: Annotated[int, typer.Option("--days", metavar="N", min=2, max=366, help="How long the month is.")] = 30,
    every: Annotated[
        int, typer.Option("--every", metavar="N", min=1, max=366, help="Days that are closed at once.")
    ] = 1,
    engine: Annotated[
        str, typer.Option("--engine", metavar="ENGINE", help="duckdb, spark-local or spark://host:port.")
    ] = "duckdb",
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed makes up the same.")] = 1,
) -> Answer:
    """A month is made up, with breaks of every class in it, and closed day by day; how many are found, and what else.

    Five channels, a bank and three upstreams write their files as they are; these go through the importers.
    """
    # Imported here: it brings DuckDB, which no other command should wait for.
    from counterfoil.cli import bench_breaks

    with _scratch() as folder:
        measured = bench_breaks.measure(
            engine=engine, days=days, seed=seed, folder=folder, every=every, progress=call.progress
        )
    status = ExitStatus.DONE if measured.is_exact else ExitStatus.NOT_DONE
    return Answer(data=measured.to_json(), lines=measured.lines(), status=status)


async def _measure_explain(
    call: Call, settings: Settings, asked: Mapping[str, Sequence[str]], *, stored: int
) -> bench_explain.Measured:
    async with call.launchers.open_services(settings) as services:
        return await bench_explain.measure(services.explain, asked, stored=stored, progress=call.progress)


async def _measure_gateway(
    call: Call, settings: Settings, sandbox: RunningSandbox, *, seconds: float
) -> dict[str, Any]:
    call.progress("setting up an account, a key and the sandbox as upstream")
    async with call.launchers.open_services(settings) as services:
        token = await _make_customer(services, sandbox)
        async with _serving(settings) as url:
            call.progress("calling")
            measured = await bench_gateway.measure(
                gateway=bench_gateway.Target(base_url=f"{url}/v1", token=token, model=_MODEL),
                sandbox=bench_gateway.Target(base_url=sandbox.base_url, token="sandbox-key", model=_MODEL),  # noqa: S106
                seconds=seconds,
            )
    return measured.to_json()


async def _make_customer(services: Services, sandbox: RunningSandbox) -> str:
    await services.prices.import_book(shipped_document("sandbox"))
    await services.upstreams.add(
        name="sandbox",
        dialect=Dialect.OPENAI,
        base_url=sandbox.base_url,
        secret="sandbox-key",  # noqa: S106
        models=[ServedModel(public_model=_MODEL, upstream_model=_MODEL)],
    )
    account = await services.ledger.open_account(name="bench")
    spec = GrantSpec(kind=GrantKind.PAID, amount=10**15, origin="clearing:bench")
    await services.ledger.apply(
        Credit(account_id=account.account_id, source_kind="grant", source_id="bench", grants=(spec,))
    )
    group = await services.limits.create_group(account_id=account.account_id, settings=GroupSettings(name="bench"))
    made = await services.limits.create_key(
        account_id=account.account_id, settings=KeySettings(name="bench", group_id=group.group_id)
    )
    return made.token


@asynccontextmanager
async def _serving(settings: Settings, **more: str) -> AsyncIterator[str]:
    """A `counterfoil serve` of its own on a free port, with `more` in its environment; yields its address."""
    log_path = settings.data_dir / "serve.log"
    environment = {
        **os.environ,
        "COUNTERFOIL_DATA_DIR": str(settings.data_dir),
        "COUNTERFOIL_LOG_LEVEL": "info",
        **more,
    }
    with log_path.open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 - a process to be measured, started once
            [sys.executable, "-m", "counterfoil", "serve", "--port", "0"],
            env=environment, stdout=output, stderr=output,
        )  # fmt: skip
        try:
            yield await _address_of(process, log_path)
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 30)


def _read(log_path: Path) -> str:
    return log_path.read_text(encoding="utf-8", errors="replace")


async def _address_of(process: subprocess.Popen[bytes], log_path: Path) -> str:
    """Wait until it says where it serves, and answers there."""
    due = time.monotonic() + _START_SECONDS_MAX
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < due and process.poll() is None:
            said = _read(log_path)
            place = said.find('"address": "')
            if place >= 0:
                address = said[place + 12 : said.index('"', place + 12)]
                try:
                    async with session.get(f"{address}/healthz") as answer:
                        if answer.status == 200:
                            return address
                except aiohttp.ClientError:
                    pass
            await asyncio.sleep(0.1)
    raise Unavailable(code="serve_not_started", log=_read(log_path)[-800:])


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def register(application: typer.Typer, launchers: Launchers) -> None:
    bench = Commands.group(application, launchers, name="bench", panel=RUN, summary="Measure speed on this machine.")
    bench.add("ledger", bench_ledger_command)
    bench.add("gateway", bench_gateway_command)
    bench.add("redaction", bench_redaction_command)
    bench.add("search", bench_search_command)
    bench.add("diagnosis", bench_diagnosis_command)
    bench.add("cases", bench_cases_command)
    bench.add("intake", bench_intake_command)
    bench.add("explain", bench_explain_command)
    bench.add("console", bench_console_command)
    bench.add("reconcile", bench_reconcile_command)
    bench.add("breaks", bench_breaks_command)
