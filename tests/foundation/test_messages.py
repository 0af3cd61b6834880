"""What a refusal says: every failing scope in order, what is true now, what to do, and no number that is not its reader's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.periods import read_time
from counterfoil.foundation.vocabulary import (
    Amounts,
    CheckLike,
    Facts,
    Kind,
    Language,
    Reader,
    entries,
    error_message,
    next_steps,
    pick_language,
    refusal_message,
    shown_checks,
)
from counterfoil.foundation.vocabulary.sentences import quote, show_money

MIDNIGHT = read_time("2026-11-24T00:00:00Z")
UNIT = 10**9
REQUEST_ID = "req_0199aabbccddeeff00112233445566ff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    scope: str
    code: str
    passed: bool = False
    unit: str | None = "money"
    window: str | None = None
    amount: int | None = None
    used: int | None = None
    held: int | None = None
    remaining: int | None = None
    needed: int | None = None
    resets_at: int | None = None


KEY = Check(
    scope="key", code="key_limit", window="day", amount=5 * UNIT, used=4_880_000_000, held=0, remaining=120_000_000,
    needed=400_000_000, resets_at=MIDNIGHT,
)  # fmt: skip
GROUP = replace(
    KEY, scope="group", code="group_quota", window="month", amount=77 * UNIT, used=76_670_000_000, remaining=330_000_000
)
WALLET = Check(
    scope="account", code="account_balance", held=450_000_000, remaining=310_000_000, needed=400_000_000
)  # fmt: skip
ACCOUNT_LIMIT = replace(GROUP, scope="account", code="account_balance", amount=88 * UNIT, remaining=220_000_000)
CEILING = Check(
    scope="key", code="request_ceiling", window="request", amount=350_000_000, used=0, held=0, remaining=350_000_000,
    needed=400_000_000,
)  # fmt: skip
MODEL = Check(scope="key", code="model_not_permitted", unit=None)
PACE = Check(
    scope="key", code="rate_limited", unit="requests", window="minute", amount=60, used=60, held=0, remaining=0,
    needed=1, resets_at=MIDNIGHT,
)  # fmt: skip
TOKENS = replace(PACE, unit="tokens", amount=9000, used=8800, remaining=200, needed=3000)
IN_FLIGHT = replace(PACE, code="too_many_in_flight", unit="in_flight", window="lifetime", amount=5, resets_at=None)
PASSED = replace(KEY, passed=True, window="lifetime", amount=99 * UNIT)
ALL_CHECKS = [CEILING, MODEL, KEY, GROUP, WALLET]

EN = Reader(language=Language.EN, amounts=Amounts.ALL, currency="USD")
ZH = replace(EN, language=Language.ZH)


def say(code: str, *checks: CheckLike, reader: Reader = EN, facts: Facts | None = None) -> str:
    return refusal_message(code=code, checks=checks, reader=reader, request_id=REQUEST_ID, facts=facts)


def test_a_keys_limit_is_told_with_its_numbers() -> None:
    assert say("key_limit", KEY, PASSED) == (
        "This key's daily limit is too low for this request: 0.40 USD needed, 0.12 USD left until 2026-11-24 00:00 UTC. "
        "Nothing was charged. Ask your team admin to raise the key's limit, or wait for the reset. "
        f"({REQUEST_ID})"
    )
    assert say("key_limit", KEY, reader=ZH) == (
        "单个 API Key 限额（每日）不够这次请求：需要 0.40 USD，还剩 0.12 USD（2026-11-24 00:00 UTC 重置）。本次没有扣费。"
        f"请让团队管理员提高这个 Key 的限额，或等限额重置。 ({REQUEST_ID})"
    )


def test_a_limit_with_nothing_left_is_used_up() -> None:
    empty = replace(KEY, remaining=0)
    assert "daily limit is used up: 0.40 USD needed, nothing left until" in say("key_limit", empty)
    assert "已用完：需要 0.40 USD，没有剩余" in say("key_limit", empty, reader=ZH)


def test_a_total_limit_is_not_said_to_reset() -> None:
    total = replace(KEY, window="lifetime", resets_at=None)
    message = say("key_limit", total)
    assert "total limit" in message
    assert "reset" not in message
    assert "重置" not in say("key_limit", total, reader=ZH)


def test_the_wallet_says_what_running_requests_have_reserved() -> None:
    assert "Requests in progress have 0.45 USD reserved." in say("account_balance", WALLET)
    assert "进行中的请求另外预留了 0.45 USD。" in say("account_balance", WALLET, reader=ZH)


def test_a_limit_of_the_account_is_not_its_balance() -> None:
    message = say("account_balance", ACCOUNT_LIMIT)
    assert "The account's monthly limit" in message
    assert "Recharge" not in message
    assert "账户限额（每月）" in say("account_balance", ACCOUNT_LIMIT, reader=ZH)


@pytest.mark.parametrize("reader", [EN, ZH])
def test_every_failing_scope_is_named_in_the_order_people_check_them(reader: Reader) -> None:
    message = say("model_not_permitted", *ALL_CHECKS, reader=reader, facts=Facts(model="gpt-9"))
    names = {
        Language.EN: ["account balance", "group's monthly quota", "key's daily limit", "model gpt-9", "0.35 USD that this key"],
        Language.ZH: ["账户余额", "分组额度（每月）", "单个 API Key 限额（每日）", "模型 gpt-9", "单次费用上限 0.35 USD"],
    }[reader.language]  # fmt: skip
    found = [message.index(name) for name in names]
    assert found == sorted(found)
    assert message.startswith("5 checks" if reader is EN else "有 5 项")


@given(st.permutations(ALL_CHECKS))
def test_the_order_of_the_checks_does_not_matter(checks: list[Check]) -> None:
    assert say("key_limit", *checks) == say("key_limit", *ALL_CHECKS)


def test_a_key_sees_its_own_numbers_only() -> None:
    message = say("key_limit", *ALL_CHECKS, reader=replace(EN, amounts=Amounts.OWN))
    assert "0.12 USD left" in message
    for secret in ("0.33", "0.31", "0.45", "77", "76.67"):
        assert secret not in message
    assert "The account balance is too low for this request." in message
    assert "The group's monthly quota is too low for this request (it resets at 2026-11-24 00:00 UTC)." in message


def test_a_ceiling_of_the_group_keeps_its_amount_from_the_key() -> None:
    ceiling = replace(CEILING, scope="group")
    assert "more than the group allows for one request" in say(
        "request_ceiling", ceiling, reader=replace(EN, amounts=Amounts.OWN)
    )
    assert "0.35 USD that the group allows" in say("request_ceiling", ceiling)


@pytest.mark.parametrize("language", list(Language))
def test_without_sign_in_no_amount_is_shown(language: Language) -> None:
    reader = Reader(language=language, amounts=Amounts.HIDDEN, currency="USD")
    for check in (*ALL_CHECKS, ACCOUNT_LIMIT, PACE, TOKENS, IN_FLIGHT):
        message = say(check.code, check, reader=reader)
        assert "USD" not in message
        assert not any(number in message for number in ("0.4", "60", "9,000", "3,000", "200", " 5"))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("code", [one.code for one in entries(Kind.REFUSAL)])
def test_every_refusal_says_that_nothing_was_charged_and_names_its_request(code: str, language: Language) -> None:
    message = say(code, reader=Reader(language=language))
    assert ("Nothing was charged." if language is Language.EN else "本次没有扣费。") in message
    assert message.endswith(f"({REQUEST_ID})")
    assert "{" not in message
    assert next_steps(code=code, language=language)


@pytest.mark.parametrize("code", ["key_invalid", "key_disabled", "key_expired", "ip_not_allowed", "account_suspended"])
def test_whoever_may_not_call_learns_nothing_of_limits_and_balance(code: str) -> None:
    own = Check(scope="key", code=code, unit=None)
    assert shown_checks(code, [*ALL_CHECKS, own]) == [own]
    assert say(code, *ALL_CHECKS, own) == say(code)


def test_pace_is_told_with_its_window() -> None:
    message = say("rate_limited", PACE, facts=Facts(retry_after_seconds=7))
    assert "This key has reached its limit of 60 requests per minute (it resets at 2026-11-24 00:00:00 UTC)." in message
    assert "Try again in 7 s." in message
    assert "9,000 tokens per minute: 3,000 needed, 200 left" in say("rate_limited", TOKENS)
    assert "as many requests in progress as allowed (5)" in say("too_many_in_flight", IN_FLIGHT)
    assert "这个 API Key 每分钟的请求数已到上限 60" in say("rate_limited", PACE, reader=ZH)
    assert "这个 API Key 同时进行的请求已到上限 5 个" in say("too_many_in_flight", IN_FLIGHT, reader=ZH)


def test_facts_are_named_where_they_are_known() -> None:
    assert "There is no model named gpt-99 here." in say("model_not_found", facts=Facts(model="gpt-99"))
    assert "max_tokens must be at least 1." in say("bad_request", facts=Facts(detail="max_tokens must be at least 1"))
    assert "The cost of background" in say("cost_unbounded", facts=Facts(feature="background"))
    assert "at most 2,048 tokens" in say("key_limit", KEY, facts=Facts(passing_cap=2048))


FIRST_TASK = Facts(first_id="task_1", first_state="running", first_charge="0.80 USD", first_mark="held")


def test_a_duplicate_names_the_first_its_state_its_charge_and_what_to_do() -> None:
    assert say("duplicate_submission", facts=FIRST_TASK) == (
        "The same thing was submitted before: task_1 (running, 0.80 USD reserved). This copy was not carried out. "
        "Nothing was charged this time. Wait for the first one instead of sending it again; if you do want it twice, "
        f"send another Idempotency-Key. ({REQUEST_ID})"
    )
    assert say("duplicate_submission", reader=ZH, facts=FIRST_TASK) == (
        "同样的内容已经提交过：task_1（进行中，已预留 0.80 USD）。这一份副本没有执行。本次没有扣费。"
        f"请等第一份的结果，不要再次发送；确实要再做一次，请换一个 Idempotency-Key。 ({REQUEST_ID})"
    )


@pytest.mark.parametrize(
    ("facts", "said_en", "said_zh"),
    [
        (Facts(first_id="task_1"), "before: task_1. This copy", "提交过：task_1。"),
        (replace(FIRST_TASK, first_state="succeeded", first_mark="charged"), "(succeeded, charged 0.80 USD)", "（成功，已扣费 0.80 USD）"),
        (replace(FIRST_TASK, first_state="failed", first_mark="not_charged"), "(failed, not charged)", "（失败，未扣费）"),
        (replace(FIRST_TASK, first_mark="refunded"), "charged 0.80 USD, all of it refunded)", "已扣费 0.80 USD 并全部退回）"),
        (replace(FIRST_TASK, first_mark="partly_refunded"), "part of it refunded)", "并退回一部分）"),
        (replace(FIRST_TASK, first_charge=None), "(running, reserved)", "（进行中，已预留）"),
        # A request's own states, also where a task's are not known yet.
        (Facts(first_id="req_1", first_state="served", first_mark="charged"), "req_1 (served, charged)", "req_1（已完成，已扣费）"),
        (Facts(first_id="task_1", first_state="held"), "task_1 (in progress)", "task_1（进行中）"),
        (Facts(first_id="req_1", first_state="served_not_charged", first_mark="not_charged"), "(served, not charged)", "（已完成，未扣费）"),
        (Facts(first_id="req_1", first_state="never_heard_of", first_mark="nor_of_this"), "before: req_1. This", "提交过：req_1。"),
    ],
)  # fmt: skip
def test_what_is_known_of_the_first_is_told(facts: Facts, said_en: str, said_zh: str) -> None:
    assert said_en in say("duplicate_submission", facts=facts)
    assert said_zh in say("duplicate_submission", reader=ZH, facts=facts)


@pytest.mark.parametrize(
    ("state", "advice"),
    [("queued", "Wait for the first one"), ("held", "Wait for the first one"), ("unknown", "Wait for the first one"),
     ("succeeded", "use its result"), ("served", "use its result"), ("failed", "Look at the first one")],
)  # fmt: skip
def test_what_to_do_with_a_copy_depends_on_the_first(state: str, advice: str) -> None:
    steps = next_steps(
        code="duplicate_submission", language=Language.EN, facts=Facts(first_id="task_1", first_state=state)
    )
    assert advice in steps[0]
    assert "another Idempotency-Key" in steps[0]
    assert "task id or request id" in steps[1]


def test_a_reused_key_names_what_it_was_used_for() -> None:
    message = say("idempotency_key_reused", facts=FIRST_TASK)
    assert message.startswith(
        "This Idempotency-Key was used before for different content: task_1 (running, 0.80 USD reserved). "
        "This one was not carried out. Nothing was charged this time. Send another Idempotency-Key"
    )
    assert "task_1（进行中，已预留 0.80 USD）" in say("idempotency_key_reused", reader=ZH, facts=FIRST_TASK)


@pytest.mark.parametrize("code", ["duplicate_submission", "idempotency_key_reused"])
@pytest.mark.parametrize("check", [None, Check(scope="request", code="duplicate_submission", unit=None)])
def test_without_sign_in_the_charge_of_the_first_is_not_shown(code: str, check: Check | None) -> None:
    checks = [] if check is None else [replace(check, code=code)]
    hidden = say(code, *checks, reader=replace(EN, amounts=Amounts.HIDDEN), facts=FIRST_TASK)
    assert "task_1 (running, reserved)" in hidden
    assert "USD" not in hidden
    assert "0.80 USD reserved" in say(code, *checks, facts=FIRST_TASK)


def test_what_a_caller_sent_is_quoted_short_and_on_one_line() -> None:
    assert quote("a\nb\x00c") == "a b c"
    assert quote("x" * 500) == "x" * 79 + "…"
    assert "\n" not in say("model_not_found", facts=Facts(model="gpt\n\nError: pay here"))


def test_the_time_of_a_reset_can_be_told_in_another_zone() -> None:
    assert "2026-11-24 08:00 Asia/Shanghai" in say("key_limit", KEY, reader=replace(EN, time_zone="Asia/Shanghai"))


def test_a_call_that_was_charged_is_not_said_to_be_free() -> None:
    message = refusal_message(code="upstream_error", reader=EN, request_id=REQUEST_ID, charge_mark="charged")
    assert "Nothing was charged" not in message
    assert "What was delivered has been charged." in message


def test_next_steps_are_one_for_each_check_and_where_to_look() -> None:
    steps = next_steps(code="key_limit", checks=[KEY, WALLET], language=Language.EN)
    assert steps[0].startswith("Recharge the account")
    assert steps[1].startswith("Ask your team admin to raise the key's limit")
    assert "GET /api/v1/key" in steps[2]


def test_an_error_that_is_no_refusal_of_a_call_says_what_and_what_now() -> None:
    assert error_message(code="currency_mismatch", language=Language.EN).startswith("A wallet has one currency")
    assert error_message(code="not_found", language=Language.ZH, reference="acct_1").endswith("(acct_1)")
    assert "unexpected" in error_message(code="never_heard_of", language=Language.EN)


@given(needed=st.integers(1, 10**15), short_by=st.integers(1, 10**12))
def test_what_is_needed_always_reads_as_more_than_what_is_left(needed: int, short_by: int) -> None:
    remaining = max(0, needed - short_by)
    needed_shown = show_money(needed, "USD", up=True).removesuffix(" USD")
    remaining_shown = show_money(remaining, "USD").removesuffix(" USD")
    assert float(needed_shown) > float(remaining_shown)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.EN),
        ("", Language.EN),
        ("zh-CN,zh;q=0.9,en;q=0.8", Language.ZH),
        ("en-US,en;q=0.9,zh-CN;q=0.8", Language.EN),
        ("zh-TW", Language.ZH),
        ("fr-FR,zh;q=0.3", Language.ZH),
        ("fr-FR, *;q=0.1", Language.EN),
        ("zh;q=0.5, en;q=0.5", Language.ZH),
        ("en;q=0, *;q=0.5", Language.ZH),
        ("en;q=0,zh;q=0", Language.EN),
        ("ZH-hans ; q=1.0", Language.ZH),
        ("zh;q=2, en;q=0.1", Language.EN),
        ("zh;q=x", Language.EN),
        ("zh-TW;q=0.2,zh-CN;q=0.9,en;q=0.5", Language.ZH),
        (",,,;;;===", Language.EN),
    ],
)
def test_the_callers_language_is_the_one_it_prefers(header: str | None, language: Language) -> None:
    assert pick_language(header, Language.EN) is language


@given(st.text(), st.sampled_from(Language))
def test_any_header_gives_a_language(header: str, default: Language) -> None:
    assert pick_language(header, default) in Language
