"""Properties of masking that hold for any text: twice is once, nothing found is left, and it never fails."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.redaction import rules
from counterfoil.redaction.rules import find, redact, redact_value

# What secrets, their surroundings and their masks are made of, so that random texts come close to real ones.
_PIECES = st.sampled_from(
    [
        "sk-", "sk-ant-", "sk-cf-", "hf_", "ghp_", "AKIA", "AIza", "eyJ", ".", "sk-…3fA9", "Bearer ", "Basic ",
        "authorization", "Authorization: ", "x-api-key", "cookie", "Cookie: ", "password", "token", "sign", "api_key",
        "密码", "：", "=", ":", "=>", ",", " ", "\n", "\t", '"', "'", "\\", '\\"', '\\\\\\"', "b'", "[", "]", "{", "}",
        '"content": "', '"messages":[', '"input": ', '"type": "text"', '"prompt":', "'text': '", "://", "postgres://",
        "user:pass@", "@", "/", "?key=", "&", "data:image/png;base64,", "-----BEGIN PRIVATE KEY-----", "PRIVATE KEY-----",
        "4242 4242 4242 4242", "4242424242424242", "13912345678", "139 1234 5678", "+86", "86", "11010519491231002X",
        "1700000000123456", "4200001234202501011234567890", "-", "_", "X", "0.", "５", "１３９", "\u200b", "…", "，", "é",
        "[content 5]", "[card …4242]", "[authorization]", "[secret]", " [cut 12 characters]", "none", "null", "id", "é́",
        "CF-", "cf", "00000", "CF-00000-00000-00000-00000", "CF-…0000", "\ud800", "½", "ﷺ", "İ", "K",
    ]
)  # fmt: skip
_WORDS = st.text(alphabet=string.ascii_letters + string.digits + "-_", max_size=40)
_TEXTS = st.lists(st.one_of(_PIECES, _WORDS, st.text(max_size=5)), max_size=25).map("".join)
_VALUES = st.recursive(
    st.one_of(_TEXTS, st.integers(), st.floats(allow_nan=False), st.none(), st.booleans(), st.binary(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)),
    max_leaves=8,
)


@given(_TEXTS)
def test_masking_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text())
def test_masking_any_text_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(_TEXTS)
def test_findings_lie_in_the_text_in_order_and_apart(text: str) -> None:
    end = 0
    for finding in find(text):
        assert end <= finding.start < finding.end <= len(text)
        end = finding.end


@given(_TEXTS)
def test_nothing_that_is_found_is_left(text: str) -> None:
    assert find(redact(text)) == []


@given(_TEXTS)
def test_text_without_findings_stays_as_it_is(text: str) -> None:
    if not find(text):
        assert redact(text) == text


@given(_VALUES)
def test_masking_log_values_twice_changes_nothing(value: Any) -> None:
    once = redact_value(value)
    assert redact_value(once) == once


@pytest.fixture
def short_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "LONGEST_CHARACTERS", 120)


@pytest.mark.usefixtures("short_cap")
def test_a_cut_text_is_bounded_and_stays_as_it_is() -> None:
    @given(_TEXTS)
    def check(text: str) -> None:
        once = redact(text * 2)
        assert redact(once) == once
        # What the second look masks may be longer than what it stands for, by one mask at most.
        assert len(once) <= 120 + 40 or " [cut " in text

    check()
