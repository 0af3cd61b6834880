"""Reads a sandbox's configuration, and the failures that it and single calls ask for.

    {
      "keys":   {"sandbox-key": "sandbox", "other-key": {"name": "backup", "project": "proj_two"}},
      "models": ["gpt-5-mini"],
      "costs":  {"gpt-5-mini": {"input_tokens": 250000000, "cached_tokens": 25000000, "output_tokens": 2000000000}},
      "rules":  [{"fail": "status:503", "key": "backup", "every": 10}]
    }

A failure is written `kind[:argument][@key][,billed|,unbilled]`: `status:529`, `timeout:30000`, `cut:0`,
`out_of_money:deepseek`, `status:500@backup`, `timeout:500,unbilled`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.model import (
    Configuration,
    Endpoint,
    Failure,
    FailureKind,
    FailureRule,
    TokenCosts,
    UpstreamKey,
)
from counterfoil.sandbox.out_of_money import FLAVOURS

RULES_MAX = 100
KEYS_MAX = 1000
MODELS_MAX = 10_000
# A name goes into every line of the bill.
NAME_CHARACTERS_MAX = 128
COST_NANOS_MAX = 10**15
DELAY_MS_MAX = 3_600_000
# An upstream that "never answers" outlives every sensible timeout of its caller.
TIMEOUT_MS_DEFAULT = 600_000
SLOW_FIRST_BYTE_MS_DEFAULT = 5_000
CUT_PERCENT_DEFAULT = 50
OVERCOUNT_TOKENS_DEFAULT = 100
OVERCOUNT_TOKENS_MAX = 100_000

DEFAULT_KEYS: Mapping[str, UpstreamKey] = {"sandbox-key": UpstreamKey(name="sandbox", project="proj_sandbox")}

_NO_ARGUMENT = frozenset({FailureKind.NO_USAGE, FailureKind.GARBAGE, FailureKind.EMPTY, FailureKind.WRONG_CONTENT_TYPE})
# (least, most, default) of each kind's number; a status has no default.
_ARGUMENTS: Mapping[FailureKind, tuple[int, int, int | None]] = {
    FailureKind.STATUS: (400, 599, None),
    FailureKind.TIMEOUT: (1, DELAY_MS_MAX, TIMEOUT_MS_DEFAULT),
    FailureKind.SLOW_FIRST_BYTE: (1, DELAY_MS_MAX, SLOW_FIRST_BYTE_MS_DEFAULT),
    FailureKind.CUT: (0, 100, CUT_PERCENT_DEFAULT),
    FailureKind.OVERCOUNT: (1, OVERCOUNT_TOKENS_MAX, OVERCOUNT_TOKENS_DEFAULT),
}
_FAILURE = re.compile(
    r"(?P<kind>[a-z_]+)(:(?P<argument>[\w-]+))?(@(?P<key>[\w.-]+))?(,(?P<billing>billed|unbilled))?\Z"
)
_RULE_FIELDS = frozenset({"fail", "model", "endpoint", "key", "every", "probability", "seed", "times"})


def _costs(usd_micros_input: int, usd_micros_cached: int, usd_micros_output: int) -> TokenCosts:
    """Costs from millionths of a dollar per million tokens; cache writes cost 1.25 and 2 times the input."""
    return TokenCosts(
        input_tokens=usd_micros_input * 1000,
        cached_tokens=usd_micros_cached * 1000,
        cache_write_5m_tokens=usd_micros_input * 1250,
        cache_write_1h_tokens=usd_micros_input * 2000,
        output_tokens=usd_micros_output * 1000,
    )


# About what these models cost in 2025: the sandbox's bill should look like one, not be up to date.
DEFAULT_COSTS: Mapping[str, TokenCosts] = {
    "gpt-5": _costs(1_250_000, 125_000, 10_000_000),
    "gpt-5-mini": _costs(250_000, 25_000, 2_000_000),
    "gpt-5-nano": _costs(50_000, 5_000, 400_000),
    "gpt-4.1": _costs(2_000_000, 500_000, 8_000_000),
    "gpt-4o": _costs(2_500_000, 1_250_000, 10_000_000),
    "gpt-4o-mini": _costs(150_000, 75_000, 600_000),
    "claude-sonnet-4-5": _costs(3_000_000, 300_000, 15_000_000),
    "claude-haiku-4-5": _costs(1_000_000, 100_000, 5_000_000),
    "text-embedding-3-small": _costs(20_000, 20_000, 0),
    "*": _costs(1_000_000, 100_000, 4_000_000),
}


def default_configuration() -> Configuration:
    return Configuration(keys=DEFAULT_KEYS, models=None, costs=DEFAULT_COSTS, rules=())


def read_configuration(data: object) -> Configuration:
    """Read parsed JSON; what is left out takes its default. Raises `InputError` with the field and the reason."""
    if not isinstance(data, dict):
        _refuse("configuration", "an object is needed")
    for field in data:
        if field not in ("keys", "models", "costs", "rules"):
            _refuse(field, "there is no such field")
    return Configuration(
        keys=_read_keys(data["keys"]) if "keys" in data else DEFAULT_KEYS,
        models=_read_models(data.get("models")),
        costs={**DEFAULT_COSTS, **_read_costs(data.get("costs", {}))},
        rules=read_rules(data.get("rules", [])),
    )


def read_rules(data: object) -> tuple[FailureRule, ...]:
    """Read a parsed JSON list of failure rules. Raises `InputError` with the field and the reason."""
    if not isinstance(data, list) or len(data) > RULES_MAX:
        _refuse("rules", f"a list of at most {RULES_MAX} rules is needed")
    return tuple(_read_rule(each) for each in data)


def read_failure(text: object) -> Failure:
    """Read one written failure (see the module's docstring). Raises `InputError`."""
    found = _FAILURE.match(text) if isinstance(text, str) else None
    if found is None or found["kind"] not in list(FailureKind):
        _refuse("fail", "one of " + ", ".join(FailureKind) + " is needed, as kind[:argument][@key][,billed|,unbilled]")
    kind = FailureKind(found["kind"])
    flavour = None
    argument = 0
    if kind is FailureKind.OUT_OF_MONEY:
        flavour = _read_flavour(found["argument"])
    elif kind not in _NO_ARGUMENT:
        argument = _read_argument(kind, found["argument"])
    elif found["argument"] is not None:
        _refuse("fail", f"{kind} takes no argument")
    # An upstream bills what it has generated: a 200 is billed and an error is not, unless the rule says otherwise.
    billed = kind not in (FailureKind.STATUS, FailureKind.OUT_OF_MONEY)
    if found["billing"] is not None:
        billed = found["billing"] == "billed"
    return Failure(kind=kind, argument=argument, flavour=flavour, key=found["key"], billed=billed)


def _read_flavour(text: str | None) -> str | None:
    if text is None:
        return None
    flavour = text.replace("-", "_")
    if flavour not in FLAVOURS:
        _refuse("fail", "the flavours of out_of_money are " + ", ".join(FLAVOURS))
    return flavour


def _read_argument(kind: FailureKind, text: str | None) -> int:
    least, most, default = _ARGUMENTS[kind]
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
        _refuse("fail", f"{kind} needs a number from {least} to {most}")
    return int(text)


def _read_rule(data: object) -> FailureRule:
    if not isinstance(data, dict):
        _refuse("rules", "each rule is an object")
    for field in data:
        if field not in _RULE_FIELDS:
            _refuse(f"rules.{field}", "there is no such field")
    endpoint = data.get("endpoint")
    if endpoint is not None and endpoint not in list(Endpoint):
        _refuse("rules.endpoint", "one of " + ", ".join(Endpoint) + " is needed")
    probability = data.get("probability")
    if probability is not None and (isinstance(probability, bool) or not isinstance(probability, int | float)):
        _refuse("rules.probability", "a number from 0 to 1 is needed")
    if probability is not None and not 0 <= probability <= 1:
        _refuse("rules.probability", "a number from 0 to 1 is needed")
    seed = _read_whole(data, "seed", least=0)
    return FailureRule(
        failure=read_failure(data.get("fail")),
        model=None if data.get("model") is None else _read_name(data["model"], "rules.model"),
        endpoint=None if endpoint is None else Endpoint(endpoint),
        key=None if data.get("key") is None else _read_name(data["key"], "rules.key"),
        every=_read_whole(data, "every", least=1),
        probability=probability,
        seed=1 if seed is None else seed,
        times=_read_whole(data, "times", least=1),
    )


def _read_whole(data: Mapping[str, object], field: str, *, least: int) -> int | None:
    value = data.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        _refuse(f"rules.{field}", f"a whole number of at least {least} is needed")
    return value


def _read_keys(data: object) -> Mapping[str, UpstreamKey]:
    if not isinstance(data, dict) or not 1 <= len(data) <= KEYS_MAX:
        _refuse("keys", f"an object of 1 to {KEYS_MAX} keys is needed")
    keys = {}
    for secret, names in data.items():
        # The secret is not named in any message: it may be a real one, put here by mistake.
        if not secret or not secret.isascii():
            _refuse("keys", "a key is ASCII text")
        if isinstance(names, str):
            names = {"name": names}
        if not isinstance(names, dict) or not names.keys() <= {"name", "project"}:
            _refuse("keys", "a key has a name, or an object with name and project")
        keys[secret] = UpstreamKey(
            name=_read_name(names.get("name"), "keys.name"),
            project=_read_name(names.get("project", "proj_sandbox"), "keys.project"),
        )
    return keys


def _read_models(data: object) -> tuple[str, ...] | None:
    if data is None:
        return None
    if not isinstance(data, list) or len(data) > MODELS_MAX:
        _refuse("models", f"a list of at most {MODELS_MAX} names is needed")
    return tuple(_read_name(each, "models") for each in data)


def _read_costs(data: object) -> Mapping[str, TokenCosts]:
    if not isinstance(data, dict) or len(data) > MODELS_MAX:
        _refuse("costs", "an object of models is needed")
    return {model: _read_model_costs(model, kinds) for model, kinds in data.items()}


def _read_model_costs(model: str, kinds: object) -> TokenCosts:
    if not isinstance(kinds, dict) or not kinds.keys() <= set(TokenCosts.__slots__):
        _refuse(f"costs.{model}", "an object is needed, with " + ", ".join(TokenCosts.__slots__))
    nanos_of: dict[str, int] = {}
    for kind, nanos in kinds.items():
        if isinstance(nanos, bool) or not isinstance(nanos, int) or not 0 <= nanos <= COST_NANOS_MAX:
            _refuse(f"costs.{model}.{kind}", "whole nanos per million tokens are needed")
        nanos_of[kind] = nanos
    input_nanos = nanos_of.get("input_tokens", 0)
    return TokenCosts(
        input_tokens=input_nanos,
        cached_tokens=nanos_of.get("cached_tokens", input_nanos),
        cache_write_5m_tokens=nanos_of.get("cache_write_5m_tokens", input_nanos),
        cache_write_1h_tokens=nanos_of.get("cache_write_1h_tokens", input_nanos),
        output_tokens=nanos_of.get("output_tokens", 0),
    )


def _read_name(value: object, field: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= NAME_CHARACTERS_MAX:
        _refuse(field, f"a text of 1 to {NAME_CHARACTERS_MAX} characters is needed")
    return value


def _refuse(field: str, reason: str) -> NoReturn:
    raise InputError(field=field[:NAME_CHARACTERS_MAX], reason=reason)
