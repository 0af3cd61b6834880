"""Lists of requests: what is asked for, and one page of the answer.

A call writes no index for the sake of lists, but for what nothing was held for (refusals, and tasks given again). Other
filters are looked for from the newest request backwards, so many at a time: a page says how far it has looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from counterfoil.spend.model import RequestState, RequestView

# How many requests are looked through at a time, and for how long a page goes on with that (seconds): a page takes no
# longer than a tenth of a second with ten million requests stored.
LOOKED_THROUGH = 1_000
LOOKING_SECONDS = 0.03
# States for which nothing was ever held; they, and refusals by their codes, have an index of their own.
_NOT_HELD = frozenset({RequestState.REFUSED.value, RequestState.REPEATED.value})
# Codes of decisions alone: no call that was admitted ends with one.
_OF_DECISIONS = frozenset(
    {
        "key_invalid", "key_disabled", "key_expired", "ip_not_allowed", "account_suspended", "model_not_permitted",
        "idempotency_key_reused", "duplicate_submission", "too_many_in_flight", "cost_unbounded", "request_ceiling",
        "key_limit", "group_quota", "account_balance", "rate_limited",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """Which requests of an account; what is None is not asked about. `since` and `until` (exclusive) are UTC microseconds."""

    state: str | None = None
    code: str | None = None
    charge_mark: str | None = None
    key_id: UUID | None = None
    group_id: UUID | None = None
    member_id: UUID | None = None
    model: str | None = None
    since: int | None = None
    until: int | None = None

    @property
    def narrows(self) -> bool:
        """Whether not every request of the time is meant."""
        return any(
            one is not None
            for one in (
                self.state, self.code, self.charge_mark, self.key_id, self.group_id, self.member_id, self.model,
            )
        )  # fmt: skip

    @property
    def held_nothing(self) -> bool:
        """Whether only requests are meant for which nothing was held."""
        return self.state in _NOT_HELD or self.code in _OF_DECISIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPage:
    """Requests, newest first. `before` is where to go on; None at the end. `looked_until` is the time down to which nothing
    more was found, where that is why the page is short."""

    requests: tuple[RequestView, ...]
    before: UUID | None = None
    looked_until: int | None = None
