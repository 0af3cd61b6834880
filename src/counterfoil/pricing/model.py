"""Kinds of use, usage, prices with their effective dates, and what a piece of work may cost.

Amounts are nanos of the price's currency, rates are nanos per million units of a kind, times are UTC microseconds.
Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from uuid import UUID

import orjson

from counterfoil.foundation.errors import CounterfoilError, InputError, Unavailable

UNITS_PER_MILLION = 1_000_000
# The form in which a charge's arithmetic is kept.
ARITHMETIC_FORMAT = 1
# More than any single call has; a larger number is an upstream's mistake, and would not fit a BIGINT once priced.
COUNT_MAX = 1_000_000_000
# Work beyond these is refused at the door; with them, no bound overflows a BIGINT at any permitted price.
INPUT_BYTES_MAX = 2**31
PARTS_MAX = 10_000
OUTPUTS_MAX = 128
TOOL_USES_MAX = 1_000
LARGEST_CAP = 2**63 - 1


class Kind(StrEnum):
    """What is counted. Kinds are disjoint: a token is of one kind only.

    The first ten are tokens (an embedding's are `input`); then characters, images (key: size and quality), seconds (key:
    a video's resolution, or `audio`), calls, and uses of hosted tools (key: the tool).
    """

    INPUT = "input"
    CACHED_READ = "cached_read"
    CACHE_WRITE_5M = "cache_write_5m"
    CACHE_WRITE_1H = "cache_write_1h"
    AUDIO_INPUT = "audio_input"
    IMAGE_INPUT = "image_input"
    OUTPUT = "output"
    REASONING = "reasoning"
    AUDIO_OUTPUT = "audio_output"
    IMAGE_OUTPUT = "image_output"
    CHARACTER = "character"
    IMAGE = "image"
    SECOND = "second"
    CALL = "call"
    TOOL_USE = "tool_use"


# A kind, with its key where it has one: `input`, `tool_use:web_search`, `image:1024x1024:high`. A `Kind` is one too.
UsageName = str
Rates = Mapping[UsageName, int]

INPUT_KINDS: tuple[UsageName, ...] = (
    Kind.INPUT,
    Kind.CACHED_READ,
    Kind.CACHE_WRITE_5M,
    Kind.CACHE_WRITE_1H,
    Kind.AUDIO_INPUT,
    Kind.IMAGE_INPUT,
)
OUTPUT_KINDS: tuple[UsageName, ...] = (Kind.OUTPUT, Kind.REASONING, Kind.AUDIO_OUTPUT, Kind.IMAGE_OUTPUT)
TOKEN_KINDS = INPUT_KINDS + OUTPUT_KINDS
# Kinds that say which: an image of this size and quality, a second at this resolution, this tool.
KEYED_KINDS = (Kind.IMAGE, Kind.SECOND, Kind.TOOL_USE)
# Kinds whose prices are written per million; the others' are written for one.
PER_MILLION_KINDS: frozenset[UsageName] = frozenset((*TOKEN_KINDS, Kind.CHARACTER))

_INPUT_NAMES = frozenset(str(kind) for kind in INPUT_KINDS)
_OUTPUT_NAMES = frozenset(str(kind) for kind in OUTPUT_KINDS)
_KIND_ORDER = {kind.value: place for place, kind in enumerate(Kind)}


class Tier(StrEnum):
    """How a model is sold: by its price level, or by what it makes."""

    ECONOMY = "economy"
    STANDARD = "standard"
    PREMIUM = "premium"
    IMAGE = "image"
    VIDEO = "video"


class PriceMissing(Unavailable):
    """A model, or a kind of use of it, has no price: it is refused, never free. Parameters: book, model, kind."""

    code = "price_missing"


class UsageUnreadable(CounterfoilError):
    """What an upstream reported as usage cannot be believed. Parameters: field, expected, given."""

    code = "usage_unreadable"


class PriceBookUnreadable(InputError):
    """A price book document cannot be understood. Parameters: where, expected, given."""

    code = "price_book_unreadable"


def usage_name(kind: Kind, key: str = "") -> UsageName:
    """The name of a kind and key, as counted, priced, kept and shown."""
    return f"{kind.value}:{key}" if key else kind.value


def image_key(*, size: str, quality: str) -> str:
    """The key of an image of that size and quality: `1024x1024:high`."""
    return f"{size}:{quality}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of each kind was used; kinds of count zero are left out. `estimated`: we counted it ourselves.

    Raises `UsageUnreadable` for a count that is no integer between 0 and `COUNT_MAX`.
    """

    counts: Mapping[UsageName, int]
    estimated: bool = False

    def __post_init__(self) -> None:
        used: dict[UsageName, int] = {}
        for name, count in self.counts.items():
            if type(count) is not int or not 0 <= count <= COUNT_MAX:
                raise UsageUnreadable(field=str(name)[:80], expected="a count", given=repr(count)[:40])
            if name not in _KIND_ORDER and name.partition(":")[0] not in _KIND_ORDER:
                raise UsageUnreadable(field=str(name)[:80], expected="one of " + ", ".join(Kind), given="another kind")
            if count:
                used[str(name)] = count
        # One order for all: what is kept of equal usage is equal.
        ordered = {name: used[name] for name in sorted(used, key=_by_kind)} if len(used) > 1 else used
        object.__setattr__(self, "counts", MappingProxyType(ordered))

    @property
    def input_tokens(self) -> int:
        return sum(count for name, count in self.counts.items() if name in _INPUT_NAMES)

    @property
    def output_tokens(self) -> int:
        return sum(count for name, count in self.counts.items() if name in _OUTPUT_NAMES)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


def _by_kind(name: UsageName) -> tuple[int, str]:
    place = _KIND_ORDER.get(name)
    return (_KIND_ORDER.get(name.partition(":")[0], len(_KIND_ORDER)) if place is None else place), name


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextTier:
    """All rates of a request with more input than that: a cliff, the whole request is priced at them."""

    above_input_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a model costs in one book, apart from when.

    `largest_output` is None where nobody publishes it. `default_output_cap` is held (and sent) where a call asks for no
    cap. The bounds are the most input tokens that one image, audio or file part, or one use of a hosted tool, turns
    into. `same_as` names the rates that the source does not have and the book copies from another, such as reasoning
    from output.
    """

    model: str
    currency: str
    tier: Tier
    rates: Rates
    context_tiers: tuple[ContextTier, ...] = ()
    context_window: int
    default_output_cap: int
    largest_output: int | None
    image_token_bound: int
    audio_token_bound: int
    file_token_bound: int
    tool_token_bound: int
    # Of the whole price, what a task that was cancelled while it waited or ran still costs, in percent.
    cancelled_queued_percent: int = 0
    cancelled_running_percent: int = 100
    same_as: Mapping[str, str] = field(default_factory=dict)
    source: str
    source_date: str
    note: str = ""

    def tier_of(self, input_tokens: int) -> ContextTier | None:
        """The context tier that a request with that input falls into; None is the base."""
        found = None
        for tier in self.context_tiers:
            if input_tokens > tier.above_input_tokens:
                found = tier
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Terms):
    """One model's price in one book, in force from `valid_from` until `valid_to` (None: until replaced).

    `book` is `customer`, `customer:NAME` or `upstream:NAME`. `number` counts a model's versions in its book from 1.
    """

    book: str
    version_id: UUID
    number: int
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceVersion:
    """One row of a book: what a model costs from `valid_from` on. `terms` is None where it was withdrawn.

    Of the versions that have started, the one with the highest number is in force. So a later version replaces an
    earlier one's future, and nothing is ever changed.
    """

    version_id: UUID
    book: str
    model: str
    number: int
    revision: int
    valid_from: int
    created_at: int
    terms: Terms | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedTerms:
    """Terms that hold from a time: UTC microseconds, None for "as soon as imported"."""

    valid_from: int | None
    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDocument:
    """A price book as written down: what each model costs now and later. Models it does not name are left alone."""

    book: str
    currency: str
    models: Mapping[str, tuple[DatedTerms, ...]]
    withdrawn: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """One difference between a book and a document.

    `field` is a field of the price, `rates.KIND` (in nanos per million), or `withdrawn`. `before` or `after` is None
    where there was or will be nothing. `valid_from` is None for what holds at once.
    """

    model: str
    field: str
    before: int | str | bool | None
    after: int | str | bool | None
    valid_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkShape:
    """The size of what a call asks for, without its content; all that an upper bound needs.

    `input_bytes` are the UTF-8 bytes of everything the model reads as text (messages, system, tools, schemas), without
    the payloads of image, audio and file parts, which are counted as parts. `tool_count` are tools that are described
    to the model; `tool_uses_most` are hosted tools and how often each may run. `asked_cap` is the cap on one output's
    tokens. `media` are units whose number is known beforehand: images, seconds, characters.

    `produces_output` is False for embeddings. `cacheable` is False where the upstream cannot write a prompt cache
    (Anthropic, where the body does not ask for it); `short_cache_only` promises that nothing is kept for an hour.
    `audio_output` is True where audio was asked for, False where it cannot come, None where that is unknown.
    """

    input_bytes: int
    messages: int = 1
    image_parts: int = 0
    audio_parts: int = 0
    file_parts: int = 0
    tool_count: int = 0
    tool_uses_most: Mapping[str, int] = field(default_factory=dict)
    asked_cap: int | None = None
    thinking_budget: int = 0
    outputs: int = 1
    produces_output: bool = True
    cacheable: bool = True
    short_cache_only: bool = False
    audio_output: bool | None = None
    media: Mapping[UsageName, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value, most in (
            ("input_bytes", self.input_bytes, INPUT_BYTES_MAX),
            ("messages", self.messages, INPUT_BYTES_MAX),
            ("tool_count", self.tool_count, INPUT_BYTES_MAX),
            ("parts", self.image_parts + self.audio_parts + self.file_parts, PARTS_MAX),
            ("outputs", self.outputs, OUTPUTS_MAX),
            ("tool_uses", sum(self.tool_uses_most.values()) if self.tool_uses_most else 0, TOOL_USES_MAX),
            ("output_cap", self.asked_cap or 0, LARGEST_CAP),
            ("thinking_budget", self.thinking_budget, LARGEST_CAP),
            ("media", sum(self.media.values()) if self.media else 0, PARTS_MAX),
        ):
            if not 0 <= value <= most:
                raise InputError(field=name, expected=f"0 to {most}", given=value)

    @property
    def generates(self) -> bool:
        """Whether output tokens come of it. An embedding has none, nor has a picture paid by the piece."""
        return self.produces_output and not self.media


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The most that a piece of work may cost, as a function of its output cap (tokens of one output).

    `output_nanos_per_million` covers all `outputs` together, price tier included. `input_tokens` is the most input.
    """

    currency: str
    input_tokens: int
    base_nanos: int
    output_nanos_per_million: int
    outputs: int
    floor_cap: int
    asked_cap: int

    def money(self, cap: int) -> int:
        """The most it may cost with that cap, in nanos, rounded up."""
        return self.base_nanos - (-self.output_nanos_per_million * cap) // UNITS_PER_MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One kind's part of a charge, before the price tier."""

    name: UsageName
    count: int
    nanos_per_million: int

    @property
    def kind(self) -> Kind:
        return Kind(self.name.partition(":")[0])

    @property
    def key(self) -> str:
        return self.name.partition(":")[2]

    @property
    def nanos_exact(self) -> Fraction:
        return Fraction(self.count * self.nanos_per_million, UNITS_PER_MILLION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """What usage costs: rounded once, half to even; `remainder` is what the rounding left (exact minus rounded).

    `arithmetic` has a line per kind; `multiplier_millis` is the price tier (1000 is ×1); `context_above` is the
    threshold of the context tier that applied. With them the amount can be computed again.
    """

    currency: str
    version_id: UUID
    amount_nanos: int
    remainder: Fraction
    multiplier_millis: int
    context_above: int | None
    arithmetic: tuple[Line, ...]

    def to_json(self) -> str:
        """What is kept with a charge; `rules.recompute` reads it."""
        return orjson.dumps(
            {
                "format": ARITHMETIC_FORMAT,
                "currency": self.currency,
                "price_version": self.version_id.hex,
                "multiplier_millis": self.multiplier_millis,
                "context_above": self.context_above,
                "lines": [[line.name, line.count, line.nanos_per_million] for line in self.arithmetic],
                "amount_nanos": self.amount_nanos,
                "remainder": str(self.remainder),
            }
        ).decode()
