"""Payment providers at the terminal. A secret is asked for, or the environment holds it; no argument ever does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from counterfoil.cli.command import Answer, Call, Commands
from counterfoil.cli.output import fields, moment, table
from counterfoil.cli.services import Services
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.recharge.model import ProviderKind
from counterfoil.recharge.orders_shown import provider_json
from counterfoil.recharge.providers_service import NewProvider
from counterfoil.recharge.providers_store import ProviderRow

# Longer than any provider's key; a file given by mistake is not read to its end.
_SECRET_CHARACTERS_MAX = 10_000

ProviderArgument = Annotated[str, typer.Argument(metavar="NAME", help="The payment provider's name.")]
Merchant = Annotated[
    str | None, typer.Option("--merchant", metavar="NUMBER", help="Who we are there: a merchant or application number.")
]
Currencies = Annotated[
    list[str] | None,
    typer.Option(
        "--currency", metavar="CODE", help="A currency it takes; repeatable. None: its kind's own, where it has any."
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Where it is reached; not given: its kind's own address."),
]
SettingOptions = Annotated[
    list[str] | None,
    typer.Option("--setting", metavar="NAME=VALUE", help="A setting of its kind that is no secret; repeatable."),
]
AskSecrets = Annotated[
    list[str] | None,
    typer.Option(
        "--ask-secret",
        metavar="NAME",
        help="Ask for this secret without showing it, and keep it sealed; repeatable. From a pipe: one secret whole, or "
        "several of a line each.",
    ),
]
SecretsEnv = Annotated[
    list[str] | None,
    typer.Option(
        "--secret-env", metavar="NAME=VARIABLE", help="The environment variable of `serve` that holds it; repeatable."
    ),
]


async def list_providers(call: Call) -> Answer:
    """List payment providers and where their secrets are kept."""
    async with call.services() as services:
        found = await services.payment_providers.list()
        data = [provider_json(row, services.payment_providers) for row in found]
    columns = ("name", "kind", "status", "merchant", "currencies", "notices to", "secrets")
    rows = [
        (
            one["name"], one["kind"], one["status"], one["merchant"], one["currencies"], one["callback_path"],
            _sources(one["secrets"]),
        )
        for one in data
    ]  # fmt: skip
    empty = "No payment providers yet: counterfoil orders add-provider NAME --kind KIND"
    return Answer(data={"providers": data}, lines=table(columns, rows, empty=empty))


async def add_provider(
    call: Call,
    name: ProviderArgument,
    kind: Annotated[ProviderKind, typer.Option("--kind", help="Whose interface it speaks.")],
    merchant: Merchant = None,
    currency: Currencies = None,
    base_url: BaseUrl = None,
    setting: SettingOptions = None,
    ask_secret: AskSecrets = None,
    secret_env: SecretsEnv = None,
) -> Answer:
    """Add a payment provider."""
    new = NewProvider(
        name=name, kind=kind, merchant=merchant or "", currencies=tuple(currency or ()), base_url=base_url,
        settings=_pairs(setting, option="setting"), secrets_env=_pairs(secret_env, option="secret-env"),
        secrets=_ask_for(ask_secret or ()),
    )  # fmt: skip
    async with call.services() as services:
        return _answer(services, await services.payment_providers.add(new), call.language)


async def change_provider(
    call: Call,
    name: ProviderArgument,
    merchant: Merchant = None,
    currency: Currencies = None,
    base_url: BaseUrl = None,
    setting: SettingOptions = None,
) -> Answer:
    """Change what is no secret of a payment provider; what is not given stays."""
    settings = _pairs(setting, option="setting")
    async with call.services() as services:
        row = await services.payment_providers.change(
            name, merchant=merchant, base_url=base_url, currencies=tuple(currency) if currency else None,
            settings=settings,
        )  # fmt: skip
        return _answer(services, row, call.language)


async def set_provider_secret(
    call: Call, name: ProviderArgument, ask_secret: AskSecrets = None, secret_env: SecretsEnv = None
) -> Answer:
    """Replace these secrets of a payment provider; the others stay."""
    if not ask_secret and not secret_env:
        raise typer.BadParameter("name a secret: --ask-secret NAME or --secret-env NAME=VARIABLE")
    named = _pairs(secret_env, option="secret-env")
    secrets = _ask_for(ask_secret or ())
    async with call.services() as services:
        row = await services.payment_providers.set_secrets(name, secrets=secrets, secrets_env=named)
        return _answer(services, row, call.language)


async def enable_provider(call: Call, name: ProviderArgument) -> Answer:
    """Make orders with a payment provider again."""
    async with call.services() as services:
        return _answer(services, await services.payment_providers.set_status(name, "active"), call.language)


async def disable_provider(call: Call, name: ProviderArgument) -> Answer:
    """Make no new orders with a payment provider; what it says of old ones is still believed."""
    async with call.services() as services:
        return _answer(services, await services.payment_providers.set_status(name, "disabled"), call.language)


def _pairs(given: list[str] | None, *, option: str) -> dict[str, str]:
    """`NAME=VALUE` as typed. The value is not repeated in an error: it may be a secret in the wrong place."""
    pairs: dict[str, str] = {}
    for text in given or ():
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise InputError(field=option, expected="NAME=VALUE")
        if name.strip() in pairs:
            raise InputError(field=option, expected="each name once")
        pairs[name.strip()] = value.strip()
    return pairs


def _ask_for(names: Sequence[str]) -> dict[str, str]:
    """Ask for secrets without showing what is typed; a pipe gives one whole, or several of a line each."""
    if len(set(names)) != len(names):
        raise InputError(field="ask-secret", expected="each name once")
    if sys.stdin.isatty():
        secrets = {name: str(typer.prompt(f"Secret {name[:60]}", hide_input=True, err=True)) for name in names}
    elif len(names) == 1:
        # A key in PEM has lines.
        secrets = {names[0]: sys.stdin.read(_SECRET_CHARACTERS_MAX + 1)}
    else:
        secrets = {name: sys.stdin.readline(_SECRET_CHARACTERS_MAX + 1) for name in names}
    secrets = {name: secret.strip() for name, secret in secrets.items()}
    if not all(0 < len(secret) <= _SECRET_CHARACTERS_MAX for secret in secrets.values()):
        raise InputError(field="secret", expected="the secret on standard input")
    return secrets


def _sources(secrets: dict[str, str]) -> list[str]:
    return [f"{name}: {source}" for name, source in secrets.items()]


def _answer(services: Services, row: ProviderRow, language: Language) -> Answer:
    data = provider_json(row, services.payment_providers)
    shown = {
        "name": row.name,
        "kind": f"{row.kind} ({entry(Kind.PROVIDER_KIND, row.kind).label[language]})",
        "status": row.status,
        "merchant": row.merchant,
        "currencies": list(row.currencies),
        "base url": row.base_url,
        "notices to": data["callback_path"],
        "settings": [f"{name}={value}" for name, value in row.settings.items()],
        "secrets": _sources(data["secrets"]),
        "created": moment(row.created_at),
    }
    return Answer(data=data, lines=fields(shown))


def add_to(commands: Commands) -> None:
    commands.add("providers", list_providers)
    commands.add("add-provider", add_provider)
    commands.add("change-provider", change_provider)
    commands.add("set-provider-secret", set_provider_secret)
    commands.add("enable-provider", enable_provider)
    commands.add("disable-provider", disable_provider)
