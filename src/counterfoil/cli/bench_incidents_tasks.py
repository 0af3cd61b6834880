"""Incidents of the fourth kind: something failed, or seems to have, and was perhaps charged."""

from __future__ import annotations

import random
from uuid import UUID

from counterfoil.cli.bench_incidents_customers import MILLI, Customer
from counterfoil.cli.bench_incidents_model import Asked, Question, Scene, Script, matter
from counterfoil.cli.bench_incidents_time import DAY, HOUR, MINUTE
from counterfoil.evidence.findings import FindingCode
from counterfoil.foundation.ids import show_id
from counterfoil.tasks.model import NotSubmitted, TaskState, TaskView

_FAILURES = ("moderation_blocked", "internal_error", "timeout", "invalid_reference_image")


def _ask(rng: random.Random, kind: str, value: UUID) -> Asked:
    return Asked(text=_words(rng, kind, value), kind=kind, about=value)


def _words(rng: random.Random, kind: str, value: UUID) -> str:
    shown = show_id(kind, value)
    match rng.randrange(4):
        case 0:
            return f"视频失败了还扣费？任务 {shown}"
        case 1:
            return f"{shown} failed with an error, was I charged?"
        case _:
            return shown


def _about(rng: random.Random, task: TaskView, expected: FindingCode) -> Question:
    """Asked by the task's id, or by its request's."""
    return matter(_ask(rng, rng.choice(("task", "request")), task.task_id), expected)


async def _film(customer: Customer, rng: random.Random, *, content: bytes | None = None) -> TaskView:
    seconds = rng.randint(4, 12)
    await customer.ensure(2 * seconds * 50 * MILLI)
    task = await customer.film(seconds, content=content)
    await customer.stage.agenda.wait(rng.randint(20, 120))
    return task


async def failed(customer: Customer, rng: random.Random) -> Question:
    """It failed at the upstream, before or after it had been running."""
    task = await _film(customer, rng)
    if rng.random() < 0.6:
        await customer.tell(task, TaskState.RUNNING, progress=rng.randint(1, 99))
        await customer.stage.agenda.wait(rng.randint(20, 300))
    await customer.tell(task, TaskState.FAILED, failure_code=rng.choice(_FAILURES))
    return _about(rng, task, FindingCode.NOT_CHARGED)


async def failed_but_its_copy(customer: Customer, rng: random.Random) -> Question:
    """It failed and was sent again; the second one was made and charged. The first is asked about."""
    content = customer.content()
    task = await _film(customer, rng, content=content)
    await customer.tell(task, TaskState.FAILED, failure_code="timeout")
    await customer.stage.agenda.wait(rng.randint(5, 60))
    again = await _film(customer, rng, content=content)
    await customer.tell(again, TaskState.SUCCEEDED)
    return _about(rng, task, FindingCode.NOT_CHARGED)


async def not_taken(customer: Customer, rng: random.Random) -> Question:
    """No upstream took it: ours has no money there, which is not the customer's."""
    await customer.ensure(600 * MILLI)
    customer.stage.studio.is_closed = True
    answer = await customer.ask_for_film(rng.randint(4, 12))
    customer.stage.studio.is_closed = False
    assert isinstance(answer, NotSubmitted), answer
    return _about(rng, answer.task, FindingCode.NOT_CHARGED)


async def failed_call(customer: Customer, rng: random.Random) -> Question:
    """A call failed; the next one, which was served, is another."""
    needed = customer.usual()
    await customer.ensure(3 * needed)
    admission = await customer.hold(needed)
    await customer.stage.agenda.wait(rng.randint(1, 60))
    await customer.fail(admission)
    await customer.serve(needed)
    return matter(_ask(rng, "request", admission.request_id), FindingCode.NOT_CHARGED)


async def failed_pictures(customer: Customer, rng: random.Random) -> Question:
    await customer.ensure(400 * MILLI)
    task_id = await customer.picture(rng.randint(1, 4), fails=True)
    return matter(_ask(rng, "task", task_id), FindingCode.NOT_CHARGED)


async def given_back(customer: Customer, rng: random.Random) -> Question:
    """It was made, charged, and given back for its quality."""
    task = await _film(customer, rng)
    await customer.tell(task, TaskState.SUCCEEDED)
    await customer.stage.agenda.wait(rng.randint(5, 600))
    charged = (await customer.stage.tasks.find(task.task_id)).charged_nanos
    amount = None if rng.random() < 0.6 else charged // 2
    await customer.stage.tasks.refund(task.task_id, source_id="ticket 4711", amount=amount, reason="blurred")
    return _about(rng, task, FindingCode.CHARGE_REFUNDED)


async def made(customer: Customer, rng: random.Random) -> Question:
    """It was made, and its customer has not fetched it; an earlier one failed."""
    first = await _film(customer, rng)
    await customer.tell(first, TaskState.FAILED, failure_code="timeout")
    task = await _film(customer, rng)
    until = customer.stage.clock.now() + DAY * 10**6
    await customer.tell(task, TaskState.SUCCEEDED, download_expires_at=until)
    return _about(rng, task, FindingCode.CHARGED_FOR_DELIVERY)


async def client_left(customer: Customer, rng: random.Random) -> Question:
    """The client had gone before its answer was there; the answer was made all the same."""
    needed = customer.usual()
    await customer.ensure(2 * needed)
    admission = await customer.hold(needed)
    await customer.stage.agenda.wait(rng.randint(10, 120))
    await customer.settle(admission, needed, client_gone=True)
    return matter(_ask(rng, "request", admission.request_id), FindingCode.CHARGED_FOR_DELIVERY)


async def made_in_part(customer: Customer, rng: random.Random) -> Question:
    """Fewer seconds were made than had been asked for."""
    task = await _film(customer, rng)
    assert task.duration_seconds is not None
    await customer.tell(task, TaskState.SUCCEEDED, delivered=task.duration_seconds - rng.randint(1, 3))
    return _about(rng, task, FindingCode.CHARGED_IN_PART)


async def cancelled_late(customer: Customer, rng: random.Random) -> Question:
    """It was cancelled when it was already being made: a part of its price is owed."""
    task = await _film(customer, rng)
    await customer.tell(task, TaskState.RUNNING)
    await customer.stage.agenda.wait(rng.randint(5, 60))
    await customer.stage.tasks.cancel(task.task_id)
    await customer.tell(task, TaskState.CANCELLED)
    return _about(rng, task, FindingCode.CHARGED_IN_PART)


async def cancelled_in_time(customer: Customer, rng: random.Random) -> Question:
    """It was cancelled before anybody had begun with it."""
    task = await _film(customer, rng)
    await customer.stage.tasks.cancel(task.task_id)
    await customer.tell(task, TaskState.CANCELLED)
    return _about(rng, task, FindingCode.NOT_CHARGED)


async def running(customer: Customer, rng: random.Random) -> Question:
    """It takes long, and is not done."""
    task = await _film(customer, rng)
    if rng.random() < 0.7:
        await customer.tell(task, TaskState.RUNNING, progress=rng.randint(1, 99))
    await customer.stage.agenda.wait(rng.randint(10, 60) * MINUTE)
    return _about(rng, task, FindingCode.STILL_RUNNING)


async def unknown(customer: Customer, rng: random.Random) -> Question:
    """The upstream knows nothing of it any more; what was reserved still is."""
    task = await _film(customer, rng)
    await customer.tell(task, TaskState.UNKNOWN)
    await customer.stage.agenda.wait(rng.randint(10, 60) * MINUTE)
    return _about(rng, task, FindingCode.OUTCOME_UNKNOWN)


async def never_heard_of(customer: Customer, rng: random.Random) -> Question:
    """A call of which nobody has heard again: its reservation's time is up."""
    needed = customer.usual()
    await customer.ensure(2 * needed)
    admission = await customer.hold(needed)
    await customer.stage.agenda.wait(rng.randint(12, 40) * MINUTE)
    await customer.stage.ledger.expire_overdue(since=admission.hold.expires_at - 1)
    return matter(_ask(rng, "request", admission.request_id), FindingCode.OUTCOME_UNKNOWN)


async def many_copies(customer: Customer, rng: random.Random) -> Question:
    """Asked about a submission that was sent three times and charged as often."""
    content = customer.content()
    needed = customer.usual()
    await customer.ensure(5 * needed)
    first = await customer.serve(needed, content=content)
    for _ in range(rng.randint(2, 4)):
        await customer.stage.agenda.wait(rng.randint(3, 60))
        await customer.serve(needed, content=content)
    return matter(_ask(rng, "submission", first), FindingCode.DUPLICATE_SUBMISSIONS)


async def copies_but_one_charge(customer: Customer, rng: random.Random) -> Question:
    """Asked about a submission of several copies, of which all but one failed or were given back."""
    content = customer.content()
    needed = customer.usual()
    await customer.ensure(5 * needed)
    first = await customer.serve(needed, content=content)
    copy = await customer.serve(needed, content=content)
    await customer.stage.spend.refund(copy, source_id="ticket 12", amount=None, reason="sent twice")
    await customer.fail(await customer.hold(needed, content=content))
    await customer.stage.agenda.wait(HOUR)
    return matter(_ask(rng, "submission", first), FindingCode.CHARGED_FOR_DELIVERY)


_SCENES: tuple[tuple[str, int, Scene], ...] = (
    ("a task that failed", 6, failed),
    ("a task that failed, and its copy", 4, failed_but_its_copy),
    ("a task that nobody took", 3, not_taken),
    ("a call that failed", 4, failed_call),
    ("pictures that failed", 2, failed_pictures),
    ("a charge given back", 5, given_back),
    ("a task that was made", 5, made),
    ("a client that had left", 3, client_left),
    ("made in part", 4, made_in_part),
    ("cancelled too late", 3, cancelled_late),
    ("cancelled in time", 2, cancelled_in_time),
    ("still running", 4, running),
    ("not known", 3, unknown),
    ("never heard of again", 3, never_heard_of),
    ("a submission charged several times", 4, many_copies),
    ("a submission charged once", 3, copies_but_one_charge),
)
SCRIPTS = tuple(Script(name=name, weight=weight, scene=scene, days=2) for name, weight, scene in _SCENES)
