"""How well a case agrees with records: wrong zones, rounded amounts, masks, and which record comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.support import agreement_rules
from counterfoil.support.agreement_fields import COMPARED
from counterfoil.support.agreement_measures import agree_amount, agree_time
from counterfoil.support.agreement_model import Reading, Record, Said
from counterfoil.support.case_said import read_said
from counterfoil.support.model import Agreement, FieldAgreement
from counterfoil.support.said import read_amount, read_masked_ids
from counterfoil.support.said_ends import read_tail
from counterfoil.support.said_times import read_times
from counterfoil.support.search_rules import EXACT_FIELDS, NAMING, rank, score, windows
from support.cases import ACCOUNT, HOUR, MINUTE, NOON, OTHER, an_id

UNIT = 1_000_000_000
ORDER = [Agreement.DIFFERENT, Agreement.UNKNOWN, Agreement.CLOSE, Agreement.EXACT]


def said(problem: str, /, language: Language = Language.ZH, **values: str) -> Said:
    return read_said(problem, values, language=language, now=NOON + 2 * HOUR)


def a_request(number: int, *, at: int = NOON, **more: Any) -> Record:
    settings: dict[str, Any] = {
        "kind": "request", "id": an_id(number, at), "account_id": ACCOUNT, "times": (at,), "key_mask": "sk-…3fA9",
        "model": "gpt-4o", "status_code": 402, "code": "account_balance", "task_kind": "chat", "is_trouble": True,
        "emails": ("lin@example.com",), "nicknames": ("小雨",), "user_numbers": (1042,), "account_name": "Rain Studio",
    }  # fmt: skip
    return Record(**{**settings, **more})


def an_order(number: int, *, at: int = NOON, paid: int = 100 * UNIT, account_id: Any = ACCOUNT) -> Record:
    order_id = an_id(number, at)
    return Record(
        kind="order", id=order_id, account_id=account_id, times=(at, at + MINUTE), amounts=((paid, "CNY"),),
        numbers=(order_id.hex, "…4711"), payment_kind="alipay", emails=("lin@example.com",), nicknames=("小雨",),
    )  # fmt: skip


# -- times -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24 16:30", Agreement.EXACT),
        ("2026-11-24 16:30 +08:00", Agreement.EXACT),
        ("2026-11-24T08:30:00Z", Agreement.EXACT),
        ("11月24日 下午4点30分", Agreement.EXACT),
        ("11-24 16:32", Agreement.EXACT),
        ("今天下午4点半左右", Agreement.EXACT),
        ("下班的时候", Agreement.UNKNOWN),
        ("2026-11-24", Agreement.EXACT),
        ("2026-11-24 16:50", Agreement.CLOSE),
        # New York, and nobody said so.
        ("2026-11-24 03:30", Agreement.CLOSE),
        # The zone is written, and wrong.
        ("2026-11-24 16:30 UTC", Agreement.CLOSE),
        ("2026-11-24 13:10", Agreement.DIFFERENT),
        ("2026-11-22", Agreement.DIFFERENT),
    ],
)
def test_a_time_is_read_in_the_zones_that_people_mean(text: str, expected: Agreement) -> None:
    times = read_times(text, now=NOON + HOUR, time_zone="Asia/Shanghai")
    assert agree_time(times, NOON, ("Asia/Shanghai", "UTC")) is expected


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("昨天下午3点20", "2026-11-23 15:20"), ("yesterday 3:20 pm", "2026-11-23 15:20"), ("昨晚11点半", "2026-11-23 23:30"), ("今早 9:05", "2026-11-24 09:05"),
     ("12-30 08:00", "2025-12-30 08:00"), ("11/24 12:10 am", "2026-11-24 00:10"), ("Nov 23, 3:20 pm", "2026-11-23 15:20"),
     ("23 November 2026 15:20", "2026-11-23 15:20"), ("11月23号下午3点20分", "2026-11-23 15:20"), ("2026年11月23日下午3点半", "2026-11-23 15:30"),
     ("last night at 11:30 pm", "2026-11-23 23:30"), ("11月24日凌晨12点10分", "2026-11-24 00:10"), ("11月23号", "2026-11-23 00:00"),
     ("all day on Nov 23", "2026-11-23 00:00"), ("Mar 31", "2026-03-31 00:00")],
)  # fmt: skip
def test_a_time_without_a_year_is_the_last_such_time(text: str, wanted: str) -> None:
    (found,) = read_times(text, now=NOON, time_zone="UTC")
    assert found.local.strftime("%Y-%m-%d %H:%M") == wanted


@given(st.integers(0, 14 * 24 * 60))
def test_every_record_that_agrees_in_time_is_within_the_windows(minutes_ago: int) -> None:
    at = NOON - minutes_ago * MINUTE
    case = said("balance_not_enough", request_time="2026-11-24 16:30")
    zones = Reading().zones(Language.ZH)
    if agree_time(case.times["request_time"], at, zones) in (Agreement.EXACT, Agreement.CLOSE):
        assert any(start <= at <= end for start, end in windows(case, Reading()))


# -- amounts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("99.9", Agreement.EXACT),
        ("¥99.90", Agreement.EXACT),
        ("100", Agreement.CLOSE),
        ("100 元", Agreement.CLOSE),
        ("99", Agreement.CLOSE),
        ("约 105 元", Agreement.CLOSE),
        ("105", Agreement.DIFFERENT),
        ("$99.9", Agreement.DIFFERENT),
        ("1,099.90", Agreement.DIFFERENT),
    ],
)
def test_an_amount_agrees_where_it_was_only_rounded(text: str, expected: Agreement) -> None:
    found = read_amount(text)
    assert found is not None
    assert agree_amount(found, 99 * UNIT + 900_000_000, "CNY") is expected


@given(st.integers(1, 10**14), st.integers(0, 6))
def test_an_amount_rounded_half_up_always_agrees(nanos: int, decimals: int) -> None:
    step = 10 ** (9 - decimals)
    rounded = (nanos + step // 2) // step * step
    whole, rest = divmod(rounded, UNIT)
    text = f"{whole}.{rest:09d}"[: len(str(whole)) + 1 + decimals].rstrip(".")
    found = read_amount(text)
    assert found is not None
    assert agree_amount(found, nanos, "CNY") in (Agreement.EXACT, Agreement.CLOSE)


# -- masks and ids -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["sk-…3fA9", "sk-...3fA9", "sk-abcd****3fA9", "3fA9", "尾号 3fA9"])
def test_a_key_is_known_by_the_end_of_its_mask(typed: str) -> None:
    assert read_tail(typed) == "3fA9"


def test_a_shortened_id_fits_the_record_with_both_its_ends() -> None:
    value = an_id(5)
    (masked,) = read_masked_ids(f"req_{value.hex[:10]}…{value.hex[-4:]}")
    assert masked.fits(value)
    assert not masked.fits(an_id(5, NOON - 30 * HOUR))


# -- scores ------------------------------------------------------------------------------------------------------------

agreements = st.dictionaries(st.sampled_from(sorted(COMPARED)), st.sampled_from(ORDER), min_size=1)


def fields_of(found: dict[str, Agreement]) -> list[FieldAgreement]:
    return [FieldAgreement(field=name, said="x", recorded="y", agreement=one) for name, one in found.items()]


@given(agreements, st.booleans(), st.data())
def test_better_agreement_never_lowers_a_score(found: dict[str, Agreement], fits: bool, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(found)))
    better = data.draw(st.sampled_from(ORDER[ORDER.index(found[name]) :]))
    assert score(fields_of({**found, name: better}), fits=fits) >= score(fields_of(found), fits=fits)


@given(agreements, st.booleans())
def test_a_score_is_within_its_bounds_and_fitting_never_lowers_it(found: dict[str, Agreement], fits: bool) -> None:
    fields = fields_of(found)
    assert 0 <= score(fields, fits=fits) <= 1_000
    assert score(fields, fits=True) >= score(fields, fits=False)


@given(agreements, st.sampled_from(sorted(EXACT_FIELDS)), st.booleans())
def test_a_field_that_names_another_record_excludes(found: dict[str, Agreement], name: str, fits: bool) -> None:
    found = {one: met for one, met in found.items() if one not in NAMING or met is not Agreement.EXACT}
    assert score(fields_of({**found, name: Agreement.DIFFERENT}), fits=fits) == 0


# -- ranks -------------------------------------------------------------------------------------------------------------


def first(case: Said, *records: Record, reading: Reading | None = None) -> str | None:
    found = rank(case, records, reading or Reading(known_ids=frozenset(one.id for one in records) & case.ids))
    return found[0].subject if found else None


def test_a_request_named_by_its_id_comes_first_whatever_else_was_mistyped() -> None:
    right, wrong = a_request(1), a_request(2, at=NOON + HOUR)
    case = said(
        "balance_not_enough",
        request_id=show_id("request", right.id),
        key_mask="sk-…0000",
        request_time="2026-11-24 17:30",
    )
    assert first(case, wrong, right) == show_id("request", right.id)


def test_another_id_excludes_and_an_id_that_nobody_has_does_not() -> None:
    one, other = a_request(1), a_request(2)
    case = said("balance_not_enough", request_id=show_id("request", other.id), model="gpt-4o")
    assert [found.subject for found in rank(case, [one, other], Reading(known_ids=frozenset({other.id})))] == [
        show_id("request", other.id)
    ]
    assert len(rank(case, [one], Reading())) == 1


def test_a_402_with_the_wrong_zone_a_nickname_and_a_mask_finds_its_request() -> None:
    right = a_request(1)
    others = [
        a_request(2, at=NOON - 5 * HOUR), a_request(3, key_mask="sk-…9999"),
        a_request(4, at=NOON + MINUTE, status_code=429, code="rate_limited", model="claude-opus-4"),
        a_request(5, at=NOON + MINUTE, account_id=OTHER, emails=("b@example.com",), nicknames=("老周",), key_mask="sk-…77aa"),
    ]  # fmt: skip
    case = said(
        "balance_not_enough", nickname="小雨", key_mask="sk-****3fA9", request_time="2026-11-24 08:31", model="GPT 4o",
        status_code="402", error_text="Insufficient balance (account_balance)",
    )  # fmt: skip
    assert first(case, *others, right) == show_id("request", right.id)


def test_a_recharge_with_a_rounded_amount_and_a_mask_finds_its_order_on_another_account() -> None:
    right = replace(an_order(1, paid=99 * UNIT + 900_000_000, account_id=OTHER), emails=("other@example.com",))
    others = [replace(an_order(2, at=NOON - 3 * HOUR, paid=50 * UNIT), numbers=("…0001",))]
    case = said(
        "recharged_not_credited", account_email="lin@example.com", order_mask="…4711", amount="100元",
        order_time="2026-11-24 16:31", payment_method="支付宝",
    )  # fmt: skip
    assert first(case, *others, right) == show_id("order", right.id)


def test_two_problems_in_one_case_find_both_records_and_its_own_class_first() -> None:
    request, order = a_request(1), an_order(2)
    case = said(
        "recharged_not_credited", order_mask="4711", amount="100", status_code="402", key_mask="3fA9",
        request_time="2026-11-24 16:30", order_time="2026-11-24 16:30",
    )  # fmt: skip
    found = rank(case, [request, order], Reading())
    assert [one.kind for one in found] == ["order", "request"]


def test_of_a_burst_the_request_nearest_in_time_comes_first() -> None:
    near, far = a_request(1, at=NOON + 20_000_000), a_request(2, at=NOON + 170_000_000)
    case = said("balance_not_enough", key_mask="3fA9", request_time="2026-11-24 16:30:15")
    assert first(case, far, near) == show_id("request", near.id)


def test_what_agrees_in_nothing_is_no_candidate() -> None:
    assert rank(said("balance_not_enough", model="sora-2"), [a_request(1)], Reading()) == []


def test_each_field_says_what_was_said_and_what_is_on_record() -> None:
    case = said("balance_not_enough", status_code="429", model="gpt-4o")
    met = {one.field: (one.agreement, one.recorded) for one in agreement_rules.compare(case, a_request(1), Reading())}
    assert met == {"status_code": (Agreement.DIFFERENT, "402"), "model": (Agreement.EXACT, "gpt-4o")}
