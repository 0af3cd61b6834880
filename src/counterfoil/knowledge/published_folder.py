"""The static copy in a folder: every file whole or not at all, and nothing touched that did not come from here.

A list beside the files, `.counterfoil-handbook.json`, says which files were written and with what content. It is written
before the files are, with the contents of before and after, so that a run that was killed can be run again; and once more
at the end. Whatever is not on the list, or has another content than the list says, is somebody else's: it is neither
replaced nor deleted, and where it is in the way nothing is written at all.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from counterfoil.foundation.errors import Conflict, InputError

LIST_NAME = ".counterfoil-handbook.json"
_PART = ".counterfoil-part"
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a run did: how many files it wrote, found as they should be, and took away because they are no more."""

    written: int
    unchanged: int
    removed: int


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Written:
    """Make a folder hold these files, by their paths in it.

    Raises `Conflict` (`publish_file_foreign`, `publish_under_way`) or `InputError` (`publish_folder_unusable`); then the
    folder is as it was.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            return _write(folder, files)
    except OSError as error:
        raise InputError(
            code="publish_folder_unusable", path=str(folder), reason=error.strerror or type(error).__name__
        ) from error


def _write(folder: Path, files: Mapping[str, bytes]) -> Written:
    known = _read_list(folder)
    wanted = {path: _digest(body) for path, body in files.items()}
    present = {path: _digest_of(folder / path) for path in {*known, *wanted}}
    for path, digest in sorted(present.items()):
        if path in wanted and digest not in (None, wanted[path], *known.get(path, ())):
            raise Conflict(code="publish_file_foreign", path=path)
    gone = [path for path in known if path not in wanted and present[path] in known[path]]
    changed = [path for path in files if present[path] != wanted[path]]
    both = {path: (*known.get(path, ()), wanted[path]) for path in wanted} | {path: known[path] for path in gone}
    _write_list(folder, both)
    # What pages load stands there before the pages do.
    for path in sorted(changed, key=lambda one: (not one.startswith("assets/"), one)):
        _write_whole(folder / path, files[path])
    for path in gone:
        _remove(folder, path)
    _write_list(folder, {path: (digest,) for path, digest in wanted.items()})
    return Written(written=len(changed), unchanged=len(files) - len(changed), removed=len(gone))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder for this run alone; whatever becomes of the process, the lock ends with it."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(code="publish_under_way", path=str(folder)) from error
        yield
    finally:
        os.close(opened)


def _read_list(folder: Path) -> dict[str, tuple[str, ...]]:
    path = folder / LIST_NAME
    if not path.exists():
        return {}
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {name: tuple(digests) for name, digests in files.items() if _is_inside(name)}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise Conflict(code="publish_file_foreign", path=LIST_NAME) from error


def _is_inside(name: str) -> bool:
    """Whether a name of the list stays in the folder: it is a file that anybody may have changed."""
    return not name.startswith("/") and ".." not in name.split("/")


def _write_list(folder: Path, files: Mapping[str, tuple[str, ...]]) -> None:
    document = {"version": _VERSION, "files": {path: list(dict.fromkeys(files[path])) for path in sorted(files)}}
    _write_whole(folder / LIST_NAME, json.dumps(document, indent=0).encode() + b"\n")


def _write_whole(path: Path, body: bytes) -> None:
    """Write a file so that whoever reads it gets the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + _PART)
    part.write_bytes(body)
    os.replace(part, path)


def _remove(folder: Path, path: str) -> None:
    """Take away a file of ours, and the folders that it leaves empty."""
    (folder / path).unlink()
    for parent in (folder / path).parents:
        if parent == folder:
            return
        with suppress(OSError):
            parent.rmdir()


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def _digest_of(path: Path) -> str | None:
    """The content of what stands there; None where nothing does. A link or a folder is never ours."""
    if path.is_symlink() or path.is_dir():
        return "other"
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return None
