"""Banks and other tables by a mapping of columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import LineKind, LineStatus, RejectReason, Statement
from counterfoil.reconcile.statements.registry import find_importer, read_statement
from reconcile.statements.samples_cn import BILLS, CMB, EU, PAYMENTS, USAGE

UNIT = 1_000_000_000


def read(importer: str, content: str | bytes, reading: Reading) -> Statement:
    data = content if isinstance(content, bytes) else content.encode()
    return read_statement(Document(name="file", content=data), reading, find_importer(importer))


def kept(name: str) -> bytes:
    return (BILLS / name).read_bytes()


def test_a_chinese_bank_has_two_columns_for_time_and_two_for_money() -> None:
    statement = read("bank", kept("bank-cmb.csv"), CMB)
    assert [(line.kind, line.direction, line.amount) for line in statement.lines] == [
        (LineKind.PAYMENT, 1, 1000 * UNIT),
        (LineKind.PAYOUT, 1, 5_432_100_000_000),
        (LineKind.FEE, -1, 12_500_000_000),
        (LineKind.REFUND, -1, 200 * UNIT),
    ]
    # 2026-11-03 09:15:02 in Shanghai.
    assert statement.lines[0].at == 1_793_668_502_000_000


def test_the_reference_that_customers_write_is_found_in_any_case() -> None:
    lines = read("bank", kept("bank-cmb.csv"), CMB).lines
    assert [line.order_number for line in lines] == ["C0DE00000031", None, None, "C0DE00000032"]


def test_a_european_bank_has_commas_and_one_signed_column() -> None:
    statement = read("bank", kept("bank-eu.csv"), EU)
    assert [(line.kind, line.direction, line.amount, line.currency) for line in statement.lines] == [
        (LineKind.PAYMENT, 1, 1_234_500_000_000, "EUR"),
        (LineKind.FEE, -1, 3_200_000_000, "EUR"),
        (LineKind.PAYOUT, 1, 980 * UNIT, "EUR"),
    ]
    # Midnight in Berlin.
    assert statement.lines[0].at == 1_793_660_400_000_000
    assert statement.lines[0].trade_number == "TX-1"


def test_a_word_may_say_which_way_the_money_went() -> None:
    reading = Reading(
        currency="CNY", columns={"time": "时间", "amount": "金额", "direction": "借贷标志", "reference": "流水号"}
    )
    statement = read(
        "bank",
        "时间,金额,借贷标志,流水号\n2026-11-03,5.00,贷,1\n2026-11-03,5.00,借方,2\n2026-11-03,5.00,冻结,3\n",
        reading,
    )
    assert [line.direction for line in statement.lines] == [1, -1]
    assert [(one.number, one.column, one.reason) for one in statement.rejects] == [
        (4, "借贷标志", RejectReason.CELL_UNKNOWN)
    ]


def test_two_transfers_that_look_the_same_are_two() -> None:
    reading = Reading(currency="CNY", columns={"time": "t", "amount": "a", "payer": "p"})
    row = "2026-11-03,5.00,Ann\n"
    statement = read("bank", f"t,a,p\n{row}{row}", reading)
    assert len({line.natural_key for line in statement.lines}) == 2
    again = read("bank", f"t,a,p\n{row}{row}2026-11-04,5.00,Ann\n", reading)
    assert {line.natural_key for line in statement.lines} < {line.natural_key for line in again.lines}


def test_without_a_currency_nothing_is_guessed() -> None:
    statement = read("bank", kept("bank-cmb.csv"), replace(CMB, currency=None))
    assert statement.lines == ()
    assert {one.reason for one in statement.rejects} == {RejectReason.CURRENCY_UNKNOWN}


@pytest.mark.parametrize(
    ("columns", "parameters"),
    [
        ({}, {"fields": "time, amount"}),
        ({"time": "交易日"}, {"fields": "amount"}),
        ({"time": "交易日", "income": "收入"}, {"fields": "amount"}),
        ({"time": "交易日", "amount": "金额"}, {"columns": "金额"}),
        ({"time": "交易日", "amount": "收入", "colour": "x"}, {"unknown": "colour"}),
    ],
)
def test_a_mapping_that_does_not_fit_says_what_is_missing(columns: dict[str, str], parameters: dict[str, str]) -> None:
    with pytest.raises(StatementUnreadable) as caught:
        read("bank", kept("bank-cmb.csv"), Reading(currency="CNY", columns=columns))
    assert caught.value.code == "statement_columns_missing"
    assert caught.value.parameters == parameters


def test_payments_of_any_channel_by_a_mapping() -> None:
    statement = read("generic", kept("generic-payments.csv"), PAYMENTS)
    assert [(line.kind, line.status, line.direction, line.amount, line.fee) for line in statement.lines] == [
        (LineKind.PAYMENT, LineStatus.SUCCEEDED, 1, 25 * UNIT, 750_000_000),
        (LineKind.REFUND, LineStatus.SUCCEEDED, -1, 5 * UNIT, 0),
        (LineKind.FEE, LineStatus.SUCCEEDED, -1, 100_000_000, 0),
        (LineKind.PAYOUT, LineStatus.PENDING, -1, 900 * UNIT, 0),
    ]
    assert [line.natural_key for line in statement.lines[:3]] == ["payment:T-1", "refund:R-1", "fee:F-1"]


def test_an_upstreams_usage_by_a_mapping() -> None:
    statement = read("generic", kept("generic-usage.csv"), USAGE)
    first, free, small = statement.lines
    assert (first.kind, first.direction, first.amount) == (LineKind.COST, -1, 12_346)
    assert (free.amount, small.amount) == (0, 15_000)
    assert first.use is not None
    assert (first.use.model, first.use.upstream_id, first.use.input_tokens, first.use.output_tokens) == (
        "gpt-example",
        "req_01",
        1200,
        300,
    )
    assert first.use.starts_at == first.use.ends_at == first.at
    assert first.use.requests is None


def test_a_direction_without_a_kind_is_a_payment_or_an_adjustment() -> None:
    reading = Reading(currency="USD", columns={"time": "t", "amount": "a", "refund_number": "r", "key": "k"})
    statement = read("generic", "t,a,r,k\n2026-11-03,5,,1\n2026-11-03,-5,R,2\n2026-11-03,-5,,3\n", reading)
    assert [line.kind for line in statement.lines] == [LineKind.PAYMENT, LineKind.REFUND, LineKind.ADJUSTMENT]
    assert [line.natural_key for line in statement.lines] == ["1", "2", "3"]


def test_kinds_and_states_that_nobody_knows_are_rejects() -> None:
    content = kept("generic-payments.csv").replace(b"fee,success", b"levy,success").replace(b"pending", b"maybe")
    statement = read("generic", content, PAYMENTS)
    assert [(one.number, one.column) for one in statement.rejects] == [(4, "Type"), (5, "State")]
