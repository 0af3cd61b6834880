"""The same operation key again, through the engine and through units of work (L4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterfoil.foundation.errors import OperationKeyReused
from counterfoil.ledger import grant_rules
from counterfoil.ledger.grant_rules import Facts
from counterfoil.ledger.model import (
    BREAKAGE,
    PROMOTIONS,
    Adjust,
    Credit,
    EndGrant,
    Freeze,
    GrantCommand,
    GrantKind,
    Hold,
    Operation,
    PostUncollected,
    RefundCash,
    RefundCharge,
    Refused,
    Unfreeze,
)
from ledger.examples import ACCOUNT, NOW, Bank, credit, grant, new_id, paid, wallet


async def test_l4_a_refused_authorization_stays_refused_when_there_is_money(bank: Bank) -> None:
    account_id = await bank.customer(5)
    command = bank.authorize(account_id, 8)
    first = await bank.engine.submit(command)
    assert isinstance(first, Refused)
    await bank.ledger.operate(credit(paid(50), account_id=account_id, order="more"))
    assert await bank.engine.submit(command) == first
    assert await bank.ledger.apply(command) == first
    assert await bank.money(account_id) == (55, 0)
    await bank.verified()


@pytest.mark.parametrize("ending", ["open", "captured", "voided"])
async def test_l4_a_granted_authorization_stays_granted_when_there_is_no_money(bank: Bank, ending: str) -> None:
    account_id = await bank.customer(8)
    command = bank.authorize(account_id, 8)
    first = await bank.engine.submit(command)
    assert isinstance(first, Hold)
    if ending == "captured":
        await bank.capture(first, 8)
    elif ending == "voided":
        await bank.void(first)
        await bank.hold(account_id, 7)
    assert await bank.engine.submit(command) == first
    assert await bank.ledger.apply(command) == first
    await bank.verified()


# -- grant commands ------------------------------------------------------------------------------------------------

_EACH = grant(10)
_ADJUST = Adjust(account_id=ACCOUNT, source_id="a1", amount=5)
_CASH = RefundCash(account_id=ACCOUNT, source_id="p1", source_kind="order", order_id="o1", amount=5)
_COMMANDS: dict[str, tuple[GrantCommand, GrantCommand, str]] = {
    "credit": (credit(paid(5)), credit(paid(6)), "grants"),
    "end_grant": (
        EndGrant(account_id=ACCOUNT, grant_id=_EACH.grant_id, destination=BREAKAGE),
        EndGrant(account_id=ACCOUNT, grant_id=_EACH.grant_id, destination=PROMOTIONS),
        "destination",
    ),
    "adjust": (_ADJUST, replace(_ADJUST, kind=GrantKind.PROMOTIONAL), "kind"),
    "refund_cash": (_CASH, replace(_CASH, already_returned=True), "already_returned"),
}


@pytest.mark.parametrize("name", _COMMANDS)
def test_l4_the_same_key_answers_the_same_or_names_the_field_that_differs(name: str) -> None:
    command, other, field = _COMMANDS[name]
    facts = Facts(grants={_EACH.grant_id: _EACH})
    change = grant_rules.decide(wallet(_EACH), command, facts, clock_now=NOW, new_id=new_id)
    assert isinstance(change.outcome, Operation)
    again = grant_rules.repeat(change.wallet, command, change.outcome)
    assert (again.outcome, again.replayed, again.transfers) == (change.outcome, True, ())
    assert grant_rules.operation_key(command) == grant_rules.operation_key(other)
    with pytest.raises(OperationKeyReused) as error:
        grant_rules.repeat(change.wallet, other, change.outcome)
    assert error.value.parameters == {"field": field}


def test_l4_what_a_source_does_has_a_key_of_its_own() -> None:
    commands = [
        *(first for first, _, _ in _COMMANDS.values()),
        Freeze(account_id=ACCOUNT, grant_id=_EACH.grant_id, source_id="1"),
        Unfreeze(account_id=ACCOUNT, grant_id=_EACH.grant_id, source_id="1"),
        RefundCharge(account_id=ACCOUNT, source_id="1", hold_id=new_id(), amount=None, reason="bad_answer"),
        PostUncollected(account_id=ACCOUNT, hold_id=new_id(), amount=1),
        Credit(account_id=ACCOUNT, source_kind="code", source_id="o1", grants=(paid(1),)),
    ]
    assert len({grant_rules.operation_key(command) for command in commands}) == len(commands)
