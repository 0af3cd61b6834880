"""Reads how a failure is written: `kind[:argument][@key][,billed|,unbilled]`.

`status:529`, `timeout:30000`, `cut:0`, `out_of_money:deepseek`, `status:500@backup`, `timeout:500,unbilled`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.model import DELAY_MS_MAX, Failure, FailureKind
from counterfoil.sandbox.out_of_money import FLAVOURS

# An upstream that "never answers" outlives every sensible timeout of its caller.
TIMEOUT_MS_DEFAULT = 600_000
SLOW_FIRST_BYTE_MS_DEFAULT = 5_000
CUT_PERCENT_DEFAULT = 50
OVERCOUNT_TOKENS_DEFAULT = 100
OVERCOUNT_TOKENS_MAX = 100_000

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


def read_failure(text: object) -> Failure:
    """Read one written failure (see the module's docstring). Raises `InputError`."""
    found = _FAILURE.match(text) if isinstance(text, str) else None
    if found is None or found["kind"] not in list(FailureKind):
        _refuse("one of " + ", ".join(FailureKind) + " is needed, as kind[:argument][@key][,billed|,unbilled]")
    kind = FailureKind(found["kind"])
    flavour = None
    argument = 0
    if kind is FailureKind.OUT_OF_MONEY:
        flavour = _read_flavour(found["argument"])
    elif kind not in _NO_ARGUMENT:
        argument = _read_argument(kind, found["argument"])
    elif found["argument"] is not None:
        _refuse(f"{kind} takes no argument")
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
        _refuse("the flavours of out_of_money are " + ", ".join(FLAVOURS))
    return flavour


def _read_argument(kind: FailureKind, text: str | None) -> int:
    least, most, default = _ARGUMENTS[kind]
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
        _refuse(f"{kind} needs a number from {least} to {most}")
    return int(text)


def _refuse(reason: str) -> NoReturn:
    raise InputError(field="fail", reason=reason)
