"""Our own records of money in, as the engines read them: orders, payments believed, refunds, credits and codes.

Column name -> type, as in `books.lines`. Ids are the 32 hexadecimal digits of the UUID, keys are hashes in hex. A run gets
the rows of its day, those of the weeks before that are still open, and with each row all that share its order, payment,
refund, payout or code: rows that were matched before are matched the same way again.
"""

from __future__ import annotations

from collections.abc import Mapping

ORDERS: Mapping[str, str] = {
    "order_id": "string",
    "account_id": "string",
    # The payment provider's name, which is also the source of its statements.
    "provider": "string",
    "state": "string",
    "amount": "int64",
    "currency": "string",
    # What it is to credit, of which `bonus` comes on top from promotions; both in `wallet_currency`.
    "credited": "int64",
    "bonus": "int64",
    "wallet_currency": "string",
    "created_at": "int64",
    "paid_at": "int64",
}

# What a provider has told us of payments, and we believed (`payments`).
PAYMENTS: Mapping[str, str] = {
    # hash("payment", provider, trade number), as the lines have it.
    "trade_key": "string",
    "order_id": "string",
    # False for one that came a second time for its order and is credited to nobody.
    "credited": "boolean",
}

ORDER_REFUNDS: Mapping[str, str] = {
    "refund_id": "string",
    "order_id": "string",
    "account_id": "string",
    # The order's provider.
    "provider": "string",
    "state": "string",
    # In the currency that was paid.
    "amount": "int64",
    "currency": "string",
    # In the wallet's.
    "taken": "int64",
    # hash("refund", provider, refund number).
    "refund_key": "string",
    "created_at": "int64",
    "ended_at": "int64",
}

# The ledger's transfers between a wallet and the outside: codes credit, cash_refund, cash_shortfall, cash_restored.
CREDITS: Mapping[str, str] = {
    "transfer_id": "string",
    "account_id": "string",
    "code": "string",
    # order, refund or code.
    "cause_kind": "string",
    # The id of the order, refund or code, without a prefix.
    "cause_id": "string",
    # Whether it came from promotions (a bonus), or went back there.
    "is_bonus": "boolean",
    "amount": "int64",
    # The wallet's.
    "currency": "string",
    "at": "int64",
}

# Codes that were redeemed.
REDEMPTIONS: Mapping[str, str] = {
    "code_id": "string",
    "account_id": "string",
    "value": "int64",
    "currency": "string",
    "redeemed_at": "int64",
}
