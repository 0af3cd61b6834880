"""Properties of a full scan that hold for any text."""

from __future__ import annotations

import json
import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.redaction.intake import Verdict, judge
from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.normalise import normalise
from counterfoil.redaction.rules import find
from counterfoil.redaction.scanner import redact_fully, redact_value_fully, scan, scan_headers, scan_json

# What secrets, their surroundings and their masks are made of, so that random texts come close to real ones.
_PIECES = st.sampled_from(
    [
        "密码", "是", "：", "password is ", "pass: ", "key is ", "令牌", "订单号", "order ", "兑换码", "卡号", "开户行", "账号",
        "提示词：", "prompt: ", "cvv", "验证码", "passport ", "护照", "手机", "tel:", "助记词", "payment link: ", "hunter2x",
        "curl ", "-d ", "-b ", "-u ", "a:b", "--data-raw '", "@file", "'", '"', "\\", "{", "}", "[", "]", "(", ")", "![](",
        "<img ", ">", "data:image/", "png;base64,", "iVBORw0KGgo", "A" * 70, "messages=[", "prompt='", "cookies={",
        "role: user\n", "content: ", "\n", "\r\n", "\\n", "\\u5bc6\\u7801", "\\u2026", "GET / HTTP/1.1", "Host: x",
        "Accept: */*", "User-Agent: y", "Cookie: ", "> ", "2026-11-24 08:00:00 INFO x", "[GIN] 2026/11/24 - 08:00:00 | 200",
        "https://", "qr.alipay.com/", "pay.x/", "weixin://", "pi_3Abcdefgh", "_secret_", "Abcdefghij0123", "sk-", "ghp_",
        "Bearer ", "4242 4242 4242 4242", "13912345678", "+1 415 555 2671", "010-62345678", "139.1234.5678", "DE89 3704 0044 ",
        "0532 0130 00", "4200001234202501011234567890", "task_id: ", "831922345719271433", "[content 5]", "[log 9]",
        "[headers 7]", "[body 3]", "[payment link]", "[card check]", "[code …cdef]", "[bank]", "[unread 5]", "sk-…3fA9", "…",
        "0", "1", "-", "_", ".", ",", " ", "é", "，", "①", "\u200b", "\ud800", "５", "½", "CF-", "00000",
    ]
)  # fmt: skip
_WORDS = st.text(alphabet=string.ascii_letters + string.digits + "-_", max_size=40)
_TEXTS = st.lists(st.one_of(_PIECES, _WORDS, st.text(max_size=5)), max_size=25).map("".join)
_VALUES = st.recursive(
    st.one_of(_TEXTS, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)),
    max_leaves=8,
)


@given(_TEXTS)
def test_masking_fully_twice_changes_nothing(text: str) -> None:
    once = redact_fully(text)
    assert redact_fully(once) == once
    assert scan(once) == []


@given(_TEXTS)
def test_findings_lie_in_the_text_in_order_and_apart(text: str) -> None:
    end = 0
    for finding in scan(text):
        assert end <= finding.start < finding.end <= len(text)
        assert finding.mask
        end = finding.end


@given(_TEXTS)
def test_a_full_scan_covers_what_a_log_line_hides(text: str) -> None:
    covered = [False] * (len(text) + 1)
    for finding in scan(text):
        covered[finding.start : finding.end] = [True] * (finding.end - finding.start)
    for finding in find(text):
        shown = [text[place] for place in range(finding.start, finding.end) if not covered[place]]
        assert not any(sign.isalnum() for sign in shown)


@given(_TEXTS)
def test_a_text_without_findings_is_accepted_as_it_is(text: str) -> None:
    found = scan(text)
    judgement = judge(text, found)
    if not found:
        assert (judgement.verdict, judgement.offered) == (Verdict.ACCEPTED, text)
    elif judgement.verdict is Verdict.REPLACED:
        assert {one.kind for one in found} <= {SecretKind.ORDER_NUMBER, SecretKind.REDEMPTION_CODE}
    else:
        assert judgement.offered is None


@given(st.text())
def test_every_character_is_traced_to_its_own_place(text: str) -> None:
    scanned, origins = normalise(text)
    if origins is None:
        assert len(scanned) == len(text)
        return
    end = 0
    for place in range(len(scanned)):
        assert 0 <= origins.start_of(place) < origins.end_of(place) <= len(text)
        assert origins.end_of(place) >= end
        end = origins.end_of(place)


@given(_VALUES)
def test_a_masked_document_has_nothing_to_find(value: Any) -> None:
    masked = redact_value_fully(value)
    assert scan_json(masked) == []
    assert redact_value_fully(masked) == masked


@given(st.lists(st.tuples(_TEXTS, _TEXTS), max_size=4))
def test_headers_of_any_kind_are_read(headers: list[tuple[str, str]]) -> None:
    for placed in scan_headers(headers):
        assert placed.place in [name for name, _ in headers]
    json.dumps([placed.finding.mask for placed in scan_headers(headers)])
