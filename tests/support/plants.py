"""Secrets to plant, ways to write them, and looking for what is left of them."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from counterfoil.limits.tokens import make_token

# One that looks like ours and opens nothing.
TOKEN = make_token(bytes(range(7, 39)))
_LOG = "\n".join(
    f"2026-11-24 16:30:{second:02d},123 ERROR [main] com.acme.Ledger{second}qZ - attempt failed" for second in range(8)
)
SECRETS = {
    "ours": TOKEN,
    "openai": "sk-proj-aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYaB3dE5fG7hJ9kL1m",
    "anthropic": "sk-ant-api03-Zx9Cv8Bn7Ma6Sd5Fg4Hj3Kl2Qw1Er0TyZx9Cv8Bn7Ma6Sd5Fg4Hj3Kl2-AA",
    "relay": "sk-0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "google": "AIzaSyD3f5G7h9J1k2L4m6N8p0Q2r4S6t8U0v1W",
    "amazon": "AKIAQ7WE3RT5YU2OP4AS",
    "github": "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "hook": "whsec_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6",
    "bearer": "Authorization: Bearer q7W3e9R2t5Y8u1I4o6P0a2S5d8F1",
    "basic": "Authorization: Basic dXNlcjpzd29yZGZpc2gxMjM0NTY=",
    "cookie": "Cookie: session=Q7w3E9r2T5y8U1i4O6p0A9s8",
    "jwt": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "password": "my password is Tr0ub4dor3xKcdBatteryStaple",
    "password in Chinese": "密码：Hu7nter2Hunter9Hunter4",
    "card": "4242424242424242",
    "card in groups": "5555 5555 5555 4444",
    "id": "11010519491231002X",
    "payment": "https://qr.alipay.com/fkx12345abcdefghijkl9",
    "QR data": "weixin://wxpay/bizpayurl?pr=aB3dE5fGz7Hj",
    "private key": (
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----"
    ),
    "log": _LOG,
    "body": '{"model":"gpt-4o","messages":[{"role":"user","content":"the private story of my divorce in May"}]}',
    "prompt": "my prompt: write a letter to my doctor about the illness of my child",
    "curl": "curl https://api.example.com/v1/chat/completions -H 'Authorization: Bearer w3E9r2T5y8U1i4O6p0A9s8D7'",
}
# Those of one word, which somebody may break in pieces or spell out.
WORDS = ("ours", "openai", "relay", "github", "hook", "payment")


def pieces(text: str, length: int, between: str) -> str:
    return between.join(text[start : start + length] for start in range(0, len(text), length))


def _full_width(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


WRITTEN: dict[str, Callable[[str], str]] = {
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "Base64 of an address": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "Base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "Base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "an address": lambda text: quote(text, safe=""),
    "an address twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every sign of an address": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "JSON": json.dumps,
    "escapes": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "short escapes": lambda text: "".join(
        f"\\x{ord(sign):02x}" if sign.isascii() else f"\\u{ord(sign):04x}" for sign in text
    ),
    "entities": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "markup": html.escape,
    "full width": _full_width,
    "zero-width signs": "\u200b".join,
    "NUL": "\0".join,
    "the other direction": lambda text: f"\u202e{text}\u202c",
}
BROKEN: dict[str, Callable[[str], str]] = {
    "spelled out": " ".join,
    "pieces": lambda text: pieces(text, 8, " "),
    "short pieces": lambda text: pieces(text, 4, "  "),
    "lines": lambda text: pieces(text, 11, "\n"),
    "quoted lines": lambda text: pieces(text, 11, "\r\n> "),
}


@dataclass(frozen=True, slots=True)
class Plant:
    """One secret in one way of writing it."""

    name: str
    text: str


def plants(more: dict[str, str] | None = None) -> list[Plant]:
    """Every secret as it is, and in every way in which it may be written or broken."""
    secrets = {**SECRETS, **(more or {})}
    words = {*WORDS, *(more or {})}
    found = [Plant(name, text) for name, text in secrets.items()]
    for name, text in secrets.items():
        found += [Plant(f"{name} as {way}", write(text)) for way, write in WRITTEN.items()]
        found += [Plant(f"{name} in {way}", write(text)) for way, write in BROKEN.items() if name in words]
    return found


# What is no letter and no digit tells nothing, and whoever looks would not be stopped by it.
_BETWEEN = bytes(sign for sign in range(128) if not chr(sign).isalnum())
_LEAST, _MOST = 10, 40


def squeezed(text: bytes) -> bytes:
    """Letters and digits alone, and what is not of ASCII."""
    return text.translate(None, _BETWEEN)


class Needles:
    """Pieces of planted secrets, each long enough to be nothing else."""

    def __init__(self, planted: Iterable[Plant]) -> None:
        self._needles: dict[bytes, str] = {}
        for plant in planted:
            # What stands in front may be a word that anybody writes: `Authorization`, `my password is`.
            needle = squeezed(plant.text.encode("utf-8", "surrogatepass"))[-_MOST:][:-1]
            assert len(needle) >= _LEAST, plant
            self._needles[needle] = plant.name

    def __len__(self) -> int:
        return len(self._needles)

    def left_in(self, *places: bytes) -> set[str]:
        """The names of the plants of which something is there."""
        found: set[str] = set()
        for place in map(squeezed, places):
            found |= {name for needle, name in self._needles.items() if needle in place}
        return found
