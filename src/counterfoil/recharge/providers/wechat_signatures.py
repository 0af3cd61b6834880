"""WeChat Pay v3: how requests, answers and notices are signed, and how what is in a notice is sealed.

    our requests     `WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",signature="…",timestamp="…",serial_no="…"`
                     over `{method}\\n{path and query}\\n{timestamp}\\n{nonce}\\n{body}\\n`
    theirs           `Wechatpay-Serial`, `-Timestamp`, `-Nonce`, `-Signature` over `{timestamp}\\n{nonce}\\n{body}\\n`
    sealed           AES-256-GCM with the merchant's APIv3 key

To see whether signatures are checked, WeChat sends notices that are wrongly signed, and marks them; they are refused as any
other forged one.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from counterfoil.foundation.errors import Forbidden
from counterfoil.recharge.providers.keys import is_signed, sign
from counterfoil.recharge.providers.reading import Unreadable, read_json

TOLERANCE_SECONDS = 300
API_KEY_BYTES = 32
SCHEME = "WECHATPAY2-SHA256-RSA2048"
ALGORITHM = "AEAD_AES_256_GCM"
_TIMESTAMP = re.compile(r"[0-9]{1,12}\Z")
_NONCE = re.compile(r"[!-~]{1,128}\Z")
_MICROS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """We: the merchant, the number of its certificate, and the key that belongs to it."""

    merchant: str
    serial: str
    key: RSAPrivateKey = field(repr=False)

    def authorization(self, method: str, target: str, body: bytes, *, now: int) -> str:
        """The header of a request for `target`, its path and query as sent."""
        timestamp, nonce = str(now // _MICROS), secrets.token_hex(16)
        content = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        fields = {
            "mchid": self.merchant,
            "nonce_str": nonce,
            "signature": sign(self.key, content),
            "timestamp": timestamp,
            "serial_no": self.serial,
        }
        return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in fields.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """WeChat Pay: the name of its key (`PUB_KEY_ID_…`, or the serial number of its certificate), and the key."""

    serial: str
    key: RSAPublicKey = field(repr=False)

    def check(self, headers: Mapping[str, str], body: bytes, *, now: int) -> None:
        """Raises `Forbidden` with `notice_signature_wrong` or `notice_stale`."""
        timestamp, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
        well_formed = _TIMESTAMP.match(timestamp) and _NONCE.match(nonce)
        if not well_formed or headers.get("wechatpay-serial") != self.serial:
            raise Forbidden(code="notice_signature_wrong")
        content = f"{timestamp}\n{nonce}\n".encode("ascii") + body + b"\n"
        if not is_signed(self.key, content, headers.get("wechatpay-signature", "")):
            raise Forbidden(code="notice_signature_wrong")
        # Only now: to others nothing is said of our clock.
        if abs(now - int(timestamp) * _MICROS) > TOLERANCE_SECONDS * _MICROS:
            raise Forbidden(code="notice_stale", most_seconds=TOLERANCE_SECONDS)


def unseal(resource: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """What is inside a notice; raises `Unreadable` where it was sealed otherwise or under another key."""
    ciphertext, nonce, data = (resource.get(name, "") for name in ("ciphertext", "nonce", "associated_data"))
    texts = (ciphertext, nonce, data or "")
    if resource.get("algorithm") != ALGORITHM or not all(isinstance(text, str) for text in texts):
        raise Unreadable("not_sealed")
    try:
        sealed = base64.b64decode(texts[0].encode("ascii"), validate=True)
        plain = AESGCM(key).decrypt(texts[1].encode(), sealed, texts[2].encode() or None)
    except (InvalidTag, ValueError, binascii.Error):
        raise Unreadable("not_unsealed") from None
    return read_json(plain)
