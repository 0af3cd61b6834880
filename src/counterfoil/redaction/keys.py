"""API keys, tokens and private keys by their shape. Every pattern runs over a text once: see `tests/redaction`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.redaction.masks import AUTHORIZATION, JWT, PRIVATE_KEY, is_masked_at, mask_key
from counterfoil.redaction.model import Finding, SecretKind

# A key is a prefix and all that follows of its alphabet. A longer run can only look more like a key, so a run that is
# passed over needs no second look inside.
PREFIXED = re.compile(
    r"(?<![0-9A-Za-z])"
    r"(?P<prefix>sk-|sk_(?:live|test)_|rk_live_|gsk_|xai-|hf_|gh[pousr]_|github_pat_|glpat-|nvapi-|pplx-|xox[abeprs]-)"
    r"(?P<rest>[0-9A-Za-z_-]++)"
)
# Keys of a fixed length, and Zhipu's `<32 hex>.<16>`.
FIXED = re.compile(
    r"(?<![0-9A-Za-z])(?:AIza[0-9A-Za-z_-]{35}|A[KS]IA[0-9A-Z]{16}|LTAI[0-9A-Za-z]{12,26}+|[0-9a-f]{32}\.[0-9A-Za-z]{16})"
    r"(?![0-9A-Za-z])"
)
TOKEN_OF_JSON = re.compile(r"(?<![0-9A-Za-z_-])eyJ[0-9A-Za-z_-]{6,}+\.[0-9A-Za-z_-]{6,}+(?:\.[0-9A-Za-z_-]*+){0,3}+")
BEARER = re.compile(r"(?i:(?<![0-9A-Za-z])bearer[ \t]{1,4}+)(?P<token>[0-9A-Za-z_.~+/=-]{16,}+)", re.ASCII)
PEM_BEGIN = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
PEM_END = "PRIVATE KEY-----"

KEY_TRIGGERS = (
    "sk-", "sk_", "k_live_", "xai-", "hf_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "nvapi-",
    "pplx-", "xox",
)  # fmt: skip
FIXED_TRIGGERS = ("aiza", "akia", "asia", "ltai", ".")

# `sk-` begins words and names too (`sk-learn-…`); these never do.
_KNOWN_REST = ("ant-", "proj-", "cf-", "or-", "svcacct-", "admin-")
_LEAST_REST = 16
_LONG_REST = 40


def looks_like_key(prefix: str, rest: str) -> bool:
    """Whether a run behind a key's prefix is random enough to be one, and not a name with hyphens."""
    if len(rest) < _LEAST_REST:
        return False
    if max(map(len, rest.replace("_", "-").split("-"))) >= _LEAST_REST:
        return True
    if prefix != "sk-":
        return False
    mixed = any(map(str.isdigit, rest)) and any(map(str.isupper, rest)) and any(map(str.islower, rest))
    return mixed or len(rest) >= _LONG_REST or rest.startswith(_KNOWN_REST)


def find_keys(text: str) -> Iterator[Finding]:
    for match in PREFIXED.finditer(text):
        if looks_like_key(match["prefix"], match["rest"]):
            yield _key(match)


def find_fixed_keys(text: str) -> Iterator[Finding]:
    for match in FIXED.finditer(text):
        yield _key(match)


def find_json_tokens(text: str) -> Iterator[Finding]:
    for match in TOKEN_OF_JSON.finditer(text):
        yield Finding(kind=SecretKind.AUTHORIZATION, start=match.start(), end=match.end(), mask=JWT)


def find_bearers(text: str) -> Iterator[Finding]:
    for match in BEARER.finditer(text):
        start, end = match.span("token")
        # "Bearer authentication-failed" is prose.
        random = any(map(str.isdigit, match["token"])) or end - start >= _LONG_REST
        if random and not is_masked_at(text, start):
            yield Finding(kind=SecretKind.AUTHORIZATION, start=start, end=end, mask=mask_token(match["token"]))


def find_private_keys(text: str) -> Iterator[Finding]:
    position = 0
    while (match := PEM_BEGIN.search(text, position)) is not None:
        # A private key that was cut off is masked to the end of the text.
        ending = text.find(PEM_END, match.end())
        position = len(text) if ending < 0 else ending + len(PEM_END)
        yield Finding(kind=SecretKind.API_KEY, start=match.start(), end=position, mask=PRIVATE_KEY)


def mask_token(token: str) -> str:
    """A key's mask where the token has a key's shape, else the mask of an authorization."""
    match = PREFIXED.match(token)
    if match is not None and match.end() == len(token) and looks_like_key(match["prefix"], match["rest"]):
        return mask_key(token)
    return mask_key(token) if FIXED.fullmatch(token) else AUTHORIZATION


def _key(match: re.Match[str]) -> Finding:
    return Finding(kind=SecretKind.API_KEY, start=match.start(), end=match.end(), mask=mask_key(match[0]))
