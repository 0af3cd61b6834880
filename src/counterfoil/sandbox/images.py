"""OpenAI's images: made from a text, or from images and a text."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from counterfoil.sandbox.directives import IMAGES_MAX, Directives
from counterfoil.sandbox.errors import Rejected
from counterfoil.sandbox.form import Form
from counterfoil.sandbox.media_files import jpeg, png, webp
from counterfoil.sandbox.parameters import missing, read_choice, read_model, read_text, wrong_value
from counterfoil.sandbox.text import BYTES_PER_TOKEN
from counterfoil.sandbox.work import Work

PROMPT_CHARACTERS_MAX = 32_000
INPUT_IMAGES_MAX = 16
# Where a call leaves it to the model.
SIZE_DEFAULT = "1024x1024"
QUALITY_DEFAULT = "medium"

_QUALITIES = ("auto", "low", "medium", "high", "standard", "hd")
_SIZE = re.compile(r"[1-9]\d{2,3}x[1-9]\d{2,3}\Z")
_FORMATS: Mapping[str, Callable[[], bytes]] = {"png": png, "jpeg": jpeg, "webp": webp}
# The tokens of OpenAI's images by quality: of a square one, an upright one and a wide one.
_OUTPUT_TOKENS: Mapping[str, tuple[int, int, int]] = {
    "low": (272, 408, 400),
    "medium": (1056, 1584, 1568),
    "high": (4160, 6240, 6208),
}
# About what a small image given to be edited counts.
_INPUT_IMAGE_TOKENS = 323
_IMAGES_FIELDS = ("image", "images")


def read_generation(form: Form, directives: Directives, *, now: int, origin: str) -> Work:
    """What `POST /v1/images/generations` asks; `now` is in seconds. Raises `Rejected`."""
    return _read_images(form, directives, now=now, origin=origin, input_images=0)


def read_edit(form: Form, directives: Directives, *, now: int, origin: str) -> Work:
    """What `POST /v1/images/edits` asks; `now` is in seconds. Raises `Rejected`."""
    given = len(form.files_of("image")) + sum(_count_given(form.fields.get(name)) for name in _IMAGES_FIELDS)
    if given == 0:
        raise missing("image")
    if given > INPUT_IMAGES_MAX:
        raise Rejected(400, f"Invalid 'image': at most {INPUT_IMAGES_MAX} images are taken.", param="image")
    return _read_images(form, directives, now=now, origin=origin, input_images=given)


def _read_images(form: Form, directives: Directives, *, now: int, origin: str, input_images: int) -> Work:
    model = read_model(form.fields.get("model"))
    prompt = read_text(form.fields.get("prompt"), "prompt", characters_max=PROMPT_CHARACTERS_MAX)
    if form.is_true("stream"):
        raise wrong_value("stream", True, "The sandbox does not stream images")
    count = form.whole("n", most=IMAGES_MAX) or 1
    quality = read_choice(form.fields.get("quality"), "quality", _QUALITIES, "auto")
    quality = QUALITY_DEFAULT if quality == "auto" else quality
    size = _read_size(form.fields.get("size"))
    file_format = read_choice(form.fields.get("output_format"), "output_format", tuple(_FORMATS), "png")
    as_url = read_choice(form.fields.get("response_format"), "response_format", ("b64_json", "url"), "b64_json")
    delivered = directives.number("images")
    delivered = count if delivered is None else min(delivered, count)
    image = {"b64_json": _base64_of(file_format)} if as_url == "b64_json" else {"url": _url(origin, file_format)}
    answer: dict[str, Any] = {
        "created": now,
        "background": "opaque",
        "data": [image] * delivered,
        "output_format": file_format,
        "quality": quality,
        "size": size,
    }
    usage = _usage(directives, prompt, size=size, quality=quality, images=delivered, input_images=input_images)
    return Work(
        model=model,
        unit=f"image:{size}:{quality}",
        units=delivered,
        content_type=b"application/json",
        body=orjson.dumps({**answer, "usage": usage}),
        body_without_usage=orjson.dumps(answer),
    )


def _usage(
    directives: Directives, prompt: str, *, size: str, quality: str, images: int, input_images: int
) -> dict[str, Any]:
    text_tokens = -(-len(prompt.encode()) // BYTES_PER_TOKEN)
    image_tokens = input_images * _INPUT_IMAGE_TOKENS
    asked = directives.number("input_tokens")
    if asked is not None:
        image_tokens = min(image_tokens, asked)
        text_tokens = asked - image_tokens
    output = directives.number("output_tokens")
    if output is None:
        width, height = (int(side) for side in size.split("x"))
        square, upright, wide = _OUTPUT_TOKENS.get(quality, _OUTPUT_TOKENS["high"])
        output = images * (square if width == height else upright if width < height else wide)
    return {
        "input_tokens": text_tokens + image_tokens,
        "input_tokens_details": {"image_tokens": image_tokens, "text_tokens": text_tokens},
        "output_tokens": output,
        "output_tokens_details": {"image_tokens": output, "text_tokens": 0},
        "total_tokens": text_tokens + image_tokens + output,
    }


def _read_size(value: object) -> str:
    if value is None or value == "auto":
        return SIZE_DEFAULT
    if not isinstance(value, str) or not _SIZE.match(value):
        raise wrong_value("size", value, "Supported values are: 'auto' and sizes such as '1024x1024'")
    return value


def _count_given(value: object) -> int:
    """Images that are named by address or id, or stand in the body: one, or several in a list."""
    return len(value) if isinstance(value, list) else 0 if value is None else 1


@lru_cache(maxsize=len(_FORMATS))
def _base64_of(file_format: str) -> str:
    return base64.b64encode(_FORMATS[file_format]()).decode()


def _url(origin: str, file_format: str) -> str:
    return f"{origin}/sandbox/files/image.{file_format}"
