"""Random letters and digits from a seed, and numbers whose check digits are right."""

from __future__ import annotations

import string
from random import Random

_HEX = "0123456789abcdef"
_ALNUM = string.ascii_letters + string.digits
_CODE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Signs:
    """Draws from one seeded source, so that a corpus is the same each time it is made."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def of(self, alphabet: str, length: int) -> str:
        return "".join(self.random.choice(alphabet) for _ in range(length))

    def hex(self, length: int) -> str:
        return self._mixed(_HEX, length, ("0123456789", "abcdef"))

    def alnum(self, length: int) -> str:
        return self._mixed(_ALNUM, length, (string.digits, string.ascii_lowercase, string.ascii_uppercase))

    def upper(self, length: int) -> str:
        return self._mixed(string.ascii_uppercase + string.digits, length, (string.digits, string.ascii_uppercase))

    def lower(self, length: int) -> str:
        return self._mixed(string.ascii_lowercase + string.digits, length, (string.digits, string.ascii_lowercase))

    def base64url(self, length: int) -> str:
        # Neither end is a hyphen or underscore, which a sentence may lose.
        return self.alnum(3) + self.of(_ALNUM + "-_", length - 6) + self.alnum(3)

    def base64(self, length: int) -> str:
        return self.alnum(3) + self.of(_ALNUM + "+/", length - 6) + self.alnum(3)

    def digits(self, length: int) -> str:
        return self.of("123456789", 1) + self.of(string.digits, length - 1)

    def between(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def card(self, prefix: str, length: int) -> str:
        """A card number: its issuer's prefix, and Luhn's check digit."""
        body = prefix + self.of(string.digits, length - len(prefix) - 1)
        total = 0
        for place, sign in enumerate(reversed(body)):
            value = int(sign) * (2 if place % 2 == 0 else 1)
            total += value - 9 if value > 9 else value
        return body + str(-total % 10)

    def mobile(self) -> str:
        return "1" + self.of("3456789", 1) + self.of(string.digits, 9)

    def resident_id(self) -> str:
        """A Chinese resident id with a region, a birthday and a right check sign."""
        body = (
            self.one("110105", "310104", "440305", "330106", "510107")
            + f"{self.between(1950, 2009)}{self.between(1, 12):02}{self.between(1, 28):02}"
            + self.of(string.digits, 3)
        )
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        return body + "10X98765432"[sum(int(a) * b for a, b in zip(body, weights, strict=True)) % 11]

    def iban(self, country: str, length: int) -> str:
        """An international account number with right check digits (ISO 13616)."""
        body = self.of(string.digits, length - 4)
        value = int("".join(str(int(sign, 36)) for sign in f"{body}{country}00"))
        return f"{country}{98 - value % 97:02}{body}"

    def code_symbols(self, length: int) -> str:
        return self._mixed(_CODE, length, (string.digits,))

    def uuid(self) -> str:
        text = self.hex(32)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def id_hex(self) -> str:
        """The 32 digits of a UUIDv7 of this decade."""
        return f"019{self.of('0123456789abcdef', 9)}7{self.of('0123456789abcdef', 3)}b{self.of('0123456789abcdef', 15)}"

    def _mixed(self, alphabet: str, length: int, kinds: tuple[str, ...]) -> str:
        """Random signs with at least one of each kind: chance must not decide what an item tests."""
        signs = [*(self.random.choice(kind) for kind in kinds), *(self.random.choice(alphabet) for _ in range(length))]
        signs = signs[:length]
        self.random.shuffle(signs)
        return "".join(signs)
