"""What is said about requests on record: to the public without amounts, to the operator with all of it."""

from __future__ import annotations

import json
import re

import pytest

from counterfoil.evidence.model import About, Explanation
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window
from counterfoil.foundation.vocabulary import Kind, Language, entries
from counterfoil.limits.model import Scope, Unit
from evidence.desk import NANOS, STAGED, STATUSES, UNRECORDED, Desk

every_code = pytest.mark.parametrize("code", STAGED)


def test_every_refusal_code_is_staged_here() -> None:
    assert {one.code for one in entries(Kind.REFUSAL)} == STAGED.keys() | UNRECORDED


@every_code
@pytest.mark.parametrize("language", list(Language))
async def test_every_refusal_is_explained_in_both_languages(desk: Desk, code: str, language: Language) -> None:
    request_id = await STAGED[code](desk)
    told = await desk.ask(request_id, language=language)
    assert (told.about, told.subject, told.code, told.status) == (About.REQUEST, request_id, code, STATUSES[code])
    assert told.answer
    assert told.next_steps
    assert told.article == f"/help/{code.replace('_', '-')}"
    assert request_id in told.message
    assert bool(re.search(r"[\u4e00-\u9fff]", told.answer + told.title + told.label)) is (language is Language.ZH)


@every_code
async def test_the_public_sees_no_amount_and_nothing_of_the_account(desk: Desk, code: str) -> None:
    told = await desk.ask(await STAGED[code](desk))
    assert_public(told)


async def test_the_public_sees_no_amount_of_a_served_request(desk: Desk) -> None:
    customer = await desk.customer()
    for scope in (Scope.ACCOUNT, Scope.GROUP, Scope.KEY):
        await desk.limit(customer, scope, 77 * NANOS)
    told = await desk.ask(await desk.served(customer))
    assert (told.state, told.charge_mark, told.attempts) == ("served", "charged", ())
    assert_public(told)


def assert_public(told: Explanation) -> None:
    said = json.dumps(told.to_dict(), ensure_ascii=False) + "\n".join(told.lines())
    # The vocabulary shows what a mask looks like, and a task's page ends in the letters of a key's beginning.
    said = said.replace("sk-…3fA9", "").replace("/help/task-", "/help/")
    for secret in (
        "Acme",
        "Skunkworks",
        "laptop",
        "sk-",
        "192.0.2",
        "openai-python",
        "gpu-17",
        "wholesale-7",
        "studio-7",
        "theirs",
    ):
        assert secret not in said
    for name in ("nanos", "amount", "used", "held", "remaining", "needed", "charged", "refunded", "passing_cap"):
        assert not re.search(rf'"{name}[a-z_]*": ', said)
    for prefix in ("acct_", "grp_", "key_…"):
        assert f'"{prefix}' not in said
    assert "USD" not in said
    # Numbers are those of ids, times, the HTTP status, steps and versions; none has a decimal point.
    assert not re.search(r"\d\.\d", re.sub(r"\d\d:\d\d:\d\d\.\d+Z", "", said))
    for check in told.checks:
        assert {figure.name for figure in check.figures} <= {"resets_at"}


async def test_a_cap_that_would_pass_is_an_amount_in_disguise(desk: Desk) -> None:
    customer = await desk.customer(credit=NANOS // 10)
    request_id = await desk.refused(customer, cap=5_000)
    assert any("100 tokens" in step for step in (await desk.operator_asks(request_id)).next_steps)
    told = await desk.ask(request_id)
    assert not any("100" in step for step in told.next_steps)
    assert "100" not in told.message.replace(request_id, "")


async def test_the_operator_sees_every_check_with_its_numbers(desk: Desk) -> None:
    customer = await desk.customer(time_zone="Asia/Shanghai")
    await desk.limit(customer, Scope.KEY, 50 * NANOS, window=Window.LIFETIME)
    await desk.limit(customer, Scope.GROUP, NANOS, window=Window.MONTH)
    await desk.served(customer)
    await desk.admitted(customer, cap=500)
    told = await desk.operator_asks(await desk.refused(customer, cap=1_000))
    checks = {check.label: {figure.name: figure.value for figure in check.figures} for check in told.checks}
    assert checks["Group quota, monthly"] == {
        "amount": NANOS, "used": 400_000_000, "held": 500_000_000, "remaining": 100_000_000, "needed": NANOS,
        "resets_at": "2023-11-30T16:00:00.000000Z",
    }  # fmt: skip
    assert checks["Key limit, total"]["used"] == 400_000_000
    assert [check.label for check in told.checks if not check.passed] == ["Group quota, monthly"]
    assert told.answer.startswith(
        "The group's monthly quota is too low for this request: 1.00 USD needed, 0.10 USD left"
    )
    assert "2023-12-01 00:00 Asia/Shanghai" in told.answer
    facts = {fact.name: fact.value for fact in told.facts}
    assert facts["account"] == show_id("account", customer.account_id)
    assert facts["needed_nanos"] == NANOS
    assert facts["in_flight"] == 1


async def test_what_the_caller_may_post_has_no_amount_for_the_operator_either(desk: Desk) -> None:
    told = await desk.operator_asks(await STAGED["group_quota"](desk))
    assert "USD" not in told.message
    assert "USD" in told.answer


async def test_the_checks_of_a_served_request_are_those_that_it_passed(desk: Desk) -> None:
    customer = await desk.customer(credit=30 * NANOS)
    month = await desk.limit(customer, Scope.GROUP, 20 * NANOS)
    await desk.limit(customer, Scope.KEY, 10_000, unit=Unit.TOKENS, window=Window.DAY)
    await desk.limit(customer, Scope.KEY, 5, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    await desk.limit(customer, Scope.KEY, 2 * NANOS, window=Window.REQUEST)
    await desk.served(customer)
    request_id = await desk.served(customer, cap=1_500)
    # Neither a change nor the removal of a limit changes what was decided.
    await desk.limit(customer, Scope.GROUP, 1)
    await desk.limits.remove_limit(account_id=customer.account_id, limit_id=month)
    told = await desk.operator_asks(request_id)
    assert all(check.passed and check.sentence is None for check in told.checks)
    checks = {check.label: {figure.name: figure.value for figure in check.figures} for check in told.checks}
    assert checks["Account balance"] == {"remaining": 30 * NANOS - 400_000_000, "needed": 1_500_000_000}
    assert checks["Group quota, monthly"]["amount"] == 20 * NANOS
    assert checks["Group quota, monthly"]["used"] == 400_000_000
    assert checks["Group quota, monthly"]["needed"] == 1_500_000_000
    assert checks["Tokens daily (key)"]["needed"] >= 1_500
    assert checks["Requests at once (key)"] == {"amount": 5, "used": 0, "held": 0, "remaining": 5, "needed": 1}
    # A ceiling adds nothing up.
    assert checks["Ceiling for one request (key)"] == {"amount": 2 * NANOS, "needed": 1_500_000_000}
    facts = {fact.name: fact.value for fact in told.facts}
    assert (facts["held_nanos"], facts["charged_nanos"]) == (1_500_000_000, 400_000_000)
    assert (
        told.money
        == "This request or task was charged for what it used, with usage, price version and arithmetic on record."
    )


async def test_checks_come_in_the_order_in_which_people_check_them(desk: Desk) -> None:
    customer = await desk.customer(credit=0, allowed_models=("plain",))
    await desk.limit(customer, Scope.KEY, 1, window=Window.REQUEST)
    await desk.limit(customer, Scope.KEY, 1)
    await desk.limit(customer, Scope.GROUP, 1)
    told = await desk.ask(await desk.refused(customer))
    assert [check.label for check in told.checks] == [
        "Account is active", "Account balance", "Enabled (group)", "Group quota, monthly", "Enabled (key)",
        "Key is the current one", "Key limit, monthly", "Model permission (key)", "Ceiling for one request (key)",
    ]  # fmt: skip
    assert told.code == "request_ceiling"
    failing = [check.code for check in told.checks if not check.passed]
    assert failing == ["account_balance", "group_quota", "key_limit", "request_ceiling"]


@pytest.mark.parametrize("code", ["key_invalid", "key_disabled", "key_expired", "ip_not_allowed", "account_suspended"])
async def test_whoever_may_not_call_learns_nothing_of_limits(desk: Desk, code: str) -> None:
    request_id = await STAGED[code](desk)
    assert {check.code for check in (await desk.ask(request_id)).checks} == {code}
    assert "account_balance" in {check.code for check in (await desk.operator_asks(request_id)).checks}


async def test_attempts_and_upstream_words_are_for_operators(desk: Desk) -> None:
    told = await desk.operator_asks(await STAGED["upstream_error"](desk))
    (attempt,) = told.attempts
    assert (attempt.outcome, attempt.label) == ("rejected", "Rejected")
    facts = {fact.name: fact.value for fact in attempt.facts}
    assert facts["upstream"] == "wholesale-7"
    assert facts["duration_micros"] == 1_500_000
    assert "gpu-17" in str(facts["error_text"])
    assert (told.title, told.label) == ("This request failed", "Model service failed")


async def test_an_attempts_cost_is_the_upstreams_price(desk: Desk) -> None:
    told = await desk.operator_asks(await desk.served(await desk.customer()))
    facts = {fact.name: fact.text for fact in told.attempts[0].facts}
    assert facts["cost_nanos"] == "0.20 USD"


async def test_a_request_in_progress_is_reserved(desk: Desk) -> None:
    admission = await desk.admitted(await desk.customer())
    told = await desk.ask(show_id("request", admission.request_id))
    assert (told.title, told.state, told.charge_mark, told.code) == (
        "This request is in progress",
        "held",
        "held",
        None,
    )
    assert told.next_steps[0] == "Wait for it to end instead of sending the same request again."


async def test_an_expired_hold_and_a_late_answer_are_told_apart(desk: Desk) -> None:
    customer = await desk.customer()
    lost, late = await desk.admitted(customer), await desk.admitted(customer)
    desk.clock.advance(seconds=3_600)
    await desk.ledger.expire_overdue()
    await desk.settle(late)
    told = await desk.ask(show_id("request", lost.request_id))
    assert (told.state, told.charge_mark) == ("unknown", "not_charged")
    assert told.title == "How this request ended is not known yet"
    told = await desk.ask(show_id("request", late.request_id))
    assert (told.state, told.label) == ("served_not_charged", "Served, not charged")


async def test_a_client_that_left_is_told_so(desk: Desk) -> None:
    admission = await desk.admitted(await desk.customer())
    await desk.settle(admission, client_gone=True)
    told = await desk.ask(show_id("request", admission.request_id))
    assert (told.state, told.label, told.charge_mark) == ("client_gone", "Client disconnected", "charged")


async def test_a_refund_changes_the_charge_mark(desk: Desk) -> None:
    admission = await desk.admitted(await desk.customer())
    await desk.settle(admission)
    await desk.spend.refund(admission.request_id, source_id="r1", amount=None, reason="goodwill")
    told = await desk.operator_asks(show_id("request", admission.request_id))
    assert told.charge_mark == "refunded"
    assert {fact.name: fact.text for fact in told.facts}["refunded_nanos"] == "0.40 USD"


async def test_identical_refusals_share_a_record(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.limit(customer, Scope.KEY, 0, unit=Unit.REQUESTS, window=Window.MINUTE)
    ids = {await desk.refused(customer) for _ in range(3)}
    assert len(ids) == 1
    told = await desk.operator_asks(ids.pop())
    assert {fact.name: fact.value for fact in told.facts}["repeats"] == 3


async def test_a_secret_that_was_sent_as_a_model_is_masked(desk: Desk) -> None:
    secret = "sk-" + "a1B2c3D4" * 6
    told = await desk.ask(await desk.refused(await desk.customer(), model=secret))
    assert secret not in json.dumps(told.to_dict()) + "\n".join(told.lines())
    assert told.answer.startswith("There is no model named sk-")


async def test_an_id_that_is_not_on_record_is_not_found(desk: Desk) -> None:
    for shown in (show_id("request", desk.clock.new_id()), "req_8e3b2b3c4d5e4f60718293a4b5c6d7e8"):
        with pytest.raises(NotFound) as raised:
            await desk.ask(shown)
        assert (raised.value.code, raised.value.parameters["id"]) == ("request_not_found", shown)


async def test_a_text_that_names_nothing_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound) as raised:
        await desk.ask("it does not work, please help")
    assert raised.value.code == "subject_not_recognised"


async def test_of_several_ids_the_first_on_record_is_explained(desk: Desk) -> None:
    customer = await desk.customer()
    unknown, served = show_id("request", desk.clock.new_id()), await desk.served(customer)
    later = await desk.served(customer)
    told = await desk.ask(f"{unknown} then {served}, {later}")
    assert told.subject == served
    assert told.also == (unknown, later)


async def test_an_unknown_key_leaves_no_record_but_its_code_is_explained(desk: Desk) -> None:
    body = f'{{"error": {{"code": "key_invalid", "request_id": "{show_id("request", desk.clock.new_id())}"}}}}'
    told = await desk.ask(body)
    assert (told.about, told.code, told.status, told.money) == (About.CODE, "key_invalid", 401, None)


async def test_lines_say_the_answer_first_and_mark_failing_checks_without_colour(desk: Desk) -> None:
    lines = (await desk.operator_asks(await STAGED["group_quota"](desk))).lines()
    assert lines[0] == "This request was refused (402 group_quota)"
    assert lines[1].startswith("The group's monthly quota is too low for this request: 1.00 USD needed, 0.10 USD left")
    assert lines[2] == "This request or task was not charged; whatever was reserved for it has been released."
    (failing,) = [line for line in lines if line.startswith("  ✗")]
    assert re.fullmatch(r"  ✗ Group quota, monthly +did not pass  Limit 0\.10 USD  Used 0\.00 USD .*", failing)
    assert "  1. With an output cap of at most 100 tokens it would pass." in lines
    assert "  2. Ask your team admin to raise the group's quota, or wait for the reset." in lines
    assert not any("\x1b" in line for line in lines)


async def test_lines_in_chinese_are_aligned_by_the_width_of_their_signs(desk: Desk) -> None:
    lines = (await desk.operator_asks(await STAGED["group_quota"](desk), language=Language.ZH)).lines()
    assert lines[0] == "这次请求被拒绝了 (402 group_quota)"
    assert "  ✗ 分组额度（每月）  未通过" in "\n".join(lines)


async def test_json_has_codes_and_exact_numbers(desk: Desk) -> None:
    told = (await desk.operator_asks(await STAGED["key_limit"](desk))).to_dict()
    assert json.loads(json.dumps(told)) == told
    (check,) = [check for check in told["decision"]["checks"] if not check["passed"]]
    assert (check["scope"], check["code"], check["unit"], check["window"]) == ("key", "key_limit", "money", "day")
    assert (check["amount"], check["needed"]) == (NANOS // 10, NANOS)
    assert told["facts"]["request_id"] == told["subject"]
