"""What somebody tells in words instead of in the field for it: who they are, when, how much, and what else is wrong. Pure.

People choose the nearest class and write the rest where there is room. What stands in a field of its own is never
overruled by words, and words never speak against a record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from counterfoil.evidence.search import emails_in
from counterfoil.evidence.subjects import clean
from counterfoil.support.said import read_masked_ids
from counterfoil.support.said_times import READ_CHARACTERS_MAX
from counterfoil.support.said_words import (
    AMOUNT,
    COMPLAINTS,
    MODELS,
    OF_CODES,
    code_end_in,
    key_end_in,
    names_in,
    order_end_in,
    says_nothing,
    status_in,
    user_number_in,
)

BALANCE, RECHARGE, FELL, FAILED = (
    "balance_not_enough", "recharged_not_credited", "balance_fell", "failed_perhaps_charged"
)  # fmt: skip
# Fields that take anything.
WORDS = ("error_text", "message_shown", "failure_reason", "caller", "retry_policy", "resubmitted", "charge_shown")
# Who somebody is, and when it was, says nothing of what has happened to them.
_PERSON = frozenset({"account", "account_email", "nickname", "user_number", "redemption_account", "group", "key_mask"})
_WHEN = frozenset({"request_time"})
_PROBLEMS = (BALANCE, RECHARGE, FELL, FAILED)
_AN_ID = re.compile(r"(?<![0-9a-z])(?:req|task|sub)_[0-9a-f]{32}(?![0-9a-f])", re.IGNORECASE)
_BROKEN_LINE = re.compile(r"\s*\n[\s>|]*")
_TIME_OF: Mapping[str, str] = MappingProxyType(
    {RECHARGE: "order_time", FELL: "time_window", FAILED: "request_time", BALANCE: "request_time"}
)
# A word or name among others.
_BETWEEN_NAMES = re.compile(r"[\s,，、;；:：()（）/|\"'“”]+")
NAMES_MAX = 12
_NAME_CHARACTERS = range(2, 41)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`problems` are the classes that a case may be of, the likeliest first; `values` what was told in words, by the field that
    it belongs to; `names` words among which somebody's nickname may be."""

    problems: tuple[str, ...]
    values: Mapping[str, str]
    names: tuple[str, ...]


def read_told(problem: str, values: Mapping[str, str]) -> Told:
    """What the words of a case tell. `values` are its fields as they were filled in."""
    words = [clean(values[name][:READ_CHARACTERS_MAX]) for name in WORDS if values.get(name)]
    text = "\n".join(words)
    # Who fills in nothing else but who they are and when has chosen any class at all, and tells it in words.
    is_all_words = all(name in WORDS or name in _PERSON or name in _WHEN for name in values)
    problems = _problems(problem, text, is_all_words=is_all_words)
    has_id = "request_id" in values or "task_id" in values
    found = {**_who(text), **_what(problem, text, problems, values, is_all_words=is_all_words, has_id=has_id)}
    is_named = any(_AN_ID.search(one) for one in (text, _BROKEN_LINE.sub("", text))) or read_masked_ids(text)
    if not has_id and is_named:
        found["request_id"] = text
    names = (*_names(clean(values.get("caller", "")[:READ_CHARACTERS_MAX])), *names_in(text))
    if names and "caller" not in values:
        found["caller"] = text
    return Told(
        problems=problems,
        values=MappingProxyType({name: value for name, value in found.items() if value and name not in values}),
        names=tuple(dict.fromkeys(names))[: 2 * NAMES_MAX],
    )


def _problems(problem: str, text: str, *, is_all_words: bool) -> tuple[str, ...]:
    """The classes, the likeliest first. Of words alone what is named first is the matter, and the rest comes with it."""
    places: dict[str, int] = {}
    for code, pattern in COMPLAINTS:
        match = pattern.search(text)
        if match is not None and code in _PROBLEMS:
            places[code] = match.start()
    # What a refusal says of recharging is advice, and what it says of balances is why.
    is_refusal = BALANCE in places
    complaints = [code for code in sorted(places, key=places.__getitem__) if code not in (problem, BALANCE)]
    if not is_all_words or (problem == BALANCE and is_refusal):
        return (problem, *complaints)
    if problem in places and problem != BALANCE:
        complaints = [code for code in complaints if places[code] > places[problem]]
        return (problem, *complaints)
    return (*complaints, problem)


def _who(text: str) -> dict[str, str]:
    return {
        "account_email": next(iter(emails_in(text)), ""),
        "user_number": user_number_in(text),
        "key_mask": key_end_in(text),
    }


def _what(
    chosen: str, text: str, problems: Sequence[str], values: Mapping[str, str], *, is_all_words: bool, has_id: bool
) -> dict[str, str]:
    found: dict[str, str] = {}
    # Its time may stand in the field for one that the chosen form happens to have.
    elsewhere = "\n".join(values[name] for name in sorted(_WHEN) if name in values) if is_all_words else ""
    for problem in problems:
        if problem == chosen and problem != problems[0]:
            # The words are of another matter than the one that was chosen.
            continue
        when = f"{elsewhere}\n{text}" if elsewhere else text
        if problem == RECHARGE:
            amount = AMOUNT.search(text)
            found |= {
                "code_last_four": code_end_in(text), "order_mask": order_end_in(text),
                "amount": "" if amount is None else amount[0],
            }  # fmt: skip
            if found["code_last_four"] or OF_CODES.search(text) or values.get("code_last_four"):
                found["redemption_time"] = when
                continue
        if problem in (BALANCE, FAILED, "something_else"):
            found |= {"model": text if MODELS.search(text) else "", "status_code": status_in(text)}
            if has_id:
                continue
        # The times of it are looked for where it is read.
        found.setdefault(_TIME_OF.get(problem, "request_time"), when)
    return found


def _names(caller: str) -> tuple[str, ...]:
    parts = [caller.strip(), *_BETWEEN_NAMES.split(caller)]
    named = dict.fromkeys(one for one in parts if len(one) in _NAME_CHARACTERS and "@" not in one)
    return tuple(named)[:NAMES_MAX]


_SEVERAL = re.compile(r"(?<![\d.])(?:[2-9]|\d\d)(?![\d.])|[两三四五六七八九十几多]\s?(?:次|遍|下|条|回)|several|many times|twice|(?:two|three|four|five|six) times", re.IGNORECASE)  # fmt: skip


def says_several(resubmitted: str) -> bool:
    """Whether somebody says that they have sent it several times, and asks about all of it."""
    said = clean(resubmitted[:200])
    return not says_nothing(said) and _SEVERAL.search(said) is not None
