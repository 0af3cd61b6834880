"""epay: orders as exported and as the interface lists them, with their refunds as lines of their own."""

from __future__ import annotations

import pytest

from counterfoil.reconcile.statements import epay
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import LineKind, LineStatus, RejectReason, Statement
from counterfoil.reconcile.statements.registry import read_statement
from reconcile.statements.reading import by_key
from reconcile.statements.samples_cn import BILLS

YUAN = 1_000_000_000


def export(*replaced: tuple[str, str]) -> Statement:
    text = (BILLS / "epay-orders.csv").read_bytes().decode("gb18030")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return read_statement(Document(name="file", content=text.encode("gb18030")), Reading())


def test_orders_are_payments_with_what_the_platform_keeps() -> None:
    lines = by_key(export())
    paid, open_one = lines["payment:2026110309100000001"], lines["payment:2026110309120000002"]
    assert (paid.kind, paid.status, paid.amount, paid.fee) == (
        LineKind.PAYMENT,
        LineStatus.SUCCEEDED,
        100 * YUAN,
        3 * YUAN,
    )
    # 2026-11-03 09:10:20 in Shanghai: paid, not created.
    assert paid.at == 1_793_668_220_000_000
    assert (open_one.status, open_one.fee) == (LineStatus.PENDING, 0)
    assert paid.order_number == "01995b7c2a1e7d30a8f4c0de00000021"
    assert paid.raw["系统订单号"] == '="2026110309100000001"'


def test_an_order_that_went_back_is_a_payment_and_a_refund() -> None:
    lines = by_key(export())
    whole, part = lines["refund:2026110309150000003"], lines["refund:2026110309160000004"]
    assert (whole.kind, whole.direction, whole.amount) == (LineKind.REFUND, -1, 30 * YUAN)
    assert (part.kind, part.direction, part.amount) == (LineKind.REFUND, -1, 20 * YUAN)
    assert lines["payment:2026110309150000003"].status is LineStatus.SUCCEEDED
    # At 20:00:00 in Shanghai.
    assert whole.at == 1_793_707_200_000_000


def test_an_older_export_says_only_that_it_went_back() -> None:
    text = (BILLS / "epay-orders.csv").read_bytes().decode("gb18030")
    rows = [row.rsplit(",", 2)[0] for row in text.split("\r\n") if row]
    statement = read_statement(Document(name="file", content="\n".join(rows).encode()), Reading())
    refund = by_key(statement)["refund:2026110309150000003"]
    assert refund.amount == 30 * YUAN
    assert len(statement.lines) == 5


def test_a_broken_refund_leaves_its_payment_and_a_broken_payment_leaves_nothing() -> None:
    statement = export(("20.00,2026-11-03 21:00:00", "2O.00,2026-11-03 21:00:00"))
    assert [(one.number, one.column, one.reason) for one in statement.rejects] == [
        (5, "已退款金额", RejectReason.AMOUNT_UNREADABLE)
    ]
    assert "payment:2026110309160000004" in by_key(statement)
    statement = export(("80.00,80.00", "8O.00,80.00"))
    assert [one.number for one in statement.rejects] == [5]
    assert not [line for line in statement.lines if line.number == 5]


def test_the_interfaces_list_says_the_same_as_the_export() -> None:
    listed = read_statement(Document(name="file", content=(BILLS / "epay-orders.json").read_bytes()), Reading())
    first, same = listed.lines[0], by_key(export())["payment:2026110309100000001"]
    assert (first.natural_key, first.status, first.amount, first.at) == (
        same.natural_key,
        same.status,
        same.amount,
        same.at,
    )
    assert listed.lines[1].status is LineStatus.PENDING
    # 50.10 is a number in JSON, and exact.
    assert listed.lines[1].amount == 50_100_000_000


@pytest.mark.parametrize("currency", ["USD", None])
def test_the_currency_is_the_sources_and_else_yuan(currency: str | None) -> None:
    content = (BILLS / "epay-orders.csv").read_bytes()
    statement = read_statement(Document(name="file", content=content), Reading(currency=currency))
    assert {line.currency for line in statement.lines} == {currency or "CNY"}


def test_an_export_as_long_as_the_platform_makes_them_may_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not export().is_truncated
    monkeypatch.setattr(epay, "_MOST_EXPORTED", 4)
    assert export().is_truncated
