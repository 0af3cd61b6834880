"""What the sandbox is told to be, what a call asks of it, and what it bills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

# The longest wait that can be asked of the sandbox.
DELAY_MS_MAX = 3_600_000


class Endpoint(StrEnum):
    """The calls that the sandbox answers; the value is the name that rules and the bill use."""

    CHAT = "chat"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"
    MESSAGES = "messages"
    IMAGES = "images"
    SPEECH = "speech"
    TRANSCRIPTIONS = "transcriptions"
    # Making a video, also as a remix; then asking for one, for all, for its content, cancelling and deleting it.
    VIDEOS = "videos"
    VIDEO_POLLS = "video_polls"
    VIDEO_LISTS = "video_lists"
    VIDEO_CONTENT = "video_content"
    VIDEO_CHANGES = "video_changes"


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
class Rule:
    """Which calls fail, or ask more than they say; a condition that is None holds for every call.

    Of the calls that match `model` (a pattern with `*`), `endpoint` and `key` (a name), the rule meets every `every`th,
    with `probability` (drawn from a generator seeded with `seed`), and at most `times` of them. Those fail by
    `failure`; if it is None, they are served as if they had given the directives of `ask`.
    """

    failure: Failure | None
    ask: Mapping[str, str]
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
class ModelCosts:
    """What a model costs: nanos per million tokens of each kind, and nanos for one of each of its `units`.

    A unit is named as in price books, `image:1024x1024:low`, `second:720x1280`, `second:audio` or `character`; a bare
    `image` or `second` is for every unit of that kind that has no cost of its own.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    units: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSettings:
    """Where the sandbox tells of its videos, and how well.

    `secret` signs. `key` limits it to the videos of the upstream key of that name (None: of all). Each event whose type
    is in `delays_ms` is sent, `times` times, each delivery that many milliseconds after what it tells of.
    """

    url: str
    secret: str = field(repr=False)
    key: str | None
    times: int
    delays_ms: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What one sandbox process plays.

    `keys` maps an accepted upstream key to its names; `models` are the only models there are (None: any);
    `costs` maps a model to its costs, `*` to those of all others. A video that its customer cancels while it is being
    made is billed `cancelled_running_percent` of its cost.
    """

    keys: Mapping[str, UpstreamKey]
    models: tuple[str, ...] | None
    costs: Mapping[str, ModelCosts]
    rules: tuple[Rule, ...]
    callbacks: tuple[CallbackSettings, ...] = ()
    cancelled_running_percent: int = 100


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
    """One line of the sandbox's bill; `at` is in UTC microseconds.

    It costs its tokens or, if it has a `unit`, that many `units` of it, and of their cost `percent`.
    """

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
    unit: str = ""
    units: int = 0
    percent: int = 100
