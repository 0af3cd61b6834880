"""Which sign stands before the decimals in a file whose language or settings decide it: found from its own amounts."""

from __future__ import annotations

import re
from collections.abc import Iterable

POINT = "."
COMMA = ","
_AMOUNT = re.compile(r"[+\-\u2212(]?\d[\d., \u00a0\u202f]*\)?-?\Z")
_THOUSAND_DIGITS = 3


def decimal_sign(amounts: Iterable[str], *, otherwise: str) -> str:
    """The sign that most amounts can only have before their decimals; `otherwise` where none shows it.

    "1.234" alone says nothing: it is a thousand and more in Germany, and less than two elsewhere.
    """
    votes = {POINT: 0, COMMA: 0}
    for amount in amounts:
        sign = _shown_by(amount.strip())
        if sign is not None:
            votes[sign] += 1
    if votes[POINT] == votes[COMMA]:
        return otherwise
    return POINT if votes[POINT] > votes[COMMA] else COMMA


def _shown_by(amount: str) -> str | None:
    if not _AMOUNT.match(amount):
        return None
    last = max(amount.rfind(POINT), amount.rfind(COMMA))
    if last < 0:
        return None
    sign = amount[last]
    other = COMMA if sign == POINT else POINT
    if other in amount:
        return sign
    if amount.count(sign) > 1:
        return other
    digits = len(re.sub(r"\D", "", amount[last:]))
    return None if digits == _THOUSAND_DIGITS else sign
