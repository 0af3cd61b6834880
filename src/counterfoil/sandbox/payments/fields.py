"""Reading the fields of a control request: each once, and none that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.payments.model import Amount

_TEXT_CHARACTERS_MAX = 500


class Fields:
    """The fields of a JSON object; every reader raises `InputError`."""

    def __init__(self, data: object) -> None:
        if not isinstance(data, Mapping):
            raise InputError(field="body", reason="an object is needed")
        self._left = dict(data)

    def end(self) -> None:
        """Refuse what has not been read."""
        if self._left:
            raise InputError(field=", ".join(sorted(self._left))[:100], reason="there is no such field here")

    def text(self, name: str) -> str | None:
        value = self._left.pop(name, None)
        if value is not None and (not isinstance(value, str) or len(value) > _TEXT_CHARACTERS_MAX):
            raise InputError(field=name, reason=f"a text of at most {_TEXT_CHARACTERS_MAX} characters is needed")
        return value

    def needed(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise InputError(field=name, reason="a text is needed")
        return value

    def one_of(self, name: str, known: Iterable[str], default: str | None = None) -> str:
        value = self.text(name) or default
        if value is None or value not in known:
            raise InputError(field=name, reason="one of " + ", ".join(known))
        return value

    def amount(self, name: str) -> Amount | None:
        """Smallest units as a whole number, or a text in yuan; whether it is an amount at all is for others to say."""
        value = self._left.pop(name, None)
        # `True` is an int to Python, and no amount.
        if value is None or (isinstance(value, int | str) and not isinstance(value, bool)):
            return value
        raise InputError(field=name, reason="a whole number or a text is needed")

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._left.pop(name, None)
        if value is not None and not isinstance(value, dict):
            raise InputError(field=name, reason="an object is needed")
        return value or {}

    def truth(self, name: str, default: bool) -> bool:
        value = self._left.pop(name, default)
        if not isinstance(value, bool):
            raise InputError(field=name, reason="true or false is needed")
        return value

    def whole_or_none(self, name: str) -> int | None:
        value = self._left.pop(name, None)
        if value is not None and (type(value) is not int or abs(value) > 10**17):
            raise InputError(field=name, reason="a whole number is needed")
        return value

    def whole(self, name: str, default: int, *, most: int | None = None) -> int:
        value = self.whole_or_none(name)
        if value is not None and most is not None and not 0 <= value <= most:
            raise InputError(field=name, reason=f"a whole number from 0 to {most} is needed")
        return default if value is None else value

    def seconds(self, name: str, *, most: float) -> float:
        value = self._left.pop(name, 0)
        if type(value) not in (int, float) or not 0 <= value <= most:
            raise InputError(field=name, reason=f"seconds from 0 to {most:.0f} are needed")
        return float(value)
