"""Files that pages load. The content's hash is in the address, so that a browser may keep them for good."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml", "js": "text/javascript; charset=utf-8"}
_FOLDER = "/console/assets/"
_KEEP_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    path: str
    content_type: str
    body: bytes


def _read(*names: str) -> Asset:
    body = files("counterfoil.console").joinpath("assets", *names).read_bytes()
    stem, _, ending = names[-1].rpartition(".")
    return Asset(
        path=f"{_FOLDER}{stem}.{sha256(body).hexdigest()[:16]}.{ending}", content_type=_TYPES[ending], body=body
    )


STYLE = _read("console.css")
SCRIPT = _read("console.js")
ICON = _read("icon.svg")
# Fetched by npm when the package is built: frontend/build_hook.py.
HTMX = _read("vendored", "htmx.min.js")
_BY_PATH = {asset.path: asset for asset in (STYLE, SCRIPT, ICON, HTMX)}


async def answer(request: Request) -> Response:
    """One file, or 404."""
    found = _BY_PATH.get(_FOLDER + request.path_params["name"])
    if found is None:
        return Response(status_code=404)
    return Response(
        found.body,
        media_type=found.content_type,
        headers={"cache-control": _KEEP_FOR_GOOD, "x-content-type-options": "nosniff"},
    )
