"""The text of replies: plain ASCII that needs no escaping in JSON, four bytes to the token."""

from __future__ import annotations

from itertools import pairwise

BYTES_PER_TOKEN = 4

_NOTICE = b"This text comes from the sandbox. No model was asked, and nothing left this machine. "
_WORDS = b"one two six ten day sun sea sky oak elm fig bee ant owl cow hen "
_KEPT_TOKENS = 16_384
_TEXT = (_NOTICE + _WORDS * (_KEPT_TOKENS * BYTES_PER_TOKEN // len(_WORDS)))[: _KEPT_TOKENS * BYTES_PER_TOKEN]


def text_of(tokens: int) -> bytes:
    """A text of that many tokens."""
    if tokens <= _KEPT_TOKENS:
        return _TEXT[: tokens * BYTES_PER_TOKEN]
    return (_TEXT * -(-tokens // _KEPT_TOKENS))[: tokens * BYTES_PER_TOKEN]


def pieces_of(tokens: int, pieces_max: int) -> list[tuple[int, bytes]]:
    """The same text as at most `pieces_max` pieces of about the same size, each with its number of tokens."""
    count = min(tokens, pieces_max)
    if count == 0:
        return []
    text = text_of(tokens)
    ends = [tokens * number // count for number in range(count + 1)]
    return [(end - start, text[start * BYTES_PER_TOKEN : end * BYTES_PER_TOKEN]) for start, end in pairwise(ends)]
