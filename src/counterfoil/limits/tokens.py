"""The tokens that customers present: how one is made, looked up and shown. Pure: random bytes are passed in."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256

TOKEN_PREFIX = "sk-cf-"  # noqa: S105  what every token of ours begins with, not one of them
RANDOM_BYTES = 32
HASH_BYTES = 32
SHOWN_CHARACTERS = 4


def make_token(random_bytes: bytes) -> str:
    """A token of 256 random bits: `sk-cf-` and 43 base64url characters. Raises `ValueError` for another length."""
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"a token takes {RANDOM_BYTES} random bytes, not {len(random_bytes)}")
    return TOKEN_PREFIX + urlsafe_b64encode(random_bytes).decode().rstrip("=")


def hash_token(token: str) -> bytes:
    """What a token is looked up by. 256 random bits need no salt; that keeps keys of other gateways adoptable."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def mask_token(token: str) -> str:
    """The form that may be stored and shown: `sk-…` and the last four characters."""
    return "sk-…" + token[-SHOWN_CHARACTERS:]
