"""Every kept statement, read to the last cell, against what was found right once.

To write a golden file anew after a change that is meant: `COUNTERFOIL_WRITE_GOLDEN=1 pytest …`, and look at the difference.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Statement
from counterfoil.reconcile.statements.opening import open_statement
from counterfoil.reconcile.statements.registry import find_importer, identify, read_statement
from reconcile.statements.samples_cn import BILLS, CMB, EU, PAYMENTS, USAGE

GOLDEN = BILLS / "golden"
MAPPED = {
    "bank-cmb.csv": ("bank", CMB),
    "bank-eu.csv": ("bank", EU),
    "generic-usage.csv": ("generic", USAGE),
    "generic-payments.csv": ("generic", PAYMENTS),
}
FILES = sorted(path for path in BILLS.iterdir() if path.is_file() and path.suffix in (".csv", ".xlsx", ".json"))


def statements(path: Path) -> list[Statement]:
    documents = open_statement(name=path.name, content=path.read_bytes())
    name, reading = MAPPED.get(path.name, (None, Reading()))
    return [read_statement(one, reading, find_importer(name) if name else identify(one)) for one in documents]


def written(path: Path) -> str:
    return json.dumps([asdict(one) for one in statements(path)], ensure_ascii=False, indent=1, default=str) + "\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_statement_is_read_as_it_was_found_right(path: Path) -> None:
    golden = GOLDEN / f"{path.name}.json"
    if os.environ.get("COUNTERFOIL_WRITE_GOLDEN"):
        golden.write_text(written(path), encoding="utf-8")
    assert json.loads(written(path)) == json.loads(golden.read_text(encoding="utf-8"))


def test_the_public_samples_import_without_a_reject() -> None:
    public = [
        path
        for path in FILES
        if path.name.startswith(("alipay-merchant", "alipay-personal.", "wechat-merchant", "wechat-personal."))
    ]
    assert len(public) == 5
    for path in public:
        for statement in statements(path):
            assert statement.lines
            assert statement.rejects == ()
            assert statement.totals


def test_every_golden_file_belongs_to_a_statement() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{path.name}.json" for path in FILES}
