"""A call from its arrival to its charge: who calls, what for, what was decided, tried and charged.

Amounts are nanos, times UTC microseconds. Nothing of a call's content is in here, in any form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from counterfoil.ledger.model import Hold
from counterfoil.limits.model import Decision, Problem
from counterfoil.pricing.model import Bound, Price, Usage, WorkShape


class Dialect(StrEnum):
    """Whose wire format a call speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Endpoint(StrEnum):
    CHAT_COMPLETIONS = "chat_completions"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"
    MESSAGES = "messages"
    IMAGE_GENERATIONS = "image_generations"
    IMAGE_EDITS = "image_edits"
    VIDEOS = "videos"
    VIDEO_REMIX = "video_remix"
    SPEECH = "speech"
    TRANSCRIPTIONS = "transcriptions"

    @property
    def dialect(self) -> Dialect:
        return Dialect.ANTHROPIC if self is Endpoint.MESSAGES else Dialect.OPENAI


# Whose answer is a task that goes on after the call, and that can be given again.
POLLED_ENDPOINTS = frozenset({Endpoint.VIDEOS, Endpoint.VIDEO_REMIX})
# What is recorded as a task beside the request.
TASK_ENDPOINTS = POLLED_ENDPOINTS | {
    Endpoint.IMAGE_GENERATIONS,
    Endpoint.IMAGE_EDITS,
    Endpoint.SPEECH,
    Endpoint.TRANSCRIPTIONS,
}


class RequestState(StrEnum):
    """What became of a request.

    `unknown`: its hold expired and nobody can say; the upstream's bill will tell. `repeated`: a task that its
    Idempotency-Key names was given again.
    """

    HELD = "held"
    SERVED = "served"
    REFUSED = "refused"
    FAILED = "failed"
    CLIENT_GONE = "client_gone"
    UNKNOWN = "unknown"
    SERVED_NOT_CHARGED = "served_not_charged"
    REPEATED = "repeated"


class ChargeMark(StrEnum):
    NOT_CHARGED = "not_charged"
    HELD = "held"
    CHARGED = "charged"
    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partly_refunded"


class AttemptOutcome(StrEnum):
    """How one try at one upstream ended. `unknown`: it timed out and may yet be on the upstream's bill."""

    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    NOT_CONNECTED = "not_connected"
    CUT = "cut"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    OUT_OF_MONEY = "out_of_money"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The key that a token belongs to. The token itself is forgotten once hashed (L12)."""

    account_id: UUID
    key_id: UUID
    token_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call as it came in, without its content.

    `shape` is None where the body could not be understood; `problems` are reasons to refuse that the door found.
    `client` is the SDK and version from the user agent, `retry_count` what the SDK says of itself. `fingerprint` and
    `idempotency_key` are keyed hashes (`submissions.Fingerprints`). A task's hold lasts `hold_seconds`.
    """

    request_id: UUID
    received_at: int
    endpoint: Endpoint
    model: str | None
    stream: bool
    client_address: str
    client: str
    retry_count: int | None = None
    shape: WorkShape | None = None
    problems: tuple[Problem, ...] = ()
    fingerprint: bytes | None = None
    idempotency_key: bytes | None = None
    is_task: bool = False
    hold_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCopy:
    """The copy of a submission that another was held against, as it stood then. `charged_nanos` is what it cost."""

    request_id: UUID
    is_task: bool
    state: str
    charge_mark: str
    charged_nanos: int
    currency: str


@dataclass(slots=True, kw_only=True)
class Ticket:
    """What the guard works with for one authorization; the guard fills in the second half when it decides.

    Mutable on purpose: a batch that has to be run again decides anew and overwrites it.
    """

    caller: Caller
    arrival: Arrival
    price: Price | None
    problems: tuple[Problem, ...]
    strict_bound: bool
    fit: bool
    # The most it may cost at price tier ×1; None where that cannot be known.
    bound: Bound | None = None
    output_cap: int = 0
    multiplier_millis: int = 1000
    input_tokens: int = 0
    show_balance: bool = False
    spendable: int = 0
    # Here and not in the ledger's answer: a batch that is run again after its COMMIT was lost finds the refusal's row,
    # and no decision with it.
    refused: RefusedCall | None = None
    repeated: Repeated | None = None
    # Rows of other rooms (`guard.Along`), written together with the hold.
    along: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Every check passed: serve the call with at most `output_cap` output tokens, then capture or void the hold."""

    request_id: UUID
    caller: Caller
    arrival: Arrival
    hold: Hold
    output_cap: int
    price: Price
    multiplier_millis: int
    show_balance: bool
    # What the wallet could still spend after this hold.
    spendable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCall:
    """A decision not to serve, as recorded. Identical 429s of a minute share a row, and so a request id."""

    request_id: UUID
    decision: Decision
    show_balance: bool
    first: FirstCopy | None = None

    @property
    def code(self) -> str:
        assert self.decision.code is not None
        return self.decision.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """The Idempotency-Key names a task that is there already: it is given again, and nothing held or charged."""

    request_id: UUID
    task_id: UUID
    caller: Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a hold has ended inside somebody's unit of work; amounts in nanos.

    `late`: it had expired before, and a capture has recorded what nobody paid. `again`: it had been ended the same way
    before, and this is the first answer.
    """

    verb: str
    charged: int
    released: int
    uncollected: int
    late: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one upstream. `response_id` is the upstream's own name for what it did; `error_text` is redacted."""

    number: int
    upstream: str
    upstream_model: str
    started_at: int
    ended_at: int
    outcome: AttemptOutcome
    status_code: int | None = None
    response_id: str | None = None
    error_text: str | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What was delivered to the client: charge it. `usage.estimated` says that we counted it ourselves."""

    usage: Usage
    status_code: int
    first_byte_at: int | None
    ended_at: int
    attempts: tuple[Attempt, ...]
    client_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Nothing was delivered: charge nothing. `code` is ours; `error_text` is the upstream's own words, redacted."""

    code: str
    status_code: int
    ended_at: int
    attempts: tuple[Attempt, ...]
    error_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a call cost its customer. `uncollected` is usage beyond the hold that the wallet could not pay.

    `settled` is false where the hold had expired before: nothing was charged, the request is served_not_charged.
    """

    charged: int
    uncollected: int
    currency: str
    estimated: bool
    settled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A key's account at a glance, for balance endpoints. Amounts in nanos."""

    account_id: UUID
    currency: str
    spendable: int
    held: int
    credited: int
    charged: int
    show_balance: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    number: int
    upstream: str
    upstream_model: str
    started_at: int
    ended_at: int
    outcome: str
    status_code: int | None
    response_id: str | None
    error_text: str | None
    cost_nanos: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request as recorded, for people. `tokens` are counts by kind; `checks` is the decision's JSON."""

    account_id: UUID
    request_id: UUID
    event_no: int
    key_id: UUID
    key_mask: str
    group_id: UUID | None
    group_name: str | None
    member_id: UUID | None
    endpoint: str
    model: str | None
    model_tier: str | None
    stream: bool
    client: str
    client_address: str
    retry_count: int | None
    in_flight: int
    received_at: int
    decided_at: int
    first_byte_at: int | None
    ended_at: int | None
    state: str
    charge_mark: str
    status_code: int | None
    code: str | None
    error_text: str | None
    output_cap: int | None
    needed_nanos: int | None
    held_nanos: int
    charged_nanos: int
    uncollected_nanos: int
    refunded_nanos: int
    currency: str
    price_version: UUID | None
    multiplier_millis: int
    arithmetic: str | None
    tokens: str | None
    estimated: bool
    repeats: int
    submission_id: UUID | None
    verdict: str | None
    first_request_id: UUID | None
    checks: str
    attempts: tuple[AttemptView, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionView:
    """What a customer meant once, with all its copies counted; amounts in nanos, refunds deducted.

    `blocked` copies were refused, `repeated` ones were given the same task again. `requests` are the copies themselves.
    """

    account_id: UUID
    submission_id: UUID
    key_id: UUID
    key_mask: str | None
    endpoint: str
    model: str | None
    first_at: int
    last_at: int
    copies: int
    retries: int
    duplicates: int
    blocked: int
    repeated: int
    charged_copies: int
    open_copies: int
    charged_nanos: int
    held_nanos: int
    currency: str
    requests: tuple[RequestView, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBurst:
    """A key whose calls of one model rose for three minutes on end: from `first_calls` to `calls` a minute."""

    key_id: UUID
    key_mask: str | None
    endpoint: str
    model: str | None
    minute_at: int
    first_calls: int
    calls: int
    charged_nanos: int
