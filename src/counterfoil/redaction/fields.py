"""Secrets by the name in front of them: headers, cookies, passwords and tokens as fields of JSON, Python, shell and URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.redaction.edges import continues_word, places_of
from counterfoil.redaction.keys import mask_token
from counterfoil.redaction.masks import AUTHORIZATION, COOKIE, PASSWORD, SECRET, is_masked_at
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View
from counterfoil.redaction.quotes import find_closing

_HEADERS = ("authorization", "cookie", "x[-_]api[-_]key", "x[-_]goog[-_]api[-_]key", "x[-_]auth[-_]token")
_FIELDS = (
    "api[-_]?key", "access[-_]?key[-_]?secret", "access[-_]?key", "client[-_]?secret", "secret[-_]?(?:access[-_]?)?key", "secret", "access[-_]?token",
    "refresh[-_]?token", "id[-_]?token", "auth[-_]?token", "operator[-_]?token", "private[-_]?key", "signing[-_]?key",
    "sealing[-_]?key", "session[-_]?id", "jsessionid", "phpsessid", "connect\\.sid", "session", "csrf[-_]?token", "xsrf[-_]?token", "signature", "token", "sign", "password", "passwd",
    "passphrase", "pwd", "密码", "口令", "密钥",
)  # fmt: skip
# What a name ends with. Every name is one of these with something before it; no name is looked for anywhere else.
ENDINGS = (
    "authorization", "cookie", "key", "secret", "token", "session", "sessionid", "session_id", "session-id", "phpsessid",
    "connect.sid", "signature", "sign", "password", "passwd", "passphrase", "pwd", "密码", "口令", "密钥",
)  # fmt: skip
NAME = re.compile(r"(?:" + "|".join(_HEADERS + _FIELDS) + r"|(?<=[?&])key)\Z")
_LONGEST_NAME = 24
# Behind a name: `:`, `=` or `=>`; in a list of pairs, where the name is quoted, a comma.
TAIL = re.compile(r"(?P<quote>\\{0,7}[\"'])?[ \t]{0,4}(?:=>|[:=]|(?(quote),|(?!)))[ \t\r\n]{0,4}(?:b(?=\\{0,7}[\"']))?")
_BEHIND_A_NAME = frozenset(" \t:=\"'\\")
OPENING = re.compile(r"\\{0,7}[\"']")
SCHEME = re.compile(r"(?:bearer|basic|token|apikey|api-key)[ \t]{1,4}", re.IGNORECASE)
WORD = re.compile(r"[^\s\"'&;,)}\]<>\\`|]++")
# A header without quotes ends with its line; inside a quoted argument or a JSON string, with the quote or escape.
LINE = re.compile(r"[^\r\n\"'\\]++")
FIRST_WORD = re.compile(r"[A-Za-z]{1,12}+(?=[,;])")
# What manuals and scripts write where the secret goes.
PLACEHOLDER = re.compile(
    r"\$\{?[A-Z][0-9A-Z_]{2,40}\}?|\{\{?[A-Za-z_ ]{1,40}\}{0,2}|<[^<>]{1,40}>|%s|[Xx]{4,256}+|\*{3,256}+"
    r"|(?:[Yy]our|YOUR)(?:[-_ ][A-Za-z]{1,12}){1,5}"
)
# What is no sign of a secret and may touch one: Chinese, or a number in a circle.
AFTER_PLACEHOLDER = re.compile(r"[\u2000-\U0010ffff]*+")
DIGIT = re.compile(r"[0-9]")
# `response="…"` of a Digest authorization, which its quotes cut off from the header's name.
DIGEST = re.compile(r"response=\\{0,7}[\"']?(?P<value>[0-9a-f]{32,64}+)")
# Between :// and @: a password may hold anything but what ends an address.
AUTHORITY = re.compile(r"[^\s\"'<>\\/?#]{1,256}+")
AUTHORITY_OF_DATABASE = re.compile(r"[^\s\"'<>\\]{1,256}+")
DATA_URL = re.compile(
    r"data:(?P<media>[a-z]{1,20}/[a-z0-9.+-]{1,60})(?:;[a-z0-9=-]{1,40}){0,3};base64,[0-9A-Za-z+/=_-]*+", re.I
)

HEAD_TRIGGERS = (
    "auth", "cookie", "key", "secret", "token", "sign", "passw", "passp", "pwd", "sess", "密", "口令", ".sid",
)  # fmt: skip
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
_COOKIES = frozenset({
    "sessionid", "session-id", "session_id", "jsessionid", "phpsessid", "connect.sid", "session", "csrftoken",
    "csrf-token", "csrf_token", "xsrftoken", "xsrf-token", "xsrf_token",
})  # fmt: skip
# Names so common that only a long value with a digit is taken for a secret.
_LOOSE = frozenset({
    "token", "sign", "signature", "key", "accesskey", "access-key", "access_key", *_COOKIES,
})  # fmt: skip
_PASSWORDS = frozenset({"password", "passwd", "passphrase", "pwd", "密码", "口令"})
_LEAST_LOOSE = 16
_LONGEST_WORD = 20


def find_named_secrets(view: View) -> Iterator[Finding]:
    text = view.text
    position = 0
    for start, end in places_of(view.lowered, ENDINGS):
        if start < position or text[end : end + 1] not in _BEHIND_A_NAME:
            continue
        tail = TAIL.match(text, end)
        name = None if tail is None else NAME.search(view.lowered, max(0, end - _LONGEST_NAME), end)
        if tail is None or name is None or (continues_word(text, name.start()) and not _is_hump(text, name.start())):
            continue
        position = tail.end()
        if is_masked_at(text, position):
            continue
        start, end, quoted = _value_span(text, position, name[0])
        if end > start and _is_secret(text, start, end, name[0]):
            kind, mask = kind_and_mask(name[0], text[start:end])
            yield Finding(kind=kind, start=start, end=end, mask=mask)
            position = end
        elif not quoted:
            # One word without a secret is not read again: `token=token=…` would take forever.
            position = max(position, end)


def _is_hump(text: str, start: int) -> bool:
    """Whether a word begins here inside of a name such as `dbPassword`."""
    return text[start].isupper() and text[start - 1].islower()


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
    if is_masked_at(text, start) or is_placeholder(text[start:end]):
        return False
    if end - start <= _LONGEST_WORD and text[start:end].strip().lower() in _NOT_SECRETS:
        return False
    if name == "authorization":
        first = FIRST_WORD.match(text, start, end)
        return first is None or first[0].lower() not in _NOT_SECRETS
    if name in ("密码", "口令"):
        # What follows is as often a sentence; a password is typed without an input method.
        return text[start:end].isascii()
    return name not in _LOOSE or (end - start >= _LEAST_LOOSE and DIGIT.search(text, start, end) is not None)


def is_placeholder(value: str) -> bool:
    """Whether it only says where a secret goes, and all of it does."""
    match = PLACEHOLDER.match(value)
    return match is not None and AFTER_PLACEHOLDER.fullmatch(value, match.end()) is not None


def kind_and_mask(name: str, value: str) -> tuple[SecretKind, str]:
    """What a field of that name (lower case) holds, and what is shown instead."""
    if "cookie" in name or name in _COOKIES:
        return SecretKind.COOKIE, COOKIE
    if name in _PASSWORDS:
        return SecretKind.PASSWORD, PASSWORD
    mask = mask_token(value)
    if "authorization" in name:
        return SecretKind.AUTHORIZATION, mask
    return SecretKind.API_KEY, SECRET if mask == AUTHORIZATION else mask


def find_digests(view: View) -> Iterator[Finding]:
    for match in DIGEST.finditer(view.text):
        start, end = match.span("value")
        yield Finding(kind=SecretKind.AUTHORIZATION, start=start, end=end, mask=AUTHORIZATION)


def find_url_credentials(view: View) -> Iterator[Finding]:
    """The password in `scheme://user:password@host`."""
    text = view.text
    position = 0
    while (position := text.find("://", position)) >= 0:
        before = view.lowered[max(0, position - 12) : position]
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


def find_data_urls(view: View) -> Iterator[Finding]:
    position = 0
    while (position := view.lowered.find("data:", position)) >= 0:
        match = DATA_URL.match(view.text, position)
        position += len("data:")
        if match is not None:
            position = match.end()
            name = "image" if match["media"].lower().startswith("image") else "file"
            mask = f"[{name} {match.end() - match.start()}]"
            yield Finding(kind=SecretKind.IMAGE, start=match.start(), end=match.end(), mask=mask)
