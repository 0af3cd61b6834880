"""What else a text names: orders, codes, keys, accounts and times, however they are written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.evidence.clues import Clues, find_clues
from counterfoil.evidence.look_ups import DAY, span_of
from counterfoil.evidence.subjects import SUBJECT_CHARACTERS_MAX, recognise
from counterfoil.foundation.code_form import make_code
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import make_id, show_id
from counterfoil.foundation.periods import from_datetime

NOW = 1_800_000_000_000_000
OURS = make_id(NOW - 5_000_000, 123)
CODE = make_code(12_345_678_901_234_567_890)
ASKED = from_datetime(datetime(2026, 11, 24, 0, 30, tzinfo=UTC))


def clues(text: str) -> Clues:
    return find_clues(text, now=NOW)


def starts(text: str, *, time_zone: str = "UTC") -> list[int]:
    return [time.start(time_zone) for time in clues(text).times]


@pytest.mark.parametrize("kind", ["order", "code", "key", "account"])
def test_an_id_is_found_in_a_sentence(kind: str) -> None:
    shown = show_id(kind, OURS)
    assert clues(f"what of {shown.upper()}?").first(kind) == OURS
    assert clues(f"看{shown}。").first(kind) == OURS
    assert clues(f"x{shown}").ids == ()
    assert clues(show_id(kind, make_id(NOW + 9 * DAY, 1))).ids == ()


@pytest.mark.parametrize(
    "text", [CODE, CODE.lower(), CODE.replace("-", " "), CODE.replace("-", ""), f"码：{CODE}，没有到账", f"({CODE})"]
)
def test_a_whole_code_is_found_and_never_shown(text: str) -> None:
    found = clues(text)
    assert found.redemption_code is not None
    assert CODE[-4:] not in repr(found).replace(repr(found.name), "")


def test_a_code_with_a_typing_error_is_none() -> None:
    wrong = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
    assert clues(wrong).redemption_code is None
    assert clues(f"{CODE}X").redemption_code is None


@pytest.mark.parametrize("text", ["CF-…7K2M", "cf-...7k2m", "CF-****7K2M", "尾号 CF-…7K2M。"])
def test_the_mask_of_a_code(text: str) -> None:
    assert clues(text).code_last_four == "7K2M"


@pytest.mark.parametrize("text", ["sk-…3fA9", "sk-...3fA9 at noon", "sk-cf-****3fA9", "我的 sk-…3fA9，"])
def test_the_mask_of_a_key(text: str) -> None:
    assert clues(text).key_mask == "sk-…3fA9"


def test_a_whole_key_is_found_and_never_shown() -> None:
    token = "sk-cf-" + "a1B2" * 11
    found = clues(f"Authorization: Bearer {token}")
    assert found.token == token
    assert "a1B2" not in repr(clues(f"x\n{token}"))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T08:30:00+08:00",
        "2026-11-24 08:30 +08:00",
        "2026-11-24T00:30:00Z",
        "2026-11-24T00:30:00.000000Z",
        "2026/11/24 00:30 UTC",
        "Date: Tue, 24 Nov 2026 00:30:00 GMT",
        "错误发生在 2026-11-24 00:30 UTC 左右",
        "２０２６-１１-２４　００：３０ ＵＴＣ",
    ],
)
def test_a_time_with_its_zone(text: str) -> None:
    assert starts(text, time_zone="Asia/Tokyo") == [ASKED]


@pytest.mark.parametrize(
    "text", ["2026-11-24 08:30", "2026年11月24日 8:30", "2026年11月24日8时30分", "2026.11.24 08:30"]
)
def test_a_time_without_a_zone_is_of_the_accounts(text: str) -> None:
    assert starts(text, time_zone="Asia/Shanghai") == [ASKED]


@pytest.mark.parametrize(
    "text", ["claude-sonnet-4-5-20250929", "2026-02-31", "2026-13-01", "12:30", "20261124", "2026-11-24 08:30 +99:99"]
)
def test_what_is_no_time(text: str) -> None:
    assert starts(text) == []


def test_a_day_has_the_hours_that_it_has_where_the_account_is() -> None:
    (day,) = clues("2026-11-01").times
    assert day.end("America/New_York") - day.start("America/New_York") == 25 * DAY // 24
    assert day.end("UTC") - day.start("UTC") == DAY


def test_the_window_that_times_name() -> None:
    def span(text: str) -> tuple[int, int, bool]:
        found = span_of(clues(text).times, time_zone="UTC", now=NOW)
        return found.start, found.end, found.is_point

    minute = 60_000_000
    assert span("2026-11-24 00:30") == (ASKED, ASKED + minute, True)
    assert span("2026-11-24") == (ASKED - 30 * minute, ASKED - 30 * minute + DAY, False)
    assert span("2026-11-24 00:30 to 2026-11-24 01:30") == (ASKED, ASKED + 60 * minute, False)
    # Both days are in it.
    assert span("2026-11-24..2026-11-25") == (ASKED - 30 * minute, ASKED - 30 * minute + 2 * DAY, False)
    assert span("no time") == (NOW - DAY, NOW, False)
    for text in ("2026-11-24 01:30 to 2026-11-24 00:30", "2024-01-01 to 2026-11-24"):
        with pytest.raises(InputError):
            span(text)


def test_a_name_stands_before_its_time_or_alone() -> None:
    assert clues("Acme to Go, 2026-11-24 to 2026-11-25").name == "Acme to Go"
    assert clues("Acme 有限公司").name == "Acme 有限公司"
    for text in ("a\nb", "\x00", "\ud800", "x" * 300, "2026-11-24"):
        assert clues(text).name is None


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "2026-11-24 " * 100_000,
        "CF-" + "A-" * 500_000,
        "sk-" + "*" * 1_000_000,
        "\x00" * 100_000,
        "\ud800" * 100_000,
        "'; DROP TABLE requests; --",
        "<script>alert(1)</script>",
        "20" * 500_000,
        "CF" * 500_000,
    ],
)
def test_hostile_texts_are_bounded(text: str) -> None:
    found = clues(text)
    assert len(found.times) <= 2
    assert found.ids == ()
    assert recognise(text, now=NOW).ids == ()


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    shown = show_id("order", OURS)
    assert clues(" " * (SUBJECT_CHARACTERS_MAX - len(shown)) + shown).first("order") == OURS
    assert clues(" " * SUBJECT_CHARACTERS_MAX + shown).ids == ()


@given(st.text(max_size=400))
def test_any_text_is_read_without_failing(text: str) -> None:
    found = clues(text)
    for time in found.times:
        assert time.start("UTC") < time.end("UTC")
