"""Whatever is killed leaves all or nothing, two at once do it once, and history cannot be rewritten."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, CounterfoilError
from counterfoil.reconcile.desk_model import InconclusiveReason, RunState
from counterfoil.reconcile.model import Book
from reconcile.house import House, Row, open_house

LINES = 30_000
_OPEN = """
import asyncio, sys, time
from pathlib import Path
from counterfoil.foundation.clock import ManualClock
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.runs_service import Runs
from reconcile.house import NoEngines, open_house
database_url, owner_url, data_dir, now, file = sys.argv[1:]
clock = ManualClock(int(now), seed=99)
"""
IMPORT = _OPEN + textwrap.dedent("""
    def tell(progress):
        print(progress.done, flush=True)

    async def main():
        async with open_house(database_url, owner_url, clock, Path(data_dir)) as house:
            await house.desk.imports.import_file(
                name="big.csv", content=Path(file).read_bytes(), by="Ada", source="bank", progress=tell
            )
            print("done", flush=True)

    asyncio.run(main())
""")
RUN = _OPEN + textwrap.dedent("""
    def match(engine, rows, terms):
        print("matching", flush=True)
        time.sleep(600)

    async def main():
        async with open_house(database_url, owner_url, clock, Path(data_dir)) as house:
            runs = Runs(house.till.database, clock=clock, engines=NoEngines(), matchers={Book.PAYMENTS: match})
            await runs.run(house.day, by="Ada")

    asyncio.run(main())
""")


def start(script: str, house: House, tmp_path: Path, urls: tuple[str, str], file: Path) -> subprocess.Popen[str]:
    """A process of its own on the same database."""
    arguments = [*urls, str(tmp_path / "data"), str(house.clock.now()), str(file)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )


def kill_at(process: subprocess.Popen[str], wanted: str) -> None:
    """Kill it as soon as it has said that."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == wanted:
            break
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)


async def test_an_import_that_is_killed_has_brought_nothing_and_can_be_started_again(
    house: House, tmp_path: Path, database_url: str, owner_url: str
) -> None:
    await house.add_source()
    file = tmp_path / "big.csv"
    file.write_bytes(house.file([Row(trade=f"T{number}") for number in range(LINES)]))
    process = start(IMPORT, house, tmp_path, (database_url, owner_url), file)
    await asyncio.to_thread(kill_at, process, "10000")
    assert process.returncode == -signal.SIGKILL
    assert (house.count("statements"), house.count("statement_lines")) == (0, 0)
    (again,) = await house.desk.imports.import_file(name="big.csv", content=file.read_bytes(), by="Ada", source="bank")
    assert again.statement is not None
    assert (again.statement.lines_new, house.count("statement_lines")) == (LINES, LINES)


async def test_a_run_that_is_killed_has_written_nothing_and_can_be_started_again(
    house: House, tmp_path: Path, database_url: str, owner_url: str
) -> None:
    await house.add_source()
    day = house.day
    await house.import_rows(Row(trade="T1"))
    process = start(RUN, house, tmp_path, (database_url, owner_url), tmp_path)
    await asyncio.to_thread(kill_at, process, "matching")
    assert (house.count("reconcile_runs"), house.count("reconcile_breaks")) == (1, 0)
    # Until its lease has run out, the killed one may be at work for all that anybody knows.
    with pytest.raises(Conflict):
        await house.desk.runs.run(day, by="Bob", books=[Book.PAYMENTS])
    house.next_day()
    (run,) = await house.desk.runs.run(day, by="Bob", books=[Book.PAYMENTS])
    assert run.state is RunState.CLOSED
    killed = (await house.desk.runs.list())[-1]
    assert (killed.state, [one.code for one in killed.reasons]) == (RunState.FAILED, [InconclusiveReason.RUN_KILLED])
    assert len(await house.standing()) == 1


async def test_the_same_file_by_two_at_once_is_imported_once(house: House) -> None:
    await house.add_source()
    found = await asyncio.gather(*(house.import_rows(Row(trade="T1"), Row(trade="T2")) for _ in range(4)))
    assert sorted(one.was_known for one in found) == [False, True, True, True]
    assert (house.count("statements"), house.count("statement_lines")) == (1, 2)


async def test_overlapping_files_by_two_at_once_bring_each_line_once(house: House) -> None:
    await house.add_source()
    files = [[Row(trade=f"T{number}") for number in range(start, start + 50)] for start in (0, 20, 40)]
    await asyncio.gather(*(house.import_rows(*rows, name=f"{place}.csv") for place, rows in enumerate(files)))
    assert house.count("statement_lines") == 90


async def test_two_runs_at_once_are_one(house: House) -> None:
    await house.add_source()
    day = house.day
    await house.import_rows(Row(trade="T1"))
    house.next_day()

    async def run() -> str:
        try:
            await house.desk.runs.run(day, by="Ada", books=[Book.PAYMENTS])
        except CounterfoilError as error:
            return error.code
        return "done"

    outcomes = await asyncio.gather(*(run() for _ in range(5)))
    assert set(outcomes) <= {"done", "run_in_progress"}
    assert "done" in outcomes
    assert (house.count("reconcile_breaks"), house.count("reconcile_break_events")) == (1, 1)


@pytest.mark.parametrize(
    "table",
    ["statements", "statement_lines", "statement_rejects", "statement_totals", "reconcile_runs", "reconcile_matches",
     "reconcile_match_rows", "reconcile_breaks", "reconcile_break_events", "reconcile_settlements", "reconcile_days"],
)  # fmt: skip
def test_what_was_written_cannot_be_deleted_nor_history_be_changed(database_url: str, table: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
        column = {"statements": "name", "reconcile_runs": "day", "reconcile_matches": "rule"}.get(table)
        changed = column or ("class" if table == "reconcile_breaks" else None)
        if changed is None:
            row = connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
                (table,),
            ).fetchone()
            assert row is not None
            changed = row[0]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"UPDATE {table} SET {changed} = {changed}")  # type: ignore[arg-type]


async def test_the_database_refuses_a_row_in_two_matches(house: House, owner_url: str) -> None:
    await house.add_source()
    day = house.day
    order = await house.paid_order("T1")
    await house.import_rows(Row(trade="T1", order=order.number))
    house.next_day()
    await house.run(day)
    with psycopg.connect(owner_url, autocommit=True) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(
            "WITH made AS (INSERT INTO reconcile_matches (match_id, book, identity, rule, rule_version, variance,"
            " is_suggested, made_by, made_at) VALUES (gen_random_uuid(), 'payments', sha256('other'), 'by_hand', 1, 0, false,"
            " 'Eve', 1) RETURNING match_id)"
            " INSERT INTO reconcile_match_rows (match_id, book, row_name, side, about, is_suggested, is_active)"
            " SELECT match_id, 'payments', %s, 'ours', 'payment', false, true FROM made",
            (f"order:{order.order_id.hex}",),
        )


async def test_another_house_on_the_same_clock_finds_what_the_first_has_left(
    database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    async with open_house(database_url, owner_url, clock, tmp_path / "data") as first:
        await first.add_source()
        await first.import_rows(Row(trade="T1"))
    async with open_house(database_url, owner_url, clock, tmp_path / "data") as second:
        assert (await second.import_rows(Row(trade="T1"))).was_known
