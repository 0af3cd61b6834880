"""Who calls: keys in either header, addresses only from proxies that are trusted, names of SDKs."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from counterfoil.gateway.callers import (
    UNKNOWN_ADDRESS,
    client_address,
    client_name,
    is_safe_to_keep,
    presented_token,
    retry_count,
)
from counterfoil.spend.model import Dialect

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({b"authorization": b"Bearer sk-one"}, "sk-one"),
        ({b"authorization": b"bearer   sk-one "}, "sk-one"),
        ({b"x-api-key": b"sk-two"}, "sk-two"),
        ({b"authorization": b"Basic c2s6", b"x-api-key": b"sk-two"}, "sk-two"),
        ({b"authorization": b"sk-one"}, None),
        ({b"authorization": b"Bearer "}, None),
        ({b"x-api-key": b"k" * 513}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("dialect", Dialect)
def test_the_key_is_read_from_either_header(headers: dict[bytes, bytes], token: str | None, dialect: Dialect) -> None:
    assert presented_token(headers, dialect) == token


def test_where_both_are_sent_the_dialects_own_counts() -> None:
    both = {b"authorization": b"Bearer sk-one", b"x-api-key": b"sk-two"}
    assert presented_token(both, Dialect.OPENAI) == "sk-one"
    assert presented_token(both, Dialect.ANTHROPIC) == "sk-two"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        # A stranger's header is not believed.
        ("198.51.100.7", [b"203.0.113.1"], "198.51.100.7"),
        ("10.0.0.1", [b"203.0.113.1"], "203.0.113.1"),
        # The last that is not ours: what stands before it the client may have invented.
        ("10.0.0.1", [b"1.1.1.1, 203.0.113.1, 10.9.9.9"], "203.0.113.1"),
        ("10.0.0.1", [b"1.1.1.1", b"203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", [b"10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ("::ffff:10.0.0.1", [b"[2001:db8::1]:443"], "2001:db8::1"),
        ("fd00::1", [b"203.0.113.1:5555"], "203.0.113.1"),
        ("10.0.0.1", [b"203.0.113.1, nonsense"], UNKNOWN_ADDRESS),
        ("10.0.0.1", [b""], UNKNOWN_ADDRESS),
        ("10.0.0.1", [], "10.0.0.1"),
        ("", [], UNKNOWN_ADDRESS),
    ],
)
def test_the_clients_address(peer: str, forwarded: list[bytes], address: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert client_address("10.0.0.1", [b"203.0.113.1"], ()) == "10.0.0.1"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (b"OpenAI/Python 3.54.0", "OpenAI/Python 3.54.0"),
        (b"AsyncAnthropic/Python 2.12.0", "AsyncAnthropic/Python 2.12.0"),
        (b"curl/8.5.0", "curl/8.5.0"),
        (b"Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0"),
        (b"sk-0123456789abcdef0123456789abcdef", "sk-…cdef"),
        (b"\xff\xfe", ""),
        (b"", ""),
        (None, ""),
    ],
)
def test_the_name_of_the_client(user_agent: bytes | None, name: str) -> None:
    assert client_name(user_agent) == name


def test_the_sdks_count_of_retries() -> None:
    assert [retry_count(each) for each in (b"0", b"2", b"9999", b"12345", b"two", b"-1", None)] == [
        0, 2, 1000, None, None, None, None,
    ]  # fmt: skip


def test_a_key_in_the_place_of_a_model_is_not_kept() -> None:
    assert is_safe_to_keep("claude-sonnet-4-5-20250929")
    assert is_safe_to_keep("openai/gpt-4o-mini")
    assert not is_safe_to_keep("sk-0123456789abcdef0123456789abcdef")
