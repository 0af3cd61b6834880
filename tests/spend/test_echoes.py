"""What is kept of an upstream's error holds nothing of the call."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.spend.echoes import COMPARED_CHARACTERS_MAX, MASK, without_echo


def rest(content: str, **fields: str) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": content}], **fields}).encode()


def test_a_quoted_prompt_is_masked() -> None:
    words = "Invalid value: 'tell me about the merger with Initech'. Supported values are: 'a' and 'b'."
    assert without_echo(words, rest("Please tell me about the merger with Initech, quickly")) == (
        f"Invalid value: '{MASK}'. Supported values are: 'a' and 'b'."
    )


def test_a_short_quotation_is_masked_too() -> None:
    assert "merger" not in without_echo("Invalid value: 'merger'.", rest("merger"))
    assert "并购" not in without_echo("参数“并购案情况”无效", rest("并购案情况"))


def test_words_that_are_not_the_calls_stay() -> None:
    words = "This model's maximum context length is 128000 tokens."
    assert without_echo(words, rest("Hello")) == words


def test_beyond_what_can_be_compared_nothing_is_kept() -> None:
    assert without_echo("any words", rest("x" * COMPARED_CHARACTERS_MAX)) == ""


def test_every_quotation_is_masked_wherever_it_begins() -> None:
    content = "abcdefghijklmnopqrstuvwxyz0123456789"
    for start in range(len(content) - 12):
        for end in range(start + 12, len(content)):
            assert without_echo(f"<{content[start:end]}>", rest(content)) == f"<{MASK}>"


@given(st.text(min_size=12, max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_no_quotation_of_any_content_survives(content: str, before: str, after: str) -> None:
    assert content not in without_echo(before + content + after, rest(content))
