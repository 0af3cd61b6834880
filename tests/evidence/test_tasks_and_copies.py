"""What is said about tasks and about things that were sent more than once: to the public without amounts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from counterfoil.evidence.model import About, Explanation
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.limits.model import DuplicatePolicy
from counterfoil.spend.model import RefusedCall
from counterfoil.tasks.model import NotSubmitted, TaskState, TaskView
from evidence.desk import NANOS, Customer, Desk
from evidence.test_explanations import assert_public
from tasks.studio import Studio, open_studio

ASKED, OTHER, KEY = b"a" * 32, b"b" * 32, b"k" * 32
REASON = "The host gpu-17 is down."


@pytest.fixture
async def studio(desk: Desk) -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        await desk.serve_films(opened.url)
        yield opened


@pytest.fixture
async def customer(desk: Desk) -> Customer:
    return await desk.customer()


def shown(task: TaskView) -> str:
    return show_id("task", task.task_id)


def facts_of(told: Explanation) -> dict[str, object]:
    return {fact.name: fact.value for fact in told.facts}


async def test_a_failed_task_was_not_charged_and_its_reservation_is_released(
    desk: Desk, studio: Studio, customer: Customer
) -> None:
    task = await desk.film(customer)
    await desk.tell(task, TaskState.FAILED, failure_code="moderation_blocked", failure_reason=REASON)
    told = await desk.ask(shown(task))
    assert (told.subject, told.title, told.label) == (shown(task), "What became of this task", "Failed")
    assert (
        told.answer == "The model service did not complete the task; what was reserved has been released, not charged."
    )
    assert told.charge_mark == "not_charged"
    assert told.money == "This request or task was not charged; whatever was reserved for it has been released."
    assert shown(task) in told.message
    assert [(step.state, step.source) for step in told.history] == [
        ("submitted", "submit"), ("queued", "submit"), ("failed", "poll"),
    ]  # fmt: skip
    assert_public(told)


async def test_the_operator_is_told_what_the_upstream_said(desk: Desk, studio: Studio, customer: Customer) -> None:
    task = await desk.film(customer)
    await desk.tell(task, TaskState.FAILED, failure_code="moderation_blocked", failure_reason=REASON)
    told = await desk.operator_asks(shown(task))
    facts = facts_of(told)
    assert (facts["failure_code"], facts["failure_reason"]) == ("moderation_blocked", REASON)
    assert (facts["task_state"], facts["raw_state"], facts["upstream"]) == ("failed", "theirs-failed", "studio-7")
    assert facts["upstream_task_id"] == "video_1"
    assert (facts["input_type"], facts["reference_images"], facts["resolution"]) == ("text_and_image", 2, "720x1280")
    assert (facts["duration_seconds"], facts["aspect_ratio"], facts["camera"]) == (4, "9:16", '{"lens":"35mm"}')
    assert (facts["held_nanos"], facts["charged_nanos"]) == (8 * NANOS // 10, 0)
    last = told.to_dict()["history"][-1]
    assert (last["state"], last["raw_state"], last["source"]) == ("failed", "theirs-failed", "poll")
    text = "\n".join(told.lines())
    assert "The task's history" in text
    assert "Its own state theirs-failed" in text


async def test_a_task_in_progress_is_reserved(desk: Desk, studio: Studio, customer: Customer) -> None:
    told = await desk.ask(shown(await desk.film(customer)))
    assert (told.label, told.state, told.charge_mark) == ("Queued", "held", "held")
    assert "nothing is charged yet" in told.answer
    assert_public(told)


async def test_a_task_that_succeeded_says_what_it_cost_and_where_its_result_is(
    desk: Desk, studio: Studio, customer: Customer
) -> None:
    task = await desk.film(customer)
    until = desk.clock.now() + 3_600_000_000
    await desk.tell(task, TaskState.SUCCEEDED, delivered=3, download_expires_at=until)
    told = await desk.ask(shown(task))
    assert (told.label, told.charge_mark) == ("Succeeded", "charged")
    assert facts_of(told)["download_state"] == "available"
    assert_public(told)
    facts = {fact.name: fact.text for fact in (await desk.operator_asks(shown(task))).facts}
    assert (facts["delivered"], facts["charged_nanos"]) == ("3 seconds", "0.60 USD")


async def test_its_request_id_its_task_id_and_the_subject_give_the_same_answer(
    desk: Desk, studio: Studio, customer: Customer
) -> None:
    task = await desk.film(customer)
    by_task = await desk.operator_asks(shown(task))
    by_request = await desk.operator_asks(show_id("request", task.task_id))
    assert by_task == by_request == await desk.operator_asks(by_task.subject)


async def test_a_task_that_nobody_took_is_told_as_the_call_was_answered(
    desk: Desk, studio: Studio, customer: Customer
) -> None:
    studio.refuses = (402, {"error": {"message": "You are out of credits.", "code": "insufficient_credits"}})
    answer = await desk.ask_for_film(customer)
    assert isinstance(answer, NotSubmitted)
    told = await desk.ask(shown(answer.task))
    assert (told.title, told.code, told.status) == ("This request failed", "upstream_unavailable", 503)
    assert (told.charge_mark, facts_of(told)["task_state"]) == ("not_charged", "failed")
    assert_public(told)


async def test_a_chat_has_no_task(desk: Desk, customer: Customer) -> None:
    request_id = await desk.served(customer)
    with pytest.raises(NotFound) as raised:
        await desk.ask(request_id.replace("req_", "task_"))
    assert raised.value.code == "task_not_found"


async def test_a_blocked_copy_names_the_first_with_its_state_and_charge(desk: Desk, studio: Studio) -> None:
    customer = await desk.customer(duplicate_policy=DuplicatePolicy.BLOCK)
    first = await desk.film(customer, fingerprint=ASKED)
    refused = await desk.ask_for_film(customer, fingerprint=ASKED)
    assert isinstance(refused, RefusedCall)
    request_id = show_id("request", refused.request_id)
    told = await desk.ask(request_id)
    assert told.answer == (
        f"The same thing was submitted before: {shown(first)} (queued, reserved). This copy was not carried out."
    )
    assert told.first is not None
    assert (told.first.subject, told.first.state, told.first.charge_mark) == (shown(first), "queued", "held")
    assert told.next_steps[0].startswith("Wait for the first one")
    assert facts_of(told)["first_id"] == shown(first)
    assert_public(told)
    await desk.tell(first, TaskState.SUCCEEDED)
    told = await desk.operator_asks(request_id)
    assert f"{shown(first)} (succeeded, charged 0.80 USD)" in told.answer
    assert "USD" not in told.message
    assert told.to_dict()["first"] == {
        "id": shown(first), "at": told.to_dict()["first"]["at"], "verdict": "original", "state": "succeeded",
        "charge_mark": "charged", "charged_nanos": 8 * NANOS // 10,
    }  # fmt: skip


async def test_a_blocked_call_names_the_call_before(desk: Desk) -> None:
    customer = await desk.customer(duplicate_policy=DuplicatePolicy.BLOCK)
    first = await desk.admitted(customer, fingerprint=ASKED)
    await desk.settle(first)
    told = await desk.operator_asks(await desk.refused(customer, fingerprint=ASKED))
    assert f"{show_id('request', first.request_id)} (served, charged 0.40 USD)" in told.answer
    assert told.next_steps[0].startswith("The first one is done")


async def test_a_key_that_came_with_other_content_names_what_it_came_with(desk: Desk, customer: Customer) -> None:
    first = await desk.admitted(customer, fingerprint=ASKED, idempotency_key=KEY)
    told = await desk.ask(await desk.refused(customer, fingerprint=OTHER, idempotency_key=KEY))
    assert (told.code, told.status) == ("idempotency_key_reused", 422)
    assert show_id("request", first.request_id) in told.answer


async def test_a_repeated_request_names_the_task_it_was_answered_with(
    desk: Desk, studio: Studio, customer: Customer
) -> None:
    task = await desk.film(customer, fingerprint=ASKED, idempotency_key=KEY)
    again = await desk.ask_for_film(customer, fingerprint=ASKED, idempotency_key=KEY)
    assert getattr(again, "repeated", False)
    (repeated,) = await desk.spend.requests(customer.account_id, state="repeated")
    told = await desk.ask(show_id("request", repeated.request_id))
    assert (told.title, told.state) == ("This request was answered with a task that existed", "repeated")
    assert (told.charge_mark, told.code, told.checks) == ("not_charged", None, ())
    assert told.first is not None
    assert told.first.subject == shown(task)
    assert f"{shown(task)} (Queued, Reserved)" in "\n".join(told.lines())
    assert_public(told)


async def test_a_submission_is_told_with_its_copies_and_what_each_has_cost(
    desk: Desk, studio: Studio, customer: Customer
) -> None:
    copies = [await desk.film(customer, fingerprint=ASKED) for _ in range(3)]
    await desk.tell(copies[0], TaskState.SUCCEEDED)
    await desk.tell(copies[1], TaskState.FAILED)
    shown_id = show_id("submission", copies[0].task_id)
    told = await desk.ask(shown_id)
    assert (told.about, told.subject, told.label) == (About.SUBMISSION, shown_id, "Duplicate")
    assert [(copy.subject, copy.verdict, copy.state, copy.charge_mark) for copy in told.copies] == [
        (shown(copies[0]), "original", "served", "charged"),
        (shown(copies[1]), "duplicate", "failed", "not_charged"),
        (shown(copies[2]), "duplicate", "held", "held"),
    ]
    assert_public(told)
    told = await desk.operator_asks(shown_id)
    facts = facts_of(told)
    assert (facts["copies"], facts["duplicates"]) == (3, 2)
    assert (facts["charged_nanos"], facts["held_nanos"]) == (8 * NANOS // 10, 8 * NANOS // 10)
    assert told.to_dict()["copies"][0]["charged_nanos"] == 8 * NANOS // 10
    assert any(line.startswith(f"  {shown(copies[2])}") and "0.80 USD" in line for line in told.lines())


async def test_a_script_that_sends_the_same_over_and_over_is_a_loop(desk: Desk, customer: Customer) -> None:
    first = await desk.admitted(customer, fingerprint=ASKED, retry_count=None)
    for _ in range(9):
        await desk.admitted(customer, fingerprint=ASKED, retry_count=None)
    told = await desk.ask(show_id("submission", first.request_id), language=Language.ZH)
    assert told.label == "循环提交"
    assert len(told.copies) == 10
    assert json.loads(json.dumps(told.to_dict())) == told.to_dict()


async def test_a_retry_after_a_refusal_is_told_as_one(desk: Desk) -> None:
    customer = await desk.customer(allowed_models=("claude-*",))
    first = await desk.refused(customer, fingerprint=ASKED)
    shown_id = first.replace("req_", "sub_")
    assert (await desk.ask(shown_id)).label == "Original"
    await desk.refused(customer, fingerprint=ASKED)
    told = await desk.ask(shown_id)
    assert (told.label, [copy.verdict for copy in told.copies]) == ("Retry", ["original", "retry"])


async def test_a_submission_that_is_not_on_record_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound) as raised:
        await desk.ask(show_id("submission", desk.clock.new_id()))
    assert raised.value.code == "submission_not_found"
