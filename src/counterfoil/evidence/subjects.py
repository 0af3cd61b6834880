"""Finding what a pasted text is about: an id or a code of ours, or an error that another service made. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from counterfoil.evidence.model import FoundId, Subject
from counterfoil.foundation.ids import PREFIXES
from counterfoil.foundation.vocabulary import Kind, entries

# An error with its stack fits well into this; what is beyond is somebody's log.
SUBJECT_CHARACTERS_MAX = 20_000
# A log has many; these are named, the first is explained.
IDS_MAX = 6

# Ids made before this service existed, or well after now, are another service's that happen to look like ours.
_FIRST_MILLIS = 1_672_531_200_000  # 2023-01-01
_DAY_MILLIS = 86_400_000

# What can be asked about, in the order in which it is looked for. A refused copy names its own request and the task that
# was there before: the question is about the refusal.
_KINDS = ("request", "task", "submission")
_KINDS_BY_PREFIX = {PREFIXES[kind]: kind for kind in _KINDS}
_ID = re.compile(rf"(?<![a-z0-9_])({'|'.join(_KINDS_BY_PREFIX)})_([0-9a-f]{{32}})(?![0-9a-z_])")
# Anthropic's ids begin like ours. OpenAI's have the same form as well, and are told by their digits alone.
_ANTHROPIC_ID = re.compile(r"(?<![A-Za-z0-9_])req_01[1-9A-HJ-NP-Za-km-z]{22}(?![0-9A-Za-z_])")
_BROKEN_LINE = re.compile(r"\r?\n[ \t>|]*")
# Chinese input methods give full-width letters and signs.
_FULL_WIDTH = {0xFF01 + place: 0x21 + place for place in range(0x5E)}
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")

_CODES = tuple(one.code for one in entries(Kind.REFUSAL))
# A code of one word ("overloaded") is ours only where it stands as a code.
_PLAIN = "|".join(code for code in _CODES if "_" in code)
_CODE = re.compile(rf"(?<![A-Za-z0-9_])({_PLAIN})(?![A-Za-z0-9_])")
_CODE_FIELD = re.compile(rf"""(?:["']code["']|\bcode)\s*[:=]\s*["']?({"|".join(_CODES)})(?![A-Za-z0-9_])""")
_ALONE = re.compile(rf"\s*({'|'.join(_CODES)})\s*\Z")


@dataclass(frozen=True, slots=True)
class _Service:
    """Another service and the words by which its refusals are known; the first words stand for all of them."""

    name: str
    words: tuple[str, ...]


# What our refusals say of money, in both languages and small letters: people cut off the code and the id beside it.
_SHORT = r"(?: is (?:too low for this request|used up)|(?:不够这次请求|已用完))"
_SAID = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (
            rf"(?:the account balance|账户余额|the account's \w{{1,20}} limit|账户限额\(\w{{1,6}}\)){_SHORT}",
            "account_balance",
        ),
        (rf"(?:the group's \w{{1,20}} quota|分组额度\(\w{{1,6}}\)){_SHORT}", "group_quota"),
        (rf"(?:this key's \w{{1,20}} limit|单个 api key 限额\(\w{{1,6}}\)){_SHORT}", "key_limit"),
        (r"(?:more than .{1,60} allows for one request|允许的单次费用上限)", "request_ceiling"),
    )
)

_SERVICES = (
    _Service("OpenRouter", ("limit_source", "requires more credits")),
    _Service(
        "new-api / one-api",
        (
            "insufficient_user_quota", "pre_consume_token_quota_failed", "用户额度不足", "用户剩余额度", "令牌额度",
            "预扣费额度失败",
        ),
    ),
    _Service("LiteLLM", ("budget_exceeded", "budget has been exceeded", "exceededbudget")),
    _Service(
        "Anthropic", ("billing_error", "credit balance is too low", "enforced_spend_limit_reached", "authentication_error")
    ),
    _Service("Google Gemini", ("resource_exhausted", "prepayment credits are depleted")),
    _Service("DeepSeek", ("insufficient balance",)),
    _Service(
        "OpenAI", ("insufficient_quota", "exceeded your current quota", "billing_hard_limit_reached", "invalid_api_key")
    ),
)  # fmt: skip


def recognise(text: str, *, now: int) -> Subject:
    """What the text is about; everything is empty where it names nothing. `now` (UTC microseconds) dates ids."""
    cleaned = clean(text)
    ids = _ids(cleaned, now) or _ids(_BROKEN_LINE.sub("", cleaned), now)
    code = _ALONE.match(cleaned) or _CODE_FIELD.search(cleaned) or _CODE.search(cleaned)
    if ids or code is not None:
        return Subject(ids=ids, code=code[1] if code is not None else None)
    lowered = cleaned.lower()
    said = next((code for pattern, code in _SAID if pattern.search(lowered)), None)
    if said is not None:
        return Subject(code=said)
    for service in _SERVICES:
        if any(words in lowered for words in service.words):
            return Subject(service=service.name, words=service.words[0])
    other = _ANTHROPIC_ID.search(cleaned)
    if other is not None:
        return Subject(service="Anthropic", words=other[0])
    unknown = _ID.search(lowered)
    return Subject(unknown_id=unknown[0] if unknown is not None else None)


def clean(text: str) -> str:
    """The beginning of the text, in half-width letters and without what cannot be seen."""
    return _INVISIBLE.sub("", text[:SUBJECT_CHARACTERS_MAX].translate(_FULL_WIDTH))


def _ids(text: str, now: int) -> tuple[FoundId, ...]:
    """Each id once. A task has the id of its request, and a submission that of its first request."""
    found: dict[UUID, set[str]] = {}
    for match in _ID.finditer(text.lower()):
        value = UUID(hex=match[2])
        if is_ours(value, now) and (value in found or len(found) < IDS_MAX):
            found.setdefault(value, set()).add(_KINDS_BY_PREFIX[match[1]])
    # Whoever has the task's id asks about the task, though the same answer names its request and its submission too.
    kinds = {
        value: "task" if "task" in named else "request" if "request" in named else "submission"
        for value, named in found.items()
    }
    ids = [FoundId(kinds[value], value) for value in found]
    return tuple(sorted(ids, key=lambda one: _KINDS.index(one.kind)))


def is_ours(value: UUID, now: int) -> bool:
    """Whether the id is a UUIDv7 of a time at which this service can have made it."""
    millis = value.int >> 80
    return value.version == 7 and _FIRST_MILLIS <= millis <= now // 1000 + _DAY_MILLIS
