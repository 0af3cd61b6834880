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

from counterfoil.foundation.errors import CounterfoilError, InputError, Unavailable

UNITS_PER_MILLION = 1_000_000
# More than any single call has; a larger number is an upstream's mistake, and would not fit a BIGINT once priced.
COUNT_MAX = 1_000_000_000
# Work beyond these is refused at the door; with them, no bound overflows a BIGINT at any permitted price.
INPUT_BYTES_MAX = 2**31
PARTS_MAX = 10_000
OUTPUTS_MAX = 128
TOOL_USES_MAX = 1_000


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


INPUT_KINDS = (
    Kind.INPUT,
    Kind.CACHED_READ,
    Kind.CACHE_WRITE_5M,
    Kind.CACHE_WRITE_1H,
    Kind.AUDIO_INPUT,
    Kind.IMAGE_INPUT,
)
OUTPUT_KINDS = (Kind.OUTPUT, Kind.REASONING, Kind.AUDIO_OUTPUT, Kind.IMAGE_OUTPUT)
TOKEN_KINDS = INPUT_KINDS + OUTPUT_KINDS
# Kinds that say which: an image of this size and quality, a second at this resolution, this tool.
KEYED_KINDS = (Kind.IMAGE, Kind.SECOND, Kind.TOOL_USE)
# Kinds whose prices are written per million; the others' are written for one.
PER_MILLION_KINDS = frozenset((*TOKEN_KINDS, Kind.CHARACTER))

# A kind and its key (empty for kinds without one).
RateKey = tuple[Kind, str]
Rates = Mapping[RateKey, int]

_INPUT_SET = frozenset(INPUT_KINDS)
_OUTPUT_SET = frozenset(OUTPUT_KINDS)
_KIND_ORDER = {kind: place for place, kind in enumerate(Kind)}


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


def rate_name(key: RateKey) -> str:
    """A kind and key as written in documents and shown: `input`, `tool_use:web_search`."""
    kind, which = key
    return f"{kind.value}:{which}" if which else kind.value


def image_key(*, size: str, quality: str) -> str:
    """The key of an image of that size and quality: `1024x1024:high`."""
    return f"{size}:{quality}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of each kind was used; kinds of count zero are left out. `estimated`: we counted it ourselves.

    Raises `UsageUnreadable` for a count that is no integer between 0 and `COUNT_MAX`.
    """

    counts: Mapping[RateKey, int]
    estimated: bool = False

    def __post_init__(self) -> None:
        for key, count in self.counts.items():
            if type(count) is not int or not 0 <= count <= COUNT_MAX:
                raise UsageUnreadable(field=rate_name(key), expected="a count", given=repr(count)[:40])
        used = {key: self.counts[key] for key in sorted(self.counts, key=_by_kind) if self.counts[key]}
        object.__setattr__(self, "counts", MappingProxyType(used))

    def count(self, kind: Kind, which: str = "") -> int:
        return self.counts.get((kind, which), 0)

    @property
    def input_tokens(self) -> int:
        return sum(count for (kind, _), count in self.counts.items() if kind in _INPUT_SET)

    @property
    def output_tokens(self) -> int:
        return sum(count for (kind, _), count in self.counts.items() if kind in _OUTPUT_SET)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


def _by_kind(key: RateKey) -> tuple[int, str]:
    return _KIND_ORDER[key[0]], key[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBounds:
    """The most input tokens that one image, audio or file part, or one use of a hosted tool, can turn into."""

    image: int
    audio: int
    file: int
    tool: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextTier:
    """All rates of a request whose input exceeds `above` tokens: a cliff, the whole request is priced at them."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a model costs in one book, apart from when.

    `context_window` and `largest_output` are None where nobody publishes them. `default_output_cap` is held (and sent)
    where a call asks for no cap. `notes` say of a rate where it comes from when not from the source itself.
    """

    model: str
    currency: str
    tier: Tier
    rates: Rates
    context_tiers: tuple[ContextTier, ...] = ()
    context_window: int | None
    default_output_cap: int
    largest_output: int | None
    part_bounds: PartBounds
    notes: Mapping[str, str] = field(default_factory=dict)
    source: str
    source_date: str

    @property
    def image_token_bound(self) -> int:
        return self.part_bounds.image

    @property
    def audio_token_bound(self) -> int:
        return self.part_bounds.audio

    @property
    def file_token_bound(self) -> int:
        return self.part_bounds.file

    def tier_of(self, input_tokens: int) -> ContextTier | None:
        """The context tier that a request with that input falls into; None is the base."""
        found = None
        for tier in self.context_tiers:
            if input_tokens > tier.above:
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
    """Terms of a document that hold from a date: UTC microseconds, None for "as soon as imported"."""

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
class BookView:
    """A book at a glance: how many models it prices, and the revision that grows with every change."""

    book: str
    currency: str
    revision: int
    models: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between a book and a document: `what` is a rate's name or a field, values are as shown.

    `before` or `after` is None where there is no such value. `valid_from` is None for what would hold at once.
    """

    model: str
    what: str
    before: str | None
    after: str | None
    valid_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import did: the versions it added, and how many models were already as the document says."""

    book: str
    revision: int
    added: tuple[PriceVersion, ...]
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkShape:
    """The size of what a call asks for, without its content; all that an upper bound needs.

    `input_bytes` are the UTF-8 bytes of everything the model reads as text (messages, system, tools, schemas), without
    the payloads of image, audio and file parts, which are counted as parts. `tool_count` are tools that are described
    to the model; `tool_uses_most` are hosted tools and how often each may run. `asked_cap` is the cap on one output's
    tokens. `media` are units whose number is known beforehand: images, seconds, characters.

    `cacheable`: the upstream may write a prompt cache (Anthropic where the body asks for it, OpenAI always);
    `short_cache_only` promises that none of that is kept for an hour. `audio_output` is True where audio was asked
    for, False where it cannot come, None where that is unknown.
    """

    endpoint: str
    input_bytes: int
    message_count: int = 1
    image_parts: int = 0
    audio_parts: int = 0
    file_parts: int = 0
    tool_count: int = 0
    tool_uses_most: Mapping[str, int] = field(default_factory=dict)
    asked_cap: int | None = None
    thinking_budget: int = 0
    outputs: int = 1
    cacheable: bool = False
    short_cache_only: bool = False
    audio_output: bool | None = None
    media: Mapping[RateKey, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks = (
            ("input_bytes", self.input_bytes, INPUT_BYTES_MAX),
            ("message_count", self.message_count, INPUT_BYTES_MAX),
            ("tool_count", self.tool_count, INPUT_BYTES_MAX),
            ("parts", self.image_parts + self.audio_parts + self.file_parts, PARTS_MAX),
            ("outputs", self.outputs, OUTPUTS_MAX),
            ("tool_uses", sum(self.tool_uses_most.values()), TOOL_USES_MAX),
            ("output_cap", self.asked_cap or 0, 2**63 - 1),
            ("thinking_budget", self.thinking_budget, 2**63 - 1),
            ("media", sum(self.media.values()), PARTS_MAX),
        )
        for name, value, most in checks:
            if not 0 <= value <= most:
                raise InputError(field=name, expected=f"0 to {most}", given=value)

    @property
    def generates(self) -> bool:
        """Whether output tokens come of it. An embedding has none, nor has a picture paid by the piece."""
        return self.outputs > 0 and self.endpoint != "embeddings" and not self.media


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


@dataclass(frozen=True, slots=True)
class Line:
    """One kind's part of a charge, before the price tier."""

    kind: Kind
    key: str
    count: int
    nanos_per_million: int

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
