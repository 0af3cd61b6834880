"""The description of the API: every route says what it does, what it takes and what it gives."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette

from counterfoil.api.access_rules import RULES
from counterfoil.api.reference import describe_routes, reference_markdown


@pytest.fixture
def openapi(management: Starlette) -> dict[str, Any]:
    described: dict[str, Any] = management.routes[0].app.openapi()  # type: ignore[attr-defined]
    return described


async def test_every_route_is_described(openapi: dict[str, Any]) -> None:
    routes = describe_routes(openapi)
    assert len(routes) > 45
    for route in routes:
        assert route.summary, route.path
        assert route.tag, route.path
        assert all(text for _, text in route.parameters), route.path


async def test_every_route_answers_with_a_model_and_problems(openapi: dict[str, Any]) -> None:
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            good = answers.get("200") or answers.get("201") or answers.get("202")
            # A receipt is a page for people, and numbers are taken away as a file.
            is_page_or_file = set(good["content"]) in ({"text/html"}, {"text/csv"})
            assert is_page_or_file or good["content"]["application/json"]["schema"].get("$ref"), (method, path)
            assert {"400", "401", "404", "409", "503"} <= answers.keys(), (method, path)
            is_open = RULES[operation["operationId"]].need.open
            assert bool(operation["security"]) is not is_open, (method, path)
            for status, answer in answers.items():
                if not status.startswith("2"):
                    assert set(answer["content"]) == {"application/problem+json"}, (method, path, status)


async def test_unknown_fields_are_refused_by_every_body(openapi: dict[str, Any]) -> None:
    for name, schema in openapi["components"]["schemas"].items():
        used_as_body = any(
            reference in str(operation.get("requestBody", ""))
            for operations in openapi["paths"].values()
            for operation in operations.values()
            for reference in (f"'#/components/schemas/{name}'",)
        )
        if used_as_body:
            assert schema["additionalProperties"] is False, name


async def test_the_reference_names_every_route(openapi: dict[str, Any]) -> None:
    text = reference_markdown(openapi)
    for route in describe_routes(openapi):
        assert f"`{route.method} /manage/v1{route.path}`" in text
