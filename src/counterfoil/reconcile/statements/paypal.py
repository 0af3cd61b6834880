"""PayPal's activity download, in English, German, French and Chinese.

Fees are negative there: `net` tells what was kept. A row whose balance impact is "memo" moved nothing, whatever its status.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from counterfoil.reconcile.statements.cells import CellUnreadable
from counterfoil.reconcile.statements.decimal_signs import decimal_sign
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Header, Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, LineStatus, RejectReason, Statement
from counterfoil.reconcile.statements.paypal_times import DateOrder, date_order, read_moment
from counterfoil.reconcile.statements.paypal_words import LANGUAGES, Language, kind_of_code

_NEEDED = ("date", "time", "zone", "type", "currency", "gross", "fee", "net", "number")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    """How this file is written."""

    language: Language
    decimal: str
    order: DateOrder
    reading: Reading

    def names(self, field: str) -> tuple[str, ...]:
        return self.language.columns[field]


class PayPal:
    """The activity download, as CSV or separated by tabs, and the statement of what moved the balance."""

    name = "paypal"
    version = 1

    def identify(self, document: Document) -> bool:
        return _found(document) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        found = _found(document)
        if found is None:
            raise StatementUnreadable()
        header, language = found
        manner = _manner(document, header, language, reading)
        table = read_table(document.rows(), header, lambda record: _line(record, manner))
        return Statement(
            importer=self.name, version=self.version, lines=table.lines, rejects=table.rejects, totals=(),
            is_truncated=table.is_cut,
        )  # fmt: skip


def _found(document: Document) -> tuple[Header, Language] | None:
    """The header, and the language that it is in."""
    for language in LANGUAGES:
        # The first row with a date and a net column of that language, then everything that is needed by any of its names.
        for net in language.columns["net"]:
            header = find_header(document.head, language.columns["date"][0], net)
            if header is not None and all(header.position(*language.columns[field]) is not None for field in _NEEDED):
                return header, language
    return None


def _manner(document: Document, header: Header, language: Language, reading: Reading) -> _Manner:
    columns = language.columns
    records = [Record(header=header, row=row) for row in document.head if row.number > header.number]
    amounts = (record.text(*columns[field]) for record in records for field in ("gross", "fee", "net"))
    rows = (Record(header=header, row=row) for row in document.rows() if row.number > header.number)
    dates = ((record.text(*columns["date"]), record.text(*columns["zone"])) for record in rows)
    return _Manner(
        language=language,
        decimal=decimal_sign(amounts, otherwise=language.decimal),
        order=date_order(dates, time_zone=reading.time_zone),
        reading=reading,
    )


def _line(record: Record, manner: _Manner) -> Line | None:
    kind = _kind(record, manner)
    if kind is None:
        return None
    number = record.needed_id(*manner.names("number"))
    gross = record.amount(*manner.names("gross"), decimal=manner.decimal)
    if kind is LineKind.PAYMENT and gross < 0:
        # Somebody else was paid out of the account.
        kind = LineKind.TRANSFER
    reference = record.id(*manner.names("reference"))
    return Line(
        number=record.row.number, natural_key=number, kind=kind, status=_status(record, manner),
        direction=-1 if gross < 0 else 1, amount=abs(gross), fee=_kept(record, gross, manner),
        currency=record.currency(*manner.names("currency"), default=manner.reading.currency), at=_at(record, manner),
        trade_number=number if kind is LineKind.PAYMENT else reference,
        order_number=_order(record, manner),
        refund_number=number if kind is LineKind.REFUND else None,
        payout_number=number if kind is LineKind.PAYOUT else None,
        payer=record.id(*manner.names("payer")),
        description=record.text(*manner.names("subject")) or record.text(*manner.names("type")) or None,
        raw=record.raw,
    )  # fmt: skip


def _kind(record: Record, manner: _Manner) -> LineKind | None:
    """By its code, where the file has codes, else by its type's words; None for a row that details the one above."""
    told = _folded(record.needed(*manner.names("type")))
    by_word = next(((kind,) for pattern, kind in manner.language.kinds if pattern.search(told)), None)
    if by_word == (None,):
        return None
    by_code = kind_of_code(record.text(*manner.names("code")))
    if by_code is not None:
        return by_code
    if by_word is None:
        raise record.fail(RejectReason.CELL_UNKNOWN, *manner.names("type"))
    return by_word[0]


def _status(record: Record, manner: _Manner) -> LineStatus:
    impact = _folded(record.text(*manner.names("impact")))
    told = _folded(record.text(*manner.names("status")))
    # A statement of what moved the balance has no statuses.
    status = manner.language.statuses.get(told) if told else LineStatus.SUCCEEDED
    if status is None:
        raise record.fail(RejectReason.CELL_UNKNOWN, *manner.names("status"))
    if impact in manner.language.memos and status is LineStatus.SUCCEEDED:
        return LineStatus.CLOSED
    return status


def _kept(record: Record, gross: int, manner: _Manner) -> int:
    """What PayPal kept: positive, whichever sign the file gives it. Raises `CellUnreadable` where the row does not add up."""
    names = manner.names("net")
    fee = record.amount_or_zero(*manner.names("fee"), decimal=manner.decimal)
    kept = gross - record.amount(*names, decimal=manner.decimal)
    if abs(kept) != abs(fee):
        raise record.fail(RejectReason.AMOUNT_UNREADABLE, *names)
    return kept


def _at(record: Record, manner: _Manner) -> int:
    date = record.needed(*manner.names("date"))
    try:
        return read_moment(
            date, record.text(*manner.names("time")), record.text(*manner.names("zone")), order=manner.order,
            time_zone=manner.reading.time_zone, is_chinese=manner.language.name == "zh",
        )  # fmt: skip
    except CellUnreadable as error:
        raise record.fail(error.reason, *manner.names("date")) from None


def _order(record: Record, manner: _Manner) -> str | None:
    """Our order's number, as it was given when the payment began."""
    names = manner.reading.columns.get("order_number", "")
    return record.id(names) or record.id(*manner.names("invoice")) or record.id(*manner.names("custom"))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
