"""The database's bad moments: told as what they are, and waited out where an upstream has already acted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg

from counterfoil.foundation.errors import Unavailable

T = TypeVar("T")
# What an upstream has just told is known to nobody else: for five seconds or so it is worth holding on to it.
_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0)


@contextmanager
def available() -> Iterator[None]:
    """A lock that cannot be had, or a connection that breaks, is the operator's side: `Unavailable`."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise Unavailable(code="database_unavailable", reason=type(error).__name__) from error


async def persist(work: Callable[[], Awaitable[T]]) -> T:
    """Do a unit of work that may be done twice, again and again until the database takes it; raises `Unavailable`."""
    for pause in _PAUSES_SECONDS:
        try:
            with available():
                return await work()
        except Unavailable:
            await asyncio.sleep(pause)
    with available():
        return await work()
