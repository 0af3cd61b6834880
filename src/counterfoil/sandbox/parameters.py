"""Parameters of requests, and what OpenAI says of those that it does not accept."""

from __future__ import annotations

from typing import Any

from counterfoil.sandbox.errors import Rejected

MODEL_CHARACTERS_MAX = 256


def read_model(value: object) -> str:
    """A model's name; raises `Rejected`."""
    if value is None:
        raise missing("model")
    if not isinstance(value, str) or not 1 <= len(value) <= MODEL_CHARACTERS_MAX:
        raise wrong_type("model", "a string")
    return value


def read_whole(data: dict[str, Any], name: str, *, most: int | None = None) -> int | None:
    """A whole number of at least 1, or None; raises `Rejected`."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(name, "an integer")
    if value < 1:
        message = f"Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {value} instead."
        raise Rejected(400, message, param=name, code="integer_below_min_value")
    if most is not None and value > most:
        message = f"Invalid '{name}': integer above maximum value. Expected a value <= {most}, but got {value} instead."
        raise Rejected(400, message, param=name, code="integer_above_max_value")
    return value


def read_text(value: object, name: str, *, characters_max: int) -> str:
    """A text that is not empty; raises `Rejected`."""
    if value is None or value == "":
        raise missing(name)
    if not isinstance(value, str):
        raise wrong_type(name, "a string")
    if len(value) > characters_max:
        message = (
            f"Invalid '{name}': string too long. Expected a string with maximum length {characters_max}, but got a"
            f" string with length {len(value)} instead."
        )
        raise Rejected(400, message, param=name, code="string_above_max_length")
    return value


def read_choice(value: object, name: str, choices: tuple[str, ...], default: str) -> str:
    """One of a few words; raises `Rejected`."""
    if value is None:
        return default
    if not isinstance(value, str) or value not in choices:
        supported = ", ".join(f"'{choice}'" for choice in choices)
        raise wrong_value(name, value, f"Supported values are: {supported}")
    return value


def missing(name: str) -> Rejected:
    message = f"Missing required parameter: '{name}'."
    return Rejected(400, message, param=name, code="missing_required_parameter")


def wrong_type(name: str, expected: str) -> Rejected:
    message = f"Invalid type for '{name}': expected {expected}."
    return Rejected(400, message, param=name, code="invalid_type")


def wrong_value(name: str, value: object, supported: str) -> Rejected:
    shown = str(value)[:40]
    return Rejected(400, f"Invalid value: '{shown}'. {supported}.", param=name, code="invalid_value")
