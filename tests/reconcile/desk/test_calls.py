"""Breaks of calls: a charge that should not be is refunded by approval, in the window that it was counted in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from api.wiring import Office, open_office
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.limits.model import KeySettings
from counterfoil.reconcile.desk_model import Break, BreakState
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak
from counterfoil.reconcile.runs_service import Runs
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from reconcile.house import NoEngines


@pytest.fixture
async def office(database_url: str, data_directory: DataDirectory) -> AsyncIterator[Office]:
    async with open_office(database_url, data_directory) as opened:
        await opened.sell()
        yield opened


async def charged_call(office: Office) -> tuple[UUID, UUID]:
    """An account, and a call of it that cost 2."""
    account = await office.ledger.open_account(name="Acme")
    grant = GrantSpec(kind=GrantKind.PAID, amount=10_000_000_000, origin="clearing:bank")
    await office.ledger.apply(
        Credit(account_id=account.account_id, source_kind="order", source_id="first", grants=(grant,))
    )
    made = await office.limits.create_key(account_id=account.account_id, settings=KeySettings(name="ci"))
    return account.account_id, await office.call(made.token, output_tokens=2_000)


async def found(office: Office, database: Database, request_id: UUID, account_id: UUID, **more: object) -> Break:
    """That a run has found the call to have failed although it was charged."""
    row = FoundBreak(
        book=Book.CHARGES, break_class=BreakClass.FAILED_BUT_CHARGED, ours=(f"request:{request_id.hex}",), theirs=(),
        source=None, account_id=account_id, currency="USD", expected=0, found=2_000_000_000, at=office.clock.now(),
        rule="request_charge",
    )  # fmt: skip
    runs = Runs(
        database, clock=office.clock, engines=NoEngines(),
        matchers={Book.CHARGES: lambda engine, rows, terms: Outcome(breaks=[row])},
    )  # fmt: skip
    await runs.run(datetime.now(UTC).date(), by="Ada")
    (one,) = await office.reconcile.breaks.list(standing=True)
    return one


async def test_a_charge_of_a_failed_call_is_refunded_once(office: Office, database: Database) -> None:
    account_id, request_id = await charged_call(office)
    assert (await office.ledger.balance(account_id)).posted == 8_000_000_000
    one = await found(office, database, request_id, account_id)
    assert one.owner == "support"
    approval = await office.reconcile.money_settling.refund(one.break_id, by="Ada", reason="it failed")
    assert (approval.amount, approval.currency, approval.subject) == (
        2_000_000_000, "USD", show_id("break", one.break_id),
    )  # fmt: skip
    assert (await office.ledger.balance(account_id)).posted == 10_000_000_000
    assert (await office.spend.request(request_id)).refunded_nanos == 2_000_000_000
    settled = await office.reconcile.breaks.find(one.break_id)
    assert settled.state is BreakState.SETTLED
    reopened = await office.ledger.verify([])
    assert reopened.findings == []


async def test_nothing_is_refunded_that_was_refunded_before(office: Office, database: Database) -> None:
    account_id, request_id = await charged_call(office)
    one = await found(office, database, request_id, account_id)
    await office.spend.refund(request_id, source_id="ticket 1", amount=None, reason="failed")
    with pytest.raises(InputError) as refused:
        await office.reconcile.money_settling.refund(one.break_id, by="Ada", reason="it failed")
    assert refused.value.code == "break_amount_missing"
    assert (await office.ledger.balance(account_id)).posted == 10_000_000_000
