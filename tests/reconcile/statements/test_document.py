"""Rows of a document: quotes, line breaks, separators, encodings, and what is too long to be a statement."""

from __future__ import annotations

import contextlib
import csv
import io
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.reconcile.statements import document as documents
from counterfoil.reconcile.statements.document import Document, Row
from counterfoil.reconcile.statements.encodings import decode
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import RejectReason
from counterfoil.reconcile.statements.registry import read_statement


def rows(text: str | bytes) -> list[Row]:
    return list(Document(name="file", content=text if isinstance(text, bytes) else text.encode()).rows())


def cells(text: str) -> list[tuple[str, ...]]:
    return [row.cells for row in rows(text)]


def test_rows_carry_the_number_of_the_line_they_begin_on() -> None:
    found = rows('a,b\n1,"two\nlines"\n3,4\n')
    assert [(row.number, row.cells) for row in found] == [(1, ("a", "b")), (2, ("1", "two\nlines")), (4, ("3", "4"))]


def test_quoted_cells_keep_separators_and_doubled_quotes() -> None:
    assert cells('a,"b,c","say ""so"""\n') == [("a", "b,c", 'say "so"')]


def test_a_tab_after_a_quoted_id_does_not_break_the_line() -> None:
    assert cells('x,"3985734"\t,"129847129"\t,"/"\n') == [("x", "3985734", "129847129", "/")]


def test_quotes_inside_an_unquoted_cell_are_text() -> None:
    assert cells('1,点击底部"多多视频","/",2\n') == [("1", '点击底部"多多视频"', "/", "2")]


def test_a_separator_at_the_end_of_a_line_is_an_empty_cell() -> None:
    assert cells('"a"\t,b,\n"a"\t,"b"\t,\n') == [("a", "b", ""), ("a", "b", "")]


def test_backticks_end_cells_and_nothing_is_quoted() -> None:
    line = '`2026-11-03,`{"a": "b, c", "d": [1,2]},`0.60\n'
    assert cells("x,y,z\n" + line)[1] == ("2026-11-03", '{"a": "b, c", "d": [1,2]}', "0.60")


def test_a_quote_that_never_closes_breaks_its_own_line_only() -> None:
    found = rows('a,b\n1,"open\n3,4\n5,"six"\n')
    assert [(row.number, row.problem) for row in found] == [
        (1, None),
        (2, RejectReason.CELL_UNKNOWN),
        (3, None),
        (4, None),
    ]
    assert found[3].cells == ("5", "six")


def test_a_stray_quote_that_a_later_one_would_close_swallows_no_line() -> None:
    found = rows('a,b,c,d,e\n1,"stray,3,,\n4,5,6,,\n7,8",9,,\n10,11,12,,\n')
    assert [row.number for row in found] == [1, 2, 3, 4, 5]
    assert found[2].cells == ("4", "5", "6", "", "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["name", "sum", "at"], ["1,5 x", "2", "3"], ["4", "5", "6"]))
    if delimiter != ",":
        assert cells(text)[0] == ("name", "sum", "at")
    assert Document(name="file", content=text.encode()).delimiter == delimiter


def test_what_is_quoted_separates_nothing() -> None:
    assert Document(name="file", content=b'"a;;;;","b"\n";;;;1","2"\n').delimiter == ","


def test_tabs_after_ids_do_not_make_a_table_of_tabs() -> None:
    assert Document(name="file", content=b"1\t,2\t,3\t,4\t,5\n6\t,7\t,8\t,9\t,0\n").delimiter == ","


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_ends_a_line(ending: str) -> None:
    assert [row.cells for row in rows(ending.join(["a,b", "1,2", ""]))] == [("a", "b"), ("1", "2")]


def test_other_separators_of_unicode_do_not_end_a_line() -> None:
    assert len(rows("a,b\n1\u2028,2\x0b\x1c\n")) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_found(encoding: str) -> None:
    text = "交易时间,商户订单号,金额（元）\n2026-11-03 09:12:45,0001,100.00\n"
    assert decode(text.encode(encoding)) == text


def test_western_letters_are_no_chinese_characters() -> None:
    text = "Buchungstag;Betrag;Währung;Empfänger\n2026-11-03;1,50;EUR;Müller & Söhne\n"
    assert decode(text.encode("cp1252")) == text


def test_a_damaged_utf8_file_is_not_read_as_nonsense() -> None:
    good = "交易时间,商户订单号\n" + "".join(f"二零二六年,订单{n}\n" for n in range(20))
    content = good.encode()
    cut = content[: content.index("订单7".encode()) + 1]
    assert decode(cut)[:-1] == good[: len(decode(cut)) - 1]
    found = rows(cut)
    assert found[-1].problem is RejectReason.ENCODING_BROKEN
    assert all(row.problem is None for row in found[:-1])


def test_what_cannot_be_stored_is_shown_by_a_sign() -> None:
    (row,) = rows(b"a,b\x00c,d")
    assert row.problem is RejectReason.ENCODING_BROKEN
    assert row.cells == ("a", "b\ufffdc", "d")
    assert row.raw == "a,b\ufffdc,d"


def test_json_numbers_are_exact() -> None:
    found = Document(name="file", content=b'{"cost": 0.1234567890123456789}').json
    assert found == {"cost": Decimal("0.1234567890123456789")}


@pytest.mark.parametrize("content", [b"a,b\n", b"{", b'{"a": NaN}', b"[" * 100_000, b"[" + b"9" * 10_000 + b"]"])
def test_what_is_no_json_is_none(content: bytes) -> None:
    assert Document(name="file", content=content).json is None


def test_json_of_many_megabytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST_JSON_BYTES", 20)
    assert Document(name="file", content=b"[1, 2, 3]").json == [1, 2, 3]
    with pytest.raises(StatementUnreadable, match="statement_too_large"):
        assert Document(name="file", content=b"[1, 2, 3, 4, 5, 6, 7, 8]").json


def test_an_endless_line_is_an_error_and_not_a_wait() -> None:
    found = Document(name="file", content=b"a,b\n" + b"x" * (documents.LONGEST_LINE + 1))
    assert [row.cells for row in found.head] == [("a", "b")]
    with pytest.raises(StatementUnreadable) as caught:
        list(found.rows())
    assert caught.value.code == "statement_too_large"
    assert caught.value.parameters["line"] == 2


def test_a_file_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_ROWS", 10)
    assert len(rows("a,b\n" * 10)) == 10
    with pytest.raises(StatementUnreadable, match="statement_too_large"):
        rows("a,b\n" * 11)


def test_a_file_larger_than_any_statement_is_refused_unread() -> None:
    with pytest.raises(StatementUnreadable, match="statement_too_large"):
        Document(name="file", content=bytes(documents.LARGEST_BYTES + 1))


HEADER = "交易时间,微信订单号,商户订单号,交易状态,手续费\n".encode()
NASTY = {
    "open_quotes": HEADER + b'"x\n' * 10_000,
    "quotes_that_close_wrongly": HEADER + b'a,"b"c,"d"e,"f,"g,h\n' * 10_000,
    "one_line_of_quotes": HEADER + b'"' * 200_000 + b"\n" + b'"a"b,' * 40_000,
    "wide_rows": (b"ab," * 80_000 + b"\n") * 40,
    "spaces_in_a_period": "起始时间：[".encode() + b" " * 200_000 + b"\n" + HEADER,
    "spaces_in_a_name": "账号：".encode() + b" " * 200_000 + b"]x\n" + HEADER,
    "binary": b"\xff\xd8" * 4_000_000,
    "open_json": b'[{"a":' * 1_000_000,
}


@pytest.mark.parametrize("name", NASTY)
def test_no_file_takes_longer_than_it_is_long(name: str) -> None:
    """Each of these is quadratic, or worse, where one reads without care: minutes or hours instead of a second."""
    started = time.process_time()
    found = Document(name=name, content=NASTY[name])
    with contextlib.suppress(StatementUnreadable):
        read_statement(found, Reading())
    assert time.process_time() - started < 20


def test_a_thousand_lines_with_open_quotes_take_no_longer_than_they_are() -> None:
    found = rows("a,b\n" + '"' + "x,y\n" + '"z,' * 2000 + "\n" + 'q,"r\n' * 1000)
    assert len(found) == 1003


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\x00\r`\t;|", exclude_categories=["Cs"]), max_size=12),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_a_csv_program_writes_is_read_back(table: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["h1", "h2", "h3"], *table])
    assert cells(text.getvalue()) == [("h1", "h2", "h3"), *(tuple(row) for row in table)]


@given(st.binary(max_size=400))
def test_no_bytes_are_an_accident(content: bytes) -> None:
    for row in rows(content):
        assert "\x00" not in row.raw
        row.raw.encode()
