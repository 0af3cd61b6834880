"""Which unit a picture or a second of video is held for, by what has a price."""

from __future__ import annotations

import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.gateway.units import aspect_ratio, image_units, video_unit

GPT = frozenset(
    f"image:{size}:{quality}" for size in ("1024x1024", "1024x1536") for quality in ("low", "medium", "high")
)
DALL_E = frozenset({"image:1024x1024:standard", "image:1024x1024:hd", "image:1792x1024:standard", "image:1792x1024:hd"})
SMALL = frozenset({"image:256x256:standard", "image:512x512:standard", "image:1024x1024:standard"})
FILM = frozenset({"second:720x1280", "second:1280x720", "second:audio"})


@pytest.mark.parametrize(
    ("units", "size", "quality", "held", "silent", "told"),
    [
        (GPT, "1024x1024", "low", "image:1024x1024:low", "image:1024x1024:low", True),
        (GPT, None, None, "image:1024x1536:high", "image:1024x1536:high", False),
        (GPT, "auto", "auto", "image:1024x1536:high", "image:1024x1536:high", False),
        (GPT, "1024x1024", None, "image:1024x1024:high", "image:1024x1024:high", False),
        (GPT, None, "low", "image:1024x1536:low", "image:1024x1536:low", False),
        # These do not say what they have made; asked for nothing, it is the square one of standard quality.
        (DALL_E, None, None, "image:1792x1024:hd", "image:1024x1024:standard", True),
        (DALL_E, "1792x1024", None, "image:1792x1024:hd", "image:1792x1024:standard", True),
        (SMALL, "256x256", None, "image:256x256:standard", "image:256x256:standard", True),
        (SMALL, None, None, "image:1024x1024:standard", "image:1024x1024:standard", True),
        # A price without a quality is for every quality.
        (frozenset({"image:1024x1024"}), "1024x1024", "high", "image:1024x1024", "image:1024x1024", True),
        # Nothing is priced by the piece: that is what the decision will say.
        (frozenset({"character"}), None, None, "image:1024x1024:standard", "image:1024x1024:standard", True),
    ],
)
def test_pictures(
    units: frozenset[str], size: str | None, quality: str | None, held: str, silent: str, told: bool
) -> None:
    found = image_units(units, size=size, quality=quality)
    assert (found.held, found.silent, found.told) == (held, silent, told)


@pytest.mark.parametrize(
    ("size", "quality", "field", "allowed"),
    [
        ("1x1", None, "size", "1024x1024, 1024x1536"),
        ("huge", None, "size", "1024x1024, 1024x1536"),
        ("1024x1024", "hd", "quality", "low, medium, high"),
        (None, "best", "quality", "low, medium, high"),
    ],
)
def test_a_picture_without_a_price_is_refused_with_those_that_have_one(
    size: str | None, quality: str | None, field: str, allowed: str
) -> None:
    with pytest.raises(InputError) as raised:
        image_units(GPT, size=size, quality=quality)
    assert raised.value.parameters == {"problem": "field_unknown_value", "field": field, "allowed": allowed}


def test_seconds_of_video() -> None:
    assert video_unit(FILM, size="1280x720") == "second:1280x720"
    assert video_unit(frozenset(), size="1280x720") == "second:1280x720"
    with pytest.raises(InputError) as raised:
        video_unit(FILM, size="1x1")
    assert raised.value.parameters["allowed"] == "1280x720, 720x1280"
    assert video_unit(frozenset({"second:1080p", "second:720p"}), size="720p") == "second:720p"


def test_sizes_and_their_ratios() -> None:
    for size in ("0x1", "1x", "axb", "1024X1024", "1024x1024x2", "-1x1", "100000x1"):
        with pytest.raises(InputError) as raised:
            video_unit(frozenset(), size=size)
        assert raised.value.parameters["problem"] == "field_wrong_type"
    assert aspect_ratio(None, "1280x720") == "16:9"
    assert aspect_ratio("2.35:1", "1280x720") == "2.35:1"
    assert aspect_ratio("a secret", "1024x1536") == "2:3"
    assert aspect_ratio(None, None) is None
