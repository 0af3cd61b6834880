"""Whatever fails, and wherever: nothing twice, nothing lost. The faults are PostgreSQL's own.

A batch is made to fail before each of its statements in turn, at COMMIT, and after COMMIT has taken effect but before
its answer came. The answers and the money are the same as without the fault (L2, L3, L4, L5).
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from counterfoil.foundation.errors import Broken, HoldEnded, HoldNotFound, Unavailable
from counterfoil.ledger import engine as engine_module
from counterfoil.ledger.engine import Engine
from counterfoil.ledger.model import Hold, HoldEnd, Refused
from ledger.conftest import MakeEngine
from ledger.examples import Bank, as_dict, capture, credit, paid, void
from ledger.faults import AFTER_COMMIT, FAULTS, FaultyConnection, Plan, allow_faults


@pytest.fixture
def plan(owner_url: str, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Every engine made from here on fails as planned, and comes back without delay."""
    allow_faults(owner_url)
    monkeypatch.setattr(engine_module, "PipelineConnection", FaultyConnection)
    monkeypatch.setattr(engine_module, "_RECONNECT_SECONDS", (0.0,))
    FaultyConnection.plan = Plan()
    return FaultyConnection.plan


class Scene:
    """A batch with one of everything, on two accounts."""

    def __init__(self, bank: Bank, engine: Engine, plan: Plan) -> None:
        self.bank, self.engine, self.plan = bank, engine, plan

    async def play(self, faults: dict[int, str]) -> list[str]:
        """Run the batch under these faults and compare; gives the statements that were run."""
        bank, engine = self.bank, self.engine
        first, second = await bank.customer(60, 40), await bank.customer(10)
        holds = [await self.hold(first, amount) for amount in (20, 15, 5)]
        await engine.submit(void(holds[2]))
        commands = [
            bank.authorize(first, 30, fresh=True),
            bank.authorize(first, 500),
            capture(holds[0], 12),
            bank.authorize(second, 10, fresh=True),
            void(holds[1]),
            capture(holds[2], 1),
            capture(holds[0]._replace(hold_id=bank.clock.new_id()), 1),
            bank.authorize(second, 1, fresh=True),
            bank.authorize(first, 58),
        ]
        self.plan.lay(faults=faults)
        results = await asyncio.gather(*map(engine.submit, commands), return_exceptions=True)
        seen, injected = self.plan.seen, self.plan.injected
        self.plan.lay()
        # A rerun may be shorter than the first run, so that later faults find nothing to hit.
        assert bool(injected) == bool(faults), (faults, seen)
        assert [type(each) for each in results] == [
            Hold, Refused, HoldEnd, Hold, HoldEnd, HoldEnded, HoldNotFound, Refused, Hold,
        ], (faults, results)  # fmt: skip
        assert await bank.money(first) == (88, 88), faults
        assert await bank.money(second) == (10, 10), faults
        again = [replace(each, fresh=False) if hasattr(each, "fresh") else each for each in commands]
        repeated = await asyncio.gather(*map(engine.submit, again), return_exceptions=True)
        assert [said(each) for each in repeated] == [said(each) for each in results], faults
        return seen

    async def hold(self, account_id: Any, amount: int) -> Hold:
        outcome = await self.engine.submit(self.bank.authorize(account_id, amount, fresh=True))
        assert isinstance(outcome, Hold)
        return outcome


def said(result: Any) -> Any:
    return str(result) if isinstance(result, BaseException) else as_dict(result)


@pytest.mark.parametrize("cached_accounts", [100, 0])
async def test_each_fault_at_each_statement_changes_nothing(
    bank: Bank, make_engine: MakeEngine, plan: Plan, cached_accounts: int
) -> None:
    """With everything remembered (the short batch) and with nothing remembered (every statement there is)."""
    engine = await make_engine(lanes=1, cached_accounts=cached_accounts)
    scene = Scene(bank, engine, plan)
    statements = await scene.play({})
    assert statements[0] == "begin"
    assert statements[-1] == "commit"
    assert len(statements) == len(set(statements)) >= (11 if cached_accounts else 12)
    for number in range(len(statements)):
        for fault in FAULTS:
            await scene.play({number: fault})
    await scene.play({len(statements) - 1: AFTER_COMMIT})
    await bank.verified()
    assert engine.totals.reruns == len(statements) * len(FAULTS) + 1


async def test_faults_that_come_in_a_row_change_nothing(bank: Bank, make_engine: MakeEngine, plan: Plan) -> None:
    engine = await make_engine(lanes=1)
    scene = Scene(bank, engine, plan)
    chance = random.Random(5)
    length = len(await scene.play({}))
    for _ in range(12):
        faults, at = {}, 0
        for _ in range(3):
            at += chance.randrange(length)
            faults[at] = chance.choice([*FAULTS, "connection lost"])
            at += 1
        assert await scene.play(faults)
    for _ in range(3):
        assert await scene.play({length - 1: AFTER_COMMIT, length + 1: chance.choice(list(FAULTS))})
    await bank.verified()
    assert engine.totals.reruns > 0


async def test_the_answer_to_commit_is_lost_and_then_somebody_else_has_the_account(
    bank: Bank, make_engine: MakeEngine, plan: Plan, owner: psycopg.AsyncConnection[Any]
) -> None:
    """The rerun is set aside, and what it has to look for must not be forgotten on the way (L4)."""
    engine = await make_engine(lanes=1)
    account_id = await bank.customer(10)
    first = Scene(bank, engine, plan)
    await first.hold(account_id, 1)
    plan.lay()
    await first.hold(account_id, 3)
    commit = plan.seen.index("commit")
    plan.lay(faults={commit: AFTER_COMMIT})

    async def take_the_account() -> None:
        async with asyncio.timeout(20):
            while not plan.injected:
                await asyncio.sleep(0)
        await owner.execute("SELECT FROM accounts WHERE account_id = %s FOR UPDATE", (account_id,))

    async with owner.transaction():
        task = asyncio.create_task(engine.submit(bank.authorize(account_id, 6, fresh=True)))
        await take_the_account()
        while not task.done() and not engine.totals.aside:
            await asyncio.sleep(0.01)
    assert isinstance(await task, Hold)
    assert await bank.money(account_id) == (10, 10)
    await bank.verified()


async def test_a_database_that_stays_away_is_unavailable_and_the_next_command_finds_it_again(
    bank: Bank, make_engine: MakeEngine, plan: Plan
) -> None:
    engine = await make_engine(lanes=1, patience_seconds=0)
    account_id = await bank.customer(10)
    hold = await Scene(bank, engine, plan).hold(account_id, 6)
    plan.lay(faults={1: "connection lost"})
    with pytest.raises(Unavailable):
        await engine.submit(capture(hold, 6))
    assert await bank.money(account_id) == (10, 6)
    end = await engine.submit(capture(hold, 6))
    assert isinstance(end, HoldEnd)
    assert await bank.money(account_id) == (4, 0)


# -- poison --------------------------------------------------------------------------------------------------------


_POISON = {
    "22021: a text with a zero byte": lambda command: replace(command, intent="a\0b"),
    "23514: a cause that no check allows": lambda command: replace(command, cause_kind="nonsense"),
    "a text that is no Unicode": lambda command: replace(command, intent="\ud800"),
    "an amount that is no integer": lambda command: replace(command, asked="5", floor=0),
}


@pytest.mark.parametrize("name", _POISON)
@pytest.mark.parametrize("positions", [(0,), (7,), (3, 4, 12)])
async def test_poison_fails_alone(bank: Bank, name: str, positions: tuple[int, ...], make_engine: MakeEngine) -> None:
    engine = await make_engine(lanes=1)
    account_id = await bank.customer(100)
    commands: list[Any] = [bank.authorize(account_id, 1, fresh=True) for _ in range(13)]
    for position in positions:
        commands[position] = _POISON[name](commands[position])
    results = await asyncio.gather(*map(engine.submit, commands), return_exceptions=True)
    for number, result in enumerate(results):
        if number in positions:
            assert isinstance(result, Broken)
            assert result.code == "command_refused"
        else:
            assert isinstance(result, Hold)
    assert await bank.money(account_id) == (100, 13 - len(positions))
    await bank.verified()


async def test_l12_a_refused_command_is_logged_without_its_words(bank: Bank, caplog: pytest.LogCaptureFixture) -> None:
    account_id = await bank.customer(10)
    secret = "sk-a-secret-prompt"
    for intent in (secret + "\0", secret + "\ud800"):
        with pytest.raises(Broken):
            await bank.engine.submit(replace(bank.authorize(account_id, 1), intent=intent))
    assert "engine_command_refused" in caplog.text
    assert secret not in caplog.text


async def test_a_hostile_amount_fails_alone(bank: Bank) -> None:
    account_id = await bank.customer(100)
    hold = await bank.hold(account_id, 10)
    commands: list[Any] = [bank.authorize(account_id, 1) for _ in range(4)]
    commands[1:1] = [capture(hold, 2**63), capture(hold, -1), bank.authorize(account_id, -(2**70), floor=-(2**80))]
    results = await asyncio.gather(*map(bank.engine.submit, commands), return_exceptions=True)
    assert [getattr(each, "code", None) for each in results[1:4]] == ["amount_unreadable"] * 3
    assert sum(isinstance(each, Hold) for each in results) == 4
    assert await bank.money(account_id) == (100, 14)


# -- units of work -------------------------------------------------------------------------------------------------


async def test_a_unit_of_work_that_loses_its_connection_before_commit_has_done_nothing(
    bank: Bank, owner: psycopg.AsyncConnection[Any]
) -> None:
    account_id = await bank.customer()
    command = credit(paid(50), account_id=account_id)

    async def lose() -> None:
        async with bank.ledger._database.unit_of_work() as connection:
            await bank.ledger.session(connection).apply(command)
            await owner.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))

    with pytest.raises(psycopg.OperationalError):
        await lose()
    assert await bank.money(account_id) == (0, 0)
    first = await bank.ledger.operate(command)
    assert await bank.ledger.operate(command) == first
    assert await bank.money(account_id) == (50, 0)
    await bank.verified()
