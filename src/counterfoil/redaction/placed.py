"""The full scan of JSON values and of headers: where in them something was found. Bounded in depth, parts and length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from counterfoil.redaction import values
from counterfoil.redaction.masks import TOO_DEEP, is_masked_at, mask_digits, mask_length
from counterfoil.redaction.model import Finding, PlacedFinding, SecretKind

# More strings, or longer ones together, than any ticket or bundle has; what is beyond them counts as one finding.
PARTS_MAX = 10_000
CHARACTERS_MAX = 1024 * 1024
# Headers that anybody may show: what was sent and answered, and when, but not by which way.
HARMLESS_HEADERS = frozenset({
    "accept", "accept-encoding", "accept-language", "cache-control", "content-encoding", "content-length", "content-type",
    "date", "expect", "connection", "keep-alive", "transfer-encoding", "user-agent", "vary", "etag", "age", "expires",
    "last-modified", "retry-after", "request-id", "x-request-id", "x-should-retry", "cf-ray", "idempotency-key",
    "anthropic-version", "anthropic-beta", "openai-version", "openai-processing-ms", "openai-model",
})  # fmt: skip
_HARMLESS_BEGINNINGS = ("x-counterfoil-", "x-ratelimit-", "anthropic-ratelimit-", "x-stainless-")

Scan = Callable[[str], list[Finding]]


@dataclass(slots=True, kw_only=True)
class JsonScan:
    """One scan of a JSON value; `found` grows in the order of the document."""

    scan: Scan
    found: list[PlacedFinding] = field(default_factory=list)
    parts: int = 0
    characters: int = 0

    def read(self, value: Any, *, place: str = "", depth: int = 0, in_content: bool = False) -> None:
        if isinstance(value, str):
            self._read_text(value, place=place, in_content=in_content)
        elif isinstance(value, int) and not isinstance(value, bool):
            digits = values.card_digits(value)
            if digits:
                self._add_whole(place, SecretKind.CARD, len(digits), mask_digits("card", digits))
        elif isinstance(value, Mapping | list | tuple):
            if depth >= values.DEEPEST:
                self._add_whole(place, SecretKind.OTHER, 0, TOO_DEEP)
            elif isinstance(value, Mapping):
                self._read_mapping(value, place=place, depth=depth, in_content=in_content)
            else:
                self._read_items(value, place=place, depth=depth, in_content=in_content)

    def _read_items(self, value: list[Any] | tuple[Any, ...], *, place: str, depth: int, in_content: bool) -> None:
        for index, one in enumerate(value):
            if self._is_too_much(place, len(value) - index):
                return
            self.read(one, place=f"{place}/{index}", depth=depth + 1, in_content=in_content)

    def _read_mapping(self, value: Mapping[Any, Any], *, place: str, depth: int, in_content: bool) -> None:
        for index, (name, one) in enumerate(value.items()):
            if self._is_too_much(place, len(value) - index):
                return
            inner = f"{place}/{_escaped(str(name))}"
            for finding in self._scanned(str(name)):
                self.found.append(PlacedFinding(place=inner, finding=finding, in_name=True))
            if values.is_secret_field(name, one) and isinstance(one, str):
                if not is_masked_at(one, 0):
                    kind, mask = values.kind_and_mask(name, one)
                    self._add_whole(inner, kind, len(one), mask)
                    continue
            elif in_content and values.is_plain_field(name, one):
                self._read_text(one, place=inner, in_content=False)
                continue
            content = in_content or values.is_content_field(name)
            self.read(one, place=inner, depth=depth + 1, in_content=content)

    def _read_text(self, text: str, *, place: str, in_content: bool) -> None:
        if in_content and not values.is_masked_content(text):
            self._add_whole(place, SecretKind.REQUEST_BODY, len(text), mask_length("content", len(text)))
            return
        self.found += [PlacedFinding(place=place, finding=one) for one in self._scanned(text)]

    def _scanned(self, text: str) -> list[Finding]:
        self.parts += 1
        self.characters += len(text)
        return self.scan(text)

    def _is_too_much(self, place: str, left: int) -> bool:
        if self.parts < PARTS_MAX and self.characters < CHARACTERS_MAX:
            return False
        self._add_whole(place, SecretKind.OTHER, 0, mask_length("items", left))
        return True

    def _add_whole(self, place: str, kind: SecretKind, length: int, mask: str) -> None:
        self.parts += 1
        self.found.append(PlacedFinding(place=place, finding=Finding(kind=kind, start=0, end=length, mask=mask)))


def find_in_headers(headers: Iterable[tuple[str, str]], scan: Scan) -> Iterator[PlacedFinding]:
    """What is private in each header. One that is not known to be harmless is private as a whole."""
    for name, value in headers:
        for one in scan(name):
            yield PlacedFinding(place=name, finding=one, in_name=True)
        lowered = name.strip().lower()
        if not value or is_masked_at(value, 0):
            continue
        if values.is_secret_field(lowered, value):
            kind, mask = values.kind_and_mask(lowered, value)
            yield PlacedFinding(place=name, finding=Finding(kind=kind, start=0, end=len(value), mask=mask))
            continue
        found = scan(value)
        if not found and lowered not in HARMLESS_HEADERS and not lowered.startswith(_HARMLESS_BEGINNINGS):
            mask = mask_length("header", len(value))
            found = [Finding(kind=SecretKind.COOKIE, start=0, end=len(value), mask=mask)]
        for one in found:
            yield PlacedFinding(place=name, finding=one)


def _escaped(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
