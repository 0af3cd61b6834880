"""The Dockerfile and the Compose file, as far as they can be checked without Docker: all that they name exists, nothing in
them is a secret, and what can be run of them (the roles' SQL, the health check) is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from typer.main import get_command

from counterfoil.settings import SETTINGS
from counterfoil.storage.binaries import postgres_binaries
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import RUNTIME_ROLE, migrate
from test_docs import _problem_of_command as problem_of_command
from test_docs import the_application

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "compose.yaml"
ENVIRONMENT = ROOT / ".env.example"
ROLES = ROOT / "deploy" / "database" / "10-roles.sql"
FILES = (DOCKERFILE, COMPOSE, ENVIRONMENT, ROLES, ROOT / ".dockerignore")
SECRETS = {setting.variable for setting in SETTINGS if setting.is_secret}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile: its word, and what follows on its line or lines."""

    word: str
    rest: str

    def arguments(self) -> list[str]:
        """In the form of a JSON list, which runs no shell."""
        return list(json.loads(self.rest[self.rest.index("[") :]))


def instructions() -> list[Instruction]:
    text = "\n".join(line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#"))
    lines = text.replace("\\\n", " ").splitlines()
    return [Instruction(*line.split(maxsplit=1)) for line in lines if line.strip()]


def all_of(word: str) -> list[Instruction]:
    return [one for one in instructions() if one.word == word]


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return read


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: service for name, service in services().items() if "build" in service}


def simple_commands(script: str) -> Iterator[list[str]]:
    """The words of each simple command of a shell script of one line."""
    for part in re.split(r"&&|\|\||;|\|", script):
        yield [word for word in shlex.split(part.replace("$$", "$")) if word != "exec"]


# Everything named exists.


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_of_ours_that_is_named_is_a_setting(path: Path) -> None:
    named = set(re.findall(r"\bCOUNTERFOIL_[A-Z_]+", path.read_text()))
    assert named - {setting.variable for setting in SETTINGS} == set()


def test_the_commands_of_the_image_and_of_compose_exist() -> None:
    (entry,), (command,) = all_of("ENTRYPOINT"), all_of("CMD")
    ran = [[*entry.arguments(), *command.arguments()]]
    for service in ours().values():
        if "entrypoint" in service:
            assert service["entrypoint"] == ["/bin/sh", "-c"]
            ran += simple_commands(*service["command"])
        else:
            ran.append([*entry.arguments(), *service["command"]])
    # What people are told to type.
    for line in COMPOSE.read_text().splitlines():
        typed = re.match(r"#\s+docker compose exec counterfoil (.*)", line)
        ran += [shlex.split(typed[1])] if typed else []
    root: Any = get_command(the_application())
    assert [words[:2] for words in ran] == [
        ["counterfoil", "serve"], ["counterfoil", "serve"], ["counterfoil", "backup"], ["counterfoil", "doctor"],
    ]  # fmt: skip
    assert [problem_of_command(root, words[1:]) for words in ran] == [None] * 4


def test_it_serves_beyond_its_own_container() -> None:
    for words in (all_of("CMD")[0].arguments(), services()["counterfoil"]["command"]):
        assert words == ["serve", "--host", "0.0.0.0"]
    default = next(setting.default for setting in SETTINGS if setting.name == "port")
    assert all_of("EXPOSE")[0].rest == default
    (port,) = services()["counterfoil"]["ports"]
    assert port == f"${{LISTEN_ADDRESS:-127.0.0.1}}:${{LISTEN_PORT:-{default}}}:{default}"
    assert "ports" not in services()["database"]


def test_what_is_copied_exists_and_is_sent_to_the_builder() -> None:
    copied = [word for one in all_of("COPY") if "--from=" not in one.rest for word in one.rest.split()[:-1]]
    assert {"requirements/runtime.txt", "requirements/build.txt", "pyproject.toml", "src"} <= set(copied)
    ignored, *patterns = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert ignored == "*"
    sent = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    for name in copied:
        assert (ROOT / name).exists(), name
        assert name in sent, name
    # And nothing besides, least of all what holds secrets.
    assert set(sent) == set(copied)
    for private in (".env", "counterfoil.env", "counterfoil-data", ".git"):
        assert not any(fnmatch(private, pattern) for pattern in sent)


def test_what_the_wheel_is_built_from_is_copied() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    named = re.findall(r"^(?:readme|license-files) = (.*)$", project, re.MULTILINE)
    copied = " ".join(one.rest for one in all_of("COPY"))
    for name in re.findall(r'"([^"]+)"', " ".join(named)):
        assert name in copied.split()


def test_files_that_compose_mounts_exist() -> None:
    volumes = {volume.split(":")[0] for service in services().values() for volume in service.get("volumes", ())}
    paths = {volume for volume in volumes if volume.startswith((".", "/"))}
    assert paths == {"./deploy/database"}
    assert all((ROOT / path).is_dir() for path in paths)
    assert volumes - paths == set(compose()["volumes"])


# What it is made of.


@pytest.mark.parametrize("name", ["runtime", "build"])
def test_the_packages_of_the_image_are_pinned_with_their_hashes(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line[:80]


def test_every_installation_is_by_hash_or_of_what_was_just_built() -> None:
    ran = [words for one in all_of("RUN") for words in simple_commands(one.rest) if "pip" in words]
    assert len(ran) == 4
    for words in ran:
        if "-r" in words:
            assert "--require-hashes" in words
            assert words[words.index("--only-binary") + 1] == ":all:"
        else:
            assert {"--no-index", "--no-deps"} <= set(words)


def test_images_have_a_version_and_come_from_no_named_registry() -> None:
    stages = {one.rest.split()[2] for one in all_of("FROM") if " AS " in one.rest}
    images = [one.rest.split()[0] for one in all_of("FROM")]
    images += [service["image"] for name, service in services().items() if name not in ours()]
    assert images == ["python:3.13-slim", "python:3.13-slim", "postgres:18"]
    for image in images:
        assert re.fullmatch(r"[a-z]+:(?!latest)[\w.-]+", image), image
    assert {re.search(r"--from=(\w+)", one.rest)[1] for one in all_of("COPY") if "--from=" in one.rest} == stages  # type: ignore[index]
    for path in FILES:
        text = path.read_text()
        assert not re.search(r"\b(docker\.io|ghcr\.io|quay\.io|gcr\.io|index-url|registry\.)", text)
        assert set(re.findall(r"https?://([^/:]+)", text)) <= {"127.0.0.1"}


def test_the_database_is_of_the_release_that_its_backups_are_made_with() -> None:
    version = subprocess.run([postgres_binaries() / "pg_dump", "--version"], capture_output=True, text=True, check=True)
    release = re.search(r" (\d+)\.", version.stdout)
    assert release is not None
    assert services()["database"]["image"] == f"postgres:{release[1]}"


# Whom it runs as, and what it may touch.


def test_it_runs_as_an_unprivileged_user_who_owns_its_folders() -> None:
    final = instructions()[[one.word for one in instructions()].index("FROM", 1) :]
    (user,) = [one.rest for one in final if one.word == "USER"]
    made = next(one.rest for one in final if one.word == "RUN")
    number = re.search(r"--uid (\d+)", made)
    assert number is not None
    assert user == f"{number[1]}:{number[1]}"
    assert int(number[1]) > 0
    (volume,) = all_of("VOLUME")
    environment = dict(pair.split("=", 1) for pair in next(one.rest for one in final if one.word == "ENV").split())
    assert volume.arguments() == [environment["COUNTERFOIL_DATA_DIR"]] == ["/data"]
    folders = {"/data", "/backups"}
    assert folders <= set(made.split())
    mounted = {volume.split(":")[1] for service in ours().values() for volume in service["volumes"]}
    assert mounted == folders


def test_our_containers_have_no_more_rights_than_they_need() -> None:
    assert set(ours()) == {"counterfoil", "backup"}
    for service in ours().values():
        assert (service["read_only"], service["init"], service["cap_drop"]) == (True, True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "user" not in service
        assert "privileged" not in service
    assert services()["backup"]["profiles"] == ["backup"]
    assert "profiles" not in services()["counterfoil"]


# Secrets.


def test_no_secret_is_in_the_files() -> None:
    assert not {name for one in all_of("ENV") for name in SECRETS if name in one.rest}
    assert all_of("ARG") == []
    passwords = set()
    for service in services().values():
        for name, value in service["environment"].items():
            found = re.findall(r"\$\{(\w+)(:[^}]*)?\}", value)
            assert len(found) == 1, name
            # Without a default: Compose refuses to start, and says what is missing.
            assert found[0][1].startswith(":?"), name
            passwords.add(found[0][0])
    example = dict(line.split("=", 1) for line in ENVIRONMENT.read_text().splitlines() if line and line[0] != "#")
    assert passwords == {name for name in example if name.endswith("PASSWORD")}
    assert {example[name] for name in passwords} == {""}
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".env", "counterfoil.env"} <= set(ignored)


def test_every_variable_that_compose_asks_for_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    example = {line.split("=", 1)[0] for line in ENVIRONMENT.read_text().splitlines() if line and line[0] != "#"}
    assert asked == example


def test_our_containers_serve_as_the_runtime_role_and_migrate_as_the_owner() -> None:
    created = re.findall(r"^CREATE ROLE (\w+)", ROLES.read_text(), re.MULTILINE)
    assert created == ["counterfoil_owner", RUNTIME_ROLE]
    owner, runtime = created
    for service in ours().values():
        urls = {name: re.sub(r"\$\{\w+:\?[^}]*\}", "secret", url) for name, url in service["environment"].items()}
        parts = {name: conninfo_to_dict(url) for name, url in urls.items()}
        assert parts["COUNTERFOIL_DATABASE_URL"]["user"] == runtime
        assert parts["COUNTERFOIL_MIGRATION_URL"]["user"] == owner
        for part in parts.values():
            assert (part["host"], part["dbname"]) == ("database", "counterfoil")
        assert service["depends_on"] == {"database": {"condition": "service_healthy"}}


# What can be run.


@pytest.fixture(scope="module")
def fresh_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server as the image starts it: without our roles and without our database."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("database"), durable=False) as server:
        with psycopg.connect(server.owner_url, autocommit=True) as connection:
            connection.execute("CREATE ROLE postgres SUPERUSER LOGIN PASSWORD 'super'")
        with _as_superuser(server) as connection:
            connection.execute("DROP DATABASE counterfoil WITH (FORCE)")
            # Who made the cluster cannot be dropped.
            connection.execute("ALTER ROLE counterfoil_owner RENAME TO somebody")
        yield server


def _as_superuser(server: EmbeddedPostgres) -> psycopg.Connection[Any]:
    url = make_conninfo(server.owner_url, user="postgres", password="super", dbname="postgres")
    return psycopg.connect(url, autocommit=True)


def _run_roles(server: EmbeddedPostgres, **passwords: str) -> subprocess.CompletedProcess[str]:
    """Run the roles' SQL as the image does: `psql`, told to stop at an error, with the container's environment."""
    url = make_conninfo(server.owner_url, user="postgres", password="super", dbname="postgres")
    return subprocess.run(
        [postgres_binaries() / "psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "--dbname", url, "--file", ROLES],
        env={"PATH": os.environ["PATH"], **passwords}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_roles_are_made_and_the_program_works_as_them(fresh_postgres: EmbeddedPostgres) -> None:
    owner_password, runtime_password = "o'wner-1", "runtime-1"
    without = _run_roles(fresh_postgres, DATABASE_OWNER_PASSWORD=owner_password)
    assert "syntax error" in without.stderr
    assert without.returncode != 0
    assert owner_password not in without.stderr + fresh_postgres.log_path.read_text()
    with _as_superuser(fresh_postgres) as connection:
        connection.execute("DROP ROLE IF EXISTS counterfoil_owner")
    made = _run_roles(
        fresh_postgres, DATABASE_OWNER_PASSWORD=owner_password, DATABASE_RUNTIME_PASSWORD=runtime_password
    )
    assert made.returncode == 0, made.stderr
    for password in (owner_password, runtime_password):
        assert password not in made.stdout + made.stderr + fresh_postgres.log_path.read_text()

    base = fresh_postgres.owner_url
    owner = make_conninfo(base, user="counterfoil_owner", password=owner_password, dbname="counterfoil")
    runtime = make_conninfo(base, user=RUNTIME_ROLE, password=runtime_password, dbname="counterfoil")
    assert migrate(owner, runtime_role=RUNTIME_ROLE)
    with psycopg.connect(runtime) as connection:
        assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM transfers")
    with psycopg.connect(owner) as connection:
        rights = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = ANY(%s)",
            (["counterfoil_owner", RUNTIME_ROLE],),
        ).fetchall()
    assert rights == [(False, False, False)] * 2


class _Health(BaseHTTPRequestHandler):
    status: ClassVar[int]
    asked: ClassVar[list[str]]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _answering(status: int) -> Iterator[tuple[int, list[str]]]:
    handler = type("Health", (_Health,), {"status": status, "asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, handler.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _is_healthy(port: int) -> bool:
    python, *arguments = all_of("HEALTHCHECK")[0].arguments()
    assert python == "python"
    environment = {**os.environ, "COUNTERFOIL_PORT": str(port)}
    return (
        subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False).returncode == 0
    )


def test_the_image_is_healthy_just_while_it_answers_that_it_is() -> None:
    with _answering(200) as (port, asked):
        assert _is_healthy(port)
        assert asked == ["/healthz"]
    assert not _is_healthy(port)
    with _answering(503) as (port, _):
        assert not _is_healthy(port)
