"""`counterfoil demo`: a working prepaid AI API in a minute, on real traffic, with demo money."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
import uvloop

from counterfoil.cli.command import TRY, Answer, Call, Commands, print_json
from counterfoil.cli.demo_cases import DemoCases
from counterfoil.cli.demo_day import DemoDay, ShownDay
from counterfoil.cli.demo_folder import DemoFolder, DemoPage
from counterfoil.cli.demo_operator import DemoOperator, build_operator, welcome_casey
from counterfoil.cli.demo_people import DemoPeople, ShownPeople
from counterfoil.cli.demo_processes import HOST, Serving, choose_port, serving, wait_until_served
from counterfoil.cli.demo_recharge import DemoRecharge, ShownRecharge
from counterfoil.cli.demo_refusals import (
    OVERLOADING_CALLS,
    DemoCaller,
    Met,
    Refusals,
    chat,
    intern_body,
    overload,
)
from counterfoil.cli.demo_report import curl, indented, own_lines, summary_lines, why_lines, why_page
from counterfoil.cli.demo_summary import Summary, summarise, wait_until_settled
from counterfoil.cli.demo_tasks import DemoTasks, ShownTasks
from counterfoil.cli.demo_terminal import Terminal
from counterfoil.cli.demo_upstreams import (
    IMAGE,
    LARGE,
    SMALL,
    VIDEO,
    add_upstreams,
    import_prices,
    sandbox_configuration,
)
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers, RunningPayments, RunningSandbox
from counterfoil.cli.replay import CONCURRENCY_DEFAULT, Concurrency, progress_text, read_speed, tally_json
from counterfoil.cli.replay_calls import Replayer, Sender, open_session
from counterfoil.cli.replay_tasks import TaskMix
from counterfoil.cli.replay_trace import Trace
from counterfoil.cli.services import Services
from counterfoil.foundation.errors import Unavailable
from counterfoil.foundation.ids import read_id
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.settings import SETTINGS, Settings

# The serving process learns of upstreams and prices within a few seconds.
_SERVED_SECONDS_MAX = 30
_PAGE_SECONDS = 1.0
_WATCH_SECONDS = 0.5
_OVERLOAD_SECONDS_MAX = 30
# Images and videos that go along with a whole trace.
_TASKS_IN_TRACE = 20
# Who makes the calls of the trace, in turns of ten.
_SHARES = (("pipeline", SMALL, 5), ("notebook", SMALL, 1), ("notebook", LARGE, 1), ("storyboard", SMALL, 3))
_REFUSALS_METRIC = re.compile(r'^counterfoil_refusals_total\{code="overloaded"\} (\d+)', re.MULTILINE)
_UNKNOWN_METRIC = re.compile(r"^counterfoil_unknown_keys_total (\d+)", re.MULTILINE)
# Tells the serving process that its pages are a demo's.
_DEMO_VARIABLE = "COUNTERFOIL_DEMO"


def demo(
    call: Call,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The traffic to replay.", show_default="the shipped trace")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(metavar="PORT", min=0, max=65_535, help="Port to listen on.", show_default="8787, or a free one"),
    ] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the summary.")] = False,
    speed: Annotated[
        str, typer.Option(metavar="N|max", help="How many times faster than it happened; max: as fast as it goes.")
    ] = "max",
    concurrency: Concurrency = CONCURRENCY_DEFAULT,
) -> Answer:
    """Start a working prepaid AI API with demo money, send an hour of real traffic through it, and explain what happened.

    Nothing leaves this machine: the upstreams are sandboxes. It lives in a folder of its own (./counterfoil-data/demo),
    made anew each time, and never touches an installation, its database or its settings.
    """
    chosen = read_speed(speed)
    source = Trace(trace) if trace is not None else Trace.shipped()
    # A file that is no trace is found now, and not when everything is up.
    next(source.rows(), None)
    total = source.count_lines()
    chosen_port = choose_port(port, preferred=call.settings.port or 0)
    folder = _claim(call)
    try:
        run = _Demo(
            call, folder.path, source, total=total, port=chosen_port, speed=chosen, concurrency=concurrency,
            keeps_serving=not no_serve,
        )  # fmt: skip
        return uvloop.run(run.run())
    finally:
        folder.release()


def _claim(call: Call) -> DemoFolder:
    """The folder that --data-dir names, or one of the demo's own inside the usual data directory."""
    usual = Settings.load(call.launchers.environment).data_dir
    if call.settings.data_dir == usual:
        return DemoFolder.claim_beside(usual)
    return DemoFolder.claim(call.settings.data_dir)


@dataclass(slots=True, kw_only=True)
class _Running:
    """What is up while the demo works."""

    services: Services
    sandbox: RunningSandbox
    payments: RunningPayments
    serving: Serving
    session: aiohttp.ClientSession
    operator: DemoOperator = field(default_factory=DemoOperator)


class _Demo:
    """One run of the demo, from an empty folder to the summary, and on until somebody has seen enough."""

    def __init__(
        self,
        call: Call,
        data_dir: Path,
        source: Trace,
        *,
        total: int,
        port: int,
        speed: float | None,
        concurrency: int,
        keeps_serving: bool,
    ) -> None:
        self._call = call
        self._data_dir = data_dir
        self._source = source
        self._total = total
        self._port = port
        self._speed = speed
        self._concurrency = concurrency
        self._keeps_serving = keeps_serving
        self._terminal = Terminal(call.language, as_json=call.as_json)
        self._page = DemoPage()
        self._overloaded = 0
        self._people: ShownPeople | None = None
        self._started_at = time.monotonic()

    async def run(self) -> Answer:
        """Everything; stops what it has started, however it ends."""
        main = asyncio.current_task()
        assert main is not None
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        interrupted = False

        def interrupt() -> None:
            nonlocal interrupted
            if not interrupted:
                interrupted = True
                self._terminal.progress.show("  … " + self._terminal.word("demo_stopping"))
                main.cancel()

        for number in signals:
            loop.add_signal_handler(number, interrupt)
        answer = None
        try:
            async with self._started() as running:
                answer = await self._work(running)
                if self._keeps_serving:
                    self._terminal.say(self._terminal.word("demo_stop"))
                    if self._call.as_json:
                        print_json(answer.data)
                    await self._keep_serving(running)
        except asyncio.CancelledError:
            if not interrupted:
                raise
            self._terminal.progress.clear()
            self._terminal.say(["", self._terminal.word("demo_stopped", folder=str(self._data_dir))])
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
            self._page.forget_calls(self._data_dir)
        if answer is None:
            raise typer.Exit(ExitStatus.INTERRUPTED)
        if self._keeps_serving:
            # It has been given already, before the wait.
            raise typer.Exit(answer.status)
        return answer

    async def _keep_serving(self, running: _Running) -> None:
        """Until somebody has seen enough; raises `Unavailable` where the serving process ends by itself."""
        while running.serving.process.poll() is None:  # noqa: ASYNC110 - nothing tells the end of a child
            await asyncio.sleep(_WATCH_SECONDS)
        raise Unavailable(code="demo_not_served", log=str(running.serving.log_path))

    # -- starting ----------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _started(self) -> AsyncIterator[_Running]:
        """The sandbox, the serving process and the use cases on its database; all of them end together."""
        terminal, environment = self._terminal, self._call.launchers.environment
        terminal.head(terminal.word("demo_title"))
        terminal.say([terminal.word("demo_money"), ""])
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "counterfoil-demo"})
            )
            served = await stack.enter_async_context(
                serving({**environment, _DEMO_VARIABLE: "1"}, data_dir=self._data_dir, port=self._port, workers=1,
                        default_language=self._call.language.value)
            )  # fmt: skip
            with terminal.step("step_upstreams"):
                sandbox = stack.enter_context(self._call.launchers.start_sandbox(sandbox_configuration()))
                payments = stack.enter_context(self._call.launchers.start_payments())
            with terminal.step("step_database"):
                services = await stack.enter_async_context(self._call.launchers.open_services(self._settings()))
            yield _Running(services=services, sandbox=sandbox, payments=payments, serving=served, session=session)

    def _settings(self) -> Settings:
        """The demo's own: what is set for an installation, its database and secrets above all, is not for it."""
        ours = {setting.variable for setting in SETTINGS}
        environment = {name: value for name, value in self._call.launchers.environment.items() if name not in ours}
        return Settings.load(environment, data_dir=self._data_dir, host=HOST, port=self._port)

    # -- the demo itself ---------------------------------------------------------------------------------------

    async def _work(self, running: _Running) -> Answer:
        recharge = await self._set_up(running)
        await self._show_two_calls(running)
        replayed, mix, seconds = await self._replay(running)
        staged = await self._stage_refusals(running)
        with self._terminal.step("step_tasks"):
            tasks = await DemoTasks(self._caller(running), running.operator.keys, running.services).stage()
        with self._terminal.step("step_cases"):
            refused = {code: found.request_id for code, found in staged.items() if found is not None}
            await DemoCases(running.services, refused).stage()
        with self._terminal.step("step_settle"):
            await wait_until_settled(running.services, open_tasks=1)
        with self._terminal.step("step_day"):
            day = await self._close_day(running, recharge)
        with self._terminal.step("step_verify"):
            unrecorded = await self._unrecorded(running)
            stuck = [read_id("task", tasks.stuck.task_id)]
            summary = await summarise(running.services, running.sandbox, unrecorded=unrecorded, stuck=stuck)
        self._page.upstream_billed_nanos = summary.upstream_billed_nanos
        self._page.ledger_verified = summary.ledger_verified
        self._page.write(self._data_dir)
        self._say_what_happened(running, summary, staged, tasks, recharge, day, seconds=seconds)
        missing = sorted(code for code, found in staged.items() if found is None)
        data = summary.to_json() | {
            "replay": tally_json(replayed.tally) | {"lines": self._total, "rejected_lines": self._source.rejected},
            "replay_seconds": round(seconds, 3),
            "replay_tasks": mix.to_json(),
            "recharge": recharge.to_json(),
            "tasks": tasks.to_json(),
            "day": day.to_json(),
            "refusals_not_met": missing,
            "examples": {code: found.request_id for code, found in staged.items() if found is not None},
            "address": running.serving.address,
            "console": f"{running.serving.address}/console",
            "data_dir": str(self._data_dir),
            "duration_seconds": round(time.monotonic() - self._started_at, 3),
        }
        whole = summary.holds and replayed.tally.served == replayed.tally.done and not missing
        whole = whole and tasks.is_as_told and recharge.is_as_told and day.is_as_told and not mix.refused
        return Answer(data=data, lines=(), status=ExitStatus.DONE if whole else ExitStatus.NOT_DONE)

    async def _set_up(self, running: _Running) -> ShownRecharge:
        terminal, services = self._terminal, running.services
        with terminal.step("step_accounts"):
            await import_prices(services)
            running.operator = await build_operator(services)
            await add_upstreams(services, running.sandbox)
        with terminal.step("step_people"):
            self._people = await DemoPeople(services, running.operator.accounts).stage()
        with terminal.step("step_serve"):
            await wait_until_served(running.serving, running.session)
        with terminal.step("step_recharge"):
            money = DemoRecharge(services, running.payments, running.operator.accounts)
            await money.set_up(address=running.serving.address)
            recharge = await money.stage()
            await welcome_casey(services, running.operator)
            await self._wait_for_models(running)
        return recharge

    async def _close_day(self, running: _Running, recharge: ShownRecharge) -> ShownDay:
        folder, credited = self._data_dir / "statements", running.operator.accounts["acme"]
        return await DemoDay(running.services, running.payments, running.sandbox, folder, credited).close(recharge)

    async def _wait_for_models(self, running: _Running) -> None:
        """Wait until the serving process knows the upstreams and prices that have just been added."""
        caller = self._caller(running)
        until = time.monotonic() + _SERVED_SECONDS_MAX
        while time.monotonic() < until:
            estimate = {"endpoint": "/v1/chat/completions", "request": chat()}
            _, answer, _ = await caller.call(running.operator.keys.pipeline, estimate, path="/v1/estimate")
            if answer.get("would_pass"):
                return
            await asyncio.sleep(0.1)
        raise Unavailable(code="demo_not_served", log=str(running.serving.log_path))

    def _caller(self, running: _Running) -> DemoCaller:
        return DemoCaller(running.session, running.serving.address, self._call.language)

    async def _show_two_calls(self, running: _Running) -> None:
        """The address, a call that is served and one that is refused, each made once to show what comes of it."""
        terminal, address, keys = self._terminal, running.serving.address, running.operator.keys
        language = self._call.language.value
        caller = self._caller(running)
        served_body = chat(words=terminal.word("demo_question"))
        refused_body = intern_body(terminal.word("demo_long_question"))
        self._page.served_call = curl(address, keys.pipeline, served_body, language=language)
        self._page.refused_call = curl(address, keys.intern, refused_body, language=language)
        # So that some of the intern's day is used up, and the limit does not look as if it were nothing.
        await caller.call(keys.intern, chat(output_tokens=50))
        status, _, headers = await caller.call(keys.pipeline, served_body)
        refused = await caller.refused(keys.intern, refused_body)
        terminal.say()
        terminal.head(terminal.word("demo_address", address=address))
        terminal.say(["", terminal.word("demo_served_call"), "", *indented(self._page.served_call), ""])
        charge = headers.get("X-Counterfoil-Charge", "")
        words = terminal.word("demo_was_served", status=status, charge=charge)
        terminal.say(typer.style(f"    → {words}", fg=typer.colors.GREEN))
        terminal.say(["", terminal.word("demo_refused_call"), "", *indented(self._page.refused_call), ""])
        if refused is not None:
            self._page.request_ids[refused.code] = refused.request_id
            words = f"    → {refused.status}  {refused.code}  {refused.message}"
            terminal.say([typer.style(words, fg=typer.colors.YELLOW), f"      {why_page(address, refused)}"])
        terminal.say(["", terminal.word("demo_money"), ""])
        self._page.write(self._data_dir)

    async def _replay(self, running: _Running) -> tuple[Replayer, TaskMix, float]:
        """The whole trace, shared among three keys, and tasks among it, with its progress here and on the page."""
        terminal = self._terminal
        keys = running.operator.keys
        turns = [Sender(token=getattr(keys, name), model=model) for name, model, share in _SHARES for _ in range(share)]
        mix = TaskMix(
            every=max(1, self._total // _TASKS_IN_TRACE),
            images=Sender(token=keys.pipeline, model=IMAGE),
            videos=Sender(token=keys.storyboard, model=VIDEO),
        )
        started = time.monotonic()
        async with open_session(self._concurrency) as session:
            replayer = Replayer(
                session, base_url=f"{running.serving.address}/v1", sender_of=lambda number: turns[number % len(turns)],
                concurrency=self._concurrency, speed=self._speed, tasks=mix,
            )  # fmt: skip

            def how_far() -> str:
                seconds = time.monotonic() - started
                return "  … " + progress_text(
                    replayer.tally, total=self._total, seconds=seconds, language=terminal.language
                )

            async with terminal.progress.showing(how_far), self._page_progress(replayer):
                await replayer.run(self._source.rows())
        seconds = time.monotonic() - started
        done = f"{replayer.tally.done:,}"
        terminal.done(terminal.word("step_replay", done=done, total=f"{self._total:,}"), seconds=seconds)
        return replayer, mix, seconds

    @asynccontextmanager
    async def _page_progress(self, replayer: Replayer) -> AsyncIterator[None]:
        async def write_on() -> None:
            while True:
                self._page.progress = (replayer.tally.done, self._total)
                self._page.write(self._data_dir)
                await asyncio.sleep(_PAGE_SECONDS)

        task = asyncio.get_running_loop().create_task(write_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            self._page.progress = (replayer.tally.done, replayer.tally.done)
            self._page.write(self._data_dir)

    async def _stage_refusals(self, running: _Running) -> dict[str, Met | None]:
        terminal, operator = self._terminal, running.operator
        with terminal.step("step_refusals"):
            broke_in = (operator.casey_broke_at - running.services.clock.now()) / MICROS_PER_SECOND
            await asyncio.sleep(max(0.0, broke_in))
            refusals = Refusals(self._caller(running), operator.keys, overload=lambda: self._overload(running))
            staged = await refusals.stage()
        casey = {"served": refusals.casey_served, "refused": refusals.casey_refused}
        terminal.note(terminal.word("demo_casey", **casey))
        self._page.request_ids |= {
            code: found.request_id for code, found in staged.items() if found is not None and found.code != "overloaded"
        }
        self._page.write(self._data_dir)
        return staged

    async def _overload(self, running: _Running) -> Met | None:
        """A second serving process on the same database, with room for one call in its queue."""
        port = choose_port(0, preferred=0)
        async with serving(
            self._call.launchers.environment, data_dir=self._data_dir, port=port, log_name="serve-overloaded.log",
            workers=1, queue_max=1, batch_max=1, lanes=1,
        ) as small:  # fmt: skip
            # A connection for each call: the process takes few at once, and none may keep another's place.
            connector = aiohttp.TCPConnector(limit=OVERLOADING_CALLS, force_close=True)
            timeout = aiohttp.ClientTimeout(total=_OVERLOAD_SECONDS_MAX)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                await wait_until_served(small, session)
                caller = DemoCaller(session, small.address, self._call.language)
                found = await overload(caller, running.operator.keys.pipeline)
                self._overloaded += _count(_REFUSALS_METRIC, await _metrics(session, small.address))
            return found

    async def _unrecorded(self, running: _Running) -> dict[str, int]:
        """Refusals that leave no row, as the serving processes have counted them: overflow, and unknown keys."""
        page = await _metrics(running.session, running.serving.address)
        found = Counter(overloaded=self._overloaded + _count(_REFUSALS_METRIC, page))
        found["key_invalid"] = _count(_UNKNOWN_METRIC, page)
        return {code: count for code, count in found.items() if count}

    # -- words -------------------------------------------------------------------------------------------------

    def _say_what_happened(
        self,
        running: _Running,
        summary: Summary,
        staged: Mapping[str, Met | None],
        tasks: ShownTasks,
        recharge: ShownRecharge,
        day: ShownDay,
        *,
        seconds: float,
    ) -> None:
        terminal = self._terminal
        terminal.say()
        terminal.head(terminal.word("demo_happened"))
        terminal.say(["", *summary_lines(terminal, summary, seconds=seconds), ""])
        terminal.head(terminal.word("demo_recharge"))
        terminal.say(["", *recharge.lines(terminal), ""])
        terminal.head(terminal.word("demo_tasks"))
        terminal.say(["", *tasks.lines(terminal), ""])
        terminal.head(terminal.word("demo_day"))
        terminal.say(["", *day.lines_for(terminal), ""])
        terminal.head(terminal.word("demo_why"))
        terminal.say(["", *why_lines(terminal, staged, address=running.serving.address, data_dir=self._data_dir), ""])
        if self._people is not None:
            terminal.head(terminal.word("demo_console"))
            terminal.say(["", *self._people.lines(terminal, address=running.serving.address), ""])
        terminal.head(terminal.word("demo_own"))
        terminal.say(["", *own_lines(terminal), ""])


async def _metrics(session: aiohttp.ClientSession, address: str) -> str:
    async with session.get(f"{address}/metrics") as response:
        return await response.text()


def _count(pattern: re.Pattern[str], page: str) -> int:
    found = pattern.search(page)
    return int(found[1]) if found is not None else 0


def register(application: typer.Typer, launchers: Launchers) -> None:
    Commands(application=application, launchers=launchers).add("demo", demo, panel=TRY)
