"""Any table, by a mapping: for channels and upstreams that have no importer of their own.

Fields besides `bank`'s times and amounts: `kind`, `status`, `fee`, `key` (the natural key), `trade_number`, `order_number`,
`refund_number`, `merchant_refund_number`, `payout_number`, `payer`, `description`; for upstreams `model`, `key_name`,
`upstream_id`, `end`, `requests`, `input_tokens`, `cached_tokens`, `cache_write_tokens`, `output_tokens`.
"""

from __future__ import annotations

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.headers import Record, normalise, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.mapped import Mapped, find_mapped
from counterfoil.reconcile.statements.model import Line, LineKind, LineStatus, RejectReason, Statement, UpstreamUse

_IDS = ("trade_number", "order_number", "refund_number", "merchant_refund_number", "payout_number", "payer")
_COUNTS = ("requests", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")
FIELDS = (
    "time", "date", "clock", "end", "amount", "direction", "income", "expense", "currency", "kind", "status", "fee", "key",
    *_IDS, "description", "model", "key_name", "upstream_id", *_COUNTS,
)  # fmt: skip
_KINDS = {
    **{kind.value: kind for kind in LineKind},
    **dict.fromkeys(("支付", "收款", "交易", "充值", "charge", "sale"), LineKind.PAYMENT),
    "退款": LineKind.REFUND,
    **dict.fromkeys(("手续费", "服务费"), LineKind.FEE),
    **dict.fromkeys(("提现", "结算", "withdrawal"), LineKind.PAYOUT),
    "调整": LineKind.ADJUSTMENT,
    "转账": LineKind.TRANSFER,
}
_STATUSES = {
    **{status.value: status for status in LineStatus},
    **dict.fromkeys(("成功", "已支付", "支付成功", "已完成", "success", "paid", "completed"), LineStatus.SUCCEEDED),
    **dict.fromkeys(("处理中", "待支付", "未支付", "processing", "open"), LineStatus.PENDING),
    **dict.fromkeys(("失败", "failure", "declined"), LineStatus.FAILED),
    **dict.fromkeys(("关闭", "已关闭", "已取消", "canceled", "cancelled"), LineStatus.CLOSED),
}


class Generic:
    name = "generic"
    version = 1

    def identify(self, document: Document) -> bool:
        """Never: what the columns mean is known only by the mapping."""
        return False

    def extract(self, document: Document, reading: Reading) -> Statement:
        mapped = find_mapped(document, reading, FIELDS)
        reader = _GenericReader(mapped)
        table = read_table(document.rows(), mapped.header, reader.line)
        return Statement(
            importer=self.name,
            version=self.version,
            lines=table.lines,
            rejects=table.rejects,
            totals=(),
            is_truncated=table.is_cut,
        )


class _GenericReader:
    def __init__(self, mapped: Mapped) -> None:
        self._mapped = mapped
        self._seen: dict[str, int] = {}

    def line(self, record: Record) -> Line:
        mapped = self._mapped
        direction, amount = mapped.movement(record)
        at = mapped.time(record)
        ids = {field: mapped.id(record, field) for field in _IDS}
        use = self._use(record, at)
        kind = self._kind(record, direction, has_refund=ids["refund_number"] is not None, is_use=use is not None)
        if use is not None and "direction" not in mapped.columns:
            # What an upstream bills is money that leaves, though it is written without a sign; a credit has one.
            direction = -direction
        return Line(
            number=record.row.number,
            natural_key=self._key(record, kind, ids),
            kind=kind,
            status=self._status(record),
            direction=direction,
            amount=amount,
            fee=mapped.amount(record, "fee"),
            currency=mapped.currency_of(record),
            at=at,
            description=mapped.text(record, "description") or None,
            use=use,
            raw=record.raw,
            **ids,
        )

    def _kind(self, record: Record, direction: int, *, has_refund: bool, is_use: bool) -> LineKind:
        if "kind" in self._mapped.columns:
            found = _KINDS.get(normalise(self._mapped.text(record, "kind")))
            if found is None:
                raise record.fail(RejectReason.CELL_UNKNOWN, self._mapped.columns["kind"])
            return found
        if is_use:
            return LineKind.COST
        if direction > 0:
            return LineKind.PAYMENT
        return LineKind.REFUND if has_refund else LineKind.ADJUSTMENT

    def _status(self, record: Record) -> LineStatus:
        if "status" not in self._mapped.columns:
            return LineStatus.SUCCEEDED
        found = _STATUSES.get(normalise(self._mapped.text(record, "status")))
        if found is None:
            raise record.fail(RejectReason.CELL_UNKNOWN, self._mapped.columns["status"])
        return found

    def _use(self, record: Record, at: int) -> UpstreamUse | None:
        mapped = self._mapped
        if "model" not in mapped.columns:
            return None
        return UpstreamUse(
            model=record.needed(mapped.columns["model"]),
            key_name=mapped.text(record, "key_name") or None,
            upstream_id=mapped.id(record, "upstream_id"),
            starts_at=at,
            ends_at=mapped.end(record, at),
            requests=mapped.count(record, "requests"),
            input_tokens=mapped.count(record, "input_tokens"),
            cached_tokens=mapped.count(record, "cached_tokens"),
            cache_write_tokens=mapped.count(record, "cache_write_tokens"),
            output_tokens=mapped.count(record, "output_tokens"),
        )

    def _key(self, record: Record, kind: LineKind, ids: dict[str, str | None]) -> str:
        """The mapped key; else the numbers that the line has; else all of it, and which of several such lines it is."""
        mapped = self._mapped
        if "key" in mapped.columns:
            return record.needed_id(mapped.columns["key"])
        own = mapped.id(record, "upstream_id") or ids["refund_number"] or ids["payout_number"] or ids["trade_number"]
        if own:
            return f"{kind}:{own}"
        key = "\x1f".join(record.text(column) for _, column in sorted(mapped.columns.items()))
        self._seen[key] = self._seen.get(key, 0) + 1
        return f"{key}#{self._seen[key]}"
