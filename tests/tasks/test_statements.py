"""What the ledger writes along for tasks keeps to the rules of its hot path."""

from __future__ import annotations

import pytest

from counterfoil.storage.pipeline import Statement
from counterfoil.tasks import store
from ledger.citus import faults


@pytest.mark.parametrize("statement", store.ENGINE_STATEMENTS, ids=lambda statement: statement.name)
def test_a_statement_is_tied_to_the_accounts_in_its_first_parameter(statement: Statement) -> None:
    assert faults(statement.sql) == []
    assert statement.name.startswith("tasks_")
