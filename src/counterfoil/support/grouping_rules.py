"""Which cases report the same: first by what the records say, then by how alike their words are. Pure.

Words are compared by pairs of Chinese characters and by runs of three letters, so that neither language needs a dictionary,
and an added word or a slip of the pen changes little.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from counterfoil.evidence.subjects import clean

# Of a thousand. Two people's words for one outage come to 600 and more, those for two to less than 400.
ALIKE_LEAST = 550
# Shorter texts ("402", "没到账") are alike whatever they are about.
SIGNS_LEAST = 8
TEXT_CHARACTERS_MAX = 2_000
_ID = re.compile(r"(?<![0-9a-z])[a-z]{2,6}_[0-9a-f]{8,32}(?![0-9a-z])")
_DIGITS = re.compile(r"\d+")
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_WORD = re.compile(r"[a-z]+(?:[_'-][a-z]+)*|0")
# Of these the cause is a limit or a balance: every call that it refused is one report of it.
_ONE_CAUSE = frozenset({"balance_not_enough"})
# A candidate that agrees as well as this stands for the record until somebody confirms one.
SURE_SCORE = 700
# What reports are told by in words.
TEXT_FIELDS = ("error_text", "message_shown", "failure_reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A case as far as it is compared: its class, what it was found to be about, and the words in it."""

    case_id: UUID
    problem: str
    subject: str | None
    cause: str | None
    account_id: UUID | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A group that there is, with a report of it: the first one, which gave it its key."""

    group_id: UUID
    first: Report


def words_of(values: Mapping[str, str]) -> str:
    """What a case says in words."""
    return "\n".join(values[name] for name in TEXT_FIELDS if values.get(name))


def structured_key(report: Report) -> str | None:
    """What records make of it: the same record, else the same cause on the same account; None where neither is known. Where
    one cause refuses many calls, the cause comes first."""
    is_of_cause = report.cause is not None and report.account_id is not None
    if report.subject is not None and not (is_of_cause and report.problem in _ONE_CAUSE):
        return f"subject:{report.problem}:{report.subject}"
    if report.cause is not None and report.account_id is not None:
        return f"cause:{report.problem}:{report.cause}:{report.account_id.hex}"
    return None


def grams(text: str) -> Counter[str]:
    """Pairs of Chinese characters and runs of three letters, how often each; numbers and ids count as such only."""
    folded = unicodedata.normalize("NFKC", clean(text[:TEXT_CHARACTERS_MAX])).casefold()
    folded = _DIGITS.sub("0", _ID.sub(" 0 ", folded))
    found: Counter[str] = Counter()
    for run in _CJK.findall(folded):
        found.update([run] if len(run) == 1 else (run[place : place + 2] for place in range(len(run) - 1)))
    for word in _WORD.findall(folded):
        padded = f" {word} "
        found.update(padded[place : place + 3] for place in range(len(padded) - 2))
    return found


def likeness(one: str, other: str) -> int:
    """How alike two texts are, 0 to 1000: twice what they share over what they have."""
    return _likeness(grams(one), grams(other))


def _likeness(one: Counter[str], other: Counter[str]) -> int:
    whole = one.total() + other.total()
    return 0 if whole == 0 else 2_000 * (one & other).total() // whole


def are_same(one: Report, other: Report) -> bool:
    """Whether two cases report the same. Different classes never do; causes that are known and differ never do; of one
    account's different records each is a case of its own."""
    if one.problem != other.problem:
        return False
    if one.subject is not None and one.subject == other.subject:
        return True
    if one.cause is not None and other.cause is not None and one.cause != other.cause:
        return False
    same_account = one.account_id is not None and one.account_id == other.account_id
    same_cause = same_account and one.cause is not None and one.cause == other.cause
    if same_account and None not in (one.subject, other.subject) and not (same_cause and one.problem in _ONE_CAUSE):
        return False
    if same_cause:
        return True
    return _words_alike(one.words, other.words)


def _words_alike(one: str, other: str) -> bool:
    first, second = grams(one), grams(other)
    if min(first.total(), second.total()) < SIGNS_LEAST:
        return False
    return _likeness(first, second) >= ALIKE_LEAST


def find_group(report: Report, standing: Sequence[Standing]) -> UUID | None:
    """The group that a case belongs to: by its key, else by its words the one that is most like it; None where to none."""
    key = structured_key(report)
    if key is not None:
        for one in standing:
            if structured_key(one.first) == key and one.first.problem == report.problem:
                return one.group_id
    alike = [one for one in standing if are_same(report, one.first)]
    if not alike:
        return None
    found = grams(report.words)
    return max(alike, key=lambda one: (_likeness(found, grams(one.first.words)), -one.group_id.int)).group_id


def group_all(reports: Iterable[Report]) -> Mapping[UUID, UUID]:
    """Each case with the first case of its group (itself, where it is alone), in the order in which they came."""
    standing: list[Standing] = []
    found: dict[UUID, UUID] = {}
    for report in reports:
        group_id = find_group(report, standing)
        if group_id is None:
            standing.append(Standing(group_id=report.case_id, first=report))
        found[report.case_id] = group_id or report.case_id
    return MappingProxyType(found)
