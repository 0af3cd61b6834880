"""Who calls: the presented token, the client's address, its SDK. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from counterfoil.gateway.model import Network
from counterfoil.redaction.rules import redact
from counterfoil.spend.model import Dialect

TOKEN_CHARACTERS_MAX = 512
# Proxies before us: more than these in a chain are somebody's invention.
FORWARDED_MAX = 32
CLIENT_CHARACTERS_MAX = 100
RETRY_COUNT_MAX = 1_000
UNKNOWN_ADDRESS = "unknown"

_PRODUCT = re.compile(r"[A-Za-z][\w.+/-]{0,60}")


def presented_token(headers: Mapping[bytes, bytes], dialect: Dialect) -> str | None:
    """The key that came along, as `Authorization: Bearer` or `x-api-key`; Anthropic's clients send both."""
    scheme, _, bearer = headers.get(b"authorization", b"").strip().partition(b" ")
    given = (bearer.strip() if scheme.lower() == b"bearer" else b"", headers.get(b"x-api-key", b"").strip())
    if dialect is Dialect.ANTHROPIC:
        given = (given[1], given[0])
    token = given[0] or given[1]
    return token.decode("latin-1") if 1 <= len(token) <= TOKEN_CHARACTERS_MAX else None


def client_address(peer: str, forwarded: Sequence[bytes], trusted: Sequence[Network]) -> str:
    """The address that calls: the peer's, or behind trusted proxies the last one in X-Forwarded-For that is not theirs.

    `unknown` where a trusted proxy passes on something that is no address.
    """
    peer = _plain(peer) or UNKNOWN_ADDRESS
    if not trusted or not forwarded or not _is_trusted(peer, tuple(trusted)):
        return peer
    hops = b",".join(forwarded).decode("latin-1").split(",")
    address = peer
    for hop in reversed(hops[-FORWARDED_MAX:]):
        found = _plain(hop)
        if found is None:
            return UNKNOWN_ADDRESS
        address = found
        if not _is_trusted(found, tuple(trusted)):
            return found
    return address


@lru_cache(maxsize=4096)
def _plain(text: str) -> str | None:
    """An address without port and brackets; IPv4 inside IPv6 as IPv4. None for anything else."""
    address = text.strip()
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(found)


@lru_cache(maxsize=4096)
def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in trusted)


@lru_cache(maxsize=1024)
def client_name(user_agent: bytes | None) -> str:
    """The first product of a user agent, such as `OpenAI/Python 3.54.0`; what else it says is not kept."""
    if not user_agent:
        return ""
    words = user_agent[:CLIENT_CHARACTERS_MAX].decode("latin-1").split()
    found = _PRODUCT.match(words[0]) if words else None
    if found is None:
        return ""
    name = found[0]
    # OpenAI's and Anthropic's SDKs write the version as a word of its own.
    if len(words) > 1 and re.fullmatch(r"\d[\w.+-]{0,30}", words[1]):
        name += f" {words[1]}"
    return redact(name)


def retry_count(header: bytes | None) -> int | None:
    """How often the SDK says it has tried before."""
    if header is None or not header.isdigit() or len(header) > 4:
        return None
    return min(int(header), RETRY_COUNT_MAX)


@lru_cache(maxsize=4096)
def is_safe_to_keep(model: str) -> bool:
    """Whether a model's name may be stored and shown: somebody may have put a key there."""
    return redact(model) == model
