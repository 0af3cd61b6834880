"""Masking takes time in proportion to the text, shown by how its patterns are built and by what they read, not by a clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import pytest

from counterfoil.redaction import (
    blocks,
    bodies,
    codes,
    edges,
    fields,
    intake,
    keys,
    kingfisher,
    labels,
    links,
    masks,
    normalise,
    numbers,
    phones,
    pictures,
    placed,
    quotes,
    rules,
    scanner,
    values,
)
from counterfoil.redaction.normalise import view
from counterfoil.redaction.rules import find, redact
from counterfoil.redaction.scanner import scan

MODULES = (
    blocks, bodies, codes, edges, fields, intake, keys, kingfisher, labels, links, masks, normalise, numbers, phones,
    pictures, placed, quotes, rules, scanner, values,
)  # fmt: skip
# What only a full scan uses. Kingfisher's own engine is no expression of ours, and linear by its construction.
READERS = (bodies, fields, blocks)
PATTERNS = [
    (f"{module.__name__}.{name}", value)
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
]
# A bounded repeat may be tried in every length at every place: a constant, and a small one.
BACKTRACKING_MOST = 600


def repeats(parsed: Any) -> Iterator[tuple[Any, int, Any]]:
    """Every repeat of a parsed pattern: what kind it is, how often at most, and what it repeats."""
    for operation, argument in parsed:
        if operation in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
            yield operation, argument[1], argument[2]
        for inner in _inside(argument):
            yield from repeats(inner)


def _inside(argument: Any) -> Iterator[Any]:
    if isinstance(argument, parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for one in argument:
            yield from _inside(one)


def backtracking(parsed: Any) -> int:
    """In how many ways the repeats that may give back can be tried at one place, at most."""
    ways = 1
    for operation, argument in parsed:
        most = 1
        if operation in (constants.MAX_REPEAT, constants.MIN_REPEAT):
            most = 10**9 if argument[1] is constants.MAXREPEAT else int(argument[1])
        inner = max((backtracking(one) for one in _inside(argument)), default=1)
        ways = max(ways, most * inner)
    return ways


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_a_pattern_never_gives_back_without_a_bound(name: str, pattern: re.Pattern[str]) -> None:
    parsed = parser.parse(pattern.pattern, pattern.flags)
    for operation, most, inner in repeats(parsed):
        assert operation is not constants.MIN_REPEAT, "a lazy repeat reads the same text again"
        if most is constants.MAXREPEAT:
            assert operation is constants.POSSESSIVE_REPEAT, "an unbounded repeat must not give back"
        if any(deeper is constants.MAXREPEAT for _, deeper, _ in repeats(inner)):
            assert operation is constants.POSSESSIVE_REPEAT, "a repeat of an unbounded repeat must not give back"
    assert backtracking(parsed) <= BACKTRACKING_MOST


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_a_pattern_knows_no_words_but_ascii_ones(name: str, pattern: re.Pattern[str]) -> None:
    """In Unicode, `\\b`, `\\w` and `\\d` take Chinese characters and digits of every script for parts of a word."""
    written = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode()
    assert not re.search(r"\\[bBwWdD]", written)


class Meter:
    """Counts the characters that a function which reads ahead has read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read = 0
        for module in READERS:
            monkeypatch.setattr(module, "find_closing", self.find_closing)

    def find_closing(self, text: str, start: int, opening: str) -> int:
        end = quotes.find_closing(text, start, opening)
        self.read += end - start
        return end


HOSTILE = {
    "open_token": 'token="',
    "open_token_single": "token='",
    "alternating": "token=\"sign='",
    "deeper": 'token="sign=\\"password=\\\\\\"',
    "open_input": '"input":[',
    "open_content": '"content":"',
    "content_braces": '"messages":{',
    "escaped_content": '\\"content\\":\\"',
    "unquoted": "token=",
    "authorization": "authorization: ",
    "backslashes": "\\",
    "keys": "sk-a-",
    "digits": "1 ",
    "cards": "4242 ",
    "addresses": "://",
    "json_tokens": "eyJaaaaaaa.",
    "private_keys": "-----BEGIN PRIVATE KEY-----",
    "data": "data:image/png;",
    "codes": "CF-AAAAA-",
    "prefixes": "sk-sk_live_",
    "separators": "a-",
    "shipped_lines": "2026-11-24 08:00:00 INFO\n",
    "headers": "host: x\naccept: y\n",
    "header_names": "a-",
    "curls": "curl -d '",
    "curl_options": "curl -d ",
    "curl_many": "curl" + " -d 'x" * 1000,
    "labels": "密码是",
    "labels_in_words": "key key: ",
    "prompts": "提示词：",
    "pictures": "iVBORw0KGgo",
    "picture_lines": "/9j/" + "A" * 60 + "\n",
    "drawings": "data:image/svg+xml,<svg",
    "embedded": "![](",
    "tags": "<img ",
    "phones": "+1 4",
    "accounts": "DE89 3704 ",
    "escapes": "\\u4f60",
    "invisible": "a\u200b",
    "expanding": "㎡",
    "surrogates": "\ud800",
    "nuls": "\x00",
    "lines": "\n",
    "braces": '{"level',
    "brackets": "[" * 50,
    "yaml": "role: user\n  content: |",
    "arguments": "prompt=[",
    "client_secrets": "pi_x_secret_",
}


def repeated(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_not_read_over_and_over(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    meter = Meter(monkeypatch)
    text = repeated(HOSTILE[name], 100_000)
    scan(text)
    # One reading for each kind of quote at each depth of escaping, at the very most, by each of those who read so.
    assert meter.read <= 16 * len(READERS) * len(text)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_is_answered_within_the_cap(name: str) -> None:
    masked = redact(repeated(HOSTILE[name], 1_000_000))
    assert len(masked) <= rules.LONGEST_CHARACTERS


def test_every_detector_is_reached_through_its_triggers() -> None:
    """The pre-check must not hide a secret: each detector's own example holds one of its triggers."""
    examples = {
        bodies.find_content: '{"content": "x"}',
        keys.find_json_tokens: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
        keys.find_bearers: "BEARER abcdefgh-12345678",
        keys.find_private_keys: "-----BEGIN PRIVATE KEY-----",
        fields.find_named_secrets: "PWD=x",
        fields.find_url_credentials: "redis://:x@h",
        fields.find_data_urls: "data:image/png;base64,AA==",
        fields.find_digests: "Digest response=0123456789abcdef0123456789abcdef",
        links.find_links: "HTTPS://QR.ALIPAY.COM/FKX123",
        rules._find_redemption_codes: "CF-00000-00000-00000-00000",
        pictures.find_pictures: "DATA:IMAGE/svg+xml,x",
        blocks.find_arguments: "prompt='x'",
        blocks.find_sent_cookies: "curl -b a=b",
        blocks.find_sent_passwords: "curl -u a:b",
        numbers.find_dotted_numbers: "139.1234.5678",
        phones.find_phones: "+1 415 555 2671",
    }
    for detector in rules._DETECTORS:
        example = examples[detector.find]
        assert list(detector.find(view(example))), detector
        assert any(trigger in example.lower() for trigger in detector.triggers), detector


def test_every_long_run_and_number_is_reached() -> None:
    for key in ("sk-0123456789abcdef", "AKIAIOSFODNN7EXAMPLE", "0123456789abcdef" * 2 + "." + "0123456789abcdef"):
        assert keys.has_long_run(view(key))
        assert find(key)
    for number in ("13912345678", "139 1234 5678", "37828224631 0005"):
        assert numbers.has_enough_digits(view(number))


def test_every_label_holds_a_trigger() -> None:
    for label in labels._LABELS:
        for word in label.words:
            assert any(trigger in word for trigger in labels.TRIGGERS), word


@pytest.mark.parametrize("module", MODULES)
def test_redaction_reads_no_clock_and_touches_no_system(module: ModuleType) -> None:
    assert not {"os", "time", "random", "logging"} & set(vars(module))
