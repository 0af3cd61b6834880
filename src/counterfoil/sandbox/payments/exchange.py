"""One request and one answer of a counterpart, apart from any server."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import orjson

# Real forms and bodies have some dozens.
_FIELDS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. `target` is path and query as they came; `headers` have lower-case names."""

    method: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def fields(self) -> dict[str, str]:
        """The query and, over it, the form in the body; of repeated names the last. Empty where neither can be read."""
        fields = _pairs(self.query)
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            fields |= _pairs(self.body.decode("utf-8", "replace"))
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(data: object, status: int = 200) -> Answer:
    return Answer(status=status, body=orjson.dumps(data), content_type="application/json; charset=utf-8")


def page(title: str, *paragraphs: str, status: int = 200, buttons: Mapping[str, str] | None = None) -> Answer:
    """A page for a person; the texts are escaped here. `buttons`: label and the address that one posts to."""
    content = "".join(f"<p>{html.escape(each)}</p>\n" for each in paragraphs)
    for label, address in (buttons or {}).items():
        content += f'<form method="post" action="{html.escape(address)}"><button>{html.escape(label)}</button></form>\n'
    title = html.escape(title)
    text = (
        f'<!doctype html>\n<html lang="zh"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body>\n<h1>{title}</h1>\n{content}</body></html>\n"
    )
    return Answer(status=status, body=text.encode(), content_type="text/html; charset=utf-8")


def redirect(address: str) -> Answer:
    return Answer(status=303, headers={"location": address})


def _pairs(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX))
    except ValueError:
        return {}
