"""Reads a sandbox's configuration.

    {
      "keys":   {"sandbox-key": "sandbox", "other-key": {"name": "backup", "project": "proj_two"}},
      "models": ["gpt-5-mini"],
      "costs":  {"gpt-5-mini": {"input_tokens": 250000000, "output_tokens": 2000000000}},
      "rules":  [{"fail": "status:503", "key": "backup", "every": 10},
                 {"ask": {"outcome": "failed", "after_ms": 500}, "endpoint": "videos", "probability": 0.1}],
      "callbacks": {"url": "http://127.0.0.1:8080/hook", "secret": "whsec_c2VjcmV0", "times": 2, "delay_ms": 100},
      "cancelled_running_percent": 100
    }

`costs` are explained in `costs.py`, what `fail` may say in `failure_notation.py`, what `ask` may say in
`directives.py`, and `callbacks` (one object, or a list) in `callbacks.py`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlsplit

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.costs import DEFAULT_COSTS, MODELS_MAX, read_costs
from counterfoil.sandbox.directives import ASKABLE, CALLBACK_TIMES_MAX, problem_with
from counterfoil.sandbox.failure_notation import read_failure
from counterfoil.sandbox.model import (
    DELAY_MS_MAX,
    CallbackSettings,
    Configuration,
    Endpoint,
    Rule,
    UpstreamKey,
)
from counterfoil.sandbox.video_model import EVENT_TYPES, FINAL_EVENT_TYPES

RULES_MAX = 100
KEYS_MAX = 1000
# A name goes into every line of the bill.
NAME_CHARACTERS_MAX = 128
CALLBACKS_MAX = 100

DEFAULT_KEYS: Mapping[str, UpstreamKey] = {"sandbox-key": UpstreamKey(name="sandbox", project="proj_sandbox")}

_FIELDS = ("keys", "models", "costs", "rules", "callbacks", "cancelled_running_percent")
_RULE_FIELDS = frozenset({"fail", "ask", "model", "endpoint", "key", "every", "probability", "seed", "times"})
_CALLBACK_FIELDS = frozenset({"url", "secret", "key", "times", "events", "delay_ms"})


def default_configuration() -> Configuration:
    return Configuration(keys=DEFAULT_KEYS, models=None, costs=DEFAULT_COSTS, rules=())


def read_configuration(data: object) -> Configuration:
    """Read parsed JSON; what is left out takes its default. Raises `InputError` with the field and the reason."""
    if not isinstance(data, dict):
        _refuse("configuration", "an object is needed")
    for field in data:
        if field not in _FIELDS:
            _refuse(field, "there is no such field")
    return Configuration(
        keys=_read_keys(data["keys"]) if "keys" in data else DEFAULT_KEYS,
        models=_read_models(data.get("models")),
        costs={**DEFAULT_COSTS, **read_costs(data.get("costs", {}))},
        rules=read_rules(data.get("rules", [])),
        callbacks=read_callbacks(data.get("callbacks")),
        cancelled_running_percent=_read_percent(data.get("cancelled_running_percent", 100)),
    )


def read_rules(data: object) -> tuple[Rule, ...]:
    """Read a parsed JSON list of rules. Raises `InputError` with the field and the reason."""
    if not isinstance(data, list) or len(data) > RULES_MAX:
        _refuse("rules", f"a list of at most {RULES_MAX} rules is needed")
    return tuple(_read_rule(each) for each in data)


def _read_rule(data: object) -> Rule:
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
    if ("fail" in data) is ("ask" in data):
        _refuse("rules", "each rule has either fail or ask")
    seed = _read_whole(data, "seed", least=0)
    return Rule(
        failure=read_failure(data["fail"]) if "fail" in data else None,
        ask=_read_ask(data["ask"]) if "ask" in data else {},
        model=None if data.get("model") is None else _read_name(data["model"], "rules.model"),
        endpoint=None if endpoint is None else Endpoint(endpoint),
        key=None if data.get("key") is None else _read_name(data["key"], "rules.key"),
        every=_read_whole(data, "every", least=1),
        probability=probability,
        seed=1 if seed is None else seed,
        times=_read_whole(data, "times", least=1),
    )


def _read_ask(data: object) -> Mapping[str, str]:
    if not isinstance(data, dict) or not data:
        _refuse("rules.ask", "an object of directives is needed")
    asked = {}
    for name, value in data.items():
        if name not in ASKABLE:
            _refuse(f"rules.ask.{name}", "there is no such directive, one of " + ", ".join(sorted(ASKABLE)))
        if not isinstance(value, str | int):
            _refuse(f"rules.ask.{name}", "a text or a whole number is needed")
        asked[name] = value if isinstance(value, str) else str(int(value))
        problem = problem_with(name, asked[name])
        if problem is not None:
            _refuse(f"rules.ask.{name}", f"{problem} is needed")
    return asked


def read_callbacks(data: object) -> tuple[CallbackSettings, ...]:
    """Read parsed JSON: nothing, one object, or a list. Raises `InputError` with the field and the reason."""
    if data is None:
        return ()
    each_of = data if isinstance(data, list) else [data]
    if len(each_of) > CALLBACKS_MAX:
        _refuse("callbacks", f"at most {CALLBACKS_MAX} are taken")
    return tuple(_read_callback(each) for each in each_of)


def _read_callback(data: object) -> CallbackSettings:
    if not isinstance(data, dict) or not data.keys() <= _CALLBACK_FIELDS:
        _refuse("callbacks", "an object is needed, with " + ", ".join(sorted(_CALLBACK_FIELDS)))
    secret = data.get("secret")
    if not isinstance(secret, str) or not 1 <= len(secret) <= NAME_CHARACTERS_MAX:
        _refuse("callbacks.secret", f"a text of 1 to {NAME_CHARACTERS_MAX} characters is needed")
    events = data.get("events", list(FINAL_EVENT_TYPES))
    if not isinstance(events, list) or not all(event in EVENT_TYPES for event in events):
        _refuse("callbacks.events", "a list is needed, of " + ", ".join(EVENT_TYPES))
    delays = data.get("delay_ms", 0)
    if not isinstance(delays, dict):
        delays = dict.fromkeys(events, delays)
    for event, delay_ms in delays.items():
        if event not in EVENT_TYPES or type(delay_ms) is not int or not 0 <= delay_ms <= DELAY_MS_MAX:
            _refuse("callbacks.delay_ms", f"milliseconds up to {DELAY_MS_MAX} are needed, or an object by event")
    times = data.get("times", 1)
    if type(times) is not int or not 0 <= times <= CALLBACK_TIMES_MAX:
        _refuse("callbacks.times", f"a whole number up to {CALLBACK_TIMES_MAX} is needed")
    return CallbackSettings(
        url=_read_url(data.get("url")),
        secret=secret,
        key=None if data.get("key") is None else _read_name(data["key"], "callbacks.key"),
        times=times,
        delays_ms={event: delays.get(event, 0) for event in events},
    )


def _read_url(value: object) -> str:
    if not isinstance(value, str) or not _is_on_loopback(value):
        _refuse("callbacks.url", "an address such as http://127.0.0.1:8080/hook is needed, on loopback")
    return value


def _is_on_loopback(url: str) -> bool:
    # Nothing of the sandbox leaves this machine.
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _read_percent(value: object) -> int:
    if type(value) is not int or not 0 <= value <= 100:
        _refuse("cancelled_running_percent", "a whole number from 0 to 100 is needed")
    return value


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


def _read_name(value: object, field: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= NAME_CHARACTERS_MAX:
        _refuse(field, f"a text of 1 to {NAME_CHARACTERS_MAX} characters is needed")
    return value


def _refuse(field: str, reason: str) -> NoReturn:
    raise InputError(field=field[:NAME_CHARACTERS_MAX], reason=reason)
