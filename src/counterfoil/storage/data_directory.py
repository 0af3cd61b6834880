"""The data directory: keys and the operator's token, in files that only their owner can read.

    signing.key         Ed25519, signs checkpoints; base64 of the 32 bytes
    sealing.key         AES-256, seals secrets at rest; `1:BASE64`, one line per version
    operator.token      opens the management API
    administrator.link  makes the first administrator; gone once there is one
    checkpoints/        signed checkpoints, kept outside the database they vouch for
    postgres*           the embedded PostgreSQL, see `embedded.py`

Each secret may be given by a setting instead, which several hosts of one installation need.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.foundation.errors import InputError, Unavailable
from counterfoil.settings import VARIABLE_PREFIX, Settings
from counterfoil.storage.sealing import Sealer, make_sealing_key, read_key, read_sealing_keys

OPERATOR_TOKEN_PREFIX = "cfop_"  # noqa: S105 - what every token starts with
_TOKEN_LEAST_CHARACTERS = 32


class DataDirectory:
    """The data directory at a path, made on first use. Secrets that are given here replace their files."""

    def __init__(
        self,
        path: Path,
        *,
        signing_key: str | None = None,
        sealing_key: str | None = None,
        operator_token: str | None = None,
    ) -> None:
        self.path = path.absolute()
        self._given = {"signing_key": signing_key, "sealing_key": sealing_key, "operator_token": operator_token}
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(code="data_directory_unusable", path=str(self.path), reason=error.strerror) from error

    @classmethod
    def of(cls, settings: Settings) -> DataDirectory:
        return cls(
            settings.data_dir,
            signing_key=settings.signing_key,
            sealing_key=settings.sealing_key,
            operator_token=settings.operator_token,
        )

    @property
    def checkpoints(self) -> Path:
        folder = self.path / "checkpoints"
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            keep_owner(folder)
        return folder

    @cached_property
    def signing_key(self) -> Ed25519PrivateKey:
        text, source = self._secret("signing_key", "signing.key", _make_signing_key)
        return Ed25519PrivateKey.from_private_bytes(read_key(text, source=source))

    @cached_property
    def sealer(self) -> Sealer:
        text, source = self._secret("sealing_key", "sealing.key", make_sealing_key)
        return Sealer(read_sealing_keys(text, source=source))

    def seal(self, plain: bytes, *, context: bytes = b"") -> bytes:
        return self.sealer.seal(plain, context=context)

    def unseal(self, sealed: bytes, *, context: bytes = b"") -> bytes:
        return self.sealer.unseal(sealed, context=context)

    def derive(self, purpose: bytes) -> bytes:
        """A secret of its own for one purpose, such as keying hashes; hosts with the same sealing key have the same."""
        return self.sealer.derive(purpose)

    @cached_property
    def operator_token(self) -> str:
        """The token of the management API; whoever has it may do everything."""
        text, source = self._secret("operator_token", "operator.token", _make_operator_token)
        if len(text) < _TOKEN_LEAST_CHARACTERS or not text.isascii() or not text.isprintable() or " " in text:
            expected = f"at least {_TOKEN_LEAST_CHARACTERS} printable characters without spaces"
            raise InputError(code="token_unreadable", source=source, expected=expected)
        return text

    def is_operator_token(self, presented: str) -> bool:
        """Whether this is the operator's token, compared in constant time."""
        return hmac.compare_digest(self.operator_token.encode(), presented.encode("utf-8", "surrogatepass"))

    def too_open(self) -> list[Path]:
        """The secret files that others than their owner can read, which `doctor` warns of."""
        kept = [path for ending in ("key", "token", "password", "link") for path in self.path.glob(f"*.{ending}")]
        return sorted(path for path in kept if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))

    def _secret(self, setting: str, name: str, make: Callable[[], str]) -> tuple[str, str]:
        """The secret, and the name of the variable or file it is from."""
        given = self._given[setting]
        if given is not None:
            return given, VARIABLE_PREFIX + setting.upper()
        path = self.path / name
        return read_or_make_secret(path, make), str(path)


def read_or_make_secret(path: Path, make: Callable[[], str]) -> str:
    """The text of a secret file, made with mode 0600 where there is none; processes that race get the same one."""
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    # Written beside and linked into place: the file appears once, whole and on the disk.
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=".secret-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        keep_owner(Path(scratch))
        with suppress(FileExistsError):
            os.link(scratch, path)
    finally:
        Path(scratch).unlink()
    return path.read_text().strip()


def keep_owner(path: Path) -> None:
    """Give what root has just made in somebody's directory to that person, who must be able to use it later."""
    if os.geteuid() == 0:
        parent = path.parent.stat()
        if parent.st_uid != 0:
            os.chown(path, parent.st_uid, parent.st_gid, follow_symlinks=False)


def _make_signing_key() -> str:
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _make_operator_token() -> str:
    return OPERATOR_TOKEN_PREFIX + secrets.token_urlsafe(32)
