"""Alipay's gateway: requests signed by us, answers signed by Alipay over the very characters that they hold.

An answer is `{"alipay_trade_query_response": {...}, "sign": "..."}`; what is signed is the text of the inner object as it
came, so that it is cut out and not written anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from counterfoil.foundation.clock import Clock
from counterfoil.recharge.providers.calls import Caller, address, code_of, unavailable
from counterfoil.recharge.providers.keys import is_signed, read_private_key, sign
from counterfoil.recharge.providers.port import Rejected
from counterfoil.recharge.providers.reading import Unreadable, in_china, read_json, reading_answer

_PATH = "/gateway.do"
_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
_DONE = "10000"
_SERVICE_DOWN = "20000"
# Alipay does not know itself, or has known another request of this number.
_SAYS_NOTHING = frozenset({
    "ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error", "aop.unknow-error", "ACQ.DISCORDANT_REPEAT_REQUEST",
})  # fmt: skip
_DECODER = json.JSONDecoder()
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who asks, our key as it is written, and Alipay's; None where that cannot be read."""

    app_id: str
    private_key: str = field(repr=False)
    alipay_key: RSAPublicKey | None = field(repr=False)


def signed_content(fields: Mapping[str, str]) -> bytes:
    """What a signature covers: the fields by name, undecoded, as `k=v` joined by `&`."""
    return "&".join(f"{name}={value}" for name, value in sorted(fields.items())).encode()


class Gateway:
    """Methods of one application."""

    def __init__(self, caller: Caller, credentials: Credentials, *, provider: str, base_url: str, clock: Clock) -> None:
        self._caller = caller
        self._credentials = credentials
        self._provider = provider
        self._url = base_url if base_url.endswith(_PATH) else address(base_url, _PATH)
        self._clock = clock

    @cached_property
    def _key(self) -> RSAPrivateKey | None:
        # Reading a private key checks its primes, which takes a tenth of a second: not for notices, which do not need it.
        return read_private_key(self._credentials.private_key)

    def link(self, method: str, content: Mapping[str, Any], *, notify_url: str, return_url: str) -> str:
        """An address at the gateway that whoever opens it asks for this."""
        params = self._signed(method, content, notify_url=notify_url, return_url=return_url)
        return f"{self._url}?{urlencode(params)}"

    async def ask(self, method: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """What Alipay answers, its signature checked. Raises `Rejected` with Alipay's code, and `Unavailable`."""
        params = self._signed(method, content)
        business = urlencode({"biz_content": params.pop("biz_content")})
        answer = await self._caller.call(
            "POST", f"{self._url}?{urlencode(params)}", headers=_FORM, body=business.encode("ascii")
        )
        if not answer.is_good:
            raise unavailable(self._provider, f"status_{answer.status}")
        with reading_answer(self._provider):
            found = self._verified(answer.body, method.replace(".", "_") + "_response")
        return self._judged(found)

    def _signed(self, method: str, content: Mapping[str, Any], **addresses: str) -> dict[str, str]:
        if self._key is None:
            raise unavailable(self._provider, "not_configured")
        params = {
            "app_id": self._credentials.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": in_china(self._clock.now()).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            **{name: value for name, value in addresses.items() if value},
        }
        return {**params, "sign": sign(self._key, signed_content(params))}

    def _verified(self, body: bytes, name: str) -> dict[str, Any]:
        outer = read_json(body)
        parts = split_object(body.decode())
        # An error of the gateway itself has another name.
        name = name if name in outer else "error_response"
        found, signature = outer.get(name), outer.get("sign")
        if not isinstance(found, dict):
            raise Unreadable("no_response")
        key = self._credentials.alipay_key
        if key is None or not isinstance(signature, str) or not is_signed(key, parts[name].encode(), signature):
            # Whoever has answered, it need not be Alipay; a refusal is not believed either.
            raise unavailable(self._provider, "not_signed")
        return found

    def _judged(self, found: dict[str, Any]) -> dict[str, Any]:
        code = found.get("code")
        if code == _DONE:
            return found
        reason = code_of(found.get("sub_code"), default=code_of(code, default="no_code"))
        if not isinstance(code, str) or code == _SERVICE_DOWN or reason in _SAYS_NOTHING:
            raise unavailable(self._provider, reason)
        raise Rejected(provider=self._provider, reason=reason)


def split_object(text: str) -> dict[str, str]:
    """The values of a JSON object that is known to be one, as they are written."""
    parts: dict[str, str] = {}
    at = _past_blanks(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        start = _past_blanks(text, _past_blanks(text, at) + 1)
        _, at = _DECODER.raw_decode(text, start)
        parts[name] = text[start:at]
        at = _past_blanks(text, at)
        if text[at] == ",":
            at = _past_blanks(text, at + 1)
    return parts


def _past_blanks(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at
