"""Backups: the database as it is at one moment, with the checkpoints that prove it, in one file; and back again.

The file is a tar of `manifest.json` (first), `database.dump` (pg_dump's own format), `checkpoints/` and, where asked for,
`keys/`. Nothing is restored over something: the database must be empty.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from counterfoil import __version__
from counterfoil.foundation.errors import Broken, Conflict, NotFound, Unavailable
from counterfoil.storage.binaries import postgres_binaries
from counterfoil.storage.migrate import ensure_runtime_role

FORMAT = 1
KEY_FILES = ("signing.key", "sealing.key", "operator.token")
_MANIFEST = "manifest.json"
_DUMP = "database.dump"
_CHUNK_BYTES = 1 << 20
_MANIFEST_BYTES_MAX = 16 << 20
# What pg_dump and pg_restore read instead of a command line, which every user of the machine can see.
_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
              "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}  # fmt: skip
_SAID_CHARACTERS_MAX = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup holds. Times are UTC microseconds; `parts` are names with sizes and SHA-256."""

    created_at: int
    version: str
    migrations: tuple[str, ...]
    parts: Mapping[str, tuple[int, str]]

    @property
    def has_keys(self) -> bool:
        return any(name.startswith("keys/") for name in self.parts)

    @property
    def size_bytes(self) -> int:
        return sum(size for size, _ in self.parts.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "created_at": self.created_at, "version": self.version,
            "migrations": list(self.migrations),
            "parts": {name: {"bytes": size, "sha256": digest} for name, (size, digest) in self.parts.items()},
        }  # fmt: skip


def write_backup(target: Path, *, owner_url: str, data_dir: Path, created_at: int, with_keys: bool = False) -> Backup:
    """Write a backup of a running installation; raises `Conflict` where the file exists, and then nothing was written.

    Checkpoints are copied before the database is read, so that it is never older than they are.
    """
    if target.exists():
        raise Conflict(code="backup_exists", path=str(target))
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as scratch:
        folder = Path(scratch)
        parts = [(f"checkpoints/{path.name}", path.read_bytes()) for path in _checkpoints(data_dir)]
        if with_keys:
            parts += [
                (f"keys/{name}", (data_dir / name).read_bytes()) for name in KEY_FILES if (data_dir / name).exists()
            ]
        dump = folder / _DUMP
        _run("pg_dump", ["--format=custom", f"--file={dump}"], owner_url)
        found = {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in parts}
        found[_DUMP] = (dump.stat().st_size, _digest_of(dump))
        backup = Backup(
            created_at=created_at, version=__version__, migrations=tuple(_migrations(owner_url)), parts=found
        )
        unfinished = folder / "unfinished.tar"
        with tarfile.open(unfinished, "w") as archive:
            _add(archive, _MANIFEST, json.dumps(backup.to_json(), indent=1).encode())
            for name, content in parts:
                _add(archive, name, content)
            archive.add(dump, arcname=_DUMP, filter=_plain)
        unfinished.chmod(0o600)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        try:
            os.link(unfinished, target)
        except FileExistsError as error:
            raise Conflict(code="backup_exists", path=str(target)) from error
    return backup


def read_backup(source: Path) -> Backup:
    """What a backup holds, every part checked against its SHA-256; raises `NotFound` or `Broken`."""
    with _opened(source) as archive:
        backup = _manifest(archive)
        present = {member.name for member in archive.getmembers()}
        for name, (size, digest) in backup.parts.items():
            content = archive.extractfile(name) if name in present else None
            if content is None:
                raise Broken(code="backup_broken", part=name, reason="it is not in the file")
            if _digest(content) != (size, digest):
                raise Broken(code="backup_broken", part=name, reason="it is not what was backed up")
    return backup


def restore_backup(source: Path, *, owner_url: str, data_dir: Path) -> Backup:
    """Restore into an empty database and a data directory without checkpoints.

    Keys that the backup holds are put in place where there are none. Raises `Conflict` where there is anything already,
    `Broken` for a damaged file; then nothing was changed.
    """
    backup = read_backup(source)
    if _tables(owner_url):
        raise Conflict(code="restore_not_empty", what="database")
    if list(_checkpoints(data_dir)):
        raise Conflict(code="restore_not_empty", what="checkpoints")
    ensure_runtime_role(owner_url)
    with tempfile.TemporaryDirectory(dir=data_dir, prefix=".restore-") as scratch, _opened(source) as archive:
        dump = Path(scratch) / _DUMP
        content = archive.extractfile(_DUMP)
        assert content is not None
        with dump.open("wb") as file:
            for chunk in iter(lambda: content.read(_CHUNK_BYTES), b""):
                file.write(chunk)
        _restore_dump(dump, Path(scratch) / "contents", owner_url)
        for name in backup.parts:
            if name.startswith(("checkpoints/", "keys/")):
                _put_back(archive, name, data_dir)
    return backup


def _restore_dump(dump: Path, contents: Path, owner_url: str) -> None:
    # Default rights name the owner, who may be called something else here; migrating sets them again.
    listed = _run("pg_restore", ["--list", str(dump)], owner_url).splitlines()
    contents.write_text("\n".join(line for line in listed if " DEFAULT ACL " not in line) + "\n")
    database = f"--dbname={conninfo_to_dict(owner_url).get('dbname', '')}"
    _run(
        "pg_restore",
        ["--no-owner", "--exit-on-error", "--single-transaction", f"--use-list={contents}", database, str(dump)],
        owner_url,
    )


def _put_back(archive: tarfile.TarFile, name: str, data_dir: Path) -> None:
    kind, _, file_name = name.partition("/")
    if not file_name or file_name != Path(file_name).name or file_name.startswith("."):
        raise Broken(code="backup_broken", part=name[:80], reason="it is no name of a file")
    folder = data_dir / "checkpoints" if kind == "checkpoints" else data_dir
    target = folder / file_name
    if kind == "keys" and (file_name not in KEY_FILES or target.exists()):
        return
    content = archive.extractfile(name)
    assert content is not None
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.read())


def _opened(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, "r:")
    except FileNotFoundError as error:
        raise NotFound(code="backup_not_found", path=str(source)) from error
    except (tarfile.TarError, OSError) as error:
        raise Broken(code="backup_broken", part=source.name, reason="it is no backup of ours") from error


def _manifest(archive: tarfile.TarFile) -> Backup:
    try:
        first = archive.next()
        content = archive.extractfile(first) if first is not None and first.name == _MANIFEST else None
        if content is None:
            raise ValueError(_MANIFEST)
        body = json.loads(content.read(_MANIFEST_BYTES_MAX))
        if body["format"] != FORMAT:
            raise ValueError("format")
        return Backup(
            created_at=int(body["created_at"]), version=str(body["version"]), migrations=tuple(body["migrations"]),
            parts={name: (part["bytes"], part["sha256"]) for name, part in body["parts"].items()},
        )  # fmt: skip
    except (tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Broken(code="backup_broken", part=_MANIFEST, reason="it cannot be read") from error


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the owner's names and times, which are nobody's business."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _checkpoints(data_dir: Path) -> Iterator[Path]:
    folder = data_dir / "checkpoints"
    return iter(sorted(folder.glob("*.json"))) if folder.is_dir() else iter(())


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(content: Any) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for chunk in iter(lambda: content.read(_CHUNK_BYTES), b""):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _migrations(owner_url: str) -> list[str]:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM schema_migrations ORDER BY name").fetchall()]


def _tables(owner_url: str) -> bool:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace)"
        ).fetchone()
        return row is not None and bool(row[0])


def _run(program: str, arguments: Sequence[str], owner_url: str) -> str:
    """What one of PostgreSQL's programs answers; raises `Unavailable` with what it complains of."""
    given = conninfo_to_dict(owner_url)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {_VARIABLES[name]: str(value) for name, value in given.items() if name in _VARIABLES and value}
    done = subprocess.run(  # noqa: S603
        [str(postgres_binaries() / program), "--no-password", *arguments],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        reason = done.stderr.strip()[-_SAID_CHARACTERS_MAX:]
        raise Unavailable(code="database_tool_failed", program=program, reason=reason)
    return done.stdout
