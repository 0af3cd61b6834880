"""The port that `serve` listens on: chosen, asked for alone, and kept."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from counterfoil.foundation.errors import Conflict, InputError


@contextmanager
def claimed_port(host: str, port: int) -> Iterator[int]:
    """The port to serve on (0: any that is free), kept to the end of the block.

    Serving processes share their port (SO_REUSEPORT), and would share it with those of another `serve` as well: calls
    would be answered by either, without a word. So the port is first bound by a socket that shares with nobody, and then
    kept by one that never listens, which no call reaches and which the next `serve` runs into.

    Raises `Conflict` (`port_taken`) where somebody has the port, `InputError` where the address cannot be used.
    """
    family, address = _resolve(host, port)
    with _bound(family, address, host, port) as alone:
        address = alone.getsockname()
    with socket.socket(family, socket.SOCK_STREAM) as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(address)
        yield int(address[1])


def shown_address(host: str, port: int) -> str:
    """The address as a URL."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise _unusable(host, port, error) from error
    return found[0][0], found[0][4]


def _bound(family: socket.AddressFamily, address: Any, host: str, port: int) -> socket.socket:
    alone = socket.socket(family, socket.SOCK_STREAM)
    # Connections of a server that has just ended keep nobody from its port.
    alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        alone.bind(address)
    except OSError as error:
        alone.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict(code="port_taken", address=shown_address(host, port)) from error
        raise _unusable(host, port, error) from error
    return alone


def _unusable(host: str, port: int, error: OSError) -> InputError:
    """An address that is not this machine's, or a port that this user may not open."""
    return InputError(
        code="setting_invalid", setting="--host, --port", expected="an address and port that can be listened on",
        given=shown_address(host[:80], port), reason=error.strerror,
    )  # fmt: skip
