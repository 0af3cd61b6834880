"""What tests of providers work with: orders, keys, notices as they come, and a provider that answers what a test says.

Signatures are made here by another route than the adapters': RSA by its own arithmetic, HMAC and MD5 over texts that the
tests write out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from counterfoil.foundation.clock import ManualClock
from counterfoil.recharge.model import ProviderKind
from counterfoil.recharge.providers.port import PayRequest, Provider, ProviderConfig, RawNotice, RefundRequest
from counterfoil.recharge.providers.registry import build

NOW = 1_700_000_000_000_000
SECONDS = NOW // 1_000_000
ORDER = UUID("018bcfe56800700080000000000000aa")
OTHER_ORDER = UUID("018bcfe56800700080000000000000bb")
REFUND = UUID("018bcfe56800700080000000000000cc")
EPAY_KEY = "k3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3"
STRIPE_SECRET = "whsec_0123456789abcdef0123456789abcdef"
APIV3_KEY = "0123456789abcdef0123456789abcdef"


# -- keys --------------------------------------------------------------------------------------------------------


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """A key of that name, the same one for all tests of a run."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_text(name: str, *, pkcs1: bool = False, bare: bool = False) -> str:
    form = serialization.PrivateFormat.TraditionalOpenSSL if pkcs1 else serialization.PrivateFormat.PKCS8
    encoding = serialization.Encoding.DER if bare else serialization.Encoding.PEM
    written = rsa_key(name).private_bytes(encoding, form, serialization.NoEncryption())
    return base64.b64encode(written).decode() if bare else written.decode()


def public_text(name: str, *, pkcs1: bool = False, bare: bool = False) -> str:
    form = serialization.PublicFormat.PKCS1 if pkcs1 else serialization.PublicFormat.SubjectPublicKeyInfo
    encoding = serialization.Encoding.DER if bare else serialization.Encoding.PEM
    written = rsa_key(name).public_key().public_bytes(encoding, form)
    return base64.b64encode(written).decode() if bare else written.decode()


# RFC 8017, 9.2: what stands before a SHA-256 hash in a signature.
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def _padded(content: bytes, size: int) -> int:
    told = _SHA256_PREFIX + hashlib.sha256(content).digest()
    return int.from_bytes(b"\0\1" + b"\xff" * (size - len(told) - 3) + b"\0" + told, "big")


def rsa_sign(name: str, content: str | bytes) -> str:
    """A signature by arithmetic alone."""
    content = content.encode() if isinstance(content, str) else content
    numbers = rsa_key(name).private_numbers()
    modulus = numbers.public_numbers.n
    signature = pow(_padded(content, 256), numbers.d, modulus)
    return base64.b64encode(signature.to_bytes(256, "big")).decode()


def rsa_signed(name: str, content: str | bytes, signature: str) -> bool:
    content = content.encode() if isinstance(content, str) else content
    numbers = rsa_key(name).public_key().public_numbers()
    return pow(int.from_bytes(base64.b64decode(signature), "big"), numbers.e, numbers.n) == _padded(content, 256)


# -- set-ups -----------------------------------------------------------------------------------------------------


def stripe_config(**changes: Any) -> ProviderConfig:
    return _config(
        ProviderKind.STRIPE,
        {
            "merchant": "acct_1Counterfoil", "currencies": ("USD", "JPY", "KWD"), "base_url": "https://api.stripe.com",
            "settings": {}, "secrets": {"api_key": "sk_test_0123456789", "webhook_secret": STRIPE_SECRET},
        },
        changes,
    )  # fmt: skip


def epay_config(**changes: Any) -> ProviderConfig:
    return _config(
        ProviderKind.EPAY,
        {"merchant": "1001", "base_url": "https://pay.example", "settings": {}, "secrets": {"key": EPAY_KEY}},
        changes,
    )


def alipay_config(**changes: Any) -> ProviderConfig:
    return _config(
        ProviderKind.ALIPAY,
        {
            "merchant": "2088000000000001", "base_url": "https://openapi.alipay.com",
            "settings": {"app_id": "2021000000000001"},
            "secrets": {"private_key": private_text("merchant"), "alipay_public_key": public_text("alipay")},
        },
        changes,
    )  # fmt: skip


def wechat_config(**changes: Any) -> ProviderConfig:
    return _config(
        ProviderKind.WECHAT,
        {
            "merchant": "1900000001", "base_url": "https://api.mch.weixin.qq.com",
            "settings": {
                "app_id": "wx0123456789abcdef", "serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
                "platform_serial": "PUB_KEY_ID_0119000000012024",
            },
            "secrets": {
                "private_key": private_text("merchant"), "platform_public_key": public_text("wechat"),
                "apiv3_key": APIV3_KEY,
            },
        },
        changes,
    )  # fmt: skip


def bank_config(**changes: Any) -> ProviderConfig:
    return _config(
        ProviderKind.BANK,
        {"merchant": "Acme Ltd", "base_url": "", "settings": {"instructions": "Acme Ltd\nNL00 BANK 0123"}},
        changes,
    )


def _config(kind: ProviderKind, fields: Mapping[str, Any], changes: Mapping[str, Any]) -> ProviderConfig:
    merged = {"name": f"our-{kind}", "kind": kind, "currencies": ("CNY",), **fields}
    for name, value in changes.items():
        merged[name] = {**merged.get(name, {}), **value} if isinstance(value, dict) else value
    return ProviderConfig(**merged)


ALL_CONFIGS = (stripe_config, epay_config, alipay_config, wechat_config)


def offline(config: ProviderConfig) -> Provider:
    """An adapter that calls nobody."""
    unused: Any = None
    return build(config, unused, clock=ManualClock(NOW))


# -- what is asked -----------------------------------------------------------------------------------------------


def pay_request(**changes: Any) -> PayRequest:
    fields: dict[str, Any] = {
        "order_id": ORDER, "amount": 12_300_000_000, "currency": "CNY", "title": "充值 12.30",
        "notify_url": "https://desk.example/callbacks/pay", "return_url": "https://desk.example/orders/1?lang=zh",
        "created_at": NOW, "expires_at": NOW + 2 * 3600 * 1_000_000,
    }  # fmt: skip
    return PayRequest(**{**fields, **changes})


def refund_request(**changes: Any) -> RefundRequest:
    fields: dict[str, Any] = {
        "refund_id": REFUND, "order_id": ORDER, "amount": 2_300_000_000, "order_amount": 12_300_000_000,
        "currency": "CNY", "notify_url": "https://desk.example/callbacks/pay",
    }  # fmt: skip
    return RefundRequest(**{**fields, **changes})


# -- notices -----------------------------------------------------------------------------------------------------


def stripe_notice(
    event: Mapping[str, Any] | bytes, *, secret: str = STRIPE_SECRET, at: int = SECONDS, header: str | None = None
) -> RawNotice:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    signature = hmac.digest(secret.encode(), f"{at}.".encode() + body, "sha256").hex()
    header = f"t={at},v1={signature}" if header is None else header
    return RawNotice(method="POST", headers={"stripe-signature": header}, query="", body=body)


def form_notice(fields: Mapping[str, str] | str, *, method: str = "POST") -> RawNotice:
    encoded = fields if isinstance(fields, str) else urlencode(fields)
    is_query = method == "GET"
    return RawNotice(
        method=method, headers={"content-type": "application/x-www-form-urlencoded"},
        query=encoded if is_query else "", body=b"" if is_query else encoded.encode(),
    )  # fmt: skip


def signed_for_epay(fields: Mapping[str, str], key: str = EPAY_KEY) -> dict[str, str]:
    content = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name])
    return {**fields, "sign": hashlib.md5((content + key).encode()).hexdigest(), "sign_type": "MD5"}


def signed_by_alipay(fields: Mapping[str, str], key: str = "alipay") -> dict[str, str]:
    content = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    return {**fields, "sign": rsa_sign(key, content), "sign_type": "RSA2"}


def wechat_headers(
    body: bytes, *, key: str = "wechat", at: int = SECONDS, serial: str = "PUB_KEY_ID_0119000000012024"
) -> dict[str, str]:
    content = f"{at}\nn0nce\n".encode() + body + b"\n"
    return {
        "wechatpay-timestamp": str(at), "wechatpay-nonce": "n0nce", "wechatpay-serial": serial,
        "wechatpay-signature": rsa_sign(key, content),
    }  # fmt: skip


# -- a provider that answers what a test says ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


Give = Callable[[Asked], Awaitable[web.StreamResponse] | web.StreamResponse]


@dataclass(slots=True)
class OddProvider:
    """`answers` are given in turn, the last one for ever."""

    answers: list[Give]
    session: aiohttp.ClientSession
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    def adapter(self, config: Callable[..., ProviderConfig], **changes: Any) -> Provider:
        return build(config(base_url=self.url, **changes), self.session, clock=ManualClock(NOW))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(
            request.method, request.path, request.rel_url.raw_query_string, request.headers, await request.read()
        )
        self.asked.append(asked)
        give = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        given = give(asked)
        return given if isinstance(given, web.StreamResponse) else await given


@asynccontextmanager
async def odd_provider(*answers: Any, prefix: str = "") -> AsyncIterator[OddProvider]:
    """An answer is a JSON body, a status with one, bytes, or a function of what is asked."""
    async with aiohttp.ClientSession() as session:
        provider = OddProvider([each if callable(each) else says(each) for each in answers], session)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", provider._answer)
        async with TestServer(application, access_log=None) as server:
            provider.url = str(server.make_url(prefix)).rstrip("/")
            yield provider


def says(answer: Any, **headers: str) -> Give:
    status, body = answer if isinstance(answer, tuple) else (200, answer)
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()

    def give(_: Asked) -> web.StreamResponse:
        return web.Response(status=status, body=content, content_type="application/json", headers=headers)

    return give
