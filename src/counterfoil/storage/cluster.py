"""A PostgreSQL cluster on disk and its processes: how they are made, seen and killed.

PostgreSQL refuses to run as root. For root it runs as the data directory's owner or as `nobody`, and is given its
cluster as its working directory (`/proc/self/cwd`), so that no parent folder has to be opened to that user. Root
writes no file into a folder of that user, and follows no link there.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from counterfoil.foundation.errors import Unavailable
from counterfoil.storage.binaries import MAJOR_VERSION, postgres_binaries

SOCKET_NAME = ".s.PGSQL.5432"

# What the program relies on; given on the command line at each start, where no file can contradict it.
FIXED: dict[str, str] = {
    "listen_addresses": "",
    # Relative to the cluster, PostgreSQL's working directory: a long or closed path above it does not matter.
    "unix_socket_directories": "../socket",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "cluster_name": "counterfoil",
    "timezone": "UTC",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "logging_collector": "off",
    "log_destination": "stderr",
    # The log must not hold what rows hold: neither statements nor "failing row contains" details.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
}
# Written into postgresql.conf when the cluster is made: an operator may tune them there.
TUNED: dict[str, str] = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    # The only method this build knows is pglz.
    "wal_compression": "on",
    "jit": "off",
    # Hot tables are appended to or updated in place: vacuum early and little rather than late and long.
    "autovacuum": "on",
    "autovacuum_naptime": "20s",
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}

_PROCESSES = Path("/proc")
_WORKING_DIRECTORY = Path("/proc/self/cwd")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """The unprivileged user that PostgreSQL runs as when the program runs as root."""

    uid: int
    gid: int


class Cluster:
    """The cluster below `home`, a folder of the data directory that belongs to PostgreSQL's user."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "cluster"
        self.socket_folder = home / "socket"

    # What is on the disk.

    def make(self, *, owner_role: str, owner_password: str, durable: bool) -> None:
        """Make the folders and run initdb where there is no cluster yet."""
        self._make_folder(self.home)
        self._make_folder(self.socket_folder)
        version = self.folder / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != MAJOR_VERSION:
                raise Unavailable(
                    code="database_start_failed",
                    reason=f"{self.folder} was made by PostgreSQL {found}; this program brings {MAJOR_VERSION}",
                    next_step="restore a backup into a new data directory",
                )
            return
        # Made beside and renamed when complete, so that a killed initdb leaves nothing that looks like a cluster.
        unfinished = self.home / "cluster.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        self._make_folder(unfinished)
        with tempfile.TemporaryFile() as password:
            password.write(owner_password.encode() + b"\n")
            password.seek(0)
            self._initdb(unfinished, password.fileno(), owner_role=owner_role, durable=durable)
        unfinished.rename(self.folder)

    def _initdb(self, folder: Path, password: int, *, owner_role: str, durable: bool) -> None:
        user = self._server_user()
        if user is not None:
            # initdb opens /dev/fd/0 anew, as its own user.
            os.fchown(password, user.uid, user.gid)
        command = [
            str(self._binaries() / "initdb"),
            f"--pgdata={_as_seen_by_server(folder)}",
            f"--username={owner_role}",
            "--pwfile=/dev/fd/0",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *(f"--set={name}={value}" for name, value in TUNED.items()),
            *(() if durable else ("--no-sync",)),
        ]
        with _switching_user():
            made = subprocess.run(  # noqa: S603 - our own program and arguments
                command,
                cwd=folder,
                stdin=password,
                capture_output=True,
                text=True,
                errors="replace",
                env=_environment(),
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
                check=False,
            )
        if made.returncode != 0:
            raise Unavailable(code="database_start_failed", reason=f"initdb: {made.stderr.strip()[-500:]}")

    def _make_folder(self, folder: Path) -> None:
        """Make a folder that belongs to PostgreSQL's user; one that exists is left as it is."""
        user = self._server_user()
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            return
        if user is not None:
            # Never through a link: its user could have put one here, and be given the folder it points to.
            os.chown(folder, user.uid, user.gid, follow_symlinks=False)

    def _server_user(self) -> ServerUser | None:
        """Whom PostgreSQL runs as; None: ourselves. A cluster that exists decides, then the data directory."""
        if os.geteuid() != 0:
            return None
        for folder in (self.home, self.home.parent):
            if folder.exists() and folder.stat().st_uid != 0:
                return ServerUser(uid=folder.stat().st_uid, gid=folder.stat().st_gid)
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError as error:
            raise Unavailable(
                code="database_start_failed",
                reason="PostgreSQL cannot run as root, and there is no user nobody",
                next_step="run counterfoil as an ordinary user, or give the data directory to one",
            ) from error
        return ServerUser(uid=nobody.pw_uid, gid=nobody.pw_gid)

    def _binaries(self) -> Path:
        user = self._server_user()
        return postgres_binaries(uid=user.uid, gid=user.gid) if user else postgres_binaries()

    # Its processes.

    def launch(self, *, settings: Mapping[str, str], log: int, lock: int) -> subprocess.Popen[bytes]:
        """Start a postmaster that writes to `log` and, with all its children, keeps `lock` open."""
        user = self._server_user()
        self._remove_stale_pid_file()
        command = [str(self._binaries() / "postgres"), "-D", _as_seen_by_server(self.folder)]
        command += [f"--{name}={value}" for name, value in {**FIXED, **settings}.items()]
        with _switching_user():
            return subprocess.Popen(  # noqa: S603 - our own program and arguments
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                pass_fds=(lock,),
                # A Ctrl-C in our terminal is ours to handle.
                start_new_session=True,
                umask=0o077,
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
            )

    def postmaster(self) -> int | None:
        """The process id of the living postmaster, or None."""
        try:
            recorded = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        if recorded <= 1:
            return None
        if _PROCESSES.is_dir():
            return recorded if self._is_ours(recorded, when_hidden=True) else None
        with suppress(PermissionError):
            try:
                os.kill(recorded, 0)
            except ProcessLookupError:
                return None
        return recorded

    def kill_orphans(self) -> None:
        """Kill what a dead postmaster has left: PostgreSQL cannot start beside it."""
        for entry in _PROCESSES.iterdir() if _PROCESSES.is_dir() else ():
            if entry.name.isdecimal() and self._is_ours(int(entry.name), when_hidden=False):
                with suppress(OSError):
                    os.kill(int(entry.name), signal.SIGKILL)

    def _is_ours(self, process: int, *, when_hidden: bool) -> bool:
        """Whether it is a living PostgreSQL process with this cluster as its working directory.

        In a container, root may not be allowed to see the working directory of another user's process.
        """
        entry = _PROCESSES / str(process)
        try:
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            # A zombie is dead, however long nobody collects it.
            if name != "postgres" or rest.split()[0] in "ZX":
                return False
            return os.path.samestat((entry / "cwd").stat(), self.folder.stat())
        except PermissionError:
            return when_hidden
        except OSError:
            return False

    def _remove_stale_pid_file(self) -> None:
        # PostgreSQL takes any living process with the recorded number for a postmaster: after a restart of the
        # machine, or where nobody reaps the dead, it would refuse to start. The caller holds the lock that every
        # process of ours would hold, so only a server that somebody started by hand is left to look for.
        if self.postmaster() is None:
            (self.folder / "postmaster.pid").unlink(missing_ok=True)
            for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
                (self.socket_folder / name).unlink(missing_ok=True)


@contextmanager
def _switching_user() -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise Unavailable(
            code="database_start_failed",
            reason=f"PostgreSQL could not be run: {error.strerror}",
            next_step="run counterfoil as an ordinary user who owns the data directory",
        ) from error


def _as_seen_by_server(folder: Path) -> str:
    # Root's PostgreSQL runs as a user who may not be able to walk to its own folder; it already stands in it.
    return str(_WORKING_DIRECTORY if os.geteuid() == 0 and _WORKING_DIRECTORY.exists() else folder)


def _environment() -> dict[str, str]:
    # Nothing of ours is inherited: PG* variables would change what PostgreSQL does, and secrets are not its business.
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
