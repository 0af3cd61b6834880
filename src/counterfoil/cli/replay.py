"""`counterfoil replay`: a trace of production traffic through a gateway."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import aiohttp
import orjson
import typer
import uvloop

from counterfoil.cli.command import TRY, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.output import fields
from counterfoil.cli.replay_calls import Replayer, Sender, Tally, error_code, open_session
from counterfoil.cli.replay_progress import ProgressLine
from counterfoil.cli.replay_tasks import TaskMix
from counterfoil.cli.replay_trace import Trace, TraceRow
from counterfoil.foundation.errors import InputError, Unavailable
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.vocabulary import Kind, Language, text

CONCURRENCY_DEFAULT = 32
CONCURRENCY_MAX = 1024
_REJECTS_SHOWN_MAX = 10
_PREFLIGHT_SECONDS_MAX = 15
_MODELS_BYTES_MAX = 4 * 1024 * 1024

Speed = Annotated[
    str,
    typer.Option(metavar="N|max", help="How many times faster than it happened; max: as fast as --concurrency allows."),
]
Concurrency = Annotated[
    int, typer.Option(metavar="N", min=1, max=CONCURRENCY_MAX, help="Most calls at once; at a pace, later ones wait.")
]


def replay(
    call: Call,
    trace: Annotated[
        Path, typer.Argument(metavar="TRACE", help="TIMESTAMP,ContextTokens,GeneratedTokens; also gzipped.")
    ],
    url: Annotated[str, typer.Option(metavar="URL", help="The gateway's address, such as http://127.0.0.1:8787.")],
    token: Annotated[str, typer.Option(metavar="TOKEN", help="The key to call with.")],
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The model to ask for.", show_default="the first it serves")
    ] = None,
    speed: Speed = "1",
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Send no more calls than this.")] = None,
    skip: Annotated[int, typer.Option(metavar="N", min=0, help="Pass over so many calls first.")] = 0,
    concurrency: Concurrency = CONCURRENCY_DEFAULT,
    tasks_every: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Submit an image or a video, by turns, after every so many calls."),
    ] = None,
    image_model: Annotated[
        str, typer.Option(metavar="MODEL", help="The model that images are asked of.")
    ] = "sandbox-image",
    video_model: Annotated[
        str, typer.Option(metavar="MODEL", help="The model that videos are asked of.")
    ] = "sandbox-video",
) -> Answer:
    """Send a trace of production traffic through a gateway, and say what came of it.

    Each call carries text of the trace's size and, as metadata, its token counts, which a sandbox upstream answers
    with. At an upstream that is real, the calls cost what they cost. Ctrl-C ends it with the summary so far.
    """
    chosen = read_speed(speed)
    base_url = read_url(url)
    source = Trace(trace)
    total = max(0, source.count_lines() - skip)
    total = total if limit is None else min(total, limit)
    stop = None if limit is None else skip + limit
    mix = None
    if tasks_every is not None:
        mix = TaskMix(
            every=tasks_every, images=Sender(token=token, model=image_model),
            videos=Sender(token=token, model=video_model),
        )  # fmt: skip
    return uvloop.run(
        _replay(
            call, source, islice(source.rows(), skip, stop), total=total, base_url=base_url, token=token, model=model,
            speed=chosen, concurrency=concurrency, skipped=skip, mix=mix,
        )
    )  # fmt: skip


def read_speed(given: str) -> float | None:
    """How many times faster than the trace's own pace; None: as fast as it goes."""
    if given.strip().lower() == "max":
        return None
    try:
        speed = float(given)
    except ValueError:
        speed = 0.0
    if not 0.001 <= speed <= 1_000_000:
        raise typer.BadParameter("a number such as 60, or max", param_hint="--speed")
    return speed


def read_url(given: str) -> str:
    """The gateway's address with `/v1`, with or without which it may have been given."""
    parts = urlsplit(given.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise typer.BadParameter("an address such as http://127.0.0.1:8787", param_hint="--url")
    base = given.strip().rstrip("/")
    return base if base.endswith("/v1") else f"{base}/v1"


async def _replay(
    call: Call,
    source: Trace,
    rows: Iterator[TraceRow],
    *,
    total: int,
    base_url: str,
    token: str,
    model: str | None,
    speed: float | None,
    concurrency: int,
    skipped: int,
    mix: TaskMix | None,
) -> Answer:
    async with open_session(concurrency) as session:
        chosen = await _model_of(session, base_url=base_url, token=token, asked=model)
        sender = Sender(token=token, model=chosen)
        replayer = Replayer(
            session, base_url=base_url, sender_of=lambda _: sender, concurrency=concurrency, speed=speed, tasks=mix
        )
        progress = ProgressLine()
        started = time.monotonic()

        def how_far() -> str:
            return progress_text(
                replayer.tally, total=total, seconds=time.monotonic() - started, language=call.language
            )

        async with progress.showing(how_far):
            interrupted = await run_until_interrupted(replayer, rows)
        seconds = time.monotonic() - started
    data = tally_json(replayer.tally) | {
        "model": sender.model,
        "rejected_lines": source.rejected,
        "rejects": [{"line": reject.line, "reason": reject.reason.removeprefix("trace_")} for reject in source.rejects],
        "duration_seconds": round(seconds, 3),
        "interrupted": interrupted,
        "gave_up": replayer.gave_up,
        "next_skip": skipped + replayer.tally.sent,
    }
    lines = summary_lines(call.language, replayer.tally, source, seconds=seconds)
    if mix is not None:
        data["tasks"] = mix.to_json()
        shown = ", ".join(f"{count:,} {kind}" for kind, count in (*mix.submitted.items(), *mix.refused.items()))
        lines += fields({text(Kind.WORD, "tasks", call.language): shown or "0"})
    if replayer.gave_up:
        lines += ["", text(Kind.WORD, "replay_gave_up", call.language)]
    if replayer.stop.is_set():
        lines += ["", text(Kind.WORD, "replay_go_on", call.language, count=data["next_skip"])]
    whole = replayer.tally.served == replayer.tally.done and not source.rejected and not replayer.gave_up
    whole = whole and not (mix is not None and mix.refused)
    status = ExitStatus.INTERRUPTED if interrupted else ExitStatus.DONE if whole else ExitStatus.NOT_DONE
    return Answer(data=data, lines=lines, status=status)


async def run_until_interrupted(replayer: Replayer, rows: Iterator[TraceRow]) -> bool:
    """Send the rows; true where somebody has pressed Ctrl-C. Calls under way are waited for, unless it is pressed again."""
    running = asyncio.ensure_future(replayer.run(rows))
    interruptions = 0

    def interrupt() -> None:
        nonlocal interruptions
        interruptions += 1
        replayer.stop.set()
        if interruptions > 1:
            running.cancel()

    with on_signals(interrupt):
        await asyncio.wait([running])
    if not running.cancelled():
        running.result()
    return interruptions > 0


@contextmanager
def on_signals(handler: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _model_of(session: aiohttp.ClientSession, *, base_url: str, token: str, asked: str | None) -> str:
    """The model to ask for: what was asked, or the first that the gateway lists for this key.

    Raises `Unavailable` where there is no gateway, `InputError` where it lists none.
    """
    try:
        async with session.get(
            f"{base_url}/models",
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=_PREFLIGHT_SECONDS_MAX),
        ) as response:
            body = await response.content.read(_MODELS_BYTES_MAX)
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable(code="gateway_unreachable", url=base_url, reason=type(error).__name__) from error
    if asked is not None:
        return asked
    try:
        listed = orjson.loads(body)["data"] if response.status == 200 else []
        return str(listed[0]["id"])
    except (ValueError, KeyError, IndexError, TypeError):
        answered = f"{response.status} {error_code(body) or ''}".strip()
        raise InputError(code="replay_model_unknown", field="--model", answered=answered) from None


def progress_text(tally: Tally, *, total: int, seconds: float, language: Language) -> str:
    """How far a replay is, on one line."""
    rate = tally.done / seconds if seconds > 0 else 0.0
    words = text(
        Kind.WORD, "replay_progress", language, done=f"{tally.done:,}", total=f"{total:,}", rate=f"{rate:,.0f}"
    )
    others = tally.refused.total() + tally.failed.total()
    return words + (text(Kind.WORD, "replay_not_served", language, count=f"{others:,}") if others else "")


def tally_json(tally: Tally) -> dict[str, Any]:
    """What came of the calls, for programs. `charged_nanos` is by currency, as the answers say it."""
    return {
        "requests": tally.done,
        "served": tally.served,
        "refused": dict(sorted(tally.refused.items())),
        "failed": {reason.removeprefix("replay_"): count for reason, count in sorted(tally.failed.items())},
        "input_tokens": tally.input_tokens,
        "output_tokens": tally.output_tokens,
        "charged_nanos": dict(tally.charged_nanos),
        "served_without_charge_header": tally.without_charge,
        "latency_p50_ms": tally.latency_ms(0.5),
        "latency_p99_ms": tally.latency_ms(0.99),
    }


def summary_lines(language: Language, tally: Tally, source: Trace, *, seconds: float) -> list[str]:
    """What came of the calls, for people."""

    def word(code: str, **values: object) -> str:
        return text(Kind.WORD, code, language, **values)

    shown: dict[str, object] = {word("requests"): f"{tally.done:,}", word("served"): f"{tally.served:,}"}
    shown |= {f"{word('refused')}  {code}": f"{count:,}" for code, count in sorted(tally.refused.items())}
    shown |= {f"{word('failed')}  {word(reason)}": f"{count:,}" for reason, count in sorted(tally.failed.items())}
    shown[word("replay_tokens")] = word(
        "replay_tokens_in_out", given=f"{tally.input_tokens:,}", generated=f"{tally.output_tokens:,}"
    )
    shown[word("charged")] = [f"{format_nanos(nanos)} {name}" for name, nanos in tally.charged_nanos.items()]
    shown[word("replay_latency")] = (
        f"p50 {tally.latency_ms(0.5) or 0:,.1f} ms, p99 {tally.latency_ms(0.99) or 0:,.1f} ms"
    )
    shown[word("replay_duration")] = f"{seconds:,.1f} s"
    lines = fields(shown)
    if source.rejected:
        lines += ["", word("replay_rejects", count=f"{source.rejected:,}")]
        lines += [f"  {reject.line:>7}  {word(reject.reason)}" for reject in source.rejects[:_REJECTS_SHOWN_MAX]]
    return lines


def register(application: typer.Typer, launchers: Launchers) -> None:
    Commands(application=application, launchers=launchers).add("replay", replay, panel=TRY)
