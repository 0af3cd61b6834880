"""Secrets by the name in front of them: headers, cookies, passwords and tokens as fields of JSON, Python, shell and URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.redaction.keys import mask_token
from counterfoil.redaction.masks import AUTHORIZATION, COOKIE, PASSWORD, SECRET, is_masked_at
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.quotes import find_closing

_HEADERS = ("authorization", "cookie", "x[-_]api[-_]key", "x[-_]goog[-_]api[-_]key", "x[-_]auth[-_]token")
_FIELDS = (
    "api[-_]?key", "client[-_]?secret", "secret[-_]?(?:access[-_]?)?key", "secret", "access[-_]?token",
    "refresh[-_]?token", "id[-_]?token", "auth[-_]?token", "operator[-_]?token", "private[-_]?key", "signing[-_]?key",
    "sealing[-_]?key", "session[-_]?id", "sessionid", "signature", "token", "sign", "password", "passwd", "passphrase",
    "pwd", "密码", "口令", "密钥",
)  # fmt: skip
# A name, then `:`, `=` or `=>`; in a list of pairs, where the name is quoted, a comma.
HEAD = re.compile(
    r"(?<![0-9A-Za-z])(?P<name>" + "|".join(_HEADERS + _FIELDS) + r")(?P<quote>\\{0,7}[\"'])?"
    r"[ \t]{0,4}(?:=>|[:=]|(?(quote),|(?!)))[ \t\r\n]{0,4}(?:b(?=\\{0,7}[\"']))?",
    re.IGNORECASE | re.ASCII,
)
OPENING = re.compile(r"\\{0,7}[\"']")
SCHEME = re.compile(r"(?:bearer|basic|token|apikey|api-key)[ \t]{1,4}", re.IGNORECASE)
WORD = re.compile(r"[^\s\"'&;,)}\]<>\\]++")
# A header without quotes ends with its line; inside a quoted argument or a JSON string, with the quote or escape.
LINE = re.compile(r"[^\r\n\"'\\]++")
DIGIT = re.compile(r"[0-9]")
# Between :// and @: a password may hold anything but what ends an address.
AUTHORITY = re.compile(r"[^\s\"'<>\\/?#]{1,256}+")
AUTHORITY_OF_DATABASE = re.compile(r"[^\s\"'<>\\]{1,256}+")
DATA_URL = re.compile(
    r"data:(?P<media>[a-z]{1,20}/[a-z0-9.+-]{1,60})(?:;[a-z0-9=-]{1,40}){0,3};base64,[0-9A-Za-z+/=_-]*+", re.I
)

HEAD_TRIGGERS = ("auth", "cookie", "key", "secret", "token", "sign", "passw", "passp", "pwd", "session", "密", "口令")
_DATABASES = (
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "redis",
    "rediss",
    "mongodb",
    "mongodb+srv",
    "amqp",
    "amqps",
)
_NOT_SECRETS = frozenset({"none", "null", "nil", "true", "false", "undefined", "str", "string", "bytes", "required"})
# Names so common that only a long value with a digit is taken for a secret.
_LOOSE = frozenset({"token", "sign", "signature", "sessionid", "session-id", "session_id"})
_PASSWORDS = frozenset({"password", "passwd", "passphrase", "pwd", "密码", "口令"})
_LEAST_LOOSE = 16
_LONGEST_WORD = 20


def find_named_secrets(text: str) -> Iterator[Finding]:
    position = 0
    while (head := HEAD.search(text, position)) is not None:
        position = head.end()
        if is_masked_at(text, position):
            continue
        name = head["name"].lower()
        start, end, quoted = _value_span(text, position, name)
        if end > start and _is_secret(text, start, end, name):
            kind, mask = kind_and_mask(name, text[start:end])
            yield Finding(kind=kind, start=start, end=end, mask=mask)
            position = end
        elif not quoted:
            # One word without a secret is not read again: `token=token=…` would take forever.
            position = max(position, end)


def _value_span(text: str, position: int, name: str) -> tuple[int, int, bool]:
    """The value that begins here, without its quotes and without the scheme in front of a token; whether it is quoted."""
    opening = OPENING.match(text, position)
    start = opening.end() if opening is not None else position
    scheme = SCHEME.match(text, start) if name == "authorization" else None
    if scheme is not None:
        start = scheme.end()
    if opening is not None:
        return start, find_closing(text, start, opening[0]), True
    # What follows a known scheme is one word; an unknown one (Digest, AWS4-…) may fill the line, as cookies do.
    pattern = LINE if name in ("authorization", "cookie") and scheme is None else WORD
    match = pattern.match(text, start)
    return start, match.end() if match is not None else start, False


def _is_secret(text: str, start: int, end: int, name: str) -> bool:
    if is_masked_at(text, start):
        return False
    if end - start <= _LONGEST_WORD and text[start:end].strip().lower() in _NOT_SECRETS:
        return False
    return name not in _LOOSE or (end - start >= _LEAST_LOOSE and DIGIT.search(text, start, end) is not None)


def kind_and_mask(name: str, value: str) -> tuple[SecretKind, str]:
    """What a field of that name (lower case) holds, and what is shown instead."""
    if "cookie" in name:
        return SecretKind.COOKIE, COOKIE
    if name in _PASSWORDS:
        return SecretKind.PASSWORD, PASSWORD
    mask = mask_token(value)
    if "authorization" in name:
        return SecretKind.AUTHORIZATION, mask
    return SecretKind.API_KEY, SECRET if mask == AUTHORIZATION else mask


def find_url_credentials(text: str) -> Iterator[Finding]:
    """The password in `scheme://user:password@host`."""
    position = 0
    while (position := text.find("://", position)) >= 0:
        before = text[max(0, position - 12) : position].lower()
        position += 3
        pattern = AUTHORITY_OF_DATABASE if before.endswith(_DATABASES) else AUTHORITY
        match = pattern.match(text, position)
        if match is None:
            continue
        user, colon, _ = match[0].partition(":")
        at = match[0].rfind("@")
        start = position + len(user) + 1
        if colon and at > len(user) + 1 and not is_masked_at(text, start):
            yield Finding(kind=SecretKind.PASSWORD, start=start, end=position + at, mask=PASSWORD)
            position += at


def find_data_urls(text: str) -> Iterator[Finding]:
    for match in DATA_URL.finditer(text):
        name = "image" if match["media"].lower().startswith("image") else "file"
        mask = f"[{name} {match.end() - match.start()}]"
        yield Finding(kind=SecretKind.IMAGE, start=match.start(), end=match.end(), mask=mask)
