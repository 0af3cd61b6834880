"""Invoices (发票) that are asked for, and what a tax number may look like. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from counterfoil.foundation.errors import InputError

LEGAL_NAME_MAX = 200
NUMBER_MAX = 60
# How companies write it: `91310000-MA1FL-1234X`, with or without a space.
_BETWEEN = re.compile(r"[\s-]")
_TAX_ID = re.compile(r"[0-9A-Z]{6,20}\Z")


class InvoiceState(StrEnum):
    REQUESTED = "requested"
    ISSUED = "issued"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRequest:
    """A request for the invoice of an order, decided by finance.

    `amount` is what is left of the order's payment now (nanos of `currency`): what the invoice is to be made out for.
    """

    invoice_id: UUID
    order_id: UUID
    account_id: UUID
    state: InvoiceState
    legal_name: str = field(repr=False)
    tax_id: str = field(repr=False)
    amount: int
    currency: str
    requested_by: str
    requested_at: int
    number: str | None = None
    reason: str | None = None
    decided_by: str | None = None
    decided_at: int | None = None


def read_tax_id(text: str) -> str:
    """A tax number as it is kept: capitals and digits alone. Raises `InputError`, which does not repeat it."""
    cleaned = _BETWEEN.sub("", text).upper()
    if not _TAX_ID.match(cleaned):
        raise InputError(code="tax_id_unreadable", expected="6 to 20 digits and letters")
    return cleaned
