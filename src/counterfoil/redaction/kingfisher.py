"""Kingfisher's scanner: some five hundred providers' keys by their shape. Only its scanner is used, never its validator,
which would send what it finds to the providers.

Its rules take seconds to compile and a second to load from its cache, so they are loaded once per process, by the first
text that needs them or by `prepare`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from counterfoil.redaction.keys import mask_token
from counterfoil.redaction.masks import (
    AUTHORIZATION,
    COOKIE,
    JWT,
    PASSWORD,
    PRIVATE_KEY,
    SECRET,
    is_masked_at,
    mask_length,
)
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View

if TYPE_CHECKING:
    from kingfisher_sdk import Scanner

# In a data directory: the rules as compiled for this machine.
RULES_FOLDER = "scanner-rules"
# A megabyte takes a fiftieth of a second; only a text made of thousands of broken keys takes longer than one.
_SECONDS_MAX = 10.0
# Helpers that Kingfisher keeps for itself (a client's id, an account's name) are no secrets, but for these.
_SECRET_HELPERS = ("secret", "secret-access-key", "security-token", "passphrase")
_WITH_A_USER = "curl-auth-user"
# What a rule's name says about what it finds; all else is a key.
_KINDS = (
    ("jwt", SecretKind.AUTHORIZATION, JWT),
    ("curl-auth", SecretKind.AUTHORIZATION, AUTHORIZATION),
    ("bearer", SecretKind.AUTHORIZATION, AUTHORIZATION),
    ("cookie", SecretKind.COOKIE, COOKIE),
    ("credential-uri", SecretKind.PASSWORD, PASSWORD),
    ("connection-string", SecretKind.PASSWORD, PASSWORD),
    ("password", SecretKind.PASSWORD, PASSWORD),
    ("private-key", SecretKind.API_KEY, PRIVATE_KEY),
)
# The scanner is to see letters, digits and signs of ASCII, and a space for anything else: a NUL would make the text a
# binary file, and Chinese signs next to a key would be taken for a part of it. `?` is what `encode` writes for those.
_QUESTION = "\x01"
_BLANKED = bytes(
    ord("?")
    if sign == ord(_QUESTION)
    else ord(" ")
    if sign == ord("?") or (sign < 32 and sign not in b"\t\r\n")
    else sign
    for sign in range(256)
)


class _Loaded:
    """The one scanner of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._scanner: Scanner | None = None

    def scanner(self, cache_folder: Path | None = None) -> Scanner:
        with self._lock:
            if self._scanner is None:
                # Half a second and forty megabytes, which only those who scan shall pay.
                from kingfisher_sdk import Rules, Scanner

                self._scanner = Scanner(Rules(cache_dir=cache_folder), redact=True)
            return self._scanner


_loaded = _Loaded()


def prepare(cache_folder: Path | None = None) -> None:
    """Load the rules now, from the folder or into it: seconds the first time on a machine, and about one afterwards.

    To be called in a thread; the interpreter is free meanwhile. Without a folder the user's own cache is used.
    """
    _loaded.scanner(cache_folder)


def find_known_keys(view: View) -> Iterator[Finding]:
    plain = view.text.replace("?", _QUESTION).encode("ascii", "replace").translate(_BLANKED)
    try:
        found_keys = _loaded.scanner().scan(plain, timeout=_SECONDS_MAX)
    except TimeoutError:
        # What could not be read to its end is not shown.
        yield Finding(kind=SecretKind.OTHER, start=0, end=len(plain), mask=mask_length("unread", len(plain)))
        return
    for found in found_keys:
        rule = found.rule_id
        if not found.visible and not rule.endswith(_SECRET_HELPERS):
            continue
        start, end = found.location["start_offset"], found.location["end_offset"]
        if rule.endswith(_WITH_A_USER):
            # The name before it is none of the secret.
            start += view.text[start:end].find(":") + 1
        if end > start and not is_masked_at(view.text, start):
            kind, mask = _kind_and_mask(rule, view.text[start:end])
            yield Finding(kind=kind, start=start, end=end, mask=mask)


def _kind_and_mask(rule: str, secret: str) -> tuple[SecretKind, str]:
    for word, kind, mask in _KINDS:
        if word in rule:
            return kind, mask
    mask = mask_token(secret)
    return SecretKind.API_KEY, SECRET if mask == AUTHORIZATION else mask
