from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.settings import SETTINGS, Settings, unknown_variables

SECRET = "hunter2-planted-secret"


def test_the_defaults_are_a_working_configuration() -> None:
    settings = Settings.load({})
    assert settings.data_dir == Path("counterfoil-data")
    assert settings.database_url is None
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8787, 1)
    assert settings.request_body_max_bytes == 32 * 2**20
    assert settings.trusted_proxies == ()
    assert settings.hold_seconds == settings.call_deadline_seconds + 60
    assert Settings.load({setting.variable: " " for setting in SETTINGS}) == settings


def test_the_environment_replaces_defaults_and_the_command_line_the_environment() -> None:
    environ = {"COUNTERFOIL_PORT": "9000", "COUNTERFOIL_HOST": "0.0.0.0", "COUNTERFOIL_DATA_DIR": "/a"}
    settings = Settings.load(environ, port=9001, host=None, data_dir=Path("/b"))
    assert (settings.port, settings.host, settings.data_dir) == (9001, "0.0.0.0", Path("/b"))
    with pytest.raises(TypeError, match="prot"):
        Settings.load({}, prot=1)


def test_values_are_read() -> None:
    settings = Settings.load(
        {
            "COUNTERFOIL_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "COUNTERFOIL_REQUEST_BODY_MAX_BYTES": "512 KiB",
            "COUNTERFOIL_FIT_POLICY": "STRICT",
            "COUNTERFOIL_PUBLIC_URL": "https://api.example.com/",
            "COUNTERFOIL_DATA_DIR": "~/data",
        }
    )
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert settings.request_body_max_bytes == 512 * 1024
    assert settings.fit_policy == "strict"
    assert settings.public_url == "https://api.example.com"
    assert settings.data_dir == Path.home() / "data"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("COUNTERFOIL_PORT", "65536"),
        ("COUNTERFOIL_PORT", "-1"),
        ("COUNTERFOIL_PORT", "8_787"),
        ("COUNTERFOIL_PORT", "٨"),
        ("COUNTERFOIL_WORKERS", "0"),
        ("COUNTERFOIL_WORKERS", "two"),
        ("COUNTERFOIL_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("COUNTERFOIL_TRUSTED_PROXIES", "everyone"),
        ("COUNTERFOIL_LOG_FORMAT", "xml"),
        ("COUNTERFOIL_DEFAULT_LANGUAGE", "fr"),
        ("COUNTERFOIL_REQUEST_BODY_MAX_BYTES", "2GiB"),
        ("COUNTERFOIL_REQUEST_BODY_MAX_BYTES", "1.5MiB"),
        ("COUNTERFOIL_CALL_DEADLINE_SECONDS", "0"),
        ("COUNTERFOIL_PUBLIC_URL", "api.example.com"),
        ("COUNTERFOIL_APPROVAL_POLICY", "anyone"),
        ("COUNTERFOIL_APPROVAL_SINGLE_CAP", "-1"),
        ("COUNTERFOIL_APPROVAL_SINGLE_CAP", "1e3"),
        ("COUNTERFOIL_OPERATOR_NAME", "a\x00b"),
        ("COUNTERFOIL_HOST", "a\x00b"),
        ("COUNTERFOIL_DATA_DIR", "a\x00b"),
    ],
)
def test_a_value_that_cannot_be_read_is_named_with_what_was_expected(variable: str, text: str) -> None:
    with pytest.raises(InputError) as caught:
        Settings.load({variable: text})
    assert caught.value.code == "setting_invalid"
    assert caught.value.parameters["setting"] == variable
    assert caught.value.parameters["given"] == text
    assert caught.value.parameters["expected"]


def test_a_wrong_option_is_named_as_it_was_given() -> None:
    with pytest.raises(InputError, match="--data-dir"):
        Settings.load({}, data_dir="\x00")


@pytest.mark.parametrize("setting", [setting for setting in SETTINGS if setting.is_secret], ids=lambda it: it.name)
def test_a_secret_is_never_told(setting: object) -> None:
    name = setting.name  # type: ignore[attr-defined]
    with pytest.raises(InputError) as caught:
        Settings.load({f"COUNTERFOIL_{name.upper()}": SECRET + "\x07"})
    for said in (str(caught.value), repr(caught.value), repr(caught.value.__cause__), repr(caught.value.parameters)):
        assert SECRET not in said
    url = f"postgresql://user:{SECRET}@host/database"
    value = f"mailtos://user:{SECRET}@host" if name == "mail_url" else url
    settings = Settings.load({"COUNTERFOIL_DATABASE_URL": url, f"COUNTERFOIL_{name.upper()}": value})
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.shown())
    assert {text for row, text in settings.shown() if row.name == name} == {"set"}


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InputError, match="COUNTERFOIL_MIGRATION_URL"):
        Settings.load({"COUNTERFOIL_MIGRATION_URL": "postgresql://owner@host/database"})
    with pytest.raises(InputError, match="COUNTERFOIL_UPSTREAM_TIMEOUT_SECONDS"):
        Settings.load({"COUNTERFOIL_UPSTREAM_TIMEOUT_SECONDS": "601"})


def test_every_setting_is_explained() -> None:
    for setting in SETTINGS:
        assert re.fullmatch(r"[A-Z].*[.]", setting.help), setting.name
        assert setting.default is None or setting.kind.read(setting.default) is not None
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    shown = {setting.name: text for setting, text in Settings.load({}).shown()}
    assert shown["trusted_proxies"] == "none"
    assert shown["database_url"] == "not set"


def test_misspelt_variables_are_found() -> None:
    environ = {"COUNTERFOIL_DATABSE_URL": "x", "COUNTERFOIL_PORT": "1", "COUNTERFOIL_ZZZ": "x", "HOME": "/"}
    assert unknown_variables(environ) == {
        "COUNTERFOIL_DATABSE_URL": "COUNTERFOIL_DATABASE_URL",
        "COUNTERFOIL_ZZZ": None,
    }
