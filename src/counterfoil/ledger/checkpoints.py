"""Signed checkpoints: every account's version and hash, and the previous checkpoint, under an Ed25519 signature.

They are files outside the database, so that whoever can rewrite the database cannot rewrite its past unnoticed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from counterfoil.foundation.errors import Broken, Conflict

_SUFFIX = ".checkpoint.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    number: int
    created_at: int
    previous: str
    accounts: tuple[tuple[UUID, int, bytes], ...]

    def payload(self) -> bytes:
        """What is signed: canonical JSON."""
        body: dict[str, Any] = {
            "accounts": [[account_id.hex, version, head.hex()] for account_id, version, head in self.accounts],
            "created_at": self.created_at,
            "number": self.number,
            "previous": self.previous,
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


class CheckpointFolder:
    """The checkpoints of one installation, in a folder of its own."""

    def __init__(self, folder: Path, key: Ed25519PrivateKey) -> None:
        self._folder = folder
        self._key = key

    def append(self, *, created_at: int, accounts: Sequence[tuple[UUID, int, bytes]]) -> Checkpoint:
        """Sign the accounts as they are, after the last checkpoint; never overwrites one.

        Raises `Conflict` where another process has just written the same number, `Broken` as `read` does.
        """
        known = self.read()
        previous = sha256(known[-1].payload()).hexdigest() if known else ""
        number = known[-1].number + 1 if known else 1
        checkpoint = Checkpoint(
            number=number, created_at=created_at, previous=previous, accounts=tuple(sorted(accounts))
        )
        payload = checkpoint.payload()
        document = {"payload": payload.decode(), "signature": self._key.sign(payload).hex()}
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write(f"{number:08d}{_SUFFIX}", json.dumps(document).encode() + b"\n")
        return checkpoint

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all: half a file, left by a process that was killed, would look like tampering for ever."""
        descriptor, unfinished = tempfile.mkstemp(dir=self._folder, prefix=".unfinished-")  # made with mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(unfinished, self._folder / name)
        except FileExistsError as error:
            raise Conflict(code="conflict", file=name) from error
        finally:
            os.unlink(unfinished)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self) -> list[Checkpoint]:
        """Every checkpoint, oldest first; raises `Broken` for a signature, order or link that does not hold."""
        checkpoints: list[Checkpoint] = []
        previous = ""
        for position, path in enumerate(self._paths(), start=1):
            checkpoint = self._read_file(path)
            if checkpoint.number != position or checkpoint.previous != previous:
                raise Broken(code="checkpoint_broken", file=path.name, reason="a checkpoint before it is missing")
            checkpoints.append(checkpoint)
            previous = sha256(checkpoint.payload()).hexdigest()
        return checkpoints

    def numbers(self) -> list[int]:
        """The numbers of all checkpoints by their files' names, in order; no file is read."""
        names = (path.name.removesuffix(_SUFFIX) for path in self._paths())
        return [int(name) for name in names if name.isdecimal()]

    def read_one(self, number: int) -> Checkpoint:
        """One checkpoint by its number, without those before it; raises `Broken` where it is missing or not signed."""
        return self._read_file(self._folder / f"{number:08d}{_SUFFIX}")

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"))

    def _read_file(self, path: Path) -> Checkpoint:
        public: Ed25519PublicKey = self._key.public_key()
        try:
            document = json.loads(path.read_bytes())
            payload = document["payload"].encode()
            public.verify(bytes.fromhex(document["signature"]), payload)
            body = json.loads(payload)
        except FileNotFoundError as error:
            raise Broken(code="checkpoint_broken", file=path.name, reason="the file is missing") from error
        except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Broken(code="checkpoint_broken", file=path.name, reason="the signature does not fit") from error
        if path.name != f"{body['number']:08d}{_SUFFIX}":
            raise Broken(code="checkpoint_broken", file=path.name, reason=f"this is checkpoint {body['number']}")
        return Checkpoint(
            number=body["number"], created_at=body["created_at"], previous=body["previous"],
            accounts=tuple((UUID(hex=a), version, bytes.fromhex(head)) for a, version, head in body["accounts"]),
        )  # fmt: skip
