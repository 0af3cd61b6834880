"""API keys, tokens and private keys by their shape. Every pattern runs over a text once: see `tests/redaction`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from counterfoil.redaction.edges import continues_word
from counterfoil.redaction.masks import AUTHORIZATION, JWT, PRIVATE_KEY, is_masked_at, mask_key
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View

# A key is a prefix and all that follows of its alphabet. A longer run can only look more like a key, so a run that is
# passed over needs no second look inside.
PREFIX = re.compile(
    r"sk-|sk_(?:live|test)_|rk_(?:live|test)_|whsec_|gsk_|xai-|hf_|r8_|fw_|csk-|tvly-|jina_|lsv2_|pplx-|nvapi-"
    r"|gh[pousr]_|github_pat_|gl(?:pat|dt|rt)-|npm_|pypi-|dop_v1_|shp(?:at|ss|ca|pa)_|dapi|ntn_|lin_api_|sbp_"
    r"|xox[abeprs]-|xapp-|(?P<fixed>AIza|A[KS]IA|LTAI|AKID)"
)
# The first two signs of each, which nearly every other word lacks.
_BEGINNINGS = frozenset({
    "sk", "rk", "wh", "gs", "xa", "hf", "r8", "fw", "cs", "tv", "ji", "ls", "pp", "nv", "gh", "gi", "gl", "np", "py",
    "do", "sh", "da", "nt", "li", "sb", "xo", "AI", "AK", "AS", "LT",
})  # fmt: skip
SEPARATOR = re.compile(r"[_-]++")
# Keys of a fixed length.
FIXED = re.compile(
    r"(?:AIza[0-9A-Za-z_-]{35}|A[KS]IA[0-9A-Z]{16}|LTAI[0-9A-Za-z]{12,26}+|AKID[0-9A-Za-z]{32})(?![0-9A-Za-z])"
)
# Zhipu's `<32 hex>.<16>`, SendGrid's `SG.<22>.<43>`, Telegram's `<10 digits>:AA<33>`, fal's `<UUID>:<32 hex>`: by the
# sign in the middle, and what stands before it.
DOTTED = re.compile(r"\.(?<=(?<![0-9A-Za-z])[0-9a-f]{32}\.)[0-9A-Za-z]{16}(?![0-9A-Za-z])")
SENDGRID = re.compile(r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{32,64}(?![0-9A-Za-z_-])")
TELEGRAM = re.compile(r":AA(?<=[0-9]{8}:AA)[0-9A-Za-z_-]{32,33}(?![0-9A-Za-z_-])")
FAL = re.compile(r":(?<=[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}:)[0-9a-f]{32}(?![0-9A-Za-z])")
TOKEN_OF_JSON = re.compile(r"eyJ(?<![0-9A-Za-z_-]eyJ)[0-9A-Za-z_-]{6,}+\.[0-9A-Za-z_-]{6,}+(?:\.[0-9A-Za-z_-]*+){0,3}+")
BEARER_TOKEN = re.compile(r"[ \t]{1,4}+(?P<token>[0-9A-Za-z_.~+/=-]{16,}+)")
PEM_BEGIN = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
PEM_END = "PRIVATE KEY-----"
# A key that a narrow window has broken: the line's end, and what the next line begins with.
NEXT_LINE = re.compile(r"\r?\n[ \t]{0,4}(?:> )?(?![a-z]{2,8}_)(?P<rest>[0-9A-Za-z_-]{6,200}+)(?![0-9A-Za-z_./:@-])")

# Signs of keys, as one byte: whatever is long enough has so many of them in a row.
_WORD_SIGNS = bytes(
    ord("w") if chr(sign).isascii() and (chr(sign).isalnum() or chr(sign) in "_-") else ord(" ") for sign in range(256)
)
_LEAST_RUN = b"w" * 16
RUN = re.compile(rb"w++")

# `sk-` begins words and names too (`sk-learn-…`); these never do.
_KNOWN_REST = ("ant-", "proj-", "cf-", "or-", "svcacct-", "admin-")
_LEAST_REST = 16
_LONG_REST = 40
# How many prefixes in one run are looked at: `sk-sk-sk-…` would be read again and again.
_PREFIXES_MOST = 4
# `sk-xxxxxxxxxxxxxxxxxxxx` is what manuals print.
_LEAST_KINDS_OF_SIGNS = 3


def looks_like_key(prefix: str, rest: str) -> bool:
    """Whether a run behind a key's prefix is random enough to be one, and not a name with hyphens."""
    if len(rest) < _LEAST_REST or len(set(rest)) < _LEAST_KINDS_OF_SIGNS:
        return False
    if max(map(len, rest.replace("_", "-").split("-"))) >= _LEAST_REST:
        return True
    if is_mixed(rest):
        return True
    return prefix == "sk-" and (len(rest) >= _LONG_REST or rest.startswith(_KNOWN_REST))


def is_mixed(text: str) -> bool:
    """Whether there are digits, capitals and small letters in it, as in no name and no number."""
    return any(map(str.isdigit, text)) and any(map(str.isupper, text)) and any(map(str.islower, text))


def has_long_run(view: View) -> bool:
    """Whether there is a run as long as a key: without one there is nothing to find here."""
    return _LEAST_RUN in view.plain.translate(_WORD_SIGNS)


def find_keys(view: View) -> Iterator[Finding]:
    """Keys by their prefix, in runs of letters, digits, hyphens and underscores that are long enough for one."""
    signs = view.plain.translate(_WORD_SIGNS)
    position = 0
    while (start := signs.find(_LEAST_RUN, position)) >= 0:
        # `find` gives the first place from which so many follow, which is the run's own beginning.
        position = RUN.match(signs, start).end()  # type: ignore[union-attr]
        # Most runs are ids and names, none of whose words begins as a key does.
        words = view.text[start:position].replace("_", "-").split("-")
        if _BEGINNINGS.isdisjoint([word[:2] for word in words]) and words[0][1:3] not in _BEGINNINGS:
            continue
        span = _key_within(view.text, start, position)
        if span is not None:
            yield _key(view.text, *span)


def _key_within(text: str, start: int, end: int) -> tuple[int, int] | None:
    # The letter of an escaped line break stands in front of a word and is none of it.
    position = start + 1 if start and text[start - 1] == "\\" else start
    tried = 0
    while tried < _PREFIXES_MOST:
        match = PREFIX.match(text, position, end) if text[position : position + 2] in _BEGINNINGS else None
        if match is not None:
            tried += 1
            fixed = FIXED.match(text, position, end) if match["fixed"] is not None else None
            if fixed is not None:
                return fixed.span()
            if match["fixed"] is None and looks_like_key(match[0], text[match.end() : end]):
                return position, end
        following = SEPARATOR.search(text, position, end)
        if following is None:
            break
        position = following.end()
    return None


def find_keys_with_dots(view: View) -> Iterator[Finding]:
    """Keys of two parts with a dot or a colon between them."""
    for pattern, before in ((DOTTED, 32), (SENDGRID, 0), (TELEGRAM, 10), (FAL, 36)):
        for match in pattern.finditer(view.text):
            start = match.start() - before
            if pattern is TELEGRAM:
                start = _start_of_digits(view.text, match.start())
            if not continues_word(view.text, start):
                yield _key(view.text, start, match.end())


def _start_of_digits(text: str, end: int) -> int:
    """Where the eight to ten digits before `end` begin."""
    start = end - 8
    while start > max(0, end - 10) and text[start - 1] in "0123456789":
        start -= 1
    return start


def find_json_tokens(view: View) -> Iterator[Finding]:
    for match in TOKEN_OF_JSON.finditer(view.text):
        yield Finding(kind=SecretKind.AUTHORIZATION, start=match.start(), end=match.end(), mask=JWT)


def find_bearers(view: View) -> Iterator[Finding]:
    position = 0
    while (start := view.lowered.find("bearer", position)) >= 0:
        position = start + len("bearer")
        match = BEARER_TOKEN.match(view.text, position)
        if match is None or continues_word(view.text, start):
            continue
        start, position = match.span("token")
        # "Bearer authentication-failed" is prose.
        random = any(map(str.isdigit, match["token"])) or position - start >= _LONG_REST
        if random and not is_masked_at(view.text, start):
            mask = mask_token(match["token"])
            yield Finding(kind=SecretKind.AUTHORIZATION, start=start, end=position, mask=mask)


def find_private_keys(view: View) -> Iterator[Finding]:
    position = 0
    while (match := PEM_BEGIN.search(view.text, position)) is not None:
        # A private key that was cut off is masked to the end of the text.
        ending = view.text.find(PEM_END, match.end())
        position = len(view.text) if ending < 0 else ending + len(PEM_END)
        yield Finding(kind=SecretKind.API_KEY, start=match.start(), end=position, mask=PRIVATE_KEY)


def with_next_line(text: str, found: Finding) -> Finding:
    """A key with its rest, where a line's end has broken it in two."""
    match = NEXT_LINE.match(text, found.end)
    rest = "" if match is None else match["rest"]
    if match is None or not (any(map(str.isdigit, rest)) and any(map(str.isalpha, rest))):
        return found
    mask = mask_key(text[found.start : found.end] + rest) if "…" in found.mask else found.mask
    return replace(found, end=match.end(), mask=mask)


def mask_token(token: str) -> str:
    """A key's mask where the token has a key's shape, else the mask of an authorization."""
    match = PREFIX.match(token)
    if (
        match is not None
        and match["fixed"] is None
        and token.isascii()
        and token.replace("-", "").replace("_", "").isalnum()
    ):
        return mask_key(token) if looks_like_key(match[0], token[match.end() :]) else AUTHORIZATION
    is_fixed = FIXED.fullmatch(token) or (DOTTED.search(token) and len(token) == 49)
    return mask_key(token) if is_fixed else AUTHORIZATION


def _key(text: str, start: int, end: int) -> Finding:
    return Finding(kind=SecretKind.API_KEY, start=start, end=end, mask=mask_key(text[start:end]))
