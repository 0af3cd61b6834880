"""`doctor`: what is well, what is not, and what to do about it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.conftest import Terminal


def _states(answer: Any) -> dict[str, str]:
    return {check["name"]: check["state"] for check in answer["checks"]}


@pytest.fixture(autouse=True)
def free_port(environment: dict[str, str]) -> None:
    environment["COUNTERFOIL_PORT"] = "0"


def test_a_sound_installation_passes(terminal: Terminal) -> None:
    answer = terminal.ask("doctor")
    assert answer["passed"] is True
    assert _states(answer) == dict.fromkeys(
        ("program", "settings", "data directory", "keys", "postgresql", "migrations", "posted rows", "clock", "port"),
        "ok",
    )
    assert {setting["name"] for setting in answer["settings"]} >= {"data_dir", "database_url", "port"}
    assert "All is well." in terminal.say("doctor")


def test_secrets_of_settings_are_not_shown(terminal: Terminal) -> None:
    terminal.environment["COUNTERFOIL_OPERATOR_TOKEN"] = "planted-operator-token-" + "x" * 32
    shown = terminal.run("doctor").output
    assert "planted-operator-token" not in shown
    password = terminal.environment["COUNTERFOIL_DATABASE_URL"].split(":")[2].split("@")[0]
    assert password not in shown


def test_one_url_that_migrates_and_serves_is_warned_of(terminal: Terminal, owner_url: str) -> None:
    terminal.environment["COUNTERFOIL_DATABASE_URL"] = owner_url
    del terminal.environment["COUNTERFOIL_MIGRATION_URL"]
    answer = terminal.ask("doctor")
    check = next(one for one in answer["checks"] if one["name"] == "posted rows")
    assert check["state"] == "warning"
    assert "one URL" in check["found"]
    assert "COUNTERFOIL_MIGRATION_URL" in check["next_step"]


def test_rights_on_posted_rows_that_nobody_may_have_are_found(terminal: Terminal, owner_url: str) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute("GRANT UPDATE ON transfers TO counterfoil_runtime")
    assert _states(terminal.ask("doctor"))["posted rows"] == "warning"


def test_a_database_of_another_version_fails(terminal: Terminal, owner_url: str) -> None:
    with psycopg.connect(owner_url) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES ('9999_later.sql', 'x', 0)")
    answer = terminal.ask("doctor", status=1)
    assert _states(answer)["migrations"] == "failed"
    assert "9999_later.sql" in terminal.say("doctor", status=1)


def test_an_empty_database_waits_for_its_migrations(terminal: Terminal, owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    states = _states(terminal.ask("doctor"))
    assert (states["migrations"], states["posted rows"]) == ("warning", "warning")


def test_a_database_that_is_not_there_fails_without_its_address(terminal: Terminal) -> None:
    terminal.environment["COUNTERFOIL_DATABASE_URL"] = "postgresql://someone:planted-password@127.0.0.1:1/nowhere"
    answer = terminal.ask("doctor", status=1)
    assert _states(answer)["postgresql"] == "failed"
    assert "planted-password" not in str(answer)


def test_variables_that_are_not_settings_are_named(terminal: Terminal) -> None:
    terminal.environment["COUNTERFOIL_PROT"] = "1"
    answer = terminal.ask("doctor")
    check = next(one for one in answer["checks"] if one["name"] == "settings")
    assert check["state"] == "warning"
    assert "COUNTERFOIL_PORT" in check["found"]


def test_registration_without_a_mail_server_is_warned_of(terminal: Terminal) -> None:
    terminal.environment["COUNTERFOIL_REGISTRATION"] = "on"
    check = next(one for one in terminal.ask("doctor")["checks"] if one["name"] == "settings")
    assert check["state"] == "warning"
    assert "COUNTERFOIL_MAIL_URL" in check["next_step"]
    terminal.environment["COUNTERFOIL_MAIL_URL"] = "mailto://mail.example?from=desk@example.com"
    assert _states(terminal.ask("doctor"))["settings"] == "ok"


def test_secret_files_that_others_can_read_are_named(terminal: Terminal) -> None:
    terminal.ask("doctor")
    folder = Path(terminal.environment["COUNTERFOIL_DATA_DIR"])
    (folder / "signing.key").chmod(0o644)
    answer = terminal.ask("doctor")
    check = next(one for one in answer["checks"] if one["name"] == "data directory")
    assert check["state"] == "warning"
    assert check["next_step"] == f"chmod 600 {folder / 'signing.key'}"


def test_a_key_that_cannot_be_read_fails(terminal: Terminal) -> None:
    terminal.environment["COUNTERFOIL_SIGNING_KEY"] = "planted-but-not-a-key"
    answer = terminal.ask("doctor", status=1)
    assert _states(answer)["keys"] == "failed"
    assert "planted-but-not-a-key" not in str(answer)


def test_a_data_directory_that_cannot_be_made_fails(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = terminal.ask("doctor", "--data-dir", str(tmp_path / "file" / "below"), status=1)
    assert _states(answer)["data directory"] == "failed"


def test_a_port_in_use_is_told_from_an_address_that_is_not_ours(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        terminal.environment["COUNTERFOIL_PORT"] = str(taken.getsockname()[1])
        assert _states(terminal.ask("doctor"))["port"] == "warning"
    terminal.environment["COUNTERFOIL_HOST"] = "192.0.2.1"
    assert _states(terminal.ask("doctor", status=1))["port"] == "failed"
