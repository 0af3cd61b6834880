"""What the desk keeps: sources, statements, runs, matches, breaks and what was done about them. Amounts are nanos, times UTC
microseconds, days ISO dates of UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from counterfoil.reconcile.model import Book, BreakClass
from counterfoil.reconcile.statements.importer import Reading

_DAY_SECONDS = 86_400


class SourceKind(StrEnum):
    """What a source of statements is."""

    PROVIDER = "provider"
    UPSTREAM = "upstream"
    BANK = "bank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where statements come from. `name` is a payment provider's, an upstream's or a bank account's.

    `importers` are those whose files are its own where nobody says so; `tolerance` is currency -> smallest units.
    """

    name: str
    what: SourceKind
    importers: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)
    expected_daily: bool = True
    settling_seconds: int = _DAY_SECONDS
    fee_millionths: int | None = None
    fee_fixed: int = 0
    tolerance: Mapping[str, int] = field(default_factory=dict)
    payouts_to: str | None = None
    # The number that its files name as their owner, hashed and masked; None: whatever they name.
    owner_hash: bytes | None = None
    owner_mask: str | None = None
    is_active: bool = True
    created_at: int = 0
    created_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStatement:
    """A file as it was read, with what came of it. `ends` is exclusive."""

    statement_id: UUID
    source: str
    file_hash: bytes
    importer: str
    importer_version: int
    name: str
    begins: int | None
    ends: int | None
    period_is_stated: bool
    is_truncated: bool
    lines: int
    lines_new: int
    lines_changed: int
    rejects: int
    totals: int
    totals_wrong: int
    imported_at: int
    imported_by: str
    set_aside_at: int | None = None
    set_aside_by: str | None = None
    set_aside_reason: str | None = None

    @property
    def faults(self) -> tuple[InconclusiveReason, ...]:
        """What keeps a day that it covers from being conclusive."""
        if self.set_aside_at is not None:
            return ()
        found = (
            (self.is_truncated, InconclusiveReason.STATEMENT_TRUNCATED),
            (self.rejects > 0, InconclusiveReason.STATEMENT_REJECTS),
            (self.totals_wrong > 0, InconclusiveReason.STATEMENT_TOTALS),
        )
        return tuple(reason for holds, reason in found if holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReject:
    """A line that was not believed; `raw` is redacted."""

    place: int
    number: int
    column: str | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTotal:
    """A total that a file states, and what its lines come to."""

    place: int
    name: str
    stated: int
    found: int
    is_count: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    """A line as kept: channels' numbers and payers as keyed hashes and masks, everything typed redacted."""

    line_id: UUID
    revision: int
    source: str
    statement_id: UUID
    importer: str
    number: int
    natural_key: bytes
    content: bytes
    kind: str
    status: str
    direction: int
    amount: int
    fee: int
    currency: str
    at: int
    trade_key: bytes | None
    trade_mask: str | None
    order_id: UUID | None
    refund_key: bytes | None
    refund_mask: str | None
    refund_id: UUID | None
    payout_key: bytes | None
    payer_key: bytes | None
    payer_mask: str | None
    description: str | None
    starts_at: int | None
    ends_at: int | None
    upstream_id: str | None
    model: str | None
    key_name: str | None
    requests: int | None
    input_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    failed: bool | None
    raw: Mapping[str, Any]


class RunState(StrEnum):
    """How far a run is. `closed`: everything expected was there and was held against the other side."""

    RUNNING = "running"
    CLOSED = "closed"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"


class InconclusiveReason(StrEnum):
    """Why a run proves nothing."""

    SOURCE_MISSING = "source_missing"
    SOURCE_INCOMPLETE = "source_incomplete"
    STATEMENT_TRUNCATED = "statement_truncated"
    STATEMENT_REJECTS = "statement_rejects"
    STATEMENT_TOTALS = "statement_totals"
    DAY_NOT_OVER = "day_not_over"
    ARCHIVE_MISSING = "archive_missing"
    # The process that was at it is gone.
    RUN_KILLED = "run_killed"
    RUN_FAILED = "run_failed"
    # Of a day: a book that nobody has held, one that is being held, one that was held before a statement came.
    BOOK_NOT_RUN = "book_not_run"
    BOOK_RUNNING = "book_running"
    STATEMENT_SINCE = "statement_since"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReason:
    """One reason, with the source and the statement that it is about."""

    code: InconclusiveReason
    source: str | None = None
    statement_id: UUID | None = None
    detail: str | None = None
    book: Book | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One book of one day, held against the other side once."""

    run_id: UUID
    day: date
    book: Book
    begins: int
    ends: int
    engine: str
    state: RunState
    started_at: int
    started_by: str
    ended_at: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    reasons: tuple[RunReason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDay:
    """A day that somebody has closed."""

    day: date
    closed_at: int
    closed_by: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Rows that belong together, as an engine has found or a person has said."""

    match_id: UUID
    book: Book
    rule: str
    rule_version: int
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    currency: str | None
    variance: int
    is_suggested: bool
    run_id: UUID | None
    made_by: str | None
    made_at: int
    ended_at: int | None = None
    ended_by: str | None = None


class BreakState(StrEnum):
    """Where a break is. Open and expected ones have an owner who is to do something."""

    OPEN = "open"
    EXPECTED = "expected"
    SETTLED = "settled"
    IGNORED = "ignored"
    CLOSED_BY_ITSELF = "closed_by_itself"

    @property
    def is_standing(self) -> bool:
        return self in (BreakState.OPEN, BreakState.EXPECTED)


class BreakEventKind(StrEnum):
    """A step of a break."""

    FOUND = "found"
    FOUND_AGAIN = "found_again"
    # The same rows, of another class now: a pending one whose time is up.
    BECAME = "became"
    NO_LONGER_EXPECTED = "no_longer_expected"
    LATE_LINE_CAME = "late_line_came"
    FOUND_NO_MORE = "found_no_more"
    REMARKED = "remarked"
    LINKED = "linked"
    IGNORED = "ignored"
    EXPECTED = "expected"
    WRITTEN_OFF = "written_off"
    CREDITED = "credited"
    REFUNDED = "refunded"
    ADJUSTED = "adjusted"
    REOPENED = "reopened"
    UNDONE = "undone"
    PROPOSED = "proposed"
    # Somebody has taken it on, or nobody any more.
    ASSIGNED = "assigned"


class SettlementAction(StrEnum):
    """What a person may do about a break."""

    LINK = "link"
    IGNORE = "ignore"
    EXPECT = "expect"
    WRITE_OFF = "write_off"
    CREDIT = "credit"
    REFUND = "refund"
    ADJUST = "adjust"
    REOPEN = "reopen"
    UNDO = "undo"

    @property
    def moves_money(self) -> bool:
        return self in _MOVING


_MOVING = frozenset(
    {SettlementAction.WRITE_OFF, SettlementAction.CREDIT, SettlementAction.REFUND, SettlementAction.ADJUST}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A row, or rows, that do not fit, as kept from the first day on."""

    break_id: UUID
    identity: bytes
    book: Book
    break_class: BreakClass
    owner: str
    source: str | None
    account_id: UUID | None
    currency: str | None
    expected: int | None
    found: int | None
    at: int
    rule: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    alternatives: tuple[str, ...]
    state: BreakState
    first_day: date
    last_day: date
    first_seen_at: int
    last_seen_at: int
    expected_until: int | None = None
    events: int = 0
    # Who has taken it on, by name; `owner` says whose such breaks are.
    assignee: str | None = None

    @property
    def difference(self) -> int | None:
        """What the other side says more than our records do."""
        if self.expected is None and self.found is None:
            return None
        return (self.found or 0) - (self.expected or 0)

    @property
    def rows(self) -> frozenset[str]:
        return frozenset((*self.ours, *self.theirs))

    def age_days(self, now: int) -> int:
        """For how many days its rows have not matched."""
        return max(0, now // (_DAY_SECONDS * 1_000_000) - (self.first_day - date(1970, 1, 1)).days)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEvent:
    """A step of a break: what it became, who or which run did it, and why."""

    number: int
    at: int
    state: BreakState
    what: BreakEventKind
    by: str | None
    run_id: UUID | None
    remark: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What was done about a break. `undoes` is the settlement that this one takes back."""

    settlement_id: UUID
    break_id: UUID
    number: int
    action: SettlementAction
    account_id: UUID | None
    amount: int | None
    currency: str | None
    facts: Mapping[str, Any]
    reason: str
    by: str
    at: int
    approval_id: UUID | None = None
    undoes: UUID | None = None
    # The settlement that has taken this one back.
    undone_by: UUID | None = None
