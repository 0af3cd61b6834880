"""Matches and breaks as the engines find them and as they are kept. Amounts are nanos, times UTC microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Book(StrEnum):
    """What is held against what."""

    # order <-> payment line <-> ledger credit <-> payout
    PAYMENTS = "payments"
    # request <-> task <-> charge, recomputed
    CHARGES = "charges"
    # usage and cost <-> upstream's bill
    UPSTREAM = "upstream"
    # redemption code <-> ledger credit
    CODES = "codes"


class BreakClass(StrEnum):
    """What does not match."""

    # Paid, not credited.
    MISSING_INTERNAL = "missing_internal"
    # Credited, not paid.
    MISSING_EXTERNAL = "missing_external"
    PENDING_WITHIN_WINDOW = "pending_within_window"
    LATE = "late"
    AMOUNT_OVER = "amount_over"
    AMOUNT_UNDER = "amount_under"
    FEE_MISMATCH = "fee_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    STATUS_MISMATCH = "status_mismatch"
    DUPLICATE_INTERNAL = "duplicate_internal"
    DUPLICATE_EXTERNAL = "duplicate_external"
    SPLIT_MISMATCH = "split_mismatch"
    AMBIGUOUS = "ambiguous"
    WRONG_ACCOUNT = "wrong_account"
    SERVED_NOT_CHARGED = "served_not_charged"
    FAILED_BUT_CHARGED = "failed_but_charged"
    CHARGED_TWICE = "charged_twice"
    TASK_WITHOUT_REQUEST = "task_without_request"
    REQUEST_WITHOUT_CHARGE = "request_without_charge"
    CHARGE_DIFFERS_FROM_PRICE = "charge_differs_from_price"
    REFUND_EXCEEDS_CREDIT = "refund_exceeds_credit"
    UPSTREAM_BILLED_FAILED_CALL = "upstream_billed_failed_call"
    UPSTREAM_USAGE_DIFFERS = "upstream_usage_differs"
    OUTCOME_UNKNOWN = "outcome_unknown"
    UNCOLLECTED = "uncollected"
    STALE_SOURCE = "stale_source"
    ROUNDING_WITHIN_TOLERANCE = "rounding_within_tolerance"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMatch:
    """Rows that belong together. `ours` and `theirs` are row ids with their table before a colon (`order:…`, `credit:…`,
    `line:…`), sorted. `variance` is theirs minus ours where it is within tolerance. `is_suggested` where a person is to
    choose: then several of one `group` share rows, and none counts."""

    book: Book
    rule: str
    rule_version: int
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    currency: str | None
    variance: int = 0
    is_suggested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBreak:
    """A row, or rows, that do not fit. The same break found again has the same class and rows: `identity` says which.

    `expected` is what our records say, `found` what the other side says (nanos), None where that side has no row.
    `alternatives` are, for `ambiguous`, the rows of the other side among which a person is to choose.
    """

    book: Book
    break_class: BreakClass
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    source: str | None
    account_id: UUID | None
    currency: str | None
    expected: int | None
    found: int | None
    at: int
    rule: str
    alternatives: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.book, self.break_class, *self.ours, "|", *self.theirs)
