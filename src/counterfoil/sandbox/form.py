"""A request's fields and files, whether they came as JSON or as a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from counterfoil.sandbox.errors import Rejected
from counterfoil.sandbox.multipart import Part, read_parts
from counterfoil.sandbox.parameters import read_whole, wrong_type

_MULTIPART = "multipart/form-data"


class Form(NamedTuple):
    """`fields` by name, the last of each; `texts_only` if all of them are texts because a form has nothing else."""

    fields: dict[str, Any]
    files: tuple[Part, ...]
    texts_only: bool

    def whole(self, name: str, *, most: int) -> int | None:
        """A whole number of at least 1, or None; raises `Rejected`."""
        value = self.fields.get(name)
        if self.texts_only and isinstance(value, str):
            if not value.isascii() or not value.isdigit():
                raise wrong_type(name, "an integer")
            value = int(value[:12])
        return read_whole({name: value}, name, most=most)

    def is_true(self, name: str) -> bool:
        """Whether a flag is set; raises `Rejected` for what is no flag."""
        value = self.fields.get(name)
        if self.texts_only and value in ("true", "false"):
            return bool(value == "true")
        if value is not None and not isinstance(value, bool):
            raise wrong_type(name, "a boolean")
        return value is True

    def files_of(self, name: str) -> list[Part]:
        """The files of a field that may be repeated: `image`, `image[]`, `image[0]`."""
        return [part for part in self.files if part.name.partition("[")[0] == name]

    @property
    def metadata(self) -> object:
        """The metadata, which forms write as JSON or as `metadata[name]`. Raises `Rejected`."""
        given = self.fields.get("metadata")
        if not self.texts_only:
            return given
        metadata: dict[str, Any] = {}
        if given is not None:
            read = _read_json(given)
            if not isinstance(read, dict):
                raise wrong_type("metadata", "an object")
            metadata.update(read)
        for name, value in self.fields.items():
            if name.startswith("metadata[") and name.endswith("]"):
                metadata[name[len("metadata[") : -1]] = value
        return metadata


def read_form(headers: Mapping[bytes, bytes], body: bytes) -> Form:
    """Read a body by its content type. Raises `Rejected`."""
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    if content_type.partition(";")[0].strip().lower() == _MULTIPART:
        return _read_multipart(content_type, body)
    data = _read_json(body)
    if not isinstance(data, dict):
        raise Rejected(400, "We could not parse the JSON body of your request: an object is needed.")
    return Form(fields=data, files=(), texts_only=False)


def _read_multipart(content_type: str, body: bytes) -> Form:
    fields: dict[str, Any] = {}
    files = []
    for part in read_parts(content_type, body):
        if part.filename is not None:
            files.append(part)
            continue
        try:
            fields[part.name] = part.content.decode()
        except UnicodeDecodeError:
            raise wrong_type(part.name[:40], "a text in UTF-8") from None
    return Form(fields=fields, files=tuple(files), texts_only=True)


def _read_json(content: bytes | str) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise Rejected(400, "We could not parse the JSON body of your request.") from None
