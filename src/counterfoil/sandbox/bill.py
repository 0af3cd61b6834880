"""The sandbox's own bill: what it has served, and what it bills although the call failed.

Text is billed by tokens; images, seconds and characters by units, named as in price books (`second:720x1280`).

The newest calls are kept one by one, older ones as sums per minute, key and model, so that memory is bounded and no
token is lost. Neither a prompt nor a key is ever handed to it.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import NamedTuple

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.money import round_half_even
from counterfoil.foundation.periods import show_time
from counterfoil.sandbox.costs import unit_cost_nanos
from counterfoil.sandbox.model import BilledCall, ModelCosts

# About 100 MB; a benchmark of a minute fits.
CALLS_KEPT_MAX = 200_000
# Beyond this many sums, models no longer get sums of their own: their names are the caller's to invent.
SUMS_MAX = 50_000
OTHER_MODELS = "(other models)"

BUCKET_SECONDS: Mapping[str, int] = {"1m": 60, "1h": 3600, "1d": 86_400}
_MICROS_PER_SECOND = 1_000_000
_TOKENS_PER_PRICE = 1_000_000

# The columns of OpenAI's export of completions, in its order, then the sandbox's own; an export without usage has only
# the first four.
USAGE_COLUMNS = (
    "start_time",
    "end_time",
    "start_time_iso",
    "end_time_iso",
    "project_id",
    "num_model_requests",
    "user_id",
    "api_key_id",
    "model",
    "batch",
    "service_tier",
    "input_tokens",
    "output_tokens",
    "input_cached_tokens",
    "input_uncached_tokens",
    "input_cache_write_tokens",
    "input_text_tokens",
    "output_text_tokens",
    "input_cached_text_tokens",
    "input_audio_tokens",
    "input_cached_audio_tokens",
    "output_audio_tokens",
    "input_image_tokens",
    "input_cached_image_tokens",
    "output_image_tokens",
    "unit",
    "units",
)
_EMPTY_COLUMNS = USAGE_COLUMNS[:4]


class _Place(NamedTuple):
    """What usage is summed by; `start` is in seconds."""

    start: int
    project: str
    api_key: str
    model: str
    unit: str


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    cost_nanos: int = 0
    units: int = 0

    def add(self, other: _Sum) -> None:
        self.requests += other.requests
        self.input_tokens += other.input_tokens
        self.cached_tokens += other.cached_tokens
        self.cache_write_tokens += other.cache_write_tokens
        self.output_tokens += other.output_tokens
        self.cost_nanos += other.cost_nanos
        self.units += other.units

    def shown(self) -> dict[str, int]:
        """All but the units: images and seconds have no sum."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "units"}


class Bill:
    """One sandbox's bill, with the costs that its own table gives."""

    def __init__(self, costs: Mapping[str, ModelCosts], *, calls_kept_max: int = CALLS_KEPT_MAX) -> None:
        self._costs = costs
        self._calls_kept_max = calls_kept_max
        self._calls: deque[BilledCall] = deque()
        self._sums: dict[_Place, _Sum] = {}
        self._failures: dict[str, int] = {}

    def record(self, call: BilledCall) -> None:
        self._calls.append(call)
        if len(self._calls) > self._calls_kept_max:
            self._fold(self._calls.popleft())

    def count_failure(self, name: str) -> None:
        """Count a failed or rejected call, billed or not; `name` is one of a few."""
        self._failures[name] = self._failures.get(name, 0) + 1

    def reset(self) -> None:
        self._calls.clear()
        self._sums.clear()
        self._failures.clear()

    def cost_nanos(self, call: BilledCall) -> int:
        """What the call costs, rounded once, half to even."""
        if call.unit:
            each_nanos = unit_cost_nanos(self._costs, call.model, call.unit)
            return round_half_even(Fraction(each_nanos * call.units * call.percent, 100))
        costs = self._costs.get(call.model) or self._costs["*"]
        writes = call.cache_write_5m_tokens + call.cache_write_1h_tokens
        exact = (
            (call.input_tokens - call.cached_tokens - writes) * costs.input_tokens
            + call.cached_tokens * costs.cached_tokens
            + call.cache_write_5m_tokens * costs.cache_write_5m_tokens
            + call.cache_write_1h_tokens * costs.cache_write_1h_tokens
            + call.output_tokens * costs.output_tokens
        )
        return round_half_even(Fraction(exact, _TOKENS_PER_PRICE))

    def show(self, *, api_key: str | None = None, rows_max: int | None = None) -> dict[str, object]:
        """The totals, the failures, and the newest `rows_max` calls, oldest first; only one key's if it is named.

        `units` are those of each model, by name, and are in no other total but the cost's. `summed_requests` are calls
        that are in the totals and no longer among the rows.
        """
        totals = _Sum()
        by_key: dict[str, _Sum] = {}
        units: dict[str, dict[str, int]] = {}
        for place, summed in self._all_sums(60, api_key):
            totals.add(summed)
            if place.unit:
                of_model = units.setdefault(place.model, {})
                of_model[place.unit] = of_model.get(place.unit, 0) + summed.units
            by_key.setdefault(place.api_key, _Sum()).add(summed)
        calls = [call for call in self._calls if api_key in (None, call.api_key)]
        kept = len(calls)
        if rows_max is not None:
            calls = calls[max(0, kept - rows_max) :]
        return {
            "totals": totals.shown(),
            "by_key": {name: summed.shown() for name, summed in by_key.items()},
            "units": units,
            "failures": dict(self._failures),
            "summed_requests": totals.requests - kept,
            "rows": [self._row(call) for call in calls],
        }

    def usage_csv(self, bucket_width: str, *, api_key: str | None = None) -> str:
        """OpenAI's usage export, one line per bucket, project, key, model and unit. Raises `InputError` for a width."""
        seconds = BUCKET_SECONDS.get(bucket_width)
        if seconds is None:
            raise InputError(field="bucket_width", reason="one of " + ", ".join(BUCKET_SECONDS) + " is needed")
        buckets: dict[_Place, _Sum] = {}
        for place, summed in self._all_sums(seconds, api_key):
            buckets.setdefault(place, _Sum()).add(summed)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(USAGE_COLUMNS if buckets else _EMPTY_COLUMNS)
        for place in sorted(buckets):
            writer.writerow(_usage_line(place, buckets[place], seconds))
        return text.getvalue()

    def _all_sums(self, bucket_seconds: int, api_key: str | None) -> Iterator[tuple[_Place, _Sum]]:
        for place, summed in self._sums.items():
            if api_key in (None, place.api_key):
                yield place._replace(start=place.start - place.start % bucket_seconds), summed
        for call in self._calls:
            if api_key in (None, call.api_key):
                yield self._placed(call, bucket_seconds)

    def _placed(self, call: BilledCall, bucket_seconds: int) -> tuple[_Place, _Sum]:
        second = call.at // _MICROS_PER_SECOND
        place = _Place(second - second % bucket_seconds, call.project, call.api_key, call.model, call.unit)
        summed = _Sum(
            requests=1,
            input_tokens=call.input_tokens,
            cached_tokens=call.cached_tokens,
            cache_write_tokens=call.cache_write_5m_tokens + call.cache_write_1h_tokens,
            output_tokens=call.output_tokens,
            cost_nanos=self.cost_nanos(call),
            units=call.units,
        )
        return place, summed

    def _fold(self, call: BilledCall) -> None:
        place, summed = self._placed(call, BUCKET_SECONDS["1m"])
        if place not in self._sums and len(self._sums) >= SUMS_MAX:
            day = place.start - place.start % BUCKET_SECONDS["1d"]
            # Sizes are the caller's to invent, too.
            place = place._replace(start=day, model=OTHER_MODELS, unit=place.unit.partition(":")[0])
        self._sums.setdefault(place, _Sum()).add(summed)

    def _row(self, call: BilledCall) -> dict[str, object]:
        return {
            **call._asdict(),
            "at": show_time(call.at),
            "response_id": call.response_id.decode(),
            "cost_nanos": self.cost_nanos(call),
        }


def _usage_line(place: _Place, summed: _Sum, bucket_seconds: int) -> list[object]:
    end = place.start + bucket_seconds
    uncached = summed.input_tokens - summed.cached_tokens - summed.cache_write_tokens
    values: dict[str, object] = {
        "start_time": place.start,
        "end_time": end,
        "start_time_iso": datetime.fromtimestamp(place.start, UTC).isoformat(),
        "end_time_iso": datetime.fromtimestamp(end, UTC).isoformat(),
        "project_id": place.project,
        "num_model_requests": summed.requests,
        "user_id": "",
        "api_key_id": place.api_key,
        "model": place.model,
        "batch": "false",
        "service_tier": "default",
        "input_tokens": summed.input_tokens,
        "output_tokens": summed.output_tokens,
        "input_cached_tokens": summed.cached_tokens,
        "input_uncached_tokens": uncached,
        "input_cache_write_tokens": summed.cache_write_tokens,
        "input_text_tokens": uncached,
        "output_text_tokens": summed.output_tokens,
        "input_cached_text_tokens": summed.cached_tokens,
        "unit": place.unit,
        "units": summed.units,
    }
    return [values.get(column, 0) for column in USAGE_COLUMNS]
