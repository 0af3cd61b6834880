"""Full redemption codes are masked wherever they stand (L12); masks, and what only looks a little like a code, pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.code_form import RANDOM_BITS, make_code
from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.rules import find, redact, redact_value

CODE = make_code(0x5A5A_1234_5678_9ABC_DEF0_1357)
MASK = "CF-…" + CODE[-4:]
PLACES = [
    "{}", "my code is {}.", "兑换码是{}，请帮我看看", "兑换码：{}。", "（{}）", '{{"code": "{}"}}', '{{\\"code\\": \\"{}\\"}}',
    "line\\n{}\\nline", "line\n{}\n", "<b>{}</b>", "https://example.com/redeem?c={}&x=1", "code={}", "{} {{}}",
    "[{}, 'x']", "Key (code)=({}) already exists", "x{}y", "4242 4242 4242 4242 {} 13912345678x",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_code_is_masked_wherever_it_stands(place: str) -> None:
    masked = redact(place.format(CODE))
    assert MASK in masked
    assert CODE[3:8] not in masked
    assert CODE[-11:-6] not in masked


@given(st.integers(0, 2**RANDOM_BITS - 1).map(make_code))
def test_a_code_is_masked_however_it_is_written(code: str) -> None:
    mask = "CF-…" + code[-4:]
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    ways = (
        code, code.lower(), code.replace("-", ""), code.lower().replace("-", ""), code.replace("-", " "),
        code.replace("-", "–"), code.replace("-", " - "), wide, "\u200b".join(code), code.replace("-", "\n"),
        " ".join(code.replace("-", "")[2:]).join(["CF", ""]),
    )  # fmt: skip
    for way in ways:
        for text, expected in ((way, mask), (f"兑换码{way}吗", f"兑换码{mask}吗"), (f"a {way}, b", f"a {mask}, b")):
            assert redact(text) == expected, text
            assert redact(expected) == expected


def test_a_mistyped_code_is_most_of_one_and_masked_too() -> None:
    wrong = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
    assert redact(f"tried {wrong} twice") == f"tried CF-…{wrong[-4:]} twice"
    assert redact("tried CF-O1IL0-ABCDE-FGHJK-UUUUU") == "tried CF-…UUUU"


def test_a_code_is_told_from_other_secrets() -> None:
    assert [one.kind for one in find(f"see {CODE}")] == [SecretKind.REDEMPTION_CODE]
    assert redact(f"password: {CODE}") == "password: [password]"
    assert redact(f"api_key={MASK}") == f"api_key={MASK}"


LOOK_ALIKES = [
    MASK, f"code {MASK} was redeemed", f"兑换码{MASK}，", "CF-7K2M", "…7K2M",
    "cf. the description of a request in this manual", "cf these words might match", "CF these words might match nothing",
    "cf0123456789abcdef0123456789abcdef", "cfabcdefghijklmnopqrst", "cf-ray: 8f1a2b3c4d5e6f70-HKG",
    "sha256 0cf71e5a90c2b1d3e4f5061728394a5b6c7d8e9f00112233445566778899cfab",
    "code_0199aabbccddeeff00112233445566ff", "batch_0199aabbccddeeff00112233445566cf",
    "550e8400-e29b-41d4-a716-446655cf4400", "counterfoil codes create --count 100", "CF-12345-67890", "cfop_x",
]  # fmt: skip


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_look_alike_passes(text: str) -> None:
    assert redact(text) == text


def test_a_code_in_a_log_value_is_masked_at_every_depth() -> None:
    value = {"event": f"tried {CODE}", "nested": [{"typed": CODE.lower()}, (CODE.replace("-", ""),)], CODE: 1}
    assert redact_value(value) == {"event": f"tried {MASK}", "nested": [{"typed": MASK}, [MASK]], MASK: 1}


def test_a_text_of_nothing_but_heads_is_read_once() -> None:
    for piece in ("cf", "CF-", "cf ", "CF-AAAAA-", "cf a b "):
        text = (piece * 100_000)[:100_000]
        assert len(redact(text)) <= len(text)
