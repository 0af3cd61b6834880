from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import Broken, InputError
from counterfoil.storage.sealing import Sealer, make_sealing_key, read_sealing_keys

FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))
SEALER = Sealer({1: FIRST})


@given(plain=st.binary(max_size=200), context=st.binary(max_size=40))
def test_what_was_sealed_comes_back(plain: bytes, context: bytes) -> None:
    sealed = SEALER.seal(plain, context=context)
    assert SEALER.unseal(sealed, context=context) == plain
    assert len(plain) < 4 or plain not in sealed


@given(plain=st.binary(max_size=60), data=st.data())
def test_no_changed_bit_goes_unnoticed(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal(plain))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Broken) as caught:
        SEALER.unseal(bytes(sealed))
    assert caught.value.code == "seal_broken"


@pytest.mark.parametrize("cut", [0, 1, 13, 28, 30])
def test_cut_bytes_are_refused(cut: int) -> None:
    with pytest.raises(Broken):
        SEALER.unseal(SEALER.seal(b"secret")[:cut])


def test_a_secret_opens_only_for_its_own_row() -> None:
    with pytest.raises(Broken):
        SEALER.unseal(SEALER.seal(b"secret", context=b"upstream 1"), context=b"upstream 2")


def test_the_same_secret_never_looks_the_same() -> None:
    assert len({SEALER.seal(b"secret") for _ in range(100)}) == 100


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    both = Sealer({1: FIRST, 2: SECOND})
    assert both.unseal(SEALER.seal(b"old")) == b"old"
    assert both.seal(b"new")[0] == 2
    assert Sealer({2: SECOND}).unseal(both.seal(b"new")) == b"new"
    with pytest.raises(Broken, match="version 2"):
        SEALER.unseal(both.seal(b"new"))


def test_another_key_of_the_same_version_does_not_open_it() -> None:
    with pytest.raises(Broken):
        Sealer({1: SECOND}).unseal(SEALER.seal(b"secret"))


def test_keys_are_read_with_and_without_a_version() -> None:
    one, two = base64.b64encode(FIRST).decode(), base64.urlsafe_b64encode(SECOND).decode().rstrip("=")
    assert read_sealing_keys(one, source="x") == {1: FIRST}
    assert read_sealing_keys(f"1:{one},2:{two}", source="x") == {1: FIRST, 2: SECOND}
    assert read_sealing_keys(f"1:{one}\n2:{two}\n", source="x") == {1: FIRST, 2: SECOND}
    assert list(read_sealing_keys(make_sealing_key(7), source="x")) == [7]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " , ",
        "short",
        "0:" + "A" * 43,
        "256:" + "A" * 43,
        "1:" + "!" * 43,
        "A" * 43 + "," + "B" * 43,
        "x:" + "A" * 43,
    ],
)
def test_an_unreadable_key_is_refused_without_being_told(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_sealing_keys(text, source="COUNTERFOIL_SEALING_KEY")
    assert caught.value.code == "key_unreadable"
    assert "COUNTERFOIL_SEALING_KEY" in str(caught.value)
    assert "AAA" not in str(caught.value)
    assert "!!!" not in str(caught.value)


def test_a_derived_secret_is_the_purposes_own_and_outlives_the_adding_of_a_key() -> None:
    first, second = bytes(range(32)), bytes(range(32, 64))
    secret = Sealer({1: first}).derive(b"fingerprints")
    assert len(secret) == 32
    assert Sealer({1: first, 2: second}).derive(b"fingerprints") == secret
    assert secret not in (first, Sealer({1: first}).derive(b"another"), Sealer({1: second}).derive(b"fingerprints"))
