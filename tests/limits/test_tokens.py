"""Tokens: long enough to need no salt, and never recognisable from what is kept."""

from __future__ import annotations

import hashlib
import re

import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.limits.tokens import hash_token, make_token, mask_token
from counterfoil.limits.validation import check_adopted


def test_a_token_carries_its_256_random_bits() -> None:
    token = make_token(bytes(range(32)))
    assert re.fullmatch(r"sk-cf-[A-Za-z0-9_-]{43}", token)
    assert token == "sk-cf-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert make_token(bytes(31) + b"\x01") != make_token(bytes(32))


def test_a_token_is_not_made_of_fewer_bits() -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        make_token(bytes(16))


def test_the_mask_shows_the_last_four_characters() -> None:
    assert mask_token("sk-cf-" + "x" * 39 + "3fA9") == "sk-…3fA9"


def test_a_token_is_looked_up_by_its_sha_256_as_other_gateways_do() -> None:
    assert hash_token("sk-1234") == hashlib.sha256(b"sk-1234").digest()


def test_an_adopted_key_needs_a_hash_and_a_mask_that_gives_nothing_away() -> None:
    check_adopted(token_hash=hash_token("sk-other"), mask="sk-…3fA9")
    with pytest.raises(InputError):
        check_adopted(token_hash=b"short", mask="sk-…3fA9")
    for mask in ("sk-0123456789abcdef", "sk-…0123456789", "", "sk-01234567…3fA9"):
        with pytest.raises(InputError):
            check_adopted(token_hash=hash_token("sk-other"), mask=mask)
