"""Sealing: secrets that are kept (of upstreams, of payment channels) are encrypted under keys outside the database."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from counterfoil.foundation.errors import Broken, InputError

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_VERSIONS = range(1, 256)


class Sealer:
    """AES-256-GCM under the newest of several keys; what older keys have sealed can still be opened.

    Sealed bytes are: the key's version (1 byte), the nonce (12), the ciphertext with its tag.
    """

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._ciphers = {version: AESGCM(key) for version, key in keys.items()}
        self._newest = max(keys)
        self._oldest_key = keys[min(keys)]

    def seal(self, plain: bytes, *, context: bytes = b"") -> bytes:
        """Encrypt; `context` (the row it belongs to, say) is not kept, and must be given again to unseal."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        version = bytes([self._newest])
        return version + nonce + self._ciphers[self._newest].encrypt(nonce, plain, version + context)

    def unseal(self, sealed: bytes, *, context: bytes = b"") -> bytes:
        """Decrypt; raises `Broken` where a byte was changed, the context is another or the key is not here."""
        if len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise Broken(code="seal_broken", reason="too short")
        version, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        cipher = self._ciphers.get(version[0])
        if cipher is None:
            raise Broken(code="seal_broken", reason=f"sealed under key version {version[0]}, which is not here")
        try:
            return cipher.decrypt(nonce, rest, version + context)
        except InvalidTag as error:
            raise Broken(
                code="seal_broken", reason="changed, or sealed under another key or for another row"
            ) from error

    def derive(self, purpose: bytes) -> bytes:
        """A secret (32 bytes) of its own for one purpose, from the oldest key: adding a newer one changes nothing."""
        derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"counterfoil " + purpose)
        return derivation.derive(self._oldest_key)


def make_sealing_key(version: int = 1) -> str:
    """A new key in the form that `read_sealing_keys` reads."""
    return f"{version}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def read_sealing_keys(text: str, *, source: str) -> dict[int, bytes]:
    """Read keys by version: `1:BASE64`, one per line or separated by commas; a lone `BASE64` is version 1.

    Raises `InputError` naming the source, never the key.
    """
    keys: dict[int, bytes] = {}
    for part in text.replace(",", "\n").split():
        version, separator, encoded = part.rpartition(":")
        if separator and not (version.isdecimal() and int(version) in _VERSIONS):
            raise InputError(code="key_unreadable", source=source, expected="a version from 1 to 255 before the colon")
        number = int(version) if separator else 1
        if number in keys:
            raise InputError(code="key_unreadable", source=source, expected=f"one key of version {number}")
        keys[number] = read_key(encoded, source=source)
    if not keys:
        raise InputError(code="key_unreadable", source=source, expected="at least one key")
    return keys


def read_key(text: str, *, source: str) -> bytes:
    """Read 32 bytes in base64 (standard or URL-safe); raises `InputError` naming the source, never the key."""
    cleaned = text.strip().replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(cleaned + "=" * (-len(cleaned) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        # Without the cause: its message may quote what was given.
        raise InputError(code="key_unreadable", source=source, expected=f"{KEY_BYTES} bytes in base64")
    return key
