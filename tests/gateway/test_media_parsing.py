"""What is understood of calls for pictures, videos and sounds: size, evidence, and what is sent on."""

from __future__ import annotations

import base64
import json
from collections.abc import Set
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.gateway.forms import read_form
from counterfoil.gateway.media_model import MediaCall, RemixSource
from counterfoil.gateway.media_parsing import accepted, accepts, parse_media
from counterfoil.gateway.model import Misunderstood
from counterfoil.spend.model import Endpoint
from counterfoil.tasks.model import TaskKind
from gateway.media import GIF, JPEG, PNG, File, film, form, picture, speech, wav, zipped

NAMES = st.sampled_from(
    ["model", "prompt", "n", "size", "quality", "seconds", "images", "mask", "image_url", "file_id", "input_reference",
     "metadata", "camera", "lens", "seed", "input", "voice", "stream", "user", "aspect_ratio", "other", "metadata[lens]",
     "input_reference[image_url]", "image[]", "response_format"]
)  # fmt: skip
UNITS: dict[str, frozenset[str]] = {
    "picture": frozenset({"image:1024x1024:low", "image:1024x1024:high", "image:1024x1536:high"}),
    "film": frozenset({"second:720x1280", "second:1280x720"}),
    "voice": frozenset({"character"}),
    "scribe": frozenset({"second:audio"}),
}
SOURCE = RemixSource(task_id=UUID(int=7), model="film", resolution="1280x720", seconds=12, aspect_ratio="16:9")
GENERATIONS, EDITS, VIDEOS, REMIX = (
    Endpoint.IMAGE_GENERATIONS, Endpoint.IMAGE_EDITS, Endpoint.VIDEOS, Endpoint.VIDEO_REMIX,
)  # fmt: skip
SPEECH, TRANSCRIPTIONS = Endpoint.SPEECH, Endpoint.TRANSCRIPTIONS


def units_of(model: str) -> Set[str] | None:
    return UNITS.get(model)


def parse(endpoint: Endpoint, body: Any, *files: File, as_form: bool = False) -> MediaCall | Misunderstood:
    """A body as JSON, or with files (or `as_form`) as a form."""
    source = SOURCE if endpoint is REMIX else None
    if files or as_form:
        fields = body if isinstance(body, list) else {name: str(value) for name, value in body.items()}
        raw, headers = form(fields, *files)
        return parse_media(endpoint, raw, headers["Content-Type"].encode(), units_of=units_of, source=source)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_media(endpoint, raw, b"application/json", units_of=units_of, source=source)


def understood(endpoint: Endpoint, body: Any, *files: File, as_form: bool = False) -> MediaCall:
    found = parse(endpoint, body, *files, as_form=as_form)
    assert isinstance(found, MediaCall), found
    return found


def sent(call: MediaCall) -> Any:
    content_type, body = call.encode("upstream-model")
    if content_type == "application/json":
        return json.loads(body)
    return [(part.name, part.value, part.is_file) for part in read_form(body, content_type.encode())]


# What is held for.


@pytest.mark.parametrize(
    ("endpoint", "body", "media"),
    [
        (GENERATIONS, picture(size="1024x1024", quality="low"), {"image:1024x1024:low": 1}),
        (GENERATIONS, picture(n=4), {"image:1024x1536:high": 4}),
        (VIDEOS, film(), {"second:720x1280": 8}),
        (VIDEOS, film(seconds=600), {"second:720x1280": 600}),
        (VIDEOS, {"model": "film", "prompt": "Waves"}, {"second:720x1280": 4}),
        (REMIX, {"prompt": "Waves"}, {"second:1280x720": 12}),
        (SPEECH, speech(input="早上好"), {"character": 3}),
    ],
)
def test_the_units(endpoint: Endpoint, body: Any, media: dict[str, int]) -> None:
    call = understood(endpoint, body)
    assert dict(call.shape.media) == media
    assert not call.shape.generates


def test_a_sound_is_held_for_by_its_length() -> None:
    call = understood(TRANSCRIPTIONS, {"model": "scribe"}, ("file", "talk.wav", wav(9)))
    assert (dict(call.shape.media), call.spec.duration_seconds) == ({"second:audio": 9}, 9)
    assert (call.spec.kind, call.spec.input_type, call.sound_bytes) == (TaskKind.TRANSCRIPTION, "audio", len(wav(9)))


# What is sent on.


def test_what_was_left_open_is_written_into_what_is_sent() -> None:
    call = understood(VIDEOS, {"model": "film", "prompt": "Waves", "user": "u"})
    assert sent(call) == {
        "model": "upstream-model", "prompt": "Waves", "user": "u", "seconds": "4", "size": "720x1280",
    }  # fmt: skip
    call = understood(VIDEOS, {"model": "film", "prompt": "Waves"}, as_form=True)
    assert sent(call) == [
        ("model", b"upstream-model", False), ("prompt", b"Waves", False), ("seconds", b"4", False),
        ("size", b"720x1280", False),
    ]  # fmt: skip


def test_a_form_is_sent_on_with_names_and_types_of_ours() -> None:
    call = understood(
        EDITS, {"model": "picture", "prompt": "A moon"}, ("image[]", "my holiday.exe", PNG), ("image[]", "b", GIF),
        ("mask", "../m", PNG),
    )  # fmt: skip
    content_type, body = call.encode("upstream-model")
    assert b"holiday" not in body
    assert b'filename="file2.gif"\r\nContent-Type: image/gif' in body
    assert [(name, value) for name, value, is_file in sent(call) if is_file] == [
        ("image[]", PNG), ("image[]", GIF), ("mask", PNG),
    ]  # fmt: skip
    assert content_type.startswith("multipart/form-data; boundary=counterfoil-")


def test_a_list_of_a_form_stays_one() -> None:
    fields = [("model", "scribe"), ("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment")]
    call = understood(TRANSCRIPTIONS, fields, ("file", "talk.wav", wav(1)))
    assert [value for name, value, _ in sent(call) if name == "timestamp_granularities[]"] == [b"word", b"segment"]


def test_a_name_given_twice_in_json_means_one_thing() -> None:
    call = understood(VIDEOS, b'{"model": "film", "prompt": "a", "seconds": "4", "seconds": "12"}')
    assert dict(call.shape.media) == {"second:720x1280": 12}
    assert sent(call)["seconds"] == "12"


# What is kept as evidence.


def test_evidence_of_a_video() -> None:
    call = understood(
        VIDEOS, {**film(size="1280x720"), "metadata[lens]": "35mm prime"}, ("input_reference", "a.jpg", JPEG)
    )
    spec = call.spec
    assert (spec.kind, spec.direct, spec.duration_seconds, spec.count) == (TaskKind.VIDEO, False, 8, 1)
    assert (spec.resolution, spec.aspect_ratio) == ("1280x720", "16:9")
    assert (spec.input_type, spec.reference_images) == ("text_and_image", 1)
    assert spec.camera == '{"lens":"35mm prime"}'


def test_evidence_of_a_remix() -> None:
    spec = understood(REMIX, {"prompt": "Again"}).spec
    assert (spec.remixed_from, spec.duration_seconds, spec.resolution) == (SOURCE.task_id, 12, "1280x720")


CAMERAS: list[tuple[dict[str, Any], Any]] = [
    ({"metadata": {"camera": "handheld", "focal_length": 35, "aperture": "f/1.8", "fps": 24}},
     {"aperture": "f/1.8", "camera": "handheld", "focal_length": 35, "fps": 24}),
    ({"camera": {"lens": "anamorphic", "movement": "dolly in"}, "seed": 42},
     {"camera.lens": "anamorphic", "camera.movement": "dolly in", "seed": 42}),
    ({"shutter_speed": "1/50", "zoom": 1.5, "camera_fixed": True},
     {"camera_fixed": True, "shutter_speed": "1/50", "zoom": 1.5}),
    # Sentences, secrets and whatever else is no parameter are not evidence.
    ({"camera": "a man walks into the bank with a gun"}, None),
    ({"camera": "Geheimnis über alles"}, None),
    ({"lens": "sk-0123456789abcdef0123456789abcdef"}, None),
    ({"seed": 10**30}, None),
    ({"metadata": {"name": "Alice", "lens": ["a"]}, "camera": {"lens": {"deep": 1}}}, None),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "kept"), CAMERAS)
def test_the_camera_is_kept_as_numbers_and_short_words(fields: dict[str, Any], kept: Any) -> None:
    camera = understood(VIDEOS, film(**fields)).spec.camera
    assert (json.loads(camera) if camera else None) == kept


def test_a_quality_that_is_no_name_is_not_kept() -> None:
    assert understood(VIDEOS, film(quality="whatever somebody writes here")).spec.quality is None
    assert understood(VIDEOS, film(quality="high")).spec.quality == "high"


def test_pictures_by_address_are_counted() -> None:
    inline = "data:image/png;base64," + base64.b64encode(PNG).decode()
    body = picture(images=[{"image_url": inline}, {"image_url": "https://example.com/a.png"}])
    call = understood(EDITS, body)
    assert (call.spec.reference_images, call.shape.image_parts, call.spec.input_type) == (2, 2, "text_and_image")
    # An upstream's words are compared with texts, not with pictures.
    assert b"base64" not in call.rest
    video = understood(VIDEOS, film(input_reference={"image_url": inline}))
    assert (video.spec.reference_images, video.shape.image_parts) == (1, 0)


# Copies.


def test_what_makes_a_copy() -> None:
    one = understood(VIDEOS, film()).digest
    assert understood(VIDEOS, film(user="other", metadata={"run": "2"})).digest == one
    shuffled = dict(reversed(list(film().items())))
    assert understood(VIDEOS, shuffled).digest == one
    for other in (film(prompt="Other"), film(seconds="12"), film(size="1280x720"), film(metadata={"seed": 1})):
        assert understood(VIDEOS, other).digest != one


def test_what_makes_a_copy_of_a_form() -> None:
    def digest(name: str, content: bytes, **fields: str) -> bytes:
        return understood(EDITS, {"model": "picture", "prompt": "A moon", **fields}, ("image", name, content)).digest

    one = digest("a.png", PNG)
    assert digest("b.png", PNG, user="other") == one
    assert digest("a.png", JPEG) != one
    assert digest("a.png", PNG, n="2") != one


def test_the_same_words_about_another_video_are_no_copy() -> None:
    raw = b'{"prompt": "Again"}'
    calls = [
        parse_media(REMIX, raw, None, units_of=units_of, source=replace(SOURCE, task_id=UUID(int=number)))
        for number in (1, 2)
    ]
    assert isinstance(calls[0], MediaCall)
    assert isinstance(calls[1], MediaCall)
    assert calls[0].digest != calls[1].digest


# What is refused.

Wrong = tuple[Endpoint, Any, tuple[File, ...], str, str | None]
ZIP = ("image", "a.png", zipped())
WRONG: list[tuple[str, Wrong]] = [
    ("no model", (VIDEOS, {"prompt": "a"}, (), "field_missing", "model")),
    ("no prompt", (VIDEOS, {"model": "film"}, (), "field_missing", "prompt")),
    ("an empty prompt", (GENERATIONS, picture(prompt=" "), (), "field_empty", "prompt")),
    ("a prompt of ten megabytes", (VIDEOS, film(prompt="x" * 10_000_000), (), "field_too_long", "prompt")),
    ("the same in a form", (VIDEOS, film(prompt="x" * 10_000_000), (("input_reference", "a", PNG),), "field_too_long", "prompt")),
    ("0 seconds", (VIDEOS, film(seconds=0), (), "field_too_small", "seconds")),
    ("0 seconds as text", (VIDEOS, film(seconds="0"), (), "field_too_small", "seconds")),
    ("negative seconds", (VIDEOS, film(seconds="-4"), (), "field_too_small", "seconds")),
    ("an hour", (VIDEOS, film(seconds=3600), (), "field_too_large", "seconds")),
    ("half a second", (VIDEOS, film(seconds=4.5), (), "field_wrong_type", "seconds")),
    ("seconds in words", (VIDEOS, film(seconds="four"), (), "field_wrong_type", "seconds")),
    ("a video of 1x1", (VIDEOS, film(size="1x1"), (), "field_unknown_value", "size")),
    ("a picture of 1x1", (GENERATIONS, picture(size="1x1"), (), "field_unknown_value", "size")),
    ("no number of a size", (GENERATIONS, picture(size=5), (), "field_wrong_type", "size")),
    ("a quality without a price", (GENERATIONS, picture(quality="hd"), (), "field_unknown_value", "quality")),
    ("no picture", (GENERATIONS, picture(n=0), (), "field_too_small", "n")),
    ("eleven pictures", (GENERATIONS, picture(n=11), (), "field_too_large", "n")),
    ("pictures as a stream", (GENERATIONS, picture(stream=True), (), "field_not_supported", "stream")),
    ("frames", (GENERATIONS, picture(frame_count=16), (), "field_not_supported", "frame_count")),
    ("a drawing", (GENERATIONS, picture(output_format="svg"), (), "field_unknown_value", "output_format")),
    ("number by another name", (GENERATIONS, picture(num_images=9), (), "field_not_supported", "num_images")),
    ("length by another name", (VIDEOS, film(duration=60), (), "field_not_supported", "duration")),
    ("length in another case", (VIDEOS, film(Seconds=60), (), "field_not_supported", "Seconds")),
    ("number in another case", (GENERATIONS, picture(N=10), (), "field_not_supported", "N")),
    ("length as a list", (VIDEOS, {**film(), "seconds[]": "60"}, (("input_reference", "a", PNG),), "field_not_supported", "seconds[]")),
    ("length in camel case", (VIDEOS, film(durationSeconds=60), (), "field_not_supported", "durationSeconds")),
    ("length among metadata", (VIDEOS, film(metadata={"duration": 60}), (), "field_not_supported", "metadata.duration")),
    ("length among a form's metadata", (VIDEOS, {**film(), "metadata[Seconds]": "60"}, (("input_reference", "a", PNG),), "field_not_supported", "metadata.Seconds")),
    ("length in another object", (VIDEOS, film(extra_body={"num_frames": 600}), (), "field_not_supported", "extra_body.num_frames")),
    ("several videos", (VIDEOS, film(n=2), (), "field_not_supported", "n")),
    ("another model", (VIDEOS, film(models=["a"]), (), "field_not_supported", "models")),
    ("a remix of another length", (REMIX, {"prompt": "a", "seconds": "12"}, (), "field_not_supported", "seconds")),
    ("a remix by another model", (REMIX, {"prompt": "a", "model": "film"}, (), "field_not_supported", "model")),
    ("a ZIP as a reference", (VIDEOS, film(), (("input_reference", "a.png", zipped()),), "file_kind_wrong", "input_reference")),
    ("a ZIP to be edited", (EDITS, picture(), (ZIP,), "file_kind_wrong", "image")),
    ("a ZIP in the body", (EDITS, picture(images=["data:image/png;base64," + base64.b64encode(zipped()).decode()]), (), "file_kind_wrong", "images")),
    ("nothing to be edited", (EDITS, picture(), (), "file_missing", "images")),
    ("nothing to be edited in a form", (EDITS, picture(), (("mask", "a", PNG),), "file_missing", "image")),
    ("two masks", (EDITS, picture(), (("image", "a", PNG), ("mask", "a", PNG), ("mask", "a", PNG)), "field_too_many", "mask")),
    ("seventeen pictures", (EDITS, picture(), (("image[]", "a", PNG),) * 17, "field_too_many", "image")),
    ("a file that nobody knows", (VIDEOS, film(), (("soundtrack", "a", PNG),), "field_not_supported", "soundtrack")),
    ("a file of the upstream", (VIDEOS, film(input_reference={"file_id": "file-1"}), (), "field_not_supported", "input_reference.file_id")),
    ("no sound", (TRANSCRIPTIONS, {"model": "scribe", "file": "talk.wav"}, (("other", "a", PNG),), "file_missing", "file")),
    ("two sounds", (TRANSCRIPTIONS, {"model": "scribe"}, (("file", "a", wav(1)), ("file", "a", wav(1))), "field_too_many", "file")),
    ("a picture to be heard", (TRANSCRIPTIONS, {"model": "scribe"}, (("file", "a.wav", PNG),), "file_kind_wrong", "file")),
    ("an unknown format", (TRANSCRIPTIONS, {"model": "scribe", "response_format": "pdf"}, (("file", "a", wav(1)),), "field_unknown_value", "response_format")),
    ("nothing to say", (SPEECH, speech(input=""), (), "field_empty", "input")),
    ("too much to say", (SPEECH, speech(input="x" * 4_097), (), "field_too_long", "input")),
    ("no voice", (SPEECH, {"model": "voice", "input": "a"}, (), "field_missing", "voice")),
    ("speech as events", (SPEECH, speech(stream_format="sse"), (), "field_unknown_value", "stream_format")),
    ("a field twice", (VIDEOS, [*film().items(), ("seconds", "12")], (("input_reference", "a", PNG),), "field_too_many", "seconds")),
    ("text that is none", (VIDEOS, b"\xff", (), "body_not_utf8", None)),
    ("no JSON", (VIDEOS, b"{", (), "body_not_json", None)),
    ("a list", (VIDEOS, b"[]", (), "body_not_object", None)),
    ("nothing", (VIDEOS, b"", (), "body_empty", None)),
]  # fmt: skip


@pytest.mark.parametrize("wrong", [each for _, each in WRONG], ids=[name for name, _ in WRONG])
def test_what_cannot_be_priced_or_understood_is_refused(wrong: Wrong) -> None:
    endpoint, body, files, problem, field = wrong
    found = parse(endpoint, body, *files)
    assert isinstance(found, Misunderstood)
    assert (found.code, found.problem, found.param) == ("bad_request", problem, field)


def test_faster_service_has_no_price_either() -> None:
    found = parse(GENERATIONS, picture(service_tier="priority"))
    assert isinstance(found, Misunderstood)
    assert found.problem == "field_unknown_value"


def test_what_has_no_price_at_all_is_left_to_the_decision() -> None:
    call = understood(VIDEOS, film(model="unpriced"))
    assert dict(call.shape.media) == {"second:720x1280": 8}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 700) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(NAMES, inside, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([GENERATIONS, EDITS, VIDEOS, REMIX, SPEECH]), st.dictionaries(NAMES, VALUES, max_size=6))
def test_no_body_breaks_the_reader(endpoint: Endpoint, body: dict[str, Any]) -> None:
    found = parse(endpoint, {"model": "film", "prompt": "a", **body})
    assert isinstance(found, MediaCall | Misunderstood)
    if isinstance(found, MediaCall):
        assert sum(found.shape.media.values()) >= 1
        assert found.encode("upstream-model")[1]


@given(st.sampled_from([EDITS, VIDEOS, TRANSCRIPTIONS]), st.dictionaries(NAMES, st.text(max_size=20), max_size=6))
def test_no_form_breaks_the_reader(endpoint: Endpoint, fields: dict[str, str]) -> None:
    found = parse(endpoint, {"model": "film", "prompt": "a", **fields}, ("image", "a.png", PNG))
    assert isinstance(found, MediaCall | Misunderstood)


def test_which_endpoint_takes_which_body() -> None:
    a_form = b"multipart/form-data; boundary=x"
    assert [accepts(endpoint, b"application/json") for endpoint in (VIDEOS, EDITS, GENERATIONS, TRANSCRIPTIONS)] == [
        True, True, True, False,
    ]  # fmt: skip
    assert [accepts(endpoint, a_form) for endpoint in (VIDEOS, EDITS, TRANSCRIPTIONS, GENERATIONS, SPEECH, REMIX)] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
    assert not accepts(VIDEOS, b"text/plain")
    assert accepted(VIDEOS) == "application/json, multipart/form-data"
    assert accepted(TRANSCRIPTIONS) == "multipart/form-data"
