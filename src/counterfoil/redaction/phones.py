"""Phone numbers of other countries, and of desks: in what people write, where a plus or an area code is a sign of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.redaction.edges import continues_word
from counterfoil.redaction.masks import mask_digits
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View

INTERNATIONAL = re.compile(r"\+(?P<number>[1-9](?:[ ().-]{0,2}[0-9]){7,14}+)(?![0-9A-Za-z_:])(?!\.[0-9])")
AREA = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})-[2-8][0-9]{6,7}(?![0-9A-Za-z_-])")
_SEPARATORS = (" ", "(", "-")
# Without any separator, a number behind a plus is as often an amount: `+1500000000`.
_LEAST_PLAIN = 11
_ROUND = "00000"


def find_phones(view: View) -> Iterator[Finding]:
    text = view.text
    for match in INTERNATIONAL.finditer(text):
        number = match["number"]
        digits = "".join(sign for sign in number if sign.isdigit())
        is_plain = not any(sign in number for sign in _SEPARATORS)
        if continues_word(text, match.start()) or digits.endswith(_ROUND):
            continue
        if is_plain and (len(digits) < _LEAST_PLAIN or "." in number):
            continue
        start, end = match.span("number")
        yield Finding(kind=SecretKind.PHONE, start=start, end=end, mask=mask_digits("phone", digits))
    for match in AREA.finditer(text):
        start = match.start()
        before = text[start - 1 : start]
        if not continues_word(text, start) and before not in ("-", ".", "_"):
            digits = match[0].replace("-", "")
            yield Finding(kind=SecretKind.PHONE, start=start, end=match.end(), mask=mask_digits("phone", digits))
