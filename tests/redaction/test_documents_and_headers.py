"""A full scan of JSON values and of headers: every finding with its place, and an end to what is without end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from counterfoil.redaction import placed as placed_scans
from counterfoil.redaction.model import PlacedFinding, SecretKind
from counterfoil.redaction.scanner import scan_headers, scan_json

KEY = "sk-" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA"


def shown(found: list[PlacedFinding]) -> list[tuple[str, SecretKind, str]]:
    return [(one.place, one.finding.kind, one.finding.mask) for one in found]


def test_a_finding_has_the_pointer_of_its_place() -> None:
    value = {
        "note": f"see {KEY}",
        "a/b": [{"~": "call 13912345678"}],
        "headers": {"Authorization": "Bearer hunter2", "x": 1},
        "messages": [{"role": "user", "content": "hi there"}],
        "card": 4242424242424242,
        "amount": 13912345678,
        KEY: None,
        "ok": "2026-11-24T08:00:00Z",
    }
    assert shown(scan_json(value)) == [
        ("/note", SecretKind.API_KEY, "sk-…Y0zA"),
        ("/a~1b/0/~0", SecretKind.PHONE, "[phone …5678]"),
        ("/headers/Authorization", SecretKind.AUTHORIZATION, "[authorization]"),
        ("/messages/0/content", SecretKind.REQUEST_BODY, "[content 8]"),
        ("/card", SecretKind.CARD, "[card …4242]"),
        (f"/{KEY}", SecretKind.API_KEY, "sk-…Y0zA"),
    ]
    (in_text, *_, in_name) = scan_json(value)
    assert value["note"][in_text.finding.start : in_text.finding.end] == KEY
    assert (in_text.in_name, in_name.in_name) == (False, True)


def test_what_is_masked_already_is_no_finding() -> None:
    assert scan_json({"api_key": "sk-…3fA9", "password": "[password]", "messages": [{"content": "[content 3]"}]}) == []


def test_a_text_alone_is_a_document_too() -> None:
    assert shown(scan_json("call 13912345678")) == [("", SecretKind.PHONE, "[phone …5678]")]
    assert scan_json(None) == scan_json(4.2) == scan_json(True) == []


def test_a_document_that_is_too_deep_is_read_to_a_depth_and_its_rest_is_a_finding() -> None:
    deep: Any = "call 13912345678"
    for _ in range(100_000):
        deep = [deep]
    assert [(one.finding.kind, one.finding.mask) for one in scan_json(deep)] == [(SecretKind.OTHER, "[too deep]")]
    text = "[" * 100_000 + "1" + "]" * 100_000
    assert scan_json(text) == []


def test_a_document_with_too_many_parts_ends_in_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placed_scans, "PARTS_MAX", 10)
    assert shown(scan_json(["fine"] * 10)) == []
    assert shown(scan_json(["fine"] * 15)) == [("", SecretKind.OTHER, "[items 5]")]
    monkeypatch.setattr(placed_scans, "CHARACTERS_MAX", 100)
    assert shown(scan_json({"a": ["x" * 60] * 4})) == [("/a", SecretKind.OTHER, "[items 2]")]


def test_headers_are_judged_by_their_names_and_by_what_they_hold() -> None:
    headers = {
        "Authorization": "Bearer hunter2",
        "Cookie": "sid=1",
        "X-Api-Key": KEY,
        "Content-Type": "application/json",
        "X-Request-Id": "req_0199aabbccddeeff00112233445566ff",
        "User-Agent": f"me {KEY}",
        "X-Forwarded-For": "203.0.113.7, 10.0.0.3",
        "x-ratelimit-remaining-requests": "3",
        "Retry-After": "12",
        "Via": "",
    }
    assert shown(scan_headers(headers)) == [
        ("Authorization", SecretKind.AUTHORIZATION, "[authorization]"),
        ("Cookie", SecretKind.COOKIE, "[cookie]"),
        ("X-Api-Key", SecretKind.API_KEY, "sk-…Y0zA"),
        ("User-Agent", SecretKind.API_KEY, "sk-…Y0zA"),
        ("X-Forwarded-For", SecretKind.COOKIE, "[header 21]"),
    ]


def test_headers_may_come_as_pairs_and_twice_and_masked() -> None:
    pairs = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("authorization", "[authorization]"), ("via", "[header 9]")]
    assert shown(scan_headers(pairs)) == [("set-cookie", SecretKind.COOKIE, "[cookie]")] * 2


def test_findings_of_a_real_body_are_json_themselves() -> None:
    body = json.loads('{"model": "gpt-5", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}')
    assert shown(scan_json(body)) == [("/messages/0/content/0/text", SecretKind.REQUEST_BODY, "[content 2]")]
