"""Asking for help, for chat tools and mail: `POST /support/cases`, and a case by its private link.

A door of its own beside the management API: it is open to everybody, and everything that comes in is judged by the rules of
the page `/support` before any of it is kept or logged. So nothing is read here before it is judged, and of what was refused
no answer repeats anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from counterfoil.api.problems import language_of, problem_response
from counterfoil.foundation.errors import CounterfoilError, InputError, Unavailable
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.observability import log
from counterfoil.support.intake import Intake
from counterfoil.support.intake_bodies import BODY_BYTES_MAX, Body, Pairs, read_body, read_json, read_pairs
from counterfoil.support.intake_forms import judged_document
from counterfoil.support.intake_model import Around, Judged, LinkView, Outcome, Receipt, Sender, Submission
from counterfoil.support.model import Channel

ROOT = "/support/cases"
# What a body holds beside the fields. `fields` may stand around those, or be left out.
_PROBLEM, _LANGUAGE, _KEY, _TEMPLATE, _REOPEN = "problem", "language", "submission_key", "template", "reopen"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_TRUE = ("true", "1")
# Whoever sends a body more slowly than this is not sending one.
_BODY_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportIntake:
    """What this door is made of. `public_url` is where links lead to."""

    intake: Intake
    public_url: str
    default_language: Language
    client_address: Callable[[Scope], str]


def support_intake(door: SupportIntake) -> ASGIApp:
    """The door as an ASGI application; it answers every path under `/support/cases`."""
    return _Door(door)


class _Door:
    def __init__(self, door: SupportIntake) -> None:
        self._door = door
        self._intake = door.intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        language = language_of(scope, self._door.default_language)
        try:
            response = await self._answer(scope, receive, language)
        except CounterfoilError as error:
            response = problem_response(error, language=language)
        except psycopg.OperationalError:
            response = problem_response(Unavailable(code="database_unavailable"), language=language)
        except Exception:  # noqa: BLE001 - whatever it is, the sender is told that nothing was kept
            log.exception("support_intake_failed")
            response = problem_response(CounterfoilError(), language=language)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, language: Language) -> Response:
        path = scope["path"].rstrip("/")
        if path == ROOT:
            if scope["method"] != "POST":
                return _not_allowed(language, "POST")
            return await self._send(scope, await _read(scope, receive), language)
        token = path.removeprefix(ROOT + "/")
        if scope["method"] == "POST":
            return await self._act(scope, token, await _read(scope, receive), language)
        if scope["method"] != "GET":
            return _not_allowed(language, "GET, POST")
        # Counted like a sending: whoever tries out links is stopped as soon.
        self._intake.check_pace(self._sender(scope))
        return self._shown(await self._intake.look(token), language)

    async def _send(self, scope: Scope, body: Body, language: Language) -> Response:
        asked = body.first(_LANGUAGE)
        language = Language(asked) if asked in tuple(Language) else language
        problem, template = body.first(_PROBLEM), body.first(_TEMPLATE)
        fields = body.without(_PROBLEM, _LANGUAGE, _KEY, _TEMPLATE)
        channel = Channel.API
        if template:
            problem, judged = self._intake.read_pasted(template, problem or None, self._sender(scope))
            if judged.outcome is not Outcome.ACCEPTED:
                return _refused(judged, language)
            fields, channel = (*judged.values.items(), *fields), Channel.TEMPLATE
        submission = Submission(
            problem=problem, language=language, channel=channel, fields=fields, query=_query(scope),
            user_agent=_header(scope, b"user-agent"), file_names=body.file_names,
        )  # fmt: skip
        key = _header(scope, b"idempotency-key") or body.first(_KEY)
        found = await self._intake.send(submission, self._sender(scope), submission_key=key)
        if isinstance(found, Judged):
            return _refused(found, language)
        return self._received(found, language)

    async def _act(self, scope: Scope, token: str, body: Body, language: Language) -> Response:
        around = Around(query=_query(scope), user_agent=_header(scope, b"user-agent"), file_names=body.file_names)
        act = self._intake.reopen if body.first(_REOPEN).lower() in _TRUE else self._intake.answer
        found = await act(token, body.without(_REOPEN), self._sender(scope), around)
        return _refused(found, language) if isinstance(found, Judged) else self._shown(found, language)

    def _received(self, receipt: Receipt, language: Language) -> Response:
        document = {
            "case": receipt.number,
            "link": f"{self._door.public_url}/support/case/{receipt.token}",
            "token": receipt.token,
            "questions": [_field(code, language) for code in receipt.questions],
        }
        headers = {**_headers(language), "Location": f"{ROOT}/{quote(receipt.token)}"}
        return JSONResponse(document, status_code=201, headers=headers)

    def _shown(self, view: LinkView, language: Language) -> Response:
        document = {
            "case": view.number,
            "problem": view.problem,
            "state": view.state.value,
            "meaning": entry(Kind.CASE_STATE, view.state).explanation[language],
            "received_at": show_time(view.created_at),
            "changed_at": show_time(view.changed_at),
            "questions": [
                {"text": one.text, "fields": [_field(code, language) for code in one.fields]} for one in view.questions
            ],
            "may_reopen": view.may_reopen,
        }
        return JSONResponse(document, headers=_headers(language))

    def _sender(self, scope: Scope) -> Sender:
        return Sender(address=self._door.client_address(scope))


def _refused(judged: Judged, language: Language) -> Response:
    """A problem document that names what cannot be taken, and holds what was fine."""
    document = judged_document(judged, language)
    if judged.refused:
        error = InputError(code="submission_unsafe")
    elif judged.problems:
        error = InputError(code="submission_incomplete")
    else:
        error = InputError(code="submission_masked")
    return problem_response(error, language=language, more=document)


def _field(code: str, language: Language) -> Mapping[str, str]:
    one = entry(Kind.EVIDENCE_FIELD, code)
    return {"field": code, "label": one.label[language], "what_for": one.explanation[language]}


def _headers(language: Language) -> dict[str, str]:
    return {"Content-Language": language.value, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


def _not_allowed(language: Language, allowed: str) -> Response:
    error = CounterfoilError(code="method_not_allowed")
    return problem_response(error, language=language, headers={"Allow": allowed})


def _query(scope: Scope) -> Pairs:
    return read_pairs(scope.get("query_string", b""))


def _header(scope: Scope, name: bytes) -> str:
    return ", ".join(value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name)


async def _read(scope: Scope, receive: Receive) -> Body:
    """The body, as JSON unless it says that it is a form; raises `InputError`."""
    try:
        async with asyncio.timeout(_BODY_SECONDS_MAX):
            raw = await _whole_body(receive)
    except TimeoutError:
        raise InputError(field="body", problem="body_not_json") from None
    content_type = _header(scope, b"content-type")
    if content_type.partition(";")[0].strip().lower() in _FORMS:
        return read_body(raw, content_type)
    return read_json(raw)


async def _whole_body(receive: Receive) -> bytes:
    raw = bytearray()
    while True:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise InputError(field="body", problem="body_not_json")
        raw += message.get("body", b"")
        if len(raw) > BODY_BYTES_MAX:
            raise InputError(code="body_too_large", most_bytes=BODY_BYTES_MAX)
        if not message.get("more_body"):
            return bytes(raw)
