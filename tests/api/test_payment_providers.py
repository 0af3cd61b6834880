"""Payment providers over REST: their secrets go in and never come out."""

from __future__ import annotations

import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from api.conftest import Desk
from api.till import BANK, EPAY, EPAY_KEY, notify

SECRET = "planted-payment-secret-1"


def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _public_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


async def test_a_provider_is_added_shown_and_changed(desk: Desk) -> None:
    added = await desk.ask("POST", "/payment-providers", EPAY)
    assert added["provider_id"].startswith("prov_")
    assert (added["name"], added["kind"], added["status"], added["merchant"], added["currencies"]) == (
        "cashier", "epay", "active", "1001", ["CNY"],
    )  # fmt: skip
    assert (added["callback_path"], added["secrets"], added["settings"]) == (
        "/callbacks/cashier", {"key": "sealed"}, {},
    )  # fmt: skip
    assert await desk.ask("GET", "/payment-providers/cashier") == added
    bank = await desk.ask("POST", "/payment-providers", BANK)
    assert (bank["secrets"], bank["base_url"]) == ({}, "")
    assert (await desk.ask("GET", "/payment-providers"))["items"] == [bank, added]

    changed = await desk.ask(
        "PATCH",
        "/payment-providers/cashier",
        {"merchant": "1002", "settings": {"type": "wxpay"}, "base_url": "https://p.test/"},
    )
    assert (changed["merchant"], changed["settings"], changed["base_url"], changed["secrets"]) == (
        "1002", {"type": "wxpay"}, "https://p.test", {"key": "sealed"},
    )  # fmt: skip
    changed = await desk.ask("PATCH", "/payment-providers/bank", {"currencies": ["EUR"]})
    assert (changed["currencies"], changed["settings"]) == (["EUR"], BANK["settings"])
    assert (await desk.ask("POST", "/payment-providers/cashier/disable"))["status"] == "disabled"
    assert (await desk.ask("POST", "/payment-providers/cashier/enable"))["status"] == "active"


async def test_a_secret_is_kept_sealed_and_never_shown(desk: Desk, owner_url: str) -> None:
    planted = {**EPAY, "secrets": {"key": SECRET}}
    shown = [await desk.ask("POST", "/payment-providers", planted)]
    shown.append(await desk.ask("PUT", "/payment-providers/cashier/secrets", {"secrets": {"key": SECRET + "2"}}))
    shown.append(await desk.ask("GET", "/payment-providers"))
    shown.append(await desk.ask("POST", "/payment-providers", planted, status=409))
    for body in (
        {"secrets": {SECRET: "x"}},
        {"secrets": {"key": "short"}},
        {"secrets_env": {"key": SECRET}},
        {"secrets": {"key": SECRET}, "secrets_env": {"key": "EPAY_KEY"}},
        {"secrets": {"key": SECRET + "\x00"}},
        {"secrets": {"key": SECRET * 1000}},
        {"secrets": {"key": [SECRET]}},
        {"secret": SECRET},
    ):
        shown.append(await desk.ask("PUT", "/payment-providers/cashier/secrets", body, status=400))
    shown.append(
        await desk.ask(
            "POST", "/payment-providers", {**planted, "name": "two", "settings": {"key": SECRET}}, status=400
        )
    )
    assert (shown[-1]["code"], shown[-1]["parameters"]["field"]) == ("provider_settings_wrong", "key")
    assert SECRET not in str(shown)
    with psycopg.connect(owner_url) as connection:
        assert SECRET not in str(connection.execute("SELECT p::text FROM payment_providers p").fetchall())


async def test_a_secret_moves_between_the_environment_and_the_seal(desk: Desk) -> None:
    path = "/payment-providers/cashier/secrets"
    named = await desk.ask("POST", "/payment-providers", {**EPAY, "secrets": {}, "secrets_env": {"key": "EPAY_KEY"}})
    assert named["secrets"] == {"key": "environment variable EPAY_KEY"}
    # This process has no such variable: nothing is believed.
    order = await _order(desk)
    assert (await notify(desk.office, order, trade_no="2026110122001")).body == b"fail"
    assert (await desk.ask("GET", "/notices"))["items"][0]["outcome"] == "notice_not_configured"

    assert (await desk.ask("PUT", path, {"secrets": {"key": EPAY_KEY}}))["secrets"] == {"key": "sealed"}
    assert (await notify(desk.office, order, trade_no="2026110122001")).body == b"success"
    again = await desk.ask("PUT", path, {"secrets_env": {"key": "EPAY_KEY_2"}})
    assert again["secrets"] == {"key": "environment variable EPAY_KEY_2"}


async def _order(desk: Desk) -> str:
    account = await desk.open_account(currency="CNY")
    body = {"account_id": account, "provider": "cashier", "currency": "CNY", "amount": "100", "by": "Ada"}
    order_id: str = (await desk.ask("POST", "/orders", body))["order_id"]
    return order_id


async def test_one_secret_of_several_is_replaced_and_keys_have_lines(desk: Desk) -> None:
    secrets = {"private_key": _private_key(), "alipay_public_key": _public_key()}
    body = {
        "name": "alipay", "kind": "alipay", "merchant": "2088102146225135", "settings": {"app_id": "2014072300007148"},
        "secrets": secrets,
    }  # fmt: skip
    added = await desk.ask("POST", "/payment-providers", body)
    assert added["secrets"] == {"alipay_public_key": "sealed", "private_key": "sealed"}
    assert added["base_url"] == "https://openapi.alipay.com"
    replaced = await desk.ask(
        "PUT", "/payment-providers/alipay/secrets", {"secrets_env": {"private_key": "ALIPAY_KEY"}}
    )
    assert replaced["secrets"] == {"alipay_public_key": "sealed", "private_key": "environment variable ALIPAY_KEY"}
    # A public key is no private one.
    wrong = {"secrets": {"private_key": _public_key()}}
    problem = await desk.ask("PUT", "/payment-providers/alipay/secrets", wrong, status=400)
    assert problem["parameters"]["field"] == "private_key"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"name": "Cashier!"}, "provider_name_unreadable", None),
        ({"name": "upstreams"}, "provider_name_unreadable", None),
        ({"name": "a\x00b"}, "bad_request", None),
        ({"name": "x" * 10_000}, "bad_request", None),
        ({"kind": "paypal"}, "bad_request", None),
        ({"merchant": ""}, "provider_settings_wrong", "merchant"),
        ({"merchant": "1\n2"}, "bad_request", None),
        ({"currencies": ["USD"]}, "provider_settings_wrong", "currencies"),
        ({"currencies": ["cny"]}, "currency_unreadable", None),
        ({"base_url": None}, "provider_settings_wrong", "base_url"),
        ({"base_url": "ftp://p.test"}, "base_url_unreadable", None),
        ({"base_url": "https://[p.test"}, "base_url_unreadable", None),
        ({"base_url": "https://p.test:99999"}, "base_url_unreadable", None),
        ({"base_url": "https://me:pass@p.test"}, "base_url_unreadable", None),
        ({"base_url": "http://pay.example.com"}, "provider_settings_wrong", "base_url"),
        ({"secrets": {}}, "provider_settings_wrong", "key"),
        ({"secrets": {"key": ""}}, "bad_request", None),
        ({"settings": {"type": "a\x00b"}}, "provider_settings_wrong", "value"),
        ({"settings": {"colour": "red"}}, "provider_settings_wrong", "colour"),
        ({"settings": {str(n): "v" for n in range(51)}}, "bad_request", None),
        ({"secrets_env": {"key": "not a name"}, "secrets": {}}, "secret_env_unreadable", None),
        ({"secrets_env": {"key": "EPAY_KEY"}}, "secret_given_twice", None),
        ({"status": "active"}, "bad_request", None),
    ],
)
async def test_what_a_provider_cannot_work_with_is_refused(
    desk: Desk, fields: dict[str, object], code: str, field: str | None
) -> None:
    problem = await desk.ask("POST", "/payment-providers", {**EPAY, **fields}, status=400)
    assert problem["code"] == code
    if field is not None:
        assert problem["parameters"]["field"] == field
    assert (await desk.ask("GET", "/payment-providers"))["items"] == []


async def test_a_change_that_breaks_a_provider_changes_nothing(desk: Desk) -> None:
    added = await desk.ask("POST", "/payment-providers", EPAY)
    for body in ({"merchant": "no word"}, {"currencies": []}, {"currencies": ["USD"]}, {"settings": {"colour": "red"}}):
        await desk.ask("PATCH", "/payment-providers/cashier", body, status=400)
    assert await desk.ask("GET", "/payment-providers/cashier") == added


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"merchant": "1"}),
        ("PUT", "/secrets", {"secrets": {"key": SECRET}}),
        ("POST", "/disable", None),
        ("POST", "/enable", None),
    ],
)
async def test_a_provider_that_does_not_exist_is_not_found(desk: Desk, method: str, path: str, body: object) -> None:
    problem = await desk.ask(method, f"/payment-providers/nobody{path}", body, status=404)
    assert (problem["code"], problem["parameters"]) == ("provider_not_found", {"provider": "nobody"})
    await desk.ask(method, f"/payment-providers/{'x' * 61}{path}", body, status=400)
