"""What providers are set up with, and what of it is refused at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.recharge.model import ProviderKind
from counterfoil.recharge.providers.descriptions import is_address
from counterfoil.recharge.providers.port import ProviderConfig
from counterfoil.recharge.providers.registry import build, check, describe
from recharge.providers.desk import (
    alipay_config,
    bank_config,
    epay_config,
    offline,
    private_text,
    public_text,
    stripe_config,
    wechat_config,
)

CONFIGS = (stripe_config, epay_config, alipay_config, wechat_config, bank_config)
Make = Callable[..., ProviderConfig]


def wrong_field(config: ProviderConfig) -> str:
    with pytest.raises(InputError) as caught:
        check(config)
    assert caught.value.code == "provider_settings_wrong"
    assert set(caught.value.parameters) == {"kind", "field"}
    return str(caught.value.parameters["field"])


@pytest.mark.parametrize("make", CONFIGS)
def test_a_good_set_up_is_good_and_built(make: Make) -> None:
    config = make()
    check(config)
    provider = offline(config)
    assert provider.config is config
    described = describe(config.kind)
    assert described.kind is config.kind
    assert set(config.settings) <= {field.name for field in described.settings}
    assert set(config.secrets) <= {field.name for field in described.secrets}


def test_every_kind_is_described() -> None:
    assert [describe(kind).kind for kind in ProviderKind] == list(ProviderKind)


@pytest.mark.parametrize("make", CONFIGS)
def test_each_required_field_is_missed_by_its_name(make: Make) -> None:
    config = make()
    described = describe(config.kind)
    for place, fields in (("settings", described.settings), ("secrets", described.secrets)):
        for field in fields:
            if field.required:
                assert wrong_field(make(**{place: {field.name: ""}})) == field.name
                assert wrong_field(make(**{place: {field.name: " "}})) == field.name
    for merchant in ("", " ", "a\nb", "x" * 200):
        assert wrong_field(make(merchant=merchant)) == "merchant"
    for currencies in ((), ("usd",), ("CNY", "CNY"), ("",)):
        assert wrong_field(make(currencies=currencies)) == "currencies"


@pytest.mark.parametrize("make", CONFIGS)
def test_a_field_that_does_not_exist_is_not_taken(make: Make) -> None:
    assert wrong_field(make(settings={"nonsense": "1"})) == "nonsense"
    # A secret in the place of a name is not repeated.
    assert wrong_field(make(settings={"sk_live_" + "x" * 60: "1"})) == "?"


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (stripe_config(merchant="1001"), "merchant"),
        (stripe_config(secrets={"api_key": "pk_live_0123456789"}), "api_key"),
        (stripe_config(secrets={"webhook_secret": "short"}), "webhook_secret"),
        (stripe_config(secrets={"webhook_secret": "a" * 20 + " " + "b" * 20 + " " + "c" * 20}), "webhook_secret"),
        (stripe_config(settings={"mode": "link"}), "mode"),
        (stripe_config(settings={"mode": "payment_intent"}), "pay_page"),
        (stripe_config(settings={"mode": "payment_intent", "pay_page": "http://desk.example"}), "pay_page"),
        (stripe_config(settings={"livemode": "yes"}), "livemode"),
        (epay_config(currencies=("USD",)), "currencies"),
        (epay_config(base_url=""), "base_url"),
        (epay_config(base_url="http://pay.example"), "base_url"),
        (epay_config(secrets={"key": "short"}), "key"),
        (epay_config(secrets={"key": "a key with spaces in it"}), "key"),
        (alipay_config(currencies=("CNY", "USD")), "currencies"),
        (alipay_config(merchant="me@example.com"), "merchant"),
        (alipay_config(settings={"app_id": "wx0123"}), "app_id"),
        # The other half of the pair, or of the other side's.
        (alipay_config(secrets={"private_key": public_text("merchant")}), "private_key"),
        (alipay_config(secrets={"alipay_public_key": private_text("alipay")}), "alipay_public_key"),
        (wechat_config(secrets={"apiv3_key": "0" * 31}), "apiv3_key"),
        (wechat_config(secrets={"platform_public_key": "PUB_KEY_ID_0119000000012024"}), "platform_public_key"),
        (wechat_config(settings={"serial": "51 57"}), "serial"),
        (bank_config(base_url="https://bank.example"), "base_url"),
        (bank_config(settings={"instructions": "x" * 4_001}), "instructions"),
        (bank_config(settings={"instructions": "x\0"}), "instructions"),
    ],
)
def test_what_cannot_be_right_is_refused_by_its_name(config: ProviderConfig, field: str) -> None:
    assert wrong_field(config) == field


def test_what_may_be_left_out_may() -> None:
    for config in (
        stripe_config(secrets={"webhook_secret": ""}),
        stripe_config(settings={"mode": "payment_intent", "pay_page": "https://desk.example/pay"}),
        stripe_config(secrets={"webhook_secret": "whsec_" + "a" * 32 + " whsec_" + "b" * 32}),
        epay_config(settings={"type": "wxpay"}),
    ):
        check(config)
        assert offline(config).config is config


@pytest.mark.parametrize(
    "text",
    [
        "https://api.stripe.com", "https://pay.example:8443/epay", "http://127.0.0.1:8420", "http://[::1]:1/a",
        "http://localhost:3000", "http://sandbox:8080/stripe", "http://192.168.1.5", "https://xn--fsqu00a.example",
    ],
)  # fmt: skip
def test_an_address_that_nobody_can_listen_in_on(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "pay.example", "ftp://pay.example", "http://pay.example", "http://8.8.8.8", "https://", "https://a:b@c.d",
        "https://pay.example/?a=1", "https://pay.example/#a", "https://pay.example:99999", "https://pay.exa mple",
        "https://pay.example/\n", "https://[::1", "https://例.example", "https://" + "x" * 600,
    ],
)  # fmt: skip
def test_an_address_that_is_none(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize("make", CONFIGS)
def test_a_bad_set_up_is_built_all_the_same(make: Make) -> None:
    unused: Any = None
    empty = make(settings=dict.fromkeys(make().settings, ""), secrets=dict.fromkeys(make().secrets, ""), merchant="")
    assert build(empty, unused).config is empty
