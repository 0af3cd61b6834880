"""A bank account of ours, by a mapping: every bank names its columns as it likes.

Fields: `time` or `date` with `clock`; `amount` (with `direction` where it has no sign) or `income` and `expense`;
`currency`, `reference` (the bank's own number), `payer`, `payer_account`, `description`, `remark`, `balance`.
"""

from __future__ import annotations

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.headers import Record, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.mapped import Mapped, find_mapped
from counterfoil.reconcile.statements.model import Line, LineKind, Statement

FIELDS = (
    "time", "date", "clock", "amount", "direction", "income", "expense", "currency", "reference", "payer", "payer_account",
    "description", "remark", "balance",
)  # fmt: skip
# Who pays out to us: what a payment channel sends is no customer's payment.
_CHANNELS = ("财付通", "微信支付", "支付宝", "易支付", "stripe", "paypal", "tenpay", "alipay")


class Bank:
    name = "bank"
    version = 1

    def identify(self, document: Document) -> bool:
        """Never: what the columns mean is known only by the mapping."""
        return False

    def extract(self, document: Document, reading: Reading) -> Statement:
        mapped = find_mapped(document, reading, FIELDS)
        reader = _BankReader(mapped)
        table = read_table(document.rows(), mapped.header, reader.line)
        return Statement(
            importer=self.name,
            version=self.version,
            lines=table.lines,
            rejects=table.rejects,
            totals=(),
            is_truncated=table.is_cut,
        )


class _BankReader:
    def __init__(self, mapped: Mapped) -> None:
        self._mapped = mapped
        self._seen: dict[str, int] = {}

    def line(self, record: Record) -> Line:
        mapped = self._mapped
        direction, amount = mapped.movement(record)
        at = mapped.time(record)
        said = " ".join(text for field in ("description", "remark") if (text := mapped.text(record, field)))
        payer = mapped.id(record, "payer_account") or mapped.id(record, "payer")
        reference = mapped.id(record, "reference")
        kind = _kind(direction, f"{said} {mapped.text(record, 'payer')}".casefold())
        return Line(
            number=record.row.number,
            natural_key=f"{reference}:{direction}" if reference else self._composite(record, at, direction, amount),
            kind=kind,
            direction=direction,
            amount=amount,
            currency=mapped.currency_of(record),
            at=at,
            trade_number=reference,
            order_number=cells.written_order(said),
            payout_number=(said or None) if kind is LineKind.PAYOUT else None,
            payer=payer,
            description=said or None,
            raw=record.raw,
        )

    def _composite(self, record: Record, at: int, direction: int, amount: int) -> str:
        """A bank without numbers: everything it says, and which of several such lines it is."""
        said = [
            self._mapped.text(record, field) for field in ("payer", "payer_account", "description", "remark", "balance")
        ]
        key = ":".join((str(at), str(direction * amount), *said))
        self._seen[key] = self._seen.get(key, 0) + 1
        return f"{key}#{self._seen[key]}"


def _kind(direction: int, about: str) -> LineKind:
    if direction < 0:
        if "手续费" in about or "fee" in about.split():
            return LineKind.FEE
        return LineKind.REFUND if "退款" in about or "refund" in about else LineKind.TRANSFER
    return LineKind.PAYOUT if any(channel in about for channel in _CHANNELS) else LineKind.PAYMENT
