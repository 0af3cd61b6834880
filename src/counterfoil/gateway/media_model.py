"""A call for a picture, a video or a sound as the gateway understood it. Content is only ever in `body` and `rest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from counterfoil.gateway.forms import SentPart, write_form
from counterfoil.pricing.model import WorkShape
from counterfoil.spend.model import Endpoint
from counterfoil.tasks.model import TaskSpec

# What a prompt may have, in characters: OpenAI's largest.
PROMPT_CHARACTERS_MAX = 32_000
# What is to be spoken: OpenAI's limit, and below what one price may be multiplied with.
SPEECH_CHARACTERS_MAX = 4_096
IMAGES_MAX = 10
REFERENCES_MAX = 16
VIDEO_SECONDS_MAX = 600
# What OpenAI makes where nothing else is asked for. It is written into what is sent on, so that what is held for is made.
VIDEO_SIZE = "720x1280"
VIDEO_SECONDS = 4
# What a picture has where neither the call nor the answer says: the dialect's standard.
IMAGE_SIZE = "1024x1024"
IMAGE_QUALITY = "standard"

MEDIA: Mapping[str, Endpoint] = {
    "/v1/images/generations": Endpoint.IMAGE_GENERATIONS,
    "/v1/images/edits": Endpoint.IMAGE_EDITS,
    "/v1/videos": Endpoint.VIDEOS,
    "/v1/audio/speech": Endpoint.SPEECH,
    "/v1/audio/transcriptions": Endpoint.TRANSCRIPTIONS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonBody:
    """The body without its model."""

    fields: Mapping[str, Any] = field(repr=False)

    def encode(self, model: str) -> tuple[str, bytes]:
        return "application/json", orjson.dumps({"model": model, **self.fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class FormBody:
    """The form without its model. `boundary` is made from the content, so that it cannot occur in it."""

    parts: tuple[SentPart, ...] = field(repr=False)
    boundary: str

    def encode(self, model: str) -> tuple[str, bytes]:
        named = SentPart(name="model", value=model.encode())
        return write_form((named, *self.parts), boundary=self.boundary)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUnits:
    """By which unit pictures are held for, and charged where the answer does not say what they are.

    `told` says that the call named both size and quality, or that only one of each can be had.
    """

    held: str
    silent: str
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaCall:
    """A call that was understood. `rest` is JSON of its texts, for telling an upstream's words from the caller's.

    `digest` is the SHA-256 of the request without what may differ between copies; `sound_bytes` the size of a sound that
    is to be transcribed.
    """

    endpoint: Endpoint
    model: str
    spec: TaskSpec
    shape: WorkShape
    body: JsonBody | FormBody = field(repr=False)
    digest: bytes = field(repr=False)
    rest: bytes = field(repr=False)
    images: ImageUnits | None = None
    sound_bytes: int = 0
    stream: bool = False

    @property
    def asked_cap(self) -> None:
        """Nothing of it is counted in tokens that could be capped."""

    def encode(self, upstream_model: str) -> tuple[str, bytes]:
        """The content type and body for an upstream: exactly what was checked."""
        return self.body.encode(upstream_model)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemixSource:
    """The video that is to be made anew; a remix has its model, size and length."""

    task_id: UUID
    model: str
    resolution: str
    seconds: int
    aspect_ratio: str | None
