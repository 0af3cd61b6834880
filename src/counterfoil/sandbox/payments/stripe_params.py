"""Which parameters Stripe takes, and what those of a session say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterfoil.sandbox.payments import stripe_forms
from counterfoil.sandbox.payments.stripe_errors import invalid, missing, unknown

SESSION_PARAMS = frozenset(
    [
        "mode",
        "success_url",
        "cancel_url",
        "return_url",
        "line_items",
        "client_reference_id",
        "metadata",
        "payment_intent_data",
        "customer",
        "customer_email",
        "customer_creation",
        "expires_at",
        "payment_method_types",
        "payment_method_options",
        "locale",
        "currency",
        "ui_mode",
        "submit_type",
        "allow_promotion_codes",
        "automatic_tax",
        "billing_address_collection",
        "invoice_creation",
        "adaptive_pricing",
        "phone_number_collection",
        "custom_text",
        "payment_method_configuration",
        "after_expiration",
        "consent_collection",
    ]
)
_INTENT_DATA_PARAMS = frozenset(
    [
        "metadata",
        "description",
        "receipt_email",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "setup_future_usage",
        "capture_method",
        "shipping",
    ]
)
INTENT_PARAMS = _INTENT_DATA_PARAMS | frozenset(
    [
        "amount",
        "currency",
        "confirm",
        "payment_method",
        "payment_method_types",
        "automatic_payment_methods",
        "confirmation_method",
        "customer",
        "return_url",
        "off_session",
        "payment_method_options",
    ]
)
REFUND_PARAMS = frozenset({"amount", "charge", "payment_intent", "metadata", "reason", "instructions_email"})
REFUND_REASONS = (None, "duplicate", "fraudulent", "requested_by_customer")
_ITEM_PARAMS = frozenset({"price_data", "price", "quantity", "adjustable_quantity"})
_PRICE_PARAMS = frozenset({"currency", "unit_amount", "product_data", "product", "tax_behavior"})


def read_intent_data(params: Mapping[str, Any]) -> dict[str, Any]:
    """What a session gives the intent that it gets."""
    given = params.get("payment_intent_data") or {}
    if not isinstance(given, Mapping):
        raise invalid("payment_intent_data", "Invalid object: payment_intent_data")
    for name in given:
        if name not in _INTENT_DATA_PARAMS:
            raise unknown(f"payment_intent_data[{name}]")
    return {
        "metadata": stripe_forms.metadata(given),
        "description": stripe_forms.text(given, "description"),
        "receipt_email": stripe_forms.text(given, "receipt_email"),
    }


def read_items(params: Mapping[str, Any]) -> tuple[int, str]:
    """Sum and currency of the line items."""
    sum_of_items, currency = 0, None
    for place, item in enumerate(stripe_forms.items(params, "line_items")):
        shown = f"line_items[{place}]"
        price = item.get("price_data") if isinstance(item, Mapping) else None
        if not isinstance(price, Mapping):
            raise missing(f"{shown}[price_data]")
        for name in (
            *(each for each in item if each not in _ITEM_PARAMS),
            *(each for each in price if each not in _PRICE_PARAMS),
        ):
            raise unknown(f"{shown}[{name}]")
        product = price.get("product_data")
        if not isinstance(product, Mapping) or not product.get("name"):
            raise missing(f"{shown}[price_data][product_data][name]")
        own_currency = stripe_forms.read_currency(price, f"{shown}[price_data][currency]")
        if currency not in (None, own_currency):
            raise invalid(f"{shown}[price_data][currency]", "All line items must have the same currency.")
        currency = own_currency
        unit = stripe_forms.whole(price, "unit_amount", f"{shown}[price_data][unit_amount]")
        quantity = stripe_forms.whole(item, "quantity", f"{shown}[quantity]")
        if unit is None or quantity is None or quantity < 1:
            raise missing(f"{shown}[price_data][unit_amount]" if unit is None else f"{shown}[quantity]")
        sum_of_items += unit * quantity
    if currency is None:
        raise missing("line_items")
    return stripe_forms.check_amount(sum_of_items, currency, "line_items"), currency
