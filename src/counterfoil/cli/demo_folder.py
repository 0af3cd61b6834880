"""The demo's own data directory: made anew for each run, and never one that holds anything else.

`demo.json` marks it as a demo's and tells the pages what to show; `demo.lock` is held as long as a demo uses it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Self

import orjson

from counterfoil.foundation.errors import Conflict, InputError, Unavailable
from counterfoil.storage.embedded import EmbeddedPostgres

PAGE_FILE = "demo.json"
_LOCK_FILE = "demo.lock"
_NAME = "demo"
# Demos at the same time beside each other; more are a mistake.
_AT_ONCE_MAX = 9
# Held by whoever uses the embedded PostgreSQL.
_USERS_LOCK = "postgres-users.lock"
_ORPHANS_SECONDS_MAX = 20


@dataclass(slots=True, kw_only=True)
class DemoPage:
    """What the pages of a demo show beside the form; the demo writes it, the serving process reads it.

    `request_ids` are examples by refusal code; `progress` is how many calls of the replay have been made, of how many.
    None: not known yet.
    """

    served_call: str | None = None
    refused_call: str | None = None
    request_ids: dict[str, str] = field(default_factory=dict)
    progress: tuple[int, int] | None = None
    upstream_billed_nanos: int | None = None
    ledger_verified: bool | None = None

    def write(self, data_dir: Path) -> None:
        """Replace the file as a whole: it is read while it is written."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        scratch = data_dir / f".{PAGE_FILE}"
        with open_private(scratch) as file:
            file.write(orjson.dumps(known))
        scratch.replace(data_dir / PAGE_FILE)

    def forget_calls(self, data_dir: Path) -> None:
        """Take the ready calls out again: they hold keys, and those are not kept."""
        self.served_call = self.refused_call = None
        self.write(data_dir)


class DemoFolder:
    """A folder that belongs to this run of the demo until it is released."""

    def __init__(self, path: Path, lock: IO[bytes]) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def claim(cls, path: Path) -> Self:
        """This folder, made anew.

        Raises `InputError` for one that holds something else than a demo, `Conflict` while another demo uses it.
        """
        if not is_free_for_demo(path):
            raise InputError(code="demo_folder_taken", path=str(path))
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = open_private(path / _LOCK_FILE)
        except OSError as error:
            raise Unavailable(code="data_directory_unusable", path=str(path), reason=error.strerror) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Conflict(code="demo_running", path=str(path)) from None
        folder = cls(path, lock)
        folder._empty()
        DemoPage().write(path)
        return folder

    @classmethod
    def claim_beside(cls, data_dir: Path) -> Self:
        """A folder of its own inside the data directory: `demo`, or `demo-2` while another demo runs, and so on."""
        for number in range(1, _AT_ONCE_MAX + 1):
            try:
                return cls.claim(data_dir / (_NAME if number == 1 else f"{_NAME}-{number}"))
            except Conflict:
                continue
        raise Conflict(code="demo_running", path=str(data_dir / _NAME))

    def release(self) -> None:
        """Let go of it; what the demo has recorded stays for those who want to look."""
        self._lock.close()

    def _wait_for_orphans(self) -> None:
        """Let the processes of a demo that was killed end: a serving one would start its PostgreSQL again."""
        until = time.monotonic() + _ORPHANS_SECONDS_MAX
        with (self.path / _USERS_LOCK).open("a") as users:
            while time.monotonic() < until:
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except BlockingIOError:
                    time.sleep(0.1)

    def _empty(self) -> None:
        """Remove what an earlier demo has left; its PostgreSQL first, if it was killed beside it."""
        if (self.path / "postgres").exists():
            self._wait_for_orphans()
            EmbeddedPostgres(self.path).stop()
        for entry in self.path.iterdir():
            if entry.name == _LOCK_FILE:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def open_private(path: Path) -> IO[bytes]:
    """A file to be written that only its owner can read."""
    return open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600))


def is_free_for_demo(path: Path) -> bool:
    """Whether the folder is an earlier demo's, empty, or not there yet."""
    if not path.exists():
        return True
    if not path.is_dir():
        return False
    return (path / PAGE_FILE).exists() or all(name == _LOCK_FILE for name in os.listdir(path))
