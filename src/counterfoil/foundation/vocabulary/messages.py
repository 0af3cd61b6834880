"""Whole messages for people, in their language: what happened, what is true now, what to do next.

A refusal's message names every failing scope in the order people check them (account, group, key, model, cost) and is
safe to post in a chat: no balance of a group or account, no key, no upstream.
"""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.foundation.vocabulary.model import Kind, Language, Text
from counterfoil.foundation.vocabulary.sentences import (
    CheckLike,
    Facts,
    Reader,
    sentence_of_check,
    sentence_of_code,
)
from counterfoil.foundation.vocabulary.table import entry, error_entry, find_entry

# Codes that say whether a caller may call at all. Whoever may not learns nothing of limits and balances.
_ACCESS_CODES = frozenset({"key_invalid", "key_disabled", "key_expired", "ip_not_allowed", "account_suspended"})
# For these, "in so many seconds" is the whole next step.
_WAITING_CODES = frozenset({"too_many_in_flight", "rate_limited", "overloaded", "upstream_unavailable"})
_RANKS = {"account": 0, "group": 1, "key": 2, "model": 3, "cost": 4}
_RANKS_OF_CODES = {
    "model_not_permitted": 3,
    "model_not_found": 3,
    "price_missing": 3,
    "request_ceiling": 4,
    "cost_unbounded": 4,
}

# Codes whose message names an earlier submission, which may have been charged.
_NAMING_FIRST_CODES = frozenset({"duplicate_submission", "idempotency_key_reused"})
_NOT_CHARGED_THIS_TIME = Text(zh="本次没有扣费。", en="Nothing was charged this time.")
# What to do with a copy depends on how far the first one is.
_FIRST_IN_PROGRESS = frozenset({"submitted", "queued", "running", "unknown", "held"})
_FIRST_DONE = frozenset({"succeeded", "served", "served_not_charged"})
_WAIT_FOR_FIRST = Text(
    zh="请等第一份的结果，不要再次发送；确实要再做一次，请换一个 Idempotency-Key。",
    en="Wait for the first one instead of sending it again; if you do want it twice, send another Idempotency-Key.",
)
_USE_FIRST = Text(
    zh="第一份已经完成，请使用它的结果；确实要再做一次，请换一个 Idempotency-Key，会另行扣费。",
    en="The first one is done: use its result. If you do want it twice, send another Idempotency-Key; that is charged too.",
)

_CHARGE_SENTENCES = {
    "not_charged": Text(zh="本次没有扣费。", en="Nothing was charged."),
    "held": Text(
        zh="最高费用仍在预留，结果明确后按实际用量结算。",
        en="Its highest cost stays reserved until the outcome is known.",
    ),
    "charged": Text(zh="已经交付的部分已扣费。", en="What was delivered has been charged."),
    "refunded": Text(zh="扣掉的金额已经退回。", en="What had been charged has been returned."),
    "partly_refunded": Text(zh="扣掉的金额已经退回一部分。", en="Part of what had been charged has been returned."),
}
_SEVERAL = Text(zh="有 {count} 项检查未通过：", en="{count} checks did not pass:")
_TRY_AGAIN_IN = Text(zh="请在 {seconds} 秒后再试。", en="Try again in {seconds} s.")
_PASSING_CAP = Text(
    zh="把输出上限降到 {cap} 个 Token 以内就可以通过。",
    en="With an output cap of at most {cap} tokens it would pass.",
)
_RAISE = {
    ("key_limit", True): Text(
        zh="请让团队管理员提高这个 Key 的限额，或等限额重置。",
        en="Ask your team admin to raise the key's limit, or wait for the reset.",
    ),
    ("key_limit", False): Text(
        zh="请让团队管理员提高这个 Key 的限额。",
        en="Ask your team admin to raise the key's limit.",
    ),
    ("group_quota", True): Text(
        zh="请让团队管理员提高分组额度，或等额度重置。",
        en="Ask your team admin to raise the group's quota, or wait for the reset.",
    ),
    ("group_quota", False): Text(
        zh="请让团队管理员提高分组额度。",
        en="Ask your team admin to raise the group's quota.",
    ),
    ("account_balance", True): Text(
        zh="请让账户所有者提高账户限额，或等限额重置。",
        en="Ask the account's owner to raise its limit, or wait for the reset.",
    ),
    ("account_balance", False): Text(
        zh="请让账户所有者提高账户限额。",
        en="Ask the account's owner to raise its limit.",
    ),
}


def shown_checks(code: str, checks: Sequence[CheckLike]) -> list[CheckLike]:
    """The failing checks that a refusal of this code may name, in the order people check them.

    Where the key, the address or the account's state is the reason, only that is named.
    """
    failing = [check for check in checks if not check.passed and (code not in _ACCESS_CODES or check.code == code)]
    return sorted(failing, key=_rank)


def refusal_message(
    *,
    code: str,
    checks: Sequence[CheckLike] = (),
    reader: Reader,
    request_id: str,
    facts: Facts | None = None,
    charge_mark: str = "not_charged",
) -> str:
    """The message of a refusal or of a call that failed, with its shown request id.

    `checks` may hold passed ones; they are left out. `charge_mark` is what is true of the money now.
    """
    facts = facts if facts is not None else Facts()
    failing = shown_checks(code, checks)
    sentences = [sentence_of_check(check, reader=reader, facts=facts) for check in failing]
    if all(check.code != code for check in failing):
        sentences.insert(0, sentence_of_code(code, language=reader.language, facts=facts, amounts=reader.amounts))
    parts = [_join_reasons(list(dict.fromkeys(sentences)), reader.language)]
    parts.append(_charge_sentence(code, charge_mark, facts)[reader.language])
    parts += _actions(code, failing, language=reader.language, facts=facts)
    return _join(parts, reader.language) + f" ({request_id})"


def next_steps(
    *, code: str, checks: Sequence[CheckLike] = (), language: Language, facts: Facts | None = None
) -> list[str]:
    """What to do now, one step an item: each failing check's remedy, then where to look."""
    failing = shown_checks(code, checks)
    steps = _actions(code, failing, language=language, facts=facts if facts is not None else Facts())
    found = find_entry(Kind.REFUSAL, code) or error_entry(code)
    return [*steps, found.next_step.where_to_look[language]]


def error_message(
    *, code: str, language: Language, reference: str | None = None, default: str = "internal_error"
) -> str:
    """The message of an error that is no refusal of a call; `reference` is a shown id to look it up by.

    An unknown code reads as `default`, for which `type(error).code` is good.
    """
    found = error_entry(code, default=default)
    message = _join([found.explanation[language], found.next_step.what_to_change[language]], language)
    return f"{message} ({reference})" if reference else message


def _charge_sentence(code: str, charge_mark: str, facts: Facts) -> Text:
    # The first one may have been charged: "nothing was charged" would contradict that.
    if charge_mark == "not_charged" and code in _NAMING_FIRST_CODES and facts.first_id:
        return _NOT_CHARGED_THIS_TIME
    return _CHARGE_SENTENCES[charge_mark]


def _rank(check: CheckLike) -> int:
    return _RANKS_OF_CODES.get(check.code, _RANKS.get(check.scope, len(_RANKS)))


def _join_reasons(sentences: list[str], language: Language) -> str:
    if len(sentences) == 1:
        return sentences[0]
    numbered = [f"({number}) {sentence}" for number, sentence in enumerate(sentences, start=1)]
    several = _SEVERAL[language].format(count=len(sentences))
    return several + ("" if language is Language.ZH else " ") + " ".join(numbered)


def _actions(code: str, failing: Sequence[CheckLike], *, language: Language, facts: Facts) -> list[str]:
    """Each failing check's remedy once, in order; the code's own where no check carries it."""
    actions = [_action(check, language=language, facts=facts) for check in failing]
    if all(check.code != code for check in failing):
        actions.insert(0, _action_of_code(code, language=language, facts=facts))
    if facts.passing_cap is not None:
        actions.insert(0, _PASSING_CAP[language].format(cap=f"{facts.passing_cap:,}"))
    return list(dict.fromkeys(actions))


def _action(check: CheckLike, *, language: Language, facts: Facts) -> str:
    if check.amount is not None and (check.code, True) in _RAISE:
        return _RAISE[check.code, check.resets_at is not None][language]
    return _action_of_code(check.code, language=language, facts=facts)


def _action_of_code(code: str, *, language: Language, facts: Facts) -> str:
    if code in _WAITING_CODES and facts.retry_after_seconds is not None:
        return _TRY_AGAIN_IN[language].format(seconds=facts.retry_after_seconds)
    if code == "duplicate_submission" and facts.first_state in _FIRST_IN_PROGRESS:
        return _WAIT_FOR_FIRST[language]
    if code == "duplicate_submission" and facts.first_state in _FIRST_DONE:
        return _USE_FIRST[language]
    found = find_entry(Kind.REFUSAL, code) or entry(Kind.ERROR, "internal_error")
    return found.next_step.what_to_change[language]


def _join(parts: Sequence[str], language: Language) -> str:
    """Sentences one after another: Chinese needs no space between them."""
    return ("" if language is Language.ZH else " ").join(part for part in parts if part)
