"""What telling people needs to know of rooms beside it; the wiring fills it in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from psycopg import AsyncConnection


class People(Protocol):
    """Where the active members of accounts can be written to."""

    async def readers_of(self, account_id: UUID) -> Sequence[UUID]:
        """The members of an account that are to be written to."""

    async def admins_of(self, account_id: UUID) -> Sequence[UUID]:
        """Those of them who may change its limits."""

    async def address_of(self, member_id: UUID) -> str | None:
        """A member's e-mail address; None for one that is not, or no longer, to be written to."""


class Nobody:
    """Members without addresses: for installations that know none."""

    async def readers_of(self, account_id: UUID) -> Sequence[UUID]:
        return ()

    async def admins_of(self, account_id: UUID) -> Sequence[UUID]:
        return ()

    async def address_of(self, member_id: UUID) -> str | None:
        return None


class LimitsThatRefused(Protocol):
    async def __call__(self, connection: AsyncConnection[Any], account_ids: Sequence[UUID], *, since: int) -> set[UUID]:
        """The limits that calls of these accounts, which came in since a time, were refused for."""


class UpstreamsOutOfMoney(Protocol):
    async def __call__(self, connection: AsyncConnection[Any], *, since: int) -> list[str]:
        """The upstreams that have refused since a time for lack of our money there."""
