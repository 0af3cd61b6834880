"""REST tokens: what a program may do in somebody's name. Nothing here does I/O. Times are UTC microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RestToken:
    """A token without its secret. `scopes` are values of `Own` and `Staff`; the person's roles narrow them further."""

    token_id: UUID
    person_id: UUID
    name: str
    mask: str
    scopes: frozenset[str]
    created_at: int
    # None: until it is revoked.
    expires_at: int | None
    # The start of the day (UTC) on which it was last used.
    last_used_at: int | None
    revoked_at: int | None

    def is_active(self, now: int) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token that was made, with its secret, which is shown this once."""

    rest_token: RestToken
    token: str = field(repr=False)
