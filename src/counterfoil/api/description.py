"""What the OpenAPI document says of every route beyond what FastAPI reads from it: problems, keys of writes, permissions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from counterfoil.api.access_rules import RULES, Rule
from counterfoil.api.problems import PROBLEM_TYPE, WRITE_RESPONSES
from counterfoil.api.repeats import KEY_CHARACTERS_MAX, KEY_HEADER, REPLAY_HEADER, WRITES
from counterfoil.api.trail import WHY_HEADER

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": f"Names this write, for a day: the same again is answered as the first time, with {REPLAY_HEADER}.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS_MAX, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}
_WHY_PARAMETER = {
    "name": WHY_HEADER,
    "in": "header",
    "required": False,
    "description": "What staff does it for, such as a ticket's number, for the audit trail; percent-encoded.",
    "schema": {"type": "string", "maxLength": 500, "pattern": "^[!-~]*$"},
}
_REPLAY = {
    REPLAY_HEADER: {"description": "`true` where it is the answer of an earlier request.", "schema": {"type": "string"}}
}


def describe(application: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if application.openapi_schema is None:
        document = get_openapi(
            title=application.title, version=application.version, description=application.description,
            routes=application.routes, tags=application.openapi_tags, servers=application.servers,
        )  # fmt: skip
        for method, operation in _operations(document):
            _complete(method, operation, RULES[operation["operationId"]])
        application.openapi_schema = document
    return application.openapi_schema


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        for method, operation in operations.items():
            yield method.upper(), operation


def _complete(method: str, operation: dict[str, Any], rule: Rule) -> None:
    responses, parameters = operation["responses"], operation.setdefault("parameters", [])
    # FastAPI's own validation answer is not ours.
    responses.pop("422", None)
    if method in WRITES:
        responses |= {str(status): {"description": one["description"]} for status, one in WRITE_RESPONSES.items()}
        if not rule.need.open:
            parameters[:] = [one for one in parameters if one["name"].lower() != KEY_HEADER.lower()]
            parameters.append(_KEY_PARAMETER)
            for status, answer in responses.items():
                if status.startswith("2"):
                    answer["headers"] = {**answer.get("headers", {}), **_REPLAY}
    for status, answer in responses.items():
        if not status.startswith("2"):
            answer["content"] = {PROBLEM_TYPE: {"schema": _PROBLEM}}
    if rule.need.staff is not None:
        parameters.append(_WHY_PARAMETER)
    if rule.need.open:
        operation["security"] = []
    operation["x-permissions"] = _permissions(rule)
    operation["description"] = _sentence(operation.get("description", ""), rule)
    if not parameters:
        del operation["parameters"]


def _permissions(rule: Rule) -> dict[str, str | None]:
    own, staff = rule.need.own, rule.need.staff
    return {"own": None if own is None else own.value, "staff": None if staff is None else staff.value}


def _sentence(said: str, rule: Rule) -> str:
    """What it takes, in words."""
    need = rule.need
    if need.open:
        takes = "Open to everybody."
    elif rule.session:
        takes = "Takes a session: nobody but the person who has signed in."
    elif need.own is None and need.staff is None:
        takes = "Takes any token."
    else:
        halves = [f"`{need.own.value}` on one's own account"] if need.own is not None else []
        halves += [f"`{need.staff.value}` as staff"] if need.staff is not None else []
        takes = f"Takes {' or '.join(halves)}."
    return f"{said}\n\n{takes}".strip()
