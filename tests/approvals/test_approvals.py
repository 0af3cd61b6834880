"""Proposing and deciding, on a real database: together with what is done, once, and for good."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest

from approvals.conftest import CAP, NANOS, Office
from counterfoil.approvals.model import ApprovalAction, ApprovalEvent, ApprovalPolicy, ApprovalState
from counterfoil.approvals.service import Approvals
from counterfoil.foundation.errors import Broken, Conflict, CounterfoilError, Forbidden, InputError, NotFound
from counterfoil.storage.database import Database

# One person, under a cap.


async def test_one_person_does_it_at_once_under_the_cap_and_it_is_recorded_as_such(office: Office) -> None:
    approvals = office.approvals()
    done = await office.propose(approvals, CAP)
    assert (done.state, done.policy, done.decided_by) == (
        ApprovalState.APPROVED, ApprovalPolicy.SINGLE_WITH_REASON, "Ada",
    )  # fmt: skip
    assert await office.credited() == CAP
    assert await approvals.find(done.approval_id) == done == office.till.seen[0]
    now = office.clock.now()
    assert await approvals.events(done.approval_id) == [
        ApprovalEvent(number=1, at=now, state=ApprovalState.PROPOSED, by="Ada", reason="ticket 4711"),
        ApprovalEvent(number=2, at=now, state=ApprovalState.APPROVED, by="Ada", reason=None),
    ]


@pytest.mark.parametrize("amount", [CAP + 1, -CAP - 1])
async def test_over_the_cap_it_waits_for_a_second_person(office: Office, amount: int) -> None:
    approvals = office.approvals()
    proposed = await office.propose(approvals, amount)
    assert (proposed.state, proposed.policy, proposed.decided_by) == (
        ApprovalState.PROPOSED, ApprovalPolicy.TWO_PEOPLE, None,
    )  # fmt: skip
    assert await office.credited() == 0
    with pytest.raises(Forbidden) as refused:
        await approvals.approve(proposed.approval_id, by="ADA")
    assert refused.value.code == "approval_same_person"
    done = await approvals.approve(proposed.approval_id, by="Bob")
    assert (done.state, done.policy) == (ApprovalState.APPROVED, ApprovalPolicy.TWO_PEOPLE)
    assert await office.credited() == abs(amount)


async def test_what_has_no_amount_is_done_by_one_person(office: Office) -> None:
    done = await office.propose(office.approvals(cap=0), None, currency=None)
    assert done.state is ApprovalState.APPROVED
    assert (done.amount, done.currency) == (None, None)


async def test_one_person_without_a_reason_does_nothing(office: Office) -> None:
    approvals = office.approvals()
    for reason in ("", "   "):
        with pytest.raises(InputError) as refused:
            await office.propose(approvals, reason=reason)
        assert refused.value.code == "approval_reason_missing"
    assert await approvals.list() == []
    assert await office.credited() == 0


async def test_what_fails_at_once_leaves_nothing_on_record(office: Office) -> None:
    approvals = office.approvals()
    office.till.fails = True
    with pytest.raises(RuntimeError):
        await office.propose(approvals)
    assert await approvals.list() == []
    assert await office.credited() == 0


# Two people.


async def test_two_people_decide_and_it_is_done_with_the_decision(office: Office) -> None:
    approvals = office.two_people()
    proposed = await office.propose(approvals, 1)
    assert proposed.state is ApprovalState.PROPOSED
    assert office.till.seen == []
    office.clock.advance(seconds=60)
    done = await approvals.approve(proposed.approval_id, by=" Bob ", reason="seen on the bank's statement")
    assert done == replace(
        proposed, state=ApprovalState.APPROVED, decided_by="Bob", decided_at=office.clock.now(),
        decision_reason="seen on the bank's statement",
    )  # fmt: skip
    assert await approvals.find(proposed.approval_id) == done == office.till.seen[0]
    assert [(one.number, one.state, one.by, one.reason) for one in await approvals.events(done.approval_id)] == [
        (1, ApprovalState.PROPOSED, "Ada", "ticket 4711"),
        (2, ApprovalState.APPROVED, "Bob", "seen on the bank's statement"),
    ]


async def test_a_changed_policy_does_not_free_what_was_proposed_for_two(office: Office) -> None:
    proposed = await office.propose(office.two_people())
    with pytest.raises(Forbidden):
        await office.approvals().approve(proposed.approval_id, by="ada")
    assert await office.credited() == 0


async def test_a_rejected_or_withdrawn_proposal_is_not_carried_out(office: Office) -> None:
    approvals = office.two_people()
    first, second = await office.propose(approvals), await office.propose(approvals, subject="ord_2")
    rejected = await approvals.reject(first.approval_id, by="Bob", reason="no such payment")
    with pytest.raises(Forbidden) as refused:
        await approvals.withdraw(second.approval_id, by="Bob")
    assert refused.value.code == "approval_not_proposer"
    withdrawn = await approvals.withdraw(second.approval_id, by="ada")
    assert (rejected.state, rejected.decided_by, rejected.decision_reason) == (
        ApprovalState.REJECTED, "Bob", "no such payment",
    )  # fmt: skip
    assert (withdrawn.state, withdrawn.decided_by) == (ApprovalState.WITHDRAWN, "ada")
    assert await office.credited() == 0
    for ended in (rejected, withdrawn):
        for decide in (approvals.approve, approvals.reject, approvals.withdraw):
            with pytest.raises(Conflict) as conflict:
                await decide(ended.approval_id, by="Bob")
            assert conflict.value.code == "approval_decided"
            assert conflict.value.parameters["state"] == ended.state.value
    assert office.till.seen == []


async def test_approving_twice_says_how_it_ended_and_does_nothing_more(office: Office) -> None:
    approvals = office.two_people()
    proposed = await office.propose(approvals)
    await approvals.approve(proposed.approval_id, by="Bob")
    with pytest.raises(Conflict) as refused:
        await approvals.approve(proposed.approval_id, by="Cyn")
    assert refused.value.code == "approval_decided"
    assert (refused.value.parameters["state"], refused.value.parameters["by"]) == ("approved", "Bob")
    assert await office.credited() == 10 * NANOS


async def test_what_could_not_be_carried_out_is_not_decided(office: Office) -> None:
    approvals = office.two_people()
    proposed = await office.propose(approvals)
    office.till.fails = True
    with pytest.raises(RuntimeError):
        await approvals.approve(proposed.approval_id, by="Bob")
    assert await approvals.find(proposed.approval_id) == proposed
    assert len(await approvals.events(proposed.approval_id)) == 1
    assert await office.credited() == 0
    office.till.fails = False
    await approvals.approve(proposed.approval_id, by="Bob")
    assert await office.credited() == 10 * NANOS


async def test_what_nobody_carries_out_is_not_decided(office: Office) -> None:
    approvals = office.two_people()
    proposed = await office.propose(approvals, action=ApprovalAction.ORDER_DISPUTE)
    with pytest.raises(Broken):
        await approvals.approve(proposed.approval_id, by="Bob")
    assert (await approvals.find(proposed.approval_id)).state is ApprovalState.PROPOSED
    assert (await approvals.reject(proposed.approval_id, by="Bob")).state is ApprovalState.REJECTED


# The same again.


async def test_the_same_again_while_it_waits_is_the_one_that_waits(office: Office) -> None:
    approvals = office.two_people()
    first = await office.propose(approvals)
    office.clock.advance(seconds=5)
    assert await office.propose(approvals, by="Bob", reason="other words") == first
    # Also where one person could do it alone by now: somebody has asked for a second pair of eyes.
    assert await office.propose(office.approvals(), by="Bob") == first
    assert await approvals.list() == [first]
    assert await office.credited() == 0
    for other in (
        {"amount": 11 * NANOS},
        {"subject": "ord_2"},
        {"payload": {"nanos": 10 * NANOS, "note": 1}},
        {"action": ApprovalAction.ORDER_REFUND},
    ):
        assert (await office.propose(approvals, **other)).approval_id != first.approval_id  # type: ignore[arg-type]


async def test_what_was_decided_can_be_proposed_anew(office: Office) -> None:
    approvals = office.two_people()
    first = await office.propose(approvals)
    await approvals.reject(first.approval_id, by="Bob")
    second = await office.propose(approvals)
    assert second.approval_id != first.approval_id
    await approvals.approve(second.approval_id, by="Bob")
    assert await office.credited() == 10 * NANOS


# At once.


async def _answers(*work: object) -> list[object]:
    return await asyncio.gather(*work, return_exceptions=True)  # type: ignore[call-overload, no-any-return]


async def test_two_who_approve_at_once_carry_it_out_once(office: Office, database_url: str) -> None:
    proposed = await office.propose(office.two_people())
    async with await Database.open(database_url, min_size=4) as elsewhere:
        desks = [office.two_people(), replace(office, database=elsewhere).two_people()]
        answers = await _answers(
            *(desks[n % 2].approve(proposed.approval_id, by=f"Person {n}") for n in range(8))
        )  # fmt: skip
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert (len(refused), {one.code for one in refused}) == (7, {"approval_decided"})
    assert await office.credited() == 10 * NANOS
    assert len(office.till.seen) == 1


async def test_of_approving_and_rejecting_at_once_one_wins(office: Office) -> None:
    approvals = office.two_people()
    for turn in range(6):
        proposed = await office.propose(approvals, subject=f"ord_{turn}")
        before = await office.credited()
        decisions = [approvals.approve, approvals.reject, approvals.withdraw]
        answers = await _answers(*(decide(proposed.approval_id, by="ada" if decide == approvals.withdraw else "Bob")
                                   for decide in decisions[turn % 3:] + decisions[: turn % 3]))  # fmt: skip
        won = [answer for answer in answers if not isinstance(answer, Exception)]
        lost = [answer for answer in answers if isinstance(answer, Conflict)]
        assert (len(won), len(lost)) == (1, 2)
        ended = await approvals.find(proposed.approval_id)
        assert won == [ended]
        assert {one.parameters["state"] for one in lost} == {ended.state.value}
        done = ended.state is ApprovalState.APPROVED
        assert await office.credited() - before == (10 * NANOS if done else 0)


async def test_many_who_propose_the_same_at_once_get_one(office: Office) -> None:
    approvals = office.two_people()
    answers = await asyncio.gather(*(office.propose(approvals, by=f"Person {n}") for n in range(8)))
    assert {one.approval_id for one in answers} == {(await approvals.list())[0].approval_id}
    assert len(await approvals.list()) == 1


async def test_proposing_while_it_is_decided_gives_the_open_one_or_a_new_one(office: Office) -> None:
    approvals = office.two_people()
    known: set[UUID] = set()
    for _ in range(5):
        open_one = await office.propose(approvals)
        decided, again = await asyncio.gather(
            approvals.reject(open_one.approval_id, by="Bob"), office.propose(approvals, by="Cyn")
        )
        assert decided.state is ApprovalState.REJECTED
        known |= {open_one.approval_id, again.approval_id}
        waiting = await approvals.list(state=ApprovalState.PROPOSED)
        assert [one.approval_id for one in waiting] == (
            [] if again.approval_id == open_one.approval_id else [again.approval_id]
        )
        for one in waiting:
            await approvals.withdraw(one.approval_id, by="Cyn")
    assert {one.approval_id for one in await approvals.list()} == known


async def test_a_crash_while_it_is_carried_out_leaves_it_proposed(office: Office, database_url: str) -> None:
    proposed = await office.propose(office.two_people())

    async def crash(connection: psycopg.AsyncConnection[object], _: object) -> None:
        await office.till.carry_out(connection, proposed)  # type: ignore[arg-type]
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async with await Database.open(database_url) as dying:
        approvals = replace(office, database=dying).two_people()
        approvals.register(ApprovalAction.ADJUSTMENT, crash)  # type: ignore[arg-type]
        with pytest.raises(psycopg.OperationalError):
            await approvals.approve(proposed.approval_id, by="Bob")
    assert await office.two_people().find(proposed.approval_id) == proposed
    assert await office.credited() == 0
    await office.two_people().approve(proposed.approval_id, by="Bob")
    assert await office.credited() == 10 * NANOS


async def test_a_decision_that_is_cancelled_midway_leaves_it_proposed(office: Office) -> None:
    approvals = office.two_people()
    proposed = await office.propose(approvals)
    reached = asyncio.Event()

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    approvals.register(ApprovalAction.ADJUSTMENT, hang)
    deciding = asyncio.create_task(approvals.approve(proposed.approval_id, by="Bob"))
    await reached.wait()
    deciding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deciding
    assert (await office.two_people().reject(proposed.approval_id, by="Bob")).state is ApprovalState.REJECTED


# What is kept.


async def test_what_people_type_is_kept_without_secrets(office: Office, owner_url: str) -> None:
    planted = ["sk-cf-" + "S" * 43, "4242 4242 4242 4242", "2026112422001400001234567890"]
    approvals = office.two_people()
    proposed = await office.propose(
        approvals, reason=f"key {planted[0]} card {planted[1]}", by=f"Ada, order {planted[2]}"
    )
    done = await approvals.approve(proposed.approval_id, by="Bob 13812345678", reason=f"see {planted[0]}")
    async with await psycopg.AsyncConnection.connect(owner_url) as connection:
        cursor = await connection.execute(
            "SELECT a::text || e::text FROM approvals a JOIN approval_events e USING (approval_id)"
        )
        stored = " ".join(row[0] for row in await cursor.fetchall())
    for secret in (*planted, "13812345678"):
        assert secret not in stored
        assert secret not in str(done)
    assert "sk-…SSSS" in stored


async def test_the_runtime_role_can_only_fill_in_a_decision(office: Office, database_url: str) -> None:
    proposed = await office.propose(office.two_people())
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for statement in (
            "UPDATE approvals SET amount = 1", "UPDATE approvals SET payload = '{}'", "UPDATE approvals SET policy = policy",
            "UPDATE approvals SET proposed_by = 'Bob'", "DELETE FROM approvals", "TRUNCATE approvals CASCADE",
            "UPDATE approval_events SET by = 'Bob'", "DELETE FROM approval_events",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)  # type: ignore[arg-type]
        with pytest.raises(psycopg.errors.CheckViolation):
            await connection.execute(
                "UPDATE approvals SET state = 'approved', decided_by = 'ADA', decided_at = 1 WHERE approval_id = %s",
                (proposed.approval_id,),
            )


async def test_approvals_are_found_and_listed_newest_first(office: Office) -> None:
    approvals = office.two_people()
    other = (await office.ledger.open_account(name="Other")).account_id
    made = []
    for number in range(4):
        office.clock.advance(seconds=1)
        account = other if number == 3 else office.account_id
        made.append(
            await office.propose(approvals, subject=f"ord_{number % 2}", payload={"nanos": number}, account_id=account)
        )
    rejected = await approvals.reject(made[0].approval_id, by="Bob")
    newest_first = [made[3], made[2], made[1], rejected]
    assert await approvals.list() == newest_first
    assert await approvals.list(most=2) == newest_first[:2]
    assert await approvals.list(before=made[2].approval_id) == newest_first[2:]
    assert await approvals.list(state=ApprovalState.REJECTED) == [rejected]
    assert await approvals.list(account_id=other) == [made[3]]
    assert await approvals.list(subject="ord_0") == [made[2], rejected]
    assert await approvals.list(action=ApprovalAction.ORDER_REFUND) == []


async def test_what_does_not_exist_is_not_found(office: Office) -> None:
    approvals = office.two_people()
    ask = (approvals.find, lambda one: approvals.approve(one, by="Bob"), lambda one: approvals.reject(one, by="Bob"))
    for question in ask:
        with pytest.raises(NotFound) as missing:
            await question(UUID(int=7))  # type: ignore[operator]
        assert missing.value.code == "approval_not_found"
    assert await approvals.events(UUID(int=7)) == []
    with pytest.raises(NotFound) as missing:
        await office.propose(approvals, account_id=UUID(int=7))
    assert missing.value.code == "account_not_found"


@pytest.mark.parametrize(
    "fields",
    [{"by": ""}, {"by": "a" * 101}, {"subject": " "}, {"subject": "a" * 201}, {"reason": "a\x00b"}, {"currency": None}],
)
async def test_what_cannot_stand_on_record_is_refused(office: Office, fields: dict[str, object]) -> None:
    approvals: Approvals = office.two_people()
    with pytest.raises(CounterfoilError) as refused:
        await office.propose(approvals, **fields)  # type: ignore[arg-type]
    assert isinstance(refused.value, InputError)
    assert await approvals.list() == []
