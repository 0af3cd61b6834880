"""What each provider and its merchant hold: made new for each process, of the real kinds and sizes."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.payments.model import Kind
from counterfoil.sandbox.payments.signing import new_rsa_key, public_pem


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeKeys:
    account_id: str
    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpayKeys:
    """`pid` is the merchant."""

    pid: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlipayKeys:
    """Keys are private ones, as PEM: the merchant's application has the first, Alipay the second."""

    app_id: str
    seller_id: str
    app_private_key: str = field(repr=False)
    alipay_private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatKeys:
    """Keys are private ones, as PEM: the merchant has the first, WeChat Pay the second, and both the API v3 key."""

    app_id: str
    merchant_id: str
    merchant_serial: str
    merchant_private_key: str = field(repr=False)
    platform_serial: str
    platform_private_key: str = field(repr=False)
    api_v3_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    stripe: StripeKeys
    epay: EpayKeys
    alipay: AlipayKeys
    wechat: WechatKeys


def new_keys() -> Keys:
    """Keys and merchants that nobody else has."""
    return Keys(
        stripe=StripeKeys(
            account_id="acct_" + secrets.token_hex(8),
            api_key="sk_test_" + secrets.token_hex(24),
            webhook_secret="whsec_" + secrets.token_hex(24),
        ),
        epay=EpayKeys(pid=_digits(4), key=secrets.token_hex(16)),
        alipay=AlipayKeys(
            app_id="2021" + _digits(12),
            seller_id="2088" + _digits(12),
            app_private_key=new_rsa_key(),
            alipay_private_key=new_rsa_key(),
        ),
        wechat=WechatKeys(
            app_id="wx" + secrets.token_hex(8),
            merchant_id="19" + _digits(8),
            merchant_serial=secrets.token_hex(20).upper(),
            merchant_private_key=new_rsa_key(),
            platform_serial=secrets.token_hex(20).upper(),
            platform_private_key=new_rsa_key(),
            # Thirty-two bytes, each a letter or a digit: merchants type it in.
            api_v3_key=secrets.token_hex(16),
        ),
    )


def write_keys(keys: Keys) -> dict[str, Any]:
    return dataclasses.asdict(keys)


def read_keys(data: object) -> Keys:
    """What `write_keys` has written; raises `InputError`."""
    kinds = {"stripe": StripeKeys, "epay": EpayKeys, "alipay": AlipayKeys, "wechat": WechatKeys}
    if not isinstance(data, Mapping) or data.keys() != kinds.keys():
        raise InputError(field="keys", reason="an object with " + ", ".join(kinds) + " is needed")
    read: dict[str, Any] = {}
    for name, kind in kinds.items():
        values = data[name]
        if not isinstance(values, Mapping) or any(not isinstance(value, str) for value in values.values()):
            raise InputError(field=f"keys.{name}", reason="an object of texts is needed")
        try:
            read[name] = kind(**values)
        except TypeError as error:
            raise InputError(field=f"keys.{name}", reason="it has too few or unknown fields") from error
    return Keys(**read)


def merchant_side(keys: Keys, url: str) -> dict[str, dict[str, str]]:
    """By provider: all that a merchant configures. Only the merchant's own halves of the key pairs are in it."""
    return {
        Kind.STRIPE.value: {
            "base_url": url,
            "merchant": keys.stripe.account_id,
            "api_key": keys.stripe.api_key,
            "webhook_secret": keys.stripe.webhook_secret,
        },
        Kind.EPAY.value: {"base_url": url, "merchant": keys.epay.pid, "pid": keys.epay.pid, "key": keys.epay.key},
        Kind.ALIPAY.value: {
            "base_url": url,
            "gateway_url": f"{url}/gateway.do",
            "merchant": keys.alipay.seller_id,
            "app_id": keys.alipay.app_id,
            "seller_id": keys.alipay.seller_id,
            "app_private_key": keys.alipay.app_private_key,
            "alipay_public_key": public_pem(keys.alipay.alipay_private_key),
        },
        Kind.WECHAT.value: {
            "base_url": url,
            "merchant": keys.wechat.merchant_id,
            "app_id": keys.wechat.app_id,
            "merchant_id": keys.wechat.merchant_id,
            "merchant_serial": keys.wechat.merchant_serial,
            "merchant_private_key": keys.wechat.merchant_private_key,
            "platform_serial": keys.wechat.platform_serial,
            "platform_public_key": public_pem(keys.wechat.platform_private_key),
            "api_v3_key": keys.wechat.api_v3_key,
        },
    }


def _digits(count: int) -> str:
    """A random number of that many digits that does not begin with 0."""
    return str(secrets.randbelow(9 * 10 ** (count - 1)) + 10 ** (count - 1))
