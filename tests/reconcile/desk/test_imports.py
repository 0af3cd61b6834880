"""Statements are imported once, whole, with what is wrong with them kept; nothing that must not be stored is."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterfoil.foundation.errors import NotFound
from counterfoil.reconcile.desk_model import Source, SourceKind
from counterfoil.reconcile.imports import Progress
from reconcile.house import House, Row

TRADE = "4200001234202405011234567890"


async def test_the_same_file_again_adds_nothing_and_says_so(house: House) -> None:
    await house.add_source()
    first = await house.import_rows(Row(trade=TRADE), Row(trade=TRADE[:-1] + "1"))
    assert first.statement is not None
    assert (first.was_known, first.statement.lines, first.statement.lines_new) == (False, 2, 2)
    again = await house.import_rows(Row(trade=TRADE), Row(trade=TRADE[:-1] + "1"))
    assert again.statement is not None
    assert (again.was_known, again.statement.statement_id) == (True, first.statement.statement_id)
    assert (house.count("statements"), house.count("statement_lines")) == (1, 2)


async def test_a_line_of_an_earlier_file_is_known_and_one_told_otherwise_is_revised(house: House) -> None:
    await house.add_source()
    await house.import_rows(Row(trade="T1", status="pending"), Row(trade="T2"))
    later = await house.import_rows(Row(trade="T1"), Row(trade="T2"), Row(trade="T3"), name="later.csv")
    assert later.statement is not None
    assert (later.statement.lines_new, later.statement.lines_changed, later.lines_known) == (1, 1, 1)
    changed, new = sorted(
        await house.desk.imports.lines_of(later.statement.statement_id), key=lambda line: -line.revision
    )
    assert (changed.revision, new.revision) == (2, 1)
    assert changed.status == "succeeded"
    (now,) = await house.desk.imports.lines([changed.line_id])
    assert now == changed


async def test_rejects_and_good_lines_are_both_kept(house: House) -> None:
    await house.add_source()
    found = await house.import_rows(Row(trade="T1"), Row(trade="T2", amount="ten"), Row(trade="T3"))
    assert found.statement is not None
    assert (found.statement.lines, found.statement.rejects) == (2, 1)
    view = await house.desk.imports.find(found.statement.statement_id)
    (reject,) = view.rejects
    assert (reject.number, reject.column, reject.reason) == (3, "amount", "amount_unreadable")
    assert [one.statement_id for one in await house.desk.imports.list(faulty=True)] == [found.statement.statement_id]


async def test_a_statement_with_faults_can_be_set_aside_with_a_reason_once(house: House) -> None:
    await house.add_source()
    found = await house.import_rows(Row(trade="T1", amount="ten"), Row(trade="T2"))
    assert found.statement is not None
    kept = await house.desk.imports.set_aside(found.statement.statement_id, by="Ada", reason="a test of the bank's")
    assert kept.faults == ()
    assert await house.desk.imports.list(faulty=True) == []


async def test_no_number_payer_or_secret_is_stored_in_the_clear(house: House) -> None:
    await house.add_source()
    secret = "sk-ant-api03-" + "a1B2" * 20
    await house.import_rows(
        Row(trade=TRADE, payer="mei@example.com", note=f"key {secret}"),
        Row(trade="T99887766554433", amount="ten", note=f"card 4111111111111111 {secret}"),
        name=f"bill {TRADE}.csv",
    )
    stored = house.stored()
    for never in (TRADE, "mei@example.com", secret, "T99887766554433", "4111111111111111"):
        assert never not in stored
    assert "…7890" in stored


async def test_a_payment_number_compares_with_that_of_the_order_it_paid(house: House) -> None:
    await house.add_source()
    order = await house.paid_order(TRADE)
    found = await house.import_rows(Row(trade=TRADE, order=order.number.upper()))
    assert found.statement is not None
    (line,) = await house.desk.imports.lines_of(found.statement.statement_id)
    assert line.order_id == order.order_id
    async with house.till.database.reading() as connection:
        cursor = await connection.execute("SELECT order_id FROM payments WHERE number_hash = %s", (line.trade_key,))
        assert await cursor.fetchone() == (order.order_id,)


async def test_a_transfer_that_names_its_order_by_the_reference_is_that_orders(house: House) -> None:
    await house.add_source()
    order = await house.paid_order(TRADE)
    found = await house.import_rows(Row(trade=TRADE, order=order.number[-12:].upper()), Row(trade="T2", order="0" * 12))
    assert found.statement is not None
    named, nobodys = await house.desk.imports.lines_of(found.statement.statement_id)
    assert named.order_id == order.order_id
    assert nobodys.order_id is None


async def test_a_source_that_does_not_exist_is_an_error_and_a_file_nobody_knows_is_said(house: House) -> None:
    with pytest.raises(NotFound) as refused:
        await house.import_rows(Row(trade="T1"), source="nobody")
    assert refused.value.code == "source_not_found"
    (found,) = await house.desk.imports.import_file(name="notes.txt", content=b"just some words\n", by="Ada")
    assert found.error is not None
    assert found.error.code == "statement_not_recognised"
    assert house.count("statements") == 0


async def test_the_same_file_for_another_source_is_refused(house: House) -> None:
    await house.add_source()
    await house.add_source("other-bank")
    await house.import_rows(Row(trade="T1"))
    found = await house.import_rows(Row(trade="T1"), source="other-bank")
    assert found.error is not None
    assert found.error.code == "statement_of_another_source"


async def test_progress_is_told_up_to_the_last_line(house: House) -> None:
    await house.add_source()
    seen: list[Progress] = []
    content = house.file([Row(trade=f"T{number}") for number in range(5_001)])
    await house.desk.imports.import_file(name="big.csv", content=content, by="Ada", source="bank", progress=seen.append)
    assert [(one.done, one.total) for one in seen] == [(0, 0), (5_000, 5_001), (5_001, 5_001)]


BILLS = Path(__file__).parents[2] / "data" / "bills"
SAMPLES = (
    "alipay-merchant-trade.csv", "alipay-personal.csv", "wechat-merchant-trade.csv", "wechat-personal.csv",
    "wechat-personal.xlsx",
)  # fmt: skip


async def test_the_sample_bills_import_without_a_reject_and_what_is_told_twice_is_kept_once(house: House) -> None:
    for importer in ("wechat_trade", "wechat_personal", "alipay_trade", "alipay_personal"):
        await house.desk.sources.add(
            Source(name=importer.replace("_", "-"), what=SourceKind.PROVIDER, importers=(importer,)), by="Ada"
        )
    new: dict[str, int] = {}
    for path in sorted(BILLS.iterdir()):
        if path.name in SAMPLES:
            for found in await house.desk.imports.import_file(name=path.name, content=path.read_bytes(), by="Ada"):
                assert found.statement is not None, path.name
                kept = found.statement
                assert (kept.rejects, kept.lines > 0) == (0, True)
                # Of the personal ones, their givers have taken lines out: that is seen.
                assert (kept.totals_wrong > 0) is ("personal" in kept.importer)
                new[path.name] = new.get(path.name, 0) + kept.lines_new
    assert new == {
        "alipay-merchant-trade.csv": 4, "alipay-personal.csv": 10, "wechat-merchant-trade.csv": 1,
        "wechat-personal.csv": 27, "wechat-personal.xlsx": 0,
    }  # fmt: skip


async def test_a_statement_of_another_merchant_is_refused(house: House) -> None:
    sources, path = house.desk.sources, BILLS / "wechat-merchant-trade.csv"
    named = Source(name="wechat", what=SourceKind.PROVIDER, importers=("wechat_trade",))
    await sources.add(sources.owned(named, "1900000999"), by="Ada")
    assert "1900000999" not in house.stored()
    (found,) = await house.desk.imports.import_file(name=path.name, content=path.read_bytes(), by="Ada")
    assert found.error is not None
    assert found.error.code == "statement_of_another_owner"
    assert house.count("statement_lines") == 0
    await sources.change(sources.owned(await sources.find("wechat"), ""))
    (found,) = await house.desk.imports.import_file(name=path.name, content=path.read_bytes(), by="Ada")
    assert found.error is None
