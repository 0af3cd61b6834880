"""The routes described for people: one page of the API's own, and Markdown for the reference. Nothing is loaded from
elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from fastapi.responses import HTMLResponse

_METHODS = ("get", "post", "put", "patch", "delete")
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#f2f2f2;padding:.1em .3em}h2{margin-top:2rem}dt{margin-top:1rem}"
)
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDescription:
    """A route as the description of the API has it."""

    tag: str
    method: str
    path: str
    summary: str
    parameters: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: tuple[tuple[str, str, bool], ...]


def describe_routes(openapi: Mapping[str, Any]) -> list[RouteDescription]:
    """Every route of an OpenAPI description, in its order."""
    return [
        RouteDescription(
            tag=(operation.get("tags") or [""])[0],
            method=method.upper(),
            path=path,
            summary=operation.get("summary", ""),
            parameters=tuple(_parameters(operation, in_header=False)),
            headers=tuple(_parameters(operation, in_header=True)),
            body=tuple(_body_fields(openapi, operation)),
        )
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    ]


def _parameters(operation: Mapping[str, Any], *, in_header: bool) -> Iterator[tuple[str, str]]:
    """Name and description of what stands in the address, or in a header."""
    for parameter in operation.get("parameters", ()):
        if (parameter["in"] == "header") is in_header:
            yield parameter["name"], parameter.get("description", "")


def _body_fields(openapi: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Name, description and whether it is required, of each field of a body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    reference = content.get("schema", {}).get("$ref", "")
    schema = openapi.get("components", {}).get("schemas", {}).get(reference.rpartition("/")[2], {})
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield name, field.get("description", ""), name in required


def reference_markdown(openapi: Mapping[str, Any], *, prefix: str = "/manage/v1") -> str:
    """The routes as a part of the reference, under headings of the third level."""
    lines: list[str] = []
    tag = None
    for route in describe_routes(openapi):
        if route.tag != tag:
            tag = route.tag
            lines += ["", f"### {tag}", ""]
        lines.append(f"- `{route.method} {prefix}{route.path}` {route.summary}.")
        query = [f"`{name}`" for name, _ in route.parameters if f"{{{name}}}" not in route.path]
        if query:
            lines.append(f"  Query: {', '.join(query)}.")
        if route.headers:
            lines.append(f"  Header: {', '.join(f'`{name}`' for name, _ in route.headers)}.")
        if route.body:
            fields = ", ".join(f"`{name}`" + ("" if required else " (optional)") for name, _, required in route.body)
            lines.append(f"  Body: {fields}.")
    return "\n".join(lines).strip() + "\n"


def reference_page(openapi: Mapping[str, Any], *, prefix: str) -> HTMLResponse:
    """The routes as one page without script; `prefix` is where they are mounted."""
    information = openapi["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>{escape(information['title'])}</title><style>{_STYLE}</style>",
        f"<h1>{escape(information['title'])} {escape(information['version'])}</h1>",
        *(f"<p>{escape(paragraph)}</p>" for paragraph in information["description"].split("\n\n")),
        f'<p>For programs: <a href="{escape(prefix)}/openapi.json">openapi.json</a>.</p>',
    ]
    tag = None
    for route in describe_routes(openapi):
        if route.tag != tag:
            parts.append(("" if tag is None else "</dl>") + f"<h2>{escape(route.tag)}</h2><dl>")
            tag = route.tag
        parts.append(f"<dt><code>{route.method} {escape(prefix + route.path)}</code><dd>{escape(route.summary)}.")
        parts += [
            f"<br><code>{escape(name)}</code> {escape(text)}" for name, text in (*route.parameters, *route.headers)
        ]
        parts += [
            f"<br><code>{escape(name)}</code>{'' if required else ' (optional)'} {escape(text)}"
            for name, text, required in route.body
        ]
    parts.append("</dl></html>")
    return HTMLResponse("".join(parts), headers=_SECURITY)
