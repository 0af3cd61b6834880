"""The static copy's folder: whole files, runs that can be run again, and nothing of anybody else's touched."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from counterfoil.foundation.errors import Conflict, InputError
from counterfoil.knowledge import published_folder
from counterfoil.knowledge.published_folder import LIST_NAME, Written, write_folder

FILES = {"help/en/a.html": b"a", "help/en/b.html": b"b", "assets/site.1.css": b"css", "robots.txt": b"r"}


def held(folder: Path) -> Mapping[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != LIST_NAME
    }


def test_a_folder_is_made_and_holds_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "copy"
    assert write_folder(folder, FILES) == Written(written=4, unchanged=0, removed=0)
    assert held(folder) == FILES


def test_another_run_writes_nothing_that_has_not_changed(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES)
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in FILES}
    assert write_folder(tmp_path, {**FILES, "robots.txt": b"new"}) == Written(written=1, unchanged=3, removed=0)
    assert (tmp_path / "robots.txt").read_bytes() == b"new"
    assert [path for path, at in before.items() if (tmp_path / path).stat().st_mtime_ns != at] == ["robots.txt"]


def test_what_is_no_more_goes_with_its_empty_folder(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES)
    assert write_folder(tmp_path, {"robots.txt": b"r"}) == Written(written=0, unchanged=1, removed=3)
    assert held(tmp_path) == {"robots.txt": b"r"}
    assert not (tmp_path / "help").exists()


def test_files_of_others_stay(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES)
    (tmp_path / "help" / "en" / "mine.html").write_bytes(b"mine")
    (tmp_path / "CNAME").write_bytes(b"help.shop.test")
    write_folder(tmp_path, {"robots.txt": b"r"})
    assert held(tmp_path) == {"robots.txt": b"r", "help/en/mine.html": b"mine", "CNAME": b"help.shop.test"}


def test_a_file_of_somebody_else_in_the_way_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "robots.txt").write_bytes(b"mine")
    with pytest.raises(Conflict) as refused:
        write_folder(tmp_path, FILES)
    assert (refused.value.code, refused.value.parameters["path"]) == ("publish_file_foreign", "robots.txt")
    assert held(tmp_path) == {"robots.txt": b"mine"}
    assert not (tmp_path / LIST_NAME).exists()


def test_a_file_of_somebody_else_with_the_same_content_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "robots.txt").write_bytes(b"r")
    assert write_folder(tmp_path, FILES).unchanged == 1


def test_a_file_of_ours_that_somebody_changed_is_theirs(tmp_path: Path) -> None:
    write_folder(tmp_path, FILES)
    (tmp_path / "robots.txt").write_bytes(b"changed")
    with pytest.raises(Conflict):
        write_folder(tmp_path, {**FILES, "robots.txt": b"new"})
    # Where it is no more, it is not deleted either.
    assert write_folder(tmp_path, {path: body for path, body in FILES.items() if path != "robots.txt"}).removed == 0
    assert (tmp_path / "robots.txt").read_bytes() == b"changed"


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_folder_or_a_link_in_the_way_is_somebody_elses(tmp_path: Path, kind: str) -> None:
    folder, outside = tmp_path / "copy", tmp_path / "outside"
    folder.mkdir()
    outside.write_bytes(b"r")
    if kind == "folder":
        (folder / "robots.txt").mkdir()
    else:
        (folder / "robots.txt").symlink_to(outside)
    with pytest.raises(Conflict):
        write_folder(folder, {"robots.txt": b"new"})
    assert outside.read_bytes() == b"r"


@pytest.mark.parametrize("files_written", range(5))
def test_a_run_that_was_stopped_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_written: int
) -> None:
    write_folder(tmp_path, {"robots.txt": b"old", "old.html": b"old"})
    real, count = os.replace, 0

    def stops(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        # The first is the list.
        if count > files_written + 1:
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(published_folder.os, "replace", stops)
        with pytest.raises(KeyboardInterrupt):
            write_folder(tmp_path, FILES)
    write_folder(tmp_path, FILES)
    write_folder(tmp_path, FILES)
    assert held(tmp_path) == FILES
    assert set(json.loads((tmp_path / LIST_NAME).read_text())["files"]) == set(FILES)


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    opened = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(opened, fcntl.LOCK_EX)
    with pytest.raises(Conflict, match="publish_under_way"):
        write_folder(tmp_path, FILES)
    os.close(opened)
    write_folder(tmp_path, FILES)


def test_a_folder_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="publish_folder_unusable"):
        write_folder(tmp_path / "file", FILES)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hosts", "help/../../outside.txt"])
def test_a_list_that_somebody_wrote_deletes_nothing_outside(tmp_path: Path, name: str) -> None:
    folder, outside = tmp_path / "copy", tmp_path / "outside.txt"
    outside.write_bytes(b"mine")
    write_folder(folder, FILES)
    listed = json.loads((folder / LIST_NAME).read_text())
    listed["files"][name] = [published_folder._digest(b"mine")]
    (folder / LIST_NAME).write_text(json.dumps(listed))
    write_folder(folder, FILES)
    assert outside.read_bytes() == b"mine"


def test_a_list_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    (tmp_path / LIST_NAME).write_text("[]")
    with pytest.raises(Conflict, match="publish_file_foreign"):
        write_folder(tmp_path, FILES)
    assert held(tmp_path) == {}
