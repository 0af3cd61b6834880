"""What only a full scan finds, class by class: spans, masks, blocks around secrets, and what cannot be read."""

from __future__ import annotations

import pytest

from counterfoil.redaction import kingfisher
from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.scanner import SCANNED_CHARACTERS_MAX, redact_fully, redact_value_fully, scan

HEX_32 = "0123456789abcdef0123456789abcdef"
MIXED_40 = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zAbCdE3fA9"
GITHUB = "ghp_" + MIXED_40[-36:]

MASKED = [
    ("我的密码是hunter2x，谢谢", "我的密码是[password]，谢谢", SecretKind.PASSWORD),
    ("my password is hunter2x.", "my password is [password].", SecretKind.PASSWORD),
    ("验证码 482913", "验证码 [password]", SecretKind.PASSWORD),
    ("我的 key 是 " + MIXED_40, "我的 key 是 [secret]", SecretKind.API_KEY),
    ("epay merchant key: " + HEX_32, "epay merchant key: [secret]", SecretKind.API_KEY),
    ("curl -u admin:hunter2x https://x", "curl -u admin:[authorization] https://x", SecretKind.AUTHORIZATION),
    ("curl -b 'sid=abc123' https://x", "curl -b '[cookie]' https://x", SecretKind.COOKIE),
    ("CVV: 123", "CVV: [card check]", SecretKind.CARD),
    ("DE89 3704 0044 0532 0130 00", "[bank …3000]", SecretKind.BANK),
    ("GB29NWBK60161331926819", "[bank …6819]", SecretKind.BANK),
    ("卡号 6222021234567890", "卡号 [bank …7890]", SecretKind.BANK),
    ("sort code 12-34-56", "sort code [bank]", SecretKind.BANK),
    ("护照号：E12345678", "护照号：[id …5678]", SecretKind.ID),
    ("+1 (415) 555-2671", "+[phone …2671]", SecretKind.PHONE),
    ("电话：010-62345678", "电话：[phone …5678]", SecretKind.PHONE),
    ("139.1234.5678", "[phone …5678]", SecretKind.PHONE),
    ("订单号：20261124123456", "订单号：[order …3456]", SecretKind.ORDER_NUMBER),
    ("https://qr.alipay.com/fkx0123456789", "[payment link]", SecretKind.PAYMENT_LINK),
    ("pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8", "[payment link]", SecretKind.PAYMENT_LINK),
    ("兑换码：" + HEX_32, "兑换码：[code …cdef]", SecretKind.REDEMPTION_CODE),
    ("提示词：一只会飞的猫在夜空中", "提示词：[content 10]", SecretKind.REQUEST_BODY),
    ("curl https://x -d '{\"q\": 1}'", "curl https://x -d '[body 8]'", SecretKind.REQUEST_BODY),
    ('images.generate(prompt="a cat")', 'images.generate(prompt="[content 5]")', SecretKind.REQUEST_BODY),
    ("![shot](https://x/y.png)", "[image 24]", SecretKind.IMAGE),
    ("iVBORw0KGgo" + MIXED_40 + MIXED_40, "[image 91]", SecretKind.IMAGE),
    ("12345678901234567890", "[number …7890]", SecretKind.OTHER),
    ("otpauth://totp/x?secret=ABCDEFGH", "[secret]", SecretKind.OTHER),
]  # fmt: skip


@pytest.mark.parametrize(("text", "masked", "kind"), MASKED, ids=[text[:24] for text, _, _ in MASKED])
def test_a_full_scan_finds_it_and_shows_its_mask(text: str, masked: str, kind: SecretKind) -> None:
    (found,) = scan(text)
    assert found.kind is kind
    assert text[: found.start] + found.mask + text[found.end :] == masked
    assert redact_fully(text) == masked
    assert scan(masked) == []


def test_every_class_has_the_name_that_people_are_told() -> None:
    assert {kind.value for kind in SecretKind} == {
        "api_key", "authorization", "cookie", "password", "card", "bank", "id", "phone", "order_number", "payment_link",
        "code", "request_body", "log_dump", "image", "other",
    }  # fmt: skip


def test_a_key_that_only_kingfisher_knows_is_found_next_to_chinese() -> None:
    key = "dop_" + "v1_" + HEX_32 + HEX_32
    other = "PMAK-" + HEX_32[:24] + "-" + HEX_32 + "ab"
    for text in (f"密钥{key}，", f"（{other}）", f"钥匙{other}吗"):
        assert [one.kind for one in scan(text)] == [SecretKind.API_KEY]
        assert HEX_32 not in redact_fully(text)


def test_a_question_mark_or_a_nul_next_to_a_key_hides_nothing() -> None:
    other = "PMAK-" + HEX_32[:24] + "-" + HEX_32 + "ab"
    for text in (f"?{other}?", f"\x00{other}\x00", f"\x00 {other}", f"?key={other}&x", f"\ud800{other}\udfff"):
        assert HEX_32 not in redact_fully(text), text


def test_raw_headers_are_masked_around_the_secrets_in_them() -> None:
    text = f"see:\nGET /v1/models HTTP/1.1\nHost: relay.internal\nAuthorization: Bearer {MIXED_40}\nAccept: */*\n\nbye"
    found = scan(text)
    assert [one.kind for one in found] == [SecretKind.COOKIE, SecretKind.AUTHORIZATION, SecretKind.COOKIE]
    masked = redact_fully(text)
    assert masked == "see:\n[headers 67][authorization][headers 12]\n\nbye"
    assert redact_fully(masked) == masked


def test_two_headers_or_a_form_are_no_raw_headers() -> None:
    for text in (
        "Content-Type: application/json\nX-Request-Id: req_0199aabbccddeeff00112233445566ff",
        "Model: gpt-5\nGroup: vip\nStatus: 402\nTime: 2026-11-24 15:04",
        "From: zhang\nTo: support\nDate: today\nSubject: 402",
    ):
        assert scan(text) == []


LOG = [f"2026-11-24 08:00:0{place} INFO router picked channel {place}" for place in range(8)]


def test_a_dump_of_a_log_is_one_finding_and_keeps_the_secrets_in_it_apart() -> None:
    lines = [*LOG[:4], "  at deeper.place (x.js:1)", LOG[4] + " for 13912345678", *LOG[5:]]
    text = "logs:\n" + "\n".join(lines) + "\nthat is all"
    found = scan(text)
    assert [one.kind for one in found] == [SecretKind.LOG_DUMP, SecretKind.PHONE, SecretKind.LOG_DUMP]
    masked = redact_fully(text)
    assert masked.startswith("logs:\n[log ")
    assert masked.endswith("]\nthat is all")
    assert "router" not in masked
    assert scan(masked) == []


def test_a_few_lines_of_a_log_are_an_errors_text() -> None:
    assert scan("\n".join(LOG[:5])) == []
    apart = ("\nand later, after I had tried again with another key,\nand once more\nas you said\nI saw this:\n").join(
        LOG
    )
    assert scan(apart) == []


def test_a_key_that_a_narrow_window_has_broken_is_found_to_its_end() -> None:
    key = "sk-" + MIXED_40
    text = f"{key[:30]}\n{key[30:]}\nthanks"
    assert redact_fully(text) == f"sk-…{key[-4:]}\nthanks"
    kept = f"{key}\nreq_0199aabbccddeeff00112233445566ff\n2026-11-24T08:00:00Z"
    assert redact_fully(kept) == kept.replace(key, "sk-…3fA9")


def test_what_json_escapes_is_read_and_its_place_is_that_of_the_escapes() -> None:
    text = '{"note": "\\u5bc6\\u7801\\u662fhunter2x\\uff0c\\u8c22"}'
    (found,) = scan(text)
    assert (found.kind, text[found.start : found.end]) == (SecretKind.PASSWORD, "hunter2x")
    text = "\\u624b\\u673a\\uff11\\uff13912345678"
    (found,) = scan(text)
    assert text[found.start : found.end] == "\\uff11\\uff13912345678"


def test_a_number_of_a_request_or_a_task_may_be_asked_for() -> None:
    assert scan("task_id: 831922345719271433, 请求编号：8313807536837492492") == []
    assert [one.kind for one in scan("task 4242424242424242")] == [SecretKind.CARD]
    assert [one.kind for one in scan("831922345719271433")] == [SecretKind.OTHER]


def test_what_is_beyond_the_cap_is_not_read_and_not_shown() -> None:
    text = "word " * 10 + GITHUB
    found = scan(text, characters_max=20)
    assert [(one.kind, one.start, one.end) for one in found] == [(SecretKind.OTHER, 20, len(text))]
    masked = redact_fully(text, characters_max=20)
    assert masked == "word word word word [unread 70]"
    assert redact_fully(masked, characters_max=1000) == masked


def test_ten_megabytes_are_bounded_and_show_no_secret() -> None:
    text = ("a line of a very long file that somebody has pasted\n" * 200_000)[:10_000_000] + GITHUB
    found = scan(text)
    assert found[-1].end == len(text)
    assert sum(one.end - one.start for one in found) >= len(text) - SCANNED_CHARACTERS_MAX
    masked = redact_fully(text)
    assert GITHUB not in masked
    assert len(masked) <= SCANNED_CHARACTERS_MAX + 40


def test_what_kingfisher_cannot_finish_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kingfisher, "_SECONDS_MAX", 1e-9)
    text = "a text that takes too long " * 4000
    (found,) = scan(text)
    assert (found.kind, found.start, found.end) == (SecretKind.OTHER, 0, len(text))
    assert found.mask == "[unread 108000]"


def test_a_document_is_masked_by_names_and_by_texts() -> None:
    value = {
        "password": "hunter2",
        "note": "我的密码是hunter2x",
        "log": "\n".join(LOG),
        "messages": [{"content": "hi"}],
    }
    assert redact_value_fully(value) == {
        "password": "[password]",
        "note": "我的密码是[password]",
        "log": f"[log {len(chr(10).join(LOG))}]",
        "messages": [{"content": "[content 2]"}],
    }
