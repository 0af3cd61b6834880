"""RSA keys are read however they are written, and signatures are the same whoever makes them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from counterfoil.recharge.providers.keys import is_signed, read_private_key, read_public_key, sign
from recharge.providers.desk import private_text, public_text, rsa_key, rsa_sign, rsa_signed

# Made with `openssl genrsa` and `openssl dgst -sha256 -sign`; its private half was thrown away.
OPENSSL_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq5z7TFnFongHMChTdKvy
hqJ+AREny4fy7SZXI4nLcOIRl/2Xqn+6oEg2KLfDbvPkJi5s0v0Xvo1w9xGL+OHs
6Zn4h6HyPdXBhTw+gejesuU2dLJxXYznSmhBMqUHG8MYWTG0AhgcEa4Ux/yG7VSo
bBDFuGOS6THxCVgq4igM0MENAU84LRzrbAk0B2iCKKBpkyOQzgXKY0f8sEFlc3T0
32tZsidzcsyZA45zProYs0qTfmJXbvKizwfJx0wI1I5/Pmr/VSjpIlYKWh+UnTzu
BLihE6XDF6p5a0BIjyMhEkOUTNHCvj+XqWXGvri/tVUYh058903RHQndb8Eb1ORL
gwIDAQAB
-----END PUBLIC KEY-----
"""
OPENSSL_SIGNATURE = (
    "OsBT1F/jFqxbzAJ60Xohqm6RgxyizuO0BqkDxYyhQ1qQHwUGpJ8z/uO0oUf5KCirzz01EdaR4H3VYRVHfqytIO6uqGXo6/TVyNXl7HbzKdTfSr5ns"
    "JH6e3GwRDCdq3hUV/gwSJHOVc49ymhQ7ajaTQkx7D7TqmaN18zuOeBWlo5JBGiDLiXoJ2pb3Kky1iHIfsgJBut95tddBuwjP02S5UCiVSkv6L0nOVB"
    "DyZ0jHqabY9w1itg0pqw+2VaYOGQ7W2lYUugvHIc92natiQ+dFtv+LXDAMTXooeeiwXSObKbOjxnKlvOWYPMLnThlxmAgTCxgIDLH7lKMW2m2x7Y4kQ=="
)
OPENSSL_CONTENT = "app_id=2021000000000001&charset=utf-8&subject=充值&total_amount=0.01".encode()


def test_what_openssl_has_signed_is_signed() -> None:
    key = read_public_key(OPENSSL_KEY)
    assert key is not None
    assert is_signed(key, OPENSSL_CONTENT, OPENSSL_SIGNATURE)
    assert not is_signed(key, OPENSSL_CONTENT + b" ", OPENSSL_SIGNATURE)
    assert not is_signed(rsa_key("other").public_key(), OPENSSL_CONTENT, OPENSSL_SIGNATURE)


def test_our_signatures_are_those_of_arithmetic() -> None:
    assert sign(rsa_key("merchant"), b"content") == rsa_sign("merchant", b"content")
    assert rsa_signed("merchant", b"content", sign(rsa_key("merchant"), b"content"))


@pytest.mark.parametrize("pkcs1", [False, True])
@pytest.mark.parametrize("bare", [False, True])
def test_a_key_is_the_same_however_it_is_written(pkcs1: bool, bare: bool) -> None:
    private, public = private_text("merchant", pkcs1=pkcs1, bare=bare), public_text("merchant", pkcs1=pkcs1, bare=bare)
    ways = (lambda text: text, lambda text: text.replace("\n", "\\n"), lambda text: f"\n {text} \r\n",
            lambda text: " ".join(text.split("\n")), lambda text: text.replace("\n", "\r\n"))  # fmt: skip
    for way in ways:
        found = read_private_key(way(private))
        assert found is not None
        assert found.private_numbers() == rsa_key("merchant").private_numbers()
        known = read_public_key(way(public))
        assert known is not None
        assert known.public_numbers() == rsa_key("merchant").public_key().public_numbers()


def test_a_certificate_stands_for_its_key() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com")])
    begin = datetime(2023, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(rsa_key("wechat").public_key())
        .serial_number(7).not_valid_before(begin).not_valid_after(begin + timedelta(days=1_825))
        .sign(rsa_key("wechat"), hashes.SHA256())
    )  # fmt: skip
    found = read_public_key(certificate.public_bytes(serialization.Encoding.PEM).decode())
    assert found is not None
    assert found.public_numbers() == rsa_key("wechat").public_key().public_numbers()


def test_what_is_no_rsa_key_of_today_is_none() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    der, pkcs8, plain = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    for other in (short, curve):
        assert read_private_key(base64.b64encode(other.private_bytes(der, pkcs8, plain)).decode()) is None
        info = other.public_key().public_bytes(der, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert read_public_key(base64.b64encode(info).decode()) is None
    locked = rsa_key("merchant").private_bytes(
        serialization.Encoding.PEM, pkcs8, serialization.BestAvailableEncryption(b"secret")
    )
    assert read_private_key(locked.decode()) is None
    for text in (
        "",
        " ",
        "nonsense",
        "!!!!",
        "密钥",
        "AAAA",
        "x" * 20_000,
        public_text("merchant"),
        "-----BEGIN X-----",
    ):
        assert read_private_key(text) is None
    for text in ("", "nonsense", private_text("merchant"), private_text("merchant", bare=True)):
        assert read_public_key(text) is None


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64!", "签名", "A" * 2_000, "WECHATPAY/SIGNTEST/abc"])
def test_what_is_no_signature_signs_nothing(signature: str) -> None:
    assert not is_signed(rsa_key("wechat").public_key(), b"content", signature)
