"""Somebody with every right in the database changes the past: `verify` says what, and where (L9)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.rows import dict_row

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Broken, Conflict
from counterfoil.foundation.ids import show_id
from counterfoil.ledger.chain import link
from counterfoil.ledger.checkpoints import Checkpoint, CheckpointFolder
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.model import EMPTY_HASH
from counterfoil.ledger.service import Ledger
from counterfoil.ledger.verify import Report, verify
from counterfoil.storage.database import Database
from ledger.examples import Bank, credit, paid

Owner = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, kw_only=True)
class Past:
    """A customer with eight transfers and an open hold, six of the transfers under checkpoints, and another one."""

    owner_url: str
    folder: CheckpointFolder
    account_id: UUID
    other_id: UUID


@pytest.fixture(scope="module")
def past(make_database: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Past:
    urls = make_database()
    folder = CheckpointFolder(tmp_path_factory.mktemp("tampering") / "checkpoints", Ed25519PrivateKey.generate())
    return asyncio.run(live(urls.runtime, urls.owner, folder))


async def live(runtime_url: str, owner_url: str, folder: CheckpointFolder) -> Past:
    clock = ManualClock()
    async with await Database.open(runtime_url) as database:
        ledger = Ledger(database, clock=clock, guard_factory=NoGuard)
        engine = Engine(runtime_url, clock=clock, guard_factory=NoGuard, settings=EngineSettings())
        await engine.start()
        bank = Bank(ledger=ledger, engine=engine, clock=clock)
        account_id, other_id = await bank.customer(100), await bank.customer(50)
        await ledger.operate(credit(paid(40), paid(10, priority=200), account_id=account_id, order="second"))
        await bank.capture(await bank.hold(account_id, 20), 15)
        await ledger.checkpoint(folder)
        for cost in (5, 6):
            clock.advance(seconds=1)
            await bank.capture(await bank.hold(account_id, 10), cost)
        await ledger.checkpoint(folder)
        await ledger.operate(credit(paid(7), account_id=account_id, order="third"))
        await bank.hold(account_id, 30)
        report = await ledger.verify(folder.read())
        assert (report.findings, report.accounts, report.transfers, report.checkpoints) == ([], 2, 8, 2)
        await engine.close()
    return Past(owner_url=owner_url, folder=folder, account_id=account_id, other_id=other_id)


@dataclass(frozen=True, kw_only=True)
class Victim:
    """The past, in a transaction that is rolled back at the end of the test."""

    owner: Owner
    folder: CheckpointFolder
    account_id: UUID
    other_id: UUID

    async def run(self, query: str, **values: Any) -> None:
        for statement in query.split(";"):
            named = {"account": self.account_id, "other": self.other_id, **values}
            cursor = await self.owner.execute(statement, named)
            assert cursor.rowcount, "the tampering must have hit something"

    async def verify(self, *, checkpoints: Sequence[Checkpoint] | None = None) -> Report:
        return await verify(self.owner, self.folder.read() if checkpoints is None else checkpoints)

    async def rewrite(self, change: Callable[[list[dict[str, Any]]], None]) -> None:
        """Change the account's transfers and hash them all anew, account row and all: nothing in the database tells."""
        async with self.owner.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("SELECT * FROM transfers WHERE account_id = %s ORDER BY version", (self.account_id,))
            rows = await cursor.fetchall()
            change(rows)
            await cursor.execute("DELETE FROM transfers WHERE account_id = %s", (self.account_id,))
            head = EMPTY_HASH
            for version, row in enumerate(rows, start=1):
                del row["hash"]
                row |= {"version": version, "prev_hash": head}
                head = row["hash"] = link(**row)
                names, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
                await cursor.execute(f"INSERT INTO transfers ({names}) VALUES ({marks})", row)
        moved = {"wallet": 0}
        grants: dict[UUID, int] = {}
        for row in rows:
            sign = (row["credit"] == "wallet") - (row["debit"] == "wallet")
            moved["wallet"] += sign * row["amount"]
            grants[row["grant_id"]] = grants.get(row["grant_id"], 0) + sign * row["amount"]
        await self.run(
            "UPDATE accounts SET version = %(version)s, head_hash = %(head)s, posted = %(posted)s,"
            " event_no = %(event)s WHERE account_id = %(account)s",
            version=len(rows), head=head, posted=moved["wallet"], event=max(row["event_no"] for row in rows),
        )  # fmt: skip
        await self.run("UPDATE accounts SET held = 0 WHERE account_id = %(account)s")
        await self.run("UPDATE grants SET held = 0 WHERE account_id = %(account)s")
        for grant_id, remaining in grants.items():
            await self.run(
                "UPDATE grants SET remaining = %(remaining)s, amount = greatest(amount, %(remaining)s)"
                " WHERE account_id = %(account)s AND grant_id = %(grant)s",
                remaining=remaining, grant=grant_id,
            )  # fmt: skip
        for table in ("holds", "hold_ends", "operations", "refusals"):
            await self.owner.execute(
                f"DELETE FROM {table} t WHERE account_id = %s AND NOT EXISTS (SELECT FROM transfers x"
                " WHERE x.account_id = t.account_id AND x.event_no = t.event_no)",
                (self.account_id,),
            )


@pytest.fixture
async def victim(past: Past) -> AsyncIterator[Victim]:
    async with await psycopg.AsyncConnection.connect(past.owner_url) as owner:
        yield Victim(owner=owner, folder=past.folder, account_id=past.account_id, other_id=past.other_id)
        await owner.rollback()


_TAMPERINGS: dict[str, tuple[str, str, int | None]] = {
    # What is done, the kind of finding that must be among what is found, and the version that it must name.
    "edit an amount": (
        "UPDATE transfers SET amount = amount + 1 WHERE account_id = %(account)s AND version = 4", "edit", 4,
    ),
    "edit a cause": (
        "UPDATE transfers SET cause_id = 'other' WHERE account_id = %(account)s AND version = 2", "edit", 2,
    ),
    "edit a time": ("UPDATE transfers SET created_at = created_at - 1 WHERE account_id = %(account)s AND version = 1",
        "edit", 1,
    ),
    "edit a hash": (
        "UPDATE transfers SET hash = sha256(hash) WHERE account_id = %(account)s AND version = 3", "edit", 3,
    ),
    "move money to another name": (
        "UPDATE transfers SET credit = 'promotions' WHERE account_id = %(account)s AND code = 'charge' AND version = 4",
        "edit", 4,
    ),
    "delete a row in the middle": (
        "DELETE FROM transfers WHERE account_id = %(account)s AND version = 3", "delete", 4,
    ),
    "delete the first row": ("DELETE FROM transfers WHERE account_id = %(account)s AND version = 1", "delete", 2),
    "delete the last row": (
        "DELETE FROM transfers WHERE account_id = %(account)s AND version = 7", "truncation", 7,
    ),
    "append a row": (
        "INSERT INTO transfers SELECT account_id, version + 1, event_no + 9, transfer_id, debit, credit, amount, code,"
        " cause_kind, cause_id, operation_key, leg + 1, hold_id, grant_id, created_at, hash, sha256(hash)"
        " FROM transfers WHERE account_id = %(account)s AND version = 7",
        "insert", 7,
    ),
    "swap two rows": (
        "UPDATE transfers SET version = 1000 WHERE account_id = %(account)s AND version = 4;"
        "UPDATE transfers SET version = 4 WHERE account_id = %(account)s AND version = 5;"
        "UPDATE transfers SET version = 5 WHERE account_id = %(account)s AND version = 1000",
        "reorder", 5,
    ),
    "move a row to another account": (
        "UPDATE transfers SET account_id = %(other)s, version = 2 WHERE account_id = %(account)s AND version = 7",
        "edit", 2,
    ),
    "delete an account but not its rows": (
        "DELETE FROM accounts WHERE account_id = %(account)s", "missing_account", 1,
    ),
    "give a wallet more": ("UPDATE accounts SET posted = posted + 5 WHERE account_id = %(account)s", "balance", None),
    "hold less": ("UPDATE accounts SET held = held - 5 WHERE account_id = %(account)s", "hold", None),
    "fill a grant": (
        "UPDATE grants SET remaining = remaining + 1 WHERE account_id = %(account)s AND kind = 'paid'", "balance", None,
    ),
    "move between grants": (
        "UPDATE grants SET remaining = remaining + CASE source_id WHEN 'second' THEN 1 ELSE -1 END"
        " WHERE account_id = %(account)s AND kind = 'paid' AND source_id IN ('second', 'third')",
        "balance", None,
    ),
    "release a grant": (
        "UPDATE grants SET held = 0 WHERE account_id = %(account)s AND held > 0", "hold", None,
    ),
    "delete a grant": (
        "DELETE FROM grants WHERE account_id = %(account)s AND source_id = 'third'", "balance", None,
    ),
    "shrink a hold": (
        "UPDATE holds SET amount = 1 WHERE account_id = %(account)s AND amount = 30", "hold", None,
    ),
    "reopen a hold": (
        "DELETE FROM hold_ends WHERE account_id = %(account)s AND captured = 15", "hold", None,
    ),
    "capture less on paper": (
        "UPDATE hold_ends SET captured = captured - 1, released = released + 1"
        " WHERE account_id = %(account)s AND captured = 15",
        "hold", None,
    ),
    "capture more than was held": (
        "UPDATE hold_ends SET released = released + 1 WHERE account_id = %(account)s AND captured = 15", "hold", None,
    ),
    "delete a hold that has ended": (
        "DELETE FROM holds WHERE account_id = %(account)s AND amount = 20", "hold", None,
    ),
    "turn events back": (
        "UPDATE accounts SET event_no = 3 WHERE account_id = %(account)s", "event", None,
    ),
    "give two decisions one number": (
        "UPDATE operations SET event_no = 1 WHERE account_id = %(account)s AND operation_key LIKE '%%third'",
        "event", None,
    ),
    "invent a credit that was never posted": (
        "INSERT INTO operations SELECT account_id, operation_key || '2', 5, intent, answer, created_at FROM operations"
        " WHERE account_id = %(account)s AND operation_key LIKE '%%third'",
        "event", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _TAMPERINGS)
async def test_l9_a_changed_past_is_found(victim: Victim, name: str) -> None:
    query, kind, version = _TAMPERINGS[name]
    await victim.run(query)
    report = await victim.verify()
    assert not report.verified
    assert kind in {finding.kind for finding in report.findings}, report.findings
    if version is not None:
        assert version in {finding.version for finding in report.findings if finding.kind == kind}, report.findings
    accounts = {show_id("account", victim.account_id), show_id("account", victim.other_id)}
    assert {finding.account for finding in report.findings} <= accounts
    assert all(finding.message for finding in report.findings)


async def test_l9_a_past_that_is_rewritten_from_end_to_end_is_found_by_its_checkpoint(victim: Victim) -> None:
    def enrich(rows: list[dict[str, Any]]) -> None:
        rows[0]["amount"] += 1000

    await victim.rewrite(enrich)
    assert {f.kind for f in (await victim.verify(checkpoints=[])).findings} <= {"hold", "event"}
    found = [f for f in (await victim.verify()).findings if f.kind == "edit"]
    assert {f.version for f in found} == {4, 6}
    assert all(f.message == "differs from the signed checkpoint" for f in found)


async def test_l9_a_tail_that_is_cut_off_with_everything_made_to_match_is_found_by_its_checkpoint(
    victim: Victim,
) -> None:
    def cut(rows: list[dict[str, Any]]) -> None:
        del rows[5:]

    await victim.rewrite(cut)
    kinds = [(f.kind, f.version) for f in (await victim.verify()).findings]
    assert ("truncation", 6) in kinds


async def test_l9_an_account_that_is_wholly_gone_is_found_by_its_checkpoint(victim: Victim) -> None:
    for table in ("accounts", "grants", "holds", "hold_ends", "refusals", "transfers", "operations"):
        await victim.owner.execute(f"DELETE FROM {table} WHERE account_id = %s", (victim.account_id,))
    assert (await victim.verify(checkpoints=[])).verified
    report = await victim.verify()
    assert {(f.kind, f.account) for f in report.findings} == {
        ("missing_account", show_id("account", victim.account_id))
    }


async def test_an_account_without_any_transfer_may_not_vanish_either(victim: Victim) -> None:
    empty = Checkpoint(number=1, created_at=1, previous="", accounts=((UUID(int=77), 0, EMPTY_HASH),))
    assert [f.kind for f in (await victim.verify(checkpoints=[empty])).findings] == ["missing_account"]


async def test_findings_are_bounded(victim: Victim) -> None:
    await victim.owner.execute("UPDATE transfers SET amount = amount + 1")
    await victim.owner.execute(
        "INSERT INTO operations SELECT %s, 'adjust:' || n, n, '{}', '{}', 1 FROM generate_series(1, 500) n",
        (victim.account_id,),
    )
    assert len((await victim.verify()).findings) == 100


# -- checkpoints ---------------------------------------------------------------------------------------------------


def files(folder: CheckpointFolder) -> list[Path]:
    return sorted(folder._folder.iterdir())


def edit(path: Path, **changes: Any) -> None:
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **changes}))


def test_l9_a_checkpoint_is_a_file_that_names_every_accounts_version_and_hash(past: Past) -> None:
    assert [path.name for path in files(past.folder)] == ["00000001.checkpoint.json", "00000002.checkpoint.json"]
    assert {path.stat().st_mode & 0o777 for path in files(past.folder)} == {0o600}
    first, second = past.folder.read()
    assert (first.number, first.previous, second.number) == (1, "", 2)
    assert {account_id: version for account_id, version, _ in second.accounts} == {past.account_id: 6, past.other_id: 1}


def forge(path: Path) -> None:
    document = json.loads(path.read_text())
    edit(path, payload=document["payload"].replace('"number":1', '"number":1 '))


def sign_with_another_key(path: Path) -> None:
    document = json.loads(path.read_text())
    edit(path, signature=Ed25519PrivateKey.generate().sign(document["payload"].encode()).hex())


def swap(path: Path) -> None:
    other = path.with_name("00000002.checkpoint.json")
    aside = path.with_name("aside")
    path.rename(aside)
    other.rename(path)
    aside.rename(other)


_BROKEN: dict[str, Callable[[Path], object]] = {
    "a changed payload": forge,
    "another signature": sign_with_another_key,
    "no signature": lambda path: edit(path, signature=""),
    "a missing file": lambda path: path.unlink(),
    "swapped files": swap,
    "a copy under another number": lambda path: path.with_name("00000003.checkpoint.json").write_bytes(
        path.read_bytes()
    ),
    "half a file": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "an empty file": lambda path: path.write_bytes(b""),
    "a list": lambda path: path.write_text("[]"),
    "no object": lambda path: path.write_text("null"),
    "no text": lambda path: path.write_bytes(b"\xff\xfe"),
    "a payload that is no text": lambda path: edit(path, payload=7),
}


ACCOUNTS = [(UUID(int=5), 3, b"h" * 32)]


@pytest.mark.parametrize("name", _BROKEN)
def test_l9_a_checkpoint_that_was_touched_is_not_believed(folder: CheckpointFolder, name: str) -> None:
    for number in (1, 2):
        folder.append(created_at=number, accounts=ACCOUNTS)
    _BROKEN[name](files(folder)[0])
    with pytest.raises(Broken) as error:
        folder.read()
    assert error.value.code == "checkpoint_broken"
    assert error.value.parameters["file"].endswith(".checkpoint.json")
    with pytest.raises(Broken):
        folder.append(created_at=3, accounts=[])


def test_half_a_checkpoint_that_a_killed_process_left_is_no_tampering(folder: CheckpointFolder) -> None:
    folder.append(created_at=1, accounts=ACCOUNTS)
    (folder._folder / ".unfinished-abc").write_bytes(b'{"payl')
    folder.append(created_at=2, accounts=ACCOUNTS)
    assert [each.number for each in folder.read()] == [1, 2]


def test_a_checkpoint_is_never_overwritten(folder: CheckpointFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = folder.append(created_at=1, accounts=ACCOUNTS)
    late = CheckpointFolder(folder._folder, folder._key)
    monkeypatch.setattr(late, "read", list)
    with pytest.raises(Conflict):
        late.append(created_at=2, accounts=[])
    assert folder.read() == [first]
