"""Files that pages load. The content's hash is in the address, so that a browser may keep them for good."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8"}
_HASH_CHARACTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    path: str
    content_type: str
    body: bytes


def _read(name: str, *before: str) -> Asset:
    """A file with those that it builds on before it, as one."""
    folder = files("counterfoil.site").joinpath("assets")
    body = b"".join(folder.joinpath(one).read_bytes() for one in (*before, name))
    stem, dot, ending = name.rpartition(".")
    digest = sha256(body).hexdigest()[:_HASH_CHARACTERS]
    return Asset(path=f"/assets/{stem}.{digest}.{ending}", content_type=_TYPES[dot + ending], body=body)


STYLE = _read("site.css")
ICON = _read("icon.svg")
# Of the support pages alone.
SCRIPT = _read("support.js", "unsafe.js")
# Of the handbook: its pages, its search, and the check of what is safe to send.
HELP_STYLE = _read("help.css")
SEARCH_SCRIPT = _read("help-search.js")
SAFE_SCRIPT = _read("safe-to-send.js", "unsafe.js")
BY_PATH = {asset.path: asset for asset in (STYLE, ICON, SCRIPT, HELP_STYLE, SEARCH_SCRIPT, SAFE_SCRIPT)}
