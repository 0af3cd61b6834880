"""How well each field of a case agrees with a record. Pure.

A record that does not have a field, or a value that cannot be read, says nothing either way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from counterfoil.foundation.code_form import read_mask
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time
from counterfoil.support.agreement_measures import PARTS, agree_amount, agree_time
from counterfoil.support.agreement_model import Reading, Record, Said
from counterfoil.support.model import Agreement
from counterfoil.support.said import read_ids, read_masked_ids
from counterfoil.support.said_ends import is_slip, read_key_tail, read_tail
from counterfoil.support.said_words import addresses_in, local_parts_in, names_of, person_number

# What is shown of what was said.
SHOWN_CHARACTERS = 120


class _Met(NamedTuple):
    """What comparing one field came to; `recorded` is shown beside what was said."""

    agreement: Agreement
    recorded: str = ""


UNKNOWN = _Met(Agreement.UNKNOWN)


# -- the fields --------------------------------------------------------------------------------------------------------


def _best(found: Iterable[_Met]) -> _Met:
    """The best of several that a record has; unknown where it has none."""
    met = list(found)
    return max(met, key=lambda one: PARTS[one.agreement]) if met else UNKNOWN


Compares = Callable[[Said, str, Record, Reading], _Met]


def _id_of(field: str, *kinds: str) -> Compares:
    def compare(said: Said, value: str, record: Record, reading: Reading) -> _Met:
        if record.kind not in kinds:
            return UNKNOWN
        shown = show_id(record.kind, record.id)
        if field in said.told:
            # Among the words of an error it names its record, if something is wrong with that; it never speaks against another.
            met = Agreement.EXACT if record.is_trouble else Agreement.CLOSE
            if any(one.fits(record.id) for one in said.masked_ids):
                return _Met(Agreement.CLOSE, shown)
            return _Met(met, shown) if record.id in read_ids(value, now=said.now) else UNKNOWN
        named, masked = read_ids(value, now=said.now), read_masked_ids(value)
        if record.id in named:
            return _Met(Agreement.EXACT, shown)
        if any(one.fits(record.id) for one in masked):
            return _Met(Agreement.CLOSE, shown)
        # An id that nobody has is a slip of the pen: it says nothing about this record.
        if masked or reading.known_ids.intersection(named):
            return _Met(Agreement.DIFFERENT, shown)
        return UNKNOWN

    return compare


def _time(said: Said, value: str, record: Record, reading: Reading, *, field: str) -> _Met:
    times, zones = said.times.get(field, ()), reading.zones(said.language)
    return _best(_Met(agree_time(times, at, zones), show_time(at)) for at in record.times) if times else UNKNOWN


def _time_of(field: str, *kinds: str) -> Compares:
    def compare(said: Said, value: str, record: Record, reading: Reading) -> _Met:
        return _time(said, value, record, reading, field=field) if record.kind in kinds else UNKNOWN

    return compare


def _amount(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    if said.amount is None:
        return UNKNOWN
    return _best(
        _Met(agree_amount(said.amount, nanos, currency), f"{format_nanos(nanos)} {currency}")
        for nanos, currency in record.amounts
    )


def _end_of(tail: str | None, ends: Iterable[str]) -> _Met:
    """The end of a number against those of a record; letters written small, a sign mistyped and two that changed places are
    slips."""
    known = [end for end in ends if end]
    if tail is None or not known:
        return UNKNOWN
    return _best(
        _Met(
            _agree_end(tail, end), f"…{end[-4:]}"
        )
        for end in known
    )  # fmt: skip


def _agree_end(tail: str, end: str) -> Agreement:
    if end.endswith(tail):
        return Agreement.EXACT
    typed, known = tail.lower(), end[-len(tail) :].lower()
    return Agreement.CLOSE if typed == known or is_slip(typed, known) else Agreement.DIFFERENT


def _order_mask(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    if record.kind == "order" and record.id in said.ids:
        return _Met(Agreement.EXACT, f"…{record.id.hex[-4:]}")
    return _end_of(read_tail(value), record.numbers)


def _code_end(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    tail = read_tail(value)
    read = None if tail is None else read_mask(tail)
    return _end_of(read or tail, () if record.code_last_four is None else (record.code_last_four,))


def _key_mask(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    tails = [read_key_tail(value), *(said.ends if "key_mask" in said.told else ())]
    return _best(_end_of(tail, () if record.key_mask is None else (record.key_mask,)) for tail in tails)


def _plain(text: str) -> str:
    return re.sub(r"[\s_./:·-]+", "", text).casefold()


def _words(value: str, known: Iterable[str | None]) -> _Met:
    """A name against those of a record: the same, or the one within the other, written with other signs between."""
    names = [name for name in known if name]
    typed = _plain(value)
    if not names or not typed:
        return UNKNOWN
    return _best(_Met(_alike(value, typed, name), name[:SHOWN_CHARACTERS]) for name in names)


def _alike(value: str, typed: str, name: str) -> Agreement:
    plain = _plain(name)
    if value.casefold() == name.casefold():
        return Agreement.EXACT
    within = min(len(typed), len(plain)) >= 2 and (typed in plain or plain in typed)
    return Agreement.CLOSE if typed == plain or within else Agreement.DIFFERENT


def _email(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    typed = {value.casefold(), *(one.casefold() for one in addresses_in(value))}
    # The part before the sign is right and the rest was mistyped, or left out.
    parts = {*local_parts_in(value), value.casefold().partition("@")[0]}
    return _best(
        _Met(
            Agreement.EXACT if one.casefold() in typed
            else Agreement.CLOSE if one.casefold().partition("@")[0] in parts else Agreement.DIFFERENT,
            one,
        )
        for one in record.emails
    )  # fmt: skip


_MODEL_SIGNS = re.compile(r"[\s_./:-]+")


def _spaced(text: str) -> frozenset[str]:
    """Every run of words of a text, up to four of them, written alike."""
    words = re.findall(r"[a-z0-9]+", text.casefold())
    return frozenset(" ".join(words[at : at + size]) for size in range(1, 5) for at in range(len(words)))


def _user_number(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    found = re.search(r"\d{1,9}", person_number(value) or value)
    if found is None or not record.user_numbers:
        return UNKNOWN
    shown = f"#{record.user_numbers[0]}"
    is_one = int(found[0]) in record.user_numbers
    return _Met(Agreement.EXACT, f"#{int(found[0])}") if is_one else _Met(Agreement.DIFFERENT, shown)


def _person(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    """One of the fields for who somebody is, by whatever stands in it: an address, a number, a name."""
    met = _account(said, value, record, reading)
    if met.agreement is not Agreement.DIFFERENT:
        return met
    # A name may have the form of a number or an address.
    named = _names(value, record.nicknames)
    return named if named.agreement is Agreement.EXACT else met


def _caller(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    """Who called: a program, mostly; somebody's name among the words agrees, and nothing else speaks against it."""
    typed = value.casefold()
    for email in record.emails:
        if email.casefold() in typed:
            return _Met(Agreement.EXACT, email)
    number = person_number(value)
    if number and int(number) in record.user_numbers:
        return _Met(Agreement.EXACT, f"#{int(number)}")
    names = {one.casefold() for one in said.names}
    for name in (record.account_name, *record.nicknames):
        if name and name.casefold() in names:
            return _Met(Agreement.EXACT, name)
    return UNKNOWN


def _account(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    if record.account_id is not None and record.account_id in read_ids(value, now=said.now):
        return _Met(Agreement.EXACT, show_id("account", record.account_id))
    # People write whatever they know themselves by.
    number = person_number(value)
    if number:
        return _user_number(said, number, record, reading)
    if "@" in value.strip("@") or addresses_in(value):
        return _email(said, value, record, reading)
    met = _names(value, (record.account_name, *record.nicknames))
    # An address without its sign.
    address = _email(said, value, record, reading)
    return address if address.agreement is Agreement.CLOSE else met


def _names(value: str, known: Iterable[str | None]) -> _Met:
    """A name against those of a record, without what people put around it."""
    names = [name for name in known if name]
    return _best(_words(one, names) for one in names_of(value))


def _model(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    if "model" in said.told:
        # Among words a model is named, or is not.
        named = record.model is not None and _MODEL_SIGNS.sub(" ", record.model.casefold()) in _spaced(value)
        return _Met(Agreement.EXACT, record.model or "") if named else UNKNOWN
    return _words(value, (record.model,))


def _group(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    return _words(value, (record.group,))


def _status(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    found = re.search(r"(?<!\d)[1-5]\d\d(?!\d)", value)
    if found is None or record.status_code is None:
        return UNKNOWN
    same = int(found[0]) == record.status_code
    return _Met(Agreement.EXACT if same else Agreement.DIFFERENT, str(record.status_code))


def _error(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    if record.code is None:
        return UNKNOWN
    # An error's text is cut, translated by a client, or another's: it never speaks against a record.
    return (
        _Met(Agreement.EXACT, record.code) if record.code in value.casefold() else _Met(Agreement.UNKNOWN, record.code)
    )


def _failure(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    if record.failure is None:
        return UNKNOWN
    met = _words(value, (record.failure,))
    return met if met.agreement is not Agreement.DIFFERENT else _Met(Agreement.UNKNOWN, met.recorded)


_WORDS_OF_TASK: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "image": re.compile(r"图|画|image|picture|photo", re.IGNORECASE),
        "video": re.compile(r"视频|影片|video|clip", re.IGNORECASE),
        "speech": re.compile(r"语音|朗读|音频|speech|audio|voice|tts", re.IGNORECASE),
        "transcription": re.compile(r"转写|听写|音频|transcri|audio", re.IGNORECASE),
        "chat": re.compile(r"聊天|文本|对话|chat|text", re.IGNORECASE),
    }
)
_WORDS_OF_PAYMENT: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "alipay": re.compile(r"支付宝|alipay", re.IGNORECASE),
        "wechat": re.compile(r"微信|we\s?chat", re.IGNORECASE),
        "stripe": re.compile(r"stripe|卡|card|visa|master", re.IGNORECASE),
        "epay": re.compile(r"易支付|epay|支付宝|微信|alipay|we\s?chat", re.IGNORECASE),
        "bank": re.compile(r"银行|转账|对公|bank|transfer|wire", re.IGNORECASE),
    }
)


def _named(value: str, kind: str | None, words: Mapping[str, re.Pattern[str]]) -> _Met:
    """A kind by the words people have for it; words for none of them say nothing."""
    if kind is None or not any(pattern.search(value) for pattern in words.values()):
        return UNKNOWN
    pattern = words.get(kind)
    return _Met(Agreement.EXACT if pattern is not None and pattern.search(value) else Agreement.DIFFERENT, kind)


def _task_type(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    return _named(value, record.task_kind, _WORDS_OF_TASK)


def _payment(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    return _named(value, record.payment_kind, _WORDS_OF_PAYMENT)


_CHARGED = re.compile(
    r"看到|扣了|已扣|有扣|扣过|扣走|扣费|收了|收费|收过|有这笔|费用|是的|\byes\b|was shown|charged|billed|\bbill\b|statement|\bfee\b|\bcost|took",
    re.IGNORECASE,
)
_NOT_CHARGED = re.compile(r"没|未|不|无|空|\bno\b|\bnone\b|\bnot\b|n't|nothing|\bempty\b", re.IGNORECASE)


def is_charge_said(said: Said) -> bool | None:
    """Whether somebody saw a charge; None where they do not say, or are not sure."""
    value = said.values.get("charge_shown") or said.values.get("charge_mark", "")
    if _NOT_CHARGED.search(value):
        unsure = re.search(r"不确定|不清楚|不知道|不记得|not sure|no idea|n't (?:know|remember)", value, re.IGNORECASE)
        return None if unsure else False
    return True if _CHARGED.search(value) else None


def _charge(said: Said, value: str, record: Record, reading: Reading) -> _Met:
    """Whether a charge was seen; what was given back had been seen before."""
    was_seen = is_charge_said(said)
    if was_seen is None or record.charge_mark is None:
        return UNKNOWN
    is_charged = record.charge_mark in ("charged", "refunded", "partly_refunded")
    return _Met(Agreement.EXACT if was_seen == is_charged else Agreement.DIFFERENT, record.charge_mark)


COMPARE: Mapping[str, tuple[int, Compares]] = MappingProxyType(
    {
        "request_id": (100, _id_of("request_id", "request", "task")),
        "task_id": (100, _id_of("task_id", "task", "request")),
        "order_mask": (60, _order_mask),
        "code_last_four": (60, _code_end),
        "key_mask": (45, _key_mask),
        "request_time": (45, _time_of("request_time", "request", "task")),
        "order_time": (45, _time_of("order_time", "order")),
        "redemption_time": (45, _time_of("redemption_time", "code")),
        "time_window": (20, _time_of("time_window", "request", "task", "account")),
        "amount": (45, _amount),
        "account_email": (40, _person),
        "user_number": (40, _person),
        "nickname": (25, _person),
        "account": (30, _account),
        "caller": (25, _caller),
        "redemption_account": (25, _account),
        "model": (20, _model),
        "status_code": (15, _status),
        "error_text": (15, _error),
        "task_type": (10, _task_type),
        "payment_method": (10, _payment),
        "group": (10, _group),
        "failure_reason": (10, _failure),
        "charge_shown": (10, _charge),
    }
)
COMPARED = frozenset(COMPARE)
# How heavily each field counts.
WEIGHTS: Mapping[str, int] = MappingProxyType({name: weight for name, (weight, _) in COMPARE.items()})
