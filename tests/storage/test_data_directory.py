from __future__ import annotations

import base64
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from counterfoil.foundation.errors import InputError, Unavailable
from counterfoil.settings import Settings
from counterfoil.storage.data_directory import DataDirectory

KEY = base64.b64encode(bytes(range(32))).decode()


def test_it_is_made_for_its_owner_alone(data_directory: DataDirectory) -> None:
    data_directory.signing_key, data_directory.sealer, data_directory.operator_token  # noqa: B018 - made on first use
    assert stat.S_IMODE(data_directory.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(data_directory.checkpoints.stat().st_mode) == 0o700
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data_directory.path.iterdir() if path.is_file()}
    assert files == {"signing.key": 0o600, "sealing.key": 0o600, "operator.token": 0o600}
    assert data_directory.too_open() == []


def test_its_secrets_stay_the_same(data_directory: DataDirectory) -> None:
    again = DataDirectory(data_directory.path)
    assert again.unseal(data_directory.seal(b"secret", context=b"row"), context=b"row") == b"secret"
    assert again.operator_token == data_directory.operator_token
    assert again.signing_key.public_key() == data_directory.signing_key.public_key()


def test_processes_that_make_a_secret_at_once_get_the_same(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def token() -> str:
        directory = DataDirectory(tmp_path / "data")
        together.wait()
        return directory.operator_token

    with ThreadPoolExecutor(8) as pool:
        tokens = [future.result() for future in [pool.submit(token) for _ in range(8)]]
    assert len(set(tokens)) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["operator.token"]


def test_settings_replace_the_files(tmp_path: Path) -> None:
    token = "a-token-of-more-than-thirty-two-characters"
    settings = Settings.load(
        {
            "COUNTERFOIL_DATA_DIR": str(tmp_path / "data"),
            "COUNTERFOIL_SIGNING_KEY": KEY,
            "COUNTERFOIL_SEALING_KEY": f"3:{KEY}",
            "COUNTERFOIL_OPERATOR_TOKEN": token,
        }
    )
    directory = DataDirectory.of(settings)
    assert directory.operator_token == token
    assert directory.seal(b"x")[0] == 3
    assert directory.signing_key.private_bytes_raw() == bytes(range(32))
    assert list(directory.path.iterdir()) == []


def test_the_operator_token_is_told_from_others(data_directory: DataDirectory) -> None:
    token = data_directory.operator_token
    assert token.startswith("cfop_")
    assert data_directory.is_operator_token(token)
    for other in ("", token[:-1], token + "x", token.upper(), "令牌", "\ud800"):
        assert not data_directory.is_operator_token(other)


def test_a_secret_that_cannot_be_used_is_named_and_not_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="COUNTERFOIL_OPERATOR_TOKEN") as caught:
        DataDirectory(tmp_path, operator_token="planted").operator_token  # noqa: B018
    assert "planted" not in str(caught.value)
    (tmp_path / "signing.key").write_text("planted")
    with pytest.raises(InputError, match=r"signing\.key") as caught:
        DataDirectory(tmp_path).signing_key  # noqa: B018
    assert "planted" not in str(caught.value)


def test_files_that_others_can_read_are_named(data_directory: DataDirectory) -> None:
    data_directory.operator_token  # noqa: B018 - made on first use
    (data_directory.path / "operator.token").chmod(0o640)
    assert data_directory.too_open() == [data_directory.path / "operator.token"]


def test_a_path_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable) as caught:
        DataDirectory(tmp_path / "file")
    assert caught.value.code == "data_directory_unusable"


@pytest.mark.skipif(os.geteuid() != 0, reason="root only")
def test_what_root_makes_in_somebodys_directory_is_theirs(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    directory = DataDirectory(tmp_path)
    directory.operator_token, directory.checkpoints  # noqa: B018 - made on first use
    assert {path.stat().st_uid for path in tmp_path.iterdir()} == {65534}
