"""Reading calls for pictures, videos and sounds: what is asked for, how large it is and what of it is evidence. Pure.

A price is for a picture of this size, a second of that resolution. So whatever decides over these is checked, written
into what is sent on where it was left open, and refused where it goes by a name that no price knows.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace
from typing import Any

from counterfoil.foundation.errors import InputError
from counterfoil.gateway.camera import camera_of
from counterfoil.gateway.forms import is_form
from counterfoil.gateway.given import OTHER_NAMES, Given, inner, read_given
from counterfoil.gateway.hosted_tools import refuse_unbounded
from counterfoil.gateway.media_files import check_data_url, picture_kind, sound_kind, sound_seconds_most
from counterfoil.gateway.media_model import (
    IMAGES_MAX,
    PROMPT_CHARACTERS_MAX,
    REFERENCES_MAX,
    SPEECH_CHARACTERS_MAX,
    VIDEO_SECONDS,
    VIDEO_SECONDS_MAX,
    VIDEO_SIZE,
    ImageUnits,
    MediaCall,
    RemixSource,
)
from counterfoil.gateway.model import Misunderstood
from counterfoil.gateway.parsing import bad, misunderstood, read_model
from counterfoil.gateway.units import aspect_ratio, image_units, video_unit
from counterfoil.pricing.model import Kind, UsageName, WorkShape, usage_name
from counterfoil.spend.model import Endpoint
from counterfoil.tasks.model import TaskKind, TaskSpec

# The units that have a price for a model; None where it has no price at all.
UnitsOf = Callable[[str], Set[str] | None]

_SOUND = usage_name(Kind.SECOND, "audio")
_IMAGE_FORMATS = ("png", "jpeg", "webp")
_TRANSCRIPT_FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
_SHORT_TEXT_MAX = 100


def parse_media(
    endpoint: Endpoint,
    raw: bytes,
    content_type: bytes | None,
    *,
    units_of: UnitsOf,
    source: RemixSource | None = None,
) -> MediaCall | Misunderstood:
    """Understand a body, or say what is wrong with it. A remix needs its `source`."""
    model: str | None = source.model if source is not None else None
    try:
        given = read_given(raw, content_type)
        named = None if source is not None else read_model(given.values)
        model = named or model
        assert model is not None
        refuse_unbounded(endpoint, given.values)
        given.refuse(("stream",))
        units = units_of(model) or frozenset()
        if endpoint is Endpoint.VIDEO_REMIX:
            assert source is not None
            return _remix(given, model, units, source)
        return _PARSERS[endpoint](given, model, units)
    except InputError as error:
        return misunderstood(error, model=model)


def accepts(endpoint: Endpoint, content_type: bytes | None) -> bool:
    """Whether an endpoint takes bodies of that type; without one it is taken for JSON."""
    if content_type is None:
        return endpoint is not Endpoint.TRANSCRIPTIONS
    if is_form(content_type):
        return endpoint in _WITH_FORMS
    kind = content_type.partition(b";")[0].strip().lower()
    is_json = kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))
    return is_json and endpoint is not Endpoint.TRANSCRIPTIONS


def accepted(endpoint: Endpoint) -> str:
    """The same in words."""
    if endpoint is Endpoint.TRANSCRIPTIONS:
        return "multipart/form-data"
    return "application/json, multipart/form-data" if endpoint in _WITH_FORMS else "application/json"


# Pictures.


def _images(given: Given, model: str, units: Set[str]) -> MediaCall:
    return _image_call(Endpoint.IMAGE_GENERATIONS, given, model, units, references=0)


def _edits(given: Given, model: str, units: Set[str]) -> MediaCall:
    if given.is_form:
        names = ("image", "image[]")
        files = given.files_of(*names)
        references = _pictures(given, files, field="image")
        masks = given.files_of("mask")
        if len(masks) > 1:
            raise bad("field_too_many", field="mask", most=1)
        _pictures(given, masks, field="mask")
    else:
        references = _addressed(_listed(given.values, "images"), field="images")
        if given.values.get("mask") is not None:
            _addressed([given.values["mask"]], field="mask")
    if not references:
        raise bad("file_missing", field="image" if given.is_form else "images")
    return _image_call(Endpoint.IMAGE_EDITS, given, model, units, references=references)


def _image_call(endpoint: Endpoint, given: Given, model: str, units: Set[str], *, references: int) -> MediaCall:
    prompt = _prompt(given)
    count = given.whole("n", most=IMAGES_MAX) or 1
    size, quality = given.text("size", most=_SHORT_TEXT_MAX), given.text("quality", most=_SHORT_TEXT_MAX)
    given.refuse(OTHER_NAMES)
    given.one_of("output_format", _IMAGE_FORMATS)
    found = image_units(units, size=size, quality=quality)
    shape = _shape({found.held: count}, prompt, image_parts=references)
    spec = TaskSpec(
        kind=TaskKind.IMAGE, direct=True, input_type="text_and_image" if references else "text",
        reference_images=references, aspect_ratio=aspect_ratio(given.values.get("aspect_ratio"), size),
        resolution=_evident(size), count=count, quality=_evident(quality), camera=_camera(given),
    )  # fmt: skip
    return _call(endpoint, given, model, spec, shape, images=found)


# Videos.


def _video(given: Given, model: str, units: Set[str]) -> MediaCall:
    prompt = _prompt(given)
    seconds = given.whole("seconds", most=VIDEO_SECONDS_MAX, as_text=True)
    size = given.text("size", most=_SHORT_TEXT_MAX)
    given.refuse(("n", *OTHER_NAMES))
    if seconds is None:
        seconds = VIDEO_SECONDS
        given.values["seconds"] = str(seconds)
    if size is None or size == "auto":
        size = given.values["size"] = VIDEO_SIZE
    unit = video_unit(units, size=size)
    references = _pictures(given, given.files_of("input_reference", "input_reference[]"), field="input_reference")
    references += _video_references(given)
    spec = TaskSpec(
        kind=TaskKind.VIDEO, direct=False, input_type="text_and_image" if references else "text",
        reference_images=references, aspect_ratio=aspect_ratio(given.values.get("aspect_ratio"), size), resolution=size,
        duration_seconds=seconds, quality=_evident(given.text("quality", most=_SHORT_TEXT_MAX)), camera=_camera(given),
    )  # fmt: skip
    return _call(Endpoint.VIDEOS, given, model, spec, _shape({unit: seconds}, prompt))


def _video_references(given: Given) -> int:
    """Pictures to begin with that lie in the body itself or at an address."""
    if given.is_form:
        if "input_reference[file_id]" in given.values:
            raise bad("field_not_supported", field="input_reference.file_id")
        found = given.values.get("input_reference[image_url]")
        found = [{"image_url": found}] if found is not None else []
    else:
        found = _listed(given.values, "input_reference")
    return _addressed(found, field="input_reference")


def _remix(given: Given, model: str, units: Set[str], source: RemixSource) -> MediaCall:
    prompt = _prompt(given)
    given.refuse(("model", "n", "seconds", "size", *OTHER_NAMES))
    unit = video_unit(units, size=source.resolution)
    spec = TaskSpec(
        kind=TaskKind.VIDEO, direct=False, input_type="text", aspect_ratio=source.aspect_ratio,
        resolution=source.resolution, duration_seconds=source.seconds, camera=_camera(given),
        remixed_from=source.task_id,
    )  # fmt: skip
    call = _call(Endpoint.VIDEO_REMIX, given, model, spec, _shape({unit: source.seconds}, prompt))
    # The same words about another video are another idea.
    return replace(call, digest=call.digest + source.task_id.bytes)


# Sounds.


def _speech(given: Given, model: str, units: Set[str]) -> MediaCall:
    words = given.text("input", most=SPEECH_CHARACTERS_MAX, required=True) or ""
    given.text("instructions", most=PROMPT_CHARACTERS_MAX)
    if given.values.get("voice") is None:
        raise bad("field_missing", field="voice")
    given.one_of("stream_format", ("audio",))
    spec = TaskSpec(kind=TaskKind.SPEECH, direct=True, input_type="text")
    return _call(Endpoint.SPEECH, given, model, spec, _shape({Kind.CHARACTER: len(words)}, words))


def _transcription(given: Given, model: str, units: Set[str]) -> MediaCall:
    prompt = given.text("prompt", most=PROMPT_CHARACTERS_MAX) or ""
    given.one_of("response_format", _TRANSCRIPT_FORMATS)
    files = given.files_of("file")
    if not files:
        raise bad("file_missing", field="file")
    if len(files) > 1:
        raise bad("field_too_many", field="file", most=1)
    content = files[0].value
    kind = sound_kind(content, field="file")
    seconds = sound_seconds_most(content, kind, field="file")
    given.keep_file("file", content, kind)
    spec = TaskSpec(kind=TaskKind.TRANSCRIPTION, direct=True, input_type="audio", duration_seconds=seconds)
    call = _call(Endpoint.TRANSCRIPTIONS, given, model, spec, _shape({_SOUND: seconds}, prompt))
    return replace(call, sound_bytes=len(content))


_PARSERS: dict[Endpoint, Callable[[Given, str, Set[str]], MediaCall]] = {
    Endpoint.IMAGE_GENERATIONS: _images,
    Endpoint.IMAGE_EDITS: _edits,
    Endpoint.VIDEOS: _video,
    Endpoint.SPEECH: _speech,
    Endpoint.TRANSCRIPTIONS: _transcription,
}
_WITH_FORMS = frozenset({Endpoint.IMAGE_EDITS, Endpoint.VIDEOS, Endpoint.TRANSCRIPTIONS})


# Parts of them.


def _prompt(given: Given) -> str:
    return given.text("prompt", most=PROMPT_CHARACTERS_MAX, required=True) or ""


def _evident(value: str | None) -> str | None:
    """A size or quality as it may be kept: a name, not whatever else somebody has put there."""
    if value is None or value == "auto" or len(value) > 20 or not value.isascii() or not value.isalnum():
        return None
    return value


def _pictures(given: Given, files: list[Any], *, field: str) -> int:
    """Pictures in files of a form, each looked at and passed on; how many they are."""
    if len(files) > REFERENCES_MAX:
        raise bad("field_too_many", field=field, most=REFERENCES_MAX)
    for part in files:
        given.keep_file(part.name, part.value, picture_kind(part.value, field=field))
    return len(files)


def _listed(values: dict[str, Any], name: str) -> list[Any]:
    found = values.get(name)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _addressed(references: list[Any], *, field: str) -> int:
    """Pictures given by their address, each a text or an object with `image_url`; how many they are."""
    if len(references) > REFERENCES_MAX:
        raise bad("field_too_many", field=field, most=REFERENCES_MAX)
    for reference in references:
        url = reference
        if isinstance(reference, dict):
            if reference.get("file_id") is not None:
                # It lies at some upstream, under that upstream's key.
                raise bad("field_not_supported", field=f"{field}.file_id")
            url = reference.get("image_url")
            if isinstance(url, dict):
                url = url.get("url")
        if not isinstance(url, str):
            raise bad("field_wrong_type", field=field, expected="image_url")
        check_data_url(url, field=field)
    return len(references)


def _camera(given: Given) -> str | None:
    return camera_of(inner(given.values, "metadata"), given.values)


def _shape(media: dict[UsageName, int], prompt: str, *, image_parts: int = 0) -> WorkShape:
    return WorkShape(
        input_bytes=len(prompt.encode("utf-8", "surrogatepass")), image_parts=image_parts, cacheable=False,
        audio_output=False, media={str(unit): count for unit, count in media.items()},
    )  # fmt: skip


def _call(
    endpoint: Endpoint, given: Given, model: str, spec: TaskSpec, shape: WorkShape, *, images: ImageUnits | None = None
) -> MediaCall:
    digest = given.digest(model, spec.camera)
    return MediaCall(
        endpoint=endpoint, model=model, spec=spec, shape=shape, body=given.body(digest), digest=digest,
        rest=given.texts(), images=images,
    )  # fmt: skip
