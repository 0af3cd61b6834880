"""Content that providers should not send and a receiver must not keep, for tests that look for it afterwards.

It is `extra` for `pay` and `notify`: a full card number, an e-mail address, a telephone number, free text of the customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterfoil.sandbox.payments.model import Kind

# Visa's test number: right in length, prefix and check digit.
CARD_NUMBER = "4000056655665556"
EMAIL = "planted.payer@example.org"
PHONE = "13912345678"
TEXT = f"pay with {CARD_NUMBER}, call {PHONE}, write {EMAIL}"
EVERYTHING = (CARD_NUMBER, EMAIL, PHONE)

_EXTRA: Mapping[Kind, Mapping[str, Any]] = {
    Kind.STRIPE: {
        "payment_method_details": {"type": "card", "card": {"number": CARD_NUMBER, "cvc": "737", "last4": "5556"}},
        "billing_details": {"email": EMAIL, "name": "Planted Payer", "phone": PHONE},
        "customer_details": {"email": EMAIL, "name": "Planted Payer", "phone": PHONE},
        "description": TEXT,
    },
    Kind.EPAY: {"param": TEXT, "buyer": EMAIL, "name": TEXT},
    Kind.ALIPAY: {"buyer_logon_id": PHONE, "body": TEXT, "passback_params": TEXT},
    Kind.WECHAT: {"attach": TEXT, "payer": {"openid": CARD_NUMBER, "email": EMAIL, "phone": PHONE}},
}


def planted(provider: str) -> Mapping[str, Any]:
    """What to give as `extra` for that provider."""
    return _EXTRA[Kind(provider)]
