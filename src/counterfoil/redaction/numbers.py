"""Numbers that must not be kept: cards, Chinese resident ids, phones, payment orders, and other long ones.

Look-alikes pass: digits inside a word (hex ids, `req_…`), decimals, dates in model names, and times in microseconds
(16 digits) or nanoseconds (19) of this era; a number of another 16 or more digits is masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from counterfoil.redaction.masks import mask_digits
from counterfoil.redaction.model import Finding, SecretKind

# Runs of digit groups with single spaces or hyphens between, entered at their beginning only.
RUN = re.compile(r"(?<![0-9])(?<![0-9][ -])[0-9]++(?:[ -][0-9]++)*+")
GROUP = re.compile(r"[0-9]++")
RESIDENT_ID = re.compile(r"(?<![0-9A-Za-z_])[1-9][0-9]{5}[ -]?[0-9]{8}[ -]?[0-9]{3}[0-9Xx](?![0-9A-Za-z_])")
ENOUGH_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){10}")

# The shortest secret of one group is a phone number.
_LEAST_ALONE = 11
_LEAST_LONG = 16
_ORDER_LENGTHS = range(28, 33)
# 2001-09-09 to 2039-09-18, in microseconds and nanoseconds since the epoch. No card begins so with a right check digit
# except Mir's, which are still found: cards are looked for first.
_MICROS = range(10**15, 22 * 10**14)
_NANOS = range(10**18, 22 * 10**17)

# How cards are printed: groups of digits. One group is a card written without spaces.
_CARD_SHAPES = ((4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (6, 13))
_PHONE_SHAPES = ((3, 4, 4), (3, 8))
_CHINA = ("86", "0086")
_SHAPES = frozenset(
    [*_CARD_SHAPES, *_PHONE_SHAPES, *((len(code), *shape) for code in _CHINA for shape in (*_PHONE_SHAPES, (11,)))]
)
_COUNTS = (5, 4, 3, 2)
_FIRST_LENGTHS = frozenset(shape[0] for shape in _SHAPES)
# (first and last issuer prefix, lengths). Sources: ISO/IEC 7812 registrations as published by the schemes.
_ISSUERS: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (4, 4, (13, 16, 19)),  # Visa
    (51, 55, (16,)),  # Mastercard
    (2221, 2720, (16,)),  # Mastercard
    (34, 34, (15,)),  # American Express
    (37, 37, (15,)),
    (62, 62, (16, 17, 18, 19)),  # UnionPay
    (81, 81, (16, 17, 18, 19)),
    (3528, 3589, (16, 17, 18, 19)),  # JCB
    (6011, 6011, (16, 19)),  # Discover
    (644, 659, (16, 19)),
    (300, 305, (14,)),  # Diners Club
    (36, 36, (14, 16, 19)),
    (38, 39, (14, 16, 19)),
    (2200, 2204, (16, 17, 18, 19)),  # Mir
)


def has_enough_digits(text: str) -> bool:
    """Whether a text has a run as long as a phone number: without one there is nothing to find here."""
    return ENOUGH_DIGITS.search(text) is not None


def find_numbers(text: str) -> Iterator[Finding]:
    for run in RUN.finditer(text):
        if run.end() - run.start() < 11:
            continue
        groups = [match.span() for match in GROUP.finditer(text, run.start(), run.end())]
        # A group that touches a letter is a piece of a word: `4242…a1` is hexadecimal, not a number.
        if run.end() < len(text) and _is_word_sign(text[run.end()]):
            groups.pop()
        if groups and _is_inside(text, run.start()):
            groups = groups[1:]
        yield from _find_in_groups(text, groups)


def find_resident_ids(text: str) -> Iterator[Finding]:
    for match in RESIDENT_ID.finditer(text):
        digits = match[0].replace(" ", "").replace("-", "")
        if is_resident_id(digits):
            mask = mask_digits("id", digits)
            yield Finding(kind=SecretKind.ID, start=match.start(), end=match.end(), mask=mask)


def _find_in_groups(text: str, groups: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    lengths = tuple(end - start for start, end in groups)
    index = 0
    while index < len(groups):
        count = 1
        start, end = groups[index]
        found = _judge_one(text[start:end]) if lengths[index] >= _LEAST_ALONE else None
        if found is None and lengths[index] in _FIRST_LENGTHS:
            for count in _COUNTS:
                if index + count <= len(groups) and lengths[index : index + count] in _SHAPES:
                    end = groups[index + count - 1][1]
                    found = _judge_several([text[a:b] for a, b in groups[index : index + count]])
                    if found is not None:
                        break
        if found is not None:
            yield Finding(kind=found[0], start=start, end=end, mask=found[1])
        index += count if found is not None else 1


def _judge_several(parts: Sequence[str]) -> tuple[SecretKind, str] | None:
    """What groups of a known shape are, or None."""
    digits = "".join(parts)
    if is_card(digits):
        return SecretKind.CARD, mask_digits("card", digits)
    if is_phone(digits) or (parts[0] in _CHINA and is_phone("".join(parts[1:]))):
        return SecretKind.PHONE, mask_digits("phone", digits)
    return None


def _judge_one(digits: str) -> tuple[SecretKind, str] | None:
    """What digits without a separator are, or None."""
    length = len(digits)
    # 13 digits are also a time in milliseconds, but none begins with 861 for seven hundred years.
    if is_phone(digits) or (length in (13, 15) and digits[:-11] in _CHINA and is_phone(digits[-11:])):
        return SecretKind.PHONE, mask_digits("phone", digits)
    if is_card(digits):
        return SecretKind.CARD, mask_digits("card", digits)
    if length < _LEAST_LONG:
        return None
    if length in _ORDER_LENGTHS:
        return SecretKind.ORDER_NUMBER, mask_digits("order", digits)
    # A longer number is no time, and int() refuses digits by the thousand.
    if length <= 19 and (int(digits) in _MICROS or int(digits) in _NANOS):
        return None
    return SecretKind.NUMBER, mask_digits("number", digits)


def is_card(digits: str) -> bool:
    """Luhn's check digit, and an issuer's prefix with one of its lengths: one random number in ten passes Luhn alone."""
    if not 13 <= len(digits) <= 19:
        return False
    known = any(
        len(digits) in lengths and first <= int(digits[: len(str(first))]) <= last for first, last, lengths in _ISSUERS
    )
    return known and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_phone(digits: str) -> bool:
    """A Chinese mobile number: 1, a digit from 3 to 9, and nine more."""
    return len(digits) == 11 and digits[0] == "1" and digits[1] in "3456789"


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_SIGNS = "10X98765432"


def is_resident_id(digits: str) -> bool:
    """A Chinese resident id (GB 11643): a date of birth, and the check sign."""
    month, day = int(digits[10:12]), int(digits[12:14])
    if digits[6:8] not in ("18", "19", "20") or not 1 <= month <= 12 or not 1 <= day <= 31:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    return digits[17].upper() == _CHECK_SIGNS[total % 11]


def _is_inside(text: str, start: int) -> bool:
    """Whether what begins here continues a word, the decimals of a number, or a mask that shows four digits."""
    before = text[max(0, start - 2) : start]
    return before != "" and (
        before[-1] == "…" or _is_word_sign(before[-1]) or (before[-1] == "." and before[0] in "0123456789")
    )


def _is_word_sign(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign == "_")
