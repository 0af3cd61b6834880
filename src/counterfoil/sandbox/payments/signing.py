"""Keys and signatures with `cryptography`: RSA over SHA-256 for Alipay and WeChat Pay.

PKCS#1 v1.5 signatures are deterministic: the same key and text give the same signature.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

RSA_BITS = 2048
# Reading a key checks it, which takes longer than signing with it.
_KEYS_KEPT_MAX = 64


def new_rsa_key() -> str:
    """A new private key, as PKCS#8 PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(private_pem: str) -> str:
    """The public half, as PEM."""
    key = _private_key(private_pem).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def sign_rsa(private_pem: str, text: bytes) -> str:
    """The signature over SHA-256, in base64."""
    return base64.b64encode(_private_key(private_pem).sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def verify_rsa(private_pem: str, text: bytes, signature: str) -> bool:
    """Whether `signature` was made with this key."""
    try:
        decoded = base64.b64decode(signature, validate=True)
        _private_key(private_pem).public_key().verify(decoded, text, padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def altered(signature: str) -> str:
    """A signature of the same shape whose first character differs, also for who reads hexadecimal digits in any case."""
    return ("B" if signature[0] in "Aa" else "A") + signature[1:] if signature else signature


@lru_cache(maxsize=_KEYS_KEPT_MAX)
def _private_key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key is needed")
    return key
