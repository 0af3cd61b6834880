"""Errors as problem documents (RFC 9457), in the caller's language.

The table of statuses is the only place that knows which HTTP status an error has. A code that is not in it has the
status of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import CounterfoilError, InputError, Unavailable
from counterfoil.foundation.vocabulary import Entry, Kind, Language, find_entry, pick_language
from counterfoil.observability import log

PROBLEM_TYPE = "application/problem+json"
# A database that restarts is back in seconds.
RETRY_AFTER_SECONDS = 5
_VALUE_CHARACTERS_MAX = 300
_VALIDATION_ERRORS_MAX = 20

# The kinds, by the code of their class; then the codes whose status is another.
STATUSES: Mapping[str, int] = {
    "bad_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    # The command was understood and the books say no: nothing that the caller could write otherwise.
    "ledger_refused": 409,
    "body_too_large": 413,
    "content_type_wrong": 415,
    "internal_error": 500,
    "invariant_broken": 500,
    "unavailable": 503,
    # The same source with another content, as with Idempotency-Key.
    "operation_key_reused": 422,
    "price_missing": 409,
    "overloaded": 503,
    "code_tries_exceeded": 429,
    # Whoever signs in is not known yet.
    "sign_in_refused": 401,
    "totp_required": 401,
    "totp_wrong": 401,
    "sign_in_throttled": 429,
    "idempotency_key_reused": 422,
    # What is sent to support is understood and cannot be taken as it is.
    "submission_unsafe": 422,
    "submission_masked": 422,
    "submission_incomplete": 422,
    "submission_too_often": 429,
}
_CODES_OF_STATUSES = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "content_type_wrong",
}


class FieldProblem(BaseModel):
    """One thing that is wrong with what was sent. Its value is not repeated: it may be a secret."""

    field: str = Field(description="Where it is, such as body.grants.0.amount.")
    problem: str = Field(description="What was expected.")


class Problem(BaseModel):
    """What went wrong, what is true now, and what to do next (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"description": "A problem document (RFC 9457)."})

    type: str = Field(description="The address of the page that explains the code.")
    title: str
    status: int
    detail: str = Field(description="What happened and what to do next.")
    instance: str | None = Field(default=None, description="Names this occurrence in the log.")
    code: str
    now: str = Field(description="What is true now.")
    parameters: dict[str, str] = Field(default_factory=dict)
    errors: list[FieldProblem] = Field(default_factory=list)


def status_of(error: CounterfoilError) -> int:
    """The error's own status, or its kind's."""
    for code in (error.code, *(kind.code for kind in type(error).__mro__ if issubclass(kind, CounterfoilError))):
        if code in STATUSES:
            return STATUSES[code]
    return 500


def words_of(error: CounterfoilError) -> Entry:
    """The words for an error's code; one without words of its own is told in those of its kind."""
    for code in (error.code, *(kind.code for kind in type(error).__mro__ if issubclass(kind, CounterfoilError))):
        for kind in (Kind.ERROR, Kind.REFUSAL, Kind.INPUT_PROBLEM):
            found = find_entry(kind, code)
            if found is not None:
                return found
    raise AssertionError("internal_error has no words")


def problem_response(
    error: CounterfoilError,
    *,
    language: Language,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    errors: list[FieldProblem] | None = None,
    instance: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """The problem document of an error; `more` are members of its own (RFC 9457, extension members)."""
    words, status = words_of(error), status or status_of(error)
    sentences = (words.explanation[language], words.next_step.what_to_change[language])
    problem = Problem(
        type=words.article,
        title=words.label[language],
        status=status,
        detail=("" if language is Language.ZH else " ").join(sentences),
        instance=instance,
        code=error.code,
        now=words.next_step.how_to_go_back[language],
        parameters={name: _shown(value) for name, value in error.parameters.items()},
        errors=errors or [],
    )
    own = {"Content-Language": language.value, "Cache-Control": "no-store"}
    if status == 503:
        own["Retry-After"] = str(RETRY_AFTER_SECONDS)
    elif retry_after := error.parameters.get("retry_after_seconds", error.parameters.get("seconds")):
        own["Retry-After"] = str(retry_after)
    if status == 401:
        own["WWW-Authenticate"] = "Bearer"
    return JSONResponse(
        {**(more or {}), **problem.model_dump(exclude_none=True)},
        status_code=status,
        headers={**own, **(headers or {})},
        media_type=PROBLEM_TYPE,
    )


def language_of(scope: Scope, default: Language) -> Language:
    for name, value in scope.get("headers", ()):
        if name == b"accept-language":
            return pick_language(value.decode("latin-1"), default)
    return default


def install(application: FastAPI, *, default_language: Language) -> None:
    """Answer every error of a route with a problem document."""

    async def of_ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, CounterfoilError)
        return problem_response(error, language=language_of(request.scope, default_language))

    async def of_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = [_field_problem(one) for one in error.errors()[:_VALIDATION_ERRORS_MAX]]
        return problem_response(InputError(), language=language_of(request.scope, default_language), errors=found)

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _CODES_OF_STATUSES.get(error.status_code, "bad_request" if error.status_code < 500 else "internal_error")
        return problem_response(
            CounterfoilError(code=code),
            language=language_of(request.scope, default_language),
            status=error.status_code,
            headers=error.headers,
        )

    application.add_exception_handler(CounterfoilError, of_ours)
    application.add_exception_handler(RequestValidationError, of_validation)
    application.add_exception_handler(HTTPException, of_http)


class LastResort:
    """Answers what nobody expected, and writes it to the log under a name that the answer gives too."""

    def __init__(self, application: ASGIApp, *, default_language: Language) -> None:
        self._application = application
        self._default_language = default_language
        self._clock = SystemClock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._application(scope, receive, note)
        except Exception as error:
            instance = f"urn:uuid:{self._clock.new_id()}"
            known = _known(error)
            log.error("management_request_failed", instance=instance, exc_info=error)
            if started or scope["type"] != "http":
                raise
            response = problem_response(known, language=language_of(scope, self._default_language), instance=instance)
            await response(scope, receive, send)


def _known(error: Exception) -> CounterfoilError:
    """An unexpected error as one of ours, without its message, which may quote anything."""
    if isinstance(error, CounterfoilError):
        # Raised before or after the routes, whose errors are answered where they are.
        return error
    if isinstance(error, psycopg.OperationalError):
        return Unavailable(code="database_unavailable")
    if isinstance(error, psycopg.DataError):
        # Such as a NUL, which PostgreSQL's texts cannot hold.
        return InputError()
    return CounterfoilError()


def _field_problem(error: Mapping[str, Any]) -> FieldProblem:
    field = ".".join(_shown(part) for part in error.get("loc", ()))
    return FieldProblem(field=field[:_VALUE_CHARACTERS_MAX], problem=str(error.get("msg", ""))[:_VALUE_CHARACTERS_MAX])


def _shown(value: object) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in str(value)[:_VALUE_CHARACTERS_MAX])


def _answer(description: str) -> dict[str, Any]:
    return {"model": Problem, "description": description}


# What every route may answer besides its own, for the description of the API.
RESPONSES: dict[int | str, dict[str, Any]] = {
    400: _answer("What was sent cannot be understood."),
    401: _answer("The token is missing or wrong."),
    403: _answer("Whoever asked may not do this; `permission` names what is missing."),
    404: _answer("What was named does not exist, or is another account's."),
    409: _answer("It contradicts what is recorded, or the same is in progress."),
    503: _answer("The operator's side: try again later, nothing was changed."),
}
# What every write may answer besides.
WRITE_RESPONSES: dict[int | str, dict[str, Any]] = {
    413: _answer("The body is too large."),
    422: _answer("The same `Idempotency-Key`, `source_id` or `intention_key` came with another content before."),
    429: _answer("Too many tries: `Retry-After` says when the next one is worth it."),
}
