"""What the sandbox's models cost it: the defaults, and reading a configuration's.

"costs": {"gpt-5-mini":    {"input_tokens": 250000000, "cached_tokens": 25000000, "output_tokens": 2000000000},
          "sandbox-video": {"second:720x1280": 70000000, "second": 90000000}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.model import ModelCosts

MODELS_MAX = 10_000
COST_NANOS_MAX = 10**15

_TOKEN_KINDS = ("input_tokens", "cached_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens")
_UNIT = re.compile(r"(image(:\d{2,5}x\d{2,5}:[a-z]{1,20})?|second(:\d{2,5}x\d{2,5}|:audio)?|character)\Z")
_NANOS_PER_USD_MICRO = 1000


def _tokens(usd_micros_input: int, usd_micros_cached: int, usd_micros_output: int) -> ModelCosts:
    """Costs from millionths of a dollar per million tokens; cache writes cost 1.25 and 2 times the input."""
    return ModelCosts(
        input_tokens=usd_micros_input * _NANOS_PER_USD_MICRO,
        cached_tokens=usd_micros_cached * _NANOS_PER_USD_MICRO,
        cache_write_5m_tokens=usd_micros_input * 1250,
        cache_write_1h_tokens=usd_micros_input * 2000,
        output_tokens=usd_micros_output * _NANOS_PER_USD_MICRO,
    )


def _units(usd_micros: Mapping[str, int]) -> dict[str, int]:
    return {name: micros * _NANOS_PER_USD_MICRO for name, micros in usd_micros.items()}


def _images(**usd_micros_square: int) -> dict[str, int]:
    """Costs of images by quality, from those of the square size; the longer sizes cost half as much again."""
    shares = {"1024x1024": 2, "1024x1536": 3, "1536x1024": 3}
    return _units(
        {
            f"image:{size}:{quality}": micros * share // 2
            for (size, share), (quality, micros) in product(shares.items(), usd_micros_square.items())
        }
    )


# About what these models cost in 2025: the sandbox's bill should look like one, not be up to date. What the sandbox's
# own models cost is in `pricing/books/sandbox-upstream.json` as well.
DEFAULT_COSTS: Mapping[str, ModelCosts] = {
    "gpt-5": _tokens(1_250_000, 125_000, 10_000_000),
    "gpt-5-mini": _tokens(250_000, 25_000, 2_000_000),
    "gpt-5-nano": _tokens(50_000, 5_000, 400_000),
    "gpt-4.1": _tokens(2_000_000, 500_000, 8_000_000),
    "gpt-4o": _tokens(2_500_000, 1_250_000, 10_000_000),
    "gpt-4o-mini": _tokens(150_000, 75_000, 600_000),
    "claude-sonnet-4-5": _tokens(3_000_000, 300_000, 15_000_000),
    "claude-haiku-4-5": _tokens(1_000_000, 100_000, 5_000_000),
    "text-embedding-3-small": _tokens(20_000, 20_000, 0),
    "sandbox-image": ModelCosts(units=_images(low=7_000, medium=28_000, high=112_000)),
    "sandbox-video": ModelCosts(
        units=_units({f"second:{size}": 70_000 for size in ("720x1280", "1280x720", "1024x1792", "1792x1024")})
    ),
    "sandbox-speech": ModelCosts(units={"character": 10_500}),
    "sandbox-transcribe": ModelCosts(units=_units({"second:audio": 70})),
    "*": ModelCosts(
        input_tokens=1_000_000_000,
        cached_tokens=100_000_000,
        cache_write_5m_tokens=1_250_000_000,
        cache_write_1h_tokens=2_000_000_000,
        output_tokens=4_000_000_000,
        units={**_units({"image": 40_000, "second": 100_000, "second:audio": 100}), "character": 15_000},
    ),
}


def unit_cost_nanos(costs: Mapping[str, ModelCosts], model: str, unit: str) -> int:
    """What one unit of a model costs: its own cost, else that of its kind, else those of `*`; 0 if nothing is said."""
    kind = unit.partition(":")[0]
    for of_model in (costs.get(model), costs["*"]):
        for name in (unit, kind):
            if of_model is not None and name in of_model.units:
                return of_model.units[name]
    return 0


def read_costs(data: object) -> Mapping[str, ModelCosts]:
    """Read a configuration's costs by model. Raises `InputError`."""
    if not isinstance(data, dict) or len(data) > MODELS_MAX:
        raise InputError(field="costs", reason="an object of models is needed")
    return {model: _read_model_costs(f"costs.{model[:80]}", kinds) for model, kinds in data.items()}


def _read_model_costs(field: str, kinds: object) -> ModelCosts:
    if not isinstance(kinds, dict) or not all(name in _TOKEN_KINDS or _UNIT.match(name) for name in kinds):
        names = ", ".join(_TOKEN_KINDS)
        raise InputError(field=field, reason=f"an object is needed, with {names} or units such as second:720x1280")
    nanos_of: dict[str, int] = {}
    for kind, nanos in kinds.items():
        if isinstance(nanos, bool) or not isinstance(nanos, int) or not 0 <= nanos <= COST_NANOS_MAX:
            raise InputError(field=f"{field}.{kind}", reason="whole nanos per million tokens, or per unit, are needed")
        nanos_of[kind] = nanos
    input_nanos = nanos_of.get("input_tokens", 0)
    return ModelCosts(
        input_tokens=input_nanos,
        cached_tokens=nanos_of.get("cached_tokens", input_nanos),
        cache_write_5m_tokens=nanos_of.get("cache_write_5m_tokens", input_nanos),
        cache_write_1h_tokens=nanos_of.get("cache_write_1h_tokens", input_nanos),
        output_tokens=nanos_of.get("output_tokens", 0),
        units={name: nanos for name, nanos in nanos_of.items() if name not in _TOKEN_KINDS},
    )
