"""What somebody tells in words instead of in the field for it: who they are, when, how much, and what else is wrong. Pure.

People choose the nearest class and write the rest where there is room. What stands in a field of its own is never
overruled by words, and words never speak against a record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from counterfoil.evidence.subjects import clean
from counterfoil.support.said import WRITTEN_ID, read_masked_ids
from counterfoil.support.said_times import READ_CHARACTERS_MAX, names_whole_day
from counterfoil.support.said_words import (
    AMOUNT,
    COMPLAINTS,
    MODELS,
    OF_CODES,
    addresses_in,
    code_end_in,
    key_end_in,
    key_ends_astray,
    money_end_astray,
    names_in,
    order_end_in,
    says_nothing,
    status_in,
    user_number_in,
    without_advice,
    without_user_numbers,
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
_IDS = ("request_id", "task_id")
# Fields that have no form of their own: whatever is told fits in.
_ROOMY = (
    "download_state", "charge_mark", "code_state", "model_tier", "task_type", "payment_method", "concurrency", "group",
)  # fmt: skip
_OUTCOMES = ("charge_mark", "download_state")
_TIME_OF: Mapping[str, str] = MappingProxyType(
    {RECHARGE: "order_time", FELL: "time_window", FAILED: "request_time", BALANCE: "request_time"}
)
# A word or name among others.
_BETWEEN_NAMES = re.compile(r"[\s,，、;；:：()（）/|\"'“”]+")
NAMES_MAX = 12
_NAME_CHARACTERS = range(2, 41)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`problems` are the classes that a case may be of, the likeliest first; `values` what was told elsewhere than in the field
    that it belongs to, by that field; `names` words among which somebody's nickname may be.

    Of `values`, `moved` are those that stood alone in another field, and are as good as in their own; `strayed` may be of the
    field in which they stood as well. `when` is where times may be told; `ends` may be ends of keys."""

    problems: tuple[str, ...]
    values: Mapping[str, str]
    names: tuple[str, ...]
    moved: frozenset[str] = frozenset()
    strayed: frozenset[str] = frozenset()
    when: str = ""
    ends: tuple[str, ...] = ()
    is_several: bool = False


def read_told(problem: str, values: Mapping[str, str]) -> Told:
    """What the words of a case tell. `values` are its fields as they were filled in."""
    words = [clean(values[name][:READ_CHARACTERS_MAX]) for name in WORDS if values.get(name)]
    text = "\n".join(words)
    plain = without_user_numbers(text)
    roomy = [clean(values[name][:READ_CHARACTERS_MAX]) for name in _ROOMY if values.get(name)]
    # Who fills in nothing else but who they are and when has chosen any class at all, and tells it in words.
    is_all_words = all(name in WORDS or name in _PERSON or name in _WHEN for name in values)
    elsewhere = "\n".join(values[name] for name in sorted(_WHEN) if name in values) if is_all_words else ""
    when = "\n".join(filter(None, (elsewhere, plain, *roomy)))
    problems = _problems(problem, plain, when, is_all_words=is_all_words)
    named = "\n".join(values[name] for name in _IDS if name in values)
    found = {
        **_who(text),
        **_what(problem, plain, problems, values, when=when, has_id=WRITTEN_ID.search(named) is not None),
    }
    moved: frozenset[str] = frozenset() if _names_id(named) else _find_id(values, text, found)
    strayed = _astray(problems, values, text, found)
    names = (*_names(clean(values.get("caller", "")[:READ_CHARACTERS_MAX])), *names_in(text))
    if names and "caller" not in values:
        found["caller"] = text
    told = {name: value for name, value in found.items() if value and (name not in values or name in moved)}
    return Told(
        problems=problems,
        values=MappingProxyType(told),
        names=tuple(dict.fromkeys(names))[: 2 * NAMES_MAX],
        moved=moved,
        strayed=strayed & told.keys(),
        when=when,
        ends=() if problems[0] == RECHARGE else key_ends_astray(values, text),
        is_several=problems[0] == FAILED and any(tells_copies(one) for one in (*words, *roomy)),
    )


def _problems(problem: str, text: str, when: str, *, is_all_words: bool) -> tuple[str, ...]:
    """The classes, the likeliest first. Of words alone what is named first is the matter, and the rest comes with it; where no
    complaint is understood, what is told says of which kind of record it is."""
    text = without_advice(text)
    places: dict[str, int] = {}
    for code, pattern in COMPLAINTS:
        match = pattern.search(text)
        if match is not None and code in _PROBLEMS:
            places[code] = match.start()
    # A status is what a refusal has; what else it says of balances is why.
    is_refusal = BALANCE in places
    is_sure = bool(status_in(text))
    complaints = [
        code for code in sorted(places, key=places.__getitem__) if code != problem and (code != BALANCE or is_sure)
    ]
    if not is_all_words:
        return (problem, *complaints)
    if order_end_in(text) or code_end_in(text):
        return (RECHARGE, *dict.fromkeys(one for one in (*complaints, problem) if one != RECHARGE))
    if problem == BALANCE and is_refusal:
        return (problem, *complaints)
    if problem in places and problem != BALANCE:
        complaints = [code for code in complaints if places[code] > places[problem]]
        return (problem, *complaints)
    if not complaints and problem != RECHARGE and not is_sure and not _names_id(text):
        if AMOUNT.search(text) and not tells_copies(text):
            complaints = [RECHARGE]
        elif names_whole_day(when):
            # Whoever speaks of a day, and of nothing that one call has, speaks of what it came to.
            complaints = [FELL]
    return tuple(dict.fromkeys((*complaints, problem)))


def _who(text: str) -> dict[str, str]:
    return {
        "account_email": next(iter(addresses_in(text)), ""),
        "user_number": user_number_in(text),
        "key_mask": key_end_in(text),
    }


def _what(
    chosen: str, text: str, problems: Sequence[str], values: Mapping[str, str], *, when: str, has_id: bool
) -> dict[str, str]:
    found: dict[str, str] = {}
    for problem in problems:
        if problem == chosen and problem != problems[0]:
            # The words are of another matter than the one that was chosen.
            continue
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
            if problem == FAILED:
                found["charge_shown"] = next(
                    (values[name] for name in _OUTCOMES if tells_charge(values.get(name, ""))), ""
                )
            if has_id:
                continue
        # The times of it are looked for where it is read.
        found.setdefault(_TIME_OF.get(problem, "request_time"), when)
    return found


def _find_id(values: Mapping[str, str], text: str, found: dict[str, str]) -> frozenset[str]:
    """Put an id that is told elsewhere than in its field into it. Alone in the field for something else it is meant as one in
    its own; among words it may be mentioned beside the matter."""
    alone = next((values[name] for name in _ROOMY if name in values and _names_id(values[name])), "")
    if alone:
        found["request_id"] = alone
        return frozenset({"request_id"})
    if _names_id(text):
        found["request_id"] = text
    return frozenset()


def _astray(problems: Sequence[str], values: Mapping[str, str], text: str, found: dict[str, str]) -> frozenset[str]:
    """Put ends of numbers that stand in the fields for others, or alone among words, where they may belong."""
    strayed: set[str] = set()
    if RECHARGE in problems:
        for own in ("order_mask", "code_last_four"):
            end = "" if own in values or found.get(own) else money_end_astray(values, text, own)
            if end:
                found[own] = end
                strayed.add(own)
        if "order_mask" in strayed and "order_time" not in values:
            found.setdefault("order_time", found.get("redemption_time", ""))
            strayed.add("order_time")
    elif not found.get("key_mask") and "key_mask" not in values:
        ends = key_ends_astray(values, text)
        found["key_mask"] = f"sk-…{ends[0]}" if ends else ""
    return frozenset(strayed)


def _names_id(text: str) -> bool:
    cleaned = clean(text[:READ_CHARACTERS_MAX])
    return WRITTEN_ID.search(cleaned) is not None or bool(read_masked_ids(cleaned))


def _names(caller: str) -> tuple[str, ...]:
    parts = [caller.strip(), *_BETWEEN_NAMES.split(caller)]
    named = dict.fromkeys(one for one in parts if len(one) in _NAME_CHARACTERS and "@" not in one)
    return tuple(named)[:NAMES_MAX]


_SEVERAL = re.compile(r"(?<![\d.])(?:[2-9]|\d\d)(?![\d.])|[两三四五六七八九十几多]\s?(?:次|遍|下|条|回)|several|many times|twice|(?:two|three|four|five|six) times", re.IGNORECASE)  # fmt: skip
# Among other words a number needs what it counts.
_N = r"(?:[2-9]|[1-4]\d|[两三四五六七八九十])"
_COPIES = re.compile(
    rf"(?<![\d.:]){_N}\s?(?:次|遍|回|连(?!接)|个?一样|[个条]相同|x\b|times\b|tries\b|attempts\b|copies\b|of the same|altogether|in (?:all|total))"
    rf"|\b[x×]\s?{_N}(?!\d)|(?:加起来|一共|总共)\s?{_N}(?![\d.元块])",
    re.IGNORECASE,
)
_CHARGE = re.compile(
    r"扣|费|收(?:了|钱)|余额|charge|bill|cost|deduct|\bpaid\b|money|balance|\bfree\b|nothing taken", re.IGNORECASE
)


def says_several(resubmitted: str) -> bool:
    """Whether somebody says that they have sent it several times, and asks about all of it."""
    said = clean(resubmitted[:200])
    return not says_nothing(said) and _SEVERAL.search(said) is not None


def tells_copies(text: str) -> bool:
    """Whether it is told among other words that the same was sent several times."""
    return _COPIES.search(text) is not None


def tells_charge(text: str) -> bool:
    """Whether a value speaks of what was charged."""
    return _CHARGE.search(text) is not None
