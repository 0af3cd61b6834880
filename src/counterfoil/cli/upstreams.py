"""`counterfoil upstreams`: where models are served from. A secret comes from the environment or from standard input."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from counterfoil.cli.command import SET_UP, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.output import Column, fields, moment, table
from counterfoil.cli.views import probe_json, upstream_json
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstream_probe import ProbeOutcome
from counterfoil.spend.upstreams_model import ServedModel, Upstream

# Longer than any provider's secret; a file given by mistake is not read to its end.
_SECRET_CHARACTERS_MAX = 10_000

UpstreamArgument = Annotated[str, typer.Argument(metavar="NAME", help="The upstream's name.")]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="PUBLIC=UPSTREAM",
        help="A model it serves, and its own name for it where that differs; repeatable.",
    ),
]
SecretEnv = Annotated[
    str | None,
    typer.Option("--secret-env", metavar="VARIABLE", help="The environment variable of `serve` that holds its secret."),
]
AskSecret = Annotated[
    bool,
    typer.Option("--ask-secret", help="Ask for the secret (or read a line of standard input) and keep it sealed."),
]
Priority = Annotated[int, typer.Option("--priority", min=0, help="Lower is tried first.")]
Weight = Annotated[int, typer.Option("--weight", min=1, help="Its share among upstreams of equal priority.")]

_FOUND = {
    ProbeOutcome.OK: "It answers and takes the secret.",
    ProbeOutcome.SECRET_REFUSED: "It answers, and does not take the secret: counterfoil upstreams set-secret NAME.",
    ProbeOutcome.NO_MODEL_LIST: "It answers, and has no list of models: whether it takes the secret is not known.",
    ProbeOutcome.FAILING: "It answers with an error.",
    ProbeOutcome.NOT_CONNECTED: "It cannot be reached: look at its base URL and at the network.",
    ProbeOutcome.TIMED_OUT: "It does not answer in time.",
}


async def add(
    call: Call,
    name: UpstreamArgument,
    base_url: Annotated[str, typer.Option("--base-url", metavar="URL", help="Such as https://api.openai.com/v1.")],
    dialect: Annotated[Dialect, typer.Option("--dialect", help="Whose wire format it speaks.")] = Dialect.OPENAI,
    model: Models = None,
    priority: Priority = 100,
    weight: Weight = 1,
    secret_env: SecretEnv = None,
    ask_secret: AskSecret = False,
    timeout_seconds: Annotated[
        int | None,
        typer.Option(
            "--timeout-seconds",
            min=1,
            max=3600,
            help="Longest time for one attempt; not given: the setting COUNTERFOIL_UPSTREAM_TIMEOUT_SECONDS.",
        ),
    ] = None,
) -> Answer:
    """Add an upstream and what it serves."""
    models = read_models(model or [], priority=priority, weight=weight)
    secret = read_secret() if ask_secret else None
    async with call.services() as services:
        upstream = await services.upstreams.add(
            name=name, dialect=dialect, base_url=base_url, models=models, secret_env=secret_env, secret=secret,
            timeout_seconds=timeout_seconds,
        )  # fmt: skip
    return _answer(upstream)


async def list_upstreams(call: Call) -> Answer:
    """List upstreams, what they serve and where their secrets are kept."""
    async with call.services() as services:
        found = await services.upstreams.list()
    rows = [
        (
            upstream.name, upstream.status, upstream.dialect, upstream.base_url, upstream.secret_source,
            [model.public_model for model in upstream.models],
        )
        for upstream in found
    ]  # fmt: skip
    columns = ("name", "status", "dialect", "base url", "secret", "models")
    return Answer(
        data={"upstreams": [upstream_json(upstream) for upstream in found]},
        lines=table(
            columns, rows, empty="No upstreams yet: counterfoil upstreams add NAME --base-url URL --model MODEL"
        ),
    )


async def show(call: Call, name: UpstreamArgument) -> Answer:
    """Show an upstream and every model it serves."""
    async with call.services() as services:
        return _answer(await services.upstreams.find(name))


async def test(call: Call, name: UpstreamArgument) -> Answer:
    """Make one tiny call with its secret (its list of models: costs nothing), and say what came of it."""
    async with call.services() as services:
        probe = await services.test_upstream(name)
    shown = {
        "upstream": probe.upstream,
        "address": probe.address,
        "outcome": probe.outcome,
        "status": probe.status_code,
        "latency": f"{probe.latency_ms} ms",
        "its words": probe.words,
        "lists": None if probe.listed_models is None else f"{probe.listed_models} models",
        "does not list": probe.missing_models,
    }
    return Answer(
        data=probe_json(probe),
        lines=[*fields(shown), _FOUND[probe.outcome]],
        status=ExitStatus.DONE if probe.passed else ExitStatus.NOT_DONE,
    )


async def set_models(
    call: Call, name: UpstreamArgument, model: Models = None, priority: Priority = 100, weight: Weight = 1
) -> Answer:
    """Replace what an upstream serves."""
    models = read_models(model or [], priority=priority, weight=weight)
    async with call.services() as services:
        return _answer(await services.upstreams.set_models(name, models))


async def set_secret(call: Call, name: UpstreamArgument, secret_env: SecretEnv = None) -> Answer:
    """Replace an upstream's secret: asked for and sealed, or the variable that holds it."""
    secret = None if secret_env is not None else read_secret()
    async with call.services() as services:
        await services.upstreams.set_secret(name, secret=secret, secret_env=secret_env)
        return _answer(await services.upstreams.find(name))


async def set_callback_secret(
    call: Call,
    name: UpstreamArgument,
    secret_env: SecretEnv = None,
    none: Annotated[bool, typer.Option("--none", help="Believe none of its callbacks any more.")] = False,
) -> Answer:
    """Set what an upstream signs its callbacks with: asked for and sealed, or the variable that holds it."""
    if none and secret_env is not None:
        raise InputError(field="none", expected="one of --none and --secret-env")
    secret = None if none or secret_env is not None else read_secret()
    async with call.services() as services:
        if none:
            await services.upstreams.remove_callback_secret(name)
        else:
            await services.upstreams.set_callback_secret(name, secret=secret, secret_env=secret_env)
        return _answer(await services.upstreams.find(name))


async def enable(call: Call, name: UpstreamArgument) -> Answer:
    """Serve from an upstream again."""
    async with call.services() as services:
        await services.upstreams.set_status(name, "active")
        return _answer(await services.upstreams.find(name))


async def disable(call: Call, name: UpstreamArgument) -> Answer:
    """Serve nothing more from an upstream; calls in progress end as they would."""
    async with call.services() as services:
        await services.upstreams.set_status(name, "disabled")
        return _answer(await services.upstreams.find(name))


async def remove(call: Call, name: UpstreamArgument) -> Answer:
    """Remove an upstream; attempts keep its name."""
    async with call.services() as services:
        await services.upstreams.remove(name)
    return Answer(data={"removed": name}, lines=[f"Removed {name}."])


def read_models(given: list[str], *, priority: int, weight: int) -> list[ServedModel]:
    """Models as typed: `gpt-4o-mini`, or `fast=gpt-4o-mini` where the customers' name is another."""
    models = []
    for text in given:
        public, separator, own = text.partition("=")
        if not public.strip() or (separator and not own.strip()):
            raise InputError(field="model", given=text[:80], expected="MODEL or PUBLIC=UPSTREAM")
        upstream_model = own.strip() if separator else public.strip()
        models.append(
            ServedModel(public_model=public.strip(), upstream_model=upstream_model, priority=priority, weight=weight)
        )
    return models


def read_secret() -> str:
    """Ask without showing what is typed; a pipe gives its first line."""
    if sys.stdin.isatty():
        secret = str(typer.prompt("Secret", hide_input=True, err=True))
    else:
        secret = sys.stdin.readline(_SECRET_CHARACTERS_MAX)
    secret = secret.strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise InputError(field="secret", expected="one line of printable ASCII on standard input")
    return secret


def _answer(upstream: Upstream) -> Answer:
    shown = {
        "upstream": show_id("upstream", upstream.upstream_id),
        "name": upstream.name,
        "status": upstream.status,
        "dialect": upstream.dialect,
        "base url": upstream.base_url,
        "secret": upstream.secret_source,
        "callback secret": upstream.callback_secret_source,
        "timeout": f"{upstream.timeout_seconds} s",
        "created": moment(upstream.created_at),
    }
    columns = ("model", "its own name", Column(name="priority", right=True), Column(name="weight", right=True))
    rows = [(model.public_model, model.upstream_model, model.priority, model.weight) for model in upstream.models]
    return Answer(
        data=upstream_json(upstream),
        lines=[*fields(shown), "", *table(columns, rows, empty="It serves no model yet.")],
    )


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application, launchers, name="upstreams", panel=SET_UP, summary="Where models are served from."
    )
    commands.add("add", add)
    commands.add("list", list_upstreams)
    commands.add("show", show)
    commands.add("test", test)
    commands.add("set-models", set_models)
    commands.add("set-secret", set_secret)
    commands.add("set-callback-secret", set_callback_secret)
    commands.add("enable", enable)
    commands.add("disable", disable)
    commands.add("remove", remove)
