"""What one failing check says: a sentence of what stands in the way, and one of what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from counterfoil.foundation.money import NANOS_PER_UNIT, format_nanos
from counterfoil.foundation.periods import read_time_zone, to_datetime
from counterfoil.foundation.vocabulary.model import Kind, Language, Text
from counterfoil.foundation.vocabulary.table import entry, find_entry

# What a caller sent may be quoted, such as a model's name; this much of it.
_QUOTED_CHARACTERS_MOST = 80


class CheckLike(Protocol):
    """A check of a decision, as `limits` reports it.

    `scope` is account, group, key, model, cost or request; amounts are in `unit` (money: nanos); `resets_at` is UTC
    microseconds. A check of the wallet has no `amount`: it is not a limit. Permission checks have no numbers.
    """

    @property
    def scope(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def passed(self) -> bool: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def window(self) -> str | None: ...
    @property
    def amount(self) -> int | None: ...
    @property
    def used(self) -> int | None: ...
    @property
    def held(self) -> int | None: ...
    @property
    def remaining(self) -> int | None: ...
    @property
    def needed(self) -> int | None: ...
    @property
    def resets_at(self) -> int | None: ...


class Amounts(StrEnum):
    """Whose numbers a reader may see. A refusal gets pasted into chats, and a reseller's key reaches strangers."""

    # Without sign-in: no amounts at all.
    HIDDEN = "hidden"
    # The key's own limits and what its request costs.
    OWN = "own"
    # A key with `show_balance`, or a signed-in member: the group's and the account's too.
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a refusal may name beyond its checks; what is not known is left out of the message.

    `detail` is a clause in the caller's language (an `input_problem`). The `first_` facts are of the submission that a
    copy was held against: a shown id, the state of that task or request, an amount as it is shown, a charge mark.
    """

    model: str | None = None
    detail: str | None = None
    feature: str | None = None
    first_id: str | None = None
    first_state: str | None = None
    first_charge: str | None = None
    first_mark: str | None = None
    passing_cap: int | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom a message is for. `currency` None leaves amounts of money out; times are shown in `time_zone`."""

    language: Language
    amounts: Amounts = Amounts.OWN
    currency: str | None = None
    time_zone: str = "UTC"


def shows_numbers(check: CheckLike, amounts: Amounts) -> bool:
    """Whether a reader may see this check's numbers."""
    if amounts is Amounts.OWN:
        return check.scope not in ("account", "group")
    return amounts is Amounts.ALL


_SUBJECTS = {
    "account": Text(zh="账户限额（{window}）", en="The account's {window} limit"),
    "group": Text(zh="分组额度（{window}）", en="The group's {window} quota"),
    "key": Text(zh="单个 API Key 限额（{window}）", en="This key's {window} limit"),
}
_BALANCE = Text(zh="账户余额", en="The account balance")
_HOLDERS = {
    "account": Text(zh="账户", en="the account"),
    "group": Text(zh="分组", en="the group"),
    # The space stands between Latin letters and the Chinese that follows.
    "key": Text(zh="这个 API Key ", en="this key"),
}
_PER_WINDOW = {
    "minute": Text(zh="每分钟", en="per minute"),
    "day": Text(zh="每天", en="per day"),
    "month": Text(zh="每月", en="per month"),
    "lifetime": Text(zh="总共", en="in total"),
}

_MONEY_USED_UP = Text(zh="{subject}已用完", en="{subject} is used up")
_MONEY_TOO_LOW = Text(zh="{subject}不够这次请求", en="{subject} is too low for this request")
_NEEDED = Text(zh="需要 {needed}", en="{needed} needed")
_LEFT = Text(zh="还剩 {remaining}", en="{remaining} left")
_NOTHING_LEFT = Text(zh="没有剩余", en="nothing left")
_UNTIL = Text(zh="（{time} 重置）", en=" until {time}")
_RESETS = Text(zh="（{time} 重置）", en=" (it resets at {time})")
_RESERVED = Text(zh="进行中的请求另外预留了 {held}。", en=" Requests in progress have {held} reserved.")

_CEILING = {
    (True, True): Text(
        zh="这次请求最多可能花费 {needed}，超过{holder}允许的单次费用上限 {amount}。",
        en="This request may cost up to {needed}, more than the {amount} that {holder} allows for one request.",
    ),
    (True, False): Text(
        zh="这次请求最多可能花费 {needed}，超过{holder}允许的单次费用上限。",
        en="This request may cost up to {needed}, more than {holder} allows for one request.",
    ),
    (False, False): Text(
        zh="这次请求可能超过{holder}允许的单次费用上限。",
        en="This request may cost more than {holder} allows for one request.",
    ),
}
_PACE = {
    "requests": Text(
        zh="{holder}{window}的请求数已到上限{amount}",
        en="{holder} has reached its limit of {amount}requests {window}",
    ),
    "tokens": Text(
        zh="{holder}{window}的 Token 数上限{amount}不够这次请求",
        en="For this request {holder} has too little left of its {amount}tokens {window}",
    ),
}
_IN_FLIGHT = Text(
    zh="{holder}同时进行的请求已到上限{amount}。",
    en="{holder} already has as many requests in progress as allowed{amount}.",
)
_MODEL = Text(
    zh="{holder}没有使用模型 {model} 的权限，这与余额无关。",
    en="{holder} has no permission for the model {model}; this is not about the balance.",
)
# Sentences that name what is known; without the fact, the code's own explanation says it in general.
_NAMING = {
    "bad_request": ("detail", Text(zh="请求有误：{detail}。", en="This request cannot be handled: {detail}.")),
    "model_not_found": ("model", Text(zh="这里没有名为 {model} 的模型。", en="There is no model named {model} here.")),
    "price_missing": (
        "model",
        Text(
            zh="模型 {model} 或它的这种用量还没有价格。", en="The model {model}, or this use of it, has no price yet."
        ),
    ),
    "cost_unbounded": (
        "feature",
        Text(
            zh="{feature} 的费用无法事先算出上限，所以不能预留。",
            en="The cost of {feature} has no bound that could be reserved beforehand.",
        ),
    ),
}
# The same for codes that name what was submitted first: its id, its state, its charge.
_NAMING_FIRST = {
    "duplicate_submission": Text(
        zh="同样的内容已经提交过：{first}。这一份副本没有执行。",
        en="The same thing was submitted before: {first}. This copy was not carried out.",
    ),
    "idempotency_key_reused": Text(
        zh="这个 Idempotency-Key 已经用于另一份内容：{first}。这一次没有执行。",
        en="This Idempotency-Key was used before for different content: {first}. This one was not carried out.",
    ),
}
_FIRST = Text(zh="{first}（{facts}）", en="{first} ({facts})")
_FIRST_CHARGES = {
    "held": Text(zh="已预留 {amount}", en="{amount} reserved"),
    "charged": Text(zh="已扣费 {amount}", en="charged {amount}"),
    "refunded": Text(zh="已扣费 {amount} 并全部退回", en="charged {amount}, all of it refunded"),
    "partly_refunded": Text(zh="已扣费 {amount} 并退回一部分", en="charged {amount}, part of it refunded"),
}


def sentence_of_check(check: CheckLike, *, reader: Reader, facts: Facts) -> str:
    """What stands in the way, in one sentence (two where requests in progress have money reserved)."""
    if check.code == "model_not_permitted" and facts.model and check.scope in _HOLDERS:
        return _start(_MODEL[reader.language].format(holder=_holder(check, reader.language), model=quote(facts.model)))
    if check.unit is None:
        return sentence_of_code(check.code, language=reader.language, facts=facts, amounts=reader.amounts)
    if check.unit == "in_flight":
        return _in_flight_sentence(check, reader)
    if check.unit != "money":
        return _pace_sentence(check, reader)
    return _ceiling_sentence(check, reader) if check.window == "request" else _money_sentence(check, reader)


def sentence_of_code(code: str, *, language: Language, facts: Facts, amounts: Amounts = Amounts.HIDDEN) -> str:
    """What a code says by itself, naming what is known. What was submitted first shows its charge unless it is hidden."""
    if code in _NAMING_FIRST and facts.first_id:
        return _NAMING_FIRST[code][language].format(first=_first(facts, language=language, amounts=amounts))
    fact, naming = _NAMING.get(code, ("", None))
    known = getattr(facts, fact) if naming is not None else None
    if naming is not None and known:
        # A detail is our own clause; everything else quotes the caller.
        return naming[language].format_map({fact: known if fact == "detail" else quote(str(known))})
    found = find_entry(Kind.REFUSAL, code) or entry(Kind.ERROR, "internal_error")
    return found.explanation[language]


def _first(facts: Facts, *, language: Language, amounts: Amounts) -> str:
    """What was submitted first: its id with its state and charge, as far as they are known."""
    first = quote(facts.first_id or "")
    known = [one for one in (_first_state(facts, language), _first_charge(facts, language, amounts)) if one]
    if not known:
        return first
    return _FIRST[language].format(first=first, facts=("，" if language is Language.ZH else ", ").join(known))


def _first_state(facts: Facts, language: Language) -> str | None:
    # What became of its charge is told beside it.
    state = "served" if facts.first_state == "served_not_charged" else facts.first_state
    kinds = [Kind.TASK_STATE, Kind.REQUEST_STATE]
    if not (facts.first_id or "").startswith("task_"):
        kinds.reverse()
    found = next((one for kind in kinds if (one := find_entry(kind, state or ""))), None)
    return None if found is None else _inside(found.label[language])


def _first_charge(facts: Facts, language: Language, amounts: Amounts) -> str | None:
    template = _FIRST_CHARGES.get(facts.first_mark or "")
    if template is not None and facts.first_charge and amounts is not Amounts.HIDDEN:
        return template[language].format(amount=facts.first_charge)
    found = find_entry(Kind.CHARGE_MARK, facts.first_mark or "")
    return None if found is None else _inside(found.label[language])


def _money_sentence(check: CheckLike, reader: Reader) -> str:
    language = reader.language
    if check.amount is None:
        subject = _BALANCE[language]
    else:
        window = entry(Kind.LIMIT_WINDOW, check.window or "lifetime").label[language]
        subject = _SUBJECTS.get(check.scope, _SUBJECTS["account"])[language].format(window=window)
    seen = shows_numbers(check, reader.amounts) and reader.currency is not None
    used_up = seen and check.remaining is not None and check.remaining <= 0
    parts = [(_MONEY_USED_UP if used_up else _MONEY_TOO_LOW)[language].format(subject=subject)]
    numbers = _money_numbers(check, reader) if seen else []
    if numbers:
        parts += ["：" if language is Language.ZH else ": ", ("，" if language is Language.ZH else ", ").join(numbers)]
    if check.resets_at is not None:
        reset = (_UNTIL if numbers else _RESETS)[language]
        parts.append(reset.format(time=show_moment(check.resets_at, reader, seconds=False)))
    parts.append("。" if language is Language.ZH else ".")
    if seen and check.held:
        parts.append(_RESERVED[language].format(held=show_money(check.held, reader.currency or "")))
    return "".join(parts)


def _money_numbers(check: CheckLike, reader: Reader) -> list[str]:
    language, currency = reader.language, reader.currency or ""
    numbers = []
    if check.needed is not None:
        numbers.append(_NEEDED[language].format(needed=show_money(check.needed, currency, up=True)))
    if check.remaining is not None and check.remaining <= 0:
        numbers.append(_NOTHING_LEFT[language])
    elif check.remaining is not None:
        numbers.append(_LEFT[language].format(remaining=show_money(check.remaining, currency)))
    return numbers


def _ceiling_sentence(check: CheckLike, reader: Reader) -> str:
    language, currency = reader.language, reader.currency
    # What its own request may cost is the key's own number; what the group or account allows is not.
    needed = check.needed if currency is not None and reader.amounts is not Amounts.HIDDEN else None
    amount = check.amount if needed is not None and shows_numbers(check, reader.amounts) else None
    template = _CEILING[needed is not None, amount is not None][language]
    return template.format(
        holder=_holder(check, language),
        needed=show_money(needed or 0, currency or "", up=True),
        amount=show_money(amount or 0, currency or ""),
    )


def _pace_sentence(check: CheckLike, reader: Reader) -> str:
    language = reader.language
    seen = shows_numbers(check, reader.amounts)
    amount = ""
    if seen and check.amount is not None:
        amount = f" {check.amount:,} " if language is Language.ZH else f"{check.amount:,} "
    parts = [
        _PACE.get(check.unit or "", _PACE["requests"])[language]
        .format(
            holder=_holder(check, language),
            window=_PER_WINDOW[check.window or "lifetime"][language],
            amount=amount,
        )
        .rstrip()
    ]
    numbers = _count_numbers(check, language) if seen and check.unit == "tokens" else []
    if numbers:
        parts += ["：" if language is Language.ZH else ": ", ("，" if language is Language.ZH else ", ").join(numbers)]
    if check.resets_at is not None:
        seconds = check.window == "minute"
        parts.append(_RESETS[language].format(time=show_moment(check.resets_at, reader, seconds=seconds)))
    parts.append("。" if language is Language.ZH else ".")
    return _start("".join(parts))


def _count_numbers(check: CheckLike, language: Language) -> list[str]:
    numbers = []
    if check.needed is not None:
        numbers.append(_NEEDED[language].format(needed=f"{check.needed:,}"))
    if check.remaining is not None:
        numbers.append(_LEFT[language].format(remaining=f"{max(0, check.remaining):,}"))
    return numbers


def _in_flight_sentence(check: CheckLike, reader: Reader) -> str:
    amount = ""
    if shows_numbers(check, reader.amounts) and check.amount is not None:
        amount = f" {check.amount:,} 个" if reader.language is Language.ZH else f" ({check.amount:,})"
    return _start(_IN_FLIGHT[reader.language].format(holder=_holder(check, reader.language), amount=amount))


def show_money(nanos: int, currency: str, *, up: bool = False) -> str:
    """An amount as a sentence has it: up to four decimals, more only for less than a hundredth.

    What is needed is rounded up and what is left is rounded down, so that a refusal never seems to contradict itself.
    """
    step = NANOS_PER_UNIT // 10_000 if abs(nanos) >= NANOS_PER_UNIT // 100 else 1
    rounded = -(-nanos // step) * step if up else nanos // step * step
    return f"{format_nanos(rounded)} {currency}"


def show_moment(at: int, reader: Reader, *, seconds: bool) -> str:
    """A time as a sentence has it: `2026-11-24 00:00 UTC`."""
    local = to_datetime(at).astimezone(read_time_zone(reader.time_zone))
    return f"{local:%Y-%m-%d %H:%M:%S} {reader.time_zone}" if seconds else f"{local:%Y-%m-%d %H:%M} {reader.time_zone}"


def quote(given: str) -> str:
    """What a caller sent, short and on one line."""
    line = "".join(sign if sign.isprintable() else " " for sign in given[: _QUOTED_CHARACTERS_MOST + 1]).strip()
    return line if len(line) <= _QUOTED_CHARACTERS_MOST else line[: _QUOTED_CHARACTERS_MOST - 1] + "…"


def _holder(check: CheckLike, language: Language) -> str:
    return _HOLDERS.get(check.scope, _HOLDERS["account"])[language]


def _start(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _inside(label: str) -> str:
    """A label within a sentence."""
    return label[:1].lower() + label[1:]
