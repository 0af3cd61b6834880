"""Archives and workbooks taken apart, and those that are traps."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime

import pytest
from openpyxl import Workbook

from counterfoil.reconcile.statements import document as documents
from counterfoil.reconcile.statements import opening
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.opening import open_statement
from counterfoil.reconcile.statements.registry import identify, read_statement
from reconcile.statements.samples_cn import BILLS

TRADE = (BILLS / "alipay-trade-fees.csv").read_bytes()
SUMMARY = (BILLS / "alipay-summary.csv").read_bytes()


def archive(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members:
            zipped.writestr(name, content)
    return packed.getvalue()


def renamed(packed: bytes, ascii_name: str, raw_name: bytes) -> bytes:
    """The archive with a member's name as a Chinese Windows writes it: GBK bytes, and no mark for UTF-8."""
    assert len(ascii_name) == len(raw_name)
    return packed.replace(ascii_name.encode(), raw_name)


def workbook(*sheets: list[list[object]]) -> bytes:
    made = Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet(f"Sheet{number}")
        for row in rows:
            sheet.append(row)
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(StatementUnreadable) as caught:
        open_statement(name="file", content=content)
    return caught.value.code


def test_an_alipay_archive_gives_the_statement_and_its_summary() -> None:
    raw = "2088_20261103_业务明细.csv".encode("gbk")
    packed = renamed(archive(("x" * len(raw), TRADE), ("summary.csv", SUMMARY)), "x" * len(raw), raw)
    found = open_statement(name="bill.zip", content=packed)
    assert [one.name for one in found] == ["bill.zip/2088_20261103_业务明细.csv", "bill.zip/summary.csv"]
    assert [identify(one).name for one in found] == ["alipay_trade", "alipay_summary"]
    assert len(read_statement(found[0], Reading()).lines) == 4
    assert read_statement(found[1], Reading()).lines == ()


def test_names_in_utf8_are_read_as_such() -> None:
    (found,) = open_statement(name="bill.zip", content=archive(("业务明细.csv", TRADE)))
    assert found.name == "bill.zip/业务明细.csv"


def test_what_operating_systems_put_into_archives_is_no_statement() -> None:
    packed = archive(("__MACOSX/._a.csv", b"x"), (".DS_Store", b"x"), ("a.csv", TRADE))
    assert [one.name for one in open_statement(name="b.zip", content=packed)] == ["b.zip/a.csv"]


def test_a_workbook_in_an_archive_is_opened() -> None:
    content = (BILLS / "wechat-personal.xlsx").read_bytes()
    found = open_statement(name="b.zip", content=archive(("bill.xlsx", content)))
    assert {identify(one).name for one in found} == {"wechat_personal"}


def test_both_sheets_of_a_workbook_are_read() -> None:
    found = open_statement(name="bill.xlsx", content=(BILLS / "wechat-personal.xlsx").read_bytes())
    statements = [read_statement(one, Reading()) for one in found]
    assert [len(one.lines) for one in statements] == [27, 27]
    assert [len(one.rejects) for one in statements] == [0, 0]
    # One keeps amounts as text, the other as numbers: they are the same lines.
    assert [line.natural_key for line in statements[0].lines] == [line.natural_key for line in statements[1].lines]
    assert [line.amount for line in statements[0].lines] == [line.amount for line in statements[1].lines]


def test_cells_of_a_workbook_are_what_the_csv_says() -> None:
    content = workbook(
        [["at", "sum", "id", "rest", "end"], [datetime(2026, 11, 3, 9, 12, 45), 0.1 + 0.2, 42, None, True], [1e-5]]
    )
    (found,) = open_statement(name="a.xlsx", content=content)
    assert [row.cells for row in found.rows()] == [
        ("at", "sum", "id", "rest", "end"),
        ("2026-11-03 09:12:45", "0.3", "42", "", "TRUE"),
        ("0.00001", "", "", "", ""),
    ]


def test_an_empty_workbook_has_no_rows() -> None:
    (found,) = open_statement(name="a.xlsx", content=workbook([]))
    assert list(found.rows()) == []


def test_an_archive_that_unpacks_to_more_than_a_statement_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LARGEST_BYTES", 1_000_000)
    packed = archive(*((f"{n}.csv", bytes(300_000)) for n in range(4)))
    assert len(packed) < 10_000
    assert refused(packed) == "statement_too_large"


def test_the_limit_counts_archives_within_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LARGEST_BYTES", 1_000_000)
    inner = archive(("a.csv", bytes(600_000)))
    assert len(open_statement(name="a", content=archive(("1.zip", inner)))) == 1
    assert refused(archive(("1.zip", inner), ("2.zip", inner))) == "statement_too_large"


def test_archives_in_archives_in_archives_are_refused() -> None:
    packed = TRADE
    for _ in range(3):
        packed = archive(("inner.zip", packed))
    assert refused(packed) == "statement_too_large"


def test_an_archive_of_thousands_of_files_is_refused() -> None:
    assert refused(archive(*((f"{n}.csv", b"") for n in range(opening.MOST_MEMBERS + 1)))) == "statement_too_large"


def test_an_archive_that_lies_about_its_size_gives_no_more_than_it_says() -> None:
    packed = bytearray(archive(("a.csv", bytes(5_000_000))))
    # The size in the local header and in the directory.
    packed[22:26] = struct.pack("<I", 100)
    at = packed.index(b"PK\x01\x02")
    packed[at + 24 : at + 28] = struct.pack("<I", 100)
    assert refused(bytes(packed)) == "statement_damaged"


def test_a_workbook_with_a_cell_in_the_last_corner_is_refused() -> None:
    made = Workbook()
    made.active["A1"] = "a"
    made.active["XFD1048576"] = "z"
    packed = io.BytesIO()
    made.save(packed)
    assert refused(packed.getvalue()) == "statement_too_large"


def test_a_workbook_of_a_million_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_ROWS", 50)
    assert refused(workbook([["x"]] * 51)) == "statement_too_large"


def with_part(content: bytes, name: str, body: Callable[[bytes], bytes]) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            part = old.read(member)
            new.writestr(member.filename, body(part) if member.filename == name else part)
    return changed.getvalue()


def test_a_workbook_of_one_row_without_end_is_refused() -> None:
    content = with_part(
        workbook([["x"]]),
        "xl/worksheets/sheet1.xml",
        lambda part: part.replace(b"</row>", b"<c/>" * 500_000 + b"</row>"),
    )
    assert len(content) < 50_000
    assert refused(content) == "statement_too_large"


def test_a_workbook_of_styles_without_end_is_refused() -> None:
    content = with_part(
        workbook([["x"]]), "xl/styles.xml", lambda part: part.replace(b"</cellXfs>", b"<xf/>" * 500_000 + b"</cellXfs>")
    )
    assert refused(content) == "statement_too_large"


def test_a_workbook_whose_words_explode_is_refused() -> None:
    content = workbook([["交易时间", "x"]])
    laughs = (
        '<!DOCTYPE lolz [<!ENTITY a "lol">'
        + "".join(
            f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghi", "bcdefghij", strict=True)
        )
        + "]>"
    )
    exploding = with_part(
        content,
        "xl/worksheets/sheet1.xml",
        lambda part: b'<?xml version="1.0"?>' + laughs.encode() + part.replace(b"<sheetData>", b"<sheetData>&j;"),
    )
    assert refused(exploding) == "statement_damaged"


def test_a_password_is_said_to_be_the_reason() -> None:
    packed = bytearray(archive(("a.csv", TRADE)))
    packed[6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    assert refused(bytes(packed)) == "statement_locked"


def test_an_old_or_locked_workbook_is_said_to_be_one() -> None:
    assert refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)) == "statement_locked"


@pytest.mark.parametrize("keep", [10, 100, 400, -30])
def test_half_an_archive_is_damaged(keep: int) -> None:
    assert refused(archive(("a.csv", zlib.compress(TRADE) * 3))[:keep]) == "statement_damaged"


def test_a_workbook_with_broken_parts_is_damaged() -> None:
    assert refused(archive(("xl/workbook.xml", b"<no"), ("[Content_Types].xml", b"<no"))) == "statement_damaged"


def test_a_file_of_256_megabytes_is_refused() -> None:
    assert refused(bytes(256 * 1024 * 1024)) == "statement_too_large"
    assert documents.LARGEST_BYTES < 256 * 1024 * 1024
