"""RSA keys as consoles and people hand them out, and SHA-256 signatures with them (PKCS #1 v1.5), in base64."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# What RSA2 and WeChat Pay use; a shorter one can be broken.
KEY_BITS_LEAST = 2048
_KEY_CHARACTERS_MAX = 16_384
_SIGNATURE_CHARACTERS_MAX = 1_400
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)


# Reading one tests whether its numbers are prime, which takes longer than to sign a hundred times with it.
@lru_cache(maxsize=32)
def read_private_key(text: str) -> rsa.RSAPrivateKey | None:
    """A private key in PKCS #1 or #8, as PEM or as base64 alone, on one line or several; None where it is none."""
    found = _der(text)
    if found is None:
        return None
    try:
        key = serialization.load_der_private_key(found[1], password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= KEY_BITS_LEAST else None


def read_public_key(text: str) -> rsa.RSAPublicKey | None:
    """A public key (SubjectPublicKeyInfo or PKCS #1) or that of a certificate, in the same ways of writing."""
    found = _der(text)
    if found is None:
        return None
    label, der = found
    try:
        is_certificate = label == "CERTIFICATE"
        key = (
            x509.load_der_x509_certificate(der).public_key()
            if is_certificate
            else serialization.load_der_public_key(der)
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPublicKey) and key.key_size >= KEY_BITS_LEAST else None


def _der(text: str) -> tuple[str, bytes] | None:
    """What a PEM block says it is, and its bytes. Environment variables write line breaks as `\\n`."""
    if len(text) > _KEY_CHARACTERS_MAX:
        return None
    text = text.replace("\\n", "\n").strip()
    block = _PEM.search(text)
    label, encoded = (block[1], block[2]) if block is not None else ("", text)
    try:
        der = base64.b64decode("".join(encoded.split()).encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        return None
    return (label, der) if der else None


def sign(key: rsa.RSAPrivateKey, content: bytes) -> str:
    return base64.b64encode(key.sign(content, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(key: rsa.RSAPublicKey, content: bytes, signature: str) -> bool:
    """Whether the owner of the key's other half has signed just this."""
    if len(signature) > _SIGNATURE_CHARACTERS_MAX:
        return False
    try:
        key.verify(
            base64.b64decode(signature.encode("ascii"), validate=True), content, padding.PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
