"""Stripe's forms: `line_items[0][price_data][currency]=usd` is nested, and unknown names are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from counterfoil.sandbox.payments.stripe_errors import invalid, missing, unknown

_PARTS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
_FIELDS_MAX = 1000
_DEPTH_MAX = 8
# Stripe's largest amounts: eight digits, and twelve where a unit is worth little.
AMOUNT_MAX = 99_999_999
_LARGE_AMOUNT_MAX = 999_999_999_999
_LARGE_CURRENCIES = frozenset({"cop", "huf", "idr", "jpy", "lbp"})
_THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
# Sent with two decimals that must be 0: they have none, but had when Stripe began with them.
_TWO_EMPTY_DECIMALS = frozenset({"isk", "ugx"})


def read_form(text: str) -> dict[str, Any]:
    """Nested parameters; lists come as mappings from "0", "1", … or as lists where they were sent with `[]`."""
    read: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise invalid("body", "The form has too many fields.") from None
    for name, value in pairs:
        found = _PARTS.match(name)
        if found is None:
            raise unknown(name[:80])
        keys = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
        if len(keys) > _DEPTH_MAX:
            raise unknown(name[:80])
        _put(read, keys, value)
    return read


def check_names(params: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse what Stripe would: a parameter that it does not have."""
    for name in params:
        if name not in known and name != "expand":
            raise unknown(name)


def items(params: Mapping[str, Any], name: str) -> list[Any]:
    """The values of a list, in order."""
    value = params.get(name, {})
    if not isinstance(value, Mapping):
        raise invalid(name, f"Invalid array: {name}")
    return [value[key] for key in sorted(value, key=lambda key: (len(key), key))]


def text(params: Mapping[str, Any], name: str) -> str | None:
    """A text, or None where there is none; `""` unsets and is none as well."""
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(name, f"Invalid string: {name}")
    return value or None


def needed_text(params: Mapping[str, Any], name: str, shown: str | None = None) -> str:
    value = text(params, name)
    if value is None:
        raise missing(shown or name)
    return value


def whole(params: Mapping[str, Any], name: str, shown: str | None = None) -> int | None:
    value = text(params, name)
    if value is None:
        return None
    if re.fullmatch(r"-?\d{1,15}", value, re.ASCII) is None:
        raise invalid(shown or name, f"Invalid integer: {value[:40]}", "parameter_invalid_integer")
    return int(value)


def truth(params: Mapping[str, Any], name: str) -> bool:
    value = text(params, name)
    if value not in (None, "true", "false"):
        raise invalid(name, f"Invalid boolean: {name}")
    return value == "true"


def metadata(params: Mapping[str, Any], name: str = "metadata") -> dict[str, str]:
    value = params.get(name) or {}
    if not isinstance(value, Mapping) or any(not isinstance(each, str) for each in value.values()):
        raise invalid(name, "Metadata values must be strings.")
    if len(value) > 50 or any(len(key) > 40 or len(each) > 500 for key, each in value.items()):
        raise invalid(name, "Metadata has at most 50 keys of 40 characters, with values of 500.")
    return {key: each for key, each in value.items() if each}


def read_currency(params: Mapping[str, Any], shown: str) -> str:
    value = needed_text(params, "currency", shown).lower()
    if re.fullmatch(r"[a-z]{3}", value) is None:
        raise invalid(shown, f"Invalid currency: {value[:10]}", "currency_not_supported")
    return value


def check_amount(amount: int, currency: str, shown: str) -> int:
    """An amount that Stripe takes in that currency."""
    if amount < 1:
        raise invalid(shown, "This value must be greater than or equal to 1.", "parameter_invalid_integer")
    if amount > (_LARGE_AMOUNT_MAX if currency in _LARGE_CURRENCIES else AMOUNT_MAX):
        raise invalid(shown, "Amount is too large.", "amount_too_large")
    if currency in _THREE_DECIMALS and amount % 10:
        raise invalid(shown, "The last decimal of a three-decimal currency must be 0.", "parameter_invalid_integer")
    if currency in _TWO_EMPTY_DECIMALS and amount % 100:
        raise invalid(shown, "The two decimals of this currency must be 0.", "parameter_invalid_integer")
    return amount


def _put(read: dict[str, Any], keys: list[str], value: str) -> None:
    level = read
    for key in keys[:-1]:
        key = key or str(len(level))
        below = level.setdefault(key, {})
        if not isinstance(below, dict):
            raise invalid(keys[0], f"Invalid object: {keys[0]}")
        level = below
    level[keys[-1] or str(len(level))] = value
