"""The demo's own folder: made anew each time, and never one that holds anything else."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from counterfoil.cli.demo_folder import DemoFolder, DemoPage
from counterfoil.cli.demo_processes import HOST, choose_port
from counterfoil.foundation.errors import Conflict, InputError


def test_a_folder_that_is_not_there_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = DemoFolder.claim(tmp_path / "new" / "demo")
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.path.iterdir())
    folder.release()


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    DemoFolder.claim(tmp_path).release()
    assert (tmp_path / "demo.json").exists()


def test_what_an_earlier_demo_has_left_is_removed(tmp_path: Path) -> None:
    folder = DemoFolder.claim(tmp_path)
    (tmp_path / "serve.log").write_text("old")
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "1").write_text("old")
    DemoPage(request_ids={"key_limit": "req_old"}).write(tmp_path)
    folder.release()
    DemoFolder.claim(tmp_path).release()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.json", "demo.lock"]
    assert json.loads((tmp_path / "demo.json").read_bytes())["request_ids"] == {}


@pytest.mark.parametrize("name", ["operator.token", "holiday.jpg", "postgres"])
def test_a_folder_with_anything_else_is_never_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(InputError) as caught:
        DemoFolder.claim(tmp_path)
    assert caught.value.code == "demo_folder_taken"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "precious"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(InputError):
        DemoFolder.claim(tmp_path / "file")


def test_a_folder_that_a_demo_is_using_is_not_taken_from_it(tmp_path: Path) -> None:
    folder = DemoFolder.claim(tmp_path)
    (tmp_path / "serve.log").write_text("in use")
    with pytest.raises(Conflict) as caught:
        DemoFolder.claim(tmp_path)
    assert caught.value.code == "demo_running"
    assert (tmp_path / "serve.log").exists()
    folder.release()


def test_demos_at_the_same_time_have_folders_beside_each_other(tmp_path: Path) -> None:
    folders = [DemoFolder.claim_beside(tmp_path) for _ in range(3)]
    assert [folder.path.name for folder in folders] == ["demo", "demo-2", "demo-3"]
    folders[0].release()
    again = DemoFolder.claim_beside(tmp_path)
    assert again.path.name == "demo"
    for folder in (*folders[1:], again):
        folder.release()


def test_ready_calls_are_taken_out_of_the_page_because_they_hold_keys(tmp_path: Path) -> None:
    page = DemoPage(served_call="curl -H 'Authorization: Bearer sk-cf-x'", request_ids={"key_limit": "req_1"})
    page.write(tmp_path)
    assert b"sk-cf-x" in (tmp_path / "demo.json").read_bytes()
    page.forget_calls(tmp_path)
    assert json.loads((tmp_path / "demo.json").read_bytes()) == {"request_ids": {"key_limit": "req_1"}}


def test_a_port_that_is_taken_is_refused_where_it_was_asked_for_and_avoided_where_it_was_not() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(InputError) as caught:
            choose_port(taken, preferred=0)
        assert caught.value.code == "port_taken"
        assert choose_port(None, preferred=taken) not in (0, taken)
    assert choose_port(0, preferred=taken) not in (0, taken)
