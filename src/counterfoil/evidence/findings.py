"""What a question about money comes down to: findings, each with its numbers, its evidence and what would have to differ.

Pure data. Amounts are nanos, times UTC microseconds. A finding holds values; its words come from the vocabulary
(`Kind.FINDING`), in the reader's language, when it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Problem(StrEnum):
    """The four classes of questions (`Kind.PROBLEM_CLASS`), in which order things are checked is part of each."""

    REFUSED = "balance_not_enough"
    NOT_CREDITED = "recharged_not_credited"
    FELL = "balance_fell"
    FAILED = "failed_perhaps_charged"


class FindingCode(StrEnum):
    """What can be found. The first ten are the causes of DESIGN §6 for a refusal; a drop may have some of them too."""

    BALANCE_EXHAUSTED = "balance_exhausted"
    GROUP_QUOTA_REACHED = "group_quota_reached"
    KEY_LIMIT_REACHED = "key_limit_reached"
    MODEL_NOT_PERMITTED = "model_not_permitted"
    HIGH_COST_TASK = "high_cost_task"
    DUPLICATE_SUBMISSIONS = "duplicate_submissions"
    CREDIT_EXPIRED = "credit_expired"
    CREDIT_FROZEN = "credit_frozen"
    RETRY_SPIKE = "retry_spike"
    HELD_IN_FLIGHT = "held_in_flight"
    # A limit on the account itself: neither its wallet nor a group's or key's.
    ACCOUNT_LIMIT_REACHED = "account_limit_reached"
    # Access, rates and the operator's side: the refusal's own code says all there is to say.
    REFUSED_FOR_ITS_CODE = "refused_for_its_code"
    # The text is another service's error, not ours.
    REFUSED_ELSEWHERE = "refused_elsewhere"

    # "I recharged and it is not there."
    ORDER_CREDITED = "order_credited"
    ORDER_NOT_PAID = "order_not_paid"
    ORDER_NOT_BEGUN = "order_not_begun"
    NOTICE_REFUSED = "notice_refused"
    AMOUNT_DIFFERS = "amount_differs"
    PAID_TWICE = "paid_twice"
    CREDITED_TO_ANOTHER_ACCOUNT = "credited_to_another_account"
    ORDER_REFUNDED = "order_refunded"
    ORDER_DISPUTED = "order_disputed"
    CODE_REDEEMED = "code_redeemed"
    CODE_REDEEMED_ELSEWHERE = "code_redeemed_elsewhere"
    CODE_NOT_REDEEMED = "code_not_redeemed"
    CODE_EXPIRED = "code_expired"
    CODE_VOIDED = "code_voided"

    # "My balance dropped."
    SCRIPT_LOOP = "script_loop"
    TASKS_SPENT = "tasks_spent"
    PRICE_RAISED = "price_raised"
    TIER_RAISED = "tier_raised"
    DEARER_MODEL = "dearer_model"
    MORE_USE = "more_use"
    CASH_REFUNDED = "cash_refunded"
    USE_AS_USUAL = "use_as_usual"
    CREDIT_TAKEN_BACK = "credit_taken_back"
    BALANCE_ADJUSTED = "balance_adjusted"

    # "It failed and I was charged."
    NOT_CHARGED = "not_charged"
    CHARGE_REFUNDED = "charge_refunded"
    CHARGED_FOR_DELIVERY = "charged_for_delivery"
    CHARGED_IN_PART = "charged_in_part"
    FAILED_BUT_CHARGED = "failed_but_charged"
    STILL_RUNNING = "still_running"
    OUTCOME_UNKNOWN = "outcome_unknown"


class Confidence(StrEnum):
    """How sure a finding is: recomputed from the records, or the likeliest reading of them."""

    CERTAIN = "certain"
    LIKELY = "likely"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record behind a finding: what it is (request, task, transfer, order, notice, code, grant, hold, limit), its shown
    id, when, and how much of the matter it is."""

    kind: str
    id: str
    at: int | None = None
    nanos: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer. `nanos` is how much of the matter it explains, by which findings are ordered; `numbers` are further
    amounts (nanos) and counts by name, which its words are filled in with; `enough_alone` says of a refusal's cause whether
    the request would have passed without it alone, `enough_together` whether it belongs to the fewest causes that together
    explain it.

    Its words are `Kind.FINDING` (in general, without a number: all that the public sees), `Kind.FINDING_TEXT` (with the
    numbers) and `Kind.FINDING_OTHERWISE` (what would have had to be different), each under `text`, or its own code where
    `text` is None. The name of a number says what it is: `…_nanos` an amount in `currency` (its place in the words is
    named without that ending: `needed_nanos` fills `{needed}`), `…_at` a time, `…_seconds` a duration, `…_millis`
    thousandths; anything else is a count. A name whose key is a kind of the vocabulary (`model_tier`, `task_kind`,
    `order_state`, `notice_outcome`, …) is a code, and is shown in the reader's language.
    """

    code: FindingCode
    confidence: Confidence = Confidence.CERTAIN
    nanos: int = 0
    currency: str | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    # Shown ids, masks and names that its words may hold, already fit for the reader.
    names: Mapping[str, str] = field(default_factory=dict)
    enough_alone: bool | None = None
    enough_together: bool | None = None
    rows: tuple[Row, ...] = ()
    # Which words tell it, where one code has several.
    text: str | None = None
