"""The statements' lines as the engines read them: one table for payment channels and banks, one for upstreams.

Column name -> type (`string`, `int64`, `boolean`); every column may be null unless its name is in `REQUIRED`. Numbers of
payments, orders' numbers as the channel tells them and payers are keys to compare, never the numbers themselves: our own
`recharge.numbers.Numbers.hash` in hex, as the orders and payments carry them.
"""

from __future__ import annotations

from collections.abc import Mapping

PAYMENT_LINES: Mapping[str, str] = {
    # The row's id: shown as line:<id>. The same line imported again has the same id.
    "line_id": "string",
    # The configured source: a payment provider's name, or a bank account's.
    "source": "string",
    "importer": "string",
    "number": "int64",
    "kind": "string",
    "status": "string",
    "direction": "int64",
    "amount": "int64",
    "fee": "int64",
    "currency": "string",
    "at": "int64",
    # hash("payment", provider, trade number), in hex.
    "trade_key": "string",
    # Our order's id (hex of the UUID, 32 digits) where the order number is one of ours, else null.
    "order_id": "string",
    # hash("refund", provider, refund number), in hex; and our refund's id where the line names it.
    "refund_key": "string",
    "refund_id": "string",
    # hash("payout", source, payout number), in hex.
    "payout_key": "string",
    "payer_key": "string",
}

UPSTREAM_LINES: Mapping[str, str] = {
    "line_id": "string",
    # The upstream's configured name.
    "source": "string",
    "importer": "string",
    "number": "int64",
    # usage or cost
    "kind": "string",
    "starts_at": "int64",
    "ends_at": "int64",
    "upstream_id": "string",
    "model": "string",
    "key_name": "string",
    "requests": "int64",
    "input_tokens": "int64",
    "cached_tokens": "int64",
    "cache_write_tokens": "int64",
    "output_tokens": "int64",
    "failed": "boolean",
    # Cost in nanos of `currency`.
    "amount": "int64",
    "currency": "string",
}

REQUIRED = frozenset(
    {"line_id", "source", "importer", "number", "kind", "status", "direction", "amount", "fee", "currency", "at"}
)
