"""Which language a caller reads, from `Accept-Language`."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Language

# Browsers send a handful; anything longer is not a person's preference.
_RANGES_MOST = 32
_HEADER_CHARACTERS_MOST = 1000


def pick_language(accept_language: str | None, default: Language = Language.EN) -> Language:
    """The language that the header prefers (RFC 9110 §12.5.4), the first named among equals, else `default`.

    Every Chinese variant reads `zh`. `*` stands for whatever is not named, the default first. What cannot be read is
    passed over.
    """
    weights: dict[Language, float] = {}
    any_weight = 0.0
    for one in (accept_language or "")[:_HEADER_CHARACTERS_MOST].split(",")[:_RANGES_MOST]:
        tag, _, parameters = one.partition(";")
        weight = _read_weight(parameters)
        if weight is None:
            continue
        name = tag.strip().lower()
        if name == "*":
            any_weight = max(any_weight, weight)
            continue
        language = _LANGUAGES.get(name.partition("-")[0])
        if language is not None:
            # zh-TW;q=0.8 after zh-CN must not lower what zh-CN asked for.
            weights[language] = max(weights.get(language, 0.0), weight)
    for unnamed in (default, *Language):
        weights.setdefault(unnamed, any_weight)
    best = max(weights.values())
    if best <= 0:
        return default
    return next(language for language, weight in weights.items() if weight == best)


_LANGUAGES = {"zh": Language.ZH, "cmn": Language.ZH, "yue": Language.ZH, "en": Language.EN}


def _read_weight(parameters: str) -> float | None:
    """The `q` of a range: 1 where there is none, None where it is not a number from 0 to 1."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() != "q":
            continue
        digits = value.strip()
        if len(digits) > 5 or not digits.replace(".", "", 1).isdecimal():
            return None
        weight = float(digits)
        return weight if weight <= 1 else None
    return 1.0
