"""What Stripe's exports have in common: a balance transaction as a line.

All of them are in major units, also of currencies without decimals (the interface is in smallest ones). Their `fee` is what
Stripe keeps, positive; `net` tells where an export has it the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from counterfoil.foundation.currencies import from_minor, minor_digits
from counterfoil.reconcile.statements.decimal_signs import POINT, decimal_sign
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.headers import Header, Record
from counterfoil.reconcile.statements.model import LineKind, RejectReason

# What we write ourselves into payments and refunds, and what others use in its place.
ORDER_KEYS = ("order", "order_id", "order_number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The money of one balance transaction. Amounts are nanos; `amount` and `fee` as lines have them."""

    kind: LineKind
    direction: int
    amount: int
    fee: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyColumns:
    """Names of the columns: `gross` and its former names, and so on."""

    gross: tuple[str, ...]
    fee: tuple[str, ...]
    net: tuple[str, ...]
    currency: tuple[str, ...]


def decimal_sign_of(document: Document, header: Header, columns: MoneyColumns) -> str:
    """Reports are made with a decimal sign that whoever asks for them chooses; a point is usual."""
    return decimal_sign(_amounts(document, header, columns), otherwise=POINT)


def _amounts(document: Document, header: Header, columns: MoneyColumns) -> Iterable[str]:
    for row in document.head:
        if row.number > header.number:
            record = Record(header=header, row=row)
            for names in (columns.gross, columns.fee, columns.net):
                yield record.text(*names)


def money_of(record: Record, kind: LineKind, columns: MoneyColumns, decimal: str) -> Moved:
    """Gross, fee and currency; raises `CellUnreadable` where they do not add up to the net."""
    currency = record.currency(*columns.currency)
    gross = record.amount(*columns.gross, decimal=decimal)
    if gross % from_minor(1, minor_digits(currency)):
        raise record.fail(RejectReason.AMOUNT_UNREADABLE, *columns.gross)
    fee = _kept(record, gross, columns, decimal)
    if gross == 0 and fee != 0:
        # A fee of its own, which some kinds have in the fee's column.
        return Moved(kind=LineKind.FEE, direction=-1 if fee > 0 else 1, amount=abs(fee), fee=0, currency=currency)
    direction = -1 if gross < 0 else 1
    return Moved(kind=kind, direction=direction, amount=abs(gross), fee=fee, currency=currency)


def _kept(record: Record, gross: int, columns: MoneyColumns, decimal: str) -> int:
    fee = record.amount_or_zero(*columns.fee, decimal=decimal)
    if not record.text(*columns.net):
        return fee
    kept = gross - record.amount(*columns.net, decimal=decimal)
    if abs(kept) != abs(fee):
        raise record.fail(RejectReason.AMOUNT_UNREADABLE, *columns.net)
    return kept
