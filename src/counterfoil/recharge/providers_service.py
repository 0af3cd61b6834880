"""Payment providers as configured: adding, changing, and the adapter to work with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Broken, Conflict, InputError, NotFound
from counterfoil.observability import log
from counterfoil.recharge import providers_store as store
from counterfoil.recharge.model import ProviderKind
from counterfoil.recharge.numbers import Sealer
from counterfoil.recharge.providers import registry
from counterfoil.recharge.providers.port import Provider, ProviderConfig
from counterfoil.recharge.providers_store import ProviderRow
from counterfoil.storage.database import Database

Build = Callable[[ProviderConfig], Provider]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")
# `/callbacks/upstreams/…` is where upstreams call back.
_TAKEN_NAMES = frozenset({"upstreams"})
_ENVIRONMENT_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,99}\Z")
_VALUE_CHARACTERS_MAX = 8_000
_CURRENCY = re.compile(r"[A-Z]{3}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProvider:
    """What a provider is set up with. A secret is given itself, or as the environment variable that holds it."""

    name: str
    kind: ProviderKind
    merchant: str
    currencies: tuple[str, ...] = ()
    base_url: str | None = None
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    secrets_env: Mapping[str, str]

    def __repr__(self) -> str:
        return f"NewProvider(name={self.name!r}, kind={self.kind!r})"


class PaymentProviders:
    """Configured providers. Secrets are sealed or named, and unsealed only into the adapter that needs them."""

    def __init__(
        self, database: Database, *, clock: Clock, sealer: Sealer, environment: Mapping[str, str], build: Build
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._environment = environment
        self._build = build
        # Adapters by name, each good for exactly the row that it was made from.
        self._built: dict[str, tuple[ProviderRow, Mapping[str, str], Provider]] = {}

    async def add(self, new: NewProvider) -> ProviderRow:
        """Add a provider; raises `InputError` for settings that it cannot work with, `Conflict` where the name is taken."""
        if not _NAME.match(new.name) or new.name in _TAKEN_NAMES:
            raise InputError(code="provider_name_unreadable", provider=new.name[:40])
        known = registry.describe(new.kind)
        row = ProviderRow(
            provider_id=self._clock.new_id(), name=new.name, kind=new.kind, merchant=new.merchant.strip(),
            currencies=new.currencies or tuple(known.currencies), base_url=(new.base_url or known.base_url).rstrip("/"),
            settings=dict(new.settings), secrets_sealed=self._seal(new.name, new.secrets),
            secrets_env=dict(new.secrets_env), status="active", created_at=self._clock.now(),
        )  # fmt: skip
        self._check(row, new.secrets)
        async with self._database.unit_of_work() as connection:
            if not await store.insert_provider(connection, row):
                raise Conflict(code="already_exists", what="payment provider")
        return row

    async def set_secrets(
        self, name: str, *, secrets: Mapping[str, str], secrets_env: Mapping[str, str]
    ) -> ProviderRow:
        """Replace these secrets of a provider; the others stay."""
        async with self._database.unit_of_work() as connection:
            row = await self._locked(connection, name)
            kept = {key: value for key, value in self._unseal(row).items() if key not in secrets_env}
            named = {key: value for key, value in row.secrets_env.items() if key not in secrets}
            sealed = {**kept, **secrets}
            changed = replace(row, secrets_sealed=self._seal(name, sealed), secrets_env={**named, **secrets_env})
            self._check(changed, sealed)
            await store.update_provider(connection, changed)
        return changed

    async def change(
        self,
        name: str,
        *,
        merchant: str | None = None,
        base_url: str | None = None,
        currencies: tuple[str, ...] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> ProviderRow:
        """Change what is no secret; `settings` replaces those that it names."""
        async with self._database.unit_of_work() as connection:
            row = await self._locked(connection, name)
            changed = replace(
                row, merchant=row.merchant if merchant is None else merchant.strip(),
                base_url=row.base_url if base_url is None else base_url.rstrip("/"),
                currencies=row.currencies if currencies is None else currencies,
                settings={**row.settings, **(settings or {})},
            )  # fmt: skip
            self._check(changed, self._unseal(row))
            await store.update_provider(connection, changed)
        return changed

    async def set_status(self, name: str, status: str) -> ProviderRow:
        """`active`, or `disabled`: no new orders; notices of old ones are still believed."""
        if status not in ("active", "disabled"):
            raise InputError(code="status_unreadable", status=status[:20])
        async with self._database.unit_of_work() as connection:
            row = replace(await self._locked(connection, name), status=status)
            await store.update_provider(connection, row)
        return row

    async def list(self) -> list[ProviderRow]:
        async with self._database.reading() as connection:
            return await store.read_providers(connection)

    async def find(self, name: str) -> ProviderRow:
        """The provider of that name; raises `NotFound`."""
        for row in await self.list():
            if row.name == name:
                return row
        raise NotFound(code="provider_not_found", provider=name[:40])

    def secret_sources(self, row: ProviderRow) -> dict[str, str]:
        """Of each secret that was set, where it is kept: nothing of the secret itself."""
        named = {name: f"environment variable {variable}" for name, variable in row.secrets_env.items()}
        return dict(sorted({**named, **dict.fromkeys(self._unseal(row), "sealed")}.items()))

    async def adapter(self, name: str) -> Provider:
        """The adapter of a provider; raises `NotFound`. Without its secrets it believes nothing and asks nothing."""
        row = await self.find(name)
        secrets = self._secrets(row)
        built = self._built.get(name)
        if built is None or built[:2] != (row, secrets):
            built = self._built[name] = (row, secrets, self._build(_config(row, secrets)))
        return built[2]

    async def _locked(self, connection: store.Connection, name: str) -> ProviderRow:
        row = await store.lock_provider(connection, name)
        if row is None:
            raise NotFound(code="provider_not_found", provider=name[:40])
        return row

    def _check(self, row: ProviderRow, secrets: Mapping[str, str]) -> None:
        """Whether the adapter could work with it. No value is repeated in an error: it may be a secret in the wrong place."""
        if row.base_url and not _is_address(row.base_url):
            raise InputError(code="base_url_unreadable")
        if not all(_CURRENCY.match(currency) for currency in row.currencies):
            raise InputError(code="currency_unreadable", currency=", ".join(row.currencies)[:40])
        if set(secrets) & set(row.secrets_env):
            raise InputError(code="secret_given_twice")
        if not all(_ENVIRONMENT_NAME.match(variable) for variable in row.secrets_env.values()):
            raise InputError(code="secret_env_unreadable", reason="give the name of an environment variable")
        for value in (row.merchant, *row.settings.values(), *secrets.values()):
            if len(value) > _VALUE_CHARACTERS_MAX or "\x00" in value:
                raise InputError(code="provider_settings_wrong", field="value")
        named = {name: self._environment.get(variable, "") for name, variable in row.secrets_env.items()}
        # A command does not have the environment of `serve`: without its secret, the provider believes nothing.
        elsewhere = {name for name, value in named.items() if not value}
        registry.check(_config(row, {**named, **secrets}), elsewhere=elsewhere)

    def _secrets(self, row: ProviderRow) -> dict[str, str]:
        named = {name: self._environment.get(variable, "") for name, variable in row.secrets_env.items()}
        return {name: value for name, value in {**named, **self._unseal(row)}.items() if value}

    def _seal(self, name: str, secrets: Mapping[str, str]) -> bytes | None:
        if not secrets:
            return None
        return self._sealer.seal(json.dumps(dict(secrets)).encode(), context=f"payment provider {name}".encode())

    def _unseal(self, row: ProviderRow) -> dict[str, str]:
        if row.secrets_sealed is None:
            return {}
        try:
            plain = self._sealer.unseal(row.secrets_sealed, context=f"payment provider {row.name}".encode())
        except Broken:
            # Sealed under a key that is not here: it believes nothing until its secrets are set anew.
            log.error("payment_secrets_unreadable", provider=row.name)
            return {}
        secrets: dict[str, str] = json.loads(plain)
        return secrets


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.username
            and not parts.query and text.isprintable()
        )  # fmt: skip
    except ValueError:
        # Such as a port that is none, or half an IPv6 address.
        return False


def _config(row: ProviderRow, secrets: Mapping[str, str]) -> ProviderConfig:
    return ProviderConfig(
        name=row.name, kind=row.kind, merchant=row.merchant, currencies=row.currencies, base_url=row.base_url,
        settings=row.settings, secrets=secrets,
    )  # fmt: skip
