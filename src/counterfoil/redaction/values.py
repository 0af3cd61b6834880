"""Values of many parts, such as a log line's fields or a JSON document: which names give a secret away, and masking."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from counterfoil.redaction import bodies, fields, numbers
from counterfoil.redaction.masks import SECRET, TOO_DEEP, is_masked_at, mask_digits, mask_length
from counterfoil.redaction.model import SecretKind

DEEPEST = 24
ITEMS_MOST = 1000
_SECRET_NAMES = frozenset({
    "authorization", "proxy_authorization", "cookie", "set_cookie", "x_api_key", "api_key", "apikey", "api_token",
    "password", "passwd", "pwd", "passphrase", "secret", "client_secret", "secret_key", "access_token", "refresh_token",
    "id_token", "operator_token", "private_key", "signing_key", "sealing_key", "token", "upstream_secret",
})  # fmt: skip


def plain_name(name: object) -> str:
    """A field's name as it is compared: small, with underscores; nothing for what is no text."""
    return name.lower().replace("-", "_") if isinstance(name, str) else ""


def is_secret_field(name: object, value: object) -> bool:
    """Whether a field of that name holds a secret, whatever it looks like."""
    return plain_name(name) in _SECRET_NAMES and isinstance(value, str | bytes) and len(value) > 0


def is_plain_field(name: object, value: object) -> bool:
    """Whether a field inside of content says what the content is, not what it says."""
    if plain_name(name) not in bodies.PLAIN_NAMES or not isinstance(value, str):
        return False
    return bodies.PLAIN_VALUE.match(value) is not None


def is_content_field(name: object) -> bool:
    """Whether a field of that name holds what people and models wrote."""
    return plain_name(name) in bodies.CONTENT_NAMES


def is_masked_content(text: str) -> bool:
    """Whether there is nothing in it, or a mask."""
    return not text or bodies.is_masked_content(text, 0, len(text))


def kind_and_mask(name: object, value: str | bytes) -> tuple[SecretKind, str]:
    """What a secret field of that name holds, and what is shown instead."""
    kind, mask = fields.kind_and_mask(plain_name(name), value if isinstance(value, str) else "")
    return kind, SECRET if isinstance(value, bytes) else mask


def card_digits(value: int) -> str:
    """The digits of a whole number that is a card's, else nothing."""
    digits = str(value) if 10**12 <= value < 10**19 else ""
    return digits if numbers.is_card(digits) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMasker:
    """Masks values of any depth with a function that masks texts."""

    mask: Callable[[str], str]

    def masked(self, value: Any) -> Any:
        return self._value(value, depth=0, in_content=False)

    def _value(self, value: Any, *, depth: int, in_content: bool) -> Any:
        if isinstance(value, str):
            return self._content(value) if in_content else self.mask(value)
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            digits = card_digits(value)
            return mask_digits("card", digits) if digits else value
        if isinstance(value, bytes | bytearray | memoryview):
            return mask_length("bytes", len(value))
        if depth >= DEEPEST:
            return TOO_DEEP
        if isinstance(value, Mapping):
            return self._mapping(value, depth=depth, in_content=in_content)
        if isinstance(value, list | tuple | set | frozenset):
            return self._items(value, depth=depth, in_content=in_content)
        return self.mask(str(value))

    def _items(self, value: Collection[Any], *, depth: int, in_content: bool) -> list[Any]:
        if isinstance(value, list | tuple) and len(value) == 2 and is_secret_field(value[0], value[1]):
            # A header as a pair of name and value.
            return [value[0], self._secret(value[0], value[1])]
        items = [
            self._value(one, depth=depth + 1, in_content=in_content)
            for _, one in zip(range(ITEMS_MOST), value, strict=False)
        ]
        return items if len(value) <= ITEMS_MOST else [*items, mask_length("items", len(value) - ITEMS_MOST)]

    def _mapping(self, value: Mapping[Any, Any], *, depth: int, in_content: bool) -> dict[Any, Any]:
        masked: dict[Any, Any] = {}
        for _, (name, one) in zip(range(ITEMS_MOST), value.items(), strict=False):
            shown = self.mask(name) if isinstance(name, str) else name
            if is_secret_field(name, one):
                masked[shown] = self._secret(name, one)
            elif in_content and is_plain_field(name, one):
                masked[shown] = self.mask(one)
            else:
                content = in_content or is_content_field(name)
                masked[shown] = self._value(one, depth=depth + 1, in_content=content)
        if len(value) > ITEMS_MOST:
            masked["…"] = mask_length("items", len(value) - ITEMS_MOST)
        return masked

    def _secret(self, name: object, value: str | bytes) -> str:
        if isinstance(value, str) and is_masked_at(value, 0):
            return self.mask(value)
        return kind_and_mask(name, value)[1]

    def _content(self, value: str) -> str:
        return value if is_masked_content(value) else mask_length("content", len(value))
