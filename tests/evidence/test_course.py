"""What happened to a request, step by step, told from its record and the ledger."""

from __future__ import annotations

from uuid import UUID

from counterfoil.evidence.course import CourseStep, StepCode
from counterfoil.evidence.model import Audience
from counterfoil.foundation.ids import read_id
from counterfoil.foundation.vocabulary import Kind, find_entry
from counterfoil.limits.model import Scope
from evidence.desk import NANOS, Desk


async def course(desk: Desk, request_id: UUID, audience: Audience = Audience.CUSTOMER) -> tuple[CourseStep, ...]:
    view = await desk.spend.request(request_id)
    return await desk.evidence.course(view, task=None, audience=audience)


async def test_a_served_call_is_received_reserved_charged_and_the_rest_released(desk: Desk) -> None:
    customer = await desk.customer()
    admission = await desk.admitted(customer)
    desk.clock.advance(seconds=2)
    await desk.settle(admission)
    steps = await course(desk, admission.request_id)
    assert [(step.code, step.nanos) for step in steps] == [
        (StepCode.RECEIVED, None), (StepCode.RESERVED, NANOS), (StepCode.FIRST_BYTE, None), (StepCode.ENDED, None),
        (StepCode.CHARGED, 4 * NANOS // 10), (StepCode.RELEASED, 6 * NANOS // 10),
    ]  # fmt: skip
    assert steps[-1].at - steps[0].at >= 2_000_000
    assert all(step.upstream is None for step in steps)


async def test_tries_are_for_operators(desk: Desk) -> None:
    customer = await desk.customer()
    request_id = read_id("request", await desk.failed(customer))
    steps = await course(desk, request_id, Audience.OPERATOR)
    (tried,) = [step for step in steps if step.code is StepCode.TRIED]
    assert (tried.upstream, tried.state, tried.duration) == ("wholesale-7", "rejected", 1_500_000)
    assert StepCode.RELEASED in [step.code for step in steps]
    assert StepCode.CHARGED not in [step.code for step in steps]
    assert all(step.upstream is None for step in await course(desk, request_id))


async def test_a_refusal_ends_where_it_was_decided(desk: Desk) -> None:
    customer = await desk.customer()
    await desk.limit(customer, Scope.KEY, 1)
    request_id = read_id("request", await desk.refused(customer))
    steps = await course(desk, request_id)
    assert [(step.code, step.state) for step in steps] == [
        (StepCode.RECEIVED, None), (StepCode.REFUSED, "key_limit"),
    ]  # fmt: skip


async def test_what_was_given_back_of_one_refund_is_one_step(desk: Desk) -> None:
    customer = await desk.customer()
    request_id = read_id("request", await desk.served(customer))
    desk.clock.advance(seconds=60)
    await desk.spend.refund(request_id, source_id="ticket 1", amount=NANOS // 10, reason="promised")
    desk.clock.advance(seconds=60)
    await desk.spend.refund(request_id, source_id="ticket 2", amount=None, reason="promised")
    refunds = [step.nanos for step in await course(desk, request_id) if step.code is StepCode.REFUNDED]
    assert refunds == [NANOS // 10, 3 * NANOS // 10]


def test_every_step_has_a_word() -> None:
    for code in StepCode:
        assert find_entry(Kind.WORD, code) is not None, code
