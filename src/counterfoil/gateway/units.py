"""What is sold by the piece: which pictures and videos have a price, and which of them a call is held for. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Set

from counterfoil.gateway.media_model import IMAGE_QUALITY, IMAGE_SIZE, ImageUnits
from counterfoil.gateway.parsing import bad
from counterfoil.pricing.model import Kind, image_key, usage_name

_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})\Z")
_RATIO = re.compile(r"[1-9]\d{0,2}(?:\.\d{1,2})?:[1-9]\d{0,2}\Z")
_AUTO = "auto"
# The seconds that are heard, not seen.
_SOUND = "audio"
# From the cheapest to the dearest; a name that is not here is taken for dearer than all of them.
_QUALITIES = ("draft", "low", "standard", "medium", "hd", "high", "xhigh", "max")
# Qualities of models that do not tell what they have made, and make the dialect's standard where nothing is asked for.
_UNTOLD_QUALITIES = frozenset({"standard", "hd"})


def image_units(units: Set[str], *, size: str | None, quality: str | None) -> ImageUnits:
    """The units of a picture of that size and quality; raises `InputError` for one that has no price while others have.

    `auto`, or nothing, is held for as the dearest that the upstream could choose.
    """
    size, quality = _asked(size), _asked(quality)
    priced = [_of_image(unit) for unit in units if unit.startswith(f"{Kind.IMAGE}:")]
    if not priced:
        # Which no price is found for either, and that is what the decision will say.
        if size is not None:
            _check_size(size)
        unit = _image(size or IMAGE_SIZE, quality or IMAGE_QUALITY)
        return ImageUnits(held=unit, silent=unit, told=True)
    if size is not None:
        sizes = {each for each, _ in priced}
        if size not in sizes:
            raise bad("field_unknown_value", field="size", allowed=", ".join(sorted(sizes, key=_area)))
        priced = [each for each in priced if each[0] == size]
    if quality is not None:
        qualities = {each for _, each in priced}
        # A price without a quality is for every quality.
        if quality not in qualities and "" not in qualities:
            raise bad("field_unknown_value", field="quality", allowed=", ".join(sorted(qualities, key=_rank)))
        priced = [each for each in priced if each[1] in (quality, "")]
    held = silent = max(priced, key=lambda each: (_rank(each[1]), _area(each[0])))
    untold = {each for _, each in priced} <= _UNTOLD_QUALITIES
    if untold:
        usual = (size or IMAGE_SIZE, quality or IMAGE_QUALITY)
        silent = usual if usual in priced else held
    return ImageUnits(held=_image(*held), silent=_image(*silent), told=len(priced) == 1 or untold)


def video_unit(units: Set[str], *, size: str) -> str:
    """The unit of a second of that size; raises `InputError` where others have a price and it has none."""
    named = [unit.partition(":")[2] for unit in units if unit.startswith(f"{Kind.SECOND}:")]
    priced = [name for name in named if name != _SOUND]
    if not priced:
        _check_size(size)
    elif size not in priced:
        raise bad(
            "field_unknown_value", field="size", allowed=", ".join(sorted(priced, key=lambda each: (_area(each), each)))
        )
    return usage_name(Kind.SECOND, size)


def aspect_ratio(given: object, size: str | None) -> str | None:
    """As it was asked for, or as the size has it: `16:9`."""
    if isinstance(given, str) and _RATIO.match(given):
        return given
    found = _SIZE.match(size) if size is not None else None
    if found is None:
        return None
    width, height = int(found[1]), int(found[2])
    divisor = math.gcd(width, height)
    return f"{width // divisor}:{height // divisor}"


def _check_size(size: str) -> None:
    if not _SIZE.match(size):
        raise bad("field_wrong_type", field="size", expected="WIDTHxHEIGHT")


def _asked(value: str | None) -> str | None:
    return None if value == _AUTO else value


def _of_image(unit: str) -> tuple[str, str]:
    size, _, quality = unit.partition(":")[2].partition(":")
    return size, quality


def _image(size: str, quality: str) -> str:
    return usage_name(Kind.IMAGE, image_key(size=size, quality=quality) if quality else size)


def _area(size: str) -> int:
    found = _SIZE.match(size)
    return int(found[1]) * int(found[2]) if found is not None else 0


def _rank(quality: str) -> int:
    return _QUALITIES.index(quality) if quality in _QUALITIES else len(_QUALITIES)
