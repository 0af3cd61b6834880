"""The checks of `doctor`. Each finds one thing, says how it is, and what to do where it is not well."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import psycopg

import counterfoil
from counterfoil.cli import doctor_store as store
from counterfoil.foundation.clock import MICROS_PER_SECOND, SystemClock
from counterfoil.foundation.errors import CounterfoilError, Unavailable
from counterfoil.foundation.periods import read_time_zone, show_time
from counterfoil.settings import Settings, unknown_variables
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import POSTED_TABLES, migrate, read_migrations

OLDEST_PYTHON = (3, 11)
# The oldest PostgreSQL that is still maintained when this was written, and has everything that is used here.
OLDEST_POSTGRES = 150_000
# A cluster starts at 40 MiB and keeps up to 1 GiB of write-ahead log.
FREE_BYTES_LEAST = 1024**3
# Limits of a minute and grants' ends are decided by the process's clock; a second of difference is noise.
CLOCK_DIFFERENCE_MAX_MICROS = 2 * MICROS_PER_SECOND
# 2025-01-01: earlier means that the machine's clock was never set.
_EARLIEST = 1_735_689_600 * MICROS_PER_SECOND


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at. `next_step` is empty where there is nothing to do."""

    name: str
    state: State
    found: str
    next_step: str = ""


def check_program() -> Check:
    found = (
        f"counterfoil {counterfoil.__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}"
    )
    if sys.version_info < OLDEST_PYTHON:
        return Check(name="program", state=State.FAILED, found=found, next_step="Install Python 3.11 or later.")
    try:
        read_time_zone("Asia/Shanghai")
    except CounterfoilError:
        return Check(name="program", state=State.FAILED, found="no time zones", next_step="Install the package tzdata.")
    return Check(name="program", state=State.OK, found=found)


def check_settings(settings: Settings, environment: Mapping[str, str]) -> Check:
    strangers = unknown_variables(environment)
    if strangers:
        meant = [name if likely is None else f"{name} (meant {likely}?)" for name, likely in strangers.items()]
        return Check(
            name="settings",
            state=State.WARNING,
            found="variables that are not settings: " + ", ".join(meant),
            next_step="Correct or remove them: they change nothing.",
        )
    if settings.registration == "on" and settings.mail_url is None:
        found = "registration is on, and there is no mail server to send its links"
        step = "Set COUNTERFOIL_MAIL_URL, or leave COUNTERFOIL_REGISTRATION off."
        return Check(name="settings", state=State.WARNING, found=found, next_step=step)
    chosen = sum(1 for setting, _ in settings.shown() if environment.get(setting.variable))
    return Check(name="settings", state=State.OK, found=f"{chosen} from the environment, the others as they come")


def check_data_directory(directory: DataDirectory) -> Check:
    path = directory.path
    if not os.access(path, os.W_OK | os.X_OK):
        step = "Give the user that serves the right to write there, or choose another with --data-dir."
        return Check(name="data directory", state=State.FAILED, found=f"{path} cannot be written", next_step=step)
    open_files = directory.too_open()
    if open_files:
        names = ", ".join(file.name for file in open_files)
        step = f"chmod 600 {' '.join(str(file) for file in open_files)}"
        return Check(name="data directory", state=State.WARNING, found=f"others can read {names}", next_step=step)
    free = shutil.disk_usage(path).free
    if free < FREE_BYTES_LEAST:
        step = "Make room: PostgreSQL stops when the disk is full."
        found = f"{free // 1024**2} MiB free at {path}"
        return Check(name="data directory", state=State.WARNING, found=found, next_step=step)
    return Check(name="data directory", state=State.OK, found=f"{path}, {free // 1024**3} GiB free")


def check_keys(directory: DataDirectory) -> Check:
    """Read every secret, making those that are not there yet, as `serve` would."""
    try:
        _ = directory.signing_key, directory.sealer, directory.operator_token
    except (CounterfoilError, OSError, ValueError) as error:
        found = str(error) if isinstance(error, CounterfoilError) else type(error).__name__
        step = "Put the original back: a new key cannot check or open what the old one signed and sealed."
        return Check(name="keys", state=State.FAILED, found=found, next_step=step)
    return Check(name="keys", state=State.OK, found="signing key, sealing key and operator token are readable")


def check_port(settings: Settings) -> Check:
    """Whether the address can be listened on."""
    name, address = "port", f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            step = "If that is not counterfoil serving already, choose another with COUNTERFOIL_PORT."
            return Check(name=name, state=State.WARNING, found=f"{address} is in use", next_step=step)
        step = "Choose another with COUNTERFOIL_HOST and COUNTERFOIL_PORT."
        return Check(name=name, state=State.FAILED, found=f"{address}: {error.strerror}", next_step=step)
    return Check(name=name, state=State.OK, found=f"{address} is free")


# The database.


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrls:
    """The database as its owner (None: not known here) and as the role that serves."""

    owner: str | None
    runtime: str
    is_embedded: bool


@contextmanager
def database_urls(settings: Settings) -> Iterator[DatabaseUrls]:
    """Start or attach the embedded PostgreSQL and migrate it, or take one's own as it is."""
    if settings.database_url is not None:
        yield DatabaseUrls(owner=settings.migration_url, runtime=settings.database_url, is_embedded=False)
        return
    with EmbeddedPostgres(settings.data_dir) as server:
        migrate(server.owner_url, runtime_password=server.runtime_password)
        yield DatabaseUrls(owner=server.owner_url, runtime=server.runtime_url, is_embedded=True)


def check_database(settings: Settings) -> list[Check]:
    """Everything about PostgreSQL; one failed check where it is not there."""
    try:
        with database_urls(settings) as urls, store.connect(urls.runtime) as connection:
            server = store.read_server(connection)
            return [
                _check_server(server, urls),
                _check_migrations(connection, urls),
                _check_role(connection, server, urls),
                _check_clock(server),
            ]
    except psycopg.Error as error:
        # Only the kind: the message may quote the address with its password.
        step = "Look at COUNTERFOIL_DATABASE_URL and at the database's own log."
        return [Check(name="postgresql", state=State.FAILED, found=type(error).__name__, next_step=step)]
    except Unavailable as error:
        step = str(error.parameters.get("next_step", "Look at postgres.log in the data directory."))
        return [Check(name="postgresql", state=State.FAILED, found=str(error), next_step=step)]
    except CounterfoilError as error:
        step = str(error.parameters.get("next_step", "Install the version that this database belongs to."))
        return [Check(name="migrations", state=State.FAILED, found=str(error), next_step=step)]


def _check_server(server: store.ServerFacts, urls: DatabaseUrls) -> Check:
    whose = "embedded" if urls.is_embedded else "your own"
    found = f"PostgreSQL {server.version.split(' ')[0]}, {whose}, as {server.role}"
    if server.version_number < OLDEST_POSTGRES:
        step = f"Use PostgreSQL {OLDEST_POSTGRES // 10_000} or later."
        return Check(name="postgresql", state=State.FAILED, found=found, next_step=step)
    return Check(name="postgresql", state=State.OK, found=found)


def _check_migrations(connection: psycopg.Connection, urls: DatabaseUrls) -> Check:
    name, files = "migrations", read_migrations()
    applied = store.read_applied(connection) or {}
    changed = [file.name for file in files if applied.get(file.name, file.sha256) != file.sha256]
    newer = sorted(applied.keys() - {file.name for file in files})
    pending = [file.name for file in files if file.name not in applied]
    if changed or newer:
        found = f"not those of this version: {', '.join(changed + newer)}"
        step = "Install the version that this database belongs to."
        return Check(name=name, state=State.FAILED, found=found, next_step=step)
    if pending:
        step = "counterfoil serve applies them as it starts."
        return Check(name=name, state=State.WARNING, found=f"{len(pending)} to be applied", next_step=step)
    return Check(name=name, state=State.OK, found=f"{len(applied)} applied, none missing")


def _check_role(connection: psycopg.Connection, server: store.ServerFacts, urls: DatabaseUrls) -> Check:
    name, facts = "posted rows", store.read_role(connection, POSTED_TABLES)
    if facts.missing_tables:
        step = "counterfoil serve makes the tables as it starts; look again then."
        return Check(name=name, state=State.WARNING, found="the tables are not there yet", next_step=step)
    one_url = not urls.is_embedded and urls.owner in (None, urls.runtime)
    if facts.wrongful or facts.is_superuser or facts.owns_tables:
        found = f"{server.role} can change posted rows"
        if one_url:
            found += ": one URL both migrates and serves"
        step = "Serve as another role: its URL in COUNTERFOIL_DATABASE_URL, the owner's in COUNTERFOIL_MIGRATION_URL."
        return Check(name=name, state=State.WARNING, found=found, next_step=step)
    tables = ", ".join(POSTED_TABLES)
    return Check(name=name, state=State.OK, found=f"{server.role} can only add to {tables}")


def _check_clock(server: store.ServerFacts) -> Check:
    name, now = "clock", SystemClock().now()
    if now < _EARLIEST:
        step = "Set the machine's clock: limits, grants and signatures go by it."
        return Check(name=name, state=State.FAILED, found=show_time(now), next_step=step)
    difference = abs(now - server.clock)
    if difference > CLOCK_DIFFERENCE_MAX_MICROS:
        found = f"{difference // MICROS_PER_SECOND} s apart from the database's"
        step = "Let both machines keep time by NTP."
        return Check(name=name, state=State.WARNING, found=found, next_step=step)
    return Check(name=name, state=State.OK, found=f"{show_time(now)[:19]}Z, as the database's")
