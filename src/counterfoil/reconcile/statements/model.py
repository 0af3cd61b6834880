"""What a statement comes down to: lines, rejects and totals. Amounts are nanos, times UTC microseconds.

An amount is always positive; `direction` says whether it came to us (+1) or left (-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class LineKind(StrEnum):
    """What a line is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    FEE = "fee"
    PAYOUT = "payout"
    ADJUSTMENT = "adjustment"
    TRANSFER = "transfer"
    # What an upstream bills: per request, or per bucket of time, model and key.
    USAGE = "usage"
    COST = "cost"


class LineStatus(StrEnum):
    """How far what a line tells of has come; only `succeeded` lines moved money."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamUse:
    """What an upstream's line says was used, in disjoint kinds; None where the line does not say."""

    model: str
    key_name: str | None = None
    # The upstream's own id of the request, where lines are per request.
    upstream_id: str | None = None
    starts_at: int
    # Exclusive; equal to `starts_at` for a single request.
    ends_at: int
    requests: int | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    # The upstream says that this one failed or was cancelled.
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. `natural_key` tells it from every other line of its source, and is the same in every export of it.

    `fee` is what the channel kept of it (negative where it gave a fee back). Ids are the file's own words, without tabs,
    quotes and backticks; None where the file has none. `raw` is the line as it stands there, cell by cell.
    """

    number: int
    natural_key: str
    kind: LineKind
    status: LineStatus = LineStatus.SUCCEEDED
    direction: int
    amount: int
    currency: str
    at: int
    fee: int = 0
    # The channel's number of the payment, what we gave it as order number, and the same of a refund.
    trade_number: str | None = None
    order_number: str | None = None
    refund_number: str | None = None
    merchant_refund_number: str | None = None
    payout_number: str | None = None
    payer: str | None = None
    description: str | None = None
    use: UpstreamUse | None = None
    raw: Mapping[str, str] = field(default_factory=dict)


class RejectReason(StrEnum):
    """Why a line could not be read."""

    AMOUNT_UNREADABLE = "amount_unreadable"
    TIME_UNREADABLE = "time_unreadable"
    CURRENCY_UNKNOWN = "currency_unknown"
    CELL_MISSING = "cell_missing"
    CELL_UNKNOWN = "cell_unknown"
    TOO_FEW_CELLS = "too_few_cells"
    TOO_MANY_CELLS = "too_many_cells"
    ENCODING_BROKEN = "encoding_broken"
    DUPLICATE_IN_FILE = "duplicate_in_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A line that is not believed: where it stands (line, and column by its name in the file) and why. Never dropped."""

    number: int
    column: str | None
    reason: RejectReason
    # The line as it stands, cut to 500 characters.
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A total that the file states, and what its lines come to. `stated` and `found` are nanos, or counts."""

    name: str
    stated: int
    found: int
    is_count: bool = False

    @property
    def holds(self) -> bool:
        return self.stated == self.found


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A file, read. `is_truncated` where the end that such a file always has is missing; `begins` (inclusive) and `ends`
    (exclusive) as the file states its period, else None."""

    importer: str
    version: int
    lines: tuple[Line, ...]
    rejects: tuple[Reject, ...]
    totals: tuple[Total, ...]
    is_truncated: bool
    begins: int | None = None
    ends: int | None = None
    # What the file says of whose it is (merchant number, account), to hold against the configured source.
    owner: str | None = None
