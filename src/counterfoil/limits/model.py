"""Groups, keys, limits, what a call asks for, and the decision with its checks.

Amounts of unit `money` are nanos of the account's currency; times are UTC microseconds; token counts are whole tokens.
Nothing here does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from re import Pattern
from typing import NamedTuple
from uuid import UUID

from counterfoil.foundation.periods import Window

Network = IPv4Network | IPv6Network
# The usage of one limit in one window, and where it is found: (limit_id, window_start) -> (used, held).
UsageKey = tuple[UUID, int]
UsedAndHeld = tuple[int, int]

CAP_SCALE = 1_000_000


class Scope(StrEnum):
    """Where a check looks, in the order people check them. A limit has one of the first three."""

    ACCOUNT = "account"
    GROUP = "group"
    KEY = "key"
    MODEL = "model"
    COST = "cost"
    REQUEST = "request"


LIMIT_SCOPES = (Scope.ACCOUNT, Scope.GROUP, Scope.KEY)


class Unit(StrEnum):
    """What a limit counts. `in_flight` counts open holds."""

    MONEY = "money"
    REQUESTS = "requests"
    TOKENS = "tokens"
    IN_FLIGHT = "in_flight"


class Status(StrEnum):
    """Whether a key or group serves calls."""

    ACTIVE = "active"
    DISABLED = "disabled"


class DuplicatePolicy(StrEnum):
    """What is done with a copy of a submission."""

    OFF = "off"
    FLAG = "flag"
    BLOCK = "block"


# How long after a copy another one still belongs to the same submission, and stands in the way of it.
DUPLICATE_WINDOW_SECONDS = 600
DUPLICATE_WINDOW_SECONDS_MAX = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateRule:
    """What is done with copies, and within how many seconds something counts as one."""

    policy: DuplicatePolicy = DuplicatePolicy.FLAG
    window_seconds: int = DUPLICATE_WINDOW_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDuplicates:
    """An account's own choice; None leaves it to the default (`flag`, ten minutes)."""

    policy: DuplicatePolicy | None = None
    window_seconds: int | None = None


class Policy(StrEnum):
    """What happens when the asked output cap does not fit: lower it, or refuse."""

    FIT = "fit"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A team or project inside an account.

    `price_tier_millis` multiplies prices (1000 is ×1). Empty `allowed_models` permits every model. A `duplicate_policy`
    or window of None inherits the account's.
    """

    group_id: UUID
    name: str
    price_tier_millis: int = 1000
    allowed_models: tuple[str, ...] = ()
    duplicate_policy: DuplicatePolicy | None = None
    duplicate_window_seconds: int | None = None
    status: Status = Status.ACTIVE
    created_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key, known by the SHA-256 of its token and shown by its mask.

    Empty `allowed_addresses` (networks in CIDR form) and `allowed_models` (patterns with * and ?) permit everything. A
    `duplicate_policy` or window of None inherits the group's.
    """

    key_id: UUID
    group_id: UUID | None
    member_id: UUID | None = None
    name: str
    token_hash: bytes
    mask: str
    status: Status = Status.ACTIVE
    expires_at: int | None = None
    allowed_addresses: tuple[str, ...] = ()
    allowed_models: tuple[str, ...] = ()
    show_balance: bool = False
    duplicate_policy: DuplicatePolicy | None = None
    duplicate_window_seconds: int | None = None
    created_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """What an administrator chooses for a group."""

    name: str
    price_tier_millis: int = 1000
    allowed_models: tuple[str, ...] = ()
    duplicate_policy: DuplicatePolicy | None = None
    duplicate_window_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """What an administrator chooses for a key."""

    name: str
    group_id: UUID | None = None
    member_id: UUID | None = None
    expires_at: int | None = None
    allowed_addresses: tuple[str, ...] = ()
    allowed_models: tuple[str, ...] = ()
    show_balance: bool = False
    duplicate_policy: DuplicatePolicy | None = None
    duplicate_window_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A key with its token, which is shown this once and never stored."""

    key: Key
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAddress:
    """Where a token's key is found."""

    account_id: UUID
    key_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `amount` of `unit` per `window` for everything in one scope. A ceiling is money per request.

    Until `raised_until` it is at most `raised_amount`, if that is more. Whoever decides or shows a limit takes it at a
    moment (`rules.limit_at`): `amount` is then what holds at that moment, and `raised_from` what it goes back to.
    """

    limit_id: UUID
    scope: Scope
    scope_id: UUID
    unit: Unit
    window: Window
    amount: int
    created_at: int = 0
    raised_amount: int | None = None
    raised_until: int | None = None
    # Set while it is raised.
    raised_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one window of a limit has seen: `used` is settled, `held` is reserved by open holds."""

    limit_id: UUID
    window_start: int
    used: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitStanding:
    """A limit as it is at one moment, with its usage in the window of that moment, for people to read."""

    limit: Limit
    usage: Usage
    resets_at: int | None

    @property
    def remaining(self) -> int:
        return max(0, self.limit.amount - self.usage.used - self.usage.held)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletView:
    """What a decision needs to know of the wallet. `held` is shown, never subtracted: `spendable` excludes it already."""

    spendable: int
    currency: str
    account_status: str
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one call may cost, as a function of its output cap.

    `base_nanos` is everything but output (input bound, per-call and tool fees; the whole cost where
    `output_nanos_per_million` is 0). The rate covers all `outputs` together. Caps count tokens of one output.
    """

    base_nanos: int
    output_nanos_per_million: int = 0
    input_tokens: int = 0
    outputs: int = 1
    floor_cap: int = 0
    asked_cap: int = 0
    policy: Policy = Policy.FIT

    @property
    def least_cap(self) -> int:
        """The smallest cap that this call may be served with."""
        if self.policy is Policy.STRICT or self.floor_cap > self.asked_cap:
            return self.asked_cap
        return self.floor_cap

    def money(self, cap: int) -> int:
        """The most this call may cost with that cap, in nanos, rounded up."""
        return self.base_nanos - (-self.output_nanos_per_million * cap) // CAP_SCALE

    def tokens(self, cap: int) -> int:
        """The most tokens this call may take with that cap."""
        return self.input_tokens + self.outputs * cap

    def largest_cap_for_money(self, nanos: int) -> int:
        """The largest cap up to the asked one that costs at most `nanos`; -1 where even a cap of 0 costs more."""
        room = nanos - self.base_nanos
        if room < 0:
            return -1
        if not self.output_nanos_per_million:
            return self.asked_cap
        cap = room * CAP_SCALE // self.output_nanos_per_million
        return cap if cap < self.asked_cap else self.asked_cap

    def largest_cap_for_tokens(self, tokens: int) -> int:
        """The largest cap up to the asked one that takes at most `tokens`; -1 where the input alone is more."""
        room = tokens - self.input_tokens
        return -1 if room < 0 else min(self.asked_cap, room // self.outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A reason to refuse that was found before the limits were asked, such as an unknown model or a missing price.

    `retry_after` (seconds) is given where waiting may cure it.
    """

    code: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question that was asked of a call, with its numbers and its answer.

    `amount` is the limit's (None for the wallet and for permissions), `remaining` what was left before this call,
    `needed` the least that it takes (None where that is unknown). `curable` says that the same call can pass this check
    after waiting; `retry_after` is how long, in seconds.
    """

    scope: Scope
    code: str
    passed: bool
    limit_id: UUID | None = None
    unit: Unit | None = None
    window: Window | None = None
    amount: int | None = None
    used: int | None = None
    held: int | None = None
    remaining: int | None = None
    needed: int | None = None
    resets_at: int | None = None
    retry_after: int | None = None
    curable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a call is served, and every check behind that. `code` is None when it is.

    `output_cap` is the cap to hold for (None when refused). `needed_nanos` and `needed_tokens` belong to that cap, or
    to the least cap when refused. `passing_cap` is the largest cap that would pass where asking for less output is all
    it takes. `curable` says that waiting cures every failing check.
    """

    code: str | None
    currency: str
    checks: tuple[Check, ...]
    output_cap: int | None = None
    needed_nanos: int | None = None
    needed_tokens: int | None = None
    passing_cap: int | None = None
    retry_after: int | None = None
    curable: bool = False

    @property
    def passed(self) -> bool:
        return self.code is None

    @property
    def failing(self) -> tuple[Check, ...]:
        """The checks that failed, in the order people check them."""
        return tuple(check for check in self.checks if not check.passed)


class Counted(NamedTuple):
    """What a hold counts in one limit's window; kept with the hold, so that its end moves the same window.

    A tuple because one is made per limit and call. `held` is 0 for a limit of requests: those are used at once.
    """

    limit_id: UUID
    window_start: int
    unit: Unit
    held: int


# A change of one usage row: limit, window start, used, held. Several are made per call and none is kept.
UsageDelta = tuple[UUID, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The windows that hold one moment, in an account's time zone: starts and ends by `WINDOW_INDEX`.

    Good for every moment before `valid_until`.
    """

    starts: tuple[int, int, int, int]
    ends: tuple[None, int, int, int]
    valid_until: int


# The place of each counted window in `Windows`. A request's ceiling has no usage and so no window.
WINDOW_INDEX = {Window.LIFETIME: 0, Window.MINUTE: 1, Window.DAY: 2, Window.MONTH: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPatterns:
    """Compiled model permission: exact names and patterns. Both empty permits everything."""

    names: frozenset[str]
    patterns: tuple[Pattern[str], ...]

    def permits(self, model: str) -> bool:
        if model in self.names or not (self.names or self.patterns):
            return True
        return any(pattern.match(model) for pattern in self.patterns)


# A limit as the hot path reads it: its id, its place in `Windows.starts`, its amount.
HotLimit = tuple[UUID, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicable:
    """Everything that limits one key, compiled once per change of the account's rows.

    `limits` are those of the account, the group and the key, in that order. The rest serves the hot path.
    """

    key: Key
    group: Group | None
    limits: tuple[Limit, ...]
    duplicates: DuplicateRule
    enabled: bool
    networks: tuple[Network, ...]
    key_models: ModelPatterns
    group_models: ModelPatterns
    # The smallest request ceiling.
    ceiling: int | None
    money: tuple[HotLimit, ...]
    tokens: tuple[HotLimit, ...]
    # Limits of requests and of calls in flight: each call takes one.
    ones: tuple[HotLimit, ...]
    # Which usage rows a hold moves: (id, place in Windows.starts, unit).
    moved: tuple[tuple[UUID, int, Unit], ...]
