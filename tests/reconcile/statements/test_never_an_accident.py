"""Whatever is in the cells of a file, an importer gives a statement or says that there is none: it never falls over."""

from __future__ import annotations

import csv
import io
import random

import pytest

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.registry import find_importer
from reconcile.statements.samples import Sample
from reconcile.statements.samples_cn import SAMPLES as CHINESE
from reconcile.statements.samples_intl import SAMPLES as INTERNATIONAL

ODD = (
    "", " ", "0", "-", "/", "abc", "1.2.3", "9" * 5000, "1e999", "-1e-400", "NaN", "2026-99-99 99:99:99", "9999-12-31 23:59:59",
    "0001-01-01 00:00:00", "USD", "\ufffd", "=1+1", "[]", "{}", "null", "true", '"', "`", "😀" * 10, "#", "总交易单数", "1,2,3",
)  # fmt: skip
TABLES = [one for one in (*CHINESE, *INTERNATIONAL) if not one.is_json]


def written(rows: list[list[str]], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("sample", TABLES, ids=str)
def test_odd_cells_anywhere_are_rejects_at_most(sample: Sample) -> None:
    found = Document(name="file", content=sample.content)
    importer = find_importer(sample.importer)
    assert importer is not None
    chance = random.Random(sample.name)
    for _ in range(150):
        rows = [list(row.cells) for row in found.rows()]
        for _ in range(chance.randrange(1, 4)):
            row = chance.choice(rows)
            row[chance.randrange(len(row))] = chance.choice(ODD)
        content = written(rows, found.delimiter)
        try:
            statement = importer.extract(Document(name="file", content=content), sample.reading)
        except StatementUnreadable:
            # The header itself was hit.
            continue
        assert all(line.amount >= 0 and line.direction in (-1, 1) and line.natural_key for line in statement.lines)
        assert all(one.number > 0 for one in statement.rejects)
