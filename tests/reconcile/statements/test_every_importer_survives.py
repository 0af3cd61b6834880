"""What every importer must survive: encodings, columns in another order, cuts, broken lines, nothing at all, other files.

Whatever is done to a file, a line comes out as it stands there or as a reject that says where and why; none goes missing,
and none comes out as something else.
"""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from counterfoil.reconcile.statements.document import Document, Row
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import normalise
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, RejectReason, Statement
from counterfoil.reconcile.statements.opening import open_statement
from counterfoil.reconcile.statements.registry import IMPORTERS, find_importer, identify
from reconcile.statements.samples import Sample
from reconcile.statements.samples_cn import SAMPLES as CHINESE
from reconcile.statements.samples_intl import SAMPLES as INTERNATIONAL

SAMPLES = (*INTERNATIONAL, *CHINESE)
BY_NAME = pytest.mark.parametrize("sample", SAMPLES, ids=str)
TABLES = pytest.mark.parametrize("sample", [one for one in SAMPLES if not one.is_json], ids=str)
JSONS = pytest.mark.parametrize("sample", [one for one in SAMPLES if one.is_json], ids=str)


def document(sample: Sample, content: bytes | str | None = None) -> Document:
    content = sample.text if content is None else content
    return Document(name=sample.name, content=content.encode(sample.encoding) if isinstance(content, str) else content)


def read(sample: Sample, content: bytes | str | None = None) -> Statement:
    importer = find_importer(sample.importer)
    assert importer is not None
    found = document(sample, content)
    if sample.is_identified:
        assert identify(found).name == sample.importer
    return importer.extract(found, sample.reading)


def said(line: Line) -> Line:
    """A line without where it stands and how it is written there."""
    return replace(line, number=0, raw={})


def all_said(statement: Statement) -> set[str]:
    return {repr(said(line)) for line in statement.lines}


def rows_of(sample: Sample) -> tuple[list[Row], int]:
    """The rows of a table, and at which of them its header is."""
    rows = list(document(sample).rows())
    assert sample.header is not None
    wanted = normalise(sample.header)
    at = next(n for n, row in enumerate(rows) if wanted in [normalise(cell) for cell in row.cells])
    return rows, at


def written(rows: list[list[str]], sample: Sample) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", delimiter=document(sample).delimiter).writerows(rows)
    return text.getvalue()


@BY_NAME
def test_a_true_file_gives_every_line_and_no_reject(sample: Sample) -> None:
    statement = read(sample)
    assert statement.rejects == ()
    assert len(statement.lines) == sample.lines
    assert not statement.is_truncated
    assert all(total.holds for total in statement.totals)
    assert len({line.natural_key for line in statement.lines}) == sample.lines
    assert all(line.raw and line.amount >= 0 and line.direction in (1, -1) for line in statement.lines)


@BY_NAME
def test_the_encoding_changes_nothing(sample: Sample) -> None:
    expected = all_said(read(sample))
    for encoding in sample.other_encodings:
        assert all_said(read(sample, sample.text.encode(encoding))) == expected, encoding


@BY_NAME
def test_windows_line_endings_change_nothing(sample: Sample) -> None:
    changed = sample.text.replace("\r\n", "\n").replace("\n", "\r\n")
    assert all_said(read(sample, changed)) == all_said(read(sample))


@TABLES
@pytest.mark.parametrize("seed", range(3))
def test_columns_may_stand_in_any_order_with_others_between(sample: Sample, seed: int) -> None:
    rows, header = rows_of(sample)
    width = len(rows[header].cells)
    order = list(range(width))
    random.Random(seed).shuffle(order)
    place = random.Random(seed).randrange(width)
    footer = next(
        (n for n, row in enumerate(rows) if sample.footer and row.raw.lstrip().startswith(sample.footer)), len(rows)
    )
    changed = []
    for number, row in enumerate(rows):
        cells = list(row.cells)
        if header <= number < footer:
            cells = [*cells, *[""] * (width - len(cells))]
            cells = [cells[position] for position in order]
            cells.insert(place, "What is new" if number == header else "something")
        changed.append(cells)
    statement = read(sample, written(changed, sample))
    assert statement.rejects == ()
    assert all_said(statement) == all_said(read(sample))


@TABLES
def test_saved_as_a_workbook_or_packed_it_is_read_alike(sample: Sample) -> None:
    rows, _ = rows_of(sample)
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row.cells, start=1):
            # As text, also what looks like a formula.
            book.active.cell(number, column, cell).data_type = "s"
    content = io.BytesIO()
    book.save(content)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(sample.name, sample.content)
    importer = find_importer(sample.importer)
    assert importer is not None
    for name, kept in (("book.xlsx", content), ("packed.zip", packed)):
        (found,) = open_statement(name=name, content=kept.getvalue())
        statement = importer.extract(found, sample.reading)
        assert statement.rejects == ()
        assert all_said(statement) == all_said(read(sample)), name


@JSONS
def test_fields_may_stand_in_any_order_with_others_between(sample: Sample) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            items = list(reversed(value.items()))
            return {name: shuffled(one) for name, one in items} | {"something_new": "what is new"}
        return [shuffled(one) for one in value] if isinstance(value, list) else value

    # Exact numbers are kept as they are written.
    changed = json.dumps(shuffled(json.loads(sample.text)))
    statement = read(sample, changed)
    assert statement.rejects == ()
    assert {line.natural_key for line in statement.lines} == {line.natural_key for line in read(sample).lines}
    assert sorted(line.amount for line in statement.lines) == sorted(line.amount for line in read(sample).lines)


@BY_NAME
def test_one_broken_line_is_a_reject_and_the_others_stay(sample: Sample) -> None:
    good, bad = sample.broken
    assert sample.text.count(good) == 1
    whole = read(sample)
    statement = read(sample, sample.text.replace(good, bad))
    assert len(statement.rejects) == 1
    (broken,) = statement.rejects
    assert broken.column
    assert broken.raw
    assert len(statement.lines) == sample.lines - 1
    assert all_said(statement) < all_said(whole)
    missing = {line.number for line in whole.lines} - {line.number for line in statement.lines}
    assert missing == {broken.number}


@TABLES
def test_a_line_with_too_few_cells_is_a_reject(sample: Sample) -> None:
    rows, header = rows_of(sample)
    changed = [list(row.cells) for row in rows]
    changed[header + 2] = changed[header + 2][:3]
    statement = read(sample, written(changed, sample))
    assert [one.reason for one in statement.rejects] == [RejectReason.TOO_FEW_CELLS]
    assert len(statement.lines) == sample.lines - 1


@TABLES
def test_a_byte_that_no_encoding_explains_is_a_reject_of_its_line(sample: Sample) -> None:
    rows, header = rows_of(sample)
    lines = sample.text.encode(sample.encoding).split(b"\n")
    number = rows[header + 2].number
    lines[number - 1] = lines[number - 1][:4] + b"\xff" + lines[number - 1][4:]
    statement = read(sample, b"\n".join(lines))
    rejects = {one.number: one.reason for one in statement.rejects}
    # In an encoding of single bytes it is a letter, and what is wrong is the cell.
    assert number in rejects
    # Of a file with hardly a letter beyond ASCII, others can be in doubt with it; none of them is gone.
    assert {reason for at, reason in rejects.items() if at != number} <= {RejectReason.ENCODING_BROKEN}
    assert len(statement.lines) + len(rejects) == sample.lines
    assert all_said(statement) <= all_said(read(sample))


@BY_NAME
def test_cut_anywhere_nothing_goes_missing_silently(sample: Sample) -> None:
    whole = read(sample)
    expected = {(line.number, repr(said(line))) for line in whole.lines}
    last_row = sample.text.rstrip("\n").rfind("\n")
    for position in range(0, len(sample.text) - 1, max(1, len(sample.text) // 60)):
        text = sample.text[:position]
        try:
            statement = read(sample, text)
        except StatementUnreadable:
            # Not even a header is left.
            assert position < len(sample.text) // 2 or sample.footer is None
            continue
        except AssertionError:
            # A header that was cut may be another's; no line comes of it.
            assert sample.header is not None
            assert not identify(document(sample, text)).extract(document(sample, text), sample.reading).lines
            continue
        last = text.count("\n") + 1
        for line in statement.lines:
            # Only the last cell of the last row can have lost its end without its being seen.
            assert (line.number, repr(said(line))) in expected or (not sample.is_json and line.number == last)
        if sample.is_json:
            assert statement.is_truncated
            continue
        kept = {number for number, _ in expected if number < last}
        told = {line.number for line in statement.lines} | {one.number for one in statement.rejects}
        assert kept <= told
        # The last figure of a footer may have lost its end without its being seen.
        if sample.footer is not None and position <= last_row:
            assert statement.is_truncated


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.footer is not None], ids=str)
def test_without_its_footer_a_file_is_truncated(sample: Sample) -> None:
    assert sample.footer is not None
    statement = read(sample, sample.text[: sample.text.index("\n" + sample.footer) + 1])
    assert statement.is_truncated
    assert all_said(statement) == all_said(read(sample))


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.empty is not None], ids=str)
def test_an_empty_export_is_a_statement_without_lines(sample: Sample) -> None:
    statement = read(sample, sample.empty)
    assert statement.lines == ()
    assert statement.rejects == ()
    assert not statement.is_truncated


@TABLES
def test_the_same_line_twice_is_a_reject(sample: Sample) -> None:
    rows, header = rows_of(sample)
    changed = [list(row.cells) for row in rows]
    changed.insert(header + 2, changed[header + 2])
    statement = read(sample, written(changed, sample))
    if sample.importer in ("bank", "generic"):
        # Without numbers of their own, two such lines are two.
        assert len(statement.lines) + len(statement.rejects) == sample.lines + 1
        return
    assert [one.reason for one in statement.rejects] == [RejectReason.DUPLICATE_IN_FILE]
    assert len(statement.lines) == sample.lines


@BY_NAME
def test_no_other_importer_takes_the_file_for_its_own(sample: Sample) -> None:
    found = document(sample)
    knowing = [importer.name for importer in IMPORTERS if importer.identify(found)]
    assert knowing == ([sample.importer] if sample.is_identified else [])


OTHERS = {
    "empty": b"",
    "spaces": b" \r\n\r\n ",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 8,
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "html": b"<!doctype html><html><body><table><tr><td>Date</td><td>Amount</td></tr></table></body></html>",
    "json": b'{"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}}',
    "json_list": b'[{"id": 1}, {"id": 2}]',
    "cut_json": b'{"data": [{"id": ',
    "letter": b"Dear customer,\n\nyour statement is ready, and waits for you.\n",
    "other_csv": b"Name,E-mail,Score\nAnn,ann@example.com,3\nBob,bob@example.com,4\n",
    "deep_json": b"[" * 20_000,
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_kind_is_not_recognised(name: str) -> None:
    with pytest.raises(StatementUnreadable) as caught:
        identify(Document(name=name, content=OTHERS[name]))
    assert caught.value.code == "statement_not_recognised"


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda one: one.name)
@pytest.mark.parametrize("name", OTHERS)
def test_forced_upon_an_importer_it_is_unreadable(name: str, importer: Any) -> None:
    with pytest.raises(StatementUnreadable):
        importer.extract(Document(name=name, content=OTHERS[name]), Reading())


def test_every_importer_is_tried() -> None:
    # The summary beside Alipay's statements has no lines of its own.
    assert {one.importer for one in SAMPLES} == {importer.name for importer in IMPORTERS} - {"alipay_summary"}
