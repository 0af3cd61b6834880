"""The fields of a call for a picture, a video or a sound, from JSON or from a form, each once and of its kind. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from counterfoil.gateway.forms import Part, SentPart, is_form, read_form, text_of
from counterfoil.gateway.media_files import CONTENT_TYPES
from counterfoil.gateway.media_model import PROMPT_CHARACTERS_MAX, FormBody, JsonBody
from counterfoil.gateway.parsing import DEPTH_MAX, bad, read_object
from counterfoil.gateway.submissions import without_volatile

_LIST = "[]"
_NAME_SHOWN_MAX = 40
# What decides over the cost and is read here; an upstream must not find it under another spelling.
_READ = frozenset(
    {"model", "prompt", "input", "n", "size", "quality", "seconds", "stream", "output_format", "response_format"}
)
# Other names of number, size and length, and work beside the thing itself: an upstream that knows one of them would make
# more than was held for.
OTHER_NAMES = frozenset(
    {
        "num_images", "num_outputs", "num_videos", "n_variants", "batch_size", "width", "height", "resolution", "duration",
        "duration_seconds", "n_seconds", "num_seconds", "video_length", "length", "frames", "num_frames", "n_frames",
        "frame_count", "svg", "complexity", "markup", "partial_images",
    }
)  # fmt: skip
# Objects that some upstreams lay over the request.
_INSIDE = ("metadata", "extra_body", "parameters")
_DIGITS = re.compile(r"-?[0-9]{1,15}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a form. `kind` is what its content is."""

    name: str
    content: bytes = field(repr=False)
    kind: str = ""


class Given:
    """A call's fields. Reading a field checks it; what was not read is passed on as it is."""

    def __init__(self, values: dict[str, Any], files: list[Part], *, form: bool) -> None:
        _refuse_other_spellings(values)
        for name in _INSIDE:
            _refuse_inside(name, inner(values, name))
        self.values = values
        self.is_form = form
        self._parts = files
        self._files: list[File] = []

    # -- fields ------------------------------------------------------------------------------------------------

    def text(self, name: str, *, most: int, required: bool = False) -> str | None:
        """A text of at most so many characters; None where it is absent."""
        value = self.values.get(name)
        if value is None or (value == "" and self.is_form and not required):
            if required:
                raise bad("field_missing", field=name)
            return None
        if not isinstance(value, str):
            raise bad("field_wrong_type", field=name, expected="string")
        if not value.strip() and required:
            raise bad("field_empty", field=name)
        if len(value) > most:
            raise bad("field_too_long", field=name, most=most)
        return value

    def whole(self, name: str, *, most: int, as_text: bool = False) -> int | None:
        """A whole number of at least 1; None where it is absent. In a form, and with `as_text`, digits will do."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str) and (self.is_form or as_text) and _DIGITS.match(value):
            value = int(value)
        if type(value) is not int:
            raise bad("field_wrong_type", field=name, expected="integer")
        if value < 1:
            raise bad("field_too_small", field=name, least=1)
        if value > most:
            raise bad("field_too_large", field=name, most=most)
        return value

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str | None:
        value = self.values.get(name)
        if value is None:
            return None
        if value not in allowed:
            raise bad("field_unknown_value", field=name, allowed=", ".join(allowed))
        return str(value)

    def refuse(self, names: Iterable[str]) -> None:
        """Raise for a field that would change what the call costs, or what it is, in a way that nobody has priced."""
        for name in names:
            if self.values.get(name) not in (None, False, "", "false"):
                raise bad("field_not_supported", field=name)

    # -- files -------------------------------------------------------------------------------------------------

    def files_of(self, *names: str) -> list[Part]:
        """The files under these names, taken out."""
        found = [part for part in self._parts if part.name in names]
        self._parts = [part for part in self._parts if part.name not in names]
        return found

    def keep_file(self, name: str, content: bytes, kind: str) -> None:
        """Pass a file on that has been looked at."""
        self._files.append(File(name=name, content=content, kind=kind))

    @property
    def files(self) -> list[File]:
        """What is passed on; raises for a file that nobody has asked for."""
        for part in self._parts:
            raise bad("field_not_supported", field=part.name)
        return self._files

    # -- what is made of them ----------------------------------------------------------------------------------

    def body(self, digest: bytes) -> JsonBody | FormBody:
        if not self.is_form:
            return JsonBody(fields=self.values)
        parts: list[SentPart] = []
        for name, value in self.values.items():
            for each in value if isinstance(value, list) else [value]:
                parts.append(SentPart(name=name, value=str(each).encode()))
        for number, file in enumerate(self.files, start=1):
            parts.append(
                SentPart(
                    name=file.name, value=file.content, file_name=f"file{number}.{file.kind}",
                    content_type=CONTENT_TYPES[file.kind],
                )
            )  # fmt: skip
        return FormBody(parts=tuple(parts), boundary=f"counterfoil-{digest.hex()[:40]}")

    def digest(self, model: str, camera: str | None) -> bytes:
        """The SHA-256 of what was asked, without what may differ between copies of it."""
        files = sorted((file.name, sha256(file.content).hexdigest()) for file in self.files)
        canonical = orjson.dumps(
            {"model": model, "fields": without_volatile(self.values), "files": files, "camera": camera},
            option=orjson.OPT_SORT_KEYS,
        )
        return sha256(canonical).digest()

    def texts(self) -> bytes:
        """The texts of the call as JSON: what an upstream may quote. Pictures in the body are none."""
        return orjson.dumps({name: value for name, value in self.values.items() if not _is_picture(value)})


def read_given(raw: bytes, content_type: bytes | None) -> Given:
    """Read a body into its fields; raises `InputError`."""
    if content_type is None or not is_form(content_type):
        body = read_object(raw)
        try:
            orjson.dumps(body)
        except orjson.JSONEncodeError:
            raise bad("body_too_deep", most=DEPTH_MAX) from None
        return Given(body, [], form=False)
    if not raw:
        raise bad("body_empty")
    values: dict[str, Any] = {}
    files: list[Part] = []
    for part in read_form(raw, content_type):
        if part.is_file:
            files.append(part)
            continue
        text = text_of(part)
        if len(text) > PROMPT_CHARACTERS_MAX and not text.startswith("data:"):
            raise bad("field_too_long", field=part.name, most=PROMPT_CHARACTERS_MAX)
        if part.name.endswith(_LIST):
            values.setdefault(part.name, []).append(text)
        elif part.name in values:
            raise bad("field_too_many", field=part.name, most=1)
        else:
            values[part.name] = text
    return Given(values, files, form=True)


def inner(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object inside; in a form `name[field]` or JSON in one field. Empty where there is none that can be read."""
    value = values.get(name)
    if isinstance(value, str):
        # A form's field that holds JSON.
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = None
    found = dict(value) if isinstance(value, dict) else {}
    for field_name, each in values.items():
        if field_name.startswith(f"{name}[") and field_name.endswith("]") and isinstance(each, str):
            found[field_name[len(name) + 1 : -1]] = _number(each)
    return found


def _spelling(name: str) -> str:
    """A name as a reader has it that looks at neither case nor what stands between words; Go's does the first."""
    return name.partition("[")[0].lower().replace("_", "").replace("-", "").replace(".", "")


_SPELLINGS = {_spelling(name): name for name in _READ | OTHER_NAMES}


def _refuse_other_spellings(values: Mapping[str, Any]) -> None:
    for name in values:
        meant = _SPELLINGS.get(_spelling(name))
        if meant is not None and name != meant:
            raise bad("field_not_supported", field=name[:_NAME_SHOWN_MAX])


def _refuse_inside(within: str, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        meant = _SPELLINGS.get(_spelling(name))
        if meant is not None and meant != "prompt" and value is not None:
            raise bad("field_not_supported", field=f"{within}.{name[:_NAME_SHOWN_MAX]}")


def _number(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else text


def _is_picture(value: object) -> bool:
    """Whether a value carries a picture's bytes; what is deep inside is looked for no further."""
    if isinstance(value, str):
        return value.startswith("data:")
    if isinstance(value, dict):
        return any(_is_picture(each) for each in value.values())
    if isinstance(value, list):
        return any(_is_picture(each) for each in value)
    return False
