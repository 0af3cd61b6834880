from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from counterfoil.foundation.errors import Unavailable
from counterfoil.storage import binaries
from counterfoil.storage.embedded import EmbeddedPostgres

AS_ROOT = os.geteuid() == 0
STARTER = """
import sys
from pathlib import Path
from counterfoil.storage.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
server.start_or_attach()
print("ready", flush=True)
sys.stdin.read()
server.release()
print("released", flush=True)
"""


def embedded(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir, durable=False, settings={"shared_buffers": "16MB"})


@pytest.fixture(scope="module")
def used_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose server has run and was stopped, with one row in it: most tests need no new one."""
    data_dir = tmp_path_factory.mktemp("embedded") / "data"
    with EmbeddedPostgres(data_dir) as server, psycopg.connect(server.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert not is_running(server)
    return data_dir


@pytest.fixture
def data_dir(used_data_dir: Path) -> Iterator[Path]:
    yield used_data_dir
    EmbeddedPostgres(used_data_dir).stop()


def copy_of(used_data_dir: Path, data_dir: Path) -> Path:
    """A copy with its owners, which is quicker than another initdb."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", used_data_dir, data_dir], check=True)
    return data_dir


@contextmanager
def other_process(data_dir: Path, **options: object) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server until its standard input closes."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def says(process: subprocess.Popen[str], word: str) -> bool:
    assert process.stdout is not None
    return process.stdout.readline().strip() == word


def leaves(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert says(process, "released")


def is_running(server: EmbeddedPostgres) -> bool:
    try:
        psycopg.connect(server.owner_url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def postmaster_of(data_dir: Path) -> int:
    return int((data_dir / "postgres/cluster/postmaster.pid").read_text().split()[0])


def test_a_database_that_was_stopped_has_kept_its_rows(data_dir: Path) -> None:
    with embedded(data_dir) as server:
        assert value(server.owner_url, "SELECT answer FROM kept") == 42


def test_the_server_is_durable_and_tuned_and_has_no_port(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "autovacuum"):
            assert value(server.owner_url, f"SHOW {setting}") == "on"
        assert value(server.owner_url, "SHOW listen_addresses") == ""
        assert value(server.owner_url, "SHOW shared_buffers") == "256MB"
        assert value(server.owner_url, "SHOW max_wal_size") == "4GB"


def test_only_the_password_opens_it(data_dir: Path) -> None:
    with embedded(data_dir) as server:
        password = (data_dir / "postgres-owner.password").read_text().strip()
        assert len(password) >= 40
        for wrong in ("", "counterfoil", password[:-1]):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(server.owner_url.replace(password, wrong))


def test_files_and_folders_are_private(data_dir: Path) -> None:
    with embedded(data_dir) as server:
        server.runtime_password  # noqa: B018 - made on first use
        for folder in (data_dir, data_dir / "postgres", data_dir / "postgres/cluster", data_dir / "postgres/socket"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for file in data_dir.iterdir():
            if file.is_file():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_the_log_tells_no_values(data_dir: Path) -> None:
    with embedded(data_dir) as server:
        with psycopg.connect(server.owner_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS narrow (text text CHECK (length(text) < 3))")
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute("INSERT INTO narrow VALUES ('a-planted-secret')")
        log = server.log_path.read_text()
    assert "violates check constraint" in log
    assert "a-planted-secret" not in log


def test_a_second_process_attaches_and_the_last_one_to_leave_stops_it(data_dir: Path) -> None:
    server = embedded(data_dir)
    server.start_or_attach()
    first = postmaster_of(data_dir)
    with other_process(data_dir) as other:
        assert says(other, "ready")
        assert postmaster_of(data_dir) == first
        server.release()
        assert is_running(server)
        leaves(other)
    assert not is_running(server)


def test_two_instances_in_one_process_count_twice(data_dir: Path) -> None:
    with embedded(data_dir) as outer:
        with embedded(data_dir):
            pass
        assert is_running(outer)
    assert not is_running(outer)


def test_a_killed_starter_leaves_a_server_that_the_next_one_uses_and_stops(data_dir: Path) -> None:
    with other_process(data_dir) as starter:
        assert says(starter, "ready")
        first = postmaster_of(data_dir)
        starter.kill()
        starter.wait()
    server = embedded(data_dir)
    assert is_running(server)
    server.start_or_attach()
    assert postmaster_of(data_dir) == first
    server.release()
    assert not is_running(server)


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(data_dir: Path) -> None:
    with other_process(data_dir, start_new_session=True) as starter:
        assert says(starter, "ready")
        os.killpg(starter.pid, signal.SIGINT)
        starter.wait()
    assert is_running(embedded(data_dir))


def test_a_killed_postmaster_is_replaced_and_nothing_committed_is_lost(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start_or_attach()
    with psycopg.connect(server.owner_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS survivors (number int)")
        connection.execute("INSERT INTO survivors VALUES (1)")
    before = value(server.owner_url, "SELECT count(*) FROM survivors")
    killed = postmaster_of(data_dir)
    os.kill(killed, signal.SIGKILL)
    server.start_or_attach()
    assert postmaster_of(data_dir) != killed
    assert value(server.owner_url, "SELECT count(*) FROM survivors") == before
    server.release()
    assert not is_running(server)


def test_a_killed_postmaster_with_a_busy_child_is_replaced(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.storage.embedded._ORPHAN_PATIENCE_SECONDS", 0.3)
    server = embedded(data_dir)
    server.start_or_attach()
    with psycopg.connect(server.owner_url) as connection:
        busy = connection.info.backend_pid

        def loop_for_ever() -> None:
            # Never waits for anything, so it does not notice that its postmaster has gone.
            with pytest.raises(psycopg.OperationalError):
                connection.execute("DO $$ BEGIN LOOP END LOOP; END $$")

        thread = threading.Thread(target=loop_for_ever)
        thread.start()
        while value(server.owner_url, f"SELECT state FROM pg_stat_activity WHERE pid = {busy}") != "active":
            pass
        os.kill(postmaster_of(data_dir), signal.SIGKILL)
        try:
            server.start_or_attach()
            assert is_running(server)
        finally:
            with suppress(ProcessLookupError):
                os.kill(busy, signal.SIGKILL)
            thread.join()
    server.release()


def test_two_starters_at_once_get_one_server_even_after_an_initdb_that_was_killed(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    unfinished = data_dir / "postgres/cluster.new"
    for folder in (data_dir, data_dir / "postgres", unfinished):
        folder.mkdir(mode=0o700)
        if AS_ROOT and folder != data_dir:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    (unfinished / "half").write_text("done")
    with other_process(data_dir) as first, other_process(data_dir) as second:
        assert says(first, "ready")
        assert says(second, "ready")
        leaves(first)
        assert is_running(embedded(data_dir))
        leaves(second)
        assert not is_running(embedded(data_dir))
    assert not unfinished.exists()
    embedded(data_dir).stop()


def test_stop_ends_it_for_everybody_and_start_begins_again(data_dir: Path) -> None:
    with other_process(data_dir) as other:
        assert says(other, "ready")
        embedded(data_dir).stop()
        assert not is_running(embedded(data_dir))
        server = embedded(data_dir)
        server.start_or_attach()
        leaves(other)
        assert is_running(server)
        server.release()
    assert not is_running(server)


def test_stop_and_release_without_a_server_do_nothing(tmp_path: Path) -> None:
    server = embedded(tmp_path / "never-made")
    server.release()
    server.stop()
    assert not (tmp_path / "never-made").exists()


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(data_dir: Path) -> None:
    (data_dir / "postgres/cluster/postmaster.pid").write_text(f"{os.getpid()}\n{data_dir}\n1\n5432\n\n\n1 1\nready\n")
    with embedded(data_dir) as server:
        assert is_running(server)


def test_a_long_path_is_reached_through_a_short_link(data_dir: Path, tmp_path: Path) -> None:
    deep = copy_of(data_dir, tmp_path / ("long" * 20) / ("longer" * 10))
    with embedded(deep) as server:
        assert is_running(server)
        links = [path for path in Path(tempfile.gettempdir()).glob("counterfoil-*") if path.is_symlink()]
        ours = [link for link in links if link.readlink() == deep / "postgres/socket"]
        assert len(ours) == 1
    assert not ours[0].is_symlink()


def test_a_removed_data_directory_leaves_no_server(data_dir: Path, tmp_path: Path) -> None:
    server = embedded(copy_of(data_dir, tmp_path / "data"))
    server.start_or_attach()
    postmaster = postmaster_of(tmp_path / "data")
    shutil.rmtree(tmp_path / "data")
    server.release()
    with pytest.raises(ProcessLookupError):
        os.kill(postmaster, 0)


def test_what_keeps_it_from_starting_is_said(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={"shared_buffers": "much"})
    with pytest.raises(Unavailable) as caught:
        server.start_or_attach()
    assert caught.value.code == "database_start_failed"
    assert 'invalid value for parameter "shared_buffers"' in caught.value.parameters["reason"]


def test_a_lost_password_is_said(data_dir: Path) -> None:
    password = data_dir / "postgres-owner.password"
    kept = password.read_text()
    password.write_text("another\n")
    try:
        with pytest.raises(Unavailable, match="not the password of this cluster"):
            embedded(data_dir).start_or_attach()
    finally:
        password.write_text(kept)


def test_a_cluster_of_another_version_is_left_alone(data_dir: Path) -> None:
    version = data_dir / "postgres/cluster/PG_VERSION"
    version.write_text("17\n")
    try:
        with pytest.raises(Unavailable, match="PostgreSQL 17"):
            embedded(data_dir).start_or_attach()
    finally:
        version.write_text("18\n")


@pytest.mark.skipif(not AS_ROOT, reason="root only")
def test_root_runs_it_as_somebody_else_and_opens_no_parent(data_dir: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with embedded(copy_of(data_dir, closed / "data")):
        runs_as = Path(f"/proc/{postmaster_of(closed / 'data')}").stat().st_uid
        assert runs_as == pwd.getpwnam("nobody").pw_uid
        for parent in (closed, closed / "data"):
            assert (parent.stat().st_uid, stat.S_IMODE(parent.stat().st_mode)) == (0, 0o700)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own cannot be."""
    with tempfile.TemporaryDirectory(prefix="counterfoil-open-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(not AS_ROOT, reason="root only")
def test_root_and_the_owner_of_a_data_directory_share_it(used_data_dir: Path, open_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    data_dir = copy_of(used_data_dir, open_folder / "data")
    for path in (data_dir, *data_dir.iterdir()):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    with embedded(data_dir) as server:
        server.runtime_password  # noqa: B018 - made on first use
        first = postmaster_of(data_dir)
        made = [path for path in data_dir.rglob("*") if not path.is_symlink()]
        assert {path.stat().st_uid for path in made} == {nobody.pw_uid}
        if not binaries._can_run(binaries.postgres_binaries() / "postgres", uid=nobody.pw_uid, gid=nobody.pw_gid):
            pytest.skip("other users cannot reach this installation")
        as_owner = os.fork()
        if as_owner == 0:
            exit_as_ordinary_user(data_dir, nobody, first)
        assert os.waitstatus_to_exitcode(os.waitpid(as_owner, 0)[1]) == 0
        assert is_running(server)
    as_owner = os.fork()
    if as_owner == 0:
        exit_as_ordinary_user(data_dir, nobody, None)
    assert os.waitstatus_to_exitcode(os.waitpid(as_owner, 0)[1]) == 0
    assert not is_running(server)


def exit_as_ordinary_user(data_dir: Path, user: pwd.struct_passwd, expected_postmaster: int | None) -> None:
    """In a forked process: become the user, use the server, and end with status 0 if all was well."""
    try:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        with embedded(data_dir) as server:
            assert value(server.owner_url, "SELECT 1") == 1
            assert Path(f"/proc/{postmaster_of(data_dir)}").stat().st_uid == user.pw_uid
            assert expected_postmaster in (None, postmaster_of(data_dir))
    except BaseException:  # noqa: BLE001 - the forked process must not run on into pytest
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@pytest.mark.skipif(not AS_ROOT, reason="root only")
def test_root_copies_binaries_that_others_cannot_reach(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr(binaries, "_COPIES", open_folder / "copies")
    runs: list[Path] = []
    can_run: Callable[..., bool] = binaries._can_run

    def only_copies(program: Path, *, uid: int, gid: int) -> bool:
        runs.append(program)
        return open_folder in program.parents and can_run(program, uid=uid, gid=gid)

    monkeypatch.setattr(binaries, "_can_run", only_copies)
    for _ in range(2):
        folder = binaries.postgres_binaries(uid=nobody.pw_uid, gid=nobody.pw_gid)
        assert open_folder in folder.parents
        assert binaries._can_run(folder / "initdb", uid=nobody.pw_uid, gid=nobody.pw_gid)
    assert len(list((open_folder / "copies").iterdir())) == 1


@pytest.mark.skipif(not AS_ROOT, reason="root only")
def test_root_follows_no_link_that_its_user_has_put(data_dir: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o700)
    prepared = copy_of(data_dir, tmp_path / "data")
    (prepared / "postgres.log").unlink()
    (prepared / "postgres.log").symlink_to(precious / "log")
    with pytest.raises(OSError, match="symbolic link"):
        embedded(prepared).start_or_attach()
    assert list(precious.iterdir()) == []
