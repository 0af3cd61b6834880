"""Files that pages load. The content's hash is in the address, so that a browser may keep them for good."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_HASH_CHARACTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    path: str
    content_type: str
    body: bytes


def _read(name: str) -> Asset:
    body = files("counterfoil.site").joinpath("assets", name).read_bytes()
    stem, dot, ending = name.rpartition(".")
    digest = sha256(body).hexdigest()[:_HASH_CHARACTERS]
    return Asset(path=f"/assets/{stem}.{digest}.{ending}", content_type=_TYPES[dot + ending], body=body)


STYLE = _read("site.css")
ICON = _read("icon.svg")
BY_PATH = {asset.path: asset for asset in (STYLE, ICON)}
