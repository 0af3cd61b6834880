"""Numbers that must not be kept: cards, Chinese resident ids, phones, payment orders, and other long ones.

Look-alikes pass: digits inside a word (hex ids, `req_…`), decimals, dates in model names, and times in microseconds
(16 digits) or nanoseconds (19) of this era; a number of another 16 or more digits is masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from counterfoil.redaction.edges import continues_word
from counterfoil.redaction.masks import mask_digits
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View

# Runs of digit groups with a space, a hyphen or a line's end between them.
RUN = re.compile(r"[0-9]++(?:(?:-|[ \t]{1,2}|[ ]?\r?\n[ ]?)[0-9]++)*+")
GROUP = re.compile(r"[0-9]++")
# Groups with dots between them: a card's or a phone's are all of one length, a version's and an address's are not.
DOTTED = re.compile(r"\.(?<=(?<![0-9.])[0-9]{4}\.)[0-9]{4}\.[0-9]{4}\.[0-9]{4}(?![0-9])(?!\.[0-9])")
DOTTED_PHONE = re.compile(r"\.(?<=(?<![0-9.])1[3-9][0-9]\.)[0-9]{4}\.[0-9]{4}(?![0-9])(?!\.[0-9])")
RESIDENT_ID = re.compile(r"[1-9][0-9]{5}[ -]?[0-9]{8}[ -]?[0-9]{3}[0-9Xx](?![0-9A-Za-z_])")
# Two letters of a country, two check digits, and groups of four, as it is printed and as programs write it.
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}(?:[ ]?[0-9A-Z]){11,30}+")
# How many letters and spaces of one stand in front of its first long run of digits: `GB29 NWBK `.
_BEFORE_IBAN = (2, 5, 6, 8, 10)
_FREE = frozenset(" \t\r\n:=,;\"'()[]{}#/|")
_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
# Lengths by country, of those whose banks people pay from. Source: the SWIFT IBAN registry.
_IBAN_LENGTHS = {
    "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24,
    "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21,
    "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SA": 24,
    "SE": 24, "SI": 19, "SK": 24, "TR": 26, "UA": 29,
}  # fmt: skip
# Digits and what may stand between them, as one byte each: where eleven begin with a digit is quickly found.
_DIGITS_AND_GAPS = bytes(
    ord("0") if chr(sign) in "0123456789" else ord(" ") if chr(sign) in " \t\r\n-" else ord("x") for sign in range(256)
)
CANDIDATE = re.compile(rb"0[0 ]{10}")
# What a request or a task of an upstream is named in front of its number, which may be as long as a card's.
NAMED_ID = re.compile(
    r"(?:(?:request|task|trace|log|file|job|generation)[ _-]{0,2}(?:id|no|number)?|请求|任务|日志)[ ]{0,2}(?:id|编号|号)?"
    r"\\{0,7}[\"']?[ ]{0,2}[:=#是为]?[ ]{0,2}\\{0,7}[\"']?\Z",
    re.IGNORECASE,
)

# The shortest secret of one group is a phone number; no secret has less digits.
_LEAST_ALONE = 11
_LEAST_LONG = 16
# Of a resident id whose check sign is an X.
_DIGITS_BEFORE_X = 17
_LONGEST_ID_NAME = 40
_ORDER_LENGTHS = range(28, 33)
# 2001-09-09 to 2039-09-18, in microseconds and nanoseconds since the epoch. No card begins so with a right check digit
# except Mir's, which are still found: cards are looked for first.
_MICROS = range(10**15, 22 * 10**14)
_NANOS = range(10**18, 22 * 10**17)

# How cards are printed: groups of digits. One group is a card written without spaces.
_CARD_SHAPES = ((4, 4, 4, 4), (4, 4, 4, 4, 3), (8, 8), (4, 6, 5), (4, 6, 4), (6, 13))
_ORDER_SHAPES = ((4,) * 7, (4,) * 8)
_PHONE_SHAPES = ((3, 4, 4), (3, 8))
_CHINA = ("86", "0086")
_DATE = re.compile(r"20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_CHINA_SHAPES = tuple((len(code), *shape) for code in _CHINA for shape in (*_PHONE_SHAPES, (11,)))
_ID_SHAPES = ((6, 8, 4), (6, 8, 3), (14, 4), (14, 3), (6, 11), (6, 12))
_SHAPES = frozenset([*_CARD_SHAPES, *_ORDER_SHAPES, *_PHONE_SHAPES, *_CHINA_SHAPES, *_ID_SHAPES])
# Whether so many groups may hold anything is remembered: the same few patterns come again and again.
_GROUPS_KNOWN = 8
_COUNTS = (8, 7, 5, 4, 3, 2)
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


_ISSUERS_BY_DIGIT = {
    digit: tuple(issuer for issuer in _ISSUERS if str(issuer[0])[0] <= digit <= str(issuer[1])[0])
    for digit in "0123456789"
}


def has_enough_digits(view: View) -> bool:
    """Whether there may be a number as long as a phone's: without one there is nothing to find here."""
    return CANDIDATE.search(view.plain.translate(_DIGITS_AND_GAPS)) is not None


def find_numbers(view: View) -> Iterator[Finding]:
    text = view.text
    shape = view.plain.translate(_DIGITS_AND_GAPS)
    position = 0
    while (candidate := CANDIDATE.search(shape, position)) is not None:
        start = candidate.start()
        position = RUN.match(text, start).end()  # type: ignore[union-attr]  # a digit is a run
        digits = shape.count(b"0", start, position)
        if digits < _LEAST_ALONE:
            continue
        before = text[start - 1] if start else " "
        if before in _CAPITALS or (before == " " and text[start - 2 : start - 1] in _CAPITALS):
            yield from _find_bank_account(text, start)
        # A group that touches a letter is a piece of a word: `4242…a1` is hexadecimal, not a number.
        inside = before not in _FREE and _is_inside(text, start)
        touching = _is_word_sign(text[position : position + 1])
        if digits == position - start and (inside or touching):
            if touching and digits == _DIGITS_BEFORE_X:
                yield from _find_resident_ids(text, [(start, position)])
            continue
        groups = [match.span() for match in GROUP.finditer(text, start, position)]
        lengths = tuple([b - a for a, b in groups])
        if len(lengths) <= _GROUPS_KNOWN and not _may_hold(lengths):
            continue
        if digits >= _DIGITS_BEFORE_X:
            yield from _find_resident_ids(text, groups)
        yield from _find_in_groups(text, groups[1 if inside else 0 : len(groups) - 1 if touching else None])


def find_dotted_numbers(view: View) -> Iterator[Finding]:
    for pattern, before in ((DOTTED, 4), (DOTTED_PHONE, 3)):
        for match in pattern.finditer(view.text):
            start, end = match.start() - before, match.end()
            found = _judge_several(view.text[start:end].split("."))
            if found is not None and not _is_inside(view.text, start) and not _touches_word(view.text, end):
                yield Finding(kind=found[0], start=start, end=end, mask=found[1])


def _find_resident_ids(text: str, groups: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    for start, _ in groups:
        match = RESIDENT_ID.match(text, start)
        if match is not None and not _is_inside(text, start):
            digits = match[0].replace(" ", "").replace("-", "")
            if is_resident_id(digits):
                mask = mask_digits("id", digits)
                yield Finding(kind=SecretKind.ID, start=match.start(), end=match.end(), mask=mask)


def _find_bank_account(text: str, start: int) -> Iterator[Finding]:
    """An international account number that begins a few signs before these digits."""
    for before in _BEFORE_IBAN:
        place = start - before
        length = _IBAN_LENGTHS.get(text[max(0, place) : place + 2], 0)
        match = IBAN.match(text, place) if length and not continues_word(text, place) else None
        if match is None:
            continue
        end = _end_of_signs(match[0], length) + place
        account = text[place:end].replace(" ", "")
        if len(account) == length and is_iban(account) and not _touches_word(text, end):
            yield Finding(kind=SecretKind.BANK, start=place, end=end, mask=mask_digits("bank", account))
            return


def _end_of_signs(text: str, count: int) -> int:
    """Where so many signs that are no spaces end."""
    for place, sign in enumerate(text):
        if sign != " ":
            count -= 1
            if count == 0:
                return place + 1
    return len(text)


@lru_cache(maxsize=4096)
def _may_hold(lengths: tuple[int, ...]) -> bool:
    """Whether groups of these lengths, or some in a row of them, may be a number that is looked for."""
    return max(lengths) >= _LEAST_ALONE or any(
        lengths[first:last] in _SHAPES for first in range(len(lengths)) for last in range(first + 1, len(lengths) + 1)
    )


def _find_in_groups(text: str, groups: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    lengths = tuple(end - start for start, end in groups)
    index = 0
    while index < len(groups):
        count = 1
        start, end = groups[index]
        found = _judge_one(text[start:end]) if lengths[index] >= _LEAST_ALONE else None
        if found is not None and _is_named_id(text, start, end):
            found = None
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
    if _DATE.fullmatch(parts[-1]):
        # `150 20261124` is a time taken and a date.
        return None
    if is_phone(digits) or (parts[0] in _CHINA and is_phone("".join(parts[1:]))):
        return SecretKind.PHONE, mask_digits("phone", digits)
    return (SecretKind.ORDER_NUMBER, mask_digits("order", digits)) if len(digits) in _ORDER_LENGTHS else None


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
    return SecretKind.OTHER, mask_digits("number", digits)


def is_iban(text: str) -> bool:
    """ISO 13616: the account, the country and the check digits, read as one number, leave 1 of 97."""
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def is_card(digits: str) -> bool:
    """Luhn's check digit, and an issuer's prefix with one of its lengths: one random number in ten passes Luhn alone."""
    length = len(digits)
    if not 13 <= length <= 19:
        return False
    known = any(
        length in lengths and first <= int(digits[: len(str(first))]) <= last
        for first, last, lengths in _ISSUERS_BY_DIGIT.get(digits[0], ())
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
        before[-1] in "…_" or continues_word(text, start) or (before[-1] == "." and before[0] in "0123456789")
    )


def _touches_word(text: str, end: int) -> bool:
    return end < len(text) and _is_word_sign(text[end])


def _is_named_id(text: str, start: int, end: int) -> bool:
    """Whether the number is that of a request or a task; one as long as a card in use is still looked at."""
    before = text[max(0, start - _LONGEST_ID_NAME) : start]
    return NAMED_ID.search(before) is not None and not is_card(text[start:end] if end - start <= 16 else "")


def _is_word_sign(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign == "_")
