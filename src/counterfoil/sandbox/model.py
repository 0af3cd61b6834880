"""What the sandbox is told to be, what a call asks of it, and what it bills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Endpoint(StrEnum):
    """The calls that the sandbox answers; the value is the name that rules and the bill use."""

    CHAT = "chat"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"
    MESSAGES = "messages"


class FailureKind(StrEnum):
    """The ways in which an upstream can fail."""

    STATUS = "status"
    OUT_OF_MONEY = "out_of_money"
    TIMEOUT = "timeout"
    SLOW_FIRST_BYTE = "slow_first_byte"
    CUT = "cut"
    NO_USAGE = "no_usage"
    GARBAGE = "garbage"
    EMPTY = "empty"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    OVERCOUNT = "overcount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One way to fail.

    `argument` is the HTTP status of `status`, the milliseconds of `timeout` and `slow_first_byte`, the percentage of
    the reply that `cut` still sends, the tokens beyond the cap of `overcount`. `flavour` is whose "out of money" it
    is (None: the endpoint's own). `key` limits it to calls with the upstream key of that name. `billed` says whether
    the sandbox's bill holds the call although it failed.
    """

    kind: FailureKind
    argument: int
    flavour: str | None
    key: str | None
    billed: bool

    @property
    def name(self) -> str:
        """The name under which failures are counted."""
        if self.kind is FailureKind.STATUS:
            return f"status:{self.argument}"
        if self.kind is FailureKind.OUT_OF_MONEY:
            return f"out_of_money:{self.flavour or 'default'}"
        return self.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRule:
    """Which calls fail, and how; a condition that is None holds for every call.

    Of the calls that match `model` (a pattern with `*`), `endpoint` and `key` (a name), every `every`th fails, with
    `probability` (drawn from a generator seeded with `seed`), and at most `times` of them.
    """

    failure: Failure
    model: str | None
    endpoint: Endpoint | None
    key: str | None
    every: int | None
    probability: float | None
    seed: int
    times: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamKey:
    """Whose calls an accepted key makes: the names that the bill shows instead of the key."""

    name: str
    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCosts:
    """What a model costs, in nanos per million tokens of each kind."""

    input_tokens: int
    cached_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What one sandbox process plays.

    `keys` maps an accepted upstream key to its names; `models` are the only models there are (None: any);
    `costs` maps a model to its costs, `*` to those of all others.
    """

    keys: Mapping[str, UpstreamKey]
    models: tuple[str, ...] | None
    costs: Mapping[str, TokenCosts]
    rules: tuple[FailureRule, ...]


# The following are made for every call: a tuple costs a third of a frozen dataclass.


class TokenUsage(NamedTuple):
    """The tokens of one call: `input_tokens` includes cached reads and writes, `output_tokens` includes all else."""

    input_tokens: int
    cached_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    accepted_prediction_tokens: int
    rejected_prediction_tokens: int


class Asked(NamedTuple):
    """What one call asks for: the request's own parameters, and the directives to the sandbox.

    `tokens` are the counts asked for, by name; `input_bytes` is what the input is counted from where none is asked.
    `inputs` and `dimensions` are an embedding's.
    """

    endpoint: Endpoint
    model: str
    stream: bool
    include_usage: bool
    choices: int
    output_cap: int | None
    input_bytes: int
    inputs: int
    dimensions: int
    base64: bool
    tokens: Mapping[str, int]
    latency_ms: int
    token_interval_ms: int
    failure: Failure | None


class Reply(NamedTuple):
    """What is encoded as the answer: `model` is a JSON string, `text_tokens` those of one choice that are text."""

    response_id: bytes
    created: int
    model: bytes
    usage: TokenUsage
    text_tokens: int
    capped: bool
    usage_shown: bool


class Stream(NamedTuple):
    """The events of a streamed answer; `pieces` are (tokens, events) and can be paced."""

    opening: bytes
    pieces: list[tuple[int, bytes]]
    closing: bytes


class BilledCall(NamedTuple):
    """One line of the sandbox's bill; `at` is in UTC microseconds."""

    at: int
    response_id: bytes
    endpoint: Endpoint
    model: str
    api_key: str
    project: str
    input_tokens: int
    cached_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    streamed: bool
    status: str
    request_id: str
