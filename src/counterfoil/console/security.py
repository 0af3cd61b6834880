"""What keeps strangers out of a session: cookies, where forms come from, and the headers of every answer."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

# `__Host-`: only over an encrypted connection (or on this machine), from this host alone, for every path.
SESSION_COOKIE = "__Host-counterfoil"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A path of the console as we write it: nothing that a browser would read as another host.
_OWN_PATH = re.compile(r"/console(?:/[A-Za-z0-9_.~%:-]+)*/?(?:\?[A-Za-z0-9_.~%:+&=*,/-]*)?")
_DOTS = re.compile(r"/(?:\.|%2e)+(?:/|\?|$)", re.IGNORECASE)
_OWN_PATH_LENGTH_MAX = 4_000
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # An id in an address is nobody else's business.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "x-robots-tag": "noindex",
}


def with_security(response: Response, *, is_encrypted: bool) -> Response:
    """The answer with the headers that every page carries; what holds somebody's records is kept by no cache."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("cache-control", "no-store")
    if is_encrypted:
        response.headers.setdefault("strict-transport-security", "max-age=31536000")
    return response


def is_same_origin(request: Request, public_url: str) -> bool:
    """Whether a form was sent by one of our own pages.

    Browsers say so in `Sec-Fetch-Site` and `Origin`, and always send one of them with a form; whoever sends neither is no
    browser, and holds no cookie that somebody could abuse.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = request.headers.get("origin")
    if origin in (None, "null"):
        # Browsers name no origin where the page sends no referrer: pages whose address is a secret.
        return site == "same-origin"
    given = urlsplit(origin)
    return bool(given.netloc) and given.netloc in (request.headers.get("host", ""), urlsplit(public_url).netloc)


def keep_session(response: Response, token: str, *, seconds: int) -> None:
    """Give the browser its session."""
    response.set_cookie(SESSION_COOKIE, token, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def forget_session(response: Response) -> None:
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def own_path(text: str, default: str) -> str:
    """An address to go on to, if it is a page of the console; else the default. No other host is ever gone to."""
    is_own = len(text) <= _OWN_PATH_LENGTH_MAX and _OWN_PATH.fullmatch(text) is not None and _DOTS.search(text) is None
    return text if is_own else default
