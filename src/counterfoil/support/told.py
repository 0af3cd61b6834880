"""What somebody tells in words instead of in the field for it: who they are, when, how much, and what else is wrong. Pure.

People choose the nearest class and write the rest where there is room. What stands in a field of its own is never
overruled by words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from counterfoil.evidence.search import emails_in
from counterfoil.evidence.subjects import clean
from counterfoil.support.said_times import READ_CHARACTERS_MAX

BALANCE, RECHARGE, FELL, FAILED = (
    "balance_not_enough", "recharged_not_credited", "balance_fell", "failed_perhaps_charged"
)  # fmt: skip
# Fields that take anything.
WORDS = ("error_text", "message_shown", "failure_reason", "caller", "retry_policy", "resubmitted", "charge_shown")
# Who somebody is says nothing of what has happened to them.
_PERSON = frozenset({"account", "account_email", "nickname", "user_number", "redemption_account", "group", "key_mask"})
_COMPLAINTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (RECHARGE, re.compile(r"充值|充了|到账|付了款|付过款|兑换|recharge|top(?:ped)?[- ]?up|\bpaid\b|payment|credited|redeem|redemption", re.IGNORECASE)),
    (FELL, re.compile(r"余额.{0,8}(?:少了|掉了|下降|变少|骤降)|扣得.{0,4}快|balance.{0,12}(?:fell|dropped|drained|went down|lower)", re.IGNORECASE)),
    (FAILED, re.compile(r"(?:视频|图片|任务|生成).{0,10}失败|(?:video|image|task).{0,16}failed", re.IGNORECASE)),
)  # fmt: skip
_USER_NUMBER = re.compile(r"(?<![\w#])#\d{1,9}(?!\w)")
# A code ending in V803, 订单尾号 4711, order …4711.
_END = (
    r"(?:\s?(?:尾号|末尾|最后四位|ending(?: in| with)?|ends (?:in|with))\s?[:：]?\s?[…*.]{0,8}|\s?(?:号|no\.?|number)?\s?[:：]?\s?[…*.]{1,8})"
    r"(?P<end>[0-9A-Za-z]{4})(?![0-9A-Za-z])"
)
_CODE = re.compile(rf"(?:兑换码|\bcode){_END}", re.IGNORECASE)
_ORDER = re.compile(rf"(?:订单号?|单号|\border){_END}", re.IGNORECASE)
_OF_CODES = re.compile(r"兑换码|redemption code|redeem", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?:[¥￥$€£]\s?\d[\d,]{0,9}(?:\.\d{1,9})?|\d[\d,]{0,9}(?:\.\d{1,9})?\s?(?:元|块|CNY|RMB|USD|EUR|GBP|美元|刀|yuan|dollars?))"
    r"(?:左右)?",
    re.IGNORECASE,
)  # fmt: skip
_AN_ID = re.compile(r"(?<![0-9a-z])(?:req|task|sub)_[0-9a-f]{32}(?![0-9a-f])", re.IGNORECASE)
_BROKEN_LINE = re.compile(r"\s*\n[\s>|]*")
_TIME_OF: Mapping[str, str] = MappingProxyType({RECHARGE: "order_time", FELL: "time_window", FAILED: "request_time"})
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
    complaints = [code for code, pattern in _COMPLAINTS if pattern.search(text) and code != problem]
    # Who fills in nothing else but who they are has chosen any class at all, and tells it in words.
    is_all_words = all(name in WORDS or name in _PERSON for name in values)
    problems = (*complaints, problem) if is_all_words else (problem, *complaints)
    found = {**_who(text), **_what(text, complaints)}
    if "request_id" not in values and "task_id" not in values and _AN_ID.search(_BROKEN_LINE.sub("", text)):
        found["request_id"] = text
    return Told(
        problems=problems,
        values=MappingProxyType({name: value for name, value in found.items() if value and name not in values}),
        names=_names(clean(values.get("caller", "")[:READ_CHARACTERS_MAX])),
    )


def _who(text: str) -> dict[str, str]:
    number = _USER_NUMBER.search(text)
    return {
        "account_email": next(iter(emails_in(text)), ""),
        "user_number": "" if number is None else number[0],
    }


def _what(text: str, complaints: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for problem in complaints:
        if problem == RECHARGE:
            code, order, amount = _CODE.search(text), _ORDER.search(text), _AMOUNT.search(text)
            found |= {
                "code_last_four": "" if code is None else code["end"],
                "order_mask": "" if order is None else f"…{order['end']}",
                "amount": "" if amount is None else amount[0],
            }
            if code is not None or _OF_CODES.search(text):
                found["redemption_time"] = text
                continue
        # The times of it are looked for where it is read.
        found[_TIME_OF[problem]] = text
    return found


def _names(caller: str) -> tuple[str, ...]:
    parts = [caller.strip(), *_BETWEEN_NAMES.split(caller)]
    named = dict.fromkeys(one for one in parts if len(one) in _NAME_CHARACTERS and "@" not in one)
    return tuple(named)[:NAMES_MAX]


_SEVERAL = re.compile(r"(?<!\d)(?:[2-9]|\d\d)\s?(?:次|遍|times|x\b)|[两三四五六七八九十几多]\s?(?:次|遍)|several|many times|twice", re.IGNORECASE)  # fmt: skip


def says_several(resubmitted: str) -> bool:
    """Whether somebody says that they have sent it several times, and asks about all of it."""
    return _SEVERAL.search(clean(resubmitted[:200])) is not None
