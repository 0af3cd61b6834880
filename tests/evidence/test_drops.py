"""Why did the balance fall? Every cause is staged over ten days of ordinary use, alone and together with others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from counterfoil.evidence import drops_service
from counterfoil.evidence.drops import PartKind
from counterfoil.evidence.drops_service import Drops
from counterfoil.evidence.findings import Confidence, Finding, FindingCode
from counterfoil.evidence.model import Audience
from counterfoil.evidence.shown_findings import show_findings
from counterfoil.evidence.waterfall import Waterfall
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Amounts, Language, Reader
from counterfoil.ledger.model import EndGrant, Freeze, GrantKind
from counterfoil.limits.model import GroupSettings
from counterfoil.spend.model import Admission
from evidence.spender import DAY, HOUR, MICROS, MINUTE, Spender
from spend.market import NANOS, PRICES, TOKEN

# What an ordinary day costs: four calls of 0.25.
USUAL_CALL, CALLS_A_DAY = 250, 4
USUAL_DAY = USUAL_CALL * CALLS_A_DAY * TOKEN
SAME = {"fingerprint": b"f" * 32}


@pytest.fixture
async def used(spender: Spender) -> Spender:
    """An account that has been used for ten days."""
    await spender.credit(100 * NANOS)
    for _ in range(10):
        await ordinary_day(spender)
    return spender


async def ordinary_day(spender: Spender, **call: Any) -> None:
    for _ in range(CALLS_A_DAY):
        spender.pass_time(DAY // CALLS_A_DAY)
        await spender.call(USUAL_CALL, **call)


async def last_day(spender: Spender) -> Waterfall:
    return await spender.waterfall(spender.now + 1 - DAY * MICROS, spender.now + 1)


async def found(spender: Spender) -> list[Finding]:
    """What is found in the last day, the same for a question as in the waterfall."""
    drops = Drops(spender.market.database, ledger=spender.market.ledger, clock=spender.market.clock)
    window = {"start": spender.now + 1 - DAY * MICROS, "end": spender.now + 1}
    findings = await drops.findings(spender.account_id, **window)
    assert findings == (await last_day(spender)).comparison.findings
    return list(findings)


async def codes(spender: Spender) -> list[FindingCode]:
    return [finding.code for finding in await found(spender)]


async def test_an_ordinary_day_is_as_usual(used: Spender) -> None:
    (finding,) = await found(used)
    assert (finding.code, finding.nanos, finding.numbers) == (
        FindingCode.USE_AS_USUAL, USUAL_DAY, {"now_nanos": USUAL_DAY, "usual_nanos": USUAL_DAY, "windows": 9},
    )  # fmt: skip


async def test_duplicates_are_all_copies_but_the_first(used: Spender) -> None:
    await ordinary_day(used)
    copies = [await used.call(500, **SAME) for _ in range(4)]
    (finding,) = await found(used)
    assert (finding.code, finding.nanos, finding.confidence) == (
        FindingCode.DUPLICATE_SUBMISSIONS, 3 * 500 * TOKEN, Confidence.CERTAIN,
    )  # fmt: skip
    assert finding.numbers["charges"] == 3
    assert finding.names["model"] == "plain"
    assert finding.names["key"].startswith("sk-…")
    expected = {show_id("request", copy.request_id) for copy in copies[1:] if copy is not None}
    assert {row.id for row in finding.rows} == expected
    assert sum(row.nanos or 0 for row in finding.rows) == finding.nanos


async def test_duplicates_that_were_refunded_are_no_cause(used: Spender) -> None:
    await ordinary_day(used)
    await used.call(500, **SAME)
    for _ in range(3):
        await used.call(500, **SAME)
        await used.refund(-1)
    assert FindingCode.DUPLICATE_SUBMISSIONS not in await codes(used)


async def test_a_duplicate_whose_original_was_refunded_is_no_cause(used: Spender) -> None:
    await ordinary_day(used)
    await used.call(500, **SAME)
    number = len(used.charged) - 1
    await used.call(500, **SAME)
    await used.refund(number)
    assert FindingCode.DUPLICATE_SUBMISSIONS not in await codes(used)


async def test_duplicates_that_were_refunded_after_the_day_in_question_are_told_as_refunded(used: Spender) -> None:
    await ordinary_day(used)
    for _ in range(3):
        await used.call(900, **SAME)
    start, end = used.now + 1 - DAY * MICROS, used.now + 1
    used.pass_time(HOUR)
    await used.refund(-1)
    await used.refund(-2)
    findings = (await used.waterfall(start, end)).comparison.findings
    assert [(one.code, one.nanos) for one in findings] == [
        (FindingCode.CHARGE_REFUNDED, 1_800 * TOKEN), (FindingCode.MORE_USE, 900 * TOKEN),
    ]  # fmt: skip


async def test_retries_of_what_had_been_charged_are_a_cause(used: Spender) -> None:
    await ordinary_day(used)
    for number in range(4):
        await used.call(500, retry_count=number, **SAME)
    (finding,) = await found(used)
    assert (finding.code, finding.nanos) == (FindingCode.RETRY_SPIKE, 3 * 500 * TOKEN)
    assert finding.numbers["retries_most"] == 3


async def test_a_retry_of_what_had_failed_is_no_cause(used: Spender) -> None:
    await ordinary_day(used)
    for number in range(3):
        failing = await used.till.call(used.keys[0], cap=500, retry_count=number, **SAME)
        assert isinstance(failing, Admission)
        await used.till.fail(failing)
    await used.call(100, retry_count=3, **SAME)
    assert await codes(used) == [FindingCode.USE_AS_USUAL]


async def test_tasks_are_told_by_their_ids(used: Spender) -> None:
    await ordinary_day(used)
    tasks = [await used.task(900) for _ in range(3)]
    (finding,) = await found(used)
    assert (finding.code, finding.nanos) == (FindingCode.TASKS_SPENT, 3 * 900 * TOKEN)
    assert {(row.kind, row.id) for row in finding.rows} == {
        ("task", show_id("task", task.request_id)) for task in tasks if task is not None
    }


async def test_many_calls_within_a_minute_are_a_script_in_a_loop(used: Spender) -> None:
    await ordinary_day(used)
    for _ in range(40):
        used.pass_time(2)
        await used.call(100, key=1)
    (finding,) = await found(used)
    assert (finding.code, finding.confidence) == (FindingCode.SCRIPT_LOOP, Confidence.LIKELY)
    assert finding.nanos == 40 * 100 * TOKEN
    assert finding.numbers["calls_most"] == 30
    assert finding.numbers["last_at"] - finding.numbers["first_at"] == 78 * MICROS


async def test_the_same_content_over_and_over_is_a_script_in_a_loop(used: Spender) -> None:
    await ordinary_day(used)
    for _ in range(12):
        used.pass_time(30)
        await used.call(200, **SAME)
    (finding,) = await found(used)
    assert (finding.code, finding.nanos) == (FindingCode.SCRIPT_LOOP, 11 * 200 * TOKEN)


async def test_who_always_calls_fast_is_not_in_a_loop(spender: Spender) -> None:
    await spender.credit(1_000 * NANOS)
    for day in range(6):
        spender.pass_time(DAY)
        for _ in range(30 if day < 5 else 60):
            spender.pass_time(1)
            await spender.call(100)
    assert FindingCode.SCRIPT_LOOP not in await codes(spender)


async def raise_price(spender: Spender, rate: str) -> None:
    prices = [{**one, "rates": {"input": "0", "output": rate}} for one in PRICES["prices"][:1]]  # type: ignore[index]
    await spender.market.prices.import_book({**PRICES, "prices": [*prices, *PRICES["prices"][1:]]})  # type: ignore[misc]


async def test_a_raised_price_is_what_the_same_use_costs_more(used: Spender) -> None:
    await raise_price(used, "1600")
    await ordinary_day(used)
    (finding,) = await found(used)
    assert (finding.code, finding.nanos) == (FindingCode.PRICE_RAISED, USUAL_DAY * 6 // 10)
    assert finding.names == {
        "model": "plain", "kind": "output", "rate_before": "1000.00 / 1M", "rate_now": "1600.00 / 1M",
    }  # fmt: skip


async def change_tier(spender: Spender, millis: int) -> None:
    def change(settings: GroupSettings) -> GroupSettings:
        return replace(settings, price_tier_millis=millis)

    group_id = spender.keys[0].group_id
    assert group_id is not None
    await spender.market.limits.change_group(account_id=spender.account_id, group_id=group_id, change=change)


async def test_a_raised_tier_is_what_the_same_use_costs_more(used: Spender) -> None:
    await change_tier(used, 1_500)
    await ordinary_day(used)
    (finding,) = await found(used)
    assert (finding.code, finding.nanos) == (FindingCode.TIER_RAISED, USUAL_DAY // 2)
    assert finding.names == {"tier_before": "×1", "tier_now": "×1.5"}


async def test_price_and_tier_share_the_difference_without_rest(used: Spender) -> None:
    await raise_price(used, "1600")
    await change_tier(used, 2_000)
    await ordinary_day(used)
    waterfall = await last_day(used)
    parts = {part.kind: part.difference for part in waterfall.comparison.parts}
    # 3.2 a day: 1.0 as before, 0.6 for the price at the tier of before, 1.6 for the tier at the price of now.
    assert waterfall.comparison.now == USUAL_DAY * 32 // 10
    assert parts == {
        PartKind.PRICE: USUAL_DAY * 6 // 10, PartKind.TIER: USUAL_DAY * 16 // 10, PartKind.CALLS: 0,
    }  # fmt: skip
    assert [one.code for one in waterfall.comparison.findings] == [FindingCode.TIER_RAISED, FindingCode.PRICE_RAISED]


async def test_as_many_calls_of_a_dearer_model_are_told_by_the_model(spender: Spender) -> None:
    await spender.credit(100 * NANOS)
    for _ in range(8):
        # A quarter each.
        await ordinary_day(spender, model="per-call")
    for _ in range(CALLS_A_DAY):
        spender.pass_time(DAY // CALLS_A_DAY)
        await spender.call(2_000, model="plain")
    (finding,) = await found(spender)
    assert (finding.code, finding.nanos) == (FindingCode.DEARER_MODEL, CALLS_A_DAY * (2_000 - 250) * TOKEN)
    assert (finding.names["model"], finding.names["model_tier"], finding.numbers["charges"]) == ("plain", "standard", 4)


async def test_more_calls_at_the_same_price_are_more_use(used: Spender) -> None:
    for _ in range(6):
        used.pass_time(DAY // 6)
        for _ in range(4):
            used.pass_time(MINUTE)
            await used.call(USUAL_CALL)
    (finding,) = await found(used)
    assert finding.code is FindingCode.MORE_USE
    assert finding.nanos == finding.numbers["now_nanos"] - USUAL_DAY


async def test_credit_that_expired_is_told_by_its_grant(used: Spender) -> None:
    await used.credit(3 * NANOS, kind=GrantKind.PROMOTIONAL, source_kind="grant", seconds=HOUR)
    used.pass_time(2 * HOUR)
    await used.market.ledger.end_due_grants()
    (finding,) = await found(used)
    assert (finding.code, finding.nanos) == (FindingCode.CREDIT_EXPIRED, 3 * NANOS)
    grants = await used.market.ledger.grants(used.account_id)
    assert finding.rows[0].id in {show_id("grant", grant.grant_id) for grant in grants}


async def test_refunded_cash_and_the_bonus_that_goes_with_it_are_told_apart(used: Spender) -> None:
    await used.credit(20 * NANOS, bonus=2 * NANOS)
    await used.refund_cash(20 * NANOS, order=-1)
    findings = await found(used)
    assert [(one.code, one.nanos) for one in findings] == [
        (FindingCode.CASH_REFUNDED, 20 * NANOS), (FindingCode.CREDIT_TAKEN_BACK, 2 * NANOS),
    ]  # fmt: skip


async def test_a_cash_refund_that_was_undone_is_no_cause(used: Spender) -> None:
    await used.refund_cash(20 * NANOS)
    await used.restore_cash()
    assert await codes(used) == [FindingCode.USE_AS_USUAL]


async def test_a_correction_is_told_by_its_transfer(used: Spender) -> None:
    await used.adjust(-5 * NANOS)
    (finding,) = await found(used)
    assert (finding.code, finding.nanos, finding.numbers["movements"]) == (FindingCode.BALANCE_ADJUSTED, 5 * NANOS, 1)
    assert finding.rows[0].kind == "transfer"


async def test_credit_that_was_ended_early_is_taken_back(used: Spender) -> None:
    await used.credit(4 * NANOS, kind=GrantKind.PROMOTIONAL, source_kind="grant", seconds=DAY)
    grants = await used.market.ledger.grants(used.account_id)
    grant_id = next(grant.grant_id for grant in grants if grant.kind is GrantKind.PROMOTIONAL)
    await used.market.ledger.operate(EndGrant(account_id=used.account_id, grant_id=grant_id, destination="promotions"))
    (finding,) = await found(used)
    assert (finding.code, finding.nanos) == (FindingCode.CREDIT_TAKEN_BACK, 4 * NANOS)
    assert finding.rows[0].id == show_id("grant", grant_id)


async def test_several_causes_are_told_the_largest_first_and_add_up(used: Spender) -> None:
    await ordinary_day(used)
    await used.credit(3 * NANOS, kind=GrantKind.PROMOTIONAL, source_kind="grant", seconds=HOUR)
    used.pass_time(2 * HOUR)
    await used.market.ledger.end_due_grants()
    for _ in range(3):
        await used.call(2_500, **SAME)
    for _ in range(3):
        await used.task(900)
    waterfall = await last_day(used)
    comparison = waterfall.comparison
    assert [(one.code, one.nanos) for one in comparison.findings] == [
        (FindingCode.DUPLICATE_SUBMISSIONS, 5_000 * TOKEN), (FindingCode.CREDIT_EXPIRED, 3 * NANOS),
        (FindingCode.TASKS_SPENT, 2_700 * TOKEN), (FindingCode.MORE_USE, 2_500 * TOKEN),
    ]  # fmt: skip
    assert sum(part.difference for part in comparison.parts) == comparison.difference
    assert sum(one.nanos for one in comparison.findings) == comparison.difference


async def test_what_is_reserved_or_frozen_is_told_behind_where_it_is_more_than_what_has_left(used: Spender) -> None:
    await used.till.admitted(used.keys[0], cap=20_000)
    findings = await found(used)
    assert [(one.code, one.nanos) for one in findings] == [
        (FindingCode.USE_AS_USUAL, USUAL_DAY), (FindingCode.HELD_IN_FLIGHT, 20_000 * TOKEN),
    ]  # fmt: skip
    grants = await used.market.ledger.grants(used.account_id)
    await used.market.ledger.operate(
        Freeze(account_id=used.account_id, grant_id=grants[0].grant_id, source_id="dispute 1")
    )
    assert (await codes(used))[-1] is FindingCode.CREDIT_FROZEN


async def test_without_anything_to_compare_with_it_is_told_what_was_used(spender: Spender) -> None:
    await spender.credit(10 * NANOS)
    assert [(one.code, one.text) for one in await found(spender)] == [(FindingCode.USE_AS_USUAL, "drop_nothing")]
    await spender.call(500)
    await spender.task(900)
    findings = await found(spender)
    assert [(one.code, one.text) for one in findings] == [
        (FindingCode.TASKS_SPENT, "drop_tasks_alone"), (FindingCode.MORE_USE, "drop_use_alone"),
    ]  # fmt: skip


async def test_a_question_reads_no_more_of_the_past_than_it_may(used: Spender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drops_service, "QUICK_TRANSFERS_MAX", 3 * CALLS_A_DAY)
    drops = Drops(used.market.database, ledger=used.market.ledger, clock=used.market.clock)
    window = {"start": used.now + 1 - DAY * MICROS, "end": used.now + 1}
    (finding,) = await drops.findings(used.account_id, **window)
    assert finding.numbers == {"now_nanos": USUAL_DAY, "usual_nanos": USUAL_DAY, "windows": 3}
    monkeypatch.setattr(drops_service, "QUICK_TRANSFERS_MAX", 0)
    (finding,) = await drops.findings(used.account_id, **window)
    assert finding.numbers["windows"] == 1


async def test_what_is_no_window_or_no_account_is_refused(used: Spender) -> None:
    drops = Drops(used.market.database, ledger=used.market.ledger, clock=used.market.clock)
    with pytest.raises(InputError):
        await drops.findings(used.account_id, start=used.now, end=used.now)
    with pytest.raises(NotFound):
        await drops.findings(used.market.clock.new_id(), start=used.now - 1, end=used.now)


@pytest.mark.parametrize("language", list(Language))
async def test_every_finding_is_told_with_its_numbers(used: Spender, language: Language) -> None:
    await ordinary_day(used)
    for _ in range(3):
        await used.call(2_500, **SAME)
    findings = await found(used)
    reader = Reader(language=language, amounts=Amounts.ALL, currency="USD")
    shown = show_findings(findings, reader=reader, audience=Audience.CUSTOMER)
    assert [one.code for one in shown] == [FindingCode.DUPLICATE_SUBMISSIONS, FindingCode.MORE_USE]
    assert all("USD" in one.text for one in shown)
    assert "5.00 USD" in shown[0].text
    assert shown[0].would_have is not None
    assert "5.00 USD" in shown[0].would_have
