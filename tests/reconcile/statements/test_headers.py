"""Headers found by their names, and rows under them: none is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.reconcile.statements.document import Document, Row
from counterfoil.reconcile.statements.headers import Header, Record, find_header, normalise, read_table
from counterfoil.reconcile.statements.model import Line, LineKind, RejectReason


def header_and_rows(text: str, *names: str) -> tuple[Header, list[Row]]:
    rows = list(Document(name="file", content=text.encode()).rows())
    header = find_header(rows, *names)
    assert header is not None
    return header, rows


def line(record: Record) -> Line:
    return Line(
        number=record.row.number,
        natural_key=record.needed_id("id"),
        kind=LineKind.PAYMENT,
        direction=1,
        amount=record.amount("sum"),
        currency="CNY",
        at=0,
        raw=record.raw,
    )


def test_names_are_the_same_in_any_width_case_and_spacing() -> None:
    assert normalise(" 订单金额（元）\t") == normalise("`订单金额(元)") == normalise("订单 金额（元)")
    assert normalise("Created (UTC)") == normalise("created（utc）")


def test_a_header_is_found_wherever_it_stands() -> None:
    header, _ = header_and_rows("some words\nmore, words\nsum,x,id\n1,2,3\n", "id", "sum")
    assert header.number == 3
    assert header.position("ID") == 2
    assert header.position("former name", "sum") == 0
    assert header.position("nothing") is None


def test_columns_of_one_name_keep_their_cells_apart() -> None:
    header, rows = header_and_rows("id,sum,sum,,\n1,2,3,4,5\n", "id")
    table = read_table(rows, header, line)
    assert table.lines[0].amount == 2_000_000_000
    assert table.lines[0].raw == {"id": "1", "sum": "2", "sum#3": "3", "#4": "4", "#5": "5"}


def test_cells_too_few_or_too_many_are_rejects_and_empty_ones_are_not() -> None:
    header, rows = header_and_rows("id,sum,x\n1,2,3\n2,2\n3,2,3,4\n4,2,3,,\n", "id")
    table = read_table(rows, header, line)
    assert [one.number for one in table.lines] == [2, 5]
    assert [(one.number, one.reason) for one in table.rejects] == [
        (3, RejectReason.TOO_FEW_CELLS),
        (4, RejectReason.TOO_MANY_CELLS),
    ]


def test_a_reject_names_the_column_as_the_file_does() -> None:
    header, rows = header_and_rows("id, Sum \n1,x\n,5\n", "id")
    table = read_table(rows, header, line)
    assert [(one.column, one.reason) for one in table.rejects] == [
        ("Sum", RejectReason.AMOUNT_UNREADABLE),
        ("id", RejectReason.CELL_MISSING),
    ]


def test_the_text_of_a_reject_is_cut() -> None:
    header, rows = header_and_rows(f"id,sum\n1,{'x' * 2000}\n", "id")
    assert len(read_table(rows, header, line).rejects[0].raw) == 500


def test_a_last_row_that_was_cut_is_known() -> None:
    header, rows = header_and_rows("id,sum,x\n1,2,3\n2,", "id")
    assert read_table(rows, header, line).is_cut
    header, rows = header_and_rows("id,sum,x\n1,2\n2,2,3\n", "id")
    assert not read_table(rows, header, line).is_cut


@given(st.lists(st.text("ab1,.\"' `x", max_size=12), max_size=12))
def test_every_row_comes_out_as_a_line_or_a_reject(texts: list[str]) -> None:
    header, rows = header_and_rows("\n".join(["id,sum,x", *texts]), "id", "sum")
    table = read_table(rows, header, line)
    told = sorted(one.number for one in (*table.lines, *table.rejects))
    expected = [
        row.number
        for row in rows
        if row.number > 1 and not row.is_blank and tuple(cell.strip() for cell in row.cells) != ("id", "sum", "x")
    ]
    assert told == expected
