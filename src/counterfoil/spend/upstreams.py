"""Upstreams: where public models are served from, under which name, in which order of trying.

Secrets come from the environment or are sealed under a key outside the database; in memory they live in `Route`, whose
`repr` hides them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, NotFound
from counterfoil.observability import log
from counterfoil.spend import upstreams_store as store
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstreams_model import CALLBACK_KEY_BYTES_LEAST, Route, ServedModel, Upstream, callback_key
from counterfoil.storage.database import Database

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}\Z")
_ENVIRONMENT_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,99}\Z")
DEFAULT_TIMEOUT_SECONDS = 300
MODELS_MAX = 2_000
_CALLBACK_SECRET_CHARACTERS_MAX = 1_000


class Sealer(Protocol):
    def seal(self, plain: bytes) -> bytes: ...

    def unseal(self, sealed: bytes) -> bytes: ...


class Upstreams:
    """Adding, changing and listing upstreams."""

    def __init__(
        self, database: Database, *, clock: Clock, sealer: Sealer, timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._timeout_seconds = timeout_seconds

    async def add(
        self,
        *,
        name: str,
        dialect: Dialect,
        base_url: str,
        models: Sequence[ServedModel],
        secret_env: str | None = None,
        secret: str | None = None,
        timeout_seconds: int | None = None,
    ) -> Upstream:
        """Add an upstream; raises `InputError` for bad input, `Conflict` where the name is taken.

        Without a `timeout_seconds` of its own it gets the installation's. A `secret` is sealed before it is stored; `secret_env` names an environment variable that holds it.
        """
        timeout_seconds = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        _check(name=name, base_url=base_url, models=models, secret_env=secret_env, timeout_seconds=timeout_seconds)
        if secret and secret_env:
            raise InputError(code="secret_given_twice")
        sealed = self._sealer.seal(secret.encode()) if secret else None
        upstream = Upstream(
            upstream_id=self._clock.new_id(), name=name, dialect=dialect, base_url=base_url.rstrip("/"),
            secret_env=secret_env, secret_sealed=sealed, timeout_seconds=timeout_seconds, status="active",
            created_at=self._clock.now(), models=tuple(models),
        )  # fmt: skip
        async with self._database.unit_of_work() as connection:
            if not await store.insert_upstream(connection, upstream):
                raise Conflict(code="upstream_exists", upstream=name)
            await store.replace_models(connection, upstream.upstream_id, models)
        return upstream

    async def list(self) -> list[Upstream]:
        async with self._database.reading() as connection:
            return await store.read_upstreams(connection)

    async def find(self, name: str) -> Upstream:
        """The upstream of that name; raises `NotFound`."""
        for upstream in await self.list():
            if upstream.name == name:
                return upstream
        raise NotFound(code="upstream_not_found", upstream=name[:60])

    async def set_models(self, name: str, models: Sequence[ServedModel]) -> Upstream:
        """Replace what an upstream serves."""
        upstream = await self.find(name)
        _check(
            name=name, base_url=upstream.base_url, models=models, secret_env=upstream.secret_env,
            timeout_seconds=upstream.timeout_seconds,
        )  # fmt: skip
        async with self._database.unit_of_work() as connection:
            await store.replace_models(connection, upstream.upstream_id, models)
        return await self.find(name)

    async def set_secret(self, name: str, *, secret: str | None = None, secret_env: str | None = None) -> None:
        """Replace an upstream's secret, or the environment variable that holds it."""
        if bool(secret) == bool(secret_env):
            raise InputError(code="secret_given_twice" if secret else "secret_missing")
        _check_secret_env(secret_env)
        upstream = await self.find(name)
        sealed = self._sealer.seal(secret.encode()) if secret else None
        async with self._database.unit_of_work() as connection:
            await store.update_secret(connection, upstream.upstream_id, secret_env=secret_env, secret_sealed=sealed)

    async def set_callback_secret(self, name: str, *, secret: str | None = None, secret_env: str | None = None) -> None:
        """Set what an upstream signs its callbacks with, or the environment variable that holds it.

        It is `whsec_` and base64, or plain text; two with a space between them while it is rotated. Raises `InputError`
        where it could be guessed or not be used.
        """
        if bool(secret) == bool(secret_env):
            raise InputError(code="secret_given_twice" if secret else "secret_missing")
        _check_secret_env(secret_env)
        if secret:
            _check_callback_secret(secret)
        sealed = self._sealer.seal(secret.encode()) if secret else None
        await self._keep_callback_secret(name, secret_env=secret_env, secret_sealed=sealed)

    async def remove_callback_secret(self, name: str) -> None:
        """Listen to no more callbacks of an upstream; its tasks are still asked about."""
        await self._keep_callback_secret(name, secret_env=None, secret_sealed=None)

    async def _keep_callback_secret(self, name: str, *, secret_env: str | None, secret_sealed: bytes | None) -> None:
        upstream = await self.find(name)
        async with self._database.unit_of_work() as connection:
            await store.update_callback_secret(
                connection, upstream.upstream_id, secret_env=secret_env, secret_sealed=secret_sealed
            )

    async def set_status(self, name: str, status: str) -> None:
        """Enable (`active`) or disable (`disabled`)."""
        if status not in ("active", "disabled"):
            raise InputError(code="status_unreadable", status=status[:20])
        upstream = await self.find(name)
        async with self._database.unit_of_work() as connection:
            await store.update_status(connection, upstream.upstream_id, status)

    async def remove(self, name: str) -> None:
        """Remove an upstream; its attempts keep its name."""
        upstream = await self.find(name)
        async with self._database.unit_of_work() as connection:
            await store.delete_upstream(connection, upstream.upstream_id)


def _check(
    *,
    name: str,
    base_url: str,
    models: Sequence[ServedModel],
    secret_env: str | None,
    timeout_seconds: int,
) -> None:
    if not _NAME.match(name):
        raise InputError(code="upstream_name_unreadable", upstream=name[:60])
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password or parts.query:
        raise InputError(code="base_url_unreadable")
    _check_secret_env(secret_env)
    if not 1 <= timeout_seconds <= 3600:
        raise InputError(code="timeout_out_of_range", least=1, most=3600)
    if len(models) > MODELS_MAX or len({model.public_model for model in models}) != len(models):
        raise InputError(code="models_unreadable", reason="too many, or one named twice")
    for model in models:
        if not (1 <= len(model.public_model) <= 200 and 1 <= len(model.upstream_model) <= 200) or model.weight < 1:
            raise InputError(code="models_unreadable", model=model.public_model[:80])


def _check_secret_env(secret_env: str | None) -> None:
    if secret_env is not None and not _ENVIRONMENT_NAME.match(secret_env):
        # Perhaps the secret itself was given: it is not repeated here.
        raise InputError(code="secret_env_unreadable", reason="give the name of an environment variable")


def _check_callback_secret(secret: str) -> None:
    parts = secret.split()
    readable = secret.isascii() and len(secret) <= _CALLBACK_SECRET_CHARACTERS_MAX
    if not readable or not 1 <= len(parts) <= 2 or any(callback_key(part) is None for part in parts):
        # It is not repeated here.
        raise InputError(code="callback_secret_unreadable", least_bytes=CALLBACK_KEY_BYTES_LEAST)


class Routes:
    """What is served from where, in memory; `refresh` reads it anew."""

    def __init__(self, database: Database, *, sealer: Sealer, environment: Mapping[str, str]) -> None:
        self._database = database
        self._sealer = sealer
        self._environment = environment
        self._routes: dict[str, tuple[Route, ...]] = {}
        # Every upstream whose secret can be had, disabled ones too: what they have taken on goes on.
        self._by_name: dict[str, Route] = {}
        self._configured: frozenset[str] = frozenset()
        # Sealed secrets that cannot be opened here, and environment variables that hold nothing.
        self._unreadable: set[bytes | str] = set()

    async def refresh(self) -> None:
        """Read the upstreams; one whose secret cannot be had serves nothing."""
        async with self._database.reading() as connection:
            upstreams = await store.read_upstreams(connection)
        routes: dict[str, list[Route]] = {}
        by_name: dict[str, Route] = {}
        configured: set[str] = set()
        for upstream in upstreams:
            configured.update(model.public_model for model in upstream.models)
            secret = self._secret_of(upstream)
            if secret is None:
                continue
            base = by_name[upstream.name] = self._base_route(upstream, secret)
            if upstream.status != "active":
                continue
            for model in upstream.models:
                routes.setdefault(model.public_model, []).append(
                    replace(base, upstream_model=model.upstream_model, priority=model.priority, weight=model.weight)
                )
        self._routes = {
            model: tuple(sorted(found, key=lambda route: (route.priority, route.name)))
            for model, found in routes.items()
        }
        self._by_name = by_name
        self._configured = frozenset(configured)

    def _base_route(self, upstream: Upstream, secret: str) -> Route:
        """The way to an upstream, whatever it is asked for; the model is the first that it serves, or its name."""
        return Route(
            upstream_id=upstream.upstream_id, name=upstream.name, dialect=upstream.dialect,
            base_url=upstream.base_url, secret=secret, timeout_seconds=upstream.timeout_seconds, priority=100, weight=1,
            upstream_model=upstream.models[0].upstream_model if upstream.models else upstream.name,
            callback_secret=self._callback_secret_of(upstream),
        )  # fmt: skip

    def _secret_of(self, upstream: Upstream) -> str | None:
        if upstream.secret_env is not None:
            return self._environment.get(upstream.secret_env) or None
        if upstream.secret_sealed is None:
            return ""
        return self._unsealed(upstream.secret_sealed, event="upstream_secret_unreadable", upstream=upstream)

    def _callback_secret_of(self, upstream: Upstream) -> str:
        """Empty where there is none, or none that can be had: its callbacks are refused, and its tasks asked about."""
        event = "upstream_callback_secret_unreadable"
        if upstream.callback_secret_env is not None:
            found = self._environment.get(upstream.callback_secret_env, "")
            if not found and upstream.callback_secret_env not in self._unreadable:
                self._unreadable.add(upstream.callback_secret_env)
                log.error(event, upstream=upstream.name, variable=upstream.callback_secret_env)
            return found
        if upstream.callback_secret_sealed is None:
            return ""
        return self._unsealed(upstream.callback_secret_sealed, event=event, upstream=upstream) or ""

    def _unsealed(self, sealed: bytes, *, event: str, upstream: Upstream) -> str | None:
        try:
            return self._sealer.unseal(sealed).decode()
        except (CounterfoilError, UnicodeDecodeError) as error:
            # The others go on serving. Said once per secret, not at every refresh.
            if sealed not in self._unreadable:
                self._unreadable.add(sealed)
                log.error(event, upstream=upstream.name, error=type(error).__name__)
            return None

    def by_name(self, name: str, upstream_model: str | None = None) -> Route | None:
        """The way to an upstream of that name, also where it is disabled or serves other models by now.

        None where it has been removed, or where its secret cannot be had here.
        """
        route = self._by_name.get(name)
        if route is None or upstream_model is None:
            return route
        return replace(route, upstream_model=upstream_model)

    def models(self) -> tuple[str, ...]:
        """The public models that are served now."""
        return tuple(sorted(self._routes))

    def is_configured(self, model: str) -> bool:
        """Whether some upstream is to serve the model, even if none can at the moment."""
        return model in self._configured

    def serves(self, model: str, dialect: Dialect) -> bool:
        return any(route.dialect is dialect for route in self._routes.get(model, ()))

    def serves_at_all(self, model: str) -> bool:
        return model in self._routes

    def plan(self, model: str, dialect: Dialect, *, draw: float = 0.0) -> tuple[Route, ...]:
        """The routes in the order of trying. `draw` (0 to below 1) chooses by weight among equals of the first priority."""
        routes = [route for route in self._routes.get(model, ()) if route.dialect is dialect]
        if len(routes) < 2:
            return tuple(routes)
        best = [route for route in routes if route.priority == routes[0].priority]
        target = draw * sum(route.weight for route in best)
        for route in best:
            target -= route.weight
            if target < 0:
                return (route, *(other for other in routes if other is not route))
        return tuple(routes)
