"""What stands in a secret's place: its kind, and at most its last four characters. A mask is never masked again."""

from __future__ import annotations

import re

# A shorter token would be half shown by its last four characters.
_LEAST_LENGTH_TO_SHOW = 16
_SHOWN = 4
# Kept in a key's mask, so that people can tell which provider's key they exposed. Longest first.
_KEPT_PREFIXES = (
    "sk-ant-", "sk-proj-", "sk-or-", "sk-", "sk_live_", "sk_test_", "rk_live_", "gsk_", "xai-", "hf_", "ghp_", "gho_",
    "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "nvapi-", "pplx-", "AIza", "AKIA", "ASIA", "LTAI", "xoxb-", "xoxp-",
    "whsec_", "r8_", "npm_", "pypi-", "tvly-", "csk-", "fw_",
)  # fmt: skip

AUTHORIZATION = "[authorization]"
COOKIE = "[cookie]"
PASSWORD = "[password]"  # noqa: S105  what is shown instead of one
SECRET = "[secret]"  # noqa: S105
TOO_DEEP = "[too deep]"
JWT = "[jwt]"
PRIVATE_KEY = "[private key]"
PAYMENT_LINK = "[payment link]"
CARD_CHECK = "[card check]"

# A mask of ours at this place, or a key that somebody masked before: `sk-…3fA9`, `sk-...3fA9`, `sk-****3fA9`.
MASK = re.compile(
    r"\[(?:authorization|cookie|password|secret|jwt|private key|payment link|card check|content|too deep)\]"
    r"|\[(?:card|bank|id|phone|order|number|code)(?: …[0-9A-Za-z]{4})?\]"
    r"|\[(?:content|body|headers|header|log|image|file|bytes|items|unread) [0-9]{1,12}\]"
    r"|(?:sk-(?:[0-9a-z]{1,8}-){0,2}|[a-z]{2}_(?:live|test)_|[a-z0-9]{2,10}_|[a-z]{3,5}-|CF-|AIza|AKIA|ASIA|LTAI|AKID)?"
    r"(?:…|\.{3}|\*{3,256}+)[0-9A-Za-z_-]{0,4}(?![0-9A-Za-z_-])"
)


# What `mask_cut` ends a text with.
CUT = re.compile(r" \[cut [0-9]{1,12} characters\]\Z")
CUT_LENGTH_MOST = 36


def is_masked_at(text: str, position: int) -> bool:
    """Whether what begins here is a mask."""
    return MASK.match(text, position) is not None


def is_mask(text: str, start: int, end: int) -> bool:
    """Whether a mask is all there is in this part of the text."""
    return MASK.fullmatch(text, start, end) is not None


def mask_key(token: str) -> str:
    """The form of a key that may be shown: `sk-…3fA9`. A token too short to hide shows no character of itself."""
    prefix = next((known for known in _KEPT_PREFIXES if token.startswith(known)), "")
    return f"{prefix}…{last_four(token)}"


def last_four(secret: str) -> str:
    """The last four characters, or nothing of a short secret."""
    return secret[-_SHOWN:] if len(secret) >= _LEAST_LENGTH_TO_SHOW else ""


def mask_digits(name: str, digits: str) -> str:
    """`[card …4242]`; of a number of less than eight digits, which four would half show, `[bank]`."""
    return f"[{name} …{digits[-_SHOWN:]}]" if len(digits) >= 2 * _SHOWN else f"[{name}]"


def mask_length(name: str, length: int) -> str:
    """`[content 120]`: private content, only its length is kept."""
    return f"[{name} {length}]"


def mask_cut(length: int) -> str:
    """What a text ends with of which the rest, so many characters, was too much."""
    return f" [cut {length} characters]"
