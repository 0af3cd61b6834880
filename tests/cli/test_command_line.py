"""What every command has in common: options, exit statuses, languages, errors, tables, help."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.main import get_command

import counterfoil
from cli.conftest import Terminal
from counterfoil.cli.command import PANELS
from counterfoil.cli.errors import words_of
from counterfoil.cli.output import Column, fields, table
from counterfoil.cli.reference import commands_markdown, describe_commands, metrics_markdown, settings_markdown
from counterfoil.foundation.errors import InputError, LedgerRefused
from counterfoil.observability import metric_descriptions
from counterfoil.settings import SETTINGS


def test_every_command_has_help_and_the_common_options(terminal: Terminal) -> None:
    def walk(command: object, path: tuple[str, ...]) -> int:
        parts = getattr(command, "commands", None)
        if parts is not None:
            return sum(walk(part, (*path, name)) for name, part in parts.items())
        assert command.help, path
        options = {option for one in command.params for option in one.opts}
        if path[0] not in ("demo", "replay", "bench"):
            assert {"--json", "--data-dir", "--language"} <= options, path
            for one in command.params:
                assert getattr(one, "help", None), (path, one.name)
        return 1

    assert walk(get_command(terminal.application), ()) > 55


def test_the_help_is_grouped_in_the_order_in_which_people_need_it(terminal: Terminal) -> None:
    text = terminal.say("--help")
    places = [text.index(f"─ {panel} ─") for panel in PANELS]
    assert places == sorted(places)
    assert all(name in text for name in ("doctor", "serve", "accounts", "ledger", "explain"))


def test_the_version(terminal: Terminal) -> None:
    assert terminal.say("--version").strip() == f"counterfoil {counterfoil.__version__}"


def test_the_reference_names_every_command_option_setting_and_metric(terminal: Terminal) -> None:
    text = commands_markdown(terminal.application)
    for command in describe_commands(terminal.application):
        assert f"`{command.name}" in text
        assert all(f"`{one.written}`" in text for one in (*command.arguments, *command.options))
    assert all(setting.variable in settings_markdown() for setting in SETTINGS)
    assert all(metric.name in metrics_markdown() for metric in metric_descriptions())


def test_an_error_says_what_happened_what_is_true_now_and_what_to_do(terminal: Terminal) -> None:
    text = terminal.complain("accounts", "show", "nobody")
    assert "Account not found (account_not_found)" in text
    assert "account: nobody" in text
    assert "Nothing was changed" in text
    assert "What to change: Check the account's id or name." in text


def test_a_program_gets_the_error_as_one_object(terminal: Terminal) -> None:
    error = terminal.ask("accounts", "show", "nobody", status=1)["error"]
    assert (error["code"], error["parameters"]) == ("account_not_found", {"account": "nobody"})
    assert error["next_step"]


@pytest.mark.parametrize(
    ("variables", "options", "word"),
    [
        ({"LANG": "zh_CN.UTF-8"}, (), "没有这个账户"),
        ({"LANG": "en_GB.UTF-8", "COUNTERFOIL_DEFAULT_LANGUAGE": "zh"}, (), "Account not found"),
        ({"LANG": "de_DE.UTF-8", "COUNTERFOIL_DEFAULT_LANGUAGE": "zh"}, (), "没有这个账户"),
        ({"LANG": "C"}, (), "Account not found"),
        ({"LANG": "zh_CN.UTF-8"}, ("--language", "en"), "Account not found"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, (), "没有这个账户"),
    ],
)
def test_errors_are_told_in_the_terminals_language(
    terminal: Terminal, variables: dict[str, str], options: tuple[str, ...], word: str
) -> None:
    terminal.environment.update(variables)
    assert word in terminal.complain("accounts", "show", "nobody", *options)


def test_bad_usage_has_a_status_of_its_own(terminal: Terminal) -> None:
    terminal.complain("accounts", "show", status=2)
    terminal.complain("accounts", "no-such-command", status=2)
    terminal.complain("keys", "show", "acct_" + "0" * 32, status=2)
    terminal.environment["COUNTERFOIL_PORT"] = "many"
    assert "setting_invalid" in terminal.complain("accounts", "list", status=2)


def test_what_nobody_expected_shows_no_details(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("planted-detail")

    monkeypatch.setattr("counterfoil.ledger.service.Ledger.accounts", broken)
    result = terminal.run("accounts", "list")
    assert result.exit_code == 1
    assert "internal_error" in result.stderr
    assert "planted-detail" not in result.stdout + result.stderr


def test_a_database_that_is_away_is_told_without_its_address(terminal: Terminal) -> None:
    terminal.environment["COUNTERFOIL_DATABASE_URL"] = "postgresql://someone:planted-password@127.0.0.1:1/nowhere"
    result = terminal.run("accounts", "list")
    assert result.exit_code == 1
    assert "database_unavailable" in result.stderr
    assert "planted-password" not in result.output


def test_the_data_directory_can_be_chosen(terminal: Terminal, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    terminal.ask("ledger", "checkpoint", "--data-dir", str(other))
    assert (other / "signing.key").exists()


def test_serve_takes_its_settings_from_options_and_environment(terminal: Terminal, tmp_path: Path) -> None:
    terminal.environment["COUNTERFOIL_LANES"] = "3"
    terminal.say("serve", "--port", "0", "--workers", "2", "--data-dir", str(tmp_path / "there"))
    (settings,) = terminal.served
    assert (settings.port, settings.workers, settings.lanes, settings.log_level) == (0, 2, 3, "info")
    assert settings.data_dir == tmp_path / "there"
    assert "setting_invalid" in terminal.complain("serve", "--workers", "0", status=2)


def test_codes_without_words_are_told_in_those_of_their_kind() -> None:
    assert words_of(LedgerRefused(code="nobody_described_this")).code == "ledger_refused"
    assert words_of(InputError(code="nobody_described_this")).code == "bad_request"


def test_a_table_is_aligned_never_cut_and_one_line_a_row() -> None:
    long = "x" * 300
    lines = table(("name", Column(name="sum", right=True), "note"), [("极光", 5, long), ("Ada", 1234, "two\nlines")])
    assert lines == [
        "NAME   SUM  NOTE",
        f"极光     5  {long}",
        "Ada   1234  two lines",
    ]  # fmt: skip
    assert table(("name",), [], empty="Nothing here.") == ["Nothing here."]


def test_fields_are_aligned() -> None:
    assert fields({"a": None, "longer": True, "list": ("x", "y")}) == ["a       -", "longer  yes", "list    x, y"]


def test_json_is_one_object_on_standard_output(terminal: Terminal) -> None:
    terminal.say("accounts", "create", "极光")
    output = terminal.say("accounts", "list", "--json")
    assert output.count("\n") == 1
    assert json.loads(output)["accounts"][0]["name"] == "极光"
