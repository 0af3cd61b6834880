"""Error replies in the shapes of the real providers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from counterfoil.sandbox.model import Endpoint

Headers = list[tuple[bytes, bytes]]

_ANTHROPIC_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_ANTHROPIC_MESSAGES: Mapping[int, str] = {
    401: "invalid x-api-key",
    403: "Your API key does not have permission to use the specified resource.",
    429: "This request would exceed your organization's rate limit of 50 requests per minute.",
    500: "Internal server error",
    529: "Overloaded",
}
# (message, type, code) of OpenAI's answers.
_OPENAI_ANSWERS: Mapping[int, tuple[str, str, str | None]] = {
    401: (
        "Incorrect API key provided. You can find your API key in your account.",
        "invalid_request_error",
        "invalid_api_key",
    ),
    403: ("You are not allowed to sample from this model.", "invalid_request_error", None),
    404: ("The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"),
    429: (
        "Rate limit reached for requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 1s.",
        "requests",
        "rate_limit_exceeded",
    ),
    500: ("The server had an error while processing your request. Sorry about that!", "server_error", None),
    503: ("The server is currently overloaded with other requests. Sorry about that!", "server_error", None),
}
# A bad gateway is what stands before the provider, and it does not speak JSON.
_BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply:
    """A whole error answer; `headers` are those beyond its length and the provider's request id."""

    status: int
    headers: Headers
    body: bytes


class Rejected(Exception):
    """A request that a real provider would not accept; `kind` and `code` are OpenAI's."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(status, code)
        self.status = status
        self.message = message
        self.kind = kind
        self.param = param
        self.code = code


def rejection(rejected: Rejected, endpoint: Endpoint | None, request_id: bytes) -> ErrorReply:
    """The answer to a rejected request, in the dialect of its endpoint."""
    if endpoint is Endpoint.MESSAGES:
        return anthropic_error(rejected.status, rejected.message, request_id)
    return openai_error(rejected.status, rejected.message, kind=rejected.kind, param=rejected.param, code=rejected.code)


def status_failure(status: int, endpoint: Endpoint, request_id: bytes) -> ErrorReply:
    """What a provider answers when it fails with that status."""
    if endpoint is Endpoint.MESSAGES:
        return anthropic_error(status, _ANTHROPIC_MESSAGES.get(status, "The request failed."), request_id)
    if status == 502:
        return ErrorReply(status=502, headers=[(b"content-type", b"text/html")], body=_BAD_GATEWAY)
    default = ("The request failed.", "server_error" if status >= 500 else "invalid_request_error", None)
    message, kind, code = _OPENAI_ANSWERS.get(status, default)
    return openai_error(status, message, kind=kind, code=code)


def openai_error(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
    retry: bool = True,
) -> ErrorReply:
    body = orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": code}})
    headers = [(b"content-type", b"application/json")]
    if retry and status in (429, 503):
        headers.append((b"retry-after", b"1"))
    if retry and status == 429:
        headers += [(b"retry-after-ms", b"1000"), (b"x-ratelimit-remaining-requests", b"0")]
    return ErrorReply(status=status, headers=headers, body=body)


def anthropic_error(status: int, message: str, request_id: bytes, *, error_code: str | None = None) -> ErrorReply:
    error: dict[str, object] = {"type": _ANTHROPIC_TYPES.get(status, "api_error"), "message": message}
    headers = [(b"content-type", b"application/json")]
    if error_code is not None:
        # A spending limit ends with the month: Anthropic names no time to retry.
        error["details"] = {"error_code": error_code}
    elif status == 429:
        headers.append((b"retry-after", b"1"))
    body = orjson.dumps({"type": "error", "error": error, "request_id": request_id.decode()})
    return ErrorReply(status=status, headers=headers, body=body)
