"""Reading the ends of numbers: of masks, of keys and codes and orders, in whichever field or among words. Pure.

What an end is the end of is decided by what is on record: a field that it stands in is a hint.
"""

from __future__ import annotations

import re
from itertools import product

from counterfoil.evidence.subjects import clean

_TYPED_MAX = 200
ENDS_MAX = 6
# What people put before an end for what they have left out.
_MASK = r"(?:…|\.{2,}|\*+|·{2,}|~|\bx{2,}-?)"
_MARKED = re.compile(rf"{_MASK}[\s(（]{{0,3}}([0-9A-Za-z]{{4}})(?![0-9A-Za-z])")
_ALONE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{4}(?![0-9A-Za-z])")
_APART = re.compile(
    r"(?<![0-9A-Za-z])(?:([0-9A-Za-z]{2})[\s-]([0-9A-Za-z]{2})|([0-9A-Za-z])\s([0-9A-Za-z])\s([0-9A-Za-z])\s([0-9A-Za-z]))(?![0-9A-Za-z])"
)
_TAIL = re.compile(r"([0-9A-Za-z]{4})[^0-9A-Za-z]*\Z")
_KEY_SIGNS = re.compile(r"(?<![0-9A-Za-z_@.-])[0-9A-Za-z_-]{4}(?![0-9A-Za-z_@-]|[.:]\d)")
_KEY_MARKED = re.compile(rf"{_MASK}[\s(（]{{0,3}}([0-9A-Za-z_-]{{4}})(?![0-9A-Za-z_-])")
_KEY_TAIL = re.compile(r"([0-9A-Za-z_-]{4})[^0-9A-Za-z_-]*\Z")
# Words that people put around an end, so that none of them is taken for it.
_WORDS_AROUND = re.compile(
    r"last\s?(?:4|four)|(?:尾|末|后)\s?[四4]\s?位|\b(?:tail|ends?|ending|with|code|order|from|memory|like|last|four|iirc|maybe|believe|think|this|that|mine|digits?"
    r"|should|something|similar|about|card|bill|hand|copied|wrote|down|probably)\b",
    re.IGNORECASE,
)
_HAN_AROUND = re.compile(
    r"\s*(?:尾号|尾数|尾巴|末尾|末|结尾|收尾|最后|后面|开头|好像|应该|可能|记得|来着|是|的|吧|sk)\s*"
)
_BETWEEN_SIGNS = re.compile(r"[^0-9A-Za-z_-]+")
# Signs that are something else: a clock, an ordinal, a length of time, an amount.
_NO_END = re.compile(
    r"\d{1,2}[ap]m-?|\d+(?:st|nd|rd|th)|\d+(?:min|hrs?|day|rmb|cny|usd|k|x|r)s?|(?:rmb|cny|usd|gpt|http?)-?\d+",
    re.IGNORECASE,
)


def read_tail(text: str) -> str | None:
    """The last four letters and digits of a masked number, a key's mask or a code's end, also where a space has come between
    them; None where there are fewer."""
    cleaned = _WORDS_AROUND.sub(" ", clean(text[:_TYPED_MAX])).strip()
    if marked := _MARKED.findall(cleaned):
        return str(marked[-1])
    alone = [one for one in _ALONE.findall(cleaned) if any(sign.isdigit() for sign in one)]
    if alone:
        return str(alone[-1])
    if apart := _APART.search(cleaned):
        return "".join(one for one in apart.groups() if one)
    found = _TAIL.search(cleaned)
    return None if found is None else found[1]


def read_key_tail(text: str) -> str | None:
    """The last four signs of a key's mask, which may be hyphens and underscores as well."""
    cleaned = clean(text[:_TYPED_MAX]).strip()
    if marked := _KEY_MARKED.findall(cleaned):
        return str(marked[-1])
    if loose := loose_ends(cleaned):
        return loose[-1]
    found = _KEY_TAIL.search(cleaned)
    return None if found is None else found[1]


def end_alone(text: str) -> str | None:
    """The end that is all of a value but for words around it; None where it says anything else."""
    rest = _HAN_AROUND.sub(" ", _WORDS_AROUND.sub(" ", clean(text[:_TYPED_MAX]))).strip()
    signs = rest if _KEY_SIGNS.fullmatch(rest) else _BETWEEN_SIGNS.sub(" ", rest).strip(" -")
    if len(signs) == 5 and signs[2] == " ":
        signs = signs.replace(" ", "")
    if len(signs) != 4 or " " in signs:
        return None
    return signs if not signs.isalpha() or _is_mixed(signs) else None


def loose_ends(text: str) -> tuple[str, ...]:
    """Four signs among words that are no word: letters with digits or signs, capitals behind small letters."""
    found = [one for one in _KEY_SIGNS.findall(text) if _is_mixed(one)]
    return tuple(dict.fromkeys(found))[:ENDS_MAX]


def marked_ends(text: str) -> tuple[str, ...]:
    """Ends with a sign before them for what was left out: …4711, **4711, ..4711."""
    return tuple(dict.fromkeys(_MARKED.findall(_WORDS_AROUND.sub(" ", text))))[:ENDS_MAX]


def in_every_case(end: str) -> tuple[str, ...]:
    """An end in all capitals and small letters that it may have been, as it was typed first."""
    forms = ["".join(one) for one in product(*(dict.fromkeys((sign, sign.lower(), sign.upper())) for sign in end))]
    return tuple(dict.fromkeys(forms))


def _is_mixed(signs: str) -> bool:
    if len(signs) != 4 or _NO_END.fullmatch(signs) or not any(one.isalpha() for one in signs):
        return False
    has_digit = any(one.isdigit() for one in signs)
    has_sign = any(one in "_-" for one in signs)
    if has_sign and not has_digit and re.fullmatch(r"-?[a-z]+-?", signs):
        return False
    return has_digit or has_sign or (any(one.isupper() for one in signs[1:]) and any(one.islower() for one in signs))


def is_slip(typed: str, known: str) -> bool:
    """Whether one end of a number is the other with one sign mistyped, or with two neighbours that changed places."""
    if len(typed) != len(known) or typed == known:
        return False
    wrong = [place for place, (one, other) in enumerate(zip(typed, known, strict=True)) if one != other]
    if len(wrong) == 1:
        return True
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and typed[wrong[0]] == known[wrong[1]]
        and typed[wrong[1]] == known[wrong[0]]
    )
